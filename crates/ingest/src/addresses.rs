//! Addresses with whose they are: one a line, or CSV with a header (`address`, `label`), as a firm exports its customers.
//!
//! In: the bytes of a file. Out: address texts and labels, in order. Nothing is left out: a row without address, or of another
//! length than the header, refuses the file; whether a text is an address is for the caller to see.

use crate::lists::{ListError, ListErrorKind, Place, Row, strict_rows};

/// Reads a file of addresses; the label is empty where it gives none.
///
/// # Errors
/// If it is no such text.
pub fn read_addresses(bytes: &[u8], file: &str) -> Result<Vec<(String, String)>, ListError> {
    let mut rows = strict_rows(bytes, file)?.into_iter().peekable();
    let is_header = |row: &Row| row.fields.iter().any(|name| name.eq_ignore_ascii_case("address"));
    let header: Vec<String> = match rows.next_if(is_header) {
        Some(row) => row.fields.iter().map(|name| name.to_lowercase()).collect(),
        None => vec!["address".to_owned()],
    };
    if let Some(name) = header.iter().find(|name| !["address", "label"].contains(&name.as_str())) {
        let what = format!("column {name:?} is not known");
        return Err(ListError::malformed(file, Place::Line(1), what)
            .with_hint("columns are address and label"));
    }
    let column = |name: &str| header.iter().position(|known| known == name);
    let mut found = Vec::new();
    for row in rows {
        let refused = |what: String| ListError::malformed(file, Place::Line(row.line), what);
        if row.fields.len() != header.len() {
            let what = format!("{} columns where {} belong", row.fields.len(), header.len());
            return Err(
                refused(what).with_hint("columns are address and label, named in the first line")
            );
        }
        let field = |name: &str| column(name).map_or("", |at| row.fields[at].trim());
        if field("address").is_empty() {
            return Err(refused("a row without address".to_owned()));
        }
        found.push((field("address").to_owned(), field("label").to_owned()));
    }
    match found.is_empty() {
        true => Err(ListError::new(ListErrorKind::Truncated, file, "no addresses in this file")),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = read_addresses(text.as_bytes(), "x.csv").unwrap();
        let found: Vec<_> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_and_columns_are_read() {
        check("a\nb\n\n", &[("a", ""), ("b", "")]);
        check("Label,Address\ncustomer 1,a\n\"x, y\",b\n", &[("a", "customer 1"), ("b", "x, y")]);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for (text, what) in [
            ("", "no addresses"),
            ("address,label\na", "1 columns where 2"),
            ("address,label\n,x", "without address"),
            ("address,colour\na,b", "\"colour\" is not known"),
            ("a,b", "2 columns where 1"),
        ] {
            let error = read_addresses(text.as_bytes(), "x.csv").unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}

//! Addresses with whose they are: one a line, or CSV with a header (`address`, `label`), as a firm exports its customers.
//!
//! In: the bytes of a file. Out: address texts and labels, in order. Nothing is left out: a row without address, or of another
//! length than the header, refuses the file; whether a text is an address is for the caller to see.

use crate::lists::{ListError, ListErrorKind, Place, Row, strict_rows, without_comment};

/// An address of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressLine {
    /// Its line, from 1.
    pub line: u64,
    /// The address as it is written.
    pub address: String,
    /// Whose it is; empty where the file does not say.
    pub label: String,
}

/// Reads a file of addresses. `#` begins a comment: at the start of a line, and of a file without header also after an address
/// (a label may hold one).
///
/// # Errors
/// If it is no such text.
pub fn read_addresses(bytes: &[u8], file: &str) -> Result<Vec<AddressLine>, ListError> {
    let bytes = without_comments(bytes);
    let mut rows = strict_rows(&bytes, file)?.into_iter().peekable();
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
        found.push(AddressLine {
            line: row.line,
            address: field("address").to_owned(),
            label: field("label").to_owned(),
        });
    }
    match found.is_empty() {
        true => Err(ListError::new(ListErrorKind::Truncated, file, "no addresses in this file")
            .with_hint("it has one address a line, or CSV with the columns address and label")),
        false => Ok(found),
    }
}

/// The same lines, comments left out; a line that is no UTF-8 stays as it is and is refused with its place.
fn without_comments(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let is_comment = |line: &str| line.trim_start_matches('\u{feff}').trim_start().starts_with('#');
    let first = text.lines().find(|line| !is_comment(line) && !line.trim().is_empty());
    // The names of columns, as far as they can be told before quotes are read.
    let is_csv = first.is_some_and(|line| line.to_lowercase().contains("address"));
    let kept = text.split('\n').map(|line| match is_comment(line) {
        true => "",
        false if is_csv => line,
        false => without_comment(line),
    });
    kept.collect::<Vec<_>>().join("\n").into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found = read_addresses(text.as_bytes(), "x.csv").unwrap();
        let found: Vec<_> =
            found.iter().map(|row| (row.address.as_str(), row.label.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_and_columns_are_read() {
        check("a\nb\n\n", &[("a", ""), ("b", "")]);
        check("Label,Address\ncustomer 1,a\n\"x, y\",b\n", &[("a", "customer 1"), ("b", "x, y")]);
    }

    #[test]
    fn comments_are_no_addresses() {
        check("# customers\na # \"one\nb\n  # c\n", &[("a", ""), ("b", "")]);
        check("# x\naddress,label\na,customer #5\n#b,y\n", &[("a", "customer #5")]);
        let found = read_addresses(b"# x\n\na\n", "x.csv").unwrap();
        assert_eq!(found[0].line, 3);
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

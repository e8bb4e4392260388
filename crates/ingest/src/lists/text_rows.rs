//! Rows of comma-separated text, read strictly: a quote out of place is an error, not a guess.
//!
//! In: the bytes of a file. Out: rows of fields with their line numbers.
//! Source: RFC 4180. Departures: a field may not hold a line break (an unclosed quote would swallow rows unseen);
//! blanks may stand around unquoted fields and after a closing quote, as OFAC writes them; one 0x1A may end the file.
//! Turned down: a lenient CSV reader, which reads `"a"b` and unclosed quotes as data.

use super::error::{ListError, ListErrorKind, Place};

/// One row and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) line: u64,
    pub(crate) fields: Vec<String>,
}

/// The text of a file, and whether it ends in OFAC's end mark 0x1A.
pub(super) fn text<'a>(bytes: &'a [u8], file: &str) -> Result<(&'a str, bool), ListError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = u64::try_from(error.valid_up_to()).unwrap_or(u64::MAX);
        ListError::malformed(file, Place::Byte(at), "not UTF-8")
    })?;
    let end = text.trim_end_matches(['\r', '\n']);
    let (text, is_terminated) = match end.strip_suffix('\u{1a}') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    for (line, number) in text.split('\n').zip(1..) {
        if line.strip_suffix('\r').unwrap_or(line).chars().any(|c| c.is_control() && c != '\t') {
            return Err(ListError::malformed(file, Place::Line(number), "a control character"));
        }
    }
    Ok((text, is_terminated))
}

/// The rows of a text; blank lines are none.
pub(super) fn rows<'a>(
    text: &'a str,
    file: &'a str,
) -> impl Iterator<Item = Result<Row, ListError>> + 'a {
    text.split('\n').zip(1..).filter_map(move |(line, number)| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        (!line.trim().is_empty()).then(|| {
            let broken = |what: &str| ListError::malformed(file, Place::Line(number), what);
            fields(line).map(|fields| Row { line: number, fields }).map_err(broken)
        })
    })
}

fn fields(line: &str) -> Result<Vec<String>, &'static str> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                if rest[..end].contains('"') {
                    return Err("a quote within an unquoted field");
                }
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

/// The field after its opening quote, and what follows it: a comma, or nothing.
fn quoted_field(mut rest: &str) -> Result<(String, &str), &'static str> {
    let mut field = String::new();
    loop {
        let end = rest.find('"').ok_or("a quote is opened and not closed on its line")?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        if let Some(next) = rest.strip_prefix('"') {
            field.push('"');
            rest = next;
            continue;
        }
        let after = rest.trim_start();
        return match after.is_empty() || after.starts_with(',') {
            true => Ok((field, after)),
            false => Err("text after a closing quote"),
        };
    }
}

/// An integer that names a party.
pub(super) fn party_id(row: &Row, file: &str) -> Result<String, ListError> {
    let id = row.fields.first().map_or("", String::as_str);
    match !id.is_empty() && id.len() <= 12 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(id.to_owned()),
        false => {
            let what = format!("{id:?} is not a number of an entity");
            Err(ListError::malformed(file, Place::Line(row.line), what))
        }
    }
}

/// Refuses a row that has not `n_columns` fields.
pub(super) fn demand_columns(row: &Row, n_columns: usize, file: &str) -> Result<(), ListError> {
    match row.fields.len() == n_columns {
        true => Ok(()),
        false => {
            let what = format!("{} columns where {n_columns} belong", row.fields.len());
            Err(ListError::malformed(file, Place::Line(row.line), what))
        }
    }
}

/// A file of OFAC's that ends without the end mark was cut, or handled by a tool that drops it.
pub(super) fn demand_end_mark(
    is_terminated: bool,
    accept: bool,
    file: &str,
) -> Result<(), ListError> {
    if is_terminated || accept {
        return Ok(());
    }
    Err(ListError::new(ListErrorKind::Truncated, file, "the end mark 0x1A of OFAC's CSV files is missing")
        .with_hint("the file may have been cut: fetch it again, or pass --accept-unterminated if you know it is whole"))
}

/// Every row of a file, for readers outside of this module.
pub(crate) fn strict_rows(bytes: &[u8], file: &str) -> Result<Vec<Row>, ListError> {
    let (content, _) = text(bytes, file)?;
    rows(content, file).collect()
}

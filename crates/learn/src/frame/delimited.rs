//! A delimited file as a table of texts.

use super::texts::TextsBuilder;
use super::{Column, Frame, Values};
use crate::LearnError;

/// What may separate fields, in the order in which it is tried.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records that tell which delimiter a file has.
const SNIFFED: usize = 50;

impl Frame {
    /// The table of a delimited file with a header: every column is text, an empty field is missing, and names are kept
    /// exactly. The delimiter is the one of comma, semicolon, tab and bar that cuts the first 50 records into the most
    /// fields, the same number in each. Quotes are doubled inside quotes (RFC 4180); a byte order mark is left out. A column
    /// whose name the header leaves blank, as pandas does for its index, is named by its place: `column_1`.
    ///
    /// # Errors
    /// `Line` for text that is not UTF-8, a row of another number of fields, an open quote, or a blank line in a table
    /// of one column; `EmptyTable` and `ColumnName` as in [`Frame::new`].
    pub fn from_csv(bytes: &[u8]) -> Result<Self, LearnError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + count_lines(&bytes[..error.valid_up_to()]);
            LearnError::Line { line, problem: "this is not UTF-8".to_owned() }
        })?;
        let delimiter = sniffed(bytes);
        let mut records = reader(bytes, delimiter);
        let mut record = csv::StringRecord::new();
        if !records.read_record(&mut record).map_err(|error| line_error(&error))? {
            return Err(LearnError::EmptyTable { what: "column" });
        }
        let names: Vec<String> = record.iter().map(str::to_owned).collect();
        refuse_blank_lines(text, names.len())?;
        let mut columns: Vec<TextsBuilder> = Vec::new();
        columns.resize_with(names.len(), TextsBuilder::default);
        refuse_stray_quotes(bytes, delimiter)?;
        while records.read_record(&mut record).map_err(|error| line_error(&error))? {
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() != names.len() {
                let problem =
                    format!("a row of {} fields under a header of {}", record.len(), names.len());
                return Err(LearnError::Line { line, problem });
            }
            for (column, field) in columns.iter_mut().zip(&record) {
                column.push(Some(field).filter(|field| !field.is_empty()));
            }
        }
        let (names, unnamed) = named_by_place(names);
        let columns = names.into_iter().zip(columns);
        let column = |(name, texts): (String, TextsBuilder)| Column {
            name,
            values: Values::Texts(texts.finish()),
        };
        let mut frame = Self::new(columns.map(column).collect())?;
        frame.unnamed = unnamed;
        Ok(frame)
    }
}

/// Names of a header with the place for those that are blank, and which were.
fn named_by_place(mut names: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut unnamed = Vec::new();
    for at in 0..names.len() {
        if !names[at].trim().is_empty() {
            continue;
        }
        let mut name = format!("column_{}", at + 1);
        while names.contains(&name) {
            name.push('_');
        }
        unnamed.push(name.clone());
        names[at] = name;
    }
    (names, unnamed)
}

/// Our own count of fields: the reader's error would not say where.
fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(bytes)
}

fn sniffed(bytes: &[u8]) -> u8 {
    let n_fields = |delimiter: &u8| {
        let mut records = reader(bytes, *delimiter).into_byte_records();
        let counts: Vec<usize> = records
            .by_ref()
            .take(SNIFFED)
            .map_while(Result::ok)
            .map(|record| record.len())
            .collect();
        let (first, rest) = counts.split_first()?;
        Some(if rest.iter().all(|count| count == first) { *first } else { 0 })
    };
    // A header alone decides where no delimiter cuts evenly: then the error names the row that does not fit.
    let best = DELIMITERS.iter().rev().max_by_key(|delimiter| n_fields(delimiter));
    let best = best.copied().unwrap_or(b',');
    if n_fields(&best).unwrap_or(0) > 1 {
        return best;
    }
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &&u8| header.iter().filter(|byte| byte == delimiter).count();
    DELIMITERS.iter().rev().max_by_key(count).copied().unwrap_or(b',')
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn line_error(error: &csv::Error) -> LearnError {
    let line = error.position().map_or(0, csv::Position::line);
    LearnError::Line { line, problem: error.to_string() }
}

/// In a table of one column a blank line may be a missing value, which the reader would skip.
fn refuse_blank_lines(text: &str, n_columns: usize) -> Result<(), LearnError> {
    let lines = text.trim_end_matches(['\n', '\r']).split('\n');
    let blank = lines.enumerate().find(|(_, line)| line.trim_end_matches('\r').is_empty());
    match blank {
        Some((at, _)) if n_columns == 1 => {
            let problem = "a blank line in a table of one column: write \"\" for a missing value";
            Err(LearnError::Line { line: at as u64 + 1, problem: problem.to_owned() })
        }
        _ => Ok(()),
    }
}

/// The reader takes text after a closing quote for more of the field, and the end of the file for the end of a quote: a quote
/// that opens by mistake would swallow rows in silence.
fn refuse_stray_quotes(bytes: &[u8], delimiter: u8) -> Result<(), LearnError> {
    let refused = |at: usize, problem: String| {
        Err(LearnError::Line { line: 1 + count_lines(&bytes[..at]), problem })
    };
    let ends = |byte: u8| byte == delimiter || byte == b'\n' || byte == b'\r';
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'"' {
            // To the start of the next field.
            let next = bytes[at..].iter().position(|byte| ends(*byte));
            at = next.map_or(bytes.len(), |next| at + next + 1);
            continue;
        }
        let opened = at;
        at += 1;
        loop {
            match bytes[at..].iter().position(|byte| *byte == b'"') {
                None => return refused(opened, "a quote is never closed".to_owned()),
                Some(next) => at += next + 1,
            }
            match bytes.get(at) {
                // A quote in quotes is doubled; another one ends them.
                Some(b'"') => at += 1,
                None => return Ok(()),
                Some(byte) if ends(*byte) => break,
                Some(_) => {
                    let line = 1 + count_lines(&bytes[..opened]);
                    let problem = format!(
                        "text after the closing quote of a field that begins in line {line}"
                    );
                    return refused(at, problem);
                }
            }
        }
        at += 1;
    }
    Ok(())
}

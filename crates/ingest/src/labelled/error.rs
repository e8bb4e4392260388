//! What is wrong with labelled data: an error for a file, a count for rows.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A file or folder of which nothing can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledError {
    file: String,
    line: Option<u64>,
    what: String,
    hint: Option<String>,
}

impl LabelledError {
    pub(super) fn new(file: &Path, line: Option<u64>, what: impl Into<String>) -> Self {
        Self { file: file.display().to_string(), line, what: what.into(), hint: None }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn io(file: &Path, error: &std::io::Error) -> Self {
        Self::new(file, None, format!("cannot be read: {error}"))
    }

    /// The file at fault.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl fmt::Display for LabelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for LabelledError {}

/// Rows or files that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file, or the folder of the files.
    pub file: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The first of them: a line, a transaction, a file.
    pub first: String,
}

/// Counts what is left out of one file.
#[derive(Debug, Default)]
pub(super) struct Skips {
    by_reason: BTreeMap<(String, String), (u64, String)>,
}

impl Skips {
    pub(super) fn add(&mut self, file: &str, reason: impl Into<String>, place: impl fmt::Display) {
        let key = (file.to_owned(), reason.into());
        self.by_reason.entry(key).or_insert_with(|| (0, place.to_string())).0 += 1;
    }

    pub(super) fn into_rows(self) -> Vec<Skipped> {
        let row = |((file, reason), (count, first))| Skipped { file, reason, count, first };
        self.by_reason.into_iter().map(row).collect()
    }
}

//! Why an import of prices is refused.

use std::fmt;

/// An import of which nothing is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceError {
    file: String,
    line: Option<u64>,
    what: String,
    hint: Option<String>,
}

impl PriceError {
    pub(super) fn new(file: &str, line: Option<u64>, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), hint: None }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The file at fault.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line at fault, from 1.
    pub fn line(&self) -> Option<u64> {
        self.line
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

impl fmt::Display for PriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for PriceError {}

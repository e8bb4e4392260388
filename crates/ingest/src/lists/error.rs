//! Why a list is refused: file, place, what is wrong, and what to do.

use std::fmt;

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// A byte, from 0.
    Byte(u64),
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ListErrorKind {
    /// The file cannot be read.
    Io,
    /// No list format fits.
    Unrecognized,
    /// The structure of the format is broken.
    Malformed,
    /// The XML belongs to another namespace than the list's.
    Namespace,
    /// The file ends too early.
    Truncated,
    /// A part of the publication is missing.
    Incomplete,
    /// The file says how many records it has, and has another number.
    Count,
    /// Two formats of one publication differ.
    Disagreement,
    /// Older than the list now live.
    Stale,
    /// More entries would be removed than is allowed without consent.
    Removals,
}

/// A list that was refused; the list now live stays live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListError {
    kind: ListErrorKind,
    file: String,
    place: Option<Place>,
    what: String,
    hint: Option<String>,
}

impl ListError {
    pub(crate) fn new(kind: ListErrorKind, file: &str, what: impl Into<String>) -> Self {
        Self { kind, file: file.to_owned(), place: None, what: what.into(), hint: None }
    }

    pub(crate) fn malformed(file: &str, place: Place, what: impl Into<String>) -> Self {
        Self::new(ListErrorKind::Malformed, file, what).at(place)
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The kind of fault.
    pub fn kind(&self) -> ListErrorKind {
        self.kind
    }

    /// The file at fault, or the list where it is no single file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What is wrong, without file and place.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Where in the file.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone().or_else(|| {
            let hint = match self.kind {
                ListErrorKind::Malformed | ListErrorKind::Truncated | ListErrorKind::Count => {
                    "fetch the file again; the list now live stays in force until a whole one is read"
                }
                ListErrorKind::Unrecognized => {
                    "read are SDN_ADVANCED.XML, SDN.XML, the set sdn.csv with sdn_comments.csv, files of one address a line, \
                     and CSV with a column `address`"
                }
                _ => return None,
            };
            Some(hint.to_owned())
        })
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        match self.place {
            Some(Place::Line(line)) => write!(f, ":{line}")?,
            Some(Place::Byte(byte)) => write!(f, " at byte {byte}")?,
            None => {}
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ListError {}

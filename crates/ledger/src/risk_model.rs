//! Models that were put into scores: the log of what was published and withdrawn.

use crate::Timestamp;

/// What happened to a model; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum RiskModelEventKind {
    /// It came into force, in place of the version before.
    Published = 1,
    /// It is in force no more; no version of its name is.
    Withdrawn = 2,
}

impl RiskModelEventKind {
    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Published, Self::Withdrawn].into_iter().find(|kind| *kind as u8 == number)
    }
}

/// A row of the table `risk_models`, without the bytes of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskModelEvent {
    /// What happened.
    pub kind: RiskModelEventKind,
    /// The name that a profile calls it by.
    pub name: String,
    /// Versions of a name count from 1.
    pub version: u32,
    /// SHA-256 of the package, in hexadecimal digits: it names the bytes.
    pub sha256: String,
    /// Why, in words.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

//! What can go wrong: each error carries its input, and a hint apart from it says what to do.

use crate::alerts::{Action, AlertState};
use crate::rules::RuleFault;

/// What can go wrong with rules and alerts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file of rules is not right.
    #[error("{}", lines(faults))]
    Rules {
        /// What is wrong with it, in the order of the file.
        faults: Vec<RuleFault>,
    },
    /// A rule changed and its version did not rise.
    #[error("rule {rule}: version {version} differs from version {known}, which was published")]
    Version {
        /// The rule.
        rule: String,
        /// The version of the file.
        version: u32,
        /// The version that is known.
        known: u32,
    },
    /// There is no such alert, or several.
    #[error("{what}")]
    NoAlert {
        /// What was asked for.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// An alert does not allow an action in its state.
    #[error("alert {id} is {}: {} is not allowed", state.name(), action.name())]
    Transition {
        /// The alert.
        id: String,
        /// Its state.
        state: AlertState,
        /// What was wanted.
        action: Action,
        /// What is allowed.
        hint: String,
    },
    /// A person may not do this alone.
    #[error("alert {id}: {what}")]
    FourEyes {
        /// The alert.
        id: String,
        /// Who else has to.
        what: String,
    },
    /// An action lacks what it needs.
    #[error("{what}")]
    Missing {
        /// What is missing.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// A stored rule or the log of alerts is damaged.
    #[error("{what}")]
    Stored {
        /// What is wrong with it.
        what: String,
    },
}

fn lines(faults: &[RuleFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl CaseError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Rules { faults } => match faults.as_slice() {
                [fault] => fault.hint.clone(),
                several => {
                    let hints: Vec<String> = several
                        .iter()
                        .filter_map(|fault| {
                            Some(format!("line {}: {}", fault.line, fault.hint.as_ref()?))
                        })
                        .collect();
                    (!hints.is_empty()).then(|| hints.join("\n"))
                }
            },
            Self::Version { known, .. } => {
                Some(format!("raise it: `version = {}`", known.saturating_add(1)))
            }
            Self::NoAlert { hint, .. }
            | Self::Transition { hint, .. }
            | Self::Missing { hint, .. } => Some(hint.clone()),
            Self::FourEyes { .. } => Some(
                "another person gives --author NAME, or sends it back by `alerts review`"
                    .to_owned(),
            ),
            Self::Stored { .. } => Some(
                "run `tracehound verify`; if it says sound, another version of the program wrote this"
                    .to_owned(),
            ),
        }
    }

    /// Whether the question or the rules are at fault, not the store.
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Stored { .. } | Self::NoAlert { .. })
    }
}

//! Whom an alert is about, as a name that survives a reorg and a merge.

use std::fmt;

use super::{Dedupe, Rule};

/// Whom facts are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A cluster, named by its first address as text; and the entity that it is known as.
    Cluster {
        /// The text of the address.
        address: String,
        /// The entity's name.
        entity: Option<String>,
    },
    /// A payment to an address.
    Payment {
        /// The address that is paid, as text.
        address: String,
        /// The transaction's id in hexadecimal digits.
        tx: String,
    },
}

/// The name of what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SubjectKey {
    /// A cluster by an address of it.
    Cluster(String),
    /// An entity by name.
    Entity(String),
    /// An address that was paid.
    Address(String),
    /// A payment: transaction and address.
    Payment(String, String),
    /// A watched series by name: what forecasts warn of.
    Series(String),
}

impl SubjectKey {
    /// The key of a stored text.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let rest_owned = || rest.to_owned();
        Some(match kind {
            "cluster" => Self::Cluster(rest_owned()),
            "entity" => Self::Entity(rest_owned()),
            "address" => Self::Address(rest_owned()),
            "series" => Self::Series(rest_owned()),
            "payment" => {
                let (tx, address) = rest.split_once(':')?;
                Self::Payment(tx.to_owned(), address.to_owned())
            }
            _ => return None,
        })
    }

    /// Which rules make such keys; none those of forecasts.
    pub const fn dedupe(&self) -> Option<Dedupe> {
        match self {
            Self::Cluster(_) => Some(Dedupe::Cluster),
            Self::Entity(_) => Some(Dedupe::Entity),
            Self::Address(_) => Some(Dedupe::Address),
            Self::Payment(..) => Some(Dedupe::Payment),
            Self::Series(_) => None,
        }
    }

    /// The address that it names, if it names one.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Cluster(address) | Self::Address(address) | Self::Payment(_, address) => {
                Some(address)
            }
            Self::Entity(_) | Self::Series(_) => None,
        }
    }
}

impl fmt::Display for SubjectKey {
    /// As it is stored: `cluster:ADDRESS`, `entity:NAME`, `address:ADDRESS`, `payment:TX:ADDRESS`, `series:NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(address) => write!(f, "cluster:{address}"),
            Self::Entity(name) => write!(f, "entity:{name}"),
            Self::Address(address) => write!(f, "address:{address}"),
            Self::Payment(tx, address) => write!(f, "payment:{tx}:{address}"),
            Self::Series(name) => write!(f, "series:{name}"),
        }
    }
}

impl Rule {
    /// What has at most one open alert of this rule; `None` if the rule is not about such a subject.
    pub fn key_of(&self, subject: &Subject) -> Option<SubjectKey> {
        Some(match (self.dedupe, subject) {
            (Dedupe::Entity, Subject::Cluster { entity: Some(name), .. }) => {
                SubjectKey::Entity(name.clone())
            }
            (Dedupe::Cluster | Dedupe::Entity, Subject::Cluster { address, .. }) => {
                SubjectKey::Cluster(address.clone())
            }
            (Dedupe::Payment, Subject::Payment { address, tx }) => {
                SubjectKey::Payment(tx.clone(), address.clone())
            }
            (Dedupe::Address, Subject::Payment { address, .. }) => {
                SubjectKey::Address(address.clone())
            }
            _ => return None,
        })
    }
}

//! What people decide about links, what stands behind a link, and links that the collapse guard holds. The engine stores
//! them; they stand here because every table's schema does.

use crate::{Address, ClusterId, Height, Link, Timestamp, TxId};

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DecisionKind {
    /// A held link holds.
    AcceptLink = 1,
    /// A link does not hold.
    RefuseLink = 2,
    /// A link, or all links that a transaction shows, are taken back.
    WithdrawLink = 3,
    /// The links of a rule are taken back, all of them or within heights.
    WithdrawRule = 4,
    /// All links within heights are taken back.
    WithdrawHeights = 5,
    /// An earlier decision is taken back.
    Revoke = 6,
    /// A suggested link holds: two addresses have one owner.
    AcceptSuggestion = 7,
    /// A suggested link does not hold, and is not shown again.
    RefuseSuggestion = 8,
}

impl DecisionKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::AcceptLink,
        Self::RefuseLink,
        Self::WithdrawLink,
        Self::WithdrawRule,
        Self::WithdrawHeights,
        Self::Revoke,
        Self::AcceptSuggestion,
        Self::RefuseSuggestion,
    ];

    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// The name used in tables and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::AcceptLink => "accept_link",
            Self::RefuseLink => "refuse_link",
            Self::WithdrawLink => "withdraw_link",
            Self::WithdrawRule => "withdraw_rule",
            Self::WithdrawHeights => "withdraw_heights",
            Self::Revoke => "revoke",
            Self::AcceptSuggestion => "accept_suggestion",
            Self::RefuseSuggestion => "refuse_suggestion",
        }
    }
}

/// A row of the table `decisions`. What it names is named by transaction and address, never by a dense id: ids may be
/// given anew after a reorg, and a decision must not move to strangers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRecord {
    /// Short hexadecimal name of the decision.
    pub id: String,
    /// What was decided.
    pub kind: DecisionKind,
    /// The transaction of the link.
    pub tx_id: Option<TxId>,
    /// One end of the link; the order of the ends says nothing.
    pub a: Option<Address>,
    /// The other end.
    pub b: Option<Address>,
    /// The rule, by its stored number.
    pub heuristic: Option<u8>,
    /// The first height that it is about; `None` for no bound.
    pub from_height: Option<Height>,
    /// The last height that it is about; `None` for no bound.
    pub to_height: Option<Height>,
    /// The decision that it takes back.
    pub revokes: Option<String>,
    /// Why; never empty.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// When.
    pub decided_at: Timestamp,
}

/// A row of the table `link_sources`: what stands behind links with this `source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSource {
    /// As in [`Link::source`].
    pub id: u32,
    /// `model` or `decision`.
    pub kind: String,
    /// Version of the model, or id of the decision.
    pub name: String,
    /// What a person should know of it, in a line.
    pub about: String,
}

/// A row of the table `models`: a fitted model, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRecord {
    /// Its number from 1, as in [`Link::source`].
    pub id: u32,
    /// What it decides: `change` or `resolution`.
    pub kind: String,
    /// Hash of its text.
    pub version: String,
    /// The model with its figures, as TOML.
    pub text: String,
    /// When it was fitted.
    pub fitted_at: Timestamp,
}

/// A row of the table `held_links`: a link that was not followed, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRecord {
    /// The link.
    pub link: Link,
    /// Why, by its stored number (see `forensics`).
    pub reason: u8,
    /// The clusters of its smaller and its larger address when it was held.
    pub clusters: [ClusterId; 2],
    /// How many addresses each had.
    pub sizes: [u32; 2],
    /// The entity of each that the other lacked, where that was the reason.
    pub entities: [Option<String>; 2],
}

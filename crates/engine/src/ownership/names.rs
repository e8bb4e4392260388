//! Short names for links and decisions: hexadecimal, stable over reruns and reorgs, short enough to be typed.
//!
//! A link's name begins with the first digits of its transaction's id, so that a person sees what it is about and a
//! search over all links hashes only those of that transaction.

use ledger::{Address, TxId};

use crate::digest;

/// Digits of each half of a link's name.
const HALF: usize = 8;
/// Digits of the name of a decision.
const DECISION_DIGITS: usize = 12;
/// The fewest digits by which something is found.
const PREFIX_MIN: usize = 4;

/// The name of a link, as a person typed it: `5e5e5e5e-1a2b3c4d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkId(String);

impl LinkId {
    /// Reads a whole name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (tx, own) = text.split_once('-')?;
        let is_half = |half: &str| {
            half.len() == HALF && half.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        (is_half(tx) && is_half(own)).then(|| Self(text.to_owned()))
    }

    /// Whether a transaction can be the one of the link; most are told apart by this alone.
    pub(crate) fn may_be_of(&self, tx: TxId) -> bool {
        let hex = |byte: &u8| format!("{byte:02x}");
        tx.as_bytes().iter().rev().take(HALF / 2).map(hex).eq(self
            .0
            .as_bytes()
            .chunks(2)
            .take(HALF / 2)
            .map(|pair| String::from_utf8_lossy(pair).into_owned()))
    }

    /// The name as text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

/// The name of a link. The order of its ends does not matter: which of them has the smaller id may change with a reorg.
pub(crate) fn link_id(tx: TxId, heuristic: u8, a: &Address, b: &Address) -> String {
    let (a, b) = (a.key(), b.key());
    let bytes = [&tx.as_bytes()[..], &[heuristic], a.min(b).as_ref(), a.max(b).as_ref()].concat();
    format!("{}-{}", &tx.to_string()[..HALF], &digest(&bytes)[..HALF])
}

/// The name of a decision, from all that it says and its place in the log.
pub(super) fn decision_id(text: &str) -> String {
    digest(text.as_bytes())[..DECISION_DIGITS].to_owned()
}

/// Whether what a person typed names `id`: the beginning of it will do.
pub(super) fn names(typed: &str, id: &str) -> bool {
    typed.len() >= PREFIX_MIN && id.starts_with(typed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use ledger::AddressFamily;

    #[test]
    fn a_link_is_named_by_its_transaction_rule_and_ends() {
        let [a, b, c] = [1, 2, 3].map(|n| Address::of_20(AddressFamily::P2pkh, [n; 20]));
        let mut bytes = [0x5e; 32];
        bytes[31] = 0x12;
        let tx = TxId::from_bytes(bytes);
        let id = link_id(tx, 1, &a, &b);
        assert!(id.starts_with("125e5e5e-") && id.len() == 17, "{id}");
        assert_eq!(id, link_id(tx, 1, &b, &a));
        assert_ne!(id, link_id(tx, 2, &a, &b));
        assert_ne!(id, link_id(tx, 1, &a, &c));
        let parsed = LinkId::parse(&id).unwrap();
        assert!(parsed.may_be_of(tx) && !parsed.may_be_of(TxId::from_bytes([0x5e; 32])));
        assert_eq!(parsed.text(), id);
        for wrong in ["", "125e5e5e", "125e5e5e-", "125E5e5e-00000000", "125e5e5e-0000000g"] {
            assert_eq!(LinkId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_beginning_names_what_it_begins() {
        assert!(names("12ab", "12abcd") && names("12abcd", "12abcd"));
        assert!(!names("12a", "12abcd") && !names("", "12abcd") && !names("12ac", "12abcd"));
    }
}

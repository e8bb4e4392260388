//! Decisions as clusters follow them: names of the log resolved to the ids of a ledger.
//!
//! A decision about something that this ledger does not hold (its block was unwound, say) has no effect, and has it
//! again once the block comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use forensics::decisions::{
    Decision, DecisionId, DecisionKind as Kind, Decisions, LinkKey, PERSON,
};
use ledger::{Address, AddressId, DecisionKind, DecisionRecord, Height, Link, TxId, TxIndex};
use store::{Dictionary, Snapshot};

use super::DecisionLog;
use crate::Error;
use crate::intake::LedgerColumns;
use crate::layout;

/// [`ledger::Link::source`] of a link that a person made: this bit, and the number of the decision.
pub(crate) const OF_DECISION: u32 = 1 << 31;

/// Decisions in the ids of one ledger.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    pub(crate) decisions: Decisions,
    /// Decisions in force that name nothing in this ledger.
    pub(crate) n_without_effect: u64,
}

/// What names are looked up in.
struct Names {
    addresses: Dictionary,
    transactions: Dictionary,
    columns: LedgerColumns,
    bounds: Option<Bounds>,
}

/// How much of the ledger there was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) n_addresses: u32,
    /// The first height that was not there.
    pub(crate) until: Height,
}

impl Names {
    fn tx(&self, id: Option<TxId>) -> Option<TxIndex> {
        let index = u64::from(self.transactions.lookup_one(id?.as_bytes())?);
        let is_there = |bounds: Bounds| self.columns.block_of(index).height < bounds.until.get();
        self.bounds.is_none_or(is_there).then(|| TxIndex::new(index))
    }

    fn address(&self, address: Option<Address>) -> Option<AddressId> {
        let id = self.addresses.lookup_one(&address?.key())?;
        self.bounds.is_none_or(|bounds| id < bounds.n_addresses).then(|| AddressId::new(id))
    }

    fn link(&self, row: &DecisionRecord) -> Option<LinkKey> {
        let (a, b) = (self.address(row.a)?, self.address(row.b)?);
        let heuristic = row.heuristic?;
        Some(LinkKey { tx: self.tx(row.tx_id)?, heuristic, a: a.min(b), b: a.max(b) })
    }

    /// The link that an accepted suggestion makes, dated by the last transaction that speaks for it.
    fn person(&self, number: u32, row: &DecisionRecord) -> Option<Link> {
        let key = self.link(&DecisionRecord { heuristic: Some(PERSON), ..row.clone() })?;
        let height = Height::new(self.columns.block_of(key.tx.get()).height);
        let (tx, heuristic, a, b) = (key.tx, key.heuristic, key.a, key.b);
        let made =
            Link { tx, height, a, b, heuristic, confidence: 1.0, source: OF_DECISION | number };
        (a != b).then_some(made)
    }
}

impl Followed {
    /// Resolves a log against the ledger, or against what `bounds` say there was of it. `links_of` gives all links
    /// that some transactions show.
    pub(crate) fn resolve(
        log: &DecisionLog,
        snapshot: &Snapshot,
        bounds: Option<Bounds>,
        links_of: impl FnOnce(&BTreeSet<TxIndex>) -> Vec<Link>,
    ) -> Result<Self, Error> {
        if log.rows().is_empty() {
            return Ok(Self::default());
        }
        let names = Names {
            addresses: snapshot.dictionary(layout::ADDRESSES)?,
            transactions: snapshot.dictionary(layout::BITCOIN_TX)?,
            columns: LedgerColumns::open(snapshot)?,
            bounds,
        };
        let whole = whole_transactions(log, &names, links_of);
        let mut followed = Self::default();
        let mut kinds: Vec<Kind> = Vec::new();
        for (number, row) in log.in_force() {
            let n_before = kinds.len();
            match row.kind {
                DecisionKind::WithdrawLink if row.a.is_none() => {
                    let tx = names.tx(row.tx_id);
                    let own = tx.and_then(|tx| whole.get(&tx)).into_iter().flatten();
                    let of_rule = own
                        .filter(|link| row.heuristic.is_none_or(|number| number == link.heuristic));
                    kinds.extend(of_rule.map(|link| Kind::Withdraw(LinkKey::of(link))));
                }
                // A refused suggestion is not shown; it changes no cluster.
                DecisionKind::RefuseSuggestion => continue,
                _ => kinds.extend(kind(&names, number, row)),
            }
            followed.n_without_effect += u64::from(kinds.len() == n_before);
        }
        let decisions: Vec<Decision> =
            (1..).zip(kinds).map(|(id, kind)| Decision { id: DecisionId(id), kind }).collect();
        followed.decisions = Decisions::new(&decisions)?;
        Ok(followed)
    }
}

/// The links of the transactions that are withdrawn as a whole.
fn whole_transactions(
    log: &DecisionLog,
    names: &Names,
    links_of: impl FnOnce(&BTreeSet<TxIndex>) -> Vec<Link>,
) -> BTreeMap<TxIndex, Vec<Link>> {
    let is_whole = |row: &DecisionRecord| row.kind == DecisionKind::WithdrawLink && row.a.is_none();
    let rows = log.in_force().filter(|(_, row)| is_whole(row));
    let transactions: BTreeSet<TxIndex> = rows.filter_map(|(_, row)| names.tx(row.tx_id)).collect();
    let mut links: BTreeMap<TxIndex, Vec<Link>> = BTreeMap::new();
    if !transactions.is_empty() {
        for link in links_of(&transactions) {
            links.entry(link.tx).or_default().push(link);
        }
    }
    links
}

fn kind(names: &Names, number: u32, row: &DecisionRecord) -> Option<Kind> {
    let heights = || -> RangeInclusive<Height> {
        let from = row.from_height.unwrap_or(Height::new(0));
        from..=row.to_height.unwrap_or(Height::new(u32::MAX))
    };
    match row.kind {
        DecisionKind::AcceptLink => names.link(row).map(Kind::Accept),
        DecisionKind::RefuseLink => names.link(row).map(Kind::Refuse),
        DecisionKind::WithdrawLink => names.link(row).map(Kind::Withdraw),
        DecisionKind::WithdrawRule => {
            Some(Kind::WithdrawRule { heuristic: row.heuristic?, heights: Some(heights()) })
        }
        DecisionKind::WithdrawHeights => Some(Kind::WithdrawHeights(heights())),
        DecisionKind::AcceptSuggestion => names.person(number, row).map(Kind::AcceptSuggestion),
        DecisionKind::RefuseSuggestion | DecisionKind::Revoke => None,
    }
}

//! What detectors find, and how finds of one thing become one row.
//!
//! A [`Hit`] is what one transaction completed at one cluster. Hits of one pattern and cluster whose transactions overlap
//! (the first of the one is not behind the last of the other) are one match: it grows as long as they do. The rows are a
//! function of the set of hits, so they do not depend on the order in which those were found.

use std::collections::BTreeSet;

use ledger::{AddressId, Amount, ClusterId, Height, PatternMatch, Timestamp, TxIndex, Value};

use super::history::Event;
use super::{Detector, PatternOptions, detector};

/// The most transactions that one row lists.
pub const EVIDENCE_MAX: usize = 256;

/// A transfer that is part of a find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) tx: u32,
    pub(super) payer: u32,
    pub(super) payee: u32,
    pub(super) time: u32,
    pub(super) amount_sat: u64,
    /// Whether it adds to what moved; others are shown only, since the same money must not be counted at every step.
    pub(super) is_counted: bool,
}

impl Entry {
    /// A transfer as `cluster` sees it.
    pub(super) fn of(cluster: u32, event: &Event, is_counted: bool) -> Self {
        let (payer, payee) =
            if event.is_in() { (event.other, cluster) } else { (cluster, event.other) };
        let Event { tx, time, amount_sat, .. } = *event;
        Self { tx, payer, payee, time, amount_sat, is_counted }
    }
}

/// What a transaction completed at a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The number of its detector.
    pub(super) pattern: u8,
    /// Whom it is about.
    pub(super) cluster: u32,
    /// The transaction that completed it.
    pub(super) tx: u32,
    /// Its block.
    pub(super) height: u32,
    /// What the detector measured, for the words: the largest of a match is told.
    pub(super) measure: u32,
    /// Its transfers.
    pub(super) entries: Vec<Entry>,
}

impl Hit {
    fn first_tx(&self) -> u32 {
        self.entries.iter().map(|entry| entry.tx).min().unwrap_or(self.tx)
    }
}

/// Hits that are one match.
pub(super) struct Joined {
    pub(super) cluster: u32,
    /// The largest of them.
    pub(super) measure: u32,
    /// Each transfer once, in order.
    pub(super) entries: Vec<Entry>,
    height: u32,
}

/// The rows of all hits, by pattern, cluster and first transaction.
pub(super) fn rows<'h>(
    hits: impl Iterator<Item = &'h Hit>,
    options: &PatternOptions,
    price: &dyn Fn(Timestamp) -> Option<u64>,
) -> Vec<PatternMatch> {
    let mut hits: Vec<(u8, u32, u32, &Hit)> =
        hits.map(|hit| (hit.pattern, hit.cluster, hit.first_tx(), hit)).collect();
    hits.sort_by_key(|(pattern, cluster, first_tx, hit)| (*pattern, *cluster, *first_tx, hit.tx));
    let mut rows = Vec::new();
    let mut rest = hits.as_slice();
    while let Some((pattern, cluster, _, first)) = rest.first() {
        let mut last_tx = first.tx;
        let same = rest.iter().take_while(|(next, of, first_tx, hit)| {
            let joins = (next, of) == (pattern, cluster) && *first_tx <= last_tx;
            last_tx = if joins { last_tx.max(hit.tx) } else { last_tx };
            joins
        });
        let n_same = same.count();
        let (own, others) = rest.split_at(n_same);
        rest = others;
        // Numbers come from the table itself.
        let Some(detector) = detector(*pattern) else { continue };
        let joined = join(own.iter().map(|(.., hit)| *hit));
        rows.push(row(detector, &joined, options, price));
    }
    rows
}

fn join<'h>(hits: impl Iterator<Item = &'h Hit> + Clone) -> Joined {
    let mut entries: Vec<Entry> = hits.clone().flat_map(|hit| &hit.entries).copied().collect();
    // A transfer that one hit counts and another shows is counted.
    entries.sort_unstable_by_key(|entry| {
        (entry.tx, entry.payer, entry.payee, std::cmp::Reverse(entry.is_counted))
    });
    entries.dedup_by_key(|entry| (entry.tx, entry.payer, entry.payee));
    Joined {
        cluster: hits.clone().map(|hit| hit.cluster).min().unwrap_or(graph::NONE),
        measure: hits.clone().map(|hit| hit.measure).max().unwrap_or(0),
        height: hits.map(|hit| hit.height).min().unwrap_or(0),
        entries,
    }
}

fn row(
    detector: &Detector,
    joined: &Joined,
    options: &PatternOptions,
    price: &dyn Fn(Timestamp) -> Option<u64>,
) -> PatternMatch {
    let time = |seconds: u32| Timestamp::new(i64::from(seconds));
    let times = || joined.entries.iter().map(|entry| entry.time);
    let counted = || joined.entries.iter().filter(|entry| entry.is_counted);
    let value = |entry: &Entry| Some(Value::of_satoshi(entry.amount_sat, price(time(entry.time))?));
    let txs: BTreeSet<u32> = joined.entries.iter().map(|entry| entry.tx).collect();
    let mut about = (detector.describe)(joined, options);
    if txs.len() > EVIDENCE_MAX {
        about += &format!("; the first {EVIDENCE_MAX} of {} transactions", txs.len());
    }
    PatternMatch {
        pattern: detector.number,
        cluster: ClusterId::new(AddressId::new(joined.cluster)),
        height: Height::new(joined.height),
        first_time: time(times().min().unwrap_or(0)),
        last_time: time(times().max().unwrap_or(0)),
        amount: Amount::from_units(counted().map(|entry| u128::from(entry.amount_sat)).sum()),
        value: counted().map(value).sum(),
        n_transfers: joined.entries.len() as u64,
        evidence: txs.iter().take(EVIDENCE_MAX).map(|tx| TxIndex::new(u64::from(*tx))).collect(),
        about,
    }
}

impl Joined {
    /// How many transactions there are.
    pub(super) fn n_transactions(&self) -> usize {
        self.entries.iter().map(|entry| entry.tx).collect::<BTreeSet<_>>().len()
    }

    /// What moved.
    pub(super) fn counted_sat(&self) -> u128 {
        let counted = self.entries.iter().filter(|entry| entry.is_counted);
        counted.map(|entry| u128::from(entry.amount_sat)).sum()
    }

    /// What moved, as a part of what is shown beside it: `97 %`.
    pub(super) fn counted_of_shown(&self) -> String {
        let shown = self.entries.iter().filter(|entry| !entry.is_counted);
        let shown: u128 = shown.map(|entry| u128::from(entry.amount_sat)).sum();
        format!("{} %", (self.counted_sat() * 100).checked_div(shown).unwrap_or(0))
    }

    /// How many different clusters paid the subject.
    pub(super) fn n_payers(&self) -> usize {
        let paid = self.entries.iter().filter(|entry| entry.payee == self.cluster);
        paid.map(|entry| entry.payer).collect::<BTreeSet<_>>().len()
    }

    /// How many different clusters the subject paid.
    pub(super) fn n_payees(&self) -> usize {
        let paying = self.entries.iter().filter(|entry| entry.payer == self.cluster);
        paying.map(|entry| entry.payee).collect::<BTreeSet<_>>().len()
    }

    /// From the first transfer to the last, in words.
    pub(super) fn span(&self) -> String {
        let times = || self.entries.iter().map(|entry| entry.time);
        span(times().max().unwrap_or(0) - times().min().unwrap_or(0))
    }
}

/// A time in words: `45 min`, `24 h`, `180 d`.
pub(super) fn span(seconds: u32) -> String {
    match seconds {
        0..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// An amount in words: `0.5 BTC`.
pub(super) fn coins(satoshi: u128) -> String {
    format!("{} BTC", Amount::from_units(satoshi).in_coins(8))
}

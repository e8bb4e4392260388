//! Rules one by one: how often a link of each is wrong, and what would be lost without it.
//!
//! In: links, owners, and a way to make clusters of links (with its guard and its decisions). Out: a row a rule.
//! The links of one transaction by one rule stand or fall together (a star over the inputs is one claim), so the bounds
//! of a rule's error count transactions, not links; taken over links, they would be too narrow by far.

use std::collections::BTreeMap;

use ledger::Link;

use super::partition::{UNKNOWN_OWNER, score, share};

/// Confidence of the bounds.
const CONFIDENCE: f64 = 0.95;

/// How good the links of one rule are.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleScore {
    /// The rule's stored number.
    pub heuristic: u8,
    /// Links that it made.
    pub links: u64,
    /// Those of which both owners are known.
    pub links_judged: u64,
    /// Those of the judged that join two owners.
    pub links_wrong: u64,
    /// Transactions with judged links of it.
    pub transactions: u64,
    /// Those with a wrong one.
    pub transactions_wrong: u64,
    /// Addresses that its links touch.
    pub addresses: u64,
    /// Pairwise precision and recall of clusters by its links alone.
    pub alone: (Option<f64>, Option<f64>),
    /// By how much recall falls without it.
    pub recall_lost: Option<f64>,
}

impl RuleScore {
    /// Share of judged links that join one owner's addresses.
    pub fn precision(&self) -> Option<f64> {
        share(u128::from(self.links_judged - self.links_wrong), self.links_judged.into())
    }

    /// Clopper-Pearson bounds (95 %) of the share of transactions whose links are all right.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let right = self.transactions - self.transactions_wrong;
        (self.transactions > 0)
            .then(|| learn::proportion_bounds(right, self.transactions, CONFIDENCE))
    }

    /// Counts of several worlds together; shares that are no counts become their mean by the worlds so far.
    pub fn add(&mut self, other: &Self, n_before: u64) {
        let mean = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some((a * n_before as f64 + b) / (n_before + 1) as f64),
            (a, b) => a.or(b),
        };
        self.links += other.links;
        self.links_judged += other.links_judged;
        self.links_wrong += other.links_wrong;
        self.transactions += other.transactions;
        self.transactions_wrong += other.transactions_wrong;
        self.addresses += other.addresses;
        self.alone = (mean(self.alone.0, other.alone.0), mean(self.alone.1, other.alone.1));
        self.recall_lost = mean(self.recall_lost, other.recall_lost);
    }
}

/// Links that join addresses of two known owners, in their order.
pub fn wrong_links<'l>(
    links: &'l [Link],
    owners: &'l [u32],
) -> impl Iterator<Item = &'l Link> + 'l {
    links.iter().filter(|link| judged(link, owners) == Some(false))
}

/// Whether a link is right; `None` if an owner is not known.
fn judged(link: &Link, owners: &[u32]) -> Option<bool> {
    let (a, b) = (owners[link.a.index()], owners[link.b.index()]);
    (a != UNKNOWN_OWNER && b != UNKNOWN_OWNER).then_some(a == b)
}

/// A row a rule that has links, by number. `cluster` makes a label an address of links.
///
/// # Panics
/// A link names an address that has no owner entry, or `cluster` gives another number of labels.
pub fn rule_scores(
    links: &[Link],
    owners: &[u32],
    counts: impl Fn(usize) -> bool,
    cluster: impl Fn(&[Link]) -> Vec<u32>,
) -> Vec<RuleScore> {
    let mut by_rule: BTreeMap<u8, Vec<Link>> = BTreeMap::new();
    for link in links {
        by_rule.entry(link.heuristic).or_default().push(*link);
    }
    let whole = score(&cluster(links), owners, &counts);
    let rows = by_rule.into_iter().map(|(heuristic, own)| {
        let alone = score(&cluster(&own), owners, &counts);
        let others: Vec<Link> =
            links.iter().filter(|link| link.heuristic != heuristic).copied().collect();
        let without = score(&cluster(&others), owners, &counts);
        let lost = whole.recall().zip(without.recall()).map(|(with, without)| with - without);
        RuleScore {
            alone: (alone.precision(), alone.recall()),
            recall_lost: lost,
            ..counted(heuristic, &own, owners)
        }
    });
    rows.collect()
}

fn counted(heuristic: u8, own: &[Link], owners: &[u32]) -> RuleScore {
    let mut transactions: BTreeMap<u64, bool> = BTreeMap::new();
    let mut addresses: Vec<u32> = Vec::with_capacity(own.len() * 2);
    let (mut links_judged, mut links_wrong) = (0, 0);
    for link in own {
        addresses.extend([link.a.get(), link.b.get()]);
        if let Some(right) = judged(link, owners) {
            links_judged += 1;
            links_wrong += u64::from(!right);
            *transactions.entry(link.tx.get()).or_insert(true) &= right;
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    RuleScore {
        heuristic,
        links: own.len() as u64,
        links_judged,
        links_wrong,
        transactions: transactions.len() as u64,
        transactions_wrong: transactions.values().filter(|right| !**right).count() as u64,
        addresses: addresses.len() as u64,
        alone: (None, None),
        recall_lost: None,
    }
}

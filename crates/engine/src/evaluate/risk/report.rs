//! The report on risk, as plain data: a section that was not measured is `None`, a share of nothing too.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{FloorReport, FloorState};

/// All that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RiskReport {
    /// What the worlds are.
    pub worlds: Vec<RiskWorldReport>,
    /// A row a pattern.
    pub patterns: Option<Vec<PatternReport>>,
    /// Whether the way a party hides its addresses changes the answer.
    pub proximity: Option<ProximityReport>,
    /// How well illicit clusters are ranked, a row a method.
    pub ranking: Option<Vec<RankingReport>>,
    /// Whether explanations of scores add up.
    pub explanations: Option<ExactReport>,
    /// Whether exposure adds up.
    pub exposure: Option<ExactReport>,
    /// What must hold, and whether it does.
    pub floors: Vec<FloorReport>,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl RiskReport {
    /// Whether a floor was measured and missed.
    pub fn misses_a_floor(&self) -> bool {
        self.floors.iter().any(|floor| floor.state == FloorState::Missed)
    }
}

/// One world.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RiskWorldReport {
    /// Its seed.
    pub seed: u64,
    /// Transactions.
    pub transactions: u64,
    /// Clusters, those of one address among them.
    pub clusters: u64,
    /// Clusters with an illicit owner's address.
    pub illicit: u64,
    /// Entities that lists and tags name.
    pub entities: u64,
    /// Planted cases.
    pub cases: u64,
    /// Cases that could not be carried out.
    pub unfinished: u64,
    /// Look-alikes.
    pub look_alikes: u64,
}

/// Cases of one kind, and how many of them were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FoundReport {
    /// Cases.
    pub cases: u64,
    /// Those found.
    pub found: u64,
}

impl FoundReport {
    pub(super) fn add(&mut self, found: bool) {
        self.cases += 1;
        self.found += u64::from(found);
    }

    /// Share found.
    pub fn recall(&self) -> Option<f64> {
        (self.cases > 0).then(|| self.found as f64 / self.cases as f64)
    }
}

/// A detector against the planted cases of its pattern.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PatternReport {
    /// The pattern.
    pub pattern: String,
    /// Matches, those that are not judged among them.
    pub matches: u64,
    /// About somebody of whom the pattern is true.
    pub right: u64,
    /// About somebody else.
    pub wrong: u64,
    /// About an illicit party outside of cases, or one whose addresses are held by a known entity.
    pub not_judged: u64,
    /// Share of the judged that are right.
    pub precision: Option<f64>,
    /// Bounds of it (95 %, Clopper-Pearson).
    pub precision_bounds: Option<[f64; 2]>,
    /// Every case but those whose actors' addresses never meet.
    pub linked: FoundReport,
    /// Share found of them.
    pub recall: Option<f64>,
    /// Bounds of it (95 %, Clopper-Pearson).
    pub recall_bounds: Option<[f64; 2]>,
    /// By what the case does to stay unseen.
    pub by_evasion: BTreeMap<String, FoundReport>,
    /// Blocks from the transaction that completes a case to its first match: median. Negative: before all of it was done.
    pub latency_median: Option<i64>,
    /// The 95th of a hundred.
    pub latency_p95: Option<i64>,
    /// What the wrong ones are about, by kind of owner or look-alike.
    pub wrong_about: BTreeMap<String, u64>,
}

/// Probes of one manner.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProbeReport {
    /// The manner: one address, many linked, many apart, split, further hops.
    pub manner: String,
    /// Addresses at the end of the ways.
    pub addresses: u64,
    /// Those with the right number of ownership changes.
    pub hops_right: u64,
    /// Those whose way is longer than the product looks, so that no number of all changes is due.
    pub hops_beyond: u64,
    /// Those with the right number of contracted hops.
    pub contracted_right: u64,
    /// Those whose contracted answer is that of the same way with one address an actor.
    pub same: u64,
}

/// Proximity against evasion.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProximityReport {
    /// A row a manner.
    pub manners: Vec<ProbeReport>,
    /// Share of addresses with the answer of one address an actor.
    pub unaffected: Option<f64>,
}

/// How well a method ranks illicit clusters before others.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RankingReport {
    /// The method.
    pub method: String,
    /// Clusters ranked: those that no list or tag names.
    pub clusters: u64,
    /// Those of illicit owners.
    pub illicit: u64,
    /// Average precision; ties are one threshold.
    pub average_precision: Option<f64>,
    /// Bounds of it (95 %, 200 resamples).
    pub bounds: Option<[f64; 2]>,
    /// Of the first hundred, how many are illicit: on average over every order of clusters of one value.
    pub first_hundred: f64,
}

/// Something that must be exact.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExactReport {
    /// What was looked at.
    pub what: String,
    /// How many.
    pub count: u64,
    /// How many are exact.
    pub exact: u64,
}

impl ExactReport {
    /// Share that is exact.
    pub fn share(&self) -> Option<f64> {
        (self.count > 0).then(|| self.exact as f64 / self.count as f64)
    }
}

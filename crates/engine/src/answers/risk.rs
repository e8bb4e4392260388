//! Answers about risk: exposure, proximity, patterns, scores.

use ledger::{Category, ClusterId, FlowSide, Height, Timestamp, TxId};
use serde::Serialize;

use super::{HopAnswer, Sats};

/// A known party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityAnswer {
    /// What kind of party it is.
    pub category: Category,
    /// Who it is; empty where a party is not told apart.
    pub name: String,
    /// The list or pack that says so.
    pub source: String,
    /// The version of it.
    pub source_version: String,
    /// How sure the claim is, 0 to 100.
    pub confidence: u8,
}

/// Whom a question is about, as every answer about risk begins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SubjectAnswer {
    /// The address asked for.
    pub address: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// How many addresses the cluster has.
    pub cluster_size: u64,
    /// What it is known as.
    pub known_as: Vec<String>,
    /// The known party that holds it, if one does.
    pub entity: Option<EntityAnswer>,
    /// Whether the last run knew the address. Where not, it came in since, and what is asked of it is null: not computed.
    pub computed: bool,
}

/// A part of what a cluster received or sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExposurePart {
    /// Whether it came in or went out.
    pub side: FlowSide,
    /// Whether the party is the direct counterparty.
    pub direct: bool,
    /// Whether it passed through a possibly collaborative transaction.
    pub mixed: bool,
    /// What kind of party is at the other end.
    pub category: Category,
    /// The party; empty for nobody known, and for the smaller ones of a category together.
    pub entity: String,
    /// How much.
    pub amount_sat: Sats,
    /// The share of all that came in (or went out), 0 to 1.
    pub share: f64,
    /// Its value when it moved, as far as there were prices; null where the last run knew values of another currency only.
    pub value: Option<String>,
    /// How much had no price when it moved.
    pub unpriced_sat: Sats,
    /// Transfers with a part of it.
    pub n_transfers: u64,
    /// Block time of the first.
    pub first_time_s: Timestamp,
    /// Block time of the last.
    pub last_time_s: Timestamp,
}

/// Where the money of a cluster came from and went to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExposureAnswer {
    /// Whom it is about.
    #[serde(flatten)]
    pub subject: SubjectAnswer,
    /// The currency of values.
    pub currency: String,
    /// All that it received of others; null where no run knows the address.
    pub received_sat: Option<Sats>,
    /// All that it sent to others; null likewise.
    pub sent_sat: Option<Sats>,
    /// The parts of both sides: they add up to the two sums, to the satoshi. The larger first. Null likewise.
    pub parts: Option<Vec<ExposurePart>>,
    /// What it received by other conventions, where they were asked for.
    pub conventions: Vec<ConventionAnswer>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// What a cluster received, by one convention.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConventionAnswer {
    /// Its name.
    pub convention: &'static str,
    /// Amounts by category, in order of categories.
    pub amounts: Vec<(Category, Sats)>,
}

/// The nearest known party of a kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearestOfKind {
    /// Whether money came from there or went to there.
    pub side: FlowSide,
    /// What kind of party it is.
    pub category: Category,
    /// The party.
    pub entity: String,
    /// Changes of ownership.
    pub hops: u8,
    /// The same, clusters that only pass on not counted.
    pub hops_contracted: u8,
    /// The least amount along the widest way.
    pub bottleneck_sat: Sats,
    /// The share of all that came in (or went out) that is exposed to this kind, 0 to 1.
    pub share: f64,
    /// The way of the fewest contracted hops, oldest first; only where it was asked for.
    pub path: Vec<HopAnswer>,
}

/// How near the known parties of each kind are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NearnessAnswer {
    /// Whom it is about.
    #[serde(flatten)]
    pub subject: SubjectAnswer,
    /// The bound of the search, in contracted hops.
    pub hops_max: u8,
    /// By side, then contracted hops; null where no run knows the address.
    pub nearest: Option<Vec<NearestOfKind>>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// A typology that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatternAnswer {
    /// Its name.
    pub pattern: &'static str,
    /// The FATF indicator that it stands for.
    pub fatf: &'static str,
    /// The cluster that it is about.
    pub cluster: ClusterId,
    /// The smallest address of it.
    pub address: String,
    /// The block that completed it.
    pub height: Height,
    /// Block time of its first transfer.
    pub first_time_s: Timestamp,
    /// Block time of its last.
    pub last_time_s: Timestamp,
    /// What moved in it.
    pub amount_sat: Sats,
    /// The same in money, where there are prices.
    pub value: Option<String>,
    /// Transfers.
    pub n_transfers: u64,
    /// Their transactions.
    pub evidence: Vec<TxId>,
    /// What was measured against which threshold.
    pub about: String,
}

/// Patterns of one cluster, or of all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatternsAnswer {
    /// The currency of values.
    pub currency: String,
    /// The latest first.
    pub patterns: Vec<PatternAnswer>,
    /// How many there are; more than are shown where the question has a limit. Null where no run knows the address.
    pub total: Option<u64>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// One addend of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TermAnswer {
    /// What it stands for.
    pub kind: String,
    /// The kind of party, where it is about one.
    pub category: Option<Category>,
    /// The party, where it is about one.
    pub entity: String,
    /// Points.
    pub points: Points,
    /// What was measured.
    pub basis: String,
    /// The versions of lists and tags behind it.
    pub source_version: String,
}

/// Points of a score in thousandths; shown and serialized as points with three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub i64);

impl std::fmt::Display for Points {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:03}", size / 1000, size % 1000))
    }
}

impl Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a score would be without something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WithoutAnswer {
    /// What is left out.
    pub without: String,
    /// The score then.
    pub points: Points,
    /// Somebody farther may be as near, who is not known while the nearest is: the score then may be higher.
    pub farther_unknown: bool,
    /// The model's term needs what is left out, and stands as it was.
    pub model_unknown: bool,
}

/// How risky a cluster is, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreAnswer {
    /// Whom it is about.
    #[serde(flatten)]
    pub subject: SubjectAnswer,
    /// 0 to 100: the sum of the points of the terms; null where no run knows the address.
    pub score: Option<Points>,
    /// The band of the profile; null likewise.
    pub band: Option<String>,
    /// The hard rule that set it, if one did.
    pub hard_rule: Option<String>,
    /// The profile by which it was made.
    pub profile: String,
    /// What adds up to it.
    pub terms: Vec<TermAnswer>,
    /// What it would be without each party that counts, the strongest first.
    pub without: Vec<WithoutAnswer>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// One line of the list of the riskiest clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankedAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// The smallest address of it.
    pub address: String,
    /// What it is known as.
    pub known_as: Vec<String>,
    /// Its score.
    pub score: Points,
    /// Its strongest term.
    pub because: String,
}

/// The riskiest clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopAnswer {
    /// The riskiest first.
    pub clusters: Vec<RankedAnswer>,
    /// How many clusters have a score above nothing.
    pub total: u64,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// What another profile would make of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ProfileDryRun {
    /// The profile in force.
    pub old: String,
    /// The profile that was tried out.
    pub new: String,
    /// Clusters that were scored by both.
    pub n_clusters: u64,
    /// Clusters with other points.
    pub n_points_changed: u64,
    /// Clusters in another band.
    pub n_bands_changed: u64,
    /// The first of them, by cluster.
    pub bands: Vec<BandMoveAnswer>,
    /// Alerts that the rules in force would raise.
    pub alerts_come: Vec<AlertChange>,
    /// Alerts that they would raise no more.
    pub alerts_gone: Vec<AlertChange>,
    /// The snapshot that answers.
    pub snapshot: String,
}

/// A cluster that another profile puts into another band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BandMoveAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// The smallest address of it.
    pub address: String,
    /// The band that it is in.
    pub from: String,
    /// The band that it would be in.
    pub to: String,
    /// Its points, and what they would be.
    pub points: [Points; 2],
}

/// An alert that would come or go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertChange {
    /// The rule.
    pub rule: String,
    /// Whom it is about.
    pub subject: String,
}

//! Answers about ownership: held links, decisions, mixes, models, features and suggestions.

use forensics::change::ModelFigures;
use forensics::resolution::Figures as ResolutionFigures;
use ledger::{ClusterId, Height, Timestamp, TxId};
use serde::Serialize;

/// A link that the collapse guard holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldAnswer {
    /// The name by which it is accepted or refused.
    pub id: String,
    /// One address.
    pub a: String,
    /// The other.
    pub b: String,
    /// The rule.
    pub heuristic: &'static str,
    /// Probability that it is right.
    pub confidence: f32,
    /// The transaction that shows it.
    pub tx: TxId,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time_s: Timestamp,
    /// Why it is held.
    pub because: String,
    /// What was decided of it since the last run: the decision's kind; null if nothing was.
    pub decided: Option<&'static str>,
}

/// A link between two clusters that no cluster follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApartAnswer {
    /// Its name.
    pub link: String,
    /// One address.
    pub a: String,
    /// The other.
    pub b: String,
    /// The rule; that of a suggested link is `person`.
    pub heuristic: &'static str,
    /// The transaction that shows it.
    pub tx: TxId,
    /// `held`, or the kind of the decision against it.
    pub state: &'static str,
    /// Why it is held, or the reason of the decision.
    pub because: String,
    /// The decision by which it is settled; null while it waits.
    pub decision: Option<String>,
}

/// One side of held links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SideAnswer {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its smallest address.
    pub address: String,
    /// How many addresses it has.
    pub size: u64,
    /// What it is known as: listed names first, then tags; empty if nothing is known.
    pub known_as: Vec<String>,
}

/// The held links between two clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingPair {
    /// One cluster.
    pub a: SideAnswer,
    /// The other.
    pub b: SideAnswer,
    /// The links, by height.
    pub links: Vec<HeldAnswer>,
}

/// Every link that waits for a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PendingAnswer {
    /// By pair of clusters, those that join most addresses first.
    pub pairs: Vec<PendingPair>,
    /// How many links there are, shown or not.
    pub total: u64,
    /// From how many addresses on a cluster counts as large.
    pub guard_addresses: u32,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A decision of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionAnswer {
    /// Its name.
    pub id: String,
    /// What was decided.
    pub kind: &'static str,
    /// The name of the link that it is about; null if it is not about one.
    pub link: Option<String>,
    /// One address of the link.
    pub a: Option<String>,
    /// The other.
    pub b: Option<String>,
    /// The transaction.
    pub tx: Option<TxId>,
    /// The rule.
    pub heuristic: Option<&'static str>,
    /// The first height that it is about.
    pub from_height: Option<Height>,
    /// The last height that it is about.
    pub to_height: Option<Height>,
    /// The decision that it takes back.
    pub revokes: Option<String>,
    /// The decision that takes it back.
    pub revoked_by: Option<String>,
    /// Why.
    pub reason: String,
    /// Who decided.
    pub author: String,
    /// When.
    pub decided_at_s: Timestamp,
    /// Whether the last run has followed it.
    pub followed: bool,
}

/// The log of decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionsAnswer {
    /// The oldest first.
    pub decisions: Vec<DecisionAnswer>,
    /// Why the answers of the store may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// What was decided, once it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecidedReport {
    /// The new rows of the log.
    pub decisions: Vec<DecisionAnswer>,
    /// Why answers are out of date until the next run.
    pub stale_because: Vec<String>,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What came of fitting the model of change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FitAnswer {
    /// The version of the model; null if none could be fitted.
    pub version: Option<String>,
    /// Whether it differs from the one before.
    pub is_new: bool,
    /// The probability from which on links are made; null if none are.
    pub threshold: Option<f64>,
    /// Why there is no model, or no threshold; empty if there are both.
    pub why_not: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What it was fitted to and how right it is.
    pub figures: Option<ModelFigures>,
}

/// What came of fitting the model of entity resolution.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ResolutionFitAnswer {
    /// The version of the model; null if none could be fitted.
    pub version: Option<String>,
    /// Whether it differs from the one before.
    pub is_new: bool,
    /// What it was fitted to: `known` (tags) or `revealed` (links that were withheld).
    pub truth: Option<String>,
    /// Why there is no model; empty if there is one.
    pub why_not: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// How right it is on parties held out.
    pub figures: Option<ResolutionFigures>,
}

/// What training did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainReport {
    /// The model of change.
    pub change: FitAnswer,
    /// The model of entity resolution.
    pub resolution: ResolutionFitAnswer,
    /// Why answers are out of date until the next run.
    pub stale_because: Vec<String>,
    /// The store snapshot after it.
    pub snapshot: String,
}

/// What one rule adds to the probability of a link of change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContributionAnswer {
    /// The rule; `base` is what holds where nothing speaks.
    pub rule: String,
    /// What the rule says alone: for, against or nothing.
    pub verdict: String,
    /// Natural log-odds; all of them add up to those of the link.
    pub log_odds: f64,
}

/// The label of a mix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MixLabelAnswer {
    /// The protocol.
    pub protocol: &'static str,
    /// Which form of it; null where there is one.
    pub variant: Option<&'static str>,
    /// What the label says, as a sentence.
    pub about: &'static str,
    /// Probability that it is right, lineage included.
    pub confidence: f32,
    /// How many take part; 0 where that cannot be told.
    pub n_participants: u32,
    /// Outputs that are equal as the protocol makes them.
    pub n_equal_outputs: u32,
    /// The amount that makes them equal.
    pub denomination_sat: u64,
    /// What the origin of the inputs says.
    pub lineage: Vec<&'static str>,
}

/// An input or output of a mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoinAnswer {
    /// Whose it is; null for data and for unknown inputs.
    pub address: Option<String>,
    /// How much; null if it is unknown.
    pub amount_sat: Option<u64>,
}

/// Which input may have paid which output, by amounts alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LinksOfMixAnswer {
    /// Why nothing is known; empty if it is.
    pub why_not: String,
    /// How many ways there are to deal the coins out to participants, in decimal.
    pub n_mappings: String,
    /// log2 of them, bits.
    pub entropy_bits: f64,
    /// Mappings over those of the nearest perfect mix.
    pub efficiency: f64,
    /// Probability that an input (row) and an output (column) are one participant's.
    pub probabilities: Vec<Vec<f64>>,
    /// Pairs of input and output that are one participant's in every mapping.
    pub deterministic: Vec<(usize, usize)>,
}

/// What is known of a transaction as a mix.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MixAnswer {
    /// The transaction.
    pub tx: TxId,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time_s: Timestamp,
    /// The label; null if it carries none.
    pub label: Option<MixLabelAnswer>,
    /// Protocols that cannot be ruled out: if there are any, its inputs are not taken to have one owner.
    pub possible: Vec<&'static str>,
    /// The inputs.
    pub inputs: Vec<CoinAnswer>,
    /// The outputs.
    pub outputs: Vec<CoinAnswer>,
    /// Link probabilities, if they were asked for.
    pub links: Option<LinksOfMixAnswer>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// A link that behavior suggests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuggestionAnswer {
    /// The name by which it is accepted or refused.
    pub id: String,
    /// One cluster.
    pub a: SideAnswer,
    /// The other.
    pub b: SideAnswer,
    /// Calibrated probability that both have one owner.
    pub probability: f64,
    /// What each rule adds to its natural log-odds, the prior first.
    pub contributions: Vec<ContributionAnswer>,
    /// Transactions that brought the two together.
    pub evidence: Vec<TxId>,
    /// What was decided of it since the last run.
    pub decided: Option<&'static str>,
}

/// Links that behavior suggests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuggestAnswer {
    /// The likeliest first.
    pub suggestions: Vec<SuggestionAnswer>,
    /// How many there are, shown or not; refused ones are not counted.
    pub total: u64,
    /// The model that suggests; null if none was fitted.
    pub model: Option<String>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

/// One feature of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureAnswer {
    /// The column.
    pub name: &'static str,
    /// Its value; null where it is not known.
    pub value: Option<FeatureValue>,
    /// Its unit.
    pub unit: &'static str,
    /// What it says.
    pub about: &'static str,
}

/// A value of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FeatureValue {
    /// A count or an amount.
    Whole(u64),
    /// A time.
    Time(i64),
    /// A share or a mean.
    Real(f64),
}

/// How a cluster behaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeaturesAnswer {
    /// The address asked for.
    pub address: String,
    /// Its cluster.
    pub cluster: ClusterId,
    /// What it is known as.
    pub known_as: Vec<String>,
    /// Every feature, in the order of the table.
    pub features: Vec<FeatureAnswer>,
    /// Why the answer may be out of date.
    pub stale_because: Vec<String>,
    /// The store snapshot that answered.
    pub snapshot: String,
}

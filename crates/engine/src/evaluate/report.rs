//! The report, as plain data: every share is `None` where there is nothing to take a share of.

use std::collections::BTreeMap;

use forensics::evaluation::{Agreement, PartitionScore, RuleScore};
use serde::Serialize;

use super::floors::FloorReport;

/// All that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OwnershipReport {
    /// Simulated worlds against their truth.
    pub worlds: WorldsReport,
    /// The data folder.
    pub data: Option<String>,
    /// Labelled transactions, a row a label.
    pub mixes: Vec<MixReport>,
    /// Emulated wallets, a row an experiment.
    pub emulated: Vec<EmulatedReport>,
    /// Real blocks.
    pub chain: Option<ChainReport>,
    /// Clusters of the real blocks against tags.
    pub tags: Option<TagsAgreement>,
    /// Probabilities against what came true.
    pub calibrations: Vec<CalibrationReport>,
    /// What must hold, and whether it does.
    pub floors: Vec<FloorReport>,
    /// What could not be read.
    pub skipped: Vec<SkippedReport>,
    /// What a person should know.
    pub notes: Vec<String>,
}

impl OwnershipReport {
    pub(super) fn skip(&mut self, rows: &[ingest::labelled::Skipped]) {
        self.skipped.extend(rows.iter().map(|row| SkippedReport {
            file: row.file.clone(),
            reason: row.reason.clone(),
            count: row.count,
            first: row.first.clone(),
        }));
    }

    /// Whether a floor was measured and missed.
    pub fn misses_a_floor(&self) -> bool {
        self.floors.iter().any(|floor| floor.state == super::FloorState::Missed)
    }
}

/// Rows or files that were left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedReport {
    /// File or folder.
    pub file: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: String,
}

/// A partition of addresses against their owners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Addresses that count: their owner is known.
    pub addresses: u64,
    /// Owners.
    pub owners: u64,
    /// Clusters of two or more.
    pub clusters: u64,
    /// Share of addresses in them.
    pub coverage: Option<f64>,
    /// Pairs in one cluster.
    pub pairs_found: u128,
    /// Pairs in one cluster that are one owner's.
    pub pairs_right: u128,
    /// Pairs of one owner.
    pub pairs_owned: u128,
    /// Pairwise precision.
    pub precision: Option<f64>,
    /// Pairwise recall.
    pub recall: Option<f64>,
    /// Pairwise F1.
    pub f1: Option<f64>,
    /// B-cubed precision.
    pub b_cubed_precision: Option<f64>,
    /// B-cubed recall.
    pub b_cubed_recall: Option<f64>,
    /// B-cubed F1.
    pub b_cubed_f1: Option<f64>,
    /// Clusters of several owners.
    pub false_clusters: u64,
    /// Addresses of the largest of them.
    pub largest_false_cluster: u64,
}

impl From<&PartitionScore> for Scores {
    fn from(score: &PartitionScore) -> Self {
        Self {
            addresses: score.addresses,
            owners: score.owners,
            clusters: score.clusters,
            coverage: score.coverage(),
            pairs_found: score.pairs_found,
            pairs_right: score.pairs_right,
            pairs_owned: score.pairs_owned,
            precision: score.precision(),
            recall: score.recall(),
            f1: score.f1(),
            b_cubed_precision: score.b_cubed_precision(),
            b_cubed_recall: score.b_cubed_recall(),
            b_cubed_f1: score.b_cubed_f1(),
            false_clusters: score.false_clusters,
            largest_false_cluster: score.largest_false_cluster,
        }
    }
}

/// How good the links of one rule are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleReport {
    /// The rule's name.
    pub rule: String,
    /// Its stored number.
    pub number: u8,
    /// Links that it made.
    pub links: u64,
    /// Those of which both owners are known.
    pub links_judged: u64,
    /// Those that join two owners: false merges.
    pub links_wrong: u64,
    /// Share of judged links that are right.
    pub precision: Option<f64>,
    /// Transactions with links of it.
    pub transactions: u64,
    /// Those with a wrong link.
    pub transactions_wrong: u64,
    /// Lower bound (95 %) of the share of transactions whose links are all right.
    pub right_low: Option<f64>,
    /// Upper bound.
    pub right_high: Option<f64>,
    /// Addresses that its links touch.
    pub addresses: u64,
    /// Pairwise precision of clusters by this rule alone; over several worlds their mean.
    pub alone_precision: Option<f64>,
    /// Pairwise recall of the same.
    pub alone_recall: Option<f64>,
    /// By how much recall falls without it; over several worlds the mean.
    pub recall_lost: Option<f64>,
}

impl From<&RuleScore> for RuleReport {
    fn from(score: &RuleScore) -> Self {
        let name = forensics::heuristics::Heuristic::from_number(score.heuristic);
        let bounds = score.bounds();
        Self {
            rule: name
                .map_or_else(|| format!("rule {}", score.heuristic), |rule| rule.name.to_owned()),
            number: score.heuristic,
            links: score.links,
            links_judged: score.links_judged,
            links_wrong: score.links_wrong,
            precision: score.precision(),
            transactions: score.transactions,
            transactions_wrong: score.transactions_wrong,
            right_low: bounds.map(|bounds| bounds.0),
            right_high: bounds.map(|bounds| bounds.1),
            addresses: score.addresses,
            alone_precision: score.alone.0,
            alone_recall: score.alone.1,
            recall_lost: score.recall_lost,
        }
    }
}

/// Simulated worlds against their truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorldsReport {
    /// Each world.
    pub worlds: Vec<WorldReport>,
    /// Of all worlds together, over addresses that were ever spent.
    pub spent: Scores,
    /// Of all worlds together, over all addresses.
    pub all: Scores,
    /// Each rule, over all worlds.
    pub rules: Vec<RuleReport>,
    /// The model of change, fitted to the truth of a world that is not among these; none if nothing could be fitted.
    pub change: Option<ChangeReport>,
    /// Its probabilities on these worlds, at the last moment of each transaction, against the truth.
    pub change_calibration: CalibrationReport,
    /// Suggested links of the second world and those after it.
    pub suggestions: Option<SuggestionsReport>,
}

/// Suggested links against true owners. They are shown to people and merge nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SuggestionsReport {
    /// Pairs of clusters that were judged.
    pub candidates: u64,
    /// Those of one owner.
    pub same_owner: u64,
    /// From this probability on a suggestion counts as made.
    pub probability_min: f64,
    /// Suggestions made.
    pub made: u64,
    /// Of them right.
    pub right: u64,
    /// Lower bound (95 %) of the share of right ones.
    pub right_low: Option<f64>,
    /// Upper bound.
    pub right_high: Option<f64>,
    /// Probabilities of all candidates against what is true.
    pub calibration: CalibrationReport,
    /// Why there is no model, if there is none.
    pub not_fitted_because: Option<String>,
}

/// One simulated world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorldReport {
    /// Its seed.
    pub seed: u64,
    /// Its transactions.
    pub transactions: u64,
    /// Links of all rules.
    pub links: u64,
    /// Links that join two owners.
    pub links_wrong: u64,
    /// Of them, those of payjoins, which nothing on chain shows.
    pub links_wrong_payjoin: u64,
    /// Transactions that several owners truly signed.
    pub collaborative: u64,
    /// Those of them that make no common-input link.
    pub collaborative_excluded: u64,
    /// Payjoins among them: they look like nothing else, and are not to be left out.
    pub payjoins: u64,
    /// Over addresses that were ever spent.
    pub spent: Scores,
    /// Over all addresses.
    pub all: Scores,
}

/// Labelled transactions of one label.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MixReport {
    /// `whirlpool`, `whirlpool_tx0`, `wasabi1`, `wasabi2`, `joinmarket`, `candidates`, `none`.
    pub label: String,
    /// Whether several owners sign such transactions: all of them are to be left out of common-input ownership.
    pub collaborative: bool,
    /// Files.
    pub files: Vec<String>,
    /// Transactions in them.
    pub transactions: u64,
    /// Others, which cannot be what the file's name says: in a set of Tx0s, those without a data output.
    pub mislabelled: u64,
    /// Those that make no common-input link.
    pub excluded: u64,
    /// Those whose label is this one; of negatives, those without a label.
    pub right: u64,
    /// By label found; `none` for no label.
    pub found: BTreeMap<String, u64>,
    /// Common-input links that they make: of mixes, false merges.
    pub links: u64,
    /// Addresses that these links join.
    pub joined: u64,
    /// Members of the largest cluster of them.
    pub largest: u64,
    /// Addresses that would be joined if none were left out.
    pub joined_without_exclusion: u64,
    /// Members of the largest cluster then.
    pub largest_without_exclusion: u64,
}

/// Emulated wallets against their owners.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmulatedReport {
    /// The experiment.
    pub name: String,
    /// The protocol of its mixes, if its names tell one.
    pub protocol: Option<String>,
    /// Transactions.
    pub transactions: u64,
    /// Wallets with a known address.
    pub wallets: u64,
    /// Addresses that two wallets claim; they count nowhere.
    pub contested: u64,
    /// Inputs whose previous output is not in the data.
    pub inputs_unknown: u64,
    /// Transactions with inputs of several known wallets.
    pub mixes: u64,
    /// Those of them that make no common-input link.
    pub mixes_excluded: u64,
    /// Transactions that the emulation calls mixes.
    pub mixes_named: u64,
    /// Those of them that make no common-input link.
    pub mixes_named_excluded: u64,
    /// Labels found on mixes of either kind; `none` for no label.
    pub labels: BTreeMap<String, u64>,
    /// Transactions of two or more input addresses, all of one known wallet, that are left out all the same.
    pub own_excluded: u64,
    /// Transactions of two or more input addresses, all of one known wallet.
    pub own: u64,
    /// Labels found on transactions whose inputs are all of one known wallet: false labels.
    pub own_labels: BTreeMap<String, u64>,
    /// Links of all rules.
    pub links: u64,
    /// Links that join two wallets: false merges.
    pub links_wrong: u64,
    /// Each rule.
    pub rules: Vec<RuleReport>,
    /// Over addresses that were ever spent.
    pub spent: Scores,
    /// Over all addresses of known wallets.
    pub all: Scores,
}

/// Real blocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChainReport {
    /// The folder.
    pub name: String,
    /// Blocks.
    pub blocks: u64,
    /// Transactions.
    pub transactions: u64,
    /// Addresses.
    pub addresses: u64,
    /// By rule: links.
    pub links: BTreeMap<String, u64>,
    /// Clusters of two or more.
    pub clusters: u64,
    /// Addresses of the largest cluster.
    pub largest_cluster: u64,
    /// The model fitted to change that co-spending reveals later, where enough is revealed.
    pub change: Option<ChangeReport>,
    /// Transactions whose change co-spending reveals.
    pub revealed: u64,
    /// What each rule alone says of that change.
    pub rules: Vec<ChangeRuleReport>,
}

/// A model of change, measured on change that co-spending revealed and that the fit did not see.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChangeReport {
    /// The model's version.
    pub model: String,
    /// From this probability on a link is made; none if the data cannot show one to be safe.
    pub threshold: Option<f64>,
    /// Why there is none.
    pub no_threshold_because: String,
    /// Transactions whose change co-spending revealed.
    pub revealed: u64,
    /// Clusters that paid for them.
    pub clusters: u64,
    /// How well outputs are ranked, 0.5 to 1.
    pub auc: f64,
    /// Links made at the threshold, among the revealed.
    pub links: u64,
    /// Of them wrong.
    pub links_wrong: u64,
    /// Upper bound (95 %) of the share of wrong links.
    pub wrong_high: f64,
    /// Wrong links an output that is no change.
    pub false_positive_rate: f64,
    /// Upper bound (95 %) of it.
    pub false_positive_high: f64,
    /// Share of the revealed change that is linked.
    pub recall: f64,
    /// Links and wrong ones, each quarter at the threshold that the other three chose.
    pub foreign: [u64; 2],
    /// Each rule alone.
    pub rules: Vec<ChangeRuleReport>,
    /// Stated against observed.
    pub calibration: CalibrationReport,
}

impl ChangeReport {
    pub(super) fn of(model: &forensics::change::ChangeModel) -> Self {
        let figures = model.figures();
        let links = &figures.at_threshold;
        let rules = figures.rules.iter().map(ChangeRuleReport::of);
        let name = "change by the model, outputs held out";
        Self {
            model: model.version().to_owned(),
            threshold: model.threshold(),
            no_threshold_because: figures.no_threshold_because.clone(),
            revealed: figures.n_transactions,
            clusters: figures.n_clusters,
            auc: figures.auc,
            links: links.n_links,
            links_wrong: links.n_wrong,
            wrong_high: links.wrong_share.upper,
            false_positive_rate: links.false_positive_rate.measured,
            false_positive_high: links.false_positive_rate.upper,
            recall: links.recall.measured,
            foreign: [figures.at_foreign_threshold.n_links, figures.at_foreign_threshold.n_wrong],
            rules: rules.collect(),
            calibration: CalibrationReport::of_table(name, &figures.reliability),
        }
    }
}

/// One rule of change by itself, on revealed change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChangeRuleReport {
    /// The rule.
    pub rule: String,
    /// Outputs that it looked at.
    pub outputs: u64,
    /// Outputs that it speaks for.
    pub spoken_for: u64,
    /// Of them truly change.
    pub right: u64,
    /// Share of right ones.
    pub precision: Option<f64>,
}

impl ChangeRuleReport {
    pub(super) fn of(rule: &forensics::change::RuleFigures) -> Self {
        Self {
            rule: rule.rule.clone(),
            outputs: rule.n_outputs,
            spoken_for: rule.n_for,
            right: rule.n_for_right,
            precision: (rule.n_for > 0).then(|| rule.n_for_right as f64 / rule.n_for as f64),
        }
    }
}

/// Clusters against what tags say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TagsAgreement {
    /// Tags with a party, of any chain.
    pub tags: u64,
    /// Tagged addresses that the blocks hold, with one party.
    pub addresses: u64,
    /// Addresses that tags give to several parties.
    pub contested: u64,
    /// Parties.
    pub parties: u64,
    /// Pairs in one cluster with one party.
    pub pairs_same: u128,
    /// Pairs in one cluster with two.
    pub pairs_different: u128,
    /// Pairs of one party in two clusters.
    pub pairs_apart: u128,
    /// Clusters with several parties.
    pub clusters_in_conflict: u64,
    /// Share of pairs in one cluster that agree.
    pub share: Option<f64>,
}

impl TagsAgreement {
    pub(super) fn of(tags: u64, found: &Agreement) -> Self {
        Self {
            tags,
            addresses: found.addresses,
            contested: found.contested,
            parties: found.parties,
            pairs_same: found.pairs_same,
            pairs_different: found.pairs_different,
            pairs_apart: found.pairs_apart,
            clusters_in_conflict: found.clusters_in_conflict,
            share: found.share(),
        }
    }
}

/// Probabilities against what came true.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// What the probabilities are of, and on which data.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Mean distance of probability and share that came true, weighted by count.
    pub expected_calibration_error: f64,
    /// Bins of equal width, empty ones left out.
    pub bins: Vec<CalibrationBin>,
}

impl CalibrationReport {
    /// Bins of the tables.
    const BINS: usize = 10;

    pub(super) fn of(name: &str, probabilities: &[f64], came_true: &[bool]) -> Self {
        Self::of_table(name, &learn::Reliability::of(probabilities, came_true, Self::BINS))
    }

    pub(super) fn of_table(name: &str, table: &learn::Reliability) -> Self {
        let bins = table.bins.iter().map(|bin| CalibrationBin {
            count: bin.count,
            mean_predicted: bin.mean_predicted,
            observed_share: bin.observed_share,
        });
        Self {
            name: name.to_owned(),
            count: table.bins.iter().map(|bin| bin.count).sum(),
            expected_calibration_error: table.expected_calibration_error(),
            bins: bins.collect(),
        }
    }
}

/// Probabilities of one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// How many.
    pub count: u64,
    /// Their mean.
    pub mean_predicted: f64,
    /// Share that came true.
    pub observed_share: f64,
}

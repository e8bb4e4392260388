//! Floors: what must hold of every version, in one table. CI fails where one is missed (`tests/it/evaluate.rs`).

use serde::Serialize;

use super::report::OwnershipReport;

/// A bound of one measure.
#[derive(Clone, Copy)]
pub struct Floor {
    /// Its name.
    pub name: &'static str,
    /// What is measured.
    pub about: &'static str,
    /// The bound.
    pub bound: f64,
    /// Whether the measure must be at least the bound; else at most.
    pub at_least: bool,
    /// The measure; `None` where it was not taken.
    value: fn(&OwnershipReport) -> Option<f64>,
}

impl std::fmt::Debug for Floor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every floor. Bounds are the goals of the product, not what a version happens to reach.
pub const FLOORS: &[Floor] = &[
    Floor {
        name: "mixes_excluded",
        about: "share of labelled mixes left out of common-input ownership",
        bound: 1.0,
        at_least: true,
        value: |report| share(report, |row| row.collaborative, |row| row.excluded),
    },
    Floor {
        name: "labels_right",
        about: "share of labelled mixes and Tx0 with the right label",
        bound: 0.99,
        at_least: true,
        value: |report| {
            share(report, |row| row.collaborative || row.label == "whirlpool_tx0", |row| row.right)
        },
    },
    Floor {
        name: "mix_false_merges",
        about: "common-input links made by labelled mixes",
        bound: 0.0,
        at_least: false,
        value: |report| {
            let mixes = || report.mixes.iter().filter(|row| row.collaborative);
            mixes().next()?;
            Some(mixes().map(|row| row.links).sum::<u64>() as f64)
        },
    },
    Floor {
        name: "worlds_precision",
        about: "pairwise precision on simulated worlds, addresses ever spent",
        bound: 0.999,
        at_least: true,
        value: |report| report.worlds.spent.precision,
    },
    Floor {
        name: "worlds_recall",
        about: "pairwise recall on simulated worlds, addresses ever spent",
        bound: 0.9,
        at_least: true,
        value: |report| report.worlds.spent.recall,
    },
    Floor {
        name: "calibration_error",
        about: "largest expected calibration error of any probability",
        bound: 0.02,
        at_least: false,
        value: |report| {
            let errors = report.calibrations.iter().map(|row| row.expected_calibration_error);
            errors.reduce(f64::max)
        },
    },
];

/// Whether a floor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FloorState {
    /// It holds.
    Met,
    /// It does not.
    Missed,
    /// There was nothing to measure.
    NotMeasured,
}

/// A floor and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FloorReport {
    /// Its name.
    pub name: String,
    /// What is measured.
    pub about: String,
    /// The bound.
    pub bound: f64,
    /// Whether the measure must be at least the bound; else at most.
    pub at_least: bool,
    /// The measure.
    pub value: Option<f64>,
    /// Whether it holds.
    pub state: FloorState,
}

/// Every floor against a report.
pub(super) fn judge(report: &OwnershipReport) -> Vec<FloorReport> {
    let row = |floor: &Floor| {
        judged(floor.name, floor.about, floor.bound, floor.at_least, (floor.value)(report))
    };
    FLOORS.iter().map(row).collect()
}

/// A measure against its bound.
pub(super) fn judged(
    name: &str,
    about: &str,
    bound: f64,
    at_least: bool,
    value: Option<f64>,
) -> FloorReport {
    let state = match value {
        None => FloorState::NotMeasured,
        Some(value) if at_least && value >= bound => FloorState::Met,
        Some(value) if !at_least && value <= bound => FloorState::Met,
        Some(_) => FloorState::Missed,
    };
    FloorReport { name: name.to_owned(), about: about.to_owned(), bound, at_least, value, state }
}

fn share(
    report: &OwnershipReport,
    counts: impl Fn(&super::MixReport) -> bool,
    part: impl Fn(&super::MixReport) -> u64,
) -> Option<f64> {
    let rows = || report.mixes.iter().filter(|row| counts(row));
    let whole: u64 = rows().map(|row| row.transactions).sum();
    (whole > 0).then(|| rows().map(part).sum::<u64>() as f64 / whole as f64)
}

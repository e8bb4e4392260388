//! Floors of risk: what must hold of every version, in one table. CI fails where one is missed (`tests/it/evaluate.rs`).

use super::super::floors::{FloorReport, judged};
use super::report::RiskReport;

/// A bound of one measure of risk.
#[derive(Clone, Copy)]
pub struct RiskFloor {
    /// Its name.
    pub name: &'static str,
    /// What is measured.
    pub about: &'static str,
    /// The bound; the measure must be at least this.
    pub bound: f64,
    /// The measure; `None` where it was not taken.
    value: fn(&RiskReport) -> Option<f64>,
}

impl std::fmt::Debug for RiskFloor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every floor. Bounds are the goals of the product, not what a version happens to reach.
pub const RISK_FLOORS: &[RiskFloor] = &[
    RiskFloor {
        name: "pattern_recall",
        about: "least share of planted cases found, over patterns; cases whose addresses never meet left out",
        bound: 0.95,
        value: |report| least(report, |row| row.recall),
    },
    RiskFloor {
        name: "pattern_precision",
        about: "least share of judged matches that are right, over patterns",
        bound: 0.9,
        value: |report| least(report, |row| row.precision),
    },
    RiskFloor {
        name: "proximity_unaffected",
        about: "share of addresses whose contracted hops are those of one address an actor",
        bound: 1.0,
        value: |report| report.proximity.as_ref()?.unaffected,
    },
    RiskFloor {
        name: "ranking_gain",
        about: "average precision of the score less that of the best naive method",
        bound: 0.0,
        value: gain,
    },
    RiskFloor {
        name: "explanations_exact",
        about: "share of scores whose terms add up to them exactly",
        bound: 1.0,
        value: |report| report.explanations.as_ref()?.share(),
    },
    RiskFloor {
        name: "exposure_conserved",
        about: "share of clusters whose exposure adds up to all that they received, to the satoshi",
        bound: 1.0,
        value: |report| report.exposure.as_ref()?.share(),
    },
];

fn least(report: &RiskReport, part: impl Fn(&super::PatternReport) -> Option<f64>) -> Option<f64> {
    report.patterns.as_ref()?.iter().filter_map(part).reduce(f64::min)
}

fn gain(report: &RiskReport) -> Option<f64> {
    let rows = report.ranking.as_ref()?;
    let of_score = rows.iter().find(|row| row.method == super::SCORE)?.average_precision?;
    let others = rows.iter().filter(|row| row.method != super::SCORE);
    let best = others.filter_map(|row| row.average_precision).reduce(f64::max)?;
    Some(of_score - best)
}

/// Every floor against a report.
pub(super) fn judge(report: &RiskReport) -> Vec<FloorReport> {
    let row = |floor: &RiskFloor| {
        judged(floor.name, floor.about, floor.bound, true, (floor.value)(report))
    };
    RISK_FLOORS.iter().map(row).collect()
}

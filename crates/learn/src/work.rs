//! What fits do, counted step by step and weighed in nanoseconds of one core.
//!
//! In: how often a fit did what its cost is made of. Out: seconds of one core. A clock would tell what this machine took today;
//! counts are the same for the same rows, options and seed on any machine and any number of threads, so a search that they end
//! is the same, too. Each fit counts for itself, in the order of its own steps.
//! Source: prices are non-negative least squares over the CPU seconds of 81 candidates of `--bench automl` (seven tables of 712
//! to 4,800 rows and 5 to 85 columns, a loaded machine), drawn towards what the steps look like; a fifth off, a candidate.
//! Cost: an addition a pass over rows, columns or bins. Checked against: CPU seconds (`docs/methods/model-training.md`).

use crate::Matrix;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Boosting: a row's derivatives or its loss, an output each.
    Derivative,
    /// Boosting: a draw whether a row is in the bag.
    Drawn,
    /// Trees: a row that is gathered or parted.
    Moved,
    /// Boosting: a row added to the sums of a feature.
    Filled,
    /// Boosting: a bin whose sums are cleared and subtracted.
    Subtracted,
    /// Boosting: a bin where a threshold is tried.
    Scanned,
    /// Boosting: a feature of a node that is looked at.
    Searched,
    /// Trees: a step of a row down a tree.
    Walked,
    /// Trees: a tree.
    Grown,
    /// Forests: a row added to the totals of a feature, an output each.
    Tallied,
    /// Forests: a feature of a node that is looked at, an output each.
    Tried,
    /// A value that is put in order once a fit, times the halvings that finds its place.
    Sorted,
    /// Linear: an entry of a dense column.
    Dense,
    /// Linear: an entry of a sparse column.
    Sparse,
    /// Linear: a row of a parabola or a loss, an output each.
    Curved,
    /// Networks: a multiplication of a matrix.
    Product,
    /// Networks: a unit of a row on its way, forth and back.
    Unit,
    /// Networks: a parameter moved.
    Parameter,
    /// Networks: a number of the embedding of a row.
    Embedded,
}

const N_STEPS: usize = Step::Embedded as usize + 1;

/// Nanoseconds of one core, in the order of [`Step`].
const PRICES_NS: [f64; N_STEPS] = [
    7.0, 4.0, 6.0, 2.2, 3.0, 5.0, 120.0, 5.0, 5_000.0, 5.0, 400.0, 3.0, 0.4, 0.7, 11.0, 0.08, 2.6,
    3.0, 3.0,
];

/// What a fit has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Work {
    counts: [f64; N_STEPS],
}

impl Work {
    /// So many steps more. Counts are whole, so sums are exact and of any order.
    pub(crate) fn count(&mut self, step: Step, n: usize) {
        self.counts[step as usize] += n as f64;
    }

    /// What another has done, too.
    pub(crate) fn add(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }

    /// Seconds of one core.
    pub(crate) fn seconds(&self) -> f64 {
        self.counts.iter().zip(&PRICES_NS).map(|(n, ns)| n * ns * 1e-9).sum()
    }
}

/// Seconds of one core for so many of some steps, not all of them whole.
pub(crate) fn seconds_of(steps: &[(Step, f64)]) -> f64 {
    steps.iter().map(|(step, n)| n * PRICES_NS[*step as usize] * 1e-9).sum()
}

/// What it takes to put every feature in order.
pub(crate) fn sorted(features: &Matrix) -> Work {
    let n_rows = features.n_rows();
    let mut work = Work::default();
    work.count(Step::Sorted, n_rows * features.n_features() * n_rows.max(2).ilog2() as usize);
    work
}

/// How much a fit may do, and whether anybody still wants it.
#[derive(Clone, Copy)]
pub(crate) struct Limit<'l> {
    /// Seconds of one core, counted.
    pub(crate) allowed_s: f64,
    /// Asked often; `true` where the work is dropped.
    pub(crate) dropped: &'l (dyn Fn() -> bool + Sync),
}

impl Limit<'static> {
    /// As much as it takes.
    pub(crate) const NONE: Self = Self { allowed_s: f64::INFINITY, dropped: &|| false };
}

impl Limit<'_> {
    /// Whether to go on after so many seconds of work.
    pub(crate) fn allows(&self, work_s: f64) -> bool {
        work_s < self.allowed_s && !(self.dropped)()
    }
}

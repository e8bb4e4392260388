//! What is left of a counted budget, and what the next candidate may take of it.
//!
//! In: prices of candidates as the portfolio has them, and the work that their fits really did. Out: whether the next is
//! allowed, and how much each of its fits may do. Early stopping decides how long a fit takes, and tables differ tenfold in
//! that: after the first fit of a method its prices are corrected by what fits of it have cost so far. Whatever a price says, a fit
//! ends where its allowance ends, with the rounds, epochs, trees or penalties that it has by then: a budget cannot be overspent by
//! a price that is wrong. Work is counted, never timed, so the same table is searched the same way on any machine.
//! The last fits to all rows are set aside for as many learners as a blend takes, the dearest of those tried.
//! Cost: nothing. Checked against: totals stay within the budget (`tests/it/automl.rs`).

use super::candidate::Method;

/// Share of the budget that one candidate may take at most.
const SHARE_MAX: f64 = 0.35;

/// Seconds of one core of one candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cost {
    /// Fits to all folds.
    pub(super) folds_s: f64,
    /// The fit to all rows.
    pub(super) last_s: f64,
}

impl Cost {
    fn times(self, factor: f64) -> Self {
        Self { folds_s: self.folds_s * factor, last_s: self.last_s * factor }
    }

    /// All of it.
    pub(super) fn total_s(self) -> f64 {
        self.folds_s + self.last_s
    }
}

/// A counted budget.
pub(super) struct Budget {
    whole_s: f64,
    left_s: f64,
    /// Learners that a blend takes.
    n_parts: usize,
    /// Last fits, the dearest first.
    last_s: Vec<f64>,
    /// Of every method so far: as priced, and as it came out.
    seen: Vec<(Method, f64, f64)>,
}

impl Budget {
    pub(super) fn new(seconds: f64, n_parts: usize) -> Self {
        let (last_s, seen) = (Vec::new(), Vec::new());
        Self { whole_s: seconds, left_s: seconds, n_parts, last_s, seen }
    }

    /// A price, corrected by what fits of the method have cost.
    pub(super) fn corrected(&self, method: Method, price: Cost) -> Cost {
        match self.seen.iter().find(|seen| seen.0 == method) {
            Some((_, priced, cost)) if *priced > 0.0 => price.times(cost / priced),
            _ => price,
        }
    }

    /// What is left beside the last fits of those tried, and of one more.
    fn free_s(&self, last_s: f64) -> f64 {
        let dearer = self.last_s.iter().filter(|one| **one >= last_s);
        let cheaper = self.last_s.iter().filter(|one| **one < last_s);
        let all = dearer.chain([&last_s]).chain(cheaper);
        self.left_s - all.take(self.n_parts).sum::<f64>()
    }

    pub(super) fn allows(&self, price: Cost) -> bool {
        price.folds_s <= self.free_s(price.last_s)
    }

    /// Seconds that each fit of a candidate may take, of so many on folds and the one to all rows, which takes a little more.
    pub(super) fn allowance_s(&self, n_folds: usize) -> f64 {
        let most = self.free_s(0.0).min(SHARE_MAX * self.whole_s).max(0.0);
        most / (n_folds as f64 + 1.25)
    }

    pub(super) fn pay(&mut self, method: Method, price: Cost, cost: Cost) {
        self.left_s -= cost.folds_s;
        let place = self.last_s.partition_point(|one| *one >= cost.last_s);
        self.last_s.insert(place, cost.last_s);
        let (price_s, cost_s) = (price.total_s(), cost.total_s());
        match self.seen.iter_mut().find(|seen| seen.0 == method) {
            Some(seen) => (seen.1, seen.2) = (seen.1 + price_s, seen.2 + cost_s),
            None => self.seen.push((method, price_s, cost_s)),
        }
    }
}

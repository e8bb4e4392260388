//! What is left of a counted budget, and what the next candidate will take of it.
//!
//! In: prices of candidates as the portfolio has them, and what each cost by the rounds and epochs that its fits really made. Out:
//! whether the next is allowed. Early stopping decides how long a fit takes, and tables differ tenfold in that: after the first fit
//! of a method its prices are corrected by what fits of it have cost so far. Rounds are counted, never timed, so the same table is
//! searched the same way on any machine.
//! Cost: nothing. Checked against: totals stay within the budget (`tests/it/automl.rs`).

use super::candidate::Method;

/// A counted budget.
pub(super) struct Budget {
    left_s: f64,
    /// Of every method so far: as priced, and as it came out.
    seen: Vec<(Method, f64, f64)>,
}

impl Budget {
    pub(super) fn new(seconds: f64) -> Self {
        Self { left_s: seconds, seen: Vec::new() }
    }

    /// A price, corrected by what fits of the method have cost.
    pub(super) fn corrected(&self, method: Method, price_s: f64) -> f64 {
        match self.seen.iter().find(|seen| seen.0 == method) {
            Some((_, priced, cost)) if *priced > 0.0 => price_s * cost / priced,
            _ => price_s,
        }
    }

    pub(super) fn allows(&self, price_s: f64) -> bool {
        price_s <= self.left_s
    }

    pub(super) fn pay(&mut self, method: Method, price_s: f64, cost_s: f64) {
        self.left_s -= cost_s;
        match self.seen.iter_mut().find(|seen| seen.0 == method) {
            Some(seen) => (seen.1, seen.2) = (seen.1 + price_s, seen.2 + cost_s),
            None => self.seen.push((method, price_s, cost_s)),
        }
    }
}

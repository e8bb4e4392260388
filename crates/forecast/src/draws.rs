//! Chance from a seed: uniform, normal and Laplace numbers, the same on every run.
//!
//! No distribution of the `rand` crate is used: its streams may change between releases.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::normal;

/// A stream of draws.
pub(crate) struct Draws(ChaCha8Rng);

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Strictly between 0 and 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// Mean 0, standard deviation 1.
    pub(crate) fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }

    /// Mean 0, mean size 1.
    pub(crate) fn laplace(&mut self) -> f64 {
        let centered = self.uniform() - 0.5;
        -centered.signum() * (1.0 - 2.0 * centered.abs()).ln()
    }
}

/// The `probability` quantile of a sorted, non-empty sample, straight between order statistics (NumPy's default).
pub(crate) fn sample_quantile(sorted: &[f64], probability: f64) -> f64 {
    let place = probability.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "below the length of a slice")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

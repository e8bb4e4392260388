//! Whether stated probabilities come true.
//!
//! In: probabilities and what came true. Out: bins of equal width over `0.0..=1.0`, and the expected calibration error
//! `Σ count / total · |mean predicted - observed share|`.
//! Source: DeGroot and Fienberg, The comparison and evaluation of forecasters, 1983; Guo, Pleiss, Sun and Weinberger,
//! On calibration of modern neural networks, 2017, equation 3.
//! Departures: none; bins of equal count were turned down because figures would not compare with published ones.
//! Empty bins are left out. Cost: O(n). Checked against: NumPy (`tests/it/reliability.rs`).

/// Stated probabilities against observed shares.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Reliability {
    /// Bins that hold a case, ascending.
    pub bins: Vec<ReliabilityBin>,
}

/// The cases whose stated probability lies within one bin.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReliabilityBin {
    /// Smallest probability of the bin.
    pub lower: f64,
    /// Where the next bin begins; the last bin holds 1 as well.
    pub upper: f64,
    /// How many cases, at least 1.
    pub count: u64,
    /// Mean of what was stated.
    pub mean_predicted: f64,
    /// Share of what came true.
    pub observed_share: f64,
}

impl Reliability {
    /// Counts cases in `n_bins` bins of equal width.
    ///
    /// # Panics
    /// If lengths differ, `n_bins` is 0, or a probability is outside of `0.0..=1.0`.
    pub fn of(probabilities: &[f64], targets: &[bool], n_bins: usize) -> Self {
        assert_eq!(probabilities.len(), targets.len(), "one target a probability");
        assert!(n_bins > 0, "at least one bin");
        let mut sums = vec![(0_u64, 0.0, 0_u64); n_bins];
        for (probability, target) in probabilities.iter().zip(targets) {
            assert!((0.0..=1.0).contains(probability), "{probability} is not a probability");
            #[expect(clippy::cast_possible_truncation, reason = "at most n_bins, never negative")]
            #[expect(clippy::cast_sign_loss, reason = "a probability is not negative")]
            let bin = ((probability * n_bins as f64) as usize).min(n_bins - 1);
            sums[bin].0 += 1;
            sums[bin].1 += probability;
            sums[bin].2 += u64::from(*target);
        }
        let edge = |bin: usize| bin as f64 / n_bins as f64;
        let filled = sums.into_iter().enumerate().filter(|(_, (count, ..))| *count > 0);
        let bins = filled.map(|(bin, (count, predicted, n_true))| ReliabilityBin {
            lower: edge(bin),
            upper: edge(bin + 1),
            count,
            mean_predicted: predicted / count as f64,
            observed_share: n_true as f64 / count as f64,
        });
        Self { bins: bins.collect() }
    }

    /// Mean distance of statement and outcome over all cases, `0.0..=1.0`; 0 where there are none.
    pub fn expected_calibration_error(&self) -> f64 {
        let total: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let distance = |bin: &ReliabilityBin| {
            bin.count as f64 * (bin.mean_predicted - bin.observed_share).abs()
        };
        let distances: f64 = self.bins.iter().map(distance).sum();
        if total == 0 { 0.0 } else { distances / total as f64 }
    }
}

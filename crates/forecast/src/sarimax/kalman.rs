//! The exact likelihood of an integrated series with missing values: Kalman filter with diffuse start.
//!
//! In: an [`Arma`], the difference polynomial, columns on the original scale, which steps are observed. Out: the
//! columns as uncorrelated innovations of variance 1, the log determinant, and what is expected at later steps.
//! Source: Durbin and Koopman, Time Series Analysis by State Space Methods, 2nd edition, 5.2 to 5.4 (exact initial
//! filter) and 6.4 (univariate treatment); Harvey 1989 for the form of the state.
//! Departures: one observation a step, so the univariate treatment is the filter itself. The state holds the last
//! d + D s values instead of seasonal difference states: the same diffuse space, every diffuse step determinate.
//! Cost: O(n k²) for k = d + D s + max(p, q + 1) states; memory O(k²), nothing kept a step.
//! Checked against: a dense multivariate normal with rows left out (`tests/it/sarimax.rs`), statsmodels' exact
//! diffuse log likelihood.

use super::arma::{Arma, Term};

/// Diffuse variance below which a step tells nothing about the start.
const DIFFUSE_LEAST: f64 = 1e-9;

/// The state space form: lagged values first, then the state of the ARMA part.
struct Model<'a> {
    arma: &'a Arma,
    difference: &'a [Term],
    lost: usize,
    size: usize,
}

impl Model<'_> {
    /// Covariance of the observation with each state entry: P Z'.
    fn observed(&self, covariance: &[f64]) -> Vec<f64> {
        let k = self.size;
        let mut seen = covariance[self.lost * k..self.lost * k + k].to_vec();
        for (lag, c) in self.difference {
            let row = &covariance[(lag - 1) * k..lag * k];
            seen.iter_mut().zip(row).for_each(|(seen, entry)| *seen -= c * entry);
        }
        seen
    }

    /// Z a.
    fn value(&self, state: &[f64]) -> f64 {
        let lagged = self.difference.iter().map(|(lag, c)| c * state[lag - 1]).sum::<f64>();
        state[self.lost] - lagged
    }

    /// T a, in place.
    fn advance(&self, state: &mut [f64]) {
        let (value, lost) = (self.value(state), self.lost);
        if lost > 0 {
            state.copy_within(0..lost - 1, 1);
            state[0] = value;
        }
        let lead = state[lost];
        for (i, phi) in self.arma.phi.iter().enumerate() {
            let after = state.get(lost + i + 1).copied().unwrap_or(0.0);
            state[lost + i] = phi * lead + after;
        }
    }

    /// T P T', in place: by rows, then transposed, by rows again.
    fn advance_covariance(&self, covariance: &mut [f64]) {
        let (k, lost) = (self.size, self.lost);
        for _ in 0..2 {
            let value = self.observed(covariance);
            if lost > 0 {
                covariance.copy_within(0..(lost - 1) * k, k);
                covariance[..k].copy_from_slice(&value);
            }
            let lead = covariance[lost * k..lost * k + k].to_vec();
            for (i, phi) in self.arma.phi.iter().enumerate() {
                let (row, after) = covariance[(lost + i) * k..].split_at_mut(k);
                for j in 0..k {
                    row[j] = phi * lead[j] + after.get(j).copied().unwrap_or(0.0);
                }
            }
            transpose(covariance, k);
        }
    }

    /// Covariance of the noise that enters: 1, θ₁, θ₂, …
    fn add_noise(&self, covariance: &mut [f64]) {
        let noise = |i: usize| if i == 0 { 1.0 } else { self.arma.theta[i - 1] };
        for i in 0..self.arma.states() {
            for j in 0..self.arma.states() {
                covariance[(self.lost + i) * self.size + self.lost + j] += noise(i) * noise(j);
            }
        }
    }

    /// Stationary covariance of the ARMA state, from its first column upward; nothing for the lagged values.
    fn start(&self) -> Option<Vec<f64>> {
        let first = self.arma.state_covariance()?;
        let (states, phi) = (self.arma.states(), &self.arma.phi);
        let noise = |i: usize| if i == 0 { 1.0 } else { self.arma.theta[i - 1] };
        let mut own = vec![0.0; (states + 1) * (states + 1)];
        let at = |i: usize, j: usize| i * (states + 1) + j;
        for i in (0..states).rev() {
            for j in (0..=i).rev() {
                let next = |i: usize| first.get(i + 1).copied().unwrap_or(0.0);
                let moved = phi[i] * phi[j] * first[0] + phi[i] * next(j) + phi[j] * next(i);
                let entry = moved + own[at(i + 1, j + 1)] + noise(i) * noise(j);
                own[at(i, j)] = entry;
                own[at(j, i)] = entry;
            }
        }
        let mut covariance = vec![0.0; self.size * self.size];
        for i in 0..states {
            for j in 0..states {
                covariance[(self.lost + i) * self.size + self.lost + j] = own[at(i, j)];
            }
        }
        Some(covariance)
    }
}

fn transpose(a: &mut [f64], k: usize) {
    for i in 0..k {
        for j in 0..i {
            a.swap(i * k + j, j * k + i);
        }
    }
}

/// What the filter has seen and expects.
#[derive(Default)]
pub(super) struct Filtered {
    /// Innovations by column, divided by their standard error: steps observed once the start is known.
    pub(super) columns: Vec<Vec<f64>>,
    /// Of the covariance of what was observed, innovations of variance 1, diffuse steps included.
    pub(super) log_determinant: f64,
    /// Log of the variance of each innovation in `columns`.
    pub(super) log_variances: Vec<f64>,
    /// At each step from `from` on: what is expected of each column, and its variance.
    pub(super) expected: Vec<(Vec<f64>, f64)>,
}

/// Everything that moves from step to step.
struct Filter<'a> {
    model: Model<'a>,
    /// Covariance of the state, as far as it is known.
    covariance: Vec<f64>,
    /// Its diffuse part, while there is one.
    diffuse: Option<Vec<f64>>,
    /// Diffuse directions left.
    unknown: usize,
    /// Expected state by column.
    states: Vec<Vec<f64>>,
    out: Filtered,
}

/// Runs over the columns; steps that are not observed are only expected. `None` where rounding has destroyed it, or
/// too few values are observed to know the start.
pub(super) fn filter(
    arma: &Arma,
    difference: &[Term],
    columns: &[&[f64]],
    observed: &[bool],
    from: usize,
) -> Option<Filtered> {
    let lost = difference.last().map_or(0, |(lag, _)| *lag);
    let model = Model { arma, difference, lost, size: lost + arma.states() };
    let k = model.size;
    let diffuse = (lost > 0).then(|| {
        let mut diffuse = vec![0.0; k * k];
        (0..lost).for_each(|i| diffuse[i * k + i] = 1.0);
        diffuse
    });
    let out = Filtered { columns: vec![Vec::new(); columns.len()], ..Filtered::default() };
    let states = vec![vec![0.0; k]; columns.len()];
    let covariance = model.start()?;
    let mut filter = Filter { model, covariance, diffuse, unknown: lost, states, out };
    for (t, seen) in observed.iter().enumerate() {
        let gain = filter.model.observed(&filter.covariance);
        let variance = filter.model.value(&gain);
        if t >= from {
            if filter.unknown > 0 {
                return None;
            }
            let means = filter.states.iter().map(|state| filter.model.value(state)).collect();
            filter.out.expected.push((means, variance));
        }
        if *seen {
            let values = columns.iter().map(|column| column[t]);
            if !filter.learn_start(values.clone(), &gain, variance) {
                filter.learn(values, &gain, variance)?;
            }
        }
        filter.advance();
    }
    let finite = filter.out.log_determinant.is_finite() && filter.unknown == 0;
    finite.then_some(filter.out)
}

impl Filter<'_> {
    /// A step that tells about the start (Durbin and Koopman, 5.2.2); false where it is none.
    fn learn_start(
        &mut self,
        values: impl Iterator<Item = f64>,
        gain: &[f64],
        variance: f64,
    ) -> bool {
        let Some(diffuse) = &mut self.diffuse else { return false };
        let spread = self.model.observed(diffuse);
        let size = self.model.value(&spread);
        if size <= DIFFUSE_LEAST {
            return false;
        }
        for (state, value) in self.states.iter_mut().zip(values) {
            let innovation = (value - self.model.value(state)) / size;
            state.iter_mut().zip(&spread).for_each(|(entry, m)| *entry += m * innovation);
        }
        subtract(&mut self.covariance, &spread, gain, 1.0 / size);
        subtract(&mut self.covariance, gain, &spread, 1.0 / size);
        subtract(&mut self.covariance, &spread, &spread, -variance / (size * size));
        subtract(diffuse, &spread, &spread, 1.0 / size);
        self.out.log_determinant += size.ln();
        self.unknown -= 1;
        true
    }

    /// An ordinary step; `None` where rounding has destroyed the variance.
    fn learn(
        &mut self,
        values: impl Iterator<Item = f64>,
        gain: &[f64],
        variance: f64,
    ) -> Option<()> {
        if variance.is_nan() || variance <= 0.0 {
            return None;
        }
        let root = variance.sqrt();
        let whitened = self.out.columns.iter_mut();
        for ((state, value), whitened) in self.states.iter_mut().zip(values).zip(whitened) {
            let innovation = value - self.model.value(state);
            whitened.push(innovation / root);
            let scaled = innovation / variance;
            state.iter_mut().zip(gain).for_each(|(entry, gain)| *entry += gain * scaled);
        }
        subtract(&mut self.covariance, gain, gain, 1.0 / variance);
        self.out.log_determinant += variance.ln();
        self.out.log_variances.push(variance.ln());
        Some(())
    }

    /// To the next step.
    fn advance(&mut self) {
        self.states.iter_mut().for_each(|state| self.model.advance(state));
        self.model.advance_covariance(&mut self.covariance);
        self.model.add_noise(&mut self.covariance);
        match &mut self.diffuse {
            Some(diffuse) if self.unknown > 0 => self.model.advance_covariance(diffuse),
            _ => self.diffuse = None,
        }
    }
}

/// P − times a b'.
fn subtract(covariance: &mut [f64], a: &[f64], b: &[f64], times: f64) {
    for (row, a) in covariance.chunks_exact_mut(b.len()).zip(a) {
        let factor = a * times;
        row.iter_mut().zip(b).for_each(|(entry, b)| *entry -= factor * b);
    }
}

//! The exact likelihood of a stationary ARMA series without missing values, by fast recursions.
//!
//! In: an [`Arma`], columns of one length. Out: the columns as uncorrelated innovations of variance 1 (each divided
//! by its standard error), and the log determinant; or the gains themselves, to forecast with.
//! Source: Morf, Sidhu and Kailath, Some new algorithms for recursive estimation, IEEE TAC 1974; Herbst, Using the
//! "Chandrasekhar recursions" for likelihood evaluation, Computational Economics 2015.
//! Departures: the innovations algorithm (Brockwell and Davis 5.3.3) gives the same numbers but costs O(q²) a step,
//! which is slow at season 24. Once the gain no longer moves, innovations come from the ARMA equation itself.
//! Cost: O(n (p + q) columns), O(n columns terms) after convergence; memory O(n columns).
//! Checked against: a dense multivariate normal, the Kalman filter (`tests/it/sarimax.rs`).

use super::arma::Arma;

/// Change of the state's covariance below which the gain counts as settled.
const SETTLED: f64 = 1e-15;

/// Gain and innovation variance of a step, with what moves them to the next.
pub(super) struct Gains {
    /// Covariance of the next state with this innovation.
    gain: Vec<f64>,
    /// Direction in which the state's covariance changes.
    change: Vec<f64>,
    /// Its size; never positive.
    size: f64,
    /// Variance of this innovation, at least 1.
    pub(super) variance: f64,
    /// Whether nothing moves any more.
    pub(super) settled: bool,
    steps: usize,
}

impl Gains {
    pub(super) fn start(arma: &Arma) -> Option<Self> {
        let covariance = arma.state_covariance()?;
        let mut gain = covariance.clone();
        shift(&mut gain, &arma.phi, covariance[0]);
        let variance = covariance[0];
        let change = gain.clone();
        Some(Self { gain, change, size: -1.0 / variance, variance, settled: false, steps: 0 })
    }

    /// To the next step; `None` where rounding has destroyed it.
    pub(super) fn advance(&mut self, arma: &Arma) -> Option<()> {
        if self.settled {
            return Some(());
        }
        let lead = self.change[0];
        let variance = self.variance + self.size * lead * lead;
        // An innovation is never less uncertain than the noise that enters with it.
        if variance.is_nan() || variance < 1.0 - 1e-6 {
            return None;
        }
        let (ratio, scale) = (lead / self.variance, self.size * lead);
        // Slices of one length, so that the loop has no checks and runs on lanes: half of a fit's time is spent here.
        let n = self.change.len();
        let (phi, gain, change) = (&arma.phi[..n], &mut self.gain[..n], &mut self.change[..n]);
        for i in 0..n - 1 {
            let moved = phi[i] * lead + change[i + 1];
            change[i] = moved - gain[i] * ratio;
            gain[i] += scale * moved;
        }
        let moved = phi[n - 1] * lead;
        change[n - 1] = moved - gain[n - 1] * ratio;
        gain[n - 1] += scale * moved;
        self.size *= self.variance / variance;
        self.variance = variance;
        self.steps += 1;
        if self.steps.is_multiple_of(arma.states().max(8)) && variance < 1.0 + 1e-9 {
            let largest = self.change.iter().fold(0.0_f64, |largest, c| largest.max(c.abs()));
            self.settled = largest * largest * -self.size < SETTLED;
        }
        Some(())
    }

    /// Moves a state by the value of this step; gives the innovation.
    pub(super) fn filter(&self, arma: &Arma, state: &mut [f64], value: f64) -> f64 {
        let expected = state[0];
        let innovation = value - expected;
        let scaled = innovation / self.variance;
        let n = state.len();
        let (phi, gain, state) = (&arma.phi[..n], &self.gain[..n], &mut state[..n]);
        for i in 0..n - 1 {
            state[i] = phi[i] * expected + state[i + 1] + gain[i] * scaled;
        }
        state[n - 1] = phi[n - 1] * expected + gain[n - 1] * scaled;
        innovation
    }
}

/// The state's own movement.
pub(super) fn shift(state: &mut [f64], phi: &[f64], lead: f64) {
    let last = state.len() - 1;
    for i in 0..last {
        state[i] = phi[i] * lead + state[i + 1];
    }
    state[last] = phi[last] * lead;
}

/// Columns made of uncorrelated entries of variance 1.
pub(super) struct Whitened {
    pub(super) columns: Vec<Vec<f64>>,
    /// Of the covariance, innovations of variance 1.
    pub(super) log_determinant: f64,
    /// Log of the variance of each innovation.
    pub(super) log_variances: Vec<f64>,
}

/// The exact innovations of every column.
pub(super) fn whiten(arma: &Arma, columns: &[&[f64]]) -> Option<Whitened> {
    let (n, states) = (columns.first().map_or(0, |column| column.len()), arma.states());
    // A column is nothing before its first entry, and so are its innovations.
    let zeros = |column: &&[f64]| column.iter().take_while(|value| **value == 0.0).count();
    let first: Vec<usize> = columns.iter().map(zeros).collect();
    let mut whitened: Vec<Vec<f64>> = columns.iter().map(|_| vec![0.0; n]).collect();
    let mut state = vec![vec![0.0; states]; columns.len()];
    let mut gains = Gains::start(arma)?;
    let mut log_variances = Vec::with_capacity(n);
    let mut settled_for = 0;
    let mut t = 0;
    while t < n && settled_for < states {
        let root = gains.variance.sqrt();
        log_variances.push(gains.variance.ln());
        for (c, column) in columns.iter().enumerate() {
            if t >= first[c] {
                whitened[c][t] = gains.filter(arma, &mut state[c], column[t]) / root;
            }
        }
        settled_for += usize::from(gains.settled);
        gains.advance(arma)?;
        t += 1;
    }
    for (c, column) in columns.iter().enumerate() {
        recurse(arma, column, &mut whitened[c], t.max(first[c]));
    }
    let log_determinant = log_variances.iter().sum::<f64>();
    log_variances.resize(n, 0.0);
    let whitened = Whitened { columns: whitened, log_determinant, log_variances };
    log_determinant.is_finite().then_some(whitened)
}

/// Innovations from the ARMA equation, from step `from` on.
fn recurse(arma: &Arma, column: &[f64], innovations: &mut [f64], from: usize) {
    for t in from..column.len() {
        let mut innovation = column[t];
        for (lag, c) in arma.phi_terms.iter().take_while(|(lag, _)| *lag <= t) {
            innovation -= c * column[t - lag];
        }
        for (lag, c) in arma.theta_terms.iter().take_while(|(lag, _)| *lag <= t) {
            innovation -= c * innovations[t - lag];
        }
        innovations[t] = innovation;
    }
}

/// Innovations given the first p values, those before set to 0: cheap, not exact. Drops the first p. A factor at a
/// time: fewer terms than their product.
pub(super) fn conditional(arma: &Arma, columns: &[&[f64]]) -> Vec<Vec<f64>> {
    let residuals = |column: &&[f64]| {
        let plain = moving(column, &arma.factors.ar, 1);
        let both = moving(&plain, &arma.factors.seasonal_ar, arma.season);
        let mut left = both[arma.p.min(both.len())..].to_vec();
        recursive(&mut left, &arma.factors.ma, 1);
        recursive(&mut left, &arma.factors.seasonal_ma, arma.season);
        left
    };
    columns.iter().map(residuals).collect()
}

/// The column less its own past, weighted.
fn moving(column: &[f64], weights: &[f64], step: usize) -> Vec<f64> {
    let mut out = column.to_vec();
    for (i, weight) in weights.iter().enumerate() {
        let later = out.iter_mut().skip((i + 1) * step);
        later.zip(column).for_each(|(out, past)| *out -= weight * past);
    }
    out
}

/// The column less the past of the result, weighted: a run of `step` entries at a time, as they do not need each
/// other.
fn recursive(column: &mut [f64], weights: &[f64], step: usize) {
    if weights.is_empty() {
        return;
    }
    for from in (step..column.len()).step_by(step) {
        let (past, now) = column.split_at_mut(from);
        let run = step.min(now.len());
        for (i, weight) in weights.iter().enumerate() {
            let Some(start) = from.checked_sub((i + 1) * step) else { break };
            let earlier = &past[start..start + run];
            now[..run].iter_mut().zip(earlier).for_each(|(now, past)| *now -= weight * past);
        }
    }
}

/// What the filter expects of every column after its end, and how uncertain that is.
pub(super) struct Ahead {
    /// By column, then step ahead; of the differenced columns.
    pub(super) means: Vec<Vec<f64>>,
    /// Variance by step ahead of the integrated series, innovations of variance 1.
    pub(super) variances: Vec<f64>,
}

/// Forecasts of differenced columns and the variances of the integrated series' forecasts.
pub(super) fn ahead(
    arma: &Arma,
    columns: &[&[f64]],
    difference: &[super::arma::Term],
    horizon: usize,
) -> Option<Ahead> {
    let n = columns.first().map_or(0, |column| column.len());
    let mut gains = Gains::start(arma)?;
    let mut state = vec![vec![0.0; arma.states()]; columns.len()];
    for t in 0..n {
        for (column, state) in columns.iter().zip(&mut state) {
            gains.filter(arma, state, column[t]);
        }
        gains.advance(arma)?;
    }
    let mut means = vec![Vec::with_capacity(horizon); columns.len()];
    for (state, means) in state.iter_mut().zip(&mut means) {
        for _ in 0..horizon {
            let lead = state[0];
            means.push(lead);
            shift(state, &arma.phi, lead);
        }
    }
    let mut variances = vec![0.0; horizon];
    for from in 0..horizon {
        let weights = response(arma, &gains, difference, horizon - from);
        if gains.settled {
            // From here on every innovation has the same weights: their running sum closes the rest.
            let mut sum = 0.0;
            for (weight, variance) in weights.iter().zip(&mut variances[from..]) {
                sum += weight * weight * gains.variance;
                *variance += sum;
            }
            break;
        }
        for (weight, variance) in weights.iter().zip(&mut variances[from..]) {
            *variance += weight * weight * gains.variance;
        }
        gains.advance(arma)?;
    }
    Some(Ahead { means, variances })
}

/// What an innovation of 1 at this step moves: now, next step, … of the integrated series.
fn response(
    arma: &Arma,
    gains: &Gains,
    difference: &[super::arma::Term],
    count: usize,
) -> Vec<f64> {
    let mut state: Vec<f64> = gains.gain.iter().map(|gain| gain / gains.variance).collect();
    let mut weights: Vec<f64> = Vec::with_capacity(count);
    let mut direct = 1.0;
    for t in 0..count {
        let back = difference.iter().take_while(|(lag, _)| *lag <= t);
        let integrated = direct - back.map(|(lag, c)| c * weights[t - lag]).sum::<f64>();
        weights.push(integrated);
        direct = state[0];
        shift(&mut state, &arma.phi, direct);
    }
    weights
}

/// What each innovation after `n` steps, scaled to variance 1, moves: row h holds the weights of steps 0 to h.
pub(super) fn weights(
    arma: &Arma,
    n: usize,
    difference: &[super::arma::Term],
    horizon: usize,
) -> Option<Vec<Vec<f64>>> {
    let mut gains = Gains::start(arma)?;
    for _ in 0..n {
        gains.advance(arma)?;
    }
    let mut rows: Vec<Vec<f64>> = vec![Vec::new(); horizon];
    for from in 0..horizon {
        let root = gains.variance.sqrt();
        let response = response(arma, &gains, difference, horizon - from);
        rows[from..].iter_mut().zip(response).for_each(|(row, weight)| row.push(weight * root));
        gains.advance(arma)?;
    }
    Some(rows)
}

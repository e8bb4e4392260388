//! The ARMA part: coefficients from unconstrained numbers, lag polynomials, autocovariances.
//!
//! In: orders and p + q + P + Q unconstrained numbers. Out: [`Arma`]: the products φ(B) Φ(Bˢ) and θ(B) Θ(Bˢ), always
//! stationary and invertible; its autocovariances and the covariance of its state, for innovations of variance 1.
//! Source: Monahan, A note on enforcing stationarity, Biometrika 1984 (partial autocorrelations u / √(1 + u²));
//! Brockwell and Davis, Time Series, 2nd edition, 3.3 (autocovariances) and 12.2 (state).
//! Departures: the autocovariances come from those of the AR part by stepping its Levinson recursion down and up,
//! instead of a dense system: O(p²), and nothing to pivot. Cost: O(p² + q²) for the longest lags p and q.
//! Checked against: sums of squared ψ weights, a dense normal likelihood (`tests/it/sarimax.rs`).

use super::orders::Orders;

/// Coefficients in the order φ, θ, Φ, Θ.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Coefficients {
    pub(crate) ar: Vec<f64>,
    pub(crate) ma: Vec<f64>,
    pub(crate) seasonal_ar: Vec<f64>,
    pub(crate) seasonal_ma: Vec<f64>,
}

impl Coefficients {
    /// From numbers without limits.
    pub(crate) fn from_unconstrained(orders: &Orders, u: &[f64]) -> Self {
        let (ar, u) = u.split_at(orders.ar);
        let (ma, u) = u.split_at(orders.ma);
        let (seasonal_ar, seasonal_ma) = u.split_at(orders.seasonal_ar);
        let invertible = |u: &[f64]| stationary(u).iter().map(|c| -c).collect();
        Self {
            ar: stationary(ar),
            ma: invertible(ma),
            seasonal_ar: stationary(seasonal_ar),
            seasonal_ma: invertible(seasonal_ma),
        }
    }

    /// The numbers without limits; `None` where a part is not stationary or not invertible.
    pub(crate) fn unconstrained(&self) -> Option<Vec<f64>> {
        let negative = |c: &[f64]| c.iter().map(|c| -c).collect::<Vec<_>>();
        let mut u = unconstrain(&self.ar)?;
        u.extend(unconstrain(&negative(&self.ma))?);
        u.extend(unconstrain(&self.seasonal_ar)?);
        u.extend(unconstrain(&negative(&self.seasonal_ma))?);
        Some(u)
    }

    /// Whether every factor keeps its roots farther from the unit circle than 1 %.
    pub(crate) fn is_sound(&self) -> bool {
        // The roots of c(B / 1.01) are those of c(B) drawn inward by as much.
        let sound = |c: &[f64], sign: f64| {
            let mut power = sign;
            let drawn: Vec<f64> = c
                .iter()
                .map(|c| {
                    power *= 1.01;
                    c * power
                })
                .collect();
            step_down(&drawn).is_some()
        };
        let Self { ar, ma, seasonal_ar, seasonal_ma } = self;
        sound(ar, 1.0) && sound(ma, -1.0) && sound(seasonal_ar, 1.0) && sound(seasonal_ma, -1.0)
    }

    /// One after another.
    pub(crate) fn flat(&self) -> Vec<f64> {
        [&self.ar[..], &self.ma, &self.seasonal_ar, &self.seasonal_ma].concat()
    }

    /// Taken apart again.
    pub(crate) fn from_flat(orders: &Orders, flat: &[f64]) -> Self {
        let (ar, flat) = flat.split_at(orders.ar);
        let (ma, flat) = flat.split_at(orders.ma);
        let (seasonal_ar, seasonal_ma) = flat.split_at(orders.seasonal_ar);
        let own = <[f64]>::to_vec;
        Self {
            ar: own(ar),
            ma: own(ma),
            seasonal_ar: own(seasonal_ar),
            seasonal_ma: own(seasonal_ma),
        }
    }
}

/// Stationary coefficients whose partial autocorrelations are u / √(1 + u²).
fn stationary(u: &[f64]) -> Vec<f64> {
    let mut coefficients: Vec<f64> = Vec::with_capacity(u.len());
    for u in u {
        let partial = u / (1.0 + u * u).sqrt();
        step_up(&mut coefficients, partial);
    }
    coefficients
}

fn step_up(coefficients: &mut Vec<f64>, partial: f64) {
    let old = coefficients.clone();
    for (entry, mirrored) in coefficients.iter_mut().zip(old.iter().rev()) {
        *entry -= partial * mirrored;
    }
    coefficients.push(partial);
}

/// The recursion of Levinson downward: coefficients of every order below, and their partial autocorrelations.
fn step_down(coefficients: &[f64]) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let mut orders = vec![coefficients.to_vec()];
    let mut partials = Vec::with_capacity(coefficients.len());
    let mut current = coefficients.to_vec();
    while let Some(partial) = current.pop() {
        let rest = 1.0 - partial * partial;
        if rest.is_nan() || rest <= 0.0 {
            return None;
        }
        partials.push(partial);
        if partial != 0.0 {
            let old = current.clone();
            for (entry, mirrored) in current.iter_mut().zip(old.iter().rev()) {
                *entry = (*entry + partial * mirrored) / rest;
            }
        }
        orders.push(current.clone());
    }
    orders.reverse();
    partials.reverse();
    Some((orders, partials))
}

fn unconstrain(coefficients: &[f64]) -> Option<Vec<f64>> {
    let (_, partials) = step_down(coefficients)?;
    Some(partials.iter().map(|partial| partial / (1.0 - partial * partial).sqrt()).collect())
}

/// A lag and its coefficient.
pub(super) type Term = (usize, f64);

/// The model of the differenced series, multiplied out: wₜ = Σ φᵢ wₜ₋ᵢ + eₜ + Σ θⱼ eₜ₋ⱼ.
#[derive(Debug, Clone)]
pub(crate) struct Arma {
    /// φ by lag from 1, as long as the state.
    pub(super) phi: Vec<f64>,
    /// θ by lag from 1, as long as the state.
    pub(super) theta: Vec<f64>,
    /// The same without zeros.
    pub(super) phi_terms: Vec<Term>,
    /// The same without zeros.
    pub(super) theta_terms: Vec<Term>,
    /// Longest autoregressive lag.
    pub(super) p: usize,
    /// Longest moving-average lag.
    pub(super) q: usize,
    /// What it is the product of.
    pub(super) factors: Coefficients,
    pub(super) season: usize,
}

impl Arma {
    pub(crate) fn new(coefficients: &Coefficients, season: usize) -> Self {
        let Coefficients { ar, ma, seasonal_ar, seasonal_ma } = coefficients;
        // 1 − φ(B) and 1 + θ(B): the AR side is multiplied with its signs turned.
        let negative = |c: &[f64]| c.iter().map(|c| -c).collect::<Vec<_>>();
        let mut phi = negative(&multiply(&negative(ar), &negative(seasonal_ar), season));
        let mut theta = multiply(ma, seasonal_ma, season);
        let (p, q) = (phi.len(), theta.len());
        let states = p.max(q + 1);
        phi.resize(states, 0.0);
        theta.resize(states, 0.0);
        let terms = |dense: &[f64]| {
            let lags = dense.iter().enumerate().map(|(at, c)| (at + 1, *c));
            lags.filter(|(_, c)| *c != 0.0).collect()
        };
        let (phi_terms, theta_terms) = (terms(&phi), terms(&theta));
        let factors = coefficients.clone();
        Self { phi, theta, phi_terms, theta_terms, p, q, factors, season }
    }

    /// Entries of the state.
    pub(super) fn states(&self) -> usize {
        self.phi.len()
    }

    /// φ(1).
    pub(super) fn phi_at_one(&self) -> f64 {
        1.0 - self.phi.iter().sum::<f64>()
    }

    /// Weights of past innovations: 1, ψ₁, …, `count` of them.
    pub(crate) fn psi(&self, count: usize) -> Vec<f64> {
        let mut psi = vec![0.0; count];
        for t in 0..count {
            let moving = if t == 0 { 1.0 } else { self.theta.get(t - 1).copied().unwrap_or(0.0) };
            let within = self.phi_terms.iter().take_while(|(lag, _)| *lag <= t);
            psi[t] = moving + within.map(|(lag, c)| c * psi[t - lag]).sum::<f64>();
        }
        psi
    }

    /// γ₀ … γ of `lags`, innovations of variance 1; `None` where it is not stationary.
    pub(crate) fn autocovariances(&self, lags: usize) -> Option<Vec<f64>> {
        let (orders, partials) = step_down(&self.phi[..self.p])?;
        let count = lags + self.q + 1;
        let mut pure = Vec::with_capacity(count);
        let variance = partials.iter().fold(1.0, |v, partial| v / (1.0 - partial * partial));
        pure.push(variance);
        let mut error = variance;
        for lag in 1..count {
            let next = if let Some(partial) = partials.get(lag - 1) {
                let known = orders[lag - 1].iter().enumerate().map(|(i, c)| c * pure[lag - 1 - i]);
                let covariance = partial * error + known.sum::<f64>();
                error *= 1.0 - partial * partial;
                covariance
            } else {
                self.phi_terms.iter().map(|(back, c)| c * pure[lag - back]).sum()
            };
            pure.push(next);
        }
        // θ on both sides: γ(k) = Σ (θ ⋆ θ)(j) γ_pure(k + j).
        let mut with_lead = vec![(0, 1.0)];
        with_lead.extend(&self.theta_terms);
        let mut total = vec![0.0; lags + 1];
        for (i, a) in &with_lead {
            for (j, b) in &with_lead {
                for (lag, entry) in total.iter_mut().enumerate() {
                    *entry += a * b * pure[(lag + i).abs_diff(*j)];
                }
            }
        }
        total[0].is_finite().then_some(total)
    }

    /// Covariance of the stationary state with its first entry, which is w itself.
    pub(super) fn state_covariance(&self) -> Option<Vec<f64>> {
        let gamma = self.autocovariances(self.p)?;
        let psi = self.psi(self.q + 1);
        let mut column = vec![0.0; self.states()];
        column[0] = gamma[0];
        for i in 1..column.len() {
            let past = (i..self.p).map(|k| self.phi[k] * gamma[k - i + 1]).sum::<f64>();
            let moving = (i..=self.q).map(|k| self.theta[k - 1] * psi[k - i]).sum::<f64>();
            column[i] = past + moving;
        }
        Some(column)
    }
}

/// (1 + a(B)) (1 + b(Bˢ)) − 1, by lag from 1.
fn multiply(a: &[f64], b: &[f64], season: usize) -> Vec<f64> {
    let mut product = vec![0.0; a.len() + b.len() * season];
    product[..a.len()].copy_from_slice(a);
    for (j, seasonal) in b.iter().enumerate() {
        let at = (j + 1) * season;
        product[at - 1] += seasonal;
        for (i, plain) in a.iter().enumerate() {
            product[at + i] += plain * seasonal;
        }
    }
    product
}

/// (1 − B)ᵈ (1 − Bˢ)ᴰ, its lags from 1 without zeros: wₜ = yₜ + Σ c yₜ₋ₗₐ₉.
pub(crate) fn difference_terms(orders: &Orders) -> Vec<Term> {
    let mut dense = vec![1.0];
    let lags = [(1, orders.differences), (orders.season, orders.seasonal_differences)];
    for (lag, times) in lags {
        for _ in 0..times {
            let mut next = dense.clone();
            next.resize(dense.len() + lag, 0.0);
            dense.iter().enumerate().for_each(|(at, c)| next[at + lag] -= c);
            dense = next;
        }
    }
    dense.iter().copied().enumerate().skip(1).filter(|(_, c)| *c != 0.0).collect()
}

/// The differenced column, shorter by the longest lag.
pub(crate) fn difference(column: &[f64], terms: &[Term]) -> Vec<f64> {
    let lost = terms.last().map_or(0, |(lag, _)| *lag);
    let at = |t: usize| column[t] + terms.iter().map(|(lag, c)| c * column[t - lag]).sum::<f64>();
    (lost..column.len()).map(at).collect()
}

/// Undoes [`difference`] after the values `before` (as many as the longest lag): gives only what follows them.
pub(crate) fn integrate(differenced: &[f64], terms: &[Term], before: &[f64]) -> Vec<f64> {
    let mut all = before.to_vec();
    for w in differenced {
        let t = all.len();
        all.push(w - terms.iter().map(|(lag, c)| c * all[t - lag]).sum::<f64>());
    }
    all.split_off(before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn autocovariances_are_sums_of_weights() {
        let orders = Orders::new(2, 0, 1).seasonal(1, 0, 1, 4);
        let u = [0.4, -0.3, 0.8, 0.5, -0.2];
        let coefficients = Coefficients::from_unconstrained(&orders, &u);
        let back = coefficients.unconstrained().expect("stationary");
        assert!(u.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(coefficients, Coefficients::from_flat(&orders, &coefficients.flat()));
        let arma = Arma::new(&coefficients, 4);
        let psi = arma.psi(2_000);
        let gamma = arma.autocovariances(9).expect("stationary");
        for (lag, gamma) in gamma.iter().enumerate() {
            let sum: f64 = psi.iter().zip(&psi[lag..]).map(|(a, b)| a * b).sum();
            assert!((gamma - sum).abs() < 1e-10, "{lag}: {gamma} {sum}");
        }
    }

    #[test]
    fn differences_are_undone() {
        let orders = Orders::new(0, 1, 0).seasonal(0, 1, 0, 4);
        let terms = difference_terms(&orders);
        assert_eq!(terms, [(1, -1.0), (4, -1.0), (5, 1.0)]);
        let column: Vec<f64> = (0..20_u32).map(|t| f64::from(t * t % 7)).collect();
        let differenced = difference(&column, &terms);
        assert_eq!(integrate(&differenced, &terms, &column[..5]), column[5..]);
    }
}

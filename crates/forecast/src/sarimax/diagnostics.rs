//! Whether the residuals of a fit are what the model says: uncorrelated and normal.
//!
//! In: residuals. Out: a statistic and the probability of one at least as large if the model holds.
//! Source: Ljung and Box, Biometrika 1978; Jarque and Bera 1980; Numerical Recipes, 3rd edition, 6.2 (incomplete
//! gamma function by series and continued fraction). Departures: none. Cost: O(n lags).
//! Checked against: SciPy (`tests/it/sarimax.rs`).

use crate::ForecastError;

/// A statistic with a χ² distribution if the model holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// Its value.
    pub statistic: f64,
    /// Degrees of freedom.
    pub degrees: usize,
    /// Probability of a value at least as large.
    pub p_value: f64,
}

impl Test {
    fn chi_squared(statistic: f64, degrees: usize) -> Self {
        Self { statistic, degrees, p_value: upper_gamma(degrees as f64 / 2.0, statistic / 2.0) }
    }
}

/// Ljung and Box: are the first `lags` autocorrelations zero? `estimated` coefficients of the ARMA part are taken off
/// the degrees of freedom (0 for a series that was not fitted).
///
/// # Errors
/// As many lags as values, or no more lags than estimated coefficients.
pub fn ljung_box(residuals: &[f64], lags: usize, estimated: usize) -> Result<Test, ForecastError> {
    let n = residuals.len();
    if lags >= n || lags <= estimated {
        return Err(ForecastError::Argument {
            what: "lags",
            found: lags.to_string(),
            expected: "more than the estimated coefficients, fewer than the residuals",
        });
    }
    let mean = residuals.iter().sum::<f64>() / n as f64;
    let centered: Vec<f64> = residuals.iter().map(|e| e - mean).collect();
    let product =
        |lag: usize| centered.iter().zip(&centered[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let variance = product(0);
    let share = |lag: usize| (product(lag) / variance).powi(2) / (n - lag) as f64;
    let statistic = (n * (n + 2)) as f64 * (1..=lags).map(share).sum::<f64>();
    Ok(Test::chi_squared(statistic, lags - estimated))
}

/// Jarque and Bera: do skewness and kurtosis look normal?
///
/// # Errors
/// Fewer than two values.
pub fn jarque_bera(residuals: &[f64]) -> Result<Test, ForecastError> {
    let n = residuals.len() as f64;
    if residuals.len() < 2 {
        let (method, found) = ("the Jarque-Bera test", residuals.len());
        return Err(ForecastError::TooShort { method, needed: 2, found });
    }
    let mean = residuals.iter().sum::<f64>() / n;
    let moment = |power: i32| residuals.iter().map(|e| (e - mean).powi(power)).sum::<f64>() / n;
    let variance = moment(2);
    let (skewness, kurtosis) = (moment(3) / variance.powf(1.5), moment(4) / (variance * variance));
    let statistic = n / 6.0 * (skewness.powi(2) + (kurtosis - 3.0).powi(2) / 4.0);
    Ok(Test::chi_squared(statistic, 2))
}

/// Γ(a, x) / Γ(a).
fn upper_gamma(a: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { f64::NAN } else { 1.0 };
    }
    let front = (a * x.ln() - x - log_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    // Lentz's continued fraction.
    let mut b = x + 1.0 - a;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for i in 1..1_000 {
        let i = f64::from(i);
        let factor = -i * (i - a);
        b += 2.0;
        d = 1.0 / (factor * d + b);
        c = b + factor / c;
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Log of Γ(a) for a = ½, 1, 1½, …, by its recursion.
fn log_gamma(a: f64) -> f64 {
    let mut at = if a.fract() == 0.0 { 1.0 } else { 0.5 };
    let mut sum = if a.fract() == 0.0 { 0.0 } else { 0.5 * std::f64::consts::PI.ln() };
    while at < a {
        sum += f64::ln(at);
        at += 1.0;
    }
    sum
}

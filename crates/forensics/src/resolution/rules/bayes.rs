//! The Bayes factor of two histograms: one wallet or two?

use super::COUNTED_MAX;

/// The log (natural) of how much likelier counts `a` and `b` are if one wallet made both than if two did; 0 if either is
/// empty. Arrays have one place a class; `shares` are those of the population, positive, and add up to 1.
pub fn agreement(a: &[f64], b: &[f64], shares: &[f64], concentration: f64) -> f64 {
    let (total_a, total_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    if total_a == 0.0 || total_b == 0.0 {
        return 0.0;
    }
    let scale = |total: f64| (COUNTED_MAX / total).min(1.0);
    let (scale_a, scale_b) = (scale(total_a), scale(total_b));
    // In the ratio every class that only one of the two shows cancels.
    let classes = a.iter().zip(b).zip(shares).filter(|((a, b), _)| **a > 0.0 && **b > 0.0);
    let shared: f64 =
        classes.map(|((a, b), share)| joint(concentration * share, a * scale_a, b * scale_b)).sum();
    shared - joint(concentration, total_a * scale_a, total_b * scale_b)
}

/// ln of `Γ(w + a + b) Γ(w) / (Γ(w + a) Γ(w + b))`.
fn joint(weight: f64, a: f64, b: f64) -> f64 {
    ln_gamma(weight + a + b) + ln_gamma(weight) - ln_gamma(weight + a) - ln_gamma(weight + b)
}

/// ln Γ for positive arguments: Stirling's series after stepping up to 10, where four terms are exact to 1e-12.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let square = x * x;
    let series = (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square)
        / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - product.ln()
}

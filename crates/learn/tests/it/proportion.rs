use proptest::prelude::*;
use tracehound_learn::proportion_bounds;

/// SciPy 1.17.1: `beta.ppf(tail, k, n - k + 1)`, `beta.ppf(1 - tail, k + 1, n - k)`.
#[test]
fn bounds_are_those_of_scipy() {
    #[track_caller]
    fn check(successes: u64, trials: u64, confidence: f64, lower: f64, upper: f64) {
        let found = proportion_bounds(successes, trials, confidence);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-8 * b;
        assert!(near(found.0, lower) && near(found.1, upper), "{found:?}");
        // The other outcome has the mirror image.
        let mirror = proportion_bounds(trials - successes, trials, confidence);
        assert!((mirror.0 - (1.0 - upper)).abs() < 1e-9 && (mirror.1 - (1.0 - lower)).abs() < 1e-9);
    }
    check(0, 10, 0.95, 0.0, 0.3084971078187607);
    check(1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954);
    check(5, 10, 0.9, 0.22244110100812936, 0.7775588989918706);
    check(10, 10, 0.99, 0.5887040186524747, 1.0);
    check(3, 100_000, 0.95, 6.186763958922032e-06, 8.7670202566362e-05);
    check(999, 1000, 0.999, 0.9900461856590492, 0.9999994998750834);
    check(500_000, 1_000_000, 0.95, 0.49901951919531184, 0.5009804808046882);
    check(7, 1_000_000_000, 0.95, 2.8143630560026354e-09, 1.4422675364088619e-08);
    check(123_456_789, 1_000_000_000, 0.99, 0.12342999483022354, 0.12348358675210235);
}

#[test]
fn no_trial_says_nothing() {
    assert_eq!(proportion_bounds(0, 0, 0.95), (0.0, 1.0));
    let one = proportion_bounds(1, 1, 0.9);
    assert!((one.0 - 0.05).abs() < 1e-15 && one.1 == 1.0);
}

/// `P(X <= k)` by adding the terms.
fn at_most(k: u64, n: u64, rate: f64) -> f64 {
    let mut sum = 0.0;
    for i in 0..=k {
        let mut term = 1.0;
        for j in 0..n {
            term *= if j < i { rate * (n - j) as f64 / (i - j) as f64 } else { 1.0 - rate };
        }
        sum += term;
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// At the bounds exactly the tail is left: the definition.
    #[test]
    fn the_tail_is_what_was_asked_for(
        n in 1..60_u64,
        pick in any::<prop::sample::Index>(),
        confidence in 0.5..0.9999_f64,
    ) {
        let k = pick.index(usize::try_from(n).unwrap() + 1) as u64;
        let (lower, upper) = proportion_bounds(k, n, confidence);
        let tail = (1.0 - confidence) / 2.0;
        prop_assert!(lower <= k as f64 / n as f64 && k as f64 / n as f64 <= upper);
        if k > 0 {
            prop_assert!((1.0 - at_most(k - 1, n, lower) - tail).abs() < 1e-9);
        }
        if k < n {
            prop_assert!((at_most(k, n, upper) - tail).abs() < 1e-9);
        }
    }
}

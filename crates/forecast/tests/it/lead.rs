//! Tests of leading: figures of NumPy and SciPy, and 200 simulations of each kind.
//!
//! Figures: F by `np.linalg.lstsq` without and with the lags, tails and false discovery rates by SciPy 1.17.1, over the same
//! SplitMix64 noise.

use tracehound_forecast::ForecastError;
use tracehound_forecast::lead::{LeadOptions, LeadRow, benjamini_hochberg, f_tail, judge, t_tail};

/// Uniform within ±0.5 by SplitMix64.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 - 0.5
    };
    (0..n).map(|_| next()).collect()
}

fn walk(steps: &[f64]) -> Vec<f64> {
    steps
        .iter()
        .scan(0.0, |sum, step| {
            *sum += step;
            Some(*sum)
        })
        .collect()
}

/// A load that keeps 0.6 of itself and follows changes of `x` two steps later.
fn follower(seed: u64, x: &[f64], share: f64) -> Vec<f64> {
    let e = noise(seed, x.len());
    let mut y: Vec<f64> = Vec::with_capacity(x.len());
    for t in 0..x.len() {
        let own = if t > 0 { 0.6 * y[t - 1] } else { 0.0 };
        let pushed = if t > 2 { share * (x[t - 2] - x[t - 3]) } else { 0.0 };
        y.push(own + e[t] + pushed);
    }
    y
}

fn one(load: &[f64], x: Vec<f64>, options: &LeadOptions) -> LeadRow {
    judge(load, &[("x".to_owned(), x)], options).unwrap().remove(0)
}

#[track_caller]
fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} {expected}");
}

#[test]
fn f_and_correlation_of_numpy() {
    let x = walk(&noise(2, 300));
    let y = follower(1, &x, 0.3);
    let row = one(&y, x, &LeadOptions { lags_max: 3, ..LeadOptions::default() });
    let (leads, follows) = (row.leads.unwrap(), row.follows.unwrap());
    assert_eq!((leads.n, leads.lags, row.n), (296, 3, 299));
    near(leads.f, 16.722_361_443_494_865, 1e-9);
    near(leads.p, 4.806_528_438_687_995e-10, 1e-7);
    near(follows.f, 0.289_745_597_441_662_84, 1e-9);
    near(follows.p, 0.832_797_768_578_797_8, 1e-9);
    let best = row.correlation.unwrap();
    assert_eq!(best.lag, 2);
    near(best.r, 0.375_956_150_560_638_6, 1e-12);
    near(best.p, 6.288_961_697_320_926e-11, 1e-7);
}

#[test]
fn tails_and_discoveries_of_scipy() {
    near(f_tail(3.2, 4.0, 57.0), 0.019_354_775_636_086_716, 1e-10);
    near(f_tail(0.7, 1.0, 10.0), 0.422_326_667_155_145_1, 1e-10);
    near(f_tail(25.0, 6.0, 1_000.0), 9.838_628_047_138_784e-28, 1e-8);
    near(f_tail(1.01, 30.0, 20_000.0), 0.450_456_647_041_612_76, 1e-8);
    near(t_tail(2.1, 30.0), 0.022_121_235_631_161_765, 1e-10);
    near(t_tail(-0.5, 4.0), 0.678_335_018_409_068_4, 1e-10);
    near(t_tail(8.0, 1_000.0), 1.713_330_741_195_748_9e-15, 1e-8);
    near(t_tail(0.01, 20_000.0), 0.496_010_693_555_334_9, 1e-9);
    assert_eq!((f_tail(0.0, 2.0, 9.0), f_tail(f64::INFINITY, 2.0, 9.0)), (1.0, 0.0));
    let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.002, 0.5, 0.04]);
    for (found, expected) in q.iter().zip([0.03, 0.048, 0.048, 0.012, 0.5, 0.048]) {
        near(*found, expected, 1e-12);
    }
    assert!(benjamini_hochberg(&[]).is_empty());
}

/// How many of so many worlds use the indicator.
fn accepted(worlds: u64, make: impl Fn(u64) -> (Vec<f64>, Vec<f64>)) -> usize {
    let options = LeadOptions { seasons: vec![24], ..LeadOptions::default() };
    let is_used = |seed: &u64| {
        let (load, x) = make(*seed);
        one(&load, x, &options).used
    };
    (1..=worlds).filter(is_used).count()
}

/// 200 worlds of 1000 steps of each kind (G12). A planted lead moves the load by half of its own noise two steps later.
#[test]
fn leading_series_are_used_and_others_are_not() {
    let n = 1_000;
    let leading = accepted(200, |seed| {
        let x = walk(&noise(seed + 10_000, n));
        (follower(seed, &x, 0.5), x)
    });
    let unrelated = accepted(200, |seed| {
        let x = walk(&noise(seed + 20_000, n));
        (follower(seed, &x, 0.0), noise(seed + 30_000, n))
    });
    let wandering = accepted(200, |seed| {
        let x = walk(&noise(seed + 40_000, n));
        (follower(seed, &x, 0.0), x)
    });
    let lagging = accepted(200, |seed| {
        let x = walk(&noise(seed + 50_000, n));
        let load = follower(seed, &x, 0.0);
        let late = noise(seed + 60_000, n);
        let x = (0..n).map(|t| load[t.saturating_sub(2)] + 0.3 * late[t]).collect();
        (load, x)
    });
    assert!(leading >= 190, "{leading}");
    assert!(
        unrelated <= 10 && wandering <= 10 && lagging <= 10,
        "{unrelated} {wandering} {lagging}"
    );
}

#[test]
fn reasons_are_told() {
    let x = walk(&noise(2, 600));
    let y = follower(1, &x, 0.6);
    let options = LeadOptions::default();
    let row = one(&y, x.clone(), &options);
    assert!(row.used && row.reason.starts_with("used: errors out of sample are"), "{}", row.reason);
    let flat = one(&y, vec![3.0; 600], &options);
    assert!(!flat.used && flat.reason.contains("does not vary"), "{}", flat.reason);
    let mut late = vec![f64::NAN; 600];
    late[540..].copy_from_slice(&x[540..]);
    let late = one(&y, late, &options);
    assert!(late.reason.contains("only 59 of its changes are known"), "{}", late.reason);
    let quiet = one(&y, noise(77, 600), &options);
    assert!(quiet.reason.starts_with("not used, because"), "{}", quiet.reason);
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let x = noise(3, 200);
    let check = |load: &[f64], x: Vec<f64>, options: &LeadOptions, words: &str| {
        let error = judge(load, &[("x".to_owned(), x)], options).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    let usual = LeadOptions::default();
    check(&x, x[1..].to_vec(), &usual, "indicator `x` has 199 values, expected 200");
    check(&x[..50], x[..50].to_vec(), &usual, "needs 107 values, the series has 50");
    check(&x, x.clone(), &LeadOptions { lags_max: 0, ..usual.clone() }, "0 lags");
    check(&x, x.clone(), &LeadOptions { training_share: 1.0, ..usual.clone() }, "training_share");
    let mut odd = x.clone();
    odd[7] = f64::INFINITY;
    let error = judge(&x, &[("x".to_owned(), odd)], &usual).unwrap_err();
    assert!(matches!(error, ForecastError::Value { index: 7, .. }));
}

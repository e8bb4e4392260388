//! Prices by what was known at the time, and marks of high volatility against a plain recount and NumPy.

use forensics::money::{PriceMark, PriceOptions, Prices, VolatilityOptions};
use ledger::{Price, Timestamp, Value};
use proptest::prelude::*;
use tracehound_forensics as forensics;

pub fn candle(time_s: i64, interval_s: u32, close: f64) -> Price {
    Price {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        time: Timestamp::new(time_s),
        interval_s,
        open: close,
        high: close,
        low: close,
        close,
        volume: 0.0,
    }
}

fn options() -> PriceOptions {
    PriceOptions::default()
}

#[track_caller]
fn check(rows: &[(i64, u32, f64)], expected: &[(i64, Option<u64>)]) {
    let rows = rows.iter().map(|&(time, interval, close)| candle(time, interval, close)).collect();
    let prices = Prices::new(rows, options());
    for &(time, micros) in expected {
        assert_eq!(prices.price_micros_at(Timestamp::new(time)), micros, "at {time}");
    }
}

#[test]
fn a_close_is_known_at_the_end_of_its_candle_and_for_a_while() {
    let two = [(0, 3_600, 100.0), (3_600, 3_600, 101.5)];
    check(
        &two,
        &[(0, None), (3_599, None), (3_600, Some(100_000_000)), (7_199, Some(100_000_000))],
    );
    check(&two, &[(7_200, Some(101_500_000)), (14_400, Some(101_500_000)), (14_401, None)]);
    // Minutes: two of them are less than the hour that a price lasts at least.
    check(&[(0, 60, 2.0)], &[(60, Some(2_000_000)), (3_660, Some(2_000_000)), (3_661, None)]);
    check(&[], &[(0, None)]);
}

#[test]
fn a_gap_is_a_gap() {
    let rows = [(0, 3_600, 1.0), (36_000, 3_600, 2.0)];
    check(&rows, &[(10_800, Some(1_000_000)), (10_801, None), (39_599, None)]);
    check(&rows, &[(39_600, Some(2_000_000))]);
}

/// The day's close is not known while the hours of the day pass, whatever order rows come in.
#[test]
fn of_several_intervals_none_tells_the_future() {
    let rows = [(0, 86_400, 9.0), (3_600, 3_600, 2.0), (0, 3_600, 1.0), (82_800, 3_600, 8.0)];
    check(&rows, &[(3_600, Some(1_000_000)), (7_200, Some(2_000_000)), (86_399, None)]);
    // Both are known now: the shorter one is the later word.
    check(&rows, &[(86_400, Some(8_000_000))]);
}

#[test]
fn what_is_no_price_is_a_gap() {
    for close in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e13, 1e-9] {
        check(&[(0, 3_600, close)], &[(3_600, None)]);
    }
    let one = [(0, 3_600, 1.0), (3_600, 3_600, 0.0)];
    check(&one, &[(7_200, Some(1_000_000)), (10_800, Some(1_000_000)), (10_801, None)]);
    check(&[(0, 60, 5.0), (0, 60, 6.0)], &[(60, Some(6_000_000))]);
    check(&[(i64::MAX, 60, 5.0), (i64::MIN, 60, 6.0)], &[(0, None)]);
}

#[test]
fn an_amount_has_a_value_where_there_is_a_price() {
    let prices = Prices::new(vec![candle(0, 3_600, 3_600.0)], options());
    let at = Timestamp::new(3_600);
    assert_eq!(prices.value_of(150_000_000, at), Some(Value::from_micros(5_400_000_000)));
    assert_eq!(prices.value_of(150_000_000, Timestamp::new(0)), None);
    let mark = PriceMark { price_micros: Some(3_600_000_000), is_high_volatility: None };
    assert_eq!(prices.mark_at(at), mark);
}

/// 400 hourly closes: a zigzag whose swing changes. The figures are those of
/// `crates/forensics/tests/it/money_vectors.py` (NumPy 2.4).
#[test]
fn volatility_is_that_of_numpy() {
    let mut rows = Vec::new();
    let mut close = 1_000.0_f64;
    for at in 0..400_i64 {
        let swing = 0.001 * f64::from(i32::try_from((at * 7) % 13 + 1).unwrap());
        close *= if at % 2 == 0 { 1.0 + swing } else { 1.0 - swing };
        rows.push(candle(at * 3_600, 3_600, close));
    }
    let prices = Prices::new(rows, options());
    let volatility = |at: i64| prices.volatility_at(Timestamp::new((at + 1) * 3_600));
    let marks = |at: i64| prices.is_high_volatility_at(Timestamp::new((at + 1) * 3_600));
    assert_eq!(volatility(11), None);
    for (at, expected) in VECTORS {
        let found = volatility(at).unwrap();
        assert!((found - expected).abs() < 1e-6 * expected, "{at}: {found} is not {expected}");
    }
    let high: Vec<i64> = (0..400).filter(|at| marks(*at) == Some(true)).collect();
    assert_eq!(high, HIGH);
    assert_eq!((0..400).position(|at| marks(at).is_some()), Some(FIRST_MARK));
}

include!("money_vectors.rs");

/// One window of an hourly or other series, as defined, in floating point.
fn variance(rows: &[(i64, f64)], interval_s: i64, window_s: i64, at: usize) -> Option<f64> {
    let end = rows[at].0;
    let mut squares = Vec::new();
    for other in 1..rows.len() {
        let (before, (time, close)) = (rows[other - 1], rows[other]);
        if time - before.0 == interval_s && time <= end && time > end - window_s {
            squares.push((close / before.1).ln().powi(2));
        }
    }
    let possible = window_s / interval_s;
    let enough = i64::try_from(squares.len()).unwrap() * 2 >= possible && !squares.is_empty();
    enough.then(|| squares.iter().sum::<f64>() / squares.len() as f64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Steps of a coarse grid, so that ties are ties in floating point too.
    #[test]
    fn marks_are_as_defined(
        steps in prop::collection::vec((0..12_u8, 0..4_u8), 150..260),
        window in 1..5_i64,
        past in prop::option::of(100..200_i64),
        quantile in 1..=1_000_u16,
    ) {
        let (mut time, mut close) = (0, 1_024.0_f64);
        let mut rows = Vec::new();
        for (gap, step) in steps {
            time += if gap == 0 { 120 } else { 60 };
            close = match step { 0 => close * 2.0, 1 => close / 2.0, _ => close };
            rows.push((time, close));
        }
        let volatility = VolatilityOptions {
            window_s: Some(window * 60),
            past_s: past.map(|past| past * 60),
            quantile_thousandths: quantile,
        };
        let candles: Vec<Price> = rows.iter().map(|row| candle(row.0, 60, row.1)).collect();
        prop_assume!(candles.iter().all(|row| row.close >= 1e-5 && row.close < 1e11));
        let prices = Prices::new(candles.clone(), PriceOptions { age_max_s: None, volatility });
        let past_s = past.map_or(31_536_000, |past| past * 60);
        let variances: Vec<Option<f64>> =
            (0..rows.len()).map(|at| variance(&rows, 60, window * 60, at)).collect();
        for at in 0..rows.len() {
            let now = rows[at].0;
            let mut before: Vec<(i64, f64)> = (0..at)
                .filter_map(|other| Some((rows[other].0, variances[other]?)))
                .filter(|(time, _)| *time >= now - past_s)
                .collect();
            let covers = before.first().is_some_and(|first| now - first.0 >= 10 * window * 60);
            let enough = before.len() >= 100 && covers;
            before.sort_by(|a, b| a.1.total_cmp(&b.1));
            let place = (before.len() * usize::from(quantile)).div_ceil(1_000);
            let expected = variances[at]
                .filter(|_| enough)
                .map(|own| own > before[place.max(1) - 1].1 * (1.0 + 1e-9));
            prop_assert_eq!(prices.is_high_volatility_at(Timestamp::new(now + 60)), expected, "{}", at);
        }
        // Nothing that comes later changes what was known.
        let cut = rows.len() / 2;
        let early = Prices::new(candles[..cut].to_vec(), PriceOptions { age_max_s: None, volatility });
        for (time, _) in &rows[..cut] {
            let time = Timestamp::new(time + 60);
            prop_assert_eq!(early.mark_at(time), prices.mark_at(time));
        }
    }

    #[test]
    fn prices_are_the_last_close_known(
        rows in prop::collection::vec((0..40_i64, 0..3_usize, 1..50_u32), 0..30),
        times in prop::collection::vec(0..60_000_i64, 20),
    ) {
        const INTERVALS: [u32; 3] = [300, 900, 3_600];
        let rows: Vec<Price> = rows
            .into_iter()
            .map(|(at, kind, close)| {
                candle(at * i64::from(INTERVALS[kind]), INTERVALS[kind], f64::from(close))
            })
            .collect();
        let prices = Prices::new(rows.clone(), options());
        for time in times {
            let known = rows.iter().enumerate().filter_map(|(place, row)| {
                let known_at = row.time.get() + i64::from(row.interval_s);
                (known_at <= time).then_some((known_at, std::cmp::Reverse(row.interval_s), place))
            });
            let expected = known.max().and_then(|(known_at, interval, place)| {
                let age_max = (2 * i64::from(interval.0)).max(3_600);
                (time - known_at <= age_max).then(|| format!("{:.0}", rows[place].close * 1e6).parse().unwrap())
            });
            prop_assert_eq!(prices.price_micros_at(Timestamp::new(time)), expected);
        }
    }
}

//! Indicators: figures of NumPy, blocks and dates by hand, windows sorted one by one, and what was known when.
//!
//! Figures: `np.log(high / low)` and so on over the four candles below, printed by NumPy 2.4.6.

use proptest::prelude::*;
use tracehound_forecast::indicators::{
    Bars, BlockLoad, Form, Indicator, VolatilityKind, calendar, congestion, har, market, moves,
    run_up_and_drawdown, volatility,
};
use tracehound_forecast::{ForecastError, trailing_median};

fn bars() -> Bars {
    Bars {
        start_s: 0,
        step_s: 300,
        open: vec![100.0, 101.0, 99.5, 102.0],
        high: vec![101.5, 101.2, 102.5, 103.0],
        low: vec![99.0, 98.9, 99.1, 101.0],
        close: vec![101.0, 99.5, 102.0, 101.5],
        volume: vec![1.0, 2.0, 3.0, 4.0],
    }
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} {expected}");
}

#[test]
fn estimators_of_volatility() {
    let check = |kind, expected| near(volatility(&bars(), kind, 3)[3], expected);
    check(VolatilityKind::CloseToClose, 0.029_390_946_202_164_09);
    check(VolatilityKind::Parkinson, 0.027_197_861_392_240_626);
    check(VolatilityKind::GarmanKlass, 0.026_301_767_391_663_688);
    check(VolatilityKind::RogersSatchell, 0.024_775_419_097_269_845);
    assert!(volatility(&bars(), VolatilityKind::Parkinson, 3)[1].is_nan(), "no whole window yet");
    near(moves(&bars(), 2)[3], 0.019_901_154_317_295_02);
    let (up, down) = run_up_and_drawdown(&bars(), 3);
    near(up[3], 0.019_901_154_317_295_02);
    near(down[3], 0.004_914_014_802_429_163);
}

#[test]
fn the_set_for_warnings_is_known_at_the_close() {
    let day = |value: f64| vec![value; 2 * 288];
    let mut bars = Bars { volume: day(2.0), ..Bars::default() };
    (bars.step_s, bars.start_s) = (300, 1_000);
    (bars.open, bars.high, bars.low, bars.close) = (day(1.0), day(1.1), day(0.9), day(1.0));
    let set = market(&bars).unwrap();
    let names: Vec<&str> = set.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "volatility 15 min",
            "volatility 1 h",
            "volatility 6 h",
            "volatility 24 h",
            "Parkinson volatility 15 min",
            "Parkinson volatility 1 h",
            "Parkinson volatility 6 h",
            "Parkinson volatility 24 h",
            "Garman-Klass volatility 1 h",
            "Rogers-Satchell volatility 1 h",
            "move 5 min",
            "move 15 min",
            "move 1 h",
            "largest move 15 min in 1 h",
            "run-up 24 h",
            "drawdown 24 h",
            "volume 5 min",
            "volume 1 h",
        ]
    );
    assert!(set.iter().all(|one| one.known_from_s == 1_300 && one.step_s == 300));
    near(set[17].values[20], 24.0);
    // A jump that is taken back at once stays for an hour after the last move over it.
    let mut jump = bars.clone();
    jump.close[50] = 1.1;
    let set = market(&jump).unwrap();
    let largest = set.iter().find(|one| one.name == "largest move 15 min in 1 h").unwrap();
    near(largest.values[50], 1.1_f64.ln());
    near(largest.values[64], 1.1_f64.ln());
    assert!(largest.values[13].is_nan() && largest.values[14] == 0.0 && largest.values[65] == 0.0);
    assert_eq!(har(&bars).len(), 1, "a week and a month are longer than the candles");
}

#[test]
fn candles_that_cannot_be_are_refused() {
    let check = |change: fn(&mut Bars), words: &str| {
        let mut bars = bars();
        change(&mut bars);
        let error = market(&bars).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    };
    check(|bars| bars.low[2] = 0.0, "value 2 of low prices is 0");
    check(|bars| bars.high[1] = 100.0, "value 1 of highest and lowest prices");
    check(|bars| bars.volume[3] = -1.0, "value 3 of volumes is -1");
    check(|bars| bars.volume.truncate(1), "volumes has 1 values, expected 4");
    check(|bars| bars.step_s = 0, "step of the candles");
    let mut gap = bars();
    (gap.open[1], gap.high[1], gap.low[1], gap.close[1]) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
    assert!(volatility(&gap, VolatilityKind::Parkinson, 3)[3].is_nan(), "a gap stays one");
}

#[test]
fn only_what_was_known_counts() {
    let indicator = Indicator {
        name: "x".to_owned(),
        unit: "units".to_owned(),
        form: Form::Size,
        known_from_s: 100,
        step_s: 10,
        values: vec![1.0, 2.0, f64::NAN, 4.0],
    };
    let check =
        |time, age_max, known| assert_eq!(indicator.known_at(time, age_max), known, "{time}");
    check(99, 60, None);
    check(100, 60, Some((1.0, 0)));
    check(119, 60, Some((2.0, 9)));
    check(125, 60, Some((2.0, 15)));
    check(125, 14, None);
    check(130, 60, Some((4.0, 0)));
    check(190, 60, Some((4.0, 60)));
    check(191, 60, None);
    assert!(indicator.over(&[99, 111], 60)[0].is_nan());
    let below = Indicator { values: vec![-1.0], ..indicator };
    assert!(matches!(below.check(), Err(ForecastError::Value { index: 0, .. })));
}

#[test]
fn blocks_by_hand() {
    let block = |time_s, transactions, fees, fees_weight| BlockLoad {
        time_s,
        transactions,
        weight: 4_000,
        fees,
        fees_weight,
    };
    // The third block's header lies before the second's: it is known no earlier than that.
    let blocks = [
        block(0, 5, 0, 0),
        block(3_700, 10, 800, 1_600),
        block(3_600, 20, 0, 0),
        block(7_000, 1, 0, 0),
    ];
    let set = congestion(&blocks, 3_600, 100, 60, 3_600);
    let row = |at: usize| -> Vec<f64> { set.iter().map(|one| one.values[at]).collect() };
    assert_eq!(row(0)[..3], [0.0, 0.0, 0.0], "the first block is an hour old");
    assert!(row(0)[3].is_nan());
    assert_eq!(row(0)[4], 3_600.0);
    assert_eq!(row(1), [2.0, 30.0, 8_000.0, 2.0, 0.0]);
    assert_eq!(row(36), [3.0, 31.0, 12_000.0, 2.0, 200.0]);
    assert_eq!(row(37)[..3], [1.0, 1.0, 4_000.0]);
    assert!(row(37)[3].is_nan(), "no fee is known: no rate, not 0");
    assert_eq!(set[3].name, "fee rate 1 h");
}

#[test]
fn dates_by_hand() {
    // 2024-06-01 was a Saturday.
    let set = calendar(1_717_200_000, 43_200, 5);
    assert_eq!(set[4].values, [1.0, 1.0, 1.0, 1.0, 0.0]);
    assert_eq!(set[5].values, [1.0, 1.0, 0.0, 0.0, 0.0]);
    near(set[1].values[1], -1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn medians_are_those_of_every_window_sorted(
        values in prop::collection::vec(prop_oneof![Just(f64::NAN), -3.0..3.0_f64, Just(0.0), Just(-0.0)], 0..60),
        window in 0_usize..12,
        least in 0_usize..4,
    ) {
        let found = trailing_median(&values, window, least);
        for (at, found) in found.iter().enumerate() {
            let mut own: Vec<f64> = values[at.saturating_sub(window)..at].iter().copied().filter(|v| !v.is_nan()).collect();
            own.sort_by(f64::total_cmp);
            if own.len() < least.max(1) {
                prop_assert!(found.is_nan());
            } else {
                let expected = (own[(own.len() - 1) / 2] + own[own.len() / 2]) / 2.0;
                prop_assert!((found - expected).abs() < 1e-15);
            }
        }
    }
}

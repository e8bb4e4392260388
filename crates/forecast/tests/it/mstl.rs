//! STL and MSTL against statsmodels 0.15 on the series of `contract::worked(96)`.

use forecast::{Indicators, Method, Mstl, Stl};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

const PLACES: [usize; 5] = [0, 1, 40, 94, 95];

#[track_caller]
fn check(stl: Stl, seasonal: [f64; 5], trend: [f64; 5]) {
    let parts = stl.decompose(&hourly(&worked(96))).unwrap();
    for (index, t) in PLACES.into_iter().enumerate() {
        let gaps = [parts.seasonal[t] - seasonal[index], parts.trend[t] - trend[index]];
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-9), "place {t}: {gaps:?}");
    }
    for (t, y) in worked(96).iter().enumerate() {
        assert!((parts.seasonal[t] + parts.trend[t] + parts.rest[t] - y).abs() < 1e-12);
    }
}

/// `STL(y, period=12, seasonal=7).fit()`, with `robust=True`, with `seasonal_jump=1, trend_jump=3, low_pass_jump=2`.
#[test]
fn stl_is_that_of_statsmodels() {
    let usual = Stl::of_period(12);
    check(
        usual,
        [
            -0.03912241891820546,
            1.2265766787842685,
            2.253068345882718,
            -3.244691597999416,
            -1.0460460141327237,
        ],
        [
            10.661150359582816,
            10.789970840839382,
            14.920512444971902,
            20.368950838432852,
            20.46135930908347,
        ],
    );
    check(
        usual.robust(),
        [
            0.03661231964199903,
            2.092552567377377,
            1.7408993987603076,
            -2.452968383808924,
            -0.4990421612147614,
        ],
        [
            11.987771827732415,
            12.07073479128002,
            15.33182288956614,
            19.570545898990176,
            19.646324050747534,
        ],
    );
    check(
        Stl { jump: [1, 3, 2], ..usual },
        [
            -0.04045287251281979,
            1.2256663707182966,
            2.2537019458049783,
            -3.245250391985407,
            -1.0467705906219185,
        ],
        [
            10.66187960872466,
            10.79018344285642,
            14.928064917223164,
            20.368721097403395,
            20.461481111059385,
        ],
    );
}

/// `MSTL(z, periods=(4, 12), windows=(11, 15), iterate=2, stl_kwargs=dict(inner_iter=2)).fit()`, `z = y + 2 cos(2πt/4)`.
#[test]
fn mstl_is_that_of_statsmodels() {
    let wave = |(t, y): (usize, f64)| y + 2.0 * (std::f64::consts::PI * t as f64 / 2.0).cos();
    let values: Vec<f64> = worked(96).into_iter().enumerate().map(wave).collect();
    let mstl = Mstl { seasons: vec![4, 12], robust: false, every_place: true };
    let parts = mstl.decompose(&hourly(&values)).unwrap();
    let expected = [
        [1.7585802265251698, 0.35679970326651045, 10.655312119146263],
        [0.041561122552066954, 1.065555440391173, 10.786299575024211],
        [2.109068971919503, 2.6447912830975087, 14.905264321790114],
        [-2.0767910909864282, -2.955288557549721, 20.306515157256985],
        [0.4951490804537175, -1.2871503940181859, 20.38788692222503],
    ];
    for (t, [short, long, trend]) in PLACES.into_iter().zip(expected) {
        let gaps =
            [parts.seasonal[0][t] - short, parts.seasonal[1][t] - long, parts.trend[t] - trend];
        assert!(gaps.iter().all(|gap| gap.abs() < 1e-9), "place {t}: {gaps:?}");
    }
}

#[test]
fn what_is_missing_stays_missing_and_moves_little() {
    let mut values = worked(96);
    let whole = Stl::of_period(12).decompose(&hourly(&values)).unwrap();
    values[50] = f64::NAN;
    let parts = Stl::of_period(12).decompose(&hourly(&values)).unwrap();
    assert!(parts.rest[50].is_nan());
    let moved = |t: usize| (parts.trend[t] - whole.trend[t]).abs();
    assert!((0..96).all(|t| moved(t) < 0.3 && parts.seasonal[t].is_finite()));
}

#[test]
fn a_long_season_without_two_cycles_is_left_out() {
    let none = Indicators::default();
    let mstl = Mstl { seasons: vec![12, 60], robust: false, every_place: false };
    let parts = mstl.decompose(&hourly(&worked(96))).unwrap();
    assert_eq!(parts.seasons, [12]);
    let error = mstl.fit(&hourly(&worked(20)), &none).err().unwrap();
    assert_eq!(error.to_string(), "mstl needs 24 values, the series has 20");
}

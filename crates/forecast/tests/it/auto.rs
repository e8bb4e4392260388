//! The default forecast on series with a known answer.

use forecast::{Auto, Fitted, Indicators, Step};
use tracehound_forecast as forecast;

use crate::contract::{hourly, worked};

fn auto(horizon: usize) -> Auto {
    Auto { seasons: vec![6, 12], horizon, origins: 12, history_max: 600 }
}

#[test]
fn a_repeated_season_is_repeated() {
    let value = |t: usize| [3.0, 9.0, 4.0, 1.0, 5.0, 2.0][t % 6];
    let values: Vec<f64> = (0..120).map(value).collect();
    let fit = auto(12).inspect(&hourly(&values)).unwrap();
    let forecast = fit.forecast(12, &Indicators::default(), &[0.95]).unwrap();
    for (step, found) in forecast.mean.iter().enumerate() {
        assert!((found - value(120 + step)).abs() < 0.01, "{step}: {found}");
    }
    assert!((fit.members.iter().map(|m| m.weight).sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_member_that_errs_weighs_little() {
    let fit = auto(12).inspect(&hourly(&worked(240))).unwrap();
    let weight = |name: &str| fit.members.iter().find(|m| m.name == name).unwrap();
    // The short season of 6 is not there, and repeating it is wrong by twice the wave.
    let naive = weight("seasonal-naive");
    let best = fit.members.iter().filter_map(|m| m.error).fold(f64::INFINITY, f64::min);
    assert!(naive.error.unwrap() > 3.0 * best && naive.weight < 0.03, "{:?}", fit.members);
    // Nor does one that could not forecast from all origins, as trees cannot, weigh more for it.
    let heaviest = fit.members.iter().map(|m| m.weight).fold(0.0, f64::max);
    let of_heaviest = fit.members.iter().find(|m| m.weight == heaviest).and_then(|m| m.error);
    assert!(of_heaviest.unwrap() < 1.5 * best, "{:?}", fit.members);
}

#[test]
fn what_was_never_negative_is_not_forecast_so() {
    let values: Vec<f64> = (0..120).map(|t| if t % 7 == 0 { 9.0 } else { 0.0 }).collect();
    let fit = auto(12).inspect(&hourly(&values)).unwrap();
    let forecast = fit.forecast(12, &Indicators::default(), &[0.99]).unwrap();
    assert!(forecast.mean.iter().chain(&forecast.bounds[0].lower).all(|y| *y >= 0.0));
}

#[test]
fn short_series_are_forecast_from_what_there_is() {
    for n in 4..40 {
        let fit = auto(3).inspect(&hourly(&worked(n))).unwrap();
        let forecast = fit.forecast(3, &Indicators::default(), &[]).unwrap();
        assert!(forecast.mean.iter().all(|y| (0.0..40.0).contains(y)), "{n}: {forecast:?}");
    }
}

#[test]
fn a_step_suggests_its_seasons() {
    let seasons = |step| Auto::for_step(step, 1).seasons;
    assert_eq!(seasons(Step::Seconds(3_600)), [24, 168]);
    assert_eq!(seasons(Step::Seconds(86_400)), [7]);
    assert_eq!(seasons(Step::Months(1)), [12]);
    assert_eq!(seasons(Step::Months(3)), [4]);
    assert!(seasons(Step::Seconds(7_000)).is_empty());
}

/// Values taken on one by one, at once, or before the fit's members see them: the same forecast as members that were
/// tuned on the same values say, and past errors that grow by those that came.
#[test]
fn values_are_taken_on_one_by_one() {
    let values = worked(300);
    let none = Indicators::default();
    let mut one = auto(6).inspect(&hourly(&values[..260])).unwrap();
    let mut whole = auto(6).inspect(&hourly(&values[..260])).unwrap();
    for value in &values[260..] {
        one.append(&[*value]).unwrap();
    }
    whole.append(&values[260..]).unwrap();
    let means = [&one, &whole].map(|fit| fit.forecast(6, &none, &[]).unwrap().mean);
    assert_eq!(means[0], means[1]);
    assert_eq!((one.appended(), whole.appended()), (40, 40));
    // The trend and the season of 12 go on.
    let truth = worked(306);
    for (found, truth) in means[0].iter().zip(&truth[300..]) {
        assert!((found - truth).abs() < 2.0, "{found} {truth}");
    }
    assert!(one.append(&[f64::INFINITY]).is_err());
    assert_eq!(one.appended(), 40);
}

/// After the noise has grown tenfold, bounds that take on what happens are wider; those that do not are not.
#[test]
fn bounds_follow_what_happens() {
    let noise = |t: usize| ((t * 7919 % 101) as f64 - 50.0) / 50.0;
    let value = |t: usize| {
        100.0 + 5.0 * ((t % 6) as f64).sin() + noise(t) * if t < 240 { 1.0 } else { 10.0 }
    };
    let values: Vec<f64> = (0..300).map(value).collect();
    let none = Indicators::default();
    let mut fit = auto(3).inspect(&hourly(&values[..240])).unwrap();
    let width = |fit: &forecast::AutoFit| {
        let bounds = fit.forecast(3, &none, &[0.8]).unwrap().bounds.remove(0);
        bounds.upper[0] - bounds.lower[0]
    };
    let before = width(&fit);
    for value in &values[240..] {
        fit.append(&[*value]).unwrap();
    }
    assert!(width(&fit) > 4.0 * before, "{before} {}", width(&fit));
}

/// A wave of `season` steps with noise of a sixtieth of its size, half a season ahead of `n` values of it: the size of the
/// errors and the widest 95 % bounds.
fn wave(season: usize, n: usize) -> (f64, f64) {
    let noise = |t: usize| ((t * 7919 % 101) as f64 - 50.0) / 50.0;
    let value = |t: usize| {
        100.0
            + 30.0 * (std::f64::consts::TAU * (t % season) as f64 / season as f64).sin()
            + noise(t)
    };
    let values: Vec<f64> = (0..n).map(value).collect();
    let horizon = season / 2;
    let method = Auto { seasons: vec![season], horizon, origins: 40, history_max: 1_000 };
    let fit = method.inspect(&hourly(&values)).unwrap();
    let forecast = fit.forecast(horizon, &Indicators::default(), &[0.95]).unwrap();
    let errors = forecast.mean.iter().enumerate().map(|(step, f)| (value(n + step) - f).abs());
    let bounds = &forecast.bounds[0];
    let widths = bounds.upper.iter().zip(&bounds.lower).map(|(high, low)| high - low);
    (errors.sum::<f64>() / horizon as f64, widths.fold(0.0, f64::max))
}

/// One to three cycles: the season is seen from the first on, and bounds stay within the wave's own size.
#[test]
fn short_series_keep_their_season() {
    for (season, lengths) in [
        (12, vec![15, 18, 22, 24, 25, 26, 27, 28, 30]),
        (24, vec![26, 36, 48, 50, 51, 54]),
        (7, vec![8, 10, 14, 15, 16, 17, 20]),
    ] {
        for n in lengths {
            let (error, width) = wave(season, n);
            // Repeating the season misses by 0.7, forecasting the mean by 19.
            assert!(error < 2.5, "{season}, {n}: missed by {error}");
            let least = if n > 3 * season / 2 { 35.0 } else { 130.0 };
            assert!(width < least, "{season}, {n}: {width} wide");
        }
    }
}

/// Seasonal terms cost values times steps: with a long season its last cycle is subtracted instead, and the season is kept.
#[test]
fn a_long_season_is_subtracted() {
    let named = |season: usize| {
        let noise = |t: usize| ((t * 7919 % 101) as f64 - 50.0) / 100.0;
        let value = |t: usize| 100.0 + ((t % season) * 37 % 23) as f64 + noise(t);
        let values: Vec<f64> = (0..5 * season).map(value).collect();
        let method =
            Auto { seasons: vec![season], horizon: 6, origins: 4, history_max: 10 * season };
        let fit = method.inspect(&hourly(&values)).unwrap();
        let mean = fit.forecast(6, &Indicators::default(), &[]).unwrap().mean;
        assert!(
            mean.iter().enumerate().all(|(t, f)| (f - value(5 * season + t)).abs() < 1.5),
            "{mean:?}"
        );
        fit.members.into_iter().map(|member| member.name).collect::<Vec<_>>()
    };
    let orders = forecast::Orders::new(0, 1, 1).seasonal(0, 1, 0, 72);
    assert!(named(72).contains(&format!("sarima{orders}")), "{:?}", named(72));
    assert!(!named(24).iter().any(|name| name.contains("(0,1,1)")), "{:?}", named(24));
}

/// Values whose sums overflow are refused, not answered with bounds of 0.
#[test]
fn values_beyond_floating_point_are_refused() {
    let value =
        |t| 1e308 * (1.0 + 0.2 * (f64::from(t) / 4.0).sin() + f64::from(t * 37 % 11) / 200.0);
    let values: Vec<f64> = (0..400).map(value).collect();
    let forecast = auto(3)
        .inspect(&hourly(&values))
        .and_then(|fit| fit.forecast(3, &Indicators::default(), &[0.95]));
    let error = forecast.unwrap_err().to_string();
    assert!(error.contains("beyond floating point"), "{error}");
}

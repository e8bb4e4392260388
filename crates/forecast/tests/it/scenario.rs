//! Scenarios: the grammar, and paths by hand.

use forecast::ForecastError;
use forecast::scenario::{Arrival, Scenario, Target};
use proptest::prelude::*;
use tracehound_forecast as forecast;

#[track_caller]
fn check(text: &str, name: &str, target: Target, arrival: Arrival, shown: &str) {
    let scenario: Scenario = text.parse().unwrap();
    assert_eq!(scenario, Scenario { name: name.to_owned(), target, arrival });
    assert_eq!(scenario.to_string(), shown);
    assert_eq!(shown.parse(), Ok(scenario), "what is shown means the same");
}

#[test]
fn the_grammar_is_small() {
    let (hour, at) = (Arrival::Within(3_600), Arrival::At(1_767_268_800));
    check("btc=+8% in 1h", "btc", Target::Share(0.08), hour, "btc=+8% in 1h");
    check(
        " btc = -0.5 %  in 90s",
        "btc",
        Target::Share(-0.005),
        Arrival::Within(90),
        "btc=-0.5% in 90s",
    );
    check(
        "fee rate=+120 in 2d",
        "fee rate",
        Target::Change(120.0),
        Arrival::Within(172_800),
        "fee rate=+120 in 48h",
    );
    check("x=42", "x", Target::Level(42.0), Arrival::AtOnce, "x=42");
    check("x=to -5", "x", Target::Level(-5.0), Arrival::AtOnce, "x=to -5");
    check(
        "x=1e3 at 2026-01-01T12:00:00Z",
        "x",
        Target::Level(1e3),
        at,
        "x=1000 at 2026-01-01T12:00:00Z",
    );
    check(
        "x=+1% at 2026-01-01 12:00",
        "x",
        Target::Share(0.01),
        at,
        "x=+1% at 2026-01-01T12:00:00Z",
    );
    for text in [
        "",
        "btc",
        "=+8%",
        "btc=",
        "btc=8%",
        "btc=up",
        "btc=+8% in",
        "btc=+8% in 1",
        "btc=+8% in 0h",
        "btc=+8% in 1w",
        "btc=+8% at noon",
        "btc=+8% in 1h at 2026-01-01",
        "btc=nan",
        "btc=+inf",
        "btc=1e999",
        "btc=+8%% in 1h",
        "btc=+8% in 99999999999d",
    ] {
        let refused = text.parse::<Scenario>();
        let what = matches!(&refused, Err(ForecastError::Argument { what: "scenario", found, .. }) if *found == format!("{text:?}"));
        assert!(what, "{text:?}: {refused:?}");
    }
}

#[track_caller]
fn check_path(text: &str, expected: Result<(&[f64], usize), &str>) {
    // Hours from 0, the first step at 1 h; 100 is known at 0.
    let times = [3_600, 7_200, 10_800, 14_400];
    let base = [101.0, 102.0, 103.0, 104.0];
    let scenario: Scenario = text.parse().unwrap();
    match (scenario.over((0, 100.0), &times, &base), expected) {
        (Ok(path), Ok((values, from))) => {
            let near = path.values.iter().zip(values).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near && path.values.len() == values.len(), "{text}: {path:?}");
            assert_eq!(path.from, from, "{text}");
        }
        (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{text}: {error}"),
        (found, _) => panic!("{text}: {found:?}"),
    }
}

#[test]
fn paths_are_straight_lines_and_are_kept() {
    check_path("x=+8% in 2h", Ok((&[104.0, 108.0, 108.0, 108.0], 0)));
    check_path("x=-10 in 8h", Ok((&[98.75, 97.5, 96.25, 95.0], 0)));
    check_path("x=50 in 1h", Ok((&[50.0; 4], 0)));
    check_path("x=+8%", Ok((&[108.0; 4], 0)));
    // Until then nothing is assumed.
    check_path("x=42 at 1970-01-01T02:30:00Z", Ok((&[101.0, 102.0, 42.0, 42.0], 2)));
    check_path("x=+5 at 1970-01-01T04:00:00Z", Ok((&[101.0, 102.0, 103.0, 105.0], 3)));
    check_path("x=42 at 1970-01-01T00:00:00Z", Err("outside the horizon"));
    check_path("x=42 at 1970-01-01T04:00:01Z", Err("outside the horizon"));
    let share: Scenario = "x=+8%".parse().unwrap();
    assert!(share.over((0, 0.0), &[1], &[1.0]).unwrap_err().to_string().contains("a share of 0"));
    assert!(share.over((0, 1.0), &[1, 2], &[1.0]).is_err());
    let huge: Scenario = "x=+1e308%".parse().unwrap();
    assert!(huge.over((0, 1e10), &[1], &[1.0]).unwrap_err().to_string().contains("not finite"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        if let Ok(scenario) = text.parse::<Scenario>() {
            prop_assert!(!scenario.name.is_empty());
            prop_assert!(scenario.to_string().parse::<Scenario>().is_ok());
        }
    }

    #[test]
    fn a_move_ends_at_its_target(percent in -99.0..300.0_f64, hours in 1_u32..48, last in 0.1..1e6_f64) {
        let scenario: Scenario = format!("x={percent:+}% in {hours}h").parse().unwrap();
        let times: Vec<i64> = (1..=48).map(|hour| hour * 3_600).collect();
        let path = scenario.over((0, last), &times, &[0.0; 48]).unwrap().values;
        let target = last * (1.0 + percent / 100.0);
        prop_assert!((path[hours as usize - 1] - target).abs() <= 1e-9 * last.max(target.abs()));
        prop_assert_eq!(path[47], path[hours as usize - 1]);
        let steps = path.windows(2).map(|pair| pair[1] - pair[0]);
        prop_assert!(steps.clone().all(|step| step * percent >= -1e-9 * last), "one way only");
    }
}

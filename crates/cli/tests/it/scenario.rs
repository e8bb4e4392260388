//! `forecast predict` and `forecast capacity` under scenarios: what is assumed, what comes of it, what is refused.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::forecast::{floats, forecast};
use crate::world::file;

const START: i64 = 1_589_414_400;

/// Ten days of hours: a load with a day's season that rises by half of a price, and the price so far.
fn tables() -> (String, String) {
    let (mut load, mut prices) = ("time,y\n".to_owned(), "time,btc,fees\n".to_owned());
    for hour in 0..240_i64 {
        let at = START + hour * 3_600;
        let price = 100 + (hour * 37) % 41;
        writeln!(prices, "{at},{price},{}", hour % 5).unwrap();
        writeln!(load, "{at},{}", 200 + (hour % 24) * 3 + price / 2).unwrap();
    }
    (load, prices)
}

fn last_price() -> f64 {
    (100 + (239 * 37) % 41) as f64
}

fn asked(load: &str, prices: &str, scenarios: &[&str]) -> Vec<String> {
    let words =
        ["predict", load, "--method", "regression", "--horizon", "12", "--indicator", prices];
    let mut words: Vec<String> = words.map(str::to_owned).to_vec();
    for scenario in scenarios {
        words.extend(["--scenario".to_owned(), (*scenario).to_owned()]);
    }
    words
}

fn run(words: &[String], more: &[&str]) -> crate::world::Ended {
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    forecast(&words)
}

#[test]
fn the_answer_says_what_is_known_forecast_and_assumed() {
    let (load, prices) = tables();
    let (_load, load) = file("load.csv", &load);
    let (_prices, prices) = file("prices.csv", &prices);
    let plain = run(&asked(&load, &prices, &[]), &["--json"]).exits(0).json();
    let sources = |answer: &Value| {
        let ahead = answer["indicators_ahead"].as_array().unwrap().clone();
        ahead.iter().map(|one| one["source"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(sources(&plain), [json!("forecast"), json!("forecast")]);
    assert!(plain["scenario"].is_null());
    let words = asked(&load, &prices, &["btc=+100% in 4h"]);
    let answer = run(&words, &["--json"]).exits(0).json();
    assert_eq!(sources(&answer), [json!("scenario"), json!("forecast")]);
    let btc = &answer["indicators_ahead"][0];
    assert_eq!((&btc["scenario"], &btc["steps_scenario"]), (&json!("btc=+100% in 4h"), &json!(12)));
    let path = floats(&btc["assumed"]);
    let last = last_price();
    for (step, value) in path.iter().enumerate() {
        let share = ((step + 1) as f64 / 4.0).min(1.0);
        assert!((value - last * (1.0 + share)).abs() < 1e-9, "{path:?}");
    }
    // The base stays what it was; the difference is half of what the price is more, or a part of that where the load's own past,
    // which knew no such price, has a say.
    assert_eq!(answer["mean"], plain["mean"]);
    let (base, then) = (floats(&answer["mean"]), floats(&answer["scenario"]["mean"]));
    let (delta, without) = (floats(&answer["scenario"]["delta"]), floats(&btc["values"]));
    for step in 0..12 {
        assert_eq!(then[step] - base[step], delta[step]);
        let expected = (path[step] - without[step]) / 2.0;
        assert!(
            (delta[step] - expected).abs() < 0.35 * expected.abs() + 5.0,
            "{step}: {delta:?} {expected}"
        );
    }
    assert_eq!(floats(&answer["scenario"]["bounds"][0]["lower"]).len(), 12);
    let page = run(&words, &[]).exits(0).stdout;
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "with btc: 12 steps by the scenario btc=+100% in 4h",
        "with fees: 12 steps forecast",
        "high 95 scenario change",
    ] {
        assert!(flat.contains(part), "{part}: {page}");
    }
}

#[test]
fn a_level_counts_from_its_time_on_and_what_is_known_stays_known() {
    let (load, prices) = tables();
    let mut known = prices.clone();
    for hour in 240..252_i64 {
        writeln!(known, "{},{},0", START + hour * 3_600, 110).unwrap();
    }
    let (_load, load) = file("load.csv", &load);
    let (_prices, prices) = file("prices.csv", &known);
    let words = asked(&load, &prices, &["btc=50 at 2020-05-24T05:30:00Z", "fees=to -1"]);
    let answer = run(&words, &["--json"]).exits(0).json();
    let (btc, fees) = (&answer["indicators_ahead"][0], &answer["indicators_ahead"][1]);
    assert_eq!((&btc["steps_known"], &btc["steps_scenario"]), (&json!(6), &json!(6)));
    assert_eq!(floats(&btc["assumed"]), [[110.0; 6], [50.0; 6]].concat());
    assert_eq!(floats(&fees["assumed"]), [-1.0; 12]);
    // Fewer units for a price that falls.
    let units = |scenario: &[&str]| {
        let words = ["capacity", &load, "--method", "regression", "--unit", "5", "--horizon", "12"];
        let words = [&words[..], &["--indicator", &prices, "--json"], scenario].concat();
        let plan = forecast(&words).exits(0).json();
        (
            plan["plan"]["rows"][11]["required"].as_u64().unwrap(),
            plan["indicators_ahead"][0]["source"].clone(),
        )
    };
    let (base, then) = (units(&[]), units(&["--scenario", "btc=-100 in 3h"]));
    assert!(then.0 + 5 < base.0, "{then:?} {base:?}");
    assert_eq!((base.1, then.1), (json!("known"), json!("scenario")));
}

#[test]
fn scenarios_that_say_nothing_are_refused() {
    let (load, prices) = tables();
    let (_load, load) = file("load.csv", &load);
    let (_prices, prices) = file("prices.csv", &prices);
    let check = |scenarios: &[&str], more: &[&str], what: &str, hint: &str| {
        run(&asked(&load, &prices, scenarios), more).fails(2, what, hint);
    };
    check(&["eth=+8% in 1h"], &[], "no indicator is named \"eth\"", "indicators are btc, fees");
    check(&["btc=1", "btc=2"], &[], "two scenarios of \"btc\"", "one an indicator");
    let unsigned = run(&asked(&load, &prices, &["btc=8%"]), &[]).exits(2);
    assert!(unsigned.stderr.contains("write NAME=+8% in 1h"), "{}", unsigned.stderr);
    let late = run(&asked(&load, &prices, &["btc=1 at 2030-01-01"]), &[]);
    assert!(late.exits(2).stderr.contains("outside the horizon"));
    let words = ["predict", &load, "--indicator", &prices, "--scenario", "btc=1"];
    forecast(&words).fails(2, "auto uses no indicators", "take regression");
    let words = ["predict", &load, "--method", "regression", "--scenario", "btc=1"];
    forecast(&words).fails(2, "no indicator is named", "in a file of indicators");
    let twice = run(&asked(&load, &prices, &[]), &["--indicator", &prices]);
    assert!(twice.stderr.contains("two indicators are named \"btc\""), "{}", twice.stderr);
    // Where the last season stands in for the method nothing is assumed, and that is said.
    let words = asked(&load, &prices, &["btc=1"]);
    let answer = run(&words, &["--late-after", "2h", "--json"]).exits(0).json();
    assert_eq!(answer["instead_of"]["method"], "regression");
    assert!(answer["scenario"].is_null() && answer["indicators_ahead"].is_null(), "{answer}");
    assert!(answer["repairs"].to_string().contains("the scenario was not answered"), "{answer}");
}

//! Early warnings from the command line: a load that follows what people talk about, two steps later.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use crate::world::{Ended, run};

const STEP_S: i64 = 900;
/// A Monday.
const START_S: i64 = 1_704_067_200;
/// Five weeks, to an afternoon.
const STEPS: usize = 5 * 7 * 96 - 44;

fn noise(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
}

/// Steps at which people begin to talk; at the last of them two steps are left.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps of a short series"
)]
fn talks() -> Vec<usize> {
    let mut state = 3;
    let mut at = 150.0;
    let mut talks = Vec::new();
    while (at as usize) < STEPS - 60 {
        talks.push(at as usize);
        at += 90.0 + 60.0 * noise(&mut state);
    }
    talks.push(STEPS - 2);
    talks
}

/// Writes `load.csv` and `talk.csv`.
fn files(dir: &Path) -> (String, String) {
    let mut state = 5;
    let (mut load, mut talk) = ("time,load\n".to_owned(), "time,value\n".to_owned());
    let talks = talks();
    for at in 0..STEPS {
        let time = START_S + STEP_S * i64::try_from(at).unwrap();
        let hour = (at % 96) as f64 / 96.0 * std::f64::consts::TAU;
        let since = talks.iter().rev().find(|talk| **talk <= at).map(|talk| at - talk);
        let said = match since {
            Some(0..4) => 80.0,
            _ => 10.0,
        };
        // People come two steps after the talk began, and stay for three.
        let pull = if matches!(since, Some(3..6)) { 0.9 } else { 0.0 };
        let usual = 1_000.0 * (1.0 - 0.3 * hour.cos());
        let value = usual * (1.0 + pull) * (1.0 + 0.1 * noise(&mut state));
        writeln!(load, "{time},{value:.1}").unwrap();
        writeln!(talk, "{time},{:.2}", said * (1.0 + 0.4 * noise(&mut state))).unwrap();
    }
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    (write("load.csv", &load), write("talk.csv", &talk))
}

fn forecast(words: &[&str]) -> Ended {
    run(&[&["forecast"], words].concat())
}

#[test]
fn forecast_watch_warns_with_its_basis_and_exits_3() {
    let dir = tempfile::tempdir().unwrap();
    let (load, talk) = files(dir.path());
    let words = ["watch", &load, "--capacity", "1700", "--indicator", &talk];
    let answer = forecast(&[words.as_slice(), &["--replay", "--json"]].concat()).exits(3).json();
    let warning = &answer["warning"];
    assert_eq!(warning["state"], "firing");
    assert!(warning["probability"].as_f64().unwrap() >= warning["threshold"].as_f64().unwrap());
    let names: Vec<&str> = warning["drivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"talk"), "{names:?}");
    assert!(warning["analogues"]["n"].as_u64().unwrap() >= 20);
    let card = &answer["scorecard"];
    assert!(card["recall"].as_f64().unwrap() > 0.7, "{card}");
    assert!(card["precision"].as_f64().unwrap() > 0.7, "{card}");
    // In words, with a plot.
    let page = forecast(&words).exits(3).stdout;
    for part in ["▲ warning", "similar moments", "─ capacity", "model warner-"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = forecast(&["explain", &load, "--capacity", "1700", "--indicator", &talk]).exits(3);
    for part in ["what moved it", "talk", "held-out steps", "boosted trees on load and indicators"]
    {
        assert!(page.stdout.contains(part), "{part}: {}", page.stdout);
    }
}

#[test]
fn forecast_watch_puts_one_alert_into_the_queue_and_learns_from_feedback() {
    let dir = tempfile::tempdir().unwrap();
    let (load, talk) = files(dir.path());
    let store = dir.path().join("store");
    let store = store.to_str().unwrap();
    run(&["--store", store, "init"]).exits(0);
    let watch = || {
        let words = ["--store", store, "forecast", "watch", &load, "--capacity", "1700"];
        let more = ["--indicator", &talk, "--queue", "--name", "web", "--json"];
        run(&[words.as_slice(), &more].concat()).exits(3).json()
    };
    let first = watch();
    let id = first["alert"].as_str().unwrap().to_owned();
    assert_eq!(watch()["alert"], first["alert"], "the same event is the same alert");
    let list = run(&["--store", store, "alerts", "list", "--json"]).exits(0).json();
    assert_eq!(list["total"], 1);
    assert_eq!(list["alerts"][0]["subject"], "series:web");
    let alert = run(&["--store", store, "alerts", "show", &id, "--json"]).exits(0).json();
    assert_eq!(alert["basis"][0]["name"], "probability");
    assert_eq!(alert["history"].as_array().unwrap().len(), 1);
    let page = run(&["--store", store, "alerts", "show", &id]).exits(0).stdout;
    assert!(page.contains("about series web"), "{page}");
    let closed = ["--store", store, "forecast", "feedback", &id, "--not-useful", "--author", "kim"];
    run(&closed).exits(0);
    let after = watch();
    assert_eq!(after["alert"], Value::Null, "it was closed, and nothing new began");
    let shift = after["warning"]["model"]["feedback_shift"].as_f64().unwrap();
    assert!((shift - 0.15).abs() < 1e-9, "{shift}");
}

#[test]
fn forecast_indicators_and_capacity() {
    let dir = tempfile::tempdir().unwrap();
    let (load, talk) = files(dir.path());
    let words = ["indicators", &load, "--indicator", &talk, "--horizon", "2"];
    let answer = forecast(&[words.as_slice(), &["--json"]].concat()).exits(0).json();
    assert_eq!(answer["rows"][0]["used"], true, "{answer}");
    let page = forecast(&words).exits(0).stdout;
    assert!(page.contains("1 of 1 help"), "{page}");
    forecast(&["indicators", &load]).exits(2);
    let words = ["capacity", &load, "--unit", "100", "--method", "seasonal_naive"];
    let more = ["--horizon", "12", "--fix", "0..2=30", "--service", "90"];
    let words = [words.as_slice(), &more].concat();
    let plan = forecast(&[words.as_slice(), &["--json"]].concat()).exits(0).json();
    assert_eq!(plan["plan"]["rows"].as_array().unwrap().len(), 12);
    assert_eq!(plan["plan"]["rows"][0]["ordered"], 30);
    let page = forecast(&words).exits(0).stdout;
    assert!(page.contains("nothing was done: this is a plan"), "{page}");
    forecast(&["capacity", &load, "--unit", "0"]).exits(2);
    forecast(&["watch", &load, "--capacity", "nonsense"]).exits(2);
}

#[test]
fn candles_of_a_provider_with_a_link_above_the_header() {
    let dir = tempfile::tempdir().unwrap();
    let (load, _) = files(dir.path());
    let mut text =
        "https://www.example.com\nunix,date,symbol,open,high,low,close,Volume BTC\n".to_owned();
    for bar in (0..STEPS).rev() {
        let time = START_S + STEP_S * i64::try_from(bar).unwrap();
        let price = 100.0 + (bar % 7) as f64;
        writeln!(
            text,
            "{time},2024-01-01,BTC/USD,{price},{},{},{price},3",
            price + 1.0,
            price - 1.0
        )
        .unwrap();
    }
    let path = dir.path().join("market.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let answer = forecast(&["indicators", &load, "--indicator", path, "--json"]).exits(0).json();
    let names = answer["read"]["indicators"].as_array().unwrap();
    assert!(names.iter().any(|name| name == "market volatility 1 h"), "{names:?}");
    let read = [
        "predict",
        path,
        "--time",
        "unix",
        "--value",
        "close",
        "--horizon",
        "3",
        "--method",
        "ets",
        "--json",
    ];
    let repairs = forecast(&read).exits(0).json()["repairs"].clone();
    assert!(repairs[0].as_str().unwrap().contains("line above the header"), "{repairs}");
}

/// Data that stopped are no all-clear: before, it was quiet with a green tick and exit code 0.
#[test]
fn forecast_watch_without_recent_loads_says_that_nothing_can_be_said() {
    let dir = tempfile::tempdir().unwrap();
    let (load, _) = files(dir.path());
    let text = std::fs::read_to_string(&load).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let blind = |(at, line): (usize, &&str)| match at + 31 < lines.len() {
        true => (*line).to_owned(),
        false => format!("{},", line.split_once(',').unwrap().0),
    };
    let silent: Vec<String> = lines.iter().enumerate().map(blind).collect();
    std::fs::write(&load, silent.join("\n")).unwrap();
    let answer = forecast(&["watch", &load, "--capacity", "1700", "--json"]).exits(6).json();
    assert_eq!(answer["warning"]["state"], "unknown");
    assert_eq!(answer["warning"]["probability"], Value::Null);
    let page = forecast(&["watch", &load, "--capacity", "1700"]).exits(6).stdout;
    assert!(page.contains("? unknown") && !page.contains('✓'), "{page}");
}

/// Change points of a capacity are no series: two of them, at any distance, of one value if they are.
#[test]
fn forecast_watch_takes_a_capacity_from_a_file_of_change_points() {
    let dir = tempfile::tempdir().unwrap();
    let (load, talk) = files(dir.path());
    let schedule = dir.path().join("capacity.csv");
    std::fs::write(&schedule, "time,capacity\n2023-12-01,1700\n2024-01-20 07:13,1700\n").unwrap();
    let schedule = schedule.to_str().unwrap();
    let words = ["watch", &load, "--indicator", &talk, "--json", "--capacity"];
    let constant = forecast(&[words.as_slice(), &["1700"]].concat()).exits(3).json();
    let changing = forecast(&[words.as_slice(), &[schedule]].concat()).exits(3).json();
    assert_eq!(constant["warning"]["probability"], changing["warning"]["probability"]);
    std::fs::write(schedule, "time,capacity\n2023-12-01,1700\n2024-01-20,\n").unwrap();
    forecast(&["watch", &load, "--capacity", schedule]).fails(
        2,
        "no capacity at 2024-01-20",
        "rows of",
    );
    forecast(&["watch", &load, "--capacity", "-5"]).fails(2, "capacity is -5", "");
    forecast(&["watch", &load, "--capacity", "1700", "--persistence", "1000000"]).fails(
        2,
        "persistence is 1000000 of",
        "",
    );
}

#[test]
fn forecast_watch_refuses_indicators_that_say_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (load, talk) = files(dir.path());
    let watch = |more: &[&str]| {
        let words = ["watch", &load, "--capacity", "1700", "--indicator", &talk];
        forecast(&[words.as_slice(), more].concat())
    };
    watch(&["--indicator", &talk]).fails(2, "two indicators are named \"talk\"", "once");
    let old = dir.path().join("old.csv");
    std::fs::write(&old, "time,value\n2019-01-01,1\n2019-01-02,2\n2019-01-03,3\n").unwrap();
    let old = old.to_str().unwrap();
    watch(&["--indicator", old]).fails(2, "nothing is known of old", "leave it out");
    std::fs::write(old, "time,value\n2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n").unwrap();
    watch(&["--indicator", old]).fails(2, "old.csv: every value is 1", "constant");
}

/// CryptoDataDownload's files have a link above their header and change from seconds to milliseconds on the way.
#[test]
fn candles_in_two_units_of_time_are_read_by_their_size() {
    let dir = tempfile::tempdir().unwrap();
    let (load, _) = files(dir.path());
    let mut text = "https://www.CryptoDataDownload.com\nunix,open,high,low,close\n".to_owned();
    for hour in (0..800_i64).rev() {
        let time = START_S + 3_600 * hour;
        let time = if hour > 400 { time * 1_000 } else { time };
        let price = 100.0 + (hour % 17) as f64;
        writeln!(text, "{time},{price},{},{},{price}", price + 1.0, price - 1.0).unwrap();
    }
    let path = dir.path().join("cdd.csv");
    std::fs::write(&path, text).unwrap();
    let words = ["indicators", &load, "--indicator", path.to_str().unwrap(), "--json"];
    let answer = forecast(&words).exits(0).json();
    let notes = answer["read"]["repairs"].to_string();
    assert!(notes.contains("times are milliseconds and seconds"), "{notes}");
}

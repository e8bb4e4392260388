//! What is old is old after a start, too; one series that fails leaves the others; names, distances, capacities by time.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use engine::forecasts::{LiveOptions, MethodName};
use serde_json::{Value, json};
use tracehound_server::{AlertOptions, CapacitySource, ForecastServeOptions, SeriesSource};

use crate::forecasts::{
    CENTURY, HOUR, START, Scene, check_refused, load, plain_alerts, sample, until,
};
use crate::world::Wire;

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// Ten days of hours, the last value so many seconds ago.
fn ending(age_s: i64) -> String {
    let last = now_s() - age_s;
    let mut text = "time,requests\n".to_owned();
    for back in (0..240).rev() {
        writeln!(text, "{},{}", last - back * HOUR, 50 + back % 24 + back * 7 % 5).unwrap();
    }
    text
}

/// As somebody has it who gives no ages.
fn by_default(scene: &Scene) -> ForecastServeOptions {
    ForecastServeOptions { age_max: None, measured_max: None, ..scene.forecasts() }
}

fn check_standing(age_s: i64, standing: &str, stale: &str, scaling: Result<&str, u16>) {
    let scene = Scene::new(&ending(age_s));
    let wire = scene.serve(by_default(&scene));
    let told = wire.get("/forecasts").json();
    assert_eq!(told["forecasts"][0]["standing"], standing, "{age_s}");
    let text = wire.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_stale{"), Some(stale.to_owned()), "{age_s}");
    assert_eq!(sample(&text, "load_forecast{").is_some(), stale == "0", "{age_s}");
    let shown: f64 = sample(&text, "forecast_data_age_seconds{").unwrap().parse().unwrap();
    assert!((shown - age_s as f64).abs() < 60.0, "{shown} {age_s}");
    assert_eq!(wire.server.notes().is_empty(), stale == "0", "{:?}", wire.server.notes());
    let answer = wire.get("/scaling/value");
    match scaling {
        Ok(source) => assert_eq!(answer.json()["source"], source, "{age_s}"),
        Err(status) => assert_eq!(answer.status, status, "{age_s}"),
    }
}

#[test]
fn data_are_as_old_as_their_times_say_however_young_the_server_is() {
    // Hourly values: the next one is due after an hour, and missed for two.
    check_standing(60, "fresh", "0", Ok("forecast"));
    check_standing(3 * HOUR - 300, "fresh", "0", Ok("forecast"));
    check_standing(3 * HOUR + 300, "stale", "1", Ok("measured"));
    check_standing(9 * HOUR + 300, "unknown", "1", Err(503));
    check_standing(400 * 24 * HOUR, "unknown", "1", Err(503));
    // Times that have not come yet say nothing of how old a value is.
    check_standing(-3 * HOUR, "unknown", "1", Err(503));
}

/// A panel of hourly series by id; the second cannot be forecast.
fn panel(broken: &Value) -> String {
    let values: Vec<f64> = (0..240_u32).map(|t| f64::from(50 + t % 24 + t * 7 % 5)).collect();
    let series = |id: &str| json!({ "id": id, "y": values, "start": "2024-01-01", "freq": "H" });
    json!([series("a"), broken, series("c")]).to_string()
}

fn of_panel(scene: &Scene, text: &str) -> (ForecastServeOptions, std::path::PathBuf) {
    let path = scene.dir.path().join("panel.json");
    std::fs::write(&path, text).unwrap();
    let source = SeriesSource::File { path: path.clone(), options: Default::default() };
    (ForecastServeOptions { sources: vec![source], ..scene.forecasts() }, path)
}

#[test]
fn one_series_that_fails_leaves_the_others_and_is_shown() {
    let scene = Scene::new("");
    let broken = json!({ "id": "b", "y": [1.0, 2.0], "start": "someday", "freq": "H" });
    let (options, path) = of_panel(&scene, &panel(&broken));
    let wire = scene.serve(options);
    let names = |wire: &Wire| {
        let told = wire.get("/forecasts").json();
        let all = told["forecasts"].as_array().unwrap().clone();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&wire), ["a", "c"]);
    let told = wire.get("/forecasts").json();
    assert_eq!(
        (&told["failures"][0]["source"], &told["failures"][0]["failing"]),
        (&json!("b"), &json!(true))
    );
    assert!(wire.server.notes()[0].starts_with("not served: b: "), "{:?}", wire.server.notes());
    let text = wire.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_failing{source=\"b\"} "), Some("1".to_owned()));
    assert_eq!(sample(&text, "forecast_failing{source=\"a\"} "), Some("0".to_owned()));
    let why = text.lines().find(|line| line.starts_with("forecast_failure_info{source=\"b\""));
    assert!(why.is_some_and(|line| line.contains("someday")), "{text}");
    // Mended, it is served, too.
    let mended =
        panel(&json!({ "id": "b", "y": [1.0, 2.0, 1.5, 3.0], "start": "2024-01-01", "freq": "H" }));
    let part = path.with_extension("part");
    std::fs::write(&part, mended).unwrap();
    std::fs::rename(part, path).unwrap();
    until("third series", || (names(&wire) == ["a", "b", "c"]).then_some(()));
    let text = wire.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_failing{source=\"b\"} "), Some("0".to_owned()));
    assert!(!text.contains("\nforecast_failure_info{"), "{text}");
}

#[test]
fn a_source_that_fails_leaves_the_others() {
    let scene = Scene::new(&load(240, 1.0));
    let missing = SeriesSource::File {
        path: Path::new("/nowhere/other.csv").to_owned(),
        options: Default::default(),
    };
    let sources = [vec![missing], scene.forecasts().sources].concat();
    let wire = scene.serve(ForecastServeOptions { sources, ..scene.forecasts() });
    assert_eq!(wire.get("/forecasts").json()["forecasts"][0]["name"], "load");
    let text = wire.get("/metrics").text();
    let failing = sample(&text, "forecast_failing{source=\"/nowhere/other.csv\"} ");
    assert_eq!(failing, Some("1".to_owned()));
}

#[test]
fn two_series_of_one_metric_are_refused_with_both_names() {
    let scene = Scene::new("");
    let file = |name: &str| {
        let path = scene.dir.path().join(name);
        std::fs::write(&path, load(240, 1.0)).unwrap();
        SeriesSource::File { path, options: Default::default() }
    };
    let sources = vec![file("a.b.csv"), file("a_b.csv")];
    let options = ForecastServeOptions { sources, ..scene.forecasts() };
    check_refused(options, "\"a.b\" and \"a_b\" are both a_b as a metric");
}

#[test]
fn distances_are_in_order_once_each_and_within_a_horizon() {
    let scene = Scene::new(&load(240, 1.0));
    let ahead = |ahead_s: Vec<i64>| ForecastServeOptions { ahead_s, ..scene.forecasts() };
    let wire = scene.serve(ahead(vec![24 * HOUR, HOUR, 24 * HOUR, HOUR]));
    let text = wire.get("/metrics").text();
    let lines = text.lines().filter(|line| line.starts_with("load_forecast{"));
    let shown: Vec<&str> = lines.filter(|line| line.contains("quantile=\"0.5\"")).collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].contains("\"1h\"") && shown[1].contains("\"24h\""), "{shown:?}");
    assert_eq!(
        wire.get("/scaling/value").json()["horizon"],
        "24h",
        "the farthest, as given last or not"
    );
    check_refused(ahead(vec![HOUR, 999 * HOUR]), "999h ahead is beyond every horizon");
}

#[test]
fn a_capacity_may_change_by_time_and_is_shown() {
    let scene = Scene::new(&load(168, 1.0));
    let last = START + 167 * HOUR;
    let path = scene.dir.path().join("capacity.csv");
    // 131 is reached at noon of every day; only tomorrow so little is carried.
    let rows = |tomorrow: f64| format!("time,capacity\n{START},500\n{},{tomorrow}\n", last + HOUR);
    std::fs::write(&path, rows(120.0)).unwrap();
    let capacity = CapacitySource::Schedule(path.clone());
    let alerts = AlertOptions { capacity, ..plain_alerts(1.0) };
    let wire = scene.serve(scene.alerting(alerts));
    let text = until("alert", || {
        let text = wire.get("/metrics").text();
        (sample(&text, "forecast_alert_firing{")? == "1").then_some(text)
    });
    // By the clock: the last row counts.
    assert_eq!(sample(&text, "forecast_capacity{series=\"load\"} "), Some("120".to_owned()));
    let lead: f64 = sample(&text, "forecast_capacity_lead_seconds{").unwrap().parse().unwrap();
    assert!((HOUR as f64..=24.0 * HOUR as f64).contains(&lead), "{lead}");
    let alert = wire.get("/forecasts/alerts").json()["alerts"][0].clone();
    let summary = alert["annotations"]["summary"].as_str().unwrap().to_owned();
    assert!(summary.starts_with("load reaches 120 in "), "{summary}");
    assert_eq!(alert["basis"]["reach"]["capacity"], 120.0);
    assert_eq!(alert["basis"]["capacity"], 500.0, "at the last value");
    // The file is read again: more is carried tomorrow, too.
    std::fs::write(&path, rows(400.0)).unwrap();
    until("end", || {
        let text = wire.get("/metrics").text();
        (sample(&text, "forecast_alert_firing{")? == "0").then_some(())
    });
    std::fs::write(&path, "time,capacity\n2024-01-01,none\n").unwrap();
    let failing = format!("forecast_failing{{source={:?}}} ", path.display().to_string());
    until("failure", || (sample(&wire.get("/metrics").text(), &failing)? == "1").then_some(()));
    let other = CapacitySource::Schedule(path);
    let alerts = AlertOptions { capacity: other, ..plain_alerts(1.0) };
    let method = MethodName::SeasonalNaive;
    let live = LiveOptions { method, horizon: Some(24), quantiles: vec![0.5, 0.9] };
    let every = Duration::from_secs(60);
    let options = ForecastServeOptions {
        alerts: Some(alerts),
        live,
        every,
        age_max: CENTURY,
        ..scene.forecasts()
    };
    check_refused(options, "no capacity at 2024-01-01T00:00:00Z");
}

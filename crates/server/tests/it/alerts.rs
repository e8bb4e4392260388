//! Alerts: who is told, the basis, the queue and what people say there.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use engine::forecasts::{
    Capacity, CapacityWatch, Health, LiveOptions, MethodName, live_forecast, open_series,
};
use engine::{Act, Engine};
use serde_json::{Value, json};
use tracehound_server::{AlertOptions, ForecastServeOptions};

use crate::forecasts::{HOUR, START, Scene, load, plain_alerts, sample, stand_in, until};
use crate::world::Wire;

#[test]
fn an_alert_is_sent_until_it_is_over() {
    // A week is too short for a model of warnings.
    let scene = Scene::new(&load(168, 2.0));
    let (url, told) = stand_in("{}".to_owned());
    let alerts = AlertOptions { alertmanager: Some(url), ..plain_alerts(150.0) };
    let wire = scene.serve(scene.alerting(alerts));
    let next = || told.recv_timeout(Duration::from_secs(60)).unwrap();
    let (line, body) = next();
    assert_eq!(line, "POST /api/v2/alerts HTTP/1.1");
    let first: Value = serde_json::from_str(&body).unwrap();
    let labels =
        json!({ "alertname": "CapacityForecast", "series": "load", "severity": "warning" });
    assert_eq!(first[0]["labels"], labels);
    let summary = first[0]["annotations"]["summary"].as_str().unwrap();
    assert!(summary.starts_with("load reaches 150 in "), "{summary}");
    let page = first[0]["generatorURL"].as_str().unwrap();
    assert!(page.ends_with("/forecasts?series=load"), "{page}");
    assert!(first[0]["endsAt"].as_str() > first[0]["startsAt"].as_str());
    let again: Value = serde_json::from_str(&next().1).unwrap();
    assert_eq!(
        (&again[0]["labels"], &again[0]["startsAt"]),
        (&first[0]["labels"], &first[0]["startsAt"])
    );
    let text = wire.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_alert_firing{series=\"load\"} "), Some("1".to_owned()));
    clear_twice(&scene, &wire);
    until("end of the alert", || {
        let text = wire.get("/metrics").text();
        (sample(&text, "forecast_alert_firing{")? == "0").then_some(())
    });
    let resolved = until("last sending", || {
        let sent: Value = serde_json::from_str(&next().1).unwrap();
        let ends: String = sent[0]["endsAt"].as_str()?.to_owned();
        // An alert that goes on ends in the future.
        (ends <= jiff_now()).then_some(sent)
    });
    assert_eq!(resolved[0]["startsAt"], first[0]["startsAt"]);
}

/// Two readings that brought new values, and stay below; one that is read again and again is one.
fn clear_twice(scene: &Scene, wire: &Wire) {
    scene.put(&load(192, 0.5));
    let origin = (START + 191 * HOUR).to_string();
    until("first clear reading", || {
        let text = wire.get("/metrics").text();
        let shown = sample(&text, "forecast_origin_timestamp_seconds{")?;
        // A round later, it was judged, too.
        let judged = sample(&text, "forecast_capacity_lead_seconds{").is_none();
        (shown == origin && judged).then_some(())
    });
    let firing = || sample(&wire.get("/metrics").text(), "forecast_alert_firing{");
    for _ in 0..50 {
        assert_eq!(
            firing(),
            Some("1".to_owned()),
            "one clear reading ends nothing, however often it is read"
        );
    }
    scene.put(&load(216, 0.5));
}

fn jiff_now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seconds = i64::try_from(now.as_secs()).unwrap();
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

/// 40 days of hours. On every third day the load doubles at noon, told by the two hours before.
fn surges(hours: i64) -> String {
    let mut text = "time,requests\n".to_owned();
    for hour in 0..hours {
        let day = [40.0, 50.0, 60.0, 70.0, 60.0, 50.0][usize::try_from(hour % 24 / 4).unwrap()];
        let noise = (hour * 7 % 11) as f64 / 2.0;
        let is_surge = hour / 24 % 3 == 0;
        let factor = match hour % 24 {
            10 if is_surge => 1.3,
            11 if is_surge => 1.6,
            12 | 13 if is_surge => 2.2,
            _ => 1.0,
        };
        writeln!(text, "{},{}", START + hour * HOUR, (day + noise) * factor).unwrap();
    }
    text
}

/// The hour before noon of a day with a surge.
const BEFORE: i64 = 39 * 24 + 12;

/// What stands in every alert (goal G13).
#[track_caller]
fn check_basis(alert: &Value, rule: &str) {
    let annotations = &alert["annotations"];
    assert_eq!(annotations["rule"], rule, "{alert:#}");
    for part in ["summary", "description", "model", "data_to", "data_age", "driver", "analogues"] {
        assert!(
            annotations[part].as_str().is_some_and(|text| !text.is_empty()),
            "{part}: {alert:#}"
        );
    }
    assert!(annotations["driver"].as_str().unwrap().contains("usually "), "{annotations:#}");
    assert!(annotations["analogues"].as_str().unwrap().contains("95 % CI"), "{annotations:#}");
    let basis = &alert["basis"];
    assert!(basis["analogues"]["share_95"].as_array().is_some_and(|ends| ends.len() == 2));
    assert!(basis["analogues"]["moments"].as_array().is_some_and(|moments| !moments.is_empty()));
    let usual = basis["drivers"].as_array().unwrap().iter().find(|d| d["usual"].is_number());
    assert!(usual.is_some_and(|driver| driver["value"].is_number()), "{basis:#}");
}

#[track_caller]
fn first_alert(wire: &Wire) -> Value {
    until("alert", || {
        let alert = wire.get("/forecasts/alerts").json()["alerts"][0].clone();
        alert.is_object().then_some(alert)
    })
}

#[test]
fn where_history_teaches_it_a_model_speaks_else_the_forecast_and_both_say_why() {
    let scene = Scene::new(&surges(BEFORE));
    let wire = scene.serve(scene.alerting(plain_alerts(120.0)));
    let alert = first_alert(&wire);
    check_basis(&alert, "classifier");
    assert!(alert["annotations"]["model"].as_str().unwrap().starts_with("warner-"), "{alert:#}");
    let probability = alert["basis"]["probability"].as_f64().unwrap();
    let threshold = alert["basis"]["threshold"].as_f64().unwrap();
    assert!(threshold <= probability && probability <= 1.0, "{threshold} {probability}");
    let text = wire.get("/metrics").text();
    let shown = sample(&text, "forecast_breach_probability{series=\"load\"} ");
    assert_eq!(shown, Some(probability.to_string()));
    // Six days teach no model.
    let short = Scene::new(&surges(144));
    let wire = short.serve(short.alerting(plain_alerts(65.0)));
    let alert = first_alert(&wire);
    check_basis(&alert, "forecast");
    assert!(alert["basis"]["probability"].is_null());
    let why = alert["annotations"]["plain_because"].as_str().unwrap();
    assert!(why.contains("a warning"), "{why}");
    assert!(alert["annotations"]["description"].as_str().unwrap().contains(why), "{alert:#}");
}

#[test]
fn verdicts_in_the_queue_end_an_alert_and_move_the_threshold() {
    let scene = Scene::new(&surges(BEFORE));
    let store = scene.dir.path().join("store");
    let queue = Arc::new(Engine::init(&store).unwrap());
    let alerts = AlertOptions { queue: Some(Arc::clone(&queue)), ..plain_alerts(120.0) };
    let wire = scene.serve(scene.alerting(alerts));
    let alert = first_alert(&wire);
    let told = alert["annotations"]["queue"].as_str().unwrap();
    let id = told.strip_prefix("alert ").unwrap().split(',').next().unwrap().to_owned();
    assert!(told.ends_with(", new"), "{told}");
    let listed = queue.view().unwrap().alert(&id).unwrap();
    let names: Vec<&str> = listed.basis.iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names[0], "probability", "{names:?}");
    let threshold = || {
        let text = wire.get("/metrics").text();
        let shown = sample(&text, "forecast_breach_threshold{series=\"load\"} ")?;
        shown.parse::<f64>().ok()
    };
    let before = threshold().unwrap();
    // Another process acknowledges it, then closes it.
    let other = Engine::open(&store, &[]).unwrap();
    let now = engine::Time::new(2_000_000_000);
    other.act_on_alerts(std::slice::from_ref(&id), &Act::Triage, "looking", "ann", now).unwrap();
    until("acknowledged", || {
        let alert = first_alert(&wire);
        alert["annotations"]["queue"].as_str()?.ends_with(", triaged").then_some(())
    });
    other.close_warning(&id, false, "ann", now).unwrap();
    until("end", || {
        let text = wire.get("/metrics").text();
        (sample(&text, "forecast_alert_firing{")? == "0").then_some(())
    });
    // A round that read the verdicts just before it was closed may still end it: the next one moves the threshold.
    let after = until("higher threshold", || threshold().filter(|after| *after > before));
    let series = open_series(&scene.path(), &Default::default()).unwrap();
    let live = scene.alerting(plain_alerts(120.0)).live;
    let forecast = live_forecast(&series, &live).unwrap();
    let threshold_by = |verdicts: &[bool]| {
        let mut watch = CapacityWatch::new("load", plain_alerts(120.0).watch);
        let reading = (&series, &forecast, &Capacity::Constant(120.0));
        watch.read(reading, &[], verdicts, &Health::default()).unwrap().threshold.unwrap()
    };
    assert_eq!(threshold_by(&[]), before);
    assert_eq!(threshold_by(&[false]), after);
    assert!(threshold_by(&[true; 8]) <= before && threshold_by(&[false; 8]) >= after);
    let closed = queue.view().unwrap().alert(&id).unwrap();
    assert!(closed.history.iter().any(|event| event.outcome.is_some()), "{:?}", closed.history);
}

#[test]
fn a_webhook_is_told_of_the_beginning_and_of_the_end_once_each() {
    let scene = Scene::new(&load(168, 2.0));
    let (url, told) = stand_in("{}".to_owned());
    let alerts = AlertOptions { webhook: Some(format!("{url}/hook")), ..plain_alerts(150.0) };
    let wire = scene.serve(scene.alerting(alerts));
    let next = || told.recv_timeout(Duration::from_secs(60)).unwrap();
    let (line, body) = next();
    assert_eq!(line, "POST /hook HTTP/1.1");
    let begun: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&begun["version"], &begun["status"]), (&json!(1), &json!("firing")));
    check_basis(&begun, "forecast");
    clear_twice(&scene, &wire);
    let ended: Value = serde_json::from_str(&next().1).unwrap();
    assert_eq!(ended["status"], "resolved");
    assert_eq!((&ended["labels"], &ended["startsAt"]), (&begun["labels"], &begun["startsAt"]));
}

#[test]
fn forecasts_that_got_worse_raise_an_alert() {
    let scene = Scene::new(&load(240, 1.0));
    let live = LiveOptions {
        method: MethodName::SeasonalNaive,
        horizon: Some(1),
        quantiles: vec![0.1, 0.5, 0.9],
    };
    let forecasts = scene.forecasts();
    let forecasts = ForecastServeOptions { live, alerts: Some(plain_alerts(1e9)), ..forecasts };
    let wire = scene.serve(forecasts);
    // From one hour to the next nothing is as it was.
    let mut text = load(240, 1.0);
    for hour in 240..260 {
        writeln!(text, "{},{}", START + hour * HOUR, (hour * hour * 7919 % 1000) * 3).unwrap();
        scene.put(&text);
        let time = (START + hour * HOUR).to_string();
        until("reading", || {
            let text = wire.get("/metrics").text();
            let shown = sample(&text, "forecast_origin_timestamp_seconds{series=\"load\"} ");
            (shown.as_ref() == Some(&time)).then_some(())
        });
    }
    let alert = first_alert(&wire);
    assert_eq!(alert["labels"]["alertname"], "ForecastDegraded", "{alert:#}");
    let why = alert["annotations"]["description"].as_str().unwrap();
    assert!(why.contains("bounds of 80 % held"), "{why}");
    let text = wire.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_degraded{series=\"load\"} "), Some("1".to_owned()));
}

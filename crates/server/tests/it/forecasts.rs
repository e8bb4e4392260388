//! Forecasts on the wire: gauges, the query API, scaling, fresh data, alerts.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use engine::forecasts::{
    CapacityOptions, LiveForecast, LiveOptions, MethodName, live_forecast, open_series,
};
use serde_json::json;
use tempfile::TempDir;
use tracehound_server::{
    AlertOptions, CapacitySource, ForecastServeOptions, SeriesSource, ServeError, dashboard,
    serve_forecasts,
};

use crate::world::{Wire, options};

/// 2024-01-01 00:00 UTC.
pub(crate) const START: i64 = 1_704_067_200;
pub(crate) const HOUR: i64 = 3_600;
/// So old data may be where their age is not what is asked about.
pub(crate) const CENTURY: Option<Duration> = Some(Duration::from_secs(3_155_760_000));

/// Hours of a load with a day's season; `factor` raises the last day.
pub(crate) fn load(n: i64, factor: f64) -> String {
    let mut text = "time,requests\n".to_owned();
    for hour in 0..n {
        let day = [40.0, 60.0, 90.0, 120.0, 110.0, 70.0][usize::try_from(hour % 24 / 4).unwrap()];
        let value = day + (hour * 7 % 11) as f64;
        let value = if hour >= n - 24 { value * factor } else { value };
        let _ = writeln!(text, "{},{value}", START + hour * HOUR);
    }
    text
}

pub(crate) struct Scene {
    pub(crate) dir: TempDir,
}

impl Scene {
    pub(crate) fn new(text: &str) -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        scene.put(text);
        scene
    }

    /// Whole or not at all, as a good writer does.
    pub(crate) fn put(&self, text: &str) {
        let part = self.dir.path().join("part");
        std::fs::write(&part, text).unwrap();
        std::fs::rename(part, self.path()).unwrap();
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("load.csv")
    }

    pub(crate) fn forecasts(&self) -> ForecastServeOptions {
        ForecastServeOptions {
            sources: vec![SeriesSource::File { path: self.path(), options: Default::default() }],
            live: live_options(),
            every: Duration::from_millis(20),
            age_max: CENTURY,
            measured_max: CENTURY,
            ..ForecastServeOptions::default()
        }
    }

    /// The last day again, so that what is forecast is known beforehand.
    pub(crate) fn alerting(&self, alerts: AlertOptions) -> ForecastServeOptions {
        let live = LiveOptions { method: MethodName::SeasonalNaive, ..live_options() };
        ForecastServeOptions { alerts: Some(alerts), live, ..self.forecasts() }
    }

    pub(crate) fn serve(&self, forecasts: ForecastServeOptions) -> Wire {
        Wire::around(serve_forecasts(forecasts, &options()).unwrap())
    }

    /// The same forecast, not over the wire.
    pub(crate) fn expected(&self) -> LiveForecast {
        let series = open_series(&self.path(), &Default::default()).unwrap();
        live_forecast(&series, &live_options()).unwrap()
    }
}

/// Alerts that nobody is told of.
pub(crate) fn plain_alerts(capacity: f64) -> AlertOptions {
    let (quantile, within_s, false_per_week) = (0.9, None, 1.0);
    AlertOptions {
        capacity: CapacitySource::Constant(capacity),
        watch: CapacityOptions { quantile, within_s, false_per_week },
        indicators: Vec::new(),
        alertmanager: None,
        webhook: None,
        queue: None,
        resend: Duration::from_millis(50),
    }
}

fn live_options() -> LiveOptions {
    let quantiles = vec![0.1, 0.5, 0.9, 0.975];
    LiveOptions { method: MethodName::Ets, horizon: Some(24), quantiles }
}

pub(crate) fn sample(text: &str, start: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(start))?;
    Some(line.rsplit(' ').next()?.to_owned())
}

/// Asks until there is an answer that is wanted; a machine may be busy.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no {what} within a minute");
        std::thread::yield_now();
    }
}

#[test]
fn gauges_are_the_forecast_at_its_distances() {
    let scene = Scene::new(&load(240, 1.0));
    let (wire, expected) = (scene.serve(scene.forecasts()), scene.expected());
    let text = wire.get("/metrics").text();
    for (horizon, steps) in [("1h", 1), ("12h", 12), ("24h", 24)] {
        for quantile in [0.1, 0.5, 0.9, 0.975] {
            let path = &expected.path(quantile).unwrap()[..steps];
            let labels =
                format!("{{series=\"load\",horizon=\"{horizon}\",quantile=\"{quantile}\"}}");
            let found = sample(&text, &format!("load_forecast{labels} "));
            assert_eq!(found, Some(path[steps - 1].to_string()), "{labels}");
            let peak = path.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let found = sample(&text, &format!("load_forecast_peak{labels} "));
            assert_eq!(found, Some(peak.to_string()), "{labels}");
        }
    }
    assert!(expected.path(0.1).unwrap()[5] < expected.path(0.9).unwrap()[5]);
    let origin = (START + 239 * HOUR).to_string();
    assert_eq!(sample(&text, "forecast_origin_timestamp_seconds{series=\"load\"} "), Some(origin));
    assert_eq!(sample(&text, "forecast_stale{series=\"load\"} "), Some("0".to_owned()));
    assert!(text.contains("forecast_model_info{series=\"load\",method=\"ets\",version=\""));
    assert!(text.ends_with("# EOF\n"));
    let told = wire.get("/forecasts?series=load").json();
    assert_eq!(told["forecasts"][0]["forecast"]["method"], "ets");
    assert_eq!(told["forecasts"][0]["forecast"]["sha256"], expected.answer.read.sha256.as_str());
    assert_eq!(wire.get("/forecasts?series=none").status, 404);
}

#[test]
fn a_query_draws_the_past_and_the_future() {
    let scene = Scene::new(&load(240, 1.0));
    let (wire, expected) = (scene.serve(scene.forecasts()), scene.expected());
    let origin = START + 239 * HOUR;
    let (start, end) = (origin - 2 * HOUR, origin + 3 * HOUR);
    let range = |query: &str| {
        let query: String = form_urlencoded_text(query);
        let path = format!("/api/v1/query_range?query={query}&start={start}&end={end}&step=1h");
        wire.get(&path).json()
    };
    let measured = range("load");
    assert_eq!(measured["data"]["resultType"], "matrix");
    let values = measured["data"]["result"][0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 3, "what was measured ends with the last value");
    let future = range("load:predicted{ml_forecast=\"yhat\"}");
    let values = future["data"]["result"][0]["values"].as_array().unwrap();
    let found: Vec<&str> = values.iter().map(|value| value[1].as_str().unwrap()).collect();
    let wanted: Vec<String> = expected.answer.mean[..3].iter().map(f64::to_string).collect();
    assert_eq!(found, wanted);
    assert_eq!(values[0][0], json!((origin + HOUR) as f64));
    let bounds = range("{__name__=\"load:predicted\",ml_forecast=~\"yhat_.*\"}");
    // 0.1 and 0.9 are bounds of one level, 0.975 of another.
    assert_eq!(bounds["data"]["result"].as_array().unwrap().len(), 4);
    let instant =
        format!("query=load:predicted{{ml_forecast=\"yhat\"}}&time={}", origin + HOUR + 60);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let answer = wire.post("/api/v1/query", &form, instant.replace('"', "%22").as_bytes()).json();
    assert_eq!(answer["data"]["result"][0]["value"][1], wanted[0].as_str());
    let health = wire.get("/api/v1/query?query=1%2B1&time=7").json();
    assert_eq!(health["data"], json!({ "resultType": "scalar", "result": [7.0, "2"] }));
    let data = |path: &str| wire.get(path).json()["data"].clone();
    assert_eq!(data("/api/v1/labels"), json!(["__name__", "level", "ml_forecast", "series"]));
    assert_eq!(data("/api/v1/label/__name__/values"), json!(["load", "load:predicted"]));
    assert_eq!(data("/api/v1/label/level/values?match[]=load"), json!([]));
    assert_eq!(
        data("/api/v1/series?match[]=load"),
        json!([{ "__name__": "load", "series": "load" }])
    );
    assert_eq!(data("/api/v1/metadata")["load"][0]["type"], "gauge");
    assert_eq!(data("/api/v1/status/buildinfo")["application"], "tracehound");
    for path in [
        "/api/v1/query",
        "/api/v1/query?query=rate(load[5m])",
        "/api/v1/query?query=load&time=soon",
        "/api/v1/query_range?query=load&start=0&end=1",
        "/api/v1/query_range?query=load&start=2&end=1&step=1",
        "/api/v1/query_range?query=load&start=0&end=11000&step=1",
        "/api/v1/query_range?query=load&start=0&end=1&step=0",
        "/api/v1/series",
    ] {
        let refused = wire.get(path);
        assert_eq!(
            (refused.status, refused.json()["errorType"].as_str()),
            (400, Some("bad_data")),
            "{path}"
        );
    }
}

/// A text as part of a query.
pub(crate) fn form_urlencoded_text(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => out.push(byte as char),
            _ => write!(out, "%{byte:02X}").unwrap(),
        }
    }
    out
}

#[test]
fn an_autoscaler_gets_the_peak_and_what_was_measured_where_that_is_stale() {
    let scene = Scene::new(&load(240, 1.0));
    let (wire, expected) = (scene.serve(scene.forecasts()), scene.expected());
    let peak = expected.ahead(0.9, 6 * HOUR).unwrap().1;
    let value = wire.get("/scaling/value?series=load&horizon=6h&quantile=0.9").json();
    assert_eq!((value["value"].as_f64(), value["source"].as_str()), (Some(peak), Some("forecast")));
    let only = wire.get("/scaling/value").json();
    assert_eq!((only["horizon"].as_str(), only["quantile"].as_f64()), (Some("24h"), Some(0.975)));
    let base = "/apis/external.metrics.k8s.io/v1beta1";
    assert_eq!(wire.get(base).json()["resources"][0]["name"], "load_forecast_peak");
    let path = format!(
        "{base}/namespaces/shop/load_forecast_peak?labelSelector=series%3Dload%2Chorizon%3D6h%2Cquantile%3D0.9"
    );
    let list = wire.get(&path).json();
    assert_eq!(list["kind"], "ExternalMetricValueList");
    assert_eq!(list["items"][0]["value"], format!("{:.0}m", (peak * 1e3).ceil()));
    for (path, status) in [
        ("/scaling/value?series=other", 404),
        ("/scaling/value?horizon=2d", 404),
        ("/scaling/value?horizon=soon", 404),
        ("/scaling/value?quantile=0.8", 404),
        ("/scaling/value?pod=1", 400),
    ] {
        assert_eq!(wire.get(path).status, status, "{path}");
    }
    let age_max = Some(Duration::ZERO);
    let stale = scene.serve(ForecastServeOptions { age_max, ..scene.forecasts() });
    let last = expected.measured.last().unwrap().1;
    let value = stale.get("/scaling/value?horizon=6h").json();
    assert_eq!((value["value"].as_f64(), value["source"].as_str()), (Some(last), Some("measured")));
    let text = stale.get("/metrics").text();
    assert_eq!(sample(&text, "forecast_stale{"), Some("1".to_owned()));
    assert_eq!(sample(&text, "load_forecast{"), None, "a stale forecast is not shown");
}

#[test]
fn new_values_are_forecast_from_and_a_broken_file_leaves_the_last_forecast() {
    let scene = Scene::new(&load(240, 1.0));
    let (wire, expected) = (scene.serve(scene.forecasts()), scene.expected());
    // A forecast is judged once its whole day has come.
    scene.put(&load(264, 1.0));
    let origin = (START + 263 * HOUR).to_string();
    let text = until("new origin", || {
        let text = wire.get("/metrics").text();
        let found = sample(&text, "forecast_origin_timestamp_seconds{");
        (found.as_ref() == Some(&origin)).then_some(text)
    });
    // The forecast of the day before, held against the day that came.
    let before = expected.path(0.1).unwrap().iter().zip(expected.path(0.9).unwrap());
    let later = open_series(&scene.path(), &Default::default()).unwrap().series.values;
    let held =
        before.zip(&later[240..]).filter(|((low, high), value)| low <= value && value <= high);
    let share = (held.count() as f64 / 24.0).to_string();
    let shown = sample(&text, "forecast_coverage_ratio{series=\"load\",level=\"0.8\"} ");
    assert_eq!(shown, Some(share));
    scene.put("time,requests\nyesterday,1\n");
    let text = until("failure", || {
        let text = wire.get("/metrics").text();
        text.contains("\nforecast_failures_total{").then_some(text)
    });
    assert_eq!(sample(&text, "forecast_origin_timestamp_seconds{"), Some(origin));
    let failures = wire.get("/forecasts").json()["failures"].clone();
    assert!(failures[0]["last"].as_str().unwrap().contains("yesterday"), "{failures}");
}

/// Takes requests on a port of its own; answers each with `body`, and hands on what it was sent.
pub(crate) fn stand_in(body: String) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Some(request) = heard(&mut stream.unwrap(), &body) else { continue };
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (url, receiver)
}

/// The first line and the body of one request.
fn heard(stream: &mut TcpStream, answer: &str) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let n = stream.read(&mut part).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&part[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        let length = answer.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
        )
        .unwrap();
        return Some((head.lines().next()?.to_owned(), body.to_owned()));
    }
}

#[test]
fn series_are_read_from_a_prometheus() {
    let values = (0..240).map(|hour| json!([START + hour * HOUR, (50 + hour % 24).to_string()]));
    let metric = json!({ "__name__": "requests", "zone": "a" });
    let matrix = json!([{ "metric": metric, "values": values.collect::<Vec<_>>() }]);
    let answer =
        json!({ "status": "success", "data": { "resultType": "matrix", "result": matrix } });
    let (url, told) = stand_in(answer.to_string());
    let source = SeriesSource::Prometheus {
        url: url.clone(),
        query: "requests".to_owned(),
        step_s: 3_600,
        history_s: 864_000,
        remote_read: false,
    };
    let scene = Scene::new("");
    let options = ForecastServeOptions { sources: vec![source.clone()], ..scene.forecasts() };
    let wire = scene.serve(options);
    let (line, _) = told.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(line.starts_with("GET /api/v1/query_range?query=requests&start="), "{line}");
    let told = wire.get("/forecasts").json();
    assert_eq!(told["forecasts"][0]["name"], "requests{zone=\"a\"}");
    assert_eq!(told["forecasts"][0]["metric"], "requests_zone__a__");
    let (url, _told) = stand_in("{\"status\":\"error\",\"error\":\"parse error\"}".to_owned());
    let broken = SeriesSource::Prometheus {
        url,
        query: "(".to_owned(),
        step_s: 3_600,
        history_s: 864_000,
        remote_read: false,
    };
    let options = ForecastServeOptions { sources: vec![broken], ..scene.forecasts() };
    check_refused(options, "parse error");
}

#[track_caller]
pub(crate) fn check_refused(forecasts: ForecastServeOptions, text: &str) {
    let error: ServeError = serve_forecasts(forecasts, &options()).unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
    assert!(error.hint().is_some(), "{error}");
}

#[test]
fn what_cannot_be_forecast_is_said_at_the_start() {
    let scene = Scene::new(&load(240, 1.0));
    let right = || scene.forecasts();
    check_refused(ForecastServeOptions { sources: Vec::new(), ..right() }, "nothing to serve");
    let twice = [right().sources, right().sources].concat();
    check_refused(
        ForecastServeOptions { sources: twice, ..right() },
        "two series are named \"load\"",
    );
    let missing = SeriesSource::File {
        path: Path::new("/nowhere/load.csv").to_owned(),
        options: Default::default(),
    };
    let error =
        serve_forecasts(ForecastServeOptions { sources: vec![missing], ..right() }, &options());
    assert!(error.unwrap_err().to_string().contains("/nowhere/load.csv"));
    let mut quantiles = right();
    quantiles.live.quantiles = vec![0.5, 1.0];
    check_refused(quantiles, "quantile 1 is not between 0 and 1");
    let mut alerts = plain_alerts(100.0);
    alerts.watch.quantile = 0.99;
    check_refused(
        ForecastServeOptions { alerts: Some(alerts), ..right() },
        "quantile 0.99 is not forecast",
    );
}

#[test]
fn an_autoscaler_that_names_nothing_gets_the_whole_horizon_and_the_highest_quantile() {
    let scene = Scene::new(&load(240, 1.0));
    let live = LiveOptions { quantiles: vec![0.975, 0.9, 0.5, 0.1], ..live_options() };
    let ahead_s = vec![6 * HOUR, HOUR];
    let wire = scene.serve(ForecastServeOptions { live, ahead_s, ..scene.forecasts() });
    let told = wire.get("/scaling/value").json();
    assert_eq!((told["horizon"].as_str(), told["quantile"].as_f64()), (Some("24h"), Some(0.975)));
    assert_eq!(
        told["value"].as_f64(),
        scene.expected().ahead(0.975, 24 * HOUR).map(|ahead| ahead.1)
    );
}

#[test]
fn a_password_in_an_address_is_told_to_nobody() {
    let scene = Scene::new(&load(240, 1.0));
    let nobody = SeriesSource::Prometheus {
        url: "http://ann:s3cret@127.0.0.1:1".to_owned(),
        query: "up".to_owned(),
        step_s: 3_600,
        history_s: 864_000,
        remote_read: false,
    };
    let sources = [scene.forecasts().sources, vec![nobody.clone()]].concat();
    let wire = scene.serve(ForecastServeOptions { sources, ..scene.forecasts() });
    let text = wire.get("/metrics").text();
    assert!(text.contains("forecast_failing{source=\"http://127.0.0.1:1 up\"} 1"), "{text}");
    for path in ["/metrics", "/forecasts"] {
        assert!(!wire.get(path).text().contains("s3cret"), "{path}");
    }
    assert!(!wire.server.notes().concat().contains("s3cret"), "{:?}", wire.server.notes());
    let error = serve_forecasts(
        ForecastServeOptions { sources: vec![nobody], ..scene.forecasts() },
        &options(),
    );
    assert!(!error.unwrap_err().to_string().contains("s3cret"));
}

#[test]
fn the_dashboard_asks_for_what_is_served() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = scene.serve(scene.forecasts());
    let board = wire.get("/grafana/dashboard.json").json();
    assert_eq!(board, dashboard(&["load".to_owned()]));
    let targets = board["panels"][0]["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 4);
    for target in targets {
        let query = form_urlencoded_text(target["expr"].as_str().unwrap());
        let time = START + 239 * HOUR + if target["refId"] == "A" { 0 } else { HOUR };
        let answer = wire.get(&format!("/api/v1/query?query={query}&time={time}")).json();
        assert!(!answer["data"]["result"].as_array().unwrap().is_empty(), "{target}");
    }
}

//! A real Prometheus and a real Alertmanager: from the folder that `cargo xtask test` unpacks Debian's packages into, or
//! as installed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tracehound_server::{AlertOptions, ForecastServeOptions, RemoteWriteOptions, SeriesSource};

use crate::forecasts::{Scene, form_urlencoded_text, load, plain_alerts, sample, until};
use crate::remote::{time_series, write_request};
use crate::world::agent;

/// Ends the program also where the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program; `None`, with a line that says so, where it is not installed.
fn started(name: &str, words: &[String]) -> Option<Running> {
    let programs = std::env::var_os("TRACEHOUND_PROGRAMS").map_or_else(PathBuf::new, PathBuf::from);
    let mut command = Command::new(programs.join(name));
    if let Some(unpacked) = programs.ancestors().nth(2).filter(|root| root.is_absolute()) {
        // Unpacked programs look for their files from the root of their packages (`xtask/src/setup/programs.rs`).
        command.current_dir(unpacked);
    }
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(child) => Some(Running(child)),
        Err(error) => {
            #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
            {
                println!("skipped: no {name}: {error}");
            }
            None
        }
    }
}

/// A port that nobody listens on a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn json(url: &str) -> Option<Value> {
    agent().get(url).call().ok()?.body_mut().read_json().ok()
}

/// A Prometheus that scrapes `target` every second, and takes remote writes.
struct Prometheus {
    _running: Running,
    url: String,
}

impl Prometheus {
    fn start(dir: &Path, target: &str) -> Option<Self> {
        let (config, port) = (dir.join("prometheus.yml"), free_port());
        let job = format!(
            "  - job_name: forecasts\n    static_configs:\n      - targets: ['{target}']\n"
        );
        let text = format!("global:\n  scrape_interval: 1s\nscrape_configs:\n{job}");
        std::fs::write(&config, text).unwrap();
        let words = [
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", dir.join("tsdb").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
            "--web.enable-remote-write-receiver".to_owned(),
        ];
        let url = format!("http://127.0.0.1:{port}");
        let found = Self { _running: started("prometheus", &words)?, url };
        until("a Prometheus that is ready", || {
            let answer = agent().get(format!("{}/-/ready", found.url)).call().ok()?;
            answer.status().is_success().then_some(())
        });
        Some(found)
    }

    fn ask(&self, query: &str) -> Option<Value> {
        let query = form_urlencoded_text(query);
        json(&format!("{}/api/v1/query?query={query}", self.url))
    }

    /// The value of the first series that answers.
    fn value(&self, query: &str) -> Option<f64> {
        let answer = self.ask(query)?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }

    /// No sample was refused, by a scrape or a write.
    fn check_whole(&self) {
        let text = agent().get(format!("{}/metrics", self.url)).call().unwrap();
        let text = text.into_body().read_to_string().unwrap();
        for name in [
            "prometheus_target_scrapes_sample_out_of_bounds_total",
            "prometheus_target_scrapes_sample_out_of_order_total",
            "prometheus_target_scrapes_sample_duplicate_timestamp_total",
            "prometheus_tsdb_out_of_bound_samples_total",
            "prometheus_tsdb_out_of_order_samples_total",
        ] {
            let lines = text.lines().filter(|line| line.starts_with(name));
            let refused: f64 = lines
                .map(|line| line.rsplit(' ').next().unwrap())
                .map(|n| n.parse::<f64>().unwrap())
                .sum();
            assert_eq!(refused, 0.0, "{name}");
        }
    }
}

#[test]
fn a_prometheus_scrapes_the_gauges_and_stays_whole() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = scene.serve(scene.forecasts());
    let target = wire.server.address().to_string();
    let Some(prometheus) = Prometheus::start(scene.dir.path(), &target) else { return };
    let expected = scene.expected().ahead(0.9, 3_600).unwrap().0;
    let value = until("scraped gauge", || {
        prometheus.value("load_forecast{horizon=\"1h\",quantile=\"0.9\"}")
    });
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value} {expected}");
    assert_eq!(until("target", || prometheus.value("up")), 1.0);
    prometheus.check_whole();
}

#[test]
fn a_day_of_readings_leaves_a_prometheus_whole() {
    // A day of data at 15 minutes, each reading a new value, scraped and written the whole time.
    let steps = |n: i64| {
        let mut text = "time,requests\n".to_owned();
        for step in 0..n {
            let day = 100.0 + 40.0 * (step as f64 * std::f64::consts::TAU / 96.0).sin();
            text += &format!("{},{}\n", 1_704_067_200 + 900 * step, day + (step * 7 % 11) as f64);
        }
        text
    };
    let scene = Scene::new(&steps(300));
    let (dir, port) = (scene.dir.path(), free_port());
    let target = format!("127.0.0.1:{port}");
    let Some(prometheus) = Prometheus::start(dir, &target) else { return };
    let url = format!("{}/api/v1/write", prometheus.url);
    let remote_write = Some(RemoteWriteOptions { url, every: Duration::from_millis(200) });
    let forecasts = ForecastServeOptions { remote_write, ..scene.forecasts() };
    let own = tracehound_server::ServeOptions {
        listen: target.parse().unwrap(),
        ..crate::world::options()
    };
    let wire =
        crate::world::Wire::around(tracehound_server::serve_forecasts(forecasts, &own).unwrap());
    until("first scrape", || prometheus.value("up").filter(|up| *up == 1.0));
    let origin = || {
        let text = wire.get("/metrics").text();
        sample(&text, "forecast_origin_timestamp_seconds{")?.parse::<i64>().ok()
    };
    for n in 301..=396 {
        scene.put(&steps(n));
        until("reading", || origin().filter(|found| *found == 1_704_067_200 + 900 * (n - 1)));
    }
    let last = until("last value", || {
        let written = prometheus.value("forecast_origin_timestamp_seconds{job=\"tracehound\"}")?;
        let scraped = prometheus.value("forecast_origin_timestamp_seconds{job=\"forecasts\"}")?;
        (written == scraped && written == origin()? as f64).then_some(written)
    });
    assert_eq!(last, (1_704_067_200 + 900 * 395) as f64);
    // The very first scrape may have come before the server did; none after failed.
    assert_eq!(prometheus.value("min_over_time(up[5s])"), Some(1.0));
    prometheus.check_whole();
    let text = wire.get("/metrics").text();
    for outcome in ["refused", "dropped"] {
        let line = format!("forecast_remote_write_samples_total{{outcome=\"{outcome}\"}} ");
        assert_eq!(sample(&text, &line), Some("0".to_owned()));
    }
    let future = scene.expected().times_s.len();
    let range = format!(
        "/api/v1/query_range?query=load:predicted&start={}&end={}&step=900",
        1_704_067_200 + 900 * 396,
        1_704_067_200 + 900 * 419
    );
    let answer = wire.get(&range).json();
    assert_eq!(answer["data"]["result"][0]["values"].as_array().unwrap().len(), future);
}

#[test]
fn a_remote_read_gives_what_a_query_range_gives() {
    let scene = Scene::new("");
    let Some(prometheus) = Prometheus::start(scene.dir.path(), "127.0.0.1:1") else { return };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now_ms = i64::try_from(now.as_millis()).unwrap();
    // Six hours of scrapes every 15 s with some jitter, a gap of half an hour, and an end with a marker of staleness.
    let stale = f64::from_bits(0x7FF0_0000_0000_0002);
    let mut samples: Vec<(i64, f64)> = (0..1_440)
        .filter(|at| !(700..820).contains(at))
        .map(|at| (now_ms - (1_440 - at) * 15_000 + at * 13 % 97, (at * 7 % 101) as f64 + 0.1))
        .collect();
    samples[400].1 = stale;
    let labels = [("__name__", "requests"), ("job", "shop"), ("zone", "a")];
    let body = write_request(&[time_series(&labels, &samples)]);
    let url = format!("{}/api/v1/write", prometheus.url);
    let answer = agent()
        .post(&url)
        .header("content-encoding", "snappy")
        .header("content-type", "application/x-protobuf")
        .send(&body[..]);
    assert!(answer.unwrap().status().is_success());
    let served = |remote_read| {
        let source = SeriesSource::Prometheus {
            url: prometheus.url.clone(),
            query: "requests{zone=~\"a|b\"}".to_owned(),
            step_s: 60,
            history_s: 6 * 3_600,
            remote_read,
        };
        let every = Duration::from_secs(600);
        let wire =
            scene.serve(ForecastServeOptions { sources: vec![source], every, ..scene.forecasts() });
        let name = wire.get("/forecasts").json()["forecasts"][0]["name"].clone();
        let (start, end) = (now_ms / 1_000 - 6 * 3_600, now_ms / 1_000);
        let start = start / 60 * 60;
        let path = format!(
            "/api/v1/query_range?query={{ml_forecast=\"\"}}&start={start}&end={end}&step=60"
        );
        let answer = wire.get(&path.replace('"', "%22").replace('{', "%7B").replace('}', "%7D"));
        (name, answer.json()["data"]["result"][0]["values"].clone())
    };
    let (stored, asked) = (served(true), served(false));
    assert_eq!(stored.0, asked.0);
    assert_eq!(stored.0, "requests{job=\"shop\",zone=\"a\"}");
    let values = |(_, values): &(Value, Value)| values.as_array().unwrap().clone();
    assert!(values(&stored).len() > 300, "{}", values(&stored).len());
    // The minute may have turned between the two: what both have is the same.
    let timed = |pair: &Value| (pair[0].to_string(), pair[1].clone());
    let asked: std::collections::BTreeMap<String, Value> =
        values(&asked).iter().map(timed).collect();
    let both: Vec<(String, Value)> =
        values(&stored).iter().map(timed).filter(|(time, _)| asked.contains_key(time)).collect();
    assert!(both.len() + 3 > asked.len(), "{} of {}", both.len(), asked.len());
    for (time, value) in both {
        assert_eq!(asked[&time], value, "{time}");
    }
}

#[test]
fn an_alertmanager_takes_the_alert_and_its_basis() {
    let scene = Scene::new(&load(168, 2.0));
    let (dir, port) = (scene.dir.path(), free_port());
    let config = dir.join("alertmanager.yml");
    std::fs::write(&config, "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n").unwrap();
    let words = [
        format!("--config.file={}", config.display()),
        format!("--storage.path={}", dir.join("data").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let Some(_alertmanager) = started("prometheus-alertmanager", &words) else { return };
    let alertmanager = Some(format!("http://127.0.0.1:{port}"));
    let alerts = AlertOptions { alertmanager, ..plain_alerts(150.0) };
    let _wire = scene.serve(scene.alerting(alerts));
    let alert = until("alert", || {
        let alerts = json(&format!("http://127.0.0.1:{port}/api/v2/alerts"))?;
        alerts.as_array()?.first().cloned()
    });
    assert_eq!(alert["labels"]["alertname"], "CapacityForecast");
    assert_eq!(alert["status"]["state"], "active");
    assert!(
        alert["annotations"]["description"].as_str().unwrap().contains("168 values"),
        "{alert}"
    );
}

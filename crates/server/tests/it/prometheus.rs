//! A real Prometheus and a real Alertmanager: from the folder that `cargo xtask test` unpacks Debian's packages into, or
//! as installed.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tracehound_server::AlertOptions;

use crate::forecasts::{Scene, form_urlencoded_text, load, until};
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

#[test]
fn a_prometheus_scrapes_the_gauges_and_stays_whole() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = scene.serve(scene.forecasts());
    let (dir, port) = (scene.dir.path(), free_port());
    let config = dir.join("prometheus.yml");
    let target = wire.server.address();
    std::fs::write(
        &config,
        format!(
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: forecasts\n    static_configs:\n      - targets: ['{target}']\n"
        ),
    )
    .unwrap();
    let words = [
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", dir.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    let Some(_prometheus) = started("prometheus", &words) else { return };
    let expected = scene.expected().ahead(0.9, 3_600).unwrap().0;
    let ask = |query: &str| {
        let query = form_urlencoded_text(query);
        json(&format!("http://127.0.0.1:{port}/api/v1/query?query={query}"))
    };
    let value = until("scraped gauge", || {
        let answer = ask("load_forecast{horizon=\"1h\",quantile=\"0.9\"}")?;
        answer["data"]["result"][0]["value"][1].as_str()?.parse::<f64>().ok()
    });
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value} {expected}");
    let up =
        until("target", || ask("up")?["data"]["result"][0]["value"][1].as_str().map(str::to_owned));
    assert_eq!(up, "1");
    let bad =
        ask("sum(prometheus_target_scrapes_sample_out_of_bounds_total) or vector(0)").unwrap();
    assert_eq!(bad["data"]["result"][0]["value"][1], "0", "no sample of the future");
}

#[test]
fn an_alertmanager_takes_the_alert_and_its_basis() {
    let scene = Scene::new(&load(240, 2.0));
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
    let alerts = AlertOptions {
        url: Some(format!("http://127.0.0.1:{port}")),
        capacity: 150.0,
        quantile: 0.9,
        resend: Duration::from_millis(200),
    };
    let _wire = scene.serve(scene.alerting(alerts));
    let alert = until("alert", || {
        let alerts = json(&format!("http://127.0.0.1:{port}/api/v2/alerts"))?;
        alerts.as_array()?.first().cloned()
    });
    assert_eq!(alert["labels"]["alertname"], "CapacityForecast");
    assert_eq!(alert["status"]["state"], "active");
    assert!(
        alert["annotations"]["description"].as_str().unwrap().contains("240 values"),
        "{alert}"
    );
}

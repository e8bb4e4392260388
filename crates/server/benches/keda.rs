//! KEDA's external scaler: how long an answer takes, at rest and while series are forecast again and again.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench may end where something is wrong")]
#![expect(clippy::cast_possible_truncation, reason = "places of quantiles")]

#[path = "../tests/it/connection.rs"]
mod connection;
#[path = "../tests/it/externalscaler.rs"]
mod externalscaler;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use connection::Connection;
use engine::forecasts::{LiveOptions, MethodName};
use externalscaler::external_scaler_client::ExternalScalerClient;
use externalscaler::{GetMetricsRequest, ScaledObjectRef};
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tracehound_server::{ForecastServeOptions, SeriesSource, ServeOptions, serve_forecasts};

/// Calls of one row.
const CALLS: usize = 20_000;

/// Hours of a load with a day's season.
fn load(n: i64) -> String {
    let mut text = "time,requests\n".to_owned();
    for hour in 0..n {
        let day = [40.0, 60.0, 90.0, 120.0, 110.0, 70.0][usize::try_from(hour % 24 / 4).unwrap()];
        writeln!(text, "{},{}", 1_704_067_200 + 3_600 * hour, day + (hour * 7 % 11) as f64)
            .unwrap();
    }
    text
}

/// Times of calls over `connections` at once, ascending, seconds.
fn times(address: SocketAddr, connections: usize) -> Vec<f64> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap();
    let talk = move || async move {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) =
            handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let origin = format!("http://{address}").parse().unwrap();
        let mut client = ExternalScalerClient::with_origin(Connection(sender), origin);
        let pairs = [("target", "10"), ("series", "load"), ("horizon", "6h"), ("quantile", "0.9")];
        let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        let scaled = ScaledObjectRef {
            name: "shop".to_owned(),
            namespace: "default".to_owned(),
            scaler_metadata: pairs.map(own).into(),
        };
        let mut times = Vec::new();
        for _ in 0..CALLS / connections {
            let request = GetMetricsRequest {
                scaled_object_ref: Some(scaled.clone()),
                metric_name: "load_forecast_peak".to_owned(),
            };
            let began = Instant::now();
            client.get_metrics(request).await.unwrap();
            times.push(began.elapsed().as_secs_f64());
        }
        times
    };
    let mut all: Vec<f64> = runtime.block_on(async {
        let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(talk())).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all
    });
    all.sort_unstable_by(f64::total_cmp);
    all
}

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("load.csv");
    std::fs::write(&path, load(1_000)).unwrap();
    let forecasts = ForecastServeOptions {
        sources: vec![SeriesSource::File { path: path.clone(), options: Default::default() }],
        live: LiveOptions {
            method: MethodName::Auto,
            horizon: Some(24),
            quantiles: vec![0.1, 0.5, 0.9],
        },
        every: Duration::from_millis(10),
        age_max: Some(Duration::from_secs(3_155_760_000)),
        keda: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..ForecastServeOptions::default()
    };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = serve_forecasts(forecasts, &ServeOptions { listen, ..ServeOptions::default() });
    let server = server.unwrap();
    let address = server.keda_address().unwrap();
    println!(
        "{:<34}{:>12}{:>10}{:>10}{:>10}{:>10}",
        "GetMetrics", "connections", "p50 ms", "p99 ms", "p99.9 ms", "max ms"
    );
    for refits in [false, true] {
        let goes_on = Arc::new(AtomicBool::new(refits));
        let writer = {
            let (goes_on, path) = (Arc::clone(&goes_on), path.clone());
            std::thread::spawn(move || {
                let mut n = 1_000;
                while goes_on.load(Ordering::Relaxed) {
                    n += 1;
                    let part = path.with_extension("part");
                    std::fs::write(&part, load(n)).unwrap();
                    std::fs::rename(part, &path).unwrap();
                    std::thread::park_timeout(Duration::from_millis(5));
                }
                n - 1_000
            })
        };
        let what = if refits { "while `auto` is fitted on and on" } else { "at rest" };
        for connections in [1, 8] {
            let times = times(address, connections);
            let at = |share: f64| 1e3 * times[((times.len() - 1) as f64 * share) as usize];
            println!(
                "{what:<34}{connections:>12}{:>10.3}{:>10.3}{:>10.3}{:>10.3}",
                at(0.5),
                at(0.99),
                at(0.999),
                at(1.0)
            );
        }
        goes_on.store(false, Ordering::Relaxed);
        writer.join().unwrap();
    }
}

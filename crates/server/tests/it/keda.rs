//! KEDA's external scaler, asked by the client that is generated from `proto/externalscaler.proto`.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::{Code, Status};
use tracehound_server::{ForecastServeOptions, ServeOptions, Server, serve_forecasts};

use crate::connection::Connection;
use crate::externalscaler::external_scaler_client::ExternalScalerClient;
use crate::externalscaler::{GetMetricsRequest, ScaledObjectRef};
use crate::forecasts::{Scene, load, until};
use crate::world::{Wire, options};

const METRIC: &str = "load_forecast_peak";

type Client = ExternalScalerClient<Connection>;

async fn client(address: SocketAddr) -> Client {
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let origin = format!("http://{address}").parse().unwrap();
    ExternalScalerClient::with_origin(Connection(sender), origin)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn asked(pairs: &[(&str, &str)]) -> ScaledObjectRef {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let scaler_metadata: HashMap<String, String> = pairs.iter().map(own).collect();
    ScaledObjectRef { name: "shop".to_owned(), namespace: "default".to_owned(), scaler_metadata }
}

/// What KEDA sends for a trigger of six hours.
fn trigger() -> ScaledObjectRef {
    asked(&[
        ("scalerAddress", "tracehound:9877"),
        ("series", "load"),
        ("horizon", "6h"),
        ("quantile", "0.9"),
        ("target", "12.5"),
    ])
}

fn metrics_of(asked: ScaledObjectRef) -> GetMetricsRequest {
    GetMetricsRequest { scaled_object_ref: Some(asked), metric_name: METRIC.to_owned() }
}

fn with_keda(forecasts: ForecastServeOptions) -> Wire {
    let keda = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    Wire::around(serve_forecasts(ForecastServeOptions { keda, ..forecasts }, &options()).unwrap())
}

fn address(server: &Server) -> SocketAddr {
    server.keda_address().unwrap()
}

#[test]
fn a_generated_client_gets_what_the_json_says() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = with_keda(scene.forecasts());
    let expected = scene.expected().ahead(0.9, 21_600).unwrap().1;
    runtime().block_on(async {
        let mut client = client(address(&wire.server)).await;
        let spec = client.get_metric_spec(trigger()).await.unwrap().into_inner();
        assert_eq!(spec.metric_specs.len(), 1);
        let spec = &spec.metric_specs[0];
        assert_eq!((spec.metric_name.as_str(), spec.target_size), (METRIC, 13));
        assert_eq!(spec.target_size_float, 12.5);
        let answer = client.get_metrics(metrics_of(trigger())).await.unwrap();
        assert_eq!(answer.metadata().get("tracehound-source").unwrap(), "forecast");
        assert_eq!(answer.metadata().get("tracehound-series").unwrap(), "load");
        assert_eq!(answer.metadata().get("tracehound-method").unwrap(), "ets");
        let value = answer.into_inner().metric_values.remove(0);
        assert_eq!((value.metric_name.as_str(), value.metric_value_float), (METRIC, expected));
        assert_eq!(value.metric_value as f64, expected.ceil());
        assert!(client.is_active(trigger()).await.unwrap().into_inner().result);
        let calm = asked(&[("target", "1"), ("activation", "1e9")]);
        assert!(!client.is_active(calm).await.unwrap().into_inner().result);
        // The same number as for KEDA's metrics API.
        let json = wire.get("/scaling/value?series=load&horizon=6h&quantile=0.9").json();
        assert_eq!(json["value"].as_f64(), Some(expected));
    });
    let text = wire.get("/metrics").text();
    assert!(text.contains("forecast_scaling_answers_total{source=\"forecast\"} 4"), "{text}");
    assert!(
        text.contains("tracehound_http_requests_total{route=\"keda\",code=\"200\"} 4"),
        "{text}"
    );
}

#[test]
fn streams_tell_at_once_and_again_when_it_changes() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = with_keda(scene.forecasts());
    let peak = scene.expected().ahead(0.9, 21_600).unwrap().1;
    runtime().block_on(async {
        let mut client = client(address(&wire.server)).await;
        let mut specs = client.stream_metric_spec(trigger()).await.unwrap().into_inner();
        let first = specs.message().await.unwrap().unwrap();
        assert_eq!(first.metric_specs[0].target_size_float, 12.5);
        let activation = (1.2 * peak).to_string();
        let pairs = [("target", "1"), ("horizon", "6h"), ("quantile", "0.9")];
        let trigger = asked(&[&pairs[..], &[("activation", &activation)]].concat());
        let mut active = client.stream_is_active(trigger).await.unwrap().into_inner();
        assert!(!active.message().await.unwrap().unwrap().result);
        scene.put(&load(264, 2.0));
        assert!(active.message().await.unwrap().unwrap().result, "told of the surge");
    });
}

#[test]
fn an_open_stream_does_not_hold_up_the_end() {
    let scene = Scene::new(&load(240, 1.0));
    let server = with_keda(scene.forecasts()).server;
    let runtime = runtime();
    let mut specs = runtime.block_on(async {
        let mut client = client(address(&server)).await;
        client.stream_metric_spec(trigger()).await.unwrap().into_inner()
    });
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // Ends, where a stream that was left open would wait for ever.
    runtime.block_on(async { while let Ok(Some(_)) = specs.message().await {} });
}

#[track_caller]
fn check_source(
    scene: &Scene,
    forecasts: ForecastServeOptions,
    expected: Result<(&str, f64), Code>,
) {
    let wire = with_keda(ForecastServeOptions { every: Duration::from_secs(60), ..forecasts });
    let expected = expected.map(|(source, value)| (source.to_owned(), value));
    let (found, spec) = runtime().block_on(async {
        let mut client = client(address(&wire.server)).await;
        let metrics = client.get_metrics(metrics_of(trigger())).await;
        let active = client.is_active(trigger()).await;
        assert_eq!(active.is_ok(), metrics.is_ok());
        let told = metrics.map(|answer| {
            let source = answer.metadata().get("tracehound-source").unwrap().to_str().unwrap();
            let source = source.to_owned();
            (source, answer.into_inner().metric_values[0].metric_value_float)
        });
        (told, client.get_metric_spec(trigger()).await)
    });
    assert_eq!(found.map_err(|status: Status| status.code()), expected);
    assert!(spec.is_ok(), "the target is told whatever the data are");
    let json = wire.get("/scaling/value?series=load&horizon=6h&quantile=0.9");
    assert_eq!(json.status == 200, expected.is_ok(), "{}", scene.dir.path().display());
}

#[test]
fn what_is_too_old_gives_way_to_what_was_measured_and_then_to_nothing() {
    let scene = Scene::new(&load(240, 1.0));
    let (forecast, measured) = {
        let expected = scene.expected();
        (expected.ahead(0.9, 21_600).unwrap().1, expected.measured.last().unwrap().1)
    };
    let right = || scene.forecasts();
    check_source(&scene, right(), Ok(("forecast", forecast)));
    let stale = ForecastServeOptions { age_max: Some(Duration::ZERO), ..right() };
    check_source(&scene, stale, Ok(("measured", measured)));
    let (age_max, measured_max) = (Some(Duration::ZERO), Some(Duration::ZERO));
    let unknown = ForecastServeOptions { age_max, measured_max, ..right() };
    check_source(&scene, unknown, Err(Code::Unavailable));
}

#[test]
fn answers_survive_a_refit_and_a_broken_source() {
    let scene = Scene::new(&load(240, 1.0));
    let wire = with_keda(scene.forecasts());
    let value = |runtime: &tokio::runtime::Runtime, client: &mut Client| {
        let answer = runtime.block_on(client.get_metrics(metrics_of(trigger()))).unwrap();
        answer.into_inner().metric_values[0].metric_value_float
    };
    let runtime = runtime();
    let mut client = runtime.block_on(client(address(&wire.server)));
    let first = value(&runtime, &mut client);
    scene.put(&load(264, 3.0));
    let second = until("new forecast", || {
        let found = value(&runtime, &mut client);
        (found != first).then_some(found)
    });
    scene.put("time,requests\nyesterday,1\n");
    until("failure", || {
        wire.get("/metrics").text().contains("\nforecast_failures_total{").then_some(())
    });
    assert_eq!(value(&runtime, &mut client), second, "the last forecast stays");
}

#[track_caller]
fn check_refused(pairs: &[(&str, &str)], metric: &str, code: Code, text: &str) {
    let scene = Scene::new(&load(240, 1.0));
    let wire = with_keda(scene.forecasts());
    let status = runtime().block_on(async {
        let request = GetMetricsRequest {
            scaled_object_ref: Some(asked(pairs)),
            metric_name: metric.to_owned(),
        };
        client(address(&wire.server)).await.get_metrics(request).await.unwrap_err()
    });
    assert_eq!(status.code(), code, "{status}");
    assert!(status.message().contains(text), "{status}");
}

#[test]
fn what_cannot_be_answered_is_said() {
    check_refused(&[], METRIC, Code::InvalidArgument, "no target above 0");
    check_refused(&[("target", "1"), ("pod", "x")], METRIC, Code::InvalidArgument, "\"pod\"");
    check_refused(&[("target", "1"), ("series", "x")], METRIC, Code::NotFound, "series: load");
    check_refused(&[("target", "1"), ("quantile", "0.7")], METRIC, Code::NotFound, "quantiles: ");
    check_refused(&[("target", "1")], "other", Code::NotFound, METRIC);
    let long = "x".repeat(100_000);
    let pairs = [("target", "1"), ("series", long.as_str())];
    check_refused(&pairs, METRIC, Code::OutOfRange, "the limit is");
}

/// Says something to the port of gRPC, and gives what comes back until the server hangs up.
fn said(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(bytes);
    let mut heard = Vec::new();
    // A connection that is reset is over, too.
    let _ = stream.read_to_end(&mut heard);
    heard
}

#[test]
fn strangers_and_silent_clients_are_let_go() {
    let scene = Scene::new(&load(240, 1.0));
    let keda = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let forecasts = ForecastServeOptions { keda, ..scene.forecasts() };
    let own = ServeOptions { head_timeout: Duration::from_millis(200), ..options() };
    let server = serve_forecasts(forecasts, &own).unwrap();
    let to = address(&server);
    assert!(said(to, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").is_empty());
    assert!(said(to, b"").is_empty(), "nobody holds a place by saying nothing");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let garbage = [&preface[..], &[0xFF; 64]].concat();
    assert!(said(to, &garbage).len() < 200, "told what is wrong, and let go");
    // All the while others are served.
    runtime().block_on(async {
        let mut client = client(to).await;
        assert!(client.is_active(trigger()).await.unwrap().into_inner().result);
    });
}

#[test]
fn grpc_stays_on_this_machine_unless_told_otherwise() {
    let scene = Scene::new(&load(240, 1.0));
    let keda = Some(SocketAddr::from(([0, 0, 0, 0], 0)));
    let error = serve_forecasts(ForecastServeOptions { keda, ..scene.forecasts() }, &options());
    assert!(error.unwrap_err().to_string().contains("0.0.0.0:0 can be reached"));
    // A name that was made to mean this machine is not answered.
    let wire = with_keda(scene.forecasts());
    let status = runtime().block_on(async {
        let stream = tokio::net::TcpStream::connect(address(&wire.server)).await.unwrap();
        let (sender, connection) =
            handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let origin = "http://evil.example".parse().unwrap();
        let mut client = ExternalScalerClient::with_origin(Connection(sender), origin);
        client.is_active(trigger()).await.unwrap_err()
    });
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
}

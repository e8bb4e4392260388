//! Forecasts on the wire: gauges for Prometheus, the future as a data source of Grafana, values for autoscalers (JSON, Kubernetes,
//! and KEDA over gRPC), alerts.
//!
//! In: series from files or from a Prometheus, read again every so often. Out: a [`Server`] whose answers come from the last
//! forecast, so that no request waits for a fit, and alerts that are pushed until they are over.
//! No sample of the future is ever written into a Prometheus: measured, it refuses all current ones afterwards
//! (docs/decisions/0012-serving.md). Gauges are of now; the future is served by a query API of our own.
//! Checked against: a Prometheus and an Alertmanager, where they are installed (`tests/it/prometheus.rs`), and by hand.

mod alerting;
mod board;
mod dashboard;
mod gauges;
mod keda;
mod matching;
mod prometheus;
mod refresh;
mod remote;
mod routes;
mod scaling;
mod sources;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::forecasts::{CapacityOptions, LiveOptions, MethodName};

pub use alerting::AlertOptions;
pub use dashboard::dashboard;
pub use remote::RemoteWriteOptions;
pub use sources::SeriesSource;
pub(crate) use sources::SourceError;

use crate::exchange::Exchanges;
use crate::listening::{Protocol, Server};
use crate::metrics::Metrics;
use crate::{ServeError, ServeOptions};
use alerting::Alerting;
use board::Board;
use refresh::Refresher;
use remote::{RemoteWriter, Sent};
use scaling::Answers;

/// What is forecast, how often, and who is told.
#[derive(Clone, Debug)]
pub struct ForecastServeOptions {
    /// Where series come from; at least one.
    pub sources: Vec<SeriesSource>,
    /// How they are forecast.
    pub live: LiveOptions,
    /// Distances that gauges show, seconds after the last value; empty: a step, half of the horizon, all of it.
    pub ahead_s: Vec<i64>,
    /// Time between two readings.
    pub every: Duration,
    /// Without a new value for so long a forecast is stale: gauges leave it out, scaling falls back on what was measured.
    pub age_max: Duration,
    /// Without a new value for so long there is no answer for scaling; at least `age_max`.
    pub measured_max: Duration,
    /// Where KEDA asks, over gRPC; port 0 takes a free one.
    pub keda: Option<SocketAddr>,
    /// Where gauges are written, too.
    pub remote_write: Option<RemoteWriteOptions>,
    /// Who is told that a capacity will be reached.
    pub alerts: Option<AlertOptions>,
}

impl Default for ForecastServeOptions {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            live: LiveOptions {
                method: MethodName::Auto,
                horizon: None,
                quantiles: vec![0.025, 0.1, 0.5, 0.9, 0.975],
            },
            ahead_s: Vec::new(),
            every: Duration::from_secs(60),
            age_max: Duration::from_secs(3_600),
            measured_max: Duration::from_secs(4 * 3_600),
            keda: None,
            remote_write: None,
            alerts: None,
        }
    }
}

/// What every route needs.
#[derive(Debug)]
struct Serving {
    board: Board,
    metrics: Arc<Metrics>,
    ahead_s: Vec<i64>,
    alerts: Option<Alerting>,
    answers: Answers,
    sent: Option<Arc<Sent>>,
}

/// Reads and forecasts all series once, then serves them and keeps them fresh until the server is stopped.
///
/// # Errors
/// A series that cannot be read or forecast at the start, two of one name, or an address that cannot be listened on.
pub fn serve_forecasts(
    forecasts: ForecastServeOptions,
    options: &ServeOptions,
) -> Result<Server, ServeError> {
    options.check()?;
    if forecasts.sources.is_empty() {
        return Err(ServeError::Nothing);
    }
    let keda = forecasts.keda.map(|listen| ServeOptions { listen, ..options.clone() });
    if let Some(keda) = &keda {
        keda.check()?;
    }
    let metrics = Arc::<Metrics>::default();
    let exchanges = Exchanges::new(options, Arc::clone(&metrics));
    let board = Board::new(forecasts.age_max, forecasts.measured_max.max(forecasts.age_max));
    let ahead_s = forecasts.ahead_s.clone();
    let alerts = forecasts.alerts.clone().map(Alerting::new);
    if let Some(alerts) = &alerts {
        check(alerts, &forecasts.live.quantiles)?;
    }
    let remote_write = forecasts.remote_write.clone();
    let sent = remote_write.as_ref().map(|_| Arc::<Sent>::default());
    let answers = Answers::default();
    let serving =
        Arc::new(Serving { board, metrics, ahead_s, alerts, answers, sent: sent.clone() });
    let mut refresher = Refresher::new(forecasts, Arc::clone(&serving));
    // What cannot be read now is an error of the command; what cannot be read later is counted, and the last forecast stays.
    refresher.first()?;
    let routes = routes::all(Arc::clone(&serving), exchanges.clone(), options.body_bytes_max);
    let mut server = Server::start(options, || routes)?;
    if let Some(keda) = &keda {
        let exchanges = exchanges.at(keda.listen);
        let routes = keda::routes(Arc::clone(&serving), server.stopped(), exchanges);
        server.listen(keda, routes, Protocol::Http2)?;
    }
    refresher.served_at(server.address());
    server.beside(refresher.run()?);
    if let Some((options, sent)) = remote_write.zip(sent) {
        let instance = server.address().to_string();
        server.beside(RemoteWriter::new(options, serving, sent, instance).run()?);
    }
    Ok(server)
}

/// A capacity that no quantile is held against would never raise an alert.
fn check(alerts: &Alerting, quantiles: &[f64]) -> Result<(), ServeError> {
    let options = &alerts.options;
    let refused = |what: String, hint: &str| ServeError::Alerts { what, hint: hint.to_owned() };
    let CapacityOptions { capacity, quantile, .. } = &options.capacity;
    if !(capacity.is_finite() && *capacity > 0.0) {
        return Err(refused(format!("the capacity is {capacity}"), "give a number above 0"));
    }
    match quantiles.contains(quantile) {
        true => Ok(()),
        false => Err(refused(
            format!("quantile {quantile} is not forecast"),
            "give it in --quantiles, too",
        )),
    }
}

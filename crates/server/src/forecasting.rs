//! Forecasts on the wire: gauges for Prometheus, the future as a data source of Grafana, values for autoscalers, alerts.
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
mod matching;
mod prometheus;
mod refresh;
mod routes;
mod scaling;
mod sources;

use std::sync::Arc;
use std::time::Duration;

use engine::forecasts::{LiveOptions, MethodName};

pub use alerting::AlertOptions;
pub use dashboard::dashboard;
pub use sources::SeriesSource;
pub(crate) use sources::SourceError;

use crate::exchange::Exchanges;
use crate::listening::Server;
use crate::metrics::Metrics;
use crate::{ServeError, ServeOptions};
use alerting::Alerting;
use board::Board;
use refresh::Refresher;

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
    let metrics = Arc::<Metrics>::default();
    let exchanges = Exchanges::new(options, Arc::clone(&metrics));
    let board = Board::new(forecasts.age_max);
    let ahead_s = forecasts.ahead_s.clone();
    let alerts = forecasts.alerts.clone().map(Alerting::new);
    if let Some(alerts) = &alerts {
        check(alerts, &forecasts.live.quantiles)?;
    }
    let serving = Arc::new(Serving { board, metrics, ahead_s, alerts });
    let mut refresher = Refresher::new(forecasts, Arc::clone(&serving));
    // What cannot be read now is an error of the command; what cannot be read later is counted, and the last forecast stays.
    refresher.first()?;
    let body_bytes_max = options.body_bytes_max;
    let routes = routes::all(Arc::clone(&serving), exchanges, body_bytes_max);
    let mut server = Server::start(options, || routes)?;
    refresher.served_at(server.address());
    server.beside(refresher.run()?);
    Ok(server)
}

/// A capacity that no quantile is held against would never raise an alert.
fn check(alerts: &Alerting, quantiles: &[f64]) -> Result<(), ServeError> {
    let options = &alerts.options;
    let refused = |what: String, hint: &str| ServeError::Alerts { what, hint: hint.to_owned() };
    if !options.capacity.is_finite() {
        return Err(refused(format!("the capacity is {}", options.capacity), "give a number"));
    }
    match quantiles.contains(&options.quantile) {
        true => Ok(()),
        false => Err(refused(
            format!("quantile {} is not forecast", options.quantile),
            "give it in --quantiles, too",
        )),
    }
}

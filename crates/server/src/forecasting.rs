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

use engine::forecasts::{LiveOptions, MethodName};

pub use alerting::{AlertOptions, CapacitySource};
pub use dashboard::dashboard;
pub use remote::RemoteWriteOptions;
pub use sources::SeriesSource;
pub(crate) use sources::SourceError;

use crate::exchange::Exchanges;
use crate::listening::{Protocol, Server};
use crate::metrics::Metrics;
use crate::{ServeError, ServeOptions};
use alerting::Alerting;
use board::{Ages, Board, now_s};
use gauges::{distance, reach_s};
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
    /// Distances that gauges show, seconds after the last value; empty, and for a series whose horizon holds none of them: a
    /// step, half of the horizon, all of it.
    pub ahead_s: Vec<i64>,
    /// Time between two readings.
    pub every: Duration,
    /// Where a value is overdue for so long, by the clock and the times of the data, a forecast is stale: gauges leave it out,
    /// scaling falls back on what was measured. If not given an hour, or two steps where that is longer.
    pub age_max: Option<Duration>,
    /// Where a value is overdue for so long there is no answer for scaling; at least `age_max`, if not given four times it.
    pub measured_max: Option<Duration>,
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
            age_max: None,
            measured_max: None,
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

/// Reads and forecasts all series once, then serves them and keeps them fresh until the server is stopped. What is not well at
/// the start (a series that cannot be read or forecast, data that are old) is in [`Server::notes`].
///
/// # Errors
/// Not one series can be read and forecast, two have one name, a distance is beyond every horizon, or an address cannot be
/// listened on.
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
    let board = Board::new(Ages { forecast: forecasts.age_max, measured: forecasts.measured_max });
    let mut ahead_s = forecasts.ahead_s.clone();
    ahead_s.sort_unstable();
    ahead_s.dedup();
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
    // A server without any forecast is of no use to anybody; one without some of them is.
    refresher.first()?;
    serving.check_distances()?;
    let routes = routes::all(Arc::clone(&serving), exchanges.clone(), options.body_bytes_max);
    let mut server = Server::start(options, || routes)?;
    if let Some(keda) = &keda {
        let exchanges = exchanges.at(keda.listen);
        let routes = keda::routes(Arc::clone(&serving), server.stopped(), exchanges);
        server.listen(keda, routes, Protocol::Http2)?;
    }
    refresher.served_at(server.address());
    server.noted(serving.notes());
    server.beside(refresher.run()?);
    if let Some((options, sent)) = remote_write.zip(sent) {
        let instance = server.address().to_string();
        server.beside(RemoteWriter::new(options, serving, sent, instance).run()?);
    }
    Ok(server)
}

/// A capacity that no quantile is held against would never raise an alert.
fn check(alerts: &Alerting, quantiles: &[f64]) -> Result<(), ServeError> {
    let AlertOptions { capacity, watch, .. } = &alerts.options;
    let refused = |what: String, hint: &str| ServeError::Alerts { what, hint: hint.to_owned() };
    let found = capacity.read().and_then(|found| Ok(found.check()?));
    if let Err(error) = found {
        let hint = error.hint().unwrap_or_else(|| "give a number above 0".to_owned());
        return Err(refused(error.to_string(), &hint));
    }
    let quantile = watch.quantile;
    match quantiles.contains(&quantile) {
        true => Ok(()),
        false => Err(refused(
            format!("quantile {quantile} is not forecast"),
            "give it in --quantiles, too",
        )),
    }
}

impl Serving {
    /// A distance beyond the horizon of every series would never be shown.
    fn check_distances(&self) -> Result<(), ServeError> {
        let entries = self.board.entries();
        let Some(farthest) = entries.iter().max_by_key(|entry| reach_s(entry)) else {
            return Ok(());
        };
        let within_s = reach_s(farthest);
        match self.ahead_s.iter().find(|ahead| **ahead > within_s) {
            Some(ahead) => Err(ServeError::Beyond {
                ahead: distance(*ahead),
                horizon: distance(within_s),
                series: farthest.series.clone(),
            }),
            None => Ok(()),
        }
    }

    /// What is not well, in words.
    fn notes(&self) -> Vec<String> {
        let now = now_s();
        let troubles = self.board.troubles().into_iter().filter(|(_, trouble)| trouble.is_on);
        let failed = troubles.map(|(who, trouble)| match trouble.why.starts_with(&who) {
            true => format!("not served: {}", trouble.why),
            false => format!("not served: {who}: {}", trouble.why),
        });
        let entries = self.board.entries();
        let old = entries.iter().filter(|entry| self.board.is_stale(entry, now)).map(|entry| {
            let last = entry.latest.map_or_else(
                || "nothing was measured".to_owned(),
                |(at, _)| format!("its last value is of {}", scaling::stamp(at)),
            );
            format!("{}: {last}: no forecast is shown until new ones come", entry.series)
        });
        failed.chain(old).collect()
    }
}

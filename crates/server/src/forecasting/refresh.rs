//! Reads and forecasts every series again and again, on a thread of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use engine::Time;
use engine::forecasts::{
    CapacityWatch, Indicator, Kept, LoadedSeries, latest_measured, live_forecast, open_indicators,
};

use super::alerting::Alerting;
use super::board::{Entry, now_s};
use super::sources::SourceError;
use super::{ForecastServeOptions, Serving};
use crate::ServeError;

/// What is kept of a series from one reading to the next.
#[derive(Default)]
struct Known {
    /// Of its data: the same data are not forecast again.
    sha256: String,
    kept: Kept,
    /// What the last forecast was made from, where it is held against a capacity.
    loaded: Option<LoadedSeries>,
    watch: Option<CapacityWatch>,
}

/// Reads, forecasts, and has alerts sent.
pub(super) struct Refresher {
    options: ForecastServeOptions,
    serving: Arc<Serving>,
    known: BTreeMap<String, Known>,
    home: String,
}

impl Refresher {
    pub(super) fn new(options: ForecastServeOptions, serving: Arc<Serving>) -> Self {
        Self { options, serving, known: BTreeMap::new(), home: String::new() }
    }

    /// Where people find the forecasts, for alerts.
    pub(super) fn served_at(&mut self, address: SocketAddr) {
        self.home = format!("http://{address}");
    }

    /// The first reading: here a source that cannot be read is an error, and two series of one name are.
    pub(super) fn first(&mut self) -> Result<(), ServeError> {
        let now = now_s();
        for source in self.options.sources.clone() {
            let name = source.name();
            let fault = |error: SourceError| ServeError::of_source(&name, error);
            for (series, loaded) in source.read(now).map_err(fault)? {
                if self.known.contains_key(&series) {
                    return Err(ServeError::TwiceSeries { series });
                }
                self.forecast(&series, &loaded, now).map_err(|error| fault(error.into()))?;
            }
        }
        Ok(())
    }

    /// Goes on until the sender is dropped.
    pub(super) fn run(mut self) -> Result<Sender<()>, ServeError> {
        let (sender, stopped) = mpsc::channel::<()>();
        let resend = self.serving.alerts.as_ref().map_or(Duration::MAX, |a| a.options.resend);
        let every = self.options.every;
        let work = move || {
            // A model of warnings takes a while to fit: whoever asks for a forecast does not wait for it.
            self.judge(now_s());
            self.send();
            let (mut read_at, mut send_at) = (Instant::now() + every, after(resend));
            loop {
                let next = send_at.map_or(read_at, |send_at| read_at.min(send_at));
                match stopped.recv_timeout(next.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
                let now = Instant::now();
                let reads = now >= read_at;
                if reads {
                    self.again();
                    read_at = Instant::now() + every;
                }
                if reads || send_at.is_some_and(|at| now >= at) {
                    self.send();
                    send_at = after(resend);
                }
            }
        };
        let thread = std::thread::Builder::new().name("forecasting".to_owned());
        thread.spawn(work).map_err(ServeError::Machine)?;
        Ok(sender)
    }

    /// Every source again; one that fails is counted, and its last forecast stays.
    fn again(&mut self) {
        for source in self.options.sources.clone() {
            let now = now_s();
            let read = source.read(now);
            let outcome = read.and_then(|panel| {
                panel.iter().try_for_each(|(series, loaded)| {
                    self.forecast(series, loaded, now).map_err(SourceError::from)
                })
            });
            if let Err(error) = outcome {
                self.serving.board.failed(&source.name(), error.to_string());
            }
        }
        self.judge(now_s());
    }

    fn forecast(
        &mut self,
        series: &str,
        loaded: &LoadedSeries,
        now: i64,
    ) -> Result<(), engine::Error> {
        let known = self.known.entry(series.to_owned()).or_default();
        if known.sha256 == loaded.sha256 {
            self.serving.board.read_again(series, now);
            return Ok(());
        }
        let live = live_forecast(loaded, &self.options.live).inspect_err(|_| {
            // An autoscaler is better served by what was measured than by an old forecast alone.
            self.serving.board.measured(series, latest_measured(loaded), now);
        })?;
        known.kept.next(loaded, &live)?;
        known.sha256.clone_from(&loaded.sha256);
        known.loaded = self.options.alerts.is_some().then(|| loaded.clone());
        self.serving.board.put(series, live, known.kept.health(), now);
        Ok(())
    }

    /// Indicators as they are now; without those that cannot be read, which is counted.
    fn indicators(&self) -> Vec<Indicator> {
        let mut all = Vec::new();
        for file in self.options.alerts.iter().flat_map(|alerts| &alerts.indicators) {
            match open_indicators(file) {
                Ok(found) => all.extend(found.indicators),
                Err(error) => {
                    self.serving.board.failed(&file.display().to_string(), error.to_string());
                }
            }
        }
        all
    }

    /// What every series says of its capacity. A stale one neither raises an alert nor ends one.
    fn judge(&mut self, now: i64) {
        let serving = Arc::clone(&self.serving);
        let Some(alerts) = &serving.alerts else { return };
        let indicators = self.indicators();
        for (series, known) in &mut self.known {
            let Some(entry) = serving.board.entry(series) else { continue };
            if serving.board.is_stale(&entry, now) {
                continue;
            }
            alerts.health(&entry, now);
            if let Err(error) = held_against(alerts, &entry, known, &indicators, now) {
                serving.board.failed(&format!("alerts of {series}"), error.to_string());
            }
        }
    }

    fn send(&self) {
        if let Some(alerts) = &self.serving.alerts {
            alerts.send(&self.home, now_s());
        }
    }
}

/// Holds one series against its capacity, and puts what is said of it into the queue.
fn held_against(
    alerts: &Alerting,
    entry: &Entry,
    known: &mut Known,
    indicators: &[Indicator],
    now: i64,
) -> Result<(), engine::Error> {
    let (Known { loaded: Some(loaded), watch, .. }, options) = (known, &alerts.options) else {
        return Ok(());
    };
    let series = &entry.series;
    let useful = match &options.queue {
        Some(queue) => queue.forecast_feedback(series)?,
        None => Vec::new(),
    };
    let new = || CapacityWatch::new(series, options.capacity.clone());
    let watch = watch.get_or_insert_with(new);
    let alarm = watch.read((loaded, &entry.live), indicators, &useful, &entry.health)?;
    let queued = match &options.queue {
        Some(queue) => queue.put_alarm(series, &alarm, Time::new(now))?,
        None => None,
    };
    alerts.capacity(series, &alarm, queued.as_ref(), now);
    Ok(())
}

fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

//! Reads and forecasts every series again and again, on a thread of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use engine::forecasts::{Kept, LoadedSeries, live_forecast};

use super::board::now_s;
use super::sources::SourceError;
use super::{ForecastServeOptions, Serving};
use crate::ServeError;

/// What is kept of a series from one reading to the next.
#[derive(Default)]
struct Known {
    /// Of its data: the same data are not forecast again.
    sha256: String,
    kept: Kept,
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
        self.judge(now);
        Ok(())
    }

    /// Goes on until the sender is dropped.
    pub(super) fn run(mut self) -> Result<Sender<()>, ServeError> {
        let (sender, stopped) = mpsc::channel::<()>();
        let resend = self.serving.alerts.as_ref().map_or(Duration::MAX, |a| a.options.resend);
        let every = self.options.every;
        let work = move || {
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
        let live = live_forecast(loaded, &self.options.live)?;
        known.kept.next(&live);
        known.sha256.clone_from(&loaded.sha256);
        self.serving.board.put(series, live, known.kept.coverage(), now);
        Ok(())
    }

    fn judge(&self, now: i64) {
        let Some(alerts) = &self.serving.alerts else { return };
        for entry in self.serving.board.entries() {
            alerts.judge(&entry, self.serving.board.is_stale(&entry, now), now);
        }
    }

    fn send(&self) {
        if let Some(alerts) = &self.serving.alerts {
            alerts.send(&self.home, now_s());
        }
    }
}

fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

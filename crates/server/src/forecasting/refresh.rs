//! Reads and forecasts every series again and again, on a thread of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use engine::Time;
use engine::forecasts::{
    Capacity, CapacityWatch, Indicator, Kept, LoadedSeries, latest_measured, live_forecast,
    open_indicators,
};

use super::alerting::{Alerting, CapacitySource, Queued};
use super::board::{Entry, metric_name, now_s};
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
    /// What people said of its alerts, the oldest first, when they could last be asked.
    useful: Vec<bool>,
}

/// Reads, forecasts, and has alerts sent.
pub(super) struct Refresher {
    options: ForecastServeOptions,
    serving: Arc<Serving>,
    known: BTreeMap<String, Known>,
    /// The source of every series that was seen, and the series of every metric.
    owners: BTreeMap<String, usize>,
    metrics: BTreeMap<String, String>,
    /// What is carried, as it was last read.
    capacity: Option<Capacity>,
    /// Files of indicators, each with when it was changed and how long it was.
    files: BTreeMap<PathBuf, ((SystemTime, u64), Vec<Indicator>)>,
    home: String,
}

impl Refresher {
    pub(super) fn new(options: ForecastServeOptions, serving: Arc<Serving>) -> Self {
        Self {
            options,
            serving,
            known: BTreeMap::new(),
            owners: BTreeMap::new(),
            metrics: BTreeMap::new(),
            capacity: None,
            files: BTreeMap::new(),
            home: String::new(),
        }
    }

    /// Where people find the forecasts, for alerts.
    pub(super) fn served_at(&mut self, address: SocketAddr) {
        self.home = format!("http://{address}");
    }

    /// The first reading. One series or source that fails leaves the others: it is shown as failed, and tried again.
    ///
    /// # Errors
    /// Two series of one name, and where not one series can be forecast, why the first could not.
    pub(super) fn first(&mut self) -> Result<(), ServeError> {
        let sources = 0..self.options.sources.len();
        let mut faults: Vec<ServeError> = sources.flat_map(|at| self.read(at)).collect();
        let is_slip = |fault: &ServeError| {
            matches!(fault, ServeError::TwiceSeries { .. } | ServeError::TwiceMetric { .. })
        };
        let entries = self.serving.board.entries();
        let worst = faults.iter().position(is_slip).or(entries.is_empty().then_some(0));
        match worst.filter(|worst| *worst < faults.len()) {
            Some(worst) => Err(faults.swap_remove(worst)),
            None if entries.is_empty() => Err(ServeError::Nothing),
            None => Ok(()),
        }
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

    /// Every source again.
    fn again(&mut self) {
        for at in 0..self.options.sources.len() {
            self.read(at);
        }
        self.judge(now_s());
    }

    /// One source: each of its series for itself. What fails is counted, and its last forecast stays.
    fn read(&mut self, at: usize) -> Vec<ServeError> {
        let (source, now) = (self.options.sources[at].clone(), now_s());
        let (name, serving) = (source.name(), Arc::clone(&self.serving));
        let fault = |error: SourceError| ServeError::of_source(&name, error);
        let readings = match source.read(now).map_err(fault) {
            Ok(readings) => readings,
            Err(error) => {
                serving.board.failed(&name, error.to_string());
                return vec![error];
            }
        };
        serving.board.worked(&name);
        let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
        for (series, read) in readings {
            let done = self.claim(&series, at, &mut seen).and_then(|()| {
                let loaded = read.map_err(|error| fault(error.into()))?;
                self.forecast(&series, &loaded, now).map_err(|error| fault(error.into()))
            });
            match done {
                Ok(()) => serving.board.worked(&series),
                Err(error) => {
                    serving.board.failed(&series, error.to_string());
                    faults.push(error);
                }
            }
        }
        faults
    }

    /// A name is of one series of one source, as a series and as a metric.
    fn claim(
        &mut self,
        series: &str,
        source: usize,
        seen: &mut BTreeSet<String>,
    ) -> Result<(), ServeError> {
        let owner = self.owners.entry(series.to_owned()).or_insert(source);
        if *owner != source || !seen.insert(series.to_owned()) {
            return Err(ServeError::TwiceSeries { series: series.to_owned() });
        }
        let metric = metric_name(series);
        let first = self.metrics.entry(metric.clone()).or_insert_with(|| series.to_owned());
        match first == series {
            true => Ok(()),
            false => {
                let (first, second) = (first.clone(), series.to_owned());
                Err(ServeError::TwiceMetric { metric, first, second })
            }
        }
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

    /// Indicators as they are now; without those that cannot be read, which is counted. A file that is as it was is not read
    /// again.
    fn indicators(&mut self) -> Vec<Indicator> {
        let mut all = Vec::new();
        let serving = Arc::clone(&self.serving);
        for file in serving.alerts.iter().flat_map(|alerts| &alerts.options.indicators) {
            let name = file.display().to_string();
            let stamp =
                std::fs::metadata(file).and_then(|known| Ok((known.modified()?, known.len())));
            if let (Ok(stamp), Some((known, found))) = (&stamp, self.files.get(file))
                && known == stamp
            {
                all.extend_from_slice(found);
                continue;
            }
            match open_indicators(file) {
                Ok(found) => {
                    serving.board.worked(&name);
                    all.extend_from_slice(&found.indicators);
                    if let Ok(stamp) = stamp {
                        self.files.insert(file.clone(), (stamp, found.indicators));
                    }
                }
                Err(error) => serving.board.failed(&name, error.to_string()),
            }
        }
        all
    }

    /// What is carried now: a file is read again with the series; what it last said stays where it cannot be read.
    fn capacity(&mut self, source: &CapacitySource) -> Option<Capacity> {
        match source.read() {
            Ok(capacity) => {
                self.serving.board.worked(&source.name());
                self.capacity = Some(capacity);
            }
            Err(error) => self.serving.board.failed(&source.name(), error.to_string()),
        }
        self.capacity.clone()
    }

    /// What every series says of its capacity. A stale one neither raises an alert nor ends one.
    fn judge(&mut self, now: i64) {
        let serving = Arc::clone(&self.serving);
        let Some(alerts) = &serving.alerts else { return };
        let Some(capacity) = self.capacity(&alerts.options.capacity) else { return };
        let indicators = self.indicators();
        for (series, known) in &mut self.known {
            let Some(entry) = serving.board.entry(series) else { continue };
            let is_stale = serving.board.is_stale(&entry, now);
            // A number or a schedule: no load is asked.
            alerts.carries(series, capacity.at(&[], 0, 0, now), is_stale);
            if is_stale {
                continue;
            }
            alerts.health(&entry, now);
            let who = format!("alerts of {series}");
            match held_against(&serving, alerts, &capacity, &entry, known, &indicators, now) {
                Ok(()) => serving.board.worked(&who),
                Err(error) => serving.board.failed(&who, error.to_string()),
            }
        }
    }

    fn send(&self) {
        if let Some(alerts) = &self.serving.alerts {
            alerts.send(&self.home, now_s());
        }
    }
}

/// Holds one series against its capacity, and puts what is said of it into the queue. A queue that cannot be asked holds up no
/// alert: it is told of with the last verdicts that are known.
fn held_against(
    serving: &Serving,
    alerts: &Alerting,
    capacity: &Capacity,
    entry: &Entry,
    known: &mut Known,
    indicators: &[Indicator],
    now: i64,
) -> Result<(), engine::Error> {
    let (Known { loaded: Some(loaded), watch, useful, .. }, options) = (known, &alerts.options)
    else {
        return Ok(());
    };
    let series = &entry.series;
    let (queue, who) = (options.queue.as_deref(), format!("queue of {series}"));
    let mut asked = Ok(());
    match queue.map(|queue| queue.forecast_feedback(series)) {
        Some(Ok(found)) => *useful = found,
        Some(Err(error)) => asked = Err(error),
        None => {}
    }
    let watch = watch.get_or_insert_with(|| CapacityWatch::new(series, options.watch.clone()));
    let reading = (&*loaded, &*entry.live, capacity);
    let alarm = watch.read(reading, indicators, useful, &entry.health)?;
    let put =
        queue.map(|queue| asked.and_then(|()| queue.put_alarm(series, &alarm, Time::new(now))));
    match &put {
        Some(Ok(_)) => serving.board.worked(&who),
        Some(Err(error)) => serving.board.failed(&who, error.to_string()),
        None => {}
    }
    let queued = match &put {
        None => Queued::Nowhere,
        Some(Ok(Some(open))) => Queued::Open(open),
        Some(Ok(None)) => Queued::Closed,
        Some(Err(_)) => Queued::Unknown,
    };
    alerts.capacity(series, &alarm, queued, now);
    Ok(())
}

fn after(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time)
}

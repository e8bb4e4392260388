//! Writes gauges of now into a Prometheus, or a store that takes its remote write.
//!
//! In: the samples of `/metrics`, every so often. Out: each of them, stamped with the time at which it was taken and never with a
//! later one: a sample of the future makes a Prometheus refuse all current ones (docs/decisions/0012-serving.md).
//! What could not be sent is sent again, the oldest first, with growing pauses; what was refused (4xx) is not, for it would be
//! refused again; beyond [`WAITING_MAX`] the oldest goes. All three are counted.
//! Source: remote write 1.0. Departures: one request at a time, for samples of a series must come in order.
//! Checked against: a Prometheus (`tests/it/prometheus.rs`), a receiver of a few lines (`tests/it/remote.rs`).

use std::collections::VecDeque;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::super::Serving;
use super::messages::{Label, Sample, TimeSeries, WriteRequest, packed};
use crate::ServeError;
use crate::address::client;
use crate::exposition::Exposition;

/// Batches that wait to be sent, at most.
const WAITING_MAX: usize = 240;
/// Pauses after a failure: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// The longest pause that a receiver may ask for.
const ASKED_MAX_S: u64 = 300;
/// How long a receiver may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where gauges are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteWriteOptions {
    /// The whole address, such as `http://localhost:9090/api/v1/write`.
    pub url: String,
    /// Time between two batches.
    pub every: Duration,
}

/// What became of samples.
#[derive(Debug, Default)]
pub(in super::super) struct Sent {
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    sent: u64,
    refused: u64,
    dropped: u64,
    failures: u64,
    waiting: u64,
}

impl Sent {
    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(in super::super) fn write(&self, text: &mut Exposition) {
        let counts = *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "forecast_remote_write_samples";
        text.family(
            name,
            "counter",
            "Samples that were written, refused for good, or waited too long.",
        );
        let outcomes =
            [("sent", counts.sent), ("refused", counts.refused), ("dropped", counts.dropped)];
        for (outcome, count) in outcomes {
            text.sample(&format!("{name}_total"), &[("outcome", outcome)], count as f64);
        }
        let name = "forecast_remote_write_failures";
        text.family(name, "counter", "Requests that failed; they are sent again.");
        text.sample(&format!("{name}_total"), &[], counts.failures as f64);
        let name = "forecast_remote_write_waiting_samples";
        text.family(name, "gauge", "Samples that wait to be sent.");
        text.sample(name, &[], counts.waiting as f64);
    }
}

/// Samples of one moment, ready to be sent.
struct Batch {
    body: Vec<u8>,
    n: u64,
}

/// Takes samples and sends them.
pub(in super::super) struct RemoteWriter {
    options: RemoteWriteOptions,
    serving: Arc<Serving>,
    sent: Arc<Sent>,
    agent: ureq::Agent,
    /// Tells this server's samples from those of another.
    instance: String,
    waiting: VecDeque<Batch>,
    last_ms: i64,
    pause: Duration,
}

/// What a receiver made of a batch.
enum Reply {
    Taken,
    Refused,
    /// Later, in so long where it said so.
    Later(Option<Duration>),
}

/// A receiver may ask for a longer pause than our own, not for a shorter one: `Retry-After: 0` would be asked for ever.
fn longer(asked: Option<Duration>, own: Duration) -> Duration {
    asked.unwrap_or(own).max(own)
}

impl RemoteWriter {
    pub(in super::super) fn new(
        options: RemoteWriteOptions,
        serving: Arc<Serving>,
        sent: Arc<Sent>,
        instance: String,
    ) -> Self {
        let agent = client(TIMEOUT);
        let (waiting, pause) = (VecDeque::new(), PAUSES.0);
        Self { options, serving, sent, agent, instance, waiting, last_ms: i64::MIN, pause }
    }

    /// Goes on until the sender is dropped.
    pub(in super::super) fn run(mut self) -> Result<Sender<()>, ServeError> {
        let (sender, stopped) = mpsc::channel::<()>();
        let work = move || {
            let (mut take_at, mut send_at) = (Instant::now(), Instant::now());
            loop {
                let next = if self.waiting.is_empty() { take_at } else { take_at.min(send_at) };
                match stopped.recv_timeout(next.saturating_duration_since(Instant::now())) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
                if Instant::now() >= take_at {
                    self.take();
                    take_at = Instant::now() + self.options.every;
                }
                if Instant::now() >= send_at {
                    send_at = Instant::now() + self.send();
                }
            }
        };
        let thread = std::thread::Builder::new().name("remote-write".to_owned());
        thread.spawn(work).map_err(ServeError::Machine)?;
        Ok(sender)
    }

    /// Puts the samples of now behind those that wait.
    fn take(&mut self) {
        let mut gauges = Exposition::default();
        self.serving.write(&mut gauges);
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        // A clock that was set back makes no sample older than the last one.
        if now_ms <= self.last_ms {
            return;
        }
        self.last_ms = now_ms;
        let request = self.request(&gauges, now_ms);
        let n = request.timeseries.len() as u64;
        let Ok(body) = packed(&request) else {
            self.sent.change(|counts| counts.dropped += n);
            return;
        };
        self.waiting.push_back(Batch { body, n });
        let over = self.waiting.len().saturating_sub(WAITING_MAX);
        let dropped: u64 = self.waiting.drain(..over).map(|batch| batch.n).sum();
        let waiting = self.waiting.iter().map(|batch| batch.n).sum();
        self.sent.change(|counts| {
            counts.dropped += dropped;
            counts.waiting = waiting;
        });
    }

    fn request(&self, gauges: &Exposition, timestamp: i64) -> WriteRequest {
        let label =
            |(name, value): (&str, &str)| Label { name: name.to_owned(), value: value.to_owned() };
        let own = [("job", "tracehound"), ("instance", self.instance.as_str())];
        let timeseries = gauges.samples().map(|(name, labels, value)| {
            let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            // An empty label is none; the receiver wants them by name.
            let labels = labels.filter(|(_, value)| !value.is_empty());
            let mut labels: Vec<Label> =
                [("__name__", name)].into_iter().chain(own).chain(labels).map(label).collect();
            labels.sort_by(|a, b| a.name.cmp(&b.name));
            TimeSeries { labels, samples: vec![Sample { value, timestamp }] }
        });
        WriteRequest { timeseries: timeseries.collect() }
    }

    /// Sends what waits, and gives the time to leave before the next try.
    fn send(&mut self) -> Duration {
        while let Some(batch) = self.waiting.front() {
            let n = batch.n;
            match self.reply(&batch.body) {
                Reply::Taken => self.sent.change(|counts| counts.sent += n),
                Reply::Refused => self.sent.change(|counts| counts.refused += n),
                Reply::Later(asked) => {
                    self.sent.change(|counts| counts.failures += 1);
                    let pause = longer(asked, self.pause);
                    self.pause = (2 * self.pause).min(PAUSES.1);
                    return pause;
                }
            }
            self.pause = PAUSES.0;
            self.waiting.pop_front();
            self.sent.change(|counts| counts.waiting -= n);
        }
        Duration::ZERO
    }

    fn reply(&self, body: &[u8]) -> Reply {
        let sent = self
            .agent
            .post(&self.options.url)
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "snappy")
            .header("x-prometheus-remote-write-version", "0.1.0")
            .send(body);
        let Ok(answer) = sent else { return Reply::Later(None) };
        let status = answer.status().as_u16();
        match status {
            200..=299 => Reply::Taken,
            429 | 500..=599 => {
                let asked =
                    answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let asked = asked.and_then(|text| text.trim().parse::<u64>().ok());
                Reply::Later(asked.map(|seconds| Duration::from_secs(seconds.min(ASKED_MAX_S))))
            }
            _ => Reply::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::longer;

    #[test]
    fn a_receiver_cannot_ask_for_no_pause() {
        let s = Duration::from_secs;
        assert_eq!(longer(Some(s(0)), s(1)), s(1));
        assert_eq!(longer(Some(s(9)), s(1)), s(9));
        assert_eq!(longer(None, s(2)), s(2));
    }
}

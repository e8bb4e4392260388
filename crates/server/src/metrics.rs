//! What was served: requests, how long they took, rows, and what rows brought that training had never seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::exposition::Exposition;

/// Upper ends of the buckets of time, seconds.
const BUCKETS_S: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// By kind of route and status.
    requests: BTreeMap<(&'static str, u16), u64>,
    /// By kind of route.
    durations: BTreeMap<&'static str, Histogram>,
    /// By model and version.
    rows: BTreeMap<(String, String), u64>,
    /// By model, version, column, and what was unseen.
    unseen: BTreeMap<(String, String, String, &'static str), u64>,
}

#[derive(Debug, Default)]
struct Histogram {
    /// Exchanges whose time lies in each bucket, and those beyond the last.
    counts: [u64; BUCKETS_S.len() + 1],
    sum_s: f64,
}

impl Metrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        // A panic between two additions leaves counts that are still counts.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exchange is over. `route` is one of few words: a path of the client's would let it make as many series as it likes.
    pub(crate) fn exchanged(&self, route: &'static str, status: u16, duration_s: f64) {
        let mut counts = self.counts();
        *counts.requests.entry((route, status)).or_default() += 1;
        let histogram = counts.durations.entry(route).or_default();
        let bucket = BUCKETS_S.iter().position(|end| duration_s <= *end);
        histogram.counts[bucket.unwrap_or(BUCKETS_S.len())] += 1;
        histogram.sum_s += duration_s;
    }

    /// Rows were predicted; `unseen` are columns with what they brought, and in how many rows.
    pub(crate) fn predicted(
        &self,
        (name, version): (&str, &str),
        n_rows: u64,
        unseen: &[(String, &'static str, u64)],
    ) {
        let mut counts = self.counts();
        let model = || (name.to_owned(), version.to_owned());
        *counts.rows.entry(model()).or_default() += n_rows;
        for (column, what, n_rows) in unseen {
            let (name, version) = model();
            *counts.unseen.entry((name, version, column.clone(), what)).or_default() += n_rows;
        }
    }

    /// All of it as text.
    pub(crate) fn write(&self, text: &mut Exposition) {
        let counts = self.counts();
        text.family("tracehound_http_requests", "counter", "Requests that were answered.");
        for ((route, status), count) in &counts.requests {
            let labels = [("route", *route), ("code", &status.to_string())];
            text.sample("tracehound_http_requests_total", &labels, *count as f64);
        }
        let name = "tracehound_http_request_duration_seconds";
        text.family(name, "histogram", "From the head of a request to its answer.");
        for (route, histogram) in &counts.durations {
            histogram.write(name, route, text);
        }
        if counts.rows.is_empty() {
            return;
        }
        text.family("tracehound_model_rows", "counter", "Rows that were predicted.");
        for ((model, version), count) in &counts.rows {
            let labels = [("model", model.as_str()), ("version", version)];
            text.sample("tracehound_model_rows_total", &labels, *count as f64);
        }
        let help = "Rows with a level that training never saw, or a value that cannot be read; it counted as missing.";
        text.family("tracehound_model_unseen_rows", "counter", help);
        for ((model, version, column, what), count) in &counts.unseen {
            let labels = [
                ("model", model.as_str()),
                ("version", version),
                ("column", column),
                ("what", what),
            ];
            text.sample("tracehound_model_unseen_rows_total", &labels, *count as f64);
        }
    }
}

impl Histogram {
    fn write(&self, name: &str, route: &str, text: &mut Exposition) {
        let mut below = 0;
        let ends = BUCKETS_S.iter().copied().chain([f64::INFINITY]);
        for (end, count) in ends.zip(self.counts) {
            below += count;
            let end = crate::exposition::number(end);
            text.sample(&format!("{name}_bucket"), &[("route", route), ("le", &end)], below as f64);
        }
        text.sample(&format!("{name}_sum"), &[("route", route)], self.sum_s);
        text.sample(&format!("{name}_count"), &[("route", route)], below as f64);
    }
}

//! Where series come from.

use std::path::PathBuf;
use std::time::Duration;

use engine::forecasts::{
    PulledTimes, Readings, SeriesOptions, open_each, series_of_prometheus, series_of_stored,
};

use super::matching::terms;
use super::remote;
use crate::address::{client, without_credentials};

/// How long a Prometheus may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of its answer, at most.
const BYTES_MAX: u64 = 64 << 20;

/// Where series come from.
#[derive(Clone, Debug, PartialEq)]
pub enum SeriesSource {
    /// All series of a file.
    File {
        /// The file.
        path: PathBuf,
        /// How it is read.
        options: SeriesOptions,
    },
    /// All series that a query of a Prometheus gives.
    Prometheus {
        /// Its address, such as `http://localhost:9090`.
        url: String,
        /// The query.
        query: String,
        /// Seconds between two values.
        step_s: u32,
        /// Seconds of history.
        history_s: u32,
        /// Whether samples are read as they were stored, by remote read: then the query is a selector.
        remote_read: bool,
    },
}

/// Why a source gave nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The engine cannot read or forecast it.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The Prometheus did not answer.
    #[error("{url}: {what}")]
    Unreachable { url: String, what: String },
}

impl SourceError {
    /// What the client says may name the address with all that stands in it.
    fn unreachable(url: &str, what: String) -> Self {
        let shown = without_credentials(url);
        let what = what.replace(url, &shown);
        Self::Unreachable { url: shown, what }
    }
}

impl SeriesSource {
    /// Whose series these are, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Prometheus { url, query, .. } => {
                format!("{} {query}", without_credentials(url))
            }
        }
    }

    /// Reads it, each series for itself and with the name under which it is served.
    pub(crate) fn read(&self, now_s: i64) -> Result<Readings, SourceError> {
        let readings = match self {
            Self::File { path, options } => open_each(path, options)?,
            Self::Prometheus { url, query, step_s, history_s, remote_read } => {
                // Whole steps: the same stamps at every reading, and no half of a step at the end.
                let step = i64::from(*step_s);
                let end = now_s.div_euclid(step) * step;
                let start = end - i64::from(*history_s).div_euclid(step) * step;
                if *remote_read {
                    let times = PulledTimes { start_s: start, end_s: end, step_s: *step_s };
                    let unreachable = |what| SourceError::unreachable(url, what);
                    let terms = terms(query).map_err(unreachable)?;
                    let stored = remote::read(url, terms, &times, TIMEOUT).map_err(unreachable)?;
                    series_of_stored(&stored, &times, &without_credentials(url))?
                } else {
                    let body = fetched(url, query, [start, end, step])?;
                    series_of_prometheus(&body, &without_credentials(url))?
                }
            }
        };
        let wanted = |id: &str| match self {
            Self::File { options, .. } => options.id.as_ref().is_none_or(|asked| asked == id),
            Self::Prometheus { .. } => true,
        };
        let kept = readings.into_iter().filter(|(id, _)| wanted(id));
        Ok(kept.map(|(id, read)| (self.served_as(&id), read)).collect())
    }

    /// A file's only series is named by the file where it has no name of its own.
    fn served_as(&self, id: &str) -> String {
        match self {
            Self::File { path, .. } if path.display().to_string() == id => path
                .file_stem()
                .map_or_else(|| id.to_owned(), |stem| stem.to_string_lossy().into_owned()),
            _ => id.to_owned(),
        }
    }
}

fn fetched(url: &str, query: &str, range: [i64; 3]) -> Result<Vec<u8>, SourceError> {
    let fault = |error: ureq::Error| SourceError::unreachable(url, error.to_string());
    let agent = client(TIMEOUT);
    let [start, end, step] = range.map(|number| number.to_string());
    let mut answer = agent
        .get(format!("{}/api/v1/query_range", url.trim_end_matches('/')))
        .query("query", query)
        .query("start", start)
        .query("end", end)
        .query("step", step)
        .call()
        .map_err(fault)?;
    // A status that is no success carries what is wrong in its body.
    answer.body_mut().with_config().limit(BYTES_MAX).read_to_vec().map_err(fault)
}

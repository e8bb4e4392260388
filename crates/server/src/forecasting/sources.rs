//! Where series come from.

use std::path::PathBuf;
use std::time::Duration;

use engine::forecasts::{
    LoadedSeries, PulledTimes, SeriesOptions, open_panel, series_of_prometheus, series_of_stored,
};

use super::matching::terms;
use super::remote;

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

impl SeriesSource {
    /// Whose series these are, for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Prometheus { url, query, .. } => format!("{url} {query}"),
        }
    }

    /// Reads it, each series with the name under which it is served.
    pub(crate) fn read(&self, now_s: i64) -> Result<Vec<(String, LoadedSeries)>, SourceError> {
        let panel = match self {
            Self::File { path, options } => open_panel(path, options)?,
            Self::Prometheus { url, query, step_s, history_s, remote_read } => {
                // Whole steps: the same stamps at every reading, and no half of a step at the end.
                let step = i64::from(*step_s);
                let end = now_s.div_euclid(step) * step;
                let start = end - i64::from(*history_s).div_euclid(step) * step;
                if *remote_read {
                    let times = PulledTimes { start_s: start, end_s: end, step_s: *step_s };
                    let unreachable = |what| SourceError::Unreachable { url: url.clone(), what };
                    let terms = terms(query).map_err(unreachable)?;
                    let stored = remote::read(url, terms, &times, TIMEOUT).map_err(unreachable)?;
                    series_of_stored(&stored, &times, url)?
                } else {
                    let body = fetched(url, query, [start, end, step])?;
                    series_of_prometheus(&body, url)?
                }
            }
        };
        let wanted = |series: &LoadedSeries| match self {
            Self::File { options, .. } => options.id.as_ref().is_none_or(|id| *id == series.id),
            Self::Prometheus { .. } => true,
        };
        let kept = panel.into_iter().filter(wanted);
        Ok(kept.map(|series| (self.served_as(&series.id), series)).collect())
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
    let fault = |error: ureq::Error| SourceError::Unreachable {
        url: url.to_owned(),
        what: error.to_string(),
    };
    let config =
        ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
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

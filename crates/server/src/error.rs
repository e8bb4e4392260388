//! Why nothing can be served: the input, and a hint apart from it.

use std::net::SocketAddr;

use crate::forecasting::SourceError;

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address is one that other machines reach, and nobody said that this is meant.
    #[error(
        "{address} can be reached from other machines, and nothing is encrypted and nobody asked for a password"
    )]
    Public {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("{address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The machine gives no threads, timers or signals.
    #[error("the machine: {0}")]
    Machine(std::io::Error),
    /// A limit is out of its range.
    #[error("{what} is {found}, expected {expected}")]
    Limit {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: usize,
        /// What is allowed.
        expected: &'static str,
    },
    /// Nothing was given to serve.
    #[error("there is nothing to serve")]
    Nothing,
    /// A series cannot be read or forecast.
    #[error("{source_name}: {what}")]
    Source {
        /// Its file or query.
        source_name: String,
        /// What is wrong.
        what: String,
        /// What to do about it, where we know.
        hint: Option<String>,
    },
    /// Two series have one name.
    #[error("two series are named {series:?}")]
    TwiceSeries {
        /// The name.
        series: String,
    },
    /// Two series would be one metric.
    #[error("{first:?} and {second:?} are both {metric} as a metric")]
    TwiceMetric {
        /// The metric.
        metric: String,
        /// The series that had it first.
        first: String,
        /// The other one.
        second: String,
    },
    /// A distance is beyond the horizon of every series.
    #[error("{ahead} ahead is beyond every horizon: that of {series:?} is the farthest, {horizon}")]
    Beyond {
        /// The distance.
        ahead: String,
        /// The farthest horizon.
        horizon: String,
        /// Whose it is.
        series: String,
    },
    /// Alerts would never be raised.
    #[error("{what}")]
    Alerts {
        /// Why.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// One model was given twice.
    #[error("model {name}, version {version}, was given twice")]
    Twice {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
    },
}

impl ServeError {
    pub(crate) fn of_source(source_name: &str, error: SourceError) -> Self {
        let hint = match &error {
            SourceError::Engine(error) => error.hint(),
            SourceError::Unreachable { .. } => {
                Some("is it a Prometheus, and does it run?".to_owned())
            }
        };
        // An error of a file names it already.
        let text = error.to_string();
        let what = text.strip_prefix(&format!("{source_name}: ")).unwrap_or(&text).to_owned();
        Self::Source { source_name: source_name.to_owned(), what, hint }
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Public { .. } => {
                "listen on 127.0.0.1, or say --public behind a proxy that encrypts and asks who it is".to_owned()
            }
            Self::Listen { address, error } if error.kind() == std::io::ErrorKind::AddrInUse => {
                format!("another program listens on port {}: choose another port, or 0 for a free one", address.port())
            }
            Self::Listen { .. } => "give an address of this machine, such as 127.0.0.1:8787".to_owned(),
            Self::Machine(_) => return None,
            Self::Limit { .. } => "give a value in the range that the message names".to_owned(),
            Self::Nothing => "give at least one file".to_owned(),
            Self::Source { hint, .. } => return hint.clone(),
            Self::TwiceSeries { .. } => "give each series once, by a name of its own".to_owned(),
            Self::TwiceMetric { .. } => {
                "a metric has letters, digits and _ only: give series names that differ in these".to_owned()
            }
            Self::Beyond { horizon, .. } => {
                format!("ask for at most {horizon} with --ahead, or for more steps with --horizon")
            }
            Self::Alerts { hint, .. } => hint.clone(),
            Self::Twice { .. } => "give every file once; other files of one name are versions of it".to_owned(),
        })
    }
}

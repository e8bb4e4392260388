//! What can go wrong, said once: each error carries its input, and a hint apart from it says what to do.

use std::path::PathBuf;

/// What can go wrong in the engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is not right.
    #[error("configuration: {what}")]
    Config {
        /// What is wrong, with the key.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A stored table has not the schema of this version.
    #[error(transparent)]
    Table(#[from] ledger::tables::TableError),
    /// A source of blocks failed.
    #[error(transparent)]
    Source(#[from] ingest::source::SourceError),
    /// A list was refused.
    #[error(transparent)]
    List(#[from] ingest::lists::ListError),
    /// A tag pack was refused as a whole.
    #[error(transparent)]
    Tags(#[from] ingest::tags::TagError),
    /// Prices were refused.
    #[error(transparent)]
    Prices(#[from] ingest::prices::PriceError),
    /// Labelled data is of no use.
    #[error(transparent)]
    Labelled(#[from] ingest::labelled::LabelledError),
    /// A text is no address.
    #[error(transparent)]
    Address(#[from] ledger::AddressError),
    /// A graph kernel refused its input.
    #[error(transparent)]
    Graph(#[from] graph::GraphError),
    /// The flow between clusters could not be built.
    #[error(transparent)]
    Flow(#[from] forensics::FlowError),
    /// A model of change cannot be read.
    #[error(transparent)]
    Change(#[from] forensics::change::ChangeError),
    /// A model of resolution cannot be fitted, read or asked.
    #[error(transparent)]
    Resolution(#[from] forensics::resolution::ResolutionError),
    /// Exposure could not be computed.
    #[error(transparent)]
    Exposure(#[from] forensics::exposure::ExposureError),
    /// Patterns could not be looked for.
    #[error(transparent)]
    Pattern(#[from] forensics::patterns::PatternError),
    /// Ranks could not be computed.
    #[error(transparent)]
    Rank(#[from] forensics::rank::RankError),
    /// A profile of scores is not right.
    #[error(transparent)]
    Profile(#[from] forensics::score::ProfileError),
    /// A table cannot be learned from, or a model not be asked.
    #[error(transparent)]
    Learn(#[from] learn::LearnError),
    /// A series cannot be read or forecast.
    #[error(transparent)]
    Forecast(#[from] forecast::ForecastError),
    /// A rule is not right, or an alert does not allow what was wanted.
    #[error(transparent)]
    Case(#[from] cases::CaseError),
    /// The ledger and what comes in contradict each other.
    #[error("block {height}: {what}")]
    Contradiction {
        /// The block at fault.
        height: u32,
        /// What contradicts what.
        what: String,
    },
    /// A limit of the format is reached.
    #[error("{what}: {limit} are the most that this format holds")]
    Full {
        /// Of what there are too many.
        what: &'static str,
        /// The most there can be.
        limit: u64,
    },
    /// Something is asked for that the store does not have.
    #[error("{what}")]
    NotFound {
        /// What is missing.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The question itself is at fault.
    #[error("{what}")]
    Question {
        /// What is wrong with it.
        what: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A file of the user's could not be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Columns could not be read or written.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// What went wrong with one of several files or tables.
    #[error("{name}: {error}")]
    Of {
        /// Which one.
        name: String,
        /// What went wrong.
        error: Box<Error>,
    },
    /// The person stopped the work; everything up to the last commit is kept.
    #[error("stopped; everything up to the last commit is kept")]
    Stopped,
}

impl Error {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config { hint, .. }
            | Self::NotFound { hint, .. }
            | Self::Question { hint, .. } => hint.clone(),
            Self::Store(error) => error.hint(),
            Self::Source(error) => error.hint(),
            Self::List(error) => error.hint(),
            Self::Tags(error) => error.hint(),
            Self::Prices(error) => error.hint(),
            Self::Labelled(error) => error.hint(),
            Self::Address(error) => error.hint(),
            Self::Flow(error) => error.hint(),
            Self::Change(error) => error.hint(),
            Self::Resolution(error) => error.hint(),
            Self::Exposure(error) => error.hint(),
            Self::Pattern(error) => error.hint(),
            Self::Profile(error) => error.hint(),
            Self::Case(error) => error.hint(),
            Self::Learn(error) => error.hint(),
            Self::Forecast(error) => Some(error.hint().to_owned()),
            Self::Of { error, .. } => error.hint(),
            Self::Stopped => Some("run the same command again to go on".to_owned()),
            Self::Contradiction { .. } => Some(
                "run `tracehound verify`; if the store is sound, the source is damaged".to_owned(),
            ),
            _ => None,
        }
    }

    /// Whether the question or the command line is at fault, not the store or the world.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Config { .. } | Self::Question { .. } | Self::Address(_) | Self::Profile(_) => {
                true
            }
            Self::Forecast(forecast::ForecastError::Argument { .. }) => true,
            Self::Case(error) => error.is_usage(),
            Self::Of { error, .. } => error.is_usage(),
            _ => false,
        }
    }

    /// The same with the file or table that it is about; what names it already stays as it is.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        match self {
            Self::Learn(_) | Self::Arrow(_) if !name.is_empty() => {
                Self::Of { name: name.to_owned(), error: Box::new(self) }
            }
            other => other,
        }
    }

    pub(crate) fn missing(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::NotFound { what: what.into(), hint: Some(hint.into()) }
    }
}

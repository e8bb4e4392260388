//! How a command ends: its exit code, or what went wrong with a hint.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::show;

/// The exit codes, as `tracehound --help` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// The command line, the configuration or the question is at fault.
    Usage = 2,
    /// Screening hit.
    Hit = 3,
    /// An answer is stale and `--fail-stale` was given, or derived tables are too stale to be compared.
    Stale = 4,
    /// Some addresses could not be read, or not decided.
    Partial = 5,
    /// Nothing can be said, which is no all-clear.
    Unknown = 6,
    /// Stopped by Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The engine says no.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// Nothing can be served.
    #[error(transparent)]
    Serve(#[from] server::ServeError),
    /// The words of the command line do not fit together.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to write in place of it.
        hint: String,
    },
    /// There is no folder where the store should be.
    #[error("{what}")]
    NoStore {
        /// What the engine says of it.
        what: String,
    },
    /// A file of the user's could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Standard output failed.
    #[error("standard output: {0}")]
    Output(io::Error),
    /// Columns could not be written.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Whoever read our output has read enough (`| head`): the command ends without a word.
    #[error("the reader of the output is gone")]
    ReaderGone,
}

impl Failure {
    pub(crate) fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { what: what.into(), hint: hint.into() }
    }

    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    /// What to do about it, where we know.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::Serve(error) => error.hint(),
            Self::Usage { hint, .. } => Some(hint.clone()),
            Self::NoStore { .. } => Some(
                "make one with `tracehound init`, or name another with --store DIR or TRACEHOUND_STORE"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The exit code it ends in.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Engine(engine::Error::Stopped) => Exit::Interrupted,
            Self::Engine(error) if error.is_usage() => Exit::Usage,
            Self::Usage { .. } | Self::Serve(_) => Exit::Usage,
            Self::ReaderGone => Exit::Done,
            _ => Exit::Failed,
        }
    }

    /// `error: what`, and below it `hint: what to do`; foreign text in it made harmless.
    pub(crate) fn message(&self) -> String {
        message(&self.to_string(), self.hint().as_deref())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Output(error),
        }
    }
}

/// `error: what`, and below it `hint: what to do`.
pub(crate) fn message(what: &str, hint: Option<&str>) -> String {
    let mut text = format!("error: {}\n", show::lines(what));
    if let Some(hint) = hint {
        text += &format!("hint: {}\n", show::lines(hint));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_exit_code() {
        #[track_caller]
        fn check(failure: Failure, exit: Exit, text: &str) {
            assert_eq!((failure.exit(), failure.message().as_str()), (exit, text));
        }
        check(
            engine::Error::Stopped.into(),
            Exit::Interrupted,
            "error: stopped; everything up to the last commit is kept\nhint: run the same command again to go on\n",
        );
        let question = engine::Error::Question { what: "no \x1b[2J".to_owned(), hint: None };
        check(question.into(), Exit::Usage, "error: no \\u{1b}[2J\n");
        let missing =
            engine::Error::NotFound { what: "no".to_owned(), hint: Some("yes".to_owned()) };
        check(missing.into(), Exit::Failed, "error: no\nhint: yes\n");
        check(Failure::usage("a", "b"), Exit::Usage, "error: a\nhint: b\n");
        check(
            io::Error::from(io::ErrorKind::BrokenPipe).into(),
            Exit::Done,
            "error: the reader of the output is gone\n",
        );
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(Failure::from(full).exit(), Exit::Failed);
    }
}

//! Progress of long work, and the wish to stop it: the adapter passes a [`Watch`], the engine tells and asks.

/// What long work tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A piece of work begins; the total in `unit`s where it is known.
    Begin {
        /// What is done.
        what: String,
        /// How much there is of it.
        total: Option<u64>,
        /// In what it is counted.
        unit: &'static str,
    },
    /// So much of it is done by now.
    At {
        /// In the unit of the last `Begin`.
        done: u64,
    },
    /// It is over.
    End,
    /// Something a person should read, now or later.
    Note {
        /// The text.
        text: String,
    },
}

/// Who watches long work.
pub trait Watch: Sync {
    /// Takes note of progress.
    fn tell(&self, progress: Progress);

    /// Whether the person wants to stop; asked between commits.
    fn stopped(&self) -> bool;

    /// Whether nobody wants the result any more: training then ends within a round and keeps nothing.
    fn dropped(&self) -> bool {
        false
    }
}

/// Nobody watches: for tests and libraries.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn tell(&self, _: Progress) {}

    fn stopped(&self) -> bool {
        false
    }
}

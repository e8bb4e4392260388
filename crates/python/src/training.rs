//! Training on a thread of its own, so that Python goes on, draws progress and notices Ctrl-C.
//!
//! The calling thread sleeps without the interpreter's lock, wakes twenty times a second, tells progress, and asks Python
//! whether a signal came. If one did, the work is dropped: its thread ends within a round of the learner at hand, and the
//! exception of the signal (`KeyboardInterrupt`) is raised without waiting for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use engine::tabular::{self, LoadedModel, OwnLearner};
use engine::{AutoOptions, Progress, Watch};
use pyo3::prelude::*;

use crate::errors::{internal, raised};

const WAKE: Duration = Duration::from_millis(50);

/// What the two threads share.
#[derive(Default)]
struct Shared {
    total: AtomicU64,
    done: AtomicU64,
    dropped: AtomicBool,
}

impl Watch for Shared {
    fn tell(&self, progress: Progress) {
        match progress {
            Progress::Begin { total, .. } => {
                self.total.store(total.unwrap_or(0), Ordering::Relaxed);
            }
            Progress::At { done } => self.done.store(done, Ordering::Relaxed),
            Progress::End | Progress::Note { .. } => {}
        }
    }

    /// A search that is stopped would blend what it has; here nobody waits for it.
    fn stopped(&self) -> bool {
        self.dropped()
    }

    fn dropped(&self) -> bool {
        self.dropped.load(Ordering::Relaxed)
    }
}

type Trained = Result<LoadedModel, engine::Error>;

/// Trains; `tell` is called with the fits that are done and planned whenever they changed.
pub(crate) fn train(
    py: Python<'_>,
    table: Arc<tabular::Table>,
    options: AutoOptions,
    name: String,
    own: Vec<Arc<dyn OwnLearner>>,
    tell: Option<Bound<'_, PyAny>>,
) -> PyResult<LoadedModel> {
    let shared = Arc::new(Shared::default());
    let (send, mut receive) = channel::<Trained>();
    let watch = Arc::clone(&shared);
    std::thread::spawn(move || {
        let trained = tabular::train_model_with(&table, &options, &own, &name, &*watch);
        // Nobody receives it if the work was dropped.
        let _ = send.send(trained);
    });
    let mut told = (0, 0);
    loop {
        let answer;
        (answer, receive) = py.detach(move || waited(receive));
        match answer {
            Ok(trained) => return trained.map_err(raised),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(internal("training ended without a model"));
            }
            Err(RecvTimeoutError::Timeout) => {
                let now =
                    (shared.done.load(Ordering::Relaxed), shared.total.load(Ordering::Relaxed));
                let heard = match &tell {
                    Some(tell) if now != told => tell.call1(now).map(|_| ()),
                    _ => Ok(()),
                };
                told = now;
                if let Err(error) = heard.and_then(|()| py.check_signals()) {
                    shared.dropped.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    }
}

/// A receiver may not be shared between threads, so it goes along and comes back.
fn waited(receive: Receiver<Trained>) -> (Result<Trained, RecvTimeoutError>, Receiver<Trained>) {
    (receive.recv_timeout(WAKE), receive)
}

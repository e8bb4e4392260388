//! Work on models, bounded: so many at once, so many waiting, on threads apart from those that talk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use crate::fault::Fault;

/// The way to the workers.
#[derive(Debug)]
pub(crate) struct Gate {
    workers: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
}

/// Counts one that waits for as long as it is kept, also where its client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(workers: usize, waiting_max: usize) -> Self {
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            waiting: AtomicUsize::new(0),
            waiting_max,
        }
    }

    /// Runs `work` on a worker's thread.
    ///
    /// # Errors
    /// Too many wait already; the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let permit = match Arc::clone(&self.workers).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
                let _waiting = Waiting(&self.waiting);
                if waiting >= self.waiting_max {
                    let what = format!("{waiting} requests wait for a worker already");
                    return Err(Fault::new(StatusCode::SERVICE_UNAVAILABLE, what)
                        .hinted("ask again later, or with more rows a request"));
                }
                let permit = Arc::clone(&self.workers).acquire_owned().await;
                permit.expect("the gate is never closed")
            }
        };
        let done = tokio::task::spawn_blocking(move || {
            // The permit goes with the work: a client that gave up frees no worker that is still busy.
            let _permit = permit;
            work()
        });
        match done.await {
            Ok(outcome) => outcome,
            Err(_) => {
                let what = "this request broke its worker; the others go on";
                Err(Fault::new(StatusCode::INTERNAL_SERVER_ERROR, what))
            }
        }
    }
}

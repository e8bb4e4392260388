//! Connections: accepted up to a limit, closed after the exchange at hand when the server stops.
//!
//! In: routes, options. Out: a [`Server`] that answers until it is stopped. axum's own loop was turned down: it sets no limit
//! on connections or on how long a client may take to send its head, so a few idle clients could hold it.

use std::net::{SocketAddr, TcpListener as Bound};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::{ServeError, ServeOptions};

/// Threads that talk; work on models has its own.
const TALKING_THREADS: usize = 2;
/// How long to wait where the machine has no more files for connections.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// A server at work.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    /// Dropped at the end: work beside the server ends when its sender does.
    beside: Option<Sender<()>>,
}

impl Server {
    /// Listens, and answers from now on.
    pub(crate) fn start(
        options: &ServeOptions,
        routes: impl FnOnce() -> Router,
    ) -> Result<Self, ServeError> {
        options.check()?;
        let fault = |error| ServeError::Listen { address: options.listen, error };
        let bound = Bound::bind(options.listen).map_err(fault)?;
        bound.set_nonblocking(true).map_err(fault)?;
        let address = bound.local_addr().map_err(fault)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(TALKING_THREADS)
            .thread_name("serving")
            .enable_all()
            .build()
            .map_err(ServeError::Machine)?;
        let (stop, stopped) = watch::channel(false);
        let accepting = {
            let _inside = runtime.enter();
            let listener = TcpListener::from_std(bound).map_err(fault)?;
            runtime.spawn(accept(listener, routes(), options.clone(), stopped))
        };
        Ok(Self { address, runtime, stop, accepting, beside: None })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps the end of a channel whose other end is work that lasts as long as the server.
    pub(crate) fn beside(&mut self, work: Sender<()>) {
        self.beside = Some(work);
    }

    /// Accepts nobody any more, lets the exchanges at hand end, and returns.
    pub fn stop(self) {
        // Nobody listens any more where the loop has ended: then there is nothing to stop.
        let _ = self.stop.send(true);
        let _ = self.runtime.block_on(self.accepting);
        // Work that no client waits for any more may go on for long; it must not hold up the end.
        self.runtime.shutdown_background();
    }

    /// Serves until Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// The machine gives no signals.
    pub fn wait(self) -> Result<(), ServeError> {
        self.runtime.block_on(signal()).map_err(ServeError::Machine)?;
        self.stop();
        Ok(())
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}

async fn accept(
    listener: TcpListener,
    routes: Router,
    options: ServeOptions,
    mut stopped: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(options.connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &places) => accepted,
            _ = stopped.changed() => break,
        };
        match accepted {
            Ok((stream, place)) => {
                let talk =
                    talk(stream, routes.clone(), options.head_timeout, stopped.clone(), place);
                tokio::spawn(talk);
            }
            // A connection that was reset before it was accepted, or no more files: the next one may do.
            Err(_) => tokio::time::sleep(OUT_OF_FILES).await,
        }
    }
    drop(listener);
    let all = u32::try_from(options.connections_max).unwrap_or(u32::MAX);
    // Time over: what is left is cut off.
    let _ = tokio::time::timeout(options.grace, places.acquire_many(all)).await;
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.expect("places are never closed");
    let (stream, _) = listener.accept().await?;
    // Answers are written whole: waiting for more only delays them.
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn talk(
    stream: TcpStream,
    routes: Router,
    head_timeout: Duration,
    mut stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let service = TowerToHyperService::new(routes);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    // A client that breaks off has nobody to be told.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

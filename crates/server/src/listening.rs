//! Connections: accepted up to a limit, closed after the exchange at hand when the server stops.
//!
//! In: routes, options. Out: a [`Server`] that answers until it is stopped. axum's own loop was turned down: it sets no limit
//! on connections or on how long a client may take to send its head, so a few idle clients could hold it.
//! gRPC is HTTP/2 without TLS on an address of its own: each address speaks one protocol, so nobody waits to see which.

use std::net::{SocketAddr, TcpListener as Bound};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, join};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;

use crate::{ServeError, ServeOptions};

/// Threads that talk; work on models has its own.
const TALKING_THREADS: usize = 2;
/// How long to wait where the machine has no more files for connections.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// What a client of HTTP/2 says first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Calls at once on a connection of HTTP/2, and bytes of the heads of one.
const STREAMS_MAX: u32 = 128;
const HEAD_BYTES_MAX: u32 = 16 << 10;
/// How often a quiet client of HTTP/2 is asked whether it is still there, and how long it may take to say so.
const ASKED_EVERY: Duration = Duration::from_secs(30);
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 from the first byte on.
    Http2,
}

/// A server at work.
#[derive(Debug)]
pub struct Server {
    /// In the order in which they were begun.
    addresses: Vec<SocketAddr>,
    runtime: Runtime,
    stop: watch::Sender<bool>,
    accepting: Vec<JoinHandle<()>>,
    /// What was not well at the start, in words.
    notes: Vec<String>,
    /// Dropped at the end: work beside the server ends when its sender does.
    beside: Vec<Sender<()>>,
}

impl Server {
    /// Listens, and answers from now on.
    pub(crate) fn start(
        options: &ServeOptions,
        routes: impl FnOnce() -> Router,
    ) -> Result<Self, ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(TALKING_THREADS)
            .thread_name("serving")
            .enable_all()
            .build()
            .map_err(ServeError::Machine)?;
        let (stop, _) = watch::channel(false);
        let (addresses, accepting, beside) = (Vec::new(), Vec::new(), Vec::new());
        let notes = Vec::new();
        let mut server = Self { addresses, runtime, stop, accepting, notes, beside };
        server.listen(options, routes(), Protocol::Http1)?;
        Ok(server)
    }

    /// Listens on one more address.
    pub(crate) fn listen(
        &mut self,
        options: &ServeOptions,
        routes: Router,
        protocol: Protocol,
    ) -> Result<(), ServeError> {
        options.check()?;
        let fault = |error| ServeError::Listen { address: options.listen, error };
        let bound = Bound::bind(options.listen).map_err(fault)?;
        bound.set_nonblocking(true).map_err(fault)?;
        self.addresses.push(bound.local_addr().map_err(fault)?);
        let _inside = self.runtime.enter();
        let listener = TcpListener::from_std(bound).map_err(fault)?;
        let work = accept(listener, routes, options.clone(), protocol, self.stop.subscribe());
        self.accepting.push(self.runtime.spawn(work));
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where KEDA asks, where it was told to.
    pub fn keda_address(&self) -> Option<SocketAddr> {
        self.addresses.get(1).copied()
    }

    /// What was not well at the start, in words: what is served for all that.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Keeps what was not well at the start.
    pub(crate) fn noted(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    /// Tells when the server stops.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Keeps the end of a channel whose other end is work that lasts as long as the server.
    pub(crate) fn beside(&mut self, work: Sender<()>) {
        self.beside.push(work);
    }

    /// Accepts nobody any more, lets the exchanges at hand end, and returns.
    pub fn stop(self) {
        // Nobody listens any more where the loop has ended: then there is nothing to stop.
        let _ = self.stop.send(true);
        for accepting in self.accepting {
            let _ = self.runtime.block_on(accepting);
        }
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
    protocol: Protocol,
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
                let (routes, stopped) = (routes.clone(), stopped.clone());
                let head_timeout = options.head_timeout;
                match protocol {
                    Protocol::Http1 => {
                        tokio::spawn(talk(stream, routes, head_timeout, stopped, place))
                    }
                    Protocol::Http2 => {
                        tokio::spawn(talk_http2(stream, routes, head_timeout, stopped, place))
                    }
                };
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

async fn talk_http2(
    stream: TcpStream,
    routes: Router,
    head_timeout: Duration,
    mut stopped: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    // hyper waits for the first bytes for as long as a client likes.
    let (mut read, write) = stream.into_split();
    let mut first = [0; PREFACE.len()];
    match tokio::time::timeout(head_timeout, read.read_exact(&mut first)).await {
        Ok(Ok(_)) if first == *PREFACE => {}
        _ => return,
    }
    let stream = TokioIo::new(join(std::io::Cursor::new(first).chain(read), write));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .keep_alive_interval(ASKED_EVERY)
        .keep_alive_timeout(ANSWERED_WITHIN);
    let service = TowerToHyperService::new(routes);
    let mut connection = std::pin::pin!(builder.serve_connection(stream, service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

//! How is served: address and limits, one plain struct.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::{Exchange, ServeError};

/// Takes a line about every exchange.
pub type Log = Arc<dyn Fn(&Exchange) + Send + Sync>;

/// How is served.
#[derive(Clone)]
pub struct ServeOptions {
    /// Where; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Whether an address that other machines reach is meant.
    pub public: bool,
    /// Requests that are worked on at once.
    pub workers: usize,
    /// Requests that may wait for a worker; one more is refused at once.
    pub waiting_max: usize,
    /// Connections at once; one more waits to be accepted.
    pub connections_max: usize,
    /// Bytes of a request, at most.
    pub body_bytes_max: usize,
    /// How long a request may take, its body included, before it is answered with 504.
    pub timeout: Duration,
    /// How long the heads of a request may take to arrive.
    pub head_timeout: Duration,
    /// How long exchanges at hand may go on after a stop.
    pub grace: Duration,
    /// Told of every exchange.
    pub log: Option<Log>,
}

impl Default for ServeOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            public: false,
            workers: cores,
            waiting_max: 256,
            connections_max: 512,
            body_bytes_max: 16 << 20,
            timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            log: None,
        }
    }
}

impl std::fmt::Debug for ServeOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ServeOptions")
            .field("listen", &self.listen)
            .field("public", &self.public)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

impl ServeOptions {
    /// Refuses what would serve nobody, or everybody by mistake.
    pub(crate) fn check(&self) -> Result<(), ServeError> {
        if !self.public && !self.listen.ip().is_loopback() {
            return Err(ServeError::Public { address: self.listen });
        }
        let limits = [
            ("the number of workers", self.workers, 1, 1_024, "1 to 1024"),
            ("the number of connections", self.connections_max, 1, 65_536, "1 to 65536"),
            ("the limit of a request in bytes", self.body_bytes_max, 1, 1 << 30, "1 to 1073741824"),
        ];
        for (what, found, least, most, expected) in limits {
            if !(least..=most).contains(&found) {
                return Err(ServeError::Limit { what, found, expected });
            }
        }
        Ok(())
    }
}

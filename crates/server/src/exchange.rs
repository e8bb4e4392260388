//! What holds for every request: its id, its time, who may ask, and that an answer always comes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::ServeOptions;
use crate::fault::Fault;
use crate::metrics::Metrics;
use crate::options::Log;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a client.
const ID_BYTES_MAX: usize = 128;

/// A request and its answer, for a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The client's `x-request-id`, or one of ours.
    pub request_id: String,
    /// GET, POST, …
    pub method: String,
    /// The path, as the client wrote it.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// From the head of the request to the answer.
    pub duration: Duration,
}

/// What every exchange needs.
#[derive(Clone)]
pub(crate) struct Exchanges {
    metrics: Arc<Metrics>,
    timeout: Duration,
    /// Whether only this machine may ask: then a page in a browser may not make it ask.
    loopback: bool,
    log: Option<Log>,
    next: Arc<AtomicU64>,
    /// Tells the ids of one process from those of the next.
    start: u64,
}

impl Exchanges {
    pub(crate) fn new(options: &ServeOptions, metrics: Arc<Metrics>) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self {
            metrics,
            timeout: options.timeout,
            loopback: options.listen.ip().is_loopback(),
            log: options.log.clone(),
            next: Arc::default(),
            start: since.as_secs(),
        }
    }

    /// The same for another address that is listened on: ids go on.
    pub(crate) fn at(&self, listen: SocketAddr) -> Self {
        Self { loopback: listen.ip().is_loopback(), ..self.clone() }
    }

    /// The client's id if it can stand in a header and a log, else the next one of ours.
    fn id(&self, headers: &HeaderMap) -> HeaderValue {
        let is_plain = |id: &&HeaderValue| {
            let bytes = id.as_bytes();
            (1..=ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
        };
        headers.get(REQUEST_ID).filter(is_plain).cloned().unwrap_or_else(|| {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let id = format!("{:x}-{number:x}", self.start);
            HeaderValue::try_from(id).expect("hexadecimal digits")
        })
    }
}

/// Wraps every route.
pub(crate) async fn exchange(
    State(exchanges): State<Exchanges>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = exchanges.id(request.headers());
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let kind = request.headers().get(header::CONTENT_TYPE);
    let is_grpc = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let mut response = match refused(&exchanges, request.headers(), authority.as_deref()) {
        Some(fault) => written(fault, is_grpc),
        None => match tokio::time::timeout(exchanges.timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let what = format!("no answer within {} s", exchanges.timeout.as_secs_f64());
                let fault = Fault::new(StatusCode::GATEWAY_TIMEOUT, what);
                written(fault.hinted("send fewer rows at once, or raise --timeout"), is_grpc)
            }
        },
    };
    let duration = began.elapsed();
    let status = response.status().as_u16();
    exchanges.metrics.exchanged(route(&path), status, duration.as_secs_f64());
    if let Some(log) = &exchanges.log {
        let request_id = id.to_str().unwrap_or_default().to_owned();
        log(&Exchange { request_id, method, path, status, duration });
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn written(fault: Fault, is_grpc: bool) -> Response {
    if is_grpc { fault.grpc().into_http() } else { fault.into_response() }
}

/// One of few words for a path: what metrics are counted by.
fn route(path: &str) -> &'static str {
    match path {
        "/metrics" => "metrics",
        "/forecasts" | "/forecasts/alerts" => "forecast",
        "/scaling/value" => "scaling",
        _ if path.starts_with("/apis/") => "scaling",
        _ if path.starts_with("/externalscaler.ExternalScaler/") => "keda",
        _ if path.starts_with("/api/v1/") => "query",
        _ if path.starts_with("/health/") => "health",
        _ if path.starts_with("/v2/health/") => "health",
        _ if path.starts_with("/v2/models/") && path.ends_with("/infer") => "infer",
        _ if path == "/v2" || path.starts_with("/v2/") => "model",
        _ => "other",
    }
}

/// A page of the web that a person of this machine looks at can have the browser ask us. It names itself in `Origin`, or,
/// where its name was made to mean this machine, in `Host`: neither is a client of ours.
/// HTTP/2 has the name in the `authority` of the request.
fn refused(exchanges: &Exchanges, headers: &HeaderMap, authority: Option<&str>) -> Option<Fault> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).or(authority);
    if let Some(origin) = text(header::ORIGIN) {
        let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        if host != Some(authority) {
            let what = format!("the page {origin:?} is not of this server");
            return Some(Fault::new(StatusCode::FORBIDDEN, what));
        }
    }
    match host {
        Some(host) if exchanges.loopback && !is_here(host) => {
            let what = format!("{host:?} is no name of this machine");
            let fault = Fault::new(StatusCode::FORBIDDEN, what);
            Some(fault.hinted("ask 127.0.0.1 or localhost, or serve with --public"))
        }
        _ => None,
    }
}

/// Whether a `Host` names this machine by number, or as localhost.
fn is_here(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let number = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || number.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{is_here, route};

    #[test]
    fn a_name_of_this_machine_is_a_number_or_localhost() {
        for here in ["localhost", "LOCALHOST:80", "127.0.0.1:8787", "[::1]:8787", "[::1]"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["evil.example", "localhost.evil.example:80", "127.0.0.1.evil:1", ""] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_path_of_a_client_makes_no_series_of_its_own() {
        for (path, word) in [
            ("/v2/models/a/infer", "infer"),
            ("/v2/models/a/versions/1/infer", "infer"),
            ("/v2/health/ready", "health"),
            ("/v2", "model"),
            ("/metrics", "metrics"),
            ("/v2x", "other"),
        ] {
            assert_eq!(route(path), word, "{path}");
        }
    }
}

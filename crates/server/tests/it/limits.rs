//! Limits of bytes, time and places; who may ask; how a server ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracehound_server::{Exchange, ServeOptions};

use crate::forecasts::until;
use crate::world::{Target, Wire, csv, model, options, request};

const INFER: &str = "/v2/models/left/infer";

fn limited(change: impl FnOnce(&mut ServeOptions)) -> Wire {
    let mut options = options();
    change(&mut options);
    Wire::of(vec![model(Target::Left)], &options)
}

/// What comes back over a connection of its own, until the server closes it.
fn raw(wire: &Wire, request: &str) -> String {
    let mut stream = TcpStream::connect(wire.server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_has_a_limit_of_bytes() {
    let wire = limited(|options| options.body_bytes_max = 2_000);
    let body = |n_rows| request(&csv(n_rows), &[]).to_string();
    let post = |body: &str| wire.post(INFER, &[], body.as_bytes());
    assert_eq!(post(&body(2)).status, 200);
    let refused = post(&body(200));
    assert_eq!(refused.status, 413);
    assert!(refused.json()["error"].as_str().is_some_and(|text| !text.is_empty()));
}

#[test]
fn a_client_that_sends_slowly_is_let_go() {
    let wire = limited(|options| {
        options.head_timeout = Duration::from_millis(200);
        options.timeout = Duration::from_millis(300);
    });
    let began = Instant::now();
    assert_eq!(raw(&wire, "GET /v2 HTTP/1.1\r\nHost: localhost\r\n"), "", "the head never ends");
    let late = "POST /v2/models/left/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nConnection: close\r\n\r\n{";
    let answer = raw(&wire, late);
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[test]
fn requests_beyond_the_waiting_are_refused_at_once_and_none_is_lost() {
    let wire = limited(|options| {
        options.workers = 1;
        options.waiting_max = 1;
    });
    let body = request(&csv(3_000), &[]).to_string();
    let round = || {
        let statuses = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let status = wire.post(INFER, &[], body.as_bytes()).status;
                    statuses.lock().unwrap().push(status);
                });
            }
        });
        let statuses = statuses.into_inner().unwrap();
        assert_eq!(statuses.len(), 8);
        assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
        assert!(statuses.contains(&200), "{statuses:?}");
        statuses.contains(&503).then_some(())
    };
    // Eight clients that begin one after the other may all find a place: then they begin again.
    until("refusal", round);
    assert_eq!(wire.post(INFER, &[], request(&csv(2), &[]).to_string().as_bytes()).status, 200);
}

#[test]
fn a_page_of_the_web_is_no_client() {
    let wire = Wire::to(Target::Left);
    let ask = |headers: &str| {
        let answer = raw(&wire, &format!("GET /v2 HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"));
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let here = wire.server.address();
    assert_eq!(ask(&format!("Host: {here}\r\n")), "200");
    assert_eq!(ask("Host: localhost:1\r\n"), "200");
    assert_eq!(ask(&format!("Host: {here}\r\nOrigin: http://{here}\r\n")), "200");
    assert_eq!(ask(&format!("Host: {here}\r\nOrigin: https://evil.example\r\n")), "403");
    assert_eq!(ask("Host: evil.example\r\n"), "403");
}

#[test]
fn every_exchange_has_an_id_and_a_line_for_the_log() {
    let lines: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let told = Arc::clone(&lines);
    let wire = limited(|options| {
        options.log = Some(Arc::new(move |exchange: &Exchange| {
            told.lock().unwrap().push(exchange.clone());
        }));
    });
    let ours = wire.get("/v2").request_id;
    assert!(!ours.is_empty() && wire.get("/v2").request_id != ours);
    let theirs = wire.post("/v2", &[("x-request-id", "a-7")], b"");
    assert_eq!((theirs.status, theirs.request_id.as_str()), (405, "a-7"));
    let long = "x".repeat(200);
    assert_ne!(wire.post("/v2", &[("x-request-id", &long)], b"").request_id, long);
    let lines = lines.lock().unwrap();
    assert_eq!((lines[2].request_id.as_str(), lines[2].status), ("a-7", 405));
    assert_eq!((lines[2].method.as_str(), lines[2].path.as_str()), ("POST", "/v2"));
}

#[test]
fn a_stop_lets_the_exchange_at_hand_end_and_idle_clients_go() {
    let wire = Wire::to(Target::Left);
    let address = wire.server.address();
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let body = request(&csv(2_000), &[]).to_string();
    let mut busy = TcpStream::connect(address).unwrap();
    // The server asks for the body: from then on the exchange is at hand, whatever the machine is busy with.
    let head = format!(
        "POST {INFER} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    busy.write_all(head.as_bytes()).unwrap();
    let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    busy.read_exact(&mut asked).unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    let began = Instant::now();
    let reader = std::thread::spawn(move || {
        busy.write_all(body.as_bytes()).unwrap();
        let (mut begun, mut rest) = ([0; 12], Vec::new());
        busy.read_exact(&mut begun).unwrap();
        busy.read_to_end(&mut rest).unwrap();
        (begun, rest)
    });
    wire.server.stop();
    let (begun, rest) = reader.join().unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    assert!(rest.ends_with(b"]}"), "the answer is whole");
    assert!(began.elapsed() < Duration::from_secs(9), "an idle client holds nobody up");
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

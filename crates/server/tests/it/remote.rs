//! Remote read and remote write against receivers of a few lines, with a protobuf of their own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use tracehound_server::{ForecastServeOptions, RemoteWriteOptions, SeriesSource, serve_forecasts};

use crate::forecasts::{HOUR, START, Scene, load, sample, until};
use crate::world::options;

/// What was sent: head and body.
type Request = (String, Vec<u8>);

/// Takes requests and answers each with the next status and body; the last one again and again.
fn receiver(answers: Vec<(&'static str, Vec<u8>)>) -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        let mut at = 0;
        for stream in listener.incoming() {
            let (status, body) = &answers[at.min(answers.len() - 1)];
            let Some(request) = heard(&mut stream.unwrap(), status, body) else { continue };
            at += 1;
            if sender.send(request).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn heard(stream: &mut TcpStream, status: &str, answer: &[u8]) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let n = stream.read(&mut part).ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&part[..n]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |text| text.trim().parse().unwrap());
        if bytes.len() < end + 4 + length {
            continue;
        }
        let n = answer.len();
        let head_back =
            format!("HTTP/1.1 {status}\r\nContent-Length: {n}\r\nConnection: close\r\n\r\n");
        stream.write_all(head_back.as_bytes()).unwrap();
        stream.write_all(answer).unwrap();
        return Some((head, bytes[end + 4..].to_vec()));
    }
}

/// A varint of protobuf.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number % 128).unwrap();
        number /= 128;
        bytes.push(if number > 0 { low | 128 } else { low });
        if number == 0 {
            return bytes;
        }
    }
}

/// A field of bytes.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A time series as remote read and remote write have it.
pub(crate) fn time_series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in labels {
        bytes.extend(field(1, &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat()));
    }
    for (time_ms, value) in samples {
        let time = varint(u64::try_from(*time_ms).unwrap());
        let value = value.to_le_bytes();
        bytes.extend(field(2, &[&[0x09][..], &value, &[0x10], &time].concat()));
    }
    bytes
}

pub(crate) fn packed(plain: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(plain).unwrap()
}

pub(crate) fn write_request(series: &[Vec<u8>]) -> Vec<u8> {
    packed(&series.iter().flat_map(|one| field(1, one)).collect::<Vec<u8>>())
}

fn read_answer(series: &[Vec<u8>]) -> Vec<u8> {
    let result: Vec<u8> = series.iter().flat_map(|one| field(1, one)).collect();
    packed(&field(1, &result))
}

/// Fields of a message: number, and the bytes or the number of each.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn number(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for place in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            number |= u64::from(byte & 127) << (7 * place);
            if byte < 128 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        let value = match key % 8 {
            0 => number(&mut bytes).to_le_bytes().to_vec(),
            1 => bytes[..8].to_vec(),
            _ => {
                let length = usize::try_from(number(&mut bytes)).unwrap();
                bytes[..length].to_vec()
            }
        };
        if !key.is_multiple_of(8) {
            bytes = &bytes[value.len()..];
        }
        found.push((key / 8, value));
    }
    found
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Labels as text, in the order in which they came, with value and time.
fn written(body: &[u8]) -> BTreeMap<String, (f64, i64)> {
    let plain = snap::raw::Decoder::new().decompress_vec(body).unwrap();
    let mut all = BTreeMap::new();
    for (_, series) in fields(&plain) {
        let (mut labels, mut names, mut samples) = (Vec::new(), Vec::new(), Vec::new());
        for (number, bytes) in fields(&series) {
            let pair = fields(&bytes);
            if number == 1 {
                names.push(text(&pair[0].1));
                labels.push(format!("{}={}", text(&pair[0].1), text(&pair[1].1)));
            } else {
                let bits = |at: usize| u64::from_le_bytes(pair[at].1.clone().try_into().unwrap());
                // Fields of 0 are left out.
                let value = pair.iter().position(|(number, _)| *number == 1);
                let value = value.map_or(0.0, |at| f64::from_bits(bits(at)));
                let time = pair.iter().position(|(number, _)| *number == 2).unwrap();
                samples.push((value, i64::try_from(bits(time)).unwrap()));
            }
        }
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(samples.len(), 1);
        assert!(all.insert(labels.join(","), samples[0]).is_none(), "twice: {labels:?}");
    }
    all
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

#[test]
fn gauges_of_now_are_written_and_what_failed_is_sent_again() {
    let scene = Scene::new(&load(240, 1.0));
    let answers = ["500 Broken", "429 Slow", "200 OK", "400 Bad", "204 None"];
    let answers = answers.map(|status| (status, Vec::new())).to_vec();
    let (url, received) = receiver(answers);
    let every = Duration::from_millis(100);
    let remote_write = Some(RemoteWriteOptions { url: format!("{url}/api/v1/write"), every });
    let forecasts = ForecastServeOptions { remote_write, ..scene.forecasts() };
    let began = now_ms();
    let wire = scene.serve(forecasts);
    let next = || received.recv_timeout(Duration::from_secs(60)).unwrap();
    let (head, first) = next();
    assert!(head.starts_with("post /api/v1/write http/1.1"), "{head}");
    for line in [
        "content-encoding: snappy",
        "content-type: application/x-protobuf",
        "x-prometheus-remote-write-version: 0.1.0",
    ] {
        assert!(head.contains(line), "{head}");
    }
    assert_eq!(next().1, first, "after 500 the same again");
    assert_eq!(next().1, first, "after 429 the same again");
    let refused = written(&next().1);
    let last = written(&next().1);
    let of = |batch: &BTreeMap<String, (f64, i64)>| batch.values().map(|(_, time)| *time).max();
    assert_ne!(of(&refused), of(&last), "what was refused is not sent again");
    let mut before = began - 1;
    for batch in [&written(&first), &refused, &last] {
        let times: Vec<i64> = batch.values().map(|(_, time)| *time).collect();
        assert!(times.iter().all(|time| *time == times[0]), "one moment");
        assert!(before < times[0] && times[0] <= now_ms(), "in order, and never the future");
        before = times[0];
    }
    let metrics = wire.get("/metrics").text();
    let instance = wire.server.address();
    for (horizon, quantile) in [("1h", "0.9"), ("24h", "0.975"), ("12h", "0.5")] {
        let line = format!(
            "load_forecast{{series=\"load\",horizon=\"{horizon}\",quantile=\"{quantile}\"}} "
        );
        let shown: f64 = sample(&metrics, &line).unwrap().parse().unwrap();
        let key = format!(
            "__name__=load_forecast,horizon={horizon},instance={instance},job=tracehound,quantile={quantile},series=load"
        );
        assert_eq!(last[&key].0.to_bits(), shown.to_bits(), "{key}");
    }
    let text = until("counts", || {
        let text = wire.get("/metrics").text();
        let sent = sample(&text, "forecast_remote_write_samples_total{outcome=\"sent\"} ")?;
        (sent.parse::<f64>().unwrap() > last.len() as f64).then_some(text)
    });
    let refused = (refused.len()).to_string();
    let of = |what: &str| sample(&text, &format!("forecast_remote_write_{what} "));
    assert_eq!(of("samples_total{outcome=\"refused\"}"), Some(refused));
    assert_eq!(of("failures_total"), Some("2".to_owned()));
    assert_eq!(of("samples_total{outcome=\"dropped\"}"), Some("0".to_owned()));
}

fn source(url: &str, query: &str) -> SeriesSource {
    SeriesSource::Prometheus {
        url: url.to_owned(),
        query: query.to_owned(),
        step_s: 3_600,
        history_s: 864_000,
        remote_read: true,
    }
}

#[test]
fn stored_samples_are_read_as_a_prometheus_gives_them() {
    // The last ten days, a sample a minute before each hour, so that each hour has one of the five minutes before.
    let now = now_ms() / 1_000 / HOUR * HOUR;
    let value = |hour: i64| 50.0 + (hour % 24) as f64 + 0.125 * (hour % 5) as f64;
    let samples: Vec<(i64, f64)> =
        (0..=240).map(|hour| ((now - (240 - hour) * HOUR - 60) * 1_000, value(hour))).collect();
    let labels = [("__name__", "requests"), ("zone", "a")];
    let (url, received) =
        receiver(vec![("200 OK", read_answer(&[time_series(&labels, &samples)]))]);
    let scene = Scene::new("");
    let sources = vec![source(&url, "requests{zone=~\"a|b\", pod!=\"x\"}")];
    let wire = scene.serve(ForecastServeOptions {
        sources,
        every: Duration::from_secs(60),
        ..scene.forecasts()
    });
    let (head, body) = received.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(head.starts_with("post /api/v1/read http/1.1"), "{head}");
    assert!(head.contains("x-prometheus-remote-read-version: 0.1.0"), "{head}");
    let plain = snap::raw::Decoder::new().decompress_vec(&body).unwrap();
    let query = fields(&fields(&plain)[0].1);
    let matchers: Vec<Vec<(u64, Vec<u8>)>> =
        query.iter().filter(|(number, _)| *number == 3).map(|(_, bytes)| fields(bytes)).collect();
    let wanted = [(0, "__name__", "requests"), (2, "zone", "a|b"), (1, "pod", "x")];
    for (matcher, (kind, name, value)) in matchers.iter().zip(wanted) {
        let of = |number: u64| matcher.iter().find(|(n, _)| *n == number).map(|(_, b)| b.clone());
        assert_eq!(of(1).map_or(0, |bytes| bytes[0]), kind);
        assert_eq!(
            (text(&of(2).unwrap()), text(&of(3).unwrap())),
            (name.to_owned(), value.to_owned())
        );
    }
    assert_eq!(matchers.len(), 3);
    let told = wire.get("/forecasts").json();
    assert_eq!(told["forecasts"][0]["name"], "requests{zone=\"a\"}");
    assert_eq!(told["forecasts"][0]["latest"]["value"].as_f64(), Some(value(240)));
    assert_eq!(told["forecasts"][0]["latest"]["time_s"].as_i64(), Some(now));
    assert!(START < now);
}

#[track_caller]
fn check_refused(status: &'static str, body: Vec<u8>, query: &str, text: &str) {
    let (url, _received) = receiver(vec![(status, body)]);
    let scene = Scene::new("");
    let sources = vec![source(&url, query)];
    let error = serve_forecasts(ForecastServeOptions { sources, ..scene.forecasts() }, &options());
    let error = error.unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn what_is_no_answer_of_a_remote_read_is_said() {
    check_refused("404 Not Found", b"no such page".to_vec(), "load", "404 Not Found: no such page");
    check_refused("200 OK", b"<html>".to_vec(), "load", "no answer of a remote read");
    check_refused("200 OK", packed(&[0xFF; 40]), "load", "no answer of a remote read");
    // Snappy that says it is four gigabytes.
    check_refused("200 OK", vec![0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00], "load", "are read at most");
    check_refused("200 OK", read_answer(&[]), "load", "no series answers the query");
    check_refused("200 OK", read_answer(&[]), "rate(load[5m])", "is no selector");
    let twice = time_series(&[("__name__", "load")], &[(2_000, 1.0), (1_000, 1.0)]);
    check_refused("200 OK", read_answer(&[twice]), "load", "out of order");
}

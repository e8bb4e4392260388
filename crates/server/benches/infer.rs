//! One row at a time over the wire: how long an answer takes, with and without reasons, beside the same call in process.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "a bench may end where something is wrong")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use engine::tabular::{LoadedModel, Table, open_model, predict, predict_explained, train_model};
use engine::{AutoOptions, Method, Unwatched};
use tracehound_server::{ServeOptions, serve_models};

/// Requests of one row.
const REQUESTS: usize = 2_000;

fn csv(n_rows: u64) -> String {
    let mut text = "size,plan,visits,age,region,left\n".to_owned();
    for row in 0..n_rows {
        let draw = |salt: u64| (row + 1).wrapping_mul(salt) / 7 % 1_000;
        let size = draw(2_654_435_761) as f64 / 250.0 - 2.0;
        let plan = ["monthly", "yearly", "free"][usize::try_from(draw(40_503) % 3).unwrap()];
        let noise = draw(22_695_477) as f64 / 500.0 - 1.0;
        let left = 1.5 * size + if plan == "monthly" { 1.0 } else { -0.5 } + noise > 0.0;
        let (visits, age, region) = (draw(69_069) % 40, 18 + draw(31) % 60, draw(57) % 12);
        let _ = writeln!(text, "{size:.3},{plan},{visits},{age},r{region},{}", u8::from(left));
    }
    text
}

fn model(method: Method) -> LoadedModel {
    let table = Table::from_bytes(csv(2_000).into_bytes(), "bench.csv").unwrap();
    let mut options = AutoOptions::for_target("left");
    options.budget_s = 5.0;
    options.methods = vec![method];
    let (bytes, _) = train_model(&table, &options, "bench", &Unwatched).unwrap();
    let path = std::env::temp_dir().join(format!("tracehound-bench-{}.model", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let model = open_model(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    model
}

/// Median, the 99th of a hundred, and the longest.
fn line(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!("{what:<44} {:>9.0} {:>9.0} {:>9.0}", at(50), at(99), at(100));
}

fn timed(mut work: impl FnMut()) -> Vec<Duration> {
    (0..100).for_each(|_| work());
    let once = |_| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..REQUESTS).map(once).collect()
}

fn main() {
    println!("{:<44} {:>9} {:>9} {:>9}", "one row, microseconds", "p50", "p99", "max");
    let row = "{\"name\":\"size\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[0.5]},\
               {\"name\":\"plan\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"monthly\"]},\
               {\"name\":\"visits\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[3]},\
               {\"name\":\"age\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[41]},\
               {\"name\":\"region\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"r3\"]}";
    for (name, method) in [("linear", Method::Linear), ("boosted", Method::Boosted)] {
        let model = model(method);
        let table = Table::from_bytes(csv(1).into_bytes(), "one.csv").unwrap();
        line(&format!("{name}, in process"), timed(|| drop(predict(&model, &table, 0).unwrap())));
        line(
            &format!("{name}, in process, explained"),
            timed(|| drop(predict_explained(&model, &table, 3).unwrap())),
        );
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = ServeOptions { listen, ..ServeOptions::default() };
        let server = serve_models(vec![model], &options).unwrap();
        let url = format!("http://{}/v2/models/bench/infer", server.address());
        let agent = ureq::Agent::new_with_defaults();
        for (what, parameters) in [("", ""), (", explained", "\"parameters\":{\"explain\":true},")]
        {
            let body = format!("{{{parameters}\"inputs\":[{row}]}}");
            let ask = || {
                let mut answer =
                    agent.post(&url).content_type("application/json").send(&body).unwrap();
                drop(answer.body_mut().read_to_vec().unwrap());
            };
            line(&format!("{name}, over HTTP{what}"), timed(ask));
        }
        server.stop();
    }
}

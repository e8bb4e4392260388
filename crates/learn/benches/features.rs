//! From a file to features, and one row when serving: `cargo bench -p tracehound-learn --bench features`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::features::{Folds, LinearView, LinearViewOptions};
use tracehound_learn::roles::{Targets, deduce};
use tracehound_learn::{Frame, Pipeline, PipelineOptions};

const ROWS: u32 = 200_000;

/// Amounts, a count, flags, a small and a large category, a date, a note and an identifier.
fn table(seed: u64) -> String {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut csv = String::from("id,amount,fee,count,flag,country,shop,opened,closed,note,fraud\n");
    for row in 0..ROWS {
        let amount: f64 = random.random::<f64>() * 1000.0;
        let shop = (random.random::<f64>().powi(3) * 5000.0).floor();
        let (day, later) = (random.random_range(1..28), random.random_range(1..28));
        let word = ["refund", "order", "gift", "late", "new"][random.random_range(0..5)];
        let fraud =
            u8::from(random.random::<f64>() < 0.02 + 0.1 * f64::from(u8::from(amount > 900.0)));
        let country = ["DE", "FR", "US", "GB", "IN", "BR", "JP"][random.random_range(0..7)];
        writeln!(
            csv,
            "T{row:07x},{amount:.2},{:.2},{},{},{country},S{shop},2024-{:02}-{day:02} 10:{:02}:00,2025-01-{later:02},please {word} item {},{fraud}",
            amount * 0.02, random.random_range(0..9), ["yes", "no"][random.random_range(0..2)],
            1 + row % 12, row % 60, row % 997,
        )
        .unwrap();
    }
    csv
}

fn main() {
    let csv = table(1);
    let measure = |what: &str, rows: f64, seconds: f64| {
        println!("{what:24} {:10.1} ms {:12.0} rows/s", seconds * 1e3, rows / seconds);
    };
    macro_rules! timed {
        ($what:expr, $rows:expr, $work:expr) => {{
            #[expect(clippy::disallowed_methods, reason = "a bench measures")]
            let start = Instant::now();
            let result = $work;
            measure($what, $rows, start.elapsed().as_secs_f64());
            result
        }};
    }
    let rows = f64::from(ROWS);
    println!("{ROWS} rows, {} bytes of text, {} threads", csv.len(), rayon::current_num_threads());
    let frame = timed!("read the file", rows, Frame::from_csv(csv.as_bytes()).unwrap());
    let targets = Targets::read(&frame, "fraud", None).unwrap();
    let roles =
        timed!("deduce roles", rows, deduce(&frame, Some(&targets), &BTreeMap::new()).unwrap());
    let folds = Folds::Random { n_folds: 5, seed: 1 };
    let options = PipelineOptions::default();
    let (pipeline, matrix) =
        timed!("fit", rows, Pipeline::fit(&frame, &roles, &targets, folds, &options).unwrap());
    timed!("transform", rows, pipeline.transform(&frame).unwrap());
    let view = LinearView::fit(&matrix, &LinearViewOptions::default()).unwrap();
    let linear = timed!("linear view", rows, view.apply(&matrix).unwrap());
    let kinds: Vec<String> =
        roles.iter().map(|role| format!("{}={:?}", role.column, role.kind)).collect();
    println!(
        "{} features, {} linear: {}",
        matrix.n_features(),
        linear.n_features(),
        kinds.join(" ")
    );
    let text: Vec<&str> = csv.lines().collect();
    let one =
        |row: usize| Frame::from_csv(format!("{}\n{}\n", text[0], text[row]).as_bytes()).unwrap();
    let mut micros: Vec<f64> = (1..=5000)
        .map(|row| {
            let frame = one(row);
            #[expect(clippy::disallowed_methods, reason = "a bench measures")]
            let start = Instant::now();
            pipeline.transform(&frame).unwrap();
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    println!("one row: median {:.0} us, p99 {:.0} us", micros[2500], micros[4950]);
}

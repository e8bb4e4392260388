//! Decoding on one core, beside the plain `bitcoin` crate on the same bytes in the same run.
//!
//! `cargo bench -p tracehound-ingest --bench decode` reads `bitcoin/run-560062` in the folder named by
//! `TRACEHOUND_DATA` and prints a table; every row is the best of several rounds, all rows taken in turns.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ledger::Height;
use tracehound_ingest::bitcoin::{Network, decode};

const ROUNDS: u32 = 15;

type Decode = fn(Height, &[u8]);

fn main() {
    let Some(blocks) = blocks() else {
        eprintln!("skipped: no real blocks (set TRACEHOUND_DATA)");
        return;
    };
    let n_bytes: usize = blocks.iter().map(|(_, bytes)| bytes.len()).sum();
    let rows: [(&str, Decode); 3] = [
        ("bitcoin, deserialize", plain),
        ("bitcoin, deserialize and txids", with_ids),
        ("ours, everything", ours),
    ];
    let mut best = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        for (best, (_, decode)) in best.iter_mut().zip(&rows) {
            let start = Instant::now();
            blocks.iter().for_each(|(height, bytes)| decode(*height, bytes));
            *best = start.elapsed().min(*best);
        }
    }
    println!("{} blocks, {n_bytes} bytes, one core, best of {ROUNDS}", blocks.len());
    for ((name, _), time) in rows.iter().zip(best) {
        let speed = n_bytes as f64 / 1e6 / time.as_secs_f64();
        let ratio = best[0].as_secs_f64() / time.as_secs_f64();
        println!(
            "{name:32} {:7.2} ms {speed:7.1} MB/s {ratio:5.2} x plain",
            time.as_secs_f64() * 1e3
        );
    }
}

fn plain(_: Height, bytes: &[u8]) {
    black_box(bitcoin::consensus::deserialize::<bitcoin::Block>(bytes).unwrap());
}

fn with_ids(_: Height, bytes: &[u8]) {
    let block = bitcoin::consensus::deserialize::<bitcoin::Block>(bytes).unwrap();
    block.txdata.iter().for_each(|tx| {
        black_box(tx.compute_txid());
    });
    black_box(block);
}

fn ours(height: Height, bytes: &[u8]) {
    black_box(decode::block(bytes, height, Network::Main).unwrap());
}

fn blocks() -> Option<Vec<(Height, Vec<u8>)>> {
    let folder = std::env::var_os("TRACEHOUND_DATA").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_owned(),
        PathBuf::from,
    );
    let entries = std::fs::read_dir(folder.join("bitcoin/run-560062")).ok()?;
    let mut blocks: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (Height::new(name[..6].parse().unwrap()), std::fs::read(path).unwrap())
        })
        .collect();
    blocks.sort();
    Some(blocks)
}

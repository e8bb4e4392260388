//! Behavioral features of the clusters of 17 real blocks: all at once, and block by block.
//!
//! `cargo bench -p tracehound-forensics --bench features` reads `bitcoin/run-560062` in the folder named by
//! `TRACEHOUND_DATA` and prints a table.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]
#![expect(clippy::disallowed_methods, reason = "a bench reads files and the clock")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ingest::bitcoin::{Network, decode};
use ledger::{Height, LedgerBatch};
use tracehound_forensics::features::Features;
use tracehound_forensics::{Clusters, links};

const ROUNDS: u32 = 5;

fn main() {
    let Some(batch) = ledger() else {
        eprintln!("skipped: no real blocks (set TRACEHOUND_DATA)");
        return;
    };
    let parts = by_block(&batch);
    let labels: Vec<Vec<u32>> = labels_by_block(&parts);
    let last = labels.last().unwrap();
    let mut times = [const { Vec::new() }; 5];
    let mut n_rows = [0; 2];
    for _ in 0..ROUNDS {
        let mut features = Features::default();
        timed(&mut times[0], || features.apply(&batch, last).unwrap());
        timed(&mut times[1], || n_rows[0] = features.rows().len());
        let mut features = Features::default();
        for (part, labels) in parts.iter().zip(&labels) {
            n_rows[1] = 0;
            timed(&mut times[2], || features.apply(part, labels).unwrap());
            timed(&mut times[3], || n_rows[1] = features.take_changes().rows.len());
        }
        let before = labels[labels.len() - 2].as_slice();
        let height = parts.last().unwrap().blocks[0].height;
        timed(&mut times[4], || features.unwind(height, before).unwrap());
    }
    let n = |rows: usize| format!("{rows} rows");
    println!(
        "{} transactions, {} inputs, {} outputs, {} addresses, one core",
        batch.transactions.len(),
        batch.inputs.len(),
        batch.outputs.len(),
        last.len()
    );
    let names = [
        ("all blocks: apply", String::new()),
        ("all blocks: rows", n(n_rows[0])),
        ("one block: apply", String::new()),
        ("one block: changed rows", n(n_rows[1])),
        ("one block: unwind", String::new()),
    ];
    for ((name, rows), times) in names.iter().zip(&mut times) {
        times.sort();
        let median = times[times.len() / 2].as_secs_f64() * 1e3;
        let most = times.last().unwrap().as_secs_f64() * 1e3;
        println!("{name:28} median {median:8.2} ms   most {most:8.2} ms   {rows}");
    }
}

fn timed(times: &mut Vec<Duration>, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    times.push(start.elapsed());
}

fn labels_by_block(parts: &[LedgerBatch]) -> Vec<Vec<u32>> {
    let mut clusters = Clusters::default();
    let mut n_addresses = 0;
    let label = |part: &LedgerBatch| {
        let inputs = part.inputs.iter().filter_map(|input| input.spent?.address);
        let addresses = inputs.chain(part.outputs.iter().filter_map(|output| output.address));
        let most = addresses.map(|address| address.get() + 1).max();
        n_addresses = most.unwrap_or(0).max(n_addresses);
        clusters.apply(&links(part), n_addresses);
        clusters.labels()
    };
    parts.iter().map(label).collect()
}

fn by_block(batch: &LedgerBatch) -> Vec<LedgerBatch> {
    let part = |block: &ledger::Block| {
        let mut part = batch.clone();
        part.blocks.retain(|row| row.height == block.height);
        part.transactions.retain(|row| row.height == block.height);
        part.inputs.retain(|row| row.height == block.height);
        part.outputs.retain(|row| row.height == block.height);
        part.aliases.retain(|row| row.height == block.height);
        part
    };
    batch.blocks.iter().map(part).collect()
}

fn ledger() -> Option<LedgerBatch> {
    let folder = std::env::var_os("TRACEHOUND_DATA").map_or_else(
        || Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).to_owned(),
        PathBuf::from,
    );
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder.join("bitcoin/run-560062"))
        .ok()?
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let decoded = paths.iter().map(|path| {
        let height: u32 = path.file_name().unwrap().to_str().unwrap()[..6].parse().unwrap();
        decode::block(&std::fs::read(path).unwrap(), Height::new(height), Network::Main).unwrap()
    });
    Some(simulate::random::number(&decoded.collect::<Vec<_>>()).batch)
}

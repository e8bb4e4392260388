//! Whole ingest of raw blocks beside merely decoding them with the `bitcoin` crate, in one run over the same files.
//!
//! In: a folder of raw blocks. Out: a table of medians over five rounds: MB/s of `bitcoin::consensus::deserialize` on one
//! core, of the same with transaction ids, of our decoder on one core, and of the whole ingest (decoding, checks, ids,
//! resolution, every table and column written and synced) on as many threads as `RAYON_NUM_THREADS` allows.
#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bench_peers::{median, memory_peak_bytes};
use bitcoin::Block;
use bitcoin::consensus::deserialize;
use bitcoin::hashes::Hash;
use engine::{BitcoinSource, Engine, IngestOptions, Time, Unwatched};
use ingest::bitcoin::Network;
use ledger::Height;
use tracehound_bench_peers as bench_peers;

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: ingest-vs-decode FOLDER")?);
    let mut blocks = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "blk") {
            blocks.push(std::fs::read(path)?);
        }
    }
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    println!("{} blocks, {:.1} MB, medians of {ROUNDS} rounds", blocks.len(), bytes as f64 / 1e6);
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(timed(|| decode_plain(&blocks, false))?);
        times[1].push(timed(|| decode_plain(&blocks, true))?);
        times[2].push(timed(|| decode_ours(&blocks))?);
        times[3].push(ingest(&folder)?);
    }
    let names = [
        "bitcoin crate, deserialize, 1 core",
        "the same with transaction ids, 1 core",
        "our decoder with checks and addresses, 1 core",
        "whole ingest, all tables written and synced",
    ];
    let [plain, ..] = times.each_ref().map(|times| median(times.clone()));
    for (name, times) in names.iter().zip(&times) {
        let time = median(times.clone());
        let speed = bytes as f64 / 1e6 / time.as_secs_f64();
        let ratio = plain.as_secs_f64() / time.as_secs_f64();
        println!("{name:<46} {:>9.1} ms {speed:>8.1} MB/s {ratio:>6.2}x", time.as_secs_f64() * 1e3);
    }
    if let Some(peak) = memory_peak_bytes() {
        println!("memory at most, the raw blocks included: {:.0} MB", peak as f64 / 1e6);
    }
    Ok(())
}

type Fault = Box<dyn std::error::Error>;

fn timed(work: impl FnOnce() -> Result<usize, Fault>) -> Result<Duration, Fault> {
    let start = Instant::now();
    let n_transactions = work()?;
    assert!(n_transactions > 0, "there is something to decode");
    Ok(start.elapsed())
}

fn decode_plain(blocks: &[Vec<u8>], with_ids: bool) -> Result<usize, Fault> {
    let mut n_transactions = 0;
    for bytes in blocks {
        let block: Block = deserialize(bytes)?;
        n_transactions += block.txdata.len();
        if with_ids {
            let ids = block.txdata.iter().map(bitcoin::Transaction::compute_txid);
            n_transactions += ids.filter(|id| *black_box(id) == bitcoin::Txid::all_zeros()).count();
        }
    }
    Ok(n_transactions)
}

fn decode_ours(blocks: &[Vec<u8>]) -> Result<usize, Fault> {
    let mut n_transactions = 0;
    for bytes in blocks {
        let block = ingest::bitcoin::decode::block(bytes, Height::new(0), Network::Main)?;
        n_transactions += block.transactions.len();
    }
    Ok(n_transactions)
}

/// The time of `ingest bitcoin FOLDER` into a fresh store, without making the store.
fn ingest(folder: &Path) -> Result<Duration, Fault> {
    let dir = tempfile::tempdir()?;
    let engine = Engine::init(&dir.path().join("store"))?;
    let source = BitcoinSource::Path(vec![folder.to_owned()]);
    let start = Instant::now();
    engine.ingest_bitcoin(&source, &IngestOptions::default(), Time::new(0), &Unwatched)?;
    Ok(start.elapsed())
}

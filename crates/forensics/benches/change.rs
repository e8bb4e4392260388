//! The stage of change, one block at a time, on one core: `cargo bench -p tracehound-forensics --bench change`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use ingest::bitcoin::{Network, decode};
use ledger::{Height, LedgerBatch};
use simulate::random::number;
use simulate::{World, WorldSpec};
use tracehound_forensics::change::{ChangeState, Observed};

fn main() {
    let world = World::new(WorldSpec::ownership(1)).unwrap();
    let block = |(height, bytes): (u32, Vec<u8>)| {
        decode::block(&bytes, Height::new(height), Network::Regtest).unwrap()
    };
    let blocks: Vec<_> = (0..).zip(world.blocks()).map(block).collect();
    let batch: LedgerBatch = number(&blocks).batch;
    let n = batch.transactions.len();
    let measure = |what: &str, run: &dyn Fn() -> (usize, usize)| {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let start = Instant::now();
        let (records, outputs) = run();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!("{what:28} {n:6} transactions {ms:8.1} ms, {records} and {outputs} remembered");
    };
    measure("apply without a model", &|| {
        let mut state = ChangeState::default();
        state.apply(&batch, None, &|_| None);
        state.len()
    });
    measure("observe (all features)", &|| {
        let mut state = ChangeState::default();
        state.observe(&batch, &|_| None, &mut Observed::new(0, 1.0));
        state.len()
    });
}

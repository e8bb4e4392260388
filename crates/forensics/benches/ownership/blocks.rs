//! Blocks on top of the base: the shapes of 17 real ones. Numbers of inputs and outputs, amounts, reuse of scripts and
//! spending within them are real; whose coins are spent is not in them, so the inputs of a transaction are those of one
//! wallet of the base, and half of the scripts not seen in them are addresses of the base.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bitcoin::consensus::deserialize;
use ledger::LedgerBatch;

use crate::measure::Past;
use crate::wallets::{Part, Wallets, push, push_block};

fn folder() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let data = std::env::var_os("TRACEHOUND_DATA").unwrap_or_else(|| default.into());
    PathBuf::from(data).join("bitcoin/run-560062")
}

fn read() -> Vec<bitcoin::Block> {
    let Ok(entries) = std::fs::read_dir(folder()) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| deserialize(&std::fs::read(path).unwrap()).unwrap()).collect()
}

/// Seventeen blocks that follow `past`.
pub(crate) fn all(wallets: &mut Wallets, past: &mut Past, repeat: u64) -> Vec<LedgerBatch> {
    let real = read();
    let (mut next_tx, height) = (past.n_transactions(), 1_000_000 + 17 * repeat as u32);
    let mut made = Vec::new();
    let mut known = Known::default();
    if real.is_empty() && repeat == 0 {
        println!("no real blocks at {}: drawn ones", folder().display());
    }
    for at in 0..17 {
        let block = match real.get(at) {
            Some(block) => known.shaped(block, wallets, height + at as u32, next_tx),
            None => wallets.block(height + at as u32, next_tx),
        };
        next_tx += block.transactions.len() as u64;
        made.push(block);
    }
    made
}

/// What the blocks themselves tell: scripts and outputs that they have shown.
#[derive(Default)]
struct Known {
    scripts: BTreeMap<Vec<u8>, u32>,
    outputs: BTreeMap<(bitcoin::Txid, u32), Part>,
}

impl Known {
    fn shaped(
        &mut self,
        block: &bitcoin::Block,
        wallets: &mut Wallets,
        height: u32,
        first_tx: u64,
    ) -> LedgerBatch {
        let mut batch = LedgerBatch::default();
        push_block(&mut batch, height, first_tx);
        for tx in &block.txdata {
            let (payer, payee) = (wallets.wallet(), wallets.wallet());
            let total: u64 = tx.output.iter().map(|output| output.value.to_sat()).sum();
            let share = total / tx.input.len() as u64 + 1;
            let real = tx.input.iter().filter(|_input| !tx.is_coinbase());
            let inputs: Vec<Part> = real
                .map(|input| {
                    let point = (input.previous_output.txid, input.previous_output.vout);
                    let known = self.outputs.remove(&point);
                    known.unwrap_or_else(|| (wallets.address(payer), share))
                })
                .collect();
            let mut outputs = Vec::new();
            for (position, output) in (0..).zip(&tx.output) {
                let owner = if position == 0 { payee } else { payer };
                let script = output.script_pubkey.as_bytes().to_vec();
                let address = *self.scripts.entry(script).or_insert_with(|| {
                    let is_new = wallets.random().percent() < 50;
                    if is_new { wallets.new_address(owner) } else { wallets.address(owner) }
                });
                let part = (address, output.value.to_sat());
                self.outputs.insert((tx.compute_txid(), position), part);
                outputs.push(part);
            }
            push(&mut batch, height, first_tx, &inputs, &outputs);
        }
        batch
    }
}

//! Patterns block by block, as a table: `cargo bench -p tracehound-forensics --bench patterns`.
//! A base of two million addresses from a fixed seed (`ledger_of_wallets` of the bench `ownership`), then the shapes of 17 real blocks, nine times
//! over: a window of a day. The hundred largest wallets are tagged exchanges. Seconds are those of the one thread on a processor.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    dead_code,
    reason = "a bench prints, reads the clock and its data, draws random ids, and takes what it needs of another's parts"
)]

#[path = "../ownership/blocks.rs"]
mod blocks;
#[path = "../ownership/measure.rs"]
mod measure;
#[path = "../ownership/wallets.rs"]
mod wallets;

use ledger::{AddressId, Category, LedgerBatch, Timestamp};
use tracehound_forensics::patterns::{
    DETECTORS, Parties, PatternOptions, PatternState, pattern_transfers,
};
use tracehound_forensics::{ClusterRules, Clusters, Owners, Transfer, links};

use measure::{Past, timed};
use wallets::Wallets;

const N_ADDRESSES: u32 = 2_000_000;
const N_REPEATS: u64 = 9;
/// How many clusters a block joins to others.
const N_MERGED: usize = 300;

fn main() {
    let mut wallets = Wallets::new(N_ADDRESSES / 5, 7);
    let base = wallets.ledger(N_ADDRESSES);
    let mut past = Past::new(base.clone(), wallets.n_addresses());
    let mut clusters = Clusters::new(ClusterRules::default());
    clusters.apply(&links(&base), wallets.n_addresses());
    let mut all = Vec::new();
    for repeat in 0..N_REPEATS {
        for block in blocks::all(&mut wallets, &mut past, repeat) {
            clusters.apply(&links(&block), wallets.n_addresses());
            past.append(block.clone());
            all.push(block);
        }
    }
    let labels = clusters.labels();
    let mut entities = vec![graph::NONE; labels.len()];
    for (address, entity) in wallets.entities() {
        entities[labels[address.index()] as usize] = entity;
    }
    run(&base, &all, &past, &labels, &entities);
}

fn run(base: &LedgerBatch, all: &[LedgerBatch], past: &Past, labels: &[u32], entities: &[u32]) {
    let categories = vec![Category::EXCHANGE; 100];
    let price = |_: Timestamp| Some(4_000_000_000);
    let parties = |labels, entities| Parties {
        owners: Owners { labels, entities },
        categories: &categories,
        price: &price,
    };
    let mut state = PatternState::new(PatternOptions::default()).unwrap();
    let transfers = pattern_transfers(base, labels, &[]).unwrap();
    let own = parties(labels, entities);
    let ((), base_s) = timed(|| state.apply(&transfers, &own).unwrap());
    let rate = transfers.len() as f64 / base_s / 1e6;
    println!("base: {} transfers in {base_s:.2} s ({rate:.2} M/s)", transfers.len());
    let mut ms = Vec::new();
    let mut n_transfers = 0;
    let mut n_transactions = 0;
    for block in all {
        let transfers = pattern_transfers(block, labels, &[]).unwrap();
        let ((), seconds) = timed(|| state.apply(&transfers, &own).unwrap());
        ms.push(seconds * 1e3);
        n_transfers += transfers.len();
        n_transactions += block.transactions.len();
    }
    let n = all.len();
    println!(
        "blocks: {n}, transactions {}, transfers {} each",
        n_transactions / n,
        n_transfers / n
    );
    let last_day = ms.split_off(n.saturating_sub(17));
    print_row("apply, first blocks", ms);
    print_row("apply, last 17 of the day", last_day);
    let (events, found) = state.bytes();
    let total = transfers.len() + n_transfers;
    println!("memory: {} bytes a transfer and its clusters, {found} bytes of hits", events / total);
    let (rows, rows_s) = timed(|| state.rows(&price));
    println!("rows: {} in {:.1} ms", rows.len(), rows_s * 1e3);
    for detector in DETECTORS {
        let n = rows.iter().filter(|row| row.pattern == detector.number).count();
        println!("| {:<20} | {n:>7} |", detector.name);
    }
    relabel(&mut state, all, past, labels, &own);
    let (height, blocks) = (all[n - 1].blocks[0].height, all[n - 1].transactions.len());
    let ((), seconds) = timed(|| state.unwind(height));
    println!("unwind of a block of {blocks} transactions: {:.1} ms", seconds * 1e3);
}

fn print_row(name: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |share: usize| ms.get(ms.len() * share / 100).copied().unwrap_or(0.0);
    println!("| {name:<28} | median {:>7.2} ms | worst {:>7.2} ms |", at(50), at(99));
}

/// New addresses of the last block turn out to be their payers'.
fn relabel(
    state: &mut PatternState,
    all: &[LedgerBatch],
    past: &Past,
    labels: &[u32],
    own: &Parties<'_>,
) {
    let last = &all[all.len() - 1];
    let mut after = labels.to_vec();
    let mut moved: Vec<AddressId> = Vec::new();
    for view in last.views() {
        let payer = view.inputs.first().and_then(|input| input.spent?.address);
        let paid = view.outputs.last().and_then(|output| output.address);
        let (Some(payer), Some(paid)) = (payer, paid) else { continue };
        let (to, from) = (labels[payer.index()], labels[paid.index()]);
        if to < from && from == paid.get() && moved.len() < N_MERGED {
            after[paid.index()] = to;
            moved.push(paid);
        }
    }
    // Clusters of one address only: others would move more addresses.
    let is_alone = |address: &AddressId| {
        labels.iter().filter(|label| **label == address.get()).take(2).count() == 1
    };
    let moved: Vec<AddressId> = moved
        .into_iter()
        .filter(|address| {
            let alone = is_alone(address);
            if !alone {
                after[address.index()] = labels[address.index()];
            }
            alone
        })
        .collect();
    let touched = past.touching(&moved);
    let of =
        |labels: &[u32]| -> Vec<Transfer> { pattern_transfers(&touched, labels, &[]).unwrap() };
    let (before, now) = (of(labels), of(&after));
    let parties =
        Parties { owners: Owners { labels: &after, entities: own.owners.entities }, ..*own };
    let ((), seconds) = timed(|| state.relabel(&before, &now, &[], &parties).unwrap());
    println!(
        "relabel of {} addresses, {} transfers: {:.1} ms",
        moved.len(),
        before.len(),
        seconds * 1e3
    );
}

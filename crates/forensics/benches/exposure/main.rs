//! Exposure, as a table: `cargo bench -p tracehound-forensics --bench exposure`.
//! A history from a fixed seed (`economy`), made in one pass; then one block, one merge, one tag and one block back on top of
//! it; then the sent side by one reverse pass, and, on a twentieth of the history, kept up with every block. Seconds are those of
//! the one thread on a processor: the machine may be shared. `TRACEHOUND_BENCH_OUTPUTS` sets the size.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random ids"
)]

mod economy;

#[path = "../../../graph/benches/measure/mod.rs"]
mod measure;

use ledger::{Height, Timestamp};
use tracehound_forensics::exposure::{ExposureOptions, ExposureState, SentUpdate};

use economy::{Blocks, Economy, N_TRANSACTIONS};
use measure::thread_cpu_s;

const N_OUTPUTS: usize = 10_000_000;
const N_REPEATS: usize = 60;
/// With the sent side followed, a block costs seconds.
const N_REPEATS_BOTH: usize = 5;

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = thread_cpu_s();
    let done = work();
    (done, thread_cpu_s() - start)
}

fn price(time: Timestamp) -> Option<u64> {
    Some(3_000_000_000 + time.get().unsigned_abs() % 1_000_000)
}

fn apply(state: &mut ExposureState, economy: &Economy, blocks: &Blocks) -> f64 {
    let (touched, seconds) =
        timed(|| state.apply(&blocks.batch, &blocks.previous, &economy.parties(), &price));
    touched.unwrap();
    seconds
}

fn history(n_outputs: usize, sent: SentUpdate) -> (Economy, ExposureState, f64) {
    let n_wallets = (n_outputs / 10) as u32;
    let mut economy = Economy::new(n_wallets, n_wallets / 1_000, 7);
    let mut state = ExposureState::new(ExposureOptions { sent, ..ExposureOptions::default() });
    let mut seconds = 0.0;
    while economy.n_outputs() < n_outputs {
        let blocks = economy.blocks(20);
        seconds += apply(&mut state, &economy, &blocks);
    }
    (economy, state, seconds)
}

fn main() {
    let wanted = std::env::var("TRACEHOUND_BENCH_OUTPUTS").ok();
    let n_outputs = wanted.map_or(N_OUTPUTS, |n| n.parse().unwrap());
    let (mut economy, mut state, received_s) = history(n_outputs, SentUpdate::OnRequest);
    let n = economy.n_outputs();
    println!(
        "history: {n} outputs, {} addresses, blocks of {N_TRANSACTIONS} transactions",
        economy.wallets.len()
    );
    let rate = |seconds: f64| n as f64 / seconds / 1e6;
    println!("| {:<34} | {:>9} | {:>12} |", "one pass", "seconds", "M outputs/s");
    println!("| {:<34} | {received_s:9.2} | {:12.2} |", "received, with rows", rate(received_s));
    describe(&state);
    println!("| {:<34} | {:>9} | {:>9} | {:>9} |", "one change, ms", "median", "p99", "worst");
    blocks(&mut economy, &mut state, "block, received", N_REPEATS);
    merges(&mut economy, &mut state);
    tags(&mut economy, &mut state);
    let ((), sent_s) = timed(|| state.refresh_sent());
    println!("| {:<34} | {:>9} | {:>12} |", "one pass", "seconds", "M outputs/s");
    println!("| {:<34} | {sent_s:9.2} | {:12.2} |", "sent, with rows", rate(sent_s));
    describe(&state);
    drop((economy, state));
    let (mut economy, mut state, seconds) = history(n_outputs / 20, SentUpdate::EveryBlock);
    println!("a twentieth of the history with both sides, 20 blocks a call: {seconds:.2} s");
    blocks(&mut economy, &mut state, "block, both sides", N_REPEATS_BOTH);
}

fn describe(state: &ExposureState) {
    let [n_coins, n_parts, n_rows] = state.counts();
    println!("{n_coins} coins, {n_parts} parts of several, {n_rows} rows");
    let mut total = 0;
    for (name, bytes) in state.memory() {
        println!(
            "| {name:<34} | {:9.1} MB | {:6.1} bytes a coin |",
            bytes as f64 / 1e6,
            bytes as f64 / n_coins as f64
        );
        total += bytes;
    }
    println!(
        "| {:<34} | {:9.1} MB | {:6.1} bytes a coin |",
        "together",
        total as f64 / 1e6,
        total as f64 / n_coins as f64
    );
}

fn print(name: &str, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| 1e3 * seconds[((seconds.len() - 1) as f64 * share).round() as usize];
    println!("| {name:<34} | {:9.2} | {:9.2} | {:9.2} |", at(0.5), at(0.99), at(1.0));
}

fn blocks(economy: &mut Economy, state: &mut ExposureState, name: &str, n_repeats: usize) {
    let (mut on, mut back) = (Vec::new(), Vec::new());
    for _ in 0..n_repeats {
        let next = economy.blocks(1);
        on.push(apply(state, economy, &next));
        let height: Height = next.batch.blocks[0].height;
        back.push(timed(|| state.unwind(height)).1);
        apply(state, economy, &next);
    }
    print(name, on);
    print(&format!("{name}, back"), back);
}

fn merges(economy: &mut Economy, state: &mut ExposureState) {
    let mut seconds = Vec::new();
    for _ in 0..N_REPEATS {
        let mut changed = Vec::new();
        (0..10).for_each(|_| changed.extend(economy.merge()));
        let (done, took) = timed(|| state.reattribute(&changed, &economy.parties()));
        done.unwrap();
        seconds.push(took);
    }
    print("ten merges of two wallets", seconds);
}

fn tags(economy: &mut Economy, state: &mut ExposureState) {
    let (mut seconds, mut n_processed) = (Vec::new(), Vec::new());
    for _ in 0..N_REPEATS {
        let wallet = economy.somebody();
        let entity = economy.spare_entity();
        for entity in [entity, graph::NONE] {
            let changed = economy.tag(wallet, entity);
            let (done, took) = timed(|| state.reattribute(&changed, &economy.parties()));
            n_processed.push(done.unwrap().n_processed);
            seconds.push(took);
        }
    }
    n_processed.sort_unstable();
    let median = n_processed[n_processed.len() / 2];
    print("a tag, or its end", seconds);
    println!(
        "transactions made anew for a tag: {median} in the median, {} at most",
        n_processed.last().unwrap()
    );
}

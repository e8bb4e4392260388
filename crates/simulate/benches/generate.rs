//! How fast worlds come into being, and how large they are: `cargo bench -p tracehound-simulate`.
//!
//! One pass over each world, no statistics: it takes seconds, and only the order of magnitude matters (the demonstration
//! must be ready within a minute). A number as argument adds the world of ownership scaled to so many transactions.

#![allow(clippy::print_stdout, reason = "a bench prints")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::time::Instant;

use bitcoin::consensus::encode::deserialize;
use tracehound_simulate::{World, WorldSpec};

fn row(name: &str, spec: WorldSpec) {
    let world = World::new(spec).expect("a preset is large enough");
    let start = Instant::now();
    let mut blocks = world.blocks();
    let raw: Vec<Vec<u8>> = blocks.by_ref().collect();
    let made_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let n_transactions: usize = raw
        .iter()
        .map(|block| deserialize::<bitcoin::Block>(block).expect("we made it").txdata.len())
        .sum();
    let decoded_s = start.elapsed().as_secs_f64();
    let truth = blocks.into_truth();
    let mb = raw.iter().map(Vec::len).sum::<usize>() as f64 / 1e6;
    println!(
        "{name:<18} {:>6} {n_transactions:>9} {mb:>8.1} {made_s:>8.2} {decoded_s:>9.2} {:>9.0} {:>10} {:>7} {:>7}",
        raw.len(),
        n_transactions as f64 / made_s,
        truth.ownership.address_owner.len(),
        truth.ownership.owners.len(),
        truth.story.collaborative().len(),
    );
}

fn main() {
    println!(
        "{:<18} {:>6} {:>9} {:>8} {:>8} {:>9} {:>9} {:>10} {:>7} {:>7}",
        "world",
        "blocks",
        "txs",
        "MB",
        "made s",
        "decoded s",
        "txs/s",
        "addresses",
        "owners",
        "rounds"
    );
    // `cargo test --benches` runs this too; the small world will do there.
    if !std::env::args().any(|argument| argument == "--bench") {
        row("small", WorldSpec::small(1));
        return;
    }
    row("demo", WorldSpec::demo(1));
    row("ownership", WorldSpec::ownership(1));
    for n in std::env::args().filter_map(|argument| argument.parse().ok()) {
        row("ownership scaled", WorldSpec::ownership(1).scaled_to(n));
    }
}

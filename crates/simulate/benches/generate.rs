//! How fast a world comes into being, and how large it is: `cargo bench -p tracehound-simulate`.
//!
//! One pass over the demonstration's world, no statistics: it takes seconds, and only its order of magnitude matters
//! (the demonstration must be ready within a minute).

#![allow(clippy::print_stdout, reason = "a bench prints")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clock")]

use std::time::Instant;

use tracehound_simulate::{World, WorldSpec};

fn main() {
    // `cargo test --benches` runs this too; the small world will do there.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let spec = if is_bench { WorldSpec::demo(1) } else { WorldSpec::small(1) };
    let world = World::new(spec).expect("a preset is large enough");
    let start = Instant::now();
    let mut blocks = world.blocks();
    let (mut n_blocks, mut n_bytes) = (0_u32, 0);
    for block in blocks.by_ref() {
        n_blocks += 1;
        n_bytes += block.len();
    }
    let elapsed_s = start.elapsed().as_secs_f64();
    let truth = blocks.into_truth();
    println!("{n_blocks} blocks, {n_bytes} bytes, {elapsed_s:.2} s");
    println!("{:.0} blocks/s", f64::from(n_blocks) / elapsed_s);
    println!("{} addresses", truth.ownership.address_owner.len());
    println!("{} owners", truth.ownership.owners.len());
    println!("{} rounds", truth.story.collaborative().len());
}

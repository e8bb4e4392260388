//! One block through all that risk is made of, as a table:
//! `cargo bench -p tracehound-forensics --bench risk [ADDRESSES [BLOCKS [like-real|commercial|dense [HOPS]]]]`.
//! A state of ten million addresses, then 60 blocks, each through everything that keeps a store current: clusters that the block
//! joined, exposure, proximity with its bottlenecks, patterns, the scores of all clusters whose facts changed, the rules of
//! the program asked about each of them, and the log of alerts made to agree.
//! `like-real` (the default) has the figures of real blocks (`chain.rs`) and as many known parties as public tag packs know in
//! them; in `commercial` every fourth service is known. `dense` is the economy of the bench `exposure`, in which everybody pays
//! everybody within a day and nobody merges: a bound, and no likeness.
//! `… --bench risk real DATA ADDRESSES [HOPS]` takes real blocks instead (`real.rs`): copies of the seventeen below the folder `DATA`
//! until there are so many addresses, then the blocks of one more copy. What is known of parties flows between copies, other
//! money does not: the depth of the state is that of seventeen blocks.
//! `HOPS` is the bound of proximity, in place of the default.
//! Rows of the side sent are asked for, cluster by cluster, up to a bound that is counted. Seconds are those of the one thread on
//! a processor: the machine may be shared.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    dead_code,
    reason = "a bench prints, reads the clock and draws random ids, and takes what it needs of another's parts"
)]

mod chain;
mod desk;
#[path = "../exposure/economy.rs"]
mod economy;
mod known;
#[path = "../../../graph/benches/measure/mod.rs"]
mod measure;
mod real;
mod world;

use std::path::Path;
use std::time::Instant;

use ledger::{ClusterId, Entity, PatternMatch, Timestamp};
use tracehound_forensics::Transfer;
use tracehound_forensics::exposure::{ExposureState, Parties};
use tracehound_forensics::patterns::{self, PatternOptions, PatternState, pattern_transfers};
use tracehound_forensics::proximity::{ProximityOptions, ProximityState};
use tracehound_forensics::score::Profile;

use chain::{Chain, Joined};
use desk::Desk;
use economy::{Blocks, Economy};
use measure::thread_cpu_s;
use real::Real;
use world::World;

const N_ADDRESSES: u32 = 10_000_000;
const N_BLOCKS: u32 = 60;
/// Blocks that are taken in at once while the state is made.
const N_AT_ONCE: u32 = 20;

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = thread_cpu_s();
    let done = work();
    (done, (thread_cpu_s() - start) * 1e3)
}

fn price(time: Timestamp) -> Option<u64> {
    Some(3_000_000_000 + time.get().unsigned_abs() % 1_000_000)
}

struct States {
    exposure: ExposureState,
    proximity: ProximityState,
    patterns: PatternState,
    /// As of the last block, by cluster.
    found: Vec<PatternMatch>,
    entities: Vec<Entity>,
    profile: Profile,
}

/// A name and a figure, of one block.
type Row = Vec<(&'static str, f64)>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<u32>().ok());
    let (mut world, n_addresses, n_blocks, hops_max);
    if arguments.first().is_some_and(|word| word == "real") {
        let real = Real::read(Path::new(&arguments[1]));
        (n_addresses, n_blocks) = (number(2).unwrap_or(N_ADDRESSES), real.n_blocks());
        (world, hops_max) = (World::Real(Box::new(real)), number(3));
    } else {
        n_addresses = number(0).unwrap_or(N_ADDRESSES);
        (n_blocks, hops_max) = (number(1).unwrap_or(N_BLOCKS), number(3));
        world = drawn(arguments.get(2).map_or("like-real", String::as_str), n_addresses);
    }
    let mut near = ProximityOptions::default();
    near.hops_max = hops_max.map_or(near.hops_max, |hops| hops as u8);
    let mut states = States {
        exposure: ExposureState::default(),
        proximity: ProximityState::new(near),
        patterns: PatternState::new(PatternOptions::default()).unwrap(),
        found: Vec::new(),
        entities: world.entities(),
        profile: Profile::default(),
    };
    history(&mut states, &mut world, n_addresses);
    describe(&states, &world);
    let mut desk = Desk::new();
    let mut before = world.parties().owners.labels.to_vec();
    let next = |_| block(&mut states, &mut world, &mut desk, &mut before);
    let rows: Vec<Row> = (0..n_blocks).map(next).collect();
    print(&rows);
    describe(&states, &world);
}

fn drawn(name: &str, n_addresses: u32) -> World {
    match name {
        "like-real" => World::Chain(Box::new(Chain::new(80, 7))),
        "commercial" => World::Chain(Box::new(Chain::new(4, 7))),
        "dense" => {
            let n_wallets = n_addresses / 7;
            World::Dense(Economy::new(n_wallets, (n_wallets / 1_000).max(1), 7))
        }
        other => panic!("real, like-real, commercial or dense, and not {other}"),
    }
}

fn history(states: &mut States, world: &mut World, n_addresses: u32) {
    let (mut exposure_ms, mut push_ms, mut patterns_ms) = (0.0, 0.0, 0.0);
    world.history(n_addresses, N_AT_ONCE, |blocks, parties| {
        exposure_ms += timed(|| expose(states, parties, blocks)).1;
        push_ms += timed(|| states.proximity.push(&blocks.batch).unwrap()).1;
        patterns_ms += timed(|| find(states, parties, blocks)).1;
        states.patterns.take_changed();
    });
    let start = Instant::now();
    let near = states.proximity.update(&world.parties().owners, &states.entities).len();
    let labels = world.parties().owners.labels;
    let n_clusters = (0u32..).zip(labels).filter(|(at, label)| at == *label).count();
    let share = near as f64 * 100.0 / n_clusters as f64;
    println!("{n_clusters} clusters, {near} of them near a known party: {share:.1} %");
    println!(
        "history: {} outputs, {} addresses; exposure {:.1} s, patterns {:.1} s, proximity {:.1} s and {:.1} s (wall, 4 threads)",
        world.n_outputs(),
        world.n_addresses(),
        exposure_ms / 1e3,
        patterns_ms / 1e3,
        push_ms / 1e3,
        start.elapsed().as_secs_f64()
    );
}

fn describe(states: &States, world: &World) {
    let exposure: usize = states.exposure.memory().iter().map(|(_, bytes)| bytes).sum();
    let [transactions, steps, widths] = states.proximity.n_bytes();
    let (history, hits) = states.patterns.bytes();
    println!("| {:<32} | {:>8} | {:>16} |", "memory", "MB", "bytes an address");
    let parts = [
        ("exposure, received", exposure),
        ("proximity, transactions", transactions),
        ("proximity, hops", steps),
        ("proximity, bottlenecks", widths),
        ("patterns", history + hits),
    ];
    let together = parts.iter().map(|part| part.1).sum();
    for (name, bytes) in parts.into_iter().chain([("together", together)]) {
        let each = bytes as f64 / world.n_addresses() as f64;
        println!("| {name:<32} | {:8.0} | {each:16.1} |", bytes as f64 / 1e6);
    }
}

fn expose(states: &mut States, parties: &Parties<'_>, blocks: &Blocks) -> Vec<ClusterId> {
    let touched = states.exposure.apply(&blocks.batch, &blocks.previous, parties, &price);
    touched.unwrap().clusters
}

fn of_patterns<'a>(parties: &Parties<'a>) -> patterns::Parties<'a> {
    patterns::Parties { owners: parties.owners, categories: parties.categories, price: &price }
}

/// Clusters of the transfers.
fn find(states: &mut States, parties: &Parties<'_>, blocks: &Blocks) -> Vec<ClusterId> {
    let labels = parties.owners.labels;
    let transfers = pattern_transfers(&blocks.batch, labels, &blocks.mixes).unwrap();
    states.patterns.apply(&transfers, &of_patterns(parties)).unwrap();
    transfers.iter().flat_map(|row| [row.source, row.target]).collect()
}

/// The transfers of before that a block's joins change, as they were and as they are. `before` are the labels as patterns know
/// them, and become those of now.
fn rejoined(
    world: &World,
    joined: &Joined,
    first_tx: u64,
    before: &mut Vec<u32>,
) -> [Vec<Transfer>; 2] {
    let labels = world.parties().owners.labels;
    let is_other = |address: &u32| before[*address as usize] != labels[*address as usize];
    let moved = joined.addresses.iter().map(|address| address.get());
    let touching = world.touching(moved.clone().filter(is_other));
    let of = |labels: &[u32]| {
        let Some(Blocks { batch, mixes, .. }) = &touching else { return Vec::new() };
        let mut rows = pattern_transfers(batch, labels, mixes).unwrap();
        rows.retain(|row| row.tx.get() < first_tx);
        rows
    };
    let n_before = before.len();
    // Who is new is an address on its own to transfers of before: it has none.
    before.extend(&labels[n_before..]);
    let both = [of(before), of(labels)];
    moved.for_each(|address| before[address as usize] = labels[address as usize]);
    both
}

fn block(states: &mut States, world: &mut World, desk: &mut Desk, before: &mut Vec<u32>) -> Row {
    let news = world.block();
    let (blocks, parties) = (&news.blocks, &world.parties());
    let (mut clusters, joined_ms) = timed(|| match &news.joined {
        Some(joined) => states.exposure.reattribute(&joined.addresses, parties).unwrap().clusters,
        None => Vec::new(),
    });
    let (exposed, exposure_ms) = timed(|| expose(states, parties, blocks));
    let (near, proximity_ms) = timed(|| {
        states.proximity.push(&blocks.batch).unwrap();
        match &news.joined {
            Some(Joined { addresses, .. }) => {
                states.proximity.update_changed(&parties.owners, &states.entities, addresses)
            }
            None => states.proximity.update(&parties.owners, &states.entities),
        }
    });
    let ((), widths_ms) = timed(|| states.proximity.refresh_widths());
    let first_tx = blocks.batch.transactions[0].index.get();
    let (changed, read_ms) = timed(|| match &news.joined {
        Some(joined) => rejoined(world, joined, first_tx, before),
        None => Default::default(),
    });
    let held = news.joined.as_ref().map_or(&[][..], |joined| &joined.clusters);
    let [was, is] = &changed;
    let of_patterns = of_patterns(parties);
    let (relabeled, rejoined_ms) = timed(|| states.patterns.relabel(was, is, held, &of_patterns));
    relabeled.unwrap();
    let (paid, patterns_ms) = timed(|| find(states, parties, blocks));
    let matched = states.patterns.take_changed();
    clusters.extend(exposed.iter().chain(&near).chain(&paid).chain(&matched));
    clusters.sort_unstable();
    clusters.dedup();
    let ((), found_ms) = timed(|| {
        let rows = clusters.iter().flat_map(|own| states.patterns.rows_of(*own, &price));
        states.found = rows.collect();
    });
    let scored = desk.look(states, parties, &clusters);
    let ms = [
        ("links and clusters, ms", news.owners_ms),
        ("exposure, joined clusters, ms", joined_ms),
        ("exposure, the block, ms", exposure_ms),
        ("proximity, ms", proximity_ms),
        ("proximity, bottlenecks, ms", widths_ms),
        ("transfers of joined clusters, ms", read_ms),
        ("patterns, joined clusters, ms", rejoined_ms),
        ("patterns, the block, ms", patterns_ms),
        ("patterns, rows, ms", found_ms),
        ("exposure, rows sent, ms", scored.sent_ms),
        ("facts of clusters, ms", scored.facts_ms),
        ("scores, ms", scored.scores_ms),
        ("rules and alerts, ms", scored.rules_ms),
    ];
    let all = ms.iter().map(|part| part.1).sum();
    let n_moved = news.joined.as_ref().map_or(0, |joined| joined.addresses.len());
    let counts = [
        ("all of these, ms", all),
        ("addresses that changed clusters", n_moved as f64),
        ("transfers of these", was.len() as f64),
        ("clusters whose exposure changed", exposed.len() as f64),
        ("clusters whose hops changed", near.len() as f64),
        ("clusters whose patterns changed", matched.len() as f64),
        ("clusters scored", clusters.len() as f64),
        ("of these without rows sent", scored.n_unsent as f64),
        ("with points", scored.n_with_points as f64),
        ("alerts raised or changed", scored.n_alerts as f64),
    ];
    ms.into_iter().chain(counts).collect()
}

fn print(rows: &[Row]) {
    println!("| {:<32} | {:>11} | {:>11} | {:>11} |", "one block", "median", "p99", "worst");
    for at in 0..rows.first().map_or(0, Vec::len) {
        let mut values: Vec<f64> = rows.iter().map(|row| row[at].1).collect();
        values.sort_by(f64::total_cmp);
        let of = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        let name = rows[0][at].0;
        println!("| {name:<32} | {:11.1} | {:11.1} | {:11.1} |", of(0.5), of(0.99), of(1.0));
    }
    println!("{} blocks", rows.len());
}

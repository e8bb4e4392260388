//! One block through all that risk is made of, as a table: `cargo bench -p tracehound-forensics --bench risk [ADDRESSES [BLOCKS]]`.
//! A state of ten million addresses (the economy of the bench `exposure`, whose thousand largest wallets are known
//! entities of 17 kinds); then 60 blocks of 2,700 transactions, each through exposure, proximity, patterns and the scores
//! of all clusters whose facts changed. What rules cost a cluster says `cargo bench -p tracehound-cases --bench rules`.
//! Seconds are those of the one thread on a processor: the machine may be shared.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    dead_code,
    reason = "a bench prints, reads the clock and draws random ids, and takes what it needs of another's parts"
)]

#[path = "../exposure/economy.rs"]
mod economy;
#[path = "../../../graph/benches/measure/mod.rs"]
mod measure;

use std::time::Instant;

use ledger::{ClusterId, Entity, EntityId, PatternMatch, Timestamp};
use tracehound_forensics::exposure::ExposureState;
use tracehound_forensics::patterns::{self, PatternOptions, PatternState, pattern_transfers};
use tracehound_forensics::proximity::{ProximityOptions, ProximityState};
use tracehound_forensics::score::{ClusterFacts, Profile, score};

use economy::{Blocks, Economy};
use measure::thread_cpu_s;

const N_ADDRESSES: u32 = 10_000_000;
const N_BLOCKS: u32 = 60;
/// Blocks that are taken in at once while the state is made.
const N_AT_ONCE: u32 = 20;

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = thread_cpu_s();
    let done = work();
    (done, thread_cpu_s() - start)
}

fn price(time: Timestamp) -> Option<u64> {
    Some(3_000_000_000 + time.get().unsigned_abs() % 1_000_000)
}

struct States {
    exposure: ExposureState,
    proximity: ProximityState,
    patterns: PatternState,
    /// Found in the history, by cluster.
    found: Vec<PatternMatch>,
    entities: Vec<Entity>,
    profile: Profile,
}

/// Milliseconds of a block by stage, then what it changed.
type Row = [f64; N_COLUMNS];
const N_COLUMNS: usize = 10;
const COLUMNS: [&str; N_COLUMNS] = [
    "exposure, ms",
    "proximity, ms",
    "patterns, ms",
    "scores, ms",
    "all four, ms",
    "bottlenecks, when asked, ms",
    "clusters whose exposure changed",
    "clusters whose hops changed",
    "clusters scored",
    "their points, sum",
];

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let n_addresses = numbers.next().unwrap_or(N_ADDRESSES);
    let n_blocks = numbers.next().unwrap_or(N_BLOCKS);
    let n_wallets = n_addresses / 7;
    let mut economy = Economy::new(n_wallets, (n_wallets / 1_000).max(1), 7);
    let mut states = states(&economy);
    history(&mut states, &mut economy, n_addresses);
    describe(&states, &economy);
    let rows: Vec<Row> = (0..n_blocks).map(|_| block(&mut states, &mut economy)).collect();
    print(&rows);
}

fn states(economy: &Economy) -> States {
    let entity = |(id, category): (u32, &ledger::Category)| Entity {
        id: EntityId::new(id),
        category: *category,
        name: format!("entity {id}"),
        source: "pack drawn".to_owned(),
        source_version: "1".to_owned(),
        confidence: 100,
    };
    States {
        exposure: ExposureState::default(),
        proximity: ProximityState::new(ProximityOptions::default()),
        patterns: PatternState::new(PatternOptions::default()).unwrap(),
        found: Vec::new(),
        entities: (0..).zip(economy.parties().categories).map(entity).collect(),
        profile: Profile::default(),
    }
}

fn history(states: &mut States, economy: &mut Economy, n_addresses: u32) {
    let (mut exposure_s, mut push_s, mut patterns_s) = (0.0, 0.0, 0.0);
    while economy.wallets.len() < n_addresses as usize {
        let blocks = economy.blocks(N_AT_ONCE);
        exposure_s += timed(|| expose(states, economy, &blocks)).1;
        push_s += timed(|| states.proximity.push(&blocks.batch).unwrap()).1;
        patterns_s += timed(|| find(states, economy, &blocks)).1;
    }
    let start = Instant::now();
    states.proximity.update(&economy.parties().owners, &states.entities);
    println!(
        "history: {} outputs, {} addresses; exposure {exposure_s:.1} s, patterns {patterns_s:.1} s, proximity {push_s:.1} s and {:.1} s (wall, 4 threads)",
        economy.n_outputs(),
        economy.wallets.len(),
        start.elapsed().as_secs_f64()
    );
    states.found = states.patterns.rows(&price);
    states.found.sort_by_key(|row| row.cluster);
}

fn describe(states: &States, economy: &Economy) {
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
        let each = bytes as f64 / economy.wallets.len() as f64;
        println!("| {name:<32} | {:8.0} | {each:16.1} |", bytes as f64 / 1e6);
    }
}

fn expose(states: &mut States, economy: &Economy, blocks: &Blocks) -> Vec<ClusterId> {
    let parties = economy.parties();
    let touched = states.exposure.apply(&blocks.batch, &blocks.previous, &parties, &price);
    touched.unwrap().clusters
}

/// Clusters of the transfers.
fn find(states: &mut States, economy: &Economy, blocks: &Blocks) -> Vec<ClusterId> {
    let (owners, categories) = (economy.parties().owners, economy.parties().categories);
    let parties = patterns::Parties { owners, categories, price: &price };
    let transfers = pattern_transfers(&blocks.batch, owners.labels, &[]).unwrap();
    states.patterns.apply(&transfers, &parties).unwrap();
    transfers.iter().flat_map(|row| [row.source, row.target]).collect()
}

fn block(states: &mut States, economy: &mut Economy) -> Row {
    let blocks = economy.blocks(1);
    let (exposed, exposure_s) = timed(|| expose(states, economy, &blocks));
    let (near, proximity_s) = timed(|| {
        states.proximity.push(&blocks.batch).unwrap();
        states.proximity.update(&economy.parties().owners, &states.entities)
    });
    let (parties, patterns_s) = timed(|| find(states, economy, &blocks));
    let ((n_scored, points), scores_s) = timed(|| {
        let mut clusters = [&exposed[..], &near, &parties].concat();
        clusters.sort_unstable();
        clusters.dedup();
        let points = clusters.iter().map(|cluster| points(states, economy, *cluster));
        (clusters.len(), points.sum::<i64>())
    });
    let ((), widths_s) = timed(|| states.proximity.refresh_widths());
    let all_s = exposure_s + proximity_s + patterns_s + scores_s;
    let ms = [exposure_s, proximity_s, patterns_s, scores_s, all_s, widths_s].map(|s| s * 1e3);
    let counts = [exposed.len() as f64, near.len() as f64, n_scored as f64, points as f64];
    let mut row = [0.0; N_COLUMNS];
    row[..ms.len()].copy_from_slice(&ms);
    row[ms.len()..].copy_from_slice(&counts);
    row
}

fn points(states: &States, economy: &Economy, cluster: ClusterId) -> i64 {
    let exposures = states.exposure.exposures_of(cluster);
    let proximities = states.proximity.nearest(cluster);
    let from = states.found.partition_point(|row| row.cluster < cluster);
    let to = states.found.partition_point(|row| row.cluster <= cluster);
    let held_by = economy.parties().owners.entity_of_cluster(cluster);
    let facts = ClusterFacts {
        exposures: &exposures,
        proximities: &proximities,
        patterns: &states.found[from..to],
        held_by,
        ..ClusterFacts::nothing(cluster, &states.entities)
    };
    score(&facts, &states.profile).score.points
}

fn print(rows: &[Row]) {
    println!("| {:<32} | {:>11} | {:>11} | {:>11} |", "one block", "median", "p99", "worst");
    for (at, name) in COLUMNS.into_iter().enumerate() {
        let mut values: Vec<f64> = rows.iter().map(|row| row[at]).collect();
        values.sort_by(f64::total_cmp);
        let of = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        println!("| {name:<32} | {:11.1} | {:11.1} | {:11.1} |", of(0.5), of(0.99), of(1.0));
    }
    println!("{} blocks", rows.len());
}

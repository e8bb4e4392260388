//! Proximity kept up to date, as a table: `cargo bench -p tracehound-forensics --bench proximity [ADDRESSES [HOPS]]`.
//! A state of ten million addresses (the wallets of the bench `ownership`, of which one in eight payments goes through a
//! fresh address that passes it on) with 300 entities, a third of them the largest wallets; then 34 blocks of the shapes
//! of real ones, with the clusters that they join. Seconds are those of the one thread on a processor.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    dead_code,
    reason = "a bench prints, reads the clock and its data and draws random ids, and takes what it needs of another"
)]

#[path = "../ownership/blocks.rs"]
mod blocks;
#[path = "../ownership/measure.rs"]
mod measure;
#[path = "../ownership/wallets.rs"]
mod wallets;

use std::time::Instant;

use ledger::{AddressId, Category, Entity, EntityId, LedgerBatch, Timestamp};
use tracehound_forensics::proximity::{ProximityOptions, ProximityState};
use tracehound_forensics::{Clusters, Owners, links};

use measure::{Past, Random, timed};
use wallets::{Wallets, push};

const N_REPEATS: u64 = 2;
const NONE: u32 = u32::MAX;

/// Some of the largest wallets, and twice as many of any size.
const N_LARGE: usize = 100;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|text| text.parse::<u32>().ok());
    let n_addresses = numbers.next().unwrap_or(10_000_000);
    let hops_max = numbers.next().unwrap_or(8) as u8;
    let mut wallets = Wallets::new(n_addresses / 5, 7);
    let base = base(&mut wallets, n_addresses);
    println!(
        "base: {} addresses, {} transactions, {} inputs, {} outputs",
        wallets.n_addresses(),
        base.transactions.len(),
        base.inputs.len(),
        base.outputs.len()
    );
    let (members, entities) = entities(&mut wallets);
    let mut clusters = Clusters::default();
    clusters.apply(&links(&base), wallets.n_addresses());
    let labels = clusters.labels();
    let options = ProximityOptions { hops_max, ..ProximityOptions::default() };
    let mut state = ProximityState::new(options);
    let ((), push_s) = timed(|| state.push(&base).unwrap());
    let held = held(&members, &labels);
    let owners = Owners { labels: &labels, entities: &held };
    let start = Instant::now();
    let changed = state.update(&owners, &entities);
    println!(
        "from empty, {hops_max} hops: {push_s:.1} s to take in, {:.1} s to make (wall, 4 threads); {} clusters near something",
        start.elapsed().as_secs_f64(),
        changed.len()
    );
    describe(&mut state, &labels);
    run(state, clusters, &mut wallets, base, &members, &entities);
}

/// The base of the bench `ownership`, in which every eighth payment goes on from an address that nobody uses again.
fn base(wallets: &mut Wallets, n_addresses: u32) -> LedgerBatch {
    let drawn = wallets.ledger(n_addresses);
    let mut random = Random(11);
    let mut base = LedgerBatch { blocks: drawn.blocks.clone(), ..LedgerBatch::default() };
    let nobody = wallets.wallet();
    for view in drawn.views() {
        let part = |address: Option<AddressId>, amount: u64| (address.unwrap().get(), amount);
        let inputs = view.inputs.iter().map(|input| input.spent.unwrap());
        let inputs: Vec<_> = inputs.map(|s| part(s.address, s.amount_sat)).collect();
        let outputs = view.outputs.iter().map(|output| part(output.address, output.amount_sat));
        let mut outputs: Vec<_> = outputs.collect();
        let height = view.row.height.get();
        if random.below(8) > 0 {
            push(&mut base, height, 0, &inputs, &outputs);
            continue;
        }
        let paid = outputs[0];
        outputs[0].0 = wallets.new_address(nobody);
        push(&mut base, height, 0, &inputs, &outputs);
        push(&mut base, height, 0, &[outputs[0]], &[paid]);
    }
    base
}

/// An address of each entity, and the entities.
fn entities(wallets: &mut Wallets) -> (Vec<u32>, Vec<Entity>) {
    let large: Vec<u32> = wallets.entities().iter().map(|(address, _)| address.get()).collect();
    let any: Vec<u32> = (0..2 * N_LARGE)
        .map(|_| wallets.wallet())
        .collect::<Vec<_>>()
        .into_iter()
        .map(|w| wallets.address(w))
        .collect();
    let services = [13u8, 14, 12, 17, 16];
    let kind = |at: usize| match at {
        ..N_LARGE => services[at % services.len()],
        _ => 2 + (at % 10) as u8,
    };
    let members: Vec<u32> = large.into_iter().chain(any).collect();
    let entity = |at: usize| Entity {
        id: EntityId::new(at as u32),
        category: Category::from_number(kind(at)).unwrap(),
        name: format!("entity {at}"),
        source: "pack drawn".to_owned(),
        source_version: "1".to_owned(),
        confidence: 100,
    };
    let entities = (0..members.len()).map(entity).collect();
    (members, entities)
}

/// By label, the entity that holds it: the first of several.
fn held(members: &[u32], labels: &[u32]) -> Vec<u32> {
    let mut held = vec![NONE; labels.len()];
    for (entity, member) in (0..).zip(members) {
        let own = &mut held[labels[*member as usize] as usize];
        *own = entity.min(*own);
    }
    held
}

fn describe(state: &mut ProximityState, labels: &[u32]) {
    let gib = |bytes: usize| bytes as f64 / f64::from(1 << 30);
    let [ledger, steps, widths] = state.n_bytes();
    println!(
        "memory: transactions {:.2} GiB, labels of hops {:.2} GiB, labels of widths {:.2} GiB",
        gib(ledger),
        gib(steps),
        gib(widths)
    );
    let of = |label: u32| ledger::ClusterId::new(AddressId::new(label));
    let is_label = |(at, label): &(u32, &u32)| at == *label;
    let clusters: Vec<u32> = (0..).zip(labels).filter(is_label).map(|(at, _)| at).collect();
    let passing = clusters.iter().filter(|label| state.passing(of(**label)).is_some()).count();
    println!("{} clusters, {passing} pass on, {} rows", clusters.len(), state.all_rows().count());
}

#[derive(Clone, Copy)]
struct Row {
    ms: f64,
    widths_ms: f64,
    n_changed: usize,
    n_transactions: usize,
}

fn run(
    mut state: ProximityState,
    mut clusters: Clusters,
    wallets: &mut Wallets,
    base: LedgerBatch,
    members: &[u32],
    entities: &[Entity],
) {
    let last = base.transactions.last().unwrap().time.get();
    let mut past = Past::new(base, wallets.n_addresses());
    let mut rows = Vec::new();
    for repeat in 0..N_REPEATS {
        for mut block in blocks::all(wallets, &mut past, repeat) {
            for row in &mut block.transactions {
                row.time = Timestamp::new(last + 600 * (1 + rows.len() as i64));
            }
            clusters.apply(&links(&block), wallets.n_addresses());
            let labels = clusters.labels();
            let held = held(members, &labels);
            let owners = Owners { labels: &labels, entities: &held };
            let (changed, seconds) = timed(|| {
                state.push(&block).unwrap();
                state.update(&owners, entities)
            });
            let ((), widths_s) = timed(|| state.refresh_widths());
            rows.push(Row {
                widths_ms: widths_s * 1e3,
                ms: seconds * 1e3,
                n_changed: changed.len(),
                n_transactions: block.transactions.len(),
            });
            past.append(block);
        }
    }
    print(&rows);
}

/// A name and what it shows.
type Column = (&'static str, fn(&Row) -> f64);

fn print(rows: &[Row]) {
    let at = |share: f64, of: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * share).round() as usize]
    };
    let columns: [Column; 4] = [
        ("whole block, ms", |row| row.ms),
        ("bottlenecks, when asked, ms", |row| row.widths_ms),
        ("transactions", |row| row.n_transactions as f64),
        ("clusters whose hops changed", |row| row.n_changed as f64),
    ];
    println!("| {:<30} | {:>9} | {:>9} | {:>9} |", "one block", "median", "p99", "worst");
    for (name, of) in columns {
        let [median, p99, worst] = [0.5, 0.99, 1.0].map(|share| at(share, of));
        println!("| {name:<30} | {median:9.1} | {p99:9.1} | {worst:9.1} |");
    }
    println!("{} blocks", rows.len());
}

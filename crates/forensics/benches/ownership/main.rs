//! Ownership kept up to date, as a table: `cargo bench -p tracehound-forensics --bench ownership`.
//! A state of ten million addresses from a fixed seed (wallets of heavy-tailed sizes, `ledger_of_wallets`), then the
//! transactions of 17 real blocks, several times over (`blocks`), or blocks of 2,700 drawn transactions where there
//! is no real data. Seconds are those of the one thread on a processor: the machine may be shared.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and its data and draws random ids"
)]

mod blocks;
mod measure;
mod wallets;

use std::hint::black_box;

use graph::{Components, TrackedComponents};
use ledger::{AddressId, LedgerBatch, Link};
use tracehound_forensics::decisions::{Decision, DecisionId, DecisionKind, Decisions, LinkKey};
use tracehound_forensics::ownership::{Applied, Ownership};
use tracehound_forensics::{ClusterRules, Clusters, FlowError, cluster_edges, links};

use measure::{Past, timed};
use wallets::Wallets;

const N_ADDRESSES: u32 = 10_000_000;
const N_REPEATS: u64 = 6;

fn main() {
    let mut wallets = Wallets::new(N_ADDRESSES / 5, 7);
    let base = wallets.ledger(N_ADDRESSES);
    println!(
        "base: {} addresses, {} transactions, {} inputs, {} outputs",
        wallets.n_addresses(),
        base.transactions.len(),
        base.inputs.len(),
        base.outputs.len()
    );
    let rules = ClusterRules { entities: wallets.entities(), ..ClusterRules::default() };
    let (all, links_s) = timed(|| links(&base));
    let (clusters, clusters_s) = timed(|| {
        let mut clusters = Clusters::new(rules.clone());
        clusters.apply(&all, wallets.n_addresses());
        clusters
    });
    let (guarded, _) = timed(|| {
        let mut clusters = Clusters::new(rules.clone());
        clusters.apply(&[], wallets.n_addresses());
        let ((), seconds) = timed(|| clusters.apply(&all, wallets.n_addresses()));
        seconds
    });
    let labels = clusters.labels();
    let (edges, edges_s) = timed(|| cluster_edges([&base], &labels).unwrap());
    describe(&clusters, &all, edges.len());
    compare_guard(&all, wallets.n_addresses(), guarded);
    let (held, height) = (clusters.held().to_vec(), clusters.height());
    drop(clusters);
    let (state, resumed_s) = timed(|| {
        let clusters = Clusters::from_parts(&labels, held, rules, height).unwrap();
        Ownership::from_parts(clusters, &edges).unwrap()
    });
    drop((edges, labels, all));
    println!("going on from stored parts: {resumed_s:.2} s");
    let full_s = links_s + clusters_s + edges_s;
    println!(
        "full recompute: {full_s:.2} s (links {links_s:.2}, clusters {clusters_s:.2}, cluster edges {edges_s:.2})"
    );
    run(state, &mut wallets, base, full_s);
}

fn describe(clusters: &Clusters, links: &[Link], n_edges: usize) {
    let members = clusters.members();
    let largest = (members.offsets.windows(2).map(|pair| pair[1] - pair[0])).max().unwrap();
    println!(
        "state: {} links, {} clusters, the largest of {largest}, {} held, {n_edges} cluster edges",
        links.len(),
        clusters.n_clusters(),
        clusters.held().len(),
    );
}

/// What the guard and decisions cost where all is linked at once.
fn compare_guard(links: &[Link], n_addresses: u32, guarded_s: f64) {
    let (a, b): (Vec<u32>, Vec<u32>) = links.iter().map(|l| (l.a.get(), l.b.get())).unzip();
    let mut plain = Components::new(n_addresses);
    let (_, plain_s) = timed(|| black_box(&mut plain).link_batch(&a, &b));
    let mut tracked = TrackedComponents::new(n_addresses);
    let (_, tracked_s) = timed(|| black_box(&mut tracked).link_batch(0, &a, &b).unwrap());
    let log: Vec<Decision> = (0..100u32)
        .map(|id| {
            let key = LinkKey::of(&links[id as usize * (links.len() / 100)]);
            Decision { id: DecisionId(id), kind: DecisionKind::Accept(key) }
        })
        .collect();
    let decisions = Decisions::new(&log).unwrap();
    let asked = |link: &&Link| decisions.verdict(link).leaves_out();
    let (_, asked_s) = timed(|| black_box(links.iter().filter(asked).count()));
    let rate = |seconds: f64| links.len() as f64 / seconds / 1e6;
    println!("| linking at once | M links/s |");
    println!("| components alone | {:6.1} |", rate(plain_s));
    println!("| with sizes, members and evidence | {:6.1} |", rate(tracked_s));
    println!(
        "| clusters: the same with guard, entities, order and way back | {:6.1} |",
        rate(guarded_s)
    );
    println!("| verdicts of 100 decisions | {:6.1} |", rate(asked_s));
}

/// Milliseconds a block.
#[derive(Clone, Copy, Default)]
struct Row {
    links: f64,
    clusters: f64,
    serving: f64,
    total: f64,
    n_transactions: usize,
    n_read_again: usize,
}

fn run(mut state: Ownership, wallets: &mut Wallets, base: LedgerBatch, full_s: f64) {
    let mut apart = state.clusters().clone();
    let mut past = Past::new(base, wallets.n_addresses());
    let mut rows = Vec::new();
    for repeat in 0..N_REPEATS {
        for block in blocks::all(wallets, &mut past, repeat) {
            let (own, links_s) = timed(|| links(&block));
            let n_addresses = wallets.n_addresses();
            let ((), clusters_s) = timed(|| apart.apply(&own, n_addresses));
            let mut serving_s = 0.0;
            let (applied, total_s) = timed(|| {
                let serve = |addresses: &[AddressId]| {
                    let (found, seconds) = timed(|| past.touching(addresses));
                    serving_s = seconds;
                    Ok::<_, FlowError>(found)
                };
                state.apply(&block, &[], serve).unwrap()
            });
            rows.push(row(&block, &applied, [links_s, clusters_s, serving_s, total_s]));
            past.append(block);
        }
    }
    assert_eq!(state.clusters().labels(), apart.labels());
    print(&rows, full_s);
}

fn row(block: &LedgerBatch, applied: &Applied, seconds: [f64; 4]) -> Row {
    let [links, clusters, serving, total] = seconds.map(|s| s * 1e3);
    Row {
        links,
        clusters,
        serving,
        total,
        n_transactions: block.transactions.len(),
        n_read_again: applied.n_read_again,
    }
}

/// A name and what it shows.
type Column = (&'static str, fn(&Row) -> f64);

fn print(rows: &[Row], full_s: f64) {
    let at = |share: f64, of: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * share).round() as usize]
    };
    let edges = |row: &Row| row.total - row.links - row.clusters - row.serving;
    let columns: [Column; 7] = [
        ("whole block, ms", |row| row.total),
        ("- links, ms", |row| row.links),
        ("- clusters, ms", |row| row.clusters),
        ("- earlier transactions served, ms", |row| row.serving),
        ("- cluster edges, ms", edges),
        ("transactions", |row| row.n_transactions as f64),
        ("transactions read again", |row| row.n_read_again as f64),
    ];
    println!("| {:<34} | {:>9} | {:>9} | {:>9} |", "one block", "median", "p99", "worst");
    for (name, of) in columns {
        let [median, p99, worst] = [0.5, 0.99, 1.0].map(|share| at(share, of));
        println!("| {name:<34} | {median:9.2} | {p99:9.2} | {worst:9.2} |");
    }
    let ratio = full_s * 1e3 / at(0.5, |row| row.total);
    println!("{} blocks; a full recompute takes {ratio:.0} times the median block", rows.len());
}

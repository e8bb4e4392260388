//! Speed of PageRank as a table: `cargo bench -p tracehound-graph --bench pagerank`. Graphs come from a fixed seed:
//! `kron` is R-MAT (a 0.57, b 0.19, c 0.19; scale 20, 16 edges a node) with every edge both ways and ids shuffled,
//! `tx` is directed, 2^20 nodes and 6 M edges, both degrees falling with the power 2/3 of the rank.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random ids"
)]

mod measure;

use std::hint::black_box;
use std::time::Instant;

use measure::Random;
use tracehound_graph::{
    Csr, DynamicPageRank, EdgeChange, EdgeWeights, LocalOptions, PageRankOptions, Personalization,
    TransitionMatrix, local_pagerank, pagerank,
};

const SCALE: u32 = 20;
const N_NODES: u32 = 1 << SCALE;
const STEPS: u32 = 4;

impl Random {
    fn uniform(&mut self) -> f64 {
        self.next() as f64 / 2f64.powi(64)
    }

    /// Hubs lie anywhere among the ids.
    fn shuffled(rank: u32) -> u32 {
        rank.wrapping_mul(700_001) & (N_NODES - 1)
    }

    fn rmat(&mut self) -> (u32, u32) {
        let (mut a, mut b) = (0, 0);
        for _ in 0..SCALE {
            let at = self.uniform();
            a = a << 1 | u32::from(at >= 0.76);
            b = b << 1 | u32::from((0.57..0.76).contains(&at) || at >= 0.95);
        }
        (Self::shuffled(a), Self::shuffled(b))
    }

    fn hub(&mut self) -> u32 {
        Self::shuffled((f64::from(N_NODES) * self.uniform().powi(3)) as u32)
    }
}

fn kron() -> Vec<(u32, u32)> {
    let mut random = Random(1);
    let mut edges = Vec::new();
    for _ in 0..16 * N_NODES {
        let (a, b) = random.rmat();
        edges.extend([(a, b), (b, a)]);
    }
    edges
}

fn tx() -> Vec<(u32, u32)> {
    let mut random = Random(2);
    (0..6_000_000).map(|_| (random.hub(), random.hub())).collect()
}

/// Milliseconds on the processor, of all threads together; where the system does not tell, on the clock. Other
/// programs on the machine then lengthen the clock, and this only by what they push out of the cache.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let (start, busy) = (Instant::now(), busy_ns());
    let result = black_box(work());
    let elapsed = start.elapsed().as_secs_f64() * 1e3;
    (busy.zip(busy_ns()).map_or(elapsed, |(before, after)| (after - before) / 1e6), result)
}

fn busy_ns() -> Option<f64> {
    let mut sum = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        sum += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(sum)
}

/// The middle of three.
fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times = [0; 3].map(|_| timed(&mut work).0);
    times.sort_by(f64::total_cmp);
    times[1]
}

fn in_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    let result = pool.install(work);
    // A thread that ends takes its processor time out of the sum.
    std::mem::forget(pool);
    result
}

fn row(graph: &str, what: &str, ms: f64, n_edges: usize, note: &str) {
    println!(
        "| {graph:<4} | {what:<44} | {ms:>9.2} | {:>7.2} | {note} |",
        ms * 1e6 / n_edges as f64
    );
}

/// What no pull can do without: the sources read in order and one number gathered for each.
fn floor(name: &str, in_rows: &Csr) {
    let numbers: Vec<f64> = (0..N_NODES).map(f64::from).collect();
    let sources = in_rows.view().items();
    let gather = || {
        let mut sums = [0.0; 8];
        for eight in sources.chunks_exact(8) {
            for (sum, &source) in sums.iter_mut().zip(eight) {
                *sum += numbers[source as usize];
            }
        }
        sums
    };
    row(name, "floor: read and gather, ids as given, 1 thread", median(gather), sources.len(), "");
}

/// Milliseconds a step: the difference of two runs, so that packing and unpacking fall out.
fn step(matrix: &TransitionMatrix, n_lanes: usize) -> (f64, f64) {
    let nodes: Vec<u32> = (0..8u32).map(|lane| Random::shuffled(lane * 1000)).collect();
    let seeds = |node| Personalization::Seeds { node: std::slice::from_ref(node), weight: &[1.0] };
    let asked: Vec<Personalization<'_>> = nodes.iter().take(n_lanes).map(seeds).collect();
    let run = |iterations_max| {
        let options =
            PageRankOptions { tolerance: 0.0, iterations_max, ..PageRankOptions::default() };
        median(|| pagerank(matrix, &asked, &options).unwrap())
    };
    let (few, many) = (run(1), run(1 + STEPS));
    ((many - few) / f64::from(STEPS), many)
}

fn bench_full(name: &str, in_rows: &Csr, weights: &[u64]) {
    let n_edges = in_rows.view().n_items();
    for n_threads in [1, 2] {
        in_threads(n_threads, || {
            for (kind, weights) in
                [("", EdgeWeights::Unit), ("weighted, ", EdgeWeights::Integer(weights))]
            {
                let prepare = || TransitionMatrix::from_rows(in_rows.view(), weights).unwrap();
                let (ms, matrix) = timed(prepare);
                let what = format!("{kind}prepare, {n_threads} threads");
                row(name, &what, ms, n_edges, "");
                for n_lanes in [1, 4, 8] {
                    let (ms, many) = step(&matrix, n_lanes);
                    let what = format!("{kind}step, {n_lanes} lanes, {n_threads} threads");
                    row(name, &what, ms, n_edges, &format!("{} steps {many:.0} ms", 1 + STEPS));
                }
                if kind.is_empty() {
                    let options = PageRankOptions {
                        tolerance: 1e-4 / f64::from(N_NODES),
                        ..PageRankOptions::default()
                    };
                    let (ms, found) =
                        timed(|| pagerank(&matrix, &[Personalization::Uniform], &options).unwrap());
                    let note = format!(
                        "{} steps, error bound {:.0e}",
                        found[0].iterations, found[0].error_bound
                    );
                    row(
                        name,
                        &format!("run to a change of 1e-4, {n_threads} threads"),
                        ms,
                        n_edges,
                        &note,
                    );
                }
            }
        });
    }
}

fn bench_updates(name: &str, edges: &[(u32, u32)], error_max: f64) {
    let kept = edges.len() - 1000;
    let rows = |edges: &[(u32, u32)]| {
        let (source, target): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        Csr::from_pairs(N_NODES, &source, &target).unwrap()
    };
    let (before, after) = (rows(&edges[..kept]), rows(edges));
    let (source, target): (Vec<u32>, Vec<u32>) = edges[..kept].iter().copied().unzip();
    let in_rows = Csr::from_pairs(N_NODES, &target, &source).unwrap();
    let matrix = TransitionMatrix::from_rows(in_rows.view(), EdgeWeights::Unit).unwrap();
    let options = PageRankOptions::default();
    let change = |&(source, target): &(u32, u32)| EdgeChange { source, target, weight_change: 1.0 };
    let changes: Vec<EdgeChange> = edges[kept..].iter().map(change).collect();
    let seeds = [0u32, 1000, 2000].map(Random::shuffled);
    let seeds = Personalization::Seeds { node: &seeds, weight: &[1.0; 3] };
    for (kind, asked) in [("all nodes", Personalization::Uniform), ("3 seeds", seeds)] {
        let unit = EdgeWeights::Unit;
        let new = || {
            DynamicPageRank::new(&matrix, before.view(), unit, &[asked], &options, error_max)
                .unwrap()
        };
        let (first, mut dynamic) = timed(new);
        let (ms, update) = timed(|| dynamic.update(after.view(), unit, &changes).unwrap());
        let note = format!(
            "{} pushes, {} edges, bound {:.1e}; first run {first:.0} ms, {:.0} times as long",
            update[0].pushes,
            update[0].edges_visited,
            update[0].error_bound,
            first / ms,
        );
        row(name, &format!("1000 edges, {kind}, error {error_max:.0e}"), ms, 1000, &note);
        if kind == "3 seeds" {
            let edges_visited_max = 1_000_000;
            let options = LocalOptions { error_max, edges_visited_max, ..LocalOptions::default() };
            let local = || local_pagerank(after.view(), unit, &[asked], &options).unwrap();
            let (ms, found) = timed(local);
            let (n_nodes, bound) = (found[0].scores.len(), found[0].error_bound);
            let n_edges = found[0].edges_visited;
            let note = format!("{n_nodes} nodes, {n_edges} edges, bound {bound:.1e}");
            row(name, "local, 3 seeds, at most 1 M edges", ms, 1_000_000, &note);
        }
    }
}

fn main() {
    println!("| graph | what | ms | ns an edge | |\n|---|---|---|---|---|");
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for name in ["kron", "tx"] {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let edges = if name == "kron" { kron() } else { tx() };
        let (source, target): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let in_rows = Csr::from_pairs(N_NODES, &target, &source).unwrap();
        let mut random = Random(3);
        let weights: Vec<u64> = edges.iter().map(|_| random.next() >> 40).collect();
        floor(name, &in_rows);
        bench_full(name, &in_rows, &weights);
        if name == "tx" {
            for error_max in [1e-2, 1e-3, 1e-4] {
                in_threads(1, || bench_updates(name, &edges, error_max));
            }
        }
    }
}

//! Speed of the kernels on random graphs, as a table: `cargo bench -p tracehound-graph`. The graphs come from a
//! fixed seed, so two machines, or two commits, do the same work.
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
use tracehound_graph::temporal::{
    NeighborOptions, PathAnswer, SearchOptions, TemporalEdges, TemporalGraph, neighbors, proximity,
    shortest_path, widest_path,
};
use tracehound_graph::{Components, Csr, Direction};

const N_NODES: u32 = 1_000_000;
const N_EDGES: u32 = 6_000_000;
const EDGES_PER_TIME: u32 = 8;
const N_PAIRS: u32 = 100;

fn row(name: &str, seconds: f64, count: f64, unit: &str, note: &str) {
    println!("| {name} | {seconds:.3} s | {:.1} {unit} | {note} |", count / seconds);
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64(), result)
}

fn bench_components() {
    let n_nodes = 8 * N_NODES;
    let mut random = Random(1);
    let links: Vec<(u32, u32)> =
        (0..10 * N_NODES).map(|_| (random.below(n_nodes), random.below(n_nodes))).collect();
    let n_links = links.len() as f64 / 1e6;
    let mut components = Components::new(n_nodes);
    let (seconds, joined) = timed(|| links.iter().filter(|&&(a, b)| components.link(a, b)).count());
    row("components: link", seconds, n_links, "M links/s", &format!("8 M nodes, {joined} joined"));
    let (seconds, _) = timed(|| components.labels());
    row("components: labels", seconds, f64::from(n_nodes) / 1e6, "M nodes/s", "");
    let (seconds, _) = timed(|| components.members());
    row("components: members", seconds, f64::from(n_nodes) / 1e6, "M nodes/s", "labels included");
}

fn bench_proximity(edges: TemporalEdges<'_>) {
    let is_source = |node: u32| node.is_multiple_of(1000);
    for direction in [Direction::Forward, Direction::Backward] {
        let (seconds, found) =
            timed(|| proximity(edges, N_NODES, N_NODES, is_source, direction, 6).unwrap());
        let reached = found.parts().hops.iter().filter(|&&hops| hops != 255).count();
        let note =
            format!("1000 sources, {reached} reached, {} labels", found.parts().labels.node.len());
        let name = format!("proximity: {direction:?}");
        row(&name, seconds, f64::from(N_EDGES) / 1e6, "M edges/s", &note);
    }
}

fn bench_search(name: &str, ask: impl Fn(u32, u32) -> PathAnswer) {
    let mut random = Random(3);
    let (mut seconds, mut visited, mut found, mut cut) = (Vec::new(), 0, 0, 0);
    for _ in 0..N_PAIRS {
        let (source, target) = (random.below(N_NODES), random.below(N_NODES));
        let (elapsed, answer) = timed(|| ask(source, target));
        seconds.push(elapsed);
        visited += answer.edges_visited;
        found += u32::from(answer.path.is_some());
        cut += u32::from(answer.truncated_by.is_some());
    }
    seconds.sort_by(f64::total_cmp);
    let [median, p90, max] = [N_PAIRS / 2, N_PAIRS * 9 / 10, N_PAIRS - 1]
        .map(|at| format!("{:.2}", seconds[at as usize] * 1e3));
    let note =
        format!("ms a pair: median {median}, p90 {p90}, max {max}; {found} found, {cut} cut");
    row(name, seconds.iter().sum(), visited as f64 / 1e6, "M edges/s", &note);
}

fn main() {
    println!("| kernel | time | speed | |\n|---|---|---|---|");
    bench_components();
    let mut random = Random(2);
    let source: Vec<u32> = (0..N_EDGES).map(|_| random.node(N_NODES)).collect();
    let target: Vec<u32> = (0..N_EDGES).map(|_| random.node(N_NODES)).collect();
    let time: Vec<u32> = (0..N_EDGES).map(|edge| edge / EDGES_PER_TIME).collect();
    let weight: Vec<u64> = (0..N_EDGES).map(|_| random.next() >> 40).collect();
    let edges = TemporalEdges::new(&source, &target, &time, &weight).unwrap();
    let (seconds, (out, in_)) = timed(|| {
        let out = Csr::from_keys(N_NODES, &source).unwrap();
        (out, Csr::from_keys(N_NODES, &target).unwrap())
    });
    row("csr: both directions", seconds, f64::from(N_EDGES) / 1e6, "M edges/s", "");
    let graph = TemporalGraph::new(N_NODES, edges, out.view(), in_.view()).unwrap();
    let (seconds, valid) = timed(|| graph.validate());
    valid.unwrap();
    row("graph: validate", seconds, f64::from(N_EDGES) / 1e6, "M edges/s", "");
    bench_proximity(edges);
    let unbounded = SearchOptions::default();
    let bounded = SearchOptions {
        hops_max: 6,
        degree_max: 1000,
        edges_visited_max: 1_000_000,
        ..SearchOptions::default()
    };
    for (how, options) in [("unbounded", &unbounded), ("6 hops, degree 1000, 1 M edges", &bounded)]
    {
        bench_search(&format!("shortest_path: {how}"), |source, target| {
            shortest_path(&graph, &[source], |node| node == target, options)
        });
    }
    bench_search("widest_path: 6 hops, degree 1000, 1 M edges", |source, target| {
        widest_path(&graph, &[source], |node| node == target, &bounded)
    });
    let hubs: Vec<u32> = (0..100u64).map(|rank| (rank * 700_001 % 1_000_000) as u32).collect();
    let (seconds, found) =
        timed(|| neighbors(&graph, &hubs, Direction::Forward, None, &NeighborOptions::default()));
    let n_edges: u64 = found.rows.iter().map(|row| row.n_edges).sum();
    let note = format!("the 100 largest hubs, {} neighbors", found.total_count);
    row("neighbors", seconds, n_edges as f64 / 1e6, "M edges/s", &note);
}

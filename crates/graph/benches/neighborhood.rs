//! Speed of neighborhoods: `cargo bench -p tracehound-graph --bench neighborhood`. Fixed seed, processor time; 4 M nodes and 24 M
//! power-law edges unless a smaller scale (2 to the power) of nodes is given as the argument.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random ids"
)]
mod measure;

use std::hint::black_box;

use measure::{Random, thread_cpu_s};
use tracehound_graph::{Csr, Direction, EdgeColumns, GraphView, NeighborhoodOptions, neighborhood};

const N_ROOTS: usize = 2000;

/// Time, nodes and edges visited of an answer.
type Measured = (f64, usize, u64);

fn percentiles(name: &str, answers: &mut [Measured]) {
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].0 * 1e6;
    let edges: u64 = answers.iter().map(|answer| answer.2).sum();
    let seconds: f64 = answers.iter().map(|answer| answer.0).sum();
    let nodes: usize = answers.iter().map(|answer| answer.1).sum();
    println!(
        "| {name:<56} | {:>5} | {:>8.1} | {:>8.1} | {:>8.1} | {:>8.1} | {:>6} | {:>6.1} |",
        answers.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        nodes / answers.len(),
        edges as f64 / seconds / 1e6,
    );
}

/// All answers, and apart those that are complete with at most 10,000 nodes.
fn bench(name: &str, view: GraphView<'_>, roots: &[u32], options: &NeighborhoodOptions<'_>) {
    let (mut all, mut small) = (Vec::new(), Vec::new());
    for &root in roots {
        let start = thread_cpu_s();
        let answer = black_box(neighborhood(view, &[root], options));
        let seconds = thread_cpu_s() - start;
        let measured = (seconds, answer.nodes.len(), answer.edges_visited);
        all.push(measured);
        if answer.truncated_by.is_none() && answer.nodes.len() <= 10_000 {
            small.push(measured);
        }
    }
    percentiles(name, &mut all);
    if small.len() < all.len() && !small.is_empty() {
        percentiles(&format!("{name}: complete, <= 10,000"), &mut small);
    }
}

fn main() {
    let n_nodes =
        std::env::args().find_map(|arg| arg.parse::<u32>().ok()).map_or(4_000_000, |s| 1 << s);
    let mut random = Random(2);
    let mut keys: Vec<u64> = (0..6 * n_nodes)
        .map(|_| u64::from(random.node(n_nodes)) << 32 | u64::from(random.node(n_nodes)))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let source: Vec<u32> = keys.iter().map(|key| (key >> 32) as u32).collect();
    let target: Vec<u32> = keys.iter().map(|&key| key as u32).collect();
    drop(keys);
    let out = Csr::from_pairs(n_nodes, &source, &target).unwrap();
    let in_ = Csr::from_pairs(n_nodes, &target, &source).unwrap();
    let (_, in_edge) = Csr::from_keys(n_nodes, &target).unwrap().into_parts();
    let weight: Vec<u64> = source.iter().map(|_| random.next() >> 40).collect();
    let first_time: Vec<u32> = source.iter().map(|_| random.next() as u32 >> 1).collect();
    let last_time: Vec<u32> = first_time.iter().map(|time| time + 1000).collect();
    let flags: Vec<u8> = source.iter().map(|_| random.next() as u8).collect();
    let count = vec![1; source.len()];
    let columns = EdgeColumns {
        weight: &weight,
        count: &count,
        first_time: &first_time,
        last_time: &last_time,
        flags: &flags,
    };
    let view = GraphView::new(out.view(), in_.view(), &in_edge, columns).unwrap();
    let roots: Vec<u32> = (0..N_ROOTS).map(|_| random.below(n_nodes)).collect();
    println!("{n_nodes} nodes, {} edges; us a question", view.n_edges());
    println!("| question | roots | p50 | p90 | p99 | max | nodes | M edges/s |");
    println!("|---|---|---|---|---|---|---|---|");
    for hops_max in 1..=3 {
        let plain =
            NeighborhoodOptions { hops_max, nodes_max: 10_001, ..NeighborhoodOptions::default() };
        for (name, direction) in
            [("out", Some(Direction::Forward)), ("in", Some(Direction::Backward)), ("both", None)]
        {
            let options = NeighborhoodOptions { direction, ..plain.clone() };
            bench(&format!("{hops_max} hops, {name}"), view, &roots, &options);
        }
        let top = NeighborhoodOptions { neighbors_max: 20, edges_visited_max: 100_000, ..plain };
        bench(&format!("{hops_max} hops, both, top 20, 100,000 edges"), view, &roots, &top);
        let filtered = NeighborhoodOptions {
            weight_min: 1 << 22,
            time_range: 1 << 29..=u32::MAX,
            flags_excluded: 1,
            ..top
        };
        bench(&format!("{hops_max} hops, the same with filters"), view, &roots, &filtered);
    }
    let hub = [(0..n_nodes).max_by_key(|&node| out.view().row(node).len()).unwrap(); 20];
    let top = NeighborhoodOptions { neighbors_max: 100, ..NeighborhoodOptions::default() };
    for (name, direction) in [("forward", Direction::Forward), ("backward", Direction::Backward)] {
        let options = NeighborhoodOptions { direction: Some(direction), ..top.clone() };
        bench(&format!("the largest hub, top 100, {name}"), view, &hub, &options);
    }
}

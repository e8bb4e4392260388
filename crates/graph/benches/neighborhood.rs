//! Speed of neighborhoods: `cargo bench -p tracehound-graph --bench neighborhood`. Fixed seed; 4 M nodes and 24 M
//! power-law edges unless a smaller scale (2 to the power) of nodes is given as the argument.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random ids"
)]

use std::hint::black_box;
use std::time::Instant;

use tracehound_graph::{
    Csr, Direction, EdgeColumns, GraphView, Neighborhood, NeighborhoodOptions, neighborhood,
};

const N_ROOTS: usize = 2000;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u32
    }

    /// A node whose expected degree falls with the power 2/3 of its rank.
    fn node(&mut self, n_nodes: u32) -> u32 {
        let uniform = self.next() as f64 / 2f64.powi(64);
        let rank = (f64::from(n_nodes) * uniform.powi(3)) as u64;
        (rank * 700_001 % u64::from(n_nodes)) as u32
    }
}

fn percentiles(name: &str, mut answers: Vec<(f64, Neighborhood)>) {
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].0 * 1e6;
    let edges: u64 = answers.iter().map(|(_, answer)| answer.edges_visited).sum();
    let seconds: f64 = answers.iter().map(|answer| answer.0).sum();
    let largest = answers.iter().map(|(_, answer)| answer.nodes.len()).max().unwrap();
    println!(
        "| {name:<58} | {:>6} | {:>9.1} | {:>9.1} | {:>9.1} | {:>9.1} | {largest:>8} | {:>6.1} |",
        answers.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        edges as f64 / seconds / 1e6,
    );
}

fn bench(name: &str, view: GraphView<'_>, roots: &[u32], options: &NeighborhoodOptions<'_>) {
    let mut answers = Vec::new();
    for &root in roots {
        let start = Instant::now();
        let answer = black_box(neighborhood(view, &[root], options));
        answers.push((start.elapsed().as_secs_f64(), answer));
    }
    let is_small = |answer: &Neighborhood| answer.nodes.len() <= 10_000;
    let small: Vec<_> = answers.iter().filter(|(_, answer)| is_small(answer)).cloned().collect();
    percentiles(name, answers);
    if small.len() < roots.len() && !small.is_empty() {
        percentiles(&format!("{name}, <= 10,000 nodes"), small);
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
    println!("| question | roots | p50 | p90 | p99 | max | nodes max | M edges/s |");
    println!("|---|---|---|---|---|---|---|---|");
    for hops_max in 1..=3 {
        let both = NeighborhoodOptions { hops_max, ..NeighborhoodOptions::default() };
        let out = NeighborhoodOptions { direction: Some(Direction::Forward), ..both.clone() };
        bench(&format!("{hops_max} hops, forward"), view, &roots, &out);
        let back = NeighborhoodOptions { direction: Some(Direction::Backward), ..both.clone() };
        bench(&format!("{hops_max} hops, backward"), view, &roots, &back);
        if hops_max < 3 {
            bench(&format!("{hops_max} hops, both ways"), view, &roots[..500], &both);
        }
        let top = NeighborhoodOptions { neighbors_max: 20, ..both.clone() };
        bench(&format!("{hops_max} hops, both ways, top 20"), view, &roots[..500], &top);
        let capped = NeighborhoodOptions { nodes_max: 10_000, ..top.clone() };
        bench(
            &format!("{hops_max} hops, both ways, top 20, 10,000 nodes"),
            view,
            &roots[..500],
            &capped,
        );
        let filtered = NeighborhoodOptions {
            weight_min: 1 << 22,
            time_range: 1 << 29..=u32::MAX,
            flags_excluded: 1,
            nodes_max: 10_000,
            edges_visited_max: 100_000,
            ..top
        };
        bench(
            &format!("{hops_max} hops, both ways, top 20, filters, 100,000 edges"),
            view,
            &roots[..500],
            &filtered,
        );
    }
    let hub = [(0..n_nodes).max_by_key(|&node| out.view().row(node).len()).unwrap(); 20];
    let top = NeighborhoodOptions { neighbors_max: 100, ..NeighborhoodOptions::default() };
    for (name, direction) in [("forward", Direction::Forward), ("backward", Direction::Backward)] {
        let options = NeighborhoodOptions { direction: Some(direction), ..top.clone() };
        bench(&format!("the largest hub, top 100, {name}"), view, &hub, &options);
    }
}

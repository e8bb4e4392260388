//! Speed of the streaming patterns: `cargo bench -p tracehound-graph --bench patterns`. Fixed seed, processor time; 1 M nodes, 6 M
//! power-law edges, windows of 3,600 time units.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and draws random ids"
)]
mod measure;

use measure::{Random, thread_cpu_s};
use tracehound_graph::patterns::{CycleOptions, CycleStream, EdgeOrder, FanOptions, FanStream};
use tracehound_graph::temporal::TemporalEdges;

const N_NODES: u32 = 1_000_000;
const N_EDGES: u32 = 6_000_000;
const BATCH: usize = 4096;

struct World {
    source: Vec<u32>,
    target: Vec<u32>,
    time: Vec<u32>,
    weight: Vec<u64>,
}

impl World {
    fn new(edges_a_time: u32) -> Self {
        let mut random = Random(2);
        Self {
            source: (0..N_EDGES).map(|_| random.node(N_NODES)).collect(),
            target: (0..N_EDGES).map(|_| random.node(N_NODES)).collect(),
            time: (0..N_EDGES).map(|edge| edge / edges_a_time).collect(),
            weight: (0..N_EDGES).map(|_| random.next() >> 40).collect(),
        }
    }

    /// Runs all edges through `push`, batch by batch; the seconds it took.
    fn stream(&self, mut push: impl FnMut(TemporalEdges<'_>)) -> f64 {
        let start = thread_cpu_s();
        for at in (0..self.source.len()).step_by(BATCH) {
            let range = at..self.source.len().min(at + BATCH);
            let (source, target) = (&self.source[range.clone()], &self.target[range.clone()]);
            let (time, weight) = (&self.time[range.clone()], &self.weight[range]);
            push(TemporalEdges::new(source, target, time, weight).unwrap());
        }
        thread_cpu_s() - start
    }
}

fn row(name: &str, window: usize, seconds: f64, note: &str) {
    let rate = f64::from(N_EDGES) / seconds / 1e6;
    println!("| {name:<32} | {window:>8} | {seconds:>7.2} s | {rate:>6.2} M edges/s | {note} |");
}

fn bench_cycles(world: &World, length_max: u8, edges_visited_max: u64) {
    let mut stream = CycleStream::new(CycleOptions {
        length_max,
        window: 3600,
        order: EdgeOrder::Strict,
        weight_min: 0,
        weight_ratio_ppm: None,
        edges_visited_max,
    });
    let (mut found, mut truncated, mut visited) = (0, 0, 0);
    let seconds = world.stream(|edges| {
        let cycles = stream.push(edges, |_| false).unwrap();
        found += cycles.cycles.len();
        truncated += cycles.truncated.len();
        visited += cycles.edges_visited;
    });
    let visited = visited as f64 / f64::from(N_EDGES);
    let note =
        format!("{found} cycles, {truncated} edges cut, {visited:.1} edges looked at a edge");
    row(
        &format!("cycles up to {length_max}, bound {edges_visited_max}"),
        stream.n_window(),
        seconds,
        &note,
    );
}

fn bench_fans(world: &World) {
    let options =
        FanOptions { window: 3600, edge_weight_min: 0, count_min: 10, weight_min: 1 << 24 };
    let mut stream = FanStream::new(options);
    let (mut events, mut patterns) = (0, 0);
    let seconds = world.stream(|edges| {
        let batch = stream.push(edges).unwrap();
        events += batch.events.len();
        patterns += batch.events.iter().filter(|event| event.is_gather_scatter()).count();
    });
    let note = format!("{events} events, {patterns} of them gather-scatter");
    row("fan-in and fan-out, 10 and more", stream.n_window(), seconds, &note);
}

fn main() {
    println!("| kernel | edges in the window | time | speed | |\n|---|---|---|---|---|");
    for edges_a_time in [1, 8, 64] {
        let world = World::new(edges_a_time);
        bench_fans(&world);
        // In the widest window an edge has hundreds of edges around it, and what counts is the bound.
        let bounds: &[(u8, u64)] =
            if edges_a_time < 64 { &[(3, 10_000), (4, 10_000), (6, 10_000)] } else { &[(4, 100)] };
        for &(length_max, bound) in bounds {
            bench_cycles(&world, length_max, bound);
        }
    }
}

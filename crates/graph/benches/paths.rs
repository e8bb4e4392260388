//! Speed of the path searches on a Kronecker graph (GAP: scale 20, degree 16, both ways, weights 1 to 255) and on a
//! power law (1.05 M nodes, 6 M edges): `cargo bench -p tracehound-graph --bench paths`. Fixed seeds.
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
use tracehound_graph::paths::{
    PathOptions, k_shortest_paths, predecessors, shortest_path, shortest_path_lengths, widest_path,
    widest_path_widths,
};
use tracehound_graph::{Csr, EdgeColumns, GraphView};

const N_PAIRS: usize = 100;

impl Random {
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

struct Arrays {
    name: &'static str,
    n_nodes: u32,
    out: Csr,
    in_: Csr,
    in_edge: Vec<u32>,
    weight: Vec<u64>,
    zeros: Vec<u32>,
    flags: Vec<u8>,
}

impl Arrays {
    fn build(
        name: &'static str,
        n_nodes: u32,
        mut ends: Vec<(u32, u32)>,
        random: &mut Random,
    ) -> Self {
        ends.sort_unstable();
        ends.dedup();
        let (source, target): (Vec<u32>, Vec<u32>) = ends.into_iter().unzip();
        let out = Csr::from_pairs(n_nodes, &source, &target).unwrap();
        let in_ = Csr::from_pairs(n_nodes, &target, &source).unwrap();
        let (_, in_edge) = Csr::from_keys(n_nodes, &target).unwrap().into_parts();
        let weight = source.iter().map(|_| u64::from(random.below(255)) + 1).collect();
        let (zeros, flags) = (vec![0; source.len()], vec![0; source.len()]);
        Self { name, n_nodes, out, in_, in_edge, weight, zeros, flags }
    }

    fn view(&self) -> GraphView<'_> {
        let columns = EdgeColumns {
            weight: &self.weight,
            count: &self.zeros,
            first_time: &self.zeros,
            last_time: &self.zeros,
            flags: &self.flags,
        };
        GraphView::new(self.out.view(), self.in_.view(), &self.in_edge, columns).unwrap()
    }
}

fn kronecker(scale: u32) -> Arrays {
    let mut random = Random(1);
    let n_nodes = 1u32 << scale;
    let mut order: Vec<u32> = (0..n_nodes).collect();
    for at in (1..n_nodes).rev() {
        order.swap(at as usize, random.below(at + 1) as usize);
    }
    let mut ends = Vec::new();
    for _ in 0..16u64 << scale {
        let (mut source, mut target) = (0, 0);
        for _ in 0..scale {
            let part = random.unit();
            source = source << 1 | usize::from(part >= 0.76);
            target = target << 1 | usize::from((0.57..0.76).contains(&part) || part >= 0.95);
        }
        let (source, target) = (order[source], order[target]);
        if source != target {
            ends.extend([(source, target), (target, source)]);
        }
    }
    Arrays::build("kron20", n_nodes, ends, &mut random)
}

fn power_law() -> Arrays {
    let mut random = Random(2);
    let n_nodes = 1_050_000u32;
    let node = |random: &mut Random| {
        let rank = (f64::from(n_nodes) * random.unit().powi(3)) as u64;
        (rank * 700_001 % u64::from(n_nodes)) as u32
    };
    let ends = (0..6_000_000).map(|_| (node(&mut random), node(&mut random))).collect();
    Arrays::build("tx20", n_nodes, ends, &mut Random(3))
}

/// CPU seconds of all threads that live; wall seconds where the system does not say. On a machine that others use,
/// only the former can be compared.
fn cpu_seconds(start: Instant) -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return start.elapsed().as_secs_f64();
    };
    let times = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e9
}

/// CPU seconds of this thread.
fn own_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Wall and CPU seconds.
fn seconds<T>(work: impl FnOnce() -> T) -> ([f64; 2], T) {
    let start = Instant::now();
    let cpu = cpu_seconds(start);
    let begun = Instant::now();
    let result = black_box(work());
    let wall = begun.elapsed().as_secs_f64();
    ([wall, cpu_seconds(start) - cpu], result)
}

/// The medians of five runs in a pool of `n_threads`.
fn whole<T: Send>(name: &str, n_threads: usize, work: impl Fn() -> T + Sync) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    let times: Vec<[f64; 2]> = (0..5).map(|_| pool.install(|| seconds(&work).0)).collect();
    let median = |which: usize| {
        let mut times: Vec<f64> = times.iter().map(|both| both[which]).collect();
        times.sort_by(f64::total_cmp);
        times[2]
    };
    println!("| {name:<40} | {n_threads} | CPU {:.3} s | wall {:.3} s |", median(1), median(0));
}

/// Percentiles over pairs of random nodes that have edges.
fn pairs(name: &str, arrays: &Arrays, n_pairs: usize, ask: impl Fn(u32, u32) -> (u64, bool)) {
    let mut random = Random(7);
    let out = arrays.out.view();
    let (mut times, mut visited, mut found) = (Vec::new(), 0, 0);
    let cpu = own_cpu_seconds();
    for _ in 0..n_pairs {
        let mut node = || loop {
            let node = random.below(arrays.n_nodes);
            if !out.row(node).is_empty() {
                return node;
            }
        };
        let (source, target) = (node(), node());
        let ([wall, _], (edges, is_found)) = seconds(|| ask(source, target));
        times.push(wall * 1e3);
        visited += edges;
        found += u32::from(is_found);
    }
    times.sort_by(f64::total_cmp);
    let [p50, p99] = [50, 99].map(|percent| times[(n_pairs * percent / 100).min(n_pairs - 1)]);
    let edges = visited / n_pairs as u64;
    let note = format!("{found} of {n_pairs} found, {edges} edges each");
    let cpu = (own_cpu_seconds() - cpu) * 1e3 / n_pairs as f64;
    println!(
        "| {name:<40} | 1 | CPU mean {cpu:.2} ms | wall p50 {p50:.2} ms, p99 {p99:.2} ms; {note} |"
    );
}

fn bench(arrays: &Arrays) {
    let graph = arrays.view();
    let (name, n_nodes) = (arrays.name, arrays.n_nodes);
    let by_hops = PathOptions::default();
    let by_length = PathOptions { lengths: Some(&arrays.weight), ..PathOptions::default() };
    println!("| {name}: {n_nodes} nodes, {} edges | | | |", graph.n_edges());
    // A node that is in the large part: the target of the first edge.
    let source = arrays.out.view().items()[0];
    for n_threads in [1, 2] {
        let lengths = |_: ()| {
            shortest_path_lengths(&graph, &[source], &by_length_of(&arrays.weight)).unwrap()
        };
        whole(&format!("{name} shortest_path_lengths"), n_threads, || lengths(()));
        whole(&format!("{name} widest_path_widths"), n_threads, || {
            widest_path_widths(&graph, &[source], &PathOptions::default()).unwrap()
        });
        let found = lengths(());
        whole(&format!("{name} predecessors"), n_threads, || {
            predecessors(&graph, &[source], &found.lengths, &by_length_of(&arrays.weight)).unwrap()
        });
    }
    let first =
        |answer: tracehound_graph::paths::PathAnswer| (answer.edges_visited, answer.path.is_some());
    pairs(&format!("{name} shortest_path, hops"), arrays, N_PAIRS, |source, target| {
        first(shortest_path(&graph, &[source], &[target], &by_hops).unwrap())
    });
    pairs(&format!("{name} shortest_path, length"), arrays, N_PAIRS, |source, target| {
        first(shortest_path(&graph, &[source], &[target], &by_length).unwrap())
    });
    pairs(&format!("{name} widest_path"), arrays, N_PAIRS, |source, target| {
        first(widest_path(&graph, &[source], &[target], &by_hops).unwrap())
    });
    for (how, options) in [("hops", &by_hops), ("length", &by_length)] {
        pairs(
            &format!("{name} k_shortest_paths, k = 5, {how}"),
            arrays,
            N_PAIRS / 4,
            |source, target| {
                let answer = k_shortest_paths(&graph, source, target, 5, options).unwrap();
                (answer.edges_visited, answer.paths.len() == 5)
            },
        );
    }
}

fn by_length_of(lengths: &[u64]) -> PathOptions<'_> {
    PathOptions { lengths: Some(lengths), ..PathOptions::default() }
}

fn main() {
    println!("| kernel | threads | median of 5 | |\n|---|---|---|---|");
    bench(&kronecker(20));
    bench(&power_law());
}

//! Speed of the breadth-first kernels, as a table: `cargo bench -p tracehound-graph --bench hops -- [graph ...]` with
//! graphs out of `kron20` (GAP's Kronecker graph of scale 20, symmetrised), `tx20` and `tx22` (directed power law,
//! six edges a node), all from fixed seeds. Medians of wall time, the smallest, and where it says so the mean time on
//! the core, which other programs disturb less.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and its arguments, and draws random ids"
)]

mod measure;

use std::hint::black_box;
use std::time::Instant;

use measure::Random;
use tracehound_graph::{
    AppendedRows, Csr, CsrView, Direction, EdgeEnds, HopChanges, HopDistance, HopOptions,
    WithinOptions, WithinScratch, bfs, bfs_levels, hop_distance, nearest_sources, reach_sets,
    within_hops,
};

const N_QUERIES: u32 = 2000;

impl Random {
    fn uniform(&mut self) -> f64 {
        self.next() as f64 / 2f64.powi(64)
    }
}

struct Net {
    name: String,
    n_nodes: u32,
    /// In order of arrival, with repeats.
    source: Vec<u32>,
    target: Vec<u32>,
    out: Csr,
    in_: Csr,
}

impl Net {
    fn new(name: &str, n_nodes: u32, source: Vec<u32>, target: Vec<u32>) -> Self {
        // Turning the rows round twice sorts them.
        let turned = |rows: CsrView<'_>| {
            let (mut keys, mut items) = (Vec::new(), Vec::new());
            for row in 0..n_nodes {
                let mut last = None;
                for &item in rows.row(row) {
                    if last != Some(item) {
                        keys.push(item);
                        items.push(row);
                    }
                    last = Some(item);
                }
            }
            Csr::from_pairs(n_nodes, &keys, &items).unwrap()
        };
        let in_ = turned(Csr::from_pairs(n_nodes, &source, &target).unwrap().view());
        let out = turned(in_.view());
        let in_ = turned(out.view());
        Self { name: name.to_owned(), n_nodes, source, target, out, in_ }
    }

    fn kron(scale: u32) -> Self {
        let (n_nodes, mut random) = (1u32 << scale, Random(7));
        let mut names: Vec<u32> = (0..n_nodes).collect();
        for at in (1..n_nodes).rev() {
            names.swap(at as usize, random.below(at + 1) as usize);
        }
        let (mut source, mut target) = (Vec::new(), Vec::new());
        for _ in 0..16 * n_nodes {
            let (mut from, mut to) = (0u32, 0u32);
            for _ in 0..scale {
                let uniform = random.uniform();
                let quadrant = u32::from(uniform >= 0.57)
                    + u32::from(uniform >= 0.76)
                    + u32::from(uniform >= 0.95);
                (from, to) = (2 * from + quadrant / 2, 2 * to + quadrant % 2);
            }
            if from != to {
                let (from, to) = (names[from as usize], names[to as usize]);
                source.extend([from, to]);
                target.extend([to, from]);
            }
        }
        Self::new(&format!("kron{scale}"), n_nodes, source, target)
    }

    /// Directed, a power law each way by preferential attachment (Simon 1955); ids in order of first appearance.
    fn tx(scale: u32) -> Self {
        let (n_nodes, mut random) = (1u32 << scale, Random(2));
        let n_edges = 6_000_000u32 << (scale - 20);
        let mut ends: [Vec<u32>; 2] = [Vec::new(), Vec::new()];
        let (mut n_known, mut slots_left) = (0u32, 2 * n_edges);
        for edge in 0..n_edges {
            for ends in &mut ends {
                let is_new = random.below(slots_left) < n_nodes - n_known;
                slots_left -= 1;
                ends.push(if is_new || n_known == 0 {
                    n_known += 1;
                    n_known - 1
                } else if edge > 0 && random.below(4) > 0 {
                    ends[random.below(edge) as usize]
                } else {
                    random.below(n_known)
                });
            }
        }
        let [source, target] = ends;
        Self::new(&format!("tx{scale}"), n_nodes, source, target)
    }

    /// Nodes that can be left.
    fn picks(&self, seed: u64) -> impl Iterator<Item = u32> + '_ {
        let mut random = Random(seed);
        let nodes = std::iter::repeat_with(move || random.below(self.n_nodes));
        nodes.filter(|&node| !self.out.view().row(node).is_empty())
    }
}

fn whole_row(
    graph: &str,
    kernel: &str,
    threads: usize,
    seconds: (Vec<f64>, f64),
    edges: f64,
    note: &str,
) {
    let note = format!("{:.1} ms on the core; {note}", seconds.1 * 1e3);
    row(graph, kernel, threads, seconds.0, edges, &note);
}

fn row(graph: &str, kernel: &str, threads: usize, mut seconds: Vec<f64>, edges: f64, note: &str) {
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!(
        "| {graph:6} | {kernel:44} | {threads} | {:9.3} | {:9.3} | {:7.0} | {note} |",
        median * 1e3,
        seconds[0] * 1e3,
        edges / median / 1e6
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = black_box(work());
    (start.elapsed().as_secs_f64(), result)
}

/// What this thread has spent on a core, in seconds; where the system does not say, 0.
fn core_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Wall times, and the mean time on the core of the first of the threads.
fn repeated<T: Send>(
    threads: usize,
    n: usize,
    work: impl Fn(usize) -> T + Sync,
) -> (Vec<f64>, f64) {
    pool(threads).install(|| {
        let start = core_seconds();
        let walls = (0..n).map(|at| timed(|| work(at)).0).collect();
        (walls, (core_seconds() - start) / n as f64)
    })
}

fn bench_whole(net: &Net, threads: usize) {
    let (out, in_) = (net.out.view(), net.in_.view());
    let edges = out.n_items() as f64;
    let starts: Vec<u32> = net.picks(3).take(16).collect();
    let reached = bfs(out, in_, starts[0]).unwrap();
    let n_reached = reached.hops.iter().filter(|&&hops| hops != u32::MAX).count();
    let note = format!("{n_reached} of {} nodes reached", net.n_nodes);
    let seconds = repeated(threads, 48, |at| bfs(out, in_, starts[at % 16]).unwrap());
    whole_row(&net.name, "bfs: parents and hops", threads, seconds, edges, &note);
    let seconds = repeated(threads, 48, |at| bfs_levels(out, in_, starts[at % 16]).unwrap());
    whole_row(&net.name, "bfs_levels", threads, seconds, edges, "");
    let options = HopOptions::default();
    for share in [1000, 100] {
        let sources: Vec<u32> = net.picks(5).take((net.n_nodes / share) as usize).collect();
        for direction in [Direction::Forward, Direction::Backward] {
            let seconds = repeated(threads, 9, |_| {
                hop_distance(out, in_, &sources, direction, &options).unwrap()
            });
            let name = format!("hop_distance: 1 in {share}, {direction:?}");
            whole_row(&net.name, &name, threads, seconds, edges, "");
        }
    }
    let sources: Vec<u32> = net.picks(5).take((net.n_nodes / 1000) as usize).collect();
    let column = hop_distance(out, in_, &sources, Direction::Forward, &options).unwrap();
    let seconds = repeated(threads, 5, |_| {
        nearest_sources(out, in_, &column.hops, Direction::Forward, None).unwrap()
    });
    whole_row(&net.name, "nearest_sources: 1 in 1000", threads, seconds, edges, "");
    let categories: Vec<u64> = sources.iter().map(|&source| 1 << (source % 8)).collect();
    let options = HopOptions { hops_max: 5, ..options };
    let seconds = repeated(threads, 3, |_| {
        reach_sets(out, in_, &sources, &categories, Direction::Forward, &options).unwrap()
    });
    whole_row(&net.name, "reach_sets: 8 categories, 5 hops", threads, seconds, edges, "");
}

/// The edges after the first ones, in order of arrival, in batches; times on the core but for those of a batch.
fn bench_additions(net: &Net, batch: usize, first: usize) {
    let options = HopOptions::default();
    let sources: Vec<u32> = net.picks(5).take((net.n_nodes / 1000) as usize).collect();
    let base = |keys, items| Csr::from_pairs(net.n_nodes, keys, items).unwrap();
    let out = base(&net.source[..first], &net.target[..first]);
    let in_ = base(&net.target[..first], &net.source[..first]);
    let mut distance =
        HopDistance::from_rows(out.view(), in_.view(), &sources, Direction::Forward, &options)
            .unwrap();
    let batches = || net.source[first..].chunks(batch).zip(net.target[first..].chunks(batch));
    let append = |rows: &mut AppendedRows, source: &[u32], target: &[u32]| {
        rows.extend(source, target).unwrap();
    };
    let start = core_seconds();
    let mut rows = AppendedRows::new(net.n_nodes);
    batches().for_each(|(source, target)| append(&mut rows, source, target));
    let appending = core_seconds() - start;
    drop(rows);
    let start = core_seconds();
    let mut rows = AppendedRows::new(net.n_nodes);
    let mut repairing = Vec::new();
    for (source, target) in batches() {
        append(&mut rows, source, target);
        let next = |node| out.view().row(node).iter().copied().chain(rows.row(node));
        let edges = EdgeEnds { source, target };
        repairing.push(timed(|| distance.add_edges(edges, next).unwrap()).0);
    }
    let total = core_seconds() - start - appending;
    let expected =
        hop_distance(net.out.view(), net.in_.view(), &sources, Direction::Forward, &options);
    assert!(distance.hops() == expected.unwrap().hops, "repair differs from the whole");
    let n_edges = (net.source.len() - first) as f64;
    repairing.sort_by(f64::total_cmp);
    let note = format!(
        "{:.1} M edges/s with the rows' appending ({:.0} ms); a batch p50 {:.1} us, p99 {:.1} us",
        n_edges / (total + appending) / 1e6,
        appending * 1e3,
        repairing[repairing.len() / 2] * 1e6,
        repairing[repairing.len() * 99 / 100] * 1e6
    );
    let percent = 100 - 100 * first / net.source.len();
    let name = format!("add_edges: the last {percent} %, by {batch}");
    row(&net.name, &name, 1, vec![total], n_edges, &note);
}

fn bench_removals(net: &Net) {
    let (out, in_) = (net.out.view(), net.in_.view());
    let options = HopOptions::default();
    let sources: Vec<u32> = net.picks(5).take((net.n_nodes / 1000) as usize).collect();
    let mut distance =
        HopDistance::from_rows(out, in_, &sources, Direction::Forward, &options).unwrap();
    let next = |node| out.row(node).iter().copied();
    let previous = |node| in_.row(node).iter().copied();
    let (mut removing, mut adding) = (Vec::new(), Vec::new());
    for source in sources.chunks(1) {
        let changes = HopChanges { sources_removed: source, ..HopChanges::default() };
        removing.push(timed(|| distance.apply(&changes, next, previous).unwrap()).0);
        let changes = HopChanges { sources_added: source, ..HopChanges::default() };
        adding.push(timed(|| distance.apply(&changes, next, previous).unwrap()).0);
    }
    for (name, mut seconds) in [("removed", removing), ("added", adding)] {
        seconds.sort_by(f64::total_cmp);
        let p99 = seconds[seconds.len() * 99 / 100] * 1e6;
        let note = format!("p50 {:.1} us, p99 {p99:.1} us", seconds[seconds.len() / 2] * 1e6);
        row(&net.name, &format!("apply: one source {name}"), 1, seconds, 0.0, &note);
    }
}

fn bench_queries(net: &Net) {
    let out = net.out.view();
    for share in [100, 1000] {
        let mut flagged = vec![false; net.n_nodes as usize];
        net.picks(5)
            .take((net.n_nodes / share) as usize)
            .for_each(|node| flagged[node as usize] = true);
        for hops_max in [1, 2, 3, 5] {
            let options = WithinOptions { hops_max, edges_visited_max: 1_000_000 };
            let mut scratch = WithinScratch::new();
            let (mut seconds, mut edges, mut found) = (Vec::new(), 0, 0);
            for source in net.picks(9).take(N_QUERIES as usize) {
                let (elapsed, answer) = timed(|| {
                    let row = |node| out.row(node).iter().copied();
                    let is_flagged = |node: u32| flagged[node as usize];
                    within_hops(
                        net.n_nodes,
                        row,
                        source,
                        is_flagged,
                        |_| true,
                        &options,
                        &mut scratch,
                    )
                });
                seconds.push(elapsed);
                edges += answer.edges_visited;
                found += u32::from(answer.path.is_some());
            }
            seconds.sort_by(f64::total_cmp);
            let note = format!(
                "p50 {:.1} us, p99 {:.1} us, max {:.1} us; {found} of {N_QUERIES} found, {} edges each",
                seconds[seconds.len() / 2] * 1e6,
                seconds[seconds.len() * 99 / 100] * 1e6,
                seconds[seconds.len() - 1] * 1e6,
                edges / u64::from(N_QUERIES)
            );
            let name = format!("within_hops: {hops_max} hops, 1 in {share} flagged");
            row(&net.name, &name, 1, seconds, edges as f64 / f64::from(N_QUERIES), &note);
        }
    }
}

fn main() {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    let is_asked = |name: &str| names.is_empty() || names.iter().any(|asked| asked == name);
    println!("| graph | kernel | threads | median ms | least ms | M edges/s | |");
    println!("|---|---|---|---|---|---|---|");
    for name in ["kron20", "tx20", "tx22"].into_iter().filter(|name| is_asked(name)) {
        let net = match name {
            "kron20" => Net::kron(20),
            "tx20" => Net::tx(20),
            _ => Net::tx(22),
        };
        for threads in [1, 2] {
            bench_whole(&net, threads);
        }
        if net.name.starts_with("tx") {
            for first in [net.source.len() / 10 * 9, net.source.len() / 2, 0] {
                for batch in [1000, 100_000] {
                    bench_additions(&net, batch, first);
                }
            }
            bench_removals(&net);
            bench_queries(&net);
        }
    }
}

//! Speed of the ways to connected components, as a table: `cargo bench -p tracehound-graph --bench components`.
//! `tx22`: 4 M nodes, 24 M edges, power law, shuffled; `kron20`: Kronecker as in the GAP suite, 1 M nodes, 16 M edges,
//! symmetrised. A fixed seed. The best and the median of several runs, since the machine may be shared; CPU is the
//! mean, of all threads together.
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
    Components, ConcurrentComponents, Csr, ReversibleComponents, TrackedComponents,
    connected_components, connected_components_of_edges,
};

const N_NODES: u32 = 1 << 22;
const N_EDGES: u32 = 24_000_000;
const N_RUNS: usize = 7;
const BATCH: usize = 1000;

impl Random {
    /// An edge of a Kronecker graph: A 0.57, B 0.19, C 0.19. Ids are scrambled by an odd factor.
    fn kronecker(&mut self, scale: u32) -> (u32, u32) {
        let (mut source, mut target) = (0u32, 0u32);
        for _ in 0..scale {
            let draw = self.next() as f64 / 2f64.powi(64);
            let (down, right) = (draw >= 0.76, (0.57..0.76).contains(&draw) || draw >= 0.95);
            (source, target) = (source << 1 | u32::from(down), target << 1 | u32::from(right));
        }
        let scramble = |node: u32| node.wrapping_mul(0x9E37_79B1) & ((1 << scale) - 1);
        (scramble(source), scramble(target))
    }
}

/// Time on a CPU so far, of all threads, those that have ended too; in ticks of 10 ms.
fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(") ").next().unwrap().split(' ');
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Runs `work` on what `prepare` makes, which is not timed, and prints the row.
fn measure<S, T>(name: &str, count: f64, prepare: impl Fn() -> S, work: impl Fn(&mut S) -> T) {
    let mut runs: Vec<(f64, f64)> = (0..N_RUNS)
        .map(|_| {
            let mut state = prepare();
            let (cpu, start) = (cpu_s(), Instant::now());
            black_box(work(&mut state));
            let wall = start.elapsed().as_secs_f64();
            (wall, cpu_s() - cpu)
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (best, median) = (runs[0].0, runs[N_RUNS / 2].0);
    let cpu = runs.iter().map(|run| run.1).sum::<f64>() / N_RUNS as f64;
    let million = count / 1e6;
    let (by_wall, by_cpu) = (million / best, million / cpu);
    println!("| {name:<44} | {best:.4} | {median:.4} | {cpu:.4} | {by_wall:6.1} | {by_cpu:6.1} |");
}

fn symmetric(n_nodes: u32, source: &[u32], target: &[u32]) -> Csr {
    Csr::from_pairs(n_nodes, &[source, target].concat(), &[target, source].concat()).unwrap()
}

fn bench_static(graph: &str, n_nodes: u32, source: &[u32], target: &[u32]) {
    let n_edges = source.len() as f64;
    let both = symmetric(n_nodes, source, target);
    let out = Csr::from_pairs(n_nodes, source, target).unwrap();
    let in_ = Csr::from_pairs(n_nodes, target, source).unwrap();
    for n_threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let name = |what: &str| format!("{graph}: {what}, {n_threads} threads");
        pool.install(|| {
            let rows = |_: &mut ()| connected_components(both.view(), None);
            measure(&name("rows, symmetric"), n_edges, || (), rows);
            let rows = |_: &mut ()| connected_components(out.view(), Some(in_.view()));
            measure(&name("rows, directed"), n_edges, || (), rows);
            let edges =
                |_: &mut ()| connected_components_of_edges(n_nodes, source, target).unwrap();
            measure(&name("edges"), n_edges, || (), edges);
        });
    }
}

fn bench_incremental(a: &[u32], b: &[u32]) {
    let n_links = a.len() as f64;
    let plain = || Components::new(N_NODES);
    measure("tx22: Components::link one by one", n_links, plain, |components| {
        a.iter().zip(b).filter(|&(&a, &b)| components.link(a, b)).count()
    });
    measure("tx22: Components::link_batch, one batch", n_links, plain, |components| {
        components.link_batch(a, b)
    });
    measure("tx22: Components::link_batch of 1000", n_links, plain, |components| {
        let batches = a.chunks(BATCH).zip(b.chunks(BATCH));
        batches.map(|(a, b)| components.link_batch(a, b)).sum::<usize>()
    });
    let tracked = || TrackedComponents::new(N_NODES);
    measure("tx22: TrackedComponents::link_batch", n_links, tracked, |components| {
        components.link_batch(0, a, b).unwrap()
    });
    let shared = || ConcurrentComponents::new(N_NODES);
    measure("tx22: ConcurrentComponents::link, 1 thread", n_links, shared, |components| {
        a.iter().zip(b).filter(|&(&a, &b)| components.link(a, b)).count()
    });
    let halves = [0, a.len() / 2, a.len()];
    measure("tx22: ConcurrentComponents::link, 2 threads", n_links, shared, |components| {
        std::thread::scope(|scope| {
            for part in halves.windows(2).map(|cut| cut[0]..cut[1]) {
                let (a, b, components) = (&a[part.clone()], &b[part], &*components);
                scope.spawn(move || {
                    a.iter().zip(b).filter(|&(&a, &b)| components.link(a, b)).count()
                });
            }
        });
    });
    let linked = || {
        let mut components = plain();
        components.link_batch(a, b);
        components
    };
    measure("tx22: Components::labels", f64::from(N_NODES), linked, |components| {
        components.labels()
    });
    measure("tx22: Components::members", f64::from(N_NODES), linked, |components| {
        components.members()
    });
}

fn print_quantiles(name: &str, mut micros: Vec<f64>) {
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[((micros.len() - 1) as f64 * share) as usize];
    let (p50, p99) = (at(0.5), at(0.99));
    println!("{name}: p50 {p50:.2} us, p99 {p99:.2} us, max {:.0} us", at(1.0));
}

/// The last 4 M links in batches of 1,000, into what the first 20 M have made.
fn bench_batches(a: &[u32], b: &[u32]) {
    let split = a.len() - 4_000_000;
    let ((old_a, new_a), (old_b, new_b)) = (a.split_at(split), b.split_at(split));
    let batches = || new_a.chunks(BATCH).zip(new_b.chunks(BATCH));
    let mut plain = Components::new(N_NODES);
    plain.link_batch(old_a, old_b);
    let mut tracked = TrackedComponents::new(N_NODES);
    tracked.link_batch(0, old_a, old_b).unwrap();
    let mut reversible = ReversibleComponents::new(tracked.clone(), 0);
    let micros = |work: &mut dyn FnMut(&[u32], &[u32])| {
        let timed = batches().map(|(a, b)| {
            let start = Instant::now();
            work(a, b);
            start.elapsed().as_secs_f64() * 1e6
        });
        timed.collect::<Vec<f64>>()
    };
    let times = micros(&mut |a, b| {
        black_box(plain.link_batch(a, b));
    });
    print_quantiles("batch of 1000, Components", times);
    let times = micros(&mut |a, b| {
        black_box(tracked.link_batch(tracked.link_next(), a, b).unwrap());
    });
    print_quantiles("batch of 1000, TrackedComponents", times);
    let mut height = 0;
    let times = micros(&mut |a, b| {
        height += 1;
        let first = reversible.components().link_next();
        black_box(reversible.apply(height, N_NODES, first, a, b).unwrap());
    });
    print_quantiles("batch of 1000 as a height, ReversibleComponents", times);
    let mut times = Vec::new();
    for back in (1..=height).rev() {
        let start = Instant::now();
        reversible.unwind(back).unwrap();
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    print_quantiles("unwind of one height of 1000", times);
    bench_evidence(&tracked, a, b);
}

fn bench_evidence(tracked: &TrackedComponents, a: &[u32], b: &[u32]) {
    let mut random = Random(5);
    let (mut micros, mut n_links) = (Vec::new(), 0);
    for _ in 0..10_000 {
        let (from, to) = (random.node(N_NODES), random.node(N_NODES));
        let start = Instant::now();
        let path = tracked.join_path(from, to, |link| (a[link as usize], b[link as usize]));
        micros.push(start.elapsed().as_secs_f64() * 1e6);
        n_links += path.unwrap().map_or(0, |path| path.len());
    }
    print_quantiles("join_path of two random nodes", micros);
    println!("  on average {} links a path", n_links / 10_000);
    // A link that holds a small component together is taken away; then one of the largest.
    let rows = Csr::from_ends(N_NODES, a, b).unwrap();
    for size in [2, 3, tracked.size(tracked.label(a[0]))] {
        let Some(node) = (0..N_NODES).find(|&node| tracked.size(node) == size) else { continue };
        let link =
            tracked.members(node).into_iter().find_map(|node| tracked.joined_by(node)).unwrap();
        let ends_of = |link: u32| (a[link as usize], b[link as usize]);
        let links_of = |node: u32, out: &mut Vec<u32>| out.extend(rows.view().row(node));
        let mut components = tracked.clone();
        let start = Instant::now();
        components.remove_links(&[link], ends_of, links_of).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        println!("removal of a link from a component of {size}: {:.1} us", seconds * 1e6);
    }
}

fn main() {
    let mut random = Random(2);
    let source: Vec<u32> = (0..N_EDGES).map(|_| random.node(N_NODES)).collect();
    let target: Vec<u32> = (0..N_EDGES).map(|_| random.node(N_NODES)).collect();
    println!("| what | best s | median s | CPU s | M/s | M/s of CPU |\n|---|---|---|---|---|---|");
    bench_incremental(&source, &target);
    bench_static("tx22", N_NODES, &source, &target);
    let (a, b): (Vec<u32>, Vec<u32>) = (0..1 << 24).map(|_| random.kronecker(20)).unzip();
    bench_static("kron20", 1 << 20, &a, &b);
    println!();
    bench_batches(&source, &target);
}

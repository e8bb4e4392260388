//! Building, compacting and reading through a delta, as a table: `cargo bench -p tracehound-graph --bench build`.
//! With `-- external [MILLIONS] [MIB]` only the build within a bound, so that the process's peak memory is its own.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock, writes scratch files and draws random ids"
)]

mod measure;

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io;
use std::time::Instant;

use measure::Random;
use tracehound_graph::{
    BuildOptions, Csr, DeltaGraph, Direction, EdgeBatch, ExternalBuilder, Graph, GraphChunk,
    Overlay,
};

const N_NODES: u32 = 1 << 20;
const N_EDGES: u32 = 6_000_000;

/// User and system seconds of all threads so far.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// The median of three runs.
fn row<T>(name: &str, count: f64, unit: &str, work: impl Fn() -> T) -> T {
    let mut times = Vec::new();
    let mut result = None;
    for _ in 0..3 {
        drop(result.take());
        let (start, cpu) = (Instant::now(), cpu_s());
        result = Some(black_box(work()));
        times.push((cpu_s() - cpu, start.elapsed().as_secs_f64()));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (cpu, wall) = times[1];
    println!("| {name:<38} | {cpu:>8.3} | {wall:>8.3} | {:>8.1} {unit} |", count / cpu);
    result.unwrap()
}

struct Columns {
    source: Vec<u32>,
    target: Vec<u32>,
    weight: Vec<u64>,
    time: Vec<u32>,
    flags: Vec<u8>,
}

impl Columns {
    fn draw(n: u32, seed: u64) -> Self {
        let mut random = Random(seed);
        Self {
            source: (0..n).map(|_| random.node(N_NODES)).collect(),
            target: (0..n).map(|_| random.node(N_NODES)).collect(),
            weight: (0..n).map(|_| random.next() >> 40).collect(),
            time: (0..n).collect(),
            flags: (0..n).map(|_| (random.next() & 3) as u8).collect(),
        }
    }

    fn batch(&self) -> EdgeBatch<'_> {
        EdgeBatch::new(&self.source, &self.target, &self.weight, &self.time, &self.flags).unwrap()
    }
}

fn scratch() -> io::Result<File> {
    let name = format!("tracehound-bench-{}.scratch", std::process::id());
    let path = std::env::temp_dir().join(name);
    let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).clone();
    let file = options.open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn external(n_edges: u32, memory_max_bytes: usize) {
    let before = peak_mib();
    let (start, cpu) = (Instant::now(), cpu_s());
    let options = BuildOptions::default();
    let mut builder = ExternalBuilder::new(N_NODES, options, memory_max_bytes, scratch);
    const BATCH: u32 = 1 << 16;
    for batch in 0..n_edges.div_ceil(BATCH) {
        let columns = Columns::draw(BATCH.min(n_edges - batch * BATCH), batch.into());
        builder.push(&columns.batch()).unwrap();
    }
    let mut weight = 0u64;
    let mut sink = |chunk: GraphChunk<'_>| {
        if let GraphChunk::Edges { columns, .. } = chunk {
            weight += columns.weight.iter().sum::<u64>();
        }
        Ok(())
    };
    let summary = builder.finish(&mut sink).unwrap();
    let (cpu, wall) = (cpu_s() - cpu, start.elapsed().as_secs_f64());
    println!(
        "external: {n_edges} edges, bound {} MiB: {cpu:.2} s CPU, {wall:.2} s, drawing included",
        memory_max_bytes >> 20
    );
    println!("peak {} MiB, of which {before} before it; {summary:?}, weight {weight}", peak_mib());
}

/// Reads the rows of nodes drawn alike; how many edges that were.
fn read(delta: &DeltaGraph) -> u64 {
    let mut random = Random(9);
    let (mut n, mut sum) = (0, 0);
    for _ in 0..1_000_000 {
        let node = (random.next() % u64::from(N_NODES)) as u32;
        for edge in delta.edges_of(node, Direction::Forward) {
            n += 1;
            sum += edge.weight;
        }
    }
    black_box(sum);
    n
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if arguments.first().is_some_and(|argument| argument == "external") {
        let number = |at: usize, or| arguments.get(at).map_or(or, |text| text.parse().unwrap());
        external(number(1, 30) as u32 * 1_000_000, number(2, 64) << 20);
        return;
    }
    println!("{N_NODES} nodes, {N_EDGES} edges, {} threads", rayon::current_num_threads());
    println!("| {:<38} | {:>8} | {:>8} | speed |", "work", "CPU s", "wall s");
    let columns = Columns::draw(N_EDGES, 2);
    let options = BuildOptions::default();
    let symmetric = BuildOptions { symmetric: true, ..options };
    let n = f64::from(N_EDGES) / 1e6;
    let simple = |options| Csr::simple(N_NODES, &columns.source, &columns.target, options).unwrap();
    let out = row("Csr::simple, out only", n, "M edges/s", || simple(options));
    row("CsrView::transposed", n, "M edges/s", || out.view().transposed().unwrap());
    row("Csr::simple, symmetric", n, "M edges/s", || simple(symmetric));
    row("Csr::from_keys", n, "M edges/s", || Csr::from_keys(N_NODES, &columns.source).unwrap());
    let graph = row("Graph::from_edges, columns, both ways", n, "M edges/s", || {
        Graph::from_edges(N_NODES, &columns.batch(), options).unwrap()
    });
    row("GraphView::validate", n, "M edges/s", || graph.view().validate().unwrap());
    delta(graph);
}

fn delta(graph: Graph) {
    let options = BuildOptions::default();
    let mut overlay = Overlay::new(graph, Some(0), options);
    let n = row("read 1 M rows: base alone", 1.0, "M rows/s", || read(&overlay.open()));
    println!("  {n} edges");
    let (cpu, mut worst) = (cpu_s(), 0f64);
    let mut height = 0;
    for _ in 0..600 {
        let batch = Columns::draw(1000, height + 77);
        let pushed = Instant::now();
        height += 1;
        overlay.push(height, N_NODES, &batch.batch()).unwrap();
        worst = worst.max(pushed.elapsed().as_secs_f64());
    }
    println!(
        "600 batches of 1000, drawing included: {:.2} ms CPU each, worst {:.1} ms wall; {} rows in the delta",
        (cpu_s() - cpu) / 0.6,
        worst * 1e3,
        overlay.delta_len()
    );
    let n = row("read 1 M rows: 10 % in the delta", 1.0, "M rows/s", || read(&overlay.open()));
    println!("  {n} edges");
    let n = f64::from(N_EDGES) / 1e6;
    row("compact", n, "M edges/s", || overlay.open().compact().unwrap());
}

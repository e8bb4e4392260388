//! The graph kernels side by side with what people use otherwise, in one run on the same graphs: `graph`.
//!
//! In: which graphs, kernels, threads and peers. Out: for each kernel, graph and number of threads our time, the best
//! peer's, and every peer's, as JSON lines or as a table; what is missing is named. A result that contradicts
//! another ends the program with an error: a wrong kernel cannot look fast.
//! Method: one process a contender and number of threads, pinned to as many CPUs; all get the same files. Medians
//! over repeats of CPU time (all threads of the process) and of the time that passed. Turning the files into a
//! peer's own graph object is not counted; that is what `build` measures. Memory is the most that the process
//! had while the kernel ran, its graph and its runtime included.
//! Differences that remain: GAP and neo4j-labs drop the mass of sinks in PageRank and use f32, igraph solves it
//! exactly; scores are compared after scaling them to sum 1, where dropped and spread mass give the same. SciPy,
//! NetworKit, igraph and GAP have no search from many sources: they search from an added node with an edge to each.

mod child;
mod floor;
mod gap;
mod generate;
mod kernel;
mod meter;
mod neo4j;
mod ours;
mod petgraph;
mod report;
mod run;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use child::{ChildArgs, run as run_child};
pub use run::python;

use floor::{Machine, gather_s};
use generate::Shape;
use kernel::Answer;
use report::{Row, floor as floor_of, table_head, table_line};
use run::{Answers, CONTENDERS, Contender};
use world::World;

/// Anything that went wrong, in words.
pub type Fault = Box<dyn std::error::Error>;

/// The options of `graph`.
#[derive(Debug, Clone, clap::Args)]
pub struct GraphArgs {
    /// One JSON line a kernel, graph and number of threads, in place of a table.
    #[arg(long)]
    pub json: bool,
    /// `2^N` nodes. Without it: 20 for kron and uniform, and tx10m for tx.
    #[arg(long)]
    pub scale: Option<u32>,
    /// kron, uniform, tx, with a scale of their own if they have one: kron22, tx20, tx10m.
    #[arg(long, default_value = "kron,uniform,tx", value_delimiter = ',')]
    pub graphs: Vec<String>,
    /// With commas; all for all.
    #[arg(long, default_value = "all")]
    pub kernels: String,
    /// Numbers of threads, with commas.
    #[arg(long, default_value = "1,2", value_delimiter = ',')]
    pub threads: Vec<usize>,
    /// At most so many repeats.
    #[arg(long, default_value_t = 5)]
    pub repeats: usize,
    /// No further repeat of a kernel after so many seconds.
    #[arg(long, default_value_t = 5.0)]
    pub budget_s: f64,
    /// A contender is stopped after so many seconds on one graph.
    #[arg(long, default_value_t = 900)]
    pub timeout_s: u64,
    /// Which peers, with commas; ours always runs.
    #[arg(long, value_delimiter = ',')]
    pub peers: Option<Vec<String>>,
    /// A folder with GAP's own programs.
    #[arg(long)]
    pub gap_dir: Option<PathBuf>,
}

/// Runs everything and prints it.
///
/// # Errors
/// A name that is none, a disk that is full, results that contradict each other.
pub fn run(options: &GraphArgs) -> Result<(), Fault> {
    let kernels = kernel::parse(&options.kernels)?;
    let contenders = contenders(options.peers.as_deref())?;
    let shapes: Vec<Shape> = options
        .graphs
        .iter()
        .map(|name| match (name.as_str(), options.scale) {
            ("tx", None) => Ok(Shape::Tx10m),
            (name, scale) => Shape::parse(name, scale.unwrap_or(20)),
        })
        .collect::<Result<_, _>>()?;
    if options.threads.contains(&0) || options.repeats == 0 {
        return Err("threads and repeats start at 1".into());
    }
    let machine = Machine::measure();
    let (read, copy) = (machine.read_bytes_per_s / 1e9, machine.copy_bytes_per_s / 1e9);
    progress(&format!("one thread reads {read:.1} GB/s in a row and copies {copy:.1} GB/s"));
    if !options.json {
        print(&table_head());
    }
    let mut contradictions = Vec::new();
    for shape in shapes {
        progress(&format!("{}: {} edges to generate", shape.name(), shape.n_edges()));
        let world = World::generate(shape);
        let folder = tempfile::tempdir()?;
        world.write(folder.path())?;
        let found = measure(&world, folder.path(), &kernels, &contenders, options);
        contradictions.extend(found.contradictions);
        let gather_s = gather_s(world.n_nodes);
        progress(&format!("{}: a random read takes {:.2} ns", world.name, gather_s * 1e9));
        for mut row in found.rows {
            row.floor = floor_of(&row.kernel, &world, &machine, gather_s);
            contradictions.extend(row.contradictions());
            print(&if options.json { row.to_json().to_string() } else { table_line(&row) });
            if !options.json {
                for (name, answer) in &row.answers {
                    if let Answer::Missing(why) = answer {
                        progress(&format!("missing: {} {} {name}: {why}", row.kernel, row.graph));
                    }
                }
            }
        }
    }
    contradictions.dedup();
    if contradictions.is_empty() { Ok(()) } else { Err(contradictions.join("\n").into()) }
}

fn contenders(peers: Option<&[String]>) -> Result<Vec<&'static Contender>, Fault> {
    let known = |name: &String| CONTENDERS.iter().any(|contender| contender.name == name);
    if let Some(unknown) = peers.unwrap_or_default().iter().find(|name| !known(name)) {
        let names: Vec<&str> = CONTENDERS.iter().map(|contender| contender.name).collect();
        return Err(format!("no peer {unknown}: there are {}", names.join(", ")).into());
    }
    let is_asked = |contender: &&Contender| {
        let is_named = |peers: &[String]| peers.iter().any(|name| name == contender.name);
        contender.name == "ours" || peers.is_none_or(is_named)
    };
    Ok(CONTENDERS.iter().filter(is_asked).collect())
}

/// What was found on one graph.
struct Found {
    rows: Vec<Row>,
    contradictions: Vec<String>,
}

fn measure(
    world: &World,
    folder: &Path,
    kernels: &[String],
    contenders: &[&'static Contender],
    options: &GraphArgs,
) -> Found {
    let mut answers: BTreeMap<(usize, &'static str), Answers> = BTreeMap::new();
    let (mut reference, mut contradictions) = (None, Vec::new());
    let asked: Vec<String> = kernels.iter().filter(|kernel| fits(kernel, world)).cloned().collect();
    for contender in contenders {
        let n_runs = if contender.is_parallel { options.threads.len() } else { 1 };
        for &threads in &options.threads[..n_runs] {
            progress(&format!("{}: {} with {threads} threads", world.name, contender.name));
            let found = run::run(contender, world, folder, threads, &asked, options);
            answers.insert((threads, contender.name), found);
            contradictions.extend(compare_scores(world, folder, contender.name, &mut reference));
        }
    }
    let mut rows = Vec::new();
    for kernel in &asked {
        for &threads in &options.threads {
            let (kernel, graph) = (kernel.clone(), world.name.clone());
            let mut row = Row { kernel, graph, threads, ..Row::default() };
            for contender in contenders {
                // One that knows one thread only is the same with two.
                let ran = if contender.is_parallel { threads } else { options.threads[0] };
                let found = &answers[&(ran, contender.name)];
                let peers_of = if row.kernel == "components_edges" && contender.name != "ours" {
                    "components"
                } else {
                    &row.kernel
                };
                if let Some((_, answer)) = found.iter().find(|(name, _)| name == peers_of) {
                    row.answers.insert(contender.name, answer.clone());
                }
            }
            rows.push(row);
        }
    }
    Found { rows, contradictions }
}

/// Single questions are asked of the directed graphs: three hops from any node are half of a Kronecker graph.
fn fits(kernel: &str, world: &World) -> bool {
    let is_question = kernel::is_latency(kernel) && kernel != "components_batch";
    world.is_directed || !is_question
}

/// The most that two converged score columns may differ in sum, both scaled to sum 1: each stops at a change of 1e-4,
/// which bounds its distance to the limit by 1e-4 x 0.85 / 0.15.
const SCORES_L1_MAX: f64 = 2.0 * 1e-4 * 0.85 / 0.15 + 1e-4;

type Scores = (&'static str, Vec<f64>);

fn compare_scores(
    world: &World,
    folder: &Path,
    contender: &'static str,
    reference: &mut Option<Scores>,
) -> Option<String> {
    let path = folder.join(format!("scores-{contender}.f64"));
    let bytes = std::fs::read(&path).ok()?;
    let mut scores: Vec<f64> = bytes
        .chunks_exact(8)
        .map(|item| f64::from_le_bytes(item.try_into().expect("8 bytes")))
        .collect();
    // Left for nobody: the next run of this contender writes its own or none. Deleting may fail without harm.
    let _ = std::fs::remove_file(&path);
    scores.resize(world.n_nodes as usize, scores.iter().copied().fold(f64::INFINITY, f64::min));
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
    let Some((first, expected)) = reference else {
        *reference = Some((contender, scores));
        return None;
    };
    let l1: f64 = scores.iter().zip(expected).map(|(a, b)| (a - *b).abs()).sum();
    progress(&format!("{}: scores of {contender} and {first} differ by {l1:.1e}", world.name));
    // A sum that is no number differs too.
    let differs = l1.is_nan() || l1 > SCORES_L1_MAX;
    differs
        .then(|| format!("pagerank on {}: {first} and {contender} differ by {l1:.1e}", world.name))
}

#[expect(clippy::print_stdout, reason = "what a measurement program is for")]
fn print(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "runs of minutes tell where they are")]
fn progress(line: &str) {
    eprintln!("{line}");
}

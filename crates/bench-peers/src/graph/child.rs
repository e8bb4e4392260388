//! The process of one contender in Rust: `graph-child`, started by `graph`, a line of JSON a kernel.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::kernel::{Answer, to_line};
use super::meter::{Meter, reset_peak};
use super::world::World;
use super::{Fault, neo4j, ours, petgraph};

/// The bucket width of delta-stepping for all who have one: GAP's choice for Kronecker graphs with such weights.
pub(super) const DELTA: u32 = 16;

/// What `graph-child` is told.
#[derive(Debug, Clone, clap::Args)]
pub struct ChildArgs {
    /// The folder of the graph.
    #[arg(long)]
    pub dir: PathBuf,
    /// Who runs.
    #[arg(long)]
    pub contender: String,
    /// What, with commas.
    #[arg(long)]
    pub kernels: String,
    /// At most so often.
    #[arg(long)]
    pub repeats: usize,
    /// No further repeat after so many seconds.
    #[arg(long)]
    pub budget_s: f64,
}

/// Runs every kernel of one contender.
///
/// # Errors
/// The graph cannot be read.
pub fn run(arguments: &ChildArgs) -> Result<(), Fault> {
    let world = World::open(&arguments.dir)?;
    let kernels: Vec<String> = arguments.kernels.split(',').map(str::to_owned).collect();
    let meter = Meter { repeats: arguments.repeats, budget_s: arguments.budget_s };
    let dir = &arguments.dir;
    match arguments.contender.as_str() {
        "ours" => {
            let contender = ours::Contender::new(&world, &kernels)?;
            every(&kernels, |kernel| contender.run(kernel, &meter, dir))
        }
        "neo4j" => {
            let peer = neo4j::Peer::new(&world, &kernels);
            every(&kernels, |kernel| Ok(peer.run(kernel, &world, &meter, dir)))
        }
        "petgraph" => {
            let peer = petgraph::Peer::new(&world);
            every(&kernels, |kernel| Ok(peer.run(kernel, &world, &meter)))
        }
        other => Err(format!("no contender {other} in Rust").into()),
    }
}

fn every(
    kernels: &[String],
    mut run: impl FnMut(&str) -> Result<Answer, Fault>,
) -> Result<(), Fault> {
    for kernel in kernels {
        reset_peak();
        let answer = run(kernel).unwrap_or_else(|fault| Answer::Missing(fault.to_string()));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", to_line(kernel, &answer))?;
        out.flush()?;
    }
    Ok(())
}

/// Leaves scores where the parent compares them.
///
/// # Panics
/// They cannot be written, and then nothing of the run is worth having.
pub(super) fn save_scores(folder: &Path, contender: &str, scores: impl Iterator<Item = f64>) {
    let bytes: Vec<u8> = scores.flat_map(f64::to_le_bytes).collect();
    let written = std::fs::write(folder.join(format!("scores-{contender}.f64")), bytes);
    written.expect("the folder of the graph takes files");
}

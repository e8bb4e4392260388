//! Starts one process a contender, so that none has another's memory, and reads its answers.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::gap::Gap;
use super::kernel::{Answer, from_line};
use super::world::World;
use super::{Fault, GraphArgs};

/// Somebody who may run kernels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contender {
    /// As in the output.
    pub(super) name: &'static str,
    /// True if it uses more than one thread.
    pub(super) is_parallel: bool,
    /// About how much memory it needs, in bytes an edge of the rows, conversion included; measured at scale 20.
    pub(super) bytes_an_edge: u64,
    /// What runs it.
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Rust,
    Python,
    Gap,
}

/// Ours first: its results are what the others are compared with.
pub(super) const CONTENDERS: &[Contender] = &[
    contender("ours", true, 60, Kind::Rust),
    contender("gap", true, 20, Kind::Gap),
    contender("neo4j", true, 60, Kind::Rust),
    contender("petgraph", false, 70, Kind::Rust),
    contender("scipy", false, 80, Kind::Python),
    contender("networkit", true, 110, Kind::Python),
    contender("igraph", false, 160, Kind::Python),
    contender("rustworkx", false, 260, Kind::Python),
    contender("networkx", false, 1_000, Kind::Python),
    contender("duckdb", true, 80, Kind::Python),
    contender("kuzu", true, 120, Kind::Python),
    contender("sqlite", false, 60, Kind::Python),
];

const fn contender(
    name: &'static str,
    is_parallel: bool,
    bytes_an_edge: u64,
    kind: Kind,
) -> Contender {
    Contender { name, is_parallel, bytes_an_edge, kind }
}

/// NetworkX is a floor, for small graphs only: above so many edges it takes minutes a kernel.
const NETWORKX_EDGES_MAX: usize = 2_000_000;

/// What one contender answered.
pub(super) type Answers = Vec<(String, Answer)>;

/// Runs all kernels of one contender on a graph.
pub(super) fn run(
    contender: &Contender,
    world: &World,
    folder: &Path,
    threads: usize,
    kernels: &[String],
    options: &GraphArgs,
) -> Answers {
    let missing = |why: &str| {
        kernels.iter().map(|kernel| (kernel.clone(), Answer::Missing(why.to_owned()))).collect()
    };
    let needed = contender.bytes_an_edge * world.out.targets.len() as u64;
    if let Some(free) = memory_available().filter(|&free| needed > free / 10 * 9) {
        return missing(&format!("needs about {} MB, {} are free", needed >> 20, free >> 20));
    }
    if contender.name == "networkx" && world.out.targets.len() > NETWORKX_EDGES_MAX {
        return missing("only up to 2 M edges, as a floor");
    }
    let mut command = Command::new("");
    match contender.kind {
        Kind::Gap => {
            let Some(programs) = &options.gap_dir else { return missing("no --gap-dir") };
            let gap = Gap { programs, folder, threads, repeats: options.repeats };
            return kernels.iter().map(|kernel| (kernel.clone(), gap.run(kernel, world))).collect();
        }
        Kind::Rust => {
            let Ok(program) = std::env::current_exe() else { return missing("no own program") };
            pinned(&mut command, program.as_os_str(), threads);
            command.args(["graph-child", "--contender", contender.name]);
        }
        Kind::Python => {
            pinned(&mut command, python(), threads);
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/peers.py");
            command.env("PYTHONDONTWRITEBYTECODE", "1");
            command.arg(script).args(["--peer", contender.name, "--threads", &threads.to_string()]);
        }
    }
    command.arg("--dir").arg(folder).args(["--kernels", &kernels.join(",")]);
    command.args(["--repeats", &options.repeats.to_string()]);
    command.args(["--budget-s", &options.budget_s.to_string()]);
    let limit = Duration::from_secs(options.timeout_s);
    let errors = folder.join(format!("stderr-{}", contender.name));
    match listen(&mut command, &errors, limit) {
        Err(fault) => missing(&fault.to_string()),
        Ok((mut answers, end)) => {
            for kernel in kernels {
                if !answers.iter().any(|(answered, _)| answered == kernel) {
                    answers.push((kernel.clone(), Answer::Missing(end.clone())));
                }
            }
            answers
        }
    }
}

/// The interpreter: `TRACEHOUND_PYTHON`, else `python3`.
pub fn python() -> PathBuf {
    std::env::var_os("TRACEHOUND_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// Makes `command` start `program` with so many threads, on so many CPUs where `taskset` can see to it: some peers
/// take as many threads as there are CPUs and have no option.
pub(super) fn pinned(command: &mut Command, program: impl AsRef<OsStr>, threads: usize) {
    let has_taskset = Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok();
    *command = if has_taskset {
        let mut pinned = Command::new("taskset");
        pinned.arg("-c").arg(format!("0-{}", threads - 1)).arg(program);
        pinned
    } else {
        Command::new(program)
    };
    for variable in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
        command.env(variable, threads.to_string());
    }
}

/// Every answer until the process ends, and how it ended.
fn listen(
    command: &mut Command,
    errors: &Path,
    limit: Duration,
) -> Result<(Answers, String), Fault> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(errors)?)
        .spawn()?;
    let out = child.stdout.take().ok_or("no output")?;
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let (deadline, mut answers, mut in_time) = (Instant::now() + limit, Vec::new(), true);
    loop {
        match receive.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            // A line that is none of ours is a library talking.
            Ok(line) => answers.extend(from_line(&line)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                in_time = false;
                child.kill()?;
                break;
            }
        }
    }
    let status = child.wait()?;
    let said = std::fs::read_to_string(errors).unwrap_or_default();
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    let end = if in_time { format!("{status}: {last}") } else { format!("not done in {limit:?}") };
    Ok((answers, end))
}

fn memory_available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

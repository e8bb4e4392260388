//! The programs of the GAP benchmark suite (sbeamer/gapbs), if a folder with them is named: `bfs`, `cc` (Afforest),
//! `pr` (Gauss-Seidel), `pr_spmv` (Jacobi), `sssp`, built by whoever measures, with `-O3 -march=native -fopenmp`.
//!
//! They get the same graph as `.sg` and `.wsg` files, whose loading is not counted. They tell only the time that
//! passed: CPU time is that times the threads, since OpenMP threads wait actively. PageRank drops the mass
//! of sinks. Hops from many sources are one search from an added node with an edge to each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Fault;
use super::child::DELTA;
use super::kernel::{Answer, Outcome};
use super::meter::{Timing, quantile};
use super::run::pinned;
use super::world::{Rows, World};

/// What all programs of one run share.
pub(super) struct Gap<'a> {
    /// Where they are.
    pub(super) programs: &'a Path,
    /// The folder of the graph.
    pub(super) folder: &'a Path,
    /// How many threads.
    pub(super) threads: usize,
    /// How often.
    pub(super) repeats: usize,
}

impl Gap<'_> {
    /// One kernel.
    pub(super) fn run(&self, kernel: &str, world: &World) -> Answer {
        let outcome = match kernel {
            "components" => self.components(world),
            "pagerank" | "pagerank_iteration" => self.pagerank(kernel, world),
            "bfs" => self.searches("bfs", "g.sg", world, &world.sources),
            "hop_distance" => self.searches("bfs", "super.sg", world, &[world.n_nodes]),
            "sssp" => self.searches("sssp", "g.wsg", world, &world.sources),
            "build" => self.build(world),
            _ => return Answer::Missing("not in the suite".to_owned()),
        };
        outcome.map_or_else(|fault| Answer::Missing(fault.to_string()), Answer::Measured)
    }

    fn components(&self, world: &World) -> Result<Outcome, Fault> {
        let told = self.call("cc", &self.graph("g.sg", world)?, &["-a"])?;
        let n_components = told.after("There are")?;
        Ok(told.outcome("Trial Time:", 1.0)?.check("n_components", n_components))
    }

    fn pagerank(&self, kernel: &str, world: &World) -> Result<Outcome, Fault> {
        let graph = self.graph("g.sg", world)?;
        let options = ["-i", "200", "-t", "1e-4"];
        let mut outcomes = Vec::new();
        for program in ["pr", "pr_spmv"] {
            let told = self.call(program, &graph, &options)?;
            // A line an iteration and trial: number and error.
            let numbers = told.text.lines().filter_map(|line| line.trim().split_once("    "));
            let lines = numbers.filter(|(number, _)| number.parse::<usize>().is_ok()).count();
            let iterations = lines as f64 / told.seconds("Trial Time:").len() as f64;
            let share = if kernel == "pagerank" { 1.0 } else { 1.0 / iterations };
            outcomes.push(told.outcome("Trial Time:", share)?.tell("iterations", iterations));
        }
        let jacobi = outcomes.pop().ok_or("two programs")?;
        let gauss_seidel = outcomes.pop().ok_or("two programs")?;
        Ok(gauss_seidel
            .tell("jacobi_cpu_s", jacobi.cpu_s)
            .tell("jacobi_iterations", jacobi.more["iterations"].clone()))
    }

    fn searches(
        &self,
        program: &str,
        graph: &str,
        world: &World,
        sources: &[u32],
    ) -> Result<Outcome, Fault> {
        let graph = self.graph(graph, world)?;
        let (mut seconds, mut reached, mut sums, mut peak) =
            (Vec::new(), Vec::new(), Vec::new(), 0.0);
        for source in sources {
            let (source, delta) = (source.to_string(), DELTA.to_string());
            let delta: &[&str] = if program == "sssp" { &["-d", &delta] } else { &[] };
            let told = self.call(program, &graph, &[&["-a", "-r", &source], delta].concat())?;
            seconds.extend(told.seconds("Trial Time:"));
            peak = told.peak_mb.max(peak);
            if program == "sssp" {
                reached.push(told.after("SSSP Tree reaches")?);
                sums.push(told.after("nodes, sum")?);
            } else {
                let added = u64::from(sources == [world.n_nodes]);
                reached.push(told.after("BFS Tree has")? - added);
            }
        }
        let outcome = self.outcome(seconds, 1.0, peak)?.check("reached", reached);
        Ok(if sums.is_empty() { outcome } else { outcome.check("sum", sums) })
    }

    /// `Build Time` and, in programs that tell it, `Squish Time`: the removal of loops and duplicates.
    fn build(&self, world: &World) -> Result<Outcome, Fault> {
        let path = self.folder.join("g.el");
        if !path.exists() {
            let mut file = BufWriter::new(File::create(&path)?);
            for (source, target) in world.raw.source.iter().zip(&world.raw.target) {
                writeln!(file, "{source} {target}")?;
            }
            file.flush()?;
        }
        let symmetric: &[&str] = if world.is_directed { &[] } else { &["-s"] };
        let told = self.call("cc", &path, &[&["-n", "0"], symmetric].concat())?;
        let squish = told.seconds("Squish Time:");
        let outcome = told.outcome("Build Time:", 1.0)?;
        if squish.is_empty() {
            return Ok(outcome.tell("partial", "without the removal of duplicates"));
        }
        let seconds = told.seconds("Build Time:")[0] + squish[0];
        self.outcome(vec![seconds], 1.0, told.peak_mb)
    }

    fn call(&self, program: &str, graph: &Path, arguments: &[&str]) -> Result<Told, Fault> {
        let path = self.programs.join(program);
        if !path.is_file() {
            return Err(format!("no {}", path.display()).into());
        }
        let mut command = Command::new("");
        let repeats = self.repeats.to_string();
        pinned(&mut command, path.as_os_str(), self.threads);
        command.arg("-f").arg(graph).args(["-n", &repeats]).args(arguments);
        let output = self.folder.join("gap.out");
        let mut child = command.stdout(File::create(&output)?).stderr(Stdio::null()).spawn()?;
        let mut peak_mb = 0.0f64;
        let status = loop {
            // The peak of a process is gone with it, so it is read while it runs.
            peak_mb = peak_of(child.id()).unwrap_or_default().max(peak_mb);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !status.success() {
            return Err(format!("{program}: {status}").into());
        }
        let text = std::fs::read_to_string(&output)?;
        Ok(Told { text, peak_mb, threads: self.threads })
    }

    fn outcome(&self, seconds: Vec<f64>, share: f64, peak_mb: f64) -> Result<Outcome, Fault> {
        Told { text: String::new(), peak_mb, threads: self.threads }.of(seconds, share)
    }

    /// The graph in GAP's serialised form, written when first asked for.
    fn graph(&self, name: &str, world: &World) -> Result<PathBuf, Fault> {
        let path = self.folder.join(name);
        if path.exists() {
            return Ok(path);
        }
        let (weighted, added) = (name.ends_with(".wsg"), name.starts_with("super"));
        let mut file = BufWriter::new(File::create(&path)?);
        let n_added = if added { world.flagged.len() as u64 } else { 0 };
        // An undirected graph with one-way edges of the added node would not be one: it is written as directed.
        let directed = world.is_directed || added;
        let n_items = world.out.targets.len() as u64 + n_added;
        file.write_all(&[u8::from(directed)])?;
        file.write_all(&n_items.to_le_bytes())?;
        file.write_all(&(u64::from(world.n_nodes) + u64::from(added)).to_le_bytes())?;
        write_rows(&mut file, &world.out, weighted, added.then_some(&world.flagged), None)?;
        if directed {
            let into = added.then_some((world.flagged.as_slice(), world.n_nodes));
            write_rows(&mut file, world.in_rows(), weighted, None, into)?;
        }
        file.flush()?;
        Ok(path)
    }
}

/// Rows with, if asked, a last row of its own, or one more item at the end of certain rows (and an empty last row).
fn write_rows(
    file: &mut impl Write,
    rows: &Rows,
    weighted: bool,
    last: Option<&Vec<u32>>,
    into: Option<(&[u32], u32)>,
) -> Result<(), Fault> {
    let n_nodes = u32::try_from(rows.offsets.len() - 1)?;
    let extra = |node: u32| into.filter(|(flagged, _)| flagged.binary_search(&node).is_ok());
    let mut offset = 0u64;
    for node in 0..n_nodes {
        file.write_all(&offset.to_le_bytes())?;
        offset += rows.row(node).len() as u64 + u64::from(extra(node).is_some());
    }
    file.write_all(&offset.to_le_bytes())?;
    if last.is_some() || into.is_some() {
        offset += last.map_or(0, Vec::len) as u64;
        file.write_all(&offset.to_le_bytes())?;
    }
    for node in 0..n_nodes {
        for at in rows.range(node) {
            file.write_all(&rows.targets[at].to_le_bytes())?;
            if weighted {
                file.write_all(&rows.weights[at].to_le_bytes())?;
            }
        }
        if let Some((_, added)) = extra(node) {
            file.write_all(&added.to_le_bytes())?;
        }
    }
    for target in last.into_iter().flatten() {
        file.write_all(&target.to_le_bytes())?;
    }
    Ok(())
}

/// What a program printed.
struct Told {
    text: String,
    peak_mb: f64,
    threads: usize,
}

impl Told {
    /// The numbers of the lines that start with a label.
    fn seconds(&self, label: &str) -> Vec<f64> {
        let rest = self.text.lines().filter_map(|line| line.trim().strip_prefix(label));
        rest.filter_map(|text| text.trim().parse().ok()).collect()
    }

    /// The number behind the first occurrence of some words.
    fn after(&self, words: &str) -> Result<u64, Fault> {
        let rest = self.text.split_once(words).map(|(_, rest)| rest.trim_start());
        let number = rest.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        Ok(number.ok_or_else(|| format!("it does not tell \"{words}\""))?.parse()?)
    }

    fn outcome(&self, label: &str, share: f64) -> Result<Outcome, Fault> {
        self.of(self.seconds(label), share)
    }

    fn of(&self, mut seconds: Vec<f64>, share: f64) -> Result<Outcome, Fault> {
        if seconds.is_empty() {
            return Err("it told no time".into());
        }
        seconds.sort_by(f64::total_cmp);
        let wall_s = quantile(&seconds, 0.5) * share;
        let mut outcome = Outcome::new(Timing { cpu_s: wall_s * self.threads as f64, wall_s });
        outcome.rss_mb = Some(self.peak_mb);
        Ok(outcome)
    }
}

fn peak_of(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0 / 1e6)
}

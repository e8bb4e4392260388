//! What is measured, and what a measurement tells.

use serde_json::{Map, Value, json};

use super::Fault;
use super::meter::{Timing, peak_mb, quantile};

/// The kernels in the order of the output, with what each one is.
pub(super) const KERNELS: &[(&str, &str)] = &[
    (
        "build",
        "edges in order of arrival to rows, both ways, without loops and duplicates, no weights",
    ),
    ("components", "connected components (weak ones of a directed graph), from rows"),
    (
        "components_edges",
        "the same from the list of edges in order of arrival; peers as in components",
    ),
    ("components_incremental", "link by link, edges in random order"),
    ("components_tracked", "the same with sizes, members and evidence kept"),
    ("components_batch", "one batch of 1,000 links, p50 and p99"),
    ("pagerank", "until the L1 change is below 1e-4, damping factor 0.85"),
    ("pagerank_iteration", "that time divided by its iterations"),
    ("pagerank_8", "ten iterations of personalized PageRank from 8 seed vectors together"),
    ("bfs", "hops from one source, median over 8 sources"),
    (
        "hop_distance",
        "hops from the nearest of the flagged nodes (1 of 1,000), all nodes in one pass",
    ),
    ("hop_distance_incremental", "the last tenth of the edges added to known hops"),
    ("sssp", "weighted distances from one source, weights 1 to 255, median over 8 sources"),
    ("reach_1", "is a flagged node within 1 hop: one question, p50 and p99"),
    ("reach_2", "within 2 hops"),
    ("reach_3", "within 3 hops"),
    ("reach_4", "within 4 hops"),
    ("reach_5", "within 5 hops"),
    ("neighborhood_3", "all nodes within 3 hops where they are at most 10,000, p50 and p99"),
    ("nearest_flagged", "hops to the nearest flagged node from the column, p50 and p99"),
];

/// Those that ask one question at a time.
pub(super) fn is_latency(kernel: &str) -> bool {
    hops_of(kernel).is_some()
        || ["components_batch", "neighborhood_3", "nearest_flagged"].contains(&kernel)
}

/// The hops of `reach_...`.
pub(super) fn hops_of(kernel: &str) -> Option<u8> {
    kernel.strip_prefix("reach_")?.parse().ok()
}

/// The names in a list with commas; `all` for all.
///
/// # Errors
/// A name that is none.
pub(super) fn parse(list: &str) -> Result<Vec<String>, Fault> {
    if list == "all" {
        return Ok(KERNELS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
    let known = |name: &&str| KERNELS.iter().any(|(kernel, _)| kernel == name);
    if let Some(unknown) = list.split(',').find(|name| !known(name)) {
        let names: Vec<&str> = KERNELS.iter().map(|(name, _)| *name).collect();
        return Err(format!("no kernel {unknown}: there are {}", names.join(", ")).into());
    }
    Ok(list.split(',').map(str::to_owned).collect())
}

/// What a contender did with one kernel.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// It ran.
    Measured(Outcome),
    /// It has no such kernel, or could not be run: why.
    Missing(String),
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Outcome {
    /// Median CPU seconds of all threads; of one question where the kernel asks questions.
    pub(super) cpu_s: f64,
    /// Median seconds that passed.
    pub(super) wall_s: f64,
    /// The most memory of the process while the kernel ran, graph included.
    pub(super) rss_mb: Option<f64>,
    /// What must be equal among all contenders: numbers, or lists of them of which the common beginning counts.
    pub(super) check: Map<String, Value>,
    /// What else there is to tell: iterations, p99, rates.
    pub(super) more: Map<String, Value>,
}

impl Outcome {
    /// From a timing, with the memory so far.
    pub(super) fn new(timing: Timing) -> Self {
        let Timing { cpu_s, wall_s } = timing;
        Self { cpu_s, wall_s, rss_mb: peak_mb(), ..Self::default() }
    }

    /// From the seconds of single questions, ascending.
    pub(super) fn of_latencies(seconds: &[f64]) -> Self {
        let p50 = quantile(seconds, 0.5);
        Self::new(Timing { cpu_s: p50, wall_s: p50 })
            .tell("p50_us", p50 * 1e6)
            .tell("p99_us", quantile(seconds, 0.99) * 1e6)
            .tell("n_questions", seconds.len())
    }

    /// Adds what must be equal.
    #[must_use]
    pub(super) fn check(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.check.insert(name.to_owned(), value.into());
        self
    }

    /// Adds what there is to tell.
    #[must_use]
    pub(super) fn tell(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }
}

/// One line of a child's output.
pub(super) fn to_line(kernel: &str, answer: &Answer) -> String {
    let line = match answer {
        Answer::Missing(why) => json!({ "kernel": kernel, "missing": why }),
        Answer::Measured(outcome) => json!({
            "kernel": kernel, "cpu_s": outcome.cpu_s, "wall_s": outcome.wall_s,
            "rss_mb": outcome.rss_mb, "check": outcome.check, "more": outcome.more,
        }),
    };
    line.to_string()
}

/// The kernel and answer of a line of a child's output, ours or the script's.
///
/// # Errors
/// The line is none of ours.
pub(super) fn from_line(line: &str) -> Result<(String, Answer), Fault> {
    let value: Value = serde_json::from_str(line)?;
    let kernel = value["kernel"].as_str().ok_or("a line without a kernel")?.to_owned();
    if let Some(why) = value["missing"].as_str() {
        return Ok((kernel, Answer::Missing(why.to_owned())));
    }
    let number = |name: &str| value[name].as_f64();
    let map = |name: &str| value[name].as_object().cloned().unwrap_or_default();
    let outcome = Outcome {
        cpu_s: number("cpu_s").ok_or("a line without cpu_s")?,
        wall_s: number("wall_s").ok_or("a line without wall_s")?,
        rss_mb: number("rss_mb"),
        check: map("check"),
        more: map("more"),
    };
    Ok((kernel, Answer::Measured(outcome)))
}

/// How many components labels name, and the sum of the squares of their sizes: equal for two labellings that
/// name the same components differently.
pub(super) fn of_labels(
    outcome: Outcome,
    labels: impl Iterator<Item = u32>,
    n_nodes: u32,
) -> Outcome {
    let mut sizes = vec![0u64; n_nodes as usize];
    for label in labels {
        sizes[label as usize] += 1;
    }
    let n_components = sizes.iter().filter(|&&size| size > 0).count();
    let squares: u64 = sizes.iter().map(|size| size * size).sum();
    outcome.check("n_components", n_components).check("squares", squares)
}

/// How many nodes are reached and the sum of their distances, a list item a source.
pub(super) fn of_distances(outcome: Outcome, sums: &[(u64, u64)]) -> Outcome {
    let reached: Vec<u64> = sums.iter().map(|sum| sum.0).collect();
    let total: Vec<u64> = sums.iter().map(|sum| sum.1).collect();
    outcome.check("reached", reached).check("sum", total)
}

/// Reached and sum of one column; `none` marks what is not reached.
pub(super) fn summed<T: Copy + PartialEq + Into<u64>>(column: &[T], none: T) -> (u64, u64) {
    let found = column.iter().copied().filter(|&item| item != none);
    found.fold((0, 0), |(n, sum), item| (n + 1, sum + item.into()))
}

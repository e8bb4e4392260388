//! Puts the answers of all contenders beside each other: compares results, finds the best peer, prints.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::floor::Machine;
use super::kernel::{Answer, Outcome, is_latency};
use super::run::CONTENDERS;
use super::world::World;

/// All answers about one kernel, graph and number of threads, by contender.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// What was done.
    pub(super) kernel: String,
    /// Which graph.
    pub(super) graph: String,
    /// With how many threads.
    pub(super) threads: usize,
    /// By name of the contender.
    pub(super) answers: BTreeMap<&'static str, Answer>,
    /// The least time that the memory allows, and what it is made of.
    pub(super) floor: Option<(f64, String)>,
}

impl Row {
    /// What a contender measured.
    pub(super) fn outcome(&self, contender: &str) -> Option<&Outcome> {
        match self.answers.get(contender)? {
            Answer::Measured(outcome) => Some(outcome),
            Answer::Missing(_) => None,
        }
    }

    /// The peer with the least CPU time; one that does only a part of the work (`partial`) is told but never best.
    pub(super) fn best_peer(&self) -> Option<(&'static str, &Outcome)> {
        let peers =
            CONTENDERS.iter().map(|contender| contender.name).filter(|&name| name != "ours");
        let measured = peers
            .filter_map(|name| Some((name, self.outcome(name)?)))
            .filter(|(_, outcome)| !outcome.more.contains_key("partial"));
        measured.min_by(|a, b| a.1.cpu_s.total_cmp(&b.1.cpu_s))
    }

    /// Ours divided by the best peer's.
    pub(super) fn ratio(&self) -> Option<f64> {
        Some(self.outcome("ours")?.cpu_s / self.best_peer()?.1.cpu_s)
    }

    /// The line of `--json`.
    pub(super) fn to_json(&self) -> Value {
        let (ours, best) = (self.outcome("ours"), self.best_peer());
        let mut peers = Map::new();
        let mut missing = Map::new();
        for (name, answer) in &self.answers {
            match answer {
                Answer::Missing(why) => {
                    missing.insert((*name).to_owned(), json!(why));
                }
                Answer::Measured(outcome) if *name != "ours" => {
                    let Outcome { cpu_s, wall_s, rss_mb, more, .. } = outcome;
                    let mut peer = json!({ "cpu_s": cpu_s, "wall_s": wall_s, "rss_mb": rss_mb });
                    let fields = peer.as_object_mut().expect("made as an object");
                    fields.extend(more.clone());
                    peers.insert((*name).to_owned(), peer);
                }
                Answer::Measured(_) => {}
            }
        }
        let mut line = json!({
            "kernel": self.kernel, "graph": self.graph, "threads": self.threads,
            "ours_cpu_s": ours.map(|ours| ours.cpu_s), "ours_wall_s": ours.map(|ours| ours.wall_s),
            "best_peer": best.map(|best| best.0), "best_peer_cpu_s": best.map(|best| best.1.cpu_s),
            "ratio": self.ratio(), "rss_mb": ours.and_then(|ours| ours.rss_mb),
            "best_peer_wall_s": best.map(|best| best.1.wall_s),
            "ours": ours.map(|ours| ours.more.clone()), "peers": peers, "missing": missing,
        });
        if let Some((floor_s, text)) = &self.floor {
            let fields = line.as_object_mut().expect("made as an object");
            fields.insert("floor_s".to_owned(), json!(floor_s));
            fields.insert("floor".to_owned(), json!(text));
        }
        line
    }

    /// What contradicts: results of peers that are not ours (or the first peer's, where we have none).
    pub(super) fn contradictions(&self) -> Vec<String> {
        let order = CONTENDERS
            .iter()
            .filter_map(|contender| Some((contender.name, &self.outcome(contender.name)?.check)));
        let mut references: BTreeMap<&str, (&str, &Value)> = BTreeMap::new();
        let mut found = Vec::new();
        for (name, check) in order {
            for (key, value) in check {
                let &mut (first, reference) = references.entry(key).or_insert((name, value));
                if !agree(reference, value) {
                    let (kernel, graph) = (&self.kernel, &self.graph);
                    found.push(format!(
                        "{kernel} on {graph}: {key} is {} for {first} and {} for {name}",
                        short(reference),
                        short(value)
                    ));
                }
            }
        }
        found
    }
}

/// Equal, lists as far as both go: a slow peer is not asked every question.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.iter().zip(b).all(|(a, b)| agree(a, b)),
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    text.chars().take(60).collect()
}

/// The least time for a kernel, from what it must read; none where it need not read everything.
pub(super) fn floor(
    kernel: &str,
    world: &World,
    machine: &Machine,
    gather_s: f64,
) -> Option<(f64, String)> {
    let (n_raw, n_items) = (world.raw.len() as f64, world.out.targets.len() as f64);
    let read = |bytes: f64| bytes / machine.read_bytes_per_s;
    let n_nodes = f64::from(world.n_nodes);
    let (seconds, text) = match kernel {
        "components" | "components_edges" => (read(8.0 * n_raw), "8 bytes an edge read once"),
        "components_incremental" | "components_tracked" => {
            (read(8.0 * n_raw) + 2.0 * n_raw * gather_s, "8 bytes and two random reads an edge")
        }
        "pagerank_iteration" => (
            read(4.0 * n_items + 16.0 * n_nodes) + n_items * gather_s,
            "4 bytes and a random read a neighbor, 16 bytes a node",
        ),
        "sssp" => {
            (read(8.0 * n_items) + n_items * gather_s, "8 bytes and a random read a neighbor")
        }
        "build" => {
            let ways = if world.is_directed { 2.0 } else { 1.0 };
            (
                read(8.0 * n_raw) + ways * 4.0 * n_items / machine.copy_bytes_per_s,
                "read once, written once",
            )
        }
        _ => return None,
    };
    Some((seconds, text.to_owned()))
}

/// The table for people: header.
pub(super) fn table_head() -> String {
    format!(
        "{:<25} {:<10} {:>2} {:>11} {:>11} {:>8}  {:<10} {:>11} {:>7} {:>7}  others: ratio to the best peer",
        "kernel",
        "graph",
        "t",
        "ours cpu",
        "ours wall",
        "rss MB",
        "best peer",
        "cpu",
        "ratio",
        "x floor",
    )
}

/// The table for people: a line.
pub(super) fn table_line(row: &Row) -> String {
    let ours = row.outcome("ours");
    let time = |seconds: Option<f64>| seconds.map_or("-".to_owned(), seconds_text);
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let best = row.best_peer();
    let others: Vec<String> = CONTENDERS
        .iter()
        .filter(|contender| {
            contender.name != "ours" && best.is_some_and(|(name, _)| name != contender.name)
        })
        .filter_map(|contender| {
            let ratio = row.outcome(contender.name)?.cpu_s / best?.1.cpu_s;
            Some(format!("{} {ratio:.1}", contender.name))
        })
        .collect();
    let floors = row.floor.as_ref().zip(ours).map(|((floor_s, _), ours)| ours.cpu_s / floor_s);
    let rss = ours.and_then(|ours| ours.rss_mb);
    let mut line = format!(
        "{:<25} {:<10} {:>2} {:>11} {:>11} {:>8}  {:<10} {:>11} {:>7} {:>7}  {}",
        row.kernel,
        row.graph,
        row.threads,
        time(ours.map(|ours| ours.cpu_s)),
        time(ours.map(|ours| ours.wall_s)),
        rss.map_or("-".to_owned(), |rss| format!("{rss:.0}")),
        best.map_or("-", |best| best.0),
        time(best.map(|best| best.1.cpu_s)),
        number(row.ratio()),
        number(floors),
        others.join(", "),
    );
    let p99 = |outcome: &Outcome| outcome.more.get("p99_us").and_then(Value::as_f64);
    if is_latency(&row.kernel) {
        let of =
            |outcome: Option<&Outcome>| time(outcome.and_then(p99).map(|micros| micros * 1e-6));
        line += &format!("; p99 ours {}, best peer {}", of(ours), of(best.map(|best| best.1)));
    }
    if let Some(rate) = ours.and_then(|ours| ours.more.get("m_links_per_s")) {
        line += &format!("; {:.1} M links/s", rate.as_f64().unwrap_or(f64::NAN));
    }
    line
}

fn seconds_text(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s >= 1e-6 => format!("{:.2} us", s * 1e6),
        s => format!("{:.1} ns", s * 1e9),
    }
}

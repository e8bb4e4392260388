//! The k time-respecting paths with the fewest hops, no two over the same nodes.
//!
//! In: a temporal graph, a source, a test for targets, `k`, options. Out: up to k paths that enter no main node twice
//! and end at the first target they enter, fewest hops first, and whether a bound may have hidden one.
//! Source: Yen, "Finding the k shortest loopless paths in a network", Management Science 17(11), 1971, with
//! Lawler's improvement (Management Science 18(7), 1972).
//! Departures: paths are told apart by their main nodes, and each is given by its earliest edges: two nodes may have
//! thousands of edges, and the k first would all be the same way. What was walked before a path parts is its
//! earliest arrival there, since whatever follows a later one follows an earlier one. A new way out of that node
//! is the first step of a search of its own, because a junction that it may not leave towards one node may be
//! left towards it by whoever comes from elsewhere. Ties: the earlier arrival, then smaller edge ids from the last
//! edge backwards.
//! Cost: at most k x hops searches.
//! Checked against: enumeration of all walks (`tests/it/paths_k.rs`).

use std::collections::BTreeSet;

use super::TemporalGraph;
use super::search::{Passage, Path, SearchOptions, Walk};
use super::shortest::{Label, Search, shortest_path};
use crate::sparse::NodeMap;
use crate::{Limit, NONE};

/// The paths that were found, and whether they are the right ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathsAnswer {
    /// Best first; fewer than `k` if there are no more.
    pub paths: Vec<Path>,
    /// How many edges were looked at, over all searches.
    pub edges_visited: u64,
    /// The bound that may have hidden a path that belongs in the list. `None`: the list is complete.
    pub truncated_by: Option<Limit>,
}

/// The `k` paths with the fewest hops from `source` to any main node that `targets` accepts, no two of which enter the
/// same main nodes in the same order. None passes a target; if the source is one, the only path is the empty one.
///
/// # Panics
/// The source is not a main node of the graph.
pub fn k_shortest_paths(
    graph: &TemporalGraph<'_>,
    source: u32,
    targets: impl Fn(u32) -> bool,
    k: usize,
    options: &SearchOptions<'_>,
) -> PathsAnswer {
    let options = options.clone();
    let (taken, candidates, cuts) = (Vec::new(), BTreeSet::new(), Vec::new());
    let targets: &dyn Fn(u32) -> bool = &targets;
    let mut yen = Yen { graph, targets, k, options, taken, candidates, edges_visited: 0, cuts };
    if k > 0 {
        yen.run(source);
    }
    let complete = yen.taken.len() == k;
    let hides = |limit: &Limit| *limit != Limit::Hops || !complete;
    let order = [Limit::Cancelled, Limit::EdgesVisited, Limit::Degree, Limit::Hops];
    PathsAnswer {
        truncated_by: order.into_iter().find(|limit| yen.cuts.contains(limit) && hides(limit)),
        paths: yen.taken,
        edges_visited: yen.edges_visited,
    }
}

/// A path not yet taken, in the order of the answer: hops, edges from the last back; and how many main nodes it
/// shares with the path that it was parted from.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    hops: u32,
    back: Vec<u32>,
    n_shared: usize,
}

struct Yen<'g, 'o> {
    graph: &'g TemporalGraph<'g>,
    targets: &'g dyn Fn(u32) -> bool,
    k: usize,
    options: SearchOptions<'o>,
    taken: Vec<Path>,
    candidates: BTreeSet<Candidate>,
    edges_visited: u64,
    /// What cut the searches.
    cuts: Vec<Limit>,
}

impl Yen<'_, '_> {
    fn run(&mut self, source: u32) {
        let first = shortest_path(self.graph, &[source], self.targets, &self.options);
        self.edges_visited = first.edges_visited;
        self.cuts.extend(first.truncated_by);
        if let Some(path) = first.path {
            self.add(path.edges, path.hops, 1);
        }
        while let Some(best) = self.candidates.pop_first() {
            let path = Walk::new(self.graph, &self.options).path(source, best.back.into_iter());
            let main = self.main(&path);
            self.taken.push(path);
            if self.taken.len() == self.k {
                return;
            }
            for n_root in best.n_shared..main.len() {
                // A stopped search still gives what it has found.
                if self.is_stopped() {
                    break;
                }
                self.part(&main, n_root);
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.cuts.iter().any(|cut| matches!(cut, Limit::EdgesVisited | Limit::Cancelled))
    }

    /// The main nodes of a path.
    fn main(&self, path: &Path) -> Vec<u32> {
        path.nodes.iter().copied().filter(|&node| !self.graph.is_junction(node)).collect()
    }

    /// The edges of the path taken last that lead to the `n_root`-th of its main nodes.
    fn root_edges(&self, n_root: usize) -> Vec<u32> {
        let Some(path) = self.taken.last() else { return Vec::new() };
        let mut edges = Vec::new();
        let mut n_main = 1;
        for (&edge, &node) in path.edges.iter().zip(&path.nodes[1..]) {
            if n_main == n_root {
                break;
            }
            edges.push(edge);
            n_main += usize::from(!self.graph.is_junction(node));
        }
        edges
    }

    /// Adds the best path that shares the first `n_root` main nodes with the one taken last and goes on to a node
    /// that no path taken goes on to from there.
    fn part(&mut self, main: &[u32], n_root: usize) {
        let root = &main[..n_root];
        let others = self.taken.iter().map(|path| self.main(path));
        let next: Vec<u32> = others
            .filter(|other| other.len() > n_root && other.starts_with(root))
            .map(|other| other[n_root])
            .collect();
        let n_needed = self.k - self.taken.len();
        let worst = self.candidates.last().filter(|_| self.candidates.len() >= n_needed);
        let hops_max = worst.map_or(self.options.hops_max, |worst| worst.hops);
        let n_hops = u32::try_from(n_root - 1).expect("hops are counted in 32 bits");
        if n_hops >= hops_max {
            self.cuts.push(Limit::Hops);
            return;
        }
        let options = SearchOptions {
            hops_max: hops_max - n_hops,
            edges_visited_max: self.options.edges_visited_max - self.edges_visited,
            ..self.options.clone()
        };
        let mut edges = self.root_edges(n_root);
        let mut search = Search::new(Walk::new(self.graph, &options), self.targets, root);
        let spur = (root[n_root - 1], edges.last().copied().unwrap_or(NONE));
        let starts = first_steps(&mut search, spur, root, &next);
        let answer = search.answer(starts, 1);
        self.edges_visited += answer.edges_visited;
        self.cuts.extend(answer.truncated_by);
        if let Some(path) = answer.path {
            edges.extend(path.edges);
            self.add(edges, n_hops + path.hops, n_root);
        }
    }

    fn add(&mut self, mut edges: Vec<u32>, hops: u32, n_shared: usize) {
        edges.reverse();
        self.candidates.insert(Candidate { hops, back: edges, n_shared });
        while self.candidates.len() > self.k - self.taken.len() {
            self.candidates.pop_last();
        }
    }
}

/// The earliest arrival at every main node one hop on from `spur`, which was entered by an edge ([`NONE`]: the
/// source), except `root` and `next`; as labels of a search.
fn first_steps(
    search: &mut Search<'_, '_, '_>,
    (spur, edge): (u32, u32),
    root: &[u32],
    next: &[u32],
) -> Vec<u32> {
    // Node, last edge, edge into the junction.
    let mut steps: Vec<(u32, u32, u32)> = Vec::new();
    let mut junctions: NodeMap<u32> = NodeMap::new();
    let arrival = search.walk.arrival(edge);
    let edges = *search.walk.graph.edges();
    let wide = |edge: u32, weight_min| edges.weight[edge as usize] >= weight_min;
    let weight_min = search.walk.options.weight_min;
    let target = |edge: u32| edges.target[edge as usize];
    'all: for &first in search.walk.edges_from(spur, arrival, None) {
        if !search.walk.visit() {
            break;
        }
        let node = target(first);
        if !wide(first, weight_min) {
            continue;
        }
        if !search.walk.graph.is_junction(node) {
            steps.push((node, first, NONE));
            continue;
        }
        // A later edge into the same junction leads nowhere that the first does not.
        if junctions.get(node).is_some() || search.walk.passage(node, false) != Passage::Open {
            continue;
        }
        junctions.insert(node, first);
        for &second in search.walk.edges_from(node, search.walk.arrival(first), None) {
            if !search.walk.visit() {
                break 'all;
            }
            if wide(second, weight_min) {
                steps.push((target(second), second, first));
            }
        }
    }
    steps.retain(|(node, ..)| !root.contains(node) && !next.contains(node));
    steps.sort_unstable();
    steps.dedup_by_key(|(node, ..)| *node);
    let label = |node, edge, previous, hops| Label { node, until: None, hops, edge, previous };
    let mut starts = Vec::new();
    for (node, last, first) in steps {
        let previous = match first {
            NONE => NONE,
            first => search.detached(label(target(first), first, NONE, 0)),
        };
        starts.push(search.push(label(node, last, previous, 1)));
    }
    starts
}

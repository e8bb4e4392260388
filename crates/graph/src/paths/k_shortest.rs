//! The k shortest simple paths between two nodes.
//!
//! In: a graph, a source, a target, `k`, options. Out: up to k paths without a repeated node, best first, and whether
//! a bound may have hidden one.
//! Source: Yen, "Finding the k shortest loopless paths in a network", Management Science 17(11), 1971; a path is
//! only taken apart from where it left its parent, Lawler, "A procedure for computing the k best solutions",
//! Management Science 18(7), 1972.
//! Departures: the search for one more way is told how long it may be at most, which is the last of the candidates
//! that can still be needed, and runs from both ends. The order of the answer is total: hops or length, then hops,
//! then the nodes read from the target back; each part of the search gives the first of its part in this order, and
//! so the list is the first k of all.
//! Cost: at most k x hops searches.
//! Checked against: enumeration of all simple paths (`tests/it/paths_static.rs`).

use std::collections::BTreeSet;

use super::Path;
use super::shortest::{self, Within};
use super::walk::{Bans, PathOptions, Walk, check_question};
use crate::Limit;
use crate::error::GraphError;
use crate::graph::GraphView;

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

/// The `k` shortest simple paths from `source` to `target`: by hops, or with [`PathOptions::lengths`] by length and
/// then hops.
///
/// # Errors
/// An end is not a node, or the lengths are not one an edge.
pub fn k_shortest_paths(
    graph: &GraphView<'_>,
    source: u32,
    target: u32,
    k: usize,
    options: &PathOptions<'_>,
) -> Result<PathsAnswer, GraphError> {
    check_question(graph, options, "sources", &[source])?;
    check_question(graph, options, "targets", &[target])?;
    let mut yen = Yen {
        graph,
        target,
        k,
        options: options.clone(),
        taken: Vec::new(),
        candidates: BTreeSet::new(),
        edges_visited: 0,
        cuts: Vec::new(),
    };
    if k > 0 {
        yen.run(source);
    }
    Ok(yen.answer())
}

/// A path not yet taken, in the order of the answer: cost, hops, nodes from the target back; and how many nodes it
/// shares with the path that it was parted from.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    cost: u64,
    hops: usize,
    back: Vec<u32>,
    n_shared: usize,
}

struct Yen<'g, 'o> {
    graph: &'g GraphView<'g>,
    target: u32,
    k: usize,
    options: PathOptions<'o>,
    taken: Vec<Path>,
    candidates: BTreeSet<Candidate>,
    edges_visited: u64,
    /// What cut the searches.
    cuts: Vec<Limit>,
}

impl Yen<'_, '_> {
    fn run(&mut self, source: u32) {
        self.search(&[source], &[]);
        while let Some(best) = self.candidates.pop_first() {
            let nodes: Vec<u32> = best.back.iter().rev().copied().collect();
            self.taken.push(Walk::new(self.graph, &self.options).path(nodes));
            if self.taken.len() == self.k {
                return;
            }
            // A stopped search still gives what it has found.
            if !self.is_stopped() {
                self.part(best.n_shared);
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.cuts.iter().any(|cut| matches!(cut, Limit::EdgesVisited | Limit::Cancelled))
    }

    /// Parts new candidates from the path taken last, at every node from the one where it was parted itself.
    fn part(&mut self, n_shared: usize) {
        let Some(path) = self.taken.last() else { return };
        let nodes = path.nodes.clone();
        for n_root in n_shared.max(1)..nodes.len() {
            let root = &nodes[..n_root];
            // Where the paths taken went on from this root.
            let mut next: Vec<u32> = (self.taken.iter())
                .filter(|path| path.nodes.len() > n_root && path.nodes.starts_with(root))
                .map(|path| path.nodes[n_root])
                .collect();
            next.sort_unstable();
            next.dedup();
            self.search(root, &next);
            if self.is_stopped() {
                return;
            }
        }
    }

    /// Adds the best path that starts with `root` and does not go on to `next`.
    fn search(&mut self, root: &[u32], next: &[u32]) {
        let Some((&spur, before)) = root.split_last() else { return };
        let left = self.options.edges_visited_max - self.edges_visited;
        let options = PathOptions { edges_visited_max: left, ..self.options.clone() };
        let bans = Bans { nodes: before, spur, next };
        let mut walk = Walk::with_bans(self.graph, &options, bans);
        let (hops, length) = {
            let root = walk.path(root.to_vec());
            (root.hops, root.length)
        };
        let Some(within) = self.within(hops, length, walk.length_max()) else {
            self.cuts.push(Limit::Length);
            return;
        };
        let nodes = shortest::best(&mut walk, &[spur], &[self.target], within);
        self.edges_visited += walk.edges_visited;
        let found = nodes.is_some();
        self.cuts.extend(walk.stopped);
        self.cuts.extend(walk.degree_cut.then_some(Limit::Degree));
        self.cuts.extend((walk.length_cut && !found).then_some(Limit::Length));
        self.cuts.extend(walk.hops_cut.then_some(Limit::Hops));
        if let Some(nodes) = nodes {
            let whole = walk.path(before.iter().copied().chain(nodes).collect());
            let back = whole.nodes.iter().rev().copied().collect();
            let (cost, hops) = (whole.length, whole.nodes.len());
            self.candidates.insert(Candidate { cost, hops, back, n_shared: root.len() });
            let n_needed = self.k - self.taken.len();
            while self.candidates.len() > n_needed {
                self.candidates.pop_last();
            }
        }
    }

    /// How long the rest of a path may be after a root of so many hops and such a length; `None`: nothing.
    fn within(&self, hops: u32, length: u64, length_max: u64) -> Option<Within> {
        let n_needed = self.k - self.taken.len();
        let worst = self.candidates.last().filter(|_| self.candidates.len() >= n_needed);
        let longest = worst.map_or(length_max, |worst| worst.cost.min(length_max));
        let length = longest.checked_sub(length)?;
        Some(Within { hops: self.options.hops_max.checked_sub(hops)?, length })
    }

    fn answer(self) -> PathsAnswer {
        // A longer path is no better than those of a full list, but with lengths one of more hops may be.
        let complete = self.taken.len() == self.k;
        let by_hops = self.options.lengths.is_none();
        let hides = |limit: &Limit| match limit {
            Limit::Hops => !(complete && by_hops),
            Limit::Length => !complete,
            _ => true,
        };
        let order =
            [Limit::Cancelled, Limit::EdgesVisited, Limit::Degree, Limit::Length, Limit::Hops];
        PathsAnswer {
            truncated_by: order.into_iter().find(|limit| self.cuts.contains(limit) && hides(limit)),
            paths: self.taken,
            edges_visited: self.edges_visited,
        }
    }
}

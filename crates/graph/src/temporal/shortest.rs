//! The time-respecting path with the fewest hops.
//!
//! In: a temporal graph, sources, a test for targets. Out: the path and whether a bound cut the search.
//! Source: dynamic programming over (hops, earliest arrival), the "shortest path" of Wu et al., "Path problems in
//! temporal graphs", VLDB 2014, turned from a pass over all edges into a search that reads only what it reaches.
//! Departures: junctions (see [`super`]). A node is taken up again at more hops only if it is reached earlier
//! than at any fewer, and then only the edges between the new and the old arrival are walked: the later ones
//! were walked before, at fewer hops. Among paths with equal hops the one with the earliest arrival is taken,
//! then the one with the smallest edge ids, compared from the last edge backwards.
//! Cost: O(edges reached) time, each at most once, and O(arrivals) memory.
//! Checked against: `tests/it/paths.rs` (dynamic programming over edges, and enumeration of all walks).

use super::TemporalGraph;
use super::search::{Passage, PathAnswer, SearchOptions, Walk, steps};
use crate::sparse::NodeMap;
use crate::{Limit, NONE};

/// The path with the fewest hops from any of `sources` to any main node that `targets` accepts.
///
/// # Panics
/// A source is not a main node of the graph.
pub fn shortest_path(
    graph: &TemporalGraph<'_>,
    sources: &[u32],
    targets: impl Fn(u32) -> bool,
    options: &SearchOptions<'_>,
) -> PathAnswer {
    let mut search = Search::new(Walk::new(graph, options), &targets, &[]);
    let starts = search.sources(sources);
    search.answer(starts, 0)
}

/// One arrival at a node.
pub(super) struct Label {
    pub(super) node: u32,
    /// Edges from this arrival on (see [`Walk::arrival`]) were walked at fewer hops.
    pub(super) until: Option<u32>,
    pub(super) hops: u32,
    /// The edge of the arrival, and the label at its source; [`NONE`] at a source.
    pub(super) edge: u32,
    pub(super) previous: u32,
}

pub(super) struct Search<'s, 'g, 'o> {
    pub(super) walk: Walk<'s, 'g, 'o>,
    targets: &'s dyn Fn(u32) -> bool,
    /// Nodes that do not exist, for a search that must not return to them.
    left_out: &'s [u32],
    labels: Vec<Label>,
    /// The last label of a node, which is the earliest arrival so far, and its edge (0 at a source): most edges
    /// are later than that, and are turned away without a look at the label.
    known: NodeMap<(u32, u32)>,
    degree_cut: bool,
    hops_cut: bool,
}

/// What one level reaches: labels of main nodes one hop on, and of junctions no hop on.
#[derive(Default)]
struct Reached {
    main: Vec<u32>,
    junctions: Vec<u32>,
}

impl<'s, 'g, 'o> Search<'s, 'g, 'o> {
    pub(super) fn new(
        walk: Walk<'s, 'g, 'o>,
        targets: &'s dyn Fn(u32) -> bool,
        left_out: &'s [u32],
    ) -> Self {
        let (labels, known) = (Vec::new(), NodeMap::new());
        Self { walk, targets, left_out, labels, known, degree_cut: false, hops_cut: false }
    }

    /// The labels to start a search from some nodes with.
    fn sources(&mut self, sources: &[u32]) -> Vec<u32> {
        let label = |node| Label { node, until: None, hops: 0, edge: NONE, previous: NONE };
        let sources = self.walk.sources(sources);
        sources.into_iter().map(|node| self.push(label(node))).collect()
    }

    /// Searches from labels of equal hops.
    pub(super) fn answer(&mut self, starts: Vec<u32>, hops: u32) -> PathAnswer {
        let (found, cut) = self.run(starts, hops);
        let degree = self.degree_cut.then_some(Limit::Degree);
        PathAnswer {
            path: found.map(|label| self.path(label)),
            edges_visited: self.walk.edges_visited,
            truncated_by: self.walk.stopped.or(degree).or(cut),
        }
    }

    /// The label of the best target, and the bound that ended the search early.
    fn run(&mut self, mut frontier: Vec<u32>, hops: u32) -> (Option<u32>, Option<Limit>) {
        if let Some(found) = self.best_target(&frontier) {
            return (Some(found), None);
        }
        for hops in hops.. {
            let mut next = Reached::default();
            // At the last level one step further is tried, to know whether the bound hides anything. The first
            // arrival that could matter is enough, so this level is rarely walked to its end.
            let probing = hops == self.walk.options.hops_max;
            let done = self.expand(&frontier, &mut next, probing) && {
                let junctions = std::mem::take(&mut next.junctions);
                self.expand(&junctions, &mut next, probing)
            };
            if probing && done {
                return (None, self.hops_cut.then_some(Limit::Hops));
            }
            let found = if probing { None } else { self.best_target(&next.main) };
            if !done || found.is_some() || next.main.is_empty() {
                return (found, None);
            }
            frontier = next.main;
        }
        unreachable!("the last level is hops_max, where the search ends either way")
    }

    /// Walks on from labels of equal hops; false if the edge bound stopped it. While probing, the first arrival
    /// that could matter is enough.
    fn expand(&mut self, frontier: &[u32], next: &mut Reached, probing: bool) -> bool {
        for &from in frontier {
            if self.hops_cut {
                break;
            }
            let label = &self.labels[from as usize];
            let (node, is_source) = (label.node, label.edge == NONE);
            let row = self.walk.edges_from(node, self.walk.arrival(label.edge), label.until);
            match self.walk.passage(node, is_source) {
                Passage::Open => {}
                Passage::Blocked => continue,
                Passage::DegreeMax => {
                    self.degree_cut |= !row.is_empty();
                    continue;
                }
            }
            for &edge in row {
                if !self.walk.visit() {
                    return false;
                }
                let changed = self.reach(from, edge, next);
                if probing && changed.is_some_and(|label| self.matters_beyond(label)) {
                    self.hops_cut = true;
                    return true;
                }
            }
        }
        true
    }

    /// Takes `edge` as an arrival at its target, if it is better than what is known; returns its label if so.
    fn reach(&mut self, from: u32, edge: u32, next: &mut Reached) -> Option<u32> {
        let edges = self.walk.graph.edges();
        let weight_min = self.walk.options.weight_min;
        if weight_min > 0 && edges.weight[edge as usize] < weight_min {
            return None;
        }
        let node = edges.target[edge as usize];
        if self.left_out.contains(&node) {
            return None;
        }
        let hops = self.walk.hops_after(self.labels[from as usize].hops, node);
        let mut until = None;
        if let Some((known_id, known_edge)) = self.known.get(node) {
            if edge >= known_edge {
                return None;
            }
            let known = &mut self.labels[known_id as usize];
            // Same level: it has not been walked on from, so it can still change. Smaller ids are earlier.
            if known.hops == hops {
                (known.edge, known.previous) = (edge, from);
                self.known.insert(node, (known_id, edge));
                return Some(known_id);
            }
            let arrival = self.walk.arrival(known_edge);
            if edge >= arrival {
                return None;
            }
            until = Some(arrival);
        }
        let label = self.push(Label { node, until, hops, edge, previous: from });
        let junction = self.walk.graph.is_junction(node);
        let level = if junction { &mut next.junctions } else { &mut next.main };
        level.push(label);
        Some(label)
    }

    pub(super) fn push(&mut self, label: Label) -> u32 {
        let id = u32::try_from(self.labels.len())
            .expect("a label is made by one of fewer than 2^32 edges");
        let edge = if label.edge == NONE { 0 } else { label.edge };
        self.known.insert(label.node, (id, edge));
        self.labels.push(label);
        id
    }

    /// A label that paths may pass but that says nothing of its node.
    pub(super) fn detached(&mut self, label: Label) -> u32 {
        let id = u32::try_from(self.labels.len()).expect("as in `push`");
        self.labels.push(label);
        id
    }

    /// True if a label one hop beyond the bound could matter; a junction is not beyond it.
    fn matters_beyond(&self, label: u32) -> bool {
        let Label { node, edge, .. } = self.labels[label as usize];
        let arrival = self.walk.arrival(edge);
        let is_target = (self.targets)(node);
        !self.walk.graph.is_junction(node) && self.walk.matters_beyond(node, arrival, is_target)
    }

    /// Every edge has one target, so the smallest edge is the earliest arrival and a strict order.
    fn best_target(&self, frontier: &[u32]) -> Option<u32> {
        let is_target = |label: &&u32| (self.targets)(self.labels[**label as usize].node);
        let rank = |label: &u32| (self.labels[*label as usize].edge, *label);
        frontier.iter().filter(is_target).copied().min_by_key(rank)
    }

    fn path(&self, last: u32) -> super::Path {
        let mut first = last;
        while self.labels[first as usize].previous != NONE {
            first = self.labels[first as usize].previous;
        }
        let label = &self.labels[first as usize];
        let source = match label.edge {
            NONE => label.node,
            edge => self.walk.graph.edges().source[edge as usize],
        };
        let steps = steps(&self.labels, last as usize, |label| (label.edge, label.previous));
        self.walk.path(source, steps)
    }
}

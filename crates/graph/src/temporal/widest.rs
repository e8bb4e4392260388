//! The time-respecting path with the largest bottleneck.
//!
//! In: a temporal graph, sources, a test for targets. Out: the path whose smallest weight is largest, and whether
//! a bound cut the search.
//! Source: the maximum capacity route of Pollack, "The maximum capacity through a network", Operations Research
//! 1960, as label setting over Pareto labels (Martins, "On a multicriteria shortest path problem", EJOR 1984).
//! Departures: a label is (width, hops, arrival). A narrower label is kept if it is earlier or shorter than all
//! wider ones at its node, because only it may catch an early edge, or stay within `hops_max`. Ties: fewer hops,
//! then the earlier arrival.
//! Cost: O(labels x degree) time and memory; labels a node are bounded by its distinct (hops, arrival) pairs, in
//! practice a few. Edges that a wider and no longer label walked before are not walked again.
//! Checked against: `tests/it/paths.rs` (dynamic programming over edges, and enumeration of all walks).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::TemporalGraph;
use super::search::{Passage, PathAnswer, SearchOptions, Walk, steps};
use crate::sparse::NodeMap;
use crate::{Limit, NONE};

/// The path with the largest smallest weight from any of `sources` to any main node that `targets` accepts. On
/// `u -> J -> v` both edges count.
///
/// # Panics
/// A source is not a main node of the graph.
pub fn widest_path(
    graph: &TemporalGraph<'_>,
    sources: &[u32],
    targets: impl Fn(u32) -> bool,
    options: &SearchOptions<'_>,
) -> PathAnswer {
    let mut search = Search {
        walk: Walk::new(graph, options),
        targets: &targets,
        labels: Vec::new(),
        queue: BinaryHeap::new(),
        settled: Settled { first_of: NodeMap::new(), entries: Vec::new() },
        candidate: None,
        degree_cut: None,
        hops_cut: false,
    };
    let (found, complete) = search.run(sources);
    PathAnswer {
        path: found.map(|label| search.path(label)),
        edges_visited: search.walk.edges_visited,
        truncated_by: search.truncated_by(found, complete),
    }
}

/// One way to arrive at a node.
struct Label {
    node: u32,
    hops: u32,
    width: u64,
    edge: u32,
    previous: u32,
}

/// Best first: width, hops, edge (earlier edges have smaller ids), and the label id to make it a strict order.
type Rank = (u64, Reverse<u32>, Reverse<u32>, Reverse<u32>);

struct Search<'s, 'g, 'o> {
    walk: Walk<'s, 'g, 'o>,
    targets: &'s dyn Fn(u32) -> bool,
    labels: Vec<Label>,
    queue: BinaryHeap<Rank>,
    settled: Settled,
    /// The best target met so far, in case the edge bound is reached before it is certain.
    candidate: Option<Rank>,
    /// Width and hops of the first label that the degree bound stopped, which is the best of them.
    degree_cut: Option<(u64, u32)>,
    hops_cut: bool,
}

impl Search<'_, '_, '_> {
    /// The label of the best target, and whether the edge bound left the search alone.
    fn run(&mut self, sources: &[u32]) -> (Option<u32>, bool) {
        for node in self.walk.sources(sources) {
            let source = Label { node, hops: 0, width: u64::MAX, edge: NONE, previous: NONE };
            self.push(source);
        }
        while let Some((.., Reverse(id))) = self.queue.pop() {
            let label = &self.labels[id as usize];
            let (node, hops, width, edge) = (label.node, label.hops, label.width, label.edge);
            let until = self.settled.earliest(node, hops);
            if until.is_some_and(|until| until <= edge) {
                continue;
            }
            // Labels one hop too long stay in the queue: that one comes out undominated before any target is
            // what it means for the bound to have hidden something wider.
            let arrival = self.walk.arrival(edge);
            if hops > self.walk.options.hops_max {
                self.hops_cut |= self.walk.matters_beyond(node, arrival, self.is_target(node));
                continue;
            }
            if self.is_target(node) {
                return (Some(id), true);
            }
            self.settled.insert(node, hops, arrival);
            if !self.expand(id, until) {
                return (self.candidate.map(|(.., Reverse(id))| id), false);
            }
            debug_assert!(width >= self.queue.peek().map_or(0, |rank| rank.0), "widths only fall");
        }
        (None, true)
    }

    /// Walks on from a settled label; false if the edge bound stopped it.
    fn expand(&mut self, from: u32, until: Option<u32>) -> bool {
        let label = &self.labels[from as usize];
        let (hops, width) = (label.hops, label.width);
        let row = self.walk.edges_from(label.node, self.walk.arrival(label.edge), until);
        match self.walk.passage(label.node, label.previous == NONE) {
            Passage::Open => {}
            Passage::Blocked => return true,
            Passage::DegreeMax => {
                if !row.is_empty() && self.degree_cut.is_none() {
                    self.degree_cut = Some((width, hops));
                }
                return true;
            }
        }
        let edges = self.walk.graph.edges();
        for &edge in row {
            if !self.walk.visit() {
                return false;
            }
            let weight = edges.weight[edge as usize];
            if weight < self.walk.options.weight_min {
                continue;
            }
            let node = edges.target[edge as usize];
            let hops = self.walk.hops_after(hops, node);
            let width = width.min(weight);
            // What is worse than a target already met cannot lead to a better one.
            let worse =
                self.candidate.is_some_and(|best| (width, Reverse(hops)) < (best.0, best.1));
            if !worse && self.settled.earliest(node, hops).is_none_or(|earliest| edge < earliest) {
                self.push(Label { node, hops, width, edge, previous: from });
            }
        }
        true
    }

    fn push(&mut self, label: Label) {
        let id =
            u32::try_from(self.labels.len()).expect("a search of 2^32 labels (128 GiB) is not run");
        let rank = (label.width, Reverse(label.hops), Reverse(label.edge), Reverse(id));
        if self.is_target(label.node) && label.hops <= self.walk.options.hops_max {
            self.candidate = self.candidate.max(Some(rank));
        }
        self.queue.push(rank);
        self.labels.push(label);
    }

    fn is_target(&self, node: u32) -> bool {
        !self.walk.graph.is_junction(node) && (self.targets)(node)
    }

    fn truncated_by(&self, found: Option<u32>, complete: bool) -> Option<Limit> {
        let matters = |(width, hops): (u64, u32)| {
            found.is_none_or(|found| {
                let best = &self.labels[found as usize];
                width > best.width || (width == best.width && hops < best.hops)
            })
        };
        if !complete {
            self.walk.stopped
        } else if self.degree_cut.is_some_and(matters) {
            Some(Limit::Degree)
        } else {
            self.hops_cut.then_some(Limit::Hops)
        }
    }

    fn path(&self, last: u32) -> super::Path {
        let mut first = last;
        while self.labels[first as usize].previous != NONE {
            first = self.labels[first as usize].previous;
        }
        let source = self.labels[first as usize].node;
        let steps = steps(&self.labels, last as usize, |label| (label.edge, label.previous));
        self.walk.path(source, steps)
    }
}

/// The hops and arrivals (see [`Walk::arrival`]) of the labels settled at each node. Labels are settled widest first,
/// so every pair stands for a width at least as large as that of any label still to come.
struct Settled {
    first_of: NodeMap<u32>,
    entries: Vec<Entry>,
}

struct Entry {
    hops: u32,
    arrival: u32,
    next: u32,
}

impl Settled {
    /// The earliest arrival at `node` with at most `hops`.
    fn earliest(&self, node: u32, hops: u32) -> Option<u32> {
        let mut earliest: Option<u32> = None;
        let mut at = self.first_of.get(node).unwrap_or(NONE);
        while at != NONE {
            let entry = &self.entries[at as usize];
            if entry.hops <= hops && earliest.is_none_or(|earliest| entry.arrival < earliest) {
                earliest = Some(entry.arrival);
            }
            at = entry.next;
        }
        earliest
    }

    /// Adds a pair and drops those it makes useless, so that the list stays a Pareto front.
    fn insert(&mut self, node: u32, hops: u32, arrival: u32) {
        let mut kept = NONE;
        let mut at = self.first_of.get(node).unwrap_or(NONE);
        while at != NONE {
            let next = self.entries[at as usize].next;
            let entry = &mut self.entries[at as usize];
            if entry.hops < hops || entry.arrival < arrival {
                (entry.next, kept) = (kept, at);
            }
            at = next;
        }
        let id = u32::try_from(self.entries.len()).expect("no more pairs than labels");
        self.entries.push(Entry { hops, arrival, next: kept });
        self.first_of.insert(node, id);
    }
}

//! The best path of at most so many hops, by length or by width.
//!
//! In: sources, targets, the most hops, what is measured. Out: the nodes of the best path and its cost.
//! Source: label setting over Pareto labels, Martins, "On a multicriteria shortest path problem", EJOR 16(2), 1984.
//! Departures: two criteria only and taken in order of the first, so one number a node says what is dominated: the
//! fewest hops of any label taken there.
//! Cost: O(labels x degree x log); a node has at most as many labels as paths to it differ in hops.
//! Checked against: enumeration of all simple paths (`tests/it/paths_static.rs`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::shortest::Within;
use super::walk::Walk;
use crate::sparse::NodeMap;
use crate::{Direction, NONE};

/// What makes a path better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// A smaller sum of lengths.
    Length,
    /// A larger smallest weight; as a cost, how much is missing to `u64::MAX`.
    Width,
}

impl Measure {
    /// The cost after one more edge; `None` beyond `cost_max`.
    fn after(self, walk: &Walk<'_, '_, '_>, cost: u64, edge: u32, cost_max: u64) -> Option<u64> {
        let cost = match self {
            Self::Length => cost.checked_add(walk.length(edge))?,
            Self::Width => cost.max(u64::MAX - walk.graph.columns().weight[edge as usize]),
        };
        (cost <= cost_max).then_some(cost)
    }
}

/// The best path.
pub(super) struct Best {
    pub(super) nodes: Vec<u32>,
    pub(super) cost: u64,
}

/// One way to a node: cost, hops, node, the node before it, and where the label is kept. In this order smaller is
/// better, and of equally good ways the one from the smallest node is taken first.
type Label = (u64, u32, u32, u32, u32);

/// The best path, with the fewest hops among equally good ones. For widths these fewest hops are those of the way to
/// each node, and not of the whole path: only the cost is to be used.
pub(super) fn best(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    targets: &[u32],
    within: Within,
    measure: Measure,
) -> Option<Best> {
    let mut search = Search {
        measure,
        hops_max: within.hops,
        cost_max: if measure == Measure::Length { within.length } else { u64::MAX },
        taken: Vec::new(),
        fewest: NodeMap::new(),
        queue: sources.iter().map(|&node| Reverse((0, 0, node, NONE, NONE))).collect(),
    };
    while let Some(Reverse(label)) = search.queue.pop() {
        let (cost, hops, node, ..) = label;
        if search.fewest.get(node).is_some_and(|fewest| fewest <= hops) {
            continue;
        }
        search.fewest.insert(node, hops);
        if targets.binary_search(&node).is_ok() {
            return Some(Best { nodes: search.way(label), cost });
        }
        search.expand(walk, label);
        if walk.stopped.is_some() {
            break;
        }
    }
    None
}

struct Search {
    measure: Measure,
    hops_max: u32,
    cost_max: u64,
    /// Node and label before it, of the labels that were walked on from.
    taken: Vec<(u32, u32)>,
    /// The fewest hops of any label taken at a node.
    fewest: NodeMap<u32>,
    queue: BinaryHeap<Reverse<Label>>,
}

impl Search {
    fn expand(&mut self, walk: &mut Walk<'_, '_, '_>, (cost, hops, node, _, before): Label) {
        if before != NONE && !walk.passes(node) {
            return;
        }
        let id = u32::try_from(self.taken.len()).expect("2^32 labels (32 GiB) are not kept");
        self.taken.push((node, before));
        let rows = walk.graph.rows(Direction::Forward);
        let mut row = rows.range(node);
        while let Some(piece) = walk.piece(&mut row) {
            for (at, &neighbor) in piece.clone().zip(&rows.items()[piece]) {
                let dominated = self.fewest.get(neighbor).is_some_and(|fewest| fewest <= hops + 1);
                if dominated || !walk.admits(node, neighbor, at, Direction::Forward) {
                    continue;
                }
                if hops >= self.hops_max {
                    walk.hops_cut = true;
                    return;
                }
                let edge = walk.edge_at(at, Direction::Forward);
                match self.measure.after(walk, cost, edge, self.cost_max) {
                    Some(cost) => self.queue.push(Reverse((cost, hops + 1, neighbor, node, id))),
                    None => walk.length_cut = true,
                }
            }
        }
    }

    fn way(&self, (_, _, node, _, mut before): Label) -> Vec<u32> {
        let mut nodes = vec![node];
        while before != NONE {
            let (node, previous) = self.taken[before as usize];
            nodes.push(node);
            before = previous;
        }
        nodes.reverse();
        nodes
    }
}

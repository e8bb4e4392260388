//! The path with the largest bottleneck between two sets of nodes.
//!
//! In: a graph, sources, targets, options. Out: the path whose smallest weight is largest, and whether a bound cut
//! the search.
//! Source: the maximum capacity route of Pollack, "The maximum capacity through a network", Operations Research
//! 8(5), 1960, searched from both ends as Dijkstra's.
//! Departures: two steps. First the width alone: a side goes on from its widest node until what both sides could
//! still reach is no wider than what met. Then the shortest path over the edges at least that wide, which gives the
//! fewest hops and the ties of [`super`]; one search for (width, hops) would keep many labels a node, since the
//! part of a best path need not be a best path.
//! Cost: O(edges reached x log) and those of [`super::shortest_path`].
//! Checked against: enumeration of all simple paths (`tests/it/paths_static.rs`).

use std::collections::BinaryHeap;

use super::PathAnswer;
use super::labels::{self, Measure};
use super::shortest::{self, Within};
use super::walk::{PathOptions, Walk, check_question};
use crate::error::GraphError;
use crate::graph::GraphView;
use crate::sparse::NodeMap;
use crate::{Direction, Limit};

/// The path from any of `sources` to any of `targets` whose smallest weight is largest; among those the one with
/// the fewest hops. [`PathOptions::lengths`] are not read.
///
/// # Errors
/// A source or target is not a node.
pub fn widest_path(
    graph: &GraphView<'_>,
    sources: &[u32],
    targets: &[u32],
    options: &PathOptions<'_>,
) -> Result<PathAnswer, GraphError> {
    let options = PathOptions { lengths: None, length_max: u64::MAX, ..options.clone() };
    let sources = check_question(graph, &options, "sources", sources)?;
    let targets = check_question(graph, &options, "targets", targets)?;
    let mut walk = Walk::new(graph, &options);
    let width = width(&mut walk, &sources, &targets);
    let mut truncated_by = walk.truncated_by(true, false);
    let Some(width) = width else {
        return Ok(PathAnswer { path: None, edges_visited: walk.edges_visited, truncated_by });
    };
    let wide = PathOptions { weight_min: width.max(options.weight_min), ..options.clone() };
    let mut second = Walk::new(graph, &wide);
    second.edges_visited = walk.edges_visited;
    let within = Within { hops: options.hops_max, length: u64::MAX };
    let nodes = shortest::best(&mut second, &sources, &targets, within);
    let found = nodes.is_some();
    let of_second = second.truncated_by(!found, false);
    truncated_by = [Limit::Cancelled, Limit::EdgesVisited, Limit::Degree, Limit::Hops]
        .into_iter()
        .find(|&limit| truncated_by == Some(limit) || of_second == Some(limit));
    let path = nodes.map(|nodes| second.path(nodes));
    Ok(PathAnswer { path, edges_visited: second.edges_visited, truncated_by })
}

/// The largest width of any path.
fn width(walk: &mut Walk<'_, '_, '_>, sources: &[u32], targets: &[u32]) -> Option<u64> {
    if targets.iter().any(|target| sources.binary_search(target).is_ok()) {
        return Some(u64::MAX);
    }
    if walk.options.hops_max < walk.graph.n_nodes() {
        let within = Within { hops: walk.options.hops_max, length: u64::MAX };
        let best = labels::best(walk, sources, targets, within, Measure::Width);
        return best.map(|best| u64::MAX - best.cost);
    }
    let mut from = Side::new(sources, Direction::Forward);
    let mut to = Side::new(targets, Direction::Backward);
    let mut best = None;
    loop {
        let (Some(ahead), Some(back)) = (from.advance(), to.advance()) else { return best };
        if best.is_some_and(|best| ahead.min(back) <= best) || walk.stopped.is_some() {
            return best;
        }
        if from.queue.len() <= to.queue.len() {
            from.expand(walk, &to, &mut best);
        } else {
            to.expand(walk, &from, &mut best);
        }
    }
}

struct Side<'s> {
    /// Where this side began, ascending.
    ends: &'s [u32],
    /// The largest width so far, and 1 once the node was walked on from.
    known: NodeMap<(u64, u8)>,
    /// Width and node; which of equally wide nodes comes first cannot change a width.
    queue: BinaryHeap<(u64, u32)>,
    direction: Direction,
}

impl<'s> Side<'s> {
    fn new(ends: &'s [u32], direction: Direction) -> Self {
        let mut side = Self { ends, known: NodeMap::new(), queue: BinaryHeap::new(), direction };
        for &node in ends {
            side.known.insert(node, (u64::MAX, 0));
            side.queue.push((u64::MAX, node));
        }
        side
    }

    /// The width of the next node to walk on from, after dropping what is done.
    fn advance(&mut self) -> Option<u64> {
        while let Some(&(width, node)) = self.queue.peek() {
            if self.known.get(node) == Some((width, 0)) {
                return Some(width);
            }
            self.queue.pop();
        }
        None
    }

    fn expand(&mut self, walk: &mut Walk<'_, '_, '_>, other: &Self, best: &mut Option<u64>) {
        let Some((width, node)) = self.queue.pop() else { return };
        self.known.insert(node, (width, 1));
        if !self.is_end(node) && !walk.passes(node) {
            return;
        }
        let rows = walk.graph.rows(self.direction);
        let mut row = rows.range(node);
        while let Some(piece) = walk.piece(&mut row) {
            for (at, &neighbor) in piece.clone().zip(&rows.items()[piece]) {
                if !walk.admits(node, neighbor, at, self.direction) {
                    continue;
                }
                let edge = walk.edge_at(at, self.direction);
                let width = width.min(walk.graph.columns().weight[edge as usize]);
                let narrower = best.is_some_and(|best| width <= best);
                if narrower || self.known.get(neighbor).is_some_and(|(known, _)| known >= width) {
                    continue;
                }
                self.known.insert(neighbor, (width, 0));
                self.queue.push((width, neighbor));
                let Some((rest, _)) = other.known.get(neighbor) else { continue };
                if other.is_end(neighbor) || walk.passes(neighbor) {
                    *best = (*best).max(Some(width.min(rest)));
                }
            }
        }
    }

    /// Whether the node is one where this side began.
    fn is_end(&self, node: u32) -> bool {
        self.ends.binary_search(&node).is_ok()
    }
}

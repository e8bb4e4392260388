//! The path with the fewest hops, or of the smallest length, between two sets of nodes.
//!
//! In: a graph, sources, targets, options. Out: the path and whether a bound cut the search.
//! Source: breadth-first search from both ends, level by level, Pohl, "Bi-directional search", Machine
//! Intelligence 6, 1971; for lengths see [`super::weighted`].
//! Departures: the side whose next level has fewer edges goes on, and the last level is read to its end, so that the
//! path can be the smallest of all shortest ones (see [`super`]).
//! Cost: O(edges reached), one look-up in a map each; the two halves of a path of n hops reach about twice the square
//! root of what a search from one side does.
//! Checked against: enumeration of all simple paths (`tests/it/paths_static.rs`).

use super::ends::{Cost, End, News};
use super::trace::trace;
use super::walk::{PathOptions, Walk, check_question};
use super::{PathAnswer, weighted};
use crate::Direction;
use crate::error::GraphError;
use crate::graph::GraphView;

/// The shortest path from any of `sources` to any of `targets`: the fewest hops, or with
/// [`PathOptions::lengths`] the smallest length and then the fewest hops.
///
/// # Errors
/// A source or target is not a node, or the lengths are not one an edge.
pub fn shortest_path(
    graph: &GraphView<'_>,
    sources: &[u32],
    targets: &[u32],
    options: &PathOptions<'_>,
) -> Result<PathAnswer, GraphError> {
    let sources = check_question(graph, options, "sources", sources)?;
    let targets = check_question(graph, options, "targets", targets)?;
    let mut walk = Walk::new(graph, options);
    let within = Within { hops: options.hops_max, length: walk.length_max() };
    let nodes = best(&mut walk, &sources, &targets, within);
    Ok(answer(&walk, nodes))
}

/// The answer that a finished walk gives.
pub(super) fn answer(walk: &Walk<'_, '_, '_>, nodes: Option<Vec<u32>>) -> PathAnswer {
    PathAnswer {
        edges_visited: walk.edges_visited,
        // With lengths, a path of more hops may be shorter than the one that was found.
        truncated_by: walk
            .truncated_by(nodes.is_none() || walk.options.lengths.is_some(), nodes.is_none()),
        path: nodes.map(|nodes| walk.path(nodes)),
    }
}

/// How long a path may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within {
    pub(super) hops: u32,
    pub(super) length: u64,
}

/// The nodes of the shortest path; sources and targets ascend without repeats.
pub(super) fn best(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    targets: &[u32],
    within: Within,
) -> Option<Vec<u32>> {
    if let Some(&both) = targets.iter().find(|target| sources.binary_search(target).is_ok()) {
        return Some(vec![both]);
    }
    if walk.options.lengths.is_some() {
        return weighted::best(walk, sources, targets, within);
    }
    fewest_hops(walk, sources, targets, within)
}

/// One level of one side.
struct Level {
    nodes: Vec<u32>,
    hops: u32,
    direction: Direction,
}

impl Level {
    /// How many edges the next level takes to read.
    fn n_edges(&self, walk: &Walk<'_, '_, '_>) -> usize {
        let rows = walk.graph.rows(self.direction);
        self.nodes.iter().map(|&node| rows.range(node).len()).sum()
    }
}

fn fewest_hops(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    targets: &[u32],
    within: Within,
) -> Option<Vec<u32>> {
    let (mut from, mut to) = (End::<u32>::new(sources), End::<u32>::new(targets));
    let level = |nodes: &[u32], direction| Level { nodes: nodes.to_vec(), hops: 0, direction };
    let mut ahead = level(sources, Direction::Forward);
    let mut back = level(targets, Direction::Backward);
    let hops_max = within.hops.min(u32::try_from(within.length).unwrap_or(u32::MAX));
    loop {
        let (n_ahead, n_back) = (ahead.n_edges(walk), back.n_edges(walk));
        if n_ahead == 0 || n_back == 0 {
            return None;
        }
        if ahead.hops + back.hops >= hops_max {
            let beyond = leads_on(walk, &ahead) && leads_on(walk, &back);
            let by_hops = u64::from(within.hops) <= within.length;
            walk.hops_cut |= beyond && by_hops;
            walk.length_cut |= beyond && !by_hops;
            return None;
        }
        let met = if n_ahead <= n_back {
            expand(walk, &mut ahead, &mut from, &to)
        } else {
            expand(walk, &mut back, &mut to, &from)
        };
        if met {
            let total = ahead.hops + back.hops;
            return trace(walk, targets, &from, &mut to, total);
        }
        if walk.stopped.is_some() {
            return None;
        }
    }
}

/// Whether anything lies one hop beyond a level.
fn leads_on(walk: &mut Walk<'_, '_, '_>, level: &Level) -> bool {
    let rows = walk.graph.rows(level.direction);
    level
        .nodes
        .iter()
        .any(|&node| !rows.range(node).is_empty() && (level.hops == 0 || walk.passes(node)))
}

/// Goes one level on from one side; true if it met the other.
fn expand(
    walk: &mut Walk<'_, '_, '_>,
    level: &mut Level,
    end: &mut End<u32>,
    other: &End<u32>,
) -> bool {
    let rows = walk.graph.rows(level.direction);
    let (mut next, mut met) = (Vec::new(), false);
    let hops = level.hops + 1;
    for &node in &level.nodes {
        if level.hops > 0 && !walk.passes(node) {
            continue;
        }
        let mut row = rows.range(node);
        while let Some(piece) = walk.piece(&mut row) {
            for (at, &neighbor) in piece.clone().zip(&rows.items()[piece]) {
                if !walk.admits(node, neighbor, at, level.direction) {
                    continue;
                }
                if end.reach(neighbor, hops, node) == News::Better {
                    next.push(neighbor);
                    let joins = other.cost(neighbor).is_some_and(|other_hops| {
                        other_hops == u32::default() || walk.passes(neighbor)
                    });
                    met |= joins;
                }
            }
        }
    }
    (level.nodes, level.hops, end.top) = (next, hops, hops);
    debug_assert!(hops < u32::NEVER, "fewer levels than nodes");
    met
}

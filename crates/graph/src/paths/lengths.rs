//! For every node of a graph: the smallest length, or the largest width, of a path from any of the sources.
//!
//! In: a graph, sources, options. Out: one number a node ([`UNREACHED`] or width 0 where no path leads).
//! Source: delta-stepping, Meyer and Sanders, "Delta-stepping: a parallelizable shortest path algorithm", Journal of
//! Algorithms 49, 2003, on a radix heap ([`super::wheel`]) in place of an array of buckets, so that lengths may be
//! any 64-bit numbers.
//! Departures: numbers and no paths: they are the same for any order of the work and so for any number of threads;
//! [`predecessors`] makes paths of them by a rule. A width is kept as what is missing to `u64::MAX`, which turns the
//! largest bottleneck into a smallest cost and one loop into both. The work is bounded by taking nodes one by one
//! in order of their cost, on one thread, so that what a bound leaves is the same every time.
//! Cost: O(edges) and what is walked twice because a bucket holds more than one length; 16 bytes a node; 12 bytes
//! an edge read (target, length) and 8 gathered (the number of the target).
//! Checked against: Bellman-Ford over the list of edges (`tests/it/paths_lengths.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::rounds;
use super::stepping::{self, Ground, Step};
use super::walk::{PathOptions, Walk, check_question};
use crate::error::{GraphError, same_length};
use crate::graph::GraphView;
use crate::{Direction, Limit, NONE};

/// The length of no path.
pub const UNREACHED: u64 = u64::MAX;

/// The smallest length of a path to every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeLengths {
    /// By node; 0 at a source, [`UNREACHED`] where no path leads. If the search was stopped
    /// (`EdgesVisited`, `Cancelled`), the length of some path.
    pub lengths: Vec<u64>,
    /// How many edges lead on from the nodes reached; with a bound on the work, how many were looked at.
    pub edges_visited: u64,
    /// The bound that may have hidden a shorter path to some node. Order as in [`super::PathAnswer`].
    pub truncated_by: Option<Limit>,
}

/// The largest width of a path to every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeWidths {
    /// By node; `u64::MAX` at a source, 0 where no path leads or only one over an edge of weight 0.
    pub widths: Vec<u64>,
    /// See [`NodeLengths::edges_visited`].
    pub edges_visited: u64,
    /// The bound that may have hidden a wider path to some node.
    pub truncated_by: Option<Limit>,
}

/// The length of the shortest path from any of `sources` to every node.
///
/// # Errors
/// A source is not a node, or the lengths are not one an edge.
pub fn shortest_path_lengths(
    graph: &GraphView<'_>,
    sources: &[u32],
    options: &PathOptions<'_>,
) -> Result<NodeLengths, GraphError> {
    let sources = check_question(graph, options, "sources", sources)?;
    let cost_max = options.length_max.min(u64::MAX - 1);
    let (lengths, walked) = match options.lengths {
        Some(lengths) => solve(graph, &sources, options, Step::Sum(lengths), cost_max),
        None => solve(graph, &sources, options, Step::Hop, cost_max),
    };
    let Walked { edges_visited, truncated_by } = walked;
    Ok(NodeLengths { lengths, edges_visited, truncated_by })
}

/// The width of the widest path from any of `sources` to every node.
///
/// # Errors
/// A source is not a node.
pub fn widest_path_widths(
    graph: &GraphView<'_>,
    sources: &[u32],
    options: &PathOptions<'_>,
) -> Result<NodeWidths, GraphError> {
    let sources = check_question(graph, options, "sources", sources)?;
    let step = Step::Narrow(graph.columns().weight);
    let (costs, walked) = solve(graph, &sources, options, step, u64::MAX - 1);
    let widths = costs.into_par_iter().map(|cost| u64::MAX - cost).collect();
    let Walked { edges_visited, truncated_by } = walked;
    Ok(NodeWidths { widths, edges_visited, truncated_by })
}

struct Walked {
    edges_visited: u64,
    truncated_by: Option<Limit>,
}

fn solve(
    graph: &GraphView<'_>,
    sources: &[u32],
    options: &PathOptions<'_>,
    step: Step<'_>,
    cost_max: u64,
) -> (Vec<u64>, Walked) {
    let mut walk = Walk::new(graph, options);
    let bounded = options.edges_visited_max < u64::MAX;
    let costs = if options.hops_max < graph.n_nodes() {
        rounds::solve(&mut walk, sources, step, cost_max)
    } else if bounded {
        stepping::one_by_one(&mut walk, sources, step, cost_max)
    } else {
        let ground = Ground::new(graph, options, sources, step, cost_max);
        let (costs, over) = stepping::solve(&ground, sources);
        walk.edges_visited = ground.edges_left(&costs);
        walk.degree_cut = options.degree_max < usize::MAX && hides_degree(&walk, sources, &costs);
        walk.length_cut = over && ground.is_cut(&costs);
        if options.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
            walk.stopped = Some(Limit::Cancelled);
        }
        costs
    };
    // A width that is too small to be told from none is no limit.
    let truncated_by = walk.truncated_by(true, !matches!(step, Step::Narrow(_)));
    (costs, Walked { edges_visited: walk.edges_visited, truncated_by })
}

/// Whether a node that was reached has edges that only the degree bound left out.
fn hides_degree(walk: &Walk<'_, '_, '_>, sources: &[u32], costs: &[u64]) -> bool {
    let options = walk.options;
    let rows = walk.graph.rows(Direction::Forward);
    (0u32..).zip(costs).any(|(node, &cost)| {
        cost != UNREACHED
            && rows.range(node).len() > options.degree_max
            && !options.blocked.is_some_and(|blocked| blocked(node))
            && sources.binary_search(&node).is_err()
    })
}

/// The node before each node on a shortest path, made from the lengths that [`shortest_path_lengths`] gave for the
/// same question without `hops_max`; [`NONE`] at sources and where no path leads. Among the nodes that an edge of
/// a length above 0 joins to a node by a shortest path, the smallest; where only edges of length 0 do, the smallest
/// of those fewest such edges away from a node that has another. So following it ends at a source.
///
/// # Errors
/// A source is not a node, or the lengths (of edges, of nodes) are not as many as there are.
pub fn predecessors(
    graph: &GraphView<'_>,
    sources: &[u32],
    lengths: &[u64],
    options: &PathOptions<'_>,
) -> Result<Vec<u32>, GraphError> {
    let sources = check_question(graph, options, "sources", sources)?;
    same_length("lengths of nodes", graph.n_nodes() as usize, lengths.len())?;
    let step = options.lengths.map_or(Step::Hop, Step::Sum);
    let ground = Ground::new(graph, options, &sources, step, u64::MAX - 1);
    let before: Vec<AtomicU32> = lengths.par_iter().map(|_| AtomicU32::new(NONE)).collect();
    // The edges of length 0 on shortest paths, by source.
    let level: Vec<(u32, u32)> = (0..graph.n_nodes())
        .into_par_iter()
        .filter(|&node| lengths[node as usize] != UNREACHED)
        .flat_map_iter(|node| {
            let length = lengths[node as usize];
            let (lengths, before) = (lengths, &before);
            ground.edges(node, length).filter_map(move |(target, reached)| {
                if reached != lengths[target as usize] {
                    return None;
                }
                if reached == length {
                    return Some((node, target));
                }
                before[target as usize].fetch_min(node, Ordering::Relaxed);
                None
            })
        })
        .collect();
    let mut before: Vec<u32> = before.into_par_iter().map(AtomicU32::into_inner).collect();
    follow_level(&level, &sources, &mut before);
    Ok(before)
}

/// Goes from the nodes that have a predecessor, or are sources, along the edges of length 0, which are sorted.
fn follow_level(level: &[(u32, u32)], sources: &[u32], before: &mut [u32]) {
    let is_source = |node: u32| sources.binary_search(&node).is_ok();
    let mut frontier: Vec<u32> = level.iter().map(|edge| edge.0).collect();
    frontier.dedup();
    frontier.retain(|&node| before[node as usize] != NONE || is_source(node));
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for &node in &frontier {
            let row = &level[level.partition_point(|edge| edge.0 < node)..];
            for &(_, target) in row.iter().take_while(|edge| edge.0 == node) {
                if before[target as usize] == NONE && !is_source(target) {
                    before[target as usize] = node;
                    next.push(target);
                }
            }
        }
        next.sort_unstable();
        frontier = next;
    }
}

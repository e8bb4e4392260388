//! The best cost of a path of at most so many hops, for every node.
//!
//! In: sources, what an edge adds, `hops_max`. Out: one cost a node.
//! Source: Bellman, "On a routing problem", Quarterly of Applied Mathematics 16, 1958: after round h, the best of
//! all paths of at most h edges.
//! Departures: a round walks on only from nodes that the round before made better, and reads what was known before
//! this round, so that no path gets two edges longer in one.
//! Cost: O(edges) a round.
//! Checked against: the same over the list of edges (`tests/it/paths_lengths.rs`).

use super::lengths::UNREACHED;
use super::stepping::Step;
use super::walk::Walk;
use crate::Direction;

pub(super) fn solve(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    step: Step<'_>,
    cost_max: u64,
) -> Vec<u64> {
    let mut costs = vec![UNREACHED; walk.graph.n_nodes() as usize];
    let mut better: Vec<(u32, u64)> = sources.iter().map(|&node| (node, 0)).collect();
    for hops in 0..=walk.options.hops_max {
        better.sort_unstable();
        better.dedup_by_key(|(node, _)| *node);
        for &(node, cost) in &better {
            costs[node as usize] = cost;
        }
        let last = hops == walk.options.hops_max;
        better = round(walk, (sources, step, cost_max), &costs, &better, last);
        if better.is_empty() || last {
            break;
        }
    }
    costs
}

/// What one more edge makes better. In the round after the last, only whether there is any.
fn round(
    walk: &mut Walk<'_, '_, '_>,
    (sources, step, cost_max): (&[u32], Step<'_>, u64),
    costs: &[u64],
    from: &[(u32, u64)],
    beyond: bool,
) -> Vec<(u32, u64)> {
    let rows = walk.graph.rows(Direction::Forward);
    let mut better = Vec::new();
    for &(node, cost) in from {
        if sources.binary_search(&node).is_err() && !walk.passes(node) {
            continue;
        }
        let mut row = rows.range(node);
        while let Some(piece) = walk.piece(&mut row) {
            for at in piece {
                let target = rows.items()[at];
                let reached = step.after(cost, at);
                let known = costs[target as usize];
                let is_cut = reached > cost_max && known == UNREACHED;
                if !(reached < known || is_cut)
                    || !walk.admits(node, target, at, Direction::Forward)
                {
                    continue;
                }
                if is_cut {
                    walk.length_cut = true;
                } else if beyond {
                    walk.hops_cut = true;
                    return better;
                } else {
                    better.push((target, reached));
                }
            }
        }
    }
    better
}

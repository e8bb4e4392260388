//! The path that two ends of a search agree on, the same whichever of them went further.
//!
//! In: both ends, the cost of the best path. Out: its nodes; among equals the smallest, read from the target back.
//! Source: own. The first half of the way back is a depth-first search among nodes that the target's end has walked
//! on from, where neighbors are tried in ascending order and a node that failed is not tried again; the second
//! half is known: the source's end keeps the smallest neighbor of each node.
//! Departures: the usual way, to join the two trees where they met first, gives a path that depends on the order
//! of the search.
//! Cost: at most the edges that the target's end has read, in practice a few rows.

use super::ends::{Cost, End};
use super::walk::Walk;
use crate::Direction;

/// A node on the way back, and how much of its row has been tried.
struct Step {
    node: u32,
    tried: usize,
}

/// The nodes of the best path, from source to target; `None` if the search was stopped before that is certain.
pub(super) fn trace<C: Cost>(
    walk: &Walk<'_, '_, '_>,
    targets: &[u32],
    from: &End<C>,
    to: &mut End<C>,
    total: C,
) -> Option<Vec<u32>> {
    for &target in targets {
        let mut steps = vec![Step { node: target, tried: 0 }];
        while let Some(step) = steps.last_mut() {
            if step.tried == 0 && joins(walk, from, to, step.node, total) {
                let mut nodes = from.way(step.node);
                nodes.reverse();
                nodes.extend(steps.iter().rev().skip(1).map(|step| step.node));
                return Some(nodes);
            }
            if let Some(node) = next(walk, from, to, step) {
                steps.push(Step { node, tried: 0 });
            } else {
                to.discard(step.node);
                steps.pop();
            }
        }
    }
    None
}

/// Whether the source's end knows the rest of the way for certain.
fn joins<C: Cost>(
    walk: &Walk<'_, '_, '_>,
    from: &End<C>,
    to: &End<C>,
    node: u32,
    total: C,
) -> bool {
    let (Some(before), Some(after)) = (from.cost(node), to.cost(node)) else { return false };
    before <= from.top
        && before.join(after, walk.length_max()) == Some(total)
        && can_join(walk, before, after, node)
}

/// Whether a path may go through a node that both ends know, or starts or ends there.
pub(super) fn can_join<C: Cost>(walk: &Walk<'_, '_, '_>, before: C, after: C, node: u32) -> bool {
    before == C::default() || after == C::default() || walk.is_open(node)
}

/// The next node of the row of `step` from which the target is as far as it can be, if the target's end has read
/// this row.
fn next<C: Cost>(
    walk: &Walk<'_, '_, '_>,
    from: &End<C>,
    to: &End<C>,
    step: &mut Step,
) -> Option<u32> {
    let after = to.cost(step.node).filter(|&after| after < to.top)?;
    let sources = walk.graph.rows(Direction::Backward);
    let row = sources.range(step.node);
    for at in row.start + step.tried..row.end {
        step.tried += 1;
        let node = sources.items()[at];
        // The map first: most of a row is not on the way, and its edges need not be looked at.
        let Some(cost) = to.cost(node).filter(|&cost| cost > after && cost != C::NEVER) else {
            continue;
        };
        if !walk.admits(step.node, node, at, Direction::Backward) {
            continue;
        }
        let length = walk.length(walk.edge_at(at, Direction::Backward));
        let is_source = from.cost(node) == Some(C::default());
        if after.after(length, walk.length_max()) == Some(cost) && (is_source || walk.is_open(node))
        {
            return Some(node);
        }
    }
    None
}

//! The path that two ends of a search agree on, the same whichever of them went further.
//!
//! In: both ends, the cost of the best path. Out: its nodes; among equals the smallest, read from the target back.
//! Source: own. The first half of the way back is a depth-first search among nodes that the target's end has walked
//! on from, where neighbors are tried in ascending order and a node that failed is not tried again; the second
//! half is known: the source's end keeps the smallest neighbor of each node. Of every edge on a best path, the target's
//! end has walked on from its target, or the source's end from its source and all before.
//! Departures: the usual way, to join the two trees where they met first, gives a path that depends on the order
//! of the search.
//! Cost: at most the edges that the target's end has read, in practice a few rows.

use super::ends::{Cost, End};
use super::walk::Walk;
use crate::Direction;

/// A node on the way back, what is left from there, and how much of its row has been tried.
struct Step<C> {
    node: u32,
    after: C,
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
        let mut steps = vec![Step { node: target, after: C::default(), tried: 0 }];
        while let Some(step) = steps.last_mut() {
            if is_walked(to, step) {
                if let Some((node, after)) = next(walk, from, to, total, step) {
                    steps.push(Step { node, after, tried: 0 });
                    continue;
                }
                // Its cost is final, so it is not tried again. That of a node not walked on from may be that of a
                // worse way than the next one that leads here.
                to.discard(step.node);
            } else if joins(walk, from, step, total) {
                let mut nodes = from.way(step.node);
                nodes.reverse();
                nodes.extend(steps.iter().rev().skip(1).map(|step| step.node));
                return Some(nodes);
            }
            steps.pop();
        }
    }
    None
}

/// Whether the target's end has walked on from the node, and so knows what is before it, or has left it out because
/// the source's end knew.
fn is_walked<C: Cost>(to: &End<C>, step: &Step<C>) -> bool {
    step.after < to.top && to.cost(step.node) == Some(step.after)
}

/// Whether the source's end knows the rest of the way for certain.
fn joins<C: Cost>(walk: &Walk<'_, '_, '_>, from: &End<C>, step: &Step<C>, total: C) -> bool {
    from.cost(step.node).is_some_and(|before| {
        before <= from.top
            && before.join(step.after, walk.length_max()) == Some(total)
            && can_join(walk, before, step.after, step.node)
    })
}

/// Whether a path may go through a node that both ends know, or starts or ends there.
pub(super) fn can_join<C: Cost>(walk: &Walk<'_, '_, '_>, before: C, after: C, node: u32) -> bool {
    before == C::default() || after == C::default() || walk.is_open(node)
}

/// The next node of the row of `step` that may be on a best path, and what is left from there.
fn next<C: Cost>(
    walk: &Walk<'_, '_, '_>,
    from: &End<C>,
    to: &End<C>,
    total: C,
    step: &mut Step<C>,
) -> Option<(u32, C)> {
    let sources = walk.graph.rows(Direction::Backward);
    let row = sources.range(step.node);
    for at in row.start + step.tried..row.end {
        step.tried += 1;
        let node = sources.items()[at];
        let length = walk.length(walk.edge_at(at, Direction::Backward));
        let Some(after) = step.after.after(length, walk.length_max()) else { continue };
        let known = to.cost(node);
        if known == Some(C::NEVER) {
            continue;
        }
        // What the target's end does not know is only on the way if the source's end does, and near enough.
        let is_near = || after.join(from.top, walk.length_max()).is_none_or(|most| most >= total);
        let leads = known == Some(after)
            || (is_near()
                && from.cost(node).is_some_and(|before| {
                    before <= from.top && before.join(after, walk.length_max()) == Some(total)
                }));
        if leads && walk.admits(step.node, node, at, Direction::Backward) {
            let is_source = from.cost(node) == Some(C::default());
            if is_source || walk.is_open(node) {
                return Some((node, after));
            }
        }
    }
    None
}

//! The path of the smallest length between two sets of nodes.
//!
//! In: as [`super::shortest`], with a length an edge. Out: the nodes of the path with the smallest length, then the
//! fewest hops.
//! Source: Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1, 1959, from both
//! ends: Nicholson, "Finding the shortest route between two points in a network", Computer Journal 9, 1966.
//! Departures: the cost is the pair (length, hops), so that edges of length 0 cost something too and ties are few.
//! The side with the shorter queue goes on, and leaves out what cannot be on a best path any more, given how far
//! the other has come. Sums are 64 bits and checked; nothing is rounded. With `hops_max` the best way to a node may
//! not be part of the best way, so [`super::labels`] answers then.
//! Cost: O(edges reached x log), one look-up in a map each.
//! Checked against: Bellman-Ford and enumeration (`tests/it/paths_static.rs`, `paths_larger.rs`).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::ends::{Cost, End, Length, News};
use super::labels::{self, Measure};
use super::shortest::Within;
use super::trace::trace;
use super::walk::Walk;
use crate::Direction;

/// The nodes of the shortest path.
pub(super) fn best(
    walk: &mut Walk<'_, '_, '_>,
    sources: &[u32],
    targets: &[u32],
    within: Within,
) -> Option<Vec<u32>> {
    // No simple path has more hops than there are nodes.
    if within.hops < walk.graph.n_nodes() {
        return labels::best(walk, sources, targets, within, Measure::Length)
            .map(|best| best.nodes);
    }
    let mut search = Search {
        from: Side::new(sources, Direction::Forward),
        to: Side::new(targets, Direction::Backward),
        length_max: within.length,
        best: None,
    };
    search.run(walk);
    let (total, meeting) = search.best?;
    if walk.stopped.is_some() {
        // The two ways that met, though perhaps not the best.
        let mut nodes = search.from.end.way(meeting);
        nodes.reverse();
        nodes.extend(search.to.end.way(meeting).iter().skip(1));
        return Some(nodes);
    }
    let nodes = trace(walk, targets, &search.from.end, &mut search.to.end, total);
    debug_assert!(nodes.is_some(), "a finished search has a best path");
    nodes
}

struct Side {
    end: End<Length>,
    queue: BinaryHeap<Reverse<(Length, u32)>>,
    direction: Direction,
}

impl Side {
    fn new(nodes: &[u32], direction: Direction) -> Self {
        let queue = nodes.iter().map(|&node| Reverse((Length::default(), node))).collect();
        Self { end: End::new(nodes), queue, direction }
    }

    /// The cost of the next node to walk on from, after dropping what has become better since.
    fn advance(&mut self) -> Option<Length> {
        while let Some(&Reverse((cost, node))) = self.queue.peek() {
            if self.end.cost(node) == Some(cost) {
                self.end.top = cost;
                return Some(cost);
            }
            self.queue.pop();
        }
        self.end.top = Length::NEVER;
        None
    }
}

struct Search {
    from: Side,
    to: Side,
    length_max: u64,
    /// The cost of the best path so far, and the node where its halves met.
    best: Option<(Length, u32)>,
}

impl Search {
    fn run(&mut self, walk: &mut Walk<'_, '_, '_>) {
        loop {
            // If one side has nothing left, it has reached the other end wherever a path does.
            let (ahead, back) = (self.from.advance(), self.to.advance());
            let (Some(ahead), Some(back)) = (ahead, back) else { return };
            let bound = self.best.map(|(best, _)| best);
            let sum = ahead.join(back, self.length_max);
            if sum.is_none() || bound.is_some_and(|bound| sum >= Some(bound)) {
                walk.length_cut |= sum.is_none();
                return;
            }
            // Not the side that has come less far: its next node may be a hub, and edges read grew 26-fold.
            let forward = self.from.queue.len() <= self.to.queue.len();
            let (side, other) =
                if forward { (&mut self.from, &self.to) } else { (&mut self.to, &self.from) };
            if let Some(Reverse((cost, node))) = side.queue.pop() {
                expand(walk, side, &other.end, (cost, node), self.length_max, &mut self.best);
            }
            if walk.stopped.is_some() {
                return;
            }
        }
    }
}

/// Walks on from a node.
fn expand(
    walk: &mut Walk<'_, '_, '_>,
    side: &mut Side,
    other: &End<Length>,
    (cost, node): (Length, u32),
    length_max: u64,
    best: &mut Option<(Length, u32)>,
) {
    if cost != Length::default() && !walk.passes(node) {
        return;
    }
    let rows = walk.graph.rows(side.direction);
    let mut row = rows.range(node);
    while let Some(piece) = walk.piece(&mut row) {
        for (at, &neighbor) in piece.clone().zip(&rows.items()[piece]) {
            if !walk.admits(node, neighbor, at, side.direction) {
                continue;
            }
            let length = walk.length(walk.edge_at(at, side.direction));
            let Some(cost) = cost.after(length, length_max) else {
                walk.length_cut = true;
                continue;
            };
            // A path through there is at least so long, since the other side has come as far as its top.
            let Some(least) = cost.join(other.top, length_max) else {
                walk.length_cut = true;
                continue;
            };
            if best.is_some_and(|(best, _)| least > best) {
                continue;
            }
            if side.end.reach(neighbor, cost, node) != News::Better {
                continue;
            }
            side.queue.push(Reverse((cost, neighbor)));
            let Some(rest) = other.cost(neighbor) else { continue };
            let joins = rest == Length::default() || walk.passes(neighbor);
            let Some(total) = cost.join(rest, length_max).filter(|_| joins) else {
                walk.length_cut |= joins;
                continue;
            };
            if best.is_none_or(|(best, _)| total < best) {
                *best = Some((total, neighbor));
            }
        }
    }
}

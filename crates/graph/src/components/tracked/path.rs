//! Why two nodes are in one component: the links of the forest of joins between them.
//!
//! In: two nodes, and the ends of links. Out: link ids in order from one node to the other.
//! Source: proofs from the union tree, Nieuwenhuis, Oliveras, "Fast congruence closure and extensions", Information
//! and Computation 2007, section 3.
//! Departures: the link that joined two nodes is found by climbing from the node that lost earlier, since links
//! get newer upwards; so no marks on the nodes.
//! Cost: O(links of the answer times the height of the forest), nothing of the size of the component.
//! Checked against: a forest has one chain between two nodes (`tests/it/components_tracked.rs`).

use super::TrackedComponents;
use crate::NONE;
use crate::error::GraphError;

impl TrackedComponents {
    /// The links that lead from `a` to `b` in the forest of joins: of all chains between them the one whose newest
    /// link is oldest. Links added later never change it. Empty if they are the same node, `None` if they are not
    /// connected. For the chain of fewest links see [`crate::link_path`]. `ends_of` gives the ends of a link.
    ///
    /// # Errors
    /// The ends are not those with which the link was applied.
    ///
    /// # Panics
    /// `a` or `b` is not a node.
    pub fn join_path(
        &self,
        a: u32,
        b: u32,
        ends_of: impl Fn(u32) -> (u32, u32),
    ) -> Result<Option<Vec<u32>>, GraphError> {
        if self.label(a) != self.label(b) {
            return Ok(None);
        }
        // Pieces of the chain still to be found, the next on top. Every piece is older than the link that cut it
        // off, so they come to an end.
        let mut path = Vec::new();
        let mut open = vec![Piece::Between(a, b, NONE)];
        while let Some(piece) = open.pop() {
            match piece {
                Piece::Link(link) => path.push(link),
                Piece::Between(a, b, _) if a == b => {}
                Piece::Between(a, b, before) => {
                    let link = self.joining_link(a, b);
                    let (end_a, end_b) = ends_of(link);
                    let ends = [end_a, end_b];
                    if link >= before || ends.iter().any(|&end| end >= self.n_nodes()) {
                        return Err(GraphError::LinkEnds { link, a: end_a, b: end_b });
                    }
                    let near_a = self.root_before(a, link);
                    let near = |end: u32| self.root_before(end, link) == near_a;
                    let (near, far) = if near(end_a) { (end_a, end_b) } else { (end_b, end_a) };
                    open.push(Piece::Between(far, b, link));
                    open.push(Piece::Link(link));
                    open.push(Piece::Between(a, near, link));
                }
            }
        }
        Ok(Some(path))
    }

    /// The link that brought two nodes together: the newest on the ways up to where they meet, climbed oldest first.
    pub(super) fn joining_link(&self, mut a: u32, mut b: u32) -> u32 {
        let age = |node: u32| self.joined_by(node).unwrap_or(NONE);
        let mut newest = NONE;
        while a != b {
            if age(a) > age(b) {
                std::mem::swap(&mut a, &mut b);
            }
            if self.forest.joins[a as usize].winner == NONE {
                return NONE;
            }
            newest = age(a);
            a = self.forest.joins[a as usize].winner;
        }
        newest
    }

    /// The root of `node` just before `link` was applied.
    fn root_before(&self, mut node: u32, link: u32) -> u32 {
        while self.joined_by(node).is_some_and(|by| by < link) {
            node = self.forest.joins[node as usize].winner;
        }
        node
    }
}

/// A part of a chain: a link, or what leads from one node to another by links before the third.
enum Piece {
    Between(u32, u32, u32),
    Link(u32),
}

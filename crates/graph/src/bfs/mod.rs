//! Breadth-first search from one node: how many hops away every other one is, and over which neighbor.
//!
//! In: rows of targets and rows of sources of the same edges, one source. Out: hops a node ([`NONE`] = not
//! reached), and parents: of the neighbors one hop nearer the source, the one with the smallest id.
//! Source: Beamer, Asanovic, Patterson, "Direction-optimizing breadth-first search", SC 2012.
//! Departures: the parent is the smallest possible, where the paper takes whichever thread writes last, so the tree
//! is a property of the graph; see `levels.rs` for the rest.
//! Cost: O(nodes + edges), most edges unread where the graph has hubs; 8 bytes a node for the answer, 4 without
//! parents, and 3 bits a node. The smallest parent costs 2 to 10 % over any parent (docs/methods/bfs.md).
//! Checked against: a textbook queue on random graphs, in pools of 1, 2 and 5 threads (`tests/it/bfs.rs`).

pub(crate) mod bits;
pub(crate) mod levels;

use std::sync::atomic::AtomicU32;

use crate::NONE;
use crate::csr::{CsrView, check_below};
use crate::error::{GraphError, same_length};
use levels::{Walk, walk};

/// Nodes that are reached but not passed: those with one of the bits of `mask` in their flags. A source is passed
/// whatever its flags are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked<'a> {
    /// The flags of every node.
    pub flags: &'a [u8],
    /// Which of the flags block.
    pub mask: u8,
}

impl Blocked<'_> {
    /// Whether `node` is not passed.
    pub(crate) fn holds(&self, node: u32) -> bool {
        self.flags[node as usize] & self.mask != 0
    }
}

/// What [`bfs`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bfs {
    /// Hops from the source; [`NONE`] for a node that is not reached.
    pub hops: Vec<u32>,
    /// The smallest neighbor one hop nearer the source; [`NONE`] for the source and for a node that is not reached.
    pub parents: Vec<u32>,
}

impl Bfs {
    /// The nodes of the path that the parents make from the source to `node`; none if it is not reached.
    pub fn path(&self, node: u32) -> Option<Vec<u32>> {
        let n_hops = *self.hops.get(node as usize)?;
        if n_hops == NONE {
            return None;
        }
        let mut path = vec![node];
        let up = std::iter::successors(self.parent(node), |&node| self.parent(node));
        path.extend(up.take(n_hops as usize));
        path.reverse();
        Some(path)
    }

    fn parent(&self, node: u32) -> Option<u32> {
        Some(self.parents[node as usize]).filter(|&parent| parent != NONE)
    }
}

/// Hops and parents of every node, from `source` along the edges; against them with `out` and `in_` exchanged.
///
/// Rows ascend, as those of [`crate::Graph`] do. They are not validated: where a row does not ascend, some parent
/// may not be the smallest (but the same on any number of threads); where an item is no node, this panics.
///
/// # Errors
/// `source` is not a node, or the two ways differ in size.
pub fn bfs(out: CsrView<'_>, in_: CsrView<'_>, source: u32) -> Result<Bfs, GraphError> {
    let question = Walk { next: out, previous: in_, blocked: None, hops_max: NONE };
    check(&question, &[source])?;
    let walked = walk::<AtomicU32, true>(question, &[source]);
    Ok(Bfs { hops: walked.levels, parents: walked.parents })
}

/// Only the hops of [`bfs`], for about two thirds of its time.
///
/// # Errors
/// As [`bfs`].
pub fn bfs_levels(out: CsrView<'_>, in_: CsrView<'_>, source: u32) -> Result<Vec<u32>, GraphError> {
    let question = Walk { next: out, previous: in_, blocked: None, hops_max: NONE };
    check(&question, &[source])?;
    Ok(walk::<AtomicU32, false>(question, &[source]).levels)
}

/// Refuses what a walk would panic on without reading an edge.
pub(crate) fn check(question: &Walk<'_>, sources: &[u32]) -> Result<(), GraphError> {
    let n_nodes = question.next.n_rows();
    same_length("in rows", n_nodes as usize, question.previous.n_rows() as usize)?;
    same_length("in items", question.next.n_items(), question.previous.n_items())?;
    if let Some(blocked) = question.blocked {
        same_length("flags", n_nodes as usize, blocked.flags.len())?;
    }
    check_below("sources", sources, n_nodes)
}

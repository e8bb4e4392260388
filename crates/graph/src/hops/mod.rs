//! Hop distance: the fewest hops between the nearest of many sources and every node.
//!
//! In: rows of targets and rows of sources of the same edges, the sources, which nodes are reached and not passed.
//! Out: hops a node (255 = no path within `hops_max`, 0 = source), forward from the sources or backward to them.
//! Source: Beamer, Asanovic, Patterson, "Direction-optimizing breadth-first search", SC 2012, from many sources.
//! Departures: one byte a node. The path is not stored: any neighbor one hop nearer is on a shortest path, so
//! [`hop_path`] finds it when asked, by the smallest id; [`nearest_sources`] is a pass of its own, since the
//! smallest source needs every neighbor one hop nearer and the hops only one.
//! Cost: that of one `bfs`, whatever the number of sources; one byte and 3 bits a node. A path reads the rows of
//! its nodes. The nearest sources read every row of a reached node once; 8 bytes a node.
//! Checked against: relaxation over all edges until nothing changes, in pools of 1, 2 and 5 threads
//! (`tests/it/hops.rs`).

mod appended;
mod reach;
mod repair;
mod within;

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};

use rayon::prelude::*;

pub use appended::AppendedRows;
pub use reach::reach_sets;
pub use repair::{EdgeEnds, HopChanges, HopDistance};
pub use within::{WithinAnswer, WithinOptions, WithinScratch, within_hops};

use crate::bfs::levels::{Walk, walk};
use crate::bfs::{Blocked, check};
use crate::csr::{Csr, CsrView};
use crate::error::{GraphError, same_length};
use crate::{Direction, Limit, NONE};

/// "No path" in a column of hops.
pub const UNREACHED: u8 = u8::MAX;

/// What a hop distance may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HopOptions<'a> {
    /// Longer paths are not looked for; at most 254.
    pub hops_max: u8,
    /// Nodes that are reached but not passed, unless they are sources.
    pub blocked: Option<Blocked<'a>>,
}

impl Default for HopOptions<'_> {
    fn default() -> Self {
        Self { hops_max: UNREACHED - 1, blocked: None }
    }
}

/// What [`hop_distance`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HopColumn {
    /// Hops of each node; [`UNREACHED`] = none, 0 = source.
    pub hops: Vec<u8>,
    /// [`Limit::Hops`] if some node is only reached by more hops than `hops_max`.
    pub truncated_by: Option<Limit>,
}

/// The rows of a graph as a search in one direction sees them.
#[derive(Debug, Clone, Copy)]
struct Ways<'a> {
    next: CsrView<'a>,
    previous: CsrView<'a>,
}

impl<'a> Ways<'a> {
    fn new(out: CsrView<'a>, in_: CsrView<'a>, direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self { next: out, previous: in_ },
            Direction::Backward => Self { next: in_, previous: out },
        }
    }
}

/// Hops of every node from the nearest of `sources` (forward) or to it (backward). `sources` may come in any order
/// and with repeats. The rows are not validated, see [`crate::bfs()`].
///
/// # Errors
/// A source is not a node, or the rows or the flags differ in size.
pub fn hop_distance(
    out: CsrView<'_>,
    in_: CsrView<'_>,
    sources: &[u32],
    direction: Direction,
    options: &HopOptions<'_>,
) -> Result<HopColumn, GraphError> {
    let Ways { next, previous } = Ways::new(out, in_, direction);
    let hops_max = u32::from(options.hops_max.min(UNREACHED - 1));
    let question = Walk { next, previous, blocked: options.blocked, hops_max };
    check(&question, sources)?;
    let walked = walk::<AtomicU8, false>(question, sources);
    Ok(HopColumn { hops: walked.levels, truncated_by: walked.is_cut.then_some(Limit::Hops) })
}

/// The source at the end of the shortest path of each node, the smallest where several are equally near; [`NONE`]
/// where there is none. `hops` is the column that [`hop_distance`] gave for the same rows, direction and options;
/// for another one the answer is wrong, but the same on any number of threads.
///
/// # Errors
/// The rows, the flags or the column differ in size.
pub fn nearest_sources(
    out: CsrView<'_>,
    in_: CsrView<'_>,
    hops: &[u8],
    direction: Direction,
    blocked: Option<Blocked<'_>>,
) -> Result<Vec<u32>, GraphError> {
    let Ways { next, previous } = Ways::new(out, in_, direction);
    check(&Walk { next, previous, blocked, hops_max: 0 }, &[])?;
    same_length("hops", next.n_rows() as usize, hops.len())?;
    // Relaxed is enough: a level is read only after the join that ends it.
    let nearest: Vec<_> = (0..next.n_rows()).map(|_| AtomicU32::new(NONE)).collect();
    let levels: Vec<u32> = hops.iter().map(|&hops| u32::from(hops)).collect();
    let by_level = Csr::from_keys(u32::from(UNREACHED) + 1, &levels)?;
    for &source in by_level.view().row(0) {
        nearest[source as usize].store(source, Relaxed);
    }
    for level in 1..UNREACHED {
        let is_nearer = |&from: &u32| {
            let passes = level == 1 || blocked.is_none_or(|blocked| !blocked.holds(from));
            hops[from as usize] == level - 1 && passes
        };
        by_level.view().row(u32::from(level)).par_iter().with_min_len(512).for_each(|&node| {
            let nearer = previous.row(node).iter().filter(|from| is_nearer(from));
            let smallest = nearer.map(|&from| nearest[from as usize].load(Relaxed)).min();
            nearest[node as usize].store(smallest.unwrap_or(NONE), Relaxed);
        });
    }
    Ok(nearest.into_iter().map(AtomicU32::into_inner).collect())
}

/// A shortest path between `node` and a nearest source, from the start of its first edge to the end of its last:
/// forward it begins with the source, backward with `node`. At every step from `node` on, the smallest neighbor one
/// hop nearer is taken. `neighbors` gives the neighbors nearer the sources: forward the rows of sources, backward
/// the rows of targets. None if the node has no path.
///
/// # Errors
/// `hops` does not belong to these neighbors: no neighbor is nearer.
pub fn hop_path<I: Iterator<Item = u32>>(
    hops: &[u8],
    node: u32,
    direction: Direction,
    blocked: Option<Blocked<'_>>,
    neighbors: impl Fn(u32) -> I,
) -> Result<Option<Vec<u32>>, GraphError> {
    let passes = |node| blocked.is_none_or(|blocked| !blocked.holds(node));
    path_back(hops, node, direction, passes, neighbors)
}

/// [`hop_path`] for any way to say which nodes are passed.
fn path_back<I: Iterator<Item = u32>>(
    hops: &[u8],
    node: u32,
    direction: Direction,
    passes: impl Fn(u32) -> bool,
    neighbors: impl Fn(u32) -> I,
) -> Result<Option<Vec<u32>>, GraphError> {
    let Some(&n_hops) = hops.get(node as usize).filter(|&&hops| hops != UNREACHED) else {
        return Ok(None);
    };
    let mut path = vec![node];
    let mut at = node;
    // Every step is one hop nearer, so a damaged column cannot send it in a circle.
    for left in (0..n_hops).rev() {
        let is_nearer =
            |from: &u32| hops.get(*from as usize) == Some(&left) && (left == 0 || passes(*from));
        let nearer = neighbors(at).filter(is_nearer).min();
        at = nearer.ok_or(GraphError::Hops { node: at, hops: left + 1 })?;
        path.push(at);
    }
    if direction == Direction::Forward {
        path.reverse();
    }
    Ok(Some(path))
}

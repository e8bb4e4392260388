//! Connected components of a whole graph at once, from a bare list of edges.
//!
//! In: the columns `source` and `target`. Out: one label a node, the smallest member of its component.
//! Source: union-find as in `forest.rs`; the largest component is skipped as in Sutton, Ben-Nun, Barak (Afforest,
//! 2018), which needs rows for it.
//! Departures: with no rows there is no neighbor to sample, but any first part of the edges is a sample. After it,
//! one bit a node says "in the largest component", and an edge between two such nodes is done with. The bits of
//! 4 M nodes fill half a megabyte where the labels fill sixteen, so they stay in the cache of a core. What is
//! left is compared parent by parent, a block at a time, before anything is searched: loads that do not wait for
//! each other do what prefetching would, without `unsafe`.
//! Cost: every edge is read once, 8 bytes; see `docs/methods/components.md` for what that leaves to be done.
//! Checked against: repeated minimum over the edges (`tests/it/components_static.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::forest::{flatten, into_plain, link, most_frequent, singletons};
use crate::csr::check_below;
use crate::error::{GraphError, same_length};

const BLOCK: usize = 256;
const EDGES_A_TASK: usize = 1 << 14;
const N_SAMPLES: usize = 1024;

/// The smallest member of the component of every node `0..n_nodes`; the direction of an edge does not matter.
///
/// # Errors
/// The columns differ in length, or an end is not below `n_nodes`.
pub fn connected_components_of_edges(
    n_nodes: u32,
    source: &[u32],
    target: &[u32],
) -> Result<Vec<u32>, GraphError> {
    same_length("target", source.len(), target.len())?;
    let mut parents = singletons(n_nodes);
    let mut known = Vec::new();
    let mut start = 0;
    for end in stages(n_nodes, source.len()) {
        let (source_part, target_part) = (&source[start..end], &target[start..end]);
        if start > 0 {
            flatten(&mut parents);
            known = in_largest(&parents, source_part);
        }
        let tasks = source_part.par_chunks(EDGES_A_TASK).zip(target_part.par_chunks(EDGES_A_TASK));
        let linked = tasks.try_for_each(|(source, target)| {
            let blocks = source.chunks(BLOCK).zip(target.chunks(BLOCK));
            blocks.into_iter().try_for_each(|(a, b)| link_block(&parents, &known, a, b))
        });
        if linked.is_none() {
            // Threads meet bad ends in any order: the first one is looked for when there is one.
            check_below("source", source, n_nodes)?;
            check_below("target", target, n_nodes)?;
        }
        start = end;
    }
    flatten(&mut parents);
    Ok(into_plain(parents))
}

/// Where the largest component is looked for again. A stage costs two passes over the nodes.
fn stages(n_nodes: u32, n_edges: usize) -> Vec<usize> {
    let n_nodes = n_nodes as usize;
    let cuts = [n_nodes / 2, 3 * n_nodes / 2, 3 * n_nodes];
    let far = |cut: &usize| cut.saturating_add(n_nodes / 2) < n_edges && *cut > 0;
    cuts.into_iter().filter(far).chain([n_edges]).collect()
}

/// One bit a node of a flat forest: whether it is in the component that most of the next edges start in.
fn in_largest(parents: &[AtomicU32], next: &[u32]) -> Vec<u64> {
    let step = (next.len() / N_SAMPLES).max(1);
    let label = |node: &u32| Some(parents.get(*node as usize)?.load(Ordering::Relaxed));
    let Some((largest, _)) = most_frequent(next.iter().step_by(step).filter_map(label)) else {
        return Vec::new();
    };
    let word = |cells: &[AtomicU32]| {
        let bit = |cell: &AtomicU32| u64::from(cell.load(Ordering::Relaxed) == largest);
        cells.iter().rev().fold(0, |word, cell| word << 1 | bit(cell))
    };
    parents.par_chunks(64).with_min_len(256).map(word).collect()
}

/// Links the edges of one block; `None` if an end is no node.
#[inline]
fn link_block(parents: &[AtomicU32], known: &[u64], a: &[u32], b: &[u32]) -> Option<()> {
    let mut pairs = [(0u32, 0u32); BLOCK];
    let mut n_open = 0;
    if known.is_empty() {
        for (&a, &b) in a.iter().zip(b) {
            pairs[n_open] = (a, b);
            n_open += 1;
        }
    } else {
        for (&a, &b) in a.iter().zip(b) {
            let bit = |node: u32| Some(known.get((node >> 6) as usize)? >> (node & 63));
            pairs[n_open] = (a, b);
            n_open += usize::from(bit(a)? & bit(b)? & 1 == 0);
        }
    }
    let mut n_apart = 0;
    for at in 0..n_open {
        let (a, b) = pairs[at];
        let parent = |node: u32| Some(parents.get(node as usize)?.load(Ordering::Relaxed));
        pairs[n_apart] = (a, b);
        n_apart += usize::from(parent(a)? != parent(b)?);
    }
    for &(a, b) in &pairs[..n_apart] {
        link::<false, _>(parents, a, b);
    }
    Some(())
}

//! Connected components of a whole graph at once, from its rows.
//!
//! In: rows of neighbors; symmetric, or the rows out and in of a directed graph (weak components). Out: one label a
//! node, the smallest member of its component.
//! Source: Sutton, Ben-Nun, Barak, "Optimizing parallel graph connectivity computation via subgraph sampling"
//! (Afforest), IPDPS 2018.
//! Departures: the first neighbor of a row is written as parent where it is smaller, without a search, since every
//! node is alone at that time; roots are the smallest ids, so that threads and order cannot change a label; the
//! intermediate states never leave the function.
//! Cost: two neighbors a node, then only rows outside the largest component; about 8 bytes a node and 4 a
//! neighbor looked at. Memory: the labels.
//! Checked against: repeated minimum over the edges (`tests/it/components_static.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::forest::{flatten, into_plain, link, most_frequent, singletons};
use crate::CsrView;

/// Neighbors looked at before the largest component is known.
const ROUNDS: usize = 2;
const N_SAMPLES: u32 = 1024;
/// Nodes a task: rows differ by orders of magnitude, so tasks are small.
const NODES_A_TASK: usize = 1 << 12;
const BLOCK: usize = 256;

/// The smallest member of the component of every node. Without `in_rows`, `rows` must hold every edge at both of
/// its ends; this is not checked, and a one-sided edge may be overlooked. With `in_rows`, the rows of the reversed
/// edges, the direction of an edge does not matter.
///
/// # Panics
/// A neighbor that is looked at is not a row, or `in_rows` has another number of rows.
pub fn connected_components(rows: CsrView<'_>, in_rows: Option<CsrView<'_>>) -> Vec<u32> {
    let n_nodes = rows.n_rows();
    assert!(in_rows.is_none_or(|in_rows| in_rows.n_rows() == n_nodes), "rows of two graphs");
    let mut parents = singletons(n_nodes);
    write_first(rows, &mut parents);
    flatten(&mut parents);
    for round in 0..ROUNDS {
        for_each_task(n_nodes, |nodes| link_nth(rows, round, nodes, &parents));
    }
    flatten(&mut parents);
    let label = |node: u32| parents[node as usize].load(Ordering::Relaxed);
    let step = (n_nodes / N_SAMPLES).max(1) as usize;
    let Some((largest, _)) = most_frequent((0..n_nodes).step_by(step).map(label)) else {
        return Vec::new();
    };
    for_each_task(n_nodes, |nodes| {
        for node in nodes {
            // An edge into the largest component is met at its other end, or in the rows that lead in.
            if label(node) == largest {
                continue;
            }
            let rest = rows.row(node).iter().skip(ROUNDS);
            for &neighbor in rest.chain(in_rows.map_or(&[][..], |in_rows| in_rows.row(node))) {
                link::<false, _>(&parents, node, neighbor);
            }
        }
    });
    flatten(&mut parents);
    into_plain(parents)
}

fn for_each_task(n_nodes: u32, work: impl Fn(std::ops::Range<u32>) + Sync) {
    let n_tasks = (n_nodes as usize).div_ceil(NODES_A_TASK);
    (0..n_tasks).into_par_iter().for_each(|task| {
        let start = task * NODES_A_TASK;
        let end = (start + NODES_A_TASK).min(n_nodes as usize);
        let id = |node| u32::try_from(node).expect("at most n_nodes, which is 32 bits wide");
        work(id(start)..id(end));
    });
}

/// The first neighbor as parent where it is smaller; one pass without a gather.
fn write_first(rows: CsrView<'_>, parents: &mut [AtomicU32]) {
    let n_nodes = rows.n_rows();
    for_each_task(n_nodes, |nodes| {
        for node in nodes {
            if let Some(&first) = rows.row(node).first()
                && first < node
            {
                parents[node as usize].store(first, Ordering::Relaxed);
            }
        }
    });
}

/// Links the `nth` neighbor of each of `nodes`. Parents are compared for a block of nodes before any is linked:
/// loads that do not wait for each other, where a search is a chain of them.
fn link_nth(rows: CsrView<'_>, nth: usize, nodes: std::ops::Range<u32>, parents: &[AtomicU32]) {
    let mut pairs = [(0u32, 0u32); BLOCK];
    let mut node = nodes.start;
    while node < nodes.end {
        let mut n_pairs = 0;
        while node < nodes.end && n_pairs < BLOCK {
            if let Some(&neighbor) = rows.row(node).get(nth)
                && (nth > 0 || neighbor > node)
            {
                pairs[n_pairs] = (node, neighbor);
                n_pairs += 1;
            }
            node += 1;
        }
        let n_apart = keep_apart(parents, &mut pairs, n_pairs);
        for &(a, b) in &pairs[..n_apart] {
            link::<false, _>(parents, a, b);
        }
    }
}

/// Moves the pairs whose parents differ to the front; returns how many they are.
#[inline]
fn keep_apart(parents: &[AtomicU32], pairs: &mut [(u32, u32); BLOCK], n_pairs: usize) -> usize {
    let mut n_apart = 0;
    for at in 0..n_pairs {
        let (a, b) = pairs[at];
        let parent = |node: u32| parents[node as usize].load(Ordering::Relaxed);
        pairs[n_apart] = (a, b);
        n_apart += usize::from(parent(a) != parent(b));
    }
    n_apart
}

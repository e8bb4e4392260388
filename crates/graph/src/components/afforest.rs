//! Connected components of a whole graph at once, from its rows.
//!
//! In: rows of neighbors; symmetric, or the rows out and in of a directed graph (weak components). Out: one label a
//! node, the smallest member of its component.
//! Source: Sutton, Ben-Nun, Barak, "Optimizing parallel graph connectivity computation via subgraph sampling"
//! (Afforest), IPDPS 2018.
//! Departures: the first neighbor of a row is written as parent where it is smaller, without a search, since every
//! node is alone at that time; a row is left as soon as its node has joined the largest component; roots are the
//! smallest ids, so that threads and order cannot change a label; the intermediate states never leave the function.
//! Cost: two neighbors a node, then only rows outside the largest component; about 8 bytes a node and 4 a
//! neighbor looked at. Memory: the labels, and 8 bytes a node while the rows are sampled.
//! Checked against: repeated minimum over the edges (`tests/it/components_static.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::forest::{flatten, into_plain, link, link_pairs, most_frequent};
use crate::{CsrView, NONE};

/// Neighbors looked at before the largest component is known.
const ROUNDS: usize = 2;
const N_SAMPLES: u32 = 1024;
/// Nodes a task: rows differ by orders of magnitude, so tasks are small.
const NODES_A_TASK: usize = 1 << 12;

/// The smallest member of the component of every node. Without `in_rows`, `rows` must hold every edge at both of
/// its ends; this is not checked, and a one-sided edge may be overlooked. With `in_rows`, the rows of the reversed
/// edges, the direction of an edge does not matter.
///
/// # Panics
/// A neighbor that is looked at is not a row, or `in_rows` has another number of rows.
pub fn connected_components(rows: CsrView<'_>, in_rows: Option<CsrView<'_>>) -> Vec<u32> {
    let n_nodes = rows.n_rows();
    assert!(in_rows.is_none_or(|in_rows| in_rows.n_rows() == n_nodes), "rows of two graphs");
    let (mut parents, neighbors) = sample(rows);
    flatten(&mut parents);
    for_each_task(n_nodes, |nodes| link_sampled(&neighbors, nodes, &parents));
    drop(neighbors);
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
                // Now it is the other ends that would meet what is left, if they are outside.
                if label(node) == largest {
                    break;
                }
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

/// The first neighbor as parent where it is smaller, and the neighbors still to link; rows are read once.
fn sample(rows: CsrView<'_>) -> (Vec<AtomicU32>, Vec<[u32; ROUNDS]>) {
    let n_nodes = rows.n_rows() as usize;
    let sample_one = |node: u32| {
        let mut neighbors = [NONE; ROUNDS];
        for (to, &neighbor) in neighbors.iter_mut().zip(rows.row(node)) {
            assert!((neighbor as usize) < n_nodes, "{neighbor}, a neighbor of {node}, is no row");
            *to = neighbor;
        }
        if neighbors[0] < node {
            let first = std::mem::replace(&mut neighbors[0], NONE);
            return (AtomicU32::new(first), neighbors);
        }
        (AtomicU32::new(node), neighbors)
    };
    if n_nodes <= NODES_A_TASK {
        return (0..rows.n_rows()).map(sample_one).unzip();
    }
    let (mut parents, mut neighbors) = (Vec::new(), Vec::new());
    (0..rows.n_rows())
        .into_par_iter()
        .map(sample_one)
        .unzip_into_vecs(&mut parents, &mut neighbors);
    (parents, neighbors)
}

/// Links `nodes` with their sampled neighbors.
fn link_sampled(neighbors: &[[u32; ROUNDS]], nodes: std::ops::Range<u32>, parents: &[AtomicU32]) {
    let mut pairs = Vec::with_capacity(ROUNDS * NODES_A_TASK);
    for node in nodes {
        let own = neighbors[node as usize].iter().filter(|&&neighbor| neighbor != NONE);
        pairs.extend(own.map(|&neighbor| (node, neighbor)));
    }
    link_pairs(parents, &pairs);
}

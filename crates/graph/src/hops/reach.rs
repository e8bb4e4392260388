//! Which of up to 64 categories reach each node within so many hops, all in one walk.
//!
//! In: rows that lead on and back, seeds as (node, bits of its categories). Out: 64 bits a node.
//! Source: Then et al., "The more the merrier: efficient multi-source graph traversal", VLDB 2014.
//! Departures: a lane is a category with any number of seeds, and not one source. Every level is a pull, or a push
//! while few nodes change: no cell has two writers, so no thread can change the answer.
//! Cost: at most `hops_max` passes over the edges, however many categories; 24 bytes a node.
//! Checked against: one relaxation a category (`tests/it/hops.rs`).

use rayon::prelude::*;

use super::{HopOptions, Ways};
use crate::Direction;
use crate::bfs::levels::Walk;
use crate::bfs::{Blocked, check};
use crate::csr::{CsrView, check_below};
use crate::error::{GraphError, same_length};

/// Push while the frontier has less than this share of the edges: a pull reads all of them.
const PUSH_MAX: usize = 16;
/// Nodes a task takes.
const CHUNK_NODES: usize = 1 << 13;

/// For every node the categories with a seed within `options.hops_max` hops: forward the seeds that reach it,
/// backward those it reaches. `seeds` may name a node more than once. A blocked node passes on its own categories
/// and no others.
///
/// # Errors
/// A seed is not a node, or the rows, the seeds or the flags differ in size.
pub fn reach_sets(
    out: CsrView<'_>,
    in_: CsrView<'_>,
    seeds: &[u32],
    categories: &[u64],
    direction: Direction,
    options: &HopOptions<'_>,
) -> Result<Vec<u64>, GraphError> {
    let Ways { next, previous } = Ways::new(out, in_, direction);
    check(&Walk { next, previous, blocked: options.blocked, hops_max: 0 }, &[])?;
    same_length("categories", seeds.len(), categories.len())?;
    check_below("seeds", seeds, next.n_rows())?;
    let mut seen = vec![0; next.n_rows() as usize];
    for (&seed, &categories) in seeds.iter().zip(categories) {
        seen[seed as usize] |= categories;
    }
    // What each node learnt in the last level, and passes on.
    let mut news = seen.clone();
    let mut changed: Vec<u32> =
        (0..next.n_rows()).filter(|&node| seen[node as usize] != 0).collect();
    for _ in 0..options.hops_max {
        let edges: usize = changed.iter().map(|&node| next.row(node).len()).sum();
        if edges == 0 {
            break;
        }
        let found = if edges < next.n_items() / PUSH_MAX {
            push(next, &changed, &news, &mut seen)
        } else {
            pull(previous, &news, &mut seen)
        };
        for &node in &changed {
            news[node as usize] = 0;
        }
        changed.clear();
        for (node, categories) in found {
            if options.blocked.is_none_or(|blocked: Blocked<'_>| !blocked.holds(node)) {
                news[node as usize] = categories;
                changed.push(node);
            }
        }
    }
    Ok(seen)
}

/// The nodes that learn something, each once, with what is new to them.
fn push(next: CsrView<'_>, changed: &[u32], news: &[u64], seen: &mut [u64]) -> Vec<(u32, u64)> {
    let mut found: Vec<(u32, u64)> = Vec::new();
    for &node in changed {
        for &to in next.row(node) {
            let new = news[node as usize] & !seen[to as usize];
            if new != 0 {
                seen[to as usize] |= new;
                found.push((to, new));
            }
        }
    }
    found.sort_unstable();
    found.dedup_by(|later, earlier| {
        let is_same = later.0 == earlier.0;
        if is_same {
            earlier.1 |= later.1;
        }
        is_same
    });
    found
}

/// [`push`] against the edges; reads the rows of all nodes that lack a category.
fn pull(previous: CsrView<'_>, news: &[u64], seen: &mut [u64]) -> Vec<(u32, u64)> {
    let all = news.par_iter().copied().reduce(|| 0, |a, b| a | b);
    let firsts = (0u32..).step_by(CHUNK_NODES);
    let chunks: Vec<(u32, &mut [u64])> = firsts.zip(seen.chunks_mut(CHUNK_NODES)).collect();
    let pull_chunk = |(first, seen): (u32, &mut [u64])| {
        let mut found = Vec::new();
        for (node, seen) in (first..).zip(seen) {
            let lacks = all & !*seen;
            if lacks == 0 {
                continue;
            }
            let mut new = 0;
            for &from in previous.row(node) {
                new |= news[from as usize] & lacks;
                if new == lacks {
                    break;
                }
            }
            if new != 0 {
                *seen |= new;
                found.push((node, new));
            }
        }
        found
    };
    let parts: Vec<Vec<(u32, u64)>> = chunks.into_par_iter().map(pull_chunk).collect();
    parts.concat()
}

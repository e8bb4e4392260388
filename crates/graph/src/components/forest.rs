//! The forest of parents that many threads share: every cell names a smaller member of the same component, or
//! itself at a root.
//!
//! In: cells of parents. Out: joined trees; `flatten` makes every cell name its root.
//! Source: Anderson and Woll, "Wait-free parallel algorithms for the union-find problem", STOC 1991; path halving,
//! Tarjan and van Leeuwen, JACM 1984.
//! Departures: halving is a plain store, not a compare-and-swap. Only the cell of a root decides anything, and
//! only [`link`] writes that, by compare-and-swap; a store to any other cell replaces one ancestor by another, so a
//! lost or late one costs a step and never an answer. Parents only descend, so every walk ends.
//! Cost: a link O(log n) steps on average for ids that say nothing of the order of the links; `flatten` O(n) always.
//! Checked against: small cases in the orders loom explores (`models/`), Miri, and threads against the
//! labels of one (`tests/it/components_concurrent.rs`).

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::prefetch::{LOOKAHEAD, prefetch};

/// A cell of the forest: the standard atomic, or that of the model checker.
pub(super) trait ParentCell {
    fn load(&self, order: Ordering) -> u32;
    fn store(&self, parent: u32, order: Ordering);
    /// Puts `new` in the place of `current`; false if something else stood there.
    fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool;
}

impl ParentCell for AtomicU32 {
    #[inline]
    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }

    #[inline]
    fn store(&self, parent: u32, order: Ordering) {
        self.store(parent, order);
    }

    #[inline]
    fn replace(&self, current: u32, new: u32, success: Ordering, failure: Ordering) -> bool {
        self.compare_exchange(current, new, success, failure).is_ok()
    }
}

/// What an access must order. `READ_WHILE_LINKED`: somebody asks for roots while links are made.
///
/// Without such readers `Relaxed` is enough: a cell carries no other data than itself, the compare-and-swap reads
/// the newest value anyway, and the end of the parallel section orders everything before whoever reads next. With
/// them it is not: a reader that saw `b -> r1`, halved by another thread, could still see `r0` as a root that has
/// long been linked to `r1`, and call two nodes apart that were joined before it asked.
const fn orders<const READ_WHILE_LINKED: bool>() -> (Ordering, Ordering, Ordering) {
    if READ_WHILE_LINKED {
        (Ordering::Acquire, Ordering::Release, Ordering::AcqRel)
    } else {
        (Ordering::Relaxed, Ordering::Relaxed, Ordering::Relaxed)
    }
}

/// A node that was the root of `node` at some moment of the call. Writes nothing, so it waits for nobody: at most
/// as many steps as the path is long, whatever others do.
#[inline]
pub(super) fn find<C: ParentCell>(parents: &[C], mut node: u32) -> u32 {
    loop {
        let parent = parents[node as usize].load(Ordering::Acquire);
        if parent == node {
            return node;
        }
        node = parent;
    }
}

/// As [`find`], and halves the path.
#[inline]
fn find_and_halve<const READ_WHILE_LINKED: bool, C: ParentCell>(
    parents: &[C],
    mut node: u32,
) -> u32 {
    let (load, store, _) = orders::<READ_WHILE_LINKED>();
    loop {
        let parent = parents[node as usize].load(load);
        if parent == node {
            return node;
        }
        let grandparent = parents[parent as usize].load(load);
        if grandparent == parent {
            return parent;
        }
        parents[node as usize].store(grandparent, store);
        node = grandparent;
    }
}

/// Joins the components of `a` and `b`; true if this call joined them.
#[inline]
pub(super) fn link<const READ_WHILE_LINKED: bool, C: ParentCell>(
    parents: &[C],
    mut a: u32,
    mut b: u32,
) -> bool {
    let (load, _, swap) = orders::<READ_WHILE_LINKED>();
    loop {
        a = find_and_halve::<READ_WHILE_LINKED, C>(parents, a);
        b = find_and_halve::<READ_WHILE_LINKED, C>(parents, b);
        if a == b {
            return false;
        }
        let (winner, loser) = (a.min(b), a.max(b));
        // Succeeds only at a root. The winner may have lost meanwhile; then it still belongs to the component,
        // and is smaller than the loser, so it cannot be a descendant.
        if parents[loser as usize].replace(loser, winner, swap, load) {
            return true;
        }
    }
}

/// Joins the ends of all `pairs`, while nobody asks; parents of pairs further on are asked for in time.
pub(super) fn link_pairs(parents: &[AtomicU32], pairs: &[(u32, u32)]) {
    let parent = |node: u32| parents[node as usize].load(Ordering::Relaxed);
    for &(a, b) in pairs.iter().take(LOOKAHEAD) {
        prefetch(parents, a);
        prefetch(parents, b);
    }
    for (at, &(a, b)) in pairs.iter().enumerate() {
        if let Some(&(a, b)) = pairs.get(at + LOOKAHEAD) {
            prefetch(parents, a);
            prefetch(parents, b);
        }
        if let Some(&(a, b)) = pairs.get(at + LOOKAHEAD / 2) {
            prefetch(parents, parent(a));
            prefetch(parents, parent(b));
        }
        if parent(a) != parent(b) {
            link::<false, _>(parents, a, b);
        }
    }
}

/// Are the two in one component? True is for ever; false held at some moment of the call.
pub(super) fn same_root<C: ParentCell>(parents: &[C], mut a: u32, mut b: u32) -> bool {
    loop {
        a = find(parents, a);
        b = find(parents, b);
        if a == b {
            return true;
        }
        // `a` was a root while `b` was looked for only if it is one now.
        if parents[a as usize].load(Ordering::Acquire) == a {
            return false;
        }
    }
}

/// The parents of nodes that are each a component of its own.
pub(super) fn singletons(n_nodes: u32) -> Vec<AtomicU32> {
    if n_nodes as usize <= CHUNK {
        return (0..n_nodes).map(AtomicU32::new).collect();
    }
    (0..n_nodes).into_par_iter().map(AtomicU32::new).collect()
}

/// Plain numbers from cells; in place.
pub(super) fn into_plain(parents: Vec<AtomicU32>) -> Vec<u32> {
    parents.into_iter().map(AtomicU32::into_inner).collect()
}

/// Nodes whose parents are resolved among themselves first: 1 MB, half of a cache of the second level.
const CHUNK: usize = 1 << 18;
const PIECE: usize = 1 << 14;

/// Makes every cell name its root. O(n) for any forest, a chain through all nodes too: a parent is never larger
/// than its child, so the chunks are finished one after another, and within one all look at finished ones only.
/// Nobody may link meanwhile.
pub(super) fn flatten(parents: &mut [AtomicU32]) {
    let parents: &[AtomicU32] = parents;
    let get = |node: u32| parents[node as usize].load(Ordering::Relaxed);
    let resolve_inside = |(chunk, cells): (usize, &[AtomicU32])| {
        // Below its own chunk nothing is read: those cells are changed by others.
        let start = chunk * CHUNK;
        for cell in cells {
            let parent = cell.load(Ordering::Relaxed);
            if parent as usize >= start {
                cell.store(get(parent), Ordering::Relaxed);
            }
        }
    };
    if parents.len() <= CHUNK {
        // No threads for little; nor under Miri, which finds fault with the queues of the thread pool.
        return resolve_inside((0, parents));
    }
    parents.par_chunks(CHUNK).enumerate().for_each(resolve_inside);
    for (chunk, cells) in parents.chunks(CHUNK).enumerate().skip(1) {
        let start = chunk * CHUNK;
        cells.par_chunks(PIECE).flatten_iter().for_each(|cell| {
            let parent = cell.load(Ordering::Relaxed);
            if (parent as usize) < start {
                cell.store(get(parent), Ordering::Relaxed);
            }
        });
    }
}

/// The root that most of `nodes` have in a flat forest; the smallest of those with as many.
pub(super) fn most_frequent(roots: impl Iterator<Item = u32>) -> Option<(u32, usize)> {
    let mut roots: Vec<u32> = roots.collect();
    roots.sort_unstable();
    let runs = roots.chunk_by(|a, b| a == b).map(|run| (run[0], run.len()));
    runs.reduce(|best, run| if run.1 > best.1 { run } else { best })
}

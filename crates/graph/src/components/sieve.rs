//! Links a batch without searching for what has long been joined.
//!
//! In: the ends of links and a forest. Out: the same joins as from one link after the other.
//! Source: the largest component is skipped as in Sutton, Ben-Nun, Barak (Afforest, 2018).
//! Departures: one bit a node says "known to be in the component of the anchor", a node of the largest component.
//! Under growth that stays true, whatever the component is called by then, so the bits are set as nodes are met
//! and never looked after. They are an eighth of a byte a node, so they stay in a cache from which the four bytes of
//! a parent would long have fallen out. The links that pass are queued, and the parents of a link further on, and
//! the parents of those, are asked for while one is linked.
//! Cost: one bit a node and 8 KB. Measured on 24 M links of 4 M nodes, same minute: 64 M links/s with prefetching
//! alone, 110 M/s with the bits; 14 ns a link against 4.5 where nearly all is joined.
//! Checked against: any anchor gives the same labels, as all tests of components show.

use super::prefetch::{LOOKAHEAD, prefetch};
use crate::NONE;

/// Links sifted together; places in a block are 16 bits.
const BLOCK: usize = 4096;
const N_SAMPLES: usize = 64;
/// Another anchor is looked for after so many links, and first when there are as many links as a fraction of nodes.
const LINKS_A_REVIEW: usize = 1 << 20;

/// What links are joined in.
pub(super) trait Forest {
    fn parents(&self) -> &[u32];
    /// Asks for what a join of `node`, probably a root, would write besides parents.
    fn prefetch_join(&self, node: u32);
    /// Joins the ends of the link at `place` of the batch.
    fn join(&mut self, place: usize, a: u32, b: u32);
}

/// The nodes that are known to be in the largest component.
#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    /// A node of that component, if there is one.
    anchor: Option<u32>,
    /// A bit a node.
    known: Vec<u64>,
    n_links: usize,
    n_links_next_review: usize,
    /// Places in the block of links that may join; kept for the next block.
    queue: Vec<u16>,
}

impl Sieve {
    pub(super) fn ensure_nodes(&mut self, n_nodes: usize) {
        let n_words = n_nodes.div_ceil(64);
        self.known.resize(self.known.len().max(n_words), 0);
    }

    /// Forgets all that is known: after components have fallen apart.
    pub(super) fn forget(&mut self) {
        self.known.fill(0);
        (self.anchor, self.n_links_next_review) = (None, self.n_links);
    }

    /// Forgets one node; the anchor itself may not be forgotten so.
    pub(super) fn forget_node(&mut self, node: u32) {
        self.known[(node >> 6) as usize] &= !(1 << (node & 63));
    }

    pub(super) fn anchor(&self) -> Option<u32> {
        self.anchor
    }

    /// Links `a[i]` and `b[i]` for every `i`.
    pub(super) fn link_batch(&mut self, forest: &mut impl Forest, a: &[u32], b: &[u32]) {
        let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK));
        for ((a, b), first) in blocks.zip((0..).step_by(BLOCK)) {
            self.review(forest.parents(), a);
            self.sift(a, b);
            self.link_queued(forest, first, a, b);
        }
    }

    /// Now and then checks on a sample of ends that the anchor is in the component that most links meet.
    fn review(&mut self, parents: &[u32], ends: &[u32]) {
        self.n_links += ends.len();
        if self.n_links < self.n_links_next_review {
            return;
        }
        let wait = (self.n_links / 4).max(self.known.len()).min(LINKS_A_REVIEW);
        self.n_links_next_review = self.n_links + wait;
        let sample = ends.iter().step_by((ends.len() / N_SAMPLES).max(1));
        let mut roots: Vec<u32> = sample.map(|&end| root_of(parents, end)).collect();
        roots.sort_unstable();
        let runs = roots.chunk_by(|a, b| a == b);
        let Some(best) = runs.max_by_key(|run| run.len()).filter(|run| run.len() > 1) else {
            return;
        };
        let root = self.anchor.map(|anchor| root_of(parents, anchor));
        let n_anchored = roots.iter().filter(|&&found| Some(found) == root).count();
        if best.len() > 2 * n_anchored {
            self.known.fill(0);
            self.anchor = Some(best[0]);
        }
    }

    /// Queues the links whose ends are not both known.
    fn sift(&mut self, a: &[u32], b: &[u32]) {
        self.queue.resize(BLOCK, 0);
        let known = &self.known[..];
        let mut n_open = 0;
        for (place, (&a, &b)) in (0u16..).zip(a.iter().zip(b)) {
            let bit = |node: u32| known[(node >> 6) as usize] >> (node & 63);
            self.queue[n_open % BLOCK] = place;
            n_open += usize::from(bit(a) & bit(b) & 1 == 0);
        }
        self.queue.truncate(n_open);
    }

    fn link_queued(&mut self, forest: &mut impl Forest, first: usize, a: &[u32], b: &[u32]) {
        let Self { anchor, known, queue, .. } = self;
        let root = anchor.map_or(NONE, |anchor| root_of(forest.parents(), anchor));
        let ends = |place: u16| (a[usize::from(place)], b[usize::from(place)]);
        let prefetch_parents = |parents: &[u32], place: u16| {
            let (a, b) = ends(place);
            prefetch(parents, a);
            prefetch(parents, b);
        };
        for &place in queue.iter().take(LOOKAHEAD) {
            prefetch_parents(forest.parents(), place);
        }
        for (at, &place) in queue.iter().enumerate() {
            let parents = forest.parents();
            if let Some(&later) = queue.get(at + LOOKAHEAD) {
                prefetch_parents(parents, later);
            }
            if let Some(&later) = queue.get(at + LOOKAHEAD / 2) {
                let (a, b) = ends(later);
                let (a, b) = (parents[a as usize], parents[b as usize]);
                prefetch(parents, a);
                prefetch(parents, b);
                if a != b {
                    forest.prefetch_join(a);
                    forest.prefetch_join(b);
                }
            }
            let (a, b) = ends(place);
            let (parent_a, parent_b) = (parents[a as usize], parents[b as usize]);
            for (node, parent) in [(a, parent_a), (b, parent_b)] {
                known[(node >> 6) as usize] |= u64::from(parent == root) << (node & 63);
            }
            if parent_a != parent_b {
                forest.join(first + usize::from(place), a, b);
            }
        }
    }
}

/// The root of a node; reads only.
#[inline]
pub(super) fn root_of(parent: &[u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        node = parent[node as usize];
    }
    node
}

/// The root of a node; every second node on the way then names its grandparent.
#[inline]
pub(super) fn find_and_halve(parent: &mut [u32], mut node: u32) -> u32 {
    loop {
        let up = parent[node as usize];
        if up == node {
            return node;
        }
        let grandparent = parent[up as usize];
        if grandparent == up {
            return up;
        }
        parent[node as usize] = grandparent;
        node = grandparent;
    }
}

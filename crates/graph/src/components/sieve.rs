//! Which links of a batch can join anything: most join what has long been one.
//!
//! In: the ends of a block of links and the parents of all nodes. Out: the places in the block of the links that
//! may join two components.
//! Source: the largest component is skipped as in Sutton, Ben-Nun, Barak (Afforest, 2018).
//! Departures: one bit a node says "known to be in the component of the anchor", a node of the largest component.
//! Under growth that stays true, whatever the component is called by then, so the bits are set as nodes are met
//! and never looked after. They are an eighth of a byte a node, so that they stay in a cache from which the four
//! bytes of a parent would long have fallen out. Links that pass are compared parent by parent, still before
//! anything is searched: loads that do not wait for each other, which is what prefetching is for, without `unsafe`.
//! Cost: one bit a node. Measured on 24 M links of 4 M nodes: see `docs/methods/components.md`.
//! Checked against: any anchor gives the same labels, as all tests of components show.

use crate::NONE;

/// Links looked at together.
pub(super) const BLOCK: usize = 256;
/// A new anchor is looked for after so many links.
const LINKS_A_REVIEW: usize = 1 << 20;
const N_SAMPLES: usize = 32;

/// The nodes that are known to be in the largest component.
#[derive(Debug, Clone, Default)]
pub(super) struct Sieve {
    /// A node of that component, if there is one.
    anchor: Option<u32>,
    /// A bit a node.
    known: Vec<u64>,
    n_links_to_review: usize,
}

impl Sieve {
    pub(super) fn ensure_nodes(&mut self, n_nodes: usize) {
        let n_words = n_nodes.div_ceil(64);
        self.known.resize(self.known.len().max(n_words), 0);
    }

    /// Forgets all that is known: after components have fallen apart.
    pub(super) fn forget(&mut self) {
        *self = Self { known: vec![0; self.known.len()], ..Self::default() };
    }

    /// Forgets one node; the anchor itself may not be forgotten so.
    pub(super) fn forget_node(&mut self, node: u32) {
        self.known[(node >> 6) as usize] &= !(1 << (node & 63));
    }

    pub(super) fn anchor(&self) -> Option<u32> {
        self.anchor
    }

    /// Called before a batch: now and then checks on a sample of its ends that the anchor is still in the
    /// component that most links meet.
    pub(super) fn review(&mut self, ends: &[u32], root_of: impl Fn(u32) -> u32) {
        self.n_links_to_review = self.n_links_to_review.saturating_sub(ends.len());
        if self.n_links_to_review > 0 || ends.is_empty() {
            return;
        }
        // A structure that is still small grows out of its first anchor soon.
        self.n_links_to_review = LINKS_A_REVIEW.min(self.known.len() * 8);
        let sample = ends.iter().step_by((ends.len() / N_SAMPLES).max(1));
        let roots: Vec<u32> = sample.map(|&end| root_of(end)).collect();
        let count = |root: u32| roots.iter().filter(|&&found| found == root).count();
        let best = roots.iter().copied().max_by_key(|&root| (count(root), NONE - root));
        let anchored = self.anchor.map_or(0, |anchor| count(root_of(anchor)));
        if let Some(best) = best.filter(|&best| count(best) > 2 * anchored && count(best) > 1) {
            self.known.fill(0);
            self.anchor = Some(best);
        }
    }

    /// The places of the links that may join two components.
    pub(super) fn sift<'p>(
        &mut self,
        parent: &[u32],
        a: &[u32],
        b: &[u32],
        places: &'p mut [u8; BLOCK],
    ) -> &'p [u8] {
        let mut n_open = 0;
        for (place, (&a, &b)) in (0u8..=u8::MAX).zip(a.iter().zip(b)) {
            let bit = |node: u32| self.known[(node >> 6) as usize] >> (node & 63);
            places[n_open] = place;
            n_open += usize::from(bit(a) & bit(b) & 1 == 0);
        }
        let root = self.anchor.map(|anchor| root_of(parent, anchor)).unwrap_or(NONE);
        let mut n_apart = 0;
        for at in 0..n_open {
            let place = places[at];
            let (a, b) = (a[usize::from(place)], b[usize::from(place)]);
            let (parent_a, parent_b) = (parent[a as usize], parent[b as usize]);
            for (node, parent) in [(a, parent_a), (b, parent_b)] {
                self.known[(node >> 6) as usize] |= u64::from(parent == root) << (node & 63);
            }
            places[n_apart] = place;
            n_apart += usize::from(parent_a != parent_b);
        }
        &places[..n_apart]
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

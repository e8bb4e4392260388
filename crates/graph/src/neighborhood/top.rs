//! The K heaviest of a stream of edges in O(K) memory.
//!
//! Source: Hoare's FIND over a buffer of 2 K, emptied by half when full: O(1) amortised an edge, against O(log K) of
//! a heap, and most edges of a hub are turned down by one comparison.

use std::cmp::Reverse;

/// An edge that may be taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) weight: u64,
    pub(super) edge: u32,
    pub(super) neighbor: u32,
}

/// The order of preference, best first: heavier, then smaller id.
pub(super) type Key = (Reverse<u64>, u32);

impl Candidate {
    pub(super) fn key(&self) -> Key {
        (Reverse(self.weight), self.edge)
    }
}

/// Keeps the best `k_max` of what it is given.
#[derive(Debug, Default)]
pub(super) struct Top {
    k_max: usize,
    kept: Vec<Candidate>,
    /// Nothing from here on can be among the best.
    worst: Option<Key>,
}

impl Top {
    pub(super) fn start(&mut self, k_max: usize) {
        self.k_max = k_max;
        self.kept.clear();
        self.worst = None;
    }

    pub(super) fn add(&mut self, candidate: Candidate) {
        if self.k_max == 0 || self.worst.is_some_and(|worst| candidate.key() > worst) {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() >= self.k_max.saturating_mul(2).max(64) {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.kept.len() <= self.k_max {
            return;
        }
        let last = self.k_max - 1;
        self.kept.select_nth_unstable_by_key(last, Candidate::key);
        self.kept.truncate(self.k_max);
        self.worst = Some(self.kept[last].key());
    }

    /// The best, by edge id; and the worst of them.
    pub(super) fn finish(&mut self) -> (&[Candidate], Option<Key>) {
        self.shrink();
        let worst = self.kept.iter().map(Candidate::key).max();
        self.kept.sort_unstable_by_key(|candidate| candidate.edge);
        (&self.kept, worst)
    }
}

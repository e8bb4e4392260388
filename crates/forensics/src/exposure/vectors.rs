//! The parts of every coin in flat arrays: a vector of one part lies in its reference.
//!
//! Cost: 8 bytes a coin and 12 a part of vectors of several; what was replaced is cleared away once it is the larger half.

use super::parts::{Origin, Part};

/// A vector: one origin, or a place and a length in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference(u64);

const ONE: u64 = 1 << 63;
const LENGTH_BITS: u32 = 16;
/// Less is not worth clearing away.
const GARBAGE_MIN: usize = 1 << 20;

impl Reference {
    pub(super) const UNTRACED: Self = Self::one(Origin::UNTRACED);

    const fn one(origin: Origin) -> Self {
        Self(ONE | origin.bits() as u64)
    }

    fn origin(self) -> Option<Origin> {
        let bits = u32::try_from(self.0 & u64::from(u32::MAX)).expect("32 bits");
        (self.0 & ONE != 0).then(|| Origin::from_bits(bits))
    }

    fn range(self) -> std::ops::Range<usize> {
        if self.0 & ONE != 0 {
            return 0..0;
        }
        let length = usize::try_from(self.0 & ((1 << LENGTH_BITS) - 1)).expect("16 bits");
        let start = usize::try_from(self.0 >> LENGTH_BITS).expect("a place in memory");
        start..start + length
    }
}

/// Vectors by coin.
#[derive(Clone, Debug, Default)]
pub(super) struct Vectors {
    references: Vec<Reference>,
    origins: Vec<Origin>,
    amounts: Vec<u64>,
    garbage: usize,
}

impl Vectors {
    /// Coins up to `n_coins`, untraced at first.
    pub(super) fn extend(&mut self, n_coins: u32) {
        self.references.resize(n_coins as usize, Reference::UNTRACED);
    }

    pub(super) fn truncate(&mut self, n_coins: u32) {
        for reference in self.references.drain(n_coins as usize..) {
            self.garbage += reference.range().len();
        }
        self.clear_away();
    }

    pub(super) fn reset(&mut self) {
        self.references.fill(Reference::UNTRACED);
        self.origins.clear();
        self.amounts.clear();
        self.garbage = 0;
    }

    pub(super) fn reference(&self, coin: u32) -> Reference {
        self.references[coin as usize]
    }

    /// Calls `take` with each part of a vector whose coin is worth `amount_sat`.
    pub(super) fn read(&self, reference: Reference, amount_sat: u64, mut take: impl FnMut(Part)) {
        if let Some(origin) = reference.origin() {
            if amount_sat > 0 {
                take(Part::new(origin, amount_sat));
            }
            return;
        }
        let range = reference.range();
        for (origin, amount) in self.origins[range.clone()].iter().zip(&self.amounts[range]) {
            take(Part::new(*origin, *amount));
        }
    }

    /// Makes a coin untraced; returns what it was if that was something else.
    pub(super) fn forget(&mut self, coin: u32) -> Option<Reference> {
        self.put(coin, Reference::UNTRACED)
    }

    /// Makes a coin hold the parts of `pool` with the amounts of `cells`, those of nothing left out; returns what it
    /// was if that was something else.
    pub(super) fn set(&mut self, coin: u32, pool: &[Part], cells: &[u64]) -> Option<Reference> {
        let parts = || pool.iter().zip(cells).filter(|(_, cell)| **cell > 0);
        let mut some = parts();
        let (first, second) = (some.next(), some.next());
        if second.is_none() {
            let one = first.map_or(Reference::UNTRACED, |(part, _)| Reference::one(part.origin));
            return self.put(coin, one);
        }
        let old = self.references[coin as usize].range();
        let known = self.origins[old.clone()].iter().zip(&self.amounts[old]);
        if known.eq(parts().map(|(part, cell)| (&part.origin, cell))) {
            return None;
        }
        let start = self.origins.len();
        for (part, cell) in parts() {
            self.origins.push(part.origin);
            self.amounts.push(*cell);
        }
        let length = self.origins.len() - start;
        self.put(coin, Reference((start as u64) << LENGTH_BITS | length as u64))
    }

    fn put(&mut self, coin: u32, new: Reference) -> Option<Reference> {
        let place = &mut self.references[coin as usize];
        let old = std::mem::replace(place, new);
        self.garbage += old.range().len();
        (old != new).then_some(old)
    }

    /// Frees what no reference names, if it is much. References read before are void then.
    pub(super) fn clear_away(&mut self) {
        if self.garbage < GARBAGE_MIN || 2 * self.garbage < self.origins.len() {
            return;
        }
        let n_live = self.origins.len() - self.garbage;
        let (mut origins, mut amounts) = (Vec::with_capacity(n_live), Vec::with_capacity(n_live));
        for reference in &mut self.references {
            let range = reference.range();
            if !range.is_empty() {
                let (start, length) = (origins.len() as u64, range.len() as u64);
                origins.extend_from_slice(&self.origins[range.clone()]);
                amounts.extend_from_slice(&self.amounts[range]);
                *reference = Reference(start << LENGTH_BITS | length);
            }
        }
        (self.origins, self.amounts, self.garbage) = (origins, amounts, 0);
    }

    pub(super) fn n_parts(&self) -> usize {
        self.origins.len() - self.garbage
    }

    pub(super) fn memory_bytes(&self) -> usize {
        8 * self.references.capacity() + 12 * self.origins.capacity()
    }
}

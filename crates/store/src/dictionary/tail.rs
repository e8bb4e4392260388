//! The newest keys of a dictionary, indexed in memory until there are enough for a segment.
//! In: keys in the order of their ids. Out: the largest id of a key. A flat hash table of
//! positions; the keys lie in one vector. 8 bytes of slots and 8 of fingerprints a key, besides the
//! key.

use std::hash::{BuildHasher, RandomState};

#[derive(Debug)]
pub(crate) struct Tail {
    width: usize,
    /// The id of the first key.
    start: u32,
    keys: Vec<u8>,
    fingerprints: Vec<u64>,
    /// Position + 1 of a key; 0 is empty. The length is a power of two, at least twice the number
    /// of keys.
    slots: Vec<u32>,
    /// Odd and random: nobody outside can choose keys that crowd into the same slots. It decides
    /// only where a key lies in memory, never an answer.
    multiplier: u64,
}

const SLOTS_MIN: usize = 64;

impl Tail {
    pub(crate) fn new(width: usize, start: u32) -> Tail {
        let multiplier = RandomState::new().hash_one(start) | 1;
        Tail {
            width,
            start,
            keys: Vec::new(),
            fingerprints: Vec::new(),
            slots: vec![0; SLOTS_MIN],
            multiplier,
        }
    }

    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    pub(crate) fn len(&self) -> usize {
        self.fingerprints.len()
    }

    pub(crate) fn key(&self, id: u32) -> Option<&[u8]> {
        let at = id.checked_sub(self.start)? as usize * self.width;
        self.keys.get(at..at + self.width)
    }

    pub(crate) fn find(&self, fingerprint: u64, key: &[u8]) -> Option<u32> {
        let position = self.slots[self.slot(fingerprint, key)].checked_sub(1)?;
        Some(self.start + position)
    }

    /// The slot that holds this key, else the empty one where it belongs.
    fn slot(&self, fingerprint: u64, key: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let spread = fingerprint.wrapping_mul(self.multiplier) >> 32;
        let mut slot = spread as usize & mask;
        loop {
            let Some(position) = self.slots[slot].checked_sub(1) else { return slot };
            let position = position as usize;
            let held = &self.keys[position * self.width..(position + 1) * self.width];
            if self.fingerprints[position] == fingerprint && held == key {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Takes the key in under the next id. A key that is there already is found under the new id
    /// from now on.
    pub(crate) fn push(&mut self, fingerprint: u64, key: &[u8]) {
        if (self.len() + 1) * 2 > self.slots.len() {
            self.rebuild(self.slots.len() * 2);
        }
        let slot = self.slot(fingerprint, key);
        self.keys.extend_from_slice(key);
        self.fingerprints.push(fingerprint);
        self.slots[slot] = u32::try_from(self.len()).expect("fewer keys than ids");
    }

    fn rebuild(&mut self, slots: usize) {
        self.slots.clear();
        self.slots.resize(slots, 0);
        for position in 0..self.len() {
            let key = &self.keys[position * self.width..(position + 1) * self.width];
            let slot = self.slot(self.fingerprints[position], key);
            self.slots[slot] = u32::try_from(position + 1).expect("fewer keys than ids");
        }
    }

    /// Forgets the ids from `len` on; `len` is not below the first id.
    pub(crate) fn truncate(&mut self, len: u32) {
        let keep = (len - self.start) as usize;
        self.keys.truncate(keep * self.width);
        self.fingerprints.truncate(keep);
        self.rebuild((keep * 2).next_power_of_two().max(SLOTS_MIN));
    }

    /// Fingerprints with their ids, in the order of a segment.
    pub(crate) fn sorted(&self) -> Vec<(u64, u32)> {
        use rayon::prelude::*;
        let ids = self.start..;
        let mut entries: Vec<(u64, u32)> = self.fingerprints.iter().copied().zip(ids).collect();
        entries.par_sort_unstable();
        entries
    }
}

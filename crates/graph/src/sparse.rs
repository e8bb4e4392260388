//! A map from node to a small value, for searches that touch few nodes of a very large graph.
//!
//! In: node ids below [`NONE`]. Out: the value last stored for a node.
//! Source: open addressing with linear probing and multiplicative hashing, Knuth, TAOCP 3, 6.4.
//! Departures: it cannot be iterated and never forgets, so its order cannot reach an output. The map of the
//! standard library is refused here for its random order; a dense array would cost 4 bytes a node of the whole
//! graph for a search of a few hundred.
//! Cost: O(1) expected, 4 bytes and a value a slot, at most half of the slots in use.
//! Checked against: an ordered map (below).

use crate::NONE;

/// Node to value; grows as needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeMap<V> {
    slots: Vec<Slot<V>>,
    n_used: usize,
    /// The hash is the top bits of a product: 32 minus the logarithm of the number of slots.
    shift: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot<V> {
    node: u32,
    value: V,
}

const SLOTS_LOG_MIN: u32 = 6;

impl<V: Copy + Default> NodeMap<V> {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The value of `node`.
    pub(crate) fn get(&self, node: u32) -> Option<V> {
        if self.slots.is_empty() {
            return None;
        }
        let slot = self.slots[self.slot_of(node)];
        (slot.node != NONE).then_some(slot.value)
    }

    /// Stores the value of `node` in place of an earlier one.
    pub(crate) fn insert(&mut self, node: u32, value: V) {
        debug_assert!(node != NONE, "the id that means none");
        if self.n_used * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(node);
        self.n_used += usize::from(self.slots[slot].node == NONE);
        self.slots[slot] = Slot { node, value };
    }

    /// The value of `node`, or if it has none, `value`, which is stored; whether it is new.
    pub(crate) fn get_or_insert(&mut self, node: u32, value: V) -> (V, bool) {
        debug_assert!(node != NONE, "the id that means none");
        if self.n_used * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(node);
        let is_new = self.slots[slot].node == NONE;
        if is_new {
            self.n_used += 1;
            self.slots[slot] = Slot { node, value };
        }
        (self.slots[slot].value, is_new)
    }

    /// The slot that holds `node`, or the empty one where it belongs.
    fn slot_of(&self, node: u32) -> usize {
        let mask = self.slots.len() - 1;
        // 2^32 / golden ratio: neighbouring ids, the usual case, land far apart.
        let mut slot = (node.wrapping_mul(0x9E37_79B9) >> self.shift) as usize;
        while self.slots[slot].node != node && self.slots[slot].node != NONE {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let slots_log = if self.slots.is_empty() { SLOTS_LOG_MIN } else { 33 - self.shift };
        let empty = Slot { node: NONE, value: V::default() };
        let old = std::mem::replace(&mut self.slots, vec![empty; 1 << slots_log]);
        self.shift = 32 - slots_log;
        for slot in old.into_iter().filter(|slot| slot.node != NONE) {
            let place = self.slot_of(slot.node);
            self.slots[place] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn agrees_with_an_ordered_map(pairs in prop::collection::vec((0u32..400, 0u32..9), 0..600)) {
            let mut map = NodeMap::new();
            let mut expected = BTreeMap::new();
            for &(node, value) in &pairs {
                if value == 0 {
                    let is_new = !expected.contains_key(&node);
                    let known = *expected.entry(node).or_insert(value);
                    prop_assert_eq!(map.get_or_insert(node, value), (known, is_new));
                    continue;
                }
                map.insert(node, value);
                expected.insert(node, value);
            }
            for node in 0..400 {
                prop_assert_eq!(map.get(node), expected.get(&node).copied());
            }
        }
    }
}

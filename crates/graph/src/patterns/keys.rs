//! Maps whose size follows a window: keys come and go.
//!
//! Source: open addressing with linear probing and deletion by moving back, Knuth, TAOCP 3, 6.4, algorithm R; the
//! hash is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
//! Departures: they cannot be iterated, so their order cannot reach an output. Against a dense array by node they
//! cost nothing for nodes outside the window, and stay in the cache.
//! Cost: O(1) expected, 16 bytes a slot, at most half of the slots in use; they do not shrink.
//! Checked against: an ordered map (below).

/// Key to a small value. [`u64::MAX`] is no key.
#[derive(Debug, Clone)]
pub(super) struct KeyMap {
    slots: Vec<(u64, u32)>,
    n_used: usize,
}

const FREE: u64 = u64::MAX;
const SLOTS_MIN: usize = 64;

impl KeyMap {
    pub(super) fn new() -> Self {
        Self { slots: vec![(FREE, 0); SLOTS_MIN], n_used: 0 }
    }

    pub(super) fn get(&self, key: u64) -> Option<u32> {
        let (found, value) = self.slots[self.slot_of(key)];
        (found != FREE).then_some(value)
    }

    /// The place of the value of `key`, and whether it is new; a new one is 0.
    pub(super) fn entry(&mut self, key: u64) -> (&mut u32, bool) {
        if self.n_used * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot_of(key);
        let is_new = self.slots[slot].0 == FREE;
        if is_new {
            self.n_used += 1;
            self.slots[slot] = (key, 0);
        }
        (&mut self.slots[slot].1, is_new)
    }

    pub(super) fn remove(&mut self, key: u64) {
        let mask = self.slots.len() - 1;
        let mut hole = self.slot_of(key);
        if self.slots[hole].0 == FREE {
            return;
        }
        self.n_used -= 1;
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let (key, _) = self.slots[next];
            if key == FREE {
                break;
            }
            // A key may move back as far as its first slot.
            let home = self.home_of(key);
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots[hole] = self.slots[next];
                hole = next;
            }
        }
        self.slots[hole] = (FREE, 0);
    }

    /// The slot that holds `key`, or the free one where it belongs.
    fn slot_of(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.home_of(key);
        while self.slots[slot].0 != key && self.slots[slot].0 != FREE {
            slot = (slot + 1) & mask;
        }
        slot
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked by the number of slots")]
    fn home_of(&self, key: u64) -> usize {
        let mut hash = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (hash ^ (hash >> 31)) as usize & (self.slots.len() - 1)
    }

    fn grow(&mut self) {
        let doubled = vec![(FREE, 0); self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, doubled);
        for entry in old.into_iter().filter(|entry| entry.0 != FREE) {
            let slot = self.slot_of(entry.0);
            self.slots[slot] = entry;
        }
    }
}

/// What is known of each node of a window, at a place that does not move while the node stays.
#[derive(Debug, Clone)]
pub(super) struct NodeSlab<T> {
    places: KeyMap,
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T: Default> NodeSlab<T> {
    pub(super) fn new() -> Self {
        Self { places: KeyMap::new(), items: Vec::new(), free: Vec::new() }
    }

    /// The place of a node; it gets one if it has none.
    pub(super) fn place(&mut self, node: u32) -> u32 {
        let (value, is_new) = self.places.entry(u64::from(node));
        if is_new {
            *value = self.free.pop().unwrap_or_else(|| {
                self.items.push(T::default());
                u32::try_from(self.items.len() - 1).expect("a place a node, nodes are 32-bit ids")
            });
        }
        *value
    }

    /// The place of a node of the window.
    pub(super) fn place_if_known(&self, node: u32) -> Option<u32> {
        self.places.get(u64::from(node))
    }

    /// What is known of a node of the window.
    pub(super) fn find(&self, node: u32) -> Option<&T> {
        self.place_if_known(node).map(|place| &self.items[place as usize])
    }

    /// Forgets a node.
    pub(super) fn remove(&mut self, node: u32) {
        if let Some(place) = self.places.get(u64::from(node)) {
            self.places.remove(u64::from(node));
            self.items[place as usize] = T::default();
            self.free.push(place);
        }
    }
}

impl<T> std::ops::Index<u32> for NodeSlab<T> {
    type Output = T;

    fn index(&self, place: u32) -> &T {
        &self.items[place as usize]
    }
}

impl<T> std::ops::IndexMut<u32> for NodeSlab<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        &mut self.items[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::KeyMap;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn agrees_with_an_ordered_map(steps in prop::collection::vec((0u64..90, prop::option::of(1u32..9)), 0..500)) {
            let mut map = KeyMap::new();
            let mut expected = BTreeMap::new();
            for &(key, value) in &steps {
                if let Some(value) = value {
                    let (place, is_new) = map.entry(key);
                    prop_assert_eq!(is_new, expected.insert(key, value).is_none());
                    *place = value;
                } else {
                    map.remove(key);
                    expected.remove(&key);
                }
            }
            for key in 0..90 {
                prop_assert_eq!(map.get(key), expected.get(&key).copied());
            }
            prop_assert_eq!(map.n_used, expected.len());
        }
    }
}

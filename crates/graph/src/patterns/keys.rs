//! Maps whose size follows a window: what has left it is swept out when they are full, and not one by one.
//!
//! Source: open addressing with linear probing, Knuth, TAOCP 3, 6.4; the hash is the finalizer of SplitMix64 (Steele,
//! Lea, Flood 2014); sweeping at twice the survivors, as collectors of garbage do.
//! Departures: they cannot be iterated, so their order cannot reach an output. Against a dense array by node they
//! cost nothing for nodes outside the window, and stay in the cache. No deletion one by one: that is a probe
//! and a repair an edge, a third of the samples in a profile of a stream in which most nodes come once.
//! Cost: O(1) expected and amortised; at most twice as many keys are kept as are live (and 1,024).
//! Checked against: an ordered map (below).

use crate::sparse::NodeMap;

/// Key to the position of an edge in a stream. [`u64::MAX`] is no key.
#[derive(Debug, Clone)]
pub(super) struct PositionMap {
    slots: Vec<(u64, u64)>,
    n_used: usize,
}

const FREE: u64 = u64::MAX;
const SLOTS_MIN: usize = 64;

impl PositionMap {
    pub(super) fn new() -> Self {
        Self { slots: vec![(FREE, 0); SLOTS_MIN], n_used: 0 }
    }

    /// Stores a position; the one before it, if that is not before `start`.
    pub(super) fn replace(&mut self, key: u64, position: u64, start: u64) -> Option<u64> {
        if self.n_used * 2 >= self.slots.len() {
            self.sweep(start);
        }
        let slot = self.slot_of(key);
        let (found, previous) = std::mem::replace(&mut self.slots[slot], (key, position));
        self.n_used += usize::from(found == FREE);
        (found != FREE && previous >= start).then_some(previous)
    }

    /// The slot that holds `key`, or the free one where it belongs.
    #[expect(clippy::cast_possible_truncation, reason = "masked by the number of slots")]
    fn slot_of(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut hash = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let mut slot = (hash ^ (hash >> 31)) as usize & mask;
        while self.slots[slot].0 != key && self.slots[slot].0 != FREE {
            slot = (slot + 1) & mask;
        }
        slot
    }

    /// Forgets positions before `start`, and makes room for as many again as are left.
    fn sweep(&mut self, start: u64) {
        let is_live = |slot: &(u64, u64)| slot.0 != FREE && slot.1 >= start;
        self.n_used = self.slots.iter().filter(|slot| is_live(slot)).count();
        let n_slots = (4 * self.n_used).next_power_of_two().max(SLOTS_MIN);
        let old = std::mem::replace(&mut self.slots, vec![(FREE, 0); n_slots]);
        for entry in old.into_iter().filter(is_live) {
            let slot = self.slot_of(entry.0);
            self.slots[slot] = entry;
        }
    }
}

/// What is known of the nodes of a window, each at a place that does not move while the node is live.
#[derive(Debug, Clone)]
pub(super) struct NodeSlab<T> {
    places: NodeMap<u32>,
    items: Vec<T>,
    free: Vec<u32>,
    sweep_at: usize,
}

/// What the slab has to know of what it keeps.
pub(super) trait Tenant {
    /// With nothing known of a node yet.
    fn new(node: u32) -> Self;
    /// Its node.
    fn node(&self) -> u32;
    /// False if nothing in a window that starts at this position refers to the node.
    fn is_live(&self, start: u64) -> bool;
}

const SWEEP_MIN: usize = 1024;

impl<T: Tenant> NodeSlab<T> {
    pub(super) fn new() -> Self {
        Self { places: NodeMap::new(), items: Vec::new(), free: Vec::new(), sweep_at: SWEEP_MIN }
    }

    /// The places of both ends of an edge; they get one if they have none. `start` is where the window starts.
    pub(super) fn places(&mut self, source: u32, target: u32, start: u64) -> [u32; 2] {
        // Before either is placed, since a new tenant is not live yet.
        if self.items.len() - self.free.len() >= self.sweep_at {
            self.sweep(start);
        }
        [self.place(source), self.place(target)]
    }

    fn place(&mut self, node: u32) -> u32 {
        let next = self.free.last().copied();
        let next = next.unwrap_or_else(|| {
            u32::try_from(self.items.len()).expect("a place a node, and nodes are 32-bit ids")
        });
        let (place, is_new) = self.places.get_or_insert(node, next);
        if is_new {
            if self.free.pop().is_some() {
                self.items[place as usize] = T::new(node);
            } else {
                self.items.push(T::new(node));
            }
        }
        place
    }

    /// What is known of a node.
    pub(super) fn find(&self, node: u32) -> Option<&T> {
        self.places.get(node).map(|place| &self.items[place as usize])
    }

    /// How many places there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    fn sweep(&mut self, start: u64) {
        self.places = NodeMap::new();
        self.free.clear();
        for (place, item) in (0..).zip(&self.items) {
            // A free place is not live, whatever it held.
            if item.is_live(start) {
                self.places.insert(item.node(), place);
            } else {
                self.free.push(place);
            }
        }
        self.sweep_at = SWEEP_MIN.max(2 * (self.items.len() - self.free.len()));
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

    use super::{NodeSlab, PositionMap, Tenant};

    /// A node and the position of the last edge that touches it.
    struct Touched(u32, u64);

    impl Tenant for Touched {
        fn new(node: u32) -> Self {
            Self(node, 0)
        }

        fn node(&self) -> u32 {
            self.0
        }

        fn is_live(&self, start: u64) -> bool {
            self.1 >= start
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn agree_with_an_ordered_map(keys in prop::collection::vec(0u32..3000, 0..6000), window in 0u64..1500) {
            let mut map = PositionMap::new();
            let mut slab = NodeSlab::<Touched>::new();
            let mut expected = BTreeMap::new();
            for (position, &key) in (1u64..).zip(&keys) {
                let start = position.saturating_sub(window);
                let previous = expected.insert(key, position).filter(|&previous| previous >= start);
                prop_assert_eq!(map.replace(u64::from(key), position, start), previous);
                let [place, loop_] = slab.places(key, key, start);
                prop_assert_eq!(place, loop_);
                prop_assert_eq!(slab[place].0, key);
                prop_assert!(previous.is_none() || slab[place].1 == previous.unwrap_or_default());
                slab[place].1 = position;
            }
            prop_assert!(slab.len() <= 1024 + 2 * 1501);
            prop_assert!(map.slots.len() <= 4 * 2048);
        }
    }
}

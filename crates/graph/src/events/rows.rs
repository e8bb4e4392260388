//! Rows of small values, one a node, in one arena.
//!
//! In: a node and its row. Out: the row. A row has room for the next power of two; what it outgrows is used again.
//! Cost: 8 bytes a node, up to twice the values. Checked against: a vector of vectors (below).

/// Rows by node; nodes without one cost 8 bytes up to the greatest node that has one.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    places: Vec<Place>,
    arena: Vec<T>,
    /// Free places, by the logarithm of their room.
    free: [Vec<u32>; 33],
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    offset: u32,
    len: u32,
}

impl Place {
    /// The logarithm of its room; `None` if it has none.
    fn room(self) -> Option<u32> {
        (self.len > 0).then(|| self.len.next_power_of_two().trailing_zeros())
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { places: Vec::new(), arena: Vec::new(), free: std::array::from_fn(|_| Vec::new()) }
    }
}

impl<T: Copy> Rows<T> {
    pub(super) fn row(&self, node: u32) -> &[T] {
        let Some(place) = self.places.get(node as usize) else { return &[] };
        &self.arena[place.offset as usize..(place.offset + place.len) as usize]
    }

    /// One more than the greatest node that ever had a row.
    pub(super) fn n_nodes(&self) -> usize {
        self.places.len()
    }

    /// The memory it takes, in bytes.
    pub(super) fn n_bytes(&self) -> usize {
        let free: usize = self.free.iter().map(Vec::capacity).sum();
        self.places.capacity() * size_of::<Place>()
            + self.arena.capacity() * size_of::<T>()
            + free * size_of::<u32>()
    }

    pub(super) fn set(&mut self, node: u32, row: &[T]) {
        let Some(first) = row.first() else {
            if let Some(place) = self.places.get(node as usize).copied() {
                self.give_back(place);
                self.places[node as usize] = Place::default();
            }
            return;
        };
        let place = self.place_for(node, row.len(), *first);
        self.arena[place.offset as usize..][..row.len()].copy_from_slice(row);
    }

    /// Puts `tail` in place of what follows the first `kept` values of a row; the row is not empty then.
    pub(super) fn set_tail(&mut self, node: u32, kept: usize, tail: &[T]) {
        let before = self.places.get(node as usize).copied().unwrap_or_default();
        let fill = self.row(node).first().or(tail.first()).expect("a row has a first value");
        let place = self.place_for(node, kept + tail.len(), *fill);
        let (from, to) = (before.offset as usize, place.offset as usize);
        if from != to {
            self.arena.copy_within(from..from + kept, to);
        }
        self.arena[to + kept..][..tail.len()].copy_from_slice(tail);
    }

    pub(super) fn push(&mut self, node: u32, value: T) {
        let before = self.places.get(node as usize).copied().unwrap_or_default();
        let len = before.len as usize;
        let grows = before.len == 0 || before.len.is_power_of_two();
        let place = if grows {
            let place = self.take(len + 1, value);
            let from = before.offset as usize;
            self.arena.copy_within(from..from + len, place.offset as usize);
            self.give_back(before);
            place
        } else {
            Place { len: before.len + 1, ..before }
        };
        self.keep(node, place);
        self.arena[place.offset as usize + len] = value;
    }

    /// Shortens a row.
    pub(super) fn truncate(&mut self, node: u32, len: usize) {
        if len < self.row(node).len() {
            let kept = self.row(node)[..len].to_vec();
            self.set(node, &kept);
        }
    }

    fn place_for(&mut self, node: u32, len: usize, fill: T) -> Place {
        let before = self.places.get(node as usize).copied().unwrap_or_default();
        let mut place = Place { len: count(len), ..before };
        if before.room() != place.room() {
            self.give_back(before);
            place = self.take(len, fill);
        }
        self.keep(node, place);
        place
    }

    fn keep(&mut self, node: u32, place: Place) {
        if self.places.len() <= node as usize {
            self.places.resize(node as usize + 1, Place::default());
        }
        self.places[node as usize] = place;
    }

    fn take(&mut self, len: usize, fill: T) -> Place {
        let mut place = Place { offset: 0, len: count(len) };
        let room = place.room().expect("rows that are placed are not empty");
        place.offset = self.free[room as usize].pop().unwrap_or_else(|| {
            let offset = count(self.arena.len());
            self.arena.resize(self.arena.len() + (1 << room), fill);
            offset
        });
        place
    }

    fn give_back(&mut self, place: Place) {
        if let Some(room) = place.room() {
            self.free[room as usize].push(place.offset);
        }
    }
}

/// Rows together hold fewer values than 32-bit places: four billion labels are 48 GiB.
fn count(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 2^32 values in all rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_a_vector_of_vectors(
            steps in prop::collection::vec((0u32..6, 0u8..4, 0usize..12), 0..60)
        ) {
            let mut rows = Rows::default();
            let mut expected = vec![Vec::new(); 6];
            for (at, (node, kind, len)) in (0u16..).zip(steps) {
                let own = &mut expected[node as usize];
                match kind {
                    0 => { rows.push(node, at); own.push(at); }
                    1 => { *own = vec![at; len]; rows.set(node, own); }
                    2 => {
                        let kept = len.min(own.len());
                        own.truncate(kept);
                        own.extend([at, at + 1]);
                        rows.set_tail(node, kept, &[at, at + 1]);
                    }
                    _ => { own.truncate(len); rows.truncate(node, len); }
                }
                for node in 0..6 {
                    prop_assert_eq!(rows.row(node), &expected[node as usize]);
                }
            }
        }
    }
}

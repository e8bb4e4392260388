//! What is still to be done, by the order in which walks meet events: first out is what is met first.
//!
//! In: items with an order not before that of the last one taken out. Out: all items of the next order together.
//! Source: the radix heap of Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem", J. ACM 1990.
//! Cost: an item moves at most once a bit of its order. Checked against: a sorted vector (below).

/// Items by a number that only grows.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// By the highest bit in which the order differs from the last one taken out.
    buckets: Vec<Vec<(u32, T)>>,
    last: u32,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let n_buckets = u32::BITS + 1;
        Self { buckets: (0..n_buckets).map(|_| Vec::new()).collect(), last: 0 }
    }

    pub(super) fn push(&mut self, order: u32, item: T) {
        debug_assert!(order >= self.last, "walks lead on");
        let bucket = self.bucket(order);
        self.buckets[bucket].push((order, item));
    }

    fn bucket(&self, order: u32) -> usize {
        (u32::BITS - (order ^ self.last).leading_zeros()) as usize
    }

    /// Moves all items of the next order into `items`, which is emptied before; returns that order.
    pub(super) fn pop(&mut self, items: &mut Vec<(u32, T)>) -> Option<u32> {
        items.clear();
        let first = self.buckets.iter().position(|bucket| !bucket.is_empty())?;
        if first > 0 {
            let mut moved = std::mem::take(&mut self.buckets[first]);
            self.last = moved.iter().map(|(order, _)| *order).min().unwrap_or(self.last);
            for (order, item) in moved.drain(..) {
                let bucket = self.bucket(order);
                self.buckets[bucket].push((order, item));
            }
            // Its room is used again.
            self.buckets[first] = moved;
        }
        std::mem::swap(items, &mut self.buckets[0]);
        Some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_come_by_order(
            start in prop::collection::vec(any::<u32>(), 1..20),
            further in prop::collection::vec(0u32..1 << 20, 0..20),
        ) {
            let (mut queue, mut taken, mut items) = (Queue::new(), Vec::new(), Vec::new());
            let mut expected = start.clone();
            start.iter().for_each(|order| queue.push(*order, ()));
            let mut further = further.into_iter();
            while let Some(order) = queue.pop(&mut items) {
                prop_assert!(items.iter().all(|item| item.0 == order));
                taken.extend(items.iter().map(|item| item.0));
                if let Some(next) = further.next().and_then(|gap| order.checked_add(1 + gap)) {
                    queue.push(next, ());
                    expected.push(next);
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(taken, expected);
        }
    }
}

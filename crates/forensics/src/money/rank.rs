//! The n-th smallest of a changing set of values that are known beforehand.
//!
//! In: all values that will ever be put in. Out: the n-th smallest of those that are in.
//! Source: Fenwick, *A new data structure for cumulative frequency tables*, 1994; the descent is his.
//! Cost: O(log n) a step, 24 bytes a value.
//! Checked against: sorting (below).

use super::volatility::Variance;

/// See the module.
pub(super) struct Ranks {
    /// Ascending, each once.
    values: Vec<Variance>,
    /// Fenwick's tree over how many of each are in; from 1.
    counts: Vec<usize>,
}

impl Ranks {
    pub(super) fn new(values: impl Iterator<Item = Variance>) -> Self {
        let mut values: Vec<Variance> = values.collect();
        values.sort_unstable();
        values.dedup();
        Self { counts: vec![0; values.len() + 1], values }
    }

    pub(super) fn insert(&mut self, value: Variance) {
        self.change(value, |count| count + 1);
    }

    pub(super) fn remove(&mut self, value: Variance) {
        self.change(value, |count| count - 1);
    }

    fn change(&mut self, value: Variance, change: impl Fn(usize) -> usize) {
        let at = self.values.binary_search(&value).expect("only values known beforehand");
        let mut at = at + 1;
        while at < self.counts.len() {
            self.counts[at] = change(self.counts[at]);
            at += at & at.wrapping_neg();
        }
    }

    /// The `n`-th smallest of those that are in, from 1 to their number.
    pub(super) fn nth(&self, n: usize) -> Variance {
        let (mut at, mut left) = (0, n);
        let mut step = self.counts.len().next_power_of_two();
        while step > 0 {
            if at + step < self.counts.len() && self.counts[at + step] < left {
                at += step;
                left -= self.counts[at];
            }
            step /= 2;
        }
        self.values[at]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_sorting(values in prop::collection::vec(0..20_u128, 1..60), kept in 0..60_usize) {
            let values: Vec<Variance> = values.into_iter().map(Variance).collect();
            let mut ranks = Ranks::new(values.iter().copied());
            values.iter().for_each(|value| ranks.insert(*value));
            let (gone, rest) = values.split_at(kept % values.len());
            gone.iter().for_each(|value| ranks.remove(*value));
            let mut sorted = rest.to_vec();
            sorted.sort_unstable();
            for (n, value) in (1..).zip(sorted) {
                prop_assert_eq!(ranks.nth(n), value);
            }
        }
    }
}

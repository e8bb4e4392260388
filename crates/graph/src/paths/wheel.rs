//! A queue of nodes by a number that never falls below the last one taken.
//!
//! In: nodes with a key. Out: all nodes of the smallest key at once.
//! Source: the radix heap of Ahuja, Mehlhorn, Orlin, Tarjan, "Faster algorithms for the shortest path problem",
//! JACM 37(2), 1990, with digits of ten bits in place of one (Varghese and Lauck's timing wheels, SOSP 1987).
//! Departures: a node is not moved when its key falls but added once more; whoever takes it knows its key.
//! Cost: a node moves once a digit at most, in practice once or twice; 0.2 MB of empty buckets.
//! Checked against: the distances that come of it (`tests/it/paths_lengths.rs`).

const DIGIT_BITS: u32 = 10;
const N_DIGITS: usize = 1 << DIGIT_BITS;
const N_LEVELS: usize = 7; // 7 x 10 bits hold 64
const N_WORDS: usize = N_DIGITS / 64;

/// Buckets by the highest digit in which a key differs from the last key taken, and by that digit.
pub(super) struct Wheel {
    last: u64,
    buckets: Vec<Vec<u32>>,
    /// A bit a bucket: whether it holds anything.
    used: [[u64; N_WORDS]; N_LEVELS],
}

impl Wheel {
    pub(super) fn new() -> Self {
        let buckets = vec![Vec::new(); N_LEVELS * N_DIGITS];
        Self { last: 0, buckets, used: [[0; N_WORDS]; N_LEVELS] }
    }

    /// Adds a node; the key is not below the last one taken.
    pub(super) fn push(&mut self, key: u64, node: u32) {
        let differ = key ^ self.last;
        let level = (differ.checked_ilog2().unwrap_or(0) / DIGIT_BITS) as usize;
        let digit = digit(key, level);
        self.used[level][digit / 64] |= 1 << (digit % 64);
        self.buckets[level * N_DIGITS + digit].push(node);
    }

    /// All nodes of the smallest key, into `nodes` (emptied first), and that key. `key_of` gives the key of a node
    /// as it is now; what has fallen below the last key taken was taken then, and is dropped.
    pub(super) fn pop(&mut self, nodes: &mut Vec<u32>, key_of: impl Fn(u32) -> u64) -> Option<u64> {
        nodes.clear();
        loop {
            let (level, digit) = self.first()?;
            let shift = DIGIT_BITS * u32::try_from(level).expect("a few levels");
            // The digits above stay, this one is the bucket's, those below start at 0.
            let above = self.last.checked_shr(shift + DIGIT_BITS).unwrap_or(0);
            let start =
                above.checked_shl(shift + DIGIT_BITS).unwrap_or(0) | (digit as u64) << shift;
            self.used[level][digit / 64] &= !(1 << (digit % 64));
            self.last = start;
            let bucket = &mut self.buckets[level * N_DIGITS + digit];
            if level == 0 {
                // The bucket keeps the memory of `nodes` and the other way round.
                std::mem::swap(bucket, nodes);
                return Some(start);
            }
            for node in std::mem::take(bucket) {
                let key = key_of(node);
                if key >= start {
                    self.push(key, node);
                }
            }
        }
    }

    /// The first bucket that holds anything. Below the digits of the last key nothing is left.
    fn first(&self) -> Option<(usize, usize)> {
        for (level, words) in self.used.iter().enumerate() {
            if let Some(word) = words.iter().position(|&word| word != 0) {
                return Some((level, word * 64 + words[word].trailing_zeros() as usize));
            }
        }
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "masked to ten bits")]
fn digit(key: u64, level: usize) -> usize {
    (key >> (DIGIT_BITS as usize * level)) as usize & (N_DIGITS - 1)
}

//! Draws that depend on what they are for, never on what was drawn before.
//!
//! Source: SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014). A stream is named
//! by seed, purpose and place (tree, node, row), so threads may draw in any order and still agree.

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What a stream is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    BinSample = 1,
    Bag = 2,
    TreeFeatures = 3,
    NodeFeatures = 4,
    Threshold = 5,
    Bootstrap = 6,
}

/// One stream.
pub(super) struct Draws(u64);

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

impl Draws {
    pub(super) fn new(seed: u64, purpose: Purpose, places: [u64; 2]) -> Self {
        let parts = [purpose as u64, places[0], places[1]];
        Self(parts.iter().fold(mix(seed.wrapping_add(STEP)), |state, part| {
            mix(state ^ part.wrapping_mul(STEP).wrapping_add(STEP))
        }))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number in `0..n`, `n` above 0. The bias of the multiplication is below `n / 2^64`.
    pub(super) fn below(&mut self, n: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "the high half is below n")]
        let drawn = ((u128::from(self.next()) * n as u128) >> 64) as usize;
        drawn
    }

    /// `n_drawn` of `0..n`, ascending.
    pub(super) fn choose(&mut self, n: usize, n_drawn: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..n).collect();
        for place in 0..n_drawn.min(n) {
            let other = place + self.below(n - place);
            all.swap(place, other);
        }
        all.truncate(n_drawn);
        all.sort_unstable();
        all
    }
}

/// How many of `n` a share asks for: rounded, at least one.
pub(super) fn share_of(n: usize, share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0..=n")]
    let rounded = (n as f64 * share).round() as usize;
    rounded.clamp(1, n.max(1))
}

/// Whether a row is in the bag: by its own draw, so that bags need no order.
pub(super) fn in_bag(seed: u64, bag: u64, row: u64, share: f64) -> bool {
    let drawn = Draws::new(seed, Purpose::Bag, [bag, row]).next();
    (drawn >> 11) as f64 * (0.5_f64).powi(53) < share
}

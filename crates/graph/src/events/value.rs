//! What a walk is worth: its steps and cost, or its width.

use std::cmp::Reverse;

/// Beyond, steps are not told apart.
pub(super) const STEPS_MAX: u8 = 254;

/// The worth of a walk between a source and a node. Values of one class are compared; the order is for storage.
pub trait Value: Copy + Ord + Send + Sync + std::fmt::Debug {
    /// By what the best of several is chosen: the least.
    type Rank: Ord;
    /// What of several values is told to who asks for the best.
    type Seen: PartialEq;
    /// Whether amounts matter.
    const BY_AMOUNT: bool;
    /// At a source itself.
    fn start(source: u32, class: u8) -> Self;
    /// The class of its source.
    fn class(&self) -> u8;
    /// Into an event, to which the node gave (or from which it got) `amount`; `None` beyond the bound of cost.
    fn leave(self, cost: u8, amount: u64, cost_max: u8) -> Option<Self>;
    /// Out of the event, at a node with `amount` of its own in it.
    fn arrive(self, amount: u64) -> Self;
    /// Whether whatever follows, this one is at least as good.
    fn dominates(&self, other: &Self) -> bool;
    /// By what the best of several is chosen.
    fn rank(&self) -> Self::Rank;
    /// What is told of values; `None` of none.
    fn seen(values: impl Iterator<Item = Self> + Clone) -> Option<Self::Seen>;
}

/// Cost and steps, both to be few; among equal ones the source with the smallest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Steps {
    /// The class of the source.
    pub class: u8,
    /// Steps that leave a source or a node that counts.
    pub cost: u8,
    /// All steps; 254 is "or more".
    pub steps: u8,
    /// The source.
    pub source: u32,
}

impl Value for Steps {
    type Rank = Self;
    /// The best one, and the fewest steps of any.
    type Seen = (Self, u8);
    const BY_AMOUNT: bool = false;

    fn start(source: u32, class: u8) -> Self {
        Self { class, cost: 0, steps: 0, source }
    }

    fn class(&self) -> u8 {
        self.class
    }

    fn leave(self, cost: u8, _amount: u64, cost_max: u8) -> Option<Self> {
        let cost = self.cost.checked_add(cost).filter(|cost| *cost <= cost_max)?;
        Some(Self { cost, steps: (self.steps + 1).min(STEPS_MAX), ..self })
    }

    fn arrive(self, _amount: u64) -> Self {
        self
    }

    fn dominates(&self, other: &Self) -> bool {
        let same = (self.cost, self.steps) == (other.cost, other.steps);
        if same {
            self.source <= other.source
        } else {
            self.cost <= other.cost && self.steps <= other.steps
        }
    }

    fn rank(&self) -> Self {
        *self
    }

    fn seen(values: impl Iterator<Item = Self> + Clone) -> Option<(Self, u8)> {
        let steps = values.clone().map(|value| value.steps).min();
        values.min().zip(steps)
    }
}

/// Cost, to be within the bound, and the least amount on the way, to be large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Width {
    class: u8,
    cost: u8,
    /// Upper and lower half: a label is then 16 bytes in place of 24.
    width: [u32; 2],
}

impl Width {
    /// The least amount on the way; `u64::MAX` at a source.
    pub fn width(&self) -> u64 {
        u64::from(self.width[0]) << 32 | u64::from(self.width[1])
    }

    fn with_width(self, width: u64) -> Self {
        let half = |bits: u64| u32::try_from(bits).expect("half of 64 bits");
        Self { width: [half(width >> 32), half(width & u64::from(u32::MAX))], ..self }
    }
}

impl Value for Width {
    type Rank = (Reverse<u64>, u8);
    /// The largest width.
    type Seen = u64;
    const BY_AMOUNT: bool = true;

    fn start(_source: u32, class: u8) -> Self {
        Self { class, cost: 0, width: [u32::MAX; 2] }
    }

    fn class(&self) -> u8 {
        self.class
    }

    fn leave(self, cost: u8, amount: u64, cost_max: u8) -> Option<Self> {
        let cost = self.cost.checked_add(cost).filter(|cost| *cost <= cost_max)?;
        Some(Self { cost, ..self.arrive(amount) })
    }

    fn arrive(self, amount: u64) -> Self {
        self.with_width(self.width().min(amount))
    }

    fn dominates(&self, other: &Self) -> bool {
        self.cost <= other.cost && self.width >= other.width
    }

    fn rank(&self) -> Self::Rank {
        (Reverse(self.width()), self.cost)
    }

    fn seen(values: impl Iterator<Item = Self> + Clone) -> Option<u64> {
        values.map(|value| value.width()).max()
    }
}

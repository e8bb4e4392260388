//! What a rule may ask, and the three-valued answers: a fact that was not computed is unknown, never false.

use ledger::{Category, FlowSide};

/// True, false, or not known. Ordered so that `and` is the least and `or` the greatest (Kleene's strong logic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// What would decide it is not known.
    Unknown,
    /// It holds.
    True,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

/// What a number is counted in. All are whole numbers of a smallest unit, so that arithmetic is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// A bare number, in millionths; fits where hops, counts or points stand.
    Number,
    /// Changes of ownership, in millionths.
    Hops,
    /// How many, in millionths.
    Count,
    /// Points of a score, in millionths.
    Points,
    /// Coins, in satoshi.
    Coins,
    /// Money, in millionths of the currency of the store.
    Money,
    /// A part of a whole, in billionths.
    Share,
    /// Seconds.
    Duration,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 8] = [
        Self::Number,
        Self::Hops,
        Self::Count,
        Self::Points,
        Self::Coins,
        Self::Money,
        Self::Share,
        Self::Duration,
    ];

    /// Its name in tables and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Hops => "hops",
            Self::Count => "count",
            Self::Points => "points",
            Self::Coins => "coins",
            Self::Money => "money",
            Self::Share => "share",
            Self::Duration => "duration",
        }
    }

    /// Smallest units in one.
    pub const fn scale(self) -> i128 {
        match self {
            Self::Number | Self::Hops | Self::Count | Self::Points | Self::Money => 1_000_000,
            Self::Coins => 100_000_000,
            Self::Share => 1_000_000_000,
            Self::Duration => 1,
        }
    }

    /// Whether a bare number means this unit.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Number | Self::Hops | Self::Count | Self::Points)
    }
}

/// What a number is known to be: no less than `lo`, no more than `hi`, both included. `i128::MIN` and `i128::MAX` stand
/// for no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub(crate) lo: i128,
    pub(crate) hi: i128,
}

impl Range {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self { lo: i128::MIN, hi: i128::MAX };
    /// Nothing, for sure.
    pub const ZERO: Self = Self::exactly(0);

    /// It is this, in the smallest unit of its [`Unit`].
    pub const fn exactly(n: i128) -> Self {
        Self { lo: n, hi: n }
    }

    /// It is this or more: part of it could not be counted.
    pub const fn at_least(n: i128) -> Self {
        Self { lo: n, hi: i128::MAX }
    }

    /// A whole number of hops, or of things counted.
    pub const fn whole(n: u64) -> Self {
        Self::exactly(n as i128 * Unit::Count.scale())
    }

    /// So many thousandths of a point.
    pub const fn thousandths(points: i64) -> Self {
        Self::exactly(points as i128 * (Unit::Points.scale() / 1_000))
    }

    /// The part of a whole, to the billionth below. Of nothing there is no part.
    pub fn share(part: i128, whole: i128) -> Self {
        if whole == 0 {
            return Self::ZERO;
        }
        let scaled = part.checked_mul(Unit::Share.scale());
        scaled.map_or(Self::UNKNOWN, |scaled| Self::exactly(scaled.div_euclid(whole)))
    }

    /// The number, if it is known.
    pub fn known(self) -> Option<i128> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// Whether nothing at all is known.
    pub fn is_unknown(self) -> bool {
        self == Self::UNKNOWN
    }
}

/// Which way the money of an exposure came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// Either way.
    Any,
    /// From (to) the party itself.
    Direct,
    /// Through others.
    Indirect,
}

/// What of an exposure is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// How many coins.
    Amount,
    /// What they were worth when they moved.
    Value,
    /// Which part of all that was received (sent).
    Share,
}

/// A fact that is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Changes of ownership to the nearest entity of a category.
    Hops {
        /// Received from there, or sent to there.
        side: FlowSide,
        /// The category.
        category: Category,
        /// Clusters that only pass on are not counted.
        contracted: bool,
    },
    /// What was received from (sent to) a category.
    Exposure {
        /// Received or sent.
        side: FlowSide,
        /// The category.
        category: Category,
        /// Directly, through others, or both.
        via: Via,
        /// In which terms.
        of: Of,
    },
    /// All that was received (sent), as coins or as money.
    Total {
        /// Received or sent.
        side: FlowSide,
        /// What it was worth, not how many coins.
        value: bool,
    },
    /// The part of all that was received (sent) that passed through a possibly collaborative transaction.
    Mixed {
        /// Received or sent.
        side: FlowSide,
    },
    /// Matches of a pattern.
    Pattern {
        /// The stored number of its detector.
        number: u8,
        /// Its name.
        name: &'static str,
        /// Only matches that ended within so many seconds before now.
        within_s: Option<u32>,
    },
    /// The score.
    Score,
    /// Addresses in the cluster.
    Size,
    /// Time since the cluster first appeared.
    Age,
    /// The score of the payment itself. In rules about payments only.
    PaymentScore,
    /// Coins of the payment. In rules about payments only.
    Amount,
    /// What they were worth. In rules about payments only.
    AmountValue,
}

impl Measure {
    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Hops { .. } => Unit::Hops,
            Self::Exposure { of: Of::Amount, .. }
            | Self::Total { value: false, .. }
            | Self::Amount => Unit::Coins,
            Self::Exposure { of: Of::Value, .. }
            | Self::Total { value: true, .. }
            | Self::AmountValue => Unit::Money,
            Self::Exposure { of: Of::Share, .. } | Self::Mixed { .. } => Unit::Share,
            Self::Pattern { .. } | Self::Size => Unit::Count,
            Self::Score | Self::PaymentScore => Unit::Points,
            Self::Age => Unit::Duration,
        }
    }
}

/// A fact that holds or does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// An address of it is on a list.
    Listed,
    /// An address of it is on one of these lists.
    List(Vec<String>),
    /// A tag of it has one of these labels or actors; letters' case says nothing.
    Tag(Vec<String>),
    /// It is known as a party of one of these categories.
    Category(Vec<Category>),
    /// It is, or is paid by this payment, an address that is monitored.
    Monitored,
    /// The payment is possibly collaborative. In rules about payments only.
    Mixing,
}

/// A fact of either kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactRef<'a> {
    /// A number.
    Measure(&'a Measure),
    /// A claim.
    Claim(&'a Claim),
}

/// What is known of one subject. What was not computed is [`Range::UNKNOWN`] and [`Truth::Unknown`].
pub trait Facts {
    /// A number, in the smallest unit of [`Measure::unit`].
    fn measure(&self, measure: &Measure) -> Range;

    /// Whether a claim holds.
    fn claim(&self, claim: &Claim) -> Truth;

    /// What makes a claim true, in words: `YAN, Xiaobing (ofac-sdn 26748)`. For the basis only.
    fn words(&self, claim: &Claim) -> Vec<String>;

    /// Rows that a fact comes from, each `table key`. For the basis only.
    fn rows(&self, fact: FactRef<'_>) -> Vec<String>;
}

//! Rows of the risk tables: entities, exposure, proximity, patterns, scores. `forensics` makes them; they stand here
//! because every table's schema does.

use crate::{AddressId, Amount, Category, ClusterId, Height, Timestamp, TxIndex, Value};

/// An entity by its place in the table `entities` of one run; [`EntityId::NONE`] where an entity is not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityId(u32);

impl EntityId {
    /// No single entity: nobody known, or the smaller ones of a category together.
    pub const NONE: Self = Self(u32::MAX);

    /// Wraps the plain number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The plain number, for columns.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The entity, or `None` for [`EntityId::NONE`].
    pub fn known(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// A row of the table `entities`: a known party that holds clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its place.
    pub id: EntityId,
    /// What kind of party it is.
    pub category: Category,
    /// Who it is: the party of a list, the actor or label of a tag.
    pub name: String,
    /// What says so: `list ofac-sdn` or `pack ransomwhere`.
    pub source: String,
    /// The version of the list, or when the tag was known.
    pub source_version: String,
    /// How sure the claim is, 0 to 100; an entry of a list is 100.
    pub confidence: u8,
}

/// Which way money went, seen from the cluster that is asked about; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FlowSide {
    /// It came in.
    Received = 1,
    /// It went out.
    Sent = 2,
}

impl FlowSide {
    /// Both, in order of their numbers.
    pub const BOTH: [Self; 2] = [Self::Received, Self::Sent];

    /// The side of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::BOTH.into_iter().find(|side| *side as u8 == number)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
        }
    }
}

/// A row of the table `exposures`: how much of what a cluster received (or sent) came from (or went to) an entity.
///
/// The rows of one cluster and side add up to all that it received (or sent), to the smallest unit: what comes from
/// nobody known is the category `untraced`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The cluster asked about.
    pub cluster: ClusterId,
    /// Whether it received or sent.
    pub side: FlowSide,
    /// Whether the entity is the direct counterparty; else other clusters stand between.
    pub direct: bool,
    /// Whether the money passed through a possibly collaborative transaction on the way.
    pub mixed: bool,
    /// The kind of party at the other end.
    pub category: Category,
    /// The party; [`EntityId::NONE`] for nobody known, and for the smaller ones of a category together.
    pub entity: EntityId,
    /// How much.
    pub amount: Amount,
    /// The part of it whose value is known, valued when it moved.
    pub value: Value,
    /// How much of `amount` had no price when it moved, and is not in `value`.
    pub amount_unpriced: Amount,
    /// Transfers with a part of it.
    pub n_transfers: u64,
    /// Block time of the first of them.
    pub first_time: Timestamp,
    /// Block time of the last of them.
    pub last_time: Timestamp,
}

/// A row of the table `proximities`: the way between a cluster and the nearest entity of a kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProximityRow {
    /// The cluster asked about.
    pub cluster: ClusterId,
    /// Whether it received from there or sent to there.
    pub side: FlowSide,
    /// The kind of party that is nearest.
    pub category: Category,
    /// The nearest one, along the way with the fewest contracted hops.
    pub entity: EntityId,
    /// Changes of ownership between, at least 1; through no other known entity.
    pub hops: u8,
    /// The same, clusters that only pass on (peeling, pass-through) not counted.
    pub hops_contracted: u8,
    /// The most that can have come the widest way within the bound of hops: the least amount along it, in satoshi.
    pub bottleneck_sat: u64,
    /// The part of all that the cluster received (or sent) that is exposed to this kind of party, 0 to 1.
    pub share: f64,
}

/// A row of the table `patterns`: a typology that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternMatch {
    /// Which one: the number of its detector.
    pub pattern: u8,
    /// The cluster that it is about.
    pub cluster: ClusterId,
    /// The block that completed it.
    pub height: Height,
    /// Block time of the first transfer of it.
    pub first_time: Timestamp,
    /// Block time of the last.
    pub last_time: Timestamp,
    /// What moved in it.
    pub amount: Amount,
    /// The same in money; `None` where a price is missing.
    pub value: Option<Value>,
    /// How many transfers make it up.
    pub n_transfers: u64,
    /// Their transactions, ascending, each once: all of them up to a bound that the detector states.
    pub evidence: Vec<TxIndex>,
    /// What was measured against which threshold, in words, for people: `14 senders in 24 h (threshold 10)`.
    pub about: String,
}

/// A row of the table `score_terms`: one addend of a score. Points are whole thousandths, so that they add up exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTerm {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its place in the explanation, from 0.
    pub position: u16,
    /// What it stands for: `listed`, `entity` (who holds the cluster), `exposure`, `proximity`, `pattern`, `model`,
    /// `sender` (of a transaction), `rest` (smaller terms together), or `bound` for what was cut off at 0 or 100.
    pub kind: String,
    /// The kind of party, where it is about one.
    pub category: Option<Category>,
    /// The party, where it is about one.
    pub entity: EntityId,
    /// Thousandths of a point; may be negative.
    pub points: i64,
    /// What was measured: an amount, share, number of hops or matches, by name and number, in words.
    pub basis: String,
    /// The versions of lists and tags behind it.
    pub source_version: String,
}

/// A row of the table `scores`: how risky a cluster is.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The cluster.
    pub cluster: ClusterId,
    /// Thousandths of a point, 0 to 100,000: the sum of the points of its terms.
    pub points: i64,
    /// The hard rule that set it, if one did: `listed`.
    pub hard_rule: Option<String>,
    /// The profile by which it was made: name and version.
    pub profile: String,
    /// How many terms it has.
    pub n_terms: u32,
}

/// A row of the table `monitored_payments`: a payment of others that arrived at a monitored address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitoredPayment {
    /// The transaction.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// Its block's time.
    pub time: Timestamp,
    /// The monitored address.
    pub address: AddressId,
    /// What it got, in satoshi.
    pub amount_sat: u64,
    /// What that was worth then; `None` without a price.
    pub value: Option<Value>,
    /// Whether several owners may have paid.
    pub mixing: bool,
    /// The payer with the most points; `None` if nobody is known to have paid.
    pub payer: Option<ClusterId>,
    /// All that are known to have paid but the receiver itself, ascending.
    pub payers: Vec<ClusterId>,
    /// The score of the payment, in thousandths of a point.
    pub points: i64,
}

/// A row of the table `ranks`: how much of a walk that starts at the known entities of a category reaches a cluster, with
/// the money or against it. For ranking, never as evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Rank {
    /// The cluster reached.
    pub cluster: ClusterId,
    /// Whether it received from there (the walk goes with the money) or sent to there (against it).
    pub side: FlowSide,
    /// The kind of party at which the walk starts.
    pub category: Category,
    /// The chance that the walk ends here, 0 to 1.
    pub score: f64,
    /// How much of it comes from which entity, the largest first; [`EntityId::NONE`] for all others of the category
    /// together. They add up to the score within 1e-12.
    pub contributors: Vec<(EntityId, f64)>,
}

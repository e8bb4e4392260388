//! Planted laundering: what is asked for, and what is true of it.
//!
//! A *case* is one typology carried out by people of its own, with the transactions that make it up. A *look-alike* is
//! an honest business of the same outline. A *probe* is the end of a way whose length is known, walked with few addresses
//! or many. How each is made: `simulation/laundering/`; what tells a case from a look-alike: `docs/methods/simulated-worlds.md`.

use ledger::{Address, TxId};

use crate::truth::OwnerId;

/// How much laundering is planted; all zero for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaunderingSpec {
    /// Cases of each pattern without any evasion.
    pub n_plain: u32,
    /// Cases of each pattern whose payments are split into parallel small parts.
    pub n_split: u32,
    /// Cases of each pattern with further wallets that only pass on, 1 to 20 by turns.
    pub n_hops: u32,
    /// Cases of each pattern whose actors have many addresses, spent together at least once.
    pub n_linked: u32,
    /// Cases of each pattern whose actors have many addresses that never meet.
    pub n_apart: u32,
    /// Look-alikes of each kind.
    pub n_look_alikes: u32,
    /// Sets of probes: a set has each way with one address an actor and with many.
    pub n_probe_sets: u32,
    /// Addresses an actor of a probe with many addresses that are linked; a tenth of it where they are not.
    pub n_probe_addresses: u32,
    /// Blocks, in the middle of the world, that come once a day: long rests happen there.
    pub n_quiet_blocks: u32,
}

impl LaunderingSpec {
    /// Nothing planted.
    pub const NONE: Self = Self {
        n_plain: 0,
        n_split: 0,
        n_hops: 0,
        n_linked: 0,
        n_apart: 0,
        n_look_alikes: 0,
        n_probe_sets: 0,
        n_probe_addresses: 0,
        n_quiet_blocks: 0,
    };

    /// Some of everything.
    pub const SOME: Self = Self {
        n_plain: 4,
        n_split: 2,
        n_hops: 2,
        n_linked: 2,
        n_apart: 1,
        n_look_alikes: 4,
        n_probe_sets: 1,
        n_probe_addresses: 1_000,
        n_quiet_blocks: 200,
    };

    /// Whether anything is planted.
    pub fn any(&self) -> bool {
        *self != Self::NONE
    }
}

/// A typology; named as its detector is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Payments each just below a threshold of reporting, together above it.
    Structuring,
    /// Many pay one.
    FanIn,
    /// One pays many.
    FanOut,
    /// Many pay one, who pays many.
    GatherScatter,
    /// One pays many, who pay one.
    ScatterGather,
    /// Money comes back to where it started.
    TemporalCycle,
    /// A large coin from which a little is paid step by step.
    PeelingChain,
    /// Three or more levels of wallets that pass on.
    Layering,
    /// What comes in goes out within the hour.
    PassThrough,
    /// A wallet that rests for months and is then emptied.
    DormancyThenDrain,
    /// Pays a mixer, or is paid by one.
    MixerWithinAHop,
    /// What comes in goes to an exchange within the hour.
    RapidCashOut,
}

impl Pattern {
    /// Every one, in order.
    pub const ALL: [Self; 12] = [
        Self::Structuring,
        Self::FanIn,
        Self::FanOut,
        Self::GatherScatter,
        Self::ScatterGather,
        Self::TemporalCycle,
        Self::PeelingChain,
        Self::Layering,
        Self::PassThrough,
        Self::DormancyThenDrain,
        Self::MixerWithinAHop,
        Self::RapidCashOut,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Structuring => "structuring",
            Self::FanIn => "fan_in",
            Self::FanOut => "fan_out",
            Self::GatherScatter => "gather_scatter",
            Self::ScatterGather => "scatter_gather",
            Self::TemporalCycle => "temporal_cycle",
            Self::PeelingChain => "peeling_chain",
            Self::Layering => "layering",
            Self::PassThrough => "pass_through",
            Self::DormancyThenDrain => "dormancy_then_drain",
            Self::MixerWithinAHop => "mixer_within_a_hop",
            Self::RapidCashOut => "rapid_cash_out",
        }
    }
}

/// What a case does to stay unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evasion {
    /// Nothing.
    #[default]
    None,
    /// Every payment in so many parts, a block apart.
    Split {
        /// How many.
        parts: u32,
    },
    /// Every payment (of a cycle: one of them) through so many further wallets, each with an owner of its own.
    Hops {
        /// How many.
        extra: u32,
    },
    /// Every actor is paid at so many addresses.
    Addresses {
        /// How many.
        count: u32,
        /// Whether each actor spends them together once, before it pays; else never.
        linked: bool,
    },
}

impl Evasion {
    /// Its name, for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Split { .. } => "split",
            Self::Hops { .. } => "hops",
            Self::Addresses { linked: true, .. } => "addresses, linked",
            Self::Addresses { linked: false, .. } => "addresses, apart",
        }
    }
}

/// Somebody who takes part in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedActor {
    /// Who.
    pub owner: OwnerId,
    /// Every pattern that is true of this owner's part: the hub of a gather-scatter is a fan-in and a fan-out too.
    pub shows: Vec<Pattern>,
}

/// A case of laundering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedCase {
    /// What it is.
    pub pattern: Pattern,
    /// What it does to stay unseen.
    pub evasion: Evasion,
    /// Whom it is about: the hub, the first of a chain, the one who pays in parts.
    pub subject: OwnerId,
    /// Everybody in it, the subject among them.
    pub actors: Vec<PlantedActor>,
    /// Where the money comes from: ransomware, theft, a darknet market, a sanctioned party; `None` for money of
    /// defrauded customers.
    pub source: Option<OwnerId>,
    /// The transactions that make up the pattern, in order.
    pub transactions: Vec<TxId>,
    /// The block of the first of them.
    pub first_height: u32,
    /// The block of the last of them, which completes it.
    pub last_height: u32,
    /// The block in which the first of its actors is paid.
    pub active_from: u32,
    /// The block of the last transaction of its actors, after the case too.
    pub active_to: u32,
    /// What they paid, change not counted, in satoshi: money that moves on is counted at each step.
    pub amount_sat: u64,
}

impl PlantedCase {
    /// Whether this owner's part of the case shows this pattern.
    pub fn shows(&self, owner: OwnerId, pattern: Pattern) -> bool {
        self.actors.iter().any(|actor| actor.owner == owner && actor.shows.contains(&pattern))
    }
}

/// An honest business with the outline of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookAlikeKind {
    /// An employer pays 15 to 25 people alike, three times.
    Payroll,
    /// Many people give a little to one address, where it rests.
    DonationDrive,
    /// Fills a wallet, rests for months, sells a third.
    Saver,
    /// A pool pays 30 to 60 workers, four times.
    MiningPool,
    /// An exchange lends another a large sum, which comes back.
    Rebalancing,
}

impl LookAlikeKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] =
        [Self::Payroll, Self::DonationDrive, Self::Saver, Self::MiningPool, Self::Rebalancing];

    /// Its name, for tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payroll => "payroll",
            Self::DonationDrive => "donation drive",
            Self::Saver => "saver",
            Self::MiningPool => "mining pool",
            Self::Rebalancing => "rebalancing",
        }
    }
}

/// A look-alike and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookAlike {
    /// What it is.
    pub kind: LookAlikeKind,
    /// Whose.
    pub owner: OwnerId,
    /// Its transactions, in order.
    pub transactions: Vec<TxId>,
}

/// The end of a way from a listed party over two owners, walked in one of several manners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Probes of one set and one `passes_on` must get the same answer.
    pub set: u32,
    /// What the way does to stay unseen.
    pub evasion: Evasion,
    /// Whether the two owners between only pass on, within the hour; else each keeps two fifths.
    pub passes_on: bool,
    /// The listed party at its beginning.
    pub source: OwnerId,
    /// Who stands at the end.
    pub owner: OwnerId,
    /// Where that owner was paid.
    pub addresses: Vec<Address>,
    /// Changes of ownership on the way, those of further wallets among them.
    pub hops: u32,
    /// The same, owners that only pass on not counted.
    pub hops_contracted: u32,
}

/// What people know of an address of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedTag {
    /// The address.
    pub address: Address,
    /// Whose it truly is.
    pub owner: OwnerId,
    /// The party's name.
    pub label: String,
    /// The concept of tag packs: `exchange`, `ransomware`, `mixing_service`, …; `sanction` for an entry of a list.
    pub concept: &'static str,
}

/// Everything that is true of the laundering in a world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Laundering {
    /// In order of their plans; only those that were carried out whole.
    pub cases: Vec<PlantedCase>,
    /// What the world ended too early for, or whose payers lacked the coins: a line each.
    pub unfinished: Vec<String>,
    /// Honest ones.
    pub look_alikes: Vec<LookAlike>,
    /// Ways of known length.
    pub probes: Vec<Probe>,
    /// What is known: some exchanges, mixers and illicit parties; others are left untagged.
    pub tags: Vec<PlantedTag>,
    /// Illicit parties outside of cases, ascending: sources of money, mixers, the wallets of probes, those of the story. What is
    /// found on them is neither right nor wrong.
    pub others: Vec<OwnerId>,
}

impl Laundering {
    /// Every illicit owner, ascending, each once.
    pub fn illicit(&self) -> Vec<OwnerId> {
        let actors = self.cases.iter().flat_map(|case| case.actors.iter().map(|actor| actor.owner));
        let mut owners: Vec<OwnerId> = actors.chain(self.others.iter().copied()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }
}

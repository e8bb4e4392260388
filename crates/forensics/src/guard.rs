//! The collapse guard: which links are too weighty to be believed without a person.
//!
//! In: the two clusters that a link would join. Out: whether it is held, and why.
//! Source: Harrigan and Fretter, "The Unreasonable Effectiveness of Address Clustering", 2016 (two large clusters
//! hardly ever merge); Möser and Narayanan, "Resurrecting Address Clustering in Bitcoin", FC 2022 (constraints on
//! unions against collapse).
//! Departures: a held link is neither lost nor believed: it is listed with what was known when it came, until a person
//! accepts or refuses it. Entities are sets: once a person has let two of them into one cluster, a later link
//! between parts of these is no conflict. A conflict is an entity on each side that the other side lacks.
//! Cost: two sizes a union; one bit an address, and a search among the clusters that carry entities if both do.
//! Checked against: a fold over plain lists (`tests/it/guard.rs`).

use std::collections::BTreeMap;

use ledger::{AddressId, ClusterId, Height, Link};

use crate::decisions::Decisions;

/// When a link is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// A link between two clusters of so many addresses each, or more, is held. At least 2 means something: two
    /// single addresses are what every link joins first.
    pub cluster_addresses_min: u32,
}

impl Default for Guard {
    fn default() -> Self {
        Self { cluster_addresses_min: 10_000 }
    }
}

/// What the clusters depend on besides links.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterRules {
    /// When a link is held.
    pub guard: Guard,
    /// Which entity an address is known to be of, ascending and without repeats. Addresses may be younger than the
    /// clusters: they count from when they appear.
    pub entities: Vec<(AddressId, u32)>,
    /// What people decided.
    pub decisions: Decisions,
}

/// Why a link is held. The numbers are stored for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum HeldReason {
    /// Both clusters were large.
    LargeClusters = 1,
    /// Each cluster carried an entity that the other did not.
    ConflictingEntities = 2,
}

impl HeldReason {
    /// The stored number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The reason of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::LargeClusters, Self::ConflictingEntities]
            .into_iter()
            .find(|reason| reason.number() == number)
    }
}

/// A link that joins nothing until a person says so, with what was known when it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldLink {
    /// The link.
    pub link: Link,
    /// Why it is held; a conflict of entities is named before size.
    pub reason: HeldReason,
    /// The clusters then of its smaller and of its larger address.
    pub clusters: [ClusterId; 2],
    /// How many addresses each had then, in the same order.
    pub sizes: [u32; 2],
    /// The smallest entity of each that the other lacked, if that was the reason.
    pub entities: [Option<u32>; 2],
}

/// The held links between two clusters of today: what a person decides at once.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingMerge {
    /// The clusters as they are now, the smaller first.
    pub clusters: [ClusterId; 2],
    /// How many addresses each has now, in the same order.
    pub sizes: [u32; 2],
    /// The entities that each carries now, ascending, in the same order.
    pub entities: [Vec<u32>; 2],
    /// The links, in their order.
    pub held: Vec<HeldLink>,
}

/// Held links by the pair of clusters that they would join now, pairs ascending; without those whose ends have come
/// together in another way.
pub fn held_by_pair(
    held: &[HeldLink],
    cluster_of: impl Fn(AddressId) -> ClusterId,
) -> BTreeMap<[ClusterId; 2], Vec<HeldLink>> {
    let mut pairs: BTreeMap<[ClusterId; 2], Vec<HeldLink>> = BTreeMap::new();
    for one in held {
        let (a, b) = (cluster_of(one.link.a), cluster_of(one.link.b));
        if a != b {
            pairs.entry([a.min(b), a.max(b)]).or_default().push(*one);
        }
    }
    pairs
}

/// The clusters that held links tie to any of `from`, those included, ascending. What the fold makes of the addresses
/// of these clusters depends on the links among them and on no other link.
pub fn tied_by_held(
    held: &[HeldLink],
    cluster_of: impl Fn(AddressId) -> ClusterId,
    from: impl IntoIterator<Item = ClusterId>,
) -> Vec<ClusterId> {
    let mut tied: Vec<ClusterId> = from.into_iter().collect();
    tied.sort_unstable();
    tied.dedup();
    let mut beside: BTreeMap<ClusterId, Vec<ClusterId>> = BTreeMap::new();
    for one in held {
        let (a, b) = (cluster_of(one.link.a), cluster_of(one.link.b));
        beside.entry(a).or_default().push(b);
        beside.entry(b).or_default().push(a);
    }
    let mut open = tied.clone();
    while let Some(cluster) = open.pop() {
        // Taken out: each cluster is looked at once.
        for other in beside.remove(&cluster).unwrap_or_default() {
            if beside.contains_key(&other) {
                open.push(other);
            }
            tied.push(other);
        }
    }
    tied.sort_unstable();
    tied.dedup();
    tied
}

/// Which entities the cluster of each root carries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// A bit an address: whether `sets` may have a row for it. Only those of roots are asked for.
    bits: Vec<u64>,
    sets: BTreeMap<u32, Vec<u32>>,
    /// Rows as they were before they were changed, in order.
    log: Vec<(Height, u32, Option<Vec<u32>>)>,
}

impl Carried {
    /// Gives addresses that have just been added what `entities` knows of them.
    pub(crate) fn add(&mut self, added: std::ops::Range<u32>, entities: &[(AddressId, u32)]) {
        self.bits.resize((added.end as usize).div_ceil(64).max(self.bits.len()), 0);
        let from = entities.partition_point(|(address, _)| address.get() < added.start);
        let until = entities.partition_point(|(address, _)| address.get() < added.end);
        for &(address, entity) in entities.get(from..until).unwrap_or_default() {
            self.insert(address.get(), &[entity]);
        }
    }

    /// The entities of a root's cluster, ascending.
    pub(crate) fn of(&self, root: u32) -> &[u32] {
        let known = self.has(root).then(|| self.sets.get(&root)).flatten();
        known.map_or(&[], Vec::as_slice)
    }

    /// The smallest entity of each of two roots that the other lacks, if both have one.
    #[inline]
    pub(crate) fn conflict(&self, roots: [u32; 2]) -> Option<[u32; 2]> {
        if self.sets.is_empty() || !self.has(roots[0]) || !self.has(roots[1]) {
            return None;
        }
        let [a, b] = roots.map(|root| self.of(root));
        let lacks = |own: &[u32], other: &[u32]| {
            own.iter().copied().find(|entity| other.binary_search(entity).is_err())
        };
        Some([lacks(a, b)?, lacks(b, a)?])
    }

    /// One root's cluster becomes part of another's.
    #[inline]
    pub(crate) fn join(&mut self, height: Option<Height>, winner: u32, loser: u32) {
        if self.sets.is_empty() || !self.has(loser) {
            return;
        }
        let moved = self.of(loser).to_vec();
        let before = self.sets.get(&winner).cloned();
        if let Some(height) = height {
            self.log.push((height, winner, before));
        }
        // The loser's row stays: it is asked for again only if the union is taken back.
        self.insert(winner, &moved);
    }

    /// Makes addresses single again.
    pub(crate) fn reset(&mut self, members: &[u32], entities: &[(AddressId, u32)]) {
        for &member in members.iter().filter(|member| self.has(**member)).collect::<Vec<_>>() {
            self.sets.remove(&member);
            self.bits[member as usize / 64] &= !(1 << (member % 64));
        }
        for &(address, entity) in entities {
            if members.binary_search(&address.get()).is_ok() {
                self.insert(address.get(), &[entity]);
            }
        }
    }

    /// Takes back what was joined from `height` on, and the addresses from `n_addresses` on.
    pub(crate) fn unwind(&mut self, height: Height, n_addresses: u32) {
        while let Some((at, winner, before)) = self.log.pop() {
            if at < height {
                self.log.push((at, winner, before));
                break;
            }
            match before {
                Some(set) => _ = self.sets.insert(winner, set),
                None => {
                    self.sets.remove(&winner);
                    self.bits[winner as usize / 64] &= !(1 << (winner % 64));
                }
            }
        }
        self.truncate(n_addresses);
    }

    /// Takes away addresses that are single.
    pub(crate) fn truncate(&mut self, n_addresses: u32) {
        for (address, _) in self.sets.split_off(&n_addresses) {
            self.bits[address as usize / 64] &= !(1 << (address % 64));
        }
    }

    /// Gives up the way back below `height`.
    pub(crate) fn forget_before(&mut self, height: Height) {
        self.log.drain(..self.log.partition_point(|(at, ..)| *at < height));
    }

    /// Gives up the way back.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
    }

    #[inline]
    fn has(&self, root: u32) -> bool {
        self.bits[root as usize / 64] >> (root % 64) & 1 != 0
    }

    fn insert(&mut self, root: u32, entities: &[u32]) {
        self.bits[root as usize / 64] |= 1 << (root % 64);
        let set = self.sets.entry(root).or_default();
        set.extend(entities);
        set.sort_unstable();
        set.dedup();
    }
}

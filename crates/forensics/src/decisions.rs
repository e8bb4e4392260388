//! Decisions of people about links: what was accepted, refused, withdrawn, and what was taken back again.
//!
//! In: a log of [`Decision`]s, ascending by id. Out: the [`Verdict`] on any link, and the links that people made.
//! Source: none; the rules are ours. They are three:
//! - A decision is in force unless a later decision in force revokes it. Revoking a revocation restores.
//! - Of the decisions in force that name a link (by itself, by its rule, by its height) the one with the largest id
//!   counts: the last word. A narrow decision is not stronger than a broad one; whoever withdraws a rule withdraws
//!   the links of it that somebody accepted before, and may accept them again after.
//! - A link made by a person ([`PERSON`]) whose decision was revoked is withdrawn.
//!
//! Departures: ids, not transactions and addresses as on chain: the caller resolves those, because ids may change
//! after a reorganization.
//! Cost: without decisions nothing; else a bit test and as many comparisons as there are broad decisions a link. A
//! link whose transaction shares its last 16 bits with a named one costs a binary search.
//! Checked against: reading the whole log for every link (`tests/it/decisions.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use ledger::{AddressId, Height, Link, TxIndex};

use crate::error::FlowError;

/// The number of links that a person made by accepting a suggestion. Stored for ever.
pub const PERSON: u8 = 5;

/// What tells a link from every other, and orders links within a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkKey {
    /// The transaction that shows it.
    pub tx: TxIndex,
    /// The number of its heuristic.
    pub heuristic: u8,
    /// The smaller address.
    pub a: AddressId,
    /// The larger address.
    pub b: AddressId,
}

impl LinkKey {
    /// The key of a link.
    pub fn of(link: &Link) -> Self {
        Self { tx: link.tx, heuristic: link.heuristic, a: link.a, b: link.b }
    }
}

/// Where a link stands in the order in which links are applied: by height, then by [`LinkKey`].
pub fn link_order(link: &Link) -> (Height, LinkKey) {
    (link.height, LinkKey::of(link))
}

/// A decision, by its place in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DecisionId(pub u32);

/// One entry of the log. Author, reason and time are the store's.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Ascends through the log.
    pub id: DecisionId,
    /// What was decided.
    pub kind: DecisionKind,
}

/// What a person can decide.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DecisionKind {
    /// The link counts, even if the guard would hold it.
    Accept(LinkKey),
    /// A held link does not count.
    Refuse(LinkKey),
    /// A link does not count.
    Withdraw(LinkKey),
    /// The links of one heuristic do not count, all or those of some heights.
    WithdrawRule {
        /// The heuristic's number.
        heuristic: u8,
        /// Only at these heights; both ends are meant.
        heights: Option<RangeInclusive<Height>>,
    },
    /// No link of these heights counts; both ends are meant.
    WithdrawHeights(RangeInclusive<Height>),
    /// A suggestion was accepted: this link, of heuristic [`PERSON`], counts, and the guard does not hold it.
    AcceptSuggestion(Link),
    /// An earlier decision does not count.
    Revoke(DecisionId),
}

/// What the decisions say about a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody decided: the link counts unless the guard holds it.
    Open,
    /// It counts, whatever the guard says.
    Accepted(DecisionId),
    /// It was held, and does not count.
    Refused(DecisionId),
    /// It does not count.
    Withdrawn(DecisionId),
}

impl Verdict {
    /// Whether the link is left out.
    pub fn leaves_out(self) -> bool {
        matches!(self, Self::Refused(_) | Self::Withdrawn(_))
    }

    /// Open, accepted or left out: two verdicts of one effect give the same clusters.
    fn effect(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Accepted(_) => 1,
            Self::Refused(_) | Self::Withdrawn(_) => 2,
        }
    }
}

/// The log, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    /// The last word on single links; by key.
    named: Vec<(LinkKey, Verdict)>,
    /// A bit for the last 16 bits of each named transaction; empty if none is named.
    filter: Vec<u64>,
    /// The broad decisions in force, latest first.
    broad: Vec<Broad>,
    /// Links made by people, in order; those withdrawn since too.
    made: Vec<Link>,
}

/// A decision about many links.
#[derive(Clone, Debug, PartialEq)]
struct Broad {
    id: DecisionId,
    heuristic: Option<u8>,
    heights: RangeInclusive<Height>,
}

impl Broad {
    fn covers(&self, link: &Link) -> bool {
        self.heuristic.is_none_or(|number| number == link.heuristic)
            && self.heights.contains(&link.height)
    }
}

const FILTER_BITS: u64 = 1 << 16;

impl Decisions {
    /// Reads a log.
    ///
    /// # Errors
    /// Ids do not ascend, something is revoked that is not an earlier decision, or an accepted suggestion is not a
    /// link of [`PERSON`] from a smaller to a larger address.
    pub fn new(log: &[Decision]) -> Result<Self, FlowError> {
        check(log)?;
        let revoked = revoked(log);
        let mut named: BTreeMap<LinkKey, Verdict> = BTreeMap::new();
        let mut made: BTreeMap<LinkKey, Link> = BTreeMap::new();
        let mut broad = Vec::new();
        let every = Height::new(0)..=Height::new(u32::MAX);
        for Decision { id, kind } in log {
            if let Some(by) = revoked.get(id) {
                // Such a link exists by that decision alone, so nothing else keeps it.
                if let DecisionKind::AcceptSuggestion(link) = kind {
                    made.entry(LinkKey::of(link)).or_insert(*link);
                    named.entry(LinkKey::of(link)).or_insert(Verdict::Withdrawn(*by));
                }
                continue;
            }
            match kind {
                DecisionKind::Accept(key) => _ = named.insert(*key, Verdict::Accepted(*id)),
                DecisionKind::Refuse(key) => _ = named.insert(*key, Verdict::Refused(*id)),
                DecisionKind::Withdraw(key) => _ = named.insert(*key, Verdict::Withdrawn(*id)),
                DecisionKind::WithdrawRule { heuristic, heights } => {
                    let heights = heights.clone().unwrap_or_else(|| every.clone());
                    broad.push(Broad { id: *id, heuristic: Some(*heuristic), heights });
                }
                DecisionKind::WithdrawHeights(heights) => {
                    broad.push(Broad { id: *id, heuristic: None, heights: heights.clone() });
                }
                DecisionKind::AcceptSuggestion(link) => {
                    made.insert(LinkKey::of(link), *link);
                    named.insert(LinkKey::of(link), Verdict::Accepted(*id));
                }
                DecisionKind::Revoke(_) => {}
            }
        }
        broad.reverse();
        let n_words = if named.is_empty() { 0 } else { FILTER_BITS / 64 };
        let mut filter = vec![0; usize::try_from(n_words).expect("1,024")];
        for key in named.keys() {
            let (word, bit) = place(key.tx);
            filter[word] |= bit;
        }
        let named = named.into_iter().collect();
        let mut made: Vec<Link> = made.into_values().collect();
        made.sort_unstable_by_key(link_order);
        Ok(Self { named, filter, broad, made })
    }

    /// Whether nothing is decided, so that every verdict is [`Verdict::Open`].
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.broad.is_empty()
    }

    /// What is decided about a link.
    #[inline]
    pub fn verdict(&self, link: &Link) -> Verdict {
        if self.is_empty() { Verdict::Open } else { self.looked_up(link) }
    }

    fn looked_up(&self, link: &Link) -> Verdict {
        let (word, bit) = place(link.tx);
        let named = self.filter.get(word).filter(|bits| *bits & bit != 0).and_then(|_bits| {
            let key = LinkKey::of(link);
            let at = self.named.binary_search_by_key(&key, |(key, _)| *key).ok()?;
            Some(self.named[at].1)
        });
        let broad = self.broad.iter().find(|broad| broad.covers(link));
        match (named, broad) {
            (None, None) => Verdict::Open,
            (Some(verdict), None) => verdict,
            (None, Some(broad)) => Verdict::Withdrawn(broad.id),
            (Some(verdict), Some(broad)) => match verdict {
                Verdict::Accepted(id) | Verdict::Refused(id) | Verdict::Withdrawn(id)
                    if id > broad.id =>
                {
                    verdict
                }
                _ => Verdict::Withdrawn(broad.id),
            },
        }
    }

    /// The links that people made and nobody has taken back, in order: they belong among the links that are applied.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.made.iter().filter(|link| !self.verdict(link).leaves_out())
    }

    /// Those of `links`, and of the links that people made, about which `next` says something else: open in place of
    /// accepted, or left out in place of either. The clusters that they touch are those to be built again.
    pub fn changed<'l>(&self, next: &Self, links: impl IntoIterator<Item = &'l Link>) -> Vec<Link> {
        let made: BTreeMap<LinkKey, &Link> =
            self.made.iter().chain(&next.made).map(|link| (LinkKey::of(link), link)).collect();
        let differs = |link: &&Link| self.verdict(link).effect() != next.verdict(link).effect();
        let mut changed: Vec<Link> = links.into_iter().filter(differs).copied().collect();
        let found: BTreeSet<LinkKey> =
            changed.iter().filter(|link| link.heuristic == PERSON).map(LinkKey::of).collect();
        let others = made.into_iter().filter(|(key, _)| !found.contains(key));
        changed.extend(others.map(|(_, link)| link).filter(differs).copied());
        changed
    }
}

fn place(tx: TxIndex) -> (usize, u64) {
    let bit = tx.get() % FILTER_BITS;
    (usize::try_from(bit / 64).expect("at most 1,023"), 1 << (bit % 64))
}

fn check(log: &[Decision]) -> Result<(), FlowError> {
    let mut previous = None;
    for decision in log {
        let DecisionId(id) = decision.id;
        if previous.is_some_and(|previous| previous >= decision.id) {
            return Err(FlowError::DecisionOrder { id });
        }
        previous = Some(decision.id);
        match &decision.kind {
            DecisionKind::Revoke(DecisionId(revokes)) => {
                let earlier = &log[..log.partition_point(|other| other.id < decision.id)];
                if earlier.binary_search_by_key(revokes, |other| other.id.0).is_err() {
                    return Err(FlowError::Revoked { id, revokes: *revokes });
                }
            }
            DecisionKind::AcceptSuggestion(link)
                if link.heuristic != PERSON || link.a >= link.b =>
            {
                return Err(FlowError::Suggestion { id, a: link.a.get(), b: link.b.get() });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The decisions that are revoked, with the decision that does it.
fn revoked(log: &[Decision]) -> BTreeMap<DecisionId, DecisionId> {
    let mut revoked: BTreeMap<DecisionId, DecisionId> = BTreeMap::new();
    // Only later decisions revoke, so from the end back each is known to be in force or not.
    for decision in log.iter().rev() {
        if let DecisionKind::Revoke(target) = decision.kind
            && !revoked.contains_key(&decision.id)
        {
            revoked.entry(target).or_insert(decision.id);
        }
    }
    revoked
}

//! What a detector sees: the events of clusters up to one transaction, and who is known to hold them.

use ledger::{Category, Timestamp, Value};

use super::history::{Event, History, MIX};
use super::hits::{Entry, Hit};
use super::options::PatternOptions;
use crate::owners::Owners;

/// Who is known, and what money is worth.
#[derive(Clone, Copy)]
pub struct Parties<'a> {
    /// Clusters and the entities that hold them.
    pub owners: Owners<'a>,
    /// By entity its category.
    pub categories: &'a [Category],
    /// Millionths of the currency a coin at a time; `None` where no price is known. Without any, `structuring` is silent.
    pub price: &'a dyn Fn(Timestamp) -> Option<u64>,
}

/// What kind of party holds a cluster, as far as patterns tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Party {
    /// Nobody known, or a known criminal: may be the subject of a pattern.
    Subject,
    Exchange,
    Mixer,
    Bridge,
    /// Any other known party: shops, pools, wallets. A service always has fans.
    Other,
}

/// Categories of which an entity is the subject of patterns although it is known.
const ILLICIT: &[&str] = &[
    "sanctioned",
    "terrorism",
    "child_abuse",
    "ransomware",
    "theft",
    "fraud",
    "extortion",
    "blacklisted",
];

/// Events, parties and options together.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s> {
    pub(super) history: &'s History,
    pub(super) parties: &'s Parties<'s>,
    pub(super) options: &'s PatternOptions,
}

impl<'s> Scene<'s> {
    pub(super) fn party(&self, cluster: u32) -> Party {
        if cluster == MIX.get().get() {
            return Party::Mixer;
        }
        let id = ledger::ClusterId::new(ledger::AddressId::new(cluster));
        let Some(entity) = self.parties.owners.entity_of_cluster(id) else {
            return Party::Subject;
        };
        let category = self.parties.categories.get(entity.get() as usize);
        match category.map_or("other", |category| category.name()) {
            name if ILLICIT.contains(&name) => Party::Subject,
            "exchange" => Party::Exchange,
            "mixing" => Party::Mixer,
            "defi" => Party::Bridge,
            _ => Party::Other,
        }
    }

    pub(super) fn is_subject(&self, cluster: u32) -> bool {
        self.party(cluster) == Party::Subject
    }

    /// Whether an event is of the money that is followed: no dust, and both ends are known clusters.
    pub(super) fn counts(&self, event: &Event) -> bool {
        !event.is_mix() && event.amount_sat >= self.options.transfer_sat_min
    }

    /// The newest of some events: back to the first that is more than `span_s` before the last of them.
    pub(super) fn newest(&self, events: &'s [Event], span_s: u32) -> &'s [Event] {
        let Some(last) = events.last() else { return events };
        let since = events.len().saturating_sub(self.options.events_max as usize);
        let near = |event: &&Event| last.time.saturating_sub(event.time) <= span_s;
        let n_near = events[since..].iter().rev().take_while(near).count();
        &events[events.len() - n_near..]
    }

    /// Everything of a cluster up to `tx` that one evaluation may look at.
    pub(super) fn lifetime(&self, events: &'s [Event]) -> &'s [Event] {
        &events[events.len().saturating_sub(self.options.events_max as usize)..]
    }

    /// What a cluster got and paid in these events, all up to some transaction, oldest first; `None` where it paid more than
    /// it is known to have got, or was busier than one evaluation looks at: nobody knows what it holds.
    pub(super) fn flows(&self, events: &[Event]) -> Option<(u128, u128)> {
        if events.len() > self.options.events_max as usize {
            return None;
        }
        let (mut in_sat, mut out_sat) = (0u128, 0u128);
        for event in events.iter().filter(|event| !event.is_mix()) {
            let sum = if event.is_in() { &mut in_sat } else { &mut out_sat };
            *sum += u128::from(event.amount_sat);
        }
        (out_sat <= in_sat).then_some((in_sat, out_sat))
    }

    /// What an event was worth; `None` without a price.
    pub(super) fn value(&self, event: &Event) -> Option<Value> {
        let price = (self.parties.price)(Timestamp::new(i64::from(event.time)))?;
        Some(Value::of_satoshi(event.amount_sat, price))
    }
}

/// A cluster at a transaction in which it takes part.
#[derive(Clone, Copy)]
pub(super) struct Moment<'s> {
    pub(super) scene: Scene<'s>,
    pub(super) cluster: u32,
    pub(super) tx: u32,
    /// Its events up to the transaction.
    pub(super) past: &'s [Event],
    /// Those of the transaction.
    pub(super) now: &'s [Event],
}

impl<'s> Moment<'s> {
    /// `None` if the cluster takes no part in the transaction.
    pub(super) fn of(scene: Scene<'s>, cluster: u32, tx: u32) -> Option<Self> {
        let past = scene.history.upto(cluster, tx);
        let n_now = past.iter().rev().take_while(|event| event.tx == tx).count();
        let now = &past[past.len() - n_now..];
        (n_now > 0).then_some(Self { scene, cluster, tx, past, now })
    }

    /// What this transaction completed.
    pub(super) fn hit(&self, pattern: u8, cluster: u32, measure: u32, entries: Vec<Entry>) -> Hit {
        let height = self.now.first().map_or(0, |event| event.height());
        Hit { pattern, cluster, tx: self.tx, height, measure, entries }
    }

    /// The options of all detectors.
    pub(super) fn options(&self) -> &'s PatternOptions {
        self.scene.options
    }

    /// What the cluster pays in this transaction: transfers that count. None if it is paid, or is no subject.
    pub(super) fn paying(&self) -> impl Iterator<Item = &'s Event> + use<'s> {
        self.counted(false)
    }

    /// What the cluster is paid in this transaction.
    pub(super) fn paid(&self) -> impl Iterator<Item = &'s Event> + use<'s> {
        self.counted(true)
    }

    fn counted(&self, is_in: bool) -> impl Iterator<Item = &'s Event> + use<'s> {
        let scene = self.scene;
        let is_subject = scene.is_subject(self.cluster);
        let now = self.now.iter().take(if is_subject { usize::MAX } else { 0 });
        now.filter(move |event| event.is_in() == is_in && scene.counts(event))
    }

    /// Its transfers that count within `span_s` of the transaction, this one included.
    pub(super) fn window(&self, span_s: u32) -> impl DoubleEndedIterator<Item = &'s Event> + Clone {
        let scene = self.scene;
        scene.newest(self.past, span_s).iter().filter(move |event| scene.counts(event))
    }
}

/// The sum of amounts; those of one cluster can pass 64 bits only if the blocks are not valid.
pub(super) fn sum_sat<'e>(events: impl Iterator<Item = &'e Event>) -> u128 {
    events.map(|event| u128::from(event.amount_sat)).sum()
}

/// Whether `part` is at least so many percent of `whole`.
pub(super) fn is_share(part: u128, percent: u32, whole: u128) -> bool {
    part * 100 >= whole * u128::from(percent)
}

/// How many different counterparties some events have.
pub(super) fn n_others<'e>(events: impl Iterator<Item = &'e Event>) -> usize {
    let mut others: Vec<u32> = events.map(|event| event.other).collect();
    others.sort_unstable();
    others.dedup();
    others.len()
}

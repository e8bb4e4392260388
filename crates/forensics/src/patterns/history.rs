//! What each cluster paid and was paid, in order: all that detectors read.
//!
//! In: transfers, in order of transaction, or out of order where clusters changed. Out: by cluster its [`Event`]s by
//! (transaction, counterparty). Each transfer stands twice, with its payer and with its payee: a detector reads the end of
//! a few short lists, in place of a chain of positions through all transfers.
//! Cost: 48 bytes a transfer, 24 an address; O(1) amortized to append, O(length of the list) to insert or remove.
//! Checked against: all made from empty, after merges and unwinding (`tests/it/patterns_laws.rs`).

use ledger::{AddressId, ClusterId, Height};

use super::error::PatternError;
use crate::transfers::Transfer;

/// The far end of what a labelled mix took or gave: who took part is known, and not who paid whom.
pub const MIX: ClusterId = ClusterId::new(AddressId::new(graph::NONE));

const HEIGHT_MAX: u32 = 1 << 30;

/// A transfer as one of its two clusters sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) tx: u32,
    /// Unix seconds.
    pub(super) time: u32,
    /// Who is at the other end; [`MIX`] for a mix.
    pub(super) other: u32,
    /// The block's height, then a bit: the cluster was paid.
    marks: u32,
    pub(super) amount_sat: u64,
}

impl Event {
    pub(super) fn height(self) -> u32 {
        self.marks >> 1
    }

    pub(super) fn is_in(self) -> bool {
        self.marks & 1 != 0
    }

    pub(super) fn is_mix(self) -> bool {
        self.other == MIX.get().get()
    }

    fn key(self) -> (u32, u32, bool) {
        (self.tx, self.other, self.is_in())
    }
}

/// A transfer with narrow numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Narrow {
    pub(super) tx: u32,
    pub(super) source: u32,
    pub(super) target: u32,
    time: u32,
    height: u32,
    amount_sat: u64,
}

impl Narrow {
    pub(super) fn of(transfer: &Transfer) -> Result<Self, PatternError> {
        let (tx, time) = (transfer.tx, transfer.time);
        let height = transfer.height.get();
        let seconds = u32::try_from(time.get()).ok().filter(|_| height < HEIGHT_MAX);
        Ok(Self {
            tx: u32::try_from(tx.get()).map_err(|_| PatternError::TooManyTransactions { tx })?,
            time: seconds.ok_or(PatternError::Block { tx, time })?,
            height,
            source: transfer.source.get().get(),
            target: transfer.target.get().get(),
            amount_sat: transfer.amount_sat,
        })
    }

    /// Both ends with what each sees, the payer first.
    pub(super) fn both(self) -> [(u32, Event); 2] {
        let event = |other, is_in| Event {
            tx: self.tx,
            time: self.time,
            other,
            marks: self.height << 1 | u32::from(is_in),
            amount_sat: self.amount_sat,
        };
        [(self.source, event(self.target, false)), (self.target, event(self.source, true))]
    }

    /// Both ends that are clusters.
    pub(super) fn ends(self) -> impl Iterator<Item = (u32, Event)> {
        self.both().into_iter().filter(|(cluster, _)| *cluster != MIX.get().get())
    }
}

/// Events by cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    lists: Vec<Vec<Event>>,
    n_events: usize,
}

impl History {
    /// All of a cluster, in order.
    pub(super) fn of(&self, cluster: u32) -> &[Event] {
        self.lists.get(cluster as usize).map_or(&[], Vec::as_slice)
    }

    /// Those of a cluster up to a transaction, that one included.
    pub(super) fn upto(&self, cluster: u32, tx: u32) -> &[Event] {
        let all = self.of(cluster);
        // Most questions are about the newest transaction.
        if all.last().is_none_or(|last| last.tx <= tx) {
            return all;
        }
        &all[..all.partition_point(|event| event.tx <= tx)]
    }

    /// Puts an event in its place, mostly the last.
    pub(super) fn add(&mut self, cluster: u32, event: Event) {
        let at = cluster as usize;
        if at >= self.lists.len() {
            self.lists.resize_with(at + 1, Vec::new);
        }
        let list = &mut self.lists[at];
        if list.len() == list.capacity() {
            // Most addresses have two events; a vector would begin with room for four.
            list.reserve_exact(list.len().max(1));
        }
        let place = match list.last() {
            Some(last) if last.key() > event.key() => {
                list.partition_point(|other| other.key() < event.key())
            }
            _ => list.len(),
        };
        list.insert(place, event);
        self.n_events += 1;
    }

    /// Takes an event away; false if it is not there.
    pub(super) fn remove(&mut self, cluster: u32, event: Event) -> bool {
        let Some(list) = self.lists.get_mut(cluster as usize) else { return false };
        let place = list.partition_point(|other| other.key() < event.key());
        let found = list.get(place) == Some(&event);
        if found {
            list.remove(place);
            self.n_events -= 1;
        }
        found
    }

    /// Takes back the blocks from `height` on; gives the last transaction that is left.
    pub(super) fn unwind(&mut self, height: Height) -> Option<u32> {
        let mut last_tx = None;
        for list in &mut self.lists {
            while list.pop_if(|event| event.height() >= height.get()).is_some() {
                self.n_events -= 1;
            }
            last_tx = last_tx.max(list.last().map(|event| event.tx));
        }
        last_tx
    }

    /// Every cluster that may have events, ascending.
    pub(super) fn clusters(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.lists.len()).expect("labels are u32")
    }

    /// How many events there are, two a transfer.
    pub(super) fn n_events(&self) -> usize {
        self.n_events
    }

    /// How many bytes the events take.
    pub(super) fn bytes(&self) -> usize {
        let events: usize = self.lists.iter().map(Vec::capacity).sum();
        events * size_of::<Event>() + self.lists.capacity() * size_of::<Vec<Event>>()
    }
}

//! The plot: what must happen, in which order, and what is remembered of it.
//!
//! Threads run beside each other; within a thread an event waits for the one before. An event that cannot happen yet
//! (somebody lacks the coins) changes nothing and is tried again at the next block.

use std::collections::VecDeque;

use ledger::TxId;

use super::Simulation;
use crate::block::MATURITY;
use crate::keys::KeyRef;
use crate::truth::{Escrow, Explained, FundsPath, SameKey, Step, Story};

/// Something that happens: `None` where it could not.
pub(super) type Event = fn(&mut Simulation) -> Option<()>;

#[derive(Clone, Debug, Default)]
pub(super) struct Plot {
    threads: Vec<Thread>,
    pub(super) log: Log,
}

#[derive(Clone, Debug, Default)]
struct Thread {
    /// From which height, and what.
    events: VecDeque<(u32, Event)>,
}

/// What is remembered while it happens.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) hot_key: Option<KeyRef>,
    pub(super) coordinator_key: Option<KeyRef>,
    /// The listed key, then the two unlisted ones.
    pub(super) sanctioned_keys: Vec<KeyRef>,
    pub(super) donations: Vec<TxId>,
    pub(super) gathered_in: Option<TxId>,
    pub(super) peels: Vec<Step>,
    /// The peel that pays the side door, as a step to it, and the side door's own step.
    pub(super) side_steps: Vec<Step>,
    /// In the order of the path, which is not the order of time.
    pub(super) decoy_steps: [Option<Step>; 2],
    pub(super) clean_key: Option<KeyRef>,
    pub(super) explained_keys: Vec<KeyRef>,
    pub(super) explained_spends: Vec<TxId>,
    pub(super) twin_keys: Vec<KeyRef>,
    pub(super) twin_spends: Vec<TxId>,
    pub(super) escrows: Vec<(KeyRef, [KeyRef; 3], TxId)>,
    pub(super) releases: Vec<TxId>,
    pub(super) ransom_keys: Vec<KeyRef>,
    pub(super) ransom_payments: Vec<TxId>,
    pub(super) ransom_gathered_in: Option<TxId>,
    pub(super) ransom_cashed_in: Option<TxId>,
}

impl Simulation {
    /// How far the time in which money moves has gone.
    pub(super) fn progress_per_mille(&self) -> u64 {
        let span = u64::from(self.spec.n_blocks - MATURITY - 1);
        u64::from(self.height.saturating_sub(MATURITY + 1)) * 1_000 / span
    }

    pub(super) fn write_plot(&mut self) {
        self.write_sanctions();
        self.write_vignettes();
        self.write_ransom();
        self.plot.log.hot_key = Some(self.open_exchange(0));
        self.plot.log.coordinator_key = Some(self.fresh(self.cast.coordinator));
    }

    /// Adds a thread; times are per mille of the span in which money moves.
    pub(super) fn write_thread(&mut self, events: &[(u64, Event)]) {
        let span = u64::from(self.spec.n_blocks - MATURITY - 1);
        let height = |per_mille: u64| {
            MATURITY + 1 + u32::try_from(span * per_mille / 1_000).expect("below the last height")
        };
        let events = events.iter().map(|(at, event)| (height(*at), *event)).collect();
        self.plot.threads.push(Thread { events });
    }

    /// At most one event of each thread.
    pub(super) fn follow_plot(&mut self) {
        for number in 0..self.plot.threads.len() {
            let due = self.plot.threads[number].events.front();
            let Some((_, event)) = due.filter(|(from, _)| *from <= self.height) else { continue };
            if event(self).is_some() {
                self.plot.threads[number].events.pop_front();
            }
        }
    }
}

/// Why a told story has everything.
const TOLD: &str =
    "the specification leaves time for the whole story, and it is told after the last block";

impl Log {
    pub(super) fn tell(&self, world: &Simulation) -> Story {
        let address = |key: &KeyRef| world.address(*key);
        let listed = self.sanctioned_keys.iter().map(address).collect::<Vec<_>>();
        let peeling_customer = world.cast.peeling_customer;
        let (shortcut, decoy) =
            (self.shortcut(), self.decoy_steps.clone().map(|step| step.expect(TOLD)));
        Story {
            exchange: world.owner(world.cast.hot),
            exchange_hot_address: address(&self.hot_key.expect(TOLD)),
            exchange_deposits: world.exchange_deposits(),
            sanctioned: world.owner(world.cast.sanctioned),
            listed_address: listed[0],
            unlisted_addresses: [listed[1], listed[2]],
            gathered_in: self.gathered_in.expect(TOLD),
            donations: self.donations.clone(),
            peeling_customer: world.owner(peeling_customer),
            peeling_deposit: self.peels.last().expect(TOLD).to,
            peeling: FundsPath { steps: self.peels.clone(), n_ownership_changes: 2 },
            shortcut: FundsPath { steps: shortcut, n_ownership_changes: 3 },
            decoy: FundsPath { steps: decoy.to_vec(), n_ownership_changes: 2 },
            clean_customer: world.owner(world.cast.clean),
            clean_address: address(&self.clean_key.expect(TOLD)),
            explained: self.explained(world),
            same_key: self.same_key(world),
            escrows: self.escrows(world),
            mixer: world.owner(world.cast.coordinator),
            mixer_fee_address: address(&self.coordinator_key.expect(TOLD)),
            whirlpool_tx0s: world.mixer.tx0s.clone(),
            whirlpool_rounds: world.mixer.whirlpool.clone(),
            wasabi_rounds: world.mixer.wasabi.clone(),
            wabisabi_rounds: world.mixer.wabisabi.clone(),
            joinmarket_rounds: world.mixer.joinmarket.clone(),
            payjoins: world.mixer.payjoins.clone(),
            ransomware: world.owner(world.cast.ransomware),
            ransom_addresses: self.ransom_keys.iter().map(address).collect(),
            ransom_payments: self.ransom_payments.clone(),
            ransom_gathered_in: self.ransom_gathered_in.expect(TOLD),
            ransom_cashed_in: self.ransom_cashed_in.expect(TOLD),
        }
    }

    /// Along the chain to the peel that pays the side door, and out through it.
    fn shortcut(&self) -> Vec<Step> {
        let peel = self.side_steps.first().expect(TOLD);
        let before = self.peels.iter().take_while(|step| step.tx_id != peel.tx_id);
        before.chain(&self.side_steps).cloned().collect()
    }

    fn explained(&self, world: &Simulation) -> Explained {
        let [a, b, through] = [0, 1, 2].map(|place| world.address(self.explained_keys[place]));
        let [tx_a, tx_b] = [0, 1].map(|place| self.explained_spends[place]);
        Explained { a, b, through, tx_a, tx_b }
    }

    fn same_key(&self, world: &Simulation) -> SameKey {
        let [p2pkh, p2wpkh, p2sh] = [0, 1, 2].map(|place| world.address(self.twin_keys[place]));
        let [p2pkh_spent_in, p2sh_spent_in] = [0, 1].map(|place| self.twin_spends[place]);
        SameKey { p2pkh, p2wpkh, p2sh, p2pkh_spent_in, p2sh_spent_in }
    }

    fn escrows(&self, world: &Simulation) -> Vec<Escrow> {
        let escrow =
            |((key, keys, funded_in), released_in): (&(KeyRef, [KeyRef; 3], TxId), &TxId)| Escrow {
                address: world.address(*key),
                key_addresses: keys.map(|key| world.address(key)),
                funded_in: *funded_in,
                released_in: *released_in,
            };
        self.escrows.iter().zip(&self.releases).map(escrow).collect()
    }
}

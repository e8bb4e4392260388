//! Mixing rounds: when they run, and what they have in common.
//!
//! Rounds and PayJoins are the only transactions whose inputs have several owners. Each protocol is a module, and its
//! line in [`Simulation::run_mixer`] says when it is due. A round that lacks people with coins is tried again at the next block.

use ledger::TxId;

use super::paying::Draft;
use super::whirlpool::Pool;
use super::{Sent, Simulation};
use crate::keys::{KeyRef, PurseId};
use crate::purse::Coin;
use crate::transactions::{MixProtocol, TransactionKind};
use crate::wallet::{Fingerprint, LockTimes, OutputOrder, Policy};

#[derive(Clone, Debug, Default)]
pub(super) struct Mixer {
    pub(super) pools: [Pool; 4],
    pub(super) tx0s: Vec<TxId>,
    pub(super) whirlpool: Vec<TxId>,
    pub(super) wasabi: Vec<TxId>,
    pub(super) wabisabi: Vec<TxId>,
    pub(super) joinmarket: Vec<TxId>,
    pub(super) payjoins: Vec<TxId>,
    pub(super) n_look_alikes: u32,
}

/// One owner's part of a round: who, which coins, what they hold.
pub(super) struct Party {
    pub(super) who: PurseId,
    pub(super) coins: Vec<Coin>,
    pub(super) total_sat: u64,
}

/// What a round pays.
#[derive(Default)]
pub(super) struct RoundOutputs {
    pub(super) outputs: Vec<(KeyRef, u64)>,
    /// Places of those that return leftovers.
    pub(super) change: Vec<usize>,
}

impl RoundOutputs {
    pub(super) fn pay(&mut self, key: KeyRef, amount_sat: u64) {
        self.outputs.push((key, amount_sat));
    }

    pub(super) fn give_back(&mut self, key: KeyRef, amount_sat: u64) {
        self.change.push(self.outputs.len());
        self.outputs.push((key, amount_sat));
    }
}

/// What the transactions of a protocol show.
pub(super) fn round_policy(version: i32, lock_times: LockTimes, order: OutputOrder) -> Policy {
    let mut policy = Policy::plain();
    policy.change.order = order;
    policy.fingerprint = Fingerprint { version, lock_times, replaceable: false, low_r: false };
    policy
}

impl Simulation {
    /// Whether less has been done than this part of the time asks for: `from` to `to` per mille of the span in which money
    /// moves.
    pub(super) fn is_due(&self, wanted: u32, done: usize, from: u64, to: u64) -> bool {
        let passed = self.progress_per_mille().saturating_sub(from);
        let share = u64::from(wanted) * passed / (to - from);
        (done as u64) < share.min(u64::from(wanted))
    }

    /// Runs the rounds that are due; those of the story's mixer in the second half of the time.
    pub(super) fn run_mixer(&mut self) {
        let spec = self.spec;
        if self.is_due(spec.n_whirlpool_rounds, self.mixer.whirlpool.len(), 400, 900) {
            self.whirlpool_round();
        }
        if self.is_due(spec.n_wasabi_rounds, self.mixer.wasabi.len(), 400, 900) {
            self.wasabi_round();
        }
        if self.is_due(spec.n_wabisabi_rounds, self.mixer.wabisabi.len(), 200, 900) {
            self.wabisabi_round();
        }
        if self.is_due(spec.n_joinmarket_rounds, self.mixer.joinmarket.len(), 200, 900) {
            self.joinmarket_round();
        }
        if self.is_due(spec.n_payjoins, self.mixer.payjoins.len(), 200, 900) {
            self.payjoin();
        }
    }

    /// A round of these coins, already taken out of their purses.
    pub(super) fn mix(
        &mut self,
        protocol: MixProtocol,
        policy: Policy,
        inputs: &[Coin],
        paid: &RoundOutputs,
    ) -> Sent {
        self.make(Draft {
            kind: TransactionKind::Mix(protocol),
            purse: None,
            policy,
            inputs,
            outputs: &paid.outputs,
            change: &paid.change,
            data: None,
        })
    }

    /// Takes a party's coins out of its purse.
    pub(super) fn take_party(&mut self, party: &Party) -> Vec<Coin> {
        let purse = self.purse(party.who);
        party.coins.iter().filter_map(|coin| purse.take(coin)).collect()
    }
}

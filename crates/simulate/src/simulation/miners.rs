//! Miners: who finds a block, and how the new coins come among people.

use super::Simulation;
use crate::keys::{KeyRef, Lock, PurseId};

/// Blocks whose coinbases pay bare keys, as in the first years.
const BARE_KEYS_UNTIL: u32 = 60;

/// A miner with less than this waits.
const PAYOUT_SAT: u64 = 300_000_000;

impl Simulation {
    /// Who finds this block, and where the reward goes.
    pub(super) fn winner(&mut self) -> (PurseId, KeyRef) {
        let place = self.dice.index(self.cast.miners.len());
        let miner = self.cast.miners[place];
        let key = match self.height {
            0..BARE_KEYS_UNTIL if place == 0 => self.fresh_locked(miner, Lock::P2pkUncompressed),
            0..BARE_KEYS_UNTIL => self.fresh_locked(miner, Lock::P2pk),
            _ => self.fresh(miner),
        };
        (miner, key)
    }

    /// The miner who can best afford something. Nobody ever pays a miner but the chain itself, so whoever is paid
    /// by one is paid in clean coins.
    pub(super) fn richest_miner(&self) -> PurseId {
        let balance = |miner: &&PurseId| self.purses[miner.index()].balance_sat();
        *self.cast.miners.iter().max_by_key(balance).expect("a world has miners")
    }

    /// Often at first, while people have no coins yet; seldom later.
    pub(super) fn run_miners(&mut self) {
        let early = self.height < 150;
        if !early && !self.dice.chance(250) {
            return;
        }
        let miner = self.richest_miner();
        if self.purses[miner.index()].balance_sat() < PAYOUT_SAT {
            return;
        }
        if self.dice.chance(if early { 60 } else { 300 }) {
            let amount_sat = self.purses[miner.index()].balance_sat() / 3;
            self.deposit(miner, amount_sat);
        } else {
            self.sell(miner);
        }
    }

    /// Pays customers by turns, so that everybody has coins before anybody has many.
    fn sell(&mut self, miner: PurseId) -> Option<()> {
        let customers = &self.cast.customers;
        let n_buyers = (customers.len() / 4).min(80);
        let first = self.dice.index(customers.len());
        let poor = |purse: &PurseId| self.purses[purse.index()].coins.is_empty();
        let mut turn: Vec<_> =
            customers[first..].iter().chain(&customers[..first]).copied().collect();
        turn.sort_by_key(|purse| !poor(purse)); // stable: those without coins come first
        let mut left = self.purses[miner.index()].balance_sat() - PAYOUT_SAT / 3;
        let mut sales = Vec::new();
        for buyer in turn.into_iter().take(n_buyers) {
            let amount_sat = self.dice.between(20_000_000, 120_000_000);
            if amount_sat > left {
                break;
            }
            left -= amount_sat;
            sales.push((buyer, amount_sat));
        }
        self.pay_many(miner, &sales)
    }
}

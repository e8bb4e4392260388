//! Peeling chains: one large coin, out of which a little is paid at each step while the rest moves on.

use super::{Sent, Simulation};
use crate::keys::PurseId;
use crate::transactions::TransactionKind;

/// What a chain begins with, and when it is not worth going on.
const FIRST_SAT: std::ops::RangeInclusive<u64> = 200_000_000..=800_000_000;
const LAST_SAT: u64 = 20_000_000;

/// Chance of a step in a block.
const STEP_PER_MILLE: u64 = 450;

#[derive(Clone, Debug)]
pub(super) struct Peeler {
    purse: PurseId,
    /// Per mille of the time in which money moves.
    starts_at: u64,
    steps_left: u32,
    started: bool,
}

impl Simulation {
    pub(super) fn hire_peeler(&mut self, purse: PurseId) {
        let starts_at = self.dice.between(100, 600);
        let steps_left = u32::try_from(self.dice.between(8, 40)).expect("at most 40");
        self.peelers.push(Peeler { purse, starts_at, steps_left, started: false });
    }

    pub(super) fn run_peelers(&mut self) {
        for number in 0..self.peelers.len() {
            let _late: Option<()> = self.run_peeler(number); // None: not yet, or no longer
        }
    }

    fn run_peeler(&mut self, number: usize) -> Option<()> {
        let Peeler { purse, starts_at, steps_left, started } = self.peelers[number];
        if !started {
            if self.progress_per_mille() < starts_at {
                return None;
            }
            let amount_sat = self.dice.between(*FIRST_SAT.start(), *FIRST_SAT.end());
            self.pay(self.richest_miner(), purse, amount_sat)?;
            self.peelers[number].started = true;
            return Some(());
        }
        if steps_left == 0 || !self.dice.chance(STEP_PER_MILLE) {
            return None;
        }
        self.peel_off(purse)?;
        self.peelers[number].steps_left -= 1;
        Some(())
    }

    /// A few per cent to a merchant, a person, or somebody's deposit address.
    fn peel_off(&mut self, purse: PurseId) -> Option<Sent> {
        let balance_sat = self.purses[purse.index()].balance_sat();
        if balance_sat < LAST_SAT {
            return None;
        }
        let amount_sat = balance_sat * self.dice.between(10, 80) / 1_000;
        let funding = self.fund(purse, amount_sat, 1)?;
        let person = self.dice.pick(&self.cast.customers);
        let key = match self.dice.below(3) {
            0 => {
                let merchant = self.dice.pick(&self.cast.merchants);
                self.fresh(merchant)
            }
            1 => self.fresh(person),
            _ => {
                let key = self.deposit_key(person);
                self.credit_account(person, amount_sat);
                key
            }
        };
        Some(self.spend_as(TransactionKind::Peel, purse, funding, &[(key, amount_sat)], None))
    }
}

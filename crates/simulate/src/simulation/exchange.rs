//! The exchange: deposit addresses, sweeps into the hot wallet, batch payouts, cold storage.

use std::collections::BTreeMap;

use super::{Sent, Simulation};
use crate::keys::{KeyRef, PurseId};
use crate::purse::DUST_SAT;
use crate::truth::Deposit;

/// Most deposits that one sweep gathers.
const SWEEP_INPUTS_MAX: usize = 50;

/// A withdrawal of less is not made.
const WITHDRAWAL_MIN_SAT: u64 = 50_000;

#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    accounts: BTreeMap<PurseId, Account>,
    /// Accounts of people who take money out again, in order of opening.
    active: Vec<PurseId>,
}

#[derive(Clone, Debug)]
struct Account {
    deposit_key: KeyRef,
    credit_sat: u64,
}

impl Exchange {
    fn credit_sat(&self) -> u64 {
        self.accounts.values().map(|account| account.credit_sat).sum()
    }
}

impl Simulation {
    /// Where this party pays in; opened at its first deposit.
    pub(super) fn deposit_key(&mut self, holder: PurseId) -> KeyRef {
        if let Some(account) = self.exchange.accounts.get(&holder) {
            return account.deposit_key;
        }
        let deposit_key = self.fresh(self.cast.deposits);
        self.exchange.accounts.insert(holder, Account { deposit_key, credit_sat: 0 });
        deposit_key
    }

    /// Counts what was paid in at a deposit address.
    pub(super) fn credit_account(&mut self, holder: PurseId, amount_sat: u64) {
        let account = self.exchange.accounts.get_mut(&holder);
        account.expect("deposits are made at keys of accounts").credit_sat += amount_sat;
    }

    /// A payment to one's own deposit address.
    pub(super) fn deposit(&mut self, from: PurseId, amount_sat: u64) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        let is_new = !self.exchange.accounts.contains_key(&from);
        let key = self.deposit_key(from);
        if is_new && self.has_ordinary_account(from) {
            self.exchange.active.push(from);
        }
        self.credit_account(from, amount_sat);
        Some(self.spend(from, funding, &[(key, amount_sat)]))
    }

    /// Miners and the people of the story take nothing out, so no path leads back to them.
    fn has_ordinary_account(&self, purse: PurseId) -> bool {
        let first = self.cast.merchants.first().expect("a world has merchants");
        purse >= *first
    }

    pub(super) fn exchange_deposits(&self) -> Vec<Deposit> {
        let deposit = |(holder, account): (&PurseId, &Account)| Deposit {
            address: self.address(account.deposit_key),
            account_of: self.owner(*holder),
        };
        self.exchange.accounts.iter().map(deposit).collect()
    }

    /// Sweeps and cold storage; payouts are asked for by people.
    pub(super) fn run_exchange(&mut self) {
        let waiting = self.purses[self.cast.deposits.index()].coins.len();
        if waiting >= SWEEP_INPUTS_MAX || (waiting > 0 && self.height.is_multiple_of(3)) {
            self.sweep_deposits();
        }
        if self.height.is_multiple_of(10) {
            self.balance_hot_and_cold();
        }
    }

    fn sweep_deposits(&mut self) {
        let coins = std::mem::take(&mut self.purse(self.cast.deposits).coins);
        for chunk in coins.chunks(SWEEP_INPUTS_MAX) {
            let total: u64 = chunk.iter().map(|coin| coin.amount_sat).sum();
            if total < 1_000_000 {
                self.purse(self.cast.deposits).coins.extend_from_slice(chunk);
                continue;
            }
            let to = if self.dice.chance(500) {
                self.plot.log.hot_key.expect("the hot key is given out first of all")
            } else {
                self.fresh(self.cast.hot)
            };
            // Now and then a coin of the hot wallet helps with the fee: that is what ties deposit addresses to it.
            let mut inputs = chunk.to_vec();
            let hot = self.purses[self.cast.hot.index()].coins.first().copied();
            if let Some(coin) = hot.filter(|_| self.dice.chance(150)) {
                inputs.extend(self.purse(self.cast.hot).take(&coin));
            }
            self.sweep(self.cast.deposits, &inputs, to);
        }
    }

    /// Moves what is more than two thirds of what is owed to the cold wallet; now and then, and whenever less than a
    /// seventh is left, some comes back.
    fn balance_hot_and_cold(&mut self) {
        let owed = self.exchange.credit_sat();
        let hot = self.purses[self.cast.hot.index()].balance_sat();
        let cold = self.purses[self.cast.cold.index()].balance_sat();
        if (hot < owed / 7 || self.height.is_multiple_of(40)) && cold > 100_000_000 {
            self.pay(self.cast.cold, self.cast.hot, cold / 4);
        } else if hot > owed * 2 / 3 {
            self.pay(self.cast.hot, self.cast.cold, (hot - owed / 3) / 2);
        }
    }

    /// One to many: up to thirty withdrawals in one transaction.
    pub(super) fn pay_out(&mut self) -> Option<()> {
        if self.exchange.active.is_empty() {
            return None;
        }
        let mut withdrawals: Vec<(PurseId, u64)> = Vec::new();
        for _ in 0..self.dice.between(3, 30) {
            let holder = self.exchange.active[self.dice.index(self.exchange.active.len())];
            let credit_sat = self.exchange.accounts[&holder].credit_sat;
            let amount_sat = credit_sat * self.dice.between(300, 1_000) / 1_000;
            if amount_sat >= WITHDRAWAL_MIN_SAT && withdrawals.iter().all(|row| row.0 != holder) {
                withdrawals.push((holder, amount_sat));
            }
        }
        self.pay_many(self.cast.hot, &withdrawals)?;
        for (holder, amount_sat) in withdrawals {
            let account = self.exchange.accounts.get_mut(&holder);
            account.expect("it is active").credit_sat -= amount_sat;
        }
        Some(())
    }

    /// Pays several purses in one transaction.
    pub(super) fn pay_many(&mut self, from: PurseId, payments: &[(PurseId, u64)]) -> Option<()> {
        let total: u64 = payments.iter().map(|payment| payment.1).sum();
        if total < DUST_SAT {
            return None;
        }
        let funding = self.fund(from, total, payments.len())?;
        let payments: Vec<_> = payments.iter().map(|(to, sat)| (self.fresh(*to), *sat)).collect();
        self.spend(from, funding, &payments);
        Some(())
    }
}

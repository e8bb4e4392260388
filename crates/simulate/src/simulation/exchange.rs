//! Exchanges: deposit addresses, sweeps into the hot wallet, batch payouts, cold storage.
//!
//! The story's exchange is the first one; the others differ in how they sweep, pay out and give out deposit addresses.

use std::collections::BTreeMap;

use super::{Sent, Simulation};
use crate::keys::{KeyRef, PurseId};
use crate::purse::{DUST_SAT, total_sat};
use crate::transactions::TransactionKind;
use crate::truth::Deposit;

/// A withdrawal of less is not made.
const WITHDRAWAL_MIN_SAT: u64 = 50_000;

/// Chunks of deposits that hold less wait for more.
const SWEEP_MIN_SAT: u64 = 1_000_000;

#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) hot: PurseId,
    pub(super) cold: PurseId,
    pub(super) deposits: PurseId,
    pub(super) habits: ExchangeHabits,
    /// The hot address that sweeps pay again and again.
    hot_key: Option<KeyRef>,
    accounts: BTreeMap<PurseId, Account>,
    /// Accounts of people who take money out again, in order of opening.
    active: Vec<PurseId>,
}

/// How an exchange runs its wallets.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExchangeHabits {
    /// Most deposits that one sweep gathers.
    pub(super) sweep_inputs_max: usize,
    /// Sweeps every so many blocks, and whenever that many deposits wait.
    pub(super) sweep_every: u32,
    /// Sweeps that pay the one hot address instead of a new one.
    pub(super) fixed_per_mille: u64,
    /// Sweeps that a hot coin helps with the fee: that is what ties deposit addresses to the hot wallet.
    pub(super) helps_per_mille: u64,
    /// Deposits for which an account gets a new address.
    pub(super) new_address_per_mille: u64,
    /// Most withdrawals of one payout.
    pub(super) payout_max: u64,
}

/// The register of exchanges, which further ones repeat: one a line.
pub(super) const EXCHANGE_HABITS: [ExchangeHabits; 4] = [
    habits(50, 3, 500, 600, 0, 30),
    habits(100, 12, 1_000, 900, 300, 60),
    habits(60, 6, 700, 900, 300, 1),
    habits(25, 2, 0, 950, 400, 8),
];

const fn habits(
    sweep_inputs_max: usize,
    sweep_every: u32,
    fixed_per_mille: u64,
    helps_per_mille: u64,
    new_address_per_mille: u64,
    payout_max: u64,
) -> ExchangeHabits {
    ExchangeHabits {
        sweep_inputs_max,
        sweep_every,
        fixed_per_mille,
        helps_per_mille,
        new_address_per_mille,
        payout_max,
    }
}

#[derive(Clone, Debug)]
struct Account {
    deposit_key: KeyRef,
    credit_sat: u64,
}

impl Exchange {
    pub(super) fn new(
        hot: PurseId,
        cold: PurseId,
        deposits: PurseId,
        habits: ExchangeHabits,
    ) -> Self {
        let (accounts, active) = (BTreeMap::new(), Vec::new());
        Self { hot, cold, deposits, habits, hot_key: None, accounts, active }
    }

    fn credit_sat(&self) -> u64 {
        self.accounts.values().map(|account| account.credit_sat).sum()
    }
}

impl Simulation {
    /// The one at which this party has its account: people are spread, everybody of the story is at the first.
    fn exchange_of(&self, holder: PurseId) -> usize {
        if let Some(number) = self.account_at(holder) {
            return number;
        }
        if self.has_ordinary_account(holder) { holder.index() % self.exchanges.len() } else { 0 }
    }

    /// Where this party pays in; opened at its first deposit.
    pub(super) fn deposit_key(&mut self, holder: PurseId) -> KeyRef {
        let number = self.exchange_of(holder);
        let new_per_mille = self.exchanges[number].habits.new_address_per_mille;
        let known = self.exchanges[number].accounts.get(&holder).map(|one| one.deposit_key);
        if let Some(key) = known.filter(|_| !self.dice.chance(new_per_mille)) {
            return key;
        }
        let deposit_key = self.fresh(self.exchanges[number].deposits);
        let account = Account { deposit_key, credit_sat: 0 };
        let opened = self.exchanges[number].accounts.entry(holder).or_insert(account);
        opened.deposit_key = deposit_key;
        deposit_key
    }

    /// Counts what was paid in at a deposit address.
    pub(super) fn credit_account(&mut self, holder: PurseId, amount_sat: u64) {
        let number = self.exchange_of(holder);
        let account = self.exchanges[number].accounts.get_mut(&holder);
        account.expect("deposits are made at keys of accounts").credit_sat += amount_sat;
    }

    /// A payment to one's own deposit address.
    pub(super) fn deposit(&mut self, from: PurseId, amount_sat: u64) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        let number = self.exchange_of(from);
        let is_new = !self.exchanges[number].accounts.contains_key(&from);
        let key = self.deposit_key(from);
        if is_new && self.has_ordinary_account(from) {
            self.exchanges[number].active.push(from);
        }
        self.credit_account(from, amount_sat);
        Some(self.spend(from, funding, &[(key, amount_sat)]))
    }

    /// Miners and the people of the story take nothing out, so no path leads back to them.
    fn has_ordinary_account(&self, purse: PurseId) -> bool {
        let first = self.cast.merchants.first().expect("a world has merchants");
        purse >= *first
    }

    /// Deposit addresses of the story's exchange.
    pub(super) fn exchange_deposits(&self) -> Vec<Deposit> {
        let deposit = |(holder, account): (&PurseId, &Account)| Deposit {
            address: self.address(account.deposit_key),
            account_of: self.owner(*holder),
        };
        self.exchanges[0].accounts.iter().map(deposit).collect()
    }

    /// Gives out an exchange's fixed hot address, before anything else of it.
    pub(super) fn open_exchange(&mut self, number: usize) -> KeyRef {
        let key = self.fresh(self.exchanges[number].hot);
        self.exchanges[number].hot_key = Some(key);
        key
    }

    /// Sweeps and cold storage; payouts are asked for by people.
    pub(super) fn run_exchanges(&mut self) {
        for number in 0..self.exchanges.len() {
            let Exchange { deposits, habits, .. } = self.exchanges[number];
            let waiting = self.purses[deposits.index()].coins.len();
            let is_time = self.height.is_multiple_of(habits.sweep_every);
            if waiting >= habits.sweep_inputs_max || (waiting > 0 && is_time) {
                self.sweep_deposits(number);
            }
            if self.height.is_multiple_of(10) {
                self.balance_hot_and_cold(number);
            }
        }
    }

    fn sweep_deposits(&mut self, number: usize) {
        let Exchange { hot, deposits, habits, hot_key, .. } = self.exchanges[number];
        let coins = std::mem::take(&mut self.purse(deposits).coins);
        for chunk in coins.chunks(habits.sweep_inputs_max) {
            if total_sat(chunk) < SWEEP_MIN_SAT {
                self.purse(deposits).coins.extend_from_slice(chunk);
                continue;
            }
            let fixed = hot_key.filter(|_| self.dice.chance(habits.fixed_per_mille));
            let to = match fixed {
                Some(key) => key,
                None => self.fresh(hot),
            };
            let mut inputs = chunk.to_vec();
            let helper = self.purses[hot.index()].coins.first().copied();
            if let Some(coin) = helper.filter(|_| self.dice.chance(habits.helps_per_mille)) {
                inputs.extend(self.purse(hot).take(&coin));
            }
            self.sweep(TransactionKind::Sweep, deposits, &inputs, to);
        }
    }

    /// Moves what is more than two thirds of what is owed to the cold wallet; now and then, and whenever less than a
    /// seventh is left, some comes back.
    fn balance_hot_and_cold(&mut self, number: usize) {
        let Exchange { hot, cold, .. } = self.exchanges[number];
        let owed = self.exchanges[number].credit_sat();
        let in_hot = self.purses[hot.index()].balance_sat();
        let in_cold = self.purses[cold.index()].balance_sat();
        if (in_hot < owed / 7 || self.height.is_multiple_of(40)) && in_cold > 100_000_000 {
            self.pay_as(TransactionKind::Storage, cold, hot, in_cold / 4);
        } else if in_hot > owed * 2 / 3 {
            let spare = in_hot.saturating_sub(owed / 3) / 2;
            if spare >= SWEEP_MIN_SAT {
                self.pay_as(TransactionKind::Storage, hot, cold, spare);
            }
        }
    }

    /// Accounts of an exchange that can take out so much.
    pub(super) fn holders_of(&self, number: usize, amount_sat: u64) -> Vec<PurseId> {
        let exchange = &self.exchanges[number];
        let able = |holder: &&PurseId| exchange.accounts[holder].credit_sat >= amount_sat;
        exchange.active.iter().filter(able).copied().collect()
    }

    /// Withdrawals of one exchange in one transaction.
    pub(super) fn pay_out(&mut self) -> Option<()> {
        let number = self.dice.index(self.exchanges.len());
        let n_active = self.exchanges[number].active.len();
        if n_active == 0 {
            return None;
        }
        let payout_max = self.exchanges[number].habits.payout_max;
        let n_wanted = self.dice.between(payout_max.min(3), payout_max);
        let mut withdrawals: Vec<(PurseId, u64)> = Vec::new();
        for _ in 0..n_wanted {
            let place = self.dice.index(n_active);
            let holder = self.exchanges[number].active[place];
            let credit_sat = self.exchanges[number].accounts[&holder].credit_sat;
            let amount_sat = credit_sat * self.dice.between(300, 1_000) / 1_000;
            if amount_sat >= WITHDRAWAL_MIN_SAT && withdrawals.iter().all(|row| row.0 != holder) {
                withdrawals.push((holder, amount_sat));
            }
        }
        self.withdraw(number, &withdrawals)
    }

    /// Pays these out of the hot wallet and their accounts.
    pub(super) fn withdraw(&mut self, number: usize, payments: &[(PurseId, u64)]) -> Option<()> {
        self.pay_many(self.exchanges[number].hot, payments)?;
        for (holder, amount_sat) in payments {
            let account = self.exchanges[number].accounts.get_mut(holder);
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
        self.spend_as(TransactionKind::Payout, from, funding, &payments, None);
        Some(())
    }
}

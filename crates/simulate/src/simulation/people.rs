//! Customers and merchants: the ordinary payments that fill the blocks.

use bitcoin::ScriptBuf;

use super::Simulation;
use crate::block::MATURITY;
use crate::keys::PurseId;
use crate::purse::total_sat;
use crate::transactions::TransactionKind;

/// Outputs of an attack by dust: just enough to be relayed.
const DUST_OUTPUT_SAT: u64 = 546;

/// Purses with so many coins are tidied up now and then.
const CONSOLIDATE_FROM: usize = 8;
const CONSOLIDATE_MAX: usize = 60;

/// Payments that people make at night.
const NIGHT_PER_MILLE: u64 = 40;

/// Round amounts are multiples of these, small ones more often.
const COIN_UNITS_SAT: [u64; 5] = [10_000, 10_000, 100_000, 100_000, 1_000_000];
const MONEY_UNITS_CENTS: [u64; 5] = [500, 1_000, 1_000, 5_000, 10_000];

impl Simulation {
    /// Fills the block up to its share of the transactions still asked for.
    pub(super) fn fill(&mut self) {
        let left = u64::from(self.spec.n_transactions.saturating_sub(self.n_made));
        let blocks_left = u64::from(self.spec.n_blocks.saturating_sub(self.height).max(1));
        let share = left / blocks_left * self.dice.between(85, 115) / 100;
        for _attempt in 0..4 * share {
            if self.made.len() as u64 + 1 >= share {
                break;
            }
            // None: somebody had not the money for it; somebody else will.
            let _tried: Option<()> = self.somebody_does_something();
        }
    }

    /// A customer who is up at this hour; now and then one who is not.
    fn somebody_awake(&mut self) -> PurseId {
        let mut somebody = self.dice.pick(&self.cast.customers);
        for _attempt in 0..5 {
            let habits = self.policy(somebody).habits;
            if habits.is_awake(self.time_s) || self.dice.chance(NIGHT_PER_MILLE) {
                break;
            }
            somebody = self.dice.pick(&self.cast.customers);
        }
        somebody
    }

    /// An amount as its payer thinks of it: round in coins, round in money, or the odd sum that a price comes to.
    pub(super) fn payment_sat(&mut self, payer: PurseId) -> u64 {
        let habits = self.policy(payer).habits;
        let (coin, money) =
            (u64::from(habits.round_coin_per_mille), u64::from(habits.round_money_per_mille));
        let thought = self.dice.below(1_000);
        if (coin..coin + money).contains(&thought) {
            let unit_cents = self.dice.pick(&MONEY_UNITS_CENTS);
            return self.prices.sat_for_cents(self.dice.between(1, 20) * unit_cents);
        }
        let unit_sat = self.dice.pick(&COIN_UNITS_SAT);
        let round_sat = self.dice.between(1, 99) * unit_sat;
        if thought < coin { round_sat } else { round_sat + self.dice.below(unit_sat) }
    }

    fn somebody_does_something(&mut self) -> Option<()> {
        let customer = self.somebody_awake();
        match self.dice.below(1_000) {
            0..400 => self.pay_customer(customer),
            400..700 => {
                let merchant = self.dice.pick(&self.cast.merchants);
                let amount_sat = self.payment_sat(customer);
                self.pay(customer, merchant, amount_sat).map(drop)
            }
            700..880 => {
                let amount_sat = self.payment_sat(customer) * 2;
                self.deposit(customer, amount_sat).map(drop)
            }
            880..910 => {
                let merchant = self.dice.pick(&self.cast.merchants);
                let amount_sat = self.purses[merchant.index()].balance_sat() / 2;
                if amount_sat < 1_000_000 {
                    return None;
                }
                self.deposit(merchant, amount_sat).map(drop)
            }
            910..940 => self.pay_wages(),
            940..970 => self.pay_out(),
            970..996 => self.consolidate(customer),
            _ => self.send_dust(),
        }
    }

    /// The richest of a few customers, for payments that must come about.
    pub(super) fn well_off(&mut self) -> PurseId {
        let mut richest = self.dice.pick(&self.cast.customers);
        for _ in 0..6 {
            let other = self.dice.pick(&self.cast.customers);
            let balance = |purse: PurseId| self.purses[purse.index()].balance_sat();
            richest = if balance(other) > balance(richest) { other } else { richest };
        }
        richest
    }

    fn pay_customer(&mut self, from: PurseId) -> Option<()> {
        let to = self.dice.pick(&self.cast.customers);
        if to == from {
            return None;
        }
        let amount_sat = self.payment_sat(from);
        let funding = self.fund(from, amount_sat, 1)?;
        let key = self.fresh(to);
        let data = self.dice.chance(20).then(|| self.some_data());
        self.spend_as(TransactionKind::Payment, from, funding, &[(key, amount_sat)], data);
        Some(())
    }

    /// An `OP_RETURN` output: a token's protocol, or a hash that somebody wants dated.
    fn some_data(&mut self) -> ScriptBuf {
        let omni =
            [b"omni".as_slice(), &[0, 0, 0, 0, 0, 0, 0, 31], &self.dice.bytes::<8>()].concat();
        let data = if self.dice.chance(500) { omni } else { self.dice.bytes::<32>().to_vec() };
        let len = u8::try_from(data.len()).expect("at most 32 bytes");
        ScriptBuf::from_bytes([&[0x6a, len], data.as_slice()].concat())
    }

    fn pay_wages(&mut self) -> Option<()> {
        let merchant = self.dice.pick(&self.cast.merchants);
        let n_staff = self.dice.between(2, 12);
        let wage_sat = self.purses[merchant.index()].balance_sat() / (2 * n_staff);
        if wage_sat < 100_000 {
            return None;
        }
        let mut staff: Vec<PurseId> = Vec::new();
        for _ in 0..n_staff {
            let person = self.dice.pick(&self.cast.customers);
            if !staff.contains(&person) {
                staff.push(person);
            }
        }
        let wages: Vec<_> = staff.into_iter().map(|person| (person, wage_sat)).collect();
        self.pay_many(merchant, &wages)
    }

    /// Gathers the oldest coins of a crowded purse, dust too.
    fn consolidate(&mut self, purse: PurseId) -> Option<()> {
        let owned = self.purse(purse);
        let crowd = owned.coins.len().min(CONSOLIDATE_MAX);
        let held = total_sat(&owned.coins[..crowd]);
        if crowd < CONSOLIDATE_FROM || held < 2_000_000 {
            return None;
        }
        let coins: Vec<_> = owned.coins.drain(..crowd).collect();
        let to = self.fresh(purse);
        self.sweep(TransactionKind::Consolidation, purse, &coins, to);
        Some(())
    }

    /// Dust to addresses seen on chain, in the hope that wallets spend it together with other coins.
    fn send_dust(&mut self) -> Option<()> {
        let spammer = self.cast.spammer;
        if self.purses[spammer.index()].coins.is_empty() {
            debug_assert!(self.height > MATURITY, "nobody spends before coins are mature");
            return self.pay(self.richest_miner(), spammer, 10_000_000).map(drop);
        }
        let mut targets = Vec::new();
        for _ in 0..self.dice.between(5, 30) {
            let customer = self.dice.pick(&self.cast.customers);
            targets.extend(self.purses[customer.index()].latest);
        }
        targets.sort_unstable();
        targets.dedup();
        let dust: Vec<_> = targets.into_iter().map(|key| (key, DUST_OUTPUT_SAT)).collect();
        let funding = self.fund(spammer, DUST_OUTPUT_SAT * dust.len() as u64, dust.len())?;
        self.spend_as(TransactionKind::Dust, spammer, funding, &dust, None);
        Some(())
    }
}

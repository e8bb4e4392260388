//! Moves: who pays whom which part of a wallet, and how that becomes transactions.

use ledger::TxId;

use crate::keys::{KeyRef, PurseId};
use crate::purse::{Coin, total_sat, vbytes};
use crate::simulation::Simulation;
use crate::simulation::paying::Draft;
use crate::transactions::TransactionKind;

/// A wallet with less waits for more.
const LEAST_SAT: u64 = 30_000;

/// Something that happens from a height on.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) height: u32,
    pub(super) act: Act,
    pub(super) role: Role,
}

/// What a move is to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Of others, long before.
    Before,
    /// Of its actors, before or after what the plan is about.
    Around,
    /// Of what the plan is about.
    Part,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Pay {
        from: Payer,
        to: Vec<(Payee, u64)>,
        portion: Portion,
    },
    /// All coins of a wallet come together at the address of the last of them.
    Gather(PurseId),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Payer {
    Purse(PurseId),
    /// A wallet whose coins never meet: a transaction a coin.
    Apart(PurseId),
    /// A customer with enough coins.
    Somebody,
    /// The richest miner.
    Miner,
    /// The hot wallet of an exchange.
    Hot(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Payee {
    Purse(PurseId),
    /// At so many addresses, in one transaction.
    Spread(PurseId, u32),
    /// An exchange, for the account of this party.
    Deposit(PurseId),
    /// A customer by chance.
    Person,
    /// This customer, by number.
    Customer(usize),
    /// A shop by chance.
    Merchant,
    /// The hot wallet of an exchange.
    Hot(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Portion {
    All,
    /// Of what is there then.
    PerMille(u64),
    Fixed(u64),
    /// So much money at the price of the moment.
    Cents(u64),
}

impl Portion {
    /// The same in so many payments one after the other.
    pub(super) fn parts(self, n: u32) -> Vec<Self> {
        let part = |at: u64| match self {
            Self::All if at == 1 => Self::All,
            Self::All => Self::PerMille(1_000 / at),
            Self::PerMille(share) => Self::PerMille(share / u64::from(n)),
            Self::Fixed(sat) => Self::Fixed(sat / u64::from(n)),
            Self::Cents(cents) => Self::Cents(cents / u64::from(n)),
        };
        (1..=u64::from(n)).rev().map(part).collect()
    }
}

impl Simulation {
    /// Every transaction that a move takes, with what it paid; `None` where it cannot happen yet.
    pub(super) fn carry_out(&mut self, act: &Act) -> Option<Vec<(TxId, u64)>> {
        match act {
            Act::Gather(purse) => Some(self.gather_at_last(*purse).into_iter().collect()),
            Act::Pay { from: Payer::Apart(purse), to, portion } => {
                self.pay_apart(*purse, to, *portion)
            }
            Act::Pay { from, to, portion } => {
                let payer = match *from {
                    Payer::Purse(purse) | Payer::Apart(purse) => purse,
                    Payer::Somebody => self.well_off(),
                    Payer::Miner => self.richest_miner(),
                    Payer::Hot(number) => self.exchanges[number].hot,
                };
                Some(vec![self.pay_portion(payer, to, *portion)?])
            }
        }
    }

    fn gather_at_last(&mut self, purse: PurseId) -> Option<(TxId, u64)> {
        if self.purses[purse.index()].coins.len() < 2 {
            return None;
        }
        let coins = std::mem::take(&mut self.purse(purse).coins);
        let to = coins.last().expect("it has two").key;
        let sent = self.sweep(TransactionKind::Consolidation, purse, &coins, to);
        Some((sent.tx_id, 0))
    }

    fn pay_portion(
        &mut self,
        from: PurseId,
        to: &[(Payee, u64)],
        portion: Portion,
    ) -> Option<(TxId, u64)> {
        let balance_sat = self.purses[from.index()].balance_sat();
        let amount_sat = match portion {
            Portion::All => {
                let coins = &self.purses[from.index()].coins;
                if balance_sat < LEAST_SAT || coins.is_empty() {
                    return None;
                }
                let coins = std::mem::take(&mut self.purse(from).coins);
                return Some(self.send_all(from, &coins, to));
            }
            Portion::PerMille(share) => balance_sat * share / 1_000,
            Portion::Fixed(sat) => sat,
            Portion::Cents(cents) => self.prices.sat_for_cents(cents),
        };
        let n_outputs = to.iter().map(|row| outputs_of(row.0)).sum();
        if amount_sat < LEAST_SAT {
            return None;
        }
        let funding = self.fund(from, amount_sat, n_outputs)?;
        let payments = self.divide(to, amount_sat);
        let kind = kind_of(payments.len());
        let sent = self.spend_as(kind, from, funding, &payments, None);
        Some((sent.tx_id, amount_sat))
    }

    /// One transaction a coin: as many coins as the portion asks for, each sent whole; for a fixed sum the first coin that holds it.
    fn pay_apart(
        &mut self,
        from: PurseId,
        to: &[(Payee, u64)],
        portion: Portion,
    ) -> Option<Vec<(TxId, u64)>> {
        let n_coins = self.purses[from.index()].coins.len();
        let n_sent = match portion {
            Portion::All => n_coins,
            Portion::PerMille(share) => {
                let share = usize::try_from(share).expect("at most a thousand");
                (n_coins * share).div_ceil(1_000).max(1)
            }
            Portion::Fixed(_) | Portion::Cents(_) => {
                return Some(vec![self.pay_portion(from, to, portion)?]);
            }
        };
        // A plan's moves happen in their order, so no coin is still to come: fewer payees than planned.
        let coins: Vec<Coin> = self.purse(from).coins.drain(..n_sent.min(n_coins)).collect();
        Some(coins.iter().map(|coin| self.send_all(from, &[*coin], to)).collect())
    }

    /// Everything in these coins, already taken out, but the fee.
    fn send_all(&mut self, from: PurseId, coins: &[Coin], to: &[(Payee, u64)]) -> (TxId, u64) {
        let sat = total_sat(coins);
        let keys: Vec<_> = to.iter().flat_map(|row| self.keys_of(*row)).collect();
        let size = vbytes(coins, keys.iter().map(|row| row.0.lock));
        let fee_sat = self.price(from).fee_sat(size).min(sat / 4);
        let outputs = self.weigh(&keys, sat - fee_sat);
        let policy = self.policy(from);
        let sent = self.make(Draft {
            kind: kind_of(outputs.len()),
            purse: Some(from),
            policy,
            inputs: coins,
            outputs: &outputs,
            change: &[],
            data: None,
        });
        (sent.tx_id, sat - fee_sat)
    }

    fn divide(&mut self, to: &[(Payee, u64)], amount_sat: u64) -> Vec<(KeyRef, u64)> {
        let keys: Vec<_> = to.iter().flat_map(|row| self.keys_of(*row)).collect();
        self.weigh(&keys, amount_sat)
    }

    /// Keys to be paid, with their weights and whose account a deposit feeds.
    fn keys_of(&mut self, (payee, weight): (Payee, u64)) -> Vec<(KeyRef, u64, Option<PurseId>)> {
        let one = |key| vec![(key, weight, None)];
        match payee {
            Payee::Purse(purse) => one(self.fresh(purse)),
            Payee::Spread(purse, count) => {
                // Uneven parts: equal ones would look like a mix.
                let dice = self.underworld.dice.as_mut().expect("whoever plans has dice");
                let weights: Vec<u64> = (0..count).map(|_| dice.between(700, 1_300)).collect();
                weights.into_iter().map(|part| (self.fresh(purse), weight * part, None)).collect()
            }
            Payee::Deposit(holder) => vec![(self.deposit_key(holder), weight, Some(holder))],
            Payee::Person => {
                let person = self.dice.pick(&self.cast.customers);
                one(self.fresh(person))
            }
            Payee::Customer(number) => {
                let person = self.cast.customers[number];
                one(self.fresh(person))
            }
            Payee::Merchant => {
                let shop = self.dice.pick(&self.cast.merchants);
                one(self.fresh(shop))
            }
            Payee::Hot(number) => one(self.fresh(self.exchanges[number].hot)),
        }
    }

    /// Divides by weights, to the satoshi; what is left over goes to the last.
    fn weigh(
        &mut self,
        keys: &[(KeyRef, u64, Option<PurseId>)],
        amount_sat: u64,
    ) -> Vec<(KeyRef, u64)> {
        let whole: u128 = keys.iter().map(|row| u128::from(row.1)).sum();
        let mut left_sat = amount_sat;
        let mut outputs = Vec::with_capacity(keys.len());
        for (place, (key, weight, account)) in keys.iter().enumerate() {
            let part = u128::from(amount_sat) * u128::from(*weight) / whole.max(1);
            let part = u64::try_from(part).expect("a part of a u64");
            let sat = if place + 1 == keys.len() { left_sat } else { part };
            left_sat -= sat;
            if let Some(holder) = account {
                self.credit_account(*holder, sat);
            }
            outputs.push((*key, sat));
        }
        outputs
    }
}

fn outputs_of(payee: Payee) -> usize {
    match payee {
        Payee::Spread(_, count) => count as usize,
        _ => 1,
    }
}

fn kind_of(n_outputs: usize) -> TransactionKind {
    if n_outputs > 1 { TransactionKind::Payout } else { TransactionKind::Payment }
}

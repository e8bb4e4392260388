//! Transactions of one owner that look like mixing rounds: what a detector must not label.

use super::Simulation;
use super::paying::Draft;
use crate::keys::PurseId;
use crate::purse::total_sat;
use crate::transactions::TransactionKind;

/// An equal split or payout has so many outputs.
const EQUAL_MIN: u64 = 5;
const EQUAL_MAX: u64 = 14;

impl Simulation {
    pub(super) fn run_look_alikes(&mut self) {
        let done = self.mixer.n_look_alikes;
        if !self.is_due(self.spec.n_look_alikes, done as usize, 150, 950) {
            return;
        }
        let made = match done % 3 {
            0 => self.stonewall(),
            1 => self.equal_payout(),
            _ => self.equal_split(),
        };
        if made.is_some() {
            self.mixer.n_look_alikes += 1;
        }
    }

    /// Samourai's Stonewall: the amount twice, once to the payee and once to oneself, and two changes.
    fn stonewall(&mut self) -> Option<()> {
        let payer = self.dice.pick(&self.cast.mixable);
        let payee = self.dice.pick(&self.cast.customers);
        let amount_sat = self.payment_sat(payer);
        if payer == payee {
            return None;
        }
        let first = self.fund(payer, amount_sat, 1)?;
        let Some(second) = self.fund(payer, amount_sat, 1) else {
            self.put_back(first);
            return None;
        };
        let left = |coins: &[_]| total_sat(coins).saturating_sub(amount_sat + 12_000);
        let changes = [left(&first.coins), left(&second.coins)];
        if changes.iter().any(|sat| *sat < 1_000) {
            self.put_back(first);
            self.put_back(second);
            return None;
        }
        let inputs = [first.coins, second.coins].concat();
        let lock = self.purses[payer.index()].lock;
        let to = self.fresh(payee);
        let [decoy, change_a, change_b] = [0, 1, 2].map(|_| self.fresh_locked(payer, lock));
        let outputs =
            [(to, amount_sat), (decoy, amount_sat), (change_a, changes[0]), (change_b, changes[1])];
        let mut policy = self.policy(payer);
        policy.change.order = crate::wallet::OutputOrder::Bip69;
        self.make(Draft {
            kind: TransactionKind::Stonewall,
            purse: Some(payer),
            policy,
            inputs: &inputs,
            outputs: &outputs,
            change: &[2, 3],
            data: None,
        });
        Some(())
    }

    /// An exchange pays the same amount to many.
    fn equal_payout(&mut self) -> Option<()> {
        let number = self.dice.index(self.exchanges.len());
        let amount_sat = self.dice.pick(&[1_000_000, 5_000_000, 10_000_000]);
        let wanted = usize::try_from(self.dice.between(EQUAL_MIN, EQUAL_MAX)).expect("few");
        let mut holders = self.holders_of(number, amount_sat);
        self.dice.shuffle(&mut holders);
        holders.truncate(wanted);
        if holders.len() as u64 * 2 < EQUAL_MIN {
            return None;
        }
        let payments: Vec<(PurseId, u64)> =
            holders.into_iter().map(|holder| (holder, amount_sat)).collect();
        self.withdraw(number, &payments)
    }

    /// Somebody tidies up by splitting coins into equal ones.
    fn equal_split(&mut self) -> Option<()> {
        let owner = self.dice.pick(&self.cast.customers);
        let amount_sat = self.dice.pick(&[100_000, 1_000_000, 5_000_000]);
        let n = self.dice.between(EQUAL_MIN, EQUAL_MAX);
        let n_outputs = usize::try_from(n).expect("few");
        let funding = self.fund(owner, amount_sat * n, n_outputs)?;
        let lock = self.purses[owner.index()].lock;
        let payments: Vec<_> =
            (0..n).map(|_| (self.fresh_locked(owner, lock), amount_sat)).collect();
        self.spend_as(TransactionKind::Split, owner, funding, &payments, None);
        Some(())
    }
}

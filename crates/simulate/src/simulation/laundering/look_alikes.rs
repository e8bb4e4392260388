//! Honest businesses that look like cases.

use super::moves::{Payee, Payer, Portion};
use super::plan::{About, COIN_SAT, Planner};
use crate::block::MATURITY;
use crate::keys::{Lock, PurseId};
use crate::laundering::{Evasion, LookAlikeKind};
use crate::truth::OwnerKind;
use crate::wallet::Policy;

impl Planner<'_> {
    pub(super) fn look_alike(&mut self, kind: LookAlikeKind, number: u32) {
        self.begin(Evasion::None);
        match kind {
            LookAlikeKind::Payroll => self.payroll(number),
            LookAlikeKind::DonationDrive => self.donation_drive(number),
            LookAlikeKind::Saver => self.saver(number),
            LookAlikeKind::MiningPool => self.mining_pool(number),
            LookAlikeKind::Rebalancing => self.rebalancing(number),
        }
    }

    fn honest(&mut self, name: &str, kind: OwnerKind) -> PurseId {
        self.world.party(name, kind, Lock::P2wpkh, Policy::plain().reusing())
    }

    /// Heights before, within and after the quiet time, about so many in all.
    fn spread_out(&mut self, n: u32) -> Vec<u32> {
        let last = self.world.spec.n_blocks - 20;
        let first = MATURITY + 90;
        let step = (last - first) / n;
        (0..n).map(|turn| first + turn * step + self.between(0, step / 3)).collect()
    }

    fn some_customers(&mut self, n: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.world.cast.customers.len()).collect();
        self.dice.shuffle(&mut all);
        all.truncate(n);
        all
    }

    fn payroll(&mut self, number: u32) {
        let employer = self.honest(&format!("employer {number}"), OwnerKind::Merchant);
        let n_staff = self.between(15, 25);
        let staff = self.some_customers(n_staff as usize);
        let wage_sat = self.dice.between(5_000_000, 20_000_000);
        let bill_sat = wage_sat * staff.len() as u64;
        let filled = MATURITY + 30 + self.between(0, 40);
        self.pay_one(filled, Payer::Miner, Payee::Purse(employer), Portion::Fixed(5 * bill_sat));
        self.told = true;
        let to: Vec<_> = staff.into_iter().map(|one| (Payee::Customer(one), 1)).collect();
        for at in self.spread_out(3) {
            self.pay(at, Payer::Purse(employer), &to, Portion::Fixed(bill_sat));
        }
        self.end(About::LookAlike(LookAlikeKind::Payroll, employer));
    }

    fn donation_drive(&mut self, number: u32) {
        let charity = self.honest(&format!("charity {number}"), OwnerKind::Merchant);
        let start = self.start(220);
        self.told = true;
        for _ in 0..self.between(20, 40) {
            let at = start + self.between(0, 140);
            let sat = self.dice.between(50_000, 500_000);
            self.pay_one(at, Payer::Somebody, Payee::Purse(charity), Portion::Fixed(sat));
        }
        let spent = start + 160 + self.between(0, 40);
        self.pay_one(spent, Payer::Purse(charity), Payee::Merchant, Portion::PerMille(250));
        self.end(About::LookAlike(LookAlikeKind::DonationDrive, charity));
    }

    fn saver(&mut self, number: u32) {
        let saver = self.honest(&format!("saver {number}"), OwnerKind::Customer);
        let (_, quiet_to) = self.world.spec.quiet();
        self.told = true;
        for _ in 0..self.between(3, 5) {
            let at = MATURITY + 10 + self.between(0, 90);
            let sat = self.dice.between(COIN_SAT / 2, 2 * COIN_SAT);
            self.pay_one(at, Payer::Miner, Payee::Purse(saver), Portion::Fixed(sat));
        }
        let at = quiet_to + self.between(20, 200);
        self.pay_one(at, Payer::Purse(saver), Payee::Deposit(saver), Portion::PerMille(350));
        self.end(About::LookAlike(LookAlikeKind::Saver, saver));
    }

    fn mining_pool(&mut self, number: u32) {
        let pool = self.honest(&format!("pool {number}"), OwnerKind::Miner);
        let n_workers = self.between(30, 60);
        let workers = self.some_customers(n_workers as usize);
        let to: Vec<_> = workers
            .into_iter()
            .map(|one| (Payee::Customer(one), self.dice.between(100, 1_000)))
            .collect();
        let filled = MATURITY + 30 + self.between(0, 40);
        let sat = self.coins(12, 20);
        self.pay_one(filled, Payer::Miner, Payee::Purse(pool), Portion::Fixed(sat));
        self.told = true;
        for (at, left) in self.spread_out(4).into_iter().zip([5, 4, 3, 2]) {
            self.pay(at, Payer::Purse(pool), &to, Portion::PerMille(1_000 / left));
        }
        self.end(About::LookAlike(LookAlikeKind::MiningPool, pool));
    }

    fn rebalancing(&mut self, number: u32) {
        let n = self.world.exchanges.len();
        let from = number as usize % n;
        let to = (from + 1) % n;
        let sat = self.coins(2, 6);
        let start = self.start(120);
        let back = start + self.between(20, 90);
        self.told = true;
        self.pay_one(start, Payer::Hot(from), Payee::Hot(to), Portion::Fixed(sat));
        self.pay_one(back, Payer::Hot(to), Payee::Hot(from), Portion::Fixed(sat));
        let owner = self.world.exchanges[from].hot;
        self.end(About::LookAlike(LookAlikeKind::Rebalancing, owner));
    }
}

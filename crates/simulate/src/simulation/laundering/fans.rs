//! Cases with many counterparties: fan-in, fan-out, gather-scatter, scatter-gather.

use super::moves::{Payee, Payer, Portion};
use super::plan::Planner;
use crate::keys::PurseId;
use crate::laundering::{Evasion, Pattern};

use Pattern::{FanIn, FanOut, GatherScatter, Layering, PassThrough, RapidCashOut, ScatterGather};

/// Addresses that one payment of many goes to, where its payee has many.
const SPREAD_MAX: u32 = 3;

/// What a mule moves.
const MULE_SAT: (u64, u64) = (20_000_000, 29_000_000);

impl Planner<'_> {
    /// Mules, each paid by a defrauded customer, and when each has its money.
    fn paid_mules(&mut self, at: u32, n: u32, span: u32, shows: &[Pattern]) -> Vec<(PurseId, u32)> {
        let mut mules = Vec::new();
        for _ in 0..n {
            let mule = self.wallet(shows);
            let sat = self.dice.between(MULE_SAT.0, MULE_SAT.1);
            let paid = at + self.between(0, span);
            self.pay_one(paid, Payer::Somebody, Payee::Purse(mule), Portion::Fixed(sat));
            mules.push((mule, paid + 1));
        }
        mules
    }

    /// Further wallets of a fan's payments: few, so that the fan stays within a day.
    fn fewer_hops(&mut self) {
        if let Evasion::Hops { extra } = self.evasion {
            self.evasion = Evasion::Hops { extra: 1 + extra % 3 };
        }
    }

    /// Ten to sixteen mules pay a collector, who cashes out.
    pub(super) fn fan_in(&mut self) {
        self.fewer_hops();
        let start = self.start(170);
        let collector = self.wallet(&[FanIn, PassThrough, RapidCashOut]);
        let n = self.between(10, 16);
        let mules = self.paid_mules(start, n, 50, &[PassThrough]);
        let mut all_in = start;
        self.told = true;
        for (mule, ready) in mules {
            let at = ready + self.between(2, 10);
            let to = Payee::Purse(collector);
            all_in = all_in.max(self.leg_spread(at, mule, to, Portion::All, SPREAD_MAX));
        }
        self.told = false;
        let at = all_in + self.between(4, 12);
        self.leg(at, collector, Payee::Deposit(collector), Portion::All);
        self.end_case(FanIn, collector, None);
    }

    /// A lump goes to ten to sixteen mules, who spend some of it.
    pub(super) fn fan_out(&mut self) {
        self.fewer_hops();
        let start = self.start(170);
        let hub = self.wallet(&[FanOut, PassThrough]);
        let n = self.between(10, 16);
        self.addresses_for(n);
        let (source, ready) = self.lump(start, hub, u64::from(n) * MULE_SAT.1);
        self.told = true;
        let mules = self.scatter(ready + 2, hub, n, 60, &[]);
        self.told = false;
        for (mule, ready) in mules {
            let at = ready + self.between(3, 20);
            let share = self.dice.between(200, 500);
            self.pay_one(at, Payer::Purse(mule), Payee::Merchant, Portion::PerMille(share));
        }
        self.end_case(FanOut, hub, Some(source));
    }

    /// Everything in a hub goes to new wallets in about equal parts: one transaction in every third case, else one after the other.
    fn scatter(
        &mut self,
        at: u32,
        hub: PurseId,
        n: u32,
        span: u32,
        shows: &[Pattern],
    ) -> Vec<(PurseId, u32)> {
        let mules: Vec<PurseId> = (0..n).map(|_| self.wallet(shows)).collect();
        if self.evasion == Evasion::None && self.dice.chance(333) {
            let to: Vec<(Payee, u64)> = mules
                .iter()
                .map(|mule| (Payee::Purse(*mule), self.dice.between(900, 1_100)))
                .collect();
            self.pay(at, Payer::Purse(hub), &to, Portion::All);
            return mules.into_iter().map(|mule| (mule, at + 1)).collect();
        }
        let step = (span / n).max(1);
        let mut next = at;
        let mut paid = Vec::new();
        for (left, mule) in (1..=u64::from(n)).rev().zip(mules) {
            let part = if left == 1 { Portion::All } else { Portion::PerMille(1_000 / left) };
            let ready = self.leg_spread(next, hub, Payee::Purse(mule), part, SPREAD_MAX);
            // The next part is of what is left then, so this one has to be gone in all its parts.
            next = match self.evasion {
                Evasion::Split { parts } => next + parts.max(step),
                Evasion::Addresses { .. } => next + step.max(2),
                _ => next + step,
            };
            paid.push((mule, ready));
        }
        paid
    }

    /// Eight to twelve mules pay a hub, which pays eight to twelve others, within a day.
    pub(super) fn gather_scatter(&mut self) {
        self.fewer_hops();
        let start = self.start(170);
        let hub = self.wallet(&[GatherScatter, FanIn, FanOut, PassThrough]);
        let (n_in, n_out) = (self.between(8, 12), self.between(8, 12));
        let mules = self.paid_mules(start, n_in, 30, &[PassThrough]);
        self.told = true;
        let mut all_in = start;
        for (mule, ready) in mules {
            let at = ready + self.between(2, 8);
            all_in =
                all_in.max(self.leg_spread(at, mule, Payee::Purse(hub), Portion::All, SPREAD_MAX));
        }
        let at = all_in + self.between(1, 6);
        self.scatter(at, hub, n_out, 40, &[]);
        self.told = false;
        self.end_case(GatherScatter, hub, None);
    }

    /// A lump goes to eight to twelve wallets, which all pay one other wallet, within a day.
    pub(super) fn scatter_gather(&mut self) {
        self.fewer_hops();
        let start = self.start(170);
        let whole = [ScatterGather, FanOut, PassThrough, Layering];
        let first = self.wallet(&whole);
        let last = self.wallet(&[ScatterGather, FanIn, PassThrough, RapidCashOut]);
        let n = self.between(8, 12);
        self.addresses_for(n);
        let (source, ready) = self.lump(start, first, u64::from(n) * MULE_SAT.1);
        self.told = true;
        let between =
            self.scatter(ready + 1, first, n, 36, &[ScatterGather, PassThrough, Layering]);
        for (wallet, ready) in between {
            let at = ready + self.between(2, 10);
            self.leg_spread(at, wallet, Payee::Purse(last), Portion::All, SPREAD_MAX);
        }
        self.told = false;
        self.end_case(ScatterGather, first, Some(source));
    }
}

//! Cases at services: structuring, a mixer, rapid cash-out.

use super::moves::{Payee, Payer, Portion};
use super::plan::{COIN_SAT, Planner};
use crate::laundering::{Evasion, Pattern};

use Pattern::{
    FanIn, FanOut, MixerWithinAHop, PassThrough, RapidCashOut, ScatterGather, Structuring,
};

/// Payments just below 10,000 dollars, in cents.
const BELOW_TEN_THOUSAND: (u64, u64) = (820_000, 975_000);
/// Payments just below 3,000 dollars.
const BELOW_THREE_THOUSAND: (u64, u64) = (245_000, 290_000);

impl Planner<'_> {
    /// Four to six payments below 10,000 dollars within a day, to accounts at an exchange or to one collector; split into
    /// payments below 3,000 where the evasion is to split.
    pub(super) fn structuring(&mut self) {
        if let Evasion::Hops { extra } = self.evasion {
            self.evasion = Evasion::Hops { extra: 1 + extra % 4 };
        }
        if let Evasion::Addresses { linked, .. } = self.evasion {
            self.evasion = Evasion::Addresses { count: 6, linked };
        }
        let start = self.start(170);
        // Payments to one payee, each through wallets of its own, are branches that come together again.
        let branches: &[Pattern] = match self.evasion {
            Evasion::Hops { .. } => &[ScatterGather],
            _ => &[],
        };
        let shows = [&[Structuring, FanOut, PassThrough, RapidCashOut], branches].concat();
        let payer = self.wallet(&shows);
        let (source, ready) = self.lump(start, payer, 6 * COIN_SAT);
        let (range, n) = match self.evasion {
            Evasion::Split { .. } => (BELOW_THREE_THOUSAND, self.between(8, 14)),
            _ => (BELOW_TEN_THOUSAND, self.between(4, 6)),
        };
        let split = self.evasion;
        if matches!(split, Evasion::Split { .. }) {
            self.evasion = Evasion::None;
        }
        let to = match self.dice.chance(500) {
            true => Payee::Purse(self.wallet(&[Structuring, FanIn])),
            false => Payee::Deposit(payer),
        };
        let mut at = ready + self.between(2, 8);
        self.told = true;
        for _ in 0..n {
            let cents = self.dice.between(range.0, range.1);
            self.leg_spread(at, payer, to, Portion::Cents(cents), 1);
            at += 2 + self.between(1, 100 / n);
        }
        self.told = false;
        self.evasion = split;
        self.end_case(Structuring, payer, Some(source));
    }

    /// Everything goes to a mixer, whose pool pays another wallet of the same people in two or three parts.
    pub(super) fn mixer_within_a_hop(&mut self) {
        let start = self.start(170);
        let mixer = self.mixer.expect("a world with laundering has a mixer");
        let before = self.wallet(&[MixerWithinAHop, PassThrough]);
        let after = self.wallet(&[MixerWithinAHop, PassThrough]);
        let sat = self.coins(2, 6);
        let (source, ready) = self.lump(start, before, sat);
        self.told = true;
        // The wallet next to the mixer is the one that pays it: further wallets stand before it.
        let pays = if let Evasion::Hops { extra } = self.evasion {
            let near = self.wallet(&[MixerWithinAHop, PassThrough]);
            let at = self.hop_leg(ready + 1, before, Payee::Purse(near), Portion::All, extra);
            (near, at)
        } else {
            (before, ready)
        };
        let inflated = std::mem::take(&mut self.evasion);
        self.evasion =
            if matches!(inflated, Evasion::Hops { .. }) { Evasion::None } else { inflated };
        let at = pays.1 + self.between(2, 10);
        let mut at = self.leg(at, pays.0, Payee::Purse(mixer), Portion::All);
        let n_parts = self.between(2, 3);
        for _ in 0..n_parts {
            at += self.between(4, 14);
            let part = Portion::Fixed(sat * 97 / 100 / u64::from(n_parts));
            self.pay_one(at, Payer::Purse(mixer), Payee::Purse(after), part);
        }
        self.told = false;
        self.evasion = inflated;
        let subject = pays.0;
        self.end_case(MixerWithinAHop, subject, Some(source));
    }

    /// A lump comes in, and goes to an exchange in two deposits within one to five blocks.
    pub(super) fn rapid_cash_out(&mut self) {
        let start = self.start(170);
        let sat = self.coins(2, 6);
        let hops = if let Evasion::Hops { extra } = self.evasion { extra } else { 0 };
        let first = self.wallet(&[RapidCashOut, PassThrough]);
        let (source, ready) = self.lump(start, first, sat);
        self.told = true;
        // Further wallets stand before the one that cashes out.
        let (wallet, ready) = if hops > 0 {
            let near = self.wallet(&[RapidCashOut, PassThrough]);
            (near, self.hop_leg(ready, first, Payee::Purse(near), Portion::All, hops))
        } else {
            (first, ready)
        };
        let inflated = std::mem::take(&mut self.evasion);
        self.evasion = if hops > 0 { Evasion::None } else { inflated };
        self.account_at_known(wallet);
        let at = ready + self.between(0, 1);
        let half = self.leg(at, wallet, Payee::Deposit(wallet), Portion::PerMille(500));
        let rest_at = half + self.between(0, 1);
        self.leg(rest_at, wallet, Payee::Deposit(wallet), Portion::All);
        self.told = false;
        self.evasion = inflated;
        self.end_case(RapidCashOut, wallet, Some(source));
    }
}

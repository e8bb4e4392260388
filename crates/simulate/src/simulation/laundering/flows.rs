//! Cases along a way: cycle, peeling chain, layering, pass-through, dormancy then drain.

use super::moves::{Payee, Payer, Portion};
use super::plan::Planner;
use crate::keys::PurseId;
use crate::laundering::{Evasion, Pattern};

use Pattern::{
    DormancyThenDrain, FanIn, Layering, PassThrough, PeelingChain, ScatterGather, TemporalCycle,
};

impl Planner<'_> {
    /// Three to five wallets in a ring; further wallets lengthen one payment of it.
    pub(super) fn temporal_cycle(&mut self) {
        let start = self.start(170);
        let n = self.between(3, 5);
        let shows = [TemporalCycle, PassThrough, Layering];
        let ring: Vec<PurseId> = (0..n).map(|_| self.wallet(&shows)).collect();
        let sat = self.coins(3, 9);
        let (source, ready) = self.lump(start, ring[0], sat);
        self.told = true;
        let mut at = ready + self.between(1, 6);
        let inflated = self.evasion;
        for (place, from) in ring.iter().enumerate() {
            let to = Payee::Purse(ring[(place + 1) % ring.len()]);
            if place > 0 && matches!(inflated, Evasion::Hops { .. }) {
                self.evasion = Evasion::None;
            }
            // Who is paid at new addresses has to keep a coin from before, or nothing ever ties both ends of the ring.
            let linked = matches!(self.evasion, Evasion::Addresses { linked: true, .. });
            let part = if place == 0 && linked { Portion::PerMille(990) } else { Portion::All };
            at = self.leg(at, *from, to, part) + self.between(1, 9);
        }
        self.evasion = inflated;
        self.told = false;
        self.end_case(TemporalCycle, ring[0], Some(source));
    }

    /// Eight to sixteen peels of 2 to 8 %; split into parallel chains, or lengthened by steps that pay nobody.
    pub(super) fn peeling_chain(&mut self) {
        let start = self.start(170);
        let sat = self.coins(4, 12);
        let n_chains = if let Evasion::Split { parts } = self.evasion { parts } else { 1 };
        let shows = [PeelingChain, PassThrough, Layering];
        let first = self.wallet_afresh(&shows);
        let (source, ready) = self.lump(start, first, sat);
        self.told = true;
        let mut chains = vec![first];
        let mut at = ready + 1;
        for left in (2..=u64::from(n_chains)).rev() {
            let next = self.wallet_afresh(&shows);
            let part = Portion::PerMille(1_000 / left);
            self.pay_one(at, Payer::Purse(first), Payee::Purse(next), part);
            chains.push(next);
            at += 1;
        }
        for chain in chains {
            self.peel_down(at, chain);
        }
        self.told = false;
        self.end_case(PeelingChain, first, Some(source));
    }

    fn peel_down(&mut self, start: u32, chain: PurseId) {
        let n_peels = self.between(8, 16);
        let idle = if let Evasion::Hops { extra } = self.evasion { extra.min(4) } else { 0 };
        let mut at = start + self.between(1, 4);
        let linked = matches!(self.evasion, Evasion::Addresses { linked: true, .. });
        if linked {
            let (told, all) = (self.told, Portion::All);
            self.told = false;
            self.pay_one(at, Payer::Purse(chain), Payee::Purse(chain), all);
            self.told = told;
            at += 1;
        }
        for _ in 0..n_peels {
            let share = Portion::PerMille(self.dice.between(20, 80));
            let payee = match self.dice.below(3) {
                0 => Payee::Merchant,
                1 => Payee::Person,
                _ => Payee::Deposit(chain),
            };
            self.pay_one(at, Payer::Purse(chain), payee, share);
            for _ in 0..idle {
                at += 1;
                self.pay_one(at, Payer::Purse(chain), Payee::Purse(chain), Portion::All);
            }
            at += self.between(1, 4);
        }
    }

    /// Three or four levels of two or three wallets; each pays two of the next level; one wallet at the end.
    pub(super) fn layering(&mut self) {
        if let Evasion::Hops { extra } = self.evasion {
            self.evasion = Evasion::Hops { extra: 1 + extra % 4 };
        }
        let start = self.start(170);
        let shows = [Layering, PassThrough, ScatterGather];
        let first = self.wallet(&shows);
        let sat = self.coins(5, 12);
        let (source, ready) = self.lump(start, first, sat);
        self.told = true;
        let mut level = vec![(first, ready)];
        for _ in 0..self.between(3, 4) {
            let width = self.between(2, 3);
            let next: Vec<PurseId> = (0..width).map(|_| self.wallet(&shows)).collect();
            level = self.pass_level(&level, &next);
        }
        let last = self.wallet(&shows);
        self.pass_level(&level, &[last]);
        self.told = false;
        self.end_case(Layering, first, Some(source));
    }

    /// Each wallet of a level pays one or two of the next, all of which are paid; gives when each has its money.
    fn pass_level(&mut self, level: &[(PurseId, u32)], next: &[PurseId]) -> Vec<(PurseId, u32)> {
        let mut ready: Vec<(PurseId, u32)> = next.iter().map(|wallet| (*wallet, 0)).collect();
        for (place, (from, since)) in level.iter().enumerate() {
            // Two neighbors, or all of them where there is one payer only.
            let n_paid = if level.len() == 1 { next.len() } else { next.len().min(2) };
            let mut at = since + self.between(1, 6);
            for turn in 0..n_paid {
                let to = (place + turn) % next.len();
                let part = match n_paid - turn {
                    1 => Portion::All,
                    left => Portion::PerMille(1_000 / left as u64),
                };
                let arrived = self.leg(at, *from, Payee::Purse(next[to]), part);
                ready[to].1 = ready[to].1.max(arrived);
                at = match self.evasion {
                    Evasion::None => at,
                    Evasion::Split { parts } => at + parts,
                    _ => at + 2,
                };
            }
        }
        ready.retain(|row| row.1 > 0);
        ready
    }

    /// Twice or three times: a lump comes in, and goes out within one to four blocks.
    pub(super) fn pass_through(&mut self) {
        let start =
            self.start(if matches!(self.evasion, Evasion::Hops { .. }) { 290 } else { 170 });
        let wallet = self.wallet(&[PassThrough, Layering]);
        let end = self.wallet(&[PassThrough]);
        let mut at = start;
        let mut first_source = None;
        let rounds =
            if matches!(self.evasion, Evasion::Hops { .. }) { 2 } else { self.between(2, 3) };
        for _ in 0..rounds {
            let sat = self.coins(2, 6);
            self.told = false;
            let (source, ready) = self.lump(at, wallet, sat);
            first_source = first_source.or(Some(source));
            self.told = true;
            let goes = ready + self.between(0, 2);
            at = self.leg(goes, wallet, Payee::Purse(end), Portion::All) + self.between(5, 15);
        }
        self.told = false;
        self.end_case(PassThrough, wallet, first_source);
    }

    /// Filled in three to five payments, at rest through the quiet time, emptied in three or four payments within a day.
    pub(super) fn dormancy_then_drain(&mut self) {
        let (quiet_from, quiet_to) = self.world.spec.quiet();
        if let Evasion::Hops { extra } = self.evasion {
            self.evasion = Evasion::Hops { extra: 1 + extra % 5 };
        }
        let wallet = self.wallet(&[DormancyThenDrain, FanIn]);
        let mut source = None;
        let n_fills = self.between(3, 5);
        for _ in 0..n_fills {
            let at = quiet_from.saturating_sub(self.between(40, 100));
            let sat = self.coins(1, 3);
            source = source.or(Some(self.lump(at, wallet, sat).0));
        }
        let wakes = quiet_to + self.between(30, 150);
        let n_drains = self.between(3, 4);
        let mut at = wakes;
        self.told = true;
        for left in (1..=u64::from(n_drains)).rev() {
            let part = if left == 1 { Portion::All } else { Portion::PerMille(1_000 / left) };
            let to = Payee::Purse(self.wallet(&[PassThrough]));
            let arrived = self.leg(at, wallet, to, part);
            at = match self.evasion {
                Evasion::Split { .. } => arrived,
                _ => at + 2,
            } + self.between(1, 10);
        }
        self.told = false;
        self.end_case(DormancyThenDrain, wallet, source);
    }
}

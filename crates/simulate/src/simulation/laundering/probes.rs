//! Probes: a listed party pays A, A pays B, B pays the end, with one address an actor and with many.

use super::moves::{Payee, Payer, Portion};
use super::plan::{About, COIN_SAT, Planner, ProbePlan};
use crate::block::MATURITY;
use crate::keys::{Lock, PurseId};
use crate::laundering::Evasion;
use crate::truth::OwnerKind;
use crate::wallet::Policy;

/// Blocks before the quiet time in which a way of owners who keep begins: enough for twenty further wallets.
const BEFORE_QUIET: u32 = 100;

impl Planner<'_> {
    /// Every manner of one set of probes.
    pub(super) fn probe_set(&mut self, set: u32) {
        let many = self.world.spec.laundering.n_probe_addresses.max(2);
        let few = (many / 10).max(2);
        let manners = [
            Evasion::None,
            Evasion::Addresses { count: many, linked: true },
            Evasion::Addresses { count: few, linked: false },
            Evasion::Split { parts: 8 },
            Evasion::Hops { extra: 1 },
            Evasion::Hops { extra: 5 },
            Evasion::Hops { extra: 20 },
        ];
        for passes_on in [true, false] {
            for evasion in manners {
                self.probe(set, evasion, passes_on);
            }
        }
    }

    fn probe(&mut self, set: u32, evasion: Evasion, passes_on: bool) {
        self.begin(evasion);
        let source = self.listed(&format!("listed {set} {}", self.world.owners.len()));
        let funded = MATURITY + 12 + self.between(0, 60);
        self.pay_one(funded, Payer::Miner, Payee::Purse(source), Portion::Fixed(9 * COIN_SAT));
        let (quiet_from, quiet_to) = self.world.spec.quiet();
        let later = self.between(2, 10);
        let start = if passes_on { quiet_to + later } else { quiet_from - BEFORE_QUIET + later };
        let [a, b, end] = [0, 1, 2].map(|_| self.wallet(&[]));
        // Who keeps two fifths pays the rest in the quiet time, days later.
        let part = if passes_on { Portion::All } else { Portion::PerMille(600) };
        let at = |ready: u32, days: u32| if passes_on { ready + 1 } else { quiet_from + days };
        let ready = self.leg(start, source, Payee::Purse(a), Portion::Fixed(8 * COIN_SAT));
        // Only the first payment goes through further wallets: all of them pass on.
        self.evasion =
            if matches!(evasion, Evasion::Hops { .. }) { Evasion::None } else { evasion };
        let ready = self.leg(at(ready, 5), a, Payee::Purse(b), part);
        self.leg(at(ready, 25), b, Payee::Purse(end), part);
        let extra = if let Evasion::Hops { extra } = evasion { extra } else { 0 };
        self.end(About::Probe(ProbePlan {
            set,
            evasion,
            passes_on,
            source,
            end,
            hops: 3 + extra,
            hops_contracted: if passes_on { 1 } else { 3 },
        }));
        self.leave_out();
    }

    /// A listed party of its own: what else a shared one pays would be a shorter way.
    fn listed(&mut self, name: &str) -> PurseId {
        let policy = Policy::plain().reusing();
        let purse = self.world.party(name, OwnerKind::Sanctioned, Lock::P2wpkh, policy);
        self.world.underworld.tags.push((purse, name.to_owned(), "sanction"));
        self.world.underworld.others.push(purse);
        purse
    }
}

//! The planner: wallets, payments by the evasion of a case, and the plan that comes of it.

use std::collections::BTreeSet;

use super::Plan;
use super::moves::{Act, Move, Payee, Payer, Portion, Role};
use crate::block::MATURITY;
use crate::dice::Dice;
use crate::keys::{Lock, PurseId};
use crate::laundering::{Evasion, LookAlikeKind, Pattern, PlantedActor};
use crate::simulation::Simulation;
use crate::truth::OwnerKind;
use crate::wallet::{ChangeAddress, Policy};

/// A coin.
pub(super) const COIN_SAT: u64 = 100_000_000;

/// The locks of wallets of the underworld.
const LOCKS: [Lock; 4] = [Lock::P2wpkh, Lock::P2wpkh, Lock::P2pkh, Lock::P2tr];

/// What a plan is for.
#[derive(Clone, Debug)]
pub(super) enum About {
    Case(CasePlan),
    LookAlike(LookAlikeKind, PurseId),
    Probe(ProbePlan),
    /// What others need; the truth does not name it.
    Preparation,
}

#[derive(Clone, Debug)]
pub(super) struct CasePlan {
    pub(super) pattern: Pattern,
    pub(super) evasion: Evasion,
    pub(super) subject: PurseId,
    pub(super) actors: Vec<PlantedActor>,
    pub(super) source: Option<PurseId>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ProbePlan {
    pub(super) set: u32,
    pub(super) evasion: Evasion,
    pub(super) passes_on: bool,
    pub(super) source: PurseId,
    pub(super) end: PurseId,
    pub(super) hops: u32,
    pub(super) hops_contracted: u32,
}

/// Makes plans; what stands here below `dice` is of the plan in the making.
pub(super) struct Planner<'a> {
    pub(super) world: &'a mut Simulation,
    pub(super) dice: Dice,
    pub(super) sources: Vec<PurseId>,
    pub(super) mixer: Option<PurseId>,
    n_wallets: u32,
    pub(super) evasion: Evasion,
    moves: Vec<Move>,
    actors: Vec<PlantedActor>,
    /// Wallets of this plan.
    own: BTreeSet<PurseId>,
    /// Those of them that hold coins at several addresses that have not met.
    scattered: BTreeSet<PurseId>,
    /// Whether moves planned now are part of what the plan is about.
    pub(super) told: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(world: &'a mut Simulation, dice: Dice) -> Self {
        Self {
            world,
            dice,
            sources: Vec::new(),
            mixer: None,
            n_wallets: 0,
            evasion: Evasion::None,
            moves: Vec::new(),
            actors: Vec::new(),
            own: BTreeSet::new(),
            scattered: BTreeSet::new(),
            told: false,
        }
    }

    pub(super) fn begin(&mut self, evasion: Evasion) {
        self.evasion = evasion;
        self.told = false;
        (self.own, self.scattered) = (BTreeSet::new(), BTreeSet::new());
    }

    /// Ends the plan: whoever still holds coins apart and links them does so now.
    pub(super) fn end(&mut self, about: About) {
        self.told = false;
        if matches!(self.evasion, Evasion::Addresses { linked: true, .. }) {
            let last = self.moves.iter().map(|one| one.height).max().unwrap_or_default();
            for purse in std::mem::take(&mut self.scattered) {
                self.push(last + 1, Act::Gather(purse));
            }
        }
        let mut moves = std::mem::take(&mut self.moves);
        moves.sort_by_key(|one| one.height); // stable: what was planned first comes first
        self.world.underworld.plans.push(Plan { about, moves, n_done: 0, done: Vec::new() });
    }

    pub(super) fn end_case(&mut self, pattern: Pattern, subject: PurseId, source: Option<PurseId>) {
        let actors = std::mem::take(&mut self.actors);
        let evasion = self.evasion;
        self.end(About::Case(CasePlan { pattern, evasion, subject, actors, source }));
    }

    /// A new owner with a wallet: one address for everything, or by the evasion a new one for each payment received.
    pub(super) fn wallet(&mut self, shows: &[Pattern]) -> PurseId {
        let mut policy = Policy::plain().reusing();
        if matches!(self.evasion, Evasion::Addresses { .. }) {
            policy.habits.reuse_per_mille = 0;
        }
        self.wallet_like(policy, shows)
    }

    pub(super) fn wallet_like(&mut self, policy: Policy, shows: &[Pattern]) -> PurseId {
        let name = format!("launderer {}", self.n_wallets);
        self.n_wallets += 1;
        let lock = self.dice.pick(&LOCKS);
        let purse = self.world.party(&name, OwnerKind::Launderer, lock, policy);
        self.own.insert(purse);
        let owner = self.world.owner(purse);
        // Payments in small equal parts are below some threshold, and a row of further wallets is layers.
        let too: &[Pattern] = match self.evasion {
            Evasion::Split { .. } => &[Pattern::Structuring],
            Evasion::Hops { .. } => &[Pattern::Layering, Pattern::PassThrough],
            _ => &[],
        };
        let mut shows = [shows, too].concat();
        shows.sort_unstable();
        shows.dedup();
        self.actors.push(PlantedActor { owner, shows });
        purse
    }

    /// A wallet that gives a new address for change too.
    pub(super) fn wallet_afresh(&mut self, shows: &[Pattern]) -> PurseId {
        let mut policy = Policy::plain();
        policy.change.address = ChangeAddress::Fresh;
        self.wallet_like(policy, shows)
    }

    /// Whoever is in the plan in the making is illicit and takes part in no case.
    pub(super) fn leave_out(&mut self) {
        self.actors.clear();
        self.world.underworld.others.extend(std::mem::take(&mut self.own));
    }

    fn push(&mut self, height: u32, act: Act) {
        let is_part = self.told && !matches!(act, Act::Gather(_));
        let role = if is_part { Role::Part } else { Role::Around };
        self.moves.push(Move { height, act, role });
    }

    /// A payment without any evasion.
    pub(super) fn pay(&mut self, at: u32, from: Payer, to: &[(Payee, u64)], portion: Portion) {
        self.push(at, Act::Pay { from, to: to.to_vec(), portion });
    }

    pub(super) fn pay_one(&mut self, at: u32, from: Payer, to: Payee, portion: Portion) {
        self.pay(at, from, &[(to, 1)], portion);
    }

    /// A payment by the evasion of the case; gives the height at which all of it can be spent.
    pub(super) fn leg(&mut self, at: u32, from: PurseId, to: Payee, portion: Portion) -> u32 {
        self.leg_spread(at, from, to, portion, u32::MAX)
    }

    /// The same, to at most so many addresses where a payee has many.
    pub(super) fn leg_spread(
        &mut self,
        at: u32,
        from: PurseId,
        to: Payee,
        portion: Portion,
        spread_max: u32,
    ) -> u32 {
        match self.evasion {
            Evasion::None => self.pay_one(at, Payer::Purse(from), to, portion),
            Evasion::Split { parts } => {
                for (place, part) in (0..).zip(portion.parts(parts)) {
                    self.pay_one(at + place, Payer::Purse(from), to, part);
                }
                return at + parts;
            }
            Evasion::Hops { extra } => return self.hop_leg(at, from, to, portion, extra),
            Evasion::Addresses { count, linked } => {
                return self.spread_leg(at, from, to, portion, count.min(spread_max), linked);
            }
        }
        at + 1
    }

    /// Through further wallets, each of which passes on after one to three blocks.
    pub(super) fn hop_leg(
        &mut self,
        at: u32,
        from: PurseId,
        to: Payee,
        portion: Portion,
        extra: u32,
    ) -> u32 {
        let (mut at, mut from, mut portion) = (at, from, portion);
        for _ in 0..extra {
            let hop = self.wallet_like(
                Policy::plain().reusing(),
                &[Pattern::PassThrough, Pattern::Layering, Pattern::RapidCashOut],
            );
            self.pay_one(at, Payer::Purse(from), Payee::Purse(hop), portion);
            (from, portion) = (hop, Portion::All);
            at += u32::try_from(self.dice.between(1, 3)).expect("few");
        }
        self.pay_one(at, Payer::Purse(from), to, portion);
        at + 1
    }

    fn spread_leg(
        &mut self,
        at: u32,
        from: PurseId,
        to: Payee,
        portion: Portion,
        count: u32,
        linked: bool,
    ) -> u32 {
        let mut at = at;
        let is_own = self.own.contains(&from);
        if linked && self.scattered.remove(&from) {
            let told = std::mem::replace(&mut self.told, false);
            self.push(at, Act::Gather(from));
            self.told = told;
            at += 1;
        }
        let payer = if is_own && !linked { Payer::Apart(from) } else { Payer::Purse(from) };
        // Who pays coin by coin spreads by that alone.
        let count = if matches!(payer, Payer::Apart(_)) { 1 } else { count };
        let to = match to {
            Payee::Purse(purse) if self.own.contains(&purse) => {
                self.scattered.insert(purse);
                Payee::Spread(purse, count)
            }
            other => other,
        };
        self.pay_one(at, payer, to, portion);
        at + 1
    }

    /// Money from an illicit source to the first wallet of a case: a victim, paid long before, pays the source.
    pub(super) fn lump(&mut self, at: u32, to: PurseId, sat: u64) -> (PurseId, u32) {
        let source = self.dice.pick(&self.sources);
        let name = format!("victim {}", self.n_wallets);
        self.n_wallets += 1;
        let policy = Policy::plain().reusing();
        let victim = self.world.party(&name, OwnerKind::Victim, Lock::P2wpkh, policy);
        let funded = MATURITY + 8 + u32::try_from(self.dice.below(70)).expect("few");
        self.pay_one(funded, Payer::Miner, Payee::Purse(victim), Portion::Fixed(2 * sat));
        let ransom_at = at - self.between(3, 20);
        let taken = Portion::Fixed(sat + COIN_SAT / 100);
        self.pay_one(ransom_at, Payer::Purse(victim), Payee::Purse(source), taken);
        self.moves.iter_mut().rev().take(2).for_each(|one| one.role = Role::Before);
        (source, self.leg(at, source, Payee::Purse(to), Portion::Fixed(sat)))
    }

    /// An account at an exchange that is tagged, for cases that only a known exchange can show.
    pub(super) fn account_at_known(&mut self, holder: PurseId) {
        let n_known = self.world.exchanges.len().saturating_sub(1).max(1);
        let number = self.dice.index(n_known);
        self.world.underworld.accounts.insert(holder, number);
    }

    /// As many addresses as there are payees, at least: coins that never meet pay one each.
    pub(super) fn addresses_for(&mut self, n: u32) {
        if let Evasion::Addresses { count, linked } = self.evasion {
            self.evasion = Evasion::Addresses { count: count.max(n), linked };
        }
    }

    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        u32::try_from(self.dice.between(u64::from(low), u64::from(high))).expect("between two u32")
    }

    /// A number of whole coins, in satoshi.
    pub(super) fn coins(&mut self, low: u64, high: u64) -> u64 {
        self.dice.between(low * COIN_SAT, high * COIN_SAT)
    }

    /// Where a case may begin: late enough for its victim to be rich, early enough to end before the quiet or the last block.
    pub(super) fn start(&mut self, needs: u32) -> u32 {
        let (quiet_from, quiet_to) = self.world.spec.quiet();
        let before = (MATURITY + 115, quiet_from.saturating_sub(needs));
        let after = (quiet_to + 30, self.world.spec.n_blocks.saturating_sub(needs));
        let room = |(from, to): (u32, u32)| u64::from(to.saturating_sub(from));
        let at = self.dice.below((room(before) + room(after)).max(1));
        let at = u32::try_from(at).expect("below the last height");
        let in_first = u32::try_from(room(before)).expect("below the last height");
        if at < in_first { before.0 + at } else { after.0 + (at - in_first) }
    }
}

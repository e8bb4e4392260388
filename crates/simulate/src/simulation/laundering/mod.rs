//! Planted laundering: plans made before the first block, carried out beside ordinary life.
//!
//! A [`Plan`] is a list of moves by height, made by the planner (`plan.rs`) and by one function a pattern (`fans.rs`, `flows.rs`,
//! `services.rs`), a look-alike (`look_alikes.rs`) and a way of a probe (`probes.rs`). Moves of a plan happen in their order; one that cannot
//! happen yet (a payer lacks the coins) is tried again at the next block and holds up the rest of its plan only.
//! Chance comes from a stream of its own, so that a world without laundering has the bytes that it had before.

mod cast;
mod fans;
mod flows;
mod look_alikes;
mod moves;
mod plan;
mod probes;
mod services;

use std::collections::BTreeMap;

use ledger::TxId;

use super::Simulation;
use crate::dice::Dice;
use crate::keys::{KeyRef, PurseId};
use crate::laundering::{Laundering, LookAlike, PlantedCase, PlantedTag, Probe};
use moves::{Move, Role};
use plan::{About, CasePlan, ProbePlan};

/// What is planned and what has been done of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Underworld {
    /// For chance while plans are carried out.
    dice: Option<Dice>,
    plans: Vec<Plan>,
    /// Purses whose first address is tagged, with label and concept.
    tags: Vec<(PurseId, String, &'static str)>,
    /// Who has an account at which exchange, where that matters.
    accounts: BTreeMap<PurseId, usize>,
    /// Illicit parties outside of cases.
    others: Vec<PurseId>,
}

#[derive(Clone, Debug)]
struct Plan {
    about: About,
    /// By height.
    moves: Vec<Move>,
    /// How many of them have happened.
    n_done: usize,
    done: Vec<Done>,
}

/// A transaction of a plan.
#[derive(Clone, Copy, Debug)]
struct Done {
    tx_id: TxId,
    height: u32,
    /// What it paid, change not counted.
    paid_sat: u64,
    role: Role,
}

impl Simulation {
    /// Whether blocks come once a day now.
    pub(super) fn is_quiet(&self) -> bool {
        let (from, to) = self.spec.quiet();
        (from..to).contains(&self.height)
    }

    /// The exchange that a plan chose for this party.
    pub(super) fn account_at(&self, holder: PurseId) -> Option<usize> {
        self.underworld.accounts.get(&holder).copied()
    }

    /// Everything that is due.
    pub(super) fn run_laundering(&mut self) {
        for number in 0..self.underworld.plans.len() {
            while self.next_move(number).is_some() {}
        }
    }

    fn next_move(&mut self, number: usize) -> Option<()> {
        let plan = &self.underworld.plans[number];
        let due = plan.moves.get(plan.n_done).filter(|next| next.height <= self.height)?;
        let (act, role) = (due.act.clone(), due.role);
        let sent = self.carry_out(&act)?;
        let height = self.height;
        let plan = &mut self.underworld.plans[number];
        plan.n_done += 1;
        plan.done.extend(sent.into_iter().map(|(tx_id, paid_sat)| Done {
            tx_id,
            height,
            paid_sat,
            role,
        }));
        Some(())
    }

    /// What is true of it, after the last block.
    pub(super) fn laundering(&self) -> Laundering {
        let mut told = Laundering::default();
        let underworld = &self.underworld;
        for plan in &underworld.plans {
            if plan.n_done < plan.moves.len() {
                let next = &plan.moves[plan.n_done];
                told.unfinished.push(format!("{:?} at {next:?}", plan.about));
                continue;
            }
            let part = plan.done.iter().filter(|done| done.role == Role::Part);
            let transactions = part.map(|done| done.tx_id).collect();
            match &plan.about {
                About::Case(case) => told.cases.push(self.case(case, plan, transactions)),
                About::LookAlike(kind, purse) => told.look_alikes.push(LookAlike {
                    kind: *kind,
                    owner: self.owner(*purse),
                    transactions,
                }),
                About::Probe(probe) => told.probes.push(self.probe(probe)),
                About::Preparation => {}
            }
        }
        told.tags = underworld.tags.iter().filter_map(|tag| self.planted_tag(tag)).collect();
        told.others = underworld.others.iter().map(|purse| self.owner(*purse)).collect();
        told.others.sort_unstable();
        told.others.dedup();
        told
    }

    fn case(&self, case: &CasePlan, plan: &Plan, transactions: Vec<TxId>) -> PlantedCase {
        let part = || plan.done.iter().filter(|done| done.role == Role::Part);
        let around = || plan.done.iter().filter(|done| done.role != Role::Before);
        let or_0 = |height: Option<u32>| height.unwrap_or_default();
        PlantedCase {
            pattern: case.pattern,
            evasion: case.evasion,
            subject: self.owner(case.subject),
            actors: case.actors.clone(),
            source: case.source.map(|purse| self.owner(purse)),
            transactions,
            first_height: or_0(part().map(|done| done.height).min()),
            last_height: or_0(part().map(|done| done.height).max()),
            active_from: or_0(around().map(|done| done.height).min()),
            active_to: or_0(around().map(|done| done.height).max()),
            amount_sat: part().map(|done| done.paid_sat).sum(),
        }
    }

    fn probe(&self, probe: &ProbePlan) -> Probe {
        let lock = self.purses[probe.end.index()].lock;
        let keys = 0..self.purses[probe.end.index()].n_keys;
        let address = |number| self.address(KeyRef { purse: probe.end, number, lock });
        Probe {
            set: probe.set,
            evasion: probe.evasion,
            passes_on: probe.passes_on,
            source: self.owner(probe.source),
            owner: self.owner(probe.end),
            addresses: keys.map(address).collect(),
            hops: probe.hops,
            hops_contracted: probe.hops_contracted,
        }
    }

    /// The first address of a purse; `None` where nobody ever paid it.
    fn planted_tag(&self, tag: &(PurseId, String, &'static str)) -> Option<PlantedTag> {
        let (purse, label, concept) = tag;
        let owned = &self.purses[purse.index()];
        (owned.n_keys > 0).then(|| PlantedTag {
            address: self.address(KeyRef { purse: *purse, number: 0, lock: owned.lock }),
            owner: owned.owner,
            label: label.clone(),
            concept,
        })
    }
}

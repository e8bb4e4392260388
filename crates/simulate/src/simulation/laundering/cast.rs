//! Who launders: sources of money, a mixer, and what is known of them; and the order in which everything is planned.

use super::moves::{Payee, Payer, Portion};
use super::plan::{About, COIN_SAT, Planner};
use crate::block::MATURITY;
use crate::dice::Dice;
use crate::keys::Lock;
use crate::laundering::{Evasion, LookAlikeKind, Pattern};
use crate::simulation::Simulation;
use crate::truth::OwnerKind;
use crate::wallet::Policy;

/// Sources of money: kind, name, concept of its tag. The first half is tagged.
const SOURCES: [(OwnerKind, &str, Option<&str>); 8] = [
    (OwnerKind::Ransomware, "Padlock", Some("ransomware")),
    (OwnerKind::Thief, "Bridge thief", Some("hack")),
    (OwnerKind::DarknetMarket, "Night bazaar", Some("market")),
    (OwnerKind::Sanctioned, "Listed trader", Some("sanction")),
    (OwnerKind::Ransomware, "Crypter", None),
    (OwnerKind::Thief, "Wallet thief", None),
    (OwnerKind::DarknetMarket, "Back room", None),
    (OwnerKind::Sanctioned, "Front company", None),
];

/// How a case is planned.
type PlanOf = fn(&mut Planner<'_>);

/// How a pattern's case is planned: the register, one a line.
const PLANS: [(Pattern, PlanOf); 12] = [
    (Pattern::Structuring, |planner| planner.structuring()),
    (Pattern::FanIn, |planner| planner.fan_in()),
    (Pattern::FanOut, |planner| planner.fan_out()),
    (Pattern::GatherScatter, |planner| planner.gather_scatter()),
    (Pattern::ScatterGather, |planner| planner.scatter_gather()),
    (Pattern::TemporalCycle, |planner| planner.temporal_cycle()),
    (Pattern::PeelingChain, |planner| planner.peeling_chain()),
    (Pattern::Layering, |planner| planner.layering()),
    (Pattern::PassThrough, |planner| planner.pass_through()),
    (Pattern::DormancyThenDrain, |planner| planner.dormancy_then_drain()),
    (Pattern::MixerWithinAHop, |planner| planner.mixer_within_a_hop()),
    (Pattern::RapidCashOut, |planner| planner.rapid_cash_out()),
];

impl Simulation {
    /// Hires everybody and plans everything; nothing where none is asked for.
    pub(in crate::simulation) fn write_laundering(&mut self) {
        let spec = self.spec.laundering;
        if !spec.any() {
            return;
        }
        self.underworld.dice = Some(Dice::new(self.spec.seed, 3));
        self.tag_exchanges();
        let dice = Dice::new(self.spec.seed, 2);
        let mut planner = Planner::new(self, dice);
        planner.hire_sources();
        planner.hire_mixer();
        for set in 0..spec.n_probe_sets {
            planner.probe_set(set);
        }
        for (_, plan) in PLANS {
            for evasion in planner.evasions() {
                planner.begin(evasion);
                plan(&mut planner);
            }
        }
        for kind in LookAlikeKind::ALL {
            for number in 0..spec.n_look_alikes {
                planner.look_alike(kind, number);
            }
        }
        let cast = &self.cast;
        let of_story = [
            cast.ransomware,
            cast.sanctioned,
            cast.launderer,
            cast.side_door,
            cast.operator,
            cast.coordinator,
        ];
        self.underworld.others.extend(of_story);
    }

    /// All but the last exchange are known; the story tags the first.
    fn tag_exchanges(&mut self) {
        for number in 1..self.exchanges.len().saturating_sub(1) {
            self.open_exchange(number);
            let hot = self.exchanges[number].hot;
            let label = self.owners[self.owner(hot).index()].name.clone();
            self.underworld.tags.push((hot, label, "exchange"));
        }
    }
}

impl Planner<'_> {
    fn hire_sources(&mut self) {
        for (kind, name, concept) in SOURCES {
            let policy = Policy::plain().reusing();
            let purse = self.world.party(name, kind, Lock::P2wpkh, policy);
            self.sources.push(purse);
            self.world.underworld.others.push(purse);
            if let Some(concept) = concept {
                self.world.underworld.tags.push((purse, name.to_owned(), concept));
            }
        }
    }

    /// Takes coins at one address and pays others out of its pool.
    fn hire_mixer(&mut self) {
        let policy = Policy::plain().reusing();
        let mixer = self.world.party("Blender", OwnerKind::Mixer, Lock::P2wpkh, policy);
        self.mixer = Some(mixer);
        self.world.underworld.others.push(mixer);
        self.world.underworld.tags.push((mixer, "Blender".to_owned(), "mixing_service"));
        self.begin(Evasion::None);
        for turn in 0..4 {
            let at = MATURITY + 20 + 5 * turn;
            let pool = Portion::Fixed(10 * COIN_SAT);
            self.pay_one(at, Payer::Miner, Payee::Purse(mixer), pool);
        }
        self.end(About::Preparation);
    }

    /// The evasion of each case of a pattern.
    fn evasions(&mut self) -> Vec<Evasion> {
        let spec = self.world.spec.laundering;
        let mut evasions = vec![Evasion::None; spec.n_plain as usize];
        for _ in 0..spec.n_split {
            evasions.push(Evasion::Split { parts: self.between(3, 6) });
        }
        for turn in 0..spec.n_hops {
            let extra = if turn % 2 == 0 { self.between(1, 6) } else { self.between(7, 20) };
            evasions.push(Evasion::Hops { extra });
        }
        for (n, linked) in [(spec.n_linked, true), (spec.n_apart, false)] {
            for _ in 0..n {
                evasions.push(Evasion::Addresses { count: self.between(8, 30), linked });
            }
        }
        evasions
    }
}

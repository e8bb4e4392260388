//! JoinMarket: a taker asks makers to join in, and pays them for it.
//!
//! Source: JoinMarket's default of four to nine makers; n equal outputs, everybody's change but the taker's in a sweep,
//! makers get a little more out than they put in; inputs and outputs shuffled, lock time as Bitcoin Core's. The taker's
//! equal output may pay somebody else.

use super::Simulation;
use super::mixer::{Party, RoundOutputs, round_policy};
use crate::keys::{Lock, PurseId};
use crate::purse::total_sat;
use crate::transactions::MixProtocol;
use crate::wallet::{LockTimes, OutputOrder};

const MAKERS_MIN: usize = 3;
const MAKERS_MAX: usize = 9;
const INPUTS_MAX: usize = 4;

/// JoinMarket makes no smaller change.
const CHANGE_MIN_SAT: u64 = 27_300;

/// One taker in four sweeps its coins and has no change.
const SWEEP_PER_MILLE: u64 = 250;

impl Simulation {
    pub(super) fn joinmarket_round(&mut self) -> Option<()> {
        let taker = self.dice.pick(&self.cast.mixable);
        let coins = self.purses[taker.index()].largest(&[Lock::P2wpkh], 100_000, INPUTS_MAX);
        let total = total_sat(&coins);
        let sweeps = self.dice.chance(SWEEP_PER_MILLE);
        let n_makers = MAKERS_MIN + self.dice.index(MAKERS_MAX - MAKERS_MIN + 1);
        // Fees of makers and miner, generously, so that what is left is never negative.
        let fees_sat = 60_000 + total / 500;
        if total < 1_000_000 + fees_sat {
            return None;
        }
        let amount_sat = if sweeps {
            total - fees_sat
        } else {
            (total - fees_sat - CHANGE_MIN_SAT) * self.dice.between(200, 900) / 1_000
        };
        let makers = self.makers_for(taker, amount_sat, n_makers);
        if makers.len() < MAKERS_MIN {
            return None;
        }
        let taker = Party { who: taker, coins, total_sat: total };
        let mut paid = RoundOutputs::default();
        let payee = self.dice.chance(300).then(|| self.dice.pick(&self.cast.merchants));
        let taker_key = match payee {
            Some(merchant) => self.fresh(merchant),
            None => self.mixed_key(&taker),
        };
        paid.pay(taker_key, amount_sat);
        let mut inputs = self.take_party(&taker);
        let mut earned_sat = 0;
        for maker in &makers {
            inputs.extend(self.take_party(maker));
            let fee_sat = amount_sat * self.dice.between(20, 150) / 1_000_000 + 100;
            earned_sat += fee_sat;
            paid.pay(self.mixed_key(maker), amount_sat);
            paid.give_back(self.mixed_key(maker), maker.total_sat - amount_sat + fee_sat);
        }
        if !sweeps {
            let spent_sat = amount_sat + earned_sat + 5_000 + 700 * inputs.len() as u64;
            paid.give_back(self.mixed_key(&taker), total - spent_sat);
        }
        let policy = round_policy(2, LockTimes::AntiFeeSniping, OutputOrder::Shuffled);
        let sent = self.mix(MixProtocol::JoinMarket, policy, &inputs, &paid);
        self.mixer.joinmarket.push(sent.tx_id);
        Some(())
    }

    fn makers_for(&mut self, taker: PurseId, amount_sat: u64, n_makers: usize) -> Vec<Party> {
        // One in three of those who can mix offers its coins, always the same ones.
        let mut candidates: Vec<PurseId> = self.cast.mixable.iter().copied().step_by(3).collect();
        candidates.retain(|maker| *maker != taker);
        self.dice.shuffle(&mut candidates);
        let mut makers = Vec::new();
        for who in candidates {
            let mut coins = self.purses[who.index()].largest(&[Lock::P2wpkh], 50_000, INPUTS_MAX);
            let enough = |coins: &[_]| total_sat(coins) >= amount_sat + CHANGE_MIN_SAT;
            if !enough(&coins) {
                continue;
            }
            while coins.len() > 1 && enough(&coins[..coins.len() - 1]) {
                coins.pop();
            }
            let total_sat = total_sat(&coins);
            makers.push(Party { who, coins, total_sat });
            if makers.len() == n_makers {
                break;
            }
        }
        makers
    }
}

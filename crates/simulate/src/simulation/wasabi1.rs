//! Wasabi 1: ten or more equal outputs of about 0.1 BTC, everybody's change, the coordinator's fee at one address; in
//! 1.1 further levels of twice, four times … that size for whoever has the coins.
//!
//! Source: the shapes by which GraphSense and Dumplings recognize real ones.

use super::Simulation;
use super::mixer::{Party, RoundOutputs, round_policy};
use crate::keys::Lock;
use crate::purse::{DUST_SAT, total_sat};
use crate::transactions::MixProtocol;
use crate::wallet::{LockTimes, OutputOrder};

/// The first level, before the few per mille by which rounds differ.
const BASE_SAT: u64 = 10_000_000;
const PARTIES_MIN: usize = 10;

/// Above the first level.
const LEVELS_MAX: u32 = 3;

impl Simulation {
    pub(super) fn wasabi_round(&mut self) -> Option<()> {
        let base_sat = BASE_SAT + self.dice.below(20_000);
        let parties = self.wasabi_parties(base_sat);
        if parties.len() < PARTIES_MIN {
            return None;
        }
        let protocol = if self.mixer.wasabi.len() % 2 == 1 {
            MixProtocol::Wasabi11
        } else {
            MixProtocol::Wasabi1
        };
        let levels = match protocol {
            MixProtocol::Wasabi11 => LEVELS_MAX,
            _ => 0,
        };
        let mut inputs = Vec::new();
        let mut paid = RoundOutputs::default();
        for party in &parties {
            inputs.extend(self.take_party(party));
        }
        // What is left of each after the first level, its fee (three per mille) and its share of the transaction's.
        let mut left: Vec<u64> = parties
            .iter()
            .map(|party| {
                party.total_sat - base_sat - base_sat * 3 / 1_000 - 5_000 * party.coins.len() as u64
            })
            .collect();
        for level in 1..=levels {
            let size_sat = base_sat << level;
            let able = |left_sat: &u64| *left_sat > size_sat + size_sat / 100;
            if left.iter().filter(|left_sat| able(left_sat)).count() < 2 {
                break; // nobody to be mixed with
            }
            for (party, left_sat) in parties.iter().zip(&mut left) {
                if able(left_sat) {
                    paid.pay(self.mixed_key(party), size_sat);
                    *left_sat -= size_sat + size_sat * 3 / 1_000;
                }
            }
        }
        for (party, left_sat) in parties.iter().zip(left) {
            paid.pay(self.mixed_key(party), base_sat);
            paid.give_back(self.mixed_key(party), left_sat);
        }
        let fee_sat = base_sat * 3 / 1_000 * parties.len() as u64;
        paid.pay(self.fresh(self.cast.coordinator), fee_sat);
        let policy = round_policy(1, LockTimes::Zero, OutputOrder::Shuffled);
        let sent = self.mix(protocol, policy, &inputs, &paid);
        self.mixer.wasabi.push(sent.tx_id);
        Some(())
    }

    pub(super) fn mixed_key(&mut self, party: &Party) -> crate::keys::KeyRef {
        self.fresh_locked(party.who, Lock::P2wpkh)
    }

    fn wasabi_parties(&mut self, base_sat: u64) -> Vec<Party> {
        let wanted = PARTIES_MIN + self.dice.index(12);
        let mut candidates = self.cast.mixable.clone();
        self.dice.shuffle(&mut candidates);
        // The ransomware operator takes part in every round it has coins for, with one coin: a second one would
        // tie mixed coins to unmixed ones.
        candidates.insert(0, self.cast.ransomware);
        let mut parties = Vec::new();
        for who in candidates {
            let n = if who == self.cast.ransomware { 1 } else { 3 };
            let coins = self.purses[who.index()].largest(&[Lock::P2wpkh], DUST_SAT * 10, n);
            let total_sat = total_sat(&coins);
            if total_sat > base_sat + 200_000 {
                parties.push(Party { who, coins, total_sat });
            }
            if parties.len() == wanted {
                break;
            }
        }
        parties
    }
}

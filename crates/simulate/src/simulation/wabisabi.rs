//! Wasabi 2 (WabiSabi): everybody's coins in standard denominations, inputs and outputs in falling order.
//!
//! Source: the client's denominations (2^k, 3^k, 2·3^k, 10^k, 2·10^k, 5·10^k from 5,000 satoshi on) and Dumplings' shape.
//! One round in three is large (fifty inputs and more, as the main coordinator made them), the others are small, as
//! later coordinators make them.
//! Departures: amounts are decomposed greedily with chance instead of by the client's search; the coordinator takes
//! three per mille of every party; P2TR outputs go to wallets of that kind only.

use super::Simulation;
use super::mixer::{Party, RoundOutputs, round_policy};
use crate::keys::Lock;
use crate::purse::total_sat;
use crate::transactions::MixProtocol;
use crate::wallet::{LockTimes, OutputOrder};

const PARTIES_MIN: usize = 5;
const LOCKS: [Lock; 2] = [Lock::P2wpkh, Lock::P2tr];
const LEAST_SAT: u64 = 5_000;
const PARTS_MAX: usize = 9;

/// Cost of an input and an output, at five satoshi a virtual byte.
const INPUT_FEE_SAT: u64 = 345;
const OUTPUT_FEE_SAT: u64 = 215;

/// Standard denominations up to 1,000 BTC, in rising order.
pub(crate) fn denominations() -> Vec<u64> {
    let most_sat = 100_000_000_000_u64;
    let mut all = Vec::new();
    for (base, factors) in [(2_u64, &[1_u64][..]), (3, &[1, 2]), (10, &[1, 2, 5])] {
        let powers = std::iter::successors(Some(1_u64), |power| power.checked_mul(base));
        for power in powers.take_while(|power| *power <= most_sat) {
            all.extend(factors.iter().map(|factor| factor * power));
        }
    }
    all.retain(|sat| (LEAST_SAT..=most_sat).contains(sat));
    all.sort_unstable();
    all.dedup();
    all
}

impl Simulation {
    pub(super) fn wabisabi_round(&mut self) -> Option<()> {
        let large = self.mixer.wabisabi.len().is_multiple_of(3);
        let wanted = if large { 25 + self.dice.index(20) } else { 5 + self.dice.index(6) };
        let parties = self.wabisabi_parties(wanted);
        if parties.len() < PARTIES_MIN || parties.len() * 2 < wanted {
            return None;
        }
        let denominations = denominations();
        let mut inputs = Vec::new();
        let mut paid = RoundOutputs::default();
        let mut coordinator_sat = 0;
        for party in &parties {
            inputs.extend(self.take_party(party));
            let fee_sat = party.total_sat * 3 / 1_000;
            coordinator_sat += fee_sat;
            let costs_sat = fee_sat + INPUT_FEE_SAT * party.coins.len() as u64;
            self.decompose(party, party.total_sat - costs_sat, &denominations, &mut paid);
        }
        paid.pay(self.fresh(self.cast.operator), coordinator_sat);
        let policy = round_policy(1, LockTimes::Zero, OutputOrder::Falling);
        let sent = self.mix(MixProtocol::Wasabi2, policy, &inputs, &paid);
        self.mixer.wabisabi.push(sent.tx_id);
        Some(())
    }

    fn wabisabi_parties(&mut self, wanted: usize) -> Vec<Party> {
        let mut candidates = self.cast.segwit.clone();
        self.dice.shuffle(&mut candidates);
        let mut parties = Vec::new();
        for who in candidates {
            let n = self.dice.index(5) + 1;
            let coins = self.purses[who.index()].largest(&LOCKS, 50_000, n);
            let total_sat = total_sat(&coins);
            if total_sat > 300_000 {
                parties.push(Party { who, coins, total_sat });
            }
            if parties.len() == wanted {
                break;
            }
        }
        parties
    }

    /// The largest denominations that fit, now and then a smaller one; what cannot be expressed is change, or too
    /// little to keep.
    fn decompose(
        &mut self,
        party: &Party,
        mut left_sat: u64,
        denominations: &[u64],
        paid: &mut RoundOutputs,
    ) {
        let lock = match self.purses[party.who.index()].lock {
            Lock::P2tr => Lock::P2tr,
            _ => Lock::P2wpkh,
        };
        for _part in 0..PARTS_MAX {
            let fits = denominations.partition_point(|sat| sat + OUTPUT_FEE_SAT <= left_sat);
            if fits == 0 {
                return;
            }
            let lower = if self.dice.chance(300) { self.dice.index(3) + 1 } else { 0 };
            let part_sat = denominations[(fits - 1).saturating_sub(lower)];
            paid.pay(self.fresh_locked(party.who, lock), part_sat);
            left_sat -= part_sat + OUTPUT_FEE_SAT;
        }
        if left_sat >= LEAST_SAT + OUTPUT_FEE_SAT {
            paid.give_back(self.fresh_locked(party.who, lock), left_sat - OUTPUT_FEE_SAT);
        }
    }
}

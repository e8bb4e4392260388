//! Mixing rounds: the only transactions whose inputs have several owners.
//!
//! Source: the shapes by which real rounds are recognized. Whirlpool: a Tx0 splits one owner's coins into equal
//! premix outputs, a fee, change and an `OP_RETURN`; a round has five inputs and five outputs of the pool's size, one
//! to four of them new (slightly more than the pool's size), the rest mixed before (exactly that size). Wasabi 1: ten
//! or more equal outputs of about 0.1 BTC, everybody's change, the coordinator's fee.
//! Departures: the mixer lends a coin where nobody's mixed coin is at hand, as pools are started in practice.

use ledger::TxId;

use super::Simulation;
use crate::keys::{Lock, PurseId};
use crate::purse::{Coin, DUST_SAT, Style};

/// Size of the Whirlpool pool, its fee, and what a premix output has over for a round's own fee.
const POOL_SAT: u64 = 5_000_000;
const POOL_FEE_SAT: u64 = 175_000;
const PREMIX_OVER_SAT: u64 = 9_000;
const ROUND_SIZE: usize = 5;

/// Wasabi 1 outputs, before the few per mille by which rounds differ.
const WASABI_SAT: u64 = 10_000_000;
const WASABI_MIN: usize = 10;

#[derive(Clone, Debug, Default)]
pub(super) struct Mixer {
    /// Coins from Tx0s that wait for their first round.
    entrants: Vec<Coin>,
    /// Coins of exactly the pool's size that wait for another round.
    remixers: Vec<Coin>,
    pub(super) tx0s: Vec<TxId>,
    pub(super) whirlpool: Vec<TxId>,
    pub(super) wasabi: Vec<TxId>,
}

/// Takes up to `n` coins of owners not taken from yet; a purse stands for its owner here.
fn distinct(coins: &mut Vec<Coin>, n: usize, purses: &mut Vec<PurseId>) -> Vec<Coin> {
    let mut taken = Vec::new();
    coins.retain(|coin| {
        let wanted = taken.len() < n && !purses.contains(&coin.key.purse);
        if wanted {
            purses.push(coin.key.purse);
            taken.push(*coin);
        }
        !wanted
    });
    taken
}

impl Simulation {
    /// Runs the rounds that are due, spread over the second half of the time in which money moves.
    pub(super) fn run_mixer(&mut self) {
        let due = |n_rounds: u32, done: usize| {
            let wanted = u64::from(n_rounds) * self.progress_per_mille().saturating_sub(400) / 500;
            (done as u64) < wanted.min(u64::from(n_rounds))
        };
        let whirlpool = due(self.spec.n_whirlpool_rounds, self.mixer.whirlpool.len());
        let wasabi = due(self.spec.n_wasabi_rounds, self.mixer.wasabi.len());
        if whirlpool {
            self.whirlpool_round();
        }
        if wasabi {
            self.wasabi_round();
        }
    }

    /// Splits coins of one owner for the pool.
    pub(super) fn tx0(&mut self, who: PurseId, n_premix: u64) -> Option<()> {
        let premix_sat = POOL_SAT + PREMIX_OVER_SAT;
        let n_outputs = usize::try_from(n_premix).expect("at most 70 outputs") + 1;
        let funding = self.fund(who, premix_sat * n_premix + POOL_FEE_SAT, n_outputs + 2)?;
        let mut payments: Vec<_> = (0..n_premix).map(|_| (self.fresh(who), premix_sat)).collect();
        payments.push((self.fresh(self.cast.operator), POOL_FEE_SAT));
        let data = [&[0x6a, 64], self.dice.bytes::<64>().as_slice()].concat();
        let sent = self.spend_with_data(
            who,
            funding,
            &payments,
            Some(bitcoin::ScriptBuf::from_bytes(data)),
        );
        for coin in &sent.coins[..n_outputs - 1] {
            let coin = self.purse(who).take(coin).expect("it was credited a moment ago");
            self.mixer.entrants.push(coin);
        }
        self.mixer.tx0s.push(sent.tx_id);
        Some(())
    }

    /// The mixer's own coins of exactly the pool's size.
    fn lend(&mut self) -> Option<()> {
        let operator = self.cast.operator;
        let funding = self.fund(operator, POOL_SAT * 5, 5)?;
        let payments: Vec<_> = (0..5).map(|_| (self.fresh(operator), POOL_SAT)).collect();
        let sent = self.spend(operator, funding, &payments);
        for coin in &sent.coins[..5] {
            let coin = self.purse(operator).take(coin).expect("it was credited a moment ago");
            self.mixer.remixers.push(coin);
        }
        Some(())
    }

    fn whirlpool_round(&mut self) -> Option<()> {
        for _attempt in 0..8 {
            let who = self.dice.pick(&self.cast.mixable);
            let waits = |coin: &Coin| coin.key.purse == who;
            if self.mixer.entrants.len() < 12 && !self.mixer.entrants.iter().any(waits) {
                let n_premix = self.dice.between(1, 3);
                let _ = self.tx0(who, n_premix); // None: too poor to mix
            }
        }
        let operator = self.cast.operator;
        if !self.mixer.remixers.iter().any(|coin| coin.key.purse == operator) {
            self.lend()?;
        }
        let mut purses = Vec::new();
        let (mut entrants, mut remixers) =
            (self.mixer.entrants.clone(), self.mixer.remixers.clone());
        self.dice.shuffle(&mut entrants);
        self.dice.shuffle(&mut remixers);
        let n_new = if remixers.len() < 2 * ROUND_SIZE { 4 } else { self.dice.index(3) + 1 };
        let mut coins = distinct(&mut entrants, n_new, &mut purses);
        let n_taken = coins.len();
        coins.extend(distinct(&mut remixers, ROUND_SIZE - n_taken, &mut purses));
        let n_more = (ROUND_SIZE - coins.len()).min(4 - n_taken);
        coins.extend(distinct(&mut entrants, n_more, &mut purses));
        if coins.len() < ROUND_SIZE || coins.iter().all(|coin| coin.amount_sat == POOL_SAT) {
            return None; // tried again at the next block, with the coins still waiting
        }
        (self.mixer.entrants, self.mixer.remixers) = (entrants, remixers);
        self.dice.shuffle(&mut coins);
        let outputs: Vec<_> = purses.iter().map(|purse| (self.fresh(*purse), POOL_SAT)).collect();
        let sent = self.make(None, Style::of(Lock::P2wpkh), &coins, &outputs, None);
        for coin in sent.coins {
            if coin.key.purse == operator || self.dice.chance(600) {
                let coin = self.purse(coin.key.purse).take(&coin);
                self.mixer.remixers.push(coin.expect("it was credited a moment ago"));
            }
        }
        self.mixer.whirlpool.push(sent.tx_id);
        Some(())
    }

    fn wasabi_round(&mut self) -> Option<()> {
        let equal_sat = WASABI_SAT + self.dice.below(20_000);
        let wanted = WASABI_MIN + self.dice.index(12);
        let mut candidates = self.cast.mixable.clone();
        self.dice.shuffle(&mut candidates);
        // The ransomware operator takes part in every round it has coins for, with one coin: a second one would
        // tie mixed coins to unmixed ones.
        candidates.insert(0, self.cast.ransomware);
        let mut parties = Vec::new();
        for who in candidates {
            let mut coins = self.purses[who.index()].coins.clone();
            coins.retain(|coin| coin.amount_sat >= DUST_SAT * 10);
            coins.sort_by_key(|coin| std::cmp::Reverse(coin.amount_sat));
            coins.truncate(if who == self.cast.ransomware { 1 } else { 3 });
            let total: u64 = coins.iter().map(|coin| coin.amount_sat).sum();
            if total > equal_sat + 200_000 {
                parties.push((who, coins, total));
            }
            if parties.len() == wanted {
                break;
            }
        }
        if parties.len() < WASABI_MIN {
            return None;
        }
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        for (who, coins, total) in &parties {
            for coin in coins {
                inputs.extend(self.purse(*who).take(coin));
            }
            outputs.push((self.fresh(*who), equal_sat));
            // Three per mille for the coordinator, and a share of the transaction's fee by inputs.
            let change_sat = total - equal_sat - equal_sat * 3 / 1_000 - 5_000 * coins.len() as u64;
            outputs.push((self.fresh(*who), change_sat));
        }
        let fee_sat = equal_sat * 3 / 1_000 * parties.len() as u64;
        outputs.push((self.fresh(self.cast.coordinator), fee_sat));
        self.dice.shuffle(&mut inputs);
        let sent = self.make(None, Style::of(Lock::P2wpkh), &inputs, &outputs, None);
        self.mixer.wasabi.push(sent.tx_id);
        Some(())
    }
}

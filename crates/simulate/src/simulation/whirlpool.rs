//! Whirlpool: pools, Tx0, rounds of five to eight.
//!
//! Source: the shapes by which GraphSense and Dumplings recognize real ones. A Tx0 splits one owner's coins into equal
//! premix outputs (a little over the pool's size), the pool's fee, change and an `OP_RETURN`; a round has as many inputs
//! as outputs of the pool's size, one to four of them new, the rest mixed before (exactly that size). Version 1 and
//! BIP 69 as Samourai's library made them (recalled).
//! Departures: the mixer lends a coin where nobody's mixed coin is at hand, as pools are started in practice. The first
//! rounds are all of the 0.05 BTC pool, because the story needs one.

use bitcoin::ScriptBuf;

use super::Simulation;
use super::mixer::{RoundOutputs, round_policy};
use crate::keys::PurseId;
use crate::purse::Coin;
use crate::transactions::{MixProtocol, TransactionKind};
use crate::wallet::habits::weighted;
use crate::wallet::{LockTimes, OutputOrder};

/// Share of rounds in per cent, size and fee of the pools, in satoshi.
const POOLS: [(u64, u64, u64); 4] = [
    (20, 100_000, 5_000),
    (30, 1_000_000, 50_000),
    (45, MAIN_SAT, 175_000),
    (5, 50_000_000, 1_750_000),
];
const MAIN_SAT: u64 = 5_000_000;
const MAIN: usize = 2;

/// Rounds of the main pool before any other.
const MAIN_FIRST: usize = 3;

/// Bounds of what a premix output has over for a round's own fee.
const OVER_SAT: std::ops::RangeInclusive<u64> = 300..=40_000;

const ROUND_MIN: usize = 5;
const ROUND_MAX: usize = 8;
const NEW_MAX: usize = 4;

/// Coins that wait for a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// From Tx0s, for their first round.
    entrants: Vec<Coin>,
    /// Of exactly the pool's size, for another round.
    remixers: Vec<Coin>,
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
    /// Splits coins of one owner for the main pool.
    pub(super) fn tx0(&mut self, who: PurseId, n_premix: u64) -> Option<()> {
        self.tx0_for(MAIN, who, n_premix)
    }

    fn tx0_for(&mut self, pool: usize, who: PurseId, n_premix: u64) -> Option<()> {
        let (_, size_sat, fee_sat) = POOLS[pool];
        let over_sat = (self.market_milli * 6 / 10).clamp(*OVER_SAT.start(), *OVER_SAT.end());
        let premix_sat = size_sat + over_sat;
        let n_outputs = usize::try_from(n_premix).expect("at most 70 outputs") + 1;
        let funding = self.fund(who, premix_sat * n_premix + fee_sat, n_outputs + 2)?;
        let lock = self.purses[who.index()].lock;
        let mut payments: Vec<_> =
            (0..n_premix).map(|_| (self.fresh_locked(who, lock), premix_sat)).collect();
        payments.push((self.fresh(self.cast.operator), fee_sat));
        let data = [&[0x6a, 64], self.dice.bytes::<64>().as_slice()].concat();
        let data = Some(ScriptBuf::from_bytes(data));
        let sent = self.spend_as(TransactionKind::Tx0, who, funding, &payments, data);
        for coin in &sent.coins[..n_outputs - 1] {
            let coin = self.purse(who).take(coin).expect("it was credited a moment ago");
            self.mixer.pools[pool].entrants.push(coin);
        }
        self.mixer.tx0s.push(sent.tx_id);
        Some(())
    }

    /// The mixer's own coins of exactly the pool's size.
    fn lend(&mut self, pool: usize) -> Option<()> {
        let (_, size_sat, _) = POOLS[pool];
        let operator = self.cast.operator;
        let funding = self.fund(operator, size_sat * 5, 5)?;
        let payments: Vec<_> = (0..5).map(|_| (self.fresh(operator), size_sat)).collect();
        let sent = self.spend_as(TransactionKind::Split, operator, funding, &payments, None);
        for coin in &sent.coins[..5] {
            let coin = self.purse(operator).take(coin).expect("it was credited a moment ago");
            self.mixer.pools[pool].remixers.push(coin);
        }
        Some(())
    }

    pub(super) fn whirlpool_round(&mut self) -> Option<()> {
        let pool = if self.mixer.whirlpool.len() < MAIN_FIRST {
            MAIN
        } else {
            weighted(&mut self.dice, POOLS.iter().map(|row| row.0))
        };
        let made = self.round_of(pool);
        if made.is_none() && pool != MAIN { self.round_of(MAIN) } else { made }
    }

    /// People enter; the mixer lends where it must.
    fn gather_for(&mut self, pool: usize) -> Option<()> {
        for _attempt in 0..8 {
            let who = self.dice.pick(&self.cast.mixable);
            let entrants = &self.mixer.pools[pool].entrants;
            if entrants.len() < 12 && !entrants.iter().any(|coin| coin.key.purse == who) {
                let n_premix = self.dice.between(1, 3) * if pool < MAIN { 3 } else { 1 };
                let _ = self.tx0_for(pool, who, n_premix); // None: too poor to mix
            }
        }
        let operator = self.cast.operator;
        if !self.mixer.pools[pool].remixers.iter().any(|coin| coin.key.purse == operator) {
            self.lend(pool)?;
        }
        Some(())
    }

    fn round_of(&mut self, pool: usize) -> Option<()> {
        let (_, size_sat, _) = POOLS[pool];
        self.gather_for(pool)?;
        let mut purses = Vec::new();
        let Pool { mut entrants, mut remixers } = self.mixer.pools[pool].clone();
        self.dice.shuffle(&mut entrants);
        self.dice.shuffle(&mut remixers);
        let wanted = if remixers.len() >= 2 * ROUND_MAX && self.dice.chance(400) {
            self.dice.index(ROUND_MAX - ROUND_MIN + 1) + ROUND_MIN
        } else {
            ROUND_MIN
        };
        let n_new = if remixers.len() < 2 * ROUND_MIN { NEW_MAX } else { self.dice.index(3) + 1 };
        let mut coins = distinct(&mut entrants, n_new, &mut purses);
        let n_taken = coins.len();
        coins.extend(distinct(&mut remixers, wanted - n_taken, &mut purses));
        let n_more = wanted.saturating_sub(coins.len()).min(NEW_MAX - n_taken);
        coins.extend(distinct(&mut entrants, n_more, &mut purses));
        let n_old = coins.iter().filter(|coin| coin.amount_sat == size_sat).count();
        if coins.len() < ROUND_MIN || n_old == 0 || n_old == coins.len() {
            return None; // tried again at the next block, with the coins still waiting
        }
        self.mixer.pools[pool] = Pool { entrants, remixers };
        let mut paid = RoundOutputs::default();
        for purse in &purses {
            let lock = self.purses[purse.index()].lock;
            paid.pay(self.fresh_locked(*purse, lock), size_sat);
        }
        let policy = round_policy(1, LockTimes::Zero, OutputOrder::Bip69);
        let sent = self.mix(MixProtocol::Whirlpool, policy, &coins, &paid);
        for coin in sent.coins {
            if coin.key.purse == self.cast.operator || self.dice.chance(600) {
                let coin = self.purse(coin.key.purse).take(&coin);
                self.mixer.pools[pool].remixers.push(coin.expect("it was credited a moment ago"));
            }
        }
        self.mixer.whirlpool.push(sent.tx_id);
        Some(())
    }
}

//! Purses: coins that are spent together by one piece of software.

use bitcoin::OutPoint;

use crate::dice::Dice;
use crate::keys::{KeyRef, Lock};
use crate::truth::OwnerId;
use crate::wallet::Policy;
use crate::wallet::fingerprint::Price;
use crate::wallet::selection::{Candidate, Need};

/// Coins below this are left lying unless a purse is swept: spending them costs more than they hold.
pub(crate) const DUST_SAT: u64 = 1_000;

/// An output that has not been spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) outpoint: OutPoint,
    pub(crate) amount_sat: u64,
    pub(crate) key: KeyRef,
}

/// Coins of one owner that its software spends together.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) owner: OwnerId,
    pub(crate) lock: Lock,
    pub(crate) policy: Policy,
    /// Gives out a key's P2WPKH form after its P2PKH form now and then.
    pub(crate) twins: bool,
    /// In order of arrival.
    pub(crate) coins: Vec<Coin>,
    /// How many keys have been given out.
    pub(crate) n_keys: u32,
    /// The last key given out, to payers or for change.
    pub(crate) latest: Option<KeyRef>,
    /// The last key given out to payers.
    pub(crate) receiving: Option<KeyRef>,
}

/// Coins taken out of a purse for a payment, and what was assumed then.
#[derive(Clone, Debug)]
pub(crate) struct Funding {
    pub(crate) coins: Vec<Coin>,
    pub(crate) price: Price,
}

impl Funding {
    pub(crate) fn total_sat(&self) -> u64 {
        total_sat(&self.coins)
    }
}

pub(crate) fn total_sat(coins: &[Coin]) -> u64 {
    coins.iter().map(|coin| coin.amount_sat).sum()
}

/// Virtual bytes of a transaction of these inputs and output locks.
pub(crate) fn vbytes(coins: &[Coin], outputs: impl Iterator<Item = Lock>) -> u64 {
    let inputs: u64 = coins.iter().map(|coin| coin.key.lock.input_vbytes()).sum();
    11 + inputs + outputs.map(Lock::output_vbytes).sum::<u64>()
}

/// Virtual bytes of an output whose lock is not known yet: the most common kinds, rounded up.
const SOME_OUTPUT_VBYTES: u64 = 34;

impl Purse {
    pub(crate) fn balance_sat(&self) -> u64 {
        total_sat(&self.coins)
    }

    /// Takes coins for outputs of `amount_sat` in all; takes none and gives `None` where they do not suffice.
    pub(crate) fn fund(
        &mut self,
        amount_sat: u64,
        n_outputs: usize,
        price: Price,
        dice: &mut Dice,
    ) -> Option<Funding> {
        let outputs = SOME_OUTPUT_VBYTES * n_outputs as u64;
        let need = Need {
            with_change_sat: amount_sat + price.fee_sat(11 + outputs + SOME_OUTPUT_VBYTES),
            exact_sat: amount_sat + price.fee_sat(11 + outputs),
            // What change costs now, and as an input one day.
            waste_max_sat: price.rate_sat_per_vbyte * 100,
            cheap: price.cheap,
        };
        let candidate = |(place, coin): (usize, &Coin)| {
            let cost_sat = coin.key.lock.input_vbytes() * price.rate_sat_per_vbyte;
            let effective_sat = coin.amount_sat.saturating_sub(cost_sat);
            (coin.amount_sat >= DUST_SAT && effective_sat > 0)
                .then_some(Candidate { place, effective_sat })
        };
        let candidates: Vec<_> = self.coins.iter().enumerate().filter_map(candidate).collect();
        let places = self.policy.selection.choose(&candidates, &need, dice)?;
        Some(Funding { coins: self.take_places(&places), price })
    }

    /// Takes out the coins at these places, in this order.
    fn take_places(&mut self, places: &[usize]) -> Vec<Coin> {
        let coins = places.iter().map(|place| self.coins[*place]).collect();
        let mut sorted = places.to_vec();
        sorted.sort_unstable();
        for place in sorted.into_iter().rev() {
            self.coins.remove(place);
        }
        coins
    }

    /// Every coin at one key, taken out.
    pub(crate) fn take_at(&mut self, key: KeyRef) -> Vec<Coin> {
        let (taken, left) = self.coins.iter().copied().partition(|coin| coin.key == key);
        self.coins = left;
        taken
    }

    /// Takes this coin out, if it is here.
    pub(crate) fn take(&mut self, coin: &Coin) -> Option<Coin> {
        let place = self.coins.iter().rposition(|other| other.outpoint == coin.outpoint)?;
        Some(self.coins.remove(place))
    }

    /// The largest coins of one of these locks, at most `n`, each of at least `least_sat`; they stay where they are.
    pub(crate) fn largest(&self, locks: &[Lock], least_sat: u64, n: usize) -> Vec<Coin> {
        let mut coins: Vec<Coin> = self
            .coins
            .iter()
            .filter(|coin| locks.contains(&coin.key.lock) && coin.amount_sat >= least_sat)
            .copied()
            .collect();
        coins.sort_by_key(|coin| std::cmp::Reverse(coin.amount_sat));
        coins.truncate(n);
        coins
    }
}

//! Purses: coins that are spent together, and the habits of the software that holds them.

use bitcoin::OutPoint;

use crate::dice::Dice;
use crate::keys::{KeyRef, Lock};
use crate::truth::OwnerId;

/// Coins below this are left lying unless a purse is swept: spending them costs more than they hold.
pub(crate) const DUST_SAT: u64 = 1_000;

/// Most inputs that a payment gathers.
const INPUTS_MAX: usize = 80;

/// An output that has not been spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coin {
    pub(crate) outpoint: OutPoint,
    pub(crate) amount_sat: u64,
    pub(crate) key: KeyRef,
}

/// Which coins a wallet's software takes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picking {
    /// The smallest that suffices, else the largest ones.
    SmallestFit,
    OldestFirst,
    Random,
}

/// Habits of a wallet's software, by which its transactions resemble each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) lock: Lock,
    pub(crate) version: i32,
    pub(crate) sequence: u32,
    /// Sets the lock time to the height of the day, against fee sniping.
    pub(crate) locks_height: bool,
    /// Always gives out the same address, for change too.
    pub(crate) reuses: bool,
    /// Gives out a key's P2WPKH form after its P2PKH form now and then.
    pub(crate) twins: bool,
    pub(crate) picking: Picking,
}

impl Style {
    /// Plain habits; the others are set by whoever has them.
    pub(crate) fn of(lock: Lock) -> Self {
        Self {
            lock,
            version: 2,
            sequence: 0xffff_fffd,
            locks_height: false,
            reuses: false,
            twins: false,
            picking: Picking::SmallestFit,
        }
    }

    pub(crate) fn reusing(self) -> Self {
        Self { reuses: true, ..self }
    }

    pub(crate) fn vary(self, dice: &mut Dice) -> Self {
        Self {
            version: dice.pick(&[1, 2, 2]),
            sequence: dice.pick(&[0xffff_ffff, 0xffff_fffe, 0xffff_fffd, 0xffff_fffd]),
            locks_height: dice.chance(300),
            reuses: dice.chance(120),
            picking: dice.pick(&[Picking::SmallestFit, Picking::OldestFirst, Picking::Random]),
            ..self
        }
    }
}

/// Coins of one owner that its software spends together.
#[derive(Clone, Debug)]
pub(crate) struct Purse {
    pub(crate) owner: OwnerId,
    pub(crate) style: Style,
    /// In order of arrival.
    pub(crate) coins: Vec<Coin>,
    /// How many keys have been given out.
    pub(crate) n_keys: u32,
    /// The last key given out.
    pub(crate) latest: Option<KeyRef>,
}

/// Coins taken out of a purse for a payment, and what is left for change (0 for none).
#[derive(Clone, Debug)]
pub(crate) struct Funding {
    pub(crate) coins: Vec<Coin>,
    pub(crate) change_sat: u64,
}

/// A transaction of these inputs and so many outputs.
pub(crate) fn fee_sat(coins: &[Coin], n_outputs: usize, rate_sat_per_vbyte: u64) -> u64 {
    let inputs: u64 = coins.iter().map(|coin| coin.key.lock.input_vbytes()).sum();
    (11 + inputs + 34 * n_outputs as u64) * rate_sat_per_vbyte
}

impl Purse {
    pub(crate) fn balance_sat(&self) -> u64 {
        self.coins.iter().map(|coin| coin.amount_sat).sum()
    }

    /// Takes coins for outputs of `amount_sat` in all; takes none and gives `None` where they do not suffice.
    pub(crate) fn fund(
        &mut self,
        amount_sat: u64,
        n_outputs: usize,
        rate_sat_per_vbyte: u64,
        dice: &mut Dice,
    ) -> Option<Funding> {
        let need_sat = amount_sat + (11 + 34 * (n_outputs as u64 + 1)) * rate_sat_per_vbyte;
        let mut places = self.chosen(need_sat, rate_sat_per_vbyte, dice)?;
        places.sort_unstable_by(|a, b| b.cmp(a));
        let mut coins: Vec<_> = places.iter().map(|place| self.coins.remove(*place)).collect();
        coins.reverse();
        let total: u64 = coins.iter().map(|coin| coin.amount_sat).sum();
        let fee = fee_sat(&coins, n_outputs + 1, rate_sat_per_vbyte);
        let left = total.saturating_sub(amount_sat + fee);
        let change_sat = if left >= DUST_SAT { left } else { 0 };
        Some(Funding { coins, change_sat })
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

    /// Places of coins that cover `need_sat` after what each costs as an input.
    fn chosen(
        &self,
        need_sat: u64,
        rate_sat_per_vbyte: u64,
        dice: &mut Dice,
    ) -> Option<Vec<usize>> {
        let effective = |place: &usize| {
            let coin = &self.coins[*place];
            let cost = coin.key.lock.input_vbytes() * rate_sat_per_vbyte;
            coin.amount_sat.saturating_sub(cost)
        };
        let len = self.coins.len();
        let mut order: Vec<usize> = match self.style.picking {
            Picking::Random if len > 0 => {
                let start = dice.index(len);
                (start..len).chain(0..start).collect()
            }
            _ => (0..len).collect(),
        };
        order.retain(|place| self.coins[*place].amount_sat >= DUST_SAT && effective(place) > 0);
        if self.style.picking == Picking::SmallestFit {
            let fits = order.iter().filter(|place| effective(place) >= need_sat);
            if let Some(place) = fits.min_by_key(|place| effective(place)) {
                return Some(vec![*place]);
            }
            order.sort_by_key(|place| std::cmp::Reverse(effective(place)));
        }
        let mut covered = 0;
        let mut places = Vec::new();
        for place in order.into_iter().take(INPUTS_MAX) {
            covered += effective(&place);
            places.push(place);
            if covered >= need_sat {
                return Some(places);
            }
        }
        None
    }
}

//! Coin selection: which coins pay.
//!
//! In: candidates (place, what each adds after its own cost as an input) and what is needed. Out: places, in the order in
//! which the wallet puts them, or `None` where the coins do not suffice.
//! Cost: O(n log n) in the coins of a purse, branch and bound up to [`branch_and_bound::TRIES_MAX`] steps more.

pub(crate) mod branch_and_bound;
mod consolidate;
mod fewest_inputs;
mod largest_first;
mod oldest_first;
mod random_draw;

use crate::dice::Dice;

/// Which coins a wallet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoinSelection {
    /// The largest until it suffices.
    LargestFirst,
    /// The oldest until it suffices.
    OldestFirst,
    /// A set that needs no change if there is one, else single random draw (Bitcoin Core).
    BranchAndBound,
    /// Coins by chance until it suffices with some change to spare (Bitcoin Core's fallback).
    RandomDraw,
    /// The smallest coin that suffices by itself, else the largest ones.
    FewestInputs,
    /// The oldest, and while fees are low up to eight small ones more.
    Consolidate,
}

/// Chooses among candidates.
type Choose = fn(&[Candidate], &Need, &mut Dice) -> Option<Vec<usize>>;

/// The register: an algorithm a line.
const ALGORITHMS: [(CoinSelection, Choose); 6] = [
    (CoinSelection::LargestFirst, largest_first::choose),
    (CoinSelection::OldestFirst, oldest_first::choose),
    (CoinSelection::BranchAndBound, branch_and_bound::choose),
    (CoinSelection::RandomDraw, random_draw::choose),
    (CoinSelection::FewestInputs, fewest_inputs::choose),
    (CoinSelection::Consolidate, consolidate::choose),
];

/// Most inputs that a payment gathers.
const INPUTS_MAX: usize = 80;

/// A coin that could pay, in order of arrival.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its place in the purse.
    pub(crate) place: usize,
    /// What it adds after what it costs as an input, in satoshi; above zero.
    pub(crate) effective_sat: u64,
}

/// What must be covered, in satoshi.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// Payments and the fee of a transaction with change, inputs apart.
    pub(crate) with_change_sat: u64,
    /// The same without a change output.
    pub(crate) exact_sat: u64,
    /// How much more than `exact_sat` may go to the miner before change would be cheaper.
    pub(crate) waste_max_sat: u64,
    /// Fees are low.
    pub(crate) cheap: bool,
}

impl CoinSelection {
    /// Every algorithm.
    pub const ALL: [Self; ALGORITHMS.len()] = {
        let mut all = [Self::LargestFirst; ALGORITHMS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = ALGORITHMS[at].0;
            at += 1;
        }
        all
    };

    pub(crate) fn choose(
        self,
        candidates: &[Candidate],
        need: &Need,
        dice: &mut Dice,
    ) -> Option<Vec<usize>> {
        let algorithm = ALGORITHMS.iter().find(|row| row.0 == self);
        algorithm.expect("every algorithm is registered").1(candidates, need, dice)
    }
}

/// Takes candidates in this order until they cover `need_sat`.
fn accumulate<'a>(order: impl Iterator<Item = &'a Candidate>, need_sat: u64) -> Option<Vec<usize>> {
    let mut covered_sat = 0;
    let mut places = Vec::new();
    for candidate in order.take(INPUTS_MAX) {
        covered_sat += candidate.effective_sat;
        places.push(candidate.place);
        if covered_sat >= need_sat {
            return Some(places);
        }
    }
    None
}

/// By falling amount; of equal ones the older first.
fn falling(candidates: &[Candidate]) -> Vec<Candidate> {
    let mut order = candidates.to_vec();
    order.sort_by_key(|candidate| std::cmp::Reverse(candidate.effective_sat));
    order
}

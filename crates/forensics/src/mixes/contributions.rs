//! Contributions: whether the inputs of a round can be dealt out to its participants so that every maker's sums fit.
//!
//! In: amounts of inputs, the round's amount d, how many take part, the change outputs; satoshi. Out: [`Settled`].
//! A participant with change c must bring d + c, one without d. Makers earn a fee: they bring up to a bound less, or a
//! few satoshi more. The taker, exactly one, pays for all: it brings whatever is left over, at least one input.
//! Source: the accounting of JoinMarket; "coinjoin sudoku" (Atlas 2014) looks for the same sums.
//! Departures: none. It is a search for one way, not a count of all: [`super::boltzmann`] counts.
//! Cost: depth first over participants, largest first, and subsets of the inputs, largest first, with sums of what is
//! left as a bound; given up after 200,000 steps (about a millisecond).
//! Checked against: rounds by hand (`tests/it/mixes.rs`) and all assignments of small ones (below).

/// What a maker may earn: at most this share of the amount, in per mille, or so many satoshi, whichever is more.
const EARNED_PER_MILLE_MAX: u64 = 5;
const EARNED_SAT_MAX: u64 = 10_000;
/// What a maker may lose to the miner.
const LOST_SAT_MAX: u64 = 200;
/// What one without change may lose: change below the client's dust limit.
const LOST_CHANGE_SAT_MAX: u64 = 30_000;
const STEPS_MAX: u32 = 200_000;
const SUPPLY_SAT: u64 = 2_100_000_000_000_000;

/// One round to check.
#[derive(Clone, Debug)]
pub(super) struct Contributions {
    /// Amounts of all inputs.
    pub(super) inputs: Vec<u64>,
    /// Amount of the equal outputs.
    pub(super) denomination_sat: u64,
    /// How many of them.
    pub(super) n_participants: usize,
    /// Amounts of the other outputs, at most one a participant.
    pub(super) changes: Vec<u64>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// There is a way.
    Fits,
    /// There is none.
    Impossible,
    /// Not known after the allowed work.
    Unsettled,
}

/// What one participant may have brought, satoshi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    min_sat: u64,
    max_sat: u64,
}

impl Contributions {
    pub(super) fn settle(mut self) -> Settled {
        // No block holds more; it keeps every sum of a hundred inputs within 64 bits.
        if self.inputs.iter().chain(&self.changes).any(|amount| *amount > SUPPLY_SAT) {
            return Settled::Impossible;
        }
        self.inputs.sort_unstable_by_key(|amount| std::cmp::Reverse(*amount));
        self.changes.sort_unstable_by_key(|amount| std::cmp::Reverse(*amount));
        let mut search = Search {
            shares: self.shares(),
            used: vec![false; self.inputs.len()],
            n_unused: self.inputs.len(),
            inputs: self.inputs,
            steps: 0,
        };
        match search.deal(0, false) {
            _ if search.steps > STEPS_MAX => Settled::Unsettled,
            true => Settled::Fits,
            false => Settled::Impossible,
        }
    }

    /// Largest first; those without change last.
    fn shares(&self) -> Vec<Share> {
        let d = self.denomination_sat;
        let earned = (d / 1_000 * EARNED_PER_MILLE_MAX).max(EARNED_SAT_MAX);
        let share = |amount: u64, lost: u64| Share {
            min_sat: amount.saturating_sub(earned),
            max_sat: amount.saturating_add(lost),
        };
        let with_change = self.changes.iter().map(|c| share(d.saturating_add(*c), LOST_SAT_MAX));
        let n_without = self.n_participants - self.changes.len();
        let without = std::iter::repeat_n(share(d, LOST_CHANGE_SAT_MAX), n_without);
        with_change.chain(without).collect()
    }
}

struct Search {
    /// Falling.
    inputs: Vec<u64>,
    used: Vec<bool>,
    n_unused: usize,
    shares: Vec<Share>,
    steps: u32,
}

impl Search {
    /// Deals inputs to the participants from number `at` on.
    fn deal(&mut self, at: usize, has_taker: bool) -> bool {
        let Some(&share) = self.shares.get(at) else {
            // The taker brings what is left.
            return has_taker && self.n_unused > 0;
        };
        if self.n_unused < self.shares.len() - at + usize::from(has_taker) {
            return false;
        }
        if self.pick(at, 0, 0, share, has_taker) {
            return true;
        }
        let same_as_before = at > 0 && self.shares[at - 1] == share;
        !has_taker && !same_as_before && self.deal(at + 1, true)
    }

    /// Picks inputs from number `from` on until they sum to the share, then deals on.
    fn pick(&mut self, at: usize, from: usize, sum: u64, share: Share, has_taker: bool) -> bool {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return false;
        }
        if sum >= share.min_sat && sum > 0 && self.deal(at + 1, has_taker) {
            return true;
        }
        let mut left: u64 = self.unused(from).map(|i| self.inputs[i]).sum();
        let mut last = None;
        for i in from..self.inputs.len() {
            let amount = self.inputs[i];
            if self.used[i] {
                continue;
            }
            if sum + left < share.min_sat {
                return false;
            }
            left -= amount;
            if sum + amount > share.max_sat || last == Some(amount) {
                continue;
            }
            last = Some(amount);
            self.used[i] = true;
            self.n_unused -= 1;
            let found = self.pick(at, i + 1, sum + amount, share, has_taker);
            self.used[i] = false;
            self.n_unused += 1;
            if found {
                return true;
            }
        }
        false
    }

    fn unused(&self, from: usize) -> impl Iterator<Item = usize> {
        (from..self.inputs.len()).filter(|i| !self.used[*i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All assignments of inputs to participants, with every one of them as taker.
    fn by_all_assignments(round: &Contributions) -> bool {
        let shares = round.shares();
        let n = shares.len();
        let total = n.pow(u32::try_from(round.inputs.len()).expect("small"));
        (0..total).any(|mut code| {
            let mut sums = vec![0; n];
            for amount in &round.inputs {
                sums[code % n] += amount;
                code /= n;
            }
            let fits = |i: usize| (shares[i].min_sat..=shares[i].max_sat).contains(&sums[i]);
            let n_fit = (0..n).filter(|i| fits(*i)).count();
            let taker_pays = |i: usize| !fits(i) && sums[i] > shares[i].max_sat;
            sums.iter().all(|sum| *sum > 0)
                && (n_fit == n || (n_fit == n - 1 && (0..n).any(taker_pays)))
        })
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

        /// Rounds made to add up, or nearly: outputs are cut from the sums of dealt inputs.
        #[test]
        fn search_agrees_with_all_assignments(
            inputs in proptest::collection::vec(1_000_000u64..1_400_000, 3..7),
            deal in proptest::collection::vec(0usize..3, 6),
            earned in proptest::collection::vec(0u64..14_000, 3),
            n_changes in 1usize..4,
        ) {
            let mut sums = [0u64; 3];
            inputs.iter().zip(&deal).for_each(|(amount, to)| sums[*to] += amount);
            let d = 900_000;
            let change = |i: usize| (sums[i] + earned[i]).saturating_sub(d + 5_000);
            let changes: Vec<u64> = (0..n_changes).map(change).filter(|c| *c > 0).collect();
            let paid_out = 3 * d + changes.iter().sum::<u64>();
            if !changes.is_empty() && inputs.iter().sum::<u64>() >= paid_out {
                let round = Contributions { inputs, denomination_sat: d, n_participants: 3, changes };
                let expected = if by_all_assignments(&round) { Settled::Fits } else { Settled::Impossible };
                proptest::prop_assert_eq!(round.clone().settle(), expected, "{:?}", round);
            }
        }
    }
}

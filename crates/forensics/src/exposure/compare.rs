//! All conventions side by side for one cluster.
//!
//! In: a cluster of a state. Out: what it received, by each of [`CONVENTIONS`]. Only transactions that money it received
//! went through are looked at: from its receipts back to known entities, new coins and coins from before the ledger.
//! Departures: parts keep their order under FIFO and LIFO and are not bounded there or under highest-out; under haircut and
//! poison they are, as in the state, so that haircut gives the rows of the state exactly.
//! Cost: ancestors × conventions; refused beyond a bound.
//! Checked against: the rows of the state for haircut; satoshi by satoshi for FIFO and LIFO (`tests/it/exposure_conventions.rs`).

use std::collections::BTreeSet;

use graph::NONE;
use ledger::{ClusterId, Exposure, FlowSide};

use super::error::ExposureError;
use super::parts::{Origin, Part, bound, merge};
use super::rows;
use super::split::{CONVENTIONS, Convention, Flow};
use super::state::ExposureState;
use super::world::Scratch;

/// What a cluster received, by one convention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The name of the convention.
    pub convention: &'static str,
    /// Whether the rows add up to what was received (poison's do not).
    pub conserves: bool,
    /// Rows of the side received, in the order of the table.
    pub rows: Vec<Exposure>,
}

/// Transactions ascending, with the parts of their outputs.
struct Ancestors {
    transactions: Vec<u32>,
    outputs: Vec<Vec<Vec<Part>>>,
}

impl ExposureState {
    /// What a cluster received, by each convention.
    ///
    /// # Errors
    /// It goes back to more than `transactions_max` transactions.
    pub fn compare(
        &self,
        of: ClusterId,
        transactions_max: usize,
    ) -> Result<Vec<Comparison>, ExposureError> {
        let Some(handle) = self.world.members.handle_of_label(of.get().get()) else {
            return Ok(Vec::new());
        };
        let (mut scratch, mut found) = (Scratch::default(), Vec::new());
        let mut receipts = self.transactions_of(handle, FlowSide::Received);
        receipts.retain(|tx| {
            self.world.now().addends(FlowSide::Received, *tx, &mut scratch, &mut found);
            found.iter().any(|addend| addend.0 == handle)
        });
        let transactions = self.ancestors(&receipts, transactions_max)?;
        let answer = |convention: &Convention| {
            let ancestors = self.split_all(&transactions, convention);
            let transfers = receipts.iter().flat_map(|tx| {
                let moment = self.world.coins.moment(*tx);
                let parts = self.paid_to(handle, *tx, &ancestors).into_iter();
                parts.map(move |part| (part.origin, part.amount_sat, moment))
            });
            let categories = &self.world.categories;
            Comparison {
                convention: convention.name,
                conserves: convention.conserves,
                rows: rows::sum(of, FlowSide::Received, transfers, categories),
            }
        };
        Ok(CONVENTIONS.iter().map(answer).collect())
    }

    /// The receipts and every transaction that their money went through, ascending.
    fn ancestors(&self, receipts: &[u32], n_max: usize) -> Result<Vec<u32>, ExposureError> {
        let coins = &self.world.coins;
        let mut seen: BTreeSet<u32> = receipts.iter().copied().collect();
        let mut open: Vec<u32> = receipts.to_vec();
        while let Some(tx) = open.pop() {
            if seen.len() > n_max {
                return Err(ExposureError::TooManyAncestors { n_max });
            }
            for &coin in coins.transaction(tx).inputs {
                let made_by = coins.made_by[coin as usize];
                let is_held = self.world.members.holder(coins.address[coin as usize]) != NONE;
                if made_by != NONE && !is_held && seen.insert(made_by) {
                    open.push(made_by);
                }
            }
        }
        Ok(seen.into_iter().collect())
    }

    fn split_all(&self, transactions: &[u32], convention: &Convention) -> Ancestors {
        let mut done = Ancestors { transactions: transactions.to_vec(), outputs: Vec::new() };
        for &tx in transactions {
            let outputs = self.split(tx, convention, &done);
            done.outputs.push(outputs);
        }
        done
    }

    fn split(&self, tx: u32, convention: &Convention, done: &Ancestors) -> Vec<Vec<Part>> {
        let coins = &self.world.coins;
        let spending = coins.transaction(tx);
        let (fee_sat, lack_sat) = coins.fee_and_lack(&spending);
        let seen = spending.inputs.iter().map(|coin| self.seen(*coin, done));
        let mut inputs: Vec<Vec<Part>> = seen.collect();
        let new = if spending.is_coinbase { Origin::MINED.directly() } else { Origin::UNTRACED };
        if lack_sat > 0 {
            inputs.push(vec![Part::new(new, lack_sat)]);
        }
        if spending.is_mixed {
            let parts = inputs.iter_mut().flatten();
            parts.for_each(|part| part.origin = part.origin.through_mixing());
        }
        if matches!(convention.name, "haircut" | "poison") {
            let mut pool = inputs.concat();
            merge(&mut pool);
            bound(&mut pool, self.world.parts_max, &self.world.categories);
            inputs = vec![pool];
        }
        let outputs = &coins.amount[spending.first_output as usize..spending.end as usize];
        let categories = &self.world.categories;
        let mut split = convention.split(&Flow { inputs: &inputs, outputs, fee_sat, categories });
        split.truncate(outputs.len());
        split
    }

    /// A coin as its spender sees it.
    fn seen(&self, coin: u32, done: &Ancestors) -> Vec<Part> {
        let coins = &self.world.coins;
        let (amount_sat, made_by) = (coins.amount[coin as usize], coins.made_by[coin as usize]);
        let holder = self.world.members.holder(coins.address[coin as usize]);
        if amount_sat == 0 {
            return Vec::new();
        }
        if holder != NONE {
            return vec![Part::new(Origin::of_entity(holder).directly(), amount_sat)];
        }
        if made_by == NONE {
            return vec![Part::new(Origin::UNTRACED, amount_sat)];
        }
        let parts = done.of(coin, made_by, coins.transaction(made_by).first_output);
        parts.iter().map(|part| Part::new(part.origin.indirectly(), part.amount_sat)).collect()
    }

    /// The parts of what a transaction pays a cluster, each origin once.
    fn paid_to(&self, handle: u32, tx: u32, done: &Ancestors) -> Vec<Part> {
        let coins = &self.world.coins;
        let spending = coins.transaction(tx);
        let mut parts = Vec::new();
        for coin in spending.first_output..spending.end {
            let address = coins.address[coin as usize];
            if address != NONE && self.world.members.handle(address) == handle {
                parts.extend_from_slice(done.of(coin, tx, spending.first_output));
            }
        }
        merge(&mut parts);
        parts
    }
}

impl Ancestors {
    fn of(&self, coin: u32, made_by: u32, first_output: u32) -> &[Part] {
        let at = self.transactions.binary_search(&made_by);
        let at = at.expect("whoever made a coin that is followed is an ancestor");
        &self.outputs[at][(coin - first_output) as usize]
    }
}

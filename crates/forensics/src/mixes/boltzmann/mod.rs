//! Boltzmann: how likely each input of a small mix paid each of its outputs, by amounts alone.
//!
//! In: amounts of inputs and outputs, satoshi. Out: [`Boltzmann`]: how many mappings there are, for each input and output
//! in how many of them the two belong together, entropy in bits, efficiency, links that no mapping does without.
//! A *mapping* deals the coins out to participants: a partition of the inputs, and for each part a set of outputs, all
//! of them dealt out, such that each participant brings no less than it gets and no more than that plus the
//! transaction's fee. With fees between participants it may bring less by what a maker earns and more by what a taker
//! pays. A participant may get nothing if all that it brings is fee.
//! Source: LaurentMT, "Bitcoin Transactions & Privacy" 1 to 3, and his Boltzmann; Atlas, "coinjoin sudoku".
//! Departures: every mapping counts alike, as there. Inputs of one address are one owner's
//! ([`of_transaction`]). A coordinator's output may be named: it is a fee then. Coins of one amount are counted
//! together, which makes the ten equal coins of a mix as cheap as one. Counts are exact, in 128 bits, or refused.
//! Cost: the coins of each side have Π (coins of an amount + 1) different subsets, at most 65,536; pairs of subsets that
//! may be one participant's are listed by a sorted search; then one sum over the pairs for each reachable rest. After
//! [`BoltzmannOptions::work_max`] steps the answer is [`BoltzmannAnswer::TooLarge`].
//! Checked against: all partitions by plain enumeration, and the published vectors (`tests/it/boltzmann.rs`).

mod mappings;
mod perfect;

use std::collections::BTreeMap;

use ledger::{AddressId, TransactionView};

use mappings::{Coins, Counts, Tolerance};

/// What may be assumed, and how much work is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoltzmannOptions {
    /// What a participant may earn from others, satoshi.
    pub earned_sat_max: u64,
    /// What a participant may pay to others beyond the transaction's fee, satoshi.
    pub paid_sat_max: u64,
    /// An output that is a coordinator's fee, by position: it is paid by all and nobody's.
    pub coordinator_output: Option<usize>,
    /// How many steps may be taken; ten million take about a second.
    pub work_max: u64,
}

impl Default for BoltzmannOptions {
    fn default() -> Self {
        Self { earned_sat_max: 0, paid_sat_max: 0, coordinator_output: None, work_max: 10_000_000 }
    }
}

/// Counts of mappings.
#[derive(Clone, Debug, PartialEq)]
pub struct Boltzmann {
    /// How many inputs: rows of the matrix.
    pub n_inputs: usize,
    /// How many outputs: columns of the matrix.
    pub n_outputs: usize,
    /// How many mappings there are; at least 1.
    pub n_mappings: u128,
    /// In how many of them input i and output j are one participant's, at `i * n_outputs + j`. Data, a coordinator's
    /// output and amounts of 0 belong to nobody: 0.
    pub n_links: Vec<u128>,
    /// log2 of the mappings, bits.
    pub entropy_bits: f64,
    /// Mappings over those of the nearest transaction in which all inputs are equal, all outputs are, and no fee is
    /// paid; 0 for a single mapping. With fees it can exceed 1.
    pub efficiency: f64,
}

impl Boltzmann {
    /// Probability, 0 to 1, that input and output are one participant's.
    ///
    /// # Panics
    /// If there is no such input or output.
    pub fn probability(&self, input: usize, output: usize) -> f64 {
        assert!(output < self.n_outputs, "output {output} of {}", self.n_outputs);
        as_float(self.n_links[input * self.n_outputs + output]) / as_float(self.n_mappings)
    }

    /// Inputs and outputs that are one participant's in every mapping, in order.
    pub fn deterministic_links(&self) -> impl Iterator<Item = (usize, usize)> {
        let at = self.n_links.iter().enumerate().filter(|(_, n)| **n == self.n_mappings);
        at.map(|(at, _)| (at / self.n_outputs, at % self.n_outputs))
    }
}

/// What can be said about a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum BoltzmannAnswer {
    /// All mappings were counted.
    Counted(Boltzmann),
    /// Too many subsets, steps, or mappings than 128 bits count: nothing is known.
    TooLarge {
        /// Different subsets of the inputs.
        n_input_subsets: u64,
        /// Different subsets of the outputs.
        n_output_subsets: u64,
        /// Steps that were taken.
        work: u64,
    },
    /// Some inputs are unknown: nothing is assumed of them.
    UnknownInputs {
        /// How many.
        n_unknown: usize,
    },
    /// No coins on a side, or more is paid out than was brought in.
    Unbalanced,
}

/// Counts the mappings of a transaction given by its amounts. Amounts of 0 belong to nobody.
pub fn boltzmann(inputs: &[u64], outputs: &[u64], options: &BoltzmannOptions) -> BoltzmannAnswer {
    let is_owned = |at| Some(at) != options.coordinator_output;
    let coins = Coins::of(inputs, |_| true).zip(Coins::of(outputs, is_owned));
    let Some((ins, outs)) = coins else { return BoltzmannAnswer::Unbalanced };
    let Some(fee_sat) = ins.sum().checked_sub(outs.sum()) else {
        return BoltzmannAnswer::Unbalanced;
    };
    let tolerance = Tolerance {
        short_sat: options.earned_sat_max,
        over_sat: options.paid_sat_max.saturating_add(fee_sat),
    };
    match mappings::count(&ins, &outs, tolerance, options.work_max) {
        Ok(counts) => BoltzmannAnswer::Counted(of_coins(&counts, &ins, &outs)),
        Err(work) => BoltzmannAnswer::TooLarge {
            n_input_subsets: ins.n_subsets(),
            n_output_subsets: outs.n_subsets(),
            work,
        },
    }
}

/// Counts the mappings of a transaction of the ledger, where inputs of one address are one owner's. Data outputs belong
/// to nobody.
pub fn of_transaction(view: &TransactionView<'_>, options: &BoltzmannOptions) -> BoltzmannAnswer {
    let known = view.inputs.iter().filter_map(|input| input.spent);
    let spent: Vec<(Option<AddressId>, u64)> = known.map(|s| (s.address, s.amount_sat)).collect();
    if spent.len() < view.inputs.len() {
        return BoltzmannAnswer::UnknownInputs { n_unknown: view.inputs.len() - spent.len() };
    }
    let (owner_of, sums) = owners(&spent);
    let amount = |output: &ledger::Output| output.address.map_or(0, |_| output.amount_sat);
    let outputs: Vec<u64> = view.outputs.iter().map(amount).collect();
    match boltzmann(&sums, &outputs, options) {
        BoltzmannAnswer::Counted(owned) => {
            BoltzmannAnswer::Counted(owned.with_inputs_of(&owner_of))
        }
        refused => refused,
    }
}

impl Boltzmann {
    /// From the links of owners to those of their inputs.
    fn with_inputs_of(self, owner_of: &[usize]) -> Self {
        let row = |owner: &usize| &self.n_links[owner * self.n_outputs..][..self.n_outputs];
        let n_links = owner_of.iter().flat_map(row).copied().collect();
        Self { n_inputs: owner_of.len(), n_links, ..self }
    }
}

/// The owner of every input, and the sum of every owner: inputs of one address have one.
fn owners(spent: &[(Option<AddressId>, u64)]) -> (Vec<usize>, Vec<u64>) {
    let mut owners: BTreeMap<AddressId, usize> = BTreeMap::new();
    let (mut owner_of, mut sums) = (Vec::new(), Vec::<u64>::new());
    for &(address, amount_sat) in spent {
        let next = sums.len();
        let owner = address.map_or(next, |address| *owners.entry(address).or_insert(next));
        if owner == next {
            sums.push(0);
        }
        // A sum beyond 64 bits is refused as unbalanced: the total overflows, too.
        sums[owner] = sums[owner].saturating_add(amount_sat);
        owner_of.push(owner);
    }
    (owner_of, sums)
}

/// From links of amounts to those of coins.
fn of_coins(counts: &Counts, ins: &Coins, outs: &Coins) -> Boltzmann {
    let n_kinds_out = counts.n_links.len() / (ins.n_kinds());
    let n_links = |kind_in: &Option<usize>, kind_out: &Option<usize>| match (kind_in, kind_out) {
        (Some(kind_in), Some(kind_out)) => counts.n_links[kind_in * n_kinds_out + kind_out],
        _ => 0,
    };
    let row = |kind_in| outs.kind_of.iter().map(move |kind_out| n_links(kind_in, kind_out));
    let perfect = perfect::n_mappings(ins.n_coins(), outs.n_coins());
    let n_mappings = as_float(counts.n_mappings);
    Boltzmann {
        n_inputs: ins.kind_of.len(),
        n_outputs: outs.kind_of.len(),
        n_mappings: counts.n_mappings,
        n_links: ins.kind_of.iter().flat_map(row).collect(),
        entropy_bits: n_mappings.log2(),
        efficiency: if counts.n_mappings == 1 { 0.0 } else { n_mappings / perfect },
    }
}

#[expect(clippy::cast_precision_loss, reason = "a probability or a logarithm needs no more digits")]
fn as_float(n: u128) -> f64 {
    n as f64
}

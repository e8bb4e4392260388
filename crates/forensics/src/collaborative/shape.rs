//! What the rules look at: amounts and distinct scripts of one transaction, counted once for all rules.
//!
//! Only spendable outputs count (those with an address). A script is told from another by its address; an input
//! without a known address counts as a script of its own.

use ledger::{AddressId, Timestamp, TransactionView};

/// The fewest inputs and spendable outputs with which any rule can hold.
const INPUTS_MIN: usize = 2;
const OUTPUTS_MIN: usize = 3;

/// The largest money supply, 21 million coins, as a bound for loops over denominations.
const SUPPLY_SAT: u64 = 2_100_000_000_000_000;

/// Outputs of one amount.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EqualOutputs {
    pub(crate) amount_sat: u64,
    pub(crate) count: usize,
}

/// One transaction, as far as the rules are concerned.
#[derive(Debug)]
pub(super) struct Shape {
    /// Block time.
    pub(super) time: Timestamp,
    /// Amounts in order of the inputs; `None` where unknown.
    pub(super) inputs: Vec<Option<u64>>,
    /// How many distinct scripts the inputs may have.
    pub(super) n_input_scripts: usize,
    /// How many inputs the most frequent known script has.
    pub(super) n_top_input_script: usize,
    /// Amounts in order of the outputs.
    pub(super) outputs: Vec<u64>,
    /// The same in groups, by amount.
    pub(super) groups: Vec<EqualOutputs>,
    /// Whether no two outputs pay one script.
    pub(super) outputs_distinct: bool,
}

impl Shape {
    /// `None` if the transaction is too small for any rule.
    pub(super) fn of(view: &TransactionView<'_>) -> Option<Self> {
        if view.inputs.len() < INPUTS_MIN || view.outputs.len() < OUTPUTS_MIN {
            return None;
        }
        let spendable = view.outputs.iter().filter_map(|output| Some((output.address?, output)));
        let (mut scripts, outputs): (Vec<AddressId>, Vec<u64>) =
            spendable.map(|(address, output)| (address, output.amount_sat)).unzip();
        if outputs.len() < OUTPUTS_MIN {
            return None;
        }
        let inputs = view.inputs.iter().map(|input| input.spent.map(|spent| spent.amount_sat));
        let mut known: Vec<AddressId> =
            view.inputs.iter().filter_map(|input| input.spent?.address).collect();
        let n_unknown = view.inputs.len() - known.len();
        let runs = runs(&mut known);
        let outputs_distinct = self::runs(&mut scripts).len() == outputs.len();
        let groups = self::runs(&mut outputs.clone());
        let groups = groups.iter().map(|&(amount_sat, count)| EqualOutputs { amount_sat, count });
        Some(Self {
            time: view.row.time,
            inputs: inputs.collect(),
            n_input_scripts: runs.len() + n_unknown,
            n_top_input_script: runs.iter().map(|(_, count)| *count).max().unwrap_or(0),
            groups: groups.collect(),
            outputs,
            outputs_distinct,
        })
    }

    /// The groups of the most frequent amount among those that `counts` accepts; several on a tie.
    pub(super) fn modes(
        &self,
        counts: impl Fn(u64) -> bool + Copy,
    ) -> impl Iterator<Item = EqualOutputs> {
        let eligible = move |group: &&EqualOutputs| counts(group.amount_sat);
        let most = self.groups.iter().filter(eligible).map(|group| group.count).max();
        self.groups.iter().filter(eligible).filter(move |g| Some(g.count) == most).copied()
    }

    /// The known amounts of the inputs, in order.
    pub(super) fn known_amounts(&self) -> impl Iterator<Item = u64> {
        self.inputs.iter().flatten().copied()
    }
}

/// Sorts, and counts equal neighbors.
fn runs<T: Copy + Ord>(items: &mut [T]) -> Vec<(T, usize)> {
    items.sort_unstable();
    items.chunk_by(PartialEq::eq).map(|run| (run[0], run.len())).collect()
}

/// `first * factor^k` for all `k`, up to the supply.
pub(super) fn powers(first: u64, factor: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(first), move |power| power.checked_mul(factor))
        .take_while(|power| *power <= SUPPLY_SAT)
}

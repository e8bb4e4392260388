//! What the precise rules look at: amounts, scripts and their types of one transaction, counted once for all rules.
//!
//! Unlike the shape of the exclusion, nothing is assumed in favor of a protocol: unknown inputs count for nothing.

use ledger::{AddressId, ScriptType, Timestamp, TransactionView};

pub(super) use crate::collaborative::shape::EqualOutputs;

/// The fewest outputs with which any rule can hold: data, fee and premix of a Tx0.
const OUTPUTS_MIN: usize = 3;

/// A set of script types, by their stored numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ScriptTypes(u16);

impl ScriptTypes {
    /// Native witness outputs of single keys before taproot. [`ScriptType::NonStandard`], which sources without
    /// scripts write, never speaks against a protocol.
    pub(super) const P2WPKH: Self = Self::of(ScriptType::P2wpkh);
    /// The same and taproot.
    pub(super) const P2WPKH_OR_P2TR: Self = Self(Self::P2WPKH.0 | Self::of(ScriptType::P2tr).0);

    const fn of(script_type: ScriptType) -> Self {
        Self(1 << script_type as u8)
    }

    fn with(self, script_type: ScriptType) -> Self {
        Self(self.0 | Self::of(script_type).0)
    }

    /// Whether nothing but these (and scripts of no known type) is in the set.
    pub(super) fn is_within(self, allowed: Self) -> bool {
        self.0 & !(allowed.0 | Self::of(ScriptType::NonStandard).0) == 0
    }

    /// Whether all in the set are of one type.
    pub(super) fn is_uniform(self) -> bool {
        self.0.count_ones() <= 1
    }

    /// Whether the type is in the set, or unknown.
    pub(super) fn allows(self, script_type: ScriptType) -> bool {
        Self::of(script_type).is_within(self)
    }
}

/// A spendable output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) amount_sat: u64,
    pub(super) address: AddressId,
    pub(super) script_type: ScriptType,
}

/// One transaction, as far as labels are concerned.
#[derive(Debug)]
pub(super) struct Outline {
    /// Block time.
    pub(super) time: Timestamp,
    /// How many inputs there are, known or not.
    pub(super) n_inputs: usize,
    /// Amounts of the known inputs, in order.
    pub(super) inputs: Vec<u64>,
    /// How many distinct scripts the known inputs have.
    pub(super) n_input_scripts: usize,
    /// Types of the known inputs' scripts.
    pub(super) input_types: ScriptTypes,
    /// Spendable outputs, in order.
    pub(super) outputs: Vec<Payment>,
    /// Types of their scripts.
    pub(super) output_types: ScriptTypes,
    /// How many distinct scripts they have.
    pub(super) n_output_scripts: usize,
    /// How many of them pay a script among the inputs.
    pub(super) n_reused: usize,
    /// Spendable outputs by amount, ascending.
    pub(super) groups: Vec<EqualOutputs>,
    /// Bytes of the script of each output that nobody can spend; 0 where the source keeps no scripts.
    pub(super) data_script_bytes: Vec<usize>,
}

impl Outline {
    /// `None` if the transaction is too small for any rule, which most are.
    pub(super) fn of(view: &TransactionView<'_>) -> Option<Self> {
        if view.outputs.len() < OUTPUTS_MIN || view.inputs.is_empty() {
            return None;
        }
        let spent = || view.inputs.iter().filter_map(|input| input.spent);
        let outputs: Vec<Payment> = view.outputs.iter().filter_map(payment).collect();
        let mut in_scripts: Vec<AddressId> = spent().filter_map(|spent| spent.address).collect();
        let mut out_scripts: Vec<AddressId> = outputs.iter().map(|paid| paid.address).collect();
        sort_distinct(&mut in_scripts);
        sort_distinct(&mut out_scripts);
        let is_reused = |paid: &&Payment| in_scripts.binary_search(&paid.address).is_ok();
        let mut amounts: Vec<u64> = outputs.iter().map(|paid| paid.amount_sat).collect();
        amounts.sort_unstable();
        let group = |run: &[u64]| EqualOutputs { amount_sat: run[0], count: run.len() };
        let data = view.outputs.iter().filter(|output| output.address.is_none());
        Some(Self {
            time: view.row.time,
            n_inputs: view.inputs.len(),
            inputs: spent().map(|spent| spent.amount_sat).collect(),
            n_input_scripts: in_scripts.len(),
            input_types: spent().fold(ScriptTypes::default(), |set, s| set.with(s.script_type)),
            output_types: outputs.iter().fold(ScriptTypes::default(), |s, o| s.with(o.script_type)),
            n_output_scripts: out_scripts.len(),
            n_reused: outputs.iter().filter(is_reused).count(),
            groups: amounts.chunk_by(PartialEq::eq).map(group).collect(),
            data_script_bytes: data.map(|o| o.script.as_ref().map_or(0, |s| s.len())).collect(),
            outputs,
        })
    }

    /// Whether the amount of every input is known.
    pub(super) fn all_inputs_known(&self) -> bool {
        self.inputs.len() == self.n_inputs
    }

    /// Whether no two outputs pay one script.
    pub(super) fn outputs_distinct(&self) -> bool {
        self.n_output_scripts == self.outputs.len()
    }

    /// Whether any output is data.
    pub(super) fn has_data(&self) -> bool {
        !self.data_script_bytes.is_empty()
    }

    /// Three or four outputs of which exactly one amount occurs twice, and none more often: what Stonewall, a spend of
    /// one owner, makes.
    pub(super) fn is_stonewall(&self) -> bool {
        let repeated = self.groups.iter().filter(|group| group.count > 1);
        (3..=4).contains(&self.outputs.len())
            && !self.has_data()
            && repeated.map(|group| group.count).eq([2])
    }

    /// How many outputs are of another type than these (or of no known one).
    pub(super) fn n_outputs_beside(&self, allowed: ScriptTypes) -> usize {
        self.outputs.iter().filter(|paid| !allowed.allows(paid.script_type)).count()
    }

    /// How many outputs share their amount with another one.
    pub(super) fn n_repeated(&self) -> usize {
        let repeated = self.groups.iter().filter(|group| group.count > 1);
        repeated.map(|group| group.count).sum()
    }
}

fn payment(output: &ledger::Output) -> Option<Payment> {
    let (amount_sat, script_type) = (output.amount_sat, output.script_type);
    Some(Payment { amount_sat, address: output.address?, script_type })
}

fn sort_distinct(addresses: &mut Vec<AddressId>) {
    addresses.sort_unstable();
    addresses.dedup();
}

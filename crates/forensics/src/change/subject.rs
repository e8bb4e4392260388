//! One transaction as the rules see it when it appears.

use ledger::{AddressId, Output, ScriptType, TransactionView};

/// A transaction with what rules ask of it, counted once.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The rows.
    pub view: TransactionView<'a>,
    /// Outputs with an address, in order; rules name outputs by their place here.
    pub outputs: Vec<&'a Output>,
    /// How many addresses had appeared before this transaction: ids from here on are fresh.
    pub n_addresses: u32,
    /// Money a whole coin at block time; `None` where unknown.
    pub price: Option<f64>,
    /// Whether an input spends an output of a transaction of one input and two outputs.
    pub after_peel: bool,
    /// Amounts of the inputs; `None` if one is unknown.
    pub input_amounts: Option<Vec<u64>>,
    /// What the inputs hold beyond the outputs; `None` if an input is unknown.
    pub fee_sat: Option<u64>,
    /// The script type of all inputs; `None` if one is unknown or they differ.
    pub input_type: Option<ScriptType>,
    /// Known addresses of the inputs, sorted, each once.
    pub payers: Vec<AddressId>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        view: TransactionView<'a>,
        n_addresses: u32,
        price: Option<f64>,
        after_peel: bool,
    ) -> Self {
        let mut payers: Vec<AddressId> =
            view.inputs.iter().filter_map(|input| input.spent?.address).collect();
        payers.sort_unstable();
        payers.dedup();
        let first_type = view.inputs.first().and_then(|i| i.spent).map(|spent| spent.script_type);
        let is_first = |input: &ledger::Input| input.spent.map(|s| s.script_type) == first_type;
        Self {
            outputs: view.outputs.iter().filter(|output| output.address.is_some()).collect(),
            n_addresses,
            price: price.filter(|price| price.is_finite() && *price > 0.0),
            after_peel,
            input_amounts: view.inputs.iter().map(|i| Some(i.spent?.amount_sat)).collect(),
            fee_sat: view.fee_sat(),
            input_type: first_type.filter(|_| view.inputs.iter().all(is_first)),
            payers,
            view,
        }
    }

    /// Whether every input's previous output is known.
    pub fn inputs_known(&self) -> bool {
        self.input_amounts.is_some()
    }

    /// The amount of an output, in satoshi.
    pub fn amount(&self, place: usize) -> u64 {
        self.outputs[place].amount_sat
    }

    /// The address of an output.
    pub fn address(&self, place: usize) -> AddressId {
        self.outputs[place].address.expect("outputs without an address are left out")
    }

    /// Whether the address of an output had not appeared before, in any transaction or input.
    pub fn is_fresh(&self, place: usize) -> bool {
        self.address(place).get() >= self.n_addresses
    }

    /// Whether an output pays the address of an input.
    pub fn is_self(&self, place: usize) -> bool {
        self.payers.binary_search(&self.address(place)).is_ok()
    }

    /// Whether any output does.
    pub fn has_self(&self) -> bool {
        (0..self.outputs.len()).any(|place| self.is_self(place))
    }

    /// The verdict of "exactly one output has this": for that one, against the others.
    pub(super) fn only(
        &self,
        place: usize,
        has: impl Fn(usize) -> bool,
    ) -> super::verdict::Verdict {
        use super::verdict::Verdict;
        let mut with = (0..self.outputs.len()).filter(|other| has(*other));
        match (with.next(), with.next()) {
            (Some(one), None) => Verdict::agrees(one == place),
            _ => Verdict::NoInformation,
        }
    }
}

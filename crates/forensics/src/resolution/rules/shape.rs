//! Family: how many inputs and outputs, and of which kinds.

use ledger::TransactionView;

use super::{Rule, habit};

pub(super) const RULES: &[Rule] = &[
    habit("n_inputs", "both gather about as many inputs", 4, 2.0, n_inputs),
    habit("n_outputs", "both make about as many outputs", 5, 2.0, n_outputs),
    habit("data", "both write data into transactions, or neither does", 2, 0.5, data),
];

fn n_inputs(view: &TransactionView<'_>) -> Option<u8> {
    Some(match view.inputs.len() {
        0 | 1 => 0,
        2 => 1,
        3..=5 => 2,
        _ => 3,
    })
}

fn n_outputs(view: &TransactionView<'_>) -> Option<u8> {
    Some(match view.outputs.len() {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4..=10 => 3,
        _ => 4,
    })
}

fn data(view: &TransactionView<'_>) -> Option<u8> {
    Some(u8::from(view.outputs.iter().any(|output| output.address.is_none())))
}

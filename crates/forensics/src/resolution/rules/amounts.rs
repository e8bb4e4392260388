//! Family: how much is paid.

use ledger::TransactionView;

use super::fingerprint::input_total;
use super::{Rule, habit};

pub(super) const RULES: &[Rule] = &[
    habit("roundness", "both pay amounts that are as round", 4, 2.0, roundness),
    habit("amount", "both move amounts of the same order", 10, 3.0, amount),
];

/// By the trailing decimal zeros of the roundest output: 0 to 2, 3 and 4, 5 and 6, 7 and more.
fn roundness(view: &TransactionView<'_>) -> Option<u8> {
    let outputs = view.outputs.iter().filter(|output| output.address.is_some());
    let zeros = outputs.map(|output| trailing_zeros(output.amount_sat)).max()?;
    Some(match zeros {
        0..=2 => 0,
        3 | 4 => 1,
        5 | 6 => 2,
        _ => 3,
    })
}

/// By the decimal digits of the smallest output that is paid; 10^4 satoshi and less are one class.
fn amount(view: &TransactionView<'_>) -> Option<u8> {
    input_total(view)?;
    let outputs = view.outputs.iter().filter(|output| output.address.is_some());
    let smallest = outputs.map(|output| output.amount_sat).min()?;
    let digits = smallest.checked_ilog10().unwrap_or(0).clamp(3, 12) - 3;
    u8::try_from(digits).ok()
}

/// Decimal zeros at the end of an amount; 0 for nothing.
pub(in crate::resolution) fn trailing_zeros(amount_sat: u64) -> u32 {
    let (mut left, mut zeros) = (amount_sat, 0);
    while left > 0 && left.is_multiple_of(10) {
        left /= 10;
        zeros += 1;
    }
    zeros
}

//! Family: what is paid to miners.

use ledger::TransactionView;

use super::{Rule, habit, tie};
use crate::resolution::activity::fee_rate;
use crate::resolution::pair::Pair;

pub(super) const RULES: &[Rule] = &[
    habit("fee_rate", "both pay about the same fee rate", 8, 2.0, rate),
    habit(
        "fee_rounding",
        "both pay whole satoshi a virtual byte, or neither does",
        2,
        1.0,
        rounding,
    ),
    tie(
        "fees_at_once",
        "in the same blocks both paid the same fee rate (for), or different ones (against)",
        at_once,
    ),
];

/// Classes of doubling rates: below 1, 1 to 2, ... 64 and more.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=7 in the same line"
)]
fn rate(view: &TransactionView<'_>) -> Option<u8> {
    let rate = fee_rate(view)?;
    Some((rate.max(0.5).log2() + 1.0).floor().clamp(0.0, 7.0) as u8)
}

/// A rate is whole if the fee is within one satoshi and the rounding of the size to whole virtual bytes.
fn rounding(view: &TransactionView<'_>) -> Option<u8> {
    let rate = f64::from(fee_rate(view)?);
    let size = f64::from(view.row.weight).max(1.0) / 4.0;
    let slack = (rate + 1.0) / size;
    // Where the slack is a tenth and more, whole and broken rates cannot be told apart.
    (slack < 0.1).then(|| u8::from((rate - rate.round()).abs() <= slack))
}

/// Blocks in which both spend are a natural experiment: the market was the same.
fn at_once(pair: &Pair<'_>) -> f64 {
    let (mut a, mut b) = (pair.fees(0).peekable(), pair.fees(1).peekable());
    let mut balance = 0.0f64;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        if x.0 == y.0 {
            let apart = (f64::from(x.1).max(0.1) / f64::from(y.1).max(0.1)).ln().abs();
            balance += if apart < 0.05 { 1.0 } else { -(apart.min(1.0)) };
        }
        if x.0 <= y.0 {
            a.next()
        } else {
            b.next()
        };
    }
    balance.clamp(-3.0, 3.0)
}

//! Family: when its owner is awake.

use ledger::TransactionView;

use super::{Rule, habit};
use crate::resolution::activity::hour_and_day;

pub(super) const RULES: &[Rule] = &[
    habit("hour", "both are active at the same hours of the day (UTC)", 12, 6.0, hour),
    habit("weekday", "both are active on the same days of the week (UTC)", 7, 6.0, weekday),
];

/// Two hours a class: block times are up to two hours off.
fn hour(view: &TransactionView<'_>) -> Option<u8> {
    Some(hour_and_day(view.row.time).0 / 2)
}

fn weekday(view: &TransactionView<'_>) -> Option<u8> {
    Some(hour_and_day(view.row.time).1)
}

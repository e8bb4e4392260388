//! Family: whom both deal with and few others do.

use super::{Rule, tie};

pub(super) const RULES: &[Rule] = &[
    tie("same_deposit", "both pay an address that few others pay", |pair| {
        f64::from(pair.ties.n_deposits).ln_1p()
    }),
    tie("same_payees", "both pay a cluster that few others pay", |pair| {
        pair.ties.payees_weight.min(3.0)
    }),
    tie("same_payers", "both are paid by a cluster that pays few others", |pair| {
        pair.ties.payers_weight.min(3.0)
    }),
    tie("several_ties", "how many kinds of ties beyond the first", |pair| {
        let ties = pair.ties;
        let kinds =
            [pair.n_direct() > 0.0, ties.n_deposits > 0, ties.n_payees > 0, ties.n_payers > 0];
        let n_kinds = kinds.into_iter().filter(|is_there| *is_there).count();
        n_kinds.saturating_sub(1) as f64
    }),
];

//! Family: one ends where the other begins.

use super::{Rule, tie};

pub(super) const RULES: &[Rule] = &[
    tie("born", "one began with what the other paid it", |pair| pair.mean(pair.ties.signs.born)),
    tie("stopped", "that payment was the payer's last", |pair| pair.mean(pair.ties.signs.stopped)),
    tie("apart", "one had stopped spending before the other began", |pair| {
        let [a, b] = pair.ends.map(|end| &pair.profiles.all()[end]);
        f64::from(u8::from(a.last_spend < b.first_spend || b.last_spend < a.first_spend))
    }),
    tie(
        "known_better",
        "how many transactions the shorter of the two histories has, as a logarithm",
        |pair| {
            let [a, b] = pair.ends.map(|end| pair.profiles.all()[end].n_spends);
            (a.min(b) as f64).ln()
        },
    ),
];

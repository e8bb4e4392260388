//! Family: what one paid the other directly.
//!
//! A customer pays a shop again and again and gets change back elsewhere; an owner passes on what is left, or moves its
//! whole purse. The signs of change are those of C1 to C4 (Meiklejohn et al. 2013; BlockSci), averaged over
//! the direct payments of the pair.

use super::{Rule, agreement, tie};

pub(super) const RULES: &[Rule] = &[
    tie("paid_once", "one paid the other exactly once", |pair| {
        f64::from(u8::from(pair.n_direct() == 1.0))
    }),
    tie("paid_often", "one paid the other again and again, as a customer does", |pair| {
        pair.n_direct().max(1.0).ln()
    }),
    tie("paid_both_ways", "each paid the other", |pair| {
        f64::from(u8::from(pair.ties.n_paid[0] > 0 && pair.ties.n_paid[1] > 0))
    }),
    tie(
        "change_script",
        "the output has the script type of the inputs, others not (for), or the reverse",
        |pair| pair.mean(pair.ties.signs.script),
    ),
    tie(
        "change_round",
        "the output is less round than another (for), or rounder (against)",
        |pair| pair.mean(pair.ties.signs.round),
    ),
    tie(
        "change_fresh",
        "only that output's address was new (for), or it was not (against)",
        |pair| pair.mean(pair.ties.signs.fresh),
    ),
    tie(
        "change_small",
        "only that output is smaller than every input (for), or another is (against)",
        |pair| pair.mean(pair.ties.signs.small),
    ),
    tie("change_returned", "the payer's change is known and is elsewhere", |pair| {
        pair.mean(pair.ties.signs.returned)
    }),
    tie("sole_output", "everything went to the other", |pair| pair.mean(pair.ties.signs.sole)),
    tie("batch", "the other was one of many that were paid at once", |pair| {
        pair.mean(pair.ties.signs.batch)
    }),
    tie("change_position", "both have their change at the same place", |pair| {
        let [a, b] = pair.ends.map(|end| pair.profiles.change_positions(end));
        agreement(a, b, &[0.5, 0.5], 1.0)
    }),
];

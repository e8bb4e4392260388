//! From a record to the columns of a model.
//!
//! In: a record at one moment. Out: one row of [`names`] an output, 32-bit floats: two columns a rule (for, against),
//! then amounts and shape, and last `spent`, which is fitted and never served (see `train`).
//! Verdicts of the transaction itself are 0 or 1. What is known of each output apart (its spender, whether it was
//! paid again) is the difference to the mean of the other outputs: from -1 to 1.
//! Cost: O(rules × outputs). Checked against: the sums by hand (`tests/it/change_rules.rs`).

use super::record::{OutputRecord, Record, own_verdict};
use super::rules::{Evidence, in_model};
use super::verdict::Verdict;

/// Columns after those of the rules.
const SHAPE: [&str; 10] = [
    "others_ln",       // ln of the number of other outputs: the more, the less likely each
    "inputs_ln",       // ln of the number of inputs
    "share",           // of all outputs' amount
    "is_largest",      // alone, of all outputs
    "is_smallest",     // alone
    "amount_ratio_ln", // ln of its amount over the mean of the others, from -1 to 1 for a factor of e^10
    "is_first",        // first of the outputs with an address
    "is_last",         // last of them
    "share_of_one",    // share, if there is one input
    "last_of_two",     // second of two outputs
];
/// The last column: whether its spender is known, less the mean of the others.
pub(super) const SPENT: &str = "spent";
/// Natural logarithm of a ratio of amounts that is as large as any.
const RATIO_LN_MAX: f64 = 10.0;

/// The names of the columns, in order.
pub fn names() -> Vec<String> {
    let of_rule = |name: &str| [format!("{name}.for"), format!("{name}.against")];
    let rules = in_model().flat_map(|(_, rule)| of_rule(rule.name));
    rules.chain(SHAPE.iter().map(|name| (*name).to_owned())).chain([SPENT.to_owned()]).collect()
}

/// How many columns belong to rules; two a rule.
pub(super) fn n_rule_columns() -> usize {
    2 * in_model().count()
}

/// Appends the row of the output at a place.
pub(super) fn push_row(
    record: &Record,
    outputs: &[OutputRecord],
    place: usize,
    row: &mut Vec<f32>,
) {
    for (at, rule) in in_model() {
        let own = own_verdict(at, record, &outputs[place]);
        for asked in [Verdict::For, Verdict::Against] {
            let is = |verdict: Verdict| f32::from(u8::from(verdict == asked));
            row.push(match rule.evidence {
                Evidence::Appearance(_) => is(own),
                _ => is(own) - mean_of_others(outputs, place, |o| is(own_verdict(at, record, o))),
            });
        }
    }
    row.extend(shape(record, outputs, place));
    let spent = |output: &OutputRecord| f32::from(u8::from(output.spender.is_some()));
    row.push(spent(&outputs[place]) - mean_of_others(outputs, place, spent));
}

fn mean_of_others(
    outputs: &[OutputRecord],
    place: usize,
    value: impl Fn(&OutputRecord) -> f32,
) -> f32 {
    let others = outputs.iter().enumerate().filter(|(other, _)| *other != place);
    let sum: f32 = others.map(|(_, output)| value(output)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a transaction on record has few outputs")]
    let n_others = outputs.len().saturating_sub(1).max(1) as f32;
    sum / n_others
}

#[expect(clippy::cast_precision_loss, reason = "features are rounded")]
#[expect(clippy::cast_possible_truncation, reason = "features are 32-bit floats")]
fn shape(record: &Record, outputs: &[OutputRecord], place: usize) -> [f32; SHAPE.len()] {
    let own = outputs[place].amount_sat as f64;
    let others = outputs.iter().enumerate().filter(|(other, _)| *other != place);
    let amounts = others.map(|(_, output)| output.amount_sat as f64);
    let sum: f64 = amounts.clone().sum();
    let n_others = outputs.len().saturating_sub(1).max(1) as f64;
    let share = if own + sum > 0.0 { own / (own + sum) } else { 0.0 };
    // One satoshi more, so that nothing is divided by nothing.
    let ratio_ln = ((own + 1.0) / (sum / n_others + 1.0)).ln() / RATIO_LN_MAX;
    let is = |yes: bool| f64::from(u8::from(yes));
    let last = place + 1 == outputs.len();
    [
        n_others.ln(),
        f64::from(record.n_inputs.max(1)).ln(),
        share,
        is(amounts.clone().all(|other| own > other)),
        is(amounts.clone().all(|other| own < other)),
        ratio_ln.clamp(-1.0, 1.0),
        is(place == 0),
        is(last),
        is(record.n_inputs == 1) * share,
        is(outputs.len() == 2 && last),
    ]
    .map(|value| value as f32)
}

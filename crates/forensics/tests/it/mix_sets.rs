//! Labelled transactions of the main network: which labels they get.
//!
//! The table of `docs/methods/mix-whirlpool.md` and its neighbors is what `-- label_sets --nocapture` prints.

#![allow(clippy::print_stdout)]

use forensics::collaborative::possible_protocols;
use forensics::mixes::{JOINMARKET, MIX_RULES, WASABI1, WASABI2, WHIRLPOOL, WHIRLPOOL_TX0, label};
use tracehound_forensics as forensics;

use crate::collaborative::masked;
use crate::fixtures::read;
use ledger::TransactionView;

/// What one set shows.
#[derive(Debug, PartialEq)]
struct Found {
    n: usize,
    excluded: usize,
    /// By rule, in order of the numbers 1 to 5.
    labels: [usize; 5],
}

/// Set; transactions; how many are excluded from co-spending; how many get each label.
type Row = (&'static str, usize, usize, [usize; 5]);

const MEASURED: &[Row] = &[
    ("whirlpool", 700, 700, [700, 0, 0, 0, 0]),
    ("whirlpool-tx0", 450, 82, [82, 368, 0, 0, 0]),
    ("wasabi1-2018", 152, 152, [0, 0, 152, 0, 0]),
    ("wasabi2", 12, 12, [0, 0, 0, 11, 0]),
    ("joinmarket-candidates", 300, 248, [0, 0, 0, 0, 22]),
    ("whirlpool-post-mix", 1200, 234, [115, 0, 0, 0, 0]),
    ("joinmarket-post-mix", 500, 63, [0, 0, 0, 1, 47]),
];

fn found(name: &str) -> Option<Found> {
    let batch = read(&format!("{name}.txt"))?;
    let labels: Vec<_> = batch.views().map(|view| label(&view).map(|l| l.protocol)).collect();
    let of = |number| labels.iter().filter(|label| **label == Some(number)).count();
    let numbers = [WHIRLPOOL, WHIRLPOOL_TX0, WASABI1, WASABI2, JOINMARKET];
    Some(Found {
        n: labels.len(),
        excluded: batch.views().filter(|view| possible_protocols(view).any()).count(),
        labels: numbers.map(of),
    })
}

#[test]
fn label_sets() {
    println!("| set | n | excluded | whirlpool | whirlpool_tx0 | wasabi1 | wasabi2 | joinmarket |");
    let mut rows = Vec::new();
    for &(name, n, excluded, labels) in MEASURED {
        let Some(found) = found(name) else { return };
        let counts = found.labels.map(|count| count.to_string()).join(" | ");
        println!("| {name} | {} | {} | {counts} |", found.n, found.excluded);
        rows.push((name, found, Found { n, excluded, labels }));
    }
    for (name, found, expected) in rows {
        assert_eq!((name, found), (name, expected));
    }
}

/// What is labelled collaborative is excluded; hiding inputs takes labels away and changes none.
#[test]
fn labels_of_real_transactions_are_within_the_exclusion() {
    for &(name, ..) in MEASURED {
        let Some(batch) = read(&format!("{name}.txt")) else { return };
        for view in batch.views() {
            let known = label(&view);
            if known.is_some_and(|label| label.rule().collaborative) {
                assert!(possible_protocols(&view).any(), "{} of {name}", view.row.id);
            }
            for hidden in [2, 5] {
                let inputs = masked(&view, |at| at.is_multiple_of(hidden));
                let less = label(&TransactionView { inputs: &inputs, ..view });
                let protocol = |l: forensics::mixes::MixLabel| l.protocol;
                assert!(less.is_none() || less.map(protocol) == known.map(protocol));
            }
        }
    }
    assert!(MIX_RULES.iter().all(|rule| rule.method_page.starts_with("docs/methods/mix-")));
}

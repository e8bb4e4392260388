//! C2, optimal change, and C2b, unnecessary input: a wallet adds no input that the payment does not need.
//!
//! Source: BlockSci `optimal_change`; Blockchair's and Gibson's "unnecessary input heuristic".
//! Departures: one input gives no information (every output is smaller than it), so two are required. C2b pays the
//! fee, less what the input that is dropped cost by itself; without that the two rules are one for two outputs.

use ledger::ScriptType;

use super::{Evidence, Rule};
use crate::change::subject::Subject;
use crate::change::verdict::Verdict;

pub(super) const OPTIMAL: Rule = Rule {
    name: "optimal_change",
    family: "C2",
    about: "is the only output smaller than the smallest input",
    needs: "two or more inputs, amounts of all",
    method_page: "docs/methods/change-c2-optimal.md",
    in_model: true,
    evidence: Evidence::Appearance(|subject, place| match smallest(subject) {
        Some(smallest) => subject.only(place, |other| subject.amount(other) < smallest),
        None => Verdict::NoInformation,
    }),
};

pub(super) const UNNECESSARY_INPUT: Rule = Rule {
    name: "unnecessary_input",
    family: "C2b",
    about: "could be paid without the smallest input, and the other output could not",
    needs: "two outputs, two or more inputs, amounts of all",
    method_page: "docs/methods/change-c2-optimal.md",
    in_model: true,
    evidence: Evidence::Appearance(unnecessary),
};

fn smallest(subject: &Subject<'_>) -> Option<u64> {
    let amounts = subject.input_amounts.as_ref().filter(|amounts| amounts.len() >= 2)?;
    amounts.iter().min().copied()
}

fn unnecessary(subject: &Subject<'_>, place: usize) -> Verdict {
    let two = subject.outputs.len() == 2;
    let known = subject.input_amounts.as_ref().zip(subject.fee_sat).filter(|_| two);
    let Some(((amounts, fee), smallest)) = known.zip(smallest(subject)) else {
        return Verdict::NoInformation;
    };
    let rest: u128 =
        amounts.iter().map(|sat| u128::from(*sat)).sum::<u128>() - u128::from(smallest);
    let saved = u128::from(fee) * u128::from(4 * input_vbytes(subject.input_type))
        / u128::from(subject.view.row.weight).max(1);
    let fee = u128::from(fee).saturating_sub(saved);
    let needs_all = |other: usize| rest < u128::from(subject.amount(other)) + fee;
    match subject.only(place, needs_all) {
        Verdict::For => Verdict::Against,
        Verdict::Against => Verdict::For,
        Verdict::NoInformation => Verdict::NoInformation,
    }
}

/// What one more input of a single key weighs, in virtual bytes.
fn input_vbytes(script_type: Option<ScriptType>) -> u32 {
    match script_type {
        Some(ScriptType::P2tr) => 58,
        Some(ScriptType::P2wpkh) => 68,
        Some(ScriptType::P2sh) => 91,
        _ => 148,
    }
}

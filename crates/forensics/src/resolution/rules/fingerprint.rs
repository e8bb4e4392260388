//! Family: what a wallet's software leaves in each transaction.
//!
//! Source: the fingerprints of C6 in Kappos et al., "How to Peel a Million", USENIX Security 2022, and of Möser and
//! Narayanan, "Resurrecting Address Clustering in Bitcoin", FC 2022.

use ledger::{InputMarks, TransactionView};

use super::{Rule, habit};
use crate::resolution::activity::known_inputs;

pub(super) const RULES: &[Rule] = &[
    habit("version", "both write the same transaction version", 3, 0.5, version),
    habit(
        "lock_time",
        "both set the lock time alike (none, against fee sniping, otherwise)",
        3,
        0.5,
        lock_time,
    ),
    habit("replaceability", "both signal replaceability alike", 3, 0.5, replaceability),
    habit("order", "both order inputs and outputs alike (BIP 69 or not)", 2, 0.5, order),
    habit("script_type", "both spend the same kind of script", 10, 0.5, script_type),
    habit("low_r", "both grind signatures for a low R, or neither does", 2, 0.5, low_r),
    habit("key_form", "both show keys in the same form", 2, 0.5, key_form),
];

/// Bitcoin's consensus: smaller lock times are heights.
const LOCK_TIME_THRESHOLD: u32 = 500_000_000;
/// Against fee sniping, Bitcoin Core sets the height, or one of the hundred before it.
const SNIPING_BLOCKS_MAX: u32 = 100;

fn version(view: &TransactionView<'_>) -> Option<u8> {
    Some(match view.row.version {
        1 => 0,
        2 => 1,
        _ => 2,
    })
}

fn lock_time(view: &TransactionView<'_>) -> Option<u8> {
    let (lock, height) = (view.row.lock_time, view.row.height.get());
    let is_near =
        lock < LOCK_TIME_THRESHOLD && lock <= height && height - lock <= SNIPING_BLOCKS_MAX;
    Some(match lock {
        0 => 0,
        _ if is_near => 1,
        _ => 2,
    })
}

fn replaceability(view: &TransactionView<'_>) -> Option<u8> {
    let smallest = view.inputs.iter().map(|input| input.sequence).min()?;
    Some(match smallest {
        u32::MAX => 0,
        0xffff_fffe => 1,
        _ => 2,
    })
}

/// BIP 69 orders outputs by amount, then script; equal amounts are left open here, because scripts are not in the
/// rows. One input and one output are in any order.
fn order(view: &TransactionView<'_>) -> Option<u8> {
    if view.inputs.len() < 2 && view.outputs.len() < 2 {
        return None;
    }
    let outputs = view.outputs.windows(2).all(|pair| pair[0].amount_sat <= pair[1].amount_sat);
    let key = |input: &ledger::Input| {
        let mut shown = *input.previous.tx_id.as_bytes();
        shown.reverse();
        (shown, input.previous.output)
    };
    let inputs = view.inputs.windows(2).all(|pair| key(&pair[0]) <= key(&pair[1]));
    Some(u8::from(outputs && inputs))
}

fn script_type(view: &TransactionView<'_>) -> Option<u8> {
    let known = view.inputs.iter().filter_map(|input| input.spent);
    let mut types = known.map(|spent| spent.script_type as u8);
    let first = types.next()?;
    types.all(|other| other == first).then_some(first)
}

/// Low by chance is one half a signature: only what is high shows that a wallet does not grind, and a run of low
/// ones that it does; the counts weigh that.
fn low_r(view: &TransactionView<'_>) -> Option<u8> {
    let has = |mark| view.inputs.iter().any(|input| input.marks.contains(mark));
    match (has(InputMarks::HIGH_R), has(InputMarks::LOW_R)) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        (false, false) => None,
    }
}

fn key_form(view: &TransactionView<'_>) -> Option<u8> {
    let has = |mark| view.inputs.iter().any(|input| input.marks.contains(mark));
    match (has(InputMarks::UNCOMPRESSED_KEY), has(InputMarks::COMPRESSED_KEY)) {
        (true, _) => Some(0),
        (false, true) => Some(1),
        (false, false) => None,
    }
}

/// For families that look at all inputs.
pub(super) fn input_total(view: &TransactionView<'_>) -> Option<u128> {
    Some(known_inputs(view)?.map(|input| u128::from(input.0)).sum())
}

//! The wallet fingerprint of a transaction: what its maker's software leaves on everything it makes.
//!
//! In: one transaction. Out: 8 bytes, and the verdict whether two of them look like one wallet.
//! Source: Möser and Narayanan, Resurrecting Address Clustering in Bitcoin, FC 2022 (list of fingerprints);
//! BIP 69 (order), BIP 125 (replaceability), Bitcoin Core 0.17 (signatures ground to a low R) and its discouragement
//! of fee sniping (lock time of the height, one time in ten up to 99 blocks lower).
//! Departures: of the *spender* of an output only the input that spends it is looked at, and never how many inputs
//! there are: whoever is revealed by spending together has several, so that their number is the answer itself. For the
//! same reason the order of the spender's inputs is left out and only that of its outputs compared.
//! Cost: one pass over inputs and outputs. Checked against: hand-made pairs (`tests/it/change_rules.rs`).

use ledger::{Input, InputMarks, TransactionView};

use super::verdict::Verdict;

/// A lock time at most so many blocks in front of the block is of a wallet that discourages fee sniping.
const LOCK_WINDOW_BLOCKS: u32 = 100;
/// Lock times from here on are times, not heights.
const LOCK_TIME_IS_TIME: u32 = 500_000_000;
/// Sequence numbers below this one say that the transaction may be replaced (BIP 125).
const REPLACEABLE_BELOW: u32 = 0xffff_fffe;
/// Fee rates further apart than this many blocks tell of the market, not of the wallet.
const FEE_WINDOW_BLOCKS: u32 = 6;

/// What a wallet leaves on a transaction, packed: `bits` holds small classes, a field each (see the shifts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Classes of two bits each; 0 is "no information" in those that can lack it.
    pub bits: u32,
    /// Fee in satoshi a thousand virtual bytes; 0 where not all inputs are known.
    pub fee_rate: u32,
}

/// The classes, by the place of their two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    /// 0 other, 1, 2.
    Version = 0,
    /// 0 none, 1 just below the height, 2 other.
    LockTime = 1,
    /// 0 final, 1 replaceable.
    Replaceable = 2,
    /// 0 fewer than two outputs, 1 in the order of BIP 69, 2 not.
    Order = 3,
    /// 0 no signature seen, 1 low, 2 high.
    SignatureR = 4,
    /// 0 no key seen, 1 compressed, 2 long.
    Key = 5,
    /// 0 other, 1 one input and two outputs. For the rule `peel_after` alone: no model may see it.
    Peel = 6,
    /// 0 one output, 1 two, 2 up to nine, 3 ten or more: paying one at a time or many is the habit of an owner.
    Outputs = 7,
}

impl Fingerprint {
    /// Of the transaction as a whole: its own side of every comparison.
    pub fn of_maker(view: &TransactionView<'_>) -> Self {
        let marks = view.inputs.iter().fold(InputMarks::default(), |all, i| all.with(i.marks));
        let low = view.inputs.iter().any(|input| input.marks.contains(InputMarks::LOW_R));
        let lowest = view.inputs.iter().map(|input| input.sequence).min().unwrap_or(u32::MAX);
        Self::of(view, marks, low, lowest)
    }

    /// Of the transaction as the spender through one of its inputs.
    pub fn of_spender(view: &TransactionView<'_>, input: &Input) -> Self {
        Self::of(view, input.marks, input.marks.contains(InputMarks::LOW_R), input.sequence)
    }

    fn of(view: &TransactionView<'_>, marks: InputMarks, low: bool, sequence: u32) -> Self {
        let row = view.row;
        let bits = [
            (Class::Version, u32::from(row.version == 1) + 2 * u32::from(row.version == 2)),
            (Class::LockTime, lock_class(row.lock_time, row.height.get())),
            (Class::Replaceable, u32::from(sequence < REPLACEABLE_BELOW)),
            (Class::Order, order_class(view)),
            (Class::SignatureR, either(low, marks.contains(InputMarks::HIGH_R))),
            (
                Class::Key,
                either(
                    marks.contains(InputMarks::COMPRESSED_KEY),
                    marks.contains(InputMarks::UNCOMPRESSED_KEY),
                ),
            ),
        ];
        let bits = bits.into_iter().chain([
            (Class::Peel, u32::from(is_peel(view))),
            (Class::Outputs, outputs_class(view.outputs.len())),
        ]);
        let bits = bits.fold(0, |all, (class, value)| all | value << (2 * class as u32));
        Self { bits, fee_rate: fee_rate(view).unwrap_or(0) }
    }

    pub(super) fn class(self, class: Class) -> u32 {
        self.bits >> (2 * class as u32) & 3
    }

    /// Whether the classes are equal; nothing where one of them lacks it.
    pub(super) fn same(self, other: Self, class: Class, zero_is_unknown: bool) -> Verdict {
        let (own, of_other) = (self.class(class), other.class(class));
        match zero_is_unknown && (own == 0 || of_other == 0) {
            true => Verdict::NoInformation,
            false => Verdict::agrees(own == of_other),
        }
    }

    /// One signature in two has a low R by chance: high then low says nothing.
    pub(super) fn same_signatures(self, spender: Self) -> Verdict {
        match (self.class(Class::SignatureR), spender.class(Class::SignatureR)) {
            (0, _) | (_, 0) | (2, 1) => Verdict::NoInformation,
            (own, of_spender) => Verdict::agrees(own == of_spender),
        }
    }

    /// Equal within a twentieth is one policy, beyond a factor of two at the same time another.
    pub(super) fn same_fee_rate(self, spender: Self, gap_blocks: u32) -> Verdict {
        let (low, high) =
            (self.fee_rate.min(spender.fee_rate), self.fee_rate.max(spender.fee_rate));
        let (low, high) = (u64::from(low), u64::from(high));
        if low == 0 {
            Verdict::NoInformation
        } else if high * 20 <= low * 21 {
            Verdict::For
        } else if high > low * 2 && gap_blocks <= FEE_WINDOW_BLOCKS {
            Verdict::Against
        } else {
            Verdict::NoInformation
        }
    }
}

/// 1 and 2 for one of two, 0 for none; both at once is the second (a high R, a long key: the rarer habit).
fn either(first: bool, second: bool) -> u32 {
    if second { 2 } else { u32::from(first) }
}

/// Whether it has one input and two outputs, data included.
pub(super) fn is_peel(view: &TransactionView<'_>) -> bool {
    view.inputs.len() == 1 && view.outputs.len() == 2
}

fn lock_class(lock_time: u32, height: u32) -> u32 {
    let behind = height.checked_sub(lock_time);
    match lock_time {
        0 => 0,
        _ if lock_time < LOCK_TIME_IS_TIME
            && behind.is_some_and(|b| (1..=LOCK_WINDOW_BLOCKS).contains(&b)) =>
        {
            1
        }
        _ => 2,
    }
}

/// By amounts alone: scripts of equal amounts are not all in the ledger, and ties fit either order.
fn order_class(view: &TransactionView<'_>) -> u32 {
    match view.outputs.len() {
        0 | 1 => 0,
        _ if view.outputs.is_sorted_by_key(|output| output.amount_sat) => 1,
        _ => 2,
    }
}

fn outputs_class(n_outputs: usize) -> u32 {
    match n_outputs {
        0 | 1 => 0,
        2 => 1,
        3..=9 => 2,
        _ => 3,
    }
}

/// Satoshi a thousand virtual bytes, rounded down; `None` where an input or the weight is unknown.
fn fee_rate(view: &TransactionView<'_>) -> Option<u32> {
    let fee = u128::from(view.fee_sat()?);
    let per_thousand = (fee * 4_000).checked_div(u128::from(view.row.weight))?;
    Some(u32::try_from(per_thousand).unwrap_or(u32::MAX))
}

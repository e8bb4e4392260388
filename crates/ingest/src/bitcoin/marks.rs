//! What an input's signatures and keys show of the wallet that made them.
//!
//! In: the `scriptSig` and the witness items of one input. Out: [`InputMarks`]. Source: BIP 66 (the only form of an ECDSA
//! signature since 2015), BIP 141 and 143, BIP 341 and 342 (Taproot), Bitcoin Core's `SignatureHash` for what a hash type covers.
//! An ECDSA signature is a push or item in exactly that form; a key is a push that Core would take for one (in a
//! witness only the short form, because the long one is not relayed there and looks like a Schnorr signature), or
//! a key of a multisig template; a Schnorr signature is an item of 64 or 65 bytes where a Taproot spend has them.
//! Departures: nothing is verified and the spent output is not looked at, so bytes made to look like a signature count.
//! Looser signatures of before 2015, and keys within other scripts, leave no mark.
//! Cost: one look at each push and item; no copy, no hash. Checked against: the `bitcoin` crate on every input of the real blocks
//! (`tests/it/marks.rs`).

use ledger::InputMarks;

use super::cursor::Cursor;
use super::script::{
    OP_CHECKMULTISIG, is_key, is_multisig, multisig_keys, next_push, witness_program,
};

/// Form, type and lengths of two integers of one byte each, and the hash type.
const SIGNATURE_BYTES_MIN: usize = 9;
/// Integers of 33 bytes each.
const SIGNATURE_BYTES_MAX: usize = 73;
const SIGNATURE_TAG: u8 = 0x30;
/// An integer of 256 bits whose highest is set takes a byte more.
const HIGH_R_BYTES: usize = 33;
const COMPRESSED_KEY_BYTES: usize = 33;
/// Leaf version, internal key; then a hash for each step up the tree.
const CONTROL_BLOCK_BYTES_MIN: usize = 33;
const ANNEX_TAG: u8 = 0x50;
const HASH_NONE: u8 = 2;
const HASH_SINGLE: u8 = 3;
const HASH_ANYONE_CAN_PAY: u8 = 0x80;

/// What has been seen of one input so far.
#[derive(Default)]
pub(crate) struct Shown {
    marks: InputMarks,
    n_signatures: u32,
}

impl Shown {
    /// An item of the witness.
    #[inline]
    pub(crate) fn item(&mut self, item: &[u8]) {
        if item.len() >= SIGNATURE_BYTES_MIN {
            self.element(item, true);
        }
    }

    /// All marks of an input with this `scriptSig` and `n_items` witness items, which lie in `items` as blocks
    /// write them; each of them has been passed to [`Shown::item`].
    #[inline]
    pub(crate) fn marks(mut self, script_sig: &[u8], n_items: usize, items: &[u8]) -> InputMarks {
        if n_items > 0 {
            self.mark(InputMarks::WITNESS);
            let nested = matches!(script_sig, [len @ 4..=42, program @ ..]
                if program.len() == usize::from(*len)
                    && matches!(witness_program(program), Some((0, _))));
            if nested {
                self.mark(InputMarks::NESTED_WITNESS);
            } else if script_sig.is_empty() && self.n_signatures == 0 {
                self.taproot(n_items, items);
            }
        }
        let mut rest = script_sig;
        while let Some((push, after)) = next_push(rest) {
            if push.len() >= SIGNATURE_BYTES_MIN {
                self.element(push, false);
            }
            rest = after;
        }
        if self.n_signatures > 1 {
            self.mark(InputMarks::SEVERAL_SIGNATURES);
        }
        // Low is a statement about all signatures.
        match self.marks.contains(InputMarks::HIGH_R) {
            true => InputMarks::from_bits(self.marks.bits() & !InputMarks::LOW_R.bits()),
            false => self.marks,
        }
    }

    /// An element that is not too short; its first byte tells signatures and keys apart.
    #[inline]
    fn element(&mut self, element: &[u8], in_witness: bool) {
        match (element[0], element.len()) {
            (SIGNATURE_TAG, _) => {
                if let Some((r_bytes, hash_type)) = ecdsa_signature(element) {
                    let high = r_bytes == HIGH_R_BYTES;
                    self.mark(if high { InputMarks::HIGH_R } else { InputMarks::LOW_R });
                    self.signature(hash_type);
                }
            }
            (2 | 3, COMPRESSED_KEY_BYTES) => self.mark(InputMarks::COMPRESSED_KEY),
            (4 | 6 | 7, _) if !in_witness => self.key(element),
            _ => {}
        }
        if element.last() == Some(&OP_CHECKMULTISIG) && is_multisig(element) {
            multisig_keys(element).for_each(|key| self.key(key));
        }
    }

    fn key(&mut self, key: &[u8]) {
        if is_key(key) {
            let short = key.len() == COMPRESSED_KEY_BYTES;
            self.mark(if short {
                InputMarks::COMPRESSED_KEY
            } else {
                InputMarks::UNCOMPRESSED_KEY
            });
        }
    }

    fn signature(&mut self, hash_type: u8) {
        self.n_signatures += 1;
        let part = matches!(hash_type & 0x1f, HASH_NONE | HASH_SINGLE);
        if part || hash_type & HASH_ANYONE_CAN_PAY != 0 {
            self.mark(InputMarks::PARTIAL_SIGHASH);
        }
    }

    /// Schnorr signatures: the only item of a key path, or what stands before script and control block.
    fn taproot(&mut self, n_items: usize, items: &[u8]) {
        let mut cursor = Cursor::new(items);
        let all: Option<Vec<&[u8]>> = (0..n_items).map(|_| cursor.string().ok()).collect();
        let Some(all) = all else { return };
        let all = match all.as_slice() {
            [rest @ .., annex] if !rest.is_empty() && annex.first() == Some(&ANNEX_TAG) => rest,
            all => all,
        };
        let signed = match all {
            [_] => all,
            [rest @ .., _script, control] if is_control_block(control) => rest,
            _ => return,
        };
        for item in signed {
            match item {
                item if item.len() == 64 => self.signature(0),
                [.., hash_type] if item.len() == 65 => self.signature(*hash_type),
                _ => {}
            }
        }
    }

    fn mark(&mut self, mark: InputMarks) {
        self.marks = self.marks.with(mark);
    }
}

fn is_control_block(item: &[u8]) -> bool {
    item.len() >= CONTROL_BLOCK_BYTES_MIN && item.len() % 32 == 1 && item[0] >= 0xc0
}

/// Length of R and the hash type of an ECDSA signature in the form of BIP 66.
#[inline]
fn ecdsa_signature(element: &[u8]) -> Option<(usize, u8)> {
    let n_bytes = element.len();
    if !(SIGNATURE_BYTES_MIN..=SIGNATURE_BYTES_MAX).contains(&n_bytes)
        || element[0] != SIGNATURE_TAG
    {
        return None;
    }
    let (body, hash_type) = (&element[2..n_bytes - 1], element[n_bytes - 1]);
    if usize::from(element[1]) != body.len() {
        return None;
    }
    let (r, rest) = integer(body)?;
    let (_, rest) = integer(rest)?;
    rest.is_empty().then_some((r, hash_type))
}

/// Length of a positive integer without needless zeros, and what follows it.
#[inline]
fn integer(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let [0x02, len, rest @ ..] = bytes else { return None };
    let (integer, rest) = rest.split_at_checked(usize::from(*len))?;
    let positive = *integer.first()? < 0x80;
    let padded = matches!(integer, [0, next, ..] if *next < 0x80);
    (positive && !padded && integer.len() <= HIGH_R_BYTES).then_some((integer.len(), rest))
}

//! What spending reveals: redeem scripts, witness scripts and keys, as pairs of addresses with one controller.
//!
//! Takes the two places where an input can show a script or a key (`scriptSig` and the last witness item) and gives
//! [`DecodedAlias`]es. Source: BIP 16, BIP 141 (nested programs), SEC 1 §2.3 (two forms of one key). Only facts of
//! hashing: `a` and `b` are computed from the same revealed bytes, so they hold whoever spends and whatever the
//! spent output is. Never the single keys of a multisig (several owners), nothing from Taproot script paths (a
//! revealed leaf is one of many ways to spend). A key in two forms is used only if it lies on the curve: an address
//! of a key that nobody can sign for must not be tied to a real one.
//! Cost: one or two hashes an input that reveals a script, none for the others. Checked by vectors with known
//! preimages and against the `bitcoin` crate (`tests`).

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use bitcoin::secp256k1::PublicKey;
use ledger::{Address, AddressFamily, AliasKind, DecodedAlias};

use super::hash::{hash160, sha256};
use super::script::{
    is_multisig, last_push, pay_to_public_key, pay_to_public_key_hash, witness_program,
};

const UNCOMPRESSED_KEY_BYTES: usize = 65;
/// Longest script that a P2WSH output can be spent with.
const WITNESS_SCRIPT_BYTES_MAX: usize = 10_000;

/// The aliases of one block, each once a transaction.
#[derive(Default)]
pub(crate) struct Reveals {
    aliases: Vec<DecodedAlias>,
    seen: HashMap<u64, u32, BuildHasherDefault<Identity>>,
}

/// What a witness shows: how many items, and the last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Witness<'a> {
    pub(crate) n_items: usize,
    pub(crate) last: &'a [u8],
}

impl Reveals {
    pub(crate) fn into_aliases(self) -> Vec<DecodedAlias> {
        self.aliases
    }

    /// Notes what an input shows.
    #[inline]
    pub(crate) fn input(&mut self, tx_position: u32, script_sig: &[u8], witness: Witness<'_>) {
        if script_sig.is_empty() {
            if looks_like_script(witness) {
                self.witness_script(tx_position, witness.last, sha256(witness.last));
            }
            return;
        }
        let Some((pushed, n_pushes)) = last_push(script_sig) else { return };
        match witness_program(pushed) {
            Some((0, program)) if n_pushes == 1 => {
                self.nested_program(tx_position, pushed, program, witness);
            }
            Some(_) => {}
            None if pushed.len() == UNCOMPRESSED_KEY_BYTES => self.key(tx_position, pushed),
            None => self.redeem_script(tx_position, pushed),
        }
    }

    /// Notes a key in its long form, with its short one.
    pub(crate) fn key(&mut self, tx_position: u32, key: &[u8]) {
        if key.len() != UNCOMPRESSED_KEY_BYTES {
            return;
        }
        let Ok(point) = PublicKey::from_slice(key) else { return };
        let a = p2pkh(hash160(key));
        let b = p2pkh(hash160(&point.serialize()));
        self.push(tx_position, AliasKind::SameKey, a, b);
    }

    fn nested_program(&mut self, tx: u32, script: &[u8], program: &[u8], witness: Witness<'_>) {
        let outer = p2sh(script);
        match (<[u8; 20]>::try_from(program), <[u8; 32]>::try_from(program)) {
            (Ok(key_hash), _) => {
                let inner = Address::of_20(AddressFamily::P2wpkh, key_hash);
                if self.push(tx, AliasKind::WrappedScript, outer, inner) {
                    self.push(tx, AliasKind::SameKey, outer, p2pkh(key_hash));
                }
            }
            (_, Ok(script_hash)) => {
                let inner = Address::of_32(AddressFamily::P2wsh, script_hash);
                self.push(tx, AliasKind::WrappedScript, outer, inner);
                if witness.n_items > 0 && sha256(witness.last) == script_hash {
                    self.witness_script(tx, witness.last, script_hash);
                }
            }
            _ => {} // version 0 has no other length: nobody can spend it
        }
    }

    fn witness_script(&mut self, tx: u32, script: &[u8], script_hash: [u8; 32]) {
        let outer = Address::of_32(AddressFamily::P2wsh, script_hash);
        if !self.push(tx, AliasKind::WrappedScript, outer, p2sh(script)) {
            return; // the same script earlier in this transaction: all of it is known
        }
        if let Some(inner) = inner(script) {
            self.push(tx, AliasKind::WrappedScript, outer, inner);
        }
    }

    fn redeem_script(&mut self, tx: u32, script: &[u8]) {
        if let Some(inner) = inner(script) {
            self.push(tx, AliasKind::WrappedScript, p2sh(script), inner);
        }
    }

    /// Whether it is new to this transaction. A later transaction of the block may tell it again: only by then both
    /// addresses may have appeared.
    fn push(&mut self, tx_position: u32, kind: AliasKind, a: Address, b: Address) -> bool {
        let next = u32::try_from(self.aliases.len()).expect("a block has under a million inputs");
        let alias = DecodedAlias { tx_position, kind, a, b };
        let last = self.seen.entry(key_of(&a, &b)).or_insert(next);
        if self.aliases.get(*last as usize) == Some(&alias) {
            return false;
        }
        *last = next;
        self.aliases.push(alias);
        true
    }
}

/// What the script is without its wrapping; only templates in which a single key or the whole script is the payee.
fn inner(script: &[u8]) -> Option<Address> {
    if let Some(key) = pay_to_public_key(script) {
        return Some(p2pkh(hash160(key)));
    }
    if let Some(hash) = pay_to_public_key_hash(script) {
        return Some(p2pkh(hash));
    }
    is_multisig(script).then(|| Address::of_20(AddressFamily::BareMultisig, hash160(script)))
}

/// Whether the last item can be the script of a P2WSH output: not the key of P2WPKH, not a Taproot signature and
/// not a Taproot control block. A wrong yes costs two hashes and an alias between addresses that nobody uses.
fn looks_like_script(witness: Witness<'_>) -> bool {
    let last = witness.last;
    let is_key = witness.n_items == 2 && last.len() == 33;
    let is_signature = witness.n_items == 1 && matches!(last.len(), 64 | 65);
    let is_control_block =
        last.len() >= 33 && last.len() % 32 == 1 && last.first().is_some_and(|byte| *byte >= 0xc0);
    let fits = (1..=WITNESS_SCRIPT_BYTES_MAX).contains(&last.len());
    fits && !is_key && !is_signature && !is_control_block
}

fn p2pkh(hash: [u8; 20]) -> Address {
    Address::of_20(AddressFamily::P2pkh, hash)
}

fn p2sh(script: &[u8]) -> Address {
    Address::of_20(AddressFamily::P2sh, hash160(script))
}

/// Payloads are hashes already, so eight bytes of each are a good key. Two pairs with one key cost a repeat, nothing
/// else.
fn key_of(a: &Address, b: &Address) -> u64 {
    let head = |address: &Address| {
        address.payload().first_chunk().map_or(0, |head| u64::from_le_bytes(*head))
    };
    head(a) ^ head(b).rotate_left(23) ^ u64::from(b.family() as u8) << 56
}

#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        // hashbrown takes its control bits from the top and its bucket from the bottom: spread both.
        self.0 = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests;

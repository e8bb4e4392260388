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

use bitcoin::secp256k1::PublicKey;
use ledger::{Address, AddressFamily, AliasKind, DecodedAlias};

use super::hash::{hash160, ripemd160, sha256};
use super::script::{
    is_multisig, last_push, pay_to_public_key, pay_to_public_key_hash, witness_program,
};

const UNCOMPRESSED_KEY_BYTES: usize = 65;
/// Longest script that a P2WSH output can be spent with.
const WITNESS_SCRIPT_BYTES_MAX: usize = 10_000;

/// The aliases of one block, each once a transaction, in block order and sorted within a transaction. A later
/// transaction may tell one again: only by then both addresses may have appeared.
#[derive(Default)]
pub(crate) struct Reveals<'a> {
    aliases: Vec<DecodedAlias>,
    /// Where those of the current transaction begin.
    start: usize,
    /// What its last input revealed: transactions that gather coins show one script many times over.
    last: &'a [u8],
}

/// What a witness shows: how many items, and the last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Witness<'a> {
    pub(crate) n_items: usize,
    pub(crate) last: &'a [u8],
}

impl<'a> Reveals<'a> {
    pub(crate) fn into_aliases(self) -> Vec<DecodedAlias> {
        self.aliases
    }

    /// Notes what an input shows.
    #[inline]
    pub(crate) fn input(&mut self, tx_position: u32, script_sig: &'a [u8], witness: Witness<'a>) {
        if script_sig.is_empty() {
            if looks_like_script(witness) && self.is_new(witness.last) {
                self.witness_script(tx_position, witness.last, &sha256(witness.last));
            }
            return;
        }
        let Some((pushed, n_pushes)) = last_push(script_sig) else { return };
        match witness_program(pushed) {
            Some((0, program)) if n_pushes == 1 => {
                if self.is_new(pushed) {
                    self.nested_program(tx_position, pushed, program, witness);
                }
            }
            Some(_) => {}
            None if pushed.len() == UNCOMPRESSED_KEY_BYTES => self.key(tx_position, pushed),
            None => self.redeem_script(tx_position, pushed),
        }
    }

    /// Notes a key in its long form, with its short one.
    pub(crate) fn key(&mut self, tx_position: u32, key: &'a [u8]) {
        if key.len() != UNCOMPRESSED_KEY_BYTES || !self.is_new(key) {
            return;
        }
        let Ok(point) = PublicKey::from_slice(key) else { return };
        let a = p2pkh(hash160(key));
        let b = p2pkh(hash160(&point.serialize()));
        self.push(tx_position, AliasKind::SameKey, a, b);
    }

    /// To be called between the inputs and outputs of one transaction and those of the next.
    pub(crate) fn end_transaction(&mut self) {
        let start = std::mem::replace(&mut self.start, self.aliases.len());
        self.last = &[];
        if self.start - start < 2 {
            return;
        }
        self.aliases[start..].sort_unstable_by_key(|alias| (alias.kind, alias.a, alias.b));
        let mut kept = start + 1;
        for at in start + 1..self.aliases.len() {
            if self.aliases[at] != self.aliases[kept - 1] {
                self.aliases[kept] = self.aliases[at];
                kept += 1;
            }
        }
        self.aliases.truncate(kept);
        self.start = kept;
    }

    fn is_new(&mut self, revealed: &'a [u8]) -> bool {
        let is_new = self.last != revealed;
        self.last = revealed;
        is_new
    }

    fn nested_program(&mut self, tx: u32, script: &[u8], program: &[u8], witness: Witness<'_>) {
        let outer = p2sh(hash160(script));
        match (<[u8; 20]>::try_from(program), <[u8; 32]>::try_from(program)) {
            (Ok(key_hash), _) => {
                let inner = Address::of_20(AddressFamily::P2wpkh, key_hash);
                self.push(tx, AliasKind::WrappedScript, outer, inner);
                self.push(tx, AliasKind::SameKey, outer, p2pkh(key_hash));
            }
            (_, Ok(script_hash)) => {
                let inner = Address::of_32(AddressFamily::P2wsh, script_hash);
                self.push(tx, AliasKind::WrappedScript, outer, inner);
                if witness.n_items > 0 && sha256(witness.last) == script_hash {
                    self.witness_script(tx, witness.last, &script_hash);
                }
            }
            _ => {} // version 0 has no other length: nobody can spend it
        }
    }

    fn witness_script(&mut self, tx: u32, script: &[u8], script_hash: &[u8; 32]) {
        let outer = Address::of_32(AddressFamily::P2wsh, *script_hash);
        let hash = ripemd160(script_hash);
        self.push(tx, AliasKind::WrappedScript, outer, p2sh(hash));
        if let Some(inner) = Inner::of(script) {
            self.push(tx, AliasKind::WrappedScript, outer, inner.address(hash));
        }
    }

    fn redeem_script(&mut self, tx: u32, script: &'a [u8]) {
        let Some(inner) = Inner::of(script) else { return };
        if self.is_new(script) {
            let hash = hash160(script);
            self.push(tx, AliasKind::WrappedScript, p2sh(hash), inner.address(hash));
        }
    }

    fn push(&mut self, tx_position: u32, kind: AliasKind, a: Address, b: Address) {
        self.aliases.push(DecodedAlias { tx_position, kind, a, b });
    }
}

/// What a script is without its wrapping; only templates in which a single key or the whole script is the payee.
enum Inner<'a> {
    Key(&'a [u8]),
    KeyHash([u8; 20]),
    Multisig,
}

impl<'a> Inner<'a> {
    fn of(script: &'a [u8]) -> Option<Self> {
        if let Some(key) = pay_to_public_key(script) {
            return Some(Self::Key(key));
        }
        if let Some(hash) = pay_to_public_key_hash(script) {
            return Some(Self::KeyHash(hash));
        }
        is_multisig(script).then_some(Self::Multisig)
    }

    /// Its address, where the script itself has this hash.
    fn address(&self, script_hash: [u8; 20]) -> Address {
        match self {
            Self::Key(key) => p2pkh(hash160(key)),
            Self::KeyHash(hash) => p2pkh(*hash),
            Self::Multisig => Address::of_20(AddressFamily::BareMultisig, script_hash),
        }
    }
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

fn p2sh(hash: [u8; 20]) -> Address {
    Address::of_20(AddressFamily::P2sh, hash)
}

#[cfg(test)]
mod tests;

//! Output scripts to kinds and addresses.
//!
//! Takes the raw script, gives a [`Payee`]: kind, address, and whether the script itself must be kept because the
//! address does not say it all. Source: Bitcoin Core 30, `Solver` (`src/script/solver.cpp`), in its order and with its
//! key-length rules. Departs from it where the ledger's question (who can be paid here?) is another one than
//! the relay policy's: see `docs/methods/bitcoin-decoding.md`. Written over slices rather than the `bitcoin` crate's
//! `Script` methods: they leave the key's first byte unchecked and cost a second pass. Checked against that crate
//! over every real block at hand (`tests/it/oracle.rs`).

use ledger::{Address, AddressFamily, ScriptType};

use super::hash::{hash160, sha256};

/// Beyond this length a script can never be run (`MAX_SCRIPT_SIZE`).
const SCRIPT_BYTES_MAX: usize = 10_000;
const OP_RETURN: u8 = 0x6a;
const OP_DUP: u8 = 0x76;
const OP_EQUAL: u8 = 0x87;
const OP_EQUALVERIFY: u8 = 0x88;
const OP_HASH160: u8 = 0xa9;
const OP_CHECKSIG: u8 = 0xac;
pub(super) const OP_CHECKMULTISIG: u8 = 0xae;
const OP_1: u8 = 0x51;
const OP_16: u8 = 0x60;

/// Whom an output pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Kind of script.
    pub script_type: ScriptType,
    /// Whom it pays; `None` where nobody can ever spend it.
    pub address: Option<Address>,
    /// Whether the script says more than the address does.
    pub keeps_script: bool,
}

/// Whom `script` pays.
pub fn payee(script: &[u8]) -> Payee {
    template(script).unwrap_or_else(|| other(script))
}

/// The kinds whose address says it all: the hot path.
#[inline]
fn template(script: &[u8]) -> Option<Payee> {
    use AddressFamily as Family;
    let (script_type, family, payload) = match script {
        [OP_DUP, OP_HASH160, 20, hash @ .., OP_EQUALVERIFY, OP_CHECKSIG] if hash.len() == 20 => {
            (ScriptType::P2pkh, Family::P2pkh, hash)
        }
        [OP_HASH160, 20, hash @ .., OP_EQUAL] if hash.len() == 20 => {
            (ScriptType::P2sh, Family::P2sh, hash)
        }
        [0, 20, hash @ ..] if hash.len() == 20 => (ScriptType::P2wpkh, Family::P2wpkh, hash),
        [0, 32, hash @ ..] if hash.len() == 32 => (ScriptType::P2wsh, Family::P2wsh, hash),
        [OP_1, 32, key @ ..] if key.len() == 32 => (ScriptType::P2tr, Family::P2tr, key),
        _ => return None,
    };
    Some(Payee { script_type, address: Address::new(family, payload), keeps_script: false })
}

#[inline(never)]
fn other(script: &[u8]) -> Payee {
    if let Some(key) = pay_to_public_key(script) {
        let address = Address::of_20(AddressFamily::P2pkh, hash160(key));
        return Payee {
            script_type: ScriptType::P2pk,
            address: Some(address),
            keeps_script: false,
        };
    }
    if script.first() == Some(&OP_RETURN) {
        return Payee { script_type: ScriptType::OpReturn, address: None, keeps_script: true };
    }
    if script.len() > SCRIPT_BYTES_MAX {
        return Payee { script_type: ScriptType::NonStandard, address: None, keeps_script: true };
    }
    if let Some((version, program)) = witness_program(script).filter(|(version, _)| *version > 0) {
        let mut payload = [version; 41];
        payload[1..=program.len()].copy_from_slice(program);
        let address = Address::new(AddressFamily::Witness, &payload[..=program.len()]);
        let keeps_script = address.is_none();
        let address = address.unwrap_or_else(|| by_hash(script));
        return Payee {
            script_type: ScriptType::WitnessUnknown,
            address: Some(address),
            keeps_script,
        };
    }
    let (script_type, address) = match is_multisig(script) {
        true => {
            (ScriptType::Multisig, Address::of_20(AddressFamily::BareMultisig, hash160(script)))
        }
        false => (ScriptType::NonStandard, by_hash(script)),
    };
    Payee { script_type, address: Some(address), keeps_script: true }
}

fn by_hash(script: &[u8]) -> Address {
    Address::of_32(AddressFamily::Script, sha256(script))
}

/// The key that a bare pay-to-public-key script names.
pub(crate) fn pay_to_public_key(script: &[u8]) -> Option<&[u8]> {
    match script {
        [33 | 65, key @ .., OP_CHECKSIG] if is_key(key) && key.len() == usize::from(script[0]) => {
            Some(key)
        }
        _ => None,
    }
}

/// The hash that a pay-to-public-key-hash script names.
pub(crate) fn pay_to_public_key_hash(script: &[u8]) -> Option<[u8; 20]> {
    match script {
        [OP_DUP, OP_HASH160, 20, hash @ .., OP_EQUALVERIFY, OP_CHECKSIG] => hash.try_into().ok(),
        _ => None,
    }
}

/// Version and program of a witness program of any version (BIP 141).
pub(crate) fn witness_program(script: &[u8]) -> Option<(u8, &[u8])> {
    match script {
        [version @ (0 | OP_1..=OP_16), len @ 2..=40, program @ ..]
            if program.len() == usize::from(*len) =>
        {
            Some((version.saturating_sub(OP_1 - 1), program))
        }
        _ => None,
    }
}

/// Whether the first byte promises a key of this length: Bitcoin Core's `CPubKey::ValidSize`.
pub(crate) fn is_key(bytes: &[u8]) -> bool {
    matches!((bytes.first(), bytes.len()), (Some(2 | 3), 33) | (Some(4 | 6 | 7), 65))
}

/// Whether the script is `m <key>… n OP_CHECKMULTISIG` with 1 ≤ m ≤ n ≤ 20.
pub(crate) fn is_multisig(script: &[u8]) -> bool {
    if script.last() != Some(&OP_CHECKMULTISIG) {
        return false; // nearly every script: cheap
    }
    let (Some(n_required), mut rest) = small_number(script) else { return false };
    let mut n_keys = 0;
    while let [len @ (33 | 65), after @ ..] = rest {
        match after.split_at_checked(usize::from(*len)) {
            Some((key, after)) if is_key(key) => rest = after,
            _ => return false,
        }
        n_keys += 1;
    }
    let (n_named, rest) = small_number(rest);
    n_named == Some(n_keys) && n_required <= n_keys && rest == [OP_CHECKMULTISIG]
}

/// The keys of a script for which [`is_multisig`] holds.
pub(crate) fn multisig_keys(script: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (_, mut rest) = small_number(script);
    std::iter::from_fn(move || {
        let (len, after) = rest.split_first()?;
        let (key, after) = after.split_at_checked(usize::from(*len))?;
        rest = after;
        is_key(key).then_some(key)
    })
}

/// A number from 1 to 20 at the head of a script, and what follows it.
fn small_number(script: &[u8]) -> (Option<u8>, &[u8]) {
    match script {
        [op @ OP_1..=OP_16, rest @ ..] => (Some(op - (OP_1 - 1)), rest),
        [1, number @ 17..=20, rest @ ..] => (Some(*number), rest),
        _ => (None, script),
    }
}

/// The last push of a script that does nothing but push, and how many pushes there are.
pub(crate) fn last_push(script: &[u8]) -> Option<(&[u8], usize)> {
    let mut rest = script;
    let mut last: &[u8] = &[];
    let mut n_pushes = 0;
    while !rest.is_empty() {
        (last, rest) = next_push(rest)?;
        n_pushes += 1;
    }
    (n_pushes > 0).then_some((last, n_pushes))
}

/// What a script begins by pushing, and what follows; `None` where it does not begin with a whole push.
#[inline]
pub(crate) fn next_push(script: &[u8]) -> Option<(&[u8], &[u8])> {
    let (op, after) = script.split_first()?;
    let (len, after) = match op {
        0..=75 => (usize::from(*op), after),
        76 => (usize::from(*after.first()?), &after[1..]),
        77 => (usize::from(u16::from_le_bytes(*after.first_chunk::<2>()?)), after.get(2..)?),
        78 => {
            let len = u32::from_le_bytes(*after.first_chunk::<4>()?);
            (usize::try_from(len).ok()?, after.get(4..)?)
        }
        0x4f | OP_1..=OP_16 => (0, after), // numbers: never a script, so their bytes do not matter
        _ => return None,
    };
    after.split_at_checked(len)
}

#[cfg(test)]
mod tests;

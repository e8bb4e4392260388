//! What unlocks an output has the right shape: keys and scripts hash to what the output says.

use std::collections::BTreeMap;

use bitcoin::hashes::{Hash, hash160, sha256};
use bitcoin::{Script, TxIn};
use tracehound_simulate::World;

use crate::replay::{History, Utxo};
use crate::worlds::medium;

/// Pushes of a script that only pushes.
fn pushes(script: &Script) -> Vec<Vec<u8>> {
    let push = |item: Result<bitcoin::script::Instruction<'_>, _>| {
        item.unwrap().push_bytes().unwrap().as_bytes().to_vec()
    };
    script.instructions().map(push).collect()
}

fn is_signature(bytes: &[u8]) -> bool {
    let der = &bytes[..bytes.len() - 1];
    let parsed = bitcoin::ecdsa::Signature::from_slice(bytes);
    // r may be beyond the curve's order in one of 2^128; the shape is what counts.
    parsed.is_ok() && der.len() == usize::from(der[1]) + 2 && matches!(bytes.len(), 71 | 72)
}

/// Two signatures and the leading zero of `OP_CHECKMULTISIG`.
fn are_two_signatures(items: &[Vec<u8>]) -> bool {
    matches!(items, [zero, a, b] if zero.is_empty() && is_signature(a) && is_signature(b))
}

/// The kind of output that this input spends; panics where the shape is wrong.
fn kind_of(input: &TxIn, utxo: &Utxo) -> &'static str {
    let program = utxo.address.payload();
    let pushed = pushes(&input.script_sig);
    let witness = input.witness.to_vec();
    let spends_key = |items: &[Vec<u8>], program: &[u8]| {
        matches!(items, [sig, key] if is_signature(sig) && matches!(key.len(), 33 | 65))
            && hash160::Hash::hash(&items[1]).as_byte_array() == program
    };
    let spends_script = |items: &[Vec<u8>], program: &[u8]| {
        let script = items.last().unwrap();
        Script::from_bytes(script).is_multisig()
            && are_two_signatures(&items[..items.len() - 1])
            && sha256::Hash::hash(script).as_byte_array() == program
    };
    let script = &utxo.script;
    if script.is_p2pk() {
        assert!(pushed.len() == 1 && is_signature(&pushed[0]) && witness.is_empty());
        return if script.len() == 67 { "p2pk long" } else { "p2pk short" };
    } else if script.is_p2pkh() {
        assert!(spends_key(&pushed, program) && witness.is_empty());
        return if pushed[1].len() == 65 { "p2pkh long" } else { "p2pkh" };
    } else if script.is_p2wpkh() {
        assert!(spends_key(&witness, program) && pushed.is_empty());
        return "p2wpkh";
    } else if script.is_p2wsh() {
        assert!(spends_script(&witness, program) && pushed.is_empty());
        return "p2wsh";
    } else if script.is_p2tr() {
        assert!(pushed.is_empty() && witness.len() == 1 && witness[0].len() == 64);
        return "p2tr";
    } else if script.is_multisig() {
        assert!(are_two_signatures(&pushed) && witness.is_empty());
        return "bare multisig";
    }
    assert!(script.is_p2sh() && pushed.len() == 1);
    assert_eq!(hash160::Hash::hash(&pushed[0]).as_byte_array(), program);
    let inner = Script::from_bytes(&pushed[0]);
    if inner.is_p2wpkh() {
        assert!(spends_key(&witness, &pushed[0][2..]));
        return "p2sh-p2wpkh";
    }
    assert!(inner.is_p2wsh() && spends_script(&witness, &pushed[0][2..]));
    "p2sh-p2wsh"
}

#[test]
fn every_input_has_the_shape_of_what_it_spends() {
    let history = History::of(World::new(medium(5)).unwrap().blocks());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seen in history.transactions.iter().filter(|seen| !seen.transaction.is_coinbase()) {
        for (input, utxo) in seen.transaction.input.iter().zip(&seen.spent) {
            *counts.entry(kind_of(input, utxo)).or_default() += 1;
        }
    }
    let kinds: Vec<_> = counts.keys().copied().collect();
    let all = [
        "bare multisig",
        "p2pk long",
        "p2pk short",
        "p2pkh",
        "p2pkh long",
        "p2sh-p2wpkh",
        "p2sh-p2wsh",
        "p2tr",
        "p2wpkh",
        "p2wsh",
    ];
    assert_eq!(kinds, all, "{counts:?}");
}

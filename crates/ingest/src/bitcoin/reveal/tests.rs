#![allow(clippy::unwrap_used)]

use bitcoin::hashes::{Hash, hash160 as oracle160, sha256 as oracle256};
use bitcoin::secp256k1::{Secp256k1, SecretKey};

use super::*;

fn key(number: u8) -> PublicKey {
    SecretKey::from_slice(&[number; 32]).unwrap().public_key(&Secp256k1::new())
}

fn address(family: AddressFamily, bytes: &[u8]) -> Address {
    match family.payload_len() {
        Some(20) => Address::of_20(family, oracle160::Hash::hash(bytes).to_byte_array()),
        _ => Address::of_32(family, oracle256::Hash::hash(bytes).to_byte_array()),
    }
}

fn pushes(items: &[&[u8]]) -> Vec<u8> {
    let mut script = Vec::new();
    for item in items {
        let len = u8::try_from(item.len()).unwrap();
        if len > 75 {
            script.push(0x4c);
        }
        script.push(len);
        script.extend_from_slice(item);
    }
    script
}

#[track_caller]
fn check(script_sig: &[u8], witness: &[&[u8]], expected: &[(AliasKind, Address, Address)]) {
    let mut reveals = Reveals::default();
    let last = witness.last().copied().unwrap_or_default();
    for tx_position in [3, 4] {
        reveals.input(tx_position, script_sig, Witness { n_items: witness.len(), last });
        if tx_position == 3 {
            reveals.input(3, &[1, 7], Witness::default()); // between two alike
        }
        reveals.input(tx_position, script_sig, Witness { n_items: witness.len(), last });
        reveals.end_transaction();
    }
    let found = reveals.into_aliases();
    let found: Vec<_> =
        found.into_iter().map(|alias| (alias.tx_position, alias.kind, alias.a, alias.b)).collect();
    // Once a transaction, however many of its inputs tell it.
    let mut expected = expected.to_vec();
    expected.sort();
    let at = |tx| expected.iter().map(move |&(kind, a, b)| (tx, kind, a, b));
    assert_eq!(found, at(3).chain(at(4)).collect::<Vec<_>>());
}

const SIGNATURE: [u8; 71] = [0x30; 71];

fn multisig() -> Vec<u8> {
    let keys = [key(1).serialize(), key(2).serialize()];
    [&[0x51, 33], keys[0].as_slice(), &[33], &keys[1], &[0x52, 0xae]].concat()
}

#[test]
fn keys_in_their_long_form() {
    let (long, short) = (key(1).serialize_uncompressed(), key(1).serialize());
    let (a, b) = (address(AddressFamily::P2pkh, &long), address(AddressFamily::P2pkh, &short));
    check(&pushes(&[&SIGNATURE, &long]), &[], &[(AliasKind::SameKey, a, b)]);
    check(&pushes(&[&SIGNATURE, &short]), &[], &[]);
    check(&pushes(&[&SIGNATURE]), &[], &[]);
    let mut off_curve = long;
    off_curve[64] ^= 2;
    check(&pushes(&[&SIGNATURE, &off_curve]), &[], &[]);
}

#[test]
fn redeem_scripts() {
    let script = multisig();
    let outer = address(AddressFamily::P2sh, &script);
    let inner = address(AddressFamily::BareMultisig, &script);
    let wrapped = [(AliasKind::WrappedScript, outer, inner)];
    check(&[&[0], pushes(&[&SIGNATURE, &script]).as_slice()].concat(), &[], &wrapped);

    let long = key(3).serialize_uncompressed();
    let script = [&[65], long.as_slice(), &[0xac]].concat();
    let outer = address(AddressFamily::P2sh, &script);
    let inner = address(AddressFamily::P2pkh, &long);
    check(&pushes(&[&SIGNATURE, &script]), &[], &[(AliasKind::WrappedScript, outer, inner)]);

    let hash = oracle160::Hash::hash(&key(3).serialize()).to_byte_array();
    let script = [&[0x76, 0xa9, 20], hash.as_slice(), &[0x88, 0xac]].concat();
    let outer = address(AddressFamily::P2sh, &script);
    let inner = Address::of_20(AddressFamily::P2pkh, hash);
    check(&pushes(&[&SIGNATURE, &script]), &[], &[(AliasKind::WrappedScript, outer, inner)]);

    let not_only_pushes = [pushes(&[&SIGNATURE, &script]).as_slice(), &[0x76]].concat();
    check(&not_only_pushes, &[], &[]);
    check(&pushes(&[&[0x51, 0x87]]), &[], &[]); // some other script
}

#[test]
fn nested_witness_keys() {
    let hash = oracle160::Hash::hash(&key(4).serialize()).to_byte_array();
    let program = [&[0, 20], hash.as_slice()].concat();
    let outer = address(AddressFamily::P2sh, &program);
    let expected = [
        (AliasKind::WrappedScript, outer, Address::of_20(AddressFamily::P2wpkh, hash)),
        (AliasKind::SameKey, outer, Address::of_20(AddressFamily::P2pkh, hash)),
    ];
    let witness: [&[u8]; 2] = [&SIGNATURE, &key(4).serialize()];
    check(&pushes(&[&program]), &witness, &expected);
    // Beside another push it is no nested program (BIP 141), and as a redeem script nobody's template.
    check(&pushes(&[&SIGNATURE, &program]), &witness, &[]);
}

#[test]
fn witness_scripts() {
    let script = multisig();
    let outer = address(AddressFamily::P2wsh, &script);
    let as_p2sh = (AliasKind::WrappedScript, outer, address(AddressFamily::P2sh, &script));
    let as_bare = (AliasKind::WrappedScript, outer, address(AddressFamily::BareMultisig, &script));
    check(&[], &[&[], &SIGNATURE, &script], &[as_p2sh, as_bare]);

    let program = [&[0, 32], outer.payload()].concat();
    let nested = (AliasKind::WrappedScript, address(AddressFamily::P2sh, &program), outer);
    check(&pushes(&[&program]), &[&[], &SIGNATURE, &script], &[nested, as_p2sh, as_bare]);
    // A witness that is not the program's says nothing.
    check(&pushes(&[&program]), &[&SIGNATURE, &[0x51]], &[nested]);
}

#[test]
fn keys_and_taproot_spends_reveal_no_script() {
    check(&[], &[&SIGNATURE, &key(5).serialize()], &[]);
    check(&[], &[&[0x42; 64]], &[]);
    check(&[], &[&[0x42; 65]], &[]);
    check(&[], &[&SIGNATURE, &multisig(), &[&[0xc1], [7; 32].as_slice()].concat()], &[]);
    check(&[], &[], &[]);
    check(&[], &[&[]], &[]);
}

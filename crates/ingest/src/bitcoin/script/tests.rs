#![allow(clippy::unwrap_used)]

use bitcoin::hex::FromHex;

use super::*;

const KEY: &str = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
const LONG_KEY: &str = "04c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5\
                        1ae168fea63dc339a3c58419466ceaeef7f632653266d0e1236431a950cfe52a";

fn bytes(hex: &str) -> Vec<u8> {
    Vec::from_hex(&hex.replace(' ', "")).unwrap()
}

#[track_caller]
fn check(hex: &str, script_type: ScriptType, family: Option<AddressFamily>, keeps_script: bool) {
    let payee = payee(&bytes(hex));
    let found = (payee.script_type, payee.address.map(|address| address.family()));
    assert_eq!(found, (script_type, family), "{hex}");
    assert_eq!(payee.keeps_script, keeps_script, "{hex}");
}

#[test]
fn templates() {
    use AddressFamily as F;
    use ScriptType as T;
    let h20 = "11".repeat(20);
    let h32 = "22".repeat(32);
    check(&format!("21 {KEY} ac"), T::P2pk, Some(F::P2pkh), false);
    check(&format!("41 {LONG_KEY} ac"), T::P2pk, Some(F::P2pkh), false);
    check(&format!("76a914 {h20} 88ac"), T::P2pkh, Some(F::P2pkh), false);
    check(&format!("a914 {h20} 87"), T::P2sh, Some(F::P2sh), false);
    check(&format!("0014 {h20}"), T::P2wpkh, Some(F::P2wpkh), false);
    check(&format!("0020 {h32}"), T::P2wsh, Some(F::P2wsh), false);
    check(&format!("5120 {h32}"), T::P2tr, Some(F::P2tr), false);
    check("5102 4e73", T::WitnessUnknown, Some(F::Witness), false);
    check(&format!("5114 {h20}"), T::WitnessUnknown, Some(F::Witness), false);
    check(&format!("6014 {h20}"), T::WitnessUnknown, Some(F::Witness), false);
    check("6a", T::OpReturn, None, true);
    check("6a ff", T::OpReturn, None, true);
    check(&format!("51 21 {KEY} 51 ae"), T::Multisig, Some(F::BareMultisig), true);
    check(&format!("51 21 {KEY} 41 {LONG_KEY} 52 ae"), T::Multisig, Some(F::BareMultisig), true);
}

#[test]
fn near_misses_are_not_standard_and_keep_their_script() {
    let h20 = "11".repeat(20);
    let h32 = "22".repeat(32);
    let bad_key = KEY.replacen("02", "05", 1);
    for hex in [
        String::new(),
        "51".into(),
        format!("76a914 {h20} 88"),
        format!("76a914 {h20} 88ac 61"),
        format!("76a913 {h20} 88ac"),
        format!("a914 {h20} 88"),
        format!("21 {bad_key} ac"),
        format!("0014 {h20} 00"),
        format!("0021 {h32} 00"),
        format!("00 4c14 {h20}"),
        format!("52 21 {KEY} 51 ae"),
        format!("51 21 {KEY} 52 ae"),
        format!("51 21 {bad_key} 51 ae"),
        format!("00 21 {KEY} 51 ae"),
        "51 51 ae".into(),
        "ae".into(),
    ] {
        check(&hex, ScriptType::NonStandard, Some(AddressFamily::Script), true);
    }
}

#[test]
fn a_witness_program_too_long_for_an_address_is_kept_by_its_hash() {
    let program = "33".repeat(32);
    check(
        &format!("5220 {program}"),
        ScriptType::WitnessUnknown,
        Some(AddressFamily::Script),
        true,
    );
}

#[test]
fn a_script_too_long_to_run_pays_nobody() {
    let longest = "00".repeat(SCRIPT_BYTES_MAX);
    check(&longest, ScriptType::NonStandard, Some(AddressFamily::Script), true);
    check(&format!("{longest}00"), ScriptType::NonStandard, None, true);
}

#[test]
fn both_forms_of_a_key_have_the_known_hashes() {
    // The key 2: 1cMh228HTCiwS8ZsaakH8A8wze1JR5ZsP and 1LagHJk2FyCV2VzrNHVqg3gYG4TSYwDV4m.
    let hash =
        |hex: &str| *payee(&bytes(hex)).address.unwrap().payload().first_chunk::<20>().unwrap();
    assert_eq!(hash(&format!("21 {KEY} ac")), hash160(&bytes(KEY)));
    let text = |hash: [u8; 20]| {
        use bitcoin::hashes::Hash;
        let hash = bitcoin::PubkeyHash::from_byte_array(hash);
        bitcoin::Address::p2pkh(hash, bitcoin::Network::Bitcoin).to_string()
    };
    assert_eq!(text(hash(&format!("21 {KEY} ac"))), "1cMh228HTCiwS8ZsaakH8A8wze1JR5ZsP");
    assert_eq!(text(hash(&format!("41 {LONG_KEY} ac"))), "1LagHJk2FyCV2VzrNHVqg3gYG4TSYwDV4m");
}

#[test]
fn the_last_push_of_scripts_that_only_push() {
    #[track_caller]
    fn check(hex: &str, expected: Option<(&str, usize)>) {
        let script = bytes(hex);
        let expected = expected.map(|(push, n)| (bytes(push), n));
        let found = last_push(&script).map(|(push, n)| (push.to_vec(), n));
        assert_eq!(found, expected, "{hex}");
    }
    check("", None);
    check("02aabb", Some(("aabb", 1)));
    check("00 01cc", Some(("cc", 2)));
    check("4c02aabb", Some(("aabb", 1)));
    check("4d0200aabb", Some(("aabb", 1)));
    check("4e02000000aabb", Some(("aabb", 1)));
    check("01cc 51", Some(("", 2)));
    check("01cc 76", None);
    check("02aa", None);
    check("4c", None);
    check("4d02", None);
    check("4effffffffaa", None);
}

//! What signatures and keys show of a wallet, against the `bitcoin` crate and by hand.

use bitcoin::consensus::serialize;
use bitcoin::opcodes::OP_0;
use bitcoin::script::{Builder, Instruction, PushBytesBuf};
use bitcoin::{OutPoint, PublicKey, Script, ScriptBuf, TxIn, Txid, Witness};
use ledger::{Height, InputMarks};
use proptest::prelude::*;
use tracehound_ingest::bitcoin::{Network, decode};

use crate::real_blocks::{block_paths, height_of};
use crate::served::data_folder;
use crate::world::{key, mine, multisig, pay, spend, uncompressed};

const NAMES: [(InputMarks, &str); 8] = [
    (InputMarks::LOW_R, "low"),
    (InputMarks::HIGH_R, "high"),
    (InputMarks::COMPRESSED_KEY, "short"),
    (InputMarks::UNCOMPRESSED_KEY, "long"),
    (InputMarks::NESTED_WITNESS, "nested"),
    (InputMarks::WITNESS, "witness"),
    (InputMarks::PARTIAL_SIGHASH, "part"),
    (InputMarks::SEVERAL_SIGNATURES, "several"),
];

/// The marks of an input of a block that the decoder reads.
fn marks(script_sig: ScriptBuf, witness: &[Vec<u8>]) -> InputMarks {
    let genesis = bitcoin::constants::genesis_block(bitcoin::Network::Regtest);
    let previous = OutPoint::new("11".repeat(32).parse::<Txid>().unwrap(), 0);
    let coin = (previous, script_sig, Witness::from_slice(witness));
    let block = mine(&genesis, 1, 0, vec![spend(&[coin], vec![pay(1, ScriptBuf::new())])]);
    let decoded = decode::block(&serialize(&block), Height::new(1), Network::Regtest).unwrap();
    decoded.inputs[0].marks
}

#[track_caller]
fn check(script_sig: Builder, witness: &[Vec<u8>], expected: &str) {
    let found = marks(script_sig.into_script(), witness);
    let names: Vec<&str> =
        NAMES.iter().filter(|(mark, _)| found.contains(*mark)).map(|(_, name)| *name).collect();
    assert_eq!(names.join(" "), expected);
}

/// A signature whose integers have these first bytes and lengths.
fn signature(r: (u8, usize), hash_type: u8) -> Vec<u8> {
    let integer = |first: u8, len: usize| {
        let mut bytes = vec![2, u8::try_from(len).unwrap(), first];
        bytes.extend(vec![0x81; len - 1]);
        bytes
    };
    let body = [integer(r.0, r.1), integer(1, 32)].concat();
    [vec![0x30, u8::try_from(body.len()).unwrap()], body, vec![hash_type]].concat()
}

fn low() -> Vec<u8> {
    signature((0x7f, 32), 1)
}

fn high() -> Vec<u8> {
    signature((0, 33), 1)
}

fn push(builder: Builder, bytes: Vec<u8>) -> Builder {
    builder.push_slice(PushBytesBuf::try_from(bytes).unwrap())
}

fn pushes(all: &[Vec<u8>]) -> Builder {
    all.iter().fold(Builder::new(), |builder, bytes| push(builder, bytes.clone()))
}

#[test]
fn legacy_inputs_show_signatures_and_keys() {
    let (short, long) = (key(1).to_bytes(), uncompressed(1).to_bytes());
    check(pushes(&[low(), short.clone()]), &[], "low short");
    check(pushes(&[high(), long.clone()]), &[], "high long");
    check(pushes(&[low()]), &[], "low");
    check(pushes(&[signature((1, 5), 1)]), &[], "low");
    // All but the first of these sign less than the whole transaction.
    check(pushes(&[signature((1, 32), 0)]), &[], "low");
    for hash_type in [2, 3, 0x81, 0x82, 0x83, 0x42] {
        check(pushes(&[signature((1, 32), hash_type)]), &[], "low part");
    }
    let zero = || Builder::new().push_opcode(OP_0);
    let redeem = || multisig(&[5, 6]).to_bytes();
    check(push(push(zero(), low()), redeem()), &[], "low short");
    check(push(push(push(zero(), low()), low()), redeem()), &[], "low short several");
    // One of them is high: its wallet does not grind.
    check(push(push(push(zero(), low()), high()), redeem()), &[], "high short several");
    check(Builder::new(), &[], "");
    check(pushes(&[b"neither key nor signature".to_vec()]), &[], "");
}

#[test]
fn witnesses_show_as_much() {
    let short = key(1).to_bytes();
    let nested = ScriptBuf::new_p2wpkh(&key(1).wpubkey_hash().unwrap()).to_bytes();
    check(Builder::new(), &[high(), short.clone()], "high short witness");
    check(
        pushes(std::slice::from_ref(&nested)),
        &[low(), short.clone()],
        "low short nested witness",
    );
    // Without a witness a program is a script like others: nothing was signed.
    check(pushes(&[nested]), &[], "");
    let script = multisig(&[5, 6, 7]).to_bytes();
    check(Builder::new(), &[vec![], low(), high(), script], "high short witness several");
}

#[test]
fn taproot_has_no_ecdsa() {
    let annex = vec![0x50, 1, 2];
    let control = [vec![0xc1], vec![2; 32]].concat();
    check(Builder::new(), &[vec![4; 64]], "witness");
    check(Builder::new(), &[[vec![4; 64], vec![1]].concat()], "witness");
    check(Builder::new(), &[[vec![4; 64], vec![0x83]].concat()], "witness part");
    check(Builder::new(), &[[vec![4; 64], vec![2]].concat(), annex.clone()], "witness part");
    let two = [vec![9; 64], [vec![7; 64], vec![0x81]].concat(), vec![0xac; 5], control.clone()];
    check(Builder::new(), &two, "witness part several");
    // Script and control block are no signatures, whatever their length.
    let deep = [vec![0xc0], vec![2; 64]].concat();
    check(Builder::new(), &[vec![9; 64], vec![3; 65], deep.clone(), annex], "witness");
    check(Builder::new(), &[vec![3; 65], deep], "witness");
}

#[test]
fn what_only_looks_like_a_signature_leaves_no_mark() {
    let bent = |change: fn(&mut Vec<u8>)| {
        let mut bytes = low();
        change(&mut bytes);
        check(pushes(&[bytes]), &[], "");
    };
    bent(|bytes| bytes[0] = 0x31);
    bent(|bytes| bytes[1] += 1);
    bent(|bytes| bytes[2] = 3);
    bent(|bytes| bytes[3] += 1);
    bent(|bytes| bytes[4] = 0x80); // negative
    bent(|bytes| bytes.truncate(40));
    check(pushes(&[signature((0, 32), 1)[..].to_vec()]), &[], "low"); // 0 before 0x81 is needed
    let padded = [vec![0x30, 8, 2, 2, 0, 1, 2, 2, 1, 1], vec![1]].concat();
    check(pushes(&[padded]), &[], "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Neither cuts nor changes of what looks like signatures, keys and scripts lead out of their bytes.
    #[test]
    fn any_bytes_have_marks(
        parts in prop::collection::vec((0..7_usize, any::<prop::sample::Index>(), any::<u8>()), 0..6),
        in_witness in any::<bool>(),
    ) {
        let kinds = [
            low(), high(), key(1).to_bytes(), multisig(&[5, 6]).to_bytes(),
            vec![0x50; 64], vec![0xc0; 65], vec![0x30; 9],
        ];
        let parts: Vec<Vec<u8>> = parts.iter().map(|(kind, at, byte)| {
            let mut bytes = kinds[*kind].clone();
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            if byte % 3 == 0 { bytes.truncate(at) }
            bytes
        }).collect();
        let found = match in_witness {
            true => marks(ScriptBuf::new(), &parts),
            false => marks(ScriptBuf::from(parts.concat()), &[]),
        };
        prop_assert!(!found.contains(InputMarks::LOW_R.with(InputMarks::HIGH_R)));
        prop_assert_eq!(found.contains(InputMarks::WITNESS), in_witness && !parts.is_empty());
    }
}

/// R and the hash type of an ECDSA signature, as libsecp256k1 reads it.
fn read_signature(bytes: &[u8]) -> Option<(bool, u8)> {
    let (hash_type, der) = bytes.split_last()?;
    let read = bitcoin::secp256k1::ecdsa::Signature::from_der(der).ok()?;
    let canonical = *read.serialize_der() == *der;
    canonical.then(|| (read.serialize_compact()[0] >= 0x80, *hash_type))
}

/// The marks of an input by what the `bitcoin` crate says of its parts.
fn oracle(input: &TxIn) -> InputMarks {
    let mut signatures: Vec<u8> = Vec::new();
    let mut found: Vec<InputMarks> = Vec::new();
    let sized = |key: &[u8]| PublicKey::from_slice(key).ok().map(|key| key.compressed);
    let mark =
        |short| if short { InputMarks::COMPRESSED_KEY } else { InputMarks::UNCOMPRESSED_KEY };
    let of_script = |script: &Script| {
        script
            .instructions()
            .map_while(Result::ok)
            .filter_map(|part| match part {
                Instruction::PushBytes(bytes) => Some(bytes.as_bytes().to_vec()),
                Instruction::Op(_) => None,
            })
            .collect::<Vec<_>>()
    };
    let witness: Vec<Vec<u8>> = input.witness.iter().map(<[u8]>::to_vec).collect();
    let (mut low, mut high) = (false, false);
    for (in_witness, part) in of_script(&input.script_sig)
        .iter()
        .map(|part| (false, part))
        .chain(witness.iter().map(|part| (true, part)))
    {
        if let Some((is_high, hash_type)) = read_signature(part) {
            (low, high) = (low || !is_high, high || is_high);
            signatures.push(hash_type);
        }
        found.extend(sized(part).filter(|short| *short || !in_witness).map(mark));
        let script = Script::from_bytes(part);
        if script.is_multisig() {
            found.extend(of_script(script).iter().filter_map(|key| sized(key)).map(mark));
        }
    }
    if input.script_sig.is_empty() && signatures.is_empty() {
        let annex = input.witness.taproot_annex().is_some();
        let items = &witness[..witness.len() - usize::from(annex)];
        let signed = match input.witness.taproot_leaf_script() {
            _ if items.len() == 1 => items,
            Some(_) if bitcoin::taproot::ControlBlock::decode(items.last().unwrap()).is_ok() => {
                &items[..items.len() - 2]
            }
            _ => &[],
        };
        let read =
            signed.iter().filter_map(|item| bitcoin::taproot::Signature::from_slice(item).ok());
        signatures.extend(read.map(|signature| signature.sighash_type as u8));
    }
    let nested = of_script(&input.script_sig).last().is_some_and(|program| {
        input.script_sig.len() == program.len() + 1
            && Script::from_bytes(program).is_witness_program()
    });
    let partial = |hash_type: &u8| matches!(hash_type & 0x1f, 2 | 3) || hash_type & 0x80 != 0;
    let rules = [
        (low && !high, InputMarks::LOW_R),
        (high, InputMarks::HIGH_R),
        (nested && !witness.is_empty(), InputMarks::NESTED_WITNESS),
        (!witness.is_empty(), InputMarks::WITNESS),
        (signatures.iter().any(partial), InputMarks::PARTIAL_SIGHASH),
        (signatures.len() > 1, InputMarks::SEVERAL_SIGNATURES),
    ];
    found.extend(rules.into_iter().filter(|(holds, _)| *holds).map(|(_, mark)| mark));
    found.into_iter().fold(InputMarks::default(), InputMarks::with)
}

/// A tally of marks over the real blocks is printed with `--no-capture`.
#[test]
#[allow(clippy::print_stderr)]
fn every_real_input_agrees_with_the_bitcoin_crate() {
    let Some(folder) = data_folder() else { return };
    let mut tally = [0_u64; 8];
    let mut n_inputs = 0_u64;
    for path in block_paths(&folder) {
        let bytes = std::fs::read(&path).unwrap();
        let ours = decode::block(&bytes, height_of(&path), Network::Main).unwrap();
        let theirs: bitcoin::Block = bitcoin::consensus::deserialize(&bytes).unwrap();
        let inputs: Vec<&TxIn> = theirs.txdata.iter().skip(1).flat_map(|tx| &tx.input).collect();
        assert_eq!(ours.inputs.len(), inputs.len());
        for (ours, theirs) in ours.inputs.iter().zip(inputs) {
            assert_eq!(ours.marks, oracle(theirs), "{}: {theirs:?}", path.display());
            n_inputs += 1;
            for (count, (mark, _)) in tally.iter_mut().zip(NAMES) {
                *count += u64::from(ours.marks.contains(mark));
            }
        }
    }
    let named: Vec<String> =
        tally.iter().zip(NAMES).map(|(count, (_, name))| format!("{name} {count}")).collect();
    eprintln!("{n_inputs} inputs: {}", named.join(", "));
}

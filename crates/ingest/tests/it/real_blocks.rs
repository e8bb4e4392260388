//! Real main-network blocks, held against the `bitcoin` crate and against counts made by other means.

use std::path::{Path, PathBuf};

use bitcoin::address::AddressData;
use bitcoin::hashes::Hash;
use bitcoin::{Address, Block, Script};
use ledger::{AddressFamily, DecodedBlock, DecodedOutput, Height, ScriptType};
use tracehound_ingest::bitcoin::{Network, block_files, decode};
use tracehound_ingest::source::{BatchLimit, Held, Options, Source};

use crate::served::{data_folder, pull};

pub(crate) fn block_paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = ["run-genesis", "run-560062", "singles"]
        .iter()
        .flat_map(|name| std::fs::read_dir(folder.join(name)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "blk"))
        .collect();
    paths.sort();
    paths
}

pub(crate) fn height_of(path: &Path) -> Height {
    let name = path.file_name().unwrap().to_str().unwrap();
    Height::new(name.split('-').next().unwrap().parse().unwrap())
}

#[test]
fn every_field_agrees_with_the_bitcoin_crate() {
    let Some(folder) = data_folder() else { return };
    let paths = block_paths(&folder);
    assert!(paths.len() > 300, "{} blocks", paths.len());
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let ours = decode::block(&bytes, height_of(&path), Network::Main).unwrap();
        let theirs: Block = bitcoin::consensus::deserialize(&bytes).unwrap();
        compare(&ours, &theirs);
    }
}

fn compare(ours: &DecodedBlock, theirs: &Block) {
    assert_eq!(ours.hash.to_string(), theirs.block_hash().to_string());
    assert_eq!(ours.previous_hash.to_string(), theirs.header.prev_blockhash.to_string());
    assert_eq!(ours.time.get(), i64::from(theirs.header.time));
    assert_eq!(ours.transactions.len(), theirs.txdata.len());
    let (mut inputs, mut outputs) = (ours.inputs.iter(), ours.outputs.iter());
    for (ours, theirs) in ours.transactions.iter().zip(&theirs.txdata) {
        assert_eq!(ours.id.to_string(), theirs.compute_txid().to_string());
        assert_eq!(ours.size_bytes as usize, theirs.total_size());
        assert_eq!(u64::from(ours.weight), theirs.weight().to_wu());
        assert_eq!(ours.version, theirs.version.0);
        assert_eq!(ours.lock_time, theirs.lock_time.to_consensus_u32());
        assert_eq!(ours.coinbase, theirs.is_coinbase());
        for theirs in theirs.input.iter().filter(|_| !ours.coinbase) {
            let ours = inputs.next().unwrap();
            assert_eq!(ours.previous.to_string(), theirs.previous_output.to_string());
            assert_eq!(ours.sequence, theirs.sequence.to_consensus_u32());
        }
        for theirs in &theirs.output {
            let ours = outputs.next().unwrap();
            assert_eq!(ours.amount_sat, theirs.value.to_sat());
            compare_script(ours, &theirs.script_pubkey);
        }
    }
    assert_eq!((inputs.count(), outputs.count()), (0, 0));
}

/// Bitcoin Core takes a push for a key if its first byte goes with its length; the `bitcoin` crate takes any.
fn all_keys(script: &Script) -> bool {
    script
        .instructions()
        .filter_map(|push| push.unwrap().push_bytes().map(|push| push.as_bytes().to_vec()))
        .all(|push| match push.first() {
            Some(2 | 3) => push.len() == 33,
            Some(4 | 6 | 7) => push.len() == 65,
            _ => false,
        })
}

fn compare_script(ours: &DecodedOutput, script: &Script) {
    let expected = if script.is_p2pk() && script.p2pk_public_key().is_some() {
        ScriptType::P2pk
    } else if script.is_p2pkh() {
        ScriptType::P2pkh
    } else if script.is_p2sh() {
        ScriptType::P2sh
    } else if script.is_p2wpkh() {
        ScriptType::P2wpkh
    } else if script.is_p2wsh() {
        ScriptType::P2wsh
    } else if script.is_p2tr() {
        ScriptType::P2tr
    } else if script.is_op_return() {
        ScriptType::OpReturn
    } else if script.is_multisig() && all_keys(script) {
        ScriptType::Multisig
    } else {
        ScriptType::NonStandard
    };
    assert_eq!(ours.script_type, expected, "{script:?}");
    let keeps =
        matches!(expected, ScriptType::OpReturn | ScriptType::Multisig | ScriptType::NonStandard);
    assert_eq!(ours.script.as_deref(), keeps.then_some(script.as_bytes()));
    let kind = bitcoin::Network::Bitcoin;
    let address = match script.p2pk_public_key() {
        Some(key) => Some(Address::p2pkh(key, kind)),
        None => Address::from_script(script, kind).ok(),
    };
    let Some(address) = address else { return };
    let (family, payload) = match address.to_address_data() {
        AddressData::P2pkh { pubkey_hash } => {
            (AddressFamily::P2pkh, pubkey_hash.to_byte_array().to_vec())
        }
        AddressData::P2sh { script_hash } => {
            (AddressFamily::P2sh, script_hash.to_byte_array().to_vec())
        }
        AddressData::Segwit { witness_program } => {
            let program = witness_program.program().as_bytes().to_vec();
            match (witness_program.version().to_num(), program.len()) {
                (0, 20) => (AddressFamily::P2wpkh, program),
                (0, _) => (AddressFamily::P2wsh, program),
                (1, 32) => (AddressFamily::P2tr, program),
                (version, _) => (AddressFamily::Witness, [vec![version], program].concat()),
            }
        }
        other => panic!("an unknown kind of address {other:?}"),
    };
    assert_eq!(ours.address, ledger::Address::new(family, &payload), "{script:?}");
}

#[test]
fn counts_agree_with_the_index() {
    let Some(folder) = data_folder() else { return };
    let mut blocks: Vec<DecodedBlock> = Vec::new();
    for run in ["run-genesis", "run-560062", "singles"] {
        let options = Options { allow_gaps: true, ..Options::default() };
        let mut source = block_files(&[folder.join(run)], &Held::nothing(), &options).unwrap();
        let n_others = usize::from(run == "singles") * 2;
        assert_eq!(source.plan().ignored.len(), n_others);
        let (_, delivered) = pull(&mut source, BatchLimit::default()).unwrap();
        blocks.extend(delivered.into_iter().map(|delivered| delivered.block));
    }
    blocks.sort_by_key(|block| block.height);
    let index = std::fs::read_to_string(folder.join("index.csv")).unwrap();
    let lines: Vec<&str> = index.lines().skip(1).collect();
    assert_eq!(lines.len(), blocks.len());
    for (line, block) in lines.iter().zip(&blocks) {
        let segwit = |tx: &&ledger::DecodedTransaction| tx.weight != 4 * tx.size_bytes;
        let n_segwit = block.transactions.iter().filter(segwit).count();
        let ours = format!(
            "{},{},{},{},{},{},{},{},{}",
            block.height,
            block.hash,
            block.previous_hash,
            block.time,
            block.transactions.len(),
            block.inputs.len() + 1,
            block.outputs.len(),
            n_segwit,
            block.size_bytes
        );
        assert_eq!(*line, ours);
    }
}

#[test]
fn a_run_without_its_beginning_needs_no_help_and_two_runs_are_a_gap() {
    let Some(folder) = data_folder() else { return };
    let both = [folder.join("run-genesis"), folder.join("run-560062")];
    let mut source = block_files(&both, &Held::nothing(), &Options::default()).unwrap();
    let error = pull(&mut source, BatchLimit::default()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("at height 300") && text.contains("at 560062"), "{text}");
    assert!(text.contains("560062-0000"), "names the file: {text}");
    let source = block_files(&both[1..], &Held::nothing(), &Options::default()).unwrap();
    assert_eq!(source.plan().heights, Some((Height::new(560_062), Height::new(560_078))));
}

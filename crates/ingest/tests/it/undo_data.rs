//! An encoder of Bitcoin Core's undo data, written from its sources, to hold the decoder against.

use bitcoin::Block;
use bitcoin::hashes::{Hash, sha256d};
use ledger::{DecodedBlock, Height};
use proptest::prelude::*;
use tracehound_ingest::bitcoin::{Network, decode, undo};

use crate::served::data_folder;
use crate::world::{Coin, World, pay, spent};

fn var_int(bytes: &mut Vec<u8>, mut number: u64) {
    let mut reversed = vec![(number & 0x7f) as u8];
    while number > 0x7f {
        number = (number >> 7) - 1;
        reversed.push((number & 0x7f) as u8 | 0x80);
    }
    bytes.extend(reversed.iter().rev());
}

fn compress_amount(mut amount: u64) -> u64 {
    if amount == 0 {
        return 0;
    }
    let mut exponent = 0;
    while amount.is_multiple_of(10) && exponent < 9 {
        amount /= 10;
        exponent += 1;
    }
    match exponent {
        9 => 1 + (amount - 1) * 10 + 9,
        _ => 1 + ((amount / 10) * 9 + amount % 10 - 1) * 10 + exponent,
    }
}

fn compress_script(bytes: &mut Vec<u8>, script: &bitcoin::Script) {
    let raw = script.as_bytes();
    if script.is_p2pkh() {
        bytes.push(0);
        bytes.extend(&raw[3..23]);
    } else if script.is_p2sh() {
        bytes.push(1);
        bytes.extend(&raw[2..22]);
    } else if script.is_p2pk() && raw.len() == 35 && matches!(raw[1], 2 | 3) {
        bytes.extend(&raw[1..34]);
    } else if script.is_p2pk() && raw[1] == 4 && script.p2pk_public_key().is_some() {
        bytes.push(4 | raw[65] & 1);
        bytes.extend(&raw[2..34]);
    } else {
        var_int(bytes, raw.len() as u64 + 6);
        bytes.extend(raw);
    }
}

fn compact_size(bytes: &mut Vec<u8>, size: usize) {
    bytes.extend(bitcoin::consensus::serialize(&bitcoin::VarInt::from(size)));
}

fn encode_coins(transactions: &[Vec<Coin>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    compact_size(&mut bytes, transactions.len());
    for coins in transactions {
        compact_size(&mut bytes, coins.len());
        for coin in coins {
            var_int(&mut bytes, u64::from(coin.height) * 2 + u64::from(coin.coinbase));
            if coin.height > 0 {
                bytes.push(0);
            }
            var_int(&mut bytes, compress_amount(coin.output.value.to_sat()));
            compress_script(&mut bytes, &coin.output.script_pubkey);
        }
    }
    bytes
}

/// The undo data of a block of the world.
pub(crate) fn encode(world: &World, block: &Block) -> Vec<u8> {
    let coins = |tx: &bitcoin::Transaction| {
        tx.input.iter().map(|input| world.coins[&input.previous_output].clone()).collect()
    };
    encode_coins(&block.txdata.iter().skip(1).map(coins).collect::<Vec<_>>())
}

pub(crate) fn checksum(block: &Block, undo: &[u8]) -> [u8; 32] {
    let previous = block.header.prev_blockhash.to_byte_array();
    sha256d::Hash::hash(&[&previous, undo].concat()).to_byte_array()
}

fn block_with_inputs(world: &World) -> (DecodedBlock, Vec<u8>) {
    let block = &world.best[3];
    let mut decoded = world.decoded(block);
    decoded.inputs.iter_mut().for_each(|input| input.spent = None);
    decoded.has_spent_outputs = false;
    (decoded, encode(world, block))
}

#[test]
fn cut_or_longer_undo_data_is_refused() {
    let (block, undo) = block_with_inputs(&World::new());
    for len in 0..undo.len() {
        assert!(undo::attach(&mut block.clone(), &undo[..len]).is_err(), "{len}");
    }
    assert!(undo::attach(&mut block.clone(), &[&undo, [0].as_slice()].concat()).is_err());
    undo::attach(&mut block.clone(), &undo).unwrap();
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_attached(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut block = block_with_inputs(&World::new()).0;
        let attached = undo::attach(&mut block, &bytes).is_ok();
        prop_assert_eq!(attached, block.has_spent_outputs);
    }

    #[test]
    fn every_amount_is_read_back(amount in prop_oneof![
        0..=21_000_000 * 100_000_000_u64,
        (0..=20_999_999_u64).prop_map(|coins| coins * 100_000_000),
    ]) {
        let world = World::new();
        let (mut block, _) = block_with_inputs(&world);
        let output = pay(amount, bitcoin::ScriptBuf::new());
        let coin = Coin { output, height: 1, coinbase: false };
        let counts = block.transactions.iter().skip(1).map(|tx| tx.n_inputs as usize);
        let coins: Vec<_> = counts.map(|n| vec![coin.clone(); n]).collect();
        undo::attach(&mut block, &encode_coins(&coins)).unwrap();
        prop_assert!(block.inputs.iter().all(|input| input.spent.unwrap().amount_sat == amount));
    }
}

#[test]
fn spent_outputs_of_a_real_block_come_back() {
    let Some(folder) = data_folder() else { return };
    let list = std::fs::read(folder.join("singles/367891-spent-outputs.json")).unwrap();
    let list: Vec<serde_json::Value> = serde_json::from_slice(&list).unwrap();
    let coin = |entry: &serde_json::Value| {
        use bitcoin::hex::FromHex;
        let script = entry["txout"]["script_pubkey"].as_str().unwrap();
        let output = pay(
            entry["txout"]["value"].as_u64().unwrap(),
            bitcoin::ScriptBuf::from(Vec::<u8>::from_hex(script).unwrap()),
        );
        Coin {
            output,
            height: u32::try_from(entry["creation_height"].as_u64().unwrap()).unwrap(),
            coinbase: entry["is_coinbase"].as_bool().unwrap(),
        }
    };
    let coins: Vec<Coin> = list.iter().map(coin).collect();
    let path =
        "singles/367891-000000000000000012ea0ca9579299ec120e3f57e7c309216884872592b29970.blk";
    let bytes = std::fs::read(folder.join(path)).unwrap();
    let mut block = decode::block(&bytes, Height::new(367_891), Network::Main).unwrap();
    assert_eq!(block.inputs.len(), coins.len());
    let mut rest = coins.as_slice();
    let mut transactions = Vec::new();
    for tx in &block.transactions[1..] {
        let (own, others) = rest.split_at(tx.n_inputs as usize);
        transactions.push(own.to_vec());
        rest = others;
    }
    undo::attach(&mut block, &encode_coins(&transactions)).unwrap();
    for (input, coin) in block.inputs.iter().zip(&coins) {
        assert_eq!(input.spent, Some(spent(&coin.output)));
    }
}

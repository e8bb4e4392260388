//! One block at a time: damage of every kind is refused, and nothing makes the decoder panic.

use bitcoin::consensus::serialize;
use ledger::Height;
use proptest::prelude::*;
use tracehound_ingest::bitcoin::decode::{self, DecodeFault};
use tracehound_ingest::bitcoin::{Network, script};

use crate::world::{World, mine, remine};

fn regtest(bytes: &[u8], height: u32) -> Result<ledger::DecodedBlock, decode::DecodeError> {
    decode::block(bytes, Height::new(height), Network::Regtest)
}

#[test]
fn every_cut_of_a_block_is_refused() {
    let world = World::new();
    for (height, block) in (0..).zip(&world.best) {
        let bytes = serialize(block);
        for len in 0..bytes.len() {
            let error = regtest(&bytes[..len], height).unwrap_err();
            assert!(error.offset <= len, "{error}");
        }
        let longer = [&bytes, [0].as_slice()].concat();
        let error = regtest(&longer, height).unwrap_err();
        assert_eq!(error.kind, DecodeFault::TrailingBytes(1));
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let world = World::new();
    for (height, block) in (0..).zip(&world.best) {
        let mut bytes = serialize(block);
        let hash = block.block_hash().to_string();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            // On regtest every other header meets its target: then it is another block, by its hash.
            let refused =
                regtest(&bytes, height).map_or(true, |block| block.hash.to_string() != hash);
            assert!(refused, "height {height}, bit {bit}");
            assert!(bit < 640 || regtest(&bytes, height).is_err(), "height {height}, bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
    let genesis = serialize(&bitcoin::constants::genesis_block(bitcoin::Network::Bitcoin));
    for bit in 0..genesis.len() * 8 {
        let mut bytes = genesis.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(decode::block(&bytes, Height::new(0), Network::Main).is_err(), "bit {bit}");
    }
}

#[test]
fn rules_that_hashes_do_not_show_are_checked() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut bitcoin::Block), expected: fn(&DecodeFault) -> bool) {
        let world = World::new();
        let mut block = world.best[4].clone();
        change(&mut block);
        block.header.merkle_root = block
            .compute_merkle_root()
            .unwrap_or(bitcoin::TxMerkleNode::from_raw_hash(bitcoin::hashes::Hash::all_zeros()));
        remine(&mut block);
        let error = regtest(&serialize(&block), 4).unwrap_err();
        assert!(expected(&error.kind), "{error}");
    }
    use DecodeFault as Fault;
    check(|block| block.txdata.clear(), |fault| *fault == Fault::NoTransactions);
    check(|block| drop(block.txdata.remove(0)), |fault| *fault == Fault::NoCoinbase);
    check(
        |block| block.txdata.push(block.txdata[0].clone()),
        |fault| *fault == Fault::ExtraCoinbase,
    );
    check(
        |block| block.txdata[1].output[0].value = bitcoin::Amount::from_sat(u64::MAX),
        |fault| *fault == Fault::Amount(u64::MAX),
    );
    check(
        |block| {
            for output in &mut block.txdata[1].output {
                output.value = bitcoin::Amount::from_sat(11_000_000 * 100_000_000);
            }
        },
        |fault| matches!(fault, Fault::Amount(_)),
    );
    check(|block| block.txdata[1].output.clear(), |fault| *fault == Fault::Without("outputs"));
    check(
        |block| block.txdata[0].input[0].script_sig = bitcoin::ScriptBuf::from(vec![0; 101]),
        |fault| *fault == Fault::CoinbaseScript(101),
    );
    check(|block| drop(block.txdata[0].output.pop()), |fault| *fault == Fault::UnexpectedWitness);
    check(
        |block| block.txdata[1].input[0].witness.push([1]),
        |fault| *fault == Fault::WitnessCommitment,
    );
    check(
        |block| {
            for tx in &mut block.txdata {
                tx.input.iter_mut().for_each(|input| input.witness.clear());
            }
        },
        |fault| *fault == Fault::StrippedWitness,
    );
}

#[test]
fn repeated_transactions_under_the_same_root_are_refused() {
    let world = World::new();
    let mut block = world.best[3].clone();
    assert_eq!(block.txdata.len(), 3);
    block.txdata.push(block.txdata[2].clone());
    let error = regtest(&serialize(&block), 3).unwrap_err();
    assert!(matches!(error.kind, DecodeFault::RepeatedTransactions { .. }), "{error}");
}

#[test]
fn an_easy_target_is_another_network() {
    let block = mine(&World::new().best[0], 1, 0, vec![]);
    let error = decode::block(&serialize(&block), Height::new(1), Network::Main).unwrap_err();
    assert!(matches!(error.kind, DecodeFault::Target { .. }), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(regtest(&bytes, 1).is_err());
    }

    #[test]
    fn any_bytes_behind_a_good_header_are_refused(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..3_u8, Just(0xff)], 0..400)
    ) {
        let header = serialize(&bitcoin::constants::genesis_block(bitcoin::Network::Regtest).header);
        prop_assert!(regtest(&[header, bytes].concat(), 0).is_err());
    }

    #[test]
    fn a_block_with_changed_bytes_is_refused(changes in proptest::collection::vec((80..2000_usize, any::<u8>()), 1..5)) {
        let block = &World::new().best[4];
        let good = serialize(block);
        let mut bytes = good.clone();
        for (at, byte) in changes {
            let at = at % bytes.len();
            if at >= 80 {
                bytes[at] = byte;
            }
        }
        prop_assert_eq!(regtest(&bytes, 4).is_ok(), bytes == good);
    }

    #[test]
    fn any_script_has_a_payee(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let payee = script::payee(&bytes);
        let unspendable = bytes.first() == Some(&0x6a);
        prop_assert_eq!(payee.address.is_none(), unspendable);
    }
}

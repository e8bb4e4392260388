//! A small regtest chain with every kind of script and every way to reveal one, a coinbase in every block, witnesses,
//! and a stale branch. Made with the `bitcoin` crate; signatures are rubbish, because no source checks them.

use std::collections::BTreeMap;

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_PUSHNUM_1, OP_PUSHNUM_2, OP_RETURN};
use bitcoin::opcodes::{OP_0, OP_TRUE};
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::secp256k1::{Secp256k1, SecretKey};
use bitcoin::{
    Amount, Block, CompactTarget, Network, OutPoint, PublicKey, ScriptBuf, Sequence, Transaction,
    TxIn, TxOut, Witness, XOnlyPublicKey,
};
use ledger::{DecodedBlock, Height, SpentByInput};
use tracehound_ingest::bitcoin::{decode, script};

pub(crate) const BITS: u32 = 0x207f_ffff;

/// An output, where it was made.
#[derive(Clone, Debug)]
pub(crate) struct Coin {
    pub(crate) output: TxOut,
    pub(crate) height: u32,
    pub(crate) coinbase: bool,
}

/// The chain.
#[derive(Clone, Debug)]
pub(crate) struct World {
    /// By height, the best branch.
    pub(crate) best: Vec<Block>,
    /// A branch that leaves the best one after height [`World::FORK`].
    pub(crate) stale: Vec<Block>,
    pub(crate) coins: BTreeMap<OutPoint, Coin>,
}

/// A key of the test world.
pub(crate) fn key(number: u8) -> PublicKey {
    let secret = SecretKey::from_slice(&[number; 32]).unwrap();
    PublicKey::new(secret.public_key(&Secp256k1::new()))
}

pub(crate) fn uncompressed(number: u8) -> PublicKey {
    PublicKey { compressed: false, ..key(number) }
}

pub(crate) fn multisig(numbers: &[u8]) -> ScriptBuf {
    let mut builder = Builder::new().push_opcode(OP_PUSHNUM_1);
    for number in numbers {
        builder = builder.push_key(&key(*number));
    }
    builder
        .push_int(i64::try_from(numbers.len()).unwrap())
        .push_opcode(OP_CHECKMULTISIG)
        .into_script()
}

/// Every kind of output script, with its name for messages.
pub(crate) fn scripts() -> Vec<(&'static str, ScriptBuf)> {
    let x_only = XOnlyPublicKey::from(key(9).inner).serialize();
    let witness_of = |script: &ScriptBuf| ScriptBuf::new_p2wsh(&script.wscript_hash());
    let p2sh_of = |script: &ScriptBuf| ScriptBuf::new_p2sh(&script.script_hash());
    let nested = ScriptBuf::new_p2wpkh(&key(4).wpubkey_hash().unwrap());
    vec![
        ("pubkey, uncompressed", ScriptBuf::new_p2pk(&uncompressed(1))),
        ("pubkey", ScriptBuf::new_p2pk(&key(2))),
        ("pubkeyhash, uncompressed", ScriptBuf::new_p2pkh(&uncompressed(3).pubkey_hash())),
        ("pubkeyhash", ScriptBuf::new_p2pkh(&key(3).pubkey_hash())),
        ("scripthash of witness keyhash", p2sh_of(&nested)),
        ("witness keyhash", nested),
        ("scripthash of multisig", p2sh_of(&multisig(&[5, 6]))),
        ("witness scripthash of multisig", witness_of(&multisig(&[5, 6, 7]))),
        ("scripthash of witness scripthash", p2sh_of(&witness_of(&ScriptBuf::new_p2pk(&key(8))))),
        ("taproot", Builder::new().push_opcode(OP_PUSHNUM_1).push_slice(x_only).into_script()),
        ("bare multisig", multisig(&[5, 6, 10])),
        ("data", Builder::new().push_opcode(OP_RETURN).push_slice(b"hello").into_script()),
        ("anyone", Builder::new().push_opcode(OP_TRUE).into_script()),
        ("empty", ScriptBuf::new()),
        (
            "witness version 2",
            Builder::new().push_opcode(OP_PUSHNUM_2).push_slice([7; 20]).into_script(),
        ),
    ]
}

fn push(bytes: impl Into<Vec<u8>>) -> PushBytesBuf {
    PushBytesBuf::try_from(bytes.into()).unwrap()
}

/// What spends each of [`scripts`], in the same order; `None` where nothing can.
fn unlocking() -> Vec<Option<(ScriptBuf, Witness)>> {
    let signature = || push([0x30; 71]);
    let sig = || Builder::new().push_slice(signature());
    let legacy = |script: Builder| Some((script.into_script(), Witness::new()));
    let nested = ScriptBuf::new_p2wpkh(&key(4).wpubkey_hash().unwrap());
    let key_witness = Witness::from_slice(&[vec![0x30; 71], key(4).to_bytes()]);
    let p2pk = ScriptBuf::new_p2pk(&key(8));
    let wrapped = ScriptBuf::new_p2wsh(&p2pk.wscript_hash());
    let three = multisig(&[5, 6, 7]);
    vec![
        legacy(sig()),
        legacy(sig()),
        legacy(sig().push_slice(push(uncompressed(3).to_bytes()))),
        legacy(sig().push_key(&key(3))),
        Some((
            Builder::new().push_slice(push(nested.to_bytes())).into_script(),
            key_witness.clone(),
        )),
        Some((ScriptBuf::new(), key_witness)),
        legacy(
            Builder::new()
                .push_opcode(OP_0)
                .push_slice(signature())
                .push_slice(push(multisig(&[5, 6]).to_bytes())),
        ),
        Some((ScriptBuf::new(), Witness::from_slice(&[vec![], vec![0x30; 71], three.to_bytes()]))),
        Some((
            Builder::new().push_slice(push(wrapped.to_bytes())).into_script(),
            Witness::from_slice(&[vec![0x30; 71], p2pk.to_bytes()]),
        )),
        Some((ScriptBuf::new(), Witness::from_slice(&[vec![0x42; 64]]))),
        legacy(Builder::new().push_opcode(OP_0).push_slice(signature())),
        None,
        legacy(Builder::new().push_int(1)),
        legacy(Builder::new().push_opcode(OP_TRUE)),
        Some((ScriptBuf::new(), Witness::new())),
    ]
}

pub(crate) fn spend(coins: &[(OutPoint, ScriptBuf, Witness)], outputs: Vec<TxOut>) -> Transaction {
    let input = coins.iter().map(|(previous_output, script_sig, witness)| TxIn {
        previous_output: *previous_output,
        script_sig: script_sig.clone(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: witness.clone(),
    });
    Transaction {
        version: bitcoin::transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: input.collect(),
        output: outputs,
    }
}

pub(crate) fn pay(amount_sat: u64, script_pubkey: ScriptBuf) -> TxOut {
    TxOut { value: Amount::from_sat(amount_sat), script_pubkey }
}

/// A block over `previous` with a coinbase of its own, mined.
pub(crate) fn mine(
    previous: &Block,
    height: u32,
    salt: u32,
    transactions: Vec<Transaction>,
) -> Block {
    let coinbase = Transaction {
        version: bitcoin::transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: Builder::new()
                .push_int(i64::from(height))
                .push_slice(salt.to_le_bytes())
                .into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }],
        output: vec![pay(5_000_000_000, ScriptBuf::new_p2pk(&uncompressed(1)))],
    };
    let header = Header {
        version: Version::from_consensus(0x2000_0000),
        prev_blockhash: previous.block_hash(),
        merkle_root: bitcoin::TxMerkleNode::all_zeros(),
        time: previous.header.time + 600,
        bits: CompactTarget::from_consensus(BITS),
        nonce: 0,
    };
    let mut txdata = vec![coinbase];
    txdata.extend(transactions);
    let mut block = Block { header, txdata };
    if block.txdata.iter().any(|tx| tx.input.iter().any(|input| !input.witness.is_empty())) {
        commit_to_witnesses(&mut block);
    }
    block.header.merkle_root = block.compute_merkle_root().unwrap();
    remine(&mut block);
    block
}

pub(crate) fn remine(block: &mut Block) {
    while !block.header.target().is_met_by(block.block_hash()) {
        block.header.nonce += 1;
    }
}

fn commit_to_witnesses(block: &mut Block) {
    let salt = [0; 32];
    block.txdata[0].input[0].witness = Witness::from_slice(&[salt]);
    let root = block.witness_root().unwrap();
    let commitment = sha256d::Hash::hash(&[root.to_byte_array(), salt].concat());
    let data = [&[0xaa, 0x21, 0xa9, 0xed], commitment.as_byte_array().as_slice()].concat();
    let script = Builder::new().push_opcode(OP_RETURN).push_slice(push(data)).into_script();
    block.txdata[0].output.push(pay(0, script));
}

impl World {
    /// The last height that both branches have.
    pub(crate) const FORK: usize = 3;

    pub(crate) fn new() -> Self {
        let genesis = bitcoin::constants::genesis_block(Network::Regtest);
        let first = mine(&genesis, 1, 0, vec![]);
        let mut world = Self { best: vec![genesis, first], stale: vec![], coins: BTreeMap::new() };
        let funds = OutPoint::new(world.best[1].txdata[0].compute_txid(), 0);
        let outputs: Vec<TxOut> =
            (1..).zip(scripts()).map(|(n, (_, script))| pay(n * 100_003, script)).collect();
        let sig_only = unlocking()[0].clone().unwrap();
        let fund = spend(&[(funds, sig_only.0, sig_only.1)], outputs);
        let fund_id = fund.compute_txid();
        world.extend(vec![fund]);
        let coins: Vec<_> = (0..)
            .zip(unlocking())
            .filter_map(|(vout, unlock)| {
                let (script_sig, witness) = unlock?;
                Some((OutPoint::new(fund_id, vout), script_sig, witness))
            })
            .collect();
        let (legacy, segwit): (Vec<_>, Vec<_>) =
            coins.into_iter().partition(|(_, _, witness)| witness.is_empty());
        let to = |number| ScriptBuf::new_p2wpkh(&key(number).wpubkey_hash().unwrap());
        let first = spend(&legacy, vec![pay(1_000, to(20))]);
        let chained = OutPoint::new(first.compute_txid(), 0);
        let witness = Witness::from_slice(&[vec![0x30; 71], key(20).to_bytes()]);
        let second = spend(&[(chained, ScriptBuf::new(), witness)], vec![pay(900, to(21))]);
        world.extend(vec![first, second]);
        let third = spend(&segwit, vec![pay(2_000, to(22)), pay(3_000, to(23))]);
        let fork = world.best[Self::FORK].clone();
        let stale = mine(&fork, 4, 77, vec![]);
        world.stale = vec![stale];
        world.extend(vec![third]);
        world.extend(vec![]);
        world
    }

    /// Mines the next block of the best branch.
    pub(crate) fn extend(&mut self, transactions: Vec<Transaction>) {
        let height = u32::try_from(self.best.len()).unwrap();
        let block = mine(self.best.last().unwrap(), height, 0, transactions);
        self.best.push(block);
        self.coins = coins(&self.best);
    }

    pub(crate) fn height_of(&self, block: &Block) -> u32 {
        let same = |other: &Block| other.block_hash() == block.block_hash();
        let best = self.best.iter().position(same);
        let stale = || Self::FORK + 1 + self.stale.iter().position(same).unwrap();
        u32::try_from(best.unwrap_or_else(stale)).unwrap()
    }

    /// What every source should make of a block: read from its raw bytes, spent outputs looked up.
    pub(crate) fn decoded(&self, block: &Block) -> DecodedBlock {
        let bytes = bitcoin::consensus::serialize(block);
        let height = Height::new(self.height_of(block));
        let network = tracehound_ingest::bitcoin::Network::Regtest;
        let mut decoded = decode::block(&bytes, height, network).unwrap();
        let inputs = block.txdata.iter().skip(1).flat_map(|tx| &tx.input);
        for (decoded, input) in decoded.inputs.iter_mut().zip(inputs) {
            decoded.spent = Some(spent(&self.coins[&input.previous_output].output));
        }
        decoded.has_spent_outputs = true;
        decoded
    }
}

pub(crate) fn spent(output: &TxOut) -> SpentByInput {
    let payee = script::payee(output.script_pubkey.as_bytes());
    SpentByInput {
        amount_sat: output.value.to_sat(),
        script_type: payee.script_type,
        address: payee.address,
    }
}

fn coins(blocks: &[Block]) -> BTreeMap<OutPoint, Coin> {
    let mut coins = BTreeMap::new();
    for (height, block) in (0..).zip(blocks) {
        for tx in &block.txdata {
            let id = tx.compute_txid();
            for (vout, output) in (0..).zip(&tx.output) {
                let coin = Coin { output: output.clone(), height, coinbase: tx.is_coinbase() };
                coins.insert(OutPoint::new(id, vout), coin);
            }
        }
    }
    coins
}

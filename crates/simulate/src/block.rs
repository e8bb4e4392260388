//! Blocks on the wire: coinbase, merkle root, witness commitment, proof of work.
//!
//! In: transactions and who is paid for them. Out: raw blocks that Bitcoin Core in regtest mode would take, but for
//! signatures. Source: BIP 34 (height in the coinbase), BIP 141 (witness commitment), Bitcoin Core's `CRegTestParams`
//! (target, subsidy halved every 150 blocks, coinbases spendable after 100).
//! Cost: two hashes of a header on average, because every second one meets regtest's target.
//! Checked against: the `bitcoin` crate's own checks (`tests/it/worlds.rs`).

use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode;
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, Network, OutPoint, ScriptBuf, Sequence, Transaction,
    TxIn, TxMerkleNode, TxOut, Txid, Witness, WitnessMerkleNode, absolute, merkle_tree, script,
    transaction,
};

/// The first bytes of every record of a `blk*.dat` file of a regtest node.
pub const REGTEST_MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// Blocks until a coinbase may be spent.
pub(crate) const MATURITY: u32 = 100;

const BITS: u32 = 0x207f_ffff;
const HALVING_INTERVAL: u32 = 150;

/// One block as a record of a `blk*.dat` file: magic, length, block.
///
/// # Panics
/// If the block is not of a size that the format can state, which is 4 GiB.
pub fn blk_record(block: &[u8]) -> Vec<u8> {
    let len = u32::try_from(block.len()).expect("a block is far smaller than 4 GiB");
    [&REGTEST_MAGIC, len.to_le_bytes().as_slice(), block].concat()
}

pub(crate) fn subsidy_sat(height: u32) -> u64 {
    (50 * Amount::ONE_BTC.to_sat()).checked_shr(height / HALVING_INTERVAL).unwrap_or(0)
}

pub(crate) fn genesis() -> Block {
    bitcoin::constants::genesis_block(Network::Regtest)
}

/// A block being put together: what stands above it and what is in it.
pub(crate) struct Template<'a> {
    pub(crate) height: u32,
    pub(crate) previous: BlockHash,
    pub(crate) time_s: u32,
    /// Written into the coinbase, as miners do.
    pub(crate) signature: &'a str,
    pub(crate) reward_to: ScriptBuf,
    pub(crate) fees_sat: u64,
    /// With their ids; without the coinbase.
    pub(crate) transactions: Vec<(Txid, Transaction)>,
}

/// A finished block: its name, its coinbase's name, its bytes.
pub(crate) struct Sealed {
    pub(crate) hash: BlockHash,
    pub(crate) coinbase: Txid,
    pub(crate) reward_sat: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Template<'_> {
    pub(crate) fn seal(self) -> Sealed {
        let reward_sat = subsidy_sat(self.height) + self.fees_sat;
        let coinbase = self.coinbase(reward_sat);
        let coinbase_id = coinbase.compute_txid();
        let ids = std::iter::once(coinbase_id).chain(self.transactions.iter().map(|tx| tx.0));
        let root = merkle_tree::calculate_root(ids.map(|id| id.to_raw_hash()));
        let mut header = Header {
            version: Version::from_consensus(0x2000_0000),
            prev_blockhash: self.previous,
            merkle_root: TxMerkleNode::from_raw_hash(root.expect("a block has a coinbase")),
            time: self.time_s,
            bits: CompactTarget::from_consensus(BITS),
            nonce: 0,
        };
        let target = header.target();
        let mut hash = header.block_hash();
        while !target.is_met_by(hash) {
            header.nonce += 1;
            hash = header.block_hash();
        }
        let rest = self.transactions.into_iter().map(|(_, tx)| tx);
        let txdata = std::iter::once(coinbase).chain(rest).collect();
        let bytes = encode::serialize(&Block { header, txdata });
        Sealed { hash, coinbase: coinbase_id, reward_sat, bytes }
    }

    fn coinbase(&self, reward_sat: u64) -> Transaction {
        let tag = script::PushBytesBuf::try_from(self.signature.as_bytes().to_vec());
        let script_sig = script::Builder::new()
            .push_int(i64::from(self.height))
            .push_slice(tag.expect("a miner's name is short"))
            .into_script();
        let mut output = vec![TxOut {
            value: Amount::from_sat(reward_sat),
            script_pubkey: self.reward_to.clone(),
        }];
        let mut witness = Witness::new();
        if self.transactions.iter().any(|(_, tx)| tx.input.iter().any(|i| !i.witness.is_empty())) {
            witness = Witness::from_slice(&[[0; 32]]);
            output.push(TxOut { value: Amount::ZERO, script_pubkey: self.commitment() });
        }
        Transaction {
            version: transaction::Version::ONE,
            lock_time: absolute::LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::null(),
                script_sig,
                sequence: Sequence::MAX,
                witness,
            }],
            output,
        }
    }

    /// The witness commitment with a reserved value of zeros.
    fn commitment(&self) -> ScriptBuf {
        let ids = self.transactions.iter().map(|(_, tx)| tx.compute_wtxid().to_raw_hash());
        let zero = bitcoin::hashes::sha256d::Hash::all_zeros();
        let root = merkle_tree::calculate_root(std::iter::once(zero).chain(ids));
        let root = WitnessMerkleNode::from_raw_hash(root.expect("a block has a coinbase"));
        let commitment = Block::compute_witness_commitment(&root, &[0; 32]);
        let bytes =
            [&[0x6a, 36, 0xaa, 0x21, 0xa9, 0xed], commitment.to_byte_array().as_slice()].concat();
        ScriptBuf::from_bytes(bytes)
    }
}

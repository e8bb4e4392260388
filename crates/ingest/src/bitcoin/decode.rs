//! A raw block to a [`DecodedBlock`], with every check that needs only the block itself.
//!
//! In: the bytes of one block as they stand on the wire and in `blk*.dat`. Out: transactions, inputs and outputs with
//! addresses, aliases, txids. Source: Bitcoin protocol serialization; checks of Bitcoin Core 30, `CheckBlock` and
//! `CheckTransaction` (`src/validation.cpp`, `src/consensus/tx_check.cpp`), BIP 141 for witnesses. Departs from them:
//! scripts are not run, signatures not checked, limits on signature operations and the difficulty schedule left out,
//! because a node has done that and an accepted block cannot be forged without its proof of work.
//! Cost: one pass, each transaction byte hashed once (twice with witnesses); memory is the result. Checked against
//! the `bitcoin` crate on every real block at hand, by truncation at every byte and by flipping bits (`tests/it`).

use ledger::{
    BlockHash, DecodedBlock, DecodedInput, DecodedOutput, DecodedTransaction, Height, InputMarks,
    OutPoint, Timestamp, TxId,
};

use super::cursor::Cursor;
use super::hash::{merkle_root, node, sha256d, sha256d_around};
use super::marks::Shown;
use super::network::Network;
use super::reveal::{Reveals, Witness};
use super::script;

/// Bytes of a block header.
pub const HEADER_BYTES: usize = 80;
/// Longest block on the wire (`MAX_BLOCK_SERIALIZED_SIZE`); a longer one is refused before it is read.
pub const BLOCK_BYTES_MAX: usize = 4_000_000;
/// Largest amount in satoshi that an output, or all outputs of a transaction, may have (`MAX_MONEY`).
pub const AMOUNT_MAX_SAT: u64 = 21_000_000 * 100_000_000;

const TX_BYTES_MIN: usize = 60;
const INPUT_BYTES_MIN: usize = 41;
const OUTPUT_BYTES_MIN: usize = 9;
const COMMITMENT_HEAD: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
const COMMITMENT_BYTES: usize = 38;

/// Why bytes are not a block, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (byte {offset} of the block)")]
pub struct DecodeError {
    /// Position within the bytes given.
    pub offset: usize,
    /// What is wrong there.
    pub kind: DecodeFault,
}

/// What can be wrong with a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeFault {
    /// The bytes end too early.
    #[error("it ends too early")]
    Truncated,
    /// There are bytes after its end.
    #[error("{0} bytes follow its last transaction")]
    TrailingBytes(usize),
    /// Longer than any block may be.
    #[error("{0} bytes are more than a block may have ({BLOCK_BYTES_MAX})")]
    TooLarge(u64),
    /// A number not in its shortest form.
    #[error("a length or number is not in its shortest form")]
    LongSize,
    /// A target that is zero, negative, or easier than the network allows.
    #[error("proof-of-work target {bits:#010x} is not one that {network} allows")]
    Target {
        /// The compact target.
        bits: u32,
        /// The network it was checked for.
        network: Network,
    },
    /// The hash does not meet the target.
    #[error("block hash {hash} does not meet its own target {bits:#010x}")]
    ProofOfWork {
        /// The hash of its header.
        hash: BlockHash,
        /// The compact target.
        bits: u32,
    },
    /// The transactions are not those that the header names.
    #[error("merkle root is not that of its transactions (block {hash})")]
    MerkleRoot {
        /// The hash of its header.
        hash: BlockHash,
    },
    /// Repeated transactions (CVE-2012-2459).
    #[error("transactions are repeated so that the merkle root stays the same (block {hash})")]
    RepeatedTransactions {
        /// The hash of its header.
        hash: BlockHash,
    },
    /// The witnesses are not those that the coinbase names (BIP 141).
    #[error("witness data is not what the coinbase commits to")]
    WitnessCommitment,
    /// Witnesses in a block that does not commit to any.
    #[error("witness data without a commitment in the coinbase")]
    UnexpectedWitness,
    /// A block that commits to witnesses without them.
    #[error("witness data is missing: the block was stripped")]
    StrippedWitness,
    /// A transaction with a marker but no witness, or an unknown flag.
    #[error("transaction flag {0:#04x} is not known")]
    Flag(u8),
    /// A witness format for a transaction without any.
    #[error("a transaction in witness form has no witness")]
    EmptyWitness,
    /// Nothing in it.
    #[error("a block without transactions")]
    NoTransactions,
    /// The first transaction is not a coinbase.
    #[error("the first transaction is not a coinbase")]
    NoCoinbase,
    /// A coinbase elsewhere, or an input that names no output.
    #[error("a transaction after the first has a coinbase input")]
    ExtraCoinbase,
    /// A coinbase script of under 2 or over 100 bytes.
    #[error("coinbase script of {0} bytes (2 to 100 are allowed)")]
    CoinbaseScript(usize),
    /// A transaction that spends or pays nothing.
    #[error("a transaction without {0}")]
    Without(&'static str),
    /// More than there can be.
    #[error("amount of {0} satoshi or their sum is more than can exist")]
    Amount(u64),
    /// Undo data for other transactions than the block's.
    #[error("undo data does not fit the block: {0}")]
    Undo(&'static str),
}

/// The first 80 bytes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name of the block: the hash of this header.
    pub hash: BlockHash,
    /// Version and signaling bits.
    pub version: i32,
    /// The block before it.
    pub previous_hash: BlockHash,
    /// The root over its transactions.
    pub merkle_root: [u8; 32],
    /// As the miner set it, unix seconds.
    pub time_s: u32,
    /// Compact target.
    pub bits: u32,
}

impl Header {
    /// Reads a header; checks nothing.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Self {
        let word = |at: usize| {
            u32::from_le_bytes(*bytes[at..].first_chunk().expect("80 bytes hold every field"))
        };
        let hash = |at: usize| *bytes[at..].first_chunk().expect("80 bytes hold every field");
        Self {
            hash: BlockHash::from_bytes(sha256d(bytes)),
            version: word(0).cast_signed(),
            previous_hash: BlockHash::from_bytes(hash(4)),
            merkle_root: hash(36),
            time_s: word(68),
            bits: word(72),
        }
    }

    /// The bytes of a header, from what nodes and exports call its fields.
    pub(crate) fn write(
        version: i32,
        previous_hash: &BlockHash,
        merkle_root: &[u8; 32],
        [time_s, bits, nonce]: [u32; 3],
    ) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&version.to_le_bytes());
        bytes[4..36].copy_from_slice(previous_hash.as_bytes());
        bytes[36..68].copy_from_slice(merkle_root);
        bytes[68..72].copy_from_slice(&time_s.to_le_bytes());
        bytes[72..76].copy_from_slice(&bits.to_le_bytes());
        bytes[76..].copy_from_slice(&nonce.to_le_bytes());
        bytes
    }

    /// Whether the hash meets the target and the target is one that the network allows.
    ///
    /// # Errors
    /// At offset 0 or 72, if not.
    pub fn check_work(&self, network: Network) -> Result<(), DecodeError> {
        use bitcoin::hashes::Hash;
        let bits = self.bits;
        let target = bitcoin::Target::from_compact(bitcoin::CompactTarget::from_consensus(bits));
        if target == bitcoin::Target::ZERO || target > network.target_max() {
            return Err(DecodeError { offset: 72, kind: DecodeFault::Target { bits, network } });
        }
        if !target.is_met_by(bitcoin::BlockHash::from_byte_array(*self.hash.as_bytes())) {
            let kind = DecodeFault::ProofOfWork { hash: self.hash, bits };
            return Err(DecodeError { offset: 0, kind });
        }
        Ok(())
    }
}

/// Decodes and checks one block.
///
/// # Errors
/// If the bytes are not exactly one good block of `network`.
pub fn block(bytes: &[u8], height: Height, network: Network) -> Result<DecodedBlock, DecodeError> {
    if bytes.len() > BLOCK_BYTES_MAX {
        let kind = DecodeFault::TooLarge(bytes.len() as u64);
        return Err(DecodeError { offset: 0, kind });
    }
    let mut cursor = Cursor::new(bytes);
    let header = Header::read(&cursor.array()?);
    header.check_work(network)?;
    let mut reader = body(cursor, bytes.len())?;
    reader.check_roots(&header, height, network)?;
    Ok(reader.into_block(&header, height, bytes.len()))
}

/// The transactions of a block, from their number on, without the checks against its header: for sources that
/// rebuild a block from rows.
pub(crate) fn transactions(bytes: &[u8]) -> Result<Reader<'_>, DecodeError> {
    body(Cursor::new(bytes), bytes.len())
}

fn body(mut cursor: Cursor<'_>, n_bytes: usize) -> Result<Reader<'_>, DecodeError> {
    let n_transactions = cursor.count(TX_BYTES_MIN)?;
    if n_transactions == 0 {
        return Err(cursor.fault(DecodeFault::NoTransactions));
    }
    let mut reader = Reader::new(cursor, n_bytes, n_transactions);
    for position in 0..n_transactions {
        reader.transaction(u32::try_from(position).expect("a block has under a million"))?;
    }
    if reader.cursor.left() > 0 {
        return Err(reader.cursor.fault(DecodeFault::TrailingBytes(reader.cursor.left())));
    }
    Ok(reader)
}

/// Appends a length or count as blocks write it.
pub(crate) fn push_compact_size(bytes: &mut Vec<u8>, size: usize) {
    let size = size as u64;
    let n_bytes = match size {
        0..=0xfc => 1,
        0xfd..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    bytes.extend(match n_bytes {
        2 => Some(0xfd),
        4 => Some(0xfe),
        8 => Some(0xff),
        _ => None,
    });
    bytes.extend_from_slice(&size.to_le_bytes()[..n_bytes]);
}

fn size_u32(len: usize) -> u32 {
    u32::try_from(len).expect("no part of a block is longer than BLOCK_BYTES_MAX")
}

/// The growing result.
pub(crate) struct Reader<'a> {
    cursor: Cursor<'a>,
    pub(crate) transactions: Vec<DecodedTransaction>,
    inputs: Vec<DecodedInput>,
    outputs: Vec<DecodedOutput>,
    reveals: Reveals<'a>,
    /// Hashes with witnesses; filled only once a witness has been seen, since txids serve before that.
    witness_ids: Vec<[u8; 32]>,
    has_witness: bool,
    commitment: Option<[u8; 32]>,
    coinbase_witness: Option<[u8; 32]>,
    /// The `scriptSig`s of the current transaction.
    script_sigs: Vec<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn new(cursor: Cursor<'a>, n_bytes: usize, n_transactions: usize) -> Self {
        // On full blocks an input takes about 200 bytes and an output about 34; guesses short of that only grow.
        Self {
            cursor,
            transactions: Vec::with_capacity(n_transactions),
            inputs: Vec::with_capacity(n_bytes / 200),
            outputs: Vec::with_capacity(n_bytes / 180),
            reveals: Reveals::default(),
            witness_ids: Vec::new(),
            has_witness: false,
            commitment: None,
            coinbase_witness: None,
            script_sigs: Vec::new(),
        }
    }

    /// The result, under its header.
    pub(crate) fn into_block(
        self,
        header: &Header,
        height: Height,
        n_bytes: usize,
    ) -> DecodedBlock {
        DecodedBlock {
            height,
            hash: header.hash,
            previous_hash: header.previous_hash,
            merkle_root: header.merkle_root,
            time: Timestamp::new(i64::from(header.time_s)),
            bits: header.bits,
            size_bytes: size_u32(n_bytes),
            has_spent_outputs: self.inputs.is_empty(),
            transactions: self.transactions,
            inputs: self.inputs,
            outputs: self.outputs,
            aliases: self.reveals.into_aliases(),
        }
    }

    fn transaction(&mut self, position: u32) -> Result<(), DecodeError> {
        let start = self.cursor.at();
        let version = self.cursor.u32()?.cast_signed();
        // A count of no inputs is the marker of a transaction with witnesses (BIP 144).
        let witnesses = self.cursor.peek() == Some(0);
        if witnesses {
            self.cursor.u8()?;
            match self.cursor.u8()? {
                1 => {}
                flag => return Err(self.cursor.fault(DecodeFault::Flag(flag))),
            }
        }
        let body = self.cursor.at();
        let n_inputs = self.inputs(position)?;
        let n_outputs = self.outputs(position)?;
        let body = self.cursor.since(body);
        match witnesses {
            true => self.witnesses(position)?,
            false => self.without_witnesses(position),
        }
        self.reveals.end_transaction();
        let lock_time = self.cursor.u32()?;
        let whole = self.cursor.since(start);
        let id = self.ids(position, whole, body, witnesses);
        let stripped_len = if witnesses { body.len() + 8 } else { whole.len() };
        self.transactions.push(DecodedTransaction {
            id: TxId::from_bytes(id),
            version,
            lock_time,
            size_bytes: size_u32(whole.len()),
            weight: size_u32(3 * stripped_len + whole.len()),
            n_inputs,
            n_outputs,
            coinbase: position == 0,
        });
        Ok(())
    }

    /// The txid; also notes the hash with witnesses.
    fn ids(&mut self, position: u32, whole: &[u8], body: &[u8], witnesses: bool) -> [u8; 32] {
        if !witnesses {
            let id = sha256d(whole);
            if self.has_witness {
                self.witness_ids.push(id);
            }
            return id;
        }
        if !self.has_witness {
            self.has_witness = true;
            self.witness_ids.reserve(self.transactions.capacity());
            self.witness_ids.extend(self.transactions.iter().map(|tx| *tx.id.as_bytes()));
        }
        // The commitment cannot cover the coinbase that holds it.
        self.witness_ids.push(if position == 0 { [0; 32] } else { sha256d(whole) });
        let ends = (whole.first_chunk(), whole.last_chunk());
        let (Some(version), Some(lock_time)) = ends else {
            unreachable!("a transaction has a version and a lock time")
        };
        sha256d_around(*version, body, *lock_time)
    }

    fn inputs(&mut self, position: u32) -> Result<u32, DecodeError> {
        let n_inputs = self.cursor.count(INPUT_BYTES_MIN)?;
        if n_inputs == 0 {
            return Err(self.cursor.fault(DecodeFault::Without("inputs")));
        }
        self.script_sigs.clear();
        for _ in 0..n_inputs {
            let tx_id = TxId::from_bytes(self.cursor.array()?);
            let output = self.cursor.u32()?;
            let script_sig = self.cursor.string()?;
            let sequence = self.cursor.u32()?;
            let names_nothing = tx_id == TxId::default();
            if position == 0 {
                self.check_coinbase(names_nothing && output == u32::MAX, n_inputs, script_sig)?;
            } else if names_nothing {
                return Err(self.cursor.fault(DecodeFault::ExtraCoinbase));
            } else {
                let previous = OutPoint { tx_id, output };
                self.inputs.push(DecodedInput {
                    previous,
                    sequence,
                    marks: InputMarks::default(),
                    spent: None,
                });
            }
            self.script_sigs.push(script_sig);
        }
        Ok(if position == 0 { 0 } else { size_u32(n_inputs) })
    }

    fn check_coinbase(
        &self,
        names_nothing: bool,
        n_inputs: usize,
        script_sig: &[u8],
    ) -> Result<(), DecodeError> {
        if !names_nothing || n_inputs != 1 {
            return Err(self.cursor.fault(DecodeFault::NoCoinbase));
        }
        if !(2..=100).contains(&script_sig.len()) {
            return Err(self.cursor.fault(DecodeFault::CoinbaseScript(script_sig.len())));
        }
        Ok(())
    }

    fn outputs(&mut self, position: u32) -> Result<u32, DecodeError> {
        let n_outputs = self.cursor.count(OUTPUT_BYTES_MIN)?;
        if n_outputs == 0 {
            return Err(self.cursor.fault(DecodeFault::Without("outputs")));
        }
        let mut sum_sat: u64 = 0;
        for _ in 0..n_outputs {
            let amount_sat = self.cursor.u64()?;
            sum_sat = sum_sat.saturating_add(amount_sat);
            if sum_sat > AMOUNT_MAX_SAT {
                return Err(self.cursor.fault(DecodeFault::Amount(amount_sat)));
            }
            let bytes = self.cursor.string()?;
            let payee = script::payee(bytes);
            if position == 0 && bytes.len() >= COMMITMENT_BYTES && bytes[..6] == COMMITMENT_HEAD {
                self.commitment = bytes[6..].first_chunk().copied(); // the last one counts
            }
            if payee.script_type == ledger::ScriptType::P2pk {
                self.reveals.key(position, script::pay_to_public_key(bytes).unwrap_or_default());
            }
            self.outputs.push(DecodedOutput {
                amount_sat,
                script_type: payee.script_type,
                address: payee.address,
                script: payee.keeps_script.then(|| bytes.into()),
            });
        }
        Ok(size_u32(n_outputs))
    }

    fn witnesses(&mut self, position: u32) -> Result<(), DecodeError> {
        let mut n_items_all = 0;
        // A coinbase has no row among the inputs.
        let first = self.inputs.len().saturating_sub(self.script_sigs.len());
        for index in 0..self.script_sigs.len() {
            let n_items = self.cursor.count(1)?;
            let from = self.cursor.at();
            let mut last: &[u8] = &[];
            let mut shown = Shown::default();
            for _ in 0..n_items {
                last = self.cursor.string()?;
                shown.item(last);
            }
            n_items_all += n_items;
            let script_sig = self.script_sigs[index];
            match position {
                0 if n_items == 1 => self.coinbase_witness = last.try_into().ok(),
                0 => {}
                _ => {
                    self.reveals.input(position, script_sig, Witness { n_items, last });
                    let marks = shown.marks(script_sig, n_items, self.cursor.since(from));
                    self.inputs[first + index].marks = marks;
                }
            }
        }
        if n_items_all == 0 {
            return Err(self.cursor.fault(DecodeFault::EmptyWitness));
        }
        Ok(())
    }

    fn without_witnesses(&mut self, position: u32) {
        if position > 0 {
            let first = self.inputs.len() - self.script_sigs.len();
            for (input, script_sig) in self.inputs[first..].iter_mut().zip(&self.script_sigs) {
                self.reveals.input(position, script_sig, Witness::default());
                input.marks = Shown::default().marks(script_sig, 0, &[]);
            }
        }
    }

    fn check_roots(
        &mut self,
        header: &Header,
        height: Height,
        network: Network,
    ) -> Result<(), DecodeError> {
        self.check_merkle_root(header)?;
        self.check_witnesses(height, network)
            .map_err(|kind| DecodeError { offset: HEADER_BYTES, kind })
    }

    /// Whether the transactions are those that the header names.
    pub(crate) fn check_merkle_root(&self, header: &Header) -> Result<(), DecodeError> {
        let hash = header.hash;
        let mut level: Vec<_> = self.transactions.iter().map(|tx| *tx.id.as_bytes()).collect();
        let (root, doubled) = merkle_root(&mut level);
        if root != Some(header.merkle_root) {
            return Err(DecodeError { offset: 36, kind: DecodeFault::MerkleRoot { hash } });
        }
        if doubled {
            return Err(DecodeError {
                offset: HEADER_BYTES,
                kind: DecodeFault::RepeatedTransactions { hash },
            });
        }
        Ok(())
    }

    fn check_witnesses(&mut self, height: Height, network: Network) -> Result<(), DecodeFault> {
        let Some(commitment) = self.commitment else {
            return match self.has_witness {
                true => Err(DecodeFault::UnexpectedWitness),
                false => Ok(()),
            };
        };
        if !self.has_witness {
            // Before the fork miners wrote commitments that nothing stands behind.
            return match height.get() >= network.witness_from() {
                true => Err(DecodeFault::StrippedWitness),
                false => Ok(()),
            };
        }
        let (root, _) = merkle_root(&mut self.witness_ids);
        match (root, self.coinbase_witness) {
            (Some(root), Some(salt)) if node(&root, &salt) == commitment => Ok(()),
            _ => Err(DecodeFault::WitnessCommitment),
        }
    }
}

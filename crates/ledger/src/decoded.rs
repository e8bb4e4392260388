//! What a source reads out of a block, before ids are given: the hand-over from `ingest` and `simulate`.
//!
//! Flat on purpose: inputs and outputs of a whole block stand in two vectors in block order, and each transaction
//! says how many are its own. A vector a transaction costs more than decoding the transaction.

use crate::{Address, BlockHash, Height, OutPoint, Timestamp, TxId};

/// One block as a source read it, with everything the ledger keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedBlock {
    /// Where it stands in the chain.
    pub height: Height,
    /// Its name.
    pub hash: BlockHash,
    /// The block before it.
    pub previous_hash: BlockHash,
    /// The root over its transactions, checked by the source.
    pub merkle_root: [u8; 32],
    /// Block time as on chain.
    pub time: Timestamp,
    /// Compact proof-of-work target, checked by the source.
    pub bits: u32,
    /// Whole size on the wire.
    pub size_bytes: u32,
    /// In block order.
    pub transactions: Vec<DecodedTransaction>,
    /// Of all transactions, in block order.
    pub inputs: Vec<DecodedInput>,
    /// Of all transactions, in block order.
    pub outputs: Vec<DecodedOutput>,
    /// Same-key and same-script facts that this block's inputs reveal, in block order.
    pub aliases: Vec<DecodedAlias>,
    /// Whether every input carries what it spends (undo data, or a node's `prevout`).
    pub has_spent_outputs: bool,
}

/// One transaction of a [`DecodedBlock`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedTransaction {
    /// Its name.
    pub id: TxId,
    /// Version as on chain.
    pub version: i32,
    /// Lock time as on chain.
    pub lock_time: u32,
    /// Size with witnesses.
    pub size_bytes: u32,
    /// Weight units (BIP 141).
    pub weight: u32,
    /// How many of the block's inputs are its own; a coinbase has none in the tables.
    pub n_inputs: u32,
    /// How many of the block's outputs are its own.
    pub n_outputs: u32,
    /// Whether it creates coins.
    pub coinbase: bool,
}

/// One input; coinbase inputs are left out, because they spend nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedInput {
    /// What it spends.
    pub previous: OutPoint,
    /// Sequence number as on chain.
    pub sequence: u32,
    /// What unlocks it, as far as it tells wallets apart; empty where the source has no scripts.
    pub marks: InputMarks,
    /// The spent output where the source itself knows it.
    pub spent: Option<SpentByInput>,
}

/// What the signatures and keys of one input show of the wallet that made them, as a set of bits that is stored.
///
/// Empty means "nothing known": of a source without scripts (bitcoin-etl), or of a script that shows none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct InputMarks(u8);

impl InputMarks {
    /// Every ECDSA signature has an R of at most 32 bytes: by chance for one in two signatures, always for wallets
    /// that grind for it (Bitcoin Core since 0.17).
    pub const LOW_R: Self = Self(1);
    /// Some ECDSA signature has an R of 33 bytes: its wallet does not grind.
    pub const HIGH_R: Self = Self(1 << 1);
    /// Shows a key in its short form.
    pub const COMPRESSED_KEY: Self = Self(1 << 2);
    /// Shows a key in its long form.
    pub const UNCOMPRESSED_KEY: Self = Self(1 << 3);
    /// A witness program nested in P2SH.
    pub const NESTED_WITNESS: Self = Self(1 << 4);
    /// Has a witness.
    pub const WITNESS: Self = Self(1 << 5);
    /// Some signature signs less than all of the transaction.
    pub const PARTIAL_SIGHASH: Self = Self(1 << 6);
    /// Several signatures: multisig.
    pub const SEVERAL_SIGNATURES: Self = Self(1 << 7);

    /// From stored bits; every bit has a meaning.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits to store.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A spent output as undo data or a node tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentByInput {
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// Kind of script.
    pub script_type: ScriptType,
    /// Whom it paid.
    pub address: Option<Address>,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedOutput {
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// Kind of script.
    pub script_type: ScriptType,
    /// Whom it pays; `None` where nobody can ever spend it (`OP_RETURN`).
    pub address: Option<Address>,
    /// The script itself where the address does not say it all (bare multisig, `OP_RETURN`, non-standard).
    pub script: Option<Box<[u8]>>,
}

/// Two addresses that one key or one script controls, as shown by what an input reveals. A fact of hashing, not a
/// guess: it holds whoever spends. It becomes a row only where both addresses have appeared on chain by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodedAlias {
    /// Position of the transaction in its block.
    pub tx_position: u32,
    /// What was revealed.
    pub kind: AliasKind,
    /// One address.
    pub a: Address,
    /// The other.
    pub b: Address,
}

/// Why two addresses have one controller; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum AliasKind {
    /// One public key in two forms of address.
    SameKey = 1,
    /// A script hash and the script, key or witness program that it wraps.
    WrappedScript = 2,
}

impl AliasKind {
    /// The kind of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::SameKey, Self::WrappedScript].into_iter().find(|kind| *kind as u8 == number)
    }

    /// The name used in tables and messages; also the name of the heuristic that it feeds.
    pub fn name(self) -> &'static str {
        match self {
            Self::SameKey => "same_key",
            Self::WrappedScript => "wrapped_script",
        }
    }
}

/// Kinds of output script, named as Bitcoin Core names them where it does; numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum ScriptType {
    /// Anything that no template matches.
    NonStandard = 0,
    /// A bare public key.
    P2pk = 1,
    /// Hash of a public key.
    P2pkh = 2,
    /// Hash of a script.
    P2sh = 3,
    /// Witness version 0, 20 bytes.
    P2wpkh = 4,
    /// Witness version 0, 32 bytes.
    P2wsh = 5,
    /// Witness version 1, 32 bytes.
    P2tr = 6,
    /// Another witness version or length.
    WitnessUnknown = 7,
    /// Bare m-of-n.
    Multisig = 8,
    /// `OP_RETURN`: data, never spendable.
    OpReturn = 9,
}

impl ScriptType {
    const ALL: [Self; 10] = [
        Self::NonStandard,
        Self::P2pk,
        Self::P2pkh,
        Self::P2sh,
        Self::P2wpkh,
        Self::P2wsh,
        Self::P2tr,
        Self::WitnessUnknown,
        Self::Multisig,
        Self::OpReturn,
    ];

    /// The type of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Bitcoin Core's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NonStandard => "nonstandard",
            Self::P2pk => "pubkey",
            Self::P2pkh => "pubkeyhash",
            Self::P2sh => "scripthash",
            Self::P2wpkh => "witness_v0_keyhash",
            Self::P2wsh => "witness_v0_scripthash",
            Self::P2tr => "witness_v1_taproot",
            Self::WitnessUnknown => "witness_unknown",
            Self::Multisig => "multisig",
            Self::OpReturn => "nulldata",
        }
    }
}

//! The rows of the ledger: decoded blocks with ids given and previous outputs resolved.

use crate::{
    AddressId, AliasKind, BlockHash, Height, InputMarks, OutPoint, ScriptType, Timestamp, TxId,
    TxIndex,
};

/// A row of the table `blocks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it stands in the chain.
    pub height: Height,
    /// Its name.
    pub hash: BlockHash,
    /// The block before it.
    pub previous_hash: BlockHash,
    /// The root over its transactions.
    pub merkle_root: [u8; 32],
    /// Block time as on chain.
    pub time: Timestamp,
    /// Compact proof-of-work target.
    pub bits: u32,
    /// Whole size on the wire.
    pub size_bytes: u32,
    /// How many transactions it has.
    pub n_transactions: u32,
    /// The first of them.
    pub first_tx: TxIndex,
}

/// A row of the table `transactions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its dense position in the ledger.
    pub index: TxIndex,
    /// The block's height.
    pub height: Height,
    /// The block's time.
    pub time: Timestamp,
    /// Its name.
    pub id: TxId,
    /// Version as on chain.
    pub version: i32,
    /// Lock time as on chain.
    pub lock_time: u32,
    /// Size with witnesses.
    pub size_bytes: u32,
    /// Weight units.
    pub weight: u32,
    /// How many inputs; 0 for a coinbase.
    pub n_inputs: u32,
    /// How many outputs.
    pub n_outputs: u32,
    /// Whether it creates coins.
    pub coinbase: bool,
}

/// A row of the table `inputs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// The spending transaction.
    pub tx: TxIndex,
    /// The block's height.
    pub height: Height,
    /// Position among the transaction's inputs.
    pub position: u32,
    /// What it spends.
    pub previous: OutPoint,
    /// Sequence number as on chain.
    pub sequence: u32,
    /// What unlocks it, as far as it tells wallets apart.
    pub marks: InputMarks,
    /// The spent output; `None` while it is unknown. Never guessed.
    pub spent: Option<Spent>,
}

/// A spent output, as far as ownership is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Whom it paid; `None` for scripts without an address.
    pub address: Option<AddressId>,
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// Kind of script.
    pub script_type: ScriptType,
}

/// A row of the table `outputs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The transaction that made it.
    pub tx: TxIndex,
    /// The block's height.
    pub height: Height,
    /// Position among the transaction's outputs.
    pub position: u32,
    /// Whom it pays; `None` where nobody can spend it.
    pub address: Option<AddressId>,
    /// Amount in satoshi.
    pub amount_sat: u64,
    /// Kind of script.
    pub script_type: ScriptType,
    /// The script where the address does not say it all.
    pub script: Option<Box<[u8]>>,
}

/// A row of the table `aliases`: two addresses that one key or script controls (see
/// [`DecodedAlias`](crate::DecodedAlias)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The transaction by which both had appeared and the fact was visible.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// What was revealed.
    pub kind: AliasKind,
    /// The smaller id.
    pub a: AddressId,
    /// The larger id.
    pub b: AddressId,
}

/// A row of the table `resolutions`: an input that was unknown when its block came in, known since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The spending transaction.
    pub tx: TxIndex,
    /// Its block's height.
    pub height: Height,
    /// Position among the transaction's inputs.
    pub position: u32,
    /// What it spent.
    pub spent: Spent,
}

/// Consecutive blocks of one chain as rows, in chain order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerBatch {
    /// In order of height.
    pub blocks: Vec<Block>,
    /// In order of index.
    pub transactions: Vec<Transaction>,
    /// In order of transaction, then position.
    pub inputs: Vec<Input>,
    /// In order of transaction, then position.
    pub outputs: Vec<Output>,
    /// In order of transaction.
    pub aliases: Vec<Alias>,
}

/// One transaction with its own inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct TransactionView<'a> {
    /// The row.
    pub row: &'a Transaction,
    /// Its inputs in order.
    pub inputs: &'a [Input],
    /// Its outputs in order.
    pub outputs: &'a [Output],
}

impl TransactionView<'_> {
    /// Inputs less outputs, in satoshi; `None` for a coinbase, where an input is unknown, and for what no valid block
    /// holds.
    pub fn fee_sat(&self) -> Option<u64> {
        if self.row.coinbase {
            return None;
        }
        let inputs = self.inputs.iter().map(|input| Some(u128::from(input.spent?.amount_sat)));
        let paid = inputs.sum::<Option<u128>>()?;
        let outputs: u128 = self.outputs.iter().map(|output| u128::from(output.amount_sat)).sum();
        u64::try_from(paid.checked_sub(outputs)?).ok()
    }
}

impl LedgerBatch {
    /// Every transaction with its inputs and outputs, in order.
    ///
    /// # Panics
    /// If the counts of the transactions do not add up to the rows: batches are made by this crate's readers
    /// and by the engine, which keep them equal.
    pub fn views(&self) -> impl Iterator<Item = TransactionView<'_>> {
        let (mut inputs, mut outputs) = (self.inputs.as_slice(), self.outputs.as_slice());
        self.transactions.iter().map(move |row| {
            let (own_inputs, rest) = inputs.split_at(row.n_inputs as usize);
            inputs = rest;
            let (own_outputs, rest) = outputs.split_at(row.n_outputs as usize);
            outputs = rest;
            TransactionView { row, inputs: own_inputs, outputs: own_outputs }
        })
    }

    /// Appends the rows of `next`, which follow this batch in the chain.
    pub fn append(&mut self, mut next: Self) {
        self.blocks.append(&mut next.blocks);
        self.transactions.append(&mut next.transactions);
        self.inputs.append(&mut next.inputs);
        self.outputs.append(&mut next.outputs);
        self.aliases.append(&mut next.aliases);
    }
}

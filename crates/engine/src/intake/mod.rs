//! Intake: decoded blocks to ledger rows, with ids given and previous outputs resolved, one commit a batch.
//!
//! In: consecutive [`DecodedBlock`]s that follow what the store holds. Out: rows of `blocks`, `transactions`, `inputs`,
//! `outputs`, `aliases`, and the columns by which later blocks find them (`layout`).
//!
//! Ids are given in order of first appearance: by transaction, addresses told by the source for its inputs, then its
//! outputs. Any cut of the same blocks into batches gives the same ids and rows, and unwinding to a height leaves
//! what a fresh intake up to it would have made (`tests/it/laws.rs`).
//!
//! A previous output is taken from the ledger; else from the source (undo data, a node's answer); else it is left
//! unknown and counted. If ledger and source disagree, the batch is refused.
//!
//! Memory: the batch (`ingest.commit_bytes` of raw blocks, about six times that in rows) and the dictionaries' new
//! keys; what the store holds is read through mapped files.

mod assemble;
mod resolve;
mod unwind;

pub(crate) use assemble::{Assembled, assemble};
pub(crate) use resolve::{UnknownInputs, resolve};
pub(crate) use unwind::{drop_derived, remove_from, unwind};

use ledger::tables;
use store::{Column, Commit, Snapshot};

use crate::Error;
use crate::layout::{self, BITCOIN, BlockRecord, checkpoint};

/// The look-up columns of the committed ledger.
pub(crate) struct LedgerColumns {
    pub(crate) first_output: Column,
    pub(crate) outputs: Column,
    pub(crate) blocks: Column,
}

impl LedgerColumns {
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        Ok(Self {
            first_output: snapshot.column(layout::FIRST_OUTPUT)?,
            outputs: snapshot.column(layout::OUTPUTS)?,
            blocks: snapshot.column(layout::BLOCKS)?,
        })
    }

    pub(crate) fn n_blocks(&self) -> usize {
        index(self.blocks.len())
    }

    pub(crate) fn block(&self, position: usize) -> BlockRecord {
        BlockRecord::from_bytes(record(&self.blocks, position as u64))
    }

    pub(crate) fn last_block(&self) -> Option<BlockRecord> {
        self.n_blocks().checked_sub(1).map(|last| self.block(last))
    }

    /// The position of the block at `height`, if it is held.
    pub(crate) fn position(&self, height: u32) -> Option<usize> {
        let at = self.first_at_or_above(height);
        (at < self.n_blocks() && self.block(at).height == height).then_some(at)
    }

    /// The position of the first block at or above `height`.
    pub(crate) fn first_at_or_above(&self, height: u32) -> usize {
        partition(self.n_blocks(), |position| self.block(position).height < height)
    }

    /// The block of a transaction.
    pub(crate) fn block_of(&self, tx: u64) -> BlockRecord {
        let after = partition(self.n_blocks(), |position| self.block(position).first_tx <= tx);
        self.block(after.saturating_sub(1))
    }

    /// The index of a transaction's first output; of the next transaction to come, the number of outputs.
    pub(crate) fn first_output_of(&self, tx: u64) -> u64 {
        if tx == self.first_output.len() {
            return self.outputs.len();
        }
        let bytes = record(&self.first_output, tx);
        u64::from_le_bytes(bytes.try_into().expect("records of this column are eight bytes"))
    }

    /// Amount, address and script type of an output by its index.
    pub(crate) fn output(&self, output: u64) -> (u64, u32, u8) {
        let (amount, rest) = record(&self.outputs, output).split_at(8);
        let (address, script_type) = rest.split_at(4);
        (
            u64::from_le_bytes(amount.try_into().expect("eight bytes")),
            u32::from_le_bytes(address.try_into().expect("four bytes")),
            script_type[0],
        )
    }
}

/// A record of a look-up column.
fn record(column: &Column, at: u64) -> &[u8] {
    column.get(at).expect("the columns of a commit agree on what they hold")
}

/// A stored count as an index; every platform we build for has 64-bit indexes.
pub(crate) fn index(count: u64) -> usize {
    usize::try_from(count).expect("indexes are 64 bits wide")
}

fn partition(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Writes what [`assemble`] made; the caller finishes the commit.
pub(crate) fn write(commit: &mut Commit<'_>, assembled: &Assembled) -> Result<(), Error> {
    let batch = &assembled.batch;
    let (rows, ((blocks, transactions), aliases)) = rayon::join(
        || rayon::join(|| tables::inputs_to(&batch.inputs), || tables::outputs_to(&batch.outputs)),
        || {
            let small =
                (tables::blocks_to(&batch.blocks), tables::transactions_to(&batch.transactions));
            (small, tables::aliases_to(&batch.aliases))
        },
    );
    commit.append(&layout::spec(&tables::BLOCKS), BITCOIN, &blocks)?;
    commit.append(&layout::spec(&tables::TRANSACTIONS), BITCOIN, &transactions)?;
    commit.append(&layout::spec(&tables::INPUTS), BITCOIN, &rows.0)?;
    commit.append(&layout::spec(&tables::OUTPUTS), BITCOIN, &rows.1)?;
    if aliases.num_rows() > 0 {
        commit.append(&layout::spec(&tables::ALIASES), BITCOIN, &aliases)?;
    }
    commit.extend_column(
        layout::FIRST_OUTPUT,
        layout::FIRST_OUTPUT_BYTES,
        &assembled.first_output,
    )?;
    commit.extend_column(layout::OUTPUTS, layout::OUTPUT_BYTES, &assembled.outputs)?;
    commit.extend_column(layout::BLOCKS, BlockRecord::BYTES, &assembled.blocks)?;
    if let Some(last) = assembled.last {
        commit.set_checkpoint(checkpoint::LEDGER, u64::from(last.height) + 1);
        commit.set_checkpoint(checkpoint::INPUTS, last.inputs_after);
        commit.set_checkpoint(checkpoint::INPUTS_UNKNOWN, last.inputs_unknown_after);
    }
    Ok(())
}

//! What happened to every address, as facts that no cluster label changes.
//!
//! In: batches in order. Out: transactions, and in their order *entries*: first the known inputs, then the outputs
//! with an address. Each entry names the one before it of the same address, so the history of an address is a
//! chain; and an input names the output that it spends, where the log has it.
//! Cost: O(log transactions) an input, O(1) an output; truncation costs what it removes, and one pass over the ids.

use std::collections::BTreeMap;

use ledger::{
    Height, Input, InputMarks, LedgerBatch, OutPoint, Output, ScriptType, TransactionView, TxId,
};

use crate::collaborative::possible_protocols;
use crate::error::FlowError;

/// No entry.
pub(super) const NONE: u32 = u32::MAX;
/// More than one transaction.
const SEVERAL: u32 = u32::MAX - 1;
/// From this sequence number on an input does not signal replacement (BIP 125).
const SEQUENCE_FINAL: u32 = 0xffff_fffe;

/// A transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tx {
    pub(super) time_s: i64,
    pub(super) height: Height,
    pub(super) weight: u32,
    /// `None` for a coinbase and where an input is unknown.
    pub(super) fee_sat: Option<u64>,
    pub(super) n_inputs: u32,
    pub(super) first_entry: u32,
    pub(super) first_output: u32,
    pub(super) coinbase: bool,
    pub(super) collaborative: bool,
    pub(super) inputs_unknown: bool,
    pub(super) replaceable: bool,
    pub(super) lock_time: bool,
}

/// A known input, or an output with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) amount_sat: u64,
    pub(super) tx: u32,
    pub(super) address: u32,
    /// The entry before it of the same address.
    previous: u32,
    /// Of an input the entry of the output it spends, or [`NONE`]; of an output its position.
    origin_or_position: u32,
    pub(super) script_type: ScriptType,
    flags: u8,
}

const INPUT: u8 = 1;
/// An output that an input of the log spends.
const SPENT: u8 = 1 << 1;
/// The first output to its address in the first transaction that pays it.
const FIRST_PAID: u8 = 1 << 2;
/// The first output to its address in the second transaction that pays it.
const PAID_AGAIN: u8 = 1 << 3;
const LOW_R: u8 = 1 << 4;
const HIGH_R: u8 = 1 << 5;

impl Entry {
    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn is_input(self) -> bool {
        self.has(INPUT)
    }

    pub(super) fn is_unspent(self) -> bool {
        !self.has(INPUT | SPENT)
    }

    pub(super) fn is_first_paid(self) -> bool {
        self.has(FIRST_PAID)
    }

    pub(super) fn is_paid_again(self) -> bool {
        self.has(PAID_AGAIN)
    }

    /// Whether the ECDSA signatures of an input have a low R; `None` where there are none.
    pub(super) fn low_r(self) -> Option<bool> {
        self.has(LOW_R | HIGH_R).then(|| self.has(LOW_R))
    }

    /// The entry of the output that an input spends.
    pub(super) fn origin(self) -> Option<u32> {
        (self.is_input() && self.origin_or_position != NONE).then_some(self.origin_or_position)
    }
}

/// Transactions and their entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    txs: Vec<Tx>,
    entries: Vec<Entry>,
    /// The last entry of every address, or [`NONE`].
    last_entry: Vec<u32>,
    /// The transaction that pays an address; [`NONE`], or [`SEVERAL`].
    paid_by: Vec<u32>,
    /// Of two transactions of one id (there are two pairs on the main network) the first.
    by_id: BTreeMap<TxId, u32>,
}

impl Log {
    /// One more than the largest address in the log.
    pub(super) fn n_addresses(&self) -> u32 {
        u32::try_from(self.last_entry.len()).expect("an address is 32 bits wide")
    }

    pub(super) fn n_entries(&self) -> u32 {
        u32::try_from(self.entries.len()).expect("checked before entries are added")
    }

    /// Refuses a batch for which the ids do not suffice.
    pub(super) fn check_room(&self, batch: &LedgerBatch) -> Result<(), FlowError> {
        let Some(last) = batch.transactions.last() else { return Ok(()) };
        let n_entries = self.entries.len() + batch.inputs.len() + batch.outputs.len();
        let n_txs = self.txs.len() + batch.transactions.len();
        if n_entries.max(n_txs) >= SEVERAL as usize {
            return Err(FlowError::TooManyEdges { tx: last.index });
        }
        Ok(())
    }

    /// Adds a batch, for which there is room.
    pub(super) fn append(&mut self, batch: &LedgerBatch) {
        for view in batch.views() {
            self.append_transaction(&view);
        }
    }

    fn append_transaction(&mut self, view: &TransactionView<'_>) {
        let (row, first_entry) = (view.row, self.n_entries());
        let tx = u32::try_from(self.txs.len()).expect("checked by check_room");
        // Before its entries, because the outputs of a transaction end where the next one begins.
        self.txs.push(Tx {
            time_s: row.time.get(),
            height: row.height,
            weight: row.weight,
            fee_sat: view.fee_sat(),
            n_inputs: row.n_inputs,
            first_entry,
            first_output: first_entry,
            coinbase: row.coinbase,
            collaborative: possible_protocols(view).any(),
            inputs_unknown: view.inputs.iter().any(|input| input.spent.is_none()),
            replaceable: view.inputs.iter().any(|input| input.sequence < SEQUENCE_FINAL),
            lock_time: row.lock_time > 0,
        });
        for input in view.inputs {
            self.push_input(input, tx);
        }
        self.txs[tx as usize].first_output = self.n_entries();
        for output in view.outputs {
            self.push_output(output, tx);
        }
        self.by_id.entry(row.id).or_insert(tx);
    }

    fn push_input(&mut self, input: &Input, tx: u32) {
        let Some(spent) = input.spent else { return };
        let Some(address) = spent.address else { return };
        let origin = self.spend(&input.previous);
        let of = |mark, flag| if input.marks.contains(mark) { flag } else { 0 };
        let flags = of(InputMarks::LOW_R, LOW_R) | of(InputMarks::HIGH_R, HIGH_R);
        self.push(Entry {
            amount_sat: spent.amount_sat,
            tx,
            address: address.get(),
            previous: NONE,
            origin_or_position: origin,
            script_type: spent.script_type,
            flags: flags | INPUT,
        });
    }

    fn push_output(&mut self, output: &Output, tx: u32) {
        let Some(address) = output.address else { return };
        let flags = self.pay(address.get(), tx);
        self.push(Entry {
            amount_sat: output.amount_sat,
            tx,
            address: address.get(),
            previous: NONE,
            origin_or_position: output.position,
            script_type: output.script_type,
            flags,
        });
    }

    fn push(&mut self, mut entry: Entry) {
        let (number, address) = (self.n_entries(), entry.address as usize);
        if address >= self.last_entry.len() {
            self.last_entry.resize(address + 1, NONE);
        }
        entry.previous = std::mem::replace(&mut self.last_entry[address], number);
        self.entries.push(entry);
    }

    /// Marks an output as spent and gives its entry, or [`NONE`] where the log does not have it.
    fn spend(&mut self, previous: &OutPoint) -> u32 {
        let Some(&tx) = self.by_id.get(&previous.tx_id) else { return NONE };
        let outputs = self.outputs_of(tx);
        let first = self.txs[tx as usize].first_output as usize;
        let found = outputs.binary_search_by_key(&previous.output, |e| e.origin_or_position);
        let Ok(place) = found else { return NONE };
        let entry = &mut self.entries[first + place];
        if entry.has(SPENT) {
            return NONE; // no valid chain spends twice; counting it once keeps the log reversible
        }
        entry.flags |= SPENT;
        u32::try_from(first + place).expect("an entry's number is 32 bits wide")
    }

    /// Notes that a transaction pays an address, and gives the flag of the entry that says so.
    fn pay(&mut self, address: u32, tx: u32) -> u8 {
        let address = address as usize;
        if address >= self.paid_by.len() {
            self.paid_by.resize(address + 1, NONE);
        }
        let (next, flag) = match self.paid_by[address] {
            NONE => (tx, FIRST_PAID),
            first if first == tx || first == SEVERAL => (first, 0),
            _ => (SEVERAL, PAID_AGAIN),
        };
        self.paid_by[address] = next;
        flag
    }

    /// Takes every transaction from `height` on away.
    pub(super) fn truncate(&mut self, height: Height) {
        let n_txs = self.txs.partition_point(|tx| tx.height < height);
        let first = self.first_entry_at(height);
        for number in (first..self.n_entries()).rev() {
            let entry = self.entries[number as usize];
            self.last_entry[entry.address as usize] = entry.previous;
            if let Some(origin) = entry.origin() {
                self.entries[origin as usize].flags &= !SPENT;
            }
            if entry.is_first_paid() {
                self.paid_by[entry.address as usize] = NONE;
            }
            if entry.is_paid_again() {
                self.paid_by[entry.address as usize] = self.first_payment(entry.address);
            }
        }
        self.entries.truncate(first as usize);
        self.txs.truncate(n_txs);
        self.by_id.retain(|_, tx| (*tx as usize) < n_txs);
        let n_addresses = self.last_entry.iter().rposition(|last| *last != NONE);
        self.last_entry.truncate(n_addresses.map_or(0, |last| last + 1));
        let n_paid = self.paid_by.iter().rposition(|first| *first != NONE);
        self.paid_by.truncate(n_paid.map_or(0, |last| last + 1));
    }

    /// The transaction that paid an address first; it must have been paid.
    fn first_payment(&self, address: u32) -> u32 {
        let mut entries = self.entries_of(address).map(|number| self.entry(number));
        entries.find(|entry| entry.is_first_paid()).expect("an address is paid before again").tx
    }

    /// The first entry of the first transaction from `height` on.
    pub(super) fn first_entry_at(&self, height: Height) -> u32 {
        let first = self.txs.partition_point(|tx| tx.height < height);
        self.txs.get(first).map_or(self.n_entries(), |tx| tx.first_entry)
    }

    /// The addresses of all entries from `first` on.
    pub(super) fn addresses_from(&self, first: u32) -> impl Iterator<Item = u32> {
        self.entries[first as usize..].iter().map(|entry| entry.address)
    }

    /// The entries of an address, newest first.
    pub(super) fn entries_of(&self, address: u32) -> impl Iterator<Item = u32> {
        let last = self.last_entry.get(address as usize).copied();
        std::iter::successors(last.filter(|number| *number != NONE), |number| {
            let previous = self.entries[*number as usize].previous;
            (previous != NONE).then_some(previous)
        })
    }

    /// Every address in a transaction with this one; some more than once.
    pub(super) fn companions(&self, address: u32) -> impl Iterator<Item = u32> {
        // Entries of one transaction are next to each other in the chain.
        let mut last_tx = NONE;
        let txs = self.entries_of(address).map(|number| self.entries[number as usize].tx);
        let txs = txs.filter(move |tx| std::mem::replace(&mut last_tx, *tx) != *tx);
        txs.flat_map(|tx| self.inputs_of(tx).iter().chain(self.outputs_of(tx)))
            .map(|entry| entry.address)
    }

    pub(super) fn tx(&self, tx: u32) -> &Tx {
        &self.txs[tx as usize]
    }

    pub(super) fn entry(&self, number: u32) -> &Entry {
        &self.entries[number as usize]
    }

    /// The known inputs of a transaction.
    pub(super) fn inputs_of(&self, tx: u32) -> &[Entry] {
        let row = self.tx(tx);
        &self.entries[row.first_entry as usize..row.first_output as usize]
    }

    /// The outputs with an address of a transaction.
    pub(super) fn outputs_of(&self, tx: u32) -> &[Entry] {
        let next = self.txs.get(tx as usize + 1).map_or(self.n_entries(), |next| next.first_entry);
        &self.entries[self.tx(tx).first_output as usize..next as usize]
    }
}

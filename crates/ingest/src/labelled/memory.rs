//! Decoded blocks to rows without a store.
//!
//! In: decoded blocks in chain order. Out: the rows that the engine would write for them, with the same ids: addresses in
//! order of first appearance (of a transaction: its inputs that the source tells, then its outputs), transactions dense.
//! Departures: a source that contradicts an earlier output is not refused but counted, and the earlier output holds.
//! Cost: a hash look-up an address and input; about 200 bytes an output.
//! Checked against: the engine's own intake of the same blocks (`crates/engine/tests/it/evaluate.rs`).

use std::collections::HashMap;

use ledger::{
    Address, AddressFamily, AddressId, Alias, AliasKind, Block, DecodedAlias, DecodedBlock,
    DecodedInput, DecodedTransaction, Height, Input, LedgerBatch, OutPoint, Output, Spent,
    Transaction, TxId, TxIndex,
};

/// A small ledger in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger {
    batch: LedgerBatch,
    addresses: Vec<Address>,
    ids: HashMap<Address, AddressId>,
    /// First row and number of the outputs of a transaction.
    made: HashMap<TxId, (usize, u32)>,
    contradictions: u64,
}

impl MemoryLedger {
    /// A ledger of these blocks.
    pub fn of<'b>(blocks: impl IntoIterator<Item = &'b DecodedBlock>) -> Self {
        let mut ledger = Self::default();
        blocks.into_iter().for_each(|block| ledger.append(block));
        ledger
    }

    /// Appends a block, which follows those before it.
    ///
    /// # Panics
    /// The counts of its transactions are not those of its rows.
    pub fn append(&mut self, block: &DecodedBlock) {
        let (mut inputs, mut outputs) = (block.inputs.as_slice(), block.outputs.as_slice());
        let mut aliases = block.aliases.as_slice();
        let first_tx = self.next_tx();
        for (position, transaction) in (0u32..).zip(&block.transactions) {
            let ids_before = self.addresses.len();
            for (at, input) in (0u32..).zip(&inputs[..transaction.n_inputs as usize]) {
                self.input(block.height, at, input);
            }
            inputs = &inputs[transaction.n_inputs as usize..];
            let first_output = self.batch.outputs.len();
            for (at, output) in (0u32..).zip(&outputs[..transaction.n_outputs as usize]) {
                let address = output.address.map(|address| self.id(address));
                self.batch.outputs.push(Output {
                    tx: self.next_tx(),
                    height: block.height,
                    position: at,
                    address,
                    amount_sat: output.amount_sat,
                    script_type: output.script_type,
                    script: output.script.clone(),
                });
            }
            outputs = &outputs[transaction.n_outputs as usize..];
            self.made.insert(transaction.id, (first_output, transaction.n_outputs));
            let n_own = aliases.iter().take_while(|alias| alias.tx_position == position).count();
            self.aliases(block.height, ids_before, &aliases[..n_own]);
            aliases = &aliases[n_own..];
            self.transaction(block, transaction);
        }
        self.block(block, first_tx);
    }

    /// The rows.
    pub fn batch(&self) -> &LedgerBatch {
        &self.batch
    }

    /// Every address by its id.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// How many addresses there are.
    pub fn n_addresses(&self) -> u32 {
        u32::try_from(self.addresses.len()).expect("ids were given as u32")
    }

    /// The id of an address that has appeared.
    pub fn id_of(&self, address: &Address) -> Option<AddressId> {
        self.ids.get(address).copied()
    }

    /// Inputs whose previous output the source tells otherwise than the ledger has it.
    pub fn contradictions(&self) -> u64 {
        self.contradictions
    }

    fn next_tx(&self) -> TxIndex {
        TxIndex::new(self.batch.transactions.len() as u64)
    }

    fn id(&mut self, address: Address) -> AddressId {
        let next = self.n_addresses();
        *self.ids.entry(address).or_insert_with(|| {
            self.addresses.push(address);
            AddressId::new(next)
        })
    }

    fn input(&mut self, height: Height, position: u32, input: &DecodedInput) {
        let told = input.spent.map(|spent| Spent {
            address: spent.address.map(|address| self.id(address)),
            amount_sat: spent.amount_sat,
            script_type: spent.script_type,
        });
        let held = self.held(input.previous);
        self.contradictions += u64::from(told.zip(held).is_some_and(|(told, held)| told != held));
        self.batch.inputs.push(Input {
            tx: self.next_tx(),
            height,
            position,
            previous: input.previous,
            sequence: input.sequence,
            marks: input.marks,
            spent: held.or(told),
        });
    }

    fn held(&self, point: OutPoint) -> Option<Spent> {
        let (first, n_outputs) = *self.made.get(&point.tx_id)?;
        let row = (point.output < n_outputs).then(|| first + point.output as usize)?;
        let output = &self.batch.outputs[row];
        let (amount_sat, script_type) = (output.amount_sat, output.script_type);
        Some(Spent { address: output.address, amount_sat, script_type })
    }

    /// The aliases of one transaction: what addresses that are new in it have in common with known ones, then what its
    /// inputs reveal; each pair once.
    fn aliases(&mut self, height: Height, ids_before: usize, revealed: &[DecodedAlias]) {
        let start = self.batch.aliases.len();
        let new = self.addresses[ids_before..].to_vec();
        for (id, address) in (ids_before..).zip(new) {
            for sibling in address.siblings() {
                let Some(other) = self.id_of(&sibling).filter(|other| other.index() < id) else {
                    continue;
                };
                // A witness program inside P2SH is wrapped; any two other forms are one key.
                let wraps = sibling.family() == AddressFamily::P2sh
                    && address.family() != AddressFamily::P2pkh;
                let kind = if wraps { AliasKind::WrappedScript } else { AliasKind::SameKey };
                let own = self.ids[&address];
                self.alias(start, height, kind, own, other);
            }
        }
        for alias in revealed {
            if let (Some(a), Some(b)) = (self.id_of(&alias.a), self.id_of(&alias.b)) {
                self.alias(start, height, alias.kind, a, b);
            }
        }
    }

    fn alias(&mut self, start: usize, height: Height, kind: AliasKind, a: AddressId, b: AddressId) {
        let (a, b) = (a.min(b), a.max(b));
        let known = self.batch.aliases[start..].iter().any(|row| row.a == a && row.b == b);
        if a != b && !known {
            self.batch.aliases.push(Alias { tx: self.next_tx(), height, kind, a, b });
        }
    }

    fn transaction(&mut self, block: &DecodedBlock, transaction: &DecodedTransaction) {
        self.batch.transactions.push(Transaction {
            index: self.next_tx(),
            height: block.height,
            time: block.time,
            id: transaction.id,
            version: transaction.version,
            lock_time: transaction.lock_time,
            size_bytes: transaction.size_bytes,
            weight: transaction.weight,
            n_inputs: transaction.n_inputs,
            n_outputs: transaction.n_outputs,
            coinbase: transaction.coinbase,
        });
    }

    fn block(&mut self, block: &DecodedBlock, first_tx: TxIndex) {
        self.batch.blocks.push(Block {
            height: block.height,
            hash: block.hash,
            previous_hash: block.previous_hash,
            merkle_root: block.merkle_root,
            time: block.time,
            bits: block.bits,
            size_bytes: block.size_bytes,
            n_transactions: u32::try_from(block.transactions.len()).unwrap_or(u32::MAX),
            first_tx,
        });
    }
}

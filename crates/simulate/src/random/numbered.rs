//! Decoded blocks as rows, in the plainest way: the whole chain in memory, one map a question.
//!
//! It says what ids and resolved inputs must be, so it is the reference for whoever does the same in batches and on
//! disk, and it makes id-level ledgers for those who need no blocks.
//! Ids are given in order of first appearance: by transaction, addresses told by the source for its inputs, then its
//! outputs. A previous output is what the chain holds, else what the source tells, else unknown. Two addresses of one
//! controller become a row with the transaction by which both had appeared and the fact was visible: at an address's
//! first appearance if it can be computed from the address alone, else where it is revealed.

use std::collections::BTreeMap;

use ledger::{
    Address, AddressFamily, AddressId, Alias, AliasKind, Block, DecodedBlock, DecodedTransaction,
    Input, LedgerBatch, OutPoint, Output, Spent, Transaction, TxIndex,
};

use super::{RandomChain, Shape};
use crate::truth::OwnerId;

/// A chain as rows.
#[derive(Clone, Debug, Default)]
pub struct Numbered {
    /// The rows, of all blocks.
    pub batch: LedgerBatch,
    /// By id.
    pub addresses: Vec<Address>,
}

/// A random ledger with its truth.
#[derive(Clone, Debug)]
pub struct RandomLedger {
    /// The rows.
    pub batch: LedgerBatch,
    /// By address id.
    pub owners: Vec<OwnerId>,
    /// Transactions whose inputs have several owners.
    pub collaborative: Vec<TxIndex>,
}

/// A random chain as rows.
///
/// # Panics
/// As [`RandomChain::new`].
pub fn random_ledger(seed: u64, n_blocks: u32, shape: Shape) -> RandomLedger {
    let mut chain = RandomChain::new(seed, shape);
    let Numbered { batch, addresses } = number(&chain.next_blocks(n_blocks));
    let owner = |address| chain.owner_of(address).expect("every address of the chain has an owner");
    let owners = addresses.iter().map(owner).collect();
    let several = |row: &&Transaction| chain.collaborative().contains(&row.id);
    let collaborative = batch.transactions.iter().filter(several).map(|row| row.index).collect();
    RandomLedger { batch, owners, collaborative }
}

/// Rows of a chain that starts with the first of these blocks.
pub fn number(blocks: &[DecodedBlock]) -> Numbered {
    let mut counter = Counter::default();
    blocks.iter().for_each(|block| counter.block(block));
    counter.numbered
}

#[derive(Default)]
struct Counter {
    numbered: Numbered,
    ids: BTreeMap<Address, AddressId>,
    outputs: BTreeMap<OutPoint, Spent>,
}

impl Counter {
    fn block(&mut self, block: &DecodedBlock) {
        let first_tx = TxIndex::new(self.numbered.batch.transactions.len() as u64);
        let (mut first_input, mut first_output) = (0, 0);
        for (position, row) in block.transactions.iter().enumerate() {
            let tx = TxIndex::new(first_tx.get() + position as u64);
            let first_alias = self.numbered.batch.aliases.len();
            let last_input = first_input + row.n_inputs as usize;
            for place in first_input..last_input {
                self.input(block, tx, place - first_input, place);
            }
            let last_output = first_output + row.n_outputs as usize;
            for place in first_output..last_output {
                self.output(block, tx, row, place - first_output, place);
            }
            (first_input, first_output) = (last_input, last_output);
            for shown in block.aliases.iter().filter(|alias| alias.tx_position as usize == position)
            {
                self.alias(block, tx, shown.kind, [shown.a, shown.b], first_alias);
            }
            self.transaction(block, tx, row);
        }
        self.numbered.batch.blocks.push(Block {
            height: block.height,
            hash: block.hash,
            previous_hash: block.previous_hash,
            merkle_root: block.merkle_root,
            time: block.time,
            bits: block.bits,
            size_bytes: block.size_bytes,
            n_transactions: small(block.transactions.len()),
            first_tx,
        });
    }

    fn input(&mut self, block: &DecodedBlock, tx: TxIndex, position: usize, place: usize) {
        let input = &block.inputs[place];
        let told = input.spent.map(|spent| Spent {
            address: spent.address.map(|address| self.id(block, tx, address)),
            amount_sat: spent.amount_sat,
            script_type: spent.script_type,
        });
        let held = self.outputs.get(&input.previous).copied();
        self.numbered.batch.inputs.push(Input {
            tx,
            height: block.height,
            position: small(position),
            previous: input.previous,
            sequence: input.sequence,
            marks: input.marks,
            spent: held.or(told),
        });
    }

    fn output(
        &mut self,
        block: &DecodedBlock,
        tx: TxIndex,
        row: &DecodedTransaction,
        position: usize,
        place: usize,
    ) {
        let output = &block.outputs[place];
        let address = output.address.map(|address| self.id(block, tx, address));
        let point = OutPoint { tx_id: row.id, output: small(position) };
        self.outputs.insert(
            point,
            Spent { address, amount_sat: output.amount_sat, script_type: output.script_type },
        );
        self.numbered.batch.outputs.push(Output {
            tx,
            height: block.height,
            position: small(position),
            address,
            amount_sat: output.amount_sat,
            script_type: output.script_type,
            script: output.script.clone(),
        });
    }

    fn transaction(&mut self, block: &DecodedBlock, index: TxIndex, row: &DecodedTransaction) {
        self.numbered.batch.transactions.push(Transaction {
            index,
            height: block.height,
            time: block.time,
            id: row.id,
            version: row.version,
            lock_time: row.lock_time,
            size_bytes: row.size_bytes,
            weight: row.weight,
            n_inputs: row.n_inputs,
            n_outputs: row.n_outputs,
            coinbase: row.coinbase,
        });
    }

    fn id(&mut self, block: &DecodedBlock, tx: TxIndex, address: Address) -> AddressId {
        if let Some(id) = self.ids.get(&address) {
            return *id;
        }
        let id = AddressId::new(small(self.ids.len()));
        self.ids.insert(address, id);
        self.numbered.addresses.push(address);
        let aliases = &self.numbered.batch.aliases;
        let first_alias = aliases.partition_point(|alias| alias.tx < tx);
        for sibling in address.siblings() {
            let is_key = address.family() == AddressFamily::P2pkh;
            let nested = sibling.family() == AddressFamily::P2sh && !is_key;
            let kind = if nested { AliasKind::WrappedScript } else { AliasKind::SameKey };
            self.alias(block, tx, kind, [address, sibling], first_alias);
        }
        id
    }

    /// A row if both have appeared and this transaction has it not yet.
    fn alias(
        &mut self,
        block: &DecodedBlock,
        tx: TxIndex,
        kind: AliasKind,
        pair: [Address; 2],
        first_alias: usize,
    ) {
        let [Some(x), Some(y)] = pair.map(|address| self.ids.get(&address).copied()) else {
            return;
        };
        let (a, b) = (x.min(y), x.max(y));
        let aliases = &mut self.numbered.batch.aliases;
        let known = aliases[first_alias..].iter().any(|alias| (alias.a, alias.b) == (a, b));
        if a != b && !known {
            aliases.push(Alias { tx, height: block.height, kind, a, b });
        }
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("random chains are small")
}

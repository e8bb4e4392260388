//! Decoded blocks to rows; see the module above for the rules.

use ledger::{
    Address, AddressFamily, AddressId, Alias, AliasKind, Block, DecodedBlock, DecodedInput,
    DecodedTransaction, Height, Input, LedgerBatch, OutPoint, Output, ScriptType, Spent, Timestamp,
    Transaction, TxIndex,
};
use rayon::prelude::*;
use store::Commit;

use super::{LedgerColumns, index};
use crate::Error;
use crate::layout::{self, BlockRecord, NO_ADDRESS};

/// Rows of a batch, and the records of the look-up columns.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) batch: LedgerBatch,
    pub(crate) first_output: Vec<u8>,
    pub(crate) outputs: Vec<u8>,
    pub(crate) blocks: Vec<u8>,
    /// The record of the last block.
    pub(crate) last: Option<BlockRecord>,
}

/// Gives ids and resolves previous outputs for `blocks`, which follow what `columns` and the dictionaries hold.
pub(crate) fn assemble(
    commit: &mut Commit<'_>,
    columns: &LedgerColumns,
    blocks: &[DecodedBlock],
) -> Result<Assembled, Error> {
    let mut addresses = commit.dictionary(layout::ADDRESSES, ledger::ADDRESS_KEY_BYTES)?;
    let n_addresses = addresses.len();
    let address_ids = addresses.assign(&address_keys(blocks))?;
    let mut transactions = commit.dictionary(layout::BITCOIN_TX, layout::TX_KEY_BYTES)?;
    let n_transactions = u64::from(transactions.len());
    transactions.append(&transaction_keys(blocks))?;
    let previous = transactions.lookup(&previous_keys(blocks))?;
    let last = columns.last_block();
    let mut assembler = Assembler {
        columns,
        n_committed: n_transactions,
        next_tx: n_transactions,
        next_output: columns.outputs.len(),
        next_address: n_addresses,
        inputs: last.map_or(0, |block| block.inputs_after),
        inputs_unknown: last.map_or(0, |block| block.inputs_unknown_after),
        first_outputs: Vec::new(),
        new_outputs: Vec::new(),
        revealed: Vec::new(),
        appeared: Vec::new(),
        made: Assembled::default(),
    };
    let mut address_ids = address_ids.into_iter();
    let mut previous = previous.into_iter();
    for block in blocks {
        assembler.block(block, &mut address_ids, &mut previous)?;
    }
    let Assembler { revealed: mut claims, appeared, mut made, .. } = assembler;
    // Nested script hashes are most of what an address costs at its first appearance.
    claims.par_extend(appeared.par_iter().flat_map_iter(Appearance::claims));
    claims.par_sort_by_key(|claim| (claim.tx, claim.order));
    let addresses = commit.dictionary(layout::ADDRESSES, ledger::ADDRESS_KEY_BYTES)?;
    let mut keys = Vec::with_capacity(claims.len() * 2 * ledger::ADDRESS_KEY_BYTES);
    claims.iter().for_each(|claim| claim.push_keys(&mut keys));
    let found = addresses.lookup(&keys)?;
    made.batch.aliases = aliases(&claims, &found);
    Ok(made)
}

/// Two addresses with one controller, of which it is not yet known whether both have appeared.
struct Claim {
    tx: TxIndex,
    height: Height,
    /// Within the transaction: the new address that makes the claim; what inputs reveal comes last.
    order: u32,
    kind: AliasKind,
    a: Address,
    b: Address,
    /// Only addresses with smaller ids had appeared by then.
    ids_before: u32,
}

/// An address at its first appearance.
struct Appearance {
    tx: TxIndex,
    height: Height,
    id: u32,
    address: Address,
}

impl Appearance {
    /// It is one controller's with its siblings, if they have appeared before it.
    fn claims(&self) -> impl Iterator<Item = Claim> + '_ {
        let address = self.address;
        self.address.siblings().map(move |sibling| {
            // A witness program inside P2SH is wrapped; a P2PKH and any other form of its key hash are one key.
            let wraps =
                sibling.family() == AddressFamily::P2sh && address.family() != AddressFamily::P2pkh;
            Claim {
                tx: self.tx,
                height: self.height,
                order: self.id,
                kind: if wraps { AliasKind::WrappedScript } else { AliasKind::SameKey },
                a: address,
                b: sibling,
                ids_before: self.id + 1,
            }
        })
    }
}

impl Claim {
    fn push_keys(&self, keys: &mut Vec<u8>) {
        keys.extend_from_slice(&self.a.key());
        keys.extend_from_slice(&self.b.key());
    }
}

/// The claims of which both addresses had appeared, once a transaction.
fn aliases(claims: &[Claim], found: &[Option<u32>]) -> Vec<Alias> {
    let mut aliases: Vec<Alias> = Vec::new();
    for (claim, ids) in claims.iter().zip(found.chunks_exact(2)) {
        let (Some(a), Some(b)) = (ids[0], ids[1]) else { continue };
        if a == b || a.max(b) >= claim.ids_before {
            continue;
        }
        let (a, b) = (AddressId::new(a.min(b)), AddressId::new(a.max(b)));
        let same = |row: &&Alias| row.tx == claim.tx && row.a == a && row.b == b;
        let known = aliases.iter().rev().take_while(|row| row.tx == claim.tx).any(|row| same(&row));
        if !known {
            aliases.push(Alias { tx: claim.tx, height: claim.height, kind: claim.kind, a, b });
        }
    }
    aliases
}

struct Assembler<'a> {
    columns: &'a LedgerColumns,
    /// Transactions below this index are in the committed columns, the others in `first_outputs`.
    n_committed: u64,
    next_tx: u64,
    next_output: u64,
    next_address: u32,
    inputs: u64,
    inputs_unknown: u64,
    first_outputs: Vec<u64>,
    new_outputs: Vec<(u64, u32, u8)>,
    revealed: Vec<Claim>,
    appeared: Vec<Appearance>,
    made: Assembled,
}

impl Assembler<'_> {
    fn block(
        &mut self,
        block: &DecodedBlock,
        address_ids: &mut impl Iterator<Item = u32>,
        previous: &mut impl Iterator<Item = Option<u32>>,
    ) -> Result<(), Error> {
        let first_tx = TxIndex::new(self.next_tx);
        let (mut inputs, mut outputs) = (block.inputs.as_slice(), block.outputs.as_slice());
        let mut revealed = block.aliases.as_slice();
        for (position, transaction) in (0u32..).zip(&block.transactions) {
            let own_inputs = inputs.split_off(..transaction.n_inputs as usize).unwrap_or_default();
            let own_outputs =
                outputs.split_off(..transaction.n_outputs as usize).unwrap_or_default();
            self.inputs(block, own_inputs, address_ids, previous)?;
            self.outputs(block, own_outputs, address_ids);
            let n_revealed =
                revealed.iter().take_while(|alias| alias.tx_position == position).count();
            for alias in revealed.split_off(..n_revealed).unwrap_or_default() {
                self.revealed.push(Claim {
                    tx: TxIndex::new(self.next_tx),
                    height: block.height,
                    order: u32::MAX,
                    kind: alias.kind,
                    a: alias.a,
                    b: alias.b,
                    ids_before: self.next_address,
                });
            }
            self.transaction(block, transaction);
        }
        self.finish(block, first_tx);
        Ok(())
    }

    fn inputs(
        &mut self,
        block: &DecodedBlock,
        inputs: &[DecodedInput],
        address_ids: &mut impl Iterator<Item = u32>,
        previous: &mut impl Iterator<Item = Option<u32>>,
    ) -> Result<(), Error> {
        for (position, input) in (0u32..).zip(inputs) {
            let told = input.spent.map(|spent| {
                let address = spent.address.map(|address| {
                    let id = address_ids.next().expect("one id was assigned for each address");
                    self.appeared(block, address, id);
                    AddressId::new(id)
                });
                Spent { address, amount_sat: spent.amount_sat, script_type: spent.script_type }
            });
            let previous = previous.next().expect("one look-up was made for each input");
            let held = self.held(block, previous, input.previous)?;
            if let (Some(told), Some(held)) = (told, held)
                && told != held
            {
                let what = format!(
                    "the source says that {} is {} satoshi, the ledger says {} (or they name different addresses)",
                    input.previous, told.amount_sat, held.amount_sat
                );
                return Err(Error::Contradiction { height: block.height.get(), what });
            }
            let spent = held.or(told);
            self.inputs += 1;
            self.inputs_unknown += u64::from(spent.is_none());
            self.made.batch.inputs.push(Input {
                tx: TxIndex::new(self.next_tx),
                height: block.height,
                position,
                previous: input.previous,
                sequence: input.sequence,
                marks: input.marks,
                spent,
            });
        }
        Ok(())
    }

    /// The spent output as the ledger holds it.
    fn held(
        &self,
        block: &DecodedBlock,
        previous: Option<u32>,
        point: OutPoint,
    ) -> Result<Option<Spent>, Error> {
        let Some(previous) = previous.map(u64::from).filter(|previous| *previous < self.next_tx)
        else {
            return Ok(None);
        };
        let (first, next) = (self.first_output(previous), self.first_output(previous + 1));
        let output = first + u64::from(point.output);
        if output >= next {
            let what = format!(
                "an input spends {point}, but that transaction has {} outputs",
                next - first
            );
            return Err(Error::Contradiction { height: block.height.get(), what });
        }
        let n_committed = self.columns.outputs.len();
        let (amount_sat, address, script_type) = match output.checked_sub(n_committed) {
            Some(new) => self.new_outputs[index(new)],
            None => self.columns.output(output),
        };
        let address = (address != NO_ADDRESS).then(|| AddressId::new(address));
        let script_type = ScriptType::from_number(script_type).unwrap_or(ScriptType::NonStandard);
        Ok(Some(Spent { address, amount_sat, script_type }))
    }

    fn first_output(&self, tx: u64) -> u64 {
        match tx.checked_sub(self.n_committed) {
            Some(new) => self.first_outputs.get(index(new)).copied().unwrap_or(self.next_output),
            None => self.columns.first_output_of(tx),
        }
    }

    fn outputs(
        &mut self,
        block: &DecodedBlock,
        outputs: &[ledger::DecodedOutput],
        address_ids: &mut impl Iterator<Item = u32>,
    ) {
        self.first_outputs.push(self.next_output);
        self.made.first_output.extend(self.next_output.to_le_bytes());
        for (position, output) in (0u32..).zip(outputs) {
            let id = output.address.map(|address| {
                let id = address_ids.next().expect("one id was assigned for each address");
                self.appeared(block, address, id);
                id
            });
            let stored = id.unwrap_or(NO_ADDRESS);
            self.new_outputs.push((output.amount_sat, stored, output.script_type as u8));
            self.made.outputs.extend(output.amount_sat.to_le_bytes());
            self.made.outputs.extend(stored.to_le_bytes());
            self.made.outputs.push(output.script_type as u8);
            self.next_output += 1;
            self.made.batch.outputs.push(Output {
                tx: TxIndex::new(self.next_tx),
                height: block.height,
                position,
                address: id.map(AddressId::new),
                amount_sat: output.amount_sat,
                script_type: output.script_type,
                script: output.script.clone(),
            });
        }
    }

    /// At its first appearance an address is compared with those that the same key or script controls.
    fn appeared(&mut self, block: &DecodedBlock, address: Address, id: u32) {
        if id != self.next_address {
            return;
        }
        self.next_address += 1;
        self.appeared.push(Appearance {
            tx: TxIndex::new(self.next_tx),
            height: block.height,
            id,
            address,
        });
    }

    fn transaction(&mut self, block: &DecodedBlock, transaction: &DecodedTransaction) {
        self.made.batch.transactions.push(Transaction {
            index: TxIndex::new(self.next_tx),
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
        self.next_tx += 1;
    }

    fn finish(&mut self, block: &DecodedBlock, first_tx: TxIndex) {
        let record = BlockRecord {
            hash: *block.hash.as_bytes(),
            height: block.height.get(),
            n_addresses_after: self.next_address,
            bits: block.bits,
            time_s: Timestamp::get(block.time),
            first_tx: first_tx.get(),
            inputs_after: self.inputs,
            inputs_unknown_after: self.inputs_unknown,
        };
        self.made.blocks.extend(record.to_bytes());
        self.made.last = Some(record);
        self.made.batch.blocks.push(Block {
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

/// Addresses in the order in which they get ids: by transaction, those of its inputs that the source tells, then
/// those of its outputs.
fn address_keys(blocks: &[DecodedBlock]) -> Vec<u8> {
    let n_outputs: usize = blocks.iter().map(|block| block.outputs.len()).sum();
    let mut keys = Vec::with_capacity(n_outputs * ledger::ADDRESS_KEY_BYTES);
    for block in blocks {
        let (mut inputs, mut outputs) = (block.inputs.iter(), block.outputs.iter());
        for transaction in &block.transactions {
            for input in inputs.by_ref().take(transaction.n_inputs as usize) {
                if let Some(address) = input.spent.and_then(|spent| spent.address) {
                    keys.extend_from_slice(&address.key());
                }
            }
            for output in outputs.by_ref().take(transaction.n_outputs as usize) {
                if let Some(address) = output.address {
                    keys.extend_from_slice(&address.key());
                }
            }
        }
    }
    keys
}

fn transaction_keys(blocks: &[DecodedBlock]) -> Vec<u8> {
    blocks.iter().flat_map(|block| &block.transactions).flat_map(|tx| *tx.id.as_bytes()).collect()
}

fn previous_keys(blocks: &[DecodedBlock]) -> Vec<u8> {
    blocks
        .iter()
        .flat_map(|block| &block.inputs)
        .flat_map(|input| *input.previous.tx_id.as_bytes())
        .collect()
}

//! Ledgers in notation (`ledger::notation`) as blocks that a store takes in: worlds of a handful of addresses, each known by its
//! name. An input spends the first output of its address and amount that nobody has spent yet; where there is none, one that the
//! ledger does not hold.

use std::collections::BTreeMap;

use ledger::notation::Notation;
use ledger::{
    Chain, DecodedBlock, DecodedInput, DecodedOutput, DecodedTransaction, OutPoint, SpentByInput,
    TransactionView,
};

/// The address of a name, as Bitcoin writes it.
pub(crate) fn address(name: &str) -> String {
    Notation::address(name).display(Chain::Bitcoin)
}

/// The blocks of a text in the notation, a line each, with amounts in satoshi.
pub(crate) fn blocks(text: &str) -> Vec<DecodedBlock> {
    blocks_in(text, 1)
}

/// The same, with amounts in a unit of so many satoshi.
pub(crate) fn blocks_in(text: &str, unit_sat: u64) -> Vec<DecodedBlock> {
    let notation = ledger::notation::parse(text).unwrap();
    let batch = &notation.batch;
    let views: Vec<TransactionView<'_>> = batch.views().collect();
    let name = |id: ledger::AddressId| Notation::address(&notation.names[id.index()]);
    let mut unspent: Vec<(Option<ledger::AddressId>, u64, OutPoint)> = Vec::new();
    let mut spends = BTreeMap::new();
    for view in &views {
        for input in view.inputs {
            let is_it = |row: &(Option<ledger::AddressId>, u64, OutPoint)| {
                input.spent.is_some_and(|spent| (spent.address, spent.amount_sat) == (row.0, row.1))
            };
            if let Some(at) = unspent.iter().position(is_it) {
                spends.insert((input.tx, input.position), unspent.remove(at).2);
            }
        }
        let points = view.outputs.iter().map(|output| {
            let point = OutPoint { tx_id: view.row.id, output: output.position };
            (output.address, output.amount_sat, point)
        });
        unspent.extend(points);
    }
    let block = |row: &ledger::Block| {
        let own: Vec<_> = views.iter().filter(|view| view.row.height == row.height).collect();
        let inputs = own.iter().flat_map(|view| view.inputs).map(|input| DecodedInput {
            previous: *spends.get(&(input.tx, input.position)).unwrap_or(&input.previous),
            sequence: input.sequence,
            marks: input.marks,
            spent: input.spent.map(|spent| SpentByInput {
                amount_sat: spent.amount_sat * unit_sat,
                script_type: spent.script_type,
                address: spent.address.map(name),
            }),
        });
        let outputs = own.iter().flat_map(|view| view.outputs).map(|output| DecodedOutput {
            amount_sat: output.amount_sat * unit_sat,
            script_type: output.script_type,
            address: output.address.map(name),
            script: None,
        });
        let transactions = own.iter().map(|view| DecodedTransaction {
            id: view.row.id,
            version: 2,
            lock_time: 0,
            size_bytes: 200,
            weight: 800,
            n_inputs: view.row.n_inputs,
            n_outputs: view.row.n_outputs,
            coinbase: view.row.coinbase,
        });
        DecodedBlock {
            height: row.height,
            hash: row.hash,
            previous_hash: row.previous_hash,
            merkle_root: row.merkle_root,
            time: row.time,
            bits: row.bits,
            size_bytes: 300,
            transactions: transactions.collect(),
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            aliases: Vec::new(),
            has_spent_outputs: true,
        }
    };
    batch.blocks.iter().map(block).collect()
}

//! Resolution: inputs that were unknown when their block came in, learnt from earlier blocks, undo data or a node.
//!
//! In: blocks that the ledger already holds or that lie before its first. Out: rows of `resolutions`; no other table is
//! touched, because tables are append-only. Memory: 80 bytes an unknown input. Addresses that appear only here get
//! the next free ids, so ids then depend on when the resolution was made; rows say so by being in this table.

use ledger::{
    Address, AddressId, DecodedBlock, Height, OutPoint, Resolution, ScriptType, Spent, TxId,
    TxIndex, tables,
};
use store::{Commit, Snapshot};

use crate::Error;
use crate::layout::{self, BITCOIN, SHARED};
use crate::reader;

/// The inputs whose spent output is unknown, by what they spend.
pub(crate) struct UnknownInputs {
    rows: Vec<Unknown>,
}

#[derive(Clone, Copy, Debug)]
struct Unknown {
    previous: OutPoint,
    tx: TxIndex,
    height: Height,
    position: u32,
}

/// What became known of one of them.
struct Told {
    row: Unknown,
    amount_sat: u64,
    script_type: ScriptType,
    address: Option<Address>,
}

impl UnknownInputs {
    /// Reads them from the ledger.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let resolved = reader::resolutions(snapshot)?;
        let mut rows = Vec::new();
        for batch in snapshot.scan(tables::INPUTS.name, BITCOIN, None, None)? {
            for input in tables::inputs_from(&batch?)? {
                let known = resolved
                    .binary_search_by_key(&(input.tx, input.position), |row| (row.tx, row.position))
                    .is_ok();
                if input.spent.is_none() && !known {
                    let (tx, height, position) = (input.tx, input.height, input.position);
                    rows.push(Unknown { previous: input.previous, tx, height, position });
                }
            }
        }
        rows.sort_unstable_by_key(|row| row.previous);
        Ok(Self { rows })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    fn find(&self, previous: OutPoint) -> Option<&Unknown> {
        let at = self.rows.binary_search_by_key(&previous, |row| row.previous).ok()?;
        self.rows.get(at)
    }
}

/// Writes what `blocks` tell of unknown inputs; gives the number of inputs resolved.
pub(crate) fn resolve(
    commit: &mut Commit<'_>,
    unknown: &mut UnknownInputs,
    blocks: &[DecodedBlock],
) -> Result<usize, Error> {
    let mut found: Vec<Told> = Vec::new();
    for block in blocks {
        let mut outputs = block.outputs.as_slice();
        for transaction in &block.transactions {
            let own = outputs.split_off(..transaction.n_outputs as usize).unwrap_or_default();
            found.extend(told_by_outputs(unknown, transaction.id, own));
        }
        let told = block.inputs.iter().filter_map(|input| {
            let spent = input.spent?;
            let row = unknown.find(input.previous)?;
            Some(Told {
                row: *row,
                amount_sat: spent.amount_sat,
                script_type: spent.script_type,
                address: spent.address,
            })
        });
        found.extend(told);
    }
    found.sort_unstable_by_key(|told| (told.row.tx, told.row.position));
    found.dedup_by_key(|told| (told.row.tx, told.row.position));
    if found.is_empty() {
        return Ok(0);
    }
    let keys: Vec<u8> =
        found.iter().filter_map(|told| told.address).flat_map(|a| a.key()).collect();
    let ids = commit.dictionary(layout::ADDRESSES, ledger::ADDRESS_KEY_BYTES)?.assign(&keys)?;
    let mut ids = ids.into_iter();
    let rows: Vec<Resolution> = found
        .iter()
        .map(|told| Resolution {
            tx: told.row.tx,
            height: told.row.height,
            position: told.row.position,
            spent: Spent {
                address: told.address.and_then(|_| ids.next()).map(AddressId::new),
                amount_sat: told.amount_sat,
                script_type: told.script_type,
            },
        })
        .collect();
    commit.append(&layout::spec(&tables::RESOLUTIONS), SHARED, &tables::resolutions_to(&rows))?;
    let done = |row: &Unknown| {
        rows.binary_search_by_key(&(row.tx, row.position), |r| (r.tx, r.position)).is_ok()
    };
    unknown.rows.retain(|row| !done(row));
    Ok(rows.len())
}

fn told_by_outputs(
    unknown: &UnknownInputs,
    tx_id: TxId,
    outputs: &[ledger::DecodedOutput],
) -> Vec<Told> {
    let told = (0u32..).zip(outputs).filter_map(|(output, row)| {
        let unknown = unknown.find(OutPoint { tx_id, output })?;
        Some(Told {
            row: *unknown,
            amount_sat: row.amount_sat,
            script_type: row.script_type,
            address: row.address,
        })
    });
    told.collect()
}

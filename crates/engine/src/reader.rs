//! Reads the ledger back from the store in the order in which it was written, resolutions filled in.

use ledger::{Block, HeldRecord, LedgerBatch, Link, Mix, Resolution, tables};
use store::Snapshot;

use crate::Error;
use crate::intake::LedgerColumns;
use crate::layout::{BITCOIN, SHARED};

/// Transactions read at once; bounds memory to a few hundred megabytes of rows.
const TRANSACTIONS_PER_READ: u64 = 200_000;

/// Every resolution, by transaction and position.
pub(crate) fn resolutions(snapshot: &Snapshot) -> Result<Vec<Resolution>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::RESOLUTIONS.name, SHARED, None, None)? {
        rows.append(&mut tables::resolutions_from(&batch?)?);
    }
    rows.sort_unstable_by_key(|row| (row.tx, row.position));
    Ok(rows)
}

/// Reads consecutive blocks as rows.
pub(crate) struct LedgerReader {
    snapshot: Snapshot,
    columns: LedgerColumns,
    resolutions: Vec<Resolution>,
}

impl LedgerReader {
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let columns = LedgerColumns::open(snapshot)?;
        Ok(Self { snapshot: snapshot.clone(), columns, resolutions: resolutions(snapshot)? })
    }

    pub(crate) fn n_resolutions(&self) -> u64 {
        self.resolutions.len() as u64
    }

    /// The lowest height at which a resolution after the first `n` stands.
    pub(crate) fn lowest_resolution(&self) -> Option<u32> {
        self.resolutions.iter().map(|row| row.height.get()).min()
    }

    /// Ranges of heights, each of a bounded number of transactions, that together cover the blocks from `from` on.
    pub(crate) fn ranges(&self, from: u32) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut first_tx = 0;
        for position in self.columns.first_at_or_above(from)..self.columns.n_blocks() {
            let block = self.columns.block(position);
            match ranges.last_mut() {
                Some((_, to)) if block.first_tx - first_tx < TRANSACTIONS_PER_READ => {
                    *to = block.height
                }
                _ => {
                    ranges.push((block.height, block.height));
                    first_tx = block.first_tx;
                }
            }
        }
        ranges
    }

    /// The same for the blocks below a height.
    pub(crate) fn ranges_below(&self, until: u32) -> Vec<(u32, u32)> {
        let mut ranges = self.ranges(0);
        ranges.retain(|range| range.0 < until);
        if let Some(last) = ranges.last_mut() {
            last.1 = last.1.min(until - 1);
        }
        ranges
    }

    /// The blocks of heights `from..=to`, without the rows of `blocks`.
    pub(crate) fn read(&self, (from, to): (u32, u32)) -> Result<LedgerBatch, Error> {
        let mut batch = LedgerBatch::default();
        let range = u64::from(from)..=u64::from(to);
        let scan = |table: &'static tables::Table| {
            self.snapshot.scan(table.name, BITCOIN, None, Some(range.clone()))
        };
        for rows in scan(&tables::TRANSACTIONS)? {
            batch.transactions.append(&mut tables::transactions_from(&rows?)?);
        }
        for rows in scan(&tables::INPUTS)? {
            batch.inputs.append(&mut tables::inputs_from(&rows?)?);
        }
        for rows in scan(&tables::OUTPUTS)? {
            batch.outputs.append(&mut tables::outputs_from(&rows?)?);
        }
        for rows in scan(&tables::ALIASES)? {
            batch.aliases.append(&mut tables::aliases_from(&rows?)?);
        }
        if !self.resolutions.is_empty() {
            self.fill(&mut batch);
        }
        Ok(batch)
    }

    fn fill(&self, batch: &mut LedgerBatch) {
        for input in batch.inputs.iter_mut().filter(|input| input.spent.is_none()) {
            let key = (input.tx, input.position);
            if let Ok(at) =
                self.resolutions.binary_search_by_key(&key, |row| (row.tx, row.position))
            {
                input.spent = Some(self.resolutions[at].spent);
            }
        }
    }
}

/// Every link, in the order in which they were made.
pub(crate) fn links(snapshot: &Snapshot) -> Result<Vec<Link>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::LINKS.name, BITCOIN, None, None)? {
        rows.append(&mut tables::links_from(&batch?)?);
    }
    Ok(rows)
}

/// Every row of `mixes`, in order.
pub(crate) fn mixes(snapshot: &Snapshot) -> Result<Vec<Mix>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::MIXES.name, BITCOIN, None, None)? {
        rows.append(&mut tables::mixes_from(&batch?)?);
    }
    Ok(rows)
}

/// The links that the last run held.
pub(crate) fn held(snapshot: &Snapshot) -> Result<Vec<HeldRecord>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::HELD_LINKS.name, SHARED, None, None)? {
        rows.append(&mut tables::held_links_from(&batch?)?);
    }
    Ok(rows)
}

/// The rows of `blocks`.
pub(crate) fn blocks(snapshot: &Snapshot) -> Result<Vec<Block>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::BLOCKS.name, BITCOIN, None, None)? {
        rows.append(&mut tables::blocks_from(&batch?)?);
    }
    Ok(rows)
}

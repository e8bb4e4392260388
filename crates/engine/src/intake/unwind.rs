//! Unwinding: takes the ledger and all that is derived from it back to a height, after a reorg.

use ledger::{Resolution, tables};
use store::{Commit, Snapshot};

use super::LedgerColumns;
use crate::Error;
use crate::layout::{self, BITCOIN, SHARED, checkpoint};
use crate::reader;

/// Removes every block from height `from` on, and whatever was made from them.
///
/// The derived snapshot is dropped as a whole: its address ids may be given to other addresses by the new branch, and
/// a stale label would then name a false owner. Screening answers "stale" until the next run.
pub(crate) fn unwind(commit: &mut Commit<'_>, snapshot: &Snapshot, from: u32) -> Result<(), Error> {
    let columns = LedgerColumns::open(snapshot)?;
    let position = columns.first_at_or_above(from);
    if position == columns.n_blocks() {
        return Ok(());
    }
    let first_tx = columns.block(position).first_tx;
    let kept = position.checked_sub(1).map(|last| columns.block(last));
    let n_addresses = kept.map_or(0, |block| block.n_addresses_after);
    let links_from = links_valid_below(commit, snapshot, from, first_tx, n_addresses)?;
    for table in layout::BY_HEIGHT.iter() {
        let is_evidence = [tables::LINKS.name, tables::MIXES.name].contains(&table.name);
        let from = if is_evidence { links_from } else { from };
        remove_from(commit, table, from)?;
    }
    let first_output = columns.first_output_of(first_tx);
    commit.truncate_column(layout::BLOCKS, position as u64)?;
    commit.truncate_column(layout::FIRST_OUTPUT, first_tx)?;
    commit.truncate_column(layout::OUTPUTS, first_output)?;
    commit.dictionary(layout::ADDRESSES, ledger::ADDRESS_KEY_BYTES)?.truncate(n_addresses)?;
    let n_transactions =
        u32::try_from(first_tx).expect("the dictionary of transactions holds u32 ids");
    commit.dictionary(layout::BITCOIN_TX, layout::TX_KEY_BYTES)?.truncate(n_transactions)?;
    commit.set_checkpoint(checkpoint::LEDGER, kept.map_or(0, |block| u64::from(block.height) + 1));
    commit.set_checkpoint(checkpoint::INPUTS, kept.map_or(0, |block| block.inputs_after));
    commit.set_checkpoint(
        checkpoint::INPUTS_UNKNOWN,
        kept.map_or(0, |block| block.inputs_unknown_after),
    );
    if let Some(links) = snapshot.checkpoint(checkpoint::LINKS) {
        commit.set_checkpoint(checkpoint::LINKS, links.min(u64::from(links_from)));
    }
    drop_derived(commit, snapshot)
}

/// Forgets the derived snapshot, so that nobody reads it against a ledger that it does not belong to.
pub(crate) fn drop_derived(commit: &mut Commit<'_>, snapshot: &Snapshot) -> Result<(), Error> {
    for name in [
        checkpoint::CLUSTERS,
        checkpoint::CLUSTERS_LINKS,
        checkpoint::RUN_ATTRIBUTION,
        checkpoint::RUN_DECISIONS,
        checkpoint::RUN_OWNERSHIP,
        checkpoint::RUN_RESOLUTION,
        checkpoint::RUN_RISK,
        checkpoint::RUN_SCREENING,
        checkpoint::RUN_ALERTS,
        checkpoint::RUN_PRICES,
        checkpoint::RUN_MONEY,
    ] {
        commit.remove_checkpoint(name);
    }
    for name in snapshot.manifest().mapped.keys() {
        // Tags are sorted by address key, not by id: they outlive a reorg.
        if name != layout::mapped::TAGS {
            commit.remove_mapped(name);
        }
    }
    for table in [
        &tables::CLUSTERS,
        &tables::CLUSTER_EDGES,
        &tables::HELD_LINKS,
        &tables::LINK_SOURCES,
        &tables::CLUSTER_FEATURES,
        &tables::SUGGESTED_LINKS,
    ] {
        commit.replace(&layout::spec(table), SHARED, [])?;
    }
    for table in *layout::RISK {
        commit.replace(&layout::spec(table), SHARED, [])?;
    }
    Ok(())
}

/// Removes the rows of a table from height `from` on.
pub(crate) fn remove_from(
    commit: &mut Commit<'_>,
    table: &'static tables::Table,
    from: u32,
) -> Result<(), Error> {
    match from.checked_sub(1) {
        Some(last) => commit.remove_above(&layout::spec(table), BITCOIN, u64::from(last))?,
        None => commit.replace(&layout::spec(table), BITCOIN, [])?,
    }
    Ok(())
}

/// Withdraws resolutions that lean on what is unwound; gives the height below which links still hold.
fn links_valid_below(
    commit: &mut Commit<'_>,
    snapshot: &Snapshot,
    from: u32,
    first_tx: u64,
    n_addresses: u32,
) -> Result<u32, Error> {
    let holds = |row: &Resolution| {
        row.tx.get() < first_tx
            && row.spent.address.is_none_or(|address| address.get() < n_addresses)
    };
    let (kept, withdrawn): (Vec<_>, Vec<_>) =
        reader::resolutions(snapshot)?.into_iter().partition(holds);
    let Some(lowest) = withdrawn.iter().map(|row| row.height.get()).min() else { return Ok(from) };
    commit.replace(&layout::spec(&tables::RESOLUTIONS), SHARED, [tables::resolutions_to(&kept)])?;
    commit.set_checkpoint(checkpoint::LINKS_RESOLUTIONS, kept.len() as u64);
    Ok(lowest.min(from))
}

//! Real blocks: nobody knows the owners, but later co-spending reveals some of the change, and tags name some parties.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use forensics::heuristics::Heuristic;
use ingest::bitcoin;
use ingest::labelled::MemoryLedger;
use ingest::source::{BatchLimit, Held, Options, Step};

use super::methods::{Found, no_price, revealed_rules};
use super::report::{ChainReport, ChangeReport, ChangeRuleReport, OwnershipReport};
use super::{begin, tags};
use crate::{Error, Progress, Watch};

/// Measures the blocks of a folder, and their clusters against tag packs if there are any.
pub(super) fn measure(
    blocks: &Path,
    packs: &Path,
    report: &mut OwnershipReport,
    watch: &dyn Watch,
) -> Result<(), Error> {
    begin(watch, "real blocks", 1, "folders")?;
    let ledger = read(blocks)?;
    let found = Found::of(ledger.batch(), ledger.n_addresses(), &no_price);
    let labels = found.cluster(&found.links);
    watch.tell(Progress::End);
    if let Err(error) = &found.change {
        report.notes.push(format!("change in real blocks: {error}"));
    }
    report.chain = Some(describe(blocks, &ledger, &found, &labels));
    match packs.is_dir() {
        true => report.tags = Some(tags::measure(packs, &ledger, &labels, watch)?),
        false => report.notes.push(format!("no tags: there is no {}", packs.display())),
    }
    Ok(())
}

fn read(folder: &Path) -> Result<MemoryLedger, Error> {
    let options = Options { allow_gaps: true, ..Options::default() };
    let paths = [PathBuf::from(folder)];
    let mut source = bitcoin::open(&paths, &Held::nothing(), &options)?;
    let mut ledger = MemoryLedger::default();
    while let Step::Blocks(delivered) = source.next(BatchLimit::default())? {
        delivered.iter().for_each(|delivered| ledger.append(&delivered.block));
    }
    Ok(ledger)
}

fn describe(folder: &Path, ledger: &MemoryLedger, found: &Found, labels: &[u32]) -> ChainReport {
    let mut links: BTreeMap<String, u64> = BTreeMap::new();
    for link in &found.links {
        let name = Heuristic::from_number(link.heuristic).map_or("unknown", |rule| rule.name);
        *links.entry(name.to_owned()).or_default() += 1;
    }
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    let sizes = sorted.chunk_by(|a, b| a == b).map(<[u32]>::len);
    let joined = sizes.filter(|size| *size > 1);
    let (revealed, rules) = revealed_rules(ledger.batch(), &found.links, &no_price);
    ChainReport {
        name: folder.display().to_string(),
        blocks: ledger.batch().blocks.len() as u64,
        transactions: ledger.batch().transactions.len() as u64,
        addresses: u64::from(ledger.n_addresses()),
        links,
        clusters: joined.clone().count() as u64,
        largest_cluster: joined.max().unwrap_or(0) as u64,
        change: found.change.as_ref().ok().map(ChangeReport::of),
        revealed,
        rules: rules.iter().map(ChangeRuleReport::of).collect(),
    }
}

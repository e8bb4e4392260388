//! Labelled mixes: are they left out of common-input ownership, and do they get the right label.

use std::collections::BTreeMap;

use forensics::evaluation::label_scores;
use forensics::heuristics::COMMON_INPUT;
use graph::Components;
use ingest::labelled::{LabelledSet, MixFile, SetLabel};
use ledger::{AddressId, ScriptType, TransactionView};

use super::methods::{is_excluded, label, spenders};
use super::report::{MixReport, OwnershipReport};
use super::{advance, begin};
use crate::{Error, Progress, Watch};

/// What no label is called.
pub(super) const NO_LABEL: &str = "none";

/// Reads and measures every file, and adds a row a label.
pub(super) fn measure(
    files: &[MixFile],
    report: &mut OwnershipReport,
    watch: &dyn Watch,
) -> Result<(), Error> {
    if files.is_empty() {
        report.notes.push("no labelled mixes in the data folder".to_owned());
        return Ok(());
    }
    begin(watch, "labelled mixes", files.len(), "files")?;
    let mut rows: BTreeMap<SetLabel, MixReport> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        let set = file.read()?;
        report.skip(&set.skipped);
        add(rows.entry(set.label).or_default(), &set);
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    report.mixes = rows.into_values().collect();
    Ok(())
}

fn add(row: &mut MixReport, set: &LabelledSet) {
    let batch = set.ledger.batch();
    row.label = set.label.name().to_owned();
    row.collaborative = matches!(set.label, SetLabel::Mix(_));
    row.files.push(set.name.clone());
    // Of candidates nobody says which are mixes: no label is right or wrong, and the found ones are shown.
    let expected = match set.label {
        SetLabel::Mix(_) | SetLabel::Tx0 => Some(set.label.name()),
        SetLabel::Candidates(_) | SetLabel::Negative => None,
    };
    // A scanner's Tx0 files also hold mixes beside them. A Tx0 has a data output by definition: what has none is no Tx0,
    // whatever the file is called, and is judged by nobody.
    let is_as_labelled = |view: &TransactionView<'_>| {
        set.label != SetLabel::Tx0
            || view.outputs.iter().any(|output| output.script_type == ScriptType::OpReturn)
    };
    row.mislabelled += batch.views().filter(|view| !is_as_labelled(view)).count() as u64;
    let found = batch.views().filter(is_as_labelled);
    let found = found.map(|view| (expected, is_excluded(&view), label(&view)));
    for score in label_scores(found).into_values() {
        row.transactions += score.transactions;
        row.excluded += score.excluded;
        row.right += score.right;
        for (label, count) in score.found {
            *row.found.entry(label.unwrap_or_else(|| NO_LABEL.to_owned())).or_default() += count;
        }
    }
    let links = forensics::links(batch);
    let links = links.iter().filter(|link| link.heuristic == COMMON_INPUT);
    let links: Vec<(AddressId, AddressId)> = links.map(|link| (link.a, link.b)).collect();
    row.links += links.len() as u64;
    let (joined, largest) = joined(set, links);
    row.joined += joined;
    row.largest = row.largest.max(largest);
    let all = batch.views().flat_map(|view| {
        let addresses = spenders(&view);
        addresses.iter().skip(1).map(|other| (addresses[0], *other)).collect::<Vec<_>>()
    });
    let (joined, largest) = self::joined(set, all);
    row.joined_without_exclusion += joined;
    row.largest_without_exclusion = row.largest_without_exclusion.max(largest);
}

/// Addresses that links join with another one, and the members of the largest cluster.
fn joined(
    set: &LabelledSet,
    links: impl IntoIterator<Item = (AddressId, AddressId)>,
) -> (u64, u64) {
    let mut components = Components::default();
    components.ensure_nodes(set.ledger.n_addresses());
    for (a, b) in links {
        components.link(a.get(), b.get());
    }
    let sizes = components.sizes();
    let joined = sizes.iter().filter(|size| **size > 1);
    let largest = joined.clone().max().copied().map_or(0, u64::from);
    (joined.map(|size| u64::from(*size)).sum(), largest)
}

//! Emulated wallets: a small chain of which it is known whose address is whose.

use std::collections::BTreeMap;

use forensics::evaluation::{UNKNOWN_OWNER, rule_scores, score, wrong_links};
use ingest::labelled::{EmulatedWallets, Experiment};

use super::methods::{Found, is_excluded, label, no_price, owners_of, spenders, spent};
use super::mixes::NO_LABEL;
use super::report::{EmulatedReport, OwnershipReport, RuleReport, Scores};
use super::{advance, begin};
use crate::{Error, Progress, Watch};

/// Reads and measures every experiment.
pub(super) fn measure(
    experiments: &[Experiment],
    report: &mut OwnershipReport,
    watch: &dyn Watch,
) -> Result<(), Error> {
    if experiments.is_empty() {
        return Ok(());
    }
    begin(watch, "emulated wallets", experiments.len(), "experiments")?;
    for (at, experiment) in experiments.iter().enumerate() {
        match experiment.read()? {
            Some(wallets) => {
                report.skip(&wallets.skipped);
                report.emulated.push(one(&wallets));
            }
            None => report.notes.push(format!(
                "{}: no address has a known owner, so it tells nothing of wallets",
                experiment.name
            )),
        }
        advance(watch, at + 1)?;
    }
    watch.tell(Progress::End);
    Ok(())
}

fn one(wallets: &EmulatedWallets) -> EmulatedReport {
    let (batch, n_addresses) = (wallets.ledger.batch(), wallets.ledger.n_addresses());
    let owners = wallets.owners.labels(&wallets.ledger, UNKNOWN_OWNER);
    let found = Found::of(batch, n_addresses, &no_price);
    let is_spent = spent(batch, n_addresses);
    let labels = found.cluster(&found.links);
    let over_spent = score(&labels, &owners, |at| is_spent[at]);
    let over_all = score(&labels, &owners, |_| true);
    let rules = rule_scores(&found.links, &owners, |_| true, |links| found.cluster(links));
    let mut row = EmulatedReport {
        name: wallets.name.clone(),
        protocol: wallets.protocol.map(str::to_owned),
        transactions: batch.transactions.len() as u64,
        wallets: over_all.owners,
        contested: wallets.owners.n_contested() as u64,
        inputs_unknown: batch.inputs.iter().filter(|input| input.spent.is_none()).count() as u64,
        mixes: 0,
        mixes_excluded: 0,
        mixes_named: 0,
        mixes_named_excluded: 0,
        labels: BTreeMap::new(),
        own_excluded: 0,
        own: 0,
        own_labels: BTreeMap::new(),
        links: found.links.len() as u64,
        links_wrong: wrong_links(&found.links, &owners).count() as u64,
        rules: rules.iter().map(RuleReport::from).collect(),
        spent: Scores::from(&over_spent),
        all: Scores::from(&over_all),
    };
    count_transactions(&mut row, wallets, &owners);
    row
}

fn count_transactions(row: &mut EmulatedReport, wallets: &EmulatedWallets, owners: &[u32]) {
    for view in wallets.ledger.batch().views() {
        let addresses = spenders(&view);
        let n_owners = owners_of(&addresses, owners).len();
        let is_named = wallets.mixes.contains(&view.row.id);
        let all_known = addresses.iter().all(|address| owners[address.index()] != UNKNOWN_OWNER);
        let excluded = u64::from(is_excluded(&view));
        let found = label(&view);
        if n_owners > 1 {
            row.mixes += 1;
            row.mixes_excluded += excluded;
        }
        if is_named {
            row.mixes_named += 1;
            row.mixes_named_excluded += excluded;
        }
        if n_owners > 1 || is_named {
            *row.labels.entry(found.unwrap_or(NO_LABEL).to_owned()).or_default() += 1;
        } else if n_owners == 1 && all_known {
            if addresses.len() > 1 {
                row.own += 1;
                row.own_excluded += excluded;
            }
            if let Some(found) = found {
                *row.own_labels.entry(found.to_owned()).or_default() += 1;
            }
        }
    }
}

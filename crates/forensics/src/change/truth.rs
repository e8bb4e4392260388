//! Change that time reveals: an output later spent together with its payer's coins.
//!
//! In: transactions as observed, and links. Out: those of which the change is revealed.
//! Source: Möser and Narayanan, Resurrecting Address Clustering in Bitcoin, FC 2022, section 3.
//! Departures: links of any heuristic but change and consolidation count, so that people's decisions do. An output that was in its
//! payer's cluster by the end of its own block does not: nothing had to be found out.
//! Failure modes: a cluster that is wrong reveals wrongly; two outputs of one owner (a payment to oneself) reveal
//! nothing; a transaction without change is never revealed, so the base rate is that of transactions that have some.
//! Cost: union-find over all links. Checked against: repeated minimum over links (`tests/it/change.rs`).

use std::collections::BTreeMap;

use graph::Components;
use ledger::{AddressId, Link, TxIndex};

use super::observed::{Moment, Observed};
use crate::heuristics::{CHANGE, CONSOLIDATION};

/// What is true of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The transaction.
    pub tx: TxIndex,
    /// The position of its change among its outputs; `None` if it has none (never where co-spending told).
    pub change: Option<u32>,
    /// Who paid, by any number: transactions of one payer stay on one side of a split.
    pub payer_cluster: u32,
}

/// The observed transactions with exactly one output whose address `links` put into the cluster of the inputs, not
/// yet in the transaction's own block; in order of transaction.
pub fn revealed(observed: &Observed, links: &[Link]) -> Vec<Truth> {
    let mut firsts: BTreeMap<TxIndex, &Moment> = BTreeMap::new();
    observed.moments.iter().for_each(|moment| {
        firsts.entry(moment.tx).or_insert(moment);
    });
    let inferred = [CHANGE, CONSOLIDATION];
    let mut links: Vec<&Link> =
        links.iter().filter(|link| !inferred.contains(&link.heuristic)).collect();
    links.sort_by_key(|link| link.height);
    let ids = links.iter().map(|link| link.b.max(link.a)).chain(observed.addresses.iter().copied());
    let payers = observed.moments.iter().map(|moment| moment.payer);
    let n_addresses = ids.chain(payers).max().map_or(0, |id| id.get().saturating_add(1));
    let mut components = Components::default();
    components.ensure_nodes(n_addresses);
    let mut links = links.into_iter().peekable();
    let mut open = Vec::new();
    for moment in firsts.into_values() {
        while let Some(link) = links.next_if(|link| link.height <= moment.tx_height) {
            components.link(link.a.get(), link.b.get());
        }
        if payers_outputs(&mut components, observed, moment).next().is_none() {
            open.push(moment);
        }
    }
    for link in links {
        components.link(link.a.get(), link.b.get());
    }
    let truth = |moment: &Moment| {
        let mut own = payers_outputs(&mut components, observed, moment);
        let (Some(change), None) = (own.next(), own.next()) else { return None };
        drop(own);
        let payer_cluster = components.find(moment.payer.get());
        Some(Truth { tx: moment.tx, change: Some(change), payer_cluster })
    };
    open.into_iter().filter_map(truth).collect()
}

/// Positions of the outputs in the payer's cluster.
fn payers_outputs<'a>(
    components: &'a mut Components,
    observed: &'a Observed,
    moment: &Moment,
) -> impl Iterator<Item = u32> + 'a {
    let payer = components.find(moment.payer.get());
    moment.range().filter_map(move |at| {
        let address: AddressId = observed.addresses[at];
        (components.find(address.get()) == payer).then_some(observed.positions[at])
    })
}

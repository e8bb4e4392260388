//! Transfers add up to cluster edges, and are cut as the ledger is.

use std::collections::BTreeMap;

use forensics::{AMOUNT_UNKNOWN, MIXING, Transfer, cluster_edges, transfers};
use ledger::ClusterEdge;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::flow::labels_of;
use crate::worlds::{cut, cuts, world};

/// Amount, transactions, mixing ones and those without amount, by pair.
type Sums = BTreeMap<(u32, u32), (u128, u64, u64, u64)>;

fn summed(rows: &[Transfer]) -> Sums {
    let mut sums = Sums::new();
    for row in rows {
        let sum = sums.entry((row.source.get().get(), row.target.get().get())).or_default();
        sum.0 += u128::from(row.amount_sat);
        sum.1 += 1;
        sum.2 += u64::from(row.flags & MIXING != 0);
        sum.3 += u64::from(row.flags & AMOUNT_UNKNOWN != 0);
    }
    sums
}

fn edge((sums, row): (Sums, &ClusterEdge)) -> Sums {
    let mut sums = sums;
    let pair = (row.source.get().get(), row.target.get().get());
    let counts = (row.n_transactions, row.n_mixing, row.n_amount_unknown);
    sums.insert(pair, (row.amount.units(), counts.0, counts.1, counts.2));
    sums
}

proptest! {
    #[test]
    fn transfers_add_up_to_cluster_edges(world in world(), cuts in cuts()) {
        let labels = labels_of(&world.batch, world.n_addresses);
        let all = transfers(&world.batch, &labels, true).unwrap();
        let edges = cluster_edges([&world.batch], &labels).unwrap();
        prop_assert_eq!(summed(&all), edges.iter().fold(Sums::new(), |sums, row| edge((sums, row))));
        let parts = cut(&world.batch, &cuts);
        let parts = parts.iter().flat_map(|part| transfers(part, &labels, true).unwrap());
        prop_assert_eq!(&parts.collect::<Vec<_>>(), &all);
        let certain = transfers(&world.batch, &labels, false).unwrap();
        let kept = all.into_iter().filter(|row| !row.is_mixing());
        prop_assert_eq!(certain, kept.collect::<Vec<_>>());
    }
}

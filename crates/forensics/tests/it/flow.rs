use std::collections::BTreeMap;

use forensics::collaborative::possible_protocols;
use forensics::{AMOUNT_UNKNOWN, Clusters, FlowBuilder, FlowEdges, FlowError, MIXING, links};
use ledger::LedgerBatch;
use ledger::notation::parse;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::{cut, cuts, name, world};

pub fn labels_of(batch: &LedgerBatch, n_addresses: u32) -> Vec<u32> {
    let mut clusters = Clusters::default();
    clusters.apply(&links(batch), n_addresses);
    clusters.labels()
}

pub fn flow(batch: &LedgerBatch, labels: &[u32]) -> (FlowEdges, u32) {
    let mut edges = FlowEdges::default();
    let mut builder = FlowBuilder::new(labels);
    builder.push(batch, &mut edges).unwrap();
    (edges, builder.n_nodes())
}

/// Edges as `source-target:amount@tx`, `~` in front if mixing, `?` behind if an amount is unknown.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let labels = labels_of(&world.batch, u32::try_from(world.names.len()).unwrap());
    let (edges, _) = flow(&world.batch, &labels);
    let edge = |at: usize| {
        let (source, target) = (name(&world, edges.source[at]), name(&world, edges.target[at]));
        let mixing = if edges.flags[at] & MIXING != 0 { "~" } else { "" };
        let unknown = if edges.flags[at] & AMOUNT_UNKNOWN != 0 { "?" } else { "" };
        format!("{mixing}{source}-{target}:{}@{}{unknown}", edges.weight[at], edges.time[at])
    };
    assert_eq!((0..edges.len()).map(edge).collect::<Vec<_>>().join(" "), expected);
}

#[test]
fn one_owner_pays_each_cluster_once() {
    check("a:5 -> b:3 c:2", "a-b:3@0 a-c:2@0");
    check("a:5 b:1 -> c:2 c:3 d:1", "a-c:5@0 a-d:1@0");
    check("-> a:50\n a:50 -> b:50 data:0", "a-b:50@1");
}

#[test]
fn change_to_the_owner_is_no_edge() {
    check("a:5 -> b:3 a:2", "a-b:3@0");
    check("a:5 -> b:3 c:2\n c:2 a:1 -> b:3", "a-b:3@0 a-b:3@1");
}

#[test]
fn unknown_inputs_are_the_owners_of_the_known_ones() {
    check("a:5 ?:1 -> b:6", "a-b:6@0");
    check("?:5 -> b:5", "");
}

#[test]
fn a_mixing_transaction_is_a_junction() {
    check("a:5 b:6 a:1 -> c:3 d:3 e:2 c:4", "~a-J0:6@0 ~b-J0:6@0 ~J0-c:7@0 ~J0-d:3@0 ~J0-e:2@0");
    // Change comes back out of the junction: somebody else's money may be in it.
    check(
        "a:5 b:5 -> c:3 d:3 a:2 f:2",
        "~a-J0:5@0 ~b-J0:5@0 ~J0-a:2@0 ~J0-c:3@0 ~J0-d:3@0 ~J0-f:2@0",
    );
}

#[test]
fn a_possible_mix_with_unknown_payers_is_a_junction_of_one() {
    check("a:5 ?:6 -> c:3 d:3 e:2 f:1", "~a-J0:5@0? ~J0-c:3@0? ~J0-d:3@0? ~J0-e:2@0? ~J0-f:1@0?");
}

#[test]
fn a_possible_mix_of_one_owner_shows_who_paid() {
    check(
        "a:1 b:1 -> z:2\n a:5 b:5 -> c:3 d:3 e:2 f:2",
        "a-z:2@0 ~a-c:3@1 ~a-d:3@1 ~a-e:2@1 ~a-f:2@1",
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |ledger: &str, labels: &[u32]| {
        let world = parse(ledger).unwrap();
        FlowBuilder::new(labels).push(&world.batch, &mut FlowEdges::default()).unwrap_err()
    };
    let error = refused("a:1 -> b:1", &[0]);
    assert_eq!(error, FlowError::NoLabel { address: 1, n_labels: 1 });
    assert!(error.hint().unwrap().contains("links"));
    let most = u64::MAX;
    let error = refused(&format!("a:{most} -> b:{most} c:1"), &[0, 1, 2]);
    assert_eq!(error.to_string(), "amounts of transaction 0 add up to more than 64 bits hold");
}

type Row = (u32, u32, u32, u64, u8);

/// Every edge by the definition, with maps and loops.
fn by_definition(batch: &LedgerBatch, labels: &[u32]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut junction = u32::try_from(labels.len()).unwrap();
    for view in batch.views() {
        let time = u32::try_from(view.row.index.get()).unwrap();
        let (mut paid, mut got) = (BTreeMap::new(), BTreeMap::new());
        for spent in view.inputs.iter().filter_map(|input| input.spent) {
            *paid.entry(labels[spent.address.unwrap().index()]).or_insert(0) += spent.amount_sat;
        }
        for output in view.outputs.iter().filter(|output| output.address.is_some()) {
            *got.entry(labels[output.address.unwrap().index()]).or_insert(0) += output.amount_sat;
        }
        let flagged = possible_protocols(&view).any();
        let unknown = view.inputs.iter().any(|input| input.spent.is_none());
        if paid.is_empty() || got.is_empty() {
            continue;
        }
        if paid.len() == 1 && !(flagged && unknown) {
            let owner = *paid.keys().next().unwrap();
            let others = got.iter().filter(|(cluster, _)| **cluster != owner);
            rows.extend(others.map(|(to, sum)| (owner, *to, time, *sum, u8::from(flagged))));
        } else {
            let flags = if unknown { 3 } else { 1 };
            rows.extend(paid.iter().map(|(from, sum)| (*from, junction, time, *sum, flags)));
            rows.extend(got.iter().map(|(to, sum)| (junction, *to, time, *sum, flags)));
            junction += 1;
        }
    }
    rows
}

fn rows(edges: &FlowEdges) -> Vec<Row> {
    let row = |at| {
        let flags = edges.flags[at];
        (edges.source[at], edges.target[at], edges.time[at], edges.weight[at], flags)
    };
    (0..edges.len()).map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn edges_are_as_defined(world in world(), joins in prop::collection::vec((0..12u32, 0..12u32), 0..3)) {
        // Clusters that other evidence joined, too, and clusters without any links.
        for labels in [
            labels_of(&world.batch, world.n_addresses),
            (0..world.n_addresses).collect(),
            crate::cluster_edges::joined(&labels_of(&world.batch, world.n_addresses), &joins),
        ] {
            let (edges, n_nodes) = flow(&world.batch, &labels);
            prop_assert_eq!(rows(&edges), by_definition(&world.batch, &labels));
            prop_assert_eq!(n_nodes as usize, labels.len() + edges.junction_tx.len());
            edges.temporal().unwrap().validate(n_nodes, world.n_addresses).unwrap();
        }
    }

    #[test]
    fn any_cut_gives_the_same_edges(world in world(), cuts in cuts()) {
        let labels = labels_of(&world.batch, world.n_addresses);
        let (whole, n_nodes) = flow(&world.batch, &labels);
        let mut builder = FlowBuilder::new(&labels);
        let mut by_part = FlowEdges::default();
        for part in cut(&world.batch, &cuts) {
            builder.push(&part, &mut by_part).unwrap();
        }
        prop_assert_eq!(by_part, whole);
        prop_assert_eq!(builder.n_nodes(), n_nodes);
    }
}

//! Rows against a filter over the keys, and refusal of arrays that are no rows.

use proptest::prelude::*;
use tracehound_graph::temporal::{TemporalEdges, TemporalGraph};
use tracehound_graph::{Csr, CsrView, GraphError};

fn ids(keys: &[u32], row: u32) -> Vec<u32> {
    (0..).zip(keys).filter(|(_, key)| **key == row).map(|(id, _)| id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rows_hold_what_has_their_key(pairs in prop::collection::vec((0u32..9, 0u32..9), 0..40)) {
        let (a, b): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let by_a = Csr::from_keys(9, &a).unwrap();
        let values = Csr::from_pairs(9, &a, &b).unwrap();
        let by_either = Csr::from_ends(9, &a, &b).unwrap();
        for row in 0..9 {
            let expected = ids(&a, row);
            prop_assert_eq!(by_a.view().row(row), &expected[..]);
            let expected: Vec<u32> = expected.iter().map(|&id| b[id as usize]).collect();
            prop_assert_eq!(values.view().row(row), &expected[..]);
            let mut expected = [ids(&a, row), ids(&b, row)].concat();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(by_either.view().row(row), &expected[..]);
        }
        let (offsets, items) = by_a.clone().into_parts();
        prop_assert_eq!(CsrView::new(&offsets, &items).unwrap(), by_a.view());
    }
}

#[test]
fn arrays_that_are_no_rows_are_refused() {
    let refused = |offsets: &[u64], items: &[u32]| CsrView::new(offsets, items).unwrap_err();
    assert_eq!(refused(&[], &[]), GraphError::OffsetsEmpty);
    assert_eq!(refused(&[1, 2], &[7, 7]), GraphError::OffsetsStart { first: 1 });
    let backwards = GraphError::OffsetsNotMonotone { row: 1, start: 2, end: 1 };
    assert_eq!(refused(&[0, 2, 1, 2], &[7, 7]), backwards);
    assert_eq!(refused(&[0, 3], &[7, 7]), GraphError::OffsetsEnd { last: 3, n_items: 2 });
    assert_eq!(refused(&[0, 1], &[7, 7]).to_string(), "offsets end at 1, but there are 2 items");
    assert!(refused(&[0, 1], &[7, 7]).hint().unwrap().contains("rebuild"));
    let key = GraphError::OutOfRange { what: "keys", index: 1, found: 2, limit: 2 };
    assert_eq!(Csr::from_keys(2, &[0, 2]).unwrap_err(), key);
}

/// The error of a graph of 2 main nodes and 2 junctions with these edges, read as a whole.
#[track_caller]
fn check(source: &[u32], target: &[u32], time: &[u32], expected: GraphError) {
    let weight = vec![1; source.len()];
    let rows = Csr::from_keys(4, &vec![0; source.len()]).unwrap();
    let error = TemporalEdges::new(source, target, time, &weight)
        .and_then(|edges| TemporalGraph::new(2, edges, rows.view(), rows.view()))
        .and_then(|graph| graph.validate());
    assert_eq!(error, Err(expected));
}

#[test]
fn columns_that_are_no_graph_are_refused() {
    check(&[0], &[1], &[], GraphError::Length { what: "time", expected: 1, found: 0 });
    check(&[0, 0], &[1, 1], &[5, 4], GraphError::TimeOrder { edge: 1, time: 4, previous: 5 });
    let far = GraphError::OutOfRange { what: "target", index: 0, found: 4, limit: 4 };
    check(&[0], &[4], &[1], far);
    let pair = GraphError::JunctionPair { edge: 0, source_node: 2, target_node: 3 };
    check(&[2], &[3], &[1], pair);
    // Both rows of this test put every edge into the row of node 0.
    check(&[1], &[0], &[1], GraphError::Row { node: 0, edge: 0 });
}

//! Graphs as record batches and back; whatever is not as described is refused by file and column.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch, StringArray, UInt8Array,
    UInt32Array, UInt64Array,
};
use arrow_schema::{Field, Schema};
use proptest::prelude::*;
use tracehound_graph::{BuildOptions, Graph, MappedGraph, SnapshotFile};

use crate::build::{Edges, many};

fn graph() -> Graph {
    let edges = [(0, 2, 5, 9, 1), (2, 1, 4, 8, 2), (0, 1, 1, 1, 1), (0, 2, 5, 7, 4)];
    Graph::from_edges(3, &Edges::of(&edges).batch(), BuildOptions::default()).unwrap()
}

#[test]
fn batches_are_the_graph_without_a_copy() {
    let edges = Edges::of(&many(5000, 400));
    let graph = Graph::from_edges(400, &edges.batch(), BuildOptions::default()).unwrap();
    let weight = graph.view().columns().weight.as_ptr();
    let expected = graph.clone();
    let batches = graph.into_batches();
    let mapped = MappedGraph::open(&batches).unwrap();
    assert_eq!(mapped.view(), expected.view());
    assert_eq!(mapped.view().columns().weight.as_ptr(), weight, "it was copied");
    mapped.view().validate().unwrap();
    for (batch, file) in batches.iter().zip(SnapshotFile::ALL) {
        assert_eq!(batch.schema(), file.schema());
    }
    drop(batches);
    assert_eq!(mapped.clone().view(), expected.view());
    let empty = Graph::from_edges(0, &Edges::default().batch(), BuildOptions::default()).unwrap();
    let mapped = MappedGraph::open(&empty.clone().into_batches()).unwrap();
    assert_eq!((mapped.view(), mapped.view().n_nodes()), (empty.view(), 0));
}

/// The batches of the small graph with one column put in place of another.
fn with(file: usize, column: usize, name: &str, array: ArrayRef) -> [RecordBatch; 3] {
    let mut batches = graph().into_batches();
    let batch = &batches[file];
    let mut fields: Vec<Field> =
        batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields[column] = Field::new(name, array.data_type().clone(), true);
    let mut columns = batch.columns().to_vec();
    columns[column] = array;
    batches[file] = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    batches
}

fn array<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::from_iter_values(values))
}

#[track_caller]
fn check(batches: &[RecordBatch; 3], message: &str) {
    let error = MappedGraph::open(batches).unwrap_err();
    assert_eq!(error.to_string(), format!("graph snapshot, file {message}"));
    assert!(error.hint().unwrap().contains("rebuild"));
}

#[test]
fn foreign_schemas_are_refused() {
    let strings: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c"]));
    check(
        &with(1, 1, "weight", strings),
        "edges: the type of column weight is Utf8, expected UInt64",
    );
    let amounts: ArrayRef = Arc::new(UInt64Array::from(vec![1, 2, 3]));
    check(&with(1, 1, "amount", amounts), "edges: column 1 is amount, expected weight");
    let nulls: ArrayRef = Arc::new(UInt8Array::from(vec![Some(1), None, Some(3)]));
    check(
        &with(1, 5, "flags", nulls),
        "edges: the number of nulls in column flags is 1, expected 0",
    );
    let [nodes, edges, in_edges] = graph().into_batches();
    let narrow = in_edges.project(&[0]).unwrap();
    check(
        &[nodes.clone(), edges.clone(), narrow],
        "in_edges: the number of columns is 1, expected 2",
    );
    check(
        &[nodes.clone(), in_edges.clone(), edges.clone()],
        "edges: the number of columns is 2, expected 6",
    );
    check(
        &[nodes.clone(), edges.clone(), in_edges.slice(0, 2)],
        "in_edges: the number of rows is 2, expected 3",
    );
    check(
        &[nodes.slice(0, 3), edges.clone(), in_edges.clone()],
        "nodes, column out_offset: offsets end at 2, but there are 3 items",
    );
    check(
        &[nodes.slice(0, 0), edges, in_edges],
        "nodes, column out_offset: offsets are empty, expected one more than there are rows",
    );
}

#[test]
fn offsets_that_are_none_are_refused() {
    let backwards = array::<UInt64Type>(vec![0, 2, 1, 3]);
    check(
        &with(0, 0, "out_offset", backwards),
        "nodes, column out_offset: offsets of row 1 run backwards, from 2 to 1",
    );
    let late = array::<UInt64Type>(vec![1, 2, 3, 3]);
    check(
        &with(0, 1, "in_offset", late),
        "nodes, column in_offset: offsets start at 1, expected 0",
    );
    let long = array::<UInt64Type>(vec![0, 0, 0, u64::MAX]);
    check(
        &with(0, 1, "in_offset", long),
        "nodes, column in_offset: offsets end at 18446744073709551615, but there are 3 items",
    );
}

#[test]
fn ids_out_of_range_are_found_by_validate() {
    let twisted = |file, column, name, values| {
        let batches = with(file, column, name, array::<UInt32Type>(values));
        MappedGraph::open(&batches).unwrap().view().validate().unwrap_err().to_string()
    };
    let far = "element 1 of targets is 3, expected a number below 3";
    assert_eq!(twisted(1, 0, "target", vec![1, 3, 1]), far);
    let far = "element 0 of sources is 9, expected a number below 3";
    assert_eq!(twisted(2, 0, "source", vec![9, 2, 0]), far);
    let far = "element 2 of in_edge is 3, expected a number below 3";
    assert_eq!(twisted(2, 1, "edge", vec![0, 2, 3]), far);
    assert!(twisted(1, 0, "target", vec![2, 1, 1]).contains("out of order"));
    assert!(twisted(2, 1, "edge", vec![0, 1, 2]).contains("of another node"));
}

/// A column of any kind, and any length up to a few.
fn any_column() -> impl Strategy<Value = ArrayRef> {
    let small = || prop::collection::vec(0u32..5, 0..5);
    let longs = prop::collection::vec(0u64..5, 0..5);
    let nulls = prop::collection::vec(prop::option::of(0u32..5), 0..5);
    prop_oneof![
        small().prop_map(|values| Arc::new(UInt32Array::from(values)) as ArrayRef),
        small().prop_map(|values| {
            let values: Vec<u8> = values.iter().map(|_| 1).collect();
            Arc::new(UInt8Array::from(values)) as ArrayRef
        }),
        longs.prop_map(|values| Arc::new(UInt64Array::from(values)) as ArrayRef),
        nulls.prop_map(|values| Arc::new(UInt32Array::from(values)) as ArrayRef),
        small().prop_map(|values| {
            let values: Vec<bool> = values.iter().map(|&value| value > 2).collect();
            Arc::new(BooleanArray::from(values)) as ArrayRef
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Opening and validating any batches of the right names ends, with an answer or an error.
    #[test]
    fn twisted_batches_never_panic(
        offsets in (prop::collection::vec(0u64..5, 4), prop::collection::vec(0u64..5, 4)),
        ids in prop::collection::vec((0u32..4, 0u32..4, 0u32..4), 3),
        other in (0usize..3, 0usize..6, any_column()), twist: bool,
    ) {
        let sorted = |mut offsets: Vec<u64>| { offsets.sort_unstable(); offsets };
        let mut batches = graph().into_batches();
        let set = |batch: &RecordBatch, column: usize, array: ArrayRef| {
            let mut columns = batch.columns().to_vec();
            columns[column] = array;
            RecordBatch::try_new(batch.schema(), columns).unwrap()
        };
        batches[0] = set(&batches[0], 0, array::<UInt64Type>(sorted(offsets.0)));
        batches[0] = set(&batches[0], 1, array::<UInt64Type>(sorted(offsets.1)));
        batches[1] = set(&batches[1], 0, array::<UInt32Type>(ids.iter().map(|id| id.0).collect()));
        batches[2] = set(&batches[2], 0, array::<UInt32Type>(ids.iter().map(|id| id.1).collect()));
        batches[2] = set(&batches[2], 1, array::<UInt32Type>(ids.iter().map(|id| id.2).collect()));
        let (file, column, array) = other;
        if twist && column < batches[file].num_columns() && array.len() == batches[file].num_rows() {
            let batch = &batches[file];
            let mut fields: Vec<Field> =
                batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
            fields[column] = Field::new(fields[column].name(), array.data_type().clone(), true);
            let mut columns = batch.columns().to_vec();
            columns[column] = array;
            batches[file] = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        }
        if let Ok(mapped) = MappedGraph::open(&batches) {
            let _answer = mapped.view().validate();
        }
    }
}

//! A graph as three Arrow record batches, and record batches as a graph, both without a copy.
//!
//! In: a [`Graph`], or batches that came from mapped files. Out: batches of the schemas below, or a [`MappedGraph`]
//! that keeps the maps alive and gives a [`GraphView`] at no cost.
//!
//! | file | rows | columns |
//! |---|---|---|
//! | `nodes` | nodes + 1 | `out_offset` u64, `in_offset` u64 |
//! | `edges` | edges | `target` u32, `weight` u64, `count` u32, `first_time` u32, `last_time` u32, `flags` u8 |
//! | `in_edges` | edges | `source` u32, `edge` u32 |
//!
//! Checked at opening: names, types, order, no nulls, lengths, and both columns of offsets as a whole (16 bytes a
//! node). Not read at opening: the columns of edges; [`GraphView::validate`] reads them.
//! Checked against: `tests/it/snapshot.rs`, which twists each of these in turn.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch};
use arrow_buffer::{ArrowNativeType, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::error::GraphError;
use crate::{CsrView, EdgeColumns, Graph, GraphView};

/// One of the files that make up a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotFile {
    /// Where the rows of each node start, both ways.
    Nodes,
    /// The edges by source and target.
    Edges,
    /// The edges by target and source.
    InEdges,
}

impl SnapshotFile {
    /// All of them, in the order in which [`Graph::into_batches`] gives them.
    pub const ALL: [Self; 3] = [Self::Nodes, Self::Edges, Self::InEdges];

    /// Its name within a snapshot.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Edges => "edges",
            Self::InEdges => "in_edges",
        }
    }

    /// Its columns.
    pub fn schema(self) -> SchemaRef {
        let fields = self.columns().iter();
        let fields = fields.map(|(name, kind)| Field::new(*name, kind.clone(), false));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn columns(self) -> &'static [(&'static str, DataType)] {
        use DataType::{UInt8, UInt32, UInt64};
        match self {
            Self::Nodes => &[("out_offset", UInt64), ("in_offset", UInt64)],
            Self::Edges => &[
                ("target", UInt32),
                ("weight", UInt64),
                ("count", UInt32),
                ("first_time", UInt32),
                ("last_time", UInt32),
                ("flags", UInt8),
            ],
            Self::InEdges => &[("source", UInt32), ("edge", UInt32)],
        }
    }

    fn batch(self, columns: Vec<ArrayRef>) -> RecordBatch {
        RecordBatch::try_new(self.schema(), columns).expect("columns as in the schema")
    }

    fn wrong(self, what: String, expected: impl ToString, found: impl ToString) -> GraphError {
        let (expected, found) = (expected.to_string(), found.to_string());
        GraphError::Snapshot { file: self.name(), what, expected, found }
    }

    fn check(self, batch: &RecordBatch) -> Result<(), GraphError> {
        let (columns, schema) = (self.columns(), batch.schema_ref());
        if batch.num_columns() != columns.len() {
            let (expected, found) = (columns.len(), batch.num_columns());
            return Err(self.wrong("the number of columns".to_owned(), expected, found));
        }
        for (at, (name, kind)) in columns.iter().enumerate() {
            let (field, column) = (schema.field(at), batch.column(at));
            if field.name() != name {
                return Err(self.wrong(format!("column {at}"), name, field.name()));
            }
            if column.data_type() != kind {
                let what = format!("the type of column {name}");
                return Err(self.wrong(what, kind, column.data_type()));
            }
            if column.null_count() > 0 {
                let what = format!("the number of nulls in column {name}");
                return Err(self.wrong(what, 0, column.null_count()));
            }
        }
        Ok(())
    }

    fn column<T: ArrowPrimitiveType>(
        self,
        batch: &RecordBatch,
        at: usize,
    ) -> ScalarBuffer<T::Native> {
        batch.column(at).as_primitive::<T>().values().clone()
    }

    fn in_column(self, column: &'static str) -> impl Fn(GraphError) -> GraphError {
        move |source| {
            let source = Box::new(source);
            GraphError::SnapshotColumn { file: self.name(), column, source }
        }
    }
}

impl Graph {
    /// The graph as the record batches of [`SnapshotFile::ALL`]; the memory moves, nothing is copied.
    pub fn into_batches(self) -> [RecordBatch; 3] {
        fn array<T: ArrowPrimitiveType>(values: Vec<T::Native>) -> ArrayRef
        where
            T::Native: ArrowNativeType,
        {
            Arc::new(PrimitiveArray::<T>::new(values.into(), None))
        }
        let Self { out, in_, in_edge, columns } = self;
        let ((out_offset, target), (in_offset, source)) = (out.into_parts(), in_.into_parts());
        let nodes = vec![array::<UInt64Type>(out_offset), array::<UInt64Type>(in_offset)];
        let edges = vec![
            array::<UInt32Type>(target),
            array::<UInt64Type>(columns.weight),
            array::<UInt32Type>(columns.count),
            array::<UInt32Type>(columns.first_time),
            array::<UInt32Type>(columns.last_time),
            array::<UInt8Type>(columns.flags),
        ];
        let in_edges = vec![array::<UInt32Type>(source), array::<UInt32Type>(in_edge)];
        [
            SnapshotFile::Nodes.batch(nodes),
            SnapshotFile::Edges.batch(edges),
            SnapshotFile::InEdges.batch(in_edges),
        ]
    }
}

/// A graph whose arrays lie in record batches, hence in mapped files; cheap to clone.
#[derive(Debug, Clone)]
pub struct MappedGraph {
    out_offset: ScalarBuffer<u64>,
    in_offset: ScalarBuffer<u64>,
    target: ScalarBuffer<u32>,
    weight: ScalarBuffer<u64>,
    count: ScalarBuffer<u32>,
    first_time: ScalarBuffer<u32>,
    last_time: ScalarBuffer<u32>,
    flags: ScalarBuffer<u8>,
    source: ScalarBuffer<u32>,
    in_edge: ScalarBuffer<u32>,
}

impl MappedGraph {
    /// Takes the batches of [`SnapshotFile::ALL`] as a graph.
    ///
    /// # Errors
    /// The first file and column that is not as described in this module, with what was expected and found.
    pub fn open(batches: &[RecordBatch; 3]) -> Result<Self, GraphError> {
        use SnapshotFile::{Edges, InEdges, Nodes};
        let [nodes, edges, in_edges] = batches;
        Nodes.check(nodes)?;
        Edges.check(edges)?;
        InEdges.check(in_edges)?;
        if in_edges.num_rows() != edges.num_rows() {
            let what = "the number of rows".to_owned();
            return Err(InEdges.wrong(what, edges.num_rows(), in_edges.num_rows()));
        }
        let graph = Self {
            out_offset: Nodes.column::<UInt64Type>(nodes, 0),
            in_offset: Nodes.column::<UInt64Type>(nodes, 1),
            target: Edges.column::<UInt32Type>(edges, 0),
            weight: Edges.column::<UInt64Type>(edges, 1),
            count: Edges.column::<UInt32Type>(edges, 2),
            first_time: Edges.column::<UInt32Type>(edges, 3),
            last_time: Edges.column::<UInt32Type>(edges, 4),
            flags: Edges.column::<UInt8Type>(edges, 5),
            source: InEdges.column::<UInt32Type>(in_edges, 0),
            in_edge: InEdges.column::<UInt32Type>(in_edges, 1),
        };
        let out = CsrView::new(&graph.out_offset, &graph.target);
        let out = out.map_err(Nodes.in_column("out_offset"))?;
        let in_ = CsrView::new(&graph.in_offset, &graph.source);
        let in_ = in_.map_err(Nodes.in_column("in_offset"))?;
        GraphView::new(out, in_, &graph.in_edge, graph.columns())?;
        Ok(graph)
    }

    fn columns(&self) -> EdgeColumns<'_> {
        EdgeColumns {
            weight: &self.weight,
            count: &self.count,
            first_time: &self.first_time,
            last_time: &self.last_time,
            flags: &self.flags,
        }
    }

    /// The graph, borrowed; reads nothing.
    pub fn view(&self) -> GraphView<'_> {
        GraphView::checked_before(
            CsrView::checked_before(&self.out_offset, &self.target),
            CsrView::checked_before(&self.in_offset, &self.source),
            &self.in_edge,
            self.columns(),
        )
    }
}

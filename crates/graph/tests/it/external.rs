//! The build within a bound on memory against the build in memory, for bounds down to a few records.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use tracehound_graph::{
    BuildError, BuildOptions, BuildSummary, Direction, EdgeColumnsBuf, ExternalBuilder, Graph,
    GraphChunk, GraphError,
};

use crate::build::{Edge, Edges, edges, many, options};

#[derive(Debug, Default, PartialEq)]
struct Collected {
    out_offsets: Vec<u64>,
    target: Vec<u32>,
    columns: EdgeColumnsBuf,
    in_offsets: Vec<u64>,
    source: Vec<u32>,
    edge: Vec<u32>,
    chunk_max: usize,
}

impl Collected {
    fn take(&mut self, chunk: GraphChunk<'_>) {
        let len = match chunk {
            GraphChunk::OutOffsets(offsets) => {
                self.out_offsets.extend(offsets);
                offsets.len()
            }
            GraphChunk::Edges { target, columns } => {
                self.target.extend(target);
                self.columns.weight.extend(columns.weight);
                self.columns.count.extend(columns.count);
                self.columns.first_time.extend(columns.first_time);
                self.columns.last_time.extend(columns.last_time);
                self.columns.flags.extend(columns.flags);
                target.len()
            }
            GraphChunk::InOffsets(offsets) => {
                self.in_offsets.extend(offsets);
                offsets.len()
            }
            GraphChunk::InEdges { source, edge } => {
                self.source.extend(source);
                self.edge.extend(edge);
                edge.len()
            }
            _ => unreachable!("no other chunk"),
        };
        self.chunk_max = self.chunk_max.max(len);
    }
}

fn of(graph: &Graph) -> Collected {
    let view = graph.view();
    let (out, in_) = (view.rows(Direction::Forward), view.rows(Direction::Backward));
    let columns = view.columns();
    Collected {
        out_offsets: out.offsets().to_vec(),
        target: out.items().to_vec(),
        columns: EdgeColumnsBuf {
            weight: columns.weight.to_vec(),
            count: columns.count.to_vec(),
            first_time: columns.first_time.to_vec(),
            last_time: columns.last_time.to_vec(),
            flags: columns.flags.to_vec(),
        },
        in_offsets: in_.offsets().to_vec(),
        source: in_.items().to_vec(),
        edge: view.in_edge().to_vec(),
        chunk_max: 0,
    }
}

#[track_caller]
fn check(
    n_nodes: u32,
    edges: &[Edge],
    size: usize,
    bytes: usize,
    options: BuildOptions,
) -> BuildSummary {
    let scratch = || Ok(Cursor::new(Vec::new()));
    let mut builder = ExternalBuilder::new(n_nodes, options, bytes, scratch);
    for batch in edges.chunks(size) {
        builder.push(&Edges::of(batch).batch()).unwrap();
    }
    let mut found = Collected::default();
    let mut sink = |chunk: GraphChunk<'_>| {
        found.take(chunk);
        Ok(())
    };
    let summary = builder.finish(&mut sink).unwrap();
    assert!(found.chunk_max <= (bytes / 256).max(16));
    found.chunk_max = 0;
    let expected = Graph::from_edges(n_nodes, &Edges::of(edges).batch(), options).unwrap();
    assert!(found == of(&expected), "bound {bytes}, batches of {size}");
    assert_eq!(summary.n_edges, found.target.len() as u64);
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_bound_does_not_show(
        edges in edges(30, 400), size in 1usize..500, bytes in 0usize..20_000, options in options(),
    ) {
        check(30, &edges, size, bytes, options);
    }
}

#[test]
fn runs_are_merged_in_as_many_passes_as_it_takes() {
    let edges = many(60_000, 20_000);
    let options = BuildOptions::default();
    let all = check(20_000, &edges, 7777, usize::MAX / 2, options);
    assert_eq!((all.n_runs, all.extra_passes), (1, 0));
    let some = check(20_000, &edges, 60_000, 2 << 20, options);
    assert_eq!((some.n_runs, some.extra_passes), (3, 0));
    let many = check(20_000, &edges, 1, 1 << 18, options);
    assert!(many.n_runs > 20 && many.extra_passes >= 5, "{many:?}");
    let symmetric = BuildOptions { self_loops: false, symmetric: true };
    assert!(check(20_000, &edges, 9999, 1 << 20, symmetric).n_runs > 10);
}

#[test]
fn without_edges_there_are_only_offsets() {
    for n_nodes in [0, 1, 1000] {
        assert_eq!(check(n_nodes, &[], 1, 0, BuildOptions::default()), BuildSummary::default());
    }
}

/// Scratch space that fails after some bytes.
struct Full(Cursor<Vec<u8>>, u64);

impl Read for Full {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.position() + bytes.len() as u64 > self.1 {
            return Err(io::Error::other("no space"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn failures_are_told_apart() {
    let edges = Edges::of(&many(2000, 100));
    let options = BuildOptions::default();
    let build = |limit: u64, fails: bool| {
        let scratch = move || Ok(Full(Cursor::new(Vec::new()), limit));
        let mut builder = ExternalBuilder::new(100, options, 50_000, scratch);
        builder.push(&edges.batch())?;
        builder.finish(&mut |_| if fails { Err(io::Error::other("torn")) } else { Ok(()) })
    };
    assert!(build(u64::MAX, false).is_ok());
    for limit in [0, 100, 9000] {
        let error = build(limit, false).unwrap_err();
        assert!(matches!(error, BuildError::Scratch(_)), "{error}");
        assert_eq!(error.to_string(), "cannot use the scratch space of a graph build: no space");
    }
    let error = build(u64::MAX, true).unwrap_err();
    assert_eq!(error.to_string(), "cannot write a built graph: torn");
    let most = Edges::of(&[(1, 2, u64::MAX, 0, 0), (1, 2, 1, 0, 0)]);
    let scratch = || Ok(Cursor::new(Vec::new()));
    let mut builder = ExternalBuilder::new(3, options, 0, scratch);
    // Sixteen rows are a run: the two meet only when runs are merged.
    builder.push(&most.batch().slice(0..1)).unwrap();
    builder.push(&Edges::of(&[(0, 0, 1, 1, 1); 16]).batch()).unwrap();
    builder.push(&most.batch().slice(1..2)).unwrap();
    let error = builder.finish(&mut |_| Ok(())).unwrap_err();
    let overflow = GraphError::WeightOverflow { source_node: 1, target_node: 2 };
    assert!(matches!(error, BuildError::Graph(found) if found == overflow));
}

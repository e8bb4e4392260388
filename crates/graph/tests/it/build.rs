//! Built graphs against an ordered map of pairs; any cut into batches and any number of threads, the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tracehound_graph::{
    BuildOptions, Csr, Direction, EdgeBatch, EdgeColumns, Graph, GraphBuilder, GraphError,
};

/// Edges as columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edges {
    pub(crate) source: Vec<u32>,
    pub(crate) target: Vec<u32>,
    pub(crate) weight: Vec<u64>,
    pub(crate) time: Vec<u32>,
    pub(crate) flags: Vec<u8>,
}

pub(crate) type Edge = (u32, u32, u64, u32, u8);

impl Edges {
    pub(crate) fn of(edges: &[Edge]) -> Self {
        let mut columns = Self::default();
        for &(source, target, weight, time, flags) in edges {
            columns.source.push(source);
            columns.target.push(target);
            columns.weight.push(weight);
            columns.time.push(time);
            columns.flags.push(flags);
        }
        columns
    }

    pub(crate) fn batch(&self) -> EdgeBatch<'_> {
        EdgeBatch::new(&self.source, &self.target, &self.weight, &self.time, &self.flags).unwrap()
    }
}

/// Weight, count, first and last time, flags.
pub(crate) type Merged = (u64, u32, u32, u32, u8);

/// The oracle: pairs in a map.
pub(crate) fn expected(edges: &[Edge], options: BuildOptions) -> BTreeMap<(u32, u32), Merged> {
    let mut map: BTreeMap<(u32, u32), Merged> = BTreeMap::new();
    for &(source, target, weight, time, flags) in edges {
        let mut ways = vec![(source, target)];
        if options.symmetric && source != target {
            ways.push((target, source));
        }
        for way in ways.into_iter().filter(|(a, b)| options.self_loops || a != b) {
            let merged = map.entry(way).or_insert((0, 0, u32::MAX, 0, 0));
            merged.0 += weight;
            merged.1 += 1;
            merged.2 = merged.2.min(time);
            merged.3 = merged.3.max(time);
            merged.4 |= flags;
        }
    }
    map
}

/// Everything a graph holds, read edge by edge in both directions.
pub(crate) fn read(graph: &Graph) -> BTreeMap<(u32, u32), Merged> {
    let view = graph.view();
    view.validate().unwrap();
    let columns = view.columns();
    let read = |direction| {
        let mut map = BTreeMap::new();
        for node in 0..view.n_nodes() {
            for (other, edge) in view.edges_of(node, direction) {
                let pair =
                    if direction == Direction::Forward { (node, other) } else { (other, node) };
                let at = edge as usize;
                let EdgeColumns { weight, count, first_time, last_time, flags } = columns;
                let row = (weight[at], count[at], first_time[at], last_time[at], flags[at]);
                assert_eq!(map.insert(pair, row), None);
            }
        }
        map
    };
    let forward = read(Direction::Forward);
    assert_eq!(forward, read(Direction::Backward));
    forward
}

pub(crate) fn edges(n_nodes: u32, most: usize) -> impl Strategy<Value = Vec<Edge>> {
    let edge = (0..n_nodes, 0..n_nodes, 0u64..1000, any::<u32>(), any::<u8>());
    prop::collection::vec(edge, 0..most)
}

pub(crate) fn options() -> impl Strategy<Value = BuildOptions> {
    any::<(bool, bool)>().prop_map(|(self_loops, symmetric)| BuildOptions { self_loops, symmetric })
}

/// Many edges over many nodes, a hub among them, so that chunks and buckets are more than one.
pub(crate) fn many(n: u32, n_nodes: u32) -> Vec<Edge> {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        u32::try_from(state >> 33).unwrap()
    };
    let mut edge = |at: u32| {
        let source = if at % 7 == 0 { 5 } else { random() % n_nodes };
        let target = if at % 5 == 0 { random() % 50 } else { random() % n_nodes };
        (source, target, u64::from(random() % 100), random() % 1000, u8::try_from(at % 8).unwrap())
    };
    (0..n).map(&mut edge).collect()
}

fn in_batches(n_nodes: u32, edges: &[Edge], size: usize, options: BuildOptions) -> Graph {
    let mut builder = GraphBuilder::new(n_nodes, options);
    for batch in edges.chunks(size.max(1)) {
        builder.push(&Edges::of(batch).batch()).unwrap();
    }
    builder.finish().unwrap()
}

#[track_caller]
fn check(n_nodes: u32, edges: &[Edge], sizes: &[usize], options: BuildOptions) {
    let at_once = Graph::from_edges(n_nodes, &Edges::of(edges).batch(), options).unwrap();
    assert_eq!(at_once.view().n_nodes(), n_nodes);
    let expected = expected(edges, options);
    assert_eq!(read(&at_once), expected);
    for &size in sizes {
        assert!(in_batches(n_nodes, edges, size, options) == at_once, "batches of {size}");
    }
    let Edges { source, target, .. } = Edges::of(edges);
    let rows = Csr::simple(n_nodes, &source, &target, options).unwrap();
    let (out, in_) =
        (at_once.view().rows(Direction::Forward), at_once.view().rows(Direction::Backward));
    assert!(rows.view() == out);
    assert!(rows.view().transposed().unwrap().view() == in_);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn edges_are_merged_and_sorted_both_ways(
        edges in edges(12, 60), size in 1usize..70, options in options(),
    ) {
        check(12, &edges, &[size], options);
    }

    #[test]
    fn few_edges_over_many_nodes(edges in edges(1_000_000, 20), options in options()) {
        check(1_000_000, &edges, &[3], options);
    }
}

#[test]
fn edge_cases() {
    let keep = BuildOptions::default();
    check(0, &[], &[1], keep);
    check(5, &[], &[1], keep);
    check(1, &[(0, 0, 3, 4, 5); 3], &[1, 2], keep);
    check(1, &[(0, 0, 3, 4, 5); 3], &[1, 2], BuildOptions { self_loops: false, symmetric: true });
    check(70, &[(69, 0, 1, 1, 1), (0, 69, 1, 1, 1), (64, 63, 0, 0, 0)], &[1], keep);
}

#[test]
fn large_graphs_do_not_depend_on_batches_or_threads() {
    let edges = many(400_000, 90_000);
    let options = BuildOptions { self_loops: false, symmetric: true };
    check(90_000, &edges, &[1000, 70_000, 200_000], BuildOptions::default());
    check(90_000, &edges, &[99_999], options);
    let columns = Edges::of(&edges);
    let build = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let graph = Graph::from_edges(90_000, &columns.batch(), options).unwrap();
            let simple = Csr::simple(90_000, &columns.source, &columns.target, options).unwrap();
            (graph, simple, Csr::from_keys(90_000, &columns.source).unwrap())
        })
    };
    let one = build(1);
    assert!(build(2) == one && build(5) == one);
}

#[test]
fn large_rows_are_grouped_in_order() {
    let edges = Edges::of(&many(300_000, 1000));
    let mut expected: Vec<Vec<u32>> = vec![Vec::new(); 1000];
    let mut ends = expected.clone();
    for ((&a, &b), id) in edges.source.iter().zip(&edges.target).zip(0..) {
        expected[a as usize].push(id);
        ends[a as usize].push(id);
        if a != b {
            ends[b as usize].push(id);
        }
    }
    let by_source = Csr::from_keys(1000, &edges.source).unwrap();
    let by_ends = Csr::from_ends(1000, &edges.source, &edges.target).unwrap();
    let targets = Csr::from_pairs(1000, &edges.source, &edges.target).unwrap();
    for row in 0..1000u32 {
        let ids = &expected[row as usize];
        assert_eq!(by_source.view().row(row), ids);
        assert_eq!(by_ends.view().row(row), ends[row as usize]);
        let items: Vec<u32> = ids.iter().map(|&id| edges.target[id as usize]).collect();
        assert_eq!(targets.view().row(row), items);
    }
}

#[test]
fn merged_rows_and_defaults() {
    let columns = EdgeColumns {
        weight: &[7, 8],
        count: &[u32::MAX, 4],
        first_time: &[5, 3],
        last_time: &[9, 4],
        flags: &[1, 2],
    };
    let rows = EdgeBatch::merged(&[1, 1], &[0, 0], columns).unwrap();
    let graph = Graph::from_edges(2, &rows, BuildOptions::default()).unwrap();
    assert_eq!(read(&graph), BTreeMap::from([((1, 0), (15, u32::MAX, 3, 9, 3))]));
    let pairs = EdgeBatch::new(&[0, 0, 1], &[1, 1, 0], &[], &[], &[]).unwrap();
    let graph = Graph::from_edges(2, &pairs, BuildOptions::default()).unwrap();
    assert_eq!(
        read(&graph),
        BTreeMap::from([((0, 1), (2, 2, 0, 0, 0)), ((1, 0), (1, 1, 0, 0, 0))])
    );
    let ends: BTreeSet<u32> = pairs.slice(1..3).len().try_into().into_iter().collect();
    assert_eq!(ends, BTreeSet::from([2]));
}

#[test]
fn what_is_no_edge_is_refused() {
    let options = BuildOptions::default();
    let length = |what, found| GraphError::Length { what, expected: 2, found };
    assert_eq!(EdgeBatch::new(&[1, 2], &[1], &[], &[], &[]).unwrap_err(), length("target", 1));
    assert_eq!(EdgeBatch::new(&[1, 2], &[1, 2], &[1], &[], &[]).unwrap_err(), length("weight", 1));
    assert_eq!(EdgeBatch::new(&[1, 2], &[1, 2], &[], &[], &[1]).unwrap_err(), length("flags", 1));
    let far = EdgeBatch::new(&[0], &[2], &[], &[], &[]).unwrap();
    let error = Graph::from_edges(2, &far, options).unwrap_err();
    assert_eq!(error, GraphError::OutOfRange { what: "target", index: 0, found: 2, limit: 2 });
    assert_eq!(Csr::simple(2, &[0], &[2], options).unwrap_err(), error);
    let most = u64::MAX;
    // Two pairs overflow; whatever the order, the smaller is named.
    let edges = [(3, 1, most, 0, 0), (2, 9, most, 0, 0), (3, 1, 1, 0, 0), (2, 9, 1, 0, 0)];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let edges: Vec<Edge> = order.iter().map(|&at: &usize| edges[at]).collect();
        let error = Graph::from_edges(10, &Edges::of(&edges).batch(), options).unwrap_err();
        assert_eq!(error, GraphError::WeightOverflow { source_node: 2, target_node: 9 });
        assert!(error.to_string().contains("from 2 to 9"), "{error}");
    }
}

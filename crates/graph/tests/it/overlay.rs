//! A base with batches on it against a build of everything at once: any batches, any compactions between them, any
//! way back.

use proptest::prelude::*;
use tracehound_graph::{
    BuildOptions, DeltaGraph, Direction, EdgeBatch, Graph, GraphError, MappedGraph, Overlay,
};

use crate::build::{Edge, Edges, Merged, edges, many, options};

#[derive(Debug, Clone)]
enum Step {
    Push {
        edges: Vec<Edge>,
        height_by: u64,
        nodes_by: u32,
    },
    Compact,
    /// At a height this far below the top, as a mapped graph, while later batches stay.
    Rebase(u64),
    Unwind(u64),
}

const N_NODES: u32 = 8;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (edges(N_NODES, 20), 0u64..3, 0u32..3)
            .prop_map(|(edges, height_by, nodes_by)| Step::Push { edges, height_by, nodes_by }),
        1 => Just(Step::Compact),
        1 => (0u64..4).prop_map(Step::Rebase),
        1 => (0u64..4).prop_map(Step::Unwind),
    ]
}

/// The oracle: batches in a list, built at once when asked.
#[derive(Debug, Clone, Default)]
struct Model {
    batches: Vec<(u64, u32, Vec<Edge>)>,
    base_height: u64,
}

impl Model {
    fn height(&self) -> u64 {
        self.batches.last().map_or(0, |batch| batch.0)
    }

    fn graph(&self, options: BuildOptions) -> Graph {
        let n_nodes = self.batches.last().map_or(N_NODES, |batch| batch.1);
        let edges: Vec<Edge> = self.batches.iter().flat_map(|batch| batch.2.clone()).collect();
        Graph::from_edges(n_nodes, &Edges::of(&edges).batch(), options).unwrap()
    }
}

/// The version reads, edge by edge both ways, as the graph does, and compacts to the same bytes.
#[track_caller]
fn check(delta: &DeltaGraph, expected: &Graph) {
    let view = expected.view();
    assert_eq!((delta.n_nodes(), delta.n_edges()), (view.n_nodes(), view.n_edges() as u64));
    let columns = view.columns();
    for node in 0..view.n_nodes() {
        for direction in [Direction::Forward, Direction::Backward] {
            let found = delta.edges_of(node, direction).map(|edge| {
                let row: Merged =
                    (edge.weight, edge.count, edge.first_time, edge.last_time, edge.flags);
                (edge.node, row)
            });
            let expected = view.edges_of(node, direction).map(|(other, edge)| {
                let at = edge as usize;
                let (first, last) = (columns.first_time[at], columns.last_time[at]);
                (other, (columns.weight[at], columns.count[at], first, last, columns.flags[at]))
            });
            assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "node {node}");
        }
    }
    assert!(delta.compact().unwrap() == *expected);
    if delta.is_compact() {
        assert_eq!(delta.base(), view);
    }
}

fn empty(options: BuildOptions) -> Overlay {
    let none = Graph::from_edges(N_NODES, &Edges::default().batch(), options).unwrap();
    Overlay::new(none, Some(0), options)
}

fn apply(step: &Step, overlay: &mut Overlay, model: &mut Model, options: BuildOptions) {
    match step {
        Step::Push { edges, height_by, nodes_by } => {
            let last = model.batches.last();
            let height = (model.height() + height_by).max(model.base_height + 1);
            let n_nodes = last.map_or(N_NODES, |batch| batch.1) + nodes_by;
            // Some edges reach the new nodes.
            let mut edges = edges.clone();
            if let Some(edge) = edges.first_mut() {
                edge.1 = n_nodes - 1;
            }
            overlay.push(height, n_nodes, &Edges::of(&edges).batch()).unwrap();
            model.batches.push((height, n_nodes, edges));
        }
        Step::Compact => {
            overlay.compact().unwrap();
            model.base_height = model.base_height.max(model.height());
            assert_eq!(overlay.delta_len(), 0);
        }
        Step::Rebase(below) => {
            let height = model.height().saturating_sub(*below);
            if height < model.base_height {
                assert!(overlay.open_at(height).is_err());
                return;
            }
            let graph = overlay.open_at(height).unwrap().compact().unwrap();
            let mapped = MappedGraph::open(&graph.into_batches()).unwrap();
            overlay.rebase(mapped, height).unwrap();
            model.base_height = height;
        }
        Step::Unwind(below) => {
            let height = model.height().saturating_sub(*below);
            let refused = height < model.base_height;
            assert_eq!(overlay.unwind(height).is_err(), refused);
            if !refused {
                model.batches.retain(|batch| batch.0 <= height);
            }
        }
    }
    let expected = model.graph(options);
    check(&overlay.open(), &expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_history_is_a_build_at_once(
        steps in prop::collection::vec(step(), 1..12), options in options(),
    ) {
        let (mut overlay, mut model) = (empty(options), Model::default());
        let reader = overlay.reader();
        let mut held: Vec<(DeltaGraph, Graph)> = Vec::new();
        for step in &steps {
            apply(step, &mut overlay, &mut model, options);
            held.push((reader.open(), model.graph(options)));
        }
        // Versions opened on the way are what they were.
        for (version, graph) in &held {
            check(version, graph);
        }
    }

    #[test]
    fn unwind_undoes_apply(
        before in prop::collection::vec(edges(N_NODES, 20), 0..5),
        after in prop::collection::vec(edges(N_NODES, 20), 0..5),
        options in options(),
    ) {
        let mut overlay = empty(options);
        for (height, batch) in (1..).zip(&before) {
            overlay.push(height, N_NODES, &Edges::of(batch).batch()).unwrap();
        }
        let expected = overlay.open();
        let top = before.len() as u64;
        for (height, batch) in (top + 1..).zip(&after) {
            overlay.push(height, N_NODES + 3, &Edges::of(batch).batch()).unwrap();
        }
        let at = overlay.open_at(top).unwrap();
        overlay.unwind(top).unwrap();
        for found in [overlay.open(), at] {
            check(&found, &expected.compact().unwrap());
            prop_assert_eq!(found.height(), Some(top));
        }
    }
}

#[test]
fn what_does_not_follow_is_refused_and_changes_nothing() {
    let options = BuildOptions::default();
    let edge = Edges::of(&[(0, 1, u64::MAX, 5, 1)]);
    let base = Graph::from_edges(3, &edge.batch(), options).unwrap();
    let mut overlay = Overlay::new(base, Some(10), options);
    let one = Edges::of(&[(1, 2, 1, 1, 1)]);
    overlay.push(12, 4, &one.batch()).unwrap();
    let before = overlay.open();
    let height = |last, found| GraphError::Height { last, found };
    assert_eq!(overlay.push(11, 4, &one.batch()), Err(height(12, 11)));
    assert_eq!(overlay.unwind(9), Err(height(10, 9)));
    let shrunk = GraphError::Shrunk { what: "nodes", expected: 4, found: 3 };
    assert_eq!(overlay.push(12, 3, &one.batch()), Err(shrunk));
    let far = EdgeBatch::new(&[4], &[0], &[], &[], &[]).unwrap();
    assert!(matches!(overlay.push(12, 4, &far), Err(GraphError::OutOfRange { found: 4, .. })));
    let overflow = GraphError::WeightOverflow { source_node: 0, target_node: 1 };
    assert_eq!(overlay.push(13, 4, &edge.batch()), Err(overflow));
    let other = Graph::from_edges(4, &edge.batch(), options).unwrap();
    let error = overlay.rebase(other, 12).unwrap_err();
    assert_eq!(error.to_string(), "edges of the base has 1 elements, expected 2");
    assert_eq!(overlay.open().compact(), before.compact());
    assert_eq!((before.n_edges(), before.height(), before.is_compact()), (2, Some(12), false));
    overlay.push(12, 4, &Edges::default().batch()).unwrap();
    overlay.compact().unwrap();
    assert_eq!(overlay.push(12, 4, &one.batch()), Err(height(12, 12)));
    assert!(overlay.open().is_compact());
    assert_eq!(overlay.unwind(12), Ok(()));
}

#[test]
fn readers_in_other_threads_keep_what_they_opened() {
    let edges = many(20_000, 300);
    let options = BuildOptions::default();
    let base = Graph::from_edges(300, &Edges::default().batch(), options).unwrap();
    let mut overlay = Overlay::new(base, None, options);
    assert_eq!(overlay.open().height(), None);
    overlay.compact().unwrap();
    let reader = overlay.reader();
    let sum = |version: &DeltaGraph| -> u64 {
        (0..300)
            .flat_map(|node| version.edges_of(node, Direction::Backward))
            .map(|e| u64::from(e.count))
            .sum()
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut last = 0;
                    while last < 20_000 {
                        let version = reader.open();
                        let now = version.height().map_or(0, |height| height * 500);
                        assert_eq!((sum(&version), sum(&version)), (now, now));
                        assert!(now >= last);
                        last = now;
                    }
                })
            })
            .collect();
        for (height, batch) in (1..).zip(edges.chunks(500)) {
            overlay.push(height, 300, &Edges::of(batch).batch()).unwrap();
            if height % 7 == 0 {
                overlay.compact().unwrap();
            }
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
    let at_once = Graph::from_edges(300, &Edges::of(&edges).batch(), options).unwrap();
    assert!(overlay.open().compact().unwrap() == at_once);
    let compact = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| overlay.open().compact().unwrap())
    };
    assert!(compact(1) == at_once && compact(5) == at_once);
}

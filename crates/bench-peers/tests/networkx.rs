//! The graph kernels against NetworkX and SciPy, on random graphs and on the cluster graph of real blocks.
//!
//! The test writes graphs and our answers; `peers/check.py` answers again and compares. Skipped, with a line that
//! says so, where Python or a package is missing (`TRACEHOUND_PYTHON` names the interpreter, else `python3`).
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;

use engine::{BitcoinSource, Engine, IngestOptions, Time, Unwatched};
use graph::paths::{PathOptions, k_shortest_paths, shortest_path_lengths, widest_path_widths};
use graph::patterns::{CycleOptions, CycleStream, EdgeOrder};
use graph::temporal::TemporalEdges;
use graph::{
    BuildOptions, Components, Direction, EdgeBatch, EdgeEnds, Graph, GraphView, HopDistance,
    HopOptions, NeighborhoodOptions, PageRankOptions, Personalization, TrackedComponents,
    TransitionMatrix, bfs_levels, connected_components, connected_components_of_edges,
    hop_distance, neighborhood, pagerank,
};
use ledger::tables;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tracehound_bench_peers::graph::python;

/// Edges in order of arrival.
#[derive(Default)]
struct Edges {
    n_nodes: u32,
    source: Vec<u32>,
    target: Vec<u32>,
    weight: Vec<u64>,
}

fn has_packages() -> bool {
    let told = Command::new(python()).args(["-c", "import networkx, numpy, scipy"]).output();
    let found = told.as_ref().is_ok_and(|told| told.status.success());
    if !found {
        println!("skipped: {} has no networkx, numpy and scipy", python().display());
    }
    found
}

/// Compares what [`answers`] finds on each graph.
fn check(cases: &[(String, Edges)]) {
    let folder = tempfile::tempdir().unwrap();
    for (name, edges) in cases {
        let answers = answers(name, edges);
        std::fs::write(folder.path().join(format!("{name}.json")), answers.to_string()).unwrap();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/check.py");
    let told = Command::new(python()).arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success(), "{said}{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(said.lines().count(), cases.len(), "{said}");
}

/// Directed graphs with loops, duplicates, sinks and nodes without an edge; the sparse ones fall apart.
fn random(seed: u64) -> (String, Edges) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |limit: u32| random.next_u32() % limit;
    let n_nodes = 1 + below(60);
    let n_edges = match seed % 3 {
        0 => n_nodes / 2,
        1 => n_nodes * 2,
        _ => n_nodes * 5,
    };
    let mut edges = Edges { n_nodes, ..Edges::default() };
    for _ in 0..n_edges {
        // A third of the nodes have no edge out.
        let source = below(n_nodes);
        edges.source.push(if source % 3 == 1 { source - 1 } else { source });
        edges.target.push(below(n_nodes));
        edges.weight.push(1 + u64::from(below(9)));
    }
    (format!("random-{seed:02}"), edges)
}

#[test]
fn random_graphs_agree() {
    if has_packages() {
        check(&(0..40).map(random).collect::<Vec<_>>());
    }
}

#[test]
fn the_cluster_graph_of_real_blocks_agrees() {
    let default = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let data =
        std::env::var_os("TRACEHOUND_DATA").map_or_else(|| default.to_owned(), PathBuf::from);
    let folder = data.join("bitcoin/run-560062");
    if !folder.exists() {
        println!("skipped: no real data at {}", folder.display());
        return;
    }
    if has_packages() {
        check(&[("clusters".to_owned(), cluster_graph(&folder))]);
    }
}

/// The table `cluster_edges` of a store made of the blocks; clusters in order of their id, amounts as weights.
fn cluster_graph(blocks: &Path) -> Edges {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    let engine = Engine::init(&store).unwrap();
    let source = BitcoinSource::Path(vec![blocks.to_owned()]);
    let now = Time::new(1_700_000_000);
    engine.ingest_bitcoin(&source, &IngestOptions::default(), now, &Unwatched).unwrap();
    engine.run(now, &Unwatched).unwrap();
    let snapshot = store::Store::open(&store).unwrap().snapshot().unwrap();
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::CLUSTER_EDGES.name, "all", None, None).unwrap() {
        rows.append(&mut tables::cluster_edges_from(&batch.unwrap()).unwrap());
    }
    assert!(rows.len() > 50_000, "{} edges", rows.len());
    let ends = rows.iter().map(|row| [row.source, row.target].map(|end| end.get().get()));
    let mut ids: Vec<u32> = ends.clone().flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let place = |id: u32| u32::try_from(ids.binary_search(&id).unwrap()).unwrap();
    let mut edges = Edges { n_nodes: u32::try_from(ids.len()).unwrap(), ..Edges::default() };
    for ([source, target], row) in ends.zip(&rows) {
        edges.source.push(place(source));
        edges.target.push(place(target));
        // PageRank takes an edge of weight 0 for none, and NetworkX for a sink's: 1 satoshi more for all.
        edges.weight.push(1 + u64::try_from(row.amount.units()).unwrap());
    }
    edges
}

fn answers(name: &str, edges: &Edges) -> Value {
    let Edges { n_nodes, source, target, weight } = edges;
    let batch = EdgeBatch::new(source, target, weight, &[], &[]).unwrap();
    let graph = Graph::from_edges(*n_nodes, &batch, BuildOptions::default()).unwrap();
    let view = graph.view();
    view.validate().unwrap();
    let asked: Vec<u32> = (0..4).map(|nth| n_nodes / 4 * nth).collect();
    let mut answers = json!({
        "name": name, "n_nodes": n_nodes, "source": source, "target": target, "weight": weight,
        "labels": labels(edges, view),
        "flagged": &asked[2..],
        "pagerank": pageranks(view),
        "k_shortest": k_shortest(view),
    });
    let fields = answers.as_object_mut().unwrap();
    fields.extend(searches(edges, view, &asked));
    if *n_nodes <= 100 {
        fields.insert("cycles".to_owned(), cycles(edges));
    }
    answers
}

fn both_ways(view: GraphView<'_>) -> [graph::CsrView<'_>; 2] {
    [Direction::Forward, Direction::Backward].map(|way| view.rows(way))
}

fn labels(edges: &Edges, view: GraphView<'_>) -> Value {
    let Edges { n_nodes, source, target, .. } = edges;
    let [out, in_] = both_ways(view);
    let mut one_by_one = Components::new(*n_nodes);
    for (&a, &b) in source.iter().zip(target) {
        one_by_one.link(a, b);
    }
    let mut batch = Components::new(*n_nodes);
    batch.link_batch(source, target);
    let mut tracked = TrackedComponents::new(*n_nodes);
    tracked.link_batch(0, source, target).unwrap();
    json!({
        "rows": connected_components(out, Some(in_)),
        "edges": connected_components_of_edges(*n_nodes, source, target).unwrap(),
        "links": one_by_one.labels(), "batch": batch.labels(), "tracked": tracked.labels(),
    })
}

/// `none` as -1, as the script has it.
fn column<T: Copy + PartialEq + Into<u64>>(items: &[T], none: T) -> Value {
    let item = |&item: &T| if item == none { json!(-1) } else { json!(item.into()) };
    items.iter().map(item).collect()
}

fn searches(edges: &Edges, view: GraphView<'_>, asked: &[u32]) -> Vec<(String, Value)> {
    let [out, in_] = both_ways(view);
    let (mut bfs, mut lengths, mut widths, mut within) = (vec![], vec![], vec![], vec![]);
    let weights = Some(view.columns().weight);
    let by_weight = PathOptions { lengths: weights, ..PathOptions::default() };
    let in_three = NeighborhoodOptions {
        direction: Some(Direction::Forward),
        hops_max: 3,
        ..NeighborhoodOptions::default()
    };
    for &source in asked {
        let hops = bfs_levels(out, in_, source).unwrap();
        bfs.push(json!([source, column(&hops, graph::NONE)]));
        let found = shortest_path_lengths(&view, &[source], &by_weight).unwrap();
        lengths.push(json!([source, column(&found.lengths, u64::MAX)]));
        let found = widest_path_widths(&view, &[source], &PathOptions::default()).unwrap();
        widths.push(json!([source, found.widths]));
        let found = neighborhood(view, &[source], &in_three);
        let mut nodes: Vec<_> = found.nodes.iter().map(|node| (node.node, node.hops)).collect();
        nodes.sort_unstable();
        within.push(json!([source, nodes]));
    }
    let mut found = vec![
        ("bfs".to_owned(), json!(bfs)),
        ("lengths".to_owned(), json!(lengths)),
        ("widths".to_owned(), json!(widths)),
        ("within_3".to_owned(), json!(within)),
    ];
    for (name, way) in [("forward", Direction::Forward), ("backward", Direction::Backward)] {
        let whole = hop_distance(out, in_, &asked[2..], way, &HopOptions::default()).unwrap();
        let incremental = hops_by_batches(edges, &asked[2..], way);
        found.push((format!("whole_{name}"), column(&whole.hops, graph::UNREACHED)));
        found.push((format!("incremental_{name}"), column(&incremental, graph::UNREACHED)));
    }
    found
}

/// The same hops, but the edges come in five batches, each into a graph built anew.
fn hops_by_batches(edges: &Edges, flagged: &[u32], way: Direction) -> Vec<u8> {
    let Edges { n_nodes, source, target, .. } = edges;
    let mut hops = vec![graph::UNREACHED; *n_nodes as usize];
    flagged.iter().for_each(|&node| hops[node as usize] = 0);
    let hops_max = HopOptions::default().hops_max;
    let mut distance = HopDistance::from_column(hops, way, hops_max, []).unwrap();
    let cuts: Vec<usize> = (0..=5).map(|part| source.len() * part / 5).collect();
    for cut in cuts.windows(2) {
        let known = EdgeBatch::new(&source[..cut[1]], &target[..cut[1]], &[], &[], &[]).unwrap();
        let graph = Graph::from_edges(*n_nodes, &known, BuildOptions::default()).unwrap();
        let rows = graph.view().rows(way);
        let new = EdgeEnds { source: &source[cut[0]..cut[1]], target: &target[cut[0]..cut[1]] };
        distance.add_edges(new, |node| rows.row(node).iter().copied()).unwrap();
    }
    distance.into_hops()
}

/// Five pairs that are joined: the ends of walks of up to three edges.
fn k_shortest(view: GraphView<'_>) -> Value {
    let lengths = Some(view.columns().weight);
    let options = PathOptions { lengths, ..PathOptions::default() };
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let mut asked = Vec::new();
    for _ in 0..2_000 {
        let source = random.next_u32() % view.n_nodes();
        let step = |&from: &u32| view.rows(Direction::Forward).row(from).last().copied();
        let target = std::iter::successors(Some(source), step).take(4).last().unwrap();
        if asked.len() < 5 && source != target {
            let found = k_shortest_paths(&view, source, target, 5, &options).unwrap();
            assert_eq!(found.truncated_by, None);
            let lengths: Vec<u64> = found.paths.iter().map(|path| path.length).collect();
            asked.push(json!([source, target, lengths]));
        }
    }
    json!(asked)
}

fn pageranks(view: GraphView<'_>) -> Value {
    let options =
        PageRankOptions { tolerance: 1e-17, iterations_max: 2_000, ..PageRankOptions::default() };
    let (node, weight) = ([0, view.n_nodes() / 2], [1.0, 3.0]);
    let mut found = Vec::new();
    for weighted in [false, true] {
        let matrix = TransitionMatrix::from_graph(&view, weighted).unwrap();
        let seeds = Personalization::Seeds { node: &node, weight: &weight };
        let both = [Personalization::Uniform, seeds];
        let answers = pagerank(&matrix, &both, &options).unwrap();
        // The weights of a node named twice add up, which a dictionary would not show.
        let named = if node[0] == node[1] {
            json!([[0, 4.0]])
        } else {
            json!([[node[0], weight[0]], [node[1], weight[1]]])
        };
        for (answer, seeds) in answers.iter().zip([json!([]), named]) {
            found.push(json!({ "weighted": weighted, "seeds": seeds, "scores": answer.scores }));
        }
    }
    json!(found)
}

/// The first edge between any two nodes, at times that are all different.
fn cycles(edges: &Edges) -> Value {
    let (mut source, mut target) = (Vec::new(), Vec::new());
    let mut met = std::collections::BTreeSet::new();
    for (&from, &to) in edges.source.iter().zip(&edges.target) {
        if from != to && met.insert((from, to)) {
            source.push(from);
            target.push(to);
        }
    }
    let time: Vec<u32> = (0..).step_by(3).take(source.len()).collect();
    let weight = vec![1; source.len()];
    let options = CycleOptions {
        length_max: 5,
        window: 100,
        order: EdgeOrder::Strict,
        weight_min: 0,
        weight_ratio_ppm: None,
        edges_visited_max: u64::MAX,
    };
    let mut stream = CycleStream::new(options);
    let found = stream
        .push(TemporalEdges::new(&source, &target, &time, &weight).unwrap(), |_| false)
        .unwrap();
    assert!(found.truncated.is_empty());
    json!({
        "source": source, "target": target, "time": time, "window": 100, "length_max": 5,
        "n": found.cycles.len(),
    })
}

//! The `graph` crate of neo4j-labs: Afforest, PageRank (unsynchronised pull, sinks' mass dropped as in GAP),
//! delta-stepping. It has no breadth-first search.

use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;

use neo4j_graph::prelude::{
    Components, CsrLayout, DeltaSteppingConfig, DirectedCsrGraph, Graph, GraphBuilder,
    PageRankConfig, UnionFind, WccConfig, delta_stepping, page_rank, wcc_afforest,
};

use super::child::{DELTA, save_scores};
use super::kernel::{Answer, Outcome, of_distances, of_labels};
use super::meter::Meter;
use super::world::{Rows, World};

/// Its graphs, built once and not counted.
pub(super) struct Peer {
    plain: Option<DirectedCsrGraph<u32>>,
    weighted: Option<DirectedCsrGraph<u32, (), f32>>,
}

impl Peer {
    /// Builds what the kernels need.
    pub(super) fn new(world: &World, kernels: &[String]) -> Self {
        let needs = |name: &str| kernels.iter().any(|kernel| kernel.starts_with(name));
        let layout = || GraphBuilder::new().csr_layout(CsrLayout::Sorted);
        let plain = (needs("components") || needs("pagerank")).then(|| {
            let edges = items(&world.out).map(|(source, at)| (source, world.out.targets[at]));
            layout().edges(edges).build()
        });
        let weighted = needs("sssp").then(|| {
            let Rows { targets, weights, .. } = &world.out;
            let edges =
                items(&world.out).map(|(source, at)| (source, targets[at], weights[at] as f32));
            layout().edges_with_values(edges).build()
        });
        Self { plain, weighted }
    }

    /// One kernel.
    pub(super) fn run(&self, kernel: &str, world: &World, meter: &Meter, folder: &Path) -> Answer {
        let missing = || Answer::Missing("not in this crate".to_owned());
        match (kernel, &self.plain, &self.weighted) {
            ("build", ..) => Answer::Measured(build(world, meter)),
            ("components", Some(graph), _) => {
                let config = WccConfig::default();
                let (timing, labels) =
                    meter.repeat(|| (), |()| wcc_afforest(graph, config).to_vec());
                // A node behind the last edge is not in the graph: it is a component of its own.
                let rest = (labels.len()..world.n_nodes as usize).zip(graph.node_count()..);
                let labels = labels.iter().copied().chain(rest.map(|(_, node)| node));
                Answer::Measured(of_labels(Outcome::new(timing), labels, world.n_nodes))
            }
            ("components_incremental", ..) => Answer::Measured(link_all(world, meter)),
            ("pagerank" | "pagerank_iteration", Some(graph), _) => {
                let config = PageRankConfig::new(200, 1e-4, 0.85);
                let (mut timing, (scores, iterations, _)) =
                    meter.repeat(|| (), |()| page_rank(graph, config));
                if kernel == "pagerank_iteration" {
                    timing.cpu_s /= iterations as f64;
                    timing.wall_s /= iterations as f64;
                } else {
                    save_scores(folder, "neo4j", scores.iter().map(|&score| f64::from(score)));
                }
                Answer::Measured(Outcome::new(timing).tell("iterations", iterations))
            }
            ("sssp", _, Some(graph)) => {
                let (timing, columns) = meter.each(&world.sources, |source| {
                    let config = DeltaSteppingConfig::new(source as usize, DELTA as f32);
                    delta_stepping(graph, config)
                });
                let sums =
                    columns.iter().map(|column| sum(column.iter().map(|item| item.load(Relaxed))));
                let sums: Vec<(u64, u64)> = sums.collect();
                Answer::Measured(of_distances(Outcome::new(timing), &sums))
            }
            _ => missing(),
        }
    }
}

/// Reached nodes and the sum of their distances, which are integers in `f32`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small integers")]
fn sum(column: impl Iterator<Item = f32>) -> (u64, u64) {
    let found = column.filter(|&item| item < f32::MAX);
    found.fold((0, 0), |(n, sum), item| (n + 1, sum + item as u64))
}

/// Every item's row and place.
fn items(rows: &Rows) -> impl Iterator<Item = (u32, usize)> + '_ {
    (0u32..).zip(rows.offsets.windows(2)).flat_map(|(node, ends)| {
        let [start, end] = [ends[0], ends[1]].map(|end| usize::try_from(end).expect("in memory"));
        (start..end).map(move |at| (node, at))
    })
}

/// `Deduplicated` removes loops and duplicates too.
fn build(world: &World, meter: &Meter) -> Outcome {
    let (source, target) = (&world.raw.source, &world.raw.target);
    let (timing, graph) = meter.repeat(
        || {
            let mut edges: Vec<(u32, u32)> =
                source.iter().copied().zip(target.iter().copied()).collect();
            if !world.is_directed {
                edges.extend(target.iter().copied().zip(source.iter().copied()));
            }
            edges
        },
        |edges| -> DirectedCsrGraph<u32> {
            GraphBuilder::new().csr_layout(CsrLayout::Deduplicated).edges(edges).build()
        },
    );
    Outcome::new(timing).check("n_items", graph.edge_count())
}

/// Its own union-find, shared by all threads; here from one.
fn link_all(world: &World, meter: &Meter) -> Outcome {
    let (source, target) = (&world.shuffled.source, &world.shuffled.target);
    let (timing, set) = meter.repeat(
        || neo4j_graph::dss::DisjointSetStruct::<u32>::new(world.n_nodes as usize),
        |set| {
            for (&a, &b) in source.iter().zip(target) {
                set.union(a, b);
            }
            set
        },
    );
    let labels = (0..world.n_nodes).map(|node| set.find(node));
    let outcome = of_labels(Outcome::new(timing), labels, world.n_nodes);
    outcome.tell("m_links_per_s", source.len() as f64 / timing.cpu_s / 1e6)
}

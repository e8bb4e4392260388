//! petgraph: its `Csr` for the searches, its `UnionFind` for links.

use petgraph::Directed;
use petgraph::algo::{connected_components, dijkstra};
use petgraph::csr::Csr;
use petgraph::unionfind::UnionFind;
use petgraph::visit::{Bfs, VisitMap, Visitable};

use super::kernel::{Answer, Outcome, of_distances, of_labels};
use super::meter::Meter;
use super::world::World;

type Rows = Csr<(), u32, Directed, u32>;

/// Its graph, built once and not counted.
pub(super) struct Peer {
    graph: Rows,
}

impl Peer {
    /// Builds it.
    pub(super) fn new(world: &World) -> Self {
        let out = &world.out;
        let rows = (0..world.n_nodes).flat_map(|node| out.range(node).map(move |at| (node, at)));
        let edges: Vec<(u32, u32, u32)> =
            rows.map(|(node, at)| (node, out.targets[at], out.weights[at])).collect();
        let mut graph: Rows = Csr::from_sorted_edges(&edges).expect("rows ascend");
        while graph.node_count() < world.n_nodes as usize {
            graph.add_node(());
        }
        Self { graph }
    }

    /// One kernel.
    pub(super) fn run(&self, kernel: &str, world: &World, meter: &Meter) -> Answer {
        let outcome = match kernel {
            "build" => build(world, meter),
            "components" => {
                let (timing, n_components) =
                    meter.repeat(|| (), |()| connected_components(&self.graph));
                Outcome::new(timing).check("n_components", n_components)
            }
            "components_incremental" => link_all(world, meter),
            "components_batch" => link_batches(world, meter),
            "bfs" => {
                let (timing, sums) = meter.each(&world.sources, |source| self.search(&[source]));
                of_distances(Outcome::new(timing), &sums)
            }
            "hop_distance" => {
                let (timing, sum) = meter.repeat(|| (), |()| self.search(&world.flagged));
                of_distances(Outcome::new(timing), &[sum])
            }
            "sssp" => {
                let (timing, sums) = meter.each(&world.sources, |source| {
                    let found =
                        dijkstra(&self.graph, source, None, |edge| u64::from(*edge.weight()));
                    (found.len() as u64, found.values().sum())
                });
                of_distances(Outcome::new(timing), &sums)
            }
            "pagerank" | "pagerank_iteration" => {
                let why = "its page_rank takes O(nodes²) an iteration";
                return Answer::Missing(why.to_owned());
            }
            _ => return Answer::Missing("not in this crate".to_owned()),
        };
        Answer::Measured(outcome)
    }

    /// Its `Bfs` keeps no hops: the number of a node's level is kept beside, a read and a write a node.
    fn search(&self, sources: &[u32]) -> (u64, u64) {
        let mut search =
            Bfs { stack: sources.iter().copied().collect(), discovered: self.graph.visit_map() };
        for &source in sources {
            search.discovered.visit(source);
        }
        let (mut n, mut sum, mut hops) = (0u64, 0u64, 0u64);
        let mut left_in_level = search.stack.len();
        while let Some(_node) = search.next(&self.graph) {
            (n, sum, left_in_level) = (n + 1, sum + hops, left_in_level - 1);
            if left_in_level == 0 {
                (left_in_level, hops) = (search.stack.len(), hops + 1);
            }
        }
        (n, sum)
    }
}

/// From sorted pairs, which is the only way it offers; the sort is part of the work. One way only.
fn build(world: &World, meter: &Meter) -> Outcome {
    let (source, target) = (&world.raw.source, &world.raw.target);
    let (timing, graph) = meter.repeat(
        || (),
        |()| -> Csr<(), (), Directed, u32> {
            let mut edges: Vec<(u32, u32)> =
                source.iter().copied().zip(target.iter().copied()).collect();
            if !world.is_directed {
                edges.extend(target.iter().copied().zip(source.iter().copied()));
            }
            edges.retain(|(a, b)| a != b);
            edges.sort_unstable();
            edges.dedup();
            Csr::from_sorted_edges(&edges).expect("sorted above")
        },
    );
    let outcome = Outcome::new(timing).check("n_items", graph.edge_count());
    outcome.tell("partial", "rows of one way only")
}

fn link_all(world: &World, meter: &Meter) -> Outcome {
    let (source, target) = (&world.shuffled.source, &world.shuffled.target);
    let (timing, set) = meter.repeat(
        || UnionFind::<u32>::new(world.n_nodes as usize),
        |mut set| {
            for (&a, &b) in source.iter().zip(target) {
                set.union(a, b);
            }
            set
        },
    );
    let outcome = of_labels(Outcome::new(timing), set.into_labeling().into_iter(), world.n_nodes);
    outcome.tell("m_links_per_s", source.len() as f64 / timing.cpu_s / 1e6)
}

fn link_batches(world: &World, meter: &Meter) -> Outcome {
    let (source, target) = (&world.shuffled.source, &world.shuffled.target);
    let mut set = UnionFind::<u32>::new(world.n_nodes as usize);
    let batches: Vec<usize> = (0..source.len() / 1_000).collect();
    let once = Meter { repeats: 1, ..*meter };
    let (seconds, joined) = once.latencies(&batches, |batch| {
        let links = batch * 1_000..(batch + 1) * 1_000;
        let pairs = source[links.clone()].iter().zip(&target[links]);
        pairs.filter(|&(&a, &b)| set.union(a, b)).count()
    });
    Outcome::of_latencies(&seconds).check("joined", joined)
}

//! Small temporal graphs, random or in a notation: `"0>1@5 1>2@7:30 | 2"` is an edge from 0 to 1 at time 5 with
//! weight 1, one from 1 to 2 at time 7 with weight 30, of a graph with 2 main nodes (node 2 is a junction).

use proptest::prelude::*;
use tracehound_graph::Csr;
use tracehound_graph::temporal::{TemporalEdges, TemporalGraph};

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) n_main: u32,
    pub(crate) n_nodes: u32,
    pub(crate) source: Vec<u32>,
    pub(crate) target: Vec<u32>,
    pub(crate) time: Vec<u32>,
    pub(crate) weight: Vec<u64>,
}

impl World {
    pub(crate) fn parse(text: &str) -> Self {
        let (edges, n_main) = text.split_once('|').unwrap_or((text, ""));
        let mut world = Self::default();
        for edge in edges.split_whitespace() {
            let (source, rest) = edge.split_once('>').unwrap();
            let (target, rest) = rest.split_once('@').unwrap();
            let (time, weight) = rest.split_once(':').unwrap_or((rest, "1"));
            world.source.push(source.parse().unwrap());
            world.target.push(target.parse().unwrap());
            world.time.push(time.parse().unwrap());
            world.weight.push(weight.parse().unwrap());
        }
        let largest = world.source.iter().chain(&world.target).max();
        world.n_nodes = largest.map_or(0, |largest| largest + 1);
        world.n_main = n_main.trim().parse().unwrap_or(world.n_nodes);
        world
    }

    pub(crate) fn edges(&self) -> TemporalEdges<'_> {
        TemporalEdges::new(&self.source, &self.target, &self.time, &self.weight).unwrap()
    }

    pub(crate) fn with_graph<T>(&self, ask: impl FnOnce(&TemporalGraph<'_>) -> T) -> T {
        let out = Csr::from_keys(self.n_nodes, &self.source).unwrap();
        let in_ = Csr::from_keys(self.n_nodes, &self.target).unwrap();
        let graph = TemporalGraph::new(self.n_main, self.edges(), out.view(), in_.view()).unwrap();
        graph.validate().unwrap();
        ask(&graph)
    }

    /// Hops that an edge costs.
    pub(crate) fn cost(&self, edge: usize) -> usize {
        usize::from(self.target[edge] < self.n_main)
    }
}

/// Up to 5 main nodes, 3 junctions and `n_edges_max` edges, at few times and weights so that ties are common.
pub(crate) fn worlds(n_edges_max: usize) -> impl Strategy<Value = World> {
    let edge = (0u32..64, 0u32..64, 0u32..6, 1u64..6);
    (1u32..=5, 0u32..=3, prop::collection::vec(edge, 0..=n_edges_max)).prop_map(
        |(n_main, n_junctions, mut edges)| {
            let n_nodes = n_main + n_junctions;
            edges.sort_by_key(|edge| edge.2);
            let mut world = World { n_main, n_nodes, ..World::default() };
            for (source, target, time, weight) in edges {
                let (source, mut target) = (source % n_nodes, target % n_nodes);
                if source >= n_main && target >= n_main {
                    target %= n_main;
                }
                world.source.push(source);
                world.target.push(target);
                world.time.push(time);
                world.weight.push(weight);
            }
            world
        },
    )
}

/// Is the bit of `node` set? Random masks stand for random sets of nodes.
pub(crate) fn in_mask(mask: u32, node: u32) -> bool {
    mask >> node & 1 == 1
}

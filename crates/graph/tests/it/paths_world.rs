//! Small static graphs, random or in a notation (`"0>1:5 1>2:7"`: an edge from 0 to 1 of length and weight 5), with
//! questions about them, and the oracle: all simple paths, by trying every edge.

use std::ops::RangeInclusive;

use proptest::prelude::*;
use tracehound_graph::paths::PathOptions;
use tracehound_graph::{Csr, EdgeColumns, GraphView};

use crate::world::in_mask;

#[derive(Debug, Clone, Default)]
pub(crate) struct Roads {
    pub(crate) n_nodes: u32,
    /// Sorted by source, then target; the edge id is the position.
    pub(crate) ends: Vec<(u32, u32)>,
    pub(crate) length: Vec<u64>,
    pub(crate) weight: Vec<u64>,
    pub(crate) first_time: Vec<u32>,
    pub(crate) last_time: Vec<u32>,
    pub(crate) flags: Vec<u8>,
}

impl Roads {
    pub(crate) fn parse(text: &str) -> Self {
        let mut roads = Self::default();
        for edge in text.split_whitespace() {
            let (source, rest) = edge.split_once('>').unwrap();
            let (target, length) = rest.split_once(':').unwrap_or((rest, "1"));
            roads.ends.push((source.parse().unwrap(), target.parse().unwrap()));
            roads.length.push(length.parse().unwrap());
        }
        assert!(roads.ends.is_sorted_by(|a, b| a < b), "edges in the order of their ids");
        roads.n_nodes = roads.ends.iter().map(|&(s, t)| s.max(t) + 1).max().unwrap_or(0);
        roads.weight.clone_from(&roads.length);
        roads.first_time = vec![0; roads.ends.len()];
        roads.last_time = vec![0; roads.ends.len()];
        roads.flags = vec![0; roads.ends.len()];
        roads
    }

    pub(crate) fn ask<T>(&self, ask: impl FnOnce(&GraphView<'_>) -> T) -> T {
        let (source, target): (Vec<u32>, Vec<u32>) = self.ends.iter().copied().unzip();
        let out = Csr::from_pairs(self.n_nodes, &source, &target).unwrap();
        let in_ = Csr::from_pairs(self.n_nodes, &target, &source).unwrap();
        let in_edge = Csr::from_keys(self.n_nodes, &target).unwrap();
        let columns = EdgeColumns {
            weight: &self.weight,
            count: &vec![1; self.ends.len()],
            first_time: &self.first_time,
            last_time: &self.last_time,
            flags: &self.flags,
        };
        let graph =
            GraphView::new(out.view(), in_.view(), in_edge.view().items(), columns).unwrap();
        graph.validate().unwrap();
        ask(&graph)
    }

    pub(crate) fn degree(&self, node: u32) -> usize {
        self.ends.iter().filter(|&&(source, _)| source == node).count()
    }
}

/// A question, sets of nodes as masks; no bounds but the hops.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) sources: u32,
    pub(crate) targets: u32,
    pub(crate) blocked: u32,
    pub(crate) weight_min: u64,
    pub(crate) times: RangeInclusive<u32>,
    pub(crate) flags: (u8, u8),
    pub(crate) by_length: bool,
    pub(crate) hops_max: u32,
}

impl Asked {
    pub(crate) fn plain(sources: u32, targets: u32, by_length: bool) -> Self {
        let (blocked, weight_min, times, flags) = (0, 0, 0..=u32::MAX, (0, 0));
        let hops_max = u32::MAX;
        Self { sources, targets, blocked, weight_min, times, flags, by_length, hops_max }
    }

    pub(crate) fn walked(&self, roads: &Roads, edge: usize) -> bool {
        let flags = roads.flags[edge];
        roads.weight[edge] >= self.weight_min
            && (roads.first_time[edge]..=roads.last_time[edge])
                .any(|time| self.times.contains(&time))
            && flags & self.flags.0 == self.flags.0
            && flags & self.flags.1 == 0
    }

    pub(crate) fn left(&self, node: u32) -> bool {
        in_mask(self.sources, node) || !in_mask(self.blocked, node)
    }

    /// Calls `ask` with the options and the nodes of the masks.
    pub(crate) fn with<T>(
        &self,
        roads: &Roads,
        ask: impl FnOnce(PathOptions<'_>, &[u32], &[u32]) -> T,
    ) -> T {
        let main = 0..roads.n_nodes.min(32); // masks reach no further
        let nodes = |mask| main.clone().filter(|&n| in_mask(mask, n)).collect::<Vec<u32>>();
        let blocked = |node| node < 32 && in_mask(self.blocked, node);
        let options = PathOptions {
            lengths: self.by_length.then_some(&roads.length),
            weight_min: self.weight_min,
            time_range: self.times.clone(),
            flags_required: self.flags.0,
            flags_excluded: self.flags.1,
            blocked: Some(&blocked),
            hops_max: self.hops_max,
            ..PathOptions::default()
        };
        ask(options, &nodes(self.sources), &nodes(self.targets))
    }
}

/// A path of the oracle, in the order of preference by length: cost, hops, nodes from the target back.
pub(crate) type Way = (u64, usize, Vec<u32>);

/// All simple paths that the question allows, hops included, best first.
pub(crate) fn all_paths(roads: &Roads, asked: &Asked) -> Vec<Way> {
    fn go_on(
        roads: &Roads,
        asked: &Asked,
        edges: &mut Vec<usize>,
        nodes: &mut Vec<u32>,
        ways: &mut Vec<Way>,
    ) {
        let at = *nodes.last().unwrap();
        if in_mask(asked.targets, at) {
            let length = |&edge: &usize| if asked.by_length { roads.length[edge] } else { 1 };
            let cost = edges.iter().map(length).sum();
            ways.push((cost, edges.len(), nodes.iter().rev().copied().collect()));
        }
        if !asked.left(at) || edges.len() == asked.hops_max as usize {
            return;
        }
        for (edge, &(source, target)) in roads.ends.iter().enumerate() {
            if source == at && asked.walked(roads, edge) && !nodes.contains(&target) {
                edges.push(edge);
                nodes.push(target);
                go_on(roads, asked, edges, nodes, ways);
                edges.pop();
                nodes.pop();
            }
        }
    }
    let mut ways = Vec::new();
    for source in (0..roads.n_nodes).filter(|&node| in_mask(asked.sources, node)) {
        go_on(roads, asked, &mut Vec::new(), &mut vec![source], &mut ways);
    }
    ways.sort();
    ways
}

/// The smallest weight along the nodes of a way, which are read from the target back.
pub(crate) fn width(roads: &Roads, back: &[u32]) -> u64 {
    let edge =
        |pair: &[u32]| roads.ends.iter().position(|&ends| ends == (pair[1], pair[0])).unwrap();
    back.windows(2).map(|pair| roads.weight[edge(pair)]).min().unwrap_or(u64::MAX)
}

/// Up to 7 nodes, at few lengths, weights, times and flags, so that ties are common.
pub(crate) fn roads(n_edges_max: usize) -> impl Strategy<Value = Roads> {
    let edge = ((0u32..64, 0u32..64), 0u64..4, 0u64..4, (0u32..4, 0u32..2), 0u8..4);
    (1u32..=7, prop::collection::vec(edge, 0..=n_edges_max)).prop_map(|(n_nodes, mut edges)| {
        for edge in &mut edges {
            edge.0 = (edge.0.0 % n_nodes, edge.0.1 % n_nodes);
        }
        edges.sort_by_key(|edge| edge.0);
        edges.dedup_by_key(|edge| edge.0);
        let mut roads = Roads { n_nodes, ..Roads::default() };
        for (ends, length, weight, (first, span), flags) in edges {
            roads.ends.push(ends);
            roads.length.push(length);
            roads.weight.push(weight);
            roads.first_time.push(first);
            roads.last_time.push(first + span);
            roads.flags.push(flags);
        }
        roads
    })
}

pub(crate) fn questions() -> impl Strategy<Value = Asked> {
    let nodes = (1u32..128, 0u32..128, prop_oneof![2 => Just(0u32), 1 => 0u32..128]);
    let single = (0u32..7, 0u32..7, Just(0)).prop_map(|(s, t, b)| (1 << s, 1 << t, b));
    let nodes = prop_oneof![nodes, single];
    let times = prop_oneof![Just(0..=u32::MAX), (0u32..3, 2u32..6).prop_map(|(a, b)| a..=b)];
    let flags = prop_oneof![3 => Just((0u8, 0u8)), 1 => (0u8..4, 0u8..4)];
    let hops_max = prop_oneof![3 => Just(u32::MAX), 1 => 0u32..5];
    (nodes, prop_oneof![2 => Just(0u64), 1 => 0u64..4], times, flags, any::<bool>(), hops_max)
        .prop_map(|((sources, targets, blocked), weight_min, times, flags, by_length, hops_max)| {
            Asked { sources, targets, blocked, weight_min, times, flags, by_length, hops_max }
        })
}

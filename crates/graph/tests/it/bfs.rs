//! Breadth-first search against a textbook queue, on small random graphs and, in pools of several threads, on one
//! that is large enough to be shared among them.
#![allow(clippy::cast_possible_truncation, reason = "node counts of small graphs")]

use std::collections::VecDeque;

use proptest::prelude::*;
use tracehound_graph::{Bfs, Csr, GraphError, NONE, bfs, bfs_levels};

/// A directed graph as a list of edges without repeats, and its rows.
#[derive(Debug, Clone)]
pub(crate) struct Net {
    pub(crate) n_nodes: u32,
    pub(crate) edges: Vec<(u32, u32)>,
    pub(crate) out: Csr,
    pub(crate) in_: Csr,
}

impl Net {
    pub(crate) fn new(n_nodes: u32, mut edges: Vec<(u32, u32)>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        let (source, target): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let out = Csr::from_pairs(n_nodes, &source, &target).unwrap();
        let in_ = Csr::from_pairs(n_nodes, &target, &source).unwrap();
        Self { n_nodes, edges, out, in_ }
    }

    /// Nodes with few and with many edges, the same for every run.
    pub(crate) fn skewed(n_nodes: u32, n_edges: u32) -> Self {
        let mut state = 1u64;
        let mut node = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let uniform = (state >> 32) as f64 / 2f64.powi(32);
            (f64::from(n_nodes) * uniform.powi(2)) as u32
        };
        Self::new(n_nodes, (0..n_edges).map(|_| (node(), node())).collect())
    }
}

pub(crate) fn nets() -> impl Strategy<Value = Net> {
    (1u32..150).prop_flat_map(|n_nodes| {
        let edges = prop::collection::vec((0..n_nodes, 0..n_nodes), 0..300);
        edges.prop_map(move |edges| Net::new(n_nodes, edges))
    })
}

/// A queue over adjacency lists; then the smallest parent by definition.
fn textbook(net: &Net, source: u32) -> Bfs {
    let mut targets = vec![Vec::new(); net.n_nodes as usize];
    for &(from, to) in &net.edges {
        targets[from as usize].push(to);
    }
    let mut hops = vec![NONE; net.n_nodes as usize];
    hops[source as usize] = 0;
    let mut queue = VecDeque::from([source]);
    while let Some(node) = queue.pop_front() {
        for &to in &targets[node as usize] {
            if hops[to as usize] == NONE {
                hops[to as usize] = hops[node as usize] + 1;
                queue.push_back(to);
            }
        }
    }
    let mut parents = vec![NONE; net.n_nodes as usize];
    for &(from, to) in &net.edges {
        let is_nearer = hops[from as usize] != NONE && hops[from as usize] + 1 == hops[to as usize];
        if is_nearer {
            parents[to as usize] = from.min(parents[to as usize]);
        }
    }
    Bfs { hops, parents }
}

fn check(net: &Net, source: u32) {
    let expected = textbook(net, source);
    let found = bfs(net.out.view(), net.in_.view(), source).unwrap();
    assert_eq!(found, expected);
    assert_eq!(bfs_levels(net.out.view(), net.in_.view(), source).unwrap(), expected.hops);
    for node in 0..net.n_nodes {
        let path = found.path(node);
        assert_eq!(path.is_some(), expected.hops[node as usize] != NONE);
        let Some(path) = path else { continue };
        assert_eq!(path.len() as u32, expected.hops[node as usize] + 1);
        assert_eq!((path[0], path[path.len() - 1]), (source, node));
        assert!(path.windows(2).all(|pair| net.edges.binary_search(&(pair[0], pair[1])).is_ok()));
    }
}

pub(crate) fn in_pools<T: Send>(ask: impl Fn() -> T + Sync) -> [T; 3] {
    [1, 2, 5].map(|n_threads| {
        rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap().install(&ask)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn agrees_with_a_queue(net in nets(), source in any::<u32>()) {
        check(&net, source % net.n_nodes);
    }
}

#[test]
fn small_graphs_of_every_shape() {
    let chain: Vec<_> = (0..499).map(|node| (node, node + 1)).collect();
    check(&Net::new(500, chain.clone()), 0);
    check(&Net::new(500, chain), 499);
    check(&Net::new(1, vec![]), 0);
    check(&Net::new(1, vec![(0, 0)]), 0);
    check(&Net::new(64, vec![(0, 63), (63, 0), (5, 5)]), 63);
    let star: Vec<_> = (1..200).flat_map(|leaf| [(0, leaf), (leaf, 0)]).collect();
    check(&Net::new(200, star.clone()), 0);
    check(&Net::new(200, star), 7);
    // Two parents in one level: the smaller wins, whichever is met first.
    check(&Net::new(5, vec![(0, 3), (0, 2), (3, 4), (2, 4)]), 0);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let net = Net::skewed(70_000, 500_000);
    // From a hub the first level is shared, from elsewhere the second; some node has no edges.
    for source in [0, 30_000, 69_999] {
        let expected = textbook(&net, source);
        for found in in_pools(|| bfs(net.out.view(), net.in_.view(), source).unwrap()) {
            assert!(found == expected, "bfs from {source}");
        }
        for found in in_pools(|| bfs_levels(net.out.view(), net.in_.view(), source).unwrap()) {
            assert!(found == expected.hops, "bfs_levels from {source}");
        }
    }
    // Without in-edges to speak of, every level is top-down, and shared.
    let fan: Vec<_> = (1..40_000).map(|to| (0, to)).collect();
    let fan = Net::new(
        2_000_000,
        fan.iter().copied().chain((1..40_000).map(|to| (to, to + 1))).collect(),
    );
    let expected = textbook(&fan, 0);
    for found in in_pools(|| bfs(fan.out.view(), fan.in_.view(), 0).unwrap()) {
        assert!(found == expected, "bfs of the fan");
    }
}

#[test]
fn what_is_no_graph_is_refused() {
    let net = Net::new(3, vec![(0, 1), (1, 2)]);
    let refused = |source, in_: &Csr| bfs(net.out.view(), in_.view(), source).unwrap_err();
    let error = refused(3, &net.in_);
    assert_eq!(error, GraphError::OutOfRange { what: "sources", index: 0, found: 3, limit: 3 });
    let other = Net::new(4, vec![(0, 1), (1, 2)]);
    let error = refused(0, &other.in_);
    assert_eq!(error, GraphError::Length { what: "in rows", expected: 3, found: 4 });
    let other = Net::new(3, vec![(0, 1)]);
    let error = refused(0, &other.in_);
    assert_eq!(error, GraphError::Length { what: "in items", expected: 2, found: 1 });
    let empty = Net::new(0, vec![]);
    assert!(bfs(empty.out.view(), empty.in_.view(), 0).is_err());
}

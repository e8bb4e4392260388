//! Components of a whole graph, from rows and from edges, on any number of threads, against repeated minimum.

use proptest::prelude::*;
use tracehound_graph::{
    Components, Csr, CsrView, GraphError, connected_components, connected_components_of_edges,
};

use crate::components::{links, smallest_members};

/// All static ways to the labels, in pools of 1, 2 and 5 threads.
fn check(n_nodes: u32, edges: &[(u32, u32)], expected: &[u32]) {
    let (source, target): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
    let out = Csr::from_pairs(n_nodes, &source, &target).unwrap();
    let in_ = Csr::from_pairs(n_nodes, &target, &source).unwrap();
    let both_source = [&source[..], &target[..]].concat();
    let both_target = [&target[..], &source[..]].concat();
    let both = Csr::from_pairs(n_nodes, &both_source, &both_target).unwrap();
    for n_threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            assert_eq!(connected_components(both.view(), None), expected, "symmetric rows");
            let directed = connected_components(out.view(), Some(in_.view()));
            assert_eq!(directed, expected, "directed rows");
            let of_edges = connected_components_of_edges(n_nodes, &source, &target).unwrap();
            assert_eq!(of_edges, expected, "edges");
            let mut components = Components::new(n_nodes);
            let n_joined = components.link_batch(&source, &target);
            assert_eq!(components.labels(), expected, "batch");
            assert_eq!(components.n_components() + n_joined, n_nodes as usize);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn agree_with_repeated_minima(edges in links()) {
        check(40, &edges, &smallest_members(40, &edges));
    }
}

/// Large enough for several tasks, chunks of labels and stages of edges; too large for repeated minima, so the labels
/// are known from how the edges are made.
#[test]
fn large_graphs_with_known_components() {
    let n_nodes = 600_000;
    // Steps of 7 from node to node: seven chains as long as they can be, in both orders of arrival.
    let mut chains: Vec<(u32, u32)> = (7..n_nodes).map(|node| (node, node - 7)).collect();
    let expected: Vec<u32> = (0..n_nodes).map(|node| node % 7).collect();
    check(n_nodes, &chains, &expected);
    chains.reverse();
    check(n_nodes, &chains, &expected);
    // One large component that nearly all edges are in, met at random, and pairs apart from it.
    let n_core = 500_000;
    let mut state = 1u64;
    let mut core = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(n_core)).unwrap()
    };
    let mut edges: Vec<(u32, u32)> = (0..3_000_000).map(|_| (core(), core())).collect();
    edges.extend((0..n_core).map(|node| (node, 3)));
    edges.extend((n_core..n_nodes).step_by(2).map(|node| (node + 1, node)));
    let expected: Vec<u32> =
        (0..n_nodes).map(|node| if node < n_core { 0 } else { node & !1 }).collect();
    check(n_nodes, &edges, &expected);
}

#[test]
fn edge_cases() {
    check(0, &[], &[]);
    check(3, &[], &[0, 1, 2]);
    check(2, &[(1, 1), (1, 1)], &[0, 1]);
    check(4, &[(3, 2), (2, 3), (3, 2)], &[0, 1, 2, 2]);
    let refused = |source: &[u32], target: &[u32]| {
        connected_components_of_edges(70, source, target).unwrap_err()
    };
    let out_of_range =
        |what, index, found| GraphError::OutOfRange { what, index, found, limit: 70 };
    assert_eq!(refused(&[1, 70, 99], &[0, 0, 0]), out_of_range("source", 1, 70));
    assert_eq!(refused(&[1, 2], &[0, u32::MAX]), out_of_range("target", 1, u32::MAX));
    assert_eq!(refused(&[1], &[]), GraphError::Length { what: "target", expected: 1, found: 0 });
    // A bad end after the largest component is known, inside and outside of the last word of bits.
    for bad in [70, 127, 128] {
        let mut source = vec![1; 1000];
        source.push(bad);
        assert_eq!(refused(&source, &[2; 1001]), out_of_range("source", 1000, bad));
    }
    assert_eq!(connected_components(CsrView::new(&[0], &[]).unwrap(), None), Vec::<u32>::new());
}

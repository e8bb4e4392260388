//! Neighborhoods against hops relaxed over the plain list of edges until nothing changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracehound_graph::temporal;
use tracehound_graph::{
    Csr, Cut, Direction, EdgeColumns, GraphView, Limit, Neighborhood, NeighborhoodOptions,
    NodeState, neighborhood,
};

use crate::neighbors::rows;
use crate::world::{World, in_mask, worlds};

/// Source, target, weight, first and last time, flags; ascending by ends, which are unique.
type Edge = (u32, u32, u64, (u32, u32), u8);

fn with_view<T>(n_nodes: u32, edges: &[Edge], ask: impl FnOnce(GraphView<'_>) -> T) -> T {
    let source: Vec<u32> = edges.iter().map(|edge| edge.0).collect();
    let target: Vec<u32> = edges.iter().map(|edge| edge.1).collect();
    let weight: Vec<u64> = edges.iter().map(|edge| edge.2).collect();
    let first_time: Vec<u32> = edges.iter().map(|edge| edge.3.0).collect();
    let last_time: Vec<u32> = edges.iter().map(|edge| edge.3.1).collect();
    let flags: Vec<u8> = edges.iter().map(|edge| edge.4).collect();
    let out = Csr::from_pairs(n_nodes, &source, &target).unwrap();
    let in_ = Csr::from_pairs(n_nodes, &target, &source).unwrap();
    let (_, in_edge) = Csr::from_keys(n_nodes, &target).unwrap().into_parts();
    let count = vec![1; edges.len()];
    let columns = EdgeColumns {
        weight: &weight,
        count: &count,
        first_time: &first_time,
        last_time: &last_time,
        flags: &flags,
    };
    let view = GraphView::new(out.view(), in_.view(), &in_edge, columns).unwrap();
    view.validate().unwrap();
    ask(view)
}

#[derive(Debug, Clone)]
struct Question {
    roots: u32,
    blocked: u32,
    way: Option<bool>,
    hops_max: u32,
    weight_min: u64,
    times: (u32, u32),
    flags: (u8, u8),
    neighbors_max: usize,
}

impl Question {
    fn goes(&self, forward: bool) -> bool {
        self.way.is_none_or(|way| way == forward)
    }

    fn direction(&self) -> Option<Direction> {
        self.way.map(|forward| if forward { Direction::Forward } else { Direction::Backward })
    }
}

fn questions() -> impl Strategy<Value = Question> {
    let masks = (1u32..256, 0u32..256);
    let filters = (0u64..4, (0u32..3, 2u32..6), (0u8..2, prop_oneof![Just(0u8), Just(2)]));
    let neighbors_max = prop_oneof![Just(usize::MAX), 0usize..4];
    (masks, prop::option::of(any::<bool>()), 0u32..5, filters, neighbors_max).prop_map(
        |((roots, blocked), way, hops_max, (weight_min, times, flags), neighbors_max)| {
            let blocked = blocked & blocked >> 3;
            Question { roots, blocked, way, hops_max, weight_min, times, flags, neighbors_max }
        },
    )
}

const N_NODES: u32 = 8;

fn graphs() -> impl Strategy<Value = Vec<Edge>> {
    let edge = ((0..N_NODES, 0..N_NODES), (1u64..6, 0u32..5, 0u32..3, 0u8..4));
    prop::collection::btree_map(edge.clone().prop_map(|edge| edge.0), edge, 0..24).prop_map(
        |edges| {
            let edges = edges.into_iter();
            edges
                .map(|((s, t), (_, (weight, first, span, flags)))| {
                    (s, t, weight, (first, first + span), flags)
                })
                .collect()
        },
    )
}

/// Edges that pass the filters at one node and side, and those of them that are taken, as ids.
fn side(edges: &[Edge], question: &Question, node: u32, forward: bool) -> (usize, Vec<usize>) {
    let passes = |&id: &usize| {
        let (source, target, weight, (first, last), flags) = edges[id];
        let (start, end) = question.times;
        (if forward { source } else { target }) == node
            && weight >= question.weight_min
            && !(last < start || first > end)
            && flags & question.flags.0 == question.flags.0
            && flags & question.flags.1 == 0
    };
    let mut taken: Vec<usize> = (0..edges.len()).filter(passes).collect();
    let matching = taken.len();
    taken.sort_by_key(|&id| (Reverse(edges[id].2), id));
    taken.truncate(question.neighbors_max);
    (matching, taken)
}

fn passed(question: &Question, node: u32, hops: u32) -> bool {
    hops < question.hops_max && (hops == 0 || !in_mask(question.blocked, node))
}

/// Node to hops, and the ids of the edges walked.
fn expected(edges: &[Edge], question: &Question) -> (BTreeMap<u32, u32>, BTreeSet<usize>) {
    let roots = (0..N_NODES).filter(|&node| in_mask(question.roots, node));
    let mut hops: BTreeMap<u32, u32> = roots.map(|root| (root, 0)).collect();
    let mut walked = BTreeSet::new();
    let mut changed = true;
    while changed {
        changed = false;
        for (node, at) in hops.clone() {
            for forward in [true, false] {
                if !question.goes(forward) || !passed(question, node, at) {
                    continue;
                }
                for id in side(edges, question, node, forward).1 {
                    let far = if forward { edges[id].1 } else { edges[id].0 };
                    let known = hops.entry(far).or_insert(u32::MAX);
                    changed |= at + 1 < *known;
                    *known = (at + 1).min(*known);
                    walked.insert(id);
                }
            }
        }
    }
    (hops, walked)
}

fn ask(
    edges: &[Edge],
    question: &Question,
    change: impl FnOnce(&mut NeighborhoodOptions<'_>),
) -> Neighborhood {
    let blocked = |node: u32| in_mask(question.blocked, node);
    let mut options = NeighborhoodOptions {
        direction: question.direction(),
        hops_max: question.hops_max,
        weight_min: question.weight_min,
        time_range: question.times.0..=question.times.1,
        flags_required: question.flags.0,
        flags_excluded: question.flags.1,
        blocked: Some(&blocked),
        neighbors_max: question.neighbors_max,
        ..NeighborhoodOptions::default()
    };
    change(&mut options);
    let roots: Vec<u32> =
        (0..N_NODES).rev().filter(|&node| in_mask(question.roots, node)).collect();
    with_view(N_NODES, edges, |view| neighborhood(view, &roots, &options))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn agrees_with_relaxation(edges in graphs(), question in questions()) {
        let found = ask(&edges, &question, |_| ());
        let (hops, walked) = expected(&edges, &question);
        let found_hops: BTreeMap<u32, u32> = found.nodes.iter().map(|n| (n.node, n.hops)).collect();
        prop_assert_eq!(found_hops.len(), found.nodes.len(), "each node once");
        prop_assert_eq!(&found_hops, &hops);
        prop_assert!(found.nodes.is_sorted_by_key(|node| node.hops));
        let ids: BTreeSet<usize> = found.edges.iter().map(|edge| edge.edge as usize).collect();
        prop_assert_eq!(ids.len(), found.edges.len(), "each edge once");
        prop_assert_eq!(ids, walked);
        for edge in &found.edges {
            let (source, target, ..) = edges[edge.edge as usize];
            prop_assert_eq!((edge.source, edge.target), (source, target));
        }
        prop_assert_eq!(found.truncated_by, None);
        for node in &found.nodes {
            let walked = passed(&question, node.node, node.hops);
            prop_assert_eq!(node.state == NodeState::Walked, walked);
            prop_assert_eq!(node.state == NodeState::LastHop, node.hops >= question.hops_max);
            for (forward, shown, degree) in [(true, node.out, node.out_degree), (false, node.in_, node.in_degree)] {
                let (matching, taken) = side(&edges, &question, node.node, forward);
                let counts = (shown.matching as usize, shown.taken as usize);
                let looked = walked && question.goes(forward);
                prop_assert_eq!(counts, if looked { (matching, taken.len()) } else { (0, 0) });
                let ends = edges.iter().map(|edge| if forward { edge.0 } else { edge.1 });
                prop_assert_eq!(degree as usize, ends.filter(|&end| end == node.node).count());
            }
        }
    }

    #[test]
    fn a_bound_is_kept_and_named(
        edges in graphs(),
        question in questions(),
        edges_visited_max in prop_oneof![Just(u64::MAX), 0u64..30],
        nodes_max in prop_oneof![Just(usize::MAX), 0usize..9],
    ) {
        let full = ask(&edges, &question, |_| ());
        let found = ask(&edges, &question, |options| {
            options.edges_visited_max = edges_visited_max;
            options.nodes_max = nodes_max;
        });
        prop_assert!(found.nodes.len() <= nodes_max && found.edges_visited <= edges_visited_max);
        let ids = |answer: &Neighborhood| answer.edges.iter().map(|edge| edge.edge).collect::<BTreeSet<_>>();
        let Some(Cut { limit, node, hops }) = found.truncated_by else {
            prop_assert_eq!(found, full);
            return Ok(());
        };
        prop_assert!(matches!(limit, Limit::Nodes | Limit::EdgesVisited));
        prop_assert!(ids(&found).is_subset(&ids(&full)) || limit == Limit::EdgesVisited);
        let at = found.nodes.iter().find(|n| n.node == node);
        prop_assert!(at.is_none_or(|n| n.state == NodeState::Unread && n.hops == hops));
        let near = |answer: &Neighborhood| {
            answer.nodes.iter().filter(|node| node.hops < hops).copied().collect::<Vec<_>>()
        };
        prop_assert_eq!(near(&found), near(&full));
    }

    #[test]
    fn over_junctions_agrees_with_the_neighbors_of_each_node(
        world in worlds(20),
        question in questions(),
        edges_visited_max in prop_oneof![2 => Just(u64::MAX), 1 => 0u64..20],
        nodes_max in prop_oneof![2 => Just(usize::MAX), 1 => 0usize..5],
    ) {
        let found = ask_temporal(&world, &question, |options| {
            options.edges_visited_max = edges_visited_max;
            options.nodes_max = nodes_max;
        });
        prop_assert!(found.nodes.len() <= nodes_max && found.edges_visited <= edges_visited_max);
        prop_assert!(found.nodes.is_sorted_by_key(|node| node.hops));
        for pair in &found.pairs {
            let forward = pair.seen == Direction::Forward;
            let (near, far) = if forward { (pair.from, pair.to) } else { (pair.to, pair.from) };
            let row = temporal_rows(&world, &question, near, forward)[&far];
            prop_assert_eq!((pair.n_edges, pair.weight_sum, pair.first_time, pair.last_time), row);
        }
        let pairs: BTreeSet<(u32, u32)> = found.pairs.iter().map(|pair| (pair.from, pair.to)).collect();
        prop_assert_eq!(pairs.len(), found.pairs.len(), "each pair once");
        if let Some(cut) = found.truncated_by {
            prop_assert!(edges_visited_max < u64::MAX || nodes_max < usize::MAX);
            let nearer = found.nodes.iter().filter(|node| node.hops < cut.hops);
            prop_assert!(nearer.into_iter().all(|node| node.state != NodeState::Unread));
            return Ok(());
        }
        let (hops, expected_pairs) = expected_temporal(&world, &question);
        prop_assert_eq!(found.nodes.iter().map(|n| (n.node, n.hops)).collect::<BTreeMap<_, _>>(), hops);
        prop_assert_eq!(pairs, expected_pairs);
        for node in &found.nodes {
            for (forward, shown) in [(true, node.out), (false, node.in_)] {
                let looked = question.goes(forward) && passed(&question, node.node, node.hops);
                let total = if looked { temporal_rows(&world, &question, node.node, forward).len() } else { 0 };
                prop_assert_eq!((shown.total, shown.taken), (total, total.min(question.neighbors_max)));
            }
        }
    }
}

/// The neighbors of one main node, itself left out.
fn temporal_rows(
    world: &World,
    question: &Question,
    node: u32,
    forward: bool,
) -> BTreeMap<u32, (u64, u128, u32, u32)> {
    let (start, end) = question.times;
    let usable = |edge: usize| {
        (start..=end).contains(&world.time[edge]) && world.weight[edge] >= question.weight_min
    };
    let mut found = rows(world, 1 << node, forward, |node| node, usable);
    found.remove(&node);
    found
}

fn expected_temporal(
    world: &World,
    question: &Question,
) -> (BTreeMap<u32, u32>, BTreeSet<(u32, u32)>) {
    let roots = (0..world.n_main).filter(|&node| in_mask(question.roots, node));
    let mut hops: BTreeMap<u32, u32> = roots.map(|root| (root, 0)).collect();
    let mut pairs = BTreeSet::new();
    let mut changed = true;
    while changed {
        changed = false;
        for (node, at) in hops.clone() {
            for forward in [true, false] {
                if !question.goes(forward) || !passed(question, node, at) {
                    continue;
                }
                let rows = temporal_rows(world, question, node, forward);
                let mut heaviest: Vec<u32> = rows.keys().copied().collect();
                heaviest.sort_by_key(|far| (Reverse(rows[far].1), *far));
                for &far in heaviest.iter().take(question.neighbors_max) {
                    let known = hops.entry(far).or_insert(u32::MAX);
                    changed |= at + 1 < *known;
                    *known = (at + 1).min(*known);
                    pairs.insert(if forward { (node, far) } else { (far, node) });
                }
            }
        }
    }
    (hops, pairs)
}

fn ask_temporal(
    world: &World,
    question: &Question,
    change: impl FnOnce(&mut temporal::NeighborhoodOptions<'_>),
) -> temporal::Neighborhood {
    let blocked = |node: u32| in_mask(question.blocked, node);
    let mut options = temporal::NeighborhoodOptions {
        direction: question.direction(),
        hops_max: question.hops_max,
        weight_min: question.weight_min,
        time_range: question.times.0..=question.times.1,
        blocked: Some(&blocked),
        neighbors_max: question.neighbors_max,
        ..temporal::NeighborhoodOptions::default()
    };
    change(&mut options);
    let roots: Vec<u32> =
        (0..world.n_main).rev().filter(|&node| in_mask(question.roots, node)).collect();
    world.with_graph(|graph| temporal::neighborhood(graph, &roots, &options))
}

/// A hub with `n` targets of weight 1 to `n` in a scattered order, and an edge back from each.
fn star(n: u32) -> Vec<Edge> {
    let weight = |node: u32| u64::from(node * 7919 % n) + 1;
    let out = (1..=n).map(|node| (0, node, weight(node), (0, 0), 0));
    out.chain((1..=n).map(|node| (node, 0, weight(node), (0, 0), 0))).collect()
}

#[test]
fn at_a_hub_the_heaviest_are_shown_and_the_rest_counted() {
    let edges = star(10_000);
    for neighbors_max in [0, 1, 5, 999, 9_999, 10_000] {
        let options = NeighborhoodOptions { neighbors_max, ..NeighborhoodOptions::default() };
        let found = with_view(10_001, &edges, |view| neighborhood(view, &[0], &options));
        let (out, in_) = (found.nodes[0].out, found.nodes[0].in_);
        assert_eq!((out.matching, out.taken as usize), (10_000, neighbors_max));
        assert_eq!(out, in_);
        assert_eq!(found.edges.len(), 2 * neighbors_max);
        assert_eq!(found.nodes.len(), 1 + neighbors_max);
        let lightest = found.edges.iter().map(|edge| edges[edge.edge as usize].2).min();
        assert!(lightest.is_none_or(|weight| weight == 10_001 - neighbors_max as u64));
        assert_eq!(found.edges_visited, 20_000);
    }
}

#[test]
fn a_hub_beyond_the_budget_is_left_unread_and_its_siblings_are_not() {
    // 0 pays the hub 1 and the node 2; 2 pays 3.
    let mut edges = vec![(0, 1, 1, (0, 0), 0), (0, 2, 1, (0, 0), 0)];
    edges.extend((4..100).map(|node| (1, node, 1, (0, 0), 0)));
    edges.push((2, 3, 1, (0, 0), 0));
    let options = NeighborhoodOptions {
        direction: Some(Direction::Forward),
        hops_max: 2,
        edges_visited_max: 50,
        ..NeighborhoodOptions::default()
    };
    let found = with_view(100, &edges, |view| neighborhood(view, &[0], &options));
    let nodes: Vec<_> = found.nodes.iter().map(|node| (node.node, node.state)).collect();
    let [walked, unread, last] = [NodeState::Walked, NodeState::Unread, NodeState::LastHop];
    assert_eq!(nodes, [(0, walked), (1, unread), (2, walked), (3, last)]);
    assert_eq!(found.nodes[1].out_degree, 96);
    let cut = Cut { limit: Limit::EdgesVisited, node: 1, hops: 1 };
    assert_eq!(found.truncated_by, Some(cut));
}

#[test]
fn a_cancelled_search_says_so() {
    static CANCELLED: AtomicBool = AtomicBool::new(true);
    let options =
        NeighborhoodOptions { cancelled: Some(&CANCELLED), ..NeighborhoodOptions::default() };
    let found = with_view(11, &star(10), |view| neighborhood(view, &[3], &options));
    assert_eq!(found.truncated_by, Some(Cut { limit: Limit::Cancelled, node: 3, hops: 0 }));
    assert_eq!((found.nodes.len(), found.nodes[0].out_degree), (1, 1));
    let question = Question {
        roots: 1,
        blocked: 0,
        way: None,
        hops_max: 2,
        weight_min: 0,
        times: (0, u32::MAX),
        flags: (0, 0),
        neighbors_max: 9,
    };
    let world = World::parse("0>1@1");
    let found = ask_temporal(&world, &question, |options| options.cancelled = Some(&CANCELLED));
    assert_eq!(found.truncated_by, Some(Cut { limit: Limit::Cancelled, node: 0, hops: 0 }));
}

#[test]
fn no_roots_and_no_edges_are_answers() {
    let options = NeighborhoodOptions::default();
    let nothing = with_view(3, &[], |view| neighborhood(view, &[], &options));
    assert_eq!((nothing.nodes.len(), nothing.truncated_by), (0, None));
    let alone = with_view(3, &[], |view| neighborhood(view, &[2, 2], &options));
    assert_eq!((alone.nodes.len(), alone.edges.len(), alone.truncated_by), (1, 0, None));
}

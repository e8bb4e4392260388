//! Static paths: a bound that hid something is named; without a name the answer is complete.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::prelude::*;
use tracehound_graph::Limit;
use tracehound_graph::paths::{
    PathAnswer, PathOptions, PathsAnswer, k_shortest_paths, shortest_path_lengths,
    widest_path_widths,
};

use crate::paths_static::{shortest, widest};
use crate::paths_world::{Asked, Roads, questions, roads};

fn three(
    roads: &Roads,
    asked: &Asked,
    bound: impl Fn(&mut PathOptions<'_>),
) -> (PathAnswer, PathAnswer, PathsAnswer) {
    let first = |mask: u32| mask.trailing_zeros().min(roads.n_nodes - 1);
    let paths = asked.with(roads, |mut options, _, _| {
        bound(&mut options);
        let (source, target) = (first(asked.sources), first(asked.targets));
        roads.ask(|graph| k_shortest_paths(graph, source, target, 4, &options).unwrap())
    });
    (shortest(roads, asked, &bound), widest(roads, asked, &bound), paths)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_answer_without_a_limit_is_the_answer_without_bounds(
        roads in roads(18),
        asked in questions(),
        degree_max in prop_oneof![Just(usize::MAX), 0usize..4],
        edges_visited_max in prop_oneof![Just(u64::MAX), 0u64..30],
        length_max in prop_oneof![Just(u64::MAX), 0u64..8],
    ) {
        let bounded = three(&roads, &asked, |options| {
            options.degree_max = degree_max;
            options.edges_visited_max = edges_visited_max;
            options.length_max = length_max;
        });
        let whole = three(&roads, &Asked { hops_max: u32::MAX, ..asked }, |_| {});
        for (bounded, whole) in [(&bounded.0, &whole.0), (&bounded.1, &whole.1)] {
            prop_assert_eq!(whole.truncated_by, None);
            prop_assert!(bounded.edges_visited <= edges_visited_max);
            prop_assert!(whole.path.is_some() || bounded.path.is_none());
            if bounded.truncated_by.is_none() {
                prop_assert_eq!(&bounded.path, &whole.path);
            }
        }
        prop_assert_eq!(whole.2.truncated_by, None);
        prop_assert!(bounded.2.edges_visited <= edges_visited_max);
        if bounded.2.truncated_by.is_none() {
            prop_assert_eq!(&bounded.2.paths, &whole.2.paths);
        }
    }

    #[test]
    fn the_degree_bound_blocks_nodes_and_no_more(roads in roads(18), asked in questions(), degree_max in 0usize..4) {
        let mut asked = asked;
        let bounded = three(&roads, &asked, |options| options.degree_max = degree_max);
        for node in 0..roads.n_nodes {
            asked.blocked |= u32::from(roads.degree(node) > degree_max) << node;
        }
        let blocked = three(&roads, &asked, |_| {});
        prop_assert_eq!(bounded.0.path, blocked.0.path);
        prop_assert_eq!(bounded.1.path, blocked.1.path);
        prop_assert_eq!(bounded.2.paths, blocked.2.paths);
    }
}

/// The limits that the shortest path by hops and by length, the widest and the four shortest from 0 to `target`
/// name, and both searches of the whole graph.
#[track_caller]
fn check(
    text: &str,
    target: u32,
    bound: impl Fn(&mut PathOptions<'_>),
    expected: [Option<Limit>; 4],
    whole: [Option<Limit>; 2],
) {
    let roads = Roads::parse(text);
    let (hops, wide, paths) = three(&roads, &Asked::plain(1, 1 << target, false), &bound);
    let asked = Asked::plain(1, 1 << target, true);
    let length = shortest(&roads, &asked, &bound);
    let named = [hops.truncated_by, length.truncated_by, wide.truncated_by, paths.truncated_by];
    assert_eq!(named, expected);
    let named = asked.with(&roads, |mut options, _, _| {
        bound(&mut options);
        roads.ask(|graph| {
            let lengths = shortest_path_lengths(graph, &[0], &options).unwrap();
            let widths = widest_path_widths(graph, &[0], &options).unwrap();
            [lengths.truncated_by, widths.truncated_by]
        })
    });
    assert_eq!(named, whole);
}

#[test]
fn hops_are_named_when_the_path_goes_on() {
    let path = "0>1:1 1>2:1 2>3:1";
    let hops = Some(Limit::Hops);
    check(path, 3, |options| options.hops_max = 3, [None; 4], [None; 2]);
    check(path, 3, |options| options.hops_max = 2, [hops; 4], [hops; 2]);
    // A path of fewer hops may be longer or narrower than the one the bound hides, but not have more hops.
    let round = "0>1:5 0>2:1 1>2:5 2>0:1";
    check(round, 2, |options| options.hops_max = 1, [None, None, hops, hops], [None, hops]);
    let round = "0>1:1 0>2:5 1>2:1 2>0:1";
    check(round, 2, |options| options.hops_max = 1, [None, hops, None, hops], [hops, None]);
}

#[test]
fn degree_is_named_when_a_hub_was_not_passed() {
    let hub = "0>1:1 1>2:1 1>3:1 1>4:1";
    let degree = Some(Limit::Degree);
    check(hub, 4, |options| options.degree_max = 3, [None; 4], [None; 2]);
    check(hub, 4, |options| options.degree_max = 2, [degree; 4], [degree; 2]);
    // A source is always left, and the hub itself is reached.
    check("0>1:1 0>2:1", 2, |options| options.degree_max = 0, [None; 4], [None; 2]);
}

#[test]
fn the_edge_bound_is_named_when_it_was_reached() {
    let edges = Some(Limit::EdgesVisited);
    let path = "0>1:1 1>2:1 2>3:1";
    check(path, 3, |options| options.edges_visited_max = 2, [edges; 4], [edges; 2]);
    check(path, 3, |options| options.edges_visited_max = 0, [edges; 4], [edges; 2]);
    check(path, 3, |options| options.edges_visited_max = 99, [None; 4], [None; 2]);
    check(path, 0, |options| options.edges_visited_max = 0, [None; 4], [edges; 2]);
}

#[test]
fn length_is_named_when_the_path_goes_on() {
    let length = Some(Limit::Length);
    let path = "0>1:1 1>2:1 2>3:1";
    check(path, 3, |options| options.length_max = 3, [None; 4], [None; 2]);
    check(
        path,
        3,
        |options| options.length_max = 2,
        [length, length, None, length],
        [length, None],
    );
}

#[test]
fn a_search_that_is_called_off_says_so() {
    let cancelled = AtomicBool::new(true);
    let path = "0>1:1 1>2:1 2>3:1";
    let roads = Roads::parse(path);
    let asked = Asked::plain(1, 8, true);
    for by_length in [false, true] {
        let asked = Asked { by_length, ..asked.clone() };
        let ask = || {
            asked.with(&roads, |options, _, _| {
                let options = PathOptions { cancelled: Some(&cancelled), ..options };
                roads.ask(|graph| k_shortest_paths(graph, 0, 3, 4, &options).unwrap())
            })
        };
        cancelled.store(true, Ordering::Relaxed);
        assert_eq!((ask().truncated_by, ask().edges_visited), (Some(Limit::Cancelled), 0));
        cancelled.store(false, Ordering::Relaxed);
        assert_eq!((ask().truncated_by, ask().paths.len()), (None, 1));
    }
    cancelled.store(true, Ordering::Relaxed);
    asked.with(&roads, |options, sources, targets| {
        let options = PathOptions { cancelled: Some(&cancelled), ..options };
        roads.ask(|graph| {
            let lengths = shortest_path_lengths(graph, sources, &options).unwrap();
            let widths = widest_path_widths(graph, sources, &options).unwrap();
            let wide = tracehound_graph::paths::widest_path(graph, sources, targets, &options);
            let named = [lengths.truncated_by, widths.truncated_by, wide.unwrap().truncated_by];
            assert_eq!(named, [Some(Limit::Cancelled); 3]);
        });
    });
}

#[test]
fn limits_carry_the_name_of_their_option() {
    let names = [Limit::Length, Limit::Cancelled, Limit::Nodes].map(Limit::option);
    assert_eq!(names, ["length_max", "cancelled", "nodes_max"]);
}

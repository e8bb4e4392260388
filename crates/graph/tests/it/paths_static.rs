//! Shortest, widest and k shortest paths of static graphs against enumeration.

use proptest::prelude::*;
use tracehound_graph::GraphError;
use tracehound_graph::paths::{
    Path, PathAnswer, PathOptions, k_shortest_paths, shortest_path, widest_path,
};

use crate::paths_world::{Asked, Roads, Way, all_paths, questions, roads, width};
use crate::world::in_mask;

pub(crate) fn shortest(
    roads: &Roads,
    asked: &Asked,
    bound: impl Fn(&mut PathOptions<'_>),
) -> PathAnswer {
    asked.with(roads, |mut options, sources, targets| {
        bound(&mut options);
        roads.ask(|graph| shortest_path(graph, sources, targets, &options).unwrap())
    })
}

pub(crate) fn widest(
    roads: &Roads,
    asked: &Asked,
    bound: impl Fn(&mut PathOptions<'_>),
) -> PathAnswer {
    asked.with(roads, |mut options, sources, targets| {
        bound(&mut options);
        roads.ask(|graph| widest_path(graph, sources, targets, &options).unwrap())
    })
}

/// The path as the oracle says it, after checking that its parts agree.
pub(crate) fn way(roads: &Roads, asked: &Asked, path: &Path) -> Way {
    let edges: Vec<usize> = path.edges.iter().map(|&edge| edge as usize).collect();
    let joined = path.nodes.windows(2).map(|pair| (pair[0], pair[1]));
    assert!(joined.eq(edges.iter().map(|&edge| roads.ends[edge])));
    assert!(edges.iter().all(|&edge| asked.walked(roads, edge)));
    assert!(in_mask(asked.sources, path.nodes[0]), "it starts at a source");
    assert!(in_mask(asked.targets, path.nodes[edges.len()]), "it ends at a target");
    assert_eq!(path.hops as usize, edges.len());
    let length = edges.iter().map(|&edge| if asked.by_length { roads.length[edge] } else { 1 });
    assert_eq!(path.length, length.sum::<u64>());
    let back: Vec<u32> = path.nodes.iter().rev().copied().collect();
    assert_eq!(path.width, width(roads, &back));
    (path.length, edges.len(), back)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_shortest_path_is_the_first_of_all(roads in roads(18), asked in questions()) {
        let answer = shortest(&roads, &asked, |_| {});
        let found = answer.path.as_ref().map(|path| way(&roads, &asked, path));
        prop_assert_eq!(&found, &all_paths(&roads, &asked).into_iter().next());
        // Only the hops can have hidden anything, and only what is there without them.
        let all = all_paths(&roads, &Asked { hops_max: u32::MAX, ..asked.clone() });
        if answer.truncated_by.is_none() {
            prop_assert_eq!(found, all.into_iter().next());
        }
    }

    #[test]
    fn the_widest_path_is_the_first_of_all_as_wide(roads in roads(18), asked in questions()) {
        let asked = Asked { by_length: false, ..asked };
        let answer = widest(&roads, &asked, |_| {});
        let found = answer.path.as_ref().map(|path| way(&roads, &asked, path));
        let best = |asked: &Asked| {
            let ways = all_paths(&roads, asked).into_iter();
            ways.min_by_key(|way| (u64::MAX - width(&roads, &way.2), way.clone()))
        };
        prop_assert_eq!(&found, &best(&asked));
        if answer.truncated_by.is_none() {
            prop_assert_eq!(found, best(&Asked { hops_max: u32::MAX, ..asked }));
        }
    }

    #[test]
    fn the_k_shortest_paths_are_the_first_of_all(
        roads in roads(18),
        asked in questions(),
        source in 0u32..7,
        target in 0u32..7,
        k in 0usize..9,
    ) {
        let (source, target) = (source % roads.n_nodes, target % roads.n_nodes);
        let asked = Asked { sources: 1 << source, targets: 1 << target, ..asked };
        let answer = asked.with(&roads, |options, _, _| {
            roads.ask(|graph| k_shortest_paths(graph, source, target, k, &options).unwrap())
        });
        let found: Vec<Way> = answer.paths.iter().map(|path| way(&roads, &asked, path)).collect();
        let first = |asked: &Asked| -> Vec<Way> {
            // A path may not return to its source, so a source that is the target has one path.
            let ways = all_paths(&roads, asked).into_iter();
            ways.take(k).collect()
        };
        prop_assert_eq!(&found, &first(&asked));
        if answer.truncated_by.is_none() {
            prop_assert_eq!(found, first(&Asked { hops_max: u32::MAX, ..asked }));
        }
    }
}

/// The nodes of the shortest path by hops, by length, and of the widest path from 0 to `target`.
#[track_caller]
fn check(text: &str, target: u32, expected: [Option<&[u32]>; 3]) {
    let roads = Roads::parse(text);
    let asked = |by_length| Asked::plain(1, 1 << target, by_length);
    let found = [
        shortest(&roads, &asked(false), |_| {}),
        shortest(&roads, &asked(true), |_| {}),
        widest(&roads, &asked(false), |_| {}),
    ];
    let nodes = found.map(|answer| answer.path.map(|path| path.nodes));
    assert_eq!(nodes, expected.map(|nodes| nodes.map(<[u32]>::to_vec)));
}

#[test]
fn hops_length_and_width_disagree() {
    let roads = "0>1:1 0>3:9 1>2:1 2>3:1";
    check(roads, 3, [Some(&[0, 3]), Some(&[0, 1, 2, 3]), Some(&[0, 3])]);
    check(roads, 0, [Some(&[0]), Some(&[0]), Some(&[0])]);
    check("0>1:1 2>1:1", 2, [None, None, None]);
    check("0>0:1 0>1:0 1>1:1", 1, [Some(&[0, 1]); 3]);
}

#[test]
fn ties_go_to_the_smallest_nodes_from_the_target_back() {
    check("0>1:1 0>2:1 1>4:1 2>3:1 3>5:1 4>5:1", 5, [Some(&[0, 2, 3, 5]); 3]);
    // Edges of no length still count as hops, and going round them helps nobody.
    check("0>1:0 1>0:0 1>2:0 2>1:0 2>3:0", 3, [Some(&[0, 1, 2, 3]); 3]);
}

#[test]
fn a_long_chain_needs_no_deep_stack() {
    let text: Vec<String> = (0..3000).map(|node| format!("{node}>{}:1", node + 1)).collect();
    let roads = Roads::parse(&text.join(" "));
    roads.ask(|graph| {
        let options = PathOptions { lengths: Some(&roads.length), ..PathOptions::default() };
        for options in [options, PathOptions::default()] {
            let answer = shortest_path(graph, &[0], &[3000], &options).unwrap();
            assert_eq!(answer.path.map(|path| path.hops), Some(3000));
        }
    });
}

#[test]
fn what_is_not_there_is_refused() {
    let roads = Roads::parse("0>1:1");
    roads.ask(|graph| {
        let short = PathOptions { lengths: Some(&[]), ..PathOptions::default() };
        let refused = shortest_path(graph, &[0], &[1], &short);
        assert!(matches!(
            refused,
            Err(GraphError::Length { what: "lengths", expected: 1, found: 0 })
        ));
        let options = PathOptions::default();
        let refused = widest_path(graph, &[0], &[2], &options);
        assert!(matches!(refused, Err(GraphError::OutOfRange { what: "targets", found: 2, .. })));
        let refused = k_shortest_paths(graph, 2, 0, 1, &options);
        assert!(matches!(refused, Err(GraphError::OutOfRange { what: "sources", found: 2, .. })));
    });
    Roads::default().ask(|graph| {
        let answer = shortest_path(graph, &[], &[], &PathOptions::default()).unwrap();
        assert_eq!((answer.path, answer.truncated_by), (None, None));
    });
}

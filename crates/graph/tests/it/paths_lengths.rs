//! Lengths and widths of all nodes against Bellman-Ford over the list of edges.

use proptest::prelude::*;
use tracehound_graph::paths::{
    NodeLengths, NodeWidths, PathOptions, UNREACHED, predecessors, shortest_path,
    shortest_path_lengths, widest_path_widths,
};
use tracehound_graph::{Limit, NONE};

use crate::paths_world::{Asked, Roads, questions, roads};
use crate::world::in_mask;

/// What any path of at most `hops_max` edges reaches: the best of `start`, as `further` goes on along an edge.
fn relax<T: Copy + Ord>(
    roads: &Roads,
    asked: &Asked,
    start: T,
    further: impl Fn(T, usize) -> T,
) -> Vec<Option<T>> {
    let begin = |node| in_mask(asked.sources, node).then_some(start);
    let mut best: Vec<Option<T>> = (0..roads.n_nodes).map(begin).collect();
    for _ in 0..asked.hops_max.min(roads.n_nodes) {
        let before = best.clone();
        for (edge, &(source, target)) in roads.ends.iter().enumerate() {
            if !asked.walked(roads, edge) || !asked.left(source) {
                continue;
            }
            if let Some(reached) = before[source as usize].map(|known| further(known, edge)) {
                let known = &mut best[target as usize];
                *known = Some(known.map_or(reached, |known| known.min(reached)));
            }
        }
    }
    best
}

fn oracle_lengths(roads: &Roads, asked: &Asked) -> Vec<u64> {
    let length = |edge| if asked.by_length { roads.length[edge] } else { 1 };
    let best = relax(roads, asked, 0, |known, edge| known + length(edge));
    best.into_iter().map(|length| length.unwrap_or(UNREACHED)).collect()
}

fn oracle_widths(roads: &Roads, asked: &Asked) -> Vec<u64> {
    let lack = |edge: usize| u64::MAX - roads.weight[edge];
    let best = relax(roads, asked, 0, |known: u64, edge| known.max(lack(edge)));
    best.into_iter().map(|lack| u64::MAX - lack.unwrap_or(u64::MAX)).collect()
}

fn solve(
    roads: &Roads,
    asked: &Asked,
    bound: impl Fn(&mut PathOptions<'_>),
) -> (NodeLengths, NodeWidths) {
    asked.with(roads, |mut options, sources, _| {
        bound(&mut options);
        roads.ask(|graph| {
            let lengths = shortest_path_lengths(graph, sources, &options).unwrap();
            (lengths, widest_path_widths(graph, sources, &options).unwrap())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agree_with_relaxing_all_edges(roads in roads(24), asked in questions()) {
        let (lengths, widths) = solve(&roads, &asked, |_| {});
        prop_assert_eq!(&lengths.lengths, &oracle_lengths(&roads, &asked));
        prop_assert_eq!(&widths.widths, &oracle_widths(&roads, &asked));
        let unbounded = Asked { hops_max: u32::MAX, ..asked.clone() };
        if lengths.truncated_by.is_none() {
            prop_assert_eq!(&lengths.lengths, &oracle_lengths(&roads, &unbounded));
        }
        if widths.truncated_by.is_none() {
            prop_assert_eq!(&widths.widths, &oracle_widths(&roads, &unbounded));
        }
    }

    #[test]
    fn a_bound_on_the_work_changes_nothing_until_it_is_named(
        roads in roads(24),
        asked in questions(),
        edges_visited_max in 0u64..24,
    ) {
        let (lengths, widths) = solve(&roads, &asked, |_| {});
        let (few, few_widths) = solve(&roads, &asked, |options| options.edges_visited_max = edges_visited_max);
        prop_assert!(few.edges_visited <= edges_visited_max);
        if few.truncated_by != Some(Limit::EdgesVisited) {
            prop_assert_eq!(&few.lengths, &lengths.lengths);
        }
        if few_widths.truncated_by != Some(Limit::EdgesVisited) {
            prop_assert_eq!(&few_widths.widths, &widths.widths);
        }
        // What is left is a real path, so never better than the best.
        prop_assert!(few.lengths.iter().zip(&lengths.lengths).all(|(few, all)| few >= all));
    }

    #[test]
    fn predecessors_lead_back_to_a_source(roads in roads(24), asked in questions()) {
        let asked = Asked { hops_max: u32::MAX, ..asked };
        let (lengths, _) = solve(&roads, &asked, |_| {});
        let lengths = lengths.lengths;
        let before = asked.with(&roads, |options, sources, _| {
            roads.ask(|graph| predecessors(graph, sources, &lengths, &options).unwrap())
        });
        let length = |edge: usize| if asked.by_length { roads.length[edge] } else { 1 };
        for node in 0..roads.n_nodes {
            let tight = |&edge: &usize| {
                let (source, target) = roads.ends[edge];
                target == node && asked.walked(&roads, edge) && asked.left(source)
                    && lengths[source as usize] != UNREACHED
                    && lengths[source as usize] + length(edge) == lengths[node as usize]
            };
            let edges: Vec<usize> = (0..roads.ends.len()).filter(tight).collect();
            let smallest = edges.iter().filter(|&&edge| length(edge) > 0).map(|&edge| roads.ends[edge].0).min();
            let found = before[node as usize];
            if in_mask(asked.sources, node) || lengths[node as usize] == UNREACHED {
                prop_assert_eq!(found, NONE);
            } else if let Some(smallest) = smallest {
                prop_assert_eq!(found, smallest);
            } else {
                prop_assert!(edges.iter().any(|&edge| roads.ends[edge].0 == found));
            }
            // No circle, not even of edges of no length.
            let (mut at, mut steps) = (node, 0);
            while before[at as usize] != NONE {
                at = before[at as usize];
                steps += 1;
                prop_assert!(steps <= roads.n_nodes);
            }
            prop_assert!(lengths[node as usize] == UNREACHED || in_mask(asked.sources, at));
        }
    }
}

/// A graph large enough for several threads and many buckets.
fn large(length: impl Fn(u64) -> u64) -> Roads {
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let n_nodes = 20_000u32;
    let node = |random: u64| u32::try_from(random % u64::from(n_nodes)).unwrap();
    let mut ends: Vec<(u32, u32)> =
        (0..120_000).map(|_| (node(next() % (next() + 1)), node(next()))).collect();
    ends.sort_unstable();
    ends.dedup();
    let length: Vec<u64> = ends.iter().map(|_| length(next())).collect();
    let zeros = vec![0; ends.len()];
    Roads {
        n_nodes,
        weight: length.clone(),
        length,
        first_time: zeros.clone(),
        last_time: zeros,
        flags: vec![0; ends.len()],
        ends,
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let spans: [fn(u64) -> u64; 3] =
        [|random| random % 255 + 1, |random| random % 3, |random| 1 << (random % 50)];
    for span in spans {
        let roads = large(span);
        let asked = Asked::plain(1, 2, true);
        let solve = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let (lengths, widths) = solve(&roads, &asked, |_| {});
                let before = asked.with(&roads, |options, sources, _| {
                    roads.ask(|graph| {
                        predecessors(graph, sources, &lengths.lengths, &options).unwrap()
                    })
                });
                (lengths, widths, before)
            })
        };
        let one = solve(1);
        assert_eq!(one, solve(2));
        assert_eq!(one, solve(5));
        // The same numbers from the search that counts, which has no buckets and no threads.
        let counted =
            self::solve(&roads, &asked, |options| options.edges_visited_max = u64::MAX - 1);
        assert_eq!(one.0.lengths, counted.0.lengths);
        assert_eq!(one.1.widths, counted.1.widths);
        check_pairs(&roads, &one.0.lengths);
    }
}

/// Searches from both ends find the same lengths.
fn check_pairs(roads: &Roads, lengths: &[u64]) {
    roads.ask(|graph| {
        let options = PathOptions { lengths: Some(&roads.length), ..PathOptions::default() };
        for target in (0..roads.n_nodes).step_by(997) {
            let answer = shortest_path(graph, &[0], &[target], &options).unwrap();
            let length = answer.path.map_or(UNREACHED, |path| path.length);
            assert_eq!(length, lengths[target as usize]);
        }
    });
}

#[test]
fn sums_beyond_64_bits_are_cut_and_named() {
    let roads = Roads::parse(&format!("0>1:{} 1>2:1 2>3:5", u64::MAX - 1));
    let (lengths, _) = solve(&roads, &Asked::plain(1, 1, true), |_| {});
    assert_eq!(lengths.lengths, [0, u64::MAX - 1, UNREACHED, UNREACHED]);
    assert_eq!(lengths.truncated_by, Some(Limit::Length));
}

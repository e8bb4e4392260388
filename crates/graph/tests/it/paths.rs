//! Shortest and widest paths against both oracles.

use proptest::prelude::*;
use tracehound_graph::temporal::{PathAnswer, SearchOptions, shortest_path, widest_path};

use crate::oracle::{self, Question};
use crate::world::{World, in_mask, worlds};

pub(crate) fn questions() -> impl Strategy<Value = Question> {
    let nodes = (1u32..32, 0u32..32, prop_oneof![2 => Just(0u32), 1 => 0u32..256]);
    let filters = (prop::bool::weighted(0.8), 0u32..3, 3u32..7, 0u64..4);
    let hops_max = prop_oneof![Just(0usize), Just(1), Just(2), Just(3), Just(9)];
    (nodes, filters, hops_max).prop_map(|((sources, targets, blocked), filters, hops_max)| {
        let (time_respecting, first, last, weight_min) = filters;
        let times = (first, last);
        Question { sources, targets, blocked, time_respecting, times, weight_min, hops_max }
    })
}

/// Both searches with the options of a question, and more bounds on top.
pub(crate) fn search(
    world: &World,
    question: &Question,
    bound: impl Fn(&mut SearchOptions<'_>),
) -> [PathAnswer; 2] {
    let blocked = |node| in_mask(question.blocked, node);
    let mut options = SearchOptions {
        time_respecting: question.time_respecting,
        time_range: question.times.0..=question.times.1,
        weight_min: question.weight_min,
        blocked: Some(&blocked),
        hops_max: u32::try_from(question.hops_max).unwrap(),
        ..SearchOptions::default()
    };
    bound(&mut options);
    let sources: Vec<u32> = (0..world.n_main).filter(|&n| in_mask(question.sources, n)).collect();
    let targets = |node| in_mask(question.targets, node);
    world.with_graph(|graph| {
        [
            shortest_path(graph, &sources, targets, &options),
            widest_path(graph, &sources, targets, &options),
        ]
    })
}

/// Sources and targets that are main nodes of the world.
pub(crate) fn fit(world: &World, mut question: Question) -> Question {
    let main = (1 << world.n_main) - 1;
    question.sources &= main;
    question.targets &= main;
    question
}

/// The path is a path, of the hops and width it claims, that the question allows.
fn check_path(world: &World, question: &Question, answer: &PathAnswer) {
    let Some(path) = &answer.path else { return };
    let edges: Vec<usize> = path.edges.iter().map(|&edge| edge as usize).collect();
    assert!(edges.first().is_none_or(|&first| question.starts(world, first)));
    assert!(edges.windows(2).all(|pair| question.follows(world, pair[0], pair[1])));
    let nodes: Vec<u32> = edges.iter().map(|&edge| world.target[edge]).collect();
    assert_eq!(path.nodes[1..], nodes);
    assert!(in_mask(question.sources, path.nodes[0]));
    assert!(in_mask(question.targets, path.nodes[edges.len()]));
    assert_eq!(path.hops as usize, edges.iter().map(|&edge| world.cost(edge)).sum::<usize>());
    let width = edges.iter().map(|&edge| world.weight[edge]).min();
    assert_eq!(path.width, width.unwrap_or(u64::MAX));
}

fn summary(world: &World, question: &Question, answer: &PathAnswer) -> Option<(u64, usize, u32)> {
    let path = answer.path.as_ref()?;
    let last = path.edges.last().filter(|_| question.time_respecting);
    let arrival = last.map_or(0, |&edge| world.time[edge as usize]);
    Some((path.width, path.hops as usize, arrival))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn agree_with_dynamic_programming_over_edges(world in worlds(20), question in questions()) {
        let question = fit(&world, question);
        let [shortest, widest] = search(&world, &question, |_| {});
        check_path(&world, &question, &shortest);
        check_path(&world, &question, &widest);
        let edges = shortest.path.as_ref().map(|path| path.edges.clone());
        prop_assert_eq!(edges, oracle::shortest(&world, &question));
        let widest = summary(&world, &question, &widest);
        prop_assert_eq!(widest, oracle::widest(&world, &question));
        // Each edge at most once, as the module promises.
        prop_assert!(shortest.edges_visited <= world.source.len() as u64);
    }

    #[test]
    fn agree_with_enumeration_of_all_walks(world in worlds(12), question in questions()) {
        let question = fit(&world, Question { hops_max: question.hops_max.min(3), ..question });
        let (mut fewest, mut widest) = (None, None);
        oracle::for_each_walk(&world, &question, &mut |walk, hops| {
            let reaches = walk.last().map_or(question.sources & question.targets != 0, |&edge| {
                in_mask(question.targets, world.target[edge])
            });
            if reaches {
                let last = walk.last().filter(|_| question.time_respecting);
                let arrival = last.map_or(0, |&edge| world.time[edge]);
                let width = walk.iter().map(|&edge| world.weight[edge]).min().unwrap_or(u64::MAX);
                fewest = Some(fewest.unwrap_or((hops, arrival)).min((hops, arrival)));
                let rank = (u64::MAX - width, hops, arrival);
                widest = Some(widest.unwrap_or(rank).min(rank));
            }
        });
        let [shortest, wide] = search(&world, &question, |_| {});
        let found = summary(&world, &question, &shortest).map(|(_, hops, time)| (hops, time));
        prop_assert_eq!(found, fewest);
        let found = summary(&world, &question, &wide);
        prop_assert_eq!(found, widest.map(|(width, hops, time)| (u64::MAX - width, hops, time)));
    }
}

/// The edges of the shortest and the widest path from 0 to `target`.
#[track_caller]
fn check(world: &str, target: u32, shortest: Option<&[u32]>, widest: Option<&[u32]>) {
    let question = Question {
        sources: 1,
        targets: 1 << target,
        blocked: 0,
        time_respecting: true,
        times: (0, u32::MAX),
        weight_min: 0,
        hops_max: 9,
    };
    let answers = search(&World::parse(world), &question, |_| {});
    let found = answers.map(|answer| answer.path.map(|path| path.edges));
    assert_eq!(found, [shortest, widest].map(|edges| edges.map(<[u32]>::to_vec)));
}

#[test]
fn time_does_not_run_backwards() {
    check("1>2@4 0>1@5", 2, None, None);
    check("1>2@4 0>1@4", 2, Some(&[1, 0]), Some(&[1, 0]));
    check("1>2@4 0>1@5 1>2@7", 2, Some(&[1, 2]), Some(&[1, 2]));
}

#[test]
fn a_longer_but_earlier_way_catches_the_early_edge() {
    // 0 reaches 2 in one hop at time 8, in two at time 3; only the latter is in time for 2 -> 3 at 5.
    check("0>1@2 1>2@3 2>3@5 0>2@8", 3, Some(&[0, 1, 2]), Some(&[0, 1, 2]));
}

#[test]
fn a_narrower_but_earlier_way_catches_the_early_edge() {
    check("0>1@2:1 1>2@3:9 0>1@4:9", 2, Some(&[0, 1]), Some(&[0, 1]));
    check("0>1@2:1 1>2@3:9 0>1@4:9 1>2@5:7", 2, Some(&[0, 1]), Some(&[2, 3]));
}

#[test]
fn a_narrower_but_shorter_way_stays_within_the_hops() {
    // 2 is reached 9 wide in two hops at time 2, and 5 wide in one hop at time 3; 3 is one hop further.
    let world = World::parse("0>1@1:9 1>2@2:9 0>2@3:5 2>3@4:9");
    let (sources, targets, blocked, weight_min) = (1, 1 << 3, 0, 0);
    let (time_respecting, times) = (true, (0, u32::MAX));
    for (hops_max, expected) in [(3, Some(vec![0, 1, 3])), (2, Some(vec![2, 3])), (1, None)] {
        let question =
            Question { sources, targets, blocked, time_respecting, times, weight_min, hops_max };
        let [_, widest] = search(&world, &question, |_| {});
        assert_eq!(widest.path.map(|path| path.edges), expected);
    }
}

#[test]
fn through_a_junction_is_one_hop_and_both_edges_count() {
    // Node 3 is a junction: 0 -> 3 -> 2 is as short as 0 -> 2, and arrives earlier.
    check("0>3@1:2 3>2@1:9 0>2@4:5 | 3", 2, Some(&[0, 1]), Some(&[2]));
    check("0>3@1:9 3>2@1:9 0>2@1:5 | 3", 2, Some(&[0, 1]), Some(&[0, 1]));
}

#[test]
fn ties_go_to_the_earlier_arrival_and_the_smaller_edges() {
    check("0>1@1 0>1@1 0>2@1 1>3@2 2>3@2", 3, Some(&[0, 3]), Some(&[0, 3]));
}

//! The k shortest time-respecting paths against enumeration of all walks; and searches called off.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tracehound_graph::Limit;
use tracehound_graph::temporal::{PathsAnswer, SearchOptions, k_shortest_paths};

use crate::oracle::{self, Question};
use crate::paths::{fit, questions, search};
use crate::world::{World, in_mask, worlds};

fn ask(
    world: &World,
    question: &Question,
    k: usize,
    bound: impl Fn(&mut SearchOptions<'_>),
) -> PathsAnswer {
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
    let source = question.sources.trailing_zeros();
    let is_target = |node| in_mask(question.targets, node);
    world.with_graph(|graph| k_shortest_paths(graph, source, is_target, k, &options))
}

/// One source, and targets as they come.
fn single(world: &World, question: &Question, source: u32) -> Question {
    Question { sources: 1 << (source % world.n_main), ..question.clone() }
}

/// The edges of the first k of all paths without a repeated main node and with a target only at the end, one for each
/// list of main nodes.
fn all(world: &World, question: &Question, k: usize) -> Vec<Vec<u32>> {
    let mut best: BTreeMap<Vec<u32>, (usize, Vec<u32>)> = BTreeMap::new();
    let source = question.sources.trailing_zeros();
    oracle::for_each_walk(world, question, &mut |walk, hops| {
        let mut main = vec![source];
        main.extend(
            walk.iter().map(|&edge| world.target[edge]).filter(|&node| node < world.n_main),
        );
        let mut distinct = main.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let last = walk.last().map_or(source, |&edge| world.target[edge]);
        let n_targets = main.iter().filter(|&&node| in_mask(question.targets, node)).count();
        let ends = last < world.n_main && in_mask(question.targets, last) && n_targets == 1;
        if distinct.len() == main.len() && ends {
            let back: Vec<u32> =
                walk.iter().rev().map(|&edge| u32::try_from(edge).unwrap()).collect();
            let known = best.entry(main).or_insert_with(|| (hops, back.clone()));
            *known = known.clone().min((hops, back));
        }
    });
    let mut ways: Vec<(usize, Vec<u32>)> = best.into_values().collect();
    ways.sort();
    let edges = ways.into_iter().map(|(_, back)| back.into_iter().rev().collect());
    edges.take(k).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn are_the_first_of_all(
        world in worlds(13),
        question in questions(),
        source in 0u32..5,
        k in 0usize..6,
        bounds in (prop_oneof![Just(usize::MAX), 0usize..4], prop_oneof![Just(u64::MAX), 0u64..30]),
    ) {
        // A path enters each of at most 5 main nodes once.
        let question = Question { hops_max: question.hops_max.min(4), ..fit(&world, question) };
        let question = single(&world, &question, source);
        let answer = ask(&world, &question, k, |_| {});
        let found: Vec<Vec<u32>> = answer.paths.iter().map(|path| path.edges.clone()).collect();
        prop_assert_eq!(&found, &all(&world, &question, k));
        let whole = ask(&world, &question, k, |options| options.hops_max = u32::MAX);
        prop_assert_eq!(whole.truncated_by, None);
        if answer.truncated_by.is_none() {
            prop_assert_eq!(&answer.paths, &whole.paths);
        }
        let bounded = ask(&world, &question, k, |options| {
            (options.degree_max, options.edges_visited_max) = bounds;
        });
        prop_assert!(bounded.edges_visited <= bounds.1);
        if bounded.truncated_by.is_none() {
            prop_assert_eq!(&bounded.paths, &whole.paths);
        }
    }
}

/// The edges of the first three paths from 0 to `target`.
#[track_caller]
fn check(world: &str, target: u32, expected: &[&[u32]]) {
    let question = Question {
        sources: 1,
        targets: 1 << target,
        blocked: 0,
        time_respecting: true,
        times: (0, u32::MAX),
        weight_min: 0,
        hops_max: 9,
    };
    let answer = ask(&World::parse(world), &question, 3, |_| {});
    let found: Vec<Vec<u32>> = answer.paths.into_iter().map(|path| path.edges).collect();
    assert_eq!(found, expected);
}

#[test]
fn many_edges_between_two_nodes_are_one_way() {
    check("0>1@1 0>1@2 1>2@3 1>2@4 0>2@5", 2, &[&[4], &[0, 2]]);
}

#[test]
fn a_junction_left_to_one_node_is_left_to_it_from_elsewhere() {
    // Node 3 is a junction: 0 -> 3 -> 2 is a hop, and so is 1 -> 3 -> 2.
    check("0>1@1 0>3@1 1>3@1 3>2@2 | 3", 2, &[&[1, 3], &[0, 2, 3]]);
}

#[test]
fn a_search_that_is_called_off_says_so() {
    let world = World::parse("0>1@1 1>2@2");
    let question = Question {
        sources: 1,
        targets: 4,
        blocked: 0,
        time_respecting: true,
        times: (0, u32::MAX),
        weight_min: 0,
        hops_max: 9,
    };
    for (is_cancelled, limit) in [(true, Some(Limit::Cancelled)), (false, None)] {
        let flag = AtomicBool::new(is_cancelled);
        let paths = world.with_graph(|graph| {
            let options = SearchOptions { cancelled: Some(&flag), ..SearchOptions::default() };
            k_shortest_paths(graph, 0, |node| node == 2, 2, &options)
        });
        assert_eq!((paths.truncated_by, paths.paths.is_empty()), (limit, is_cancelled));
        let cancelled: &'static AtomicBool = Box::leak(Box::new(flag));
        let answers = search(&world, &question, |options| options.cancelled = Some(cancelled));
        assert_eq!(answers.map(|answer| answer.truncated_by), [limit; 2]);
    }
}

//! A bound that hid something is named; a bound that hid nothing is not.

use proptest::prelude::*;
use tracehound_graph::Limit;
use tracehound_graph::temporal::{PathAnswer, SearchOptions};

use crate::oracle::{self, Question};
use crate::paths::{fit, questions, search};
use crate::world::{World, worlds};

fn rank(answer: &PathAnswer, by_width: bool) -> Option<(u64, u32)> {
    let path = answer.path.as_ref()?;
    Some((if by_width { path.width } else { 0 }, path.hops))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn an_answer_without_a_limit_is_the_answer_without_bounds(
        world in worlds(20),
        question in questions(),
        degree_max in prop_oneof![Just(usize::MAX), 0usize..6],
        edges_visited_max in prop_oneof![Just(u64::MAX), 0u64..20],
    ) {
        let question = fit(&world, question);
        let bounded = search(&world, &question, |options| {
            options.degree_max = degree_max;
            options.edges_visited_max = edges_visited_max;
        });
        let unbounded = search(&world, &question, |options| options.hops_max = u32::MAX);
        for (by_width, (bounded, unbounded)) in [false, true].into_iter().zip(bounded.iter().zip(&unbounded)) {
            prop_assert_eq!(unbounded.truncated_by, None);
            prop_assert!(bounded.edges_visited <= edges_visited_max);
            if bounded.truncated_by.is_none() {
                prop_assert_eq!(&bounded.path, &unbounded.path);
            } else {
                prop_assert!(rank(bounded, by_width).is_none() || rank(unbounded, by_width).is_some());
            }
        }
    }

    #[test]
    fn the_degree_bound_blocks_nodes_and_no_more(
        world in worlds(20),
        question in questions(),
        degree_max in 0usize..6,
    ) {
        let mut question = fit(&world, question);
        let answers = search(&world, &question, |options| options.degree_max = degree_max);
        for node in 0..world.n_main {
            if world.source.iter().filter(|&&source| source == node).count() > degree_max {
                question.blocked |= 1 << node;
            }
        }
        let edges = answers[0].path.as_ref().map(|path| path.edges.clone());
        prop_assert_eq!(edges, oracle::shortest(&world, &question));
        let widest = answers[1].path.as_ref().map(|path| (path.width, path.hops as usize));
        prop_assert_eq!(widest, oracle::widest(&world, &question).map(|best| (best.0, best.1)));
    }

    #[test]
    fn the_hop_bound_is_named_only_if_one_hop_more_leads_somewhere(world in worlds(20), question in questions()) {
        let question = fit(&world, question);
        let longer = Question { hops_max: question.hops_max + 1, ..question.clone() };
        let reaches = oracle::widths(&world, &longer)[longer.hops_max].iter().any(|&width| width > 0);
        for answer in search(&world, &question, |_| {}) {
            prop_assert!(answer.truncated_by.is_none() || answer.truncated_by == Some(Limit::Hops));
            prop_assert!(answer.truncated_by.is_none() || reaches);
        }
    }
}

/// The limits that the shortest and the widest search from 0 to `target` name.
#[track_caller]
fn check(
    world: &str,
    target: u32,
    bound: impl Fn(&mut SearchOptions<'_>),
    limits: [Option<Limit>; 2],
) {
    let question = Question {
        sources: 1,
        targets: 1 << target,
        blocked: 0,
        time_respecting: true,
        times: (0, u32::MAX),
        weight_min: 0,
        hops_max: 9,
    };
    let answers = search(&World::parse(world), &question, bound);
    assert_eq!(answers.map(|answer| answer.truncated_by), limits);
}

#[test]
fn hops_are_named_when_the_path_goes_on() {
    let path = "0>1@1 1>2@2 2>3@3";
    let hops = Some(Limit::Hops);
    check(path, 3, |options| options.hops_max = 3, [None, None]);
    check(path, 3, |options| options.hops_max = 2, [hops, hops]);
    check(path, 4, |options| options.hops_max = 1, [hops, hops]);
    // One hop beyond the bound is a dead end that is no target: nothing was hidden.
    check(path, 4, |options| options.hops_max = 2, [None, None]);
    // Nothing can follow an edge at a later time.
    check("1>2@1 0>1@2", 2, |options| options.hops_max = 1, [None, None]);
    // A wider but longer way was hidden from the widest path alone.
    check("0>2@1:1 0>1@1:5 1>2@2:5", 2, |options| options.hops_max = 1, [None, hops]);
    check("0>2@1:5 0>1@1:5 1>2@2:5", 2, |options| options.hops_max = 1, [None, None]);
}

#[test]
fn degree_is_named_when_a_hub_was_not_passed() {
    let hub = "0>1@1 1>2@2 1>3@3 1>4@4";
    let degree = Some(Limit::Degree);
    check(hub, 4, |options| options.degree_max = 3, [None, None]);
    check(hub, 4, |options| options.degree_max = 2, [degree, degree]);
    // The hub itself is still reached, and a source is always left.
    check(hub, 1, |options| options.degree_max = 0, [None, None]);
    check("0>1@1 0>2@2", 2, |options| options.degree_max = 0, [None, None]);
    // A hub one hop short of the target hides a path as wide and shorter; one as far as the target hides nothing.
    let shorter = "0>1@1:5 0>2@1:5 1>4@2:5 1>5@2:5 2>3@2:5 3>4@3:5";
    check(shorter, 4, |options| options.degree_max = 1, [degree, degree]);
    let as_far = "0>1@1:5 0>2@1:5 1>3@2:5 1>4@2:5";
    check(as_far, 2, |options| options.degree_max = 1, [None, None]);
    // All that the hub does, it did before it was reached.
    check("1>2@1 1>3@1 0>1@2", 3, |options| options.degree_max = 1, [None, None]);
}

#[test]
fn the_edge_bound_is_named_when_it_was_reached() {
    let edges = Some(Limit::EdgesVisited);
    let path = "0>1@1 1>2@2 2>3@3";
    check(path, 3, |options| options.edges_visited_max = 3, [None, None]);
    check(path, 3, |options| options.edges_visited_max = 2, [edges, edges]);
    check(path, 3, |options| options.edges_visited_max = 0, [edges, edges]);
    check(path, 0, |options| options.edges_visited_max = 0, [None, None]);
}

#[test]
fn limits_carry_the_name_of_their_option() {
    let names = [Limit::Hops, Limit::Degree, Limit::EdgesVisited].map(Limit::option);
    assert_eq!(names, ["hops_max", "degree_max", "edges_visited_max"]);
}

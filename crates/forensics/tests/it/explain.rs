use forensics::decisions::{Decision, DecisionId, DecisionKind, Decisions, LinkKey};
use forensics::heuristics::COMMON_INPUT;
use forensics::{
    ClusterRules, Clusters, ExplainOptions, Guard, Prefer, explain, explain_with, links,
};
use ledger::notation::parse;
use ledger::{AddressId, Height, Link};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::evidence::{N_ADDRESSES, address, link, scene};
use crate::worlds::{labels_by_minimum, world};

/// The steps from one name to another, as `a-b@tx`; `none` if there is no way.
#[track_caller]
fn check(ledger: &str, from: &str, to: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let steps = explain(&links(&world.batch), world.id(from), world.id(to));
    let name = |id: AddressId| world.names[id.index()].clone();
    let found = steps.map_or("none".to_owned(), |steps| {
        let text = |s: &forensics::Step| format!("{}-{}@{}", name(s.a), name(s.b), s.tx);
        steps.iter().map(text).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(found, expected);
}

#[test]
fn two_inputs_of_a_transaction_are_one_step_apart() {
    let world = "a:1 b:1 c:1 -> d:3";
    check(world, "a", "b", "a-b@0");
    check(world, "b", "c", "b-c@0");
    check(world, "c", "b", "c-b@0");
    check(world, "b", "b", "");
    check(world, "b", "d", "none");
}

#[test]
fn the_shortest_and_then_the_oldest_chain_is_taken() {
    let world =
        "a:1 b:1 -> x:2\n b:1 c:1 -> x:2\n c:1 d:1 -> x:2\n e:1 b:1 d:1 -> x:3\n b:1 c:1 -> x:1";
    check(world, "a", "c", "a-b@0 b-c@1");
    check(world, "a", "d", "a-b@0 b-d@3");
    check(world, "d", "a", "d-b@3 b-a@0");
}

/// The fewest steps: groups of addresses that are together, relaxed until nothing changes.
fn n_steps(links: &[Link], n_addresses: u32, from: AddressId) -> Vec<Option<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for link in links {
        let mut group = vec![link.a.index(), link.b.index()];
        if link.heuristic == COMMON_INPUT {
            let same = links.iter().filter(|l| l.tx == link.tx && l.heuristic == COMMON_INPUT);
            group.extend(same.flat_map(|l| [l.a.index(), l.b.index()]));
        }
        groups.push(group);
    }
    let mut steps = vec![None; n_addresses as usize];
    steps[from.index()] = Some(0);
    for _round in 0..n_addresses {
        for group in &groups {
            let nearest = group.iter().filter_map(|at| steps[*at]).min();
            let Some(nearest) = nearest else { continue };
            for &at in group {
                steps[at] =
                    Some(steps[at].map_or(nearest + 1, |known: usize| known.min(nearest + 1)));
            }
        }
    }
    steps
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn explanations_hold_and_none_is_shorter(world in world()) {
        let links = links(&world.batch);
        let labels = labels_by_minimum(&links, world.n_addresses);
        for from in (0..world.n_addresses).map(AddressId::new) {
            let fewest = n_steps(&links, world.n_addresses, from);
            for to in (0..world.n_addresses).map(AddressId::new) {
                let Some(steps) = explain(&links, from, to) else {
                    prop_assert_ne!(labels[from.index()], labels[to.index()]);
                    continue;
                };
                prop_assert_eq!(labels[from.index()], labels[to.index()]);
                prop_assert_eq!(Some(steps.len()), fewest[to.index()]);
                prop_assert_eq!(steps.first().map_or(to, |step| step.a), from);
                prop_assert_eq!(steps.last().map_or(from, |step| step.b), to);
                for pair in steps.windows(2) {
                    prop_assert_eq!(pair[0].b, pair[1].a);
                }
                for step in &steps {
                    let shows = |at: AddressId| links.iter().any(|l| {
                        (l.tx, l.heuristic) == (step.tx, step.heuristic) && (l.a == at || l.b == at)
                    });
                    prop_assert!(shows(step.a) && shows(step.b));
                }
                let mut back = explain(&links, to, from).unwrap();
                back.reverse();
                let turned: Vec<_> = back.iter().map(|s| (s.b, s.a, s.tx)).collect();
                prop_assert_eq!(steps.iter().map(|s| (s.a, s.b, s.tx)).collect::<Vec<_>>(), turned);
            }
        }
    }
}

/// The steps between 0 and 3 as `a-b@tx`, then the confidence and the weakest step; `none` if there is no way.
#[track_caller]
fn check_with(links: &[Link], options: &ExplainOptions<'_>, expected: &str) {
    let found = explain_with(links, address(0), address(3), options);
    let text = found.map_or("none".to_owned(), |found| {
        let steps = found.steps.iter().map(|s| format!("{}-{}@{} ", s.a, s.b, s.tx));
        let weakest = &found.steps[found.weakest.unwrap()];
        format!("{}{:.2} by @{}", steps.collect::<String>(), found.confidence, weakest.tx)
    });
    assert_eq!(text, expected);
}

#[test]
fn options_choose_the_chain() {
    // Transaction n has confidence 0.5, 0.9, 0.99 or 1, by n modulo 4.
    let links = [
        link(1, 4, 4, (0, 3)),
        link(2, 5, 1, (0, 1)),
        link(3, 6, 1, (1, 2)),
        link(3, 7, 2, (2, 3)),
    ];
    let fewest = ExplainOptions::default();
    check_with(&links, &fewest, "0-3@4 0.50 by @4");
    let probable = ExplainOptions { prefer: Prefer::MostProbable, ..fewest };
    check_with(&links, &probable, "0-1@5 1-2@6 2-3@7 0.89 by @5");
    check_with(&links, &ExplainOptions { height_max: Some(Height::new(0)), ..fewest }, "none");
    let early = ExplainOptions { height_max: Some(Height::new(2)), ..probable };
    check_with(&links, &early, "0-3@4 0.50 by @4");
    check_with(&links, &ExplainOptions { without: &[4], ..fewest }, "0-1@5 1-2@6 2-3@7 0.89 by @5");
    check_with(&links, &ExplainOptions { without: &[4, 2], ..fewest }, "none");
    let kind = DecisionKind::Withdraw(LinkKey::of(&links[0]));
    let decisions = Decisions::new(&[Decision { id: DecisionId(1), kind }]).unwrap();
    let decided = ExplainOptions { decisions: Some(&decisions), ..fewest };
    check_with(&links, &decided, "0-1@5 1-2@6 2-3@7 0.89 by @5");
}

/// The greatest product over all simple chains of pieces of evidence.
fn best_product(pieces: &[(Vec<u32>, f64)], from: u32, to: u32, used: &mut Vec<u32>) -> f64 {
    if from == to {
        return 1.0;
    }
    used.push(from);
    let mut best: f64 = 0.0;
    for (members, confidence) in pieces.iter().filter(|piece| piece.0.contains(&from)) {
        for &next in members {
            if !used.contains(&next) {
                best = best.max(confidence * best_product(pieces, next, to, used));
            }
        }
    }
    used.pop();
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_most_probable_chain_has_the_greatest_product(scene in scene()) {
        let links: Vec<Link> = scene.links.iter().take(12).copied().collect();
        let mut pieces: Vec<(Vec<u32>, f64)> = Vec::new();
        for link in &links {
            let is_star = |l: &&Link| {
                link.heuristic == COMMON_INPUT && l.heuristic == COMMON_INPUT && (l.tx, l.a) == (link.tx, link.a)
            };
            let mut members = vec![link.a.get(), link.b.get()];
            members.extend(links.iter().filter(is_star).flat_map(|l| [l.a.get(), l.b.get()]));
            pieces.push((members, f64::from(link.confidence)));
        }
        let options = ExplainOptions { prefer: Prefer::MostProbable, ..ExplainOptions::default() };
        for (from, to) in (0..6).flat_map(|from| (0..6).map(move |to| (from, to))) {
            let best = best_product(&pieces, from, to, &mut Vec::new());
            let found = explain_with(&links, address(from), address(to), &options);
            let Some(found) = found else {
                prop_assert_eq!(best, 0.0);
                continue;
            };
            prop_assert!((found.confidence - best).abs() < 1e-6, "{} and {best}", found.confidence);
            let back = explain_with(&links, address(to), address(from), &options).unwrap();
            prop_assert_eq!(back.confidence.to_bits(), found.confidence.to_bits());
            prop_assert_eq!(back.steps.len(), found.steps.len());
        }
    }

    /// What a cluster is made of explains it: never a held link, and always some chain.
    #[test]
    fn clusters_are_explained_without_what_is_held(scene in scene(), guard in 1..4u32) {
        let decisions = Decisions::new(&scene.log).unwrap();
        let rules = ClusterRules {
            guard: Guard { cluster_addresses_min: guard },
            entities: scene.entities,
            decisions: decisions.clone(),
        };
        let mut clusters = Clusters::new(rules);
        clusters.apply(&scene.links, N_ADDRESSES);
        let options = ExplainOptions {
            held: clusters.held(),
            decisions: Some(&decisions),
            ..ExplainOptions::default()
        };
        for (from, to) in (0..N_ADDRESSES).flat_map(|a| (0..N_ADDRESSES).map(move |b| (a, b))) {
            let (from, to) = (address(from), address(to));
            let explained = explain_with(&scene.links, from, to, &options).is_some();
            prop_assert_eq!(explained, clusters.cluster_of(from) == clusters.cluster_of(to));
        }
    }
}

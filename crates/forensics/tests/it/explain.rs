use forensics::heuristics::COMMON_INPUT;
use forensics::{explain, links};
use ledger::notation::parse;
use ledger::{AddressId, Link};
use proptest::prelude::*;
use tracehound_forensics as forensics;

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

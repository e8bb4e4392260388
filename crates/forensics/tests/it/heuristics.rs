use std::collections::BTreeSet;

use forensics::collaborative::possible_protocols;
use forensics::heuristics::{CHANGE, COMMON_INPUT, CONSOLIDATION, HEURISTICS, Heuristic, PERSON};
use forensics::links;
use ledger::notation::parse;
use ledger::{Alias, AliasKind, Height, TxIndex};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::{cut, cuts, world};

/// Links as `a-b@tx`, in order.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let link = |link: &ledger::Link| {
        let name = |id: ledger::AddressId| &world.names[id.index()];
        format!("{}-{}@{}", name(link.a), name(link.b), link.tx)
    };
    let found: Vec<String> = links(&world.batch).iter().map(link).collect();
    assert_eq!(found.join(" "), expected);
}

#[test]
fn inputs_of_one_transaction_are_linked_to_the_smallest() {
    check("a:3 b:2 -> c:5", "a-b@0");
    check("-> c:1 a:1\n b:1 a:1 c:1 -> d:3", "c-a@1 c-b@1");
    check("a:1 a:2 b:1 b:3 -> c:7", "a-b@0");
}

#[test]
fn nothing_is_linked_without_two_known_addresses() {
    check("-> a:1 b:1", "");
    check("a:1 -> b:1", "");
    check("a:1 a:2 -> b:3", "");
    check("a:1 ?:2 -> b:3", "");
}

#[test]
fn unknown_inputs_are_passed_over() {
    check("a:1 ?:2 b:1 -> c:4", "a-b@0");
}

#[test]
fn a_possible_coinjoin_links_nobody() {
    check("a:5 b:5 -> c:3 d:3 e:2 f:2", "");
    check("a:5 b:5 -> c:4 d:3 e:2 f:1", "a-b@0");
}

/// A bare multisig script is one address in the ledger; spending from it beside a key links script and key, and the
/// keys inside never appear.
#[test]
fn a_bare_multisig_is_one_address() {
    check("-> multisig:5 key:1\n multisig:5 key:1 -> x:6", "multisig-key@1");
    check("-> multisig:5 k1:1 k2:1\n multisig:5 -> k1:3 k2:2", "");
}

#[test]
fn aliases_are_linked_even_in_a_coinjoin() {
    let mut world = parse("-> g:1\n a:5 b:5 -> c:3 d:3 e:2 f:2").unwrap();
    let alias = |kind, a: &str, b: &str| Alias {
        tx: TxIndex::new(1),
        height: Height::new(1),
        kind,
        a: world.id(a),
        b: world.id(b),
    };
    let aliases = vec![
        alias(AliasKind::WrappedScript, "b", "g"),
        alias(AliasKind::SameKey, "a", "c"),
        alias(AliasKind::SameKey, "a", "c"),
        alias(AliasKind::SameKey, "a", "a"),
    ];
    world.batch.aliases = aliases;
    let found = links(&world.batch);
    let rows: Vec<_> = found.iter().map(|l| (l.heuristic, l.a, l.b, l.height.get())).collect();
    let (a, b, c, g) = (world.id("a"), world.id("b"), world.id("c"), world.id("g"));
    assert_eq!(rows, [(2, a, c, 1), (3, g, b, 1)]);
    assert!(found.iter().all(|link| link.confidence == 1.0));
}

/// Numbers are stored: this test is changed only by adding to it.
#[test]
fn numbers_and_names_stay() {
    let registered: Vec<_> = HEURISTICS.iter().map(|h| (h.number, h.name)).collect();
    let expected =
        ["common_input", "same_key", "wrapped_script", "change", "person", "consolidation"];
    assert_eq!(registered, (1..).zip(expected).collect::<Vec<_>>());
    assert_eq!((COMMON_INPUT, CHANGE, PERSON, CONSOLIDATION), (1, 4, 5, 6));
    for heuristic in HEURISTICS {
        assert_eq!(Heuristic::from_number(heuristic.number).unwrap().name, heuristic.name);
        assert!(heuristic.confidence > 0.0 && heuristic.confidence <= 1.0);
    }
    assert!(Heuristic::from_number(0).is_none());
    for (kind, number) in [(AliasKind::SameKey, 2), (AliasKind::WrappedScript, 3)] {
        assert_eq!(Heuristic::from_number(number).unwrap().name, kind.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_pair_of_known_inputs_is_joined_and_nothing_else(world in world()) {
        let links = links(&world.batch);
        for view in world.batch.views() {
            let own = links.iter().filter(|l| l.tx == view.row.index && l.heuristic == COMMON_INPUT);
            let own: BTreeSet<_> = own.map(|l| (l.a, l.b)).collect();
            let mut joined = BTreeSet::new();
            for one in view.inputs.iter().filter_map(|i| i.spent?.address) {
                for other in view.inputs.iter().filter_map(|i| i.spent?.address) {
                    let smallest = view.inputs.iter().filter_map(|i| i.spent?.address).min();
                    if one < other && Some(one) == smallest && !possible_protocols(&view).any() {
                        joined.insert((one, other));
                    }
                }
            }
            prop_assert_eq!(own, joined);
        }
        for pair in links.windows(2) {
            let rank = |l: &ledger::Link| (l.tx, l.heuristic, l.a, l.b);
            prop_assert!(rank(&pair[0]) < rank(&pair[1]), "ordered, no link twice");
        }
        let aliases = world.batch.aliases.iter().filter(|alias| alias.a != alias.b);
        for alias in aliases {
            let says = |l: &&ledger::Link| (l.tx, l.a, l.b) == (alias.tx, alias.a, alias.b);
            prop_assert!(links.iter().filter(says).any(|l| l.heuristic == alias.kind as u8 + 1));
        }
    }

    #[test]
    fn links_of_parts_are_parts_of_the_links(world in world(), cuts in cuts()) {
        let parts = cut(&world.batch, &cuts);
        let by_part: Vec<_> = parts.iter().flat_map(links).collect();
        prop_assert_eq!(by_part, links(&world.batch));
    }
}

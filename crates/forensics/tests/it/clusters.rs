use forensics::{Clusters, links};
use ledger::Link;
use ledger::notation::parse;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::{blocks, cut, cuts, labels_by_minimum, n_addresses, world};

/// Clusters by their smallest address, members by id.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let mut clusters = Clusters::default();
    clusters.apply(&links(&world.batch), u32::try_from(world.names.len()).unwrap());
    let labels = clusters.labels();
    let of = |cluster: usize| {
        let members = (0..labels.len()).filter(|address| labels[*address] as usize == cluster);
        members.map(|address| world.names[address].clone()).collect::<Vec<_>>().join(" ")
    };
    let found: Vec<String> = (0..labels.len()).map(of).filter(|text| !text.is_empty()).collect();
    assert_eq!(found.join(" | "), expected);
    assert_eq!(clusters.n_clusters(), found.len());
}

#[test]
fn co_spent_inputs_share_an_owner() {
    check("a:3 b:2 -> c:5", "a b | c");
    check("a:3 b:2 -> c:5\n c:1 d:1 -> e:2", "a b | c d | e");
    check("a:3 b:2 -> c:5\n c:5 b:1 -> e:6", "a b c | e");
    check("-> z:1 b:1 a:1\n a:1 b:1 -> e:2\n e:1 z:1 -> a:2", "z e | b a");
}

#[test]
fn participants_of_a_coinjoin_stay_apart() {
    check("a:5 b:5 -> c:3 d:3 e:2 f:2", "a | b | c | d | e | f");
    check("a:5 b:5 -> c:3 d:3 e:2 f:2\n c:3 e:2 -> g:5", "a | b | c e | d | f | g");
}

#[test]
fn rows_hold_only_what_is_joined() {
    let world = parse("a:1 c:1 -> x:2\n d:1 e:1 c:1 -> x:3\n x:1 y:1 -> z:2").unwrap();
    let mut clusters = Clusters::default();
    clusters.apply(&links(&world.batch), 7);
    let rows: Vec<_> =
        clusters.rows().iter().map(|r| (r.cluster.index(), r.address.index())).collect();
    let id = |name: &str| world.id(name).index();
    let (a, c, x, d, e, y) = (id("a"), id("c"), id("x"), id("d"), id("e"), id("y"));
    assert_eq!(rows, [(a, a), (a, c), (a, d), (a, e), (x, x), (x, y)]);
    assert_eq!(clusters.cluster_of(world.id("e")).index(), a);
}

#[test]
fn a_link_of_removed_addresses_cannot_remain() {
    let world = parse("a:1 b:1 -> c:2").unwrap();
    let links = links(&world.batch);
    let mut clusters = Clusters::default();
    clusters.apply(&links, 3);
    let unwind = std::panic::AssertUnwindSafe(|| clusters.unwind(&[], &links, 1));
    let panic = std::panic::catch_unwind(unwind).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("an address from 1 on is removed and still has links"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn labels_are_the_repeated_minimum(world in world()) {
        let links = links(&world.batch);
        let mut clusters = Clusters::default();
        clusters.apply(&links, world.n_addresses);
        prop_assert_eq!(clusters.labels(), labels_by_minimum(&links, world.n_addresses));
    }

    #[test]
    fn any_cut_gives_the_same_clusters(world in world(), cuts in cuts()) {
        let mut whole = Clusters::default();
        whole.apply(&links(&world.batch), world.n_addresses);
        let mut by_part = Clusters::default();
        for part in cut(&world.batch, &cuts) {
            let end = part.transactions.last().map_or(0, |row| row.index.get() + 1);
            let n_addresses = n_addresses(&world.batch, end).max(by_part.n_addresses());
            by_part.apply(&links(&part), n_addresses);
            // As after a restart.
            by_part = Clusters::from_labels(&by_part.labels()).unwrap();
        }
        prop_assert_eq!(by_part.labels(), whole.labels());
        prop_assert_eq!(by_part.rows(), whole.rows());
        prop_assert_eq!(by_part.members(), whole.members());
    }

    #[test]
    fn unwinding_undoes(world in world(), at in any::<prop::sample::Index>()) {
        let bound = u32::try_from(at.index(world.batch.blocks.len() + 1)).unwrap();
        let kept = blocks(&world.batch, 0..bound);
        let end = kept.transactions.len() as u64;
        let n_kept = n_addresses(&world.batch, end);
        let mut before = Clusters::default();
        before.apply(&links(&kept), n_kept);
        let mut clusters = before.clone();
        let removed: Vec<Link> = links(&world.batch).split_off(links(&kept).len());
        clusters.apply(&removed, world.n_addresses);
        clusters.unwind(&removed, &links(&kept), n_kept);
        prop_assert_eq!(clusters.labels(), before.labels());
        prop_assert_eq!(clusters.rows(), before.rows());
        prop_assert_eq!(clusters.n_addresses(), n_kept);
    }
}

//! Records, profiles and candidates: the two laws, and counting by double loop.

use std::collections::{BTreeMap, BTreeSet};

use forensics::collaborative::possible_protocols;
use forensics::resolution::{Activity, CandidateLimits, Candidates, Profiles};
use forensics::{Clusters, links};
use ledger::notation::{Notation, parse};
use ledger::{AddressId, ClusterId, Height, LedgerBatch};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::{World, blocks, cut, cuts, labels_by_minimum, world};

/// Amounts of the notation are a few satoshi, which would all be dust.
const LIMITS: CandidateLimits =
    CandidateLimits { degree_max: 8, candidates_max: 32, dust_sat_max: 0 };

fn recorded(batch: &LedgerBatch) -> Activity {
    let mut activity = Activity::default();
    activity.apply(batch);
    activity
}

fn labels_of(world: &World) -> Vec<u32> {
    labels_by_minimum(&links(&world.batch), world.n_addresses)
}

/// Pairs of payer and cluster paid, with the transactions, by double loop over the batch.
fn payments(batch: &LedgerBatch, labels: &[u32]) -> Vec<(u32, u32, u64)> {
    let mut payments = Vec::new();
    for view in batch.views().filter(|view| !view.row.coinbase && !possible_protocols(view).any()) {
        let payers: BTreeSet<u32> = view
            .inputs
            .iter()
            .filter_map(|input| Some(labels[input.spent?.address?.index()]))
            .collect();
        let [payer] = payers.into_iter().collect::<Vec<_>>()[..] else { continue };
        let paid: BTreeSet<u32> =
            view.outputs.iter().filter_map(|o| Some(labels[o.address?.index()])).collect();
        let paid = paid.into_iter().filter(|cluster| *cluster != payer);
        payments.extend(paid.map(|cluster| (payer, cluster, view.row.index.get())));
    }
    payments
}

/// Ties by double loop: direct payments each way, clusters that both pay, clusters that pay both; and the keys that
/// too many share.
fn ties_by_pairs(
    batch: &LedgerBatch,
    labels: &[u32],
    degree_max: usize,
) -> BTreeMap<(u32, u32), [u32; 4]> {
    let payments = payments(batch, labels);
    let spenders: BTreeSet<u32> = spenders(batch, labels);
    let payers =
        |of: u32| -> BTreeSet<u32> { payments.iter().filter(|p| p.1 == of).map(|p| p.0).collect() };
    let payees =
        |of: u32| -> BTreeSet<u32> { payments.iter().filter(|p| p.0 == of).map(|p| p.1).collect() };
    let clusters: BTreeSet<u32> = labels.iter().copied().collect();
    let mut found = BTreeMap::new();
    for &a in &spenders {
        for &b in spenders.iter().filter(|b| **b > a) {
            let direct = |from, to| payments.iter().filter(|p| (p.0, p.1) == (from, to)).count();
            let common = |of: &dyn Fn(u32) -> BTreeSet<u32>| {
                let shared = clusters.iter().map(|cluster| of(*cluster));
                let shared = shared.filter(|all| all.contains(&a) && all.contains(&b));
                shared.filter(|all| all.len() <= degree_max).count()
            };
            let counts = [direct(a, b), direct(b, a), common(&payers), common(&payees)];
            if counts != [0; 4] {
                found.insert((a, b), counts.map(|count| u32::try_from(count).unwrap()));
            }
        }
    }
    found
}

fn spenders(batch: &LedgerBatch, labels: &[u32]) -> BTreeSet<u32> {
    let own = batch.views().filter(|view| !view.row.coinbase && !possible_protocols(view).any());
    let payers = own.filter_map(|view| {
        let known = view.inputs.iter().filter_map(|i| Some(labels[i.spent?.address?.index()]));
        let payers: BTreeSet<u32> = known.collect();
        (payers.len() == 1).then(|| payers.first().copied())?
    });
    payers.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any cut gives the same records, and unwinding is as if the later blocks had never been.
    #[test]
    fn records_keep_both_laws(world in world(), cuts in cuts(), at in any::<prop::sample::Index>()) {
        let whole = recorded(&world.batch);
        let mut parts = Activity::default();
        for part in cut(&world.batch, &cuts) {
            parts.apply(&part);
        }
        prop_assert_eq!(&parts, &whole);
        let n_blocks = u32::try_from(world.batch.blocks.len()).unwrap();
        let kept = u32::try_from(at.index(n_blocks as usize)).unwrap();
        parts.unwind(Height::new(kept));
        prop_assert_eq!(&parts, &recorded(&blocks(&world.batch, 0..kept + 1)));
        parts.apply(&blocks(&world.batch, kept + 1..n_blocks));
        prop_assert_eq!(&parts, &whole);
    }

    /// The profile of merged clusters is the sum of their profiles.
    #[test]
    fn merging_adds_profiles(world in world(), pick in any::<[prop::sample::Index; 2]>()) {
        let activity = recorded(&world.batch);
        let labels = labels_of(&world);
        let before = Profiles::new(&activity, &labels).unwrap();
        prop_assume!(before.all().len() > 1);
        let [a, b] = pick.map(|index| before.all()[index.index(before.all().len())].clone());
        prop_assume!(a.cluster != b.cluster);
        let union = a.cluster.min(b.cluster);
        let merged: Vec<u32> = labels.iter().map(|label| {
            let is_part = *label == a.cluster.get().get() || *label == b.cluster.get().get();
            if is_part { union.get().get() } else { *label }
        }).collect();
        let after = Profiles::new(&activity, &merged).unwrap();
        let mut sum = a.clone();
        sum.add(&b);
        prop_assert_eq!(after.of(union), Some(&sum));
        prop_assert_eq!(after.all().len() + 1, before.all().len());
    }

    #[test]
    fn candidates_are_those_of_a_double_loop(world in world(), degree_max in 2u32..6) {
        let activity = recorded(&world.batch);
        let labels = labels_of(&world);
        let profiles = Profiles::new(&activity, &labels).unwrap();
        prop_assert_eq!(profiles.n_split(), 0);
        let all: Vec<u32> = profiles.all().iter().map(|p| p.cluster.get().get()).collect();
        let expected: Vec<u32> = spenders(&world.batch, &labels).into_iter().collect();
        prop_assert_eq!(&all, &expected);
        let limits = CandidateLimits { degree_max, candidates_max: u32::MAX, ..LIMITS };
        let candidates = Candidates::new(&profiles, limits);
        let found: BTreeMap<(u32, u32), [u32; 4]> = candidates.pairs.iter().filter(|pair| {
            // An address shared by few may belong to a cluster shared by many.
            let ties = &pair.ties;
            ties.n_paid != [0, 0] || ties.n_payees > 0 || ties.n_payers > 0
        }).map(|pair| {
            let ties = &pair.ties;
            let clusters = (all[pair.a as usize], all[pair.b as usize]);
            (clusters, [ties.n_paid[0], ties.n_paid[1], ties.n_payees, ties.n_payers])
        }).collect();
        let expected = ties_by_pairs(&world.batch, &labels, degree_max as usize);
        prop_assert_eq!(found, expected);
    }

    /// No cluster is in more pairs than allowed, and what is left out is counted.
    #[test]
    fn the_bound_of_a_cluster_holds(world in world(), candidates_max in 1u32..4) {
        let activity = recorded(&world.batch);
        let labels = labels_of(&world);
        let profiles = Profiles::new(&activity, &labels).unwrap();
        let unbounded = CandidateLimits { candidates_max: u32::MAX, ..LIMITS };
        let all = Candidates::new(&profiles, unbounded);
        let limits = CandidateLimits { candidates_max, ..LIMITS };
        let kept = Candidates::new(&profiles, limits);
        prop_assert_eq!(kept.pairs.len() as u64 + kept.skipped.n_pairs, all.pairs.len() as u64);
        for profile in 0..u32::try_from(profiles.all().len()).unwrap() {
            let n = kept.pairs.iter().filter(|pair| pair.a == profile || pair.b == profile).count();
            prop_assert!(n <= candidates_max as usize);
        }
        prop_assert!(kept.pairs.iter().all(|pair| all.pairs.contains(pair)));
    }
}

/// Pairs by name with their ties: payments a to b, b to a, shared addresses, clusters paid, payers.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let Notation { batch, names } = parse(ledger).unwrap();
    let mut clusters = Clusters::default();
    clusters.apply(&links(&batch), u32::try_from(names.len()).unwrap());
    let labels = clusters.labels();
    let activity = recorded(&batch);
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, LIMITS);
    let name = |at: u32| names[profiles.all()[at as usize].cluster.index()].clone();
    let text = candidates.pairs.iter().map(|pair| {
        let ties = &pair.ties;
        let numbers =
            [ties.n_paid[0], ties.n_paid[1], ties.n_deposits, ties.n_payees, ties.n_payers];
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        format!("{} {}: {}", name(pair.a), name(pair.b), numbers.join(" "))
    });
    assert_eq!(text.collect::<Vec<_>>().join(" | "), expected);
}

#[test]
fn what_ties_clusters() {
    // b spends what a paid it; the payee of neither spends, so it is no candidate.
    check("-> a:9\n a:9 -> b:8\n b:8 -> x:7", "a b: 1 0 0 0 0");
    check("-> a:9 | -> b:9\n a:9 -> x:8 | b:9 -> x:8", "a b: 0 0 1 1 0");
    check(
        "-> a:9 | -> b:9 | -> x:5\n a:9 -> x:8\n b:9 -> y:8\n x:8 y:8 -> z:1",
        "a b: 0 0 0 1 0 | a x: 1 0 0 0 0 | b x: 1 0 0 0 0",
    );
    check(
        "-> a:9\n a:9 -> b:3 c:3\n b:3 -> x:2\n c:3 -> y:2",
        "a b: 1 0 0 0 0 | a c: 1 0 0 0 0 | b c: 0 0 0 0 1",
    );
    // A coinbase pays nobody in common; an input that is unknown belongs to nobody.
    check("-> a:9 b:9\n ?:3 -> a:2\n a:9 -> x:1\n b:9 -> y:1", "");
}

#[test]
fn inputs_in_several_clusters_are_nobodys() {
    let Notation { batch, .. } = parse("-> a:9 | -> b:9\n a:9 b:9 -> c:17").unwrap();
    let activity = recorded(&batch);
    let apart: Vec<u32> = (0..activity.n_addresses()).collect();
    let profiles = Profiles::new(&activity, &apart).unwrap();
    assert_eq!((profiles.all().len(), profiles.n_split()), (0, 1));
    let together = [0, 0, 2];
    let profiles = Profiles::new(&activity, &together).unwrap();
    assert_eq!((profiles.all().len(), profiles.n_split()), (1, 0));
    let profile = profiles.of(ClusterId::new(AddressId::new(0))).unwrap();
    assert_eq!((profile.n_spends, profile.first_seen.get(), profile.last_spend.get()), (1, 0, 1));
    let error = Profiles::new(&activity, &[0]).unwrap_err();
    assert_eq!(error.to_string(), "3 addresses are recorded and 1 have a cluster label");
    assert!(error.hint().is_some());
}

#[test]
fn a_service_ties_nobody_and_is_counted() {
    let customers: Vec<String> = (0..10).map(|i| format!("c{i}")).collect();
    let funded: Vec<String> = customers.iter().map(|c| format!("-> {c}:9")).collect();
    let paid: Vec<String> = customers.iter().map(|c| format!("{c}:9 -> shop:8")).collect();
    let Notation { batch, names } =
        parse(&format!("{}\n{}", funded.join(" | "), paid.join(" | "))).unwrap();
    let activity = recorded(&batch);
    let labels: Vec<u32> = (0..u32::try_from(names.len()).unwrap()).collect();
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, LIMITS);
    assert!(candidates.pairs.is_empty());
    // The shop as an address and as a cluster.
    assert_eq!((candidates.skipped.n_keys, candidates.skipped.n_key_pairs), (2, 90));
    let wide = CandidateLimits { degree_max: 10, ..LIMITS };
    assert_eq!(Candidates::new(&profiles, wide).pairs.len(), 45);
}

#[test]
fn dust_ties_nobody() {
    let Notation { batch, names } =
        parse("-> a:9000 | -> b:9000\n a:9000 -> x:1000 c:8000 | b:9000 -> x:8999").unwrap();
    let activity = recorded(&batch);
    let labels: Vec<u32> = (0..u32::try_from(names.len()).unwrap()).collect();
    let profiles = Profiles::new(&activity, &labels).unwrap();
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    assert_eq!((candidates.pairs.len(), candidates.skipped.n_dust), (0, 1));
    let limits = CandidateLimits { dust_sat_max: 999, ..CandidateLimits::default() };
    assert_eq!(Candidates::new(&profiles, limits).pairs.len(), 1);
}

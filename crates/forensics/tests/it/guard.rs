use forensics::decisions::{Decision, DecisionId, DecisionKind, Decisions, LinkKey, Verdict};
use forensics::{ClusterRules, Clusters, Guard, HeldLink, HeldReason, clusters_as_of, links_among};
use ledger::{AddressId, ClusterId, Height, Link};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::decisions::verdict_by_reading;
use crate::evidence::{
    Folded, N_ADDRESSES, N_HEIGHTS, Scene, address, entities, folded, link, log, made, scene,
};

fn rules(addresses_min: u32, entities: &[(u32, u32)], log: &[Decision]) -> ClusterRules {
    ClusterRules {
        guard: Guard { cluster_addresses_min: addresses_min },
        entities: entities.iter().map(|(id, entity)| (address(*id), *entity)).collect(),
        decisions: Decisions::new(log).unwrap(),
    }
}

fn made_of(links: &[Link], rules: ClusterRules) -> Clusters {
    let mut clusters = Clusters::new(rules);
    clusters.apply(links, N_ADDRESSES);
    clusters
}

/// Clusters of two or more by members, then held links as `a-b` with the first letter of the reason.
#[track_caller]
fn check(links: &[Link], rules: ClusterRules, expected: &str) {
    let clusters = made_of(links, rules);
    let members = clusters.members();
    let view = members.view().unwrap();
    let rows = (0..view.n_rows()).map(|cluster| view.row(cluster)).filter(|row| row.len() > 1);
    let text = |row: &[u32]| row.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let joined = rows.map(text).collect::<Vec<_>>().join(" | ");
    let held = clusters.held().iter().map(|one| {
        let reason = match one.reason {
            HeldReason::LargeClusters => "large",
            HeldReason::ConflictingEntities => "entities",
        };
        format!("; {}-{} {reason}", one.link.a, one.link.b)
    });
    assert_eq!(joined + &held.collect::<String>(), expected);
}

/// Two pairs, and a link between them.
fn two_pairs() -> [Link; 3] {
    [link(0, 0, 1, (0, 1)), link(1, 1, 1, (2, 3)), link(2, 2, 1, (1, 2))]
}

#[test]
fn a_link_between_large_clusters_is_held() {
    check(&two_pairs(), rules(2, &[], &[]), "0 1 | 2 3; 1-2 large");
    check(&two_pairs(), rules(3, &[], &[]), "0 1 2 3");
    // The order of heights decides, not that of arrival.
    let mut late = two_pairs();
    late[0].height = Height::new(9);
    check(&late, rules(2, &[], &[]), "0 1 2 3");
}

#[test]
fn a_link_between_two_entities_is_held() {
    check(&two_pairs(), rules(9, &[(0, 5), (3, 6)], &[]), "0 1 | 2 3; 1-2 entities");
    check(&two_pairs(), rules(9, &[(0, 5), (3, 5)], &[]), "0 1 2 3");
    check(&two_pairs(), rules(2, &[(0, 5), (3, 6)], &[]), "0 1 | 2 3; 1-2 entities");
    // One address may be said to be of two; each side must lack something of the other.
    check(&two_pairs(), rules(9, &[(0, 5), (0, 6), (3, 6)], &[]), "0 1 2 3");
    let more = [link(0, 0, 1, (0, 1)), link(1, 1, 1, (1, 2)), link(2, 2, 1, (0, 2))];
    check(&more, rules(9, &[(0, 5), (1, 6), (2, 5)], &[]), "0 2; 0-1 entities; 1-2 entities");
}

#[test]
fn people_accept_and_refuse() {
    let links = two_pairs();
    let (inside, between) = (LinkKey::of(&links[0]), LinkKey::of(&links[2]));
    let decided = |kind| [Decision { id: DecisionId(1), kind }];
    let entities = [(0, 5), (3, 6)];
    let accepted = rules(2, &entities, &decided(DecisionKind::Accept(between)));
    check(&links, accepted.clone(), "0 1 2 3");
    check(&links, rules(2, &entities, &decided(DecisionKind::Refuse(between))), "0 1 | 2 3");
    // Without the first link one side is a single address.
    let withdrawn = rules(2, &[], &decided(DecisionKind::Withdraw(inside)));
    check(&links, withdrawn, "1 2 3");
    let clusters = made_of(&links, accepted);
    assert_eq!(clusters.entities_of(address(1)), [5, 6]);
}

#[test]
fn what_waits_is_listed_by_pair_as_of_now() {
    let mut links = two_pairs().to_vec();
    links.extend([link(3, 3, 1, (0, 3)), link(4, 4, 1, (3, 4))]);
    let clusters = made_of(&links, rules(2, &[(1, 5)], &[]));
    let pending = clusters.pending();
    assert_eq!(pending.len(), 1);
    let cluster = |id| ClusterId::new(address(id));
    assert_eq!(pending[0].clusters, [cluster(0), cluster(2)]);
    assert_eq!(pending[0].sizes, [2, 3]);
    assert_eq!(pending[0].entities, [vec![5], vec![]]);
    assert_eq!(pending[0].held.len(), 2);
    assert_eq!(pending[0].held[0].sizes, [2, 2]);
    let accept = Decision { id: DecisionId(1), kind: DecisionKind::Accept(LinkKey::of(&links[2])) };
    // One accepted link settles the other.
    let clusters = made_of(&links, rules(2, &[(1, 5)], &[accept]));
    assert_eq!((clusters.pending(), clusters.held().len()), (vec![], 0));
}

#[test]
fn only_what_is_touched_is_built_again() {
    let mut links = two_pairs().to_vec();
    links.push(link(5, 5, 1, (6, 7)));
    let mut clusters = made_of(&links, rules(2, &[], &[]));
    let refuse = Decision { id: DecisionId(1), kind: DecisionKind::Refuse(LinkKey::of(&links[2])) };
    let refused = Decisions::new(&[refuse]).unwrap();
    let changed = clusters.rules().decisions.changed(&refused, &links);
    // The two clusters tied by the held link.
    let n = clusters.set_decisions(refused, &changed, |touched| links_among(touched, &links));
    assert_eq!(n, 4);
    let n = clusters.set_entities(vec![(address(6), 1)], |touched| links_among(touched, &links));
    assert_eq!(n, 2);
    assert_eq!(clusters.set_entities(vec![(address(6), 1)], |_touched| Vec::new()), 0);
}

#[test]
fn links_of_older_heights_are_not_applied_after() {
    let links = two_pairs();
    let mut clusters = made_of(&links[1..], ClusterRules::default());
    let apply = std::panic::AssertUnwindSafe(|| clusters.apply(&links[..1], N_ADDRESSES));
    assert!(std::panic::catch_unwind(apply).is_err());
}

fn found(clusters: &Clusters) -> Folded {
    Folded { labels: clusters.labels(), held: clusters.held().iter().map(seen).collect() }
}

fn seen(one: &HeldLink) -> (LinkKey, HeldReason, [u32; 2], [u32; 2]) {
    (LinkKey::of(&one.link), one.reason, one.clusters.map(|id| id.get().get()), one.sizes)
}

fn expected(links: &[Link], rules: &ClusterRules, log: &[Decision]) -> Folded {
    let verdict = |link: &Link| verdict_by_reading(log, link);
    let accepts = |link: &Link| matches!(verdict(link), Verdict::Accepted(_));
    folded(links, rules, |link| verdict(link).leaves_out(), accepts)
}

fn rules_of(scene: &Scene, guard: u32) -> ClusterRules {
    ClusterRules {
        guard: Guard { cluster_addresses_min: guard },
        entities: scene.entities.clone(),
        decisions: Decisions::new(&scene.log).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn clusters_are_the_fold(scene in scene(), guard in 1..4u32) {
        let rules = rules_of(&scene, guard);
        let clusters = made_of(&scene.links, rules.clone());
        prop_assert_eq!(found(&clusters), expected(&scene.links, &rules, &scene.log));
        let mut shuffled = scene.links.clone();
        shuffled.reverse();
        prop_assert_eq!(found(&made_of(&shuffled, rules)), found(&clusters));
    }

    /// Any cut into heights, with addresses that appear late, restarts in between, and the way back.
    #[test]
    fn any_cut_and_the_way_back(
        scene in scene(), guard in 1..4u32, cut in 0..N_HEIGHTS, restarts in any::<bool>(),
    ) {
        let rules = rules_of(&scene, guard);
        let whole = made_of(&scene.links, rules.clone());
        let at = Height::new(cut);
        let (early, late) = scene.links.split_at(scene.links.partition_point(|l| l.height < at));
        let n_early = early.iter().map(|l| l.b.get() + 1).max().unwrap_or(0);
        let mut clusters = Clusters::new(rules.clone());
        for height in early.chunk_by(|a, b| a.height == b.height) {
            clusters.apply(height, n_early);
        }
        let before = (clusters.labels(), clusters.held().to_vec());
        if restarts {
            let (labels, held) = before.clone();
            clusters = Clusters::from_parts(&labels, held, rules, clusters.height()).unwrap();
        }
        clusters.apply(late, N_ADDRESSES);
        prop_assert_eq!(found(&clusters), found(&whole));
        prop_assert_eq!(clusters.held(), whole.held());
        for id in 0..N_ADDRESSES {
            prop_assert_eq!(clusters.entities_of(address(id)), whole.entities_of(address(id)));
        }
        clusters.unwind_to(at, n_early).unwrap();
        prop_assert_eq!((clusters.labels(), clusters.held().to_vec()), before);
        clusters.apply(late, N_ADDRESSES);
        prop_assert_eq!(found(&clusters), found(&whole));
    }

    #[test]
    fn links_taken_away_were_never_there(scene in scene(), guard in 1..4u32, gone in any::<u32>()) {
        let rules = rules_of(&scene, guard);
        let mut clusters = made_of(&scene.links, rules.clone());
        let is_gone = |at: usize| gone >> (at % 32) & 1 == 1;
        let part = |wanted: bool| -> Vec<Link> {
            let links = scene.links.iter().enumerate().filter(|(at, _)| is_gone(*at) == wanted);
            links.map(|(_, link)| *link).collect()
        };
        clusters.unwind(&part(true), &part(false), N_ADDRESSES);
        prop_assert_eq!(found(&clusters), found(&made_of(&part(false), rules)));
    }

    #[test]
    fn other_decisions_and_entities_as_if_from_the_start(
        (scene, next) in scene().prop_flat_map(|scene| (log(&scene.links), Just(scene)))
            .prop_map(|(next, scene)| (scene, next)),
        entities in entities(),
        guard in 1..4u32,
    ) {
        // A key has one height.
        let height_of = |link: &Link| scene.links.iter().any(|l| {
            LinkKey::of(l) == LinkKey::of(link) && l.height != link.height
        });
        prop_assume!(!made(&next).any(|link| height_of(&link)));
        let mut heights: Vec<_> = made(&next).map(|l| (LinkKey::of(&l), l.height)).collect();
        heights.sort();
        heights.dedup();
        prop_assume!(heights.windows(2).all(|pair| pair[0].0 != pair[1].0));
        let mut links = scene.links.clone();
        links.extend(made(&next).filter(|made| !scene.links.contains(made)));
        links.sort_by_key(forensics::decisions::link_order);
        let mut clusters = made_of(&scene.links, rules_of(&scene, guard));
        let decisions = Decisions::new(&next).unwrap();
        let changed = clusters.rules().decisions.changed(&decisions, &links);
        clusters.set_decisions(decisions.clone(), &changed, |touched| links_among(touched, &links));
        let mut rules = ClusterRules { decisions, ..rules_of(&scene, guard) };
        prop_assert_eq!(found(&clusters), expected(&links, &rules, &next));
        clusters.set_entities(entities.clone(), |touched| links_among(touched, &links));
        rules.entities = entities;
        prop_assert_eq!(found(&clusters), expected(&links, &rules, &next));
    }

    #[test]
    fn a_day_in_the_past_is_what_it_was(scene in scene(), guard in 1..4u32, day in 0..N_HEIGHTS) {
        let rules = rules_of(&scene, guard);
        let clusters = made_of(&scene.links, rules.clone());
        let height = Height::new(day);
        let early: Vec<Link> =
            scene.links.iter().filter(|link| link.height <= height).copied().collect();
        let then = made_of(&early, rules.clone());
        for id in (0..N_ADDRESSES).map(address) {
            let part = clusters.tied([id]);
            let as_of = clusters_as_of(&links_among(&part, &scene.links), &rules, height);
            let members: Vec<AddressId> =
                (0..N_ADDRESSES).map(address).filter(|m| then.cluster_of(*m) == then.cluster_of(id)).collect();
            prop_assert_eq!(as_of.members(id), members);
            prop_assert_eq!(as_of.cluster_of(id), then.cluster_of(id));
            let held = then.held().iter().filter(|one| part.contains(&one.link.a)).copied();
            prop_assert_eq!(as_of.held, held.collect::<Vec<_>>());
        }
    }
}

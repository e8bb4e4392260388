//! Random links, entities and decisions about them, and the clusters that they make by plain lists.

use std::collections::{BTreeMap, BTreeSet};

use forensics::decisions::{Decision, DecisionId, DecisionKind, LinkKey, PERSON, link_order};
use forensics::{ClusterRules, HeldReason};
use ledger::{AddressId, Height, Link, TxIndex};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use tracehound_forensics as forensics;

pub const N_ADDRESSES: u32 = 14;
pub const N_HEIGHTS: u32 = 8;

/// Links in order, each key once; those that a person makes among them.
#[derive(Clone, Debug)]
pub struct Scene {
    pub links: Vec<Link>,
    pub entities: Vec<(AddressId, u32)>,
    pub log: Vec<Decision>,
}

pub fn address(id: u32) -> AddressId {
    AddressId::new(id)
}

pub fn link(height: u32, tx: u64, heuristic: u8, (a, b): (u32, u32)) -> Link {
    Link {
        tx: TxIndex::new(tx),
        height: Height::new(height),
        a: address(a.min(b)),
        b: address(a.max(b)),
        heuristic,
        confidence: [0.5, 0.9, 0.99, 1.0][(tx % 4) as usize],
        source: 0,
    }
}

fn random_link(heuristics: std::ops::Range<u8>) -> impl Strategy<Value = Link> {
    let ends = (0..N_ADDRESSES, 1..N_ADDRESSES).prop_map(|(a, step)| (a, (a + step) % N_ADDRESSES));
    (0..N_HEIGHTS, 0..9u64, heuristics, ends)
        .prop_map(|(height, tx, heuristic, ends)| link(height, tx, heuristic, ends))
}

fn in_order(links: impl IntoIterator<Item = Link>) -> Vec<Link> {
    let by_key: BTreeMap<LinkKey, Link> =
        links.into_iter().map(|link| (LinkKey::of(&link), link)).collect();
    let mut links: Vec<Link> = by_key.into_values().collect();
    links.sort_by_key(link_order);
    links
}

pub fn entities() -> impl Strategy<Value = Vec<(AddressId, u32)>> {
    btree_set((0..N_ADDRESSES, 0..3u32), 0..7)
        .prop_map(|rows| rows.into_iter().map(|(id, entity)| (address(id), entity)).collect())
}

/// A log of up to ten decisions, mostly about links of `links`.
pub fn log(links: &[Link]) -> impl Strategy<Value = Vec<Decision>> + use<> {
    let keys: Vec<LinkKey> = links.iter().map(LinkKey::of).collect();
    let heights = (0..N_HEIGHTS, 0..3u32).prop_map(|(h, n)| Height::new(h)..=Height::new(h + n));
    let named = prop::sample::select(keys);
    let entry = prop_oneof![
        named.clone().prop_map(DecisionKind::Accept),
        named.clone().prop_map(DecisionKind::Accept),
        named.clone().prop_map(DecisionKind::Refuse),
        named.prop_map(DecisionKind::Withdraw),
        (1..5u8, prop::option::of(heights.clone()))
            .prop_map(|(heuristic, heights)| DecisionKind::WithdrawRule { heuristic, heights }),
        heights.prop_map(DecisionKind::WithdrawHeights),
        random_link(PERSON..PERSON + 1).prop_map(DecisionKind::AcceptSuggestion),
        (0..10u32).prop_map(|id| DecisionKind::Revoke(DecisionId(id))),
        (0..10u32).prop_map(|id| DecisionKind::Revoke(DecisionId(id))),
    ];
    vec(entry, 0..10).prop_map(|kinds| {
        let mut log: Vec<Decision> = Vec::new();
        for kind in kinds {
            let id = DecisionId(u32::try_from(log.len()).unwrap() * 2);
            let kind = match kind {
                DecisionKind::Revoke(DecisionId(at)) => match at.checked_rem(id.0 / 2) {
                    Some(earlier) => DecisionKind::Revoke(DecisionId(earlier * 2)),
                    None => continue,
                },
                other => other,
            };
            log.push(Decision { id, kind });
        }
        log
    })
}

/// The links of a person among decisions.
pub fn made(log: &[Decision]) -> impl Iterator<Item = Link> + '_ {
    log.iter().filter_map(|decision| match &decision.kind {
        DecisionKind::AcceptSuggestion(link) => Some(*link),
        _ => None,
    })
}

pub fn scene() -> impl Strategy<Value = Scene> {
    let links = vec(random_link(1..5), 1..30).prop_map(in_order);
    links.prop_flat_map(|links| (log(&links), entities(), Just(links))).prop_map(
        |(log, entities, links)| {
            // A key has one height only; what is made twice is made the same.
            let mut heights = BTreeMap::new();
            let log: Vec<Decision> = log
                .into_iter()
                .map(|mut decision| {
                    if let DecisionKind::AcceptSuggestion(link) = &mut decision.kind {
                        link.height = *heights.entry(LinkKey::of(link)).or_insert(link.height);
                    }
                    decision
                })
                .collect();
            let links = in_order(links.into_iter().chain(made(&log)));
            Scene { links, entities, log }
        },
    )
}

/// Clusters by lists of members, and what is held: key, reason, clusters and sizes at the two ends.
#[derive(Debug, PartialEq)]
pub struct Folded {
    pub labels: Vec<u32>,
    pub held: Vec<(LinkKey, HeldReason, [u32; 2], [u32; 2])>,
}

/// The definition, word for word. `leaves_out` and `accepts` say what people decided.
pub fn folded(
    links: &[Link],
    rules: &ClusterRules,
    leaves_out: impl Fn(&Link) -> bool,
    accepts: impl Fn(&Link) -> bool,
) -> Folded {
    let mut clusters: Vec<BTreeSet<u32>> =
        (0..N_ADDRESSES).map(|id| BTreeSet::from([id])).collect();
    let mut held = Vec::new();
    for link in links.iter().filter(|link| !leaves_out(link)) {
        let of = |id: AddressId| clusters.iter().position(|c| c.contains(&id.get())).unwrap();
        let sides = [of(link.a), of(link.b)];
        if sides[0] == sides[1] {
            continue;
        }
        let entities = sides.map(|side| {
            let own = rules.entities.iter().filter(|row| clusters[side].contains(&row.0.get()));
            own.map(|row| row.1).collect::<BTreeSet<u32>>()
        });
        let conflict = !entities[0].is_subset(&entities[1]) && !entities[1].is_subset(&entities[0]);
        let sizes = sides.map(|side| u32::try_from(clusters[side].len()).unwrap());
        let large = sizes.iter().all(|size| *size >= rules.guard.cluster_addresses_min);
        if (conflict || large) && !accepts(link) {
            let names = sides.map(|side| *clusters[side].first().unwrap());
            let reason =
                if conflict { HeldReason::ConflictingEntities } else { HeldReason::LargeClusters };
            held.push((LinkKey::of(link), reason, names, sizes));
            continue;
        }
        let joined = &clusters[sides[0]] | &clusters[sides[1]];
        clusters[sides[0]] = joined;
        clusters.remove(sides[1]);
    }
    let label =
        |id| *clusters.iter().find(|cluster| cluster.contains(&id)).unwrap().first().unwrap();
    Folded { labels: (0..N_ADDRESSES).map(label).collect(), held }
}

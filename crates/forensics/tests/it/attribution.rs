//! One entity a cluster, chosen as the header says.

use forensics::{Attribution, Claim};
use ledger::{AddressId, Category, ClusterId};
use proptest::prelude::*;
use tracehound_forensics as forensics;

fn claim(cluster: u32, listed: bool, defines: bool, confidence: u8, category: &str) -> Claim {
    Claim {
        cluster: ClusterId::new(AddressId::new(cluster)),
        listed,
        defines_cluster: defines,
        confidence,
        category: Category::from_name(category).unwrap(),
        name: format!("{category} {}", confidence % 3),
        source: "pack p".to_owned(),
        source_version: "1".to_owned(),
    }
}

/// Clusters and their entities, as `cluster:name`.
#[track_caller]
fn check(claims: Vec<Claim>, expected: &str) {
    let found = Attribution::of(claims);
    let text = |(cluster, entity): &(ClusterId, ledger::EntityId)| {
        format!("{}:{}", cluster.get(), found.entities[entity.get() as usize].name)
    };
    assert_eq!(found.clusters.iter().map(text).collect::<Vec<_>>().join(", "), expected);
}

#[test]
fn the_strongest_claim_names_the_entity() {
    check(vec![], "");
    check(vec![claim(4, false, false, 50, "exchange")], "4:exchange 2");
    let tag = || claim(1, false, true, 99, "exchange");
    check(vec![tag(), claim(1, true, false, 0, "sanctioned")], "1:sanctioned 0");
    check(vec![claim(1, false, false, 99, "fraud"), tag()], "1:exchange 0");
    check(
        vec![claim(1, false, false, 60, "wallet"), claim(1, false, false, 70, "fraud")],
        "1:fraud 1",
    );
    check(
        vec![claim(1, false, false, 60, "wallet"), claim(1, false, false, 60, "theft")],
        "1:theft 0",
    );
}

#[test]
fn one_party_of_two_packs_is_one_entity() {
    let second = Claim { source: "pack q".to_owned(), ..claim(7, false, true, 50, "exchange") };
    let found = Attribution::of(vec![claim(3, false, false, 50, "exchange"), second]);
    assert_eq!(found.entities.len(), 1);
    assert_eq!(found.entities[0].source, "pack q");
    assert_eq!(found.by_label(8), [NO, NO, NO, 0, NO, NO, NO, 0]);
}

const NO: u32 = u32::MAX;

fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let categories = prop::sample::select(vec!["exchange", "fraud", "theft", "sanctioned"]);
    let one = (0u32..5, any::<bool>(), any::<bool>(), 0u8..4, categories);
    let one = one.prop_map(|(cluster, listed, defines, confidence, category)| {
        claim(cluster, listed, defines, confidence, category)
    });
    prop::collection::vec(one, 0..12)
}

/// Whether `a` goes before `b`, said once more.
fn goes_before(a: &Claim, b: &Claim) -> bool {
    if a.listed != b.listed {
        return a.listed;
    }
    if a.defines_cluster != b.defines_cluster {
        return a.defines_cluster;
    }
    if a.confidence != b.confidence {
        return a.confidence > b.confidence;
    }
    (a.category.number(), &a.name) < (b.category.number(), &b.name)
}

proptest! {
    #[test]
    fn no_claim_goes_before_the_chosen_one(claims in claims(), turn in 0usize..12) {
        let found = Attribution::of(claims.clone());
        for (cluster, entity) in &found.clusters {
            let row = &found.entities[entity.get() as usize];
            let own = || claims.iter().filter(|claim| claim.cluster == *cluster);
            let chosen = own().find(|claim| {
                claim.category == row.category
                    && claim.name == row.name
                    && !own().any(|other| goes_before(other, claim))
            });
            prop_assert!(chosen.is_some());
        }
        let mut clusters: Vec<_> = claims.iter().map(|claim| claim.cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();
        prop_assert_eq!(found.clusters.iter().map(|row| row.0).collect::<Vec<_>>(), clusters);
        let mut turned = claims;
        let len = turned.len().max(1);
        turned.rotate_left(turn % len);
        prop_assert_eq!(Attribution::of(turned), found);
    }
}

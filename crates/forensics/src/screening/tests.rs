#![allow(clippy::unwrap_used)]

use ledger::notation::Notation;
use ledger::{AddressId, ListingEvent, Timestamp};
use proptest::prelude::*;

use super::*;

fn listing(name: &str, entity: &str) -> Listing {
    Listing {
        list: "ofac-sdn".to_owned(),
        event: ListingEvent::Listed,
        address: Notation::address(name),
        address_text: name.to_owned(),
        label: "XBT".to_owned(),
        entity_id: entity.to_owned(),
        entity_name: entity.to_owned(),
        programs: String::new(),
        effective_at: Timestamp::new(0),
        known_at: Timestamp::new(0),
        list_version: String::new(),
    }
}

#[test]
fn every_entry_of_an_address_is_found_and_no_other() {
    let index = ListIndex::new(vec![listing("b", "2"), listing("a", "1"), listing("b", "1")]);
    #[track_caller]
    fn check(index: &ListIndex, name: &str, entities: &[&str]) {
        let found: Vec<_> =
            index.find(&Notation::address(name)).iter().map(|row| row.entity_id.as_str()).collect();
        assert_eq!(found, entities, "{name}");
    }
    check(&index, "a", &["1"]);
    check(&index, "b", &["1", "2"]);
    check(&index, "c", &[]);
    assert_eq!(index.addresses().count(), 2);
    assert!(ListIndex::default().find(&Notation::address("a")).is_empty());
}

proptest! {
    #[test]
    fn listed_members_are_those_that_a_linear_search_finds(
        labels in proptest::collection::vec(0u32..20, 0..20),
        listed in proptest::collection::vec(0u32..25, 0..20),
    ) {
        let ids: Vec<_> = listed.iter().map(|id| AddressId::new(*id)).collect();
        let clusters = ListedClusters::new(ids, &labels);
        for cluster in 0..25 {
            let mut expected: Vec<u32> = listed
                .iter()
                .copied()
                .filter(|id| *labels.get(*id as usize).unwrap_or(id) == cluster)
                .collect();
            expected.sort_unstable();
            expected.dedup();
            let found: Vec<_> = clusters
                .members_of(ClusterId::new(AddressId::new(cluster)))
                .map(AddressId::get)
                .collect();
            prop_assert_eq!(found, expected.clone());
            let named = clusters.clusters().any(|other| other.get().get() == cluster);
            prop_assert_eq!(named, !expected.is_empty());
        }
    }
}

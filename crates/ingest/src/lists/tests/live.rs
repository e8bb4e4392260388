//! The log of listings: what is in force, what a version changes, and that the events bring about just that.

use proptest::prelude::*;

use super::*;
use ledger::{Address, AddressFamily, Listing, ListingEvent};

fn import(log: &mut Vec<Listing>, next: &ParsedList, known_at: Timestamp) -> ListDiff {
    let current: Vec<Listing> = listings_as_of(log, None, None).into_iter().cloned().collect();
    let current: Vec<&Listing> =
        current.iter().filter(|listing| listing.list == next.list).collect();
    let difference = diff(&current, next);
    log.extend(events_for(&difference, next, log, known_at));
    difference
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::new(seconds)
}

fn listing(
    address: u8,
    party: &str,
    event: ListingEvent,
    effective_at: i64,
    known_at: i64,
) -> Listing {
    Listing {
        list: "l".to_owned(),
        event,
        address: Address::of_20(AddressFamily::Evm, [address; 20]),
        address_text: String::new(),
        label: String::new(),
        entity_id: party.to_owned(),
        entity_name: String::new(),
        programs: String::new(),
        effective_at: time(effective_at),
        known_at: time(known_at),
        list_version: String::new(),
    }
}

#[test]
fn lists_are_known_in_two_times() {
    use ListingEvent::{Delisted, Listed};
    // Tornado Cash: listed on day 10, known on day 11; delisted on day 50, known on day 52.
    let log = [listing(1, "a", Listed, 10, 11), listing(1, "a", Delisted, 50, 52)];
    let is_listed = |as_of: Option<i64>, known: Option<i64>| {
        listings_as_of(&log, as_of.map(time), known.map(time)).len() == 1
    };
    assert!(!is_listed(None, None));
    assert!(is_listed(Some(40), None), "it was in force on day 40");
    assert!(!is_listed(Some(50), None));
    assert!(is_listed(Some(51), Some(51)), "nobody knew of the delisting yet");
    assert!(!is_listed(Some(9), None));
    assert!(!is_listed(None, Some(10)));
}

#[test]
fn a_version_imported_twice_changes_nothing() {
    let mut log = Vec::new();
    let list = read(&[("a.xml", &advanced())]).unwrap();
    let first = import(&mut log, &list, NOW);
    // Two labels of one address of one party are one listing.
    assert_eq!((first.added.len(), first.removed.len()), (6, 0));
    assert!(log.iter().any(|listing| listing.label == "ETH;USDT"));
    assert!(log.iter().all(|listing| listing.effective_at < PUBLISHED && listing.known_at == NOW));
    let second = import(&mut log, &list, time(NOW.get() + 9));
    assert!(second.is_empty() && second.unchanged == 6, "{second:?}");
    // The other formats say the same, only without dates.
    let (sdn, comments) = csv_set();
    let xml = sdn_xml();
    for files in
        [&[("sdn.csv", sdn.as_str()), ("c.csv", comments.as_str())][..], &[("s.xml", xml.as_str())]]
    {
        let again = import(&mut log, &read(files).unwrap(), time(NOW.get() + 10));
        assert!(again.is_empty(), "{again:?}");
    }
    assert_eq!(log.len(), 6);
}

#[test]
fn a_list_without_parties_takes_no_names_away() {
    let files = plain();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let plain_list = read(&files).unwrap();
    let rich = read(&[("a.xml", &advanced())]).unwrap();

    let mut log = Vec::new();
    import(&mut log, &rich, NOW);
    let over = import(&mut log, &plain_list, time(NOW.get() + 1));
    assert!(over.is_empty(), "{over:?}");

    // The other way round, the nameless listings are replaced from their start.
    let mut log = Vec::new();
    let first = import(&mut log, &plain_list, NOW);
    assert_eq!(first.added.len(), 6);
    let over = import(&mut log, &rich, time(NOW.get() + 1));
    assert_eq!((over.added.len(), over.removed.len(), over.relabelled.len()), (0, 0, 6));
    let live = listings_as_of(&log, None, None);
    assert_eq!(live.len(), 6);
    assert!(live.iter().all(|listing| !listing.entity_name.is_empty()));
    let before = listings_as_of(&log, Some(PUBLISHED), Some(NOW));
    assert!(before.len() == 6 && before.iter().all(|listing| listing.entity_name.is_empty()));
}

#[test]
fn delisting_renaming_and_coming_back() {
    let mut log = Vec::new();
    let list = read(&[("a.xml", &advanced())]).unwrap();
    import(&mut log, &list, NOW);
    let later = |days: i64| time(PUBLISHED.get() + days * 86_400);
    let mut gone = list.clone();
    gone.published = Some(later(10));
    let lost = gone
        .entries
        .iter()
        .position(|entry| entry.label == "USDT" && entry.entity_id == "1003")
        .unwrap();
    let entry = gone.entries.remove(lost);
    gone.entries[0].entity_name = "RENAMED".to_owned();
    let difference = import(&mut log, &gone, later(11));
    assert_eq!((difference.removed.len(), difference.relabelled.len()), (1, 1));
    let delisted = log.iter().find(|event| event.event == ListingEvent::Delisted).unwrap();
    assert_eq!((delisted.address, delisted.effective_at), (entry.address, later(10)));
    assert_eq!(listings_as_of(&log, None, None).len(), 5);
    assert_eq!(listings_as_of(&log, Some(later(9)), None).len(), 6);

    let mut back = list.clone();
    back.published = Some(later(20));
    import(&mut log, &back, later(21));
    assert_eq!(listings_as_of(&log, None, None).len(), 6);
    assert_eq!(listings_as_of(&log, Some(later(15)), None).len(), 5, "it was off the list then");
}

#[test]
fn removals_need_consent_beyond_two_percent() {
    let of = |n: usize| ListDiff {
        removed: vec![listing(1, "a", ListingEvent::Listed, 1, 1); n],
        ..ListDiff::default()
    };
    for (n_removed, n_live, accepted, is_allowed) in [
        (0, 0, None, true),
        (0, 100, None, true),
        (2, 100, None, true),
        (3, 100, None, false),
        (1, 49, None, false),
        (25, 5000, None, true),
        (26, 5000, None, false),
        (26, 5000, Some(25), false),
        (26, 5000, Some(26), true),
        (100, 100, Some(100), true),
    ] {
        let result = removals_allowed(&of(n_removed), n_live, accepted);
        assert_eq!(result.is_ok(), is_allowed, "{n_removed} of {n_live}, {accepted:?}");
        if let Err(error) = result {
            assert!(error.hint().unwrap().ends_with(&format!("--accept-removals {n_removed}")));
        }
    }
}

/// The rule on `Listing`, word for word: every key, every event, the last one that counts.
fn naive(events: &[Listing], as_of: Option<i64>, known_at: Option<i64>) -> Vec<Listing> {
    let mut keys: Vec<_> =
        events.iter().map(|event| (event.address, event.entity_id.clone())).collect();
    keys.sort();
    keys.dedup();
    let mut live = Vec::new();
    for (address, party) in keys {
        let mut counts: Vec<_> = events
            .iter()
            .enumerate()
            .filter(|(_, event)| event.address == address && event.entity_id == party)
            .filter(|(_, event)| known_at.is_none_or(|bound| event.known_at.get() <= bound))
            .filter(|(_, event)| as_of.is_none_or(|bound| event.effective_at.get() <= bound))
            .collect();
        counts.sort_by_key(|(at, event)| (event.known_at, *at));
        if let Some((_, last)) =
            counts.last().filter(|(_, event)| event.event == ListingEvent::Listed)
        {
            live.push((*last).clone());
        }
    }
    live
}

fn any_list() -> impl Strategy<Value = ParsedList> {
    let base = read(&[("a.xml", &advanced())]).unwrap();
    let entry = base.entries[0].clone();
    proptest::collection::vec((0_u8..6, 0_u8..4, 0_u8..3), 1..12).prop_map(move |picks| {
        let mut list = base.clone();
        list.unmatched.clear();
        list.entries = picks
            .iter()
            .map(|(address, party, label)| ListEntry {
                address: Address::of_20(AddressFamily::Evm, [*address; 20]),
                entity_id: if *party == 0 { String::new() } else { party.to_string() },
                entity_name: String::new(),
                label: format!("T{label}"),
                ..entry.clone()
            })
            .collect();
        list
    })
}

proptest! {
    #[test]
    fn in_force_is_what_the_rule_says(
        picks in proptest::collection::vec((0_u8..3, 0_u8..2, any::<bool>(), 0_i64..6, 0_i64..6), 0..20),
        as_of in proptest::option::of(0_i64..6), known in proptest::option::of(0_i64..6),
    ) {
        let log: Vec<_> = picks
            .iter()
            .map(|(address, party, is_listed, effective, known)| {
                let event = if *is_listed { ListingEvent::Listed } else { ListingEvent::Delisted };
                listing(*address, &party.to_string(), event, *effective, *known)
            })
            .collect();
        let live: Vec<_> = listings_as_of(&log, as_of.map(time), known.map(time)).into_iter().cloned().collect();
        prop_assert_eq!(live, naive(&log, as_of, known));
    }

    #[test]
    fn the_events_bring_about_the_new_version(lists in proptest::collection::vec(any_list(), 1..6)) {
        let mut log = Vec::new();
        for (at, list) in lists.iter().enumerate() {
            let mut list = list.clone();
            let now = time(PUBLISHED.get() + i64::try_from(at).unwrap() * 100);
            list.published = Some(now);
            let difference = import(&mut log, &list, now);
            let live = listings_as_of(&log, None, None);
            // Every entry is in force, under its party or, if it names none, under whoever is listed there.
            for entry in &list.entries {
                let is_there = live.iter().any(|listing| {
                    listing.address == entry.address && (entry.entity_id.is_empty() || listing.entity_id == entry.entity_id)
                });
                prop_assert!(is_there, "{:?}", entry);
            }
            // And nothing else is.
            for listing in &live {
                let is_named = list.entries.iter().any(|entry| {
                    listing.address == entry.address && (entry.entity_id.is_empty() || listing.entity_id == entry.entity_id)
                });
                prop_assert!(is_named, "{:?}", listing);
            }
            prop_assert!(difference.unchanged <= live.len());
            let again = import(&mut log.clone(), &list, now);
            prop_assert!(again.is_empty(), "{:?}", again);
        }
    }
}

//! The list as it stands, the difference a new version makes, and the events that record it.
//!
//! In: the log of [`Listing`] events and a [`ParsedList`]. Out: the events to append.
//! Source: the rule on [`Listing`]: of each (list, address, party), the last event known and in force decides. "Last" is
//! the order of the log (by `known_at`, then position): a correction stands after what it corrects.
//! Departures: a list without parties is matched by address alone, so that importing it over a richer version takes no
//! name away; a richer version over a nameless one replaces the nameless events from their start.
//! Cost: O(n log n) in the events of the log.
//! Checked against: a naive evaluation in a property test, and round trips diff → events → live (`tests/live.rs`).

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Address, Listing, ListingEvent, Timestamp};

use super::error::{ListError, ListErrorKind};
use super::publication::{ListEntry, ParsedList};

/// More removals than this share of the live entries need consent.
const REMOVALS_PERCENT_MAX: usize = 2;
/// More removals than this need consent on a list of any length.
pub const REMOVALS_MAX: usize = 25;

/// Whether so many removals are a small part of so many entries.
pub fn is_small_share(n_removed: usize, n_live: usize) -> bool {
    n_removed * 100 <= n_live * REMOVALS_PERCENT_MAX
}

/// The party as the log tells parties apart: by identifier, else by name.
fn party_key<'a>(entity_id: &'a str, entity_name: &'a str) -> &'a str {
    if entity_id.is_empty() { entity_name } else { entity_id }
}

fn key_of(listing: &Listing) -> (Address, &str) {
    (listing.address, party_key(&listing.entity_id, &listing.entity_name))
}

/// The listings in force at `as_of`, as known at `known_at`; `None` sets no bound. In order of list, address, party.
pub fn listings_as_of(
    events: &[Listing],
    as_of: Option<Timestamp>,
    known_at: Option<Timestamp>,
) -> Vec<&Listing> {
    let mut last: BTreeMap<_, &Listing> = BTreeMap::new();
    let is_within =
        |time: Timestamp, bound: Option<Timestamp>| bound.is_none_or(|bound| time <= bound);
    for event in events {
        if !is_within(event.known_at, known_at) || !is_within(event.effective_at, as_of) {
            continue;
        }
        let (address, party) = key_of(event);
        let slot = last.entry((event.list.as_str(), address, party)).or_insert(event);
        if event.known_at >= slot.known_at {
            *slot = event;
        }
    }
    last.into_values().filter(|event| event.event == ListingEvent::Listed).collect()
}

/// An entry whose party, name, label or programs changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relabelled {
    /// The listing in force.
    pub before: Listing,
    /// The entry of the new version.
    pub after: ListEntry,
}

/// What a new version of a list changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListDiff {
    /// New entries: one an address and party, with all its labels.
    pub added: Vec<ListEntry>,
    /// Listings in force that the new version has no more.
    pub removed: Vec<Listing>,
    /// How many entries stay as they are.
    pub unchanged: usize,
    /// Entries that stay, with other metadata.
    pub relabelled: Vec<Relabelled>,
}

impl ListDiff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.relabelled.is_empty()
    }
}

/// Entries of a version by address and party; labels and programs of one party's address are joined.
fn merged(next: &ParsedList) -> BTreeMap<(Address, String), ListEntry> {
    let mut entries: BTreeMap<(Address, String), ListEntry> = BTreeMap::new();
    for entry in next.identifiers() {
        let key = (entry.address, party_key(&entry.entity_id, &entry.entity_name).to_owned());
        match entries.get_mut(&key) {
            None => {
                entries.insert(key, entry.clone());
            }
            Some(known) => {
                let mut labels: BTreeSet<&str> =
                    known.label.split(';').chain([entry.label.as_str()]).collect();
                labels.remove("");
                known.label = labels.into_iter().collect::<Vec<_>>().join(";");
                known.programs.extend(entry.programs.iter().cloned());
                known.programs.sort_unstable();
                known.programs.dedup();
                known.listed_at = known.listed_at.into_iter().chain(entry.listed_at).min();
            }
        }
    }
    entries
}

/// The difference between the listings in force (of this list) and a new version.
pub fn diff(current: &[&Listing], next: &ParsedList) -> ListDiff {
    let entries = merged(next);
    let live: BTreeMap<(Address, &str), &Listing> =
        current.iter().map(|listing| (key_of(listing), *listing)).collect();
    let mut by_address: BTreeMap<Address, Vec<&Listing>> = BTreeMap::new();
    for listing in live.values() {
        by_address.entry(listing.address).or_default().push(listing);
    }
    let mut kept: BTreeSet<(Address, &str)> = BTreeSet::new();
    let mut difference = ListDiff::default();
    for ((address, party), entry) in entries {
        let at_address = by_address.get(&address).map_or(&[][..], Vec::as_slice);
        if let Some(before) = live.get(&(address, party.as_str())) {
            kept.insert(key_of(before));
            if !is_same(before, &entry) {
                difference.relabelled.push(Relabelled { before: (*before).clone(), after: entry });
            }
        } else if party.is_empty() && !at_address.is_empty() {
            // The version names no party: whoever is listed under this address stays.
            kept.extend(at_address.iter().map(|listing| key_of(listing)));
        } else if let Some(before) =
            live.get(&(address, "")).filter(|before| !kept.contains(&key_of(before)))
        {
            kept.insert(key_of(before));
            difference.relabelled.push(Relabelled { before: (*before).clone(), after: entry });
        } else {
            difference.added.push(entry);
        }
    }
    difference.unchanged = kept.len() - difference.relabelled.len();
    let is_gone = |(key, _): &(&(Address, &str), &&Listing)| !kept.contains(*key);
    difference.removed =
        live.iter().filter(is_gone).map(|(_, listing)| (*listing).clone()).collect();
    difference
}

/// Whether a new entry says nothing else than the listing in force. What a version leaves empty it does not deny.
fn is_same(before: &Listing, after: &ListEntry) -> bool {
    let agrees = |before: &str, after: &str| after.is_empty() || before == after;
    agrees(&before.label, &after.label)
        && agrees(&before.entity_name, &after.entity_name)
        && agrees(&before.programs, &after.programs.join(";"))
}

/// Whether a new version may replace the live one: refuses it if it would remove more than 2 % of the `n_live`
/// entries or more than 25, unless the caller accepts that many.
///
/// # Errors
/// If consent is needed; the error names the first removals and the flag to pass.
pub fn removals_allowed(
    difference: &ListDiff,
    n_live: usize,
    accepted: Option<usize>,
) -> Result<(), ListError> {
    let n_removed = difference.removed.len();
    let is_small = is_small_share(n_removed, n_live) && n_removed <= REMOVALS_MAX;
    if is_small || accepted.is_some_and(|accepted| n_removed <= accepted) {
        return Ok(());
    }
    let shown = difference.removed.iter().take(5).map(|listing| {
        let name = &listing.entity_name;
        if name.is_empty() {
            listing.address_text.clone()
        } else {
            format!("{} ({name})", listing.address_text)
        }
    });
    let list = difference.removed.first().map_or("list", |listing| listing.list.as_str());
    let what = format!(
        "this version would remove {n_removed} of {n_live} listings, among them {}",
        shown.collect::<Vec<_>>().join(", ")
    );
    Err(ListError::new(ListErrorKind::Removals, list, what)
        .with_hint(format!("if these delistings are real, pass --accept-removals {n_removed}")))
}

/// Whether a new version is at least as new as the live one.
///
/// # Errors
/// If it is older.
pub fn not_older(live_published: Option<Timestamp>, next: &ParsedList) -> Result<(), ListError> {
    match (live_published, next.published) {
        (Some(live), Some(published)) if published < live => {
            let age_days = (live.get() - published.get()) / 86_400;
            let what = format!("this version is {age_days} days older than the one in force");
            Err(ListError::new(ListErrorKind::Stale, &next.list, what).with_hint(
                "fetch the present version; older ones are imported first, oldest to newest",
            ))
        }
        _ => Ok(()),
    }
}

/// The events that bring the log from the listings in force to the new version. `history` is the log so far: a party
/// that was delisted and comes back is in force from this publication, not from its first listing.
pub fn events_for(
    difference: &ListDiff,
    next: &ParsedList,
    history: &[Listing],
    known_at: Timestamp,
) -> Vec<Listing> {
    let now = next.published.unwrap_or(known_at);
    let was_delisted: BTreeSet<_> = history
        .iter()
        .filter(|event| event.list == next.list && event.event == ListingEvent::Delisted)
        .map(key_of)
        .collect();
    let mut events = Vec::new();
    for listing in &difference.removed {
        events.push(ended(listing, now, next, known_at));
    }
    for Relabelled { before, after } in &difference.relabelled {
        let is_same_party = key_of(before).1 == party_key(&after.entity_id, &after.entity_name);
        let mut since = before.effective_at;
        if !is_same_party {
            // The nameless listing never was: it is taken back from its start, and the named one stands instead.
            events.push(ended(before, before.effective_at, next, known_at));
            since = after.listed_at.unwrap_or(since);
        }
        events.push(started(after, since, next, known_at));
    }
    for entry in &difference.added {
        let key = (entry.address, party_key(&entry.entity_id, &entry.entity_name));
        let own_date = entry.listed_at.filter(|_| !was_delisted.contains(&key));
        events.push(started(entry, own_date.unwrap_or(now), next, known_at));
    }
    events
}

fn started(entry: &ListEntry, since: Timestamp, next: &ParsedList, known_at: Timestamp) -> Listing {
    Listing {
        list: next.list.clone(),
        event: ListingEvent::Listed,
        address: entry.address,
        address_text: entry.address_text.clone(),
        label: entry.label.clone(),
        entity_id: entry.entity_id.clone(),
        entity_name: entry.entity_name.clone(),
        programs: entry.programs.join(";"),
        effective_at: since,
        known_at,
        list_version: next.version_sha256.clone(),
    }
}

fn ended(listing: &Listing, since: Timestamp, next: &ParsedList, known_at: Timestamp) -> Listing {
    Listing {
        event: ListingEvent::Delisted,
        effective_at: since,
        known_at,
        list_version: next.version_sha256.clone(),
        ..listing.clone()
    }
}

//! What an import of packs takes away, and what it brings twice.
//!
//! A pack is known by the name of its file. So another file of the same name would put itself in its place, and everybody it
//! names be cleared without a word: the guard of lists against a shrink holds for packs too. Turned down: to know packs by their
//! title (packs of one title are common, and CSV has none) or by their path (one file, seen from two folders, would count twice).

use std::collections::{BTreeMap, BTreeSet};

use ingest::lists::{REMOVALS_MAX, is_small_share};
use ledger::{Address, Tag};

use crate::Error;

/// Addresses that a refusal names.
const SHOWN: usize = 5;

/// How many addresses the packs that are replaced named and now do not, each counted once a pack.
///
/// # Errors
/// If they are more than is accepted: with the first of them and what to pass.
pub(super) fn removed(old: &[Tag], new: &[Tag], accepted: Option<u64>) -> Result<u64, Error> {
    let (before, after) = (by_pack(old), by_pack(new));
    let none = BTreeMap::new();
    let (mut n_removed, mut is_small, mut shown) = (0_usize, true, Vec::new());
    for (pack, addresses) in &before {
        let kept = after.get(pack).unwrap_or(&none);
        let gone: Vec<&str> = addresses
            .iter()
            .filter(|(address, _)| !kept.contains_key(*address))
            .map(|(_, text)| *text)
            .collect();
        n_removed += gone.len();
        is_small &= is_small_share(gone.len(), addresses.len());
        shown.extend(gone.iter().take(SHOWN).map(|text| format!("{text} ({pack})")));
    }
    let is_allowed = accepted.is_some_and(|accepted| n_removed as u64 <= accepted);
    // A pack may lose a small part of its addresses, and all together few, without a word: as lists may.
    if is_allowed || (is_small && n_removed <= REMOVALS_MAX) {
        return Ok(n_removed as u64);
    }
    shown.truncate(SHOWN);
    Err(Error::Question {
        what: format!(
            "packs of these names would lose {n_removed} tagged addresses, among them {}",
            shown.join(", ")
        ),
        hint: Some(format!(
            "another pack of the same file name needs another name; if they are really taken back, pass --accept-removals {n_removed}"
        )),
    })
}

/// The addresses of each pack, with their text.
fn by_pack(tags: &[Tag]) -> BTreeMap<&str, BTreeMap<&Address, &str>> {
    let mut packs: BTreeMap<&str, BTreeMap<&Address, &str>> = BTreeMap::new();
    for tag in tags {
        packs.entry(&tag.pack).or_default().insert(&tag.address, &tag.address_text);
    }
    packs
}

/// New packs of which tags are held under another name of the same file: a file, taken in by itself and with its folder.
pub(super) fn twice(new: &[Tag], others: &[Tag]) -> Vec<String> {
    let file = |pack: &str| pack.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let key = |tag: &Tag| (tag.address, tag.label.clone(), tag.source.clone(), file(&tag.pack));
    let said: BTreeMap<_, &str> = others.iter().map(|tag| (key(tag), tag.pack.as_str())).collect();
    let pairs: BTreeSet<(&str, &str)> =
        new.iter().filter_map(|tag| Some((tag.pack.as_str(), *said.get(&key(tag))?))).collect();
    let text = |(pack, held): &(&str, &str)| {
        format!("{pack} says what {held} says, which is held: both count")
    };
    pairs.iter().map(text).collect()
}

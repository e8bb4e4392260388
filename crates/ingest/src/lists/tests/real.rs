//! Real copies of OFAC's list, read beside a few lines that count on their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ledger::AddressFamily;

use super::*;

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRACEHOUND_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let found = Some(root.join(path)).filter(|path| path.exists());
    if found.is_none() {
        say_skipped(path);
    }
    found
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn say_skipped(path: &str) {
    eprintln!("skipped: {path} is not under TRACEHOUND_DATA");
}

/// Identifiers of the CSV set by splitting at markers, with no CSV reader: entity and text.
fn counted_apart(sdn: &str, comments: &str) -> Vec<(String, String)> {
    let id = |line: &str| line.split(',').next().unwrap().to_owned();
    let rest: BTreeMap<String, &str> = comments
        .lines()
        .map(|line| {
            (id(line), line.split_once(",\"").map_or("", |(_, text)| text.trim_end_matches('"')))
        })
        .collect();
    let mut found = Vec::new();
    for line in sdn.lines() {
        let whole = format!(
            "{}{}",
            line.trim_end().trim_end_matches('"'),
            rest.get(&id(line)).unwrap_or(&"")
        );
        for after in whole.split("Digital Currency Address - ").skip(1) {
            let mut words = after.split([' ', ';', '"']).filter(|word| !word.is_empty());
            let _label = words.next();
            found.push((id(line), words.next().unwrap().trim_end_matches('.').to_owned()));
        }
    }
    found.sort();
    found
}

#[test]
fn the_csv_set_has_ninety_seven_identifiers_and_no_phantom() {
    let Some(folder) = data("labels/ofac/sdn") else { return };
    let list = read_list(std::slice::from_ref(&folder), &ReadOptions::default()).unwrap();
    let mut found: Vec<_> =
        identifiers(&list).into_iter().map(|(id, _, text)| (id, text)).collect();
    found.sort();
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(found, counted_apart(&text("sdn.csv"), &text("sdn_comments.csv")));
    assert_eq!((found.len(), list.entity_count), (97, 8976));
    assert!(found.iter().all(|(_, text)| text != "1Gq"));
    // A payment id, and a slip of OFAC's own: one digit short of an Ethereum address.
    let unmatched: Vec<_> =
        list.unmatched.iter().map(|unmatched| unmatched.entry.address_text.len()).collect();
    assert_eq!(unmatched, [64, 41]);
    // The copy is of several dates: what does not fit is said.
    assert!(
        list.warnings.iter().any(|warning| warning.what.contains("27307")),
        "{:?}",
        list.warnings
    );
    assert!(
        list.warnings.iter().any(|warning| warning.what.contains("12300")),
        "{:?}",
        list.warnings
    );
    let alone = read_list(&[folder.join("sdn.csv")], &ReadOptions::default()).unwrap_err();
    assert_eq!(alone.kind(), ListErrorKind::Incomplete);
}

#[test]
fn every_listed_address_of_2024_decodes_to_the_right_family() {
    let Some(folder) = data("labels/ofac/addresses-2024-09-27") else { return };
    let list = read_list(&[folder], &ReadOptions::default()).unwrap();
    assert_eq!(
        (list.list.as_str(), list.published, list.entity_count),
        ("ofac-sdn", Some(PUBLISHED), 641)
    );
    assert_eq!(list.unmatched.len(), 1);
    assert!(list.warnings.is_empty(), "{:?}", list.warnings);
    let mut by_label: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for entry in &list.entries {
        let kind = match entry.address.family() {
            AddressFamily::Evm => "evm",
            AddressFamily::Tron => "tron",
            AddressFamily::Monero => "monero",
            AddressFamily::Xrp => "xrp",
            _ => "bitcoin-like",
        };
        *by_label.entry(&entry.label).or_default().entry(kind).or_default() += 1;
    }
    let expected = [
        ("ARB", "evm", 1),
        ("BCH", "bitcoin-like", 7),
        ("BSC", "evm", 1),
        ("BSV", "bitcoin-like", 1),
        ("BTG", "bitcoin-like", 1),
        ("DASH", "bitcoin-like", 3),
        ("ETC", "evm", 1),
        ("ETH", "evm", 152),
        ("LTC", "bitcoin-like", 10),
        ("TRX", "tron", 6),
        ("USDC", "evm", 2),
        ("USDT", "bitcoin-like", 7),
        ("USDT", "evm", 8),
        ("USDT", "tron", 11),
        ("XBT", "bitcoin-like", 434),
        ("XBT", "tron", 1),
        ("XMR", "monero", 2),
        ("XRP", "xrp", 1),
        ("XVG", "bitcoin-like", 1),
        ("ZEC", "bitcoin-like", 3),
    ];
    let found: BTreeSet<_> = by_label
        .iter()
        .flat_map(|(label, kinds)| kinds.iter().map(|(kind, n)| (*label, *kind, *n)))
        .collect();
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn the_versions_of_four_dates_make_a_history() {
    let Some(history) = data("labels/ofac/history") else { return };
    let Some(last) = data("labels/ofac/addresses-2024-09-27") else { return };
    let mut log = Vec::new();
    let mut n_removed = 0;
    for folder in ["2021-02-15", "2022-11-09", "2023-11-22"]
        .map(|day| history.join(day))
        .into_iter()
        .chain([last])
    {
        let list = read_list(std::slice::from_ref(&folder), &ReadOptions::default()).unwrap();
        let current: Vec<_> = listings_as_of(&log, None, None).into_iter().cloned().collect();
        let current: Vec<_> = current.iter().collect();
        let difference = diff(&current, &list);
        n_removed += difference.removed.len();
        let known_at = list.published.unwrap();
        let events = events_for(&difference, &list, &log, known_at);
        log.extend(events);
        let addresses =
            |text: &mut dyn Iterator<Item = ledger::Address>| text.collect::<BTreeSet<_>>();
        let in_force =
            addresses(&mut listings_as_of(&log, None, None).iter().map(|listing| listing.address));
        assert_eq!(
            in_force,
            addresses(&mut list.identifiers().map(|entry| entry.address)),
            "{folder:?}"
        );
        // What was in force at this version stays answerable after the later ones.
        let then: BTreeSet<_> = listings_as_of(&log, Some(known_at), None)
            .iter()
            .map(|listing| listing.address)
            .collect();
        assert_eq!(then, in_force);
    }
    assert!(n_removed > 0, "real lists lose addresses too");
}

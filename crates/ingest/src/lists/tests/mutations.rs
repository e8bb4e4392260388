//! Damage of every kind to every format. A damaged file is refused, or it still says the same: what reaches the
//! listings is never less, other or more without a word.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use ledger::Listing;

/// What an import does: read, compare with the live list, refuse a step back or a suspicious shrink.
fn import(files: &[(&str, &str)], live: &[Listing]) -> Result<ParsedList, ListError> {
    let next = read(files)?;
    not_older(Some(PUBLISHED), &next)?;
    let current: Vec<_> = live.iter().collect();
    removals_allowed(&diff(&current, &next), current.len(), None)?;
    Ok(next)
}

fn live() -> Vec<Listing> {
    let first = read(&[("a.xml", &advanced())]).unwrap();
    events_for(&diff(&[], &first), &first, &[], NOW)
}

/// Party and address of every identifier.
fn addresses(list: &ParsedList) -> BTreeSet<(&str, ledger::Address)> {
    list.identifiers().map(|entry| (entry.entity_id.as_str(), entry.address)).collect()
}

/// Whether a damaged publication passes with other addresses than the sound one, and without a word: nothing more that
/// could not be decoded, no warning.
fn is_silent_loss(result: &Result<ParsedList, ListError>) -> bool {
    let sound = read(&[("a.xml", &advanced())]).unwrap();
    let is_silent = |list: &ParsedList| {
        list.warnings.is_empty() && list.unmatched.len() == sound.unmatched.len()
    };
    let is_less = |list: &ParsedList| !addresses(list).is_superset(&addresses(&sound));
    result.as_ref().is_ok_and(|list| {
        is_less(list) || (is_silent(list) && addresses(list) != addresses(&sound))
    })
}

/// A whole set with one file of it damaged.
fn with_damage(format: usize, damage: impl Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let (sdn, comments) = csv_set();
    match format {
        0 => vec![("a.xml", damage(&advanced()))],
        1 => vec![("s.xml", damage(&sdn_xml()))],
        2 => vec![("sdn.csv", damage(&sdn)), ("c.csv", comments)],
        _ => vec![("sdn.csv", sdn), ("c.csv", damage(&comments))],
    }
}

#[track_caller]
fn check_not_silent(format: usize, what: &str, live: &[Listing], damage: impl Fn(&str) -> String) {
    let files = with_damage(format, damage);
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let result = import(&files, live);
    assert!(!is_silent_loss(&result), "format {format}, {what}: accepted in silence");
}

/// Damage that must be refused, whatever list is live: pattern, replacement, kind of error.
const REFUSED: &[(usize, &str, &str, ListErrorKind)] = {
    use ListErrorKind::{Count, Incomplete, Malformed, Namespace, Truncated, Unrecognized};
    &[
        (0, "exports/ADVANCED_XML", "exports/OTHER_XML", Namespace),
        (0, " xmlns=\"https", " xmlns:o=\"https", Namespace),
        (0, "</Sanctions>\n", "", Truncated),
        (0, "</SanctionsEntries>\n<SanctionsEntryLinks />\n</Sanctions>\n", "", Truncated),
        (0, "<Sanctions xmlns:xsi", "<Sanction xmlns:xsi", Unrecognized),
        (0, "<Year>2024</Year>", "", Malformed),
        (
            0,
            "<Month>9</Month><Day>27</Day></DateOfIssue>",
            "<Month>13</Month><Day>27</Day></DateOfIssue>",
            Malformed,
        ),
        (
            0,
            "<DateOfIssue CalendarTypeID=\"1\"><Year>2024</Year><Month>9</Month><Day>27</Day></DateOfIssue>",
            "",
            Incomplete,
        ),
        (0, "Digital Currency Address - XBT", "Digital Currency Adress - XBT", Malformed),
        (0, "Digital Currency Address - XBT", "digital currency address - XBT", Malformed),
        (0, "<FeatureType ID=\"344\"", "<FeatureType ID=\"3440\"", Malformed),
        (0, "<FeatureType ID=\"344\"", "<FeatureType ID=\"345\"", Malformed),
        (0, "<FeatureType ID=\"344\"", "<FeatureType", Malformed),
        (0, "<FeatureType ID=\"344\"", "<FeaturType ID=\"344\"", Malformed),
        (0, " FeatureTypeID=\"344\">", ">", Malformed),
        (0, " FeatureTypeID=\"344\">", " FeatureTypID=\"344\">", Malformed),
        (
            0,
            "<VersionDetail DetailTypeID=\"1432\">12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</VersionDetail>",
            "",
            Malformed,
        ),
        (0, ">12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz<", "><", Malformed),
        (
            0,
            ">12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz<",
            "><b>12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</b><",
            Malformed,
        ),
        (0, "<Profile ID=\"1003\"", "<Profile ID=\"1001\"", Malformed),
        (0, "<Profile ID=\"1003\"", "<Profile", Malformed),
        (0, "ProfileID=\"1003\"", "ProfileID=\"1004\"", Malformed),
        (0, "ProfileID=\"1003\"", "ProfileID=\"1002\"", Incomplete),
        (0, "<DistinctParties>", "<DistinctParties><Other/>", Malformed),
        (0, "</DistinctParties>", "</DistinctPartie>", Malformed),
        (0, "<Locations>", "<Locations><Feature FeatureTypeID=\"344\"/>", Malformed),
        (0, "&amp;", "&", Malformed),
        (1, "exports/XML", "exports/ADVANCED_XML", Namespace),
        (1, "</sdnList>\n", "", Truncated),
        (1, "<Record_Count>3<", "<Record_Count>4<", Count),
        (1, "<Record_Count>3<", "<Record_Count>three<", Malformed),
        (1, "<Record_Count>3</Record_Count>", "", Incomplete),
        (1, "09/27/2024", "2024-09-27", Malformed),
        (1, "09/27/2024", "09/31/2024", Malformed),
        (1, "<uid>1003</uid>", "<uid>1001</uid>", Malformed),
        (1, "<uid>1003</uid>", "", Malformed),
        (1, "<uid>1003</uid>", "<uid>x</uid>", Malformed),
        (1, "<idType>Digital Currency Address - XBT</idType>", "", Malformed),
        (1, "Digital Currency Address - XBT", "Digital Curency Address - XBT", Malformed),
        (1, "<idNumber>12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</idNumber>", "", Malformed),
        (1, "<idNumber>12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz<", "<idNumber><", Malformed),
        (1, "<id><uid>7", "<ID><uid>7", Malformed),
        (1, "<idList>", "<remarks><idList>", Malformed),
        (1, "<lastName>LIFSHITS</lastName>", "", Malformed),
        (1, "<publshInformation>", "<publishInformation>", Malformed),
        (2, "\r\n\u{1a}", "\r\n", Truncated),
        (2, "1003,", "1001,", Malformed),
        (2, "1003,", "x1003,", Malformed),
        (2, "1003,", ",", Malformed),
        (2, "\"CYBER2\",-0- ,", "\"CYBER2\",", Malformed),
        (2, "\"CYBER2\",-0- ,", "\"CYBER2\",-0- ,-0- ,", Malformed),
        (2, "Gender Male; ", "Gender Male\"; ", Malformed),
        (2, "Gender Male; ", "Gender\r\nMale; ", Malformed),
        (2, "Gender Male; ", "Gender\u{0}Male; ", Malformed),
        (2, "\"LIFSHITS, Artem Mikhaylovich\"", "\"LIFSHITS, Artem Mikhaylovich", Malformed),
        (2, "\"LIFSHITS, Artem Mikhaylovich\"", "-0- ", Malformed),
        (2, "Digital Currency Address - XBT 12u", "Digital Currency Address -XBT 12u", Malformed),
        (2, "Digital Currency Address - XBT 12u", "Digital Currency Address - XBT 12 u", Malformed),
        (
            2,
            "Digital Currency Address - XBT 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz",
            "Digital Currency Address - XBT",
            Malformed,
        ),
        (2, "PLhz; alt.", "PLhz, alt.", Malformed),
        (3, "1003,", "1002,", Incomplete),
        (3, "1003,", "1003,1,", Unrecognized),
        (3, "\r\n\u{1a}", "\r\n", Truncated),
        (3, "1003,\"", "1003,", Malformed),
    ]
};

#[test]
fn sixty_mutations_are_refused_by_name() {
    assert!(REFUSED.len() >= 60);
    for (format, pattern, replacement, kind) in REFUSED {
        let damage = |text: &str| text.replace(pattern, replacement);
        let files = with_damage(*format, damage);
        assert_ne!(
            files,
            with_damage(*format, str::to_owned),
            "format {format} has no {pattern:?}"
        );
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let error = read(&files).expect_err(pattern);
        assert_eq!(error.kind(), *kind, "format {format}, {pattern:?} -> {replacement:?}: {error}");
    }
}

#[test]
fn no_line_can_be_lost_doubled_or_swapped_in_silence() {
    let live = live();
    for format in 0..4 {
        let whole = with_damage(format, str::to_owned);
        let text = &whole[usize::from(format == 3)].1;
        for at in 0..text.lines().count() {
            let kept = |text: &str, keep: &dyn Fn(usize, &str) -> Vec<String>| -> String {
                text.split_inclusive('\n').enumerate().flat_map(|(n, line)| keep(n, line)).collect()
            };
            check_not_silent(format, &format!("line {at} lost"), &live, |text| {
                kept(text, &|n, line| if n == at { vec![] } else { vec![line.to_owned()] })
            });
            check_not_silent(format, &format!("line {at} doubled"), &live, |text| {
                kept(text, &|n, line| vec![line.to_owned(); if n == at { 2 } else { 1 }])
            });
        }
    }
}

#[test]
fn no_truncation_passes_in_silence() {
    let live = live();
    for format in 0..4 {
        let whole = with_damage(format, str::to_owned);
        let text = &whole[usize::from(format == 3)].1;
        for share in 0..60 {
            let mut end = text.len() * share / 60;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            check_not_silent(format, &format!("cut at byte {end}"), &live, |text| {
                text[..end].to_owned()
            });
        }
    }
}

#[test]
fn stale_and_shrunken_lists_are_refused() {
    let live = live();
    let older = advanced().replace(
        "<Year>2024</Year><Month>9</Month><Day>27",
        "<Year>2024</Year><Month>9</Month><Day>26",
    );
    let error = import(&[("a.xml", &older)], &live).unwrap_err();
    assert_eq!(error.kind(), ListErrorKind::Stale);
    assert!(error.to_string().contains("1 days older"), "{error}");
    // A whole party and its entry are gone: the file is sound in itself.
    let start = advanced().find("<DistinctParty FixedRef=\"1003\">").unwrap();
    let end = advanced().find("</DistinctParties>").unwrap();
    let mut shrunken = advanced();
    shrunken.replace_range(start..end, "");
    let shrunken = shrunken.replace(&sanctions_entry(1003, 2021, &["CYBER2"]), "");
    let error = import(&[("a.xml", &shrunken)], &live).unwrap_err();
    assert_eq!(error.kind(), ListErrorKind::Removals);
    assert!(error.hint().unwrap().contains("--accept-removals 3"), "{:?}", error.hint());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    #[test]
    fn no_changed_byte_passes_in_silence(
        format in 0_usize..4, at in any::<prop::sample::Index>(), byte in 1_u8..128, mode in 0_u8..3,
    ) {
        let live = live();
        let files = with_damage(format, |text| {
            let at = at.index(text.len());
            if !text.is_char_boundary(at) || !text.is_char_boundary(at + 1) {
                return text.to_owned();
            }
            let new = char::from(byte).to_string();
            let mut text = text.to_owned();
            match mode {
                0 => text.replace_range(at..=at, &new),
                1 => text.replace_range(at..=at, ""),
                _ => text.insert_str(at, &new),
            }
            text
        });
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let result = import(&files, &live);
        prop_assert!(!is_silent_loss(&result), "{:?}", result.map(|list| (identifiers(&list), list.warnings)));
    }

    #[test]
    fn no_bytes_make_it_panic(text in "\\PC{0,200}", kind in 0_usize..5) {
        let head = ["<Sanctions xmlns=\"http://www.un.org/sanctions/1.0\">", "<sdnList>", "1001,\"", "address,date\n", ""][kind];
        let text = format!("{head}{text}");
        let result = read(&[("x", text.as_str())]);
        prop_assert!(result.is_err() || result.is_ok_and(|list| !list.entries.is_empty()));
    }
}

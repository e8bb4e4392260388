//! Every format gives the same list; hostile and odd files give the right error or warning.

use std::collections::BTreeSet;

use ledger::AddressFamily;

use super::*;

fn check_list(list: &ParsedList, format: ListFormat) {
    assert_eq!(list.format, format);
    assert_eq!(identifiers(list), expected());
    assert_eq!((list.list.as_str(), list.entity_count), ("ofac-sdn", 3));
    assert!(list.warnings.is_empty(), "{:?}", list.warnings);
    let unmatched: Vec<_> =
        list.unmatched.iter().map(|unmatched| unmatched.entry.label.as_str()).collect();
    assert_eq!(unmatched, ["XMR"]);
    assert_eq!(list.unmatched[0].entry.address.family(), AddressFamily::Opaque);
    let parties: BTreeSet<_> = list
        .identifiers()
        .map(|entry| {
            (entry.entity_name.as_str(), entry.entity_kind.as_str(), entry.programs.join(";"))
        })
        .collect();
    let expected = [
        ("BAD & CO.", "entity", "CYBER2".to_owned()),
        ("LIFSHITS, Artem Mikhaylovich", "individual", "CYBER2;ELECTION-EO13848".to_owned()),
    ];
    assert_eq!(parties, BTreeSet::from(expected));
}

#[test]
fn every_ofac_format_gives_the_same_list() {
    let list = read(&[("SDN_ADVANCED.XML", &advanced())]).unwrap();
    check_list(&list, ListFormat::OfacAdvancedXml);
    assert_eq!(list.published, Some(PUBLISHED));
    let listed: BTreeSet<_> =
        list.identifiers().map(|entry| (entry.entity_id.as_str(), entry.listed_at)).collect();
    let expected = [
        ("1001", Some(Timestamp::new(1_599_696_000))),
        ("1003", Some(Timestamp::new(1_631_232_000))),
    ];
    assert_eq!(listed, BTreeSet::from(expected));
    assert_eq!(list.version_sha256.len(), 64);

    let list = read(&[("SDN.XML", &sdn_xml())]).unwrap();
    check_list(&list, ListFormat::OfacXml);
    assert_eq!((list.published, list.record_count), (Some(PUBLISHED), Some(3)));

    let (sdn, comments) = csv_set();
    let list = read(&[("sdn_comments.csv", &comments), ("sdn.csv", &sdn)]).unwrap();
    check_list(&list, ListFormat::OfacCsv);
    assert_eq!(list.published, None);
    let dated = ReadOptions { published: Some(PUBLISHED), ..ReadOptions::default() };
    assert_eq!(
        read_with(&[("sdn.csv", &sdn), ("c.csv", &comments)], &dated).unwrap().published,
        Some(PUBLISHED)
    );
}

#[test]
fn formats_of_one_publication_must_agree() {
    let (sdn, comments) = csv_set();
    let (xml, legacy) = (advanced(), sdn_xml());
    let all =
        [("sdn.csv", sdn.as_str()), ("c.csv", &comments), ("s.xml", &legacy), ("a.xml", &xml)];
    let list = read(&all).unwrap();
    check_list(&list, ListFormat::OfacAdvancedXml);
    assert_eq!(list.agrees_with, [ListFormat::OfacXml, ListFormat::OfacCsv]);
    let fewer = xml.replace(&feature(344, IDENTIFIERS[3].2), "");
    let error = read(&[("s.xml", &legacy), ("a.xml", &fewer)]).unwrap_err();
    assert_eq!(error.kind(), ListErrorKind::Disagreement);
    assert!(error.to_string().contains(IDENTIFIERS[3].2), "{error}");
    let other_day = legacy.replace("09/27/2024", "09/28/2024");
    assert_eq!(
        read(&[("s.xml", &other_day), ("a.xml", &xml)]).unwrap_err().kind(),
        ListErrorKind::Disagreement
    );
    let plain_beside = read(&[("a.xml", &xml), ("x.txt", IDENTIFIERS[2].2)]).unwrap_err();
    assert_eq!(plain_beside.kind(), ListErrorKind::Disagreement);
    assert_eq!(
        read(&[("a.xml", &xml), ("b.xml", &xml)]).unwrap_err().kind(),
        ListErrorKind::Disagreement
    );
}

#[test]
fn plain_lists_take_label_and_date_from_their_path() {
    let files = plain();
    let borrowed: Vec<_> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let list = read(&borrowed).unwrap();
    assert_eq!((list.format, list.list.as_str()), (ListFormat::PlainAddresses, "ofac-sdn"));
    assert_eq!((list.published, list.entity_count), (Some(PUBLISHED), 6));
    let found: BTreeSet<_> =
        identifiers(&list).into_iter().map(|(_, label, text)| (label, text)).collect();
    let texts: BTreeSet<_> = expected().into_iter().map(|(_, label, text)| (label, text)).collect();
    assert_eq!(found, texts);
    let other = [("lists/2023-11-22/x_XBT.txt", IDENTIFIERS[2].2), borrowed[0]];
    assert_eq!(read(&other).unwrap_err().kind(), ListErrorKind::Disagreement);
    assert_eq!(
        read(&[("notes.txt", "hello\nworld\n")]).unwrap_err().kind(),
        ListErrorKind::Unrecognized
    );
    let own = read(&[("blocked.txt", "# ours\n12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz\n")]).unwrap();
    assert_eq!(
        (own.list.as_str(), own.published, own.entries[0].label.as_str()),
        ("blocked", None, "")
    );
}

#[test]
fn address_csv_with_a_header() {
    let text = "Address,Date,Entity,Label\n12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz,2020-09-10,\"Lifshits, A.\",XBT\n\
                TBHTJqAy4DhHhmT3dNceJYNRz4SdLofLre,,Bad,USDT\n";
    let list = read(&[("court.csv", text)]).unwrap();
    assert_eq!(
        (list.format, list.list.as_str(), list.entity_count),
        (ListFormat::AddressCsv, "court", 2)
    );
    assert_eq!(list.entries[0].entity_name, "Lifshits, A.");
    assert_eq!(list.entries[0].listed_at, Some(Timestamp::new(1_599_696_000)));
    for broken in [
        "address,colour\nx,y\n",
        "address,date\n12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz,10.9.2020\n",
        "address,date\n12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz\n",
        "address,entity\n,Bad\n",
        "address,entity\n",
        "address,entity\n12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz,\"Bad\n",
    ] {
        assert!(read(&[("court.csv", broken)]).is_err(), "{broken}");
    }
}

#[test]
fn the_old_namespaces_are_read_too() {
    let old = advanced().replace(
        "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/ADVANCED_XML",
        "http://www.un.org/sanctions/1.0",
    );
    assert_eq!(identifiers(&read(&[("a.xml", &old)]).unwrap()), expected());
    let old = sdn_xml().replace(
        "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML",
        "http://tempuri.org/sdnList.xsd",
    );
    assert_eq!(identifiers(&read(&[("s.xml", &old)]).unwrap()), expected());
    let mark = format!("\u{feff}{}", sdn_xml());
    assert_eq!(identifiers(&read(&[("s.xml", &mark)]).unwrap()), expected());
}

#[test]
fn a_new_ticker_is_read_and_reported() {
    let text =
        advanced().replace("Digital Currency Address - ETH", "Digital Currency Address - NEWCOIN");
    let list = read(&[("a.xml", &text)]).unwrap();
    assert_eq!(list.entries.len(), 6);
    assert!(
        list.warnings.iter().any(|warning| warning.what.contains("NEWCOIN")),
        "{:?}",
        list.warnings
    );
}

#[test]
fn a_cut_remark_needs_its_rest() {
    let (sdn, comments) = csv_set();
    let alone = read(&[("sdn.csv", &sdn)]).unwrap_err();
    assert_eq!(alone.kind(), ListErrorKind::Incomplete);
    assert!(alone.hint().unwrap().contains("sdn_comments.csv"));
    let other = comments.replace("1003", "1002");
    assert_eq!(
        read(&[("sdn.csv", &sdn), ("c.csv", &other)]).unwrap_err().kind(),
        ListErrorKind::Incomplete
    );
    // A comment for a whole remark, or for nobody, is a sign of files of two dates.
    let stray =
        comments.replace('\u{1a}', "9999,\"x; Digital Currency Address - XBT 1x.\"\r\n\u{1a}");
    let list = read(&[("sdn.csv", &sdn), ("c.csv", &stray)]).unwrap();
    assert_eq!(identifiers(&list), expected());
    assert!(
        list.warnings[0].what.contains("9999") && list.warnings[0].what.contains("1 addresses")
    );
    let unterminated = sdn.trim_end_matches('\u{1a}');
    let error = read(&[("sdn.csv", unterminated), ("c.csv", &comments)]).unwrap_err();
    assert_eq!(error.kind(), ListErrorKind::Truncated);
    let accept = ReadOptions { accept_unterminated: true, ..ReadOptions::default() };
    let list = read_with(&[("sdn.csv", unterminated), ("c.csv", &comments)], &accept).unwrap();
    assert_eq!(identifiers(&list), expected());
}

#[test]
fn comment_rows_of_one_entity_are_joined_in_order() {
    let (sdn, comments) = csv_set();
    let rest = comments.strip_prefix("1003,\"").unwrap();
    let (one, two) = rest.split_at(60);
    let split = format!("1003,\"{one}\"\r\n1003,\"{two}");
    assert_eq!(identifiers(&read(&[("sdn.csv", &sdn), ("c.csv", &split)]).unwrap()), expected());
}

#[test]
fn side_files_are_counted() {
    let (sdn, comments) = csv_set();
    let add =
        "1001,25,-0- ,\"Havana\",\"Cuba\",-0- \r\n7777,25,-0- ,\"Havana\",\"Cuba\",-0- \r\n\u{1a}";
    let alt = "1001,12,\"aka\",\"X\",-0- \r\n\u{1a}";
    let list = read(&[("sdn.csv", &sdn), ("c.csv", &comments), ("add.csv", add), ("alt.csv", alt)])
        .unwrap();
    assert_eq!(list.warnings.len(), 1);
    assert!(list.warnings[0].to_string().starts_with("add.csv: 1 rows"), "{}", list.warnings[0]);
    let short = "1001,12,\"aka\",\"X\"\r\n1001,12,\"aka\",\"X\",-0- \r\n\u{1a}";
    assert!(read(&[("sdn.csv", &sdn), ("c.csv", &comments), ("alt.csv", short)]).is_err());
}

#[test]
fn hostile_xml_is_refused() {
    let xml = advanced();
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    let doctype = "<!DOCTYPE Sanctions [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    let deep = format!("<Comment>{}{}</Comment>", "<a>".repeat(100), "</a>".repeat(100));
    for (text, part) in [
        (xml.replace(head, &format!("{head}{doctype}")), "document type"),
        (xml.replace(IDENTIFIERS[2].2, "&xxe;"), "entity"),
        (xml.replacen("<Comment />", &deep, 1), "deep"),
        (xml.replace("encoding=\"utf-8\"", "encoding=\"utf-16\""), "UTF-8"),
        (format!("{xml}<Sanctions/>"), "root"),
        (format!("{xml}tail"), "text"),
        (xml.replace("<DistinctParties>", "junk<DistinctParties>"), "text beside"),
    ] {
        let error = read(&[("a.xml", &text)]).expect_err(part);
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
    assert_eq!(read(&[("x.xml", "<other/>")]).unwrap_err().kind(), ListErrorKind::Unrecognized);
    assert_eq!(read(&[("x.xml", "")]).unwrap_err().kind(), ListErrorKind::Truncated);
    assert_eq!(read(&[]).unwrap_err().kind(), ListErrorKind::Incomplete);
}

#[test]
fn an_address_under_another_name_is_reported() {
    let stray = advanced()
        .replace(&feature(1, "CL2192"), &feature(1, "1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo"));
    let list = read(&[("a.xml", &stray)]).unwrap();
    assert!(list.warnings[0].what.contains("looks like an address"), "{:?}", list.warnings);
    let stray = sdn_xml().replace("<idNumber>Male", "<idNumber>1Kuf2Rd8mDyAViwBozGTNYnvWL8uYFrkVo");
    assert!(read(&[("s.xml", &stray)]).unwrap().warnings[0].what.contains("looks like an address"));
}

#[test]
fn no_xml_without_a_date_unless_the_caller_knows_it() {
    let undated = sdn_xml().replace("<Publish_Date>09/27/2024</Publish_Date>", "");
    assert_eq!(read(&[("s.xml", &undated)]).unwrap_err().kind(), ListErrorKind::Incomplete);
    let options = ReadOptions {
        published: Some(PUBLISHED),
        list: Some("mine".to_owned()),
        ..ReadOptions::default()
    };
    let list = read_with(&[("s.xml", &undated)], &options).unwrap();
    assert_eq!((list.list.as_str(), list.published), ("mine", Some(PUBLISHED)));
    let options = ReadOptions { published: Some(NOW), ..ReadOptions::default() };
    let error = read_with(&[("s.xml", &sdn_xml())], &options).unwrap_err();
    assert_eq!(error.kind(), ListErrorKind::Disagreement);
}

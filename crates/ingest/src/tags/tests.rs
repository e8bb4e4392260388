#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger::{Address, AddressFamily, Tag, Timestamp, parse_address};

use super::*;

const NOW: Timestamp = Timestamp::new(1_700_000_000);
const BTC: &str = "1Archive1n2C579dMsAu3iC6tWzuQJz8dN";
const EVM: &str = "0xFA8E3920daF271daB92Be9B87d9998DDd94FEF08";

fn read(text: &str) -> TagPackReport {
    read_tag_pack(text.as_bytes(), "test", NOW).unwrap_or_else(|error| panic!("{error}"))
}

fn only(text: &str) -> Tag {
    let report = read(text);
    assert_eq!((report.tags.len(), report.refused.len()), (1, 0), "{:?}", report.refused);
    report.tags[0].clone()
}

#[test]
fn a_tag_inherits_from_the_header_and_overrides_it() {
    let report = read(&format!(
        "title: Third\ncreator: John Doe\nlastmod: 2019-03-15\nlabel: Internet Archive\n\
         source: https://archive.org\ncategory: organization\nconfidence: service_data\n\
         is_cluster_definer: true\nactor: internet_archive\ntags:\n\
         - address: {BTC}\n  currency: BTC\n\
         - address: '{EVM}'\n  currency: ETH\n  lastmod: 2019-04-16 12:00:01.5\n  label: Other\n  \
         is_cluster_definer: false\n  confidence: ownership\n  abuse: scam\n  concepts: [donation, scam]\n"
    ));
    assert_eq!((report.title.as_str(), report.creator.as_str()), ("Third", "John Doe"));
    let [first, second] = &report.tags[..] else { panic!("{report:?}") };
    let expected = Tag {
        address: parse_address(BTC).unwrap().address,
        address_text: BTC.to_owned(),
        network: "BTC".to_owned(),
        label: "Internet Archive".to_owned(),
        category: "organization".to_owned(),
        concepts: "organization".to_owned(),
        actor: "internet_archive".to_owned(),
        source: "https://archive.org".to_owned(),
        confidence_name: "service_data".to_owned(),
        confidence: 50,
        defines_cluster: true,
        pack: "test".to_owned(),
        creator: "John Doe".to_owned(),
        modified_at: Some(Timestamp::new(1_552_608_000)),
        known_at: NOW,
    };
    assert_eq!(*first, expected);
    assert_eq!((second.label.as_str(), second.confidence), ("Other", 100));
    assert_eq!(
        (second.category.as_str(), second.concepts.as_str()),
        ("scam", "donation;scam;organization")
    );
    assert!(!second.defines_cluster);
    assert_eq!(second.modified_at, Some(Timestamp::new(1_555_416_001)));
    assert!(report.count_by_remark.is_empty() && report.count_by_reason.is_empty());
}

#[test]
fn scalars_keep_their_text() {
    // Without quotes other readers make numbers of these.
    let tag = only(&format!(
        "creator: x\nsource: s\nconfidence: 40\ntags:\n- address: {EVM}\n  label: 0017\n  network: eth\n  lastmod: 2022-10-1\n"
    ));
    assert_eq!(tag.address, parse_address(EVM).unwrap().address);
    assert_eq!((tag.label.as_str(), tag.confidence), ("0017", 40));
    assert_eq!(tag.modified_at, Some(Timestamp::new(1_664_582_400)));
}

#[test]
fn anchors_merge_keys_nested_tags_and_several_addresses() {
    let report = read(&format!(
        "base: &base {{label: L, source: S, confidence: forensic, currency: BTC}}\ntags:\n\
         - <<: *base\n  address: {BTC}\n\
         - label: group\n  <<: *base\n  tags:\n  - address: [{BTC}, 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2]\n  \
         - addresses:\n    - 34xp4vRoCGJym3xR7yCVPFHoCNxv4Twseo\n    label: own\n"
    ));
    let labels: Vec<_> = report.tags.iter().map(|tag| tag.label.as_str()).collect();
    assert_eq!(labels, ["L", "group", "group", "own"]);
    assert!(report.refused.is_empty());
    assert_eq!(report.duplicates, 0);
    let header = read(&format!(
        "header:\n  label: L\n  source: S\n  confidence: forensic\ntags:\n- address: {BTC}\n- address: {BTC}\n"
    ));
    assert_eq!((header.tags.len(), header.duplicates), (2, 1));
}

#[test]
fn every_refusal_is_named_and_counted() {
    let report = read(&format!(
        "source: s\nconfidence: web_crawl\ncurrency: BTC\ntags:\n\
         - just text\n\
         - label: no address\n\
         - label: tx\n  tx_hash: abc\n\
         - address: {BTC}\n\
         - label: twice\n  label: twice\n  address: {BTC}\n\
         - label: [a, b]\n  address: {BTC}\n\
         - label: l\n  address: 1Archive1n2C579dMsAu3iC6tWzuQJz8dM\n\
         - label: l\n  address: '0x12'\n\
         - label: l\n  address: mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn\n\
         - label: l\n  address: {hash}\n\
         - label: good\n  address: {BTC}\n",
        hash = "ab".repeat(32)
    ));
    use RefusalReason as R;
    let reasons: Vec<_> = report.refused.iter().map(|refusal| refusal.reason).collect();
    let expected = [
        R::NotAMap,
        R::NoAddress,
        R::OfATransaction,
        R::NoLabel,
        R::FieldTwice,
        R::FieldNotText,
        R::BadChecksum,
        R::BadAddress,
        R::Testnet,
        R::NotAnAddress,
    ];
    assert_eq!(reasons, expected);
    assert_eq!(report.refused[6].line, Some(15));
    assert_eq!(report.tags.len(), 1);
    assert_eq!(report.n_tags(), 11);
    assert_eq!(report.count_by_reason.values().sum::<u64>(), 10);
}

#[test]
fn a_private_key_is_not_repeated() {
    let key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    let yaml = read(&format!("label: l\ntags:\n- address: {key}\n  currency: EOS\n"));
    let csv = read_tag_csv(format!("address,label\n{key},l\n").as_bytes(), "test", NOW).unwrap();
    for report in [yaml, csv] {
        assert_eq!(report.refused[0].reason, RefusalReason::NotAnAddress);
        assert!(!format!("{report:?}").contains(key));
    }
}

#[test]
fn what_is_odd_is_kept_with_a_remark() {
    let report = read(&format!(
        "creator: c\nlabel: l\ntags:\n\
         - address: binancecleos\n  currency: EOS\n  source: s\n  confidence: web_crawl\n\
         - address: '{EVM} '\n  currency: BTC\n  source: s\n  confidence: rumour\n  lastmod: soon\n\
         - address: '0xfA8E3920daF271daB92Be9B87d9998DDd94FEF08'\n  currency: ETH\n\
         - address: '0x{hash}'\n  currency: APT\n  source: s\n  confidence: unknown\n",
        hash = "ab".repeat(32)
    ));
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    assert_eq!(report.tags[0].address, Address::opaque("binancecleos"));
    assert_eq!(report.tags[3].address.family(), AddressFamily::Opaque);
    assert_eq!((report.tags[1].confidence_name.as_str(), report.tags[1].confidence), ("rumour", 5));
    use Remark as M;
    let expected = BTreeMap::from([
        (M::KeptAsText, 2),
        (M::CurrencyContradicts, 1),
        (M::NoConfidence, 1),
        (M::UnknownConfidence, 1),
        (M::NoSource, 1),
        (M::BadDate, 1),
        (M::LetterCase, 1),
        (M::Trimmed, 1),
    ]);
    assert_eq!(report.count_by_remark, expected);
}

#[test]
fn packs_that_are_none_are_refused_whole() {
    let bomb =
        format!("a: &a [{}]\nb: &b [{}]\ntags: [*b, *b]\n", "x, ".repeat(9), "*a, ".repeat(9));
    for (text, part) in [
        ("", "empty"),
        ("- a\n- b\n", "not a map"),
        ("title: x\n", "no field `tags`"),
        ("tags: text\n", "not a list"),
        ("tags: [\n", "not YAML"),
        ("tags:\n- a: 'x\n", "not YAML"),
        ("title: a\ntitle: b\ntags: []\n", "twice"),
        ("tags: []\n---\ntags: []\n", "second document"),
        ("tags: &a [*a]\n", "alias"),
        (&format!("tags: {}", "[".repeat(100)), ""),
    ] {
        let error = read_tag_pack(text.as_bytes(), "test", NOW).expect_err(text);
        assert!(error.to_string().contains(part), "{text:?}: {error}");
    }
    assert_eq!(read(&bomb).count_by_reason[&RefusalReason::NotAMap], 2);
    assert!(read_tag_pack(b"tags:\n- \xff\n", "test", NOW).unwrap_err().line() == Some(2));
}

#[test]
fn a_pack_can_be_emptied() {
    for text in ["title: x\ntags:\n", "title: x\ntags: []\n"] {
        assert_eq!(read(text).n_tags(), 0);
    }
}

#[test]
fn categories_that_say_nothing_are_counted() {
    let report = read(&format!(
        "source: s\nconfidence: web_crawl\ncurrency: BTC\nlabel: l\ntags:\n\
         - address: {BTC}\n  category: darknet\n\
         - address: {BTC}\n  category: Mining Pool\n\
         - address: {BTC}\n  category: darknet\n  concepts: [exchange]\n\
         - address: {BTC}\n  category: other\n\
         - address: {BTC}\n"
    ));
    let counted = [("Mining Pool".to_owned(), 1), ("darknet".to_owned(), 1)];
    assert_eq!(report.unknown_categories, BTreeMap::from(counted));
    let csv = format!("address,label,category\n{BTC},l,perpetrators\n");
    let report = read_tag_csv(csv.as_bytes(), "test", NOW).unwrap();
    assert_eq!(report.unknown_categories["perpetrators"], 1);
}

#[test]
fn actors_are_read_by_id() {
    let text = "actors:\n- id: '01'\n  label: '01'\n  uri: 01.xyz\n  categories: [defi_dex]\n  jurisdictions: []\n\
                - id: b\n  label: B\n  categories: exchange\n  jurisdictions: [US, AT]\n  aliases: [bb]\n\
                - id: b\n  label: again\n- label: nameless\n- text\n";
    let TagFileContent::Actors(report) = read_tag_bytes(text.as_bytes(), "actors", NOW).unwrap()
    else {
        panic!("an ActorPack is read as tags")
    };
    assert_eq!((report.actors.len(), report.refused.len()), (2, 3));
    assert_eq!(report.actors[1].jurisdictions, ["US", "AT"]);
    assert_eq!(report.actors[1].categories, ["exchange"]);
    assert_eq!(report.refused[0], (12, "id \"b\" is there twice".to_owned()));
}

#[test]
fn csv_tags() {
    let text = format!(
        "address,label,category,source,confidence\n{BTC},\"Archive, Internet\",organization,web,forensic\n\
         1Archive1n2C579dMsAu3iC6tWzuQJz8dM,x,y,z,forensic\n,x,y,z,\n{EVM},Other,,,\n"
    );
    let TagFileContent::Tags(report) = read_tag_bytes(text.as_bytes(), "tags.csv", NOW).unwrap()
    else {
        panic!("a CSV is read as actors")
    };
    assert_eq!((report.tags.len(), report.refused.len()), (2, 2));
    assert_eq!(
        (report.tags[0].label.as_str(), report.tags[0].confidence),
        ("Archive, Internet", 50)
    );
    assert_eq!(report.refused[0].line, Some(3));
    for text in [
        "address,colour\nx,y\n",
        "label,source\nx,y\n",
        "address,label\nx\n",
        "address,label\n\"x,y\n",
    ] {
        assert!(read_tag_csv(text.as_bytes(), "tags.csv", NOW).is_err(), "{text}");
    }
}

fn data(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRACEHOUND_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let found = Some(root.join(path)).filter(|path| path.exists());
    if found.is_none() {
        eprintln_skipped(path);
    }
    found
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn eprintln_skipped(path: &str) {
    eprintln!("skipped: {path} is not under TRACEHOUND_DATA");
}

/// The number of tags, counted without a YAML reader: lines on which a key `address` stands.
fn address_lines(text: &str) -> u64 {
    let is_address =
        |line: &&str| line.trim_start().trim_start_matches("- ").starts_with("address:");
    u64::try_from(text.lines().filter(is_address).count()).unwrap()
}

#[test]
fn every_public_pack_is_accounted_for() {
    let Some(folder) = data("labels/tagpacks/packs") else { return };
    let files = tag_files(&[folder]).unwrap();
    assert_eq!(files.len(), 86);
    let (mut n_tags, mut n_refused) = (0, 0);
    let mut remarks: BTreeMap<Remark, u64> = BTreeMap::new();
    let mut reasons: BTreeMap<RefusalReason, u64> = BTreeMap::new();
    for file in &files {
        let TagFileContent::Tags(report) = read_tag_file(file, NOW).unwrap() else {
            panic!("{}", file.name)
        };
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert_eq!(report.n_tags(), address_lines(&text), "{}", file.name);
        assert_eq!(report.count_by_reason.values().sum::<u64>(), report.refused.len() as u64);
        n_tags += report.tags.len();
        n_refused += report.refused.len();
        report
            .count_by_remark
            .iter()
            .for_each(|(remark, n)| *remarks.entry(*remark).or_default() += n);
        report
            .count_by_reason
            .iter()
            .for_each(|(reason, n)| *reasons.entry(*reason).or_default() += n);
        assert!(report.tags.iter().all(|tag| !tag.label.is_empty() && tag.confidence > 0));
    }
    use {RefusalReason as R, Remark as M};
    assert_eq!(
        reasons,
        BTreeMap::from([(R::BadChecksum, 8), (R::BadAddress, 3), (R::NotAnAddress, 1)])
    );
    // 3,923 tags stand in packs without a confidence; four of them are refused.
    assert_eq!(remarks[&M::NoConfidence], 3923 - 4);
    assert_eq!((remarks[&M::KeptAsText], remarks[&M::CurrencyContradicts]), (111, 37));
    assert_eq!((remarks[&M::LetterCase], remarks[&M::Trimmed]), (3, 1));
    assert_eq!(n_tags + n_refused, 524_170);
}

#[test]
fn the_public_actors_are_all_read() {
    let Some(path) = data("labels/tagpacks/graphsense.actorpack.yaml") else { return };
    let report = read_actor_pack(&std::fs::read(path).unwrap(), "actors").unwrap();
    assert_eq!((report.actors.len(), report.refused.len()), (3813, 0));
    assert!(
        report.actors.iter().any(|actor| actor.id == "binance" && actor.uri.contains("binance"))
    );
}

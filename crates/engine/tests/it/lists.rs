//! Lists and tags through the engine: bitemporal answers, guarded shrinks, replaced packs.

use engine::{Engine, ListImport, ListReport, ScreenOptions, Time, Unwatched, Verdict};

use crate::{NOW, Scratch, data};

/// Addresses of the specifications BIP 173 and of the genesis block: nobody's.
const GENESIS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const SECOND: &str = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX";

fn import(
    scratch: &Scratch,
    file: &str,
    text: &str,
    published: i64,
    accept: Option<usize>,
) -> Result<ListReport, engine::Error> {
    let import = ListImport {
        list: "ofac-sdn".to_owned(),
        paths: vec![scratch.file(file, text)],
        published: Some(Time::new(published)),
        accept_removals: accept,
        ..ListImport::default()
    };
    let now = Time::new(published + 1_000);
    scratch.engine.import_lists(&import, now, &Unwatched).map(|mut reports| reports.remove(0))
}

fn screen(engine: &Engine, text: &str, options: ScreenOptions) -> Verdict {
    engine.view().unwrap().screen(text, &options).unwrap().verdict
}

#[test]
fn lists_answer_as_of_any_date_and_shrink_only_when_told() {
    let scratch = Scratch::new();
    import(&scratch, "a.txt", &format!("{GENESIS}\n{SECOND}\n"), 1_000_000, None).unwrap();
    let refused = import(&scratch, "b.txt", &format!("{SECOND}\n"), 2_000_000, None).unwrap_err();
    assert!(refused.hint().unwrap().contains("--accept-removals 1"), "{refused}");
    assert_eq!(screen(&scratch.engine, GENESIS, ScreenOptions::default()), Verdict::Listed);
    let report = import(&scratch, "b.txt", &format!("{SECOND}\n"), 2_000_000, Some(1)).unwrap();
    assert_eq!(report.removed, [GENESIS]);
    #[track_caller]
    fn check(scratch: &Scratch, as_of: Option<i64>, known_at: Option<i64>, verdict: Verdict) {
        let options = ScreenOptions {
            now: None,
            as_of: as_of.map(Time::new),
            known_at: known_at.map(Time::new),
        };
        assert_eq!(screen(&scratch.engine, GENESIS, options), verdict, "{as_of:?} {known_at:?}");
    }
    check(&scratch, None, None, Verdict::NothingFound);
    check(&scratch, Some(1_500_000), None, Verdict::Listed);
    check(&scratch, Some(900_000), None, Verdict::NothingFound);
    check(&scratch, None, Some(1_500_000), Verdict::Listed);
    check(&scratch, Some(1_500_000), Some(900_000), Verdict::NothingFound);
}

#[test]
fn an_address_is_found_in_every_writing() {
    let scratch = Scratch::new();
    let evm = "0x8589427373D6D84E98730D7795D8f6f8731FDA16";
    import(&scratch, "a.txt", &format!("{GENESIS}\n{evm}\n"), 1_000_000, None).unwrap();
    let lower = evm.to_lowercase();
    // The same 20 bytes as CashAddr: the genesis address of Bitcoin Cash.
    let cash = "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy";
    for text in [GENESIS, cash, evm, &lower, &format!(" {GENESIS} ")] {
        assert_eq!(
            screen(&scratch.engine, text, ScreenOptions::default()),
            Verdict::Listed,
            "{text}"
        );
    }
    let error = scratch
        .engine
        .view()
        .unwrap()
        .screen("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", &ScreenOptions::default());
    let error = error.unwrap_err();
    assert!(error.is_usage() && error.hint().is_some(), "{error}");
}

#[test]
fn staleness_says_why() {
    let scratch = Scratch::new();
    let options = ScreenOptions { now: Some(NOW), ..ScreenOptions::default() };
    let answer = scratch.engine.view().unwrap().screen(GENESIS, &options).unwrap();
    assert!(answer.stale && answer.stale_because[0].contains("no sanctions list"), "{answer:?}");
    import(&scratch, "a.txt", GENESIS, NOW.get() - 100_000, None).unwrap();
    let answer = scratch.engine.view().unwrap().screen(GENESIS, &options).unwrap();
    assert!(answer.stale_because[0].contains("27 hours ago"), "{answer:?}");
}

#[test]
fn a_pack_replaces_what_it_said_before() {
    let scratch = Scratch::new();
    let pack = |label: &str| {
        format!(
            "title: t\ncreator: c\nsource: s\ncurrency: BTC\nconfidence: web_crawl\nlastmod: 2024-01-01\n\
             category: exchange\ntags:\n- address: {GENESIS}\n  label: {label}\n"
        )
    };
    for label in ["first", "second"] {
        let path = scratch.file("packs/one.yaml", &pack(label));
        let report = scratch.engine.import_tags(&[path], None, NOW, &Unwatched).unwrap();
        assert_eq!((report.tags, report.refused, report.tags_held), (1, 0, 1), "{report:?}");
        let answer =
            scratch.engine.view().unwrap().screen(GENESIS, &ScreenOptions::default()).unwrap();
        assert_eq!(answer.tags.len(), 1);
        assert_eq!(answer.tags[0].label, label);
        assert_eq!(answer.verdict, Verdict::Tagged);
    }
}

/// A pack of one category that names these addresses.
fn pack(category: &str, addresses: &[&str]) -> String {
    let tags: String =
        addresses.iter().map(|text| format!("- address: {text}\n  label: l\n")).collect();
    format!(
        "title: t\ncreator: c\nsource: s\ncurrency: BTC\nconfidence: web_crawl\nlastmod: 2024-01-01\n\
         category: {category}\ntags:\n{tags}"
    )
}

#[test]
fn another_pack_of_the_same_name_clears_nobody() {
    let scratch = Scratch::new();
    let take = |file: &std::path::Path, accept: Option<u64>| {
        scratch.engine.import_tags(&[file.to_owned()], accept, NOW, &Unwatched)
    };
    let first = scratch.file("d1/pack.yaml", &pack("ransomware", &[GENESIS]));
    let second = scratch.file("d2/pack.yaml", &pack("exchange", &[SECOND]));
    take(&first, None).unwrap();
    let before = scratch.engine.view().unwrap().snapshot_id().to_owned();
    let refused = take(&second, None).unwrap_err();
    let hint = refused.hint().unwrap();
    assert!(refused.to_string().contains(GENESIS), "{refused}");
    assert!(hint.contains("another name") && hint.contains("--accept-removals 1"), "{hint}");
    assert_eq!(scratch.engine.view().unwrap().snapshot_id(), before);
    assert_eq!(screen(&scratch.engine, GENESIS, ScreenOptions::default()), Verdict::Tagged);
    let accepted = take(&second, Some(1)).unwrap();
    assert_eq!((accepted.removed, accepted.tags_held), (1, 1));
    // The same file by its folder has another name: both count, and that is said.
    let by_folder = take(second.parent().unwrap().parent().unwrap(), None).unwrap();
    assert!(by_folder.twice.iter().any(|why| why.contains("d2/pack.yaml")), "{by_folder:?}");
    // A pack can be emptied, knowingly.
    std::fs::write(&second, "title: t\ntags:\n").unwrap();
    assert!(take(&second, None).is_err());
    assert_eq!(take(&second, Some(1)).unwrap().removed, 1);
    // What no reader could read changes nothing.
    let broken = scratch.file("broken.yaml", "title: t\n");
    let held = scratch.engine.view().unwrap().snapshot_id().to_owned();
    let report = take(&broken, None).unwrap();
    assert_eq!((report.failed.len(), report.snapshot), (1, held));
}

#[test]
fn categories_that_say_nothing_are_reported() {
    let scratch = Scratch::new();
    let file = scratch.file("odd.yaml", &pack("darknet", &[GENESIS]));
    let report = scratch.engine.import_tags(&[file], None, NOW, &Unwatched).unwrap();
    let said = report.packs[0].remarks.keys().any(|remark| remark.contains("\"darknet\""));
    assert!(said, "{report:?}");
}

#[test]
fn plain_lists_hold_comments_and_have_one_name() {
    let scratch = Scratch::new();
    let text = format!("# the house's own\n{GENESIS} # an old customer, gone\n{SECOND}\n");
    assert_eq!(import(&scratch, "a.txt", &text, 1_000_000, None).unwrap().live, 2);
    let twice = format!("{GENESIS} {SECOND}\n");
    assert!(import(&scratch, "b.txt", &twice, 2_000_000, None).is_err());
    let other = ListImport {
        list: "OFAC-SDN".to_owned(),
        paths: vec![scratch.file("c.txt", GENESIS)],
        ..ListImport::default()
    };
    let refused = scratch.engine.import_lists(&other, NOW, &Unwatched).unwrap_err();
    assert!(refused.hint().unwrap().contains("\"ofac-sdn\""), "{refused}");
}

#[test]
fn every_listed_address_of_four_years_is_a_hit() {
    let Some(folder) = data("labels/ofac") else { return };
    let scratch = Scratch::new();
    let import = ListImport {
        list: "ofac-sdn".to_owned(),
        paths: vec![
            folder.join("history/2023-11-22"),
            folder.join("addresses-2024-09-27"),
            folder.join("history/2021-02-15"),
            folder.join("history/2022-11-09"),
        ],
        accept_removals: Some(100),
        ..ListImport::default()
    };
    let reports = scratch.engine.import_lists(&import, NOW, &Unwatched).unwrap();
    assert_eq!(reports.len(), 4);
    let view = scratch.engine.view().unwrap();
    let mut n_screened = 0;
    for file in std::fs::read_dir(folder.join("addresses-2024-09-27")).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            match view.screen(line, &ScreenOptions::default()) {
                Ok(answer) => assert_eq!(answer.verdict, Verdict::Listed, "{line}"),
                Err(error) => assert_eq!(line.len(), 64, "{line}: {error}"),
            }
            n_screened += 1;
        }
    }
    assert!(n_screened >= 641, "{n_screened}");
}

//! Payments to monitored addresses, values in another currency: small worlds by hand in which a wrong answer shows.

use engine::{
    Act, AlertFilter, ListImport, Monitor, MonitorChange, Outcome, PriceImport, Unwatched,
};
use ledger::DecodedBlock;

use crate::chain::{address as text, blocks_in};
use crate::{NOW, Scratch};

const CUSTOMER: &str = "cust";
/// When the first block of a notation was found.
const FIRST_TIME_S: i64 = 1_600_000_000;

/// Blocks in the notation; amounts are in hundredths of a bitcoin.
fn blocks(text: &str) -> Vec<DecodedBlock> {
    blocks_in(text, 1_000_000)
}

/// A store with the blocks, where `listed` are on a list, `CUSTOMER` and `others` are monitored, and a run was made.
fn world(blocks: &[DecodedBlock], listed: &[&str], others: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    scratch.engine.ingest_blocks(blocks, NOW).unwrap();
    let entries: Vec<String> = listed.iter().map(|name| text(name)).collect();
    let import = ListImport {
        list: "house".to_owned(),
        paths: vec![scratch.file("list.txt", &(entries.join("\n") + "\n"))],
        ..ListImport::default()
    };
    scratch.engine.import_lists(&import, NOW, &Unwatched).unwrap();
    let names = std::iter::once(&CUSTOMER).chain(others);
    monitor(&scratch, MonitorChange::Add, names.map(|name| text(name)).collect());
    scratch.run();
    scratch
}

fn monitor(scratch: &Scratch, change: MonitorChange, addresses: Vec<String>) {
    let monitor = Monitor {
        addresses: addresses.into_iter().map(|address| (address, "c".to_owned())).collect(),
        reason: "customers".to_owned(),
        author: "ana".to_owned(),
    };
    scratch.engine.monitor(change, &monitor, NOW).unwrap();
}

fn publish(scratch: &Scratch, keys: &str) {
    let text =
        format!("[[rule]]\nname = \"r\"\nversion = 1\nabout = \"a\"\nseverity = \"low\"\n{keys}\n");
    scratch.engine.publish_rules(&text, false, "policy", "ana", NOW).unwrap();
}

/// The alerts of the rule `r`: state, and the last event with its reason.
fn alerts(scratch: &Scratch) -> Vec<String> {
    let view = scratch.engine.view().unwrap();
    let filter = AlertFilter { all: true, rule: Some("r".to_owned()), ..AlertFilter::default() };
    let found = view.alerts(&filter, usize::MAX).unwrap().alerts;
    let line = |id: &str| {
        let alert = view.alert(id).unwrap();
        let last = alert.history.last().unwrap();
        format!("{} ({} {})", alert.summary.state.name(), last.kind.name(), last.reason)
    };
    found.iter().map(|alert| line(&alert.id)).collect()
}

fn close(scratch: &Scratch) {
    let filter = AlertFilter { rule: Some("r".to_owned()), ..AlertFilter::default() };
    let found = scratch.engine.view().unwrap().alerts(&filter, 9).unwrap().alerts;
    let ids: Vec<String> = found.into_iter().map(|alert| alert.id).collect();
    let act = |act: Act| scratch.engine.act_on_alerts(&ids, &act, "seen", "bob", NOW).unwrap();
    act(Act::Triage);
    act(Act::Close { outcome: Some(Outcome::FalsePositive) });
}

/// Five owners put coins together; the customer is paid out of it.
const MIX: &str = "-> evil:100 p:500 q:100 r:100 s:100
-> x:1 | evil:100 p:500 q:100 r:100 s:100 -> cust:90 a:90 b:90 c:90 d:90 e:9 p2:400 f:9 g:9 h:9";

#[test]
fn a_listed_payer_does_not_hide_behind_a_riskier_one() {
    let scratch = world(&blocks(MIX), &["evil"], &[]);
    let pack = format!(
        "title: t\ncreator: t\ndescription: t\nsource: https://example.org\ncurrency: BTC\n\
         confidence: service_data\nlastmod: 2023-01-01\ntags:\n- address: {}\n  label: lair\n  category: terrorism\n",
        text("p")
    );
    let file = scratch.file("pack.yaml", &pack);
    scratch.engine.import_tags(&[file], None, NOW, &Unwatched).unwrap();
    publish(
        &scratch,
        "subject = \"monitored\"\nwhen = 'listed and list(\"house\") and tag(\"lair\")'",
    );
    scratch.run();
    assert_eq!(alerts(&scratch), ["new (raised )"]);
    let view = scratch.engine.view().unwrap();
    let filter = AlertFilter { rule: Some("r".to_owned()), ..AlertFilter::default() };
    let id = &view.alerts(&filter, 9).unwrap().alerts[0].id;
    let alert = view.alert(id).unwrap();
    let shown: Vec<&str> = alert.basis.iter().map(|fact| fact.value.as_str()).collect();
    let evil = format!("{} (house)", text("evil"));
    assert_eq!(shown[..2], [evil.as_str(), evil.as_str()]);
    assert!(shown[2].starts_with("lair ("), "{shown:?}");
    // What rules said bears the time of the clock, the height and the versions; the block's own time stands beside.
    let raised = &alert.history[0];
    assert_eq!((raised.at_s, raised.height.unwrap().get()), (NOW, 1));
    assert_eq!(raised.block_time_s.unwrap().get(), FIRST_TIME_S + 600);
    assert!(raised.versions.as_ref().unwrap().starts_with("lists "), "{raised:?}");
}

#[test]
fn a_closed_alert_on_an_address_hears_of_the_next_payment() {
    let blocks = blocks(
        "-> evil:100 bad:3900\n-> x:1 | evil:100 -> cust:100\n-> x:1 | bad:3900 -> cust:3900",
    );
    let scratch = world(&blocks[..2], &["evil", "bad"], &[]);
    publish(&scratch, "subject = \"monitored\"\ndedupe = \"address\"\nwhen = 'listed'");
    scratch.run();
    assert_eq!(alerts(&scratch), ["new (raised )"]);
    close(&scratch);
    scratch.run();
    assert!(alerts(&scratch)[0].starts_with("closed"));
    scratch.engine.ingest_blocks(&blocks[2..], NOW).unwrap();
    let heard = alerts(&scratch);
    assert!(heard[0].starts_with("new (reraised worse since it was closed"), "{heard:?}");
    scratch.run();
    let known = alerts(&scratch);
    assert!(
        known[0].starts_with("new (updated") && known[0].contains("causes: 1 → 2"),
        "{known:?}"
    );
}

#[test]
fn an_alert_goes_for_the_reason_that_is_so() {
    // That the two are one owner is only shown by a later transaction.
    let blocks = blocks(
        "-> evil:100 cust:1\n-> x:1 | evil:100 -> cust:50\n-> evil:5\n-> x:1 | evil:5 cust:1 -> z:6",
    );
    let scratch = world(&blocks[..2], &["evil"], &["other"]);
    publish(&scratch, "subject = \"monitored\"\nwhen = 'listed'");
    scratch.run();
    assert_eq!(alerts(&scratch), ["new (raised )"]);
    scratch.engine.ingest_blocks(&blocks[2..], NOW).unwrap();
    scratch.run();
    let gone = alerts(&scratch);
    assert!(
        gone[0].starts_with("withdrawn") && gone[0].contains("payment of others: "),
        "{gone:?}"
    );
    assert!(!gone[0].contains("monitored: "), "{gone:?}");
}

#[test]
fn nobody_pays_himself_as_a_block_comes_in() {
    let blocks = blocks("-> cust:100 two:100\n-> x:1 | cust:100 two:100 -> shop:150 cust:50");
    let scratch = world(&blocks[..1], &[CUSTOMER], &[]);
    publish(&scratch, "subject = \"monitored\"\nwhen = 'listed'");
    scratch.run();
    // A customer who is listed pays out of two coins that nothing links so far, and gets change.
    scratch.engine.ingest_blocks(&blocks[1..], NOW).unwrap();
    assert_eq!(alerts(&scratch), [""; 0]);
}

fn prices(scratch: &Scratch, currency: &str, close: u32) {
    let mut csv = String::from("time,asset,currency,open,high,low,close\n");
    for hour in 0..6 {
        let time = FIRST_TIME_S - 7_200 + 3_600 * hour;
        csv += &format!("{time},BTC,{currency},{close},{close},{close},{close}\n");
    }
    let paths = vec![scratch.file(&format!("{currency}.csv"), &csv)];
    let import = PriceImport { paths, interval_s: Some(3_600), ..PriceImport::default() };
    scratch.engine.import_prices(&import, NOW).unwrap();
}

#[test]
fn a_rule_of_another_currency_cannot_say_and_locks_nothing() {
    let blocks = blocks("-> evil:100\n-> x:1 | evil:100 -> cust:100\n-> x:1 | cust:100 -> y:100");
    let mut scratch = world(&blocks[..2], &["evil"], &[]);
    scratch.set("money.currency", "EUR");
    let either =
        "subject = \"cluster\"\nwhen = 'listed or (total_value(sent) + 1 EUR) * 2 >= 5 EUR'";
    publish(&scratch, either);
    scratch.run();
    scratch.set("money.currency", "USD");
    let report = scratch.run();
    assert!(report.alerts.cannot_say[0].contains("`EUR` is no unit here"), "{report:?}");
    // What can be read still counts.
    assert_eq!(alerts(&scratch).len(), 1);
    let view = scratch.engine.view().unwrap();
    let rule = view.rule("r").unwrap().rule;
    assert!(rule.in_force && rule.cannot_say.unwrap().contains("5 EUR"));
    assert_eq!(rule.when, "listed or (total_value(sent) + 1 EUR) * 2 >= 5 EUR");
    scratch.engine.ingest_blocks(&blocks[2..], NOW).unwrap();
    let other = "[[rule]]\nname = \"s\"\nversion = 1\nabout = \"a\"\nseverity = \"low\"\nsubject = \"cluster\"\n\
                 when = 'score >= 5'\n";
    let engine = &scratch.engine;
    assert!(view.dry_run_rules(other).is_ok());
    engine.publish_rules(other, true, "only this", "ana", NOW).unwrap();
    assert!(!engine.view().unwrap().rule("r").unwrap().rule.in_force);
    assert!(
        engine.publish_rules("# nothing", true, "only this", "ana", NOW).unwrap_err().is_usage()
    );
}

#[test]
fn values_bear_the_currency_in_which_they_were_made() {
    let blocks = blocks("-> evil:100\n-> x:1 | evil:100 -> cust:100");
    let mut scratch = world(&blocks, &["evil"], &[]);
    prices(&scratch, "USD", 400);
    scratch.run();
    let asked = "[[rule]]\nname = \"s\"\nversion = 1\nabout = \"a\"\nseverity = \"low\"\nsubject = \"cluster\"\n\
                 when = 'value(received, sanctioned) >= 5 USD'\n";
    let says = |scratch: &Scratch, currency: &str| {
        let report = scratch.engine.view().unwrap();
        let report = report.dry_run_rules(&asked.replace("USD", currency)).unwrap();
        (report.rules[0].n_holds, report.rules[0].n_unknown > 0)
    };
    assert_eq!(says(&scratch, "USD"), (1, false));
    scratch.set("money.currency", "EUR");
    assert_eq!(says(&scratch, "EUR"), (0, true));
    let customer = text(CUSTOMER);
    let shown = scratch.engine.view().unwrap().exposure(&customer).unwrap();
    assert!(shown.parts.iter().flatten().all(|part| part.value.is_none()), "{:?}", shown.parts);
    prices(&scratch, "EUR", 300);
    scratch.run();
    assert_eq!(says(&scratch, "EUR"), (1, false));
    let score = scratch.engine.view().unwrap().score(&customer).unwrap();
    let said: Vec<&str> = score.terms.iter().map(|term| term.basis.as_str()).collect();
    assert!(said.iter().any(|text| text.contains("worth 300.00 EUR")), "{said:?}");
    assert!(scratch.engine.profile_text().unwrap().contains("currency = \"EUR\""));
    // A profile that was published in euros is not read as one in dollars.
    let own = scratch.engine.profile_text().unwrap().replace("version = 1\n", "version = 2\n");
    scratch.engine.publish_profile(&own, ("policy", "ana"), NOW).unwrap();
    scratch.set("money.currency", "USD");
    let before = scratch.engine.view().unwrap().snapshot_id().to_owned();
    let refused = scratch.engine.run(NOW, &Unwatched).unwrap_err();
    assert!(refused.hint().unwrap().contains("currency = \"USD\""), "{refused}");
    assert_eq!(scratch.engine.view().unwrap().snapshot_id(), before);
}

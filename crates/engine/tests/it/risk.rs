//! Risk through the engine: sums that hold, lists that are looked back on, payments that raise at once, profiles.

use engine::{AlertFilter, FlowSide, ListImport, Monitor, MonitorChange, Time, Unwatched};

use crate::{NOW, Scratch};

/// An address that no simulated world pays: a list must name somebody.
const NOBODY: &str = "12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX";

fn list(scratch: &Scratch, text: &str, published: i64) {
    let import = ListImport {
        list: "simulated".to_owned(),
        paths: vec![scratch.file(&format!("{published}.txt"), text)],
        published: Some(Time::new(published)),
        accept_removals: Some(9),
        ..ListImport::default()
    };
    scratch.engine.import_lists(&import, Time::new(published + 1), &Unwatched).unwrap();
}

/// Alerts of a rule as `state subject`.
fn alerts(scratch: &Scratch, rule: &str) -> Vec<String> {
    let filter = AlertFilter { all: true, rule: Some(rule.to_owned()), ..AlertFilter::default() };
    let answer = scratch.engine.view().unwrap().alerts(&filter, usize::MAX).unwrap();
    answer.alerts.iter().map(|row| format!("{:?} {}", row.state, row.subject)).collect()
}

#[test]
fn a_list_that_changes_is_looked_back_on() {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    assert_eq!(scratch.run().known_parties, 0);
    assert!(alerts(&scratch, "listed").is_empty());
    let with = format!("{NOBODY}\n{}", truth.story.sanctions_list());
    list(&scratch, &with, 1_000);
    let report = scratch.run();
    assert!(report.alerts.raised > 1 && report.known_parties == 1, "{report:?}");
    let raised = alerts(&scratch, "listed");
    assert!(raised.len() == 1 && raised[0].starts_with("New cluster:"), "{raised:?}");
    assert!(!alerts(&scratch, "received-from-listed").is_empty());
    // Nothing new: the same rules say the same, and nothing is written twice.
    assert!(scratch.run().up_to_date);
    list(&scratch, &format!("{NOBODY}\n"), 2_000);
    let report = scratch.run();
    assert!(report.alerts.withdrawn > 1 && report.alerts.raised == 0, "{report:?}");
    assert!(alerts(&scratch, "listed")[0].starts_with("Withdrawn"));
    list(&scratch, &with, 3_000);
    let report = scratch.run();
    assert!(report.alerts.reraised > 1, "{report:?}");
    assert_eq!(alerts(&scratch, "listed"), raised);
    assert!(scratch.engine.verify(true, &Unwatched).unwrap().all_holds());
}

#[test]
fn money_adds_up_and_scores_explain_themselves() {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    list(&scratch, &truth.story.sanctions_list(), 1_000);
    scratch.run();
    let view = scratch.engine.view().unwrap();
    let addresses: Vec<String> = view.addresses().collect();
    let mut n_scored = 0;
    for address in addresses.iter().step_by(7) {
        let exposure = view.exposure(address).unwrap();
        for (side, total) in
            [(FlowSide::Received, exposure.received_sat), (FlowSide::Sent, exposure.sent_sat)]
        {
            let own = exposure.parts.iter().flatten().filter(|part| part.side == side);
            let sum = own.map(|part| part.amount_sat.0).sum::<u64>();
            assert_eq!(Some(sum), total.map(|total| total.0), "{address}");
        }
        let score = view.score(address).unwrap();
        let terms: i64 = score.terms.iter().map(|term| term.points.0).sum();
        let points = score.score.unwrap().0;
        assert_eq!(terms, points, "{address}");
        n_scored += usize::from(points > 0);
    }
    assert!(n_scored > 0);
    let deposit = engine::parse_address(&addresses[0]).map(|_| &addresses[0]).unwrap();
    let compared = view.exposure_compared(deposit, &Unwatched).unwrap();
    assert!(compared.conventions.iter().all(|row| !row.convention.is_empty()));
    let listed = truth.story.listed_address.display(engine::Chain::Bitcoin);
    let score = view.score(&listed).unwrap();
    assert_eq!((score.score.unwrap().0, score.hard_rule.as_deref()), (100_000, Some("listed")));
}

#[test]
fn a_payment_of_a_listed_party_raises_as_its_block_comes_in() {
    let first = Scratch::on_regtest();
    let (sources, truth) = first.small_world(1);
    first.ingest(&sources[0]);
    list(&first, &truth.story.sanctions_list(), 1_000);
    first.run();
    let paid: Vec<(String, String)> = alerts(&first, "received-from-listed")
        .iter()
        .filter_map(|row| Some((row.split("cluster:").nth(1)?.to_owned(), "c-1".to_owned())))
        .collect();
    let second = Scratch::on_regtest();
    let (sources, _) = second.small_world(10);
    list(&second, &truth.story.sanctions_list(), 1_000);
    let monitor =
        Monitor { addresses: paid, reason: "customers".to_owned(), author: "ana".to_owned() };
    second.engine.monitor(MonitorChange::Add, &monitor, NOW).unwrap();
    let mut n_raised = 0;
    for source in &sources {
        n_raised += second.ingest(source).alerts_raised;
        if n_raised == 0 {
            second.run();
        }
    }
    assert!(n_raised > 0);
    let raised = alerts(&second, "monitored-received");
    assert!(raised.iter().all(|row| row.starts_with("New payment:")), "{raised:?}");
    // The run that knows everything agrees.
    second.run();
    let after = alerts(&second, "monitored-received");
    assert!(raised.iter().all(|row| after.contains(row)), "{raised:?} {after:?}");
    // Nobody watches the addresses any more: its alerts go, and say why.
    second.engine.monitor(MonitorChange::Remove, &monitor, NOW).unwrap();
    second.run();
    let gone = alerts(&second, "monitored-received");
    assert!(gone.iter().all(|row| row.starts_with("Withdrawn payment:")), "{gone:?}");
}

#[test]
fn another_profile_is_tried_out_before_it_is_in_force() {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    list(&scratch, &truth.story.sanctions_list(), 1_000);
    scratch.run();
    let text = scratch.engine.profile_text().unwrap();
    let milder = text.replace("version = 1\n", "version = 2\n").replace(
        "received = 80, sent = 80, near_received = 25, near_sent = 25",
        "received = 1, sent = 1, near_received = 0, near_sent = 0",
    );
    let tried = scratch.engine.view().unwrap().try_profile(&milder).unwrap();
    assert!(tried.n_points_changed > 0 && !tried.alerts_gone.is_empty(), "{tried:?}");
    assert!(tried.alerts_come.is_empty());
    scratch.engine.publish_profile(&milder, ("milder", "ana"), NOW).unwrap();
    let view = scratch.engine.view().unwrap();
    let stale = view.status(NOW).unwrap().stale_because;
    assert!(stale.iter().any(|why| why.contains("profile of scores")), "{stale:?}");
    let report = scratch.run();
    assert!(report.alerts.withdrawn > 0, "{report:?}");
    assert!(scratch.engine.publish_profile("name = 5", ("x", "ana"), NOW).is_err());
}

#[test]
fn a_profile_rises_and_is_in_the_currency_of_the_store() {
    let scratch = Scratch::on_regtest();
    let publish = |text: &str| scratch.engine.publish_profile(text, ("policy", "ana"), NOW);
    let default = scratch.engine.profile_text().unwrap();
    let version = |n: u32| default.replace("version = 1\n", &format!("version = {n}\n"));
    assert!(!publish(&default).unwrap().changed);
    let other = default.replace("fan_in              = 4", "fan_in              = 5");
    let refused = publish(&other).unwrap_err();
    assert!(
        refused.is_usage() && refused.hint().unwrap() == "raise it: `version = 2`",
        "{refused}"
    );
    assert!(publish(&version(9)).unwrap().changed);
    for lower in [3, 1] {
        let refused = publish(&version(lower)).unwrap_err();
        assert_eq!(refused.hint().unwrap(), "raise it: `version = 10`", "{refused}");
    }
    // Another name has versions of its own; the last of a name comes back as it was.
    let strict = default.replace("name = \"default\"", "name = \"strict\"");
    assert!(publish(&strict).unwrap().changed);
    assert!(publish(&version(9)).unwrap().changed);
    let euros = version(10).replace("\"USD\"", "\"EUR\"");
    let refused = publish(&euros).unwrap_err();
    assert!(refused.is_usage() && refused.to_string().contains("is in EUR"), "{refused}");
    assert!(scratch.engine.view().unwrap().try_profile(&euros).is_err());
}

/// What a run leaves where a program with other defaults made it: the tables are made again.
#[test]
fn defaults_that_changed_with_the_program_are_followed() {
    let scratch = Scratch::on_regtest();
    let (sources, _) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    scratch.run();
    for (name, says) in [("run.profile", "profile of scores"), ("run.patterns", "of patterns")] {
        assert!(scratch.run().up_to_date);
        let store = store::Store::open(scratch.engine.dir()).unwrap();
        let mut writer = store.writer().unwrap();
        assert_ne!(writer.snapshot().checkpoint(name), Some(0), "{name}");
        let mut commit = writer.begin();
        commit.set_checkpoint(name, 0);
        commit.finish(store::Run::default()).unwrap();
        drop(writer);
        let stale = scratch.engine.view().unwrap().status(NOW).unwrap().stale_because;
        let since: Vec<_> = stale.iter().filter(|why| why.contains("since the last run")).collect();
        assert!(since.len() == 1 && since[0].contains(says), "{stale:?}");
        assert!(!scratch.run().up_to_date, "{name}");
    }
}

#[test]
fn blocks_since_the_last_run_change_no_answer_and_break_none() {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(4);
    sources[..3].iter().for_each(|source| assert_eq!(scratch.ingest(source).alerts_raised, 0));
    list(&scratch, &truth.story.sanctions_list(), 1_000);
    scratch.run();
    let view = scratch.engine.view().unwrap();
    let address = view.addresses().nth(200).unwrap();
    let asked = |view: &engine::View| {
        let exposure = view.exposure_compared(&address, &Unwatched).unwrap();
        let near = view.nearness_with_paths(&address, &Unwatched).unwrap();
        (exposure.parts, exposure.conventions, near.nearest)
    };
    let before = asked(&view);
    scratch.ingest(&sources[3]);
    assert_eq!(asked(&scratch.engine.view().unwrap()), before);
}

#[test]
fn an_alert_about_a_party_that_is_gone_is_withdrawn() {
    let scratch = Scratch::on_regtest();
    let (sources, truth) = scratch.small_world(1);
    scratch.ingest(&sources[0]);
    list(&scratch, &format!("{NOBODY}\n{}", truth.story.sanctions_list()), 1_000);
    let rule = "[[rule]]\nname = \"party\"\nversion = 1\nabout = \"a\"\nseverity = \"high\"\n\
                subject = \"cluster\"\ndedupe = \"entity\"\nwhen = 'listed'\n";
    scratch.engine.publish_rules(rule, false, "policy", "ana", NOW).unwrap();
    scratch.run();
    let raised = alerts(&scratch, "party");
    assert!(raised.len() == 1 && raised[0].starts_with("New entity:"), "{raised:?}");
    list(&scratch, &format!("{NOBODY}\n"), 2_000);
    scratch.run();
    assert!(alerts(&scratch, "party")[0].starts_with("Withdrawn"));
}

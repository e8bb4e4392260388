//! Answers after the ground moved: what was not computed is not "none", and a reason to run again stands where it bears on the
//! question, and only there.

use engine::{
    AlertFilter, ListImport, Monitor, MonitorChange, PriceImport, ScreenOptions, Time, Unwatched,
    Verdict,
};
use ledger::tables;
use store::{Store, TableSpec};

use crate::chain::{address, blocks};
use crate::{NOW, Scratch};

/// A listed party, three owners after it, and a customer of two addresses that it pays.
const WORLD: &str = "-> evil:5000000000 evil:5000000000 evil:5000000000 d2:500000000
    evil:5000000000 -> a:5000000000
    a:5000000000 -> b:5000000000
    b:5000000000 -> c:5000000000
    evil:5000000000 -> d1:5000000000
    d1:5000000000 d2:500000000 -> x:5500000000
";

fn taken_in(text: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.engine.ingest_blocks(&blocks(text), NOW).unwrap();
    scratch
}

fn list_evil(scratch: &Scratch) {
    let import = ListImport {
        list: "house".to_owned(),
        paths: vec![scratch.file("evil.txt", &address("evil"))],
        published: Some(Time::new(1_000)),
        ..ListImport::default()
    };
    scratch.engine.import_lists(&import, NOW, &Unwatched).unwrap();
}

fn screen(scratch: &Scratch, name: &str) -> engine::ScreenAnswer {
    let view = scratch.engine.view().unwrap();
    view.screen(&address(name), &ScreenOptions::default()).unwrap()
}

fn alerts(scratch: &Scratch, subject: Option<&str>) -> Result<engine::AlertsAnswer, engine::Error> {
    let filter =
        AlertFilter { all: true, subject: subject.map(str::to_owned), ..AlertFilter::default() };
    scratch.engine.view().unwrap().alerts(&filter, usize::MAX)
}

/// Whether some reason says this.
fn says(reasons: &[String], what: &str) -> bool {
    reasons.iter().any(|why| why.contains(what))
}

#[test]
fn the_bound_of_screening_is_the_one_that_was_run() {
    let mut scratch = taken_in(WORLD);
    list_evil(&scratch);
    scratch.set("screening.hops_max", "1");
    scratch.run();
    let near = screen(&scratch, "c");
    assert_eq!((near.verdict, near.proximity.hops_max), (Verdict::NothingFound, 1));
    assert!(!near.stale, "{:?}", near.stale_because);
    scratch.set("screening.hops_max", "20");
    let near = screen(&scratch, "c");
    assert_eq!((near.verdict, near.proximity.hops_max), (Verdict::NothingFound, 1));
    assert!(says(&near.stale_because, "screening.hops_max"), "{:?}", near.stale_because);
    // Out of date is no damage, and nothing was compared.
    let verified = scratch.engine.verify(true, &Unwatched).unwrap();
    assert!(verified.sound && !verified.rerun && !verified.all_holds(), "{verified:?}");
    assert!(says(&verified.not_compared, "screening.hops_max"), "{verified:?}");
    assert!(!scratch.run().up_to_date);
    let near = screen(&scratch, "c");
    assert_eq!((near.verdict, near.proximity.hops_max), (Verdict::Connected, 20));
    assert_eq!(near.proximity.from_listed.unwrap().hops, 3);
    assert!(!near.stale && scratch.run().up_to_date);
    assert!(scratch.engine.verify(true, &Unwatched).unwrap().all_holds());
}

#[test]
fn the_bound_of_risk_is_the_one_that_was_run() {
    let mut scratch = taken_in(WORLD);
    list_evil(&scratch);
    scratch.set("risk.hops_max", "1");
    scratch.run();
    scratch.set("risk.hops_max", "8");
    let view = scratch.engine.view().unwrap();
    let near = view.nearness_with_paths(&address("c"), &Unwatched).unwrap();
    assert_eq!(near.hops_max, 1, "{near:?}");
    assert!(says(&near.stale_because, "configuration of risk"), "{:?}", near.stale_because);
}

/// A run that was cut off between its two commits left the log of alerts as it was before.
#[test]
fn a_run_that_was_cut_off_before_its_alerts_is_made_up_for() {
    let scratch = taken_in(WORLD);
    list_evil(&scratch);
    let raised = scratch.run().alerts.raised;
    let before = alerts(&scratch, None).unwrap();
    assert!(raised > 0 && before.stale_because.is_empty(), "{before:?}");
    let store = Store::open(scratch.engine.dir()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    for table in [&tables::ALERT_EVENTS, &tables::ALERT_FACTS] {
        commit.replace(&TableSpec::new(table.name, table.schema()), "all", []).unwrap();
    }
    commit.set_checkpoint("run.alerts", 0);
    commit.finish(store::Run::default()).unwrap();
    drop(writer);
    let cut = alerts(&scratch, None).unwrap();
    assert_eq!(cut.total, 0);
    assert!(says(&cut.stale_because, "rules have not been asked"), "{cut:?}");
    let again = scratch.run();
    assert!(!again.up_to_date && again.alerts.raised == raised, "{again:?}");
    assert_eq!(alerts(&scratch, None).unwrap().alerts, before.alerts);
    assert!(scratch.run().up_to_date);
}

#[test]
fn a_reason_stands_where_it_bears_on_the_question() {
    let scratch = taken_in(WORLD);
    list_evil(&scratch);
    scratch.run();
    #[track_caller]
    fn check(scratch: &Scratch, what: &str, of_exposure: bool, of_score: bool) {
        let view = scratch.engine.view().unwrap();
        let exposure = view.exposure(&address("c")).unwrap().stale_because;
        let score = view.score(&address("c")).unwrap().stale_because;
        let screened = screen(scratch, "c");
        assert!(!screened.stale, "{:?}", screened.stale_because);
        assert_eq!([says(&exposure, what), says(&score, what)], [of_exposure, of_score], "{what}");
        assert!(says(&alerts(scratch, None).unwrap().stale_because, what), "{what}");
        assert!(says(&view.status(NOW).unwrap().stale_because, what), "{what}");
    }
    let monitor = Monitor {
        addresses: vec![(address("d1"), String::new())],
        reason: "customer".to_owned(),
        author: "ana".to_owned(),
    };
    scratch.engine.monitor(MonitorChange::Add, &monitor, NOW).unwrap();
    check(&scratch, "monitored addresses", false, false);
    let profile = scratch.engine.profile_text().unwrap().replace("version = 1\n", "version = 2\n");
    scratch.engine.publish_profile(&profile, ("milder", "ana"), NOW).unwrap();
    check(&scratch, "profile of scores", false, true);
    let text = "time,asset,currency,open,high,low,close\n1600000000,BTC,USD,1,1,1,1\n";
    let path = scratch.file("prices.csv", text);
    let prices = PriceImport { paths: vec![path], interval_s: Some(600), ..PriceImport::default() };
    scratch.engine.import_prices(&prices, NOW).unwrap();
    check(&scratch, "prices", true, true);
}

#[test]
fn what_no_run_knows_is_not_computed() {
    let scratch = taken_in(WORLD);
    list_evil(&scratch);
    scratch.run();
    let more = blocks(&format!("{WORLD} evil:5000000000 -> new:5000000000\n"));
    scratch.engine.ingest_blocks(&more[6..], NOW).unwrap();
    let view = scratch.engine.view().unwrap();
    let new = address("new");
    let exposure = view.exposure_compared(&new, &Unwatched).unwrap();
    assert!(exposure.received_sat.is_none() && exposure.parts.is_none(), "{exposure:?}");
    let near = view.nearness_with_paths(&new, &Unwatched).unwrap();
    assert!(near.nearest.is_none() && !near.subject.computed, "{near:?}");
    let score = view.score(&new).unwrap();
    assert!(score.score.is_none() && score.band.is_none(), "{score:?}");
    assert_eq!(view.patterns(Some(new.as_str()), 9).unwrap().total, None);
    assert!(!screen(&scratch, "new").proximity.listed_computed);
    scratch.run();
    let view = scratch.engine.view().unwrap();
    let received = view.exposure(&new).unwrap().received_sat;
    assert_eq!(received.map(|sats| sats.0), Some(5_000_000_000));
    assert!(view.score(&new).unwrap().score.is_some_and(|points| points.0 > 0));
}

#[test]
fn alerts_are_found_by_any_address_of_their_owner() {
    let scratch = taken_in(WORLD);
    list_evil(&scratch);
    scratch.run();
    let of = |subject: &str| alerts(&scratch, Some(subject)).unwrap().alerts;
    let own = of(&address("d1"));
    assert!(!own.is_empty());
    for same in
        [address("d2"), format!("cluster:{}", address("d1")), format!(" {} ", address("d2"))]
    {
        assert_eq!(of(&same), own, "{same}");
    }
    assert!(of(&address("x")) != own);
    for nobody in ["nonsense", "cluster:nonsense", address("never seen").as_str(), ""] {
        let error = alerts(&scratch, Some(nobody)).unwrap_err();
        assert!(error.hint().is_some(), "{nobody}: {error}");
    }
    let more = blocks(&format!("{WORLD} evil:5000000000 -> new:5000000000\n"));
    scratch.engine.ingest_blocks(&more[6..], NOW).unwrap();
    assert!(says(&alerts(&scratch, None).unwrap().stale_because, "came in since"));
}

/// The score beside a screening is that of `risk`, says when it is out of date, and stays away where it would mislead.
#[test]
fn a_screening_tells_the_score_of_the_run() {
    let scratch = taken_in(WORLD);
    assert_eq!(screen(&scratch, "c").score, None, "no run has been made");
    scratch.run();
    let before = screen(&scratch, "evil").score.unwrap();
    assert_eq!((before.points.0, before.stale), (0, false));
    list_evil(&scratch);
    assert_eq!(screen(&scratch, "evil").score, None, "points of before the listing");
    assert!(screen(&scratch, "c").score.unwrap().stale);
    scratch.run();
    for (name, hard_rule) in [("evil", Some("listed")), ("c", None), ("x", None)] {
        let full = scratch.engine.view().unwrap().score(&address(name)).unwrap();
        let glance = screen(&scratch, name).score.unwrap();
        assert_eq!((Some(glance.points), glance.band), (full.score, full.band), "{name}");
        assert_eq!((glance.hard_rule.as_deref(), glance.stale), (hard_rule, false), "{name}");
        assert!(full.terms.iter().any(|term| term.basis == glance.because), "{name}");
    }
    let profile = scratch.engine.profile_text().unwrap().replace("version = 1\n", "version = 2\n");
    scratch.engine.publish_profile(&profile, ("milder", "ana"), NOW).unwrap();
    let screened = screen(&scratch, "c");
    let glance = screened.score.unwrap();
    assert!(glance.stale && glance.band.is_none() && !screened.stale, "{glance:?}");
    let then = ScreenOptions { as_of: Some(Time::new(2_000)), ..ScreenOptions::default() };
    let view = scratch.engine.view().unwrap();
    assert_eq!(view.screen(&address("c"), &then).unwrap().score, None);
}

//! Rules and alerts in a store: published, appended, acted on, read back; refused acts write nothing.

use cases::{
    AlertBook, AlertEntry, Facts, Judge, Moment, Range, Subject, SubjectKey, Truth, reconcile,
};
use engine::{Act, AlertFilter, AlertState, Change, Error, Outcome, Severity};
use ledger::{Height, Timestamp, tables};
use store::{Store, TableSpec};

use crate::{NOW, Scratch};

/// A score and nothing else.
struct Scored(i64);

impl Facts for Scored {
    fn measure(&self, measure: &cases::Measure) -> Range {
        match measure {
            cases::Measure::Score => Range::thousandths(self.0 * 1_000),
            _ => Range::UNKNOWN,
        }
    }

    fn claim(&self, _: &cases::Claim) -> Truth {
        Truth::Unknown
    }

    fn words(&self, _: &cases::Claim) -> Vec<String> {
        Vec::new()
    }

    fn rows(&self, _: cases::FactRef<'_>) -> Vec<String> {
        vec!["scores cluster=a".to_owned()]
    }
}

fn rule(version: u32, bound: u32) -> String {
    format!(
        "[[rule]]\nname = \"scored\"\nversion = {version}\nabout = \"a\"\nseverity = \"high\"\n\
         subject = \"cluster\"\nwhen = 'score >= {bound}'\n"
    )
}

/// What the stage that judges does: alerts of two clusters.
fn raised() -> Vec<AlertEntry> {
    let words = cases::Vocabulary {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        patterns: Vec::new(),
    };
    let rules = cases::parse_rules(&rule(1, 50), &words).unwrap();
    let book = AlertBook::default();
    let here = |key: &SubjectKey| Some(key.clone());
    let mut judge = Judge::new(&rules, &book, &here);
    for (address, score) in [("a", 60), ("b", 90), ("c", 10)] {
        let subject = Subject::Cluster { address: address.to_owned(), entity: None };
        judge.look(&subject, &Scored(score));
    }
    let (height, at) = (Height::new(3), Timestamp::new(1_800));
    let moment = Moment { height, at, versions: "lists 1".to_owned() };
    reconcile(&book, &rules, &judge.finish(), &here, &moment)
}

fn append(scratch: &Scratch, entries: &[AlertEntry]) {
    let store = Store::open(scratch.engine.dir()).unwrap();
    let mut writer = store.writer().unwrap();
    let mut commit = writer.begin();
    let events: Vec<_> = entries.iter().map(|entry| entry.event.clone()).collect();
    let facts: Vec<_> = entries.iter().flat_map(|entry| entry.basis.clone()).collect();
    let spec = TableSpec::new("alert_events", tables::ALERT_EVENTS.schema());
    commit.append(&spec, "all", &tables::alert_events_to(&events)).unwrap();
    let spec = TableSpec::new("alert_facts", tables::ALERT_FACTS.schema());
    commit.append(&spec, "all", &tables::alert_facts_to(&facts)).unwrap();
    commit.finish(store::Run::default()).unwrap();
}

#[test]
fn rules_are_published_with_reason_and_digest() {
    let scratch = Scratch::new();
    let publish =
        |text: &str, only: bool| scratch.engine.publish_rules(text, only, "policy", "jane", NOW);
    let view = || scratch.engine.view().unwrap();
    let n_default = view().rules().unwrap().rules.len();
    assert!(n_default >= 8);
    let report = publish(&rule(1, 50), false).unwrap();
    assert_eq!((report.n_published, report.changes[0].change), (1, Change::New));
    assert_eq!(publish(&rule(1, 50), false).unwrap().n_published, 0);
    assert!(matches!(publish(&rule(1, 51), false), Err(Error::Case(_))));
    assert_eq!(publish(&rule(2, 51), false).unwrap().changes[0].change, Change::Raised);
    let shown = view().rule("scored").unwrap();
    assert_eq!((shown.rule.version, shown.rule.when.as_str()), (2, "score >= 51"));
    assert_eq!((shown.published.len(), shown.published[0].author.as_str()), (2, "jane"));
    assert_eq!(view().rules().unwrap().rules.len(), n_default + 1);
    assert!(view().rule("score").unwrap_err().hint().unwrap().contains("scored"));
    let only = publish(&rule(2, 51), true).unwrap();
    assert_eq!(only.n_published, n_default as u64);
    let in_force = view().rules().unwrap().rules.iter().filter(|rule| rule.in_force).count();
    assert_eq!(in_force, 1);
    let error = scratch.engine.publish_rules(&rule(3, 1), false, " ", "x", NOW).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("reason"), "{error}");
    let bad = engine::check_rules("[[rule]]\nname = 5\n", "USD").unwrap_err();
    assert!(bad.is_usage() && bad.to_string().contains("line 2"), "{bad}");
    // Nobody knows anything of anybody here: that is said, and is no "no alert".
    assert!(matches!(view().dry_run_rules(&rule(4, 1)), Err(Error::NotFound { .. })));
}

#[test]
fn alerts_are_worked_through() {
    let scratch = Scratch::new();
    append(&scratch, &raised());
    let list = |filter: &AlertFilter| scratch.engine.view().unwrap().alerts(filter, 10).unwrap();
    let all = list(&AlertFilter::default());
    assert_eq!((all.total, all.alerts.len()), (2, 2));
    let id = all.alerts.iter().find(|alert| alert.subject == "cluster:b").unwrap().id.clone();
    let act = |act: Act, author: &str| {
        scratch.engine.act_on_alerts(std::slice::from_ref(&id), &act, "why", author, NOW)
    };
    let outcome = Outcome::FalsePositive;
    act(Act::Assign { to: "Bob".to_owned() }, "ann").unwrap();
    act(Act::Review, "bob").unwrap();
    let before = scratch.engine.view().unwrap().snapshot_id().to_owned();
    let refused = act(Act::Close { outcome: Some(outcome) }, "bob").unwrap_err();
    assert!(refused.is_usage() && refused.hint().unwrap().contains("request-close"), "{refused}");
    act(Act::RequestClose { outcome }, "bob").map(|_| ()).unwrap();
    assert!(act(Act::Close { outcome: None }, "BOB").is_err());
    act(Act::Close { outcome: None }, "ann").unwrap();
    assert_ne!(scratch.engine.view().unwrap().snapshot_id(), before);
    let shown = scratch.engine.view().unwrap().alert(&id[..6]).unwrap();
    assert_eq!((shown.summary.state, shown.outcome), (AlertState::Closed, Some(outcome)));
    assert_eq!(shown.basis[0].value, "90");
    assert_eq!(shown.basis[0].rows, ["scores cluster=a"]);
    let kinds: Vec<&str> = shown.history.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["raised", "assigned", "reviewed", "close_requested", "closed"]);
    assert_eq!(list(&AlertFilter::default()).total, 1);
    assert_eq!(list(&AlertFilter { all: true, ..AlertFilter::default() }).total, 2);
    let bobs =
        AlertFilter { all: true, assignee: Some("bob".to_owned()), ..AlertFilter::default() };
    assert_eq!(list(&bobs).total, 1);
    let severe = AlertFilter { severity_min: Some(Severity::Severe), ..AlertFilter::default() };
    assert_eq!((list(&severe).total, list(&severe).by_state["closed"]), (0, 1));
    let of_a = AlertFilter { subject: Some("a".to_owned()), ..AlertFilter::default() };
    assert_eq!(list(&of_a).total, 1);
    let closed = AlertFilter { state: Some(AlertState::Closed), ..AlertFilter::default() };
    assert_eq!(list(&closed).alerts[0].id, id);
    assert!(matches!(scratch.engine.view().unwrap().alert("zz"), Err(Error::Case(_))));
}

#[test]
fn of_several_acts_all_are_done_or_none() {
    let scratch = Scratch::new();
    append(&scratch, &raised());
    let mut ids: Vec<String> = raised().iter().map(|entry| entry.event.alert.clone()).collect();
    ids.push("zz".to_owned());
    let triage = |ids: &[String]| scratch.engine.act_on_alerts(ids, &Act::Triage, "", "x", NOW);
    assert!(triage(&ids).is_err());
    ids.pop();
    assert_eq!(triage(&ids).unwrap().alerts.len(), 2);
    assert!(triage(&ids).is_err());
}

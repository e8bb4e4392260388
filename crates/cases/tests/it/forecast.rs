//! Alerts of forecasts: one event is one alert, rules leave it alone, closing it says whether it was useful.

use cases::{
    Act, AlertBook, AlertEntry, ForecastSaid, Judge, Moment, Outcome, SubjectKey, reconcile,
};
use ledger::{AlertEventKind, AlertFact, Height, Severity, Timestamp};

fn said(since: Option<i64>, percent: i128) -> ForecastSaid {
    let fact = AlertFact {
        event: 0,
        position: 0,
        name: "probability".to_owned(),
        unit: "share".to_owned(),
        measured: Some(percent * 10_000_000),
        worse: 1,
        value: format!("{percent} %"),
        text: "load reaches 10 within 1 h".to_owned(),
        rows: String::new(),
    };
    ForecastSaid {
        series: "load".to_owned(),
        since: since.map(Timestamp::new),
        severity: Severity::Medium,
        basis: vec![fact],
        versions: "warner-1".to_owned(),
    }
}

/// What the book makes of it, and adds to the log.
#[track_caller]
fn check(
    log: &mut Vec<AlertEntry>,
    said: &ForecastSaid,
    at: i64,
    expected: Option<AlertEventKind>,
) {
    let book = AlertBook::of(log.clone()).unwrap();
    let entry = book.forecast(said, Timestamp::new(at));
    assert_eq!(entry.as_ref().map(|entry| entry.event.kind), expected);
    log.extend(entry);
    AlertBook::of(log.clone()).unwrap();
}

fn act(log: &mut Vec<AlertEntry>, act: &Act, at: i64) {
    let book = AlertBook::of(log.clone()).unwrap();
    let id = book.alerts().next().unwrap().id.clone();
    log.push(book.act(&id, act, "because", "kim", Timestamp::new(at)).unwrap());
}

#[test]
fn one_event_is_one_alert() {
    let log = &mut Vec::new();
    check(log, &said(None, 1), 5, None);
    check(log, &said(Some(10), 50), 10, Some(AlertEventKind::Raised));
    check(log, &said(Some(10), 55), 11, None);
    check(log, &said(Some(10), 60), 12, Some(AlertEventKind::Updated));
    check(log, &said(None, 2), 20, Some(AlertEventKind::Updated));
    check(log, &said(None, 1), 21, None);
    check(log, &said(Some(30), 50), 30, Some(AlertEventKind::Updated));
    let book = AlertBook::of(log.clone()).unwrap();
    assert_eq!(book.alerts().count(), 1);
    assert_eq!(book.alerts().next().unwrap().subject, SubjectKey::Series("load".to_owned()));
    act(log, &Act::Triage, 31);
    act(log, &Act::Close { outcome: Some(Outcome::ConfirmedRisk) }, 32);
    check(log, &said(Some(30), 60), 33, None);
    check(log, &said(Some(40), 60), 40, Some(AlertEventKind::Reraised));
    act(log, &Act::Triage, 41);
    act(log, &Act::Close { outcome: Some(Outcome::FalsePositive) }, 42);
    check(log, &said(Some(50), 60), 50, Some(AlertEventKind::Reraised));
    act(log, &Act::Triage, 51);
    act(log, &Act::Close { outcome: Some(Outcome::NoAction) }, 52);
    assert_eq!(AlertBook::was_useful(log, "load"), [true, false]);
    assert!(AlertBook::was_useful(log, "other").is_empty());
}

#[test]
fn rules_leave_it_alone() {
    let log = &mut Vec::new();
    check(log, &said(Some(10), 50), 10, Some(AlertEventKind::Raised));
    let book = AlertBook::of(log.clone()).unwrap();
    let rules = [crate::rule("a", "high", "score >= 1")];
    let nowhere = |_: &SubjectKey| None;
    let judged = Judge::new(&rules, &book, &nowhere).finish();
    let moment = Moment { height: Height::new(1), at: Timestamp::new(11), versions: String::new() };
    assert!(reconcile(&book, &rules, &judged, &nowhere, &moment).is_empty());
}

//! What people need for an act: a reason, an author, a second person.

use cases::{
    Act, AlertBook, AlertEntry, AlertState, CaseError, Judge, Moment, Outcome, SubjectKey,
    reconcile,
};
use ledger::{Height, Severity, Timestamp};

use crate::{Table, rule};

pub(crate) const MOMENT: Moment =
    Moment { height: Height::new(7), at: Timestamp::new(70), versions: String::new() };

/// A subject by the name of its address.
pub(crate) fn cluster(address: &str) -> cases::Subject {
    cases::Subject::Cluster { address: address.to_owned(), entity: None }
}

fn here(key: &SubjectKey) -> Option<SubjectKey> {
    Some(key.clone())
}

fn raise(severity: Severity, addresses: &[&str]) -> AlertBook {
    let rules = [rule("r", severity.name(), "listed")];
    let facts = Table { claims: vec![("listed".to_owned(), true.into())], ..Table::default() };
    let book = AlertBook::default();
    let mut judge = Judge::new(&rules, &book, &here);
    addresses.iter().for_each(|address| judge.look(&cluster(address), &facts));
    AlertBook::of(reconcile(&book, &rules, &judge.finish(), &here, &MOMENT)).unwrap()
}

/// Does it, with the author after a colon.
#[track_caller]
pub(crate) fn done(book: &mut AlertBook, id: &str, act: Act, author: &str) {
    let entry = book.act(id, &act, "because", author, Timestamp::new(80)).unwrap();
    book.add(entry).unwrap();
}

/// A book with an alert that stands there.
pub(crate) fn book_in(state: AlertState, severity: Severity) -> AlertBook {
    let mut book = raise(severity, &["a", "b"]);
    let id = raised(&book, state);
    let close = Act::RequestClose { outcome: Outcome::NoAction };
    let ways: &[Act] = match state {
        AlertState::New => &[],
        AlertState::Triaged => &[Act::Triage],
        AlertState::Assigned => &[Act::Assign { to: "bob".to_owned() }],
        AlertState::InReview => &[Act::Assign { to: "bob".to_owned() }, Act::Review],
        AlertState::Escalated => &[Act::Escalate],
        AlertState::PendingApproval => &[Act::Assign { to: "bob".to_owned() }, close.clone()],
        AlertState::Closed => &[Act::Escalate, close.clone(), Act::Close { outcome: None }],
        AlertState::Reopened => {
            &[Act::Escalate, close.clone(), Act::Close { outcome: None }, Act::Reopen]
        }
        AlertState::Withdrawn | AlertState::Merged => {
            let entry = of_rules(&book, &id, state);
            book.add(entry).unwrap();
            &[]
        }
    };
    for act in ways {
        let author = if matches!(act, Act::Close { .. }) { "ann" } else { "bob" };
        done(&mut book, &id, act.clone(), author);
    }
    assert_eq!(book.get(&id).unwrap().state, state);
    book
}

/// The alert of [`book_in`].
pub(crate) fn raised(book: &AlertBook, _: AlertState) -> String {
    book.alerts().next().unwrap().id.clone()
}

fn of_rules(book: &AlertBook, id: &str, state: AlertState) -> AlertEntry {
    let mut entry = book.act(id, &Act::Triage, "", "x", Timestamp::new(75)).unwrap();
    entry.event.author = String::new();
    entry.event.kind = match state {
        AlertState::Merged => ledger::AlertEventKind::Merged,
        _ => ledger::AlertEventKind::Withdrawn,
    };
    entry.event.target = Some("0".to_owned());
    entry
}

#[test]
fn grave_alerts_are_closed_by_two() {
    #[track_caller]
    fn check(severity: Severity, state: AlertState, author: &str, says: &str) {
        let book = book_in(state, severity);
        let id = raised(&book, state);
        let close = Act::Close { outcome: Some(Outcome::NoAction) };
        match book.act(&id, &close, "why", author, Timestamp::new(90)) {
            Ok(entry) => {
                assert_eq!(says, "");
                assert_eq!(entry.event.outcome.as_deref(), Some("no_action"));
            }
            Err(error) => {
                let text = format!("{error} {}", error.hint().unwrap_or_default());
                assert!(!says.is_empty() && text.contains(says), "{text}");
            }
        }
    }
    for severity in [Severity::Low, Severity::Medium] {
        check(severity, AlertState::InReview, "bob", "");
        check(severity, AlertState::Triaged, "bob", "");
        check(severity, AlertState::PendingApproval, "bob", "who asked");
        check(severity, AlertState::PendingApproval, "ann", "");
    }
    for severity in [Severity::High, Severity::Severe] {
        check(severity, AlertState::InReview, "ann", "takes two people");
        check(severity, AlertState::Triaged, "ann", "takes two people");
        check(severity, AlertState::PendingApproval, " BOB ", "who asked");
        check(severity, AlertState::PendingApproval, "ann", "");
        // Another asked, and who has it closes: that is no second pair of eyes either.
        let mut book = raise(severity, &["a"]);
        let id = raised(&book, AlertState::New);
        done(&mut book, &id, Act::Assign { to: "Bob".to_owned() }, "ann");
        done(&mut book, &id, Act::RequestClose { outcome: Outcome::NoAction }, "eve");
        let error = book.act(&id, &Act::Close { outcome: None }, "w", "bob", Timestamp::new(9));
        assert!(error.unwrap_err().to_string().contains("who has it"));
        assert!(
            book.act(&id, &Act::Close { outcome: None }, "w", "ann", Timestamp::new(9)).is_ok()
        );
    }
}

#[test]
fn what_an_act_needs_is_asked_for() {
    let book = book_in(AlertState::PendingApproval, Severity::Low);
    let id = raised(&book, AlertState::New);
    let act = |act: Act, reason: &str, author: &str| {
        book.act(&id, &act, reason, author, Timestamp::new(9)).unwrap_err()
    };
    let close = || Act::Close { outcome: None };
    assert!(act(close(), "", "ann").to_string().contains("a reason is missing"));
    assert!(act(close(), "why", " ").to_string().contains("an author is missing"));
    assert!(act(close(), &"x".repeat(5_000), "ann").to_string().contains("bytes"));
    let other = Act::Close { outcome: Some(Outcome::ConfirmedRisk) };
    assert!(act(other, "why", "ann").to_string().contains("not as confirmed_risk"));
    let triaged = book_in(AlertState::Triaged, Severity::Low);
    let error = triaged.act(&id, &close(), "w", "x", Timestamp::new(9)).unwrap_err();
    assert!(error.hint().unwrap().contains("false_positive"), "{error}");
    let error = triaged.act(&id, &Act::Assign { to: " ".to_owned() }, "", "x", Timestamp::new(9));
    assert!(error.unwrap_err().to_string().contains("an assignee is missing"));
    for typed in ["", "zz"] {
        assert!(matches!(book.find(typed), Err(CaseError::NoAlert { .. })), "{typed:?}");
    }
    assert_eq!(book.find(&id[..8].to_uppercase()).unwrap().id, id);
}

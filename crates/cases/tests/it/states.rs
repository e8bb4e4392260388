//! Every state with every action: the page of the docs is the oracle.

use cases::{Act, Action, AlertBook, AlertState, CaseError, Condition, Outcome, TRANSITIONS};
use ledger::{Severity, Timestamp};

use crate::act::{book_in, raised};

const PAGE: &str = include_str!("../../../../docs/methods/alerts.md");

/// The cell of the page: what an action makes of a state; empty where it is refused.
fn cells() -> Vec<(AlertState, Action, String)> {
    let mut lines = PAGE.lines().skip_while(|line| !line.starts_with("| state |"));
    let split = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let head = split(lines.next().expect("the page has the table"));
    let actions: Vec<Action> = head[1..]
        .iter()
        .map(|name| *Action::ALL.iter().find(|action| action.name() == name).expect(name))
        .collect();
    assert_eq!(actions, Action::ALL, "the page names every action");
    let mut cells = Vec::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let row = split(line);
        let state = AlertState::from_name(&row[0]).expect("a state");
        for (action, cell) in actions.iter().zip(&row[1..]) {
            cells.push((state, *action, cell.clone()));
        }
    }
    cells
}

#[test]
fn the_page_is_the_table_of_the_code() {
    let cells = cells();
    assert_eq!(cells.len(), AlertState::ALL.len() * Action::ALL.len());
    for (state, action, cell) in cells {
        let step = TRANSITIONS.iter().find(|step| step.from == state && step.action == action);
        let said = step.map_or("–".to_owned(), |step| {
            let mark = match step.condition {
                Condition::Always => "",
                Condition::LowOrMedium => " ¹",
                Condition::FourEyes => " ²",
            };
            format!("{}{mark}", step.to.name())
        });
        assert_eq!(cell, said, "{} {}", state.name(), action.name());
    }
    for (at, step) in TRANSITIONS.iter().enumerate() {
        let same =
            |other: &&cases::Transition| other.from == step.from && other.action == step.action;
        assert_eq!(
            TRANSITIONS.iter().position(|other| same(&other)),
            Some(at),
            "{step:?} stands twice"
        );
    }
}

/// Every act of a person in every state, done: allowed and there, or refused with a hint and nothing changed.
#[test]
fn every_act_in_every_state_is_done_or_refused() {
    let acts = [
        Act::Triage,
        Act::Assign { to: "bob".to_owned() },
        Act::Review,
        Act::Escalate,
        Act::RequestClose { outcome: Outcome::NoAction },
        Act::Close { outcome: Some(Outcome::NoAction) },
        Act::Reopen,
    ];
    let mut n_allowed = 0;
    for state in AlertState::ALL {
        let book = book_in(state, Severity::Low);
        let id = raised(&book, state);
        for act in &acts {
            let step =
                TRANSITIONS.iter().find(|step| step.from == state && step.action == act.action());
            match (step, book.act(&id, act, "why", "carol", Timestamp::new(9))) {
                (Some(step), Ok(entry)) => {
                    let mut after = book.clone();
                    after.add(entry).unwrap();
                    assert_eq!(after.get(&id).unwrap().state, step.to, "{} {act:?}", state.name());
                    n_allowed += 1;
                }
                (None, Err(error @ CaseError::Transition { .. })) => {
                    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
                    assert!(error.to_string().contains(state.name()), "{error}");
                }
                (step, done) => panic!("{} {act:?}: {step:?} {done:?}", state.name()),
            }
        }
    }
    let of_people = TRANSITIONS.iter().filter(|step| !step.action.is_of_rules()).count();
    assert_eq!(n_allowed, of_people);
}

#[test]
fn a_log_with_a_step_that_there_is_not_is_damaged() {
    let book = book_in(AlertState::New, Severity::Low);
    let id = raised(&book, AlertState::New);
    let entry = book.act(&id, &Act::Triage, "", "x", Timestamp::new(1)).unwrap();
    let mut twice = book.clone();
    twice.add(entry.clone()).unwrap();
    assert!(twice.clone().add(entry.clone()).unwrap_err().to_string().contains("out of order"));
    let mut again = entry.clone();
    again.event.number += 1;
    assert!(twice.add(again).unwrap_err().to_string().contains("no step"));
    let mut unknown = entry;
    unknown.event.alert = "ffff".to_owned();
    assert!(book.clone().add(unknown).unwrap_err().to_string().contains("about no alert"));
    assert_eq!(AlertBook::default().next_number(), 0);
}

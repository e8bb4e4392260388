//! Alerts follow what the rules say: scenarios by hand, and laws over random ones.

use std::collections::{BTreeMap, BTreeSet};

use cases::{
    Act, Alert, AlertBook, AlertState, Judge, Moment, Outcome, Range, Rule, SubjectKey, Truth,
    reconcile,
};
use ledger::{AlertEventKind, Height, Timestamp};
use proptest::prelude::*;

use crate::act::{cluster, done};
use crate::{Table, rule};

/// A world of addresses: which address stands for each now, and the score of each cluster.
#[derive(Clone, Debug, Default)]
struct Now {
    first: BTreeMap<String, String>,
    gone: BTreeSet<String>,
    scores: BTreeMap<String, Option<i64>>,
}

impl Now {
    fn of(scores: &[(&str, Option<i64>)]) -> Self {
        let scores = scores.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect();
        Self { scores, ..Self::default() }
    }

    fn merged(mut self, address: &str, into: &str) -> Self {
        self.first.insert(address.to_owned(), into.to_owned());
        self
    }

    fn resolve(&self, key: &SubjectKey) -> Option<SubjectKey> {
        let SubjectKey::Cluster(address) = key else { return Some(key.clone()) };
        if self.gone.contains(address) {
            return None;
        }
        Some(SubjectKey::Cluster(self.first.get(address).unwrap_or(address).clone()))
    }
}

/// Judges the world and appends what comes of it; the kinds of the new events.
fn step(book: &mut AlertBook, rules: &[Rule], now: &Now, height: u32) -> Vec<String> {
    let resolve = |key: &SubjectKey| now.resolve(key);
    let mut judge = Judge::new(rules, book, &resolve);
    for (address, score) in &now.scores {
        let score = score.map(|score| ("score".to_owned(), Range::thousandths(score * 1_000)));
        judge.look(
            &cluster(address),
            &Table { numbers: score.into_iter().collect(), ..Table::default() },
        );
    }
    let moment = Moment {
        height: Height::new(height),
        at: Timestamp::new(i64::from(height) * 600),
        versions: "v".to_owned(),
    };
    let entries = reconcile(book, rules, &judge.finish(), &resolve, &moment);
    let said = entries.iter().map(|entry| {
        let subject = book.get(&entry.event.alert).map(|alert| alert.subject.clone());
        let subject =
            subject.or_else(|| SubjectKey::parse(&entry.event.cause.as_ref().unwrap().subject));
        let name = subject.unwrap().to_string().replace("cluster:", "");
        format!(
            "{} {name}{}{}",
            entry.event.kind.name(),
            if entry.event.reason.is_empty() { "" } else { ": " },
            entry.event.reason
        )
    });
    let said = said.collect();
    entries.into_iter().for_each(|entry| book.add(entry).unwrap());
    said
}

fn states(book: &AlertBook) -> Vec<(String, AlertState)> {
    let mut all: Vec<_> =
        book.alerts().map(|alert| (alert.subject.to_string(), alert.state)).collect();
    all.sort();
    all
}

fn id(book: &AlertBook, address: &str) -> String {
    let key = SubjectKey::Cluster(address.to_owned());
    book.alerts().find(|alert| alert.subject == key).unwrap().id.clone()
}

#[test]
fn an_alert_follows_its_cause() {
    let rules = [rule("r", "high", "score >= 50")];
    let mut book = AlertBook::default();
    let at = |score: i64| Now::of(&[("a", Some(score)), ("b", Some(3))]);
    assert_eq!(step(&mut book, &rules, &at(60), 1), ["raised a"]);
    assert_eq!(step(&mut book, &rules, &at(60), 2), [""; 0]);
    assert_eq!(step(&mut book, &rules, &at(63), 3), [""; 0], "less than five points");
    assert_eq!(step(&mut book, &rules, &at(66), 4), ["updated a: score: 60 → 66"]);
    // Not computed is no reason to withdraw, and neither is not having been looked at.
    assert_eq!(step(&mut book, &rules, &Now::of(&[("a", None)]), 5), [""; 0]);
    assert_eq!(step(&mut book, &rules, &Now::of(&[("b", Some(3))]), 6), [""; 0]);
    assert_eq!(step(&mut book, &rules, &at(12), 7), ["withdrawn a: no longer so: score: 66 → 12"]);
    assert_eq!(step(&mut book, &rules, &at(12), 8), [""; 0]);
    assert_eq!(step(&mut book, &rules, &at(70), 9), ["reraised a: its cause is back"]);
    let a = id(&book, "a");
    assert_eq!((book.get(&a).unwrap().state, book.get(&a).unwrap().n_raised), (AlertState::New, 2));
    assert_eq!(book.get(&a).unwrap().raised_at_height, Some(Height::new(1)));
    // Closed, it is quiet as long as nothing gets worse.
    done(&mut book, &a, Act::Escalate, "bob");
    done(&mut book, &a, Act::RequestClose { outcome: Outcome::FalsePositive }, "bob");
    done(&mut book, &a, Act::Close { outcome: None }, "ann");
    assert_eq!(step(&mut book, &rules, &at(70), 10), [""; 0]);
    assert_eq!(step(&mut book, &rules, &at(55), 11), [""; 0]);
    assert_eq!(step(&mut book, &rules, &at(12), 12), [""; 0]);
    assert_eq!(
        step(&mut book, &rules, &at(90), 13),
        ["reraised a: worse since it was closed: score: 70 → 90"]
    );
}

#[test]
fn rules_that_change_or_go_take_their_alerts_along() {
    let mut book = AlertBook::default();
    let now = Now::of(&[("a", Some(60))]);
    step(&mut book, &[rule("r", "medium", "score >= 50")], &now, 1);
    let graver = [rule("r", "severe", "score >= 50")];
    assert_eq!(step(&mut book, &graver, &now, 2), ["updated a: severity: medium → severe"]);
    let mut later = graver.clone();
    later[0].version = 2;
    assert_eq!(step(&mut book, &later, &now, 3), ["updated a: rule version 1 → 2"]);
    assert_eq!(step(&mut book, &[], &now, 4), ["withdrawn a: rule r is no longer in force"]);
    assert_eq!(step(&mut book, &later, &now, 5), ["reraised a: its cause is back"]);
    let gone = Now { gone: BTreeSet::from(["a".to_owned()]), ..Now::default() };
    assert_eq!(
        step(&mut book, &later, &gone, 6),
        ["withdrawn a: its subject is no longer in the ledger"]
    );
    assert_eq!(step(&mut book, &later, &gone, 7), [""; 0]);
}

#[test]
fn alerts_of_subjects_that_became_one_are_joined() {
    let rules = [rule("r", "low", "score >= 50")];
    let mut book = AlertBook::default();
    assert_eq!(step(&mut book, &rules, &Now::of(&[("b", Some(80))]), 1), ["raised b"]);
    assert_eq!(
        step(&mut book, &rules, &Now::of(&[("a", Some(60)), ("b", Some(80))]), 2),
        ["raised a"]
    );
    // The older alert stays, although the cluster is named by the older address.
    let one = Now::of(&[("a", Some(80))]).merged("b", "a");
    let into = format!("merged a: its subject became one with that of alert {}", id(&book, "b"));
    assert_eq!(step(&mut book, &rules, &one, 3), [into]);
    assert_eq!(step(&mut book, &rules, &one, 4), [""; 0]);
    assert_eq!(book.get(&id(&book, "a")).unwrap().merged_into, Some(id(&book, "b")));
    let judged = Now::of(&[("a", Some(1))]).merged("b", "a");
    assert_eq!(step(&mut book, &rules, &judged, 5), ["withdrawn b: no longer so: score: 80 → 1"]);
    assert_eq!(step(&mut book, &rules, &one, 6), ["reraised b: its cause is back"]);
    // Taken apart again, each has its own.
    let two = Now::of(&[("a", Some(60)), ("b", Some(80))]);
    assert_eq!(step(&mut book, &rules, &two, 7), ["reraised a: its cause is back"]);
    assert!(states(&book).iter().all(|(_, state)| *state == AlertState::New));
}

#[test]
fn an_open_alert_that_was_not_looked_at_is_named() {
    let rules = [rule("r", "low", "score >= 50")];
    let mut book = AlertBook::default();
    step(&mut book, &rules, &Now::of(&[("a", Some(60)), ("b", Some(70))]), 1);
    let here = |key: &SubjectKey| Some(key.clone());
    let mut judge = Judge::new(&rules, &book, &here);
    judge.look(
        &cluster("b"),
        &Table { numbers: vec![("score".to_owned(), Range::ZERO)], ..Table::default() },
    );
    let unseen = judge.unseen();
    assert_eq!(unseen.iter().map(|(_, key)| key.to_string()).collect::<Vec<_>>(), ["cluster:a"]);
    judge.look(&cluster("a"), &Table::default());
    let judged = judge.finish();
    assert_eq!(judged.unknown_counts[0].n_subjects, 1);
    assert_eq!(judged.unknown_counts[0].missing, BTreeMap::from([("score".to_owned(), 1)]));
}

/// What one step of a random history does.
#[derive(Clone, Debug)]
struct Turn {
    owner: [usize; 4],
    scores: [Option<Option<i64>>; 4],
    act: (usize, usize),
    gone: Option<usize>,
}

fn turn() -> impl Strategy<Value = Turn> {
    let score = || proptest::option::weighted(0.8, proptest::option::weighted(0.85, 0_i64..100));
    let owner = [0_usize..1, 0..2, 0..3, 0..4];
    (
        owner,
        [score(), score(), score(), score()],
        (0_usize..8, 0_usize..9),
        proptest::option::weighted(0.1, 0_usize..4),
    )
        .prop_map(|(owner, scores, act, gone)| Turn { owner, scores, act, gone })
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn now_of(turn: &Turn) -> Now {
    let mut now = Now::default();
    for (at, owner) in turn.owner.iter().enumerate() {
        // An address stands for itself, or for the cluster of an older one that stands for itself.
        if *owner != at && turn.owner[*owner] == *owner {
            now.first.insert(NAMES[at].to_owned(), NAMES[*owner].to_owned());
        }
    }
    if let Some(gone) = turn.gone {
        now.gone.insert(NAMES[gone].to_owned());
    }
    for (name, score) in NAMES.iter().zip(turn.scores) {
        let stands = !now.first.contains_key(*name) && !now.gone.contains(*name);
        if let Some(score) = score.filter(|_| stands) {
            now.scores.insert((*name).to_owned(), score);
        }
    }
    now
}

fn act_at_random(book: &mut AlertBook, (alert, act): (usize, usize)) {
    let Some(id) = book.alerts().nth(alert).map(|alert| alert.id.clone()) else { return };
    let acts = [
        Act::Triage,
        Act::Assign { to: "bob".to_owned() },
        Act::Review,
        Act::Escalate,
        Act::RequestClose { outcome: Outcome::NoAction },
        Act::Close { outcome: Some(Outcome::NoAction) },
        Act::Close { outcome: None },
        Act::Reopen,
        Act::RequestClose { outcome: Outcome::FalsePositive },
    ];
    let author = if matches!(acts[act], Act::Close { .. }) { "ann" } else { "bob" };
    if let Ok(entry) = book.act(&id, &acts[act], "w", author, Timestamp::new(1)) {
        book.add(entry).unwrap();
    }
}

fn open_of<'b>(book: &'b AlertBook, rule: &str, key: &SubjectKey, now: &Now) -> Vec<&'b Alert> {
    let is = |alert: &&Alert| {
        alert.rule == rule
            && alert.state.is_open()
            && now.resolve(&alert.subject).as_ref() == Some(key)
    };
    book.alerts().filter(is).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn alerts_agree_with_the_rules(turns in proptest::collection::vec(turn(), 1..12)) {
        let rules = [rule("low", "low", "score >= 30"), rule("high", "high", "score >= 70")];
        let mut book = AlertBook::default();
        let mut log_length = 0;
        for (height, turn) in turns.iter().enumerate() {
            let now = now_of(turn);
            let closed: BTreeSet<String> =
                book.alerts().filter(|a| a.state == AlertState::Closed).map(|a| a.id.clone()).collect();
            step(&mut book, &rules, &now, u32::try_from(height).unwrap());
            prop_assert!(book.next_number() >= log_length, "append-only");
            log_length = book.next_number();
            // The same verdicts again say nothing new.
            prop_assert_eq!(step(&mut book, &rules, &now, u32::try_from(height).unwrap()), Vec::<String>::new());
            for rule in &rules {
                for (name, score) in &now.scores {
                    let key = SubjectKey::Cluster(name.clone());
                    let open = open_of(&book, &rule.name, &key, &now);
                    prop_assert!(open.len() <= 1, "one open alert of a rule and subject: {:?}", open);
                    let bound = if rule.name == "low" { 30 } else { 70 };
                    match score {
                        Some(score) if *score >= bound => {
                            let was_closed = book.alerts().any(|alert| {
                                closed.contains(&alert.id) && alert.rule == rule.name
                                    && now.resolve(&alert.subject).as_ref() == Some(&key)
                            });
                            prop_assert!(open.len() == 1 || was_closed, "{} {} {}", rule.name, name, score);
                        }
                        Some(_) => prop_assert!(open.is_empty(), "{} {}", rule.name, name),
                        None => {}
                    }
                }
            }
            for alert in book.alerts().filter(|alert| alert.state.is_open()) {
                prop_assert!(now.resolve(&alert.subject).is_some(), "of nobody: {:?}", alert);
            }
            act_at_random(&mut book, turn.act);
        }
    }
}

#[test]
fn an_entity_has_one_alert_over_its_clusters() {
    let text = "[[rule]]\nname = \"r\"\nversion = 1\nabout = \"a\"\nseverity = \"low\"\nsubject = \"cluster\"\ndedupe = \"entity\"\nwhen = 'score >= 50'\n";
    let rules = cases::parse_rules(text, &crate::vocabulary()).unwrap();
    let here = |key: &SubjectKey| Some(key.clone());
    let mut book = AlertBook::default();
    let mut say = |scores: [i64; 2]| {
        let mut judge = Judge::new(&rules, &book, &here);
        for (address, score) in ["a", "b"].into_iter().zip(scores) {
            let subject = cases::Subject::Cluster {
                address: address.to_owned(),
                entity: Some("Mixer".to_owned()),
            };
            judge.look(
                &subject,
                &Table {
                    numbers: vec![("score".to_owned(), Range::thousandths(score * 1_000))],
                    ..Table::default()
                },
            );
        }
        let moment =
            Moment { height: Height::new(1), at: Timestamp::new(1), versions: String::new() };
        let entries = reconcile(&book, &rules, &judge.finish(), &here, &moment);
        let kinds: Vec<AlertEventKind> = entries.iter().map(|entry| entry.event.kind).collect();
        entries.into_iter().for_each(|entry| book.add(entry).unwrap());
        kinds
    };
    assert_eq!(say([60, 60]), [AlertEventKind::Raised]);
    // One of its clusters is quiet, the other is not: that is no reason to withdraw.
    assert_eq!(say([10, 60]), [AlertEventKind::Updated]);
    assert_eq!(say([10, 20]), [AlertEventKind::Withdrawn]);
    assert_eq!(book.alerts().next().unwrap().subject, SubjectKey::Entity("Mixer".to_owned()));
    let _ = Truth::True;
}

/// Says of an entity's clusters in any order what their scores are; the kinds and reasons that come of it.
fn of_entity(book: &mut AlertBook, now: &Now) -> Vec<String> {
    let text = "[[rule]]\nname = \"r\"\nversion = 1\nabout = \"a\"\nseverity = \"low\"\nsubject = \"cluster\"\ndedupe = \"entity\"\nwhen = 'score >= 50'\n";
    let rules = cases::parse_rules(text, &crate::vocabulary()).unwrap();
    let resolve = |key: &SubjectKey| now.resolve(key);
    let mut judge = Judge::new(&rules, book, &resolve);
    for (address, score) in &now.scores {
        let entity = Some("Mixer".to_owned());
        let subject = cases::Subject::Cluster { address: address.clone(), entity };
        let points = Range::thousandths(score.unwrap() * 1_000);
        let numbers = vec![("score".to_owned(), points)];
        judge.look(&subject, &Table { numbers, ..Table::default() });
    }
    let entries = reconcile(book, &rules, &judge.finish(), &resolve, &crate::act::MOMENT);
    let said = |entry: &cases::AlertEntry| {
        format!("{} {}", entry.event.kind.name(), entry.event.reason).trim().to_owned()
    };
    let said = entries.iter().map(said).collect();
    entries.into_iter().for_each(|entry| book.add(entry).unwrap());
    said
}

#[test]
fn a_closed_alert_hides_no_later_cause() {
    let mut book = AlertBook::default();
    let at = |scores: &[(&str, Option<i64>)]| Now::of(scores);
    assert_eq!(of_entity(&mut book, &at(&[("b", Some(60)), ("c", Some(10))])), ["raised"]);
    let alert = book.alerts().next().unwrap().clone();
    let causes = alert.basis.last().unwrap();
    assert_eq!((causes.name.as_str(), causes.value.as_str()), ("causes", "1"));
    assert_eq!(causes.rows, "clusters cluster=b");
    let close = |book: &mut AlertBook| {
        done(book, &alert.id, Act::Triage, "bob");
        done(book, &alert.id, Act::Close { outcome: Some(Outcome::FalsePositive) }, "bob");
    };
    close(&mut book);
    // The same cause, by another name since its cluster merged, is no new one.
    assert_eq!(of_entity(&mut book, &at(&[("a", Some(60))]).merged("b", "a")), [""; 0]);
    assert_eq!(
        of_entity(&mut book, &at(&[("b", Some(60)), ("c", Some(55))])),
        ["reraised worse since it was closed: causes: 1 → 2; new cause: clusters cluster=c"]
    );
    close(&mut book);
    // As many, one of them another: no number says so.
    assert_eq!(
        of_entity(&mut book, &at(&[("b", Some(60)), ("d", Some(55))])),
        ["reraised worse since it was closed: new cause: clusters cluster=d"]
    );
    // The worst of them is shown.
    assert_eq!(
        of_entity(&mut book, &at(&[("b", Some(60)), ("d", Some(90))])),
        ["updated score: 60 → 90"]
    );
}

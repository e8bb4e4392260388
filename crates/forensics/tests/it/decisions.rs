use forensics::FlowError;
use forensics::decisions::{
    Decision, DecisionId, DecisionKind, Decisions, LinkKey, PERSON, Verdict,
};
use ledger::{Height, Link};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::evidence::{link, made, scene};

fn log(kinds: impl IntoIterator<Item = DecisionKind>) -> Vec<Decision> {
    (1..).map(DecisionId).zip(kinds).map(|(id, kind)| Decision { id, kind }).collect()
}

fn heights(from: u32, to: u32) -> std::ops::RangeInclusive<Height> {
    Height::new(from)..=Height::new(to)
}

/// What the decisions, numbered from 1, say about one link of heuristic 4 at height 7.
#[track_caller]
fn check(kinds: impl IntoIterator<Item = DecisionKind>, expected: Verdict) {
    let decisions = Decisions::new(&log(kinds)).unwrap();
    assert_eq!(decisions.verdict(&link(7, 3, 4, (1, 2))), expected);
}

#[test]
fn the_last_word_counts() {
    let key = LinkKey::of(&link(7, 3, 4, (1, 2)));
    let rule = |heights| DecisionKind::WithdrawRule { heuristic: 4, heights };
    check([], Verdict::Open);
    check([DecisionKind::Accept(key)], Verdict::Accepted(DecisionId(1)));
    check([DecisionKind::Accept(key), DecisionKind::Refuse(key)], Verdict::Refused(DecisionId(2)));
    check([DecisionKind::Accept(key), rule(None)], Verdict::Withdrawn(DecisionId(2)));
    check([rule(None), DecisionKind::Accept(key)], Verdict::Accepted(DecisionId(2)));
    check([rule(Some(heights(8, 9)))], Verdict::Open);
    check([rule(Some(heights(7, 7)))], Verdict::Withdrawn(DecisionId(1)));
    check([DecisionKind::WithdrawHeights(heights(0, 7))], Verdict::Withdrawn(DecisionId(1)));
    let other = LinkKey { heuristic: 1, ..key };
    check([DecisionKind::Withdraw(other)], Verdict::Open);
}

#[test]
fn what_is_revoked_does_not_count_and_may_come_back() {
    let key = LinkKey::of(&link(7, 3, 4, (1, 2)));
    let revoke = |id| DecisionKind::Revoke(DecisionId(id));
    check([DecisionKind::Withdraw(key), revoke(1)], Verdict::Open);
    check([DecisionKind::Withdraw(key), revoke(1), revoke(2)], Verdict::Withdrawn(DecisionId(1)));
    let between = [DecisionKind::Refuse(key), DecisionKind::Accept(key), revoke(2)];
    check(between, Verdict::Refused(DecisionId(1)));
}

#[test]
fn a_suggestion_is_a_link_while_it_is_accepted() {
    let suggested = link(7, 3, PERSON, (1, 2));
    let accept = DecisionKind::AcceptSuggestion(suggested);
    let accepted = Decisions::new(&log([accept.clone()])).unwrap();
    assert_eq!(accepted.verdict(&suggested), Verdict::Accepted(DecisionId(1)));
    assert_eq!(accepted.links().collect::<Vec<_>>(), [&suggested]);
    let taken_back = log([accept, DecisionKind::Revoke(DecisionId(1))]);
    let taken_back = Decisions::new(&taken_back).unwrap();
    assert_eq!(taken_back.verdict(&suggested), Verdict::Withdrawn(DecisionId(2)));
    assert_eq!(taken_back.links().count(), 0);
    assert_eq!(accepted.changed(&taken_back, []), [suggested]);
    assert_eq!(accepted.changed(&taken_back, [&suggested]), [suggested]);
}

#[test]
fn a_log_that_cannot_be_is_refused() {
    let refused = |log: &[Decision]| Decisions::new(log).unwrap_err();
    let range = DecisionKind::WithdrawHeights(heights(1, 2));
    let twice = Decision { id: DecisionId(4), kind: range };
    assert_eq!(refused(&[twice.clone(), twice]), FlowError::DecisionOrder { id: 4 });
    let later = log([DecisionKind::Revoke(DecisionId(2)), DecisionKind::Revoke(DecisionId(1))]);
    assert_eq!(refused(&later), FlowError::Revoked { id: 1, revokes: 2 });
    let no_person = log([DecisionKind::AcceptSuggestion(link(7, 3, 1, (1, 2)))]);
    let error = refused(&no_person);
    assert_eq!(error, FlowError::Suggestion { id: 1, a: 1, b: 2 });
    assert!(error.hint().unwrap().contains("whole log"));
}

/// The three rules, by reading the whole log.
pub fn verdict_by_reading(log: &[Decision], link: &Link) -> Verdict {
    let in_force = |at: usize| {
        fn revoker(log: &[Decision], at: usize) -> Option<usize> {
            (at + 1..log.len()).find(|later| {
                log[*later].kind == DecisionKind::Revoke(log[at].id)
                    && revoker(log, *later).is_none()
            })
        }
        revoker(log, at)
    };
    let key = LinkKey::of(link);
    let mut verdict = Verdict::Open;
    let mut made_and_revoked = None;
    for (at, Decision { id, kind }) in log.iter().enumerate() {
        if in_force(at).is_some() {
            if matches!(kind, DecisionKind::AcceptSuggestion(made) if LinkKey::of(made) == key) {
                made_and_revoked = Some(Verdict::Withdrawn(*id));
            }
            continue;
        }
        let within = |range: &std::ops::RangeInclusive<Height>| range.contains(&link.height);
        match kind {
            DecisionKind::Accept(named) if *named == key => verdict = Verdict::Accepted(*id),
            DecisionKind::AcceptSuggestion(made) if LinkKey::of(made) == key => {
                verdict = Verdict::Accepted(*id);
            }
            DecisionKind::Refuse(named) if *named == key => verdict = Verdict::Refused(*id),
            DecisionKind::Withdraw(named) if *named == key => verdict = Verdict::Withdrawn(*id),
            DecisionKind::WithdrawRule { heuristic, heights }
                if *heuristic == link.heuristic && heights.as_ref().is_none_or(within) =>
            {
                verdict = Verdict::Withdrawn(*id);
            }
            DecisionKind::WithdrawHeights(heights) if within(heights) => {
                verdict = Verdict::Withdrawn(*id);
            }
            _ => {}
        }
    }
    match (verdict, made_and_revoked) {
        (Verdict::Open, Some(revoked)) => revoked,
        _ => verdict,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn verdicts_are_what_the_log_says(scene in scene()) {
        let decisions = Decisions::new(&scene.log).unwrap();
        for link in &scene.links {
            let (found, read) = (decisions.verdict(link), verdict_by_reading(&scene.log, link));
            // Which decision withdrew a link that two of them did is a matter of taste.
            match read {
                Verdict::Withdrawn(_) => prop_assert!(matches!(found, Verdict::Withdrawn(_))),
                _ => prop_assert_eq!(found, read),
            }
        }
        let mut links: Vec<Link> = made(&scene.log).collect();
        links.retain(|link| !verdict_by_reading(&scene.log, link).leaves_out());
        for link in decisions.links() {
            prop_assert!(links.iter().any(|made| LinkKey::of(made) == LinkKey::of(link)));
        }
        for link in &links {
            prop_assert!(decisions.links().any(|made| LinkKey::of(made) == LinkKey::of(link)));
        }
    }
}

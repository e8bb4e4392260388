//! The rules of the program, canonical text, and publishing.

use cases::{Change, RuleSet, default_text, in_force, parse_rules};
use ledger::{RuleRecord, Timestamp};

use crate::vocabulary;

const NOW: Timestamp = Timestamp::new(5);

fn row(rule: &cases::Rule, retired: bool) -> RuleRecord {
    RuleRecord {
        name: rule.name.clone(),
        version: rule.version,
        retired,
        digest: rule.digest(),
        text: rule.to_toml(),
        reason: "r".to_owned(),
        author: "x".to_owned(),
        published_at: NOW,
    }
}

#[test]
fn the_rules_of_the_program_are_read_in_any_currency() {
    let rules = in_force(&[], &vocabulary()).unwrap();
    assert!(rules.len() >= 8, "{}", rules.len());
    for currency in ["EUR", "CHF"] {
        let words = cases::Vocabulary { currency: currency.to_owned(), ..vocabulary() };
        assert_eq!(parse_rules(&default_text(&words), &words).unwrap().len(), rules.len());
    }
}

#[test]
fn the_text_of_a_rule_is_the_rule() {
    for rule in in_force(&[], &vocabulary()).unwrap() {
        let text = rule.to_toml();
        let again = parse_rules(&text, &vocabulary()).unwrap();
        assert_eq!(again, std::slice::from_ref(&rule), "{text}");
        assert_eq!((again[0].to_toml(), again[0].digest()), (text, rule.digest()));
    }
    let odd = "[[rule]]\nname = \"a\"\nversion = 7\nabout = \"\"\" it's \\\"so\\\" \\u00e9\\n\"\"\"\nseverity = \"high\"\n\
               subject = \"monitored\"\ndedupe = \"address\"\nfatf = 'x \"y\"'\nwhen = \"tag(\\\"it\\\") and mixing\"\n";
    let rule = parse_rules(odd, &vocabulary()).unwrap().remove(0);
    assert_eq!(parse_rules(&rule.to_toml(), &vocabulary()).unwrap(), [rule]);
}

#[test]
fn publishing_raises_versions_and_retires_only_when_asked() {
    let words = vocabulary();
    let of = |version: u32, when: &str| {
        let text = format!(
            "[[rule]]\nname = \"high-score\"\nversion = {version}\nabout = \"a\"\nseverity = \"high\"\nsubject = \"cluster\"\nwhen = '{when}'\n"
        );
        parse_rules(&text, &words).unwrap().remove(0)
    };
    let set = RuleSet::of(&[], &words).unwrap();
    let n = set.in_force().count();
    let error = set.publish(&[of(1, "score >= 60")], false).unwrap_err();
    assert_eq!(error.hint().unwrap(), "raise it: `version = 2`");
    let next = of(2, "score >= 60");
    let changed = set.publish(std::slice::from_ref(&next), false).unwrap();
    assert_eq!(
        (changed.len(), changed[0].change, changed[0].version_before),
        (1, Change::Raised, Some(1))
    );
    let set = RuleSet::of(&[row(&next, false)], &words).unwrap();
    assert_eq!(set.publish(std::slice::from_ref(&next), false).unwrap()[0].change, Change::Same);
    assert!(set.in_force().any(|rule| *rule == next));
    let only = set.publish(std::slice::from_ref(&next), true).unwrap();
    assert_eq!(only.iter().filter(|one| one.change == Change::Retired).count(), n - 1);
    // A retired rule is out of force, and comes back with a higher version only.
    let retired = RuleSet::of(&[row(&next, false), row(&next, true)], &words).unwrap();
    assert_eq!(retired.in_force().count(), n - 1);
    assert!(retired.publish(std::slice::from_ref(&next), false).is_err());
    assert!(retired.publish(&[of(3, "score >= 60")], false).is_ok());
}

#[test]
fn a_stored_rule_that_cannot_be_read_is_an_error() {
    let rule = in_force(&[], &vocabulary()).unwrap().remove(0);
    let bent = RuleRecord {
        text: rule.to_toml().replace("version = 1", "version = 2"),
        ..row(&rule, false)
    };
    assert!(in_force(&[bent], &vocabulary()).unwrap_err().to_string().contains("digest"));
    let other = RuleRecord { name: "else".to_owned(), ..row(&rule, false) };
    assert!(in_force(&[other], &vocabulary()).unwrap_err().to_string().contains("another rule"));
}

fn of(name: &str, subject: &str, when: &str, words: &cases::Vocabulary) -> cases::Rule {
    let text = format!(
        "[[rule]]\nname = \"{name}\"\nversion = 1\nabout = \"a\"\nseverity = \"high\"\nsubject = \"{subject}\"\nwhen = '{when}'\n"
    );
    parse_rules(&text, words).unwrap().remove(0)
}

/// The rule that a log of this one gives with the words of the tests; its text stays as it was written.
#[track_caller]
fn reread(rule: &cases::Rule, unreadable: &[(&str, &str)]) -> cases::Rule {
    let set = RuleSet::of(&[row(rule, false)], &vocabulary()).unwrap();
    let found = set.in_force().find(|known| known.name == rule.name).unwrap().clone();
    assert_eq!((found.unreadable(), found.digest()), (unreadable.to_vec(), rule.digest()));
    found
}

#[test]
fn a_stored_rule_of_other_words_cannot_say_and_can_be_retired() {
    let euros = cases::Vocabulary { currency: "EUR".to_owned(), ..vocabulary() };
    let why = "`EUR` is no unit here";
    let when = "listed or not (value(received, fraud) >= 5 EUR) and score > 3";
    let rule =
        reread(&of("a", "cluster", when, &euros), &[("value(received, fraud) >= 5 EUR", why)]);
    let facts = |listed: bool| crate::Table {
        claims: vec![("listed".to_owned(), listed.into())],
        numbers: vec![("score".to_owned(), cases::Range::thousandths(9_000))],
    };
    assert_eq!(rule.truth(&facts(true)), cases::Truth::True);
    let said = cases::evaluate(&rule, &facts(false));
    let cases::Verdict::Unknown(missing) = said else { panic!("{said:?}") };
    assert_eq!(missing[0].value, format!("cannot be read: {why}"));
    let long = "(total_value(sent) + 1 EUR) * (2 * (3 + 1)) >= (50 EUR - 2 EUR) * 2";
    reread(&of("a", "cluster", long, &euros), &[(long, why)]);
    let more = cases::Vocabulary { patterns: vec![(99, "gone")], ..vocabulary() };
    let no = "there is no pattern \"gone\"";
    let rule = reread(
        &of("a", "cluster", "pattern(\"gone\") >= 1", &more),
        &[("pattern(\"gone\") >= 1", no)],
    );
    let set = RuleSet::of(&[row(&rule, false)], &vocabulary()).unwrap();
    let other = of("b", "cluster", "listed", &vocabulary());
    let changed = set.publish(&[other], true).unwrap();
    assert!(changed.iter().any(|one| one.rule == rule && one.change == Change::Retired));
    assert_eq!(RuleSet::of(&[row(&rule, true)], &vocabulary()).unwrap().in_force().count(), 9);
    // A file of another currency is refused as ever.
    assert!(parse_rules(&rule.to_toml(), &vocabulary()).is_err());
}

#[test]
fn a_file_without_rules_retires_nothing() {
    let set = RuleSet::of(&[], &vocabulary()).unwrap();
    for only in [true, false] {
        let error = set.publish(&[], only).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("no rule"), "{error}");
    }
}

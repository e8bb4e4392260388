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
               subject = \"transaction\"\ndedupe = \"address\"\nfatf = 'x \"y\"'\nwhen = \"tag(\\\"it\\\") and mixing\"\n";
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
    let mut fewer = vocabulary();
    let pattern =
        in_force(&[], &fewer).unwrap().into_iter().find(|rule| rule.name == "structuring").unwrap();
    fewer.patterns.clear();
    assert!(in_force(&[row(&pattern, false)], &fewer).is_err());
}

//! Faults of a file of rules stand where they are in the file, whatever the string's quotes.

use cases::{CaseError, parse_rules};
use proptest::prelude::*;

use crate::vocabulary;

fn file(when: &str) -> String {
    format!(
        "# rules\n[[rule]]\nname = \"a\"\nversion = 1\nabout = \"x\"\nseverity = \"low\"\nsubject = \"cluster\"\nwhen = {when}\n"
    )
}

/// The message and hint of a file.
#[track_caller]
fn check(text: &str, message: &str, hint: &str) {
    let error = parse_rules(text, &vocabulary()).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(error.hint().unwrap_or_default(), hint);
}

/// The fault in words, the line that is shown, and what of it is marked.
#[track_caller]
fn marked(text: &str, what: &str, line: &str, mark: &str, hint: &str) {
    let number: String = line.chars().take_while(char::is_ascii_digit).collect();
    let start = line.find(mark).unwrap();
    let carets = format!("{}{}", " ".repeat(start), "^".repeat(mark.chars().count()));
    let column = start - number.len() - 2;
    let message = format!("rule a, line {number}, column {column}: {what}\n{line}\n{carets}");
    check(text, &message, hint);
}

#[test]
fn a_fault_is_marked_in_the_file() {
    marked(
        &file("'exposur(received, sanctioned) > 0'"),
        "there is no fact `exposur`",
        "8 | when = 'exposur(received, sanctioned) > 0'",
        "exposur",
        "did you mean `exposure`?",
    );
    marked(
        &file("\"tag(\\\"x\\\") and scor > 1\""),
        "there is no fact `scor`",
        "8 | when = \"tag(\\\"x\\\") and scor > 1\"",
        "scor",
        "did you mean `score`?",
    );
    marked(
        &file("'''\nlisted or\n  hops(sent, mixin) < 3\n'''"),
        "there is no category `mixin`",
        "10 |   hops(sent, mixin) < 3",
        "mixin",
        "did you mean `mixing`?",
    );
    marked(
        &file("\"\"\"\nlisted \\\n   or skore > 1\"\"\""),
        "there is no fact `skore`",
        "10 |    or skore > 1\"\"\"",
        "skore",
        "did you mean `score`?",
    );
}

#[test]
fn keys_and_values_are_checked() {
    #[track_caller]
    fn says(text: &str, what: &str, hint: &str) {
        let error = parse_rules(text, &vocabulary()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{error} {:?}", error.hint());
    }
    let sound = file("'listed'");
    says(&sound.replace("severity", "severty"), "no key `severty`", "did you mean `severity`?");
    says(
        &sound.replace("\"low\"", "\"bad\""),
        "`severity` cannot be \"bad\"",
        "low, medium, high, severe",
    );
    says(&sound.replace("\"cluster\"", "\"user\""), "`subject` cannot be", "monitored");
    says(
        &sound.replace("\"cluster\"", "\"transaction\""),
        "payments to addresses that nobody monitors",
        "subject = \"monitored\"",
    );
    says(
        &format!("{sound}dedupe = \"payment\"\n"),
        "`dedupe` cannot be \"payment\"",
        "cluster, entity",
    );
    says(&sound.replace("version = 1", "version = 0"), "versions begin at 1", "version = 1");
    says(&sound.replace("version = 1\n", ""), "missing field", "`version`");
    says(&sound.replace("\"a\"", "\"A b\""), "no name of a rule", "small letters");
    says(&sound.replace("\"x\"", "\" \""), "empty", "1 to");
    says(&format!("{sound}{sound}"), "second rule of this name", "otherwise");
    says("x = ", "line 1", "");
    let two = format!("{}{}", file("'lsted'"), file("'scor > 1'").replace("\"a\"", "\"b\""));
    let CaseError::Rules { faults } = parse_rules(&two, &vocabulary()).unwrap_err() else {
        panic!()
    };
    assert_eq!(
        faults.iter().map(|fault| (fault.line, fault.column)).collect::<Vec<_>>(),
        [(8, 9), (16, 9)]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Arbitrary bytes, and a sound file with a hole in it, are read or refused with a place in the text.
    #[test]
    fn no_file_panics(junk in any::<String>(), from in 0_usize..150, n in 0_usize..20, with in "[\\PC\"'\\\\\n=]{0,6}") {
        let mut torn = file("\"\"\"tag(\\\"é\\\") \\\n and score > 1\"\"\"");
        let boundary = |at: usize| (0..=at.min(torn.len())).rev().find(|at| torn.is_char_boundary(*at)).unwrap();
        let (a, b) = (boundary(from), boundary(from + n));
        torn.replace_range(a..b, &with);
        for text in [junk, torn] {
            if let Err(CaseError::Rules { faults }) = parse_rules(&text, &vocabulary()) {
                for fault in faults {
                    prop_assert!(fault.line <= text.lines().count() + 1);
                    prop_assert!(!fault.to_string().is_empty());
                }
            }
        }
    }
}

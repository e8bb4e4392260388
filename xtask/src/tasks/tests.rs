#![allow(clippy::unwrap_used)]

use super::*;

#[track_caller]
fn check_commands(nextest: bool, arguments: &str, expected: &[&str]) {
    let arguments: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    let commands: Vec<String> =
        test_commands(nextest, &arguments).iter().map(|words| words.join(" ")).collect();
    assert_eq!(commands, expected);
}

#[test]
fn a_bare_test_runs_everything_and_ends_with_the_tests() {
    let docs = "test --workspace --doc";
    check_commands(true, "", &[docs, "nextest run --workspace --no-fail-fast"]);
    check_commands(false, "", &[docs, "test --workspace --lib --bins --tests --no-fail-fast"]);
}

#[test]
fn arguments_narrow_the_tests() {
    check_commands(true, "-p xtask", &["nextest run --no-fail-fast -p xtask"]);
    check_commands(true, "links --fail-fast", &["nextest run --workspace links --fail-fast"]);
    check_commands(
        false,
        "--package=xtask --test tidy",
        &["test --no-fail-fast --package=xtask --test tidy"],
    );
    check_commands(false, "links", &["test --workspace --lib --bins --tests --no-fail-fast links"]);
}

#[test]
fn the_binary_is_found_in_the_messages_of_cargo() {
    let messages = concat!(
        r#"{"reason":"compiler-artifact","target":{"name":"ledger"},"executable":null}"#,
        "\nnot json\n",
        r#"{"reason":"compiler-artifact","target":{"name":"tracehound"},"executable":"/t/release/tracehound"}"#,
        "\n",
        r#"{"reason":"build-finished","success":true}"#,
    );
    assert_eq!(executable(messages, "tracehound"), Some(PathBuf::from("/t/release/tracehound")));
    assert_eq!(executable(messages, "ledger"), None);
}

#[test]
fn an_unknown_task_is_a_usage_error_with_a_suggestion() {
    let failure = run(&["tset".to_owned()]).unwrap_err();
    assert_eq!(failure.to_string(), "no task is named `tset`");
    assert_eq!(failure.hint(), Some("did you mean `cargo xtask test`?"));
    assert_eq!(failure.exit_code(), 2);
    let failure = run(&["deploy".to_owned()]).unwrap_err();
    assert_eq!(failure.hint(), Some("the tasks are demo, test, check, tidy, setup, help"));
}

#[test]
fn a_task_without_arguments_refuses_them() {
    let failure = run(&["check".to_owned(), "--fast".to_owned()]).unwrap_err();
    assert_eq!(failure.to_string(), "`check` takes no arguments, not `--fast`");
}

#[test]
fn one_leading_separator_is_dropped() {
    assert_eq!(without_separator(&words("-- --json --")), words("--json --"));
    assert_eq!(without_separator(&words("--json")), words("--json"));
}

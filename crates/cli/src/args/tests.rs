#![allow(clippy::unwrap_used)]

use clap::{CommandFactory, Parser};

use super::words::{satoshi, time};
use super::*;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    // What stands in quotes is one word, as a shell has it.
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().collect::<Vec<&str>>(),
        _ => vec![part],
    });
    Cli::try_parse_from(words)
}

#[test]
fn the_table_of_commands_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_an_example() {
    fn check(command: &clap::Command, path: &str) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Example"), "{path} --help shows no example");
        let name = path.split(' ').next_back().unwrap();
        assert!(
            help.contains(&format!("tracehound {}", path.trim_start_matches("tracehound ").trim()))
                || path == "tracehound",
            "the example of {path} does not use {name}"
        );
        assert!(command.get_about().is_some(), "{path} does not say what it is about");
        for inner in command.get_subcommands() {
            check(inner, &format!("{path} {}", inner.get_name()));
        }
    }
    check(&Cli::command(), "tracehound");
}

#[test]
fn examples_in_the_help_are_read() {
    fn lines(command: &clap::Command, into: &mut Vec<String>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let indented = help.lines().filter_map(|line| line.strip_prefix("  "));
        into.extend(indented.filter(|line| line.contains("tracehound ")).map(str::to_owned));
        command.get_subcommands().for_each(|inner| lines(inner, into));
    }
    let mut examples = Vec::new();
    lines(&Cli::command(), &mut examples);
    assert!(examples.len() > 25, "{}", examples.len());
    for example in &examples {
        let start = example.find("tracehound ").unwrap();
        // A pipe, a redirection or three blanks and a remark end the command itself.
        let end = [" > ", " | ", "   "].iter().filter_map(|mark| example[start..].find(mark)).min();
        let line = &example[start..end.map_or(example.len(), |end| start + end)];
        let line = line.split("  ").next().unwrap();
        if let Err(error) = parsed(line) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn what_excludes_or_needs_something_else_is_refused() {
    #[track_caller]
    fn check(line: &str, says: &str) {
        let error = parsed(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line}");
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
    check("tracehound ingest bitcoin", "<PATH>");
    check("tracehound ingest bitcoin x --node http://h", "cannot be used with");
    check("tracehound ingest bitcoin x --follow", "cannot be used with");
    check("tracehound ingest bitcoin --follow", "--node <URL>");
    check("tracehound trace A", "--to");
    check("tracehound trace A --to B --to-category sanctioned", "cannot be used with");
    check("tracehound screen", "<ADDRESS>");
    check("tracehound screen A --json --arrow", "cannot be used with");
    check("tracehound status -q -v", "cannot be used with");
    check("tracehound scren A", "screen");
    check("tracehound screen A --as-off 2024-01-01", "--as-of");
    check("tracehound screen A --as-of yesterday", "2024-09-27");
    check("tracehound trace A --to B --only both", "shortest, widest");
}

#[test]
fn times_are_read_as_utc() {
    #[track_caller]
    fn check(text: &str, seconds: Option<i64>) {
        assert_eq!(time(text).ok().map(|time| time.get()), seconds, "{text}");
    }
    check("1970-01-02", Some(86_400));
    check("2024-09-27", Some(1_727_395_200));
    check("2024-09-27T10:00:00Z", Some(1_727_431_200));
    check("2024-09-27T10:00:00+02:00", Some(1_727_424_000));
    check("2024-09-27 10:00", None);
    check("2024-9-27", None);
    check("2024-02-30", None);
    check("27.09.2024", None);
    check("", None);
}

#[test]
fn amounts_are_read_exactly() {
    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(satoshi(text).ok(), expected, "{text}");
    }
    check("1", Some(100_000_000));
    check("0.5", Some(50_000_000));
    check(".5", Some(50_000_000));
    check("0.00000001", Some(1));
    check("21000000", Some(2_100_000_000_000_000));
    check("0.000000001", None);
    check("-1", None);
    check("1e3", None);
    check("184467440738", None);
    check(".", None);
    check("", None);
}

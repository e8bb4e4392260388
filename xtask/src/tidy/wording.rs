//! Words that must not reach the tree, and blanks that nobody sees.

use super::rust::code_only;
use super::{Project, Violation};

/// What code must not say, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    (
        "#[ignore",
        "a test that does not run is no test: put slow ones behind an environment variable",
    ),
    (", ignore)]", "a test that does not run is no test"),
    ("todo!", "finish it or leave it out"),
    ("unimplemented!", "finish it or leave it out"),
    ("dbg!", "left over from a search"),
    ("#[should_panic", "assert on the error or its message instead"),
];
const SLEEP: &str = "thread::sleep";

pub(super) fn forbidden(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.rust() {
        let code = code_only(text);
        let mut in_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        for (number, (line, original)) in code.lines().zip(text.lines()).enumerate() {
            in_test |= line.contains("#[cfg(test)]");
            let found = FORBIDDEN.iter().filter(|(word, _)| says(line, word));
            violations.extend(
                found.map(|(word, why)| {
                    Violation::line(path, number + 1, format!("`{word}`: {why}"))
                }),
            );
            if in_test && line.contains(SLEEP) {
                let message = format!("`{SLEEP}` in a test: wait for the event itself");
                violations.push(Violation::line(path, number + 1, message));
            }
            if is_ignored_example(original) {
                let message = "a doc example that does not compile: make it run, or `text`";
                violations.push(Violation::line(path, number + 1, message));
            }
        }
    }
    violations
}

/// Whether `line` has `word`, not as the end of a longer name.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
            || !word.starts_with(char::is_alphanumeric)
    })
}

fn is_ignored_example(line: &str) -> bool {
    let doc = line.trim_start().strip_prefix("///").or(line.trim_start().strip_prefix("//!"));
    let fence = doc.and_then(|doc| doc.trim_start().strip_prefix("```"));
    fence.is_some_and(|fence| fence.split(',').any(|word| word.trim() == "ignore"))
}

pub(super) fn blanks(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for extension in ["rs", "md", "toml"] {
        for (path, text) in project.tree.with_extension(extension) {
            for (number, line) in text.split('\n').enumerate() {
                let message = if line.contains('\t') {
                    "a tab character"
                } else if line.ends_with(char::is_whitespace) {
                    "blanks at the end of the line"
                } else {
                    continue;
                };
                violations.push(Violation::line(path, number + 1, message));
            }
            if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
                violations.push(Violation::file(path, "must end with exactly one line break"));
            }
        }
    }
    violations
}

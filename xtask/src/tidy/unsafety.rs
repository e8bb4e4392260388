//! `unsafe` only where memory is mapped, and never without its reason.

use super::rust::{code_only, line_of, words};
use super::{Project, Violation};

const ALLOWED: &[&str] = &["graph", "store"];
/// How far above the block its `SAFETY:` comment may begin.
const REASON_LINES_MAX: usize = 6;

pub(super) fn broken(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.rust() {
        let allowed = ALLOWED.iter().any(|noun| path.starts_with(&format!("crates/{noun}/")));
        let code = code_only(text);
        for (at, word) in words(&code).filter(|(_, word)| *word == "unsafe") {
            let line = line_of(&code, at);
            let next = code[at + word.len()..].trim_start();
            let needs_reason = next.starts_with('{') || next.starts_with("impl");
            if !allowed {
                let message = format!("`unsafe` belongs in {} only", ALLOWED.join(" and "));
                violations.push(Violation::line(path, line, message));
            } else if needs_reason && !has_reason(text, line) {
                let message = format!(
                    "`unsafe` without a `SAFETY:` comment in the {REASON_LINES_MAX} lines above"
                );
                violations.push(Violation::line(path, line, message));
            }
        }
    }
    violations
}

fn has_reason(text: &str, line: usize) -> bool {
    let first = line.saturating_sub(REASON_LINES_MAX + 1);
    let above = text.lines().take(line).skip(first);
    above.filter_map(|line| line.split_once("//")).any(|(_, comment)| comment.contains("SAFETY:"))
}

//! Links between the pages of the project lead somewhere.
//!
//! Reads `[text](target)` and `[name]: target` outside code, by hand: no Markdown parser is locked,
//! and the pages use no more of Markdown than this. Addresses on the web and rustdoc paths are left
//! to their readers; the part after `#` is not checked.

use super::{Project, Violation};

pub(super) fn broken(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.tree.with_extension("md") {
        for (line, target) in targets(&prose(text)) {
            let found = resolved(path, target).is_some_and(|file| project.tree.contains(&file));
            if !found {
                let message = format!("the link to `{target}` leads nowhere");
                violations.push(Violation::line(path, line, message));
            }
        }
    }
    violations
}

/// The page without fenced and inline code; lines stay where they are.
pub(super) fn prose(page: &str) -> String {
    let mut lines = Vec::new();
    let mut fence: Option<&str> = None;
    for line in page.lines() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, None) => lines.push(without_inline_code(line)),
            (None, opened) => {
                fence = opened;
                lines.push(String::new());
            }
            (Some(open), mark) => {
                fence = if mark == Some(open) { None } else { fence };
                lines.push(String::new());
            }
        }
    }
    lines.join("\n")
}

/// Every other stretch between backquotes is code. The text of a link may be code, its target never.
fn without_inline_code(line: &str) -> String {
    if line.matches('`').count() % 2 == 1 {
        return line.to_owned();
    }
    line.split('`').step_by(2).collect::<Vec<_>>().join("code")
}

/// Relative targets with their line.
fn targets(prose: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose.lines().enumerate() {
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let both = inline.map(|(target, _)| target).chain(reference.map(|(_, target)| target));
        for target in both {
            let target = target.trim().trim_start_matches('<').split([' ', '>']).next();
            let target = target.and_then(|target| target.split('#').next()).unwrap_or_default();
            let elsewhere = target.is_empty()
                || target.contains("://")
                || target.contains("::")
                || target.starts_with("mailto:");
            if !elsewhere {
                found.push((number + 1, target));
            }
        }
    }
    found
}

/// The path a link of `page` means, from the root; `None` where it leaves the project.
fn resolved(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    if target.starts_with('/') {
        parts.clear();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

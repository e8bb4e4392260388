//! The pages a newcomer relies on are there, and complete.

use super::links::prose;
use super::{Project, Violation};

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn missing_on_map(project: &Project) -> Vec<Violation> {
    let map = project.tree.text(MAP);
    let mut violations = Vec::new();
    if map.is_none() {
        violations.push(Violation::file(MAP, "missing: the map of the crates"));
    }
    for noun in project.tree.crates() {
        let folder = format!("crates/{noun}");
        if map.is_some_and(|map| !names(map, &folder)) {
            violations.push(Violation::file(MAP, format!("does not name `{folder}`")));
        }
        let page = format!("{folder}/README.md");
        if !project.tree.contains(&page) {
            violations.push(Violation::file(&page, "missing: the front page of the crate"));
        }
    }
    violations
}

/// Whether `page` has `folder`, not as the start of a longer name.
fn names(page: &str, folder: &str) -> bool {
    page.match_indices(folder).any(|(at, _)| {
        let after = page[at + folder.len()..].chars().next();
        !after.is_some_and(|next| next.is_alphanumeric() || next == '-' || next == '_')
    })
}

const DECISIONS: &str = "docs/decisions/";

pub(super) fn decision_numbers(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut due = 1;
    let files = project.tree.paths().filter_map(|path| Some((path, path.strip_prefix(DECISIONS)?)));
    for (path, name) in files.filter(|(_, name)| *name != "README.md") {
        let Some(number) = decision_number(name) else {
            let message = "is not named NNNN-title.md (lower case, words joined by `-`)";
            violations.push(Violation::file(path, message));
            continue;
        };
        // Sorted by name, hence by number.
        if number != due {
            let message =
                format!("number {number:04} where {due:04} is due: no gap, no number twice");
            violations.push(Violation::file(path, message));
        }
        due = number + 1;
    }
    violations
}

fn decision_number(name: &str) -> Option<u32> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_title = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let well_named = is_number && !title.is_empty() && title.bytes().all(is_title);
    well_named.then(|| number.parse().ok()).flatten()
}

/// Sections of a methods page; one of the words of each line begins a heading or stands in bold.
const SECTIONS: &[&[&str]] =
    &[&["definition"], &["source"], &["departure"], &["parameter", "cost"], &["oracle"]];

pub(super) fn method_sections(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in project.tree.with_extension("md") {
        let name = path.strip_prefix("docs/methods/");
        if name.is_none_or(|name| name == "README.md") {
            continue;
        }
        let headings = headings(&prose(text));
        for section in SECTIONS {
            let found = headings.iter().any(|h| section.iter().any(|word| h.starts_with(word)));
            if !found {
                let message = format!("has no section {}", section.join(" or "));
                violations.push(Violation::file(path, message));
            }
        }
    }
    violations
}

/// Headings, and words in bold, in lower case.
fn headings(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with('#') {
            let numbered = |mark: char| "#. ".contains(mark) || mark.is_ascii_digit();
            found.push(line.trim_start_matches(numbered).to_lowercase());
        }
        let bold = line.split("**").skip(1).step_by(2);
        found.extend(bold.map(str::to_lowercase));
    }
    found
}

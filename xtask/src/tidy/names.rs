//! Crates and modules are named by the noun they are about.

use super::rust::{code_only, line_of, words};
use super::{Project, Violation};

/// Names that say what kind of thing is inside and not which.
const GRAB_BAGS: &[&str] =
    &["common", "utils", "util", "helpers", "helper", "types", "api", "core", "misc"];

pub(super) fn broken(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in project.members.iter().filter(|m| GRAB_BAGS.contains(&m.noun.as_str())) {
        let manifest = format!("crates/{}/Cargo.toml", member.noun);
        violations.push(Violation::file(&manifest, advice("crate", &member.noun)));
    }
    for (path, text) in project.rust() {
        // Folders below the crate's own, and the file itself.
        let parts = path.trim_end_matches(".rs").split('/').skip(1);
        for part in parts.filter(|part| GRAB_BAGS.contains(part)) {
            violations.push(Violation::file(path, advice("file or folder", part)));
        }
        let code = code_only(text);
        let pairs = words(&code).zip(words(&code).skip(1));
        for ((at, word), (_, name)) in pairs {
            if word == "mod" && GRAB_BAGS.contains(&name) {
                violations.push(Violation::line(path, line_of(&code, at), advice("module", name)));
            }
        }
    }
    violations
}

fn advice(kind: &str, name: &str) -> String {
    format!("{kind} `{name}`: name it by its noun in the glossary (CONTRIBUTING.md, Names)")
}

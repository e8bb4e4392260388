//! The rules of the house as tests: what a reviewer would otherwise have to remember.
//!
//! In: a [`Project`], read once. Out: [`Violation`]s, in the order of the files.
//! Every rule is a pure function in [`RULES`]; `xtask/tests/tidy.rs` runs them over this tree and
//! shows for each an example that it refuses.

mod docs;
mod edges;
mod licenses;
mod links;
mod names;
mod project;
mod purity;
mod rust;
mod sizes;
mod tree;
mod unsafety;
mod wording;

use std::fmt;

pub use project::{Edge, EdgeKind, Member, Package, Project};
pub use tree::Tree;

/// One rule: a name to speak of it, and the function that finds what breaks it.
pub struct Rule {
    /// One word.
    pub name: &'static str,
    /// What breaks the rule in this project.
    pub broken: fn(&Project) -> Vec<Violation>,
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule { name: "edges", broken: edges::broken },
    Rule { name: "files", broken: sizes::long_files },
    Rule { name: "functions", broken: sizes::long_functions },
    Rule { name: "map", broken: docs::missing_on_map },
    Rule { name: "unsafe", broken: unsafety::broken },
    Rule { name: "purity", broken: purity::broken },
    Rule { name: "names", broken: names::broken },
    Rule { name: "wording", broken: wording::forbidden },
    Rule { name: "blanks", broken: wording::blanks },
    Rule { name: "budget", broken: licenses::over_budget },
    Rule { name: "licenses", broken: licenses::refused },
    Rule { name: "linked", broken: licenses::unknown_linked },
    Rule { name: "links", broken: links::broken },
    Rule { name: "decisions", broken: docs::decision_numbers },
    Rule { name: "methods", broken: docs::method_sections },
];

/// One place that breaks a rule, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Violation {
    fn file(path: &str, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, message: message.into() }
    }

    fn line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { line: Some(line), ..Self::file(path, message) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.path, self.message),
            None => write!(out, "{}: {}", self.path, self.message),
        }
    }
}

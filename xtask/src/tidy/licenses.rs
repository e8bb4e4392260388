//! What we take in from others: how much, under which license, and what it needs to be built.
//!
//! License expressions follow SPDX 2.3, annex D, with `/` as the old spelling of OR; AND binds
//! tighter than OR. An exception (`WITH …`) only adds permissions, so its license decides.

use super::{Project, Violation};
use crate::setup::LINKED_CRATES;

/// Packages in Cargo.lock. A cold build on two cores is a wait already. Serving, Python and graphics processors brought the last
/// (docs/decisions/0012-serving.md, 0013-python.md, 0010-learning.md); half of what the last brought is for other systems.
const PACKAGES_MAX: usize = 424;

/// Licenses under which a bank can run, change and pass on the whole.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// Read and accepted for one package each: the package, the license, what it asks beyond MIT.
const READ: &[(&str, &str, &str)] =
    &[("hex_lit", "MITNFA", "a changed copy must be renamed; bitcoin uses it, unchanged")];

/// Names that build or look for foreign code, besides all that end in `-sys`.
const BUILDERS: &[&str] = &["autotools", "bindgen", "cmake", "openssl-src", "pkg-config", "vcpkg"];

const LOCK: &str = "Cargo.lock";

pub(super) fn over_budget(project: &Project) -> Vec<Violation> {
    let count = locked(project).count();
    if count <= PACKAGES_MAX {
        return Vec::new();
    }
    let message = format!(
        "{count} packages, {PACKAGES_MAX} allowed: which dependency brought them, and is it worth it? \
         (cargo tree --workspace --edges normal,build,dev --duplicates)"
    );
    vec![Violation::file(LOCK, message)]
}

pub(super) fn unknown_linked(project: &Project) -> Vec<Violation> {
    locked(project)
        .filter(|name| name.ends_with("-sys") || BUILDERS.contains(name))
        .filter(|name| !LINKED_CRATES.iter().any(|(known, _)| known == name))
        .map(|name| {
            let message = format!(
                "`{name}` links or builds foreign code: find out what a fresh machine needs for it, \
                 add that to xtask/src/setup.rs and `{name}` to its LINKED_CRATES"
            );
            Violation::file(LOCK, message)
        })
        .collect()
}

fn locked(project: &Project) -> impl Iterator<Item = &str> {
    let lines = project.tree.text(LOCK).unwrap_or_default().lines();
    lines.filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

pub(super) fn refused(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &project.packages {
        let (name, license) = (package.name.as_str(), package.license.as_str());
        let read = READ.iter().any(|(known, under, _)| *known == name && *under == license);
        if !read && !is_permissive(license) {
            let message = if license.is_empty() {
                format!("`{name}` states no license")
            } else {
                format!("`{name}` is under {license}, which is not on the permissive list")
            };
            violations.push(Violation::file(LOCK, message));
        }
    }
    violations
}

/// Whether the expression can be met by permissive licenses alone; a broken expression cannot.
fn is_permissive(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any_of(&mut rest).is_some_and(|permissive| permissive && rest.is_empty())
}

/// `all_of (OR all_of)*`; `None` where the expression is broken.
fn any_of(rest: &mut &[&str]) -> Option<bool> {
    let mut permissive = all_of(rest)?;
    while take(rest, "OR") {
        permissive |= all_of(rest)?;
    }
    Some(permissive)
}

/// `one (AND one)*`.
fn all_of(rest: &mut &[&str]) -> Option<bool> {
    let mut permissive = one(rest)?;
    while take(rest, "AND") {
        permissive &= one(rest)?;
    }
    Some(permissive)
}

/// `( any_of )` or `NAME [WITH EXCEPTION]`.
fn one(rest: &mut &[&str]) -> Option<bool> {
    if take(rest, "(") {
        let permissive = any_of(rest)?;
        return take(rest, ")").then_some(permissive);
    }
    let (name, after) = rest.split_first()?;
    *rest = after;
    if take(rest, "WITH") {
        *rest = rest.split_first()?.1;
    }
    Some(PERMISSIVE.contains(name) || name.starts_with("BSD-"))
}

fn take(rest: &mut &[&str], word: &str) -> bool {
    let found = rest.first() == Some(&word);
    if found {
        *rest = &rest[1..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::is_permissive;

    #[track_caller]
    fn check(expression: &str, permissive: bool) {
        assert_eq!(is_permissive(expression), permissive, "{expression}");
    }

    #[test]
    fn one_permissive_choice_is_enough() {
        check("MIT", true);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0-only OR MIT", true);
        check("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true);
        check("BSD-3-Clause", true);
        check("GPL-3.0-only", false);
        check("GPL-2.0-only WITH Classpath-exception-2.0", false);
    }

    #[test]
    fn all_of_a_conjunction_must_be_permissive() {
        check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
        check("MIT AND LGPL-2.1-only", false);
        check("MIT OR Apache-2.0 AND LGPL-2.1-only", true);
        check("(MIT OR Apache-2.0) AND LGPL-2.1-only", false);
        check("((MIT))", true);
    }

    #[test]
    fn a_broken_expression_is_not_permissive() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "OR MIT", "MIT Apache-2.0", "MIT WITH"] {
            check(expression, false);
        }
    }
}

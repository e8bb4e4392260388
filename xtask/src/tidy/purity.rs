//! Pure crates carry a `clippy.toml` of their own, with which clippy refuses files, clocks, the
//! environment, the network and random order. Clippy does the work; this sees that it is told to.

use super::{Project, Violation};

const PURE: &[&str] = &["ledger", "graph", "learn", "forecast", "sequence", "forensics", "cases"];

/// What each such `clippy.toml` must name.
const REFUSED: &[&str] = &[
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::fs::",
    "std::fs::File::open",
    "std::env::var",
    "std::net::TcpStream::connect",
    "std::collections::HashMap",
    "std::collections::HashSet",
];

pub(super) fn broken(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for noun in project.tree.crates().into_iter().filter(|noun| PURE.contains(noun)) {
        let path = format!("crates/{noun}/clippy.toml");
        let Some(text) = project.tree.text(&path) else {
            let message = "missing: a pure crate refuses files, clocks and random order; \
                           start from crates/ledger/clippy.toml";
            violations.push(Violation::file(&path, message));
            continue;
        };
        for refused in REFUSED.iter().filter(|refused| !text.contains(**refused)) {
            violations.push(Violation::file(&path, format!("does not refuse `{refused}`")));
        }
    }
    violations
}

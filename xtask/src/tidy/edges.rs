//! Dependencies between our crates: only downwards, and only those of the table.
//!
//! A new edge is a design decision: it is written here and in ARCHITECTURE.md, or not at all.

use super::{Edge, EdgeKind, Project, Violation};

/// Levels 0, 1 and 2: what each crate may use.
const LOWER: &[(&str, &[&str])] = &[
    ("ledger", &[]),
    ("graph", &[]),
    ("learn", &[]),
    ("store", &[]),
    ("ingest", &["ledger"]),
    ("simulate", &["ledger"]),
    ("forecast", &["learn"]),
    ("learn-gpu", &["learn"]),
    ("sequence", &["learn"]),
    ("forensics", &["ledger", "graph", "learn"]),
    ("cases", &["ledger"]),
];
/// The façade uses every crate of [`LOWER`].
const FACADE: &str = "engine";
/// These use the façade only, and `cli` those beside it that a command starts.
const ADAPTERS: &[&str] = &["cli", "server", "python"];
/// One binary: `tracehound … serve` is a command that starts the server.
const STARTS: (&str, &str) = ("cli", "server");
/// These are no part of the product.
const FREE: &[&str] = &["bench-peers", "xtask"];
/// Tests above level 0 need worlds and blocks.
const FOR_TESTS: &[&str] = &["ledger", "ingest", "simulate"];
/// The bench of a whole block asks the rules about what the block changed.
const FOR_A_BENCH: (&str, &str) = ("forensics", "cases");

pub(super) fn broken(project: &Project) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in &project.members {
        let manifest = format!("crates/{}/Cargo.toml", member.noun);
        if !is_known(&member.noun) {
            let message = format!(
                "crate `{}` is in no row of the table in xtask/src/tidy/edges.rs",
                member.noun
            );
            violations.push(Violation::file(&manifest, message));
            continue;
        }
        for edge in member.edges.iter().filter(|edge| !is_allowed(&member.noun, edge)) {
            let kind = if edge.kind == EdgeKind::Dev { "in its tests " } else { "" };
            let message = format!(
                "`{}` may not use `{}` {kind}(it may use: {})",
                member.noun,
                edge.to,
                may_use(&member.noun).join(", ")
            );
            violations.push(Violation::file(&manifest, message));
        }
    }
    violations
}

fn is_known(noun: &str) -> bool {
    noun == FACADE
        || LOWER.iter().any(|(lower, _)| *lower == noun)
        || ADAPTERS.contains(&noun)
        || FREE.contains(&noun)
}

fn is_allowed(noun: &str, edge: &Edge) -> bool {
    let to = edge.to.as_str();
    let is_level_0 = may_use(noun).is_empty();
    FREE.contains(&noun)
        || may_use(noun).contains(&to)
        || (edge.kind == EdgeKind::Dev && !is_level_0 && FOR_TESTS.contains(&to))
        || (edge.kind == EdgeKind::Dev && (noun, to) == FOR_A_BENCH)
}

fn may_use(noun: &str) -> Vec<&'static str> {
    if noun == FACADE {
        LOWER.iter().map(|(lower, _)| *lower).collect()
    } else if noun == STARTS.0 {
        vec![FACADE, STARTS.1]
    } else if ADAPTERS.contains(&noun) {
        vec![FACADE]
    } else {
        LOWER.iter().find(|(lower, _)| *lower == noun).map_or(Vec::new(), |(_, uses)| uses.to_vec())
    }
}

//! The rules of the house over this tree, and for every rule an example that it refuses.
//!
//! The rules themselves are in `xtask/src/tidy`, so that `cargo xtask tidy` can print what they find.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use xtask::tidy::{Edge, EdgeKind, Member, Package, Project, RULES, Tree};

/// What `rule` says about `project`, a line a violation.
fn said(rule: &str, project: &Project) -> String {
    let rule = RULES.iter().find(|known| known.name == rule).expect("a rule of the table");
    let lines: Vec<String> = (rule.broken)(project).iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// `rule` finds exactly `expected` in a project of these files; `""` means it is content.
#[track_caller]
fn check(rule: &str, files: &[(&str, &str)], expected: &str) {
    check_project(rule, &Project { tree: Tree::of(files), ..Project::default() }, expected);
}

#[track_caller]
fn check_project(rule: &str, project: &Project, expected: &str) {
    assert_eq!(said(rule, project), expected, "{rule}");
}

#[test]
fn this_tree_keeps_every_rule() {
    let project = Project::read(&xtask::tasks::root()).unwrap();
    let broken: Vec<String> =
        RULES.iter().map(|r| said(r.name, &project)).filter(|said| !said.is_empty()).collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Guards the reader itself: rules over nothing would all be content.
#[test]
fn this_tree_is_read_whole() {
    let project = Project::read(&xtask::tasks::root()).unwrap();
    let nouns: BTreeSet<&str> = project.members.iter().map(|m| m.noun.as_str()).collect();
    let expected = BTreeSet::from(["ledger", "graph", "store", "ingest", "engine", "cli", "xtask"]);
    assert!(nouns.is_superset(&expected), "{nouns:?}");
    let engine = project.members.iter().find(|m| m.noun == "engine").unwrap();
    assert!(engine.edges.iter().any(|e| e.to == "ledger" && e.kind == EdgeKind::Normal));
    assert!(project.packages.iter().any(|p| p.name == "serde_json" && !p.license.is_empty()));
    // This very file is long enough for the shortest limit to have something to measure.
    let without_code = Project { tree: Tree::default(), ..project.clone() };
    assert_eq!(said("files", &without_code), "");
    assert!(said("map", &without_code).contains("ARCHITECTURE.md"));
}

/// Every name in [`RULES`] is one that a test of this file checks.
#[test]
fn every_rule_has_an_example_that_it_refuses() {
    let source: String = include_str!("tidy.rs").split_whitespace().collect();
    for name in RULES.iter().map(|rule| rule.name) {
        let calls = [format!("check(\"{name}\""), format!("check_project(\"{name}\"")];
        assert!(calls.iter().any(|call| source.contains(call)), "no test of `{name}`");
    }
}

fn member(noun: &str, edges: &[(&str, EdgeKind)]) -> Project {
    let edge = |(to, kind): &(&str, EdgeKind)| Edge { to: (*to).to_owned(), kind: *kind };
    let edges = edges.iter().map(edge).collect();
    let members = vec![Member { noun: noun.to_owned(), edges }];
    Project { members, ..Project::default() }
}

#[test]
fn edges_go_down_the_table() {
    use EdgeKind::{Dev, Normal};
    let edges = |project, expected| check_project("edges", &project, expected);
    edges(
        member("ledger", &[("graph", Normal)]),
        "crates/ledger/Cargo.toml: `ledger` may not use `graph` (it may use: )",
    );
    edges(member("cli", &[("engine", Normal), ("server", Normal)]), "");
    edges(
        member("cli", &[("engine", Normal), ("store", Normal)]),
        "crates/cli/Cargo.toml: `cli` may not use `store` (it may use: engine, server)",
    );
    edges(
        member("forensics", &[("store", Dev), ("simulate", Dev), ("graph", Normal)]),
        "crates/forensics/Cargo.toml: `forensics` may not use `store` in its tests \
         (it may use: ledger, graph, learn)",
    );
    edges(
        member("graph", &[("simulate", Dev)]),
        "crates/graph/Cargo.toml: `graph` may not use `simulate` in its tests (it may use: )",
    );
    edges(
        member("lake", &[]),
        "crates/lake/Cargo.toml: crate `lake` is in no row of the table in xtask/src/tidy/edges.rs",
    );
    edges(member("engine", &[("store", Normal), ("cases", Normal), ("simulate", Dev)]), "");
    edges(member("ingest", &[("ledger", Normal), ("simulate", Dev)]), "");
    edges(member("bench-peers", &[("cli", Normal)]), "");
}

#[test]
fn files_end_at_800_lines() {
    let (fits, long) = ("x\n".repeat(800), "x\n".repeat(801));
    let path = "crates/a/src/lib.rs";
    check("files", &[(path, &fits), ("docs/long.md", &long)], "");
    check(
        "files",
        &[(path, &long)],
        "crates/a/src/lib.rs: 801 lines, 800 allowed: make it two modules",
    );
}

#[test]
fn functions_end_at_70_lines() {
    let function = |lines: usize| format!("\nfn f() {{\n{}}}\n", "    x;\n".repeat(lines - 2));
    check("functions", &[("xtask/src/a.rs", &function(70))], "");
    check(
        "functions",
        &[("xtask/src/a.rs", &function(71))],
        "xtask/src/a.rs:2: `f` has 71 lines, 70 allowed: name a part of it",
    );
}

#[test]
fn every_crate_is_on_the_map_and_has_a_front_page() {
    let manifest = ("crates/graph/Cargo.toml", "");
    let page = ("crates/graph/README.md", "");
    check("map", &[manifest, page, ("ARCHITECTURE.md", "### `crates/graph` -")], "");
    check(
        "map",
        &[manifest, page, ("ARCHITECTURE.md", "crates/graph-gpu, crates/graphs")],
        "ARCHITECTURE.md: does not name `crates/graph`",
    );
    check("map", &[manifest, page], "ARCHITECTURE.md: missing: the map of the crates");
    check(
        "map",
        &[manifest, ("ARCHITECTURE.md", "crates/graph")],
        "crates/graph/README.md: missing: the front page of the crate",
    );
}

#[test]
fn unsafe_stays_in_two_crates_and_says_why() {
    let bare = "fn a() {\n    unsafe { b() }\n}\n";
    check(
        "unsafe",
        &[("crates/ingest/src/lib.rs", bare)],
        "crates/ingest/src/lib.rs:2: `unsafe` belongs in graph and store only",
    );
    let no_reason = "`unsafe` without a `SAFETY:` comment in the 6 lines above";
    check(
        "unsafe",
        &[("crates/graph/src/lib.rs", bare)],
        &format!("crates/graph/src/lib.rs:2: {no_reason}"),
    );
    let at = |blank_lines: usize| {
        format!("// SAFETY: b is sound\n{}unsafe impl Send for A {{}}\n", "\n".repeat(blank_lines))
    };
    check("unsafe", &[("crates/store/src/a.rs", &at(5))], "");
    check(
        "unsafe",
        &[("crates/store/src/a.rs", &at(6))],
        &format!("crates/store/src/a.rs:8: {no_reason}"),
    );
    check(
        "unsafe",
        &[("crates/store/src/a.rs", "let s = \"SAFETY:\"; unsafe { s }\n")],
        &format!("crates/store/src/a.rs:1: {no_reason}"),
    );
    let only_words = "#![deny(unsafe_code)] // unsafe { }\nconst A: &str = \"unsafe { }\";\n";
    check("unsafe", &[("crates/ingest/src/lib.rs", only_words)], "");
    check("unsafe", &[("crates/graph/src/a.rs", "unsafe fn a() {}\n")], "");
}

#[test]
fn pure_crates_refuse_the_world() {
    let manifest = ("crates/cases/Cargo.toml", "");
    check(
        "purity",
        &[manifest],
        "crates/cases/clippy.toml: missing: a pure crate refuses files, clocks and random order; \
         start from crates/ledger/clippy.toml",
    );
    let whole = xtask::tasks::root().join("crates/ledger/clippy.toml");
    let whole = std::fs::read_to_string(whole).unwrap();
    check("purity", &[manifest, ("crates/cases/clippy.toml", &whole)], "");
    let part = whole.replace("std::time::SystemTime::now", "");
    check(
        "purity",
        &[manifest, ("crates/cases/clippy.toml", &part)],
        "crates/cases/clippy.toml: does not refuse `std::time::SystemTime::now`",
    );
    check("purity", &[("crates/engine/Cargo.toml", "")], "");
}

#[test]
fn nothing_is_named_after_its_kind() {
    let advice = "name it by its noun in the glossary (CONTRIBUTING.md, Names)";
    check_project(
        "names",
        &member("common", &[]),
        &format!("crates/common/Cargo.toml: crate `common`: {advice}"),
    );
    check(
        "names",
        &[("crates/a/src/utils/mod.rs", ""), ("crates/a/src/b.rs", "\npub mod types {}\n")],
        &format!(
            "crates/a/src/b.rs:2: module `types`: {advice}\n\
             crates/a/src/utils/mod.rs: file or folder `utils`: {advice}"
        ),
    );
    check("names", &[("crates/a/src/miscount.rs", "use core::fmt; // mod misc\n")], "");
}

#[test]
fn some_words_stay_out_of_the_code() {
    let path = "crates/a/src/lib.rs";
    let says = |code: &str, expected: &str| check("wording", &[(path, code)], expected);
    let at = |word: &str, why: &str| format!("{path}:1: `{word}`: {why}");
    let put = "a test that does not run is no test: put slow ones behind an environment variable";
    says("#[ignore = \"slow\"]\n", &at("#[ignore", put));
    says("#[cfg_attr(x, ignore)]\n", &at(", ignore)]", "a test that does not run is no test"));
    says("todo!()\n", &at("todo!", "finish it or leave it out"));
    says("unimplemented!()\n", &at("unimplemented!", "finish it or leave it out"));
    says("dbg!(a)\n", &at("dbg!", "left over from a search"));
    let panics = "assert on the error or its message instead";
    says("#[should_panic(expected = \"a\")]\n", &at("#[should_panic", panics));
    says("// todo!()\nlet a = \"dbg!(a)\"; my_dbg!(a);\n", "");
    let sleep = "fn a() {\n    std::thread::sleep(b)\n}\n";
    says(sleep, "");
    let late = "`thread::sleep` in a test: wait for the event itself";
    check(
        "wording",
        &[("crates/a/tests/it/b.rs", sleep)],
        &format!("crates/a/tests/it/b.rs:2: {late}"),
    );
    says(&format!("#[cfg(test)]\nmod tests {{\n{sleep}}}\n"), &format!("{path}:4: {late}"));
    let example = "a doc example that does not compile: make it run, or `text`";
    says("/// ```rust,ignore\n", &format!("{path}:1: {example}"));
    says("/// ```text\n/// ```\n", "");
}

#[test]
fn blanks_are_spaces_before_something() {
    let says = |text: &str, expected: &str| check("blanks", &[("a.toml", text)], expected);
    says("a = 1\n", "");
    says("\ta = 1\n", "a.toml:1: a tab character");
    says("a = 1\nb = 2 \n", "a.toml:2: blanks at the end of the line");
    says("a = 1\r\n", "a.toml:1: blanks at the end of the line");
    says("a = 1", "a.toml: must end with exactly one line break");
    says("a = 1\n\n", "a.toml: must end with exactly one line break");
    check("blanks", &[("data.csv", "a\tb \n\n"), ("Makefile", "\ta")], "");
}

#[test]
fn the_lock_file_has_a_budget() {
    let lock = |count: usize| -> String {
        (0..count).map(|n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1.0.0\"\n")).collect()
    };
    check("budget", &[("Cargo.lock", &lock(424))], "");
    check(
        "budget",
        &[("Cargo.lock", &lock(425))],
        "Cargo.lock: 425 packages, 424 allowed: which dependency brought them, and is it worth it? \
         (cargo tree --workspace --edges normal,build,dev --duplicates)",
    );
}

#[test]
fn licenses_are_permissive() {
    let under = |name: &str, license: &str| {
        let package = Package { name: name.to_owned(), license: license.to_owned() };
        Project { packages: vec![package], ..Project::default() }
    };
    check_project("licenses", &under("a", "MIT OR GPL-3.0-only"), "");
    check_project("licenses", &under("hex_lit", "MITNFA"), "");
    let refused = "is under MITNFA, which is not on the permissive list";
    check_project("licenses", &under("a", "MITNFA"), &format!("Cargo.lock: `a` {refused}"));
    check_project("licenses", &under("a", ""), "Cargo.lock: `a` states no license");
}

#[test]
fn foreign_code_is_known_to_the_set_up() {
    let lock = "name = \"zstd-sys\"\nname = \"serde\"\nname = \"openssl-sys\"\nname = \"cmake\"\n";
    let asks = |name: &str| {
        format!(
            "Cargo.lock: `{name}` links or builds foreign code: find out what a fresh machine needs \
             for it, add that to xtask/src/setup.rs and `{name}` to its LINKED_CRATES"
        )
    };
    let expected = [asks("openssl-sys"), asks("cmake")].join("\n");
    check("linked", &[("Cargo.lock", lock)], &expected);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let tree = |page: &'static str| [("docs/a.md", page), ("README.md", ""), ("docs/b/c.md", "")];
    let nowhere = |target: &str| format!("docs/a.md:1: the link to `{target}` leads nowhere");
    for good in [
        "[a](b/c.md)",
        "[a](b)",
        "[a](b/)",
        "[`a`](../README.md#top)",
        "[a](#here)",
        "[a](/README.md)",
        "[a](https://x.org/y)",
        "[a](<b/c.md> \"title\")",
        "[a]: b/c.md",
        "`[a](x.md)`",
        "```text\n[a](x.md)\n```",
        "[`Links`](crate::Links)",
        "![a](b/c.md)",
    ] {
        check("links", &tree(good), "");
    }
    check("links", &tree("[a](c.md)"), &nowhere("c.md"));
    check("links", &tree("[a](b/c.md) [b](d.md#x)"), &nowhere("d.md"));
    check("links", &tree("[a]: d.md"), &nowhere("d.md"));
    check("links", &tree("[a](../../out.md)"), &nowhere("../../out.md"));
    check("links", &tree("[`a` and `b`](d.md)"), &nowhere("d.md"));
}

#[test]
fn decisions_are_numbered_through() {
    let files = |names: &[&str]| {
        let paths: Vec<String> =
            names.iter().map(|name| format!("docs/decisions/{name}")).collect();
        let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
        Project { tree: Tree::of(&files), ..Project::default() }
    };
    let decisions = |names: &[&str], said: &str| check_project("decisions", &files(names), said);
    decisions(&["0001-parquet.md", "0002-arrow-59.md", "README.md"], "");
    decisions(
        &["0001-a.md", "0003-b.md"],
        "docs/decisions/0003-b.md: number 0003 where 0002 is due: no gap, no number twice",
    );
    decisions(
        &["0001-a.md", "0001-b.md"],
        "docs/decisions/0001-b.md: number 0001 where 0002 is due: no gap, no number twice",
    );
    decisions(
        &["1-A.md"],
        "docs/decisions/1-A.md: is not named NNNN-title.md (lower case, words joined by `-`)",
    );
}

#[test]
fn methods_pages_have_their_sections() {
    let whole =
        "# Co-spend\n## Definition\n## Source\n**Departures.** None.\n## Cost\n## 5. Oracle\n";
    check("methods", &[("docs/methods/a.md", whole), ("docs/methods/README.md", "")], "");
    let part = whole.replace("## Source", "Source").replace("## Cost", "```\n## Cost\n```");
    check(
        "methods",
        &[("docs/methods/a.md", &part)],
        "docs/methods/a.md: has no section source\ndocs/methods/a.md: has no section parameter or cost",
    );
}

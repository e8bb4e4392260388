//! `status`, `trace`, `cluster`, `neighbors`, `export`, `verify` and the demo itself.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::world::{ended, tracehound, world};

#[test]
fn the_demo_answers_its_questions_truly() {
    let world = world();
    let questions = world.report["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 4);
    assert!(questions.iter().all(|question| question["agrees"] == true), "{questions:#?}");
}

#[test]
fn the_demo_shows_questions_answers_and_truth() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d").to_str().unwrap().to_owned();
    let demo = crate::world::run(&["demo", "--transactions", "900", "--dir", &path]).exits(0);
    for part in [
        "1 of 4",
        "2 of 4",
        "3 of 4",
        "4 of 4",
        "$ tracehound",
        "✓ truth: ",
        "4 of 4 answers agree",
        "Try next",
    ] {
        assert!(demo.stdout.contains(part), "no {part:?} in\n{}", demo.stdout);
    }
    assert!(!demo.stdout.contains('\x1b'), "no color in a pipe");
    assert_eq!(demo.stderr, "", "no progress in a pipe");
    crate::world::run(&["demo", "--dir", &path]).fails(1, "already is a store", "");
}

#[test]
fn status_has_its_numbers() {
    let status = world().run(&["status", "--json"]).exits(0).json();
    for key in [
        "blocks",
        "transactions",
        "inputs",
        "inputs_unknown",
        "outputs",
        "addresses",
        "links",
        "clusters",
        "tagged_addresses",
        "listed_addresses",
    ] {
        assert!(status[key].is_u64(), "{key}: {status:#}");
    }
    assert!(
        status["blocks"].as_u64() > Some(100) && status["listed_addresses"].as_u64() >= Some(1)
    );
    assert!(!status["snapshot"].as_str().unwrap().is_empty());
    assert_eq!(status["stale"], false);
    let text = world().run(&["status"]).exits(0).stdout;
    for name in ["Blocks", "Clusters", "Largest clusters", "snapshot "] {
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn a_trace_finds_both_paths_or_the_one_asked_for() {
    let (from, to) = world().traced();
    let both = world().run(&["trace", &from, "--to", &to, "--json"]).exits(0).json();
    assert!(both["shortest"]["hops"].as_u64() < both["widest"]["hops"].as_u64(), "{both:#}");
    let one =
        world().run(&["trace", &from, "--to", &to, "--json", "--only", "widest"]).exits(0).json();
    assert_eq!(one["widest"], both["widest"]);
    assert!(one.get("shortest").is_none(), "left out, for null would say that there is none");
    let text = world().run(&["trace", &from, "--to", &to]).exits(0).stdout;
    assert!(
        text.starts_with("▲ CONNECTED") && text.contains("Shortest: ") && text.contains("Widest: "),
        "{text}"
    );
    let bounded = world().run(&["trace", &from, "--to", &to, "--hops-max", "1"]).exits(0).stdout;
    assert!(bounded.contains("NO PATH"), "{bounded}");
}

#[test]
fn a_trace_reaches_a_category() {
    let (from, to) = world().traced();
    let back = world()
        .run(&["trace", &to, "--to-category", "sanctioned", "--any-order", "--json"])
        .exits(0)
        .json();
    assert!(back["time_respecting"] == false, "{back:#}");
    let wide = world()
        .run(&["trace", &from, "--to", &to, "--min-amount", "21000000", "--json"])
        .exits(0)
        .json();
    assert!(wide["shortest"].is_null(), "nobody has that much");
}

#[test]
fn a_trace_lists_several_paths() {
    let (from, to) = world().traced();
    let three = world().run(&["trace", &from, "--to", &to, "--paths", "3", "--json"]);
    let three = three.exits(0).json();
    let one = world().run(&["trace", &from, "--to", &to, "--json"]).exits(0).json();
    assert_eq!(
        (&one["shortest"], one["further"].as_array().unwrap().len()),
        (&three["shortest"], 0)
    );
    let mut hops = vec![three["shortest"]["hops"].as_u64()];
    hops.extend(three["further"].as_array().unwrap().iter().map(|path| path["hops"].as_u64()));
    assert!((2..=3).contains(&hops.len()) && hops.is_sorted(), "{three:#}");
    let page = world().run(&["trace", &from, "--to", &to, "--paths", "3"]).exits(0).stdout;
    assert!(page.contains("Path 2: "), "{page}");
    world().run(&["trace", &from, "--to", &to, "--paths", "0"]).exits(2);
}

#[test]
fn a_trace_leads_around_a_category() {
    let (from, to) = world().traced();
    let trace = |more: &[&str]| {
        let words = [&["trace", &from, "--to", &to, "--json"], more].concat();
        world().run(&words).exits(0).json()
    };
    let inner = |answer: &serde_json::Value| -> Vec<String> {
        let hops = answer["shortest"]["path"].as_array().unwrap();
        hops.iter().skip(1).map(|hop| hop["from_address"].as_str().unwrap().to_owned()).collect()
    };
    let through = trace(&[]);
    let around = trace(&["--not-through", "exchange", "--not-through", "mixing_service"]);
    assert_eq!(through["clusters_not_passed"], 0);
    assert_eq!(around["clusters_not_passed"], 2, "{around:#}");
    for address in inner(&around) {
        let tags = world().run(&["cluster", "members", &address, "--json"]).exits(0).json();
        assert_eq!(tags["tags"].as_array().map(Vec::len), Some(0), "{address} is of a service");
    }
    assert!(around["shortest"]["hops"].as_u64() >= through["shortest"]["hops"].as_u64());
    let wrong = world().run(&["trace", &from, "--to", &to, "--not-through", "exchang"]);
    assert!(wrong.exits(1).stderr.contains("exchange"));
}

#[test]
fn a_neighborhood_agrees_with_the_neighbors_of_its_middle() {
    let (address, _) = world().traced();
    let asked = ["neighborhood", &address, "--hops", "1", "--top", "0", "--json"];
    let around = world().run(&asked).exits(0).json();
    let beside = world().run(&["neighbors", &address, "--limit", "0", "--json"]).exits(0).json();
    assert!(around["truncated_by"].is_null(), "{around:#}");
    let amounts = |rows: &serde_json::Value, mine: &str, other: &str| {
        let rows = rows.as_array().unwrap().iter();
        let own = rows.filter(|row| mine.is_empty() || row[mine] == around["cluster"]);
        let mut amounts: Vec<_> =
            own.map(|row| (row[other].as_u64(), row["amount_sat"].as_u64())).collect();
        amounts.sort_unstable();
        amounts
    };
    let out = amounts(&beside["out"]["neighbors"], "", "cluster");
    assert_eq!(amounts(&around["pairs"], "from", "to"), out);
    let into = amounts(&beside["in"]["neighbors"], "", "cluster");
    assert_eq!(amounts(&around["pairs"], "to", "from"), into);
    assert!(!out.is_empty(), "an address that dealt with nobody shows nothing");
}

#[test]
fn a_neighborhood_is_a_page_a_picture_or_a_stream() {
    let (address, _) = world().traced();
    let asked = |more: &[&str]| {
        let words = [&["neighborhood", &address, "--hops", "2", "--top", "3"], more].concat();
        world().run(&words)
    };
    let page = asked(&[]).exits(0).stdout;
    assert!(page.starts_with("Around cluster ") && page.contains("Hop 2: "), "{page}");
    let picture = asked(&["--format", "dot"]).exits(0).stdout;
    assert!(picture.starts_with("digraph ") && picture.ends_with("}\n"), "{picture}");
    let cut = asked(&["--clusters-max", "3"]).exits(0).stdout;
    assert!(cut.contains("cut short by nodes_max"), "{cut}");
    let both = asked(&["--format", "dot", "--json"]);
    assert!(both.exits(2).stderr.contains("--json"));
}

#[test]
fn clusters_are_shown_and_explained() {
    let (a, b) = world().explained();
    let explained = world().run(&["cluster", "explain", &a, &b, "--json"]).exits(0).json();
    assert_eq!(explained["same_cluster"], true);
    assert_eq!(explained["evidence"].as_array().unwrap().len(), 2);
    let members =
        world().run(&["cluster", "members", &a, "--limit", "0", "--json"]).exits(0).json();
    let listed: Vec<&str> =
        members["members"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    assert!(listed.contains(&a.as_str()) && listed.contains(&b.as_str()));
    let one = world().run(&["cluster", "members", &a, "--limit", "1"]).exits(0).stdout;
    assert!(one.contains("more"), "{one}");
    let other = world().run(&["cluster", "explain", &a, &world().hit()]).exits(0).stdout;
    assert!(other.contains("NOT ONE OWNER"), "{other}");
}

#[test]
fn neighbors_of_each_side_have_a_key() {
    let (address, _) = world().traced();
    let both = world().run(&["neighbors", &address, "--json"]).exits(0).json();
    assert_eq!(both["in"]["direction"], "in");
    assert_eq!(both["out"]["direction"], "out");
    let out = world().run(&["neighbors", &address, "--direction", "out", "--json"]).exits(0).json();
    assert_eq!(out["out"], both["out"]);
    assert!(out.get("in").is_none());
}

#[test]
fn tables_are_exported() {
    let list = world().run(&["export", "--list", "--json"]).exits(0).json();
    assert!(list.as_array().unwrap().iter().any(|row| row["table"] == "transactions"), "{list:#}");
    let rows = world().run(&["status", "--json"]).json()["transactions"].as_u64().unwrap();
    let csv = world().run(&["export", "transactions", "--format", "csv"]).exits(0).stdout;
    assert_eq!(csv.lines().count() as u64, rows + 1);
    let dir = tempfile::tempdir().unwrap();
    for name in ["t.parquet", "t.arrow", "t.csv"] {
        let path = dir.path().join(name);
        let words = ["export", "transactions", "--output", path.to_str().unwrap(), "--json"];
        assert_eq!(world().run(&words).exits(0).json()["rows"], rows, "{name}");
    }
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "no half file is left: {left:?}");
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let mut command = tracehound();
    command.args(["--store", world().store(), "export", "outputs", "--format", "csv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(','), "{line}");
    let ended = ended(child.wait_with_output().unwrap()).exits(0);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_sound_store_is_verified() {
    let verified = world().run(&["verify", "--rerun", "--json"]).exits(0).json();
    assert_eq!(verified["sound"], true, "{verified:#}");
    let mut other = tracehound();
    other.env("TRACEHOUND_SCREENING__HOPS_MAX", "3");
    let words = ["--store", world().store(), "verify", "--rerun"];
    let stale = ended(other.args(words).output().unwrap()).exits(4);
    assert!(stale.stdout.contains("✓ sound") && stale.stdout.contains("were not compared"));
    let text = world().run(&["verify"]).exits(0).stdout;
    assert!(text.starts_with("✓ sound"), "{text}");
}

#[test]
fn decisions_are_written_with_a_reason_and_take_effect_at_the_next_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d").to_str().unwrap().to_owned();
    crate::world::run(&["demo", "--transactions", "900", "--dir", &path]).exits(0);
    let store = format!("{path}/store");
    let run = |words: &[&str]| crate::world::run(&[&["--store", &store], words].concat());
    let said = ["--reason", "a test", "--author", "jane"];
    let withdraw = ["cluster", "withdraw", "--rule", "common_input", "--from", "0"];
    run(&withdraw).exits(2);
    run(&[&withdraw[..], &["--reason", " ", "--author", "jane"]].concat()).exits(2);
    let decided = run(&[&withdraw[..], &said, &["--json"]].concat()).exits(0).json();
    let id = decided["decisions"][0]["id"].as_str().unwrap().to_owned();
    assert!(decided["run"].is_null() && decided["stale_because"][0].is_string(), "{decided:#}");
    let status = run(&["status", "--json"]).exits(0).json();
    assert!(status["stale"] == true && status["clusters"].as_u64() > Some(0), "{status:#}");
    let after = run(&["run", "--json"]).exits(0).json();
    assert!(after["clusters"].as_u64() < status["clusters"].as_u64(), "{after:#}");
    let revoke = [&["cluster", "revoke", &id[..6]], &said[..], &["--run", "--json"]].concat();
    assert_eq!(run(&revoke).exits(0).json()["run"]["clusters"], status["clusters"]);
    let log = run(&["cluster", "decisions"]).exits(0).stdout;
    assert!(log.contains("reason: a test") && log.contains("revoked by"), "{log}");
    let waiting = run(&["cluster", "pending"]).exits(0).stdout;
    assert!(waiting.starts_with("✓ nothing waits"), "{waiting}");
    run(&[&["cluster", "accept", "ffffffff"], &said[..]].concat()).fails(1, "no link", "pending");
}

#[test]
fn mixes_features_and_suggestions_are_shown() {
    let (from, _) = world().traced();
    let features = world().run(&["cluster", "features", &from, "--json"]).exits(0).json();
    assert!(features["features"].as_array().unwrap().len() > 30, "{features:#}");
    let none = world().run(&["cluster", "suggest"]).exits(0).stdout;
    assert!(none.contains("cluster train"), "{none}");
    let csv = world().run(&["export", "mixes", "--format", "csv"]).exits(0).stdout;
    let row: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    let ids = world().run(&["export", "transactions", "--format", "csv"]).exits(0).stdout;
    let line = ids.lines().find(|line| line.split(',').next() == Some(row[0])).unwrap();
    let id = line.split(',').nth(3).unwrap();
    let mix = world().run(&["mix", id, "--links", "--json"]).exits(0).json();
    assert!(mix["links"].is_object() && mix["tx"] == id, "{mix:#}");
    world().run(&["mix", "xyz"]).fails(2, "32-byte", "64");
}

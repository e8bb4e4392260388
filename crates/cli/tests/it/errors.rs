//! Errors: what, hint, exit code.

use crate::world::{Ended, run, tracehound, world};

fn with_config(config: &str) -> (tempfile::TempDir, Ended) {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    run(&["--store", store.to_str().unwrap(), "init", "--quiet"]).exits(0);
    std::fs::write(store.join("tracehound.toml"), config).unwrap();
    let checked = run(&["--store", store.to_str().unwrap(), "config", "check"]);
    (dir, checked)
}

#[test]
fn words_that_are_no_command_are_met_with_what_was_meant() {
    let ended = run(&["scren", "A"]).exits(2);
    assert!(ended.stderr.contains("error: ") && ended.stderr.contains("screen"), "{ended:#?}");
    let ended = run(&["screen", "A", "--fil", "x"]).exits(2);
    assert!(ended.stderr.contains("--file"), "{ended:#?}");
    run(&["--help"]).exits(0);
    run(&["--version"]).exits(0);
    let bare = run::<&str>(&[]).exits(2);
    assert!(bare.stderr.contains("Usage"), "{bare:#?}");
}

#[test]
fn tables_and_formats_are_met_with_what_was_meant() {
    world().run(&["export", "transaction", "--format", "csv"]).fails(
        2,
        "\"transaction\"",
        "\"transactions\"",
    );
    world().run(&["export", "transactions"]).fails(2, "--format", "csv");
    world().run(&["export", "transactions", "--output", "x.txt"]).fails(2, "x.txt", "--format");
    world()
        .run(&["export", "transactions", "--json", "--format", "csv"])
        .fails(2, "--json", "--output");
    world().run(&["completions", "bash", "--json"]).fails(2, "no JSON", "--json");
}

/// The file is written aside and renamed: a device would be replaced by a file.
#[cfg(unix)]
#[test]
fn an_export_never_replaces_what_is_no_regular_file() {
    use std::os::unix::net::UnixListener;
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("socket.csv");
    let _listener = UnixListener::bind(&socket).unwrap();
    let path = socket.to_str().unwrap();
    world().run(&["export", "links", "--output", path]).fails(2, "no regular file", "--output -");
    assert!(!socket.metadata().unwrap().is_file());
}

#[test]
fn a_fault_in_the_configuration_names_the_key() {
    let (_dir, right) = with_config("[trace]\nhops_max = 3\n");
    assert!(right.exits(0).stdout.starts_with("✓"));
    let (_dir, wrong) = with_config("[trace]\nhop_max = 3\n");
    wrong.fails(2, "trace.hop_max", "did you mean \"trace.hops_max\"?");
    let (_dir, wrong) = with_config("[ingest]\nnetwork = \"moon\"\n");
    wrong.fails(2, "moon", "regtest");
}

#[test]
fn the_environment_overrides_the_configuration() {
    let mut command = tracehound();
    command.env("TRACEHOUND_TRACE__HOPS_MAX", "8").args([
        "--store",
        world().store(),
        "config",
        "show",
        "--json",
    ]);
    let shown = crate::world::ended(command.output().unwrap()).exits(0).json();
    assert_eq!(shown["trace"]["hops_max"], 8);
    assert_eq!(shown["ingest"]["network"], "regtest");
    let mut command = tracehound();
    command.env("TRACEHOUND_TRACE__HOP_MAX", "8").args(["--store", world().store(), "status"]);
    crate::world::ended(command.output().unwrap()).fails(2, "trace.hop_max", "trace.hops_max");
}

#[test]
fn a_store_is_not_made_twice_and_not_found_where_there_is_none() {
    run(&["--store", world().store(), "init"]).fails(1, "already is a store", "");
    run(&["--store", "/no/such/store", "status"]).fails(1, "/no/such/store", "tracehound init");
}

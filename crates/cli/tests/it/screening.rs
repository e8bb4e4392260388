//! `screen`: verdicts, exit codes, many addresses, and the forms of the answer.

use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::ipc::reader::StreamReader;

use crate::world::{run, run_with_input, tracehound, world};

const BROKEN: &str = "1BoatSLRHtKNngkdXEeobR76b53LETtpyX";
const PRIVATE_KEY: &str = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";

fn file(lines: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("addresses.txt");
    std::fs::write(&path, lines).unwrap();
    (dir, path)
}

#[test]
fn a_hit_exits_with_3_and_a_clean_address_with_0() {
    let hit = world().run(&["screen", &world().hit(), "--json"]).exits(3).json();
    assert_eq!((&hit["verdict"], &hit["hit"]), (&"cluster_listed".into(), &true.into()));
    let (listed, _) = world().traced();
    let listed = world().run(&["screen", &listed]).exits(3);
    assert!(listed.stdout.starts_with("■ LISTED  "), "{}", listed.stdout);
    assert_eq!(listed.stderr, "");
    let clean = world().run(&["screen", &world().clean(), "--json"]).exits(0).json();
    assert_eq!(clean["hit"], false);
}

#[test]
fn within_widens_what_is_a_hit() {
    let (_, reached) = world().traced();
    let answer = world().run(&["screen", &reached, "--json"]).exits(0).json();
    let sides = ["from_listed", "to_listed"].map(|side| answer["proximity"][side]["hops"].as_u64());
    let hops = sides.into_iter().flatten().min().unwrap();
    assert!(hops > 1, "{answer:#}");
    let near =
        world().run(&["screen", &reached, "--json", "--within", &hops.to_string()]).exits(3).json();
    assert_eq!(near["hit"], true);
    let far = world()
        .run(&["screen", &reached, "--json", "--within", &(hops - 1).to_string()])
        .exits(0)
        .json();
    assert_eq!(far["hit"], false);
    let over = world().run(&["screen", &reached, "--within", "99"]).exits(3);
    assert!(over.stderr.contains("note: --within 99 looks no farther"), "{}", over.stderr);
}

#[test]
fn within_more_hops_than_are_known_clears_nobody() {
    let clean = world().clean();
    let over = world().run(&["screen", &clean, "--within", "99"]).exits(5);
    assert!(over.stderr.contains("note: --within 99 looks no farther"), "{}", over.stderr);
    let many = world().run(&["screen", &clean, &clean, "--within", "99"]).exits(5);
    assert!(many.stderr.contains("2 undecided by --within"), "{}", many.stderr);
    world().run(&["screen", &clean, "--within", "2"]).exits(0);
    for date in ["--as-of", "--known-at"] {
        let refused = world().run(&["screen", &clean, "--within", "2", date, "2020-08-02"]);
        assert!(refused.exits(2).stderr.contains("cannot be used with"));
    }
}

#[test]
fn a_mistyped_address_is_an_error_with_a_hint() {
    world().run(&["screen", BROKEN]).fails(2, BROKEN, "");
    world().run(&["trace", BROKEN, "--to", BROKEN]).fails(2, BROKEN, "");
    world().run(&["cluster", "members", BROKEN]).fails(2, BROKEN, "");
}

#[test]
fn one_bad_address_does_not_stop_the_others() {
    let clean = world().clean();
    let mixed = world().run(&["screen", &clean, BROKEN, &clean]).exits(5);
    assert_eq!(mixed.stdout.lines().count(), 2, "{mixed:#?}");
    assert!(
        mixed.stderr.contains("error: argument 2: ") && mixed.stderr.contains(BROKEN),
        "{mixed:#?}"
    );
    assert!(
        mixed.stderr.contains("2 addresses screened: 0 hits; 1 could not be read"),
        "{mixed:#?}"
    );
    world().run(&["screen", &clean, BROKEN, &world().hit()]).exits(3);
    let lines = world().run(&["screen", &clean, BROKEN, "--json"]).exits(5).json_lines();
    assert_eq!(lines.len(), 2, "nothing is lost");
    assert!(lines[0]["verdict"].is_string() && lines[1]["verdict"].is_null());
    assert_eq!(lines[1]["at"], "argument 2");
    assert!(lines[1]["error"].as_str().unwrap().contains(BROKEN));
}

#[test]
fn a_private_key_is_repeated_nowhere() {
    let clean = world().clean();
    for words in
        [vec!["screen", &clean, PRIVATE_KEY], vec!["screen", &clean, PRIVATE_KEY, "--json"]]
    {
        let ended = world().run(&words).exits(5);
        assert!(!format!("{ended:?}").contains(PRIVATE_KEY), "{ended:#?}");
    }
}

#[test]
fn files_and_standard_input_hold_one_address_a_line() {
    let (hit, clean) = (world().hit(), world().clean());
    let text = format!("# customers\n\n{clean}\n  {hit}  # bad\n{BROKEN}\n\u{1b}[2J\n");
    let (_dir, path) = file(&text);
    let ended = world().run(&["screen", "--file", path.to_str().unwrap(), "--json"]).exits(3);
    let lines = ended.json_lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[1]["verdict"], "cluster_listed");
    assert_eq!(lines[2]["at"], format!("{}:5", path.display()));
    for words in [["screen", "--file", "-", "--json"], ["screen", "-", "--json", "--quiet"]] {
        let from_input =
            run_with_input(&[&["--store", world().store()][..], &words].concat(), &text).exits(3);
        let verdicts = |lines: &[serde_json::Value]| -> Vec<serde_json::Value> {
            lines.iter().map(|line| line["verdict"].clone()).collect()
        };
        assert_eq!(verdicts(&from_input.json_lines()), verdicts(&lines));
    }
    let text = world().run(&["screen", "--file", path.to_str().unwrap()]).exits(3);
    assert!(!text.stderr.contains('\x1b') && text.stderr.contains("\\u{1b}"), "{text:#?}");
    let missing = world().run(&["screen", "--file", "no-such-file"]).exits(1);
    assert!(missing.stderr.contains("no-such-file"), "{missing:#?}");
}

#[test]
fn columns_are_a_stream_of_flat_rows() {
    let (hit, clean) = (world().hit(), world().clean());
    let words = ["--store", world().store(), "screen", &hit, BROKEN, &clean, "--arrow"];
    let output = tracehound().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let batches: Vec<_> =
        StreamReader::try_new(&output.stdout[..], None).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!((batches.len(), batches[0].num_rows()), (1, 3));
    let verdicts = batches[0]["verdict"].as_string::<i32>();
    let verdicts: Vec<Option<&str>> = verdicts.iter().collect();
    assert_eq!((verdicts[0], verdicts[1]), (Some("cluster_listed"), None));
    assert!(batches[0]["error"].as_string::<i32>().value(1).contains(BROKEN));
    for words in [vec!["neighbors", &hit, "--arrow"], vec!["cluster", "members", &hit, "--arrow"]] {
        let output = tracehound().args(["--store", world().store()]).args(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let rows = StreamReader::try_new(&output.stdout[..], None)
            .unwrap()
            .map(|batch| batch.unwrap().num_rows());
        assert!(rows.sum::<usize>() > 0);
    }
}

#[test]
fn the_store_comes_from_the_environment_too() {
    let mut command = tracehound();
    command.env("TRACEHOUND_STORE", world().store()).args(["screen", &world().clean()]);
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    run(&["--store", "/no/such/store", "screen", &world().clean()]).fails(
        1,
        "/no/such/store",
        "init",
    );
}

#[test]
fn the_list_as_it_stood_before_it_came_names_nobody() {
    let (listed, _) = world().traced();
    let before = world().run(&["screen", &listed, "--as-of", "2009-01-03", "--json"]).json();
    assert_eq!(before["direct"].as_array().unwrap().len(), 0, "{before:#}");
}

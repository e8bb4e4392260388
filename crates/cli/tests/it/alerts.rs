//! `rules …` and `alerts …` as typed.

use crate::world::run;

const RULE: &str = "[[rule]]\nname = \"mine\"\nversion = 1\nabout = \"a\"\nseverity = \"high\"\nsubject = \"cluster\"\nwhen = 'score >= 60'\n";

#[test]
fn rules_are_checked_published_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (file, bad, store) = (path("mine.toml"), path("bad.toml"), path("store"));
    std::fs::write(&file, RULE).unwrap();
    std::fs::write(&bad, RULE.replace("score", "scor")).unwrap();
    run(&["rules", "check", &file]).exits(0);
    run(&["rules", "check", &bad]).fails(
        2,
        "line 7, column 9: there is no fact `scor`",
        "did you mean `score`?",
    );
    run(&["rules", "check", &path("none.toml")]).exits(1);
    run(&["init", "--store", &store]).exits(0);
    let on = |words: &[&str]| run(&[words, &["--store", &store, "--json"]].concat());
    let publish = ["rules", "publish", &file, "--reason", "policy", "--author", "jane"];
    assert_eq!(on(&publish).exits(0).json()["n_published"], 1);
    assert_eq!(on(&publish).exits(0).json()["n_published"], 0);
    let rules = on(&["rules", "list"]).exits(0).json()["rules"].as_array().unwrap().len();
    assert!(rules > 8, "{rules}");
    let shown = on(&["rules", "show", "mine"]).exits(0).json();
    assert_eq!(
        (&shown["rule"]["when"], &shown["published"][0]["author"]),
        (&"score >= 60".into(), &"jane".into())
    );
    run(&["rules", "show", "mne", "--store", &store]).fails(1, "no rule", "mine");
    run(&["rules", "dry-run", &file, "--store", &store]).fails(
        1,
        "no run has been made",
        "tracehound run",
    );
    let answer = on(&["alerts", "list"]).exits(0).json();
    assert_eq!(answer["total"], 0);
    run(&["alerts", "show", "5e", "--store", &store]).fails(1, "there is no alert", "alerts list");
    run(&["alerts", "triage", "5e", "--author", "x", "--store", &store]).fails(
        1,
        "there is no alert",
        "alerts list",
    );
    run(&["alerts", "close", "5e", "--outcome", "fine", "--store", &store]).exits(2);
}

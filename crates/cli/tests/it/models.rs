//! Models at the terminal: what is wrong is told before the work, with the file it is about; files side by side.

use std::path::Path;

use crate::world::{customers, run, world};

fn trained(dir: &Path, target: &str, model: &str) -> String {
    let table = dir.join(format!("{target}.csv"));
    std::fs::write(&table, customers(120, target)).unwrap();
    let out = dir.join(model).to_str().unwrap().to_owned();
    let words = ["model", "train", table.to_str().unwrap(), "--target", target, "--out", &out];
    let few = ["--time-budget", "1s", "--method", "linear", "--name", "m", "--quiet"];
    run(&[&words[..], &few].concat()).exits(0);
    out
}

#[test]
fn what_cannot_be_written_is_told_before_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    // The table is not even looked for.
    let train = |out: &str| run(&["model", "train", "no.csv", "--target", "y", "--out", out]);
    train(&at("my model.model")).fails(1, "\"my model\" is no name of a model", "--name");
    train(&at("nodir/y.model")).fails(2, "there is no folder", "make the folder");
    train(&at("")).fails(2, "is a folder", "name of a file");
    train("-").fails(2, "no text for standard output", "NAME.model");
    let model = trained(dir.path(), "left", "a.model");
    run(&["model", "predict", &model, "no.csv", "--out", &at("no/p.csv")]).fails(
        2,
        "there is no folder",
        "make the folder",
    );
}

#[test]
fn a_dash_is_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    let model = trained(dir.path(), "left", "a.model");
    let rows = dir.path().join("left.csv").to_str().unwrap().to_owned();
    let (plain, report) = (["model", "predict", &model, &rows], ["model", "report", &model]);
    let told = |words: &[&str]| run(words).exits(0).stdout;
    assert_eq!(told(&[&plain[..], &["--out", "-"]].concat()), told(&plain));
    assert_eq!(told(&[&report[..], &["--out", "-"]].concat()), told(&report));
    assert!(!std::path::Path::new("-").exists());
}

#[test]
fn errors_name_the_file_that_is_at_fault() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let model = trained(dir.path(), "left", "a.model");
    let (bad, rows) = (at("bad.model"), at("rows.csv"));
    std::fs::write(&bad, "no model").unwrap();
    std::fs::write(&rows, "plan,left\nfree,yes\n").unwrap();
    run(&["model", "compare", &model, &bad]).fails(1, "bad.model: the file of the model", "train");
    run(&["model", "compare", &model, "--table", &rows]).fails(1, "a.model on ", "columns");
    let missing = "rows.csv: the table has no column \"size\"";
    run(&["model", "predict", &model, &rows]).fails(1, missing, "columns");
    run(&["model", "serve", &model, &bad]).fails(1, "bad.model: ", "train");
    let train = ["model", "train", &at("left.csv"), "--target", "left", "--out", &at("b.model")];
    let few = ["--time-budget", "1s", "--method", "linear", "--quiet"];
    run(&[&train[..], &few, &["--test", &rows]].concat()).fails(1, missing, "columns");
    let with = |more: &[&str]| run(&[&train[..], &few, more].concat());
    with(&["--weight", "siez"]).fails(2, "--weight", "did you mean \"size\"?");
    with(&["--monotone", "size=rising"]).fails(1, "boosted trees alone", "--method boosted");
}

#[test]
fn models_side_by_side_are_told_by_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (trained(dir.path(), "left", "a.model"), trained(dir.path(), "gone", "b.model"));
    let page = run(&["model", "compare", &a, &a]).exits(0).stdout;
    assert!(page.contains("a.model") && !page.contains("predicts"), "{page}");
    let page = run(&["model", "compare", &a, &b]).exits(0).stdout;
    assert!(page.contains("b.model") && page.contains("predicts"), "{page}");
    assert!(page.contains("! they predict different columns"), "{page}");
}

/// `model train --help`: TABLE is a file, "or the name of a table of the store".
#[test]
fn a_table_of_the_store_is_learned_from() {
    let dir = tempfile::tempdir().unwrap();
    let model = dir.path().join("t.model").to_str().unwrap().to_owned();
    let few = ["--time-budget", "1s", "--method", "linear"];
    let words = ["model", "train", "transactions", "--target", "size_bytes", "--out", &model];
    let page = world().run(&[&words[..], &few].concat()).exits(0).stdout;
    assert!(page.contains("not used, because it is "), "{page}");
    let rows = world().run(&["model", "predict", &model, "transactions"]).exits(0).stdout;
    assert!(rows.lines().count() > 100, "{rows}");
}

#[test]
fn help_is_wrapped_once() {
    for command in ["train", "table", "serve", "predict", "publish"] {
        let help = run(&["model", command, "--help"]).exits(0).stdout;
        let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(long.is_empty(), "{command}: {long:#?}");
    }
}

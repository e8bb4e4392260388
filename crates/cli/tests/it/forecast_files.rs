//! Files as people have them, and what forecasts make of options and keys that say too little or too much.

use serde_json::json;

use crate::world::{Ended, file, run};

fn predict(path: &str, more: &[&str]) -> Ended {
    let words = ["forecast", "predict", path, "--method", "theta", "--horizon", "2", "--json"];
    run(&[words.as_slice(), more].concat())
}

const ROWS: &str =
    "1589414400,1\n1589418000,4\n1589421600,2\n1589425200,5\n1589428800,3\n1589432400,6\n";

#[test]
fn columns_of_times_are_known_by_more_names() {
    for name in
        ["t", "epoch", "open_time", "time (s)", "Timestamp (UTC)", "Unix Timestamp", "created_at"]
    {
        let (_dir, path) = file("load.csv", &format!("{name},y\n{ROWS}"));
        assert_eq!(
            predict(&path, &[]).exits(0).json()["window"][0],
            "2020-05-14T00:00:00Z",
            "{name}"
        );
    }
    // The usual name counts where both are there.
    let rows = ROWS.replace(',', ",7,");
    let (_dir, path) = file("load.csv", &format!("time,t,y\n{rows}"));
    predict(&path, &[]).exits(0);
    let months: String = (1..=8).map(|month| format!("2015-0{month},{}\n", month % 3)).collect();
    let (_dir, path) = file("load.csv", &format!("month,y\n{months}"));
    assert_eq!(predict(&path, &[]).exits(0).json()["step"], "1 month");
}

#[test]
fn json_that_says_too_little_or_too_much_is_told() {
    let y = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0, 2.0, 4.0];
    #[track_caller]
    fn refused(document: &serde_json::Value, more: &[&str], what: &str, hint: &str) {
        let (_dir, path) = file("a.json", &document.to_string());
        predict(&path, more).fails(2, what, hint);
    }
    refused(&json!({"y": y, "seasonal_order": [1, 0, 0, 4]}), &[], "without \"order\"", "\"m\"");
    refused(&json!({"y": y}), &["--keep", "first"], "has \"y\"", "leave --time");
    refused(
        &json!([{"y": y, "id": "a"}, {"y": y, "id": "a"}]),
        &["--id", "a"],
        "holds 2 series of the id",
        "own id",
    );
    let (_dir, path) = file("a.json", &json!({"y": y, "start": "2024-01-01"}).to_string());
    let answer = predict(&path, &[]).exits(0).stdout;
    assert!(answer.contains("there is a start and no freq"), "{answer}");
    let (_dir, path) = file("a.json", &json!({"y": [2, 2, 2, 2, 2, 2, 2, 2]}).to_string());
    predict(&path, &[]).fails(1, "every value is 2", "constant");
}

#[test]
fn lines_above_a_header_are_passed_over_in_gzipped_files_too() {
    let text = format!("https://example.org\nA title\ntime,y\n{ROWS}");
    let (_dir, path) = file("load.csv", &text);
    let answer = predict(&path, &[]).exits(0).stdout;
    assert!(answer.contains("https://example.org / A title"), "{answer}");
    let (dir, _) = file("load.csv", &text);
    let zip = std::process::Command::new("gzip").arg(dir.path().join("load.csv")).status();
    if zip.is_ok_and(|status| status.success()) {
        predict(dir.path().join("load.csv.gz").to_str().unwrap(), &[]).exits(0);
    }
}

#[test]
fn a_plan_tells_the_need_that_a_limit_forbids() {
    let rows: String = (0..96)
        .map(|hour| format!("{},{}\n", 1_589_414_400 + hour * 3_600, 107 + hour * 7 % 18))
        .collect();
    let (_dir, path) = file("load.csv", &format!("time,y\n{rows}"));
    let plan = |more: &[&str]| {
        let words =
            ["forecast", "capacity", &path, "--method", "theta", "--horizon", "4", "--unit", "10"];
        run(&[words.as_slice(), more].concat())
    };
    let answer = plan(&["--max", "5", "--json"]).exits(0).json();
    assert_eq!(answer["plan"]["short"], json!([0, 1, 2, 3]));
    assert!(answer["plan"]["required_max"].as_u64().unwrap() >= 12, "{}", answer["plan"]);
    assert!(answer["plan"]["rows"][0]["ready"].as_u64().unwrap() <= 5);
    let page = plan(&["--max", "5"]).exits(0).stdout;
    assert!(
        page.contains("at most 5 are allowed") && page.contains("a limit forbids it"),
        "{page}"
    );
    plan(&["--fix", "0..3=2000"]).fails(2, "2000 units, 1 to 1000 are allowed", "");
    plan(&["--headroom", "-50"]).fails(2, "headroom is -0.5", "");
}

#[test]
fn a_plan_uses_the_indicators_of_its_file() {
    let exog: Vec<[f64; 1]> = (0..48).map(|t| [f64::from(t * 5 % 11)]).collect();
    let y: Vec<f64> =
        exog.iter().enumerate().map(|(t, x)| 50.0 + 10.0 * x[0] + (t * 7 % 5) as f64).collect();
    let document = json!({
        "y": y, "exog": exog, "exog_future": [[0.0], [10.0]], "exog_names": ["push"], "order": [1, 0, 0], "trend": "c",
    });
    let (_dir, path) = file("a.json", &document.to_string());
    let words = ["forecast", "capacity", &path, "--method", "sarimax", "--unit", "10", "--json"];
    let answer = run(&words).exits(0).json();
    assert_eq!(answer["read"]["indicators"], json!(["push"]));
    let expected: Vec<f64> =
        answer["expected"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!((expected[1] - expected[0] - 100.0).abs() < 5.0, "{expected:?}");
}

#[test]
fn failures_are_in_json_and_a_backtest_without_forecasts_fails() {
    let (_dir, path) = file("load.csv", &format!("time,y\n{ROWS}"));
    let words = ["forecast", "compare", &path, "--horizon", "1", "--origins", "2", "--json"];
    let answer = run(&[words.as_slice(), &["--method", "mstl"]].concat()).exits(1).json();
    assert_eq!(answer["failures"].as_array().unwrap().len(), 2, "{answer}");
    assert!(answer["failures"][0]["error"].is_string());
    let none = ["forecast", "compare", &path, "--origins", "0"];
    run(&none).fails(2, "no origin", "1 or more");
    let panel = json!({"y": [1, 2, 3, 4, 3, 2, 4, 5], "h": 1, "origins": [7]}).to_string();
    let (_dir, path) = file("panel.json", &panel);
    run(&["forecast", "backtest", &path, "--report", "/nonexistent/x.html"]).fails(
        2,
        "is no folder",
        "make it",
    );
}

#[test]
fn every_method_shows_what_it_fitted() {
    let (_dir, path) = file("load.csv", &format!("time,y\n{ROWS}"));
    let words = ["forecast", "fit", &path, "--horizon", "2", "--method", "theta", "--json"];
    let answer = run(&words).exits(0).json();
    let names: Vec<&str> = answer["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["level", "alpha", "theta"]);
    assert!(answer["sigma"].as_f64().unwrap() > 0.0, "{answer}");
}

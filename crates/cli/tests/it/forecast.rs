//! Forecasts from the command line: files by hand, and the real ones where they are.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::world::{Ended, file, run, tracehound};

/// An hourly series with a day's season, in milliseconds and newest first, with one repeat and a gap of two.
fn hourly() -> String {
    let mut text = "time,requests\n".to_owned();
    for hour in (0..240_i64).rev().filter(|hour| ![100, 101].contains(hour)) {
        let value = 100 + (hour % 24) * 5 + (hour * 7) % 11;
        let line = format!("{},{value}\n", (1_589_414_400 + hour * 3_600) * 1_000);
        text += &line;
        if hour == 50 {
            text += &line;
        }
    }
    text
}

pub(crate) fn forecast(words: &[&str]) -> Ended {
    run(&[&["forecast"], words].concat())
}

/// A file of the real data; `None`, with a line that says so, where there is none.
fn data(name: &str) -> Option<String> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = std::env::var_os("TRACEHOUND_DATA").map_or_else(|| default.into(), PathBuf::from);
    let path = folder.join("forecast").join(name);
    if !path.is_file() {
        #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
        {
            println!("skipped: no {}", path.display());
        }
        return None;
    }
    Some(path.to_str().unwrap().to_owned())
}

pub(crate) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Three days of hours are too few for the tests of `theta` and `ets`, so the answer says what was left out.
#[test]
fn a_season_that_is_left_out_is_said() {
    let hours = |n: i64| -> String {
        let row =
            |hour: i64| format!("{},{}\n", 1_589_414_400 + hour * 3_600, (hour * 7_919) % 101);
        "time,requests\n".to_owned() + &(0..n).map(row).collect::<String>()
    };
    for (n, method, is_said) in [
        (72, "theta", true),
        (72, "ets", true),
        (72, "seasonal_naive", false),
        (240, "theta", false),
    ] {
        let (_dir, path) = file("load.csv", &hours(n));
        let answer = forecast(&["predict", &path, "--method", method, "--json"]).exits(0).json();
        let repairs = answer["repairs"].to_string();
        let said = repairs.contains("the season of 24 steps was left out");
        assert_eq!(said, is_said, "{method} on {n}: {repairs}");
    }
}

#[test]
fn forecast_predict_tells_method_window_and_repairs() {
    let (_dir, path) = file("load.csv", &hourly());
    let answer = forecast(&["predict", &path, "--horizon", "24", "--levels", "50,90", "--json"]);
    let answer = answer.exits(0).json();
    assert_eq!(answer["method"], "auto");
    assert_eq!(answer["window"], json!(["2020-05-14T00:00:00Z", "2020-05-23T23:00:00Z"]));
    assert_eq!((&answer["n"], &answer["n_missing"]), (&json!(240), &json!(2)));
    assert_eq!(answer["times"][0], "2020-05-24T00:00:00Z");
    let repairs = answer["repairs"].to_string();
    for words in ["milliseconds in 239 rows", "newest row came first", "1 rows repeat", "2 steps"] {
        assert!(repairs.contains(words), "{words}: {repairs}");
    }
    let (mean, bounds) = (floats(&answer["mean"]), &answer["bounds"]);
    for (step, mean) in mean.iter().enumerate() {
        let expected = 100.0 + step as f64 * 5.0 + 5.0;
        assert!((mean - expected).abs() < 12.0, "{step}: {mean}, {expected}");
        let side = |at: usize, side: &str| floats(&bounds[at][side])[step];
        assert!(side(1, "lower") <= side(0, "lower") && side(0, "upper") <= side(1, "upper"));
    }
    assert_eq!((&bounds[0]["level"], &bounds[1]["level"]), (&json!(50.0), &json!(90.0)));
    let page = forecast(&["predict", &path, "--horizon", "24"]).exits(0).stdout;
    for words in ["by auto, 24 steps ahead", "step 1 h", "! 2 steps", "within 95 %", "low 80", "◦"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[test]
fn forecast_predict_runs_every_method() {
    let (_dir, path) = file("load.csv", &hourly());
    for method in
        ["auto", "ets", "theta", "mstl", "regression", "prophet", "sarimax", "seasonal_naive"]
    {
        let words = ["predict", &path, "--method", method, "--horizon", "12", "--json"];
        let answer = forecast(&words).exits(0).json();
        assert_eq!(answer["method"], *method);
        assert_eq!(floats(&answer["mean"]).len(), 12, "{method}");
    }
}

#[test]
fn forecast_refuses_what_is_no_series() {
    let check = |name: &str, text: &str, words: &[&str], code, what: &str, hint: &str| {
        let (_dir, path) = file(name, text);
        forecast(&[&["predict", &path], words].concat()).fails(code, what, hint);
    };
    let rows = "ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,5\n2024-01-03,3\n2024-01-04,2\n";
    check("a.csv", rows, &[], 1, "two rows of 2024-01-02T00:00:00Z say 2 and 5", "keep the first");
    check("a.csv", "ds,y\n2024-01-01,x\n", &[], 1, "row 1: \"x\"", "right columns");
    check("a.csv", "a,b,c\n1,2,3\n", &[], 2, "which column holds the times?", "--time COL");
    check("a.csv", "ds,b,c\n1,2,3\n", &[], 2, "which column holds the values?", "--value COL");
    check("a.csv", rows, &["--value", "z"], 2, "no column \"z\"", "columns are ds, y");
    check("a.json", "{}", &[], 2, "which column", "--time");
    check("a.json", "[{\"y\": [1, 2", &[], 2, "a.json", "a series is an object");
    check("a.json", "[{\"y\": [1]}, {\"y\": [2]}]", &[], 2, "holds 2 series", "--id");
    let plain = "{\"y\": [1, 2, 4, 3, 2, 4, 5, 6, 7, 2, 3, 4]}";
    check("a.json", plain, &["--method", "prophet"], 2, "prophet needs times", "\"start\"");
    check("a.json", "{\"y\": [1, 2], \"exog\": [[1]]}", &[], 2, "1 rows of indicators", "a row");
    let (_dir, path) = file("a.csv", rows);
    let kept =
        forecast(&["predict", &path, "--keep", "mean", "--method", "seasonal_naive", "--json"]);
    assert!(kept.exits(0).stdout.contains("their mean counts"));
    forecast(&["predict", &path, "--levels", "0"]).exits(2);
    forecast(&["fit", &path, "--order", "1,0,0"]).fails(2, "--order is of sarimax", "--method");
    forecast(&["predict", "/nowhere/x.csv"]).exits(1);
}

#[test]
fn forecast_compare_and_backtest_agree_on_what_failed() {
    let (_dir, path) = file("load.csv", &hourly());
    let words =
        ["compare", &path, "--method", "theta", "--horizon", "24", "--origins", "3", "--json"];
    let report = forecast(&words).exits(0).json();
    let methods: Vec<&Value> =
        report["scores"].as_array().unwrap().iter().map(|s| &s["method"]).collect();
    assert_eq!(methods, ["seasonal_naive", "theta"]);
    assert_eq!(report["scores"][1]["forecasts"], 3);
    forecast(&["compare", &path, "--horizon", "239"]).fails(
        2,
        "no place for forecasts",
        "--horizon",
    );
    let mut y = String::new();
    (0..60).for_each(|t| write!(y, "{},", t % 6 + t / 7).unwrap());
    let text = format!(
        "[{{\"id\": \"a\", \"y\": [{}], \"m\": 6, \"h\": 6, \"origins\": [2, 54]}}]",
        y.trim_end_matches(',')
    );
    let (_dir, path) = file("panel.json", &text);
    let words = ["backtest", &path, "--method", "ets", "--method", "prophet", "--json"];
    let lines = forecast(&words).exits(0).json_lines();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert!(line["id"] == "a" && line["cpu_s"].is_number(), "{line}");
        assert_eq!(line["mean"].is_array(), line["err"].is_null(), "{line}");
    }
    assert!(lines.iter().any(|line| line["err"].to_string().contains("prophet needs times")));
    let page = forecast(&["backtest", &path, "--method", "ets"]).exits(0).stdout;
    assert!(page.contains("seasonal_naive") && page.contains("MSIS 95"), "{page}");
    let (_dir, path) = file("panel.json", &text.replace("54", "55"));
    forecast(&["backtest", &path]).fails(2, "2 origins, 2 to 55", "origins");
}

#[test]
fn forecast_backtest_on_real_series() {
    let Some(path) = data("series/backtest.json") else { return };
    let words = ["backtest", &path, "--method", "theta", "--method", "mstl", "--json"];
    let lines = forecast(&words).exits(0).json_lines();
    assert_eq!(lines.len(), 10 * 4 * 2);
    for line in &lines {
        for key in ["mean", "lo80", "hi80", "lo95", "hi95"] {
            let n = floats(&line[key]).len();
            assert!(n == 24 || n == 14, "{line}");
        }
    }
}

/// Figures of statsmodels in the same files: the likelihood is at least theirs, and forecasts are theirs where it is.
#[test]
fn forecast_fit_on_real_series() {
    let names = ["airline_airpassengers", "lynx_ar2c", "nile_missing_111", "ukgas_111_011_4"];
    for name in names {
        let Some(path) = data(&format!("sarimax/{name}.json")) else { return };
        let truth: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let fit = forecast(&["fit", &path, "--method", "sarimax", "--json"]).exits(0).json();
        let llf = truth["llf"].as_f64().unwrap();
        // An integrated series with missing values: statsmodels counts its approximate diffuse start in.
        if name != "nile_missing_111" {
            assert!(fit["log_likelihood"].as_f64().unwrap() > llf - 1e-3, "{name}: {fit}");
        }
        let named = fit["parameters"].as_array().unwrap();
        let known = truth["param_names"].as_array().unwrap();
        assert_eq!(
            named.iter().map(|p| &p["name"]).collect::<Vec<_>>(),
            known.iter().collect::<Vec<_>>()
        );
        let (ours, theirs) = (floats(&fit["mean"]), floats(&truth["forecast"]["mean"]));
        assert_eq!(ours.len(), theirs.len());
        let se = floats(&truth["forecast"]["se"]);
        for ((a, b), se) in ours.iter().zip(&theirs).zip(&se) {
            assert!((a - b).abs() < 0.02 * se, "{name}: {a} {b}");
        }
        for (a, b) in floats(&fit["hi95"]).iter().zip(floats(&fit["lo95"])) {
            assert!(*a > b);
        }
    }
    let Some(path) = data("sarimax/lakehuron_ar2_xreg.json") else { return };
    let words = ["fit", &path, "--method", "sarimax", "--order", "2,0,0", "--trend", "c", "--json"];
    let fit = forecast(&words).exits(0).json();
    assert_eq!(fit["indicators"], json!(["x1"]));
    assert!(fit["log_likelihood"].as_f64().unwrap() > -92.1403, "{fit}");
}

#[test]
fn forecast_reads_real_files() {
    let check = |name: &str, method: &str, repair: &str| {
        let Some(path) = data(&format!("series/{name}")) else { return };
        let words = ["predict", &path, "--method", method, "--horizon", "7", "--json"];
        let answer = forecast(&words).exits(0).json();
        assert!(answer["repairs"].to_string().contains(repair), "{}", answer["repairs"]);
    };
    check("example_air_passengers.csv", "auto", "UTC");
    check("example_wp_log_R.csv", "theta", "rows were sorted by time");
    check("example_yosemite_temps.csv", "seasonal_naive", "rows have no value");
    let Some(path) = data("series/btc-fee-rates.json") else { return };
    let words = ["predict", &path, "--time", "timestamp", "--value", "avgFee_50"];
    forecast(&words).fails(1, "", "by hour");
}

#[test]
fn forecast_backtest_writes_a_page_with_plots() {
    let values: Vec<f64> = (0..240_u32).map(|t| 50.0 + f64::from(t % 24 + t * 7 % 11)).collect();
    let series = json!([{"id": "load", "y": values, "m": 24, "h": 24, "origins": [192, 216]}]);
    let (dir, path) = file("series.json", &series.to_string());
    let page = dir.path().join("page.html");
    let words = ["backtest", &path, "--method", "theta", "--report", page.to_str().unwrap()];
    forecast(&words).exits(0);
    let page = std::fs::read_to_string(page).unwrap();
    for part in
        ["By method", "By step ahead", "By regime", "<td>theta, calm</td>", "After 216 values"]
    {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn forecast_quantiles_are_in_json_in_the_table_and_in_arrow() {
    let (_dir, path) = file("load.csv", &hourly());
    let asked = ["predict", &path, "--horizon", "24", "--method", "theta"];
    let words = [&asked[..], &["--quantiles", "0.9,0.1,0.5"]].concat();
    let answer = forecast(&[&words[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(answer["bounds"], json!([]), "quantiles alone were asked for");
    let path_of = |at: usize| floats(&answer["quantiles"][at]["values"]);
    assert_eq!(answer["quantiles"][1]["quantile"], json!(0.1));
    assert_eq!(path_of(2), floats(&answer["mean"]));
    for step in 0..24 {
        assert!(path_of(1)[step] < path_of(2)[step] && path_of(2)[step] < path_of(0)[step]);
    }
    let bounds = forecast(&[&asked[..], &["--levels", "80", "--json"]].concat()).exits(0).json();
    assert_eq!(floats(&bounds["bounds"][0]["upper"]), path_of(0));
    assert!(forecast(&words).exits(0).stdout.contains("q 0.9"));
    // Arrow is no text: names of columns stand in it as they are.
    let arrow = [&["forecast"][..], &words, &["--levels", "95", "--arrow"]].concat();
    let columns = tracehound().args(arrow).output().unwrap();
    assert!(columns.status.success());
    let shown = String::from_utf8_lossy(&columns.stdout);
    for name in ["lower_95", "quantile_0.1", "2020-05-24T00:00:00Z"] {
        assert!(shown.contains(name), "{name}");
    }
    assert!(
        forecast(&["predict", &path, "--quantiles", "0.5,1"]).exits(2).stderr.contains("0.1,0.5")
    );
}

#[test]
fn forecast_falls_back_to_the_last_season_and_says_so() {
    // Four values are too few for theta, not for the last value again.
    let few =
        json!({"y": [3.0, 4.0, 5.0, 4.0], "start": "2024-01-01", "freq": "H", "m": 24}).to_string();
    let (_dir, path) = file("few.json", &few);
    let asked = ["predict", &path, "--method", "theta", "--horizon", "3"];
    let answer = forecast(&[&asked[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(answer["instead_of"]["method"], "theta");
    assert_eq!(
        (&answer["method"], floats(&answer["mean"])),
        (&json!("seasonal_naive"), vec![4.0; 3])
    );
    assert!(forecast(&asked).exits(0).stdout.contains("! instead of theta: theta needs 5 values"));
    let strict = forecast(&[&asked[..], &["--strict"]].concat());
    assert!(strict.stderr.contains("theta needs 5 values"), "{}", strict.stderr);
    // Late data: the same, with the age; a question that makes no sense stays an error.
    let (_dir, path) = file("load.csv", &hourly());
    let asked = ["predict", &path, "--method", "theta", "--late-after", "2h"];
    let answer = forecast(&[&asked[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(answer["instead_of"]["method"], "theta");
    assert!(answer["instead_of"]["reason"].to_string().contains("2020-05-23T23:00:00Z"));
    assert!(forecast(&[&asked[..], &["--strict"]].concat()).stderr.contains("late after 7200 s"));
}

#[test]
fn forecast_takes_indicators_from_a_file() {
    let pulse = |hour: i64| hour % 37 == 5;
    let (mut load, mut beside) = ("time,y\n".to_owned(), "time,pulse\n".to_owned());
    for hour in 0..264_i64 {
        let at = 1_589_414_400 + hour * 3_600;
        writeln!(beside, "{at},{}", u8::from(pulse(hour))).unwrap();
        if hour < 240 {
            let value = 100 + (hour % 24) * 5 + (hour * 7) % 11 + if pulse(hour) { 200 } else { 0 };
            writeln!(load, "{at},{value}").unwrap();
        }
    }
    let (_dir, load) = file("load.csv", &load);
    let (_other, beside_path) = file("beside.csv", &beside);
    let asked = ["predict", &load, "--method", "dhr", "--horizon", "30", "--json"];
    let answer = forecast(&[&asked[..], &["--indicators", &beside_path]].concat()).exits(0).json();
    assert_eq!(answer["indicators"], json!(["pulse"]));
    assert!(answer["repairs"].to_string().contains("known for 24 of 30 steps"), "{answer}");
    // Hour 264 is a pulse, but beyond what is known; none is known within, so that no step rises.
    let mean = floats(&answer["mean"]);
    assert!(mean.iter().all(|value| *value < 280.0), "{mean:?}");
    let holes = beside.replacen("1589425200,0\n", "", 1);
    let (_third, holes) = file("holes.csv", &holes);
    let refused = forecast(&[&asked[..], &["--indicators", &holes]].concat());
    assert!(refused.stderr.contains("has no value at 2020-05-14T03:00:00Z"), "{}", refused.stderr);
}

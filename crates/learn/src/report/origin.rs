//! Where a model comes from: what was tried, what it is for, how to make it again.

use std::fmt::Write as _;

use crate::Task;
use crate::automl::{Imbalance, LeaderboardRow, Manifest, Measure, Model, SplitBy, short};
use crate::page::{note, paragraph, table, text};
use crate::trees::Monotone;

pub(super) fn leaderboard(model: &Model) -> String {
    let report = &model.report;
    let tell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let row = |row: &LeaderboardRow| {
        let about = match &row.failed {
            Some(why) => format!("could not be fitted: {why}"),
            None => row.about.clone(),
        };
        let weight = if row.weight > 0.0 { short(row.weight) } else { String::new() };
        vec![text(&row.name), tell(row.loss), tell(row.auc), weight, text(&about)]
    };
    let loss = if model.task() == Task::Regression { "squared error" } else { "log loss" };
    let head =
        [("learner", false), (loss, true), ("AUC", true), ("weight", true), ("settings", false)];
    let how = report.blend_method.map(|method| spaced(&format!("{method:?}")));
    let words = format!(
        "Every learner that was tried, on the same held-out rows. The model is a weighted sum of the margins of those with a \
         weight (put together by: {}).",
        how.unwrap_or_else(|| "unknown".to_owned())
    );
    paragraph(&words) + &table(&head, &report.leaderboard.iter().map(row).collect::<Vec<_>>())
}

/// `BestPart` as `best part`, without settings behind it.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars().take_while(|letter| letter.is_alphabetic()) {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

pub(super) fn card(model: &Model) -> String {
    let blank =
        |question: &str| format!("<p><b>{question}</b><br/><span class=\"blank\"> </span></p>\n");
    let mut html = note("The owner of the model fills in the lines; a program cannot know them.");
    for question in [
        "Intended use and users",
        "Uses it is not meant for",
        "Who is affected by its answers, and how they can object",
        "Owner, and who watches it",
    ] {
        html.push_str(&blank(question));
    }
    html.push_str("<h3>Limits</h3>\n<ul>\n");
    for limit in limits(model) {
        let _ = writeln!(html, "<li>{}</li>", text(&limit));
    }
    html + "</ul>\n"
}

/// What the model cannot do, as far as its training tells.
fn limits(model: &Model) -> Vec<String> {
    let report = &model.report;
    let mut limits = vec![
        "Figures hold for rows like those of the table. For other times, places or populations they are unknown.".to_owned(),
        "Contributions and importance tell what the model does with a column, not what the column causes.".to_owned(),
    ];
    if !report.split.sentence.contains("in time") {
        limits.push(
            "Rows were not held out by time: where the world changes, the figures promise too much.".to_owned(),
        );
    }
    let times: Vec<&str> = report
        .profile
        .columns
        .iter()
        .filter(|column| column.measure == Measure::Time)
        .map(|column| column.column.as_str())
        .collect();
    if !times.is_empty() && !report.split.sentence.contains("in time") {
        limits.push(format!(
            "The table has times ({}) that the split did not use.",
            times.join(", ")
        ));
    }
    if report.split.n_rows < 1000 {
        limits.push(format!(
            "The table has {} rows: another draw of as many could give clearly other figures.",
            report.split.n_rows
        ));
    }
    limits
}

/// A word of a command line.
fn word(raw: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:=/".contains(c);
    if !raw.is_empty() && raw.chars().all(is_plain) {
        return raw.to_owned();
    }
    format!("'{}'", raw.replace('\'', "'\\''"))
}

/// The command that trains the model again; what a command cannot say is left to the options in the JSON.
pub(super) fn command(model: &Model, name: &str) -> String {
    let options = model.options();
    let mut command = format!(
        "tracehound model train TABLE --target {} --time-budget {}s --seed {}",
        word(&options.target),
        options.budget_s,
        options.seed
    );
    let split = match &options.split {
        SplitBy::Auto | SplitBy::Folds(_) => None,
        SplitBy::Random => Some("random".to_owned()),
        SplitBy::Stratified => Some("stratified".to_owned()),
        SplitBy::Time(column) => Some(format!("time:{column}")),
        SplitBy::Group(column) => Some(format!("group:{column}")),
    };
    if let Some(split) = split {
        let _ = write!(command, " --split {}", word(&split));
    }
    if !model.devices().is_empty() {
        command.push_str(" --device gpu");
    }
    match options.task {
        Some(Task::Regression) => command.push_str(" --task regression"),
        Some(Task::Binary) => command.push_str(" --task binary"),
        Some(Task::Multiclass { .. }) => command.push_str(" --task multiclass"),
        None => {}
    }
    if options.drop_missing_target {
        command.push_str(" --drop-missing-target");
    }
    for (column, way) in &options.monotone {
        let way = if *way == Monotone::Falling { "falling" } else { "rising" };
        let _ = write!(command, " --monotone {}", word(&format!("{column}={way}")));
    }
    match options.imbalance {
        Imbalance::AsIs => {}
        Imbalance::Balanced => command.push_str(" --imbalance balanced"),
        Imbalance::PositiveWeight(factor) => {
            let _ = write!(command, " --imbalance {factor}");
        }
    }
    if let Some(Ok(at)) = options.as_of_us.map(jiff::Timestamp::from_microsecond) {
        let _ = write!(command, " --as-of {}", at.strftime("%Y-%m-%d"));
    }
    // What the table says of its columns, it says again.
    for (column, told) in options.roles.iter().filter(|role| !role.1.by_table) {
        let kind = serde_json::to_string(&told.kind).expect("a word").replace('"', "");
        let _ = write!(command, " --column {}", word(&format!("{column}={kind}")));
    }
    if let Some(weight) = &options.weight {
        let _ = write!(command, " --weight {}", word(weight));
    }
    for method in &options.methods {
        let name = method.name();
        let _ = write!(command, " --method {name}");
    }
    // The file says its name: that of FILE need not be the same.
    let _ = write!(command, " --name {}", word(name));
    command + " --out FILE"
}

fn devices(model: &Model) -> String {
    match model.devices() {
        [] => "the cores of the machine".to_owned(),
        devices => devices.join(", "),
    }
}

pub(super) fn reproduce(model: &Model, manifest: &Manifest) -> String {
    let fact = |name: &str, value: &str| vec![text(name), text(value)];
    let rows = [
        fact("SHA-256 of the table", &manifest.data_hash),
        fact("program", &format!("tracehound {}", manifest.code_version)),
        fact("seed", &manifest.seed.to_string()),
        fact("task", &manifest.task),
        fact("format of the file", &manifest.format.to_string()),
        fact("networks were fitted on", &devices(model)),
    ];
    let entries: Vec<Vec<String>> =
        manifest.entries.iter().map(|entry| fact(&entry.name, &entry.sha256)).collect();
    let mut html = paragraph(if model.devices().is_empty() {
        "The same table, program, options and seed give the same file, byte for byte, on any number of threads."
    } else {
        "Networks were fitted on the devices named above: the same command gives a model as good, but not the same bytes."
    });
    let _ = writeln!(html, "<pre>{}</pre>", text(&command(model, &manifest.name)));
    if matches!(model.options().split, SplitBy::Folds(_)) {
        html.push_str(&note(
            "The folds were given row by row: they are in the options of the JSON.",
        ));
    }
    html.push_str(&table(&[("fact", false), ("value", false)], &rows));
    html.push_str("<h3>Entries of the file</h3>\n");
    html + &table(&[("entry", false), ("SHA-256", false)], &entries)
}

//! All that is told of a model, as one page or as JSON.
//!
//! In: a [`Model`] and the [`Manifest`] of its file. Out: an HTML page that needs nothing else (no script, no font, no image
//! from anywhere; its own policy forbids them), readable by day, by night and on paper; or the same facts as JSON.
//! The same model gives the same bytes. Names and values of the table are strangers' text: all go through one function that
//! leaves no markup in them.
//! Source: Mitchell et al., Model cards for model reporting, 2019 (what a card says); mljar and Evidently (what people look
//! for). Departures: what only the owner can know (intended use, who is affected) is left blank, never made up.
//! Cost: O(size of the report). Checked against: an XML parser on the whole page, hostile names (`tests/it/model_report.rs`).

mod data;
mod origin;
mod quality;
mod svg;
mod why;

use std::fmt::Write as _;

use serde::Serialize;

use crate::Task;
use crate::automl::{AutoOptions, Manifest, Model, ModelReport};
use crate::page::{count, document, text};

/// One part of the page: its name in links, its heading, its content.
type Section = (&'static str, &'static str, String);

/// The report as one HTML page.
pub fn html(model: &Model, manifest: &Manifest) -> String {
    let mut content = format!(
        "<p class=\"soft\">Predicts {} · trained on {} rows · tracehound {}</p>\n<nav>",
        text(model.target()),
        count(model.report.split.n_rows as u64),
        text(&manifest.code_version),
    );
    let sections = sections(model, manifest);
    for (id, heading, _) in &sections {
        let _ = write!(content, "<a href=\"#{id}\">{heading}</a> ");
    }
    content.push_str("</nav>\n");
    for (id, heading, part) in &sections {
        let _ = write!(content, "<section id=\"{id}\"><h2>{heading}</h2>\n{part}</section>\n");
    }
    document(&format!("{}: model report", manifest.name), &manifest.name, "", &content)
}

/// Parts that have something to say for the task.
fn sections(model: &Model, manifest: &Manifest) -> Vec<Section> {
    let mut sections = vec![
        ("summary", "Summary", quality::summary(model)),
        ("warnings", "Warnings", quality::warnings(model)),
        ("data", "Data", data::profile(model)),
        ("columns", "Columns and roles", data::columns(model)),
        ("split", "Split", data::split(model)),
        ("leaderboard", "Leaderboard and blend", origin::leaderboard(model)),
        ("curves", "Curves", quality::curves(model)),
        ("calibration", "Calibration", quality::calibration(model)),
    ];
    if model.task() == Task::Binary {
        sections.push(("thresholds", "Thresholds by cost", quality::thresholds(model)));
    }
    if model.task() != Task::Regression {
        sections.push(("confusion", "Confusion", quality::confusion(model)));
    }
    sections.extend([
        ("importance", "Importance", why::importance(model)),
        ("dependence", "Dependence", why::dependence(model)),
        ("slices", "Weak slices", why::slices(model)),
        ("drift", "Drift", data::drift(model)),
        ("card", "Model card", origin::card(model)),
        ("reproduce", "How to reproduce", origin::reproduce(model, manifest)),
    ]);
    sections
}

/// All facts of the page.
#[derive(Serialize)]
struct Facts<'f> {
    manifest: &'f Manifest,
    task: Task,
    target: &'f str,
    classes: &'f [String],
    parts: Vec<(&'f str, f64)>,
    command: String,
    options: &'f AutoOptions,
    report: &'f ModelReport,
}

/// The facts of the report as JSON, indented.
pub fn json(model: &Model, manifest: &Manifest) -> String {
    let facts = Facts {
        manifest,
        task: model.task(),
        target: model.target(),
        classes: model.classes(),
        parts: model.parts(),
        command: origin::command(model, &manifest.name),
        options: model.options(),
        report: &model.report,
    };
    serde_json::to_string_pretty(&facts).expect("names and numbers") + "\n"
}

/// What the margin that contributions add up to is, in words.
fn margin_words(model: &Model) -> String {
    match (model.task(), model.classes()) {
        (Task::Binary, [_, yes]) => format!("log odds of {} = {yes}", model.target()),
        (Task::Regression, _) => {
            let scale = model.report.scale.as_ref().map(|report| report.scale).unwrap_or_default();
            scale.words(model.target())
        }
        _ => "margin of the class".to_owned(),
    }
}

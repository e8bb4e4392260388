//! What makes the predictions, and where they are weak.

use super::margin_words;
use super::svg::{Axis, Plot, named_bars, signed};
use crate::Task;
use crate::automl::{
    BinKind, ColumnImportance, Dependence, DependenceBin, Measure, Model, WeakSlice, short,
};
use crate::page::{SERIES_MAX, legend};
use crate::page::{count, note, paragraph, percent, table, text};

/// Columns with a bar.
const BARS_MAX: usize = 15;

pub(super) fn importance(model: &Model) -> String {
    let all = &model.report.importance;
    if all.is_empty() {
        return note("No column does anything for the predictions.");
    }
    let shown = &all[..all.len().min(BARS_MAX)];
    let bars = |value: &dyn Fn(&ColumnImportance) -> f64| -> Vec<(String, f64, String)> {
        shown
            .iter()
            .map(|row| (row.column.clone(), value(row), short(value(row)).replace('-', "−")))
            .collect()
    };
    let margin = margin_words(model);
    let figures = [
        named_bars(
            "Mean size of the contribution",
            &bars(&|row| row.contribution),
            &format!("In units of the {margin}, before calibration, on a sample of training rows."),
        ),
        named_bars(
            "Rise of the loss when shuffled",
            // Those shown contribute most, and of those it was measured.
            &bars(&|row| row.shuffled_loss.unwrap_or(0.0)),
            "Mean loss of the same rows after the column's values are dealt out anew. About 0: the model can do without it.",
        ),
    ];
    let mut html = format!("<div class=\"plots\">{}</div>\n", figures.concat());
    if all.len() > shown.len() {
        let words = format!("{} of {} columns; the JSON has all.", shown.len(), all.len());
        html.push_str(&note(&words));
    }
    html
}

pub(super) fn dependence(model: &Model) -> String {
    let all = &model.report.dependence;
    if all.is_empty() {
        return note("No single column does anything for the predictions.");
    }
    let mut html = note(&format!(
        "Mean contribution to the {}, by value of the column. Contributions are what the model does, not what causes what.",
        margin_words(model)
    ));
    let several = matches!(model.task(), Task::Multiclass { .. });
    html.push_str("<div class=\"plots\">");
    for one in all {
        let is_range = one.bins.iter().filter(|bin| bin.bin.kind == BinKind::Range).count() > 1;
        html.push_str(&match (is_range, several) {
            (true, _) => curve(model, one),
            (false, false) => bars(one),
            (false, true) => grid(model, one),
        });
    }
    html.push_str("</div>\n");
    let n_classes = model.classes().len();
    if several {
        let names: Vec<&str> =
            model.classes().iter().take(SERIES_MAX).map(String::as_str).collect();
        html.push_str(&legend(&names));
        if n_classes > SERIES_MAX {
            let words = format!("The first {SERIES_MAX} of {n_classes} classes; the JSON has all.");
            html.push_str(&note(&words));
        }
    }
    html
}

fn words(bin: &DependenceBin, output: usize) -> String {
    format!("{}: {} ({} rows)", bin.bin.label, signed(bin.contributions[output]), bin.bin.count)
}

/// The middle of a range.
fn middle(bin: &DependenceBin) -> Option<f64> {
    Some(bin.bin.lower?.midpoint(bin.bin.upper?))
}

fn curve(model: &Model, one: &Dependence) -> String {
    let ranges: Vec<&DependenceBin> =
        one.bins.iter().filter(|bin| bin.bin.kind == BinKind::Range).collect();
    let n_outputs = ranges.first().map_or(0, |bin| bin.contributions.len()).min(SERIES_MAX);
    let values = ranges.iter().flat_map(|bin| bin.contributions.iter().copied().take(n_outputs));
    let label = match one.measure {
        Measure::Characters => format!("characters of {}", one.column),
        _ => one.column.clone(),
    };
    let x = Axis::over(&label, ranges.iter().filter_map(|bin| middle(bin)), one.measure);
    let y = Axis::over("contribution", values.chain([0.0]), Measure::Number);
    let mut plot = Plot::new(&one.column, x, y).even(&[(f64::MIN, 0.0), (f64::MAX, 0.0)]);
    for output in 0..n_outputs {
        let dots: Vec<(f64, f64, String)> = ranges
            .iter()
            .filter_map(|bin| Some((middle(bin)?, bin.contributions[output], words(bin, output))))
            .collect();
        let line: Vec<(f64, f64)> = dots.iter().map(|dot| (dot.0, dot.1)).collect();
        plot = plot.line(&line, output).dots(&dots, output);
    }
    let missing = one.bins.iter().find(|bin| bin.bin.kind == BinKind::Missing);
    let caption = match (missing, model.task()) {
        (Some(bin), Task::Binary | Task::Regression) => {
            format!(
                "Where it is missing: {} ({} rows).",
                signed(bin.contributions[0]),
                bin.bin.count
            )
        }
        _ => "Each dot: about as many rows.".to_owned(),
    };
    plot.figure(&caption)
}

fn bars(one: &Dependence) -> String {
    let bar = |bin: &DependenceBin| {
        let value = bin.contributions[0];
        let figure = format!("{value:+.2} ({})", bin.bin.count).replace('-', "−");
        (bin.bin.label.clone(), value, figure)
    };
    let rows: Vec<(String, f64, String)> = one.bins.iter().map(bar).collect();
    named_bars(&one.column, &rows, "In brackets: rows of the sample.")
}

/// Levels by classes, as numbers.
fn grid(model: &Model, one: &Dependence) -> String {
    let classes: Vec<&str> = model.classes().iter().take(SERIES_MAX).map(String::as_str).collect();
    let mut head = vec![(one.column.as_str(), false), ("rows", true)];
    head.extend(classes.iter().map(|class| (*class, true)));
    let row = |bin: &DependenceBin| {
        let own = [text(&bin.bin.label), count(bin.bin.count)];
        let values = bin.contributions.iter().take(classes.len());
        own.into_iter().chain(values.map(|value| text(&signed(*value)))).collect()
    };
    format!("<div>{}</div>", table(&head, &one.bins.iter().map(row).collect::<Vec<_>>()))
}

pub(super) fn slices(model: &Model) -> String {
    let slices = &model.report.slices;
    let measure = if model.task() == Task::Regression { "RMSE" } else { "log loss" };
    if slices.worst.is_empty() {
        return note("No level or range with at least 30 held-out rows is worse than the rest.");
    }
    let words = format!(
        "The {} worst of {} levels and ranges with at least 30 of {} held-out rows, by what of the difference remains after two \
         standard errors. The whole has a {measure} of {}. Some parts are worse by chance: of {} with no difference, about {} would \
         be marked clear. A part can also be worse because its outcomes are harder to tell by nature.",
        slices.worst.len(),
        slices.n_slices,
        count(slices.n_rows as u64),
        short(slices.error),
        slices.n_slices,
        // Two standard errors of a normal variable are passed on one side in 2.3 % of draws.
        short((0.0228 * slices.n_slices as f64).round()),
    );
    let is_two = model.task() == Task::Binary;
    let tell = |value: Option<f64>| match value {
        Some(share) if is_two => percent(share),
        Some(value) => short(value),
        None => "–".to_owned(),
    };
    let row = |slice: &WeakSlice| {
        let difference = slice.error - slice.error_rest;
        let is_clear = difference > 2.0 * slice.standard_error;
        vec![
            text(&slice.column),
            text(&slice.bin.label),
            count(slice.bin.count),
            short(slice.error),
            short(slice.error_rest),
            format!("{} ± {}", signed(difference), short(2.0 * slice.standard_error)),
            if is_clear { "clear" } else { "may be chance" }.to_owned(),
            tell(slice.mean_predicted),
            tell(slice.mean_observed),
        ]
    };
    let head = [
        ("column", false),
        ("value", false),
        ("rows", true),
        (measure, true),
        ("of the rest", true),
        ("difference", true),
        ("", false),
        ("mean predicted", true),
        ("came true", true),
    ];
    // Several classes have no one mean.
    let several = matches!(model.task(), Task::Multiclass { .. });
    let head = &head[..head.len() - if several { 2 } else { 0 }];
    paragraph(&words) + &table(head, &slices.worst.iter().map(row).collect::<Vec<_>>())
}

//! How good a model is: words, curves, calibration, thresholds, confusion.

use std::fmt::Write as _;

use super::svg::{Axis, Plot};
use crate::automl::{ClassOutcome, LeakCheck, Measure, Model, NumberOutcome, short};
use crate::page::{SERIES_MAX, legend};
use crate::page::{count, note, paragraph, percent, table, text};
use crate::{Reliability, Task};

/// Names of the figures with what they are.
const FIGURES: &[(&str, &str)] = &[
    ("auc", "area under the ROC curve"),
    ("log_loss", "log loss"),
    ("average_precision", "average precision"),
    ("brier", "Brier score"),
    ("accuracy", "accuracy"),
    ("calibration_error", "calibration error"),
    ("rmse", "root mean squared error"),
    ("mae", "mean absolute error"),
    ("r2", "variance explained (R²)"),
];

pub(super) fn summary(model: &Model) -> String {
    let report = &model.report;
    let mut html = paragraph(&words(model));
    html.push_str("<div class=\"tiles\">");
    let figures = report.assessed.figures();
    for (name, words) in FIGURES {
        if let Some((_, value)) = figures.iter().find(|figure| figure.0 == *name) {
            let _ = write!(
                html,
                "<div class=\"tile\"><b>{}</b><span>{words}</span></div>",
                short(*value)
            );
        }
    }
    html.push_str("</div>\n");
    html.push_str(&scale(model));
    html.push_str(&note(
        "All figures are of rows that were held out: no part of the model that gave a prediction had seen its row.",
    ));
    html
}

/// On which scale numbers are learned, where it was worth asking.
fn scale(model: &Model) -> String {
    let Some(report) = model.report.scale.as_ref().filter(|report| !report.tried.is_empty()) else {
        return String::new();
    };
    let tried = report.tried.iter().map(|one| format!("{} {}", one.name, short(one.rmse)));
    let tried = tried.collect::<Vec<_>>().join(", ");
    paragraph(&format!(
        "Learned as {}, for {} is skewed: root of the mean squared error of a quick trial on held-out rows, on the scale of the \
         table: {tried}. Contributions are on the scale that is learned; predictions and figures are on that of the table.",
        report.scale.words(model.target()),
        model.target(),
    ))
}

/// What it predicts and how good it is.
fn words(model: &Model) -> String {
    let (report, target) = (&model.report, model.target());
    let n_used = model.schema().len();
    let from =
        format!("from {n_used} columns of a table of {} rows", count(report.split.n_rows as u64));
    let assessed = &report.assessed;
    let tell = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), short);
    let (most, base_loss) = base(model);
    let accuracy = assessed.accuracy.map_or_else(|| "unknown".to_owned(), percent);
    match (model.task(), model.classes()) {
        (Task::Binary, [no, yes]) => format!(
            "This model predicts whether {target} is {yes} (rather than {no}), {from}. On rows it had not seen it scores a \
             random row of {yes} above a random other one in {} of pairs. Its log loss is {}; a model that knows only how \
             frequent the classes are has {}. Its likelier class is right in {accuracy} of rows; always saying the most \
             frequent class is right in {}. The probability that it states is {} from what comes true, on average.",
            assessed.auc.map_or_else(|| "an unknown share".to_owned(), percent),
            tell(assessed.log_loss),
            short(base_loss),
            percent(most),
            assessed.calibration_error.map_or_else(
                || "an unknown distance".to_owned(),
                |error| format!("{:.1} points", 100.0 * error)
            ),
        ),
        (Task::Regression, _) => format!(
            "This model predicts the number {target}, {from}. On rows it had not seen its answers are {} away from what came \
             true, on average (root of the mean squared error {}), and explain {} of the variance.",
            tell(assessed.mae),
            tell(assessed.rmse),
            assessed.r2.map_or_else(|| "an unknown share".to_owned(), percent),
        ),
        (_, classes) => format!(
            "This model predicts which of {} classes {target} is, {from}. On rows it had not seen its likeliest class is right \
             in {accuracy}; always saying the most frequent class is right in {}. Its log loss is {}; a model that knows only \
             how frequent the classes are has {}.",
            classes.len(),
            percent(most),
            tell(assessed.log_loss),
            short(base_loss),
        ),
    }
}

/// Share of the most frequent class among held-out rows, and the log loss of stating all shares.
fn base(model: &Model) -> (f64, f64) {
    let n = model.classes().len().max(1);
    let by_class: Vec<f64> = model.report.confusion.chunks(n).map(|row| row.iter().sum()).collect();
    let total: f64 = by_class.iter().sum();
    if total <= 0.0 {
        return (0.0, 0.0);
    }
    let shares = by_class.iter().map(|own| own / total).filter(|share| *share > 0.0);
    shares
        .fold((0.0, 0.0), |(most, loss), share| (f64::max(most, share), loss - share * share.ln()))
}

pub(super) fn warnings(model: &Model) -> String {
    let warnings = &model.report.warnings;
    let one = |warning: &String| format!("<div class=\"warn\">{}</div>\n", text(warning));
    let mut html: String = warnings.iter().map(one).collect();
    if warnings.is_empty() {
        html = note("Training found nothing to warn of. That is no proof that nothing is wrong.");
    }
    if model.report.checks.is_empty() {
        return html;
    }
    let row = |check: &LeakCheck| {
        let answer = match (check.found, check.looked) {
            (true, _) => "look at it",
            (false, true) => "nothing found",
            (false, false) => "not looked for",
        };
        vec![text(&check.name), answer.to_owned(), text(&check.words)]
    };
    let rows: Vec<Vec<String>> = model.report.checks.iter().map(row).collect();
    let head = [("looked for", false), ("", false), ("seen", false)];
    html + "<h3>Leak checks</h3>\n" + &table(&head, &rows)
}

pub(super) fn curves(model: &Model) -> String {
    let report = &model.report;
    match (model.task(), &report.of_numbers) {
        (Task::Regression, Some(numbers)) => residuals(numbers, model.target()),
        (Task::Regression, None) => unknown(),
        (Task::Binary, _) => two_classes(model),
        (Task::Multiclass { .. }, _) => several_classes(&report.by_class),
    }
}

fn unknown() -> String {
    note(
        "The file of this model was written by a version that did not measure this. Train it again.",
    )
}

fn two_classes(model: &Model) -> String {
    let report = &model.report;
    if report.roc.is_empty() {
        return note("The held-out rows hold one class only: there is no curve to draw.");
    }
    let mut roc = vec![(0.0, 0.0)];
    roc.extend(report.roc.iter().map(|at| (at.false_positive_rate, at.true_positive_rate)));
    let precision: Vec<(f64, f64)> =
        report.precision_recall.iter().map(|at| (at.recall, at.precision)).collect();
    let mut gain = vec![(0.0, 0.0)];
    gain.extend(report.gain.iter().map(|at| (at.share, at.gain)));
    // Of a few rows, lift says more about them than about the model.
    let lift: Vec<(f64, f64)> =
        report.gain.iter().filter(|at| at.share >= 0.01).map(|at| (at.share, at.lift)).collect();
    let positive = report.gain.last().map_or(0.0, |last| last.gain / last.lift.max(1.0));
    let base = precision.last().map_or(positive, |last| last.1);
    let highest = lift.iter().map(|at| at.1).chain([0.0, 1.0]);
    let figures = [
        Plot::new("ROC", Axis::share("false cases taken"), Axis::share("true cases taken"))
            .even(&[(0.0, 0.0), (1.0, 1.0)])
            .line(&roc, 0)
            .figure("Dashed: a coin."),
        Plot::new("Precision and recall", Axis::share("recall"), Axis::share("precision"))
            .even(&[(0.0, base), (1.0, base)])
            .line(&precision, 0)
            .figure("Dashed: taking rows blindly."),
        Plot::new(
            "Gain",
            Axis::share("rows taken, highest scores first"),
            Axis::share("true cases found"),
        )
        .even(&[(0.0, 0.0), (1.0, 1.0)])
        .line(&gain, 0)
        .figure("How many of the true cases lie among the highest scores."),
        Plot::new(
            "Lift",
            Axis::share("rows taken, highest scores first"),
            Axis::over("times better than blind", highest, Measure::Number),
        )
        .even(&[(0.0, 1.0), (1.0, 1.0)])
        .line(&lift, 0)
        .figure("From the highest hundredth of the scores on."),
    ];
    format!("<div class=\"plots\">{}</div>\n", figures.concat())
}

/// Classes that have curves, in their order, so that a class has the same color in every plot.
fn drawn(classes: &[ClassOutcome]) -> Vec<&ClassOutcome> {
    classes.iter().filter(|class| !class.roc.is_empty()).take(SERIES_MAX).collect()
}

fn several_classes(classes: &[ClassOutcome]) -> String {
    let tell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let row = |class: &ClassOutcome| {
        vec![
            text(&class.class),
            short(class.weight),
            tell(class.auc),
            tell(class.precision),
            tell(class.recall),
        ]
    };
    let head =
        [("class", false), ("rows", true), ("AUC", true), ("precision", true), ("recall", true)];
    let mut html = table(&head, &classes.iter().map(row).collect::<Vec<_>>());
    let drawn = drawn(classes);
    if drawn.is_empty() {
        return html;
    }
    let axes = (Axis::share("other rows taken"), Axis::share("rows of the class taken"));
    let mut plot = Plot::new("ROC of each class", axes.0, axes.1).even(&[(0.0, 0.0), (1.0, 1.0)]);
    for (series, class) in drawn.iter().enumerate() {
        let mut points = vec![(0.0, 0.0)];
        points.extend(class.roc.iter().map(|at| (at.false_positive_rate, at.true_positive_rate)));
        plot = plot.line(&points, series);
    }
    html.push_str(&plot.figure("Each class against all others. Dashed: a coin."));
    html.push_str(&legend(&drawn.iter().map(|class| class.class.as_str()).collect::<Vec<_>>()));
    html
}

fn residuals(numbers: &NumberOutcome, target: &str) -> String {
    let bars: Vec<(f64, f64, f64, String)> = numbers
        .residuals
        .iter()
        .filter_map(|bar| {
            let words = format!("{}: {} rows", bar.label, bar.count);
            Some((bar.lower?, bar.upper?, bar.count as f64, words))
        })
        .collect();
    if bars.is_empty() {
        return note("Distances of predictions and outcomes are too large to draw.");
    }
    let ends = bars.iter().flat_map(|bar| [bar.0, bar.1]);
    let x =
        Axis::over(&format!("{target}: what came true less the prediction"), ends, Measure::Number);
    let y = Axis::over("held-out rows", bars.iter().map(|bar| bar.2).chain([0.0]), Measure::Number);
    Plot::new("Residuals", x, y)
        .bars(&bars, 0)
        .figure("Where the bars lean, the model is off on one side.")
}

pub(super) fn calibration(model: &Model) -> String {
    let report = &model.report;
    match (model.task(), &report.reliability, &report.of_numbers) {
        (Task::Binary, Some(after), _) => {
            let mut figures = String::new();
            if let Some(before) = &report.reliability_before {
                figures.push_str(&reliability("Before calibration", &[before]));
            }
            figures.push_str(&reliability("After calibration, crossed", &[after]));
            let how = report.calibration.map(|kind| format!("{kind:?}").to_lowercase());
            let words = format!(
                "How margins became probabilities: {}. On the dashed line, what is said comes true; below it too much is \
                 promised, above too little.",
                how.unwrap_or_else(|| "unknown".to_owned())
            );
            format!("<div class=\"plots\">{figures}</div>\n{}", note(&words))
        }
        (Task::Multiclass { .. }, _, _) => {
            let drawn = drawn(&report.by_class);
            let bins: Vec<&Reliability> =
                drawn.iter().filter_map(|class| class.reliability.as_ref()).collect();
            if bins.is_empty() {
                return note("No class has enough rows to draw this.");
            }
            let names: Vec<&str> = drawn.iter().map(|class| class.class.as_str()).collect();
            reliability("Reliability of each class", &bins) + &legend(&names)
        }
        (Task::Regression, _, Some(numbers)) => fit(numbers, model.target()),
        _ => unknown(),
    }
}

fn reliability(title: &str, all: &[&Reliability]) -> String {
    let axes = (Axis::share("stated probability"), Axis::share("share that came true"));
    let mut plot = Plot::new(title, axes.0, axes.1).even(&[(0.0, 0.0), (1.0, 1.0)]);
    for (series, one) in all.iter().enumerate() {
        let line: Vec<(f64, f64)> =
            one.bins.iter().map(|bin| (bin.mean_predicted, bin.observed_share)).collect();
        let words = |bin: &crate::ReliabilityBin| {
            format!(
                "{} rows: stated {}, came true {}",
                bin.count,
                short(bin.mean_predicted),
                short(bin.observed_share)
            )
        };
        let dots: Vec<(f64, f64, String)> = one
            .bins
            .iter()
            .map(|bin| (bin.mean_predicted, bin.observed_share, words(bin)))
            .collect();
        if let [one] = all {
            let spans: Vec<(f64, f64, f64)> = one.bins.iter().map(bounds).collect();
            plot = plot.spans(&spans, series);
        }
        plot = plot.line(&line, series).dots(&dots, series);
    }
    let caption = match all {
        [_] => "Ten bins of the stated probability; bars: 95 % bounds of what came true.",
        _ => "Ten bins of the stated probability, each class against all others.",
    };
    plot.figure(caption)
}

/// Bounds of the share that came true, by the exact binomial.
fn bounds(bin: &crate::ReliabilityBin) -> (f64, f64, f64) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let n_true = (bin.observed_share * bin.count as f64).round() as u64;
    let (low, high) = crate::proportion_bounds(n_true.min(bin.count), bin.count, 0.95);
    (bin.mean_predicted, low, high)
}

fn fit(numbers: &NumberOutcome, target: &str) -> String {
    let bins = &numbers.bins;
    let x = bins.iter().map(|bin| bin.mean_predicted);
    let y = bins.iter().flat_map(|bin| [bin.low, bin.high, bin.mean_observed]);
    let (x_axis, y_axis) = (
        Axis::over(&format!("predicted {target}"), x.clone(), Measure::Number),
        Axis::over("what came true", y.chain(x.clone()), Measure::Number),
    );
    let even: Vec<(f64, f64)> = x.map(|x| (x, x)).collect();
    let words = |bin: &crate::automl::NumberBin| {
        format!(
            "{} rows: predicted {}, came true {}",
            bin.count,
            short(bin.mean_predicted),
            short(bin.mean_observed)
        )
    };
    let dots: Vec<(f64, f64, String)> =
        bins.iter().map(|bin| (bin.mean_predicted, bin.mean_observed, words(bin))).collect();
    let spans: Vec<(f64, f64, f64)> =
        bins.iter().map(|bin| (bin.mean_predicted, bin.low, bin.high)).collect();
    let line: Vec<(f64, f64)> = dots.iter().map(|dot| (dot.0, dot.1)).collect();
    Plot::new("Predicted and observed", x_axis, y_axis)
        .even(&even)
        .spans(&spans, 0)
        .line(&line, 0)
        .dots(&dots, 0)
        .figure("Means by range of the prediction; bars: the middle eight tenths of what came true. Dashed: the same.")
}

pub(super) fn thresholds(model: &Model) -> String {
    let row = |(misses, best): &(f64, crate::metrics::Threshold)| {
        let counts = &best.confusion;
        let tell = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
        // Below a threshold above every score nothing is taken.
        let is_none = counts.true_positives + counts.false_positives == 0.0;
        vec![
            short(*misses),
            if is_none { "take none".to_owned() } else { format!("≥ {}", short(best.score)) },
            short(counts.true_positives),
            short(counts.false_positives),
            short(counts.false_negatives),
            short(counts.true_negatives),
            tell(counts.precision()),
            tell(counts.recall()),
        ]
    };
    let head = [
        ("a miss costs, in false alarms", true),
        ("take rows that score", true),
        ("found", true),
        ("false alarms", true),
        ("missed", true),
        ("rightly left", true),
        ("precision", true),
        ("recall", true),
    ];
    let rows: Vec<Vec<String>> = model.report.thresholds.iter().map(row).collect();
    note(
        "The threshold of least cost on the held-out rows, for several prices of a missed case. Pick the price first, then the row.",
    ) + &table(&head, &rows)
}

pub(super) fn confusion(model: &Model) -> String {
    /// Classes that a page has room for.
    const SHOWN_MAX: usize = 20;
    let (classes, counts) = (model.classes(), &model.report.confusion);
    let n = classes.len();
    let n_shown = n.min(SHOWN_MAX);
    let mut html =
        note("Held-out rows, by weight. Down: what was true. Across: the likeliest class.");
    if n > n_shown {
        html.push_str(&note(&format!("The first {n_shown} of {n} classes; the JSON has all.")));
    }
    let mut head = vec![("true class", false)];
    head.extend(classes.iter().take(n_shown).map(|class| (class.as_str(), true)));
    let row = |(at, class): (usize, &String)| {
        let own = counts.get(at * n..(at + 1) * n).unwrap_or_default();
        let total: f64 = own.iter().sum();
        let cell = |count: &f64| {
            let share = if total > 0.0 { count / total } else { 0.0 };
            format!("{} <span class=\"soft\">{}</span>", short(*count), percent(share))
        };
        [text(class)].into_iter().chain(own.iter().take(n_shown).map(cell)).collect()
    };
    let rows: Vec<Vec<String>> = classes.iter().take(n_shown).enumerate().map(row).collect();
    html + &table(&head, &rows)
}

//! A fitted model and its figures.

use engine::{FitAnswer, LinkFigures, ModelFigures, ResolutionFitAnswer, RuleFigures, TrainReport};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Column, Table};
use super::words::{count, counted, wrapped};
use crate::show;

/// What training did.
pub(crate) fn train(report: &TrainReport, ran: bool, look: Look) -> String {
    let mut page = fit("change", &report.change, look);
    page.push('\n');
    page += &resolution(&report.resolution, look);
    if !ran {
        page += &stale_lines(&report.stale_because, look);
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&report.snapshot))))
}

fn fit(what: &str, fit: &FitAnswer, look: Look) -> String {
    let mut page = match (&fit.version, fit.threshold) {
        (Some(version), Some(threshold)) => {
            let known = if fit.is_new { "" } else { "; it is in force already" };
            look.paint(Tone::Good, &format!("✓ model of {what} {version}"))
                + &format!("  links from probability {threshold:.4} on{known}\n")
        }
        (Some(version), None) => {
            look.paint(Tone::Warning, &format!("▲ model of {what} {version}"))
                + "  it makes no links\n"
        }
        (None, _) => look.paint(Tone::Warning, &format!("▲ no model of {what}")) + "\n",
    };
    if !fit.why_not.is_empty() {
        page += &format!("{}\n", wrapped(&show::clean(&fit.why_not), "  ", look));
    }
    if let Some(hint) = &fit.hint {
        page += &format!("{}\n", wrapped(&format!("hint: {}", show::clean(hint)), "  ", look));
    }
    if let Some(figures) = &fit.figures {
        page += &figures_of(figures, look);
    }
    page
}

fn resolution(fit: &ResolutionFitAnswer, look: Look) -> String {
    let mut page = match &fit.version {
        Some(version) => {
            let truth = match fit.truth.as_deref() {
                Some("known") => "tags",
                _ => "links that were withheld",
            };
            look.paint(Tone::Good, &format!("✓ model of resolution {version}"))
                + &format!("  fitted to {truth}\n")
        }
        None => look.paint(Tone::Warning, "▲ no model of resolution") + "\n",
    };
    if !fit.why_not.is_empty() {
        page += &format!("{}\n", wrapped(&show::clean(&fit.why_not), "  ", look));
    }
    if let Some(hint) = &fit.hint {
        page += &format!("{}\n", wrapped(&format!("hint: {}", show::clean(hint)), "  ", look));
    }
    let Some(figures) = &fit.figures else { return page };
    let mut table = Table::new(2, &[Column::Left, Column::Right, Column::Prose]);
    let [same, other] = figures.n_test;
    table.row([
        "held out".into(),
        count(same + other).into(),
        format!("pairs, {} of one owner", count(same)).into(),
    ]);
    table.row(["area under ROC".into(), format!("{:.4}", figures.auc).into()]);
    let error = format!("{:.4}", figures.expected_calibration_error);
    table.row(["calibration error".into(), error.into(), "expected, held out".into()]);
    page += &table.lines(look);
    let mut bins = Table::headed(
        2,
        &[(Column::Right, "pairs"), (Column::Right, "stated"), (Column::Right, "observed")],
    );
    for row in &figures.reliability {
        bins.row([
            count(row.count).into(),
            format!("{:.4}", row.predicted).into(),
            format!("{:.4}", row.observed).into(),
        ]);
    }
    page + &bins.lines(look)
}

fn figures_of(figures: &ModelFigures, look: Look) -> String {
    let mut table = Table::new(2, &[Column::Left, Column::Right, Column::Prose]);
    let transactions = counted(figures.n_transactions, "transaction", "transactions");
    let clusters = counted(figures.n_clusters, "cluster", "clusters");
    let heights = format!("heights {} to {}", figures.height_first, figures.height_last);
    table.row([
        "fitted to".into(),
        count(figures.n_positives + figures.n_negatives).into(),
        format!("outputs of {transactions} of {clusters}, {heights}").into(),
    ]);
    table.row(["area under ROC".into(), format!("{:.4}", figures.auc).into(), "held out".into()]);
    table.row([
        "calibration error".into(),
        format!("{:.4}", figures.calibration_error).into(),
        "expected, held out".into(),
    ]);
    let mut page = table.lines(look);
    page += &format!("\n{}\n", look.heading("Links on data held out"));
    page += &links(figures, look);
    page += &format!("\n{}\n", look.heading("Stated against observed, held out"));
    let mut bins = Table::headed(
        2,
        &[
            (Column::Right, "from"),
            (Column::Right, "to"),
            (Column::Right, "outputs"),
            (Column::Right, "stated"),
            (Column::Right, "observed"),
        ],
    );
    for bin in &figures.reliability.bins {
        bins.row([
            format!("{:.2}", bin.lower).into(),
            format!("{:.2}", bin.upper).into(),
            count(bin.count).into(),
            format!("{:.4}", bin.mean_predicted).into(),
            format!("{:.4}", bin.observed_share).into(),
        ]);
    }
    page += &bins.lines(look);
    page += &format!("\n{}\n", look.heading("Each rule alone"));
    page + &rules(&figures.rules, look)
}

fn links(figures: &ModelFigures, look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "threshold"),
            (Column::Right, "links"),
            (Column::Right, "wrong"),
            (Column::Right, "false positives"),
            (Column::Right, "at most (95 %)"),
            (Column::Right, "wrong share"),
            (Column::Right, "at most (95 %)"),
            (Column::Right, "recall"),
        ],
    );
    let percent = |share: f64| format!("{:.3} %", share * 100.0);
    let mut row = |name: &str, of: &LinkFigures| {
        table.row([
            name.into(),
            count(of.n_links).into(),
            count(of.n_wrong).into(),
            percent(of.false_positive_rate.measured).into(),
            percent(of.false_positive_rate.upper).into(),
            percent(of.wrong_share.measured).into(),
            percent(of.wrong_share.upper).into(),
            percent(of.recall.measured).into(),
        ]);
    };
    row("chosen", &figures.at_threshold);
    row("of others", &figures.at_foreign_threshold);
    table.lines(look)
}

fn rules(rules: &[RuleFigures], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "rule"),
            (Column::Right, "says change"),
            (Column::Right, "right"),
            (Column::Right, "says not"),
            (Column::Right, "right"),
        ],
    );
    for rule in rules {
        table.row([
            show::line(&rule.rule).into(),
            count(rule.n_for).into(),
            share(rule.n_for_right, rule.n_for).into(),
            count(rule.n_against).into(),
            share(rule.n_against_right, rule.n_against).into(),
        ]);
    }
    table.lines(look)
}

/// A share in percent with two decimals, in whole numbers: no count is too large for it.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let hundredths = u128::from(part) * 10_000 / u128::from(whole);
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

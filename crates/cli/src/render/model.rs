//! Models: what was trained, how good it is, why a row is predicted as it is.

use engine::tabular::{
    CompareAnswer, ModelAnswer, PredictReport, RowAnswer, TestAnswer, TrainAnswer,
};

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{count, counted, wrapped};
use crate::show;

/// Columns of importance that are shown.
const IMPORTANCE_MAX: usize = 15;
/// Learners of the leaderboard that are shown.
const BOARD_MAX: usize = 12;
/// Cells of a bar.
const BAR_WIDTH: usize = 20;

/// A model that was just trained.
pub(crate) fn trained_model(answer: &TrainAnswer, look: Look) -> String {
    let head =
        format!("✓ {} was written, {} bytes", show::line(&answer.file), count(answer.n_bytes));
    let mut page = look.paint(Tone::Good, &head) + "\n";
    page += &format!(
        "  {} of {} columns are features · {:.1} s\n",
        count(answer.n_columns_used as u64),
        count(answer.model.roles.len().saturating_sub(1) as u64),
        answer.wall_s
    );
    page += &model(&answer.model, look);
    answer.test.iter().fold(page, |page, test| page + &tested(test, look))
}

/// A model on a table that it was not trained on.
fn tested(answer: &TestAnswer, look: Look) -> String {
    let rows = counted(answer.n_rows as u64, "row", "rows");
    let mut page =
        format!("\n{}\n", look.heading(&format!("On {}, {rows}", show::line(&answer.table))));
    let mut figures = Table::headed(2, &[(Column::Left, "measure"), (Column::Right, "value")]);
    for (name, value) in &answer.figures {
        figures.row([name.replace('_', " ").into(), format!("{value:.4}").into()]);
    }
    page += &figures.lines(look);
    let copies = answer.first_copy.map(|first| {
        let copies = counted(answer.n_copies as u64, "row of it equals", "rows of it equal");
        format!("{copies} one that was trained on, first row {}", count(first as u64))
    });
    for words in copies.iter().chain(&answer.unseen) {
        let words = wrapped(&format!("! {}", show::line(words)), "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &words));
    }
    page
}

/// Whether the figures can be believed.
fn checks(answer: &ModelAnswer, look: Look) -> String {
    if answer.checks.is_empty() {
        return String::new();
    }
    let mut page = format!("\n{}\n", look.heading("Leak checks"));
    for check in &answer.checks {
        let (mark, tone) = match (check.found, check.looked) {
            (true, _) => ("!", Tone::Warning),
            (false, true) => ("✓", Tone::Good),
            (false, false) => ("–", Tone::Remark),
        };
        let words = format!("{}: {}", show::line(&check.name), show::line(&check.words));
        page += &format!(
            "  {} {}\n",
            look.paint(tone, mark),
            wrapped(&words, "    ", look).trim_start()
        );
    }
    page
}

/// A model.
pub(crate) fn model(answer: &ModelAnswer, look: Look) -> String {
    let mut page = format!(
        "\n{}  predicts {} ({})\n",
        look.heading(&show::line(&answer.name)),
        show::line(&answer.target),
        show::line(&answer.task)
    );
    page += &format!(
        "  {}{} · {}\n",
        counted(answer.n_rows as u64, "row", "rows"),
        match answer.n_without_target {
            0 => String::new(),
            n => format!(" ({} more without a target were left out)", count(n as u64)),
        },
        show::line(&answer.held_out)
    );
    page += &format!("\n{}\n", look.heading("On rows it was not fitted to"));
    let mut figures = Table::headed(2, &[(Column::Left, "measure"), (Column::Right, "value")]);
    for (name, value) in &answer.figures {
        figures.row([name.replace('_', " ").into(), format!("{value:.4}").into()]);
    }
    page += &figures.lines(look);
    page += &leaderboard(answer, look);
    page += &importance(answer, look);
    page += &roles(answer, look);
    page += &checks(answer, look);
    // What a check found stands there already.
    let of_check = |warning: &&String| {
        !answer.checks.iter().any(|check| **warning == format!("{}: {}", check.name, check.words))
    };
    for warning in answer.warnings.iter().filter(of_check) {
        page += &format!(
            "{}\n",
            look.paint(Tone::Warning, &wrapped(&format!("! {}", show::line(warning)), "  ", look))
        );
    }
    page + &look.faint(&format!(
        "\nmodel {} of data {}\n",
        short(&answer.sha256),
        short(&answer.data_hash)
    ))
}

fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}

fn leaderboard(answer: &ModelAnswer, look: Look) -> String {
    let columns = [
        (Column::Right, "weight"),
        (Column::Right, "loss"),
        (Column::Right, "auc"),
        (Column::Left, "learner"),
        (Column::Prose, "settings"),
    ];
    let mut table = Table::headed(2, &columns);
    for row in answer.leaderboard.iter().take(BOARD_MAX) {
        let weight = if row.weight > 0.0 { format!("{:.3}", row.weight) } else { String::new() };
        let loss = row.loss.map_or_else(|| "failed".to_owned(), |loss| format!("{loss:.4}"));
        table.row([
            weight.into(),
            loss.into(),
            row.auc.map_or_else(String::new, |auc| format!("{auc:.4}")).into(),
            show::line(&row.name).into(),
            Cell::new(Tone::Remark, show::line(row.failed.as_deref().unwrap_or(&row.about))),
        ]);
    }
    let mut page = format!("\n{}\n{}", look.heading("Learners, the best first"), table.lines(look));
    if let Some(more) = answer.leaderboard.len().checked_sub(BOARD_MAX).filter(|n| *n > 0) {
        page += &look.faint(&format!("  … and {} more (--json has all)\n", count(more as u64)));
    }
    page
}

fn importance(answer: &ModelAnswer, look: Look) -> String {
    let largest = answer.importance.first().map_or(0.0, |row| row.contribution);
    if largest <= 0.0 {
        return String::new();
    }
    let columns = [
        (Column::Left, "column"),
        (Column::Right, "contribution"),
        (Column::Left, ""),
        (Column::Right, "loss if shuffled"),
    ];
    let mut table = Table::headed(2, &columns);
    for row in answer.importance.iter().take(IMPORTANCE_MAX) {
        table.row([
            show::line(&row.column).into(),
            format!("{:.4}", row.contribution).into(),
            bar(row.contribution / largest).into(),
            row.shuffled_loss.map_or_else(String::new, |loss| format!("{loss:+.4}")).into(),
        ]);
    }
    format!("\n{}\n{}", look.heading("What counts"), table.lines(look))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a bar")]
fn bar(share: f64) -> String {
    let cells = (share.clamp(0.0, 1.0) * BAR_WIDTH as f64).round() as usize;
    "█".repeat(cells)
}

fn roles(answer: &ModelAnswer, look: Look) -> String {
    let columns =
        [(Column::Left, "column"), (Column::Left, "taken for"), (Column::Prose, "because")];
    let mut table = Table::headed(2, &columns);
    for role in &answer.roles {
        let kind = format!("{:?}", role.kind).to_lowercase();
        let tone = if role.kind.is_used() { Tone::Plain } else { Tone::Remark };
        table.row([
            show::line(&role.column).into(),
            Cell::new(tone, kind),
            Cell::new(Tone::Remark, show::line(&role.reason)),
        ]);
    }
    format!("\n{}\n{}", look.heading("Columns"), table.lines(look))
}

/// A report that was written.
pub(crate) fn model_reported(file: &str, n_bytes: u64, look: Look) -> String {
    let head = format!("✓ {} was written, {} bytes", show::line(file), count(n_bytes));
    look.paint(Tone::Good, &head) + "\n"
}

/// A table that was predicted.
pub(crate) fn predicted(report: &PredictReport, look: Look) -> String {
    let rows = counted(report.n_rows as u64, "row", "rows");
    let head = format!(
        "✓ {rows} predicted by {}: {}",
        show::line(&report.model),
        show::line(&report.file)
    );
    let mut page = look.paint(Tone::Good, &head) + "\n";
    page += &unseen(&report.unseen, look);
    for (name, value) in &report.figures {
        page += &format!("  {} {value:.4}\n", name.replace('_', " "));
    }
    page
}

/// What a table held that training did not know.
pub(crate) fn unseen(sentences: &[String], look: Look) -> String {
    let line = |words: &String| {
        let words = wrapped(&format!("! {}", show::line(words)), "  ", look);
        look.paint(Tone::Warning, &words) + "\n"
    };
    sentences.iter().map(line).collect()
}

/// One row, explained.
pub(crate) fn row_explained(answer: &RowAnswer, look: Look) -> String {
    let event = answer.event.as_ref().map_or_else(String::new, |event| {
        format!("; P({}) = {:.4}", show::line(event), answer.value)
    });
    let mut page = format!(
        "row {}: {}{event}\n\n",
        count(answer.row as u64),
        look.heading(&show::line(&answer.prediction)),
    );
    page += &unseen(&answer.unseen, look);
    let largest = answer.reasons.first().map_or(1.0, |reason| reason.contribution.abs());
    let columns = [
        (Column::Right, "margin"),
        (Column::Left, ""),
        (Column::Left, "column"),
        (Column::Prose, "value"),
    ];
    let mut table = Table::headed(2, &columns);
    table.row([
        format!("{:+.4}", answer.base).into(),
        "".into(),
        Cell::new(Tone::Remark, "before anything is known".to_owned()),
        "".into(),
    ]);
    for reason in &answer.reasons {
        table.row([
            format!("{:+.4}", reason.contribution).into(),
            bar(reason.contribution.abs() / largest).into(),
            show::line(&reason.column).into(),
            show::line(&reason.value).into(),
        ]);
    }
    page += &table.lines(look);
    page + &format!("  {:+.4} in all\n", answer.margin)
}

/// Models side by side.
pub(crate) fn models_compared(answer: &CompareAnswer, look: Look) -> String {
    let what = match answer.table.as_str() {
        "" => "each on the rows it held out".to_owned(),
        table => format!("on {}", show::line(table)),
    };
    let mut names: Vec<&'static str> = Vec::new();
    for model in &answer.models {
        for (name, _) in model.assessed.figures() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let titles: Vec<String> = names.iter().map(|name| name.replace('_', " ")).collect();
    let same_target = answer.models.windows(2).all(|pair| pair[0].target == pair[1].target);
    let mut columns = vec![(Column::Left, "file"), (Column::Left, "model")];
    if !same_target {
        columns.push((Column::Left, "predicts"));
    }
    columns.extend(titles.iter().map(|title| (Column::Right, title.as_str())));
    let mut table = Table::headed(2, &columns);
    for model in &answer.models {
        let figures = model.assessed.figures();
        let of = |name: &&'static str| {
            let own = figures.iter().find(|figure| figure.0 == *name);
            Cell::from(own.map_or_else(String::new, |figure| format!("{:.4}", figure.1)))
        };
        let cells = names.iter().map(of);
        let target = Some(Cell::from(show::line(&model.target))).filter(|_| !same_target);
        let own = [Cell::from(show::line(&model.file)), Cell::from(show::line(&model.name))];
        table.row(own.into_iter().chain(target).chain(cells));
    }
    let mut page = format!("{}\n{}", look.heading(&what), table.lines(look));
    if !same_target {
        let words =
            "! they predict different columns: their figures cannot be held against each other";
        page += &format!("{}\n", look.paint(Tone::Warning, &wrapped(words, "  ", look)));
    }
    page
}

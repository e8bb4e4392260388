//! What the table holds, what its columns were taken for, how rows were held out, how they change.

use super::svg::sparkline;
use crate::automl::{BinKind, ColumnProfile, Measure, Model, ValueBin, short, shown};
use crate::page::{count, note, paragraph, percent, table, text};

/// Levels named in a row of the table.
const LEVELS_NAMED: usize = 4;

pub(super) fn profile(model: &Model) -> String {
    let profile = &model.report.profile;
    let n_rows = model.report.split.n_rows;
    let mut words = format!("{} rows, {} columns.", count(n_rows as u64), profile.columns.len());
    if profile.n_rows < n_rows {
        words +=
            &format!(" Counts below are of {} rows drawn at random.", count(profile.n_rows as u64));
    }
    let row = |column: &ColumnProfile| {
        let own = column.bars.iter().filter(|bar| bar.kind != BinKind::OtherLevels);
        let counts: Vec<u64> = own.map(|bar| bar.count).collect();
        vec![
            text(&column.column),
            if column.n_missing == 0 {
                "0".to_owned()
            } else {
                format!(
                    "{} ({})",
                    count(column.n_missing),
                    percent(column.n_missing as f64 / profile.n_rows.max(1) as f64)
                )
            },
            count(column.n_distinct),
            if counts.is_empty() { String::new() } else { sparkline(&counts) },
            text(&values(column, profile.n_rows)),
        ]
    };
    let head = [
        ("column", false),
        ("missing", true),
        ("distinct", true),
        ("spread", false),
        ("smallest | quartiles | largest, or most frequent", false),
    ];
    let rows: Vec<Vec<String>> = profile.columns.iter().map(row).collect();
    let words_of = "Values of identifiers, words of texts and levels of fewer than five rows are not told: of those only counts and lengths are.";
    paragraph(&words) + &table(&head, &rows) + &note(words_of)
}

/// Quartiles, or levels with shares.
fn values(column: &ColumnProfile, n_rows: usize) -> String {
    if let Some(quartiles) = column.quartiles {
        let numbers = quartiles.map(|value| shown(value, column.measure)).join(" | ");
        return match column.measure {
            Measure::Characters => format!("{numbers} characters"),
            _ => numbers,
        };
    }
    let mut levels: Vec<&ValueBin> =
        column.bars.iter().filter(|bar| bar.kind == BinKind::Level).collect();
    levels.sort_by_key(|bar| std::cmp::Reverse(bar.count));
    let known = (n_rows as u64).saturating_sub(column.n_missing).max(1) as f64;
    if levels.is_empty() && column.n_distinct > 0 {
        return "no value stands in five rows".to_owned();
    }
    let name = |bar: &&ValueBin| format!("{} ({})", bar.label, percent(bar.count as f64 / known));
    levels.iter().take(LEVELS_NAMED).map(name).collect::<Vec<_>>().join(" · ")
}

pub(super) fn columns(model: &Model) -> String {
    let row = |role: &crate::Role| {
        let kind = serde_json::to_string(&role.kind).expect("a word").replace('"', "");
        let overridden =
            model.options().roles.get(&role.column).is_some_and(|given| !given.by_table);
        let kind = if overridden { format!("{kind} (as told)") } else { kind };
        let used = if role.kind.is_used() { "yes" } else { "no" };
        vec![text(&role.column), text(&kind), used.to_owned(), text(&role.reason)]
    };
    let head = [("column", false), ("taken for", false), ("used", false), ("why", false)];
    table(&head, &model.roles().iter().map(row).collect::<Vec<_>>())
        + &note(&format!("What {} was taken for: {}.", model.target(), model.report.task_reason))
}

pub(super) fn split(model: &Model) -> String {
    let report = &model.report;
    let words = format!(
        "How rows were held out: {}. {} of {} rows were held out at least once.{}",
        report.split.sentence,
        count(report.split.n_held as u64),
        count(report.split.n_rows as u64),
        match report.split.n_without_target {
            0 => String::new(),
            n => format!(" {} more rows had no target and were left out.", count(n as u64)),
        }
    );
    /// Classes that a page has room for.
    const CLASSES_MAX: usize = 8;
    let classes = &model.classes()[..model.classes().len().min(CLASSES_MAX)];
    let names: Vec<String> = classes.iter().map(|class| format!("held out: {class}")).collect();
    let mut head = vec![("fold", true), ("trained on", true), ("held out", true)];
    head.extend(names.iter().map(|name| (name.as_str(), true)));
    let row = |(at, fold): (usize, &crate::automl::FoldSize)| {
        let own = [(at + 1).to_string(), count(fold.n_train as u64), count(fold.n_held as u64)];
        let share =
            |n: &u64| format!("{} ({})", count(*n), percent(*n as f64 / fold.n_held.max(1) as f64));
        own.into_iter().chain(fold.held_by_class.iter().take(CLASSES_MAX).map(share)).collect()
    };
    let rows: Vec<Vec<String>> = report.folds.iter().enumerate().map(row).collect();
    let rest = model.classes().len() - classes.len();
    let rest = if rest > 0 {
        note(&format!("{rest} more classes are in the JSON."))
    } else {
        String::new()
    };
    paragraph(&words) + &table(&head, &rows) + &rest
}

pub(super) fn drift(model: &Model) -> String {
    let drift = &model.report.drift;
    if drift.columns.is_empty() {
        return note("There are not two parts of the rows to compare.");
    }
    let row = |column: &crate::automl::ColumnDrift| {
        let judged = match column.stability_index {
            _ if column.by_chance == 0.0 => "one bin only",
            // Less than half as much again as the draw alone gives is no finding, however large.
            index if index < 0.1 || index < 1.5 * column.by_chance => "steady",
            index if index < 0.25 => "moved",
            _ => "moved far",
        };
        vec![
            text(&column.column),
            short(column.stability_index),
            short(column.by_chance),
            judged.to_owned(),
            format!(
                "{}: {} → {}",
                text(&column.moved),
                percent(column.share_before),
                percent(column.share_after)
            ),
        ]
    };
    let head = [
        ("column", false),
        ("stability index", true),
        ("by chance", true),
        ("", false),
        ("share that moved most", false),
    ];
    let words = format!(
        "Compared: {} ({} and {} rows). Population stability index: below 0.1 a column is steady, from 0.25 it moved far.",
        drift.sentence,
        count(drift.n_before as u64),
        count(drift.n_after as u64)
    );
    paragraph(&words) + &table(&head, &drift.columns.iter().map(row).collect::<Vec<_>>())
}

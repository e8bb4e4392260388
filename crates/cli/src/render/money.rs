//! Prices that came in, prices that are held, and monitored addresses.

use engine::{
    GapAnswer, MonitorReport, MonitoredAnswer, PriceFileReport, PriceSeriesReport, PricesAnswer,
    PricesReport, RowsLeftOut,
};

use super::ink::{Look, Tone};
use super::reports::{marked, snapshot};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, count, counted, date, minute, wrapped};
use crate::show;

/// Prices were imported, or would be.
pub(crate) fn prices_imported(report: &PricesReport, look: Look) -> String {
    let changes = report.added + report.replaced;
    let mut page = match (report.dry_run, changes) {
        (true, _) => look.paint(Tone::Warning, "○ nothing was changed"),
        (false, 0) => look.paint(Tone::Good, "✓ nothing new"),
        (false, _) => look.paint(Tone::Good, "✓ imported"),
    };
    page += &format!("  {} new", counted(report.added, "candle", "candles"));
    if report.held > 0 {
        page += &format!(", {} held already", count(report.held));
    }
    if report.replaced > 0 {
        page += &format!(", {} held with other figures", count(report.replaced));
        page += if report.dry_run { "" } else { ", replaced" };
    }
    page.push('\n');
    let refused = |why: &String| format!("the import itself would be refused: {why}");
    let why: Vec<String> = report.would_be_refused.iter().map(refused).collect();
    page += &marked("!", Tone::Warning, &why, look);
    for file in &report.files {
        page += &wrapped(&about(file), "  ", look);
        page.push('\n');
    }
    page += &series(&report.series, look);
    page += &left_out("refused", &report.refused, look);
    page += &left_out("equal to one before", &report.duplicates, look);
    page += &left_out("gave way to another of the same time", &report.gave_way, look);
    if changes > 0 && !report.dry_run {
        page += "  next: tracehound run, which values what moved\n";
    }
    page + &snapshot(&report.snapshot, look)
}

fn about(file: &PriceFileReport) -> String {
    let cells = match file.delimiter {
        Some('\t') => " parted by tabs".to_owned(),
        Some(',') | None => String::new(),
        Some(other) => format!(" parted by {other}"),
    };
    let times = file.times_in.unwrap_or("nothing");
    let mut text = format!(
        "{}: {}{cells}, {}, times in {times} (column {}), {}",
        show::line(&file.file),
        file.format,
        counted(file.rows, "row", "rows"),
        show::line(&file.time_column),
        file.order,
    );
    if file.lines_before > 0 {
        text += &format!(", {} before the header", counted(file.lines_before, "line", "lines"));
    }
    if !file.has_volume {
        text += ", no volumes";
    }
    text
}

/// The prices that are held.
pub(crate) fn prices(answer: &PricesAnswer, look: Look) -> String {
    let currency = show::line(&answer.currency);
    let mut page = match answer.series.is_empty() {
        true => "no prices are held: `tracehound prices import FILE` takes some in\n".to_owned(),
        false => series(&answer.series, look),
    };
    page += &look.faint(&format!("values are in {currency} (money.currency)"));
    page.push('\n');
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn series(rows: &[PriceSeriesReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "asset"),
            (Column::Left, "in"),
            (Column::Right, "candles"),
            (Column::Right, "of"),
            (Column::Left, "from (UTC)"),
            (Column::Left, "to (UTC)"),
            (Column::Right, "gaps"),
            (Column::Right, "missing"),
        ],
    );
    for row in rows {
        table.row([
            Cell::new(Tone::Strong, show::line(&row.asset)),
            show::line(&row.currency).into(),
            count(row.candles).into(),
            interval(row.interval_s).into(),
            row.from_s.map(minute).unwrap_or_default().into(),
            row.to_s.map(minute).unwrap_or_default().into(),
            count(row.gaps).into(),
            count(row.candles_missing).into(),
        ]);
    }
    let mut page = table.lines(look);
    for row in rows {
        page += &gaps(row, look);
    }
    page
}

/// `1h`, `15m`; seconds where nothing larger is whole.
fn interval(interval_s: u32) -> String {
    for (in_s, unit) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if interval_s.is_multiple_of(in_s) {
            return format!("{}{unit}", interval_s / in_s);
        }
    }
    format!("{interval_s}s")
}

fn gaps(row: &PriceSeriesReport, look: Look) -> String {
    let name = format!("{}/{}", show::line(&row.asset), show::line(&row.currency));
    let mut lines = Vec::new();
    let gap = |gap: &GapAnswer| {
        let candles = counted(gap.candles, "candle", "candles");
        format!("{} to {} ({candles})", minute(gap.from_s), minute(gap.to_s))
    };
    match (&row.first_gap, &row.longest_gap) {
        (Some(first), Some(longest)) if first == longest => {
            lines.push(format!("{name}: gap {}", gap(first)));
        }
        (Some(first), Some(longest)) => {
            lines.push(format!("{name}: first gap {}, longest {}", gap(first), gap(longest)));
        }
        _ => {}
    }
    if let Some(first) = row.first_uneven_s {
        let steps = counted(row.uneven_steps, "step", "steps");
        lines.push(format!(
            "{name}: {steps} of no whole number of intervals, first to {}",
            minute(first)
        ));
    }
    let line =
        |line: &String| look.paint(Tone::Warning, &wrapped(&format!("! {line}"), "  ", look));
    lines.iter().map(|text| line(text) + "\n").collect()
}

fn left_out(what: &str, rows: &RowsLeftOut, look: Look) -> String {
    if rows.n == 0 {
        return String::new();
    }
    let mut page = format!("  {} {what}\n", counted(rows.n, "row", "rows"));
    page += &marked("!", Tone::Warning, &rows.first, look);
    let more = rows.n - rows.first.len() as u64;
    if more > 0 {
        page += &look.faint(&format!("  … and {} more\n", count(more)));
    }
    page
}

/// Monitoring was changed.
pub(crate) fn monitor_changed(report: &MonitorReport, look: Look) -> String {
    let parts = [
        (report.added, "added"),
        (report.relabelled, "with another label"),
        (report.removed, "removed"),
        (report.unchanged, "unchanged"),
    ];
    let parts = parts.iter().filter(|(n, _)| *n > 0);
    let parts: Vec<String> = parts.map(|(n, what)| format!("{} {what}", count(*n))).collect();
    let done = look.paint(Tone::Good, &format!("✓ {}", parts.join(", ")));
    let total = counted(report.monitored, "address is", "addresses are");
    format!("{done}: {total} monitored\n") + &snapshot(&report.snapshot, look)
}

/// The monitored addresses.
pub(crate) fn monitored(answer: &MonitoredAnswer, look: Look) -> String {
    let n = answer.addresses.len() as u64;
    let total = counted(n, "address is", "addresses are");
    let mut page = look.heading(&format!("{total} monitored")) + "\n";
    if n > 0 {
        let mut table = Table::headed(
            2,
            &[
                (Column::Left, "address"),
                (Column::Left, "label"),
                (Column::Left, "since"),
                (Column::Left, "by"),
                (Column::Left, ""),
                (Column::Prose, "reason"),
            ],
        );
        for row in &answer.addresses {
            table.row([
                address(&row.address, look).into(),
                Cell::new(Tone::Strong, show::line(&row.label)),
                date(row.since_s).into(),
                show::line(&row.author).into(),
                Cell::new(Tone::Faint, if row.in_ledger { "" } else { "not seen yet" }),
                show::line(&row.reason).into(),
            ]);
        }
        page += &table.lines(look);
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

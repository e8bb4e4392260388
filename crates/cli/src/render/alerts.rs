//! The queue of alerts, one alert with its basis, and what people did.

use engine::{ActReport, AlertAnswer, AlertEventAnswer, AlertSummary, AlertsAnswer, Severity};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, counted, facts, hash, minute, wrapped};
use crate::show;

/// A severity as a word with a sign; color only repeats it.
pub(super) fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Low => ("· low", Tone::Plain),
        Severity::Medium => ("△ medium", Tone::Plain),
        Severity::High => ("▲ high", Tone::Warning),
        Severity::Severe => ("✗ severe", Tone::Bad),
    }
}

/// A subject for people: what kind it is, and its name.
pub(super) fn subject(text: &str, look: Look) -> String {
    let (kind, name) = text.split_once(':').unwrap_or(("", text));
    match (kind, name.split_once(':')) {
        ("payment", Some((tx, to))) => {
            format!("payment {} to {}", hash(tx, look), address(to, look))
        }
        ("cluster" | "address", _) => format!("{kind} {}", address(name, look)),
        _ => format!("{} {}", show::line(kind), show::line(name)),
    }
}

/// Alerts, a line each.
pub(crate) fn alerts(answer: &AlertsAnswer, look: Look) -> String {
    let mut page = match answer.total {
        // What no run has looked at yet is not clear.
        0 if !answer.stale_because.is_empty() => "no such alert so far\n".to_owned(),
        0 => look.paint(Tone::Good, "✓ no such alert") + "\n",
        n => look.heading(&counted(n, "alert", "alerts")) + "\n",
    };
    page += &table(&answer.alerts, look);
    let hidden = answer.total - answer.alerts.len() as u64;
    if hidden > 0 {
        let more = counted(hidden, "more alert", "more alerts");
        page += &look.faint(&format!("… and {more} (--limit 0 shows all)\n"));
    }
    let states: Vec<String> = answer
        .by_state
        .iter()
        .map(|(state, n)| format!("{n} {}", state.replace('_', " ")))
        .collect();
    if !states.is_empty() {
        page.push('\n');
        page += &look.faint(&facts(states.iter().map(String::as_str), "", look));
        page.push('\n');
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// Two lines an alert: where it stands, and why it is there.
fn table(alerts: &[AlertSummary], look: Look) -> String {
    if alerts.is_empty() {
        return String::new();
    }
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "alert"),
            (Column::Left, "severity"),
            (Column::Left, "state"),
            (Column::Left, "raised (UTC)"),
            (Column::Prose, "rule"),
            (Column::Left, "assignee"),
        ],
    );
    for alert in alerts {
        let (mark, tone) = severity(alert.severity);
        table.row([
            Cell::new(Tone::Strong, show::line(&alert.id)),
            Cell::new(tone, mark),
            alert.state.name().replace('_', " ").into(),
            minute(alert.raised_at_s).into(),
            show::line(&alert.rule).into(),
            show::line(alert.assignee.as_deref().unwrap_or_default()).into(),
        ]);
    }
    let lines = table.lines(look);
    let (head, rows) = lines.split_once('\n').unwrap_or((&lines, ""));
    let mut page = format!("{head}\n");
    for (row, alert) in rows.lines().zip(alerts) {
        let why = format!("{}: {}", subject(&alert.subject, look), show::clean(&alert.headline));
        page += &format!("{row}\n{}\n", look.faint(&wrapped(&why, "    ", look)));
    }
    page
}

/// One alert with everything.
pub(crate) fn alert(answer: &AlertAnswer, look: Look) -> String {
    let summary = &answer.summary;
    let (mark, tone) = severity(summary.severity);
    let state = summary.state.name().replace('_', " ");
    let mut page = format!(
        "{}  {}  {}\n",
        look.heading(&format!("alert {}", show::line(&summary.id))),
        look.paint(tone, mark),
        look.paint(Tone::Strong, &state)
    );
    page += &wrapped(&format!("about {}", subject(&summary.subject, look)), "  ", look);
    page.push('\n');
    page += &rule_lines(answer, look);
    if let Some(into) = &answer.merged_into {
        page += &format!("  it went into alert {}\n", show::line(into));
    }
    if let Some(outcome) = answer.outcome {
        page += &format!("  closed as {}\n", outcome.name().replace('_', " "));
    }
    if let Some(assignee) = &summary.assignee {
        page += &format!("  {} has it\n", show::line(assignee));
    }
    page += &format!("\n{}\n", look.heading("basis"));
    for fact in &answer.basis {
        page += &wrapped(&show::clean(&format!("{} = {}", fact.name, fact.value)), "  ", look);
        page.push('\n');
        if !fact.text.is_empty() {
            page += &look.faint(&wrapped(&show::clean(&fact.text), "    ", look));
            page.push('\n');
        }
        for row in &fact.rows {
            page += &look.faint(&wrapped(&format!("from {}", show::clean(row)), "    ", look));
            page.push('\n');
        }
    }
    if !answer.versions.is_empty() {
        page += &look.faint(&wrapped(&show::clean(&answer.versions), "  ", look));
        page.push('\n');
    }
    page += &format!("\n{}\n", look.heading("history"));
    for event in &answer.history {
        page += &wrapped(&event_line(event), "  ", look);
        page.push('\n');
    }
    page += &next_lines(answer, look);
    page + &stale_lines(&answer.stale_because, look)
}

fn rule_lines(answer: &AlertAnswer, look: Look) -> String {
    let summary = &answer.summary;
    let rule = format!("rule {} version {}", show::line(&summary.rule), summary.rule_version);
    let mut page = match &answer.rule_about {
        Some(about) => wrapped(&format!("{rule}: {}", show::clean(about)), "  ", look),
        None => wrapped(&format!("{rule}, which is no longer in force"), "  ", look),
    } + "\n";
    if let Some(when) = &answer.rule_when {
        page += &look.faint(&wrapped(&format!("when {}", show::clean(when)), "    ", look));
        page.push('\n');
    }
    if let Some(fatf) = &answer.fatf {
        page += &look.faint(&wrapped(&format!("FATF: {}", show::clean(fatf)), "    ", look));
        page.push('\n');
    }
    page
}

fn event_line(event: &AlertEventAnswer) -> String {
    let mut text = format!("{}  {}", minute(event.at_s), event.kind.name().replace('_', " "));
    if let Some(target) = &event.target {
        let to = if event.kind.name() == "merged" { "into" } else { "to" };
        text += &format!(" {to} {}", show::line(target));
    }
    if let Some(outcome) = &event.outcome {
        text += &format!(" as {}", show::line(outcome).replace('_', " "));
    }
    match (&event.author, event.height) {
        (Some(author), _) => text += &format!(" by {}", show::line(author)),
        (None, Some(height)) => {
            text += &format!(" at height {}", height.get());
            if let Some(time) = event.block_time_s {
                text += &format!(", block of {}", minute(time));
            }
        }
        (None, None) => {}
    }
    if !event.reason.is_empty() {
        text += &format!(": {}", show::clean(&event.reason));
    }
    // The basis names the versions by which it was raised; by which it went stands nowhere else.
    match &event.versions {
        Some(versions) if event.kind.name() == "withdrawn" => {
            format!("{text} ({})", show::clean(versions))
        }
        _ => text,
    }
}

fn next_lines(answer: &AlertAnswer, look: Look) -> String {
    let mut page = String::new();
    if let Some(person) = &answer.close_requested_by {
        let text = format!(
            "{} asked for it to be closed; another person has to agree",
            show::line(person)
        );
        page += &format!("\n{}\n", look.paint(Tone::Warning, &wrapped(&text, "", look)));
    }
    let names: Vec<&str> = answer.allowed.iter().map(|action| action.name()).collect();
    if !names.is_empty() {
        page += &format!(
            "\n{}\n",
            wrapped(&format!("next: tracehound alerts {}", names.join(" | ")), "", look)
        );
    }
    page
}

/// People did something.
pub(crate) fn acted(report: &ActReport, look: Look) -> String {
    let mut page = String::new();
    for alert in &report.alerts {
        let state = alert.state.name().replace('_', " ");
        page += &look.paint(Tone::Good, &format!("✓ alert {} is {state}", show::line(&alert.id)));
        match &alert.assignee {
            Some(assignee) => page += &format!(" ({})\n", show::line(assignee)),
            None => page.push('\n'),
        }
    }
    page
}

//! Rules, and what publishing or trying them does.

use std::path::Path;

use engine::{
    Change, ChangeAnswer, DryRunReport, DryRunRule, PublishReport, RuleAnswer, RuleHistoryAnswer,
    RulesAnswer,
};

use super::alerts::{severity, subject};
use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{count, counted, minute, wrapped};
use crate::show;

/// Alerts of one rule that a dry run shows; JSON has all.
const DRY_RUN_SHOWN: usize = 10;

/// A file of rules is right.
pub(crate) fn rules_right(file: &Path, answer: &RulesAnswer, look: Look) -> String {
    let n = counted(answer.rules.len() as u64, "rule", "rules");
    let done = format!("✓ {n} in {}", show::line(&file.display().to_string()));
    look.paint(Tone::Good, &done) + "\n" + &table(&answer.rules, look)
}

/// The rules of a store.
pub(crate) fn rules(answer: &RulesAnswer, look: Look) -> String {
    let n = answer.rules.iter().filter(|rule| rule.in_force).count() as u64;
    let mut page = look.heading(&format!("{} in force", counted(n, "rule", "rules"))) + "\n";
    page += &table(&answer.rules, look);
    for why in
        answer.rules.iter().filter(|rule| rule.in_force).filter_map(|rule| rule.cannot_say.as_ref())
    {
        let line = wrapped(&format!("△ {}", show::clean(why)), "  ", look);
        page += &format!("\n{}\n", look.paint(Tone::Warning, &line));
    }
    if let Some(snapshot) = &answer.snapshot {
        page += &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(snapshot))));
    }
    page
}

fn table(rules: &[RuleAnswer], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "rule"),
            (Column::Right, "version"),
            (Column::Left, "severity"),
            (Column::Left, "about"),
            (Column::Left, ""),
            (Column::Prose, "says"),
        ],
    );
    for rule in rules {
        let (mark, tone) = severity(rule.severity);
        let retired = if rule.in_force || rule.published_at_s.is_none() { "" } else { "retired" };
        table.row([
            Cell::new(Tone::Strong, rule.name.clone()),
            count(rule.version).into(),
            Cell::new(tone, mark),
            rule.subject.into(),
            Cell::new(Tone::Warning, retired),
            show::line(&rule.about).into(),
        ]);
    }
    table.lines(look)
}

/// A rule with its versions.
pub(crate) fn rule(answer: &RuleHistoryAnswer, look: Look) -> String {
    let rule = &answer.rule;
    let (mark, tone) = severity(rule.severity);
    let state = if rule.in_force { "in force" } else { "retired" };
    let mut page = format!(
        "{}  {}  {}\n",
        look.heading(&format!("{} version {}", rule.name, rule.version)),
        look.paint(tone, mark),
        look.faint(state)
    );
    page += &wrapped(&show::clean(&rule.about), "  ", look);
    page += "\n\n";
    page += &wrapped(&format!("when {}", show::clean(&rule.when)), "  ", look);
    if let Some(why) = &rule.cannot_say {
        page +=
            &format!("\n{}", look.paint(Tone::Warning, &wrapped(&show::clean(why), "  ", look)));
    }
    page += &format!("\n\n  about: {}, one open alert a {}\n", rule.subject, rule.dedupe);
    if let Some(fatf) = &rule.fatf {
        page += &wrapped(&format!("FATF: {}", show::clean(fatf)), "  ", look);
        page.push('\n');
    }
    page += &format!("  digest: {}\n\n", rule.digest);
    if answer.published.is_empty() {
        page += &look.faint("  came with the program\n");
    }
    for row in &answer.published {
        let what = if row.retired { "retired" } else { "published" };
        let who = show::line(&row.author);
        let head =
            format!("{} version {} {what} by {who}", minute(row.published_at_s), row.version);
        page += &wrapped(&format!("{head}: {}", show::clean(&row.reason)), "  ", look);
        page.push('\n');
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// Rules were published.
pub(crate) fn published(report: &PublishReport, look: Look) -> String {
    let done = match report.n_published {
        0 => "✓ all of it was in force already".to_owned(),
        n => format!(
            "✓ {} written; in effect from the next run on",
            counted(n, "version", "versions")
        ),
    };
    look.paint(Tone::Good, &done) + "\n" + &changes(&report.changes, look)
}

fn changes(changes: &[ChangeAnswer], look: Look) -> String {
    let mut table = Table::new(2, &[Column::Left, Column::Left, Column::Left]);
    for one in changes {
        let (word, tone) = match one.change {
            Change::New => ("new", Tone::Good),
            Change::Raised => ("new version", Tone::Good),
            Change::Same => ("unchanged", Tone::Faint),
            Change::Retired => ("retired", Tone::Warning),
        };
        let versions = match (one.change, one.version_before) {
            (Change::Raised, Some(before)) => format!("{before} → {}", one.version),
            _ => one.version.to_string(),
        };
        let name = Cell::new(Tone::Strong, show::line(&one.name));
        table.row([name, format!("version {versions}").into(), Cell::new(tone, word)]);
    }
    table.lines(look)
}

/// What rules would do.
pub(crate) fn dry_run(report: &DryRunReport, look: Look) -> String {
    let n = counted(report.n_subjects, "subject", "subjects");
    let mut page = look.heading(&format!("dry run over {n}; nothing is written")) + "\n";
    page += &changes(&report.changes, look);
    for rule in &report.rules {
        page += &dry_run_rule(rule, look);
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&report.snapshot))))
}

fn dry_run_rule(rule: &DryRunRule, look: Look) -> String {
    let holds = format!("holds for {}", counted(rule.n_holds, "subject", "subjects"));
    let mut page = format!("\n{}  {holds}\n", look.heading(&show::line(&rule.name)));
    if rule.n_unknown > 0 {
        let missing: Vec<String> = rule
            .missing
            .iter()
            .map(|(name, n)| format!("{} ({})", show::line(name), count(*n)))
            .collect();
        let n = counted(rule.n_unknown, "subject", "subjects");
        let text = format!("▲ cannot tell of {n}; missing: {}", missing.join(", "));
        page += &look.paint(Tone::Warning, &wrapped(&text, "  ", look));
        page.push('\n');
    }
    if rule.alerts.is_empty() {
        page += &look.faint("  no alert would change\n");
    }
    let mut table = Table::new(2, &[Column::Left, Column::Left, Column::Left, Column::Prose]);
    for alert in rule.alerts.iter().take(DRY_RUN_SHOWN) {
        table.row([
            Cell::new(Tone::Warning, alert.kind.name()),
            Cell::new(Tone::Faint, show::line(&alert.id)),
            subject(&alert.subject, look).into(),
            show::line(&alert.because).into(),
        ]);
    }
    page += &table.lines(look);
    if rule.alerts.len() > DRY_RUN_SHOWN {
        let more = (rule.alerts.len() - DRY_RUN_SHOWN) as u64;
        let more = counted(more, "more alert", "more alerts");
        page += &look.faint(&format!("  … and {more} (--json shows all)\n"));
    }
    page
}

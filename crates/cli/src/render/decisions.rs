//! Held links, and what people decided.

use engine::{DecidedReport, DecisionAnswer, DecisionsAnswer, PendingAnswer, SideAnswer};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, counted, hash, minute, names, wrapped};
use crate::show;

/// The links that wait for a person, by pair of clusters.
pub(crate) fn pending(answer: &PendingAnswer, look: Look) -> String {
    let snapshot = look.faint(&format!("snapshot {}", show::line(&answer.snapshot)));
    let mut page = match answer.total {
        0 => look.paint(Tone::Good, "✓ nothing waits for a decision") + "\n",
        n => {
            look.paint(Tone::Warning, &format!("▲ {}", counted(n, "link waits", "links wait")))
                + " for a decision\n"
        }
    };
    for pair in &answer.pairs {
        page.push('\n');
        let mut sides = Table::new(0, &[Column::Left, Column::Right, Column::Left, Column::Prose]);
        sides.row(side(&pair.a, look));
        sides.row(side(&pair.b, look));
        page += &sides.lines(look);
        let mut links = Table::headed(
            2,
            &[
                (Column::Left, "link"),
                (Column::Left, "rule"),
                (Column::Right, "conf."),
                (Column::Left, "time (UTC)"),
                (Column::Left, "transaction"),
                (Column::Left, "decided"),
            ],
        );
        for link in &pair.links {
            links.row([
                Cell::new(Tone::Strong, show::line(&link.id)),
                link.heuristic.into(),
                format!("{:.3}", link.confidence).into(),
                minute(link.time_s).into(),
                Cell::new(Tone::Faint, hash(&link.tx.to_string(), look)),
                Cell::new(Tone::Warning, link.decided.unwrap_or_default()),
            ]);
        }
        page += &links.lines(look);
        if let Some(link) = pair.links.first() {
            page += &wrapped(&format!("held: {}", show::line(&link.because)), "  ", look);
            page.push('\n');
        }
    }
    let shown: u64 = answer.pairs.iter().map(|pair| pair.links.len() as u64).sum();
    if shown < answer.total {
        let hidden = counted(answer.total - shown, "more link", "more links");
        page += &look.faint(&format!("\n… and {hidden} (--limit 0 shows all)\n"));
    }
    if answer.total > 0 {
        page.push('\n');
        page += &wrapped(
            "`tracehound cluster accept ID --reason TEXT` follows a link, `cluster refuse` never does",
            "",
            look,
        );
        page.push('\n');
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{snapshot}\n")
}

fn side(side: &SideAnswer, look: Look) -> [Cell; 4] {
    [
        Cell::new(Tone::Strong, format!("cluster {}", side.cluster)),
        counted(side.size, "address", "addresses").into(),
        address(&side.address, look).into(),
        Cell::new(Tone::Remark, names(&side.known_as)),
    ]
}

/// The log of decisions.
pub(crate) fn decisions(answer: &DecisionsAnswer, look: Look) -> String {
    let n = answer.decisions.len() as u64;
    let mut page = look.heading(&counted(n, "decision", "decisions")) + "\n";
    page += &rows(&answer.decisions, look);
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// Decisions were written.
pub(crate) fn decided(report: &DecidedReport, ran: bool, look: Look) -> String {
    let n = report.decisions.len() as u64;
    let done = format!("✓ {} written", counted(n, "decision", "decisions"));
    let mut page = look.paint(Tone::Good, &done) + "\n" + &rows(&report.decisions, look);
    if !ran {
        page += &stale_lines(&report.stale_because, look);
    }
    page
}

fn rows(decisions: &[DecisionAnswer], look: Look) -> String {
    let mut page = String::new();
    for row in decisions {
        let state = match (&row.revoked_by, row.followed) {
            (Some(by), _) => format!("revoked by {}", show::line(by)),
            (None, true) => "in force".to_owned(),
            (None, false) => "from the next run on".to_owned(),
        };
        let head =
            [row.id.as_str(), &minute(row.decided_at_s), &show::line(&row.author)].join("  ");
        let tone = if row.revoked_by.is_some() { Tone::Faint } else { Tone::Strong };
        page += &format!("  {}  {}\n", look.paint(tone, &head), look.faint(&state));
        page += &wrapped(&what(row, look), "    ", look);
        page.push('\n');
        page += &wrapped(&format!("reason: {}", show::clean(&row.reason)), "    ", look);
        page.push('\n');
    }
    page
}

/// What was decided, in words.
fn what(row: &DecisionAnswer, look: Look) -> String {
    let mut text = row.kind.replace('_', " ");
    if let Some(id) = row.revokes.as_deref().or(row.link.as_deref()) {
        text += &format!(" {}", show::line(id));
    }
    if let Some(rule) = row.heuristic {
        text += &format!(", rule {rule}");
    }
    if let (Some(a), Some(b)) = (&row.a, &row.b) {
        text += &format!(", {} with {}", address(a, look), address(b, look));
    }
    if let Some(tx) = row.tx {
        text += &format!(", transaction {}", hash(&tx.to_string(), look));
    }
    match (row.from_height, row.to_height) {
        (Some(from), Some(to)) => text += &format!(", heights {from} to {to}"),
        (Some(from), None) => text += &format!(", from height {from} on"),
        (None, Some(to)) => text += &format!(", up to height {to}"),
        (None, None) => {}
    }
    text
}

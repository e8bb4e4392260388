//! Clusters: their members, why two addresses share one, and whom they dealt with.

use engine::{ExplainAnswer, MembersAnswer, NeighborsAnswer, ValueAnswer, WorthAnswer};

use super::ink::{Look, Tone};
use super::screen::{listing_table, more, stale_lines, tag_table};
use super::table::{Cell, Column, Table};
use super::words::{self, address, coins, count, counted, hash, minute, names, wrapped};
use crate::show;

/// Why two addresses have one owner, or that nothing says so.
pub(crate) fn explain(answer: &ExplainAnswer, look: Look) -> String {
    let snapshot = look.faint(&format!("snapshot {}", show::line(&answer.snapshot)));
    let (a, b) = (show::line(&answer.a), show::line(&answer.b));
    if !answer.same_cluster {
        let verdict = look.paint(Tone::Warning, "○ NOT ONE OWNER");
        let mut table = Table::new(2, &[Column::Left, Column::Left]);
        for (address, cluster) in [(a, answer.cluster_a), (b, answer.cluster_b)] {
            table.row([Cell::new(Tone::Strong, address), format!("cluster {cluster}").into()]);
        }
        let clusters = table.lines(look) + &not_followed(answer, look);
        let stale = stale_lines(&answer.stale_because, look);
        let known = conditions(answer);
        return format!(
            "{verdict}  as far as the links show{known}\n{clusters}{stale}\n{snapshot}\n"
        );
    }
    let verdict = look.paint(Tone::Good, "● ONE OWNER");
    let mut page = format!(
        "{verdict}  cluster {}, confidence {:.3}{}\n  {}\n  {}\n",
        answer.cluster_a,
        answer.confidence,
        conditions(answer),
        look.heading(&a),
        look.heading(&b)
    );
    if answer.evidence.is_empty() {
        page += &stale_lines(&answer.stale_because, look);
        return page + &format!("\n{snapshot}\n");
    }
    let pieces = counted(answer.evidence.len() as u64, "piece of evidence", "pieces of evidence");
    page += &format!("\n{}\n", look.heading(&format!("Joined by {pieces}")));
    let mut table = Table::headed(
        2,
        &[
            (Column::Right, ""),
            (Column::Left, "address"),
            (Column::Left, "and"),
            (Column::Left, "heuristic"),
            (Column::Right, "conf."),
            (Column::Right, "height"),
            (Column::Left, "transaction"),
        ],
    );
    for (index, step) in answer.evidence.iter().enumerate() {
        table.row([
            (index + 1).to_string().into(),
            address(&step.a, look).into(),
            address(&step.b, look).into(),
            step.heuristic.into(),
            format!("{:.3}", step.confidence).into(),
            step.height.to_string().into(),
            Cell::new(Tone::Faint, hash(&step.tx.to_string(), look)),
        ]);
    }
    page += &table.lines(look);
    page += &remarks(answer, look);
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{snapshot}\n")
}

/// Links between two clusters that no cluster follows: "not one owner" is not the whole of it where one waits.
fn not_followed(answer: &ExplainAnswer, look: Look) -> String {
    if answer.not_followed.is_empty() {
        return String::new();
    }
    let n = counted(answer.not_followed.len() as u64, "link is", "links are");
    let mut page = format!("\n{}\n", look.heading(&format!("Between them {n} not followed")));
    for link in &answer.not_followed {
        let state = link.state.replace('_', " ");
        let head = format!("{}  {}, {state}", show::line(&link.link), show::line(link.heuristic));
        page += &format!("  {head}\n");
        let text = format!("{} and {}: {}", link.a, link.b, link.because);
        page += &look.faint(&wrapped(&show::clean(&text), "    ", look));
        page.push('\n');
        if let Some(decision) = &link.decision {
            let text = format!("`tracehound cluster revoke {decision}` takes that decision back");
            page += &look.faint(&wrapped(&show::clean(&text), "    ", look));
            page.push('\n');
        }
    }
    page
}

/// Under which conditions it was asked.
fn conditions(answer: &ExplainAnswer) -> String {
    let mut text = String::new();
    if let Some(height) = answer.as_of {
        text += &format!(", as of height {height}");
    }
    if !answer.without_rules.is_empty() {
        text += &format!(", without {}", names(&answer.without_rules));
    }
    text
}

/// When each piece came, what stands behind it, and which is the weakest.
fn remarks(answer: &ExplainAnswer, look: Look) -> String {
    let mut lines: Vec<String> = Vec::new();
    let times: Vec<String> = answer.evidence.iter().map(|step| minute(step.time_s)).collect();
    lines.push(format!("times (UTC): {}", times.join(", ")));
    for (index, step) in answer.evidence.iter().enumerate() {
        if let Some(link) = &step.link {
            lines.push(format!("{}: link {}", index + 1, show::line(link)));
        }
        if let Some(source) = &step.source {
            lines.push(format!("{}: {}", index + 1, show::clean(&source.about)));
        }
    }
    for (index, step) in answer.evidence.iter().enumerate() {
        let spoke = step.contributions.iter().filter(|part| part.log_odds.abs() >= 0.0005);
        let parts: Vec<String> =
            spoke.map(|part| format!("{} {:+.3}", show::line(&part.rule), part.log_odds)).collect();
        if !parts.is_empty() {
            lines.push(format!("{}: log-odds {}", index + 1, parts.join(", ")));
        }
    }
    if let Some(weakest) = answer.weakest.filter(|_| answer.evidence.len() > 1) {
        let what = if answer.most_probable { "the most probable chain; its" } else { "the" };
        lines.push(format!("{what} weakest piece is {}", weakest + 1));
    }
    lines.iter().map(|line| look.faint(&wrapped(line, "  ", look)) + "\n").collect()
}

/// The members of a cluster, and what is known of them.
pub(crate) fn members(answer: &MembersAnswer, look: Look) -> String {
    let size = counted(answer.size, "address", "addresses");
    let then = answer.as_of.map(|height| format!(" as of height {height}")).unwrap_or_default();
    let heading = format!("Cluster {} of {size}{then}", answer.cluster);
    let mut page = format!("{}\n", look.heading(&heading));
    for member in &answer.members {
        page += &format!("  {}\n", show::line(member));
    }
    page += &more(answer.size, answer.members.len(), look);
    if !answer.listed.is_empty() {
        page += &format!("\n{}\n", look.paint(Tone::Bad, "■ On a list"));
        let hits = answer.listed.iter();
        page += &listing_table(
            hits.flat_map(|hit| hit.listings.iter().map(|listing| (hit.address.as_str(), listing))),
            look,
        );
    }
    if !answer.tags.is_empty() {
        page += &format!("\n{}\n", look.heading("Tags"));
        page += &tag_table(&answer.tags, true, look);
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// Whom a cluster paid, or who paid it, the largest amounts first.
pub(crate) fn neighbors(answer: &NeighborsAnswer, look: Look) -> String {
    let what = match answer.direction {
        "in" => "was paid by",
        _ => "paid",
    };
    let total = counted(answer.total, "cluster", "clusters");
    let asked = show::line(&answer.address);
    let mut page = format!(
        "{}\n",
        look.heading(&format!("Cluster {} of {asked} {what} {total}", answer.cluster))
    );
    if answer.neighbors.is_empty() {
        return page;
    }
    let currency = answer.neighbors.iter().find_map(|n| Some(&n.worth.value.as_ref()?.currency));
    let worth_then = currency.map(|name| format!("{} then", show::line(name))).unwrap_or_default();
    // A value takes the place of the time of day.
    let time = |time| match currency {
        Some(_) => words::date(time),
        None => minute(time),
    };
    let mut table = Table::headed(
        2,
        &[
            (Column::Right, "BTC in all"),
            (Column::Right, &worth_then),
            (Column::Right, "transfers"),
            (Column::Left, if currency.is_some() { "first" } else { "first (UTC)" }),
            (Column::Left, "last (UTC)"),
            (Column::Right, "cluster"),
            (Column::Left, "its address"),
            (Column::Prose, "known as"),
        ],
    );
    for neighbor in &answer.neighbors {
        table.row([
            coins(neighbor.amount_sat).into(),
            worth(&neighbor.worth, words::whole_money).into(),
            count(neighbor.n_transfers).into(),
            time(neighbor.first_time_s).into(),
            time(neighbor.last_time_s).into(),
            neighbor.cluster.to_string().into(),
            address(&neighbor.address, look).into(),
            Cell::new(Tone::Remark, show::line(&neighbor.entity)),
        ]);
    }
    page += &table.lines(look);
    page += &more(answer.total, answer.neighbors.len(), look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// A value, marked where a part of the amount had no price; empty where nothing had one.
pub(super) fn worth(worth: &WorthAnswer, written: fn(&ValueAnswer) -> String) -> String {
    match &worth.value {
        None => String::new(),
        Some(value) if worth.value_complete => written(value),
        Some(value) => format!("≥ {}", written(value)),
    }
}

//! How risky a cluster is, and why.

use engine::{
    ExposureAnswer, ExposurePart, FlowSide, NearnessAnswer, PatternAnswer, PatternsAnswer, Points,
    ProfileDryRun, ProfileReport, ScoreAnswer, SubjectAnswer, TopAnswer,
};

use super::ink::{Look, Tone};
use super::path;
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{
    address, bitcoins, coins, count, counted, day, facts, hash, minute, money_alone, names, wrapped,
};
use crate::show;

/// Points from which a score is shown as a warning, in thousandths.
const POINTS_WARNING: i64 = 25_000;
/// Where what was measured stands, below its term.
const MEASURED_INDENT: &str = "           ";
/// Cells of the bar of a score.
const BAR_WIDTH: usize = 25;

/// The score of a cluster, and what adds up to it.
pub(crate) fn score(answer: &ScoreAnswer, look: Look) -> String {
    let Some(points) = answer.score else {
        return not_computed(&answer.subject, &answer.stale_because, &answer.snapshot, look);
    };
    let tone = tone(points);
    let head = format!("{points} of 100");
    let band = answer.band.as_deref().map_or_else(String::new, |band| format!("  {band}"));
    let band = band.trim_end();
    let mut page = format!("{}{band}  {}\n", look.paint(tone, &head), look.faint(&bar(points.0)));
    page += &subject(&answer.subject, look);
    if let Some(rule) = &answer.hard_rule {
        page += &format!("  set by the rule `{}`\n", show::line(rule));
    }
    if answer.terms.is_empty() {
        page += "  no term adds a point: nothing that this profile counts is known of it\n";
    } else {
        let columns = [(Column::Right, "points"), (Column::Left, "term"), (Column::Left, "kind")];
        let mut table = Table::headed(2, &columns);
        let mut measured = Vec::new();
        for term in &answer.terms {
            let category = term.category.map_or("", |category| category.name());
            let basis = match term.entity.as_str() {
                "" => term.basis.clone(),
                // Most bases name the party themselves.
                entity if term.basis.contains(entity) => term.basis.clone(),
                entity => format!("{entity}: {}", term.basis),
            };
            table.row([
                term.points.to_string().into(),
                show::line(&term.kind).into(),
                category.into(),
            ]);
            measured.push(show::line(&basis));
        }
        page += "\n";
        // What was measured is the reason: it is wrapped below its term, never cut.
        for (index, line) in table.lines(look).lines().enumerate() {
            page += &format!("{line}\n");
            if let Some(basis) = index.checked_sub(1).and_then(|row| measured.get(row)) {
                page += &format!("{}\n", wrapped(basis, MEASURED_INDENT, look));
            }
        }
    }
    if !answer.without.is_empty() {
        page += &format!("\n{}\n", look.heading("Without a party, its money untraced"));
        let mut table = Table::new(2, &[Column::Right, Column::Left]);
        for row in &answer.without {
            let change = format!("{points} -> {}", row.points);
            let mut words = format!("without {}", show::line(&row.without));
            if row.farther_unknown {
                words += "; more if another such party stands behind it";
            }
            if row.model_unknown {
                words += "; the term of the model stays as it is";
            }
            table.row([change.into(), words.into()]);
        }
        page += &table.lines(look);
    }
    page += &stale_lines(&answer.stale_because, look);
    let made = format!("profile {}, snapshot {}", answer.profile, answer.snapshot);
    page + &format!("\n{}\n", look.faint(&show::line(&made)))
}

/// What stands in place of figures of an address that came in after the last run: nothing is not zero.
fn not_computed(whom: &SubjectAnswer, stale_because: &[String], made: &str, look: Look) -> String {
    let mut page = look.paint(Tone::Warning, "not computed") + "\n";
    page += &subject(whom, look);
    page += "  the address came in after the last run: nothing has been computed of it yet\n";
    page += &stale_lines(stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(made))))
}

/// The tone of a score.
pub(super) fn tone(points: Points) -> Tone {
    if points.0 >= POINTS_WARNING { Tone::Warning } else { Tone::Good }
}

/// A score as a bar of cells.
fn bar(points: i64) -> String {
    let filled = usize::try_from(points.clamp(0, 100_000)).unwrap_or(0) * BAR_WIDTH / 100_000;
    "█".repeat(filled) + &"░".repeat(BAR_WIDTH - filled)
}

fn subject(subject: &SubjectAnswer, look: Look) -> String {
    let size = counted(subject.cluster_size, "address", "addresses");
    let asked = show::line(&subject.address);
    let heading = format!("Cluster {} of {asked}, {size}", subject.cluster);
    let known_as = look.paint(Tone::Remark, &names(&subject.known_as));
    let mut page = format!("  {}  {known_as}", look.heading(&heading)).trim_end().to_owned() + "\n";
    if let Some(entity) = &subject.entity {
        let text = format!(
            "held by {} ({}), by {}, confidence {}",
            entity.name, entity.category, entity.source, entity.confidence
        );
        page += &format!("{}\n", wrapped(&show::line(&text), "  ", look));
    }
    page
}

/// Where money came from and went to.
pub(crate) fn exposure(answer: &ExposureAnswer, look: Look) -> String {
    let (Some(received), Some(sent), Some(parts)) =
        (answer.received_sat, answer.sent_sat, &answer.parts)
    else {
        return not_computed(&answer.subject, &answer.stale_because, &answer.snapshot, look);
    };
    let mut page = subject(&answer.subject, look);
    for (side, total) in [(FlowSide::Received, received), (FlowSide::Sent, sent)] {
        let own: Vec<&ExposurePart> = parts.iter().filter(|part| part.side == side).collect();
        let title = match side {
            FlowSide::Received => "Received",
            FlowSide::Sent => "Sent",
        };
        page += &format!("\n{}  {}\n", look.heading(title), bitcoins(total.0.into()));
        if own.is_empty() {
            continue;
        }
        page += &part_table(&own, answer, look);
    }
    if !answer.conventions.is_empty() {
        page += &conventions(answer, look);
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn part_table(parts: &[&ExposurePart], answer: &ExposureAnswer, look: Look) -> String {
    let currency = show::line(&answer.currency);
    let columns = [
        (Column::Right, "share"),
        (Column::Right, "BTC"),
        (Column::Right, currency.as_str()),
        (Column::Left, "kind"),
        (Column::Left, "way"),
        (Column::Left, "last"),
        (Column::Prose, "party"),
    ];
    let mut table = Table::headed(2, &columns);
    for part in parts {
        let mut way = if part.direct { "direct" } else { "indirect" }.to_owned();
        if part.mixed {
            way += ", mixed";
        }
        let value = match (&part.value, part.unpriced_sat.0) {
            (None, _) => "not computed".to_owned(),
            (Some(value), 0) => money_alone(value),
            (_, unpriced) if unpriced == part.amount_sat.0 => "no price".to_owned(),
            (Some(value), _) => format!("≥ {}", money_alone(value)),
        };
        table.row([
            format!("{:.2} %", part.share * 100.0).into(),
            coins(part.amount_sat.0.into()).into(),
            value.into(),
            part.category.name().into(),
            way.into(),
            date(part.last_time_s).into(),
            Cell::new(Tone::Remark, show::line(&part.entity)),
        ]);
    }
    table.lines(look)
}

/// The day alone: a part and its party have to fit one line. (`--json` has the first transfer and their number, too.)
fn date(time: engine::Time) -> String {
    day(time).chars().take(10).collect()
}

fn conventions(answer: &ExposureAnswer, look: Look) -> String {
    let mut page = format!("\n{}\n", look.heading("Received, by convention (BTC)"));
    let mut categories: Vec<_> =
        answer.conventions.iter().flat_map(|row| row.amounts.iter().map(|part| part.0)).collect();
    categories.sort_unstable();
    categories.dedup();
    let mut columns = vec![(Column::Left, "kind")];
    columns.extend(answer.conventions.iter().map(|row| (Column::Right, row.convention)));
    let mut table = Table::headed(2, &columns);
    for category in categories {
        let amount = |row: &engine::ConventionAnswer| {
            let own = row.amounts.iter().find(|part| part.0 == category);
            Cell::from(own.map_or_else(String::new, |part| coins(part.1.0.into())))
        };
        let cells = answer.conventions.iter().map(amount);
        table.row(std::iter::once(Cell::from(category.name())).chain(cells));
    }
    page += &table.lines(look);
    page
}

/// How near known parties are.
pub(crate) fn nearness(answer: &NearnessAnswer, look: Look) -> String {
    let Some(nearest) = &answer.nearest else {
        return not_computed(&answer.subject, &answer.stale_because, &answer.snapshot, look);
    };
    let mut page = subject(&answer.subject, look);
    if nearest.is_empty() {
        let text = format!("no known party within {} contracted hops, either way", answer.hops_max);
        page += &format!("  {text}\n");
    } else {
        let columns = [
            (Column::Left, "way"),
            (Column::Left, "kind"),
            (Column::Right, "contracted"),
            (Column::Right, "hops"),
            (Column::Right, "widest BTC"),
            (Column::Right, "share"),
            (Column::Prose, "nearest party"),
        ];
        let mut table = Table::headed(2, &columns);
        for row in nearest {
            let way = if row.side == FlowSide::Received { "from" } else { "to" };
            table.row([
                way.into(),
                row.category.name().into(),
                row.hops_contracted.to_string().into(),
                row.hops.to_string().into(),
                coins(row.bottleneck_sat.0.into()).into(),
                format!("{:.2} %", row.share * 100.0).into(),
                Cell::new(Tone::Remark, show::line(&row.entity)),
            ]);
        }
        page += "\n";
        page += &table.lines(look);
        for row in nearest.iter().filter(|row| !row.path.is_empty()) {
            let way = if row.side == FlowSide::Received { "From" } else { "To" };
            let title = format!("{way} {} ({})", row.entity, row.category);
            page += &format!("\n{}\n", look.heading(&show::line(&title)));
            page += &path::hops(&row.path, 2, look);
        }
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// Typologies that were found.
pub(crate) fn patterns(answer: &PatternsAnswer, look: Look) -> String {
    let mut page = match answer.total {
        None => "not computed: the address came in after the last run\n".to_owned(),
        Some(0) => "no pattern was found\n".to_owned(),
        Some(n) => look.heading(&counted(n, "pattern was found", "patterns were found")) + "\n",
    };
    for row in &answer.patterns {
        page += &pattern(row, &answer.currency, look);
    }
    let hidden = answer.total.unwrap_or(0).saturating_sub(answer.patterns.len() as u64);
    if hidden > 0 {
        page += &look.faint(&format!("\n… and {} more (--limit 0 shows all)\n", count(hidden)));
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn pattern(row: &PatternAnswer, currency: &str, look: Look) -> String {
    let name = row.pattern.replace('_', " ");
    let who = format!("cluster {} of {}", row.cluster, address(&row.address, look));
    let mut page = format!("\n{}  {who}\n", look.heading(&name));
    let worth = |value| format!("worth {} {}", money_alone(value), show::line(currency));
    let worth = row.value.as_deref().map(worth).unwrap_or_default();
    let said = [
        bitcoins(row.amount_sat.0.into()),
        worth,
        counted(row.n_transfers, "transfer", "transfers"),
        format!("{} to {}", minute(row.first_time_s), minute(row.last_time_s)),
        format!("complete in block {}", row.height),
    ];
    let said = said.iter().filter(|text| !text.is_empty()).map(String::as_str);
    page += &format!("{}\n", facts(said, "  ", look));
    page += &format!("{}\n", wrapped(&show::line(&row.about), "  ", look));
    page += &format!("{}\n", look.faint(&wrapped(&format!("FATF: {}", row.fatf), "  ", look)));
    let shown: Vec<String> = row.evidence.iter().map(|tx| hash(&tx.to_string(), look)).collect();
    page + &format!("{}\n", look.faint(&wrapped(&format!("see: {}", shown.join(" ")), "  ", look)))
}

/// The riskiest clusters.
pub(crate) fn riskiest(answer: &TopAnswer, look: Look) -> String {
    let mut page = match answer.total {
        0 => "no cluster has a score above 0\n".to_owned(),
        n => look.heading(&counted(n, "cluster has", "clusters have")) + " a score above 0\n\n",
    };
    let columns = [
        (Column::Right, "score"),
        (Column::Right, "cluster"),
        (Column::Left, "address"),
        (Column::Left, "known as"),
        (Column::Prose, "strongest term"),
    ];
    let mut table = Table::headed(2, &columns);
    for row in &answer.clusters {
        table.row([
            row.score.to_string().into(),
            row.cluster.to_string().into(),
            address(&row.address, look).into(),
            Cell::new(Tone::Remark, names(&row.known_as)),
            show::line(&row.because).into(),
        ]);
    }
    if !answer.clusters.is_empty() {
        page += &table.lines(look);
    }
    let hidden = answer.total.saturating_sub(answer.clusters.len() as u64);
    if hidden > 0 {
        page += &look.faint(&format!("\n… and {} more (--limit 0 shows all)\n", count(hidden)));
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// What another profile would make of a run.
pub(crate) fn profile_tried(answer: &ProfileDryRun, look: Look) -> String {
    let head = format!("{} in place of {}", answer.new, answer.old);
    let mut page = look.heading(&show::line(&head)) + "\n";
    let said = [
        counted(answer.n_clusters, "cluster scored", "clusters scored"),
        format!("{} with other points", count(answer.n_points_changed)),
        format!("{} in another band", count(answer.n_bands_changed)),
        format!("{} raised anew", counted(answer.alerts_come.len() as u64, "alert", "alerts")),
        format!("{} raised no more", counted(answer.alerts_gone.len() as u64, "alert", "alerts")),
    ];
    page += &format!("{}\n", facts(said.iter().map(String::as_str), "  ", look));
    if !answer.bands.is_empty() {
        let columns = [
            (Column::Right, "score"),
            (Column::Right, "would be"),
            (Column::Left, "band"),
            (Column::Left, "would be"),
            (Column::Right, "cluster"),
            (Column::Left, "address"),
        ];
        let mut table = Table::headed(2, &columns);
        for row in &answer.bands {
            table.row([
                row.points[0].to_string().into(),
                row.points[1].to_string().into(),
                show::line(&row.from).into(),
                show::line(&row.to).into(),
                row.cluster.to_string().into(),
                address(&row.address, look).into(),
            ]);
        }
        page += "\n";
        page += &table.lines(look);
        let hidden = answer.n_bands_changed.saturating_sub(answer.bands.len() as u64);
        if hidden > 0 {
            page += &look.faint(&format!("  … and {} more\n", count(hidden)));
        }
    }
    for (sign, rows) in [("+", &answer.alerts_come), ("-", &answer.alerts_gone)] {
        for row in rows {
            page += &format!("  {sign} {}  {}\n", show::line(&row.rule), show::line(&row.subject));
        }
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// What publishing a profile did.
pub(crate) fn profile_published(report: &ProfileReport, look: Look) -> String {
    let (done, next) = match report.changed {
        true => ("✓ published", "in force from the next run on: `tracehound run`"),
        false => ("✓ this profile is in force already", ""),
    };
    let mut page = format!("{}  {}\n", look.paint(Tone::Good, done), show::line(&report.after));
    if report.changed {
        page += &format!("  in place of {}; {next}\n", show::line(&report.before));
    }
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&report.snapshot))))
}

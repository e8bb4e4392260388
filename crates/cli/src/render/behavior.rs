//! How a cluster behaves, and which links that suggests.

use engine::{FeatureAnswer, FeatureValue, FeaturesAnswer, SideAnswer, SuggestAnswer};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, bitcoins, count, counted, hash, minute, names, wrapped};
use crate::show;

/// Parts of a probability below this, in log-odds, are left out of the line; the JSON has all.
const PART_MIN: f64 = 0.05;

/// Every feature of a cluster.
pub(crate) fn features(answer: &FeaturesAnswer, look: Look) -> String {
    let asked = show::line(&answer.address);
    let heading = format!("Cluster {} of {asked}", answer.cluster);
    let known_as = look.paint(Tone::Remark, &names(&answer.known_as));
    let mut page = format!("{}  {known_as}", look.heading(&heading)).trim_end().to_owned() + "\n";
    let mut table = Table::new(2, &[Column::Left, Column::Right, Column::Left, Column::Prose]);
    for feature in &answer.features {
        let (value, unit) = shown(feature);
        table.row([
            feature.name.into(),
            value,
            unit.into(),
            Cell::new(Tone::Faint, if look.full { feature.about } else { "" }),
        ]);
    }
    page += &table.lines(look);
    if !look.full {
        page += &(look.faint("  -v says what each of them is") + "\n");
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

/// The value as a person reads it, with its unit where the value does not show it.
fn shown(feature: &FeatureAnswer) -> (Cell, &'static str) {
    let Some(value) = feature.value else { return (Cell::new(Tone::Faint, "unknown"), "") };
    match (value, feature.unit) {
        (FeatureValue::Time(seconds), _) => (minute(engine::Time::new(seconds)).into(), ""),
        (FeatureValue::Whole(satoshi), "satoshi") => (bitcoins(satoshi.into()).into(), ""),
        (FeatureValue::Whole(number), unit) => (count(number).into(), unit),
        (FeatureValue::Real(share), "share") => (format!("{:.2} %", share * 100.0).into(), ""),
        (FeatureValue::Real(number), unit) => (format!("{number:.2}").into(), unit),
    }
}

/// Links that behavior suggests.
pub(crate) fn suggest(answer: &SuggestAnswer, look: Look) -> String {
    let mut page = match (&answer.model, answer.total) {
        (None, _) => {
            look.paint(Tone::Warning, "▲ no model of resolution was fitted")
                + "\nhint: `tracehound cluster train`\n"
        }
        (Some(_), 0) => "no link is suggested\n".to_owned(),
        (Some(_), n) => {
            look.heading(&counted(n, "link is suggested", "links are suggested")) + "\n"
        }
    };
    for row in &answer.suggestions {
        let probability = format!("{:.1} %", row.probability * 100.0);
        let decided = look.paint(Tone::Warning, row.decided.unwrap_or_default());
        let head = format!("{}  {probability}", show::line(&row.id));
        page += format!("\n{}  {decided}", look.heading(&head)).trim_end_matches(' ');
        page.push('\n');
        let mut sides = Table::new(2, &[Column::Left, Column::Right, Column::Left, Column::Prose]);
        sides.row(side(&row.a, look));
        sides.row(side(&row.b, look));
        page += &sides.lines(look);
        let parts = row.contributions.iter().filter(|part| part.log_odds.abs() >= PART_MIN);
        let parts: Vec<String> =
            parts.map(|part| format!("{} {:+.2}", show::line(&part.rule), part.log_odds)).collect();
        page += &look.faint(&wrapped(&format!("log-odds: {}", parts.join(", ")), "  ", look));
        page.push('\n');
        let transactions: Vec<String> =
            row.evidence.iter().map(|tx| hash(&tx.to_string(), look)).collect();
        page += &look.faint(&wrapped(&format!("see: {}", transactions.join(" ")), "  ", look));
        page.push('\n');
    }
    let hidden = answer.total.saturating_sub(answer.suggestions.len() as u64);
    if hidden > 0 {
        page += &look.faint(&format!("\n… and {} more (--limit 0 shows all)\n", count(hidden)));
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn side(side: &SideAnswer, look: Look) -> [Cell; 4] {
    [
        format!("cluster {}", side.cluster).into(),
        counted(side.size, "address", "addresses").into(),
        address(&side.address, look).into(),
        Cell::new(Tone::Remark, names(&side.known_as)),
    ]
}

//! A path as a table: a line a hop, oldest first.

use engine::HopAnswer;

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{self, address, coins, hash, minute, money};

/// The hops. Where a transaction mixes several owners, the amount is the most it can have been, marked `≤`.
pub(crate) fn hops(path: &[HopAnswer], indent: usize, look: Look) -> String {
    let mut table = Table::headed(
        indent,
        &[
            (Column::Right, ""),
            (Column::Left, "time (UTC)"),
            (Column::Right, "BTC"),
            (Column::Left, "from cluster of"),
            (Column::Left, "to cluster of"),
            (Column::Left, "transaction"),
            (Column::Left, ""),
        ],
    );
    for (index, hop) in path.iter().enumerate() {
        let most = if hop.mixing { "≤ " } else { "" };
        table.row([
            (index + 1).to_string().into(),
            minute(hop.time_s).into(),
            format!("{most}{}", coins(hop.amount_sat.0.into())).into(),
            address(&hop.from_address, look).into(),
            format!("→ {}", address(&hop.to_address, look)).into(),
            Cell::new(Tone::Faint, hash(&hop.tx.to_string(), look)),
            Cell::new(Tone::Warning, if hop.mixing { "mixing" } else { "" }),
        ]);
    }
    let mut page = table.lines(look);
    let blanks = " ".repeat(indent);
    for (index, hop) in path.iter().enumerate() {
        if let Some(protocol) = hop.protocol {
            let text = format!("{blanks}hop {} is a mix: {protocol}", index + 1);
            page += &format!("{}\n", look.paint(Tone::Warning, &text));
        }
    }
    page + &worth(path, &blanks, look)
}

/// What the hops were worth, where prices are held at all, and which of them fell into restless times.
fn worth(path: &[HopAnswer], blanks: &str, look: Look) -> String {
    if path.iter().all(|hop| hop.value.is_none()) {
        return String::new();
    }
    let mut facts: Vec<String> = (1..)
        .zip(path)
        .map(|(nth, hop)| match &hop.value {
            Some(value) if hop.mixing => format!("hop {nth} ≤ {}", money(value)),
            Some(value) => format!("hop {nth} {}", money(value)),
            None => format!("hop {nth} unknown (no price)"),
        })
        .collect();
    facts[0] = format!("worth then: {}", facts[0]);
    let mut page = words::facts(facts.iter().map(String::as_str), blanks, look) + "\n";
    let restless: Vec<String> = (1..)
        .zip(path)
        .filter(|(_, hop)| hop.high_volatility == Some(true))
        .map(|(nth, _)| format!("hop {nth}"))
        .collect();
    if !restless.is_empty() {
        let text = format!("in a time of high volatility: {}", restless.join(", "));
        page += &look.paint(Tone::Warning, &words::wrapped(&text, blanks, look));
        page.push('\n');
    }
    page
}

//! A path as a table: a line a hop, oldest first.

use engine::HopAnswer;

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{address, coins, hash, minute};

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
    page
}

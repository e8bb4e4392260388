//! A transaction as a mix.

use engine::{CoinAnswer, LinksOfMixAnswer, MixAnswer, MixLabelAnswer};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, bitcoins, coins, counted, facts, minute, wrapped};
use crate::show;

/// Outputs of a matrix that fit a line.
const COLUMNS_MAX: usize = 12;

/// What is known of it.
pub(crate) fn mix(answer: &MixAnswer, look: Look) -> String {
    let mut page = match &answer.label {
        Some(label) => labelled(label, look),
        None if answer.possible.is_empty() => {
            look.paint(Tone::Good, "○ NO MIX") + "  no protocol fits this transaction\n"
        }
        None => {
            look.paint(Tone::Warning, "▲ MAY BE A MIX") + "  no protocol's marks are all there\n"
        }
    };
    page += &format!("  {}\n", look.heading(&answer.tx.to_string()));
    let n_unknown = answer.inputs.iter().filter(|input| input.amount_sat.is_none()).count();
    let mut said = vec![
        format!("block {}, {}", answer.height, minute(answer.time_s)),
        counted(answer.inputs.len() as u64, "input", "inputs"),
        counted(answer.outputs.len() as u64, "output", "outputs"),
    ];
    if n_unknown > 0 {
        said.push(format!("{} unknown", counted(n_unknown as u64, "input", "inputs")));
    }
    page += &format!("{}\n", facts(said.iter().map(String::as_str), "  ", look));
    if !answer.possible.is_empty() {
        let text = format!(
            "cannot be ruled out: {}; so its inputs are not taken to have one owner",
            answer.possible.join(", ")
        );
        page += &format!("{}\n", wrapped(&text, "  ", look));
    }
    if let Some(links) = &answer.links {
        page += &links_of(answer, links, look);
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn labelled(label: &MixLabelAnswer, look: Look) -> String {
    let name = match label.variant {
        Some(variant) => format!("{} ({variant})", label.protocol),
        None => label.protocol.to_owned(),
    };
    let head = look.paint(Tone::Warning, &format!("◆ {}", name.to_uppercase()));
    let mut page = format!("{head}  confidence {:.3}\n", label.confidence);
    page += &format!("{}\n", wrapped(label.about, "  ", look));
    let mut said = Vec::new();
    if label.n_participants > 0 {
        said.push(counted(label.n_participants, "participant", "participants"));
    }
    if label.n_equal_outputs > 0 {
        let equal = counted(label.n_equal_outputs, "equal output", "equal outputs");
        said.push(format!("{equal} of {}", bitcoins(label.denomination_sat.into())));
    }
    said.extend(label.lineage.iter().map(|text| (*text).to_owned()));
    if !said.is_empty() {
        page += &format!("{}\n", facts(said.iter().map(String::as_str), "  ", look));
    }
    page
}

fn links_of(answer: &MixAnswer, links: &LinksOfMixAnswer, look: Look) -> String {
    let heading = look.heading("Who may have paid whom, by amounts alone");
    if !links.why_not.is_empty() {
        return format!("\n{heading}\n{}\n", wrapped(&links.why_not, "  not known: ", look));
    }
    let mut page = format!("\n{heading}\n");
    let said = [
        format!("{} mappings", links.n_mappings),
        format!("entropy {:.2} bits", links.entropy_bits),
        format!("efficiency {:.1} %", links.efficiency * 100.0),
        counted(links.deterministic.len() as u64, "certain pair", "certain pairs"),
    ];
    page += &format!("{}\n", facts(said.iter().map(String::as_str), "  ", look));
    page += "\n  outputs\n";
    page += &coin_table(&answer.outputs, 'O', look);
    page += "\n  inputs, and the percentage with which each output is of the same participant\n";
    page + &matrix(answer, links, look)
}

fn coin_table(rows: &[CoinAnswer], letter: char, look: Look) -> String {
    let mut table = Table::new(2, &[Column::Right, Column::Right, Column::Left]);
    for (index, coin) in rows.iter().enumerate() {
        let amount = coin.amount_sat.map_or_else(|| "unknown".to_owned(), |sat| coins(sat.into()));
        let owner = coin.address.as_ref().map(|text| address(text, look)).unwrap_or_default();
        table.row([format!("{letter}{}", index + 1).into(), amount.into(), owner.into()]);
    }
    table.lines(look)
}

/// Rows of inputs; wide matrices are broken into parts that fit.
fn matrix(answer: &MixAnswer, links: &LinksOfMixAnswer, look: Look) -> String {
    let n_outputs = answer.outputs.len();
    let mut page = String::new();
    for first in (0..n_outputs).step_by(COLUMNS_MAX) {
        let part = first..(first + COLUMNS_MAX).min(n_outputs);
        let mut columns = vec![(Column::Right, String::new()), (Column::Right, "BTC".to_owned())];
        columns.extend(part.clone().map(|output| (Column::Right, format!("O{}", output + 1))));
        let named: Vec<(Column, &str)> =
            columns.iter().map(|(column, name)| (*column, name.as_str())).collect();
        let mut table = Table::headed(2, &named);
        for (index, row) in links.probabilities.iter().enumerate() {
            let amount = answer.inputs.get(index).and_then(|coin| coin.amount_sat);
            let mut cells: Vec<Cell> = vec![
                format!("I{}", index + 1).into(),
                amount.map(|sat| coins(sat.into())).unwrap_or_default().into(),
            ];
            cells.extend(part.clone().map(|output| percent(row.get(output).copied(), look)));
            table.row(cells);
        }
        page += &table.lines(look);
    }
    page
}

fn percent(probability: Option<f64>, _look: Look) -> Cell {
    let probability = probability.unwrap_or(0.0);
    let text = format!("{:.0}", probability * 100.0);
    match probability {
        p if p >= 1.0 => Cell::new(Tone::Bad, text),
        p if p <= 0.0 => Cell::new(Tone::Faint, "·"),
        _ => text.into(),
    }
}

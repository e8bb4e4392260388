//! The state of the store in numbers.

use engine::{ListStatus, StatusAnswer, Time};

use super::ink::{Look, Tone};
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{address, count, counted, hash, minute};
use crate::show;

/// What the store holds.
pub(crate) fn status(answer: &StatusAnswer, look: Look) -> String {
    let mut page = numbers(answer, look);
    if !answer.largest_clusters.is_empty() {
        page += &format!("\n{}\n", look.heading("Largest clusters"));
        let mut table = Table::new(2, &[Column::Right, Column::Left, Column::Prose]);
        for large in &answer.largest_clusters {
            table.row([
                count(large.size).into(),
                address(&large.address, look).into(),
                Cell::new(Tone::Remark, show::line(&large.entity)),
            ]);
        }
        page += &table.lines(look);
    }
    if !answer.lists.is_empty() {
        page += &format!("\n{}\n", look.heading("Lists"));
        page += &list_table(&answer.lists, look);
    }
    page += &stale_lines(&answer.stale_because, look);
    let snapshot =
        format!("snapshot {} · commit {}", show::line(&answer.snapshot), count(answer.commit));
    page + &format!("\n{}\n", look.faint(&snapshot))
}

fn numbers(answer: &StatusAnswer, look: Look) -> String {
    let mut table = Table::new(0, &[Column::Left, Column::Right, Column::Prose]);
    let mut row = |name: &str, number: u64, remark: String| {
        table.row([
            name.into(),
            Cell::new(Tone::Strong, count(number)),
            Cell::new(Tone::Faint, remark),
        ]);
    };
    row("Blocks", answer.blocks, span(answer));
    row("Transactions", answer.transactions, String::new());
    row("Inputs", answer.inputs, unknown(answer));
    row("Outputs", answer.outputs, String::new());
    row("Addresses", answer.addresses, String::new());
    row("Links", answer.links, String::new());
    let clustered = counted(answer.clustered_addresses, "address", "addresses");
    row("Clusters", answer.clusters, format!("of two or more; {clustered} in them"));
    row("Cluster edges", answer.cluster_edges, String::new());
    let in_ledger =
        |number: u64| format!("{} of the ledger", counted(number, "address", "addresses"));
    row("Tags", answer.tags, in_ledger(answer.tagged_addresses));
    row("Listings", answer.listings, in_ledger(answer.listed_addresses));
    table.lines(look)
}

fn span(answer: &StatusAnswer) -> String {
    let (Some(first), Some(last)) = (answer.first_height, answer.last_height) else {
        return String::new();
    };
    let time = answer.last_time_s.map(|time| format!(", up to {} UTC", minute(Time::new(time))));
    format!("height {first} to {last}{}", time.unwrap_or_default())
}

fn unknown(answer: &StatusAnswer) -> String {
    let mut remarks = Vec::new();
    if answer.inputs_unknown > 0 {
        remarks.push(format!("{} spend an unknown output", count(answer.inputs_unknown)));
    }
    if answer.inputs_resolved_later > 0 {
        remarks.push(format!("{} resolved later", count(answer.inputs_resolved_later)));
    }
    remarks.join(", ")
}

/// The lists that are held.
pub(crate) fn lists(lists: &[ListStatus], list_version: &str, look: Look) -> String {
    match lists.is_empty() {
        true => "no lists are held\n".to_owned(),
        false => {
            let versions = format!("lists {}", hash(list_version, look));
            format!("{}\n{}\n", list_table(lists, look), look.faint(&versions))
        }
    }
}

fn list_table(lists: &[ListStatus], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Left, "list"),
            (Column::Right, "entries"),
            (Column::Left, "imported (UTC)"),
            (Column::Left, "version"),
        ],
    );
    for list in lists {
        table.row([
            show::line(&list.list).into(),
            count(list.entries).into(),
            minute(list.imported_at_s).into(),
            Cell::new(Tone::Faint, hash(&list.version, look)),
        ]);
    }
    table.lines(look)
}

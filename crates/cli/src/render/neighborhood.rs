//! The neighborhood of a cluster: payments by distance as tables, or as a picture in the language of Graphviz.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use engine::{NeighborhoodAnswer, NeighborhoodNode, NeighborhoodPair};

use super::ink::{Look, Tone};
use super::owners::worth;
use super::screen::stale_lines;
use super::table::{Cell, Column, Table};
use super::words::{self, address, bitcoins, coins, count, counted, date};
use crate::show;

/// Clusters by id, as the pairs name them.
type Nodes<'a> = BTreeMap<u32, &'a NeighborhoodNode>;

fn by_id(answer: &NeighborhoodAnswer) -> Nodes<'_> {
    answer.nodes.iter().map(|node| (node.cluster.get().get(), node)).collect()
}

/// A pair is as far out as the nearer of its clusters, and one.
fn hop(pair: &NeighborhoodPair, nodes: &Nodes<'_>) -> u32 {
    let hops = |cluster: engine::ClusterId| nodes.get(&cluster.get().get()).map(|node| node.hops);
    hops(pair.from).into_iter().chain(hops(pair.to)).min().unwrap_or_default() + 1
}

/// The tables.
pub(crate) fn neighborhood(answer: &NeighborhoodAnswer, look: Look) -> String {
    let nodes = by_id(answer);
    let asked = show::line(&answer.address);
    let around = look.heading(&format!("Around cluster {} of {asked}", answer.cluster));
    let root = answer.nodes.iter().find(|node| node.hops == 0);
    let around = match root.map(known_as) {
        Some((tone, name)) if !name.is_empty() => around + "  " + &look.paint(tone, &name),
        _ => around,
    };
    let clusters = counted(answer.nodes.len() as u64, "cluster", "clusters");
    let pairs = counted(answer.pairs.len() as u64, "pair", "pairs");
    let mut page = format!("{around}\n  {clusters}, {pairs} with payments\n");
    for hop_shown in 1..=answer.hops_max {
        let pairs: Vec<_> =
            answer.pairs.iter().filter(|pair| hop(pair, &nodes) == hop_shown).collect();
        if pairs.is_empty() {
            break;
        }
        let heading = format!("Hop {hop_shown}: {}", counted(pairs.len() as u64, "pair", "pairs"));
        page += &format!("\n{}\n{}", look.heading(&heading), table(&pairs, &nodes, look));
    }
    page += &not_shown(answer, look);
    page += &limits(answer, look);
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn table(pairs: &[&NeighborhoodPair], nodes: &Nodes<'_>, look: Look) -> String {
    let currency = pairs.iter().find_map(|pair| Some(&pair.worth.value.as_ref()?.currency));
    let worth_then = currency.map(|name| format!("{} then", show::line(name))).unwrap_or_default();
    let mut table = Table::headed(
        2,
        &[
            (Column::Right, "BTC in all"),
            (Column::Right, &worth_then),
            (Column::Right, "times"),
            (Column::Left, "from cluster of"),
            (Column::Left, "to cluster of"),
            // A value takes the place of the first day.
            (Column::Left, if currency.is_none() { "first" } else { "" }),
            (Column::Left, "last (UTC)"),
            (Column::Prose, "known as"),
        ],
    );
    for pair in pairs {
        let ends = [pair.from, pair.to].map(|cluster| nodes.get(&cluster.get().get()));
        let [from, to] = ends.map(|node| node.map_or("", |node| node.address.as_str()));
        // The nearer end is known by now: what is new is the other one.
        let farther = ends.into_iter().flatten().max_by_key(|node| node.hops);
        let (tone, name) = farther.map_or((Tone::Plain, String::new()), |node| known_as(node));
        table.row([
            coins(pair.amount_sat).into(),
            worth(&pair.worth, words::whole_money).into(),
            count(pair.n_transfers).into(),
            address(from, look).into(),
            format!("→ {}", address(to, look)).into(),
            match currency {
                None => date(pair.first_time_s).into(),
                Some(_) => Cell::default(),
            },
            date(pair.last_time_s).into(),
            Cell::new(tone, name),
        ]);
    }
    table.lines(look)
}

fn known_as(node: &NeighborhoodNode) -> (Tone, String) {
    let name = show::line(&node.entity);
    match node.listed {
        true => (Tone::Bad, format!("■ on a list: {name}")),
        false => (Tone::Remark, name),
    }
}

/// Clusters whose neighbors are not all shown, and why.
fn not_shown(answer: &NeighborhoodAnswer, look: Look) -> String {
    let mut table = Table::new(2, &[Column::Left, Column::Left, Column::Prose]);
    for node in &answer.nodes {
        let mut reasons = Vec::new();
        for (what, rows) in [("paid", node.paid), ("was paid by", node.paid_by)] {
            if rows.shown < rows.total {
                reasons.push(format!("{what} {}, {} shown", count(rows.total), count(rows.shown)));
            }
        }
        match node.state {
            "not_through" => reasons.push("not walked through".to_owned()),
            "cut" => reasons.push("cut by a limit".to_owned()),
            _ => {}
        }
        if !reasons.is_empty() {
            let (tone, name) = known_as(node);
            table.row([
                address(&node.address, look).into(),
                reasons.join("; ").into(),
                Cell::new(tone, name),
            ]);
        }
    }
    match table.is_empty() {
        true => String::new(),
        false => format!("\n{}\n{}", look.heading("Not all shown of"), table.lines(look)),
    }
}

fn limits(answer: &NeighborhoodAnswer, look: Look) -> String {
    let mut text = String::from("\n");
    if let Some(limit) = &answer.truncated_by {
        let hops = counted(answer.complete_hops, "hop", "hops");
        let line = format!(
            "! the search was cut short by {}: complete for clusters nearer than {hops}",
            show::line(limit)
        );
        text += &(look.paint(Tone::Warning, &line) + "\n");
    }
    let mut facts = vec![
        format!("{} visited", counted(answer.edges_visited, "edge", "edges")),
        "in any order of time".to_owned(),
        format!("up to {}", counted(answer.hops_max, "hop", "hops")),
    ];
    if answer.neighbors_max < u64::from(u32::MAX) {
        facts.push(format!("the {} largest of a cluster", count(answer.neighbors_max)));
    }
    if !answer.not_through.is_empty() {
        let clusters = counted(answer.clusters_not_passed, "cluster", "clusters");
        facts.push(format!("not through {}: {clusters}", words::names(&answer.not_through)));
    }
    text + &look.faint(&words::facts(facts.iter().map(String::as_str), "", look)) + "\n"
}

/// A directed graph in the language of Graphviz: red what is on a list, blue what is tagged, dashed what was not
/// walked; a line is as wide as its amount has digits.
pub(crate) fn dot(answer: &NeighborhoodAnswer, look: Look) -> String {
    let mut text = String::from("digraph neighborhood {\n  rankdir=LR;\n");
    text += "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10];\n";
    text += "  edge [fontname=\"sans-serif\", fontsize=8, color=\"#666666\"];\n";
    for node in &answer.nodes {
        let mut label = address(&node.address, look);
        if !node.entity.is_empty() {
            label = format!("{}\n{label}", show::line(&node.entity));
        }
        let color = match (node.listed, node.entity.is_empty()) {
            (true, _) => ", color=\"#c00000\", fontcolor=\"#c00000\"",
            (false, false) => ", color=\"#0060c0\"",
            (false, true) => "",
        };
        let whole = node.paid.shown == node.paid.total && node.paid_by.shown == node.paid_by.total;
        let style = match (node.hops, node.state, whole) {
            (0, _, _) => ", penwidth=3",
            (_, "not_through" | "cut", _) | (_, _, false) => ", style=\"rounded,dashed\"",
            _ => "",
        };
        let id = node.cluster;
        writeln!(text, "  {id} [label={}{color}{style}];", quoted(&label)).expect("to a String");
    }
    for pair in &answer.pairs {
        let days = match (date(pair.first_time_s), date(pair.last_time_s)) {
            (first, last) if first == last => first,
            (first, last) => format!("{first} to {last}"),
        };
        let label = format!("{}\n{days}", bitcoins(pair.amount_sat));
        let width = 0.5 + f64::from(pair.amount_sat.max(1).ilog10()) / 4.0;
        let (from, to, label) = (pair.from, pair.to, quoted(&label));
        writeln!(text, "  {from} -> {to} [label={label}, penwidth={width:.2}];")
            .expect("to a String");
    }
    text + "}\n"
}

/// A text as Graphviz reads it back: quotes and backslashes are escaped, so no label ends its own string.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

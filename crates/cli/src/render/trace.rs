//! The answer to a trace: whether there is a way, then the ways.

use engine::{PathAnswer, TraceAnswer};

use super::ink::{Look, Tone};
use super::path;
use super::screen::stale_lines;
use super::words::{self, bitcoins, count, counted};
use crate::args::Only;
use crate::show;

/// The whole answer, or only one of the two paths.
pub(crate) fn trace(answer: &TraceAnswer, only: Option<Only>, look: Look) -> String {
    let ends = format!("{} → {}", show::line(&answer.from), show::line(&answer.to));
    let mut page = format!("{}\n  {}\n", headline(answer, only, look), look.heading(&ends));
    if !answer.same_cluster {
        page += &paths(answer, only, look);
        page += &limits(answer, only, look);
    }
    page += &stale_lines(&answer.stale_because, look);
    page + &format!("\n{}\n", look.faint(&format!("snapshot {}", show::line(&answer.snapshot))))
}

fn headline(answer: &TraceAnswer, only: Option<Only>, look: Look) -> String {
    if answer.same_cluster {
        return look.paint(Tone::Remark, "● SAME OWNER")
            + "  both ends are one cluster: there is nothing to trace";
    }
    let shown = match only {
        Some(Only::Widest) => &answer.widest,
        _ => &answer.shortest,
    };
    match shown.as_ref().or(answer.widest.as_ref().filter(|_| only.is_none())) {
        Some(path) => {
            let hops = counted(path.hops, "hop", "hops");
            look.paint(Tone::Warning, "▲ CONNECTED") + &format!("  in {hops}")
        }
        None if cut(answer, only).is_empty() => {
            let hops = counted(answer.hops_max, "hop", "hops");
            let but = match words::names(&answer.not_through) {
                names if names.is_empty() => names,
                names => format!(" that leads around every cluster of {names}"),
            };
            look.paint(Tone::Good, "○ NO PATH") + &format!("  of up to {hops}{but}")
        }
        None => {
            look.paint(Tone::Warning, "? NO PATH FOUND")
                + "  but the search was cut short: there may be one"
        }
    }
}

/// Which searches a limit cut, and which limit.
fn cut(answer: &TraceAnswer, only: Option<Only>) -> Vec<(&'static str, &str)> {
    let searches = [
        (Only::Shortest, "shortest", &answer.shortest_truncated_by),
        (Only::Widest, "widest", &answer.widest_truncated_by),
    ];
    let asked = searches.into_iter().filter(|(which, _, _)| only.is_none_or(|only| only == *which));
    asked.filter_map(|(_, name, limit)| Some((name, limit.as_deref()?))).collect()
}

fn paths(answer: &TraceAnswer, only: Option<Only>, look: Look) -> String {
    let mut page = String::new();
    if only != Some(Only::Widest) {
        page += &section("Shortest", answer.shortest.as_ref(), look);
        for (nth, path) in (2..).zip(&answer.further) {
            page += &section(&format!("Path {nth}"), Some(path), look);
        }
    }
    let is_same = only.is_none() && answer.widest.is_some() && answer.widest == answer.shortest;
    match only {
        Some(Only::Shortest) => {}
        _ if is_same && answer.further.is_empty() => page += "\n  The widest path is the same.\n",
        _ if is_same => page += "\n  The widest path is the first of them.\n",
        _ => page += &section("Widest", answer.widest.as_ref(), look),
    }
    page
}

fn section(name: &str, path: Option<&PathAnswer>, look: Look) -> String {
    let Some(path) = path else { return String::new() };
    let hops = counted(path.hops, "hop", "hops");
    let most =
        path.bottleneck_sat.map(|sats| format!(", {} at its narrowest", bitcoins(sats.0.into())));
    let heading = format!("{name}: {hops}{}", most.unwrap_or_default());
    let reached = match path.reached.as_str() {
        "" => String::new(),
        entity => look.faint(&format!("  reaches {}", show::line(entity))) + "\n",
    };
    format!("\n{}\n{}{reached}", look.heading(&heading), path::hops(&path.path, 2, look))
}

fn limits(answer: &TraceAnswer, only: Option<Only>, look: Look) -> String {
    let mut text = String::from("\n");
    for (name, limit) in cut(answer, only) {
        let line =
            format!("! the search for the {name} path was cut short by {}", show::line(limit));
        text += &look.paint(Tone::Warning, &line);
        text.push('\n');
    }
    let order = match answer.time_respecting {
        true => "times never go back",
        false => "times in any order",
    };
    let facts = [
        &format!("{} visited", counted(answer.edges_visited, "edge", "edges")),
        order,
        &format!("up to {}", counted(answer.hops_max, "hop", "hops")),
        &format!("not through clusters with over {} outgoing transfers", count(answer.degree_max)),
    ];
    if !answer.not_through.is_empty() {
        let clusters = counted(answer.clusters_not_passed, "cluster", "clusters");
        text += &format!("not walked through: {}, {clusters}\n", words::names(&answer.not_through));
    }
    text + &look.faint(&words::facts(facts, "", look)) + "\n"
}

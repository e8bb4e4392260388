//! What `evaluate risk` measured.

use engine::{
    ExactReport, FoundReport, PatternReport, ProximityReport, RankingReport, RiskReport,
    RiskWorldReport,
};

use super::evaluate::{decimals, fault, floors, heading, percent};
use super::ink::Look;
use super::table::{Cell, Column, Table};
use super::words::{count, wrapped};
use crate::show;

use Column::{Left, Prose, Right};

/// The whole report.
pub(crate) fn risk(report: &RiskReport, look: Look) -> String {
    let mut page = worlds(&report.worlds, look);
    page += &section(report.patterns.as_deref(), "Patterns", patterns, look);
    page += &section(report.proximity.as_ref(), "Proximity against evasion", proximity, look);
    page += &section(report.ranking.as_deref(), "Ranking of illicit clusters", ranking, look);
    page += &heading("What must be exact", look);
    page += &exact(&[("explanations", &report.explanations), ("exposure", &report.exposure)], look);
    page += &floors(&report.floors, look);
    for note in &report.notes {
        page += &look.faint(&format!("{}\n", wrapped(&show::line(note), "", look)));
    }
    page
}

fn section<T: ?Sized>(
    found: Option<&T>,
    name: &str,
    shown: fn(&T, Look) -> String,
    look: Look,
) -> String {
    let body = found.map_or_else(|| look.faint("  not measured\n"), |found| shown(found, look));
    heading(name, look) + &body
}

fn worlds(rows: &[RiskWorldReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Left, "world"),
            (Right, "transactions"),
            (Right, "clusters"),
            (Right, "illicit"),
            (Right, "entities"),
            (Right, "cases"),
            (Right, "not carried out"),
            (Right, "look-alikes"),
        ],
    );
    for row in rows {
        table.row([
            format!("seed {}", row.seed).into(),
            count(row.transactions).into(),
            count(row.clusters).into(),
            count(row.illicit).into(),
            count(row.entities).into(),
            count(row.cases).into(),
            fault(row.unfinished),
            count(row.look_alikes).into(),
        ]);
    }
    let title = look
        .heading("Simulated worlds with planted laundering, clusters as the product makes them");
    format!("{title}\n{}", table.lines(look))
}

/// The evasions in the order of their names.
fn evasions(rows: &[PatternReport]) -> Vec<String> {
    let mut names: Vec<String> =
        rows.iter().flat_map(|row| row.by_evasion.keys().cloned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn patterns(rows: &[PatternReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Left, "pattern"),
            (Right, "matches"),
            (Right, "right"),
            (Right, "wrong"),
            (Right, "not judged"),
            (Right, "precision"),
            (Right, "at least"),
            (Right, "cases"),
            (Right, "found"),
            (Right, "recall"),
            (Right, "at least"),
            (Right, "blocks late"),
            (Right, "95 %"),
        ],
    );
    let blocks = |late: Option<i64>| late.map_or("–".to_owned(), |late| late.to_string());
    for row in rows {
        table.row([
            show::line(&row.pattern).into(),
            count(row.matches).into(),
            count(row.right).into(),
            fault(row.wrong),
            count(row.not_judged).into(),
            percent(row.precision).into(),
            percent(row.precision_bounds.map(|bounds| bounds[0])).into(),
            count(row.linked.cases).into(),
            count(row.linked.found).into(),
            percent(row.recall).into(),
            percent(row.recall_bounds.map(|bounds| bounds[0])).into(),
            blocks(row.latency_median).into(),
            blocks(row.latency_p95).into(),
        ]);
    }
    let mut page = table.lines(look);
    page += &look.faint(&wrapped(
        "cases whose actors' addresses never meet are left out of found and recall here, and stand below; late: from the transaction that completes a case, less than 0 before all of it was done",
        "  ",
        look,
    ));
    page += "\n";
    page += &heading("Found by what a case does to stay unseen", look);
    page += &by_evasion(rows, look);
    page += &heading("What wrong matches are about", look);
    page + &wrong(rows, look)
}

fn by_evasion(rows: &[PatternReport], look: Look) -> String {
    let names = evasions(rows);
    let shown: Vec<String> = names.iter().map(|name| show::line(name)).collect();
    let mut columns = vec![(Left, "pattern")];
    columns.extend(shown.iter().map(|name| (Right, name.as_str())));
    let mut table = Table::headed(2, &columns);
    for row in rows {
        let mut cells: Vec<Cell> = vec![show::line(&row.pattern).into()];
        for name in &names {
            cells.push(of_cases(row.by_evasion.get(name)).into());
        }
        table.row(cells);
    }
    table.lines(look)
}

fn of_cases(found: Option<&FoundReport>) -> String {
    found.map_or_else(String::new, |found| {
        format!("{} of {}", count(found.found), count(found.cases))
    })
}

fn wrong(rows: &[PatternReport], look: Look) -> String {
    let mut table = Table::new(2, &[Left, Right, Left]);
    for row in rows {
        for (number, (who, n)) in row.wrong_about.iter().enumerate() {
            let pattern = if number == 0 { show::line(&row.pattern) } else { String::new() };
            table.row([pattern.into(), Cell::from(count(*n)), show::line(who).into()]);
        }
    }
    let lines = table.lines(look);
    if lines.is_empty() { "  none is wrong\n".to_owned() } else { lines }
}

fn proximity(report: &ProximityReport, look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Left, "way from a listed party over two owners"),
            (Right, "addresses"),
            (Right, "hops right"),
            (Right, "beyond the bound"),
            (Right, "contracted right"),
            (Right, "same as with one"),
        ],
    );
    for row in &report.manners {
        table.row([
            show::line(&row.manner).into(),
            count(row.addresses).into(),
            count(row.hops_right).into(),
            count(row.hops_beyond).into(),
            count(row.contracted_right).into(),
            count(row.same).into(),
        ]);
    }
    table.lines(look)
}

fn ranking(rows: &[RankingReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Left, "method"),
            (Right, "clusters"),
            (Right, "illicit"),
            (Right, "average precision"),
            (Right, "95 %"),
            (Right, "illicit of the first 100"),
        ],
    );
    for row in rows {
        let bounds =
            row.bounds.map_or("–".to_owned(), |[low, high]| format!("{low:.4}–{high:.4}"));
        table.row([
            show::line(&row.method).into(),
            count(row.clusters).into(),
            count(row.illicit).into(),
            decimals(row.average_precision, 4).into(),
            bounds.into(),
            format!("{:.0}", row.first_hundred).into(),
        ]);
    }
    table.lines(look)
}

fn exact(rows: &[(&str, &Option<ExactReport>)], look: Look) -> String {
    let mut table =
        Table::headed(2, &[(Left, ""), (Right, "looked at"), (Right, "exact"), (Prose, "what")]);
    for (name, row) in rows {
        match row {
            Some(row) => table.row([
                (*name).into(),
                count(row.count).into(),
                count(row.exact).into(),
                show::line(&row.what).into(),
            ]),
            None => table.row([(*name).into(), "–".into(), "–".into(), "not measured".into()]),
        };
    }
    table.lines(look)
}

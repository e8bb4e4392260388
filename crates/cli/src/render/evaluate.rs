//! What `evaluate ownership` measured, a section a source of truth.

use std::collections::BTreeMap;

use engine::{
    CalibrationReport, ChainReport, ChangeReport, ChangeRuleReport, EmulatedReport, FloorReport,
    FloorState, MixReport, OwnershipReport, RuleReport, Scores, SuggestionsReport, TagsAgreement,
    WorldsReport,
};

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{count, counted, wrapped};
use crate::show;

use Column::{Left, Prose, Right};

/// The whole report.
pub(crate) fn ownership(report: &OwnershipReport, look: Look) -> String {
    let mut page = worlds(&report.worlds, look);
    if !report.mixes.is_empty() {
        page += &mixes(&report.mixes, look);
    }
    if !report.emulated.is_empty() {
        page += &emulated(&report.emulated, look);
    }
    page += &report.chain.as_ref().map(|found| chain(found, look)).unwrap_or_default();
    page += &report.tags.as_ref().map(|found| tags(found, look)).unwrap_or_default();
    if !report.calibrations.is_empty() {
        page += &calibrations(&report.calibrations, look);
    }
    page += &skipped(report, look);
    page += &floors(&report.floors, look);
    for note in &report.notes {
        page += &look.faint(&format!("{}\n", wrapped(&show::line(note), "", look)));
    }
    page
}

pub(super) fn heading(text: &str, look: Look) -> String {
    format!("\n{}\n", look.heading(text))
}

/// A share in percent: rounded down, so that 100 % means all of them.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || "–".to_owned(),
        |share| format!("{:.2} %", (share * 10_000.0 + 1e-7).floor() / 100.0),
    )
}

pub(super) fn decimals(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.places$}"))
}

/// A count that should be 0, in color if it is not.
pub(super) fn fault(number: u64) -> Cell {
    Cell::new(if number > 0 { Tone::Bad } else { Tone::Good }, count(number))
}

fn worlds(report: &WorldsReport, look: Look) -> String {
    let mut page =
        format!("{}\n", look.heading("Simulated worlds: everything on, against the truth"));
    let mut table = Table::headed(2, &score_columns("world"));
    for world in &report.worlds {
        table.row(score_row(&format!("seed {}", world.seed), &world.spent, world.links_wrong));
    }
    let wrong = report.worlds.iter().map(|world| world.links_wrong).sum();
    table.row(score_row("together", &report.spent, wrong));
    table.row(score_row("with unspent", &report.all, wrong));
    page += &table.lines(look);
    let of =
        |part: fn(&engine::WorldReport) -> u64| -> u64 { report.worlds.iter().map(part).sum() };
    page += &look.faint(&wrapped(
        &format!(
            "addresses that were ever spent, but for the last line, which has all; {} that several owners signed, {} of them payjoins, {} left out; {} of the wrong links are of payjoins",
            counted(of(|world| world.collaborative), "transaction", "transactions"),
            count(of(|world| world.payjoins)),
            count(of(|world| world.collaborative_excluded)),
            count(of(|world| world.links_wrong_payjoin)),
        ),
        "  ",
        look,
    ));
    page.push('\n');
    page += &(heading("Rules on simulated worlds", look) + &rules(&report.rules, look));
    if let Some(model) = &report.change {
        page += &heading(
            "Change on simulated worlds: the model, as held out in the world it was fitted on",
            look,
        );
        page += &change(model, look);
    }
    page + &report.suggestions.as_ref().map(|found| suggestions(found, look)).unwrap_or_default()
}

fn suggestions(report: &SuggestionsReport, look: Look) -> String {
    let mut page = heading("Suggested links on simulated worlds: shown, never merged", look);
    if let Some(why) = &report.not_fitted_because {
        page += &format!("  {}\n", show::line(why));
    }
    if report.candidates > 0 {
        page += &format!(
            "  {}, {} of one owner; from probability {} on: {} made, {} right ({} to {})\n",
            counted(report.candidates, "pair of clusters", "pairs of clusters"),
            count(report.same_owner),
            plain(report.probability_min),
            count(report.made),
            count(report.right),
            percent(report.right_low),
            percent(report.right_high),
        );
    }
    page
}

fn score_columns(first: &'static str) -> Vec<(Column, &'static str)> {
    vec![
        (Left, first),
        (Right, "addresses"),
        (Right, "owners"),
        (Right, "covered"),
        (Right, "precision"),
        (Right, "recall"),
        (Right, "F1"),
        (Right, "B³ F1"),
        (Right, "wrong links"),
        (Right, "false clusters"),
        (Right, "largest"),
    ]
}

fn score_row(name: &str, scores: &Scores, links_wrong: u64) -> Vec<Cell> {
    vec![
        show::line(name).into(),
        count(scores.addresses).into(),
        count(scores.owners).into(),
        percent(scores.coverage).into(),
        decimals(scores.precision, 5).into(),
        decimals(scores.recall, 4).into(),
        decimals(scores.f1, 4).into(),
        decimals(scores.b_cubed_f1, 4).into(),
        fault(links_wrong),
        fault(scores.false_clusters),
        fault(scores.largest_false_cluster),
    ]
}

fn rules(rules: &[RuleReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Left, "rule"),
            (Right, "links"),
            (Right, "wrong"),
            (Right, "precision"),
            (Right, "transactions"),
            (Right, "right (95 %)"),
            (Right, "addresses"),
            (Right, "recall alone"),
            (Right, "recall lost without"),
        ],
    );
    for rule in rules {
        let bounds = rule.right_low.zip(rule.right_high);
        table.row([
            show::line(&rule.rule).into(),
            count(rule.links).into(),
            fault(rule.links_wrong),
            decimals(rule.precision, 5).into(),
            count(rule.transactions).into(),
            bounds.map_or("–".to_owned(), |(low, high)| format!("{low:.4}–{high:.4}")).into(),
            count(rule.addresses).into(),
            decimals(rule.alone_recall, 4).into(),
            decimals(rule.recall_lost, 4).into(),
        ]);
    }
    table.lines(look)
}

fn mixes(rows: &[MixReport], look: Look) -> String {
    let mut page =
        heading("Labelled mixes: left out of common-input ownership, and labelled", look);
    let mut table = Table::headed(
        2,
        &[
            (Left, "set"),
            (Right, "transactions"),
            (Right, "others"),
            (Right, "left out"),
            (Right, ""),
            (Right, "label right"),
            (Right, "links"),
            (Right, "largest cluster"),
            (Right, "if none were left out"),
        ],
    );
    for row in rows {
        let share =
            |part: u64| (row.transactions > 0).then(|| part as f64 / row.transactions as f64);
        let is_judged = row.label != "candidates";
        table.row([
            show::line(&row.label).into(),
            count(row.transactions).into(),
            if row.mislabelled > 0 { count(row.mislabelled).into() } else { "".into() },
            count(row.excluded).into(),
            percent(share(row.excluded)).into(),
            if is_judged { percent(share(row.right)).into() } else { "–".into() },
            if row.collaborative { fault(row.links) } else { count(row.links).into() },
            count(row.largest).into(),
            format!(
                "{} in {}",
                count(row.largest_without_exclusion),
                count(row.joined_without_exclusion)
            )
            .into(),
        ]);
    }
    page += &table.lines(look);
    page +=
        &look.faint("  links of mixes are false merges; others cannot be what their file is called (a Tx0 without data output)\n");
    page + &heading("Labels found in them", look) + &confusion(rows, look)
}

fn confusion(rows: &[MixReport], look: Look) -> String {
    let mut names: Vec<&str> =
        rows.iter().flat_map(|row| row.found.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<String> = names.into_iter().map(show::line).collect();
    let mut columns = vec![(Left, "set")];
    columns.extend(names.iter().map(|name| (Right, name.as_str())));
    let mut table = Table::headed(2, &columns);
    for row in rows {
        let mut cells: Vec<Cell> = vec![show::line(&row.label).into()];
        for name in &names {
            let found = row.found.get(name).copied().unwrap_or(0);
            cells.push(if found == 0 { "".into() } else { count(found).into() });
        }
        table.row(cells);
    }
    table.lines(look)
}

fn emulated(rows: &[EmulatedReport], look: Look) -> String {
    let mut page = heading("Emulated wallets: known owners", look);
    let mut table = Table::headed(2, &score_columns("experiment"));
    for row in rows {
        table.row(score_row(&row.name, &row.spent, row.links_wrong));
    }
    page += &table.lines(look);
    let mut table = Table::headed(
        2,
        &[
            (Left, "experiment"),
            (Right, "transactions"),
            (Right, "of several wallets"),
            (Right, "left out"),
            (Right, "named mixes"),
            (Right, "left out"),
            (Right, "of one wallet"),
            (Right, "left out"),
            (Prose, "labels of mixes; of one wallet"),
        ],
    );
    for row in rows {
        table.row([
            show::line(&row.name).into(),
            count(row.transactions).into(),
            count(row.mixes).into(),
            count(row.mixes_excluded).into(),
            count(row.mixes_named).into(),
            count(row.mixes_named_excluded).into(),
            count(row.own).into(),
            count(row.own_excluded).into(),
            format!("{}; {}", tally(&row.labels), tally(&row.own_labels)).into(),
        ]);
    }
    page + "\n" + &table.lines(look)
}

fn tally(counts: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> =
        counts.iter().map(|(name, n)| format!("{} {}", show::line(name), count(*n))).collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn chain(report: &ChainReport, look: Look) -> String {
    let mut page = heading("Real blocks", look);
    page += &format!(
        "  {} of {}, {}\n  links: {}\n  {} of two or more addresses, the largest of {}\n",
        counted(report.transactions, "transaction", "transactions"),
        counted(report.blocks, "block", "blocks"),
        counted(report.addresses, "address", "addresses"),
        tally(&report.links),
        counted(report.clusters, "cluster", "clusters"),
        count(report.largest_cluster),
    );
    page += &heading("Change that co-spending in real blocks reveals", look);
    let Some(model) = &report.change else {
        let revealed = counted(report.revealed, "transaction", "transactions");
        page += &format!("  change of {revealed}: too few for a model\n");
        return page + &change_rules(&report.rules, look);
    };
    page + &change(model, look)
}

fn change(report: &ChangeReport, look: Look) -> String {
    let mut page = format!(
        "  change of {} by {}; area under the curve {:.4}, expected calibration error {:.4}\n",
        counted(report.revealed, "transaction", "transactions"),
        counted(report.clusters, "cluster", "clusters"),
        report.auc,
        report.calibration.expected_calibration_error,
    );
    let linked = format!(
        "{} links, {} wrong (at most {}), false-positive rate {:.5} (at most {:.5}), {} of the change",
        count(report.links),
        count(report.links_wrong),
        percent(Some(report.wrong_high)),
        report.false_positive_rate,
        report.false_positive_high,
        percent(Some(report.recall)),
    );
    page += &match report.threshold {
        None => format!("  no change links: {}\n", show::line(&report.no_threshold_because)),
        Some(threshold) => format!(
            "  from probability {threshold:.5} on: {linked}\n  at thresholds chosen elsewhere: {} links, {} wrong\n",
            count(report.foreign[0]),
            count(report.foreign[1]),
        ),
    };
    page + &change_rules(&report.rules, look)
}

fn change_rules(rules: &[ChangeRuleReport], look: Look) -> String {
    if rules.is_empty() {
        return String::new();
    }
    let mut table = Table::headed(
        2,
        &[
            (Left, "rule alone"),
            (Right, "outputs"),
            (Right, "speaks for"),
            (Right, "right"),
            (Right, "precision"),
        ],
    );
    for rule in rules {
        table.row([
            show::line(&rule.rule).into(),
            count(rule.outputs).into(),
            count(rule.spoken_for).into(),
            count(rule.right).into(),
            decimals(rule.precision, 4).into(),
        ]);
    }
    table.lines(look)
}

fn tags(report: &TagsAgreement, look: Look) -> String {
    let page = heading("Clusters of the real blocks against tags", look);
    page + &format!(
        "  {} of {}, {} named by several\n  pairs in one cluster: {} of one party, {} of two; {} in conflict\n",
        counted(report.addresses, "tagged address", "tagged addresses"),
        counted(report.parties, "party", "parties"),
        count(report.contested),
        count(report.pairs_same),
        count(report.pairs_different),
        counted(report.clusters_in_conflict, "cluster", "clusters"),
    )
}

fn calibrations(rows: &[CalibrationReport], look: Look) -> String {
    let mut page = heading("Calibration: probabilities against what came true", look);
    for row in rows {
        page += &format!(
            "  {}: {}, expected calibration error {:.4}\n",
            show::line(&row.name),
            counted(row.count, "probability", "probabilities"),
            row.expected_calibration_error
        );
        let mut table =
            Table::headed(4, &[(Right, "count"), (Right, "predicted"), (Right, "came true")]);
        for bin in &row.bins {
            table.row([
                count(bin.count).into(),
                format!("{:.4}", bin.mean_predicted).into(),
                format!("{:.4}", bin.observed_share).into(),
            ]);
        }
        page += &table.lines(look);
    }
    page
}

fn skipped(report: &OwnershipReport, look: Look) -> String {
    if report.skipped.is_empty() {
        return String::new();
    }
    let mut table =
        Table::headed(2, &[(Right, "left out"), (Left, "of"), (Prose, "why"), (Left, "the first")]);
    for row in &report.skipped {
        table.row([
            count(row.count).into(),
            show::line(&row.file).into(),
            show::line(&row.reason).into(),
            show::line(&row.first).into(),
        ]);
    }
    heading("Left out", look) + &table.lines(look)
}

pub(super) fn floors(rows: &[FloorReport], look: Look) -> String {
    let mut table = Table::new(2, &[Left, Left, Right, Left, Prose]);
    for row in rows {
        let (sign, tone) = match row.state {
            FloorState::Met => ("✓", Tone::Good),
            FloorState::Missed => ("✗", Tone::Bad),
            FloorState::NotMeasured => ("–", Tone::Faint),
        };
        let bound = if row.at_least { "≥" } else { "≤" };
        table.row([
            Cell::new(tone, sign),
            show::line(&row.name).into(),
            row.value.map_or("not measured".to_owned(), plain).into(),
            format!("{bound} {}", plain(row.bound)).into(),
            Cell::new(Tone::Faint, show::line(&row.about)),
        ]);
    }
    heading("Floors", look) + &table.lines(look)
}

/// A measure without needless zeros.
pub(super) fn plain(value: f64) -> String {
    let text = format!("{value:.5}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

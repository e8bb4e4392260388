//! What long work did, once it is over.

use std::path::Path;

use engine::{
    AlertsOfRun, ExportReport, IngestReport, ListReport, PackReport, RunReport, TagsReport,
    VerifyReport,
};

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{count, counted, day, hash, wrapped};
use crate::show;

/// Lines of one kind shown where there may be thousands.
const LINES_MAX: usize = 20;
const MEGABYTE: u64 = 1_000_000;

/// Numbers with their names; rows without anything to say are left out.
struct Numbers(Table);

impl Numbers {
    fn new() -> Self {
        Self(Table::new(2, &[Column::Left, Column::Right, Column::Prose]))
    }

    fn always(&mut self, name: &str, number: u64, remark: String) {
        self.0.row([name.into(), count(number).into(), Cell::new(Tone::Faint, remark)]);
    }

    fn some(&mut self, name: &str, number: u64, remark: &str) {
        if number > 0 {
            self.always(name, number, remark.to_owned());
        }
    }
}

pub(super) fn snapshot(id: &str, look: Look) -> String {
    look.faint(&format!("  snapshot {}", show::line(id))) + "\n"
}

pub(super) fn marked(sign: &str, tone: Tone, lines: &[String], look: Look) -> String {
    let mut text = String::new();
    let shown = if look.full { lines.len() } else { LINES_MAX };
    for line in lines.iter().take(shown) {
        let line = wrapped(&format!("{sign} {}", show::clean(line)), "    ", look);
        text += &look.paint(tone, &line[2..]);
        text.push('\n');
    }
    if lines.len() > shown {
        text += &look
            .faint(&format!("  … and {} more (-v shows all)", count((lines.len() - shown) as u64)));
        text.push('\n');
    }
    text
}

/// A store was made.
pub(crate) fn init(store: &str, look: Look) -> String {
    let done = look.paint(Tone::Good, "✓ made a store");
    let store = show::line(store);
    format!(
        "{done} in {store}\n  its configuration: {store}/tracehound.toml\n  next: tracehound ingest bitcoin PATH\n"
    )
}

/// The configuration is right.
pub(crate) fn config_right(store: &Path, look: Look) -> String {
    let store = store.to_string_lossy();
    format!(
        "{} of {}\n",
        look.paint(Tone::Good, "✓ nothing is wrong with the configuration"),
        show::line(&store)
    )
}

/// Blocks were taken in.
pub(crate) fn ingest(report: &IngestReport, look: Look) -> String {
    let done = match report.blocks {
        0 => "✓ no new blocks".to_owned(),
        blocks => format!("✓ took in {}", counted(blocks, "block", "blocks")),
    };
    let size = match report.bytes {
        0 => String::new(),
        bytes if bytes < MEGABYTE => format!(", {} bytes", count(bytes)),
        bytes => format!(", {} MB", count(bytes / MEGABYTE)),
    };
    let last =
        report.last_height.map(|height| format!(", up to height {height}")).unwrap_or_default();
    let mut page = look.paint(Tone::Good, &done) + &size + &last + "\n";
    let mut numbers = Numbers::new();
    if report.blocks > 0 {
        numbers.always("transactions", report.transactions, String::new());
        let unknown = match report.inputs_unknown {
            0 => String::new(),
            unknown => format!("{} spend an unknown output", count(unknown)),
        };
        numbers.always("inputs", report.inputs, unknown);
        numbers.always("outputs", report.outputs, String::new());
        numbers.always("new addresses", report.addresses_new, String::new());
    }
    numbers.some("inputs resolved", report.inputs_resolved, "of earlier blocks");
    numbers.some(
        "blocks passed over",
        report.blocks_held,
        "the ledger has them or begins after them",
    );
    numbers.some("blocks taken back", report.blocks_unwound, "another branch has more work");
    page += &numbers.0.lines(look);
    page += &marked("!", Tone::Warning, &report.notes, look);
    page + &snapshot(&report.snapshot, look)
}

/// A list was imported.
pub(crate) fn list(report: &ListReport, look: Look) -> String {
    let name = show::line(&report.list);
    let done = match report.dry_run {
        true => look.paint(Tone::Warning, "○ nothing was changed"),
        false => look.paint(Tone::Good, "✓ imported"),
    };
    let published =
        report.published_s.map(|time| format!(", published {}", day(time))).unwrap_or_default();
    let mut page = format!("{done}  {name} ({}){published}\n", show::line(&report.format));
    let mut numbers = Numbers::new();
    numbers.always("entities", report.entities, String::new());
    numbers.always("addresses", report.entries, String::new());
    let seen = match report.added_in_ledger {
        0 => String::new(),
        seen => format!("{} in the ledger", count(seen)),
    };
    numbers.always("added", report.added.len() as u64, seen);
    numbers.always("removed", report.removed.len() as u64, String::new());
    let relabelled = match report.relabelled {
        0 => String::new(),
        relabelled => format!("{} with another name, ticker or program", count(relabelled)),
    };
    numbers.always("unchanged", report.unchanged, relabelled);
    numbers.always("live after it", report.live, String::new());
    page += &numbers.0.lines(look);
    if report.dry_run || look.full {
        page += &marked("+", Tone::Plain, &report.added, look);
    }
    page += &marked("-", Tone::Warning, &report.removed, look);
    page += &marked("!", Tone::Warning, &report.warnings, look);
    if !report.unmatched.is_empty() {
        let n_unmatched =
            counted(report.unmatched.len() as u64, "identifier is", "identifiers are");
        page += &format!("  {n_unmatched} no address that is decoded; matching leaves them out:\n");
        page += &marked("?", Tone::Warning, &report.unmatched, look);
    }
    page += &look.faint(&format!("  version {}", hash(&report.version, look)));
    page + "\n" + &snapshot(&report.snapshot, look)
}

/// Tag packs were imported.
pub(crate) fn tags(report: &TagsReport, look: Look) -> String {
    let packs = counted(report.packs.len() as u64, "pack", "packs");
    let done =
        look.paint(Tone::Good, &format!("✓ imported {}", counted(report.tags, "tag", "tags")));
    let mut page = format!("{done} from {packs}; {} refused", count(report.refused));
    if report.actors > 0 {
        page += &format!("; {}", counted(report.actors, "actor", "actors"));
    }
    page += &format!("; the store holds {}\n", count(report.tags_held));
    if report.removed > 0 {
        let gone = counted(report.removed, "address is", "addresses are");
        page += &format!("  {gone} tagged no more by the same packs\n");
    }
    if !report.packs.is_empty() {
        page += &packs_table(&report.packs, look);
    }
    if look.full {
        for pack in &report.packs {
            page += &marked("?", Tone::Warning, &pack.refusals, look);
        }
    }
    page += &marked("!", Tone::Warning, &report.twice, look);
    page += &marked("✗ not imported:", Tone::Bad, &report.failed, look);
    page + &snapshot(&report.snapshot, look)
}

/// A line a pack, and below it what was refused and why, and remarks on what is kept.
fn packs_table(packs: &[PackReport], look: Look) -> String {
    let mut table = Table::headed(
        2,
        &[
            (Column::Right, "tags"),
            (Column::Right, "repeats"),
            (Column::Right, "refused"),
            (Column::Left, "pack"),
        ],
    );
    for pack in packs {
        let tone = if pack.refused > 0 { Tone::Warning } else { Tone::Plain };
        table.row([
            count(pack.tags).into(),
            count(pack.duplicates).into(),
            Cell::new(tone, count(pack.refused)),
            show::line(&pack.pack).into(),
        ]);
    }
    let lines = table.lines(look);
    let mut lines = lines.lines();
    let mut page = lines.next().map(|heading| format!("{heading}\n")).unwrap_or_default();
    for (line, pack) in lines.zip(packs) {
        page += &format!("{line}\n");
        let refused = pack
            .reasons
            .iter()
            .map(|(reason, number)| format!("refused, {reason}: {}", count(*number)));
        let remarks =
            pack.remarks.iter().map(|(remark, number)| format!("{remark}: {}", count(*number)));
        for text in refused.chain(remarks) {
            page += &look.faint(&wrapped(&show::clean(&text), "      ", look));
            page.push('\n');
        }
    }
    page
}

/// What the rules made of a run.
fn alerts(numbers: &mut Numbers, alerts: &AlertsOfRun) {
    numbers.some("alerts raised", alerts.raised, "`tracehound alerts list` shows them");
    numbers.some("alerts raised again", alerts.reraised, "their cause came back");
    numbers.some("alerts updated", alerts.updated, "their basis changed");
    numbers.some("alerts withdrawn", alerts.withdrawn, "their cause went");
    numbers.some("alerts joined", alerts.merged, "their subjects turned out to be one");
    numbers.some("rules that could not say", alerts.unknown, "a fact they ask for is not known");
}

/// The derived tables were made.
pub(crate) fn run(report: &RunReport, look: Look) -> String {
    let done = match report.up_to_date {
        true => "✓ there was nothing to do",
        false => "✓ everything is up to date",
    };
    let mut page = look.paint(Tone::Good, done) + "\n";
    let mut numbers = Numbers::new();
    numbers.always("links", report.links, format!("{} new", count(report.links_new)));
    for (heuristic, links) in &report.links_by_heuristic {
        numbers.always(&format!("  {}", show::line(heuristic)), *links, String::new());
    }
    let clustered = counted(report.clustered_addresses, "address", "addresses");
    let largest = count(report.largest_cluster);
    numbers.always(
        "clusters",
        report.clusters,
        format!("{clustered} in them, {largest} in the largest"),
    );
    if let Some(rebuilt) = report.addresses_rebuilt {
        numbers.some("  addresses clustered anew", rebuilt, "decisions or tags about them changed");
    }
    numbers.some("held links", report.held_links, "`tracehound cluster pending` shows them");
    numbers.some(
        "suggested links",
        report.suggested_links,
        "not followed; `tracehound cluster suggest` shows them",
    );
    numbers.some(
        "decisions without effect",
        report.decisions_without_effect,
        "what they name is not in this ledger",
    );
    numbers.always("cluster edges", report.cluster_edges, String::new());
    if !report.up_to_date {
        numbers.always("flow edges", report.flow_edges, String::new());
    }
    numbers.some(
        "mixing transactions",
        report.mixing_transactions,
        "several owners may have joined in each",
    );
    for (protocol, mixes) in &report.mixes_by_protocol {
        numbers.some(&format!("  {}", show::line(protocol)), *mixes, "labelled");
    }
    numbers.some("listed clusters", report.listed_clusters, "");
    numbers.some("tagged clusters", report.tagged_clusters, "");
    let [from, to] = report.near_listed;
    numbers.some("clusters paid from a listed one", from, "directly or over others");
    numbers.some("clusters that paid to a listed one", to, "directly or over others");
    numbers.some("known parties", report.known_parties, "of lists and tags, that hold a cluster");
    numbers.some("clusters exposed to one", report.exposed_clusters, "money from it, or to it");
    numbers.some("clusters near one", report.near_known_clusters, "within the bound of hops");
    numbers.some("patterns", report.patterns, "`tracehound risk patterns` shows them");
    numbers.some("scored clusters", report.scored_clusters, "`tracehound risk top` shows them");
    alerts(&mut numbers, &report.alerts);
    page += &numbers.0.lines(look);
    for why in &report.alerts.cannot_say {
        let line = wrapped(&format!("△ {}", show::clean(why)), "  ", look);
        page += &format!("{}\n", look.paint(Tone::Warning, &line));
    }
    if !report.change_model.is_empty() {
        let text = format!("model of change: {}", show::clean(&report.change_model));
        page += &format!("{}\n", wrapped(&text, "  ", look));
    }
    page + &snapshot(&report.snapshot, look)
}

/// The store was verified.
pub(crate) fn verify(report: &VerifyReport, look: Look) -> String {
    let files = counted(report.files, "file", "files");
    let rerun = if report.rerun { "; the derived tables were made again and compared" } else { "" };
    let mut page = match report.sound {
        true => look.paint(Tone::Good, "✓ sound"),
        false => look.paint(Tone::Bad, "✗ damaged"),
    };
    page += &format!("  {files} read{rerun}\n");
    if !report.not_compared.is_empty() {
        page += "  the derived tables are out of date, so they were not compared: `tracehound run` first\n";
    }
    page += &marked("!", Tone::Warning, &report.not_compared, look);
    page += &marked("✗", Tone::Bad, &report.damage, look);
    page += &marked("✗", Tone::Bad, &report.contradictions, look);
    page + &snapshot(&report.snapshot, look)
}

/// A table was exported.
pub(crate) fn export(report: &ExportReport, path: &Path, look: Look) -> String {
    let rows = counted(report.rows, "row", "rows");
    let done = look.paint(Tone::Good, &format!("✓ wrote {rows}"));
    let (table, path) = (show::line(&report.table), path.to_string_lossy());
    format!("{done} of {table} to {}\n{}", show::line(&path), snapshot(&report.snapshot, look))
}

/// The tables that can be exported.
pub(crate) fn tables(tables: &[(&str, &str)], look: Look) -> String {
    let widest = tables.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let indent = " ".repeat(widest + 2);
    let mut page = String::new();
    for (name, about) in tables {
        let about = wrapped(&show::clean(about), &indent, look);
        let gap = &indent[name.len()..];
        page += &format!("{}{gap}{}\n", look.heading(name), about.trim_start());
    }
    page
}

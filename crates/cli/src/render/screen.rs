//! A screening answer: the verdict first, then what it rests on.

use engine::{ListingAnswer, NearestAnswer, ScreenAnswer, TagAnswer, Time, Verdict};

use super::ink::{Look, Tone};
use super::table::{Cell, Column, Table};
use super::words::{self, address, count, counted, day, hash, wrapped};
use super::{path, risk};
use crate::run::Tally;
use crate::show;

/// Sign, word and tone of a verdict.
fn said(verdict: Verdict) -> (&'static str, &'static str, Tone) {
    match verdict {
        Verdict::Listed => ("■", "LISTED", Tone::Bad),
        Verdict::ClusterListed => ("■", "CLUSTER LISTED", Tone::Bad),
        Verdict::Connected => ("▲", "CONNECTED", Tone::Warning),
        Verdict::Tagged => ("●", "TAGGED", Tone::Remark),
        Verdict::NothingFound => ("○", "NOTHING FOUND", Tone::Good),
    }
}

/// The whole answer.
pub(crate) fn screen(answer: &ScreenAnswer, look: Look) -> String {
    let (sign, word, tone) = said(answer.verdict);
    let verdict = look.paint(tone, &format!("{sign} {word}"));
    let mut page = format!("{verdict}  {}\n", look.heading(&show::line(&answer.address)));
    page += &(wrapped(&meaning(answer), "  ", look) + "\n");
    page += &about(answer, look);
    page += &score(answer, look);
    page += &listings(answer, look);
    page += &tags(answer, look);
    page += &proximity(answer, look);
    page += &stale(answer, look);
    page += &provenance(answer, look);
    page
}

/// One line for one of many.
pub(crate) fn screen_line(answer: &ScreenAnswer, look: Look) -> String {
    let (sign, word, tone) = said(answer.verdict);
    let mut table = Table::new(0, &[Column::Left, Column::Left, Column::Prose, Column::Left]);
    // Padded by hand: each line is written before the next is known.
    let head = format!("{sign} {word:<14}");
    let stale = if answer.stale { "stale" } else { "" };
    table.row([
        Cell::new(tone, head),
        format!("{:<42}", show::line(&answer.address)).into(),
        short_reason(answer).into(),
        Cell::new(Tone::Warning, stale),
    ]);
    table.lines(look)
}

/// What came of many.
pub(crate) fn tally(tally: &Tally) -> String {
    let mut text = format!(
        "{} screened: {}",
        counted(tally.answered, "address", "addresses"),
        counted(tally.hits, "hit", "hits")
    );
    if tally.stale > 0 {
        text += &format!(", {} stale", count(tally.stale));
    }
    if tally.undecided > 0 {
        text += &format!(", {} undecided by --within", count(tally.undecided));
    }
    if tally.unread > 0 {
        text += &format!("; {} could not be read", count(tally.unread));
    }
    text
}

fn meaning(answer: &ScreenAnswer) -> String {
    let hops_max = answer.proximity.hops_max;
    match answer.verdict {
        Verdict::Listed => {
            let names = names(&answer.direct);
            format!("the address is on a list: {names}")
        }
        Verdict::ClusterListed => {
            let listings: Vec<_> =
                answer.cluster_hits.iter().flat_map(|hit| hit.listings.clone()).collect();
            format!("its owner has listed addresses: {}", names(&listings))
        }
        Verdict::Connected => {
            let hops = [&answer.proximity.from_listed, &answer.proximity.to_listed];
            let hops = hops.into_iter().flatten().map(|nearest| nearest.hops).min().unwrap_or(0);
            format!("a listed entity is {} away", counted(hops, "hop", "hops"))
        }
        Verdict::Tagged => {
            "somebody has tagged it, its owner or an entity that it dealt with".to_owned()
        }
        Verdict::NothingFound
            if !answer.proximity.listed_computed || !answer.proximity.tagged_computed =>
        {
            "no list or tag names it; how near others are was not computed".to_owned()
        }
        Verdict::NothingFound if answer.in_ledger => {
            format!(
                "no list or tag names it, its owner or anybody within {}",
                counted(hops_max, "hop", "hops")
            )
        }
        Verdict::NothingFound => "no list or tag names it; the ledger has not seen it".to_owned(),
    }
}

fn names(listings: &[ListingAnswer]) -> String {
    let mut names: Vec<String> = Vec::new();
    for listing in listings {
        // A plain list of addresses names no parties.
        let name = match listing.entity_name.as_str() {
            "" => format!("an entry of {}", show::line(&listing.list)),
            name => show::line(name),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join("; ")
}

fn short_reason(answer: &ScreenAnswer) -> String {
    let of_tag = |tag: &TagAnswer| show::line(&tag.label);
    match answer.verdict {
        Verdict::Listed => names(&answer.direct),
        Verdict::ClusterListed | Verdict::Connected => meaning(answer),
        Verdict::Tagged => answer
            .tags
            .first()
            .or(answer.cluster_tags.first())
            .map_or_else(|| nearest_tagged(answer).unwrap_or_default(), of_tag),
        Verdict::NothingFound if answer.in_ledger && !answer.proximity.listed_computed => {
            "how near others are was not computed".to_owned()
        }
        Verdict::NothingFound => String::new(),
    }
}

fn nearest_tagged(answer: &ScreenAnswer) -> Option<String> {
    let nearest = [&answer.proximity.from_tagged, &answer.proximity.to_tagged];
    let nearest = nearest.into_iter().flatten().min_by_key(|nearest| nearest.hops)?;
    Some(format!("{}, {} away", show::line(&nearest.entity), counted(nearest.hops, "hop", "hops")))
}

fn about(answer: &ScreenAnswer, look: Look) -> String {
    let mut facts = vec![answer.family.to_owned()];
    let chains: Vec<&str> = answer.chains.iter().map(|chain| chain.name()).collect();
    facts.push(chains.join(", "));
    match (answer.cluster, answer.in_ledger) {
        (Some(cluster), true) => facts.push(format!(
            "cluster {cluster} of {}",
            counted(answer.cluster_size, "address", "addresses")
        )),
        _ => facts.push("not in the ledger".to_owned()),
    }
    let mut text = look.faint(&words::facts(facts.iter().map(String::as_str), "  ", look)) + "\n";
    let query = answer.query.trim();
    if query != answer.address {
        text += &look.faint(&format!("  asked as {}", show::line(query)));
        text.push('\n');
    }
    for note in &answer.notes {
        text += &look.paint(Tone::Warning, &format!("  ! {}", show::line(note)));
        text.push('\n');
    }
    text
}

/// The score at a glance, with what weighs most.
fn score(answer: &ScreenAnswer, look: Look) -> String {
    let Some(score) = &answer.score else { return String::new() };
    let band = score.band.as_deref().map_or_else(String::new, |band| format!(", {band}"));
    let mut line = format!("score {} of 100{}", score.points, show::line(&band));
    if !score.because.is_empty() {
        line += &format!(": {}", show::line(&score.because));
    }
    let tone = risk::tone(score.points);
    let mut text = look.paint(tone, &wrapped(&line, "  ", look)) + "\n";
    if score.stale {
        let why = "  ! what the score rests on changed since the last run (`tracehound run`)";
        text += &(look.paint(Tone::Warning, why) + "\n");
    }
    text
}

fn listings(answer: &ScreenAnswer, look: Look) -> String {
    let mut page = String::new();
    if !answer.direct.is_empty() {
        page += &format!("\n{}\n", look.heading("On a list"));
        page += &listing_table(answer.direct.iter().map(|listing| ("", listing)), look);
    }
    if answer.cluster_hit_count > 0 {
        let n_hits = answer.cluster_hit_count;
        page += &format!(
            "\n{}\n",
            look.heading(&format!(
                "Same owner, on a list: {}",
                counted(n_hits, "other address", "other addresses")
            ))
        );
        let hits = answer.cluster_hits.iter();
        page += &listing_table(
            hits.flat_map(|hit| hit.listings.iter().map(|listing| (hit.address.as_str(), listing))),
            look,
        );
        page += &more(n_hits, answer.cluster_hits.len(), look);
    }
    page
}

/// Entries, each with the address it names where that is not the one asked for.
pub(super) fn listing_table<'a>(
    entries: impl Iterator<Item = (&'a str, &'a ListingAnswer)>,
    look: Look,
) -> String {
    let mut table =
        Table::new(2, &[Column::Left, Column::Prose, Column::Left, Column::Left, Column::Left]);
    for (listed, listing) in entries {
        table.row([
            address(listed, look).into(),
            show::line(&listing.entity_name).into(),
            show::line(&format!("{} {}", listing.list, listing.entity_id)).into(),
            show::line(&listing.programs).into(),
            Cell::new(Tone::Faint, since(listing.listed_from_s, listing.known_at_s)),
        ]);
    }
    table.lines(look)
}

fn since(listed_from: Time, known_at: Time) -> String {
    match listed_from == known_at {
        true => format!("since {}", day(listed_from)),
        false => format!("since {}, known {}", day(listed_from), day(known_at)),
    }
}

fn tags(answer: &ScreenAnswer, look: Look) -> String {
    let mut page = String::new();
    if !answer.tags.is_empty() {
        page += &format!("\n{}\n", look.heading("Tags"));
        page += &tag_table(&answer.tags, false, look);
    }
    if !answer.cluster_tags.is_empty() {
        // The count has the tags of the address itself among them.
        let n_others = answer.cluster_tag_count.saturating_sub(answer.tags.len() as u64);
        page += &format!(
            "\n{}\n",
            look.heading(&format!(
                "Same owner: {} on other addresses",
                counted(n_others, "tag", "tags")
            ))
        );
        page += &tag_table(&answer.cluster_tags, true, look);
        page += &more(n_others, answer.cluster_tags.len(), look);
    }
    page
}

/// Tags, with the address each is on if that is not clear.
pub(super) fn tag_table(tags: &[TagAnswer], with_address: bool, look: Look) -> String {
    let mut table =
        Table::new(2, &[Column::Left, Column::Prose, Column::Left, Column::Right, Column::Left]);
    for tag in tags {
        let tagged = if with_address { address(&tag.address, look) } else { String::new() };
        table.row([
            tagged.into(),
            show::line(&tag.label).into(),
            show::line(&tag.category).into(),
            format!("{} %", tag.confidence).into(),
            Cell::new(Tone::Faint, show::line(&tag.pack)),
        ]);
    }
    table.lines(look)
}

/// How many are not shown.
pub(super) fn more(total: u64, shown: usize, look: Look) -> String {
    match total.saturating_sub(shown as u64) {
        0 => String::new(),
        left => look.faint(&format!("  … and {} more", count(left))) + "\n",
    }
}

fn proximity(answer: &ScreenAnswer, look: Look) -> String {
    if !answer.in_ledger {
        return String::new();
    }
    let near = &answer.proximity;
    let hops_max = counted(near.hops_max, "hop", "hops");
    let mut page = format!("\n{}\n", look.heading(&format!("Nearest, within {hops_max}")));
    let (listed, tagged) = (near.listed_computed, near.tagged_computed);
    let rows: [(&str, &Option<NearestAnswer>, Tone, bool); 4] = [
        ("from a listed entity", &near.from_listed, Tone::Warning, listed),
        ("to a listed entity", &near.to_listed, Tone::Warning, listed),
        ("from a tagged entity", &near.from_tagged, Tone::Remark, tagged),
        ("to a tagged entity", &near.to_tagged, Tone::Remark, tagged),
    ];
    let mut table = Table::new(2, &[Column::Left, Column::Right, Column::Prose]);
    for (what, nearest, tone, is_computed) in rows {
        match nearest {
            None if is_computed => table.row([what.into(), Cell::new(Tone::Faint, "none")]),
            None => table.row([what.into(), Cell::new(Tone::Warning, "not computed")]),
            Some(nearest) => {
                let hops = match nearest.hops {
                    0 => "itself".to_owned(),
                    hops => counted(hops, "hop", "hops"),
                };
                table.row([what.into(), Cell::new(tone, hops), show::line(&nearest.entity).into()]);
            }
        }
    }
    page += &table.lines(look);
    let mut told: Vec<&[engine::HopAnswer]> = Vec::new();
    for (what, nearest, ..) in rows {
        let Some(nearest) = nearest.as_ref().filter(|nearest| !nearest.path.is_empty()) else {
            continue;
        };
        // A listed entity is often the nearest tagged one too.
        if !told.contains(&nearest.path.as_slice()) {
            page += &format!("\n  {}\n", look.heading(&format!("The way {what}")));
            page += &path::hops(&nearest.path, 2, look);
            told.push(&nearest.path);
        }
    }
    page
}

fn stale(answer: &ScreenAnswer, look: Look) -> String {
    stale_lines(&answer.stale_because, look)
}

/// Why an answer may be out of date.
pub(super) fn stale_lines(because: &[String], look: Look) -> String {
    if because.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n");
    for why in because {
        let line = format!("! stale: {}", show::line(why));
        text += &look.paint(Tone::Warning, &wrapped(&line, "", look));
        text.push('\n');
    }
    text
}

fn provenance(answer: &ScreenAnswer, look: Look) -> String {
    let as_of = answer.as_of_s.map(|time| format!("lists as of {}", day(time)));
    let lists = match answer.list_version.as_str() {
        "" => "no lists".to_owned(),
        version => format!("lists {}", hash(version, look)),
    };
    let snapshot = format!("snapshot {}", show::line(&answer.snapshot));
    let facts = [as_of.as_deref(), Some(&lists), Some(&snapshot)];
    format!("\n{}\n", look.faint(&words::facts(facts.into_iter().flatten(), "", look)))
}

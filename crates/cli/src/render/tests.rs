//! Whole pages as they print, kept in `src/render/expected`: what changes there is what a person sees change.
//! `UPDATE=1 cargo test -p tracehound-cli pages` writes them anew.

#![allow(clippy::unwrap_used)]

use unicode_width::UnicodeWidthStr;

use super::*;
use crate::args::Only;
use crate::run::Tally;

const LOOK: Look = Look { color: false, width: 100, full: false };

/// Every page there is, of the answers in `samples`.
fn pages(look: Look) -> Vec<(&'static str, String)> {
    let mut apart = samples::explain();
    (apart.same_cluster, apart.evidence) = (false, Vec::new());
    apart.not_followed = samples::not_followed();
    let mut cut = samples::trace();
    (cut.shortest, cut.widest) = (None, None);
    cut.shortest_truncated_by = Some("edges_visited_max".to_owned());
    let mut none = cut.clone();
    none.shortest_truncated_by = None;
    let mut around = none.clone();
    (around.not_through, around.clusters_not_passed) =
        (vec!["exchange".to_owned(), "mixing_service".to_owned()], 12);
    let same = engine::TraceAnswer { same_cluster: true, ..none.clone() };
    let mut unknown = samples::nothing_found();
    (unknown.in_ledger, unknown.cluster, unknown.score) = (false, None, None);
    let lines = [samples::listed(), samples::nothing_found()]
        .map(|answer| screen_line(&answer, look))
        .concat();
    let mut pages = vec![
        ("screen-listed", screen(&samples::listed(), look)),
        ("screen-nothing", screen(&samples::nothing_found(), look)),
        ("screen-unknown", screen(&unknown, look)),
        ("screen-lines", lines),
        ("trace", trace(&samples::trace(), None, look)),
        ("trace-widest", trace(&samples::trace(), Some(Only::Widest), look)),
        ("trace-none", trace(&none, None, look)),
        ("trace-around", trace(&around, None, look)),
        ("trace-cut", trace(&cut, None, look)),
        ("trace-same", trace(&same, None, look)),
        ("explain", explain(&samples::explain(), look)),
        ("explain-apart", explain(&apart, look)),
        ("members", members(&samples::members(), look)),
        ("neighbors", neighbors(&samples::neighbors(), look)),
        ("neighborhood", neighborhood(&samples::neighborhood(), look)),
        ("neighborhood-dot", dot(&samples::neighborhood(), look)),
        ("status", status(&samples::status(), look)),
        ("lists", lists(&samples::status().lists, &samples::status().list_version, look)),
        ("ingest", ingest(&samples::ingest(), look)),
        ("list", list(&samples::list(), look)),
        ("tags", tags(&samples::tags(), look)),
        (
            "tables",
            tables(
                &[
                    ("blocks", "one row a block"),
                    ("transactions", "one row ".repeat(20).trim_end()),
                ],
                look,
            ),
        ),
        ("run", run(&samples::run(), look)),
        ("demo", demo(&samples::demo(), look)),
    ];
    pages.extend(ownership_pages(look));
    pages.extend(money_pages(look));
    pages.extend(alert_pages(look));
    pages.extend(risk_pages(look));
    pages
}

/// The pages in which amounts have a value, and of monitored addresses.
fn money_pages(look: Look) -> Vec<(&'static str, String)> {
    let would_be_refused = vec!["rows that are no candle: 3 (--accept-refused)".to_owned()];
    let dry =
        engine::PricesReport { dry_run: true, would_be_refused, ..samples::prices_imported() };
    vec![
        ("trace-valued", trace(&samples::valued_trace(), None, look)),
        ("neighbors-valued", neighbors(&samples::valued_neighbors(), look)),
        ("neighborhood-valued", neighborhood(&samples::valued_neighborhood(), look)),
        ("prices-imported", prices_imported(&samples::prices_imported(), look)),
        ("prices-dry", prices_imported(&dry, look)),
        ("prices", prices(&samples::prices(), look)),
        (
            "prices-none",
            prices(&engine::PricesAnswer { series: Vec::new(), ..samples::prices() }, look),
        ),
        ("monitored", monitored(&samples::monitored(), look)),
        ("monitor-changed", monitor_changed(&samples::monitor_changed(), look)),
    ]
}

/// The pages about links that wait, decisions, behavior, mixes and models.
fn ownership_pages(look: Look) -> Vec<(&'static str, String)> {
    let mut asked = samples::explain();
    (asked.as_of, asked.without_rules) =
        (Some(ledger::Height::new(560_070)), vec!["change".to_owned()]);
    (asked.most_probable, asked.stale_because) = (true, samples::pending().stale_because);
    asked.evidence[1].source = Some(engine::SourceAnswer {
        kind: "decision".to_owned(),
        name: "0a1b2c3d4e5f".to_owned(),
        about: "accepted by jane: the exchange announced it".to_owned(),
    });
    let mut unmixed = samples::mix();
    (unmixed.label, unmixed.possible) = (None, Vec::new());
    unmixed.links.as_mut().unwrap().why_not = "1 of its inputs are unknown".to_owned();
    let mut untrained = samples::train();
    (untrained.change.version, untrained.change.threshold, untrained.change.figures) =
        (None, None, None);
    untrained.change.why_not = "change of 7 transactions in 5 clusters is revealed".to_owned();
    untrained.change.hint = Some("take in more blocks".to_owned());
    vec![
        ("explain-asked", explain(&asked, look)),
        ("pending", pending(&samples::pending(), look)),
        ("decisions", decisions(&samples::decisions(), look)),
        ("decided", decided(&samples::decided(), false, look)),
        ("suggest", suggest(&samples::suggest(), look)),
        ("features", features(&samples::features(), look)),
        ("mix", mix(&samples::mix(), look)),
        ("mix-none", mix(&unmixed, look)),
        ("train", train(&samples::train(), false, look)),
        ("train-none", train(&untrained, false, look)),
    ]
}

/// The pages about rules and alerts.
fn alert_pages(look: Look) -> Vec<(&'static str, String)> {
    let none = engine::AlertsAnswer { alerts: Vec::new(), total: 0, ..alert_samples::alerts() };
    let file = std::path::Path::new("rules.toml");
    vec![
        ("alerts", alerts(&alert_samples::alerts(), look)),
        ("alerts-none", alerts(&none, look)),
        ("alert", alert(&alert_samples::alert(), look)),
        ("acted", acted(&alert_samples::acted(), look)),
        ("rules", rules(&alert_samples::rules(), look)),
        ("rule", rule(&alert_samples::rule(), look)),
        ("rules-right", rules_right(file, &alert_samples::rules(), look)),
        ("published", published(&alert_samples::published(), look)),
        ("dry-run", dry_run(&alert_samples::dry_run(), look)),
    ]
}

/// The pages about exposure, proximity, patterns and scores.
fn risk_pages(look: Look) -> Vec<(&'static str, String)> {
    let mut hard = risk_samples::score();
    (hard.score, hard.hard_rule) = (Some(engine::Points(100_000)), Some("listed".to_owned()));
    hard.terms.clear();
    let mut new = risk_samples::score();
    (new.score, new.band, new.subject.computed) = (None, None, false);
    (new.terms, new.without) = (Vec::new(), Vec::new());
    new.stale_because = risk_samples::nearness().stale_because;
    vec![
        ("score-not-computed", score(&new, look)),
        ("score", score(&risk_samples::score(), look)),
        ("score-hard", score(&hard, look)),
        ("exposure", exposure(&risk_samples::exposure(), look)),
        ("nearness", nearness(&risk_samples::nearness(), look)),
        ("patterns", patterns(&risk_samples::patterns(), look)),
        ("riskiest", riskiest(&risk_samples::riskiest(), look)),
        ("profile-tried", profile_tried(&risk_samples::profile_tried(), look)),
        ("profile-published", profile_published(&risk_samples::profile_published(), look)),
    ]
}

#[test]
fn pages_print_as_kept() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/render/expected");
    for (name, page) in pages(LOOK) {
        let path = format!("{folder}/{name}.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == kept, "{path} differs from:\n{page}");
    }
}

#[test]
fn pages_fit_the_terminal() {
    for (name, page) in pages(LOOK) {
        for line in page.lines() {
            assert!(line.width() <= LOOK.width, "{name}: {} columns: {line}", line.width());
            assert_eq!(line, line.trim_end(), "{name}: blanks at the end");
        }
    }
}

#[test]
fn color_repeats_what_words_say() {
    for ((name, plain), (_, colored)) in
        pages(LOOK).into_iter().zip(pages(Look { color: true, ..LOOK }))
    {
        let mut text = String::new();
        let mut pieces = colored.split("\x1b[");
        text.push_str(pieces.next().unwrap());
        pieces.for_each(|piece| text.push_str(piece.split_once('m').unwrap().1));
        let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
        assert_eq!(trimmed.join("\n"), plain.trim_end_matches('\n'), "{name}");
    }
}

#[test]
fn whole_identifiers_are_whole() {
    let page = screen(&samples::listed(), Look { full: true, ..LOOK });
    assert!(page.contains(samples::B) && page.contains(&"5e".repeat(32)), "{page}");
}

/// What the worst of those who may write a label, a name or a file writes.
const BAD: &str = "x\x1b[2J\u{202e}\u{9b}31m\r\ny\u{200b}";

fn bad() -> String {
    BAD.to_owned()
}

fn hostile_answer() -> engine::ScreenAnswer {
    let mut answer = samples::listed();
    (answer.query, answer.address, answer.list_version, answer.snapshot) =
        (bad(), bad(), bad(), bad());
    (answer.notes, answer.stale_because) = (vec![bad()], vec![bad()]);
    for listing in answer.direct.iter_mut().chain(&mut answer.cluster_hits[0].listings) {
        (listing.list, listing.entity_id, listing.entity_name, listing.programs) =
            (bad(), bad(), bad(), bad());
    }
    answer.cluster_hits[0].address = bad();
    for tag in answer.tags.iter_mut().chain(&mut answer.cluster_tags) {
        (tag.label, tag.category, tag.pack, tag.address) = (bad(), bad(), bad(), bad());
    }
    for nearest in
        [&mut answer.proximity.from_listed, &mut answer.proximity.to_tagged].into_iter().flatten()
    {
        nearest.entity = bad();
        nearest.path.iter_mut().for_each(|hop| (hop.from_address, hop.to_address) = (bad(), bad()));
    }
    answer
}

#[track_caller]
fn check_clean(pages_of: impl Fn(Look) -> Vec<String>) {
    for page in [false, true].into_iter().flat_map(|full| pages_of(Look { full, ..LOOK })) {
        let got_through =
            |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{200b}'));
        assert!(!page.contains(got_through), "{page:?}");
        assert!(page.contains("\\u{1b}"), "{page}");
    }
}

#[test]
fn no_foreign_text_of_answers_reaches_the_terminal_uncleaned() {
    let answer = hostile_answer();
    let mut traced = samples::trace();
    (traced.from, traced.to, traced.snapshot, traced.stale_because) =
        (bad(), bad(), bad(), vec![bad()]);
    (traced.shortest_truncated_by, traced.not_through) = (Some(bad()), vec![bad()]);
    let mut explained = samples::explain();
    (explained.a, explained.b, explained.evidence[0].a, explained.snapshot) =
        (bad(), bad(), bad(), bad());
    let mut members_of = samples::members();
    (members_of.members[0], members_of.tags, members_of.listed) =
        (bad(), answer.tags.clone(), answer.cluster_hits.clone());
    let mut near = samples::neighbors();
    (near.address, near.neighbors[0].address, near.neighbors[0].entity) = (bad(), bad(), bad());
    let mut around = samples::neighborhood();
    for node in &mut around.nodes {
        (node.address, node.entity) = (bad(), bad());
    }
    (around.address, around.snapshot, around.not_through) = (bad(), bad(), vec![bad()]);
    let mut waiting = samples::pending();
    waiting.pairs[0].a.known_as = vec![bad()];
    (waiting.pairs[0].a.address, waiting.pairs[0].links[0].because) = (bad(), bad());
    let mut log = samples::decisions();
    (log.decisions[0].reason, log.decisions[0].author) = (bad(), bad());
    explained.evidence[0].source =
        Some(engine::SourceAnswer { kind: bad(), name: bad(), about: bad() });
    let mut valued = samples::valued_trace();
    valued.shortest.as_mut().unwrap().path[0].value.as_mut().unwrap().currency = bad();
    let mut watched = samples::monitored();
    (watched.addresses[0].label, watched.addresses[0].reason, watched.addresses[1].author) =
        (bad(), bad(), bad());
    check_clean(|look| {
        vec![
            trace(&valued, None, look),
            monitored(&watched, look),
            pending(&waiting, look),
            decisions(&log, look),
            neighborhood(&around, look),
            dot(&around, look),
            screen(&answer, look),
            screen_line(&answer, look),
            trace(&traced, None, look),
            explain(&explained, look),
            members(&members_of, look),
            neighbors(&near, look),
        ]
    });
}

#[test]
fn no_foreign_text_of_reports_reaches_the_terminal_uncleaned() {
    let mut state = samples::status();
    (state.largest_clusters[0].entity, state.lists[0].list, state.lists[0].version) =
        (bad(), bad(), bad());
    let mut took = samples::ingest();
    (took.notes, took.snapshot) = (vec![bad()], bad());
    let mut listed = samples::list();
    (listed.list, listed.format, listed.version, listed.warnings) =
        (bad(), bad(), bad(), vec![bad()]);
    (listed.added, listed.removed, listed.unmatched) = (vec![bad()], vec![bad()], vec![bad()]);
    let mut tagged = samples::tags();
    (tagged.packs[0].pack, tagged.packs[0].refusals, tagged.failed) =
        (bad(), vec![bad()], vec![bad()]);
    tagged.packs[0].reasons = [(bad(), 1)].into();
    let mut show = samples::demo();
    (show.questions[0].question, show.questions[0].command, show.questions[0].truth) =
        (bad(), bad(), bad());
    (show.try_next, show.store) = (vec![bad()], bad().into());
    let mut priced = samples::prices_imported();
    (priced.files[0].file, priced.files[0].time_column, priced.refused.first[0]) =
        (bad(), bad(), bad());
    let mut held = samples::prices();
    (held.series[0].asset, held.series[0].currency, held.currency) = (bad(), bad(), bad());
    check_clean(|look| {
        vec![
            prices_imported(&priced, look),
            prices(&held, look),
            status(&state, look),
            lists(&state.lists, BAD, look),
            ingest(&took, look),
            list(&listed, look),
            tags(&tagged, look),
            demo(&show, look),
            init(BAD, look),
            tables(&[("x", &bad())], look),
        ]
    });
}

#[test]
fn a_tally_says_what_came_of_it() {
    let tally_of = |answered, hits, stale, unread| {
        tally(&Tally { answered, hits, stale, unread, undecided: 0 })
    };
    assert_eq!(tally_of(1, 1, 0, 0), "1 address screened: 1 hit");
    assert_eq!(
        tally_of(1000, 0, 2, 3),
        "1,000 addresses screened: 0 hits, 2 stale; 3 could not be read"
    );
    let undecided = Tally { answered: 2, undecided: 1, ..Tally::default() };
    assert_eq!(tally(&undecided), "2 addresses screened: 0 hits, 1 undecided by --within");
}

#[test]
fn no_label_ends_its_own_string_in_a_picture() {
    let mut answer = samples::neighborhood();
    answer.nodes[1].entity = "a\"]; evil [label=\"b\\".to_owned();
    let text = dot(&answer, LOOK);
    let line = text.lines().find(|line| line.contains("evil")).unwrap();
    assert!(line.contains(r#"label="a\"]; evil [label=\"b\\\n"#), "{line}");
}

#[test]
fn no_foreign_text_of_alerts_reaches_the_terminal_uncleaned() {
    let mut list = alert_samples::alerts();
    for alert in &mut list.alerts {
        (alert.assignee, alert.headline) = (Some(bad()), bad());
    }
    list.alerts[0].subject = format!("entity:{BAD}");
    let mut one = alert_samples::alert();
    (one.summary.subject, one.summary.assignee) = (format!("cluster:{BAD}"), Some(bad()));
    (one.rule_about, one.rule_when, one.fatf) = (Some(bad()), Some(bad()), Some(bad()));
    (one.versions, one.merged_into, one.close_requested_by) = (bad(), Some(bad()), Some(bad()));
    for fact in &mut one.basis {
        (fact.name, fact.value, fact.text, fact.rows) = (bad(), bad(), bad(), vec![bad()]);
    }
    for event in &mut one.history {
        (event.author, event.reason, event.target) = (Some(bad()), bad(), Some(bad()));
    }
    let mut acts = alert_samples::acted();
    acts.alerts[0].assignee = Some(bad());
    let mut known = alert_samples::rules();
    (known.rules[0].about, known.snapshot) = (bad(), Some(bad()));
    let mut shown = alert_samples::rule();
    (shown.rule.about, shown.rule.when, shown.rule.fatf) = (bad(), bad(), Some(bad()));
    (shown.published[0].author, shown.published[0].reason) = (bad(), bad());
    let mut tried = alert_samples::dry_run();
    (tried.rules[0].alerts[0].subject, tried.rules[0].alerts[0].because) = (bad(), bad());
    tried.rules[1].missing = [(bad(), 1)].into();
    check_clean(|look| {
        vec![
            alerts(&list, look),
            alert(&one, look),
            acted(&acts, look),
            rules(&known, look),
            rule(&shown, look),
            dry_run(&tried, look),
        ]
    });
}

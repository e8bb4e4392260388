//! The demo: the world in numbers, four questions, and for each the command, the answer and the truth.

use engine::{DemoAnswer, DemoQuestion, DemoReport};

use super::ink::{Look, Tone};
use super::words::{count, counted, wrapped};
use super::{alert, explain, screen, trace};
use crate::show;

const RULE_WIDTH_MAX: usize = 100;
const INDENT: &str = "  ";

/// The whole show.
pub(crate) fn demo(report: &DemoReport, look: Look) -> String {
    let mut page = world(report, look);
    let n_questions = report.questions.len();
    for (index, question) in report.questions.iter().enumerate() {
        page += &asked(question, index + 1, n_questions, look);
    }
    page += &rule("", look);
    let n_agreeing = report.questions.iter().filter(|question| question.agrees).count();
    let (sign, tone) =
        if n_agreeing == n_questions { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
    let line = format!("{sign} {n_agreeing} of {n_questions} answers agree with the truth");
    page += &format!("{}\n\n{}\n", look.paint(tone, &line), look.heading("Try next"));
    for command in &report.try_next {
        page += &format!("  {}\n", show::clean(command));
    }
    page
}

fn world(report: &DemoReport, look: Look) -> String {
    let status = &report.status;
    let mut page =
        look.heading("A simulated world, taken in by the same code as real blocks") + "\n";
    page += &format!(
        "  {}, {}, {}\n",
        counted(status.blocks, "block", "blocks"),
        counted(status.transactions, "transaction", "transactions"),
        counted(status.addresses, "address", "addresses"),
    );
    page += &format!(
        "  {} from {}, {} between clusters\n",
        counted(status.clusters, "cluster", "clusters"),
        counted(status.links, "link", "links"),
        counted(status.cluster_edges, "edge", "edges"),
    );
    page += &format!(
        "  {} and {}; {} of the world {} listed\n",
        counted(status.tags, "tag", "tags"),
        counted(status.listings, "listing", "listings"),
        counted(status.listed_addresses, "address", "addresses"),
        if status.listed_addresses == 1 { "is" } else { "are" },
    );
    if report.run.mixing_transactions > 0 {
        let mixing = report.run.mixing_transactions;
        page += &format!(
            "  {} that may mix several owners\n",
            counted(mixing, "transaction", "transactions")
        );
    }
    let found = report.ownership;
    page += &format!(
        "  of the pairs of addresses in one cluster, {} truly have one owner\n  of the pairs of one owner, {} are found\n",
        share(found.pairs_right, found.pairs_right + found.pairs_wrong),
        share(found.pairs_right, found.pairs_right + found.pairs_missed),
    );
    page + &look
        .faint(&format!("  the store: {}\n", show::line(&report.store.display().to_string())))
}

/// So much of the whole in percent, rounded down: 100 % means all of them.
fn share(part: u64, whole: u64) -> String {
    let tenths = (u128::from(part) * 1000).checked_div(u128::from(whole));
    tenths.map_or_else(|| "none".to_owned(), |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
}

fn asked(question: &DemoQuestion, number: usize, total: usize, look: Look) -> String {
    let mut page = rule(&format!("{} of {}", count(number as u64), count(total as u64)), look);
    page += &format!("{}\n", look.heading(&wrapped(&show::clean(&question.question), "", look)));
    page += &format!("\n  $ {}\n\n", look.paint(Tone::Remark, &show::clean(&question.command)));
    let inner = Look { width: look.width.saturating_sub(INDENT.len()), ..look };
    let answer = match &question.answer {
        DemoAnswer::Screen(answer) => screen(answer, inner),
        DemoAnswer::Trace(answer) => trace(answer, None, inner),
        DemoAnswer::Explain(answer) => explain(answer, inner),
        DemoAnswer::Alert(answer) => alert(answer, inner),
    };
    page += &answer
        .lines()
        .map(|line| format!("{INDENT}{line}").trim_end().to_owned() + "\n")
        .collect::<String>();
    let (sign, tone) = if question.agrees { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
    let truth = format!("{sign} truth: {}", show::clean(&question.truth));
    page + "\n" + &look.paint(tone, &wrapped(&truth, INDENT, look)) + "\n"
}

fn rule(name: &str, look: Look) -> String {
    let width = look.width.min(RULE_WIDTH_MAX);
    let head = if name.is_empty() { String::new() } else { format!("── {name} ") };
    let line = head.clone() + &"─".repeat(width.saturating_sub(head.chars().count()));
    format!("\n{}\n", look.faint(&line))
}

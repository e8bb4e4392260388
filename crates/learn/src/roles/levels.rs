//! What names stand for: levels of a category, steps of a scale, words, or names of rows.

use std::collections::BTreeSet;

use super::judge::Judged;
use super::reading::{Reading, read_levels};
use super::{Kind, scales};
use crate::frame::{Column, cut};

/// Rows below which near-unique names may be chance.
const ROWS_MIN: u64 = 50;

/// What a column of names is. `reading` is [`Reading::Level`] or [`Reading::Code`].
pub(super) fn names(column: &Column, reading: Reading) -> Judged {
    let levels = read_levels(&reading, column);
    let (counts, missing) = levels.counts();
    let counts: Vec<(&str, u64)> = counts.into_iter().collect();
    let n_known: u64 = counts.iter().map(|level| level.1).sum();
    let n = counts.len() as u64;
    if let Some((sorted, how)) = ordered(&counts) {
        let shown: Vec<&str> = sorted.iter().take(6).map(String::as_str).collect();
        let more = if sorted.len() > shown.len() { " < …" } else { "" };
        let reason = format!("{how}: {}{more}; {missing} missing", shown.join(" < "));
        return Judged::new(Kind::Ordered, Reading::Scale { levels: sorted }, reason);
    }
    let n_words: u64 =
        counts.iter().map(|(name, count)| name.split_whitespace().count() as u64 * count).sum();
    let words = n_words as f64 / n_known.max(1) as f64;
    let unique = n as f64 / n_known.max(1) as f64;
    let said = format!("{n} distinct texts in {n_known} rows");
    if (words >= 3.0 && unique >= 0.3 && n > 50) || (words >= 8.0 && n > 20) {
        return Judged::new(
            Kind::Text,
            reading,
            format!("{said} of {words:.1} words on average, {missing} missing"),
        );
    }
    if unique >= 0.95 && n_known >= ROWS_MIN {
        let reason =
            format!("{said} of {words:.1} words on average: a name of the row; {missing} missing");
        return Judged::new(Kind::Identifier, reading, reason);
    }
    let mut frequent = counts;
    frequent.sort_by_key(|level| std::cmp::Reverse(level.1));
    let shown: Vec<String> =
        frequent.iter().take(3).map(|(name, count)| format!("{:?} {count}", cut(name))).collect();
    let reason = format!("{said}, most often {}; {missing} missing", shown.join(", "));
    Judged::new(Kind::Category, reading, reason)
}

/// The order of the levels, where all that say something have one.
fn ordered(counts: &[(&str, u64)]) -> Option<(Vec<String>, &'static str)> {
    let lower = lower(counts);
    scales::ordered(&lower).or_else(|| {
        let said: Vec<String> =
            lower.iter().filter(|name| !super::numbers::is_missing_word(name)).cloned().collect();
        (said.len() < lower.len()).then(|| scales::ordered(&said)).flatten()
    })
}

fn lower(counts: &[(&str, u64)]) -> Vec<String> {
    let lower: BTreeSet<String> = counts.iter().map(|level| level.0.to_lowercase()).collect();
    lower.into_iter().collect()
}

/// The levels as a scale: in their own order, or in that of their texts.
pub(super) fn scale(counts: &[(&str, u64)]) -> Vec<String> {
    ordered(counts).map_or_else(|| lower(counts), |(sorted, _)| sorted)
}

//! Texts as numbers: how long they are, what they are made of, which frequent words they hold.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Longest word, characters; longer ones are no words.
const WORD_MAX: usize = 32;
/// Rows that a word must be in to be a feature.
const ROWS_MIN: u64 = 5;

/// A number made of a whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Statistic {
    Length,
    Words,
    Digits,
    Upper,
}

impl Statistic {
    pub(super) const ALL: [Self; 4] = [Self::Length, Self::Words, Self::Digits, Self::Upper];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Words => "words",
            Self::Digits => "digits",
            Self::Upper => "capitals",
        }
    }

    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Length => "number of characters",
            Self::Words => "number of words between spaces",
            Self::Digits => "share of its characters that are digits",
            Self::Upper => "share of its characters that are capital letters",
        }
    }

    pub(super) fn of(self, text: &str) -> f64 {
        let length = text.chars().count() as f64;
        let share =
            |is: fn(char) -> bool| text.chars().filter(|c| is(*c)).count() as f64 / length.max(1.0);
        match self {
            Self::Length => length,
            Self::Words => text.split_whitespace().count() as f64,
            Self::Digits => share(|c| c.is_ascii_digit()),
            Self::Upper => share(char::is_uppercase),
        }
    }
}

/// The words of a text, in lower case, each once.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && word.chars().count() <= WORD_MAX);
    words.map(str::to_lowercase).collect()
}

/// The words in most of the texts, `n_max` at most, most frequent first; those in nearly all say nothing.
pub(super) fn frequent<'a>(
    texts: impl Iterator<Item = (&'a str, u64)>,
    n_max: usize,
) -> Vec<String> {
    let (mut counts, mut n_rows): (BTreeMap<String, u64>, u64) = (BTreeMap::new(), 0);
    for (text, count) in texts {
        n_rows += count;
        words(text).into_iter().for_each(|word| *counts.entry(word).or_insert(0) += count);
    }
    let telling = |count: u64| count >= ROWS_MIN.max(n_rows / 200) && count * 20 <= n_rows * 19;
    let mut counts: Vec<(String, u64)> =
        counts.into_iter().filter(|word| telling(word.1)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(n_max);
    counts.into_iter().map(|word| word.0).collect()
}

/// What stands before the first digit of a code: `C` of `C85`, `PC` of `PC 17599`.
pub(super) fn prefix(text: &str) -> &str {
    let end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].trim_end_matches(|c: char| !c.is_alphanumeric())
}

/// The last number in a code: 17599 of `PC 17599`; NaN where there is none of at most 15 digits.
pub(super) fn last_number(text: &str) -> f64 {
    let mut runs = text.rsplit(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let last = runs.next().filter(|run| run.len() <= 15);
    last.and_then(|run| run.parse().ok()).unwrap_or(f64::NAN)
}

//! What is wrong with a file of rules, with the place in the file.

use std::fmt;

/// Longest line shown; what is longer is cut around the fault.
const SHOWN_MAX: usize = 100;

/// A fault of a file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The rule, where it has a name.
    pub rule: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line itself, perhaps cut.
    pub shown: String,
    /// Where in `shown` the fault begins, and how long it is, in characters.
    pub mark: (usize, usize),
}

impl RuleFault {
    /// The fault at bytes of the file.
    pub(super) fn at(text: &str, span: std::ops::Range<usize>, what: impl Into<String>) -> Self {
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let before = text[line_start..start].chars().count();
        let length = text[start..end.min(line_end)].chars().count().max(1);
        let skipped = before.saturating_sub(SHOWN_MAX / 2);
        let skipped = if line.chars().count() <= SHOWN_MAX { 0 } else { skipped };
        // A tab is as wide as the terminal likes: a blank in its place keeps the mark below its fault.
        let shown: String = line
            .chars()
            .skip(skipped)
            .take(SHOWN_MAX)
            .map(|c| if c == '\t' { ' ' } else { c })
            .collect();
        let room = shown.chars().count().saturating_sub(before - skipped).max(1);
        Self {
            line: text[..line_start].matches('\n').count() + 1,
            column: before + 1,
            rule: None,
            what: what.into(),
            hint: None,
            shown,
            mark: (before - skipped, length.min(room)),
        }
    }

    pub(super) fn hinted(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// The character boundary at or below.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for RuleFault {
    /// The fault, then the line with a mark below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule.as_ref().map(|rule| format!("rule {rule}, ")).unwrap_or_default();
        writeln!(f, "{rule}line {}, column {}: {}", self.line, self.column, self.what)?;
        let number = self.line.to_string();
        let (start, length) = self.mark;
        writeln!(f, "{number} | {}", self.shown)?;
        let blanks = " ".repeat(number.len() + 3 + start);
        write!(f, "{blanks}{}", "^".repeat(length))
    }
}

//! Numbers that people wrote: blanks, separators of thousands, currencies, percent signs, accountants' parentheses.

use serde::{Deserialize, Serialize};

use super::reading::Cell;

/// Which character parts whole from fraction in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.5`
    Point,
    /// `1.234,5`
    Comma,
}

impl DecimalMark {
    fn mark(self) -> char {
        if self == Self::Point { '.' } else { ',' }
    }

    /// Space, apostrophe and underscore part thousands under either mark.
    fn groups(self, character: char) -> bool {
        let other = if self == Self::Point { ',' } else { '.' };
        character == other || matches!(character, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' | '_')
    }
}

/// Words for a value that is not there, in lower case.
const MISSING_WORDS: [&str; 12] =
    ["na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", ".", "missing"];

const CURRENCIES: [&str; 14] =
    ["$", "€", "£", "¥", "₹", "₿", "us$", "usd", "eur", "gbp", "jpy", "chf", "inr", "btc"];

/// Whether a text stands for a value that is not there.
pub(crate) fn is_missing_word(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || (text.len() <= 7 && MISSING_WORDS.contains(&text.to_lowercase().as_str()))
}

/// How a number was written, for the reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dress {
    pub(crate) grouped: bool,
    pub(crate) currency: bool,
    pub(crate) percent: bool,
    pub(crate) parentheses: bool,
    /// Starts with a zero before another digit, as no amount does.
    pub(crate) leading_zero: bool,
}

/// The number a text stands for. A percent sign is left out, not applied: `5 %` is 5.
pub(crate) fn read(text: &str, mark: DecimalMark) -> (Cell<f64>, Dress) {
    let mut dress = Dress::default();
    if is_missing_word(text) {
        return (Cell::Blank, dress);
    }
    let text = text.trim();
    let words = text.trim_start_matches(['+', '-']).to_lowercase();
    if matches!(words.as_str(), "inf" | "infinity" | "∞") {
        return (Cell::Infinite, dress);
    }
    let Some((body, negative)) = undressed(text, &mut dress) else { return (Cell::Odd, dress) };
    let Some(plain) = ungrouped(body, mark, &mut dress) else { return (Cell::Odd, dress) };
    match plain.parse::<f64>() {
        Ok(value) if value.is_infinite() => (Cell::Infinite, dress),
        Ok(value) => (Cell::Value(if negative { -value } else { value }), dress),
        Err(_) => (Cell::Odd, dress),
    }
}

/// What is left without sign, currency, percent and parentheses, and whether it is below zero.
fn undressed<'a>(text: &'a str, dress: &mut Dress) -> Option<(&'a str, bool)> {
    let inner = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    dress.parentheses = inner.is_some();
    let (mut body, mut negative) = signed(inner.unwrap_or(text));
    if let Some(rest) = body.strip_suffix('%') {
        (body, dress.percent) = (rest.trim_end(), true);
    }
    if let Some(rest) = without_currency(body) {
        dress.currency = true;
        let (rest, minus) = signed(rest);
        if minus && negative {
            return None;
        }
        (body, negative) = (rest, negative || minus);
    }
    // Two ways to write a negative number at once have no agreed meaning.
    if dress.parentheses && negative {
        return None;
    }
    Some((body, negative || dress.parentheses))
}

fn signed(text: &str) -> (&str, bool) {
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (rest.trim_start(), true),
        None => (text.strip_prefix('+').unwrap_or(text).trim_start(), false),
    }
}

fn without_currency(text: &str) -> Option<&str> {
    // Digits at both ends: the common case pays nothing.
    if text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    CURRENCIES.iter().rev().find_map(|sign| {
        let start = text.get(..sign.len()).filter(|start| start.to_lowercase() == **sign);
        let end_at = text.len().saturating_sub(sign.len());
        let end = text.get(end_at..).filter(|end| end.to_lowercase() == **sign);
        match (start, end) {
            (Some(_), _) => Some(text[sign.len()..].trim()),
            (None, Some(_)) => Some(text[..end_at].trim()),
            (None, None) => None,
        }
    })
}

/// Digits with a point, as Rust reads them. Groups must be of three digits, the first of one to three.
fn ungrouped(body: &str, mark: DecimalMark, dress: &mut Dress) -> Option<String> {
    let exponent_at = body.find(['e', 'E']);
    let (mantissa, exponent) = body.split_at(exponent_at.unwrap_or(body.len()));
    let mut parts = mantissa.splitn(2, mark.mark());
    let (whole, fraction) = (parts.next().unwrap_or_default(), parts.next());
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !fraction.is_none_or(is_digits) || (whole.is_empty() && fraction.is_none_or(str::is_empty)) {
        return None;
    }
    let mut plain = String::with_capacity(body.len() + 1);
    let mut groups = whole.split(|character| mark.groups(character));
    let first = groups.next().unwrap_or_default();
    plain.push_str(first);
    for group in groups {
        dress.grouped = true;
        // Nobody writes thousands of nothing: `0,346` is a fraction under the other mark.
        let starts = (1..=3).contains(&first.len()) && !first.starts_with('0');
        if group.len() != 3 || !starts || !is_digits(group) {
            return None;
        }
        plain.push_str(group);
    }
    if !is_digits(first) {
        return None;
    }
    dress.leading_zero = plain.len() > 1 && plain.starts_with('0');
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
        if fraction.is_empty() {
            plain.push('0');
        }
    }
    if !exponent.is_empty() {
        let digits = exponent[1..].trim_start_matches(['+', '-']);
        if digits.is_empty() || !is_digits(digits) || exponent.len() - digits.len() > 2 {
            return None;
        }
        plain.push_str(exponent);
    }
    Some(plain)
}

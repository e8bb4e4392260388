//! Pieces of HTML: text that cannot become markup, tables, numbers.
//!
//! Everything written is well-formed XML, too, so that a test can read the whole page with a parser that forgives nothing.

use std::fmt::Write as _;

use crate::frame::is_hostile;

/// Any text as text of a page or of an attribute. Control characters, which no page may hold or which turn the direction of
/// the text around them, become U+FFFD.
pub(super) fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if is_hostile(other) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// The first characters of a text, and an ellipsis where there are more.
pub(super) fn clipped(raw: &str, n_characters: usize) -> String {
    if raw.chars().count() <= n_characters {
        return raw.to_owned();
    }
    raw.chars().take(n_characters - 1).chain(['…']).collect()
}

/// A table. `columns` are names with whether they hold numbers; cells are markup.
pub(super) fn table(columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
    let class = |is_number: bool| if is_number { " class=\"n\"" } else { "" };
    let mut html = "<div class=\"scroll\"><table><thead><tr>".to_owned();
    for (name, is_number) in columns {
        let _ = write!(html, "<th{}>{}</th>", class(*is_number), text(name));
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (cell, (_, is_number)) in row.iter().zip(columns) {
            let _ = write!(html, "<td{}>{cell}</td>", class(*is_number));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

pub(super) fn paragraph(words: &str) -> String {
    format!("<p>{}</p>\n", text(words))
}

pub(super) fn note(words: &str) -> String {
    format!("<p class=\"soft\">{}</p>\n", text(words))
}

/// A whole number with commas: `7,043`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share in percent: `26.5 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

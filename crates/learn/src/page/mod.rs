//! Pieces of the pages that reports are: text that cannot become markup, tables, figures, numbers.
//!
//! A page needs nothing else (no script, no font, no image from anywhere; its own policy forbids them) and is readable by day, by
//! night and on paper. Everything written is well-formed XML, too, so that a test can read the whole page with a parser that
//! forgives nothing. Series differ by dashes as well as by color (Okabe and Ito's palette), so that neither sight nor a printer
//! loses one.

use std::fmt::Write as _;

use crate::frame::is_hostile;

/// Series that can be told apart.
pub const SERIES_MAX: usize = 8;

/// A whole page: `style` beside that of every page, `content` below the heading as markup.
pub fn document(title: &str, heading: &str, style: &str, content: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}</title>\n\
         <style>\n{}{style}</style></head>\n<body><main><h1>{}</h1>\n{content}</main></body></html>\n",
        text(title),
        include_str!("style.css"),
        text(heading),
    )
}

/// Any text as text of a page or of an attribute. Control characters, which no page may hold or which turn the direction of
/// the text around them, become U+FFFD.
pub fn text(raw: &str) -> String {
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
pub fn clipped(raw: &str, n_characters: usize) -> String {
    if raw.chars().count() <= n_characters {
        return raw.to_owned();
    }
    raw.chars().take(n_characters - 1).chain(['…']).collect()
}

/// A table. `columns` are names with whether they hold numbers; cells are markup.
pub fn table(columns: &[(&str, bool)], rows: &[Vec<String>]) -> String {
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

/// Words as a paragraph.
pub fn paragraph(words: &str) -> String {
    format!("<p>{}</p>\n", text(words))
}

/// Words beside the matter.
pub fn note(words: &str) -> String {
    format!("<p class=\"soft\">{}</p>\n", text(words))
}

/// A whole number with commas: `7,043`.
pub fn count(number: u64) -> String {
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
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The beginning of a drawing `width` by `height` pixels large, with its title; `</svg>` ends it.
pub fn drawing(title: &str, width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{0}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\"><text class=\"title\" x=\"0\" y=\"13\">{1}</text>",
        text(title),
        text(&clipped(title, 46))
    )
}

/// A drawing with words below it.
pub fn framed(svg: &str, caption: &str) -> String {
    let caption = match caption {
        "" => String::new(),
        words => format!("<figcaption>{}</figcaption>", text(words)),
    };
    format!("<figure>{svg}{caption}</figure>\n")
}

/// What each series is.
pub fn legend(names: &[&str]) -> String {
    let mut html = "<p class=\"legend\">".to_owned();
    for (series, name) in names.iter().enumerate() {
        let _ = write!(
            html,
            "<span><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"26\" height=\"8\" aria-hidden=\"true\">\
             <path class=\"curve k{}\" d=\"M0 4L26 4\"/></svg>{}</span>",
            series % SERIES_MAX,
            text(name)
        );
    }
    html + "</p>\n"
}

/// From the smallest to the largest of some values that are finite; wider where they are all the same, 0 to 1 where none is.
pub fn limits(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (lower, upper) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), v| (min.min(v), max.max(v)));
    match (lower.is_finite(), lower < upper) {
        (false, _) => (0.0, 1.0),
        (true, false) => (lower - lower.abs().max(1.0) / 2.0, upper + upper.abs().max(1.0) / 2.0),
        (true, true) => (lower, upper),
    }
}

/// About `n` values within the limits at 1, 2 or 5 times a power of ten.
pub fn ticks((lower, upper): (f64, f64), n: f64) -> Vec<f64> {
    let raw = (upper / n - lower / n).abs();
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= raw * 0.999);
    let step = step.unwrap_or(10.0) * power;
    if !(step.is_finite() && step > 0.0) {
        return Vec::new();
    }
    let first = (lower / step).ceil();
    let ticks = (0..12).map(|at| (first + f64::from(at)) * step);
    // Beyond 2^53 steps from zero a tick is not the next one.
    ticks.filter(|at| *at >= lower && *at <= upper + step * 1e-9).collect()
}

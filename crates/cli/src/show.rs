//! Makes foreign text harmless before a person sees it.
//!
//! In: text that anybody may have written (tag labels, entity names, file names, what a node says). Out: the
//! same text with every character that moves the cursor, colors, reorders or hides text replaced by its escape,
//! `\u{202e}`. Nothing is dropped, so two labels that differ never look alike by what was taken away.
//! Source: Trojan Source (Boucher and Anderson 2021) for the bidirectional controls; ECMA-48 for C0 and C1, of
//! which U+009B alone begins an escape sequence. Letters that merely look alike are left: telling them apart
//! needs tables that would refuse honest names.
//! Checked by: a corpus of attacks, and every character there is.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest foreign text that is shown in a line.
const CHARS_MAX: usize = 160;

/// Whether the character does something to a terminal besides taking up its place.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Soft hyphen, Arabic letter mark, Hangul fillers, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
            // Zero width, direction marks, line and paragraph separators, embeddings and overrides.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            // Musical controls, tags, variation selectors.
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with what could harm a terminal or a reader escaped.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => shown.extend(c.escape_default()),
            c if is_hostile(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The text for a place in a line: cleaned, trimmed, and cut where it is longer than any honest name.
pub(crate) fn line(text: &str) -> String {
    let shown = clean(text.trim());
    match shown.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

/// Text of several lines of our own making with foreign text inside, such as an error of the TOML reader that
/// points at a place: line ends stay, everything else is cleaned.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Serialized JSON with the characters that JSON lets through and a terminal should not get as `\uXXXX`. They can
/// stand in strings only, so the meaning is the same.
pub(crate) fn json(json: &str) -> Cow<'_, str> {
    let hides = |c: char| !c.is_ascii() && is_hostile(c) || c == '\u{7f}';
    if !json.chars().any(hides) {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(shown, "\\u{unit:04x}").expect("writing to a String cannot fail");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What an attacker may write into a label, and what a person then sees.
    const CORPUS: &[(&str, &str)] = &[
        ("Binance", "Binance"),
        ("Bürgschaft № 7 · 取引所", "Bürgschaft № 7 · 取引所"),
        ("\x1b[2J\x1b[Hall clear", r"\u{1b}[2J\u{1b}[Hall clear"),
        ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
        (
            "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
            r"\u{1b}]8;;http://evil\u{1b}\click\u{1b}]8;;\u{1b}\",
        ),
        ("\u{9b}31mred", r"\u{9b}31mred"),
        ("\u{90}q\u{9c}", r"\u{90}q\u{9c}"),
        ("bad\rgood", r"bad\rgood"),
        ("one\ntwo\ttab", r"one\ntwo\ttab"),
        ("a\x08\x08b\x7f", r"a\u{8}\u{8}b\u{7f}"),
        ("\0", r"\u{0}"),
        ("listed\u{202e}detsil", r"listed\u{202e}detsil"),
        ("\u{2066}x\u{2069}\u{200f}", r"\u{2066}x\u{2069}\u{200f}"),
        ("Bin\u{200b}ance\u{feff}", r"Bin\u{200b}ance\u{feff}"),
        ("x\u{e0041}\u{e007f}", r"x\u{e0041}\u{e007f}"),
        ("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}"),
        ("so\u{ad}ft \u{3164}", r"so\u{ad}ft \u{3164}"),
    ];

    #[test]
    fn attacks_are_shown_as_what_they_are() {
        for (text, shown) in CORPUS {
            assert_eq!(clean(text), *shown, "{text:?}");
            let value: String =
                serde_json::from_str(&json(&serde_json::to_string(text).unwrap())).unwrap();
            assert_eq!(value, *text, "JSON says the same, escaped");
        }
    }

    #[test]
    fn no_control_character_gets_through() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let text = c.to_string();
            let shown = clean(&text);
            assert!(!shown.chars().any(is_hostile), "{c:?}");
            assert!(shown == text || is_hostile(c), "{c:?} is left alone");
            let written = serde_json::to_string(&text).unwrap();
            assert!(!json(&written).chars().any(is_hostile), "{c:?} in JSON");
        }
    }

    #[test]
    fn long_text_is_cut() {
        let long = "x".repeat(10_000);
        assert_eq!(line(&long).chars().count(), CHARS_MAX + 1);
        assert_eq!(line("  \u{1b}  "), r"\u{1b}");
        assert_eq!(lines("a\n\x1bb\nc"), "a\n\\u{1b}b\nc");
    }
}

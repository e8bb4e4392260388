//! Where a byte of a TOML string's value stands in the file.

/// For every byte of the value (and its end), the byte of the file that it comes from; `None` if the two do not fit
/// together, so that a fault is shown at the start of the string and never at a wrong place.
pub(super) fn places(file: &str, span: std::ops::Range<usize>, value: &str) -> Option<Vec<usize>> {
    let raw = file.get(span.clone())?;
    let (quotes, is_literal) = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quotes| raw.starts_with(quotes) && raw.len() >= 2 * quotes.len())
        .map(|quotes| (quotes, quotes.starts_with('\'')))?;
    let mut at = quotes.len();
    let end = raw.len() - quotes.len();
    // The first line end of a text of several lines is not part of it.
    if quotes.len() == 3 {
        at += ["\r\n", "\n"].iter().find(|n| raw[at..].starts_with(**n)).map_or(0, |n| n.len());
    }
    let mut places = Vec::with_capacity(value.len() + 1);
    let mut read = String::with_capacity(value.len());
    while at < end {
        let rest = &raw[at..end];
        let (text, length) = match rest.strip_prefix('\\').filter(|_| !is_literal) {
            None if rest.starts_with("\r\n")
                && value[read.len().min(value.len())..].starts_with('\n') =>
            {
                ("\n".to_owned(), 2)
            }
            None => {
                let c = rest.chars().next()?;
                (c.to_string(), c.len_utf8())
            }
            Some(escaped) => escape(escaped)?,
        };
        places.extend(std::iter::repeat_n(span.start + at, text.len()));
        read += &text;
        at += length;
    }
    places.push(span.start + end);
    (read == value).then_some(places)
}

/// What an escape stands for, and its length with the backslash.
fn escape(escaped: &str) -> Option<(String, usize)> {
    let c = escaped.chars().next()?;
    let plain = |text: &str| Some((text.to_owned(), 2));
    let hex = |digits: usize| {
        let number = u32::from_str_radix(escaped.get(1..=digits)?, 16).ok()?;
        Some((char::from_u32(number)?.to_string(), digits + 2))
    };
    match c {
        'b' => plain("\u{8}"),
        't' => plain("\t"),
        'n' => plain("\n"),
        'f' => plain("\u{c}"),
        'r' => plain("\r"),
        'e' => plain("\u{1b}"),
        '"' => plain("\""),
        '\\' => plain("\\"),
        'x' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        // A backslash at the end of a line takes the line end and the blanks after it away.
        _ if c.is_whitespace() => {
            let blanks = escaped.len() - escaped.trim_start().len();
            Some((String::new(), 1 + blanks))
        }
        _ => None,
    }
}

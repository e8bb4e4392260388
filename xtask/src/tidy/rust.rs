//! Just enough of Rust's lexis to tell code from text, and to see where functions end.
//!
//! In: the source of one file. Out: the same text with every comment, string and character literal
//! blanked (same length, same lines), and its functions with their first and last line (from 1).
//! Turned down: a parser (`syn` costs more to build than all of this crate) and regular expressions
//! (a brace in a string ends a function early). Source: the Rust Reference, chapter Tokens.
//! Cost: one pass each. Checked by: `rust/tests.rs`, by hand and on generated mixtures.

#[cfg(test)]
mod tests;

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) first_line: usize,
    pub(super) last_line: usize,
}

/// `source` with spaces in place of comments and literals that hold text.
pub(super) fn code_only(source: &str) -> String {
    let mut code = source.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let (length, is_code) = token(&source.as_bytes()[at..]);
        let end = (at + length).min(code.len());
        if !is_code {
            let text = code[at..end].iter_mut();
            text.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end;
    }
    String::from_utf8(code).expect("whole tokens were replaced by ASCII")
}

/// Length of the token at the front of `rest`, and whether it is code.
fn token(rest: &[u8]) -> (usize, bool) {
    match rest {
        [b'/', b'/', ..] => (find(rest, 0, b"\n").unwrap_or(rest.len()), false),
        [b'/', b'*', ..] => (block_comment(rest), false),
        [b'"', ..] => (string(rest), false),
        [b'\'', ..] => character(rest).map_or((1, true), |length| (length, false)),
        [first, ..] if is_word(*first) => {
            let length = rest.iter().take_while(|byte| is_word(**byte)).count();
            let prefixes: [&[u8]; 3] = [b"r", b"br", b"cr"];
            let raw = prefixes.contains(&&rest[..length]).then(|| raw_string(&rest[length..]));
            raw.flatten().map_or((length, true), |raw| (length + raw, false))
        }
        _ => (1, true),
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        let step = match rest[at..] {
            [b'/', b'*', ..] => 1,
            [b'*', b'/', ..] => -1,
            _ => 0,
        };
        depth = depth.saturating_add_signed(step);
        at += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `None` where the quote begins a lifetime or a label.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        return find(rest, 3, b"'").map(|close| close + 1);
    }
    let more = rest.get(2..)?.iter().take_while(|byte| (0x80..0xC0).contains(*byte)).count();
    (rest.get(2 + more) == Some(&b'\'')).then_some(3 + more)
}

/// Length of the raw string whose prefix ends before `rest`; `None` for a raw identifier.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    if rest.get(hashes) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &rest[..hashes]].concat();
    Some(find(rest, hashes + 1, &close).map_or(rest.len(), |at| at + close.len()))
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let windows = bytes.get(from..)?.windows(wanted.len());
    windows.into_iter().position(|window| window == wanted).map(|at| from + at)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The words (keywords, names, numbers) of blanked code, with their offsets.
pub(super) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = code.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|byte| is_word(*byte))?;
        at = start + bytes[start..].iter().take_while(|byte| is_word(**byte)).count();
        Some((start, &code[start..at]))
    })
}

/// Line of an offset, from 1.
pub(super) fn line_of(code: &str, offset: usize) -> usize {
    code.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The functions of blanked code, inner ones too, in order of their `fn`.
pub(super) fn functions(code: &str) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut words = words(code).peekable();
    while let Some((start, word)) = words.next() {
        let named = words.peek().filter(|(at, _)| code[start + word.len()..*at].trim().is_empty());
        // `fn(u32) -> u32` is a type, `fn $name` a macro's.
        let Some((at, name)) = named.filter(|_| word == "fn") else { continue };
        if let Some(open) = body(code, at + name.len()) {
            let close = closing(code, open).unwrap_or(code.len());
            let (first_line, last_line) = (line_of(code, start), line_of(code, close));
            functions.push(Function { name, first_line, last_line });
        }
    }
    functions
}

/// Where the body of the function opens whose signature goes on at `from`; `None` where it has none.
fn body(code: &str, from: usize) -> Option<usize> {
    let bytes = code.as_bytes();
    let (mut at, mut nested) = (from, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'-' if bytes.get(at + 1) == Some(&b'>') => at += 1,
            b'(' | b'[' | b'<' => nested += 1,
            b')' | b']' | b'>' => nested = nested.saturating_sub(1),
            b';' if nested == 0 => return None,
            b'{' if nested == 0 => return Some(at),
            // A const argument: `Table<{ ROWS * 2 }>`.
            b'{' => at = closing(code, at)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the brace that opens at `open` is closed.
fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

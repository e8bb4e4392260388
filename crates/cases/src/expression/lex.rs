//! Text to tokens with their places.

use super::Fault;

/// A place in the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word: a fact, a category, a unit, `and`.
    Word(String),
    /// Digits as written, with at most one point.
    Number(String),
    /// What stands between quotes.
    Text(String),
    /// One of [`SYMBOLS`].
    Symbol(&'static str),
    /// The end of the text.
    End,
}

/// Longest first, so that `<=` is not `<`.
const SYMBOLS: &[&str] =
    &["<=", ">=", "==", "!=", "<", ">", "(", ")", "[", "]", ",", "+", "-", "*", "%"];

/// Longest text read, in bytes.
const TEXT_MAX: usize = 10_000;

/// The tokens, the last of them [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Fault> {
    if text.len() > TEXT_MAX {
        let span = Span { start: 0, end: 0 };
        return Err(Fault::at(span, format!("a condition of more than {TEXT_MAX} bytes"))
            .hinted("make it several rules"));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
            _ if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = run(rest, |c| c.is_ascii_alphanumeric() || c == '_');
                (Token::Word(rest[..length].to_owned()), length)
            }
            '0'..='9' => number(rest, at)?,
            '"' | '\'' => quoted(rest, at)?,
            _ => symbol(rest, at)?,
        };
        tokens.push((token, Span { start: at, end: at + length }));
        at += length;
    }
    tokens.push((Token::End, Span { start: at, end: at }));
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let digit = |c: char| c.is_ascii_digit() || c == '_';
    let mut length = run(rest, digit);
    if rest[length..].starts_with('.') {
        let part = run(&rest[length + 1..], digit);
        length += 1 + part;
    }
    let written = &rest[..length];
    let sound = written
        .split('.')
        .all(|part| part.starts_with(|c: char| c.is_ascii_digit()) && !part.ends_with('_'));
    let span = Span { start: at, end: at + length };
    if !sound {
        return Err(
            Fault::at(span, format!("`{written}` is no number")).hinted("write `10_000` or `0.5`")
        );
    }
    Ok((Token::Number(written.replace('_', "")), length))
}

fn quoted(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let quote = rest.chars().next().unwrap_or('"');
    match rest[1..].find(quote) {
        Some(length) => Ok((Token::Text(rest[1..=length].to_owned()), length + 2)),
        None => Err(Fault::at(Span { start: at, end: at + rest.len() }, "this text has no end")
            .hinted(format!("close it with {quote}"))),
    }
}

fn symbol(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((Token::Symbol(symbol), symbol.len()));
    }
    let c = rest.chars().next().unwrap_or(' ');
    let fault = Fault::at(
        Span { start: at, end: at + c.len_utf8() },
        format!("{c:?} belongs to no expression"),
    );
    Err(match c {
        '=' => fault.hinted("write `==`"),
        '&' => fault.hinted("write `and`"),
        '|' => fault.hinted("write `or`"),
        '!' => fault.hinted("write `not`, or `!=`"),
        '$' | '€' => fault.hinted("write `10_000 USD`"),
        _ => fault,
    })
}

/// `did you mean …?` for the nearest of the words, if one is near.
pub(crate) fn did_you_mean<'w>(
    word: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<String> {
    let near = |other: &str| strsim::damerau_levenshtein(word, other);
    let best = known.into_iter().min_by_key(|other| near(other))?;
    (near(best) <= 1 + word.len() / 3).then(|| format!("did you mean `{best}`?"))
}

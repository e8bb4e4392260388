//! Selectors of series: the part of PromQL that we answer.
//!
//! In: `name{label="text", other=~"a|b.*"}`. Out: whether labels match. Source: PromQL's selectors. Departures: no functions, no
//! operators but between two numbers (by which Grafana asks whether somebody is there), no ranges; of regular expressions
//! alternatives, `.*`, `.+`, `.` and escaped letters. What is beyond that is an error that says so, never another answer.
//! Cost: O(text). Checked against: selectors by hand (below).

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Query {
    /// A number.
    Number(f64),
    /// Series.
    Series(Vec<Matcher>),
}

/// How a label and a text stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Like,
    IsNotLike,
}

/// A part of a selector, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) label: String,
    pub(super) operator: Operator,
    pub(super) value: String,
}

/// What a label must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matcher {
    label: String,
    /// Whether it must not match.
    not: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Text(String),
    /// One of these must match as a whole.
    Patterns(Vec<Vec<Piece>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    AnyLetter,
    /// Any text of at least so many letters.
    Any(usize),
}

/// Labels of a series, by name.
pub(super) type Labels = std::collections::BTreeMap<String, String>;

const NAME: &str = "__name__";

impl Matcher {
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        // A label that is not there is an empty one.
        let text = labels.get(&self.label).map_or("", String::as_str);
        let found = match &self.test {
            Test::Text(wanted) => wanted == text,
            Test::Patterns(patterns) => {
                let letters: Vec<char> = text.chars().collect();
                patterns.iter().any(|pattern| fits(pattern, &letters))
            }
        };
        found != self.not
    }
}

/// Without going back: where letters end the match is kept as a set of places, so no pattern takes long.
fn fits(pattern: &[Piece], letters: &[char]) -> bool {
    let mut places = vec![false; letters.len() + 1];
    places[0] = true;
    for piece in pattern {
        let mut next = vec![false; letters.len() + 1];
        match piece {
            Piece::Letter(wanted) => {
                for (at, letter) in letters.iter().enumerate() {
                    next[at + 1] = places[at] && letter == wanted;
                }
            }
            Piece::AnyLetter => next[1..].copy_from_slice(&places[..letters.len()]),
            Piece::Any(least) => {
                let first = places.iter().position(|place| *place);
                if let Some(first) = first {
                    let from = (first + least).min(next.len());
                    next[from..].fill(true);
                }
            }
        }
        places = next;
    }
    places[letters.len()]
}

/// Reads a query.
///
/// # Errors
/// In words what it is that we do not answer.
pub(super) fn query(text: &str) -> Result<Query, String> {
    let text = text.trim();
    match number(text) {
        Some(number) => Ok(Query::Number(number)),
        None => selector(text).map(Query::Series),
    }
}

/// A number, or two with an operator between them.
fn number(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let at = text.char_indices().skip(1).find(|(_, c)| "+-*/".contains(*c))?.0;
    let (left, right): (f64, f64) =
        (text[..at].trim().parse().ok()?, text[at + 1..].trim().parse().ok()?);
    Some(match &text[at..=at] {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ => left / right,
    })
}

/// Reads a selector.
///
/// # Errors
/// In words what it is that we do not answer.
pub(super) fn selector(text: &str) -> Result<Vec<Matcher>, String> {
    let matcher = |Term { label, operator, value }| {
        let (not, is_pattern) = match operator {
            Operator::Is => (false, false),
            Operator::IsNot => (true, false),
            Operator::Like => (false, true),
            Operator::IsNotLike => (true, true),
        };
        let test = if is_pattern { Test::Patterns(patterns(&value)?) } else { Test::Text(value) };
        Ok(Matcher { label, not, test })
    };
    terms(text)?.into_iter().map(matcher).collect()
}

/// Terms of a selector, as they are written.
///
/// # Errors
/// In words that it is none.
pub(super) fn terms(text: &str) -> Result<Vec<Term>, String> {
    let refused =
        || format!("{text:?} is no selector: write NAME{{label=\"text\"}} and no functions");
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = (&text[..end], text[end..].trim());
    let mut terms = Vec::new();
    if !name.is_empty() {
        let value = name.to_owned();
        terms.push(Term { label: NAME.to_owned(), operator: Operator::Is, value });
    }
    if !rest.is_empty() {
        let inner =
            rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(refused)?;
        let mut inner = inner.trim();
        while !inner.is_empty() {
            let (found, after) = term(inner).ok_or_else(refused)?;
            terms.push(found);
            inner = after.trim_start();
            match inner.strip_prefix(',') {
                Some(after) => inner = after.trim_start(),
                None if inner.is_empty() => {}
                None => return Err(refused()),
            }
        }
    }
    if terms.is_empty() { Err(refused()) } else { Ok(terms) }
}

/// One term and what follows it.
fn term(text: &str) -> Option<(Term, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (label, rest) = (&text[..end], text[end..].trim_start());
    let operators = [
        ("=~", Operator::Like),
        ("!~", Operator::IsNotLike),
        ("!=", Operator::IsNot),
        ("=", Operator::Is),
    ];
    let (sign, operator) = operators.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let (value, after) = quoted(rest[sign.len()..].trim_start())?;
    (!label.is_empty()).then_some((Term { label: label.to_owned(), operator, value }, after))
}

/// A text in quotes, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| ['"', '\'', '`'].contains(c))?;
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Some((value, &text[at + letter.len_utf8()..])),
            '\\' if quote != '`' => value.push(match letters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            _ => value.push(letter),
        }
    }
    None
}

fn patterns(text: &str) -> Result<Vec<Vec<Piece>>, String> {
    let text = text.strip_prefix('^').unwrap_or(text);
    let text = text.strip_suffix('$').unwrap_or(text);
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let mut all = vec![Vec::new()];
    let mut letters = inner.chars().peekable();
    while let Some(letter) = letters.next() {
        let last = all.last_mut().expect("there is one from the start");
        match letter {
            '|' => all.push(Vec::new()),
            '.' if letters.next_if_eq(&'*').is_some() => last.push(Piece::Any(0)),
            '.' if letters.next_if_eq(&'+').is_some() => last.push(Piece::Any(1)),
            '.' => last.push(Piece::AnyLetter),
            '\\' => match letters.next() {
                Some(letter) if !letter.is_ascii_alphanumeric() => last.push(Piece::Letter(letter)),
                _ => return Err(beyond(text)),
            },
            _ if "*+?()[]{}^$".contains(letter) => return Err(beyond(text)),
            _ => last.push(Piece::Letter(letter)),
        }
    }
    Ok(all)
}

fn beyond(text: &str) -> String {
    format!(
        "the pattern {text:?} has more than alternatives, .* and .+, which is all that this server reads"
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::{Labels, Query, query, selector};

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let pairs = [("__name__", "load:predicted"), ("series", "a.b"), ("ml_forecast", "yhat")];
        let labels: Labels = pairs.map(|(label, text)| (label.to_owned(), text.to_owned())).into();
        let matchers = selector(text).unwrap();
        assert_eq!(matchers.iter().all(|matcher| matcher.matches(&labels)), expected, "{text}");
    }

    #[test]
    fn selectors_match_as_those_of_prometheus() {
        check("load:predicted", true);
        check("load", false);
        check("load:predicted{}", true);
        check(r#"{__name__="load:predicted", series="a.b",}"#, true);
        check(r#"load:predicted{ml_forecast=~"yhat|yhat_lower"}"#, true);
        check(r#"load:predicted{ml_forecast=~"yhat_.*"}"#, false);
        check(r#"load:predicted{ml_forecast=~"(yhat.*)"}"#, true);
        check(r#"{series=~"a\\.b"}"#, true);
        check(r#"{series=~"a.b.+"}"#, false);
        check(r#"{series=~".+b", other=""}"#, true);
        check(r#"{series!~"a.*"}"#, false);
        check(r#"{series!="a.b"}"#, false);
        check(r#"{other!~".+", series='a.b'}"#, true);
        check("{series=`a.b`}", true);
    }

    #[test]
    fn numbers_are_answered_and_all_else_is_refused_in_words() {
        assert_eq!(query("1+1"), Ok(Query::Number(2.0)));
        assert_eq!(query(" 6 / 3 "), Ok(Query::Number(2.0)));
        assert_eq!(query("-1.5"), Ok(Query::Number(-1.5)));
        for text in [
            "",
            "{}",
            "rate(load[5m])",
            "load > 3",
            "load{",
            "load{a}",
            "load{a=b}",
            "load{a=\"b\" c=\"d\"}",
        ] {
            assert!(query(text).unwrap_err().contains("no functions"), "{text}");
        }
        for text in ["{a=~\"[ab]\"}", "{a=~\"a?\"}", "{a=~\"\\\\d\"}", "{a=~\"(a|b)c\"}"] {
            assert!(query(text).unwrap_err().contains("alternatives"), "{text}");
        }
    }
}

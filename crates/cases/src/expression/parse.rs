//! Tokens to a tree by precedence: `or` < `and` < `not` < comparisons and `in` < `+ -` < `*` < a sign.

use super::lex::{Span, Token, tokens};
use super::{Comparison, Fault};

/// What stands there, not yet typed.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// A number with what follows it: a unit, `%` or nothing.
    Number {
        digits: String,
        unit: Option<String>,
        negative: bool,
    },
    /// A text in quotes.
    Text(String),
    /// A word alone.
    Word(String),
    /// A word with arguments.
    Call(String, Vec<Node>),
    /// `[a, b]`
    List(Vec<Node>),
    Not(Box<Node>),
    Both(Joint, Box<Node>, Box<Node>),
}

/// What joins two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joint {
    Or,
    And,
    Compare(Comparison),
    In,
    Sum,
    Difference,
    Product,
}

impl Joint {
    fn of(token: &Token) -> Option<Self> {
        Some(match token {
            Token::Word(word) => match word.as_str() {
                "or" => Self::Or,
                "and" => Self::And,
                "in" => Self::In,
                _ => return None,
            },
            Token::Symbol(symbol) => match *symbol {
                "<" => Self::Compare(Comparison::Less),
                "<=" => Self::Compare(Comparison::AtMost),
                ">" => Self::Compare(Comparison::More),
                ">=" => Self::Compare(Comparison::AtLeast),
                "==" => Self::Compare(Comparison::Equal),
                "!=" => Self::Compare(Comparison::Unequal),
                "+" => Self::Sum,
                "-" => Self::Difference,
                "*" => Self::Product,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn binding(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(_) | Self::In => BINDING_COMPARISON,
            Self::Sum | Self::Difference => 5,
            Self::Product => 6,
        }
    }
}

const BINDING_NOT: u8 = 3;
const BINDING_COMPARISON: u8 = 4;

/// Deepest nesting of parentheses and signs: the tree is walked by recursion.
const DEPTH_MAX: u32 = 64;

/// Words that cannot be facts.
const KEYWORDS: [&str; 4] = ["and", "or", "not", "in"];

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: u32,
}

/// The tree of a text.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
    let node = parser.joined(0)?;
    match parser.peek() {
        (Token::End, _) => Ok(node),
        (token, span) => Err(Fault::at(*span, format!("{} is not expected here", said(token)))
            .hinted("join two conditions by `and` or `or`")),
    }
}

impl Parser {
    fn peek(&self) -> &(Token, Span) {
        // The end is the last token and is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> (Token, Span) {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(&self.peek().0, Token::Symbol(other) if *other == symbol)
    }

    fn deeper<T>(
        &mut self,
        span: Span,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == DEPTH_MAX {
            return Err(Fault::at(span, format!("nested more than {DEPTH_MAX} deep"))
                .hinted("make it several rules"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Everything whose joints bind at least so strongly.
    fn joined(&mut self, least: u8) -> Result<Node, Fault> {
        let mut left = self.first()?;
        let mut n_joints = 0;
        while let Some(joint) = Joint::of(&self.peek().0) {
            let binding = joint.binding();
            if binding < least {
                break;
            }
            let (_, span) = self.next();
            n_joints += 1;
            if n_joints > DEPTH_MAX {
                return Err(Fault::at(span, format!("more than {DEPTH_MAX} operators in a row"))
                    .hinted("make it several rules"));
            }
            let right = self.deeper(span, |parser| parser.joined(binding + 1))?;
            if binding == BINDING_COMPARISON
                && let Some(Joint::Compare(_) | Joint::In) = Joint::of(&self.peek().0)
            {
                return Err(Fault::at(self.peek().1, "comparisons do not chain")
                    .hinted("write `a < b and b < c`"));
            }
            let span = left.span.to(right.span);
            left = Node { kind: Kind::Both(joint, Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    fn first(&mut self) -> Result<Node, Fault> {
        let (token, span) = self.next();
        match token {
            Token::Word(word) if word == "not" => {
                let inner = self.deeper(span, |parser| parser.joined(BINDING_NOT))?;
                let span = span.to(inner.span);
                Ok(Node { kind: Kind::Not(Box::new(inner)), span })
            }
            Token::Word(word) if !KEYWORDS.contains(&word.as_str()) => self.word(word, span),
            Token::Number(digits) => Ok(self.number(digits, span, false)),
            Token::Text(text) => Ok(Node { kind: Kind::Text(text), span }),
            Token::Symbol("-") => match self.next() {
                (Token::Number(digits), end) => Ok(self.number(digits, span.to(end), true)),
                (other, span) => Err(Fault::at(span, format!("a sign before {}", said(&other)))
                    .hinted("a sign stands before a number only; write `0 - …`")),
            },
            Token::Symbol("(") => {
                let inner = self.deeper(span, |parser| parser.joined(0))?;
                self.closing(")", span)?;
                Ok(inner)
            }
            Token::Symbol("[") => {
                let (items, end) = self.items("]", span)?;
                Ok(Node { kind: Kind::List(items), span: span.to(end) })
            }
            other => {
                let fault = Fault::at(
                    span,
                    format!("{} where a fact or a number should stand", said(&other)),
                );
                Err(fault.hinted("facts are listed in docs/methods/rules.md"))
            }
        }
    }

    fn word(&mut self, word: String, span: Span) -> Result<Node, Fault> {
        if !self.is("(") {
            return Ok(Node { kind: Kind::Word(word), span });
        }
        self.next();
        let (arguments, end) = self.items(")", span)?;
        Ok(Node { kind: Kind::Call(word, arguments), span: span.to(end) })
    }

    fn number(&mut self, digits: String, span: Span, negative: bool) -> Node {
        let (unit, end) = match self.peek().clone() {
            (Token::Word(word), end) if !KEYWORDS.contains(&word.as_str()) => (Some(word), end),
            (Token::Symbol("%"), end) => (Some("%".to_owned()), end),
            _ => return Node { kind: Kind::Number { digits, unit: None, negative }, span },
        };
        self.next();
        Node { kind: Kind::Number { digits, unit, negative }, span: span.to(end) }
    }

    fn items(&mut self, end: &str, open: Span) -> Result<(Vec<Node>, Span), Fault> {
        let mut items = Vec::new();
        while !self.is(end) {
            items.push(self.deeper(open, |parser| parser.joined(0))?);
            if !self.is(",") {
                break;
            }
            self.next();
        }
        let end = self.closing(end, open)?;
        Ok((items, end))
    }

    fn closing(&mut self, symbol: &str, open: Span) -> Result<Span, Fault> {
        match self.next() {
            (Token::Symbol(found), span) if found == symbol => Ok(span),
            (Token::End, _) => Err(Fault::at(open, format!("`{symbol}` is missing at the end"))),
            (other, span) => {
                Err(Fault::at(span, format!("{} where `{symbol}` should stand", said(&other))))
            }
        }
    }
}

fn said(token: &Token) -> String {
    match token {
        Token::Word(word) => format!("`{word}`"),
        Token::Number(digits) => format!("the number {digits}"),
        Token::Text(_) => "a text".to_owned(),
        Token::Symbol(symbol) => format!("`{symbol}`"),
        Token::End => "the end".to_owned(),
    }
}

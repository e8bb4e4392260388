//! The language of rules: text to a typed expression, and its three-valued value for a subject.
//!
//! In: text such as `hops(received, sanctioned) <= 2 and not listed`, and the [`Vocabulary`] of the store. Out: [`Expr`], or the
//! first fault with its place; then [`Expr::truth`] and [`Expr::basis`] for any [`Facts`].
//!
//! Source: precedence climbing (Pratt 1973); Kleene's strong three-valued logic over intervals. Departures: units are part of
//! the types, so hops are never compared with money; a bare `0` fits every unit.
//! Cost: one walk over the tree an evaluation, no allocation; `and` and `or` stop as soon as they are decided.
//! Checked against: `tests/it/expression.rs`, a second representation read by a plain recursion, and completions of unknowns.

mod basis;
mod check;
mod constant;
mod evaluate;
mod facts;
mod lex;
mod parse;
mod print;
mod vocabulary;

pub use basis::Basis;
pub use facts::{Claim, FactRef, Facts, Measure, Of, Range, Truth, Unit, Via};
pub use vocabulary::{FactHelp, Vocabulary, fact_helps};

pub(crate) use basis::KIND_WORDS;
pub(crate) use lex::{Span, did_you_mean};

/// How two numbers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
}

/// A number as a rule writes it, in the smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// So many smallest units.
    pub n: i128,
    /// Of this unit.
    pub unit: Unit,
}

/// What has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// A number.
    Literal(Literal),
    /// A fact.
    Measure(Measure),
    /// The sum of two of one unit.
    Sum(Box<Term>, Box<Term>),
    /// Their difference.
    Difference(Box<Term>, Box<Term>),
    /// The product with a bare number, or with a share.
    Product(Box<Term>, Box<Term>),
}

/// What holds or does not: the typed form of a rule's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A claim.
    Claim(Claim),
    /// A comparison of two numbers of one unit.
    Compare {
        /// How.
        comparison: Comparison,
        /// On the left.
        left: Term,
        /// On the right.
        right: Term,
    },
    /// It does not hold.
    Not(Box<Expr>),
    /// All hold; two or more, none of them `All`.
    All(Vec<Expr>),
    /// One of them holds; two or more, none of them `Any`.
    Any(Vec<Expr>),
    /// A part of a stored rule that cannot be read with today's words: what it says is unknown of everybody.
    Unreadable {
        /// The part as it was written.
        text: String,
        /// Why it cannot be read.
        why: String,
    },
}

/// What is wrong with an expression, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the expression's text, in bytes.
    pub span: std::ops::Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    pub(crate) fn at(span: Span, what: impl Into<String>) -> Self {
        Self { span: span.start..span.end, what: what.into(), hint: None }
    }

    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What the subject of a rule is; some facts exist of payments only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A cluster.
    Cluster,
    /// A payment; facts of clusters are those of its payer.
    Payment,
}

impl Expr {
    /// Reads and types an expression.
    ///
    /// # Errors
    /// The first fault, with its place.
    pub fn parse(text: &str, about: About, vocabulary: &Vocabulary) -> Result<Self, Fault> {
        let node = parse::parse(text)?;
        check::Checker { about, vocabulary, stored: None }.condition(&node)
    }

    /// Reads an expression that was read before, with the words of another day: what cannot be read now is
    /// [`Expr::Unreadable`], as small a part as can be told apart, and the rest keeps its meaning.
    pub(crate) fn parse_stored(text: &str, about: About, vocabulary: &Vocabulary) -> Self {
        let whole = |fault: Fault| Self::Unreadable { text: text.to_owned(), why: fault.what };
        let checked = parse::parse(text).and_then(|node| {
            check::Checker { about, vocabulary, stored: Some(text) }.condition(&node)
        });
        checked.unwrap_or_else(whole)
    }

    /// Parts that cannot be read, each with the reason; see [`Expr::Unreadable`].
    pub fn unreadable(&self) -> Vec<(&str, &str)> {
        match self {
            Self::Unreadable { text, why } => vec![(text, why)],
            Self::Claim(_) | Self::Compare { .. } => Vec::new(),
            Self::Not(inner) => inner.unreadable(),
            Self::All(inner) | Self::Any(inner) => {
                inner.iter().flat_map(Self::unreadable).collect()
            }
        }
    }
}

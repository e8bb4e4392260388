//! Why an expression holds, fails or is unknown: its facts with their values, as rows for people.

use ledger::AlertFact;

use super::print::quantity;
use super::{Claim, Comparison, Expr, FactRef, Facts, Measure, Range, Term, Truth, Vocabulary};

/// The unit of facts that are words.
pub(crate) const KIND_WORDS: &str = "words";
/// Rows named of one fact, at most.
const ROWS_MAX: usize = 20;

/// Facts of one subject, each named once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// In the order of the expression.
    pub facts: Vec<AlertFact>,
}

impl Expr {
    /// The facts that made it what it is: of what holds, those of the parts that hold; of what fails, those of the parts
    /// that fail; of what is unknown, those that are not known.
    pub fn basis(&self, facts: &dyn Facts, vocabulary: &Vocabulary) -> Basis {
        let mut gathering = Gathering { facts, vocabulary, rows: Vec::new() };
        gathering.walk(self, self.truth(facts), false);
        Basis { facts: gathering.rows }
    }
}

struct Gathering<'a> {
    facts: &'a dyn Facts,
    vocabulary: &'a Vocabulary,
    rows: Vec<AlertFact>,
}

impl Gathering<'_> {
    /// Gathers what made `expr` be `truth`; `turned` under an odd number of `not`.
    fn walk(&mut self, expr: &Expr, truth: Truth, turned: bool) {
        match expr {
            Expr::Not(inner) => self.walk(inner, !truth, !turned),
            Expr::All(inner) | Expr::Any(inner) => {
                for one in inner {
                    let of_one = one.truth(self.facts);
                    if of_one == truth {
                        self.walk(one, of_one, turned);
                    }
                }
            }
            Expr::Claim(claim) => self.claim(claim, truth),
            Expr::Unreadable { text, why } => self.push(AlertFact {
                event: 0,
                position: 0,
                name: text.clone(),
                unit: KIND_WORDS.to_owned(),
                measured: None,
                worse: 0,
                value: format!("cannot be read: {why}"),
                text: held(text, truth),
                rows: String::new(),
            }),
            Expr::Compare { comparison, left, right } => {
                let text = held(&expr.text(self.vocabulary), truth);
                let up = match comparison {
                    Comparison::More | Comparison::AtLeast => 1,
                    Comparison::Less | Comparison::AtMost => -1,
                    Comparison::Equal | Comparison::Unequal => 0,
                };
                let up = if turned { -up } else { up };
                self.measures(left, up, truth, &text);
                self.measures(right, -up, truth, &text);
            }
        }
    }

    fn measures(&mut self, term: &Term, worse: i8, truth: Truth, text: &str) {
        match term {
            Term::Literal(_) => {}
            Term::Measure(measure) => self.measure(measure, worse, truth, text),
            Term::Sum(a, b) | Term::Product(a, b) => {
                self.measures(a, worse, truth, text);
                self.measures(b, worse, truth, text);
            }
            Term::Difference(a, b) => {
                self.measures(a, worse, truth, text);
                self.measures(b, -worse, truth, text);
            }
        }
    }

    fn measure(&mut self, measure: &Measure, worse: i8, truth: Truth, text: &str) {
        let range = self.facts.measure(measure);
        if truth == Truth::Unknown && range.known().is_some() {
            return;
        }
        let rows = self.facts.rows(FactRef::Measure(measure));
        self.push(AlertFact {
            event: 0,
            position: 0,
            name: measure.text(),
            unit: measure.unit().name().to_owned(),
            measured: (range.lo != i128::MIN).then_some(range.lo),
            worse,
            value: shown(range, measure, self.vocabulary),
            text: text.to_owned(),
            rows: lines(rows),
        });
    }

    fn claim(&mut self, claim: &Claim, truth: Truth) {
        let words = self.facts.words(claim);
        let rows = self.facts.rows(FactRef::Claim(claim));
        let value = match truth {
            Truth::True if words.is_empty() => "yes".to_owned(),
            Truth::True => words.join("; "),
            Truth::False => "no".to_owned(),
            Truth::Unknown => "not computed".to_owned(),
        };
        self.push(AlertFact {
            event: 0,
            position: 0,
            name: claim.text(),
            unit: KIND_WORDS.to_owned(),
            measured: None,
            worse: 0,
            value,
            text: held(&claim.text(), truth),
            rows: lines(rows),
        });
    }

    /// A fact that two parts of the rule use stands once, with both texts.
    fn push(&mut self, mut row: AlertFact) {
        if let Some(other) = self.rows.iter_mut().find(|other| other.name == row.name) {
            if !other.text.split("; ").any(|text| text == row.text) {
                other.text = format!("{}; {}", other.text, row.text);
            }
            if other.worse != row.worse {
                other.worse = 0;
            }
            return;
        }
        row.position = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row);
    }
}

/// Part of a rule, and that it does not hold where that is what counts.
fn held(text: &str, truth: Truth) -> String {
    match truth {
        Truth::True => text.to_owned(),
        Truth::False => format!("not: {text}"),
        Truth::Unknown => format!("unknown: {text}"),
    }
}

/// Each on a line, so many at most; what is left out is counted.
fn lines(mut rows: Vec<String>) -> String {
    if rows.len() > ROWS_MAX {
        let more = rows.len() - ROWS_MAX;
        rows.truncate(ROWS_MAX);
        rows.push(format!("… and {more} more"));
    }
    rows.join("\n")
}

/// What a number is known to be, for people.
fn shown(range: Range, measure: &Measure, vocabulary: &Vocabulary) -> String {
    let text = |n| quantity(n, measure.unit(), vocabulary);
    match (range.lo, range.hi) {
        (lo, hi) if lo == hi => text(lo),
        (i128::MIN, i128::MAX) => "not computed".to_owned(),
        (lo, i128::MAX) if matches!(measure, Measure::Hops { .. }) => {
            format!("none within {}", text(lo - measure.unit().scale()))
        }
        (lo, i128::MAX) => format!("at least {}", text(lo)),
        (i128::MIN, hi) => format!("at most {}", text(hi)),
        (lo, hi) => format!("{} to {}", text(lo), text(hi)),
    }
}

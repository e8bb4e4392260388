//! A typed expression as text, in one form: reading it gives the same expression.

use std::fmt::{self, Display};

use ledger::FlowSide;

use super::{Claim, Comparison, Expr, Literal, Measure, Of, Term, Unit, Via, Vocabulary};

/// Something with the words in which it is written.
pub(crate) struct Written<'a, T: ?Sized>(pub(crate) &'a T, pub(crate) &'a Vocabulary);

impl Comparison {
    /// As rules write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Unequal => "!=",
        }
    }
}

impl Expr {
    /// The text of it.
    pub fn text(&self, vocabulary: &Vocabulary) -> String {
        Written(self, vocabulary).to_string()
    }
}

impl Measure {
    /// The text of it.
    pub fn text(&self) -> String {
        match self {
            Self::Hops { side, category, contracted } => {
                let name = if *contracted { "hops_contracted" } else { "hops" };
                format!("{name}({}, {category})", side.name())
            }
            Self::Exposure { side, category, via, of } => {
                let name = match of {
                    Of::Amount => "exposure",
                    Of::Value => "value",
                    Of::Share => "share",
                };
                let via = match via {
                    Via::Any => "",
                    Via::Direct => ", direct",
                    Via::Indirect => ", indirect",
                };
                format!("{name}({}, {category}{via})", side.name())
            }
            Self::Total { side, value } => {
                named(if *value { "total_value" } else { "total" }, *side)
            }
            Self::Mixed { side } => named("mixed", *side),
            Self::Pattern { name, within_s: None, .. } => format!("pattern(\"{name}\")"),
            Self::Pattern { name, within_s: Some(seconds), .. } => {
                format!("pattern(\"{name}\", {})", duration(i128::from(*seconds)))
            }
            Self::Score => "score".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Age => "age".to_owned(),
            Self::PaymentScore => "payment_score".to_owned(),
            Self::Amount => "amount".to_owned(),
            Self::AmountValue => "amount_value".to_owned(),
        }
    }
}

fn named(name: &str, side: FlowSide) -> String {
    format!("{name}({})", side.name())
}

impl Claim {
    /// The text of it.
    pub fn text(&self) -> String {
        let quoted = |texts: &[String]| {
            texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Listed => "listed".to_owned(),
            Self::List(names) => format!("list({})", quoted(names)),
            Self::Tag(texts) => format!("tag({})", quoted(texts)),
            Self::Category(categories) => {
                let names: Vec<&str> = categories.iter().map(|category| category.name()).collect();
                format!("category in [{}]", names.join(", "))
            }
            Self::Monitored => "monitored".to_owned(),
            Self::Mixing => "mixing".to_owned(),
        }
    }
}

/// A whole number of smallest units as people write it, with its unit.
pub(crate) fn quantity(n: i128, unit: Unit, vocabulary: &Vocabulary) -> String {
    match unit {
        Unit::Number | Unit::Hops | Unit::Count | Unit::Points => decimal(n, 6),
        Unit::Coins => format!("{} {}", decimal(n, 8), vocabulary.asset),
        Unit::Money => format!("{} {}", decimal(n, 6), vocabulary.currency),
        Unit::Share => format!("{} %", decimal(n, 7)),
        Unit::Duration => duration(n),
    }
}

fn duration(seconds: i128) -> String {
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "min")] {
        if seconds != 0 && seconds % length == 0 {
            return format!("{} {unit}", decimal(seconds / length, 0));
        }
    }
    format!("{} s", decimal(seconds, 0))
}

/// `10_000.5`: so many decimals, those at the end that are 0 left out.
fn decimal(n: i128, decimals: u32) -> String {
    let scale = 10_u128.pow(decimals);
    let (whole, part) = (n.unsigned_abs() / scale, n.unsigned_abs() % scale);
    let digits = whole.to_string();
    let mut text = if n < 0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        // Four digits stay together, as people write them.
        if digits.len() > 4 && index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    if part > 0 {
        let width = usize::try_from(decimals).unwrap_or(0);
        text += &format!(".{part:0width$}");
        text.truncate(text.trim_end_matches('0').len());
    }
    text
}

impl Display for Written<'_, Term> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(term, words) = self;
        let within = |inner: &Term, bare: bool, f: &mut fmt::Formatter<'_>| match bare {
            true => write!(f, "{}", Written(inner, words)),
            false => write!(f, "({})", Written(inner, words)),
        };
        let is_sum = |term: &Term| matches!(term, Term::Sum(..) | Term::Difference(..));
        match term {
            Term::Literal(Literal { n, unit }) => f.write_str(&quantity(*n, *unit, words)),
            Term::Measure(measure) => f.write_str(&measure.text()),
            Term::Sum(a, b) | Term::Difference(a, b) => {
                within(a, true, f)?;
                f.write_str(if matches!(term, Term::Sum(..)) { " + " } else { " - " })?;
                within(b, !is_sum(b), f)
            }
            Term::Product(a, b) => {
                within(a, !is_sum(a), f)?;
                f.write_str(" * ")?;
                within(b, !is_sum(b) && !matches!(**b, Term::Product(..)), f)
            }
        }
    }
}

impl Display for Written<'_, Expr> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(expr, words) = self;
        let joined = |inner: &[Expr], by: &str, f: &mut fmt::Formatter<'_>| {
            for (index, one) in inner.iter().enumerate() {
                if index > 0 {
                    f.write_str(by)?;
                }
                match one {
                    Expr::Any(_) | Expr::All(_) => write!(f, "({})", Written(one, words))?,
                    _ => write!(f, "{}", Written(one, words))?,
                }
            }
            Ok(())
        };
        match expr {
            Expr::Claim(claim) => f.write_str(&claim.text()),
            Expr::Unreadable { text, .. } => f.write_str(text),
            Expr::Compare { comparison, left, right } => {
                let (left, right) = (Written(left, words), Written(right, words));
                write!(f, "{left} {} {right}", comparison.symbol())
            }
            Expr::Not(inner) => match **inner {
                Expr::Claim(_) | Expr::Not(_) => write!(f, "not {}", Written(&**inner, words)),
                _ => write!(f, "not ({})", Written(&**inner, words)),
            },
            Expr::All(inner) => joined(inner, " and ", f),
            Expr::Any(inner) => joined(inner, " or ", f),
        }
    }
}

//! The value of an expression for a subject.

use super::{Comparison, Expr, Facts, Range, Term, Truth, Unit};

impl Expr {
    /// Whether it holds. `and` and `or` stop as soon as they are decided.
    pub fn truth(&self, facts: &dyn Facts) -> Truth {
        match self {
            Self::Claim(claim) => facts.claim(claim),
            Self::Unreadable { .. } => Truth::Unknown,
            Self::Compare { comparison, left, right } => {
                comparison.of(left.range(facts), right.range(facts))
            }
            Self::Not(inner) => !inner.truth(facts),
            Self::All(inner) => {
                let mut all = Truth::True;
                for one in inner {
                    all = all.min(one.truth(facts));
                    if all == Truth::False {
                        break;
                    }
                }
                all
            }
            Self::Any(inner) => {
                let mut any = Truth::False;
                for one in inner {
                    any = any.max(one.truth(facts));
                    if any == Truth::True {
                        break;
                    }
                }
                any
            }
        }
    }
}

impl Comparison {
    /// Whether two numbers compare so, as far as they are known.
    pub fn of(self, a: Range, b: Range) -> Truth {
        let less = |a: Range, b: Range| decided(a.hi < b.lo, a.lo >= b.hi);
        let at_most = |a: Range, b: Range| decided(a.hi <= b.lo, a.lo > b.hi);
        let equal = || {
            let same = a.lo == a.hi && a == b;
            decided(same, a.hi < b.lo || b.hi < a.lo)
        };
        // No bound is not a number: what is only known to be at least something is never at most the greatest number.
        if a.is_unknown() || b.is_unknown() {
            return Truth::Unknown;
        }
        match self {
            Self::Less => less(a, b),
            Self::AtMost => at_most(a, b),
            Self::More => less(b, a),
            Self::AtLeast => at_most(b, a),
            Self::Equal => equal(),
            Self::Unequal => !equal(),
        }
    }
}

fn decided(holds: bool, fails: bool) -> Truth {
    match (holds, fails) {
        (true, _) => Truth::True,
        (_, true) => Truth::False,
        _ => Truth::Unknown,
    }
}

impl Term {
    /// What the term is known to be, in the smallest unit.
    pub fn range(&self, facts: &dyn Facts) -> Range {
        match self {
            Self::Literal(literal) => Range::exactly(literal.n),
            Self::Measure(measure) => facts.measure(measure),
            Self::Sum(a, b) => sum(a.range(facts), b.range(facts)),
            Self::Difference(a, b) => sum(a.range(facts), negative(b.range(facts))),
            Self::Product(a, b) => {
                // One of them is a bare number or a share; its scale goes out of the product again.
                let (unit_a, unit_b) = (a.unit(), b.unit());
                let scale = match (unit_a, unit_b) {
                    (Unit::Number, _) | (_, Unit::Number) => Unit::Number.scale(),
                    _ => Unit::Share.scale(),
                };
                product(a.range(facts), b.range(facts), scale)
            }
        }
    }

    /// What the term is counted in.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Literal(literal) => literal.unit,
            Self::Measure(measure) => measure.unit(),
            Self::Sum(a, b) | Self::Difference(a, b) => match (a.unit(), b.unit()) {
                (Unit::Number, other) => other,
                (other, _) => other,
            },
            Self::Product(a, b) => match (a.unit(), b.unit()) {
                (Unit::Number, other) | (other, Unit::Number) => other,
                (Unit::Share, other) | (other, _) => other,
            },
        }
    }
}

fn sum(a: Range, b: Range) -> Range {
    let lo = if a.lo == i128::MIN || b.lo == i128::MIN {
        Some(i128::MIN)
    } else {
        a.lo.checked_add(b.lo)
    };
    let hi = if a.hi == i128::MAX || b.hi == i128::MAX {
        Some(i128::MAX)
    } else {
        a.hi.checked_add(b.hi)
    };
    match (lo, hi) {
        (Some(lo), Some(hi)) => Range { lo, hi },
        // Beyond 128 bits nothing is said.
        _ => Range::UNKNOWN,
    }
}

fn negative(a: Range) -> Range {
    let lo = if a.hi == i128::MAX { i128::MIN } else { -a.hi };
    let hi = if a.lo == i128::MIN { i128::MAX } else { -a.lo };
    Range { lo, hi }
}

/// The product, rounded down to the smallest unit.
fn product(a: Range, b: Range, scale: i128) -> Range {
    let (fixed, open) = if a.known().is_some() { (a, b) } else { (b, a) };
    if let Some(factor) = fixed.known() {
        let times = |n: i128| n.checked_mul(factor).map(|n| n.div_euclid(scale));
        let lo = if open.lo == i128::MIN { Some(i128::MIN) } else { times(open.lo) };
        let hi = if open.hi == i128::MAX { Some(i128::MAX) } else { times(open.hi) };
        return match (factor, lo, hi) {
            (0, ..) => Range::ZERO,
            (1.., Some(lo), Some(hi)) => Range { lo, hi },
            (_, Some(lo), Some(hi)) => {
                let turned = |bound| match bound {
                    i128::MIN => i128::MAX,
                    i128::MAX => i128::MIN,
                    n => n,
                };
                Range { lo: turned(hi), hi: turned(lo) }
            }
            _ => Range::UNKNOWN,
        };
    }
    let bounds = [a.lo, a.hi, b.lo, b.hi];
    if bounds.contains(&i128::MIN) || bounds.contains(&i128::MAX) {
        return Range::UNKNOWN;
    }
    let corners = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)];
    let corners = corners.map(|(a, b)| a.checked_mul(b).map(|n| n.div_euclid(scale)));
    match corners {
        [Some(p), Some(q), Some(r), Some(s)] => {
            Range { lo: p.min(q).min(r).min(s), hi: p.max(q).max(r).max(s) }
        }
        _ => Range::UNKNOWN,
    }
}

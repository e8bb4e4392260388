//! Comparisons that say the same of everybody: numbers alone, facts that cancel, bounds outside of what a fact can be.

use std::collections::BTreeMap;

use super::{Claim, Comparison, FactRef, Facts, Measure, Range, Term, Truth, Unit};

/// What any fact can be at all: a share 0 to 100 %, a score 0 to 100, hops 1 or more, everything else 0 or more.
struct Anybody;

impl Facts for Anybody {
    fn measure(&self, measure: &Measure) -> Range {
        match (measure, measure.unit()) {
            (Measure::Hops { contracted: false, .. }, _) => Range::at_least(Unit::Hops.scale()),
            (_, Unit::Share) => Range { lo: 0, hi: Unit::Share.scale() },
            (_, Unit::Points) => Range { lo: 0, hi: 100 * Unit::Points.scale() },
            _ => Range::at_least(0),
        }
    }

    fn claim(&self, _: &Claim) -> Truth {
        Truth::Unknown
    }

    fn words(&self, _: &Claim) -> Vec<String> {
        Vec::new()
    }

    fn rows(&self, _: FactRef<'_>) -> Vec<String> {
        Vec::new()
    }
}

/// What to do about a comparison that is decided whatever the facts are; `None` if it is not.
pub(super) fn says_nothing(comparison: Comparison, left: &Term, right: &Term) -> Option<String> {
    let mut facts = BTreeMap::new();
    let is_linear = count(left, 1, &mut facts) && count(right, -1, &mut facts);
    facts.retain(|_, n| *n != 0);
    if is_linear && facts.is_empty() {
        return Some("compare a fact with a number".to_owned());
    }
    let said = comparison.of(left.range(&Anybody), right.range(&Anybody));
    let always = match said {
        Truth::Unknown => return None,
        Truth::True => "always",
        Truth::False => "never",
    };
    let bounds = match (facts.len(), facts.keys().next().map(|measure| measure.unit())) {
        (1, Some(Unit::Share)) => ": a share is 0 to 100 %",
        (1, Some(Unit::Points)) => ": a score is 0 to 100",
        (1, Some(Unit::Hops)) => ": the nearest party is 1 hop away or farther",
        _ => ": what is counted is never below 0",
    };
    Some(format!("it {always} holds{bounds}"))
}

/// Adds how often each fact is counted, with its sign; `false` if the term multiplies facts.
fn count(term: &Term, sign: i32, facts: &mut BTreeMap<Measure, i32>) -> bool {
    match term {
        Term::Literal(_) => true,
        Term::Measure(measure) => {
            *facts.entry(*measure).or_default() += sign;
            true
        }
        Term::Sum(a, b) => count(a, sign, facts) && count(b, sign, facts),
        Term::Difference(a, b) => count(a, sign, facts) && count(b, -sign, facts),
        Term::Product(a, b) => {
            let mut own = BTreeMap::new();
            count(a, 1, &mut own);
            count(b, 1, &mut own);
            let is_number = own.is_empty();
            own.into_keys().for_each(|measure| *facts.entry(measure).or_default() += 1);
            is_number
        }
    }
}

//! Rules and alerts: every fault has its place, every verdict an oracle, every state its steps.
#![allow(clippy::unwrap_used, missing_docs)]

extern crate tracehound_cases as cases;

mod act;
mod expression;
mod faults;
mod forecast;
mod known;
mod oracle;
mod page;
mod reconcile;
mod rules;
mod states;

use cases::{Claim, FactRef, Facts, Measure, Range, Truth, Vocabulary};

/// The words of the tests.
fn vocabulary() -> Vocabulary {
    Vocabulary {
        asset: "BTC".to_owned(),
        currency: "USD".to_owned(),
        patterns: vec![(1, "structuring"), (7, "peeling_chain")],
    }
}

/// Facts by their text: what is not here is unknown.
#[derive(Clone, Debug, Default)]
struct Table {
    numbers: Vec<(String, Range)>,
    claims: Vec<(String, Truth)>,
}

impl Facts for Table {
    fn measure(&self, measure: &Measure) -> Range {
        let text = measure.text();
        let found = self.numbers.iter().find(|(name, _)| *name == text);
        found.map_or(Range::UNKNOWN, |(_, range)| *range)
    }

    fn claim(&self, claim: &Claim) -> Truth {
        let text = claim.text();
        let found = self.claims.iter().find(|(name, _)| *name == text);
        found.map_or(Truth::Unknown, |(_, truth)| *truth)
    }

    fn words(&self, _: &Claim) -> Vec<String> {
        Vec::new()
    }

    fn rows(&self, fact: FactRef<'_>) -> Vec<String> {
        match fact {
            FactRef::Measure(measure) => vec![format!("table {}", measure.text())],
            FactRef::Claim(_) => Vec::new(),
        }
    }
}

/// A rule about clusters.
fn rule(name: &str, severity: &str, when: &str) -> cases::Rule {
    let text = format!(
        "[[rule]]\nname = \"{name}\"\nversion = 1\nabout = \"a\"\nseverity = \"{severity}\"\nsubject = \"cluster\"\nwhen = '{when}'\n"
    );
    cases::parse_rules(&text, &vocabulary()).unwrap().remove(0)
}

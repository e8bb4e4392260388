//! Published rules: which are in force, and what publishing a file would change.

use std::collections::BTreeMap;

use ledger::RuleRecord;

use super::file::{parse_rules, parse_stored};
use super::{Rule, RuleSubject};
use crate::CaseError;
use crate::expression::Vocabulary;

/// The rules that came with the program.
const DEFAULT: &str = include_str!("../../rules/default.toml");

/// What publishing does to one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// There was none of this name.
    New,
    /// A later version takes the place of an earlier one.
    Raised,
    /// It is in force already.
    Same,
    /// It is taken out of force.
    Retired,
}

/// A rule and what publishing does to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The rule.
    pub rule: Rule,
    /// What happens to it.
    pub change: Change,
    /// The version in force before.
    pub version_before: Option<u32>,
}

/// Rules by name, in force or retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSet {
    /// By name: the rule and its row of the log; `None` for one that came with the program.
    rules: BTreeMap<String, (Rule, Option<RuleRecord>)>,
}

/// The rules in force.
///
/// # Errors
/// As [`RuleSet::of`].
pub fn in_force(log: &[RuleRecord], vocabulary: &Vocabulary) -> Result<Vec<Rule>, CaseError> {
    Ok(RuleSet::of(log, vocabulary)?.in_force().cloned().collect())
}

impl RuleSet {
    /// The rules of the program, then the log: the last row of a name counts.
    ///
    /// # Errors
    /// If a stored rule is no rule at all or not what its digest says: it must not vanish in silence. A condition of which
    /// a part cannot be read today is no error: see [`Rule::unreadable`].
    pub fn of(log: &[RuleRecord], vocabulary: &Vocabulary) -> Result<Self, CaseError> {
        let mut rules = BTreeMap::new();
        for rule in default_rules(vocabulary)? {
            rules.insert(rule.name.clone(), (rule, None));
        }
        let mut last: BTreeMap<&str, &RuleRecord> = BTreeMap::new();
        for row in log {
            last.insert(&row.name, row);
        }
        for row in last.values() {
            rules.insert(row.name.clone(), (stored(row, vocabulary)?, Some((*row).clone())));
        }
        Ok(Self { rules })
    }

    /// The rules in force, by name.
    pub fn in_force(&self) -> impl Iterator<Item = &Rule> {
        let all = self.rules.values();
        all.filter(|(_, row)| !row.as_ref().is_some_and(|row| row.retired)).map(|(rule, _)| rule)
    }

    /// Every rule, by name, with its row of the log.
    pub fn all(&self) -> impl Iterator<Item = (&Rule, Option<&RuleRecord>)> {
        self.rules.values().map(|(rule, row)| (rule, row.as_ref()))
    }

    /// What publishing these rules would change; with `only`, all others in force are retired.
    ///
    /// # Errors
    /// If there is no rule, or one differs from the one in force without a higher version.
    pub fn publish(&self, rules: &[Rule], only: bool) -> Result<Vec<Changed>, CaseError> {
        if rules.is_empty() {
            return Err(CaseError::Missing {
                what: "the file holds no rule".to_owned(),
                hint: "write a `[[rule]]`; with --only, at least one rule has to stay in force"
                    .to_owned(),
            });
        }
        let mut changed = Vec::new();
        for rule in rules {
            let before = self.rules.get(&rule.name);
            let retired =
                before.is_some_and(|(_, row)| row.as_ref().is_some_and(|row| row.retired));
            let change = match before {
                None => Change::New,
                Some((known, _)) if known.digest() == rule.digest() && !retired => Change::Same,
                Some((known, _)) if rule.version > known.version => Change::Raised,
                Some((known, _)) => {
                    return Err(CaseError::Version {
                        rule: rule.name.clone(),
                        version: rule.version,
                        known: known.version,
                    });
                }
            };
            let version_before = before.map(|(known, _)| known.version);
            changed.push(Changed { rule: rule.clone(), change, version_before });
        }
        let named = |name: &str| rules.iter().any(|rule| rule.name == name);
        for rule in self.in_force().filter(|rule| only && !named(&rule.name)) {
            let version_before = Some(rule.version);
            changed.push(Changed { rule: rule.clone(), change: Change::Retired, version_before });
        }
        Ok(changed)
    }
}

fn stored(row: &RuleRecord, vocabulary: &Vocabulary) -> Result<Rule, CaseError> {
    let damaged = |what: &str| CaseError::Stored { what: format!("rule {}: {what}", row.name) };
    if crate::short_hash(&row.text, 8) != row.digest {
        return Err(damaged("its text is not what its digest says"));
    }
    let mut rules = parse_stored(&row.text, vocabulary)
        .map_err(|error| damaged(&format!("this version cannot read it: {error}")))?;
    match (rules.pop(), rules.is_empty()) {
        (Some(rule), true) if rule.name == row.name && rule.version == row.version => Ok(rule),
        _ => Err(damaged("its row holds another rule")),
    }
}

/// The rules that came with the program.
///
/// # Errors
/// Never, with a vocabulary of bitcoin and any currency; a test reads them.
fn default_rules(vocabulary: &Vocabulary) -> Result<Vec<Rule>, CaseError> {
    parse_rules(&default_text(vocabulary), vocabulary)
}

/// The text of the rules that came with the program, in the asset and currency of the store.
pub fn default_text(vocabulary: &Vocabulary) -> String {
    DEFAULT.replace(" USD", &format!(" {}", vocabulary.currency))
}

impl RuleSubject {
    /// Whether the rule is about payments.
    pub const fn is_payment(self) -> bool {
        matches!(self, Self::Monitored | Self::Transaction)
    }
}

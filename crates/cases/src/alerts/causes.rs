//! The causes of one alert: an alert about an entity or an address may stand for several clusters or payments.
//!
//! In: subjects of one key for which its rule holds, each with its basis. Out: one basis with the worst of every fact, and a
//! fact `causes` that counts and names them, so that a closed alert never hides a later one. A merge of clusters is no new
//! cause: names are resolved before they are compared.

use std::collections::BTreeSet;

use ledger::AlertFact;

use super::reconcile::Resolve;
use crate::expression::{KIND_WORDS, Unit};
use crate::rules::{Subject, SubjectKey};

/// The fact that counts and names causes.
const CAUSES: &str = "causes";
/// Causes that are named; more are counted only.
const NAMED_MAX: usize = 1_000;
/// Words and rows that one fact shows of all its causes.
const SHOWN_MAX: usize = 20;
const CLUSTER: &str = "clusters cluster=";
const PAYMENT: &str = "transactions tx_id=";

/// The causes of a key so far, and the worst of each fact.
#[derive(Clone, Debug, Default)]
pub(super) struct Causes {
    names: BTreeSet<String>,
    basis: Vec<AlertFact>,
}

impl Causes {
    /// Takes in one more.
    pub(super) fn add(&mut self, subject: &Subject, basis: Vec<AlertFact>) {
        self.names.insert(match subject {
            Subject::Cluster { address, .. } => format!("{CLUSTER}{address}"),
            Subject::Payment { tx, .. } => format!("{PAYMENT}{tx}"),
        });
        for fact in basis {
            match self.basis.iter_mut().find(|known| known.name == fact.name) {
                Some(known) => worst(known, fact),
                None => self.basis.push(fact),
            }
        }
    }

    /// The basis of the alert about `key`. A cluster and a payment are their own one cause.
    pub(super) fn finish(self, key: &SubjectKey) -> Vec<AlertFact> {
        let Self { names, mut basis } = self;
        if let SubjectKey::Entity(_) | SubjectKey::Address(_) = key {
            let n = i128::try_from(names.len()).unwrap_or(i128::MAX / Unit::Count.scale());
            let of_whom =
                if matches!(key, SubjectKey::Entity(_)) { "clusters" } else { "payments" };
            let mut rows: Vec<&str> = names.iter().map(String::as_str).take(NAMED_MAX).collect();
            let more = format!("… and {} more", names.len() - rows.len());
            if names.len() > rows.len() {
                rows.push(&more);
            }
            basis.push(AlertFact {
                event: 0,
                position: 0,
                name: CAUSES.to_owned(),
                unit: Unit::Count.name().to_owned(),
                measured: Some(n * Unit::Count.scale()),
                worse: 1,
                value: n.to_string(),
                text: format!("{of_whom} for which the rule holds"),
                rows: rows.join("\n"),
            });
        }
        for (position, fact) in (0..).zip(&mut basis) {
            fact.position = position;
        }
        basis
    }
}

/// Keeps the worse of two values of a fact, and the words and rows of both.
fn worst(known: &mut AlertFact, other: AlertFact) {
    let is_worse = match (known.measured, other.measured) {
        (Some(a), Some(b)) => (b > a && known.worse > 0) || (b < a && known.worse < 0),
        (known, other) => known.is_none() && other.is_some(),
    };
    known.rows = joined(&known.rows, &other.rows, "\n");
    known.text = joined(&known.text, &other.text, "; ");
    if known.unit == KIND_WORDS {
        known.value = joined(&known.value, &other.value, "; ");
    } else if is_worse {
        (known.measured, known.value) = (other.measured, other.value);
    }
}

/// The parts of both, each once, so many at most.
fn joined(a: &str, b: &str, by: &str) -> String {
    if a == b {
        return a.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    let mut is_cut = false;
    for part in a.split(by).chain(b.split(by)).filter(|part| !part.is_empty()) {
        let is_mark = part.starts_with('…');
        if !is_mark && !parts.contains(&part) && parts.len() < SHOWN_MAX {
            parts.push(part);
        } else {
            is_cut |= is_mark || !parts.contains(&part);
        }
    }
    if is_cut {
        parts.push("… and more");
    }
    parts.join(by)
}

/// Causes of `after` that `before` did not name, where their names are today; none if `before` names no causes or not all.
pub(super) fn fresh(
    before: &[AlertFact],
    after: &[AlertFact],
    resolve: Resolve<'_>,
) -> Vec<String> {
    let names = |basis: &[AlertFact]| {
        let fact = basis.iter().find(|fact| fact.name == CAUSES)?;
        let is_whole = !fact.rows.lines().any(|row| row.starts_with('…'));
        let row = |row: &str| match row.strip_prefix(CLUSTER) {
            Some(address) => match resolve(&SubjectKey::Cluster(address.to_owned())) {
                Some(SubjectKey::Cluster(now)) => format!("{CLUSTER}{now}"),
                _ => row.to_owned(),
            },
            None => row.to_owned(),
        };
        is_whole.then(|| fact.rows.lines().map(row).collect::<BTreeSet<String>>())
    };
    match (names(before), names(after)) {
        (Some(before), Some(after)) => after.difference(&before).cloned().collect(),
        _ => Vec::new(),
    }
}

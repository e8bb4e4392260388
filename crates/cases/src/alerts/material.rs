//! When a basis changed so much that people should hear of it.

use ledger::AlertFact;

use crate::expression::{KIND_WORDS, Unit};

/// A number that grew or shrank by so many percent of what it was is another number. Hops and counts are another by one.
pub const GROWTH_PERCENT: i128 = 20;
/// A score is another by so many points.
pub const SCORE_POINTS: i128 = 5;

/// What changed between two bases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// In words, a fact each.
    pub(super) words: Vec<String>,
    /// Whether something got worse: a new fact, or a number that moved to its worse side.
    pub(super) worse: bool,
}

/// What changed materially from one basis to the next.
pub(super) fn changed(before: &[AlertFact], after: &[AlertFact]) -> Changed {
    let mut changed = Changed::default();
    let find = |rows: &[AlertFact], name: &str| rows.iter().find(|row| row.name == name).cloned();
    for fact in after {
        match find(before, &fact.name) {
            None => {
                changed.words.push(format!("{}: {}", fact.name, fact.value));
                changed.worse = true;
            }
            Some(old) => match difference(&old, fact) {
                0 => {}
                way => {
                    changed.words.push(format!("{}: {} → {}", fact.name, old.value, fact.value));
                    changed.worse |= i128::from(fact.worse) * way > 0 || fact.worse == 0;
                }
            },
        }
    }
    for old in before {
        if find(after, &old.name).is_none() {
            changed.words.push(format!("{} no longer counts", old.name));
        }
    }
    changed
}

/// 1 if the number is materially more, -1 if less, 0 if it is much the same. Words differ or they do not.
fn difference(old: &AlertFact, new: &AlertFact) -> i128 {
    match (old.measured, new.measured) {
        (Some(a), Some(b)) if a == b => 0,
        (Some(a), Some(b)) => {
            let far = match bound(&new.unit) {
                Some(least) => a.abs_diff(b) >= least,
                None => {
                    a.abs_diff(b).saturating_mul(100)
                        >= a.unsigned_abs().saturating_mul(GROWTH_PERCENT.unsigned_abs())
                }
            };
            if far { (b - a.min(b)).signum() - (a - a.min(b)).signum() } else { 0 }
        }
        (None, None) if new.unit == KIND_WORDS && old.value == new.value => 0,
        _ => 1,
    }
}

/// How far apart numbers of a unit have to be; `None` for those that are compared by their size.
fn bound(unit: &str) -> Option<u128> {
    let unit = Unit::ALL.into_iter().find(|known| known.name() == unit)?;
    match unit {
        Unit::Hops | Unit::Count | Unit::Number => Some(unit.scale().unsigned_abs()),
        Unit::Points => Some((unit.scale() * SCORE_POINTS).unsigned_abs()),
        _ => None,
    }
}

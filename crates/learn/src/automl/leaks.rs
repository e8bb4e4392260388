//! Whether the figures of a model can be believed: what it may have known of the rows it is judged by.
//!
//! In: a table, its roles, its folds. Out: one [`LeakCheck`] a question, also where nothing was found: a check that says nothing
//! cannot be told from one that was not made.
//! Cost: O(rows log rows × columns) of one fold. Checked against: tables by hand (`tests/it/automl_odd.rs`).

use serde::{Deserialize, Serialize};

use super::copies;
use super::folds::Held;
use crate::features::{future_times, overlap};
use crate::roles::{Kind, Role, SUSPECT_AUC, Targets};
use crate::split::Split;
use crate::{Frame, LearnError};

/// Rows of either side that are compared at most.
const ROWS_MAX: usize = 20_000;
/// Share of held-out rows that may be copies before it is a finding: small tables of categories repeat themselves.
const COPIES_MAX: f64 = 0.05;
/// Columns that a sentence names at most.
const NAMED_MAX: usize = 5;
/// Share of rows in which a time lies after the row's own clock from which it is a finding.
const LATER_MAX: f64 = 0.01;

/// One question about leaks, answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeakCheck {
    /// What was looked for.
    pub name: String,
    /// Whether there is something to look at.
    pub found: bool,
    /// Whether it could be looked for.
    #[serde(default = "looked")]
    pub looked: bool,
    /// What was seen, in words.
    pub words: String,
}

/// As files of models of earlier versions mean it.
fn looked() -> bool {
    true
}

/// What checks look at.
pub(super) struct Suspects<'s> {
    pub(super) frame: &'s Frame,
    pub(super) roles: &'s [Role],
    pub(super) targets: &'s Targets,
    pub(super) held: &'s Held,
    /// Instant up to which the table is known, microseconds since 1970.
    pub(super) as_of_us: Option<i64>,
}

impl Suspects<'_> {
    /// All checks, in a fixed order.
    pub(super) fn checks(&self) -> Result<Vec<LeakCheck>, LearnError> {
        let mut checks = vec![self.told()];
        checks.extend(self.held.splits.first().map(|split| self.copies(split)).transpose()?);
        checks.extend(self.future()?);
        Ok(checks)
    }

    /// Columns that tell the target too well, left out or not.
    fn told(&self) -> LeakCheck {
        let is_suspect = |role: &&Role| {
            let is_close = role.kind.is_used() && role.told.is_some_and(|told| told >= SUSPECT_AUC);
            role.kind == Kind::Leak || is_close
        };
        let what = |role: &Role| match role.kind {
            Kind::Leak => format!("{} (left out)", role.column),
            _ => role.column.clone(),
        };
        let found: Vec<String> = self.roles.iter().filter(is_suspect).map(what).collect();
        let mut words = match found.len() {
            0 => "no column alone tells the target almost perfectly".to_owned(),
            _ => {
                format!("almost the target alone: {}; known before the outcome?", found.join(", "))
            }
        };
        let used: Vec<&Role> = self.roles.iter().filter(|role| role.kind.is_used()).collect();
        let unseen: Vec<&str> = used
            .iter()
            .filter(|role| role.told.is_none())
            .map(|role| role.column.as_str())
            .collect();
        if !unseen.is_empty() {
            let more = unseen.len().saturating_sub(NAMED_MAX);
            let named = unseen[..unseen.len() - more].join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            words.push_str(&format!(
                "; not looked at (words, or too few rows of a class): {named}{more}"
            ));
        }
        let looked = unseen.len() < used.len() || !found.is_empty();
        LeakCheck { name: "a column too good".to_owned(), found: !found.is_empty(), looked, words }
    }

    /// Rows of the first fold that stand among those it is trained on, too.
    fn copies(&self, split: &Split) -> Result<LeakCheck, LearnError> {
        let name = "rows on both sides of the split".to_owned();
        let mut columns = copies::used(self.roles);
        if copies::alike_by_chance(self.frame, &columns, split.train.len().min(ROWS_MAX))? {
            let words = format!(
                "not looked for: rows of {} such columns are alike by chance",
                columns.len()
            );
            return Ok(LeakCheck { name, found: false, looked: false, words });
        }
        columns.push(&self.targets.column);
        let some = |rows: &[u32]| -> Vec<u32> {
            let n = rows.len().min(ROWS_MAX);
            (0..n).map(|at| rows[at * rows.len() / n]).collect()
        };
        let (train, held) = (some(&split.train), some(&split.validation));
        let same = overlap(&self.frame.take(&train), &self.frame.take(&held), &columns)?;
        let words = format!(
            "{} of {} held-out rows of the first fold equal one of {} trained on in every column",
            same.n_rows,
            held.len(),
            train.len()
        );
        let words = match self.held.n_copies() {
            0 => words,
            n => format!(
                "{words}; {n} rows of the table equal another, and such are held out together"
            ),
        };
        let found = same.n_rows as f64 > COPIES_MAX * held.len() as f64;
        Ok(LeakCheck { name, found, looked: true, words })
    }

    /// Times that lie after what the table can know, or after the row's own clock.
    fn future(&self) -> Result<Option<LeakCheck>, LearnError> {
        if !self.roles.iter().any(|role| role.kind == Kind::Time) {
            return Ok(None);
        }
        let mut found = Vec::new();
        let clock = self.held.clock();
        let latest = clock.and_then(|clock| clock.iter().max().copied());
        let Some(until) = self.as_of_us.or(latest) else {
            let words = "not looked for: neither a split by time nor a date up to which the table is known was given";
            let name = "dates of the future".to_owned();
            let words = words.to_owned();
            return Ok(Some(LeakCheck { name, found: false, looked: false, words }));
        };
        for future in future_times(self.frame, self.roles, until)? {
            let last = super::shown(future.latest_us as f64, super::Measure::Time);
            found.push(format!(
                "{} is later than the table can know in {} rows (up to {last})",
                future.column, future.n_rows
            ));
        }
        for role in self.roles.iter().filter(|role| role.kind == Kind::Time) {
            let Some(clock) = clock else { break };
            let times = role.times(self.frame)?;
            let later =
                |(time, clock): &(&Option<i64>, &i64)| time.is_some_and(|time| time > **clock);
            let n_later = times.iter().zip(clock).filter(later).count();
            if n_later as f64 > LATER_MAX * clock.len() as f64 {
                found.push(format!(
                    "{} is after the row's own clock in {n_later} rows",
                    role.column
                ));
            }
        }
        let words = match found.len() {
            0 => "no time lies after what the table can know".to_owned(),
            _ => format!("{}: known when the model is asked?", found.join("; ")),
        };
        let name = "dates of the future".to_owned();
        Ok(Some(LeakCheck { name, found: !found.is_empty(), looked: true, words }))
    }
}

//! How rows are held out: the folds that every candidate is judged by.

use serde::{Deserialize, Serialize};

use crate::features::Folds;
use crate::roles::{Kind, Role, Targets, read_levels};
use crate::split::{self, Split};
use crate::{Frame, LearnError, Task};

/// Shares of the rows held out where one split must do.
const HELD_OUT: f64 = 0.2;
/// Share of neighboring rows in order from which a date column is the clock of the table.
const IN_ORDER: f64 = 0.99;

/// Which rows are held out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// By time where a date column is the clock of the table (its rows are in its order), else stratified or at random.
    #[default]
    Auto,
    /// At random.
    Random,
    /// At random, every class in its share.
    Stratified,
    /// Later rows than all that are trained on, by this column.
    Time(String),
    /// Whole groups, by this column.
    Group(String),
    /// A fold a row, as given.
    Folds(Vec<u32>),
}

/// Folds, and what target encoding may learn from.
pub(super) struct Held {
    pub(super) splits: Vec<Split>,
    pub(super) sentence: String,
    /// Times of rows, where the split is by time.
    clock: Option<Vec<i64>>,
    /// Groups of rows, where the split is by group.
    groups: Option<Vec<u32>>,
}

impl Held {
    /// `n_folds` of 1 asks for one split.
    pub(super) fn new(
        frame: &Frame,
        roles: &[Role],
        targets: &Targets,
        by: &SplitBy,
        (n_folds, seed): (u32, u64),
    ) -> Result<Self, LearnError> {
        let n_rows = frame.n_rows();
        let plain = |splits: Vec<Split>, what: &str| {
            let sentence = format!("{what}: {} held out in turn", folds_word(splits.len()));
            Ok(Self { splits, sentence, clock: None, groups: None })
        };
        match by {
            SplitBy::Auto => match clock_of(frame, roles)? {
                Some(column) => {
                    let by = SplitBy::Time(column);
                    let mut held = Self::new(frame, roles, targets, &by, (n_folds, seed))?;
                    held.sentence += ", since the rows are in its order";
                    Ok(held)
                }
                None if targets.task == Task::Regression => {
                    Self::new(frame, roles, targets, &SplitBy::Random, (n_folds, seed))
                }
                None => Self::new(frame, roles, targets, &SplitBy::Stratified, (n_folds, seed)),
            },
            SplitBy::Stratified if targets.task != Task::Regression => {
                let stratified = match n_folds {
                    1 => split::stratified(&targets.values, HELD_OUT, seed).map(|one| vec![one]),
                    _ => split::stratified_folds(&targets.values, n_folds, seed),
                };
                match stratified {
                    Ok(splits) => plain(splits, "stratified by class"),
                    // A class with fewer rows than folds cannot be in every one.
                    Err(LearnError::Split { .. }) => {
                        Self::new(frame, roles, targets, &SplitBy::Random, (n_folds, seed))
                    }
                    Err(error) => Err(error),
                }
            }
            SplitBy::Random | SplitBy::Stratified => {
                let splits = match n_folds {
                    1 => vec![split::random(n_rows, HELD_OUT, seed)?],
                    _ => split::random_folds(n_rows, n_folds, seed)?,
                };
                plain(splits, "at random")
            }
            SplitBy::Time(column) => by_time(frame, roles, column, n_folds),
            SplitBy::Group(column) => {
                let groups = groups_of(frame, column)?;
                let wide: Vec<u64> = groups.iter().map(|group| u64::from(*group)).collect();
                let splits = match n_folds {
                    1 => vec![split::grouped(&wide, HELD_OUT, seed)?],
                    _ => split::grouped_folds(&wide, n_folds, seed)?,
                };
                let what = folds_word(splits.len());
                let sentence = format!("whole groups of {column}: {what} held out in turn");
                Ok(Self { splits, sentence, clock: None, groups: Some(groups) })
            }
            SplitBy::Folds(given) => by_given(n_rows, given),
        }
    }

    /// Which rows the training rows of a split may learn their encodings from.
    pub(super) fn encoding<'h>(&'h self, rows: &[u32], own: &'h mut Own) -> EncodingFolds<'h> {
        let pick_times = |clock: &Vec<i64>| rows.iter().map(|row| clock[*row as usize]).collect();
        let pick_groups = |all: &Vec<u32>| rows.iter().map(|row| all[*row as usize]).collect();
        if let Some(clock) = &self.clock {
            own.times = pick_times(clock);
            return EncodingFolds::Ordered(&own.times);
        }
        if let Some(groups) = &self.groups {
            own.groups = pick_groups(groups);
            return EncodingFolds::Given(&own.groups);
        }
        EncodingFolds::Random
    }

    /// Whether the split is by time.
    pub(super) fn is_by_time(&self) -> bool {
        self.clock.is_some()
    }
}

/// Owned times or groups of some rows.
#[derive(Default)]
pub(super) struct Own {
    times: Vec<i64>,
    groups: Vec<u32>,
}

/// [`Folds`] before the seed is known.
pub(super) enum EncodingFolds<'o> {
    Random,
    Given(&'o [u32]),
    Ordered(&'o [i64]),
}

impl<'o> EncodingFolds<'o> {
    pub(super) fn seeded(&self, seed: u64) -> Folds<'o> {
        match self {
            Self::Random => Folds::Random { n_folds: 5, seed },
            Self::Given(groups) => Folds::Given(groups),
            Self::Ordered(times) => Folds::Ordered(times),
        }
    }
}

fn folds_word(n: usize) -> String {
    if n == 1 { "a part is".to_owned() } else { format!("{n} folds") }
}

/// The only date column whose order the rows are in: the clock of the table.
fn clock_of(frame: &Frame, roles: &[Role]) -> Result<Option<String>, LearnError> {
    let mut found = None;
    for role in roles.iter().filter(|role| role.kind == Kind::Time) {
        let known: Vec<i64> = role.times(frame)?.into_iter().flatten().collect();
        let pairs = known.len().saturating_sub(1).max(1) as f64;
        let up = known.windows(2).filter(|pair| pair[0] <= pair[1]).count() as f64;
        let down = known.windows(2).filter(|pair| pair[0] >= pair[1]).count() as f64;
        let varies = known.first() != known.last();
        let whole = known.len() == frame.n_rows();
        if whole && varies && up.max(down) / pairs >= IN_ORDER {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(role.column.clone());
        }
    }
    Ok(found)
}

fn by_time(frame: &Frame, roles: &[Role], column: &str, n_folds: u32) -> Result<Held, LearnError> {
    let raw = frame.column(column)?;
    let role = roles.iter().find(|role| role.column == column && role.kind == Kind::Time);
    let clock: Vec<i64> = match role {
        Some(role) => {
            let times = role.times(frame)?;
            let missing = times.iter().position(Option::is_none);
            if let Some(row) = missing {
                return Err(
                    raw.refused(row, "a time in every row of the column that splits by time")
                );
            }
            times.into_iter().flatten().collect()
        }
        // A step or a year orders rows as well as a date does.
        None => whole_numbers(raw)?,
    };
    let splits = match n_folds {
        1 => vec![split::forward(&clock, HELD_OUT)?],
        _ => split::rolling_folds(&clock, n_folds)?,
    };
    let what = folds_word(splits.len());
    let sentence = format!("forward in time by {column}: {what} held out, earlier rows trained on");
    Ok(Held { splits, sentence, clock: Some(clock), groups: None })
}

fn whole_numbers(column: &crate::Column) -> Result<Vec<i64>, LearnError> {
    let expected =
        "a date, a time or a whole number in every row of the column that splits by time";
    (0..column.values.len())
        .map(|row| {
            let shown = column.values.shown(row);
            let whole = shown.and_then(|text| text.trim().parse::<i64>().ok());
            whole.ok_or_else(|| column.refused(row, expected))
        })
        .collect()
}

fn groups_of(frame: &Frame, column: &str) -> Result<Vec<u32>, LearnError> {
    let raw = frame.column(column)?;
    let levels = read_levels(&crate::roles::Reading::Level, raw);
    match levels.codes.iter().position(|code| *code == u32::MAX) {
        Some(row) => {
            Err(raw.refused(row, "a group in every row of the column that splits by group"))
        }
        None => Ok(levels.codes),
    }
}

fn by_given(n_rows: usize, given: &[u32]) -> Result<Held, LearnError> {
    crate::error::same_length("folds", n_rows, given.len())?;
    let mut numbers: Vec<u32> = given.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let rows = |held: u32, inside: bool| -> Vec<u32> {
        (0_u32..)
            .zip(given)
            .filter(|(_, fold)| (**fold == held) == inside)
            .map(|row| row.0)
            .collect()
    };
    let splits = numbers
        .iter()
        .map(|held| Split::custom(n_rows, rows(*held, false), rows(*held, true)))
        .collect::<Result<Vec<_>, _>>()?;
    let sentence = format!("as given: {} held out in turn", folds_word(splits.len()));
    Ok(Held { splits, sentence, clock: None, groups: Some(given.to_vec()) })
}

//! How rows are held out: the folds that every candidate is judged by.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::copies;
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
    /// Whether these are microseconds since 1970, and not steps.
    is_dated: bool,
    /// Groups of rows, where the split is by group; parts of the table for target encoding, where copies stay together.
    groups: Option<Vec<u32>>,
    /// Rows that equal another and are held out with it.
    n_copies: usize,
    /// Rows, each of these once.
    pub(super) n_distinct: usize,
}

impl Held {
    /// Neither by time nor by group.
    fn of(splits: Vec<Split>, sentence: String, n_distinct: usize) -> Self {
        let (clock, groups) = (None, None);
        Self { splits, sentence, clock, is_dated: false, groups, n_copies: 0, n_distinct }
    }

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
            Ok(Self::of(splits, sentence, n_rows))
        };
        if matches!(by, SplitBy::Random | SplitBy::Stratified) {
            let by_class = *by == SplitBy::Stratified && targets.task != Task::Regression;
            if let Some(held) =
                Self::whole_copies(frame, roles, targets, (by_class, n_folds, seed))?
            {
                return Ok(held);
            }
        }
        match by {
            SplitBy::Auto => match clock_of(frame, roles)? {
                Some(column) => {
                    let by = SplitBy::Time(column);
                    let mut held = Self::new(frame, roles, targets, &by, (n_folds, seed))?;
                    held.sentence += ", since the rows are in its order";
                    Ok(held)
                }
                None => Self::new(frame, roles, targets, &SplitBy::Stratified, (n_folds, seed)),
            },
            SplitBy::Stratified if targets.task != Task::Regression => {
                let (splits, singles) = by_class(targets, n_folds, seed)?;
                let mut held = plain(splits, "stratified by class")?;
                if singles > 0 {
                    held.sentence += &format!("; {singles} classes of one row are never held out");
                }
                Ok(held)
            }
            SplitBy::Random | SplitBy::Stratified => {
                let splits = match fewer(n_folds, n_rows, "rows")? {
                    1 => vec![split::random(n_rows, HELD_OUT, seed)?],
                    n_folds => split::random_folds(n_rows, n_folds, seed)?,
                };
                plain(splits, "at random")?.with_both(targets)
            }
            SplitBy::Time(column) => by_time(frame, roles, column, n_folds)?.with_both(targets),
            SplitBy::Group(column) => {
                let groups = groups_of(frame, column)?;
                let wide: Vec<u64> = groups.iter().map(|group| u64::from(*group)).collect();
                let splits = match n_folds {
                    1 => vec![split::grouped(&wide, HELD_OUT, seed)?],
                    _ => {
                        let n_groups = groups.iter().max().map_or(0, |most| *most as usize + 1);
                        let n_folds = u32::try_from(n_groups).map_or(n_folds, |n| n.min(n_folds));
                        split::grouped_folds(&wide, n_folds.max(2), seed)?
                    }
                };
                let what = folds_word(splits.len());
                let sentence = format!("whole groups of {column}: {what} held out in turn");
                Self { groups: Some(groups), ..Self::of(splits, sentence, n_rows) }
                    .with_both(targets)
            }
            SplitBy::Folds(given) => by_given(n_rows, given)?.with_both(targets),
        }
    }

    /// Folds that hold copies of a row out together; `None` where there are none, or too few rows beside them to do so.
    fn whole_copies(
        frame: &Frame,
        roles: &[Role],
        targets: &Targets,
        (by_class, n_folds, seed): (bool, u32, u64),
    ) -> Result<Option<Self>, LearnError> {
        let size_max = frame.n_rows() / if n_folds == 1 { 5 } else { n_folds as usize };
        let Some(groups) = copies::groups(frame, roles, targets, size_max)? else {
            return Ok(None);
        };
        let wide: Vec<u64> = groups.iter().map(|group| u64::from(*group)).collect();
        let n_groups = groups.iter().collect::<BTreeSet<_>>().len();
        let Ok(n_possible) = fewer(n_folds, n_groups, "rows") else { return Ok(None) };
        let (splits, singles) = match (by_class, n_possible) {
            (true, _) => match whole_by_class(targets, &groups, n_folds, seed)? {
                Some(dealt) => dealt,
                None => return Ok(None),
            },
            (false, 1) => (vec![split::grouped(&wide, HELD_OUT, seed)?], 0),
            (false, n) => (split::grouped_folds(&wide, n, seed)?, 0),
        };
        let n_copies = copies::n_copies(&groups);
        let how = if by_class { "stratified by class" } else { "at random" };
        let what = folds_word(splits.len());
        let mut sentence =
            format!("{how}: {what} held out in turn, {n_copies} rows that equal another with it");
        if singles > 0 {
            sentence += &format!("; {singles} classes of one row are never held out");
        }
        // Encodings, too, must not learn a row from its copy.
        let parts = split::grouped_folds(&wide, 5.min(n_possible.max(2)), seed)?;
        let mut part_of = vec![0; groups.len()];
        for (part, split) in (0..).zip(&parts) {
            split.validation.iter().for_each(|row| part_of[*row as usize] = part);
        }
        let groups = Some(part_of);
        let held = Self { groups, n_copies, ..Self::of(splits, sentence, n_groups) };
        Ok(held.with_both(targets).ok())
    }

    /// Rows that equal another in every column and are held out with it.
    pub(super) fn n_copies(&self) -> usize {
        self.n_copies
    }

    /// Without folds that cannot teach or judge: those with one outcome only on either side.
    fn with_both(mut self, targets: &Targets) -> Result<Self, LearnError> {
        let varies = |rows: &[u32]| {
            let first = rows.first().map(|row| targets.values[*row as usize]);
            rows.iter().any(|row| Some(targets.values[*row as usize]) != first)
        };
        let n_all = self.splits.len();
        self.splits.retain(|split| varies(&split.train) && varies(&split.validation));
        let n_left = n_all - self.splits.len();
        if self.splits.is_empty() {
            let what = "folds with more than one outcome on either side";
            return Err(LearnError::Split { what, asked: 1, found: 0 });
        }
        if n_left > 0 {
            self.sentence += &format!("; {n_left} of them left out, with one outcome only");
        }
        Ok(self)
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

    /// Times of rows, where the split is by time: microseconds since 1970. None where it is by steps, which no date compares with.
    pub(super) fn clock(&self) -> Option<&[i64]> {
        self.clock.as_deref().filter(|_| self.is_dated)
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

/// As many folds as leave two rows (or other things) to each, two at least; one stays one.
fn fewer(n_folds: u32, n: usize, what: &'static str) -> Result<u32, LearnError> {
    if n < 4 {
        return Err(LearnError::Split { what, asked: 4, found: n });
    }
    let most = u32::try_from(n / 2).unwrap_or(u32::MAX);
    Ok(if n_folds == 1 { 1 } else { n_folds.min(most) })
}

/// Folds with every class in its share, and how many classes have one row. Rows of a rare class go to as many folds as there
/// are; one that is alone is in every training part, for it can be learned but not judged.
fn by_class(targets: &Targets, n_folds: u32, seed: u64) -> Result<(Vec<Split>, usize), LearnError> {
    let n_rows = targets.values.len();
    let mut counts = vec![0_usize; targets.classes.len()];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "classes count up")]
    let class = |row: &u32| targets.values[*row as usize] as usize;
    let mut order: Vec<u32> = (0..n_rows).map(super::search::row_number).collect();
    order.iter().for_each(|row| counts[class(row)] += 1);
    let wanted = fewer(n_folds.max(2), n_rows, "rows")?;
    let of_two = if targets.task == Task::Binary {
        // Both classes stand on both sides of every fold, or nothing can be judged by it.
        let least = counts.iter().copied().min().unwrap_or(0);
        if least < 2 {
            let what = "rows of the rarer class";
            return Err(LearnError::Split { what, asked: 2, found: least });
        }
        u32::try_from(least).unwrap_or(u32::MAX)
    } else {
        wanted
    };
    let n_judged = counts.iter().filter(|count| **count > 1).count();
    if n_judged < 2 {
        let what = "classes of more than one row, which can be held out";
        return Err(LearnError::Split { what, asked: 2, found: n_judged });
    }
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order.sort_by_key(class);
    let dealt: Vec<u32> = order.into_iter().filter(|row| counts[class(row)] > 1).collect();
    // A single split holds out a fifth, or more where a fifth would be of one class.
    let is_mixed =
        |n: &u32| dealt.iter().step_by(*n as usize).any(|r| class(r) != class(&dealt[0]));
    let one = (2..=5).rev().find(is_mixed).unwrap_or(2);
    let n_dealt = if n_folds == 1 { one } else { wanted }.min(of_two);
    let mut fold_of = vec![u32::MAX; n_rows];
    dealt.iter().zip((0..n_dealt).cycle()).for_each(|(row, fold)| fold_of[*row as usize] = fold);
    let rows = |fold: u32, inside: bool| -> Vec<u32> {
        let is = |row: &u32| (fold_of[*row as usize] == fold) == inside;
        (0..n_rows).map(super::search::row_number).filter(is).collect()
    };
    let n_kept = if n_folds == 1 { 1 } else { n_dealt };
    let splits = (0..n_kept).map(|fold| Split::custom(n_rows, rows(fold, false), rows(fold, true)));
    let singles = counts.iter().filter(|count| **count == 1).count();
    Ok((splits.collect::<Result<Vec<_>, _>>()?, singles))
}

/// [`by_class`] with groups kept whole: of each class the largest first, each to the fold with the fewest rows of it. `None` where
/// a class of two, or all classes but one, are copies of a single row.
fn whole_by_class(
    targets: &Targets,
    groups: &[u32],
    n_folds: u32,
    seed: u64,
) -> Result<Option<(Vec<Split>, usize)>, LearnError> {
    let n_rows = groups.len();
    let mut rows_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, group) in (0..n_rows).map(super::search::row_number).zip(groups) {
        rows_of.entry(*group).or_default().push(row);
    }
    let mut lists: Vec<Vec<u32>> = rows_of.into_values().collect();
    lists.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
    let mut of_class: Vec<Vec<Vec<u32>>> = vec![Vec::new(); targets.classes.len()];
    for list in lists {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a class")]
        of_class[targets.values[list[0] as usize] as usize].push(list);
    }
    let singles = of_class.iter().filter(|lists| lists.len() == 1).count();
    of_class.retain(|lists| lists.len() > 1);
    let least = of_class.iter().map(Vec::len).min().unwrap_or(0);
    if of_class.len() < 2 || (targets.task == Task::Binary && singles > 0) {
        return Ok(None);
    }
    let n_dealt = if n_folds == 1 { 5 } else { n_folds.max(2) } as usize;
    // Both classes stand on both sides of every fold, or nothing can be judged by it.
    let n_dealt = if targets.task == Task::Binary { n_dealt.min(least) } else { n_dealt };
    let mut fold_of = vec![usize::MAX; n_rows];
    let mut sizes = vec![0; n_dealt];
    for lists in of_class {
        let mut own = vec![0; n_dealt];
        for list in lists {
            let fold = (0..n_dealt).min_by_key(|fold| (own[*fold], sizes[*fold])).unwrap_or(0);
            (own[fold], sizes[fold]) = (own[fold] + list.len(), sizes[fold] + list.len());
            list.iter().for_each(|row| fold_of[*row as usize] = fold);
        }
    }
    let rows = |fold: usize, inside: bool| -> Vec<u32> {
        let is = |row: &u32| (fold_of[*row as usize] == fold) == inside;
        (0..n_rows).map(super::search::row_number).filter(is).collect()
    };
    let n_kept = if n_folds == 1 { 1 } else { n_dealt };
    let dealt = (0..n_kept).filter(|fold| sizes[*fold] > 0);
    let splits = dealt.map(|fold| Split::custom(n_rows, rows(fold, false), rows(fold, true)));
    Ok(Some((splits.collect::<Result<_, _>>()?, singles)))
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
    let distinct = clock.iter().collect::<BTreeSet<_>>().len();
    let most = u32::try_from(distinct.saturating_sub(1)).unwrap_or(u32::MAX);
    let splits = match n_folds {
        1 => vec![split::forward(&clock, HELD_OUT)?],
        _ => split::rolling_folds(&clock, n_folds.min(most).max(1))?,
    };
    let what = folds_word(splits.len());
    let sentence = format!("forward in time by {column}: {what} held out, earlier rows trained on");
    let is_dated = role.is_some();
    Ok(Held { clock: Some(clock), is_dated, ..Held::of(splits, sentence, frame.n_rows()) })
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
    if let Some(row) = levels.codes.iter().position(|code| *code == u32::MAX) {
        return Err(raw.refused(row, "a group in every row of the column that splits by group"));
    }
    // By name: spellings that differ in blanks at their ends are one group.
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let group = |code: &u32| {
        let next = u32::try_from(known.len()).expect("a frame has fewer than 2^32 rows");
        *known.entry(levels.names[*code as usize].as_ref()).or_insert(next)
    };
    Ok(levels.codes.iter().map(group).collect())
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
    Ok(Held { groups: Some(given.to_vec()), ..Held::of(splits, sentence, n_rows) })
}

//! Columns as a report shows them: numbers, instants or levels, cut into a few bins with names.
//!
//! In: a column and its role. Out: a [`View`], and a [`Cut`] of it: bins of about equal counts, or the most frequent levels.
//! Names of rows, words of texts and levels of fewer than five rows are never shown: a model file travels further than its table. Of texts the length is
//! seen, of identifiers how many there are.
//! Cost: O(n log n) a column. Checked against: counts by hand (`tests/it/model_report.rs`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::frame::{Column, cut};
use crate::quantiles::{ascending, bin_starts};
use crate::roles::{Kind, Reading, Role, Targets, read_levels, read_numbers, read_times};
use crate::{LearnError, Task};

/// An ordered column with more levels is shown as numbers.
const ORDERED_LEVELS_MAX: usize = 24;
/// Rows from which a level is named.
const LEVEL_ROWS_MIN: u64 = 5;

/// What the numbers of a column measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Themselves.
    Number,
    /// Microseconds since 1970-01-01 UTC.
    Time,
    /// Characters of a text.
    Characters,
    /// Nothing: it has levels.
    Level,
    /// Nothing: values that name a row are not shown.
    #[default]
    Hidden,
}

/// Which rows a bin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinKind {
    /// Those with a number in a range.
    Range,
    /// Those of one level.
    Level,
    /// Those of all levels without a bin of their own.
    OtherLevels,
    /// Those without a value.
    Missing,
}

/// Rows of a column whose values belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValueBin {
    /// Which rows it holds.
    pub kind: BinKind,
    /// Its values in words; a level is cut after 64 characters.
    pub label: String,
    /// Where a range begins.
    pub lower: Option<f64>,
    /// Where it ends.
    pub upper: Option<f64>,
    /// Rows.
    pub count: u64,
}

/// A column as it is shown.
pub(super) struct View {
    pub(super) column: String,
    pub(super) kind: Kind,
    pub(super) measure: Measure,
    pub(super) values: Viewed,
}

/// A value a row.
pub(super) enum Viewed {
    /// NaN where missing.
    Numbers(Vec<f64>),
    /// Distinct names in order, and a place among them a row; `u32::MAX` where missing.
    Levels { names: Vec<String>, codes: Vec<u32>, is_ordered: bool },
    /// Distinct values, and whether a row lacks one.
    Hidden { n_distinct: u64, missing: Vec<bool> },
}

impl View {
    pub(super) fn of(role: &Role, column: &Column) -> Result<Self, LearnError> {
        let is_time = matches!(
            role.reading,
            Reading::Time { .. } | Reading::Epoch { .. } | Reading::Calendar
        );
        let (measure, values) = match role.kind {
            Kind::Identifier => (Measure::Hidden, hidden(role, column)),
            Kind::Text => (Measure::Characters, Viewed::Numbers(lengths(column))),
            Kind::Time | Kind::Leak if is_time => {
                let (times, _) = read_times(&role.reading, column)?;
                let number = |time: Option<i64>| time.map_or(f64::NAN, |micros| micros as f64);
                (Measure::Time, Viewed::Numbers(times.into_iter().map(number).collect()))
            }
            Kind::Number => numbers(role, column)?,
            Kind::Leak if matches!(role.reading, Reading::Number { .. }) => numbers(role, column)?,
            Kind::Ordered => ordered(role, column)?,
            _ => (Measure::Level, levels(role, column)),
        };
        Ok(Self { column: role.column.clone(), kind: role.kind, measure, values })
    }

    /// A column that cannot be read: nothing is known of its values.
    pub(super) fn unread(role: &Role, n_rows: usize) -> Self {
        let values = Viewed::Hidden { n_distinct: 0, missing: vec![false; n_rows] };
        Self { column: role.column.clone(), kind: role.kind, measure: Measure::Hidden, values }
    }

    /// The column that is predicted, from the numbers that stand for it.
    pub(super) fn target(targets: &Targets, values: &[f64]) -> Self {
        let (measure, values) = if targets.task == Task::Regression {
            (Measure::Number, Viewed::Numbers(values.to_vec()))
        } else {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "classes are small whole numbers"
            )]
            let codes = values.iter().map(|value| *value as u32).collect();
            let names = targets.classes.clone();
            (Measure::Level, Viewed::Levels { names, codes, is_ordered: true })
        };
        Self { column: targets.column.clone(), kind: Kind::Target, measure, values }
    }

    /// Bins of about equal counts, or levels, as they are among the first `n_fit` rows; `None` where values are hidden.
    pub(super) fn cut(&self, n_bins: u32, levels_max: usize, n_fit: usize) -> Option<Cut> {
        match &self.values {
            Viewed::Numbers(values) => Some(self.ranges(values, n_bins, n_fit)),
            Viewed::Levels { names, codes, is_ordered } => {
                Some(frequent(names, codes, *is_ordered, levels_max, n_fit))
            }
            Viewed::Hidden { .. } => None,
        }
    }

    fn ranges(&self, values: &[f64], n_bins: u32, n_fit: usize) -> Cut {
        let fit = &values[..n_fit.min(values.len())];
        let starts = bin_starts(&ascending(fit, &vec![1.0; fit.len()]), n_bins);
        let place = |value: &f64| match value.is_nan() {
            true => starts.len() + 1,
            false => starts.partition_point(|start| start <= value),
        };
        let mut extents = vec![(f64::INFINITY, f64::NEG_INFINITY); starts.len() + 2];
        let places: Vec<usize> = values.iter().map(place).collect();
        for (place, value) in places.iter().zip(values) {
            let extent = &mut extents[*place];
            *extent = (extent.0.min(*value), extent.1.max(*value));
        }
        let bin = |at: usize| {
            let (lower, upper) = extents[at];
            if at > starts.len() {
                return missing_bin();
            }
            let (from, to) = (shown(lower, self.measure), shown(upper, self.measure));
            let label = if from == to { from } else { format!("{from} to {to}") };
            let unit = if self.measure == Measure::Characters { " characters" } else { "" };
            let label = label + unit;
            let (lower, upper) = (Some(lower), Some(upper));
            ValueBin { kind: BinKind::Range, label, lower, upper, count: 0 }
        };
        Cut::of(extents.len(), &places, bin)
    }
}

/// A column cut into bins.
pub(super) struct Cut {
    /// Bins that hold a row.
    pub(super) bins: Vec<ValueBin>,
    /// The bin of every row.
    pub(super) codes: Vec<usize>,
}

impl Cut {
    /// Counts rows and leaves out bins without one.
    fn of(n_bins: usize, places: &[usize], bin: impl Fn(usize) -> ValueBin) -> Self {
        let mut counts = vec![0_u64; n_bins];
        places.iter().for_each(|place| counts[*place] += 1);
        let (mut bins, mut moved) = (Vec::new(), vec![0; n_bins]);
        for (at, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            moved[at] = bins.len();
            bins.push(ValueBin { count, ..bin(at) });
        }
        Self { bins, codes: places.iter().map(|place| moved[*place]).collect() }
    }
}

fn missing_bin() -> ValueBin {
    let label = "(missing)".to_owned();
    ValueBin { kind: BinKind::Missing, label, lower: None, upper: None, count: 0 }
}

/// The most frequent levels, all others together, and rows without one.
fn frequent(
    names: &[String],
    codes: &[u32],
    is_ordered: bool,
    levels_max: usize,
    n_fit: usize,
) -> Cut {
    let mut counts = vec![0_u64; names.len()];
    for code in codes.iter().take(n_fit).filter(|code| **code != u32::MAX) {
        counts[*code as usize] += 1;
    }
    // A level of a few rows tells of those rows, not of the level; steps of a scale and classes are all named.
    let least = if is_ordered { 1 } else { LEVEL_ROWS_MIN };
    let mut order: Vec<usize> = (0..names.len()).filter(|at| counts[*at] >= least).collect();
    order.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then(a.cmp(b)));
    // A bin for one level that is left over would say less than its name.
    order.truncate(if order.len() == levels_max + 1 { levels_max + 1 } else { levels_max });
    if is_ordered {
        order.sort_unstable();
    }
    let mut place = vec![order.len(); names.len()];
    order.iter().enumerate().for_each(|(at, level)| place[*level] = at);
    let n_others = names.len() - order.len();
    let of_row = |code: &u32| match code {
        &u32::MAX => order.len() + 1,
        code => place[*code as usize],
    };
    let places: Vec<usize> = codes.iter().map(of_row).collect();
    let bin = |at: usize| {
        let (kind, label) = match order.get(at) {
            Some(level) => (BinKind::Level, cut(&names[*level])),
            None if at == order.len() => (BinKind::OtherLevels, format!("({n_others} others)")),
            None => return missing_bin(),
        };
        ValueBin { kind, label, lower: None, upper: None, count: 0 }
    };
    Cut::of(order.len() + 2, &places, bin)
}

fn numbers(role: &Role, column: &Column) -> Result<(Measure, Viewed), LearnError> {
    Ok((Measure::Number, Viewed::Numbers(read_numbers(&role.reading, column)?.0)))
}

fn lengths(column: &Column) -> Vec<f64> {
    let length =
        |row| column.values.shown(row).map_or(f64::NAN, |text| text.chars().count() as f64);
    (0..column.values.len()).map(length).collect()
}

/// Levels by name: those that are written alike are one.
fn levels(role: &Role, column: &Column) -> Viewed {
    let raw = read_levels(&role.reading, column);
    let occur: BTreeSet<u32> = raw.codes.iter().copied().filter(|code| *code != u32::MAX).collect();
    let names: BTreeSet<&str> =
        occur.iter().map(|code| raw.names[*code as usize].as_ref()).collect();
    let place: BTreeMap<&str, u32> = names.iter().copied().zip(0_u32..).collect();
    let moved: Vec<u32> = raw
        .names
        .iter()
        .map(|name| place.get(name.as_ref()).copied().unwrap_or(u32::MAX))
        .collect();
    let codes = raw
        .codes
        .iter()
        .map(|code| moved.get(*code as usize).copied().unwrap_or(u32::MAX))
        .collect();
    let names = names.into_iter().map(str::to_owned).collect();
    Viewed::Levels { names, codes, is_ordered: false }
}

/// Levels by the numbers that they stand for.
fn ordered(role: &Role, column: &Column) -> Result<(Measure, Viewed), LearnError> {
    let (numbers, _) = read_numbers(&role.reading, column)?;
    let Viewed::Levels { names, codes, .. } = levels(role, column) else {
        return Ok((Measure::Number, Viewed::Numbers(numbers)));
    };
    if names.len() > ORDERED_LEVELS_MAX {
        return Ok((Measure::Number, Viewed::Numbers(numbers)));
    }
    let mut steps = vec![f64::NAN; names.len()];
    for (code, number) in codes.iter().zip(&numbers).filter(|(code, _)| **code != u32::MAX) {
        steps[*code as usize] = *number;
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|a, b| steps[*a].total_cmp(&steps[*b]).then(a.cmp(b)));
    let mut place = vec![u32::MAX; names.len()];
    order.iter().zip(0_u32..).for_each(|(level, at)| place[*level] = at);
    let codes =
        codes.iter().map(|code| place.get(*code as usize).copied().unwrap_or(u32::MAX)).collect();
    let names = order.into_iter().map(|level| names[level].clone()).collect();
    Ok((Measure::Level, Viewed::Levels { names, codes, is_ordered: true }))
}

fn hidden(role: &Role, column: &Column) -> Viewed {
    let Viewed::Levels { names, codes, .. } = levels(role, column) else {
        return Viewed::Hidden { n_distinct: 0, missing: Vec::new() };
    };
    let missing = codes.iter().map(|code| *code == u32::MAX).collect();
    Viewed::Hidden { n_distinct: names.len() as u64, missing }
}

/// A number as a person would write it: four digits that count, dates as dates.
pub(crate) fn shown(value: f64, measure: Measure) -> String {
    if measure == Measure::Time {
        #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest instant")]
        let instant = jiff::Timestamp::from_microsecond(value as i64);
        // Not a date that a calendar knows: its number.
        return instant.map_or_else(|_| short(value), |at| at.strftime("%Y-%m-%d").to_string());
    }
    short(value)
}

/// Four digits that count.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        1000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        0.1.. => 4,
        0.01.. => 5,
        _ => 6,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

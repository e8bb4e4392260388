//! Many levels as numbers: the mean target of a level, drawn to the mean of all, and how often it occurs.
//!
//! In: levels and targets of the training rows. Out: for new rows `(sum + s × mean) / (n + s)` over all training rows of
//! the level, s being the smoothing; for the training rows themselves the same over *other* rows only, so that no
//! row's own target stands in its features. For several classes one mean a class.
//! Source: Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, SIGKDD Explorations 2001;
//! out-of-fold fitting as scikit-learn's `TargetEncoder`, in order as CatBoost (Prokhorenkova et al., NeurIPS 2018).
//! Departures: the mean that is drawn to is that of the other rows, too; with a clock, rows of the same instant do not
//! see each other; no random permutations.
//! Cost: O(rows × classes). Checked against: scikit-learn and double loops (`tests/it/encoding.rs`).

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::roles::{Levels, Targets};
use crate::{LearnError, Task};

/// Which other rows a training row may learn its encoding from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folds<'a> {
    /// Rows are dealt at random; a row learns from the other folds.
    Random {
        /// How many, at least 2.
        n_folds: u32,
        /// Seed of the dealing.
        seed: u64,
    },
    /// A fold a row, such as groups; a row learns from rows of other folds.
    Given(&'a [u32]),
    /// A time a row, any unit; a row learns from rows strictly before it.
    Ordered(&'a [i64]),
}

impl Folds<'_> {
    /// A fold a row, where there are folds.
    fn dealt(&self, n_rows: usize) -> Result<Option<Vec<u32>>, LearnError> {
        match self {
            Self::Random { n_folds, .. } if *n_folds < 2 => Err(LearnError::Argument {
                what: "the number of folds",
                found: f64::from(*n_folds),
                expected: "2 or more",
            }),
            Self::Random { n_folds, seed } => {
                let mut folds: Vec<u32> = (0..*n_folds).cycle().take(n_rows).collect();
                folds.shuffle(&mut ChaCha8Rng::seed_from_u64(*seed));
                Ok(Some(folds))
            }
            Self::Given(folds) => {
                crate::error::same_length("folds", n_rows, folds.len())?;
                Ok(Some(folds.to_vec()))
            }
            Self::Ordered(clock) => {
                crate::error::same_length("the clock", n_rows, clock.len())?;
                Ok(None)
            }
        }
    }
}

/// What the training rows say about each level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Encoding {
    /// By name, ascending; a missing value is the level without a name.
    levels: Vec<EncodedLevel>,
    all: EncodedLevel,
    #[serde(with = "super::exact")]
    smoothing: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct EncodedLevel {
    name: String,
    n_rows: u64,
    /// Sum of the target, or of rows a class.
    #[serde(with = "super::exact::list")]
    sums: Vec<f64>,
}

impl EncodedLevel {
    fn new(name: &str, n_outputs: usize) -> Self {
        Self { name: name.to_owned(), n_rows: 0, sums: vec![0.0; n_outputs] }
    }

    fn add(&mut self, outputs: &[f64]) {
        self.n_rows += 1;
        self.sums.iter_mut().zip(outputs).for_each(|(sum, output)| *sum += output);
    }

    fn without(&self, other: &Self) -> Self {
        let sums = self.sums.iter().zip(&other.sums).map(|(all, own)| all - own).collect();
        Self { name: String::new(), n_rows: self.n_rows - other.n_rows, sums }
    }

    fn mean(&self, output: usize) -> f64 {
        // NaN before the first row: nothing is known then.
        self.sums[output] / self.n_rows as f64
    }

    fn encoded(&self, output: usize, all: &Self, smoothing: f64) -> f64 {
        (self.sums[output] + smoothing * all.mean(output)) / (self.n_rows as f64 + smoothing)
    }
}

/// The numbers of which means are taken, one set a row: the target, or one indicator a class.
pub(super) struct Outputs {
    /// Row by row.
    values: Vec<f64>,
    n_outputs: usize,
}

impl Outputs {
    /// With more classes than `classes_max` there is none.
    pub(super) fn of(targets: &Targets, classes_max: u32) -> Self {
        match targets.task {
            Task::Regression | Task::Binary => {
                Self { values: targets.values.clone(), n_outputs: 1 }
            }
            Task::Multiclass { n_classes } if n_classes > classes_max => {
                Self { values: Vec::new(), n_outputs: 0 }
            }
            Task::Multiclass { n_classes } => {
                let one = |value: &f64| {
                    let value = *value;
                    (0..n_classes).map(move |class| f64::from(u8::from(value == f64::from(class))))
                };
                Self {
                    values: targets.values.iter().flat_map(one).collect(),
                    n_outputs: n_classes as usize,
                }
            }
        }
    }

    pub(super) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_outputs..(row + 1) * self.n_outputs]
    }
}

impl Encoding {
    /// The encoding for new rows, and the columns of the training rows out of fold, one an output.
    pub(super) fn fit(
        levels: &Levels<'_>,
        outputs: &Outputs,
        folds: Folds<'_>,
        smoothing: f64,
    ) -> Result<(Self, Vec<Vec<f64>>), LearnError> {
        let n_outputs = outputs.n_outputs;
        // By name: two codes may share one.
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let names = levels.codes.iter().map(|code| name(levels, *code));
        names.clone().for_each(|name| {
            known.insert(name, 0);
        });
        known.values_mut().enumerate().for_each(|(at, place)| *place = at);
        let by_code: Vec<usize> = levels
            .names
            .iter()
            .map(|name| known.get(name.as_ref()).copied().unwrap_or(0))
            .collect();
        let missing = known.get("").copied().unwrap_or(0);
        let rows: Vec<usize> = levels
            .codes
            .iter()
            .map(|code| by_code.get(*code as usize).copied().unwrap_or(missing))
            .collect();
        let mut all = EncodedLevel::new("", n_outputs);
        let mut encoded: Vec<EncodedLevel> =
            known.keys().map(|name| EncodedLevel::new(name, n_outputs)).collect();
        for (row, &level) in rows.iter().enumerate() {
            all.add(outputs.row(row));
            encoded[level].add(outputs.row(row));
        }
        let trained = match (folds.dealt(rows.len())?, folds) {
            (Some(folds), _) => out_of_fold(&rows, &encoded, &all, outputs, &folds, smoothing),
            (None, Folds::Ordered(clock)) => {
                in_order(&rows, encoded.len(), outputs, clock, smoothing)
            }
            (None, _) => Vec::new(),
        };
        Ok((Self { levels: encoded, all, smoothing }, trained))
    }

    fn find(&self, name: &str) -> Option<&EncodedLevel> {
        let at = self.levels.binary_search_by(|level| level.name.as_str().cmp(name)).ok()?;
        Some(&self.levels[at])
    }

    /// Whether training knew the level.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Mean targets of each name, one column an output; the mean of all where it is unknown.
    pub(super) fn means(&self, name: &str) -> Vec<f64> {
        let outputs = 0..self.all.sums.len();
        match self.find(name) {
            Some(level) => outputs.map(|at| level.encoded(at, &self.all, self.smoothing)).collect(),
            None => outputs.map(|at| self.all.mean(at)).collect(),
        }
    }

    /// Share of the training rows that hold the level.
    pub(super) fn frequency(&self, name: &str) -> f64 {
        self.find(name).map_or(0.0, |level| level.n_rows as f64 / self.all.n_rows as f64)
    }
}

/// The name of a code; the empty one where missing.
pub(super) fn name<'a>(levels: &'a Levels<'_>, code: u32) -> &'a str {
    levels.names.get(code as usize).map_or("", AsRef::as_ref)
}

fn out_of_fold(
    rows: &[usize],
    encoded: &[EncodedLevel],
    all: &EncodedLevel,
    outputs: &Outputs,
    folds: &[u32],
    smoothing: f64,
) -> Vec<Vec<f64>> {
    // Sums of each fold, and of each level within one, in the order of the rows.
    let mut own_all: BTreeMap<u32, EncodedLevel> = BTreeMap::new();
    let mut own: BTreeMap<(u32, usize), EncodedLevel> = BTreeMap::new();
    let empty = || EncodedLevel::new("", outputs.n_outputs);
    for (row, (&level, &fold)) in rows.iter().zip(folds).enumerate() {
        own_all.entry(fold).or_insert_with(empty).add(outputs.row(row));
        own.entry((fold, level)).or_insert_with(empty).add(outputs.row(row));
    }
    let rest_all: BTreeMap<u32, EncodedLevel> =
        own_all.iter().map(|(fold, own)| (*fold, all.without(own))).collect();
    let value = |(fold, level): (u32, usize), own: &EncodedLevel| {
        let (rest, rest_all) = (encoded[level].without(own), &rest_all[&fold]);
        (0..outputs.n_outputs).map(|at| rest.encoded(at, rest_all, smoothing)).collect::<Vec<f64>>()
    };
    let values: BTreeMap<(u32, usize), Vec<f64>> =
        own.iter().map(|(key, own)| (*key, value(*key, own))).collect();
    let column = |output: usize| {
        rows.iter().zip(folds).map(|(&level, &fold)| values[&(fold, level)][output]).collect()
    };
    (0..outputs.n_outputs).map(column).collect()
}

fn in_order(
    rows: &[usize],
    n_levels: usize,
    outputs: &Outputs,
    clock: &[i64],
    smoothing: f64,
) -> Vec<Vec<f64>> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&row| clock[row]);
    let mut all = EncodedLevel::new("", outputs.n_outputs);
    let mut levels = vec![all.clone(); n_levels];
    let mut columns = vec![vec![f64::NAN; rows.len()]; outputs.n_outputs];
    for instant in order.chunk_by(|a, b| clock[*a] == clock[*b]) {
        for &row in instant {
            for (at, column) in columns.iter_mut().enumerate() {
                column[row] = levels[rows[row]].encoded(at, &all, smoothing);
            }
        }
        for &row in instant {
            all.add(outputs.row(row));
            levels[rows[row]].add(outputs.row(row));
        }
    }
    columns
}

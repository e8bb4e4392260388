//! Many levels as numbers: the mean target of a level, drawn to the mean of all, and how often it occurs.
//!
//! In: levels, or words, and targets of the training rows. Out: for new rows `(sum + s × mean) / (n + s)` over all training rows of
//! the level, s being the smoothing; for the training rows themselves the same over *other* rows only, so that no
//! row's own target stands in its features. For several classes one mean a class. A text is the mean over its words.
//! Source: Micci-Barreca, A preprocessing scheme for high-cardinality categorical attributes, SIGKDD Explorations 2001;
//! out-of-fold fitting as scikit-learn's `TargetEncoder`, in order as CatBoost (Prokhorenkova et al., NeurIPS 2018).
//! Departures: the mean that is drawn to is that of the other rows, too; with a clock, rows of the same instant do not
//! see each other; no random permutations.
//! Cost: O(rows × classes). Checked against: scikit-learn and double loops (`tests/it/features.rs`).

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

/// The levels that rows hold: one each of a category, several words of a text.
pub(super) struct Bags {
    /// Distinct levels, ascending.
    names: Vec<String>,
    /// Levels of each distinct value, as places in `names`.
    levels: Vec<Vec<usize>>,
    /// Which value each row holds.
    rows: Vec<usize>,
}

impl Bags {
    /// One level a row; a missing value is the level without a name.
    pub(super) fn of_levels(levels: &Levels<'_>) -> Self {
        // By name: two codes may share one.
        let held = levels.counts().0.into_keys().map(str::to_owned);
        let has_missing = levels.codes.contains(&u32::MAX);
        let names: Vec<String> = has_missing.then(String::new).into_iter().chain(held).collect();
        let place = |name: &str| names.binary_search_by(|known| known.as_str().cmp(name)).ok();
        let mut of: Vec<Vec<usize>> =
            levels.names.iter().map(|name| place(name).into_iter().collect()).collect();
        of.push(if has_missing { vec![0] } else { Vec::new() });
        let rows =
            levels.codes.iter().map(|code| (*code as usize).min(levels.names.len())).collect();
        Self { names, levels: of, rows }
    }

    /// The words of texts that at least `rows_min` rows hold, the `n_max` most frequent of them.
    pub(super) fn of_words(texts: &Levels<'_>, rows_min: u64, n_max: usize) -> Self {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (text, count) in texts.counts().0 {
            super::words::words(text)
                .into_iter()
                .for_each(|word| *counts.entry(word).or_insert(0) += count);
        }
        let mut frequent: Vec<(String, u64)> =
            counts.into_iter().filter(|word| word.1 >= rows_min).collect();
        frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        frequent.truncate(n_max);
        let mut names: Vec<String> = frequent.into_iter().map(|word| word.0).collect();
        names.sort_unstable();
        let place = |word: &String| names.binary_search(word).ok();
        let of = |text: &str| super::words::words(text).iter().filter_map(place).collect();
        let mut levels: Vec<Vec<usize>> = texts.names.iter().map(|text| of(text)).collect();
        levels.push(Vec::new());
        let rows = texts.codes.iter().map(|code| (*code as usize).min(texts.names.len())).collect();
        Self { names, levels, rows }
    }

    fn of_row(&self, row: usize) -> &[usize] {
        &self.levels[self.rows[row]]
    }
}

/// The mean encoding of the levels that some row held; the mean of all where there is none.
fn encoded<'a>(
    levels: impl Iterator<Item = &'a EncodedLevel> + Clone,
    all: &EncodedLevel,
    smoothing: f64,
) -> Vec<f64> {
    let held = levels.filter(|level| level.n_rows > 0);
    let n = held.clone().count();
    let mean = |output: usize| {
        if n == 0 {
            return all.mean(output);
        }
        held.clone().map(|level| level.encoded(output, all, smoothing)).sum::<f64>() / n as f64
    };
    (0..all.sums.len()).map(mean).collect()
}

impl Encoding {
    /// The encoding for new rows, and the columns of the training rows out of fold, one an output.
    pub(super) fn fit(
        bags: &Bags,
        outputs: &Outputs,
        folds: Folds<'_>,
        smoothing: f64,
    ) -> Result<(Self, Vec<Vec<f64>>), LearnError> {
        let n_outputs = outputs.n_outputs;
        let mut all = EncodedLevel::new("", n_outputs);
        let mut levels: Vec<EncodedLevel> =
            bags.names.iter().map(|name| EncodedLevel::new(name, n_outputs)).collect();
        for row in 0..bags.rows.len() {
            all.add(outputs.row(row));
            bags.of_row(row).iter().for_each(|level| levels[*level].add(outputs.row(row)));
        }
        let encoding = Self { levels, all, smoothing };
        let rows = match (folds.dealt(bags.rows.len())?, folds) {
            (Some(folds), _) => encoding.out_of_fold(bags, outputs, &folds),
            (None, Folds::Ordered(clock)) => encoding.in_order(bags, outputs, clock),
            (None, _) => Vec::new(),
        };
        let column = |output: usize| rows.iter().map(|row| row[output]).collect();
        Ok((encoding, (0..n_outputs).map(column).collect()))
    }

    /// Whether an encoding that was read from a file has so many outputs and can be searched.
    pub(super) fn sound(&self, n_outputs: usize) -> Result<(), &'static str> {
        let mut levels = self.levels.iter().chain([&self.all]);
        if !levels.all(|level| level.sums.len() == n_outputs) {
            return Err("an encoding has another number of outputs than its plan");
        }
        if !self.levels.windows(2).all(|pair| pair[0].name < pair[1].name) {
            return Err("levels of an encoding are out of order");
        }
        if self.smoothing >= 0.0 && self.smoothing.is_finite() {
            Ok(())
        } else {
            Err("the smoothing of an encoding is out of its range")
        }
    }

    fn find(&self, name: &str) -> Option<&EncodedLevel> {
        let at = self.levels.binary_search_by(|level| level.name.as_str().cmp(name)).ok()?;
        Some(&self.levels[at])
    }

    /// Whether training knew the level.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Mean targets of these levels together, an output each; the mean of all where none is known.
    pub(super) fn means<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<f64> {
        let known: Vec<&EncodedLevel> = names.filter_map(|name| self.find(name)).collect();
        encoded(known.into_iter(), &self.all, self.smoothing)
    }

    /// Share of the training rows that hold the level.
    pub(super) fn frequency(&self, name: &str) -> f64 {
        self.find(name).map_or(0.0, |level| level.n_rows as f64 / self.all.n_rows as f64)
    }

    /// Row by row, from the rows of other folds.
    fn out_of_fold(&self, bags: &Bags, outputs: &Outputs, folds: &[u32]) -> Vec<Vec<f64>> {
        // Sums of each fold, and of each level within one, in the order of the rows.
        let mut own_all: BTreeMap<u32, EncodedLevel> = BTreeMap::new();
        let mut own: BTreeMap<(u32, usize), EncodedLevel> = BTreeMap::new();
        let empty = || EncodedLevel::new("", outputs.n_outputs);
        for (row, &fold) in folds.iter().enumerate() {
            own_all.entry(fold).or_insert_with(empty).add(outputs.row(row));
            for &level in bags.of_row(row) {
                own.entry((fold, level)).or_insert_with(empty).add(outputs.row(row));
            }
        }
        own_all.values_mut().for_each(|own| *own = self.all.without(own));
        own.iter_mut().for_each(|((_, level), own)| *own = self.levels[*level].without(own));
        let of = |(row, fold): (usize, &u32)| {
            let levels = bags.of_row(row).iter().map(|level| &own[&(*fold, *level)]);
            encoded(levels, &own_all[fold], self.smoothing)
        };
        folds.iter().enumerate().map(of).collect()
    }

    /// Row by row, from the rows before it.
    fn in_order(&self, bags: &Bags, outputs: &Outputs, clock: &[i64]) -> Vec<Vec<f64>> {
        let mut order: Vec<usize> = (0..clock.len()).collect();
        order.sort_by_key(|&row| clock[row]);
        let mut all = EncodedLevel::new("", outputs.n_outputs);
        let mut levels = vec![all.clone(); bags.names.len()];
        let mut rows = vec![Vec::new(); clock.len()];
        for instant in order.chunk_by(|a, b| clock[*a] == clock[*b]) {
            for &row in instant {
                let held = bags.of_row(row).iter().map(|level| &levels[*level]);
                rows[row] = encoded(held, &all, self.smoothing);
            }
            for &row in instant {
                all.add(outputs.row(row));
                bags.of_row(row).iter().for_each(|level| levels[*level].add(outputs.row(row)));
            }
        }
        rows
    }
}

//! Which rows to fit to and which to hold the fit against.
//!
//! In: a number of rows, with classes, groups or times of them, and a seed. Out: lists of rows, ascending, and a
//! sentence that says how they came about. Laws (`tests/it/split.rs`): no row is on both sides; random, stratified and
//! grouped folds hold every row out once; a class is shared out evenly but for one row; a group is never cut; no row is
//! trained on that is not strictly earlier than all that are held out.
//! Source: scikit-learn's `KFold`, `StratifiedKFold`, `GroupKFold` and `TimeSeriesSplit`.
//! Departures: groups are dealt at random, each to the smallest fold, largest groups first. Times that are equal are
//! never cut apart. What is impossible is an error, not a smaller number of folds.
//! Cost: O(n log n).

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::schema::row_count;

/// Rows to fit to, rows to hold the fit against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Rows to fit to, ascending.
    pub train: Vec<u32>,
    /// Rows held out, ascending.
    pub validation: Vec<u32>,
    /// How they were chosen, for a report.
    pub sentence: String,
}

impl Split {
    /// Rows of the caller's own choice.
    ///
    /// # Errors
    /// A side is empty, a row does not exist, or a row is named twice.
    pub fn custom(
        n_rows: usize,
        train: Vec<u32>,
        validation: Vec<u32>,
    ) -> Result<Self, LearnError> {
        let mut split = Self { train, validation, sentence: String::new() };
        split.train.sort_unstable();
        split.validation.sort_unstable();
        split.check(n_rows)?;
        let (n_train, n_held) = (split.train.len(), split.validation.len());
        split.sentence = format!("{n_train} rows to fit to and {n_held} held out, as given");
        Ok(split)
    }

    /// Refuses a split that is none of `n_rows` rows.
    ///
    /// # Errors
    /// A side is empty, a row does not exist, or a row is named twice.
    pub fn check(&self, n_rows: usize) -> Result<(), LearnError> {
        for (what, rows) in [("rows to fit to", &self.train), ("rows held out", &self.validation)] {
            if rows.is_empty() {
                return Err(LearnError::Split { what, asked: 1, found: 0 });
            }
        }
        let mut seen = vec![false; n_rows];
        for &row in self.train.iter().chain(&self.validation) {
            match seen.get_mut(row as usize) {
                None => return Err(LearnError::SplitRow { row, problem: "does not exist" }),
                Some(true) => return Err(LearnError::SplitRow { row, problem: "is named twice" }),
                Some(slot) => *slot = true,
            }
        }
        Ok(())
    }
}

/// The three-part form of a blend: models are fitted to the first, the blend to the second, and both are held against
/// the third.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreeParts {
    /// Rows that models are fitted to, ascending.
    pub models: Vec<u32>,
    /// Rows that the blend is fitted to, ascending.
    pub blend: Vec<u32>,
    /// Rows that both are held against, ascending.
    pub validation: Vec<u32>,
    /// How they were chosen, for a report.
    pub sentence: String,
}

impl ThreeParts {
    /// Splits the rows to fit to of `outer` once more. `inner` is given these rows and splits their places in the list,
    /// so that any rule (by time, by group) can be used twice.
    ///
    /// # Errors
    /// `inner` fails, or names a place that is not in the list.
    pub fn new(
        outer: Split,
        inner: impl FnOnce(&[u32]) -> Result<Split, LearnError>,
    ) -> Result<Self, LearnError> {
        let places = inner(&outer.train)?;
        places.check(outer.train.len())?;
        let rows = |places: &[u32]| places.iter().map(|at| outer.train[*at as usize]).collect();
        let sentence = format!("{}; of the others, {}", outer.sentence, places.sentence);
        let (models, blend) = (rows(&places.train), rows(&places.validation));
        Ok(Self { models, blend, validation: outer.validation, sentence })
    }
}

/// Two sides from the side each row is on.
fn sides(is_held: impl Fn(u32) -> bool, n_rows: u32, sentence: String) -> Split {
    let (validation, train) = (0..n_rows).partition(|row| is_held(*row));
    Split { train, validation, sentence }
}

fn possible(what: &'static str, asked: usize, found: usize) -> Result<(), LearnError> {
    if asked <= found { Ok(()) } else { Err(LearnError::Split { what, asked, found }) }
}

fn at_least_two(n_folds: u32) -> Result<(), LearnError> {
    let expected = "at least 2";
    let found = f64::from(n_folds);
    if n_folds >= 2 {
        Ok(())
    } else {
        Err(LearnError::Argument { what: "n_folds", found, expected })
    }
}

/// How many of `n` things a share is, at least one on either side.
fn part(what: &'static str, n: usize, share: f64) -> Result<usize, LearnError> {
    if !(share > 0.0 && share < 1.0) {
        let expected = "a share above 0 and below 1";
        return Err(LearnError::Argument { what: "share", found: share, expected });
    }
    possible(what, 2, n)?;
    #[expect(clippy::cast_possible_truncation, reason = "below n")]
    #[expect(clippy::cast_sign_loss, reason = "a share of a count is not negative")]
    let part = (n as f64 * share).round() as usize;
    Ok(part.clamp(1, n - 1))
}

fn shuffled(n: u32, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

/// Folds from the fold each row is held out in.
fn of_folds(fold_of: &[u32], n_folds: u32, sentence: impl Fn(u32) -> String) -> Vec<Split> {
    let n_rows = u32::try_from(fold_of.len()).expect("checked where folds were dealt");
    let fold = |fold| sides(|row| fold_of[row as usize] == fold, n_rows, sentence(fold));
    (0..n_folds).map(fold).collect()
}

/// Holds out a share of the rows at random.
///
/// # Errors
/// The share is out of range, or there are fewer than two rows.
pub fn random(n_rows: usize, share: f64, seed: u64) -> Result<Split, LearnError> {
    let n = row_count(n_rows)?;
    let n_held = part("rows", n_rows, share)?;
    let mut held = vec![false; n_rows];
    shuffled(n, seed)[..n_held].iter().for_each(|row| held[*row as usize] = true);
    let sentence = format!("{n_held} of {n_rows} rows held out at random (seed {seed})");
    Ok(sides(|row| held[row as usize], n, sentence))
}

/// Folds at random; sizes differ by one row at most.
///
/// # Errors
/// Fewer rows than folds, or fewer than two folds.
pub fn random_folds(n_rows: usize, n_folds: u32, seed: u64) -> Result<Vec<Split>, LearnError> {
    at_least_two(n_folds)?;
    let n = row_count(n_rows)?;
    possible("folds of rows", n_folds as usize, n_rows)?;
    let mut fold_of = vec![0; n_rows];
    let order = shuffled(n, seed);
    order.iter().zip((0..n_folds).cycle()).for_each(|(row, fold)| fold_of[*row as usize] = fold);
    Ok(of_folds(&fold_of, n_folds, |fold| {
        format!("fold {} of {n_folds}, rows at random (seed {seed})", fold + 1)
    }))
}

/// Rows in random order, those of one class together, classes ascending.
fn by_class(classes: &[f64], seed: u64) -> Result<Vec<Vec<u32>>, LearnError> {
    let n = row_count(classes.len())?;
    if let Some(row) = classes.iter().position(|class| class.is_nan()) {
        return Err(LearnError::Target { row, value: classes[row] });
    }
    let mut order = shuffled(n, seed);
    let class = |row: &u32| classes[*row as usize] + 0.0;
    order.sort_by(|a, b| class(a).total_cmp(&class(b)));
    Ok(order.chunk_by(|a, b| class(a) == class(b)).map(<[u32]>::to_vec).collect())
}

/// Holds out about the same share of each class, at random.
///
/// # Errors
/// The share is out of range, or no class has two rows.
pub fn stratified(classes: &[f64], share: f64, seed: u64) -> Result<Split, LearnError> {
    let n_held = part("rows", classes.len(), share)?;
    let mut held = vec![false; classes.len()];
    // Every `1 / share`-th row of the list by class: the share of a class is right but for one row.
    let order = by_class(classes, seed)?.concat();
    let n_rows = order.len();
    let offset = ChaCha8Rng::seed_from_u64(seed ^ 1).random_range(0..n_rows);
    for at in 0..n_held {
        let place = (at * n_rows / n_held + offset) % n_rows;
        held[order[place] as usize] = true;
    }
    let n = row_count(n_rows)?;
    let sentence =
        format!("{n_held} of {n_rows} rows held out at random, alike of each class (seed {seed})");
    Ok(sides(|row| held[row as usize], n, sentence))
}

/// Folds at random, each with the same share of every class but for one row.
///
/// # Errors
/// A class has fewer rows than there are folds, or fewer than two folds.
pub fn stratified_folds(
    classes: &[f64],
    n_folds: u32,
    seed: u64,
) -> Result<Vec<Split>, LearnError> {
    at_least_two(n_folds)?;
    possible("folds of rows", n_folds as usize, classes.len())?;
    let mut fold_of = vec![0; classes.len()];
    let groups = by_class(classes, seed)?;
    if let Some(least) = groups.iter().map(Vec::len).min() {
        possible("folds with a row of every class", n_folds as usize, least)?;
    }
    // Dealt on from class to class, so that sizes of folds differ by one row at most.
    let order = groups.concat();
    order.iter().zip((0..n_folds).cycle()).for_each(|(row, fold)| fold_of[*row as usize] = fold);
    Ok(of_folds(&fold_of, n_folds, |fold| {
        format!("fold {} of {n_folds}, rows at random, alike of each class (seed {seed})", fold + 1)
    }))
}

/// Groups as ascending lists of rows, in random order.
fn whole_groups(groups: &[u64], seed: u64) -> Result<Vec<Vec<u32>>, LearnError> {
    let n = row_count(groups.len())?;
    let mut rows: Vec<u32> = (0..n).collect();
    rows.sort_by_key(|row| groups[*row as usize]);
    let same = |a: &u32, b: &u32| groups[*a as usize] == groups[*b as usize];
    let mut lists: Vec<Vec<u32>> = rows.chunk_by(same).map(<[u32]>::to_vec).collect();
    lists.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    Ok(lists)
}

/// Holds out whole groups at random until about a share of the rows is held out.
///
/// # Errors
/// The share is out of range, or there are fewer than two groups.
pub fn grouped(groups: &[u64], share: f64, seed: u64) -> Result<Split, LearnError> {
    let lists = whole_groups(groups, seed)?;
    possible("sides of groups", 2, lists.len())?;
    let wanted = part("rows", groups.len(), share)?;
    let mut held = vec![false; groups.len()];
    let (mut n_held, mut n_groups) = (0, 0);
    for list in &lists[..lists.len() - 1] {
        // A group that would take more too many than are missing now is passed over.
        let short = wanted.saturating_sub(n_held);
        if n_groups == 0 || list.len() <= 2 * short {
            list.iter().for_each(|row| held[*row as usize] = true);
            (n_held, n_groups) = (n_held + list.len(), n_groups + 1);
        }
    }
    let n = row_count(groups.len())?;
    let sentence = format!(
        "{n_groups} of {} groups with {n_held} of {n} rows held out whole, at random (seed {seed})",
        lists.len()
    );
    Ok(sides(|row| held[row as usize], n, sentence))
}

/// Folds of whole groups: at random, the largest groups first, each to the fold with the fewest rows.
///
/// # Errors
/// Fewer groups than folds, or fewer than two folds.
pub fn grouped_folds(groups: &[u64], n_folds: u32, seed: u64) -> Result<Vec<Split>, LearnError> {
    at_least_two(n_folds)?;
    let mut lists = whole_groups(groups, seed)?;
    possible("folds of groups", n_folds as usize, lists.len())?;
    lists.sort_by_key(|list| std::cmp::Reverse(list.len()));
    let mut fold_of = vec![0; groups.len()];
    let mut sizes = vec![0; n_folds as usize];
    for list in &lists {
        let fold =
            (0..n_folds).min_by_key(|fold| sizes[*fold as usize]).expect("two folds at least");
        sizes[fold as usize] += list.len();
        list.iter().for_each(|row| fold_of[*row as usize] = fold);
    }
    let n_groups = lists.len();
    Ok(of_folds(&fold_of, n_folds, |fold| {
        format!("fold {} of {n_folds}, {n_groups} groups kept whole (seed {seed})", fold + 1)
    }))
}

/// Rows by time, those of one time together.
fn by_time(times: &[i64]) -> Result<Vec<Vec<u32>>, LearnError> {
    let n = row_count(times.len())?;
    let mut rows: Vec<u32> = (0..n).collect();
    rows.sort_by_key(|row| times[*row as usize]);
    let same = |a: &u32, b: &u32| times[*a as usize] == times[*b as usize];
    Ok(rows.chunk_by(same).map(<[u32]>::to_vec).collect())
}

/// The moment after which rows are held out: about `n_train` rows are before it, at least one, never all.
fn cut(moments: &[Vec<u32>], n_train: usize) -> usize {
    let (mut before, mut best) = (0, (usize::MAX, 1));
    for (at, rows) in moments[..moments.len() - 1].iter().enumerate() {
        before += rows.len();
        if before.abs_diff(n_train) < best.0 {
            best = (before.abs_diff(n_train), at + 1);
        }
    }
    best.1
}

fn sorted(moments: &[Vec<u32>]) -> Vec<u32> {
    let mut rows = moments.concat();
    rows.sort_unstable();
    rows
}

/// Holds out about a share of the rows, the latest; all others are strictly earlier. Times are in any unit.
///
/// # Errors
/// The share is out of range, or all times are the same.
pub fn forward(times: &[i64], share: f64) -> Result<Split, LearnError> {
    let moments = by_time(times)?;
    possible("sides of times", 2, moments.len())?;
    let n_held = part("rows", times.len(), share)?;
    let at = cut(&moments, times.len() - n_held);
    let (train, validation) = (sorted(&moments[..at]), sorted(&moments[at..]));
    let from = times[moments[at][0] as usize];
    let sentence = format!(
        "{} rows at or after time {from} held out, {} strictly earlier ones to fit to",
        validation.len(),
        train.len()
    );
    Ok(Split { train, validation, sentence })
}

/// Rolling folds: times are cut into `n_folds + 1` parts of about as many rows; each part after the first is held out
/// once, with all earlier parts to fit to.
///
/// # Errors
/// Fewer times than parts, or no fold.
pub fn rolling_folds(times: &[i64], n_folds: u32) -> Result<Vec<Split>, LearnError> {
    if n_folds == 0 {
        let expected = "at least 1";
        return Err(LearnError::Argument { what: "n_folds", found: 0.0, expected });
    }
    let moments = by_time(times)?;
    let n_parts = n_folds as usize + 1;
    possible("parts of different times", n_parts, moments.len())?;
    // Each part ends near its share of the rows, leaving a time for every part before and after it.
    let (mut ends, mut before, mut end) = (Vec::new(), 0, 0);
    for part in 1..n_parts {
        let wanted = times.len() * part / n_parts;
        let last = moments.len() - (n_parts - part);
        loop {
            before += moments[end].len();
            end += 1;
            let next = before + moments.get(end).map_or(0, Vec::len);
            if end >= last || next.abs_diff(wanted) >= before.abs_diff(wanted) {
                break;
            }
        }
        ends.push(end);
    }
    ends.push(moments.len());
    let folds = ends.windows(2).enumerate().map(|(fold, ends)| {
        let (train, validation) = (sorted(&moments[..ends[0]]), sorted(&moments[ends[0]..ends[1]]));
        let from = times[moments[ends[0]][0] as usize];
        let to = times[moments[ends[1] - 1][0] as usize];
        let sentence = format!(
            "fold {} of {n_folds}: {} rows of times {from} to {to} held out, {} strictly earlier ones to fit to",
            fold + 1,
            validation.len(),
            train.len()
        );
        Split { train, validation, sentence }
    });
    Ok(folds.collect())
}

//! Why a model of trees answers as it does: exact, path-dependent Shapley values.
//!
//! In: a model, rows. Out: a number a row, output and feature, in units of the margin; with `expected` they add up to
//! the margin. The game of a set of features: known ones follow the row, at the others both children count by their
//! training weight.
//! Source: Lundberg et al., From local explanations to global understanding with explainable AI for trees, 2020 (the
//! game; path-dependent TreeSHAP); Mitchell, Frank and Holmes, GPUTreeShap, 2022 (paths to leaves with one element a
//! feature); Owen, Multilinear extensions of games, 1972.
//! Departures: the game of a path is a product, `o` or `z` a feature, so the Shapley value of feature `i` is
//! `value · (o_i - z_i) · ∫₀¹ Π_{j ≠ i} (z_j + (o_j - z_j) t) dt`. The integrand is a polynomial: Gauss and Legendre's
//! rule of half as many points is exact, and all its terms are positive, so nothing cancels (the usual unwinding
//! divides, and does). Values of paths with few elements are tabled once a block for all patterns of `o`
//! (Yang, Fast TreeSHAP, 2021); for rows that come one by one those tables are kept, up to 32 MiB.
//! Cost: a path of `d` features costs `d` a row where tabled, else `d² / 2`. Checked against: all subsets of features,
//! and the package `shap` (`tests/it/trees/shap.rs`).

use super::model::{Tree, TreeModel};
use super::ranks::{LANES, MISSING, MISSING_LEVEL, Ranks};
use super::split::{BinSet, holds, insert};
use crate::{Contributions, LearnError, Matrix};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Rows of a block, which share tables.
const BLOCK_ROWS: usize = 2048;
/// Paths with more elements are computed row by row.
const TABLE_ELEMENTS_MAX: usize = 8;

/// Numbers of the tables that are kept: 32 MiB.
const KEPT_NUMBERS_MAX: usize = 4 << 20;

/// What a path asks of one feature.
struct Element {
    feature: u32,
    /// Number: the rank is above `low` and at most `high`.
    low: i32,
    high: i32,
    /// Missing numbers follow the path.
    with_missing: bool,
    /// Category: the bin is one of these; place in `sets`.
    set: Option<u32>,
    /// Share of training weight that follows the path at this feature.
    cover_share: f64,
}

/// A leaf and the elements that lead to it.
struct Path {
    elements: std::ops::Range<usize>,
    leaf: u32,
}

/// Points and weights of a rule on `0..1`.
type Rule = Vec<(f64, f64)>;

/// A model made ready to be explained; holds no reference, so it can be kept beside the model.
pub struct TreeExplainer {
    model: TreeModel,
    ranks: Ranks,
    elements: Vec<Element>,
    sets: Vec<BinSet>,
    /// Paths of each tree.
    paths: Vec<Vec<Path>>,
    /// `rules[d]` is exact for a path of `d` elements.
    rules: Vec<Rule>,
    expected: Vec<f64>,
    /// Tables for rows that come one by one, made at the first of them.
    kept: OnceLock<Kept>,
}

/// Tables of the shorter paths, one after the other in the order of the paths.
struct Kept {
    /// Longest path with a table.
    elements_max: usize,
    values: Vec<f64>,
}

impl TreeExplainer {
    /// Prepares the paths of all leaves.
    pub fn new(model: &TreeModel) -> Self {
        let mut explainer = Self {
            model: model.clone(),
            ranks: Ranks::new(model),
            elements: Vec::new(),
            sets: Vec::new(),
            paths: Vec::new(),
            rules: Vec::new(),
            expected: model.start.clone(),
            kept: OnceLock::new(),
        };
        for tree in &model.trees {
            explainer.add_tree(tree);
        }
        let longest = explainer.paths.iter().flatten().map(|path| path.elements.len()).max();
        explainer.rules = (0..=longest.unwrap_or(0)).map(|n| rule(n.div_ceil(2).max(1))).collect();
        explainer
    }

    /// The margin without any feature known, an output each.
    pub fn expected(&self) -> &[f64] {
        &self.expected
    }

    fn add_tree(&mut self, tree: &Tree) {
        let mut parents = vec![None; tree.nodes.len()];
        let mut above_leaf = vec![None; tree.n_leaves()];
        for (at, node) in tree.nodes.iter().enumerate() {
            for (child, is_left) in [(node.left, true), (node.right, false)] {
                match usize::try_from(child) {
                    Ok(child) => parents[child] = Some((at, is_left)),
                    Err(_) => above_leaf[super::model::leaf_of(child)] = Some((at, is_left)),
                }
            }
        }
        let whole: f64 = tree.covers.iter().sum();
        let mut paths = Vec::with_capacity(tree.n_leaves());
        for (leaf, above) in (0..).zip(above_leaf) {
            let begin = self.elements.len();
            let mut step = above;
            while let Some((at, is_left)) = step {
                self.narrow(tree, at, is_left, begin);
                step = parents[at];
            }
            paths.push(Path { elements: begin..self.elements.len(), leaf });
            let share = tree.covers[leaf as usize] / whole;
            let outputs = &mut self.expected[tree.first_output as usize..];
            for (expected, value) in outputs.iter_mut().zip(tree.leaf_values(leaf as usize)) {
                *expected += share * value;
            }
        }
        self.paths.push(paths);
    }

    /// Adds what one step down from node `at` asks, to the element of its feature.
    fn narrow(&mut self, tree: &Tree, at: usize, is_left: bool, begin: usize) {
        let node = &tree.nodes[at];
        let known = self.elements[begin..].iter().position(|one| one.feature == node.feature);
        let place = known.map_or(self.elements.len(), |place| begin + place);
        if known.is_none() {
            let set = node.set.map(|_| {
                self.sets.push([u64::MAX; 4]);
                u32::try_from(self.sets.len() - 1).expect("fewer sets than u32 leaves")
            });
            self.elements.push(Element {
                feature: node.feature,
                low: MISSING,
                high: i32::MAX,
                with_missing: true,
                set,
                cover_share: 1.0,
            });
        }
        let element = &mut self.elements[place];
        element.cover_share *=
            tree.cover(if is_left { node.left } else { node.right }) / node.cover;
        element.with_missing &= node.missing_left == is_left;
        if let (Some(of_node), Some(of_path)) = (node.set, element.set) {
            let mut asked = tree.sets[of_node as usize];
            if node.missing_left {
                insert(&mut asked, MISSING_LEVEL as usize);
            }
            let flip = if is_left { 0 } else { u64::MAX };
            for (bits, asked) in self.sets[of_path as usize].iter_mut().zip(asked) {
                *bits &= asked ^ flip;
            }
        } else {
            let rank = self.ranks.of_threshold(node.feature as usize, node.threshold);
            if is_left {
                element.high = element.high.min(rank);
            } else {
                element.low = element.low.max(rank);
            }
        }
    }

    /// Contributions of many rows.
    ///
    /// # Errors
    /// The matrix has other features than the model, or a category is no known level.
    pub fn contributions(&self, features: &Matrix) -> Result<Contributions, LearnError> {
        self.model.check_features(features)?;
        let width = self.expected.len() * self.model.n_features();
        let mut values = vec![0.0; features.n_rows() * width];
        if width > 0 && features.n_rows() < LANES {
            for (row, out) in values.chunks_mut(width).enumerate() {
                Block::<1>::new(self, features, row, out).explain_one();
            }
        } else if width > 0 {
            // Small inputs are parted so that all threads work; tables pay from about a hundred rows on.
            let threads = rayon::current_num_threads().max(1);
            let rows = features.n_rows().div_ceil(threads).next_multiple_of(LANES);
            let rows = rows.clamp(LANES, BLOCK_ROWS);
            let blocks = values.par_chunks_mut(rows * width).enumerate();
            blocks.for_each(|(block, out)| {
                Block::<LANES>::new(self, features, block * rows, out).explain();
            });
        }
        let (n_rows, n_features) = (features.n_rows(), self.model.n_features());
        Ok(Contributions { n_rows, n_features, base: self.expected.clone(), values })
    }

    /// Contributions of one row, output by output, feature by feature; the same bytes as [`Self::contributions`].
    ///
    /// # Errors
    /// The row has another number of features, or a category is no known level.
    pub fn contributions_row(&self, row: &[f64]) -> Result<Vec<f64>, LearnError> {
        let mut features = Matrix::new(1);
        crate::error::same_length("the row", self.model.n_features(), row.len())?;
        for (value, kind) in row.iter().zip(&self.model.kinds) {
            features.push("", *kind, vec![*value])?;
        }
        self.model.check_features(&features)?;
        let mut values = vec![0.0; self.expected.len() * row.len()];
        if !values.is_empty() {
            Block::<1>::new(self, &features, 0, &mut values).explain_one();
        }
        Ok(values)
    }

    /// Tables of as many of the shorter paths as may be kept.
    fn kept(&self) -> &Kept {
        self.kept.get_or_init(|| {
            let mut numbers = [0; TABLE_ELEMENTS_MAX + 1];
            let lengths = || self.paths.iter().flatten().map(|path| path.elements.len());
            for n in lengths().filter(|n| *n <= TABLE_ELEMENTS_MAX) {
                numbers[n] += n << n;
            }
            let fits = |n: &usize| numbers[..=*n].iter().sum::<usize>() <= KEPT_NUMBERS_MAX;
            let elements_max = (0..=TABLE_ELEMENTS_MAX).rev().find(fits).unwrap_or(0);
            let mut values = vec![0.0; numbers[..=elements_max].iter().sum()];
            let (mut scratch, mut begin) = (Scratch::<LANES>::default(), 0);
            for path in self.paths.iter().flatten() {
                let n = path.elements.len();
                if (1..=elements_max).contains(&n) {
                    let elements = &self.elements[path.elements.clone()];
                    scratch.table(elements, &self.rules[n], &mut values[begin..begin + (n << n)]);
                    begin += n << n;
                }
            }
            Kept { elements_max, values }
        })
    }

    /// Whether each lane follows an element.
    #[inline]
    fn follows<const N: usize>(&self, element: &Element, ranks: &[i32; N]) -> [u32; N] {
        let mut follows = [0; N];
        if let Some(set) = element.set {
            let set = &self.sets[set as usize];
            for lane in 0..N {
                follows[lane] = u32::from(holds(set, ranks[lane] as usize));
            }
            return follows;
        }
        // Copies and masks: the compiler then takes four lanes at once.
        let (low, high) = (element.low, element.high);
        let with_missing = u32::from(element.with_missing);
        for (follows, rank) in follows.iter_mut().zip(ranks) {
            let inside = u32::from(*rank > low) & u32::from(*rank <= high);
            *follows = inside | u32::from(*rank == MISSING) & with_missing;
        }
        follows
    }
}

/// Rows that are explained together.
struct Block<'a, const N: usize> {
    explainer: &'a TreeExplainer,
    /// Step by step, feature by feature.
    ranks: Vec<[i32; N]>,
    n_rows: usize,
    out: &'a mut [f64],
    scratch: Scratch<N>,
    table: Vec<f64>,
}

/// Memory of [`Scratch::shapley`], `N` cases side by side. Each case is computed alike whatever `N` is.
#[derive(Default)]
struct Scratch<const N: usize> {
    shares: Vec<f64>,
    ones: Vec<[f64; N]>,
    factors: Vec<[f64; N]>,
    before: Vec<[f64; N]>,
    values: Vec<[f64; N]>,
}

impl<'a, const N: usize> Block<'a, N> {
    fn new(
        explainer: &'a TreeExplainer,
        features: &Matrix,
        begin: usize,
        out: &'a mut [f64],
    ) -> Self {
        let n_features = explainer.model.n_features();
        let n_rows = out.len() / (n_features * explainer.expected.len());
        let mut ranks = Vec::with_capacity(n_rows.div_ceil(N) * n_features);
        for step in 0..n_rows.div_ceil(N) {
            for feature in 0..n_features {
                let begin = begin + step * N;
                ranks.push(explainer.ranks.lanes(&explainer.model, features, feature, begin));
            }
        }
        Self { explainer, ranks, n_rows, out, scratch: Scratch::default(), table: Vec::new() }
    }

    fn explain(&mut self) {
        let explainer = self.explainer;
        for (tree, paths) in explainer.model.trees.iter().zip(&explainer.paths) {
            for path in paths.iter().filter(|path| !path.elements.is_empty()) {
                let n = path.elements.len();
                if n <= TABLE_ELEMENTS_MAX && self.n_rows >= 1 << n {
                    self.by_table(tree, path);
                } else {
                    self.by_row(tree, path);
                }
            }
        }
    }

    fn by_table(&mut self, tree: &Tree, path: &Path) {
        let explainer = self.explainer;
        let elements = &explainer.elements[path.elements.clone()];
        let n = elements.len();
        self.table.clear();
        self.table.resize(n << n, 0.0);
        self.scratch.table(elements, &explainer.rules[n], &mut self.table);
        let n_features = explainer.model.n_features();
        let width = n_features * explainer.expected.len();
        let steps = self.ranks.chunks(n_features).zip(self.out.chunks_mut(N * width));
        for (ranks, out) in steps {
            let mut patterns = [0_u32; N];
            for element in elements.iter().rev() {
                let follows = explainer.follows(element, &ranks[element.feature as usize]);
                for (pattern, follows) in patterns.iter_mut().zip(follows) {
                    *pattern = *pattern << 1 | follows;
                }
            }
            for (row, pattern) in out.chunks_exact_mut(width).zip(patterns) {
                let values = &self.table[pattern as usize * n..][..n];
                add(tree, path.leaf, (elements, values), n_features, row);
            }
        }
    }

    fn by_row(&mut self, tree: &Tree, path: &Path) {
        let explainer = self.explainer;
        let elements = &explainer.elements[path.elements.clone()];
        self.scratch.set_shares(elements);
        let n_features = explainer.model.n_features();
        let width = n_features * explainer.expected.len();
        let steps = self.ranks.chunks(n_features).zip(self.out.chunks_mut(N * width));
        let mut of_row = vec![0.0; elements.len()];
        for (ranks, out) in steps {
            for (ones, element) in self.scratch.ones.iter_mut().zip(elements) {
                let follows = explainer.follows(element, &ranks[element.feature as usize]);
                *ones = follows.map(f64::from);
            }
            self.scratch.shapley(&explainer.rules[elements.len()]);
            for (lane, row) in out.chunks_exact_mut(width).enumerate() {
                for (value, values) in of_row.iter_mut().zip(&self.scratch.values) {
                    *value = values[lane];
                }
                add(tree, path.leaf, (elements, &of_row), n_features, row);
            }
        }
    }
}

/// Adds the values of one path to the contributions of one row.
#[inline]
fn add(
    tree: &Tree,
    leaf: u32,
    (elements, values): (&[Element], &[f64]),
    n_features: usize,
    row: &mut [f64],
) {
    for (output, leaf_value) in tree.leaf_values(leaf as usize).iter().enumerate() {
        let of_output = &mut row[(tree.first_output as usize + output) * n_features..];
        for (element, value) in elements.iter().zip(values) {
            of_output[element.feature as usize] += value * leaf_value;
        }
    }
}

impl Block<'_, 1> {
    /// As [`Self::explain`], by tables that are kept.
    fn explain_one(&mut self) {
        let explainer = self.explainer;
        let (kept, n_features) = (explainer.kept(), explainer.model.n_features());
        let mut tables = kept.values.as_slice();
        for (tree, paths) in explainer.model.trees.iter().zip(&explainer.paths) {
            for path in paths.iter().filter(|path| !path.elements.is_empty()) {
                let elements = &explainer.elements[path.elements.clone()];
                let n = elements.len();
                if n > kept.elements_max {
                    self.by_row(tree, path);
                    continue;
                }
                let (table, later) = tables.split_at(n << n);
                tables = later;
                let mut pattern = 0;
                for element in elements.iter().rev() {
                    let ranks = &self.ranks[element.feature as usize];
                    pattern = pattern << 1 | explainer.follows(element, ranks)[0] as usize;
                }
                let values = &table[pattern * n..(pattern + 1) * n];
                add(tree, path.leaf, (elements, values), n_features, self.out);
            }
        }
    }
}

impl<const N: usize> Scratch<N> {
    /// Shapley values of all patterns of what is followed, pattern by pattern.
    fn table(&mut self, elements: &[Element], rule: &Rule, table: &mut [f64]) {
        let n = elements.len();
        self.set_shares(elements);
        for begin in (0..1_usize << n).step_by(N) {
            for (at, ones) in self.ones.iter_mut().enumerate() {
                for (lane, one) in ones.iter_mut().enumerate() {
                    *one = f64::from(u8::from((begin + lane) >> at & 1 == 1));
                }
            }
            self.shapley(rule);
            for (at, values) in self.values.iter().enumerate() {
                for (lane, value) in values.iter().enumerate().take((1 << n) - begin) {
                    table[(begin + lane) * n + at] = *value;
                }
            }
        }
    }

    fn set_shares(&mut self, elements: &[Element]) {
        self.shares.clear();
        self.shares.extend(elements.iter().map(|element| element.cover_share));
        for lanes in [&mut self.ones, &mut self.factors, &mut self.before, &mut self.values] {
            lanes.clear();
            lanes.resize(elements.len(), [0.0; N]);
        }
    }

    /// Shapley values of the product of `ones` (known) and `shares` (unknown), into `values`.
    fn shapley(&mut self, rule: &Rule) {
        self.values.iter_mut().for_each(|values| *values = [0.0; N]);
        for &(point, weight) in rule {
            let mut product = [weight; N];
            for (at, share) in self.shares.iter().enumerate() {
                let unknown = share * (1.0 - point);
                self.before[at] = product;
                let (factors, ones) = (&mut self.factors[at], &self.ones[at]);
                for lane in 0..N {
                    factors[lane] = unknown + ones[lane] * point;
                    product[lane] *= factors[lane];
                }
            }
            let mut after = [1.0; N];
            for at in (0..self.shares.len()).rev() {
                let (values, before) = (&mut self.values[at], &self.before[at]);
                let factors = &self.factors[at];
                for lane in 0..N {
                    values[lane] += before[lane] * after[lane];
                    after[lane] *= factors[lane];
                }
            }
        }
        for (at, share) in self.shares.iter().enumerate() {
            for (value, one) in self.values[at].iter_mut().zip(&self.ones[at]) {
                *value *= one - share;
            }
        }
    }
}

/// Gauss and Legendre's rule of `n` points on `0..1`, exact for polynomials of degree `2 n - 1`.
fn rule(n: usize) -> Rule {
    let root = |at: usize| {
        let mut x = (std::f64::consts::PI * (at as f64 + 0.75) / (n as f64 + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, derivative) = legendre(n, x);
            slope = derivative;
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        ((1.0 - x) / 2.0, 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..n).map(root).collect()
}

/// The Legendre polynomial of degree `n` at `x`, and its derivative.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=n {
        let degree = degree as f64;
        (before, value) =
            (value, ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * before) / degree);
    }
    (value, n as f64 * (x * value - before) / (x * x - 1.0))
}

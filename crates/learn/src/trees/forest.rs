//! Forests: many deep trees on bootstrap samples, averaged.
//!
//! In: training rows, options. Out: a [`TreeModel`] whose margin is the mean of leaf means (for classes: of leaf
//! probabilities), and the same for each row by the trees that did not see it (out of bag).
//! Source: Breiman, Random forests, 2001; Geurts, Ernst and Wehenkel, Extremely randomized trees, 2006. Splits lower
//! the variance, which for classes is the Gini impurity.
//! Departures: thresholds are those of at most 255 bins; missing values go where they lower it more; levels of a
//! category are ordered by their mean (of the node's most frequent class where there are several), which is optimal
//! for two classes and numbers (Fisher, 1958); by chance where a node has over four.
//! Cost: O(trees · rows · features tried · depth), trees in parallel. Checked against: exhaustive search
//! (`tests/it/trees/forest.rs`); scikit-learn (`docs/methods/forests.md`).

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::binning::{BinOptions, Binned};
use super::boost::{Progress, weighing_rows};
use super::draws::{Draws, Purpose, share_of};
use super::grow::set_covers;
use super::model::{Link, Node, Tree, TreeModel, child_of_leaf};
use super::options::{check_bins, within};
use super::split::{BinSet, holds, insert};
use crate::work::{Step, Work, sorted};
use crate::{LearnError, Task, Training};

/// Trees grown between two questions to the caller; a fixed number, so that answers do not depend on threads.
const ROUND_TREES: u32 = 16;

/// Options of [`grow_forest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForestOptions {
    /// Trees.
    pub trees: u32,
    /// Share of features that a node tries; `None`: the square root for classes, a third for numbers.
    pub node_feature_fraction: Option<f64>,
    /// Rows of a leaf, at least 1.
    pub leaf_rows_min: u32,
    /// Splits between root and leaf.
    pub depth_max: u32,
    /// One random threshold a feature tried instead of the best.
    pub random_thresholds: bool,
    /// Rows are drawn with replacement; without, each tree sees all and nothing is out of bag.
    pub bootstrap: bool,
    /// Bins of a feature, the bin of missing values included: 3 to 255.
    pub bins_max: u32,
    /// Of every draw.
    pub seed: u64,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self {
            trees: 300,
            node_feature_fraction: None,
            leaf_rows_min: 2,
            depth_max: 64,
            random_thresholds: false,
            bootstrap: true,
            bins_max: 255,
            seed: 0,
        }
    }
}

/// Levels of a node that are ordered by their means. More of them are ordered by chance: the order by means fits the
/// noise of rare levels, and trees without a penalty follow it to the last row.
const ORDERED_LEVELS_MAX: usize = 4;

/// What a forest gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// The trees.
    pub model: TreeModel,
    /// Predictions by trees that did not see the row, row by row, an output each (the probability of class 1, or one
    /// a class); NaN where every tree saw it or it weighs nothing.
    pub out_of_bag: Vec<f64>,
}

/// Fits a forest. `keep_going` is asked after every 16 trees; with `false` the forest is what has grown.
///
/// # Errors
/// The training rows or an option are not sound; the message names the place.
pub fn grow_forest(
    training: &Training,
    options: &ForestOptions,
    keep_going: &mut dyn FnMut(&Progress) -> bool,
) -> Result<Forest, LearnError> {
    training.check()?;
    options.check()?;
    let rows = weighing_rows(training)?;
    let bins = BinOptions { bins_max: options.bins_max, bin_rows_min: 1, seed: options.seed };
    let binned = Binned::new(&training.features, &rows, &training.weights, bins, None)?;
    let planter = Planter::new(training, options, &binned, rows);
    let n_outputs = training.task.n_outputs();
    let mut trees = Vec::new();
    let mut sums = vec![0.0; training.targets.len() * n_outputs];
    let mut n_outside = vec![0_u32; training.targets.len()];
    let mut work = sorted(&training.features);
    while trees.len() < options.trees as usize {
        let first = u32::try_from(trees.len()).expect("up to `trees`");
        let numbers = first..options.trees.min(first + ROUND_TREES);
        let grown: Vec<Planted> =
            numbers.into_par_iter().map(|number| planter.tree(number)).collect();
        for planted in grown {
            for (at, row) in planted.outside.iter().enumerate() {
                n_outside[*row as usize] += 1;
                let of_row = &mut sums[*row as usize * n_outputs..][..n_outputs];
                let values = planted.tree.leaf_values(planted.outside_leaves[at] as usize);
                of_row.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            }
            work.add(&planted.work);
            trees.push(planted.tree);
        }
        let iteration = u32::try_from(trees.len()).expect("up to `trees`");
        let iterations = options.trees;
        if !keep_going(&Progress {
            iteration,
            iterations,
            validation_loss: None,
            best_iteration: iteration,
            work_s: work.seconds(),
        }) {
            break;
        }
    }
    let n_trees = trees.len() as f64;
    trees.iter_mut().flat_map(|tree| &mut tree.values).for_each(|value| *value /= n_trees);
    let of_row = |(row, sums): (usize, &[f64])| {
        let n = f64::from(n_outside[row]);
        sums.iter()
            .map(|sum| if n > 0.0 { planter.center + sum / n } else { f64::NAN })
            .collect::<Vec<f64>>()
    };
    let out_of_bag = sums.chunks(n_outputs).enumerate().flat_map(of_row).collect();
    let model = TreeModel {
        task: training.task,
        link: Link::Identity,
        kinds: training.features.kinds().to_vec(),
        level_bins: binned.features.iter().map(|bins| bins.level_bins.clone()).collect(),
        start: vec![planter.center; n_outputs],
        trees,
    };
    Ok(Forest { model, out_of_bag })
}

impl ForestOptions {
    fn check(&self) -> Result<(), LearnError> {
        within("trees", f64::from(self.trees), (1.0, 1e6, true), "1 to 1000000")?;
        let share = self.node_feature_fraction.unwrap_or(1.0);
        within("node_feature_fraction", share, (0.0, 1.0, false), "above 0 and at most 1")?;
        within("leaf_rows_min", f64::from(self.leaf_rows_min), (1.0, 1e9, true), "at least 1")?;
        within("depth_max", f64::from(self.depth_max), (1.0, 1024.0, true), "1 to 1024")?;
        check_bins(self.bins_max, 1)
    }
}

/// A tree and the rows it did not see.
struct Planted {
    tree: Tree,
    outside: Vec<u32>,
    outside_leaves: Vec<u32>,
    work: Work,
}

/// Grows the trees of a forest.
struct Planter<'a> {
    training: &'a Training,
    options: &'a ForestOptions,
    binned: &'a Binned,
    rows: Vec<u32>,
    /// Means a leaf holds: one, or one a class.
    n_outputs: usize,
    n_tried: usize,
    /// The bin of each level, a feature each.
    level_bins: Vec<Vec<u8>>,
    /// The mean of numbers, 0 for classes: squares of targets far from 0 would drown what differs.
    center: f64,
}

/// Weight, then the weighted sum of each output.
type Totals = [f64];

impl<'a> Planter<'a> {
    fn new(
        training: &'a Training,
        options: &'a ForestOptions,
        binned: &'a Binned,
        rows: Vec<u32>,
    ) -> Self {
        let n_features = binned.features.len();
        let usual = if training.task == Task::Regression {
            1.0 / 3.0
        } else {
            (n_features as f64).sqrt().floor() / n_features.max(1) as f64
        };
        let n_tried = share_of(n_features, options.node_feature_fraction.unwrap_or(usual));
        let n_outputs = training.task.n_outputs();
        let level_bins = binned.features.iter().map(|bins| bins.level_bins.clone()).collect();
        let mut planter =
            Self { training, options, binned, rows, n_outputs, n_tried, level_bins, center: 0.0 };
        if training.task == Task::Regression {
            let mut totals = [0.0; 2];
            for &row in &planter.rows {
                planter.add(&mut totals, row as usize, training.weights[row as usize]);
            }
            planter.center = totals[1] / totals[0];
        }
        planter
    }

    fn tree(&self, number: u32) -> Planted {
        let mut draws = Draws::new(self.options.seed, Purpose::Bootstrap, [u64::from(number), 0]);
        let mut times = vec![0_u32; self.training.targets.len()];
        for at in 0..self.rows.len() {
            let drawn = if self.options.bootstrap { draws.below(self.rows.len()) } else { at };
            times[self.rows[drawn] as usize] += 1;
        }
        let is_inside = |row: &&u32| times[**row as usize] > 0;
        let inside: Vec<u32> = self.rows.iter().filter(is_inside).copied().collect();
        let outside: Vec<u32> = self.rows.iter().filter(|row| !is_inside(row)).copied().collect();
        let mut weights = vec![0.0; times.len()];
        for &row in &inside {
            let row = row as usize;
            weights[row] = self.training.weights[row] * f64::from(times[row]);
        }
        let (tree, mut work) = Sapling::new(self, weights, inside, number).grow();
        let features = &self.training.features;
        let leaf = |row: &u32| {
            let value = |feature| features.column(feature)[*row as usize];
            u32::try_from(tree.leaf(&self.level_bins, value)).expect("leaves are at most rows")
        };
        let outside_leaves = outside.iter().map(leaf).collect();
        let depth = 1 + tree.n_leaves().ilog2() as usize;
        work.count(Step::Walked, outside.len() * depth);
        work.count(Step::Drawn, times.len());
        Planted { tree, outside, outside_leaves, work }
    }

    /// Adds a row of some weight.
    #[inline]
    fn add(&self, totals: &mut Totals, row: usize, weight: f64) {
        let target = self.training.targets[row];
        totals[0] += weight;
        if self.n_outputs == 1 {
            totals[1] += weight * (target - self.center);
        } else {
            totals[1 + super::binning::level(target)] += weight;
        }
    }
}

/// `Σ sum² / weight`: what a side explains.
#[inline]
fn explained(totals: &Totals) -> f64 {
    totals[1..].iter().map(|sum| sum * sum).sum::<f64>() / totals[0]
}

/// [`explained`] of what `totals` has beside `left`.
#[inline]
fn explained_by_rest(totals: &Totals, left: &Totals) -> f64 {
    let rest = totals[1..].iter().zip(&left[1..]).map(|(all, left)| all - left);
    rest.map(|sum| sum * sum).sum::<f64>() / (totals[0] - left[0])
}

/// A node that waits to be split.
struct Waiting {
    rows: std::ops::Range<usize>,
    depth: u32,
    parent: Option<(usize, bool)>,
}

/// The best cut of a node so far.
struct Cut {
    gain: f64,
    feature: usize,
    /// Bins that go left.
    set: BinSet,
    /// Number: the last bin on the left.
    last: Option<usize>,
    missing_left: bool,
}

/// A tree that grows, depth first.
struct Sapling<'a> {
    planter: &'a Planter<'a>,
    weights: Vec<f64>,
    rows: Vec<u32>,
    number: u64,
    tree: Tree,
    /// Totals a bin, of one feature at a time; 0 between uses.
    totals: Vec<f64>,
    n_rows: [u32; 256],
    covers: Vec<f64>,
    work: Work,
}

impl<'a> Sapling<'a> {
    fn new(planter: &'a Planter<'a>, weights: Vec<f64>, rows: Vec<u32>, number: u32) -> Self {
        let n_outputs = u32::try_from(planter.n_outputs).expect("classes are u32");
        Self {
            planter,
            weights,
            rows,
            number: u64::from(number),
            tree: Tree { n_outputs, ..Tree::default() },
            totals: vec![0.0; 256 * (planter.n_outputs + 1)],
            n_rows: [0; 256],
            covers: Vec::new(),
            work: Work::default(),
        }
    }

    fn grow(mut self) -> (Tree, Work) {
        let mut waiting = vec![Waiting { rows: 0..self.rows.len(), depth: 0, parent: None }];
        let mut visited = 0;
        while let Some(node) = waiting.pop() {
            let mut totals = vec![0.0; self.planter.n_outputs + 1];
            for &row in &self.rows[node.rows.clone()] {
                self.planter.add(&mut totals, row as usize, self.weights[row as usize]);
            }
            visited += 1;
            self.work.count(Step::Moved, 3 * node.rows.len());
            match self.cut(&node, &totals, visited) {
                None => {
                    let child = child_of_leaf(self.covers.len());
                    self.adopt(node.parent, child);
                    self.covers.push(totals[0]);
                    self.tree.values.extend(totals[1..].iter().map(|sum| sum / totals[0]));
                }
                Some(cut) => {
                    let place = self.tree.nodes.len();
                    self.adopt(node.parent, i32::try_from(place).expect("rows fit i32"));
                    let middle = self.partition(&node.rows, &cut);
                    self.add_node(cut);
                    let depth = node.depth + 1;
                    let (start, end) = (node.rows.start, node.rows.end);
                    waiting.push(Waiting {
                        rows: middle..end,
                        depth,
                        parent: Some((place, false)),
                    });
                    waiting.push(Waiting {
                        rows: start..middle,
                        depth,
                        parent: Some((place, true)),
                    });
                }
            }
        }
        self.work.count(Step::Grown, 1);
        set_covers(&mut self.tree, self.covers);
        (self.tree, self.work)
    }

    /// Tells the parent its child.
    fn adopt(&mut self, parent: Option<(usize, bool)>, child: i32) {
        if let Some((parent, is_left)) = parent {
            let parent = &mut self.tree.nodes[parent];
            *(if is_left { &mut parent.left } else { &mut parent.right }) = child;
        }
    }

    /// The best cut of as many features as are tried; more only while none of them differs within the node.
    fn cut(&mut self, node: &Waiting, totals: &Totals, visited: u64) -> Option<Cut> {
        let options = self.planter.options;
        let n_rows = node.rows.len();
        let is_pure = explained(totals) >= self.square(node) * (1.0 - 1e-12);
        if n_rows < 2 * options.leaf_rows_min as usize || node.depth >= options.depth_max || is_pure
        {
            return None;
        }
        let n_features = self.planter.binned.features.len();
        let mut order: Vec<usize> = (0..n_features).collect();
        let mut draws = Draws::new(options.seed, Purpose::NodeFeatures, [self.number, visited]);
        let (mut best, mut n_usable) = (None, 0);
        for place in 0..n_features {
            let other = place + draws.below(n_features - place);
            order.swap(place, other);
            n_usable +=
                usize::from(self.try_feature(order[place], node, totals, &mut draws, &mut best));
            if place + 1 >= self.planter.n_tried && n_usable > 0 {
                break;
            }
        }
        best
    }

    /// Weighted sum of squares of the targets: what a pure node explains.
    fn square(&self, node: &Waiting) -> f64 {
        let targets = &self.planter.training.targets;
        let of = |row: &u32| {
            let number = targets[*row as usize] - self.planter.center;
            let target = if self.planter.n_outputs == 1 { number } else { 1.0 };
            self.weights[*row as usize] * target * target
        };
        self.rows[node.rows.clone()].iter().map(of).sum()
    }

    /// Tries one feature; whether it has two bins in the node at all.
    fn try_feature(
        &mut self,
        feature: usize,
        node: &Waiting,
        totals: &Totals,
        draws: &mut Draws,
        best: &mut Option<Cut>,
    ) -> bool {
        let stride = totals.len();
        self.work.count(Step::Tallied, node.rows.len());
        self.work.count(Step::Tried, stride - 1);
        let planter = self.planter;
        let codes = &planter.binned.codes[feature];
        let mut filled = BinSet::default();
        for &row in &self.rows[node.rows.clone()] {
            let row = row as usize;
            let bin = usize::from(codes[row]);
            insert(&mut filled, bin);
            self.n_rows[bin] += 1;
            planter.add(&mut self.totals[bin * stride..][..stride], row, self.weights[row]);
        }
        let bins = bins_in(&filled);
        if bins.len() > 1 {
            let of = &planter.binned.features[feature];
            let missing = of.n_values;
            self.work.count(
                Step::Scanned,
                if planter.options.random_thresholds { 1 } else { bins.len() },
            );
            let mut scan = Scan {
                feature,
                stride,
                leaf_rows_min: planter.options.leaf_rows_min,
                totals: &self.totals,
                n_rows: &self.n_rows,
                node: totals,
                explained: explained(totals),
                node_rows: u32::try_from(node.rows.len()).expect("rows are u32"),
                missing: (filled[missing / 64] >> (missing % 64) & 1 == 1).then_some(missing),
                random_thresholds: planter.options.random_thresholds,
                draws,
            };
            if of.is_category {
                scan.levels(bins.clone(), best);
            } else {
                scan.numbers(&bins, best);
            }
        }
        for bin in &bins {
            self.n_rows[*bin] = 0;
            self.totals[bin * stride..][..stride].fill(0.0);
        }
        bins.len() > 1
    }

    fn partition(&mut self, rows: &std::ops::Range<usize>, cut: &Cut) -> usize {
        let codes = &self.planter.binned.codes[cut.feature];
        let list = &mut self.rows[rows.clone()];
        let (left, right): (Vec<u32>, Vec<u32>) =
            list.iter().partition(|row| holds(&cut.set, usize::from(codes[**row as usize])));
        list[..left.len()].copy_from_slice(&left);
        list[left.len()..].copy_from_slice(&right);
        rows.start + left.len()
    }

    fn add_node(&mut self, cut: Cut) {
        let bins = &self.planter.binned.features[cut.feature];
        let set = cut.last.is_none().then(|| {
            let mut set = cut.set;
            set[bins.n_values / 64] &= !(1 << (bins.n_values % 64));
            self.tree.sets.push(set);
            u32::try_from(self.tree.sets.len() - 1).expect("nodes are at most rows")
        });
        let threshold = match cut.last {
            None => 0.0,
            Some(last) => bins.thresholds.get(last).copied().unwrap_or(f64::MAX),
        };
        self.tree.nodes.push(Node {
            threshold,
            gain: cut.gain,
            cover: 0.0,
            feature: u32::try_from(cut.feature).expect("a feature has its code in memory"),
            set,
            left: 0,
            right: 0,
            missing_left: cut.missing_left,
        });
    }
}

fn bins_in(set: &BinSet) -> Vec<usize> {
    (0..256).filter(|bin| holds(set, *bin)).collect()
}

/// Looks for the best cut of one feature in one node.
struct Scan<'s> {
    feature: usize,
    stride: usize,
    leaf_rows_min: u32,
    totals: &'s [f64],
    n_rows: &'s [u32; 256],
    node: &'s Totals,
    /// What the node explains as a whole.
    explained: f64,
    node_rows: u32,
    /// The missing bin, where rows are in it.
    missing: Option<usize>,
    random_thresholds: bool,
    draws: &'s mut Draws,
}

impl Scan<'_> {
    fn bin(&self, bin: usize) -> &Totals {
        &self.totals[bin * self.stride..][..self.stride]
    }

    /// All cuts of the bins in order; the last of them only where something is missing.
    fn numbers(&mut self, bins: &[usize], best: &mut Option<Cut>) {
        let n_values = bins.len() - usize::from(self.missing.is_some());
        let n_cuts = bins.len() - 1;
        let only = self.random_thresholds.then(|| self.draws.below(n_cuts));
        let (mut left, mut left_rows) = (vec![0.0; self.stride], 0);
        for at in 0..n_cuts {
            plus(&mut left, self.bin(bins[at]));
            left_rows += self.n_rows[bins[at]];
            if only.is_some_and(|only| only != at) {
                continue;
            }
            let is_last = at + 1 == n_values;
            let last = if is_last { bins[at] } else { (bins[at] + bins[at + 1] - 1) / 2 };
            self.offer(&left, left_rows, (&bins[..=at], Some(last), false), best);
            if let (Some(missing), false) = (self.missing, is_last) {
                let mut with = left.clone();
                plus(&mut with, self.bin(missing));
                let n_rows = left_rows + self.n_rows[missing];
                self.offer(&with, n_rows, (&bins[..=at], Some(last), true), best);
            }
        }
    }

    /// All cuts of the levels in the order of their means, or in a drawn order where they are many.
    fn levels(&mut self, mut bins: Vec<usize>, best: &mut Option<Cut>) {
        let frequent = (1..self.stride).fold(1, |best, output| {
            if self.node[output] > self.node[best] { output } else { best }
        });
        if bins.len() > ORDERED_LEVELS_MAX {
            for place in 0..bins.len() {
                let other = place + self.draws.below(bins.len() - place);
                bins.swap(place, other);
            }
        } else {
            let mean = |bin: &usize| self.bin(*bin)[frequent] / self.bin(*bin)[0];
            bins.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
        }
        let n_cuts = bins.len() - 1;
        let only = self.random_thresholds.then(|| self.draws.below(n_cuts));
        let (mut left, mut left_rows) = (vec![0.0; self.stride], 0);
        for at in 0..n_cuts {
            plus(&mut left, self.bin(bins[at]));
            left_rows += self.n_rows[bins[at]];
            if only.is_none_or(|only| only == at) {
                let missing_left = self.missing.is_some_and(|bin| bins[..=at].contains(&bin));
                self.offer(&left, left_rows, (&bins[..=at], None, missing_left), best);
            }
        }
    }

    fn offer(
        &self,
        left: &Totals,
        left_rows: u32,
        (bins, last, missing_left): (&[usize], Option<usize>, bool),
        best: &mut Option<Cut>,
    ) {
        let right_rows = self.node_rows - left_rows;
        if left_rows.min(right_rows) < self.leaf_rows_min {
            return;
        }
        let gain = explained(left) + explained_by_rest(self.node, left) - self.explained;
        // Rounding is no gain; the sums of a node are of the size of what it explains.
        let is_gain = gain > self.explained * 1e-13;
        if !is_gain || best.as_ref().is_some_and(|best| gain <= best.gain) {
            return;
        }
        let mut set = BinSet::default();
        match last {
            Some(last) => (0..=last).for_each(|bin| insert(&mut set, bin)),
            None => bins.iter().for_each(|bin| insert(&mut set, *bin)),
        }
        if let (Some(missing), true) = (self.missing, missing_left) {
            insert(&mut set, missing);
        }
        let unseen_left = self.missing.is_none() && left_rows >= right_rows;
        let missing_left = missing_left || unseen_left;
        *best = Some(Cut { gain, feature: self.feature, set, last, missing_left });
    }
}

fn plus(sums: &mut Totals, other: &Totals) {
    sums.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
}

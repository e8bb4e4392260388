//! One tree, leaf by leaf: the leaf whose split gains most is split next.
//!
//! In: codes, derivatives a row, the rows of the bag. Out: a tree (raw thresholds) and the rows of each leaf.
//! Source: Ke et al., LightGBM, 2017 (leaf-wise growth, sums of the larger child by subtraction); Shi, Best-first
//! decision tree learning, 2007. Monotone features: LightGBM's `basic`, the middle of the two outputs bounds everything
//! below.
//! Departures: counts are exact. Ties go to the first feature and the oldest leaf.
//! Cost: O(rows × features) a level at most, half of it by subtraction; sums of open leaves are kept
//! (leaves × bins × 24 bytes). Checked against: a booster that tries every threshold (`tests/it/trees/growth.rs`).

use rayon::prelude::*;

use super::binning::Binned;
use super::draws::{Draws, Purpose, share_of};
use super::histogram::{Pair, Sums, fill, subtract, total};
use super::model::{Node, Tree, child_of_leaf};
use super::options::{BoostOptions, Monotone};
use super::split::{Site, Split, Test, best_split, holds, output};
use crate::work::{Step, Work};

/// Below this much work a second thread costs more than it saves.
const PARALLEL_WORK_MIN: usize = 40_000;

/// A tree and where its rows went.
pub(super) struct Grown {
    pub(super) tree: Tree,
    /// Rows of the bag, leaf after leaf.
    pub(super) rows: Vec<u32>,
    /// Where the rows of each leaf are in `rows`.
    pub(super) leaves: Vec<std::ops::Range<usize>>,
    /// Bounds on what a leaf may answer.
    pub(super) bounds: Vec<(f64, f64)>,
    /// What growing it did.
    pub(super) work: Work,
}

/// A leaf that may be split further.
struct Leaf {
    rows: std::ops::Range<usize>,
    site: Site,
    depth: u32,
    /// Sums of the tree's features, one after the other; empty where it will not be split.
    sums: Vec<Sums>,
    split: Option<Split>,
    /// The node above and whether this is its left child.
    parent: Option<(usize, bool)>,
}

/// Grows trees over one coded matrix.
pub(super) struct Grower<'a> {
    pub(super) binned: &'a Binned,
    pub(super) options: &'a BoostOptions,
}

/// One tree on its way.
struct Growth<'a> {
    grower: &'a Grower<'a>,
    pairs: &'a [Pair],
    /// Number of the tree, for draws.
    number: u64,
    /// Features it may use, and where their sums begin.
    features: Vec<(usize, usize)>,
    n_bins: usize,
    rows: Vec<u32>,
    leaves: Vec<Leaf>,
    tree: Tree,
    /// Sums that are free to be used again.
    spare: Vec<Vec<Sums>>,
    work: Work,
}

impl Grower<'_> {
    /// Grows tree `number` over `rows` (ascending); `pairs` has one a row of the matrix.
    pub(super) fn grow(&self, pairs: &[Pair], rows: Vec<u32>, number: u64) -> Grown {
        let mut growth = Growth::new(self, pairs, rows, number);
        growth.plant();
        let leaves_max = self.options.leaves_max as usize;
        while growth.leaves.len() < leaves_max {
            let Some(at) = growth.richest() else { break };
            growth.split(at);
        }
        growth.finish()
    }
}

impl<'a> Growth<'a> {
    fn new(grower: &'a Grower<'a>, pairs: &'a [Pair], rows: Vec<u32>, number: u64) -> Self {
        let options = grower.options;
        let n_features = grower.binned.features.len();
        let n_drawn = share_of(n_features, options.feature_fraction);
        let mut draws = Draws::new(options.seed, Purpose::TreeFeatures, [number, 0]);
        let (mut features, mut n_bins) = (Vec::new(), 0);
        if n_features > 0 {
            for feature in draws.choose(n_features, n_drawn) {
                features.push((feature, n_bins));
                n_bins += grower.binned.features[feature].n_values + 1;
            }
        }
        Self {
            grower,
            pairs,
            number,
            features,
            n_bins,
            rows,
            leaves: Vec::new(),
            tree: Tree::default(),
            spare: Vec::new(),
            work: Work::default(),
        }
    }

    fn spare(&mut self) -> Vec<Sums> {
        self.spare.pop().unwrap_or_else(|| vec![Sums::default(); self.n_bins])
    }

    /// Derivatives of rows, in their order.
    fn ordered(&self, rows: &std::ops::Range<usize>) -> Vec<Pair> {
        self.rows[rows.clone()].iter().map(|row| self.pairs[*row as usize]).collect()
    }

    /// The root and its best split.
    fn plant(&mut self) {
        let rows = 0..self.rows.len();
        let pairs = self.ordered(&rows);
        let options = self.grower.options;
        let sums = total(&pairs);
        let bounds = (f64::NEG_INFINITY, f64::INFINITY);
        // The root has no parent to lean to.
        let answer = output(options, sums, options.l2, 0.0, bounds);
        let site = Site { sums, output: answer, bounds };
        let mut root = Leaf { rows, site, depth: 0, sums: self.spare(), split: None, parent: None };
        let work = pairs.len() * self.features.len();
        let node = self.node_features(0);
        self.count_search(pairs.len(), &[&node]);
        let (features, list) = (&self.features, &self.rows[root.rows.clone()]);
        let of = |(at, sums): (usize, &mut [Sums])| {
            let feature = features[at].0;
            fill(sums, &self.grower.binned.codes[feature], list, &pairs);
            self.best(at, sums, &root.site, 0, &node)
        };
        root.split = first_best(each(slices(&mut root.sums, features), work, of));
        self.leaves.push(root);
    }

    /// Counts sums of so many rows, and a search of their bins for every site.
    fn count_search(&mut self, n_rows: usize, usable: &[&[bool]]) {
        let n_features = self.features.len();
        self.work.count(Step::Moved, n_rows);
        self.work.count(Step::Filled, n_rows * n_features);
        self.work.count(Step::Subtracted, self.n_bins);
        for usable in usable {
            let n_usable = usable.iter().filter(|usable| **usable).count();
            self.work.count(Step::Searched, n_usable);
            let n_bins = if self.grower.options.random_thresholds { 0 } else { self.n_bins };
            self.work.count(Step::Scanned, n_bins * n_usable / n_features.max(1));
        }
    }

    /// Which of the tree's features a node may use.
    fn node_features(&self, node: u64) -> Vec<bool> {
        let share = self.grower.options.node_feature_fraction;
        let mut usable = vec![share >= 1.0; self.features.len()];
        if share < 1.0 && !usable.is_empty() {
            let seed = self.grower.options.seed;
            let mut draws = Draws::new(seed, Purpose::NodeFeatures, [self.number, node]);
            for at in draws.choose(usable.len(), share_of(usable.len(), share)) {
                usable[at] = true;
            }
        }
        usable
    }

    fn best(
        &self,
        at: usize,
        sums: &[Sums],
        site: &Site,
        node: u64,
        usable: &[bool],
    ) -> Option<Split> {
        let options = self.grower.options;
        let feature = self.features[at].0;
        if !usable[at] {
            return None;
        }
        let place = [self.number ^ (feature as u64) << 32, node];
        let mut draws =
            options.random_thresholds.then(|| Draws::new(options.seed, Purpose::Threshold, place));
        let bins = &self.grower.binned.features[feature];
        best_split(options, (feature, bins), sums, site, draws.as_mut())
    }

    /// The leaf whose split gains most; the oldest of equals.
    fn richest(&self) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (at, leaf) in self.leaves.iter().enumerate() {
            if let Some(split) = leaf.split
                && best.is_none_or(|(_, gain)| split.gain > gain)
            {
                best = Some((at, split.gain));
            }
        }
        best.map(|(at, _)| at)
    }

    /// Puts a node where leaf `at` was: the left child keeps its number, the right one is new.
    fn split(&mut self, at: usize) {
        let split = self.leaves[at].split.take().expect("only leaves with a split are chosen");
        let parent_sums = std::mem::take(&mut self.leaves[at].sums);
        let (rows, depth) = (self.leaves[at].rows.clone(), self.leaves[at].depth + 1);
        let middle = self.partition(&rows, &split);
        self.add_node(at, &split);
        let bounds = self.child_bounds(self.leaves[at].site.bounds, &split);
        let node = self.tree.nodes.len() - 1;
        let child = |rows, sums, output, bounds, is_left| Leaf {
            rows,
            site: Site { sums, output, bounds },
            depth,
            sums: Vec::new(),
            split: None,
            parent: Some((node, is_left)),
        };
        let left = child(rows.start..middle, split.left, split.left_output, bounds.0, true);
        let right = child(middle..rows.end, split.right, split.right_output, bounds.1, false);
        let new = self.leaves.len();
        self.leaves[at] = left;
        self.leaves.push(right);
        let is_last = new + 1 >= self.grower.options.leaves_max as usize;
        let too_deep = self.grower.options.depth_max.is_some_and(|max| depth >= max);
        if is_last || too_deep {
            self.spare.push(parent_sums);
        } else {
            self.search_children([at, new], parent_sums);
        }
    }

    /// Moves rows that go left before those that go right; both keep their order.
    fn partition(&mut self, rows: &std::ops::Range<usize>, split: &Split) -> usize {
        let bins = &self.grower.binned.features[split.feature];
        let missing_bin = usize::from(bins.missing_bin());
        let mut goes_left = [false; 256];
        for (bin, goes_left) in goes_left.iter_mut().enumerate().take(missing_bin) {
            *goes_left = match &split.test {
                Test::AtMost(last) => bin <= usize::from(*last),
                Test::In(set) => holds(set, bin),
            };
        }
        goes_left[missing_bin] = split.missing_left;
        let codes = &self.grower.binned.codes[split.feature];
        self.work.count(Step::Moved, rows.len());
        let list = &mut self.rows[rows.clone()];
        let mut right = Vec::with_capacity(split.right.n_rows as usize);
        let mut n_left = 0;
        for at in 0..list.len() {
            let row = list[at];
            if goes_left[usize::from(codes[row as usize])] {
                list[n_left] = row;
                n_left += 1;
            } else {
                right.push(row);
            }
        }
        list[n_left..].copy_from_slice(&right);
        rows.start + n_left
    }

    fn add_node(&mut self, at: usize, split: &Split) {
        let node = self.tree.nodes.len();
        let child = i32::try_from(node).expect("at most 65536 leaves");
        if let Some((parent, is_left)) = self.leaves[at].parent {
            let parent = &mut self.tree.nodes[parent];
            *(if is_left { &mut parent.left } else { &mut parent.right }) = child;
        }
        let bins = &self.grower.binned.features[split.feature];
        let (threshold, set) = match split.test {
            // The last bin has no threshold: every value goes left, only missing ones go right.
            Test::AtMost(bin) => {
                (bins.thresholds.get(usize::from(bin)).copied().unwrap_or(f64::MAX), None)
            }
            Test::In(set) => {
                self.tree.sets.push(set);
                (0.0, Some(u32::try_from(self.tree.sets.len() - 1).expect("at most 65536 nodes")))
            }
        };
        self.tree.nodes.push(Node {
            threshold,
            gain: split.gain,
            cover: 0.0,
            feature: u32::try_from(split.feature).expect("a feature has its code in memory"),
            set,
            left: child_of_leaf(at),
            right: child_of_leaf(self.leaves.len()),
            missing_left: split.missing_left,
        });
    }

    /// Bounds of the children: parted in the middle where the feature is monotone.
    fn child_bounds(&self, bounds: (f64, f64), split: &Split) -> ((f64, f64), (f64, f64)) {
        let middle = split.left_output / 2.0 + split.right_output / 2.0;
        match self.grower.options.monotone.get(split.feature) {
            Some(Monotone::Rising) => ((bounds.0, middle), (middle, bounds.1)),
            Some(Monotone::Falling) => ((middle, bounds.1), (bounds.0, middle)),
            _ => (bounds, bounds),
        }
    }

    /// Sums and best splits of two new leaves: the smaller is counted, the larger is the rest of its parent.
    fn search_children(&mut self, ids: [usize; 2], parent_sums: Vec<Sums>) {
        let [a, b] = ids.map(|id| self.leaves[id].rows.len());
        let [small, large] = if a <= b { ids } else { [ids[1], ids[0]] };
        let least = 2 * self.grower.options.leaf_rows_min as usize;
        if self.leaves[large].rows.len() < least {
            self.spare.push(parent_sums);
            return;
        }
        let (mut small_sums, mut large_sums) = (self.spare(), parent_sums);
        let pairs = self.ordered(&self.leaves[small].rows);
        // Draws are named by place: where the rows of a leaf begin and end is its own in a tree.
        let names = [small, large].map(|id| {
            let rows = &self.leaves[id].rows;
            (rows.start as u64) << 32 | rows.end as u64
        });
        let usable = names.map(|name| self.node_features(name));
        self.count_search(pairs.len(), &[&usable[0], &usable[1]]);
        let features = &self.features;
        let rows = &self.rows[self.leaves[small].rows.clone()];
        let sites = [small, large].map(|id| self.leaves[id].site);
        let of = |(at, (small, large)): (usize, (&mut [Sums], &mut [Sums]))| {
            fill(small, &self.grower.binned.codes[features[at].0], rows, &pairs);
            subtract(large, small);
            (
                self.best(at, small, &sites[0], names[0], &usable[0]),
                self.best(at, large, &sites[1], names[1], &usable[1]),
            )
        };
        let work = pairs.len() * features.len() + 2 * self.n_bins;
        let slices = slices(&mut small_sums, features)
            .into_iter()
            .zip(slices(&mut large_sums, features))
            .collect();
        let (of_small, of_large): (Vec<_>, Vec<_>) = each(slices, work, of).into_iter().unzip();
        for (id, splits, sums) in [(small, of_small, small_sums), (large, of_large, large_sums)] {
            self.leaves[id].split = first_best(splits);
            if self.leaves[id].split.is_some() {
                self.leaves[id].sums = sums;
            } else {
                self.spare.push(sums);
            }
        }
    }

    fn finish(mut self) -> Grown {
        self.tree.n_outputs = 1;
        self.work.count(Step::Grown, 1);
        self.tree.values = self.leaves.iter().map(|leaf| leaf.site.output).collect();
        let bounds = self.leaves.iter().map(|leaf| leaf.site.bounds).collect();
        let leaves = self.leaves.into_iter().map(|leaf| leaf.rows).collect();
        Grown { tree: self.tree, rows: self.rows, leaves, bounds, work: self.work }
    }
}

/// Sets the weight of training rows of leaves, and of nodes from the last to the root.
pub(super) fn set_covers(tree: &mut Tree, covers: Vec<f64>) {
    tree.covers = covers;
    for at in (0..tree.nodes.len()).rev() {
        let node = tree.nodes[at];
        tree.nodes[at].cover = tree.cover(node.left) + tree.cover(node.right);
    }
}

/// Sums of one feature after the other.
fn slices<'s>(mut sums: &'s mut [Sums], features: &[(usize, usize)]) -> Vec<&'s mut [Sums]> {
    let mut parts = Vec::with_capacity(features.len());
    let n_bins = sums.len();
    for (at, (_, begin)) in features.iter().enumerate() {
        let end = features.get(at + 1).map_or(n_bins, |next| next.1);
        let (part, rest) = sums.split_at_mut(end - begin);
        parts.push(part);
        sums = rest;
    }
    parts
}

/// Applies `of` to each item in parallel where it is worth it; results in order.
fn each<T: Send, R: Send>(
    items: Vec<T>,
    work: usize,
    of: impl Fn((usize, T)) -> R + Sync + Send,
) -> Vec<R> {
    if work < PARALLEL_WORK_MIN {
        items.into_iter().enumerate().map(of).collect()
    } else {
        items.into_par_iter().enumerate().map(of).collect()
    }
}

/// The split that gains most; the first of equals.
fn first_best(splits: Vec<Option<Split>>) -> Option<Split> {
    splits.into_iter().flatten().fold(None, |best: Option<Split>, split| match best {
        Some(best) if best.gain >= split.gain => Some(best),
        _ => Some(split),
    })
}

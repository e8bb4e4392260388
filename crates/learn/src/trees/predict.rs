//! Margins of many rows at once.
//!
//! In: a matrix. Out: margins, row by row, an output each; the same bytes as one row at a time.
//! Source: Lucchese et al., QuickScorer, 2015, vectorized over rows as in V-QuickScorer, 2016: a test that fails strikes
//! out the leaves of its left side; the first leaf left is the answer. No branch depends on a value.
//! Departures: values are ranked once a block of rows, tests compare ranks; sixteen rows a step; trees of over 64 leaves
//! are walked node by node.
//! Cost: O(nodes / 4) instructions a row and tree up to 64 leaves, O(depth) beyond. Checked against: walking each row
//! (`tests/it/trees/boost.rs`), bit by bit.

use rayon::prelude::*;

use super::model::{Tree, TreeModel, leaf_of};
use super::ranks::{LANES, MISSING, MISSING_LEVEL, Ranks};
use super::split::{BinSet, holds, insert};
use crate::{FeatureKind, LearnError, Matrix};

/// Lanes of a block: its ranks stay in the first cache.
const BLOCK_STEPS: usize = 8;
/// Rows below which walking the trees is cheaper than making a program of them.
const FEW_ROWS: usize = 64;
/// Leaves of two words of bits.
const STRIKE_LEAVES_MAX: usize = 64;

/// A test of a number: where the rank is greater, the leaves in `left` are struck out.
struct Strike {
    column: u32,
    threshold: i32,
    left: u32,
}

/// A test of a category: where the bin is not in the set, the leaves in `left` are struck out.
struct LevelStrike {
    column: u32,
    left: u32,
    set: BinSet,
}

/// A tree as words of 32 leaves, from left to right.
struct Struck {
    words: Vec<(Vec<Strike>, Vec<LevelStrike>)>,
    /// Places of leaves, from left to right, in the values of the tree.
    leaves: Vec<u32>,
}

/// A tree that is walked: a node's children are the nodes `child` (test holds) and `child + 1`.
struct Walked {
    column: u32,
    threshold: i32,
    set: Option<u32>,
    /// Below 0: the leaf `!child`.
    children: [i32; 2],
}

enum Plan {
    Struck(Struck),
    Walked(Vec<Walked>),
}

/// A model made ready for many rows.
struct Program<'a> {
    model: &'a TreeModel,
    ranks: Ranks,
    plans: Vec<Plan>,
}

/// The column of ranks a node reads: missing numbers are less than all, or greater than all.
fn column(feature: u32, missing_left: bool) -> u32 {
    feature * 2 + u32::from(!missing_left)
}

/// A node's set of bins, with the missing bin in it where missing values go left.
fn set_with_missing(set: &BinSet, missing_left: bool) -> BinSet {
    let mut set = *set;
    if missing_left {
        insert(&mut set, MISSING_LEVEL as usize);
    }
    set
}

impl<'a> Program<'a> {
    fn new(model: &'a TreeModel) -> Self {
        let ranks = Ranks::new(model);
        let plan = |tree: &Tree| {
            if tree.n_leaves() <= STRIKE_LEAVES_MAX {
                Plan::Struck(struck(tree, &ranks))
            } else {
                Plan::Walked(walked(tree, &ranks))
            }
        };
        let plans = model.trees.iter().map(plan).collect();
        Self { model, ranks, plans }
    }

    /// Writes the margins of the rows from `begin` on.
    fn block(
        &self,
        features: &Matrix,
        begin: usize,
        out: &mut [f64],
        ranks: &mut Vec<[i32; LANES]>,
    ) {
        let n_outputs = self.model.n_outputs();
        let n_rows = out.len() / n_outputs;
        let n_columns = 2 * self.model.n_features();
        let n_steps = n_rows.div_ceil(LANES);
        ranks.clear();
        ranks.resize(n_steps * n_columns, [0; LANES]);
        for (feature, kind) in self.model.kinds.iter().enumerate() {
            for step in 0..n_steps {
                let lanes = self.ranks.lanes(self.model, features, feature, begin + step * LANES);
                let of_step = &mut ranks[step * n_columns + 2 * feature..][..2];
                of_step[0] = lanes;
                of_step[1] = match kind {
                    FeatureKind::Number => {
                        lanes.map(|rank| if rank == MISSING { i32::MAX } else { rank })
                    }
                    FeatureKind::Category { .. } => lanes,
                };
            }
        }
        for row in out.chunks_mut(n_outputs) {
            row.copy_from_slice(&self.model.start);
        }
        for (tree, plan) in self.model.trees.iter().zip(&self.plans) {
            for (ranks, out) in
                ranks.chunks(n_columns.max(1)).zip(out.chunks_mut(LANES * n_outputs))
            {
                let leaves = match plan {
                    Plan::Struck(struck) => struck.leaves(ranks),
                    Plan::Walked(nodes) => walk(tree, nodes, ranks),
                };
                add(tree, &leaves, n_outputs, out);
            }
        }
    }
}

fn add(tree: &Tree, leaves: &[u32; LANES], n_outputs: usize, out: &mut [f64]) {
    let first = tree.first_output as usize;
    if tree.n_outputs == 1 {
        for (row, leaf) in out.chunks_exact_mut(n_outputs).zip(leaves) {
            row[first] += tree.values[*leaf as usize];
        }
        return;
    }
    for (row, leaf) in out.chunks_exact_mut(n_outputs).zip(leaves) {
        for (margin, value) in row[first..].iter_mut().zip(tree.leaf_values(*leaf as usize)) {
            *margin += value;
        }
    }
}

/// Strikes `left` out where the rank is greater. Masks instead of conditions: the compiler then takes four lanes at once.
#[inline]
fn strike_out(alive: &mut [u32; LANES], ranks: &[i32; LANES], threshold: i32, left: u32) {
    for (alive, rank) in alive.iter_mut().zip(ranks) {
        let is_greater = u32::from(*rank > threshold).wrapping_neg();
        *alive &= !(is_greater & left);
    }
}

impl Struck {
    /// The leaf of each lane.
    fn leaves(&self, ranks: &[[i32; LANES]]) -> [u32; LANES] {
        let mut places = [0; LANES];
        let mut is_found = [false; LANES];
        for (word, (strikes, level_strikes)) in (0..).zip(&self.words) {
            let mut alive = [u32::MAX; LANES];
            for strike in strikes {
                strike_out(
                    &mut alive,
                    &ranks[strike.column as usize],
                    strike.threshold,
                    strike.left,
                );
            }
            for strike in level_strikes {
                let bins = &ranks[strike.column as usize];
                for lane in 0..LANES {
                    let gone =
                        if holds(&strike.set, bins[lane] as usize) { 0 } else { strike.left };
                    alive[lane] &= !gone;
                }
            }
            for lane in 0..LANES {
                if !is_found[lane] && alive[lane] != 0 {
                    is_found[lane] = true;
                    places[lane] = word * 32 + alive[lane].trailing_zeros();
                }
            }
        }
        places.map(|place| self.leaves[place as usize])
    }
}

fn struck(tree: &Tree, ranks: &Ranks) -> Struck {
    let leaves = leaves_in_order(tree);
    let mut place_of = vec![0_u32; leaves.len()];
    for (place, leaf) in (0..).zip(&leaves) {
        place_of[*leaf as usize] = place;
    }
    // First and last place below each node; children come after their parent.
    let mut spans = vec![(0, 0); tree.nodes.len()];
    let mut left_of = spans.clone();
    for at in (0..tree.nodes.len()).rev() {
        let node = &tree.nodes[at];
        let span = |child: i32| match usize::try_from(child) {
            Ok(node) => spans[node],
            Err(_) => (place_of[leaf_of(child)], place_of[leaf_of(child)]),
        };
        let (left, right) = (span(node.left), span(node.right));
        left_of[at] = left;
        spans[at] = (left.0, right.1);
    }
    let n_words = leaves.len().div_ceil(32);
    let mut words: Vec<_> = (0..n_words).map(|_| (Vec::new(), Vec::new())).collect();
    for (node, (first, last)) in tree.nodes.iter().zip(left_of) {
        for (word, (strikes, level_strikes)) in (0..).zip(&mut words) {
            let inside = |place: &u32| place / 32 == word;
            let left =
                (first..=last).filter(inside).fold(0, |bits, place| bits | 1 << (place % 32));
            if left == 0 {
                continue;
            }
            match node.set {
                None => strikes.push(Strike {
                    column: column(node.feature, node.missing_left),
                    threshold: ranks.of_threshold(node.feature as usize, node.threshold),
                    left,
                }),
                Some(set) => level_strikes.push(LevelStrike {
                    column: column(node.feature, true),
                    left,
                    set: set_with_missing(&tree.sets[set as usize], node.missing_left),
                }),
            }
        }
    }
    // Bits beyond the last leaf never win: a row's own leaf is left of them and is never struck out.
    Struck { words, leaves }
}

/// Leaves from left to right.
fn leaves_in_order(tree: &Tree) -> Vec<u32> {
    let mut leaves = Vec::with_capacity(tree.n_leaves());
    let mut waiting = vec![if tree.nodes.is_empty() { -1 } else { 0 }];
    while let Some(child) = waiting.pop() {
        match usize::try_from(child) {
            Ok(node) => waiting.extend([tree.nodes[node].right, tree.nodes[node].left]),
            Err(_) => leaves.push(u32::try_from(leaf_of(child)).expect("leaves are i32")),
        }
    }
    leaves
}

fn walked(tree: &Tree, ranks: &Ranks) -> Vec<Walked> {
    let of = |node: &super::model::Node| {
        let missing_left = node.set.is_some() || node.missing_left;
        Walked {
            column: column(node.feature, missing_left),
            threshold: node
                .set
                .map_or_else(|| ranks.of_threshold(node.feature as usize, node.threshold), |_| 0),
            set: node.set,
            children: [node.left, node.right],
        }
    };
    tree.nodes.iter().map(of).collect()
}

fn walk(tree: &Tree, nodes: &[Walked], ranks: &[[i32; LANES]]) -> [u32; LANES] {
    let mut leaves = [0; LANES];
    for (lane, leaf) in leaves.iter_mut().enumerate() {
        let mut at = 0;
        while let Ok(place) = usize::try_from(at) {
            let node = &nodes[place];
            let rank = ranks[node.column as usize][lane];
            let goes_right = match node.set {
                None => rank > node.threshold,
                Some(_) if rank == MISSING_LEVEL => !tree.nodes[place].missing_left,
                Some(set) => !holds(&tree.sets[set as usize], rank as usize),
            };
            at = node.children[usize::from(goes_right)];
        }
        *leaf = !at as u32;
    }
    leaves
}

impl TreeModel {
    /// Margins of many rows, row by row, an output each: log-odds of boosted classes, numbers of a regression, mean
    /// leaf probabilities of a forest.
    ///
    /// # Errors
    /// The matrix has other features than the model, or a category is no known level.
    pub fn margins(&self, features: &Matrix) -> Result<Vec<f64>, LearnError> {
        self.check_features(features)?;
        let n_outputs = self.n_outputs();
        if features.n_rows() < FEW_ROWS {
            return Ok(self.walked(features));
        }
        let mut margins = vec![0.0; features.n_rows() * n_outputs];
        let program = Program::new(self);
        let block_rows = BLOCK_STEPS * LANES;
        let blocks = margins.par_chunks_mut(block_rows * n_outputs).enumerate();
        blocks.for_each_init(Vec::new, |ranks, (block, out)| {
            program.block(features, block * block_rows, out, ranks);
        });
        Ok(margins)
    }

    /// Margins of a few rows of checked features, on this thread: waking others would cost more than the work.
    fn walked(&self, features: &Matrix) -> Vec<f64> {
        let n_outputs = self.n_outputs();
        let mut margins = self.start.repeat(features.n_rows());
        for tree in &self.trees {
            for (row, margins) in margins.chunks_exact_mut(n_outputs).enumerate() {
                let leaf = tree.leaf(&self.level_bins, |feature| features.column(feature)[row]);
                let outputs = &mut margins[tree.first_output as usize..];
                for (margin, value) in outputs.iter_mut().zip(tree.leaf_values(leaf)) {
                    *margin += value;
                }
            }
        }
        margins
    }
}

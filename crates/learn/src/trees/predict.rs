//! Margins of many rows at once.
//!
//! In: a matrix. Out: margins, row by row, an output each; the same bytes as one row at a time.
//! Source: Lucchese et al., QuickScorer, 2015: a test that fails strikes out the leaves of its left side; the first leaf left is
//! the answer. Ye et al., RapidScorer, 2018: leaves as bytes of many rows side by side, and a test touches only those bytes that its
//! left side lies in. No branch depends on a value.
//! Departures: values are ranked once a block of rows, tests compare ranks of one byte; 64 rows a step; trees of over 64 leaves
//! are walked node by node; a feature with over 255 thresholds (rounds added on other rows) has no such ranks, and its model walks.
//! Cost: O(nodes / 2) instructions a row and tree up to 64 leaves, O(depth) beyond. Checked against: walking each row
//! (`tests/it/trees/boost.rs`), bit by bit.

use rayon::prelude::*;

use super::byte_ranks::{ByteRanks, LANES, MISSING_LEVEL, Rank, bin_of_rank};
use super::model::{Tree, TreeModel, leaf_of};

use super::split::{BinSet, holds, insert};
use crate::{LearnError, Matrix};

/// Lanes of a block: its ranks stay in the first cache.
const BLOCK_STEPS: usize = 2;
/// Rows below which walking the trees is cheaper than making a program of them.
const FEW_ROWS: usize = 64;
/// Bytes of leaves that are struck out.
const BYTES_MAX: usize = 8;
/// Leaves of as many bytes.
const STRIKE_LEAVES_MAX: usize = 8 * BYTES_MAX;

/// A test of a number: where the rank is greater, the leaves `left` of a byte are struck out.
struct Strike {
    column: u32,
    threshold: Rank,
    byte: u8,
    left: u8,
}

/// A test of a category: where the bin is not in the set, the leaves `left` of some bytes are struck out.
struct LevelStrike {
    column: u32,
    set: BinSet,
    /// The byte, and the leaves in it.
    left: Vec<(u8, u8)>,
}

/// A tree as bytes of eight leaves, from left to right.
struct Struck {
    n_bytes: usize,
    strikes: Vec<Strike>,
    level_strikes: Vec<LevelStrike>,
    /// Places of leaves, from left to right, in the values of the tree.
    leaves: Vec<u32>,
    /// What leaves add, from left to right; empty where they add to several outputs.
    values: Vec<f64>,
}

/// A tree that is walked: a node's children are the nodes `child` (test holds) and `child + 1`.
struct Walked {
    column: u32,
    threshold: Rank,
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
    ranks: ByteRanks,
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
        insert(&mut set, MISSING_LEVEL);
    }
    set
}

impl<'a> Program<'a> {
    /// `None` where ranks of a feature do not fit a byte.
    fn new(model: &'a TreeModel) -> Option<Self> {
        let ranks = ByteRanks::new(model)?;
        let plan = |tree: &Tree| {
            if tree.n_leaves() <= STRIKE_LEAVES_MAX {
                Plan::Struck(struck(tree, &ranks))
            } else {
                Plan::Walked(walked(tree, &ranks))
            }
        };
        let plans = model.trees.iter().map(plan).collect();
        Some(Self { model, ranks, plans })
    }

    /// Writes the margins of the rows from `begin` on.
    fn block(
        &self,
        features: &Matrix,
        begin: usize,
        out: &mut [f64],
        ranks: &mut Vec<[Rank; LANES]>,
    ) {
        let n_outputs = self.model.n_outputs();
        let n_rows = out.len() / n_outputs;
        let n_columns = 2 * self.model.n_features();
        let n_steps = n_rows.div_ceil(LANES);
        ranks.clear();
        ranks.resize(n_steps * n_columns, [0; LANES]);
        for feature in 0..self.model.n_features() {
            for step in 0..n_steps {
                let pair = self.ranks.lanes(self.model, features, feature, begin + step * LANES);
                ranks[step * n_columns + 2 * feature..][..2].copy_from_slice(&pair);
            }
        }
        for row in out.chunks_mut(n_outputs) {
            row.copy_from_slice(&self.model.start);
        }
        for (tree, plan) in self.model.trees.iter().zip(&self.plans) {
            let steps = ranks.chunks(n_columns.max(1)).zip(out.chunks_mut(LANES * n_outputs));
            for (ranks, out) in steps {
                match plan {
                    Plan::Struck(struck) => struck.add(tree, ranks, n_outputs, out),
                    Plan::Walked(nodes) => add(tree, &walk(tree, nodes, ranks), n_outputs, out),
                }
            }
        }
    }
}

fn add(tree: &Tree, leaves: &[u32; LANES], n_outputs: usize, out: &mut [f64]) {
    let first = tree.first_output as usize;
    for (row, leaf) in out.chunks_exact_mut(n_outputs).zip(leaves) {
        for (margin, value) in row[first..].iter_mut().zip(tree.leaf_values(*leaf as usize)) {
            *margin += value;
        }
    }
}

/// All bits where it holds. Masks instead of conditions, and lanes by number: the compiler then takes sixteen at once.
#[inline]
fn mask(holds: bool) -> u8 {
    u8::from(holds).wrapping_neg()
}

/// Strikes `left` out where the rank is greater.
#[inline]
fn strike_out(alive: &mut [u8; LANES], ranks: &[Rank; LANES], threshold: Rank, left: u8) {
    for lane in 0..LANES {
        alive[lane] &= !(mask(ranks[lane] > threshold) & left);
    }
}

impl Struck {
    /// Adds the leaf of each lane to its row.
    fn add(&self, tree: &Tree, ranks: &[[Rank; LANES]], n_outputs: usize, out: &mut [f64]) {
        let places = self.places(ranks);
        if self.values.is_empty() {
            let leaves = places.map(|place| self.leaves[usize::from(place)]);
            return add(tree, &leaves, n_outputs, out);
        }
        let first = tree.first_output as usize;
        for (margin, place) in out[first..].iter_mut().step_by(n_outputs).zip(&places) {
            *margin += self.values[usize::from(*place)];
        }
    }

    /// The place of the leaf of each lane, from left to right.
    fn places(&self, ranks: &[[Rank; LANES]]) -> [u8; LANES] {
        let mut alive = [[u8::MAX; LANES]; BYTES_MAX];
        for strike in &self.strikes {
            let byte = &mut alive[usize::from(strike.byte) % BYTES_MAX];
            strike_out(byte, &ranks[strike.column as usize], strike.threshold, strike.left);
        }
        for strike in &self.level_strikes {
            let ranks = &ranks[strike.column as usize];
            let is_gone = ranks.map(|rank| mask(!holds(&strike.set, bin_of_rank(rank))));
            for (byte, left) in &strike.left {
                let bytes = &mut alive[usize::from(*byte) % BYTES_MAX];
                for lane in 0..LANES {
                    bytes[lane] &= !(is_gone[lane] & left);
                }
            }
        }
        first_places(&alive[..self.n_bytes])
    }
}

/// The place of the first bit of each lane over the bytes.
fn first_places(alive: &[[u8; LANES]]) -> [u8; LANES] {
    let (mut bits, mut places) = ([0_u8; LANES], [0_u8; LANES]);
    for (at, bytes) in alive.iter().enumerate().rev() {
        let first = u8::try_from(8 * at).expect("at most 64 leaves");
        for lane in 0..LANES {
            let is_here = mask(bytes[lane] != 0);
            bits[lane] = bits[lane] & !is_here | bytes[lane] & is_here;
            places[lane] = places[lane] & !is_here | first & is_here;
        }
    }
    for lane in 0..LANES {
        let first = bits[lane] & bits[lane].wrapping_neg();
        let high = mask(first & 0xF0 != 0) & 4;
        let middle = mask(first & 0xCC != 0) & 2;
        let low = mask(first & 0xAA != 0) & 1;
        places[lane] += high | middle | low;
    }
    places
}

fn struck(tree: &Tree, ranks: &ByteRanks) -> Struck {
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
    let (mut strikes, mut level_strikes) = (Vec::new(), Vec::new());
    for (node, span) in tree.nodes.iter().zip(left_of) {
        let left = bytes_of(span);
        match node.set {
            None => strikes.extend(left.into_iter().map(|(byte, left)| Strike {
                column: column(node.feature, node.missing_left),
                threshold: ranks.of_threshold(node.feature as usize, node.threshold),
                byte,
                left,
            })),
            Some(set) => level_strikes.push(LevelStrike {
                column: column(node.feature, true),
                set: set_with_missing(&tree.sets[set as usize], node.missing_left),
                left,
            }),
        }
    }
    // Bits beyond the last leaf never win: a row's own leaf is left of them and is never struck out.
    let n_bytes = leaves.len().div_ceil(8);
    let is_single = tree.n_outputs == 1;
    let values = leaves.iter().filter(|_| is_single).map(|leaf| tree.values[*leaf as usize]);
    Struck { n_bytes, strikes, level_strikes, values: values.collect(), leaves }
}

/// Bytes that places from the first to the last lie in, and the places as bits of them.
fn bytes_of((first, last): (u32, u32)) -> Vec<(u8, u8)> {
    let of = |byte: u32| {
        let places = (first..=last).filter(|place| place / 8 == byte);
        let bits = places.fold(0, |bits, place| bits | 1 << (place % 8));
        (u8::try_from(byte).expect("at most 64 leaves"), bits)
    };
    (first / 8..=last / 8).map(of).collect()
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

fn walked(tree: &Tree, ranks: &ByteRanks) -> Vec<Walked> {
    let of = |node: &super::model::Node| {
        let missing_left = node.set.is_some() || node.missing_left;
        Walked {
            column: column(node.feature, missing_left),
            threshold: match node.set {
                None => ranks.of_threshold(node.feature as usize, node.threshold),
                Some(_) => 0,
            },
            set: node.set,
            children: [node.left, node.right],
        }
    };
    tree.nodes.iter().map(of).collect()
}

fn walk(tree: &Tree, nodes: &[Walked], ranks: &[[Rank; LANES]]) -> [u32; LANES] {
    let mut leaves = [0; LANES];
    for (lane, leaf) in leaves.iter_mut().enumerate() {
        let mut at = 0;
        while let Ok(place) = usize::try_from(at) {
            let node = &nodes[place];
            let rank = ranks[node.column as usize][lane];
            let goes_right = match node.set {
                None => rank > node.threshold,
                Some(_) if bin_of_rank(rank) == MISSING_LEVEL => !tree.nodes[place].missing_left,
                Some(set) => !holds(&tree.sets[set as usize], bin_of_rank(rank)),
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
        let Some(program) = Program::new(self) else { return Ok(self.walked(features)) };
        let mut margins = vec![0.0; features.n_rows() * n_outputs];
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

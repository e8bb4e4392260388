//! Features as short vectors: piecewise linear in numbers, a table of levels, a vector for missing.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::layout::{Layout, normal};
use crate::schema::level;
use crate::{FeatureKind, Matrix, quantiles};

/// How a feature is read; fitted to training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Encoder {
    Number {
        /// Where pieces begin, and the end of the last, strictly ascending; fewer than two where nothing varies.
        edges: Vec<f64>,
        /// Whether training had a missing one.
        has_missing: bool,
    },
    Category {
        n_levels: u32,
        /// Whether training had the level; the last is missing.
        seen: Vec<bool>,
    },
}

/// A value as it goes in: which piece or level, and how far into the piece.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// The piece or level, or [`MISSING`].
    pub index: u32,
    /// How far into the piece, 0 to 1; 0 for a level.
    pub share: f32,
}

/// The `index` of a missing number.
pub const MISSING: u32 = u32::MAX;

impl Encoder {
    pub(super) fn fit(values: &[f64], weights: &[f64], kind: FeatureKind, n_bins: u32) -> Self {
        match kind {
            FeatureKind::Number => {
                let ascending = quantiles::ascending(values, weights);
                let mut edges = Vec::new();
                if ascending.len() > 1 {
                    edges.push(ascending[0].0);
                    edges.extend(quantiles::bin_starts(&ascending, n_bins));
                    edges.push(ascending[ascending.len() - 1].0);
                    edges.dedup();
                }
                let has_missing = values.iter().zip(weights).any(|(v, w)| v.is_nan() && *w > 0.0);
                Self::Number { edges, has_missing }
            }
            FeatureKind::Category { n_levels } => {
                let mut seen = vec![false; n_levels as usize + 1];
                for (value, _) in values.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
                    seen[level(*value, n_levels) as usize] = true;
                }
                Self::Category { n_levels, seen }
            }
        }
    }

    /// Whether an encoder that was read from a file is one of such a feature.
    pub(super) fn sound(&self, of: FeatureKind) -> Result<(), &'static str> {
        match (self, of) {
            (Self::Number { edges, .. }, FeatureKind::Number) => {
                let ascends = edges.windows(2).all(|pair| pair[0] < pair[1]);
                if ascends { Ok(()) } else { Err("edges of an encoder do not ascend") }
            }
            (Self::Category { n_levels, seen }, FeatureKind::Category { n_levels: of_schema })
                if *n_levels == of_schema && seen.len() as u64 == u64::from(of_schema) + 1 =>
            {
                Ok(())
            }
            _ => Err("an encoder is of another kind than its feature"),
        }
    }

    /// Whether its table has a row for a code.
    pub(super) fn knows(&self, code: Code) -> bool {
        let index = code.index as usize;
        match self {
            Self::Category { seen, .. } => index < seen.len(),
            Self::Number { .. } => code.index == MISSING || index < self.n_pieces().max(1),
        }
    }

    /// Pieces of a number; `None` for a category.
    pub(super) fn pieces(&self) -> Option<u32> {
        match self {
            Self::Number { .. } => u32::try_from(self.n_pieces()).ok(),
            Self::Category { .. } => None,
        }
    }

    fn n_pieces(&self) -> usize {
        match self {
            Self::Number { edges, .. } => edges.len().saturating_sub(1),
            Self::Category { .. } => 0,
        }
    }

    /// Rows of the table: pieces, where the first begins, missing; or levels and missing.
    pub(super) fn table_rows(&self) -> usize {
        match self {
            Self::Number { .. } => self.n_pieces() + 2,
            Self::Category { n_levels, .. } => *n_levels as usize + 1,
        }
    }

    /// Numbers begin as their rank, spread like a uniform of variance 1, along a random direction.
    pub(super) fn initial(&self, table: &mut [f32], width: usize, rng: &mut ChaCha8Rng) {
        let spread = 12.0_f32.sqrt();
        match self {
            Self::Number { .. } => {
                let n_pieces = self.n_pieces();
                let direction: Vec<f32> = (0..width).map(|_| normal(rng)).collect();
                for (row, values) in table.chunks_mut(width).enumerate().take(n_pieces + 1) {
                    let by = if row < n_pieces { spread / n_pieces as f32 } else { -spread / 2.0 };
                    values.iter_mut().zip(&direction).for_each(|(value, d)| *value = by * d);
                }
            }
            Self::Category { seen, .. } => {
                for (values, seen) in table.chunks_mut(width).zip(seen) {
                    for value in values {
                        let drawn = normal(rng);
                        *value = if *seen { drawn } else { 0.0 };
                    }
                }
            }
        }
    }

    pub(super) fn code(&self, value: f64) -> Code {
        match self {
            Self::Category { n_levels, .. } => Code { index: level(value, *n_levels), share: 0.0 },
            Self::Number { .. } if value.is_nan() => Code { index: MISSING, share: 0.0 },
            Self::Number { edges, .. } if edges.len() < 2 => Code { index: 0, share: 0.0 },
            Self::Number { edges, .. } => {
                let piece =
                    edges.partition_point(|edge| *edge <= value).clamp(1, edges.len() - 1) - 1;
                let (from, to) = (edges[piece], edges[piece + 1]);
                #[expect(clippy::cast_possible_truncation, reason = "a share, rounded to f32")]
                let share = ((value - from) / (to - from)).clamp(0.0, 1.0) as f32;
                Code { index: u32::try_from(piece).expect("pieces are counted as u32"), share }
            }
        }
    }

    /// What stands for each piece: where it begins, as a sum of the pieces before.
    fn starts(&self, table: &[f32], width: usize) -> Vec<f32> {
        let n_pieces = self.n_pieces();
        let mut starts = table[n_pieces * width..(n_pieces + 1) * width].to_vec();
        for at in 0..n_pieces * width {
            starts.push(starts[at] + table[at]);
        }
        starts
    }

    /// Levels that training did not know, and missing where it had none, get the mean of those that it did.
    pub(super) fn fill_unseen(&self, table: &mut [f32], width: usize, rows: &[Code]) {
        let unseen: Vec<usize> = match self {
            Self::Category { seen, .. } => (0..seen.len()).filter(|at| !seen[*at]).collect(),
            Self::Number { has_missing: true, .. } => Vec::new(),
            Self::Number { .. } => vec![self.n_pieces() + 1],
        };
        if unseen.is_empty() || rows.is_empty() {
            return;
        }
        let starts = self.starts_of(table, width);
        let mut mean = vec![0.0_f64; width];
        let mut vector = vec![0.0; width];
        for code in rows {
            self.vector(*code, table, &starts, &mut vector);
            mean.iter_mut().zip(&vector).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        for row in unseen {
            for (slot, sum) in table[row * width..(row + 1) * width].iter_mut().zip(&mean) {
                #[expect(clippy::cast_possible_truncation, reason = "rounded to f32")]
                let value = (sum / rows.len() as f64) as f32;
                *slot = value;
            }
        }
    }

    fn starts_of(&self, table: &[f32], width: usize) -> Vec<f32> {
        match self {
            Self::Number { .. } => self.starts(table, width),
            Self::Category { .. } => Vec::new(),
        }
    }

    fn vector(&self, code: Code, table: &[f32], starts: &[f32], into: &mut [f32]) {
        let width = into.len();
        let row = |row: usize| &table[row * width..(row + 1) * width];
        match self {
            Self::Category { .. } => into.copy_from_slice(row(code.index as usize)),
            Self::Number { .. } if code.index == MISSING => {
                into.copy_from_slice(row(self.n_pieces() + 1));
            }
            Self::Number { .. } => {
                let at = code.index as usize;
                into.copy_from_slice(&starts[at * width..(at + 1) * width]);
                if self.n_pieces() > 0 {
                    into.iter_mut().zip(row(at)).for_each(|(to, piece)| *to += code.share * piece);
                }
            }
        }
    }

    /// Adds what the loss says about the vectors of some rows to the gradient of the table.
    fn add_gradient(
        &self,
        codes: &[Code],
        of_vectors: impl Fn(usize) -> Range,
        gradient: &mut [f32],
        from: &[f32],
        width: usize,
    ) {
        let n_pieces = self.n_pieces();
        let mut of_starts = vec![0.0; (n_pieces + 1) * width];
        for (row, code) in codes.iter().enumerate() {
            let given = &from[of_vectors(row)];
            let at = code.index as usize;
            let mut add = |row: usize, factor: f32| {
                let slots = gradient[row * width..(row + 1) * width].iter_mut();
                slots.zip(given).for_each(|(slot, g)| *slot += factor * g);
            };
            match self {
                Self::Category { .. } => add(at, 1.0),
                Self::Number { .. } if code.index == MISSING => add(n_pieces + 1, 1.0),
                Self::Number { .. } => {
                    if n_pieces > 0 {
                        add(at, code.share);
                    }
                    let slots = of_starts[at * width..(at + 1) * width].iter_mut();
                    slots.zip(given).for_each(|(slot, g)| *slot += g);
                }
            }
        }
        if matches!(self, Self::Number { .. }) {
            // A piece is part of where all later pieces begin.
            let mut later = vec![0.0; width];
            for piece in (0..=n_pieces).rev() {
                let row = &mut gradient[piece * width..(piece + 1) * width];
                let own = &of_starts[piece * width..(piece + 1) * width];
                if piece < n_pieces {
                    row.iter_mut().zip(&later).for_each(|(slot, sum)| *slot += sum);
                }
                later.iter_mut().zip(own).for_each(|(sum, g)| *sum += g);
            }
            let first = &mut gradient[n_pieces * width..(n_pieces + 1) * width];
            first.iter_mut().zip(&later).for_each(|(slot, sum)| *slot += sum);
        }
    }
}

type Range = std::ops::Range<usize>;

/// Fits an encoder to each feature.
pub(super) fn encoders(features: &Matrix, weights: &[f64], n_bins: u32) -> Vec<Encoder> {
    let of = |(feature, kind): (usize, &FeatureKind)| {
        Encoder::fit(features.column(feature), weights, *kind, n_bins)
    };
    features.kinds().iter().enumerate().map(of).collect()
}

/// Codes, row after row.
pub(super) fn codes(
    encoders: &[Encoder],
    features: &Matrix,
    rows: std::ops::Range<usize>,
) -> Vec<Code> {
    let row = |row: usize| {
        let values = encoders.iter().enumerate();
        values.map(move |(feature, encoder)| encoder.code(features.column(feature)[row]))
    };
    rows.flat_map(row).collect()
}

/// Vectors of all features of some rows, row after row.
pub(super) fn embed(
    encoders: &[Encoder],
    layout: &Layout,
    parameters: &[f32],
    codes: &[Code],
) -> Vec<f32> {
    let (n, width) = (encoders.len(), layout.width);
    let mut out = vec![0.0; codes.len() * width];
    for (feature, encoder) in encoders.iter().enumerate() {
        let table = &parameters[layout.table(feature)];
        let starts = encoder.starts_of(table, width);
        for (at, code) in codes.iter().enumerate().skip(feature).step_by(n) {
            encoder.vector(*code, table, &starts, &mut out[at * width..(at + 1) * width]);
        }
    }
    out
}

/// Adds to the gradient of the tables what the loss says about the vectors of some rows.
pub(super) fn embed_back(
    encoders: &[Encoder],
    layout: &Layout,
    codes: &[Code],
    of_vectors: &[f32],
    gradient: &mut [f32],
) {
    let (n, width) = (encoders.len(), layout.width);
    for (feature, encoder) in encoders.iter().enumerate() {
        let own: Vec<Code> = codes.iter().skip(feature).step_by(n).copied().collect();
        let place = |row: usize| {
            let start = (row * n + feature) * width;
            start..start + width
        };
        encoder.add_gradient(&own, place, &mut gradient[layout.table(feature)], of_vectors, width);
    }
}

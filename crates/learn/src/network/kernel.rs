//! Products of small matrices of `f32`, row-major, written so that the compiler keeps tiles in vector registers.
//!
//! Each element is one sum in the order of the inner dimension, whatever rows are computed beside it.

/// Rows and columns of a tile: eight vectors of four sums, which is what the oldest 64-bit machines hold.
const TILE_ROWS: usize = 4;
const TILE_COLUMNS: usize = 8;

/// The right factor of a product, rearranged into panels of columns.
pub(super) struct Panels {
    n_inner: usize,
    n_columns: usize,
    /// Panel after panel, row after row, padded with 0.
    values: Vec<[f32; TILE_COLUMNS]>,
}

impl Panels {
    /// Of a matrix of `n_inner` rows and `n_columns` columns.
    pub(super) fn new(matrix: &[f32], n_inner: usize, n_columns: usize) -> Self {
        let n_panels = n_columns.div_ceil(TILE_COLUMNS);
        let mut values = vec![[0.0; TILE_COLUMNS]; n_panels * n_inner];
        for panel in 0..n_panels {
            let start = panel * TILE_COLUMNS;
            let width = TILE_COLUMNS.min(n_columns - start);
            for inner in 0..n_inner {
                let from = &matrix[inner * n_columns + start..][..width];
                values[panel * n_inner + inner][..width].copy_from_slice(from);
            }
        }
        Self { n_inner, n_columns, values }
    }

    /// Of the transpose of a matrix of `n_columns` rows and `n_inner` columns.
    pub(super) fn transposed(matrix: &[f32], n_inner: usize, n_columns: usize) -> Self {
        Self::new(&transpose(matrix, n_columns, n_inner), n_inner, n_columns)
    }

    /// `left · self`, where `left` has `n_inner` columns.
    pub(super) fn product(&self, left: &[f32]) -> Vec<f32> {
        let n_inner = self.n_inner.max(1);
        let n_rows = left.len() / n_inner;
        let mut out = vec![0.0; n_rows * self.n_columns];
        for (panel, columns) in self.values.chunks_exact(n_inner).enumerate() {
            let start = panel * TILE_COLUMNS;
            let width = TILE_COLUMNS.min(self.n_columns - start);
            for first in (0..n_rows).step_by(TILE_ROWS) {
                // Past the end the last row is computed again and thrown away.
                let row = |at: usize| {
                    let row = (first + at).min(n_rows - 1);
                    &left[row * n_inner..(row + 1) * n_inner]
                };
                let sums = tile(row(0), row(1), row(2), row(3), columns);
                for (at, sums) in sums.iter().enumerate().take(n_rows - first) {
                    let to = (first + at) * self.n_columns + start;
                    out[to..to + width].copy_from_slice(&sums[..width]);
                }
            }
        }
        out
    }
}

fn tile(
    a: &[f32],
    b: &[f32],
    c: &[f32],
    d: &[f32],
    columns: &[[f32; TILE_COLUMNS]],
) -> [[f32; TILE_COLUMNS]; TILE_ROWS] {
    let mut sums = [[0.0_f32; TILE_COLUMNS]; TILE_ROWS];
    let rows = a.iter().zip(b).zip(c.iter().zip(d));
    for (((a, b), (c, d)), column) in rows.zip(columns) {
        for at in 0..TILE_COLUMNS {
            sums[0][at] += a * column[at];
            sums[1][at] += b * column[at];
            sums[2][at] += c * column[at];
            sums[3][at] += d * column[at];
        }
    }
    sums
}

/// The transpose of a matrix of `n_rows` rows.
pub(super) fn transpose(matrix: &[f32], n_rows: usize, n_columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; matrix.len()];
    for (row, values) in matrix.chunks_exact(n_columns.max(1)).enumerate() {
        for (column, value) in values.iter().enumerate() {
            out[column * n_rows + row] = *value;
        }
    }
    out
}

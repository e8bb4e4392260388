//! Cholesky factor of a small symmetric positive definite matrix, and the solution of one system.
//!
//! In: the lower triangle, row after row, `n (n + 1) / 2` numbers. Out: `x` with `A x = b`.
//! Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithm 4.2.1.
//! Departures: a pivot of under `n` rounding errors of its diagonal is an error, so that noise is never divided by.
//! Cost: `n³ / 6` multiplications. Checked against: `A x = b` in `tests/it/logistic.rs`, by the gradient.

use crate::LearnError;

/// Where entry (`row`, `column`) of a lower triangle stands, `column <= row`.
pub(crate) fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

/// Solves `A x = b` for the symmetric positive definite matrix with this lower triangle.
///
/// # Errors
/// The matrix is not positive definite beyond rounding.
pub(crate) fn solve(mut lower: Vec<f64>, b: &[f64]) -> Result<Vec<f64>, LearnError> {
    let n = b.len();
    for row in 0..n {
        let diagonal = lower[at(row, row)];
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| lower[at(row, k)] * lower[at(column, k)]).sum();
            let rest = lower[at(row, column)] - dot;
            lower[at(row, column)] = if column < row {
                rest / lower[at(column, column)]
            } else if rest > diagonal * f64::EPSILON * n as f64 && rest.is_finite() {
                rest.sqrt()
            } else {
                return Err(LearnError::Singular { pivot: row });
            };
        }
    }
    let mut x = b.to_vec();
    for row in 0..n {
        let dot: f64 = (0..row).map(|k| lower[at(row, k)] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[at(row, row)];
    }
    for row in (0..n).rev() {
        let dot: f64 = (row + 1..n).map(|k| lower[at(k, row)] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[at(row, row)];
    }
    Ok(x)
}

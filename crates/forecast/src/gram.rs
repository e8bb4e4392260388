//! Least squares by the normal equations: a Gram matrix that grows a row at a time, solved by Cholesky's factor.
//!
//! In: rows of regressors with a target and a weight. Out: coefficients, with a ridge penalty for each.
//! Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithm 4.2.1 and section 5.3.
//! Departures: a pivot of under `n` rounding errors of its diagonal counts as dependent, so noise is never divided by.
//! Cost: `n² / 2` a row, `n³ / 6` a solution. Checked against: the gradient at the solution (`tests/it/regression.rs`).

/// `X'X` and `X'y` of `n` regressors.
#[derive(Debug, Clone)]
pub(crate) struct Gram {
    n: usize,
    /// Lower triangle, row after row.
    lower: Vec<f64>,
    right: Vec<f64>,
}

/// Where entry (`row`, `column`) of a lower triangle stands, `column <= row`.
pub(crate) fn at(row: usize, column: usize) -> usize {
    row * (row + 1) / 2 + column
}

impl Gram {
    pub(crate) fn new(n: usize) -> Self {
        Self { n, lower: vec![0.0; n * (n + 1) / 2], right: vec![0.0; n] }
    }

    /// Adds a row with its target and weight.
    pub(crate) fn add(&mut self, row: &[f64], target: f64, weight: f64) {
        let mut place = 0;
        for (index, value) in row.iter().enumerate() {
            let scaled = value * weight;
            if scaled != 0.0 {
                self.right[index] += scaled * target;
                let entries = &mut self.lower[place..=place + index];
                for (entry, other) in entries.iter_mut().zip(row) {
                    *entry += scaled * other;
                }
            }
            place += index + 1;
        }
    }

    /// That of the first `n` regressors alone.
    pub(crate) fn leading(&self, n: usize) -> Self {
        Self { n, lower: self.lower[..n * (n + 1) / 2].to_vec(), right: self.right[..n].to_vec() }
    }

    /// Entry of `X'X`.
    pub(crate) fn entry(&self, a: usize, b: usize) -> f64 {
        self.lower[at(a.max(b), a.min(b))]
    }

    /// `X'y`.
    pub(crate) fn right(&self) -> &[f64] {
        &self.right
    }

    /// Coefficients under a ridge penalty each.
    ///
    /// # Errors
    /// The regressor that depends on those before it.
    pub(crate) fn solve(&self, ridge: &[f64]) -> Result<Vec<f64>, usize> {
        let mut lower = self.lower.clone();
        for index in 0..self.n {
            lower[at(index, index)] += ridge[index];
        }
        factor(&mut lower, self.n)?;
        Ok(solve_factored(&lower, &self.right))
    }
}

/// Cholesky's factor in place of a lower triangle.
///
/// # Errors
/// The row whose pivot is no more than rounding.
pub(crate) fn factor(lower: &mut [f64], n: usize) -> Result<(), usize> {
    for row in 0..n {
        let (above, own) = lower.split_at_mut(at(row, 0));
        let own = &mut own[..=row];
        let diagonal = own[row];
        for column in 0..row {
            let other = &above[at(column, 0)..=at(column, column)];
            let dot: f64 = other[..column].iter().zip(&own[..column]).map(|(a, b)| a * b).sum();
            own[column] = (own[column] - dot) / other[column];
        }
        let rest = diagonal - own[..row].iter().map(|value| value * value).sum::<f64>();
        if !(rest > diagonal * f64::EPSILON * n as f64 && rest.is_finite()) {
            return Err(row);
        }
        own[row] = rest.sqrt();
    }
    Ok(())
}

/// `x` with `L L' x = b`.
pub(crate) fn solve_factored(lower: &[f64], b: &[f64]) -> Vec<f64> {
    let mut x = half_solve(lower, b);
    for row in (0..b.len()).rev() {
        x[row] /= lower[at(row, row)];
        let value = x[row];
        for (column, entry) in x[..row].iter_mut().enumerate() {
            *entry -= lower[at(row, column)] * value;
        }
    }
    x
}

/// `x` with `L x = b`.
pub(crate) fn half_solve(lower: &[f64], b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for row in 0..b.len() {
        let dot: f64 = (0..row).map(|k| lower[at(row, k)] * x[k]).sum();
        x[row] = (x[row] - dot) / lower[at(row, row)];
    }
    x
}

//! Small dense symmetric systems, and columns made orthogonal.
//!
//! In: matrices as rows one after another, `n × n`; of a symmetric one only the lower triangle is read.
//! Out: Cholesky factors, solutions, inverses; an orthonormal basis and how the columns are made of it.
//! Source: Golub and Van Loan, Matrix Computations, 4th edition, algorithms 4.2.1, 3.4.1 and 5.2.6.
//! Departures: Gram-Schmidt runs twice ("twice is enough": Giraud et al. 2005), so that the basis is orthogonal
//! to rounding. Sums run in four lanes of fixed order: same bits on every machine.
//! Cost: n³ / 6, n³ and columns² × rows. Checked against: products multiplied out.

/// Inner product, in four lanes.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut lanes = [0.0; 4];
    let (quads_a, quads_b) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = quads_a.remainder().iter().zip(quads_b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in quads_a.zip(quads_b) {
        for lane in 0..4 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest
}

/// Factors the first `count` columns of the lower triangle in place; what remains below and right of them is the
/// Schur complement.
///
/// # Errors
/// The column whose pivot is not positive beyond rounding.
pub(crate) fn eliminate(a: &mut [f64], n: usize, count: usize) -> Result<(), usize> {
    for k in 0..count {
        let pivot = a[k * n + k];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(k);
        }
        let root = pivot.sqrt();
        a[k * n + k] = root;
        for i in k + 1..n {
            a[i * n + k] /= root;
        }
        for i in k + 1..n {
            let factor = a[i * n + k];
            if factor != 0.0 {
                for j in k + 1..=i {
                    a[i * n + j] -= factor * a[j * n + k];
                }
            }
        }
    }
    Ok(())
}

/// Solves `A x = b` with the Cholesky factor in the lower triangle of rows of length `stride`.
pub(crate) fn solve(factor: &[f64], stride: usize, b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let known = dot(&factor[i * stride..i * stride + i], &b[..i]);
        b[i] = (b[i] - known) / factor[i * stride + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| factor[k * stride + i] * b[k]).sum();
        b[i] = (b[i] - known) / factor[i * stride + i];
    }
}

/// Inverse of a symmetric matrix that need not be definite (all of it is read); `None` where it is singular.
pub(crate) fn inverse(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut left = a.to_vec();
    let mut right = vec![0.0; n * n];
    (0..n).for_each(|i| right[i * n + i] = 1.0);
    for column in 0..n {
        let size = |row: &usize| left[row * n + column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b)))?;
        let value = left[pivot * n + column];
        if value == 0.0 || !value.is_finite() {
            return None;
        }
        for k in 0..n {
            left.swap(pivot * n + k, column * n + k);
            right.swap(pivot * n + k, column * n + k);
        }
        for k in 0..n {
            left[column * n + k] /= value;
            right[column * n + k] /= value;
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = left[row * n + column];
            for k in 0..n {
                left[row * n + k] -= factor * left[column * n + k];
                right[row * n + k] -= factor * right[column * n + k];
            }
        }
    }
    Some(right)
}

/// Makes columns orthonormal in place; gives the triangle (`count × count`, upper) that makes the old of the new.
///
/// # Errors
/// The column that is a combination of those before it, or is all zero.
pub(crate) fn orthonormalize(columns: &mut [Vec<f64>]) -> Result<Vec<f64>, usize> {
    let count = columns.len();
    let mut triangle = vec![0.0; count * count];
    for j in 0..count {
        let (before, rest) = columns.split_at_mut(j);
        let column = &mut rest[0];
        let size = dot(column, column).sqrt();
        for _ in 0..2 {
            for (i, basis) in before.iter().enumerate() {
                let along = dot(basis, column);
                triangle[i * count + j] += along;
                column.iter_mut().zip(basis).for_each(|(entry, basis)| *entry -= along * basis);
            }
        }
        let left = dot(column, column).sqrt();
        if !(left > 1e-9 * size && left.is_finite()) {
            return Err(j);
        }
        triangle[j * count + j] = left;
        column.iter_mut().for_each(|entry| *entry /= left);
    }
    Ok(triangle)
}

/// The combination of `columns` that is nearest to `target`; `None` where they are dependent.
pub(crate) fn least_squares(columns: &[Vec<f64>], target: &[f64]) -> Option<Vec<f64>> {
    let n = columns.len();
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            gram[i * n + j] = dot(&columns[i], &columns[j]);
        }
    }
    let mut solution: Vec<f64> = columns.iter().map(|column| dot(column, target)).collect();
    eliminate(&mut gram, n, n).ok()?;
    solve(&gram, n, &mut solution);
    solution.iter().all(|entry| entry.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_multiplied_out() {
        let a = [4.0, 1.0, 2.0, 1.0, 3.0, 0.5, 2.0, 0.5, 5.0];
        let inverse = inverse(&a, 3).expect("not singular");
        let mut factor = a.to_vec();
        eliminate(&mut factor, 3, 3).expect("not singular");
        for column in 0..3 {
            let mut x = [0.0; 3];
            x[column] = 1.0;
            solve(&factor, 3, &mut x);
            for row in 0..3 {
                let unit: f64 = (0..3).map(|k| a[row * 3 + k] * x[k]).sum();
                assert!((unit - f64::from(u8::from(row == column))).abs() < 1e-12);
                assert!((inverse[row * 3 + column] - x[row]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn dependent_columns_are_named() {
        let mut columns = vec![vec![1.0, 1.0, 1.0], vec![1.0, 2.0, 3.0], vec![3.0, 5.0, 7.0]];
        assert_eq!(orthonormalize(&mut columns), Err(2));
        let mut columns = vec![vec![1.0, 1.0, 1.0], vec![1.0, 2.0, 4.0]];
        let triangle = orthonormalize(&mut columns).expect("not singular");
        for row in 0..3 {
            let old = columns[0][row] * triangle[1] + columns[1][row] * triangle[3];
            assert!((old - [1.0, 2.0, 4.0][row]).abs() < 1e-12);
        }
    }
}

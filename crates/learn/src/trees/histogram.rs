//! Sums of first and second derivatives a bin.
//!
//! In: codes of one feature, rows in order and their derivatives (`f32` pairs). Out: sums (`f64`) and counts a bin.
//! Source: Ke et al., LightGBM, 2017, section 2.1. Departures: counts are kept, not estimated from hessians, so that
//! `leaf_rows_min` is exact. A feature's sums are made by one thread in row order. Cost: O(rows) a feature.

/// First and second derivative of a row's loss, times its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pair {
    pub(super) gradient: f32,
    pub(super) hessian: f32,
}

/// What a set of rows adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) gradient: f64,
    pub(super) hessian: f64,
    pub(super) n_rows: u32,
}

impl Sums {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            hessian: self.hessian + other.hessian,
            n_rows: self.n_rows + other.n_rows,
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            n_rows: self.n_rows - other.n_rows,
        }
    }

    fn add(&mut self, pair: Pair) {
        self.gradient += f64::from(pair.gradient);
        self.hessian += f64::from(pair.hessian);
        self.n_rows += 1;
    }
}

/// Fills `sums` (a bin each, the missing bin last); `pairs[i]` belongs to `rows[i]`.
pub(super) fn fill(sums: &mut [Sums], codes: &[u8], rows: &[u32], pairs: &[Pair]) {
    sums.fill(Sums::default());
    if rows.len() == codes.len() {
        // All rows, ascending: the row list need not be read.
        for (code, pair) in codes.iter().zip(pairs) {
            sums[usize::from(*code)].add(*pair);
        }
    } else {
        for (row, pair) in rows.iter().zip(pairs) {
            sums[usize::from(codes[*row as usize])].add(*pair);
        }
    }
}

/// What all rows add up to, in row order.
pub(super) fn total(pairs: &[Pair]) -> Sums {
    let mut sums = Sums::default();
    for pair in pairs {
        sums.add(*pair);
    }
    sums
}

/// Turns the sums of a parent into those of one child.
pub(super) fn subtract(parent: &mut [Sums], child: &[Sums]) {
    for (parent, child) in parent.iter_mut().zip(child) {
        *parent = parent.minus(*child);
    }
}

//! One fit under falling penalties, each from the coefficients of the last.

use super::descent::{Descent, Penalty};
use super::design::Design;
use crate::newton::{sigmoid, softplus};
use crate::work::{Limit, Step, Work};
use crate::{LearnError, Task};

/// Reweighted fits for one penalty at most.
const ROUNDS_MAX: u32 = 10_000;
/// A step may be halved this often before rounding is all that is left of it.
const HALVINGS_MAX: u32 = 30;
/// A row that is all but certain still bends the parabola that stands in for the loss.
const CURVATURE_MIN: f64 = 1e-5;
/// Log-odds by which an output may outgrow the sum of all before that sum is taken anew.
const GROWTH_MAX: f64 = 30.0;

/// How exact a fit shall be.
#[derive(Clone, Copy)]
pub(super) struct Precision {
    /// Largest change of a margin that counts as none, in deviations of the targets or log-odds.
    pub(super) tolerance: f64,
    pub(super) sweeps_max: u32,
}

/// Coefficients on the way.
pub(super) struct Path<'a> {
    pub(super) design: &'a Design,
    task: Task,
    targets: &'a [f64],
    /// Sum to 1.
    weights: Vec<f64>,
    /// Output after output, a number a row.
    margins: Vec<f64>,
    pub(super) intercepts: Vec<f64>,
    /// An output each, a number a column.
    pub(super) coefficients: Vec<Vec<f64>>,
    /// Largest size of the gradient of each column over the outputs.
    gradients: Vec<f64>,
    /// Largest `lambda · l1_share` for which `gradients` were taken.
    l1_before: f64,
    /// Deviation of the targets, or 1.
    spread: f64,
    /// Classes that no row has: their margins begin and stay at minus infinity.
    is_absent: Vec<bool>,
    /// Of several classes, a row each: the logarithm of the sum of the exponentials of its margins.
    log_sums: Vec<f64>,
    /// Mean loss of these margins, where it was asked for.
    loss: Option<f64>,
    /// What was done so far, and how much may be.
    pub(super) work: Work,
    limit: Limit<'a>,
}

impl<'a> Path<'a> {
    /// The fit with nothing but intercepts.
    pub(super) fn new(
        design: &'a Design,
        task: Task,
        targets: &'a [f64],
        weights: &[f64],
        limit: Limit<'a>,
    ) -> Result<Self, LearnError> {
        let total: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
        let mean_of = |value: &dyn Fn(f64) -> f64| -> f64 {
            targets.iter().zip(&weights).map(|(target, weight)| weight * value(*target)).sum()
        };
        let mean = mean_of(&|target| target);
        let (intercepts, spread) = match task {
            Task::Regression => (vec![mean], mean_of(&|t| (t - mean).powi(2)).sqrt()),
            Task::Binary => (vec![(mean / (1.0 - mean)).ln()], 1.0),
            Task::Multiclass { n_classes } => {
                let share = |class: f64| mean_of(&|t| f64::from(u8::from(t == class)));
                let logs = (0..n_classes).map(|class| share(f64::from(class)).ln());
                (logs.collect(), 1.0)
            }
        };
        let n_outputs = task.n_outputs();
        let margins = intercepts.iter().flat_map(|b| vec![*b; design.n_rows]).collect();
        let coefficients = vec![vec![0.0; design.columns.len()]; n_outputs];
        let is_absent = (0..n_outputs).map(|output| match task {
            Task::Regression | Task::Binary => false,
            Task::Multiclass { .. } => targets.iter().all(|target| *target != output as f64),
        });
        let is_absent = is_absent.collect();
        let gradients = vec![0.0; design.columns.len()];
        let l1_before = f64::INFINITY;
        let mut new = Self {
            design,
            task,
            targets,
            weights,
            margins,
            intercepts,
            coefficients,
            gradients,
            l1_before,
            spread,
            is_absent,
            log_sums: Vec::new(),
            loss: None,
            work: Work::default(),
            limit,
        };
        new.margins_moved();
        new.take_gradients();
        Ok(new)
    }

    /// The least `lambda · l1_share` that leaves every coefficient 0.
    pub(super) fn l1_max(&self) -> f64 {
        self.gradients.iter().copied().fold(0.0, f64::max)
    }

    /// Deviation of the targets, or 1 for classes.
    pub(super) fn spread(&self) -> f64 {
        if self.spread > 0.0 { self.spread } else { 1.0 }
    }

    /// Moves to the optimum under `penalty`; `false` where the work that is allowed ended first, on the way there.
    ///
    /// # Errors
    /// It was not reached within the sweeps; the work was dropped.
    pub(super) fn descend(
        &mut self,
        penalty: Penalty,
        exact: Precision,
    ) -> Result<bool, LearnError> {
        let l1 = penalty.l1();
        // The strong rule: a gradient changes no faster than the penalty, mostly; what it leaves out is checked.
        let bound = if self.l1_before.is_finite() { 2.0 * l1 - self.l1_before } else { l1 };
        let mut is_in: Vec<bool> = (0..self.design.columns.len())
            .map(|column| self.gradients[column] >= bound || self.is_used(column))
            .collect();
        loop {
            let candidates: Vec<usize> = (0..is_in.len()).filter(|column| is_in[*column]).collect();
            if !self.reweigh(&candidates, penalty, exact)? {
                return Ok(false);
            }
            self.take_gradients();
            let slack = l1 + 1e-9 * self.spread;
            let missed: Vec<usize> = (0..is_in.len())
                .filter(|column| !is_in[*column] && self.gradients[*column] > slack)
                .collect();
            if missed.is_empty() {
                self.l1_before = l1;
                return Ok(true);
            }
            missed.into_iter().for_each(|column| is_in[column] = true);
        }
    }

    fn is_used(&self, column: usize) -> bool {
        self.coefficients.iter().any(|of| of[column] != 0.0)
    }

    /// Iteratively reweighted squares, output after output, until no margin moves; `false` where no more work is allowed.
    fn reweigh(
        &mut self,
        columns: &[usize],
        penalty: Penalty,
        exact: Precision,
    ) -> Result<bool, LearnError> {
        let tolerance = exact.tolerance * self.spread;
        let mut sweeps_left = exact.sweeps_max;
        let mut moved = f64::INFINITY;
        for _ in 0..ROUNDS_MAX {
            moved = 0.0;
            for output in 0..self.intercepts.len() {
                if self.is_absent[output] {
                    continue;
                }
                if !self.limit.allows(self.work.seconds()) {
                    return if (self.limit.dropped)() {
                        Err(LearnError::Stopped)
                    } else {
                        Ok(false)
                    };
                }
                let (by, sweeps) = self.step(output, columns, penalty, tolerance, sweeps_left);
                moved = moved.max(by);
                sweeps_left = sweeps_left.saturating_sub(sweeps);
            }
            if self.intercepts.len() > 1 {
                self.shift_to_cheapest(columns, penalty);
                // Anew, so that no rounding adds up.
                self.margins_moved();
            }
            let is_whole = sweeps_left > 0 && self.limit.allows(self.work.seconds());
            let squares = matches!(self.task, Task::Regression) && is_whole;
            if squares || moved <= tolerance {
                return Ok(true);
            }
            if sweeps_left == 0 {
                break;
            }
        }
        Err(LearnError::NotConverged { iterations: exact.sweeps_max, gradient: moved })
    }

    /// The same number more in all classes changes no probability: takes the number that costs least, column by
    /// column. Descent finds it too, but only as fast as the penalty pulls.
    fn shift_to_cheapest(&mut self, columns: &[usize], penalty: Penalty) {
        let mut is_shifted = false;
        for &column in columns {
            let values: Vec<f64> = self.coefficients.iter().map(|of| of[column]).collect();
            let by = cheapest_shift(values, penalty);
            if by != 0.0 {
                self.coefficients.iter_mut().for_each(|of| of[column] -= by);
                is_shifted = true;
            }
        }
        if is_shifted {
            let outputs = 0..self.intercepts.len();
            let margins = outputs.flat_map(|output| self.margins_of(output)).collect();
            self.margins = margins;
        }
    }

    /// One reweighted fit of one output; gives how far its margins moved, as a deviation, and the sweeps it took.
    fn step(
        &mut self,
        output: usize,
        columns: &[usize],
        penalty: Penalty,
        tolerance: f64,
        sweeps_max: u32,
    ) -> (f64, u32) {
        let n = self.design.n_rows;
        let (working, residual) = self.parabola(output);
        let before = (self.coefficients[output].clone(), self.intercepts[output]);
        let margins_before = self.margins[output * n..(output + 1) * n].to_vec();
        let log_sums_before = self.log_sums.clone();
        let is_square = matches!(self.task, Task::Regression);
        let objective = if is_square { 0.0 } else { self.objective(penalty) };
        let mut descent = Descent::new(self.design, working, residual);
        let left = Limit { allowed_s: self.limit.allowed_s - self.work.seconds(), ..self.limit };
        let (moved, sweeps) = descent.solve(
            &mut self.coefficients[output],
            columns,
            penalty,
            tolerance / 10.0,
            sweeps_max,
            left,
        );
        self.work.add(&descent.work);
        self.intercepts[output] += moved;
        let after = (self.coefficients[output].clone(), self.intercepts[output]);
        let margins_after = self.margins_of(output);
        let mut share = 1.0;
        for _ in 0..HALVINGS_MAX {
            let mix = |a: f64, b: f64| if share == 1.0 { b } else { a + share * (b - a) };
            let margins = margins_before.iter().zip(&margins_after).map(|(a, b)| mix(*a, *b));
            self.margins[output * n..(output + 1) * n]
                .iter_mut()
                .zip(margins)
                .for_each(|(m, to)| *m = to);
            let mixed = before.0.iter().zip(&after.0).map(|(a, b)| mix(*a, *b));
            self.coefficients[output].iter_mut().zip(mixed).for_each(|(b, to)| *b = to);
            self.intercepts[output] = mix(before.1, after.1);
            self.output_moved(output, &margins_before, &log_sums_before);
            if is_square || self.objective(penalty) <= objective + 1e-13 * (1.0 + objective.abs()) {
                break;
            }
            share /= 2.0;
        }
        let square = |row: usize| {
            let by = self.margins[output * n + row] - margins_before[row];
            self.weights[row] * by * by
        };
        ((0..n).map(square).sum::<f64>().sqrt(), sweeps)
    }

    /// Working weights, and weights times distances, of the parabola that touches the loss here.
    fn parabola(&mut self, output: usize) -> (Vec<f64>, Vec<f64>) {
        let n_rows = self.design.n_rows;
        self.work.count(Step::Curved, n_rows);
        if matches!(self.task, Task::Regression) {
            let residual = |row: usize| self.weights[row] * self.distance(row, output);
            return (self.weights.clone(), (0..n_rows).map(residual).collect());
        }
        let of = |row: usize| {
            let p = self.probability(row, output);
            let bend = self.weights[row] * (p * (1.0 - p)).max(CURVATURE_MIN);
            (bend, self.weights[row] * (self.target(row, output) - p))
        };
        (0..n_rows).map(of).unzip()
    }

    /// What follows from margins is to be taken anew.
    fn margins_moved(&mut self) {
        self.loss = None;
        if matches!(self.task, Task::Multiclass { .. }) {
            self.work.count(Step::Curved, self.margins.len());
            self.log_sums = (0..self.design.n_rows).map(|row| self.log_sum(row)).collect();
        }
    }

    /// [`Self::margins_moved`] where those of one output did: its share of each sum is exchanged, but for rows where it was most of the
    /// sum and the rest would be lost in rounding. With many classes a pass over all outputs for each of them is what a fit costs.
    fn output_moved(&mut self, output: usize, margins_before: &[f64], log_sums_before: &[f64]) {
        self.loss = None;
        if !matches!(self.task, Task::Multiclass { .. }) {
            return;
        }
        let n = self.design.n_rows;
        let mut n_whole = 0;
        for row in 0..n {
            let before = log_sums_before[row];
            let rest = 1.0 - (margins_before[row] - before).exp();
            let by = self.margins[output * n + row] - before;
            self.log_sums[row] = if rest > 0.5 && by < GROWTH_MAX {
                before + (rest + by.exp()).ln()
            } else {
                n_whole += 1;
                self.log_sum(row)
            };
        }
        self.work.count(Step::Curved, n + n_whole * self.intercepts.len());
    }

    fn probability(&self, row: usize, output: usize) -> f64 {
        let n = self.design.n_rows;
        let margin = self.margins[output * n + row];
        match self.task {
            Task::Regression => margin,
            Task::Binary => sigmoid(margin),
            Task::Multiclass { .. } => (margin - self.log_sums[row]).exp(),
        }
    }

    /// Target less prediction: minus the derivative of the loss of a row.
    fn distance(&self, row: usize, output: usize) -> f64 {
        self.target(row, output) - self.probability(row, output)
    }

    /// The number of a row, or whether it is of the class.
    fn target(&self, row: usize, output: usize) -> f64 {
        match self.task {
            Task::Regression | Task::Binary => self.targets[row],
            Task::Multiclass { .. } => f64::from(u8::from(self.targets[row] == output as f64)),
        }
    }

    fn log_sum(&self, row: usize) -> f64 {
        let n = self.design.n_rows;
        let margins = || self.margins[row..].iter().step_by(n);
        let most = margins().copied().fold(f64::NEG_INFINITY, f64::max);
        most + margins().map(|margin| (margin - most).exp()).sum::<f64>().ln()
    }

    fn objective(&mut self, penalty: Penalty) -> f64 {
        let loss = match self.loss {
            Some(loss) => loss,
            None => self.mean_loss(),
        };
        self.loss = Some(loss);
        loss + self.coefficients.iter().map(|of| penalty.of(of)).sum::<f64>()
    }

    fn mean_loss(&mut self) -> f64 {
        let n = self.design.n_rows;
        self.work.count(Step::Curved, n);
        let loss = |row: usize| {
            let (margin, target) = (self.margins[row], self.targets[row]);
            match self.task {
                Task::Regression => (target - margin).powi(2) / 2.0,
                Task::Binary => softplus(margin) - target * margin,
                Task::Multiclass { .. } => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a checked class"
                    )]
                    let class = target as usize;
                    self.log_sums[row] - self.margins[class * n + row]
                }
            }
        };
        (0..n).map(|row| self.weights[row] * loss(row)).sum()
    }

    /// From the coefficients anew, so that no rounding adds up along the path.
    fn margins_of(&mut self, output: usize) -> Vec<f64> {
        let mut margins = vec![self.intercepts[output]; self.design.n_rows];
        let used = self.coefficients[output].iter().zip(&self.design.columns);
        for (b, column) in used.filter(|(b, _)| **b != 0.0) {
            column.entries.count(&mut self.work, 1);
            column.entries.add_to(*b, &mut margins);
        }
        margins
    }

    fn take_gradients(&mut self) {
        self.gradients.fill(0.0);
        for output in (0..self.intercepts.len()).filter(|output| !self.is_absent[*output]) {
            let rows = 0..self.design.n_rows;
            self.work.count(Step::Curved, self.design.n_rows);
            let residual: Vec<f64> =
                rows.map(|row| self.weights[row] * self.distance(row, output)).collect();
            for (largest, column) in self.gradients.iter_mut().zip(&self.design.columns) {
                column.entries.count(&mut self.work, 1);
                *largest = largest.max(column.entries.dot(&residual).abs());
            }
        }
    }
}

/// The number that, taken from all values, leaves the least penalty; 0 where that is as good as any.
fn cheapest_shift(mut values: Vec<f64>, penalty: Penalty) -> f64 {
    let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
    // Slopes of the penalty a little left and a little right of a shift.
    let slopes = |at: f64, values: &[f64]| {
        let above = values.iter().filter(|value| **value > at).count() as f64;
        let below = values.iter().filter(|value| **value < at).count() as f64;
        let here = n - above - below;
        let square = penalty.l2() * (n * at - sum);
        let l1 = penalty.l1();
        (square + l1 * (below - above - here), square + l1 * (below - above + here))
    };
    let is_least = |at: f64, values: &[f64]| {
        let (left, right) = slopes(at, values);
        left <= 0.0 && right >= 0.0
    };
    if is_least(0.0, &values) {
        return 0.0;
    }
    values.sort_unstable_by(f64::total_cmp);
    if let Some(at) = values.iter().find(|at| is_least(**at, &values)) {
        return *at;
    }
    // Between two neighbors the penalty is a parabola; it has a least point, because no value is one.
    let below = values.iter().filter(|at| slopes(**at, &values).1 < 0.0).count() as f64;
    (sum + penalty.l1() / penalty.l2() * (n - 2.0 * below)) / n
}

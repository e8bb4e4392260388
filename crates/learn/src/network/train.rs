//! Fits a network by AdamW on small batches, and stops by rows that it does not fit to.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::cores::Cores;
use super::device::{Device, Rows, Start, Steps};
use super::embedding::{Code, codes, encoders};
use super::layout::Layout;
use super::model::NetworkModel;
use crate::schema::{Schema, row_count};
use crate::work::{Step, Work};
use crate::{LearnError, Task, Training, metrics};

/// How to fit a [`NetworkModel`].
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkOptions {
    /// Units of each hidden layer.
    pub hidden: Vec<u32>,
    /// Members of the ensemble.
    pub n_members: u32,
    /// Numbers that each feature is embedded in.
    pub embedding_width: u32,
    /// Pieces of the encoding of a number, of about equal weight, at most.
    pub n_bins: u32,
    /// Share of units left out of each step, below 1.
    pub dropout: f32,
    /// Size of a step.
    pub learning_rate: f32,
    /// Share of the matrices that a step of size 1 would take away.
    pub weight_decay: f32,
    /// Rows of a batch; `None`: a sixteenth of the rows, within 32 to 256.
    pub batch_rows: Option<u32>,
    /// Most passes over the rows.
    pub epochs_max: u32,
    /// Epochs without a smaller loss after which to stop.
    pub patience: u32,
    /// Share of the running mean of the parameters that a step keeps, below 1.
    pub averaging: f32,
    /// Training rows that contributions are measured from.
    pub n_background: u32,
    /// What everything is drawn from.
    pub seed: u64,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            n_members: 8,
            embedding_width: 8,
            n_bins: 24,
            dropout: 0.15,
            learning_rate: 2e-3,
            weight_decay: 1e-2,
            batch_rows: None,
            epochs_max: 150,
            patience: 12,
            averaging: 0.99,
            n_background: 16,
            seed: 0,
        }
    }
}

impl NetworkOptions {
    fn check(&self) -> Result<(), LearnError> {
        let argument = |what, found, expected| Err(LearnError::Argument { what, found, expected });
        let whole = [
            ("number of hidden layers", self.hidden.len() as f64),
            ("hidden", f64::from(self.hidden.iter().copied().min().unwrap_or(1))),
            ("n_members", f64::from(self.n_members)),
            ("embedding_width", f64::from(self.embedding_width)),
            ("n_bins", f64::from(self.n_bins)),
            ("batch_rows", f64::from(self.batch_rows.unwrap_or(1))),
            ("epochs_max", f64::from(self.epochs_max)),
            ("patience", f64::from(self.patience)),
            ("n_background", f64::from(self.n_background)),
        ];
        if let Some((what, found)) = whole.into_iter().find(|(_, found)| *found < 1.0) {
            return argument(what, found, "at least 1");
        }
        for (what, share) in [("dropout", self.dropout), ("averaging", self.averaging)] {
            if !(0.0..1.0).contains(&share) {
                return argument(what, f64::from(share), "at least 0, below 1");
            }
        }
        for (what, size) in
            [("learning_rate", self.learning_rate), ("weight_decay", self.weight_decay)]
        {
            if !(0.0..=1.0).contains(&size) {
                return argument(what, f64::from(size), "a number within 0 to 1");
            }
        }
        Ok(())
    }
}

/// How far a fit has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkProgress {
    /// Epochs made.
    pub epoch: u32,
    /// Most that will be made.
    pub epochs_max: u32,
    /// Mean loss over the rows fitted to, while units were dropped.
    pub training_loss: f64,
    /// Mean loss over the rows held out.
    pub validation_loss: Option<f64>,
    /// The epoch of the least of them so far.
    pub best_epoch: u32,
    /// Seconds of one core that the work so far is worth: counted, not timed.
    pub work_s: f64,
}

impl NetworkModel {
    /// [`NetworkModel::fit_on`] the cores of this machine.
    ///
    /// # Errors
    /// As there.
    pub fn fit(
        training: &Training,
        validation: Option<&Training>,
        options: &NetworkOptions,
        keep_going: &mut dyn FnMut(&NetworkProgress) -> bool,
    ) -> Result<Self, LearnError> {
        Self::fit_on(&Cores, training, validation, options, keep_going)
    }

    /// Fits to `training` by steps that `device` makes; with `validation`, stops when its loss has not fallen for `patience`
    /// epochs, and keeps the best epoch. `keep_going` is asked after each epoch; where it says no, the best so far is the model.
    ///
    /// # Errors
    /// The training cannot be fitted to, columns of the validation differ, an option is out of range, or the device fails.
    pub fn fit_on(
        device: &dyn Device,
        training: &Training,
        validation: Option<&Training>,
        options: &NetworkOptions,
        keep_going: &mut dyn FnMut(&NetworkProgress) -> bool,
    ) -> Result<Self, LearnError> {
        options.check()?;
        training.check()?;
        let schema = Schema::of(&training.features)?;
        if schema.kinds().is_empty() {
            return Err(LearnError::Split { what: "features", asked: 1, found: 0 });
        }
        row_count(training.features.n_rows())?;
        if let Some(row) = training.targets.iter().position(|target| target.abs() > 1e150) {
            return Err(LearnError::Target { row, value: training.targets[row] });
        }
        if let Some(validation) = validation {
            schema.check(&validation.features)?;
            validation.check()?;
        }
        let rows = (0_u32..).zip(&training.weights).filter(|(_, weight)| **weight > 0.0);
        let training = training.take(&rows.map(|(row, _)| row).collect::<Vec<u32>>());
        let mut fit = Fit::new(&training, schema, options);
        let mut steps = device.begin(&fit.start()).map_err(refused)?;
        fit.run(steps.as_mut(), validation, keep_going)?;
        Ok(fit.model)
    }
}

fn refused(problem: String) -> LearnError {
    LearnError::Device { problem }
}

/// A fit on the way. The parameters of `model` are the first ones, then the ones kept so far.
pub(super) struct Fit<'a> {
    options: &'a NetworkOptions,
    pub(super) model: NetworkModel,
    pub(super) rows: Rows,
    /// Share of itself that a parameter loses a unit of step.
    decays: Vec<f32>,
}

impl<'a> Fit<'a> {
    pub(super) fn new(training: &Training, schema: Schema, options: &'a NetworkOptions) -> Self {
        let n_rows = training.features.n_rows();
        let encoders = encoders(&training.features, &training.weights, options.n_bins);
        let layout = Layout::new(
            &encoders,
            options.embedding_width as usize,
            &options.hidden,
            options.n_members as usize,
            training.task.n_outputs(),
        );
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        let parameters = layout.initial(&encoders, &mut rng);
        let mean_weight = training.weights.iter().sum::<f64>() / n_rows as f64;
        let (center, spread) = scale(training);
        let mut decays = vec![0.0; parameters.len()];
        layout.decayed().into_iter().for_each(|range| decays[range].fill(options.weight_decay));
        #[expect(clippy::cast_possible_truncation, reason = "rounded to f32")]
        let narrow = |value: f64| value as f32;
        let rows = Rows {
            codes: codes(&encoders, &training.features, 0..n_rows),
            targets: training.targets.iter().map(|t| narrow((t - center) / spread)).collect(),
            weights: training.weights.iter().map(|w| narrow(w / mean_weight)).collect(),
            n_features: encoders.len(),
        };
        let mut order: Vec<u32> = (0..row_count(n_rows).expect("counted before")).collect();
        order.shuffle(&mut rng);
        order.truncate(options.n_background as usize);
        let background = rows.pick(&order).codes;
        let model = NetworkModel {
            schema,
            task: training.task,
            encoders,
            layout,
            parameters,
            center,
            spread,
            background,
            epochs: 0,
            best_epoch: 0,
        };
        Self { options, model, rows, decays }
    }

    fn start(&self) -> Start<'_> {
        Start {
            task: self.model.task,
            layout: &self.model.layout,
            options: self.options,
            parameters: &self.model.parameters,
            decays: &self.decays,
            n_rows: self.rows.targets.len(),
            batch: self.batch(),
            encoders: &self.model.encoders,
        }
    }

    fn batch(&self) -> usize {
        let usual = (self.rows.targets.len() / 16).clamp(32, 256);
        self.options.batch_rows.map_or(usual, |rows| rows as usize)
    }

    fn run(
        &mut self,
        steps: &mut dyn Steps,
        validation: Option<&Training>,
        keep_going: &mut dyn FnMut(&NetworkProgress) -> bool,
    ) -> Result<(), LearnError> {
        let n_rows = self.rows.targets.len();
        let mut order: Vec<u32> = (0..row_count(n_rows).expect("counted before")).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.options.seed ^ 0x9E37_79B9_7F4A_7C15);
        let (mut least, mut kept) = (f64::INFINITY, self.model.parameters.clone());
        let of_epoch = self.work_of_epoch(validation.map_or(0, |held| held.targets.len()));
        let mut work = Work::default();
        for epoch in 1..=self.options.epochs_max {
            order.shuffle(&mut rng);
            let sum = steps.epoch(&self.rows, &order).map_err(refused)?;
            work.add(&of_epoch);
            self.model.epochs = epoch;
            self.model.parameters = self.filled(steps.averaged().map_err(refused)?);
            let validation_loss = validation.and_then(|held| {
                let margins = self.model.margins_unchecked(&held.features);
                metrics::mean_loss(held.task, &margins, &held.targets, Some(&held.weights))
            });
            let loss = validation_loss.unwrap_or(f64::NEG_INFINITY);
            if validation_loss.is_none() || loss < least {
                least = loss;
                kept.copy_from_slice(&self.model.parameters);
                self.model.best_epoch = epoch;
            }
            let progress = NetworkProgress {
                epoch,
                epochs_max: self.options.epochs_max,
                training_loss: sum / n_rows as f64,
                validation_loss,
                best_epoch: self.model.best_epoch,
                work_s: work.seconds(),
            };
            let is_late = epoch - self.model.best_epoch >= self.options.patience;
            if !keep_going(&progress) || is_late {
                break;
            }
        }
        self.model.parameters = kept;
        Ok(())
    }

    /// What every epoch does, as if the cores did it: what a search tries must not depend on the device.
    fn work_of_epoch(&self, n_held: usize) -> Work {
        let layout = &self.model.layout;
        let (n_rows, n_members) = (self.rows.targets.len(), layout.n_members);
        let products: usize = layout.widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let products = products + layout.widths.last().map_or(0, |width| width * layout.n_outputs);
        let units: usize = layout.widths.iter().sum();
        let mut work = Work::default();
        // Forth, back to the units, back to the matrices; rows held out go forth alone.
        work.count(Step::Product, (3 * n_rows + n_held) * n_members * products);
        work.count(Step::Unit, (3 * n_rows + n_held) * n_members * units);
        work.count(Step::Parameter, n_rows.div_ceil(self.batch()) * layout.n_parameters());
        work.count(Step::Embedded, (2 * n_rows + n_held) * layout.widths[0]);
        work
    }

    /// The running mean, with vectors for what training does not know.
    fn filled(&self, mut parameters: Vec<f32>) -> Vec<f32> {
        let NetworkModel { encoders, layout, .. } = &self.model;
        for (feature, encoder) in encoders.iter().enumerate() {
            let rows: Vec<Code> =
                self.rows.codes.iter().skip(feature).step_by(encoders.len()).copied().collect();
            encoder.fill_unseen(&mut parameters[layout.table(feature)], layout.width, &rows);
        }
        parameters
    }
}

/// Mean and deviation of numbers; classes stay as they are.
fn scale(training: &Training) -> (f64, f64) {
    if !matches!(training.task, Task::Regression) {
        return (0.0, 1.0);
    }
    let total: f64 = training.weights.iter().sum();
    let cases = || training.targets.iter().zip(&training.weights);
    let mean = cases().map(|(target, weight)| weight / total * target).sum::<f64>();
    let square = |(target, weight): (&f64, &f64)| weight / total * (target - mean).powi(2);
    (mean, cases().map(square).sum::<f64>().sqrt())
}

#[cfg(test)]
use super::cores::gradient;
#[cfg(test)]
impl NetworkModel {
    /// Mean loss over all rows at some parameters, without dropout, and its gradient.
    pub(super) fn loss_and_gradient(
        &self,
        parameters: &[f32],
        training: &Training,
    ) -> (f64, Vec<f32>) {
        let options = NetworkOptions::default();
        let fit = Fit::new(training, self.schema.clone(), &options);
        let rows = Rows {
            codes: codes(&self.encoders, &training.features, 0..training.targets.len()),
            ..fit.rows
        };
        let shape = (self.task, &self.layout, self.encoders.as_slice());
        let (sum, gradient) = gradient(shape, parameters, &rows, (0.0, 0), 0);
        (sum / training.targets.len() as f64, gradient)
    }
}

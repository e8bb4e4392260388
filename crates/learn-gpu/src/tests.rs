//! Kernels against a plain pass in `f64` and its finite differences, and fits against fits on the cores.
//!
//! They need a Vulkan driver; one in software will do (Debian: `mesa-vulkan-drivers`). Without, they say that they were skipped.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test")]

use std::sync::{Arc, Mutex};

use learn::network::{
    Cores, Device, Layout, MISSING, NetworkExplainer, NetworkModel, NetworkOptions, Rows, Start,
    Steps,
};
use learn::{FeatureKind, Matrix, Task, Training, metrics};

use crate::fit::GpuSteps;
use crate::unit::{Unit, source};
use crate::{GpuError, Gpus};

/// The first graphics processor, so often; a driver in software counts here.
#[expect(clippy::print_stdout, reason = "says that a test was skipped")]
fn gpus(so_often: usize) -> Option<Gpus> {
    match Gpus::open(Some(&vec![0; so_often])) {
        Ok(gpus) => Some(gpus),
        Err(GpuError::Number { .. }) => {
            println!("skipped: no Vulkan driver (Debian: mesa-vulkan-drivers)");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Rows of a number with gaps, a skewed one, one that never varies, and a category; targets follow the first two.
fn training(task: Task, n_rows: u32) -> Training {
    let mut features = Matrix::new(n_rows as usize);
    let row = |of: &dyn Fn(u32) -> f64| (0..n_rows).map(of).collect::<Vec<f64>>();
    let first = |r: u32| f64::from(r * 37 % 61) / 61.0;
    let second = |r: u32| f64::from(r * 17 % 29) / 29.0;
    let number = row(&|r| if r % 7 == 3 { f64::NAN } else { first(r) });
    features.push("number", FeatureKind::Number, number).unwrap();
    features.push("skewed", FeatureKind::Number, row(&|r| (4.0 * second(r)).exp())).unwrap();
    features.push("same", FeatureKind::Number, row(&|_| 7.0)).unwrap();
    let level = row(&|r| if r % 11 == 5 { f64::NAN } else { f64::from(r * 5 % 4) });
    features.push("level", FeatureKind::Category { n_levels: 4 }, level).unwrap();
    let targets = row(&|r| {
        let score = first(r) - second(r) + f64::from(r * 23 % 41) / 80.0;
        match task {
            Task::Regression => 10.0 * score,
            Task::Binary => f64::from(u8::from(score > 0.2)),
            Task::Multiclass { .. } => f64::from(u8::from(score > 0.0) + u8::from(score > 0.4)),
        }
    });
    let weights = row(&|r| 1.0 + f64::from(r % 3));
    Training { task, features, targets, weights }
}

fn options() -> NetworkOptions {
    NetworkOptions {
        hidden: vec![20, 7],
        n_members: 3,
        embedding_width: 3,
        n_bins: 5,
        seed: 6,
        ..NetworkOptions::default()
    }
}

/// One step as a graphics processor made it.
struct Seen {
    task: Task,
    layout: Layout,
    /// Pieces of each feature; `None` for a category.
    pieces: Vec<Option<u32>>,
    parameters: Vec<f64>,
    /// Row after row: index and share of each feature.
    codes: Vec<Vec<(u32, f64)>>,
    targets: Vec<f64>,
    weights: Vec<f64>,
    loss: f64,
    gradient: Vec<f32>,
}

/// Steps once and keeps what it saw.
struct Witness {
    unit: Arc<Unit>,
    seen: Arc<Mutex<Option<Seen>>>,
}

struct WitnessSteps {
    steps: GpuSteps,
    seen: Arc<Mutex<Option<Seen>>>,
}

impl Device for Witness {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn begin(&self, start: &Start<'_>) -> Result<Box<dyn Steps>, String> {
        *self.seen.lock().unwrap() = Some(Seen {
            task: start.task,
            layout: start.layout.clone(),
            pieces: (0..start.layout.n_features).map(|feature| start.pieces(feature)).collect(),
            parameters: start.parameters.iter().map(|p| f64::from(*p)).collect(),
            codes: Vec::new(),
            targets: Vec::new(),
            weights: Vec::new(),
            loss: 0.0,
            gradient: Vec::new(),
        });
        let steps = GpuSteps::new(Arc::clone(&self.unit), start)?;
        Ok(Box::new(WitnessSteps { steps, seen: Arc::clone(&self.seen) }))
    }
}

impl Steps for WitnessSteps {
    fn epoch(&mut self, rows: &Rows, order: &[u32]) -> Result<f64, String> {
        let loss = self.steps.epoch(rows, order)?;
        let (plan, state) = self.steps.state();
        let first = plan.net.gradient as usize;
        let mut guard = self.seen.lock().unwrap();
        let seen = guard.as_mut().unwrap();
        seen.gradient = state?[first..first + plan.net.n_parameters as usize].to_vec();
        let code = |row: u32| rows.row(row).iter().map(|c| (c.index, f64::from(c.share))).collect();
        seen.codes = (0..order.len() as u32).map(code).collect();
        seen.targets = rows.targets.iter().map(|t| f64::from(*t)).collect();
        seen.weights = rows.weights.iter().map(|w| f64::from(*w)).collect();
        seen.loss = loss;
        Ok(loss)
    }

    fn averaged(&mut self) -> Result<Vec<f32>, String> {
        self.steps.averaged()
    }
}

impl Seen {
    /// The vectors of a row, by the definition: where a piece begins is the first row and all pieces before.
    fn embedded(&self, parameters: &[f64], codes: &[(u32, f64)]) -> Vec<f64> {
        let width = self.layout.width;
        let mut vectors = Vec::new();
        for (feature, (index, share)) in codes.iter().enumerate() {
            let table = &parameters[self.layout.table(feature)];
            let row = |at: u32| table[at as usize * width..(at as usize + 1) * width].to_vec();
            let add = |to: Vec<f64>, by: f64, what: Vec<f64>| -> Vec<f64> {
                to.iter().zip(what).map(|(to, what)| to + by * what).collect()
            };
            vectors.extend(match self.pieces[feature] {
                None => row(*index),
                Some(pieces) if *index == MISSING => row(pieces + 1),
                Some(pieces) => {
                    let start = (0..*index).fold(row(pieces), |sum, at| add(sum, 1.0, row(at)));
                    if pieces > 0 { add(start, *share, row(*index)) } else { start }
                }
            });
        }
        vectors
    }

    /// Margins of a member.
    fn margins(&self, parameters: &[f64], member: usize, vectors: &[f64]) -> Vec<f64> {
        let layout = &self.layout;
        let own = &parameters[layout.member(member)];
        let mut units = vectors.to_vec();
        for layer in 0..layout.n_layers() {
            let ranges = layout.layer(layer);
            let matrix = &parameters[layout.matrix(layer)];
            let n_out = layout.widths[layer + 1];
            let unit = |to: usize| {
                let product: f64 = (0..units.len())
                    .map(|at| units[at] * own[ranges.scale_in.start + at] * matrix[at * n_out + to])
                    .sum();
                let scaled = product * own[ranges.scale_out.start + to];
                (scaled + own[ranges.bias.start + to]).max(0.0)
            };
            units = (0..n_out).map(unit).collect();
        }
        let (matrix, bias) = layout.head();
        let output = |to: usize| {
            let at = |unit: usize| own[matrix.start + unit * layout.n_outputs + to];
            own[bias.start + to] + units.iter().enumerate().map(|(u, x)| x * at(u)).sum::<f64>()
        };
        (0..layout.n_outputs).map(output).collect()
    }

    /// Sum over the rows of `weight · loss`, a mean over the members.
    fn loss_at(&self, parameters: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (row, codes) in self.codes.iter().enumerate() {
            let vectors = self.embedded(parameters, codes);
            for member in 0..self.layout.n_members {
                let margins = self.margins(parameters, member, &vectors);
                let target = self.targets[row];
                let loss = match self.task {
                    Task::Regression => (margins[0] - target).powi(2) / 2.0,
                    Task::Binary => {
                        let probability = 1.0 / (1.0 + (-margins[0]).exp());
                        -(if target > 0.5 { probability } else { 1.0 - probability }).ln()
                    }
                    Task::Multiclass { .. } => {
                        let total: f64 = margins.iter().map(|margin| margin.exp()).sum();
                        -(margins[target as usize].exp() / total).ln()
                    }
                };
                sum += self.weights[row] * loss / self.layout.n_members as f64;
            }
        }
        sum
    }
}

#[track_caller]
fn check_gradient(task: Task) {
    let Some(gpus) = gpus(1) else { return };
    let training = training(task, 70);
    let seen = Arc::new(Mutex::new(None));
    let witness = Witness { unit: gpus.unit(0), seen: Arc::clone(&seen) };
    let once =
        NetworkOptions { epochs_max: 1, batch_rows: Some(70), dropout: 0.0, ..self::options() };
    NetworkModel::fit_on(&witness, &training, None, &once, &mut |_| true).unwrap();
    let seen = seen.lock().unwrap().take().unwrap();
    let n = seen.codes.len() as f64;
    let plain = seen.loss_at(&seen.parameters);
    assert!((seen.loss - plain).abs() < 1e-4 * plain, "loss {} against {plain}", seen.loss);
    assert_eq!(seen.gradient.len(), seen.parameters.len());
    let mut moved = seen.parameters.clone();
    for at in 0..moved.len() {
        let own = moved[at];
        let slope = |step: f64, moved: &mut Vec<f64>| {
            let [high, low] = [own + step, own - step].map(|value| {
                moved[at] = value;
                seen.loss_at(moved)
            });
            moved[at] = own;
            (high - low) / (2.0 * step * n)
        };
        // A step may cross a kink; a shorter one then does not.
        let found = f64::from(seen.gradient[at]);
        let off = [1e-5, 1e-7].map(|step| (slope(step, &mut moved) - found).abs());
        assert!(off[0].min(off[1]) < 1e-4, "{task:?}, parameter {at}: {found}, off by {off:?}");
    }
    assert!(seen.gradient.iter().any(|g| g.abs() > 1e-2), "it has a slope");
}

#[test]
fn gradients_are_slopes_of_the_loss() {
    check_gradient(Task::Binary);
    check_gradient(Task::Regression);
    check_gradient(Task::Multiclass { n_classes: 3 });
}

fn margins_apart(a: &NetworkModel, b: &NetworkModel, features: &Matrix) -> f64 {
    let [a, b] = [a, b].map(|model| model.margins(features).unwrap());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[track_caller]
fn check_fit(task: Task, options: &NetworkOptions, within: f64) {
    let Some(gpus) = gpus(1) else { return };
    let training = training(task, 333);
    let fit = |device: &dyn Device| {
        NetworkModel::fit_on(device, &training, None, options, &mut |_| true).unwrap()
    };
    let (own, theirs) = (fit(&Cores), fit(&gpus));
    let apart = margins_apart(&own, &theirs, &training.features);
    assert!(apart < within, "{task:?}: {apart} apart");
}

#[test]
fn a_few_epochs_are_those_of_the_cores() {
    // Dropout draws the same units; else margins would be tenths apart. Mesa's driver in software is within 2e-7: the bounds leave room
    // for what others contract and reorder, which grows with the steps.
    let two = NetworkOptions { epochs_max: 2, ..options() };
    check_fit(Task::Binary, &two, 1e-4);
    check_fit(Task::Regression, &two, 1e-3);
    check_fit(Task::Multiclass { n_classes: 3 }, &two, 1e-4);
    let wide = NetworkOptions { hidden: vec![33], n_members: 5, dropout: 0.4, ..two.clone() };
    check_fit(Task::Binary, &wide, 1e-4);
    let usual = NetworkOptions { epochs_max: 1, seed: 3, ..NetworkOptions::default() };
    check_fit(Task::Binary, &usual, 1e-4);
}

#[test]
fn a_whole_fit_is_as_good() {
    let Some(gpus) = gpus(1) else { return };
    let all = training(Task::Binary, 600);
    let rows = |rest: std::ops::Range<u32>| {
        all.take(&(0..600).filter(|r| rest.contains(&(r * 7 % 10))).collect::<Vec<_>>())
    };
    let (training, held) = (rows(0..7), rows(7..10));
    let fit = |device: &dyn Device| {
        let model = NetworkModel::fit_on(device, &training, Some(&held), &options(), &mut |_| true)
            .unwrap();
        let margins = model.margins(&held.features).unwrap();
        let loss = metrics::mean_loss(held.task, &margins, &held.targets, Some(&held.weights));
        (loss.unwrap(), model)
    };
    let ((own, _), (theirs, model)) = (fit(&Cores), fit(&gpus));
    assert!((own - theirs).abs() < 0.01, "{theirs} against {own} on the cores");
    assert!(own < 0.6, "{own}: it learned");
    // What came back is a model like any other: it is kept and explains.
    let explained = NetworkExplainer::new(&model).contributions(&held.features.take(&[0])).unwrap();
    let sum = explained.base[0] + explained.values.iter().sum::<f64>();
    let margin = model.margins(&held.features.take(&[0])).unwrap()[0];
    assert!((sum - margin).abs() < 1e-4, "{sum} against {margin}");
}

#[test]
fn fits_go_round_and_side_by_side() {
    let Some(gpus) = gpus(2) else { return };
    assert_eq!(gpus.names().len(), 2);
    let training = training(Task::Binary, 200);
    let few = NetworkOptions { epochs_max: 2, ..options() };
    let fit = || NetworkModel::fit_on(&gpus, &training, None, &few, &mut |_| true).unwrap();
    let first = fit();
    let others: Vec<NetworkModel> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(fit)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for other in others {
        let apart = margins_apart(&first, &other, &training.features);
        assert!(apart < 1e-4, "{apart} apart");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let error = Gpus::open(Some(&[97])).err().unwrap();
    assert!(error.to_string().contains("no graphics processor 97"), "{error}");
    assert!(error.hint().contains("--device cpu"));
}

/// Needs no driver: the text is read and checked as every driver gets it.
#[test]
fn kernels_are_sound() {
    use wgpu::naga::{front::wgsl, valid};
    let module = wgsl::parse_str(&source()).map_err(|e| e.emit_to_string(&source())).unwrap();
    let mut validator =
        valid::Validator::new(valid::ValidationFlags::all(), valid::Capabilities::empty());
    validator.validate(&module).unwrap();
    let names: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
    let mut known = crate::unit::NAMES.to_vec();
    known.sort_by_key(|name| names.iter().position(|found| found == name));
    assert_eq!(names, known);
}

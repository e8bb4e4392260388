//! Speed and quality of linear models, the network and their blend, as tables:
//! `cargo bench -p tracehound-learn --bench linear`. Speed on rows made from a fixed seed; quality on the folds of
//! `tabular/splits` below `TRACEHOUND_DATA` (default `../shared/data`), left out where there are none. Each fold's
//! network stops by a fifth of its training rows; the blend is fitted to out-of-fold margins of four inner folds.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads the clock and real data"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tracehound_learn::blend::{Blend, BlendOptions, BlendRows, OutOfFold};
use tracehound_learn::linear::{LambdaChoice, LinearModel, LinearOptions, NumberCoding};
use tracehound_learn::network::{NetworkModel, NetworkOptions};
use tracehound_learn::split::{self, Split};
use tracehound_learn::{FeatureKind, LearnError, Matrix, Task, Training, metrics};

fn main() {
    speed();
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = data.map_or_else(|| PathBuf::from(default), PathBuf::from).join("tabular");
    if !folder.is_dir() {
        println!("skipped: no tables at {}", folder.display());
        return;
    }
    println!("\n{:8} {:24} {:>7} {:>8} {:>8}", "set", "model", "AUC", "log loss", "seconds");
    let titanic = ["Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked"];
    quality(&folder, "titanic", "titanic.csv", "Survived", &titanic, &["Pclass"]);
    let names: Vec<String> = (1..=20).map(|at| format!("a{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    quality(&folder, "german", "german-credit.csv", "target", &names, &[]);
}

/// 20 numbers (one in twenty missing) and 2 categories of 50 levels.
fn made(n_rows: usize) -> Training {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut features = Matrix::new(n_rows);
    let mut margins = vec![0.0; n_rows];
    for at in 0..20 {
        let column: Vec<f64> = (0..n_rows)
            .map(|_| {
                if rng.random::<f64>() < 0.05 { f64::NAN } else { 2.0 * rng.random::<f64>() - 1.0 }
            })
            .collect();
        for (margin, x) in margins.iter_mut().zip(&column) {
            *margin += if x.is_nan() { 0.0 } else { x * x * x / (1.0 + f64::from(at) / 4.0) * 3.0 };
        }
        features.push(format!("x{at}"), FeatureKind::Number, column).unwrap();
    }
    for at in 0..2 {
        let column: Vec<f64> =
            (0..n_rows).map(|_| f64::from(rng.random_range(0..50_u32))).collect();
        margins
            .iter_mut()
            .zip(&column)
            .for_each(|(margin, level)| *margin += (level / 8.0).sin() / 2.0);
        features.push(format!("c{at}"), FeatureKind::Category { n_levels: 50 }, column).unwrap();
    }
    let class =
        |margin: &f64| f64::from(u8::from(rng.random::<f64>() < 1.0 / (1.0 + (-margin).exp())));
    let targets = margins.iter().map(class).collect();
    Training { task: Task::Binary, features, targets, weights: vec![1.0; n_rows] }
}

fn line(what: &str, n_rows: usize, run: impl FnOnce()) {
    let start = Instant::now();
    run();
    let seconds = start.elapsed().as_secs_f64();
    println!("{what:44} {n_rows:>8} {seconds:>9.4} {:>13.0}", n_rows as f64 / seconds);
}

fn speed() {
    println!("{:44} {:>8} {:>9} {:>13}", "22 features", "rows", "seconds", "rows / second");
    let training = made(100_000);
    let options = LinearOptions::default();
    let choice = LambdaChoice::Folds { n_folds: 5, seed: 1 };
    let mut model = None;
    line("elastic net, 5 folds x 2 paths, then fitted", 100_000, || {
        model = Some(LinearModel::fit(&training, &options, choice).unwrap());
    });
    let model = model.unwrap();
    line("linear margins", 100_000, || drop(black_box(model.margins(&training.features).unwrap())));
    line("linear contributions", 100_000, || {
        drop(black_box(model.contributions(&training.features).unwrap()));
    });
    let mut row = Vec::new();
    training.features.row_into(7, &mut row);
    line("linear margin of one row, each", 100_000, || {
        (0..100_000).for_each(|_| drop(black_box(model.margin_row(&row).unwrap())));
    });
    let small = training.take(&(0..20_000).collect::<Vec<u32>>());
    let options = NetworkOptions { epochs_max: 1, ..NetworkOptions::default() };
    let mut network = None;
    line("network, one epoch", 20_000, || {
        network = Some(NetworkModel::fit(&small, None, &options, &mut |_| true).unwrap());
    });
    let network = network.unwrap();
    line("network margins", 20_000, || drop(black_box(network.margins(&small.features).unwrap())));
    line("network margin of one row, each", 1_000, || {
        (0..1_000).for_each(|_| drop(black_box(network.margin_row(&row).unwrap())));
    });
    let few = small.features.take(&(0..50).collect::<Vec<u32>>());
    line("network contributions, 16 background rows", 50, || {
        drop(black_box(network.contributions(&few, 0).unwrap()));
    });
}

/// A table of a file: numbers where every value is one, else levels by first appearance.
fn read(folder: &Path, file: &str, target: &str, names: &[&str], levels: &[&str]) -> Training {
    let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut features = Matrix::new(rows.len());
    for name in names {
        let at = header.iter().position(|known| known == name).unwrap();
        let texts: Vec<&str> = rows.iter().map(|row| row.get(at).unwrap()).collect();
        let is_number = texts.iter().all(|text| text.is_empty() || text.parse::<f64>().is_ok());
        if is_number && !levels.contains(name) {
            let values = texts.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect();
            features.push(*name, FeatureKind::Number, values).unwrap();
        } else {
            let mut known = BTreeMap::<String, u32>::new();
            let mut level = |text: &&str| match text.is_empty() {
                true => f64::NAN,
                false => {
                    let next = known.len() as u32;
                    f64::from(*known.entry((*text).to_owned()).or_insert(next))
                }
            };
            let values: Vec<f64> = texts.iter().map(&mut level).collect();
            let n_levels = known.len() as u32;
            features.push(*name, FeatureKind::Category { n_levels }, values).unwrap();
        }
    }
    let at = header.iter().position(|known| known == target).unwrap();
    let targets: Vec<f64> = rows.iter().map(|row| row.get(at).unwrap().parse().unwrap()).collect();
    Training { task: Task::Binary, features, weights: vec![1.0; targets.len()], targets }
}

fn folds(folder: &Path, set: &str, n_rows: usize) -> Vec<Split> {
    let text = std::fs::read_to_string(folder.join("splits").join(format!("{set}.json"))).unwrap();
    let lists: BTreeMap<String, Vec<Vec<u32>>> = serde_json::from_str(&text).unwrap();
    let all = 0..n_rows as u32;
    let fold = |held: &Vec<u32>| {
        let train = all.clone().filter(|row| !held.contains(row)).collect();
        Split::custom(n_rows, train, held.clone()).unwrap()
    };
    lists["folds_seed42"].iter().map(fold).collect()
}

/// Sums of AUC, log loss and seconds by model, in order.
#[derive(Default)]
struct Table(Vec<(&'static str, [f64; 3])>);

impl Table {
    fn add(&mut self, name: &'static str, held: &Training, margins: &[f64], seconds: f64) {
        let auc = metrics::auc(margins, &held.targets, None).unwrap();
        let loss = metrics::mean_loss(held.task, margins, &held.targets, None).unwrap();
        let at = self.0.iter().position(|row| row.0 == name).unwrap_or_else(|| {
            self.0.push((name, [0.0; 3]));
            self.0.len() - 1
        });
        let sums = self.0[at].1.iter_mut();
        sums.zip([auc, loss, seconds]).for_each(|(sum, value)| *sum += value);
    }
}

fn linear(training: &Training, numbers: NumberCoding) -> LinearModel {
    let options = LinearOptions { numbers, ..LinearOptions::default() };
    LinearModel::fit(training, &options, LambdaChoice::Folds { n_folds: 5, seed: 1 }).unwrap()
}

fn network(training: &Training) -> NetworkModel {
    let inner = split::stratified(&training.targets, 0.2, 1).unwrap();
    let (train, stop) = (training.take(&inner.train), training.take(&inner.validation));
    let options = NetworkOptions { seed: 1, ..NetworkOptions::default() };
    NetworkModel::fit(&train, Some(&stop), &options, &mut |_| true).unwrap()
}

const BINS: NumberCoding = NumberCoding::LinearAndBins { n_bins: 8 };

/// Margins of three models fitted to `train`, for the rows of `held`.
fn parts(train: &Training, held: &Matrix) -> Vec<(&'static str, Vec<f64>, f64)> {
    let timed = |name, run: &dyn Fn() -> Vec<f64>| {
        let start = Instant::now();
        let margins = run();
        (name, margins, start.elapsed().as_secs_f64())
    };
    vec![
        timed("elastic net", &|| linear(train, NumberCoding::Linear).margins(held).unwrap()),
        timed("elastic net with bins", &|| linear(train, BINS).margins(held).unwrap()),
        timed("network", &|| network(train).margins(held).unwrap()),
    ]
}

fn quality(folder: &Path, set: &str, file: &str, target: &str, names: &[&str], levels: &[&str]) {
    let all = read(folder, file, target, names, levels);
    let mut table = Table::default();
    let folds = folds(folder, set, all.targets.len());
    for fold in &folds {
        let (train, held) = (all.take(&fold.train), all.take(&fold.validation));
        let start = Instant::now();
        let of_held = parts(&train, &held.features);
        let inner = split::stratified_folds(&train.targets, 4, 1).unwrap();
        let mut by_fold: Vec<Vec<Vec<f64>>> = vec![Vec::new(); of_held.len()];
        for fold in &inner {
            let held = train.features.take(&fold.validation);
            let parts = parts(&train.take(&fold.train), &held);
            by_fold.iter_mut().zip(parts).for_each(|(all, part)| all.push(part.1));
        }
        let margins = by_fold.into_iter().map(|folds| {
            let mut next = folds.into_iter();
            let place = |_: &Split| Ok::<_, LearnError>(next.next().unwrap());
            OutOfFold::new(train.targets.len(), 1, &inner, place).unwrap().margins
        });
        let rows = BlendRows {
            task: Task::Binary,
            margins: margins.collect(),
            targets: train.targets.clone(),
            weights: train.weights.clone(),
        };
        let blend = Blend::fit(&rows, &BlendOptions::default()).unwrap();
        let of_parts: Vec<Vec<f64>> = of_held.iter().map(|part| part.1.clone()).collect();
        let probabilities = blend.predictions(&of_parts).unwrap();
        let blended: Vec<f64> = probabilities.iter().map(|p| (p / (1.0 - p)).ln()).collect();
        let seconds = start.elapsed().as_secs_f64();
        for (name, margins, seconds) in &of_held {
            table.add(name, &held, margins, *seconds);
        }
        table.add("blend", &held, &blended, seconds);
    }
    for (name, sums) in &table.0 {
        let [auc, loss, seconds] = sums.map(|sum| sum / folds.len() as f64);
        println!("{set:8} {name:24} {auc:>7.4} {loss:>8.4} {seconds:>8.2}");
    }
}

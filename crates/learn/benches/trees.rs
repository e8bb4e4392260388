//! Speed of trees as a table: `cargo bench -p tracehound-learn --bench trees`; rows come from a fixed seed.
//!
//! `-- quality FOLDER` compares with other libraries instead: each `*.csv` there has a header `name:number`,
//! `name:LEVELS` (a category of so many levels), `fold` and `target`, last; all cells are numbers, empty if missing.
//! Each fold is tested once; every fifth other row stops the boosting early.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints, reads clock and files"
)]

use std::hint::black_box;
use std::time::Instant;

use tracehound_learn::trees::{
    BoostOptions, ForestOptions, TreeExplainer, TreeModel, boost, grow_forest,
};
use tracehound_learn::{FeatureKind, Matrix, Task, Training, auc};

/// CPU seconds of all threads of this process so far.
fn cpu_s() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanoseconds = tasks.map(|task| {
        let text = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap()
    });
    nanoseconds.sum::<f64>() * 1e-9
}

/// Wall and CPU seconds of the best of `times` runs.
fn measure<R>(times: usize, mut run: impl FnMut() -> R) -> (f64, f64) {
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..times {
        let (clock, cpu) = (Instant::now(), cpu_s());
        black_box(run());
        best.0 = best.0.min(clock.elapsed().as_secs_f64());
        best.1 = best.1.min(cpu_s() - cpu);
    }
    best
}

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 * 0.5_f64.powi(53)
    }
}

fn rows(n_rows: usize) -> Training {
    let mut random = Random(42);
    let mut features = Matrix::new(n_rows);
    let mut signal = vec![0.0; n_rows];
    for feature in 0..20 {
        let column: Vec<f64> = (0..n_rows).map(|_| random.unit() * 10.0).collect();
        for (signal, value) in signal.iter_mut().zip(&column) {
            *signal += (value * (1.0 + f64::from(feature) * 0.1)).sin() / f64::from(feature + 1);
        }
        features.push(format!("f{feature}"), FeatureKind::Number, column).unwrap();
    }
    let targets =
        signal.iter().map(|signal| f64::from(u8::from(signal + random.unit() > 0.5))).collect();
    Training { task: Task::Binary, features, targets, weights: vec![1.0; n_rows] }
}

fn line(what: &str, amount: f64, unit: &str, (wall, cpu): (f64, f64)) {
    let (by_wall, by_cpu) = (amount / wall, amount / cpu);
    println!("{what:<44} {wall:>9.4} {cpu:>9.4} {by_wall:>14.0} {by_cpu:>14.0}  {unit}");
}

fn one_row(model: &TreeModel, features: &Matrix) {
    let explainer = TreeExplainer::new(model);
    let mut row = Vec::new();
    let mut times = [Vec::new(), Vec::new()];
    for at in 0..5000 {
        features.row_into(at, &mut row);
        let clock = Instant::now();
        black_box(model.margin_row(&row).unwrap());
        times[0].push(clock.elapsed().as_secs_f64() * 1e6);
        let clock = Instant::now();
        black_box(explainer.contributions_row(&row).unwrap());
        times[1].push(clock.elapsed().as_secs_f64() * 1e6);
    }
    for (what, times) in ["one row", "one row explained"].iter().zip(&mut times) {
        times.sort_by(f64::total_cmp);
        println!("{what:<44} p50 {:>8.1} us  p99 {:>8.1} us", times[2500], times[4950]);
    }
}

fn speed() {
    println!("{:<44} {:>9} {:>9} {:>14} {:>14}", "", "wall s", "cpu s", "/wall s", "/cpu s");
    let training = rows(100_000);
    let options = BoostOptions { iterations: 200, ..Default::default() };
    let mut fitted = None;
    let fit = || fitted = Some(boost(&training, &options, None, &mut |_| true).unwrap().model);
    let amount = 100_000.0 * 20.0 * 200.0;
    line("boost 200 trees, 100000 x 20", amount, "row features trees", measure(1, fit));
    let model = fitted.unwrap();
    let many = rows(1_000_000);
    let predict = || model.margins(&many.features).unwrap();
    line("predict 1000000 rows, 200 trees", 1e6, "rows", measure(3, predict));
    let some = rows(20_000);
    let explainer = TreeExplainer::new(&model);
    let explain = || explainer.contributions(&some.features).unwrap();
    line("explain 20000 rows, 200 trees", 2e4, "rows", measure(3, explain));
    one_row(&model, &some.features);
    let options = BoostOptions { iterations: 464, ..Default::default() };
    let large = boost(&some, &options, None, &mut |_| true).unwrap().model;
    let explainer = TreeExplainer::new(&large);
    let explain = || explainer.contributions(&some.features).unwrap();
    line("explain 20000 rows, 464 trees", 2e4, "rows", measure(3, explain));
    let options = ForestOptions { trees: 100, ..Default::default() };
    let mut grown = None;
    let grow = || grown = Some(grow_forest(&some, &options, &mut |_| true).unwrap().model);
    line("forest 100 trees, 20000 x 20", 2e6, "rows trees", measure(1, grow));
    let forest = grown.unwrap();
    let predict = || forest.margins(&some.features).unwrap();
    line("predict 20000 rows, forest of 100", 2e4, "rows", measure(3, predict));
}

struct Folded {
    all: Training,
    folds: Vec<f64>,
}

fn read(path: &std::path::Path) -> Folded {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut columns = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, cell) in columns.iter_mut().zip(&record.unwrap()) {
            column.push(if cell.is_empty() { f64::NAN } else { cell.parse().unwrap() });
        }
    }
    let targets = columns.pop().unwrap();
    let folds = columns.pop().unwrap();
    let mut features = Matrix::new(targets.len());
    for (name, column) in names.iter().zip(columns) {
        let (name, kind) = name.rsplit_once(':').unwrap();
        let kind = match kind {
            "number" => FeatureKind::Number,
            n_levels => FeatureKind::Category { n_levels: n_levels.parse().unwrap() },
        };
        features.push(name, kind, column).unwrap();
    }
    let weights = vec![1.0; targets.len()];
    let is_binary = targets.iter().all(|target| *target == 0.0 || *target == 1.0);
    let task = if is_binary { Task::Binary } else { Task::Regression };
    Folded { all: Training { task, features, targets, weights }, folds }
}

/// AUC and log loss, or R² and RMSE.
fn judge(test: &Training, found: &[f64]) -> [f64; 2] {
    let n = found.len() as f64;
    let cases = || found.iter().zip(&test.targets);
    if test.task == Task::Binary {
        let targets: Vec<bool> = test.targets.iter().map(|target| *target == 1.0).collect();
        let loss = cases().map(|(share, target)| {
            let share = if *target == 1.0 { *share } else { 1.0 - share };
            -share.clamp(1e-15, 1.0).ln()
        });
        return [auc(found, &targets).unwrap(), loss.sum::<f64>() / n];
    }
    let mean = test.targets.iter().sum::<f64>() / n;
    let square: f64 = cases().map(|(found, target)| (found - target).powi(2)).sum();
    let whole: f64 = test.targets.iter().map(|target| (target - mean).powi(2)).sum();
    [1.0 - square / whole, (square / n).sqrt()]
}

fn quality(folder: &str) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    println!("{:<16} {:<10} {:>8} {:>8} {:>8}", "set", "model", "auc/r2", "loss", "cpu s");
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "csv")) {
        let folded = read(path);
        let mut sums = [[0.0; 3]; 3];
        for fold in 0..5 {
            let of = |test: bool| -> Vec<u32> {
                let rows = (0_u32..).zip(&folded.folds);
                rows.filter(|row| (*row.1 == f64::from(fold)) == test).map(|row| row.0).collect()
            };
            let others = of(false);
            let every_fifth = |stops: bool| -> Vec<u32> {
                let rows = (0..others.len()).filter(|at| (at % 5 == 0) == stops);
                rows.map(|at| others[at]).collect()
            };
            let test = folded.all.take(&of(true));
            let (fitted, stops) =
                (folded.all.take(&every_fifth(false)), folded.all.take(&every_fifth(true)));
            let whole = folded.all.take(&others);
            let options = BoostOptions {
                iterations: 2000,
                learning_rate: 0.05,
                patience: 50,
                ..Default::default()
            };
            for (model, sums) in sums.iter_mut().enumerate() {
                let cpu = cpu_s();
                let fitted = match model {
                    0 => boost(&fitted, &options, Some(&stops), &mut |_| true).unwrap().model,
                    1 => {
                        boost(&whole, &BoostOptions::default(), None, &mut |_| true).unwrap().model
                    }
                    _ => {
                        grow_forest(&whole, &ForestOptions::default(), &mut |_| true).unwrap().model
                    }
                };
                let found = fitted.predictions(&test.features).unwrap();
                sums[2] += cpu_s() - cpu;
                for (sum, one) in sums.iter_mut().zip(judge(&test, &found)) {
                    *sum += one / 5.0;
                }
            }
        }
        let name = path.file_stem().unwrap().to_string_lossy();
        for (model, [area, loss, cpu]) in ["stopped", "defaults", "forest"].iter().zip(sums) {
            println!("{name:<16} {model:<10} {area:>8.4} {loss:>8.4} {cpu:>8.2}");
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "quality") {
        Some(at) => quality(&arguments[at + 1]),
        None => speed(),
    }
}

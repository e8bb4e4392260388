//! Boosted trees, forests and their explanations.

mod boost;
mod forest;
mod growth;
mod shap;

use tracehound_learn::{FeatureKind, Matrix, Task, Training};

/// Small numbers from a fixed seed (Marsaglia's xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 20) % n
    }

    /// In `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 0.5_f64.powi(53)
    }
}

/// What rows look like.
pub(crate) struct Recipe {
    pub(crate) seed: u64,
    pub(crate) n_rows: usize,
    pub(crate) numbers: usize,
    pub(crate) categories: usize,
    /// Share of missing values.
    pub(crate) missing: f64,
    pub(crate) task: Task,
}

/// Rows whose target depends on all features and a little on chance.
pub(crate) fn rows(recipe: &Recipe) -> Training {
    let mut random = Random(recipe.seed * 2 + 1);
    (0..20).for_each(|_| {
        random.next();
    });
    let mut features = Matrix::new(recipe.n_rows);
    let mut signal = vec![0.0; recipe.n_rows];
    for feature in 0..recipe.numbers + recipe.categories {
        let is_number = feature < recipe.numbers;
        let n_levels = 7;
        let mut column = Vec::new();
        for signal in &mut signal {
            let value = if is_number { random.unit() * 4.0 } else { random.below(n_levels) as f64 };
            let is_missing = random.unit() < recipe.missing;
            *signal += if is_missing { 0.5 } else { (value * (feature + 2) as f64).sin() };
            column.push(if is_missing { f64::NAN } else { value });
        }
        let kind = FeatureKind::Category { n_levels: 7 };
        let kind = if is_number { FeatureKind::Number } else { kind };
        features.push(format!("f{feature}"), kind, column).unwrap();
    }
    let target = |signal: &f64| {
        let noisy = signal + random.unit() * 0.5;
        match recipe.task {
            Task::Regression => noisy,
            Task::Binary => f64::from(u8::from(noisy > 0.4)),
            Task::Multiclass { n_classes } => {
                (noisy + 1.0).floor().clamp(0.0, f64::from(n_classes) - 1.0)
            }
        }
    };
    let targets = signal.iter().map(target).collect();
    let mut random = Random(recipe.seed + 99);
    let weights = (0..recipe.n_rows).map(|_| 0.5 + random.unit()).collect();
    Training { task: recipe.task, features, targets, weights }
}

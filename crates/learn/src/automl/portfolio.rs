//! The candidates in the order they are tried, and what each costs.
//!
//! In: the size of a table, a task, a seed. Out: a list of candidates with their price in seconds of one core: good
//! defaults of every family first, then boosted trees and networks whose settings are drawn around what is known to work.
//! Source: portfolios of AutoGluon and TabArena; ranges as LightGBM's and CatBoost's guides have them. Departures: prices are
//! a formula of rows, features and settings, not a clock, so that the same table is searched the same way on any machine.
//! Cost: nothing. Checked against: totals stay within the budget (`tests/it/automl.rs`).

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AutoOptions;
use super::candidate::{Candidate, Method, Settings};
use crate::linear::{LinearOptions, NumberCoding};
use crate::network::NetworkOptions;
use crate::trees::{BoostOptions, CategorySplits, ForestOptions};
use crate::work::{self, Step};
use crate::{FeatureKind, Matrix, Task};

/// Rounds that early stopping usually leaves of 4,000 rows at a rate of 0.05, for prices.
const ROUNDS_USUAL: f64 = 250.0;
/// Share of the budget that one fit of boosted trees may take before it is made leaner.
const FIT_SHARE: f64 = 0.07;
/// Epochs that it usually leaves.
const EPOCHS_USUAL: f64 = 30.0;
/// Rows from which the bins of a feature are counted.
const BINNED_ROWS: usize = 2_000;
/// Rows below which only tame candidates are tried: the best of many on so few rows is the luckiest.
pub(super) const FEW_ROWS: usize = 100;
/// What is tried then.
const TAME: [&str; 4] = ["linear", "boosted shallow", "forest", "extra trees"];
/// Candidates tried at most: beyond, a blend gains nothing; fewer where there is not a tenth as many rows to tell them apart.
const CANDIDATES_MAX: usize = 28;
const ROWS_OF_CANDIDATE: usize = 10;

/// What prices follow from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    n_rows: f64,
    /// Rows without the copies of others.
    n_distinct: usize,
    n_features: f64,
    /// Bins of a feature, the mean.
    n_bins: f64,
    /// Coefficients of a linear model.
    n_coefficients: f64,
    n_outputs: f64,
    /// Seconds of one core for everything.
    budget_s: f64,
}

impl Size {
    pub(super) fn of(features: &Matrix, n_distinct: usize, task: Task, budget_s: f64) -> Self {
        let coefficients = features.kinds().iter().map(|kind| match kind {
            FeatureKind::Number => 2.0,
            FeatureKind::Category { n_levels } => f64::from(*n_levels) + 1.0,
        });
        Self {
            n_rows: features.n_rows() as f64,
            n_distinct,
            n_features: features.n_features() as f64,
            n_bins: mean_bins(features),
            n_coefficients: coefficients.sum(),
            n_outputs: task.n_outputs() as f64,
            budget_s,
        }
    }
}

impl Size {
    /// Seconds of one core for choosing the scale of numbers.
    pub(super) fn probe_price(&self, seed: u64) -> f64 {
        let (n_fits, n_rows) = super::scales::probe_size(self.n_rows);
        let size = Self { n_rows, ..*self };
        n_fits * boosted_price(&super::scales::probe_options(seed), &size)
    }
}

/// Distinct values of a feature among the first rows, the mean over the features; at most as many as codes are.
fn mean_bins(features: &Matrix) -> f64 {
    let n_rows = features.n_rows().min(BINNED_ROWS);
    let distinct = |feature: usize| {
        let mut values = features.column(feature)[..n_rows].to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        values.len().min(255)
    };
    let n_features = features.n_features();
    (0..n_features).map(distinct).sum::<usize>() as f64 / n_features.max(1) as f64
}

impl Candidate {
    /// Seconds of one core for one fit, before any of its method was made.
    pub(super) fn price_s(&self, size: &Size) -> f64 {
        match &self.settings {
            Settings::Linear(options) => {
                let paths = options.l1_shares.len() as f64 * f64::from(options.n_lambdas);
                let bins = if options.numbers == NumberCoding::Linear { 1.0 } else { 4.0 };
                2.0 * paths
                    * bins
                    * size.n_rows
                    * size.n_coefficients.sqrt()
                    * size.n_features.sqrt()
                    * size.n_outputs
                    * 4e-9
            }
            Settings::Boosted(options) => boosted_price(options, size),
            // What is not ours has no price.
            Settings::Own(..) => 0.0,
            Settings::Forest(options) => {
                let depth = size.n_rows.log2().max(1.0);
                f64::from(options.trees) * size.n_rows * depth * size.n_features.sqrt() * 1.1e-8
            }
            Settings::Network(options) => {
                let width = f64::from(options.embedding_width) * size.n_features;
                let hidden = f64::from(options.hidden.first().copied().unwrap_or(1));
                let passes = 3.0 * size.n_rows * EPOCHS_USUAL * f64::from(options.n_members);
                work::seconds_of(&[
                    (Step::Product, passes * (width * hidden + hidden * hidden)),
                    (Step::Unit, passes * (width + 2.0 * hidden)),
                ])
            }
        }
    }
}

/// The candidates, as many as the rows can tell apart.
pub(super) struct Portfolio {
    dice: ChaCha8Rng,
    size: Size,
    methods: Vec<Method>,
    defaults: std::vec::IntoIter<Candidate>,
    n_left: usize,
    n_drawn: u32,
    seed: u64,
}

impl Portfolio {
    pub(super) fn new(size: Size, options: &AutoOptions) -> Self {
        let (asked, seed) = (&options.methods, options.seed);
        // Trees alone keep monotone constraints.
        let is_able = |method: Method| options.monotone.is_empty() || method == Method::Boosted;
        let is_asked =
            |method: Method| (asked.is_empty() || asked.contains(&method)) && is_able(method);
        let methods: Vec<Method> =
            Method::ALL.into_iter().filter(|method| is_asked(*method)).collect();
        let mut defaults = defaults(&size, seed);
        defaults.retain(|candidate| is_asked(candidate.method()));
        let is_tame = |candidate: &Candidate| TAME.contains(&candidate.name.as_str());
        let n_most = if size.n_distinct < FEW_ROWS && defaults.iter().any(is_tame) {
            defaults.retain(is_tame);
            defaults.len()
        } else {
            (size.n_distinct / ROWS_OF_CANDIDATE).clamp(defaults.len(), CANDIDATES_MAX)
        };
        let dice = ChaCha8Rng::seed_from_u64(seed);
        Self {
            dice,
            size,
            methods,
            defaults: defaults.into_iter(),
            n_left: n_most,
            n_drawn: 0,
            seed,
        }
    }
}

impl Iterator for Portfolio {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        self.n_left = self.n_left.checked_sub(1)?;
        if let Some(candidate) = self.defaults.next() {
            return Some(candidate);
        }
        let can_draw: Vec<Method> =
            [Method::Boosted, Method::Boosted, Method::Boosted, Method::Network]
                .into_iter()
                .filter(|method| self.methods.contains(method))
                .collect();
        let method = *can_draw.get(self.n_drawn as usize % can_draw.len().max(1))?;
        self.n_drawn += 1;
        let seed = self.seed + u64::from(self.n_drawn);
        let (number, dice) = (self.n_drawn, &mut self.dice);
        Some(match method {
            Method::Network => drawn_network(dice, number, seed),
            _ => drawn_boosted(dice, &self.size, number, seed),
        })
    }
}

/// Rounds, leaves and rates that do well by themselves.
fn boosted(size: &Size, seed: u64) -> BoostOptions {
    // Small tables take small steps: a round costs nothing there.
    let learning_rate = if size.n_rows < 5_000.0 { 0.03 } else { 0.06 };
    let base = BoostOptions {
        iterations: 2_000,
        learning_rate,
        leaf_rows_min: if size.n_rows < 2_000.0 { 10 } else { 20 },
        l2: 1.0,
        patience: if size.n_rows < 5_000.0 { 60 } else { 40 },
        seed,
        ..BoostOptions::default()
    };
    lean(size, base)
}

/// Larger steps over fewer rows and features, as far as a fit would else take too much of the budget: half a model is better
/// than none.
fn lean(size: &Size, mut options: BoostOptions) -> BoostOptions {
    let steps: [fn(&mut BoostOptions); 6] = [
        |options| (options.learning_rate, options.patience) = (0.1, 20),
        |options| options.feature_fraction *= 0.5,
        |options| options.bagging_fraction *= 0.5,
        |options| (options.learning_rate, options.iterations) = (0.15, 200),
        |options| options.feature_fraction *= 0.4,
        |options| {
            (options.leaves_max, options.iterations, options.bagging_fraction) = (15, 60, 0.2)
        },
    ];
    for step in steps {
        if boosted_price(&options, size) <= FIT_SHARE * size.budget_s {
            break;
        }
        step(&mut options);
    }
    options
}

/// Rounds that a fit usually makes.
fn rounds_usual(options: &BoostOptions, size: &Size) -> f64 {
    // Small tables are learned by heart soon.
    let of_size = (size.n_rows / 4_000.0).sqrt().clamp(0.25, 2.0);
    let rounds = ROUNDS_USUAL * of_size * 0.05 / options.learning_rate;
    rounds.min(f64::from(options.iterations)) + f64::from(options.patience)
}

fn boosted_price(options: &BoostOptions, size: &Size) -> f64 {
    let leaves = f64::from(options.leaves_max).min(size.n_rows / 10.0).max(2.0);
    let depth = leaves.log2();
    let features = size.n_features * options.feature_fraction;
    let searched = 2.0 * leaves * features * options.node_feature_fraction;
    let bag = size.n_rows * options.bagging_fraction;
    let is_drawn = options.bagging_fraction < 1.0;
    let walking = 0.2 * size.n_rows + if is_drawn { size.n_rows } else { 0.0 };
    let scanned = if options.random_thresholds { 0.0 } else { searched * size.n_bins };
    let tree = work::seconds_of(&[
        (Step::Derivative, 1.2 * size.n_rows),
        (Step::Moved, 2.0 * size.n_rows + bag * (1.0 + 1.3 * depth)),
        (Step::Drawn, if is_drawn { size.n_rows } else { 0.0 }),
        // The smaller half of a node is counted: a third of its rows.
        (Step::Filled, bag * features * (1.0 + depth / 3.0)),
        (Step::Subtracted, leaves * features * size.n_bins),
        (Step::Scanned, scanned),
        (Step::Searched, searched),
        (Step::Walked, walking * (depth + 1.0)),
        (Step::Grown, 1.0),
    ]);
    rounds_usual(options, size) * size.n_outputs * tree
}

/// Elastic nets: large tables, and many classes, need neither many penalties nor the choice between their kinds.
fn linear(size: &Size) -> LinearOptions {
    let usual = LinearOptions { tolerance: 1e-4, ..LinearOptions::default() };
    match size.n_rows * size.n_features * size.n_outputs {
        0.0..300_000.0 => usual,
        300_000.0..2_000_000.0 => {
            LinearOptions { n_lambdas: 20, l1_shares: vec![0.2], patience: 3, ..usual }
        }
        _ => LinearOptions { n_lambdas: 12, l1_shares: vec![0.2], patience: 2, ..usual },
    }
}

fn defaults(size: &Size, seed: u64) -> Vec<Candidate> {
    let named = |name: &str, about: &str, settings| Candidate {
        name: name.to_owned(),
        about: about.to_owned(),
        settings,
    };
    let base = boosted(size, seed);
    let shallow = BoostOptions {
        depth_max: Some(3),
        leaves_max: 8,
        feature_fraction: 0.7,
        bagging_fraction: 0.8,
        l2: 5.0,
        ..base.clone()
    };
    let wide = BoostOptions {
        leaves_max: 15,
        feature_fraction: 0.6,
        bagging_fraction: 0.7,
        ..base.clone()
    };
    let random = BoostOptions {
        random_thresholds: true,
        node_feature_fraction: 0.6,
        path_smoothing: 5.0,
        ..base.clone()
    };
    let bins = LinearOptions {
        numbers: NumberCoding::LinearAndBins { n_bins: 16 },
        l1_shares: vec![0.2],
        ..linear(size)
    };
    let forest = ForestOptions { trees: 300, leaf_rows_min: 3, seed, ..ForestOptions::default() };
    let extra = ForestOptions { random_thresholds: true, bootstrap: false, ..forest.clone() };
    let network = NetworkOptions { seed, ..NetworkOptions::default() };
    vec![
        named("linear", "elastic net", Settings::Linear(linear(size))),
        named("boosted", "defaults", Settings::Boosted(base)),
        named("boosted shallow", "depth 3", Settings::Boosted(shallow)),
        named("forest", "300 trees", Settings::Forest(forest)),
        named("linear bins", "elastic net over slopes and bins", Settings::Linear(bins)),
        named("boosted wide", "15 leaves, 60 % of features", Settings::Boosted(wide)),
        named("extra trees", "300 trees, random thresholds", Settings::Forest(extra)),
        named("network", "8 members of 64 × 64", Settings::Network(network)),
        named("boosted random", "random thresholds", Settings::Boosted(random)),
    ]
}

fn drawn_boosted(dice: &mut impl Rng, size: &Size, number: u32, seed: u64) -> Candidate {
    let mut pick = |choices: &[f64]| choices[dice.random_range(0..choices.len())];
    let base = boosted(size, seed);
    let leaves = pick(&[4.0, 8.0, 16.0, 31.0, 63.0]);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "one of the choices"
    )]
    let options = BoostOptions {
        leaves_max: leaves as u32,
        leaf_rows_min: pick(&[3.0, 8.0, 20.0, 40.0, 80.0]) as u32,
        l2: pick(&[0.1, 1.0, 3.0, 10.0, 30.0]),
        l1: pick(&[0.0, 0.0, 0.5, 2.0]),
        feature_fraction: pick(&[0.4, 0.6, 0.8, 1.0]),
        node_feature_fraction: pick(&[0.5, 0.8, 1.0]),
        bagging_fraction: pick(&[0.5, 0.7, 0.9, 1.0]),
        path_smoothing: pick(&[0.0, 0.0, 2.0, 10.0]),
        learning_rate: base.learning_rate * pick(&[0.6, 1.0]),
        random_thresholds: pick(&[0.0, 0.0, 1.0]) > 0.0,
        categories: CategorySplits {
            smooth: pick(&[2.0, 10.0, 30.0]),
            ..CategorySplits::default()
        },
        ..base
    };
    let about = format!(
        "{} leaves, l2 {}, {:.0} % of features, {:.0} % of rows",
        options.leaves_max,
        options.l2,
        100.0 * options.feature_fraction,
        100.0 * options.bagging_fraction
    );
    Candidate { name: format!("boosted {number}"), about, settings: Settings::Boosted(options) }
}

fn drawn_network(dice: &mut impl Rng, number: u32, seed: u64) -> Candidate {
    let hidden = [32, 64, 128][dice.random_range(0..3)];
    let options = NetworkOptions {
        hidden: vec![hidden; dice.random_range(1..3)],
        dropout: [0.05, 0.15, 0.3][dice.random_range(0..3)],
        learning_rate: [1e-3, 2e-3, 4e-3][dice.random_range(0..3)],
        n_bins: [12, 24, 48][dice.random_range(0..3)],
        seed,
        ..NetworkOptions::default()
    };
    let about = format!("{} layers of {hidden}, dropout {}", options.hidden.len(), options.dropout);
    Candidate { name: format!("network {number}"), about, settings: Settings::Network(options) }
}

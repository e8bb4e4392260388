//! What a moment looks like: the load and every indicator relative to what is usual for them.
//!
//! In: a load, its capacity, indicators. Out: a column a feature, a value a step, made of what was known at that step.
//! Source: the measurements behind `docs/methods/early-warning.md`: changes relative to now halve the error of levels.
//! Departures: ratios to the median of seven days, logged; a tenth of the usual is added on both sides, so that an
//! indicator may be 0. The one column that knows the capacity is the load over capacity that the season alone would bring.
//! Cost: O(columns · n · window of the median), moves of memory. Checked against: moments by hand (`tests/it/warning.rs`).

use super::usual_load::{UsualLoad, levels, steps_of};
use super::{Capacity, WarningOptions};
use crate::indicators::{Form, Indicator, span_words};
use crate::rolling::trailing_median;

const DAY_S: i64 = 86_400;
/// Seconds of the changes that are looked at beside that of one step.
const CHANGES_S: [i64; 2] = [900, 3_600];
/// Share of the usual that is added on both sides of a ratio.
const FLOOR: f64 = 0.1;

/// One feature at every step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Feature {
    /// What a person calls the thing: features of one indicator share it.
    pub(crate) driver: String,
    /// What tells the features of one driver apart.
    pub(crate) aspect: &'static str,
    /// Unit of `raw`.
    pub(crate) unit: String,
    /// What a model sees.
    pub(crate) values: Vec<f64>,
    /// The thing itself.
    pub(crate) raw: Vec<f64>,
    /// What is usual for it; NaN where nothing is.
    pub(crate) usual: Vec<f64>,
}

/// A load with its capacity and its features.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) start_s: i64,
    pub(crate) step_s: i64,
    pub(crate) load: Vec<f64>,
    pub(crate) capacity: Vec<f64>,
    /// Load over capacity.
    pub(crate) utilization: Vec<f64>,
    pub(crate) features: Vec<Feature>,
    /// Features of the load itself; they come first.
    pub(crate) n_of_load: usize,
    /// Age in seconds of the newest value of each indicator at the last step; `None` where too old.
    pub(crate) ages: Vec<(String, Option<u32>)>,
}

impl Moments {
    pub(crate) fn time(&self, at: usize) -> i64 {
        self.start_s + i64::try_from(at).unwrap_or(i64::MAX / self.step_s.max(1)) * self.step_s
    }

    pub(crate) fn len(&self) -> usize {
        self.load.len()
    }

    /// Whether the load was measured and was under capacity: what a warning can be about.
    pub(crate) fn is_open(&self, at: usize) -> bool {
        self.utilization[at] < 1.0 && !self.features[0].values[at].is_nan()
    }

    pub(crate) fn is_breaching(&self, at: usize) -> bool {
        self.utilization[at] >= 1.0
    }

    /// The grid of a load: its time and seconds a step.
    pub(crate) fn grid(start_s: i64, step_s: i64, load: Vec<f64>, capacity: &Capacity) -> Self {
        let time = |at: usize| start_s + i64::try_from(at).unwrap_or(0) * step_s;
        let capacity: Vec<f64> =
            (0..load.len()).map(|at| capacity.at(&load, at, at, time(at))).collect();
        let utilization = super::labels::utilization(&load, &capacity);
        Self {
            start_s,
            step_s,
            load,
            capacity,
            utilization,
            features: Vec::new(),
            n_of_load: 0,
            ages: Vec::new(),
        }
    }

    /// Makes the features; the shape of a usual day is learned from the steps `0..learn_until`.
    pub(crate) fn describe(
        &mut self,
        capacity: &Capacity,
        indicators: &[Indicator],
        learn_until: usize,
        options: &WarningOptions,
    ) {
        self.features = of_load(self, capacity, learn_until, options.window_steps);
        self.n_of_load = self.features.len();
        let times: Vec<i64> = (0..self.len()).map(|at| self.time(at)).collect();
        let last = times.last().copied().unwrap_or(self.start_s);
        for indicator in indicators {
            let raw = indicator.over(&times, options.age_max_s);
            self.features.extend(of_indicator(indicator, raw, self.step_s));
            let age = indicator.known_at(last, options.age_max_s).map(|(_, age)| age);
            self.ages.push((indicator.name.clone(), age));
        }
    }
}

fn lagged(values: &[f64], steps: usize) -> Vec<f64> {
    let change = |at: usize| at.checked_sub(steps).map_or(f64::NAN, |old| values[at] - values[old]);
    (0..values.len()).map(change).collect()
}

fn window_median(values: &[f64], step_s: i64) -> Vec<f64> {
    trailing_median(values, steps_of(7 * DAY_S, step_s), steps_of(DAY_S, step_s))
}

/// `ln` of a ratio to the usual, softened near 0.
fn relative(raw: &[f64], usual: &[f64]) -> Vec<f64> {
    let one = |(raw, usual): (&f64, &f64)| match *usual > 0.0 {
        true => ((raw + FLOOR * usual) / ((1.0 + FLOOR) * usual)).ln(),
        false => f64::NAN,
    };
    raw.iter().zip(usual).map(one).collect()
}

fn of_load(
    moments: &Moments,
    capacity: &Capacity,
    learn_until: usize,
    window: usize,
) -> Vec<Feature> {
    let (load, step_s) = (&moments.load, moments.step_s);
    let n = load.len();
    let level = levels(load, step_s);
    let usual = UsualLoad::fit(load, &level, moments.start_s, step_s, learn_until);
    let shape: Vec<f64> = (0..n + window).map(|at| usual.shape(moments.time(at))).collect();
    let season: Vec<f64> = (0..n).map(|at| level[at] * shape[at]).collect();
    let ratio: Vec<f64> = load.iter().zip(&season).map(|(load, season)| load / season).collect();
    let (expected, rise) = carried(moments, capacity, &shape, window);
    let logs: Vec<f64> = ratio.iter().map(|ratio| ratio.max(1e-6).ln()).collect();
    let of = |driver: &str, aspect, unit: &str, values, raw: &[f64], usual: Vec<f64>| Feature {
        driver: driver.to_owned(),
        aspect,
        unit: unit.to_owned(),
        values,
        raw: raw.to_vec(),
        usual,
    };
    let ln = |values: &[f64]| values.iter().map(|value| value.max(1e-6).ln()).collect::<Vec<_>>();
    let usual_expected = window_median(&expected, step_s);
    let mut features = vec![
        of(
            "load carried along its season",
            "",
            "of capacity",
            ln(&expected),
            &expected,
            usual_expected,
        ),
        of("load over its season", "", "times", logs.clone(), &ratio, vec![1.0; n]),
        of("season ahead", "", "times", ln(&rise), &rise, vec![f64::NAN; n]),
    ];
    for steps in change_steps(step_s) {
        let change = lagged(&logs, steps);
        let words = span_words(u64::try_from(step_s).unwrap_or(0) * steps as u64);
        let raw: Vec<f64> = change.iter().map(|change| change.exp()).collect();
        features.push(of(
            &format!("change of load {words}"),
            "",
            "times",
            change,
            &raw,
            vec![1.0; n],
        ));
    }
    let hour = steps_of(3_600, step_s).max(3);
    let highest = highest_of_late(&ratio, hour);
    features.push(of(
        "highest load of late",
        "",
        "times its season",
        ln(&highest),
        &highest,
        vec![1.0; n],
    ));
    let unrest = unrest(&logs, hour);
    let usual_unrest = window_median(&unrest, step_s);
    let values = relative(&unrest, &usual_unrest);
    features.push(of("unrest of load", "", "share", values, &unrest, usual_unrest));
    features
}

/// The highest of every value and the `steps` before it.
fn highest_of_late(values: &[f64], steps: usize) -> Vec<f64> {
    let of = |at: usize| &values[at.saturating_sub(steps)..=at];
    (0..values.len()).map(|at| of(at).iter().copied().fold(f64::NAN, f64::max)).collect()
}

/// What the season alone makes of the load now, over what will be there to carry it; and by how much the season rises.
fn carried(
    moments: &Moments,
    capacity: &Capacity,
    shape: &[f64],
    window: usize,
) -> (Vec<f64>, Vec<f64>) {
    let (load, n) = (&moments.load, moments.len());
    let expected: Vec<f64> = (0..n)
        .map(|at| {
            let share = |ahead: usize| {
                let carried = capacity.at(load, ahead, at, moments.time(ahead));
                load[at] * shape[ahead] / shape[at] / carried
            };
            (at + 1..=at + window).map(share).fold(f64::NAN, f64::max)
        })
        .collect();
    let rise: Vec<f64> = (0..n)
        .map(|at| shape[at + 1..=at + window].iter().fold(0.0, |a: f64, b| a.max(*b)) / shape[at])
        .collect();
    (expected, rise)
}

/// One step, 15 minutes and an hour, without repeats.
fn change_steps(step_s: i64) -> Vec<usize> {
    let mut steps = vec![1];
    steps.extend(
        CHANGES_S.iter().filter(|span| **span > step_s).map(|span| steps_of(*span, step_s)),
    );
    if steps.len() == 1 {
        steps.extend([3, 12]);
    }
    steps.dedup();
    steps
}

/// Root mean square of one-step changes over the last steps.
fn unrest(logs: &[f64], steps: usize) -> Vec<f64> {
    let squares: Vec<f64> = lagged(logs, 1).iter().map(|change| change * change).collect();
    let one = |at: usize| match (at + 1).checked_sub(steps) {
        Some(from) => (squares[from..=at].iter().sum::<f64>() / steps as f64).sqrt(),
        None => f64::NAN,
    };
    (0..logs.len()).map(one).collect()
}

fn of_indicator(indicator: &Indicator, raw: Vec<f64>, step_s: i64) -> Vec<Feature> {
    let n = raw.len();
    let of = |aspect, values, raw: Vec<f64>, usual| Feature {
        driver: indicator.name.clone(),
        aspect,
        unit: indicator.unit.clone(),
        values,
        raw,
        usual,
    };
    let (values, usual) = match indicator.form {
        Form::Clock => return vec![of("", raw.clone(), raw, vec![f64::NAN; n])],
        Form::Size => {
            let usual = window_median(&raw, step_s);
            (relative(&raw, &usual), usual)
        }
        Form::Change => {
            let sizes: Vec<f64> = raw.iter().map(|value| value.abs()).collect();
            let usual = window_median(&sizes, step_s);
            let one =
                |(raw, usual): (&f64, &f64)| if *usual > 0.0 { raw / usual } else { f64::NAN };
            (raw.iter().zip(&usual).map(one).collect(), usual)
        }
    };
    let change = lagged(&values, 3);
    vec![of("", values, raw.clone(), usual.clone()), of("change", change, raw, usual)]
}

//! The optimum of one form of exponential smoothing.
//!
//! In: a series, a form, the season. Out: parameters with the states before the first value.
//! Source: Hyndman et al. 2008, section 5.1 (likelihood, usual region of the parameters).
//! Departures: states are not handed to the simplex, which is lost in 26 dimensions: shares by Nelder-Mead, states by a
//! Gauss-Newton step (exact for additive errors, where errors are linear in the states), in turn.
//! Cost: about 300 runs of the recursion, `states² n / 2` a Gauss-Newton step.
//! Checked against: statsmodels `ETSModel.fit` (`tests/it/smoothing.rs`).

use super::model::{ErrorKind, EtsForm, EtsParameters, SeasonKind, TrendKind, run};
use super::start;
use crate::gram::Gram;
use crate::simplex;

/// Twice the negative log likelihood without its constants, and the count of free numbers.
pub(crate) fn criterion(values: &[f64], form: EtsForm, start: &EtsParameters) -> f64 {
    let mut states = start.clone();
    let (squares, logs, n) = run(values, form, &mut states, |_, _| {});
    let value = n as f64 * squares.max(f64::MIN_POSITIVE).ln() + 2.0 * logs;
    if value.is_nan() { f64::INFINITY } else { value }
}

/// Parameters at the optimum. `warm`, an earlier fit of the same form, saves most of the search.
pub(crate) fn fit(
    values: &[f64],
    form: EtsForm,
    m: usize,
    warm: Option<&EtsParameters>,
) -> EtsParameters {
    let (level, slope, season) = start::states(values, form, m);
    let mut best = match warm {
        Some(warm) => EtsParameters { level, slope, season, ..warm.clone() },
        None => best_start(values, form, level, slope, season),
    };
    let rounds = if warm.is_some() { 1 } else { 6 };
    for round in 0..rounds {
        let before = criterion(values, form, &best);
        let evaluations = if warm.is_some() || round > 0 { 60 } else { 160 };
        best = fit_shares(values, form, best, evaluations);
        best = step_states(values, form, best);
        // Twice the log likelihood: a hundredth decides between no two forms.
        if before - criterion(values, form, &best) < 0.01 {
            break;
        }
    }
    best
}

/// The best of three starts after a short search: states that hardly move, that follow, and a slope that follows.
fn best_start(
    values: &[f64],
    form: EtsForm,
    level: f64,
    slope: f64,
    season: Vec<f64>,
) -> EtsParameters {
    let starts = [(0.2, 0.02, 0.1), (0.02, 0.005, 0.02), (0.9, 0.7, 0.05)];
    let tries = starts.map(|(alpha, beta, gamma)| {
        let begin = EtsParameters {
            alpha,
            beta: if form.trend == TrendKind::None { 0.0 } else { beta },
            gamma: if form.season == SeasonKind::None { 0.0 } else { gamma },
            phi: if form.trend == TrendKind::Damped { 0.95 } else { 1.0 },
            level,
            slope,
            season: season.clone(),
        };
        // States first: shares that are sought beside bad states grow to repair them.
        let tried = fit_shares(values, form, step_states(values, form, begin), 80);
        (criterion(values, form, &tried), tried)
    });
    let best = tries.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    best.expect("there are three starts").1
}

/// The smoothing shares that are free, packed for the simplex.
fn pack(form: EtsForm, p: &EtsParameters) -> Vec<f64> {
    let mut x = vec![p.alpha];
    if form.trend != TrendKind::None {
        x.push(p.beta);
    }
    if form.season != SeasonKind::None {
        x.push(p.gamma);
    }
    if form.trend == TrendKind::Damped {
        x.push(p.phi);
    }
    x
}

/// Puts packed shares in place; `false` outside the usual region.
fn unpack(form: EtsForm, x: &[f64], p: &mut EtsParameters) -> bool {
    let mut rest = x.iter().copied();
    let mut next = || rest.next().expect("packed by the same form");
    p.alpha = next();
    let mut inside = (1e-4..=0.9999).contains(&p.alpha);
    if form.trend != TrendKind::None {
        p.beta = next();
        inside &= (1e-5..=p.alpha).contains(&p.beta);
    }
    if form.season != SeasonKind::None {
        p.gamma = next();
        inside &= p.gamma >= 1e-5 && p.gamma <= 1.0 - p.alpha;
    }
    if form.trend == TrendKind::Damped {
        p.phi = next();
        inside &= (0.8..=0.98).contains(&p.phi);
    }
    inside
}

fn fit_shares(
    values: &[f64],
    form: EtsForm,
    mut best: EtsParameters,
    evaluations: usize,
) -> EtsParameters {
    let begin = pack(form, &best);
    let steps: Vec<f64> = begin.iter().map(|x| if *x > 0.5 { -0.1 } else { 0.1 }).collect();
    let mut trial = best.clone();
    let mut scratch = best.clone();
    let objective = |x: &[f64]| {
        if !unpack(form, x, &mut trial) {
            return f64::INFINITY;
        }
        scratch.clone_from(&trial);
        let (squares, logs, n) = run(values, form, &mut scratch, |_, _| {});
        n as f64 * squares.max(f64::MIN_POSITIVE).ln() + 2.0 * logs
    };
    let (x, value) = simplex::minimize(objective, &begin, &steps, evaluations, 1e-9);
    if value.is_finite() {
        unpack(form, &x, &mut best);
    }
    best
}

/// A Gauss-Newton step on the states before the first value, taken only as far as it helps.
fn step_states(values: &[f64], form: EtsForm, begin: EtsParameters) -> EtsParameters {
    let m = begin.season.len();
    let trended = usize::from(form.trend != TrendKind::None);
    let free = 1 + trended + m.saturating_sub(1);
    // Long seasons keep their start: the Gram matrix would cost more than it gives.
    if free > 32 || values.len() < 2 * free {
        return begin;
    }
    let errors = |p: &EtsParameters| {
        let mut states = p.clone();
        let mut all = Vec::with_capacity(values.len());
        run(values, form, &mut states, |_, error| all.push(error));
        all
    };
    let base = errors(&begin);
    let scale = begin.level.abs().max(1e-8);
    let mut columns = Vec::with_capacity(free);
    for index in 0..free {
        let mut moved = begin.clone();
        let step = 1e-4 * state_scale(form, index, trended, scale);
        shift(&mut moved, index, trended, step);
        columns.push((step, errors(&moved)));
    }
    let mut gram = Gram::new(free);
    let mut row = vec![0.0; free];
    for (t, error) in base.iter().enumerate() {
        for (entry, (step, moved)) in row.iter_mut().zip(&columns) {
            *entry = (moved[t] - error) / step;
        }
        gram.add(&row, -error, 1.0);
    }
    let ridge: Vec<f64> = (0..free).map(|k| 1e-9 * gram.entry(k, k) + 1e-300).collect();
    let Ok(direction) = gram.solve(&ridge) else { return begin };
    let start_value = criterion(values, form, &begin);
    for factor in [1.0, 0.5, 0.1] {
        let mut moved = begin.clone();
        for (index, step) in direction.iter().enumerate() {
            shift(&mut moved, index, trended, factor * step);
        }
        let positive = moved.level > 0.0 && moved.season.iter().all(|state| *state > 0.0);
        let allowed = !form.needs_positive()
            || (positive || form.season == SeasonKind::Additive && moved.level > 0.0);
        if allowed && criterion(values, form, &moved) < start_value {
            return moved;
        }
    }
    begin
}

/// Moves one free state; the last place of the season keeps the sum of the season.
fn shift(p: &mut EtsParameters, index: usize, trended: usize, step: f64) {
    if index == 0 {
        p.level += step;
    } else if index <= trended {
        p.slope += step;
    } else {
        p.season[index - 1 - trended] += step;
        let last = p.season.len() - 1;
        p.season[last] -= step;
    }
}

fn state_scale(form: EtsForm, index: usize, trended: usize, level: f64) -> f64 {
    if index > trended && form.season == SeasonKind::Multiplicative { 1.0 } else { level }
}

/// Free numbers of a form: shares, states, variance.
pub(crate) fn free_numbers(form: EtsForm, m: usize) -> usize {
    let trend = match form.trend {
        TrendKind::None => 0,
        TrendKind::Additive => 2,
        TrendKind::Damped => 3,
    };
    let season = if form.season == SeasonKind::None { 0 } else { m + 1 };
    2 + trend + season + 1
}

/// Forms that may be fitted, in the order in which ties are broken: simple first.
pub(crate) fn forms(seasonal: bool, positive: bool) -> Vec<EtsForm> {
    let mut all = Vec::new();
    let trends = [TrendKind::None, TrendKind::Additive, TrendKind::Damped];
    let seasons = if seasonal {
        vec![SeasonKind::None, SeasonKind::Additive, SeasonKind::Multiplicative]
    } else {
        vec![SeasonKind::None]
    };
    for season in seasons {
        for error in [ErrorKind::Additive, ErrorKind::Multiplicative] {
            for trend in trends {
                let form = EtsForm { error, trend, season };
                // An additive error beside a seasonal factor has an unstable variance (Hyndman et al. 2008, 6.3).
                let unstable = error == ErrorKind::Additive && season == SeasonKind::Multiplicative;
                if !unstable && (positive || !form.needs_positive()) {
                    all.push(form);
                }
            }
        }
    }
    all
}

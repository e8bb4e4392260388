//! The model behind warnings: fitted in folds of time, chosen, calibrated, given a threshold.
//!
//! In: [`Watched`] and options. Out: a [`Warner`]. Source: boosted trees of `learn`; isotonic calibration (Zadrozny and Elkan
//! 2002) and the threshold on scores of folds that were held out, with a gap on both sides.
//! Departures: three candidates (load and indicators, load alone, the load carried along its season) are compared by average
//! precision on held-out steps; more data must be better by a hundredth, or the simpler one stands.
//! Cost: five folds and a whole fit of two candidates. Checked against: `tests/it/warning.rs`, `benches/warning.rs`.

use learn::metrics;
use learn::trees::{BoostOptions, Monotone, TreeModel, boost};
use learn::{Calibration, FeatureKind, Matrix, Task, Training};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::features::Moments;
use super::labels::{Episode, episodes, labels};
use super::scorecard::{Clock, Scorecard, scorecard};
use super::threshold::{Seen, Threshold, choose, rule, run};
use super::{WarningOptions, Watched};
use crate::ForecastError;

/// Shares of the capacity that moments are shown with.
pub(super) const FACTORS: [f64; 4] = [1.0, 0.9, 0.8, 0.7];
/// Folds of time.
const FOLDS: usize = 5;
/// Of steps far from any breach one in so many is kept, with its weight.
const THINNED: usize = 3;
/// Breaches, of the capacity or of a lowered one, without which nothing can be learned.
const BREACHES_MIN: usize = 5;
/// More data must raise the average precision by this share.
const GAIN_MIN: f64 = 0.01;
/// Share of the sigmoid in a stated probability.
const SIGMOID: f64 = 0.1;
/// Days before which no level is known, and then some to learn from.
const DAYS_MIN: i64 = 7;

/// A way to score moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Candidate {
    /// Boosted trees on load and indicators.
    LoadAndIndicators,
    /// Boosted trees on the load alone.
    LoadAlone,
    /// The load carried along its season, over its capacity.
    SeasonOnly,
}

impl Candidate {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoadAndIndicators => "boosted trees on load and indicators",
            Self::LoadAlone => "boosted trees on the load alone",
            Self::SeasonOnly => "load carried along its season",
        }
    }
}

/// How a candidate did on held-out steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CandidateScore {
    /// Which.
    pub candidate: Candidate,
    /// Average precision, `0.0..=1.0`.
    pub average_precision: f64,
}

/// A model that warns.
#[derive(Debug, Clone)]
pub struct Warner {
    pub(super) options: WarningOptions,
    pub(super) chosen: Candidate,
    pub(super) compared: Vec<CandidateScore>,
    pub(super) model: Option<TreeModel>,
    pub(super) calibration: Stated,
    pub(super) threshold: Threshold,
    /// By how much feedback moved the threshold, log-odds.
    pub(super) shift: f64,
    /// The factor it was calibrated at.
    pub(super) level: usize,
    /// Steps it was fitted to.
    pub(super) trained: usize,
    /// First and last time of them.
    pub(super) window_s: (i64, i64),
    pub(super) n_breaches: usize,
    /// Share of steps that a breach followed.
    pub(super) base_rate: f64,
    pub(super) id: String,
    pub(super) notes: Vec<String>,
}

/// The probability of a score: isotonic steps, with a little of a sigmoid. Over a wide step a verdict would move the
/// threshold and nobody would see it, and alerts of unlike scores would be stated alike.
#[derive(Debug, Clone)]
pub(super) struct Stated {
    steps: Calibration,
    /// `None` where it falls with the score.
    sigmoid: Option<Calibration>,
}

impl Stated {
    fn of(scores: &[f64], targets: &[bool]) -> Result<Self, ForecastError> {
        let sigmoid = Calibration::platt(scores, targets)?;
        let rises = sigmoid.probability(1.0) > sigmoid.probability(0.0);
        Ok(Self {
            steps: Calibration::isotonic(scores, targets)?,
            sigmoid: rises.then_some(sigmoid),
        })
    }

    fn probability(&self, score: f64) -> f64 {
        let steps = self.steps.probability(score);
        let of =
            |sigmoid: &Calibration| SIGMOID * sigmoid.probability(score) + (1.0 - SIGMOID) * steps;
        self.sigmoid.as_ref().map_or(steps, of)
    }
}

/// Rows of moments at several shares of the capacity.
struct Rows {
    /// Step and factor.
    places: Vec<(usize, usize)>,
    targets: Vec<f64>,
    weights: Vec<f64>,
}

/// Labels and episodes at each factor.
struct Truth {
    labels: Vec<Vec<Option<bool>>>,
    episodes: Vec<Vec<Episode>>,
}

impl Truth {
    fn of(utilization: &[f64], options: &WarningOptions) -> Self {
        let label = |factor: &f64| labels(utilization, *factor, options.window_steps);
        let episode = |factor: &f64| episodes(utilization, *factor, options.cooling_steps);
        Self {
            labels: FACTORS.iter().map(label).collect(),
            episodes: FACTORS.iter().map(episode).collect(),
        }
    }
}

fn is_usable(moments: &Moments, at: usize, factor: f64) -> bool {
    moments.utilization[at] < factor && !moments.features[0].values[at].is_nan()
}

impl Rows {
    fn of(moments: &Moments, truth: &Truth, steps: &dyn Fn(usize) -> bool, window: usize) -> Self {
        let mut rows = Self { places: Vec::new(), targets: Vec::new(), weights: Vec::new() };
        for (place, factor) in FACTORS.iter().enumerate() {
            let labels = &truth.labels[place];
            // Steps whose surroundings hold no breach are many and alike.
            let mut near = vec![false; labels.len()];
            for (at, _) in labels.iter().enumerate().filter(|(_, label)| **label == Some(true)) {
                near[at.saturating_sub(window)..(at + window).min(labels.len())].fill(true);
            }
            for at in (0..labels.len()).filter(|at| steps(*at) && is_usable(moments, *at, *factor))
            {
                let Some(target) = labels[at] else { continue };
                if !near[at] && at % THINNED != 0 {
                    continue;
                }
                rows.places.push((at, place));
                rows.targets.push(f64::from(u8::from(target)));
                rows.weights.push(if near[at] { 1.0 } else { THINNED as f64 });
            }
        }
        rows
    }

    fn training(&self, moments: &Moments, n_features: usize) -> Result<Training, ForecastError> {
        Ok(Training {
            task: Task::Binary,
            features: matrix(moments, &self.places, n_features)?,
            targets: self.targets.clone(),
            weights: self.weights.clone(),
        })
    }

    fn has_both(&self) -> bool {
        self.targets.contains(&0.0) && self.targets.contains(&1.0)
    }
}

/// Features of steps, the first of them as the lowered capacity has it.
pub(super) fn matrix(
    moments: &Moments,
    places: &[(usize, usize)],
    n_features: usize,
) -> Result<Matrix, ForecastError> {
    let mut matrix = Matrix::new(places.len());
    for (number, feature) in moments.features.iter().take(n_features).enumerate() {
        let value = |(at, factor): &(usize, usize)| match number {
            0 => feature.values[*at] - FACTORS[*factor].ln(),
            _ => feature.values[*at],
        };
        let name = format!("{} {}", feature.driver, feature.aspect);
        matrix.push(name, FeatureKind::Number, places.iter().map(value).collect())?;
    }
    Ok(matrix)
}

fn boosted(training: &Training, seed: u64) -> Result<TreeModel, ForecastError> {
    let n = training.features.n_features();
    let mut monotone = vec![Monotone::Free; n];
    // Nearer to capacity is never safer.
    monotone[0] = Monotone::Rising;
    let options = BoostOptions {
        iterations: 120,
        learning_rate: 0.06,
        leaves_max: 8,
        leaf_rows_min: 40,
        l2: 5.0,
        feature_fraction: 0.5,
        bagging_fraction: 0.7,
        bins_max: 127,
        monotone,
        seed,
        ..BoostOptions::default()
    };
    Ok(boost(training, &options, None, &mut |_| true)?.model)
}

/// Margins of some steps at one of the factors.
fn margins(
    model: Option<&TreeModel>,
    moments: &Moments,
    steps: &[usize],
    factor: usize,
    n_features: usize,
) -> Result<Vec<f64>, ForecastError> {
    let places: Vec<(usize, usize)> = steps.iter().map(|at| (*at, factor)).collect();
    match model {
        Some(model) => Ok(model.margins(&matrix(moments, &places, n_features)?)?),
        None => Ok(steps.iter().map(|at| season_margin(moments, *at, factor)).collect()),
    }
}

/// The first feature as a score in the size of log-odds: one unit of log-odds a tenth of the capacity.
fn season_margin(moments: &Moments, at: usize, factor: usize) -> f64 {
    10.0 * (moments.features[0].values[at] - FACTORS[factor].ln())
}

impl Warner {
    /// Learns from all of a history.
    ///
    /// # Errors
    /// A series, capacity, indicator or option that is not sound; fewer than nine days; no load near the capacity.
    pub fn fit(watched: &Watched<'_>, options: &WarningOptions) -> Result<Self, ForecastError> {
        let step_s = watched.checked(options)?;
        let n = watched.load.values.len();
        Self::fit_until(&moments(watched, step_s, n, options), options, n)
    }

    /// Learns from the steps before `until`, and looks at none after.
    fn fit_until(
        moments: &Moments,
        options: &WarningOptions,
        until: usize,
    ) -> Result<Self, ForecastError> {
        let needed =
            usize::try_from((2 + DAYS_MIN) * 86_400 / moments.step_s).unwrap_or(usize::MAX);
        let found = moments.load[..until].iter().filter(|value| !value.is_nan()).count();
        if found < needed {
            return Err(ForecastError::TooShort { method: "a warning", needed, found });
        }
        let truth = Truth::of(&moments.utilization[..until], options);
        let most = truth.episodes.iter().map(Vec::len).max().unwrap_or(0);
        if most < BREACHES_MIN {
            let highest = moments.utilization[..until].iter().copied().fold(0.0, f64::max);
            return Err(ForecastError::FarFromCapacity {
                found: most,
                needed: BREACHES_MIN,
                share: FACTORS[FACTORS.len() - 1],
                highest,
                usual: usual(&moments.utilization[..until]),
            });
        }
        // Where the capacity itself was hardly ever reached, a lowered one stands for it.
        let level =
            truth.episodes.iter().position(|found| found.len() >= BREACHES_MIN).unwrap_or(0);
        let folds = folds(moments, until);
        Learner { moments, truth: &truth, options, until, level, folds }.fit()
    }

    /// Fits to the first `training_share` of a history and replays the rest as it came.
    ///
    /// # Errors
    /// As [`Warner::fit`].
    pub fn replay(
        watched: &Watched<'_>,
        options: &WarningOptions,
        training_share: f64,
    ) -> Result<Scorecard, ForecastError> {
        let step_s = watched.checked(options)?;
        let n = watched.load.values.len();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count"
        )]
        let until = (n as f64 * training_share.clamp(0.0, 1.0)) as usize;
        let moments = moments(watched, step_s, until, options);
        let warner = Self::fit_until(&moments, options, until)?;
        warner.judge(&moments, until)
    }

    /// What it would have said from step `from` on, and what that was worth.
    fn judge(&self, moments: &Moments, from: usize) -> Result<Scorecard, ForecastError> {
        let path = self.path(moments, from)?;
        let machine = run(self.rule(), &path);
        let utilization = &moments.utilization[from..];
        let breaches = episodes(utilization, 1.0, self.options.cooling_steps);
        let labels = labels(utilization, 1.0, self.options.window_steps);
        let stated = path.iter().zip(&labels).filter_map(|(seen, label)| {
            Some((self.calibration.probability(seen.score?), (*label)?))
        });
        Ok(scorecard(
            machine.fired(),
            &breaches,
            &stated.unzip(),
            &self.clock(moments, from),
            self.options.false_per_week,
            &|score| self.calibration.probability(score),
        ))
    }

    pub(super) fn clock(&self, moments: &Moments, from: usize) -> Clock {
        Clock {
            start_s: moments.time(from),
            step_s: moments.step_s,
            n: moments.len() - from,
            window: self.options.window_steps,
            lead_min: self.options.lead_min_steps,
        }
    }

    /// Scores from a step on.
    pub(super) fn path(&self, moments: &Moments, from: usize) -> Result<Vec<Seen>, ForecastError> {
        let open: Vec<usize> = (from..moments.len()).filter(|at| moments.is_open(*at)).collect();
        let n_features = self.n_features(moments);
        let mut scores = margins(self.model.as_ref(), moments, &open, 0, n_features)?.into_iter();
        let seen = |at: usize| Seen {
            score: if moments.is_open(at) { scores.next() } else { None },
            is_breaching: moments.is_breaching(at),
        };
        Ok((from..moments.len()).map(seen).collect())
    }

    pub(super) fn n_features(&self, moments: &Moments) -> usize {
        match self.chosen {
            Candidate::LoadAndIndicators => moments.features.len(),
            Candidate::LoadAlone => moments.n_of_load,
            Candidate::SeasonOnly => 1,
        }
    }

    /// The rule that fires, with what feedback made of it.
    pub fn rule(&self) -> super::FiringRule {
        rule(self.threshold.score + self.shift, &self.options)
    }

    /// The probability at a score.
    pub fn probability(&self, score: f64) -> f64 {
        self.calibration.probability(score)
    }

    /// The probability from which on it fires.
    pub fn threshold_probability(&self) -> f64 {
        self.calibration.probability(self.threshold.score + self.shift)
    }

    /// How the candidates did.
    pub fn compared(&self) -> &[CandidateScore] {
        &self.compared
    }

    /// The threshold and what it did on held-out steps.
    pub fn threshold(&self) -> &Threshold {
        &self.threshold
    }

    /// Moves the threshold by what people said of alerts, the oldest first: a useful one lowers it a little, one that was not
    /// raises it; by a unit of log-odds at most either way. In balance where three of four are useful.
    #[must_use]
    pub fn with_feedback(mut self, was_useful: &[bool]) -> Self {
        const STEP: f64 = 0.2;
        const USEFUL: f64 = 0.75;
        const SHIFT_MAX: f64 = 1.0;
        for useful in was_useful {
            let missed = if *useful { 0.0 } else { 1.0 };
            self.shift =
                (self.shift + STEP * (missed - (1.0 - USEFUL))).clamp(-SHIFT_MAX, SHIFT_MAX);
        }
        self
    }
}

/// Judges a score a step over a threshold from step `from` on, by the same rules as a [`Warner`]: what it is compared with.
///
/// # Errors
/// As [`Warner::fit`]; a score for another number of steps.
pub fn judge_scores(
    watched: &Watched<'_>,
    options: &WarningOptions,
    scores: &[f64],
    threshold: f64,
    from: usize,
) -> Result<Scorecard, ForecastError> {
    let step_s = watched.checked(options)?;
    let load = watched.load;
    let n = load.values.len();
    if scores.len() != n || from > n {
        let (what, found) = ("scores".to_owned(), scores.len());
        return Err(ForecastError::Length { what, expected: n, found });
    }
    let moments = Moments::grid(load.start_s, step_s, load.values.clone(), watched.capacity);
    let seen = |at: usize| Seen {
        score: Some(scores[at]).filter(|score| moments.utilization[at] < 1.0 && !score.is_nan()),
        is_breaching: moments.is_breaching(at),
    };
    let path: Vec<Seen> = (from..n).map(seen).collect();
    let rule = rule(threshold, &WarningOptions { hysteresis: 0.0, ..options.clone() });
    let utilization = &moments.utilization[from..];
    let labels = labels(utilization, 1.0, options.window_steps);
    let certain = |score: f64| if score >= threshold { 1.0 } else { 0.0 };
    let stated = path.iter().zip(&labels);
    let stated = stated.filter_map(|(seen, label)| Some((certain(seen.score?), (*label)?)));
    let clock = Clock {
        start_s: moments.time(from),
        step_s,
        n: n - from,
        window: options.window_steps,
        lead_min: options.lead_min_steps,
    };
    Ok(scorecard(
        run(rule, &path).fired(),
        &episodes(utilization, 1.0, options.cooling_steps),
        &stated.unzip(),
        &clock,
        options.false_per_week,
        &certain,
    ))
}

/// The moments of a history; the usual day is learned from the steps before `learn_until`.
pub(super) fn moments(
    watched: &Watched<'_>,
    step_s: i64,
    learn_until: usize,
    options: &WarningOptions,
) -> Moments {
    let load = watched.load;
    let mut moments = Moments::grid(load.start_s, step_s, load.values.clone(), watched.capacity);
    moments.describe(watched.capacity, watched.indicators, learn_until, options);
    moments
}

struct Learner<'a> {
    moments: &'a Moments,
    truth: &'a Truth,
    options: &'a WarningOptions,
    until: usize,
    /// The factor that scores are calibrated at.
    level: usize,
    /// Steps of each fold.
    folds: Vec<std::ops::Range<usize>>,
}

/// Stretches of equal length over the steps of which anything is known.
fn folds(moments: &Moments, until: usize) -> Vec<std::ops::Range<usize>> {
    let known = |at: &usize| !moments.features[0].values[*at].is_nan();
    let first = (0..until).find(known).unwrap_or(0);
    let size = (until - first).div_ceil(FOLDS).max(1);
    let cut = |fold: usize| (first + fold * size).min(until);
    (0..FOLDS).map(|fold| cut(fold)..cut(fold + 1)).collect()
}

impl Learner<'_> {
    fn is_open(&self, at: usize) -> bool {
        is_usable(self.moments, at, FACTORS[self.level])
    }

    /// Scores of held-out steps, by step; `None` where there is none.
    fn held_out(&self, n_features: usize) -> Result<Vec<Option<f64>>, ForecastError> {
        let gap = self.options.window_steps + self.options.cooling_steps;
        let scored: Result<Vec<Vec<(usize, f64)>>, ForecastError> = self
            .folds
            .par_iter()
            .enumerate()
            .map(|(number, fold)| {
                let (low, high) = (fold.start.saturating_sub(gap), fold.end + gap);
                let outside = |at: usize| at < low || at >= high;
                let rows = Rows::of(self.moments, self.truth, &outside, self.options.window_steps);
                let steps: Vec<usize> = fold.clone().filter(|at| self.is_open(*at)).collect();
                if !rows.has_both() {
                    // Every breach lies in this fold: nothing was learned for it.
                    return Ok(steps.into_iter().map(|at| (at, f64::MIN_POSITIVE.ln())).collect());
                }
                let seed = self.options.seed.wrapping_add(number as u64);
                let model = boosted(&rows.training(self.moments, n_features)?, seed)?;
                let margins = margins(Some(&model), self.moments, &steps, self.level, n_features)?;
                Ok(steps.into_iter().zip(margins).collect())
            })
            .collect();
        let mut scores = vec![None; self.until];
        for (at, score) in scored?.into_iter().flatten() {
            scores[at] = Some(score);
        }
        Ok(scores)
    }

    fn season_scores(&self) -> Vec<Option<f64>> {
        let score = |at: usize| season_margin(self.moments, at, self.level);
        (0..self.until).map(|at| self.is_open(at).then(|| score(at))).collect()
    }

    /// Scores with what came true.
    fn pairs(&self, scores: &[Option<f64>]) -> (Vec<f64>, Vec<bool>) {
        let labels = &self.truth.labels[self.level];
        scores.iter().zip(labels).filter_map(|(score, label)| Some(((*score)?, (*label)?))).unzip()
    }

    fn fit(&self) -> Result<Warner, ForecastError> {
        let (all, own) = (self.moments.features.len(), self.moments.n_of_load);
        let mut candidates = vec![(Candidate::SeasonOnly, self.season_scores())];
        candidates.push((Candidate::LoadAlone, self.held_out(own)?));
        if all > own {
            candidates.push((Candidate::LoadAndIndicators, self.held_out(all)?));
        }
        let mut notes = Vec::new();
        let compared: Vec<CandidateScore> = candidates
            .iter()
            .map(|(candidate, scores)| {
                let (scores, targets) = self.pairs(scores);
                let average_precision = average_precision(&scores, &targets);
                CandidateScore { candidate: *candidate, average_precision }
            })
            .collect();
        let chosen = chosen(&compared);
        let (candidate, scores) = candidates.swap_remove(chosen);
        let n_breaches = self.truth.episodes[0].len();
        if n_breaches < BREACHES_MIN {
            notes.push(format!(
                "the capacity was reached {n_breaches} times only: calibrated on loads that reached {:.0} % of it",
                100.0 * FACTORS[self.level]
            ));
        }
        let (paired, targets) = self.pairs(&scores);
        let calibration = Stated::of(&paired, &targets)?;
        let threshold = self.threshold(&scores).ok_or(ForecastError::TooShort {
            method: "a threshold",
            needed: 1,
            found: 0,
        })?;
        if !threshold.keeps_promise {
            notes.push(format!(
                "so short a history cannot promise {} false pages a week: the bound is {:.2}",
                self.options.false_per_week, threshold.bound_per_week
            ));
        }
        let model = match candidate {
            Candidate::SeasonOnly => None,
            Candidate::LoadAlone => Some(self.whole(own)?),
            Candidate::LoadAndIndicators => Some(self.whole(all)?),
        };
        let share =
            targets.iter().filter(|target| **target).count() as f64 / targets.len().max(1) as f64;
        let mut warner = Warner {
            options: self.options.clone(),
            chosen: candidate,
            compared,
            model,
            calibration,
            threshold,
            shift: 0.0,
            level: self.level,
            trained: self.until,
            window_s: (self.moments.time(0), self.moments.time(self.until - 1)),
            n_breaches,
            base_rate: share,
            id: String::new(),
            notes,
        };
        warner.id = identity(&warner, self.moments);
        Ok(warner)
    }

    fn whole(&self, n_features: usize) -> Result<TreeModel, ForecastError> {
        let rows = Rows::of(self.moments, self.truth, &|_| true, self.options.window_steps);
        boosted(&rows.training(self.moments, n_features)?, self.options.seed)
    }

    fn threshold(&self, scores: &[Option<f64>]) -> Option<Threshold> {
        let from = self.folds.first()?.start;
        let path: Vec<Seen> = (from..self.until)
            .map(|at| Seen {
                score: scores[at],
                is_breaching: self.moments.utilization[at] >= FACTORS[self.level],
            })
            .collect();
        let utilization = &self.moments.utilization[from..self.until];
        let breaches = episodes(utilization, FACTORS[self.level], self.options.cooling_steps);
        let clock = Clock {
            start_s: self.moments.time(from),
            step_s: self.moments.step_s,
            n: path.len(),
            window: self.options.window_steps,
            lead_min: self.options.lead_min_steps,
        };
        choose(&path, &breaches, &clock, self.options)
    }
}

/// The last that is better than all simpler ones by a hundredth.
fn chosen(compared: &[CandidateScore]) -> usize {
    let mut chosen = 0;
    for (at, score) in compared.iter().enumerate().skip(1) {
        if score.average_precision > compared[chosen].average_precision * (1.0 + GAIN_MIN) {
            chosen = at;
        }
    }
    chosen
}

/// 0 where nothing came true.
fn average_precision(scores: &[f64], targets: &[bool]) -> f64 {
    let targets: Vec<f64> = targets.iter().map(|target| f64::from(u8::from(*target))).collect();
    metrics::average_precision(scores, &targets, None).unwrap_or(0.0)
}

/// FNV-1a over everything that made the model, so that an answer can name it.
fn identity(warner: &Warner, moments: &Moments) -> String {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut eat = |word: u64| {
        for byte in word.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    };
    for value in moments.load[..warner.trained].iter().chain(&moments.capacity[..warner.trained]) {
        eat(value.to_bits());
    }
    for feature in &moments.features {
        feature.values[..warner.trained].iter().for_each(|value| eat(value.to_bits()));
    }
    format!("{:?}", warner.options).bytes().for_each(|byte| eat(u64::from(byte)));
    format!("warner-{hash:016x}")
}

/// The median of what is known; 0 of nothing.
fn usual(utilization: &[f64]) -> f64 {
    let mut known: Vec<f64> = utilization.iter().copied().filter(|u| !u.is_nan()).collect();
    known.sort_by(f64::total_cmp);
    known.get(known.len() / 2).copied().unwrap_or(0.0)
}

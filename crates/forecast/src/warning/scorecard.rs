//! What warnings were worth: every alert against what happened.
//!
//! In: alerts, breach episodes, stated probabilities with outcomes. Out: a [`Scorecard`]. Source: none; definitions here.
//! An alert is a *hit* if a breach begins within the window after one of its stretches began, *early* if one begins later but
//! within the window after its end, else *false*. Precision is hits over alerts: early ones count against it, and as false
//! pages. A breach is *foretold* if a stretch began at least the least lead before it and still fired, or began within the
//! window; its lead is counted to the window at most.
//! Departures: alerts whose window is not over yet are not judged. Cost: O(alerts · breaches).
//! Checked against: alerts by hand (`tests/it/warning.rs`).

use learn::{Reliability, proportion_bounds};
use serde::{Deserialize, Serialize};

use super::labels::Episode;
use super::machine::Fired;

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertOutcome {
    /// A breach followed within the window.
    Hit,
    /// A breach followed, but later than the window.
    Early,
    /// None followed.
    False,
    /// Its window is not over.
    Open,
}

/// An alert of a replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertRecord {
    /// When it was raised, seconds since 1970 UTC.
    pub from_s: i64,
    /// When it last fired.
    pub to_s: i64,
    /// Largest probability while it fired.
    pub probability_max: f64,
    /// What became of it.
    pub outcome: AlertOutcome,
    /// The breach that followed.
    pub breach_s: Option<i64>,
}

/// A breach of a replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreachRecord {
    /// First step over capacity, seconds since 1970 UTC.
    pub from_s: i64,
    /// Last step over capacity.
    pub to_s: i64,
    /// Largest load over capacity.
    pub peak: f64,
    /// Seconds between warning and breach; `None` where it came unannounced.
    pub lead_s: Option<i64>,
}

/// What warnings were worth in a replay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// First and last step judged, seconds since 1970 UTC.
    pub from_s: i64,
    /// Last step judged.
    pub to_s: i64,
    /// Weeks between.
    pub weeks: f64,
    /// Breaches.
    pub n_breaches: usize,
    /// Of them foretold by at least the least lead.
    pub n_foretold: usize,
    /// Alerts, open ones left out.
    pub n_alerts: usize,
    /// Hits among them.
    pub n_hits: usize,
    /// Early ones.
    pub n_early: usize,
    /// Hits over alerts.
    pub precision: Option<f64>,
    /// Its 95 % Clopper-Pearson interval.
    pub precision_95: (f64, f64),
    /// Breaches foretold over breaches.
    pub recall: Option<f64>,
    /// Its 95 % interval.
    pub recall_95: (f64, f64),
    /// Least lead that counts, seconds.
    pub lead_min_s: i64,
    /// Median lead of breaches that were foretold, seconds.
    pub lead_median_s: Option<i64>,
    /// Alerts a week that were no hits.
    pub false_per_week: f64,
    /// What was promised.
    pub promised_per_week: f64,
    /// Mean distance of stated probability and outcome, `0.0..=1.0`.
    pub calibration_error: f64,
    /// Each alert.
    pub alerts: Vec<AlertRecord>,
    /// Each breach.
    pub breaches: Vec<BreachRecord>,
}

/// Steps and seconds of a replay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Time of step 0.
    pub(crate) start_s: i64,
    pub(crate) step_s: i64,
    /// Steps.
    pub(crate) n: usize,
    /// Steps ahead that a warning is about.
    pub(crate) window: usize,
    /// Steps of lead that count.
    pub(crate) lead_min: usize,
}

impl Clock {
    fn time(&self, at: usize) -> i64 {
        self.start_s + self.span(at)
    }

    fn span(&self, steps: usize) -> i64 {
        i64::try_from(steps).unwrap_or(i64::MAX / self.step_s.max(1)) * self.step_s
    }

    pub(crate) fn weeks(&self) -> f64 {
        self.n as f64 * self.step_s as f64 / 604_800.0
    }
}

/// What became of an alert, and the breach that followed.
pub(crate) fn outcome(
    fired: &Fired,
    breaches: &[Episode],
    clock: &Clock,
) -> (AlertOutcome, Option<usize>) {
    let within =
        |from: usize, to: usize| breaches.iter().position(|b| b.from > from && b.from <= to);
    for stretch in &fired.stretches {
        if let Some(breach) = within(stretch.from, stretch.from + clock.window) {
            return (AlertOutcome::Hit, Some(breach));
        }
    }
    let (first, last) = (fired.stretches[0].from, fired.stretches[fired.stretches.len() - 1].to);
    match within(first, last + clock.window) {
        Some(breach) => (AlertOutcome::Early, Some(breach)),
        None if last + clock.window >= clock.n => (AlertOutcome::Open, None),
        None => (AlertOutcome::False, None),
    }
}

/// Steps of lead, at most the window; `None` where nothing foretold it by the least lead.
pub(crate) fn lead(breach: &Episode, fired: &[Fired], clock: &Clock) -> Option<usize> {
    let stretches = fired.iter().flat_map(|fired| &fired.stretches);
    let foretells = |from: usize, to: usize| {
        from + clock.lead_min <= breach.from
            && (to >= breach.from || from + clock.window >= breach.from)
    };
    let leads = stretches.filter(|s| foretells(s.from, s.to)).map(|s| breach.from - s.from);
    leads.max().map(|lead| lead.min(clock.window))
}

/// Judges a replay. `stated` are probabilities with what came true; `probability` turns a score into one.
pub(crate) fn scorecard(
    fired: &[Fired],
    breaches: &[Episode],
    stated: &(Vec<f64>, Vec<bool>),
    clock: &Clock,
    promised_per_week: f64,
    probability: &dyn Fn(f64) -> f64,
) -> Scorecard {
    let judged: Vec<_> = fired.iter().map(|fired| outcome(fired, breaches, clock)).collect();
    let count = |wanted: AlertOutcome| judged.iter().filter(|(found, _)| *found == wanted).count();
    let (n_hits, n_early) = (count(AlertOutcome::Hit), count(AlertOutcome::Early));
    let n_alerts = fired.len() - count(AlertOutcome::Open);
    let leads: Vec<Option<usize>> = breaches.iter().map(|b| lead(b, fired, clock)).collect();
    let mut foretold: Vec<usize> = leads.iter().flatten().copied().collect();
    foretold.sort_unstable();
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    let bounds = |part: usize, whole: usize| proportion_bounds(part as u64, whole as u64, 0.95);
    let record =
        |(fired, (outcome, breach)): (&Fired, &(AlertOutcome, Option<usize>))| AlertRecord {
            from_s: clock.time(fired.stretches[0].from),
            to_s: clock.time(fired.stretches[fired.stretches.len() - 1].to),
            probability_max: probability(fired.score_max),
            outcome: *outcome,
            breach_s: breach.map(|breach| clock.time(breaches[breach].from)),
        };
    let breach = |(breach, lead): (&Episode, &Option<usize>)| BreachRecord {
        from_s: clock.time(breach.from),
        to_s: clock.time(breach.to),
        peak: breach.peak,
        lead_s: lead.map(|lead| clock.span(lead)),
    };
    Scorecard {
        from_s: clock.time(0),
        to_s: clock.time(clock.n.saturating_sub(1)),
        weeks: clock.weeks(),
        n_breaches: breaches.len(),
        n_foretold: foretold.len(),
        n_alerts,
        n_hits,
        n_early,
        precision: share(n_hits, n_alerts),
        precision_95: bounds(n_hits, n_alerts),
        recall: share(foretold.len(), breaches.len()),
        recall_95: bounds(foretold.len(), breaches.len()),
        lead_min_s: clock.span(clock.lead_min),
        lead_median_s: (!foretold.is_empty()).then(|| clock.span(foretold[foretold.len() / 2])),
        false_per_week: (n_alerts - n_hits) as f64 / clock.weeks().max(f64::MIN_POSITIVE),
        promised_per_week,
        calibration_error: Reliability::of(&stated.0, &stated.1, 10).expected_calibration_error(),
        alerts: fired.iter().zip(&judged).map(record).collect(),
        breaches: breaches.iter().zip(&leads).map(breach).collect(),
    }
}

//! From which score on to page: the most breaches foretold at no more false pages a week than promised.
//!
//! In: scores of steps that the model was not fitted to, in order of time, with breaches; the promise. Out: a [`Threshold`].
//! Source: Angelopoulos, Bates, Fisch, Lei, Schuster, Conformal risk control, 2022: the rate on n weeks held out, plus one page,
//! over n + 1 weeks is at most the promise. Departures: the unit is the page a person gets (an alert after grouping), because
//! that is what is promised; weeks stand for exchangeable cases. Among thresholds within the promise that with the largest
//! `foretold - ratio · false` counts, in the middle of its plateau, because its ends are chance.
//! Cost: O(candidates · n). Checked against: brute force and replays (`tests/it/warning.rs`).

use serde::{Deserialize, Serialize};

use super::WarningOptions;
use super::labels::Episode;
use super::machine::{Fired, FiringRule, Machine};
use super::scorecard::{AlertOutcome, Clock, lead, outcome};

/// Candidates that are tried.
const CANDIDATES: usize = 300;
/// Without costs a false page weighs so much of a breach foretold: one page in five may be right and still pays.
const RATIO: f64 = 0.2;

/// What is known of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// The score, where there is one.
    pub(crate) score: Option<f64>,
    pub(crate) is_breaching: bool,
}

/// A threshold and what it did on held-out steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// The score.
    pub score: f64,
    /// False pages a week on steps that the model was not fitted to.
    pub false_per_week: f64,
    /// The same as a bound for a week not seen: one page more, one week more.
    pub bound_per_week: f64,
    /// Whether the promise could be kept: a history of few weeks cannot promise little.
    pub keeps_promise: bool,
    /// Breaches foretold there, and breaches.
    pub foretold: (usize, usize),
}

/// The rule at a threshold.
pub(crate) fn rule(threshold: f64, options: &WarningOptions) -> FiringRule {
    FiringRule {
        threshold,
        release: threshold - options.hysteresis,
        persistence: options.persistence,
        release_steps: options.release_steps,
        cooling_steps: options.cooling_steps,
    }
}

/// Runs the machine over steps in order.
pub(crate) fn run(rule: FiringRule, path: &[Seen]) -> Machine {
    let mut machine = Machine::new(rule);
    for seen in path {
        machine.step(seen.score, seen.is_breaching);
    }
    machine
}

/// Chooses among the scores that occur.
pub(crate) fn choose(
    path: &[Seen],
    breaches: &[Episode],
    clock: &Clock,
    options: &WarningOptions,
) -> Option<Threshold> {
    let mut scores: Vec<f64> = path.iter().filter_map(|seen| seen.score).collect();
    scores.sort_unstable_by(|a, b| b.total_cmp(a));
    // Whoever pages in more than a fifth of all steps does not warn.
    scores.truncate(scores.len() / 5 + 1);
    let apart = (scores.len() / CANDIDATES).max(1);
    // The highest scores decide most: all of the first hundred, then one in `apart`.
    let mut candidates: Vec<f64> = scores.iter().take(100).copied().collect();
    candidates.extend(scores.iter().skip(100).step_by(apart));
    candidates.dedup();
    let highest = *candidates.first()?;
    candidates.insert(0, highest + 1e-9);
    let ratio = options.costs.map_or(RATIO, |costs| costs.page / costs.breach);
    let tried: Vec<(Threshold, f64)> = candidates
        .iter()
        .map(|score| {
            let found = at(*score, path, breaches, clock, options);
            let false_pages = found.false_per_week * clock.weeks();
            (found, found.foretold.0 as f64 - ratio * false_pages)
        })
        .collect();
    let keeps = |(found, _): &&(Threshold, f64)| found.keeps_promise;
    let spotless = |(found, _): &&(Threshold, f64)| found.false_per_week == 0.0;
    let mut within: Vec<&(Threshold, f64)> = tried.iter().filter(keeps).collect();
    if within.is_empty() {
        // Too few weeks to promise so little: no false page in any of them is the most that can be had.
        within = tried.iter().filter(spotless).collect();
    }
    let best = within.iter().map(|(_, worth)| *worth).fold(f64::NEG_INFINITY, f64::max);
    let is_best = |(_, worth): &(Threshold, f64)| *worth >= best - 1e-9;
    let first = within.iter().position(|one| is_best(one))?;
    let last = within[first..].iter().take_while(|one| is_best(one)).last()?;
    let middle = within[first].0.score.midpoint(last.0.score);
    Some(at(middle, path, breaches, clock, options))
}

fn at(
    score: f64,
    path: &[Seen],
    breaches: &[Episode],
    clock: &Clock,
    options: &WarningOptions,
) -> Threshold {
    let machine = run(rule(score, options), path);
    let fired = machine.fired();
    let is_false = |found: &&Fired| {
        !matches!(outcome(found, breaches, clock).0, AlertOutcome::Hit | AlertOutcome::Open)
    };
    let false_pages = fired.iter().filter(is_false).count() as f64;
    let foretold = breaches.iter().filter(|b| lead(b, fired, clock).is_some()).count();
    let weeks = clock.weeks();
    let bound_per_week = (false_pages + 1.0) / (weeks + 1.0);
    Threshold {
        score,
        false_per_week: false_pages / weeks.max(f64::MIN_POSITIVE),
        bound_per_week,
        keeps_promise: bound_per_week <= options.false_per_week,
        foretold: (foretold, breaches.len()),
    }
}

//! When a warning begins and ends: one event is one alert.
//!
//! In: a score a step (any number that grows with the danger; `None` where there is none) and whether the load is over capacity
//! already. Out: stretches of firing, grouped into alerts. Source: states of Alertmanager and Google's forecast alerts (a
//! violation has to persist). Departures: hysteresis on the score; a stretch that begins while the last alert cools belongs to
//! it and pages nobody; a breach that is on already is not warned of, its own alarm is.
//! Cost: O(1) a step. Checked against: sequences by hand (`tests/it/warning.rs`).

use serde::{Deserialize, Serialize};

/// Where a warning stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    /// Nothing is near.
    Quiet,
    /// The score is over its threshold, but not for long enough.
    Pending,
    /// A warning is out.
    Firing,
    /// It ended a short while ago: what comes now belongs to it.
    Cooling,
    /// Nothing can be said: there is no score, as the load was not measured or not for long enough. The machine itself keeps
    /// the state it had; what is said of the last step ([`super::Warning`]) is this.
    Unknown,
}

/// When a warning begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FiringRule {
    /// Score from which on a warning may begin.
    pub threshold: f64,
    /// Score below which it may end; not above `threshold`.
    pub release: f64,
    /// Steps over the threshold before it begins, at least 1.
    pub persistence: usize,
    /// Steps below the release before it ends, at least 1.
    pub release_steps: usize,
    /// Steps after its end in which it may come back as the same.
    pub cooling_steps: usize,
}

/// Firing without a break, in steps, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// First step.
    pub from: usize,
    /// Last step; of a warning that is still out, the last step there is.
    pub to: usize,
}

/// One alert: a first stretch, and those that came back while it cooled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fired {
    /// Its stretches, ascending; never empty.
    pub stretches: Vec<Stretch>,
    /// Largest score while it fired.
    pub score_max: f64,
}

/// The state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    rule: FiringRule,
    state: WarningState,
    over: usize,
    below: usize,
    step: usize,
    cool_until: usize,
    fired: Vec<Fired>,
}

impl Machine {
    /// Quiet, before the first step.
    pub fn new(rule: FiringRule) -> Self {
        Self {
            rule,
            state: WarningState::Quiet,
            over: 0,
            below: 0,
            step: 0,
            cool_until: 0,
            fired: Vec::new(),
        }
    }

    /// Where it stands.
    pub fn state(&self) -> WarningState {
        self.state
    }

    /// Alerts so far.
    pub fn fired(&self) -> &[Fired] {
        &self.fired
    }

    /// The next step. Without a score nothing begins and nothing ends.
    pub fn step(&mut self, score: Option<f64>, is_breaching: bool) -> WarningState {
        let at = self.step;
        self.step += 1;
        match self.state {
            WarningState::Firing => self.firing(at, score, is_breaching),
            _ => self.waiting(at, score, is_breaching),
        }
        self.state
    }

    fn firing(&mut self, at: usize, score: Option<f64>, is_breaching: bool) {
        let Some(stretch) = self.fired.last_mut().and_then(|fired| fired.stretches.last_mut())
        else {
            return;
        };
        stretch.to = at;
        if let (Some(score), Some(fired)) = (score, self.fired.last_mut()) {
            fired.score_max = fired.score_max.max(score);
        }
        let is_below = !is_breaching && score.is_some_and(|score| score < self.rule.release);
        let is_known = is_breaching || score.is_some();
        if is_known {
            self.below = if is_below { self.below + 1 } else { 0 };
        }
        if self.below >= self.rule.release_steps {
            self.state = WarningState::Cooling;
            (self.over, self.below) = (0, 0);
            self.cool_until = at + self.rule.cooling_steps;
        }
    }

    fn waiting(&mut self, at: usize, score: Option<f64>, is_breaching: bool) {
        if is_breaching {
            // What follows a breach belongs to it, warned of or not.
            self.over = 0;
            self.state = WarningState::Cooling;
            self.cool_until = at + self.rule.cooling_steps;
            return;
        }
        let is_cooling = self.state == WarningState::Cooling && at <= self.cool_until;
        match score {
            Some(score) if score >= self.rule.threshold => self.over += 1,
            Some(_) => self.over = 0,
            None => {}
        }
        let is_of_last = is_cooling && self.is_of_last(at);
        if self.over >= self.rule.persistence && (is_of_last || !is_cooling) {
            self.over = 0;
            self.begin(at, score.unwrap_or(f64::NEG_INFINITY), is_of_last);
        } else if is_cooling {
            self.state = WarningState::Cooling;
        } else if self.over > 0 {
            self.state = WarningState::Pending;
        } else {
            self.state = WarningState::Quiet;
        }
    }

    fn begin(&mut self, at: usize, score: f64, is_of_last: bool) {
        (self.state, self.below) = (WarningState::Firing, 0);
        let stretch = Stretch { from: at, to: at };
        match self.fired.last_mut() {
            Some(last) if is_of_last => {
                last.stretches.push(stretch);
                last.score_max = last.score_max.max(score);
            }
            _ => self.fired.push(Fired { stretches: vec![stretch], score_max: score }),
        }
    }

    /// Whether the last alert ended within the cooling time; a breach nobody was warned of cools too, and has no alert.
    fn is_of_last(&self, at: usize) -> bool {
        let end = self.fired.last().and_then(|last| last.stretches.last()).map(|last| last.to);
        end.is_some_and(|end| at - end <= self.rule.cooling_steps.max(1))
    }
}

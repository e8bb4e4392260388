//! Scenarios: what an indicator is assumed to do over the horizon.
//!
//! In: a text such as `BTC=+8% in 1h`, the indicator's last known value, its path without the scenario. Out: its path with it,
//! and from which step on it is assumed. Source: none; the assumption is the caller's.
//! Departures: between now and its end a move is a straight line, and what was reached is kept: a scenario adds no wobble of
//! its own. A scenario that changes nothing within the horizon is refused, for its answer would be that of none.
//! Cost: O(horizon). Checked against: paths by hand (`tests/it/scenario.rs`).

use std::fmt;
use std::str::FromStr;

use crate::ForecastError;
use crate::reading::{self, Stamp};

/// How a scenario is written.
const FORM: &str = "NAME=+8% in 1h, NAME=-120 in 2h, NAME=42 at 2026-01-01T12:00:00Z or NAME=42: a change with its sign, or a \
                    level (of a level below 0: `to -5`)";

/// Where an indicator goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// To a value.
    Level(f64),
    /// By so much from its last known value.
    Change(f64),
    /// By such a share of its last known value: 0.08 is 8 % more.
    Share(f64),
}

/// When it gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// At the first step.
    AtOnce,
    /// In a straight line from now, seconds.
    Within(u32),
    /// At a time, seconds since 1970 UTC; before it nothing is assumed.
    At(i64),
}

/// What one indicator is assumed to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The indicator.
    pub name: String,
    /// Where it goes.
    pub target: Target,
    /// When it is there.
    pub arrival: Arrival,
}

/// An indicator over the horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioPath {
    /// A value a step.
    pub values: Vec<f64>,
    /// The first step that is assumed.
    pub from: usize,
}

impl Scenario {
    /// The path of the indicator: `base` without the scenario, `times` of its steps (seconds since 1970 UTC, ascending), the
    /// time and value that are known last.
    ///
    /// # Errors
    /// Lengths that differ, a share of 0, a time outside the horizon, a path that is not finite.
    pub fn over(
        &self,
        (origin_s, last): (i64, f64),
        times: &[i64],
        base: &[f64],
    ) -> Result<ScenarioPath, ForecastError> {
        if base.len() != times.len() {
            let what = format!("the path of {}", self.name);
            return Err(ForecastError::Length { what, expected: times.len(), found: base.len() });
        }
        let target = match self.target {
            Target::Level(level) => level,
            Target::Change(change) => last + change,
            Target::Share(_) if last == 0.0 => {
                return Err(self.refused("a share of 0 (the last known value) is no change"));
            }
            Target::Share(share) => last * (1.0 + share),
        };
        let from = match self.arrival {
            Arrival::At(time_s) => {
                let from = times.partition_point(|step_s| *step_s < time_s);
                if time_s <= origin_s || from == times.len() {
                    return Err(self.refused("the time lies outside the horizon"));
                }
                from
            }
            _ => 0,
        };
        let value = |step_s: &i64| match self.arrival {
            Arrival::Within(seconds) => {
                let share = (step_s - origin_s) as f64 / f64::from(seconds.max(1));
                last + (target - last) * share.min(1.0)
            }
            _ => target,
        };
        let values: Vec<f64> =
            base[..from].iter().copied().chain(times[from..].iter().map(value)).collect();
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(ScenarioPath { values, from }),
            false => Err(self.refused("its path is not finite")),
        }
    }

    fn refused(&self, expected: &'static str) -> ForecastError {
        ForecastError::Argument { what: "scenario", found: self.to_string(), expected }
    }
}

impl FromStr for Scenario {
    type Err = ForecastError;

    fn from_str(text: &str) -> Result<Self, ForecastError> {
        let refused = || ForecastError::Argument {
            what: "scenario",
            found: format!("{text:?}"),
            expected: FORM,
        };
        let (name, rest) = text.split_once('=').ok_or_else(refused)?;
        let (name, rest) = (name.trim(), rest.trim());
        if name.is_empty() {
            return Err(refused());
        }
        let (target, arrival) = match (rest.split_once(" in "), rest.split_once(" at ")) {
            (Some((target, span)), None) => {
                (target, Arrival::Within(seconds(span.trim()).ok_or_else(refused)?))
            }
            (None, Some((target, time))) => {
                let time = reading::parse_time(&Stamp::Text(time.trim().to_owned()));
                (target, Arrival::At(time.map_err(|_| refused())?))
            }
            (None, None) => (rest, Arrival::AtOnce),
            _ => return Err(refused()),
        };
        let target = target_of(target.trim()).ok_or_else(refused)?;
        Ok(Self { name: name.to_owned(), target, arrival })
    }
}

/// `+8%`, `-120`, `42`, `to -5`.
fn target_of(text: &str) -> Option<Target> {
    // Digits alone: what Rust reads besides (`inf`, `nan`) is no size of anything.
    let number = |text: &str| {
        let text = text.trim();
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        let value: f64 = text.chars().all(plain).then(|| text.parse().ok()).flatten()?;
        value.is_finite().then_some(value)
    };
    if let Some(level) = text.strip_prefix("to ") {
        return Some(Target::Level(number(level)?));
    }
    match (text.starts_with(['+', '-']), text.strip_suffix('%')) {
        (true, Some(percent)) => Some(Target::Share(number(percent)? / 100.0)),
        (true, None) => Some(Target::Change(number(text)?)),
        (false, None) => Some(Target::Level(number(text)?)),
        (false, Some(_)) => None,
    }
}

/// Seconds of `90s`, `15m`, `2h`, `1d`.
fn seconds(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit).filter(|seconds| *seconds > 0)
}

impl fmt::Display for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}=", self.name)?;
        match self.target {
            Target::Level(level) if level < 0.0 => write!(out, "to {level}")?,
            Target::Level(level) => write!(out, "{level}")?,
            Target::Change(change) => write!(out, "{change:+}")?,
            Target::Share(share) => {
                // Without the noise of the division: 8 % is written as it was.
                let percent = (share * 1e14).round() / 1e12;
                let percent = if percent.is_finite() { percent } else { 100.0 * share };
                write!(out, "{percent:+}%")?;
            }
        }
        match self.arrival {
            Arrival::AtOnce => Ok(()),
            Arrival::Within(s) if s % 3_600 == 0 => write!(out, " in {}h", s / 3_600),
            Arrival::Within(s) if s % 60 == 0 => write!(out, " in {}m", s / 60),
            Arrival::Within(s) => write!(out, " in {s}s"),
            Arrival::At(time_s) => write!(out, " at {}", reading::time_text(time_s)),
        }
    }
}

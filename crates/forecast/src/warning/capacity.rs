//! What the platform can carry: a constant, a schedule, or what an autoscaler gives.
//!
//! In: a load at equal steps. Out: the capacity at each step as it was, and the capacity at a later step as known now.
//! Source: the reactive rule of the Kubernetes horizontal autoscaler (`ceil(load / (unit · utilization))`, the largest wish of
//! the stabilization window counts when scaling in). Departures: no tolerance band; units come after a fixed delay.
//! Cost: O(n · stabilization). Checked against: paths by hand (`tests/it/warning.rs`).

use serde::{Deserialize, Serialize};

use crate::ForecastError;

/// What the platform can carry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Capacity {
    /// The same always, in units of the load.
    Constant(f64),
    /// From each time on (seconds since 1970 UTC, ascending) so much; the first counts before it too.
    Schedule(Vec<(i64, f64)>),
    /// As an autoscaler follows the load.
    Autoscaled(Autoscaler),
}

/// An autoscaler that follows the load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Autoscaler {
    /// Load that one unit carries.
    pub unit: f64,
    /// Share of it that is aimed at, above 0 and at most 1.
    pub utilization: f64,
    /// Fewest units.
    pub units_min: u32,
    /// Most units.
    pub units_max: u32,
    /// Steps from a wish to a unit that works.
    pub delay_steps: usize,
    /// Steps of which the largest wish counts, so that units do not come and go.
    pub stabilization_steps: usize,
}

impl Autoscaler {
    /// Units wished for at a load.
    pub fn wish(&self, load: f64) -> u32 {
        let units = (load / (self.unit * self.utilization)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to u32"
        )]
        let units = units.clamp(0.0, f64::from(u32::MAX)) as u32;
        units.clamp(self.units_min, self.units_max)
    }

    /// Units that work at step `at`, when the load is known up to step `known`.
    fn units(&self, load: &[f64], at: usize, known: usize) -> u32 {
        let Some(to) = at.checked_sub(self.delay_steps) else { return self.units_min };
        let to = to.min(known);
        let from = to.saturating_sub(self.stabilization_steps);
        let wishes = load[from..=to].iter().filter(|value| !value.is_nan());
        wishes.map(|value| self.wish(*value)).max().unwrap_or(self.units_min)
    }
}

impl Capacity {
    /// Refuses capacities that are not above 0 and finite, and schedules that are empty or not ascending.
    ///
    /// # Errors
    /// The first of these.
    pub fn check(&self) -> Result<(), ForecastError> {
        let refuse =
            |what, found: String, expected| Err(ForecastError::Argument { what, found, expected });
        let odd = |level: f64| !(level.is_finite() && level > 0.0);
        match self {
            Self::Constant(level) if odd(*level) => {
                refuse("capacity", level.to_string(), "a finite number above 0")
            }
            Self::Schedule(rows) if rows.is_empty() => {
                refuse("capacity schedule", "empty".to_owned(), "at least one time with a capacity")
            }
            Self::Schedule(rows) => {
                if let Some((_, level)) = rows.iter().find(|(_, level)| odd(*level)) {
                    return refuse("capacity", level.to_string(), "a finite number above 0");
                }
                match rows.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
                    Some(pair) => refuse(
                        "capacity schedule",
                        format!("{} after {}", pair[1].0, pair[0].0),
                        "ascending times",
                    ),
                    None => Ok(()),
                }
            }
            Self::Autoscaled(scaler) => {
                let sound = !odd(scaler.unit)
                    && scaler.utilization > 0.0
                    && scaler.utilization <= 1.0
                    && (1..=scaler.units_max).contains(&scaler.units_min);
                match sound {
                    true => Ok(()),
                    false => refuse(
                        "autoscaler",
                        format!(
                            "of unit {}, utilization {}, {} to {} units",
                            scaler.unit, scaler.utilization, scaler.units_min, scaler.units_max
                        ),
                        "a unit above 0, a utilization above 0 and at most 1, 1 <= units_min <= units_max",
                    ),
                }
            }
            Self::Constant(_) => Ok(()),
        }
    }

    /// Capacity at step `at` of a load, as far as step `known` of the load tells; `time_s` is the step's time.
    pub fn at(&self, load: &[f64], at: usize, known: usize, time_s: i64) -> f64 {
        match self {
            Self::Constant(level) => *level,
            Self::Schedule(rows) => {
                let next = rows.partition_point(|(from, _)| *from <= time_s);
                rows[next.saturating_sub(1)].1
            }
            Self::Autoscaled(scaler) => scaler.unit * f64::from(scaler.units(load, at, known)),
        }
    }
}

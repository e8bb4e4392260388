//! Smoothing with a short and a long season and a correction by the last error: for load that has a day and a week.
//!
//! In: a series, two seasons in steps (equal ones or a long one without two cycles of data: one season). Out: means ahead
//! and bounds. Source: Taylor, Triple seasonal methods for short-term electricity demand forecasting, 2010, section 3 (HWT
//! with first-order autocorrelation of errors). Departures: the long season is refused, not guessed, below two cycles;
//! missing values leave the states where they are. Cost: 400 runs of 12 operations a value.
//! Checked against: two seasons that hold exactly (`tests/it/smoothing.rs`).

use super::start;
use crate::simplex;
use crate::{Fitted, Forecast, ForecastError, Indicators, Method, Series, checked, normal};

/// Smoothing with two seasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubleSeasonal {
    /// The short season in steps.
    pub short: usize,
    /// The long season in steps, a multiple of the short one; equal to it: one season only.
    pub long: usize,
}

/// Shares of an error taken by the level, the short and the long season; what is left of an error a step later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shares {
    level: f64,
    short: f64,
    long: f64,
    carry: f64,
}

/// States; the next step's place first.
#[derive(Debug, Clone)]
struct States {
    level: f64,
    short: Vec<f64>,
    long: Vec<f64>,
    error: f64,
}

pub(crate) struct Smoothed {
    pub(crate) shares: Shares,
    end: States,
    variance: f64,
}

impl Method for DoubleSeasonal {
    fn name(&self) -> &'static str {
        "double-seasonal"
    }

    fn fit(
        &self,
        series: &Series,
        indicators: &Indicators,
    ) -> Result<Box<dyn Fitted>, ForecastError> {
        checked::no_indicators(indicators)?;
        let ordered =
            self.short >= 2 && self.long >= self.short && self.long.is_multiple_of(self.short);
        if !ordered {
            return Err(ForecastError::Argument {
                what: "seasons",
                found: format!("{} and {}", self.short, self.long),
                expected: "a short one of at least 2 steps and a multiple of it",
            });
        }
        checked::series(self.name(), series, 2 * self.long)?;
        Ok(Box::new(self.fit_warm(&series.values, None)))
    }
}

impl DoubleSeasonal {
    /// Fits; with shares given, only runs.
    pub(crate) fn fit_warm(self, values: &[f64], known: Option<Shares>) -> Smoothed {
        let begin = self.begin(values);
        let two = self.long > self.short;
        let shares = known.unwrap_or_else(|| {
            let objective = |x: &[f64]| {
                let shares = Shares {
                    level: x[0],
                    short: x[1],
                    carry: x[2],
                    long: if two { x[3] } else { 0.0 },
                };
                let inside = x[..2].iter().chain(&x[3..]).all(|v| (0.0..=1.0).contains(v));
                if !inside || x[2].abs() > 0.99 {
                    return f64::INFINITY;
                }
                run(values, shares, &mut begin.clone()).0.ln()
            };
            // Two starts: levels that wander, and levels that stand while errors fade.
            let tries = [[0.3, 0.1, 0.1, 0.1], [0.01, 0.1, 0.8, 0.1]].map(|x| {
                let n = if two { 4 } else { 3 };
                simplex::minimize(objective, &x[..n], &[0.1, 0.1, 0.1, 0.1][..n], 200, 1e-7)
            });
            let x = if tries[0].1 <= tries[1].1 { &tries[0].0 } else { &tries[1].0 };
            let long = if two { x[3] } else { 0.0 };
            Shares { level: x[0], short: x[1], carry: x[2], long }
        });
        let mut end = begin;
        let (squares, n) = run(values, shares, &mut end);
        end.short.rotate_left(values.len() % self.short);
        if two {
            end.long.rotate_left(values.len() % self.long);
        }
        Smoothed { shares, end, variance: squares / n as f64 }
    }

    fn begin(self, values: &[f64]) -> States {
        let measured = values.iter().copied().filter(|v| !v.is_nan());
        let level = start::mean(measured.take(2 * self.short));
        let short = start::profile(values, self.short, false);
        if self.long == self.short {
            return States { level, short, long: Vec::new(), error: 0.0 };
        }
        // Half of it: over one or two cycles a long season is mostly noise, and the recursion adds what is true.
        let rest: Vec<f64> =
            values.iter().enumerate().map(|(t, y)| y - short[t % self.short]).collect();
        let long =
            start::profile(&rest, self.long, false).into_iter().map(|state| 0.5 * state).collect();
        States { level, short, long, error: 0.0 }
    }
}

/// Runs over the values, seasons in their rings; sum of squares and count.
fn run(values: &[f64], shares: Shares, states: &mut States) -> (f64, usize) {
    let (mut day, mut week, mut squares, mut n) = (0, 0, 0.0, 0);
    let two = !states.long.is_empty();
    for y in values {
        let long = if two { states.long[week] } else { 0.0 };
        let base = states.level + states.short[day] + long;
        if y.is_nan() {
            states.error *= shares.carry;
        } else {
            let error = y - base;
            let surprise = error - shares.carry * states.error;
            squares += surprise * surprise;
            n += 1;
            states.level += shares.level * error;
            states.short[day] += shares.short * error;
            if two {
                states.long[week] += shares.long * error;
            }
            states.error = error;
        }
        day = if day + 1 == states.short.len() { 0 } else { day + 1 };
        week = if week + 1 >= states.long.len() { 0 } else { week + 1 };
    }
    (squares.max(f64::MIN_POSITIVE), n)
}

impl Fitted for Smoothed {
    fn forecast(
        &self,
        horizon: usize,
        indicators: &Indicators,
        levels: &[f64],
    ) -> Result<Forecast, ForecastError> {
        checked::no_indicators(indicators)?;
        checked::levels(levels)?;
        let end = &self.end;
        let mut error = end.error;
        let mean: Vec<f64> = (0..horizon)
            .map(|step| {
                error *= self.shares.carry;
                let long = if end.long.is_empty() { 0.0 } else { end.long[step % end.long.len()] };
                end.level + end.short[step % end.short.len()] + long + error
            })
            .collect();
        let bounds = normal::bounds(&mean, &self.errors(horizon), levels);
        checked::forecast(Forecast { mean, bounds })
    }
}

impl Smoothed {
    /// Standard errors, from the response of later values to one surprise.
    fn errors(&self, horizon: usize) -> Vec<f64> {
        let Shares { level, short, long, carry } = self.shares;
        // `gaps[j]` is the error (value less states) j steps after a surprise of 1, on the mean path.
        let mut gap: f64 = 1.0;
        let (mut sum, mut errors) = (1.0, Vec::with_capacity(horizon));
        let (mut lifted, mut shorts, mut longs) = (0.0, Vec::new(), Vec::new());
        for ahead in 1..=horizon {
            errors.push((self.variance * sum).sqrt());
            lifted += level * gap;
            shorts.push(short * gap);
            longs.push(long * gap);
            let back = |all: &[f64], m: usize| {
                let mut total = 0.0;
                let mut age = m;
                while m > 0 && age <= ahead {
                    total += all[ahead - age];
                    age += m;
                }
                total
            };
            let states =
                lifted + back(&shorts, self.end.short.len()) + back(&longs, self.end.long.len());
            gap *= carry;
            sum += (states + gap) * (states + gap);
        }
        errors
    }
}

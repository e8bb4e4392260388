//! What stands behind a warning that no model made: how far the load is from usual, and what followed similar moments.
//!
//! In: what is watched up to now, a window. Out: [`Background`]. A rule on a forecast needs a basis, too, where a history is too
//! short or too calm to learn from. Source: the same moments and the same search as of a [`super::Warner`].
//! Departures: only load over capacity, carried along its season, tells moments apart, for nothing was fitted that
//! could weigh more. Usual is the season at this time; before two days of history the median of all that was measured.
//! Cost: one pass over the features, a search for similar moments. Checked against: loads by hand (`tests/it/warning.rs`).

use serde::{Deserialize, Serialize};

use super::analogues::{self, Analogues};
use super::basis::{DataAge, Driver, age, figure, similar};
use super::learner::moments;
use super::{WarningOptions, Watched};
use crate::ForecastError;
use crate::rolling::median;

/// What stands behind a warning that no model made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Background {
    /// The load now and what is usual; it adds nothing to odds that nobody stated.
    pub driver: Driver,
    /// What followed moments as near to capacity.
    pub analogues: Analogues,
    /// How old indicators are.
    pub ages: Vec<DataAge>,
    /// All of it in words.
    pub words: Vec<String>,
}

impl Background {
    /// Of the last step that was measured, over the window of the options.
    ///
    /// # Errors
    /// A series, capacity, indicator or option that is not sound; nothing measured.
    pub fn of(watched: &Watched<'_>, options: &WarningOptions) -> Result<Self, ForecastError> {
        let step_s = watched.checked(options)?;
        let n = watched.load.values.len();
        let moments = moments(watched, step_s, n, options);
        let measured = moments.load.iter().rposition(|value| !value.is_nan());
        let too_short = ForecastError::TooShort { method: "a warning", needed: 1, found: 0 };
        let now = measured.ok_or(too_short)?;
        let value = moments.load[now];
        // The second feature is the load over its season.
        let season = value / moments.features[1].raw[now];
        let at_this_time = season.is_finite();
        let usual = if at_this_time { Some(season) } else { median(moments.load.iter().copied()) };
        let ratio = usual.map(|usual| value / usual).filter(|ratio| ratio.is_finite());
        let size = (options.window_steps, options.analogues);
        let analogues = analogues::find(&moments, &[1.0], now, size, 1.0);
        let window_s = i64::try_from(options.window_steps).unwrap_or(0) * step_s;
        let mut words = Vec::new();
        if let (Some(usual), Some(ratio)) = (usual, ratio) {
            let of = if at_this_time { "at this time" } else { "in so short a history" };
            let (value, usual) = (figure(value), figure(usual));
            words.push(format!("load is {value}, {ratio:.1} times its usual {usual} {of}"));
        }
        words.push(similar(&analogues, window_s));
        Ok(Self {
            driver: Driver {
                name: "load".to_owned(),
                unit: String::new(),
                value: Some(value),
                usual,
                ratio,
                contribution: 0.0,
            },
            analogues,
            ages: moments.ages.iter().map(age).collect(),
            words,
        })
    }
}

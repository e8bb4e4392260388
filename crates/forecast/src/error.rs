//! The one error of the crate: a series that cannot be forecast, or a question that has no answer.

use thiserror::Error;

/// A series that cannot be forecast, or a question that has no answer; carries the input.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ForecastError {
    /// Fewer values than the method needs.
    #[error("{method} needs {needed} values, the series has {found}")]
    TooShort {
        /// The method.
        method: &'static str,
        /// Values it needs.
        needed: usize,
        /// Values there are.
        found: usize,
    },
    /// Places of a season without a single value.
    #[error(
        "{method} needs a value at every place of a season of {season} steps, {empty} have none"
    )]
    EmptyPlaces {
        /// The method.
        method: &'static str,
        /// Steps of the season.
        season: usize,
        /// Places without a value.
        empty: usize,
    },
    /// A value is infinite. (NaN is a missing value.)
    #[error(
        "value {index} of {what} is {value}, expected a finite number, or NaN where none was measured"
    )]
    Value {
        /// Which series or indicator.
        what: String,
        /// Where, from 0.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// Arrays that belong together differ in length.
    #[error("{what} has {found} values, expected {expected}")]
    Length {
        /// Which array.
        what: String,
        /// The length that belongs to the others.
        expected: usize,
        /// Its own length.
        found: usize,
    },
    /// An option is out of its range.
    #[error("{what} is {found}, expected {expected}")]
    Argument {
        /// Which one.
        what: &'static str,
        /// Its value.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The columns cannot be told apart in floating point.
    #[error("regressor {regressor} depends on the others")]
    Singular {
        /// Which one, from 0.
        regressor: usize,
    },
    /// Every value is the same, or follows from the regressors: nothing is left to be uncertain about.
    #[error("{method} finds no variation in the series after differencing and regression")]
    Constant {
        /// The method.
        method: &'static str,
    },
    /// The optimum was not reached.
    #[error("{method} found no optimum after {iterations} iterations")]
    NotConverged {
        /// The method.
        method: &'static str,
        /// Iterations made.
        iterations: u32,
    },
    /// A row of a file is no time or no number.
    #[error("row {row}: {found:?}, expected {expected}")]
    Row {
        /// Which one, from 1.
        row: usize,
        /// What stands there.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Two rows of one time have different values.
    #[error("two rows of {time} say {first} and {second}")]
    Contradiction {
        /// When, RFC 3339.
        time: String,
        /// One value.
        first: f64,
        /// Another.
        second: f64,
        /// Whether times have no zone, so that an hour may stand twice.
        local: bool,
    },
    /// Times that lie on no grid of equal steps.
    #[error("no equal steps: {what}")]
    Irregular {
        /// Why not.
        what: String,
    },
    /// The load never came near its capacity, so that nothing can be learned about reaching it.
    #[error(
        "the load reached {:.0} % of the capacity {found} times, a warning needs {needed} (the highest was {:.0} %)",
        100.0 * share,
        100.0 * highest
    )]
    FarFromCapacity {
        /// How often it came near.
        found: usize,
        /// How often it must have.
        needed: usize,
        /// What counts as near: a share of the capacity.
        share: f64,
        /// Largest load over capacity.
        highest: f64,
        /// Its median.
        usual: f64,
    },
    /// The learner behind a method says no.
    #[error(transparent)]
    Learn(#[from] learn::LearnError),
    /// Every value is the same.
    #[error("every value is {value}: there is nothing to forecast")]
    AllEqual {
        /// The value.
        value: f64,
    },
}

impl ForecastError {
    /// What the caller can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => {
                "give a longer history, or a method that needs less (auto, theta, ets)"
            }
            Self::EmptyPlaces { .. } => {
                "give values there, or use a method that needs none of them (auto, theta)"
            }
            Self::Value { .. } => "leave the value out (NaN) or repair the source",
            Self::Length { .. } => "give one value a step, for the history and for the horizon",
            Self::Argument { .. } => "pass a value in the range that the message names",
            Self::Singular { .. } => "drop the regressor, or one of those that determine it",
            Self::Constant { .. } => "forecast the constant itself, or use fewer regressors",
            Self::NotConverged { .. } => "choose lower orders, or fewer regressors",
            Self::Row { .. } => "repair the row, or name the right columns",
            Self::Contradiction { local: false, .. } => {
                "say which row counts: keep the first, the last or the mean"
            }
            Self::Contradiction { local: true, .. } => {
                "say which row counts: keep the first, the last or the mean; an hour that clocks repeat in autumn needs times with a zone"
            }
            Self::Irregular { .. } => "sum or average the rows by hour, day or month first",
            Self::FarFromCapacity { usual, .. } if *usual >= 1.0 => {
                "the load is over it most of the time: watch a higher capacity; is it in the unit of the load?"
            }
            Self::FarFromCapacity { .. } => {
                "give a longer history, or watch a lower capacity; is it in the unit of the load?"
            }
            Self::Learn(_) => "look at the values and indicators that the message names",
            Self::AllEqual { .. } => {
                "a constant needs no forecast; look at the source if it should vary"
            }
        }
    }
}

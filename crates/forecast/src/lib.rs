#![doc = include_str!("../README.md")]

mod error;
mod method;
mod series;

pub use error::ForecastError;
pub use method::{Bounds, Fitted, Forecast, Method};
pub use series::{Indicators, Series, Step};

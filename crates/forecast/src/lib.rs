#![doc = include_str!("../README.md")]

mod auto_arima;
#[allow(dead_code, reason = "other methods of the crate use the rest")]
mod checked;
#[allow(dead_code, reason = "other methods of the crate use the rest")]
mod draws;
mod error;
mod linear_algebra;
mod method;
mod normal;
mod optimize;
pub mod sarimax;
mod series;

pub use auto_arima::{AutoArima, AutoArimaFit, OrderLimits, Tried};
pub use error::ForecastError;
pub use method::{Bounds, Fitted, Forecast, Method};
pub use sarimax::{Harmonics, Orders, Sarimax, SarimaxFit, Trend};
pub use series::{Indicators, Series, Step};

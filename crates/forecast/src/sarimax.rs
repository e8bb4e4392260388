//! Seasonal ARIMA with regressors, by exact maximum likelihood.
//!
//! In: a series (NaN where missing), indicators over it, orders, a trend. Out: a [`SarimaxFit`]: parameters, their
//! standard errors, likelihood and criteria, residuals and tests of them, forecasts and simulated paths.
//! Source, departures, cost and oracles stand with each part: `arma` (polynomials), `innovations` (fast exact
//! recursions), `kalman` (missing values, diffuse start), `likelihood` (what is profiled out), `conditional` and
//! `search`, `predict`,
//! `standard_errors`, `diagnostics`; the whole in `docs/methods/sarimax.md`.

mod arma;
mod conditional;
mod diagnostics;
mod innovations;
mod kalman;
mod likelihood;
mod model;
mod orders;
mod origins;
mod predict;
mod search;
mod standard_errors;

pub(crate) use likelihood::filled;
pub(crate) use search::Comparison;

pub use diagnostics::{Test, jarque_bera, ljung_box};
pub use model::{Sarimax, SarimaxFit};
pub use orders::{Harmonics, Orders, Trend};
pub use predict::Prediction;
pub use standard_errors::Information;

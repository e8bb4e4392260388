//! Integration tests of `forecast`: figures of statsmodels, R and Prophet, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod auto_arima;
mod sarimax;
mod sarimax_fixtures;

//! Integration tests of `forecast`: figures of statsmodels, R and Prophet, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod accuracy;
mod auto;
mod auto_arima;
mod backtest;
mod conformal;
mod contract;
mod direct;
mod harmonic_regression;
mod indicators;
mod lead;
mod mstl;
mod planning;
mod prophet;
mod reading;
mod regression;
mod report;
mod sarimax;
mod sarimax_fixtures;
mod scarce;
mod scenario;
mod seasonal_naive;
mod smoothing;
mod theta;
mod tracking;
mod warning;

//! Runs the binary as a person or a script would, on a simulated world with known truth.

#![allow(clippy::unwrap_used)]

mod alerts;
mod errors;
mod forecast;
mod forecast_files;
mod intake;
mod models;
mod pages;
mod questions;
mod scenario;
mod screening;
mod serve;
mod watch;
mod world;

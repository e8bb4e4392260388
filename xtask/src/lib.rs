#![doc = include_str!("../README.md")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the tasks talk to a person at a terminal"
)]

pub mod setup;
pub mod tasks;
pub mod tidy;

mod failure;
mod suggest;

pub use failure::Failure;

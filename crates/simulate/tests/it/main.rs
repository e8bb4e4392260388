//! Integration tests: worlds as the `bitcoin` crate and a replay of our own see them.

#![allow(clippy::unwrap_used)]

mod ceilings;
mod laundering;
mod load;
mod ownership;
mod random;
mod reorganization;
mod replay;
mod scripts;
mod story;
mod worlds;

//! Integration tests of `learn`: figures of SciPy, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod blend;
mod calibration;
mod linear;
mod logistic;
mod metrics;
mod network;
mod proportion;
mod reliability;
mod sample;
mod split;

//! Integration tests of `learn`: figures of SciPy, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod calibration;
mod logistic;
mod proportion;
mod reliability;
mod trees;

//! Integration tests of `learn`: figures of SciPy, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod calibration;
mod features;
mod frame;
mod linear_view;
mod logistic;
mod proportion;
mod reliability;
mod roles;
mod tabular;
mod trees;

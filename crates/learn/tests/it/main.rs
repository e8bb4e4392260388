//! Integration tests of `learn`: figures of SciPy, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod blend;
mod calibration;
mod features;
mod frame;
mod linear_view;
mod linear;
mod logistic;
mod metrics;
mod network;
mod proportion;
mod reliability;
mod roles;
mod tabular;
mod trees;
mod sample;
mod split;

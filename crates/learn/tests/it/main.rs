//! Integration tests of `learn`: figures of SciPy, brute force, and what must hold for any input.

#![allow(clippy::unwrap_used)]

mod automl;
mod automl_odd;
mod blend;
mod calibration;
mod copied_rows;
mod doubts;
mod features;
mod few_rows;
mod frame;
mod hostile_model;
mod linear;
mod linear_units;
mod linear_view;
mod logistic;
mod metrics;
mod model_report;
mod network;
mod own_member;
mod prepared;
mod proportion;
mod reliability;
mod roles;
mod sample;
mod split;
mod tabular;
mod target_scale;
mod trees;
mod unused_columns;

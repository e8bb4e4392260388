#![doc = include_str!("../README.md")]

mod fit;
mod plan;
#[cfg(test)]
mod tests;
mod uniforms;
mod unit;

pub use unit::{GpuError, Gpus};

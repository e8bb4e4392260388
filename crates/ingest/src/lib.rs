#![doc = include_str!("../README.md")]

pub mod bitcoin;
pub mod labelled;
pub mod lists;
pub mod source;
pub mod tags;

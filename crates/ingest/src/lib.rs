#![doc = include_str!("../README.md")]

pub mod bitcoin;
pub mod lists;
pub mod source;
pub mod tags;

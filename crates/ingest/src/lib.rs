#![doc = include_str!("../README.md")]

pub mod addresses;
pub mod bitcoin;
pub mod labelled;
pub mod lists;
pub mod prices;
pub mod source;
pub mod tags;

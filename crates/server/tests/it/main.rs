//! Everything over the wire, against a server of this process on a free port.

#![allow(clippy::unwrap_used)]

mod faults;
mod forecasts;
mod infer;
mod limits;
mod metrics;
mod prometheus;
mod world;

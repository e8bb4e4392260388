//! Everything over the wire, against a server of this process on a free port.

#![allow(clippy::unwrap_used)]

mod alerts;
mod connection;
mod externalscaler;
mod faults;
mod forecasts;
mod freshness;
mod infer;
mod keda;
mod limits;
mod metrics;
mod prometheus;
mod remote;
mod world;

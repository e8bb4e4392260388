#![doc = include_str!("../README.md")]

mod address;
mod error;
mod exchange;
mod exposition;
mod fault;
mod forecasting;
mod gate;
mod inference;
mod listening;
mod metrics;
mod options;

pub use address::without_credentials;
pub use error::ServeError;
pub use exchange::Exchange;
pub use forecasting::{
    AlertOptions, CapacitySource, ForecastServeOptions, RemoteWriteOptions, SeriesSource,
    dashboard, serve_forecasts,
};
pub use inference::{Catalog, serve_models};
pub use listening::Server;
pub use options::{Log, ServeOptions};

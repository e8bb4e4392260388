//! Prometheus' remote read and remote write: samples as they are stored, in protobuf and snappy.
//!
//! Source: the remote read and remote write specifications, 1.0; `proto/remote.proto`.

mod messages;
mod read;
mod write;

pub(super) use read::read;
pub use write::RemoteWriteOptions;
pub(super) use write::{RemoteWriter, Sent};

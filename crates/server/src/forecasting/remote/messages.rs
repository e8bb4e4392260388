//! Messages of `proto/remote.proto`, field by field, and the compression around them.
//!
//! Checked against: bytes by hand (`tests/it/remote.rs`), a Prometheus (`tests/it/prometheus.rs`).

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(super) struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadRequest {
    #[prost(message, repeated, tag = "1")]
    pub(super) queries: Vec<Query>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) results: Vec<QueryResult>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Query {
    #[prost(int64, tag = "1")]
    pub(super) start_timestamp_ms: i64,
    #[prost(int64, tag = "2")]
    pub(super) end_timestamp_ms: i64,
    #[prost(message, repeated, tag = "3")]
    pub(super) matchers: Vec<LabelMatcher>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct QueryResult {
    #[prost(message, repeated, tag = "1")]
    pub(super) timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    pub(super) labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub(super) samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Label {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Sample {
    #[prost(double, tag = "1")]
    pub(super) value: f64,
    #[prost(int64, tag = "2")]
    pub(super) timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct LabelMatcher {
    /// 0 equal, 1 not, 2 like, 3 not like.
    #[prost(int32, tag = "1")]
    pub(super) kind: i32,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, tag = "3")]
    pub(super) value: String,
}

/// A message as snappy's block format.
pub(super) fn packed(message: &impl Message) -> Result<Vec<u8>, snap::Error> {
    snap::raw::Encoder::new().compress_vec(&message.encode_to_vec())
}

/// A message of at most `bytes_max` bytes out of snappy's block format.
///
/// # Errors
/// In words what is wrong with it.
pub(super) fn unpacked<M: Message + Default>(bytes: &[u8], bytes_max: usize) -> Result<M, String> {
    // The length stands in front: what is too large is refused before there is memory for it.
    let length = snap::raw::decompress_len(bytes).map_err(|error| error.to_string())?;
    if length > bytes_max {
        return Err(format!("{length} bytes, {bytes_max} are read at most"));
    }
    let plain =
        snap::raw::Decoder::new().decompress_vec(bytes).map_err(|error| error.to_string())?;
    M::decode(plain.as_slice()).map_err(|error| error.to_string())
}

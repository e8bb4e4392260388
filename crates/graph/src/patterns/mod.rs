//! Patterns in a stream of edges, each found when the edge arrives that completes it.
//!
//! In: edges in order of time, batch by batch, numbered from 0 on; a window in units of their time. Out: what each
//! edge completes. What is kept is the edges of the last window and the nodes they touch, nothing of the size of the
//! graph.
//!
//! A stream is a function of the edges of its last window: any cut into batches gives the same answers, and
//! `resume` from the edges of one window gives the same stream as all edges before it. That is also how batches are
//! taken back: drop the stream, and resume at the edge to continue from, with the window in front of it from
//! wherever the edges are stored. A log of what expired, kept only in case it has to come back, would cost more
//! than the window itself.

mod cycle_search;
mod cycles;
mod fans;
mod keys;

pub use cycles::{Cycle, CycleOptions, CycleStream, Cycles, EdgeOrder};
pub use fans::{Crossing, Fan, FanBatch, FanEvent, FanOptions, FanSide, FanStream};

use crate::NONE;
use crate::csr::check_below;
use crate::error::GraphError;
use crate::temporal::TemporalEdges;

/// Refuses a batch with an end that is no node, or that goes back in time.
fn check_batch(edges: &TemporalEdges<'_>, last_time: u32) -> Result<(), GraphError> {
    check_below("source", edges.source, NONE)?;
    check_below("target", edges.target, NONE)?;
    let mut previous = last_time;
    for (edge, &time) in edges.time.iter().enumerate() {
        if time < previous {
            return Err(GraphError::TimeOrder { edge, time, previous });
        }
        previous = time;
    }
    Ok(())
}

//! FIFO: the first satoshi in is the first satoshi out; inputs in order, outputs in order, the fee last.
//!
//! Source: Devaynes v Noble, Clayton's case (1816), for coins by Anderson, Shumailov and Ahmed, *Making Bitcoin Legal*, 2018.
//! Departures: none; the parts of an output keep their order for the next transaction.

use super::{Convention, Flow, serve};
use crate::exposure::parts::Part;

pub(super) const FIFO: Convention = Convention {
    name: "fifo",
    about: "the first money in is the first out (Clayton's case), fees last",
    conserves: true,
    split,
};

fn split(flow: &Flow<'_>) -> Vec<Vec<Part>> {
    serve(flow.inputs.iter().flatten().copied(), &flow.targets())
}

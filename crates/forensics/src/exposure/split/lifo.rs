//! LIFO: the last satoshi in is the first satoshi out; the last input pays the first output, the fee comes last.

use super::{Convention, Flow, serve};
use crate::exposure::parts::Part;

pub(super) const LIFO: Convention = Convention {
    name: "lifo",
    about: "the last money in is the first out, fees last",
    conserves: true,
    split,
};

fn split(flow: &Flow<'_>) -> Vec<Vec<Part>> {
    serve(flow.inputs.iter().rev().flat_map(|parts| parts.iter().rev()).copied(), &flow.targets())
}

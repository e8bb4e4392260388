//! Highest out: tainted money goes to the largest output first.
//!
//! Rule: tainted parts (categories from `sanctioned` to `mixing`), in order of origin, then the others, are handed to the
//! outputs from the largest to the smallest, the earlier one on a tie; the fee comes last.

use super::{Convention, Flow, serve};
use crate::exposure::parts::{Part, merge};

pub(super) const HIGHEST_OUT: Convention = Convention {
    name: "highest_out",
    about: "tainted money goes to the largest output first, fees last",
    conserves: true,
    split,
};

fn split(flow: &Flow<'_>) -> Vec<Vec<Part>> {
    let mut pool: Vec<Part> = flow.inputs.concat();
    merge(&mut pool);
    let (tainted, others): (Vec<Part>, Vec<Part>) =
        pool.into_iter().partition(|part| flow.is_tainted(part.origin));
    let mut order: Vec<usize> = (0..flow.outputs.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(flow.outputs[*at]));
    let targets: Vec<u64> =
        order.iter().map(|at| flow.outputs[*at]).chain([flow.fee_sat]).collect();
    let mut served = serve(tainted.into_iter().chain(others), &targets);
    let mut outputs = vec![Vec::new(); targets.len()];
    outputs[flow.outputs.len()] = served.pop().expect("the fee is served last");
    for (at, mut parts) in order.into_iter().zip(served) {
        merge(&mut parts);
        outputs[at] = parts;
    }
    outputs
}

//! Sorted rows, block by block of nodes, into the arrays of a graph.
//!
//! In: blocks of nodes with the most rows that each can give. Out: offsets, targets and columns without gaps.
//! Every block is written where it would stand if nothing were merged, and then moved up to the one before it:
//! one copy of what moved, where a vector a block would copy everything.

use std::ops::Range;

use rayon::prelude::*;

use super::partition::add_up;
use super::row::Row;
use crate::csr::check_count;
use crate::error::GraphError;
use crate::{Csr, EdgeColumnsBuf};

/// Nodes in a row, and the most edges that start there.
pub(crate) struct Block {
    pub(crate) nodes: Range<u32>,
    pub(crate) capacity: usize,
}

/// Where the rows of one block go.
pub(crate) struct Region<'a> {
    first_node: u32,
    degrees: &'a mut [u64],
    target: &'a mut [u32],
    weight: &'a mut [u64],
    count: &'a mut [u32],
    first_time: &'a mut [u32],
    last_time: &'a mut [u32],
    flags: &'a mut [u8],
    used: usize,
}

impl Region<'_> {
    /// Takes the next row; rows come by source and target.
    pub(crate) fn push(&mut self, row: Row) {
        let at = self.used;
        self.target[at] = row.target;
        self.weight[at] = row.weight;
        self.count[at] = row.count;
        self.first_time[at] = row.first_time;
        self.last_time[at] = row.last_time;
        self.flags[at] = row.flags;
        self.degrees[(row.source - self.first_node) as usize] += 1;
        self.used += 1;
    }
}

/// Fills every block with `fill(block number, region)`; `blocks` are all nodes in order.
pub(crate) fn assemble<S: Send>(
    blocks: &[Block],
    state: impl Fn() -> S + Sync + Send,
    fill: impl Fn(&mut S, usize, &mut Region<'_>) -> Result<(), GraphError> + Sync,
) -> Result<(Csr, EdgeColumnsBuf), GraphError> {
    let n_nodes = blocks.last().map_or(0, |block| block.nodes.end);
    let total = blocks.iter().map(|block| block.capacity).sum();
    let mut offsets = vec![0u64; n_nodes as usize + 1];
    let mut targets = vec![0u32; total];
    let mut columns = EdgeColumnsBuf {
        weight: vec![0; total],
        count: vec![0; total],
        first_time: vec![0; total],
        last_time: vec![0; total],
        flags: vec![0; total],
    };
    let mut regions = split(blocks, &mut offsets[1..], &mut targets, &mut columns);
    let filled: Vec<Result<usize, GraphError>> = regions
        .par_iter_mut()
        .enumerate()
        .map_init(state, |state, (block, region)| fill(state, block, region).map(|()| region.used))
        .collect();
    // The first in order, not the first to come.
    let used: Vec<usize> = filled.into_iter().collect::<Result<_, _>>()?;
    check_count("edges", used.iter().sum())?;
    close_gaps(&mut targets, blocks, &used);
    close_gaps(&mut columns.weight, blocks, &used);
    close_gaps(&mut columns.count, blocks, &used);
    close_gaps(&mut columns.first_time, blocks, &used);
    close_gaps(&mut columns.last_time, blocks, &used);
    close_gaps(&mut columns.flags, blocks, &used);
    add_up(&mut offsets);
    Ok((Csr::from_checked_parts(offsets, targets), columns))
}

fn split<'a>(
    blocks: &[Block],
    mut degrees: &'a mut [u64],
    mut target: &'a mut [u32],
    columns: &'a mut EdgeColumnsBuf,
) -> Vec<Region<'a>> {
    let EdgeColumnsBuf { weight, count, first_time, last_time, flags } = columns;
    let (mut weight, mut count) = (&mut weight[..], &mut count[..]);
    let (mut first_time, mut last_time) = (&mut first_time[..], &mut last_time[..]);
    let mut flags = &mut flags[..];
    let region = |block: &Block| Region {
        first_node: block.nodes.start,
        degrees: head(&mut degrees, block.nodes.len()),
        target: head(&mut target, block.capacity),
        weight: head(&mut weight, block.capacity),
        count: head(&mut count, block.capacity),
        first_time: head(&mut first_time, block.capacity),
        last_time: head(&mut last_time, block.capacity),
        flags: head(&mut flags, block.capacity),
        used: 0,
    };
    blocks.iter().map(region).collect()
}

fn head<'a, T>(left: &mut &'a mut [T], n: usize) -> &'a mut [T] {
    left.split_off_mut(..n).expect("the blocks together are as long as the arrays")
}

/// Moves what each block used up to the end of the block before it.
pub(crate) fn close_gaps<T: Copy>(column: &mut Vec<T>, blocks: &[Block], used: &[usize]) {
    let (mut from, mut to) = (0, 0);
    for (block, &used) in blocks.iter().zip(used) {
        if from != to {
            column.copy_within(from..from + used, to);
        }
        from += block.capacity;
        to += used;
    }
    column.truncate(to);
    column.shrink_to_fit();
}

//! Edges of one or more batches, sorted and indexed both ways; never changed once made.
//!
//! In: rows, or two segments. Out: the rows of a node, by its other ends.
//! Cost: 36 bytes a row and 24 to 48 a node that has rows, each way; finding a node's rows is one probe of a hash
//! table.

use std::sync::Arc;

use crate::Direction;
use crate::build::row::{Row, merged};
use crate::error::GraphError;
use crate::sparse::NodeMap;

#[derive(Debug)]
pub(crate) struct Segment {
    /// By source and target, each pair once.
    rows: Arc<Vec<Row>>,
    /// Places in `rows`, by target and source.
    in_order: Vec<u32>,
    /// The part of `rows`, or of `in_order`, that belongs to a node.
    out: NodeMap<(u32, u32)>,
    in_: NodeMap<(u32, u32)>,
}

impl Segment {
    /// Indexes rows that are sorted and merged; there are fewer than ids (see [`merge_rows`]).
    pub(crate) fn new(rows: Arc<Vec<Row>>) -> Self {
        let n = u32::try_from(rows.len()).expect("checked when the rows were merged");
        let mut in_order: Vec<u32> = (0..n).collect();
        in_order.sort_unstable_by_key(|&at| {
            let row = &rows[at as usize];
            u64::from(row.target) << 32 | u64::from(row.source)
        });
        let out = index(rows.iter().map(|row| row.source));
        let in_ = index(in_order.iter().map(|&at| rows[at as usize].target));
        Self { rows, in_order, out, in_ }
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that start at a node, by target.
    pub(crate) fn forward(&self, node: u32) -> Option<&[Row]> {
        self.out.get(node).map(|(start, end)| &self.rows[start as usize..end as usize])
    }

    /// The rows of a node, by their other ends; `None` where there is none.
    pub(crate) fn row(&self, node: u32, direction: Direction) -> Option<SegmentRow<'_>> {
        let index = match direction {
            Direction::Forward => &self.out,
            Direction::Backward => &self.in_,
        };
        let (start, end) = index.get(node)?;
        let range = start as usize..end as usize;
        Some(match direction {
            Direction::Forward => SegmentRow { rows: &self.rows[range], order: None },
            Direction::Backward => {
                SegmentRow { rows: &self.rows, order: Some(&self.in_order[range]) }
            }
        })
    }
}

/// The places at which each node stands in a list that is sorted by node.
fn index(nodes: impl Iterator<Item = u32>) -> NodeMap<(u32, u32)> {
    let mut index = NodeMap::new();
    let mut held: Option<(u32, u32)> = None;
    let mut end = 0;
    for (node, at) in nodes.zip(0u32..) {
        if let Some((last, start)) = held.filter(|&(last, _)| last != node) {
            index.insert(last, (start, at));
            held = None;
        }
        held = held.or(Some((node, at)));
        end = at + 1;
    }
    if let Some((last, start)) = held {
        index.insert(last, (start, end));
    }
    index
}

/// What is left of one node's rows in a segment.
#[derive(Debug, Clone)]
pub(crate) struct SegmentRow<'a> {
    rows: &'a [Row],
    /// Backward, the places in `rows`.
    order: Option<&'a [u32]>,
}

impl<'a> SegmentRow<'a> {
    pub(crate) fn peek(&self) -> Option<&'a Row> {
        match self.order {
            None => self.rows.first(),
            Some(order) => order.first().map(|&at| &self.rows[at as usize]),
        }
    }

    pub(crate) fn advance(&mut self) {
        match &mut self.order {
            None => self.rows = &self.rows[1..],
            Some(order) => *order = &order[1..],
        }
    }
}

/// Sorts rows and makes duplicates one.
pub(crate) fn sort_rows(mut rows: Vec<Row>) -> Result<Vec<Row>, GraphError> {
    rows.sort_unstable_by_key(Row::key);
    let mut distinct = Vec::with_capacity(rows.len());
    merged(rows.into_iter(), |row| distinct.push(row))?;
    crate::csr::check_count("edges", distinct.len())?;
    Ok(distinct)
}

/// The rows of both, sorted and merged as each of them is.
pub(crate) fn merge_rows(a: &[Row], b: &[Row]) -> Result<Vec<Row>, GraphError> {
    let mut both = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().copied().peekable(), b.iter().copied().peekable());
    let next = || match (a.peek(), b.peek()) {
        (Some(left), Some(right)) if left.key() <= right.key() => a.next(),
        (_, Some(_)) => b.next(),
        (_, None) => a.next(),
    };
    merged(std::iter::from_fn(next), |row| both.push(row))?;
    crate::csr::check_count("edges", both.len())?;
    Ok(both)
}

//! One edge on its way into a graph, the rule by which duplicates become one, and a bucket of them put in order.

use std::ops::Range;

use super::partition::{Partition, Record};
use crate::EdgeColumns;
use crate::error::GraphError;

/// An edge with its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Row {
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) weight: u64,
    pub(crate) count: u32,
    pub(crate) first_time: u32,
    pub(crate) last_time: u32,
    pub(crate) flags: u8,
}

impl Record for Row {
    fn row(&self) -> u32 {
        self.source
    }
}

impl Row {
    /// The edge at a place of the columns.
    pub(crate) fn read(source: u32, target: u32, columns: &EdgeColumns<'_>, at: usize) -> Self {
        Self {
            source,
            target,
            weight: columns.weight[at],
            count: columns.count[at],
            first_time: columns.first_time[at],
            last_time: columns.last_time[at],
            flags: columns.flags[at],
        }
    }

    /// Orders rows as a graph does.
    pub(crate) fn key(&self) -> u64 {
        u64::from(self.source) << 32 | u64::from(self.target)
    }

    /// Adds another edge between the same nodes. The rule does not depend on the order: a sum of numbers that are
    /// not negative overflows, or saturates, in any order or in none.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), GraphError> {
        let (source_node, target_node) = (self.source, self.target);
        let sum = self.weight.checked_add(other.weight);
        self.weight = sum.ok_or(GraphError::WeightOverflow { source_node, target_node })?;
        self.count = self.count.saturating_add(other.count);
        self.first_time = self.first_time.min(other.first_time);
        self.last_time = self.last_time.max(other.last_time);
        self.flags |= other.flags;
        Ok(())
    }
}

/// Hands on sorted rows, those of the same nodes as one.
pub(crate) fn merged(
    rows: impl Iterator<Item = Row>,
    mut emit: impl FnMut(Row),
) -> Result<(), GraphError> {
    let mut held: Option<Row> = None;
    for row in rows {
        match &mut held {
            Some(last) if last.key() == row.key() => last.merge(&row)?,
            _ => {
                if let Some(done) = held.replace(row) {
                    emit(done);
                }
            }
        }
    }
    if let Some(done) = held {
        emit(done);
    }
    Ok(())
}

/// Memory to sort one bucket after the other in.
#[derive(Default)]
pub(crate) struct BucketSort {
    rows: Vec<Row>,
    starts: Vec<u32>,
    keys: Vec<u64>,
}

impl BucketSort {
    /// Hands on the rows of a bucket by source and target, merged.
    pub(crate) fn sort(
        &mut self,
        partition: &Partition<Row>,
        bucket: usize,
        emit: impl FnMut(Row),
    ) -> Result<(), GraphError> {
        self.rows.clear();
        for segment in partition.segments(bucket) {
            self.rows.extend_from_slice(segment);
        }
        let nodes = partition.rows(bucket);
        let n = self.rows.len();
        // Few rows over many nodes: counting would mostly clear counters.
        if nodes.len() / 4 > n || u32::try_from(n).is_err() {
            self.rows.sort_unstable_by_key(Row::key);
            return merged(self.rows.iter().copied(), emit);
        }
        self.group(nodes);
        let rows = &self.rows;
        merged(self.keys.iter().map(|&key| rows[place(key)]), emit)
    }

    /// Fills `keys` with target and place of every row, by source and target: 8 bytes are moved, not 32.
    fn group(&mut self, nodes: Range<u32>) {
        self.starts.clear();
        self.starts.resize(nodes.len() + 2, 0);
        for row in &self.rows {
            self.starts[(row.source - nodes.start) as usize + 2] += 1;
        }
        for at in 2..self.starts.len() {
            self.starts[at] += self.starts[at - 1];
        }
        self.keys.resize(self.rows.len(), 0);
        for (row, at) in self.rows.iter().zip(0u64..) {
            let cursor = &mut self.starts[(row.source - nodes.start) as usize + 1];
            self.keys[*cursor as usize] = u64::from(row.target) << 32 | at;
            *cursor += 1;
        }
        let mut start = 0;
        for &end in &self.starts[1..=nodes.len()] {
            self.keys[start..end as usize].sort_unstable();
            start = end as usize;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half of a key is the place")]
fn place(key: u64) -> usize {
    (key as u32) as usize
}

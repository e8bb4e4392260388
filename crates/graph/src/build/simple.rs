//! Rows alone: which node has an edge to which, each once, without columns.
//!
//! In: pairs of nodes in any order. Out: rows of targets, ascending, without repeats.
//! Cost: 8 bytes an edge in flight, 4 in the result; what other libraries call building a CSR.
//! Checked against: a `BTreeSet` of pairs (`tests/it/build.rs`).

use rayon::prelude::*;

use super::assemble::{Block, close_gaps};
use super::partition::{Partition, Region, add_up, group, regions};
use super::{BuildOptions, EdgeBatch, Edges};
use crate::error::GraphError;
use crate::{Csr, CsrView};

impl Csr {
    /// The targets of each node, ascending and without repeats.
    ///
    /// # Errors
    /// An end is not below `n_nodes`, or the arrays differ in length.
    pub fn simple(
        n_nodes: u32,
        source: &[u32],
        target: &[u32],
        options: BuildOptions,
    ) -> Result<Self, GraphError> {
        EdgeBatch::new(source, target, &[], &[], &[])?.check(n_nodes)?;
        let BuildOptions { self_loops, symmetric } = options;
        let mut partition = Partition::new(n_nodes);
        let mut add = |from: &[u32], to: &[u32], self_loops: bool| {
            partition.extend(from.len(), |range| {
                let pairs = from[range.clone()].iter().copied().zip(to[range].iter().copied());
                pairs.filter(move |(from, to)| self_loops || from != to)
            });
        };
        add(source, target, self_loops);
        if symmetric {
            add(target, source, false);
        }
        Ok(distinct(&partition))
    }
}

impl CsrView<'_> {
    /// The rows the other way: row `i` holds every `r` whose row holds `i`, ascending.
    ///
    /// # Errors
    /// An item is no row.
    pub fn transposed(&self) -> Result<Csr, GraphError> {
        crate::csr::check_below("items", self.items(), self.n_rows())?;
        let mut partition = Partition::new(self.n_rows());
        partition.extend(self.n_items(), |range| {
            Edges::new(*self, range).map(|(source, target, _)| (target, source))
        });
        let (offsets, [items]) = group(&partition, |&(_, source)| [source]);
        Ok(Csr::from_checked_parts(offsets, items))
    }
}

/// Groups by row, sorts each row, and leaves out repeats.
fn distinct(partition: &Partition<(u32, u32)>) -> Csr {
    let block =
        |bucket| Block { nodes: partition.rows(bucket), capacity: partition.bucket_len(bucket) };
    let blocks: Vec<Block> = (0..partition.n_buckets()).map(block).collect();
    let mut offsets = vec![0u64; partition.n_rows() as usize + 1];
    let mut items = [vec![0u32; partition.len()]];
    let sort = |cursors: &mut Vec<usize>, mut region: Region<'_, 1>| {
        region.place(partition, cursors, &|&(_, target)| [target]);
        let (mut start, mut used) = (0, 0);
        let [items] = &mut region.items;
        for (count, &end) in region.counts.iter_mut().zip(&*cursors) {
            items[start..end].sort_unstable();
            let row_start = used;
            for at in start..end {
                if at == start || items[at] != items[at - 1] {
                    items[used] = items[at];
                    used += 1;
                }
            }
            *count = (used - row_start) as u64;
            start = end;
        }
        used
    };
    let regions = regions(partition, &mut offsets[1..], &mut items);
    let used: Vec<usize> = regions.into_par_iter().map_init(Vec::new, sort).collect();
    let [mut items] = items;
    close_gaps(&mut items, &blocks, &used);
    add_up(&mut offsets);
    Csr::from_checked_parts(offsets, items)
}

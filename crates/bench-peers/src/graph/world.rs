//! One graph with everything that is asked of it, as plain arrays in files: the same bytes for every contender.
//!
//! A folder holds `meta.json` and little-endian arrays: the edges in order of arrival (`raw_source.u32`,
//! `raw_target.u32`, `raw_weight.u32`), their ends in random order (`shuffled_*.u32`), the rows without loops and
//! duplicates (`out_offsets.u64`, `out_targets.u32`, `out_weights.u32`; of duplicates the smallest weight, as GAP's
//! builder keeps it; an undirected graph has each edge in both rows; a directed one also `in_*`), and what is asked:
//! `sources.u32` of searches, `flagged.u32` (one node of 1,000), `queries.u32` (any nodes with an edge out) and
//! `small_queries.u32` (those of which at most 10,000 nodes are reached in three hops).

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Fault;
use super::generate::{Edges, Random, Shape, permutation};

/// The most nodes that a query of `neighborhood` may reach.
pub(super) const SMALL: usize = 10_000;
const N_SOURCES: usize = 8;
const N_QUERIES: usize = 1_000;
const FLAGGED_ONE_OF: u32 = 1_000;

/// Rows of neighbors, ascending, with the weights beside.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// Where each row starts; one more than there are nodes.
    pub(super) offsets: Vec<u64>,
    /// The neighbors.
    pub(super) targets: Vec<u32>,
    /// The weight of the edge to each.
    pub(super) weights: Vec<u32>,
}

impl Rows {
    /// The neighbors of a node.
    pub(super) fn row(&self, node: u32) -> &[u32] {
        &self.targets[self.range(node)]
    }

    /// Where its neighbors stand.
    #[expect(clippy::cast_possible_truncation, reason = "counted from a slice in memory")]
    pub(super) fn range(&self, node: u32) -> std::ops::Range<usize> {
        self.offsets[node as usize] as usize..self.offsets[node as usize + 1] as usize
    }
}

/// See the head of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// As in the output: `kron20`.
    pub(super) name: String,
    /// True if edges have a direction.
    pub(super) is_directed: bool,
    /// How many nodes there are.
    pub(super) n_nodes: u32,
    /// In order of arrival.
    pub(super) raw: Edges,
    /// The same ends in random order, without the weights.
    pub(super) shuffled: Edges,
    /// By source.
    pub(super) out: Rows,
    /// By target; empty if undirected.
    pub(super) in_: Rows,
    /// Where searches start.
    pub(super) sources: Vec<u32>,
    /// To which hops are counted.
    pub(super) flagged: Vec<u32>,
    /// Of single questions.
    pub(super) queries: Vec<u32>,
    /// Of single questions with a small answer.
    pub(super) small_queries: Vec<u32>,
}

impl World {
    /// Generates the graph and chooses what is asked.
    pub(super) fn generate(shape: Shape) -> Self {
        let raw = shape.generate();
        let (n_nodes, is_directed) = (shape.n_nodes(), shape.is_directed());
        let out = rows(n_nodes, &raw, !is_directed, false);
        let in_ = if is_directed { rows(n_nodes, &raw, false, true) } else { Rows::default() };
        let mut random = Random::new(3);
        let n_raw = u32::try_from(raw.len()).expect("at most 2^31 edges");
        let order = permutation(n_raw, &mut random);
        let pick = |column: &[u32]| order.iter().map(|&edge| column[edge as usize]).collect();
        let shuffled =
            Edges { source: pick(&raw.source), target: pick(&raw.target), weight: Vec::new() };
        let mut draw = |n: usize, fits: &dyn Fn(u32) -> bool| {
            let tries = (0..200 * n).map(|_| random.below(n_nodes));
            tries.filter(|&node| fits(node)).take(n).collect::<Vec<u32>>()
        };
        let has_edges = |node: u32| !out.row(node).is_empty();
        let sources = draw(N_SOURCES, &has_edges);
        let mut flagged = draw((n_nodes / FLAGGED_ONE_OF) as usize + 1, &has_edges);
        flagged.sort_unstable();
        flagged.dedup();
        let queries = draw(N_QUERIES, &has_edges);
        let is_small = |node: u32| has_edges(node) && reached_in_three(&out, node) <= SMALL;
        let small_queries = if is_directed { draw(N_QUERIES, &is_small) } else { Vec::new() };
        let name = shape.name();
        Self {
            name,
            is_directed,
            n_nodes,
            raw,
            shuffled,
            out,
            in_,
            sources,
            flagged,
            queries,
            small_queries,
        }
    }

    /// By target, or by source where there is no difference.
    pub(super) fn in_rows(&self) -> &Rows {
        if self.is_directed { &self.in_ } else { &self.out }
    }

    /// Writes the files.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Fault> {
        let meta = json!({
            "name": self.name, "directed": self.is_directed, "n_nodes": self.n_nodes,
            "n_raw": self.raw.len(), "n_items": self.out.targets.len(),
        });
        fs::write(folder.join("meta.json"), meta.to_string())?;
        let columns = self.columns();
        for (name, column) in columns {
            let bytes: Vec<u8> = column.iter().flat_map(|item| item.to_le_bytes()).collect();
            fs::write(folder.join(name).with_extension("u32"), bytes)?;
        }
        for (name, offsets) in
            [("out_offsets", &self.out.offsets), ("in_offsets", &self.in_.offsets)]
        {
            let bytes: Vec<u8> = offsets.iter().flat_map(|item| item.to_le_bytes()).collect();
            fs::write(folder.join(name).with_extension("u64"), bytes)?;
        }
        Ok(())
    }

    /// Reads them again.
    ///
    /// # Errors
    /// The disk's, or the folder is not one that [`World::write`] wrote.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let meta: Value = serde_json::from_slice(&fs::read(folder.join("meta.json"))?)?;
        let mut world = Self {
            name: meta["name"].as_str().ok_or("meta.json has no name")?.to_owned(),
            is_directed: meta["directed"].as_bool().ok_or("meta.json has no directed")?,
            n_nodes: u32::try_from(meta["n_nodes"].as_u64().ok_or("meta.json has no n_nodes")?)?,
            ..Self::default()
        };
        for (name, column) in world.columns_mut() {
            let bytes = fs::read(folder.join(name).with_extension("u32"))?;
            let items = bytes.chunks_exact(4);
            *column =
                items.map(|item| u32::from_le_bytes(item.try_into().expect("4 bytes"))).collect();
        }
        for (name, offsets) in
            [("out_offsets", &mut world.out.offsets), ("in_offsets", &mut world.in_.offsets)]
        {
            let bytes = fs::read(folder.join(name).with_extension("u64"))?;
            let items = bytes.chunks_exact(8);
            *offsets =
                items.map(|item| u64::from_le_bytes(item.try_into().expect("8 bytes"))).collect();
        }
        Ok(world)
    }

    fn columns(&self) -> [(&'static str, &[u32]); 13] {
        let columns = [
            &self.raw.source,
            &self.raw.target,
            &self.raw.weight,
            &self.shuffled.source,
            &self.shuffled.target,
            &self.out.targets,
            &self.out.weights,
            &self.in_.targets,
            &self.in_.weights,
            &self.sources,
            &self.flagged,
            &self.queries,
            &self.small_queries,
        ];
        let mut named = COLUMNS.iter().zip(columns);
        std::array::from_fn(|_| {
            let (&name, column) = named.next().expect("as many names as columns");
            (name, column.as_slice())
        })
    }

    fn columns_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Vec<u32>)> {
        let columns = [
            &mut self.raw.source,
            &mut self.raw.target,
            &mut self.raw.weight,
            &mut self.shuffled.source,
            &mut self.shuffled.target,
            &mut self.out.targets,
            &mut self.out.weights,
            &mut self.in_.targets,
            &mut self.in_.weights,
            &mut self.sources,
            &mut self.flagged,
            &mut self.queries,
            &mut self.small_queries,
        ];
        COLUMNS.into_iter().zip(columns)
    }
}

const COLUMNS: [&str; 13] = [
    "raw_source",
    "raw_target",
    "raw_weight",
    "shuffled_source",
    "shuffled_target",
    "out_targets",
    "out_weights",
    "in_targets",
    "in_weights",
    "sources",
    "flagged",
    "queries",
    "small_queries",
];

/// Sorts packed edges: no code in common with the builder that is measured.
fn rows(n_nodes: u32, raw: &Edges, symmetric: bool, by_target: bool) -> Rows {
    let mut packed: Vec<u64> = Vec::with_capacity(raw.len() * (1 + usize::from(symmetric)));
    for ((&source, &target), &weight) in raw.source.iter().zip(&raw.target).zip(&raw.weight) {
        let pack = |a: u32, b: u32| u64::from(a) << 36 | u64::from(b) << 8 | u64::from(weight);
        if source == target {
            continue;
        }
        if symmetric || !by_target {
            packed.push(pack(source, target));
        }
        if symmetric || by_target {
            packed.push(pack(target, source));
        }
    }
    packed.sort_unstable();
    // The smallest weight stands first among duplicates, and stays.
    packed.dedup_by_key(|edge| *edge >> 8);
    let mut offsets = vec![0u64; n_nodes as usize + 1];
    for edge in &packed {
        offsets[usize::try_from(edge >> 36).expect("a node") + 1] += 1;
    }
    for node in 0..n_nodes as usize {
        offsets[node + 1] += offsets[node];
    }
    let part = |edge: u64, mask: u64| u32::try_from(edge & mask).expect("masked");
    let targets = packed.iter().map(|edge| part(edge >> 8, (1 << 28) - 1)).collect();
    let weights = packed.iter().map(|&edge| part(edge, 255)).collect();
    Rows { offsets, targets, weights }
}

/// How many nodes are reached from `node` in at most three hops, itself included; stops counting above [`SMALL`].
fn reached_in_three(out: &Rows, node: u32) -> usize {
    let mut reached = std::collections::BTreeSet::from([node]);
    let mut front = vec![node];
    for _ in 0..3 {
        let mut next = Vec::new();
        for node in front {
            if out.row(node).len() > SMALL {
                return SMALL + 1;
            }
            next.extend(out.row(node).iter().copied().filter(|&target| reached.insert(target)));
            if reached.len() > SMALL {
                return reached.len();
            }
        }
        front = next;
    }
    reached.len()
}

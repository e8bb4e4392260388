//! The neighbors of a set of nodes, aggregated.
//!
//! In: a temporal graph, the nodes, a direction, optionally a label for each main node (its group). Out: one row
//! a neighbor (or a neighbor's label) with edges, weight and times; the heaviest first.
//! Source: the ego network of Wasserman and Faust, "Social Network Analysis" (1994), section 2.3, of a set.
//! Departures: through a junction the neighbor is the main node at the other side. Who gave to whom inside the
//! event is unknown, so the weight is an **upper bound**: what the set put into the junction, or what the
//! neighbor took out of it, whichever is less, counted once however many nodes of the set take part. Upper bounds
//! of several neighbors of one junction may add up to more than went in.
//! Cost: O(edges of the set and of the junctions beside it) time, at most `edges_visited_max`, O(neighbors) memory.
//! The rows wanted are selected before they are sorted.
//! Checked against: an ordered map filled from the plain list of edges (`tests/it/neighbors.rs`).

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use crate::sparse::NodeMap;
use crate::{Direction, Limit};

use super::{TemporalGraph, window};

/// Which edges count, and how many rows are wanted.
#[derive(Debug, Clone)]
pub struct NeighborOptions {
    /// Only edges with a time in this range count.
    pub time_range: RangeInclusive<u32>,
    /// Only edges of at least this weight count.
    pub weight_min: u64,
    /// How many rows are returned at most; the true number is in the answer.
    pub rows_max: usize,
    /// Bound: how many edges are looked at.
    pub edges_visited_max: u64,
}

impl Default for NeighborOptions {
    fn default() -> Self {
        Self {
            time_range: 0..=u32::MAX,
            weight_min: 0,
            rows_max: usize::MAX,
            edges_visited_max: u64::MAX,
        }
    }
}

/// What was exchanged with one neighbor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbor {
    /// The neighbor, or its label.
    pub node: u32,
    /// How many edges lead to it (backward: come from it); of `u -> J -> v` the one that touches it.
    pub n_edges: u64,
    /// Their weight; through a junction an upper bound.
    pub weight_sum: u128,
    /// The time of the first of these edges.
    pub first_time: u32,
    /// The time of the last.
    pub last_time: u32,
}

/// The neighbors of a set of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbors {
    /// Largest weight first, then smallest node; at most [`NeighborOptions::rows_max`].
    pub rows: Vec<Neighbor>,
    /// How many rows there are in truth.
    pub total_count: usize,
    /// What the set exchanged with itself (edges inside it, or inside its labels); not among the rows. Its node
    /// is the smallest node or label of the set.
    pub internal: Option<Neighbor>,
    /// How many edges were looked at.
    pub edges_visited: u64,
    /// The bound that left edges unread: then every number here is a lower bound of what it would be without.
    /// `None`: the answer is complete.
    pub truncated_by: Option<Limit>,
}

/// Neighbors of the main nodes `nodes`: forward the nodes their edges lead to, backward those they come from.
/// With `label_of`, neighbors of one label are one row.
///
/// # Panics
/// One of `nodes` is not a main node, or `label_of` is shorter than the main nodes.
pub fn neighbors(
    graph: &TemporalGraph<'_>,
    nodes: &[u32],
    direction: Direction,
    label_of: Option<&[u32]>,
    options: &NeighborOptions,
) -> Neighbors {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.dedup();
    let n_main = graph.n_main();
    assert!(nodes.last().is_none_or(|&n| n < n_main), "a node is not one of {n_main} main nodes");
    let mut gather = Gather {
        graph,
        direction,
        label_of,
        options,
        totals: Totals::default(),
        edges_visited: 0,
        truncated: false,
    };
    let junctions = gather.direct(&nodes);
    for junction in &junctions {
        gather.through(junction);
    }
    gather.finish(&nodes)
}

/// What the set put into one junction (backward: took out of it).
struct Junction {
    node: u32,
    weight_sum: u128,
    /// The first time it was entered, the last time it was left: what happens at the other side is later than
    /// that, or earlier.
    time: u32,
}

struct Gather<'a, 'g> {
    graph: &'a TemporalGraph<'g>,
    direction: Direction,
    label_of: Option<&'a [u32]>,
    options: &'a NeighborOptions,
    totals: Totals,
    edges_visited: u64,
    truncated: bool,
}

impl<'g> Gather<'_, 'g> {
    fn label(&self, node: u32) -> u32 {
        self.label_of.map_or(node, |label_of| label_of[node as usize])
    }

    /// The edges of a node with a time in the range asked for, cut at `first` or `last` as well, and where the bound
    /// on the work is reached.
    fn row(&mut self, node: u32, first: u32, last: u32) -> &'g [u32] {
        let range = &self.options.time_range;
        let row = self.graph.rows(self.direction).row(node);
        let row =
            window(row, self.graph.edges().time, first.max(*range.start()), last.min(*range.end()));
        let left = self.options.edges_visited_max - self.edges_visited;
        let n_read = usize::try_from(left).map_or(row.len(), |left| left.min(row.len()));
        self.edges_visited += n_read as u64;
        self.truncated |= n_read < row.len();
        &row[..n_read]
    }

    /// The other end, time and weight of an edge; `None` if it is too light.
    fn edge(&self, edge: u32) -> Option<(u32, u32, u64)> {
        let edges = self.graph.edges();
        let far_ends = match self.direction {
            Direction::Forward => edges.target,
            Direction::Backward => edges.source,
        };
        let (far_end, time) = (far_ends[edge as usize], edges.time[edge as usize]);
        let weight = edges.weight[edge as usize];
        (weight >= self.options.weight_min).then_some((far_end, time, weight))
    }

    /// Adds the neighbors beside the set; returns the junctions beside it.
    fn direct(&mut self, nodes: &[u32]) -> Vec<Junction> {
        let mut index = NodeMap::new();
        let mut junctions: Vec<Junction> = Vec::new();
        for &node in nodes {
            for &edge in self.row(node, 0, u32::MAX) {
                let Some((far_end, time, weight)) = self.edge(edge) else { continue };
                if !self.graph.is_junction(far_end) {
                    let label = self.label(far_end);
                    self.totals.add(label, 1, u128::from(weight), time, time);
                } else if let Some(at) = index.get(far_end) {
                    let known: &mut Junction = &mut junctions[at as usize];
                    known.weight_sum += u128::from(weight);
                    known.time = match self.direction {
                        Direction::Forward => known.time.min(time),
                        Direction::Backward => known.time.max(time),
                    };
                } else {
                    index.insert(far_end, position(junctions.len()));
                    junctions.push(Junction {
                        node: far_end,
                        weight_sum: u128::from(weight),
                        time,
                    });
                }
            }
        }
        junctions
    }

    /// Adds the neighbors at the other side of a junction, each capped by what the set has in it.
    fn through(&mut self, junction: &Junction) {
        let (first, last) = match self.direction {
            Direction::Forward => (junction.time, u32::MAX),
            Direction::Backward => (0, junction.time),
        };
        let mut beyond = Totals::default();
        for &edge in self.row(junction.node, first, last) {
            let Some((far_end, time, weight)) = self.edge(edge) else { continue };
            beyond.add(self.label(far_end), 1, u128::from(weight), time, time);
        }
        for row in beyond.rows {
            let weight_sum = row.weight_sum.min(junction.weight_sum);
            self.totals.add(row.node, row.n_edges, weight_sum, row.first_time, row.last_time);
        }
    }

    fn finish(self, nodes: &[u32]) -> Neighbors {
        let mut own: Vec<u32> = nodes.iter().map(|&node| self.label(node)).collect();
        own.sort_unstable();
        let is_own = |row: &Neighbor| own.binary_search(&row.node).is_ok();
        let (inside, mut rows): (Vec<_>, Vec<_>) = self.totals.rows.into_iter().partition(is_own);
        let internal = inside.into_iter().reduce(|a, b| Neighbor {
            node: a.node,
            n_edges: a.n_edges + b.n_edges,
            weight_sum: a.weight_sum + b.weight_sum,
            first_time: a.first_time.min(b.first_time),
            last_time: a.last_time.max(b.last_time),
        });
        let internal = internal.map(|row| Neighbor { node: own[0], ..row });
        let total_count = rows.len();
        keep_heaviest(&mut rows, self.options.rows_max);
        let truncated_by = self.truncated.then_some(Limit::EdgesVisited);
        let edges_visited = self.edges_visited;
        Neighbors { rows, total_count, internal, edges_visited, truncated_by }
    }
}

/// The heaviest rows, sorted. Selected first: a hub has many more neighbors than anybody reads.
fn keep_heaviest(rows: &mut Vec<Neighbor>, rows_max: usize) {
    let order = |row: &Neighbor| (Reverse(row.weight_sum), row.node);
    if rows_max == 0 {
        rows.clear();
    } else if rows_max < rows.len() {
        rows.select_nth_unstable_by_key(rows_max - 1, order);
        rows.truncate(rows_max);
    }
    rows.sort_unstable_by_key(order);
}

/// Rows in the making, one a label.
#[derive(Default)]
struct Totals {
    index: NodeMap<u32>,
    rows: Vec<Neighbor>,
}

impl Totals {
    fn add(&mut self, node: u32, n_edges: u64, weight_sum: u128, first: u32, last: u32) {
        let Some(at) = self.index.get(node) else {
            self.index.insert(node, position(self.rows.len()));
            self.rows.push(Neighbor {
                node,
                n_edges,
                weight_sum,
                first_time: first,
                last_time: last,
            });
            return;
        };
        let row = &mut self.rows[at as usize];
        row.n_edges += n_edges;
        row.weight_sum += weight_sum;
        row.first_time = row.first_time.min(first);
        row.last_time = row.last_time.max(last);
    }
}

fn position(count: usize) -> u32 {
    u32::try_from(count).expect("one a node, and nodes are 32-bit ids")
}

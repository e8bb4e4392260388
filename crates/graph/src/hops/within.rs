//! Is a flagged node within so many hops, asked of one node without a column prepared.
//!
//! In: rows that lead on, a source, which nodes are flagged, bounds. Out: the nearest flagged node with its path,
//! the edges read, and which bound cut the search.
//! Source: breadth-first search, Moore, "The shortest path through a maze", 1959.
//! Departures: memory is the caller's and serves every query after the first. One bit a node says who was met, and
//! the queue of the last query names the bits to clear: nothing of the graph's size is written, and half a
//! megabyte for 4 million nodes stays in the cache where epochs of 4 bytes a node would not.
//! Cost: the edges within the hops, to the first flagged node; 1 bit a node and 8 bytes a node met.
//! Checked against: the hop distance of the source in all of the graph, and the smallest of all shortest paths by
//! enumeration (`tests/it/hops.rs`).

use crate::Limit;
use crate::bfs::bits;

/// The bounds of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WithinOptions {
    /// Longer paths are not looked for.
    pub hops_max: u32,
    /// The search stops after so many edges.
    pub edges_visited_max: u64,
}

impl Default for WithinOptions {
    fn default() -> Self {
        Self { hops_max: u32::MAX, edges_visited_max: u64::MAX }
    }
}

/// What a query finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithinAnswer {
    /// From the source to the nearest flagged node; its hops are one less than its length. Among the shortest paths
    /// the one whose ids, compared from the source on, are smallest (where rows ascend).
    pub path: Option<Vec<u32>>,
    /// How many edges were read.
    pub edges_visited: u64,
    /// What cut the search, if no path was found and one may have been missed.
    pub truncated_by: Option<Limit>,
}

/// Memory for queries, to be reused.
#[derive(Debug, Clone, Default)]
pub struct WithinScratch {
    met: Vec<u64>,
    queue: Vec<u32>,
    /// The place in the queue of the node before.
    before: Vec<u32>,
}

impl WithinScratch {
    /// Without memory; the first query takes one bit a node.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the query before. Done first and not last, so that a query that panics leaves nothing behind.
    fn clear(&mut self, n_nodes: u32) {
        for &node in &self.queue {
            self.met[bits::word(node)] = 0;
        }
        self.queue.clear();
        self.before.clear();
        if self.met.len() < bits::words(n_nodes) {
            self.met.resize(bits::words(n_nodes), 0);
        }
    }

    fn meet(&mut self, node: u32, before: u32) -> bool {
        let is_new = bits::insert(&mut self.met, node);
        if is_new {
            self.queue.push(node);
            self.before.push(before);
        }
        is_new
    }

    /// The path that ends with the last node of the queue.
    fn path(&self) -> Vec<u32> {
        let mut at = self.queue.len() - 1;
        let mut path = vec![self.queue[at]];
        while at != 0 {
            at = self.before[at] as usize;
            path.push(self.queue[at]);
        }
        path.reverse();
        path
    }
}

/// The nearest flagged node of `source`, itself included. `neighbors` gives the nodes one hop on, in the same order
/// at every call; `passes` says which nodes but the source may be passed (all are reached).
///
/// # Panics
/// `source` or a neighbor is not below `n_nodes`.
pub fn within_hops<I: Iterator<Item = u32>>(
    n_nodes: u32,
    neighbors: impl Fn(u32) -> I,
    source: u32,
    is_flagged: impl Fn(u32) -> bool,
    passes: impl Fn(u32) -> bool,
    options: &WithinOptions,
    scratch: &mut WithinScratch,
) -> WithinAnswer {
    assert!(source < n_nodes, "source {source} is not below {n_nodes}");
    scratch.clear(n_nodes);
    scratch.meet(source, 0);
    let mut edges_visited = 0;
    if is_flagged(source) {
        return WithinAnswer { path: Some(vec![source]), edges_visited, truncated_by: None };
    }
    let (mut at, mut level_end, mut level) = (0, 1, 0);
    while at < scratch.queue.len() {
        if at == level_end {
            (level, level_end) = (level + 1, scratch.queue.len());
        }
        if level == options.hops_max {
            break;
        }
        let node = scratch.queue[at];
        if at == 0 || passes(node) {
            let place = u32::try_from(at).expect("a queue holds a node once");
            for to in neighbors(node) {
                if edges_visited == options.edges_visited_max {
                    let truncated_by = Some(Limit::EdgesVisited);
                    return WithinAnswer { path: None, edges_visited, truncated_by };
                }
                edges_visited += 1;
                if scratch.meet(to, place) && is_flagged(to) {
                    let path = Some(scratch.path());
                    return WithinAnswer { path, edges_visited, truncated_by: None };
                }
            }
        }
        at += 1;
    }
    // What is left of the queue lies at hops_max: were there edges to go on by?
    let left = scratch.queue[at..].iter().zip(at..);
    let mut onward = left.filter(|&(&node, at)| at == 0 || passes(node));
    let is_cut = onward.any(|(&node, _)| neighbors(node).next().is_some());
    WithinAnswer { path: None, edges_visited, truncated_by: is_cut.then_some(Limit::Hops) }
}

//! What the path searches share: the question, the answer, and which edges may be walked.
//!
//! In: options that define the question (times, weights, nodes not to pass) and options that bound the work
//! (hops, degree, edges). Out: a path, and which bound cut the search.
//! Departures: a filter changes the question and is no limit; only a bound can truncate an answer.
//! Cost: two binary searches a node.
//! Checked against: `tests/it/limits.rs`.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use super::TemporalGraph;
use crate::{Direction, Limit, NONE};

/// The question and its bounds. The default asks for any time-respecting path and bounds nothing; a service sets
/// all three bounds.
#[derive(Clone)]
pub struct SearchOptions<'a> {
    /// Times along a path may not fall (equal is allowed). If false, the order of events does not matter.
    pub time_respecting: bool,
    /// Only edges with a time in this range are walked.
    pub time_range: RangeInclusive<u32>,
    /// Only edges of at least this weight are walked.
    pub weight_min: u64,
    /// Nodes that a path may reach but not pass; sources are always left.
    pub blocked: Option<&'a dyn Fn(u32) -> bool>,
    /// Bound: the longest path looked for.
    pub hops_max: u32,
    /// Bound: a main node with more out-edges is reached but not passed; sources are always left.
    pub degree_max: usize,
    /// Bound: how many edges are looked at.
    pub edges_visited_max: u64,
    /// Bound: set it to true from another thread to end the search with what it has.
    pub cancelled: Option<&'a AtomicBool>,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        Self {
            time_respecting: true,
            time_range: 0..=u32::MAX,
            weight_min: 0,
            blocked: None,
            hops_max: u32::MAX,
            degree_max: usize::MAX,
            edges_visited_max: u64::MAX,
            cancelled: None,
        }
    }
}

/// A path from a source to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Edge ids, from the source on; empty if the source is a target itself.
    pub edges: Vec<u32>,
    /// Nodes from source to target, junctions included; one more than there are edges.
    pub nodes: Vec<u32>,
    /// How many main nodes are entered.
    pub hops: u32,
    /// The smallest weight along the path; `u64::MAX` if it is empty.
    pub width: u64,
}

/// What a search found, and whether it is the whole truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathAnswer {
    /// The best path found.
    pub path: Option<Path>,
    /// How many edges were looked at.
    pub edges_visited: u64,
    /// The bound that may have hidden a better path. `None`: the answer is complete, "no path" included. Where
    /// several did, the first of `Cancelled`, `EdgesVisited`, `Degree`, `Hops`.
    pub truncated_by: Option<Limit>,
}

/// How many edges are walked between two looks at `cancelled`.
const EDGES_BETWEEN_LOOKS: u64 = 4096;

/// Which edges may be walked, and how many have been.
pub(super) struct Walk<'s, 'g, 'o> {
    pub(super) graph: &'s TemporalGraph<'g>,
    pub(super) options: &'s SearchOptions<'o>,
    pub(super) edges_visited: u64,
    /// `EdgesVisited` or `Cancelled`, once the search had to stop.
    pub(super) stopped: Option<Limit>,
    /// A search only reads rows; the direction is fixed so that both searches agree on it.
    rows: crate::CsrView<'g>,
    /// The edges with a time in the range asked for: from the first id to before the second.
    range: (u32, u32),
}

/// Whether a search may go on from a node.
#[derive(PartialEq, Eq)]
pub(super) enum Passage {
    Open,
    Blocked,
    DegreeMax,
}

impl<'s, 'g, 'o> Walk<'s, 'g, 'o> {
    pub(super) fn new(graph: &'s TemporalGraph<'g>, options: &'s SearchOptions<'o>) -> Self {
        let time = graph.edges().time;
        let (first, last) = (*options.time_range.start(), *options.time_range.end());
        // An open end needs no search of the column, which costs a read from the disk a step.
        let start = if first == 0 { 0 } else { time.partition_point(|&t| t < first) };
        let end = if last == u32::MAX { time.len() } else { time.partition_point(|&t| t <= last) };
        let id = |position| u32::try_from(position).expect("edges are counted in 32 bits");
        let range = (id(start), id(end));
        let rows = graph.rows(Direction::Forward);
        Self { graph, options, edges_visited: 0, stopped: None, rows, range }
    }

    /// Sources in ascending order without repeats, so that their order of mention cannot matter.
    pub(super) fn sources(&self, sources: &[u32]) -> Vec<u32> {
        let mut sources = sources.to_vec();
        sources.sort_unstable();
        sources.dedup();
        let n_main = self.graph.n_main();
        assert!(
            sources.last().is_none_or(|&s| s < n_main),
            "a source is not one of {n_main} main nodes"
        );
        sources
    }

    /// The edges that leave `node` at or after `arrival`, but before `until` (`None`: no end), both as given by
    /// [`Self::arrival`].
    ///
    /// Since ids ascend with time, times are not read here: ids are compared inside the row, in place of reads all
    /// over the time column, which took most of the time of a search.
    pub(super) fn edges_from(&self, node: u32, arrival: u32, until: Option<u32>) -> &'g [u32] {
        let mut row = self.rows.row(node);
        let (mut first, mut end) = self.range;
        if self.options.time_respecting {
            first = first.max(arrival);
            end = until.map_or(end, |until| end.min(until));
        }
        row = &row[row.partition_point(|&edge| edge < first)..];
        &row[..row.partition_point(|&edge| edge < end)]
    }

    /// Counts one more edge; false if a bound is reached.
    pub(super) fn visit(&mut self) -> bool {
        if self.edges_visited >= self.options.edges_visited_max {
            self.stopped = Some(Limit::EdgesVisited);
            return false;
        }
        let is_cancelled = || self.options.cancelled.is_some_and(|c| c.load(Ordering::Relaxed));
        if self.edges_visited.is_multiple_of(EDGES_BETWEEN_LOOKS) && is_cancelled() {
            self.stopped = Some(Limit::Cancelled);
            return false;
        }
        self.edges_visited += 1;
        true
    }

    /// The time of an arrival by `edge` ([`NONE`]: at a source), given as the first edge of that time: an edge is
    /// earlier if its id is smaller, and may follow if it is not. Constant if the search does not respect time,
    /// so that no arrival is ever earlier than another.
    pub(super) fn arrival(&self, edge: u32) -> u32 {
        if edge == NONE || !self.options.time_respecting {
            return 0;
        }
        // In growing steps, since few edges share a time in one graph and many thousand in another.
        let times = self.graph.edges().time;
        let time = times[edge as usize];
        let (mut known, mut step) = (edge, 1);
        loop {
            let low = known.saturating_sub(step);
            if low == 0 || times[low as usize] < time {
                let between = &times[low as usize..known as usize];
                let earlier = between.partition_point(|&t| t < time);
                return low + u32::try_from(earlier).expect("a position in a column of 32-bit ids");
            }
            (known, step) = (low, step.saturating_mul(2));
        }
    }

    pub(super) fn passage(&self, node: u32, is_source: bool) -> Passage {
        let too_many =
            || !self.graph.is_junction(node) && self.rows.row(node).len() > self.options.degree_max;
        if is_source {
            Passage::Open
        } else if self.options.blocked.is_some_and(|blocked| blocked(node)) {
            Passage::Blocked
        } else if too_many() {
            Passage::DegreeMax
        } else {
            Passage::Open
        }
    }

    /// True if an arrival just beyond the hop bound could matter: it is a target, or leads on.
    pub(super) fn matters_beyond(&self, node: u32, arrival: u32, is_target: bool) -> bool {
        let leads_on = || !self.edges_from(node, arrival, None).is_empty();
        is_target || (self.passage(node, false) != Passage::Blocked && leads_on())
    }

    /// The hops of a path after one more edge, to `target`.
    pub(super) fn hops_after(&self, hops: u32, target: u32) -> u32 {
        hops.saturating_add(u32::from(!self.graph.is_junction(target)))
    }

    /// The path whose edges, last first, are `steps`; `first` is its source.
    pub(super) fn path(&self, first: u32, steps: impl Iterator<Item = u32>) -> Path {
        let edges = self.graph.edges();
        let mut path =
            Path { edges: steps.collect(), nodes: vec![first], hops: 0, width: u64::MAX };
        path.edges.reverse();
        for &edge in &path.edges {
            let (target, weight) = (edges.target[edge as usize], edges.weight[edge as usize]);
            path.nodes.push(target);
            path.hops = self.hops_after(path.hops, target);
            path.width = path.width.min(weight);
        }
        path
    }
}

/// Follows `previous` from label `last` to the source: the edges, last first.
pub(super) fn steps<'l, L>(
    labels: &'l [L],
    last: usize,
    step: impl Fn(&L) -> (u32, u32) + 'l,
) -> impl Iterator<Item = u32> + 'l {
    let mut label = Some(last);
    std::iter::from_fn(move || {
        let (edge, previous) = step(&labels[label?]);
        label = (previous != NONE).then_some(previous as usize);
        (edge != NONE).then_some(edge)
    })
}

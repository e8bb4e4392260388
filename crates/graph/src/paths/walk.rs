//! What all path searches share: the question, its bounds, which edges may be walked and how many have been.
//!
//! In: options that define the question (filters, nodes not to pass, lengths) and options that bound the work.
//! Out: rows in pieces of a few thousand edges, each counted before it is read.
//! Departures: a filter changes the question and is no limit; only a bound can truncate an answer.
//! Cost: nothing an edge where there is no filter; three column reads where there is.
//! Checked against: `tests/it/paths_limits.rs`.

use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Path;
use crate::error::{GraphError, same_length};
use crate::graph::{EdgeColumns, GraphView};
use crate::{Direction, Limit};

/// The question and its bounds. The default asks for any path and bounds nothing; a service sets bounds.
#[derive(Clone)]
pub struct PathOptions<'a> {
    /// The length of every edge, by edge id: the shortest path is then the one with the smallest sum. Without
    /// them every edge is 1 long. Widths do not read them.
    pub lengths: Option<&'a [u64]>,
    /// Only edges of at least this weight are walked.
    pub weight_min: u64,
    /// Only edges whose first to last time overlaps this range are walked. A merged edge does not say when the
    /// edges between its first and last happened, so it may overlap with none of them inside.
    pub time_range: RangeInclusive<u32>,
    /// Only edges with all of these flags are walked.
    pub flags_required: u8,
    /// Only edges with none of these flags are walked.
    pub flags_excluded: u8,
    /// Nodes that a path may reach but not pass; sources are always left.
    pub blocked: Option<&'a dyn Fn(u32) -> bool>,
    /// Bound: the longest path looked for, in edges.
    pub hops_max: u32,
    /// Bound: the longest path looked for, in length. Sums of 2^64 - 1 and more are beyond any bound.
    pub length_max: u64,
    /// Bound: a node with more out-edges is reached but not passed; sources are always left.
    pub degree_max: usize,
    /// Bound: how many edges are looked at.
    pub edges_visited_max: u64,
    /// Bound: set it to true from another thread to end the search with what it has.
    pub cancelled: Option<&'a AtomicBool>,
}

impl Default for PathOptions<'_> {
    fn default() -> Self {
        Self {
            lengths: None,
            weight_min: 0,
            time_range: 0..=u32::MAX,
            flags_required: 0,
            flags_excluded: 0,
            blocked: None,
            hops_max: u32::MAX,
            length_max: u64::MAX,
            degree_max: usize::MAX,
            edges_visited_max: u64::MAX,
            cancelled: None,
        }
    }
}

/// What a search for one more path must leave out; empty for the first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bans<'b> {
    /// Nodes that do not exist.
    pub(super) nodes: &'b [u32],
    /// The node where paths part, and where none may go from there, ascending.
    pub(super) spur: u32,
    pub(super) next: &'b [u32],
}

/// How many edges are read between two looks at the bounds.
const PIECE: usize = 4096;

/// Which edges may be walked, and how many have been.
pub(super) struct Walk<'s, 'g, 'o> {
    pub(super) graph: &'s GraphView<'g>,
    pub(super) options: &'s PathOptions<'o>,
    pub(super) bans: Bans<'s>,
    filter: Option<Filter>,
    /// No edge is left out: columns are not read.
    plain: bool,
    pub(super) edges_visited: u64,
    /// `EdgesVisited` or `Cancelled`, once the search had to stop.
    pub(super) stopped: Option<Limit>,
    pub(super) degree_cut: bool,
    pub(super) length_cut: bool,
    pub(super) hops_cut: bool,
    unchecked: usize,
}

impl<'s, 'g, 'o> Walk<'s, 'g, 'o> {
    pub(super) fn new(graph: &'s GraphView<'g>, options: &'s PathOptions<'o>) -> Self {
        Self::with_bans(graph, options, Bans::default())
    }

    pub(super) fn with_bans(
        graph: &'s GraphView<'g>,
        options: &'s PathOptions<'o>,
        bans: Bans<'s>,
    ) -> Self {
        let filter = Filter::of(options);
        let plain = filter.is_none() && bans.nodes.is_empty() && bans.next.is_empty();
        Self {
            graph,
            options,
            bans,
            filter,
            plain,
            edges_visited: 0,
            stopped: None,
            degree_cut: false,
            length_cut: false,
            hops_cut: false,
            unchecked: PIECE,
        }
    }

    /// The next positions of a row that may be read, and counts them; `None` at its end, or if a bound stopped
    /// the search.
    pub(super) fn piece(&mut self, row: &mut Range<usize>) -> Option<Range<usize>> {
        if row.start >= row.end || self.stopped.is_some() {
            return None;
        }
        if self.unchecked >= PIECE {
            self.unchecked = 0;
            if self.options.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
                self.stopped = Some(Limit::Cancelled);
                return None;
            }
        }
        let left = self.options.edges_visited_max - self.edges_visited;
        let n_edges = row.len().min(PIECE).min(usize::try_from(left).unwrap_or(usize::MAX));
        if n_edges == 0 {
            self.stopped = Some(Limit::EdgesVisited);
            return None;
        }
        self.edges_visited += n_edges as u64;
        self.unchecked += n_edges;
        let piece = row.start..row.start + n_edges;
        row.start = piece.end;
        Some(piece)
    }

    /// The edge at a position among the rows of a direction.
    pub(super) fn edge_at(&self, at: usize, direction: Direction) -> u32 {
        match direction {
            Direction::Forward => {
                u32::try_from(at).expect("a graph has fewer edges than 32-bit ids")
            }
            Direction::Backward => self.graph.in_edge()[at],
        }
    }

    /// Whether the edge at position `at`, between `from` (whose row it is) and `to`, may be walked.
    pub(super) fn admits(&self, from: u32, to: u32, at: usize, direction: Direction) -> bool {
        if self.plain {
            return true;
        }
        let (source, target) = match direction {
            Direction::Forward => (from, to),
            Direction::Backward => (to, from),
        };
        let bans = &self.bans;
        if bans.nodes.contains(&to)
            || (source == bans.spur && bans.next.binary_search(&target).is_ok())
        {
            return false;
        }
        let edge = || self.edge_at(at, direction) as usize;
        self.filter.as_ref().is_none_or(|filter| filter.passes(&self.graph.columns(), edge()))
    }

    /// The length of an edge.
    pub(super) fn length(&self, edge: u32) -> u64 {
        self.options.lengths.map_or(1, |lengths| lengths[edge as usize])
    }

    /// The longest length that a path may have; `u64::MAX` itself says "not reached".
    pub(super) fn length_max(&self) -> u64 {
        self.options.length_max.min(u64::MAX - 1)
    }

    /// Whether a path may go on from a node that it does not start at; notes if the degree bound is why not.
    pub(super) fn passes(&mut self, node: u32) -> bool {
        if self.options.blocked.is_some_and(|blocked| blocked(node)) {
            return false;
        }
        let degree = self.graph.rows(Direction::Forward).range(node).len();
        let within = degree <= self.options.degree_max;
        self.degree_cut |= !within;
        within
    }

    /// [`Self::passes`] without the note.
    pub(super) fn is_open(&self, node: u32) -> bool {
        is_open(self.graph, self.options, node)
    }

    /// The bound to name: what stopped the search or stood in its way, and what cut it short of longer paths if
    /// one more hop, or more length, matters.
    pub(super) fn truncated_by(&self, hops_matter: bool, length_matters: bool) -> Option<Limit> {
        let degree = self.degree_cut.then_some(Limit::Degree);
        let length = (self.length_cut && length_matters).then_some(Limit::Length);
        let hops = (self.hops_cut && hops_matter).then_some(Limit::Hops);
        self.stopped.or(degree).or(length).or(hops)
    }

    /// The path along `nodes`, which are joined by edges.
    pub(super) fn path(&self, nodes: Vec<u32>) -> Path {
        let rows = self.graph.rows(Direction::Forward);
        let mut path = Path { edges: Vec::new(), nodes, hops: 0, length: 0, width: u64::MAX };
        for pair in path.nodes.windows(2) {
            // Rows ascend; in a graph that would not pass `validate` a wrong edge may be named.
            let place = rows.row(pair[0]).partition_point(|&target| target < pair[1]);
            let edge = self.edge_at(rows.range(pair[0]).start + place, Direction::Forward);
            path.edges.push(edge);
            path.hops += 1;
            path.length = path.length.saturating_add(self.length(edge));
            path.width = path.width.min(self.graph.columns().weight[edge as usize]);
        }
        path
    }
}

/// Which edges may be walked.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    weight_min: u64,
    times: (u32, u32),
    flags_required: u8,
    flags_excluded: u8,
}

impl Filter {
    /// `None`: all of them.
    pub(super) fn of(options: &PathOptions<'_>) -> Option<Self> {
        let times = (*options.time_range.start(), *options.time_range.end());
        let (flags_required, flags_excluded) = (options.flags_required, options.flags_excluded);
        let weight_min = options.weight_min;
        let all = weight_min == 0 && times == (0, u32::MAX) && flags_required | flags_excluded == 0;
        (!all).then_some(Self { weight_min, times, flags_required, flags_excluded })
    }

    pub(super) fn passes(&self, columns: &EdgeColumns<'_>, edge: usize) -> bool {
        let flags = columns.flags[edge];
        columns.weight[edge] >= self.weight_min
            && columns.last_time[edge] >= self.times.0
            && columns.first_time[edge] <= self.times.1
            && flags & self.flags_required == self.flags_required
            && flags & self.flags_excluded == 0
    }
}

/// Whether a path may go on from a node that it does not start at.
pub(super) fn is_open(graph: &GraphView<'_>, options: &PathOptions<'_>, node: u32) -> bool {
    !options.blocked.is_some_and(|blocked| blocked(node))
        && graph.rows(Direction::Forward).range(node).len() <= options.degree_max
}

/// Checks what comes from outside, and gives the nodes ascending and without repeats, so that their order of
/// mention cannot matter.
pub(super) fn check_question(
    graph: &GraphView<'_>,
    options: &PathOptions<'_>,
    what: &'static str,
    nodes: &[u32],
) -> Result<Vec<u32>, GraphError> {
    if let Some(lengths) = options.lengths {
        same_length("lengths", graph.n_edges(), lengths.len())?;
    }
    crate::csr::check_below(what, nodes, graph.n_nodes())?;
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes.dedup();
    Ok(nodes)
}

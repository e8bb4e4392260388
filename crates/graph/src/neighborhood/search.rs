//! The breadth-first search behind [`super::neighborhood`].

use std::sync::atomic::Ordering;

use super::top::{Candidate, Key, Top};
use super::{
    Cut, HoodEdge, HoodNode, Neighborhood, NeighborhoodOptions, NodeState, Shown, distinct,
};
use crate::graph::GraphView;
use crate::sparse::NodeMap;
use crate::{Direction, Limit, NONE};

/// So many edges of a row are read between two looks at `cancelled`.
const EDGES_A_LOOK: usize = 1 << 16;

pub(super) struct Search<'s, 'o> {
    graph: GraphView<'s>,
    options: &'s NeighborhoodOptions<'o>,
    filter: Filter<'s>,
    /// Node to its place in `nodes`.
    index: NodeMap<u32>,
    nodes: Vec<HoodNode>,
    edges: Vec<HoodEdge>,
    /// What the rows of hubs were cut at, by place in `nodes`, for each direction.
    row_cuts: [RowCuts; 2],
    top: Top,
    chosen: Vec<Candidate>,
    edges_visited: u64,
    truncated_by: Option<Cut>,
}

impl<'s, 'o> Search<'s, 'o> {
    pub(super) fn new(graph: GraphView<'s>, options: &'s NeighborhoodOptions<'o>) -> Self {
        Self {
            graph,
            options,
            filter: Filter::new(graph, options),
            index: NodeMap::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
            row_cuts: [RowCuts::default(), RowCuts::default()],
            top: Top::default(),
            chosen: Vec::new(),
            edges_visited: 0,
            truncated_by: None,
        }
    }

    pub(super) fn run(mut self, roots: &[u32]) -> Neighborhood {
        for root in distinct(roots, self.graph.n_nodes()) {
            if self.reach(root, 0).is_none() {
                self.cut(Limit::Nodes, root, 0);
                break;
            }
        }
        // One level at a time, so that what is far away in memory is asked for all at once.
        let mut level = 0..self.nodes.len();
        while !level.is_empty() {
            self.read_degrees(level.clone());
            let end = level.end;
            if !level.into_iter().all(|at| self.walk(at)) {
                let unread = end..self.nodes.len();
                self.read_degrees(unread);
                break;
            }
            level = end..self.nodes.len();
        }
        Neighborhood {
            nodes: self.nodes,
            edges: self.edges,
            edges_visited: self.edges_visited,
            truncated_by: self.truncated_by,
        }
    }

    /// Adds a node; `None` if there are too many.
    fn reach(&mut self, node: u32, hops: u32) -> Option<()> {
        if self.nodes.len() >= self.options.nodes_max {
            return None;
        }
        let last = hops >= self.options.hops_max;
        self.index.insert(node, count(self.nodes.len()));
        self.nodes.push(HoodNode {
            node,
            hops,
            out_degree: 0,
            in_degree: 0,
            out: Shown::default(),
            in_: Shown::default(),
            state: if last { NodeState::LastHop } else { NodeState::Unread },
        });
        Some(())
    }

    /// A pass of its own: reads that do not wait for one another take a fifth of the time.
    fn read_degrees(&mut self, places: std::ops::Range<usize>) {
        let (out, in_) =
            (self.graph.rows(Direction::Forward), self.graph.rows(Direction::Backward));
        for known in &mut self.nodes[places] {
            known.out_degree = count(out.range(known.node).len());
            known.in_degree = count(in_.range(known.node).len());
        }
    }

    /// Walks from the node at a place; false if the search is over.
    fn walk(&mut self, at: usize) -> bool {
        let HoodNode { node, hops, out_degree, in_degree, state, .. } = self.nodes[at];
        if state == NodeState::LastHop {
            return true;
        }
        if self.is_cancelled() {
            return self.cut(Limit::Cancelled, node, hops);
        }
        if hops > 0 && self.options.blocked.is_some_and(|blocked| blocked(node)) {
            self.nodes[at].state = NodeState::Blocked;
            return true;
        }
        let [forward, backward] = [Direction::Forward, Direction::Backward]
            .map(|way| self.options.direction.is_none_or(|asked| asked == way));
        let n_edges =
            u64::from(out_degree) * u64::from(forward) + u64::from(in_degree) * u64::from(backward);
        if n_edges > self.options.edges_visited_max - self.edges_visited {
            self.cut(Limit::EdgesVisited, node, hops);
            return true;
        }
        if (forward && !self.walk_row(at, Direction::Forward))
            || (backward && !self.walk_row(at, Direction::Backward))
        {
            return false;
        }
        self.nodes[at].state = NodeState::Walked;
        true
    }

    /// Walks the edges of one row; false if the search is over.
    fn walk_row(&mut self, at: usize, direction: Direction) -> bool {
        let HoodNode { node, hops, .. } = self.nodes[at];
        let degree = self.graph.rows(direction).range(node).len();
        let mut chosen = std::mem::take(&mut self.chosen);
        chosen.clear();
        let matching = if degree <= self.options.neighbors_max {
            self.read_row(node, direction, |candidate| chosen.push(candidate))
        } else {
            let mut top = std::mem::take(&mut self.top);
            top.start(self.options.neighbors_max);
            let matching = self.read_row(node, direction, |candidate| top.add(candidate));
            let (best, worst) = top.finish();
            chosen.extend_from_slice(best);
            if matching.is_some_and(|matching| matching as usize > best.len()) {
                self.row_cuts[slot(direction)].insert(count(at), worst);
            }
            self.top = top;
            matching
        };
        let Some(matching) = matching else {
            return self.cut(Limit::Cancelled, node, hops);
        };
        let taken = chosen.iter().take_while(|&candidate| self.take(at, direction, candidate));
        let taken = count(taken.count());
        let all = taken == count(chosen.len());
        self.chosen = chosen;
        let shown = Shown { matching, taken };
        match direction {
            Direction::Forward => self.nodes[at].out = shown,
            Direction::Backward => self.nodes[at].in_ = shown,
        }
        all || self.cut(Limit::Nodes, node, hops)
    }

    /// Gives `see` every edge of a row that passes the filters; how many, or `None` if called off.
    fn read_row(
        &mut self,
        node: u32,
        direction: Direction,
        mut see: impl FnMut(Candidate),
    ) -> Option<u32> {
        let range = self.graph.rows(direction).range(node);
        let items = &self.graph.rows(direction).items()[range.clone()];
        let in_edges = match direction {
            Direction::Forward => None,
            Direction::Backward => Some(self.graph.in_edges(node)),
        };
        let (first, mut matching) = (count(range.start), 0);
        for start in (0..items.len()).step_by(EDGES_A_LOOK) {
            if start > 0 && self.is_cancelled() {
                return None;
            }
            let end = items.len().min(start + EDGES_A_LOOK);
            self.edges_visited += (end - start) as u64;
            for (place, &neighbor) in (start..end).zip(&items[start..end]) {
                let edge = in_edges.map_or_else(|| first + count(place), |edges| edges[place]);
                if let Some(weight) = self.filter.weight(edge as usize) {
                    matching += 1;
                    see(Candidate { weight, edge, neighbor });
                }
            }
        }
        Some(matching)
    }

    /// Takes an edge, and the node it leads to if that is new; false if there are too many nodes.
    fn take(&mut self, at: usize, direction: Direction, candidate: &Candidate) -> bool {
        let &Candidate { edge, neighbor, .. } = candidate;
        match self.index.get(neighbor) {
            Some(place) if self.taken_before(place, at, direction, candidate) => return true,
            Some(_) => {}
            None if self.reach(neighbor, self.nodes[at].hops + 1).is_none() => return false,
            None => {}
        }
        let node = self.nodes[at].node;
        let (source, target) = match direction {
            Direction::Forward => (node, neighbor),
            Direction::Backward => (neighbor, node),
        };
        self.edges.push(HoodEdge { source, target, edge });
        true
    }

    /// Was the edge walked from its other end, which is at `place`? Told by where that row was cut, so that no
    /// set of edges has to be kept.
    fn taken_before(
        &self,
        place: u32,
        at: usize,
        direction: Direction,
        candidate: &Candidate,
    ) -> bool {
        if self.options.direction.is_some() {
            return false;
        }
        let other_end = place as usize;
        // A loop is met twice from the same node, forward first.
        let walked = self.nodes[other_end].state == NodeState::Walked
            || (other_end == at && direction == Direction::Backward);
        let cuts = &self.row_cuts[1 - slot(direction)];
        walked && cuts.get(place).is_none_or(|worst| worst.is_some_and(|w| candidate.key() <= w))
    }

    fn is_cancelled(&self) -> bool {
        self.options.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }

    /// Notes the first cut; false, for whoever ends the search with it.
    fn cut(&mut self, limit: Limit, node: u32, hops: u32) -> bool {
        self.truncated_by = self.truncated_by.or(Some(Cut { limit, node, hops }));
        false
    }
}

/// Which edges exist for a search. A column that nobody asked about is not read.
struct Filter<'s> {
    weight: Option<&'s [u64]>,
    weight_min: u64,
    times: Option<(&'s [u32], &'s [u32])>,
    first: u32,
    last: u32,
    flags: Option<&'s [u8]>,
    flags_required: u8,
    flags_excluded: u8,
}

impl<'s> Filter<'s> {
    fn new(graph: GraphView<'s>, options: &NeighborhoodOptions<'_>) -> Self {
        let columns = graph.columns();
        let (first, last) = (*options.time_range.start(), *options.time_range.end());
        let by_weight = options.weight_min > 0 || options.neighbors_max < graph.n_edges();
        let by_flags = options.flags_required | options.flags_excluded != 0;
        let any_time = first == 0 && last == u32::MAX;
        Self {
            weight: by_weight.then_some(columns.weight),
            weight_min: options.weight_min,
            times: (!any_time).then_some((columns.first_time, columns.last_time)),
            first,
            last,
            flags: by_flags.then_some(columns.flags),
            flags_required: options.flags_required,
            flags_excluded: options.flags_excluded,
        }
    }

    /// The weight of an edge that passes (0 if it does not matter).
    fn weight(&self, edge: usize) -> Option<u64> {
        let weight = self.weight.map_or(0, |weight| weight[edge]);
        let heavy = weight >= self.weight_min;
        let timely = self
            .times
            .is_none_or(|(first, last)| first[edge] <= self.last && last[edge] >= self.first);
        let flagged = self.flags.is_none_or(|flags| {
            let flags = flags[edge];
            flags & self.flags_required == self.flags_required && flags & self.flags_excluded == 0
        });
        (heavy && timely && flagged).then_some(weight)
    }
}

/// The worst edge taken of each row that was cut, by place of the node.
#[derive(Default)]
struct RowCuts {
    index: NodeMap<u32>,
    worst: Vec<Option<Key>>,
}

impl RowCuts {
    fn insert(&mut self, place: u32, worst: Option<Key>) {
        self.index.insert(place, count(self.worst.len()));
        self.worst.push(worst);
    }

    /// `None`: the row was not cut; `Some(None)`: nothing of it was taken.
    fn get(&self, place: u32) -> Option<Option<Key>> {
        self.index.get(place).map(|at| self.worst[at as usize])
    }
}

fn slot(direction: Direction) -> usize {
    usize::from(direction == Direction::Backward)
}

/// A count of nodes or edges of a graph; both have 32-bit ids.
fn count(found: usize) -> u32 {
    u32::try_from(found).unwrap_or(NONE)
}

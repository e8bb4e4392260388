//! The two passes behind [`super::CycleStream`]: marks back from the closing edge, then a search along them.

use super::cycles::{Arrival, Cycle, CycleOptions, Cycles, EdgeOrder, Window, WindowEdge};

/// How the source of a closing edge can be reached from a node. Both numbers are bounds and not exact: the marks
/// must never hide a cycle, but may lead the search astray.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// The position of the closing edge the mark was made for; others are void. So nothing has to be cleared.
    stamp: u64,
    /// The latest edge by which the node may be left.
    latest: u64,
    /// Edges that arrive before this one have been looked at; 0 if none.
    looked: u64,
    /// No fewer hops lead there.
    hops: u8,
    queued: bool,
}

impl Window {
    /// Finds the cycles that an edge closes.
    pub(super) fn close(&mut self, options: &CycleOptions, edge: &Arrival, found: &mut Cycles) {
        let (Some(source), Some(target)) =
            (self.nodes.place_if_known(edge.source), self.nodes.place_if_known(edge.target))
        else {
            return;
        };
        if options.length_max < 2 || self.newest_out(target).is_none() {
            return;
        }
        let closing = WindowEdge::closing(edge, source, target);
        let mut search = Search {
            stamp: self.next_position(),
            window: self,
            options,
            closing,
            edges_left: options.edges_visited_max,
            path: Vec::new(),
            found,
        };
        let complete = match search.mark() {
            Some(reached) => !reached || search.walk(target, None),
            None => false,
        };
        let edges_visited = options.edges_visited_max - search.edges_left;
        found.edges_visited += edges_visited;
        if !complete {
            found.truncated.push(edge.edge);
        }
    }
}

struct Search<'s> {
    window: &'s mut Window,
    options: &'s CycleOptions,
    closing: WindowEdge,
    /// The position the closing edge is going to have.
    stamp: u64,
    edges_left: u64,
    /// The edges walked from the target of the closing edge on.
    path: Vec<WindowEdge>,
    found: &'s mut Cycles,
}

impl Search<'_> {
    /// Marks the nodes from which the source of the closing edge can be reached; whether its target is one of them,
    /// or `None` if the bound was reached.
    fn mark(&mut self) -> Option<bool> {
        let (start, goal) = (self.closing.source, self.closing.target);
        let mut reached = false;
        let (mut level, mut next) = (vec![start], Vec::new());
        self.window.nodes[start].mark =
            Mark { stamp: self.stamp, latest: self.stamp, queued: true, ..Mark::default() };
        for hops in 1..self.options.length_max {
            for place in level.drain(..) {
                let mark = &mut self.window.nodes[place].mark;
                let (until, since) = (mark.latest, mark.looked);
                (mark.looked, mark.queued) = (until, false);
                let mut at = self.window.newest_in(place);
                while let Some(position) = at {
                    self.visit()?;
                    at = self.window.older_in(position);
                    let edge = *self.window.edge(position);
                    if since != 0 && self.follows(position, &edge, since) {
                        break;
                    }
                    if edge.source == start || !self.follows(position, &edge, until) {
                        continue;
                    }
                    reached |= edge.source == goal;
                    if self.improve(edge.source, position, hops) && edge.source != goal {
                        next.push(edge.source);
                    }
                }
            }
            std::mem::swap(&mut level, &mut next);
        }
        Some(reached)
    }

    /// Notes that a node may be left by the edge at `position`; true if it has to be looked at once more.
    fn improve(&mut self, place: u32, position: u64, hops: u8) -> bool {
        let mark = &mut self.window.nodes[place].mark;
        if mark.stamp != self.stamp {
            *mark = Mark { stamp: self.stamp, latest: position, looked: 0, hops, queued: true };
            return true;
        }
        if position <= mark.latest {
            return false;
        }
        mark.latest = position;
        !std::mem::replace(&mut mark.queued, true)
    }

    /// May the edge at position `after` (or the closing edge) follow this one?
    fn follows(&self, position: u64, edge: &WindowEdge, after: u64) -> bool {
        position < after
            && match self.options.order {
                EdgeOrder::Stream => true,
                EdgeOrder::Strict if after == self.stamp => edge.time < self.closing.time,
                EdgeOrder::Strict => edge.time < self.window.edge(after).time,
            }
    }

    /// Walks on from a node, reached by the edge at `arrival`, newest edge first; false if the bound was reached.
    fn walk(&mut self, place: u32, arrival: Option<u64>) -> bool {
        let mut at = self.window.newest_out(place);
        while let Some(position) = at {
            if self.visit().is_none() {
                return false;
            }
            at = self.window.older_out(position);
            let edge = *self.window.edge(position);
            if let (Some(arrival), Some(before)) = (arrival, self.path.last()) {
                if !self.follows(arrival, before, position) {
                    break;
                }
                if !self.is_in_ratio(before, &edge) {
                    continue;
                }
            }
            if edge.target == self.closing.source {
                self.path.push(edge);
                if self.follows(position, &edge, self.stamp)
                    && self.is_in_ratio(&edge, &self.closing)
                {
                    self.report();
                }
                self.path.pop();
            } else if self.leads_on(position, &edge) {
                self.path.push(edge);
                let complete = self.walk(edge.target, Some(position));
                self.path.pop();
                if !complete {
                    return false;
                }
            }
        }
        true
    }

    /// Can the source of the closing edge still be reached behind this edge, through nodes not met yet?
    fn leads_on(&self, position: u64, edge: &WindowEdge) -> bool {
        let mark = &self.window.nodes[edge.target].mark;
        // The path with this edge, the hops behind it, and the closing edge.
        let length = self.path.len() + 1 + usize::from(mark.hops) + 1;
        mark.stamp == self.stamp
            && length <= usize::from(self.options.length_max)
            && self.follows(position, edge, mark.latest)
            && edge.target != self.closing.target
            && self.path.iter().all(|met| met.target != edge.target)
    }

    fn is_in_ratio(&self, before: &WindowEdge, edge: &WindowEdge) -> bool {
        self.options.weight_ratio_ppm.as_ref().is_none_or(|range| {
            let share = |ppm: u32| u128::from(before.weight) * u128::from(ppm);
            let weight = u128::from(edge.weight) * 1_000_000;
            (share(*range.start())..=share(*range.end())).contains(&weight)
        })
    }

    fn report(&mut self) {
        let edges = || self.path.iter().chain([&self.closing]);
        let nodes = &self.window.nodes;
        let first_time = self.path[0].time;
        self.found.cycles.push(Cycle {
            edges: edges().map(|edge| edge.edge).collect(),
            nodes: edges().map(|edge| nodes[edge.source].node).collect(),
            first_time,
            duration: self.closing.time - first_time,
        });
    }

    /// Counts one more edge looked at; `None` if the bound is reached.
    fn visit(&mut self) -> Option<()> {
        self.edges_left = self.edges_left.checked_sub(1)?;
        Some(())
    }
}

//! Fan-in and fan-out within a window: from how many nodes a node took, to how many it gave, and how much.
//!
//! In: edges in order of time. Out: for every edge the fan-in of its target and the fan-out of its source (distinct
//! counterparties, sum of weights) over the edges of the last `window` time units, itself included; an event where
//! a fan rises to the thresholds or falls below them.
//! Source: the fan-in, fan-out and gather-scatter patterns of Suzumura, Kanezashi, "Anti-Money Laundering Datasets"
//! (AMLSim), 2021; the distinct count of a sliding window as the number of elements that are the latest of their
//! kind, Datar, Gionis, Indyk, Motwani, "Maintaining stream statistics over sliding windows", SIAM J. Comput. 2002.
//! Departures: exact. An edge counts in both of its fans while no later one joins the same pair, so one map of pairs
//! takes the place of a multiset of counterparties for every node and side.
//! Cost: O(1) expected an edge, whatever the degree; 32 bytes an edge of the window, 32 to 64 a distinct pair and
//! 112 to 144 a node of it.
//! Checked against: a recount from the plain list at every edge (`tests/it/patterns_fans.rs`).

use std::collections::VecDeque;

use super::check_batch;
use super::keys::{KeyMap, NodeSlab};
use crate::error::GraphError;
use crate::temporal::TemporalEdges;

/// What counts, and what is an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOptions {
    /// An edge counts until so many time units after its own time, that one included.
    pub window: u32,
    /// Only edges of at least this weight count.
    pub edge_weight_min: u64,
    /// A fan is up with at least so many distinct counterparties
    pub count_min: u32,
    /// and at least this weight.
    pub weight_min: u128,
}

/// One side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FanSide {
    /// What it takes.
    In,
    /// What it gives.
    Out,
}

/// A fan: the edges of the window at one side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fan {
    /// How many distinct counterparties.
    pub count: u32,
    /// The weight of all edges.
    pub weight_sum: u128,
}

/// Which way a fan crossed the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crossing {
    /// With a new edge.
    Rise,
    /// With an edge that left the window.
    Fall,
}

/// A fan crossed the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FanEvent {
    /// The edge that came or left.
    pub edge: u64,
    /// When: the time of the edge that came; the first time at which the edge that left no longer counts.
    pub time: u32,
    /// Whose fan it is.
    pub node: u32,
    /// Which of its two fans.
    pub side: FanSide,
    /// Which way it crossed.
    pub crossing: Crossing,
    /// The fan after that edge.
    pub fan: Fan,
    /// The other fan of the node at that moment.
    pub opposite: Fan,
    /// Whether the other fan is up.
    pub opposite_is_up: bool,
}

impl FanEvent {
    /// Gather-scatter: the fan-out rises while the fan-in is up.
    pub fn is_gather_scatter(&self) -> bool {
        self.side == FanSide::Out && self.crossing == Crossing::Rise && self.opposite_is_up
    }
}

/// What a batch brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FanBatch {
    /// The fan-in of the target after each edge.
    pub fan_in: Vec<Fan>,
    /// The fan-out of the source after each edge.
    pub fan_out: Vec<Fan>,
    /// In order of time; at one time falls first, then rises edge by edge, fan-in first.
    pub events: Vec<FanEvent>,
}

/// Fans of a stream. A loop is not counted: to pay oneself has no counterparty.
#[derive(Debug, Clone)]
pub struct FanStream {
    options: FanOptions,
    n_edges: u64,
    last_time: u32,
    /// The edges of the window, oldest first.
    window: VecDeque<WindowEdge>,
    /// How many edges have left the window; so the ring position of the one in front.
    n_expired: u64,
    /// Source and target to the low half of the ring position of the latest edge between them.
    latest: KeyMap,
    nodes: NodeSlab<NodeFans>,
}

#[derive(Debug, Clone, Copy)]
struct WindowEdge {
    edge: u64,
    weight: u64,
    time: u32,
    /// Places in the slab.
    source: u32,
    target: u32,
    /// No later edge joins the same pair.
    is_latest: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct NodeFans {
    node: u32,
    in_: Fan,
    out: Fan,
}

impl FanStream {
    /// A stream with nothing in its window.
    pub fn new(options: FanOptions) -> Self {
        Self {
            options,
            n_edges: 0,
            last_time: 0,
            window: VecDeque::new(),
            n_expired: 0,
            latest: KeyMap::new(),
            nodes: NodeSlab::new(),
        }
    }

    /// The stream as it was behind `edges`, the first of which has the number `first_edge`. They must hold every edge
    /// up to `window` older than the last one; more do no harm.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn resume(
        options: FanOptions,
        first_edge: u64,
        edges: TemporalEdges<'_>,
    ) -> Result<Self, GraphError> {
        let mut stream = Self { n_edges: first_edge, ..Self::new(options) };
        stream.push(edges)?;
        Ok(stream)
    }

    /// How many edges have come, which is the number of the next.
    pub fn n_edges(&self) -> u64 {
        self.n_edges
    }

    /// How many edges are in the window.
    pub fn n_window(&self) -> usize {
        self.window.len()
    }

    /// Takes the next edges.
    ///
    /// # Errors
    /// Columns of different length, times that fall, within the batch or behind the one before it, or an end that is
    /// [`crate::NONE`]. Nothing has changed then.
    pub fn push(&mut self, edges: TemporalEdges<'_>) -> Result<FanBatch, GraphError> {
        edges.check_lengths()?;
        check_batch(&edges, self.last_time)?;
        let mut batch = FanBatch::default();
        batch.fan_in.reserve(edges.len());
        batch.fan_out.reserve(edges.len());
        let ends = edges.source.iter().zip(edges.target);
        for ((&time, &weight), (&source, &target)) in edges.time.iter().zip(edges.weight).zip(ends)
        {
            self.expire(time, &mut batch.events);
            if source != target && weight >= self.options.edge_weight_min {
                let [source, target] = self.add(source, target, time, weight, &mut batch.events);
                batch.fan_in.push(self.nodes[target].in_);
                batch.fan_out.push(self.nodes[source].out);
            } else {
                batch.fan_in.push(self.nodes.find(target).map_or_else(Fan::default, |n| n.in_));
                batch.fan_out.push(self.nodes.find(source).map_or_else(Fan::default, |n| n.out));
            }
            self.n_edges += 1;
        }
        Ok(batch)
    }

    /// Lets time pass without an edge: the falls up to `time`. Earlier times change nothing;
    /// edges of an earlier time are refused from then on.
    pub fn advance(&mut self, time: u32) -> Vec<FanEvent> {
        let mut events = Vec::new();
        self.expire(time.max(self.last_time), &mut events);
        events
    }

    /// Adds an edge; the places of its ends.
    fn add(
        &mut self,
        source: u32,
        target: u32,
        time: u32,
        weight: u64,
        events: &mut Vec<FanEvent>,
    ) -> [u32; 2] {
        let position = low_half(self.n_expired + self.window.len() as u64);
        let (latest, is_new) = self.latest.entry(pair(source, target));
        let previous = std::mem::replace(latest, position);
        if !is_new {
            let at = previous.wrapping_sub(low_half(self.n_expired)) as usize;
            self.window[at].is_latest = false;
        }
        let places = [self.nodes.place(source), self.nodes.place(target)];
        let [source_at, target_at] = places;
        self.nodes[source_at].node = source;
        self.nodes[target_at].node = target;
        let edge = self.n_edges;
        self.window.push_back(WindowEdge {
            edge,
            weight,
            time,
            source: source_at,
            target: target_at,
            is_latest: true,
        });
        let step = |fan: &mut Fan| {
            fan.count += u32::from(is_new);
            fan.weight_sum += u128::from(weight);
        };
        self.change(target_at, FanSide::In, (edge, time), step, events);
        self.change(source_at, FanSide::Out, (edge, time), step, events);
        places
    }

    /// Drops what is out of the window at `time`.
    fn expire(&mut self, time: u32, events: &mut Vec<FanEvent>) {
        self.last_time = time;
        while let Some(&old) = self.window.front() {
            if time - old.time <= self.options.window {
                break;
            }
            self.window.pop_front();
            self.n_expired += 1;
            let [source, target] = [old.source, old.target].map(|place| self.nodes[place].node);
            if old.is_latest {
                self.latest.remove(pair(source, target));
            }
            let step = |fan: &mut Fan| {
                fan.count -= u32::from(old.is_latest);
                fan.weight_sum -= u128::from(old.weight);
            };
            // The sum is below `time`, so it fits.
            let when = (old.edge, old.time + self.options.window + 1);
            self.change(old.target, FanSide::In, when, step, events);
            self.change(old.source, FanSide::Out, when, step, events);
            for place in [old.source, old.target] {
                let fans = &self.nodes[place];
                if fans.in_.count == 0 && fans.out.count == 0 {
                    let node = fans.node;
                    self.nodes.remove(node);
                }
            }
        }
    }

    /// Changes one fan of a node, and notes a crossing.
    fn change(
        &mut self,
        place: u32,
        side: FanSide,
        (edge, time): (u64, u32),
        step: impl Fn(&mut Fan),
        events: &mut Vec<FanEvent>,
    ) {
        let options = &self.options;
        let is_up =
            |fan: Fan| fan.count >= options.count_min && fan.weight_sum >= options.weight_min;
        let fans = &mut self.nodes[place];
        let (fan, opposite) = match side {
            FanSide::In => (&mut fans.in_, fans.out),
            FanSide::Out => (&mut fans.out, fans.in_),
        };
        let was_up = is_up(*fan);
        step(fan);
        let (fan, now_up) = (*fan, is_up(*fan));
        if was_up != now_up {
            let crossing = if now_up { Crossing::Rise } else { Crossing::Fall };
            let (node, opposite_is_up) = (fans.node, is_up(opposite));
            let event =
                FanEvent { edge, time, node, side, crossing, fan, opposite, opposite_is_up };
            events.push(event);
        }
    }
}

/// The key of a pair; never all ones, since [`crate::NONE`] is no node.
fn pair(source: u32, target: u32) -> u64 {
    u64::from(source) << 32 | u64::from(target)
}

/// Enough of a ring position to find it, as long as a window has fewer than 2^32 edges (128 GiB).
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn low_half(position: u64) -> u32 {
    position as u32
}

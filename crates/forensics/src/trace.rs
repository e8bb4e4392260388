//! Tracing: the way of money between clusters, as hops.
//!
//! In: the flow graph and clusters. Out: hops with transaction, amount and whether they pass a mixing transaction,
//! and which limit may have hidden a better answer.
//! Source: [`graph::temporal::shortest_path`], [`graph::temporal::k_shortest_paths`], [`graph::temporal::widest_path`], [`graph::temporal::ProximityView`].
//! Departures: `u -> J -> v` through a junction is one hop of the smaller of the two amounts, which is the most
//! that `u` can have paid `v` there, and is marked `mixing`: the path is possible, not shown. Every default limits the
//! work, because a service answers these questions synchronously.
//! Cost: that of the search; turning a path into hops is O(hops).
//! Checked against: enumeration of all chains of hops on small ledgers (`tests/it/trace.rs`).

use std::ops::RangeInclusive;

use graph::temporal::{
    PathAnswer, ProximityView, SearchOptions, TemporalGraph, k_shortest_paths, shortest_path,
    widest_path,
};
use graph::{GraphError, Limit};
use ledger::{AddressId, ClusterId, TxIndex};

use crate::payers::MIXING;

/// The flow graph with what its edges carry beside amounts (see [`crate::FlowEdges`]).
#[derive(Clone, Copy, Debug)]
pub struct FlowGraph<'a> {
    graph: TemporalGraph<'a>,
    flags: &'a [u8],
}

/// One cluster paying another in one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop {
    /// The transaction.
    pub tx: TxIndex,
    /// Who paid.
    pub from: ClusterId,
    /// Who was paid.
    pub to: ClusterId,
    /// How much in satoshi; in a mixing transaction of several owners the most that it can have been.
    pub amount_sat: u64,
    /// The transaction may be collaborative: that the one paid the other is possible, not shown.
    pub mixing: bool,
}

/// The question that a trace asks. The default asks for any path in order of time.
#[derive(Clone)]
pub struct TraceOptions<'a> {
    /// Money moves forward in time: each hop's transaction is not before the one in front of it.
    pub time_respecting: bool,
    /// Only transactions in this range, as dense positions in the ledger.
    pub tx_range: RangeInclusive<u32>,
    /// Only edges of at least this amount.
    pub amount_sat_min: u64,
    /// Clusters that a path may reach but not pass: services, whose customers' money mixes.
    pub ends_at: Option<&'a dyn Fn(ClusterId) -> bool>,
    /// Bounds on the work.
    pub limits: TraceLimits,
}

/// Bounds on the work of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceLimits {
    /// The longest path looked for.
    pub hops_max: u32,
    /// Clusters with more payments are reached but not passed (exchanges join everyone to everyone).
    pub degree_max: usize,
    /// How many edges are looked at.
    pub edges_visited_max: u64,
}

/// The answer to a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceAnswer {
    /// The best path found; `None` if there is none within the limits.
    pub path: Option<TracePath>,
    /// The option that may have hidden a better path; `None`: the answer is complete, "no path" included.
    pub truncated_by: Option<&'static str>,
    /// How many edges were looked at.
    pub edges_visited: u64,
}

/// The answer to a trace of several ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaysAnswer {
    /// Fewest hops first, no two over the same clusters; fewer than asked for if there are no more.
    pub paths: Vec<TracePath>,
    /// The option that may have hidden one of them; `None`: the list is complete.
    pub truncated_by: Option<&'static str>,
    /// How many edges were looked at.
    pub edges_visited: u64,
}

/// A way of money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracePath {
    /// Its hops in order of time; empty if the start is a target itself.
    pub hops: Vec<Hop>,
    /// The smallest amount on the way; `None` if there are no hops.
    pub bottleneck_sat: Option<u64>,
    /// Whether a hop is mixing.
    pub mixing: bool,
}

impl Default for TraceLimits {
    /// Twenty hops, 10,000 payments a cluster, two million edges: an answer within about a second.
    fn default() -> Self {
        Self { hops_max: 20, degree_max: 10_000, edges_visited_max: 2_000_000 }
    }
}

impl Default for TraceOptions<'_> {
    fn default() -> Self {
        Self {
            time_respecting: true,
            tx_range: 0..=u32::MAX,
            amount_sat_min: 0,
            ends_at: None,
            limits: TraceLimits::default(),
        }
    }
}

impl<'a> FlowGraph<'a> {
    /// Puts graph and flags together. Reads no edge.
    ///
    /// # Errors
    /// There are not as many flags as edges.
    pub fn new(graph: TemporalGraph<'a>, flags: &'a [u8]) -> Result<Self, GraphError> {
        let (expected, found) = (graph.edges().len(), flags.len());
        if expected != found {
            return Err(GraphError::Length { what: "flags", expected, found });
        }
        Ok(Self { graph, flags })
    }

    /// The graph without flags.
    pub fn graph(&self) -> &TemporalGraph<'a> {
        &self.graph
    }

    /// The path that edges of the graph are, in order of time.
    ///
    /// # Panics
    /// The edges are not a path from cluster to cluster.
    pub fn path(&self, edges: &[u32]) -> TracePath {
        let columns = self.graph.edges();
        let mut hops = Vec::with_capacity(edges.len());
        let mut rest = edges.iter().map(|edge| *edge as usize);
        while let Some(first) = rest.next() {
            let through_junction = self.graph.is_junction(columns.target[first]);
            let last = if through_junction { rest.next() } else { Some(first) };
            let last = last.expect("a path ends at a cluster");
            hops.push(Hop {
                tx: TxIndex::new(u64::from(columns.time[last])),
                from: cluster(columns.source[first]),
                to: cluster(columns.target[last]),
                amount_sat: columns.weight[first].min(columns.weight[last]),
                mixing: through_junction || self.flags[last] & MIXING != 0,
            });
        }
        let bottleneck_sat = hops.iter().map(|hop| hop.amount_sat).min();
        let mixing = hops.iter().any(|hop| hop.mixing);
        TracePath { hops, bottleneck_sat, mixing }
    }

    /// The path with the fewest hops from any of `sources` to any cluster that `is_target` accepts.
    ///
    /// # Panics
    /// A source is no node of the graph.
    pub fn shortest(
        &self,
        sources: &[ClusterId],
        is_target: impl Fn(ClusterId) -> bool,
        options: &TraceOptions<'_>,
    ) -> TraceAnswer {
        self.search(sources, options, |sources, options| {
            shortest_path(&self.graph, sources, |node| is_target(cluster(node)), options)
        })
    }

    /// The `k` paths with the fewest hops from `source` to any cluster that `is_target` accepts, no two over the same
    /// clusters; none leads through a target.
    ///
    /// # Panics
    /// The source is no node of the graph.
    pub fn shortest_ways(
        &self,
        source: ClusterId,
        is_target: impl Fn(ClusterId) -> bool,
        k: usize,
        options: &TraceOptions<'_>,
    ) -> WaysAnswer {
        let answer = self.with_options(options, |options| {
            let is_target = |node| is_target(cluster(node));
            k_shortest_paths(&self.graph, source.get().get(), is_target, k, options)
        });
        WaysAnswer {
            paths: answer.paths.iter().map(|path| self.path(&path.edges)).collect(),
            truncated_by: answer.truncated_by.map(Limit::option),
            edges_visited: answer.edges_visited,
        }
    }

    /// The path with the largest bottleneck: its smallest amount is as large as can be. Among equal ones the one
    /// with the fewest hops.
    ///
    /// # Panics
    /// A source is no node of the graph.
    pub fn widest(
        &self,
        sources: &[ClusterId],
        is_target: impl Fn(ClusterId) -> bool,
        options: &TraceOptions<'_>,
    ) -> TraceAnswer {
        self.search(sources, options, |sources, options| {
            widest_path(&self.graph, sources, |node| is_target(cluster(node)), options)
        })
    }

    /// The path between a cluster and its nearest source (a listed cluster, say): from the source if proximity
    /// was computed forward, to it if backward. `None` if there is none.
    ///
    /// # Errors
    /// The stored proximity is damaged; this is not "no path", which would clear the cluster.
    pub fn nearest(
        &self,
        proximity: &ProximityView<'_>,
        of: ClusterId,
    ) -> Result<Option<TracePath>, GraphError> {
        let edges = proximity.path(of.get().get())?;
        Ok(edges.map(|edges| self.path(&edges)))
    }

    fn search(
        &self,
        sources: &[ClusterId],
        options: &TraceOptions<'_>,
        search: impl Fn(&[u32], &SearchOptions<'_>) -> PathAnswer,
    ) -> TraceAnswer {
        let sources: Vec<u32> = sources.iter().map(|source| source.get().get()).collect();
        let answer = self.with_options(options, |options| search(&sources, options));
        TraceAnswer {
            path: answer.path.map(|path| self.path(&path.edges)),
            truncated_by: answer.truncated_by.map(Limit::option),
            edges_visited: answer.edges_visited,
        }
    }

    /// Asks with the options in the words of the graph.
    fn with_options<T>(
        &self,
        options: &TraceOptions<'_>,
        ask: impl FnOnce(&SearchOptions<'_>) -> T,
    ) -> T {
        // A junction is an event and not a cluster: it is always passed.
        let is_end = |node: u32| {
            !self.graph.is_junction(node) && options.ends_at.is_some_and(|ends| ends(cluster(node)))
        };
        ask(&SearchOptions {
            time_respecting: options.time_respecting,
            time_range: options.tx_range.clone(),
            weight_min: options.amount_sat_min,
            blocked: Some(&is_end),
            hops_max: options.limits.hops_max,
            degree_max: options.limits.degree_max,
            edges_visited_max: options.limits.edges_visited_max,
            ..SearchOptions::default()
        })
    }
}

fn cluster(node: u32) -> ClusterId {
    ClusterId::new(AddressId::new(node))
}

//! Personalized PageRank from few seeds, reading only the part of the graph where the scores are.
//!
//! In: out-rows and weights, one set of seeds a lane. Out: the scores of the nodes reached, ascending by node, with a
//! bound on all errors together, those of the nodes not reached included.
//! Source, departures: see `push.rs`; estimates are never above the exact value before scaling.
//! Cost: O(edges of pushed nodes), at most about `2 (seeds' walk length) / (error_max (1 - d)^2)` edges times a
//! logarithm, however large the graph; 40 bytes a node reached. Lanes run side by side, one thread each.
//! Checked against: Gaussian elimination (`tests/it/pagerank.rs`).

use rayon::prelude::*;

use super::push::{Goal, Push, PushGraph, Slots};
use super::seeds::Start;
use super::{EdgeWeights, Personalization, check_absorbing, check_damping};
use crate::csr::CsrView;
use crate::sparse::NodeMap;
use crate::{GraphError, Limit};

/// How exact, and how far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalOptions<'a> {
    /// See [`super::PageRankOptions::damping_factor`].
    pub damping_factor: f64,
    /// The scores of a lane may differ from the exact ones by this, summed over all nodes of the graph.
    pub error_max: f64,
    /// The search of a lane stops after so many edges; the answer names this bound and says what error is left.
    pub edges_visited_max: u64,
    /// See [`super::PageRankOptions::absorbing`].
    pub absorbing: &'a [bool],
}

impl Default for LocalOptions<'_> {
    fn default() -> Self {
        Self { damping_factor: 0.85, error_max: 1e-3, edges_visited_max: u64::MAX, absorbing: &[] }
    }
}

/// The scores around one set of seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalPageRank {
    /// Node and score, ascending by node; the scores sum to 1, a node that is missing has none.
    pub scores: Vec<(u32, f64)>,
    /// The scores differ from the exact ones by at most this, summed over all nodes.
    pub error_bound: f64,
    /// See [`super::PageRank::visits`]; at most `error_bound * visits` too low.
    pub visits: f64,
    /// How many edges were read.
    pub edges_visited: u64,
    /// The bound that kept the error above `error_max`.
    pub truncated_by: Option<Limit>,
}

/// Personalized PageRank around each set of seeds. Only the rows that are pushed are read; `Uniform` is allowed and
/// reads everything. Answers of lanes are those of lanes alone, and the bits depend on no thread.
///
/// # Errors
/// As [`super::pagerank`], and if `error_max` is not in `1e-12..=2`. Targets and weights are read only where the walk goes and
/// are not checked: a target that is no node may panic, a weight out of range counts as 0.
pub fn local_pagerank(
    out: CsrView<'_>,
    weights: EdgeWeights<'_>,
    personalization: &[Personalization<'_>],
    options: &LocalOptions<'_>,
) -> Result<Vec<LocalPageRank>, GraphError> {
    check_damping(options.damping_factor)?;
    check_error_max(options.error_max)?;
    check_absorbing(out.n_rows(), options.absorbing)?;
    let (absorbing, damping_factor) = (options.absorbing, options.damping_factor);
    let graph = PushGraph { rows: out, weights, absorbing, damping_factor };
    let starts = personalization.iter().map(|one| one.start(out.n_rows()));
    let starts: Vec<Start> = starts.collect::<Result<_, _>>()?;
    Ok(starts.par_iter().map(|start| around(graph, start, options)).collect())
}

pub(super) fn check_error_max(error_max: f64) -> Result<(), GraphError> {
    // Scores are sums of many roundings of 1e-16: less could not be kept.
    if (1e-12..=2.0).contains(&error_max) {
        return Ok(());
    }
    let (what, expected) = ("error_max", "a number from 1e-12 to 2");
    Err(GraphError::Argument { what, found: error_max.to_string(), expected })
}

/// Slots in order of arrival.
#[derive(Debug, Default)]
struct Arrivals {
    slot_of: NodeMap<u32>,
    nodes: Vec<u32>,
}

impl Slots for Arrivals {
    fn slot(&mut self, node: u32) -> usize {
        if let Some(slot) = self.slot_of.get(node) {
            return slot as usize;
        }
        let slot = self.nodes.len();
        self.slot_of.insert(node, u32::try_from(slot).expect("there are no more slots than nodes"));
        self.nodes.push(node);
        slot
    }

    fn node(&self, slot: usize) -> u32 {
        self.nodes[slot]
    }

    fn n_slots(&self) -> usize {
        self.nodes.len()
    }
}

fn around(graph: PushGraph<'_>, start: &Start, options: &LocalOptions<'_>) -> LocalPageRank {
    let (mut push, mut slots) = (Push::default(), Arrivals::default());
    let everywhere = (0..graph.rows.n_rows()).map(|node| (node, start.base));
    let starts = everywhere.filter(|_| start.base > 0.0).chain(start.seeds.iter().copied());
    for (node, weight) in starts {
        let slot = slots.slot(node);
        push.grow(slots.n_slots());
        push.add(slot, weight);
    }
    let (error_max, edges_max) = (options.error_max, options.edges_visited_max);
    let work = push.run(graph, &mut slots, Goal { error_max, start_sum: 1.0, edges_max });
    let reached = slots.nodes.iter().copied().zip(push.estimate.iter().copied());
    let mut scores: Vec<(u32, f64)> = reached.filter(|(_, score)| *score > 0.0).collect();
    scores.sort_unstable_by_key(|(node, _)| *node);
    let visits: f64 = scores.iter().map(|(_, score)| score).sum();
    if visits > 0.0 {
        scores.iter_mut().for_each(|(_, score)| *score /= visits);
    }
    let error_bound = push.error_bound(graph, 1.0);
    let truncated_by = (error_bound > options.error_max).then_some(Limit::EdgesVisited);
    LocalPageRank { scores, error_bound, visits, edges_visited: work.edges, truncated_by }
}

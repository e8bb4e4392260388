//! PageRank and personalized PageRank, from one or many seed vectors at once; kept up to date by pushing residuals.
//!
//! In: a [`TransitionMatrix`] (from in-rows and weights, or a [`crate::GraphView`]), one [`Personalization`] a lane.
//! Out: a [`PageRank`] a lane: scores by node that sum to 1, the iterations, the change and error bound reached.
//! `x = (1 - d) s + d (P' x + sinks(x) s)`, where `P` follows an edge in proportion to its weight, `s` is the
//! personalization and `sinks(x)` the score of the nodes without out-edges: their mass goes back along `s`, as
//! NetworkX's `dangling` does by default. An absorbing node keeps its mass, as if its only edge led to itself, so
//! its score is the share of walks that end there.
//! Source: Page, Brin, Motwani, Winograd, "The PageRank citation ranking", 1999; sinks as in Langville, Meyer,
//! "Deeper inside PageRank", 2004; tolerance and names as NetworkX's `pagerank`.
//! Departures: the iteration starts at `s`, not at equal scores (same answer); stops at `<=`, not `<`; reports a
//! bound on the error; not reaching the tolerance is an answer that says so, not an exception. GAP's PageRank, which
//! most fast peers copy, drops the mass of sinks: on chain most addresses are sinks.
//! Cost: O(iterations x edges); a sweep reads 4 bytes an edge (12 with weights) and gathers 8 bytes a lane.
//! Checked against: Gaussian elimination over the dense matrix (`tests/it/pagerank.rs`).

mod dynamic;
mod lanes;
mod local;
mod matrix;
mod push;
mod seeds;
mod sweep;

pub use dynamic::{DynamicPageRank, EdgeChange, RankUpdate};
pub use local::{LocalOptions, LocalPageRank, local_pagerank};
pub use matrix::{EdgeWeights, TransitionMatrix};
pub use seeds::Personalization;

use crate::GraphError;
use crate::error::same_length;
use lanes::Lane;
use seeds::Start;
use sweep::Sweep;

/// How a PageRank is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageRankOptions<'a> {
    /// The chance that the walk goes on at a step, in `0.0..1.0`.
    pub damping_factor: f64,
    /// The iteration ends when the scores change by at most this times the number of nodes, summed over all nodes:
    /// NetworkX's `tol`. Its default of 1e-6 means nothing for a million nodes, whose scores sum to 1; ours is
    /// 1e-12. To end at a change of `c` in all, as GAP and cuGraph do, pass `c / n_nodes`.
    pub tolerance: f64,
    /// The iteration ends after this many steps at the latest; the answer says if it did.
    pub iterations_max: u32,
    /// Nodes that keep what reaches them, one flag a node; empty for none.
    pub absorbing: &'a [bool],
}

impl Default for PageRankOptions<'_> {
    fn default() -> Self {
        Self { damping_factor: 0.85, tolerance: 1e-12, iterations_max: 200, absorbing: &[] }
    }
}

/// The scores for one personalization.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRank {
    /// By node; they sum to 1 (nothing for no nodes).
    pub scores: Vec<f64>,
    /// How many steps were taken.
    pub iterations: u32,
    /// By how much the last step changed the scores, summed over all nodes; infinite if there was none.
    pub l1_change: f64,
    /// The scores differ from the exact ones by at most this, summed over all nodes (before rounding, which adds
    /// about 1e-15): `l1_change * d / (1 - d)`, as a step is a contraction by `d`; never more than 2.
    pub error_bound: f64,
    /// Whether the tolerance was reached.
    pub converged: bool,
    /// The sum of the scores of absorbing nodes: the share of walks that end there.
    pub absorbed: f64,
    /// How many nodes a walk from the personalization visits until it stops or meets a sink (one that stays at an
    /// absorbing node visits it at every step). `scores * visits` is linear in the personalization, while scores
    /// are not if there are sinks: the part of seed `i` of weight `a_i` in a joint score is `a_i * visits_i *
    /// scores_i` over the sum of `a_j * visits_j`.
    pub visits: f64,
}

/// One PageRank for each personalization; eight together cost far less than eight runs.
///
/// The bits of an answer depend on the matrix, its personalization and the options alone: not on the number of
/// threads, nor on the personalizations beside it. Each lane stops at its own step: its scores are then taken out
/// and the others go on, closer together.
///
/// # Errors
/// An option is out of its range, `absorbing` has another length than there are nodes, a seed is no node or its
/// weight negative or not finite, or the seeds of a personalization have no weight together.
pub fn pagerank(
    matrix: &TransitionMatrix,
    personalization: &[Personalization<'_>],
    options: &PageRankOptions<'_>,
) -> Result<Vec<PageRank>, GraphError> {
    check_options(matrix.n_nodes(), options)?;
    let starts = starts_of(matrix, personalization)?;
    let solver = Sweep::new(matrix, options.damping_factor, options.absorbing);
    let mut answers = Vec::with_capacity(starts.len());
    for block in starts.chunks(lanes::WIDTH_MAX) {
        let mut found: Vec<Lane<'_>> =
            block.iter().map(|start| Lane::new(&solver, start)).collect();
        let change_max = options.tolerance * f64::from(matrix.n_nodes());
        lanes::advance(&solver, &mut found, change_max, options.iterations_max);
        answers.extend(found.into_iter().map(|lane| answer(&solver, lane)));
    }
    Ok(answers)
}

fn starts_of(
    matrix: &TransitionMatrix,
    personalization: &[Personalization<'_>],
) -> Result<Vec<Start>, GraphError> {
    let n_nodes = matrix.n_nodes();
    personalization.iter().map(|one| Ok(one.start(n_nodes)?.by_position(matrix))).collect()
}

fn answer(solver: &Sweep<'_>, lane: Lane<'_>) -> PageRank {
    let d = solver.damping_factor;
    let scores = solver.matrix.by_node(&lane.scores);
    PageRank {
        iterations: lane.iterations,
        l1_change: lane.change,
        error_bound: (lane.change * d / (1.0 - d)).min(2.0),
        converged: lane.converged,
        absorbed: solver.absorbed(&lane.scores),
        visits: 1.0 / (1.0 - d + d * lane.sinks),
        scores,
    }
}

fn check_options(n_nodes: u32, options: &PageRankOptions<'_>) -> Result<(), GraphError> {
    check_damping(options.damping_factor)?;
    if !(options.tolerance >= 0.0 && options.tolerance.is_finite()) {
        let found = options.tolerance.to_string();
        let expected = "a finite number from 0";
        return Err(GraphError::Argument { what: "tolerance", found, expected });
    }
    check_absorbing(n_nodes, options.absorbing)
}

fn check_damping(damping_factor: f64) -> Result<(), GraphError> {
    if (0.0..1.0).contains(&damping_factor) {
        return Ok(());
    }
    let (what, expected) = ("damping_factor", "a number from 0 and below 1");
    Err(GraphError::Argument { what, found: damping_factor.to_string(), expected })
}

fn check_absorbing(n_nodes: u32, absorbing: &[bool]) -> Result<(), GraphError> {
    if absorbing.is_empty() {
        return Ok(());
    }
    same_length("absorbing", n_nodes as usize, absorbing.len())
}

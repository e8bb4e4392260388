//! Pushing residuals: makes an estimate of personalized PageRank better where it is worst, reading few rows.
//!
//! In: out-rows, an estimate `p` and the residual `r = s - p + d Q' p` that belongs to it, where `Q` is the
//! transition matrix with nothing in the rows of sinks. Out: both, with so little in `r` that `p` is as exact as asked.
//! `y = p + (I - d Q')^-1 r` solves `y = s + d Q' y` whatever `p` is, and the scores are `y` over its sum: putting the
//! mass of sinks back along `s` only scales `y` (Gleich, "PageRank beyond the Web", 2015, section 3.2). So no push
//! ever touches the whole graph, and `y`, other than the scores, is linear in `s`.
//! Source: Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", FOCS 2006 (a node is pushed while
//! `|r|` is more than a threshold times its degree).
//! Departures: signed residuals (an edge may go); the queue is first in, first out; the threshold starts high and
//! falls by a factor of 8 until the goal is reached, so the last pushes are the small ones (as the global scans of
//! Wu, Gan, Wei, Zhang, "Unifying the global and local approaches", SIGMOD 2021).
//! Cost: edges of pushed nodes; each push takes at least `(1 - d) |r|` off the sum. One thread a lane.
//! Checked against: Gaussian elimination (`tests/it/pagerank.rs`).

use std::collections::VecDeque;

use super::EdgeWeights;
use crate::csr::CsrView;

/// What is pushed along.
#[derive(Debug, Clone, Copy)]
pub(super) struct PushGraph<'a> {
    pub(super) rows: CsrView<'a>,
    pub(super) weights: EdgeWeights<'a>,
    pub(super) absorbing: &'a [bool],
    pub(super) damping_factor: f64,
}

/// Where the numbers of a node are kept: its own place among all nodes, or one in order of arrival.
pub(super) trait Slots {
    fn slot(&mut self, node: u32) -> usize;
    fn node(&self, slot: usize) -> u32;
    /// How many slots there are; grows with [`Slots::slot`].
    fn n_slots(&self) -> usize;
}

/// Estimate and residual, by slot.
#[derive(Debug, Clone, Default)]
pub(super) struct Push {
    pub(super) estimate: Vec<f64>,
    pub(super) residual: Vec<f64>,
    /// The sum of `|residual|`.
    left: f64,
    /// The sum of `estimate`.
    sum: f64,
    flags: Vec<u8>,
    /// Slots that changed since the last run.
    touched: Vec<usize>,
}

const QUEUED: u8 = 1;
const TOUCHED: u8 = 2;
const THRESHOLD_STEP: f64 = 8.0;

/// What a run of pushes did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Work {
    pub(super) pushes: u64,
    pub(super) edges: u64,
    /// The bound on edges stopped it.
    pub(super) cut: bool,
}

/// When a run of pushes ends: when the scores are this exact, or after so many edges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    pub(super) error_max: f64,
    /// The sum of the personalization.
    pub(super) start_sum: f64,
    pub(super) edges_max: u64,
}

impl Push {
    /// Makes room for slots up to this number.
    pub(super) fn grow(&mut self, n_slots: usize) {
        if n_slots > self.flags.len() {
            self.estimate.resize(n_slots, 0.0);
            self.residual.resize(n_slots, 0.0);
            self.flags.resize(n_slots, 0);
        }
    }

    /// Changes an estimate.
    pub(super) fn set_estimate(&mut self, slot: usize, estimate: f64) {
        self.sum += estimate - self.estimate[slot];
        self.estimate[slot] = estimate;
    }

    /// Adds to a residual.
    pub(super) fn add(&mut self, slot: usize, amount: f64) {
        let before = self.residual[slot];
        let after = before + amount;
        self.residual[slot] = after;
        self.left += after.abs() - before.abs();
        if self.flags[slot] & TOUCHED == 0 {
            self.flags[slot] |= TOUCHED;
            self.touched.push(slot);
        }
    }

    /// Sums up again what adding and subtracting has blurred.
    pub(super) fn recount(&mut self) {
        self.left = self.residual.iter().map(|residual| residual.abs()).sum();
        self.sum = self.estimate.iter().sum();
    }

    /// By how much `p` over its sum may differ from the exact scores, summed over all nodes, before rounding.
    ///
    /// `|y - p| <= left / (1 - d)`, and scaling both to sum 1 at most doubles that, over the sum of `y`; which is at
    /// least the sum of `s`, as `y = s + ...`, and at least what `p` says less the error.
    pub(super) fn error_bound(&self, graph: PushGraph<'_>, start_sum: f64) -> f64 {
        let error = self.left / (1.0 - graph.damping_factor);
        let sum = start_sum.max(self.sum - error);
        if sum > 0.0 { (2.0 * error / sum).min(2.0) } else { 0.0 }
    }

    /// Pushes until the goal is reached, starting where something changed.
    pub(super) fn run(&mut self, graph: PushGraph<'_>, slots: &mut impl Slots, goal: Goal) -> Work {
        let mut work = Work::default();
        // Below this everywhere, the residuals sum to half of what reaches the goal whatever the estimate.
        let reach = graph.rows.n_items() as f64 + f64::from(graph.rows.n_rows());
        let left = goal.error_max * (1.0 - graph.damping_factor) * goal.start_sum / 2.0;
        let threshold_min = left / (2.0 * reach.max(1.0));
        let mut threshold = self.largest(graph, slots);
        while !self.reached(graph, goal) && !work.cut {
            threshold /= THRESHOLD_STEP;
            if threshold < threshold_min {
                // What changed is settled; what an earlier run left behind is too much by itself.
                threshold = threshold_min;
                self.touch_all();
            }
            let mut queue = self.over(graph, slots, threshold);
            while !work.cut && self.error_bound(graph, goal.start_sum) > goal.error_max {
                let Some(slot) = queue.pop_front() else { break };
                self.flags[slot] &= !QUEUED;
                self.push(graph, slots, slot, threshold, &mut queue, &mut work);
                work.cut = work.edges > goal.edges_max;
            }
            for slot in queue {
                self.flags[slot] &= !QUEUED;
            }
        }
        for slot in self.touched.drain(..) {
            self.flags[slot] = 0;
        }
        work
    }

    /// Whether the goal is reached by sums that were just taken.
    fn reached(&mut self, graph: PushGraph<'_>, goal: Goal) -> bool {
        if self.error_bound(graph, goal.start_sum) > goal.error_max {
            return false;
        }
        self.recount();
        self.error_bound(graph, goal.start_sum) <= goal.error_max
    }

    /// The largest residual by degree among touched slots.
    fn largest(&self, graph: PushGraph<'_>, slots: &impl Slots) -> f64 {
        let size = |&slot: &usize| self.residual[slot].abs() / reach(graph, slots.node(slot));
        self.touched.iter().map(size).fold(0.0, f64::max)
    }

    fn touch_all(&mut self) {
        self.touched = (0..self.flags.len()).collect();
        self.flags.fill(TOUCHED);
    }

    /// Touched slots over the threshold, queued.
    fn over(
        &mut self,
        graph: PushGraph<'_>,
        slots: &impl Slots,
        threshold: f64,
    ) -> VecDeque<usize> {
        let mut queue = VecDeque::new();
        for &slot in &self.touched {
            if self.residual[slot].abs() > threshold * reach(graph, slots.node(slot)) {
                self.flags[slot] |= QUEUED;
                queue.push_back(slot);
            }
        }
        queue
    }

    /// Moves the residual of one node into its estimate and on to its targets.
    fn push(
        &mut self,
        graph: PushGraph<'_>,
        slots: &mut impl Slots,
        slot: usize,
        threshold: f64,
        queue: &mut VecDeque<usize>,
        work: &mut Work,
    ) {
        let node = slots.node(slot);
        let amount = self.residual[slot];
        self.add(slot, -amount);
        work.pushes += 1;
        if graph.absorbing.get(node as usize) == Some(&true) {
            let stayed = amount / (1.0 - graph.damping_factor);
            self.set_estimate(slot, self.estimate[slot] + stayed);
            return;
        }
        self.set_estimate(slot, self.estimate[slot] + amount);
        let row = graph.rows.range(node);
        work.edges += row.len() as u64;
        let total = graph.weights.total(row.clone());
        if total <= 0.0 {
            return;
        }
        let unit = graph.damping_factor * amount / total;
        for (edge, &target) in row.clone().zip(&graph.rows.items()[row]) {
            let slot = slots.slot(target);
            self.grow(slots.n_slots());
            self.add(slot, unit * graph.weights.at(edge));
            let size = self.residual[slot].abs();
            // The degree is another random read: first what needs none.
            if size > threshold
                && self.flags[slot] & QUEUED == 0
                && size > threshold * reach(graph, target)
            {
                self.flags[slot] |= QUEUED;
                queue.push_back(slot);
            }
        }
    }
}

/// What a push of the node reads: itself and its edges.
fn reach(graph: PushGraph<'_>, node: u32) -> f64 {
    graph.rows.range(node).len() as f64 + 1.0
}

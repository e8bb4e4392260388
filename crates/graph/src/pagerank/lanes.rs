//! Runs up to eight lanes until each has reached its tolerance.
//!
//! In: lanes with the scores they stand at. Out: the same lanes further on, each stopped at its own step.
//! Departures: a lane that has stopped is taken out, and when the rest fit half the width, they are packed anew.
//! Widths are 1, 2, 4 and 8; lanes missing to a width are computed and thrown away, which costs less than another
//! pass over the edges. No operation of a lane depends on the lanes beside it, so packing changes no bit.

use super::seeds::Start;
use super::sweep::{StartLanes, Sweep};

/// The most lanes that go together: 8 numbers of 8 bytes are one cache line.
pub(super) const WIDTH_MAX: usize = 8;

/// One personalization on its way.
pub(super) struct Lane<'a> {
    start: &'a Start,
    /// By position.
    pub(super) scores: Vec<f64>,
    /// The sum of the scores of sinks.
    pub(super) sinks: f64,
    pub(super) iterations: u32,
    pub(super) change: f64,
    pub(super) converged: bool,
}

impl<'a> Lane<'a> {
    pub(super) fn new(sweep: &Sweep<'_>, start: &'a Start) -> Self {
        let n_nodes = sweep.matrix.n_nodes();
        let mut scores = vec![start.base; n_nodes as usize];
        for &(position, weight) in &start.seeds {
            scores[position as usize] += weight;
        }
        let sinks = sweep.sinks(&scores);
        // Nothing can change where there is nothing.
        let change = if n_nodes == 0 { 0.0 } else { f64::INFINITY };
        Self { start, scores, sinks, iterations: 0, change, converged: n_nodes == 0 }
    }

    pub(super) fn is_uniform(&self) -> bool {
        self.start.seeds.is_empty()
    }
}

/// Steps until every lane changes by at most `change_max` in all, or has taken `iterations_max` steps.
pub(super) fn advance(
    sweep: &Sweep<'_>,
    lanes: &mut [Lane<'_>],
    change_max: f64,
    iterations_max: u32,
) {
    let mut steps_left = iterations_max;
    loop {
        let mut live: Vec<&mut Lane<'_>> =
            lanes.iter_mut().filter(|lane| !lane.converged).collect();
        if live.is_empty() || steps_left == 0 {
            return;
        }
        steps_left -= match live.len() {
            1 => phase::<1>(sweep, &mut live, change_max, steps_left),
            2 => phase::<2>(sweep, &mut live, change_max, steps_left),
            3..=4 => phase::<4>(sweep, &mut live, change_max, steps_left),
            _ => phase::<WIDTH_MAX>(sweep, &mut live, change_max, steps_left),
        };
    }
}

/// Steps until the lanes that have not stopped fit half the width; returns how many steps it took.
fn phase<const L: usize>(
    sweep: &Sweep<'_>,
    live: &mut [&mut Lane<'_>],
    change_max: f64,
    steps_max: u32,
) -> u32 {
    let start = pack_starts::<L>(live);
    let n_nodes = sweep.matrix.n_nodes() as usize;
    let mut scores: Vec<[f64; L]> = (0..n_nodes)
        .map(|at| std::array::from_fn(|lane| live.get(lane).map_or(0.0, |live| live.scores[at])))
        .collect();
    let mut old = sweep.contributions(&scores);
    let mut new = vec![[0.0; L]; n_nodes];
    let mut sinks = std::array::from_fn(|lane| live.get(lane).map_or(0.0, |live| live.sinks));
    let mut steps = 0;
    while steps < steps_max {
        let totals = sweep.step(&start, sinks, &old, &mut scores, &mut new);
        std::mem::swap(&mut old, &mut new);
        sinks = totals.sinks;
        steps += 1;
        for (at, lane) in live.iter_mut().enumerate().filter(|(_, lane)| !lane.converged) {
            lane.iterations += 1;
            lane.change = totals.change[at];
            lane.converged = lane.change <= change_max;
            if lane.converged {
                take_out(lane, at, &scores, sinks);
            }
        }
        let n_live = live.iter().filter(|lane| !lane.converged).count();
        if n_live <= L / 2 {
            break;
        }
    }
    for (at, lane) in live.iter_mut().enumerate().filter(|(_, lane)| !lane.converged) {
        take_out(lane, at, &scores, sinks);
    }
    steps
}

fn take_out<const L: usize>(lane: &mut Lane<'_>, at: usize, scores: &[[f64; L]], sinks: [f64; L]) {
    for (own, scores) in lane.scores.iter_mut().zip(scores) {
        *own = scores[at];
    }
    lane.sinks = sinks[at];
}

/// The starts of the lanes side by side; seeds of several lanes at one position are one entry.
fn pack_starts<const L: usize>(live: &[&mut Lane<'_>]) -> StartLanes<L> {
    let base = std::array::from_fn(|lane| live.get(lane).map_or(0.0, |live| live.start.base));
    let all = live.iter().enumerate().flat_map(|(lane, live)| {
        live.start.seeds.iter().map(move |&(position, weight)| (position, lane, weight))
    });
    let mut all: Vec<(u32, usize, f64)> = all.collect();
    all.sort_unstable_by_key(|&(position, lane, _)| (position, lane));
    let mut seeds: Vec<(u32, [f64; L])> = Vec::new();
    for (position, lane, weight) in all {
        if seeds.last().is_none_or(|last| last.0 != position) {
            seeds.push((position, [0.0; L]));
        }
        seeds.last_mut().expect("one was pushed").1[lane] = weight;
    }
    StartLanes { base, seeds }
}

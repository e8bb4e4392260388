//! Two oracles for paths: dynamic programming over (hops, last edge), and enumeration of all walks. Neither has
//! labels, frontiers, rows or a queue.

use crate::world::{World, in_mask};

/// A question about paths, all sets of nodes as masks.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) sources: u32,
    pub(crate) targets: u32,
    /// Nodes that may not be passed, unless they are sources.
    pub(crate) blocked: u32,
    pub(crate) time_respecting: bool,
    pub(crate) times: (u32, u32),
    pub(crate) weight_min: u64,
    pub(crate) hops_max: usize,
}

impl Question {
    fn usable(&self, world: &World, edge: usize) -> bool {
        let time = world.time[edge];
        self.times.0 <= time && time <= self.times.1 && world.weight[edge] >= self.weight_min
    }

    pub(crate) fn starts(&self, world: &World, edge: usize) -> bool {
        self.usable(world, edge) && in_mask(self.sources, world.source[edge])
    }

    pub(crate) fn follows(&self, world: &World, before: usize, edge: usize) -> bool {
        let between = world.source[edge];
        world.target[before] == between
            && self.usable(world, edge)
            && (!self.time_respecting || world.time[before] <= world.time[edge])
            && (!in_mask(self.blocked, between) || in_mask(self.sources, between))
    }
}

/// `width[hops][edge]`: the largest smallest weight of a walk of exactly `hops` hops whose last edge is `edge`; 0
/// if there is none. Hops up to `question.hops_max`.
pub(crate) fn widths(world: &World, question: &Question) -> Vec<Vec<u64>> {
    let n_edges = world.source.len();
    let mut width = vec![vec![0; n_edges]; question.hops_max + 1];
    let mut changed = true;
    while changed {
        changed = false;
        for edge in 0..n_edges {
            for hops in world.cost(edge)..=question.hops_max {
                let rest = hops - world.cost(edge);
                let start = if rest == 0 && question.starts(world, edge) { u64::MAX } else { 0 };
                let before = (0..n_edges).filter(|&before| question.follows(world, before, edge));
                let best = before.map(|before| width[rest][before]).fold(start, u64::max);
                let best = best.min(world.weight[edge]);
                changed |= best > width[hops][edge];
                width[hops][edge] = best.max(width[hops][edge]);
            }
        }
    }
    width
}

fn is_target(world: &World, question: &Question, edge: usize) -> bool {
    world.target[edge] < world.n_main && in_mask(question.targets, world.target[edge])
}

/// The edges of the shortest path: fewest hops, then smallest last edge, then smallest edge before it, and so on.
pub(crate) fn shortest(world: &World, question: &Question) -> Option<Vec<u32>> {
    if question.sources & question.targets != 0 {
        return Some(Vec::new());
    }
    let width = widths(world, question);
    let n_edges = world.source.len();
    let ends = |hops: &usize| {
        (0..n_edges).find(|&edge| width[*hops][edge] > 0 && is_target(world, question, edge))
    };
    let mut hops = (0..=question.hops_max).find(|hops| ends(hops).is_some())?;
    let mut path = vec![ends(&hops)?];
    loop {
        let edge = path[0];
        hops -= world.cost(edge);
        if hops == 0 && question.starts(world, edge) {
            return Some(path.into_iter().map(|edge| u32::try_from(edge).unwrap()).collect());
        }
        let precedes =
            |&before: &usize| width[hops][before] > 0 && question.follows(world, before, edge);
        path.insert(0, (0..n_edges).find(precedes).unwrap());
    }
}

/// Width, hops and arrival of the widest path.
pub(crate) fn widest(world: &World, question: &Question) -> Option<(u64, usize, u32)> {
    if question.sources & question.targets != 0 {
        return Some((u64::MAX, 0, 0));
    }
    let width = widths(world, question);
    let mut best: Option<(u64, usize, u32)> = None;
    for (hops, row) in width.iter().enumerate() {
        for (edge, &width) in row.iter().enumerate() {
            let arrival = if question.time_respecting { world.time[edge] } else { 0 };
            let better = best.is_none_or(|(w, h, a)| {
                (width, usize::MAX - hops, u32::MAX - arrival) > (w, usize::MAX - h, u32::MAX - a)
            });
            if width > 0 && is_target(world, question, edge) && better {
                best = Some((width, hops, arrival));
            }
        }
    }
    best
}

/// Calls `see(edges, hops)` for every walk of at most `hops_max` hops from a source.
pub(crate) fn for_each_walk(
    world: &World,
    question: &Question,
    see: &mut dyn FnMut(&[usize], usize),
) {
    fn go_on(
        world: &World,
        question: &Question,
        walk: &mut Vec<usize>,
        hops: usize,
        see: &mut dyn FnMut(&[usize], usize),
    ) {
        see(walk, hops);
        for edge in 0..world.source.len() {
            let fits = match walk.last() {
                None => question.starts(world, edge),
                Some(&before) => question.follows(world, before, edge),
            };
            let hops = hops + world.cost(edge);
            if fits && hops <= question.hops_max {
                walk.push(edge);
                go_on(world, question, walk, hops, see);
                walk.pop();
            }
        }
    }
    go_on(world, question, &mut Vec::new(), 0, see);
}

//! The level-by-level walk behind every breadth-first kernel, in whichever direction reads fewer edges.
//!
//! In: rows that lead on and the same edges led back, the nodes of level 0. Out: a level a node, and on request the
//! smallest neighbor of the level before.
//! Source: Beamer, Asanovic, Patterson, "Direction-optimizing breadth-first search", SC 2012.
//! Departures: many sources; nodes that are reached and not passed; the switch also asks that the frontier's edges
//! outnumber the words of the bitmap, and a small frontier stays bottom-up only while it doubles, so that a chain
//! does not pay O(nodes) a level. A parent is the smallest, not the first to write: bottom-up this is free, since
//! a row ascends and its first hit is the smallest; top-down a node met again in its own level takes the minimum.
//! Cost: top-down a level reads the frontier's rows, bottom-up the rows of open nodes up to the first hit.
//! Checked against: see `bfs` and `hop_distance`.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::{Blocked, bits};
use crate::NONE;
use crate::csr::CsrView;

/// Go bottom-up when the frontier has more than 1/15 of the edges that are still unexplored (Beamer's alpha).
const ALPHA: u64 = 15;
/// Go back when the frontier holds fewer than 1/18 of the nodes (Beamer's beta).
const BETA: u32 = 18;
/// A level with fewer edges or nodes to read is not worth waking other threads for (about 50 us of work).
const PARALLEL_MIN: u64 = 1 << 15;
/// Nodes a task takes bottom-up; a multiple of 64, so that tasks share no word.
const CHUNK_NODES: u32 = 1 << 14;
/// Frontier nodes a task takes top-down.
const CHUNK_QUEUE: usize = 64;

/// A cell of the column of levels. Relaxed stores are enough: a level is written once, and read after the join of
/// the threads that wrote it.
pub(crate) trait Level: Send + Sync {
    /// The cell without its atomic shell.
    type Plain;
    fn unreached() -> Self;
    fn store(&self, level: u32);
    fn into_plain(self) -> Self::Plain;
}

impl Level for AtomicU8 {
    type Plain = u8;
    fn unreached() -> Self {
        Self::new(u8::MAX)
    }
    #[expect(clippy::cast_possible_truncation, reason = "hops_max of such a column is below 255")]
    fn store(&self, level: u32) {
        self.store(level as u8, Relaxed);
    }
    fn into_plain(self) -> u8 {
        self.into_inner()
    }
}

impl Level for AtomicU32 {
    type Plain = u32;
    fn unreached() -> Self {
        Self::new(NONE)
    }
    fn store(&self, level: u32) {
        self.store(level, Relaxed);
    }
    fn into_plain(self) -> u32 {
        self.into_inner()
    }
}

/// The question.
#[derive(Clone, Copy)]
pub(crate) struct Walk<'a> {
    /// Rows that lead on from a node.
    pub(crate) next: CsrView<'a>,
    /// The same edges, led back.
    pub(crate) previous: CsrView<'a>,
    pub(crate) blocked: Option<Blocked<'a>>,
    pub(crate) hops_max: u32,
}

/// The answer, `parents` empty where they were not asked for.
pub(crate) struct Walked<L> {
    pub(crate) levels: Vec<L>,
    pub(crate) parents: Vec<u32>,
    /// Some node is farther than `hops_max`.
    pub(crate) is_cut: bool,
}

/// What a walk knows of the nodes. The cells are atomic for the levels that several threads share; the code of one
/// thread reads and writes them through `get_mut`, as plain memory.
struct State<'a, L, const PARENTS: bool> {
    walk: Walk<'a>,
    n_nodes: u32,
    /// One bit a node that has its level; bits beyond the last node are set.
    visited: Vec<AtomicU64>,
    levels: Vec<L>,
    parents: Vec<AtomicU32>,
}

/// A run of nodes that one task owns bottom-up.
struct Chunk<'a, L> {
    first: u32,
    visited: &'a mut [AtomicU64],
    found: &'a mut [u64],
    levels: &'a mut [L],
    parents: &'a mut [AtomicU32],
}

/// Walks from `sources`, each below the number of rows; repeats do no harm.
pub(crate) fn walk<L: Level, const PARENTS: bool>(
    walk: Walk<'_>,
    sources: &[u32],
) -> Walked<L::Plain> {
    let mut state = State::<L, PARENTS>::new(walk);
    let mut queue = state.start(sources);
    let mut unexplored = walk.next.n_items() as u64;
    let mut level = 0;
    while !queue.is_empty() && level < walk.hops_max {
        let edges = state.degrees(&queue);
        unexplored = unexplored.saturating_sub(edges);
        if edges > unexplored / ALPHA && edges > u64::from(state.n_nodes / u64::BITS) {
            (queue, level) = state.bottom_up(&queue, level);
        } else {
            level += 1;
            queue = state.top_down(&queue, edges, level);
        }
    }
    let is_cut = state.leads_on(&queue);
    Walked {
        levels: state.levels.into_iter().map(L::into_plain).collect(),
        parents: state.parents.into_iter().map(AtomicU32::into_inner).collect(),
        is_cut,
    }
}

fn is_parallel(work: u64) -> bool {
    work >= PARALLEL_MIN && rayon::current_num_threads() > 1
}

impl<'a, L: Level, const PARENTS: bool> State<'a, L, PARENTS> {
    fn new(walk: Walk<'a>) -> Self {
        let n_nodes = walk.next.n_rows();
        let mut visited: Vec<_> = (0..bits::words(n_nodes)).map(|_| AtomicU64::new(0)).collect();
        if let Some(last) = visited.last_mut()
            && !n_nodes.is_multiple_of(u64::BITS)
        {
            *last.get_mut() = u64::MAX << (n_nodes % u64::BITS);
        }
        let n_parents = if PARENTS { n_nodes } else { 0 };
        Self {
            walk,
            n_nodes,
            visited,
            levels: (0..n_nodes).map(|_| L::unreached()).collect(),
            parents: (0..n_parents).map(|_| AtomicU32::new(NONE)).collect(),
        }
    }

    fn start(&mut self, sources: &[u32]) -> Vec<u32> {
        let mut queue = Vec::with_capacity(sources.len());
        for &source in sources {
            let visited = self.visited[bits::word(source)].get_mut();
            if *visited & bits::bit(source) == 0 {
                *visited |= bits::bit(source);
                self.levels[source as usize].store(0);
                queue.push(source);
            }
        }
        queue
    }

    /// How many edges lead on from the nodes of `queue`.
    fn degrees(&self, queue: &[u32]) -> u64 {
        let degree = |&node: &u32| self.walk.next.row(node).len() as u64;
        if is_parallel(queue.len() as u64) {
            queue.par_iter().with_min_len(CHUNK_QUEUE).map(degree).sum()
        } else {
            queue.iter().map(degree).sum()
        }
    }

    /// Some node of `queue` has a neighbor without a level.
    fn leads_on(&self, queue: &[u32]) -> bool {
        let is_open = |&to: &u32| self.visited[bits::word(to)].load(Relaxed) & bits::bit(to) == 0;
        queue.iter().any(|&node| self.walk.next.row(node).iter().any(is_open))
    }

    /// One level along the rows of the frontier, which together have `edges` edges.
    fn top_down(&mut self, queue: &[u32], edges: u64, level: u32) -> Vec<u32> {
        let mut found = if is_parallel(edges) {
            let parts = queue.par_chunks(CHUNK_QUEUE).map(|part| self.push_shared(part));
            let parts: Vec<Vec<u32>> = parts.collect();
            parts.concat()
        } else {
            self.push(queue)
        };
        // The end of the level: only now may a node met again be known as one of an earlier level.
        if is_parallel(found.len() as u64) {
            found.par_iter().with_min_len(CHUNK_QUEUE).for_each(|&node| {
                self.levels[node as usize].store(level);
                if PARENTS {
                    self.visited[bits::word(node)].fetch_or(bits::bit(node), Relaxed);
                }
            });
        } else {
            for &node in &found {
                self.levels[node as usize].store(level);
                if PARENTS {
                    *self.visited[bits::word(node)].get_mut() |= bits::bit(node);
                }
            }
        }
        if let Some(blocked) = self.walk.blocked {
            found.retain(|&node| !blocked.holds(node));
        }
        found
    }

    fn push(&mut self, queue: &[u32]) -> Vec<u32> {
        let mut found = Vec::new();
        for &node in queue {
            for &to in self.walk.next.row(node) {
                let visited = self.visited[bits::word(to)].get_mut();
                if *visited & bits::bit(to) != 0 {
                    continue;
                }
                if PARENTS {
                    let parent = self.parents[to as usize].get_mut();
                    if *parent == NONE {
                        found.push(to);
                    }
                    *parent = node.min(*parent);
                } else {
                    *visited |= bits::bit(to);
                    found.push(to);
                }
            }
        }
        found
    }

    /// [`Self::push`] where other threads push too. Relaxed is enough: who finds a node is decided by one
    /// read-modify-write of one cell, and everything else is read after the join.
    fn push_shared(&self, queue: &[u32]) -> Vec<u32> {
        let mut found = Vec::new();
        for &node in queue {
            for &to in self.walk.next.row(node) {
                let visited = &self.visited[bits::word(to)];
                if visited.load(Relaxed) & bits::bit(to) != 0 {
                    continue;
                }
                let is_new = if PARENTS {
                    let parent = &self.parents[to as usize];
                    node < parent.load(Relaxed) && parent.fetch_min(node, Relaxed) == NONE
                } else {
                    visited.fetch_or(bits::bit(to), Relaxed) & bits::bit(to) == 0
                };
                if is_new {
                    found.push(to);
                }
            }
        }
        found
    }

    /// Levels against the edges, until the frontier is small again.
    fn bottom_up(&mut self, queue: &[u32], mut level: u32) -> (Vec<u32>, u32) {
        let n_words = self.visited.len();
        let (mut front, mut found) = (vec![0; n_words], vec![0; n_words]);
        for &node in queue {
            bits::insert(&mut front, node);
        }
        let mut n_front = u32::try_from(queue.len()).expect("a queue holds a node once");
        loop {
            level += 1;
            let n_found = self.pull(&front, &mut found, level);
            std::mem::swap(&mut front, &mut found);
            let is_large = n_found > self.n_nodes / BETA || n_found / 2 > n_front;
            if !is_large || level == self.walk.hops_max {
                break;
            }
            n_front = n_found;
        }
        (bits::nodes(&front).collect(), level)
    }

    /// One level bottom-up: fills `found` with the open nodes that have a neighbor in `front` and may be passed,
    /// and returns how many there are.
    fn pull(&mut self, front: &[u64], found: &mut [u64], level: u32) -> u32 {
        let Walk { previous, blocked, .. } = self.walk;
        let n_nodes = u64::from(self.n_nodes);
        let chunks = self.chunks(found);
        let pull = |chunk| pull_chunk::<L, PARENTS>(chunk, previous, blocked, front, level);
        if is_parallel(n_nodes) {
            chunks.into_par_iter().map(pull).sum()
        } else {
            chunks.into_iter().map(pull).sum()
        }
    }

    fn chunks<'s>(&'s mut self, found: &'s mut [u64]) -> Vec<Chunk<'s, L>> {
        let chunk_words = bits::words(CHUNK_NODES);
        let columns = self.visited.chunks_mut(chunk_words).zip(found.chunks_mut(chunk_words));
        let mut parents = &mut self.parents[..];
        let mut chunks = Vec::with_capacity(columns.len());
        let firsts = (0u32..).step_by(CHUNK_NODES as usize);
        let levels = self.levels.chunks_mut(CHUNK_NODES as usize);
        for ((first, (visited, found)), levels) in firsts.zip(columns).zip(levels) {
            let n_parents = parents.len().min(CHUNK_NODES as usize);
            let (own, rest) = parents.split_at_mut(n_parents);
            parents = rest;
            chunks.push(Chunk { first, visited, found, levels, parents: own });
        }
        chunks
    }
}

fn pull_chunk<L: Level, const PARENTS: bool>(
    chunk: Chunk<'_, L>,
    previous: CsrView<'_>,
    blocked: Option<Blocked<'_>>,
    front: &[u64],
    level: u32,
) -> u32 {
    let mut n_found = 0;
    let firsts = (chunk.first..).step_by(u64::BITS as usize);
    for ((visited, found), first) in chunk.visited.iter_mut().zip(chunk.found).zip(firsts) {
        let visited = visited.get_mut();
        let mut reached = 0;
        for node in bits::nodes_of(first, !*visited) {
            let hit = previous.row(node).iter().find(|&&from| bits::holds(front, from));
            let Some(&from) = hit else { continue };
            reached |= bits::bit(node);
            let place = (node - chunk.first) as usize;
            chunk.levels[place].store(level);
            if PARENTS {
                *chunk.parents[place].get_mut() = from;
            }
        }
        *visited |= reached;
        if let Some(blocked) = blocked {
            for node in bits::nodes_of(first, reached).filter(|&node| blocked.holds(node)) {
                reached &= !bits::bit(node);
            }
        }
        *found = reached;
        n_found += reached.count_ones();
    }
    n_found
}

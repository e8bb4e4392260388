//! Proximity: the fewest hops of a time-respecting path between the nearest source and every node.
//!
//! In: edges in order of time, in one piece or in batches, and which main nodes are sources. Out: hops a node
//! (255 = no path, 0 = source), and the labels from which the path of any node can be read back.
//! Source: the one-pass edge-stream algorithms of Wu et al., "Path problems in temporal graphs", VLDB 2014 (their
//! shortest path, with the list of (hops, arrival) pairs a node reduced to its last element).
//! Departures: many sources at once; junctions; both directions; equal times. Because edges come in order of
//! time, the one number a node needs is the fewest hops so far: what leaves it now may use any earlier arrival.
//! Edges of equal time form a *group* and may be chained in any order, so a group is repeated until nothing
//! improves. A group without an improvement, almost all of them, is read once. Backward is the same pass over the
//! reversed stream: a path reversed in direction and time is a path.
//!
//! Labels: every improvement leaves one (node, edge, previous label) in an arena. A node reached with 5 hops at
//! time 10 and 2 hops at time 50 has two: what left it at time 20 goes on pointing at the first. Only the final
//! improvement of a group leaves a label, in order of (hops, node), by its smallest edge; so the arena does not
//! depend on how the edges were cut into batches, and `previous` always points to a smaller label.
//!
//! Order required: times do not fall from edge to edge and from batch to batch (rise, for backward batches),
//! checked on every batch. Within one time any order is correct; `u -> J` in front of `J -> v` is the fast one.
//! Cost: O(edges) time, plus the groups that improve once or a few times more; 5 bytes a node, 12 a label.
//! Checked against: dynamic programming over edges and enumeration, in both directions, and any cut into batches
//! against all at once (`tests/it/proximity.rs`).

use std::ops::Range;

use crate::csr::check_count;
use crate::error::{GraphError, same_length};
use crate::{Direction, NONE};

use super::TemporalEdges;

/// "No path" in a column of hops.
const UNREACHED: u8 = u8::MAX;

/// A run of edges, and the graph they belong to.
#[derive(Debug, Clone, Copy)]
pub struct EdgeBatch<'a> {
    /// The edges, sorted by time.
    pub edges: TemporalEdges<'a>,
    /// The edge id of the first of them.
    pub first_edge: u32,
    /// Main nodes of the graph; may grow from batch to batch, junctions are then renumbered to follow them.
    pub n_main: u32,
    /// All nodes of the graph.
    pub n_nodes: u32,
}

/// The arena of labels: one row an improvement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// The node that was improved.
    pub node: Vec<u32>,
    /// The edge that did it.
    pub edge: Vec<u32>,
    /// The label at the other end of the edge, always a smaller one; [`NONE`] if that end is a source.
    pub previous: Vec<u32>,
}

/// Everything a [`Proximity`] keeps, to be stored and taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProximityParts {
    /// From the sources along the edges, or to the sources.
    pub direction: Direction,
    /// Longer paths are not looked for.
    pub hops_max: u8,
    /// Main nodes of the graph.
    pub n_main: u32,
    /// Forward: one more than the last edge seen. Backward: the last edge seen.
    pub edge_position: u32,
    /// The time of the last edge seen.
    pub last_time: Option<u32>,
    /// Hops of each node; 255 = no path, 0 = source (or a junction beside one).
    pub hops: Vec<u8>,
    /// The last label of each node; [`NONE`] for a source and for a node without a path.
    pub label: Vec<u32>,
    /// The arena.
    pub labels: Labels,
}

/// Proximity of every node to the nearest source, continued batch by batch.
#[derive(Debug, Clone)]
pub struct Proximity {
    parts: ProximityParts,
    /// The edges of the last time seen, since a batch may continue it: then they are taken back and repeated.
    open: Group,
    /// What each node improved by the open group was before.
    undo: Vec<Undo>,
}

/// Edges of one time.
#[derive(Debug, Clone, Default)]
struct Group {
    first_edge: u32,
    source: Vec<u32>,
    target: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Undo {
    node: u32,
    hops: u8,
    label: u32,
}

/// Proximity over all edges of a graph at once.
///
/// # Errors
/// As [`Proximity::extend`].
pub fn proximity(
    edges: TemporalEdges<'_>,
    n_nodes: u32,
    n_main: u32,
    is_source: impl Fn(u32) -> bool,
    direction: Direction,
    hops_max: u8,
) -> Result<Proximity, GraphError> {
    let n_edges = u32::try_from(edges.len())
        .map_err(|_| GraphError::TooMany { what: "source", found: edges.len() })?;
    let end = if direction == Direction::Forward { 0 } else { n_edges };
    let mut proximity = Proximity::new(direction, hops_max, end);
    proximity.extend(&EdgeBatch { edges, first_edge: 0, n_main, n_nodes }, is_source)?;
    Ok(proximity)
}

impl Proximity {
    /// Starts without nodes. `edge_position` is where the edges are taken up: the first edge id forward (0 for
    /// all of them), one more than the last backward. `hops_max` is at most 254.
    pub fn new(direction: Direction, hops_max: u8, edge_position: u32) -> Self {
        let parts = ProximityParts {
            direction,
            hops_max: hops_max.min(UNREACHED - 1),
            n_main: 0,
            edge_position,
            last_time: None,
            hops: Vec::new(),
            label: Vec::new(),
            labels: Labels::default(),
        };
        Self { parts, open: Group::default(), undo: Vec::new() }
    }

    /// Takes up a stored state. The edges of its last time are not stored, so the next batch must not continue
    /// that time.
    ///
    /// # Errors
    /// The arrays do not belong together.
    pub fn from_parts(parts: ProximityParts) -> Result<Self, GraphError> {
        let labels = &parts.labels;
        check_count("labels.node", labels.node.len())?;
        check_count("hops", parts.hops.len())?;
        same_length("label", parts.hops.len(), parts.label.len())?;
        same_length("labels.edge", labels.node.len(), labels.edge.len())?;
        same_length("labels.previous", labels.node.len(), labels.previous.len())?;
        if parts.n_main as usize > parts.hops.len() {
            let (expected, found) = (parts.n_main as usize, parts.hops.len());
            return Err(GraphError::Length { what: "hops", expected, found });
        }
        let n_labels = labels.node.len();
        let dangling = |&label: &u32| label != NONE && label as usize >= n_labels;
        if let Some(index) = parts.label.iter().position(dangling) {
            let (found, limit) = (parts.label[index], id(n_labels));
            return Err(GraphError::OutOfRange { what: "label", index, found, limit });
        }
        Ok(Self { parts, open: Group::default(), undo: Vec::new() })
    }

    /// The state, to be stored.
    pub fn into_parts(self) -> ProximityParts {
        self.parts
    }

    /// The state, to be read.
    pub fn parts(&self) -> &ProximityParts {
        &self.parts
    }

    /// The state, to be asked for paths.
    pub fn view(&self) -> ProximityView<'_> {
        let ProximityParts { direction, hops, label, labels, .. } = &self.parts;
        let Labels { node, edge, previous } = labels;
        ProximityView { direction: *direction, hops, label, node, edge, previous }
    }

    /// Continues with the edges of `batch`: the later ones if forward, the earlier ones if backward. `is_source`
    /// is asked once for every main node that is new. The result is the same however the edges are cut.
    ///
    /// # Errors
    /// The batch does not follow the last one, is not sorted, names nodes that do not exist or joins junctions:
    /// the state is then as before. More labels than 32 bits: the state is then spoilt.
    pub fn extend(
        &mut self,
        batch: &EdgeBatch<'_>,
        is_source: impl Fn(u32) -> bool,
    ) -> Result<(), GraphError> {
        self.check(batch)?;
        self.grow(batch, is_source);
        let EdgeBatch { edges, first_edge, .. } = *batch;
        let forward = self.parts.direction == Direction::Forward;
        let mut rest = 0..edges.len();
        while !rest.is_empty() {
            let time = edges.time[if forward { rest.start } else { rest.end - 1 }];
            let range = group_range(edges.time, rest.clone(), time, forward);
            rest = if forward { range.end..rest.end } else { rest.start..range.start };
            let first = first_edge + id(range.start);
            let (source, target) = (&edges.source[range.clone()], &edges.target[range]);
            if self.parts.last_time == Some(time) {
                self.reopen(first, source, target)?;
            } else {
                self.relax(first, source, target)?;
                // Only the last group of a batch can be continued, so only that one is worth a copy.
                if rest.is_empty() {
                    let (source, target) = (source.to_vec(), target.to_vec());
                    self.open = Group { first_edge: first, source, target };
                }
            }
            self.parts.last_time = Some(time);
        }
        self.parts.edge_position = if forward { first_edge + id(edges.len()) } else { first_edge };
        Ok(())
    }

    fn check(&self, batch: &EdgeBatch<'_>) -> Result<(), GraphError> {
        let EdgeBatch { edges, first_edge, n_main, n_nodes } = *batch;
        edges.validate(n_nodes, n_main)?;
        let parts = &self.parts;
        let n_junctions = n_nodes.checked_sub(n_main).ok_or(GraphError::Shrunk {
            what: "nodes",
            expected: n_main,
            found: n_nodes,
        })?;
        let n_junctions_before = id(parts.hops.len()) - parts.n_main;
        for (what, expected, found) in
            [("main nodes", parts.n_main, n_main), ("junctions", n_junctions_before, n_junctions)]
        {
            if found < expected {
                return Err(GraphError::Shrunk { what, expected, found });
            }
        }
        let end = first_edge.checked_add(id(edges.len())).ok_or(GraphError::TooMany {
            what: "edges",
            found: first_edge as usize + edges.len(),
        })?;
        let forward = parts.direction == Direction::Forward;
        let joint = if forward { first_edge } else { end };
        if joint != parts.edge_position {
            return Err(GraphError::BatchOrder { expected: parts.edge_position, found: joint });
        }
        let nearest = if forward { edges.time.first() } else { edges.time.last() };
        let (Some(&time), Some(last)) = (nearest, parts.last_time) else { return Ok(()) };
        if if forward { time < last } else { time > last } {
            let (edge, time, previous) = if forward {
                (first_edge as usize, time, last)
            } else {
                (end as usize, last, time)
            };
            return Err(GraphError::TimeOrder { edge, time, previous });
        }
        if time == last && self.open.source.is_empty() {
            return Err(GraphError::TimeSplit { time });
        }
        Ok(())
    }

    /// Makes room for new nodes. Junctions stand behind the main nodes, so they move up when those grow, and with
    /// them everything that names one.
    fn grow(&mut self, batch: &EdgeBatch<'_>, is_source: impl Fn(u32) -> bool) {
        let parts = &mut self.parts;
        let (before, now) = (parts.n_main, batch.n_main);
        if now > before {
            let new_hops = (before..now).map(|node| if is_source(node) { 0 } else { UNREACHED });
            let place = before as usize..before as usize;
            parts.hops.splice(place.clone(), new_hops);
            parts.label.splice(place, (before..now).map(|_| NONE));
            let undone = self.undo.iter_mut().map(|undo| &mut undo.node);
            let open = self.open.source.iter_mut().chain(&mut self.open.target);
            for node in parts.labels.node.iter_mut().chain(open).chain(undone) {
                if *node >= before {
                    *node += now - before;
                }
            }
            parts.n_main = now;
        }
        parts.hops.resize(batch.n_nodes as usize, UNREACHED);
        parts.label.resize(batch.n_nodes as usize, NONE);
    }

    /// Continues the open group: takes it back, adds the edges and repeats it.
    fn reopen(&mut self, first: u32, source: &[u32], target: &[u32]) -> Result<(), GraphError> {
        let parts = &mut self.parts;
        for undo in &self.undo {
            parts.hops[undo.node as usize] = undo.hops;
            parts.label[undo.node as usize] = undo.label;
        }
        let n_labels = parts.labels.node.len() - self.undo.len();
        parts.labels.node.truncate(n_labels);
        parts.labels.edge.truncate(n_labels);
        parts.labels.previous.truncate(n_labels);
        let mut group = std::mem::take(&mut self.open);
        let place = if first < group.first_edge { 0 } else { group.source.len() };
        group.source.splice(place..place, source.iter().copied());
        group.target.splice(place..place, target.iter().copied());
        group.first_edge = group.first_edge.min(first);
        self.relax(group.first_edge, &group.source, &group.target)?;
        self.open = group;
        Ok(())
    }

    /// Improves hops over the edges of one time until nothing changes, then writes the labels.
    fn relax(&mut self, first: u32, source: &[u32], target: &[u32]) -> Result<(), GraphError> {
        self.undo.clear();
        let n_labels = self.parts.labels.node.len();
        // Each edge improves one node, and a node gets at most one label a group.
        if n_labels + source.len() >= NONE as usize {
            return Err(GraphError::TooMany { what: "labels", found: n_labels + source.len() });
        }
        // While the group lasts, an improved node carries a label from here on, as the mark that it is in `undo`.
        let mark = id(n_labels);
        // Backward the later half of `u -> J -> v` comes first, so one pass is enough in both directions.
        let pairs = source.iter().zip(target);
        loop {
            let improved = if self.parts.direction == Direction::Forward {
                self.pass(mark, pairs.clone())
            } else {
                self.pass(mark, pairs.clone().rev().map(|(source, target)| (target, source)))
            };
            if !improved || source.len() == 1 {
                break;
            }
        }
        if !self.undo.is_empty() {
            self.write_labels(mark, first, source, target);
        }
        Ok(())
    }

    /// One pass over pairs of (end nearer to the sources, other end); true if a node improved.
    fn pass<'e>(&mut self, mark: u32, pairs: impl Iterator<Item = (&'e u32, &'e u32)>) -> bool {
        let ProximityParts { direction, hops_max, n_main, hops, label, .. } = &mut self.parts;
        let mut improved = false;
        for (&near, &node) in pairs {
            let near_hops = hops[near as usize];
            if near_hops == UNREACHED {
                continue;
            }
            let entered = if *direction == Direction::Forward { node } else { near };
            let reached = near_hops + u8::from(entered < *n_main);
            let known = &mut hops[node as usize];
            if reached < *known && reached <= *hops_max {
                let last = &mut label[node as usize];
                if *last == NONE || *last < mark {
                    self.undo.push(Undo { node, hops: *known, label: *last });
                    *last = mark;
                }
                *known = reached;
                improved = true;
            }
        }
        improved
    }

    /// One label for each node that the group improved, in an order in which `previous` comes first: by hops,
    /// and among equal hops by who can lead to whom without one (forward: main nodes to junctions).
    fn write_labels(&mut self, mark: u32, first: u32, source: &[u32], target: &[u32]) {
        let forward = self.parts.direction == Direction::Forward;
        let ProximityParts { n_main, hops, label, labels, .. } = &mut self.parts;
        let rank =
            |undo: &Undo| (hops[undo.node as usize], (undo.node >= *n_main) == forward, undo.node);
        self.undo.sort_unstable_by_key(rank);
        for (new_label, undo) in (mark..).zip(&self.undo) {
            label[undo.node as usize] = new_label;
            labels.node.push(undo.node);
        }
        labels.edge.resize(labels.node.len(), NONE);
        labels.previous.resize(labels.node.len(), NONE);
        for (edge, (&source, &target)) in (first..).zip(source.iter().zip(target)) {
            let (near, node) = if forward { (source, target) } else { (target, source) };
            let last = label[node as usize];
            let is_new = last != NONE && last >= mark && labels.edge[last as usize] == NONE;
            let near_hops = hops[near as usize];
            let leads = near_hops != UNREACHED
                && near_hops + u8::from(target < *n_main) == hops[node as usize];
            if is_new && leads {
                labels.edge[last as usize] = edge;
                labels.previous[last as usize] = label[near as usize];
            }
        }
    }
}

/// The edges of one time at the near end of those that are left. Groups are short: a look at each edge is cheaper
/// than a search over what is left.
fn group_range(times: &[u32], rest: Range<usize>, time: u32, forward: bool) -> Range<usize> {
    let left = times[rest.clone()].iter();
    if forward {
        rest.start..rest.start + left.take_while(|&&t| t == time).count()
    } else {
        rest.end - left.rev().take_while(|&&t| t == time).count()..rest.end
    }
}

/// A count or position that [`TemporalEdges::validate`] or [`Proximity::relax`] has bounded.
fn id(count: usize) -> u32 {
    u32::try_from(count).expect("checked to be a 32-bit id")
}

/// Stored proximity, borrowed; the arrays may come from a mapped file.
#[derive(Debug, Clone, Copy)]
pub struct ProximityView<'a> {
    direction: Direction,
    hops: &'a [u8],
    label: &'a [u32],
    node: &'a [u32],
    edge: &'a [u32],
    previous: &'a [u32],
}

impl<'a> ProximityView<'a> {
    /// Puts the columns together: `hops` and `label` a node, then the arena. Reads no element.
    ///
    /// # Errors
    /// Columns that belong together differ in length.
    pub fn new(
        direction: Direction,
        hops: &'a [u8],
        label: &'a [u32],
        [node, edge, previous]: [&'a [u32]; 3],
    ) -> Result<Self, GraphError> {
        same_length("label", hops.len(), label.len())?;
        same_length("labels.edge", node.len(), edge.len())?;
        same_length("labels.previous", node.len(), previous.len())?;
        Ok(Self { direction, hops, label, node, edge, previous })
    }

    /// The hops between `node` and its nearest source; `None` if there is no path within the bound, or no such
    /// node.
    pub fn hops(&self, node: u32) -> Option<u8> {
        self.hops.get(node as usize).copied().filter(|&hops| hops != UNREACHED)
    }

    /// The edges of the path between `node` and its nearest source, in order of time: from the source (forward)
    /// or to it (backward). Empty for a source, `None` if there is no path.
    ///
    /// # Errors
    /// The stored labels are corrupt. This is not folded into `None`: "no path" would clear a node.
    pub fn path(&self, node: u32) -> Result<Option<Vec<u32>>, GraphError> {
        let Some(hops) = self.hops(node) else { return Ok(None) };
        let mut edges = Vec::new();
        let mut label = self.label[node as usize];
        let corrupt = |label| GraphError::Chain { node, label };
        if label == NONE && hops > 0
            || label != NONE && self.node.get(label as usize) != Some(&node)
        {
            return Err(corrupt(label));
        }
        while label != NONE {
            let columns = (self.edge.get(label as usize), self.previous.get(label as usize));
            let (Some(&edge), Some(&previous)) = columns else { return Err(corrupt(label)) };
            // Falling labels cannot go round in a circle.
            if edge == NONE || previous != NONE && previous >= label {
                return Err(corrupt(label));
            }
            edges.push(edge);
            label = previous;
        }
        if self.direction == Direction::Forward {
            edges.reverse();
        }
        Ok(Some(edges))
    }
}

//! Events, the node of every member, and the events of every node.

use std::ops::Range;

use super::Role;
use super::rows::Rows;
use crate::NONE;

/// Events in order of time, by member, and rows of them by node. A member without a node given is a node of its own.
#[derive(Debug, Clone, Default)]
pub struct EventGraph {
    /// By event: where its parts begin, givers first, and how many give.
    starts: Vec<(u64, u32)>,
    members: Vec<u32>,
    amounts: Vec<u64>,
    /// By event: who gave to whom is not known, even if one node gave.
    joint: Vec<bool>,
    /// By event in rows: the node that alone gives, [`NONE`] if there is not one.
    givers: Vec<u32>,
    node_of: Vec<u32>,
    /// By node: how many members were given it.
    sizes: Vec<u32>,
    /// By role: the events of each node, ascending.
    rows: [Rows<u32>; 2],
    /// Events from here on are in no row yet.
    n_indexed: u32,
    /// Events from here on are about to go: nobody gives in them any more.
    end: u32,
}

/// What a new grouping changed.
#[derive(Debug, Clone, Default)]
pub struct Regrouped {
    /// What became of nodes, in the order in which labels are to follow.
    pub moves: Vec<Move>,
    /// Events that are another thing now, ascending: all of nodes that were dissolved, and those that a node and the one
    /// that absorbed it had both been in.
    pub events: Vec<u32>,
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// It lost members: its labels stand for nothing.
    Dissolved(u32),
    /// All its members are another's now, which lost none: labels of both stand for that one.
    Absorbed(Absorbed),
}

/// A node that went into another as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absorbed {
    /// It is none any more.
    pub from: u32,
    /// It has the members of both.
    pub into: u32,
    /// The events that `from` had, givers' first, each ascending.
    pub events: [Vec<u32>; 2],
}

impl Absorbed {
    /// The events that `from` had in a role, ascending.
    pub fn row(&self, role: Role) -> &[u32] {
        &self.events[role.index()]
    }
}

impl Move {
    /// The node that is none any more, or lost members.
    pub fn node(&self) -> u32 {
        match self {
            Self::Dissolved(node) => *node,
            Self::Absorbed(absorbed) => absorbed.from,
        }
    }
}

impl EventGraph {
    /// Appends an event: who gives and who gets, members ascending and each once. Its number is returned.
    ///
    /// # Panics
    /// There are more than 2^32 − 2 events.
    pub fn push(&mut self, givers: &[(u32, u64)], getters: &[(u32, u64)], joint: bool) -> u32 {
        let event = id(self.starts.len());
        self.starts.push((self.members.len() as u64, id(givers.len())));
        for &(member, amount) in givers.iter().chain(getters) {
            self.members.push(member);
            self.amounts.push(amount);
        }
        self.joint.push(joint);
        event
    }

    /// How many events there are, those about to go included.
    pub fn n_events(&self) -> u32 {
        id(self.starts.len())
    }

    /// Events from here on are in no row yet.
    pub fn n_indexed(&self) -> u32 {
        self.n_indexed
    }

    /// Events from here on count for nothing; [`Self::truncate`] then drops them.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// The node of a member.
    pub fn node_of(&self, member: u32) -> u32 {
        self.node_of.get(member as usize).copied().unwrap_or(member)
    }

    /// How many members have been given a node.
    pub fn n_members(&self) -> usize {
        self.node_of.len()
    }

    /// The memory it takes, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<(u64, u32)>()
            + self.members.capacity() * 12
            + self.joint.capacity()
            + self.givers.capacity() * 4
            + (self.node_of.capacity() + self.sizes.capacity()) * 4
            + self.rows.iter().map(Rows::n_bytes).sum::<usize>()
    }

    /// The members of one side of an event, ascending, and their amounts.
    pub fn members(&self, event: u32, role: Role) -> impl Iterator<Item = (u32, u64)> + '_ {
        let range = self.range(event, role);
        self.members[range.clone()].iter().copied().zip(self.amounts[range].iter().copied())
    }

    fn range(&self, event: u32, role: Role) -> Range<usize> {
        let (start, n_givers) = self.starts[event as usize];
        let middle = start + u64::from(n_givers);
        let end = self.starts.get(event as usize + 1).map(|(start, _)| *start);
        match role {
            Role::Giver => place(start)..place(middle),
            Role::Getter => place(middle)..place(end.unwrap_or(self.members.len() as u64)),
        }
    }

    /// The nodes of one side of an event with their amounts, ascending, each once, into `nodes`.
    pub fn nodes(&self, event: u32, role: Role, nodes: &mut Vec<(u32, u64)>) {
        nodes.clear();
        nodes.extend(self.members(event, role).map(|(m, amount)| (self.node_of(m), amount)));
        if nodes.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            nodes.sort_unstable_by_key(|(node, _)| *node);
            nodes.dedup_by(|next, sum| {
                let same = next.0 == sum.0;
                sum.1 = if same { sum.1.saturating_add(next.1) } else { sum.1 };
                same
            });
        }
    }

    /// The node that alone gives in an event of the rows.
    pub fn sole_giver(&self, event: u32) -> Option<u32> {
        self.givers.get(event as usize).copied().filter(|giver| *giver != NONE)
    }

    fn find_giver(&self, event: u32) -> Option<u32> {
        let mut nodes = self.members(event, Role::Giver).map(|(member, _)| self.node_of(member));
        let first = nodes.next().filter(|_| !self.joint[event as usize])?;
        nodes.all(|node| node == first).then_some(first)
    }

    /// The events of a node in one role, ascending, those about to go included.
    pub fn row(&self, node: u32, role: Role) -> &[u32] {
        self.rows[role.index()].row(node)
    }

    /// Takes over the node of every member of events in rows, and says what changed; `nodes` by member, those beyond its
    /// end on their own. A node that goes into another as a whole is absorbed if `may_absorb(from, into)`, else dissolved.
    /// Then [`Self::index`].
    pub fn regroup(&mut self, nodes: &[u32], may_absorb: impl Fn(u32, u32) -> bool) -> Regrouped {
        self.regroup_moved(self.moved(nodes), nodes, may_absorb)
    }

    /// As [`Self::regroup`], where `changed` names at least all members in rows whose node is another one: nobody else is looked at.
    pub fn regroup_changed(
        &mut self,
        nodes: &[u32],
        changed: &[u32],
        may_absorb: impl Fn(u32, u32) -> bool,
    ) -> Regrouped {
        let node = |member: u32| nodes.get(member as usize).copied().unwrap_or(member);
        let is_other = |member: &u32| {
            self.node_of.get(*member as usize).is_some_and(|old| *old != node(*member))
        };
        let mut changed: Vec<u32> = changed.iter().copied().filter(is_other).collect();
        sort_once(&mut changed);
        let moved = changed.into_iter().map(|member| (member, node(member))).collect();
        self.regroup_moved(moved, nodes, may_absorb)
    }

    fn regroup_moved(
        &mut self,
        moved: Vec<(u32, u32)>,
        nodes: &[u32],
        may_absorb: impl Fn(u32, u32) -> bool,
    ) -> Regrouped {
        let mut from: Vec<(u32, u32)> =
            moved.iter().map(|(member, new)| (self.node_of(*member), *new)).collect();
        from.sort_unstable();
        let lost: Vec<u32> = from.chunk_by(|a, b| a.0 == b.0).map(|own| own[0].0).collect();
        let mut regrouped = Regrouped::default();
        let mut absorbed = Vec::new();
        for own in from.chunk_by(|a, b| a.0 == b.0) {
            let (old, new) = own[0];
            let is_whole = self.sizes.get(old as usize).is_some_and(|n| *n as usize == own.len())
                && own[own.len() - 1].1 == new
                && lost.binary_search(&new).is_err();
            if is_whole && may_absorb(old, new) {
                absorbed.push((old, new));
                continue;
            }
            for rows in &mut self.rows {
                regrouped.events.extend(rows.row(old));
                rows.set(old, &[]);
            }
            regrouped.moves.push(Move::Dissolved(old));
        }
        for (member, new) in moved {
            let old = std::mem::replace(&mut self.node_of[member as usize], new);
            self.sizes[old as usize] -= 1;
            self.count(new);
        }
        for &new in nodes.get(self.node_of.len()..).unwrap_or(&[]) {
            self.node_of.push(new);
            self.count(new);
        }
        for (from, into) in absorbed {
            let absorbed = self.absorb(from, into, &mut regrouped.events);
            regrouped.moves.push(Move::Absorbed(absorbed));
        }
        sort_once(&mut regrouped.events);
        self.insert(&regrouped.events);
        for &event in &regrouped.events {
            self.givers[event as usize] = self.find_giver(event).unwrap_or(NONE);
        }
        regrouped
    }

    /// Members whose node is another one, with it.
    fn moved(&self, nodes: &[u32]) -> Vec<(u32, u32)> {
        let mut moved: Vec<(u32, u32)> = Vec::new();
        // Whole pieces are compared at once: almost all of them are equal.
        const PIECE: usize = 4096;
        for (piece, old) in self.node_of.chunks(PIECE).enumerate() {
            let start = piece * PIECE;
            let new = nodes.get(start..start + old.len());
            if new == Some(old) {
                continue;
            }
            for (member, old) in (id(start)..).zip(old) {
                let new = nodes.get(member as usize).copied().unwrap_or(member);
                if new != *old {
                    moved.push((member, new));
                }
            }
        }
        moved
    }

    fn count(&mut self, node: u32) {
        if self.sizes.len() <= node as usize {
            self.sizes.resize(node as usize + 1, 0);
        }
        self.sizes[node as usize] += 1;
    }

    /// Moves the rows of a node to another; events that both were in go to `shared`.
    fn absorb(&mut self, from: u32, into: u32, shared: &mut Vec<u32>) -> Absorbed {
        let events = [Role::Giver, Role::Getter].map(|role| self.row(from, role).to_vec());
        let is_in = |event: &&u32| {
            [Role::Giver, Role::Getter]
                .iter()
                .any(|role| self.row(into, *role).binary_search(event).is_ok())
        };
        shared.extend(events.iter().flatten().filter(is_in));
        for (rows, own) in self.rows.iter_mut().zip(&events) {
            if own.is_empty() {
                continue;
            }
            merge(rows, into, own);
            rows.set(from, &[]);
        }
        for &event in &events[Role::Giver.index()] {
            let giver = &mut self.givers[event as usize];
            *giver = if *giver == from { into } else { *giver };
        }
        Absorbed { from, into, events }
    }

    /// Puts events back into the rows of all their nodes that lack them.
    fn insert(&mut self, events: &[u32]) {
        for role in [Role::Giver, Role::Getter] {
            let mut pairs: Vec<(u32, u32)> = Vec::new();
            for &event in events {
                for (member, _) in self.members(event, role) {
                    let node = self.node_of(member);
                    if self.row(node, role).binary_search(&event).is_err() {
                        pairs.push((node, event));
                    }
                }
            }
            sort_once(&mut pairs);
            for own in pairs.chunk_by(|a, b| a.0 == b.0) {
                let node = own[0].0;
                let own: Vec<u32> = own.iter().map(|(_, event)| *event).collect();
                merge(&mut self.rows[role.index()], node, &own);
            }
        }
    }

    /// Puts the events pushed since into the rows of their nodes.
    pub fn index(&mut self) {
        for event in self.n_indexed..self.n_events() {
            self.givers.push(self.find_giver(event).unwrap_or(NONE));
            for role in [Role::Giver, Role::Getter] {
                for at in self.range(event, role) {
                    let node = self.node_of(self.members[at]);
                    if self.row(node, role).last() != Some(&event) {
                        self.rows[role.index()].push(node, event);
                    }
                }
            }
        }
        self.n_indexed = self.n_events();
        self.end = self.n_indexed;
    }

    /// Announces that the events from `end` on go.
    pub fn announce_end(&mut self, end: u32) {
        self.end = end.min(self.n_events());
    }

    /// Drops the events that were announced to go, from rows too.
    pub fn truncate(&mut self) {
        for event in self.end..self.n_indexed {
            for role in [Role::Giver, Role::Getter] {
                let nodes: Vec<u32> =
                    self.members(event, role).map(|(member, _)| self.node_of(member)).collect();
                for node in nodes {
                    let kept = self.row(node, role).partition_point(|own| *own < self.end);
                    self.rows[role.index()].truncate(node, kept);
                }
            }
        }
        if let Some((start, _)) = self.starts.get(self.end as usize) {
            self.members.truncate(place(*start));
            self.amounts.truncate(place(*start));
        }
        self.starts.truncate(self.end as usize);
        self.joint.truncate(self.end as usize);
        self.givers.truncate(self.end as usize);
        self.n_indexed = self.end;
    }
}

/// Puts events, ascending, into the row of a node. What stands before the first of them is not read: a service has hundreds
/// of thousands of events, and what is swept to it is young.
fn merge(rows: &mut Rows<u32>, node: u32, events: &[u32]) {
    let Some(first) = events.first() else { return };
    let row = rows.row(node);
    let kept = row.partition_point(|event| event < first);
    let mut tail = [&row[kept..], events].concat();
    // Two ascending runs, which a stable sort merges.
    tail.sort();
    tail.dedup();
    rows.set_tail(node, kept, &tail);
}

/// Sorts and leaves each once.
pub(super) fn sort_once<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}

fn id(count: usize) -> u32 {
    u32::try_from(count).ok().filter(|id| *id < NONE).expect("fewer than 2^32 - 1 events")
}

fn place(start: u64) -> usize {
    usize::try_from(start).expect("parts are in memory")
}

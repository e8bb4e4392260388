//! Events, the node of every member, and the events of every node.

use std::ops::Range;

use super::Role;
use super::rows::Rows;

/// Events in order of time, by member, and rows of them by node. A member without a node given is a node of its own.
#[derive(Debug, Clone, Default)]
pub struct EventGraph {
    /// By event: where its parts begin, givers first, and how many give.
    starts: Vec<(u64, u32)>,
    members: Vec<u32>,
    amounts: Vec<u64>,
    /// By event: who gave to whom is not known, even if one node gave.
    joint: Vec<bool>,
    node_of: Vec<u32>,
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
    /// Nodes that lost members, ascending: their labels stand for nothing.
    pub nodes: Vec<u32>,
    /// All their earlier events, ascending.
    pub events: Vec<u32>,
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
            + self.node_of.capacity() * 4
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

    /// The node that alone gives in an event.
    pub fn sole_giver(&self, event: u32) -> Option<u32> {
        let mut nodes = self.members(event, Role::Giver).map(|(member, _)| self.node_of(member));
        let first = nodes.next().filter(|_| !self.joint[event as usize])?;
        nodes.all(|node| node == first).then_some(first)
    }

    /// The events of a node in one role, ascending, those about to go included.
    pub fn row(&self, node: u32, role: Role) -> &[u32] {
        self.rows[role.index()].row(node)
    }

    /// Takes over the node of every member of events in rows, and says what changed; `nodes` by member, those beyond its
    /// end on their own. Then [`Self::index`].
    pub fn regroup(&mut self, nodes: &[u32]) -> Regrouped {
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
        let mut regrouped = Regrouped::default();
        regrouped.nodes.extend(moved.iter().map(|(member, _)| self.node_of(*member)));
        sort_once(&mut regrouped.nodes);
        for &node in &regrouped.nodes {
            for rows in &mut self.rows {
                regrouped.events.extend(rows.row(node));
                rows.set(node, &[]);
            }
        }
        sort_once(&mut regrouped.events);
        for (member, new) in moved {
            self.node_of[member as usize] = new;
        }
        if let Some(further) = nodes.get(self.node_of.len()..) {
            self.node_of.extend_from_slice(further);
        }
        self.insert(&regrouped.events);
        regrouped
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
                let mut row = self.row(node, role).to_vec();
                row.extend(own.iter().map(|(_, event)| *event));
                // Two ascending runs, which a stable sort merges.
                row.sort();
                self.rows[role.index()].set(node, &row);
            }
        }
    }

    /// Puts the events pushed since into the rows of their nodes.
    pub fn index(&mut self) {
        for event in self.n_indexed..self.n_events() {
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
        self.n_indexed = self.end;
    }
}

/// Sorts and leaves each once.
pub(super) fn sort_once<T: Ord>(values: &mut Vec<T>) {
    values.sort_unstable();
    values.dedup();
}

fn id(count: usize) -> u32 {
    u32::try_from(count).ok().filter(|id| *id < crate::NONE).expect("fewer than 2^32 - 1 events")
}

fn place(start: u64) -> usize {
    usize::try_from(start).expect("parts are in memory")
}

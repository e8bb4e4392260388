//! The labels of nodes: what the best walks from sources (or to them) are worth, as of every event.

use super::rows::Rows;
use super::value::Value;
use super::{EventGraph, Parts, Role};
use crate::Direction;

/// The best walks between the nearest sources of each class and every node.
#[derive(Debug, Clone)]
pub struct WalkLabels<V> {
    direction: Direction,
    pub(super) cost_max: u8,
    /// By node: labels by class, order and value; none is dominated by an earlier one of its class.
    pub(super) rows: Rows<Label<V>>,
}

/// A worth that a node has from an event on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label<V> {
    /// The event as walks meet it: its number forward, the complement of it backward.
    pub(super) order: u32,
    pub(super) value: V,
}

/// A step of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkStep {
    /// The event.
    pub event: u32,
    /// The node that the step leaves, in order of time.
    pub from: u32,
    /// The node that it enters.
    pub to: u32,
}

impl<V: Value> WalkLabels<V> {
    /// No labels yet: of walks from sources (forward) or to them (backward), of at most `cost_max` (254 or less).
    pub fn new(direction: Direction, cost_max: u8) -> Self {
        Self { direction, cost_max: cost_max.min(254), rows: Rows::default() }
    }

    /// From the sources, or to them.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The memory it takes, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.rows.n_bytes()
    }

    /// How many nodes have room for labels: one more than the greatest that ever had one.
    pub fn n_nodes(&self) -> usize {
        self.rows.n_nodes()
    }

    /// All values of a node, by class: of some, others are better.
    pub fn values(&self, node: u32) -> impl Iterator<Item = V> + '_ {
        self.rows.row(node).iter().map(|label| label.value)
    }

    /// The best value of a node and class.
    pub fn best(&self, node: u32, class: u8) -> Option<V> {
        self.of_class(node, class).iter().map(|label| label.value).min_by_key(Value::rank)
    }

    /// The steps of the best walk, in order of time: from the source forward, to it backward. Of equal walks the one that
    /// arrives first, over nodes with the smallest numbers.
    ///
    /// # Panics
    /// `events` or `parts` are not those of the last repair.
    pub fn walk(
        &self,
        events: &EventGraph,
        parts: &Parts<'_>,
        node: u32,
        class: u8,
    ) -> Option<Vec<WalkStep>> {
        let labels = self.of_class(node, class).iter();
        let mut label = *labels.min_by_key(|label| (label.value.rank(), label.order))?;
        let (mut at, mut steps) = (node, Vec::new());
        loop {
            let near = self.before(events, parts, at, label).expect("a label is made from another");
            let event = self.event(label.order);
            let (from, to) =
                if self.direction == Direction::Forward { (near.0, at) } else { (at, near.0) };
            steps.push(WalkStep { event, from, to });
            let Some(before) = near.1 else { break };
            (at, label) = (near.0, before);
        }
        if self.direction == Direction::Forward {
            steps.reverse();
        }
        Some(steps)
    }

    /// The node, and its label unless it is a source, from which a label of `node` was made.
    fn before(
        &self,
        events: &EventGraph,
        parts: &Parts<'_>,
        node: u32,
        label: Label<V>,
    ) -> Option<(u32, Option<Label<V>>)> {
        let event = self.event(label.order);
        let (mut near, mut far) = (Vec::new(), Vec::new());
        self.sides(events, event, &mut near, &mut far);
        let own = far.iter().find(|(far, _)| *far == node)?.1;
        let leads = |value: V, cost: u8, amount: u64| {
            let left = value.leave(cost, amount, self.cost_max);
            left.is_some_and(|left| left.arrive(own) == label.value)
        };
        let class = label.value.class();
        for (near, amount) in near.into_iter().filter(|(near, _)| *near != node) {
            if let Some(source) = parts.source(near) {
                let is_of = parts.class(source) == Some(class);
                if is_of && leads(V::start(source, class), 1, amount) {
                    return Some((near, None));
                }
                continue;
            }
            let cost = parts.cost(near);
            let mut before = self.of_class(near, class).iter();
            let found =
                before.find(|b| b.order < label.order && leads(b.value, cost, amount)).copied();
            if found.is_some() {
                return Some((near, found));
            }
        }
        None
    }

    /// The nodes of an event from which walks come, and to which they go, with the amounts that bound them. The near side
    /// is empty in an event that counts for nothing. Returned is a node of the far side to which no walk goes.
    pub(super) fn sides(
        &self,
        events: &EventGraph,
        event: u32,
        near: &mut Vec<(u32, u64)>,
        far: &mut Vec<(u32, u64)>,
    ) -> Option<u32> {
        events.nodes(event, self.role_near(), near);
        events.nodes(event, self.role_far(), far);
        if event >= events.end() {
            near.clear();
        }
        let giver = events.sole_giver(event)?;
        // Whatever one node gives, each getter's own amount is all that bounds its step; what comes back to the giver is
        // no step.
        if self.direction == Direction::Forward {
            near.iter_mut().for_each(|(_, amount)| *amount = u64::MAX);
            Some(giver)
        } else {
            far.iter_mut().for_each(|(_, amount)| *amount = u64::MAX);
            near.retain(|(node, _)| *node != giver);
            None
        }
    }

    pub(super) fn of_class(&self, node: u32, class: u8) -> &[Label<V>] {
        let row = self.rows.row(node);
        let start = row.partition_point(|label| label.value.class() < class);
        let len = row[start..].partition_point(|label| label.value.class() == class);
        &row[start..start + len]
    }

    /// What is told of a node and class.
    pub(super) fn seen(&self, node: u32, class: u8) -> Option<V::Seen> {
        V::seen(self.of_class(node, class).iter().map(|label| label.value))
    }

    pub(super) fn role_near(&self) -> Role {
        if self.direction == Direction::Forward { Role::Giver } else { Role::Getter }
    }

    pub(super) fn role_far(&self) -> Role {
        if self.direction == Direction::Forward { Role::Getter } else { Role::Giver }
    }

    pub(super) fn order(&self, event: u32) -> u32 {
        if self.direction == Direction::Forward { event } else { !event }
    }

    pub(super) fn event(&self, order: u32) -> u32 {
        self.order(order)
    }
}

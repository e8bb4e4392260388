//! Labels made current: the events that may have changed are evaluated, in the order in which walks meet them.

use std::collections::BTreeMap;

use super::graph::sort_once;
use super::labels::{Label, WalkLabels};
use super::value::Value;
use super::{CLASSES_MAX, EventGraph, Parts, Role};
use crate::Direction;

/// What changed since the last repair.
#[derive(Debug, Clone, Copy)]
pub struct Seeds<'a> {
    /// Nodes whose labels are dropped; all their events are among `events`.
    pub cleared: &'a [u32],
    /// Events below `first` to be evaluated, in any order.
    pub events: &'a [u32],
    /// All events from here on are evaluated.
    pub first: u32,
}

/// All classes.
const ALL: u32 = u32::MAX;

/// A set of classes, as bits.
fn bit(class: u8) -> u32 {
    1 << class
}

/// One run of a repair.
struct Repair<'a, V> {
    labels: &'a mut WalkLabels<V>,
    events: &'a EventGraph,
    parts: &'a Parts<'a>,
    first: u32,
    /// Events below `first` still to be evaluated, by order, with classes.
    queue: BTreeMap<u32, u32>,
    /// Nodes with a label that came or went.
    changed: Vec<u32>,
    scratch: Scratch<V>,
}

struct Scratch<V> {
    near: Vec<(u32, u64)>,
    far: Vec<(u32, u64)>,
    /// By class: what arrives at the event, none dominated by another.
    inside: Vec<Vec<V>>,
    /// What arrives at a node.
    fresh: Vec<V>,
    row: Vec<Label<V>>,
}

impl<V: Value> WalkLabels<V> {
    /// Makes the labels those of `events` and `parts` as they are. Returns the nodes whose labels changed, ascending.
    pub fn repair(
        &mut self,
        events: &EventGraph,
        parts: &Parts<'_>,
        seeds: &Seeds<'_>,
    ) -> Vec<u32> {
        for &node in seeds.cleared {
            self.rows.set(node, &[]);
        }
        let queue = seeds.events.iter().filter(|event| **event < seeds.first);
        let queue = queue.map(|event| (self.order(*event), ALL)).collect();
        let scratch = Scratch {
            near: Vec::new(),
            far: Vec::new(),
            inside: vec![Vec::new(); usize::from(CLASSES_MAX)],
            fresh: Vec::new(),
            row: Vec::new(),
        };
        let forward = self.direction() == Direction::Forward;
        let changed = seeds.cleared.to_vec();
        let first = seeds.first;
        let mut repair = Repair { labels: self, events, parts, first, queue, changed, scratch };
        if forward {
            repair.drain();
            (first..events.n_events()).for_each(|event| repair.evaluate(event, ALL));
        } else {
            (first..events.n_events()).rev().for_each(|event| repair.evaluate(event, ALL));
            repair.drain();
        }
        let mut changed = repair.changed;
        sort_once(&mut changed);
        changed
    }
}

impl<V: Value> Repair<'_, V> {
    fn drain(&mut self) {
        while let Some((order, classes)) = self.queue.pop_first() {
            self.evaluate(self.labels.event(order), classes);
        }
    }

    fn evaluate(&mut self, event: u32, classes: u32) {
        let Scratch { near, far, .. } = &mut self.scratch;
        let skipped = self.labels.sides(self.events, event, near, far);
        let order = self.labels.order(event);
        let present = self.gather(order, classes, None);
        let mut own_ways = Vec::new();
        for at in 0..self.scratch.far.len() {
            let (node, amount) = self.scratch.far[at];
            let is_source = self.parts.source(node).is_some();
            if is_source && self.scratch.near.iter().any(|(near, _)| *near == node) {
                own_ways.push((node, amount));
                continue;
            }
            let arriving = if skipped == Some(node) { 0 } else { present };
            self.settle(node, amount, order, classes, arriving);
        }
        self.empty(present);
        // A step from a node to itself is none. Only at a source could it seem better than what is there.
        for (node, amount) in own_ways {
            let present = self.gather(order, classes, Some(node));
            let arriving = if skipped == Some(node) { 0 } else { present };
            self.settle(node, amount, order, classes, arriving);
            self.empty(present);
        }
    }

    fn empty(&mut self, classes: u32) {
        for class in classes_of(classes) {
            self.scratch.inside[usize::from(class)].clear();
        }
    }

    /// What the near side, but for one node, brings into an event; returns the classes of it.
    fn gather(&mut self, order: u32, classes: u32, but: Option<u32>) -> u32 {
        let Self { labels, parts, scratch, .. } = self;
        let mut present = 0;
        let mut enter = |value: V| {
            present |= bit(value.class());
            keep_best(&mut scratch.inside[usize::from(value.class())], value);
        };
        for &(near, amount) in scratch.near.iter().filter(|(near, _)| Some(*near) != but) {
            if let Some(source) = parts.source(near) {
                let class = parts.class(source).filter(|class| classes & bit(*class) != 0);
                let start = class.map(|class| V::start(source, class));
                start
                    .and_then(|v| v.leave(1, amount, labels.cost_max))
                    .into_iter()
                    .for_each(&mut enter);
                continue;
            }
            let cost = parts.cost(near);
            for label in labels.rows.row(near) {
                if label.order < order && classes & bit(label.value.class()) != 0 {
                    let left = label.value.leave(cost, amount, labels.cost_max);
                    left.into_iter().for_each(&mut enter);
                }
            }
        }
        present
    }

    /// Compares what arrives at a node with its labels of the event, class by class.
    fn settle(&mut self, node: u32, amount: u64, order: u32, classes: u32, arriving: u32) {
        let own = self.labels.rows.row(node).iter().filter(|label| label.order == order);
        let known = own.fold(0, |known, label| known | bit(label.value.class()));
        for class in classes_of(classes & (known | arriving)) {
            let fresh = &mut self.scratch.fresh;
            fresh.clear();
            let row = self.labels.of_class(node, class);
            let start = row.partition_point(|label| label.order < order);
            let n_own = row[start..].partition_point(|label| label.order == order);
            if arriving & bit(class) != 0 {
                for value in &self.scratch.inside[usize::from(class)] {
                    let value = value.arrive(amount);
                    if !row[..start].iter().any(|label| label.value.dominates(&value)) {
                        keep_best(fresh, value);
                    }
                }
                fresh.sort_unstable();
            }
            let own = row[start..start + n_own].iter().map(|label| &label.value);
            if !own.eq(fresh.iter()) {
                self.replace(node, class, order);
            }
        }
    }

    /// Puts the fresh values of a node and class in place of those it had of the event, drops later ones that they
    /// dominate, and marks what these have led to.
    fn replace(&mut self, node: u32, class: u8, order: u32) {
        self.changed.push(node);
        let Self { labels, parts, scratch, .. } = self;
        let row = labels.of_class(node, class);
        let start = row.partition_point(|label| label.order < order);
        let n_own = row[start..].partition_point(|label| label.order == order);
        let (own, later) = (&row[start..start + n_own], &row[start + n_own..]);
        // A value matters until a later label is as good.
        let until = |value: &V| {
            let next = later.iter().find(|label| label.value.dominates(value));
            next.map_or(u32::MAX, |label| label.order)
        };
        let cost = parts.cost(node);
        let goes_on = |value: &V| value.leave(cost, u64::MAX, labels.cost_max).is_some();
        let gone = own.iter().map(|label| label.value).filter(|v| !scratch.fresh.contains(v));
        let (mut until_out, mut until_in) = (order, order);
        for value in gone {
            until_in = until_in.max(until(&value));
            until_out = if goes_on(&value) { until_out.max(until(&value)) } else { until_out };
        }
        for value in &scratch.fresh {
            let is_new = !own.iter().any(|label| label.value == *value);
            if is_new && goes_on(value) {
                until_out = until_out.max(until(value));
            }
        }
        let whole = labels.rows.row(node);
        let next: &mut Vec<Label<V>> = &mut scratch.row;
        next.clear();
        let before =
            whole.partition_point(|label| (label.value.class(), label.order) < (class, order));
        next.extend_from_slice(&whole[..before]);
        next.extend(scratch.fresh.iter().map(|value| Label { order, value: *value }));
        let fresh = &scratch.fresh;
        next.extend(whole[before + n_own..].iter().filter(|label| {
            label.value.class() != class || !fresh.iter().any(|value| value.dominates(&label.value))
        }));
        labels.rows.set(node, next);
        if parts.source(node).is_none() {
            self.mark(node, class, order, until_out, self.labels.role_near());
        }
        self.mark(node, class, order, until_in, self.labels.role_far());
    }

    /// Marks the events of a node in a role, after `order` and up to `until`, those that are evaluated anyway left out.
    fn mark(&mut self, node: u32, class: u8, order: u32, until: u32, role: Role) {
        if until <= order {
            return;
        }
        let row = self.events.row(node, role);
        let row = if self.labels.direction() == Direction::Forward {
            let start = row.partition_point(|event| *event <= order);
            let end = row.partition_point(|event| *event < self.first && *event <= until);
            &row[start..end.max(start)]
        } else {
            let (first, end) = (!until, !order);
            let start = row.partition_point(|event| *event < first);
            &row[start..row.partition_point(|event| *event < self.first && *event < end).max(start)]
        };
        for &event in row {
            *self.queue.entry(self.labels.order(event)).or_insert(0) |= bit(class);
        }
    }
}

/// Adds a value to those of which none dominates another.
fn keep_best<V: Value>(values: &mut Vec<V>, value: V) {
    if values.iter().any(|known| known.dominates(&value)) {
        return;
    }
    values.retain(|known| !value.dominates(known));
    values.push(value);
}

fn classes_of(mut bits: u32) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let class = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        u8::try_from(class).ok().filter(|class| *class < CLASSES_MAX)
    })
}

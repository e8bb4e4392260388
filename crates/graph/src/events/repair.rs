//! Labels made current: what came enters events, events that may have lost something are evaluated whole, in the order in
//! which walks meet them.

use std::collections::BTreeMap;

use super::graph::{Absorbed, Move, sort_once};
use super::labels::{Label, WalkLabels};
use super::queue::Queue;
use super::value::Value;
use super::{CLASSES_MAX, EventGraph, Parts, Role};
use crate::Direction;

/// What changed since the last repair.
#[derive(Debug, Clone, Copy)]
pub struct Seeds<'a> {
    /// What became of nodes, in order. All events of nodes that were dissolved are among `events`, and those that a node
    /// and the one that absorbed it were both in. If the two played different parts, so are those of the one absorbed.
    pub moves: &'a [Move],
    /// Events below `first` to be evaluated, in any order.
    pub events: &'a [u32],
    /// Nodes that passed and count now, or the other way round.
    pub turned: &'a [u32],
    /// All events from here on are evaluated.
    pub first: u32,
}

/// All classes.
const ALL: u32 = u32::MAX;

/// A set of classes, as bits.
fn bit(class: u8) -> u32 {
    1 << class
}

/// What is to be done at an event.
#[derive(Debug, Clone, Copy)]
enum Mark<V> {
    /// Evaluate it for these classes.
    Whole(u32),
    /// Evaluate it for that node of its far side and these classes: what the node had before, and what kept others out, went.
    Fill(u32, u32),
    /// A node of its near side had that value before it and has it no more: only a label that was made of it here may have
    /// to go.
    Lost(V),
    /// A walk left that node of its near side at no cost, and does no more: the same, for all labels that the node had.
    Turned(u32),
    /// A label of that node came before it.
    Enters(u32, V),
}

/// One run of a repair.
struct Repair<'a, V: Value> {
    labels: &'a mut WalkLabels<V>,
    events: &'a EventGraph,
    parts: &'a Parts<'a>,
    first: u32,
    /// What is to be done at events below `first`, by order.
    queue: Queue<Mark<V>>,
    /// Labels of nodes that passed and count now, as they were.
    turned: BTreeMap<u32, Vec<Label<V>>>,
    /// Labels that nodes had, and that those of whom they absorbed are better than.
    outdone: BTreeMap<u32, Vec<Label<V>>>,
    /// Nodes that are others now, whatever is seen of them.
    moved: Vec<u32>,
    /// What was seen of a node and class before each change, in order: most of what a node loses it gets again in the
    /// same repair, and is no news.
    seen: Vec<(u32, u8, Option<V::Seen>)>,
    scratch: Scratch<V>,
}

struct Scratch<V> {
    near: Vec<(u32, u64)>,
    far: Vec<(u32, u64)>,
    /// By class: what arrives at the event, none dominated by another.
    inside: Vec<Vec<V>>,
    /// What arrives at a node.
    fresh: Vec<V>,
    /// The end of a row that is to be.
    tail: Vec<Label<V>>,
    /// What went before the event, by class and value.
    lost: Vec<V>,
    /// Nodes to be evaluated alone, and for which classes.
    fill: Vec<(u32, u32)>,
}

impl<V: Value> WalkLabels<V> {
    /// Makes the labels those of `events` and `parts` as they are. Returns the nodes whose best values changed, and all that
    /// were dissolved or absorbed, ascending.
    pub fn repair(
        &mut self,
        events: &EventGraph,
        parts: &Parts<'_>,
        seeds: &Seeds<'_>,
    ) -> Vec<u32> {
        let mut queue = Queue::new();
        for &event in seeds.events.iter().filter(|event| **event < seeds.first) {
            queue.push(self.order(event), Mark::Whole(ALL));
        }
        let scratch = Scratch {
            near: Vec::new(),
            far: Vec::new(),
            inside: vec![Vec::new(); usize::from(CLASSES_MAX)],
            fresh: Vec::new(),
            tail: Vec::new(),
            lost: Vec::new(),
            fill: Vec::new(),
        };
        let forward = self.direction() == Direction::Forward;
        let mut repair = Repair {
            labels: self,
            events,
            parts,
            first: seeds.first,
            queue,
            turned: BTreeMap::new(),
            outdone: BTreeMap::new(),
            moved: Vec::new(),
            seen: Vec::new(),
            scratch,
        };
        seeds.moves.iter().for_each(|change| repair.follow(change));
        seeds.turned.iter().for_each(|node| repair.turn(*node));
        if forward {
            repair.drain();
            (seeds.first..events.n_events()).for_each(|event| repair.evaluate(event, ALL));
        } else {
            (seeds.first..events.n_events()).rev().for_each(|event| repair.evaluate(event, ALL));
            repair.drain();
        }
        repair.changed()
    }
}

impl<V: Value> Repair<'_, V> {
    /// The nodes of which something else is seen than before the repair.
    fn changed(self) -> Vec<u32> {
        let Self { labels, moved: mut changed, mut seen, .. } = self;
        // The order of changes stays: the first one knows what was there before.
        seen.sort_by_key(|(node, class, _)| (*node, *class));
        seen.dedup_by_key(|(node, class, _)| (*node, *class));
        let is_new = |(node, class, before): &(u32, u8, Option<V::Seen>)| {
            labels.seen(*node, *class) != *before
        };
        changed.extend(seen.iter().filter(|own| is_new(own)).map(|(node, ..)| *node));
        sort_once(&mut changed);
        changed
    }

    /// Drops the labels of a node that was dissolved, and hands over those of one that was absorbed.
    fn follow(&mut self, change: &Move) {
        self.moved.push(change.node());
        if let Move::Absorbed(absorbed) = change {
            self.absorb(absorbed);
        }
        self.labels.rows.set(change.node(), &[]);
    }

    /// Unites the labels of two nodes; what each has that the other had not enters the other's events.
    fn absorb(&mut self, absorbed: &Absorbed) {
        let into = absorbed.into;
        let united = unite(self.labels.rows.row(absorbed.from), self.labels.rows.row(into));
        let row: Vec<Label<V>> = united.iter().map(|(label, _)| *label).collect();
        for own in row.chunk_by(|a, b| a.value.class() == b.value.class()) {
            let class = own[0].value.class();
            let before = self.labels.seen(into, class);
            if before != V::seen(own.iter().map(|label| label.value)) {
                self.seen.push((into, class, before));
            }
        }
        let before = self.labels.rows.row(into).iter();
        let outdone: Vec<Label<V>> = before.filter(|own| !row.contains(own)).copied().collect();
        if !outdone.is_empty() {
            self.outdone.entry(into).or_default().extend(outdone);
        }
        self.labels.rows.set(into, &row);
        if self.parts.source(into).is_some() {
            return;
        }
        let (role, cost) = (self.labels.role_near(), self.parts.cost(into));
        for (at, (label, is_from)) in united.iter().enumerate() {
            let Label { order, value } = *label;
            if value.leave(cost, u64::MAX, self.labels.cost_max).is_none() {
                continue;
            }
            let is_of_class = |later: &&Label<V>| later.value.class() == value.class();
            let mut later = row[at + 1..].iter().take_while(is_of_class);
            let until = later.find(|later| later.value.dominates(&value));
            let until = until.map_or(u32::MAX, |label| label.order);
            let events = if *is_from { self.events.row(into, role) } else { absorbed.row(role) };
            self.mark_in(events, order, until, Mark::Enters(into, value));
        }
    }

    /// A walk now leaves a node at no cost, which can only be better, or at a cost, which can only be worse.
    fn turn(&mut self, node: u32) {
        if self.parts.source(node).is_some() {
            return;
        }
        let (role, cost) = (self.labels.role_near(), self.parts.cost(node));
        let mut row = self.labels.rows.row(node).to_vec();
        if cost > 0 {
            // What is better than these leads wherever they led only if it leaves at no cost, too.
            row.extend(self.outdone.get(&node).into_iter().flatten());
            if let Some(first) = row.iter().map(|label| label.order).min() {
                self.mark(node, first, u32::MAX, role, Mark::Turned(node));
                self.turned.insert(node, row);
            }
            return;
        }
        for (at, Label { order, value }) in row.iter().enumerate() {
            let is_of_class = |later: &&Label<V>| later.value.class() == value.class();
            let mut later = row[at + 1..].iter().take_while(is_of_class);
            let until = later.find(|later| later.value.dominates(value));
            let until = until.map_or(u32::MAX, |label| label.order);
            self.mark(node, *order, until, role, Mark::Enters(node, *value));
        }
    }

    fn drain(&mut self) {
        let mut marks = Vec::new();
        while let Some(order) = self.queue.pop(&mut marks) {
            let (mut whole, mut entered) = (0, 0);
            let Scratch { lost, fill, .. } = &mut self.scratch;
            lost.clear();
            fill.clear();
            for (_, mark) in &marks {
                match *mark {
                    Mark::Whole(classes) => whole |= classes,
                    Mark::Fill(node, classes) => fill.push((node, classes)),
                    Mark::Lost(value) => lost.push(value),
                    Mark::Turned(node) => lost_of_turned(&self.turned[&node], order, lost),
                    Mark::Enters(_, value) => entered |= bit(value.class()),
                }
            }
            // What enters may be what went since.
            let of_lost = lost.iter().fold(0, |classes, value| classes | bit(value.class()));
            whole |= of_lost & entered;
            lost.retain(|value| bit(value.class()) & whole == 0);
            if !lost.is_empty() {
                whole |= self.made_of_lost(order);
            }
            if whole != 0 {
                self.evaluate(self.labels.event(order), whole);
            }
            self.fill(order, whole);
            self.enter(order, whole, &marks);
        }
    }

    /// The classes of which an event made a label that may be of what went.
    fn made_of_lost(&self, order: u32) -> u32 {
        let event = self.labels.event(order);
        let (lost, cost_max) = (&self.scratch.lost, self.labels.cost_max);
        // Whether its node passed then is not remembered: either cost will do.
        let is_of = |label: &Label<V>| {
            lost.iter().any(|value| {
                value.class() == label.value.class()
                    && (V::BY_AMOUNT
                        || [0, 1]
                            .into_iter()
                            .any(|cost| value.leave(cost, u64::MAX, cost_max) == Some(label.value)))
            })
        };
        let row = |node: u32| {
            let own = self.labels.rows.row(node).iter().filter(|label| label.order == order);
            own.filter(|label| is_of(label)).fold(0, |made, label| made | bit(label.value.class()))
        };
        let forward = self.labels.direction() == Direction::Forward;
        if let (false, Some(giver)) = (forward, self.events.sole_giver(event)) {
            return row(giver);
        }
        let members = self.events.members(event, self.labels.role_far());
        members.fold(0, |made, (member, _)| made | row(self.events.node_of(member)))
    }

    /// Evaluates an event for single nodes of its far side, but for classes that have been evaluated whole.
    fn fill(&mut self, order: u32, done: u32) {
        if self.scratch.fill.is_empty() {
            return;
        }
        let mut fill = std::mem::take(&mut self.scratch.fill);
        fill.sort_unstable();
        for own in fill.chunk_by(|a, b| a.0 == b.0) {
            let classes = own.iter().fold(0, |classes, (_, more)| classes | more) & !done;
            if classes != 0 {
                self.evaluate_for(order, own[0].0, classes);
            }
        }
        self.scratch.fill = fill;
    }

    /// Takes the labels that entered an event to its far side, but for classes that have been evaluated whole.
    fn enter(&mut self, order: u32, done: u32, marks: &[(u32, Mark<V>)]) {
        let event = self.labels.event(order);
        let forward = self.labels.direction() == Direction::Forward;
        let giver = self.events.sole_giver(event);
        let mut is_read = false;
        for (_, mark) in marks {
            let Mark::Enters(near, value) = *mark else { continue };
            if done & bit(value.class()) != 0 {
                continue;
            }
            let cost = self.parts.cost(near);
            // Backward to one giver, which is by far the most frequent: no list of members is made.
            if let (false, Some(giver)) = (forward, giver) {
                let amount = self.amount(event, near);
                let left = value.leave(cost, amount, self.labels.cost_max);
                if let (Some(left), true) = (left, near != giver) {
                    self.offer(giver, order, left.arrive(u64::MAX));
                }
                continue;
            }
            if !is_read {
                let Scratch { near, far, .. } = &mut self.scratch;
                self.labels.sides(self.events, event, near, far);
                is_read = true;
            }
            let Ok(at) = self.scratch.near.binary_search_by_key(&near, |(node, _)| *node) else {
                continue;
            };
            let amount = self.scratch.near[at].1;
            let Some(left) = value.leave(cost, amount, self.labels.cost_max) else { continue };
            for at in 0..self.scratch.far.len() {
                let (far, amount) = self.scratch.far[at];
                if far != near {
                    self.offer(far, order, left.arrive(amount));
                }
            }
        }
    }

    /// What a node got in an event, if that matters.
    fn amount(&self, event: u32, getter: u32) -> u64 {
        if !V::BY_AMOUNT {
            return u64::MAX;
        }
        let members = self.events.members(event, Role::Getter);
        let own = members.filter(|(member, _)| self.events.node_of(*member) == getter);
        own.fold(0, |sum, (_, amount)| sum.saturating_add(amount))
    }

    /// Adds a value to a node unless an earlier or equal one is as good; later ones that are not better go. What it leads
    /// to is entered; what went led nowhere else.
    fn offer(&mut self, node: u32, order: u32, value: V) {
        let Self { labels, parts, scratch, .. } = self;
        let row = labels.rows.row(node);
        let class = value.class();
        let start = row.partition_point(|label| label.value.class() < class);
        let n_class = row[start..].partition_point(|label| label.value.class() == class);
        let of_class = &row[start..start + n_class];
        let n_until = of_class.partition_point(|label| label.order <= order);
        if of_class[..n_until].iter().any(|label| label.value.dominates(&value)) {
            return;
        }
        let seen = V::seen(of_class.iter().map(|label| label.value));
        let at = of_class.partition_point(|l| (l.order, l.value) < (order, value));
        let n_before = of_class.partition_point(|label| label.order < order);
        let stays = |label: &&Label<V>| !value.dominates(&label.value);
        let next = of_class[n_until..].iter().find(|label| label.value.dominates(&value));
        let until = next.map_or(u32::MAX, |label| label.order);
        let tail = &mut scratch.tail;
        tail.clear();
        tail.extend(of_class[n_before..at].iter().filter(stays));
        tail.push(Label { order, value });
        tail.extend(of_class[at..].iter().filter(stays));
        let now = of_class[..n_before].iter().chain(tail.iter()).map(|label| label.value);
        if V::seen(now) != seen {
            self.seen.push((node, class, seen));
        }
        tail.extend_from_slice(&row[start + n_class..]);
        labels.rows.set_tail(node, start + n_before, tail);
        let goes_on = value.leave(parts.cost(node), u64::MAX, labels.cost_max).is_some();
        if goes_on && parts.source(node).is_none() {
            self.mark(node, order, until, self.labels.role_near(), Mark::Enters(node, value));
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

    /// What [`Repair::evaluate`] does for one node of the far side.
    fn evaluate_for(&mut self, order: u32, node: u32, classes: u32) {
        let event = self.labels.event(order);
        let Scratch { near, far, .. } = &mut self.scratch;
        let skipped = self.labels.sides(self.events, event, near, far);
        let Ok(at) = far.binary_search_by_key(&node, |(far, _)| *far) else { return };
        let amount = far[at].1;
        let is_own_way = self.parts.source(node).is_some();
        let present = self.gather(order, classes, is_own_way.then_some(node));
        let arriving = if skipped == Some(node) { 0 } else { present };
        self.settle(node, amount, order, classes, arriving);
        self.empty(present);
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

    /// Puts the fresh values of a node and class in place of those it had of the event and drops later ones that they
    /// dominate. What is new enters further events; those that may lack what went are evaluated whole.
    fn replace(&mut self, node: u32, class: u8, order: u32) {
        let labels = &*self.labels;
        let row = labels.of_class(node, class);
        let start = row.partition_point(|label| label.order < order);
        let n_own = row[start..].partition_point(|label| label.order == order);
        let (own, later) = (&row[start..start + n_own], &row[start + n_own..]);
        // A value matters until a later label is as good.
        let until = |value: &V| {
            let next = later.iter().find(|label| label.value.dominates(value));
            next.map_or(u32::MAX, |label| label.order)
        };
        let is_source = self.parts.source(node).is_some();
        let cost = self.parts.cost(node);
        let goes_on =
            |value: &V| !is_source && value.leave(cost, u64::MAX, labels.cost_max).is_some();
        let fresh = std::mem::take(&mut self.scratch.fresh);
        // What a better value replaces leaves no gap: whatever it led to, that one leads to as well.
        let is_gone = |value: &V| !fresh.iter().any(|new| new.dominates(value));
        let own_values = || own.iter().map(|label| label.value);
        let until_in = own_values().filter(is_gone).map(|value| until(&value)).max();
        let until_in = until_in.unwrap_or(order);
        let gone = own_values().filter(is_gone).filter(goes_on);
        let gone: Vec<(V, u32)> = gone.map(|value| (value, until(&value))).collect();
        let is_new = |value: &&V| !own.iter().any(|label| label.value == **value);
        let new = fresh.iter().filter(is_new).filter(|value| goes_on(value));
        let new: Vec<(V, u32)> = new.map(|value| (*value, until(value))).collect();
        let seen = labels.seen(node, class);
        self.put(node, class, order, &fresh);
        self.scratch.fresh = fresh;
        if self.labels.seen(node, class) != seen {
            self.seen.push((node, class, seen));
        }
        let (near, far) = (self.labels.role_near(), self.labels.role_far());
        for (value, until) in new {
            self.mark(node, order, until, near, Mark::Enters(node, value));
        }
        for (value, until) in gone {
            self.mark(node, order, until, near, Mark::Lost(value));
        }
        self.mark(node, order, until_in, far, Mark::Fill(node, bit(class)));
    }

    /// Writes the fresh values of a node and class into its row.
    fn put(&mut self, node: u32, class: u8, order: u32, fresh: &[V]) {
        let Self { labels, scratch, .. } = self;
        let whole = labels.rows.row(node);
        let tail: &mut Vec<Label<V>> = &mut scratch.tail;
        tail.clear();
        let key = |label: &Label<V>| (label.value.class(), label.order);
        let before = whole.partition_point(|label| key(label) < (class, order));
        let after = whole.partition_point(|label| key(label) <= (class, order));
        tail.extend(fresh.iter().map(|value| Label { order, value: *value }));
        tail.extend(whole[after..].iter().filter(|label| {
            label.value.class() != class || !fresh.iter().any(|value| value.dominates(&label.value))
        }));
        if before == 0 && tail.is_empty() {
            labels.rows.set(node, &[]);
        } else {
            labels.rows.set_tail(node, before, tail);
        }
    }

    /// Marks the events of a node in a role, after `order` and up to `until`, those that are evaluated anyway left out.
    fn mark(&mut self, node: u32, order: u32, until: u32, role: Role, mark: Mark<V>) {
        self.mark_in(self.events.row(node, role), order, until, mark);
    }

    fn mark_in(&mut self, row: &[u32], order: u32, until: u32, mark: Mark<V>) {
        if until <= order {
            return;
        }
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
            self.queue.push(self.labels.order(event), mark);
        }
    }
}

/// Adds the values that a row had before an event.
fn lost_of_turned<V: Value>(row: &[Label<V>], order: u32, lost: &mut Vec<V>) {
    lost.extend(row.iter().filter(|label| label.order < order).map(|label| label.value));
}

/// The labels of two rows, none dominated by an earlier one of its class; with each, whether it is of the first alone.
fn unite<V: Value>(from: &[Label<V>], into: &[Label<V>]) -> Vec<(Label<V>, bool)> {
    let both = from.iter().map(|label| (*label, true));
    let mut both: Vec<(Label<V>, bool)> =
        both.chain(into.iter().map(|label| (*label, false))).collect();
    both.sort_unstable_by_key(|(label, is_from)| (label.value.class(), *label, *is_from));
    let mut united: Vec<(Label<V>, bool)> = Vec::with_capacity(both.len());
    for own in both.chunk_by(|a, b| a.0.value.class() == b.0.value.class()) {
        let start = united.len();
        for (label, is_from) in own {
            if united[start..].iter().any(|(earlier, _)| earlier.value.dominates(&label.value)) {
                continue;
            }
            // Of one event, a greater value may be the better one.
            let is_worse = |last: &&(Label<V>, bool)| {
                last.0.order == label.order && label.value.dominates(&last.0.value)
            };
            while united[start..].last().filter(is_worse).is_some() {
                united.pop();
            }
            united.push((*label, *is_from));
        }
    }
    united
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

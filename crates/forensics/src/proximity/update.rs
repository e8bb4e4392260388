//! Everything made current: new events, other clusters, other entities, clusters that pass or no longer do.

use graph::NONE;
use graph::events::{EventGraph, Role, Seeds};
use ledger::{ClusterId, Entity, Height};

use super::passing::cluster;
use super::{Nodes, ProximityState, Side};
use crate::owners::Owners;

/// More events than these are worth threads.
const ONE_THREAD_MAX: u32 = 50_000;

/// What changed, for each of the two sides: events below `first` to be looked at again.
struct Changes {
    first: u32,
    cleared: Vec<u32>,
    /// For both sides.
    events: Vec<u32>,
    /// For walks from entities, and to them: what clusters paid, or got, that play another part.
    of_side: [Vec<u32>; 2],
}

impl ProximityState {
    /// Makes everything that of the owners as they are, with the batches pushed since. Entities are taken by their place
    /// in `entities`; one with another number is another one, and what leads to it is made again. Returns the clusters
    /// whose rows or ways changed, ascending, those that are none any more included.
    pub fn update(&mut self, owners: &Owners<'_>, entities: &[Entity]) -> Vec<ClusterId> {
        let end = self.ledger.events.n_events();
        self.make_current(owners, entities, end)
    }

    /// Takes back all blocks from `first` on; `owners` and `entities` are those from then on. Returns the clusters whose
    /// rows or ways changed.
    pub fn unwind(
        &mut self,
        first: Height,
        owners: &Owners<'_>,
        entities: &[Entity],
    ) -> Vec<ClusterId> {
        let end = self.ledger.event_at(first);
        let changed = self.make_current(owners, entities, end);
        self.ledger.truncate();
        changed
    }

    fn make_current(
        &mut self,
        owners: &Owners<'_>,
        entities: &[Entity],
        end: u32,
    ) -> Vec<ClusterId> {
        let events = &mut self.ledger.events;
        let first = events.n_indexed().min(end);
        let regrouped = events.regroup(owners.labels);
        events.index();
        events.announce_end(end);
        let mut changes = Changes {
            first,
            cleared: regrouped.nodes,
            events: regrouped.events,
            of_side: [Vec::new(), Vec::new()],
        };
        self.take_entities(owners, entities, &mut changes);
        self.take_passing(&mut changes);
        let mut changed = self.repair(&changes);
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().map(cluster).collect()
    }

    /// Takes over who is an entity of what class.
    fn take_entities(&mut self, owners: &Owners<'_>, entities: &[Entity], changes: &mut Changes) {
        let class = |entity: &Entity| {
            let is_asked = self.options.categories.contains(&entity.category);
            if is_asked { entity.category.number() } else { u8::MAX }
        };
        let classes: Vec<u8> = entities.iter().map(class).collect();
        let before = &self.nodes;
        let n_entities = classes.len().max(before.classes.len());
        let at = |classes: &[u8], entity: usize| classes.get(entity).copied().unwrap_or(u8::MAX);
        let moved = |entity: &u32| {
            let entity = *entity as usize;
            entity < n_entities && at(&classes, entity) != at(&before.classes, entity)
        };
        let none_moved = !(0..).take(n_entities).any(|entity: u32| moved(&entity));
        let n_nodes = owners.entities.len().max(before.entities.len());
        const PIECE: usize = 4096;
        for start in (0..n_nodes).step_by(PIECE) {
            let end = (start + PIECE).min(n_nodes);
            let (old, new) = (before.entities.get(start..end), owners.entities.get(start..end));
            if none_moved && old.is_some() && old == new {
                continue;
            }
            for node in start..end {
                let old = before.entities.get(node).copied().unwrap_or(NONE);
                let new = owners.entities.get(node).copied().unwrap_or(NONE);
                if old != new || old != NONE && moved(&old) {
                    let node = u32::try_from(node).expect("clusters are named by addresses");
                    look_again(&self.ledger.events, node, changes);
                }
            }
        }
        self.nodes.classes = classes;
        self.nodes.entities.clear();
        self.nodes.entities.extend_from_slice(owners.entities);
    }

    /// Takes over who only passes on, for all whom the changes may concern.
    fn take_passing(&mut self, changes: &mut Changes) {
        changes.events.retain(|event| *event < changes.first);
        let n_nodes = self.ledger.events.n_members();
        self.nodes.passes.resize(n_nodes.max(self.nodes.passes.len()), false);
        for node in self.concerned(changes) {
            let passes = self.ledger.passing(node, &self.options.passing).is_some();
            if self.nodes.passes.len() <= node as usize {
                self.nodes.passes.resize(node as usize + 1, false);
            }
            if self.nodes.passes[node as usize] != passes {
                self.nodes.passes[node as usize] = passes;
                look_again(&self.ledger.events, node, changes);
            }
        }
    }

    /// Clusters of changed events, and who may have become the step of a peeling chain, or none, by what the next
    /// one did.
    fn concerned(&self, changes: &Changes) -> Vec<u32> {
        let events = &self.ledger.events;
        let mut nodes = changes.cleared.clone();
        let further = changes.first..events.n_events();
        for event in changes.events.iter().copied().chain(further) {
            for role in [Role::Giver, Role::Getter] {
                nodes.extend(events.members(event, role).map(|(member, _)| events.node_of(member)));
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        if changes.first == 0 {
            return nodes;
        }
        // A step's successor has one event of each kind; if it has got another one, or merged, it had those two before.
        let mut before = Vec::new();
        for &node in &nodes {
            let is_old = |e: &&u32| **e < changes.first && changes.events.binary_search(e).is_err();
            let old = events.row(node, Role::Getter).iter().filter(is_old).take(2);
            let old: Vec<u32> = old.copied().collect();
            if let [event] = old[..] {
                before.extend(events.sole_giver(event));
            }
        }
        nodes.extend(before);
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn repair(&mut self, changes: &Changes) -> Vec<u32> {
        let Self { ledger, nodes, sides, .. } = self;
        let seeds = [0, 1].map(|side| {
            let mut events = [&changes.events[..], &changes.of_side[side]].concat();
            events.sort_unstable();
            events.dedup();
            events
        });
        let n_events = (ledger.events.n_events() - changes.first) as usize + changes.events.len();
        let [received, sent] = sides;
        let run = |side: &mut Side, events: &[u32]| {
            let seeds = Seeds { cleared: &changes.cleared, events, first: changes.first };
            side.repair(&ledger.events, nodes, &seeds, n_events > ONE_THREAD_MAX as usize)
        };
        if n_events <= ONE_THREAD_MAX as usize {
            return [run(received, &seeds[0]), run(sent, &seeds[1])].concat();
        }
        std::thread::scope(|scope| {
            let other = scope.spawn(|| run(received, &seeds[0]));
            let own = run(sent, &seeds[1]);
            [other.join().expect("a repair does not panic"), own].concat()
        })
    }
}

impl Side {
    fn repair(
        &mut self,
        events: &EventGraph,
        nodes: &Nodes,
        seeds: &Seeds<'_>,
        threads: bool,
    ) -> Vec<u32> {
        let parts = nodes.parts();
        let Self { steps, widths } = self;
        if !threads {
            let of_steps = steps.repair(events, &parts, seeds);
            return [of_steps, widths.repair(events, &parts, seeds)].concat();
        }
        std::thread::scope(|scope| {
            let other = scope.spawn(|| steps.repair(events, &parts, seeds));
            let own = widths.repair(events, &parts, seeds);
            [other.join().expect("a repair does not panic"), own].concat()
        })
    }
}

/// A cluster that plays another part: walks from entities leave it by what it paid, walks to them by what it got.
fn look_again(events: &EventGraph, node: u32, changes: &mut Changes) {
    for (side, role) in [Role::Giver, Role::Getter].into_iter().enumerate() {
        let row = events.row(node, role);
        let below = row.partition_point(|event| *event < changes.first);
        changes.of_side[side].extend(&row[..below]);
    }
}

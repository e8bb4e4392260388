//! Everything made current: new events, other clusters, other entities, clusters that pass or no longer do.

use graph::NONE;
use graph::events::{Absorbed, EventGraph, Move, Role, Seeds, WalkLabels, Width};
use ledger::{AddressId, ClusterId, Entity, Height};

use super::passing::cluster;
use super::{Nodes, Pending, ProximityState, Side, Transactions};
use crate::owners::Owners;

/// More events than these are worth threads.
const ONE_THREAD_MAX: usize = 50_000;
/// More events than these are not left pending.
const PENDING_MAX: usize = 1 << 20;

/// What changed, for each of the two sides: events below `first` to be looked at again.
struct Changes {
    first: u32,
    moves: Vec<Move>,
    /// For both sides.
    events: Vec<u32>,
    /// For walks from entities, and to them: what clusters paid, or got, that play another part.
    of_side: [Vec<u32>; 2],
    /// Clusters that pass on and did not, or the other way round.
    turned: Vec<u32>,
}

impl ProximityState {
    /// Makes everything that of the owners as they are, with the batches pushed since. Entities are taken by their place
    /// in `entities`; one with another number is another one, and what leads to it is made again. Returns clusters,
    /// ascending: all whose hops, contracted hops or entity changed, and those that are none any more.
    pub fn update(&mut self, owners: &Owners<'_>, entities: &[Entity]) -> Vec<ClusterId> {
        let end = self.ledger.events.n_events();
        self.make_current(owners, entities, None, end)
    }

    /// As [`ProximityState::update`], which compares all owners with those before, for callers that know who changed: `changed` names
    /// at least all addresses of before with another label, or whose number names a cluster that another entity holds.
    pub fn update_changed(
        &mut self,
        owners: &Owners<'_>,
        entities: &[Entity],
        changed: &[AddressId],
    ) -> Vec<ClusterId> {
        let end = self.ledger.events.n_events();
        let changed: Vec<u32> = changed.iter().map(|address| address.get()).collect();
        self.make_current(owners, entities, Some(&changed), end)
    }

    /// Takes back all blocks from `first` on; `owners` and `entities` are those from then on. Returns what
    /// [`ProximityState::update`] does.
    pub fn unwind(
        &mut self,
        first: Height,
        owners: &Owners<'_>,
        entities: &[Entity],
    ) -> Vec<ClusterId> {
        let end = self.ledger.event_at(first);
        let changed = self.make_current(owners, entities, None, end);
        // What is pending names events that are about to go.
        self.refresh_widths();
        self.ledger.truncate();
        changed
    }

    fn make_current(
        &mut self,
        owners: &Owners<'_>,
        entities: &[Entity],
        of: Option<&[u32]>,
        end: u32,
    ) -> Vec<ClusterId> {
        let Self { ledger: Transactions { events, .. }, nodes, .. } = self;
        let first = events.n_indexed().min(end);
        // Labels of walks from or to a party are not those of walks through it.
        let is_nobody = |node: u32| {
            let of = |entities: &[u32]| entities.get(node as usize).is_none_or(|own| *own == NONE);
            of(&nodes.entities) && of(owners.entities)
        };
        let may_absorb = |from, into| is_nobody(from) && is_nobody(into);
        let regrouped = match of {
            Some(of) => events.regroup_changed(owners.labels, of, may_absorb),
            None => events.regroup(owners.labels, may_absorb),
        };
        events.index();
        events.announce_end(end);
        let mut changes = Changes {
            first,
            moves: regrouped.moves,
            events: regrouped.events,
            of_side: [Vec::new(), Vec::new()],
            turned: Vec::new(),
        };
        self.take_entities(owners, entities, of, &mut changes);
        self.take_passing(&mut changes);
        let mut changed = self.repair(&changes);
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().map(cluster).collect()
    }

    /// Takes over who is an entity of what class; `of` names all clusters of before with another entity, if that is known.
    fn take_entities(
        &mut self,
        owners: &Owners<'_>,
        entities: &[Entity],
        of: Option<&[u32]>,
        changes: &mut Changes,
    ) {
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
        let n_before = before.entities.len();
        let mut nodes: Vec<u32> = match of.filter(|_| none_moved) {
            Some(of) => of.iter().copied().filter(|node| (*node as usize) < n_before).collect(),
            None => differing(&before.entities, owners.entities, none_moved),
        };
        nodes.extend((n_before..owners.entities.len()).map(node_of));
        nodes.sort_unstable();
        nodes.dedup();
        let entity = |entities: &[u32], node: u32| entities.get(node as usize).copied();
        nodes.retain(|node| {
            let old = entity(&before.entities, *node).unwrap_or(NONE);
            let new = entity(owners.entities, *node).unwrap_or(NONE);
            old != new || old != NONE && moved(&old)
        });
        for &node in &nodes {
            look_again(&self.ledger.events, node, changes);
        }
        self.nodes.classes = classes;
        self.nodes.entities.resize(owners.entities.len(), NONE);
        for node in nodes {
            if let Some(own) = self.nodes.entities.get_mut(node as usize) {
                *own = owners.entities[node as usize];
            }
        }
    }

    /// Takes over who only passes on, for all whom the changes may concern.
    fn take_passing(&mut self, changes: &mut Changes) {
        changes.events.retain(|event| *event < changes.first);
        let n_nodes = self.ledger.events.n_members();
        self.nodes.passes.resize(n_nodes.max(self.nodes.passes.len()), false);
        let passed = |node: u32| self.nodes.passes.get(node as usize).copied().unwrap_or(false);
        let moves = std::mem::take(&mut changes.moves);
        let absorbed: Vec<(&Absorbed, bool)> =
            absorbed(&moves).map(|own| (own, passed(own.from))).collect();
        for node in self.concerned(&moves, changes) {
            let passes = self.ledger.passing(node, &self.options.passing).is_some();
            if self.nodes.passes.len() <= node as usize {
                self.nodes.passes.resize(node as usize + 1, false);
            }
            if self.nodes.passes[node as usize] != passes {
                self.nodes.passes[node as usize] = passes;
                changes.turned.push(node);
            }
        }
        for (own, passed) in absorbed {
            if self.nodes.passes[own.into as usize] != passed {
                let rows = [Role::Giver, Role::Getter].map(|role| own.row(role));
                look_at(rows, changes);
            }
        }
        changes.moves = moves;
    }

    /// Clusters of changed events, and who may have become the step of a peeling chain, or none, by what the next
    /// one did.
    fn concerned(&self, moves: &[Move], changes: &Changes) -> Vec<u32> {
        let events = &self.ledger.events;
        let mut nodes: Vec<u32> = moves.iter().map(Move::node).collect();
        nodes.extend(absorbed(moves).map(|own| own.into));
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
        let mut brought: Vec<(u32, u32)> = absorbed(moves)
            .flat_map(|own| own.row(Role::Getter).iter().map(|event| (own.into, *event)))
            .collect();
        brought.sort_unstable();
        let mut before = Vec::new();
        let mut sole = |row: &[u32], is_own: &dyn Fn(u32) -> bool| {
            let is_old =
                |event: u32| event < changes.first && changes.events.binary_search(&event).is_err();
            let old = row.iter().copied().filter(|event| is_old(*event) && is_own(*event)).take(2);
            if let [event] = old.collect::<Vec<u32>>()[..] {
                before.extend(events.sole_giver(event));
            }
        };
        for &node in &nodes {
            let is_own = |event: u32| brought.binary_search(&(node, event)).is_err();
            sole(events.row(node, Role::Getter), &is_own);
        }
        absorbed(moves).for_each(|own| sole(own.row(Role::Getter), &|_| true));
        nodes.extend(before);
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn repair(&mut self, changes: &Changes) -> Vec<u32> {
        let seeds = |side: usize| {
            let mut events = [&changes.events[..], &changes.of_side[side]].concat();
            events.sort_unstable();
            events.dedup();
            let (moves, turned) = (changes.moves.clone(), changes.turned.clone());
            Pending { first: Some(changes.first), moves, events, turned }
        };
        let seeds = [seeds(0), seeds(1)];
        let Self { ledger, nodes, sides, .. } = self;
        let n_events = (ledger.events.n_events() - changes.first) as usize + changes.events.len();
        let is_large = n_events > ONE_THREAD_MAX;
        for ((side, seeds), role) in sides.iter_mut().zip(&seeds).zip([Role::Giver, Role::Getter]) {
            side.pending.add(seeds, &ledger.events, role);
        }
        let events = &ledger.events;
        let run = |side: &mut Side, seeds: &Pending| side.repair(events, nodes, seeds, is_large);
        let [received, sent] = sides;
        if is_large {
            return std::thread::scope(|scope| {
                let other = scope.spawn(|| run(received, &seeds[0]));
                let own = run(sent, &seeds[1]);
                [other.join().expect("a repair does not panic"), own].concat()
            });
        }
        let changed = [run(received, &seeds[0]), run(sent, &seeds[1])].concat();
        if self.sides.iter().any(|side| side.pending.events.len() > PENDING_MAX) {
            self.refresh_widths();
        }
        changed
    }

    /// Makes bottlenecks those of all blocks so far: the first question for one after an update does so.
    pub fn refresh_widths(&mut self) {
        let Self { ledger, nodes, sides, .. } = self;
        sides.iter_mut().for_each(|side| side.refresh_widths(&ledger.events, nodes));
    }
}

impl Pending {
    /// Adds what one update changed. Who turned may be another by the time of the question: its events are kept.
    fn add(&mut self, seeds: &Self, events: &EventGraph, role: Role) {
        self.first = match (self.first, seeds.first) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        self.moves.extend_from_slice(&seeds.moves);
        self.events.extend(&seeds.events);
        for &node in &seeds.turned {
            self.events.extend(events.row(node, role));
        }
    }

    fn seeds(&self) -> Option<Seeds<'_>> {
        let Self { first, moves, events, turned } = self;
        first.map(|first| Seeds { moves, events, turned, first })
    }
}

impl Side {
    /// Steps, and widths too if threads are worth it.
    fn repair(
        &mut self,
        events: &EventGraph,
        nodes: &Nodes,
        seeds: &Pending,
        threads: bool,
    ) -> Vec<u32> {
        let parts = nodes.parts();
        let of_steps = seeds.seeds().expect("there is a first event to look at");
        if !threads {
            return self.steps.repair(events, &parts, &of_steps);
        }
        std::thread::scope(|scope| {
            let steps = &mut self.steps;
            let other = scope.spawn(|| steps.repair(events, &parts, &of_steps));
            refresh(&mut self.widths, &mut self.pending, events, nodes);
            other.join().expect("a repair does not panic")
        })
    }

    fn refresh_widths(&mut self, events: &EventGraph, nodes: &Nodes) {
        refresh(&mut self.widths, &mut self.pending, events, nodes);
    }
}

fn refresh(
    widths: &mut WalkLabels<Width>,
    pending: &mut Pending,
    events: &EventGraph,
    nodes: &Nodes,
) {
    if let Some(seeds) = pending.seeds() {
        widths.repair(events, &nodes.parts(), &seeds);
    }
    *pending = Pending::default();
}

/// Places of the first list in pieces that are not as in the other; all of them unless `skips`.
fn differing(old: &[u32], new: &[u32], skips: bool) -> Vec<u32> {
    const PIECE: usize = 4096;
    let mut places = Vec::new();
    for start in (0..old.len()).step_by(PIECE) {
        let end = (start + PIECE).min(old.len());
        if !skips || new.get(start..end) != Some(&old[start..end]) {
            places.extend((start..end).map(node_of));
        }
    }
    places
}

fn node_of(place: usize) -> u32 {
    u32::try_from(place).expect("clusters are named by addresses")
}

fn absorbed(moves: &[Move]) -> impl Iterator<Item = &Absorbed> {
    moves.iter().filter_map(|change| match change {
        Move::Absorbed(absorbed) => Some(absorbed),
        Move::Dissolved(_) => None,
    })
}

/// A cluster that plays another part: walks from entities leave it by what it paid, walks to them by what it got.
fn look_again(events: &EventGraph, node: u32, changes: &mut Changes) {
    look_at([Role::Giver, Role::Getter].map(|role| events.row(node, role)), changes);
}

fn look_at(rows: [&[u32]; 2], changes: &mut Changes) {
    for (row, side) in rows.into_iter().zip(&mut changes.of_side) {
        side.extend(&row[..row.partition_point(|event| *event < changes.first)]);
    }
}

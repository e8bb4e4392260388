//! Proximity by enumeration of all walks, and what only passes on by its definition; no code of the product but the
//! rule of collaborative transactions.

use std::collections::BTreeMap;

use forensics::collaborative::possible_protocols;
use ledger::{LedgerBatch, TransactionView};
use tracehound_forensics as forensics;

use crate::proximity_worlds::Holding;

const NONE: u32 = u32::MAX;

/// A transaction between clusters.
pub struct Event {
    pub time: i64,
    pub paid: BTreeMap<u32, u64>,
    pub got: BTreeMap<u32, u64>,
    pub unknown: bool,
    pub joint: bool,
}

impl Event {
    fn of(view: &TransactionView<'_>, label: &dyn Fn(u32) -> u32) -> Self {
        let (mut paid, mut got) = (BTreeMap::new(), BTreeMap::new());
        for spent in view.inputs.iter().filter_map(|input| input.spent) {
            *paid.entry(label(spent.address.unwrap().get())).or_insert(0) += spent.amount_sat;
        }
        for output in view.outputs.iter().filter(|output| output.address.is_some()) {
            *got.entry(label(output.address.unwrap().get())).or_insert(0) += output.amount_sat;
        }
        let unknown = view.inputs.iter().any(|input| input.spent.is_none());
        let joint = paid.len() > 1 || unknown && possible_protocols(view).any();
        Self { time: view.row.time.get(), paid, got, unknown, joint }
    }

    /// How much can have gone from one cluster to another; `None` if nothing did.
    fn width(&self, from: u32, to: u32) -> Option<u64> {
        let (paid, got) = (self.paid.get(&from)?, self.got.get(&to)?);
        (from != to).then_some(if self.joint { *paid.min(got) } else { *got })
    }
}

pub fn events(batch: &LedgerBatch, labels: &[u32]) -> Vec<Event> {
    let label = |address: u32| labels.get(address as usize).copied().unwrap_or(address);
    batch.views().map(|view| Event::of(&view, &label)).collect()
}

/// Whether a cluster only passes money on: 2 as a step of a peeling chain, 1 as pass-through, 0 not.
pub fn passing(events: &[Event], cluster: u32) -> u8 {
    let next = peel(events, cluster).and_then(|(_, paid, next)| Some((paid, peel(events, next?)?)));
    if next.is_some_and(|(paid, (got, ..))| got == paid) {
        return 2;
    }
    u8::from(passes_through(events, cluster))
}

fn passes_through(events: &[Event], cluster: u32) -> bool {
    // Every satoshi got, as the time it came.
    let mut kept: Vec<i64> = Vec::new();
    let (mut total, mut prompt) = (0u64, 0u64);
    for event in events {
        let out = event.paid.get(&cluster).copied().unwrap_or(0);
        let back = event.got.get(&cluster).copied().unwrap_or(0);
        if event.paid.contains_key(&cluster) && event.unknown {
            return false;
        }
        for _ in out..back {
            kept.push(event.time);
            total += 1;
        }
        for _ in back..out {
            if kept.is_empty() {
                return false;
            }
            prompt += u64::from(event.time - kept.remove(0) < 86_400);
        }
    }
    prompt > 0 && prompt * 100 >= total * 95
}

/// Where it got, where it paid, and who got the larger part.
fn peel(events: &[Event], cluster: u32) -> Option<(usize, usize, Option<u32>)> {
    let at = |side: &dyn Fn(&Event) -> Option<u64>| -> Vec<(usize, u64)> {
        let own = events.iter().enumerate();
        own.filter_map(|(at, event)| Some((at, side(event)?))).collect()
    };
    let paid = at(&|event| event.paid.get(&cluster).copied());
    let got = at(&|event| event.got.get(&cluster).copied());
    let ([(paid, out)], [(got, into)]) = (&paid[..], &got[..]) else { return None };
    let event = &events[*paid];
    let whole = got < paid && !event.unknown && !event.joint && event.got.len() == 2;
    if !whole || out > into || out * 100 < into * 95 {
        return None;
    }
    let most = *event.got.values().max().unwrap();
    let mut larger = event.got.iter().filter(|(_, amount)| **amount == most);
    let first = larger.next().map(|(cluster, _)| *cluster);
    Some((*got, *paid, first.filter(|_| larger.next().is_none())))
}

/// By cluster, side (1 received, 2 sent) and category: entity, hops, contracted hops, bottleneck.
pub type Rows = BTreeMap<(u32, u8, u8), (u32, u8, u8, u64)>;

/// Contracted hops, hops and entity of the nearest; fewest hops; bottleneck.
type Found = ((u32, u32, u32), u32, u64);

/// All walks of a ledger.
pub struct Walks<'a> {
    events: &'a [Event],
    holding: &'a Holding,
    passing: Vec<u8>,
    hops_max: u32,
    found: BTreeMap<(u32, u8, u8), Found>,
}

impl<'a> Walks<'a> {
    pub fn rows(events: &'a [Event], holding: &'a Holding, n_clusters: u32, hops_max: u8) -> Rows {
        let passing = (0..n_clusters).map(|cluster| passing(events, cluster)).collect();
        let hops_max = u32::from(hops_max);
        let mut walks = Walks { events, holding, passing, hops_max, found: BTreeMap::new() };
        for start in 0..n_clusters {
            walks.on(start, start, 0, 0, 0, u64::MAX);
        }
        let small = |hops: u32| u8::try_from(hops).unwrap();
        let row = |((cluster, side, category), (best, hops, width))| {
            let (contracted, _, entity): (u32, u32, u32) = best;
            ((cluster, side, category), (entity, small(hops), small(contracted), width))
        };
        walks.found.into_iter().map(row).collect()
    }

    fn entity(&self, cluster: u32) -> Option<(u32, u8)> {
        let entity = self.holding.entity_of.get(cluster as usize).copied();
        let entity = entity.filter(|entity| *entity != NONE)?;
        Some((entity, self.holding.entities[entity as usize].category.number()))
    }

    /// Every way on from `at`, reached from `start` by so many hops, before transaction number `first`.
    fn on(&mut self, start: u32, at: u32, first: usize, contracted: u32, hops: u32, width: u64) {
        let events = self.events;
        for (number, event) in events.iter().enumerate().skip(first) {
            for to in event.got.keys().copied() {
                let Some(own) = event.width(at, to) else { continue };
                // The first hop counts; a further one if it leaves a cluster that does.
                let counts = hops == 0 || self.passing[at as usize] == 0;
                let contracted = contracted + u32::from(counts);
                if contracted > self.hops_max {
                    continue;
                }
                let (hops, width) = (hops + 1, width.min(own));
                if let Some((entity, category)) = self.entity(start) {
                    self.found((to, 1, category), (contracted, hops, entity), width);
                }
                if let Some((entity, category)) = self.entity(to) {
                    self.found((start, 2, category), (contracted, hops, entity), width);
                    continue;
                }
                self.on(start, to, number + 1, contracted, hops, width);
            }
        }
    }

    fn found(&mut self, key: (u32, u8, u8), walk: (u32, u32, u32), width: u64) {
        let known = self.found.entry(key).or_insert((walk, walk.1, width));
        *known = (known.0.min(walk), known.1.min(walk.1), known.2.max(width));
    }
}

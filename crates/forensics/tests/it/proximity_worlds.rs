//! Random ledgers in which money is passed on, with owners that change.

use forensics::Owners;
use ledger::notation::{Notation, parse};
use ledger::{Category, Entity, EntityId, LedgerBatch, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

const NONE: u32 = u32::MAX;
const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// What one transaction does: who pays, with whom, to whom, how it is split, and how.
type Draw = (usize, usize, [usize; 3], u8, u8);

/// Blocks of transactions that spend what was got.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub batch: LedgerBatch,
    pub n_addresses: u32,
}

/// Who owns what at one moment: arbitrary groups, smallest address first, and entities of some.
#[derive(Clone, Debug)]
pub struct Holding {
    pub labels: Vec<u32>,
    pub entity_of: Vec<u32>,
    pub entities: Vec<Entity>,
}

impl Holding {
    pub fn owners(&self) -> Owners<'_> {
        Owners { labels: &self.labels, entities: &self.entity_of }
    }

    /// The same for the first addresses alone.
    pub fn cut(&self, n_addresses: u32) -> Self {
        let n = n_addresses as usize;
        Self {
            labels: self.labels[..n].to_vec(),
            entity_of: self.entity_of[..n].to_vec(),
            entities: self.entities.clone(),
        }
    }
}

/// Entities in order: categories by number.
pub fn entities(categories: &[u8]) -> Vec<Entity> {
    let entity = |(id, number): (u32, &u8)| Entity {
        id: EntityId::new(id),
        category: Category::from_number(*number).unwrap(),
        name: format!("entity {id}"),
        source: "pack test".to_owned(),
        source_version: "1".to_owned(),
        confidence: 100,
    };
    (0..).zip(categories).map(entity).collect()
}

/// Random groups of all addresses, and up to three entities of the categories 2, 3 and 13.
pub fn holding() -> impl Strategy<Value = Holding> {
    let group = vec(prop_oneof![2 => Just(NONE), 1 => 0u32..4], NAMES.len());
    let held = vec(prop_oneof![3 => Just(NONE), 1 => 0u32..3], NAMES.len());
    let categories = vec(prop_oneof![Just(2u8), Just(3), Just(13)], 3);
    (group, held, categories).prop_map(|(group, held, categories)| {
        let label = |at: usize| match group[at] {
            NONE => at,
            own => group.iter().position(|other| *other == own).unwrap(),
        };
        let labels: Vec<u32> =
            (0..group.len()).map(|at| u32::try_from(label(at)).unwrap()).collect();
        let is_label = |at: usize| labels[at] as usize == at;
        let entity_of = (0..held.len()).map(|at| if is_label(at) { held[at] } else { NONE });
        Holding { entity_of: entity_of.collect(), labels, entities: entities(&categories) }
    })
}

fn transaction() -> impl Strategy<Value = Draw> {
    let who = 0..NAMES.len();
    (who.clone(), who.clone(), [who.clone(), who.clone(), who], 0u8..4, 0u8..12)
}

/// Blocks of one or two transactions, an hour to two days apart.
pub fn ledger(n_blocks: usize) -> impl Strategy<Value = Ledger> {
    let gap = prop_oneof![3 => Just(1i64), 1 => Just(20), 1 => Just(24), 1 => Just(50)];
    vec((vec(transaction(), 1..3), gap), 1..n_blocks).prop_map(|blocks| {
        let mut held = [0u64; NAMES.len()];
        let text: Vec<String> = blocks.iter().map(|(draws, _)| block(draws, &mut held)).collect();
        let Notation { mut batch, names } = parse(&text.join("\n")).unwrap();
        let mut times = Vec::new();
        let mut hours = 0;
        for (_, gap) in &blocks {
            hours += gap;
            times.push(Timestamp::new(hours * 3600));
        }
        for row in &mut batch.transactions {
            row.time = times[row.height.get() as usize];
        }
        Ledger { batch, n_addresses: u32::try_from(names.len()).unwrap() }
    })
}

fn block(draws: &[Draw], held: &mut [u64; NAMES.len()]) -> String {
    let texts: Vec<String> = draws.iter().map(|draw| spend(draw, held)).collect();
    texts.join(" | ")
}

fn spend(&(payer, other, to, split, kind): &Draw, held: &mut [u64; NAMES.len()]) -> String {
    let mut inputs: Vec<(usize, u64)> = Vec::new();
    for who in if kind == 0 { vec![payer, other] } else { vec![payer] } {
        if held[who] > 0 && !inputs.iter().any(|(own, _)| *own == who) {
            inputs.push((who, held[who]));
            held[who] = 0;
        }
    }
    let mut amount: u64 = inputs.iter().map(|(_, amount)| *amount).sum();
    let unknown = if kind == 1 { "?:50 " } else { "" };
    if inputs.is_empty() || kind == 1 {
        amount += 100;
    }
    let parts = match split {
        0 => vec![amount],
        1 => vec![amount / 2, amount - amount / 2],
        2 => vec![amount / 10, amount - amount / 10],
        _ => vec![amount / 3; 3],
    };
    let side = |parts: &[(usize, u64)]| -> String {
        parts.iter().map(|(who, amount)| format!("{}:{amount} ", NAMES[*who])).collect()
    };
    let outputs: Vec<(usize, u64)> = to.into_iter().zip(parts).collect();
    for (who, amount) in &outputs {
        held[*who] += amount;
    }
    format!("{unknown}{}-> {}", side(&inputs), side(&outputs))
}

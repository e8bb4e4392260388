//! What must be exact: explanations of scores, and exposure against what the chain shows.
//!
//! Explanations: of 100,000 random clusters and of every cluster of the worlds, the terms of the score add up to it, in whole
//! thousandths of a point, and it is within 0 and 100. Exposure: of every cluster of the worlds, what it received by origin adds up to
//! the outputs that pay it in transactions of others, counted here from the rows of the ledger alone; and over each world, what was sent
//! adds up to the outputs to others and the fees.

use std::collections::BTreeMap;

use forensics::score::{ClusterFacts, ListedMember, Profile, Scored, points, score};
use ledger::{
    AddressId, Amount, Category, ClusterId, Entity, EntityId, Exposure, FlowSide, Height,
    PatternMatch, ProximityRow, Timestamp, TxIndex, Value,
};

use super::kernels::Answers;
use super::ranking::mixed;
use super::report::ExactReport;
use super::world::RiskWorld;

/// Random clusters of the goal.
const RANDOM_CLUSTERS: u64 = 100_000;
const N_ENTITIES: u32 = 40;

/// Random numbers by counting.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = mixed(self.0);
        self.0 % bound
    }
}

fn is_exact(found: &Scored) -> bool {
    let sum: i64 = found.terms.iter().map(|term| term.points).sum();
    sum == found.score.points
        && (0..=100_000).contains(&sum)
        && found.score.n_terms as usize == found.terms.len()
}

/// Explanations of random clusters.
pub(super) fn random_explanations() -> ExactReport {
    let entities: Vec<Entity> = (0..N_ENTITIES).map(entity).collect();
    let profile = Profile::default();
    let mut report = ExactReport {
        what: "terms add up to the score: random clusters, and all of the worlds".to_owned(),
        ..ExactReport::default()
    };
    for number in 0..RANDOM_CLUSTERS {
        let mut chance = Chance(mixed(number));
        let rows = Rows::draw(&mut chance);
        let facts = rows.facts(&entities);
        let found = score(&facts, &profile);
        report.count += 1;
        report.exact +=
            u64::from(is_exact(&found) && points(&facts, &profile) == found.score.points);
    }
    report
}

/// Adds the explanations of a world.
pub(super) fn add_explanations(report: &mut ExactReport, answers: &Answers) {
    report.count += answers.scores.len() as u64;
    report.exact += answers.scores.values().filter(|found| is_exact(found)).count() as u64;
}

/// A cluster by chance.
struct Rows {
    held_by: Option<EntityId>,
    listed: Vec<ListedMember>,
    exposures: Vec<Exposure>,
    proximities: Vec<ProximityRow>,
    patterns: Vec<PatternMatch>,
}

fn entity(number: u32) -> Entity {
    let n_categories = u32::try_from(Category::all().count()).expect("few");
    let category = u8::try_from(2 + number % (n_categories - 2)).expect("few");
    Entity {
        id: EntityId::new(number),
        category: Category::from_number(category).expect("below their count"),
        name: format!("entity {number}"),
        source: "pack random".to_owned(),
        source_version: "1".to_owned(),
        confidence: u8::try_from(mixed(u64::from(number)) % 101).expect("at most 100"),
    }
}

fn cluster() -> ClusterId {
    ClusterId::new(AddressId::new(7))
}

impl Rows {
    fn draw(chance: &mut Chance) -> Self {
        let some = |chance: &mut Chance, max: u64| chance.below(max + 1);
        let id = |chance: &mut Chance| {
            let number = chance.below(u64::from(N_ENTITIES));
            EntityId::new(u32::try_from(number).expect("few"))
        };
        let held_by = (chance.below(20) == 0).then(|| id(chance));
        let n_listed = if chance.below(20) == 0 { some(chance, 2) } else { 0 };
        let listed =
            (0..n_listed).map(|_| ListedMember { entity: id(chance), n_addresses: 1 }).collect();
        let n_exposures = some(chance, 8);
        let mut exposures: Vec<Exposure> = (0..n_exposures).map(|_| exposure(chance)).collect();
        exposures.sort_by_key(|row| (row.side, row.direct, row.mixed, row.category, row.entity));
        exposures.dedup_by_key(|row| (row.side, row.direct, row.mixed, row.category, row.entity));
        let n_near = some(chance, 4);
        let mut proximities: Vec<ProximityRow> = (0..n_near).map(|_| nearest(chance)).collect();
        proximities.sort_by_key(|row| (row.side, row.category));
        proximities.dedup_by_key(|row| (row.side, row.category));
        let n_patterns = some(chance, 4);
        let mut patterns: Vec<PatternMatch> = (0..n_patterns).map(|_| pattern(chance)).collect();
        patterns.sort_by_key(|row| row.pattern);
        Self { held_by, listed, exposures, proximities, patterns }
    }

    fn facts<'a>(&'a self, entities: &'a [Entity]) -> ClusterFacts<'a> {
        ClusterFacts {
            held_by: self.held_by,
            listed: &self.listed,
            exposures: &self.exposures,
            proximities: &self.proximities,
            patterns: &self.patterns,
            ..ClusterFacts::nothing(cluster(), entities)
        }
    }
}

fn side(chance: &mut Chance) -> FlowSide {
    if chance.below(2) == 0 { FlowSide::Received } else { FlowSide::Sent }
}

/// Amounts from a satoshi to all coins, each power of two as likely.
fn amount(chance: &mut Chance) -> u64 {
    let bits = chance.below(50);
    1 + chance.below(1 << bits)
}

fn exposure(chance: &mut Chance) -> Exposure {
    let number = u32::try_from(chance.below(u64::from(N_ENTITIES) + 10)).expect("few");
    let known = (number < N_ENTITIES).then(|| entity(number));
    let amount_sat = amount(chance);
    let unpriced = if chance.below(4) == 0 { chance.below(amount_sat + 1) } else { 0 };
    let price_micros = 1 + chance.below(100_000_000_000);
    Exposure {
        cluster: cluster(),
        side: side(chance),
        direct: chance.below(2) == 0,
        mixed: chance.below(4) == 0,
        category: known.as_ref().map_or(Category::UNTRACED, |one| one.category),
        entity: known.map_or(EntityId::NONE, |one| one.id),
        amount: Amount::from_sat(amount_sat),
        value: Value::of_satoshi(amount_sat - unpriced, price_micros),
        amount_unpriced: Amount::from_sat(unpriced),
        n_transfers: 1 + chance.below(1_000),
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(1),
    }
}

fn nearest(chance: &mut Chance) -> ProximityRow {
    let number = u32::try_from(chance.below(u64::from(N_ENTITIES))).expect("few");
    let near = entity(number);
    let hops = u8::try_from(1 + chance.below(8)).expect("few");
    let fewer = u8::try_from(chance.below(u64::from(hops))).expect("few");
    ProximityRow {
        cluster: cluster(),
        side: side(chance),
        category: near.category,
        entity: near.id,
        hops,
        hops_contracted: hops - fewer,
        bottleneck_sat: amount(chance),
        share: chance.below(1_001) as f64 / 1_000.0,
    }
}

fn pattern(chance: &mut Chance) -> PatternMatch {
    let amount_sat = amount(chance);
    PatternMatch {
        pattern: u8::try_from(1 + chance.below(13)).expect("few"),
        cluster: cluster(),
        height: Height::new(1),
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(1),
        amount: Amount::from_sat(amount_sat),
        value: (chance.below(3) > 0).then(|| Value::of_satoshi(amount_sat, 30_000_000_000)),
        n_transfers: 1 + chance.below(50),
        evidence: vec![TxIndex::new(1)],
        about: "random".to_owned(),
    }
}

/// Adds the exposure of a world.
pub(super) fn add_exposure(report: &mut ExactReport, world: &RiskWorld, answers: &Answers) {
    let (received, sent) = counted(world);
    let told = |rows: &[Exposure], side: FlowSide| -> u128 {
        rows.iter().filter(|row| row.side == side).map(|row| row.amount.units()).sum()
    };
    let mut told_sent = 0;
    for cluster in world.clusters() {
        let rows = answers.exposures.get(&cluster).map_or(&[][..], Vec::as_slice);
        let expected = received.get(&cluster).copied().unwrap_or_default();
        report.count += 1;
        report.exact += u64::from(told(rows, FlowSide::Received) == expected);
        told_sent += told(rows, FlowSide::Sent);
    }
    report.count += 1;
    report.exact += u64::from(told_sent == sent);
}

/// What each cluster received in transactions of others, and what all of them sent, fees too.
fn counted(world: &RiskWorld) -> (BTreeMap<ClusterId, u128>, u128) {
    let owners = world.owners();
    let (mut received, mut sent) = (BTreeMap::new(), 0_u128);
    for view in world.ledger.batch().views() {
        let spent = view.inputs.iter().filter_map(|input| input.spent);
        let payers: Vec<ClusterId> =
            spent.filter_map(|spent| Some(owners.cluster(spent.address?))).collect();
        for output in view.outputs {
            let to = output.address.map(|address| owners.cluster(address));
            let is_back = to.is_some_and(|to| payers.contains(&to));
            if let Some(to) = to.filter(|_| !is_back) {
                *received.entry(to).or_default() += u128::from(output.amount_sat);
            }
            if !payers.is_empty() && !is_back {
                sent += u128::from(output.amount_sat);
            }
        }
        sent += u128::from(view.fee_sat().unwrap_or_default());
    }
    (received, sent)
}

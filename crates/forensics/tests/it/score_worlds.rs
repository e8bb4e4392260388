//! Random facts of a cluster for the tests of scores, and facts rewritten by hand.

use forensics::score::{ClusterFacts, ListedMember, ModelScore, Without};
use ledger::{
    AddressId, Amount, Category, ClusterId, Entity, EntityId, Exposure, FlowSide, Height,
    PatternMatch, ProximityRow, Timestamp, Value,
};
use tracehound_forensics as forensics;

/// SplitMix64: small, and the same on any machine.
pub struct Draws(pub u64);

impl Draws {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    pub fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap()]
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Facts that own their rows.
#[derive(Clone, Debug, Default)]
pub struct Owned {
    pub held_by: Option<EntityId>,
    pub listed: Vec<ListedMember>,
    pub exposures: Vec<Exposure>,
    pub proximities: Vec<ProximityRow>,
    pub patterns: Vec<PatternMatch>,
    pub models: Vec<ModelScore<'static>>,
    pub entities: Vec<Entity>,
}

pub fn cluster() -> ClusterId {
    ClusterId::new(AddressId::new(7))
}

pub fn entity(id: u32, category: &str, confidence: u8) -> Entity {
    Entity {
        id: EntityId::new(id),
        category: Category::from_name(category).unwrap(),
        name: format!("E{id}"),
        source: "pack p".to_owned(),
        source_version: "v1".to_owned(),
        confidence,
    }
}

pub fn exposure(side: FlowSide, direct: bool, category: &str, id: u32, amount: u64) -> Exposure {
    Exposure {
        cluster: cluster(),
        side,
        direct,
        mixed: false,
        category: Category::from_name(category).unwrap(),
        entity: EntityId::new(id),
        amount: Amount::from_sat(amount),
        value: Value::from_micros(i128::from(amount) * 100),
        amount_unpriced: Amount::from_sat(0),
        n_transfers: 1,
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(0),
    }
}

pub fn matched(pattern: u8, value: Option<i128>) -> PatternMatch {
    PatternMatch {
        pattern,
        cluster: cluster(),
        height: Height::new(9),
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(0),
        amount: Amount::from_sat(5_000),
        value: value.map(Value::from_micros),
        n_transfers: 3,
        evidence: Vec::new(),
        about: "14 senders in 24 h (threshold 10)".to_owned(),
    }
}

pub fn near(side: FlowSide, category: &str, id: u32, hops: u8, bottleneck: u64) -> ProximityRow {
    ProximityRow {
        cluster: cluster(),
        side,
        category: Category::from_name(category).unwrap(),
        entity: EntityId::new(id),
        hops: hops + 1,
        hops_contracted: hops,
        bottleneck_sat: bottleneck,
        share: 0.0,
    }
}

impl Owned {
    pub fn facts(&self) -> ClusterFacts<'_> {
        ClusterFacts {
            cluster: cluster(),
            held_by: self.held_by,
            listed: &self.listed,
            exposures: &self.exposures,
            proximities: &self.proximities,
            patterns: &self.patterns,
            models: &self.models,
            entities: &self.entities,
        }
    }

    /// Rows of every kind; sometimes none of a kind, sometimes dust, sometimes without prices.
    pub fn random(draws: &mut Draws) -> Self {
        let n_entities = 1 + draws.below(6);
        let categories = ["sanctioned", "ransomware", "mixing", "exchange", "fraud", "other"];
        let entities: Vec<Entity> = (0..u32::try_from(n_entities).unwrap())
            .map(|id| entity(id, draws.one_of(&categories), draws.one_of(&[20, 49, 50, 100])))
            .collect();
        let mut owned = Self { entities, ..Self::default() };
        for side in FlowSide::BOTH {
            owned.random_exposures(side, draws);
        }
        for _ in 0..draws.below(4) {
            let party = owned.party(draws);
            let side = draws.one_of(&FlowSide::BOTH);
            let bottleneck = draws.one_of(&[1, 9_999, 10_000, 1 << 30]);
            let hops = u8::try_from(1 + draws.below(9)).unwrap();
            owned.proximities.push(near(side, party.0.name(), party.1.get(), hops, bottleneck));
        }
        for _ in 0..draws.below(4) {
            let value = draws.one_of(&[None, Some(9_999_999), Some(10_000_000)]);
            owned.patterns.push(matched(u8::try_from(draws.below(16)).unwrap(), value));
        }
        if draws.chance(5) {
            let entity = EntityId::new(u32::try_from(draws.below(n_entities)).unwrap());
            owned.listed.push(ListedMember { entity, n_addresses: 2 });
        }
        if draws.chance(10) {
            owned.held_by = Some(owned.party(draws).1).filter(|id| *id != EntityId::NONE);
        }
        owned
    }

    fn random_exposures(&mut self, side: FlowSide, draws: &mut Draws) {
        let price = draws.one_of(&[1, 100, 30_000]);
        for _ in 0..draws.below(7) {
            let (category, id) = self.party(draws);
            let size = draws.below(45);
            let amount = draws.below(1 << size);
            let mut row = exposure(side, draws.chance(40), category.name(), id.get(), amount);
            row.mixed = draws.chance(20);
            let unpriced = if draws.chance(20) { draws.below(amount + 1) } else { 0 };
            row.amount_unpriced = Amount::from_sat(unpriced);
            row.value = Value::from_micros(i128::from(amount - unpriced) * price);
            self.exposures.push(row);
        }
    }

    /// An entity, the others of a category together, or nobody known.
    fn party(&self, draws: &mut Draws) -> (Category, EntityId) {
        let known = draws.one_of(&self.entities.iter().collect::<Vec<_>>());
        match draws.below(4) {
            0 => (Category::UNTRACED, EntityId::NONE),
            1 => (known.category, EntityId::NONE),
            _ => (known.category, known.id),
        }
    }

    /// The same facts with some of them taken away by hand.
    pub fn rewritten(&self, without: Without) -> Self {
        let mut left = self.clone();
        let category_of = |id: EntityId| self.entities[id.get() as usize].category;
        let gone = |category: Category, entity: EntityId| match without {
            Without::Entity(id) => entity == id,
            Without::Category(one) => category == one,
            _ => false,
        };
        for row in left.exposures.iter_mut().filter(|row| gone(row.category, row.entity)) {
            (row.category, row.entity) = (Category::UNTRACED, EntityId::NONE);
        }
        left.proximities.retain(|row| !gone(row.category, row.entity));
        left.held_by = left.held_by.filter(|id| !gone(category_of(*id), *id));
        left.listed.retain(|listed| match without {
            Without::Listings => false,
            Without::Listing(id) => listed.entity != id,
            _ => !gone(category_of(listed.entity), listed.entity),
        });
        left.patterns.retain(|row| without != Without::Pattern(row.pattern));
        left
    }
}

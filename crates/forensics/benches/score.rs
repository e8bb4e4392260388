//! What scoring costs on one core: points alone, points with terms, counterfactuals, and one block's touched clusters.
//!
//! `cargo bench -p tracehound-forensics --bench score`; the fastest of five runs. Facts are random: of a cluster 12 rows
//! of exposure over 6 entities on each side, 6 of proximity, 3 of patterns.
#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints and draws random ids"
)]

#[path = "../../graph/benches/measure/mod.rs"]
mod measure;

use std::time::Instant;

use forensics::score::{ClusterFacts, Profile, counterfactuals, points, score};
use ledger::{
    AddressId, Amount, Category, ClusterId, Entity, EntityId, Exposure, FlowSide, Height,
    PatternMatch, ProximityRow, Timestamp, Value,
};
use tracehound_forensics as forensics;

use measure::Random;

const N_CLUSTERS: u32 = 100_000;
/// Clusters that one real block touches.
const N_TOUCHED: usize = 8_000;

struct Facts {
    cluster: ClusterId,
    exposures: Vec<Exposure>,
    proximities: Vec<ProximityRow>,
    patterns: Vec<PatternMatch>,
}

fn entities() -> Vec<Entity> {
    let categories = ["sanctioned", "ransomware", "mixing", "exchange", "fraud", "theft"];
    let entity = |(id, category): (u32, &&str)| Entity {
        id: EntityId::new(id),
        category: Category::from_name(category).unwrap(),
        name: format!("entity {id}"),
        source: "pack p".to_owned(),
        source_version: "v1".to_owned(),
        confidence: 80,
    };
    (0..).zip(&categories).map(entity).collect()
}

fn facts(id: u32, entities: &[Entity], draws: &mut Random) -> Facts {
    let cluster = ClusterId::new(AddressId::new(id));
    let time = Timestamp::new(0);
    let mut made = Facts { cluster, exposures: vec![], proximities: vec![], patterns: vec![] };
    for side in FlowSide::BOTH {
        for n in 0..12 {
            let known = entities.get(usize::try_from(draws.up_to(8)).unwrap());
            let amount = draws.up_to(1 << 30);
            made.exposures.push(Exposure {
                cluster,
                side,
                direct: n % 3 == 0,
                mixed: n % 5 == 0,
                category: known.map_or(Category::UNTRACED, |entity| entity.category),
                entity: known.map_or(EntityId::NONE, |entity| entity.id),
                amount: Amount::from_sat(amount),
                value: Value::of_satoshi(amount, 3_600_000_000),
                amount_unpriced: Amount::from_sat(0),
                n_transfers: 1,
                first_time: time,
                last_time: time,
            });
        }
        for entity in &entities[..3] {
            let hops = 1 + u8::try_from(draws.up_to(8)).unwrap();
            let (category, entity) = (entity.category, entity.id);
            let bottleneck_sat = draws.up_to(1 << 30);
            let (hops, hops_contracted, share) = (hops, hops, 0.0);
            made.proximities.push(ProximityRow {
                cluster,
                side,
                category,
                entity,
                hops,
                hops_contracted,
                bottleneck_sat,
                share,
            });
        }
    }
    for _ in 0..3 {
        made.patterns.push(PatternMatch {
            pattern: 1 + u8::try_from(draws.up_to(13)).unwrap(),
            cluster,
            height: Height::new(1),
            first_time: time,
            last_time: time,
            amount: Amount::from_sat(1 << 30),
            value: Some(Value::from_micros(400_000_000)),
            n_transfers: 14,
            evidence: Vec::new(),
            about: "14 senders in 24 h (threshold 10)".to_owned(),
        });
    }
    made
}

fn timed<T>(name: &str, n: usize, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut made = None;
    for _ in 0..5 {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let start = Instant::now();
        made = Some(work());
        best = best.min(start.elapsed().as_secs_f64());
    }
    let each = best * 1e6 / n as f64;
    println!("{name:<32} {n:>8} {:>9.1} ms {each:>8.2} us {:>10.0} /s", best * 1e3, 1e6 / each);
    made.unwrap()
}

fn main() {
    let (entities, profile, mut draws) = (entities(), Profile::default(), Random(1));
    let all: Vec<Facts> = (0..N_CLUSTERS).map(|id| facts(id, &entities, &mut draws)).collect();
    let view = |made: &Facts| -> i64 {
        let scored = score(&facts_of(made, &entities), &profile);
        assert_eq!(scored.terms.iter().map(|term| term.points).sum::<i64>(), scored.score.points);
        scored.score.points
    };
    println!("{:<32} {:>8} {:>12} {:>11} {:>13}", "", "clusters", "all", "each", "");
    let n = all.len();
    timed("points", n, || {
        all.iter().map(|made| points(&facts_of(made, &entities), &profile)).sum::<i64>()
    });
    timed("score with terms", n, || all.iter().map(view).sum::<i64>());
    let few = &all[..N_TOUCHED];
    timed("score with terms, one block", few.len(), || few.iter().map(view).sum::<i64>());
    timed("counterfactuals of 6 entities", few.len(), || {
        let count = |made: &Facts| counterfactuals(&facts_of(made, &entities), &profile).len();
        few.iter().map(count).sum::<usize>()
    });
}

fn facts_of<'a>(made: &'a Facts, entities: &'a [Entity]) -> ClusterFacts<'a> {
    ClusterFacts {
        exposures: &made.exposures,
        proximities: &made.proximities,
        patterns: &made.patterns,
        ..ClusterFacts::nothing(made.cluster, entities)
    }
}

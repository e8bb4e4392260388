//! What propagated risk costs on one core: a run from empty, the running state, and one block's update of it.
//!
//! `cargo bench -p tracehound-forensics --bench rank`; the fastest of three runs. The graph is random with a power law:
//! 200,000 clusters, 1 million edges, 60 entities of 10 categories, `error_max` as printed.
#![allow(
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    reason = "a bench prints and draws random ids"
)]

#[path = "../../graph/benches/measure/mod.rs"]
mod measure;

use std::time::Instant;

use forensics::Owners;
use forensics::rank::{RankOptions, RankState, ranks};
use ledger::{
    AddressId, Amount, Asset, Category, ClusterEdge, ClusterId, Entity, EntityId, Timestamp,
};
use tracehound_forensics as forensics;

use measure::Random;

const N_CLUSTERS: u64 = 200_000;
const N_EDGES: usize = 1_000_000;
const N_ENTITIES: u32 = 60;
/// Edges that one real block changes.
const N_CHANGED: usize = 8_000;

impl Random {
    /// Low numbers are far more frequent.
    fn cluster(&mut self) -> ClusterId {
        let bound = 1 + self.up_to(N_CLUSTERS);
        let bound = 1 + self.up_to(bound);
        ClusterId::new(AddressId::new(u32::try_from(self.up_to(bound)).unwrap()))
    }

    fn edge(&mut self) -> ClusterEdge {
        let (source, target) = (self.cluster(), self.cluster());
        let n_transactions = 1 + self.up_to(5);
        ClusterEdge {
            source,
            target,
            asset: Asset::btc(),
            amount: Amount::from_sat(1 + self.up_to(1 << 34)),
            n_transactions,
            n_mixing: self.up_to(2),
            value: ledger::Value::ZERO,
            amount_unpriced: Amount::ZERO,
            n_high_volatility: 0,
            n_amount_unknown: 0,
            first_time: Timestamp::new(0),
            last_time: Timestamp::new(0),
        }
    }
}

fn timed<T>(name: &str, mut work: impl FnMut() -> T) -> T {
    let mut best = f64::INFINITY;
    let mut made = None;
    for _ in 0..3 {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let start = Instant::now();
        made = Some(work());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{name:<44} {:>9.1} ms", best * 1e3);
    made.unwrap()
}

fn main() {
    let mut draws = Random(1);
    let entity = |id: u32| Entity {
        id: EntityId::new(id),
        category: Category::from_number(2 + u8::try_from(id % 10).unwrap()).unwrap(),
        name: format!("entity {id}"),
        source: "pack p".to_owned(),
        source_version: String::new(),
        confidence: 80,
    };
    let entities: Vec<Entity> = (0..N_ENTITIES).map(entity).collect();
    let mut held = vec![u32::MAX; usize::try_from(N_CLUSTERS).unwrap()];
    for id in 0..N_ENTITIES {
        held[usize::try_from(100 + draws.up_to(100_000)).unwrap()] = id;
    }
    let owners = Owners { labels: &[], entities: &held };
    let mut edges: Vec<ClusterEdge> = (0..N_EDGES).map(|_| draws.edge()).collect();
    edges.sort_by_key(|edge| (edge.source, edge.target));
    edges.dedup_by_key(|edge| (edge.source, edge.target));
    let mut changed: Vec<ClusterEdge> = (0..N_CHANGED).map(|_| draws.edge()).collect();
    changed.sort_by_key(|edge| (edge.source, edge.target));
    println!("{} edges, {} entities, 20 lanes and their contributors", edges.len(), entities.len());
    let options = RankOptions::default();
    let found =
        timed("from empty, error_max 1e-9", || ranks(&edges, owners, &entities, &options).unwrap());
    println!("  {} rows, error bound {:.1e}", found.rows.len(), found.error_bound);
    for error_max in [1e-2, 1e-3] {
        let options = RankOptions { error_max, ..options.clone() };
        let state = timed(&format!("state from empty, error_max {error_max}"), || {
            RankState::new(&edges, owners, &entities, &options).unwrap()
        });
        timed(&format!("copy of the state, error_max {error_max}"), || state.clone());
        timed(&format!("copy and update by {N_CHANGED} edges, {error_max}"), || {
            let mut state = state.clone();
            state.update(&changed, owners).unwrap();
        });
    }
}

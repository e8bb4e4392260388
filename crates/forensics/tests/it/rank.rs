//! Ranks against Gaussian elimination over the definition, on small random worlds; the running state after every block.

use forensics::Owners;
use forensics::rank::{RankError, RankOptions, RankState, ranks};
use graph::NONE;
use ledger::{
    AddressId, Amount, Asset, Category, ClusterEdge, ClusterId, Entity, EntityId, FlowSide,
    Timestamp,
};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::score_worlds::entity;

const N_CLUSTERS: u32 = 9;

fn cluster(id: u32) -> ClusterId {
    ClusterId::new(AddressId::new(id))
}

fn edge(source: u32, target: u32, amount: u64, n_mixing: u64) -> ClusterEdge {
    ClusterEdge {
        source: cluster(source),
        target: cluster(target),
        asset: Asset::btc(),
        amount: Amount::from_sat(amount),
        n_transactions: 2,
        n_mixing,
        n_amount_unknown: 0,
        first_time: Timestamp::new(0),
        last_time: Timestamp::new(0),
    }
}

#[derive(Clone, Debug)]
struct World {
    edges: Vec<ClusterEdge>,
    /// By cluster.
    held: Vec<u32>,
    entities: Vec<Entity>,
}

impl World {
    fn owners(&self) -> Owners<'_> {
        Owners { labels: &[], entities: &self.held }
    }
}

fn worlds() -> impl Strategy<Value = World> {
    let ends = (0..N_CLUSTERS, 0..N_CLUSTERS, 0u64..50, 0u64..3);
    let edges = prop::collection::vec(ends, 0..25);
    let held = prop::collection::vec(prop_oneof![3 => Just(NONE), 2 => 0u32..4], 9);
    let confidences = prop::collection::vec(prop_oneof![Just(0u8), Just(50), Just(100)], 4);
    (edges, held, confidences).prop_map(|(edges, held, confidences)| {
        let mut edges: Vec<ClusterEdge> = edges
            .into_iter()
            .filter(|edge| edge.0 != edge.1)
            .map(|(source, target, amount, mixing)| edge(source, target, amount, mixing))
            .collect();
        edges.sort_by_key(|edge| (edge.source, edge.target));
        edges.dedup_by_key(|edge| (edge.source, edge.target));
        let kinds = ["sanctioned", "sanctioned", "sanctioned", "exchange"];
        let entities = (0..).zip(kinds.iter().zip(&confidences));
        let entities = entities.map(|(id, (kind, confidence))| entity(id, kind, *confidence));
        World { edges, held, entities: entities.collect() }
    })
}

/// `y = s + d Q' y` by elimination, for walks that start at one entity; `(1 - d) y` by cluster.
fn exact(world: &World, side: FlowSide, seed: u32, d: f64) -> Vec<f64> {
    // Unknowns: clusters, then the start.
    let n = N_CLUSTERS as usize + 1;
    let mut weight = vec![vec![0.0; n]; n];
    for edge in &world.edges {
        let (from, to) = match side {
            FlowSide::Received => (edge.source, edge.target),
            FlowSide::Sent => (edge.target, edge.source),
        };
        let (from, to) = (from.index(), to.index());
        let amount = edge.amount.units() as f64 * (1.0 - 0.25 * edge.n_mixing as f64);
        match world.held[from] {
            NONE => weight[from][to] += amount,
            held if held == seed => weight[n - 1][to] += amount,
            // Another entity's payments: nothing of this walk leaves there.
            _ => {}
        }
    }
    // Rows of (I - d Q') y = s.
    let mut rows = vec![vec![0.0; n + 1]; n];
    for from in 0..n {
        let total: f64 = weight[from].iter().sum();
        for to in 0..n {
            rows[to][from] -= if total > 0.0 { d * weight[from][to] / total } else { 0.0 };
        }
        rows[from][from] += 1.0;
    }
    rows[n - 1][n] = 1.0;
    eliminate(&mut rows);
    (0..n - 1).map(|node| (1.0 - d) * rows[node][n]).collect()
}

fn eliminate(rows: &mut [Vec<f64>]) {
    let n = rows.len();
    for column in 0..n {
        let best = (column..n)
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .unwrap();
        rows.swap(column, best);
        let pivot = rows[column].clone();
        for (at, row) in rows.iter_mut().enumerate() {
            let factor = row[column] / pivot[column];
            if at == column {
                row.iter_mut().for_each(|one| *one /= pivot[column]);
            } else {
                row.iter_mut().zip(&pivot).for_each(|(one, pivot)| *one -= factor * pivot);
            }
        }
    }
}

/// By cluster: the score of the category, and of each seed.
fn expected(world: &World, side: FlowSide, d: f64) -> (Vec<f64>, Vec<(EntityId, Vec<f64>)>) {
    let sanctioned = Category::SANCTIONED;
    let own = || world.entities.iter().filter(|one| one.category == sanctioned);
    let total: f64 = own().map(|one| f64::from(one.confidence)).sum();
    let parts: Vec<(EntityId, Vec<f64>)> = own()
        .filter(|one| one.confidence > 0)
        .map(|one| {
            let chance = f64::from(one.confidence) / total;
            let scores = exact(world, side, one.id.get(), d);
            (one.id, scores.into_iter().map(|score| score * chance).collect())
        })
        .collect();
    let sum = |node: usize| parts.iter().map(|part| part.1[node]).sum();
    ((0..N_CLUSTERS as usize).map(sum).collect(), parts)
}

fn options(d: f64, entities_max: usize) -> RankOptions {
    RankOptions { damping_factor: d, error_max: 1e-11, entities_max, ..RankOptions::default() }
}

fn check_ranks(world: &World, d: f64, entities_max: usize) {
    let found = ranks(&world.edges, world.owners(), &world.entities, &options(d, entities_max));
    let found = found.unwrap();
    assert!(found.error_bound <= 1e-11, "{}", found.error_bound);
    for side in FlowSide::BOTH {
        let (scores, parts) = expected(world, side, d);
        let rows = || found.rows.iter().filter(|row| row.side == side);
        for (id, score) in (0..N_CLUSTERS).zip(&scores) {
            let row = rows().find(|row| row.cluster == cluster(id));
            assert!((row.map_or(0.0, |row| row.score) - score).abs() < 1e-9, "{world:?}");
        }
        for row in rows() {
            assert_eq!(row.category, Category::SANCTIONED);
            let sum: f64 = row.contributors.iter().map(|part| part.1).sum();
            assert!((sum - row.score).abs() <= 1e-12 * row.score.max(1e-3));
            for (entity, part) in row.contributors.iter().filter(|part| part.0 != EntityId::NONE) {
                let exact = parts.iter().find(|part| part.0 == *entity).unwrap();
                assert!((exact.1[row.cluster.index()] - part).abs() < 1e-9);
            }
        }
        let order: Vec<f64> = rows().map(|row| row.score).collect();
        assert!(order.windows(2).all(|pair| pair[0] >= pair[1]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn scores_and_contributions_are_exact(world in worlds(), d in 0.0..0.95f64, named in 0usize..4) {
        check_ranks(&world, d, named);
    }

    #[test]
    fn the_state_is_within_its_bound_after_every_block(
        world in worlds(),
        cuts in prop::collection::vec(0usize..25, 0..4),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(world.edges.len())).collect();
        cuts.sort_unstable();
        cuts.push(world.edges.len());
        // Edges grow: first half of each amount, then all of it, then the blocks are taken back.
        let half = |edge: &ClusterEdge| ClusterEdge {
            amount: Amount::from_units(edge.amount.units() / 2),
            ..edge.clone()
        };
        let mut now: Vec<ClusterEdge> = world.edges.iter().map(half).collect();
        let start = now.clone();
        let options = RankOptions { error_max: 1e-8, ..RankOptions::default() };
        let mut state =
            RankState::new(&now, world.owners(), &world.entities, &options).unwrap();
        let mut blocks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            blocks.push((from, world.edges[from..cut].to_vec()));
            from = cut;
        }
        let back: Vec<_> =
            blocks.iter().rev().map(|(at, rows)| (*at, start[*at..at + rows.len()].to_vec())).collect();
        for (at, rows) in blocks.into_iter().chain(back) {
            now[at..at + rows.len()].clone_from_slice(&rows);
            let updates = state.update(&rows, world.owners()).unwrap();
            for update in &updates {
                let (scores, _) =
                    expected(&World { edges: now.clone(), ..world.clone() }, update.side, 0.85);
                let Some((category, lane)) = update.lanes.first() else { continue };
                let off: f64 = (0..N_CLUSTERS)
                    .zip(&scores)
                    .map(|(id, score)| (state.score(update.side, *category, cluster(id)) - score).abs())
                    .sum();
                prop_assert!(off <= lane.error_bound + 1e-12, "{} > {}", off, lane.error_bound);
                prop_assert!(lane.error_bound <= 1e-8);
            }
        }
    }
}

#[test]
fn a_known_entity_lets_nothing_through() {
    // 0 is sanctioned and pays 1, who pays the exchange 2, which pays 3; 4 pays 0.
    let edges = [edge(0, 1, 10, 0), edge(1, 2, 10, 0), edge(2, 3, 10, 0), edge(4, 0, 5, 0)];
    let held = [0, NONE, 1, NONE, NONE];
    let entities = [entity(0, "sanctioned", 100), entity(1, "exchange", 100)];
    let owners = Owners { labels: &[], entities: &held };
    let found = ranks(&edges, owners, &entities, &RankOptions::default()).unwrap();
    let rows: Vec<(u32, FlowSide, f64)> = found
        .rows
        .iter()
        .map(|row| (row.cluster.get().get(), row.side, (row.score * 1e6).round() / 1e6))
        .collect();
    let (received, sent) = (FlowSide::Received, FlowSide::Sent);
    assert_eq!(rows, [(1, received, 0.1275), (2, received, 0.108375), (4, sent, 0.1275)]);
    assert_eq!(found.rows[0].contributors.len(), 1);
    let state = RankState::new(&edges, owners, &entities, &RankOptions::default()).unwrap();
    let top = state.top(received, Category::SANCTIONED, 10);
    assert_eq!(top.iter().map(|one| one.0.get().get()).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn what_cannot_be_ranked_is_refused() {
    let held = [0];
    let owners = Owners { labels: &[], entities: &held };
    let mut edges = vec![edge(0, 1, 10, 0), edge(1, 2, 10, 0)];
    let missing = ranks(&edges, owners, &[], &RankOptions::default());
    assert_eq!(missing, Err(RankError::Entity { number: 0, n_entities: 0 }));
    edges[1].asset = Asset::new("ETH");
    let entities = [entity(0, "sanctioned", 100)];
    let mixed = ranks(&edges, owners, &entities, &RankOptions::default());
    assert!(matches!(mixed, Err(RankError::Assets { .. })));
    let mut state =
        RankState::new(&edges[..1], owners, &entities, &RankOptions::default()).unwrap();
    let before = state.score(FlowSide::Received, Category::SANCTIONED, cluster(1));
    let held = [0, NONE, NONE, 9];
    let owners = Owners { labels: &[], entities: &held };
    assert!(state.update(&[edge(1, 2, 1, 0), edge(3, 2, 1, 0)], owners).is_err());
    assert_eq!(state.score(FlowSide::Received, Category::SANCTIONED, cluster(1)), before);
    assert!(state.update(&[edge(1, 2, 1, 0)], owners).is_ok());
    assert!(state.score(FlowSide::Received, Category::SANCTIONED, cluster(2)) > 0.0);
}

#[test]
fn nothing_has_no_ranks() {
    let owners = Owners { labels: &[], entities: &[] };
    let found = ranks(&[], owners, &[], &RankOptions::default()).unwrap();
    assert!(found.rows.is_empty() && found.error_bound == 0.0);
    let state = RankState::new(&[], owners, &[], &RankOptions::default()).unwrap();
    assert!(state.top(FlowSide::Sent, Category::SANCTIONED, 5).is_empty());
}

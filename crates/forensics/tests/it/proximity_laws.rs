use forensics::proximity::ProximityState;
use ledger::{AddressId, ClusterId, Height, LedgerBatch, ProximityRow};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::proximity::{at_once, cluster};
use crate::proximity_worlds::{Holding, entities, holding, ledger};
use crate::worlds::{blocks, n_addresses};

/// What is done next to a state of so many blocks.
#[derive(Clone, Debug)]
enum Step {
    /// Takes in that many blocks, one push each.
    Apply(u32),
    Unwind(u32),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u32..4).prop_map(Step::Apply),
        2 => (1u32..4).prop_map(Step::Unwind),
        2 => Just(Step::Nothing),
    ]
}

fn of_first(batch: &LedgerBatch, n_blocks: u32) -> (LedgerBatch, u32) {
    let part = blocks(batch, 0..n_blocks);
    let n_addresses = n_addresses(&part, u64::MAX);
    (part, n_addresses)
}

/// Rows and the ways behind them.
fn seen(state: &mut ProximityState, of: ClusterId) -> Vec<(ProximityRow, String)> {
    use forensics::proximity::Way::{Nearest, Widest};
    let rows = state.rows(of);
    let rows = rows.into_iter().map(|row| {
        let mut path = |way| state.path(of, row.side, row.category, way);
        (row, format!("{:?}", [path(Nearest), path(Widest)]))
    });
    rows.collect()
}

fn check(
    before: &ProximityState,
    after: &mut ProximityState,
    changed: &[ClusterId],
    fresh: &mut ProximityState,
    is_wide: bool,
) {
    assert!(changed.is_sorted());
    for id in 0..8 {
        let of = cluster(id);
        assert_eq!(after.nearest(of), fresh.nearest(of), "cluster {id}");
        if is_wide {
            assert_eq!(seen(after, of), seen(fresh, of), "cluster {id}");
        }
        if after.nearest(of) != before.nearest(of) {
            assert!(changed.contains(&of), "cluster {id} changed unsaid");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_step_equals_from_empty(
        ledger in ledger(12),
        steps in vec((step(), prop::option::of(holding()), any::<bool>()), 1..8),
        first in holding(),
        hops_max in 1u8..5,
    ) {
        let n_all = u32::try_from(ledger.batch.blocks.len()).unwrap();
        let (mut n_blocks, mut held): (u32, Holding) = (0, first);
        let mut state = at_once(&LedgerBatch::default(), &held.cut(0), hops_max);
        for (step, new, is_wide) in steps {
            held = new.unwrap_or(held);
            let before = state.clone();
            let (from, to) = match step {
                Step::Apply(n) => (n_blocks, (n_blocks + n).min(n_all)),
                Step::Unwind(n) => (n_blocks, n_blocks.saturating_sub(n)),
                Step::Nothing => (n_blocks, n_blocks),
            };
            let (part, n_addresses) = of_first(&ledger.batch, to);
            let own = held.cut(n_addresses);
            for block in from..to {
                state.push(&blocks(&ledger.batch, block..block + 1)).unwrap();
            }
            let changed = if to < from {
                state.unwind(Height::new(to), &own.owners(), &own.entities)
            } else {
                state.update(&own.owners(), &own.entities)
            };
            n_blocks = to;
            let mut fresh = at_once(&part, &own, hops_max);
            check(&before, &mut state, &changed, &mut fresh, is_wide);
        }
    }
}

/// Addresses of before with another label, or by whose number another entity holds a cluster.
fn others(before: &Holding, now: &Holding) -> Vec<AddressId> {
    let all = 0..before.labels.len();
    let others = all.filter(|at| {
        (before.labels[*at], before.entity_of[*at]) != (now.labels[*at], now.entity_of[*at])
    });
    others.map(|at| AddressId::new(u32::try_from(at).unwrap())).collect()
}

/// As in a store that follows a chain: clusters only grow, and who is known by one address is known by all of the cluster.
fn grown(known: &[u32; 8], joined: &[(usize, usize)]) -> Holding {
    let mut labels: Vec<u32> = (0..8).collect();
    for &(a, b) in joined {
        let (kept, gone) = (labels[a].min(labels[b]), labels[a].max(labels[b]));
        labels.iter_mut().filter(|label| **label == gone).for_each(|label| *label = kept);
    }
    let mut entity_of = vec![u32::MAX; 8];
    for (label, entity) in labels.iter().zip(known) {
        let own = &mut entity_of[*label as usize];
        *own = (*own).min(*entity);
    }
    Holding { labels, entity_of, entities: entities(&[2, 3, 13]) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn blocks_that_join_clusters_equal_from_empty(
        ledger in ledger(30),
        known in proptest::array::uniform8(prop_oneof![4 => Just(u32::MAX), 1 => 0u32..3]),
        joined in vec(prop::option::weighted(0.2, (0usize..8, 0usize..8)), 30),
        told in vec(any::<bool>(), 30),
        hops_max in 1u8..5,
    ) {
        let n_all = u32::try_from(ledger.batch.blocks.len()).unwrap();
        let mut last = grown(&known, &[]).cut(0);
        let mut state = at_once(&LedgerBatch::default(), &last, hops_max);
        for block in 0..n_all {
            let before = state.clone();
            let (part, n_addresses) = of_first(&ledger.batch, block + 1);
            let so_far: Vec<(usize, usize)> =
                joined[..=block as usize].iter().flatten().copied().collect();
            let own = grown(&known, &so_far).cut(n_addresses);
            state.push(&blocks(&ledger.batch, block..block + 1)).unwrap();
            let is_told = told[block as usize];
            let changed = if is_told {
                let others = others(&last, &own);
                state.update_changed(&own.owners(), &own.entities, &others)
            } else {
                state.update(&own.owners(), &own.entities)
            };
            let mut fresh = at_once(&part, &own, hops_max);
            check(&before, &mut state, &changed, &mut fresh, block % 4 == 3);
            last = own;
        }
    }
}

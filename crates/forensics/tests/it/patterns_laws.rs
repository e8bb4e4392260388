//! Patterns are a function of the transfers and of the owners as they are now: any cut into batches, blocks taken back,
//! clusters that merge or part and entities that come or go give what all made from empty gives. The rows of one cluster are
//! those that all rows have of it, and who got other ones is named.

use forensics::Transfer;
use forensics::patterns::{PatternOptions, PatternState};
use ledger::{AddressId, ClusterId, Height, PatternMatch};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::patterns_worlds::{
    N, Payment, World, entities, merged, options, payments, price, transfers,
};

fn singles() -> Vec<u32> {
    (0..N).collect()
}

/// The transfers of transactions that touch an address whose label changed.
fn touched(payments: &[Payment], from: &[u32], to: &[u32], labels: &[u32]) -> Vec<Transfer> {
    let moved = |address: u32| from[address as usize] != to[address as usize];
    let touches = |payment: &Payment| {
        moved(payment.payer) || payment.payees.iter().any(|(payee, _)| moved(*payee))
    };
    let mut rows = transfers(payments, labels);
    rows.retain(|row| touches(&payments[usize::try_from(row.tx.get()).unwrap()]));
    rows
}

/// The rows of now; `before` are those as of the last question who changed.
fn rows(state: &mut PatternState, before: &[PatternMatch]) -> Vec<PatternMatch> {
    let now = state.rows(&price);
    let changed = state.take_changed();
    assert!(changed.is_sorted());
    for id in 0..N {
        let cluster = ClusterId::new(AddressId::new(id));
        let of = |rows: &[PatternMatch]| -> Vec<PatternMatch> {
            rows.iter().filter(|row| row.cluster == cluster).cloned().collect()
        };
        assert_eq!(state.rows_of(cluster, &price), of(&now));
        assert!(of(&now) == of(before) || changed.contains(&cluster), "{cluster:?} changed unsaid");
    }
    now
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn any_cut_into_batches_gives_the_same(payments in payments(40), entities in entities(), cuts in vec(0usize..40, 0..4)) {
        let world = World::new(singles(), entities);
        let all = transfers(&payments, &world.labels);
        let mut state = PatternState::new(options()).unwrap();
        let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut as u64).chain([0, 40]).collect();
        cuts.sort_unstable();
        let mut last = Vec::new();
        for pair in cuts.windows(2) {
            let part: Vec<Transfer> =
                all.iter().copied().filter(|row| (pair[0]..pair[1]).contains(&row.tx.get())).collect();
            state.apply(&part, &world.parties()).unwrap();
            last = rows(&mut state, &last);
        }
        prop_assert_eq!(last, world.rows(&payments));
    }

    #[test]
    fn taking_blocks_back_undoes_them(payments in payments(40), entities in entities(), height in 0u32..20) {
        let world = World::new(singles(), entities);
        let all = transfers(&payments, &world.labels);
        let mut state = PatternState::new(options()).unwrap();
        state.apply(&all, &world.parties()).unwrap();
        let last = rows(&mut state, &[]);
        state.unwind(Height::new(height));
        let kept = payments.len().min(height as usize * 2);
        prop_assert_eq!(rows(&mut state, &last), world.rows(&payments[..kept]));
        let again: Vec<Transfer> = all.into_iter().filter(|row| row.height.get() >= height).collect();
        state.apply(&again, &world.parties()).unwrap();
        prop_assert_eq!(state.rows(&price), world.rows(&payments));
    }

    #[test]
    fn owners_are_as_they_are_now(
        payments in payments(36),
        pairs in [vec((0..N, 0..N), 0..3), vec((0..N, 0..N), 0..3)],
        entities in [entities(), entities()],
        few in any::<bool>(),
        at in 0usize..36,
        relabel_factor in prop_oneof![Just(0u32), Just(5), Just(1_000_000), Just(1_000_000)],
    ) {
        let [was, now] = entities;
        // Mostly little changes at once, so that much must stay right.
        let now = if few { was.iter().zip(&now).enumerate().map(|(i, (was, now))| if i == 3 { *now } else { *was }).collect() } else { now };
        let before = World::new(merged(&singles(), &pairs[0]), was);
        let after = World::new(if few { before.labels.clone() } else { merged(&singles(), &pairs[1]) }, now);
        let first = &payments[..at.min(payments.len())];
        let mut state = PatternState::new(PatternOptions { relabel_factor, ..options() }).unwrap();
        state.apply(&transfers(first, &before.labels), &before.parties()).unwrap();
        let last = rows(&mut state, &[]);
        let (from, to) = (&before.labels, &after.labels);
        let old = touched(first, from, to, from);
        let new = touched(first, from, to, to);
        let changed = (0..N).filter(|id| before.entities[*id as usize] != after.entities[*id as usize]);
        let changed: Vec<ClusterId> = changed.map(|id| ClusterId::new(AddressId::new(id))).collect();
        state.relabel(&old, &new, &changed, &after.parties()).unwrap();
        prop_assert_eq!(rows(&mut state, &last), after.rows(first));
        let rest: Vec<Transfer> = transfers(&payments, to).into_iter().filter(|row| row.tx.get() >= first.len() as u64).collect();
        state.apply(&rest, &after.parties()).unwrap();
        prop_assert_eq!(state.rows(&price), after.rows(&payments));
    }

    #[test]
    fn merges_alone_are_followed(
        payments in payments(36),
        pair in (0..N, 0..N),
        entities in entities(),
    ) {
        let before = World::new(singles(), entities.clone());
        let after = World::new(merged(&singles(), &[pair]), entities);
        let mut state = PatternState::new(options()).unwrap();
        state.apply(&transfers(&payments, &before.labels), &before.parties()).unwrap();
        let (from, to) = (&before.labels, &after.labels);
        let (old, new) = (touched(&payments, from, to, from), touched(&payments, from, to, to));
        state.relabel(&old, &new, &[], &after.parties()).unwrap();
        prop_assert_eq!(state.rows(&price), after.rows(&payments));
    }
}

//! Exposure kept up to date equals exposure made from empty, whatever the order of blocks, reorganizations and changes of
//! owners; and it adds up.

use std::collections::{BTreeMap, BTreeSet};

use forensics::exposure::{
    ExposureOptions, ExposureState, PreviousTransactions, SentUpdate, Touched,
};
use ledger::{ClusterId, Exposure, FlowSide, LedgerBatch};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::exposure_worlds::{Naive, Owned, from_empty, key, ledger, owned, price};
use crate::worlds::{blocks, cut, cuts};

/// Everything a block does, in the order in which the product does it.
fn step(
    state: &mut ExposureState,
    previous: &mut PreviousTransactions,
    part: &LedgerBatch,
    owned: &Owned,
) -> Vec<Touched> {
    let changed = state.changed_addresses(&owned.parties().owners);
    let first = state.reattribute(&changed, &owned.parties()).unwrap();
    assert!(state.changed_addresses(&owned.parties().owners).is_empty());
    let numbers = previous.apply(part);
    vec![first, state.apply(part, &numbers, &owned.parties(), &price).unwrap()]
}

fn by_cluster(rows: &[Exposure]) -> BTreeMap<ClusterId, Vec<Exposure>> {
    let mut all: BTreeMap<ClusterId, Vec<Exposure>> = BTreeMap::new();
    rows.iter().for_each(|row| all.entry(row.cluster).or_default().push(*row));
    all
}

/// Clusters that have other rows now.
fn differing(before: &[Exposure], after: &[Exposure]) -> BTreeSet<ClusterId> {
    let (before, after) = (by_cluster(before), by_cluster(after));
    let both = before.keys().chain(after.keys());
    both.filter(|cluster| before.get(cluster) != after.get(cluster)).copied().collect()
}

fn check_touched(before: &[Exposure], after: &[Exposure], touched: &[Touched]) {
    let said: BTreeSet<ClusterId> = touched.iter().flat_map(|t| t.clusters.clone()).collect();
    let missed: Vec<_> = differing(before, after).difference(&said).copied().collect();
    assert!(missed.is_empty(), "not said to be touched: {missed:?}");
}

/// What each cluster received and sent, net of change, by plain sums.
fn totals(batch: &LedgerBatch, owned: &Owned) -> BTreeMap<(u32, FlowSide), u64> {
    let mut totals = BTreeMap::new();
    for view in batch.views() {
        let label = |address: ledger::AddressId| owned.labels[address.index()];
        let payers: BTreeSet<u32> =
            view.inputs.iter().filter_map(|i| Some(label(i.spent?.address?))).collect();
        for output in view.outputs {
            let Some(payee) = output.address.map(label) else { continue };
            if !payers.contains(&payee) && output.amount_sat > 0 {
                *totals.entry((payee, FlowSide::Received)).or_default() += output.amount_sat;
            }
        }
        let all_known = view.inputs.iter().all(|i| i.spent.is_some_and(|s| s.address.is_some()));
        let [payer] = payers.iter().copied().collect::<Vec<_>>()[..] else {
            payers.iter().for_each(|payer| _ = totals.insert((*payer, FlowSide::Sent), u64::MAX));
            continue;
        };
        let sum = totals.entry((payer, FlowSide::Sent)).or_default();
        let own = view.outputs.iter().filter(|o| o.address.map(label) == Some(payer));
        let change: u64 = own.map(|output| output.amount_sat).sum();
        let paid: u64 = view.inputs.iter().filter_map(|i| Some(i.spent?.amount_sat)).sum();
        // Only where one is known to pay for all can it be said in one line.
        let net = all_known.then(|| paid.checked_sub(change)).flatten();
        *sum = net.and_then(|net| sum.checked_add(net)).unwrap_or(u64::MAX);
    }
    totals
}

fn check_totals(rows: &[Exposure], batch: &LedgerBatch, owned: &Owned) {
    let mut sums: BTreeMap<(u32, FlowSide), u64> = BTreeMap::new();
    for row in rows {
        let sum = sums.entry((row.cluster.get().get(), row.side)).or_default();
        *sum += row.amount.to_sat().unwrap();
        assert!(row.amount_unpriced <= row.amount && row.n_transfers > 0);
        assert!(row.first_time <= row.last_time);
    }
    for (key, total) in totals(batch, owned) {
        if total != u64::MAX {
            assert_eq!(sums.get(&key).copied().unwrap_or(0), total, "{key:?}");
        }
    }
}

/// Every cluster's sent side, asked for on its own, is that of a pass over all.
fn check_sent(state: &mut ExposureState, whole: &[ledger::Exposure]) {
    for (cluster, mut rows) in by_cluster(whole) {
        rows.retain(|row| row.side == FlowSide::Sent);
        assert_eq!(state.sent_exposures_of(cluster, 1_000).unwrap(), rows);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_cut_any_owners_any_way_back(
        batch in ledger(1_000),
        cuts in cuts(),
        owners in vec(owned(), 6),
        parts_max in prop_oneof![Just(32u16), Just(1)],
    ) {
        let parts = cut(&batch, &cuts);
        let sent = SentUpdate::EveryBlock;
        let mut state = ExposureState::new(ExposureOptions { parts_max, sent });
        let mut previous = PreviousTransactions::default();
        let mut history = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let before = state.exposures();
            let touched = step(&mut state, &mut previous, part, &owners[at]);
            let end = parts[..=at].iter().map(|part| part.blocks.len()).sum::<usize>();
            let so_far = blocks(&batch, 0..u32::try_from(end).unwrap());
            let whole = from_empty(&so_far, &owners[at], parts_max).exposures();
            prop_assert_eq!(&state.exposures(), &whole);
            check_touched(&before, &whole, &touched);
            check_totals(&whole, &so_far, &owners[at]);
            for (cluster, rows) in by_cluster(&whole) {
                prop_assert_eq!(state.exposures_of(cluster), rows);
            }
            history.push(so_far);
        }
        for (at, so_far) in history.iter().enumerate().rev().skip(1) {
            let Some(first) = parts[at + 1].blocks.first() else { continue };
            let before = state.exposures();
            let mut touched = vec![state.unwind(first.height)];
            previous.unwind(first.height);
            let changed = state.changed_addresses(&owners[at].parties().owners);
            touched.push(state.reattribute(&changed, &owners[at].parties()).unwrap());
            let whole = from_empty(so_far, &owners[at], parts_max).exposures();
            prop_assert_eq!(&state.exposures(), &whole);
            check_touched(&before, &whole, &touched);
        }
        let last = owners.last().unwrap();
        let all = step(&mut state, &mut previous, &blocks(&batch, u32::try_from(history[0].blocks.len()).unwrap()..99), last);
        prop_assert_eq!(all.len(), 2);
        prop_assert_eq!(state.exposures(), from_empty(&batch, last, parts_max).exposures());
    }

    #[test]
    fn one_pass_back_equals_every_block(
        batch in ledger(1_000),
        cuts in cuts(),
        owners in vec(owned(), 6),
    ) {
        let mut state = ExposureState::default();
        let mut previous = PreviousTransactions::default();
        let parts = cut(&batch, &cuts);
        let last = &owners[parts.len() - 1];
        let up_to = |n_parts: usize| {
            let n_blocks = parts[..n_parts].iter().map(|part| part.blocks.len()).sum::<usize>();
            blocks(&batch, 0..u32::try_from(n_blocks).unwrap())
        };
        for (at, (part, owned)) in parts.iter().zip(&owners).enumerate() {
            step(&mut state, &mut previous, part, owned);
            check_sent(&mut state, &from_empty(&up_to(at + 1), owned, 32).exposures());
        }
        if let (true, Some(first)) = (parts.len() > 1, parts[parts.len() - 1].blocks.first()) {
            state.unwind(first.height);
            previous.unwind(first.height);
            let changed = state.changed_addresses(&last.parties().owners);
            state.reattribute(&changed, &last.parties()).unwrap();
            check_sent(&mut state, &from_empty(&up_to(parts.len() - 1), last, 32).exposures());
            step(&mut state, &mut previous, &parts[parts.len() - 1], last);
        }
        state.refresh_sent();
        prop_assert!(state.is_sent_current());
        prop_assert_eq!(state.exposures(), from_empty(&batch, last, 32).exposures());
    }

    #[test]
    fn amounts_are_those_of_a_plain_recursion(batch in ledger(1 << 30), owned in owned()) {
        let state = from_empty(&batch, &owned, 32);
        let naive = Naive::new(&batch, &owned);
        let rows = state.exposures();
        let allowed = 60.0 * batch.transactions.len() as f64;
        let mut seen = BTreeSet::new();
        for row in &rows {
            let expected = naive.rows.get(&key(row)).copied().unwrap_or(0.0);
            let found = row.amount.units() as f64;
            prop_assert!((found - expected).abs() < allowed, "{row:?}: {expected}");
            seen.insert(key(row));
        }
        for (key, amount) in &naive.rows {
            prop_assert!(seen.contains(key) || *amount < allowed, "{key:?}: {amount} is missing");
        }
        check_totals(&rows, &batch, &owned);
    }

    #[test]
    fn what_a_transaction_adds_is_its_part_of_the_rows(batch in ledger(1_000), owned in owned()) {
        let state = from_empty(&batch, &owned, 32);
        let mut sums: BTreeMap<_, (u128, u128, i128, u64, i64, i64)> = BTreeMap::new();
        for view in batch.views() {
            for row in state.exposures_of_transaction(view.row.index) {
                prop_assert_eq!(row.first_time, view.row.time);
                let time = row.first_time.get();
                let sum = sums.entry(key(&row)).or_insert((0, 0, 0, 0, time, time));
                sum.0 += row.amount.units();
                sum.1 += row.amount_unpriced.units();
                sum.2 += row.value.micros();
                sum.3 += row.n_transfers;
                (sum.4, sum.5) = (sum.4.min(time), sum.5.max(time));
                let amount_sat = row.amount.to_sat().unwrap();
                let value = price(view.row.time).map(|price| ledger::Value::of_satoshi(amount_sat, price));
                prop_assert_eq!(value.unwrap_or_default(), row.value);
            }
        }
        let rows = state.exposures();
        let found = rows.iter().map(|row| (key(row), (
            row.amount.units(), row.amount_unpriced.units(), row.value.micros(), row.n_transfers,
            row.first_time.get(), row.last_time.get(),
        )));
        prop_assert_eq!(sums, found.collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn every_output_is_the_sum_of_its_parts(batch in ledger(100), owned in owned(), parts_max in 1..4u16) {
        let state = from_empty(&batch, &owned, parts_max);
        for output in &batch.outputs {
            for side in FlowSide::BOTH {
                let parts = state.parts(output.tx, output.position, side).unwrap();
                prop_assert_eq!(parts.iter().map(|part| part.amount_sat).sum::<u64>(), output.amount_sat);
                let single = parts.iter().filter(|part| part.origin.entity().known().is_some());
                prop_assert!(single.count() <= usize::from(parts_max));
            }
        }
    }
}

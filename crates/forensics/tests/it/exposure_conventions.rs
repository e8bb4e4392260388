//! Conventions side by side for one cluster, against a ledger in which every satoshi is an item.

use std::collections::BTreeMap;

use forensics::collaborative::possible_protocols;
use forensics::exposure::{CONVENTIONS, ExposureError};
use ledger::{AddressId, ClusterId, FlowSide, LedgerBatch, TxId};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::exposure_worlds::{CATEGORIES, Key, N_ADDRESSES, Owned, from_empty, key, ledger, owned};

/// Category, entity, mixed, direct: of one satoshi.
type Item = (u8, u32, bool, bool);

/// What every cluster received, satoshi by satoshi, from the front or from the back.
fn one_by_one(batch: &LedgerBatch, owned: &Owned, from_the_end: bool) -> BTreeMap<Key, u64> {
    let label = |address: AddressId| owned.labels[address.index()];
    let held = |address: Option<AddressId>| {
        let entity = owned.entities[label(address?) as usize];
        (entity != graph::NONE).then(|| (CATEGORIES[entity as usize].number(), entity, false, true))
    };
    let mut coins: BTreeMap<(TxId, u32), Vec<Item>> = BTreeMap::new();
    let mut rows = BTreeMap::new();
    for view in batch.views() {
        let mut items: Vec<Item> = Vec::new();
        for input in view.inputs {
            let Some(spent) = input.spent else { continue };
            let point = (input.previous.tx_id, input.previous.output);
            let n = usize::try_from(spent.amount_sat).unwrap();
            match (held(spent.address), coins.get(&point)) {
                (Some(entity), _) => items.extend(vec![entity; n]),
                (None, Some(own)) => items.extend(own.iter().map(|i| (i.0, i.1, i.2, false))),
                (None, None) => items.extend(vec![(0, graph::NONE, false, false); n]),
            }
        }
        let made: u64 = view.outputs.iter().map(|output| output.amount_sat).sum();
        let new = (u8::from(view.row.coinbase), graph::NONE, false, view.row.coinbase);
        let lack = usize::try_from(made).unwrap().saturating_sub(items.len());
        items.extend(vec![new; lack]);
        let is_mixed = possible_protocols(&view).any();
        items.iter_mut().for_each(|item| item.2 |= is_mixed);
        if from_the_end {
            items.reverse();
        }
        let mut items = items.into_iter();
        let mut payers = view.inputs.iter().filter_map(|i| Some(label(i.spent?.address?)));
        for output in view.outputs {
            let n = usize::try_from(output.amount_sat).unwrap();
            let own: Vec<Item> = items.by_ref().take(n).collect();
            if let Some(payee) = output.address.map(label)
                && !payers.clone().any(|payer| payer == payee)
            {
                for (category, entity, mixed, direct) in &own {
                    let key = (payee, FlowSide::Received, *direct, *mixed, *category, *entity);
                    *rows.entry(key).or_default() += 1;
                }
            }
            coins.insert((view.row.id, output.position), own);
        }
        assert!(payers.by_ref().count() <= view.inputs.len());
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn comparisons_agree_with_the_state_and_with_single_satoshi(batch in ledger(9), owned in owned()) {
        let state = from_empty(&batch, &owned, 32);
        let mut found: BTreeMap<&str, BTreeMap<Key, u64>> = BTreeMap::new();
        for label in 0..N_ADDRESSES {
            let cluster = ClusterId::new(AddressId::new(label));
            let mut own = state.exposures_of(cluster);
            own.retain(|row| row.side == FlowSide::Received);
            let total: u128 = own.iter().map(|row| row.amount.units()).sum();
            let compared = state.compare(cluster, 1_000).unwrap();
            prop_assert!(compared.is_empty() || compared.len() == CONVENTIONS.len());
            for one in compared {
                if one.convention == "haircut" {
                    prop_assert_eq!(&one.rows, &own);
                }
                if one.conserves {
                    let sum: u128 = one.rows.iter().map(|row| row.amount.units()).sum();
                    prop_assert_eq!(sum, total, "{}", one.convention);
                }
                let rows = one.rows.iter().map(|row| (key(row), row.amount.to_sat().unwrap()));
                found.entry(one.convention).or_default().extend(rows);
            }
        }
        for (name, from_the_end) in [("fifo", false), ("lifo", true)] {
            let expected = one_by_one(&batch, &owned, from_the_end);
            prop_assert_eq!(found.remove(name).unwrap_or_default(), expected, "{}", name);
        }
    }
}

#[test]
fn too_many_ancestors_are_refused() {
    let batch = crate::exposure::chain();
    let owned = crate::exposure::nobody(4);
    let state = from_empty(&batch, &owned, 32);
    let last = ClusterId::new(AddressId::new(3));
    assert_eq!(state.compare(last, 2), Err(ExposureError::TooManyAncestors { n_max: 2 }));
    assert_eq!(state.compare(last, 4).unwrap().len(), CONVENTIONS.len());
}

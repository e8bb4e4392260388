//! Laws of random chains.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{DecodedBlock, OutPoint, TxIndex};
use proptest::prelude::*;
use tracehound_simulate::random::{RandomChain, Shape, number, random_blocks, random_ledger};

/// What outputs exist after these blocks; panics where an input spends what is spent.
fn replay(blocks: &[DecodedBlock]) -> BTreeMap<OutPoint, u64> {
    let mut unspent = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for block in blocks {
        let (mut inputs, mut outputs) = (block.inputs.iter(), block.outputs.iter());
        for (position, row) in block.transactions.iter().enumerate() {
            assert!(ids.insert(row.id));
            assert_eq!(row.coinbase, position == 0);
            for input in inputs.by_ref().take(row.n_inputs as usize) {
                let held = unspent.remove(&input.previous);
                assert!(held.is_some() || !ids.contains(&input.previous.tx_id), "spent twice");
                assert_eq!(input.spent.is_some(), block.has_spent_outputs);
                if let (Some(held), Some(told)) = (held, input.spent) {
                    assert_eq!(told.amount_sat, held);
                }
            }
            for (place, output) in (0..).zip(outputs.by_ref().take(row.n_outputs as usize)) {
                let point = OutPoint { tx_id: row.id, output: place };
                if output.address.is_some() {
                    unspent.insert(point, output.amount_sat);
                }
            }
        }
        assert!(inputs.next().is_none() && outputs.next().is_none());
    }
    unspent
}

fn shape() -> impl Strategy<Value = Shape> {
    (2..9_u32, 1..20_u32, 0..12_u32, 0..300_u32, 0..300_u32, 0..1_000_u32).prop_map(
        |(n_owners, n_addresses, transactions_max, outside, collaborative, undo)| Shape {
            n_owners,
            n_addresses,
            transactions_max,
            outside_per_mille: outside,
            collaborative_per_mille: collaborative,
            undo_per_mille: undo,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_chain_spends_what_exists_and_follows_itself(seed: u64, shape in shape(), n in 0..20_u32) {
        let mut chain = RandomChain::new(seed, shape);
        let blocks = chain.next_blocks(n);
        replay(&blocks);
        for (height, pair) in (1..).zip(blocks.windows(2)) {
            prop_assert_eq!(pair[1].height.get(), height);
            prop_assert_eq!(pair[1].previous_hash, pair[0].hash);
            prop_assert!(pair[1].time > pair[0].time);
        }
        prop_assert_eq!(blocks, RandomChain::new(seed, shape).next_blocks(n));
    }

    #[test]
    fn a_fork_shares_what_was_and_nothing_more(seed: u64, shape in shape(), n in 0..10_u32) {
        let mut chain = RandomChain::new(seed, shape);
        let common = chain.next_blocks(n);
        let mut other = chain.fork(1);
        let mut third = chain.fork(2);
        let mut hashes = BTreeSet::new();
        for branch in [&mut chain, &mut other, &mut third] {
            let blocks = [common.clone(), branch.next_blocks(3)].concat();
            replay(&blocks);
            prop_assert!(blocks[n as usize..].iter().all(|block| hashes.insert(block.hash)));
        }
    }

    #[test]
    fn only_rounds_have_inputs_of_several_owners(seed: u64, shape in shape()) {
        let ledger = random_ledger(seed, 12, shape);
        let rounds: BTreeSet<TxIndex> = ledger.collaborative.into_iter().collect();
        for view in ledger.batch.views() {
            let known = view.inputs.iter().filter_map(|input| input.spent?.address);
            let owners: BTreeSet<_> = known.map(|id| ledger.owners[id.index()]).collect();
            let several = rounds.contains(&view.row.index);
            let fits = if several { view.inputs.len() >= 3 } else { owners.len() <= 1 };
            prop_assert!(fits, "{owners:?}");
        }
    }

    #[test]
    fn numbers_are_dense_in_order_of_first_appearance(seed: u64, shape in shape()) {
        let blocks = RandomChain::new(seed, shape).next_blocks(12);
        let numbered = number(&blocks);
        let distinct: BTreeSet<_> = numbered.addresses.iter().collect();
        prop_assert_eq!(distinct.len(), numbered.addresses.len());
        let mut next = 0;
        for view in numbered.batch.views() {
            // Ids of told inputs may be new here too; ids of held ones never are.
            let inputs = view.inputs.iter().filter_map(|input| input.spent?.address);
            for id in inputs.chain(view.outputs.iter().filter_map(|output| output.address)) {
                prop_assert!(id.get() <= next);
                next = next.max(id.get() + 1);
            }
            for alias in numbered.batch.aliases.iter().filter(|alias| alias.tx == view.row.index) {
                prop_assert!(alias.a < alias.b && alias.b.get() < next);
            }
        }
        prop_assert_eq!(next as usize, numbered.addresses.len());
        // Earlier blocks alone give the same ids: nothing depends on what comes later.
        let earlier = number(&blocks[..6]);
        prop_assert_eq!(&numbered.addresses[..earlier.addresses.len()], &earlier.addresses[..]);
        prop_assert_eq!(&numbered.batch.inputs[..earlier.batch.inputs.len()], &earlier.batch.inputs[..]);
    }
}

#[test]
fn the_default_shape_has_everything_odd() {
    let blocks = random_blocks(4, 60);
    let numbered = number(&blocks);
    let batch = &numbered.batch;
    assert!(batch.inputs.iter().any(|input| input.spent.is_none()), "unknown inputs");
    assert!(batch.outputs.iter().any(|output| output.address.is_none()), "data");
    assert!(!batch.aliases.is_empty(), "one key in two forms");
    assert!(blocks.iter().any(|block| block.has_spent_outputs), "told inputs");
    let mut made = BTreeMap::new();
    for block in &blocks {
        made.extend(block.transactions.iter().map(|row| (row.id, block.height)));
    }
    let same_block = |block: &DecodedBlock| {
        block.inputs.iter().any(|input| made.get(&input.previous.tx_id) == Some(&block.height))
    };
    assert!(blocks.iter().any(same_block), "outputs spent in their own block");
    assert!(!random_ledger(4, 60, Shape::default()).collaborative.is_empty(), "rounds");
}

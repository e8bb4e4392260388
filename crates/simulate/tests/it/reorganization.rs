//! Branches: valid after the common blocks, mostly the same transactions, and told.

use std::collections::BTreeSet;

use tracehound_simulate::{World, WorldSpec};

use crate::replay::Chain;

/// A branch after `at_height` in place of `depth` blocks; gives how many transactions were mined again, double-spent
/// and dropped.
#[track_caller]
fn check(world: &World, at_height: u32, depth: u32) -> [usize; 3] {
    let mut chain = Chain::default();
    let blocks: Vec<_> = world.blocks().collect();
    let (common, rest) = blocks.split_at(at_height as usize + 1);
    common.iter().for_each(|block| drop(chain.connect(block)));
    let mut other = chain.clone();
    let given_up: Vec<_> =
        rest[..depth as usize].iter().flat_map(|block| chain.connect(block)).collect();
    let branch = world.reorg(at_height, depth);
    assert_eq!(branch, world.reorg(at_height, depth));
    assert_eq!(branch.blocks.len(), depth as usize + 1);
    let taken: Vec<_> = branch.blocks.iter().flat_map(|block| other.connect(block)).collect();

    let ids: BTreeSet<_> = taken.iter().map(|seen| seen.id).collect();
    let owner = |address| branch.ownership.owner_of(address).expect("every address is told");
    for seen in &taken {
        assert!(seen.paid.iter().all(|row| owner(&row.0).index() < branch.ownership.owners.len()));
    }
    let again: BTreeSet<_> = branch.mined_again.iter().copied().collect();
    let gone: BTreeSet<_> = branch.double_spent.iter().chain(&branch.dropped).copied().collect();
    let inputs: BTreeSet<_> = taken
        .iter()
        .flat_map(|seen| &seen.transaction.input)
        .map(|input| input.previous_output)
        .collect();
    for seen in given_up.iter().filter(|seen| !seen.transaction.is_coinbase()) {
        assert_eq!(again.contains(&seen.id), ids.contains(&seen.id));
        assert_ne!(again.contains(&seen.id), gone.contains(&seen.id));
        if branch.double_spent.contains(&seen.id) {
            assert!(
                seen.transaction.input.iter().all(|input| inputs.contains(&input.previous_output))
            );
        }
    }
    [branch.mined_again.len(), branch.double_spent.len(), branch.dropped.len()]
}

#[test]
fn branches_are_valid_wherever_they_leave() {
    let world = World::new(WorldSpec::small(11)).unwrap();
    check(&world, 0, 1); // after the genesis block
    check(&world, 99, 6); // around the first mature coinbase
    check(&world, 188, 1); // gives up the last block
    check(&world, 60, 129); // deeper than coinbases take to mature
    let [again, double_spent, dropped] = check(&world, 150, 12);
    assert!(again > dropped && dropped > 0 && double_spent > 0, "{again} {double_spent} {dropped}");
    assert!(check(&world, 189, 0) == [0, 0, 0]); // one block more, nothing given up
}

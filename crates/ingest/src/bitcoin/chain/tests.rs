//! The choice of a chain, held against a quadratic oracle over random trees.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// Two targets of regtest's and a harder kind: 2 and 512 hashes of work.
const BITS: [u32; 2] = [0x207f_ffff, 0x1f7f_ffff];

struct Nowhere;

impl Locations<u32> for Nowhere {
    fn place(&self, location: &u32) -> Place {
        Place::Byte(PathBuf::from("tree"), u64::from(*location))
    }

    fn claimed_height(&self, _: &u32) -> Result<Option<u64>, SourceError> {
        Ok(None)
    }

    fn same(&self, _: &u32, _: &u32) -> Result<bool, SourceError> {
        Ok(true)
    }
}

/// A block of a tree: its parent's number, and which target it has. Block 0 is the root.
type Tree = Vec<(usize, usize)>;

fn tree() -> impl Strategy<Value = Tree> {
    proptest::collection::vec((any::<prop::sample::Index>(), 0..10_usize), 1..24).prop_map(
        |blocks| {
            let block = |(number, (parent, target)): (usize, (prop::sample::Index, usize))| {
                // Mostly one target, and mostly the newest block as parent, or every tree would be a bush.
                let parent = parent
                    .index(number.max(1))
                    .max(number.saturating_sub(3))
                    .min(number.saturating_sub(1));
                (parent, usize::from(target == 0))
            };
            blocks.into_iter().enumerate().map(block).collect()
        },
    )
}

fn hash(number: usize) -> BlockHash {
    let mut bytes = [0; 32];
    bytes[0] = u8::try_from(number * 37 % 251).unwrap(); // so that the order of hashes is not that of numbers
    bytes[31] = u8::try_from(number + 1).unwrap();
    BlockHash::from_bytes(bytes)
}

fn entries(tree: &Tree) -> Vec<Entry<u32>> {
    let entry = |(number, (parent, target)): (usize, &(usize, usize))| Entry {
        hash: hash(number),
        previous_hash: if number == 0 { BlockHash::default() } else { hash(*parent) },
        bits: BITS[*target],
        height: (number == 0).then_some(Height::new(0)),
        location: u32::try_from(number).unwrap(),
    };
    tree.iter().enumerate().map(entry).collect()
}

/// From the root to `tip`.
fn branch(tree: &Tree, tip: usize) -> Vec<usize> {
    let mut branch = vec![tip];
    while *branch.last().unwrap() != 0 {
        branch.push(tree[*branch.last().unwrap()].0);
    }
    branch.reverse();
    branch
}

fn branch_work(tree: &Tree, branch: &[usize]) -> u32 {
    branch.iter().map(|number| [2, 512][tree[*number].1]).sum()
}

fn held(tree: &Tree, branch: &[usize]) -> Held {
    let Some(last) = branch.len().checked_sub(1) else { return Held::nothing() };
    let blocks: Vec<_> = branch
        .iter()
        .map(|number| HeldBlock { hash: hash(*number), bits: BITS[tree[*number].1] })
        .collect();
    let last = Height::new(u32::try_from(last).unwrap());
    Held::new(Height::new(0), last, move |height| blocks.get(height.get() as usize).copied())
}

/// What the ledger holds once it has done what the selection says.
fn after(held: &[usize], selection: &Selection, index: &ChainIndex<u32>) -> Vec<usize> {
    let mut ledger = held.to_vec();
    if let Some(to) = selection.unwind_to {
        ledger.truncate(to.get() as usize + 1);
    }
    for (height, entry, already_held) in &selection.items {
        assert!(!already_held);
        assert_eq!(height.get() as usize, ledger.len());
        ledger.push(index.entries[*entry as usize].location as usize);
    }
    ledger
}

#[test]
fn work_is_the_expected_number_of_hashes() {
    assert_eq!(BITS.map(work), [2, 512]);
    assert_eq!(work(0x1d00_ffff), 0x1_0001_0001);
    assert_eq!(work(0), 0);
    assert_eq!(work(0x0100_0001), 0, "a target of zero");
}

proptest! {
    #[test]
    fn the_ledger_ends_on_the_branch_of_most_work(
        tree in tree(),
        on in any::<prop::sample::Index>(),
        keep in 0..24_usize,
        order in any::<u64>(),
    ) {
        let mut ledger = branch(&tree, on.index(tree.len()));
        ledger.truncate(keep);
        let mut blocks = entries(&tree);
        blocks.sort_by_key(|entry| u64::from(entry.location + 1).wrapping_mul(order | 1));
        let mut index = ChainIndex::new(blocks, &Nowhere).unwrap();
        let selection = index.select(&held(&tree, &ledger), &Options::default(), &Nowhere).unwrap();
        let after = after(&ledger, &selection, &index);
        let most = (0..tree.len()).map(|tip| branch_work(&tree, &branch(&tree, tip))).max().unwrap();
        prop_assert_eq!(branch_work(&tree, &after), most);
        prop_assert_eq!(&branch(&tree, *after.last().unwrap()), &after, "a branch, and whole");
        if branch_work(&tree, &ledger) == most {
            prop_assert_eq!(&after, &ledger, "of equal work the ledger keeps its own");
        }
        let extends = (0..tree.len()).map(|tip| branch(&tree, tip)).any(|branch| {
            branch.starts_with(&ledger) && branch_work(&tree, &branch) == most
        });
        if extends {
            prop_assert_eq!(selection.unwind_to, None, "no needless unwinding");
        }
        prop_assert_eq!(
            selection.items.len() as u64 + selection.n_already_held + selection.n_stale,
            tree.len() as u64,
            "every block is accounted for"
        );
    }

    #[test]
    fn fragments_come_in_order_of_height(starts in proptest::collection::btree_set(0..40_u32, 1..8)) {
        let starts: Vec<u32> = starts.into_iter().collect();
        let blocks = starts.iter().rev().map(|height| Entry {
            hash: hash(*height as usize),
            previous_hash: if *height == 0 { BlockHash::default() } else { hash(*height as usize - 1) },
            bits: BITS[0],
            height: Some(Height::new(*height)),
            location: *height,
        });
        let mut index = ChainIndex::new(blocks.collect(), &Nowhere).unwrap();
        let options = Options { allow_gaps: true, ..Options::default() };
        let selection = index.select(&Held::nothing(), &options, &Nowhere).unwrap();
        let heights: Vec<u32> = selection.items.iter().map(|item| item.0.get()).collect();
        prop_assert_eq!(heights, starts.clone());
        let gap = index.select(&Held::nothing(), &Options::default(), &Nowhere);
        let has_gap = starts.windows(2).any(|pair| pair[1] != pair[0] + 1);
        prop_assert_eq!(gap.unwrap().broken.is_some(), has_gap);
    }
}

//! What can be known at best on the world to measure ownership on: pairs of addresses by common input, and with every
//! change known. A goal above these would be luck.

use std::collections::BTreeMap;

use ledger::Address;
use tracehound_simulate::{Truth, World, WorldSpec};

use crate::replay::{History, Seen};

/// Sets of addresses, by their smallest member.
#[derive(Default)]
struct Sets(BTreeMap<Address, Address>);

impl Sets {
    fn root(&self, mut address: Address) -> Address {
        while let Some(parent) = self.0.get(&address).filter(|parent| **parent != address) {
            address = *parent;
        }
        address
    }

    fn unite(&mut self, a: Address, b: Address) {
        let (a, b) = (self.root(a), self.root(b));
        self.0.insert(a.max(b), a.min(b));
    }

    /// Precision and recall over pairs of addresses.
    fn score(&self, truth: &Truth) -> [f64; 2] {
        let (mut sets, mut owners) = (BTreeMap::new(), BTreeMap::new());
        let mut both = BTreeMap::new();
        for (address, owner) in &truth.ownership.address_owner {
            let set = self.root(*address);
            *sets.entry(set).or_insert(0_u64) += 1;
            *owners.entry(*owner).or_insert(0_u64) += 1;
            *both.entry((set, *owner)).or_insert(0_u64) += 1;
        }
        let pairs = |counts: Vec<u64>| counts.iter().map(|n| n * (n - 1) / 2).sum::<u64>() as f64;
        let right = pairs(both.into_values().collect());
        [right / pairs(sets.into_values().collect()), right / pairs(owners.into_values().collect())]
    }
}

fn links(history: &History, truth: &Truth, with_rounds: bool, with_change: bool) -> Sets {
    let mut sets = Sets::default();
    for (told, seen) in truth.transactions.iter().zip(&history.transactions) {
        let excluded = matches!(told.kind, tracehound_simulate::TransactionKind::Mix(_));
        let payers: Vec<Address> = seen.payers().into_iter().collect();
        if excluded && !with_rounds {
            continue;
        }
        payers.windows(2).for_each(|pair| sets.unite(pair[0], pair[1]));
        if with_change && !told.kind.is_collaborative() {
            for position in told.change {
                sets.unite(payers[0], address_at(seen, *position));
            }
        }
    }
    sets
}

fn address_at(seen: &Seen, position: u32) -> Address {
    let script = &seen.transaction.output[position as usize].script_pubkey;
    crate::replay::address_of(script).unwrap()
}

#[test]
#[expect(clippy::print_stderr, reason = "the figures of the method's page")]
fn common_input_and_change_can_reach_the_goals() {
    let world = World::new(WorldSpec::ownership(1)).unwrap();
    let mut blocks = world.blocks();
    let history = History::of(blocks.by_ref());
    let truth = blocks.into_truth();
    let [inputs, change, all] = [(false, false), (false, true), (true, true)]
        .map(|(rounds, change)| links(&history, &truth, rounds, change).score(&truth));
    eprintln!("{} addresses: precision and recall of pairs", truth.ownership.address_owner.len());
    eprintln!("common input without rounds {inputs:.5?}, with every change {change:.5?}");
    eprintln!("rounds taken for one owner's, with every change {all:.5?}");
    assert!(inputs[0] > 0.999 && change[0] > 0.999, "payjoins cost more than the goal allows");
    assert!(change[1] > 0.9, "the goal for recall is out of reach");
    assert!(all[0] < 0.99, "rounds must matter");
}

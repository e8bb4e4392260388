//! Branches: what a reorganization puts in place of the last blocks.
//!
//! In: a world, the last block that both branches have, and how many blocks are given up. Out: one block more than
//! that. Real branches hold mostly the same transactions in other places, so this one does too: nine in ten are mined
//! again, regrouped over the new blocks; half of the others are replaced by their owner's own double spend; whatever
//! depended on what is gone is gone as well. Coinbases are new, so whatever spent a lost coinbase is gone too.
//! Checked against: the same replay as the world itself (`tests/it/reorganization.rs`).

use std::collections::BTreeSet;

use bitcoin::hashes::Hash;
use bitcoin::{Amount, Block, Transaction, TxOut, Txid, consensus};
use ledger::{Address, TxId};

use crate::block::Template;
use crate::dice::Dice;
use crate::keys::{KeyRef, Keys, Lock, PurseId};
use crate::simulation::{Mined, Note, Simulation};
use crate::truth::{OwnerId, Ownership};
use crate::world::World;

/// Keys of double spends and new coinbases are numbered from here: no wallet ever gives out so many.
const FIRST_KEY: u32 = 1 << 31;

/// Another branch of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Raw blocks; the first one follows the last common block.
    pub blocks: Vec<Vec<u8>>,
    /// Who owns the addresses of the common blocks, of the branch, and of the blocks given up.
    pub ownership: Ownership,
    /// Transactions of the blocks given up that the branch has too, in its order.
    pub mined_again: Vec<TxId>,
    /// Those whose coins the branch spends otherwise.
    pub double_spent: Vec<TxId>,
    /// Those that the branch has not, nor anything in their place.
    pub dropped: Vec<TxId>,
}

impl World {
    /// A branch of `depth + 1` blocks that leaves the chain after the block at `at_height`.
    ///
    /// # Panics
    /// If the world has no block at `at_height + depth`.
    pub fn reorg(&self, at_height: u32, depth: u32) -> Branch {
        let last = at_height.checked_add(depth).filter(|last| *last < self.spec().n_blocks);
        assert!(last.is_some(), "the world has no block at {at_height} + {depth}");
        let mut simulation = self.simulation();
        let mut fork = simulation.step();
        while fork.height < at_height {
            fork = simulation.step();
        }
        let given_up: Vec<Mined> = (0..depth).map(|_| simulation.step()).collect();
        let seed = self.spec().seed ^ u64::from(at_height) << 32 ^ u64::from(depth);
        let mut weaver = Weaver {
            dice: Dice::new(seed, 1),
            keys: simulation.keys().clone(),
            n_keys: FIRST_KEY,
            addresses: Vec::new(),
            lost: BTreeSet::new(),
            branch: Branch {
                blocks: Vec::new(),
                ownership: simulation.ownership(),
                mined_again: Vec::new(),
                double_spent: Vec::new(),
                dropped: Vec::new(),
            },
        };
        let woven = given_up.iter().map(|mined| weaver.weave(mined, &simulation)).collect();
        weaver.group(&fork, woven, &simulation);
        weaver.finish()
    }
}

struct Weaver {
    dice: Dice,
    keys: Keys,
    n_keys: u32,
    addresses: Vec<(Address, OwnerId)>,
    /// Transactions whose outputs do not exist on the branch.
    lost: BTreeSet<Txid>,
    branch: Branch,
}

struct Woven {
    id: Txid,
    transaction: Transaction,
    fee_sat: u64,
}

impl Weaver {
    /// What the branch has in place of one block.
    fn weave(&mut self, mined: &Mined, simulation: &Simulation) -> Vec<Woven> {
        let block: Block = consensus::deserialize(&mined.bytes).expect("we made these bytes");
        self.lost.insert(block.txdata[0].compute_txid());
        let rest = block.txdata.into_iter().skip(1);
        let again = rest.zip(&mined.notes);
        again
            .filter_map(|(transaction, note)| self.replace(transaction, note, simulation))
            .collect()
    }

    fn replace(
        &mut self,
        mut transaction: Transaction,
        note: &Note,
        simulation: &Simulation,
    ) -> Option<Woven> {
        let name = TxId::from_bytes(note.id.to_byte_array());
        let spends_lost =
            transaction.input.iter().any(|i| self.lost.contains(&i.previous_output.txid));
        if !spends_lost && !self.dice.chance(100) {
            self.branch.mined_again.push(name);
            return Some(Woven { id: note.id, transaction, fee_sat: note.fee_sat });
        }
        self.lost.insert(note.id);
        let Some(purse) = note.purse.filter(|_| !spends_lost && self.dice.chance(500)) else {
            self.branch.dropped.push(name);
            return None;
        };
        let key = self.fresh(purse, simulation);
        let total = transaction.output.iter().map(|output| output.value.to_sat()).sum();
        let value = Amount::from_sat(total);
        transaction.output = vec![TxOut { value, script_pubkey: self.keys.script(key) }];
        self.branch.double_spent.push(name);
        Some(Woven { id: transaction.compute_txid(), transaction, fee_sat: note.fee_sat })
    }

    fn fresh(&mut self, purse: PurseId, simulation: &Simulation) -> KeyRef {
        let key = KeyRef { purse, number: self.n_keys, lock: Lock::P2wpkh };
        self.n_keys += 1;
        self.addresses.push((self.keys.address(key), simulation.owner_of(purse)));
        key
    }

    /// Puts the transactions into one block more, in their order: the later ones of each block move on to the next.
    /// None moves back, because it may wait for a height (lock time, a coinbase that becomes mature).
    fn group(&mut self, fork: &Mined, woven: Vec<Vec<Woven>>, simulation: &Simulation) {
        let (mut previous, mut time_s) = (fork.hash, fork.time_s);
        let mut moved = Vec::new();
        for (height, mut own) in (fork.height + 1..).zip(woven.into_iter().chain([Vec::new()])) {
            let later = own.split_off(self.dice.index(own.len() + 1));
            let mut here = std::mem::replace(&mut moved, later);
            here.append(&mut own);
            time_s += u32::try_from(self.dice.between(400, 800)).expect("some minutes");
            let miner = self.dice.pick(simulation.miners());
            let reward_key = self.fresh(miner, simulation);
            let sealed = Template {
                height,
                previous,
                time_s,
                signature: "/branch/",
                reward_to: self.keys.script(reward_key),
                fees_sat: here.iter().map(|woven| woven.fee_sat).sum(),
                transactions: here.into_iter().map(|woven| (woven.id, woven.transaction)).collect(),
            }
            .seal();
            previous = sealed.hash;
            self.branch.blocks.push(sealed.bytes);
        }
    }

    fn finish(mut self) -> Branch {
        let rows = &mut self.branch.ownership.address_owner;
        rows.append(&mut self.addresses);
        rows.sort_unstable();
        rows.dedup();
        self.branch
    }
}

//! The simulation itself: one step is one block.
//!
//! Each block, in this order: coinbases mature, the plot moves on, the exchange, the miners and the mixer do what is
//! due, and ordinary people fill the block up to its share of the transactions asked for. Every transaction is built
//! in [`Simulation::make`] (`paying.rs`), so value is conserved and the truth recorded in one place.
//! Invariant: the inputs of a transaction have one owner; only mixing rounds and PayJoins break it, and all of them are
//! written down.
//! Cost: linear in transactions; memory is the unspent outputs, 38 bytes an address and about 50 a transaction.

mod cast;
mod exchange;
mod joinmarket;
mod laundering;
mod look_alikes;
mod miners;
mod mixer;
mod paying;
mod payjoin;
mod peelers;
mod people;
mod plot;
mod ransom;
mod sanctions;
mod vignettes;
mod wabisabi;
mod wasabi1;
mod whirlpool;

use std::collections::VecDeque;

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Transaction, Txid};
use ledger::{Address, TxId};

use crate::block::{self, MATURITY, Sealed, Template};
use crate::dice::Dice;
use crate::keys::{KeyRef, Keys, Lock, PurseId};
use crate::prices::PricePath;
use crate::purse::{Coin, Purse};
use crate::spec::WorldSpec;
use crate::transactions::{TransactionKind, Transactions};
use crate::truth::{Owner, OwnerId, Ownership, Truth, Wallet};
use crate::wallet::Policy;
use crate::wallet::software::Deck;
use cast::Cast;
use exchange::Exchange;
use laundering::Underworld;
use mixer::Mixer;
use peelers::Peeler;
use plot::Plot;

/// Genesis is of 2011; the first block after it is of 2023-01-01. A block must only be later than those before it.
const FIRST_TIME_S: u32 = 1_672_531_200;
const BLOCK_INTERVAL_S: u32 = 600;
const JITTER_S: u64 = 240;

/// Between blocks of the quiet time.
const DAY_S: u32 = 86_400;

/// Fees of the market at the start and its bounds, in thousandths of a satoshi a virtual byte.
const FIRST_MARKET_MILLI: u64 = 12_000;
const MARKET_MILLI: std::ops::RangeInclusive<u64> = 2_000..=40_000;

#[derive(Clone)]
pub(crate) struct Simulation {
    spec: WorldSpec,
    dice: Dice,
    keys: Keys,
    owners: Vec<Owner>,
    purses: Vec<Purse>,
    addresses: Vec<(Address, OwnerId)>,
    transactions: Transactions,
    prices: PricePath,
    market_milli: u64,
    deck: Deck,
    cast: Cast,
    exchanges: Vec<Exchange>,
    peelers: Vec<Peeler>,
    mixer: Mixer,
    plot: Plot,
    underworld: Underworld,
    /// Of the block that the next step makes.
    height: u32,
    tip: BlockHash,
    time_s: u32,
    /// Transactions of finished blocks.
    n_made: u32,
    made: Vec<Made>,
    fees_sat: u64,
    maturing: VecDeque<(u32, Coin)>,
}

/// A transaction of the block being made.
#[derive(Clone)]
struct Made {
    id: Txid,
    transaction: Transaction,
    note: Note,
    kind: TransactionKind,
    participants: Vec<OwnerId>,
    change: Vec<u32>,
}

/// What is known of a transaction beyond its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) id: Txid,
    pub(crate) fee_sat: u64,
    /// Whose it is; `None` where it has several owners' inputs.
    pub(crate) purse: Option<PurseId>,
}

/// A finished block.
pub(crate) struct Mined {
    pub(crate) height: u32,
    pub(crate) hash: BlockHash,
    pub(crate) time_s: u32,
    pub(crate) bytes: Vec<u8>,
    /// Of its transactions without the coinbase, in order.
    pub(crate) notes: Vec<Note>,
}

/// What came of a transaction: its name, and its spendable outputs in the order asked for, change last.
struct Sent {
    tx_id: TxId,
    coins: Vec<Coin>,
}

impl Simulation {
    pub(crate) fn new(spec: WorldSpec) -> Self {
        let mut simulation = Self {
            spec,
            dice: Dice::new(spec.seed, 0),
            keys: Keys::new(spec.seed),
            owners: Vec::new(),
            purses: Vec::new(),
            addresses: Vec::new(),
            transactions: Transactions::default(),
            prices: PricePath::new(),
            market_milli: FIRST_MARKET_MILLI,
            deck: Deck::default(),
            cast: Cast::default(),
            exchanges: Vec::new(),
            peelers: Vec::new(),
            mixer: Mixer::default(),
            plot: Plot::default(),
            underworld: Underworld::default(),
            height: 0,
            tip: BlockHash::all_zeros(),
            time_s: FIRST_TIME_S,
            n_made: 0,
            made: Vec::new(),
            fees_sat: 0,
            maturing: VecDeque::new(),
        };
        simulation.hire();
        simulation.write_plot();
        simulation.write_laundering();
        simulation
    }

    /// Who owns the addresses of every block made so far.
    pub(crate) fn ownership(&self) -> Ownership {
        Ownership::of(self.owners.clone(), self.addresses.clone())
    }

    /// Everything, once the last block has been made.
    pub(crate) fn into_truth(self) -> Truth {
        let story = self.plot.log.tell(&self);
        let laundering = self.laundering();
        let wallet = |purse: &Purse| Wallet { owner: purse.owner, policy: purse.policy };
        let mut wallets: Vec<Wallet> = self.purses.iter().map(wallet).collect();
        wallets.sort_by_key(|wallet| wallet.owner);
        Truth {
            ownership: Ownership::of(self.owners, self.addresses),
            transactions: self.transactions.indexed(),
            wallets,
            prices: self.prices,
            story,
            laundering,
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn miners(&self) -> &[PurseId] {
        &self.cast.miners
    }

    pub(crate) fn owner_of(&self, purse: PurseId) -> OwnerId {
        self.owner(purse)
    }

    pub(crate) fn height(&self) -> u32 {
        self.height
    }

    /// Makes the next block.
    pub(crate) fn step(&mut self) -> Mined {
        if self.height == 0 {
            return self.begin();
        }
        self.prices.step(&mut self.dice);
        self.step_market();
        while self.maturing.front().is_some_and(|(from, _)| *from <= self.height) {
            let (_, coin) = self.maturing.pop_front().expect("the loop looked at it");
            self.credit(coin);
        }
        if self.height > MATURITY {
            self.follow_plot();
            self.run_laundering();
            self.run_exchanges();
            self.run_miners();
            self.run_mixer();
            self.run_peelers();
            self.run_look_alikes();
            self.fill();
        }
        self.finish()
    }

    fn begin(&mut self) -> Mined {
        let genesis = block::genesis();
        let hash = genesis.block_hash();
        let paid = &genesis.txdata[0].output[0].script_pubkey;
        // Its one output pays a bare uncompressed key: push, 65 bytes, OP_CHECKSIG.
        let key = &paid.as_bytes()[1..66];
        let key_hash = bitcoin_hashes::Hash::to_byte_array(
            <bitcoin_hashes::hash160::Hash as bitcoin_hashes::Hash>::hash(key),
        );
        let address = Address::of_20(ledger::AddressFamily::P2pkh, key_hash);
        self.addresses.push((address, self.cast.genesis));
        let mined = Mined {
            height: 0,
            hash,
            time_s: genesis.header.time,
            bytes: bitcoin::consensus::encode::serialize(&genesis),
            notes: Vec::new(),
        };
        (self.height, self.tip, self.n_made) = (1, hash, 1);
        self.transactions.begin_block();
        let id = name(genesis.txdata[0].compute_txid());
        self.transactions.push(id, TransactionKind::Coinbase, &[], &[]);
        mined
    }

    fn finish(&mut self) -> Mined {
        let (miner, reward_to) = self.winner();
        let made = std::mem::take(&mut self.made);
        let notes: Vec<Note> = made.iter().map(|made| made.note).collect();
        let told: Vec<_> = made
            .iter()
            .map(|made| (name(made.id), made.kind, made.participants.clone(), made.change.clone()))
            .collect();
        let signature = format!("/{}/", self.owners[self.owner(miner).index()].name);
        let sealed: Sealed = Template {
            height: self.height,
            previous: self.tip,
            time_s: self.time_s,
            signature: &signature,
            reward_to: self.keys.script(reward_to),
            fees_sat: std::mem::take(&mut self.fees_sat),
            transactions: made.into_iter().map(|made| (made.id, made.transaction)).collect(),
        }
        .seal();
        self.transactions.begin_block();
        self.transactions.push(name(sealed.coinbase), TransactionKind::Coinbase, &[], &[]);
        for (id, kind, participants, change) in &told {
            self.transactions.push(*id, *kind, participants, change);
        }
        let outpoint = OutPoint { txid: sealed.coinbase, vout: 0 };
        let coin = Coin { outpoint, amount_sat: sealed.reward_sat, key: reward_to };
        self.maturing.push_back((self.height + MATURITY, coin));
        let (height, time_s) = (self.height, self.time_s);
        self.n_made += 1 + u32::try_from(notes.len()).expect("a block has few transactions");
        self.height += 1;
        self.tip = sealed.hash;
        self.time_s += self.gap_s();
        Mined { height, hash: sealed.hash, time_s, bytes: sealed.bytes, notes }
    }

    fn gap_s(&mut self) -> u32 {
        if self.is_quiet() {
            return DAY_S;
        }
        let jitter = u32::try_from(self.dice.below(2 * JITTER_S + 1)).expect("some minutes");
        let least = BLOCK_INTERVAL_S - u32::try_from(JITTER_S).expect("some minutes");
        least + jitter
    }

    /// Fees of the market: at most a tenth away from those of the block before.
    fn step_market(&mut self) {
        let next = self.market_milli * self.dice.between(900, 1_105) / 1_000;
        self.market_milli = next.clamp(*MARKET_MILLI.start(), *MARKET_MILLI.end());
    }

    fn purse(&mut self, id: PurseId) -> &mut Purse {
        &mut self.purses[id.index()]
    }

    fn owner(&self, id: PurseId) -> OwnerId {
        self.purses[id.index()].owner
    }

    fn address(&self, key: KeyRef) -> Address {
        self.keys.address(key)
    }

    fn credit(&mut self, coin: Coin) {
        self.purse(coin.key.purse).coins.push(coin);
    }

    fn policy(&self, id: PurseId) -> Policy {
        self.purses[id.index()].policy
    }

    /// A key to be paid at: a new one, or by habit the last one again.
    fn fresh(&mut self, purse: PurseId) -> KeyRef {
        let Purse { policy, receiving, lock, twins, .. } = self.purses[purse.index()];
        let reuse_per_mille = u64::from(policy.habits.reuse_per_mille);
        let key = match receiving {
            Some(key) if key.lock == lock && self.dice.chance(reuse_per_mille) => key,
            Some(key) if twins && key.lock == Lock::P2pkh && self.dice.chance(400) => {
                self.register(key.locked(Lock::P2wpkh))
            }
            _ => self.fresh_locked(purse, lock),
        };
        self.purse(purse).receiving = Some(key);
        key
    }

    fn fresh_locked(&mut self, purse: PurseId, lock: Lock) -> KeyRef {
        let owned = self.purse(purse);
        let key = KeyRef { purse, number: owned.n_keys, lock };
        owned.n_keys += 1;
        self.register(key)
    }

    /// Notes whose address this is. Every key that is given out is paid, so the truth lists no address in vain.
    fn register(&mut self, key: KeyRef) -> KeyRef {
        let owned = self.purse(key.purse);
        owned.latest = Some(key);
        let owner = owned.owner;
        self.addresses.push((self.keys.address(key), owner));
        key
    }
}

fn name(id: Txid) -> TxId {
    TxId::from_bytes(id.to_byte_array())
}

//! The simulation itself: one step is one block.
//!
//! Each block, in this order: coinbases mature, the plot moves on, the exchange, the miners and the mixer do what is
//! due, and ordinary people fill the block up to its share of the transactions asked for. Every transaction is built
//! here, in [`Simulation::make`], so value is conserved and ownership recorded in one place.
//! Invariant: the inputs of a transaction have one owner; only the two kinds of mixing round break it, and both are
//! written down.
//! Cost: linear in transactions; memory is the unspent outputs and 38 bytes per address.

mod cast;
mod exchange;
mod miners;
mod mixer;
mod people;
mod plot;
mod ransom;
mod sanctions;
mod vignettes;

use std::collections::VecDeque;

use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, absolute,
    transaction,
};
use ledger::{Address, TxId};

use crate::block::{self, MATURITY, Sealed, Template};
use crate::dice::Dice;
use crate::keys::{KeyRef, Keys, Lock, PurseId};
use crate::purse::{Coin, Funding, Purse, Style};
use crate::spec::WorldSpec;
use crate::truth::{Owner, OwnerId, Ownership, Truth};
use cast::Cast;
use exchange::Exchange;
use mixer::Mixer;
use plot::Plot;

/// Genesis is of 2011; the first block after it is of 2023-01-01. A block must only be later than those before it.
const FIRST_TIME_S: u32 = 1_672_531_200;
const BLOCK_INTERVAL_S: u32 = 600;
const JITTER_S: u64 = 240;

#[derive(Clone)]
pub(crate) struct Simulation {
    spec: WorldSpec,
    dice: Dice,
    keys: Keys,
    owners: Vec<Owner>,
    purses: Vec<Purse>,
    addresses: Vec<(Address, OwnerId)>,
    cast: Cast,
    exchange: Exchange,
    mixer: Mixer,
    plot: Plot,
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
}

/// What is known of a transaction beyond its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) id: Txid,
    pub(crate) fee_sat: u64,
    /// Whose it is; `None` for a mixing round.
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
            cast: Cast::default(),
            exchange: Exchange::default(),
            mixer: Mixer::default(),
            plot: Plot::default(),
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
        simulation
    }

    /// Who owns the addresses of every block made so far.
    pub(crate) fn ownership(&self) -> Ownership {
        let mut address_owner = self.addresses.clone();
        address_owner.sort_unstable();
        address_owner.dedup();
        Ownership { owners: self.owners.clone(), address_owner }
    }

    /// Everything, once the last block has been made.
    pub(crate) fn truth(&self) -> Truth {
        Truth { ownership: self.ownership(), story: self.plot.log.tell(self) }
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
        while self.maturing.front().is_some_and(|(from, _)| *from <= self.height) {
            let (_, coin) = self.maturing.pop_front().expect("the loop looked at it");
            self.credit(coin);
        }
        if self.height > MATURITY {
            self.follow_plot();
            self.run_exchange();
            self.run_miners();
            self.run_mixer();
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
        mined
    }

    fn finish(&mut self) -> Mined {
        let (miner, reward_to) = self.winner();
        let made = std::mem::take(&mut self.made);
        let notes: Vec<Note> = made.iter().map(|made| made.note).collect();
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
        let jitter = u32::try_from(self.dice.below(2 * JITTER_S + 1)).expect("some minutes");
        let least = BLOCK_INTERVAL_S - u32::try_from(JITTER_S).expect("some minutes");
        least + jitter
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

    /// A key to be paid at: a new one, or the one that a wallet with that habit always gives out.
    fn fresh(&mut self, purse: PurseId) -> KeyRef {
        let Purse { style, latest, .. } = self.purses[purse.index()];
        match latest {
            Some(key) if style.reuses && key.lock == style.lock => key,
            Some(key) if style.twins && key.lock == Lock::P2pkh && self.dice.chance(400) => {
                self.register(key.locked(Lock::P2wpkh))
            }
            _ => self.fresh_locked(purse, style.lock),
        }
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

    fn rate_sat_per_vbyte(&mut self) -> u64 {
        self.dice.between(2, 30)
    }

    /// Takes coins for payments of so much in all. Comes before keys are given out, which it may make needless.
    fn fund(&mut self, from: PurseId, amount_sat: u64, n_outputs: usize) -> Option<Funding> {
        let rate = self.rate_sat_per_vbyte();
        self.purses[from.index()].fund(amount_sat, n_outputs, rate, &mut self.dice)
    }

    /// Spends what [`Self::fund`] took.
    fn spend(&mut self, from: PurseId, funding: Funding, payments: &[(KeyRef, u64)]) -> Sent {
        self.spend_with_data(from, funding, payments, None)
    }

    fn spend_with_data(
        &mut self,
        from: PurseId,
        funding: Funding,
        payments: &[(KeyRef, u64)],
        data: Option<ScriptBuf>,
    ) -> Sent {
        let mut outputs = payments.to_vec();
        if funding.change_sat > 0 {
            outputs.push((self.fresh(from), funding.change_sat));
        }
        let style = self.purses[from.index()].style;
        self.make(Some(from), style, &funding.coins, &outputs, data)
    }

    /// Pays an amount to a new key of another purse.
    fn pay(&mut self, from: PurseId, to: PurseId, amount_sat: u64) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        let key = self.fresh(to);
        Some(self.spend(from, funding, &[(key, amount_sat)]))
    }

    /// Pays an amount to a key that is already known.
    fn pay_to(&mut self, from: PurseId, key: KeyRef, amount_sat: u64) -> Option<Sent> {
        let funding = self.fund(from, amount_sat, 1)?;
        Some(self.spend(from, funding, &[(key, amount_sat)]))
    }

    /// Sends all of these coins to one key. They must hold more than the fee.
    fn sweep(&mut self, from: PurseId, coins: &[Coin], to: KeyRef) -> Sent {
        let rate = self.rate_sat_per_vbyte();
        let fee_sat = crate::purse::fee_sat(coins, 1, rate);
        let total: u64 = coins.iter().map(|coin| coin.amount_sat).sum();
        let style = self.purses[from.index()].style;
        self.make(Some(from), style, coins, &[(to, total - fee_sat)], None)
    }

    /// Builds a transaction: inputs in the order given, outputs in an order of chance. Whatever the outputs leave is
    /// the fee.
    fn make(
        &mut self,
        purse: Option<PurseId>,
        style: Style,
        inputs: &[Coin],
        outputs: &[(KeyRef, u64)],
        data: Option<ScriptBuf>,
    ) -> Sent {
        let total: u64 = inputs.iter().map(|coin| coin.amount_sat).sum();
        let paid: u64 = outputs.iter().map(|output| output.1).sum();
        assert!(paid < total, "a transaction pays {paid} out of {total} satoshi");
        let mut places: Vec<Option<usize>> = (0..outputs.len()).map(Some).collect();
        places.extend(data.is_some().then_some(None));
        self.dice.shuffle(&mut places);
        let transaction =
            self.transaction(style, inputs, outputs, &data.unwrap_or_default(), &places);
        let id = transaction.compute_txid();
        let coins: Vec<Coin> = outputs
            .iter()
            .enumerate()
            .map(|(asked, (key, amount_sat))| {
                let vout = places.iter().position(|place| *place == Some(asked));
                let vout = u32::try_from(vout.expect("every output has a place")).expect("few");
                let outpoint = OutPoint { txid: id, vout };
                Coin { outpoint, amount_sat: *amount_sat, key: *key }
            })
            .collect();
        coins.iter().for_each(|coin| self.credit(*coin));
        self.fees_sat += total - paid;
        let note = Note { id, fee_sat: total - paid, purse };
        self.made.push(Made { id, transaction, note });
        Sent { tx_id: TxId::from_bytes(id.to_byte_array()), coins }
    }

    /// `places` says which output asked for stands where; `None` is the data output.
    fn transaction(
        &mut self,
        style: Style,
        inputs: &[Coin],
        outputs: &[(KeyRef, u64)],
        data: &ScriptBuf,
        places: &[Option<usize>],
    ) -> Transaction {
        let mut input = Vec::with_capacity(inputs.len());
        for coin in inputs {
            let (script_sig, witness) = self.keys.unlock(coin.key, &mut self.dice);
            let sequence = Sequence(style.sequence);
            input.push(TxIn { previous_output: coin.outpoint, script_sig, sequence, witness });
        }
        let output = |place: &Option<usize>| match place {
            Some(asked) => {
                let (key, amount_sat) = outputs[*asked];
                TxOut { value: Amount::from_sat(amount_sat), script_pubkey: self.keys.script(key) }
            }
            None => TxOut { value: Amount::ZERO, script_pubkey: data.clone() },
        };
        let lock_height = if style.locks_height { self.height - 1 } else { 0 };
        Transaction {
            version: transaction::Version(style.version),
            lock_time: absolute::LockTime::from_consensus(lock_height),
            input,
            output: places.iter().map(output).collect(),
        }
    }
}

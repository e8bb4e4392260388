//! A chain with the figures of real blocks: seventeen of mainnet, heights 560062 to 560078. What was counted there stands beside
//! what is drawn here in the table that [`Chain::likeness`] prints.
//!
//! Most addresses are paid once and spend once; a coin is spent within three hours as often as not; a few services are paid by
//! many on fresh addresses, sweep these together and pay in batches. Clusters are those of common input alone, and grow with the
//! blocks. Coins older than the ledger are spent too, and nobody knows who by: the real figures are those of a ledger that begins with
//! the first of the seventeen blocks. The ledger is kept narrow (32 bytes an output) and written out as batches when it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use graph::NONE;
use ledger::{
    AddressId, Block, BlockHash, Category, ClusterId, Height, Input, InputMarks, LedgerBatch,
    OutPoint, Output, ScriptType, Spent, Timestamp, Transaction, TxId, TxIndex,
};
use tracehound_forensics::Owners;
use tracehound_forensics::exposure::Parties;

use crate::economy::Blocks;
use crate::measure::Random;

/// Transactions of a block, the minting one included.
const N_TRANSACTIONS: u32 = 2_847;
const N_SERVICES: u32 = 2_000;
/// Share of coins spent at most so many blocks later, in hundredths; older ones lie anywhere, by the logarithm of their age.
const AGES: [(u32, u32); 8] =
    [(13, 0), (24, 1), (30, 2), (35, 3), (39, 4), (45, 6), (54, 10), (62, 16)];
/// In blocks.
const AGE_MAX: f64 = 200_000.0;
/// What a block mints: amounts are to stay whole over long chains of payments.
const MINTED_SAT: u64 = 500_000_000_000;

#[derive(Clone, Copy)]
struct Coin {
    amount_sat: u64,
    tx: u32,
    address: u32,
    /// The transaction that spent it.
    spent_by: u32,
    /// The coin before it of the same wallet, and of the same address.
    older_of_wallet: u32,
    older_of_address: u32,
}

pub(crate) struct Chain {
    random: Random,
    coins: Vec<Coin>,
    /// By transaction: its first coin and its first spend.
    starts: Vec<(u32, u32)>,
    /// Coins spent, by transaction; [`NONE`] for one that is older than the ledger.
    spends: Vec<u32>,
    /// By block: its first transaction and its first coin.
    blocks: Vec<(u32, u32)>,
    /// By wallet: its newest coin. Services come first.
    newest: Vec<u32>,
    /// By service: the address that it shows.
    shown: Vec<u32>,
    /// By address: its wallet, and its newest coin.
    owner: Vec<u32>,
    newest_of_address: Vec<u32>,
    pub(crate) labels: Vec<u32>,
    /// By label.
    pub(crate) entities: Vec<u32>,
    /// Clusters of several addresses.
    members: BTreeMap<u32, Vec<u32>>,
    /// One service in so many is known.
    known_every: u32,
    categories: Vec<Category>,
    /// Since the last block was begun: addresses whose label changed, and labels that another entity holds.
    moved: BTreeSet<u32>,
    held: BTreeSet<u32>,
}

/// What a block changed of what was there.
pub(crate) struct Joined {
    /// Addresses of before whose label or entity is another one.
    pub(crate) addresses: Vec<AddressId>,
    /// Clusters that another entity holds.
    pub(crate) clusters: Vec<ClusterId>,
}

impl Chain {
    pub(crate) fn new(known_every: u32, seed: u64) -> Self {
        let n_known = N_SERVICES / known_every;
        let category = |at: u32| match at % 2 {
            0 => Category::EXCHANGE,
            _ => Category::from_number((2 + at / 2 % 16) as u8).unwrap(),
        };
        Self {
            random: Random(seed),
            coins: Vec::new(),
            starts: Vec::new(),
            spends: Vec::new(),
            blocks: Vec::new(),
            newest: vec![NONE; N_SERVICES as usize],
            shown: vec![NONE; N_SERVICES as usize],
            owner: Vec::new(),
            newest_of_address: Vec::new(),
            labels: Vec::new(),
            entities: Vec::new(),
            members: BTreeMap::new(),
            known_every,
            categories: (0..n_known).map(category).collect(),
            moved: BTreeSet::new(),
            held: BTreeSet::new(),
        }
    }

    pub(crate) fn parties(&self) -> Parties<'_> {
        let owners = Owners { labels: &self.labels, entities: &self.entities };
        Parties { owners, categories: &self.categories }
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.coins.len()
    }

    pub(crate) fn n_blocks(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// One of the services, the first far more often.
    fn service(&mut self) -> u32 {
        let uniform = self.random.next() as f64 / 2f64.powi(64);
        let place = 3.0 * (f64::from(N_SERVICES + 3) / 3.0).powf(uniform) - 3.0;
        (place as u32).min(N_SERVICES - 1)
    }

    fn new_address(&mut self, wallet: u32) -> u32 {
        let address = self.owner.len() as u32;
        self.owner.push(wallet);
        self.newest_of_address.push(NONE);
        self.labels.push(address);
        self.entities.push(NONE);
        if let Some(shown) = self.shown.get_mut(wallet as usize).filter(|shown| **shown == NONE) {
            *shown = address;
            if wallet % self.known_every == self.known_every - 1 {
                self.entities[address as usize] = wallet / self.known_every;
            }
        }
        address
    }

    /// A coin that is spent now, by how long coins lie; `None` if it is older than the ledger.
    fn coin(&mut self) -> Option<u32> {
        let n_blocks = self.blocks.len() as u32;
        for _ in 0..8 {
            let place = self.random.below(100);
            let age = match AGES.iter().position(|(share, _)| place < *share) {
                Some(0) => 0,
                Some(at) => {
                    let (after, until) = (AGES[at - 1].1, AGES[at].1);
                    after + 1 + self.random.below(until - after)
                }
                None => {
                    let uniform = self.random.next() as f64 / 2f64.powi(64);
                    (17.0 * (AGE_MAX / 17.0).powf(uniform)) as u32
                }
            };
            let block = n_blocks.checked_sub(1 + age)? as usize;
            let first = self.blocks[block].1;
            let end = self.blocks.get(block + 1).map_or(self.coins.len() as u32, |next| next.1);
            let coin = first + self.random.below((end - first).max(1));
            if self.coins.get(coin as usize).is_some_and(|coin| coin.spent_by == NONE) {
                return Some(coin);
            }
        }
        None
    }

    /// The newest coins of a wallet that are not spent.
    fn take(&mut self, wallet: u32, n: usize, but: Option<u32>) -> Vec<u32> {
        let mut taken: Vec<u32> = but.into_iter().collect();
        let mut at = self.newest[wallet as usize];
        while at != NONE && self.coins[at as usize].spent_by != NONE {
            at = self.coins[at as usize].older_of_wallet;
        }
        self.newest[wallet as usize] = at;
        while at != NONE && taken.len() < n {
            let coin = self.coins[at as usize];
            if coin.spent_by == NONE && Some(at) != but {
                taken.push(at);
            }
            at = coin.older_of_wallet;
        }
        if but.is_none() {
            // All newer ones are spent now.
            self.newest[wallet as usize] = at;
        }
        taken
    }

    fn n_inputs(&mut self) -> usize {
        let n = match self.random.below(10_000) {
            0..7_690 => 1,
            7_690..9_065 => 2,
            9_065..9_700 => 3 + self.random.below(2),
            9_700..9_861 => 6 + self.random.below(4),
            9_861..9_971 => 11 + self.random.below(19),
            _ => 51 + self.random.below(103),
        };
        n as usize
    }

    fn n_outputs_of_one(&mut self) -> u32 {
        match self.random.below(10_000) {
            0..1_183 => 1,
            1_183..8_922 => 2,
            8_922..9_775 => 3 + self.random.below(2),
            9_775..9_882 => 6 + self.random.below(4),
            9_882..9_987 => 11 + self.random.below(31),
            _ => 51 + self.random.below(113),
        }
    }

    /// Which coins are spent: those of a service where there are many. None if they are older than the ledger.
    fn spend(&mut self, n_inputs: usize, n_outputs: u32) -> Vec<u32> {
        if (n_inputs > 2 || n_outputs > 5) && self.random.below(100) < 85 {
            let service = self.service();
            let taken = self.take(service, n_inputs, None);
            if !taken.is_empty() {
                return taken;
            }
        }
        let Some(coin) = self.coin() else { return Vec::new() };
        let wallet = self.owner[self.coins[coin as usize].address as usize];
        if wallet < N_SERVICES && n_inputs == 1 {
            return vec![coin];
        }
        self.take(wallet, n_inputs, Some(coin))
    }

    /// Where a payment goes.
    fn payee(&mut self) -> u32 {
        if self.random.below(100) < 30 {
            let service = self.service();
            return match self.shown[service as usize] {
                NONE => self.new_address(service),
                _ if self.random.below(100) < 55 => self.new_address(service),
                shown => shown,
            };
        }
        if self.random.below(100) < 65 {
            let wallet = self.newest.len() as u32;
            self.newest.push(NONE);
            return self.new_address(wallet);
        }
        // Somebody who was paid before.
        let known = self.random.below(self.owner.len() as u32);
        let known = self.coin().map_or(known, |coin| self.coins[coin as usize].address);
        if self.random.below(100) < 50 {
            known
        } else {
            self.new_address(self.owner[known as usize])
        }
    }

    fn change(&mut self, payer: u32, from: u32) -> u32 {
        let is_new = if payer < N_SERVICES { 35 } else { 88 };
        if self.random.below(100) < is_new { self.new_address(payer) } else { from }
    }

    /// Draws the next block.
    pub(crate) fn draw(&mut self) {
        self.blocks.push((self.starts.len() as u32, self.coins.len() as u32));
        let miner = 10 + self.random.below(20);
        let to = match self.shown[miner as usize] {
            NONE => self.new_address(miner),
            shown => shown,
        };
        self.write(&[], &[(to, MINTED_SAT)]);
        for _ in 1..N_TRANSACTIONS {
            let (n_inputs, n_outputs) = (self.n_inputs(), self.n_outputs_of_one());
            let spent = self.spend(n_inputs, n_outputs);
            let (spent, from, total) = match spent.first() {
                Some(first) => {
                    let from = self.coins[*first as usize].address;
                    let coins = spent.iter().map(|coin| self.coins[*coin as usize].amount_sat);
                    let total: u64 = coins.sum();
                    (spent, from, total - (total / 1_000).min(3_000))
                }
                None => {
                    let wallet = self.newest.len() as u32;
                    self.newest.push(NONE);
                    let from = self.new_address(wallet);
                    (vec![NONE; n_inputs], from, 1 + self.random.up_to(10_000_000_000))
                }
            };
            let payer = self.owner[from as usize];
            let mut outputs = Vec::new();
            let n_payees = if n_outputs == 1 { 1 } else { n_outputs - 1 };
            let percent = u64::from(1 + self.random.below(80));
            let paid = if n_outputs == 1 {
                total
            } else {
                (u128::from(total) * u128::from(percent) / 100) as u64
            };
            for _ in 0..n_payees {
                outputs.push((self.payee(), paid / u64::from(n_payees)));
            }
            let paid: u64 = outputs.iter().map(|output| output.1).sum();
            if n_outputs > 1 {
                outputs.push((self.change(payer, from), total - paid));
            }
            self.write(&spent, &outputs);
        }
    }

    fn write(&mut self, spent: &[u32], outputs: &[(u32, u64)]) {
        let tx = self.starts.len() as u32;
        self.starts.push((self.coins.len() as u32, self.spends.len() as u32));
        for &coin in spent {
            self.spends.push(coin);
            if coin != NONE {
                self.coins[coin as usize].spent_by = tx;
            }
        }
        for pair in spent.windows(2).filter(|pair| pair[0] != NONE) {
            let [a, b] = [pair[0], pair[1]].map(|coin| self.coins[coin as usize].address);
            self.join(a, b);
        }
        for &(address, amount_sat) in outputs {
            let coin = self.coins.len() as u32;
            let wallet = self.owner[address as usize] as usize;
            let older_of_wallet = std::mem::replace(&mut self.newest[wallet], coin);
            let older_of_address =
                std::mem::replace(&mut self.newest_of_address[address as usize], coin);
            self.coins.push(Coin {
                amount_sat,
                tx,
                address,
                spent_by: NONE,
                older_of_wallet,
                older_of_address,
            });
        }
    }

    /// Two addresses are of one owner.
    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.labels[a as usize], self.labels[b as usize]);
        if a == b {
            return;
        }
        let (kept, gone) = (a.min(b), a.max(b));
        let was = [kept, gone].map(|label| self.entities[label as usize]);
        let holder = was[0].min(was[1]);
        let own = self.members.remove(&gone).unwrap_or_else(|| vec![gone]);
        for &address in &own {
            self.labels[address as usize] = kept;
        }
        self.moved.extend(&own);
        let all = self.members.entry(kept).or_insert_with(|| vec![kept]);
        if was[0] != holder {
            self.moved.extend(all.iter());
            self.held.insert(kept);
        }
        all.extend(own);
        self.entities[gone as usize] = NONE;
        self.entities[kept as usize] = holder;
    }

    /// Draws a block; with it, what it changed of before.
    pub(crate) fn block(&mut self) -> (Blocks, Joined) {
        self.moved.clear();
        self.held.clear();
        let n_before = self.owner.len() as u32;
        self.draw();
        let addresses = self.moved.iter().filter(|address| **address < n_before);
        let cluster = |label: &u32| ClusterId::new(AddressId::new(*label));
        let joined = Joined {
            addresses: addresses.map(|address| AddressId::new(*address)).collect(),
            clusters: self.held.iter().filter(|label| **label < n_before).map(cluster).collect(),
        };
        (self.written(self.n_blocks() - 1..self.n_blocks()), joined)
    }

    /// All transactions in which addresses take part.
    pub(crate) fn touching(&self, addresses: impl Iterator<Item = u32>) -> Blocks {
        let mut txs = BTreeSet::new();
        for address in addresses {
            let mut at = self.newest_of_address[address as usize];
            while at != NONE {
                let coin = self.coins[at as usize];
                txs.extend([coin.tx, coin.spent_by].iter().filter(|tx| **tx != NONE));
                at = coin.older_of_address;
            }
        }
        self.rows(txs.into_iter())
    }

    /// Blocks as batches.
    pub(crate) fn written(&self, heights: std::ops::Range<u32>) -> Blocks {
        let first_of = |height: u32| {
            self.blocks.get(height as usize).map_or(self.starts.len() as u32, |block| block.0)
        };
        let mut blocks = self.rows(first_of(heights.start)..first_of(heights.end));
        for height in heights {
            blocks.batch.blocks.push(Block {
                height: Height::new(height),
                hash: BlockHash::default(),
                previous_hash: BlockHash::default(),
                merkle_root: [0; 32],
                time: Timestamp::new(i64::from(height) * 600),
                bits: 0,
                size_bytes: 0,
                n_transactions: 0,
                first_tx: TxIndex::new(u64::from(first_of(height))),
            });
        }
        blocks
    }

    /// Transactions as rows.
    fn rows(&self, txs: impl Iterator<Item = u32>) -> Blocks {
        let mut blocks =
            Blocks { batch: LedgerBatch::default(), previous: Vec::new(), mixes: Vec::new() };
        for tx in txs {
            let (coin, spend) = self.starts[tx as usize];
            let (coins_end, spends_end) = self
                .starts
                .get(tx as usize + 1)
                .copied()
                .unwrap_or((self.coins.len() as u32, self.spends.len() as u32));
            let height = self.blocks.partition_point(|block| block.0 <= tx) as u32 - 1;
            let spent = &self.spends[spend as usize..spends_end as usize];
            self.write_inputs(&mut blocks, (tx, height), spent);
            let (index, at) = (TxIndex::new(u64::from(tx)), Height::new(height));
            for (position, coin) in (0..).zip(&self.coins[coin as usize..coins_end as usize]) {
                blocks.batch.outputs.push(Output {
                    tx: index,
                    height: at,
                    position,
                    address: Some(AddressId::new(coin.address)),
                    amount_sat: coin.amount_sat,
                    script_type: ScriptType::P2wpkh,
                    script: None,
                });
            }
            blocks.batch.transactions.push(Transaction {
                index,
                height: at,
                time: Timestamp::new(i64::from(height) * 600),
                id: TxId::from_bytes([0; 32]),
                version: 2,
                lock_time: 0,
                size_bytes: 0,
                weight: 0,
                n_inputs: spent.len() as u32,
                n_outputs: coins_end - coin,
                coinbase: spent.is_empty(),
            });
        }
        blocks
    }

    fn write_inputs(&self, blocks: &mut Blocks, (tx, height): (u32, u32), spent: &[u32]) {
        for (position, &id) in (0..).zip(spent) {
            let coin = self.coins.get(id as usize);
            let output = coin.map_or(0, |coin| id - self.starts[coin.tx as usize].0);
            let spent = coin.map(|coin| Spent {
                address: Some(AddressId::new(coin.address)),
                amount_sat: coin.amount_sat,
                script_type: ScriptType::P2wpkh,
            });
            blocks.previous.push(coin.map_or(NONE, |coin| coin.tx));
            blocks.batch.inputs.push(Input {
                tx: TxIndex::new(u64::from(tx)),
                height: Height::new(height),
                position,
                previous: OutPoint { tx_id: TxId::from_bytes([0; 32]), output },
                sequence: 0,
                marks: InputMarks::default(),
                spent,
            });
        }
    }

    /// Prints figures of the last blocks beside those of real ones.
    pub(crate) fn likeness(&self) {
        const N: u32 = 17;
        let first = self.blocks[self.blocks.len().saturating_sub(N as usize)];
        let n = (self.n_blocks() as usize).min(N as usize) as f64;
        let (txs, coins) = (self.starts.len() as u32 - first.0, &self.coins[first.1 as usize..]);
        let spends = &self.spends[self.starts[first.0 as usize].1 as usize..];
        let last = self.blocks[self.blocks.len() - 1];
        let of_last = &self.spends[self.starts[last.0 as usize].1 as usize..];
        let share = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
        let is_young = |coin: &&u32| **coin >= first.1 && **coin != NONE;
        let young = of_last.iter().filter(is_young).count();
        let unknown = of_last.iter().filter(|coin| **coin == NONE).count();
        let mut times: BTreeMap<u32, u32> = BTreeMap::new();
        coins.iter().for_each(|coin| *times.entry(coin.address).or_default() += 1);
        let once = times.values().filter(|n| **n == 1).count();
        let is_held =
            |coin: &&Coin| self.entities[self.labels[coin.address as usize] as usize] != NONE;
        let rows = [
            ("transactions a block", 2_847.2, f64::from(txs) / n),
            ("inputs a block", 5_433.8, spends.len() as f64 / n),
            ("outputs a block", 6_941.3, coins.len() as f64 / n),
            ("addresses in 17 blocks, % of outputs", 77.0, share(times.len(), coins.len())),
            ("of these paid once, %", 94.2, share(once, times.len())),
            (
                "outputs of the busiest address",
                1_080.0,
                times.values().max().map_or(0.0, |n| f64::from(*n)),
            ),
            ("inputs of the last block made in the 17, %", 61.7, share(young, of_last.len())),
            ("of the last block older than the ledger, %", 38.3, share(unknown, of_last.len())),
            (
                "outputs to known parties, %",
                0.38,
                share(coins.iter().filter(is_held).count(), coins.len()),
            ),
            ("known parties", 21.0, self.categories.len() as f64),
        ];
        println!("| {:<44} | {:>9} | {:>9} |", "the last 17 blocks", "real", "drawn");
        for (name, real, drawn) in rows {
            println!("| {name:<44} | {real:9.1} | {drawn:9.1} |");
        }
    }
}

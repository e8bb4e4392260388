//! An economy whose coins are really spent: wallets of heavy-tailed sizes pay each other, a payer's coins are mostly recent
//! ones, change goes to a new address, a block mints one coin. The largest wallets are known entities.

use graph::NONE;
use ledger::{
    AddressId, Block, BlockHash, Category, Height, Input, InputMarks, LedgerBatch, Mix, OutPoint,
    Output, ScriptType, Spent, Timestamp, Transaction, TxId, TxIndex,
};
use tracehound_forensics::Owners;
use tracehound_forensics::exposure::Parties;

use crate::measure::Random;

pub(crate) const N_TRANSACTIONS: u32 = 2_700;
/// How far back the recent coins go.
const N_RECENT: u64 = 60_000;

#[derive(Clone, Copy)]
struct Coin {
    tx: u32,
    output: u32,
    wallet: u32,
    address: u32,
    amount_sat: u64,
}

/// A batch with the transaction behind each input.
pub(crate) struct Blocks {
    pub(crate) batch: LedgerBatch,
    pub(crate) previous: Vec<u32>,
    /// Labelled mixes among them; the drawn ledgers have none.
    #[allow(dead_code, reason = "only the bench `risk` has blocks with mixes")]
    pub(crate) mixes: Vec<Mix>,
}

pub(crate) struct Economy {
    pub(crate) random: Random,
    coins: Vec<Coin>,
    /// Coins of each wallet, newest last.
    purses: Vec<Vec<u32>>,
    /// By address.
    pub(crate) wallets: Vec<u32>,
    /// Addresses of each wallet.
    pub(crate) addresses: Vec<Vec<u32>>,
    pub(crate) labels: Vec<u32>,
    /// By label.
    pub(crate) entities: Vec<u32>,
    n_entities: u32,
    categories: Vec<Category>,
    n_transactions: u32,
    height: u32,
}

impl Economy {
    pub(crate) fn new(n_wallets: u32, n_entities: u32, seed: u64) -> Self {
        let category = |at: u32| Category::from_number((2 + at % 17) as u8).unwrap();
        Self {
            random: Random(seed),
            coins: Vec::new(),
            purses: vec![Vec::new(); n_wallets as usize],
            wallets: Vec::new(),
            addresses: vec![Vec::new(); n_wallets as usize],
            labels: Vec::new(),
            entities: Vec::new(),
            n_entities,
            categories: (0..=n_entities).map(category).collect(),
            n_transactions: 0,
            height: 0,
        }
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.coins.len()
    }

    pub(crate) fn parties(&self) -> Parties<'_> {
        let owners = Owners { labels: &self.labels, entities: &self.entities };
        Parties { owners, categories: &self.categories }
    }

    /// A number that no wallet has yet.
    pub(crate) fn spare_entity(&self) -> u32 {
        self.n_entities
    }

    pub(crate) fn blocks(&mut self, n: u32) -> Blocks {
        let mut blocks =
            Blocks { batch: LedgerBatch::default(), previous: Vec::new(), mixes: Vec::new() };
        for _ in 0..n {
            self.block(&mut blocks);
        }
        blocks
    }

    fn heavy(&mut self) -> u32 {
        let uniform = self.random.next() as f64 / 2f64.powi(64);
        (self.purses.len() as f64 * uniform.powi(3)) as u32
    }

    fn address(&mut self, wallet: u32, is_new: bool) -> u32 {
        let own = &mut self.addresses[wallet as usize];
        if let (false, Some(last)) = (is_new, own.last()) {
            return *last;
        }
        let address = self.wallets.len() as u32;
        own.push(address);
        self.labels.push(own[0]);
        self.wallets.push(wallet);
        let entity = if wallet < self.n_entities { wallet } else { NONE };
        self.entities.push(if own.len() == 1 { entity } else { NONE });
        address
    }

    /// Who pays and with which coins.
    fn spend(&mut self) -> Vec<u32> {
        let mut wallet = self.heavy();
        if self.random.below(2) == 0 || self.purses[wallet as usize].is_empty() {
            let n = self.coins.len() as u64;
            let back = u64::from(self.random.below(n.min(N_RECENT) as u32));
            wallet = self.coins[(n - 1 - back) as usize].wallet;
        }
        let wanted = match self.random.below(100) {
            0..55 => 1,
            55..80 => 2,
            80..96 => 3 + self.random.below(3),
            _ => 6 + self.random.below(45),
        };
        let mut spent = Vec::new();
        let purse = &mut self.purses[wallet as usize];
        for _ in 0..wanted {
            if purse.is_empty() {
                break;
            }
            let back = self.random.below(purse.len().min(8) as u32) as usize;
            let coin = purse.remove(purse.len() - 1 - back);
            spent.push(coin);
        }
        spent
    }

    fn block(&mut self, blocks: &mut Blocks) {
        blocks.batch.blocks.push(Block {
            height: Height::new(self.height),
            hash: BlockHash::default(),
            previous_hash: BlockHash::default(),
            merkle_root: [0; 32],
            time: Timestamp::new(i64::from(self.height) * 600),
            bits: 0,
            size_bytes: 0,
            n_transactions: 0,
            first_tx: TxIndex::new(u64::from(self.n_transactions)),
        });
        let miner = self.heavy();
        self.push(blocks, &[], &[(miner, false, 5_000_000_000)]);
        let mut n = 1;
        while n < N_TRANSACTIONS {
            let spent = self.spend();
            let Some(first) = spent.first() else {
                // An early block has little to spend.
                let miner = self.heavy();
                self.push(blocks, &[], &[(miner, false, 5_000_000_000)]);
                n += 1;
                continue;
            };
            let payer = self.coins[*first as usize].wallet;
            let total: u64 = spent.iter().map(|coin| self.coins[*coin as usize].amount_sat).sum();
            let fee = (total / 1_000).min(3_000);
            let n_payees = if self.random.below(20) == 0 { 2 + self.random.below(30) } else { 1 };
            let share = (total - fee) * u64::from(1 + self.random.below(80)) / 100;
            let mut outputs = Vec::new();
            for _ in 0..n_payees {
                let (payee, is_new) = (self.heavy(), self.random.below(2) == 0);
                outputs.push((payee, is_new, share / u64::from(n_payees)));
            }
            let paid: u64 = outputs.iter().map(|output| output.2).sum();
            outputs.push((payer, true, total - fee - paid));
            self.push(blocks, &spent, &outputs);
            n += 1;
        }
        self.height += 1;
    }

    fn push(&mut self, blocks: &mut Blocks, spent: &[u32], outputs: &[(u32, bool, u64)]) {
        let tx = TxIndex::new(u64::from(self.n_transactions));
        let (height, script_type) = (Height::new(self.height), ScriptType::P2wpkh);
        for (&coin, position) in spent.iter().zip(0..) {
            let coin = self.coins[coin as usize];
            let (address, amount_sat) = (Some(AddressId::new(coin.address)), coin.amount_sat);
            blocks.previous.push(coin.tx);
            blocks.batch.inputs.push(Input {
                tx,
                height,
                position,
                previous: OutPoint { tx_id: TxId::from_bytes([0; 32]), output: coin.output },
                sequence: 0,
                marks: InputMarks::default(),
                spent: Some(Spent { address, amount_sat, script_type }),
            });
        }
        for (&(wallet, is_new, amount_sat), output) in outputs.iter().zip(0..) {
            let address = self.address(wallet, is_new);
            let tx_number = self.n_transactions;
            self.purses[wallet as usize].push(self.coins.len() as u32);
            let coin = Coin { tx: tx_number, output, wallet, address, amount_sat };
            self.coins.push(coin);
            let address = Some(AddressId::new(address));
            blocks.batch.outputs.push(Output {
                tx,
                height,
                position: output,
                address,
                amount_sat,
                script_type,
                script: None,
            });
        }
        blocks.batch.transactions.push(Transaction {
            index: tx,
            height,
            time: Timestamp::new(i64::from(self.height) * 600),
            id: TxId::from_bytes([0; 32]),
            version: 2,
            lock_time: 0,
            size_bytes: 0,
            weight: 0,
            n_inputs: spent.len() as u32,
            n_outputs: outputs.len() as u32,
            coinbase: spent.is_empty(),
        });
        self.n_transactions += 1;
    }

    /// A wallet that is no entity and has been paid.
    pub(crate) fn somebody(&mut self) -> u32 {
        loop {
            let wallet = self.heavy();
            if wallet >= self.n_entities && !self.addresses[wallet as usize].is_empty() {
                return wallet;
            }
        }
    }

    /// Two wallets turn out to be one; returns the addresses whose label changes.
    pub(crate) fn merge(&mut self) -> Vec<AddressId> {
        let (a, b) = (self.somebody(), self.somebody());
        let [label_a, label_b] =
            [a, b].map(|wallet| self.labels[self.addresses[wallet as usize][0] as usize]);
        if label_a == label_b {
            return Vec::new();
        }
        let (kept, gone) = (label_a.min(label_b), label_a.max(label_b));
        let of = if gone == label_a { a } else { b };
        let mut changed = Vec::new();
        for &address in &self.addresses[of as usize] {
            if self.labels[address as usize] == gone {
                self.labels[address as usize] = kept;
                changed.push(AddressId::new(address));
            }
        }
        // The two pay from one purse and name one list from now on.
        let moved = std::mem::take(&mut self.addresses[of as usize]);
        let other = if of == a { b } else { a };
        self.addresses[other as usize].extend(moved);
        self.addresses[other as usize].sort_unstable();
        changed
    }

    /// Makes a wallet an entity, or nobody known; returns its addresses.
    pub(crate) fn tag(&mut self, wallet: u32, entity: u32) -> Vec<AddressId> {
        let label = self.labels[self.addresses[wallet as usize][0] as usize];
        self.entities[label as usize] = entity;
        self.addresses[wallet as usize].iter().map(|address| AddressId::new(*address)).collect()
    }
}

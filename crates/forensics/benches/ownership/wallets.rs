//! A ledger of wallets with heavy-tailed sizes: a wallet pays from one to fifty of its addresses, to another wallet,
//! and gets its change on a new address.

use ledger::{
    AddressId, Block, BlockHash, Height, Input, InputMarks, LedgerBatch, OutPoint, Output,
    ScriptType, Spent, Timestamp, Transaction, TxId, TxIndex,
};

use crate::measure::Random;

pub(crate) const N_TRANSACTIONS: u32 = 2_700;

pub(crate) struct Wallets {
    random: Random,
    /// The addresses of each wallet.
    addresses: Vec<Vec<u32>>,
    n_addresses: u32,
}

/// Address and amount.
pub(crate) type Part = (u32, u64);

impl Wallets {
    pub(crate) fn new(n_wallets: u32, seed: u64) -> Self {
        let addresses = vec![Vec::new(); n_wallets as usize];
        Self { random: Random(seed), addresses, n_addresses: 0 }
    }

    pub(crate) fn n_addresses(&self) -> u32 {
        self.n_addresses
    }

    pub(crate) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// One address of each of the hundred largest wallets is known to be of an entity.
    pub(crate) fn entities(&self) -> Vec<(AddressId, u32)> {
        let largest = self.addresses.iter().take(100).zip(0..);
        let mut entities: Vec<(AddressId, u32)> = largest
            .filter_map(|(own, entity)| Some((AddressId::new(*own.first()?), entity)))
            .collect();
        entities.sort_unstable();
        entities
    }

    pub(crate) fn wallet(&mut self) -> usize {
        self.random.heavy(self.addresses.len() as u32) as usize
    }

    pub(crate) fn new_address(&mut self, wallet: usize) -> u32 {
        let address = self.n_addresses;
        self.addresses[wallet].push(address);
        self.n_addresses += 1;
        address
    }

    /// One of the wallet's addresses, a recent one half of the time; a new one if it has none.
    pub(crate) fn address(&mut self, wallet: usize) -> u32 {
        let n_own = self.addresses[wallet].len() as u32;
        if n_own == 0 {
            return self.new_address(wallet);
        }
        let back = if self.random.percent() < 50 { n_own.min(8) } else { n_own };
        let place = n_own - 1 - self.random.below(back);
        self.addresses[wallet][place as usize]
    }

    pub(crate) fn inputs(&mut self, wallet: usize, n_inputs: u32) -> Vec<Part> {
        (0..n_inputs).map(|_| (self.address(wallet), 50_000)).collect()
    }

    /// Inputs and outputs of a transaction.
    fn transaction(&mut self) -> (Vec<Part>, Vec<Part>) {
        let (payer, payee) = (self.wallet(), self.wallet());
        let n_inputs = match self.random.percent() {
            0..60 => 1,
            60..80 => 2,
            80..95 => 3 + self.random.below(3),
            _ => 6 + self.random.below(45),
        };
        let inputs = self.inputs(payer, n_inputs);
        let is_new = self.random.percent() < 50;
        let paid = if is_new { self.new_address(payee) } else { self.address(payee) };
        let change = self.new_address(payer);
        let amount = 10_000 + u64::from(self.random.below(20_000));
        (inputs, vec![(paid, amount), (change, u64::from(n_inputs) * 50_000 - amount)])
    }

    pub(crate) fn ledger(&mut self, n_addresses: u32) -> LedgerBatch {
        let mut batch = LedgerBatch::default();
        while self.n_addresses < n_addresses {
            let height = batch.transactions.len() as u32 / N_TRANSACTIONS;
            if batch.blocks.len() as u32 == height {
                push_block(&mut batch, height, 0);
            }
            let (inputs, outputs) = self.transaction();
            push(&mut batch, height, 0, &inputs, &outputs);
        }
        batch
    }

    pub(crate) fn block(&mut self, height: u32, first_tx: u64) -> LedgerBatch {
        let mut batch = LedgerBatch::default();
        push_block(&mut batch, height, first_tx);
        for _ in 0..N_TRANSACTIONS {
            let (inputs, outputs) = self.transaction();
            push(&mut batch, height, first_tx, &inputs, &outputs);
        }
        batch
    }
}

pub(crate) fn push_block(batch: &mut LedgerBatch, height: u32, first_tx: u64) {
    batch.blocks.push(Block {
        height: Height::new(height),
        hash: BlockHash::from_bytes([0; 32]),
        previous_hash: BlockHash::from_bytes([0; 32]),
        merkle_root: [0; 32],
        time: Timestamp::new(i64::from(height) * 600),
        bits: 0,
        size_bytes: 0,
        n_transactions: 0,
        first_tx: TxIndex::new(first_tx + batch.transactions.len() as u64),
    });
}

pub(crate) fn push(
    batch: &mut LedgerBatch,
    height: u32,
    first_tx: u64,
    inputs: &[Part],
    outputs: &[Part],
) {
    let tx = TxIndex::new(first_tx + batch.transactions.len() as u64);
    let at = Height::new(height);
    let script_type = ScriptType::NonStandard;
    for (position, &(address, amount_sat)) in (0..).zip(inputs) {
        let address = Some(AddressId::new(address));
        batch.inputs.push(Input {
            tx,
            height: at,
            position,
            previous: OutPoint { tx_id: TxId::from_bytes([0; 32]), output: 0 },
            sequence: 0,
            marks: InputMarks::default(),
            spent: Some(Spent { address, amount_sat, script_type }),
        });
    }
    for (position, &(address, amount_sat)) in (0..).zip(outputs) {
        let address = Some(AddressId::new(address));
        batch.outputs.push(Output {
            tx,
            height: at,
            position,
            address,
            amount_sat,
            script_type,
            script: None,
        });
    }
    batch.transactions.push(Transaction {
        index: tx,
        height: at,
        time: Timestamp::new(i64::from(height) * 600),
        id: TxId::from_bytes([0; 32]),
        version: 2,
        lock_time: 0,
        size_bytes: 0,
        weight: 0,
        n_inputs: inputs.len() as u32,
        n_outputs: outputs.len() as u32,
        coinbase: inputs.is_empty(),
    });
}

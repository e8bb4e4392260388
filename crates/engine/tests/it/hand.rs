//! Worlds written by hand: one line a transaction, `a b -> c:5 d:2`, every input the oldest coin of its address.

use std::collections::{BTreeMap, VecDeque};

use ledger::{
    Address, AddressFamily, BlockHash, Chain, DecodedBlock, DecodedInput, DecodedOutput,
    DecodedTransaction, Height, InputMarks, OutPoint, ScriptType, Timestamp, TxId,
};

/// When the first block was found.
pub(crate) const FIRST_TIME_S: i64 = 1_600_000_000;

/// An address by its name: at most eight letters.
fn address(name: &str) -> Address {
    let mut payload = [7; 20];
    payload[..name.len()].copy_from_slice(name.as_bytes());
    Address::of_20(AddressFamily::P2pkh, payload)
}

/// Its text.
pub(crate) fn text(name: &str) -> String {
    address(name).display(Chain::Bitcoin)
}

/// A chain that grows by hand.
#[derive(Default)]
pub(crate) struct Hand {
    n_blocks: u32,
    n_transactions: u8,
    coins: BTreeMap<String, VecDeque<OutPoint>>,
}

impl Hand {
    /// The next block: its first line is the coinbase. Amounts are in hundredths of a bitcoin.
    pub(crate) fn block(&mut self, lines: &str) -> DecodedBlock {
        let height = self.n_blocks;
        self.n_blocks += 1;
        let hash = |height: u32| {
            let mut hash = [1; 32];
            hash[..4].copy_from_slice(&height.to_le_bytes());
            BlockHash::from_bytes(hash)
        };
        let mut block = DecodedBlock {
            height: Height::new(height),
            hash: hash(height),
            previous_hash: height.checked_sub(1).map_or(BlockHash::default(), hash),
            merkle_root: [height.to_le_bytes()[0]; 32],
            time: Timestamp::new(FIRST_TIME_S + 600 * i64::from(height)),
            bits: 0x207f_ffff,
            size_bytes: 80,
            transactions: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            aliases: Vec::new(),
            has_spent_outputs: false,
        };
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.transaction(&mut block, line);
        }
        block
    }

    fn transaction(&mut self, block: &mut DecodedBlock, line: &str) {
        let (payers, payees) = line.split_once("->").unwrap();
        self.n_transactions += 1;
        let id = TxId::from_bytes([self.n_transactions; 32]);
        let payers: Vec<&str> = payers.split_whitespace().collect();
        let payees: Vec<&str> = payees.split_whitespace().collect();
        for payer in &payers {
            let coin = self.coins.get_mut(*payer).and_then(VecDeque::pop_front);
            block.inputs.push(DecodedInput {
                previous: coin.unwrap_or_else(|| panic!("{payer} has no coin: {line}")),
                sequence: u32::MAX,
                marks: InputMarks::default(),
                spent: None,
            });
        }
        for (output, payee) in (0..).zip(&payees) {
            let (name, amount) = payee.split_once(':').unwrap();
            block.outputs.push(DecodedOutput {
                amount_sat: amount.parse::<u64>().unwrap() * 1_000_000,
                script_type: ScriptType::P2pkh,
                address: Some(address(name)),
                script: None,
            });
            self.coins
                .entry(name.to_owned())
                .or_default()
                .push_back(OutPoint { tx_id: id, output });
        }
        block.transactions.push(DecodedTransaction {
            id,
            version: 2,
            lock_time: 0,
            size_bytes: 200,
            weight: 800,
            n_inputs: u32::try_from(payers.len()).unwrap(),
            n_outputs: u32::try_from(payees.len()).unwrap(),
            coinbase: payers.is_empty(),
        });
    }
}

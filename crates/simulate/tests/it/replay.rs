//! The oracle: reads raw blocks with the `bitcoin` crate, checks what a node checks (but for signatures) and keeps who
//! paid whom. Shares no code with the simulation: addresses go script → text → bytes.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::blockdata::opcodes::all::OP_RETURN;
use bitcoin::hashes::{Hash, hash160};
use bitcoin::{Block, BlockHash, Network, OutPoint, Script, Transaction, Txid, consensus};
use ledger::{Address, AddressFamily, TxId};

/// A spendable output that exists.
#[derive(Clone, Debug)]
pub(crate) struct Utxo {
    pub(crate) amount_sat: u64,
    pub(crate) script: bitcoin::ScriptBuf,
    pub(crate) address: Address,
    height: u32,
    coinbase: bool,
}

/// A transaction with what it spends.
pub(crate) struct Seen {
    pub(crate) id: TxId,
    pub(crate) spent: Vec<Utxo>,
    pub(crate) paid: Vec<(Address, u64)>,
    pub(crate) transaction: Transaction,
}

impl Seen {
    pub(crate) fn payers(&self) -> BTreeSet<Address> {
        self.spent.iter().map(|utxo| utxo.address).collect()
    }

    pub(crate) fn paid_to(&self, address: Address) -> Option<u64> {
        self.paid.iter().find(|row| row.0 == address).map(|row| row.1)
    }

    pub(crate) fn everybody(&self) -> BTreeSet<Address> {
        self.payers().into_iter().chain(self.paid.iter().map(|row| row.0)).collect()
    }
}

#[derive(Clone, Default)]
pub(crate) struct Chain {
    utxos: BTreeMap<OutPoint, Utxo>,
    tip: Option<(BlockHash, u32)>,
    n_blocks: u32,
}

/// Everything of a valid chain, in order.
pub(crate) struct History {
    pub(crate) transactions: Vec<Seen>,
    pub(crate) place: BTreeMap<TxId, usize>,
}

impl History {
    pub(crate) fn of(blocks: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut chain = Chain::default();
        let transactions: Vec<_> =
            blocks.into_iter().flat_map(|block| chain.connect(&block)).collect();
        let place = transactions.iter().enumerate().map(|(place, seen)| (seen.id, place)).collect();
        Self { transactions, place }
    }

    #[track_caller]
    pub(crate) fn tx(&self, id: TxId) -> &Seen {
        &self.transactions[self.place[&id]]
    }

    pub(crate) fn addresses(&self) -> BTreeSet<Address> {
        self.transactions.iter().flat_map(|seen| &seen.paid).map(|row| row.0).collect()
    }
}

pub(crate) fn name(id: Txid) -> TxId {
    TxId::from_bytes(id.to_byte_array())
}

impl Chain {
    /// Appends a block after every check.
    #[track_caller]
    pub(crate) fn connect(&mut self, bytes: &[u8]) -> Vec<Seen> {
        let block: Block = consensus::deserialize(bytes).unwrap();
        let height = self.n_blocks;
        self.check_header(&block);
        match height {
            0 => {}
            // The `bitcoin` crate does not read the short form, OP_1 to OP_16.
            1..=16 => {
                let script = block.txdata[0].input[0].script_sig.as_bytes();
                assert_eq!(u32::from(script[0]), 0x50 + height);
            }
            _ => assert_eq!(block.bip34_block_height().unwrap(), u64::from(height)),
        }
        let mut fees_sat = 0;
        let mut seen = Vec::new();
        for (position, transaction) in block.txdata.iter().enumerate() {
            assert_eq!(transaction.is_coinbase(), position == 0);
            assert!(transaction.lock_time.to_consensus_u32() < height.max(1), "not final");
            let spent = if position == 0 { Vec::new() } else { self.spend(transaction, height) };
            let paid_sat: u64 = transaction.output.iter().map(|output| output.value.to_sat()).sum();
            if position > 0 {
                let spent_sat: u64 = spent.iter().map(|utxo| utxo.amount_sat).sum();
                assert!(spent_sat > paid_sat, "{} pays no fee", transaction.compute_txid());
                fees_sat += spent_sat - paid_sat;
            }
            seen.push(self.add(transaction, spent, height));
        }
        let reward_sat: u64 =
            block.txdata[0].output.iter().map(|output| output.value.to_sat()).sum();
        assert_eq!(reward_sat, (5_000_000_000_u64 >> (height / 150)) + fees_sat);
        self.n_blocks += 1;
        seen
    }

    fn check_header(&mut self, block: &Block) {
        let header = &block.header;
        let regtest = bitcoin::consensus::Params::REGTEST;
        header.validate_pow(regtest.max_attainable_target).unwrap();
        assert!(block.check_merkle_root());
        assert!(block.check_witness_commitment());
        match self.tip {
            None => assert_eq!(header.block_hash().to_byte_array(), regtest_genesis()),
            Some((hash, time_s)) => {
                assert_eq!(header.prev_blockhash, hash);
                assert!(header.time > time_s);
            }
        }
        self.tip = Some((header.block_hash(), header.time));
    }

    fn spend(&mut self, transaction: &Transaction, height: u32) -> Vec<Utxo> {
        let take = |input: &bitcoin::TxIn| {
            let point = input.previous_output;
            let utxo = self.utxos.remove(&point);
            let utxo = utxo.unwrap_or_else(|| panic!("{point} does not exist or is spent"));
            assert!(!utxo.coinbase || height >= utxo.height + 100, "{point} is not mature");
            utxo
        };
        transaction.input.iter().map(take).collect()
    }

    fn add(&mut self, transaction: &Transaction, spent: Vec<Utxo>, height: u32) -> Seen {
        let id = transaction.compute_txid();
        let mut paid = Vec::new();
        for (vout, output) in (0..).zip(&transaction.output) {
            let Some(address) = address_of(&output.script_pubkey) else {
                assert_eq!(output.value.to_sat(), 0, "coins burnt");
                continue;
            };
            let utxo = Utxo {
                amount_sat: output.value.to_sat(),
                script: output.script_pubkey.clone(),
                address,
                height,
                coinbase: transaction.is_coinbase(),
            };
            paid.push((address, utxo.amount_sat));
            let double = self.utxos.insert(OutPoint { txid: id, vout }, utxo);
            assert!(double.is_none(), "{id} comes twice");
        }
        Seen { id: name(id), spent, paid, transaction: transaction.clone() }
    }
}

/// The address as the ledger keeps it; `None` for data.
pub(crate) fn address_of(script: &Script) -> Option<Address> {
    let hash = |bytes: &[u8]| hash160::Hash::hash(bytes).to_byte_array();
    let bytes = script.as_bytes();
    if bytes.first() == Some(&OP_RETURN.to_u8()) {
        return None;
    }
    if script.is_p2pk() {
        let key = script.p2pk_public_key().expect("P2PK keys are on the curve");
        return Some(Address::of_20(AddressFamily::P2pkh, key.pubkey_hash().to_byte_array()));
    }
    if script.is_multisig() {
        return Some(Address::of_20(AddressFamily::BareMultisig, hash(bytes)));
    }
    let text = bitcoin::Address::from_script(script, Network::Bitcoin).unwrap().to_string();
    Some(parsed(&text))
}

pub(crate) fn parsed(text: &str) -> Address {
    ledger::parse_address(text).unwrap().address
}

fn regtest_genesis() -> [u8; 32] {
    // Bitcoin Core's hashGenesisBlock of regtest, as written there.
    let shown = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let mut bytes: [u8; 32] = ledger::bytes_from_hex(shown).unwrap();
    bytes.reverse();
    bytes
}

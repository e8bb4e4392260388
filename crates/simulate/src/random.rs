//! Random little ledgers for property tests: decoded blocks, not bytes, with everything odd in them.
//!
//! In: a seed and a [`Shape`]. Out: consecutive [`DecodedBlock`]s whose inputs spend earlier outputs, of the same
//! block too; a few owners whose addresses come back; rounds of several owners; inputs from before the ledger, told by
//! the source or unknown; bare multisig, `OP_RETURN`, several forms of one key. A chain can be forked at any block.
//! Departures: hashes are of counters, not of headers, and nothing has a wire form; [`World`](crate::World) has.
//! Cost: linear. Checked by a replay of its own laws (`tests/it/random.rs`).

mod numbered;

use std::collections::BTreeMap;

use bitcoin_hashes::{Hash, hash160, sha256d};
use ledger::{
    Address, AddressFamily, AliasKind, BlockHash, DecodedAlias, DecodedBlock, DecodedInput,
    DecodedOutput, DecodedTransaction, Height, OutPoint, ScriptType, SpentByInput, Timestamp, TxId,
};

use crate::dice::Dice;
use crate::truth::OwnerId;
pub use numbered::{Numbered, RandomLedger, number, random_ledger};

const FIRST_TIME_S: i64 = 1_600_000_000;
const SUBSIDY_SAT: u64 = 5_000_000_000;

/// Forms in which one key of an owner appears.
const FORMS: u32 = 6;

/// What a random chain is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// At least 2.
    pub n_owners: u32,
    /// Addresses of each; few make for much reuse. At least 1.
    pub n_addresses: u32,
    /// Most transactions of a block beside its coinbase.
    pub transactions_max: u32,
    /// How many inputs in a thousand come from before the ledger.
    pub outside_per_mille: u32,
    /// How many transactions in a thousand are rounds of three to five owners.
    pub collaborative_per_mille: u32,
    /// How many blocks in a thousand carry what their inputs spend.
    pub undo_per_mille: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            n_owners: 8,
            n_addresses: 15,
            transactions_max: 8,
            outside_per_mille: 60,
            collaborative_per_mille: 80,
            undo_per_mille: 300,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Unspent {
    point: OutPoint,
    owner: OwnerId,
    spent: SpentByInput,
}

/// A chain that grows by one random block at a time. A clone grows in the same way; a fork in another.
#[derive(Clone, Debug)]
pub struct RandomChain {
    seed: u64,
    salt: u64,
    shape: Shape,
    dice: Dice,
    next_height: u32,
    tip: BlockHash,
    unspent: Vec<Unspent>,
    owners: BTreeMap<Address, OwnerId>,
    collaborative: Vec<TxId>,
    n_ids: u64,
}

/// Random blocks from height 0 in the default shape.
pub fn random_blocks(seed: u64, n_blocks: u32) -> Vec<DecodedBlock> {
    RandomChain::new(seed, Shape::default()).next_blocks(n_blocks)
}

impl RandomChain {
    /// A chain without a block.
    ///
    /// # Panics
    /// If the shape has fewer than two owners, or owners without addresses.
    pub fn new(seed: u64, shape: Shape) -> Self {
        assert!(shape.n_owners >= 2 && shape.n_addresses >= 1, "nobody can pay anybody: {shape:?}");
        Self {
            seed,
            salt: 0,
            shape,
            dice: Dice::new(seed, 0),
            next_height: 0,
            tip: BlockHash::default(),
            unspent: Vec::new(),
            owners: BTreeMap::new(),
            collaborative: Vec::new(),
            n_ids: 0,
        }
    }

    /// The same chain up to here, growing otherwise from here; each salt gives another branch.
    pub fn fork(&self, salt: u64) -> Self {
        let salt = self.salt.wrapping_mul(31).wrapping_add(salt).wrapping_add(1);
        Self { salt, dice: Dice::new(self.seed, salt), ..self.clone() }
    }

    /// Who owns an address that some output or told input has paid.
    pub fn owner_of(&self, address: &Address) -> Option<OwnerId> {
        self.owners.get(address).copied()
    }

    /// Transactions whose inputs have several owners; those of all other transactions have one.
    pub fn collaborative(&self) -> &[TxId] {
        &self.collaborative
    }

    /// The next `n` blocks.
    pub fn next_blocks(&mut self, n: u32) -> Vec<DecodedBlock> {
        (0..n).map(|_| self.next_block()).collect()
    }

    /// The next block.
    pub fn next_block(&mut self) -> DecodedBlock {
        let height = self.next_height;
        let told = self.dice.chance(u64::from(self.shape.undo_per_mille));
        let hash = BlockHash::from_bytes(self.digest(b"block"));
        let mut block = DecodedBlock {
            height: Height::new(height),
            hash,
            previous_hash: std::mem::replace(&mut self.tip, hash),
            merkle_root: self.digest(b"root"),
            time: Timestamp::new(
                FIRST_TIME_S + 600 * i64::from(height) + i64::from(self.below(300)),
            ),
            bits: 0x207f_ffff,
            size_bytes: 80,
            transactions: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            aliases: Vec::new(),
            has_spent_outputs: told,
        };
        let miner = self.somebody();
        self.finish(&mut block, &[], vec![(miner, SUBSIDY_SAT)]);
        for _ in 0..self.below(self.shape.transactions_max + 1) {
            if self.dice.chance(u64::from(self.shape.collaborative_per_mille)) {
                self.round(&mut block);
            } else {
                self.payment(&mut block);
            }
        }
        self.next_height += 1;
        block
    }

    /// One owner pays one to four, itself maybe among them.
    fn payment(&mut self, block: &mut DecodedBlock) {
        let owner = self.somebody();
        let mut inputs = Vec::new();
        for _ in 0..=self.below(3) {
            inputs.extend(self.take(owner));
        }
        if inputs.is_empty() || self.dice.chance(u64::from(self.shape.outside_per_mille)) {
            inputs.push(self.outside(owner));
        }
        let n_outputs = 1 + self.below(4);
        let total: u64 = inputs.iter().map(|input| input.spent.amount_sat).sum();
        let share = total * self.dice.between(900, 999) / 1_000 / u64::from(n_outputs);
        let outputs = (0..n_outputs).map(|_| (self.somebody(), share)).collect();
        self.finish(block, &inputs, outputs);
    }

    /// Three to five owners with a coin each get equal outputs and their change.
    fn round(&mut self, block: &mut DecodedBlock) {
        let wanted = self.dice.between(3, 5);
        let mut inputs: Vec<Unspent> = Vec::new();
        let first = self.below(self.shape.n_owners);
        for step in 0..self.shape.n_owners {
            let owner = OwnerId::new((first + step) % self.shape.n_owners);
            if (inputs.len() as u64) < wanted {
                inputs.extend(self.take(owner));
            }
        }
        let Some(least) = inputs.iter().map(|input| input.spent.amount_sat).min() else { return };
        if inputs.len() < 3 || least < 10_000 {
            self.unspent.append(&mut inputs);
            return;
        }
        let equal = least / 2;
        let equals = inputs.iter().map(|input| (input.owner, equal));
        let changes = inputs.iter().map(|input| (input.owner, input.spent.amount_sat - equal - 10));
        let outputs = equals.chain(changes).collect();
        let id = self.finish(block, &inputs, outputs);
        self.collaborative.push(id);
    }

    fn finish(
        &mut self,
        block: &mut DecodedBlock,
        inputs: &[Unspent],
        payments: Vec<(OwnerId, u64)>,
    ) -> TxId {
        let id = TxId::from_bytes(self.digest(b"tx"));
        let tx_position = u32::try_from(block.transactions.len()).expect("blocks are small");
        for input in inputs {
            let spent = block.has_spent_outputs.then_some(input.spent);
            block.inputs.push(DecodedInput {
                previous: input.point,
                sequence: u32::MAX,
                marks: ledger::InputMarks::default(),
                spent,
            });
            if spent.is_some() {
                let address = input.spent.address.expect("only spendable outputs are spent");
                self.owners.insert(address, input.owner);
            }
            block.aliases.extend(revealed(&input.spent).map(|(kind, a, b)| DecodedAlias {
                tx_position,
                kind,
                a,
                b,
            }));
        }
        let mut n_outputs = 0;
        for (owner, amount_sat) in payments {
            let output = self.output(owner, amount_sat);
            let address = output.address.expect("owners are paid at addresses");
            self.owners.insert(address, owner);
            let point = OutPoint { tx_id: id, output: n_outputs };
            let script_type = output.script_type;
            let spent = SpentByInput { amount_sat, script_type, address: Some(address) };
            self.unspent.push(Unspent { point, owner, spent });
            block.outputs.push(output);
            n_outputs += 1;
        }
        if self.dice.chance(100) {
            block.outputs.push(data_output(self.dice.bytes()));
            n_outputs += 1;
        }
        block.size_bytes += 200;
        block.transactions.push(DecodedTransaction {
            id,
            version: 2,
            lock_time: 0,
            size_bytes: 200,
            weight: 600,
            n_inputs: u32::try_from(inputs.len()).expect("transactions are small"),
            n_outputs,
            coinbase: tx_position == 0,
        });
        id
    }

    /// A random coin of an owner, taken out.
    fn take(&mut self, owner: OwnerId) -> Option<Unspent> {
        let own = |coin: &&Unspent| coin.owner == owner && coin.spent.amount_sat >= 1_000;
        let n_own = self.unspent.iter().filter(own).count();
        if n_own == 0 {
            return None;
        }
        let wanted = self.dice.index(n_own);
        let mut places = (0..self.unspent.len()).filter(|place| own(&&self.unspent[*place]));
        let place = places.nth(wanted).expect("counted above");
        Some(self.unspent.remove(place))
    }

    /// An output from before the ledger: nobody knows it unless the source tells.
    fn outside(&mut self, owner: OwnerId) -> Unspent {
        let amount_sat = self.dice.between(10_000, 1_000_000_000);
        let output = self.output(owner, amount_sat);
        let point =
            OutPoint { tx_id: TxId::from_bytes(self.digest(b"outside")), output: self.below(3) };
        let (script_type, address) = (output.script_type, output.address);
        Unspent { point, owner, spent: SpentByInput { amount_sat, script_type, address } }
    }

    fn output(&mut self, owner: OwnerId, amount_sat: u64) -> DecodedOutput {
        let number = self.below(self.shape.n_addresses);
        let (key, form) = (number / FORMS, number % FORMS);
        let seed = [
            self.seed.to_le_bytes(),
            (u64::from(owner.get()) << 32 | u64::from(key)).to_le_bytes(),
        ];
        let wide = sha256d::Hash::hash(&seed.concat()).to_byte_array();
        let short = hash160::Hash::hash(&wide).to_byte_array();
        let witness = Address::of_20(AddressFamily::P2wpkh, short);
        let plain = |address, script_type| (address, script_type, None);
        let (address, script_type, script) = match form {
            0 => plain(witness, ScriptType::P2wpkh),
            1 if self.dice.chance(200) => {
                plain(Address::of_20(AddressFamily::P2pkh, short), ScriptType::P2pk)
            }
            1 => plain(Address::of_20(AddressFamily::P2pkh, short), ScriptType::P2pkh),
            2 => {
                let mut siblings = witness.siblings();
                let nested = siblings.find(|sibling| sibling.family() == AddressFamily::P2sh);
                plain(nested.expect("a witness key can be nested"), ScriptType::P2sh)
            }
            3 => plain(Address::of_32(AddressFamily::P2tr, wide), ScriptType::P2tr),
            4 => plain(Address::of_32(AddressFamily::P2wsh, wide), ScriptType::P2wsh),
            _ => {
                let script = bare_multisig(&wide);
                let hash = hash160::Hash::hash(&script).to_byte_array();
                let address = Address::of_20(AddressFamily::BareMultisig, hash);
                (address, ScriptType::Multisig, Some(script.into()))
            }
        };
        DecodedOutput { amount_sat, script_type, address: Some(address), script }
    }

    fn somebody(&mut self) -> OwnerId {
        OwnerId::new(self.below(self.shape.n_owners))
    }

    fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.dice.below(u64::from(bound))).expect("below a u32")
    }

    /// A new hash; never the same on two branches.
    fn digest(&mut self, kind: &[u8]) -> [u8; 32] {
        self.n_ids += 1;
        let parts = [self.seed, self.salt, self.n_ids].map(u64::to_le_bytes).concat();
        sha256d::Hash::hash(&[kind, &parts].concat()).to_byte_array()
    }
}

/// What spending this shows.
fn revealed(spent: &SpentByInput) -> impl Iterator<Item = (AliasKind, Address, Address)> + use<> {
    let twin = |family| {
        let address = spent.address.expect("only spendable outputs are spent");
        (address, address.siblings().find(|sibling| sibling.family() == family))
    };
    let pair = match spent.script_type {
        ScriptType::P2pkh => Some((AliasKind::SameKey, twin(AddressFamily::P2wpkh))),
        ScriptType::P2wpkh => Some((AliasKind::WrappedScript, twin(AddressFamily::P2sh))),
        _ => None,
    };
    pair.and_then(|(kind, (a, b))| Some((kind, a, b?))).into_iter()
}

/// `1 <key> <key> 2 OP_CHECKMULTISIG` over keys made of these bytes.
fn bare_multisig(wide: &[u8; 32]) -> Vec<u8> {
    [&[0x51, 33, 2], wide.as_slice(), &[33, 3], wide.as_slice(), &[0x52, 0xae]].concat()
}

fn data_output(data: [u8; 8]) -> DecodedOutput {
    let script = [&[0x6a, 8], data.as_slice()].concat();
    DecodedOutput {
        amount_sat: 0,
        script_type: ScriptType::OpReturn,
        address: None,
        script: Some(script.into()),
    }
}

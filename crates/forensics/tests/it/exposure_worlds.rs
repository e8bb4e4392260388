//! Ledgers whose coins are really spent, owners that change, and exposure made in the plainest way.

use std::collections::BTreeMap;

use forensics::Owners;
use forensics::collaborative::possible_protocols;
use forensics::exposure::{
    ExposureOptions, ExposureState, Parties, PreviousTransactions, SentUpdate,
};
use ledger::{
    AddressId, Block, BlockHash, Category, Exposure, FlowSide, Height, Input, InputMarks,
    LedgerBatch, OutPoint, Output, ScriptType, Spent, Timestamp, Transaction, TransactionView,
    TxId, TxIndex,
};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

pub const N_ADDRESSES: u32 = 12;
/// By entity number.
pub const CATEGORIES: [Category; 4] =
    [Category::SANCTIONED, Category::EXCHANGE, Category::MIXING, Category::EXCHANGE];

/// A transaction to be: coins to spend, what comes from outside, outputs by address and weight.
#[derive(Clone, Debug)]
pub struct Plan {
    spends: Vec<prop::sample::Index>,
    outside: Option<(u32, u64)>,
    unknown: bool,
    outputs: Vec<(u32, u64)>,
    fee_percent: u64,
}

fn plan(unit: u64) -> impl Strategy<Value = Plan> {
    let outside = prop::option::weighted(0.2, (0..N_ADDRESSES + 1, 1..20 * unit));
    let weight = prop_oneof![Just(1u64), Just(1), 1..9u64];
    (
        vec(any::<prop::sample::Index>(), 0..4),
        outside,
        prop::bool::weighted(0.1),
        vec((0..N_ADDRESSES + 1, weight), 1..6),
        0..20u64,
    )
        .prop_map(|(spends, outside, unknown, outputs, fee_percent)| Plan {
            spends,
            outside,
            unknown,
            outputs,
            fee_percent,
        })
}

/// Blocks of a few transactions; amounts of some `unit`.
pub fn ledger(unit: u64) -> impl Strategy<Value = LedgerBatch> {
    vec(vec(plan(unit), 1..4), 1..9).prop_map(move |blocks| build(&blocks, unit))
}

#[derive(Default)]
struct Builder {
    batch: LedgerBatch,
    unspent: Vec<(OutPoint, Spent)>,
    /// Numbers in order of appearance.
    ids: BTreeMap<u32, AddressId>,
}

fn build(blocks: &[Vec<Plan>], unit: u64) -> LedgerBatch {
    let mut builder = Builder::default();
    for (plans, height) in blocks.iter().zip(0..) {
        let first_tx = TxIndex::new(builder.batch.transactions.len() as u64);
        // Miners' clocks disagree: times do not rise with height.
        let time = Timestamp::new(
            1_000 + (7 * i64::from(height) + i64::from(height) * i64::from(height) * 11) % 40,
        );
        for plan in plans {
            builder.transaction(plan, Height::new(height), time, unit);
        }
        builder.batch.blocks.push(Block {
            height: Height::new(height),
            hash: BlockHash::default(),
            previous_hash: BlockHash::default(),
            merkle_root: [0; 32],
            time,
            bits: 0,
            size_bytes: 0,
            n_transactions: u32::try_from(plans.len()).unwrap(),
            first_tx,
        });
    }
    builder.batch
}

impl Builder {
    fn id(&mut self, address: u32) -> Option<AddressId> {
        let next = AddressId::new(u32::try_from(self.ids.len()).unwrap());
        (address < N_ADDRESSES).then(|| *self.ids.entry(address).or_insert(next))
    }

    fn transaction(&mut self, plan: &Plan, height: Height, time: Timestamp, unit: u64) {
        let tx = TxIndex::new(self.batch.transactions.len() as u64);
        let mut name = [0; 32];
        name[..8].copy_from_slice(&(tx.get() + 1).to_le_bytes());
        let id = TxId::from_bytes(name);
        let mut inputs: Vec<(OutPoint, Option<Spent>)> = Vec::new();
        for spend in &plan.spends {
            if !self.unspent.is_empty() {
                let (point, spent) = self.unspent.remove(spend.index(self.unspent.len()));
                inputs.push((point, Some(spent)));
            }
        }
        let elsewhere = |output| OutPoint { tx_id: TxId::from_bytes([0xff; 32]), output };
        if let Some((address, amount_sat)) = plan.outside {
            let script_type = ScriptType::P2pkh;
            let spent = Spent { address: self.id(address), amount_sat, script_type };
            inputs.push((elsewhere(0), Some(spent)));
        }
        let paid: u64 =
            inputs.iter().filter_map(|(_, spent)| Some(spent.as_ref()?.amount_sat)).sum();
        if plan.unknown {
            inputs.insert(0, (elsewhere(1), None));
        }
        let coinbase = inputs.is_empty();
        let total = if coinbase { 50 * unit } else { paid - paid * plan.fee_percent / 100 };
        let total = if plan.unknown { total + 5 * unit } else { total };
        let weights: u64 = plan.outputs.iter().map(|(_, weight)| weight).sum();
        let mut n_outputs = 0;
        for &(address, weight) in &plan.outputs {
            let (address, amount_sat) = (self.id(address), total * weight / weights);
            let script_type = ScriptType::P2pkh;
            let row = Output {
                tx,
                height,
                position: n_outputs,
                address,
                amount_sat,
                script_type,
                script: None,
            };
            self.batch.outputs.push(row);
            let point = OutPoint { tx_id: id, output: n_outputs };
            self.unspent.push((point, Spent { address, amount_sat, script_type }));
            n_outputs += 1;
        }
        let row = Transaction {
            index: tx,
            height,
            time,
            id,
            version: 2,
            lock_time: 0,
            size_bytes: 0,
            weight: 0,
            n_inputs: u32::try_from(inputs.len()).unwrap(),
            n_outputs,
            coinbase,
        };
        self.finish(row, inputs);
    }

    fn finish(&mut self, row: Transaction, inputs: Vec<(OutPoint, Option<Spent>)>) {
        let (tx, height) = (row.index, row.height);
        for ((previous, spent), position) in inputs.into_iter().zip(0..) {
            let marks = InputMarks::default();
            let input = Input { tx, height, position, previous, sequence: 0, marks, spent };
            self.batch.inputs.push(input);
        }
        self.batch.transactions.push(row);
    }
}

/// Clusters and entities as columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub labels: Vec<u32>,
    pub entities: Vec<u32>,
}

/// Groups of addresses, some of them held by an entity.
pub fn owned() -> impl Strategy<Value = Owned> {
    let entity = prop::option::weighted(0.3, 0..4u32);
    (vec(0..8u32, N_ADDRESSES as usize), vec(entity, 8)).prop_map(|(groups, held)| {
        let first = |group: &u32| groups.iter().position(|other| other == group).unwrap();
        let labels: Vec<u32> = groups.iter().map(|g| u32::try_from(first(g)).unwrap()).collect();
        let mut entities = vec![graph::NONE; groups.len()];
        for group in &groups {
            entities[first(group)] = held[*group as usize].unwrap_or(graph::NONE);
        }
        Owned { labels, entities }
    })
}

impl Owned {
    pub fn parties(&self) -> Parties<'_> {
        let owners = Owners { labels: &self.labels, entities: &self.entities };
        Parties { owners, categories: &CATEGORIES }
    }
}

/// A price with gaps.
pub fn price(time: Timestamp) -> Option<u64> {
    let time = u64::try_from(time.get()).unwrap();
    (!time.is_multiple_of(3)).then_some(time * 1_000_003)
}

/// A state made at once.
pub fn from_empty(batch: &LedgerBatch, owned: &Owned, parts_max: u16) -> ExposureState {
    let sent = SentUpdate::EveryBlock;
    let mut state = ExposureState::new(ExposureOptions { parts_max, sent });
    let previous = PreviousTransactions::default().apply(batch);
    state.apply(batch, &previous, &owned.parties(), &price).unwrap();
    state
}

/// Cluster, side, direct, mixed, category, entity.
pub type Key = (u32, FlowSide, bool, bool, u8, u32);

pub fn key(row: &Exposure) -> Key {
    let category = row.category.number();
    (row.cluster.get().get(), row.side, row.direct, row.mixed, category, row.entity.get())
}

/// Category, entity, mixed.
type Origin = (u8, u32, bool);
type Mix = BTreeMap<Origin, f64>;

/// Exposure in floating numbers, transaction by transaction, with a map a coin.
pub struct Naive<'a> {
    owned: &'a Owned,
    views: Vec<TransactionView<'a>>,
    coins: BTreeMap<(TxId, u32), Mix>,
    pub rows: BTreeMap<Key, f64>,
}

const UNTRACED: Origin = (0, graph::NONE, false);
const MINED: Origin = (1, graph::NONE, false);

fn mixed(mix: Mix) -> Mix {
    let mut all = Mix::new();
    for ((category, entity, _), amount) in mix {
        *all.entry((category, entity, true)).or_default() += amount;
    }
    all
}

fn add(to: &mut Mix, other: &Mix, factor: f64) {
    for (origin, amount) in other {
        *to.entry(*origin).or_default() += amount * factor;
    }
}

impl<'a> Naive<'a> {
    pub fn new(batch: &'a LedgerBatch, owned: &'a Owned) -> Self {
        let views: Vec<_> = batch.views().collect();
        let mut naive = Self { owned, views, coins: BTreeMap::new(), rows: BTreeMap::new() };
        for at in 0..naive.views.len() {
            naive.receive(at);
        }
        naive.coins.clear();
        for at in (0..naive.views.len()).rev() {
            naive.send(at);
        }
        naive.rows.retain(|_, amount| *amount > 0.0);
        naive
    }

    fn label(&self, address: AddressId) -> u32 {
        self.owned.labels[address.index()]
    }

    fn entity(&self, address: Option<AddressId>) -> Option<Origin> {
        let entity = self.owned.entities[self.label(address?) as usize];
        (entity != graph::NONE).then(|| (CATEGORIES[entity as usize].number(), entity, false))
    }

    /// A coin from outside, by what holds it.
    fn seen(&self, point: OutPoint, address: Option<AddressId>, amount: f64) -> (Mix, bool) {
        if let Some(entity) = self.entity(address) {
            return (Mix::from([(entity, amount)]), true);
        }
        let known = self.coins.get(&(point.tx_id, point.output)).cloned();
        (known.unwrap_or_else(|| Mix::from([(UNTRACED, amount)])), false)
    }

    fn payers(&self, view: &TransactionView<'_>) -> Vec<u32> {
        let inputs = view.inputs.iter().filter_map(|input| input.spent?.address);
        inputs.map(|address| self.label(address)).collect()
    }

    fn row(&mut self, cluster: u32, side: FlowSide, direct: bool, mix: &Mix, factor: f64) {
        for (&(category, entity, mixed), amount) in mix {
            let key = (cluster, side, direct, mixed, category, entity);
            *self.rows.entry(key).or_default() += amount * factor;
        }
    }

    fn receive(&mut self, at: usize) {
        let view = self.views[at];
        let made: u64 = view.outputs.iter().map(|output| output.amount_sat).sum();
        let paid: u64 = view.inputs.iter().filter_map(|i| Some(i.spent?.amount_sat)).sum();
        let (mut direct, mut indirect) = (Mix::new(), Mix::new());
        for input in view.inputs {
            let Some(spent) = input.spent else { continue };
            let (mix, is_direct) =
                self.seen(input.previous, spent.address, spent.amount_sat as f64);
            add(if is_direct { &mut direct } else { &mut indirect }, &mix, 1.0);
        }
        let lack = made.saturating_sub(paid) as f64;
        if view.row.coinbase {
            add(&mut direct, &Mix::from([(MINED, lack)]), 1.0);
        } else {
            add(&mut indirect, &Mix::from([(UNTRACED, lack)]), 1.0);
        }
        if possible_protocols(&view).any() {
            (direct, indirect) = (mixed(direct), mixed(indirect));
        }
        let total = made.max(paid) as f64;
        for output in view.outputs.iter().filter(|output| output.amount_sat > 0) {
            let share = output.amount_sat as f64 / total;
            let mut own = Mix::new();
            add(&mut own, &direct, share);
            add(&mut own, &indirect, share);
            self.coins.insert((view.row.id, output.position), own);
            let label = output.address.map(|address| self.label(address));
            if let Some(label) = label.filter(|label| !self.payers(&view).contains(label)) {
                self.row(label, FlowSide::Received, true, &direct, share);
                self.row(label, FlowSide::Received, false, &indirect, share);
            }
        }
    }

    fn send(&mut self, at: usize) {
        let view = self.views[at];
        let made: u64 = view.outputs.iter().map(|output| output.amount_sat).sum();
        let paid: u64 = view.inputs.iter().filter_map(|i| Some(i.spent?.amount_sat)).sum();
        let payers = self.payers(&view);
        let (mut all, mut direct, mut indirect) = (Mix::new(), Mix::new(), Mix::new());
        for output in view.outputs {
            let point = OutPoint { tx_id: view.row.id, output: output.position };
            let (mix, is_direct) = self.seen(point, output.address, output.amount_sat as f64);
            add(&mut all, &mix, 1.0);
            if !output.address.is_some_and(|address| payers.contains(&self.label(address))) {
                add(if is_direct { &mut direct } else { &mut indirect }, &mix, 1.0);
            }
        }
        let fee = Mix::from([(MINED, paid.saturating_sub(made) as f64)]);
        add(&mut all, &fee, 1.0);
        add(&mut direct, &fee, 1.0);
        if possible_protocols(&view).any() {
            (all, direct, indirect) = (mixed(all), mixed(direct), mixed(indirect));
        }
        let total = made.max(paid) as f64;
        for input in view.inputs {
            let Some(spent) = input.spent.filter(|spent| spent.amount_sat > 0) else { continue };
            let share = spent.amount_sat as f64 / total;
            let mut own = Mix::new();
            add(&mut own, &all, share);
            self.coins.insert((input.previous.tx_id, input.previous.output), own);
            if let Some(address) = spent.address {
                let label = self.label(address);
                self.row(label, FlowSide::Sent, true, &direct, share);
                self.row(label, FlowSide::Sent, false, &indirect, share);
            }
        }
    }
}

//! What clusters have done: every transaction of one owner as a small record, before anything is known of clusters.
//!
//! In: batches of the ledger. Out: one [`Spend`] a transaction that is neither a coinbase nor possibly collaborative
//! and of which some payer is known, in chain order: how it was made (the class of every habit, see
//! [`super::rules`]), who put in, who was paid.
//! Source: the comparison of wallets in `docs/methods/entity-resolution.md`.
//! Departures: an accumulator per cluster is the usual form. It must be made again when a link is withdrawn, and
//! it cannot be taken back by height (first and last times are no sums). Records name *addresses*; clusters come
//! in as labels when [`super::Profiles`] are asked for. So merging, splitting and withdrawing need no
//! recomputation here, unwinding cuts the columns, and any cut into batches gives the same columns.
//! Cost: one pass; 80 bytes a transaction, 16 an output, 4 an input address.
//! Checked against: any cut into batches, unwinding, and counting by double loop (`tests/it/resolution.rs`).

use ledger::{Height, LedgerBatch, ScriptType, Timestamp, TransactionView, TxIndex};

use super::rules::{N_HABITS, classes};
use crate::collaborative::possible_protocols;

/// Records of all transactions so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Activity {
    spends: Vec<Spend>,
    inputs: Vec<u32>,
    payees: Vec<Payee>,
    /// Height, and how many addresses have appeared by its end; ascending.
    appeared: Vec<(u32, u32)>,
}

/// One transaction of one owner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spend {
    pub(super) tx: TxIndex,
    pub(super) height: Height,
    /// Of all addresses, how many had appeared before its outputs.
    pub(super) n_addresses_before: u32,
    /// Satoshi a virtual byte; `None` while an input is unknown or where no size is recorded.
    pub(super) fee_rate: Option<f32>,
    /// The smallest input in satoshi; `None` while an input is unknown.
    pub(super) smallest_input_sat: Option<u64>,
    /// The one script type of all inputs, if it is one and every input is known.
    pub(super) script_type: Option<ScriptType>,
    /// Outputs, those without an address among them.
    pub(super) n_outputs: u32,
    /// The class of each habit; [`UNKNOWN`] where it shows none.
    pub(super) habits: [u8; N_HABITS],
    first_input: usize,
    first_payee: usize,
}

/// An output with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payee {
    pub(super) amount_sat: u64,
    pub(super) address: u32,
    pub(super) script_type: ScriptType,
}

/// A habit of which a transaction shows nothing.
pub(super) const UNKNOWN: u8 = u8::MAX;

impl Activity {
    /// Appends the transactions of the next batch.
    pub fn apply(&mut self, batch: &LedgerBatch) {
        let mut n_addresses = self.n_addresses();
        for view in batch.views() {
            let of_inputs = view.inputs.iter().filter_map(|input| input.spent?.address);
            let before = of_inputs.map(|address| address.get() + 1).max().unwrap_or(0);
            let before = n_addresses.max(before);
            let of_outputs = view.outputs.iter().filter_map(|output| output.address);
            n_addresses = before.max(of_outputs.map(|a| a.get() + 1).max().unwrap_or(0));
            let height = view.row.height.get();
            match self.appeared.last_mut() {
                Some(last) if last.0 == height => last.1 = n_addresses,
                _ => self.appeared.push((height, n_addresses)),
            }
            self.push(&view, before);
        }
    }

    /// Takes back everything above `height`: as if it had never been there.
    pub fn unwind(&mut self, height: Height) {
        let n_left = self.spends.partition_point(|spend| spend.height <= height);
        if let Some(first) = self.spends.get(n_left) {
            self.inputs.truncate(first.first_input);
            self.payees.truncate(first.first_payee);
        }
        self.spends.truncate(n_left);
        self.appeared.truncate(self.appeared.partition_point(|row| row.0 <= height.get()));
    }

    /// How many addresses have appeared.
    pub fn n_addresses(&self) -> u32 {
        self.appeared.last().map_or(0, |row| row.1)
    }

    /// How many transactions are recorded.
    pub fn n_spends(&self) -> usize {
        self.spends.len()
    }

    /// The last block that was applied.
    pub fn height(&self) -> Option<Height> {
        self.appeared.last().map(|row| Height::new(row.0))
    }

    fn push(&mut self, view: &TransactionView<'_>, n_addresses_before: u32) {
        let first_input = self.inputs.len();
        let known = view.inputs.iter().filter_map(|input| Some(input.spent?.address?.get()));
        self.inputs.extend(known);
        if view.row.coinbase || self.inputs.len() == first_input || possible_protocols(view).any() {
            self.inputs.truncate(first_input);
            return;
        }
        let mut own = self.inputs.split_off(first_input);
        own.sort_unstable();
        own.dedup();
        self.inputs.append(&mut own);
        let payees = view.outputs.iter().filter_map(|output| {
            let (amount_sat, script_type) = (output.amount_sat, output.script_type);
            Some(Payee { address: output.address?.get(), amount_sat, script_type })
        });
        let first_payee = self.payees.len();
        self.payees.extend(payees);
        self.spends.push(Spend {
            tx: view.row.index,
            height: view.row.height,
            n_addresses_before,
            fee_rate: fee_rate(view),
            smallest_input_sat: known_inputs(view).and_then(|inputs| inputs.map(|i| i.0).min()),
            script_type: script_type(view),
            n_outputs: view.row.n_outputs,
            habits: classes(view),
            first_input,
            first_payee,
        });
    }

    pub(super) fn spends(&self) -> &[Spend] {
        &self.spends
    }

    /// Known input addresses of a record, ascending, each once; at least one.
    pub(super) fn inputs_of(&self, spend: usize) -> &[u32] {
        let end = self.spends.get(spend + 1).map_or(self.inputs.len(), |next| next.first_input);
        &self.inputs[self.spends[spend].first_input..end]
    }

    /// Outputs of a record that have an address.
    pub(super) fn payees_of(&self, spend: usize) -> &[Payee] {
        let end = self.spends.get(spend + 1).map_or(self.payees.len(), |next| next.first_payee);
        &self.payees[self.spends[spend].first_payee..end]
    }

    /// The block in which an address appeared first: ids are given in that order.
    pub(super) fn first_seen(&self, address: u32) -> Height {
        let at = self.appeared.partition_point(|row| row.1 <= address);
        let row = self.appeared.get(at).or(self.appeared.last());
        Height::new(row.map_or(0, |row| row.0))
    }
}

/// Amount and script type of every input, `None` while one is unknown.
pub(super) fn known_inputs<'v>(
    view: &TransactionView<'v>,
) -> Option<impl Iterator<Item = (u64, ScriptType)> + use<'v>> {
    let inputs = view.inputs;
    inputs.iter().all(|input| input.spent.is_some()).then(|| {
        inputs.iter().filter_map(|input| input.spent.map(|s| (s.amount_sat, s.script_type)))
    })
}

fn script_type(view: &TransactionView<'_>) -> Option<ScriptType> {
    let mut types = known_inputs(view)?.map(|input| input.1);
    let first = types.next()?;
    types.all(|other| other == first).then_some(first)
}

/// Satoshi a virtual byte, where every input and the weight are known.
#[expect(clippy::cast_possible_truncation, reason = "a rate of 24 binary digits is precise enough")]
pub(super) fn fee_rate(view: &TransactionView<'_>) -> Option<f32> {
    let fee_sat = view.fee_sat()?;
    let weight = view.row.weight;
    (weight > 0).then(|| (fee_sat as f64 * 4.0 / f64::from(weight)) as f32)
}

/// The hour of a block's time within a day and a week, UTC.
pub(super) fn hour_and_day(time: Timestamp) -> (u8, u8) {
    let hours = time.get().div_euclid(3_600);
    let hour = u8::try_from(hours.rem_euclid(24)).expect("below 24");
    // 1970-01-01 was a Thursday; Monday is day 0.
    let day = u8::try_from((hours.div_euclid(24) + 3).rem_euclid(7)).expect("below 7");
    (hour, day)
}

//! The stage: transactions in, change links out.
//!
//! In: batches of the ledger in chain order, a fitted model, prices. Out: links of heuristic 4, and of 6 where coins are
//! gathered (`consolidation`), one a transaction at most, in order of the evidence that completed them.
//! Source: Möser and Narayanan, Resurrecting Address Clustering in Bitcoin, FC 2022.
//! Departures: a stream. A transaction is judged when it appears and whenever an output of it is spent within a year;
//! the first time that one output reaches the model's threshold, no other comes near and it moved on (its spender made two
//! outputs or more), its link is made, with the height of that event. Later evidence neither moves nor withdraws a link: a link is a fact of its height.
//! Not judged: a coinbase; a possibly collaborative transaction; one with an input whose previous output is unknown
//! (an unknown address may be the one that an output pays); one with self-change; fewer than two or more than 64
//! outputs with an address.
//! Cost: O(inputs + outputs) look-ups; about 210 bytes a transaction of two outputs until both are spent or a year
//! has passed (see `record`). Checked against: any cut into batches, unwinding, forgetting, and a second reading of
//! the whole ledger for every event (`tests/it/change.rs`).

use std::collections::BTreeMap;

use ledger::{AddressId, Height, LedgerBatch, Link, Timestamp, TransactionView, TxId, TxIndex};

use super::consolidation;
use super::error::ChangeError;
use super::fingerprint::{Fingerprint, is_peel};
use super::model::{ChangeModel, Judgement};
use super::observed::{Observed, Passed};
use super::record::{OutputRecord, Record, Spender};
use super::subject::Subject;
use crate::collaborative::possible_protocols;
use crate::heuristics::CHANGE;

/// Most outputs with an address of a transaction that is looked at: payouts to many have change, too, but telling it
/// is another trade.
pub const OUTPUTS_MAX: usize = 64;
/// A spender later than so many blocks (a year) is no evidence: wallets are renewed.
pub const OPEN_BLOCKS_MAX: u32 = 52_560;
/// Another output from this probability on is near: no link is made.
pub const NEAR: f64 = 0.05;

/// Money a whole coin at a time; `None` where no price is known.
pub type PriceAt<'a> = &'a dyn Fn(Timestamp) -> Option<f64>;

/// The model by which links are made.
#[derive(Clone, Copy, Debug)]
pub struct ModelInForce<'a> {
    /// The model.
    pub model: &'a ChangeModel,
    /// Its row in `link_sources`, which every link names.
    pub source: u32,
}

/// What the stage remembers between batches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeState {
    /// In order of transaction.
    pub(super) records: Vec<Record>,
    pub(super) outputs: Vec<OutputRecord>,
    pub(super) by_id: BTreeMap<TxId, u32>,
    /// Outputs that were the first payment to their address, by address.
    pub(super) first_paid: BTreeMap<AddressId, u32>,
    /// How many addresses had appeared by the end of a height; ascending.
    pub(super) seen: Vec<(Height, u32)>,
    /// What was needed to unwind to a lower height has been forgotten.
    pub(super) settled: Option<Height>,
}

impl ChangeState {
    /// A state in which addresses below `n_addresses` have appeared and nothing else is known. To explain one link,
    /// give it the transactions that its transaction spends from, then that one, then the spenders of its outputs up
    /// to the height of the link; see [`ChangeState::judgements`].
    pub fn after(n_addresses: u32) -> Self {
        Self { seen: vec![(Height::new(0), n_addresses)], ..Self::default() }
    }

    /// Takes in the next blocks; without a model, or with one that has no threshold, no link is made, of consolidations
    /// neither: whoever wants inference has a model.
    pub fn apply(
        &mut self,
        batch: &LedgerBatch,
        in_force: Option<ModelInForce<'_>>,
        price: PriceAt<'_>,
    ) -> Vec<Link> {
        let mut links = Vec::new();
        let in_force = in_force.filter(|in_force| in_force.model.threshold().is_some());
        self.advance(batch, price, &mut |event| {
            if let Event::Evidence { record, outputs, height } = event
                && record.linked_at.is_none()
                && let Some(ModelInForce { model, source }) = in_force
            {
                let found = match record.judged {
                    true => link(record, outputs, height, model, source),
                    false => consolidation::link(record, outputs, height),
                };
                if let Some(link) = found {
                    record.linked_at = Some(height);
                    links.push(link);
                }
            }
        });
        links
    }

    /// Takes in the next blocks to learn from them: every moment at which a transaction is judged is kept with the
    /// features that it has then.
    pub fn observe(&mut self, batch: &LedgerBatch, price: PriceAt<'_>, observed: &mut Observed) {
        self.advance(batch, price, &mut |event| match event {
            Event::Evidence { record, outputs, height } if record.judged => {
                observed.push(record, outputs, height);
            }
            Event::Evidence { .. } => {}
            Event::Passed(why) => observed.count(why),
        });
    }

    fn advance(
        &mut self,
        batch: &LedgerBatch,
        price: PriceAt<'_>,
        handle: &mut dyn FnMut(Event<'_>),
    ) {
        for view in batch.views() {
            let height = view.row.height;
            let touched = self.spend(&view);
            self.pay_again(&view);
            for at in touched {
                let record = &mut self.records[at as usize];
                if record.is_watched() {
                    let outputs = &self.outputs[record.range()];
                    handle(Event::Evidence { record, outputs, height });
                }
            }
            self.open(view, price, handle);
            self.see(&view);
        }
    }

    /// Notes who spends what; the records touched, in order.
    fn spend(&mut self, view: &TransactionView<'_>) -> Vec<u32> {
        let height = view.row.height;
        let mut touched = Vec::new();
        for input in view.inputs {
            let Some(at) = self.find(&input.previous.tx_id, height) else { continue };
            let outputs = &mut self.outputs[self.records[at as usize].range()];
            let place = outputs.binary_search_by_key(&input.previous.output, |o| o.position);
            let Some(output) = place.ok().map(|place| &mut outputs[place]) else { continue };
            if output.spender.is_none() {
                let fingerprint = Fingerprint::of_spender(view, input);
                output.spender = Some(Spender { height, fingerprint });
                touched.push(at);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// The record of a transaction, while it is open at `height`.
    fn find(&self, id: &TxId, height: Height) -> Option<u32> {
        let at = *self.by_id.get(id)?;
        let record = &self.records[at as usize];
        (height.get().saturating_sub(record.height.get()) <= OPEN_BLOCKS_MAX).then_some(at)
    }

    fn pay_again(&mut self, view: &TransactionView<'_>) {
        let height = view.row.height;
        for address in view.outputs.iter().filter_map(|output| output.address) {
            let Some(output) = self.first_paid.get(&address) else { continue };
            let output = &mut self.outputs[*output as usize];
            output.paid_again_at = output.paid_again_at.or(Some(height));
        }
    }

    fn open(
        &mut self,
        view: TransactionView<'_>,
        price: PriceAt<'_>,
        handle: &mut dyn FnMut(Event<'_>),
    ) {
        let after_peel = view.inputs.iter().any(|input| {
            let previous = self.find(&input.previous.tx_id, view.row.height);
            previous.is_some_and(|at| self.records[at as usize].peel)
        });
        let price = price(view.row.time);
        let subject = Subject::new(view, self.n_addresses(), price, after_peel);
        let passed = passed(&subject);
        let starts_peel = passed == Some(Passed::UnknownInput) && is_peel(&subject.view);
        let is_kept = passed.is_none() || starts_peel || consolidation::gathers(&subject);
        let at = u32::try_from(self.records.len()).expect("fewer than 2^32 transactions are open");
        if is_kept && !self.by_id.contains_key(&view.row.id) {
            self.by_id.insert(view.row.id, at);
            self.push(&subject, passed.is_none());
        }
        match passed {
            Some(why) => handle(Event::Passed(why)),
            None => {
                if let Some(record) = self.records.get_mut(at as usize) {
                    let outputs = &self.outputs[record.range()];
                    handle(Event::Evidence { record, outputs, height: view.row.height });
                }
            }
        }
    }

    fn push(&mut self, subject: &Subject<'_>, judged: bool) {
        let first = u32::try_from(self.outputs.len()).expect("fewer than 2^32 outputs are open");
        self.records.push(Record::new(subject, judged, first));
        for (place, at) in (0..subject.outputs.len()).zip(first..) {
            if subject.is_fresh(place) {
                self.first_paid.entry(subject.address(place)).or_insert(at);
            }
            self.outputs.push(OutputRecord::new(subject, place));
        }
    }

    /// How many addresses have appeared: outputs alone count, because the ids of inputs that become known later are
    /// higher than those of the outputs around them.
    fn n_addresses(&self) -> u32 {
        self.seen.last().map_or(0, |(_, n)| *n)
    }

    fn see(&mut self, view: &TransactionView<'_>) {
        let highest = view.outputs.iter().filter_map(|output| output.address).max();
        let n =
            highest.map_or(0, |address| address.get().saturating_add(1)).max(self.n_addresses());
        match self.seen.last_mut() {
            Some((height, last)) if *height >= view.row.height => *last = n,
            _ => self.seen.push((view.row.height, n)),
        }
    }

    /// Takes back all blocks above `to`, as if they had never come; their links are those with a greater height.
    ///
    /// # Errors
    /// [`ChangeState::settle`] has forgotten what is needed: build the state anew.
    pub fn unwind(&mut self, to: Height) -> Result<(), ChangeError> {
        if let Some(settled) = self.settled.filter(|settled| to < *settled) {
            return Err(ChangeError::Settled { settled, to });
        }
        let n_records = self.records.partition_point(|record| record.height <= to);
        let removed = self.records.split_off(n_records);
        removed.iter().for_each(|record| {
            self.by_id.remove(&record.id);
        });
        let n_outputs = removed.first().map_or(self.outputs.len(), |r| r.first_output as usize);
        for output in self.outputs.split_off(n_outputs) {
            if self.first_paid.get(&output.address).is_some_and(|at| *at as usize >= n_outputs) {
                self.first_paid.remove(&output.address);
            }
        }
        self.seen.truncate(self.seen.partition_point(|(height, _)| *height <= to));
        for output in &mut self.outputs {
            output.paid_again_at = output.paid_again_at.filter(|at| *at <= to);
            output.spender = output.spender.filter(|spender| spender.height <= to);
        }
        for record in &mut self.records {
            record.linked_at = record.linked_at.filter(|at| *at <= to);
        }
        Ok(())
    }

    /// Forgets what only an unwinding below `height` would need: transactions all of whose outputs were spent by
    /// then, or that were a year old. Links to come are the same with and without.
    pub fn settle(&mut self, height: Height) {
        let old =
            |record: &Record| height.get().saturating_sub(record.height.get()) > OPEN_BLOCKS_MAX;
        let mut kept = Self {
            settled: self.settled.max(Some(height)),
            seen: self
                .seen
                .split_off(self.seen.partition_point(|(h, _)| *h <= height).saturating_sub(1)),
            ..Self::default()
        };
        let mut moved = vec![None; self.outputs.len()];
        for record in &self.records {
            let outputs = &self.outputs[record.range()];
            let spent = |o: &OutputRecord| o.spender.is_some_and(|s| s.height <= height);
            if old(record) || outputs.iter().all(spent) {
                continue;
            }
            let at = u32::try_from(kept.records.len()).expect("no more than before");
            let first = u32::try_from(kept.outputs.len()).expect("no more than before");
            record.range().zip(first..).for_each(|(from, to)| moved[from] = Some(to));
            kept.by_id.insert(record.id, at);
            kept.records.push(Record { first_output: first, ..*record });
            kept.outputs.extend_from_slice(outputs);
        }
        let first_paid = self.first_paid.iter();
        kept.first_paid =
            first_paid.filter_map(|(a, at)| Some((*a, moved[*at as usize]?))).collect();
        *self = kept;
    }

    /// What the model says now of every output of a transaction, with the part of every rule; empty if the
    /// transaction is not judged or has been forgotten.
    pub fn judgements(&self, tx: TxIndex, model: &ChangeModel) -> Vec<Judgement> {
        let at = self.records.binary_search_by_key(&tx, |record| record.tx);
        let record = at.ok().map(|at| &self.records[at]).filter(|record| record.judged);
        record
            .map_or_else(Vec::new, |record| model.judgements(record, &self.outputs[record.range()]))
    }

    /// How many transactions and outputs are remembered.
    pub fn len(&self) -> (usize, usize) {
        (self.records.len(), self.outputs.len())
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// What happens to a transaction.
enum Event<'a> {
    /// It appeared, or an output of it was spent at `height`; those not judged are consolidations.
    Evidence { record: &'a mut Record, outputs: &'a [OutputRecord], height: Height },
    /// It is not judged.
    Passed(Passed),
}

/// Why a transaction is not judged; `None` if it is.
fn passed(subject: &Subject<'_>) -> Option<Passed> {
    let n_outputs = subject.outputs.len();
    if subject.view.row.coinbase {
        Some(Passed::Coinbase)
    } else if n_outputs < 2 {
        Some(Passed::OneOutput)
    } else if n_outputs > OUTPUTS_MAX {
        Some(Passed::ManyOutputs)
    } else if possible_protocols(&subject.view).any() {
        Some(Passed::Collaborative)
    } else if subject.has_self() {
        Some(Passed::SelfChange)
    } else if !subject.inputs_known() || subject.payers.is_empty() {
        Some(Passed::UnknownInput)
    } else {
        None
    }
}

fn link(
    record: &Record,
    outputs: &[OutputRecord],
    height: Height,
    model: &ChangeModel,
    source: u32,
) -> Option<Link> {
    let (place, probability) = model.decide(record, outputs)?;
    let (payer, address) = (record.payer?, outputs[place].address);
    #[expect(clippy::cast_possible_truncation, reason = "a confidence is a 32-bit float")]
    Some(Link {
        tx: record.tx,
        height,
        a: payer.min(address),
        b: payer.max(address),
        heuristic: CHANGE,
        confidence: probability as f32,
        source,
    })
}

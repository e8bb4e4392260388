//! What was seen of transactions, to learn from: the features of every moment at which a model would judge.
//!
//! Training features are serving features because there is one function for both. A share of the transactions may be
//! drawn (by seed and transaction), so that a long chain fits into memory: about 200 bytes an output and moment.

use ledger::{AddressId, Height, TxIndex};

use super::columns;
use super::record::{OutputRecord, Record, verdict};
use super::rules::RULES;
use super::verdict::Verdicts;

/// Why a transaction is not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Passed {
    /// Has no payer.
    Coinbase,
    /// Nothing to choose from.
    OneOutput,
    /// More than [`OUTPUTS_MAX`](super::OUTPUTS_MAX).
    ManyOutputs,
    /// May have several payers.
    Collaborative,
    /// Its change is known.
    SelfChange,
    /// Who paid is not wholly known.
    UnknownInput,
}

impl Passed {
    /// All, in the order of [`Observed::passed`].
    pub const ALL: [Self; 6] = [
        Self::Coinbase,
        Self::OneOutput,
        Self::ManyOutputs,
        Self::Collaborative,
        Self::SelfChange,
        Self::UnknownInput,
    ];
}

/// One moment of one transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The transaction.
    pub tx: TxIndex,
    /// Its own height.
    pub tx_height: Height,
    /// The height of the moment.
    pub height: Height,
    /// The smallest address of its inputs.
    pub payer: AddressId,
    /// Its first output among [`Observed::addresses`].
    pub first: usize,
    /// How many outputs with an address it has.
    pub n_outputs: usize,
}

impl Moment {
    /// Its outputs among [`Observed::addresses`].
    pub fn range(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.n_outputs
    }
}

/// Moments in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    seed: u64,
    share: f64,
    /// In order of time.
    pub moments: Vec<Moment>,
    /// Whom the outputs pay, of all moments.
    pub addresses: Vec<AddressId>,
    /// Positions of the outputs in their transactions, of all moments.
    pub positions: Vec<u32>,
    /// Whether the spender of the output is known and made two outputs or more: only then a link may be made.
    pub moved_on: Vec<bool>,
    /// What each rule alone says, by place in [`RULES`], of all moments.
    pub verdicts: Vec<Verdicts>,
    /// Features, row-major, [`names`](super::names) wide, a row an element of `addresses`.
    pub rows: Vec<f32>,
    /// How many transactions were not judged, by [`Passed::ALL`].
    pub passed: [u64; Passed::ALL.len()],
    /// How many were judged, drawn or not.
    pub n_judged: u64,
}

impl Observed {
    /// Keeps a share (0 to 1) of the transactions, drawn by seed.
    pub fn new(seed: u64, share: f64) -> Self {
        Self {
            seed,
            share,
            moments: Vec::new(),
            addresses: Vec::new(),
            positions: Vec::new(),
            moved_on: Vec::new(),
            verdicts: Vec::new(),
            rows: Vec::new(),
            passed: [0; Passed::ALL.len()],
            n_judged: 0,
        }
    }

    pub(super) fn count(&mut self, why: Passed) {
        self.passed[why as usize] += 1;
    }

    pub(super) fn push(&mut self, record: &Record, outputs: &[OutputRecord], height: Height) {
        let first_time = outputs.iter().all(|output| output.spender.is_none());
        self.n_judged += u64::from(first_time);
        if unit(mix(self.seed, record.tx.get())) >= self.share {
            return;
        }
        let Some(payer) = record.payer else { return };
        let (first, n_outputs) = (self.addresses.len(), outputs.len());
        let (tx, tx_height) = (record.tx, record.height);
        self.moments.push(Moment { tx, tx_height, height, payer, first, n_outputs });
        for (place, output) in outputs.iter().enumerate() {
            self.addresses.push(output.address);
            self.positions.push(output.position);
            self.moved_on.push(output.moved_on());
            let mut verdicts = Verdicts::default();
            (0..RULES.len()).for_each(|at| verdicts.set(at, verdict(at, record, outputs, place)));
            self.verdicts.push(verdicts);
            columns::push_row(record, outputs, place, &mut self.rows);
        }
    }
}

/// A number that looks random, from a seed and a number (SplitMix64).
pub(super) fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// From 0 to below 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn unit(number: u64) -> f64 {
    (number >> 11) as f64 / (1u64 << 53) as f64
}

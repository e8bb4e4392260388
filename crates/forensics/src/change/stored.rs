//! The state as plain columns, so that a caller can keep it on disk, and back.
//!
//! What can be computed from the rest (look-ups) is not stored. Columns from disk are outside bytes: every range is
//! checked before it is used.

use std::collections::BTreeMap;

use ledger::{AddressId, Height, TxId, TxIndex};

use super::error::ChangeError;
use super::fingerprint::Fingerprint;
use super::record::{OutputRecord, Record, Spender};
use super::state::{ChangeState, OUTPUTS_MAX};
use super::verdict::Verdicts;

/// Stands for "not yet" in columns of heights, and for "none" in those of addresses.
const NONE: u32 = u32::MAX;
const JUDGED: u8 = 1;
const PEEL: u8 = 2;

/// A [`ChangeState`] as columns: one element a transaction, one an output, one a height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeColumns {
    /// Transaction: its name.
    pub tx_id: Vec<[u8; 32]>,
    /// Transaction: its index, ascending.
    pub tx: Vec<u64>,
    /// Transaction: its height.
    pub height: Vec<u32>,
    /// Transaction: its smallest input address; 2^32 - 1 for none.
    pub payer: Vec<u32>,
    /// Transaction: how many inputs.
    pub n_inputs: Vec<u32>,
    /// Transaction: how many outputs are recorded.
    pub n_outputs: Vec<u8>,
    /// Transaction: bit 0 it may be judged, bit 1 it has one input and two outputs.
    pub flags: Vec<u8>,
    /// Transaction: classes of its fingerprint.
    pub fingerprint: Vec<u32>,
    /// Transaction: fee in satoshi a thousand virtual bytes; 0 for unknown.
    pub fee_rate: Vec<u32>,
    /// Transaction: the height of its link; 2^32 - 1 for none.
    pub linked_at: Vec<u32>,
    /// Output: whom it pays.
    pub address: Vec<u32>,
    /// Output: position in its transaction.
    pub position: Vec<u32>,
    /// Output: satoshi.
    pub amount_sat: Vec<u64>,
    /// Output: verdicts when it appeared.
    pub verdicts: Vec<u64>,
    /// Output: whether it was the first payment to its address.
    pub first_paid: Vec<bool>,
    /// Output: the height at which its address was paid again; 2^32 - 1 for never.
    pub paid_again_at: Vec<u32>,
    /// Output: the height of its spender; 2^32 - 1 for none.
    pub spent_at: Vec<u32>,
    /// Output: classes of the spender's fingerprint.
    pub spender: Vec<u32>,
    /// Output: the spender's fee rate.
    pub spender_fee_rate: Vec<u32>,
    /// Height, ascending.
    pub seen_height: Vec<u32>,
    /// Height: how many addresses had appeared by its end.
    pub seen_addresses: Vec<u32>,
    /// Nothing below this height can be unwound; 2^32 - 1 if all can.
    pub settled: u32,
}

fn height_or(height: u32) -> Option<Height> {
    (height != NONE).then(|| Height::new(height))
}

fn or_none(height: Option<Height>) -> u32 {
    height.map_or(NONE, Height::get)
}

impl ChangeState {
    /// The state as columns.
    pub fn to_columns(&self) -> ChangeColumns {
        let records = &self.records;
        let outputs = &self.outputs;
        let mut first_paid = vec![false; outputs.len()];
        self.first_paid.values().for_each(|at| first_paid[*at as usize] = true);
        let spender =
            |o: &OutputRecord| o.spender.map_or(Fingerprint::default(), |s| s.fingerprint);
        ChangeColumns {
            tx_id: records.iter().map(|r| *r.id.as_bytes()).collect(),
            tx: records.iter().map(|r| r.tx.get()).collect(),
            height: records.iter().map(|r| r.height.get()).collect(),
            payer: records.iter().map(|r| r.payer.map_or(NONE, AddressId::get)).collect(),
            n_inputs: records.iter().map(|r| r.n_inputs).collect(),
            n_outputs: records.iter().map(|r| r.n_outputs).collect(),
            flags: records
                .iter()
                .map(|r| JUDGED * u8::from(r.judged) + PEEL * u8::from(r.peel))
                .collect(),
            fingerprint: records.iter().map(|r| r.fingerprint.bits).collect(),
            fee_rate: records.iter().map(|r| r.fingerprint.fee_rate).collect(),
            linked_at: records.iter().map(|r| or_none(r.linked_at)).collect(),
            address: outputs.iter().map(|o| o.address.get()).collect(),
            position: outputs.iter().map(|o| o.position).collect(),
            amount_sat: outputs.iter().map(|o| o.amount_sat).collect(),
            verdicts: outputs.iter().map(|o| o.verdicts.bits()).collect(),
            first_paid,
            paid_again_at: outputs.iter().map(|o| or_none(o.paid_again_at)).collect(),
            spent_at: outputs.iter().map(|o| or_none(o.spender.map(|s| s.height))).collect(),
            spender: outputs.iter().map(|o| spender(o).bits).collect(),
            spender_fee_rate: outputs.iter().map(|o| spender(o).fee_rate).collect(),
            seen_height: self.seen.iter().map(|(height, _)| height.get()).collect(),
            seen_addresses: self.seen.iter().map(|(_, n)| *n).collect(),
            settled: or_none(self.settled),
        }
    }

    /// The state of columns.
    ///
    /// # Errors
    /// They do not fit together.
    pub fn from_columns(columns: &ChangeColumns) -> Result<Self, ChangeError> {
        columns.check_lengths()?;
        let mut state = Self { settled: height_or(columns.settled), ..Self::default() };
        let seen = columns.seen_height.iter().zip(&columns.seen_addresses);
        state.seen = seen.map(|(height, n)| (Height::new(*height), *n)).collect();
        ascending("seen_height", &columns.seen_height, |a, b| a < b)?;
        ascending("tx", &columns.tx, |a, b| a < b)?;
        ascending("height", &columns.height, |a, b| a <= b)?;
        for row in 0..columns.address.len() {
            let output = columns.output(row)?;
            if columns.first_paid[row] {
                let at = u32::try_from(row).map_err(|_| damaged("address", row))?;
                if state.first_paid.insert(output.address, at).is_some() {
                    return Err(damaged("first_paid", row));
                }
            }
            state.outputs.push(output);
        }
        let mut first = 0;
        for row in 0..columns.tx.len() {
            let record = columns.record(row, first)?;
            first += u32::from(record.n_outputs);
            let at = u32::try_from(row).map_err(|_| damaged("tx", row))?;
            let outputs =
                state.outputs.get(record.range()).ok_or_else(|| damaged("n_outputs", row))?;
            if !outputs.is_sorted_by(|a, b| a.position < b.position) {
                return Err(damaged("position", row));
            }
            if state.by_id.insert(record.id, at).is_some() {
                return Err(damaged("tx_id", row));
            }
            state.records.push(record);
        }
        if first as usize == state.outputs.len() { Ok(state) } else { Err(damaged("n_outputs", 0)) }
    }
}

fn damaged(what: &'static str, row: usize) -> ChangeError {
    ChangeError::State { what, row }
}

fn ascending<T>(
    what: &'static str,
    values: &[T],
    in_order: impl Fn(&T, &T) -> bool,
) -> Result<(), ChangeError> {
    match values.windows(2).position(|pair| !in_order(&pair[0], &pair[1])) {
        Some(row) => Err(damaged(what, row + 1)),
        None => Ok(()),
    }
}

impl ChangeColumns {
    fn check_lengths(&self) -> Result<(), ChangeError> {
        let of_transactions = BTreeMap::from([
            ("tx_id", self.tx_id.len()),
            ("height", self.height.len()),
            ("payer", self.payer.len()),
            ("n_inputs", self.n_inputs.len()),
            ("n_outputs", self.n_outputs.len()),
            ("flags", self.flags.len()),
            ("fingerprint", self.fingerprint.len()),
            ("fee_rate", self.fee_rate.len()),
            ("linked_at", self.linked_at.len()),
        ]);
        let of_outputs = BTreeMap::from([
            ("position", self.position.len()),
            ("amount_sat", self.amount_sat.len()),
            ("verdicts", self.verdicts.len()),
            ("first_paid", self.first_paid.len()),
            ("paid_again_at", self.paid_again_at.len()),
            ("spent_at", self.spent_at.len()),
            ("spender", self.spender.len()),
            ("spender_fee_rate", self.spender_fee_rate.len()),
        ]);
        let of_heights = BTreeMap::from([("seen_addresses", self.seen_addresses.len())]);
        let groups = [
            (self.tx.len(), of_transactions),
            (self.address.len(), of_outputs),
            (self.seen_height.len(), of_heights),
        ];
        for (length, group) in groups {
            if let Some((what, other)) = group.into_iter().find(|(_, other)| *other != length) {
                return Err(damaged(what, other.min(length)));
            }
        }
        Ok(())
    }

    fn record(&self, row: usize, first_output: u32) -> Result<Record, ChangeError> {
        let flags = self.flags[row];
        let payer = self.payer[row];
        let payer = (payer != NONE).then(|| AddressId::new(payer));
        let n_outputs = self.n_outputs[row];
        if flags > JUDGED + PEEL || (flags & JUDGED != 0 && payer.is_none()) {
            return Err(damaged("flags", row));
        }
        if n_outputs == 0 || usize::from(n_outputs) > OUTPUTS_MAX {
            return Err(damaged("n_outputs", row));
        }
        Ok(Record {
            id: TxId::from_bytes(self.tx_id[row]),
            tx: TxIndex::new(self.tx[row]),
            height: Height::new(self.height[row]),
            payer,
            n_inputs: self.n_inputs[row],
            first_output,
            n_outputs,
            judged: flags & JUDGED != 0,
            peel: flags & PEEL != 0,
            fingerprint: Fingerprint { bits: self.fingerprint[row], fee_rate: self.fee_rate[row] },
            linked_at: height_or(self.linked_at[row]),
        })
    }

    fn output(&self, row: usize) -> Result<OutputRecord, ChangeError> {
        let verdicts = Verdicts::from_bits(self.verdicts[row]);
        let fingerprint =
            Fingerprint { bits: self.spender[row], fee_rate: self.spender_fee_rate[row] };
        Ok(OutputRecord {
            address: AddressId::new(self.address[row]),
            position: self.position[row],
            amount_sat: self.amount_sat[row],
            verdicts: verdicts.ok_or_else(|| damaged("verdicts", row))?,
            paid_again_at: height_or(self.paid_again_at[row]),
            spender: height_or(self.spent_at[row]).map(|height| Spender { height, fingerprint }),
        })
    }
}

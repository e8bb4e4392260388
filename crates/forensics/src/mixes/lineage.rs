//! Lineage: labels of a whole ledger, each weighed by where its inputs come from.
//!
//! In: batches in chain order. Out: a [`Mix`] for each transaction that is labelled or possibly collaborative, in order of
//! transaction. State: protocol, denomination and height of every labelled transaction, by its id.
//! Rule: an input is *confirmed* if it spends an output that the protocol would let in: Whirlpool, premix (more than the
//! pool's size) of a Tx0 of the pool, or a mix output (exactly it) of a mix of the pool; Wasabi 1 of Wasabi 1; Wasabi 2
//! of either Wasabi; JoinMarket of JoinMarket; Tx0 of a Tx0 (its change) or a mix. With c the label's confidence and s
//! the share of confirmed inputs, confidence becomes c + (0.999 - c) s.
//! *Contradicted* labels keep half of their confidence: a Whirlpool mix with two inputs of one transaction, which the
//! coordinator refuses; a JoinMarket round more than half of whose inputs one unlabelled transaction paid, as when one
//! owner fans coins out and gathers them.
//! Source: GraphSense raises Whirlpool to 90 where entrants come from a Tx0 and remixers from a mix.
//! Departures: a share instead of all or nothing, because a ledger rarely begins with the pool; every protocol. An
//! input from outside of the ledger or from an unlabelled transaction neither confirms nor contradicts by itself.
//! Cost: a look-up an input of a labelled transaction; 48 bytes a labelled transaction.
//! Checked against: any cut into batches, unwinding, and chains by hand (`tests/it/lineage.rs`).

use std::collections::BTreeMap;

use ledger::{AddressId, Height, Input, LedgerBatch, Mix, TransactionView, TxId};

use super::{JOINMARKET, MixLabel, WASABI1, WASABI2, WHIRLPOOL, WHIRLPOOL_TX0, label_unless};
use crate::collaborative::possible_protocols;

/// What lineage says of a label, as the bits of [`Mix::lineage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineageBits(u8);

impl LineageBits {
    /// Some input comes from a labelled Tx0.
    pub const FROM_TX0: Self = Self(1);
    /// Some input comes from a labelled mix.
    pub const FROM_MIX: Self = Self(1 << 1);
    /// Every input is confirmed.
    pub const WHOLE: Self = Self(1 << 2);
    /// The inputs' origin speaks against the label.
    pub const CONTRADICTED: Self = Self(1 << 3);

    /// From stored bits.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits to store.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn with_if(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 | other.0) } else { self }
    }
}

const CONFIDENCE_MAX: f32 = 0.999;
const CONTRADICTED_FACTOR: f32 = 0.5;

/// A labelled transaction, as far as those after it are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Origin {
    protocol: u8,
    denomination_sat: u64,
    height: Height,
}

/// The labelled transactions of a ledger so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    labelled: BTreeMap<TxId, Origin>,
    /// The same in chain order, for unwinding.
    order: Vec<(Height, TxId)>,
}

impl Lineage {
    /// Continues from rows that earlier calls of [`Lineage::apply`] gave, each with its transaction's id, in order.
    pub fn restore(rows: impl IntoIterator<Item = (TxId, Mix)>) -> Self {
        let mut lineage = Self::default();
        for (id, mix) in rows {
            lineage.remember(id, &mix);
        }
        lineage
    }

    /// The rows of the next blocks.
    pub fn apply(&mut self, batch: &LedgerBatch) -> Vec<Mix> {
        self.apply_unless(batch, |_| false)
    }

    /// The same where addresses of tagged exchanges are known; see [`label_unless`].
    pub fn apply_unless(
        &mut self,
        batch: &LedgerBatch,
        is_exchange: impl Fn(AddressId) -> bool,
    ) -> Vec<Mix> {
        let mut mixes = Vec::new();
        for view in batch.views() {
            let possible = possible_protocols(&view).bits();
            let label = label_unless(&view, &is_exchange);
            if possible != 0 || label.is_some() {
                let mix = self.mix(&view, possible, label);
                self.remember(view.row.id, &mix);
                mixes.push(mix);
            }
        }
        mixes
    }

    /// Forgets the blocks from height `from` on: as if they had never been applied.
    pub fn unwind(&mut self, from: Height) {
        while let Some((_, id)) = self.order.pop_if(|(height, _)| *height >= from) {
            self.labelled.remove(&id);
        }
    }

    /// How many labelled transactions there are.
    pub fn n_labelled(&self) -> usize {
        self.labelled.len()
    }

    fn remember(&mut self, id: TxId, mix: &Mix) {
        if mix.protocol != 0 {
            let (protocol, denomination_sat, height) =
                (mix.protocol, mix.denomination_sat, mix.height);
            self.labelled.insert(id, Origin { protocol, denomination_sat, height });
            self.order.push((height, id));
        }
    }

    fn mix(&self, view: &TransactionView<'_>, possible: u16, label: Option<MixLabel>) -> Mix {
        let lineage = label.map_or_else(Weighed::default, |label| self.weigh(view, &label));
        let or_0 = |of: fn(&MixLabel) -> u32| label.as_ref().map_or(0, of);
        Mix {
            tx: view.row.index,
            height: view.row.height,
            protocol: label.map_or(0, |label| label.protocol),
            variant: label.map_or(0, |label| label.variant),
            possible,
            confidence: lineage.confidence,
            n_participants: or_0(|label| label.n_participants),
            n_equal_outputs: or_0(|label| label.n_equal_outputs),
            denomination_sat: label.map_or(0, |label| label.denomination_sat),
            lineage: lineage.bits.bits(),
        }
    }

    fn weigh(&self, view: &TransactionView<'_>, label: &MixLabel) -> Weighed {
        let origins = || view.inputs.iter().filter_map(|input| self.confirming(input, label));
        let n_confirmed = origins().count();
        let contradicted = self.is_contradicted(view, label);
        let bits = LineageBits::default()
            .with_if(LineageBits::FROM_TX0, origins().any(|o| o.protocol == WHIRLPOOL_TX0))
            .with_if(LineageBits::FROM_MIX, origins().any(|o| o.protocol != WHIRLPOOL_TX0))
            .with_if(LineageBits::WHOLE, n_confirmed == view.inputs.len())
            .with_if(LineageBits::CONTRADICTED, contradicted);
        // Both are below 2^24: a transaction of more inputs fits no block.
        #[expect(clippy::cast_precision_loss, reason = "counts of one transaction")]
        let share = n_confirmed as f32 / view.inputs.len() as f32;
        let raised = label.confidence + (CONFIDENCE_MAX - label.confidence) * share;
        let confidence = if contradicted { CONTRADICTED_FACTOR * raised } else { raised };
        Weighed { bits, confidence }
    }

    /// The labelled transaction that lets the input into a round of the label.
    fn confirming(&self, input: &Input, label: &MixLabel) -> Option<Origin> {
        let origin = *self.labelled.get(&input.previous.tx_id)?;
        let same_pool = origin.denomination_sat == label.denomination_sat;
        let is_share = input.spent.is_some_and(|s| s.amount_sat == label.denomination_sat);
        let lets_in = match (label.protocol, origin.protocol) {
            (WHIRLPOOL, WHIRLPOOL_TX0) => same_pool && !is_share,
            (WHIRLPOOL, WHIRLPOOL) => same_pool && is_share,
            (WHIRLPOOL_TX0, WHIRLPOOL_TX0 | WHIRLPOOL) => true,
            (WASABI2, WASABI1) => true,
            (WASABI1 | WASABI2 | JOINMARKET, from) => from == label.protocol,
            _ => false,
        };
        lets_in.then_some(origin)
    }

    fn is_contradicted(&self, view: &TransactionView<'_>, label: &MixLabel) -> bool {
        let mut sources: Vec<TxId> = view.inputs.iter().map(|input| input.previous.tx_id).collect();
        sources.sort_unstable();
        let mut runs = sources.chunk_by(PartialEq::eq);
        match label.protocol {
            WHIRLPOOL => runs.any(|run| run.len() > 1),
            JOINMARKET => {
                let is_unlabelled = |id| !self.labelled.contains_key(id);
                runs.any(|run| 2 * run.len() > sources.len() && is_unlabelled(&run[0]))
            }
            _ => false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Weighed {
    bits: LineageBits,
    confidence: f32,
}

//! A transaction as a mix: its label, what the origin of its inputs says, and who may have paid whom in it.

use forensics::collaborative::{PROTOCOLS, Protocol};
use forensics::mixes::boltzmann::{BoltzmannAnswer, BoltzmannOptions, of_transaction};
use forensics::mixes::{LineageBits, MixRule, tx0_fee_output};
use ledger::{Height, Mix, Timestamp, TransactionView, TxIndex};

use crate::Error;
use crate::answers::{CoinAnswer, LinksOfMixAnswer, MixAnswer, MixLabelAnswer};
use crate::reader::LedgerReader;
use crate::staleness::Asked;
use crate::view::View;

/// What is asked about a mix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MixRequest {
    /// Count the mappings between inputs and outputs.
    pub links: bool,
    /// What a participant may earn from others or pay to them, satoshi.
    pub fee_sat_max: u64,
}

impl View {
    /// What is known of a transaction as a mix.
    ///
    /// # Errors
    /// If the transaction is not in the ledger, or the snapshot is damaged.
    pub fn mix(&self, tx_id: ledger::TxId, request: &MixRequest) -> Result<MixAnswer, Error> {
        let index = self.transactions.lookup_one(tx_id.as_bytes()).ok_or_else(|| {
            let what = format!("transaction {tx_id} is not in this ledger");
            Error::missing(what, "write its whole id, 64 hexadecimal digits")
        })?;
        let tx = TxIndex::new(u64::from(index));
        let block = self.columns.block_of(tx.get());
        let batch = LedgerReader::open(&self.snapshot)?.read((block.height, block.height))?;
        let view = batch.views().find(|view| view.row.index == tx).ok_or_else(|| {
            let what = format!("transaction {tx_id} is missing in the table transactions");
            Error::missing(what, "run `tracehound verify`")
        })?;
        let mix = self.derived.as_ref().and_then(|derived| derived.mixes.find(tx));
        Ok(MixAnswer {
            tx: tx_id,
            height: Height::new(block.height),
            time_s: Timestamp::new(block.time_s),
            label: mix.as_ref().and_then(label_answer),
            possible: mix.as_ref().map_or_else(Vec::new, |mix| {
                let is_possible = |protocol: &&Protocol| mix.possible & 1 << protocol.number != 0;
                PROTOCOLS.iter().filter(is_possible).map(|protocol| protocol.name).collect()
            }),
            inputs: view.inputs.iter().map(|input| self.coin_spent(input)).collect(),
            outputs: view.outputs.iter().map(|output| self.coin_paid(output)).collect(),
            links: request.links.then(|| links(&view, request)),
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    fn coin_spent(&self, input: &ledger::Input) -> CoinAnswer {
        let address = input.spent.and_then(|spent| spent.address);
        CoinAnswer {
            address: address.map(|id| self.address_text(id)),
            amount_sat: input.spent.map(|spent| spent.amount_sat),
        }
    }

    fn coin_paid(&self, output: &ledger::Output) -> CoinAnswer {
        CoinAnswer {
            address: output.address.map(|id| self.address_text(id)),
            amount_sat: Some(output.amount_sat),
        }
    }

    /// The protocol that made a transaction, if it carries a label.
    pub(crate) fn protocol_of(&self, tx: TxIndex) -> Option<&'static str> {
        let mix = self.derived.as_ref()?.mixes.find(tx)?;
        MixRule::from_number(mix.protocol).map(|rule| rule.name)
    }
}

fn label_answer(mix: &Mix) -> Option<MixLabelAnswer> {
    let rule = MixRule::from_number(mix.protocol)?;
    let bits = LineageBits::from_bits(mix.lineage);
    let said = [
        (LineageBits::FROM_TX0, "some inputs come from a Tx0"),
        (LineageBits::FROM_MIX, "some inputs come from a mix"),
        (LineageBits::WHOLE, "every input is confirmed by its origin"),
        (LineageBits::CONTRADICTED, "the origin of the inputs contradicts the label"),
    ];
    let lineage = said.into_iter().filter(|(bit, _)| bits.contains(*bit)).map(|(_, text)| text);
    Some(MixLabelAnswer {
        protocol: rule.name,
        variant: rule.variant_name(mix.variant),
        about: rule.about,
        confidence: mix.confidence,
        n_participants: mix.n_participants,
        n_equal_outputs: mix.n_equal_outputs,
        denomination_sat: mix.denomination_sat,
        lineage: lineage.collect(),
    })
}

fn links(view: &TransactionView<'_>, request: &MixRequest) -> LinksOfMixAnswer {
    let options = BoltzmannOptions {
        earned_sat_max: request.fee_sat_max,
        paid_sat_max: request.fee_sat_max,
        coordinator_output: tx0_fee_output(view).map(|position| position as usize),
        ..BoltzmannOptions::default()
    };
    let why_not = |why_not: String| LinksOfMixAnswer { why_not, ..LinksOfMixAnswer::default() };
    match of_transaction(view, &options) {
        BoltzmannAnswer::Counted(counted) => {
            let row = |input: usize| {
                (0..counted.n_outputs).map(|output| counted.probability(input, output)).collect()
            };
            LinksOfMixAnswer {
                why_not: String::new(),
                n_mappings: counted.n_mappings.to_string(),
                entropy_bits: counted.entropy_bits,
                efficiency: counted.efficiency,
                probabilities: (0..counted.n_inputs).map(row).collect(),
                deterministic: counted.deterministic_links().collect(),
            }
        }
        BoltzmannAnswer::TooLarge { n_input_subsets, n_output_subsets, .. } => why_not(format!(
            "it is too large to be counted: its inputs have {n_input_subsets} different subsets, its outputs \
             {n_output_subsets}"
        )),
        BoltzmannAnswer::UnknownInputs { n_unknown } => {
            why_not(format!("{n_unknown} of its inputs are unknown"))
        }
        BoltzmannAnswer::Unbalanced => why_not(
            "no coins stand on one of its sides, or it pays out more than it gets".to_owned(),
        ),
    }
}

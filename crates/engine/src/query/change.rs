//! Why an output is taken for change: the part of each rule in the probability of one link.
//!
//! The stage that makes links of change remembers no finished transaction. So its state is brought back as far as one
//! link needs it: the transactions that were spent from, then the blocks from the link's transaction to its height.

use forensics::change::{ChangeModel, ChangeState, Judgement};
use forensics::heuristics::CHANGE;
use forensics::{Step, change};
use ledger::{LedgerBatch, TxIndex};

use crate::Error;
use crate::answers::ContributionAnswer;
use crate::ownership::models;
use crate::reader::LedgerReader;
use crate::stages::Prices;
use crate::view::View;

/// A probability made again differs by no more from the stored one, which has 32 bits.
const TOLERANCE: f64 = 1e-5;

impl View {
    /// What each rule adds to a link of change; nothing for other links, and nothing where the model or the state then
    /// cannot be brought back exactly: a part of another sum would explain nothing.
    pub(crate) fn contributions(&self, step: &Step) -> Result<Vec<ContributionAnswer>, Error> {
        if step.heuristic != CHANGE {
            return Ok(Vec::new());
        }
        let held = models(&self.snapshot)?;
        let Some(model) = held.iter().find(|model| model.id == step.source) else {
            return Ok(Vec::new());
        };
        let model = ChangeModel::from_text(&model.text)?;
        let state = self.state_of_change(step.tx, step.height.get())?;
        let judgements = state.judgements(step.tx, &model);
        let is_it = |judgement: &&Judgement| {
            [step.a, step.b].contains(&judgement.address)
                && (judgement.probability - f64::from(step.confidence)).abs() < TOLERANCE
        };
        let found = judgements.iter().find(is_it);
        Ok(found.map_or_else(Vec::new, contributions))
    }

    fn state_of_change(&self, tx: TxIndex, until: u32) -> Result<ChangeState, Error> {
        let reader = LedgerReader::open(&self.snapshot)?;
        let prices = Prices::open(&self.snapshot)?;
        let price: change::PriceAt<'_> = &|time| prices.at(time);
        let block = self.columns.block_of(tx.get());
        let position = self.columns.first_at_or_above(block.height);
        let before = position.checked_sub(1).map(|before| self.columns.block(before));
        let mut state = ChangeState::after(before.map_or(0, |block| block.n_addresses_after));
        let batch = reader.read((block.height, block.height))?;
        let spent_from = batch.inputs.iter().filter(|input| input.tx == tx).filter_map(|input| {
            self.transactions.lookup_one(input.previous.tx_id.as_bytes()).map(u64::from)
        });
        let mut spent_from: Vec<u64> = spent_from.collect();
        spent_from.sort_unstable();
        spent_from.dedup();
        // Those of the same block come with it.
        for previous in spent_from.into_iter().filter(|previous| *previous < block.first_tx) {
            let height = self.columns.block_of(previous).height;
            let alone = only(&reader.read((height, height))?, TxIndex::new(previous));
            state.apply(&alone, None, price);
        }
        for range in reader.ranges(block.height) {
            if range.0 <= until {
                state.apply(&reader.read((range.0, range.1.min(until)))?, None, price);
            }
        }
        Ok(state)
    }
}

/// One transaction of a batch.
fn only(batch: &LedgerBatch, tx: TxIndex) -> LedgerBatch {
    LedgerBatch {
        blocks: Vec::new(),
        transactions: batch.transactions.iter().filter(|row| row.index == tx).cloned().collect(),
        inputs: batch.inputs.iter().filter(|row| row.tx == tx).copied().collect(),
        outputs: batch.outputs.iter().filter(|row| row.tx == tx).cloned().collect(),
        aliases: Vec::new(),
    }
}

fn contributions(judgement: &Judgement) -> Vec<ContributionAnswer> {
    let base = ContributionAnswer {
        rule: "base".to_owned(),
        verdict: String::new(),
        log_odds: judgement.base,
    };
    let parts = judgement.parts.iter().map(|part| ContributionAnswer {
        rule: part.rule.to_owned(),
        verdict: part.verdict.name().to_owned(),
        log_odds: part.log_odds,
    });
    std::iter::once(base).chain(parts).collect()
}

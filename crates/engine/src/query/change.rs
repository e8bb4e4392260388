//! Why an output is taken for change: the part of each rule in the probability of one link.
//!
//! The stage that makes links of change remembers no finished transaction. So its state is brought back as far as one
//! link needs it: the transactions that were spent from, then the blocks from the link's transaction to its height.

use forensics::Step;
use forensics::change::{ChangeModel, ChangeState, Judgement, PriceAt};
use forensics::heuristics::CHANGE;
use ledger::{LedgerBatch, TransactionView};

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
        let is_it = |judgement: &Judgement| {
            [step.a, step.b].contains(&judgement.address)
                && (judgement.probability - f64::from(step.confidence)).abs() < TOLERANCE
        };
        let reader = LedgerReader::open(&self.snapshot)?;
        let prices = Prices::open(&self.snapshot)?;
        let price: PriceAt<'_> = &|time| prices.at(time);
        let mut state = self.state_before(step, &reader, price)?;
        let tx_id = self.tx_id(step.tx);
        let height = step.height.get();
        // The link was made in the midst of this block, by a transaction that we do not know: the first after which
        // the model says what it said then.
        for view in reader.read((height, height))?.views() {
            state.apply(&alone(&view), None, price);
            let spends_it = || view.inputs.iter().any(|input| input.previous.tx_id == tx_id);
            if view.row.index == step.tx || spends_it() {
                let found = state.judgements(step.tx, &model).into_iter().find(is_it);
                if let Some(judgement) = found {
                    return Ok(contributions(&judgement));
                }
            }
        }
        Ok(Vec::new())
    }

    /// What the stage remembered of the link's transaction before the block in which the link was made.
    fn state_before(
        &self,
        step: &Step,
        reader: &LedgerReader,
        price: PriceAt<'_>,
    ) -> Result<ChangeState, Error> {
        let block = self.columns.block_of(step.tx.get());
        let position = self.columns.first_at_or_above(block.height);
        let before = position.checked_sub(1).map(|before| self.columns.block(before));
        let mut state = ChangeState::after(before.map_or(0, |block| block.n_addresses_after));
        let batch = reader.read((block.height, block.height))?;
        let spent_from = batch.inputs.iter().filter(|input| input.tx == step.tx);
        let spent_from = spent_from.filter_map(|input| {
            self.transactions.lookup_one(input.previous.tx_id.as_bytes()).map(u64::from)
        });
        // Those of the same block come with it.
        let mut spent_from: Vec<u64> =
            spent_from.filter(|previous| *previous < block.first_tx).collect();
        spent_from.sort_unstable();
        spent_from.dedup();
        for previous in spent_from {
            let height = self.columns.block_of(previous).height;
            let batch = reader.read((height, height))?;
            if let Some(view) = batch.views().find(|view| view.row.index.get() == previous) {
                state.apply(&alone(&view), None, price);
            }
        }
        for (from, to) in reader.ranges_below(step.height.get()) {
            if to >= block.height {
                state.apply(&reader.read((from.max(block.height), to))?, None, price);
            }
        }
        Ok(state)
    }
}

/// One transaction.
fn alone(view: &TransactionView<'_>) -> LedgerBatch {
    LedgerBatch {
        transactions: vec![view.row.clone()],
        inputs: view.inputs.to_vec(),
        outputs: view.outputs.to_vec(),
        ..LedgerBatch::default()
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

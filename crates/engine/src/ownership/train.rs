//! Fitting the models of a store to its own ledger.

use forensics::change::{self, ChangeError, ChangeModel, ChangeState, Observed, TrainOptions};
use ledger::{ModelRecord, Timestamp, tables};
use store::Snapshot;

use super::sources::models;
use crate::answers::{FitAnswer, TrainReport};
use crate::layout::{self, SHARED};
use crate::reader::{self, LedgerReader};
use crate::stages::Prices;
use crate::view::View;
use crate::{Engine, Error, Progress, Watch};

/// Kinds of models, as in the table `models`.
pub(crate) const CHANGE: &str = "change";

/// Transactions that are fitted to at most; more than these are drawn by seed. Bounds memory to about a gigabyte.
const OBSERVED_MAX: f64 = 2_000_000.0;

impl Engine {
    /// Fits the model of change to the ledger, on change that was revealed later. It is in force from the next run on.
    ///
    /// # Errors
    /// If the store is damaged. That too little is known to fit a model is an answer, not an error.
    pub fn train(
        &self,
        seed: u64,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<TrainReport, Error> {
        let mut writer = self.store.writer()?;
        let snapshot = writer.snapshot();
        let fitted = fit_change(&snapshot, seed, watch)?;
        let mut held = models(&snapshot)?;
        let last = held.iter().rfind(|model| model.kind == CHANGE);
        let is_new = match (&fitted, last) {
            (Ok(model), Some(last)) => model.version() != last.version,
            (Ok(_), None) => true,
            (Err(_), _) => false,
        };
        let after = match &fitted {
            Ok(model) if is_new => {
                let id = u32::try_from(held.len() + 1).expect("models are few");
                held.push(ModelRecord {
                    id,
                    kind: CHANGE.to_owned(),
                    version: model.version().to_owned(),
                    text: model.to_text(),
                    fitted_at: now,
                });
                let mut commit = writer.begin();
                let row = tables::models_to(&held[held.len() - 1..]);
                commit.append(&layout::spec(&tables::MODELS), SHARED, &row)?;
                commit.finish(self.run_record("cluster train", now))?
            }
            _ => snapshot,
        };
        let view = View::open(&after, self.config())?;
        Ok(TrainReport {
            change: fit_answer(&fitted, is_new),
            stale_because: view.stale_because(None),
            snapshot: after.id().to_string(),
        })
    }
}

fn fit_answer(fitted: &Result<ChangeModel, ChangeError>, is_new: bool) -> FitAnswer {
    match fitted {
        Ok(model) => FitAnswer {
            version: Some(model.version().to_owned()),
            is_new,
            threshold: model.threshold(),
            why_not: model.figures().no_threshold_because.clone(),
            hint: None,
            figures: Some(model.figures().clone()),
        },
        Err(error) => FitAnswer {
            version: None,
            is_new,
            threshold: None,
            why_not: error.to_string(),
            hint: error.hint(),
            figures: None,
        },
    }
}

fn fit_change(
    snapshot: &Snapshot,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Result<ChangeModel, ChangeError>, Error> {
    let reader = LedgerReader::open(snapshot)?;
    let prices = Prices::open(snapshot)?;
    let ranges = reader.ranges(0);
    let total = Some(ranges.len() as u64 + 1);
    watch.tell(Progress::Begin { what: "change".to_owned(), total, unit: "parts" });
    let n_transactions = f64::from(snapshot.dictionary(layout::BITCOIN_TX)?.len());
    let mut observed = Observed::new(seed, (OBSERVED_MAX / n_transactions.max(1.0)).min(1.0));
    let mut state = ChangeState::default();
    for (done, range) in (1..).zip(ranges) {
        if watch.stopped() {
            return Err(Error::Stopped);
        }
        let price = |time| prices.at(time);
        state.observe(&reader.read(range)?, &price, &mut observed);
        watch.tell(Progress::At { done });
    }
    let links = reader::links(snapshot)?;
    let options = TrainOptions { seed, ..TrainOptions::default() };
    let fitted = change::train(&observed, &links, &options);
    watch.tell(Progress::End);
    Ok(fitted)
}

/// The model of change in force, and its number.
pub(crate) fn change_model(snapshot: &Snapshot) -> Result<Option<(u32, ChangeModel)>, Error> {
    let held = models(snapshot)?;
    let Some(last) = held.into_iter().rfind(|model| model.kind == CHANGE) else { return Ok(None) };
    Ok(Some((last.id, ChangeModel::from_text(&last.text)?)))
}

//! Fitting the models of a store to its own ledger.

use forensics::change::{self, ChangeError, ChangeModel, ChangeState, Observed, TrainOptions};
use forensics::resolution::ResolutionModel;
use ledger::{Height, ModelRecord, Timestamp, tables};
use store::Snapshot;

use super::resolve::{RESOLUTION, Unfitted, fit_resolution};
use super::sources::models;
use crate::answers::{FitAnswer, ResolutionFitAnswer, TrainReport};
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
    /// Fits the models of change and of resolution to the ledger. They are in force from the next run on.
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
        let mut held = models(&snapshot)?;
        let n_before = held.len();
        let change = change_answer(fit_change(&snapshot, seed, watch)?, &mut held, now);
        let resolution = match fit_resolution(&snapshot, seed, watch) {
            Ok(fitted) => resolution_answer(fitted, &mut held, now),
            // Without clusters there is nothing to fit to; the model of change may be fitted all the same.
            Err(error @ Error::NotFound { .. }) => ResolutionFitAnswer {
                why_not: error.to_string(),
                hint: error.hint(),
                ..ResolutionFitAnswer::default()
            },
            Err(error) => return Err(error),
        };
        let after = match &held[n_before..] {
            [] => snapshot,
            new => {
                let mut commit = writer.begin();
                commit.append(&layout::spec(&tables::MODELS), SHARED, &tables::models_to(new))?;
                commit.finish(self.run_record("cluster train", now))?
            }
        };
        let view = View::open(&after, self.config())?;
        Ok(TrainReport {
            change,
            resolution,
            stale_because: view.stale_because(crate::staleness::Asked::Owners, None),
            snapshot: after.id().to_string(),
        })
    }
}

/// Adds a model to those held, if it says something else than the last of its kind.
fn keep(
    held: &mut Vec<ModelRecord>,
    kind: &str,
    (version, text): (&str, String),
    fitted_at: Timestamp,
) -> bool {
    let last = held.iter().rfind(|model| model.kind == kind);
    let is_new = last.is_none_or(|last| last.version != version);
    if is_new {
        let id = u32::try_from(held.len() + 1).expect("models are few");
        let (kind, version) = (kind.to_owned(), version.to_owned());
        held.push(ModelRecord { id, kind, version, text, fitted_at });
    }
    is_new
}

fn change_answer(
    fitted: Result<ChangeModel, ChangeError>,
    held: &mut Vec<ModelRecord>,
    now: Timestamp,
) -> FitAnswer {
    match fitted {
        Ok(model) => FitAnswer {
            is_new: keep(held, CHANGE, (model.version(), model.to_text()), now),
            version: Some(model.version().to_owned()),
            threshold: model.threshold(),
            why_not: model.figures().no_threshold_because.clone(),
            hint: None,
            figures: Some(model.figures().clone()),
        },
        Err(error) => {
            FitAnswer { why_not: error.to_string(), hint: error.hint(), ..FitAnswer::default() }
        }
    }
}

fn resolution_answer(
    fitted: Result<ResolutionModel, Unfitted>,
    held: &mut Vec<ModelRecord>,
    now: Timestamp,
) -> ResolutionFitAnswer {
    match fitted {
        Ok(model) => ResolutionFitAnswer {
            is_new: keep(held, RESOLUTION, (&model.version(), model.to_text()), now),
            version: Some(model.version()),
            truth: Some(model.origin.truth.clone()),
            figures: Some(model.figures),
            ..ResolutionFitAnswer::default()
        },
        Err(Unfitted { why_not, hint }) => {
            ResolutionFitAnswer { why_not, hint, ..ResolutionFitAnswer::default() }
        }
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
        // Nothing is unwound here: what only that needs is forgotten.
        state.settle(Height::new(range.1));
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

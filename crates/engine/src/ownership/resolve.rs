//! Fitting the model of entity resolution to a store.
//!
//! Truth comes from tags where they tell enough (two clusters of one entity, or of two); else links are withheld by chance
//! and what they join is the truth. Features are made with the labels of what is left in both cases.

use forensics::resolution::{
    self, Activity, CandidateLimits, Candidates, FitOptions, Profiles, ResolutionError,
    ResolutionModel, known_targets, later_labels, revealed_targets, withhold,
};
use forensics::{ClusterRules, Clusters};
use ledger::Link;
use store::Snapshot;

use super::sources::models;
use crate::derived::Derived;
use crate::reader::{self, LedgerReader};
use crate::stages::{Entities, cluster_entities};
use crate::{Error, Progress, Watch};

/// Kind of this model in the table `models`.
pub(super) const RESOLUTION: &str = "resolution";
/// The share of transactions whose links are withheld where tags tell too little.
const WITHHELD: f64 = 0.4;

/// The model of resolution in force, and its number.
pub(crate) fn resolution_model(
    snapshot: &Snapshot,
) -> Result<Option<(u32, ResolutionModel)>, Error> {
    let held = models(snapshot)?;
    let Some(last) = held.into_iter().rfind(|model| model.kind == RESOLUTION) else {
        return Ok(None);
    };
    Ok(Some((last.id, ResolutionModel::from_text(&last.text)?)))
}

/// Fits one to the clusters of the last run, or says why that cannot be.
pub(super) fn fit_resolution(
    snapshot: &Snapshot,
    seed: u64,
    watch: &dyn Watch,
) -> Result<Result<ResolutionModel, Unfitted>, Error> {
    let Some(derived) = Derived::open(snapshot)? else {
        return Err(Error::missing(
            "no run has been made, so there are no clusters to fit to",
            "run `tracehound run` first",
        ));
    };
    let activity = activity(snapshot, watch)?;
    let options = FitOptions { seed, ..FitOptions::default() };
    let labels = derived.labels();
    let entities = cluster_entities(&Entities::read(snapshot)?.with_numbers(), labels);
    let by_tags = fit(&activity, labels, &options, |profiles, candidates| {
        (known_targets(profiles, candidates, &entities), Vec::new())
    })?;
    let because = match by_tags {
        Ok(model) => return Ok(Ok(model)),
        Err(because) => because,
    };
    let n_addresses = u32::try_from(labels.len()).expect("address ids are u32");
    let (kept, withheld) = withhold(&reader::links(snapshot)?, seed, WITHHELD);
    let kept = labels_of(&kept, n_addresses);
    let later = later_labels(&kept, &withheld, n_addresses);
    let revealed = fit(&activity, &kept, &options, |profiles, candidates| {
        (Vec::new(), revealed_targets(profiles, candidates, &later, 1.0))
    })?;
    Ok(revealed.map_err(|why| Unfitted {
        why_not: format!("by tags: {}; by withheld links: {}", part(&because, 0), part(&why, 1)),
        hint: why.hint(),
    }))
}

/// Why no model could be fitted.
pub(super) struct Unfitted {
    pub(super) why_not: String,
    pub(super) hint: Option<String>,
}

/// Of an error that tells of known and of revealed pairs, what it tells of those that were passed.
fn part(error: &ResolutionError, at: usize) -> String {
    let text = error.to_string();
    let told = text.split("; ").nth(at).and_then(|part| part.split_once(": not fitted: "));
    told.map_or_else(|| text.clone(), |(_, told)| told.to_owned())
}

fn labels_of(links: &[Link], n_addresses: u32) -> Vec<u32> {
    let mut clusters = Clusters::new(ClusterRules::default());
    clusters.apply(links, n_addresses);
    clusters.labels()
}

fn activity(snapshot: &Snapshot, watch: &dyn Watch) -> Result<Activity, Error> {
    let reader = LedgerReader::open(snapshot)?;
    let ranges = reader.ranges(0);
    let total = Some(ranges.len() as u64);
    watch.tell(Progress::Begin { what: "behavior".to_owned(), total, unit: "parts" });
    let mut activity = Activity::default();
    for (done, range) in (1..).zip(ranges) {
        if watch.stopped() {
            return Err(Error::Stopped);
        }
        activity.apply(&reader.read(range)?);
        watch.tell(Progress::At { done });
    }
    watch.tell(Progress::End);
    Ok(activity)
}

type Targets = Vec<resolution::Target>;

fn fit(
    activity: &Activity,
    labels: &[u32],
    options: &FitOptions,
    targets: impl FnOnce(&Profiles<'_>, &Candidates) -> (Targets, Targets),
) -> Result<Result<ResolutionModel, ResolutionError>, Error> {
    let profiles = Profiles::new(activity, labels)?;
    let candidates = Candidates::new(&profiles, CandidateLimits::default());
    let (known, revealed) = targets(&profiles, &candidates);
    Ok(resolution::fit(&profiles, &candidates, &known, &revealed, options))
}

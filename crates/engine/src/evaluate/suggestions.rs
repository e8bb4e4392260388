//! Suggested links: a model fitted on the tags of one world, judged by the true owners of the others.

use forensics::resolution::{
    Activity, CandidateLimits, Candidates, FitOptions, Profiles, ResolutionModel, SuggestOptions,
    fit, known_targets, suggest,
};
use ledger::{ClusterId, LedgerBatch};

use super::report::{CalibrationReport, SuggestionsReport};

/// Of so many owners one has tags, in the world that is fitted to.
const TAGGED_OF: u32 = 3;
/// From here on a suggestion is counted as made.
const PROBABILITY_MIN: f64 = 0.9;

/// A world with its clusters.
pub(super) struct Clustered<'w> {
    pub(super) batch: &'w LedgerBatch,
    pub(super) owners: &'w [u32],
    pub(super) labels: &'w [u32],
}

/// Probabilities and whether they came true, of all worlds judged so far.
#[derive(Default)]
pub(super) struct Suggestions {
    model: Option<ResolutionModel>,
    not_fitted_because: Option<String>,
    probabilities: Vec<f64>,
    came_true: Vec<bool>,
}

impl Suggestions {
    /// The first world is fitted to; each later one is judged.
    pub(super) fn add(&mut self, world: &Clustered<'_>, is_first: bool) {
        let mut activity = Activity::default();
        activity.apply(world.batch);
        let profiles = match Profiles::new(&activity, world.labels) {
            Ok(profiles) => profiles,
            Err(error) => return self.not_fitted_because = Some(error.to_string()),
        };
        let candidates = Candidates::new(&profiles, CandidateLimits::default());
        if is_first {
            return self.fit(world, &profiles, &candidates);
        }
        let Some(model) = &self.model else { return };
        let all = SuggestOptions { probability_min: 0.0 };
        match suggest(&profiles, &candidates, model, &[], &all) {
            Ok(suggested) => {
                let owner = |cluster: ClusterId| world.owners[cluster.index()];
                self.probabilities.extend(suggested.iter().map(|pair| pair.probability));
                self.came_true.extend(suggested.iter().map(|pair| owner(pair.a) == owner(pair.b)));
            }
            Err(error) => self.not_fitted_because = Some(error.to_string()),
        }
    }

    fn fit(&mut self, world: &Clustered<'_>, profiles: &Profiles<'_>, candidates: &Candidates) {
        let clusters = profiles.all().iter().map(|profile| profile.cluster);
        let tags = clusters.map(|cluster| (cluster, world.owners[cluster.index()]));
        let tags: Vec<_> = tags.filter(|(_, owner)| owner.is_multiple_of(TAGGED_OF)).collect();
        let known = known_targets(profiles, candidates, &tags);
        match fit(profiles, candidates, &known, &[], &FitOptions::default()) {
            Ok(model) => self.model = Some(model),
            Err(error) => self.not_fitted_because = Some(error.to_string()),
        }
    }

    /// What was found; none if no second world was judged.
    pub(super) fn report(&self) -> Option<SuggestionsReport> {
        if self.probabilities.is_empty() {
            let not_fitted_because = self.not_fitted_because.clone()?;
            return Some(SuggestionsReport {
                not_fitted_because: Some(not_fitted_because),
                ..SuggestionsReport::default()
            });
        }
        let rows = || self.probabilities.iter().zip(&self.came_true);
        let made = rows().filter(|(probability, _)| **probability >= PROBABILITY_MIN);
        let right = made.clone().filter(|(_, right)| **right).count() as u64;
        let made = made.count() as u64;
        let same = self.came_true.iter().filter(|right| **right).count() as u64;
        let bounds = (made > 0).then(|| learn::proportion_bounds(right, made, 0.95));
        Some(SuggestionsReport {
            candidates: self.probabilities.len() as u64,
            same_owner: same,
            probability_min: PROBABILITY_MIN,
            made,
            right,
            right_low: bounds.map(|bounds| bounds.0),
            right_high: bounds.map(|bounds| bounds.1),
            calibration: CalibrationReport::of(
                "suggested links, worlds that the model was not fitted on",
                &self.probabilities,
                &self.came_true,
            ),
            not_fitted_because: self.not_fitted_because.clone(),
        })
    }
}

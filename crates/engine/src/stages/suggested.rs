//! Suggestions of a run: clusters that behave like one owner, by the model of resolution in force.

use forensics::resolution::{
    Activity, CandidateLimits, Candidates, Profiles, ResolutionModel, SuggestOptions, suggest,
};
use ledger::{AddressId, ClusterId, SuggestedLink};
use store::Snapshot;

use super::guarded::Entities;
use crate::Error;
use crate::config::OwnershipConfig;
use crate::ownership::resolution_model;

/// What remembers the behavior of all clusters; nothing where no model asks for it.
pub(super) struct Suggesting {
    model: Option<(u32, ResolutionModel)>,
    pub(super) activity: Activity,
}

impl Suggesting {
    pub(super) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        Ok(Self { model: resolution_model(snapshot)?, activity: Activity::default() })
    }

    pub(super) fn apply(&mut self, batch: &ledger::LedgerBatch) {
        if self.model.is_some() {
            self.activity.apply(batch);
        }
    }

    /// The rows of the table `suggested_links`, likeliest first.
    pub(super) fn rows(
        &self,
        labels: &[u32],
        entities: &Entities,
        config: &OwnershipConfig,
    ) -> Result<Vec<SuggestedLink>, Error> {
        let (Some((source, model)), Some(height)) = (&self.model, self.activity.height()) else {
            return Ok(Vec::new());
        };
        let profiles = Profiles::new(&self.activity, labels)?;
        let candidates = Candidates::new(&profiles, CandidateLimits::default());
        let probability_min = f64::from(config.suggest_percent_min) / 100.0;
        let entities = cluster_entities(&entities.with_numbers(), labels);
        let options = SuggestOptions { probability_min };
        let found = suggest(&profiles, &candidates, model, &entities, &options)?;
        Ok(found.iter().map(|suggestion| suggestion.row(height, *source)).collect())
    }
}

/// The entity of each cluster that carries exactly one, by cluster.
pub(crate) fn cluster_entities(
    entities: &[(AddressId, u32)],
    labels: &[u32],
) -> Vec<(ClusterId, u32)> {
    let of = |(address, entity): &(AddressId, u32)| {
        let label = *labels.get(address.index())?;
        Some((ClusterId::new(AddressId::new(label)), *entity))
    };
    let mut rows: Vec<(ClusterId, u32)> = entities.iter().filter_map(of).collect();
    rows.sort_unstable();
    rows.dedup();
    let only = rows.chunk_by(|one, other| one.0 == other.0).filter(|same| same.len() == 1);
    only.map(|same| same[0]).collect()
}

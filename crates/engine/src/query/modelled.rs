//! What models say of clusters, as the last run left their facts: for counterfactuals and dry runs.

use forensics::score::{ModelScore, Without};
use ledger::EntityId;

use super::score::OwnFacts;
use crate::Error;
use crate::layout::{SHARED, checkpoint};
use crate::risk_models::RiskModel;
use crate::view::View;

/// A probability in parts per million, and what it would be without some facts.
pub(super) type Said = (u32, Vec<(Without, u32)>);

/// What a model says of a cluster, and what it would say without each of some parties: asked with
/// that party's money untraced and itself near to nobody.
pub(super) fn said(
    model: &RiskModel,
    facts: &OwnFacts,
    entities: &[EntityId],
) -> Result<Option<Said>, Error> {
    let Some(facts) = facts.of_model() else { return Ok(None) };
    let row = |hidden: Option<EntityId>| {
        model.columns().row(&facts, |_, entity| entity != EntityId::NONE && Some(entity) == hidden)
    };
    let hidden = std::iter::once(None).chain(entities.iter().copied().map(Some));
    let rows: Vec<Vec<f64>> = hidden.map(row).collect();
    let all = model.probabilities(&rows)?;
    let after = entities.iter().zip(&all[1..]);
    Ok(Some((all[0], after.map(|(entity, ppm)| (Without::Entity(*entity), *ppm)).collect())))
}

/// What each of some models says of each cluster.
pub(super) fn said_by<'m>(
    models: &'m [RiskModel],
    facts: &[OwnFacts],
) -> Result<Vec<Vec<ModelScore<'m>>>, Error> {
    let mut said: Vec<Vec<ModelScore<'m>>> = vec![Vec::new(); facts.len()];
    for model in models {
        let (mut places, mut rows) = (Vec::new(), Vec::new());
        for (place, facts) in facts.iter().enumerate() {
            if let Some(facts) = facts.of_model() {
                places.push(place);
                rows.push(model.columns().row(&facts, |_, _| false));
            }
        }
        for (place, ppm) in places.into_iter().zip(model.probabilities(&rows)?) {
            said[place].push(model.score(ppm, ""));
        }
    }
    Ok(said)
}

impl View {
    /// Whether the models that are in force are those of the last run.
    pub(super) fn has_models_of_run(&self) -> bool {
        let now = self.snapshot.rows(ledger::tables::RISK_MODELS.name, SHARED);
        self.snapshot.checkpoint(checkpoint::RUN_MODELS).unwrap_or(0) == now
    }
}

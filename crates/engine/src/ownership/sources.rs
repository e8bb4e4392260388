//! What stands behind links: the rows of the table `link_sources`, from the models and the decisions of a store.

use ledger::{DecisionKind, LinkSource, ModelRecord, tables};
use store::Snapshot;

use super::{DecisionLog, OF_DECISION};
use crate::Error;
use crate::layout::SHARED;

/// Every source that a link of this snapshot can have.
pub(crate) fn link_sources(snapshot: &Snapshot) -> Result<Vec<LinkSource>, Error> {
    let mut sources: Vec<LinkSource> = models(snapshot)?
        .into_iter()
        .map(|model| LinkSource {
            id: model.id,
            kind: "model".to_owned(),
            about: format!("{} model {} fitted on this ledger", model.kind, model.version),
            name: model.version,
        })
        .collect();
    let log = DecisionLog::open(snapshot)?;
    let accepted = log.in_force().filter(|(_, row)| row.kind == DecisionKind::AcceptSuggestion);
    sources.extend(accepted.map(|(number, row)| LinkSource {
        id: OF_DECISION | number,
        kind: "decision".to_owned(),
        name: row.id.clone(),
        about: format!("accepted by {}: {}", row.author, row.reason),
    }));
    Ok(sources)
}

/// The number of the model of change by which links are to be made; 0 if there is none, or none that may make links.
pub(crate) fn model_of_links(snapshot: &Snapshot) -> Result<u64, Error> {
    let model = super::change_model(snapshot)?;
    let in_force = model.filter(|(_, model)| model.threshold().is_some());
    Ok(in_force.map_or(0, |(id, _)| u64::from(id)))
}

/// Every fitted model, in order.
pub(crate) fn models(snapshot: &Snapshot) -> Result<Vec<ModelRecord>, Error> {
    let mut rows = Vec::new();
    for batch in snapshot.scan(tables::MODELS.name, SHARED, None, None)? {
        rows.append(&mut tables::models_from(&batch?)?);
    }
    Ok(rows)
}

//! The log of models in scores: what is in force, and the bytes of a package.

use ledger::{RiskModelEvent, RiskModelEventKind, tables};
use store::Snapshot;

use crate::Error;
use crate::layout::SHARED;

/// Every event, in order.
pub(crate) struct RiskModelLog(pub(crate) Vec<RiskModelEvent>);

impl RiskModelLog {
    /// Reads it, without the packages.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let mut rows = Vec::new();
        let columns = Some(tables::RISK_MODEL_LOG);
        for batch in snapshot.scan(tables::RISK_MODELS.name, SHARED, columns, None)? {
            rows.append(&mut tables::risk_models_from(&batch?)?);
        }
        Ok(Self(rows))
    }

    /// The last event of a name.
    pub(crate) fn last(&self, name: &str) -> Option<&RiskModelEvent> {
        self.0.iter().rfind(|event| event.name == name)
    }

    /// The version of a name that is in force.
    pub(crate) fn in_force(&self, name: &str) -> Option<&RiskModelEvent> {
        self.last(name).filter(|event| event.kind == RiskModelEventKind::Published)
    }

    /// The names in force, ascending.
    pub(crate) fn names_in_force(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|event| event.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| self.in_force(name).is_some());
        names
    }
}

/// The bytes of a package.
pub(crate) fn package(snapshot: &Snapshot, sha256: &str) -> Result<Vec<u8>, Error> {
    let columns: &[&str] = &["sha256", "package"];
    for batch in snapshot.scan(tables::RISK_MODELS.name, SHARED, Some(columns), None)? {
        if let Some(bytes) = tables::risk_model_package(&batch?, sha256)? {
            return Ok(bytes);
        }
    }
    Err(Error::missing(
        format!("the store holds no package {sha256}"),
        "run `tracehound verify`, then publish the model again",
    ))
}

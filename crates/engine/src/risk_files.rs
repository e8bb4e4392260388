//! The risk tables of the last run, mapped from disk and found by cluster.
//!
//! In: a snapshot. Out: rows of one cluster, by two binary searches, or of all. Opening costs the number of files.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use arrow::array::RecordBatch;
use arrow::datatypes::UInt32Type;
use ledger::tables::{self, Table, TableError};
use ledger::{
    ClusterId, Entity, EntityId, Exposure, MonitoredPayment, PatternMatch, ProximityRow, Score,
    ScoreTerm,
};
use store::Snapshot;

use crate::Error;
use crate::derived::{Numbers, column};
use crate::layout::checkpoint;

/// The rows of one table, by cluster.
struct ByCluster {
    clusters: Numbers<UInt32Type>,
    rows: RecordBatch,
}

impl ByCluster {
    fn open(snapshot: &Snapshot, table: &Table) -> Result<Self, Error> {
        let rows = snapshot.mapped(table.name)?;
        Ok(Self { clusters: column(&rows, "cluster")?, rows })
    }

    fn of(&self, cluster: ClusterId) -> RecordBatch {
        let cluster = cluster.get().get();
        self.between(cluster..=cluster)
    }

    fn between(&self, clusters: RangeInclusive<u32>) -> RecordBatch {
        let column = self.clusters.values();
        let from = column.partition_point(|other| other < clusters.start());
        let to = column.partition_point(|other| other <= clusters.end());
        self.rows.slice(from, to - from)
    }
}

/// The rows of some clusters, each table by cluster.
#[derive(Default)]
pub(crate) struct FactRows {
    pub(crate) exposures: Vec<Exposure>,
    pub(crate) proximities: Vec<ProximityRow>,
    pub(crate) patterns: Vec<PatternMatch>,
    pub(crate) scores: Vec<Score>,
    pub(crate) entities: Vec<(ClusterId, EntityId)>,
    /// Where a model counts: its terms.
    pub(crate) model_terms: Vec<ScoreTerm>,
}

impl FactRows {
    /// Every cluster that has a row, ascending.
    pub(crate) fn clusters(&self) -> Vec<ClusterId> {
        let exposed = self.exposures.iter().map(|row| row.cluster);
        let near = self.proximities.iter().map(|row| row.cluster);
        let found = self.patterns.iter().map(|row| row.cluster);
        let scored = self.scores.iter().map(|row| row.cluster);
        let held = self.entities.iter().map(|row| row.0);
        let mut clusters: Vec<ClusterId> =
            exposed.chain(near).chain(found).chain(scored).chain(held).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }
}

/// See the module.
pub(crate) struct RiskFiles {
    entities: Vec<Entity>,
    entity_clusters: ByCluster,
    exposures: ByCluster,
    proximities: ByCluster,
    patterns: ByCluster,
    scores: ByCluster,
    terms: ByCluster,
    payments: RecordBatch,
}

impl RiskFiles {
    /// Opens them; `None` if no run has been made for this ledger.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Option<Self>, Error> {
        if snapshot.checkpoint(checkpoint::CLUSTERS).is_none() {
            return Ok(None);
        }
        let open = |table| ByCluster::open(snapshot, table);
        Ok(Some(Self {
            entities: tables::entities_from(&snapshot.mapped(tables::ENTITIES.name)?)?,
            entity_clusters: open(&tables::ENTITY_CLUSTERS)?,
            exposures: open(&tables::EXPOSURES)?,
            proximities: open(&tables::PROXIMITIES)?,
            patterns: open(&tables::PATTERNS)?,
            scores: open(&tables::SCORES)?,
            terms: open(&tables::SCORE_TERMS)?,
            payments: snapshot.mapped(tables::MONITORED_PAYMENTS.name)?,
        }))
    }

    /// Every known party, by id.
    pub(crate) fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The party of an id; `None` for [`EntityId::NONE`].
    pub(crate) fn entity(&self, id: EntityId) -> Option<&Entity> {
        self.entities.get(usize::try_from(id.known()?.get()).ok()?)
    }

    /// The known party that holds a cluster.
    pub(crate) fn entity_of(&self, cluster: ClusterId) -> Result<Option<&Entity>, TableError> {
        let rows = tables::entity_clusters_from(&self.entity_clusters.of(cluster))?;
        Ok(rows.first().and_then(|row| self.entity(row.1)))
    }

    /// The clusters of each party, in order of clusters.
    pub(crate) fn entity_clusters(&self) -> Result<Vec<(ClusterId, EntityId)>, TableError> {
        tables::entity_clusters_from(&self.entity_clusters.rows)
    }

    /// The rows of all clusters of a range of labels.
    pub(crate) fn facts_between(
        &self,
        clusters: RangeInclusive<u32>,
    ) -> Result<FactRows, TableError> {
        let of = |table: &ByCluster| table.between(clusters.clone());
        Ok(FactRows {
            exposures: tables::exposures_from(&of(&self.exposures))?,
            proximities: tables::proximities_from(&of(&self.proximities))?,
            patterns: tables::patterns_from(&of(&self.patterns))?,
            scores: tables::scores_from(&of(&self.scores))?,
            entities: tables::entity_clusters_from(&of(&self.entity_clusters))?,
            model_terms: Vec::new(),
        })
    }

    /// The terms of models in the scores of a range of labels.
    pub(crate) fn model_terms_between(
        &self,
        clusters: RangeInclusive<u32>,
    ) -> Result<Vec<ScoreTerm>, TableError> {
        let mut terms = tables::score_terms_from(&self.terms.between(clusters))?;
        terms.retain(|term| term.kind == "model");
        Ok(terms)
    }

    pub(crate) fn exposures(&self, cluster: ClusterId) -> Result<Vec<Exposure>, TableError> {
        tables::exposures_from(&self.exposures.of(cluster))
    }

    pub(crate) fn proximities(&self, cluster: ClusterId) -> Result<Vec<ProximityRow>, TableError> {
        tables::proximities_from(&self.proximities.of(cluster))
    }

    /// Patterns of one cluster, or of all.
    pub(crate) fn patterns(
        &self,
        cluster: Option<ClusterId>,
    ) -> Result<Vec<PatternMatch>, TableError> {
        let rows = cluster.map_or_else(|| self.patterns.rows.clone(), |own| self.patterns.of(own));
        tables::patterns_from(&rows)
    }

    /// Payments to monitored addresses, by transaction.
    pub(crate) fn payments(&self) -> Result<Vec<MonitoredPayment>, TableError> {
        tables::monitored_payments_from(&self.payments)
    }

    pub(crate) fn score(&self, cluster: ClusterId) -> Result<Option<Score>, TableError> {
        Ok(tables::scores_from(&self.scores.of(cluster))?.pop())
    }

    pub(crate) fn scores(&self) -> Result<Vec<Score>, TableError> {
        tables::scores_from(&self.scores.rows)
    }

    pub(crate) fn terms(&self, cluster: ClusterId) -> Result<Vec<ScoreTerm>, TableError> {
        tables::score_terms_from(&self.terms.of(cluster))
    }

    /// What weighs most in the score of a cluster, as a sentence; empty if nothing does.
    pub(crate) fn strongest(&self, cluster: ClusterId) -> Result<String, TableError> {
        let terms = self.terms(cluster)?;
        let strongest = terms.into_iter().max_by_key(|term| (term.points, Reverse(term.position)));
        Ok(strongest.map_or_else(String::new, |term| term.basis))
    }

    /// The name of a party for people: empty where none is told apart.
    pub(crate) fn name_of(&self, id: EntityId) -> String {
        self.entity(id).map_or_else(String::new, |entity| entity.name.clone())
    }
}

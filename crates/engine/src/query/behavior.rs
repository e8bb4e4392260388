//! How a cluster behaves, and which others behave alike: features and suggestions.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, UInt32Type, UInt64Type};
use forensics::decisions::PERSON;
use ledger::tables::{self, FEATURE_COLUMNS};
use ledger::{ClusterId, DecisionKind, SuggestedLink, TxIndex};

use crate::answers::{
    ContributionAnswer, FeatureAnswer, FeatureValue, FeaturesAnswer, SideAnswer, SuggestAnswer,
    SuggestionAnswer,
};
use crate::layout::SHARED;
use crate::ownership::{DecisionLog, link_id, resolution_model};
use crate::staleness::Asked;
use crate::view::View;
use crate::{Error, stages};

impl View {
    /// How the cluster of an address behaves.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, no run has been made, or runs make no features.
    pub fn features(&self, address: &str) -> Result<FeaturesAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        let rows = &self.derived()?.features;
        let cluster = self.cluster_of(id);
        let found = rows
            .column_by_name("cluster")
            .and_then(|column| column.as_primitive_opt::<UInt32Type>())
            .and_then(|ids| ids.values().binary_search(&stages::root(cluster).get()).ok());
        let row = found.ok_or_else(|| {
            Error::missing(
                format!("no features of cluster {cluster} are stored"),
                "set ownership.features = true in the configuration, and run `tracehound run`",
            )
        })?;
        let feature = |column: &tables::FeatureColumn| FeatureAnswer {
            name: column.name,
            value: value(rows, column.name, row),
            unit: column.unit,
            about: column.about,
        };
        Ok(FeaturesAnswer {
            address: self.address_text(id),
            cluster,
            known_as: self.names_of(cluster)?,
            features: FEATURE_COLUMNS.iter().map(feature).collect(),
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// Links that behavior suggests, of all clusters or of that of one address; at most `limit`.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn suggestions(&self, address: Option<&str>, limit: usize) -> Result<SuggestAnswer, Error> {
        self.derived()?;
        let asked = match address {
            Some(address) => Some(self.cluster_of(self.known_address(address)?.1)),
            None => None,
        };
        let log = DecisionLog::open(&self.snapshot)?;
        let refused = self.refused(&log);
        let mut rows = self.suggested()?;
        rows.retain(|row| {
            asked.is_none_or(|cluster| [row.a, row.b].contains(&cluster))
                && !refused.contains(&[row.a, row.b])
        });
        let total = rows.len() as u64;
        let shown = rows.iter().take(limit).map(|row| self.suggestion(row, &log));
        Ok(SuggestAnswer {
            suggestions: shown.collect::<Result<_, Error>>()?,
            total,
            model: resolution_model(&self.snapshot)?.map(|(_, model)| model.version()),
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// The links that the last run suggested, the likeliest first.
    pub(crate) fn suggested(&self) -> Result<Vec<SuggestedLink>, Error> {
        let mut rows = Vec::new();
        for batch in self.snapshot.scan(tables::SUGGESTED_LINKS.name, SHARED, None, None)? {
            rows.append(&mut tables::suggested_links_from(&batch?)?);
        }
        Ok(rows)
    }

    /// Pairs of clusters of today that a person said have not one owner, the smaller first.
    fn refused(&self, log: &DecisionLog) -> Vec<[ClusterId; 2]> {
        let rows = log.in_force().filter(|(_, row)| row.kind == DecisionKind::RefuseSuggestion);
        let pair = |(_, row): (u32, &ledger::DecisionRecord)| {
            let [a, b] = [row.a?, row.b?].map(|address| self.id_of(&address));
            let (a, b) = (self.cluster_of(a?), self.cluster_of(b?));
            Some([a.min(b), a.max(b)])
        };
        rows.filter_map(pair).collect()
    }

    /// The name of a suggested link, and the transaction by which it is dated: the last that speaks for it.
    pub(crate) fn suggestion_id(&self, row: &SuggestedLink) -> Option<(String, TxIndex)> {
        let tx = *row.evidence.last()?;
        let [a, b] = [row.a, row.b].map(|cluster| self.address_of(stages::root(cluster)));
        Some((link_id(self.tx_id(tx), PERSON, &a?, &b?), tx))
    }

    fn suggestion(
        &self,
        row: &SuggestedLink,
        log: &DecisionLog,
    ) -> Result<SuggestionAnswer, Error> {
        let id = self.suggestion_id(row).map(|(id, _)| id).unwrap_or_default();
        let decided = log.in_force().find(|(_, decision)| {
            super::pending::link_of(decision).is_some_and(|other| other == id)
        });
        let side = |cluster: ClusterId| -> Result<SideAnswer, Error> {
            self.side((cluster, self.members_of(cluster).len() as u64))
        };
        let contribution = |(rule, log_odds): &(String, f64)| ContributionAnswer {
            rule: rule.clone(),
            verdict: String::new(),
            log_odds: *log_odds,
        };
        Ok(SuggestionAnswer {
            a: side(row.a)?,
            b: side(row.b)?,
            probability: row.probability,
            contributions: row.contributions.iter().map(contribution).collect(),
            evidence: row.evidence.iter().map(|tx| self.tx_id(*tx)).collect(),
            decided: decided.map(|(_, row)| row.kind.name()),
            id,
        })
    }
}

fn value(rows: &RecordBatch, column: &str, row: usize) -> Option<FeatureValue> {
    let column = rows.column_by_name(column)?;
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::UInt64 => {
            Some(FeatureValue::Whole(column.as_primitive::<UInt64Type>().value(row)))
        }
        DataType::Int64 => Some(FeatureValue::Time(column.as_primitive::<Int64Type>().value(row))),
        DataType::Float64 => {
            Some(FeatureValue::Real(column.as_primitive::<Float64Type>().value(row)))
        }
        _ => None,
    }
}

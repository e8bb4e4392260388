//! What a cluster is exposed to, how near known parties are, which patterns it shows.

use std::cmp::Reverse;

use forensics::patterns::detector;
use ledger::{Amount, Entity, Exposure, FlowSide, PatternMatch, Value};

use crate::Error;
use crate::answers::{
    EntityAnswer, ExposureAnswer, ExposurePart, NearestOfKind, NearnessAnswer, PatternAnswer,
    PatternsAnswer, Sats, SubjectAnswer,
};
use crate::risk_files::RiskFiles;
use crate::staleness::Asked;
use crate::view::View;

impl View {
    /// What is mapped of the risk of a run, or an error that says to make one.
    pub(crate) fn risk(&self) -> Result<&RiskFiles, Error> {
        self.risk.as_ref().ok_or_else(|| {
            Error::missing("no run has been made for this ledger", "run `tracehound run` first")
        })
    }

    pub(crate) fn subject(&self, address: &str) -> Result<SubjectAnswer, Error> {
        let (_, id) = self.known_address(address)?;
        let cluster = self.cluster_of(id);
        Ok(SubjectAnswer {
            address: self.address_text(id),
            cluster,
            cluster_size: self.cluster_size(cluster),
            known_as: self.names_of(cluster)?,
            entity: self.risk()?.entity_of(cluster)?.map(entity_answer),
            computed: self.is_of_run(cluster),
        })
    }

    /// Where the money of the cluster of an address came from and went to.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn exposure(&self, address: &str) -> Result<ExposureAnswer, Error> {
        let subject = self.subject(address)?;
        let files = self.risk()?;
        let rows = files.exposures(subject.cluster)?;
        let total = |side| total_of(&rows, side);
        let has_money = self.has_money();
        let part = |row: &Exposure| ExposurePart {
            side: row.side,
            direct: row.direct,
            mixed: row.mixed,
            category: row.category,
            entity: files.name_of(row.entity),
            amount_sat: sats(row.amount),
            share: share(row.amount, total(row.side)),
            value: has_money.then(|| row.value.to_string()),
            unpriced_sat: sats(row.amount_unpriced),
            n_transfers: row.n_transfers,
            first_time_s: row.first_time,
            last_time_s: row.last_time,
        };
        let mut parts: Vec<ExposurePart> = rows.iter().map(part).collect();
        parts.sort_by_key(|part| (part.side, Reverse(part.amount_sat.0)));
        Ok(ExposureAnswer {
            currency: self.config.money.currency.clone(),
            received_sat: subject.computed.then(|| sats(total(FlowSide::Received))),
            sent_sat: subject.computed.then(|| sats(total(FlowSide::Sent))),
            parts: subject.computed.then_some(parts),
            conventions: Vec::new(),
            stale_because: self.stale_because(Asked::Risk, None),
            snapshot: self.snapshot_id.clone(),
            subject,
        })
    }

    /// How near the known parties of each kind are to the cluster of an address.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn nearness(&self, address: &str) -> Result<NearnessAnswer, Error> {
        let subject = self.subject(address)?;
        let files = self.risk()?;
        let mut rows = files.proximities(subject.cluster)?;
        rows.sort_by_key(|row| (row.side, row.hops_contracted, row.hops, row.category));
        let nearest = rows.iter().map(|row| NearestOfKind {
            side: row.side,
            category: row.category,
            entity: files.name_of(row.entity),
            hops: row.hops,
            hops_contracted: row.hops_contracted,
            bottleneck_sat: Sats(row.bottleneck_sat),
            share: row.share,
            path: Vec::new(),
        });
        Ok(NearnessAnswer {
            hops_max: self.risk_of_run().hops_max,
            nearest: subject.computed.then(|| nearest.collect()),
            stale_because: self.stale_because(Asked::Risk, None),
            snapshot: self.snapshot_id.clone(),
            subject,
        })
    }

    /// Patterns of all clusters or of that of one address, the latest first; at most `limit`.
    ///
    /// # Errors
    /// If the text is no address or has not appeared, or no run has been made.
    pub fn patterns(&self, address: Option<&str>, limit: usize) -> Result<PatternsAnswer, Error> {
        let cluster = match address {
            Some(address) => Some(self.cluster_of(self.known_address(address)?.1)),
            None => None,
        };
        let mut rows = self.risk()?.patterns(cluster)?;
        rows.sort_by_key(|row| (Reverse(row.height), row.pattern, row.cluster));
        Ok(PatternsAnswer {
            currency: self.config.money.currency.clone(),
            patterns: rows.iter().take(limit).map(|row| self.pattern(row)).collect(),
            total: cluster
                .is_none_or(|cluster| self.is_of_run(cluster))
                .then_some(rows.len() as u64),
            stale_because: self.stale_because(Asked::Risk, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    pub(crate) fn pattern(&self, row: &PatternMatch) -> PatternAnswer {
        let found = detector(row.pattern);
        PatternAnswer {
            pattern: found.map_or("unknown", |detector| detector.name),
            fatf: found.map_or("", |detector| detector.fatf),
            cluster: row.cluster,
            address: self.cluster_text(row.cluster),
            height: row.height,
            first_time_s: row.first_time,
            last_time_s: row.last_time,
            amount_sat: sats(row.amount),
            value: row.value.as_ref().filter(|_| self.has_money()).map(Value::to_string),
            n_transfers: row.n_transfers,
            evidence: row.evidence.iter().map(|tx| self.tx_id(*tx)).collect(),
            about: row.about.clone(),
        }
    }
}

fn entity_answer(entity: &Entity) -> EntityAnswer {
    EntityAnswer {
        category: entity.category,
        name: entity.name.clone(),
        source: entity.source.clone(),
        source_version: entity.source_version.clone(),
        confidence: entity.confidence,
    }
}

/// A sum of satoshi; no ledger holds more than 64 bits of them.
fn sats(amount: Amount) -> Sats {
    Sats(amount.to_sat().unwrap_or(u64::MAX))
}

fn total_of(rows: &[Exposure], side: FlowSide) -> Amount {
    let own = rows.iter().filter(|row| row.side == side);
    Amount::from_units(own.map(|row| row.amount.units()).sum())
}

#[expect(clippy::cast_precision_loss, reason = "a share to look at; sums are made before")]
fn share(part: Amount, total: Amount) -> f64 {
    if total == Amount::ZERO { 0.0 } else { part.units() as f64 / total.units() as f64 }
}

//! Risk: what the money of every cluster is exposed to, how near known parties are, which patterns it shows, how it
//! ranks and scores.
//!
//! In: the ledger part by part, clusters, cluster edges, lists and tags, prices, the profile in force. Out: the tables of
//! `layout::RISK`. A view as the others are: made from everything as it is now, by the kernels that also keep it
//! current block by block (`forensics::{exposure, patterns, proximity, rank, score}`), so any cut of the same blocks
//! into runs gives the same bytes. The three kernels that read the ledger work side by side and share nothing they
//! write.
//!
//! Memory: that of the resident kernels, see their headers.

mod arrivals;
mod claims;
mod scores;

use std::sync::Arc;

use arrow::array::RecordBatch;
use forensics::exposure::{self, ExposureOptions, ExposureState, PreviousTransactions, SentUpdate};
use forensics::money::Prices;
use forensics::patterns::{self, PatternOptions, PatternState, pattern_transfers};
use forensics::proximity::{ProximityOptions, ProximityState};
use forensics::rank::{RankOptions, ranks};
use forensics::screening::ListIndex;
use forensics::{Attribution, Owners};
use ledger::{
    AddressId, Category, ClusterEdge, ClusterFeatures, ClusterId, EntityId, Exposure, FlowSide,
    LedgerBatch, Mix, PatternMatch, ProximityRow, Timestamp, tables,
};
use store::Snapshot;

pub(crate) use arrivals::{Arrivals, monitored};
pub(crate) use claims::{category_of, listed_entity, members_by_party};
pub(crate) use scores::{PROFILE, check_currency, parse_profile, profile};

use crate::config::RiskConfig;
use crate::layout::{SHARED, checkpoint};
use crate::risk_models::{AllFacts, RiskModel};
use crate::view::TagFile;
use crate::{Config, Error};
use claims::{Listed, attribution, listed_members};
use scores::Scoring;

/// What a run knows before it reads the ledger.
pub(super) struct Known {
    pub(super) attribution: Attribution,
    /// By label.
    pub(super) entities: Vec<u32>,
    /// By entity.
    categories: Vec<Category>,
    /// Listed addresses by cluster.
    listed: Vec<Listed>,
    pub(super) prices: Arc<Prices>,
    /// Monitored addresses, ascending.
    monitored: Vec<AddressId>,
    profile: forensics::score::Profile,
    /// The model that the profile counts.
    model: Option<RiskModel>,
}

impl Known {
    /// Whether scores need the behavior of clusters.
    pub(super) fn has_model(&self) -> bool {
        self.model.is_some()
    }

    /// The same, and the model that the profile counts: who scores needs it, and it is read from a package.
    pub(super) fn with_model(self, snapshot: &Snapshot) -> Result<Self, Error> {
        Ok(Self { model: RiskModel::of_profile(snapshot, &self.profile)?, ..self })
    }
}

/// What lists, tags, prices and the profile of a snapshot say of clusters, but for its model.
pub(super) fn known(
    snapshot: &Snapshot,
    lists: &ListIndex,
    labels: &[u32],
    config: &Config,
    prices: Arc<Prices>,
    id_of: impl Fn(&ledger::Address) -> Option<u32> + Copy,
) -> Result<Known, Error> {
    let cluster_of = |address: &ledger::Address| {
        let label = *labels.get(id_of(address)? as usize)?;
        Some(ClusterId::new(AddressId::new(label)))
    };
    let tags = TagFile::open(snapshot)?;
    let profile = scores::profile(snapshot, &config.money.currency)?;
    // A party that the profile does not count must not stand in front of one that it does.
    let confidence_min = config.risk.confidence_min.max(profile.confidence_min());
    let attribution = attribution(lists, tags.as_ref(), confidence_min, cluster_of)?;
    Ok(Known {
        entities: attribution.by_label(labels.len()),
        categories: attribution.entities.iter().map(|entity| entity.category).collect(),
        listed: listed_members(lists, &attribution, cluster_of),
        prices,
        model: None,
        profile,
        monitored: monitored(snapshot, id_of)?,
        attribution,
    })
}

/// What besides ledger, lists, tags and ownership the risk tables are made from: checkpoints with what they stand at.
/// Defaults come with the program and change with it, so they are known by what they say: a number of the store
/// would be the same before and after.
pub(crate) fn stamps(
    snapshot: &Snapshot,
    config: &Config,
) -> Result<[(&'static str, u64); 5], Error> {
    Ok([
        (checkpoint::RUN_RISK, config.risk.stamp()),
        (checkpoint::RUN_PATTERNS, pattern_stamp(&PatternOptions::default())),
        (checkpoint::RUN_PROFILE, profile_stamp(snapshot, config)?),
        (checkpoint::RUN_MONITORED, snapshot.rows(tables::MONITORED.name, SHARED)),
        (checkpoint::RUN_MODELS, snapshot.rows(tables::RISK_MODELS.name, SHARED)),
    ])
}

/// The profile, and the schema of what is made by it: a table of an earlier version is made again.
fn profile_stamp(snapshot: &Snapshot, config: &Config) -> Result<u64, Error> {
    let profile = scores::profile(snapshot, &config.money.currency)?;
    Ok(crate::stamp(&format!("{}, payments with all payers", profile.label())))
}

fn pattern_stamp(options: &PatternOptions) -> u64 {
    crate::stamp(&toml::to_string(options).expect("numbers and lists of numbers can be written"))
}

/// One pass over the ledger.
pub(super) struct RiskPass<'l> {
    known: &'l Known,
    owners: Owners<'l>,
    mixes: &'l [Mix],
    previous: PreviousTransactions,
    exposure: ExposureState,
    patterns: PatternState,
    proximity: ProximityState,
    arrivals: Arrivals,
}

impl<'l> RiskPass<'l> {
    /// `mixes` are those of the whole ledger, by transaction.
    pub(super) fn new(
        known: &'l Known,
        labels: &'l [u32],
        mixes: &'l [Mix],
        config: &RiskConfig,
    ) -> Result<Self, Error> {
        let options = ExposureOptions { parts_max: config.parts_max, sent: SentUpdate::OnRequest };
        let near = ProximityOptions { hops_max: config.hops_max, ..ProximityOptions::default() };
        Ok(Self {
            owners: Owners { labels, entities: &known.entities },
            known,
            mixes,
            previous: PreviousTransactions::default(),
            exposure: ExposureState::new(options),
            patterns: PatternState::new(PatternOptions::default())?,
            proximity: ProximityState::new(near),
            arrivals: Arrivals::default(),
        })
    }

    /// Takes in the next part of the ledger.
    pub(super) fn push(&mut self, batch: &LedgerBatch) -> Result<(), Error> {
        let Self { known, owners, mixes, previous, exposure, patterns, proximity, arrivals } = self;
        arrivals.push(batch, owners, &known.monitored);
        let price = |time: Timestamp| known.prices.price_micros_at(time);
        let of_exposure = || -> Result<(), Error> {
            let parties = exposure::Parties { owners: *owners, categories: &known.categories };
            let before = previous.apply(batch);
            exposure.apply(batch, &before, &parties, &price)?;
            Ok(())
        };
        let of_patterns = || -> Result<(), Error> {
            let (categories, price) = (&known.categories, &price as _);
            let parties = patterns::Parties { owners: *owners, categories, price };
            let transfers = pattern_transfers(batch, owners.labels, mixes_of(mixes, batch))?;
            Ok(patterns.apply(&transfers, &parties)?)
        };
        let (exposed, found) =
            rayon::join(of_exposure, || rayon::join(of_patterns, || proximity.push(batch)));
        exposed?;
        found.0?;
        Ok(found.1?)
    }

    /// What is known of clusters before anybody scores them.
    pub(super) fn facts(&mut self) -> RiskFacts {
        let Self { known, owners, exposure, proximity, .. } = self;
        let entities = &known.attribution.entities;
        rayon::join(|| exposure.refresh_sent(), || proximity.update(owners, entities));
        let exposures = exposure.exposures();
        let mut proximities: Vec<ProximityRow> = proximity.all_rows().collect();
        fill_shares(&mut proximities, &exposures);
        let price = |time: Timestamp| known.prices.price_micros_at(time);
        let mut patterns = self.patterns.rows(&price);
        patterns.sort_by_key(|row| (row.cluster, row.pattern, row.height, row.first_time));
        RiskFacts { exposures, proximities, patterns }
    }

    /// Makes the rows of every table. `behavior` is that of all clusters where a model counts.
    pub(super) fn finish(
        mut self,
        edges: &[ClusterEdge],
        behavior: &[ClusterFeatures],
    ) -> Result<RiskViews, Error> {
        let RiskFacts { exposures, proximities, patterns } = self.facts();
        let Self { known, owners, .. } = self;
        let entities = &known.attribution.entities;
        let ranked = ranks(edges, owners, entities, &RankOptions::default())?;
        let (held, proximities, patterns) = (&known.attribution.clusters, &proximities, &patterns);
        let all = AllFacts { behavior, held, exposures: &exposures, proximities, patterns };
        let modelled = known.model.as_ref().map(|model| model.scored(&all)).transpose()?;
        let scoring = Scoring {
            models: scores::model_scores(known.model.as_ref(), modelled.as_deref()),
            exposures: &exposures,
            proximities,
            patterns,
            entities,
            held,
            listed: &known.listed,
            profile: &known.profile,
        };
        let (scores, terms) = scoring.rows();
        let payments = self.arrivals.scored(known, &scoring, &self.exposure, &scores);
        let report = RiskReport {
            known_parties: entities.len() as u64,
            exposed_clusters: exposed_clusters(&exposures),
            near_clusters: clusters_of(proximities.iter().map(|row| row.cluster)),
            patterns: patterns.len() as u64,
            scored_clusters: scores.iter().filter(|score| score.points > 0).count() as u64,
        };
        Ok(RiskViews {
            tables: vec![
                tables::entities_to(entities),
                tables::entity_clusters_to(&known.attribution.clusters),
                tables::exposures_to(&exposures),
                tables::proximities_to(proximities),
                tables::patterns_to(patterns),
                tables::ranks_to(&ranked.rows),
                tables::scores_to(&scores),
                tables::score_terms_to(&terms),
                tables::monitored_payments_to(&payments),
            ],
            report,
        })
    }
}

/// Exposure, proximity and patterns of all clusters, each by cluster.
pub(super) struct RiskFacts {
    pub(super) exposures: Vec<Exposure>,
    pub(super) proximities: Vec<ProximityRow>,
    pub(super) patterns: Vec<PatternMatch>,
}

/// The tables of `layout::RISK`, in its order.
pub(super) struct RiskViews {
    tables: Vec<RecordBatch>,
    pub(super) report: RiskReport,
}

impl RiskViews {
    pub(super) fn into_tables(self) -> Vec<RecordBatch> {
        self.tables
    }
}

/// What a run says of risk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RiskReport {
    pub(super) known_parties: u64,
    pub(super) exposed_clusters: u64,
    pub(super) near_clusters: u64,
    pub(super) patterns: u64,
    pub(super) scored_clusters: u64,
}

/// The rows of the transactions of a batch.
fn mixes_of<'m>(mixes: &'m [Mix], batch: &LedgerBatch) -> &'m [Mix] {
    let (Some(first), Some(last)) = (batch.transactions.first(), batch.transactions.last()) else {
        return &[];
    };
    let from = mixes.partition_point(|mix| mix.tx < first.index);
    &mixes[from..mixes.partition_point(|mix| mix.tx <= last.index)]
}

/// The share of all that a cluster received (or sent) that is exposed to the kind of each row.
#[expect(clippy::cast_precision_loss, reason = "a share; sums are made before, in whole satoshi")]
fn fill_shares(proximities: &mut [ProximityRow], exposures: &[Exposure]) {
    for rows in proximities.chunk_by_mut(|a, b| a.cluster == b.cluster) {
        let cluster = rows[0].cluster;
        let from = exposures.partition_point(|row| row.cluster < cluster);
        let to = exposures.partition_point(|row| row.cluster <= cluster);
        let own = &exposures[from..to];
        let sum = |side: FlowSide, category: Option<Category>| -> u128 {
            let wanted = own.iter().filter(|row| {
                row.side == side && category.is_none_or(|category| row.category == category)
            });
            wanted.map(|row| row.amount.units()).sum()
        };
        for row in rows {
            let total = sum(row.side, None);
            let part = sum(row.side, Some(row.category));
            row.share = if total == 0 { 0.0 } else { part as f64 / total as f64 };
        }
    }
}

/// Clusters that are exposed to a known party.
fn exposed_clusters(exposures: &[Exposure]) -> u64 {
    let known = exposures.iter().filter(|row| row.entity != EntityId::NONE);
    clusters_of(known.map(|row| row.cluster))
}

/// How many different clusters, of rows in their order.
fn clusters_of(clusters: impl Iterator<Item = ClusterId>) -> u64 {
    let mut last = None;
    clusters.fold(0, |count, cluster| {
        let is_new = last != Some(cluster);
        last = Some(cluster);
        count + u64::from(is_new)
    })
}

/// Rows of one cluster in rows that are sorted by it.
pub(crate) fn of_cluster<Row>(
    rows: &[Row],
    cluster: ClusterId,
    key: impl Fn(&Row) -> ClusterId,
) -> &[Row] {
    let from = rows.partition_point(|row| key(row) < cluster);
    let rest = &rows[from..];
    &rest[..rest.partition_point(|row| key(row) <= cluster)]
}

//! Whom rules are asked about, and what is known of them: every cluster of the risk tables, every payment to a monitored
//! address. Payments to other addresses are not looked at: they are every output there is, and a run asks about all anew.
//!
//! In: a view of a run. Out: each subject with its [`Facts`]. Clusters are read in parts of a range of labels, in order, so memory is
//! that of one part.

use cases::{ClusterFacts, Facts, ListedAs, PaymentFacts, Subject, TaggedAs};
use ledger::{AddressId, Category, ClusterId, Exposure, MonitoredPayment, Score, Timestamp};

use crate::Error;
use crate::risk_files::FactRows;
use crate::stages::risk::{category_of, of_cluster};
use crate::view::View;

/// Labels of one part.
const PART: u32 = 1 << 16;

/// Who is told of subjects and what is known of them.
type Look<'l> = &'l mut dyn FnMut(&Subject, &dyn Facts);

/// See the module.
pub(crate) struct Subjects<'a> {
    view: &'a View,
    /// Monitored addresses, ascending.
    monitored: Vec<AddressId>,
    /// Scores in place of those of the run, by cluster: those of a profile that is tried out.
    scores: Option<&'a [Score]>,
    /// Block time of the last block.
    now: Timestamp,
    /// Whether the profile in force counts a model.
    has_model: bool,
}

/// What facts of one cluster point to.
struct Known {
    address: String,
    n_addresses: u64,
    listed: Vec<ListedAs>,
    tags: Vec<TaggedAs>,
    categories: Vec<Category>,
    entity: Option<String>,
    monitored: bool,
    score: Score,
}

impl<'a> Subjects<'a> {
    pub(crate) fn new(view: &'a View, scores: Option<&'a [Score]>) -> Result<Self, Error> {
        let id_of = |address: &ledger::Address| Some(view.id_of(address)?.get());
        Ok(Self {
            view,
            monitored: crate::stages::risk::monitored(&view.snapshot, id_of)?,
            scores,
            now: view.tip().unwrap_or_default().1,
            has_model: crate::stages::profile(&view.snapshot, &view.config.money.currency)?
                .model()
                .is_some(),
        })
    }

    /// Tells of every cluster, then of every payment to a monitored address; how many there were.
    pub(crate) fn each(&self, look: Look<'_>) -> Result<u64, Error> {
        let mut n_subjects = 0;
        let n_labels = u32::try_from(self.view.labels().len()).expect("address ids are u32");
        for first in (0..n_labels).step_by(PART as usize) {
            let rows = self.rows(first..=first.saturating_add(PART - 1))?;
            for cluster in self.clusters(&rows, first) {
                n_subjects += 1;
                self.look_at(cluster, &rows, look)?;
            }
        }
        for payment in self.view.risk()?.payments()? {
            n_subjects += 1;
            self.look_at_payment(&payment, look)?;
        }
        Ok(n_subjects)
    }

    /// Tells of the cluster that holds an address, whatever is known of it.
    pub(super) fn look_at_cluster_of(&self, address: &str, look: Look<'_>) -> Result<(), Error> {
        let address = ledger::parse_address(address)?.address;
        let Some(id) = self.view.id_of(&address) else { return Ok(()) };
        let cluster = self.view.cluster_of(id);
        let root = cluster.get().get();
        self.look_at(cluster, &self.rows(root..=root)?, look)
    }

    fn rows(&self, clusters: std::ops::RangeInclusive<u32>) -> Result<FactRows, Error> {
        let files = self.view.risk()?;
        let mut rows = files.facts_between(clusters.clone())?;
        if self.has_model {
            rows.model_terms = files.model_terms_between(clusters.clone())?;
        }
        if let Some(scores) = self.scores {
            let key = |score: &Score| score.cluster.get().get();
            let from = scores.partition_point(|score| key(score) < *clusters.start());
            let to = scores.partition_point(|score| key(score) <= *clusters.end());
            rows.scores = scores[from..to].to_vec();
        }
        Ok(rows)
    }

    /// Clusters with a row, and those of listed and monitored addresses, ascending.
    fn clusters(&self, rows: &FactRows, first: u32) -> Vec<ClusterId> {
        let is_of_part = |cluster: &ClusterId| {
            let root = cluster.get().get();
            root >= first && root - first < PART
        };
        let listed = self.view.listed_clusters.clusters();
        let monitored = self.monitored.iter().map(|id| self.view.cluster_of(*id));
        let mut clusters = rows.clusters();
        clusters.extend(listed.chain(monitored).filter(is_of_part));
        clusters.sort_unstable();
        clusters.dedup();
        clusters
    }

    fn look_at(&self, cluster: ClusterId, rows: &FactRows, look: Look<'_>) -> Result<(), Error> {
        let known = self.known(cluster, rows)?;
        let subject =
            Subject::Cluster { address: known.address.clone(), entity: known.entity.clone() };
        look(&subject, &self.facts(cluster, &known, rows));
        Ok(())
    }

    /// Facts of clusters are those of the payer with the most points; what lists and tags say, and the categories, are
    /// those of all payers, for a listed one must not hide behind another. Nobody known is a payer of whom nothing is known.
    fn look_at_payment(&self, payment: &MonitoredPayment, look: Look<'_>) -> Result<(), Error> {
        let tx = self.view.tx_id(payment.tx).to_string();
        let address = self.view.address_text(payment.address);
        let cluster = payment.payer.unwrap_or_else(|| self.view.cluster_of(payment.address));
        let root = cluster.get().get();
        let rows = self.rows(root..=root)?;
        let mut known = self.known(cluster, &rows)?;
        for other in payment.payers.iter().filter(|other| **other != cluster) {
            self.add_claims(&mut known, *other)?;
        }
        let payer = match payment.payer {
            Some(_) => self.facts(cluster, &known, &rows),
            None => self.nobody(),
        };
        let facts = PaymentFacts {
            payer,
            amount_sat: Some(payment.amount_sat),
            value: payment.value.filter(|_| self.view.has_money()),
            mixing: Some(payment.mixing),
            monitored: Some(true),
            score: Some(payment.points),
            tx: &tx,
        };
        look(&Subject::Payment { address, tx: tx.clone() }, &facts);
        Ok(())
    }

    /// Adds what lists, tags and categories say of another payer.
    fn add_claims(&self, known: &mut Known, payer: ClusterId) -> Result<(), Error> {
        known.listed.extend(self.listed(payer));
        let tags = self.tags(payer)?;
        known.categories.extend(tags.iter().map(|tag| tag.category));
        known.tags.extend(tags);
        known.categories.extend(self.view.risk()?.entity_of(payer)?.map(|entity| entity.category));
        known.categories.sort_unstable();
        known.categories.dedup();
        Ok(())
    }

    /// Whether an address is monitored, by its text.
    pub(super) fn is_monitored(&self, address: &str) -> bool {
        let parsed = ledger::parse_address(address).ok();
        let id = parsed.and_then(|parsed| self.view.id_of(&parsed.address));
        id.is_some_and(|id| self.monitored.binary_search(&id).is_ok())
    }

    /// Asks about a payment of which no run knows yet. Only what lists say of its payers is told; everything else is
    /// unknown, so a rule raises only if lists alone are enough for it.
    pub(super) fn look_at_arrival(
        &self,
        payment: &MonitoredPayment,
        payers: &[ClusterId],
        look: Look<'_>,
    ) {
        let tx = self.view.tx_id(payment.tx).to_string();
        let address = self.view.address_text(payment.address);
        let listed: Vec<ListedAs> = payers.iter().flat_map(|payer| self.listed(*payer)).collect();
        let payer = payers.iter().find(|payer| !self.listed(**payer).is_empty());
        let name = payer.map_or_else(String::new, |payer| self.view.cluster_text(*payer));
        let facts = PaymentFacts {
            payer: ClusterFacts { address: &name, listed: Some(&listed), ..self.nobody() },
            amount_sat: Some(payment.amount_sat),
            value: None,
            mixing: Some(payment.mixing),
            monitored: Some(true),
            score: None,
            tx: &tx,
        };
        look(&Subject::Payment { address, tx: tx.clone() }, &facts);
    }

    fn nobody(&self) -> ClusterFacts<'_> {
        ClusterFacts {
            address: "",
            now: self.now,
            first_seen: None,
            n_addresses: None,
            listed: None,
            tags: None,
            categories: None,
            monitored: None,
            exposures: None,
            has_money: self.view.has_money(),
            proximities: None,
            hops_max: self.view.risk_of_run().hops_max,
            patterns: None,
            score: None,
            model_terms: &[],
            entities: &[],
        }
    }

    fn facts<'k>(
        &'k self,
        cluster: ClusterId,
        known: &'k Known,
        rows: &'k FactRows,
    ) -> ClusterFacts<'k> {
        let exposures = of_cluster(&rows.exposures, cluster, |row| row.cluster);
        ClusterFacts {
            address: &known.address,
            first_seen: first_seen(exposures),
            n_addresses: Some(known.n_addresses),
            listed: Some(&known.listed),
            tags: Some(&known.tags),
            categories: Some(&known.categories),
            monitored: Some(known.monitored),
            exposures: Some(exposures),
            proximities: Some(of_cluster(&rows.proximities, cluster, |row| row.cluster)),
            patterns: Some(of_cluster(&rows.patterns, cluster, |row| row.cluster)),
            score: Some(&known.score),
            model_terms: of_cluster(&rows.model_terms, cluster, |row| row.cluster),
            entities: self.view.risk.as_ref().map_or(&[], |files| files.entities()),
            ..self.nobody()
        }
    }

    fn known(&self, cluster: ClusterId, rows: &FactRows) -> Result<Known, Error> {
        let view = self.view;
        let held = of_cluster(&rows.entities, cluster, |row| row.0).first();
        let entity = held.and_then(|row| view.risk.as_ref()?.entity(row.1));
        let score = of_cluster(&rows.scores, cluster, |row| row.cluster).first().cloned();
        let tags = self.tags(cluster)?;
        let mut categories: Vec<Category> = tags.iter().map(|tag| tag.category).collect();
        categories.extend(entity.map(|entity| entity.category));
        categories.sort_unstable();
        categories.dedup();
        let is_own = |id: &AddressId| view.cluster_of(*id) == cluster;
        Ok(Known {
            address: view.cluster_text(cluster),
            n_addresses: view.cluster_size(cluster),
            listed: self.listed(cluster),
            tags,
            categories,
            entity: entity.map(|entity| entity.name.clone()),
            monitored: self.monitored.iter().any(is_own),
            // A cluster without a row has no term: its score is nothing, which is known.
            score: score.unwrap_or_else(|| Score {
                cluster,
                points: 0,
                hard_rule: None,
                profile: String::new(),
                n_terms: 0,
            }),
        })
    }

    fn listed(&self, cluster: ClusterId) -> Vec<ListedAs> {
        let mut rows = Vec::new();
        for member in self.view.listed_clusters.members_of(cluster) {
            let Some(address) = self.view.address_of(member) else { continue };
            rows.extend(self.view.lists.find(&address).iter().map(|row| ListedAs {
                list: row.list.clone(),
                entity_id: row.entity_id.clone(),
                entity_name: row.entity_name.clone(),
                address: row.address_text.clone(),
            }));
        }
        rows
    }

    fn tags(&self, cluster: ClusterId) -> Result<Vec<TaggedAs>, Error> {
        let Some((file, rows)) = self.view.cluster_tags(cluster) else { return Ok(Vec::new()) };
        let confidence_min = self.view.risk_of_run().confidence_min;
        let confident = rows.filter(|row| file.confidence(*row) >= confidence_min);
        let tag = |row: usize| -> Result<TaggedAs, Error> {
            let tag = file.tag(row)?;
            let category = category_of(&tag);
            Ok(TaggedAs { label: tag.label, actor: tag.actor, category, pack: tag.pack })
        };
        confident.map(tag).collect()
    }
}

/// When a cluster first received anything of others, or sent it.
fn first_seen(exposures: &[Exposure]) -> Option<Timestamp> {
    exposures.iter().map(|row| row.first_time).min()
}

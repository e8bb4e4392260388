//! The ledger up to a height, as a run would have seen it, with some tags withheld: what tables to learn from are made of.
//!
//! In: a snapshot, a height. Out: clusters of the links up to there, the behavior of clusters or addresses, and rows of
//! risk as if nobody had tagged or listed some clusters. The same kernels as in a run ([`super::risk`]).
//! Cost: one pass over the ledger for behavior and one for each set of clusters whose tags are withheld; memory that of
//! a run. Tags are withheld in exposure, nearness and patterns; clusters stay as all tags guard them, which a tag can
//! only keep apart.

use std::sync::Arc;

use forensics::features::Features;
use forensics::money::Prices;
use forensics::screening::ListIndex;
use ledger::{Address, AddressId, ClusterFeatures, ClusterId, Entity, EntityId, Mix};
use store::{Dictionary, Snapshot};

use super::guarded::Guarded;
use super::risk::{self, RiskFacts, RiskPass};
use crate::reader::{self, LedgerReader};
use crate::risk_files::FactRows;
use crate::{Config, Error, Watch, layout, prices, view};

/// See the module.
pub(crate) struct Learning<'s> {
    snapshot: &'s Snapshot,
    config: &'s Config,
    reader: LedgerReader,
    ranges: Vec<(u32, u32)>,
    mixes: Vec<Mix>,
    prices: Arc<Prices>,
    pub(crate) lists: ListIndex,
    addresses: Dictionary,
    /// By address: the label of its cluster.
    pub(crate) labels: Vec<u32>,
}

/// Known parties, and which clusters they hold.
pub(crate) struct Held {
    pub(crate) entities: Vec<Entity>,
    pub(crate) clusters: Vec<(ClusterId, EntityId)>,
}

impl<'s> Learning<'s> {
    /// The blocks below `until`.
    pub(crate) fn open(
        snapshot: &'s Snapshot,
        config: &'s Config,
        until: u32,
    ) -> Result<Self, Error> {
        let reader = LedgerReader::open(snapshot)?;
        let mut links = reader::links(snapshot)?;
        links.retain(|link| link.height.get() < until);
        let guarded = Guarded::make(snapshot, &config.ownership, &links, true)?;
        let prices = prices::known(snapshot, &config.money.currency, config.money.options())?;
        Ok(Self {
            ranges: reader.ranges_below(until),
            reader,
            mixes: reader::mixes(snapshot)?,
            prices: Arc::new(prices),
            lists: view::live_lists(snapshot, None, None)?,
            addresses: snapshot.dictionary(layout::ADDRESSES)?,
            labels: guarded.clusters.labels(),
            snapshot,
            config,
        })
    }

    /// The id of an address that has appeared.
    pub(crate) fn id_of(&self, address: &Address) -> Option<u32> {
        self.addresses.lookup_one(&address.key())
    }

    /// The behavior of every cluster; of every address, where each is its own.
    pub(crate) fn behavior(
        &self,
        of_addresses: bool,
        watch: &dyn Watch,
    ) -> Result<Vec<ClusterFeatures>, Error> {
        let own: Vec<u32>;
        let labels = match of_addresses {
            true => {
                own = (0..self.addresses.len()).collect();
                &own
            }
            false => &self.labels,
        };
        let mut features = Features::default();
        self.each(watch, |batch| Ok(features.apply(batch, labels)?))?;
        Ok(features.rows())
    }

    /// Who holds what by all tags and lists.
    pub(crate) fn held(&self) -> Result<Held, Error> {
        let known = self.known(|_| false)?;
        Ok(Held { entities: known.attribution.entities, clusters: known.attribution.clusters })
    }

    /// Rows of risk of every cluster, as if nobody had said anything of the clusters that are withheld.
    pub(crate) fn facts(
        &self,
        is_withheld: impl Fn(u32) -> bool + Copy,
        watch: &dyn Watch,
    ) -> Result<FactRows, Error> {
        let known = self.known(is_withheld)?;
        let mut pass = RiskPass::new(&known, &self.labels, &self.mixes, &self.config.risk)?;
        self.each(watch, |batch| pass.push(batch))?;
        let RiskFacts { exposures, proximities, patterns } = pass.facts();
        Ok(FactRows {
            exposures,
            proximities,
            patterns,
            scores: Vec::new(),
            entities: known.attribution.clusters.clone(),
            model_terms: Vec::new(),
        })
    }

    fn known(&self, is_withheld: impl Fn(u32) -> bool + Copy) -> Result<risk::Known, Error> {
        let id_of = |address: &Address| {
            let id = self.id_of(address)?;
            (!is_withheld(*self.labels.get(id as usize)?)).then_some(id)
        };
        let prices = self.prices.clone();
        risk::known(self.snapshot, &self.lists, &self.labels, self.config, prices, id_of)
    }

    fn each(
        &self,
        watch: &dyn Watch,
        mut take: impl FnMut(&ledger::LedgerBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for range in &self.ranges {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            take(&self.reader.read(*range)?)?;
        }
        Ok(())
    }
}

/// The cluster of a label.
pub(crate) fn cluster(label: u32) -> ClusterId {
    ClusterId::new(AddressId::new(label))
}

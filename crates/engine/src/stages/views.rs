//! The views of a run: clusters, cluster edges, the flow graph and proximity, made by one pass over the ledger.
//!
//! In: a snapshot. Out: rows of `clusters` and `cluster_edges`, and the columns of the mapped files (see [`super::files`]).
//! One core reads the next part of the ledger while the others make edges of this one; each table is made by one
//! thread in the order of the ledger, so the number of threads changes no byte.
//! Checked by: `tests/it/laws.rs` (any cut into runs), `tests/it/recount.rs` (an independent recount).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::UInt32Type;
use forensics::collaborative::possible_protocols;
use forensics::decisions::link_order;
use forensics::features::Features;
use forensics::heuristics::HEURISTICS;
use forensics::mixes::MIX_RULES;
use forensics::money::Prices;
use forensics::{ClusterEdges, FlowBuilder, FlowEdges};
use graph::temporal::{ProximityParts, proximity};
use ledger::{
    ClusterFeatures, ClusterMember, LedgerBatch, Link, LinkSource, Mix, SuggestedLink, tables,
};
use rayon::prelude::*;
use store::Snapshot;

use super::guarded::Guarded;
use super::risk::{self, RiskPass, RiskViews};
use super::suggested::Suggesting;
use crate::derived::{Distance, mapped_batch, mapped_column};
use crate::layout;
use crate::reader::{self, LedgerReader};
use crate::view::{self, TagFile};
use crate::{Config, Error, Progress, RunReport, Watch, ownership, prices};

/// Everything that is a view over links, ledger, attribution and decisions.
pub(crate) struct Views {
    /// Those of the ledger and those that people made, in order.
    pub(super) links: Vec<Link>,
    /// How many the table `links` holds.
    pub(super) n_stored: u64,
    pub(super) mixes: Vec<Mix>,
    pub(super) features: Vec<ClusterFeatures>,
    pub(super) suggested: Vec<SuggestedLink>,
    pub(super) guarded: Guarded,
    pub(super) sources: Vec<LinkSource>,
    pub(super) labels: Vec<u32>,
    pub(super) members: graph::Members,
    pub(super) cluster_rows: Vec<ClusterMember>,
    pub(super) edges: Vec<ledger::ClusterEdge>,
    pub(super) prices: Arc<Prices>,
    pub(super) flow: FlowEdges,
    pub(super) n_nodes: u32,
    /// Transactions that may be collaborative.
    n_mixing: u64,
    /// Clusters with a tag, ascending, one entry a tag.
    tagged: Vec<u32>,
    pub(super) tag_rows: RecordBatch,
    listed: Vec<u32>,
    pub(super) near: Vec<(Distance, ProximityParts)>,
    pub(super) risk: RiskViews,
}

/// What one pass over the ledger makes.
struct Pass<'l> {
    labels: &'l [u32],
    builder: FlowBuilder<'l>,
    flow: FlowEdges,
    edges: ClusterEdges,
    n_mixing: u64,
    features: Option<Features>,
    suggesting: Suggesting,
    risk: RiskPass<'l>,
}

impl<'l> Pass<'l> {
    fn new(
        labels: &'l [u32],
        with_features: bool,
        suggesting: Suggesting,
        risk: RiskPass<'l>,
        prices: Arc<Prices>,
    ) -> Self {
        Self {
            risk,
            features: with_features.then(Features::default),
            suggesting,
            labels,
            builder: FlowBuilder::new(labels),
            flow: FlowEdges::default(),
            edges: ClusterEdges::default().with_prices(prices),
            n_mixing: 0,
        }
    }

    fn push(&mut self, batch: &LedgerBatch) -> Result<(), Error> {
        let Self { labels, builder, flow, edges, n_mixing, features, suggesting, risk } = self;
        let of_edges = || {
            let mixing = batch.views().filter(|view| possible_protocols(view).any());
            *n_mixing += mixing.count() as u64;
            rayon::join(|| builder.push(batch, flow), || edges.apply(batch, labels))
        };
        let of_clusters = || {
            suggesting.apply(batch);
            features.as_mut().map_or(Ok(()), |features| features.apply(batch, labels))
        };
        let (risk, ((flow, edges), features)) =
            rayon::join(|| risk.push(batch), || rayon::join(of_edges, of_clusters));
        flow?;
        edges?;
        features?;
        risk
    }
}

/// Reads the ledger part by part, the next one while `pass` works on this one.
fn read_through(
    reader: &LedgerReader,
    pass: &mut Pass<'_>,
    watch: &dyn Watch,
) -> Result<(), Error> {
    let ranges = reader.ranges(0);
    let mut next = ranges.first().map(|range| reader.read(*range)).transpose()?;
    for done in 1..=ranges.len() {
        if watch.stopped() {
            return Err(Error::Stopped);
        }
        let Some(batch) = next.take() else { break };
        let (read, pushed) = rayon::join(
            || ranges.get(done).map(|range| reader.read(*range)).transpose(),
            || pass.push(&batch),
        );
        pushed?;
        next = read?;
        watch.tell(Progress::At { done: done as u64 });
    }
    Ok(())
}

impl Views {
    pub(crate) fn make(
        snapshot: &Snapshot,
        config: &Config,
        anew: bool,
        watch: &dyn Watch,
    ) -> Result<Self, Error> {
        let reader = LedgerReader::open(snapshot)?;
        let total = Some(reader.ranges(0).len() as u64 + 3);
        let what = "clusters and flow".to_owned();
        watch.tell(Progress::Begin { what, total, unit: "parts" });
        let mut links = reader::links(snapshot)?;
        let n_stored = links.len() as u64;
        let addresses = snapshot.dictionary(layout::ADDRESSES)?;
        let guarded = Guarded::make(snapshot, &config.ownership, &links, anew)?;
        if !guarded.made.is_empty() {
            links.extend(&guarded.made);
            links.sort_by_key(link_order);
        }
        let clusters = &guarded.clusters;
        let labels = clusters.labels();
        let suggesting = Suggesting::open(snapshot)?;
        let prices = prices::known(snapshot, &config.money.currency, config.money.options())?;
        let prices = Arc::new(prices);
        let id_of = |address: &ledger::Address| addresses.lookup_one(&address.key());
        let lists = view::live_lists(snapshot, None, None)?;
        let mixes = reader::mixes(snapshot)?;
        let known = risk::known(snapshot, &lists, &labels, config, prices.clone(), id_of)?
            .with_model(snapshot)?;
        let risk = RiskPass::new(&known, &labels, &mixes, &config.risk)?;
        let with_features = config.ownership.features || known.has_model();
        let mut pass = Pass::new(&labels, with_features, suggesting, risk, prices.clone());
        read_through(&reader, &mut pass, watch)?;
        let Pass { builder, flow, edges, n_mixing, features, suggesting, risk, .. } = pass;
        let edges = edges.rows();
        let features = features.map_or_else(Vec::new, |features| features.rows());
        let risk = risk.finish(&edges, &features)?;
        let suggested = suggesting.rows(&labels, &guarded.entities, &config.ownership)?;
        let n_nodes = builder.n_nodes();
        let cluster_of = |id: u32| labels[id as usize];
        let mut listed: Vec<u32> = lists.addresses().filter_map(id_of).map(cluster_of).collect();
        listed.sort_unstable();
        listed.dedup();
        let (tagged, tag_rows) = cluster_tags(snapshot, &labels, id_of)?;
        let mut views = Self {
            links,
            n_stored,
            sources: ownership::link_sources(snapshot)?,
            mixes,
            risk,
            members: clusters.members(),
            cluster_rows: clusters.rows(),
            labels,
            edges,
            prices,
            flow,
            n_nodes,
            n_mixing,
            tagged,
            tag_rows,
            listed,
            near: Vec::new(),
            features,
            suggested,
            guarded,
        };
        views.find_near(config.screening.hops_max)?;
        Ok(views)
    }

    /// The four distances, each by a thread of its own: a pass is sequential, and they share nothing they write.
    fn find_near(&mut self, hops_max: u32) -> Result<(), Error> {
        let n_main = u32::try_from(self.labels.len()).expect("address ids are u32");
        let hops_max = u8::try_from(hops_max).expect("the configuration bounds it to 250");
        let mut tagged = self.tagged.clone();
        tagged.dedup();
        let edges = self.flow.temporal()?;
        let find = |distance: Distance| {
            let sources = if distance.of_listed() { &self.listed } else { &tagged };
            let is_source = |node: u32| sources.binary_search(&node).is_ok();
            let direction = distance.direction();
            let near = proximity(edges, self.n_nodes, n_main, is_source, direction, hops_max)?;
            Ok((distance, near.into_parts()))
        };
        let near: Result<Vec<_>, Error> = Distance::ALL.into_par_iter().map(find).collect();
        self.near = near?;
        Ok(())
    }

    pub(super) fn report(&self) -> RunReport {
        let mut by_heuristic = BTreeMap::new();
        for heuristic in HEURISTICS {
            let count = self.links.iter().filter(|link| link.heuristic == heuristic.number).count();
            by_heuristic.insert(heuristic.name.to_owned(), count as u64);
        }
        let mut mixes_by_protocol = BTreeMap::new();
        for rule in MIX_RULES {
            let count = self.mixes.iter().filter(|mix| mix.protocol == rule.number).count();
            mixes_by_protocol.insert(rule.name.to_owned(), count as u64);
        }
        let mut tagged = self.tagged.clone();
        tagged.dedup();
        RunReport {
            mixes_by_protocol,
            suggested_links: self.suggested.len() as u64,
            links_by_heuristic: by_heuristic,
            held_links: self.guarded.held.len() as u64,
            addresses_rebuilt: self.guarded.n_rebuilt,
            decisions_without_effect: self.guarded.n_without_effect,
            flow_edges: self.flow.len() as u64,
            mixing_transactions: self.n_mixing,
            listed_clusters: self.listed.len() as u64,
            tagged_clusters: tagged.len() as u64,
            known_parties: self.risk.report.known_parties,
            exposed_clusters: self.risk.report.exposed_clusters,
            near_known_clusters: self.risk.report.near_clusters,
            patterns: self.risk.report.patterns,
            scored_clusters: self.risk.report.scored_clusters,
            ..RunReport::default()
        }
    }
}

/// The tags whose address has appeared, by cluster, the most confident first; and the cluster of each.
fn cluster_tags(
    snapshot: &Snapshot,
    labels: &[u32],
    id_of: impl Fn(&ledger::Address) -> Option<u32>,
) -> Result<(Vec<u32>, RecordBatch), Error> {
    let file = match TagFile::open(snapshot)? {
        Some(file) => file,
        None => TagFile::of(tables::tags_to(&[]))?,
    };
    let mut rows: Vec<(u32, Reverse<u8>, u32)> = Vec::new();
    let mut last: Option<(ledger::Address, Option<u32>)> = None;
    for row in 0..file.len() {
        let Some(address) = file.address(row) else { continue };
        // Tags are sorted by address: one look-up serves all tags of one.
        let id = match last {
            Some((same, id)) if same == address => id,
            _ => id_of(&address),
        };
        last = Some((address, id));
        if let Some(id) = id {
            let row_id = u32::try_from(row).expect("the import bounds the number of tags");
            rows.push((labels[id as usize], Reverse(file.confidence(row)), row_id));
        }
    }
    rows.sort_unstable();
    let clusters: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let indices: UInt32Array = rows.iter().map(|row| Some(row.2)).collect();
    let taken = take_record_batch(file.batch(), &indices)?;
    let (field, column) = mapped_column::<UInt32Type>("cluster", clusters.clone());
    let mut columns = vec![(field, column)];
    for (field, array) in taken.schema().fields().iter().zip(taken.columns()) {
        columns.push((field.as_ref().clone(), array.clone()));
    }
    Ok((clusters, mapped_batch(columns)?))
}

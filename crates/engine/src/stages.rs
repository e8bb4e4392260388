//! The derived stages: links, clusters, cluster edges, flow graph, proximity.
//!
//! In: the ledger, tags and lists of a snapshot. Out: the tables `links`, `clusters`, `cluster_edges` and the mapped files of
//! `layout::mapped`, committed together. Links are made for new blocks only. Clusters, and what hangs on them, are views:
//! they are made from labels and ledger again, by the same code whether there is one new block or a million, so
//! any cut of the same blocks into runs gives the same bytes (`tests/it/laws.rs`).
//!
//! Cost: links read the new blocks once; the views read the whole ledger once. Memory: 8 bytes an address, 24 a link, 33 a
//! flow edge while a run goes on (answers then read them mapped).

use std::cmp::Reverse;
use std::collections::BTreeMap;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Float32Type, UInt8Type, UInt32Type, UInt64Type};
use forensics::collaborative::possible_protocols;
use forensics::heuristics::{HEURISTICS, Heuristic};
use forensics::{Clusters, FlowBuilder, FlowEdges};
use graph::Csr;
use graph::temporal::{ProximityParts, proximity};
use ledger::{AddressId, ClusterMember, Link, Timestamp, tables};
use store::{Commit, Snapshot, Writer};

use crate::derived::{Derived, Distance, mapped_batch, mapped_column};
use crate::intake::{drop_derived, remove_from};
use crate::layout::{self, BITCOIN, SHARED, checkpoint, mapped};
use crate::reader::{self, LedgerReader};
use crate::view::{self, TagFile};
use crate::{Engine, Error, Progress, RunReport, Watch};

impl Engine {
    /// Brings everything derived up to the ledger, the lists and the tags.
    ///
    /// # Errors
    /// If the store is damaged or full; what was committed before is kept.
    pub fn run(&self, now: Timestamp, watch: &dyn Watch) -> Result<RunReport, Error> {
        let mut writer = self.store.writer()?;
        let links_new = self.run_links(&mut writer, now, watch)?;
        let snapshot = writer.snapshot();
        let mut report = if links_new.is_none() && is_current(&snapshot) {
            RunReport { up_to_date: true, ..RunReport::default() }
        } else {
            self.run_views(&mut writer, now, watch)?
        };
        report.links_new = links_new.unwrap_or(0);
        writer.compact_all(self.run_record("compact", now))?;
        let snapshot = writer.snapshot();
        self.complete(&snapshot, &mut report)?;
        Ok(report)
    }

    /// Links of the blocks that have none yet; `None` if there are no such blocks.
    fn run_links(
        &self,
        writer: &mut Writer,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<Option<u64>, Error> {
        let snapshot = writer.snapshot();
        let reader = LedgerReader::open(&snapshot)?;
        let made = snapshot.checkpoint(checkpoint::LINKS).unwrap_or(0);
        let mut from = u32::try_from(made).expect("heights are u32");
        let resolutions = snapshot.checkpoint(checkpoint::LINKS_RESOLUTIONS).unwrap_or(0);
        if resolutions != reader.n_resolutions() {
            // Inputs of earlier blocks are known now: links are made again from the lowest of them on.
            from = reader.lowest_resolution().map_or(from, |lowest| lowest.min(from));
            let mut commit = writer.begin();
            remove_from(&mut commit, &tables::LINKS, from)?;
            commit.set_checkpoint(checkpoint::LINKS, u64::from(from));
            commit.set_checkpoint(checkpoint::LINKS_RESOLUTIONS, reader.n_resolutions());
            drop_derived(&mut commit, &snapshot)?;
            commit.finish(self.run_record("run: links withdrawn", now))?;
        }
        let ranges = reader.ranges(from);
        if ranges.is_empty() {
            return Ok(None);
        }
        let total = ranges.len() as u64;
        watch.tell(Progress::Begin { what: "links".to_owned(), total: Some(total), unit: "parts" });
        let mut links_new = 0;
        for (done, range) in (1..).zip(ranges) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            let links = forensics::links(&reader.read(range)?);
            links_new += links.len() as u64;
            let mut commit = writer.begin();
            commit.append(&layout::spec(&tables::LINKS), BITCOIN, &tables::links_to(&links))?;
            commit.set_checkpoint(checkpoint::LINKS, u64::from(range.1) + 1);
            commit.finish(self.run_record("run: links", now))?;
            watch.tell(Progress::At { done });
        }
        watch.tell(Progress::End);
        Ok(Some(links_new))
    }

    fn run_views(
        &self,
        writer: &mut Writer,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<RunReport, Error> {
        let snapshot = writer.snapshot();
        let views = Views::make(&snapshot, self.config().screening.hops_max, watch)?;
        let mut commit = writer.begin();
        views.write(&mut commit)?;
        let ledger = snapshot.checkpoint(checkpoint::LEDGER).unwrap_or(0);
        let attribution = snapshot.checkpoint(checkpoint::ATTRIBUTION).unwrap_or(0);
        commit.set_checkpoint(checkpoint::CLUSTERS, ledger);
        commit.set_checkpoint(checkpoint::CLUSTERS_LINKS, views.links.len() as u64);
        commit.set_checkpoint(checkpoint::RUN_ATTRIBUTION, attribution);
        commit.finish(self.run_record("run", now))?;
        watch.tell(Progress::End);
        Ok(views.report())
    }

    fn complete(&self, snapshot: &Snapshot, report: &mut RunReport) -> Result<(), Error> {
        let view = view::View::open(snapshot, self.config())?;
        let status = view.status_counts()?;
        report.links = status.links;
        report.clusters = status.clusters;
        report.clustered_addresses = status.clustered_addresses;
        report.cluster_edges = status.cluster_edges;
        report.largest_cluster = status.largest_clusters.first().map_or(0, |cluster| cluster.size);
        if let Some(derived) = Derived::open(snapshot)? {
            report.near_listed =
                [Distance::FromListed, Distance::ToListed].map(|d| derived.n_near(d));
        }
        report.snapshot = snapshot.id().to_string();
        Ok(())
    }
}

/// Whether the derived snapshot stands for the ledger, the lists and the tags as they are.
pub(crate) fn is_current(snapshot: &Snapshot) -> bool {
    let of = |name| snapshot.checkpoint(name).unwrap_or(0);
    snapshot.checkpoint(checkpoint::CLUSTERS) == Some(of(checkpoint::LEDGER))
        && of(checkpoint::RUN_ATTRIBUTION) == of(checkpoint::ATTRIBUTION)
        && of(checkpoint::CLUSTERS_LINKS) == snapshot.rows(tables::LINKS.name, BITCOIN)
}

/// Everything that is a view over links, ledger and attribution.
pub(crate) struct Views {
    links: Vec<Link>,
    labels: Vec<u32>,
    members: graph::Members,
    cluster_rows: Vec<ClusterMember>,
    edges: Vec<ledger::ClusterEdge>,
    flow: FlowEdges,
    n_nodes: u32,
    /// Transactions that may be collaborative.
    n_mixing: u64,
    /// Clusters with a tag, ascending, one entry a tag.
    tagged: Vec<u32>,
    tag_rows: RecordBatch,
    listed: Vec<u32>,
    near: Vec<(Distance, ProximityParts)>,
}

impl Views {
    pub(crate) fn make(
        snapshot: &Snapshot,
        hops_max: u32,
        watch: &dyn Watch,
    ) -> Result<Self, Error> {
        let reader = LedgerReader::open(snapshot)?;
        let ranges = reader.ranges(0);
        let total = ranges.len() as u64 + 3;
        watch.tell(Progress::Begin {
            what: "clusters and flow".to_owned(),
            total: Some(total),
            unit: "parts",
        });
        let links = reader::links(snapshot)?;
        let addresses = snapshot.dictionary(layout::ADDRESSES)?;
        let mut clusters = Clusters::default();
        clusters.apply(&links, addresses.len());
        let labels = clusters.labels();
        let mut flow = FlowEdges::default();
        let mut builder = FlowBuilder::new(&labels);
        let mut edges = forensics::ClusterEdges::default();
        let mut n_mixing = 0;
        for (done, range) in (1..).zip(ranges) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            let batch = reader.read(range)?;
            builder.push(&batch, &mut flow)?;
            edges.apply(&batch, &labels)?;
            n_mixing += batch.views().filter(|view| possible_protocols(view).any()).count() as u64;
            watch.tell(Progress::At { done });
        }
        let n_nodes = builder.n_nodes();
        let id_of = |address: &ledger::Address| addresses.lookup_one(&address.key());
        let lists = view::live_lists(snapshot, None, None)?;
        let listed = lists.addresses().filter_map(id_of).map(|id| labels[id as usize]).collect();
        let (tagged, tag_rows) = cluster_tags(snapshot, &labels, id_of)?;
        let members = clusters.members();
        let cluster_rows = clusters.rows();
        let mut views = Self {
            links,
            labels,
            members,
            cluster_rows,
            edges: edges.rows(),
            flow,
            n_nodes,
            n_mixing,
            tagged,
            tag_rows,
            listed,
            near: Vec::new(),
        };
        views.listed.sort_unstable();
        views.listed.dedup();
        views.find_near(hops_max)?;
        Ok(views)
    }

    fn find_near(&mut self, hops_max: u32) -> Result<(), Error> {
        let n_main = u32::try_from(self.labels.len()).expect("address ids are u32");
        let hops_max = u8::try_from(hops_max).expect("the configuration bounds it to 250");
        let mut tagged = self.tagged.clone();
        tagged.dedup();
        for distance in Distance::ALL {
            let sources = if distance.of_listed() { &self.listed } else { &tagged };
            let is_source = |node: u32| sources.binary_search(&node).is_ok();
            let direction = distance.direction();
            let edges = self.flow.temporal()?;
            let near = proximity(edges, self.n_nodes, n_main, is_source, direction, hops_max)?;
            self.near.push((distance, near.into_parts()));
        }
        Ok(())
    }

    fn report(&self) -> RunReport {
        let mut by_heuristic = BTreeMap::new();
        for heuristic in HEURISTICS {
            let count = self.links.iter().filter(|link| link.heuristic == heuristic.number).count();
            by_heuristic.insert(heuristic.name.to_owned(), count as u64);
        }
        let mut tagged = self.tagged.clone();
        tagged.dedup();
        RunReport {
            links_by_heuristic: by_heuristic,
            flow_edges: self.flow.len() as u64,
            mixing_transactions: self.n_mixing,
            listed_clusters: self.listed.len() as u64,
            tagged_clusters: tagged.len() as u64,
            ..RunReport::default()
        }
    }

    pub(crate) fn cluster_rows(&self) -> &[ClusterMember] {
        &self.cluster_rows
    }

    pub(crate) fn edge_rows(&self) -> &[ledger::ClusterEdge] {
        &self.edges
    }

    fn write(&self, commit: &mut Commit<'_>) -> Result<(), Error> {
        commit.replace(
            &layout::spec(&tables::CLUSTERS),
            SHARED,
            [tables::clusters_to(&self.cluster_rows)],
        )?;
        commit.replace(
            &layout::spec(&tables::CLUSTER_EDGES),
            SHARED,
            [tables::cluster_edges_to(&self.edges)],
        )?;
        for (name, batch) in self.mapped_batches()? {
            commit.put_mapped(&name, &batch)?;
        }
        Ok(())
    }

    /// Every mapped file of the derived snapshot, by name.
    pub(crate) fn mapped_batches(&self) -> Result<Vec<(String, RecordBatch)>, Error> {
        let one = |column| mapped_batch(vec![column]);
        let labels = mapped_column::<UInt32Type>("label", self.labels.clone());
        let offsets = mapped_column::<UInt64Type>("offset", self.members.offsets.clone());
        let members = mapped_column::<UInt32Type>("address", self.members.nodes.clone());
        let mut files = vec![
            (mapped::LABELS.to_owned(), one(labels)?),
            (mapped::MEMBER_OFFSETS.to_owned(), one(offsets)?),
            (mapped::MEMBERS.to_owned(), one(members)?),
            (mapped::CLUSTER_TAGS.to_owned(), self.tag_rows.clone()),
        ];
        files.extend(self.link_batches()?);
        files.extend(self.flow_batches()?);
        for (distance, near) in &self.near {
            files.extend(near_batches(*distance, near)?);
        }
        Ok(files)
    }

    fn link_batches(&self) -> Result<[(String, RecordBatch); 3], Error> {
        let n_addresses = u32::try_from(self.labels.len()).expect("address ids are u32");
        let a: Vec<u32> = self.links.iter().map(|link| link.a.get()).collect();
        let (offsets, ids) = Csr::from_keys(n_addresses, &a)?.into_parts();
        let of = |get: fn(&Link) -> u32| self.links.iter().map(get).collect::<Vec<u32>>();
        let rows = vec![
            mapped_column::<UInt32Type>("address_a", a),
            mapped_column::<UInt32Type>("address_b", of(|link| link.b.get())),
            mapped_column::<UInt64Type>(
                "tx",
                self.links.iter().map(|link| link.tx.get()).collect(),
            ),
            mapped_column::<UInt32Type>("height", of(|link| link.height.get())),
            mapped_column::<UInt8Type>(
                "heuristic",
                self.links.iter().map(|link| link.heuristic).collect(),
            ),
            mapped_column::<Float32Type>(
                "confidence",
                self.links.iter().map(|link| link.confidence).collect(),
            ),
        ];
        Ok([
            (
                mapped::LINK_OFFSETS.to_owned(),
                mapped_batch(vec![mapped_column::<UInt64Type>("offset", offsets)])?,
            ),
            (
                mapped::LINK_IDS.to_owned(),
                mapped_batch(vec![mapped_column::<UInt32Type>("link", ids)])?,
            ),
            (mapped::LINKS.to_owned(), mapped_batch(rows)?),
        ])
    }

    fn flow_batches(&self) -> Result<[(String, RecordBatch); 3], Error> {
        let flow = &self.flow;
        let edges = vec![
            mapped_column::<UInt32Type>("source", flow.source.clone()),
            mapped_column::<UInt32Type>("target", flow.target.clone()),
            mapped_column::<UInt32Type>("time", flow.time.clone()),
            mapped_column::<UInt64Type>("weight", flow.weight.clone()),
            mapped_column::<UInt8Type>("flags", flow.flags.clone()),
        ];
        let (out_offsets, out_ids) = Csr::from_keys(self.n_nodes, &flow.source)?.into_parts();
        let (in_offsets, in_ids) = Csr::from_keys(self.n_nodes, &flow.target)?.into_parts();
        let nodes = vec![
            mapped_column::<UInt64Type>("out", out_offsets),
            mapped_column::<UInt64Type>("in", in_offsets),
        ];
        let ids = vec![
            mapped_column::<UInt32Type>("out", out_ids),
            mapped_column::<UInt32Type>("in", in_ids),
        ];
        Ok([
            (mapped::EDGES.to_owned(), mapped_batch(edges)?),
            (mapped::NODES.to_owned(), mapped_batch(nodes)?),
            (mapped::EDGE_IDS.to_owned(), mapped_batch(ids)?),
        ])
    }
}

fn near_batches(
    distance: Distance,
    near: &ProximityParts,
) -> Result<[(String, RecordBatch); 2], Error> {
    let nodes = vec![
        mapped_column::<UInt8Type>("hops", near.hops.clone()),
        mapped_column::<UInt32Type>("label", near.label.clone()),
    ];
    let arena = vec![
        mapped_column::<UInt32Type>("node", near.labels.node.clone()),
        mapped_column::<UInt32Type>("edge", near.labels.edge.clone()),
        mapped_column::<UInt32Type>("previous", near.labels.previous.clone()),
    ];
    Ok([
        (distance.nodes_file(), mapped_batch(nodes)?),
        (distance.labels_file(), mapped_batch(arena)?),
    ])
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

/// The heuristic of a stored number, by name.
pub(crate) fn heuristic_name(number: u8) -> &'static str {
    Heuristic::from_number(number).map_or("unknown", |heuristic| heuristic.name)
}

/// The first address of a cluster.
pub(crate) fn root(cluster: ledger::ClusterId) -> AddressId {
    cluster.get()
}

//! The mapped files of a run, column by column.
//!
//! In: the views, whose columns are moved into the files and not copied. Out: one Arrow batch a file, by name.

use arrow::array::RecordBatch;
use arrow::datatypes::{Decimal128Type, Float32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type};
use forensics::FlowEdges;
use forensics::money::PricesView;
use graph::temporal::ProximityParts;
use graph::{Csr, Members};
use ledger::{ClusterEdge, ClusterMember, HeldRecord, Link, LinkSource, SuggestedLink, tables};
use store::Commit;

use super::Views;
use crate::Error;
use crate::derived::{Distance, mapped_batch, mapped_column};
use crate::layout::{self, SHARED, mapped};

/// What a run leaves in the store.
pub(crate) struct Made {
    pub(crate) cluster_rows: Vec<ClusterMember>,
    pub(crate) edges: Vec<ClusterEdge>,
    pub(crate) held: Vec<HeldRecord>,
    pub(crate) sources: Vec<LinkSource>,
    pub(crate) suggested: Vec<SuggestedLink>,
    pub(crate) features: RecordBatch,
    /// Those of `layout::RISK`, in its order; each is mapped under the name of its table too.
    pub(crate) risk: Vec<RecordBatch>,
    /// Every mapped file of the derived snapshot, by name.
    pub(crate) files: Vec<(String, RecordBatch)>,
}

impl Made {
    pub(super) fn write(&self, commit: &mut Commit<'_>) -> Result<(), Error> {
        let clusters = [tables::clusters_to(&self.cluster_rows)];
        commit.replace(&layout::spec(&tables::CLUSTERS), SHARED, clusters)?;
        let edges = [tables::cluster_edges_to(&self.edges)];
        commit.replace(&layout::spec(&tables::CLUSTER_EDGES), SHARED, edges)?;
        let held = [tables::held_links_to(&self.held)];
        commit.replace(&layout::spec(&tables::HELD_LINKS), SHARED, held)?;
        let sources = [tables::link_sources_to(&self.sources)];
        commit.replace(&layout::spec(&tables::LINK_SOURCES), SHARED, sources)?;
        let suggested = [tables::suggested_links_to(&self.suggested)];
        commit.replace(&layout::spec(&tables::SUGGESTED_LINKS), SHARED, suggested)?;
        let features = [self.features.clone()];
        commit.replace(&layout::spec(&tables::CLUSTER_FEATURES), SHARED, features)?;
        for (table, batch) in layout::RISK.iter().zip(&self.risk) {
            commit.replace(&layout::spec(table), SHARED, [batch.clone()])?;
        }
        for (name, batch) in &self.files {
            commit.put_mapped(name, batch)?;
        }
        Ok(())
    }
}

impl Views {
    /// Moves the views into rows and files.
    pub(crate) fn into_made(self) -> Result<Made, Error> {
        let n_addresses = u32::try_from(self.labels.len()).expect("address ids are u32");
        let one = |column| mapped_batch(vec![column]);
        let Members { offsets, nodes } = self.members;
        let features = tables::cluster_features_to(&self.features);
        let mut files = vec![
            (mapped::LABELS.to_owned(), one(mapped_column::<UInt32Type>("label", self.labels))?),
            (
                mapped::MEMBER_OFFSETS.to_owned(),
                one(mapped_column::<UInt64Type>("offset", offsets))?,
            ),
            (mapped::MEMBERS.to_owned(), one(mapped_column::<UInt32Type>("address", nodes))?),
            (mapped::CLUSTER_TAGS.to_owned(), self.tag_rows),
            (mapped::FEATURES.to_owned(), features.clone()),
            (mapped::MIXES.to_owned(), tables::mixes_to(&self.mixes)),
            (mapped::ENTITIES.to_owned(), self.guarded.entities.batch()?),
            (mapped::EDGE_VALUES.to_owned(), edge_values(&self.edges)?),
            (mapped::PRICES.to_owned(), prices_known(self.prices.view())?),
        ];
        files.extend(link_files(&self.links, n_addresses)?);
        files.extend(flow_files(self.flow, self.n_nodes)?);
        let risk = self.risk.into_tables();
        files.extend(
            layout::RISK
                .iter()
                .zip(&risk)
                .map(|(table, batch)| (table.name.to_owned(), batch.clone())),
        );
        for (distance, near) in self.near {
            files.extend(near_files(distance, near)?);
        }
        Ok(Made {
            cluster_rows: self.cluster_rows,
            edges: self.edges,
            held: self.guarded.held,
            sources: self.sources,
            suggested: self.suggested,
            features,
            risk,
            files,
        })
    }
}

/// What the rows of `cluster_edges` say in money, in their order.
fn edge_values(edges: &[ClusterEdge]) -> Result<RecordBatch, Error> {
    let of = |get: fn(&ClusterEdge) -> u32| edges.iter().map(get).collect::<Vec<u32>>();
    let counts = |get: fn(&ClusterEdge) -> u64| edges.iter().map(get).collect::<Vec<u64>>();
    let micros: Vec<i128> = edges.iter().map(|edge| edge.value.micros()).collect();
    let has_all = |edge: &ClusterEdge| u8::from(edge.amount_unpriced.units() == 0);
    mapped_batch(vec![
        mapped_column::<UInt32Type>("source", of(|edge| edge.source.get().get())),
        mapped_column::<UInt32Type>("target", of(|edge| edge.target.get().get())),
        mapped_column::<Decimal128Type>("value_micros", micros),
        mapped_column::<UInt8Type>("is_priced", edges.iter().map(has_all).collect()),
        mapped_column::<UInt64Type>("n_mixing", counts(|edge| edge.n_mixing)),
        mapped_column::<UInt64Type>("n_high_volatility", counts(|edge| edge.n_high_volatility)),
    ])
}

fn prices_known(prices: PricesView<'_>) -> Result<RecordBatch, Error> {
    mapped_batch(vec![
        mapped_column::<Int64Type>("known_at", prices.known_at.to_vec()),
        mapped_column::<Int64Type>("until", prices.until.to_vec()),
        mapped_column::<UInt64Type>("price_micros", prices.price_micros.to_vec()),
        mapped_column::<Float32Type>("volatility", prices.volatility.to_vec()),
        mapped_column::<UInt8Type>("mark", prices.marks.to_vec()),
    ])
}

fn link_files(links: &[Link], n_addresses: u32) -> Result<[(String, RecordBatch); 3], Error> {
    let a: Vec<u32> = links.iter().map(|link| link.a.get()).collect();
    let (offsets, ids) = Csr::from_keys(n_addresses, &a)?.into_parts();
    let of = |get: fn(&Link) -> u32| links.iter().map(get).collect::<Vec<u32>>();
    let rows = vec![
        mapped_column::<UInt32Type>("address_a", a),
        mapped_column::<UInt32Type>("address_b", of(|link| link.b.get())),
        mapped_column::<UInt64Type>("tx", links.iter().map(|link| link.tx.get()).collect()),
        mapped_column::<UInt32Type>("height", of(|link| link.height.get())),
        mapped_column::<UInt8Type>("heuristic", links.iter().map(|link| link.heuristic).collect()),
        mapped_column::<Float32Type>(
            "confidence",
            links.iter().map(|link| link.confidence).collect(),
        ),
        mapped_column::<UInt32Type>("source", of(|link| link.source)),
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

fn flow_files(flow: FlowEdges, n_nodes: u32) -> Result<[(String, RecordBatch); 3], Error> {
    let (out, into) = rayon::join(
        || Csr::from_keys(n_nodes, &flow.source),
        || Csr::from_keys(n_nodes, &flow.target),
    );
    let ((out_offsets, out_ids), (in_offsets, in_ids)) = (out?.into_parts(), into?.into_parts());
    let edges = vec![
        mapped_column::<UInt32Type>("source", flow.source),
        mapped_column::<UInt32Type>("target", flow.target),
        mapped_column::<UInt32Type>("time", flow.time),
        mapped_column::<UInt64Type>("weight", flow.weight),
        mapped_column::<UInt8Type>("flags", flow.flags),
    ];
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

fn near_files(
    distance: Distance,
    near: ProximityParts,
) -> Result<[(String, RecordBatch); 2], Error> {
    let nodes = vec![
        mapped_column::<UInt8Type>("hops", near.hops),
        mapped_column::<UInt32Type>("label", near.label),
    ];
    let arena = vec![
        mapped_column::<UInt32Type>("node", near.labels.node),
        mapped_column::<UInt32Type>("edge", near.labels.edge),
        mapped_column::<UInt32Type>("previous", near.labels.previous),
    ];
    Ok([
        (distance.nodes_file(), mapped_batch(nodes)?),
        (distance.labels_file(), mapped_batch(arena)?),
    ])
}

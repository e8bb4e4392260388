//! The derived snapshot of the last run, mapped from disk: labels, members, flow graph, links, proximity.
//!
//! Every file is one Arrow batch; what comes out are slices of the mapping, so opening costs the number of files and
//! nothing else, and a graph larger than memory still answers.

mod money;

use arrow::array::{Array, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float32Type, Schema, UInt8Type, UInt32Type, UInt64Type,
};
use forensics::FlowGraph;
use graph::CsrView;
use graph::temporal::{ProximityView, TemporalEdges, TemporalGraph};
use ledger::{Link, Mix, TxIndex, tables};
use std::sync::Arc;
use store::Snapshot;

use crate::Error;
use crate::layout::mapped;
use crate::view::TagFile;
pub(crate) use money::MappedMoney;

/// One numeric column of a mapped file.
pub(crate) type Numbers<T> = PrimitiveArray<T>;

/// The four distances that a run computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distance {
    FromListed,
    ToListed,
    FromTagged,
    ToTagged,
}

impl Distance {
    pub(crate) const ALL: [Self; 4] =
        [Self::FromListed, Self::ToListed, Self::FromTagged, Self::ToTagged];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FromListed => "from_listed",
            Self::ToListed => "to_listed",
            Self::FromTagged => "from_tagged",
            Self::ToTagged => "to_tagged",
        }
    }

    pub(crate) fn direction(self) -> graph::Direction {
        match self {
            Self::FromListed | Self::FromTagged => graph::Direction::Forward,
            Self::ToListed | Self::ToTagged => graph::Direction::Backward,
        }
    }

    pub(crate) fn of_listed(self) -> bool {
        matches!(self, Self::FromListed | Self::ToListed)
    }

    pub(crate) fn nodes_file(self) -> String {
        format!("{}_{}_nodes", mapped::PROXIMITY, self.name())
    }

    pub(crate) fn labels_file(self) -> String {
        format!("{}_{}_labels", mapped::PROXIMITY, self.name())
    }
}

/// See the module.
pub(crate) struct Derived {
    labels: Numbers<UInt32Type>,
    member_offsets: Numbers<UInt64Type>,
    members: Numbers<UInt32Type>,
    edges: [Numbers<UInt32Type>; 3],
    weights: Numbers<UInt64Type>,
    flags: Numbers<UInt8Type>,
    offsets: [Numbers<UInt64Type>; 2],
    edge_ids: [Numbers<UInt32Type>; 2],
    pub(crate) links: MappedLinks,
    pub(crate) mixes: MappedMixes,
    /// Rows of `cluster_features`, by cluster.
    pub(crate) features: RecordBatch,
    proximity: [MappedProximity; 4],
    /// Missing after a run of a version without it.
    pub(crate) money: Option<MappedMoney>,
    pub(crate) cluster_tags: ClusterTags,
}

/// Tags as they were at the last run, by cluster, the most confident first.
pub(crate) struct ClusterTags {
    clusters: Numbers<UInt32Type>,
    pub(crate) tags: TagFile,
}

impl ClusterTags {
    /// The rows of a cluster.
    pub(crate) fn rows(&self, cluster: u32) -> std::ops::Range<usize> {
        let clusters = self.clusters.values();
        clusters.partition_point(|other| *other < cluster)
            ..clusters.partition_point(|other| *other <= cluster)
    }

    /// Every row with its cluster.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.clusters.values().iter().copied().zip(0..)
    }
}

/// Links, and the link ids of each address that is the smaller end.
pub(crate) struct MappedLinks {
    offsets: Numbers<UInt64Type>,
    ids: Numbers<UInt32Type>,
    a: Numbers<UInt32Type>,
    b: Numbers<UInt32Type>,
    tx: Numbers<UInt64Type>,
    height: Numbers<UInt32Type>,
    heuristic: Numbers<UInt8Type>,
    confidence: Numbers<Float32Type>,
    source: Numbers<UInt32Type>,
}

/// Rows of `mixes`, by transaction.
pub(crate) struct MappedMixes {
    rows: RecordBatch,
    tx: Numbers<UInt64Type>,
}

impl MappedMixes {
    fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let rows = snapshot.mapped(mapped::MIXES)?;
        Ok(Self { tx: column(&rows, "tx")?, rows })
    }

    /// The row of a transaction.
    pub(crate) fn find(&self, tx: TxIndex) -> Option<Mix> {
        let row = self.tx.values().binary_search(&tx.get()).ok()?;
        tables::mixes_from(&self.rows.slice(row, 1)).ok()?.pop()
    }
}

struct MappedProximity {
    hops: Numbers<UInt8Type>,
    label: Numbers<UInt32Type>,
    node: Numbers<UInt32Type>,
    edge: Numbers<UInt32Type>,
    previous: Numbers<UInt32Type>,
}

impl Derived {
    /// The behavior of the clusters of a range of labels, by cluster.
    pub(crate) fn behavior_between(
        &self,
        clusters: std::ops::RangeInclusive<u32>,
    ) -> Result<Vec<ledger::ClusterFeatures>, Error> {
        let column = column::<UInt32Type>(&self.features, "cluster")?;
        let from = column.values().partition_point(|other| other < clusters.start());
        let to = column.values().partition_point(|other| other <= clusters.end());
        Ok(tables::cluster_features_from(&self.features.slice(from, to - from))?)
    }

    /// Opens the derived snapshot; `None` if no run has made one for this ledger.
    pub(crate) fn open(snapshot: &Snapshot) -> Result<Option<Self>, Error> {
        if snapshot.checkpoint(crate::layout::checkpoint::CLUSTERS).is_none() {
            return Ok(None);
        }
        let edges = snapshot.mapped(mapped::EDGES)?;
        let nodes = snapshot.mapped(mapped::NODES)?;
        let edge_ids = snapshot.mapped(mapped::EDGE_IDS)?;
        let tags = snapshot.mapped(mapped::CLUSTER_TAGS)?;
        let [a, b, c, d] = Distance::ALL.map(|distance| MappedProximity::open(snapshot, distance));
        let derived = Self {
            labels: column(&snapshot.mapped(mapped::LABELS)?, "label")?,
            member_offsets: column(&snapshot.mapped(mapped::MEMBER_OFFSETS)?, "offset")?,
            members: column(&snapshot.mapped(mapped::MEMBERS)?, "address")?,
            edges: [column(&edges, "source")?, column(&edges, "target")?, column(&edges, "time")?],
            weights: column(&edges, "weight")?,
            flags: column(&edges, "flags")?,
            offsets: [column(&nodes, "out")?, column(&nodes, "in")?],
            edge_ids: [column(&edge_ids, "out")?, column(&edge_ids, "in")?],
            links: MappedLinks::open(snapshot)?,
            mixes: MappedMixes::open(snapshot)?,
            features: snapshot.mapped(mapped::FEATURES)?,
            proximity: [a?, b?, c?, d?],
            money: MappedMoney::open(snapshot)?,
            cluster_tags: ClusterTags {
                clusters: column(&tags, "cluster")?,
                tags: TagFile::of(tags)?,
            },
        };
        derived.check()?;
        Ok(Some(derived))
    }

    /// Checks once what every question then relies on: that rows lie within their arrays.
    fn check(&self) -> Result<(), Error> {
        CsrView::new(self.member_offsets.values(), self.members.values())?;
        for side in 0..2 {
            CsrView::new(self.offsets[side].values(), self.edge_ids[side].values())?;
        }
        CsrView::new(self.links.offsets.values(), self.links.ids.values())?;
        Ok(())
    }

    /// The label of every address.
    pub(crate) fn labels(&self) -> &[u32] {
        self.labels.values()
    }

    /// The members of the cluster named by `root`, by id; just itself for an address younger than the run.
    pub(crate) fn members<'a>(&'a self, root: &'a u32) -> &'a [u32] {
        let at =
            |row: usize| self.member_offsets.values().get(row).copied().map(crate::intake::index);
        match (at(*root as usize), at(*root as usize + 1)) {
            (Some(from), Some(to)) => self.members.values().get(from..to).unwrap_or_default(),
            _ => std::slice::from_ref(root),
        }
    }

    /// The flow graph over clusters.
    pub(crate) fn flow(&self) -> Result<FlowGraph<'_>, Error> {
        let [source, target, time] = &self.edges;
        let edges = TemporalEdges::new(
            source.values(),
            target.values(),
            time.values(),
            self.weights.values(),
        )?;
        let [out, into] = [0, 1].map(|side: usize| {
            CsrView::checked_before(self.offsets[side].values(), self.edge_ids[side].values())
        });
        let n_main = u32::try_from(self.labels.len()).expect("address ids are u32");
        let graph = TemporalGraph::new(n_main, edges, out, into)?;
        Ok(FlowGraph::new(graph, self.flags.values())?)
    }

    /// The distances of one kind.
    pub(crate) fn proximity(&self, distance: Distance) -> Result<ProximityView<'_>, Error> {
        let own = &self.proximity[distance as usize];
        let arena = [own.node.values() as &[u32], own.edge.values(), own.previous.values()];
        Ok(ProximityView::new(distance.direction(), own.hops.values(), own.label.values(), arena)?)
    }

    /// How many nodes lie within the bound of a source, sources not counted.
    pub(crate) fn n_near(&self, distance: Distance) -> u64 {
        let clusters =
            self.labels.values().iter().enumerate().filter(|(id, label)| *id == **label as usize);
        let hops = self.proximity[distance as usize].hops.values();
        clusters.filter(|(id, _)| (1..u8::MAX).contains(&hops[*id])).count() as u64
    }
}

impl MappedLinks {
    fn open(snapshot: &Snapshot) -> Result<Self, Error> {
        let rows = snapshot.mapped(mapped::LINKS)?;
        Ok(Self {
            offsets: column(&snapshot.mapped(mapped::LINK_OFFSETS)?, "offset")?,
            ids: column(&snapshot.mapped(mapped::LINK_IDS)?, "link")?,
            a: column(&rows, "address_a")?,
            b: column(&rows, "address_b")?,
            tx: column(&rows, "tx")?,
            height: column(&rows, "height")?,
            heuristic: column(&rows, "heuristic")?,
            confidence: column(&rows, "confidence")?,
            source: column(&rows, "source")?,
        })
    }

    /// The links whose smaller address is `address`.
    pub(crate) fn of(&self, address: u32) -> impl Iterator<Item = Link> + '_ {
        let rows = CsrView::checked_before(self.offsets.values(), self.ids.values());
        let own = if address < rows.n_rows() { rows.row(address) } else { &[] };
        own.iter().map(|link| self.get(*link))
    }

    /// Every link, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Link> + '_ {
        let n_links = u32::try_from(self.a.len()).expect("link ids are u32");
        (0..n_links).map(|link| self.get(link))
    }

    fn get(&self, link: u32) -> Link {
        let row = link as usize;
        Link {
            tx: ledger::TxIndex::new(self.tx.value(row)),
            height: ledger::Height::new(self.height.value(row)),
            a: ledger::AddressId::new(self.a.value(row)),
            b: ledger::AddressId::new(self.b.value(row)),
            heuristic: self.heuristic.value(row),
            confidence: self.confidence.value(row),
            source: self.source.value(row),
        }
    }
}

impl MappedProximity {
    fn open(snapshot: &Snapshot, distance: Distance) -> Result<Self, Error> {
        let nodes = snapshot.mapped(&distance.nodes_file())?;
        let labels = snapshot.mapped(&distance.labels_file())?;
        Ok(Self {
            hops: column(&nodes, "hops")?,
            label: column(&nodes, "label")?,
            node: column(&labels, "node")?,
            edge: column(&labels, "edge")?,
            previous: column(&labels, "previous")?,
        })
    }
}

pub(crate) fn column<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    name: &'static str,
) -> Result<Numbers<T>, Error> {
    let array = batch.column_by_name(name).and_then(|array| array.as_primitive_opt::<T>());
    array.filter(|array| array.null_count() == 0).cloned().ok_or_else(|| {
        Error::missing(
            format!("the derived snapshot has no column {name} of type {}", T::DATA_TYPE),
            "run `tracehound run` to build it anew",
        )
    })
}

/// One column of a mapped file in the making.
pub(crate) fn mapped_column<T: ArrowPrimitiveType>(
    name: &str,
    values: Vec<T::Native>,
) -> (Field, Arc<dyn Array>) {
    let array = PrimitiveArray::<T>::new(values.into(), None);
    (Field::new(name, T::DATA_TYPE, false), Arc::new(array))
}

/// A mapped file in the making.
pub(crate) fn mapped_batch(columns: Vec<(Field, Arc<dyn Array>)>) -> Result<RecordBatch, Error> {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let schema = Schema::new(fields);
    debug_assert!(schema.fields().iter().all(|field| *field.data_type() != DataType::Null));
    Ok(RecordBatch::try_new(Arc::new(schema), arrays)?)
}

//! Tracing: the shortest and the widest way of money from one cluster to another, or to a category.

use std::ops::RangeInclusive;

use forensics::{TraceLimits, TraceOptions as Search, TracePath};
use ledger::{ClusterId, Timestamp};

use crate::answers::{PathAnswer, Sats, TraceAnswer};
use crate::intake::index;
use crate::staleness::Asked;
use crate::view::View;
use crate::{Error, stages};

/// The category that stands for everything on a sanctions list.
const SANCTIONED: &str = "sanctioned";

/// Where a trace leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceTarget {
    /// To the cluster of an address.
    Address(String),
    /// To any cluster of a category: `sanctioned`, or a category of tags.
    Category(String),
}

/// How a trace is made, with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// Longest path looked for.
    pub hops_max: u32,
    /// Clusters with more outgoing transfers are not walked through.
    pub degree_max: u64,
    /// Most edges that one search visits.
    pub edges_visited_max: u64,
    /// Whether times along a path may not decrease.
    pub time_respecting: bool,
    /// Only transactions from then on.
    pub from_time: Option<Timestamp>,
    /// Only transactions until then.
    pub to_time: Option<Timestamp>,
    /// Only transfers of at least this amount.
    pub amount_min_sat: u64,
    /// Categories whose clusters are reached but not walked through: what leaves a service is other people's money.
    pub not_through: Vec<String>,
    /// How many paths are listed: the shortest and so many less one further ones, over other clusters.
    pub paths: usize,
}

impl View {
    /// The limits of the configuration, and everything else open.
    pub fn trace_options(&self) -> TraceOptions {
        let limits = &self.config.trace;
        TraceOptions {
            hops_max: limits.hops_max,
            degree_max: limits.degree_max,
            edges_visited_max: limits.edges_visited_max,
            time_respecting: true,
            from_time: None,
            to_time: None,
            amount_min_sat: 0,
            not_through: Vec::new(),
            paths: 1,
        }
    }

    /// The shortest paths and the widest path of money from the cluster of `from`.
    ///
    /// # Errors
    /// If a text is no address or has not appeared, a category is unknown, or no run has been made.
    pub fn trace(
        &self,
        from: &str,
        to: &TraceTarget,
        options: &TraceOptions,
    ) -> Result<TraceAnswer, Error> {
        let (_, source) = self.known_address(from)?;
        let source = self.cluster_of(source);
        let (name, targets) = self.targets(to)?;
        let is_target = |cluster: ClusterId| targets.binary_search(&cluster).is_ok();
        let not_passed = self.not_passed(&options.not_through)?;
        let ends_at = |cluster: ClusterId| not_passed.binary_search(&cluster).is_ok();
        let flow = self.derived()?.flow()?;
        self.check_in_graph(source, flow.graph().n_main())?;
        let search = Search { ends_at: Some(&ends_at), ..self.search(options) };
        let mut shortest = flow.shortest_ways(source, is_target, options.paths.max(1), &search);
        let widest = flow.widest(&[source], is_target, &search);
        let further = shortest.paths.split_off(shortest.paths.len().min(1));
        Ok(TraceAnswer {
            from: from.trim().to_owned(),
            to: name,
            time_respecting: options.time_respecting,
            same_cluster: is_target(source),
            shortest: shortest.paths.first().map(|path| self.path_answer(path)),
            further: further.iter().map(|path| self.path_answer(path)).collect(),
            widest: widest.path.map(|path| self.path_answer(&path)),
            shortest_truncated_by: shortest.truncated_by.map(str::to_owned),
            widest_truncated_by: widest.truncated_by.map(str::to_owned),
            edges_visited: shortest.edges_visited + widest.edges_visited,
            hops_max: options.hops_max,
            degree_max: options.degree_max,
            not_through: options.not_through.clone(),
            clusters_not_passed: not_passed.len() as u64,
            stale_because: self.stale_because(Asked::Owners, None),
            snapshot: self.snapshot_id.clone(),
        })
    }

    /// An address that came in since the last run is no node of the graph yet.
    pub(crate) fn check_in_graph(&self, cluster: ClusterId, n_main: u32) -> Result<(), Error> {
        if stages::root(cluster).get() < n_main {
            return Ok(());
        }
        let what = format!("{} came in since the last run", self.cluster_text(cluster));
        Err(Error::missing(what, "run `tracehound run` first"))
    }

    /// The name of the target and its clusters, ascending.
    fn targets(&self, to: &TraceTarget) -> Result<(String, Vec<ClusterId>), Error> {
        match to {
            TraceTarget::Address(text) => {
                let (_, id) = self.known_address(text)?;
                Ok((text.trim().to_owned(), vec![self.cluster_of(id)]))
            }
            TraceTarget::Category(category) => Ok((category.clone(), self.category(category)?)),
        }
    }

    /// The clusters of the categories, ascending.
    pub(super) fn not_passed(&self, categories: &[String]) -> Result<Vec<ClusterId>, Error> {
        let mut clusters = Vec::new();
        for category in categories {
            clusters.append(&mut self.category(category)?);
        }
        clusters.sort_unstable();
        clusters.dedup();
        Ok(clusters)
    }

    /// The clusters of a category, ascending.
    fn category(&self, category: &str) -> Result<Vec<ClusterId>, Error> {
        if category != SANCTIONED {
            return self.tagged_as(category);
        }
        let clusters: Vec<_> = self.listed_clusters.clusters().collect();
        if clusters.is_empty() {
            let hint = "import a list with `tracehound lists import ofac PATH`";
            let what = "no listed address has appeared in the blocks of this store";
            return Err(Error::missing(what, hint));
        }
        Ok(clusters)
    }

    fn tagged_as(&self, category: &str) -> Result<Vec<ClusterId>, Error> {
        let derived = self.derived()?;
        let tagged = &derived.cluster_tags;
        let mut found = Vec::new();
        let mut known = std::collections::BTreeSet::from([SANCTIONED.to_owned()]);
        for (cluster, row) in tagged.all() {
            let tag = tagged.tags.tag(row)?;
            let names = std::iter::once(tag.category.as_str()).chain(tag.concepts.split(';'));
            for name in names.map(str::trim).filter(|name| !name.is_empty()) {
                if name.eq_ignore_ascii_case(category) {
                    found.push(ClusterId::new(ledger::AddressId::new(cluster)));
                } else {
                    known.insert(name.to_owned());
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        if !found.is_empty() {
            return Ok(found);
        }
        let known: Vec<String> = known.into_iter().collect();
        let hint = crate::did_you_mean(category, &known)
            .unwrap_or_else(|| format!("categories in this ledger: {}", known.join(", ")));
        Err(Error::missing(format!("no cluster is tagged {category:?}"), hint))
    }

    fn search(&self, options: &TraceOptions) -> Search<'static> {
        Search {
            time_respecting: options.time_respecting,
            tx_range: self.tx_range(options.from_time, options.to_time),
            amount_sat_min: options.amount_min_sat,
            ends_at: None,
            limits: TraceLimits {
                hops_max: options.hops_max,
                degree_max: index(options.degree_max),
                edges_visited_max: options.edges_visited_max,
            },
        }
    }

    /// The transactions between two times, both included.
    pub(super) fn tx_range(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> RangeInclusive<u32> {
        let at = |time: Timestamp| self.first_tx_at(time.get());
        let before = |time: Timestamp| at(Timestamp::new(time.get() + 1)).saturating_sub(1);
        from.map_or(0, at)..=to.map_or(u32::MAX, before)
    }

    /// The first transaction of the first block that is not older than `time_s`.
    fn first_tx_at(&self, time_s: i64) -> u32 {
        let columns = &self.columns;
        let found = (0..columns.n_blocks())
            .map(|at| columns.block(at))
            .find(|block| block.time_s >= time_s);
        found.map_or(u32::MAX, |block| u32::try_from(block.first_tx).unwrap_or(u32::MAX))
    }

    fn path_answer(&self, path: &TracePath) -> PathAnswer {
        PathAnswer {
            hops: u32::try_from(path.hops.len()).unwrap_or(u32::MAX),
            bottleneck_sat: path.bottleneck_sat.map(Sats),
            reached: path.hops.last().map_or_else(String::new, |hop| self.entity_of(hop.to)),
            path: self.hop_answers(&path.hops),
        }
    }
}

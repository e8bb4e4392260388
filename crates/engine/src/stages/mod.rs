//! The derived stages: links, clusters, cluster edges, flow graph, proximity.
//!
//! In: the ledger, tags and lists of a snapshot. Out: the tables `links`, `clusters`, `cluster_edges` and the mapped files of
//! `layout::mapped`, committed together. Links are made for new blocks only. Clusters, and what hangs on them, are views:
//! they are made from labels and ledger again, by the same code whether there is one new block or a million, so
//! any cut of the same blocks into runs gives the same bytes (`tests/it/laws.rs`).
//!
//! Cost: links read the new blocks once; the views read the whole ledger once. Memory: 8 bytes an address, 24 a link, 33 a
//! flow edge while a run goes on (answers then read them mapped).

mod files;
mod guarded;
mod views;

use forensics::heuristics::Heuristic;
use ledger::{AddressId, Timestamp, tables};
use store::{Snapshot, Writer};

pub(crate) use files::Made;
pub(crate) use guarded::RulesOfRun;
pub(crate) use views::Views;

use crate::derived::{Derived, Distance};
use crate::intake::{drop_derived, remove_from};
use crate::layout::{self, BITCOIN, SHARED, checkpoint};
use crate::reader::LedgerReader;
use crate::{Config, Engine, Error, Progress, RunReport, Watch, view};

impl Engine {
    /// Brings everything derived up to the ledger, the lists and the tags.
    ///
    /// # Errors
    /// If the store is damaged or full; what was committed before is kept.
    pub fn run(&self, now: Timestamp, watch: &dyn Watch) -> Result<RunReport, Error> {
        let mut writer = self.store.writer()?;
        let links_new = self.run_links(&mut writer, now, watch)?;
        let snapshot = writer.snapshot();
        let mut report = if links_new.is_none() && is_current(&snapshot, self.config()) {
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
        let views = Views::make(&snapshot, self.config(), false, watch)?;
        let (report, n_links) = (views.report(), views.n_stored);
        let mut commit = writer.begin();
        views.into_made()?.write(&mut commit)?;
        let ledger = snapshot.checkpoint(checkpoint::LEDGER).unwrap_or(0);
        let attribution = snapshot.checkpoint(checkpoint::ATTRIBUTION).unwrap_or(0);
        commit.set_checkpoint(checkpoint::CLUSTERS, ledger);
        commit.set_checkpoint(checkpoint::CLUSTERS_LINKS, n_links);
        commit.set_checkpoint(checkpoint::RUN_ATTRIBUTION, attribution);
        let decisions = snapshot.rows(tables::DECISIONS.name, SHARED);
        commit.set_checkpoint(checkpoint::RUN_DECISIONS, decisions);
        commit.set_checkpoint(checkpoint::RUN_OWNERSHIP, self.config().ownership.stamp());
        commit.finish(self.run_record("run", now))?;
        watch.tell(Progress::End);
        Ok(report)
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

/// Whether the derived snapshot stands for the ledger, the lists, the tags, the decisions and the configuration.
pub(crate) fn is_current(snapshot: &Snapshot, config: &Config) -> bool {
    let of = |name| snapshot.checkpoint(name).unwrap_or(0);
    snapshot.checkpoint(checkpoint::CLUSTERS) == Some(of(checkpoint::LEDGER))
        && of(checkpoint::RUN_ATTRIBUTION) == of(checkpoint::ATTRIBUTION)
        && of(checkpoint::RUN_DECISIONS) == snapshot.rows(tables::DECISIONS.name, SHARED)
        && of(checkpoint::RUN_OWNERSHIP) == config.ownership.stamp()
        && of(checkpoint::CLUSTERS_LINKS) == snapshot.rows(tables::LINKS.name, BITCOIN)
}

/// The heuristic of a stored number, by name.
pub(crate) fn heuristic_name(number: u8) -> &'static str {
    Heuristic::from_number(number).map_or("unknown", |heuristic| heuristic.name)
}

/// The first address of a cluster.
pub(crate) fn root(cluster: ledger::ClusterId) -> AddressId {
    cluster.get()
}

//! The derived stages: links and mixes, clusters, cluster edges, flow graph, proximity.
//!
//! In: the ledger, tags and lists of a snapshot. Out: the tables `links`, `clusters`, `cluster_edges` and the mapped files of
//! `layout::mapped`, committed together. Links are made for new blocks only. Clusters, and what hangs on them, are views:
//! they are made from labels and ledger again, by the same code whether there is one new block or a million, so
//! any cut of the same blocks into runs gives the same bytes (`tests/it/laws.rs`).
//!
//! Cost: links read the new blocks once; the views read the whole ledger once. Memory: 8 bytes an address, 24 a link, 33 a
//! flow edge while a run goes on (answers then read them mapped).

mod alerts;
mod evidence;
mod files;
mod guarded;
mod learning;
mod risk;
mod suggested;
mod views;

use forensics::heuristics::Heuristic;
use ledger::{AddressId, Timestamp, tables};
use store::{Snapshot, Writer};

pub(crate) use alerts::{Subjects, rules_in_force};
pub(crate) use evidence::{Evidence, Prices};
pub(crate) use files::Made;
pub(crate) use guarded::{Entities, RulesOfRun};
pub(crate) use learning::{Held, Learning, cluster};
pub(crate) use risk::{
    PROFILE, category_of, check_currency, listed_entity, members_by_party, of_cluster,
    parse_profile, profile,
};
pub(crate) use suggested::cluster_entities;
pub(crate) use views::Views;

use crate::derived::{Derived, Distance};
use crate::intake::{drop_derived, remove_from};
use crate::layout::{self, BITCOIN, SHARED, checkpoint};
use crate::reader::LedgerReader;
use crate::{Config, Engine, Error, Progress, RunReport, Watch, ownership, view};

impl Engine {
    /// Brings everything derived up to the ledger, the lists and the tags.
    ///
    /// # Errors
    /// If the store is damaged or full; what was committed before is kept.
    pub fn run(&self, now: Timestamp, watch: &dyn Watch) -> Result<RunReport, Error> {
        let mut writer = self.store.writer()?;
        let currency = &self.config().money.currency;
        check_currency(&profile(&writer.snapshot(), currency)?, currency)?;
        let links_new = self.run_links(&mut writer, now, watch)?;
        let snapshot = writer.snapshot();
        let views_current = links_new.is_none() && is_current(&snapshot, self.config());
        let mut report = if views_current {
            RunReport { up_to_date: true, ..RunReport::default() }
        } else {
            self.run_views(&mut writer, now, watch)?
        };
        if !views_current || rules_changed(&snapshot) || !is_judged(&snapshot) {
            report.alerts = self.run_alerts(&mut writer, now)?;
            report.up_to_date = false;
        }
        report.links_new = links_new.unwrap_or(0);
        writer.compact_all(self.run_record("compact", now))?;
        let snapshot = writer.snapshot();
        self.complete(&snapshot, &mut report)?;
        Ok(report)
    }

    /// Links and mixes of the blocks that have none yet; `None` if there are no such blocks.
    fn run_links(
        &self,
        writer: &mut Writer,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<Option<u64>, Error> {
        let from = self.withdraw_links(writer, now)?;
        let snapshot = writer.snapshot();
        let reader = LedgerReader::open(&snapshot)?;
        let ranges = reader.ranges(from);
        if ranges.is_empty() {
            return Ok(None);
        }
        let total = ranges.len() as u64;
        watch.tell(Progress::Begin { what: "links".to_owned(), total: Some(total), unit: "parts" });
        let mut evidence = Evidence::at_height(&snapshot, &reader, from, watch)?;
        let mut links_new = 0;
        for (done, range) in (1..).zip(ranges) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            let shown = evidence.apply(&reader.read(range)?);
            links_new += shown.links.len() as u64;
            let mut commit = writer.begin();
            let links = tables::links_to(&shown.links);
            commit.append(&layout::spec(&tables::LINKS), BITCOIN, &links)?;
            let mixes = tables::mixes_to(&shown.mixes);
            commit.append(&layout::spec(&tables::MIXES), BITCOIN, &mixes)?;
            commit.set_checkpoint(checkpoint::LINKS, u64::from(range.1) + 1);
            commit.finish(self.run_record("run: links", now))?;
            watch.tell(Progress::At { done });
        }
        watch.tell(Progress::End);
        Ok(Some(links_new))
    }

    /// Takes back the links and mixes that no longer follow from the ledger; gives the height from which on they are to
    /// be made.
    fn withdraw_links(&self, writer: &mut Writer, now: Timestamp) -> Result<u32, Error> {
        let snapshot = writer.snapshot();
        let of = |name| snapshot.checkpoint(name).unwrap_or(0);
        let made = u32::try_from(of(checkpoint::LINKS)).expect("heights are u32");
        let reader = LedgerReader::open(&snapshot)?;
        let mut from = made;
        if of(checkpoint::LINKS_RESOLUTIONS) != reader.n_resolutions() {
            // Inputs of earlier blocks are known now: links are made again from the lowest of them on.
            from = reader.lowest_resolution().map_or(from, |lowest| lowest.min(from));
        }
        let model = ownership::model_of_links(&snapshot)?;
        let prices = prices_of_links(&snapshot, model);
        if of(checkpoint::LINKS_MODEL) != model || of(checkpoint::LINKS_PRICES) != prices {
            // What another model, or the same by other prices, said of any transaction is void.
            from = 0;
        }
        let is_same = of(checkpoint::LINKS_RESOLUTIONS) == reader.n_resolutions()
            && of(checkpoint::LINKS_MODEL) == model
            && of(checkpoint::LINKS_PRICES) == prices;
        if is_same {
            return Ok(from);
        }
        let mut commit = writer.begin();
        remove_from(&mut commit, &tables::LINKS, from)?;
        remove_from(&mut commit, &tables::MIXES, from)?;
        commit.set_checkpoint(checkpoint::LINKS, u64::from(from));
        commit.set_checkpoint(checkpoint::LINKS_RESOLUTIONS, reader.n_resolutions());
        commit.set_checkpoint(checkpoint::LINKS_MODEL, model);
        commit.set_checkpoint(checkpoint::LINKS_PRICES, prices);
        drop_derived(&mut commit, &snapshot)?;
        commit.finish(self.run_record("run: links withdrawn", now))?;
        Ok(from)
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
        let resolution = ownership::resolution_model(&snapshot)?.map_or(0, |(id, _)| id);
        commit.set_checkpoint(checkpoint::RUN_RESOLUTION, u64::from(resolution));
        commit.set_checkpoint(checkpoint::RUN_OWNERSHIP, self.config().ownership.stamp());
        for (name, stamp) in stamps(&snapshot, self.config())? {
            commit.set_checkpoint(name, stamp);
        }
        let prices = snapshot.checkpoint(checkpoint::PRICES).unwrap_or(0);
        commit.set_checkpoint(checkpoint::RUN_PRICES, prices);
        commit.set_checkpoint(checkpoint::RUN_MONEY, self.config().money.stamp());
        // Whoever finds the store after a crash between this commit and that of the alerts asks the rules.
        commit.set_checkpoint(checkpoint::RUN_ALERTS, 0);
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
        report.change_model = match ownership::change_model(snapshot)? {
            None => "none: `tracehound cluster train` fits one".to_owned(),
            Some((_, model)) => match model.threshold() {
                Some(_) => model.version().to_owned(),
                None => {
                    let why = &model.figures().no_threshold_because;
                    format!("{} makes no links: {why}", model.version())
                }
            },
        };
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
        && of(checkpoint::RUN_PRICES) == of(checkpoint::PRICES)
        && of(checkpoint::RUN_MONEY) == config.money.stamp()
        && ownership::resolution_model(snapshot).is_ok_and(|model| {
            of(checkpoint::RUN_RESOLUTION) == model.map_or(0, |(id, _)| u64::from(id))
        })
        && ownership::model_of_links(snapshot).is_ok_and(|model| {
            of(checkpoint::LINKS_MODEL) == model
                && of(checkpoint::LINKS_PRICES) == prices_of_links(snapshot, model)
        })
        && stamps(snapshot, config)
            .is_ok_and(|stamps| stamps.into_iter().all(|(name, stamp)| of(name) == stamp))
        && of(checkpoint::CLUSTERS_LINKS) == snapshot.rows(tables::LINKS.name, BITCOIN)
}

/// The prices that links depend on; 0 where no model of change is in force, because then none are asked for.
fn prices_of_links(snapshot: &Snapshot, model: u64) -> u64 {
    match model {
        0 => 0,
        _ => snapshot.checkpoint(checkpoint::PRICES).unwrap_or(0),
    }
}

/// What a run follows of settings and small tables, each as a checkpoint with its stamp.
pub(crate) fn stamps(
    snapshot: &Snapshot,
    config: &Config,
) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut stamps = risk::stamps(snapshot, config)?.to_vec();
    stamps.push((checkpoint::RUN_SCREENING, u64::from(config.screening.hops_max)));
    Ok(stamps)
}

/// Whether the rules in force then were asked about the tables of the last run.
pub(crate) fn is_judged(snapshot: &Snapshot) -> bool {
    snapshot.checkpoint(checkpoint::RUN_ALERTS) == Some(1)
}

/// Whether rules were published since they were last asked.
pub(crate) fn rules_changed(snapshot: &Snapshot) -> bool {
    let asked = snapshot.checkpoint(checkpoint::RUN_RULES);
    asked != Some(snapshot.rows(tables::RULES.name, SHARED))
}

/// The heuristic of a stored number, by name.
pub(crate) fn heuristic_name(number: u8) -> &'static str {
    Heuristic::from_number(number).map_or("unknown", |heuristic| heuristic.name)
}

/// The first address of a cluster.
pub(crate) fn root(cluster: ledger::ClusterId) -> AddressId {
    cluster.get()
}

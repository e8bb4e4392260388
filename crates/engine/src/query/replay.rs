//! Questions about risk that read the ledger again: one cluster by every convention, and the ways to known parties.
//!
//! What a run leaves answers in microseconds; these two would need the state of its kernels, which is as large as the
//! ledger and is not kept. So they make it again, with clusters and parties as the last run left them.
//! Cost: one pass over the ledger.

use std::collections::BTreeMap;

use forensics::Owners;
use forensics::exposure::{
    self, Comparison, ExposureOptions, ExposureState, PreviousTransactions, SentUpdate,
};
use forensics::proximity::{ProximityHop, ProximityOptions, ProximityState, Way};
use graph::NONE;
use ledger::{Category, Timestamp};

use crate::answers::{ConventionAnswer, ExposureAnswer, NearnessAnswer, Sats};
use crate::layout::checkpoint;
use crate::reader::LedgerReader;
use crate::view::View;
use crate::{Error, Progress, Watch, prices};

/// Transactions that the ways of one cluster's coins may lead through when conventions are compared.
const TRANSACTIONS_MAX: usize = 1_000_000;

impl View {
    /// As [`View::exposure`], with what came in by every convention.
    ///
    /// # Errors
    /// As [`View::exposure`]; if more transactions lead to the cluster than are followed.
    pub fn exposure_compared(
        &self,
        address: &str,
        watch: &dyn Watch,
    ) -> Result<ExposureAnswer, Error> {
        let mut answer = self.exposure(address)?;
        if !answer.subject.computed {
            return Ok(answer);
        }
        let entities = self.entity_column()?;
        let owners = Owners { labels: self.labels(), entities: &entities };
        let categories: Vec<Category> =
            self.risk()?.entities().iter().map(|entity| entity.category).collect();
        let parties = exposure::Parties { owners, categories: &categories };
        let parts_max = self.risk_of_run().parts_max;
        let options = ExposureOptions { parts_max, sent: SentUpdate::OnRequest };
        let mut state = ExposureState::new(options);
        let mut previous = PreviousTransactions::default();
        let prices = prices::known(
            &self.snapshot,
            &self.config.money.currency,
            self.config.money.options(),
        )?;
        let price = |time: Timestamp| prices.price_micros_at(time);
        self.replay(watch, |batch| {
            let before = previous.apply(batch);
            state.apply(batch, &before, &parties, &price)?;
            Ok(())
        })?;
        let compared = state.compare(answer.subject.cluster, TRANSACTIONS_MAX)?;
        answer.conventions = compared.iter().map(convention).collect();
        Ok(answer)
    }

    /// As [`View::nearness`], with the way to each party.
    ///
    /// # Errors
    /// As [`View::nearness`].
    pub fn nearness_with_paths(
        &self,
        address: &str,
        watch: &dyn Watch,
    ) -> Result<NearnessAnswer, Error> {
        let mut answer = self.nearness(address)?;
        if !answer.subject.computed {
            return Ok(answer);
        }
        let entities = self.entity_column()?;
        let owners = Owners { labels: self.labels(), entities: &entities };
        let hops_max = self.risk_of_run().hops_max;
        let options = ProximityOptions { hops_max, ..ProximityOptions::default() };
        let mut state = ProximityState::new(options);
        self.replay(watch, |batch| Ok(state.push(batch)?))?;
        state.update(&owners, self.risk()?.entities());
        let cluster = answer.subject.cluster;
        for row in answer.nearest.iter_mut().flatten() {
            let path = state.path(cluster, row.side, row.category, Way::Nearest);
            let hops = path.unwrap_or_default();
            let hops: Vec<forensics::Hop> = hops.iter().map(|hop| self.hop(hop)).collect();
            row.path = self.hop_answers(&hops);
        }
        Ok(answer)
    }

    fn hop(&self, hop: &ProximityHop) -> forensics::Hop {
        let mix = self.derived.as_ref().and_then(|derived| derived.mixes.find(hop.tx));
        forensics::Hop {
            tx: hop.tx,
            from: hop.from,
            to: hop.to,
            amount_sat: hop.amount_sat,
            mixing: mix.is_some(),
        }
    }

    /// By label, as the last run left it.
    fn entity_column(&self) -> Result<Vec<u32>, Error> {
        let mut column = vec![NONE; self.labels().len()];
        for (cluster, entity) in self.risk()?.entity_clusters()? {
            column[cluster.index()] = entity.get();
        }
        Ok(column)
    }

    fn replay(
        &self,
        watch: &dyn Watch,
        mut each: impl FnMut(&ledger::LedgerBatch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let reader = LedgerReader::open(&self.snapshot)?;
        // Blocks that came in since have addresses of which the run knows nothing.
        let until = self.snapshot.checkpoint(checkpoint::CLUSTERS).unwrap_or(0);
        let ranges = reader.ranges_below(u32::try_from(until).expect("heights are u32"));
        let total = Some(ranges.len() as u64);
        watch.tell(Progress::Begin { what: "ledger".to_owned(), total, unit: "parts" });
        for (done, range) in (1..).zip(ranges) {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            each(&reader.read(range)?)?;
            watch.tell(Progress::At { done });
        }
        watch.tell(Progress::End);
        Ok(())
    }
}

fn convention(compared: &Comparison) -> ConventionAnswer {
    let mut amounts: BTreeMap<Category, u128> = BTreeMap::new();
    for row in &compared.rows {
        *amounts.entry(row.category).or_default() += row.amount.units();
    }
    let sats = |units: u128| Sats(u64::try_from(units).unwrap_or(u64::MAX));
    ConventionAnswer {
        convention: compared.convention,
        amounts: amounts.into_iter().map(|(category, units)| (category, sats(units))).collect(),
    }
}

//! Alerts at the moment a block comes in: payments to monitored addresses whose payer is on a list.
//!
//! In: the blocks of one commit. Out: entries of the log of alerts, written before the commit after it. Clusters are those of
//! the last run; an address that is younger is its own. What rules ask beyond lists is unknown here, and by
//! three-valued logic a rule raises only where lists decide it; the next run asks again, with everything known.

use cases::{AlertBook, Facts, Judge, Subject, SubjectKey, reconcile};
use forensics::Owners;
use ledger::{AlertEventKind, LedgerBatch, Timestamp};
use store::Writer;

use super::{Subjects, moment, rules_in_force};
use crate::stages::risk::{Arrivals, monitored};
use crate::view::View;
use crate::{Engine, Error, alerts, monitor};

impl Engine {
    /// Asks the rules about payments to monitored addresses in blocks that just came in; how many alerts were raised.
    pub(crate) fn alert_arrivals(
        &self,
        writer: &mut Writer,
        batch: &LedgerBatch,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let snapshot = writer.snapshot();
        if monitor::live(&snapshot)?.is_empty() {
            return Ok(0);
        }
        let view = View::open(&snapshot, self.config())?;
        let id_of = |address: &ledger::Address| Some(view.id_of(address)?.get());
        let owners = Owners { labels: view.labels(), entities: &[] };
        let mut arrivals = Arrivals::default();
        arrivals.push(batch, &owners, &monitored(&snapshot, id_of)?);
        if arrivals.0.is_empty() {
            return Ok(0);
        }
        let rules = rules_in_force(&snapshot, self.config())?;
        let book = AlertBook::of(alerts::entries(&snapshot)?)?;
        let resolve = |key: &SubjectKey| view.subject_now(key);
        let mut judge = Judge::new(&rules, &book, &resolve);
        let subjects = Subjects::new(&view, None)?;
        for arrival in &arrivals.0 {
            let payers: Vec<_> = arrival.payers.iter().map(|payer| payer.0).collect();
            let look = &mut |subject: &Subject, facts: &dyn Facts| judge.look(subject, facts);
            subjects.look_at_arrival(&arrival.payment, &payers, look);
        }
        let judged = judge.finish();
        let mut entries = reconcile(&book, &rules, &judged, &resolve, &moment(&view, now));
        // Whether an alert of before still holds is for the run to say, which knows everything.
        let is_raised = |kind| matches!(kind, AlertEventKind::Raised | AlertEventKind::Reraised);
        entries.retain(|entry| is_raised(entry.event.kind));
        for (number, entry) in (book.next_number()..).zip(&mut entries) {
            entry.event.number = number;
            entry.basis.iter_mut().for_each(|fact| fact.event = number);
        }
        let n_raised = entries.len() as u64;
        if n_raised > 0 {
            let mut commit = writer.begin();
            alerts::append_entries(&mut commit, &entries)?;
            commit.finish(self.run_record("ingest: alerts", now))?;
        }
        Ok(n_raised)
    }
}

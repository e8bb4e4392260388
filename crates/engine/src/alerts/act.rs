//! What people do with alerts: checked by `cases`, appended here.

use cases::{Act, AlertBook};
use ledger::Timestamp;

use super::list::summary;
use super::{append_entries, entries};
use crate::answers::ActReport;
use crate::{Engine, Error};

impl Engine {
    /// Does one thing with alerts, all of them or none.
    ///
    /// # Errors
    /// If there is no such alert, its state or its severity does not allow it, or a reason or author is missing.
    pub fn act_on_alerts(
        &self,
        ids: &[String],
        act: &Act,
        reason: &str,
        author: &str,
        now: Timestamp,
    ) -> Result<ActReport, Error> {
        let mut writer = self.store.writer()?;
        let mut book = AlertBook::of(entries(&writer.snapshot())?)?;
        let mut new = Vec::new();
        let mut done: Vec<String> = Vec::new();
        for id in ids {
            let entry = book.act(id, act, reason, author, now)?;
            done.push(entry.event.alert.clone());
            book.add(entry.clone())?;
            new.push(entry);
        }
        let mut commit = writer.begin();
        append_entries(&mut commit, &new)?;
        let command = format!("alerts {}", act.action().name());
        let snapshot = commit.finish(self.run_record(&command, now))?;
        let alerts = done.iter().filter_map(|id| book.get(id)).map(summary).collect();
        Ok(ActReport { alerts, snapshot: snapshot.id().to_string() })
    }
}

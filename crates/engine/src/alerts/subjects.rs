//! Whom rules are asked about: every subject of the last run with its facts.

use cases::{Facts, Subject, SubjectKey};
use ledger::{Height, Timestamp};

use crate::Error;
use crate::stages::Subjects;
use crate::view::View;

impl View {
    /// Calls `look` for every subject of the last run; how many there were.
    ///
    /// # Errors
    /// If no run has been made: a rule that finds nothing there would say nothing, and say it wrongly.
    pub(crate) fn each_subject(
        &self,
        look: &mut dyn FnMut(&Subject, &dyn Facts),
    ) -> Result<u64, Error> {
        Subjects::new(self, None)?.each(look)
    }

    /// Where a subject is now: the first address of the cluster that holds its address. `None` if the ledger does not have it.
    pub(crate) fn subject_now(&self, key: &SubjectKey) -> Option<SubjectKey> {
        let id = |text: &str| {
            let parsed = ledger::parse_address(text).ok()?;
            self.id_of(&parsed.address)
        };
        match key {
            SubjectKey::Entity(name) => {
                let entities = self.risk.as_ref()?.entities();
                entities.iter().any(|entity| entity.name == *name).then(|| key.clone())
            }
            SubjectKey::Cluster(address) => {
                let cluster = self.cluster_of(id(address)?);
                Some(SubjectKey::Cluster(self.cluster_text(cluster)))
            }
            SubjectKey::Address(address) => id(address).map(|_| key.clone()),
            SubjectKey::Series(_) => Some(key.clone()),
            SubjectKey::Payment(tx, address) => {
                let tx: ledger::TxId = tx.parse().ok()?;
                self.transactions.lookup_one(tx.as_bytes())?;
                id(address).map(|_| key.clone())
            }
        }
    }

    /// The last block: its height and time.
    pub(crate) fn tip(&self) -> Option<(Height, Timestamp)> {
        let last = self.columns.last_block()?;
        Some((Height::new(last.height), Timestamp::new(last.time_s)))
    }
}

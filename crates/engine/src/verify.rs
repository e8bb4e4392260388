//! Verification: every live file is read and hashed, tables are compared with each other, and on request everything
//! derived is made again from the ledger and compared.

use ledger::{BlockHash, tables};
use store::Snapshot;

use crate::intake::LedgerColumns;
use crate::layout::{self, BITCOIN, SHARED, checkpoint};
use crate::reader::{self, LedgerReader};
use crate::stages::{Evidence, Made, Views};
use crate::staleness::Asked;
use crate::view::View;
use crate::{Config, Engine, Error, Progress, VerifyReport, Watch};

/// Contradictions that are told in full; more of them would say nothing new.
const SHOWN_MAX: usize = 50;

impl Engine {
    /// Verifies the last committed snapshot; with `rerun` also that the derived tables follow from the ledger.
    ///
    /// # Errors
    /// Only what keeps it from going on; damage is the answer, not an error.
    pub fn verify(&self, rerun: bool, watch: &dyn Watch) -> Result<VerifyReport, Error> {
        let snapshot = self.store.snapshot()?;
        watch.tell(Progress::Begin { what: "files".to_owned(), total: None, unit: "files" });
        let mut files = 0;
        let damage = snapshot.verify(&mut |_| {
            files += 1;
            watch.tell(Progress::At { done: files });
        })?;
        watch.tell(Progress::End);
        let mut report = VerifyReport {
            files,
            damage: damage.iter().map(ToString::to_string).collect(),
            snapshot: snapshot.id().to_string(),
            ..VerifyReport::default()
        };
        if report.damage.is_empty() {
            let mut check = Check { snapshot: &snapshot, found: Vec::new() };
            check.ledger()?;
            check.links()?;
            if rerun && !crate::stages::is_current(&snapshot, self.config()) {
                report.not_compared = self.why_not_current(&snapshot)?;
            } else if rerun {
                check.derived(self.config(), watch)?;
                report.rerun = true;
            }
            report.contradictions = check.found;
        }
        report.sound = report.damage.is_empty() && report.contradictions.is_empty();
        Ok(report)
    }

    /// Why the derived tables would not be those that are made now: never empty.
    fn why_not_current(&self, snapshot: &Snapshot) -> Result<Vec<String>, Error> {
        let view = View::open(snapshot, self.config())?;
        let mut reasons = view.since_last_run(Asked::Everything).to_vec();
        if reasons.is_empty() {
            reasons.push("no run has made the derived tables (`tracehound run`)".to_owned());
        }
        Ok(reasons)
    }
}

struct Check<'a> {
    snapshot: &'a Snapshot,
    found: Vec<String>,
}

impl Check<'_> {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.found.len() < SHOWN_MAX {
            self.found.push(what());
        }
    }

    fn equal(&mut self, what: &str, left: u64, right: u64) {
        self.expect(left == right, || format!("{what}: {left} against {right}"));
    }

    /// Blocks connect, and tables, columns and dictionaries hold the same number of things.
    fn ledger(&mut self) -> Result<(), Error> {
        let columns = LedgerColumns::open(self.snapshot)?;
        let rows = |table: &tables::Table| self.snapshot.rows(table.name, BITCOIN);
        let counts = [
            (
                "blocks in the table and in the column",
                rows(&tables::BLOCKS),
                columns.n_blocks() as u64,
            ),
            (
                "transactions in the table and in the column",
                rows(&tables::TRANSACTIONS),
                columns.first_output.len(),
            ),
            (
                "outputs in the table and in the column",
                rows(&tables::OUTPUTS),
                columns.outputs.len(),
            ),
            (
                "inputs in the table and in the count",
                rows(&tables::INPUTS),
                self.snapshot.checkpoint(checkpoint::INPUTS).unwrap_or(0),
            ),
            (
                "transactions in the table and in the dictionary",
                rows(&tables::TRANSACTIONS),
                u64::from(self.snapshot.dictionary(layout::BITCOIN_TX)?.len()),
            ),
        ];
        for (what, left, right) in counts {
            self.equal(what, left, right);
        }
        self.chain(&columns)
    }

    fn chain(&mut self, columns: &LedgerColumns) -> Result<(), Error> {
        let blocks = reader::blocks(self.snapshot)?;
        for (position, block) in blocks.iter().enumerate() {
            let record = columns.block(position);
            let same =
                record.hash == *block.hash.as_bytes() && record.first_tx == block.first_tx.get();
            self.expect(same, || format!("block {}: table and column disagree", block.height));
        }
        for pair in blocks.windows(2) {
            let (before, block) = (&pair[0], &pair[1]);
            let follows = block.height.get() == before.height.get() + 1;
            let connects = !follows || block.previous_hash == before.hash;
            self.expect(connects, || {
                format!(
                    "block {} does not connect to {}",
                    block.height,
                    BlockHash::to_string(&before.hash)
                )
            });
            self.expect(block.height > before.height, || {
                format!("block {} comes twice", block.height)
            });
        }
        Ok(())
    }

    /// Links are those that the heuristics make of the ledger today, and inputs spend what outputs hold.
    fn links(&mut self) -> Result<(), Error> {
        let reader = LedgerReader::open(self.snapshot)?;
        let below = self.snapshot.checkpoint(checkpoint::LINKS).unwrap_or(0);
        let stored = reader::links(self.snapshot)?;
        let mixes = reader::mixes(self.snapshot)?;
        let (mut at, mut at_mix) = (0, 0);
        let mut evidence = Evidence::at_start(self.snapshot)?;
        for range in reader.ranges(0) {
            let mut shown = evidence.apply(&reader.read(range)?);
            shown.links.retain(|link| u64::from(link.height.get()) < below);
            shown.mixes.retain(|mix| u64::from(mix.height.get()) < below);
            let expected = shown.links;
            let found = mixes.get(at_mix..at_mix + shown.mixes.len()).unwrap_or_default();
            self.expect(found == shown.mixes.as_slice(), || {
                format!("mixes of blocks {} to {} are not those of the ledger", range.0, range.1)
            });
            at_mix += shown.mixes.len();
            let found = stored.get(at..at + expected.len()).unwrap_or_default();
            let same = found == expected.as_slice();
            self.expect(same, || {
                format!("links of blocks {} to {} are not those of the ledger", range.0, range.1)
            });
            at += expected.len();
        }
        self.equal("mixes stored and mixes of the ledger", mixes.len() as u64, at_mix as u64);
        self.equal("links stored and links of the ledger", stored.len() as u64, at as u64);
        Ok(())
    }

    /// Tables that stand for all that is in force: clusters and cluster edges are those that the links and the ledger give.
    fn derived(&mut self, config: &Config, watch: &dyn Watch) -> Result<(), Error> {
        let made = Views::make(self.snapshot, config, true, watch)?.into_made()?;
        watch.tell(Progress::End);
        let mut clusters = Vec::new();
        for batch in self.snapshot.scan(tables::CLUSTERS.name, SHARED, None, None)? {
            clusters.append(&mut tables::clusters_from(&batch?)?);
        }
        self.expect(clusters == made.cluster_rows, || {
            "the table clusters does not follow from the links".to_owned()
        });
        let mut edges = Vec::new();
        for batch in self.snapshot.scan(tables::CLUSTER_EDGES.name, SHARED, None, None)? {
            edges.append(&mut tables::cluster_edges_from(&batch?)?);
        }
        self.expect(edges == made.edges, || {
            "the table cluster_edges does not follow from ledger and clusters".to_owned()
        });
        self.expect(reader::held(self.snapshot)? == made.held, || {
            "the table held_links does not follow from links and decisions".to_owned()
        });
        self.expect(self.same_mapped(&made)?, || {
            "the mapped snapshot does not follow from the ledger".to_owned()
        });
        Ok(())
    }

    /// Whether every mapped file holds what making it again gives.
    fn same_mapped(&self, made: &Made) -> Result<bool, Error> {
        for (name, batch) in &made.files {
            if self.snapshot.mapped(name)? != *batch {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

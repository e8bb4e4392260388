//! Takes Bitcoin blocks into the ledger: opens a source, follows its steps, commits batch by batch.

use std::time::Duration;

use ingest::bitcoin::{self, Network, NodeAccess};
use ingest::source::{BatchLimit, Delivered, Held, HeldBlock, Options, Source, Step};
use ledger::{BlockHash, DecodedBlock, Height, Timestamp, tables};
use store::{Snapshot, Writer};

use crate::intake::{self, LedgerColumns, UnknownInputs};
use crate::layout::{BITCOIN, BlockRecord, checkpoint};
use crate::{BitcoinSource, Engine, Error, IngestOptions, IngestReport, Progress, Watch};

/// How long a follower waits before it asks the node again.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

impl Engine {
    /// Takes in what `source` has beyond the ledger; see [`BitcoinSource`]. A second call goes on where one stopped.
    ///
    /// # Errors
    /// The first thing that is wrong with the source or the store; everything up to the last commit is kept.
    pub fn ingest_bitcoin(
        &self,
        source: &BitcoinSource,
        options: &IngestOptions,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<IngestReport, Error> {
        let held = held(&self.store.snapshot()?)?;
        let mut opened = open_source(source, &held, &self.source_options(options)?)?;
        let mut intake = Intake::new(self, options, now, watch);
        intake.begin(opened.as_ref());
        let follow = matches!(source, BitcoinSource::Node { follow: true, .. });
        let mut outcome = intake.pull(opened.as_mut());
        while follow && !watch.stopped() && is_passing(&outcome) {
            if let Err(error) = &outcome {
                watch.tell(Progress::Note { text: format!("{error}; trying again") });
            }
            // The wait is the node's pace, not a guess at when something is done. The writer lock is free meanwhile,
            // so that a run can take its turn.
            std::thread::park_timeout(POLL_INTERVAL);
            outcome = intake.pull(opened.as_mut());
        }
        let mut report = intake.report;
        watch.tell(Progress::End);
        outcome?;
        let snapshot = self.store.snapshot()?;
        report.last_height = LedgerColumns::open(&snapshot)?.last_block().map(|block| block.height);
        report.snapshot = snapshot.id().to_string();
        Ok(report)
    }

    fn source_options(&self, options: &IngestOptions) -> Result<Options, Error> {
        let network = self
            .config
            .ingest
            .network
            .parse::<Network>()
            .map_err(|error| Error::Config { what: error.to_string(), hint: None })?;
        Ok(Options {
            network,
            first_height: options.first_height.map(Height::new),
            allow_gaps: options.allow_gaps,
            resolve: options.resolve,
            skip_garbage: options.skip_garbage,
        })
    }
}

/// Whether a follower goes on: after success, and after what the source says will pass.
fn is_passing(outcome: &Result<(), Error>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(Error::Source(error)) => error.is_temporary(),
        Err(Error::Store(store::Error::Locked { .. })) => true,
        Err(_) => false,
    }
}

/// What the ledger holds, as sources ask for it.
fn held(snapshot: &Snapshot) -> Result<Held, Error> {
    let columns = LedgerColumns::open(snapshot)?;
    let Some(last) = columns.last_block() else { return Ok(Held::nothing()) };
    let (first, last) = (Height::new(columns.block(0).height), Height::new(last.height));
    Ok(Held::new(first, last, move |height| {
        let block = columns.block(columns.position(height.get())?);
        Some(HeldBlock { hash: BlockHash::from_bytes(block.hash), bits: block.bits })
    }))
}

fn open_source(
    source: &BitcoinSource,
    held: &Held,
    options: &Options,
) -> Result<Box<dyn Source>, Error> {
    match source {
        BitcoinSource::Path(paths) => Ok(bitcoin::open(paths, held, options)?),
        BitcoinSource::Node { url, user, cookie, rest, .. } => {
            let access = NodeAccess {
                url: url.clone(),
                user: (!user.is_empty()).then(|| user.clone()),
                cookie: cookie.clone(),
                rest: *rest,
            };
            Ok(Box::new(bitcoin::core_rpc(&access, held, options)?))
        }
    }
}

struct Intake<'a> {
    engine: &'a Engine,
    options: &'a IngestOptions,
    now: Timestamp,
    watch: &'a dyn Watch,
    report: IngestReport,
    unknown: Option<UnknownInputs>,
}

impl<'a> Intake<'a> {
    fn new(
        engine: &'a Engine,
        options: &'a IngestOptions,
        now: Timestamp,
        watch: &'a dyn Watch,
    ) -> Self {
        Self { engine, options, now, watch, report: IngestReport::default(), unknown: None }
    }

    fn begin(&mut self, source: &dyn Source) {
        let plan = source.plan();
        self.report.blocks_held = plan.n_already_held;
        self.report.notes.extend(plan.notes.iter().cloned());
        let counted = [
            (plan.n_stale, "blocks on branches with less work passed over"),
            (plan.n_duplicates, "blocks found twice"),
        ];
        for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
            self.report.notes.push(format!("{count} {what}"));
        }
        for path in &plan.ignored {
            self.report
                .notes
                .push(format!("not read, because it holds no blocks: {}", path.display()));
        }
        let total = match plan.n_bytes {
            Some(bytes) => (Some(bytes), "bytes"),
            None => (Some(plan.n_blocks), "blocks"),
        };
        self.watch.tell(Progress::Begin {
            what: plan.description.clone(),
            total: total.0,
            unit: total.1,
        });
    }

    /// Takes everything that the source has now.
    fn pull(&mut self, source: &mut dyn Source) -> Result<(), Error> {
        let mut writer = self.engine.store.writer()?;
        let commits = self.report.commits;
        self.pull_into(&mut writer, source)?;
        if self.report.commits > commits {
            writer.compact_all(self.engine.run_record("compact", self.now))?;
        }
        Ok(())
    }

    fn pull_into(&mut self, writer: &mut Writer, source: &mut dyn Source) -> Result<(), Error> {
        let by_bytes = source.plan().n_bytes.is_some();
        let limit = BatchLimit {
            bytes_max: self.engine.config.ingest.commit_bytes,
            ..BatchLimit::default()
        };
        loop {
            if self.watch.stopped() {
                return Err(Error::Stopped);
            }
            match source.next(limit)? {
                Step::Unwind { to } => self.unwind(writer, to)?,
                Step::Blocks(delivered) => {
                    if !self.take(writer, delivered)? {
                        return Ok(());
                    }
                    let done = if by_bytes { self.report.bytes } else { self.report.blocks };
                    self.watch.tell(Progress::At { done });
                }
                _ => return Ok(()),
            }
        }
    }

    /// Commits one batch; false if the last height asked for is reached.
    fn take(&mut self, writer: &mut Writer, delivered: Vec<Delivered>) -> Result<bool, Error> {
        let (held, new): (Vec<_>, Vec<_>) =
            delivered.into_iter().partition(|block| block.already_held);
        let plain =
            |blocks: Vec<Delivered>| blocks.into_iter().map(|delivered| delivered.block).collect();
        let (held, mut new): (Vec<DecodedBlock>, Vec<DecodedBlock>) = (plain(held), plain(new));
        let n_new = new.len();
        if let Some(last) = self.options.last_height {
            new.retain(|block| block.height.get() <= last);
        }
        if !held.is_empty() {
            self.resolve(writer, &held)?;
        }
        if !new.is_empty() {
            self.append(writer, &new)?;
        }
        Ok(new.len() == n_new)
    }

    fn append(&mut self, writer: &mut Writer, blocks: &[DecodedBlock]) -> Result<(), Error> {
        let snapshot = writer.snapshot();
        let columns = LedgerColumns::open(&snapshot)?;
        let before = columns.last_block();
        if let (Some(last), Some(first)) = (&before, blocks.first()) {
            self.check_follows(last, first)?;
        }
        let mut commit = writer.begin();
        let assembled = intake::assemble(&mut commit, &columns, blocks)?;
        intake::write(&mut commit, &assembled)?;
        commit.finish(self.engine.run_record("ingest bitcoin", self.now))?;
        self.report.alerts_raised +=
            self.engine.alert_arrivals(writer, &assembled.batch, self.now)?;
        let Some(after) = assembled.last else { return Ok(()) };
        let count = |of: fn(&BlockRecord) -> u64| of(&after) - before.as_ref().map_or(0, of);
        self.report.commits += 1;
        self.report.blocks += blocks.len() as u64;
        self.report.bytes += blocks.iter().map(|block| u64::from(block.size_bytes)).sum::<u64>();
        self.report.transactions += assembled.batch.transactions.len() as u64;
        self.report.outputs += assembled.batch.outputs.len() as u64;
        self.report.inputs += count(|block| block.inputs_after);
        self.report.inputs_unknown += count(|block| block.inputs_unknown_after);
        self.report.addresses_new += count(|block| u64::from(block.n_addresses_after));
        Ok(())
    }

    /// Sources see to it; but another process may have written since this one looked.
    fn check_follows(&self, last: &BlockRecord, first: &DecodedBlock) -> Result<(), Error> {
        let height = first.height.get();
        let follows = match height.checked_sub(last.height) {
            Some(1) => last.hash == *first.previous_hash.as_bytes(),
            Some(2..) => self.options.allow_gaps,
            _ => false,
        };
        if follows {
            return Ok(());
        }
        Err(Error::Contradiction {
            height,
            what: format!("it does not follow block {} of the ledger", last.height),
        })
    }

    fn resolve(&mut self, writer: &mut Writer, blocks: &[DecodedBlock]) -> Result<(), Error> {
        let mut unknown = match self.unknown.take() {
            Some(unknown) => unknown,
            None => UnknownInputs::open(&writer.snapshot())?,
        };
        if unknown.len() > 0 {
            let mut commit = writer.begin();
            let n_resolved = intake::resolve(&mut commit, &mut unknown, blocks)?;
            if n_resolved > 0 {
                commit.finish(self.engine.run_record("ingest bitcoin --resolve", self.now))?;
                self.report.commits += 1;
            }
            self.report.inputs_resolved += n_resolved as u64;
        }
        self.unknown = Some(unknown);
        Ok(())
    }

    fn unwind(&mut self, writer: &mut Writer, to: Height) -> Result<(), Error> {
        let snapshot = writer.snapshot();
        let rows = snapshot.rows(tables::BLOCKS.name, BITCOIN);
        let mut commit = writer.begin();
        intake::unwind(&mut commit, &snapshot, to.get() + 1)?;
        let after = commit.finish(self.engine.run_record("unwind bitcoin", self.now))?;
        let unwound = rows - after.rows(tables::BLOCKS.name, BITCOIN);
        debug_assert_eq!(after.checkpoint(checkpoint::LEDGER), Some(u64::from(to.get()) + 1));
        self.unknown = None;
        self.report.commits += 1;
        self.report.blocks_unwound += unwound;
        let note =
            format!("{unwound} blocks above height {to} taken back: another branch has more work");
        self.watch.tell(Progress::Note { text: note.clone() });
        self.report.notes.push(note);
        Ok(())
    }
}

impl Engine {
    /// Takes in blocks that are decoded already and follow the ledger, as one commit: for worlds made in memory.
    ///
    /// # Errors
    /// If the first block does not follow the last one held, or the store fails.
    pub fn ingest_blocks(
        &self,
        blocks: &[DecodedBlock],
        now: Timestamp,
    ) -> Result<IngestReport, Error> {
        let mut writer = self.store.writer()?;
        let options = IngestOptions::default();
        let mut intake = Intake::new(self, &options, now, &crate::Unwatched);
        intake.append(&mut writer, blocks)?;
        Ok(intake.report)
    }

    /// Takes the ledger and all that is derived from it back, so that `last` is its last block.
    ///
    /// # Errors
    /// If the store fails.
    pub fn unwind_bitcoin(&self, last: Height, now: Timestamp) -> Result<IngestReport, Error> {
        let mut writer = self.store.writer()?;
        let options = IngestOptions::default();
        let mut intake = Intake::new(self, &options, now, &crate::Unwatched);
        intake.unwind(&mut writer, last)?;
        Ok(intake.report)
    }
}

//! One table of clusters (or addresses) to learn risk from: features, and a target from tags or lists.
//!
//! In: a snapshot, what to predict, as of which block. Out: one Arrow batch in order of first appearance, and what is to be
//! known of it. Rows are made by [`forensics::risk_features`], the same function that serves published models.
//!
//! **No leakage.** Tags and lists make features of *other* clusters; those of a row's own party would tell the target.
//! So clusters are dealt into five parts, all clusters of one party into the same, and the rows of a part are made
//! as if nobody had tagged or listed any cluster of it. Two columns that name a date are left out, and no answer to who
//! holds a cluster is a column. The date of first appearance is the clock of the split, and no feature.
//! A cluster without a tag is unknown, not innocent: it is left out, unless the caller says otherwise.

mod batch;
mod targets;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use ledger::{ClusterFeatures, ClusterId, Timestamp};
use serde::Serialize;

pub use targets::TableTarget;

use crate::export::file_of;
use crate::risk_models::{AllFacts, risk_columns};
use crate::stages::{self, Held, Learning, of_cluster};
use crate::view::View;
use crate::{Engine, Error, ExportFormat, Progress, Watch};
use batch::{Row, Rows};
use targets::{Labels, Targets};

/// Parts whose tags are withheld in turn.
const PARTS: u8 = 5;

/// What a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableLevel {
    /// A cluster; what a published model scores.
    #[default]
    Cluster,
    /// An address, with the features of its cluster beside its own.
    Address,
}

/// What is done with rows that no tag or list says anything of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unlabelled {
    /// They are no rows.
    #[default]
    LeaveOut,
    /// They are rows with an empty target.
    Empty,
    /// They are rows of the class that is not asked for: a guess, made because somebody says so.
    Negative,
}

/// What table is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiskTableOptions {
    /// What a row stands for.
    pub level: TableLevel,
    /// What is to be predicted; without one it is a table to predict.
    pub target: Option<TableTarget>,
    /// What is done with unlabelled rows.
    pub unlabelled: Unlabelled,
    /// The last block that is looked at; the last there is where none is given.
    pub as_of: Option<u32>,
    /// Only what first appeared at or after then.
    pub since: Option<Timestamp>,
    /// Only what first appeared before then.
    pub until: Option<Timestamp>,
    /// Whether a column of weights is added: the part of the claims, by confidence, that agrees with the target.
    pub weights: bool,
}

/// A table, and what is to be known of it.
#[derive(Clone, Debug)]
pub struct RiskTable {
    /// The columns.
    pub batch: RecordBatch,
    /// What it is.
    pub answer: RiskTableAnswer,
}

/// What is left out of a table, so that it does not tell its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why.
    pub because: String,
}

/// What a table is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskTableAnswer {
    /// Where it was written.
    pub file: String,
    /// What a row stands for.
    pub level: TableLevel,
    /// The column to predict; empty if there is none.
    pub target: String,
    /// How that is decided.
    pub rule: String,
    /// The last block that was looked at.
    pub as_of: u32,
    /// Its time.
    pub as_of_s: Timestamp,
    /// Rows.
    pub n_rows: u64,
    /// Columns that are features.
    pub n_features: u64,
    /// Rows of each class.
    pub classes: Vec<(String, u64)>,
    /// What no tag or list says anything of.
    pub n_unlabelled: u64,
    /// What first appeared outside the time that was asked for.
    pub n_outside: u64,
    /// What is left out, and why.
    pub left_out: Vec<LeftOut>,
    /// The column of weights; empty if there is none.
    pub weight: String,
    /// The snapshot that answers.
    pub snapshot: String,
}

impl RiskTable {
    /// The bytes of its file. CSV keeps no kinds of columns: models of it cannot be published.
    ///
    /// # Errors
    /// If memory cannot hold it.
    pub fn file(&self, format: ExportFormat) -> Result<Vec<u8>, Error> {
        file_of(&self.batch, format)
    }
}

impl Engine {
    /// Makes a table to learn from; see the module.
    ///
    /// # Errors
    /// The store holds no blocks, no row is left, or its files are damaged.
    pub fn risk_table(
        &self,
        options: &RiskTableOptions,
        watch: &dyn Watch,
    ) -> Result<RiskTable, Error> {
        let snapshot = self.store.snapshot()?;
        let view = View::open(&snapshot, self.config())?;
        let (as_of, as_of_s) = as_of(&view, options.as_of)?;
        let n_parts = if options.target.is_some() { PARTS } else { 1 };
        let total = u64::from(n_parts) + 1 + u64::from(options.level == TableLevel::Address);
        let what = "table to learn from".to_owned();
        watch.tell(Progress::Begin { what, total: Some(total), unit: "passes" });
        let learning = Learning::open(&snapshot, self.config(), as_of + 1)?;
        let mut maker = Maker { learning, options, watch, n_passes: 0 };
        let clusters = maker.behavior(false)?;
        let addresses = match options.level {
            TableLevel::Address => maker.behavior(true)?,
            TableLevel::Cluster => Vec::new(),
        };
        let subjects = if addresses.is_empty() { &clusters } else { &addresses };
        let confidence_min = self.config().risk.confidence_min;
        let labels = Labels::read(&snapshot, &maker.learning, options.level, confidence_min)?;
        let targets = labels.targets(options.target, options.unlabelled);
        let (chosen, counts) = chosen(subjects, &targets, options);
        if chosen.is_empty() {
            return Err(no_row(options, &counts));
        }
        let features = maker.features(&clusters, &chosen, n_parts)?;
        watch.tell(Progress::End);
        let rows = Rows { level: options.level, target: options.target, weights: options.weights };
        let (batch, classes) = rows.batch(&view, &maker.learning.labels, chosen, &features)?;
        let answer = RiskTableAnswer {
            file: String::new(),
            level: options.level,
            target: options.target.map_or_else(String::new, TableTarget::column),
            rule: options.target.map_or_else(String::new, |target| target.rule(options.unlabelled)),
            as_of,
            as_of_s,
            n_rows: batch.num_rows() as u64,
            n_features: rows.n_features(),
            classes,
            n_unlabelled: counts.unlabelled,
            n_outside: counts.outside,
            left_out: left_out(options),
            weight: if options.weights { batch::WEIGHT.to_owned() } else { String::new() },
            snapshot: snapshot.id().to_string(),
        };
        Ok(RiskTable { batch, answer })
    }
}

/// Rows by what was not chosen.
#[derive(Default)]
struct Counts {
    unlabelled: u64,
    outside: u64,
}

/// What becomes a row, in order of first appearance.
fn chosen<'a>(
    subjects: &'a [ClusterFeatures],
    targets: &Targets,
    options: &RiskTableOptions,
) -> (Vec<Row<'a>>, Counts) {
    let (mut rows, mut counts) = (Vec::new(), Counts::default());
    for behavior in subjects {
        // Addresses that appear later than the last block have no transaction yet.
        let Some(first_seen) = behavior.first_time_s else { continue };
        let first = Timestamp::new(first_seen);
        if options.since.is_some_and(|since| first < since)
            || options.until.is_some_and(|until| first >= until)
        {
            counts.outside += 1;
            continue;
        }
        let target = targets.of(behavior.cluster.get().get());
        let is_unlabelled = options.target.is_some() && target.is_none();
        counts.unlabelled += u64::from(is_unlabelled);
        let target = match (is_unlabelled, options.unlabelled) {
            (false, _) => target,
            (true, Unlabelled::LeaveOut) => continue,
            (true, Unlabelled::Empty) => None,
            (true, Unlabelled::Negative) => targets.negative(behavior.cluster.get().get()),
        };
        rows.push(Row { first_seen, behavior, target });
    }
    rows.sort_by_key(|row| (row.first_seen, row.behavior.cluster));
    (rows, counts)
}

/// Makes features, pass by pass.
struct Maker<'s, 'o> {
    learning: Learning<'s>,
    options: &'o RiskTableOptions,
    watch: &'o dyn Watch,
    n_passes: u64,
}

impl Maker<'_, '_> {
    fn passed(&mut self) {
        self.n_passes += 1;
        self.watch.tell(Progress::At { done: self.n_passes });
    }

    fn behavior(&mut self, of_addresses: bool) -> Result<Vec<ClusterFeatures>, Error> {
        let rows = self.learning.behavior(of_addresses, self.watch)?;
        self.passed();
        Ok(rows)
    }

    /// The features of the clusters of the chosen rows, by label.
    fn features(
        &mut self,
        clusters: &[ClusterFeatures],
        chosen: &[Row<'_>],
        n_parts: u8,
    ) -> Result<BTreeMap<u32, Vec<f64>>, Error> {
        let of_row = |row: &Row<'_>| {
            let own = row.behavior.cluster.get().get();
            match self.options.level {
                TableLevel::Cluster => own,
                TableLevel::Address => self.learning.labels[own as usize],
            }
        };
        let mut wanted: Vec<u32> = chosen.iter().map(of_row).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let parts = parts(&self.learning.labels, &self.learning.held()?, n_parts);
        let columns = risk_columns();
        let mut features = BTreeMap::new();
        for part in 0..n_parts {
            let is_withheld = |label: u32| n_parts > 1 && parts[label as usize] == part;
            let facts = self.learning.facts(is_withheld, self.watch)?;
            let all = AllFacts {
                behavior: clusters,
                held: &facts.entities,
                exposures: &facts.exposures,
                proximities: &facts.proximities,
                patterns: &facts.patterns,
            };
            for label in wanted.iter().filter(|label| parts[**label as usize] == part) {
                let cluster = stages::cluster(*label);
                let behavior = of_cluster(clusters, cluster, |row| row.cluster);
                let Some(behavior) = behavior.first() else { continue };
                features.insert(*label, columns.row(&all.of(behavior), |_, _| false));
            }
            self.passed();
        }
        Ok(features)
    }
}

/// The part of every label: that of its party, so that no cluster tells of another of the same party.
fn parts(labels: &[u32], held: &Held, n_parts: u8) -> Vec<u8> {
    let dealt = |text: String| {
        let digits = crate::digest(text.as_bytes());
        let number = u64::from_str_radix(&digits, 16).expect("a digest is hexadecimal");
        u8::try_from(number % u64::from(n_parts)).expect("less than the number of parts")
    };
    let of_entities: Vec<u8> = held
        .entities
        .iter()
        .map(|entity| dealt(format!("{} {}", entity.category, entity.name)))
        .collect();
    // Clusters of nobody known are dealt as well, so that all rows see as many tags.
    let of_nobody = |label: u32| label.wrapping_mul(0x9e37_79b1) >> 16;
    let each = u32::from(n_parts);
    let mut parts: Vec<u8> = (0_u32..)
        .zip(labels)
        .map(|(label, _)| u8::try_from(of_nobody(label) % each).expect("less than the parts"))
        .collect();
    for (cluster, entity) in &held.clusters {
        parts[ClusterId::index(*cluster)] = of_entities[entity.get() as usize];
    }
    parts
}

/// The last block that is looked at, and its time.
fn as_of(view: &View, height: Option<u32>) -> Result<(u32, Timestamp), Error> {
    let Some(last) = view.columns.last_block() else {
        return Err(Error::missing(
            "the store holds no blocks",
            "run `tracehound ingest bitcoin PATH`",
        ));
    };
    let height = height.unwrap_or(last.height);
    let first = view.columns.block(0).height;
    if !(first..=last.height).contains(&height) {
        return Err(Error::Question {
            what: format!("block {height} is not in the store"),
            hint: Some(format!("give --as-of {first} to {}", last.height)),
        });
    }
    // The last block at or below it; heights may have gaps.
    let after = view.columns.first_at_or_above(height + 1);
    let block = view.columns.block(after - 1);
    Ok((block.height, Timestamp::new(block.time_s)))
}

fn no_row(options: &RiskTableOptions, counts: &Counts) -> Error {
    let what = format!(
        "no row is left: {} unlabelled, {} outside the time asked for",
        counts.unlabelled, counts.outside
    );
    let hint = match options.target {
        Some(_) if counts.unlabelled > 0 => {
            "import tags of addresses in these blocks (`tracehound tags import`), or say --unlabelled negative"
        }
        _ => "ask for a longer time, or a later block",
    };
    Error::missing(what, hint)
}

fn left_out(options: &RiskTableOptions) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut leave = |what: &str, because: String| {
        left_out.push(LeftOut { what: what.to_owned(), because });
    };
    if options.target.is_some() {
        leave(
            "tags and lists of the row's own party",
            format!(
                "exposure to it, nearness to it, being a service and patterns would tell the target: withheld, in {PARTS} parts"
            ),
        );
    }
    leave(
        "the party that holds a cluster",
        "its money is nobody's that is known, and it is near to nobody".to_owned(),
    );
    leave(
        "first_time_s, last_time_s",
        "dates; first_seen is the clock of the split, lifetime_s their difference".to_owned(),
    );
    leave("ranks, scores", "they begin at tags, or weigh what is here once more".to_owned());
    left_out
}

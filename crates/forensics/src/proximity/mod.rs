//! Proximity: how near the nearest known entity of each kind is, whatever was put in between.
//!
//! In: batches in order, [`Owners`](crate::Owners), the table of entities. Out: [`ProximityRow`](ledger::ProximityRow)s a cluster, side and category; the way
//! behind a row, transaction by transaction; clusters whose hops or entities changed.
//! Source: hops in changes of ownership, time-respecting, are those of `trace`; contraction is our own.
//! Definition: a walk leads from an entity to the cluster (received) or from it to an entity (sent), over transactions in
//! order of the ledger, each one moment; it goes through no known entity. `hops` is the fewest changes of ownership of
//! walks within the bound; for `hops_contracted` clusters that only pass on (`passing.rs`) are not counted; the bound is
//! on these. The entity is that of the walk with the fewest contracted hops, then the fewest hops, then the smallest
//! number. `bottleneck_sat` is the largest least amount of a walk within the bound.
//! Departures: a transaction of several payers is one hop from each payer to each payee; its width is the lesser of what
//! the one put in and the other got. Amounts where some payers are unknown are what is known of them.
//! Bottlenecks take longer than all else, and the one thing they decide is whether nearness is dust to a score: they are made
//! when asked for, of all blocks since at once. Whoever scores takes [`ProximityState::rows`], and not `nearest`.
//! Cost: `graph::events`; owners are compared with those before (8 bytes an address, 5 ms for ten million) unless the caller names those that changed.
//! Checked against: enumeration of all walks (`tests/it/proximity.rs`), the same from empty after every step
//! (`tests/it/proximity_laws.rs`). Measured by `benches/proximity`.

mod passing;
mod update;
mod ways;

use graph::Direction;
use graph::events::{EventGraph, Move, Parts, Steps, WalkLabels, Width};
use ledger::{Category, Height, LedgerBatch};

use crate::collaborative::possible_protocols;
use crate::error::FlowError;
use crate::payers::sums;

pub use passing::{Passing, PassingOptions, passing_clusters};
pub use ways::{ProximityHop, Way};

/// What is looked for, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProximityOptions {
    /// The most contracted hops of a walk, up to 250.
    pub hops_max: u8,
    /// Kinds of entities to be near to. Entities of other kinds end walks all the same.
    pub categories: Vec<Category>,
    /// Which clusters are not counted.
    pub passing: PassingOptions,
}

impl Default for ProximityOptions {
    fn default() -> Self {
        let categories = Category::parties().collect();
        Self { hops_max: 8, categories, passing: PassingOptions::default() }
    }
}

/// The most hops that can be asked for.
const HOPS_MAX: u8 = 250;

/// Proximity of every cluster, resident.
#[derive(Clone, Debug)]
pub struct ProximityState {
    options: ProximityOptions,
    ledger: Transactions,
    nodes: Nodes,
    sides: [Side; 2],
}

/// The transactions, as events between addresses, and what their events do not say.
#[derive(Clone, Debug, Default)]
struct Transactions {
    events: EventGraph,
    /// By event: the transaction.
    tx: Vec<u32>,
    /// By event: its block's time.
    time: Vec<i64>,
    /// By event: some of its payers are unknown.
    unknown: Vec<bool>,
    /// Each height with the first event of it.
    heights: Vec<(Height, u32)>,
}

/// By cluster, what it is as of the last update.
#[derive(Clone, Debug, Default)]
struct Nodes {
    entities: Vec<u32>,
    classes: Vec<u8>,
    passes: Vec<bool>,
}

/// Labels of one side.
#[derive(Clone, Debug)]
struct Side {
    steps: WalkLabels<Steps>,
    /// As of the last time that somebody asked, but for what is pending.
    widths: WalkLabels<Width>,
    pending: Pending,
}

/// What changed since widths were made.
#[derive(Clone, Debug, Default)]
struct Pending {
    /// Events from here on, if anything changed.
    first: Option<u32>,
    /// In order.
    moves: Vec<Move>,
    events: Vec<u32>,
    /// Of one update alone: see `Pending::add`.
    turned: Vec<u32>,
}

impl Nodes {
    fn parts(&self) -> Parts<'_> {
        Parts { sources: &self.entities, classes: &self.classes, passes: &self.passes }
    }
}

impl Transactions {
    fn push(&mut self, batch: &LedgerBatch) -> Result<(), FlowError> {
        for view in batch.views() {
            let tx = view.row.index;
            let number = u32::try_from(tx.get()).ok().filter(|number| *number < graph::NONE);
            let number = number.ok_or(FlowError::TooManyTransactions { tx })?;
            let paid = view.inputs.iter().filter_map(|input| input.spent);
            let paid = paid.filter_map(|spent| Some((spent.address?.get(), spent.amount_sat)));
            let got = view.outputs.iter();
            let got = got.filter_map(|output| Some((output.address?.get(), output.amount_sat)));
            let (givers, getters) = (sums(paid.collect(), tx)?, sums(got.collect(), tx)?);
            let unknown = view.inputs.iter().any(|i| i.spent.is_none_or(|s| s.address.is_none()));
            let joint = unknown && possible_protocols(&view).any();
            let event = self.events.push(&givers, &getters, joint);
            self.tx.push(number);
            self.time.push(view.row.time.get());
            self.unknown.push(unknown);
            if self.heights.last().is_none_or(|(height, _)| *height < view.row.height) {
                self.heights.push((view.row.height, event));
            }
        }
        Ok(())
    }

    /// The first event at or above a height.
    fn event_at(&self, height: Height) -> u32 {
        let at = self.heights.partition_point(|(own, _)| *own < height);
        self.heights.get(at).map_or(self.events.n_events(), |(_, event)| *event)
    }

    /// Drops the events that were announced to go.
    fn truncate(&mut self) {
        let end = self.events.end();
        self.events.truncate();
        self.tx.truncate(end as usize);
        self.time.truncate(end as usize);
        self.unknown.truncate(end as usize);
        self.heights.retain(|(_, event)| *event < end);
    }
}

impl ProximityState {
    /// No transactions yet.
    pub fn new(options: ProximityOptions) -> Self {
        let hops_max = options.hops_max.min(HOPS_MAX);
        let side = |direction| Side {
            steps: WalkLabels::new(direction, hops_max),
            widths: WalkLabels::new(direction, hops_max),
            pending: Pending::default(),
        };
        let sides = [side(Direction::Forward), side(Direction::Backward)];
        Self { options, ledger: Transactions::default(), nodes: Nodes::default(), sides }
    }

    /// Takes in the transactions of the next batch, without an effect on answers before the next
    /// [`ProximityState::update`]. It takes one anyway, but one update of many batches is far cheaper than many of one.
    ///
    /// # Errors
    /// A number or the amounts of a transaction are too large. The state then holds a part of the batch and is to be
    /// unwound to the height before it.
    pub fn push(&mut self, batch: &LedgerBatch) -> Result<(), FlowError> {
        self.ledger.push(batch)
    }

    /// The options it was made with.
    pub fn options(&self) -> &ProximityOptions {
        &self.options
    }

    /// The memory it takes, in bytes: transactions, labels of steps, labels of widths.
    pub fn n_bytes(&self) -> [usize; 3] {
        let nodes = self.nodes.entities.capacity() * 4 + self.nodes.passes.capacity();
        let transactions = self.ledger.events.n_bytes() + self.ledger.tx.capacity() * 13 + nodes;
        let steps = self.sides.iter().map(|side| side.steps.n_bytes()).sum();
        [transactions, steps, self.sides.iter().map(|side| side.widths.n_bytes()).sum()]
    }
}

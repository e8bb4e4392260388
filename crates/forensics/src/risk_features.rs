//! Features of risk models: one row of numbers a cluster, from its behavior, exposure, nearness and patterns.
//!
//! In: the rows of one cluster ([`RiskFacts`]). Out: a number a column of [`RiskColumns`], `NaN` where it is not known or has no
//! meaning. The same function makes the rows that a model is trained on, those that it scores after a block, and those
//! of its counterfactuals, so that a model is never served other features than it learned from.
//! Columns: the behavior of `cluster_features` but for its two times, which name a date and no behavior (their
//! difference `lifetime_s` is one); by side and category the share of all that was received (or sent) that is exposed
//! to it, directly and through others, and the contracted hops to the nearest; the mixed share by side; matches by pattern.
//! *Hidden* parties are nobody known: their amounts are untraced, as in [`Without`](crate::score::Without), and they are
//! near to nobody. Who holds the cluster itself is always hidden: what is known of a cluster must not tell that it is known.
//! Source: our own; behavior after the works named in [`crate::features`]. Departures: shares in place of amounts of money, which
//! would tell the price of a coin; ranks are left out, since a walk's start is the tag itself.
//! Cost: O(rows + columns) a cluster. Checked against: the definition in loops over columns (`tests/it/risk_features.rs`).

use ledger::tables::FEATURE_COLUMNS;
use ledger::{Category, ClusterFeatures, EntityId, Exposure, FlowSide, PatternMatch, ProximityRow};

/// Columns of behavior that name a date.
const TIMES: [&str; 2] = ["first_time_s", "last_time_s"];

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskColumn {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// What it says.
    pub about: String,
}

/// All columns, in their order.
#[derive(Clone, Debug)]
pub struct RiskColumns {
    columns: Vec<RiskColumn>,
    /// Places of behavior among [`FEATURE_COLUMNS`].
    behavior: Vec<usize>,
    /// Stored numbers of patterns.
    patterns: Vec<u8>,
}

/// What is known of one cluster; rows are those of this cluster alone.
#[derive(Clone, Copy, Debug)]
pub struct RiskFacts<'a> {
    /// How it behaves.
    pub behavior: &'a ClusterFeatures,
    /// Who holds it; hidden.
    pub held_by: Option<EntityId>,
    /// Exposure of both sides.
    pub exposures: &'a [Exposure],
    /// Nearest entities.
    pub proximities: &'a [ProximityRow],
    /// Patterns that are about it.
    pub patterns: &'a [PatternMatch],
}

impl RiskColumns {
    /// The columns; `patterns` are the stored numbers and names of the patterns that there are.
    pub fn new<'n>(patterns: impl IntoIterator<Item = (u8, &'n str)>) -> Self {
        let kept = |at: &usize| !TIMES.contains(&FEATURE_COLUMNS[*at].name);
        let behavior: Vec<usize> = (0..FEATURE_COLUMNS.len()).filter(kept).collect();
        let mut columns: Vec<RiskColumn> =
            behavior.iter().map(|at| &FEATURE_COLUMNS[*at]).map(of_behavior).collect();
        let mut add = |name: String, unit, about| columns.push(RiskColumn { name, unit, about });
        let about = "Block time from its first to its last transaction.".to_owned();
        add("lifetime_s".to_owned(), "seconds", about);
        for side in FlowSide::BOTH {
            let (name, did) = (side.name(), verb(side));
            for category in Category::all() {
                let about = format!("Of all that it {did}: directly, {}.", category.name());
                add(format!("{name}_{}_direct_share", category.name()), "share", about);
                let about = format!("Of all that it {did}: through others, {}.", category.name());
                add(format!("{name}_{}_indirect_share", category.name()), "share", about);
            }
            let about = format!("Of all that it {did}: what passed a possibly collaborative one.");
            add(format!("{name}_mixed_share"), "share", about);
            for category in Category::parties() {
                let about = format!("Contracted hops to the nearest {}.", category.name());
                add(format!("{name}_{}_hops", category.name()), "hops", about);
            }
        }
        let mut numbers = Vec::new();
        for (number, pattern) in patterns {
            numbers.push(number);
            let about = format!("Matches of the pattern {pattern}.");
            add(format!("pattern_{pattern}"), "matches", about);
        }
        Self { columns, behavior, patterns: numbers }
    }

    /// The columns, in their order.
    pub fn columns(&self) -> &[RiskColumn] {
        &self.columns
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none; never.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The row of a cluster, with some parties hidden besides its own.
    pub fn row(
        &self,
        facts: &RiskFacts<'_>,
        is_hidden: impl Fn(Category, EntityId) -> bool,
    ) -> Vec<f64> {
        let mut row = Vec::with_capacity(self.len());
        let numbers = facts.behavior.numbers();
        row.extend(self.behavior.iter().map(|at| numbers[*at].unwrap_or(f64::NAN)));
        row.push(lifetime(facts.behavior));
        let own = facts.held_by.filter(|own| *own != EntityId::NONE);
        let hidden = |category: Category, entity: EntityId| {
            Some(entity) == own || is_hidden(category, entity)
        };
        for side in FlowSide::BOTH {
            exposure(facts, side, &hidden, &mut row);
            nearness(facts, side, &hidden, &mut row);
        }
        let count = |number: &u8| {
            facts.patterns.iter().filter(|found| found.pattern == *number).count() as f64
        };
        row.extend(self.patterns.iter().map(count));
        debug_assert_eq!(row.len(), self.len());
        row
    }
}

fn of_behavior(column: &ledger::tables::FeatureColumn) -> RiskColumn {
    RiskColumn { name: column.name.to_owned(), unit: column.unit, about: column.about.to_owned() }
}

fn verb(side: FlowSide) -> &'static str {
    match side {
        FlowSide::Received => "received",
        FlowSide::Sent => "sent",
    }
}

fn lifetime(behavior: &ClusterFeatures) -> f64 {
    let times = behavior.first_time_s.zip(behavior.last_time_s);
    times.map_or(f64::NAN, |(first, last)| last.saturating_sub(first).max(0) as f64)
}

/// Shares by category, direct and through others, then the mixed share; `NaN` where nothing moved.
fn exposure(
    facts: &RiskFacts<'_>,
    side: FlowSide,
    is_hidden: &impl Fn(Category, EntityId) -> bool,
    row: &mut Vec<f64>,
) {
    let n = Category::all().count();
    let (mut sums, mut mixed, mut total) = (vec![[0_u128; 2]; n], 0_u128, 0_u128);
    for part in facts.exposures.iter().filter(|part| part.side == side) {
        let hidden = is_hidden(part.category, part.entity);
        let (category, direct) = match hidden {
            // Where it came from is not known then, so neither is by how many hands.
            true => (Category::UNTRACED, true),
            false => (part.category, part.direct),
        };
        let amount = part.amount.units();
        let sum = &mut sums[category.index()][usize::from(!direct)];
        *sum = sum.saturating_add(amount);
        total = total.saturating_add(amount);
        mixed = mixed.saturating_add(if part.mixed && !hidden { amount } else { 0 });
    }
    // 0 of 0 is NaN: nothing moved.
    let share = |part: u128| part as f64 / total as f64;
    row.extend(sums.iter().flatten().map(|sum| share(*sum)));
    row.push(share(mixed));
}

/// Contracted hops by category; `NaN` where none is near.
fn nearness(
    facts: &RiskFacts<'_>,
    side: FlowSide,
    is_hidden: &impl Fn(Category, EntityId) -> bool,
    row: &mut Vec<f64>,
) {
    for category in Category::parties() {
        let of_kind = facts.proximities.iter().filter(|found| {
            found.side == side && found.category == category && !is_hidden(category, found.entity)
        });
        let hops = of_kind.map(|found| found.hops_contracted).min();
        row.push(hops.map_or(f64::NAN, f64::from));
    }
}

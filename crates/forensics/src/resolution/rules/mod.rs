//! The registry of rules: what is compared between two clusters.
//!
//! In: a pair of profiles and what ties them. Out: a row of numbers, one a rule, 0 where a rule knows nothing; positive
//! speaks for one owner by design, but the fit decides. Adding one: a constant in its family's file and, for a
//! family, a line in `FAMILIES`. A model names its rules, so order may change and names may not.
//! A rule is a *habit* (a class of each transaction, compared as counts) or a *tie* (a number of the pair).
//!
//! **Habits** are compared by a Bayes factor: the log of how much likelier both counts are as draws of one wallet than of
//! two, wallets being drawn from a Dirichlet distribution around the shares of the population. Agreement on what is rare
//! counts much, on what everybody does nothing; contradiction counts against.
//! Source: Good, *The Estimation of Probabilities*, 1965 (Dirichlet-multinomial); the hand-set weights of GraphSense
//! are what it stands in for.
//! Departures: a wallet's transactions are not independent draws, so no more than [`COUNTED_MAX`] of them count.
//! Checked against: factorials over all sequences (`tests/it/resolution_rules.rs`).

mod amounts;
mod bayes;
mod counterparties;
mod fees;
mod fingerprint;
mod payments;
mod rhythm;
mod shape;
mod succession;

use ledger::TransactionView;

pub(super) use amounts::trailing_zeros;
pub use bayes::agreement;

use super::activity::UNKNOWN;
use super::pair::Pair;

/// Of a cluster's transactions, as many count for a habit; more are scaled down to it.
pub const COUNTED_MAX: f64 = 8.0;

/// A rule that compares two clusters.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The name used in models, tables and messages; never changed.
    pub name: &'static str,
    /// What a contribution of it means, as a sentence for analysts.
    pub about: &'static str,
    pub(super) measure: Measure,
}

/// How a rule gets its number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    /// By the class of each transaction.
    Habit(Habit),
    /// By the pair.
    Tie(fn(&Pair<'_>) -> f64),
}

/// Something that a wallet does the same way each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habit {
    pub(super) n_classes: u8,
    /// How alike the transactions of one wallet are: the smaller the more.
    pub(super) concentration: f64,
    /// The class of a transaction, below `n_classes`; `None` where it shows nothing.
    pub(super) class: fn(&TransactionView<'_>) -> Option<u8>,
}

/// Every family, in order of contributions.
const FAMILIES: &[&[Rule]] = &[
    fingerprint::RULES,
    shape::RULES,
    fees::RULES,
    amounts::RULES,
    rhythm::RULES,
    payments::RULES,
    succession::RULES,
    counterparties::RULES,
];

/// How many rules are habits.
pub(super) const N_HABITS: usize = 16;

/// Every rule, in order of contributions.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// Every habit with its name, in order.
pub(super) fn habits() -> impl Iterator<Item = (&'static str, Habit)> {
    rules().filter_map(|rule| match rule.measure {
        Measure::Habit(habit) => Some((rule.name, habit)),
        Measure::Tie(_) => None,
    })
}

/// The place of each habit's first class in a profile, and the end.
pub(super) fn slots() -> [usize; N_HABITS + 1] {
    let mut slots = [0; N_HABITS + 1];
    for (at, (_, habit)) in habits().enumerate() {
        slots[at + 1] = slots[at] + usize::from(habit.n_classes);
    }
    slots
}

/// The class of every habit that a transaction shows.
pub(super) fn classes(view: &TransactionView<'_>) -> [u8; N_HABITS] {
    let mut classes = [UNKNOWN; N_HABITS];
    for (class, (_, habit)) in classes.iter_mut().zip(habits()) {
        *class = (habit.class)(view).unwrap_or(UNKNOWN);
    }
    classes
}

const fn habit(
    name: &'static str,
    about: &'static str,
    n_classes: u8,
    concentration: f64,
    class: fn(&TransactionView<'_>) -> Option<u8>,
) -> Rule {
    Rule { name, about, measure: Measure::Habit(Habit { n_classes, concentration, class }) }
}

const fn tie(name: &'static str, about: &'static str, value: fn(&Pair<'_>) -> f64) -> Rule {
    Rule { name, about, measure: Measure::Tie(value) }
}

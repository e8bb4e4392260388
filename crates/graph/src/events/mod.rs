//! Events of many with many, over nodes that are groups of members, and the best walks through them from the nearest
//! sources: exact while events come and go, groups merge and fall apart, and nodes change their part.
//!
//! In: events in order of time (who gives and who gets how much, by member), the node of every member, [`Parts`].
//! Out: [`WalkLabels`], a staircase of labels a node and class: fewest steps and cost ([`Steps`]), or widest ([`Width`]).
//! Source: label correcting over the edge stream of Wu et al., "Path problems in temporal graphs", VLDB 2014, with
//! Pareto sets of Martins, EJOR 1984; the repair is that of Ramalingam and Reps, "An incremental algorithm for a
//! generalization of the shortest-path problem", J. Algorithms 1996, in which time takes the place of the priority.
//! Departures:
//! - an event is one moment: no walk takes two steps through one. A walk that stays within an event is never better;
//! - a step costs 1 when it leaves a source or a node that counts and 0 when it leaves one that passes; the bound is
//!   on cost, so that no number of passing nodes hides a source. Steps are counted up to 254, which then means "or more";
//! - walks end at sources of whatever class and go through none;
//! - a label that came enters the events of its node until another label takes its place, and there it is compared with
//!   the labels of the far side: appended events make nothing but these. An event is evaluated anew, from all labels at its
//!   near side, where groups merged, a source was withdrawn, or the very label that went is what made one there (a label is
//!   known by its value: no predecessor is stored); and for one node of it alone where what kept others out went. Either goes
//!   forward in the order of the walk, so each event is met once at most. What is not marked is not read. A node that goes
//!   into another whole brings its labels: those of each enter the events of the other.
//!   Turned down: evaluating every event that a label enters (ten times the reading, a hub's whole row for one label),
//!   and backward searches from what changed (a hub reaches all).
//!
//! Cost: a label is 12 bytes (steps) or 16 (width), and a place a node 8; an evaluation O(labels at its near side). From
//! empty every event is evaluated once a direction. Backward, an appended event re-evaluates what led to its giver since
//! that giver's last way to the same class: over a whole history each event once a class and label.
//! Checked against: enumeration of all walks, any cut, any regrouping, unwinding (`forensics/tests/it/proximity*.rs`).

mod graph;
mod labels;
mod queue;
mod repair;
mod rows;
mod value;

pub use graph::{Absorbed, EventGraph, Move, Regrouped};
pub use labels::{WalkLabels, WalkStep};
pub use repair::Seeds;
pub use value::{Steps, Value, Width};

use crate::NONE;

/// The side of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Those who give.
    Giver,
    /// Those who get.
    Getter,
}

impl Role {
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Giver => 0,
            Self::Getter => 1,
        }
    }
}

/// The part that nodes play in walks.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// By node: the source that it is, [`NONE`] for none. Nodes beyond the end are none.
    pub sources: &'a [u32],
    /// By source: its class, below 32. A source beyond the end, or with a greater number, ends walks but starts none.
    pub classes: &'a [u8],
    /// By node: whether a walk leaves it at no cost. Nodes beyond the end do not.
    pub passes: &'a [bool],
}

/// How many classes there can be.
pub(crate) const CLASSES_MAX: u8 = 32;

impl Parts<'_> {
    pub(crate) fn source(&self, node: u32) -> Option<u32> {
        self.sources.get(node as usize).copied().filter(|source| *source != NONE)
    }

    pub(crate) fn class(&self, source: u32) -> Option<u8> {
        self.classes.get(source as usize).copied().filter(|class| *class < CLASSES_MAX)
    }

    pub(crate) fn cost(&self, node: u32) -> u8 {
        u8::from(!self.passes.get(node as usize).copied().unwrap_or(false))
    }
}

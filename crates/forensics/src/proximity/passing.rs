//! Clusters that only pass money on: what stands between two parties without being one.
//!
//! In: events with times and owners. Out: [`Passing`] a cluster, or that it counts.
//! Definition. In a transaction a cluster gets or pays the difference of its outputs and inputs; fees are paid. What it
//! got is paid oldest first. It is a **pass-through** if it paid, and of all that it ever got at least 95 % left it again
//! within 24 hours of coming in. It is a **step of a peeling chain** if it got once and paid once, at least 95 %, to two
//! others, and the larger part went to a cluster that did the same with it and got nothing else; the time does not matter.
//! Source: research on laundering wallets; the thresholds are those commonly used (out/in >= 0.95, under a day).
//! Departures: the share and the time are one condition, by value: a speck of dust that stays, or that came a week
//! earlier, changes nothing. A fee is no way out either: it counts as paid.
//! Never passing: a cluster that paid in a transaction with unknown inputs, or more than it is known to have got (it had
//! money from elsewhere), and one with more than `transactions_max` transactions on a side (a service).
//! Cost: O(its transactions), at most `transactions_max`, when one of them or of its successor's is new.
//! Checked against: the definition with maps (`tests/it/proximity_oracle.rs`).

use std::collections::VecDeque;

use graph::events::Role;
use ledger::{AddressId, ClusterId, LedgerBatch};

use super::Transactions;
use crate::error::FlowError;

/// Which clusters only pass money on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassingOptions {
    /// Money that stayed this long or longer was kept, in seconds.
    pub dwell_s_max: i64,
    /// The least part of all it got that a passing cluster passes on, in percent.
    pub share_min_percent: u8,
    /// A cluster with more transactions in which it pays, or gets, counts.
    pub transactions_max: u32,
}

impl Default for PassingOptions {
    fn default() -> Self {
        Self { dwell_s_max: 86_400, share_min_percent: 95, transactions_max: 256 }
    }
}

/// Why a cluster is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// What came in went out within the time.
    PassThrough,
    /// It peeled a part off and sent the rest on.
    PeelStep,
}

/// Every cluster of a batch that only passes money on, by the clusters of its addresses, ascending.
///
/// # Errors
/// Numbers or amounts of a transaction are too large.
pub fn passing_clusters(
    batch: &LedgerBatch,
    labels: &[u32],
    options: &PassingOptions,
) -> Result<Vec<(ClusterId, Passing)>, FlowError> {
    let mut ledger = Transactions::default();
    ledger.push(batch)?;
    ledger.events.regroup(labels, |_, _| false);
    ledger.events.index();
    let mut nodes: Vec<u32> = (0..ledger.events.n_events())
        .flat_map(|event| ledger.events.members(event, Role::Giver))
        .map(|(member, _)| ledger.events.node_of(member))
        .collect();
    nodes.sort_unstable();
    nodes.dedup();
    let of = |node: u32| Some((cluster(node), ledger.passing(node, options)?));
    Ok(nodes.into_iter().filter_map(of).collect())
}

pub(super) fn cluster(node: u32) -> ClusterId {
    ClusterId::new(AddressId::new(node))
}

/// A cluster that got once and paid once, all to two others.
struct Peel {
    /// Where it got.
    got: u32,
    /// Where it paid.
    paid: u32,
    /// Who got the larger part; nobody if both are equal.
    on_to: Option<u32>,
}

impl Transactions {
    /// Whether and how a cluster only passes money on.
    pub(super) fn passing(&self, node: u32, options: &PassingOptions) -> Option<Passing> {
        let (paid, got) = (self.row(node, Role::Giver), self.row(node, Role::Getter));
        let most = options.transactions_max as usize;
        if paid.is_empty() || got.is_empty() || paid.len() > most || got.len() > most {
            return None;
        }
        if self.is_peel_step(node, options) {
            return Some(Passing::PeelStep);
        }
        self.is_pass_through(node, options).then_some(Passing::PassThrough)
    }

    /// The events of a node that count, ascending.
    fn row(&self, node: u32, role: Role) -> &[u32] {
        let row = self.events.row(node, role);
        &row[..row.partition_point(|event| *event < self.events.end())]
    }

    /// What a node put in, or got, in an event.
    fn amount(&self, node: u32, event: u32, role: Role) -> u64 {
        let members = self.events.members(event, role);
        let own = members.filter(|(member, _)| self.events.node_of(*member) == node);
        own.map(|(_, amount)| amount).sum()
    }

    fn is_pass_through(&self, node: u32, options: &PassingOptions) -> bool {
        let (paid, got) = (self.row(node, Role::Giver), self.row(node, Role::Getter));
        let mut events = [paid, got].concat();
        events.sort_unstable();
        events.dedup();
        if paid.iter().any(|event| self.unknown[*event as usize]) {
            return false;
        }
        let (mut total, mut prompt) = (0u128, 0u128);
        let mut kept: VecDeque<(i64, u64)> = VecDeque::new();
        for event in events {
            let time = self.time[event as usize];
            let out = self.amount(node, event, Role::Giver);
            let back = self.amount(node, event, Role::Getter);
            if back > out {
                kept.push_back((time, back - out));
                total += u128::from(back - out);
            }
            let mut left = out.saturating_sub(back);
            while left > 0 {
                let Some((since, amount)) = kept.front_mut() else { return false };
                let part = left.min(*amount);
                if time.saturating_sub(*since) < options.dwell_s_max {
                    prompt += u128::from(part);
                }
                (left, *amount) = (left - part, *amount - part);
                if *amount == 0 {
                    kept.pop_front();
                }
            }
        }
        prompt > 0 && prompt * 100 >= total * u128::from(options.share_min_percent)
    }

    fn is_peel_step(&self, node: u32, options: &PassingOptions) -> bool {
        let next = |peel: Peel| Some((peel.paid, self.peel(peel.on_to?, options)?));
        let next = self.peel(node, options).and_then(next);
        next.is_some_and(|(paid, after)| after.got == paid)
    }

    fn peel(&self, node: u32, options: &PassingOptions) -> Option<Peel> {
        let (&[paid], &[got]) = (self.row(node, Role::Giver), self.row(node, Role::Getter)) else {
            return None;
        };
        let is_known = !self.unknown[paid as usize];
        if got >= paid || !is_known || self.events.sole_giver(paid) != Some(node) {
            return None;
        }
        let amount_in = self.amount(node, got, Role::Getter);
        let amount_out = self.amount(node, paid, Role::Giver);
        let least = u128::from(amount_in) * u128::from(options.share_min_percent);
        if amount_out > amount_in || u128::from(amount_out) * 100 < least {
            return None;
        }
        let mut getters = Vec::new();
        self.events.nodes(paid, Role::Getter, &mut getters);
        let &[(a, to_a), (b, to_b)] = getters.as_slice() else { return None };
        let on_to = match to_a.cmp(&to_b) {
            std::cmp::Ordering::Less => Some(b),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(a),
        };
        Some(Peel { got, paid, on_to })
    }
}

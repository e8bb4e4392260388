//! Small random worlds of transfers, dense in money that moves on, for the laws and oracles of patterns.

use forensics::patterns::{Parties, PatternOptions, PatternState};
use forensics::{Owners, Transfer};
use ledger::{AddressId, Category, ClusterId, Height, PatternMatch, Timestamp, TxIndex};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

/// How many addresses a world has.
pub const N: u32 = 14;

/// A transaction of one payer: payees with amounts, and how long after the one before it.
#[derive(Clone, Debug)]
pub struct Payment {
    pub payer: u32,
    pub payees: Vec<(u32, u64)>,
    pub gap_s: i64,
    /// Taken part in as a mix.
    pub is_mix: bool,
}

/// What is asked in a test: few addresses, thresholds low enough for small worlds.
pub fn options() -> PatternOptions {
    PatternOptions::from_text(
        "transfer_sat_min = 3\n\
         relabel_factor = 1000000\n\
         structuring = { window_s = 900, thresholds = [100, 40], payments_min = 2, spread_permille_min = 20 }\n\
         fan_in = { window_s = 900, counterparties_min = 2, amount_sat_min = 20, whole_percent_min = 50, kept_percent_max = 50 }\n\
         fan_out = { window_s = 900, counterparties_min = 2, amount_sat_min = 20, whole_percent_min = 60, largest_percent_max = 130 }\n\
         gather_scatter = { window_s = 1200, whole_percent_min = 20, kept_percent_max = 90, payers_min = 2, payees_min = 2, out_percent_min = 60, late_percent_max = 30, amount_sat_min = 20 }\n\
         scatter_gather = { window_s = 1500, mids_min = 2, out_percent_min = 20, amount_sat_min = 20, relays_max = 3, relay_events_max = 8, payees_max = 4 }\n\
         temporal_cycle = { window_s = 1500, length_max = 5, kept_percent_min = 50, amount_sat_min = 20, visited_max = 100000, events_max = 9 }\n\
         peeling_chain = { step_s = 900, steps_min = 2, peel_percent_max = 30, amount_sat_min = 20, moves_max = 2, spread_percent_min = 120 }\n\
         layering = { dwell_s = 700, levels_min = 2, out_percent_min = 60, mass_percent_min = 50, amount_sat_min = 20 }\n\
         pass_through = { dwell_s = 700, out_percent_min = 60, amount_sat_min = 20 }\n\
         dormancy_then_drain = { dormant_s = 1500, drain_s = 800, out_percent_min = 60, payments_min = 1, largest_percent_max = 90, amount_sat_min = 20 }\n\
         mixer_within_a_hop = { window_s = 900, amount_sat_min = 20 }\n\
         bridge_within_a_hop = { window_s = 900, amount_sat_min = 20 }\n\
         rapid_cash_out = { dwell_s = 900, out_percent_min = 60, amount_sat_min = 20, events_max = 9 }\n",
    )
    .unwrap()
}

/// Amounts of few sizes, each somewhat less than another: money that moves on.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![Just(100u64), Just(98), Just(95), Just(90), Just(50), Just(48), Just(10), Just(2)]
}

fn payment() -> impl Strategy<Value = Payment> {
    let gap = prop_oneof![Just(0i64), Just(300), Just(300), Just(600), Just(-300), Just(2_000)];
    let payees = vec((0..N, amount()), 1..4);
    (0..N, payees, gap, prop::bool::weighted(0.05))
        .prop_map(|(payer, payees, gap_s, is_mix)| Payment { payer, payees, gap_s, is_mix })
}

/// Some spend what somebody was paid just before: whole, in equal parts, with a little peeled off, all of it to the till, or
/// to whom another who was paid with them has just passed it on.
fn follow_up(payments: &mut [Payment], follows: &[u8]) {
    for at in 1..payments.len() {
        let how = follows[at % follows.len()];
        let (payer, got) = payments[at - 1].payees[0];
        if how == 0 {
            continue;
        }
        if let (5, [.., scatter, relay, gather]) = (how, &mut payments[..=at])
            && let [first, second, ..] = scatter.payees[..]
        {
            (relay.payer, relay.payees[0].1) = first;
            (gather.payer, gather.payees) = (second.0, vec![(relay.payees[0].0, second.1)]);
            continue;
        }
        let payment = &mut payments[at];
        payment.payer = payer;
        if how == 4 {
            payment.payees = vec![(TILL, got)];
        } else if how > 1 && got > 4 {
            let n = payment.payees.len() as u64;
            let first = if how == 2 { (got - 1) * 4 / 5 } else { (got - 1) / n };
            let others = if how == 2 { (got - 1) / 5 / n } else { first };
            payment.payees.iter_mut().for_each(|payee| payee.1 = others);
            payment.payees[0].1 = first;
        }
    }
}

/// Whom cashed-out money goes to: an exchange in half of the worlds.
const TILL: u32 = 0;

pub fn payments(n: usize) -> impl Strategy<Value = Vec<Payment>> {
    (vec(payment(), 1..n), vec(0u8..6, 7)).prop_map(|(mut payments, follows)| {
        follow_up(&mut payments, &follows);
        payments
    })
}

/// The transfers of payments under labels; one block holds two transactions.
pub fn transfers(payments: &[Payment], labels: &[u32]) -> Vec<Transfer> {
    let cluster = |id: u32| ClusterId::new(AddressId::new(id));
    let mut rows = Vec::new();
    let mut time = 1_000_000;
    for (tx, payment) in (0u32..).zip(payments) {
        time += payment.gap_s;
        let mut sums = std::collections::BTreeMap::new();
        for &(payee, amount) in &payment.payees {
            *sums.entry(labels[payee as usize]).or_insert(0) += amount;
        }
        let source = labels[payment.payer as usize];
        let row = |source: ClusterId, target: ClusterId, amount_sat| Transfer {
            tx: TxIndex::new(u64::from(tx)),
            height: Height::new(tx / 2),
            time: Timestamp::new(time),
            source,
            target,
            amount_sat,
            flags: 0,
        };
        let mix = forensics::patterns::MIX;
        if payment.is_mix {
            rows.push(row(cluster(source), mix, sums.values().sum()));
            rows.extend(sums.iter().map(|(target, sum)| row(mix, cluster(*target), *sum)));
        } else {
            let others = sums.iter().filter(|(target, _)| **target != source);
            rows.extend(others.map(|(target, sum)| row(cluster(source), cluster(*target), *sum)));
        }
    }
    rows
}

/// Labels by merging some pairs, the smaller id first.
pub fn merged(labels: &[u32], pairs: &[(u32, u32)]) -> Vec<u32> {
    let mut labels = labels.to_vec();
    for &(a, b) in pairs {
        let (a, b) = (labels[a as usize], labels[b as usize]);
        for label in &mut labels {
            if *label == a.max(b) {
                *label = a.min(b);
            }
        }
    }
    labels
}

/// One entity of each kind that detectors tell apart.
pub fn categories() -> Vec<Category> {
    ["exchange", "mixing", "defi", "payment", "ransomware"]
        .map(|name| Category::from_name(name).unwrap())
        .to_vec()
}

/// Entities by label; most clusters have none.
pub fn entities() -> impl Strategy<Value = Vec<u32>> {
    let n_kinds = 5;
    let drawn = vec(prop_oneof![8 => Just(graph::NONE), 1 => 0u32..n_kinds], N as usize);
    (drawn, any::<bool>()).prop_map(|(mut entities, is_exchange)| {
        if is_exchange {
            entities[TILL as usize] = 0;
        }
        entities
    })
}

/// A satoshi is worth a whole unit, except for a gap.
#[expect(clippy::unnecessary_wraps, reason = "the form that patterns want")]
pub fn price(_: Timestamp) -> Option<u64> {
    Some(100_000_000_000_000)
}

/// Clusters and entities with their categories.
pub struct World {
    pub labels: Vec<u32>,
    pub entities: Vec<u32>,
    pub categories: Vec<Category>,
}

impl World {
    pub fn new(labels: Vec<u32>, entities: Vec<u32>) -> Self {
        Self { labels, entities, categories: categories() }
    }

    pub fn parties(&self) -> Parties<'_> {
        let owners = Owners { labels: &self.labels, entities: &self.entities };
        Parties { owners, categories: &self.categories, price: &price }
    }

    /// All made from empty.
    pub fn rows(&self, payments: &[Payment]) -> Vec<PatternMatch> {
        let mut state = PatternState::new(options()).unwrap();
        state.apply(&transfers(payments, &self.labels), &self.parties()).unwrap();
        state.rows(&price)
    }
}

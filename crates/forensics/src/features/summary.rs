//! One row: the history of one cluster, transaction by transaction.

use std::collections::BTreeSet;

use ledger::{AddressId, ClusterFeatures, ClusterId, ScriptType};

use super::log::{Entry, Log, Tx};
use super::statistics::{entropy_bits, mean_floor, quantile, share, share_of_sum, sum};

/// A payment that is a multiple of this looks like one that a person typed: 0.001 coins.
const ROUND_SAT: u64 = 100_000;
/// Payments of a transaction that pays many at once.
const BATCH_PAYMENTS: u64 = 5;
/// Inputs of a transaction that gathers coins.
const GATHER_INPUTS: u32 = 3;
const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;

/// The features of the cluster of `n_members` addresses with these entries, ascending.
pub(super) fn row(
    log: &Log,
    labels: &[u32],
    cluster: u32,
    n_members: usize,
    entries: &[u32],
) -> ClusterFeatures {
    let mut summary = Summary::default();
    for numbers in entries.chunk_by(|a, b| log.entry(*a).tx == log.entry(*b).tx) {
        let tx = log.entry(numbers[0]).tx;
        let of = |number: &u32| *log.entry(*number);
        let (inputs, outputs) = numbers.iter().map(of).partition(|entry: &Entry| entry.is_input());
        let role = Role { log, labels, cluster, number: tx, tx: log.tx(tx), inputs, outputs };
        summary.add(&role);
    }
    summary.into_row(cluster, n_members as u64)
}

/// What one cluster does in one transaction.
struct Role<'a> {
    log: &'a Log,
    labels: &'a [u32],
    cluster: u32,
    number: u32,
    tx: &'a Tx,
    inputs: Vec<Entry>,
    outputs: Vec<Entry>,
}

impl Role<'_> {
    fn cluster_of(&self, entry: &Entry) -> u32 {
        self.labels[entry.address as usize]
    }

    /// The only cluster that is known to pay; `None` if there is none or it is a mixing transaction.
    fn payer(&self) -> Option<u32> {
        let mut payers = self.log.inputs_of(self.number).iter().map(|entry| self.cluster_of(entry));
        let first = payers.next().filter(|_| !self.tx.collaborative)?;
        payers.all(|payer| payer == first).then_some(first)
    }

    /// Whether it owns every input of a transaction that is not collaborative.
    fn pays_alone(&self) -> bool {
        self.inputs.len() == self.tx.n_inputs as usize && !self.tx.collaborative
    }

    /// Outputs to others.
    fn payments(&self) -> impl Iterator<Item = &Entry> {
        let outputs = self.log.outputs_of(self.number).iter();
        outputs.filter(|entry| self.cluster_of(entry) != self.cluster)
    }
}

/// The history so far.
#[derive(Default)]
struct Summary {
    times: Option<(i64, i64)>,
    days: BTreeSet<i64>,
    n_transactions: u64,
    n_inputs_unknown: u64,
    payers: Vec<u32>,
    payees: Vec<u32>,
    gains: Vec<u64>,
    losses: Vec<u64>,
    n_sent_unknown: u64,
    sending: Sending,
    n_receiving: u64,
    n_receiving_mixing: u64,
    alone: Alone,
    inputs: Inputs,
    outputs: Outputs,
}

/// Transactions with an input of the cluster.
#[derive(Default)]
struct Sending {
    n: u64,
    n_mixing: u64,
    n_replaceable: u64,
    n_lock_time: u64,
    hours: [u64; 24],
    weekdays: [u64; 7],
}

/// Transactions of which the cluster owns every input.
#[derive(Default)]
struct Alone {
    n: u64,
    n_self: u64,
    n_batch: u64,
    n_peel: u64,
    n_gather: u64,
    n_payments: u64,
    n_round: u64,
    fees: Vec<u64>,
    /// Fee and weight.
    fee_rates: Vec<(u64, u32)>,
}

#[derive(Default)]
struct Inputs {
    n: u64,
    amount: u128,
    amount_mixing: u128,
    dwell_s: Vec<u64>,
    n_low_r: u64,
    n_ecdsa: u64,
}

#[derive(Default)]
struct Outputs {
    n: u64,
    amount: u128,
    amount_mixing: u128,
    amount_mined: u128,
    n_unspent: u64,
    amount_unspent: u128,
    n_addresses: u64,
    n_addresses_again: u64,
    n_of_type: [u64; 6],
}

impl Summary {
    fn add(&mut self, role: &Role<'_>) {
        let time_s = role.tx.time_s;
        let (first, last) = self.times.unwrap_or((time_s, time_s));
        self.times = Some((first.min(time_s), last.max(time_s)));
        self.days.insert(time_s.div_euclid(DAY_S));
        self.n_transactions += 1;
        self.n_inputs_unknown += u64::from(role.tx.inputs_unknown);
        self.add_amounts(role);
        if role.inputs.is_empty() {
            self.n_receiving += 1;
            self.n_receiving_mixing += u64::from(role.tx.collaborative);
            self.payers.extend(role.payer());
        } else {
            self.sending.add(role.tx);
            if role.payer().is_some() {
                self.payees.extend(role.payments().map(|entry| role.cluster_of(entry)));
            }
            if role.pays_alone() {
                self.alone.add(role);
            }
        }
        for entry in &role.inputs {
            self.inputs.add(role, entry);
        }
        for entry in &role.outputs {
            self.outputs.add(role, entry);
        }
    }

    fn add_amounts(&mut self, role: &Role<'_>) {
        let total = |entries: &[Entry]| entries.iter().map(|e| u128::from(e.amount_sat)).sum();
        let (put_in, got): (u128, u128) = (total(&role.inputs), total(&role.outputs));
        // No valid transaction moves more than 21 million coins.
        let amount = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
        if role.inputs.is_empty() {
            self.gains.push(amount(got));
        } else if role.tx.inputs_unknown {
            self.n_sent_unknown += 1;
        } else if put_in >= got {
            self.losses.push(amount(put_in - got));
        } else {
            self.gains.push(amount(got - put_in));
        }
    }

    fn into_row(mut self, cluster: u32, n_addresses: u64) -> ClusterFeatures {
        for clusters in [&mut self.payers, &mut self.payees] {
            clusters.sort_unstable();
            clusters.dedup();
        }
        let both = self.payees.iter().filter(|payee| self.payers.binary_search(payee).is_ok());
        let mut row = ClusterFeatures {
            cluster: ClusterId::new(AddressId::new(cluster)),
            n_addresses,
            first_time_s: self.times.map(|times| times.0),
            last_time_s: self.times.map(|times| times.1),
            n_active_days: self.days.len() as u64,
            n_transactions: self.n_transactions,
            n_receiving: self.n_receiving,
            n_inputs_unknown: self.n_inputs_unknown,
            n_payers: self.payers.len() as u64,
            n_payees: self.payees.len() as u64,
            n_payers_and_payees: both.count() as u64,
            n_sent_unknown: self.n_sent_unknown,
            mixing_receiving_share: share(self.n_receiving_mixing, self.n_receiving),
            ..ClusterFeatures::default()
        };
        self.sending.fill(&mut row);
        self.alone.fill(&mut row);
        self.inputs.fill(&mut row);
        self.outputs.fill(&mut row);
        fill_amounts(&mut row, &mut self.gains, &mut self.losses);
        row
    }
}

fn fill_amounts(row: &mut ClusterFeatures, gains: &mut [u64], losses: &mut [u64]) {
    let none_known = losses.is_empty() && row.n_sent_unknown > 0;
    row.received_sat = in_64_bits(sum(gains));
    row.received_mean_sat = mean_floor(gains);
    row.received_median_sat = quantile(gains, 1, 2);
    row.received_max_sat = gains.iter().copied().max();
    row.sent_sat = in_64_bits(sum(losses)).filter(|_| !none_known);
    row.sent_mean_sat = mean_floor(losses);
    row.sent_median_sat = quantile(losses, 1, 2);
    row.sent_max_sat = losses.iter().copied().max();
}

fn in_64_bits(amount: u128) -> Option<u64> {
    u64::try_from(amount).ok()
}

impl Sending {
    fn add(&mut self, tx: &Tx) {
        self.n += 1;
        self.n_mixing += u64::from(tx.collaborative);
        self.n_replaceable += u64::from(tx.replaceable);
        self.n_lock_time += u64::from(tx.lock_time);
        let place = |number: i64| usize::try_from(number).expect("a remainder is not negative");
        self.hours[place(tx.time_s.rem_euclid(DAY_S) / HOUR_S)] += 1;
        self.weekdays[place(tx.time_s.div_euclid(DAY_S).rem_euclid(7))] += 1;
    }

    fn fill(&self, row: &mut ClusterFeatures) {
        row.n_sending = self.n;
        row.mixing_sending_share = share(self.n_mixing, self.n);
        row.replaceable_share = share(self.n_replaceable, self.n);
        row.lock_time_share = share(self.n_lock_time, self.n);
        row.hour_entropy_bits = entropy_bits(&self.hours);
        row.weekday_entropy_bits = entropy_bits(&self.weekdays);
    }
}

impl Alone {
    fn add(&mut self, role: &Role<'_>) {
        let (mut n_payments, mut n_round) = (0, 0);
        for payment in role.payments() {
            n_payments += 1;
            n_round += u64::from(payment.amount_sat.is_multiple_of(ROUND_SAT));
        }
        let n_outputs = role.log.outputs_of(role.number).len();
        self.n += 1;
        self.n_self += u64::from(n_payments == 0);
        self.n_batch += u64::from(n_payments >= BATCH_PAYMENTS);
        self.n_peel += u64::from(role.tx.n_inputs == 1 && n_outputs == 2);
        self.n_gather += u64::from(role.tx.n_inputs >= GATHER_INPUTS && n_outputs == 1);
        self.n_payments += n_payments;
        self.n_round += n_round;
        if let Some(fee) = role.tx.fee_sat {
            self.fees.push(fee);
            if role.tx.weight > 0 {
                self.fee_rates.push((fee, role.tx.weight));
            }
        }
    }

    fn fill(&mut self, row: &mut ClusterFeatures) {
        row.n_self = self.n_self;
        row.fees_sat = in_64_bits(sum(&self.fees)).filter(|_| !self.fees.is_empty());
        row.fee_rate_median_sat_per_vbyte = self.fee_rate_median();
        row.round_payment_share = share(self.n_round, self.n_payments);
        row.payments_mean = share(self.n_payments, self.n);
        row.batch_share = share(self.n_batch, self.n);
        row.peel_share = share(self.n_peel, self.n);
        row.gather_share = share(self.n_gather, self.n);
    }

    /// Compared as fractions, so that rounding does not decide which is the median.
    fn fee_rate_median(&mut self) -> Option<f64> {
        self.fee_rates.sort_unstable_by(|a, b| {
            let cross = |fee: u64, weight: u32| u128::from(fee) * u128::from(weight);
            cross(a.0, b.1).cmp(&cross(b.0, a.1)).then(a.cmp(b))
        });
        let middle = self.fee_rates.len().checked_sub(1)? / 2;
        let (fee, weight) = self.fee_rates[middle];
        Some(fee as f64 * 4.0 / f64::from(weight))
    }
}

impl Inputs {
    fn add(&mut self, role: &Role<'_>, entry: &Entry) {
        self.n += 1;
        self.amount += u128::from(entry.amount_sat);
        if role.tx.collaborative {
            self.amount_mixing += u128::from(entry.amount_sat);
        }
        if let Some(origin) = entry.origin() {
            let since = role.log.tx(role.log.entry(origin).tx).time_s;
            // Block times may run backwards by two hours.
            let dwell_s = i128::from(role.tx.time_s) - i128::from(since);
            self.dwell_s.push(u64::try_from(dwell_s.max(0)).expect("two 64-bit times"));
        }
        if let Some(low) = entry.low_r() {
            self.n_ecdsa += 1;
            self.n_low_r += u64::from(low);
        }
    }

    fn fill(&mut self, row: &mut ClusterFeatures) {
        let dwell_s = &mut self.dwell_s;
        row.mixing_sent_amount_share = share_of_sum(self.amount_mixing, self.amount);
        row.dwell_mean_s =
            (!dwell_s.is_empty()).then(|| sum(dwell_s) as f64 / dwell_s.len() as f64);
        row.dwell_p10_s = quantile(dwell_s, 1, 10);
        row.dwell_p50_s = quantile(dwell_s, 1, 2);
        row.dwell_p90_s = quantile(dwell_s, 9, 10);
        row.dwell_known_share = share(self.dwell_s.len() as u64, self.n);
        row.low_r_share = share(self.n_low_r, self.n_ecdsa);
    }
}

impl Outputs {
    fn add(&mut self, role: &Role<'_>, entry: &Entry) {
        let amount = u128::from(entry.amount_sat);
        self.n += 1;
        self.amount += amount;
        if role.tx.collaborative {
            self.amount_mixing += amount;
        }
        if role.tx.coinbase {
            self.amount_mined += amount;
        }
        if entry.is_unspent() {
            self.n_unspent += 1;
            self.amount_unspent += amount;
        }
        self.n_addresses += u64::from(entry.is_first_paid());
        self.n_addresses_again += u64::from(entry.is_paid_again());
        let place = match entry.script_type {
            ScriptType::P2pkh => 0,
            ScriptType::P2sh => 1,
            ScriptType::P2wpkh => 2,
            ScriptType::P2wsh => 3,
            ScriptType::P2tr => 4,
            _ => 5,
        };
        self.n_of_type[place] += 1;
    }

    fn fill(&self, row: &mut ClusterFeatures) {
        let type_share = |place: usize| share(self.n_of_type[place], self.n);
        row.n_unspent = self.n_unspent;
        row.unspent_sat = in_64_bits(self.amount_unspent);
        row.mixing_received_amount_share = share_of_sum(self.amount_mixing, self.amount);
        row.address_reuse_share = share(self.n_addresses_again, self.n_addresses);
        row.coinbase_share = share_of_sum(self.amount_mined, self.amount);
        row.p2pkh_share = type_share(0);
        row.p2sh_share = type_share(1);
        row.p2wpkh_share = type_share(2);
        row.p2wsh_share = type_share(3);
        row.p2tr_share = type_share(4);
        row.other_script_share = type_share(5);
    }
}

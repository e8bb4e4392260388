//! Behavioral features: small ledgers by hand, the definition by double loops, and the two laws.

use std::collections::{BTreeMap, BTreeSet};

use forensics::collaborative::possible_protocols;
use forensics::features::{FeatureChanges, Features};
use ledger::notation::parse;
use ledger::tables::{cluster_features_from, cluster_features_to};
use ledger::{
    AddressId, ClusterFeatures, ClusterId, Height, Input, InputMarks, LedgerBatch, Output,
    ScriptType, Transaction, TransactionView,
};
use proptest::prelude::*;
use simulate::random::{Shape, random_ledger};
use tracehound_forensics as forensics;

use crate::cluster_edges::joined;
use crate::worlds::{cut, cuts, n_addresses, world};

/// Some features of one address of a ledger in which `together` have one owner.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    ledger: &str,
    together: &str,
    name: &str,
    feature: fn(&ClusterFeatures) -> T,
    expected: T,
) {
    let world = parse(ledger).unwrap();
    let id =
        |name: &str| u32::try_from(world.names.iter().position(|n| n == name).unwrap()).unwrap();
    let own: Vec<u32> = together.split_whitespace().map(id).collect();
    let joins: Vec<(u32, u32)> = own.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let n_names = u32::try_from(world.names.len()).unwrap();
    let labels = joined(&(0..n_names).collect::<Vec<_>>(), &joins);
    let mut features = Features::default();
    features.apply(&world.batch, &labels).unwrap();
    let cluster = labels[id(name) as usize];
    let rows = features.rows();
    let row = rows.iter().find(|row| row.cluster.get().get() == cluster).unwrap();
    assert_eq!(feature(row), expected);
}

#[test]
fn change_is_neither_sent_nor_received() {
    let ledger = "-> a:10\n a:10 -> b:4 c:5";
    check(ledger, "", "a", |f| (f.sent_sat, f.n_payees), (Some(10), 2));
    check(ledger, "a c", "a", |f| (f.sent_sat, f.n_payees), (Some(5), 1));
    check(ledger, "a c", "a", |f| (f.fees_sat, f.payments_mean), (Some(1), Some(1.0)));
    check(ledger, "a c", "a", |f| (f.n_transactions, f.n_receiving), (2, 1));
    check(ledger, "a b c", "a", |f| (f.sent_sat, f.n_self, f.n_payees), (Some(1), 1, 0));
    check(ledger, "", "b", |f| (f.received_sat, f.n_payers), (Some(4), 1));
    check(ledger, "", "a", |f| f.coinbase_share, Some(1.0));
}

#[test]
fn what_is_not_known_is_null() {
    let ledger = "a:3 ?:9 -> b:10";
    let sent = |f: &ClusterFeatures| (f.sent_sat, f.sent_median_sat, f.n_sent_unknown, f.fees_sat);
    check(ledger, "", "a", sent, (None, None, 1, None));
    check(ledger, "", "b", |f| (f.n_sending, f.sent_sat, f.sent_max_sat), (0, Some(0), None));
    check(ledger, "", "b", |f| (f.mixing_sending_share, f.hour_entropy_bits), (None, None));
    check(ledger, "", "a", |f| (f.dwell_mean_s, f.dwell_known_share), (None, Some(0.0)));
    check(ledger, "", "a", |f| (f.address_reuse_share, f.p2pkh_share), (None, None));
    check(ledger, "", "b", |f| f.fee_rate_median_sat_per_vbyte, None);
    check(ledger, "", "a", |f| (f.n_inputs_unknown, f.low_r_share), (1, None));
}

#[test]
fn habits_are_shares() {
    check("-> a:1\n -> a:1 b:1", "a b", "a", |f| f.address_reuse_share, Some(0.5));
    check("-> a:1 a:1", "", "a", |f| f.address_reuse_share, Some(0.0));
    let round = "a:9 -> b:100000 c:7 d:300000 a:400000";
    check(round, "", "a", |f| f.round_payment_share, Some(2.0 / 3.0));
    let several = "a:9 -> b:1 c:2\n a:9 -> b:1 c:1 d:1 e:1 f:1\n a:1 a:1 a:1 -> b:2";
    let shapes = |f: &ClusterFeatures| (f.peel_share, f.batch_share, f.gather_share);
    check(several, "", "a", shapes, (Some(1.0 / 3.0), Some(1.0 / 3.0), Some(1.0 / 3.0)));
    check(several, "", "b", |f| (f.received_median_sat, f.received_mean_sat), (Some(1), Some(1)));
    check(several, "", "b", |f| (f.n_unspent, f.unspent_sat), (3, Some(4)));
}

#[test]
fn who_paid_whom_in_a_mix_is_not_guessed() {
    let mix = "a:40 b:80 -> c:30 d:30 e:40 f:9";
    check(mix, "", "c", |f| (f.n_payers, f.mixing_receiving_share), (0, Some(1.0)));
    check(mix, "", "a", |f| (f.n_payees, f.mixing_sent_amount_share), (0, Some(1.0)));
    check(mix, "a b", "a", |f| (f.n_payees, f.fees_sat), (0, None));
    // Held apart, though not collaborative: still nobody knows who paid.
    check("a:40 b:80 -> c:30", "", "c", |f| (f.n_payers, f.n_receiving), (0, 1));
}

#[test]
fn labels_that_do_not_fit_change_nothing() {
    let world = parse("-> a:1 b:1").unwrap();
    let mut features = Features::default();
    let error = features.apply(&world.batch, &[0]).unwrap_err();
    assert_eq!(error.to_string(), "address 1 has no cluster label (1 labels)");
    assert!(features.apply(&world.batch, &[0, 7]).is_err());
    assert!(features.apply(&world.batch, &[1, 0]).is_err());
    assert_eq!(features.take_changes(), FeatureChanges::default());
    features.apply(&world.batch, &[0, 0]).unwrap();
    assert!(features.relabel(&[0]).is_err());
    let changes = features.take_changes();
    assert_eq!((changes.rows.len(), changes.gone.len()), (1, 0));
    features.relabel(&[0, 1]).unwrap();
    assert_eq!(features.take_changes().rows.len(), 2);
    features.relabel(&[0, 0]).unwrap();
    assert_eq!(features.take_changes().gone, [ClusterId::new(AddressId::new(1))]);
}

/// A number that at least this part of them does not exceed, by counting.
fn counted_quantile(values: &[u64], tenths: usize) -> Option<u64> {
    let enough = |limit: &u64| {
        10 * values.iter().filter(|value| *value <= limit).count() >= tenths * values.len()
    };
    values.iter().copied().filter(enough).min()
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

fn entropy(places: impl Iterator<Item = i64>) -> Option<f64> {
    let mut tally: BTreeMap<i64, f64> = BTreeMap::new();
    places.for_each(|place| *tally.entry(place).or_default() += 1.0);
    let total: f64 = tally.values().sum();
    let bits = tally.values().map(|n| n / total * (n / total).log2()).sum::<f64>();
    (total > 0.0).then_some(0.0 - bits)
}

/// One transaction from the point of view of one cluster.
struct Part<'a> {
    view: TransactionView<'a>,
    mixing: bool,
    own_inputs: Vec<&'a Input>,
    own_outputs: Vec<&'a Output>,
    payers: BTreeSet<u32>,
    other_outputs: Vec<(u32, u64)>,
    all_known: bool,
}

impl Part<'_> {
    fn sends(&self) -> bool {
        !self.own_inputs.is_empty()
    }

    fn put_in(&self) -> u64 {
        self.own_inputs.iter().map(|input| input.spent.unwrap().amount_sat).sum()
    }

    fn got(&self) -> u64 {
        self.own_outputs.iter().map(|output| output.amount_sat).sum()
    }

    fn alone(&self) -> bool {
        !self.own_inputs.is_empty()
            && self.own_inputs.len() == self.view.inputs.len()
            && !self.mixing
    }

    fn fee(&self) -> u64 {
        let paid: u64 = self.view.inputs.iter().map(|i| i.spent.unwrap().amount_sat).sum();
        paid - self.view.outputs.iter().map(|output| output.amount_sat).sum::<u64>()
    }

    fn has_fee(&self) -> bool {
        let paid: u64 = self.view.inputs.iter().filter_map(|i| i.spent).map(|s| s.amount_sat).sum();
        paid >= self.view.outputs.iter().map(|output| output.amount_sat).sum::<u64>()
    }
}

fn parts<'a>(batch: &'a LedgerBatch, labels: &[u32], cluster: u32) -> Vec<Part<'a>> {
    let of = |address: AddressId| labels[address.index()];
    let part = |view: TransactionView<'a>| {
        let payer = |input: &Input| Some(of(input.spent?.address?));
        let payee = |output: &Output| Some(of(output.address?));
        let paid =
            view.outputs.iter().filter_map(|output| Some((payee(output)?, output.amount_sat)));
        Part {
            mixing: possible_protocols(&view).any(),
            own_inputs: view.inputs.iter().filter(|i| payer(i) == Some(cluster)).collect(),
            own_outputs: view.outputs.iter().filter(|o| payee(o) == Some(cluster)).collect(),
            payers: view.inputs.iter().filter_map(payer).collect(),
            other_outputs: paid.filter(|(payee, _)| *payee != cluster).collect(),
            all_known: view.inputs.iter().all(|input| input.spent.is_some()),
            view,
        }
    };
    let parts = batch.views().map(part);
    parts.filter(|p| !p.own_inputs.is_empty() || !p.own_outputs.is_empty()).collect()
}

fn count(parts: &[Part<'_>], holds: impl Fn(&Part<'_>) -> bool) -> u64 {
    parts.iter().filter(|part| holds(part)).count() as u64
}

/// Every column by its definition, over the whole ledger.
fn by_definition(batch: &LedgerBatch, labels: &[u32], cluster: u32) -> ClusterFeatures {
    let all = parts(batch, labels, cluster);
    let times = || all.iter().map(|part| part.view.row.time.get());
    let one_payer = |part: &&Part<'_>| !part.mixing && part.payers.len() == 1;
    let paid: Vec<&Part<'_>> = all.iter().filter(one_payer).collect();
    let payers: BTreeSet<u32> =
        paid.iter().filter(|part| !part.sends()).flat_map(|part| part.payers.clone()).collect();
    let others =
        |part: &&Part<'_>| part.other_outputs.iter().map(|other| other.0).collect::<Vec<_>>();
    let payees: BTreeSet<u32> = paid.iter().filter(|part| part.sends()).flat_map(others).collect();
    let n_receiving = count(&all, |part| !part.sends());
    let mut row = ClusterFeatures {
        cluster: ClusterId::new(AddressId::new(cluster)),
        n_addresses: labels.iter().filter(|label| **label == cluster).count() as u64,
        first_time_s: times().min(),
        last_time_s: times().max(),
        n_active_days: times().map(|time| time / 86_400).collect::<BTreeSet<_>>().len() as u64,
        n_transactions: all.len() as u64,
        n_receiving,
        n_inputs_unknown: count(&all, |part| !part.all_known),
        n_payers: payers.len() as u64,
        n_payees: payees.len() as u64,
        n_payers_and_payees: payers.intersection(&payees).count() as u64,
        mixing_receiving_share: ratio(count(&all, |p| !p.sends() && p.mixing), n_receiving),
        ..ClusterFeatures::default()
    };
    define_sending(&mut row, &all);
    define_amounts(&mut row, &all);
    define_alone(&mut row, &all);
    define_inputs(&mut row, &all, batch);
    define_outputs(&mut row, &all, batch);
    row
}

fn define_sending(row: &mut ClusterFeatures, all: &[Part<'_>]) {
    let n = count(all, |part| part.sends());
    let times = || all.iter().filter(|part| part.sends()).map(|part| part.view.row.time.get());
    let share = |holds: &dyn Fn(&Part<'_>) -> bool| ratio(count(all, |p| p.sends() && holds(p)), n);
    row.n_sending = n;
    row.mixing_sending_share = share(&|part| part.mixing);
    row.replaceable_share = share(&|p| p.view.inputs.iter().any(|i| i.sequence < 0xffff_fffe));
    row.lock_time_share = share(&|part| part.view.row.lock_time != 0);
    row.hour_entropy_bits = entropy(times().map(|time| time % 86_400 / 3_600));
    row.weekday_entropy_bits = entropy(times().map(|time| time / 86_400 % 7));
}

fn define_amounts(row: &mut ClusterFeatures, all: &[Part<'_>]) {
    let counted = all.iter().filter(|part| !part.sends() || part.all_known);
    let (losing, gaining): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
        counted.partition(|part| part.sends() && part.put_in() >= part.got());
    let losses: Vec<u64> = losing.iter().map(|part| part.put_in() - part.got()).collect();
    let gains: Vec<u64> = gaining.iter().map(|part| part.got() - part.put_in()).collect();
    let mean = |values: &[u64]| values.iter().sum::<u64>().checked_div(values.len() as u64);
    row.n_sent_unknown = count(all, |part| part.sends() && !part.all_known);
    row.received_sat = Some(gains.iter().sum());
    row.received_mean_sat = mean(&gains);
    row.received_median_sat = counted_quantile(&gains, 5);
    row.received_max_sat = gains.iter().copied().max();
    let some_known = row.n_sent_unknown == 0 || !losses.is_empty();
    row.sent_sat = some_known.then(|| losses.iter().sum());
    row.sent_mean_sat = mean(&losses);
    row.sent_median_sat = counted_quantile(&losses, 5);
    row.sent_max_sat = losses.iter().copied().max();
}

fn define_alone(row: &mut ClusterFeatures, all: &[Part<'_>]) {
    let n = count(all, |part| part.alone());
    let n_of = |holds: &dyn Fn(&Part<'_>) -> bool| count(all, |part| part.alone() && holds(part));
    let share = |holds: &dyn Fn(&Part<'_>) -> bool| ratio(n_of(holds), n);
    let n_spendable = |part: &Part<'_>| part.own_outputs.len() + part.other_outputs.len();
    let alone = || all.iter().filter(|part| part.alone());
    let payments: Vec<u64> = alone().flat_map(|p| p.other_outputs.iter().map(|o| o.1)).collect();
    let with_fee: Vec<&Part<'_>> = alone().filter(|part| part.has_fee()).collect();
    let weighed = with_fee.iter().filter(|part| part.view.row.weight > 0);
    let mut rates: Vec<f64> =
        weighed.map(|part| part.fee() as f64 * 4.0 / f64::from(part.view.row.weight)).collect();
    rates.sort_by(f64::total_cmp);
    let n_round = payments.iter().filter(|sat| *sat % 100_000 == 0).count() as u64;
    row.n_self = n_of(&|part| part.other_outputs.is_empty());
    row.fees_sat = (!with_fee.is_empty()).then(|| with_fee.iter().map(|part| part.fee()).sum());
    row.fee_rate_median_sat_per_vbyte = rates.get(rates.len().saturating_sub(1) / 2).copied();
    row.round_payment_share = ratio(n_round, payments.len() as u64);
    row.payments_mean = ratio(payments.len() as u64, n);
    row.batch_share = share(&|part| part.other_outputs.len() >= 5);
    row.peel_share = share(&|part| part.view.inputs.len() == 1 && n_spendable(part) == 2);
    row.gather_share = share(&|part| part.view.inputs.len() >= 3 && n_spendable(part) == 1);
}

fn made_in<'a>(batch: &'a LedgerBatch, output: &Output) -> &'a Transaction {
    batch.transactions.iter().find(|row| row.index == output.tx).unwrap()
}

fn spends(batch: &LedgerBatch, input: &Input, output: &Output) -> bool {
    let known = input.spent.is_some_and(|spent| spent.address.is_some());
    let same = output.position == input.previous.output;
    known && same && output.address.is_some() && made_in(batch, output).id == input.previous.tx_id
}

fn define_inputs(row: &mut ClusterFeatures, all: &[Part<'_>], batch: &LedgerBatch) {
    let inputs: Vec<(&Part<'_>, &Input)> =
        all.iter().flat_map(|part| part.own_inputs.iter().map(move |i| (part, *i))).collect();
    let waited = |(part, input): &(&Part<'_>, &Input)| {
        let output = batch.outputs.iter().find(|output| spends(batch, input, output))?;
        let since = made_in(batch, output).time.get();
        Some(u64::try_from((part.view.row.time.get() - since).max(0)).unwrap())
    };
    let dwell: Vec<u64> = inputs.iter().filter_map(waited).collect();
    let marked = |mark| inputs.iter().filter(|input| input.1.marks.contains(mark)).count() as u64;
    let (low, high) = (marked(InputMarks::LOW_R), marked(InputMarks::HIGH_R));
    let mixed = all.iter().filter(|part| part.mixing).map(Part::put_in).sum();
    row.mixing_sent_amount_share = ratio(mixed, all.iter().map(Part::put_in).sum());
    row.dwell_mean_s = ratio(dwell.iter().sum(), dwell.len() as u64);
    row.dwell_p10_s = counted_quantile(&dwell, 1);
    row.dwell_p50_s = counted_quantile(&dwell, 5);
    row.dwell_p90_s = counted_quantile(&dwell, 9);
    row.dwell_known_share = ratio(dwell.len() as u64, inputs.len() as u64);
    row.low_r_share = ratio(low, low + high);
}

fn define_outputs(row: &mut ClusterFeatures, all: &[Part<'_>], batch: &LedgerBatch) {
    let outputs: Vec<&Output> = all.iter().flat_map(|part| part.own_outputs.clone()).collect();
    let is_unspent = |o: &&&Output| !batch.inputs.iter().any(|input| spends(batch, input, o));
    let unspent: Vec<&&Output> = outputs.iter().filter(is_unspent).collect();
    let mut paid_by: BTreeMap<AddressId, BTreeSet<u64>> = BTreeMap::new();
    for output in &outputs {
        paid_by.entry(output.address.unwrap()).or_default().insert(output.tx.get());
    }
    let n_again = paid_by.values().filter(|by| by.len() > 1).count() as u64;
    let share = |holds: &dyn Fn(&Part<'_>) -> bool| {
        let part = all.iter().filter(|part| holds(part)).map(Part::got).sum();
        ratio(part, all.iter().map(Part::got).sum())
    };
    let typed = |holds: &dyn Fn(ScriptType) -> bool| {
        let n = outputs.iter().filter(|output| holds(output.script_type)).count() as u64;
        ratio(n, outputs.len() as u64)
    };
    use ScriptType::{P2pkh, P2sh, P2tr, P2wpkh, P2wsh};
    row.n_unspent = unspent.len() as u64;
    row.unspent_sat = Some(unspent.iter().map(|output| output.amount_sat).sum());
    row.mixing_received_amount_share = share(&|part| part.mixing);
    row.address_reuse_share = ratio(n_again, paid_by.len() as u64);
    row.coinbase_share = share(&|part| part.view.row.coinbase);
    row.p2pkh_share = typed(&|kind| kind == P2pkh);
    row.p2sh_share = typed(&|kind| kind == P2sh);
    row.p2wpkh_share = typed(&|kind| kind == P2wpkh);
    row.p2wsh_share = typed(&|kind| kind == P2wsh);
    row.p2tr_share = typed(&|kind| kind == P2tr);
    row.other_script_share = typed(&|kind| ![P2pkh, P2sh, P2wpkh, P2wsh, P2tr].contains(&kind));
}

fn all_by_definition(batch: &LedgerBatch, labels: &[u32]) -> Vec<ClusterFeatures> {
    let clusters: BTreeSet<u32> = labels.iter().copied().collect();
    clusters.into_iter().map(|cluster| by_definition(batch, labels, cluster)).collect()
}

/// Ledgers with real references between transactions, some of which are made unknown and marked.
fn ledgers() -> impl Strategy<Value = LedgerBatch> {
    let chained = (any::<u64>(), 1..7_u32, prop::collection::vec(any::<u8>(), 1..40));
    let chained = chained.prop_map(|(seed, n_blocks, bytes)| {
        let mut batch = random_ledger(seed, n_blocks, Shape::default()).batch;
        for (input, byte) in batch.inputs.iter_mut().zip(bytes.iter().cycle()) {
            input.spent = input.spent.filter(|_| byte % 7 > 0);
            input.marks = InputMarks::from_bits(byte & 1)
                .with(InputMarks::from_bits((byte & 4) >> 1 & !(byte << 1 & 2)));
        }
        batch
    });
    prop_oneof![chained, world().prop_map(|world| world.batch)]
}

type Joins = Vec<(u32, u32)>;

fn joins() -> impl Strategy<Value = Joins> {
    prop::collection::vec((0..40_u32, 0..40_u32), 0..12)
}

/// Clusters of the addresses that have appeared by the end of a part.
fn labels_at(batch: &LedgerBatch, part: &LedgerBatch, n_before: usize, joins: &Joins) -> Vec<u32> {
    let end = part.transactions.last().map_or(0, |row| row.index.get() + 1);
    let n = n_addresses(batch, end).max(u32::try_from(n_before).unwrap());
    joined(&(0..n).collect::<Vec<_>>(), joins)
}

/// The table as somebody keeps it who only ever hears of changes.
#[derive(Default)]
struct Kept(BTreeMap<ClusterId, ClusterFeatures>);

impl Kept {
    fn take(&mut self, features: &mut Features) -> Vec<ClusterFeatures> {
        let changes = features.take_changes();
        for cluster in &changes.gone {
            self.0.remove(cluster);
        }
        self.0.extend(changes.rows.iter().map(|row| (row.cluster, *row)));
        self.0.values().copied().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn rows_are_as_defined(batch in ledgers(), joins in joins()) {
        let labels = labels_at(&batch, &batch, 0, &joins);
        let mut features = Features::default();
        features.apply(&batch, &labels).unwrap();
        let rows = features.rows();
        prop_assert_eq!(&rows, &all_by_definition(&batch, &labels));
        prop_assert_eq!(&cluster_features_from(&cluster_features_to(&rows)).unwrap(), &rows);
    }

    /// Batch by batch, under clusters that merge and split in between; only changes are handed on.
    #[test]
    fn increments_are_the_batch(
        batch in ledgers(),
        cuts in cuts(),
        joins in prop::collection::vec(joins(), 1..6),
    ) {
        let mut features = Features::default();
        let mut kept = Kept::default();
        let mut labels = Vec::new();
        for (at, part) in cut(&batch, &cuts).iter().enumerate() {
            labels = labels_at(&batch, part, labels.len(), &joins[at % joins.len()]);
            features.apply(part, &labels).unwrap();
            prop_assert_eq!(kept.take(&mut features), features.rows());
        }
        prop_assert_eq!(features.rows(), all_by_definition(&batch, &labels));
    }

    /// Taking blocks away leaves what there would be without them, and going on gives what there would have been.
    #[test]
    fn unwinding_undoes(
        batch in ledgers(),
        to in any::<prop::sample::Index>(),
        joins in prop::collection::vec(joins(), 3),
    ) {
        let height = batch.blocks[to.index(batch.blocks.len())].height;
        let first = batch.blocks[0].height;
        let parts = [first, height, Height::new(u32::MAX)];
        let parts: Vec<LedgerBatch> =
            parts.windows(2).map(|pair| crate::worlds::blocks(&batch, pair[0].get()..pair[1].get())).collect();
        let early = labels_at(&batch, &parts[0], 0, &joins[0]);
        let late = labels_at(&batch, &batch, 0, &joins[1]);
        let mut features = Features::default();
        let mut kept = Kept::default();
        features.apply(&batch, &late).unwrap();
        kept.take(&mut features);
        features.unwind(height, &early).unwrap();
        let mut fresh = Features::default();
        fresh.apply(&parts[0], &early).unwrap();
        prop_assert_eq!(kept.take(&mut features), fresh.rows());
        let late = labels_at(&batch, &batch, 0, &joins[2]);
        features.apply(&parts[1], &late).unwrap();
        prop_assert_eq!(kept.take(&mut features), all_by_definition(&batch, &late));
    }
}

//! Behavioral features: small ledgers by hand, the definition by double loops, and the two laws.

use std::collections::{BTreeMap, BTreeSet};

use forensics::collaborative::possible_protocols;
use forensics::features::{FeatureChanges, Features};
use ledger::notation::parse;
use ledger::tables::{cluster_features_from, cluster_features_to};
use ledger::{
    AddressId, ClusterFeatures, ClusterId, Height, Input, InputMarks, LedgerBatch, Output,
    ScriptType, TransactionView,
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

/// Every column by its definition, over the whole ledger.
fn by_definition(batch: &LedgerBatch, labels: &[u32], cluster: u32) -> ClusterFeatures {
    let all = parts(batch, labels, cluster);
    let time = |part: &&Part<'_>| part.view.row.time.get();
    let count = |holds: &dyn Fn(&Part<'_>) -> bool| all.iter().filter(|p| holds(p)).count() as u64;
    let sends = |part: &Part<'_>| !part.own_inputs.is_empty();
    let alone: Vec<&Part<'_>> = all.iter().filter(|part| part.alone()).collect();
    let of_alone =
        |holds: &dyn Fn(&Part<'_>) -> bool| alone.iter().filter(|p| holds(p)).count() as u64;
    let one_payer = |part: &&Part<'_>| !part.mixing && part.payers.len() == 1;
    let payers: BTreeSet<u32> = all
        .iter()
        .filter(|part| !sends(part))
        .filter(one_payer)
        .flat_map(|part| part.payers.clone())
        .collect();
    let payees: BTreeSet<u32> = all
        .iter()
        .filter(|part| sends(part))
        .filter(one_payer)
        .flat_map(|part| part.other_outputs.iter().map(|other| other.0))
        .collect();
    let counted = |part: &&Part<'_>| !sends(part) || part.all_known;
    let (losing, gaining): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
        all.iter().filter(counted).partition(|part| sends(part) && part.put_in() >= part.got());
    let losses: Vec<u64> = losing.iter().map(|part| part.put_in() - part.got()).collect();
    let gains: Vec<u64> = gaining.iter().map(|part| part.got() - part.put_in()).collect();
    let mean = |values: &[u64]| values.iter().sum::<u64>().checked_div(values.len() as u64);
    let n_sending = count(&|part| sends(part));
    let n_receiving = all.len() as u64 - n_sending;
    let n_sent_unknown = count(&|part| sends(part) && !part.all_known);
    let inputs: Vec<(&Part<'_>, &Input)> =
        all.iter().flat_map(|part| part.own_inputs.iter().map(move |i| (part, *i))).collect();
    let outputs: Vec<(&Part<'_>, &Output)> =
        all.iter().flat_map(|part| part.own_outputs.iter().map(move |o| (part, *o))).collect();
    let in_sat = |holds: &dyn Fn(&Part<'_>) -> bool| {
        inputs.iter().filter(|i| holds(i.0)).map(|i| i.1.spent.unwrap().amount_sat).sum::<u64>()
    };
    let out_sat = |holds: &dyn Fn(&Part<'_>) -> bool| {
        outputs.iter().filter(|o| holds(o.0)).map(|o| o.1.amount_sat).sum::<u64>()
    };
    let spends = |input: &Input, output: &Output| {
        let row = &batch.transactions[output.tx.get() as usize];
        output.address.is_some()
            && row.id == input.previous.tx_id
            && output.position == input.previous.output
    };
    let is_unspent = |output: &&Output| {
        !batch
            .inputs
            .iter()
            .any(|i| i.spent.is_some_and(|s| s.address.is_some()) && spends(i, output))
    };
    let unspent: Vec<&Output> = outputs.iter().map(|o| o.1).filter(is_unspent).collect();
    let dwell: Vec<u64> = inputs
        .iter()
        .filter_map(|(part, input)| {
            let output = batch.outputs.iter().find(|output| spends(input, output))?;
            let since = batch.transactions[output.tx.get() as usize].time.get();
            Some(u64::try_from((part.view.row.time.get() - since).max(0)).unwrap())
        })
        .collect();
    let mut paid_by: BTreeMap<AddressId, BTreeSet<u64>> = BTreeMap::new();
    for (_, output) in &outputs {
        paid_by.entry(output.address.unwrap()).or_default().insert(output.tx.get());
    }
    let payments: Vec<u64> =
        alone.iter().flat_map(|part| part.other_outputs.iter().map(|other| other.1)).collect();
    let fees: Vec<&&Part<'_>> = alone.iter().filter(|part| part.has_fee()).collect();
    let mut rates: Vec<f64> = fees
        .iter()
        .filter(|part| part.view.row.weight > 0)
        .map(|part| part.fee() as f64 * 4.0 / f64::from(part.view.row.weight))
        .collect();
    rates.sort_by(f64::total_cmp);
    let marked =
        |mark: InputMarks| inputs.iter().filter(|i| i.1.marks.contains(mark)).count() as u64;
    let typed = |wanted: &[ScriptType]| {
        ratio(
            outputs.iter().filter(|o| wanted.contains(&o.1.script_type)).count() as u64,
            outputs.len() as u64,
        )
    };
    let of_type = |wanted: ScriptType| typed(&[wanted]);
    let n_spendable = |part: &Part<'_>| part.own_outputs.len() + part.other_outputs.len();
    let sending_times = || all.iter().filter(|part| sends(part)).map(|part| time(&part));
    ClusterFeatures {
        cluster: ClusterId::new(AddressId::new(cluster)),
        n_addresses: labels.iter().filter(|label| **label == cluster).count() as u64,
        first_time_s: all.iter().map(|part| time(&part)).min(),
        last_time_s: all.iter().map(|part| time(&part)).max(),
        n_active_days: all.iter().map(|part| time(&part) / 86_400).collect::<BTreeSet<_>>().len()
            as u64,
        n_transactions: all.len() as u64,
        n_sending,
        n_receiving,
        n_self: of_alone(&|part| part.other_outputs.is_empty()),
        n_inputs_unknown: count(&|part| !part.all_known),
        n_payers: payers.len() as u64,
        n_payees: payees.len() as u64,
        n_payers_and_payees: payers.intersection(&payees).count() as u64,
        received_sat: Some(gains.iter().sum()),
        received_mean_sat: mean(&gains),
        received_median_sat: counted_quantile(&gains, 5),
        received_max_sat: gains.iter().copied().max(),
        sent_sat: (n_sent_unknown == 0 || !losses.is_empty()).then(|| losses.iter().sum()),
        sent_mean_sat: mean(&losses),
        sent_median_sat: counted_quantile(&losses, 5),
        sent_max_sat: losses.iter().copied().max(),
        n_sent_unknown,
        n_unspent: unspent.len() as u64,
        unspent_sat: Some(unspent.iter().map(|output| output.amount_sat).sum()),
        fees_sat: (!fees.is_empty()).then(|| fees.iter().map(|part| part.fee()).sum()),
        fee_rate_median_sat_per_vbyte: rates.get(rates.len().saturating_sub(1) / 2).copied(),
        mixing_sending_share: ratio(count(&|part| sends(part) && part.mixing), n_sending),
        mixing_receiving_share: ratio(count(&|part| !sends(part) && part.mixing), n_receiving),
        mixing_sent_amount_share: ratio(in_sat(&|part| part.mixing), in_sat(&|_| true)),
        mixing_received_amount_share: ratio(out_sat(&|part| part.mixing), out_sat(&|_| true)),
        dwell_mean_s: ratio(dwell.iter().sum(), dwell.len() as u64),
        dwell_p10_s: counted_quantile(&dwell, 1),
        dwell_p50_s: counted_quantile(&dwell, 5),
        dwell_p90_s: counted_quantile(&dwell, 9),
        dwell_known_share: ratio(dwell.len() as u64, inputs.len() as u64),
        address_reuse_share: ratio(
            paid_by.values().filter(|by| by.len() > 1).count() as u64,
            paid_by.len() as u64,
        ),
        round_payment_share: ratio(
            payments.iter().filter(|sat| *sat % 100_000 == 0).count() as u64,
            payments.len() as u64,
        ),
        payments_mean: ratio(payments.len() as u64, alone.len() as u64),
        batch_share: ratio(of_alone(&|part| part.other_outputs.len() >= 5), alone.len() as u64),
        peel_share: ratio(
            of_alone(&|p| p.view.inputs.len() == 1 && n_spendable(p) == 2),
            alone.len() as u64,
        ),
        gather_share: ratio(
            of_alone(&|p| p.view.inputs.len() >= 3 && n_spendable(p) == 1),
            alone.len() as u64,
        ),
        hour_entropy_bits: entropy(sending_times().map(|time| time % 86_400 / 3_600)),
        weekday_entropy_bits: entropy(sending_times().map(|time| time / 86_400 % 7)),
        replaceable_share: ratio(
            count(&|p| sends(p) && p.view.inputs.iter().any(|i| i.sequence < 0xffff_fffe)),
            n_sending,
        ),
        lock_time_share: ratio(count(&|p| sends(p) && p.view.row.lock_time != 0), n_sending),
        low_r_share: ratio(
            marked(InputMarks::LOW_R),
            marked(InputMarks::LOW_R) + marked(InputMarks::HIGH_R),
        ),
        coinbase_share: ratio(out_sat(&|part| part.view.row.coinbase), out_sat(&|_| true)),
        p2pkh_share: of_type(ScriptType::P2pkh),
        p2sh_share: of_type(ScriptType::P2sh),
        p2wpkh_share: of_type(ScriptType::P2wpkh),
        p2wsh_share: of_type(ScriptType::P2wsh),
        p2tr_share: of_type(ScriptType::P2tr),
        other_script_share: typed(&[
            ScriptType::NonStandard,
            ScriptType::P2pk,
            ScriptType::WitnessUnknown,
            ScriptType::Multisig,
            ScriptType::OpReturn,
        ]),
    }
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

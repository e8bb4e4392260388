use std::collections::BTreeSet;
use std::sync::Arc;

use forensics::collaborative::possible_protocols;
use forensics::money::{PriceOptions, Prices, VolatilityOptions};
use forensics::{ClusterEdges, Clusters, FlowError, cluster_edges, links, moved_addresses};
use ledger::notation::parse;
use ledger::{
    AddressId, Amount, Asset, ClusterEdge, ClusterId, LedgerBatch, TransactionView, Value,
};
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::flow::labels_of;
use crate::worlds::{cut, cuts, n_addresses, name, world};

/// Rows as `source-target:amount n=transactions`, `m=` mixing and `u=` unknown where there are any.
#[track_caller]
fn check(ledger: &str, expected: &str) {
    let world = parse(ledger).unwrap();
    let labels = labels_of(&world.batch, u32::try_from(world.names.len()).unwrap());
    let row = |row: &ClusterEdge| {
        let (source, target) = (row.source.get().get(), row.target.get().get());
        let mut text = format!("{}-{}:{}", name(&world, source), name(&world, target), row.amount);
        for (letter, count) in
            [("n", row.n_transactions), ("m", row.n_mixing), ("u", row.n_amount_unknown)]
        {
            if count > 0 {
                text += &format!(" {letter}={count}");
            }
        }
        text
    };
    let rows = cluster_edges([&world.batch], &labels).unwrap();
    assert_eq!(rows.iter().map(row).collect::<Vec<_>>().join(", "), expected);
}

#[test]
fn payments_are_summed_over_transactions() {
    check("a:5 -> b:3 c:2\n a:4 -> b:1 b:1 a:2", "a-b:5 n=2, a-c:2 n=1");
    check("-> a:5\n a:5 -> a:5", "");
    check("a:5 ?:2 -> b:7", "a-b:7 n=1");
}

#[test]
fn a_mix_is_split_by_what_was_put_in() {
    // 4 of 12 and 8 of 12.
    check(
        "a:4 b:8 -> c:3 d:3 e:4 f:2",
        "a-c:1 n=1 m=1, a-d:1 n=1 m=1, a-e:1 n=1 m=1, a-f:0 n=1 m=1, \
         b-c:2 n=1 m=1, b-d:2 n=1 m=1, b-e:3 n=1 m=1, b-f:2 n=1 m=1",
    );
}

/// Blocks may spend outputs of nothing; and if nothing at all was put in, somebody still has to be named.
#[test]
fn who_puts_nothing_in_pays_nothing() {
    let rest = "b-c:3 n=1 m=1, b-d:3 n=1 m=1, b-e:2 n=1 m=1";
    check(
        "a:0 b:8 -> c:3 d:3 e:2",
        &format!("a-c:0 n=1 m=1, a-d:0 n=1 m=1, a-e:0 n=1 m=1, {rest}"),
    );
    let nothing = "b-c:0 n=1 m=1, b-d:0 n=1 m=1, b-e:0 n=1 m=1";
    check(
        "a:0 b:0 -> c:3 d:3 e:2",
        &format!("a-c:3 n=1 m=1, a-d:3 n=1 m=1, a-e:2 n=1 m=1, {nothing}"),
    );
}

#[test]
fn a_mix_with_unknown_payers_has_no_amounts() {
    check("a:4 ?:8 -> c:3 d:3 e:4 a:2", "a-c:0 n=1 m=1 u=1, a-d:0 n=1 m=1 u=1, a-e:0 n=1 m=1 u=1");
}

#[test]
fn times_are_those_of_the_first_and_last_block() {
    let world = parse("a:1 -> b:1\n a:1 -> c:1\n a:1 -> b:1\n b:1 -> c:1").unwrap();
    let rows = cluster_edges([&world.batch], &[0, 1, 2]).unwrap();
    assert_eq!(
        (rows[0].first_time, rows[0].last_time),
        (block_time(&world.batch, 0), block_time(&world.batch, 2))
    );
    assert_eq!(rows[0].asset, Asset::btc());
}

fn block_time(batch: &LedgerBatch, block: usize) -> ledger::Timestamp {
    batch.blocks[block].time
}

/// Adding the rows of b and c would count the first transaction twice.
#[test]
fn a_transaction_to_two_clusters_that_merge_is_one() {
    let first = parse("a:5 -> b:3 c:2").unwrap();
    let mut edges = ClusterEdges::default();
    edges.apply(&first.batch, &[0, 1, 2]).unwrap();
    assert_eq!(edges.rows().len(), 2);
    edges.relabel(&[0, 1, 2], &[0, 1, 1], [&first.batch]).unwrap();
    let rows = edges.rows();
    assert_eq!((rows.len(), rows[0].n_transactions, rows[0].amount), (1, 1, Amount::from_sat(5)));
    edges.relabel(&[0, 1, 1], &[0, 0, 0], [&first.batch]).unwrap();
    assert_eq!(edges.rows(), []);
}

#[test]
fn what_is_not_a_merge_or_not_all_is_refused() {
    let world = parse("a:5 -> b:3 c:2").unwrap();
    let mut edges = ClusterEdges::default();
    edges.apply(&world.batch, &[0, 1, 1]).unwrap();
    let split = edges.relabel(&[0, 1, 1], &[0, 1, 2], [&world.batch]).unwrap_err();
    assert_eq!(split.to_string(), "address 2 left its cluster: new labels may only merge clusters");
    assert!(split.hint().unwrap().contains("anew"));
    let missing = edges.relabel(&[0, 1, 1], &[0, 0, 0], []).unwrap_err();
    assert_eq!(missing, FlowError::Incomplete { source_cluster: 0, target_cluster: 1 });
    let mut rows = cluster_edges([&world.batch], &[0, 1, 1]).unwrap();
    rows[0].asset = Asset::new("DOGE");
    assert_eq!(ClusterEdges::from_rows(&rows), Err(FlowError::Asset { symbol: "DOGE".to_owned() }));
}

/// Labels with some clusters joined on top.
pub fn joined(labels: &[u32], joins: &[(u32, u32)]) -> Vec<u32> {
    let mut labels = labels.to_vec();
    for (a, b) in joins {
        let (Some(&a), Some(&b)) = (labels.get(*a as usize), labels.get(*b as usize)) else {
            continue;
        };
        labels.iter_mut().filter(|label| **label == a.max(b)).for_each(|label| *label = a.min(b));
    }
    labels
}

/// What one transaction adds to the amount of one edge, by the definition; `None` where it is not known.
fn amount(view: &TransactionView<'_>, labels: &[u32], source: u32, target: u32) -> Option<u128> {
    let of = |address: AddressId| labels[address.index()];
    let inputs: Vec<_> = view.inputs.iter().filter_map(|input| input.spent).collect();
    let payers: BTreeSet<u32> = inputs.iter().map(|spent| of(spent.address.unwrap())).collect();
    let all_known = inputs.len() == view.inputs.len();
    let one = payers.len() == 1 && (all_known || !possible_protocols(view).any());
    if !one && !all_known {
        return None;
    }
    let addresses: BTreeSet<AddressId> =
        inputs.iter().map(|spent| spent.address.unwrap()).collect();
    let total: u128 = inputs.iter().map(|spent| u128::from(spent.amount_sat)).sum();
    // What all addresses up to and including one put in.
    let running = |last: AddressId| -> u128 {
        let until = inputs.iter().filter(|spent| spent.address.unwrap() <= last);
        until.map(|spent| u128::from(spent.amount_sat)).sum()
    };
    let mut sum = 0;
    for output in view.outputs.iter().filter(|output| output.address.map(of) == Some(target)) {
        let got = u128::from(output.amount_sat);
        if one {
            sum += got;
            continue;
        }
        for address in addresses.iter().filter(|address| of(**address) == source) {
            let own = inputs.iter().filter(|spent| spent.address == Some(*address));
            let own: u128 = own.map(|spent| u128::from(spent.amount_sat)).sum();
            let after = running(*address);
            sum += got * after / total - got * (after - own) / total;
        }
    }
    Some(sum)
}

/// Every pair of clusters over every transaction.
fn by_definition(batch: &LedgerBatch, labels: &[u32], prices: &Prices) -> Vec<ClusterEdge> {
    let clusters: BTreeSet<u32> = labels.iter().copied().collect();
    let mut rows = Vec::new();
    for &source in &clusters {
        for &target in clusters.iter().filter(|target| **target != source) {
            let in_cluster = |address: Option<AddressId>, cluster| {
                address.is_some_and(|address| labels[address.index()] == cluster)
            };
            let pays = |view: &TransactionView<'_>| {
                let sent = |i: &ledger::Input| in_cluster(i.spent.and_then(|s| s.address), source);
                view.inputs.iter().any(sent)
                    && view.outputs.iter().any(|o| in_cluster(o.address, target))
            };
            let views: Vec<_> = batch.views().filter(pays).collect();
            let Some(first) = views.first() else { continue };
            let payers = |view: &TransactionView<'_>| {
                let known = view.inputs.iter().filter_map(|i| i.spent?.address);
                known.map(|a| labels[a.index()]).collect::<BTreeSet<u32>>().len()
            };
            let mixing = |v: &&TransactionView<'_>| payers(v) > 1 || possible_protocols(v).any();
            let amounts: Vec<_> = views.iter().map(|v| amount(v, labels, source, target)).collect();
            let cluster = |id| ClusterId::new(AddressId::new(id));
            let (mut value, mut unpriced, mut n_high) = (Value::ZERO, 0, 0);
            for (view, amount) in views.iter().zip(&amounts) {
                let amount = u64::try_from(amount.unwrap_or(0)).unwrap();
                match prices.value_of(amount, view.row.time) {
                    Some(own) => value += own,
                    None => unpriced += amount,
                }
                n_high += u64::from(prices.is_high_volatility_at(view.row.time) == Some(true));
            }
            rows.push(ClusterEdge {
                source: cluster(source),
                target: cluster(target),
                asset: Asset::btc(),
                amount: Amount::from_units(amounts.iter().flatten().sum()),
                n_transactions: views.len() as u64,
                n_mixing: views.iter().filter(mixing).count() as u64,
                n_amount_unknown: amounts.iter().filter(|a| a.is_none()).count() as u64,
                value,
                amount_unpriced: Amount::from_sat(unpriced),
                n_high_volatility: n_high,
                first_time: first.row.time,
                last_time: views.last().unwrap().row.time,
            });
        }
    }
    rows
}

/// Ten-minute candles from before the first block on, some of them missing, calm and restless by turns.
fn prices(batch: &LedgerBatch, seed: u32) -> Prices {
    let first = batch.transactions.first().map_or(0, |row| row.time.get()) - 150 * 600;
    let mut state = seed;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut rows = Vec::new();
    let mut close = 3_600.0;
    for at in 0..200 {
        let restless = if at % 40 < 30 { 100.0 } else { 10.0 };
        close *= 1.0 + (f64::from(next(21)) - 10.0) / 100.0 / restless;
        if at < 140 || next(3) > 0 {
            rows.push(crate::money::candle(first + 600 * at, 600, close));
        }
    }
    let volatility = VolatilityOptions { window_s: Some(1_200), ..VolatilityOptions::default() };
    Prices::new(rows, PriceOptions { age_max_s: Some(900), volatility })
}

type Joins = Vec<(u32, u32)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn rows_are_as_defined(world in world(), joins in prop::collection::vec((0..12u32, 0..12u32), 0..3)) {
        for labels in [
            labels_of(&world.batch, world.n_addresses),
            (0..world.n_addresses).collect(),
            joined(&labels_of(&world.batch, world.n_addresses), &joins),
        ] {
            let rows = cluster_edges([&world.batch], &labels).unwrap();
            prop_assert_eq!(rows, by_definition(&world.batch, &labels, &Prices::default()));
        }
    }

    /// Batch by batch, each with the clusters of its day, and some that other evidence joins in between.
    #[test]
    fn increments_are_the_batch(
        world in world(),
        cuts in cuts(),
        joins in prop::collection::vec(prop::collection::vec((0..12u32, 0..12u32), 0..2), 6),
        seed in any::<u32>(),
    ) {
        let prices = Arc::new(prices(&world.batch, seed));
        let parts = cut(&world.batch, &cuts);
        let mut clusters = Clusters::default();
        let mut edges = ClusterEdges::default().with_prices(prices.clone());
        let mut all_joins: Joins = Vec::new();
        let mut before: Vec<u32> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let end = part.transactions.last().map_or(0, |row| row.index.get() + 1);
            let n_addresses = n_addresses(&world.batch, end).max(clusters.n_addresses());
            clusters.apply(&links(part), n_addresses);
            all_joins.extend(joins[at % joins.len()].iter().filter(|j| j.0.max(j.1) < n_addresses));
            let after = joined(&clusters.labels(), &all_joins);
            // Only the transactions that touch a moved address are needed.
            let moved = moved_addresses(&before, &after).unwrap();
            let past = touching(&parts[..at], &moved);
            edges.relabel(&before, &after, &past).unwrap();
            edges.apply(part, &after).unwrap();
            edges = ClusterEdges::from_rows(&edges.rows()).unwrap().with_prices(prices.clone());
            before = after;
        }
        let mut whole = ClusterEdges::default().with_prices(prices.clone());
        whole.apply(&world.batch, &before).unwrap();
        prop_assert_eq!(&edges, &whole);
        prop_assert_eq!(edges.rows(), by_definition(&world.batch, &before, &prices));
    }
}

/// The transactions of earlier batches that touch one of `moved`, each a batch of its own.
fn touching(parts: &[LedgerBatch], moved: &[u32]) -> Vec<LedgerBatch> {
    let is_moved = |address: Option<AddressId>| address.is_some_and(|a| moved.contains(&a.get()));
    let touches = |view: &TransactionView<'_>| {
        view.inputs.iter().any(|i| is_moved(i.spent.and_then(|s| s.address)))
            || view.outputs.iter().any(|o| is_moved(o.address))
    };
    let one = |view: TransactionView<'_>| LedgerBatch {
        transactions: vec![view.row.clone()],
        inputs: view.inputs.to_vec(),
        outputs: view.outputs.to_vec(),
        ..LedgerBatch::default()
    };
    parts.iter().flat_map(LedgerBatch::views).filter(touches).map(one).collect()
}

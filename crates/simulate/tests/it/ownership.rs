//! The world to measure ownership on: what is told of each transaction and wallet is what stands on chain.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::Transaction;
use bitcoin::hashes::Hash;
use tracehound_simulate::{
    ChangeAddress, LockTimes, MixProtocol, OutputOrder, OwnerId, OwnerKind, Policy,
    TransactionKind, TransactionTruth, Truth, World, WorldSpec, software_shares,
};

use crate::replay::{History, Seen};
use crate::worlds;

fn spec(seed: u64) -> WorldSpec {
    WorldSpec { n_payjoins: 20, ..WorldSpec::ownership(seed).scaled_to(9_000) }
}

fn owners<'a>(
    truth: &Truth,
    addresses: impl Iterator<Item = &'a ledger::Address>,
) -> BTreeSet<OwnerId> {
    addresses.map(|address| truth.ownership.owner_of(address).unwrap()).collect()
}

/// Outputs by position; `None` for data.
fn outputs(seen: &Seen) -> Vec<Option<(ledger::Address, u64)>> {
    let mut paid = seen.paid.iter();
    let outputs = seen.transaction.output.iter();
    outputs.map(|out| (!out.script_pubkey.is_op_return()).then(|| *paid.next().unwrap())).collect()
}

/// Of one transaction: participants own the inputs, change returns to them, its lists are sorted.
#[track_caller]
fn check(told: &TransactionTruth<'_>, seen: &Seen, truth: &Truth) {
    let payers = owners(truth, seen.payers().iter());
    assert_eq!(told.participants, Vec::from_iter(payers.clone()));
    assert_eq!(seen.transaction.is_coinbase(), told.kind == TransactionKind::Coinbase);
    assert!(told.change.is_sorted());
    let outputs = outputs(seen);
    for position in told.change {
        let (address, _) = outputs[*position as usize].unwrap();
        assert!(payers.contains(&truth.ownership.owner_of(&address).unwrap()));
    }
    assert_eq!(told.kind.is_collaborative(), truth.story.collaborative().contains(&told.id));
    match told.kind {
        TransactionKind::Payment | TransactionKind::Peel => assert!(told.change.len() <= 1),
        TransactionKind::Consolidation => {
            assert!(
                outputs.len() == 1 && owners(truth, seen.paid.iter().map(|row| &row.0)) == payers
            );
        }
        TransactionKind::Stonewall => assert_eq!((outputs.len(), told.change.len()), (4, 2)),
        TransactionKind::Payjoin => {
            let paid_back = owners(truth, seen.paid.iter().map(|row| &row.0));
            assert_eq!(paid_back, payers);
        }
        _ => {}
    }
}

#[test]
fn the_truth_of_every_transaction_is_what_the_chain_shows() {
    let (truth, history) = worlds::check(spec(1));
    let mut kinds: BTreeMap<TransactionKind, u32> = BTreeMap::new();
    assert_eq!(truth.transactions.len(), history.transactions.len());
    for (told, seen) in truth.transactions.iter().zip(&history.transactions) {
        assert_eq!(told.id, seen.id);
        assert_eq!(truth.transactions.of(&seen.id), Some(told));
        assert_eq!(truth.transactions.at(told.height, told.position), Some(told));
        check(&told, seen, &truth);
        *kinds.entry(told.kind).or_default() += 1;
    }
    assert_eq!(truth.transactions.at(400, 0), None);
    assert_eq!(kinds.len(), 17, "{kinds:?}");
    assert!(kinds.values().all(|n| *n >= 2), "{kinds:?}");
}

fn is_bip69(seen: &Seen) -> bool {
    let point = |input: &bitcoin::TxIn| {
        let mut id = input.previous_output.txid.to_byte_array();
        id.reverse();
        (id, input.previous_output.vout)
    };
    let output = |output: &bitcoin::TxOut| (output.value, output.script_pubkey.clone());
    let tx = &seen.transaction;
    tx.input.is_sorted_by_key(point) && tx.output.is_sorted_by_key(output)
}

/// Lengths of all DER signatures, with the byte of the sighash.
fn signature_lengths(tx: &Transaction) -> Vec<usize> {
    let pushed = tx.input.iter().flat_map(|input| {
        let script = input
            .script_sig
            .instructions()
            .filter_map(|item| item.ok()?.push_bytes().map(|bytes| bytes.as_bytes().to_vec()));
        script.chain(input.witness.to_vec()).collect::<Vec<_>>()
    });
    pushed
        .filter(|item| matches!(item.len(), 71 | 72) && item[0] == 0x30)
        .map(|x| x.len())
        .collect()
}

fn check_fingerprint(told: &TransactionTruth<'_>, seen: &Seen, policy: &Policy) {
    let tx = &seen.transaction;
    assert_eq!(tx.version.0, policy.fingerprint.version);
    let lock_time = tx.lock_time.to_consensus_u32();
    match policy.fingerprint.lock_times {
        LockTimes::Zero => assert_eq!(lock_time, 0),
        LockTimes::Constant(constant) => assert_eq!(lock_time, constant),
        LockTimes::AntiFeeSniping => assert!(told.height - lock_time <= 100),
    }
    assert!(tx.input.iter().all(|input| input.sequence.is_rbf() == policy.fingerprint.replaceable));
    if policy.fingerprint.low_r {
        assert!(signature_lengths(tx).iter().all(|length| *length == 71));
    }
    let last = tx.output.len() - 1;
    match (policy.change.order, told.change) {
        (OutputOrder::Bip69, _) => assert!(is_bip69(seen)),
        (OutputOrder::ChangeFirst, [at]) => assert_eq!(*at, 0),
        (OutputOrder::ChangeLast, [at]) if told.kind == TransactionKind::Payment => {
            let is_data = tx.output[last].script_pubkey.is_op_return();
            assert!(*at as usize == last && !is_data);
        }
        _ => {}
    }
    if let (ChangeAddress::SameAsInput, [at]) = (policy.change.address, told.change) {
        let (address, _) = outputs(seen)[*at as usize].unwrap();
        assert!(seen.payers().contains(&address));
    }
}

#[test]
fn every_customer_pays_as_its_wallet_does() {
    let (truth, history) = worlds::check(spec(2));
    let policies: BTreeMap<OwnerId, &Policy> =
        truth.wallets.iter().map(|wallet| (wallet.owner, &wallet.policy)).collect();
    let mut orders = BTreeMap::new();
    let mut short = [0_usize; 2];
    for (told, seen) in truth.transactions.iter().zip(&history.transactions) {
        let [payer] = told.participants else { continue };
        let shows_it = told.kind != TransactionKind::Stonewall; // which has an order of its own
        if truth.ownership.owner(*payer).kind == OwnerKind::Customer && shows_it {
            let policy = policies[payer];
            check_fingerprint(&told, seen, policy);
            *orders.entry(policy.change.order).or_insert(0) += 1;
            if !policy.fingerprint.low_r {
                for length in signature_lengths(&seen.transaction) {
                    short[usize::from(length == 71)] += 1;
                }
            }
        }
    }
    assert!(orders.len() == 4 && orders.values().all(|n| *n > 100), "{orders:?}");
    let share = short[1] as f64 / (short[0] + short[1]) as f64;
    assert!((0.45..0.55).contains(&share), "half of all R are short by chance: {share}");
}

#[test]
fn programs_have_their_shares() {
    let truth = World::new(spec(3)).unwrap().blocks().into_truth();
    let of_customers = truth.wallets.iter().filter(|wallet| {
        truth.ownership.owner(wallet.owner).kind == OwnerKind::Customer
            && wallet.policy.software != "plain"
    });
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    of_customers.for_each(|wallet| *counts.entry(wallet.policy.software).or_default() += 1.0);
    let n: f64 = counts.values().sum();
    assert_eq!(software_shares().map(|row| row.1).sum::<u32>(), 100);
    for (name, per_cent) in software_shares() {
        let wanted = n * f64::from(per_cent) / 100.0;
        assert!((counts[name] - wanted).abs() <= 13.0, "{name}: {} of {wanted}", counts[name]);
    }
}

/// Denominations, written out apart from those of the simulation.
fn is_standard(sat: u64) -> bool {
    let reduced = |mut sat: u64, base: u64| {
        while sat.is_multiple_of(base) {
            sat /= base;
        }
        sat
    };
    sat >= 5_000
        && (reduced(sat, 2) == 1
            || reduced(sat, 3) <= 2
            || (reduced(sat, 10) <= 5 && reduced(sat, 10) != 3 && reduced(sat, 10) != 4))
}

fn check_round(protocol: MixProtocol, seen: &Seen, n_owners: usize) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    seen.paid.iter().for_each(|row| *counts.entry(row.1).or_default() += 1);
    let n = *counts.values().max().unwrap();
    let (n_in, n_out) = (seen.spent.len(), seen.paid.len());
    match protocol {
        MixProtocol::Whirlpool => assert!((5..=8).contains(&n) && n_in == n && n_out == n),
        MixProtocol::Wasabi1 => assert!(n == n_owners && n_out == 2 * n + 1),
        MixProtocol::Wasabi11 => {
            assert!(n == n_owners && n_out > 2 * n + 1);
            assert!(counts.keys().any(|sat| (19_000_000..=21_000_000).contains(sat)));
        }
        MixProtocol::Wasabi2 => {
            assert!(seen.spent.is_sorted_by(|a, b| a.amount_sat >= b.amount_sat));
            assert!(seen.paid.is_sorted_by(|a, b| a.1 >= b.1));
            let standard = seen.paid.iter().filter(|row| is_standard(row.1)).count();
            assert!(standard * 10 > n_out * 8, "{standard} of {n_out}");
            assert!(n_owners >= 5 && n_in >= n_owners);
        }
        _ => {
            assert_eq!(n, n_owners);
            assert!(n >= 4 && (n_out == 2 * n || n_out == 2 * n - 1), "{n} of {n_out}");
        }
    }
}

#[test]
fn rounds_have_the_shape_of_their_protocol() {
    let world = World::new(WorldSpec::ownership(4).scaled_to(12_000)).unwrap();
    let mut blocks = world.blocks();
    let history = History::of(blocks.by_ref());
    let truth = blocks.into_truth();
    let mut largest: BTreeMap<MixProtocol, (u32, usize)> = BTreeMap::new();
    for (told, seen) in truth.transactions.iter().zip(&history.transactions) {
        if let TransactionKind::Mix(protocol) = told.kind {
            check_round(protocol, seen, told.participants.len());
            let most = largest.entry(protocol).or_default();
            *most = (most.0 + 1, most.1.max(seen.spent.len()));
        }
    }
    assert_eq!(largest.len(), 5, "{largest:?}");
    assert!(largest[&MixProtocol::Wasabi2].1 >= 50, "{largest:?}");
    let spec = world.spec();
    let wanted = spec.n_whirlpool_rounds
        + spec.n_wasabi_rounds
        + spec.n_wabisabi_rounds
        + spec.n_joinmarket_rounds;
    assert_eq!(largest.values().map(|row| row.0).sum::<u32>(), wanted, "{largest:?}");
    assert_eq!(truth.story.payjoins.len(), spec.n_payjoins as usize);
}

#[test]
fn prices_follow_the_chain_and_some_payments_follow_prices() {
    let (truth, history) = worlds::check(spec(5));
    assert_eq!(truth.prices.cents().len(), 400);
    let pairs = truth.prices.cents().windows(2);
    assert!(pairs.clone().all(|pair| pair[0].abs_diff(pair[1]) * 300 <= pair[0]), "{pairs:?}");
    let (mut money, mut all) = (0, 0);
    for (told, seen) in truth.transactions.iter().zip(&history.transactions) {
        let outputs = outputs(seen);
        if let (TransactionKind::Payment, [change], 2) = (told.kind, told.change, outputs.len()) {
            let Some((_, paid_sat)) = outputs[1 - *change as usize] else { continue };
            let price = truth.prices.cents_at(told.height).unwrap();
            let cents = (paid_sat * price).div_ceil(100_000_000);
            money += u32::from(cents % 500 == 0 && (paid_sat + 1) * price > cents * 100_000_000);
            all += 1;
        }
    }
    assert!(money * 100 > all * 15 && money * 100 < all * 50, "{money} of {all}");
}

#[test]
fn the_preset_is_pinned() {
    let blocks = World::new(WorldSpec::ownership(1).scaled_to(3_000)).unwrap().blocks();
    // A change of it changes every figure measured on simulated worlds, and must be meant.
    assert_eq!(
        worlds::digest(blocks),
        "cd67f8aa8da7baf39054507772564c55eaf00c61f846952d267bb63bcf2169ba"
    );
}

#[test]
fn worlds_grow() {
    for n in [2_000, 30_000, 3_000_000] {
        let spec = WorldSpec::ownership(1).scaled_to(n);
        assert!(World::new(spec).is_ok(), "{spec:?}");
        assert!(spec.n_transactions / (spec.n_blocks - 100) <= 2_000);
    }
    assert_eq!(WorldSpec::ownership(1).scaled_to(30_000), WorldSpec::ownership(1));
}

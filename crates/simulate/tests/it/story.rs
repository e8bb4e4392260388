//! The story really is on chain, and what it says of paths is so: found again by searches of this file.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Address, AddressFamily, TxId};
use tracehound_simulate::{FundsPath, OwnerId, OwnerKind, Truth, World, WorldSpec};

use crate::replay::{History, parsed};
use crate::worlds::medium;

fn told(spec: WorldSpec) -> (History, Truth) {
    let world = World::new(spec).unwrap();
    let mut blocks = world.blocks();
    (History::of(blocks.by_ref()), blocks.into_truth())
}

/// Every step is a transaction that spends from the step's start and pays its end.
#[track_caller]
fn check_path(path: &FundsPath, history: &History, truth: &Truth) {
    let addresses = path.addresses();
    assert_eq!(addresses.first(), Some(&truth.story.listed_address));
    assert_eq!(addresses.last(), Some(&truth.story.peeling_deposit));
    for (step, pair) in path.steps.iter().zip(addresses.windows(2)) {
        assert_eq!([step.from, step.to], pair);
        let seen = history.tx(step.tx_id);
        assert!(seen.payers().contains(&step.from));
        assert_eq!(seen.paid_to(step.to), Some(step.amount_sat));
    }
    let owner = |address| truth.ownership.owner_of(address).unwrap();
    let changes = addresses.windows(2).filter(|pair| owner(&pair[0]) != owner(&pair[1])).count();
    assert_eq!(changes, path.n_ownership_changes as usize);
}

fn places(path: &FundsPath, history: &History) -> Vec<usize> {
    path.steps.iter().map(|step| history.place[&step.tx_id]).collect()
}

/// Clusters by common input, rounds left out: the smallest address names a cluster.
fn clusters(history: &History, truth: &Truth) -> BTreeMap<Address, Address> {
    let rounds: BTreeSet<TxId> = truth.story.collaborative().into_iter().collect();
    let mut parent: BTreeMap<Address, Address> =
        history.addresses().into_iter().map(|address| (address, address)).collect();
    let root = |parent: &BTreeMap<Address, Address>, mut address: Address| {
        while parent[&address] != address {
            address = parent[&address];
        }
        address
    };
    for seen in history.transactions.iter().filter(|seen| !rounds.contains(&seen.id)) {
        let payers: Vec<_> = seen.payers().into_iter().collect();
        for pair in payers.windows(2) {
            let (a, b) = (root(&parent, pair[0]), root(&parent, pair[1]));
            parent.insert(a.max(b), a.min(b));
        }
    }
    parent.keys().map(|address| (*address, root(&parent, *address))).collect()
}

/// Payments between clusters in order of time: from, to, amount.
fn transfers(
    history: &History,
    cluster: &BTreeMap<Address, Address>,
) -> Vec<(Address, Address, u64)> {
    let mut rows = Vec::new();
    for seen in &history.transactions {
        let payers: BTreeSet<_> = seen.payers().iter().map(|payer| cluster[payer]).collect();
        for from in payers {
            rows.extend(seen.paid.iter().map(|(to, sat)| (from, cluster[to], *sat)));
        }
    }
    rows
}

/// Fewest payments from one cluster to another, each no earlier than the one before; only payments of at least
/// `least_sat` count.
fn fewest_hops(
    rows: &[(Address, Address, u64)],
    from: Address,
    to: Address,
    least_sat: u64,
) -> Option<usize> {
    // By cluster and hops: the first moment of arrival. One pass in order of time settles all of them.
    let mut reached: BTreeMap<Address, usize> = BTreeMap::from([(from, 0)]);
    for (payer, payee, sat) in rows {
        if let Some(hops) = reached.get(payer).copied().filter(|_| *sat >= least_sat) {
            let known = reached.entry(*payee).or_insert(usize::MAX);
            *known = (*known).min(hops + 1);
        }
    }
    reached.get(&to).copied()
}

#[track_caller]
fn check_paths(spec: WorldSpec) {
    let (history, truth) = told(spec);
    let story = &truth.story;
    for path in [&story.peeling, &story.shortcut, &story.decoy] {
        check_path(path, &history, &truth);
    }
    assert!(places(&story.peeling, &history).is_sorted());
    assert!(places(&story.shortcut, &history).is_sorted());
    assert!(!places(&story.decoy, &history).is_sorted(), "the decoy runs against time");

    let cluster = clusters(&history, &truth);
    let rows = transfers(&history, &cluster);
    let [start, end] = [story.listed_address, story.peeling_deposit].map(|a| cluster[&a]);
    let wide = story.peeling.bottleneck_sat();
    assert_eq!(fewest_hops(&rows, start, end, 0), Some(story.shortcut.steps.len()));
    assert_eq!(fewest_hops(&rows, start, end, wide), Some(story.peeling.steps.len()));
    assert_eq!(fewest_hops(&rows, start, end, wide + 1), None, "nothing is wider");
    let mut any_order: Vec<_> = rows.iter().rev().copied().collect();
    any_order.extend(&rows); // against time, then with it: the decoy's two steps can follow each other
    assert_eq!(fewest_hops(&any_order, start, end, 0), Some(story.decoy.steps.len()));
    assert!(story.shortcut.bottleneck_sat() < wide);
    for address in story.unlisted_addresses {
        assert_eq!(cluster[&address], start, "known by common input");
    }
}

#[test]
fn the_paths_to_the_deposit_are_as_told() {
    (20..24).for_each(|seed| check_paths(WorldSpec::small(seed)));
    check_paths(medium(2));
}

/// Owners that money of `start` can have come to, whatever the order.
fn reachable(history: &History, truth: &Truth, start: OwnerId) -> BTreeSet<OwnerId> {
    let owner = |address: &Address| truth.ownership.owner_of(address).unwrap();
    let mut edges: BTreeSet<(OwnerId, OwnerId)> = BTreeSet::new();
    for seen in &history.transactions {
        for payer in seen.payers() {
            edges.extend(seen.paid.iter().map(|(to, _)| (owner(&payer), owner(to))));
        }
    }
    let mut found = BTreeSet::from([start]);
    loop {
        let next = edges.iter().filter(|edge| found.contains(&edge.0)).map(|edge| edge.1);
        let before = found.len();
        let next: Vec<_> = next.collect();
        found.extend(next);
        if found.len() == before {
            return found;
        }
    }
}

#[test]
fn the_clean_customer_is_connected_to_nobody_dangerous() {
    let (history, truth) = told(WorldSpec::small(31));
    let story = &truth.story;
    let clean = story.clean_customer;
    assert_eq!(truth.ownership.owner_of(&story.clean_address), Some(clean));
    for dangerous in [story.sanctioned, story.ransomware, story.mixer] {
        assert!(!reachable(&history, &truth, dangerous).contains(&clean));
        assert!(!reachable(&history, &truth, clean).contains(&dangerous));
    }
    let spent = history.transactions.iter().filter(|seen| {
        seen.payers().iter().any(|payer| truth.ownership.owner_of(payer) == Some(clean))
    });
    assert_eq!(spent.count(), 4, "it does spend");
}

#[test]
fn two_addresses_are_together_only_through_a_third() {
    let (history, truth) = told(WorldSpec::small(32));
    let told = truth.story.explained;
    let together = |x, y| {
        let both =
            |seen: &&crate::replay::Seen| seen.everybody().is_superset(&BTreeSet::from([x, y]));
        history.transactions.iter().filter(both).map(|seen| seen.id).collect::<Vec<_>>()
    };
    assert_eq!(together(told.a, told.b), []);
    assert_eq!(together(told.a, told.through), [told.tx_a]);
    assert_eq!(together(told.b, told.through), [told.tx_b]);
    assert_eq!(history.tx(told.tx_a).payers(), BTreeSet::from([told.a, told.through]));
    assert_eq!(history.tx(told.tx_b).payers(), BTreeSet::from([told.b, told.through]));
}

#[test]
fn one_key_shows_in_three_forms() {
    let (history, truth) = told(WorldSpec::small(33));
    let told = truth.story.same_key;
    assert_eq!(told.p2pkh.payload(), told.p2wpkh.payload());
    assert_eq!(told.p2wpkh.family(), AddressFamily::P2wpkh);
    assert!(told.p2wpkh.siblings().any(|sibling| sibling == told.p2sh));
    assert_eq!(history.tx(told.p2pkh_spent_in).payers(), BTreeSet::from([told.p2pkh]));
    assert_eq!(history.tx(told.p2sh_spent_in).payers(), BTreeSet::from([told.p2sh]));
}

#[test]
fn escrows_hold_keys_of_three_owners() {
    let (history, truth) = told(WorldSpec::small(34));
    let paid = history.addresses();
    assert_eq!(truth.story.escrows.len(), 3);
    for escrow in &truth.story.escrows {
        assert_eq!(escrow.address.family(), AddressFamily::BareMultisig);
        let owners: BTreeSet<_> =
            escrow.key_addresses.iter().map(|key| truth.ownership.owner_of(key).unwrap()).collect();
        assert_eq!(owners.len(), 3);
        assert!(escrow.key_addresses.iter().all(|key| paid.contains(key)));
        assert!(history.tx(escrow.funded_in).paid_to(escrow.address).is_some());
        assert_eq!(history.tx(escrow.released_in).payers(), BTreeSet::from([escrow.address]));
    }
}

/// How many outputs hold the amount that comes most often; the smallest of several.
fn equal_outputs(seen: &crate::replay::Seen) -> (u64, usize) {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    seen.paid.iter().for_each(|row| *counts.entry(row.1).or_default() += 1);
    counts.into_iter().rev().max_by_key(|row| row.1).unwrap()
}

#[test]
fn rounds_have_the_shape_of_their_kind() {
    let spec = medium(6);
    let (history, truth) = told(spec);
    let story = &truth.story;
    assert_eq!(story.whirlpool_rounds.len(), spec.n_whirlpool_rounds as usize);
    assert_eq!(story.wasabi_rounds.len(), spec.n_wasabi_rounds as usize);
    for (number, id) in story.whirlpool_rounds.iter().enumerate() {
        let seen = history.tx(*id);
        let (size_sat, n) = equal_outputs(seen);
        assert!([100_000, 1_000_000, 5_000_000, 50_000_000].contains(&size_sat));
        assert!(number >= 3 || (size_sat, n) == (5_000_000, 5));
        assert!((5..=8).contains(&n) && seen.spent.len() == n && seen.paid.len() == n);
        assert_eq!(seen.everybody().len(), 2 * n, "different scripts");
        let over: Vec<_> = seen.spent.iter().map(|utxo| utxo.amount_sat - size_sat).collect();
        let new = over.iter().filter(|over| (100..=110_000).contains(*over)).count();
        let old = over.iter().filter(|over| **over == 0).count();
        assert!((1..=4).contains(&new) && old + new == n, "{over:?}");
    }
    for id in &story.wasabi_rounds {
        let seen = history.tx(*id);
        let (amount_sat, n) = equal_outputs(seen);
        assert!(n >= 10 && seen.spent.len() >= n && seen.payers().len() == seen.spent.len());
        assert!((9_500_000..=10_500_000).contains(&amount_sat));
        assert!(seen.paid_to(story.mixer_fee_address).is_some());
    }
    for id in &story.whirlpool_tx0s {
        let seen = history.tx(*id);
        assert_eq!(seen.transaction.output.len(), seen.paid.len() + 1, "one OP_RETURN");
        let fee = seen.paid.iter().find_map(|row| {
            let pools = [5_000, 50_000, 175_000, 1_750_000];
            pools.iter().position(|fee_sat| row.1 == *fee_sat)
        });
        let size_sat = [100_000, 1_000_000, 5_000_000, 50_000_000][fee.unwrap()];
        let premix = |row: &&(Address, u64)| (size_sat + 100..=size_sat + 110_000).contains(&row.1);
        let n_premix = seen.paid.iter().filter(premix).count();
        assert!(n_premix >= 1 && n_premix + 2 >= seen.paid.len());
    }
}

#[test]
fn ransoms_go_through_the_mixer_to_the_exchange() {
    let (history, truth) = told(WorldSpec::small(35));
    let story = &truth.story;
    for (address, id) in story.ransom_addresses.iter().zip(&story.ransom_payments) {
        assert!(history.tx(*id).paid_to(*address).is_some());
    }
    let gathered = history.tx(story.ransom_gathered_in).payers();
    assert_eq!(gathered, story.ransom_addresses.iter().copied().collect());
    let cashed = history.tx(story.ransom_cashed_in);
    let account = |row: &&tracehound_simulate::Deposit| row.account_of == story.ransomware;
    let deposit = story.exchange_deposits.iter().find(account).unwrap();
    assert!(cashed.paid_to(deposit.address).is_some());
    let source = crate::replay::name(cashed.transaction.input[0].previous_output.txid);
    assert!(story.collaborative().contains(&source));
}

#[test]
fn deposits_are_the_exchanges_and_are_swept_together() {
    let (history, truth) = told(WorldSpec::small(36));
    let story = &truth.story;
    let deposits: BTreeSet<_> = story.exchange_deposits.iter().map(|row| row.address).collect();
    assert!(deposits.contains(&story.peeling_deposit));
    for address in &deposits {
        assert_eq!(truth.ownership.owner_of(address), Some(story.exchange));
    }
    let sweeps = history.transactions.iter().filter(|seen| {
        seen.payers().len() >= 2 && deposits.is_superset(&seen.payers()) && seen.paid.len() == 1
    });
    assert!(sweeps.count() >= 5);
}

#[test]
fn lists_and_tags_name_what_the_story_names() {
    let (_, truth) = told(WorldSpec::small(37));
    let story = &truth.story;
    let listed: Vec<_> = story.sanctions_list().lines().map(parsed).collect();
    assert_eq!(listed, [story.listed_address]);
    let pack = story.tag_pack();
    let tagged: Vec<_> =
        pack.lines().filter_map(|line| line.strip_prefix("- address: ")).map(parsed).collect();
    assert_eq!(
        tagged,
        [story.exchange_hot_address, story.mixer_fee_address, story.ransom_addresses[0]]
    );
    let kinds = tagged.iter().map(|address| {
        let owner = truth.ownership.owner_of(address).unwrap();
        truth.ownership.owner(owner).kind
    });
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(kinds, [OwnerKind::Exchange, OwnerKind::Mixer, OwnerKind::Ransomware]);
}

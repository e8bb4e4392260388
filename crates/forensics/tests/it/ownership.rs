use forensics::decisions::{Decision, DecisionId, DecisionKind, Decisions, LinkKey, link_order};
use forensics::ownership::{Applied, Ownership};
use forensics::{ClusterRules, Clusters, FlowError, Guard, cluster_edges, links, links_among};
use ledger::notation::parse;
use ledger::{AddressId, ClusterEdge, Height, LedgerBatch, Link, TransactionView, TxIndex};
use proptest::collection::vec;
use proptest::prelude::*;
use tracehound_forensics as forensics;

use crate::worlds::{World, blocks, cut, cuts, n_addresses, world};

/// The transactions of `parts` in which one of the addresses takes part.
fn touching(parts: &[LedgerBatch], addresses: &[AddressId]) -> LedgerBatch {
    let is_among =
        |address: Option<AddressId>| address.is_some_and(|a| addresses.binary_search(&a).is_ok());
    let touches = |view: &TransactionView<'_>| {
        view.inputs.iter().any(|i| is_among(i.spent.and_then(|s| s.address)))
            || view.outputs.iter().any(|o| is_among(o.address))
    };
    let mut found = LedgerBatch::default();
    for view in parts.iter().flat_map(LedgerBatch::views).filter(touches) {
        found.transactions.push(view.row.clone());
        found.inputs.extend_from_slice(view.inputs);
        found.outputs.extend_from_slice(view.outputs);
    }
    found
}

fn step(
    state: &mut Ownership,
    past: &[LedgerBatch],
    part: &LedgerBatch,
    extra: &[Link],
) -> Result<Applied, FlowError> {
    state.apply(part, extra, |addresses| Ok::<_, FlowError>(touching(past, addresses)))
}

/// Labels and rows.
fn seen(state: &Ownership) -> (Vec<u32>, Vec<ClusterEdge>) {
    (state.clusters().labels(), state.cluster_edges())
}

/// The same from empty, at once.
fn from_empty(
    batch: &LedgerBatch,
    extra: &[Link],
    rules: &ClusterRules,
    n_addresses: u32,
) -> (Vec<u32>, Vec<ClusterEdge>) {
    let mut clusters = Clusters::new(rules.clone());
    clusters.apply(&[links(batch), extra.to_vec()].concat(), n_addresses);
    let labels = clusters.labels();
    let rows = cluster_edges([batch], &labels).unwrap();
    (labels, rows)
}

#[test]
fn a_merge_reads_the_lesser_part_again() {
    let world =
        parse("-> a:9 b:9 c:9\n a:2 -> d:2\n a:3 -> d:3\n c:1 -> d:1\n a:1 c:1 -> e:2").unwrap();
    let past = blocks(&world.batch, 0..4);
    let mut state = Ownership::default();
    step(&mut state, &[], &past, &[]).unwrap();
    assert_eq!(state.n_cluster_edges(), 2);
    let applied =
        step(&mut state, std::slice::from_ref(&past), &blocks(&world.batch, 4..5), &[]).unwrap();
    // Not the address with more transactions, though its name is the smaller one.
    assert_eq!(applied.moved, [world.id("c")]);
    assert_eq!((applied.n_read_again, applied.merges.len()), (2, 1));
    let (_, rows) = seen(&state);
    assert_eq!(rows[0].n_transactions, 3);
    assert_eq!(rows.len(), 2);
}

#[test]
fn what_is_missing_is_noticed_and_nothing_is_changed() {
    let world = parse("-> a:9 b:9 c:9\n a:2 -> d:2\n c:1 -> d:1\n a:1 c:1 -> e:2").unwrap();
    let past = blocks(&world.batch, 0..3);
    let mut state = Ownership::default();
    step(&mut state, &[], &past, &[]).unwrap();
    let before = seen(&state);
    let next = blocks(&world.batch, 3..4);
    let error = state.apply(&next, &[], |_moved| Ok::<_, FlowError>(LedgerBatch::default()));
    assert!(matches!(error, Err(FlowError::NotAll { .. })));
    assert_eq!(seen(&state), before);
    step(&mut state, &[past], &next, &[]).unwrap();
    let whole = from_empty(&world.batch, &[], &ClusterRules::default(), 5);
    assert_eq!(seen(&state), whole);
    let error = state.unwind(Height::new(1)).unwrap_err();
    assert_eq!(error, FlowError::Unwind { height: 1, height_min: 0 });
}

/// Links of another stage: the transaction shows, some blocks later, that two addresses are one owner's.
type Extra = Vec<(prop::sample::Index, u32, u32)>;

fn extra_links(world: &World, extra: &Extra) -> Vec<Link> {
    let of = |(at, a, b): &(prop::sample::Index, u32, u32)| {
        let row = &world.batch.transactions[at.index(world.batch.transactions.len())];
        let seen = n_addresses(&world.batch, row.index.get() + 1);
        let (a, b) = (a.checked_rem(seen)?, b.checked_rem(seen)?);
        let (tx, height) = (TxIndex::new(row.index.get() / 2), row.height);
        let (a, b) = (AddressId::new(a.min(b)), AddressId::new(a.max(b)));
        Some(Link { tx, height, a, b, heuristic: 4, confidence: 0.9, source: 1 })
    };
    let mut links: Vec<Link> = extra.iter().filter_map(of).filter(|l| l.a != l.b).collect();
    links.sort_by_key(link_order);
    links.dedup_by_key(|link| LinkKey::of(link));
    links
}

fn within(links: &[Link], part: &LedgerBatch) -> Vec<Link> {
    let is_there = |link: &&Link| part.blocks.iter().any(|block| block.height == link.height);
    links.iter().filter(is_there).copied().collect()
}

fn extras() -> impl Strategy<Value = Extra> {
    vec((any::<prop::sample::Index>(), any::<u32>(), any::<u32>()), 0..5)
}

fn rules(guard: u32, entities: &[(u32, u32)]) -> ClusterRules {
    let mut entities: Vec<_> = entities.iter().map(|(a, e)| (AddressId::new(*a), *e)).collect();
    entities.sort_unstable();
    entities.dedup();
    ClusterRules {
        guard: Guard { cluster_addresses_min: guard },
        entities,
        ..ClusterRules::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_cut_is_the_whole_and_goes_back(
        world in world(),
        cuts in cuts(),
        extra in extras(),
        guard in 1..4u32,
        entities in vec((0..12u32, 0..2u32), 0..4),
        restarts in any::<bool>(),
    ) {
        let (extra, rules) = (extra_links(&world, &extra), rules(guard, &entities));
        let parts = cut(&world.batch, &cuts);
        let mut state = Ownership::new(rules.clone());
        let mut before = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            before.push(seen(&state));
            let own = within(&extra, part);
            let applied = step(&mut state, &parts[..at], part, &own).unwrap();
            prop_assert_eq!(applied.links, [links(part), own].concat());
            let so_far = blocks(&world.batch, 0..u32::try_from(
                parts[..=at].iter().map(|p| p.blocks.len()).sum::<usize>()).unwrap());
            let n_addresses = state.clusters().n_addresses();
            let whole = from_empty(&so_far, &within(&extra, &so_far), &rules, n_addresses);
            prop_assert_eq!(seen(&state), whole);
            if restarts {
                let clusters = Clusters::from_parts(
                    &state.clusters().labels(),
                    state.clusters().held().to_vec(),
                    rules.clone(),
                    so_far.blocks.last().map(|block| block.height),
                ).unwrap();
                state = Ownership::from_parts(clusters, &state.cluster_edges()).unwrap();
            }
        }
        for (part, before) in parts.iter().zip(before).rev() {
            let Some(first) = part.blocks.first() else { continue };
            if restarts {
                prop_assert!(state.unwind(first.height).is_err());
                break;
            }
            state.unwind(first.height).unwrap();
            prop_assert_eq!(seen(&state), before);
        }
    }

    #[test]
    fn edges_follow_decisions_and_entities(
        world in world(),
        cuts in cuts(),
        extra in extras(),
        guard in 1..4u32,
        entities in vec((0..12u32, 0..2u32), 0..4),
        named in vec((any::<prop::sample::Index>(), any::<bool>()), 1..4),
    ) {
        let extra = extra_links(&world, &extra);
        let rules = rules(guard, &entities);
        let parts = cut(&world.batch, &cuts);
        let mut state = Ownership::new(ClusterRules { guard: rules.guard, ..ClusterRules::default() });
        for (at, part) in parts.iter().enumerate() {
            step(&mut state, &parts[..at], part, &within(&extra, part)).unwrap();
        }
        let all = [links(&world.batch), extra.clone()].concat();
        prop_assume!(!all.is_empty());
        let kind = |(at, accepts): &(prop::sample::Index, bool)| {
            let key = LinkKey::of(&all[at.index(all.len())]);
            if *accepts { DecisionKind::Accept(key) } else { DecisionKind::Withdraw(key) }
        };
        let log = named.iter().map(kind).zip(0..).map(|(kind, id)| Decision { id: DecisionId(id), kind });
        let decisions = Decisions::new(&log.collect::<Vec<_>>()).unwrap();
        let changed = Decisions::default().changed(&decisions, &all);
        let past = |addresses: &[AddressId]| Ok::<_, FlowError>(touching(&parts, addresses));
        let among = |touched: &[AddressId]| links_among(touched, &all);
        state.set_decisions(decisions.clone(), &changed, among, past).unwrap();
        let n_addresses = state.clusters().n_addresses();
        let decided = ClusterRules { decisions, guard: rules.guard, entities: Vec::new() };
        prop_assert_eq!(seen(&state), from_empty(&world.batch, &extra, &decided, n_addresses));
        state.set_entities(rules.entities.clone(), among, past).unwrap();
        let both = ClusterRules { entities: rules.entities, ..decided };
        prop_assert_eq!(seen(&state), from_empty(&world.batch, &extra, &both, n_addresses));
    }
}

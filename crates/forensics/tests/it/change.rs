//! The stage of change: laws, and every moment by a second reading of the whole ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use forensics::change::rules::RULES;
use forensics::change::{
    ChangeColumns, ChangeModel, ChangeState, ModelInForce, Observed, Verdict, revealed,
};
use forensics::heuristics::CHANGE;
use forensics::links;
use ledger::notation::parse;
use ledger::{Height, LedgerBatch, Link};
use proptest::prelude::*;
use simulate::random::{Shape, random_ledger};
use tracehound_forensics as forensics;

use crate::change_rules::linked;
use crate::change_train::{law_model, planted_model};
use crate::worlds::{blocks, cut, cuts, labels_by_minimum};

/// Rough, so that links are common.
static MODEL: LazyLock<ChangeModel> = LazyLock::new(|| law_model().with_threshold(0.45).unwrap());

fn in_force() -> Option<ModelInForce<'static>> {
    Some(ModelInForce { model: &MODEL, source: 7 })
}

fn apply(state: &mut ChangeState, batch: &LedgerBatch) -> Vec<Link> {
    state.apply(batch, in_force(), &|_| Some(4_000.0))
}

fn ledger(seed: u64) -> LedgerBatch {
    let shape = Shape { n_owners: 5, n_addresses: 40, undo_per_mille: 900, ..Shape::default() };
    random_ledger(seed, 14, shape).batch
}

#[test]
fn links_are_made_once_and_name_payer_and_change() {
    let mut n_links = 0;
    for seed in 0..40 {
        let batch = ledger(seed);
        let found = apply(&mut ChangeState::default(), &batch);
        let transactions: BTreeSet<_> = found.iter().map(|link| link.tx).collect();
        assert_eq!(transactions.len(), found.len());
        assert!(found.is_sorted_by_key(|link| link.height));
        for link in &found {
            let view = batch.views().find(|view| view.row.index == link.tx).unwrap();
            let payer =
                view.inputs.iter().map(|i| i.spent.unwrap()).filter_map(|s| s.address).min();
            let ends = [link.a, link.b];
            assert!(ends.contains(&payer.unwrap()) && link.a < link.b);
            assert!(view.outputs.iter().filter_map(|o| o.address).any(|a| ends.contains(&a)));
            assert!((link.heuristic, link.source) == (CHANGE, 7) && link.confidence >= 0.45);
            assert!(link.height >= view.row.height);
            // The change moved on by then.
            let spends = |input: &ledger::Input| {
                let spent = usize::try_from(input.previous.output).unwrap();
                input.previous.tx_id == view.row.id
                    && view.outputs[spent].address.is_some_and(|a| ends.contains(&a))
            };
            let moved_on = batch.views().any(|later| {
                later.row.height <= link.height
                    && later.outputs.len() > 1
                    && later.inputs.iter().any(spends)
            });
            assert!(moved_on, "{link:?}");
        }
        n_links += found.len();
    }
    assert!(n_links > 50, "{n_links}");
}

#[test]
fn no_model_and_no_threshold_make_no_links() {
    let batch = ledger(1);
    let mut state = ChangeState::default();
    assert!(state.apply(&batch, None, &|_| None).is_empty());
    let model = planted_model();
    assert_eq!(model.threshold(), None);
    let in_force = Some(ModelInForce { model: &model, source: 1 });
    assert!(ChangeState::default().apply(&batch, in_force, &|_| None).is_empty());
    assert!(!state.is_empty());
}

#[test]
fn parts_add_up_to_the_last_bit() {
    let mut n = 0;
    for seed in 0..5 {
        let batch = ledger(seed);
        let mut state = ChangeState::default();
        let links = apply(&mut state, &batch);
        for row in &batch.transactions {
            for judged in state.judgements(row.index, &MODEL) {
                let sum = judged.parts.iter().fold(judged.base, |sum, part| sum + part.log_odds);
                assert_eq!(sum.to_bits(), judged.log_odds.to_bits());
                assert!((0.0..=1.0).contains(&judged.probability));
                n += 1;
            }
        }
        // Unwound to the height of a link, the judgement is the one that made it.
        for link in &links {
            let mut then = ChangeState::default();
            apply(&mut then, &blocks(&batch, 0..link.height.get() + 1));
            let judged = then.judgements(link.tx, &MODEL);
            assert!(judged.iter().any(|j| [link.a, link.b].contains(&j.address)));
        }
    }
    assert!(n > 100, "{n}");
}

/// To explain a link, its own transactions do.
#[test]
fn a_link_is_explained_by_its_own_transactions() {
    let text = "-> a:9 q:7\n q:7 -> r:7\n a:9 -> b:5 c:4\n r:7 -> s:7\n c:4 -> x:4";
    let batch = linked(text);
    let mut whole = ChangeState::default();
    apply(&mut whole, &batch);
    let tx = batch.transactions[2].index;
    let mut part = LedgerBatch::default();
    for height in [0, 2, 4] {
        part.append(blocks(&batch, height..height + 1));
    }
    let mut alone = ChangeState::after(3);
    alone.apply(&part, None, &|_| Some(4_000.0));
    assert_eq!(alone.judgements(tx, &MODEL), whole.judgements(tx, &MODEL));
    assert_eq!(alone.judgements(tx, &MODEL).len(), 2);
}

#[test]
fn revealed_is_what_is_spent_together_later() {
    #[track_caller]
    fn check(text: &str, expected: &[(u64, u32)]) {
        let batch = linked(text);
        let mut observed = Observed::new(0, 1.0);
        ChangeState::default().observe(&batch, &|_| None, &mut observed);
        let found = revealed(&observed, &links(&batch));
        let found: Vec<_> = found.iter().map(|t| (t.tx.get(), t.change.unwrap())).collect();
        assert_eq!(found, expected, "{text}");
    }
    check("-> a:9 d:2\n a:9 -> b:5 c:4\n c:4 d:2 -> x:6\n a:1 d:1 -> y:2", &[(1, 1)]);
    // Both outputs; not yet; already in its own block.
    check("-> a:9 d:2\n a:9 -> b:5 c:4\n c:4 b:5 a:1 -> x:9", &[]);
    check("-> a:9 d:2\n a:9 -> b:5 c:4\n c:4 d:2 -> x:6", &[]);
    check("-> a:9 d:2 c:1\n a:2 c:1 -> z:3\n a:9 -> b:5 c:4\n c:4 a:2 -> x:6", &[]);
    assert!(parse("-> a:1").is_ok());
}

#[test]
fn a_settled_height_cannot_be_unwound() {
    let batch = ledger(3);
    let mut state = ChangeState::default();
    apply(&mut state, &batch);
    state.settle(Height::new(9));
    let error = state.unwind(Height::new(8)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "height 8 is below 9, up to which the state of change was settled"
    );
    assert!(error.hint().is_some());
    assert!(state.unwind(Height::new(9)).is_ok());
}

/// One rule at one moment, from the whole ledger.
fn naive(batch: &LedgerBatch, tx: u64, until: u64, rule: &str) -> Vec<Verdict> {
    let view = batch.views().find(|view| view.row.index.get() == tx).unwrap();
    let addresses: Vec<_> = view.outputs.iter().filter_map(|output| output.address).collect();
    let paid = |address, from: u64, to: u64| {
        let within = |o: &&ledger::Output| (from..to).contains(&o.tx.get());
        batch.outputs.iter().filter(within).any(|output| output.address == Some(address))
    };
    let n_seen = batch.outputs.iter().filter(|o| o.tx.get() < tx).filter_map(|o| o.address).max();
    let fresh = |address: ledger::AddressId| n_seen.is_none_or(|highest| address > highest);
    let verdict = |(place, address): (usize, &ledger::AddressId)| match rule {
        "fresh" => {
            let n_fresh = addresses.iter().filter(|other| fresh(**other)).count();
            if n_fresh == 1 && fresh(*address) { Verdict::For } else { Verdict::NoInformation }
        }
        _ => {
            // Of two outputs to one new address the first is watched.
            let again = |place: usize| {
                let address = addresses[place];
                let is_first = !addresses[..place].contains(&address);
                is_first && fresh(address) && paid(address, tx + 1, until + 1)
            };
            let all = (0..addresses.len()).all(again);
            if again(place) && !all { Verdict::Against } else { Verdict::NoInformation }
        }
    };
    addresses.iter().enumerate().map(verdict).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_cut_makes_the_same_links(seed in any::<u64>(), cuts in cuts(), settle in any::<bool>()) {
        let batch = ledger(seed);
        let (mut whole, mut by_part) = (ChangeState::default(), ChangeState::default());
        let expected = apply(&mut whole, &batch);
        let mut found = Vec::new();
        for part in cut(&batch, &cuts) {
            found.extend(apply(&mut by_part, &part));
            if let Some(last) = part.blocks.last().filter(|_| settle) {
                by_part.settle(last.height);
            }
            // As after a restart.
            by_part = ChangeState::from_columns(&by_part.to_columns()).unwrap();
        }
        prop_assert_eq!(found, expected);
        if !settle {
            prop_assert_eq!(by_part, whole);
        }
    }

    #[test]
    fn unwinding_undoes(seed in any::<u64>(), at in any::<prop::sample::Index>()) {
        let batch = ledger(seed);
        let bound = u32::try_from(at.index(batch.blocks.len() - 1)).unwrap();
        let mut before = ChangeState::default();
        let kept = apply(&mut before, &blocks(&batch, 0..bound + 1));
        let mut state = before.clone();
        let rest = blocks(&batch, bound + 1..u32::MAX);
        let again = apply(&mut state, &rest);
        prop_assert!(again.iter().all(|link| link.height.get() > bound));
        prop_assert!(kept.iter().all(|link| link.height.get() <= bound));
        state.unwind(Height::new(bound)).unwrap();
        prop_assert_eq!(&state, &before);
        prop_assert_eq!(apply(&mut state, &rest), again);
    }

    #[test]
    fn every_moment_is_as_the_whole_ledger_says(seed in any::<u64>()) {
        let batch = ledger(seed);
        let mut observed = Observed::new(0, 1.0);
        // A block at a time, so that the last transaction read is known.
        let mut state = ChangeState::default();
        state.observe(&batch, &|_| None, &mut observed);
        let spent_in: BTreeMap<_, _> =
            batch.inputs.iter().map(|input| (input.previous, input.tx.get())).collect();
        let mut moments: BTreeMap<u64, usize> = BTreeMap::new();
        for moment in &observed.moments {
            let nth = moments.entry(moment.tx.get()).or_default();
            let view = batch.views().find(|view| view.row.index == moment.tx).unwrap();
            let points = (0..).zip(view.outputs).filter(|(_, o)| o.address.is_some());
            let points = points.map(|(output, _)| ledger::OutPoint { tx_id: view.row.id, output });
            let spenders: BTreeSet<_> = points.filter_map(|p| spent_in.get(&p).copied()).collect();
            let until = if *nth == 0 { moment.tx.get() } else { *spenders.iter().nth(*nth - 1).unwrap() };
            *nth += 1;
            for rule in ["fresh", "paid_again"] {
                let at = RULES.iter().position(|known| known.name == rule).unwrap();
                let found: Vec<_> = moment.range().map(|row| observed.verdicts[row].get(at)).collect();
                prop_assert_eq!(found, naive(&batch, moment.tx.get(), until, rule), "{} at {}", rule, until);
            }
        }
    }

    #[test]
    fn revealed_agrees_with_repeated_minimum(seed in any::<u64>()) {
        let batch = ledger(seed);
        let mut observed = Observed::new(0, 1.0);
        ChangeState::default().observe(&batch, &|_| None, &mut observed);
        let links = links(&batch);
        let highest = batch.outputs.iter().filter_map(|o| o.address).max().unwrap().get();
        let labels = |height: u32| {
            let then: Vec<_> = links.iter().filter(|l| l.height.get() <= height).copied().collect();
            labels_by_minimum(&then, highest + 200)
        };
        let last = labels(u32::MAX);
        let mut expected = Vec::new();
        for moment in observed.moments.iter().filter(|m| m.tx_height == m.height) {
            let own = |labels: &[u32]| -> Vec<u32> {
                let is = |row: &usize| labels[observed.addresses[*row].index()] == labels[moment.payer.index()];
                moment.range().filter(is).map(|row| observed.positions[row]).collect()
            };
            let (then, later) = (own(&labels(moment.tx_height.get())), own(&last));
            if then.is_empty() && later.len() == 1 {
                expected.push((moment.tx, later[0]));
            }
        }
        expected.sort_unstable();
        expected.dedup();
        let found: Vec<_> =
            revealed(&observed, &links).iter().map(|t| (t.tx, t.change.unwrap())).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn damaged_columns_never_panic(seed in 0..8u64, column in 0..12usize, row in any::<prop::sample::Index>(), value in any::<u32>()) {
        let mut state = ChangeState::default();
        apply(&mut state, &ledger(seed));
        let mut columns = state.to_columns();
        let (n, m) = (columns.tx.len(), columns.address.len());
        let (tx, output) = (row.index(n), row.index(m));
        let byte = u8::try_from(value % 256).unwrap();
        match column {
            0 => columns.tx[tx] = u64::from(value),
            1 => columns.height[tx] = value,
            2 => columns.n_outputs[tx] = byte,
            3 => columns.flags[tx] = byte,
            4 => columns.address[output] = value,
            5 => columns.position[output] = value,
            6 => columns.verdicts[output] = u64::from(value) << 7,
            7 => columns.first_paid[output] = !columns.first_paid[output],
            8 => { columns.tx_id[tx] = columns.tx_id[0]; }
            9 => { columns.spent_at.pop(); }
            10 => { columns.payer[tx] = u32::MAX; }
            _ => { columns.seen_height.push(value); columns.seen_addresses.push(value); }
        }
        if let Ok(mut state) = ChangeState::from_columns(&columns) {
            let mut next = ledger(seed + 100);
            next.transactions.iter_mut().for_each(|row| row.height = Height::new(row.height.get() + 20));
            apply(&mut state, &next);
            let _ = state.unwind(Height::new(5));
        }
    }
}

#[test]
fn columns_of_nothing_are_nothing() {
    let nothing = ChangeState::from_columns(&ChangeState::default().to_columns()).unwrap();
    assert_eq!(nothing, ChangeState::default());
    let zeros = ChangeColumns { settled: u32::MAX, ..ChangeColumns::default() };
    assert_eq!(ChangeState::default().to_columns(), zeros);
}

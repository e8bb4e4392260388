//! Consolidations: cases by hand, and a second reading of a whole world.

use std::collections::BTreeMap;

use forensics::change::{ChangeModel, ChangeState, GATHERED_MIN, ModelInForce};
use forensics::collaborative::possible_protocols;
use forensics::heuristics::CONSOLIDATION;
use ingest::bitcoin::{Network, decode};
use ledger::{Height, InputMarks, LedgerBatch, Link, TransactionView};
use simulate::random::number;
use simulate::{World, WorldSpec};
use tracehound_forensics as forensics;

use crate::change_rules::linked;
use crate::change_train::law_model;

fn model() -> ChangeModel {
    // At 1 no change is linked, so that every link is of a consolidation.
    law_model().with_threshold(1.0).unwrap()
}

fn links(batch: &LedgerBatch, model: &ChangeModel) -> Vec<Link> {
    let in_force = Some(ModelInForce { model, source: 7 });
    let found = ChangeState::default().apply(batch, in_force, &|_| None);
    found.into_iter().filter(|link| link.heuristic == CONSOLIDATION).collect()
}

const GATHERED: &str = "-> a:1 b:1 c:1 d:1 e:1 f:1\n";

/// Links as `transaction@height`, after `tweak` made the wallets.
#[track_caller]
fn check(rest: &str, tweak: impl Fn(&mut LedgerBatch), expected: &[(u64, u32)]) {
    let mut batch = linked(&format!("{GATHERED}{rest}"));
    tweak(&mut batch);
    let found = links(&batch, &model());
    let places: Vec<_> = found.iter().map(|link| (link.tx.get(), link.height.get())).collect();
    assert_eq!(places, expected, "{rest}");
    for link in found {
        assert!(link.a < link.b && link.source == 0 && link.confidence > 0.99);
        assert_eq!(link.a.get(), 0, "the smallest address of the inputs");
    }
}

#[test]
fn coins_gathered_and_spent_by_the_same_wallet_are_one_owners() {
    let five = "a:1 b:1 c:1 d:1 e:1 -> x:5";
    let plain = |_: &mut LedgerBatch| {};
    check(&format!("{five}\n x:5 -> y:3 z:2"), plain, &[(1, 2)]);
    // The spender may have other inputs; the link is of the height at which it came.
    check(&format!("{five}\n f:1 -> w:1\n x:5 w:1 -> y:3 z:3"), plain, &[(1, 3)]);
    // Not spent; swept; four addresses; one twice; two outputs; an unknown input; to itself.
    check(five, plain, &[]);
    check(&format!("{five}\n x:5 -> y:5\n y:5 -> v:3 w:2"), plain, &[]);
    check("a:1 b:1 c:1 d:1 -> x:4\n x:4 -> y:2 z:2", plain, &[]);
    check("a:1 b:1 c:1 d:1 -> d:4\n d:4 -> y:2 z:2", plain, &[]);
    check("a:1 b:1 c:1 d:1 e:1 -> x:3 w:2\n x:3 -> y:2 z:1", plain, &[]);
    check("a:1 b:1 c:1 d:1 e:1 -> x:4 data:0\n x:4 -> y:2 z:2", plain, &[]);
    check("a:1 b:1 c:1 d:1 e:1 ?:3 -> x:8\n x:8 -> y:2 z:6", plain, &[]);
    check("a:1 b:1 c:1 d:1 e:1 -> a:5\n a:5 -> y:2 z:3", plain, &[]);
}

#[test]
fn another_wallet_spends_for_itself() {
    let text = "a:1 b:1 c:1 d:1 e:1 -> x:5\n x:5 -> y:3 z:2";
    check(text, |batch| batch.transactions[2].version = 1, &[]);
    check(text, |batch| batch.transactions[2].lock_time = 1, &[]);
    let last = |batch: &LedgerBatch| batch.inputs.len() - 1;
    let signal = |batch: &mut LedgerBatch| {
        let at = last(batch);
        batch.inputs[at].sequence = 1;
    };
    check(text, signal, &[]);
    let marks = |of_maker, of_spender| {
        move |batch: &mut LedgerBatch| {
            let at = last(batch);
            batch.inputs[..at].iter_mut().for_each(|input| input.marks = of_maker);
            batch.inputs[at].marks = of_spender;
        }
    };
    check(text, marks(InputMarks::COMPRESSED_KEY, InputMarks::UNCOMPRESSED_KEY), &[]);
    check(text, marks(InputMarks::LOW_R, InputMarks::HIGH_R), &[]);
    // High after low tells of another wallet; low after high is luck.
    check(text, marks(InputMarks::HIGH_R, InputMarks::LOW_R), &[(1, 2)]);
}

#[test]
fn without_a_model_nothing_is_inferred() {
    let batch = linked(&format!("{GATHERED}a:1 b:1 c:1 d:1 e:1 -> x:5\n x:5 -> y:3 z:2"));
    assert!(ChangeState::default().apply(&batch, None, &|_| None).is_empty());
}

/// Transaction and address of the output, from the rows alone.
fn naive(batch: &LedgerBatch) -> Vec<(u64, u32)> {
    let spenders: BTreeMap<_, _> = batch.views().fold(BTreeMap::new(), |mut spenders, view| {
        view.inputs.iter().for_each(|input| {
            spenders.entry(input.previous).or_insert((view, *input));
        });
        spenders
    });
    let lock = |view: &TransactionView<'_>| match (view.row.lock_time, view.row.height.get()) {
        (0, _) => 0,
        (time, height) if time < height && height - time <= 100 => 1,
        _ => 2,
    };
    let signals = |sequence: u32| sequence < u32::MAX - 1;
    let found = batch.views().filter_map(|view| {
        let [output] = view.outputs else { return None };
        let address = output.address?;
        let payers: Option<std::collections::BTreeSet<_>> =
            view.inputs.iter().map(|input| input.spent?.address).collect();
        let payers = payers?;
        if payers.len() < GATHERED_MIN
            || payers.contains(&address)
            || possible_protocols(&view).any()
        {
            return None;
        }
        let (spender, input) = spenders.get(&ledger::OutPoint { tx_id: view.row.id, output: 0 })?;
        let has = |mark, inputs: &[ledger::Input]| inputs.iter().any(|i| i.marks.contains(mark));
        let unlike = |common, rare| {
            let (maker, of_spender) = (view.inputs, std::slice::from_ref(input));
            let class = |inputs| match (has(rare, inputs), has(common, inputs)) {
                (true, _) => 2,
                (false, true) => 1,
                _ => 0,
            };
            (class(maker), class(of_spender))
        };
        let keys = unlike(InputMarks::COMPRESSED_KEY, InputMarks::UNCOMPRESSED_KEY);
        let signatures = unlike(InputMarks::LOW_R, InputMarks::HIGH_R);
        let lowest = view.inputs.iter().map(|input| input.sequence).min()?;
        let same = spender.outputs.len() >= 2
            && spender.row.version == view.row.version
            && lock(spender) == lock(&view)
            && signals(input.sequence) == signals(lowest)
            && ![(1, 2), (2, 1)].contains(&keys)
            && signatures != (1, 2);
        same.then_some((view.row.index.get(), address.get()))
    });
    found.collect()
}

#[test]
fn every_consolidation_of_a_world_is_as_its_rows_say() {
    let mut n = 0;
    for seed in [1, 2] {
        let world = World::new(WorldSpec::ownership(seed).scaled_to(3_000)).unwrap();
        let block = |(height, bytes): (u32, Vec<u8>)| {
            decode::block(&bytes, Height::new(height), Network::Regtest).unwrap()
        };
        let batch = number(&(0..).zip(world.blocks()).map(block).collect::<Vec<_>>()).batch;
        let mut found: Vec<_> = links(&batch, &model())
            .iter()
            .map(|link| {
                let view = batch.views().find(|view| view.row.index == link.tx).unwrap();
                let address = view.outputs[0].address.unwrap();
                assert!([link.a, link.b].contains(&address));
                (link.tx.get(), address.get())
            })
            .collect();
        found.sort_unstable();
        assert_eq!(found, naive(&batch));
        n += found.len();
    }
    assert!(n > 5, "{n}");
}

//! The two laws of an incremental system, for everything that the store holds: any cut of the same blocks gives the
//! same rows and bytes, and unwinding undoes applying.

use engine::Engine;
use ledger::{DecodedBlock, Height, tables};
use proptest::prelude::*;
use simulate::random::{RandomChain, Shape};
use store::{Snapshot, Store};

use crate::{NOW, Scratch};

/// Everything that a ledger of blocks determines, as text: rows of all tables, columns, dictionaries, mapped files.
fn contents(engine: &Engine) -> Vec<(String, String)> {
    let snapshot = Store::open(engine.dir()).unwrap().snapshot().unwrap();
    let mut contents = Vec::new();
    // What happened to an alert, and when, is history and no view: it follows from when runs were made.
    let is_view = |table: &str| !table.starts_with("alert_");
    for (table, entry) in snapshot.manifest().tables.iter().filter(|row| is_view(row.0)) {
        for partition in entry.partitions.keys() {
            let rows = rows(&snapshot, table, partition);
            if !rows.is_empty() {
                contents.push((format!("table {table}/{partition}"), rows));
            }
        }
    }
    for name in snapshot.manifest().columns.keys() {
        let column = snapshot.column(name).unwrap();
        let records: Vec<_> =
            (0..column.len()).map(|at| column.get(at).unwrap().to_vec()).collect();
        contents.push((format!("column {name}"), format!("{records:?}")));
    }
    for name in snapshot.manifest().dictionaries.keys() {
        let dictionary = snapshot.dictionary(name).unwrap();
        let keys: Vec<_> =
            (0..dictionary.len()).map(|id| dictionary.key(id).unwrap().to_vec()).collect();
        contents.push((format!("dictionary {name}"), format!("{keys:?}")));
    }
    for name in snapshot.manifest().mapped.keys() {
        contents.push((format!("mapped {name}"), format!("{:?}", snapshot.mapped(name).unwrap())));
    }
    for (name, value) in &snapshot.manifest().checkpoints {
        contents.push((format!("checkpoint {name}"), value.to_string()));
    }
    contents
}

fn rows(snapshot: &Snapshot, table: &str, partition: &str) -> String {
    let batches = snapshot.scan(table, partition, None, None).unwrap();
    let batches: Vec<_> =
        batches.map(Result::unwrap).filter(|batch| batch.num_rows() > 0).collect();
    let Some(first) = batches.first() else { return String::new() };
    format!("{:?}", arrow::compute::concat_batches(&first.schema(), &batches).unwrap())
}

#[track_caller]
pub(crate) fn check_same(one: &Engine, other: &Engine) {
    for (left, right) in contents(one).into_iter().zip(contents(other)) {
        assert_eq!(left, right);
    }
    assert_eq!(contents(one).len(), contents(other).len());
}

/// A store with the blocks taken in as one commit and one run.
fn at_once(blocks: &[DecodedBlock]) -> Scratch {
    let scratch = Scratch::new();
    scratch.engine.ingest_blocks(blocks, NOW).unwrap();
    scratch.engine.run(NOW, &engine::Unwatched).unwrap();
    scratch
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_store(seed in any::<u64>(), cuts in proptest::collection::vec((1usize..6, any::<bool>()), 1..8)) {
        let mut chain = RandomChain::new(seed, Shape::default());
        let blocks = chain.next_blocks(20);
        let cut = Scratch::new();
        let mut rest = blocks.as_slice();
        for (n, with_run) in cuts {
            let (part, after) = rest.split_at(n.min(rest.len()));
            rest = after;
            if part.is_empty() {
                break;
            }
            cut.engine.ingest_blocks(part, NOW).unwrap();
            if with_run {
                cut.engine.run(NOW, &engine::Unwatched).unwrap();
            }
        }
        if !rest.is_empty() {
            cut.engine.ingest_blocks(rest, NOW).unwrap();
        }
        cut.engine.run(NOW, &engine::Unwatched).unwrap();
        check_same(&cut.engine, &at_once(&blocks).engine);
    }

    #[test]
    fn unwinding_undoes_and_a_branch_equals_a_fresh_ledger(seed in any::<u64>(), kept in 1u32..12, run_before in any::<bool>()) {
        let mut chain = RandomChain::new(seed, Shape::default());
        let common = chain.next_blocks(kept);
        let mut other = chain.fork(1);
        let stale = chain.next_blocks(5);
        let branch = other.next_blocks(6);
        let scratch = Scratch::new();
        scratch.engine.ingest_blocks(&common, NOW).unwrap();
        scratch.engine.ingest_blocks(&stale, NOW).unwrap();
        if run_before {
            scratch.engine.run(NOW, &engine::Unwatched).unwrap();
        }
        let last = common.last().unwrap().height;
        let report = scratch.engine.unwind_bitcoin(last, NOW).unwrap();
        prop_assert_eq!(report.blocks_unwound, stale.len() as u64);
        scratch.engine.ingest_blocks(&branch, NOW).unwrap();
        scratch.engine.run(NOW, &engine::Unwatched).unwrap();
        let all: Vec<_> = common.iter().chain(&branch).cloned().collect();
        check_same(&scratch.engine, &at_once(&all).engine);
        let report = scratch.engine.verify(true, &engine::Unwatched).unwrap();
        prop_assert!(report.all_holds(), "{:?}", report);
    }
}

/// The rows that intake makes are those of a naive numbering, which shares no code with it.
#[test]
fn rows_are_those_of_the_naive_numbering() {
    for seed in 0..20 {
        let blocks = RandomChain::new(seed, Shape::default()).next_blocks(15);
        let scratch = at_once(&blocks);
        let expected = simulate::random::number(&blocks);
        let snapshot = Store::open(scratch.engine.dir()).unwrap().snapshot().unwrap();
        let batches = |table: &str| {
            let scan = snapshot.scan(table, "bitcoin", None, None).unwrap();
            scan.map(Result::unwrap).collect::<Vec<_>>()
        };
        let outputs: Vec<_> =
            batches("outputs").iter().flat_map(|b| tables::outputs_from(b).unwrap()).collect();
        let inputs: Vec<_> =
            batches("inputs").iter().flat_map(|b| tables::inputs_from(b).unwrap()).collect();
        let aliases: Vec<_> =
            batches("aliases").iter().flat_map(|b| tables::aliases_from(b).unwrap()).collect();
        assert_eq!(outputs, expected.batch.outputs, "seed {seed}");
        assert_eq!(inputs, expected.batch.inputs, "seed {seed}");
        assert_eq!(aliases, expected.batch.aliases, "seed {seed}");
        let dictionary = snapshot.dictionary("addresses").unwrap();
        let keys: Vec<_> =
            (0..dictionary.len()).map(|id| dictionary.key(id).unwrap().to_vec()).collect();
        assert_eq!(keys, expected.addresses.iter().map(|a| a.key().to_vec()).collect::<Vec<_>>());
    }
}

#[test]
fn everything_can_be_unwound() {
    let mut chain = RandomChain::new(7, Shape::default());
    let blocks = chain.next_blocks(8);
    let scratch = at_once(&blocks);
    let first = blocks[0].height;
    scratch.engine.unwind_bitcoin(first, NOW).unwrap();
    scratch.engine.run(NOW, &engine::Unwatched).unwrap();
    check_same(&scratch.engine, &at_once(&blocks[..1]).engine);
}

#[test]
fn a_block_that_does_not_follow_is_refused() {
    let mut chain = RandomChain::new(3, Shape::default());
    let blocks = chain.next_blocks(4);
    let scratch = at_once(&blocks[..2]);
    let before = contents(&scratch.engine);
    let error = scratch.engine.ingest_blocks(&blocks[3..], NOW).unwrap_err();
    assert!(error.to_string().contains("does not follow"), "{error}");
    assert_eq!(contents(&scratch.engine), before);
    assert_eq!(blocks[1].height, Height::new(blocks[0].height.get() + 1));
}

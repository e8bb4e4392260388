//! A simulated world taken in as the demonstration does, against its truth.

use std::path::Path;

use engine::{
    BitcoinSource, DemoOptions, Engine, IngestOptions, ScreenOptions, TraceTarget, Unwatched,
    Verdict,
};
use ledger::Chain;
use simulate::{World, WorldSpec};

use crate::NOW;

fn demo(dir: &Path, seed: u64) -> engine::DemoReport {
    let options = DemoOptions { seed, n_transactions: Some(900) };
    Engine::demo(dir, &options, NOW, &Unwatched).unwrap()
}

#[test]
fn the_demo_answers_agree_with_the_truth_for_any_seed() {
    for seed in [1, 2, 3] {
        let dir = tempfile::tempdir().unwrap();
        let report = demo(dir.path(), seed);
        for question in &report.questions {
            assert!(question.agrees, "seed {seed}: {question:#?}");
        }
        assert_eq!(report.status.inputs_unknown, 0);
        assert_eq!(report.list.added_in_ledger, 1);
        assert_eq!(report.status.listed_addresses, 1);
        assert!(report.status.tagged_addresses >= 3, "{:?}", report.status.tagged_addresses);
    }
}

#[test]
fn no_cluster_joins_two_owners() {
    let dir = tempfile::tempdir().unwrap();
    let report = demo(dir.path(), 11);
    assert_eq!(report.ownership.pairs_wrong, 0, "{:?}", report.ownership);
    assert!(report.ownership.pairs_right > 100, "{:?}", report.ownership);
    assert!(report.run.mixing_transactions > 0);
}

#[test]
fn everybody_finds_their_place_in_screening() {
    let dir = tempfile::tempdir().unwrap();
    let report = demo(dir.path(), 5);
    let engine = Engine::open(&report.store, &[]).unwrap();
    let view = engine.view().unwrap();
    let world = World::new(WorldSpec { n_transactions: 900, ..WorldSpec::small(5) }).unwrap();
    let story = &world.truth().story;
    #[track_caller]
    fn check(view: &engine::View, address: &ledger::Address, verdict: Verdict) {
        let text = address.display(Chain::Bitcoin);
        let answer = view.screen(&text, &ScreenOptions::default()).unwrap();
        assert_eq!(answer.verdict, verdict, "{answer:#?}");
        assert_eq!(answer.hit, verdict >= Verdict::ClusterListed);
    }
    check(&view, &story.listed_address, Verdict::Listed);
    check(&view, &story.unlisted_addresses[0], Verdict::ClusterListed);
    check(&view, &story.unlisted_addresses[1], Verdict::ClusterListed);
    check(&view, &story.peeling_deposit, Verdict::Connected);
    let clean = view
        .screen(&story.clean_address.display(Chain::Bitcoin), &ScreenOptions::default())
        .unwrap();
    assert!(clean.proximity.from_listed.is_none(), "{clean:#?}");
    assert!(clean.direct.is_empty() && clean.cluster_hits.is_empty());
}

#[test]
fn proximity_and_trace_agree() {
    let dir = tempfile::tempdir().unwrap();
    let report = demo(dir.path(), 6);
    let view = Engine::open(&report.store, &[]).unwrap().view().unwrap();
    let world = World::new(WorldSpec { n_transactions: 900, ..WorldSpec::small(6) }).unwrap();
    let story = &world.truth().story;
    let listed = story.listed_address.display(Chain::Bitcoin);
    for owned in world.truth().ownership.address_owner.iter().step_by(7) {
        let text = owned.0.display(Chain::Bitcoin);
        let near = view.screen(&text, &ScreenOptions::default()).unwrap().proximity.from_listed;
        let mut options = view.trace_options();
        options.degree_max = u64::MAX;
        let traced = view.trace(&listed, &TraceTarget::Address(text.clone()), &options).unwrap();
        assert_eq!(traced.shortest_truncated_by, None, "{text}");
        assert_eq!(near.map(|near| near.hops), traced.shortest.map(|path| path.hops), "{text}");
    }
}

#[test]
fn bytes_that_are_no_block_are_refused_unless_told_to_be_passed_over() {
    let scratch = crate::Scratch::on_regtest();
    let world = World::new(WorldSpec::small(3)).unwrap();
    let mut file = Vec::new();
    for (height, block) in world.blocks().enumerate() {
        file.extend(simulate::blk_record(&block));
        if height == 50 {
            file.extend([0xee; 100]);
        }
    }
    let folder = scratch.dir.path().join("blocks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("blk00000.dat"), file).unwrap();
    let source = BitcoinSource::Path(vec![folder]);
    let refused = scratch
        .engine
        .ingest_bitcoin(&source, &IngestOptions::default(), NOW, &Unwatched)
        .unwrap_err();
    assert!(refused.hint().unwrap().contains("--skip-garbage"), "{refused}");
    let options = IngestOptions { skip_garbage: true, ..IngestOptions::default() };
    let report = scratch.engine.ingest_bitcoin(&source, &options, NOW, &Unwatched).unwrap();
    let held = scratch.engine.view().unwrap().status(NOW).unwrap().blocks;
    assert_eq!(held, u64::from(world.spec().n_blocks));
    assert!(report.notes.iter().any(|note| note.contains("100")), "{:?}", report.notes);
}

#[test]
fn a_second_intake_of_the_same_blocks_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let report = demo(dir.path(), 8);
    let engine = Engine::open(&report.store, &[]).unwrap();
    let before = engine.view().unwrap().snapshot_id().to_owned();
    let source = BitcoinSource::Path(vec![dir.path().join("blocks")]);
    let again = engine.ingest_bitcoin(&source, &IngestOptions::default(), NOW, &Unwatched).unwrap();
    assert_eq!((again.blocks, again.commits), (0, 0));
    assert_eq!(again.blocks_held, report.status.blocks);
    assert!(engine.run(NOW, &Unwatched).unwrap().up_to_date);
    assert_eq!(engine.view().unwrap().snapshot_id(), before);
}

#[test]
fn a_flipped_bit_is_found_and_never_reads_as_clear() {
    let dir = tempfile::tempdir().unwrap();
    let report = demo(dir.path(), 9);
    assert!(
        Engine::open(&report.store, &[]).unwrap().verify(true, &Unwatched).unwrap().all_holds()
    );
    let file = largest_file(&report.store.join("tables").join("outputs"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let found = Engine::open(&report.store, &[]).unwrap().verify(false, &Unwatched).unwrap();
    assert!(!found.sound);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(found.damage.iter().any(|damage| damage.contains(name)), "{found:?}");
}

fn largest_file(folder: &Path) -> std::path::PathBuf {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.into_iter().max_by_key(|file| file.metadata().unwrap().len()).unwrap()
}

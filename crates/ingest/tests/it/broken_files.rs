//! Damaged and foreign files: each is one error that names file, offset and what to do.

use std::path::{Path, PathBuf};

use bitcoin::consensus::serialize;
use ledger::Height;
use tempfile::TempDir;
use tracehound_ingest::bitcoin::{Network, block_files, core_directory, open};
use tracehound_ingest::source::{
    BatchLimit, Held, Options, Source, SourceError, SourceFault, Step,
};

use crate::served::{Served, Way, framed, held, options, pull};
use crate::world::World;

/// One plain `blk00000.dat` of the whole world, changed.
fn core(change: impl FnOnce(&mut Vec<u8>)) -> (TempDir, PathBuf) {
    let mut bytes: Vec<u8> =
        World::new().best.iter().flat_map(|block| framed(&serialize(block))).collect();
    change(&mut bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blk00000.dat");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(folder: &Path, options: &Options) -> Result<usize, SourceError> {
    let mut source = core_directory(folder, &Held::nothing(), options)?;
    Ok(pull(&mut source, BatchLimit::default())?.1.len())
}

/// Where the record of a height begins in [`core`].
fn record(height: usize) -> usize {
    World::new().best[..height].iter().map(|block| serialize(block).len() + 8).sum()
}

#[test]
fn damage_is_one_error_with_file_and_offset() {
    #[track_caller]
    fn check(change: impl FnOnce(&mut Vec<u8>), offset: usize, says: &str, hint: &str) {
        let (folder, path) = core(change);
        let error = read(folder.path(), &options()).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().unwrap().contains(hint), "{:?}", error.hint());
        assert_eq!(error.place.path(), Some(path.as_path()));
        assert_eq!(error.place.offset(), Some(offset as u64), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
    let third = record(3);
    check(|bytes| bytes[third] = 1, third, "wrong magic 01bfb5da", "--skip-garbage");
    check(
        |bytes| bytes[third..third + 4].copy_from_slice(&Network::Signet.magic()),
        third,
        "of signet, not of regtest",
        "--network signet",
    );
    let last = record(5);
    check(|bytes| bytes.truncate(last + 100), last, "truncated", "copy the file again");
    check(|bytes| bytes.truncate(last + 6), last, "truncated", "copy the file again");
    check(|bytes| bytes.truncate(last + 3), last, "truncated", "copy the file again");
    check(|bytes| bytes[third + 8 + 200] ^= 1, third + 8 + 36, "merkle root", "damaged");
    check(|bytes| bytes[third + 8 + 75] ^= 1, third + 8 + 72, "target", "--network");
    check(|bytes| bytes[third + 7] = 1, third, "truncated", "copy the file again");
    let genesis = serialize(&bitcoin::constants::genesis_block(bitcoin::Network::Testnet));
    check(
        |bytes| bytes.splice(0..0, framed(&genesis)).for_each(drop),
        8,
        "of testnet3, not of regtest",
        "--network testnet3",
    );
}

#[test]
fn the_good_blocks_before_a_damaged_one_come_first() {
    let third = record(3);
    let (folder, _) = core(|bytes| bytes[third + 8 + 200] ^= 1);
    let mut source = core_directory(folder.path(), &Held::nothing(), &options()).unwrap();
    let Step::Blocks(blocks) = source.next(BatchLimit::default()).unwrap() else { panic!() };
    assert_eq!(blocks.len(), 3);
    assert!(source.next(BatchLimit::default()).is_err());
    assert_eq!(source.next(BatchLimit::default()).unwrap(), Step::End);
}

#[test]
fn a_header_that_became_another_leaves_the_rest_detached() {
    let third = record(3);
    for nonce in 0..=255 {
        let (folder, _) = core(|bytes| bytes[third + 8 + 79] = nonce);
        let is_good = nonce == 0;
        match read(folder.path(), &options()) {
            Ok(n_blocks) => assert!(is_good && n_blocks == 6),
            Err(error) => {
                assert!(!is_good);
                let expected =
                    matches!(*error.fault, SourceFault::Block(_) | SourceFault::Detached { .. });
                assert!(expected, "{error}");
            }
        }
    }
}

#[test]
fn garbage_between_records_is_passed_over_when_told_to() {
    let third = record(3);
    let (folder, _) = core(|bytes| bytes.splice(third..third, [7; 1000]).for_each(drop));
    assert!(read(folder.path(), &options()).is_err());
    let options = Options { skip_garbage: true, ..options() };
    let mut source = core_directory(folder.path(), &Held::nothing(), &options).unwrap();
    assert!(source.plan().notes[0].starts_with("1000 bytes"), "{:?}", source.plan().notes);
    assert_eq!(pull(&mut source, BatchLimit::default()).unwrap().1.len(), 6);
}

#[test]
fn a_copy_is_counted_and_a_different_copy_refused() {
    let world = World::new();
    let block = serialize(&world.best[4]);
    let (folder, _) = core(|bytes| bytes.extend(framed(&block)));
    let source = core_directory(folder.path(), &Held::nothing(), &options()).unwrap();
    assert_eq!((source.plan().n_blocks, source.plan().n_duplicates), (6, 1));
    let mut stripped = world.best[4].clone();
    for tx in &mut stripped.txdata {
        tx.input.iter_mut().for_each(|input| input.witness.clear());
    }
    let (folder, _) = core(|bytes| bytes.extend(framed(&serialize(&stripped))));
    let error = read(folder.path(), &options()).unwrap_err();
    assert!(matches!(*error.fault, SourceFault::Twice { .. }), "{error}");
    assert!(error.place.offset().is_some() && error.hint().unwrap().contains("damaged"));
}

#[test]
fn damaged_undo_data_is_an_error_and_missing_undo_data_is_not() {
    let world = World::new();
    let served = Served::new(Way::CoreDirectory, &world, &world.best, &[]);
    let blocks = served.path().join("blocks");
    let undo = ["rev00000.dat", "rev00001.dat"].map(|name| blocks.join(name));
    let good = undo.each_ref().map(|path| std::fs::read(path).unwrap());
    let mut n_refused = 0;
    for (path, good) in undo.iter().zip(&good) {
        let end = good.len() - 100; // padding
        for at in (0..end).step_by(7) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x10;
            std::fs::write(path, bytes).unwrap();
            let outcome = served
                .open(&Held::nothing(), &options())
                .and_then(|mut source| pull(source.as_mut(), BatchLimit::default()));
            let error = outcome.expect_err("a flipped bit in undo data");
            assert_eq!(error.place.path(), Some(path.as_path()), "byte {at}: {error}");
            n_refused += 1;
        }
        std::fs::write(path, good).unwrap();
    }
    assert!(n_refused > 20);
    undo.iter().for_each(|path| std::fs::remove_file(path).unwrap());
    let mut source = served.open(&Held::nothing(), &options()).unwrap();
    let (_, delivered) = pull(source.as_mut(), BatchLimit::default()).unwrap();
    assert_eq!(delivered.iter().filter(|block| block.block.has_spent_outputs).count(), 3);
}

#[test]
fn a_height_that_nobody_tells_must_be_given() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let mut block = world.best[5].clone();
    block.header.version = bitcoin::block::Version::ONE; // says no height
    crate::world::remine(&mut block);
    std::fs::write(folder.path().join("x.blk"), serialize(&block)).unwrap();
    let paths = [folder.path().to_owned()];
    let error = block_files(&paths, &Held::nothing(), &options()).unwrap_err();
    assert!(matches!(*error.fault, SourceFault::HeightUnknown { .. }), "{error}");
    assert!(error.hint().unwrap().contains("--first-height"));
    let told = Options { first_height: Some(Height::new(5)), ..options() };
    let source = block_files(&paths, &Held::nothing(), &told).unwrap();
    assert_eq!(source.plan().heights, Some((Height::new(5), Height::new(5))));
    let held = held(0, &world.best[..5]);
    let source = block_files(&paths, &held, &options()).unwrap();
    assert_eq!(source.plan().heights, Some((Height::new(5), Height::new(5))), "from its parent");
}

#[test]
fn a_coinbase_that_names_another_height_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let liar = crate::world::mine(&world.best[5], 7, 0, vec![]);
    std::fs::write(folder.path().join("x.blk"), serialize(&liar)).unwrap();
    let paths = [folder.path().to_owned()];
    let mut source = block_files(&paths, &held(0, &world.best), &options()).unwrap();
    let error = source.next(BatchLimit::default()).unwrap_err();
    assert!(error.to_string().contains("at height 6 in the chain, but says 7"), "{error}");
}

#[test]
fn other_files_are_named_and_an_empty_folder_is_an_error() {
    let world = World::new();
    let served = Served::new(Way::BlockFiles, &world, &world.best, &[]);
    let source = block_files(&[served.path().to_owned()], &Held::nothing(), &options()).unwrap();
    assert_eq!(source.plan().ignored, [served.path().join("notes.txt")]);
    let empty = tempfile::tempdir().unwrap();
    let error = block_files(&[empty.path().to_owned()], &Held::nothing(), &options()).unwrap_err();
    assert!(error.hint().unwrap().contains(".blk"), "{error}");
    let error = core_directory(empty.path(), &Held::nothing(), &options()).unwrap_err();
    assert!(matches!(*error.fault, SourceFault::Nothing(_)), "{error}");
    let nowhere = empty.path().join("nowhere");
    let error = block_files(&[nowhere], &Held::nothing(), &options()).unwrap_err();
    assert!(error.to_string().contains("nowhere") && error.hint().is_some(), "{error}");
}

#[test]
fn a_path_is_told_by_what_is_in_it() {
    let world = World::new();
    for way in Way::ALL.into_iter().filter(|way| !way.is_node()) {
        let served = Served::new(way, &world, &world.best, &[]);
        let mut source = open(&[served.path().to_owned()], &Held::nothing(), &options()).unwrap();
        let kind = source.plan().description.clone();
        let word = match way {
            Way::CoreDirectory => "Bitcoin Core",
            Way::BlockFiles => "blocks in",
            _ => "bitcoin-etl",
        };
        assert!(kind.contains(word), "{way:?}: {kind}");
        assert_eq!(pull(source.as_mut(), BatchLimit::default()).unwrap().1.len(), 6, "{way:?}");
    }
}

//! One contract, every source: the same chain must come out of each, from any state of the ledger.

use bitcoin::Block;
use ledger::{DecodedBlock, Height};
use tracehound_ingest::source::{BatchLimit, Delivered, Options, SourceFault, Step};

use crate::served::{Served, Way, held, options, pull};
use crate::world::World;

/// What `way` can tell of a block.
fn told(way: Way, mut block: DecodedBlock) -> DecodedBlock {
    if !way.tells_spent() {
        block.inputs.iter_mut().for_each(|input| input.spent = None);
        block.has_spent_outputs = block.inputs.is_empty();
    }
    if way.is_export() {
        // The format has no witnesses and no scripts of spent outputs: what only these say is missing.
        block.aliases.clear();
        for input in &mut block.inputs {
            input.marks = ledger::InputMarks::default();
            use ledger::AddressFamily as Family;
            let family = input.spent.and_then(|spent| Some(spent.address?.family()));
            let told = !matches!(family, None | Some(Family::Script | Family::BareMultisig));
            input.spent = input.spent.filter(|_| told);
        }
        block.has_spent_outputs = block.inputs.iter().all(|input| input.spent.is_some());
    }
    block
}

#[track_caller]
fn check_blocks(way: Way, world: &World, expected: &[Block], delivered: &[Delivered]) {
    let heights = |blocks: &[Delivered]| {
        blocks.iter().map(|block| block.block.height.get()).collect::<Vec<_>>()
    };
    let wanted: Vec<_> = expected.iter().map(|block| world.height_of(block)).collect();
    assert_eq!(heights(delivered), wanted, "{way:?}");
    for (expected, delivered) in expected.iter().zip(delivered) {
        let mut expected = told(way, world.decoded(expected));
        let mut block = delivered.block.clone();
        if way.is_export() {
            if block.previous_hash == Default::default() {
                expected.previous_hash = Default::default(); // the block before is in no row
            }
            let full = world.decoded(&world.best[block.height.get() as usize]);
            let mut known = block.aliases.iter();
            assert!(known.all(|alias| full.aliases.contains(alias)), "{way:?}: a made-up alias");
            block.aliases.clear();
        }
        assert_eq!(block, expected, "{way:?}, height {}", block.height);
    }
}

/// Opens a source over `best` and `stale` for a ledger that holds `ledger`, and checks that it says to unwind to
/// `unwind` and hands over `expected`.
#[track_caller]
fn check(
    way: Way,
    world: &World,
    (best, stale): (&[Block], &[Block]),
    ledger: &[Block],
    unwind: Option<usize>,
    expected: &[Block],
) {
    let served = Served::new(way, world, best, stale);
    for limit in [BatchLimit::default(), BatchLimit { blocks_max: 1, bytes_max: 1 }] {
        let mut source = served.open(&held(0, ledger), &options()).unwrap();
        let n_planned = source.plan().n_blocks;
        let (unwound, delivered) = pull(source.as_mut(), limit).unwrap();
        assert_eq!(unwound.map(|to| to.get() as usize), unwind, "{way:?}");
        assert!(delivered.iter().all(|block| !block.already_held), "{way:?}");
        check_blocks(way, world, expected, &delivered);
        if !way.is_node() {
            assert_eq!(n_planned, expected.len() as u64, "{way:?}");
        }
    }
}

#[test]
fn the_whole_chain_comes_in_order() {
    let world = World::new();
    for way in Way::ALL {
        check(way, &world, (&world.best, &world.stale), &[], None, &world.best);
    }
}

#[test]
fn a_run_goes_on_wherever_the_ledger_stands() {
    let world = World::new();
    for way in Way::ALL {
        for n_held in 1..=world.best.len() {
            let (ledger, rest) = world.best.split_at(n_held);
            check(way, &world, (&world.best, &world.stale), ledger, None, rest);
        }
    }
}

#[test]
fn a_ledger_on_a_stale_branch_is_taken_back_to_the_fork() {
    let world = World::new();
    let fork = World::FORK;
    let ledger = [&world.best[..=fork], &world.stale].concat();
    for way in Way::ALL {
        for stale in [&world.stale[..], &[]] {
            let best = (world.best.as_slice(), stale);
            check(way, &world, best, &ledger, Some(fork), &world.best[fork + 1..]);
        }
    }
}

#[test]
fn of_equal_branches_the_ledger_keeps_its_own() {
    let world = World::new();
    let fork = World::FORK;
    let ledger = [&world.best[..=fork], &world.stale].concat();
    let as_long = &world.best[..=fork + 1];
    for way in Way::ALL {
        check(way, &world, (as_long, &world.stale), &ledger, None, &[]);
        check(way, &world, (as_long, &[]), &ledger, None, &[]);
    }
}

#[test]
fn a_source_that_is_behind_has_nothing_new() {
    let world = World::new();
    for way in Way::ALL {
        check(way, &world, (&world.best[..2], &[]), &world.best, None, &[]);
    }
}

#[test]
fn earlier_blocks_come_again_when_asked_for() {
    let world = World::new();
    let (ledger, rest) = world.best.split_at(4);
    for way in Way::ALL {
        let served = Served::new(way, &world, &world.best, &world.stale);
        let options = Options { resolve: true, ..options() };
        let mut source = served.open(&held(0, ledger), &options).unwrap();
        let (unwound, delivered) = pull(source.as_mut(), BatchLimit::default()).unwrap();
        assert_eq!(unwound, None);
        let (again, new): (Vec<_>, Vec<_>) =
            delivered.into_iter().partition(|block| block.already_held);
        check_blocks(way, &world, ledger, &again);
        check_blocks(way, &world, rest, &new);
    }
}

#[test]
fn missing_blocks_are_one_error_unless_allowed() {
    let world = World::new();
    let (ledger, rest) = (&world.best[..2], &world.best[4..]);
    for way in Way::ALL.into_iter().filter(|way| !way.is_node()) {
        let served = Served::new(way, &world, rest, &[]);
        let mut source = served.open(&held(0, ledger), &options()).unwrap();
        let error = pull(source.as_mut(), BatchLimit::default()).unwrap_err();
        let SourceFault::Gap { before, next } = &*error.fault else { panic!("{way:?}: {error}") };
        assert_eq!((before.get(), next.get()), (1, 4), "{way:?}");
        assert!(error.place.path().is_some());
        assert!(error.hint().unwrap().contains("--allow-gaps"));
        let options = Options { allow_gaps: true, ..options() };
        let mut source = served.open(&held(0, ledger), &options).unwrap();
        let (_, delivered) = pull(source.as_mut(), BatchLimit::default()).unwrap();
        check_blocks(way, &world, rest, &delivered);
    }
}

#[test]
fn what_connects_comes_before_the_gap() {
    let world = World::new();
    let blocks = [&world.best[..2], &world.best[4..]].concat();
    for way in Way::ALL.into_iter().filter(|way| !way.is_node()) {
        let served = Served::new(way, &world, &blocks, &[]);
        let mut source = served.open(&held(0, &[]), &options()).unwrap();
        let Step::Blocks(delivered) = source.next(BatchLimit::default()).unwrap() else { panic!() };
        check_blocks(way, &world, &blocks[..2], &delivered);
        assert!(source.next(BatchLimit::default()).is_err());
        assert_eq!(source.next(BatchLimit::default()).unwrap(), Step::End);
    }
}

#[test]
fn a_first_block_that_is_not_the_genesis_block_begins_a_ledger() {
    let world = World::new();
    let rest = &world.best[3..];
    for way in Way::ALL.into_iter().filter(|way| !way.is_node()) {
        let served = Served::new(way, &world, rest, &[]);
        let mut source = served.open(&held(0, &[]), &options()).unwrap();
        assert_eq!(source.plan().heights, Some((Height::new(3), Height::new(5))));
        let (_, delivered) = pull(source.as_mut(), BatchLimit::default()).unwrap();
        if way.is_export() {
            assert_eq!(source.plan().notes.len(), 2, "says that one block is not checked");
        }
        check_blocks(way, &world, rest, &delivered);
    }
}

#[test]
fn a_fork_below_what_the_source_has_is_refused() {
    let world = World::new();
    let mut other = world.clone();
    other.best.truncate(2);
    for _ in 0..4 {
        let transactions = vec![];
        let height = u32::try_from(other.best.len()).unwrap();
        let block = crate::world::mine(other.best.last().unwrap(), height, 5, transactions);
        other.best.push(block);
    }
    for way in [Way::CoreDirectory, Way::BlockFiles] {
        let served = Served::new(way, &world, &world.best[3..], &[]);
        let mut source = served.open(&held(0, &other.best), &options()).unwrap();
        let error = pull(source.as_mut(), BatchLimit::default()).unwrap_err();
        assert!(matches!(*error.fault, SourceFault::Detached { .. }), "{way:?}: {error}");
    }
}

//! Any bytes through the opener of mapped files: the body of the fuzz target, with random input.

use proptest::prelude::*;

#[path = "../../../../fuzz/bodies/open_mapped.rs"]
mod open_mapped;

use crate::model::folder;

/// Many more by hand: `PROPTEST_CASES=1000000 cargo test -p tracehound-store fuzzed`.
#[test]
fn no_bytes_make_the_opener_panic() {
    let folder = folder();
    let valid = open_mapped::valid(folder.path());
    for cut in 0..=u8::MAX {
        open_mapped::run(&valid, &[cut]);
    }
    let (len, flips) = (u16::try_from(valid.bytes.len()).unwrap(), [0x01, 0x80, 0xff]);
    for (at, flip) in (0..len).flat_map(|at| flips.map(|flip| (at, flip))) {
        let [low, high] = at.to_le_bytes();
        open_mapped::run(&valid, &[0, low, high, flip]);
    }
    let mut cases = ProptestConfig::default();
    cases.cases = cases.cases.max(4000);
    let bytes = prop::collection::vec(any::<u8>(), 0..40);
    let mut runner = proptest::test_runner::TestRunner::new(cases);
    let checked = runner.run(&bytes, |data| {
        open_mapped::run(&valid, &data);
        Ok(())
    });
    checked.unwrap();
}

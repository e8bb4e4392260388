//! `cargo +nightly fuzz run open_mapped`; the body is also a test of the store (`crates/store/tests/it/fuzzed.rs`).
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[path = "../bodies/open_mapped.rs"]
mod open_mapped;

static VALID: LazyLock<open_mapped::Valid> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    open_mapped::valid(folder.path())
});

fuzz_target!(|data: &[u8]| open_mapped::run(&VALID, data));

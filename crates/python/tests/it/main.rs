//! Runs the tests of the package in Python (`tests/*.py`) against the module that this very build made.
//!
//! The interpreter with its packages comes from `TRACEHOUND_PYTHON_PACKAGES` (`cargo xtask test` makes one); without it
//! one line says that they were skipped. The module is not installed: a folder with the sources and a link to it does.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::Command;

const VARIABLE: &str = "TRACEHOUND_PYTHON_PACKAGES";

/// The folder of what this build made.
fn built() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// A folder to import `tracehound` from, made anew.
fn site() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tracehound-python");
    let package = folder.join("tracehound");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&package).unwrap();
    for entry in std::fs::read_dir(here.join("python/tracehound")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, package.join(path.file_name().unwrap())).unwrap();
        }
    }
    let made = if cfg!(target_os = "macos") { "dylib" } else { "so" };
    let module = built().join(format!("libtracehound_native.{made}"));
    std::fs::copy(module, package.join("_native.abi3.so")).unwrap();
    folder
}

/// Where real tables are, if anywhere.
fn data() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    std::env::var_os("TRACEHOUND_DATA").map_or_else(|| PathBuf::from(default), PathBuf::from)
}

#[test]
fn the_package_passes_its_tests_in_python() {
    let Some(python) = std::env::var_os(VARIABLE).filter(|python| !python.is_empty()) else {
        println!("skipped: {VARIABLE} names no Python with the packages of tests/requirements.txt");
        return;
    };
    let folder = site();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let status = Command::new(python)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--durations=5"])
        .arg(tests)
        .current_dir(&folder)
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("TRACEHOUND_DATA", data())
        // The command line beside which answers are compared, where this build made it, too.
        .env("TRACEHOUND_BINARY", built().join("../tracehound"))
        .status()
        .unwrap();
    assert!(status.success(), "pytest: {status}");
}

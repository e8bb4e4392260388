//! Real tables: where they are, how they are read, and the roles of their columns.
//!
//! `-- tabular --nocapture` prints every role with its reason.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use tracehound_learn::roles::{self, Targets};
use tracehound_learn::{Frame, Role};

/// The folder of tables; `None`, with a line that says so, where there is none.
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data asks where it is")]
    let data = std::env::var_os("TRACEHOUND_DATA");
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder = data.map_or_else(|| PathBuf::from(default), PathBuf::from).join("tabular");
    if !folder.is_dir() {
        println!("skipped: no tables at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// A table of the folder, unpacked.
pub(crate) fn read(name: &str) -> Option<Frame> {
    #[expect(clippy::disallowed_methods, reason = "a test on real data reads it")]
    let bytes = std::fs::read(folder()?.join(name)).unwrap();
    let mut plain = bytes;
    if name.ends_with(".gz") {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(plain.as_slice()).read_to_end(&mut unpacked).unwrap();
        plain = unpacked;
    }
    Some(Frame::from_csv(&plain).unwrap())
}

pub(crate) fn roles_of(frame: &Frame, target: &str) -> Vec<Role> {
    let targets = Targets::read(frame, target, None).unwrap();
    roles::deduce(frame, Some(&targets), &BTreeMap::new()).unwrap()
}

const TABLES: &[(&str, &str)] = &[
    ("titanic.csv", "Survived"),
    ("telco-churn.csv", "Churn"),
    ("german-credit.csv", "target"),
    ("employee.csv", "left"),
    ("pmlb/churn.tsv.gz", "target"),
    ("pmlb/mushroom.tsv.gz", "target"),
    ("pmlb/coil2000.tsv.gz", "target"),
    ("pmlb/503_wind.tsv.gz", "target"),
    ("pmlb/218_house_8L.tsv.gz", "target"),
    ("pmlb/227_cpu_small.tsv.gz", "target"),
    ("pmlb/magic.tsv.gz", "target"),
    ("pmlb/phoneme.tsv.gz", "target"),
    ("pmlb/ring.tsv.gz", "target"),
    ("pmlb/spambase.tsv.gz", "target"),
];

#[test]
fn roles_of_real_tables() {
    for (name, target) in TABLES {
        let Some(frame) = read(name) else { return };
        println!("== {name}");
        for role in roles_of(&frame, target) {
            println!("{:<24} {:<11} {}", role.column, format!("{:?}", role.kind), role.reason);
        }
    }
}

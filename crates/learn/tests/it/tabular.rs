//! Real tables: where they are, how they are read, and the roles of their columns.
//!
//! `-- tabular --nocapture` prints every role with its reason.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use tracehound_learn::roles::{self, Targets};
use tracehound_learn::{Frame, Kind, Role};

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

/// A letter a kind.
fn letter(kind: Kind) -> char {
    match kind {
        Kind::Number => 'N',
        Kind::Category => 'C',
        Kind::Ordered => 'O',
        Kind::Time => 'T',
        Kind::Text => 'X',
        Kind::Identifier => 'I',
        Kind::Constant => 'K',
        Kind::Leak => 'L',
        Kind::Target => '*',
        Kind::Unread => '?',
    }
}

/// File, target, and the kind of each column as a person gave it after looking; `N…` where all the others are numbers.
const TABLES: &[(&str, &str, &str)] = &[
    ("titanic.csv", "Survived", "I*OXCNOOCNCC"),
    ("telco-churn.csv", "Churn", "ICCCCNCCCCCCCCCCCCNN*"),
    ("german-credit.csv", "target", "CNCCNCCOCCOCNCCOCNCC*"),
    ("employee.csv", "left", "NNNNNCCCO*"),
    // The first, a state of the union, is a category: too few rows a level to see it.
    ("pmlb/churn.tsv.gz", "target", "NNCICCNNNNNNNNNNNNNO*"),
    ("pmlb/mushroom.tsv.gz", "target", "OOCCCCCCCCOOOCCKOOOCOC*"),
    ("pmlb/503_wind.tsv.gz", "target", "NONNNNNNNNNNNN*"),
    ("pmlb/227_cpu_small.tsv.gz", "target", "NNNNNNNNNNNN*"),
    ("pmlb/phoneme.tsv.gz", "target", "NNNNN*"),
];

#[test]
fn roles_of_real_tables() {
    for (name, target, expected) in TABLES {
        let Some(frame) = read(name) else { return };
        println!("== {name}");
        let roles = roles_of(&frame, target);
        for role in &roles {
            println!("{:<24} {:<11} {}", role.column, format!("{:?}", role.kind), role.reason);
        }
        let found: String = roles.iter().map(|role| letter(role.kind)).collect();
        assert_eq!(found, *expected, "{name}");
    }
}

/// Blanks in numbers are missing, not zero and not a category; pandas and a loop over the file agree on the sums.
#[test]
fn numbers_of_real_tables() {
    let (Some(telco), Some(titanic)) = (read("telco-churn.csv"), read("titanic.csv")) else {
        return;
    };
    let sum = |frame: &Frame, target: &str, column: &str| {
        let roles = roles_of(frame, target);
        let role = roles.iter().find(|role| role.column == column).unwrap();
        let numbers = role.numbers(frame).unwrap();
        let missing = numbers.iter().filter(|number| number.is_nan()).count();
        (numbers.iter().filter(|number| !number.is_nan()).sum::<f64>(), missing)
    };
    let (fare, missing) = sum(&titanic, "Survived", "Fare");
    assert!((fare - 28693.949299999967).abs() < 1e-8 && missing == 0, "{fare}");
    let (charges, missing) = sum(&telco, "Churn", "TotalCharges");
    assert!((charges - 16056168.700000027).abs() < 1e-6 && missing == 11, "{charges}");
}

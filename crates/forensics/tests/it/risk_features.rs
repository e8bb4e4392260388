//! Rows of risk features against sums and searches written out column by column.

use forensics::risk_features::{RiskColumns, RiskFacts};
use ledger::tables::FEATURE_COLUMNS;
use ledger::{Category, ClusterFeatures, EntityId, FlowSide};
use tracehound_forensics as forensics;

use crate::score_worlds::{Draws, Owned, cluster};

/// The value of a column by its name alone, from plain loops.
fn naive(name: &str, owned: &Owned, hidden: &[EntityId]) -> f64 {
    let is_hidden = |entity: EntityId| {
        hidden.contains(&entity) || (owned.held_by == Some(entity) && entity != EntityId::NONE)
    };
    let (side, rest) = match name.split_once('_').unwrap() {
        ("received", rest) => (FlowSide::Received, rest),
        ("sent", rest) => (FlowSide::Sent, rest),
        ("pattern", "structuring") => {
            return owned.patterns.iter().filter(|row| row.pattern == 1).count() as f64;
        }
        _ => return 0.0,
    };
    let rows = || owned.exposures.iter().filter(|row| row.side == side);
    let total: u128 = rows().map(|row| row.amount.units()).sum();
    if rest == "mixed_share" {
        let mixed = rows().filter(|row| row.mixed && !is_hidden(row.entity));
        return mixed.map(|row| row.amount.units()).sum::<u128>() as f64 / total as f64;
    }
    let part = |category: &str, direct: bool| {
        let sum: u128 = rows()
            .filter(|row| match is_hidden(row.entity) {
                true => category == "untraced" && direct,
                false => row.category.name() == category && row.direct == direct,
            })
            .map(|row| row.amount.units())
            .sum();
        sum as f64 / total as f64
    };
    if let Some(category) = rest.strip_suffix("_indirect_share") {
        return part(category, false);
    }
    if let Some(category) = rest.strip_suffix("_direct_share") {
        return part(category, true);
    }
    let category = Category::from_name(rest.strip_suffix("_hops").unwrap()).unwrap();
    let mut hops = f64::NAN;
    for row in &owned.proximities {
        if row.side == side && row.category == category && !is_hidden(row.entity) {
            hops = hops.min(f64::from(row.hops_contracted));
        }
    }
    hops
}

#[test]
fn rows_are_those_of_the_definition() {
    let columns = RiskColumns::new([(1, "structuring")]);
    let mut draws = Draws(3);
    let behavior = ClusterFeatures {
        cluster: cluster(),
        n_addresses: 7,
        first_time_s: Some(100),
        last_time_s: Some(160),
        peel_share: Some(0.25),
        ..ClusterFeatures::default()
    };
    let mut n_compared = 0;
    for n in 0..500 {
        let owned = Owned::random(&mut draws);
        let hidden = if n % 2 == 0 { vec![EntityId::new(n % 5)] } else { Vec::new() };
        let facts = RiskFacts {
            behavior: &behavior,
            held_by: owned.held_by,
            exposures: &owned.exposures,
            proximities: &owned.proximities,
            patterns: &owned.patterns,
        };
        let row = columns.row(&facts, |_, entity| hidden.contains(&entity));
        assert_eq!(row.len(), columns.len());
        for (column, value) in columns.columns().iter().zip(&row) {
            let of_behavior = FEATURE_COLUMNS.iter().position(|own| own.name == column.name);
            let expected = match of_behavior {
                _ if column.name == "lifetime_s" => 60.0,
                Some(at) => behavior.numbers()[at].unwrap_or(f64::NAN),
                None => naive(&column.name, &owned, &hidden),
            };
            assert!(
                value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan()),
                "{} is {value}, expected {expected}",
                column.name
            );
            n_compared += usize::from(*value != 0.0 && !value.is_nan());
        }
    }
    assert!(n_compared > 1_000);
}

#[test]
fn columns_have_names_of_their_own_and_no_date_is_one() {
    let columns = RiskColumns::new([(1, "structuring"), (2, "fan_in")]);
    let mut names: Vec<&str> = columns.columns().iter().map(|c| c.name.as_str()).collect();
    assert!(!names.contains(&"first_time_s") && !names.contains(&"last_time_s"));
    assert!(names.contains(&"peel_share") && names.contains(&"pattern_fan_in"));
    assert!(!names.contains(&"received_mined_hops") && names.contains(&"sent_exchange_hops"));
    names.sort_unstable();
    let n = names.len();
    names.dedup();
    assert_eq!((names.len(), columns.is_empty()), (n, false));
}

//! Fitting: planted probabilities are found again, figures agree with a second count, texts are read back.

use forensics::change::{
    ChangeError, ChangeModel, Moment, Observed, TrainOptions, Truth, Verdicts, names, train_on,
};
use ledger::{AddressId, Height, TxIndex};
use tracehound_forensics as forensics;

/// Numbers that look random, the same every time.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Log-odds of the planted columns: `fresh.for`, `script_type.for`, `share`.
const PLANTED: [(&str, f64); 3] = [("fresh.for", 3.0), ("script_type.for", 2.0), ("share", -1.5)];
const PLANTED_BASE: f64 = -1.0;

/// Transactions of two outputs, one moment each. The first is change with the odds of its columns; the second, which
/// alone has `is_smallest`, never: else what one output shows would tell of the other.
fn planted(n: u64, strength: f64) -> (Observed, Vec<Truth>) {
    planted_as(n, strength, PLANTED_BASE, &PLANTED)
}

fn planted_as(n: u64, strength: f64, base: f64, weights: &[(&str, f64)]) -> (Observed, Vec<Truth>) {
    let mut draw = Draw(5);
    let mut observed = Observed::new(0, 1.0);
    let mut truths = Vec::new();
    let columns = names();
    let column = |name: &str| columns.iter().position(|column| column == name).unwrap();
    for tx in 0..n {
        let first = observed.addresses.len();
        let mut rows = vec![0.0_f32; 2 * columns.len()];
        let mut log_odds = base;
        for &(name, weight) in weights {
            let value = f32::from(u8::from(draw.unit() < 0.5));
            rows[column(name)] = value;
            log_odds += strength * weight * f64::from(value);
        }
        rows[columns.len() + column("is_smallest")] = 1.0;
        let is_change = draw.unit() < 1.0 / (1.0 + (-log_odds).exp());
        observed.rows.extend(rows);
        for place in 0..2 {
            observed.addresses.push(AddressId::new(u32::try_from(first + place).unwrap()));
            observed.positions.push(u32::try_from(place).unwrap());
            observed.moved_on.push(true);
            observed.verdicts.push(Verdicts::default());
        }
        let height = Height::new(u32::try_from(tx / 10).unwrap());
        let (tx, payer) = (TxIndex::new(tx), AddressId::new(0));
        observed.moments.push(Moment { tx, tx_height: height, height, payer, first, n_outputs: 2 });
        let change = is_change.then_some(0);
        truths.push(Truth { tx, change, payer_cluster: u32::try_from(tx.get() / 3).unwrap() });
    }
    (observed, truths)
}

/// A model by which random ledgers, where nothing but luck tells outputs apart, have links at once and later.
pub fn law_model() -> ChangeModel {
    let weights = [("is_largest", 6.0), ("same_version.for", 6.0), ("script_type.for", 6.0)];
    let (observed, truths) = planted_as(2_000, 1.0, -9.0, &weights);
    train_on(&observed, &truths, &TrainOptions::default()).unwrap()
}

/// A model of little data: it has no threshold of its own.
pub fn planted_model() -> ChangeModel {
    let (observed, truths) = planted(400, 1.0);
    train_on(&observed, &truths, &TrainOptions::default()).unwrap()
}

#[test]
fn planted_odds_are_found_again() {
    let (observed, truths) = planted(6_000, 1.0);
    let model = train_on(&observed, &truths, &TrainOptions::default()).unwrap();
    for (name, planted) in PLANTED {
        let found = model.coefficients().find(|(column, _)| *column == name).unwrap().1;
        assert!((found - planted).abs() < 0.25, "{name}: {found} for {planted}");
    }
    let others: f64 = model
        .coefficients()
        .filter(|(column, _)| *column != "is_smallest")
        .filter(|(column, _)| PLANTED.iter().all(|(name, _)| name != column))
        .map(|(_, coefficient)| coefficient.abs())
        .sum();
    assert!(others < 1e-9, "columns that are always 0 have no part: {others}");
    let figures = model.figures();
    assert!(figures.calibration_error < 0.02, "{}", figures.calibration_error);
    assert!(figures.auc > 0.8, "{}", figures.auc);
    assert_eq!(figures.n_positives + figures.n_negatives, 12_000);
    // Noise this strong leaves no threshold at which one link in a thousand is wrong.
    assert_eq!(model.threshold(), None);
    assert!(figures.no_threshold_because.contains('%'), "{}", figures.no_threshold_because);
}

#[test]
fn clear_data_have_a_threshold_that_keeps_its_bounds() {
    let (observed, truths) = planted(8_000, 8.0);
    let model = train_on(&observed, &truths, &TrainOptions::default()).unwrap();
    let figures = model.figures();
    let at = &figures.at_threshold;
    assert!(model.threshold().is_some(), "{figures:#?}");
    assert!(at.n_links >= 1_000 && at.n_wrong * 1_000 <= at.n_links, "{at:?}");
    assert!(at.false_positive_rate.measured <= 0.001 && at.wrong_share.measured <= 0.001);
    assert!(at.wrong_share.lower <= at.wrong_share.measured);
    assert!(at.wrong_share.upper > at.wrong_share.measured);
    assert!(figures.at_foreign_threshold.n_links > 0);
}

#[test]
fn too_few_links_show_nothing() {
    let (observed, truths) = planted(600, 8.0);
    let model = train_on(&observed, &truths, &TrainOptions::default()).unwrap();
    assert_eq!(model.threshold(), None);
    let why = &model.figures().no_threshold_because;
    assert!(why.contains("needs 1000"), "{why}");
}

#[test]
fn too_little_truth_fits_nothing() {
    let (observed, truths) = planted(50, 1.0);
    let error = train_on(&observed, &truths, &TrainOptions::default()).unwrap_err();
    assert!(matches!(error, ChangeError::TooFew { found: 50, needed: 100, .. }), "{error}");
    let one: Vec<_> =
        planted(300, 1.0).1.iter().map(|t| Truth { payer_cluster: 1, ..*t }).collect();
    let error = train_on(&planted(300, 1.0).0, &one, &TrainOptions::default()).unwrap_err();
    assert!(error.to_string().contains("in 1 clusters"), "{error}");
    assert!(error.hint().unwrap().contains("more blocks"));
}

#[test]
fn equal_data_and_seed_give_equal_bytes() {
    let (observed, truths) = planted(400, 1.0);
    let text = |seed| {
        let options = TrainOptions { seed, ..TrainOptions::default() };
        train_on(&observed, &truths, &options).unwrap().to_text()
    };
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
}

#[test]
fn a_model_is_read_back_to_the_last_bit() {
    let model = planted_model();
    let text = model.to_text();
    let read = ChangeModel::from_text(&text).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.version().len(), 16);
    let with = model.with_threshold(0.75).unwrap();
    assert_ne!(with.version(), read.version());
    assert_eq!(ChangeModel::from_text(&with.to_text()).unwrap(), with);
    assert!(read.with_threshold(f64::NAN).is_err());
}

#[test]
fn a_changed_text_is_refused() {
    let text = planted_model().to_text();
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = ChangeModel::from_text(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.hint().is_some());
    }
    check("", "the calibration is not monotone");
    check("x = [", "cannot be read");
    check(&text.replace("fresh.for", "stale.for"), "has the column \"stale.for\"");
    let height = text.lines().find(|line| line.starts_with("height_last")).unwrap();
    check(&text.replace(height, "height_last = 77"), "states");
    check(&text.replace("[calibration.", "[calibration.Un"), "not monotone");
    check(&format!("{text}\nmore = 1\n"), "unknown field");
    for (at, _) in text.char_indices().step_by(97) {
        assert!(ChangeModel::from_text(&text[..at]).is_err(), "cut at {at}");
    }
}

//! Features as linear models need them.

use tracehound_learn::features::{LinearView, LinearViewOptions};
use tracehound_learn::{FeatureKind, LearnError, Matrix};

fn matrix(columns: Vec<(&str, FeatureKind, Vec<f64>)>) -> Matrix {
    let mut matrix = Matrix::new(columns[0].2.len());
    columns.into_iter().for_each(|(name, kind, values)| matrix.push(name, kind, values).unwrap());
    matrix
}

/// The view of a matrix on itself: names, and a column each.
fn viewed(features: &Matrix, options: &LinearViewOptions) -> Vec<(String, Vec<f64>)> {
    let view = LinearView::fit(features, options).unwrap();
    let text = serde_json::to_string(&view).unwrap();
    let stored: LinearView = serde_json::from_str(&text).unwrap();
    let seen = stored.apply(features).unwrap();
    assert_eq!(seen, view.apply(features).unwrap());
    seen.names()
        .iter()
        .cloned()
        .zip((0..seen.n_features()).map(|at| seen.column(at).to_vec()))
        .collect()
}

/// scikit-learn 1.9.1: `StandardScaler` of `SimpleImputer(strategy="median")` of Titanic's Age.
#[test]
fn numbers_are_filled_and_scaled_as_by_scikit_learn() {
    let Some(frame) = crate::tabular::read("titanic.csv") else { return };
    let roles = crate::tabular::roles_of(&frame, "Survived");
    let age = roles.iter().find(|role| role.column == "Age").unwrap().numbers(&frame).unwrap();
    let seen =
        viewed(&matrix(vec![("Age", FeatureKind::Number, age)]), &LinearViewOptions::default());
    let expected = [
        (0, -0.5657364610748746),
        (1, 0.6638610320657843),
        (4, 0.4333115021019107),
        (5, -0.10463740114712752),
        (888, -0.10463740114712752),
    ];
    for (row, expected) in expected {
        assert!((seen[0].1[row] - expected).abs() < 1e-12, "{row}: {}", seen[0].1[row]);
    }
    assert_eq!(
        (seen[1].0.as_str(), seen[1].1[5], seen[1].1.iter().sum::<f64>()),
        ("Age is missing", 1.0, 177.0)
    );
}

#[test]
fn levels_steps_and_buckets_have_indicators() {
    let two = FeatureKind::Category { n_levels: 2 };
    let three = FeatureKind::Category { n_levels: 3 };
    let features = matrix(vec![
        ("sex", two, vec![0.0, 1.0, 0.0, 1.0]),
        ("port", three, vec![0.0, 1.0, 2.0, f64::NAN]),
        ("class", FeatureKind::Number, vec![1.0, 2.0, 3.0, 1.0]),
    ]);
    let seen = viewed(&features, &LinearViewOptions::default());
    let flags = |name: &str| seen.iter().find(|column| column.0 == name).unwrap().1.clone();
    assert_eq!(flags("sex = level 0"), [1.0, 0.0, 1.0, 0.0]);
    assert!(!seen.iter().any(|column| column.0 == "sex = level 1"));
    assert_eq!(flags("port = level 2"), [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(flags("port is missing"), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(flags("class = 1"), [1.0, 0.0, 0.0, 1.0]);
    let numbers = (0..40).map(f64::from).collect();
    let options = LinearViewOptions { buckets: 4, ..LinearViewOptions::default() };
    let seen = viewed(&matrix(vec![("n", FeatureKind::Number, numbers)]), &options);
    let sums: Vec<f64> = seen[1..].iter().map(|column| column.1.iter().sum()).collect();
    assert_eq!((sums, seen[2].1[10], seen[2].1[9]), (vec![10.0; 4], 1.0, 0.0));
}

#[test]
fn far_outliers_are_squashed_and_constants_left_out() {
    let mut far: Vec<f64> = (0..200).map(f64::from).collect();
    far[0] = 1e9;
    let features = matrix(vec![
        ("far", FeatureKind::Number, far),
        ("same", FeatureKind::Number, vec![2.0; 200]),
    ]);
    let seen = viewed(&features, &LinearViewOptions::default());
    assert_eq!(seen.len(), 1);
    let (low, high) =
        seen[0].1[1..].iter().fold((9.0_f64, -9.0_f64), |(l, h), v| (l.min(*v), h.max(*v)));
    // Unsquashed, all but the outlier would lie within 1e-6 of each other.
    assert!(high - low > 0.5 && seen[0].1[0] > high && seen[0].1.iter().all(|v| v.is_finite()));
    assert!(seen[0].1[1..].windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn other_features_are_refused() {
    let one = matrix(vec![("a", FeatureKind::Number, vec![1.0, 2.0])]);
    let view = LinearView::fit(&one, &LinearViewOptions::default()).unwrap();
    let other = matrix(vec![("b", FeatureKind::Number, vec![1.0])]);
    assert_eq!(view.apply(&other).unwrap_err(), LearnError::MissingColumn { column: "a".into() });
    assert!(matches!(view.apply(&Matrix::new(1)).unwrap_err(), LearnError::Length { .. }));
}

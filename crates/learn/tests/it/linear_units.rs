//! Linear learners of numbers in any unit, with next to no noise.

use tracehound_learn::automl::{AutoOptions, Method, train};

use crate::few_rows::{rows, table};

#[test]
fn amounts_are_learned_in_any_unit_and_as_closely_as_their_noise() {
    let own = rows(300, 0, 8);
    let check = |factor: f64| {
        let numbers = |row: &String| -> Vec<f64> {
            row.split(',').map(|value| value.parse().unwrap()).collect()
        };
        // Exact but for what is written of it: least squares of it leave nothing.
        let exact = |row: &String| {
            let of = numbers(row);
            factor * (3.0 + 5.0 * of[0] - 2.0 * of[1])
        };
        let line = |row: &String| {
            let of = numbers(row);
            format!("{},{},{},{:e}", of[0], of[1], of[2], exact(row))
        };
        let lines: Vec<String> = own.iter().map(line).collect();
        let options = AutoOptions {
            budget_s: 1.0,
            methods: vec![Method::Linear],
            ..AutoOptions::for_target("y")
        };
        let model = train(&table(&lines), &options, &mut |_| true).unwrap();
        let fresh = rows(200, 0, 9);
        let predicted = model.predict(&table(&fresh)).unwrap().values;
        let square = |(row, value): (&String, &f64)| ((value - exact(row)) / factor).powi(2);
        let rmse = (fresh.iter().zip(&predicted).map(square).sum::<f64>() / 200.0).sqrt();
        assert!(rmse < 0.005, "{factor}: {rmse}");
    };
    check(1.0);
    check(1e6);
    check(1e-6);
}

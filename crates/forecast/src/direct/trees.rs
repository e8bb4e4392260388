//! Boosted trees on what is known at an origin, by absolute loss.

use super::rows::{Place, Rows, WIDTH};
use learn::trees::{BoostOptions, RegressionLoss, TreeModel, boost};
use learn::{FeatureKind, Matrix, Task, Training};

/// Trees that answer a change against the last season.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TreesModel {
    place: Place,
    model: TreeModel,
}

/// Trees for the median change; `None` with fewer than 200 rows.
pub(crate) fn fit_trees(place: Place, rows: &Rows) -> Option<TreesModel> {
    if rows.targets.len() < 200 {
        return None;
    }
    let mut features = Matrix::new(rows.targets.len());
    for column in 0..WIDTH {
        let values = rows.features.iter().map(|row| row[column]).collect();
        features.push(column.to_string(), FeatureKind::Number, values).ok()?;
    }
    let training = Training {
        task: Task::Regression,
        features,
        weights: vec![1.0; rows.targets.len()],
        targets: rows.targets.clone(),
    };
    let options = BoostOptions {
        iterations: 60,
        learning_rate: 0.1,
        regression_loss: RegressionLoss::Absolute,
        leaves_max: 8,
        leaf_rows_min: 30,
        l2: 1.0,
        bins_max: 64,
        ..BoostOptions::default()
    };
    let boosted = boost(&training, &options, None, &mut |_| true).ok()?;
    Some(TreesModel { place, model: boosted.model })
}

impl TreesModel {
    /// Values after the first `origin` of a complete series; `None` where too little stands before it.
    pub(crate) fn path(&self, values: &[f64], origin: usize) -> Option<Vec<f64>> {
        let place = self.place;
        if origin < place.first() {
            return None;
        }
        let mut row = [0.0; WIDTH];
        let mut path = Vec::with_capacity(place.horizon);
        for ahead in 0..place.horizon {
            place.features(values, origin, ahead, &mut row);
            let change = self.model.margin_row(&row).ok()?;
            path.push(place.base(values, origin, ahead) + place.unit * change.first()?);
        }
        Some(path)
    }
}

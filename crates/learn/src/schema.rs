//! The features a model was fitted to, held against those it is given.
//!
//! In: a matrix. Out: nothing, or the first name, kind or value that the model has no meaning for. Nothing is
//! coerced: a model that quietly reads one column as another answers, and answers wrongly.

use serde::{Deserialize, Serialize};

use crate::error::same_length;
use crate::{FeatureKind, LearnError, Matrix};

/// Largest size of a feature: squares of it are finite.
pub(crate) const SIZE_MAX: f64 = 1e150;

/// Names and kinds of the features, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schema {
    names: Vec<String>,
    kinds: Vec<FeatureKind>,
}

impl Schema {
    /// That of a matrix whose values are all right.
    ///
    /// # Errors
    /// A value is neither missing nor a number within bounds or a level of its column.
    pub(crate) fn of(features: &Matrix) -> Result<Self, LearnError> {
        let schema = Self { names: features.names().to_vec(), kinds: features.kinds().to_vec() };
        schema.check_values(features)?;
        Ok(schema)
    }

    pub(crate) fn kinds(&self) -> &[FeatureKind] {
        &self.kinds
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Refuses another matrix than the model was fitted to.
    ///
    /// # Errors
    /// Columns differ in number, name or kind, or a value is none of its column.
    pub(crate) fn check(&self, features: &Matrix) -> Result<(), LearnError> {
        same_length("the matrix", self.names.len(), features.n_features())?;
        for (column, name) in self.names.iter().enumerate() {
            let found = (&features.names()[column], features.kinds()[column]);
            if found != (name, self.kinds[column]) {
                return Err(LearnError::Schema {
                    column,
                    expected: format!("{name} ({:?})", self.kinds[column]),
                    found: format!("{} ({:?})", found.0, found.1),
                });
            }
        }
        self.check_values(features)
    }

    fn check_values(&self, features: &Matrix) -> Result<(), LearnError> {
        for (column, kind) in self.kinds.iter().enumerate() {
            for (row, value) in features.column(column).iter().enumerate() {
                check_value(*kind, row, column, *value)?;
            }
        }
        Ok(())
    }

    /// Refuses one row that does not belong to these features.
    ///
    /// # Errors
    /// Its length differs, or a value is none of its column.
    pub(crate) fn check_row(&self, row: &[f64]) -> Result<(), LearnError> {
        same_length("the row", self.kinds.len(), row.len())?;
        let mut values = row.iter().zip(&self.kinds).enumerate();
        values.try_for_each(|(column, (value, kind))| check_value(*kind, 0, column, *value))
    }
}

fn check_value(kind: FeatureKind, row: usize, column: usize, value: f64) -> Result<(), LearnError> {
    if value.is_nan() {
        return Ok(());
    }
    match kind {
        FeatureKind::Number if value.abs() <= SIZE_MAX => Ok(()),
        FeatureKind::Number => Err(LearnError::Feature { row, column, value }),
        FeatureKind::Category { n_levels } => {
            let is = value.fract() == 0.0 && (0.0..f64::from(n_levels)).contains(&value);
            if is { Ok(()) } else { Err(LearnError::Level { row, column, value, n_levels }) }
        }
    }
}

/// The level of a checked category; the level after the last stands for missing.
pub(crate) fn level(value: f64, n_levels: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "a checked level is whole and below u32")]
    #[expect(clippy::cast_sign_loss, reason = "a checked level is not negative")]
    if value.is_nan() { n_levels } else { value as u32 }
}

/// Rows are named by `u32`.
///
/// # Errors
/// There are more.
pub(crate) fn row_count(n_rows: usize) -> Result<u32, LearnError> {
    u32::try_from(n_rows).map_err(|_| LearnError::Argument {
        what: "number of rows",
        found: n_rows as f64,
        expected: "at most 4294967295",
    })
}

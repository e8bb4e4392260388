//! A series: values at equal steps of time, and indicators beside it.

use serde::{Deserialize, Serialize};

/// Time between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// So many seconds.
    Seconds(u32),
    /// So many calendar months (the first of each).
    Months(u32),
}

/// Values at equal steps; NaN where none was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Time of the first value, seconds since 1970 UTC.
    pub start_s: i64,
    /// Time between two values.
    pub step: Step,
    /// One value a step, finite or NaN (missing).
    pub values: Vec<f64>,
}

/// Other series on the same steps: over the history when a method is fitted, over the horizon when it forecasts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Indicators {
    /// A name each.
    pub names: Vec<String>,
    /// Values each, all of one length.
    pub columns: Vec<Vec<f64>>,
}
